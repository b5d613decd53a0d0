"""Fit the regression that says whether what was found is enough (`rag.answers.sufficiency`), and measure it.

    python -m evals.training.fit_sufficiency --data DATA --weights rag/models/weights/reader.safetensors --out DIR

finds evidence (kept in DIR/found.json), reads it with the adapter, fits, and prints weights, threshold and report. What
is shipped is copied by hand to rag/answers/sufficiency.py. Data, split and results: evals/READER.md. Needs
torch and scikit-learn; nothing here is used when Byline runs.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from embeddings.encoder import Encoder
from embeddings.minilm import MiniLMEmbedder
from evals.loaders import DATA, read_jsonl
from evals.suites import library_of
from evals.training.adapters import BASES, load_base, vectors_of
from evals.training.fit_reader import PassageEncoder, load_model, logits_of
from evals.training.news import news_passages
from evals.training.reader_data import Case, cases_of
from evals.training.stories import STORIES
from evals.training.texts import SEED, Json, part_of, sentences_of, trimmed
from rag.answers.sufficiency import WITH_READER, WITHOUT_READER, Evidence, ranking, signals
from rag.models.adapter import load_adapter
from rag.models.reader import UNREAD, encode_passage, readings_of

N_SHIFTS, N_NQ = 500, 240


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question with what was found for it. `gold` are the places of the sentences that answer, where known."""

    source: str
    part: str
    question: str
    answerable: bool
    evidence: tuple[Evidence, ...]
    gold: tuple[int, ...] = ()
    group: str = ""  # its article, where several questions share one


Passage = tuple[str, Sequence[str]]  # title, sentences


@dataclass(frozen=True, kw_only=True)
class Found:
    """A question with the passages that were found for it; `gold` counts the sentences of all of them."""

    source: str
    part: str
    question: str
    answerable: bool
    passages: tuple[Passage, ...]
    gold: tuple[int, ...] = ()
    group: str = ""


def given(cases: Iterable[Case]) -> Iterator[Found]:
    """Questions over the one paragraph they come with."""
    for case in cases:
        yield Found(
            source=case.source,
            part=case.part,
            question=case.question,
            answerable=bool(case.gold or case.doubtful),
            passages=(("" if case.source == "xquad" else case.title, case.sentences),),
            gold=tuple(sorted(case.gold)),
        )


def mtrag(data: Path) -> Iterator[Found]:
    """mtRAG-UN: the last turn as it was typed, over the passages that its authors retrieved."""
    for record in read_jsonl(data / "mtrag_un/reference.jsonl.gz"):
        if record["answerability"][0] not in ("ANSWERABLE", "UNANSWERABLE") or not record["contexts"]:
            continue
        texts = [context["text"] for context in record["contexts"][:8]]
        yield Found(
            source="mtrag",
            part=part_of(record["conversation_id"], 0.5, 0.5),
            question=trimmed(record["input"][-1]["text"]),
            answerable=record["answerability"][0] == "ANSWERABLE",
            passages=tuple(("", tuple(sentences_of(text))) for text in texts),
        )


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """A question for a library. The answer lies in the sentence of record `at` that holds `words`. Where `hide` is
    "record" or "sentence", this is kept from what is found, which makes the question unanswerable."""

    question: str
    answerable: bool
    at: str = ""
    words: str = ""
    hide: str = ""


def retrieved(name: str, part: str, records: Sequence[Json], lookups: Iterable[Lookup]) -> Iterator[Found]:
    """Questions over what `Library.retrieve` finds among the records."""
    with library_of(records, None) as library:
        for lookup in lookups:
            hits = [(hit, hit.article.path.rpartition("#")[2]) for hit in library.retrieve(lookup.question, k=12)]
            passages: list[Passage] = []
            gold: list[int] = []
            for hit, key in hits:
                if (key == lookup.at and lookup.hide == "record") or len(passages) == 8:
                    continue
                text, words = hit.article.text, _squeezed(lookup.words)
                sentences = [text[s.start : s.end] for s in library.store.sentences(hit.passage)]
                holds = [bool(words) and key == lookup.at and words in _squeezed(s) for s in sentences]
                if lookup.hide == "sentence":
                    sentences = [s for s, is_gold in zip(sentences, holds, strict=True) if not is_gold]
                else:
                    n = sum(len(found) for _, found in passages)
                    gold += [n + i for i, is_gold in enumerate(holds) if is_gold]
                if sentences:
                    passages.append((hit.article.title or "", tuple(sentences)))
            yield Found(
                source=name,
                part=part,
                question=lookup.question,
                answerable=lookup.answerable,
                passages=tuple(passages),
                gold=tuple(gold),
                group=lookup.at,
            )


