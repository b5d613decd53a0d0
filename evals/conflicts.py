"""Who says it, and where articles differ: precision before recall. Run with `python -m evals.conflicts DATA [PART…]`.

Parts. "speakers": sentences of GUM's Wikinews articles, annotated by hand in evals/data/wikinews_speakers.jsonl, the
half of the articles that was not tuned on. "stories": invented pairs of reports under tests/stories, asked through
`Library.ask`; every odd one was held out, the "fresh" ones were written before the last change of the rules and the
"last" ones after it. "samples": every two
sentences of different sample articles, against evals/data/seeds_differences.jsonl. "unrelated": sentences of articles
on different subjects laid side by side, where nothing may be reported. "ramdocs": documents with conflicting answers,
misinformation and noise (Wang et al. 2025). Each difference that is reported is printed on standard error.
"""

from __future__ import annotations

import itertools
import json
import random
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from embeddings import Embedder, Vectors, load_embedder
from evals.loaders import read_jsonl
from evals.metrics import normalize, summary
from evals.suites import SEEDS, library_of, opened
from rag.news.conflicts import compare
from rag.news.differences import changes
from rag.news.same_story import NEAR
from rag.news.speakers import find_speaker
from rag.text.sentences import split_sentences
from rag.types import Article, Candidate, Passage, SearchHit, Sentence

Json = dict[str, Any]
HERE = Path(__file__).parent
STORIES = HERE.parent / "tests" / "stories" / "pairs.jsonl"
N_PAIRS = 3000  # of unrelated texts
N_QUESTIONS = 125  # of each half of RAMDocs
N_NEAREST = 16  # sentences nearest to a question, as in an answer
PARTS = ("speakers", "stories", "samples", "unrelated", "ramdocs")


def conflicts(data: Path, *, split: str = "held", parts: Sequence[str] = PARTS) -> Json:
    """The report of the `parts`. `split` is "held" or "tune"."""
    embedder = load_embedder()
    made: dict[str, Callable[[], Json]] = {
        "speakers": lambda: speakers(data, split),
        "stories": lambda: stories(*((split,) if split == "tune" else ("held", "fresh", "last"))),
        "samples": samples,
        "unrelated": lambda: unrelated(data, embedder),
        "ramdocs": lambda: ramdocs(data, embedder, split),
    }
    metrics: Json = {}
    for part in parts:
        metrics |= made[part]()
    return {"suite": "conflicts", "cases": sum(m["n"] for m in metrics.values()), "errors": 0, "metrics": metrics}


def speakers(data: Path, split: str) -> Json:
    """Precision and recall of the speaker found for a sentence: right where it holds an annotated name."""
    articles = {record["id"]: record for record in read_jsonl(data / "gum_wikinews" / "articles.jsonl")}
    found_right, annotated_right = [], []
    for row in read_jsonl(HERE / "data" / "wikinews_speakers.jsonl"):
        if row["split"] != split:
            continue
        start, end = _sentence_spans(articles[row["article"]])[row["sentence"]]
        found = find_speaker(articles[row["article"]]["text"], start, end)
        is_right = found is not None and any(name.lower() in found.lower() for name in row["speakers"])
        if found is not None:
            found_right.append(float(is_right))
        if row["speakers"]:
            annotated_right.append(float(is_right))
    return {"speaker_precision": summary(found_right), "speaker_recall": summary(annotated_right)}


def _sentence_spans(record: Json) -> list[tuple[int, int]]:
    spans, at = [], 0
    for sentence in record["sentences"]:
        start = record["text"].find(sentence, at)
        if start >= 0:
            at = start + len(sentence)
        spans.append((start, start + len(sentence)))
    return spans


def stories(*splits: str) -> Json:
    """For each of the splits: recall of true disagreements, how many have the right kind, and the share of those
    reported that are true."""
    rows = read_jsonl(STORIES)
    true_pairs = [{f"{row['id']}a", f"{row['id']}b"} for row in rows if row["expect"]]
    records = (
        {"id": row["id"] + side, **{name: value for name, value in row[side].items() if value}}
        for row in rows
        for side in "ab"
    )
    metrics: dict[str, list[float]] = {
        f"stories_{name}_{split}": [] for split in splits for name in ("recall", "precision", "kind")
    }
    with library_of(records, None) as library:
        for row in (row for row in rows if row["split"] in splits):
            kinds = {}
            for disagreement in library.ask(row["question"]).disagreements:
                ids = {c.article.path.rpartition("#")[2] for c in disagreement.citations}
                metrics[f"stories_precision_{row['split']}"].append(float(ids in true_pairs))
                _say(f"stories {row['id']} {disagreement.kind} {disagreement.values} {sorted(ids)}")
                if ids == {f"{row['id']}a", f"{row['id']}b"}:
                    kinds[row["id"]] = disagreement.kind
            if row["expect"]:
                metrics[f"stories_recall_{row['split']}"].append(float(row["id"] in kinds))
                if row["id"] in kinds:
                    metrics[f"stories_kind_{row['split']}"].append(float(kinds[row["id"]] == row["expect"]))
    return {name: summary(values) for name, values in metrics.items()}


