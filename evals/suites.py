"""Suites: the built-in set, anyone's cases, and public sets read from disk (nothing is downloaded).

A loader makes a `Loaded` from a set's own format: records to index, and cases to ask or a ranking to measure. The rest
is one path for every set: a throw-away library, `evals.runner.run`, the report.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from evals import metrics as m
from evals import runner
from evals.cases import EvalCase, Gold, load_cases
from rag import Article, BylineError, Library
from rag.checker import check

Json = dict[str, Any]
DATA = Path(__file__).parent / "data"
SEEDS = Path(__file__).parent.parent / "seeds"
SEED = 7


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
    for article in _json(file)["data"]:
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


_QUOTING = (
    "Short-answer figures (exact_match, token_f1) are for writers that write; the extractive one quotes sentences."
)


def _squad_scores(results: Sequence[Json]) -> dict[str, Sequence[float]]:
    """EM and F1 of SQuAD 2.0's script: refusing an unanswerable question is 1, answering it 0."""

    def value(result: Json, name: str) -> float:
        return float(result["scores"][name] if result["answerable"] else result["outcome"] == "rightly refused")

    return {f"squad_{name}": [value(r, name) for r in results] for name in ("exact_match", "token_f1")}


def squad2(data: Path) -> Loaded:
    """The 500 questions of SQuAD 2.0 in ../shared/data: questions and contexts in one file, answers in another."""
    loaded = Loaded(standard=_squad_scores, notes=[_QUOTING])
    truth = _json(data / "squad2_sample" / "ground_truth.json")
    for query in _json(data / "squad2_sample" / "queries.json")["queries"]:
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
        for record in _jsonl(data / "clapnq_dev" / f"clapnq_dev_{name}"):
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
    for record in _jsonl(data / "mtrag_un" / "reference.jsonl.gz"):
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
    for n, record in enumerate(_jsonl(data / "ramdocs" / "RAMDocs_test.jsonl.gz")):
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
    for record in _jsonl(data / "qed_dev" / "qed-dev.jsonlines.gz"):
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
    for a in _jsonl(data / "gum_wikinews" / "articles.jsonl"):
        loaded.add(a["text"], title=a["title"], key=a["id"], date=a["published"])
    for q in _jsonl(DATA / "wikinews_questions.jsonl"):
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
    for a in _json(folder / "corpus.json"):
        more = {"outlet": a.get("source"), "date": (a.get("published_at") or "")[:10] or None}
        keys[a["url"]] = loaded.add(a["body"], title=a["title"], **more)
    for n, query in enumerate(_json(folder / "MultiHopRAG.json")):
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


# -- the one path -----------------------------------------------------------------------------------------------


def public(
    name: str,
    data: str | None,
    *,
    keep: str | None = None,
    model: str | None = None,
    limit: int | None = None,
    **more: Any,
) -> Json:
    """Run a public set: `name` is one of SETS (its folder below `data`), or "beir:DIR" and the like (FORMATS)."""
    kind, _, path = name.partition(":")
    if kind in FORMATS and path:
        loaded = FORMATS[kind](Path(path))
    elif data:
        loaded = SETS[name](Path(data))
    else:
        raise BylineError(f"the suite {name!r} reads public data: give its folder with --data DIR.")
    rng = random.Random(SEED)
    config = {"set": name, "limit": limit}
    with library_of(loaded.records.values(), keep) as library:
        if loaded.measures:
            queries = sorted(loaded.queries)
            queries = sorted(rng.sample(queries, limit)) if limit and limit < len(queries) else queries
            report = _ranking(library, {q: loaded.queries[q] for q in queries}, loaded, name)
            report["config"] |= config
        else:
            cases = rng.sample(loaded.cases, limit) if limit and limit < len(loaded.cases) else loaded.cases
            find = _by_key(library)
            report = runner.run(cases, library, suite=name, find=find, model=model, config=config, say=_say, **more)
            own = {key: m.summary(values) for key, values in loaded.standard(report["results"]).items()}
            report["metrics"] = own | report["metrics"]
    return report | {"published": list(loaded.published), "notes": list(loaded.notes)}