def _squeezed(text: str) -> str:
    return "".join(text.split())


def half_hidden(cases: Sequence[Case], n: int) -> tuple[list[Json], list[Lookup]]:
    """A paragraph per record, and `n` questions, each twice: as it is, and with the paragraph that answers hidden, or
    the sentence that does."""
    keys = {paragraph: f"p{i}" for i, paragraph in enumerate(dict.fromkeys(case.paragraph for case in cases))}
    titles = {case.paragraph: case.title for case in cases}
    records = [{"id": key, "title": titles[text], "text": text} for text, key in keys.items()]
    with_gold = [case for case in cases if case.gold]
    lookups = []
    for i, case in enumerate(random.Random(SEED).sample(with_gold, min(n, len(with_gold)))):
        at, words = keys[case.paragraph], case.sentences[min(case.gold)]
        lookups.append(Lookup(question=case.question, answerable=True, at=at, words=words))
        hide = "record" if i % 2 else "sentence"
        lookups.append(Lookup(question=case.question, answerable=False, at=at, words=words, hide=hide))
    return records, lookups


def wikinews(data: Path, questions: str) -> tuple[list[Json], list[Lookup]]:
    """All Wikinews articles of GUM, and the questions of evals/data, which are this project's own."""
    articles = read_jsonl(data / "gum_wikinews/articles.jsonl")
    records = [{"id": a["id"], "title": a["title"], "date": a["published"], "text": a["text"]} for a in articles]
    asked = read_jsonl(DATA / questions)
    return records, [
        Lookup(question=q["question"], answerable=q["answerable"], at=q["article"], words=q["evidence"]) for q in asked
    ]


def invented_news() -> tuple[list[Json], list[Lookup]]:
    """All invented news as articles, and the questions on what of it is held out."""
    held_out = news_passages(held_out=True)
    passages = [*news_passages(), *held_out]
    records = [{"id": p.id, "title": p.title, "text": p.text} for p in passages]
    return records, [
        Lookup(question=q.text, answerable=q.answer is not None, at=p.id, words=q.answer or "")
        for p in held_out
        for q in p.questions
    ]


def invented_stories() -> tuple[list[Json], list[Lookup]]:
    """All invented stories as articles, and the questions on what of them is held out."""
    rows = read_jsonl(STORIES)
    records = [
        {"id": f"{row['id']}-{n}", "title": article["title"], "date": article["published"], "text": article["text"]}
        for row in rows
        for n, article in enumerate(row["articles"])
    ]
    return records, [
        Lookup(
            question=question["text"],
            answerable=question["article"] is not None,
            at=f"{row['id']}-{question['article']}",
            words=question["sentence"] or "",
        )
        for row in rows
        if row.get("held_out")
        for question in row["questions"]
    ]


SETS = "squadshifts nq news stories clapnq squad2 mtrag wikinews wikinews-2 qed xquad xquad-library".split()


def all_found(cases: Sequence[Case], data: Path, sets: Sequence[str]) -> Iterator[Found]:
    """Every question of `sets` that the regression is fitted or measured on."""

    def of(source: str, part: str) -> list[Case]:
        return [case for case in cases if case.source == source and case.part == part]

    def some(source: str, n: int) -> list[Case]:
        return random.Random(SEED).sample([c for c in cases if c.source == source and c.part == "test"], n)

    def half_hidden_in_library(source: str, n: int) -> Iterator[Found]:
        return retrieved(source, "signals", *half_hidden(of(source, "signals"), n))

    made: dict[str, Callable[[], Iterator[Found]]] = {
        "squadshifts": lambda: retrieved(
            "squadshifts", "signals", *half_hidden(of("squadshifts", "signals"), N_SHIFTS)
        ),
        "nq": lambda: retrieved("nq", "signals", *half_hidden(of("nq", "signals"), N_NQ)),
        "news": lambda: retrieved("news", "signals", *invented_news()),
        "stories": lambda: retrieved("stories", "signals", *invented_stories()),
        "clapnq": lambda: given(c for c in cases if c.source == "clapnq" and c.part != "adapter"),
        "squad2": lambda: given(c for c in cases if c.source == "squad2" and c.part != "adapter"),
        "mtrag": lambda: mtrag(data),
        "wikinews": lambda: retrieved("wikinews", "test", *wikinews(data, "wikinews_questions.jsonl")),
        "wikinews-2": lambda: retrieved("wikinews-2", "test", *wikinews(data, "wikinews_questions_2.jsonl")),
        "qed": lambda: given(some("qed", 200)),
        "xquad": lambda: given(some("xquad", 400)),
        "xquad-library": lambda: retrieved(
            "xquad-library", "test", *half_hidden([replace(c, title="") for c in cases if c.source == "xquad"], 160)
        ),
    }
    for name in sets:
        yield from made[name]()


