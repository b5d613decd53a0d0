"""Who says it, and where articles differ: precision before recall. Run with `python -m evals.conflicts DATA`.

Four parts. Speakers: sentences of GUM's Wikinews articles, annotated by hand in evals/data/wikinews_speakers.jsonl, the
half of the articles that was not tuned on. Stories: invented pairs of reports under tests/stories, asked through
`Library.ask`; every odd one was held out. Unrelated: sentences of different articles laid side by side, where nothing
may be reported. RAMDocs (Wang et al. 2025): documents with conflicting answers, misinformation and noise.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from embeddings import Embedder, Vectors, load_embedder
from evals.loaders import read_jsonl
from evals.metrics import summary
from evals.suites import library_of
from rag.ingest.passages import split_sentences
from rag.news.conflicts import NEAR, compare
from rag.news.differences import changes
from rag.news.speakers import find_speaker
from rag.types import Article, Candidate, Passage, SearchHit, Sentence

Json = dict[str, Any]
HERE = Path(__file__).parent
STORIES = HERE.parent / "tests" / "stories" / "pairs.jsonl"
N_QUESTIONS = 150  # of RAMDocs
N_NEAREST = 16  # sentences nearest to a question, as in an answer


def conflicts(data: Path, *, split: str = "held") -> Json:
    """The report of all parts. `split` is "held" or "tune"."""
    embedder = load_embedder()
    metrics: Json = {}
    for part in (speakers(data, split), stories(split), unrelated(data, embedder), ramdocs(data, embedder)):
        metrics |= part
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


def stories(split: str) -> Json:
    """Recall of true disagreements, how many have the right kind, and the share of those reported that are true."""
    rows = read_jsonl(STORIES)
    true_pairs = [{f"{row['id']}a", f"{row['id']}b"} for row in rows if row["expect"]]
    records = (
        {"id": row["id"] + side, **{name: value for name, value in row[side].items() if value}}
        for row in rows
        for side in "ab"
    )
    found, right_kind, reported, seconds = [], [], [], []
    with library_of(records, None) as library:
        for row in (row for row in rows if row["split"] == split):
            started = time.perf_counter()
            answer = library.ask(row["question"])
            seconds.append(time.perf_counter() - started)
            kinds = {}
            for disagreement in answer.disagreements:
                ids = {c.article.path.rpartition("#")[2] for c in disagreement.citations}
                reported.append(float(ids in true_pairs))
                if ids == {f"{row['id']}a", f"{row['id']}b"}:
                    kinds[row["id"]] = disagreement.kind
            if row["expect"]:
                found.append(float(row["id"] in kinds))
                if row["id"] in kinds:
                    right_kind.append(float(kinds[row["id"]] == row["expect"]))
    return {
        "stories_recall": summary(found),
        "stories_precision": summary(reported),
        "stories_kind": summary(right_kind),
    }


def unrelated(data: Path, embedder: Embedder) -> Json:
    """The share of pairs of unrelated articles (all of Wikinews; XQuAD paragraphs of different articles) with anything
    reported. All sentences of one are laid beside all of the other."""
    news = [(r["title"], r["text"]) for r in read_jsonl(data / "gum_wikinews" / "articles.jsonl")]
    file = json.loads((data / "xquad_en" / "xquad.en.json").read_text(encoding="utf-8"))
    paragraphs = [(a["title"], p["context"]) for a in file["data"] for p in a["paragraphs"]]
    metrics = {}
    for name, texts in (("wikinews", news), ("xquad", paragraphs)):
        sides = [_sentences(str(n), text, title=title) for n, (title, text) in enumerate(texts)]
        vectors = [embedder.encode_passages([c.text for c in side]) for side in sides]
        pairs = [(i, j) for i, j in itertools.combinations(range(len(texts)), 2) if texts[i][0] != texts[j][0]]
        random.Random(0).shuffle(pairs)
        values = []
        for i, j in pairs[:3000]:
            found = list(_across(sides[i], sides[j], vectors[i], vectors[j]))
            for change in found:
                print(f"{name}: {change}", file=sys.stderr)
            values.append(float(bool(found)))
        metrics[f"unrelated_reported_{name}"] = summary(values)
    return metrics


def _across(a: Sequence[Candidate], b: Sequence[Candidate], ours: Vectors, theirs: Vectors) -> Iterator[str]:
    cosines = ours @ theirs.T
    for i, j in np.argwhere(cosines >= NEAR).tolist():
        if change := compare(a[i], b[j], cosine=float(cosines[i, j])):
            yield f"{change.values} {a[i].text!r} {b[j].text!r}"


def ramdocs(data: Path, embedder: Embedder) -> Json:
    """Of the differences reported among the sentences nearest to a question, the share between two documents that are
    annotated with different answers; and the share of questions with such documents where one is reported."""
    rows = read_jsonl(data / "ramdocs" / "RAMDocs_test.jsonl.gz")
    random.Random(0).shuffle(rows)
    right, found = [], []
    for row in rows[:N_QUESTIONS]:
        documents = row["documents"]
        candidates = [c for n, d in enumerate(documents) for c in _sentences(str(n), d["text"])]
        if not candidates:
            continue
        vectors = embedder.encode_passages([c.text for c in candidates])
        query = embedder.encode_queries([row["question"]])[0]
        nearest = np.argsort(-(vectors @ query), kind="stable")[:N_NEAREST].tolist()
        reported = []
        for change in changes([candidates[n] for n in nearest], [vectors[n] for n in nearest]):
            a, b = (candidates[nearest[n]] for n in (change.first, change.second))
            answers = [documents[int(c.hit.article.id)]["answer"] for c in (a, b)]
            reported.append(float(answers[0] != answers[1] and "unknown" not in answers))
            print(f"ramdocs {row['question']} {change.values} {answers}", file=sys.stderr)
        right += reported
        if len({d["answer"] for d in documents} - {"unknown"}) > 1:
            found.append(float(any(reported)))
    return {"ramdocs_precision": summary(right), "ramdocs_recall": summary(found)}


def _sentences(article_id: str, text: str, *, title: str | None = None) -> list[Candidate]:
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


if __name__ == "__main__":
    print(json.dumps(conflicts(Path(sys.argv[1]), split=(sys.argv[2:] or ["held"])[0]), indent=2))