def _by_key(library: Library) -> Callable[[str], Article]:
    articles = {article.path.rpartition("#")[2]: article for article in library.articles()}

    def find(key: str) -> Article:
        if key not in articles:
            raise BylineError(f"the library of this set has no article {key!r}: delete it and let it be made anew.")
        return articles[key]

    return find


def _ranking(library: Library, queries: Mapping[str, str], loaded: Loaded, name: str) -> Json:
    """The set's ranking measures over `Library.retrieve`; an article ranks where its best passage does."""
    ranked, seconds = {}, []
    for n, (query, text) in enumerate(queries.items(), 1):
        _say(f"{n}/{len(queries)} {text[:60]}")
        started = time.perf_counter()
        hits = library.retrieve(text, k=40)
        seconds.append((time.perf_counter() - started) * 1000)
        ranked[query] = list(dict.fromkeys(hit.article.path.rpartition("#")[2] for hit in hits))
    values = m.retrieval({q: loaded.qrels[q] for q in queries}, ranked, loaded.measures)
    shown = {measure.replace("R@", "Recall@").replace("RRecall@", "MRR@"): found for measure, found in values.items()}
    return {
        "suite": name,
        "cases": len(queries),
        "errors": 0,
        "config": {"embedder": library.embedder.name, "articles": library.status()["articles"], "seed": 0},
        "metrics": {measure: m.summary(list(found.values())) for measure, found in shown.items()}
        | {"search_ms_p50": m.percentile(seconds, 50), "search_ms_p95": m.percentile(seconds, 95)},
        "results": [
            {"id": q, "question": text, "scores": {measure: found[q] for measure, found in shown.items()}}
            for q, text in queries.items()
        ],
    }


@contextmanager
def library_of(records: Iterable[Json], keep: str | None) -> Iterator[Library]:
    """A library that holds `records` (as lines of a JSONL file), removed afterwards unless `keep` names a folder."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(keep) if keep else Path(scratch) / "library"
        file = (folder / "articles.jsonl").absolute()
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("w", encoding="utf-8") as out:
            out.writelines(json.dumps(record) + "\n" for record in records)
        with Library.open(folder) as library:
            report = library.ingest([file], progress=lambda done, total, what: _say(f"ingest {what}"))
            _say(f"{report.articles} articles, {report.passages} passages, ingest {report.elapsed_s:.0f} s")
            yield library


@contextmanager
def opened(library: str | None, sources: Sequence[Path]) -> Iterator[Library]:
    """The library in the folder `library`, as it is; without one a throw-away library of `sources`."""
    if library is not None:
        with Library.open(library) as given:
            yield given
        return
    with tempfile.TemporaryDirectory() as scratch, Library.open(Path(scratch) / "library") as made:
        made.ingest(sources)
        yield made


def builtin(*, library: str | None = None, split: str | None = None, model: str | None = None, **more: Any) -> Json:
    """The built-in set over the sample articles and the invented one that carries an instruction."""
    if library is None and not SEEDS.is_dir():
        raise BylineError(
            f"the sample articles are not at {SEEDS}: run the built-in suite from a clone of the project, or give "
            "--library DIR with the articles of seeds/ and evals/data/injected/ in it."
        )
    cases = load_cases(DATA / "seeds.jsonl")
    cases = [case for case in cases if split is None or case.split == split]
    with opened(library, [SEEDS, DATA / "injected"]) as over:
        config = {"split": split or "dev and test"}
        return runner.run(cases, over, suite="seeds", model=model, config=config, say=_say, **more)


def own_cases(
    file: str, *, library: str | None, split: str | None = None, model: str | None = None, **more: Any
) -> Json:
    """Anyone's cases on any library."""
    cases = [case for case in load_cases(file) if split is None or case.split == split]
    if not cases:
        raise BylineError(f'no case of {file} has "split": {split!r}: leave --split out, or mark some.')
    cases = [replace(case) for case in cases]
    with Library.open(library) as over:
        config = {"cases": str(file), "split": split or "all", "library": str(over.path)}
        return runner.run(cases, over, suite=Path(file).stem, model=model, config=config, say=_say, **more)