def read(found: Sequence[Found], base: Encoder, model: PassageEncoder) -> list[Asked]:
    """Evidence as `ask` makes it: every sentence with its cosines and what the reader, on `base`, makes of it. All at
    once, in bfloat16 where the CPU has it."""
    texts = [f.question for f in found]
    texts += [s for f in found for _, sentences in f.passages for s in sentences]
    texts += [_headed(*passage) for f in found for passage in f.passages]
    texts = list(dict.fromkeys(texts))
    vectors = dict(zip(texts, vectors_of(texts, MiniLMEmbedder().encoder, longest=256), strict=True))
    rows = [(n, p) for n, f in enumerate(found) for p in range(len(f.passages))]
    encoded = [
        encode_passage(base, found[n].question, found[n].passages[p][1], found[n].passages[p][0]) for n, p in rows
    ]
    logits = logits_of(model, encoded)
    readings = {row: readings_of(e, of) for row, e, of in zip(rows, encoded, logits, strict=True)}
    asked = []
    for n, f in enumerate(found):
        query = vectors[f.question]
        evidence = tuple(
            Evidence(
                text=sentence,
                title=title,
                cosine=float(query @ vectors[sentence]),
                passage_cosine=float(query @ vectors[_headed(title, sentences)]),
                score=reading.score,
                answer_score=reading.answer_score,
            )
            for p, (title, sentences) in enumerate(f.passages)
            for sentence, reading in zip(sentences, readings[n, p] + [UNREAD] * len(sentences), strict=False)
        )
        if evidence:
            asked.append(
                Asked(
                    source=f.source,
                    part=f.part,
                    question=f.question,
                    answerable=f.answerable,
                    evidence=evidence,
                    gold=f.gold,
                    group=f.group,
                )
            )
    return asked


def _headed(title: str, sentences: Sequence[str]) -> str:
    text = " ".join(sentences)
    return f"{title}\n{text}" if title else text


# --- the regression and the report ---------------------------------------------------------------------------------


