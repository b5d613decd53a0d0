"""Public sets from disk, each from its own format to a `Loaded` in a few lines; nothing is downloaded."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from evals import metrics as m
from evals.cases import EvalCase, Gold
from rag import BylineError

Json = dict[str, Any]
DATA = Path(__file__).parent / "data"


@dataclass(kw_only=True)
class Loaded:
    """A set in memory. `records` are articles as JSON; `cases` name them by their id. A set that only ranks has
    `queries`, `qrels` (query -> article id -> grade) and `measures` (`ir_measures` names) instead of cases. `standard`
    makes the set's own metrics from the results; `published` are rows to stand beside, each with its source."""

    records: dict[str, Json] = field(default_factory=dict)
    cases: list[EvalCase] = field(default_factory=list)
    queries: dict[str, str] = field(default_factory=dict)
    qrels: dict[str, dict[str, int]] = field(default_factory=dict)
    measures: Sequence[str] = ()
    standard: Callable[[Sequence[Json]], dict[str, Sequence[float]]] = lambda results: {}
    published: Sequence[str] = ()
    notes: Sequence[str] = ()

    def add(self, text: str, *, title: str = "", key: str = "", **more: Any) -> str:
        """Index `text` as an article, each text once; returns the id to name it by."""
        known = self._known.setdefault((text, title), key or f"a{len(self.records)}")
        self.records.setdefault(known, {"id": known, "title": title, "text": text, **more})
        return known

    def __post_init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}


# -- loaders: a few lines for each format -----------------------------------------------------------------------


def beir(path: Path, published: Sequence[str] = ()) -> Loaded:
    """BEIR's format (Thakur et al. 2021), a folder or its zip: corpus.jsonl, queries.jsonl, qrels/test.tsv."""

    def lines(name: str) -> list[str]:
        if path.suffix == ".zip":
            archive = zipfile.ZipFile(_existing(path))
            member = next((n for n in archive.namelist() if n.endswith(name)), None)
            if member is None:
                raise BylineError(f"{path} holds no {name}: it is not in BEIR's format.")
            return io.TextIOWrapper(archive.open(member), encoding="utf-8").read().splitlines()
        return _existing(path / name).read_text(encoding="utf-8").splitlines()

    loaded = Loaded(measures=("nDCG@10", "R@10", "R@20", "RR@10"), published=published)
    for record in map(json.loads, lines("corpus.jsonl")):
        key = loaded.add(record["text"], title=record.get("title", ""), key=record["_id"])
        if key != record["_id"]:
            loaded.notes = ["Equal texts are indexed once; the second counts as not found."]
    for row in lines("qrels/test.tsv")[1:]:
        query, document, grade = row.split("\t")
        loaded.qrels.setdefault(query, {})[document] = int(grade)
    texts = {q["_id"]: q["text"] for q in map(json.loads, lines("queries.jsonl"))}
    loaded.queries = {query: texts[query] for query in loaded.qrels}
    return loaded


def scifact(data: Path) -> Loaded:
    rows = ("nDCG@10: BM25 .679 (BEIR, Thakur et al. 2021), all-MiniLM-L6-v2 .645 (MTEB), both on whole abstracts",)
    return beir(data / "beir_scifact" / "scifact.zip", rows)


def squad(file: Path) -> Loaded:
    """SQuAD's format, 1.1 or 2.0 (Rajpurkar et al. 2016, 2018); every paragraph is an article of its own."""
    loaded = Loaded(standard=_squad_scores, notes=[_QUOTING])
    for article in read_json(file)["data"]:
        for paragraph in article["paragraphs"]:
            text = paragraph["context"]
            key = loaded.add(text)
            for qa in paragraph["qas"]:
                answers = [] if qa.get("is_impossible") else qa["answers"]
                loaded.cases.append(
                    EvalCase(
                        id=str(qa["id"]),
                        question=" ".join(qa["question"].split()),
                        answerable=bool(answers),
                        expected=(tuple(a["text"] for a in answers),) if answers else (),
                        evidence=(_spans(key, [(a["text"], a["answer_start"]) for a in answers]),) if answers else (),
                    )
                )
    return loaded


_QUOTING = "The short answer (exact_match, token_f1) are the words that are set off in the first quotation."


def _squad_scores(results: Sequence[Json]) -> dict[str, Sequence[float]]:
    """EM and F1 of SQuAD 2.0's script: refusing an unanswerable question is 1, answering it 0."""

    def value(result: Json, name: str) -> float:
        return float(result["scores"][name] if result["answerable"] else result["outcome"] == "rightly refused")

    return {f"squad_{name}": [value(r, name) for r in results] for name in ("exact_match", "token_f1")}