def samples() -> Json:
    """Of the differences between any two sentences of different sample articles, the share that is annotated; and the
    share of the annotated ones that is found. An annotation holds what the earlier articles say and what the later
    ones do: a report is one of it where the words that it shows lie in, or over, a quote of each."""
    gold = read_jsonl(HERE / "data" / "seeds_differences.jsonl")
    with opened(None, [SEEDS]) as library:
        hits = library.retrieve("warrants", k=1000, understand=False)
        candidates = library._candidates(hits)
        vectors = library._vectors([c.text for c in candidates])
    right, found = [], set()
    for change in changes(candidates, vectors):
        one, other = (candidates[n] for n in (change.first, change.second))
        if one.hit.article.id == other.hit.article.id:
            continue
        shown = [(one.text, change.values[0]), (other.text, change.values[1])]
        named = {n for n, row in enumerate(gold) if _is_annotated(row, shown) or _is_annotated(row, shown[::-1])}
        _say(f"samples {change.values} {sorted(named)}")
        right.append(float(bool(named)))
        found |= named
    return {
        "samples_precision": summary(right),
        "samples_recall": summary([float(n in found) for n in range(len(gold))]),
    }


def _is_annotated(row: Json, shown: Sequence[tuple[str, str]]) -> bool:
    def overlap(text: str, words: str, quote: str) -> bool:
        a, b = text.find(words), text.find(quote)
        return min(a, b) >= 0 and a < b + len(quote) and b < a + len(words)

    sides = (row["before"], row["after"])
    return all(any(overlap(*one, quote) for quote in quotes) for one, quotes in zip(shown, sides, strict=True))


def unrelated(data: Path, embedder: Embedder) -> Json:
    """The share of pairs of unrelated articles (all of Wikinews; XQuAD paragraphs of different articles) with anything
    reported. All sentences of one are laid beside all of the other."""
    news = [(r["title"], r["text"]) for r in read_jsonl(data / "gum_wikinews" / "articles.jsonl")]
    file = json.loads((data / "xquad_en" / "xquad.en.json").read_text(encoding="utf-8"))
    paragraphs = [(a["title"], p["context"]) for a in file["data"] for p in a["paragraphs"]]
    metrics = {}
    for name, texts in (("wikinews", news), ("xquad", paragraphs)):
        sides = [sentences_of(str(n), text, title=title) for n, (title, text) in enumerate(texts)]
        vectors = [embedder.encode_passages([c.text for c in side]) for side in sides]
        pairs = [(i, j) for i, j in itertools.combinations(range(len(texts)), 2) if texts[i][0] != texts[j][0]]
        random.Random(0).shuffle(pairs)
        values = []
        for i, j in pairs[:N_PAIRS]:
            found = list(_across(sides[i], sides[j], vectors[i], vectors[j]))
            for change in found:
                _say(f"unrelated {name} {change}")
            values.append(float(bool(found)))
        metrics[f"unrelated_reported_{name}"] = summary(values)
    return metrics


def _across(a: Sequence[Candidate], b: Sequence[Candidate], ours: Vectors, theirs: Vectors) -> Iterator[str]:
    cosines = ours @ theirs.T
    for i, j in np.argwhere(cosines >= NEAR).tolist():
        if change := compare(a[i], b[j], cosine=float(cosines[i, j])):
            yield f"{change.values} {a[i].text!r} {b[j].text!r}"