def fit(asked: Sequence[Asked], use: Sequence[str], with_reader: bool) -> dict[str, float]:
    """Weights of the signals in `use` and the bias, each set and answerability counting alike. Scikit-learn's logistic
    regression on standardised signals, its scaling undone."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    x = np.array([row_of(a, use, with_reader) for a in asked])
    y = np.array([a.answerable for a in asked])
    groups = [(a.source, a.answerable) for a in asked]
    share = np.array([1.0 / groups.count(group) for group in groups])
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
    model = LogisticRegression(C=1.0).fit((x - mean) / scale, y, sample_weight=share / share.mean())
    weights = model.coef_[0] / scale
    return {"bias": float(model.intercept_[0] - weights @ mean)} | dict(zip(use, map(float, weights), strict=True))


def row_of(asked: Asked, use: Sequence[str], with_reader: bool) -> list[float]:
    evidence = asked.evidence if with_reader else [unread(e) for e in asked.evidence]
    found = signals(asked.question, evidence)
    return [found[name] for name in use]


def unread(evidence: Evidence) -> Evidence:
    return replace(evidence, score=None, answer_score=None)


def refused_at(values: np.ndarray, answerable: np.ndarray, false_refusals: float) -> tuple[float, float]:
    """The share of unanswerable questions below the threshold that refuses this share of the answerable, and it."""
    threshold = float(np.quantile(values[answerable], false_refusals))
    return float((values[~answerable] < threshold).mean()), threshold


def report(asked: Sequence[Asked]) -> None:
    """Fit on the part "signals", print the weights, and measure on all. What is to be used was chosen by the mean AUC
    with one set of that part left out (printed too), among a dozen combinations."""
    from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]

    # Of mtRAG there are answerable questions only, which would teach what mtRAG looks like.
    fitting = [a for a in asked if a.part == "signals" and a.source != "mtrag"]
    used = {"with": [n for n in WITH_READER if n != "bias"], "without": [n for n in WITHOUT_READER if n != "bias"]}

    def values(name: str, of: Sequence[Asked], weights: dict[str, float]) -> np.ndarray:
        rows = np.array([row_of(a, used[name], name == "with") for a in of])
        return 1 / (1 + np.exp(-(rows @ [weights[s] for s in used[name]] + weights["bias"])))

    models = {name: fit(fitting, use, name == "with") for name, use in used.items()}
    for name, weights in models.items():
        print(name, json.dumps({k: round(w, 3) for k, w in weights.items()}))
        areas = []
        for source in dict.fromkeys(a.source for a in fitting):
            left_out = [a for a in fitting if a.source == source]
            rest = fit([a for a in fitting if a.source != source], used[name], name == "with")
            areas.append(roc_auc_score([a.answerable for a in left_out], values(name, left_out, rest)))
        print(f"mean AUC, one set left out: {np.mean(areas):.3f}")
    library = [a for a in fitting if a.source in ("squadshifts", "nq", "news", "stories")]
    answerable = np.array([a.answerable for a in library])
    enough = {name: refused_at(values(name, library, w), answerable, 0.10)[1] for name, w in models.items()}
    print(f"ENOUGH {enough['with']:.3f}, MAYBE", refused_at(values("with", library, models["with"]), answerable, 0.02))
    print("| set | n | signal | AUC | refused at 10% false refusals | at ENOUGH: refused, false |")
    for key in dict.fromkeys((a.source, a.part) for a in asked):
        of = [a for a in asked if (a.source, a.part) == key]
        y = np.array([a.answerable for a in of])
        for name in ("cosine", "without", "with") if 0 < y.sum() < len(y) else ():
            v = np.array(row_cosines(of)) if name == "cosine" else values(name, of, models[name])
            at = f"{(v[~y] < enough[name]).mean():.1%}, {(v[y] < enough[name]).mean():.1%}" if name in enough else ""
            print(
                f"| {' '.join(key)} | {y.sum()}+{(~y).sum()} | {name} | {roc_auc_score(y, v):.3f} | "
                f"{refused_at(v, y, 0.10)[0]:.1%} | {at} |"
            )
        judged = [a for a in of if a.gold or (a.answerable and key[0] in ("xquad-library", "wikinews", "wikinews-2"))]
        if judged:
            picks = {
                name: f"{np.mean([_picks(a, name) for a in judged]):.1%}" for name in ("cosine", "cheap", "reader")
            }
            print(key, "choice:", picks, len(judged))
    print("| false refusals | cosine | without | with |")
    for source in ("wikinews", "wikinews-2"):
        news = [a for a in asked if a.source == source]
        y = np.array([a.answerable for a in news])
        columns = [np.array(row_cosines(news)), *(values(name, news, models[name]) for name in ("without", "with"))]
        for share in (0.05, 0.10, 0.20, 0.30) if news else ():
            print(
                f"| {source} {share:.0%} | " + " | ".join(f"{refused_at(v, y, share)[0]:.0%}" for v in columns) + " |"
            )


def row_cosines(asked: Sequence[Asked]) -> list[float]:
    return [max(e.cosine for e in a.evidence) for a in asked]


def _picks(asked: Asked, by: str) -> bool:
    if by == "cosine":
        best = max(range(len(asked.evidence)), key=lambda i: asked.evidence[i].cosine)
    else:
        evidence = asked.evidence if by == "reader" else [unread(e) for e in asked.evidence]
        best = ranking(asked.question, evidence)[0]
    return best in asked.gold


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="the folder of public data sets")
    parser.add_argument("--weights", type=Path, required=True, help="the adapter")
    parser.add_argument("--base", choices=BASES, default="minilm", help="that of the adapter")
    parser.add_argument("--out", type=Path, required=True, help="where the evidence is kept")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS, help="those of READER.md; all unless given")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    cache = args.out / "found.json"
    known = [Found(**row) for row in json.loads(cache.read_text(encoding="utf-8"))] if cache.is_file() else []
    if missing := [name for name in args.sets if name not in {f.source for f in known}]:
        known += all_found(cases_of(args.data), args.data, missing)
        cache.write_text(json.dumps([asdict(f) for f in known]), encoding="utf-8")
    base = load_base(args.base)
    model = load_model(base, load_adapter(args.weights))
    report(read([f for f in known if f.source in args.sets], base, model))


if __name__ == "__main__":
    main()