def squad2(data: Path) -> Loaded:
    """The 500 questions of SQuAD 2.0 in ../shared/data: questions and contexts in one file, answers in another."""
    loaded = Loaded(standard=_squad_scores, notes=[_QUOTING])
    truth = read_json(data / "squad2_sample" / "ground_truth.json")
    for query in read_json(data / "squad2_sample" / "queries.json")["queries"]:
        text = query["context"]
        key = loaded.add(text)
        answers = [answer for answer in truth[query["id"]]["answers"] if answer and answer in text]
        if not answers and not truth[query["id"]]["is_impossible"]:
            continue
        places = [(a, at) for a in answers for at in _all_places(text, a)]
        loaded.cases.append(
            EvalCase(
                id=query["id"],
                question=" ".join(query["question"].split()),
                answerable=bool(answers),
                expected=(tuple(answers),) if answers else (),
                evidence=(_spans(key, places),) if answers else (),
            )
        )
    return loaded


def clapnq(data: Path) -> Loaded:
    """CLAP NQ dev (Rosenthal et al. 2024): long questions, the gold passage of each, half of them unanswerable."""
    loaded = Loaded(
        notes=["Indexed are the gold passages only (600), not the 178,890 of the published retrieval task."]
    )
    references = {}
    for name in ("answerable.jsonl.gz", "unanswerable.jsonl"):
        for record in read_jsonl(data / "clapnq_dev" / f"clapnq_dev_{name}"):
            passage = record["passages"][0]
            key = loaded.add(" ".join(s.strip() for s in passage["sentences"]), title=passage["title"])
            chosen = [s.strip() for out in record["output"] for s in out.get("selected_sentences") or () if s.strip()]
            evidence = tuple(_spans(key, [(s, None)]) for s in dict.fromkeys(chosen))
            text = loaded.records[key]["text"]
            evidence = tuple(group for group in evidence if text.count(group[0].quote) == 1)
            if name.startswith("answerable") and not evidence:
                continue
            case = EvalCase(
                id=record["id"], question=record["input"], evidence=evidence, answerable=name.startswith("answerable")
            )
            loaded.cases.append(case)
            if case.answerable:
                references[case.id] = record["output"][0]["answer"]
    loaded.standard = partial(_rouge, references)
    return loaded


def _rouge(references: Mapping[str, str], results: Sequence[Json]) -> dict[str, Sequence[float]]:
    return {"rouge_l": [m.rouge_l(r["said"], references[r["id"]]) for r in results if r["id"] in references]}


def mtrag(data: Path) -> Loaded:
    """mtRAG-UN (IBM): the last turn of conversations, the earlier questions as history. Underspecified turns, which
    want a question back, are left out. The gold passages of all turns are searched together."""
    loaded = Loaded(notes=["Indexed are the reference passages only. Underspecified turns are left out."])
    references = {}
    for record in read_jsonl(data / "mtrag_un" / "reference.jsonl.gz"):
        keys = [loaded.add(context["text"].strip()) for context in record["contexts"] if context["text"].strip()]
        asked = [" ".join(turn["text"].split()) for turn in record["input"] if turn["speaker"] == "user"]
        kind = record["answerability"]
        kind = (kind[0] if isinstance(kind, list) else kind).upper()
        answerable = kind in ("ANSWERABLE", "PARTIAL")
        if kind == "UNDERSPECIFIED" or (answerable and not keys) or not asked:
            continue
        golds = tuple(Gold(article=key, quote=loaded.records[key]["text"]) for key in dict.fromkeys(keys))
        loaded.cases.append(
            EvalCase(
                id=record["task_id"],
                question=asked[-1],
                history=tuple(asked[:-1]),
                answerable=answerable,
                evidence=(golds,) if answerable else (),
                tags=(kind.lower(),),
            )
        )
        if answerable:
            references[record["task_id"]] = record["targets"][0]["text"]
    loaded.standard = partial(_rouge, references)
    return loaded


def ramdocs(data: Path) -> Loaded:
    """RAMDocs (Wang et al. 2025): several right answers, noise and misinformation. Each question sees its own documents
    only (by their outlet). Its score asks for every right answer and no wrong one."""
    rows = ["exact match: Llama3.3-70B-Instruct with all documents .326 (Wang et al. 2025, abstract)"]
    loaded = Loaded(published=rows, standard=_all_right)
    for n, record in enumerate(read_jsonl(data / "ramdocs" / "RAMDocs_test.jsonl.gz")):
        outlet = f"question {n}"
        for document in record["documents"]:
            loaded.add(document["text"].strip(), title=outlet, outlet=outlet)
        loaded.cases.append(
            EvalCase(
                id=str(n),
                question=record["question"],
                expected=tuple((answer,) for answer in record["gold_answers"]),
                forbidden=tuple(a for a in record["wrong_answers"] if m.normalize(a)),
                filters={"outlets": [outlet]},
            )
        )
    return loaded