def attributionbench(data: str | None) -> Json:
    """Do the support-based scores agree with people? `rag.support` at 0.5 against the labels of AttributionBench dev
    (Li et al. 2024), macro-F1 over all and by source. The weights of rag.support were fitted on this set among others:
    what it does on questions it was not fitted on is in evals/SUPPORT.md."""
    if not data:
        raise BylineError("the suite 'attributionbench' reads public data: give its folder with --data DIR.")
    import re

    results = []
    rows = _jsonl(Path(data) / "attributionbench" / "dev.jsonl.gz")
    for n, row in enumerate(rows, 1):
        _say(f"{n}/{len(rows)}")
        claim = re.sub(r"\s*\[\d+\]", "", row["claim"]).strip()
        found = check(claim, row["references"]).score
        label = row["attribution_label"] == "attributable"
        right = float((found >= 0.5) == label)
        scores = {"agreement": right, "support": found}
        results.append({"id": str(row.get("id", n)), "question": row["question"], "tags": [row["src_dataset"]]})
        results[-1] |= {"claim": claim, "label": label, "scores": scores}
    groups = {"all": results} | {
        tag: [r for r in results if r["tags"] == [tag]] for (tag,) in {(r["tags"][0],) for r in results}
    }
    metrics: Json = {}
    for name, of in groups.items():
        pairs = [2.0 * r["label"] + (r["scores"]["support"] >= 0.5) for r in of]
        value = m.macro_f1([r["label"] for r in of], [r["scores"]["support"] >= 0.5 for r in of])
        interval = m.bootstrap_ci95(pairs, statistic=_macro_f1_of_pairs)
        metrics["macro_f1" if name == "all" else f"macro_f1:{name}"] = {"value": value, "n": len(of), "ci95": interval}
    metrics["agreement"] = m.summary([r["scores"]["agreement"] for r in results])
    area = m.auroc([r["scores"]["support"] for r in results], [r["label"] for r in results])
    metrics["auroc"] = {"value": area, "n": len(results), "ci95": None}
    return {
        "suite": "attributionbench",
        "cases": len(results),
        "errors": 0,
        "config": {"threshold": 0.5, "split": "dev", "seed": 0},
        "metrics": metrics,
        "published": [
            "T5-XXL-TRUE (11B), ALCE's entailment model: .786 macro-F1 on the HAGRID part, which is not in dev "
            "(Li et al. 2024, table 3, as others quote it); a fine-tuned GPT-3.5 about .80 over all (abstract)"
        ],
        "notes": ["rag.support was fitted on these pairs among others: held-out figures are in evals/SUPPORT.md."],
        "results": results,
    }


def _macro_f1_of_pairs(drawn: Any) -> Any:
    """Macro-F1 of rows of label * 2 + prediction."""
    both, neither = (drawn == 3).sum(axis=1), (drawn == 0).sum(axis=1)
    wrong = (drawn == 1).sum(axis=1) + (drawn == 2).sum(axis=1)
    yes, no = 2 * both + wrong, 2 * neither + wrong
    return (2 * both / yes.clip(1) + 2 * neither / no.clip(1)) / 2


# -- reading ----------------------------------------------------------------------------------------------------


def _spans(key: str, places: Iterable[tuple[str, int | None]]) -> tuple[Gold, ...]:
    return tuple(Gold(article=key, quote=text, start=start) for text, start in dict.fromkeys(places))


def _all_places(text: str, words: str) -> Iterator[int]:
    at = text.find(words)
    while at >= 0:
        yield at
        at = text.find(words, at + 1)


def _jsonl(path: Path) -> list[Json]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(_existing(path), "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _json(path: Path) -> Any:
    try:
        return json.loads(_existing(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise BylineError(f"the data set file {path} is not JSON ({error}).") from None


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise BylineError(f"the data set file {path} is not there: --data names the folder that holds it.")
    return path


def _say(text: str) -> None:
    """Progress on one line of a terminal; nothing where standard error is no terminal, but for what ends a step."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text[:100]}", end="", file=sys.stderr, flush=True)