def ramdocs(data: Path, embedder: Embedder, split: str) -> Json:
    """Differences among the sentences nearest to a question, as `judged`; of questions drawn by a seed, none of them in
    both halves.

    `ramdocs_precision` is the share of them that are right. `ramdocs_recall` is the share of the questions with a
    misinformed document of an entity, and a correct one of the same, where a right one is reported;
    `ramdocs_false` the share of the questions without one where anything is.
    """
    rows = read_jsonl(data / "ramdocs" / "RAMDocs_test.jsonl.gz")
    random.Random(0).shuffle(rows)
    right, found, false = [], [], []
    for row in rows[split == "held" :: 2][:N_QUESTIONS]:
        documents = row["documents"]
        candidates = [c for n, d in enumerate(documents) for c in sentences_of(str(n), d["text"])]
        if not candidates:
            continue
        vectors = embedder.encode_passages([c.text for c in candidates])
        query = embedder.encode_queries([row["question"]])[0]
        nearest = np.argsort(-(vectors @ query), kind="stable")[:N_NEAREST].tolist()
        reported = []
        known: set[frozenset[str]] = set()
        for change in changes([candidates[n] for n in nearest], [vectors[n] for n in nearest]):
            if frozenset(change.values) in known:
                continue  # the same of another copy
            known.add(frozenset(change.values))
            a, b = (int(candidates[nearest[n]].hit.article.id) for n in (change.first, change.second))
            verdict = judged(documents, a, b, change.values)
            reported.append(float(verdict == "right"))
            _say(f"ramdocs {verdict}: {row['question']} {change.values}")
            _say(f"    {documents[a]['type']} {documents[a]['answer']!r} {candidates[nearest[change.first]].text!r}")
            _say(f"    {documents[b]['type']} {documents[b]['answer']!r} {candidates[nearest[change.second]].text!r}")
        right += reported
        if any(_is_same_entity(documents, a, b) for a, b in itertools.combinations(range(len(documents)), 2)):
            found.append(float(any(reported)))
        else:
            false.append(float(bool(reported)))
    return {"ramdocs_precision": summary(right), "ramdocs_recall": summary(found), "ramdocs_false": summary(false)}


def judged(documents: Sequence[Json], a: int, b: int, values: tuple[str, str]) -> str:
    """Whether a difference that is reported between two documents of a question of RAMDocs is "right".

    It is where the two answer the question differently for one entity (a correct document, and one into which another
    answer was put), and the words that are shown are those answers. It is "off the question" where they are not:
    counted as wrong, though the documents may well differ in them. Documents that are both correct speak of two
    entities of one name ("two entities"), as does a misinformed one of another entity; noise answers nothing ("noise").
    """
    if "noise" in (documents[a]["type"], documents[b]["type"]):
        return "noise"
    if not _is_same_entity(documents, a, b):
        return "one answer" if documents[a]["answer"] == documents[b]["answer"] else "two entities"
    shown = all(_shares_words(v, documents[n]["answer"]) for v, n in zip(values, (a, b), strict=True))
    return "right" if shown else "off the question"


def _is_same_entity(documents: Sequence[Json], a: int, b: int) -> bool:
    """Whether one is a correct document and the other a misinformed one of the same entity. Which entity a misinformed
    one speaks of is not annotated: that of the correct document that has most words in common with it, since it was
    made of such a one by putting another answer in."""
    one, other = documents[a], documents[b]
    if {one["type"], other["type"]} != {"correct", "misinfo"} or one["answer"] == other["answer"]:
        return False
    correct, false = (one, other) if one["type"] == "correct" else (other, one)
    words = set(normalize(false["text"]).split())

    def likeness(document: Json) -> float:
        theirs = set(normalize(document["text"]).split())
        return len(words & theirs) / len(words | theirs) if theirs else 0.0

    nearest = max((d for d in documents if d["type"] == "correct"), key=likeness)
    return bool(nearest["answer"] == correct["answer"])


def _shares_words(value: str, answer: str) -> bool:
    return bool(set(re.findall(r"\w+", normalize(value))) & set(re.findall(r"\w+", normalize(answer))))


def sentences_of(article_id: str, text: str, *, title: str | None = None) -> list[Candidate]:
    """Every sentence of a text as a candidate."""
    article = Article(id=article_id, text=text, title=title, outlet=None, path=article_id, content_hash="")
    passage = Passage(id=article_id, article_id=article_id, position=0, start=0, end=len(text), text=text, n_tokens=0)
    hit = SearchHit(passage=passage, article=article, score=0.0, rank=1, scores={})
    return [
        Candidate(
            hit=hit,
            sentence=Sentence(article_id=article_id, position=n, start=start, end=end),
            text=text[start:end],
        )
        for n, (start, end) in enumerate(split_sentences(text))
    ]


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    options = [word for word in sys.argv[2:] if word in ("held", "tune")]
    wanted = [word for word in sys.argv[2:] if word in PARTS]
    report = conflicts(Path(sys.argv[1]), split=(options or ["held"])[0], parts=wanted or PARTS)
    print(json.dumps(report, indent=2))