def _all_right(results: Sequence[Json]) -> dict[str, Sequence[float]]:
    return {"ramdocs_exact_match": [float(r["outcome"] == "right") for r in results]}


def qed(data: Path) -> Loaded:
    """QED dev (Lamm et al. 2021), single-sentence part: the sentence that answers a question of NQ."""
    loaded = Loaded(notes=["first_citation_right is the share whose first citation is QED's selected sentence."])
    for record in read_jsonl(data / "qed_dev" / "qed-dev.jsonlines.gz"):
        annotation = record["annotation"]
        if annotation["explanation_type"] != "single_sentence":
            continue
        text = record["paragraph_text"].strip()
        chosen = annotation["selected_sentence"]["string"].strip()
        answers = tuple(span["string"] for answer in record["original_nq_answers"] for span in answer)
        if text.count(chosen) != 1 or not chosen:
            continue
        key = loaded.add(text, title=record["title_text"])
        gold = _spans(key, [(chosen, None)])
        case = EvalCase(
            id=str(record["example_id"]), question=record["question_text"], expected=(answers,), evidence=(gold,)
        )
        loaded.cases.append(case)
    return loaded


def wikinews(data: Path) -> Loaded:
    """43 Wikinews articles of GUM (Zeldes 2017), and this project's 130 questions on 16 of them."""
    loaded = Loaded(
        notes=["The questions are this project's (evals/data/wikinews_questions.jsonl), not a public set's."]
    )
    for a in read_jsonl(data / "gum_wikinews" / "articles.jsonl"):
        loaded.add(a["text"], title=a["title"], key=a["id"], date=a["published"])
    for q in read_jsonl(DATA / "wikinews_questions.jsonl"):
        text = loaded.records[q["article"]]["text"]
        place = [(q["evidence"], text.index(q["evidence"]))] if q["answerable"] and q["evidence"] in text else []
        if q["answerable"] and not place:
            continue
        evidence = (_spans(q["article"], place),) if place else ()
        case = EvalCase(id=q["id"], question=q["question"], answerable=q["answerable"], evidence=evidence)
        loaded.cases.append(case)
    return loaded


def multihop_rag(folder: Path) -> Loaded:
    """MultiHop-RAG (Tang & Yang 2024): corpus.json and MultiHopRAG.json. Ranked are articles, where the published
    table ranks chunks by the facts in them: Hits@k here is R@k over articles, close but not the same."""
    rows = ["Hits@4 .663, Hits@10 .747, MRR@10 .586: voyage-02 with bge-reranker-large (Tang & Yang 2024, by chunk)"]
    loaded = Loaded(published=rows, measures=("R@4", "R@10", "RR@10", "AP@10"))
    keys = {}
    for a in read_json(folder / "corpus.json"):
        more = {"outlet": a.get("source"), "date": (a.get("published_at") or "")[:10] or None}
        keys[a["url"]] = loaded.add(a["body"], title=a["title"], **more)
    for n, query in enumerate(read_json(folder / "MultiHopRAG.json")):
        found = {keys[e["url"]]: 1 for e in query["evidence_list"] if e["url"] in keys}
        if found:
            loaded.queries[str(n)], loaded.qrels[str(n)] = query["query"], found
    return loaded


SETS: dict[str, Callable[[Path], Loaded]] = {
    "scifact": scifact,
    "clapnq": clapnq,
    "mtrag": mtrag,
    "squad2": squad2,
    "xquad": lambda data: squad(data / "xquad_en" / "xquad.en.json"),
    "ramdocs": ramdocs,
    "qed": qed,
    "wikinews": wikinews,
}
FORMATS: dict[str, Callable[[Path], Loaded]] = {"beir": beir, "squad": squad, "multihop-rag": multihop_rag}


# -- reading ----------------------------------------------------------------------------------------------------


def _spans(key: str, places: Iterable[tuple[str, int | None]]) -> tuple[Gold, ...]:
    return tuple(Gold(article=key, quote=text, start=start) for text, start in dict.fromkeys(places))


def _all_places(text: str, words: str) -> Iterator[int]:
    at = text.find(words)
    while at >= 0:
        yield at
        at = text.find(words, at + 1)


def read_jsonl(path: Path) -> list[Json]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(_existing(path), "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def read_json(path: Path) -> Any:
    try:
        return json.loads(_existing(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise BylineError(f"the data set file {path} is not JSON ({error}).") from None


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise BylineError(f"the data set file {path} is not there: --data names the folder that holds it.")
    return path
