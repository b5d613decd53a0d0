"""The public question sets that `rag/models/reader.py` is fitted on and measured with: evals/READER.md."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from evals.loaders import read_jsonl
from evals.training.rewording import subject_of, yes_no
from evals.training.support_data import Example, fever
from evals.training.texts import Json, digest, json_of, part_of, plain, sentences_of, trimmed, untokenized
from rag.text.sentences import split_sentences


@dataclass(frozen=True, kw_only=True)
class Case:
    """A question over one paragraph. `gold` are the sentences that answer; `doubtful` may, and are never trained on.

    `part` is "adapter", "signals" (fits the logistic regression) or "test" (never fitted)."""

    id: str
    source: str
    part: str
    question: str
    title: str
    sentences: tuple[str, ...]
    gold: frozenset[int] = frozenset()
    doubtful: frozenset[int] = frozenset()
    answers: tuple[str, ...] = ()

    @property
    def paragraph(self) -> str:
        return " ".join(self.sentences)


def cases_of(data: Path) -> list[Case]:
    """Every case of every set, each with its part, with nothing of the test parts left in the others."""
    xquad = list(_squad(json.loads((data / "xquad_en/xquad.en.json").read_text("utf-8"))["data"], "xquad", 1.0, 0.0))
    shifts = list(_squad(json_of(data / "squadshifts/new_wiki_v1.0.json.gz")["data"], "squadshifts", 0.0, 0.15))
    clapnq, qed = list(_clapnq(data)), list(_qed(data))
    held = [case for case in clapnq + qed if case.part == "test"]
    titles = {case.title.lower() for case in held}
    questions = {plain(case.question) for case in held}
    kept = [case for case in qed + clapnq if case.part == "test" or plain(case.question) not in questions]
    seen = questions | {plain(case.question) for case in kept}
    nq = [c for c in _nq(data) if c.title.lower() not in titles and plain(c.question) not in seen]
    paragraphs = {plain(case.paragraph)[:200] for case in xquad}
    squad2 = [c for c in _squad2(data) if c.part == "test" or plain(c.paragraph)[:200] not in paragraphs]
    return xquad + shifts + kept + nq + squad2 + list(_fever(data))


def cases_to_train(cases: Iterable[Case]) -> list[Case]:
    """The cases of the adapter's part of which it is known whether, and where, they are answered."""
    return [case for case in cases if case.part == "adapter" and (case.gold or not case.doubtful)]


def _squad(articles: Iterable[Json], source: str, test: float, signals: float) -> Iterator[Case]:
    for article in articles:
        part = part_of(article["title"], test, signals)
        for paragraph in article["paragraphs"]:
            text = paragraph["context"]
            spans = split_sentences(text)
            for qa in paragraph["qas"]:
                found = [_holding(spans, a["answer_start"], a["answer_start"] + len(a["text"])) for a in qa["answers"]]
                votes = [vote for vote in found if vote is not None]
                if not votes:
                    continue
                best = max(dict.fromkeys(votes), key=votes.count)
                yield Case(
                    id=qa["id"],
                    source=source,
                    part=part,
                    question=trimmed(qa["question"]),
                    title=article["title"].replace("_", " "),
                    sentences=tuple(text[start:end] for start, end in spans),
                    gold=frozenset([best]),
                    doubtful=frozenset(votes) - {best},
                    answers=tuple(a["text"] for a in qa["answers"]),
                )


def _holding(spans: Sequence[tuple[int, int]], start: int, end: int) -> int | None:
    return next((i for i, (a, b) in enumerate(spans) if a <= start and end <= b), None)


def _squad2(data: Path) -> Iterator[Case]:
    truth = json.loads((data / "squad2_sample/ground_truth.json").read_text("utf-8"))
    for query in json.loads((data / "squad2_sample/queries.json").read_text("utf-8"))["queries"]:
        text = query["context"]
        sentences = tuple(sentences_of(text))
        answers = tuple(answer for answer in truth[query["id"]]["answers"] if answer)
        holding = frozenset(i for i, s in enumerate(sentences) if any(answer in s for answer in answers))
        if bool(holding) == truth[query["id"]]["is_impossible"]:
            continue
        yield Case(
            id=query["id"],
            source="squad2",
            part=part_of(text, 0.5, 0.2),
            question=trimmed(query["question"]),
            title="",
            sentences=sentences,
            gold=holding if len(holding) == 1 else frozenset(),
            doubtful=holding if len(holding) > 1 else frozenset(),
            answers=answers,
        )


def _clapnq(data: Path) -> Iterator[Case]:
    records = read_jsonl(data / "clapnq_dev/clapnq_dev_answerable.jsonl.gz")
    records += read_jsonl(data / "clapnq_dev/clapnq_dev_unanswerable.jsonl")
    for record in records:
        passage = record["passages"][0]
        chosen = {s.strip() for output in record["output"] for s in output["selected_sentences"]}
        gold = frozenset(i for i, s in enumerate(passage["sentences"]) if s.strip() in chosen)
        yield Case(
            id=record["id"],
            source="clapnq",
            part=part_of(record["id"], 0.5, 0.25),
            question=trimmed(record["input"]),
            title=passage["title"],
            sentences=tuple(untokenized(s) for s in passage["sentences"]),
            gold=gold,
        )


def _qed(data: Path) -> Iterator[Case]:
    for record in read_jsonl(data / "qed_dev/qed-dev.jsonlines.gz"):
        chosen = record["annotation"].get("selected_sentence")
        if record["annotation"]["explanation_type"] != "single_sentence" or not chosen:
            continue
        text, starts = record["paragraph_text"], [*record["sentence_starts"], len(record["paragraph_text"])]
        if chosen["start"] not in starts[:-1]:
            continue
        yield Case(
            id=str(record["example_id"]),
            source="qed",
            part=part_of(record["title_text"], 0.5, 0.0),
            question=trimmed(record["question_text"]),
            title=record["title_text"],
            sentences=tuple(untokenized(text[a:b]) for a, b in pairwise(starts)),
            gold=frozenset([starts.index(chosen["start"])]),
            answers=tuple(span["string"] for answer in record["original_nq_answers"] for span in answer),
        )


def _nq(data: Path) -> Iterator[Case]:
    for record in read_jsonl(data / "nq_oracle/nq-open-oracle.jsonl.gz"):
        source = record["nq_annotated_gold"]
        text = source["long_answer"]
        sentences = tuple(sentences_of(text))
        answers = tuple(dict.fromkeys([*source["short_answers"], *record["answers"]]))
        holding = [i for i, s in enumerate(sentences) if any(a.lower() in s.lower() for a in answers)]
        if not holding or len(sentences) > 40:
            continue
        # NQ marks the answer, not the sentence: where several hold it, the first mention is taken, if it is short.
        yield Case(
            id="nq-" + digest(record["question"]),
            source="nq",
            part=part_of(record["question"], 0.0, 0.15),
            question=trimmed(record["question"]),
            title=source["title"],
            sentences=sentences,
            gold=frozenset(holding[:1]) if len(holding) <= 2 else frozenset(),
            doubtful=frozenset(holding[1:] if len(holding) <= 2 else holding),
            answers=answers,
        )


def _fever(data: Path) -> Iterator[Case]:
    """Claims of FEVER as questions to be answered by yes or no, over the sentence that settles each, among those that
    settle other claims on its subject."""
    claims = [c for c in fever(data, 10_000) if not c.is_held_out and len(split_sentences(c.evidence[0])) == 1]
    by_subject: dict[str, list[Example]] = defaultdict(list)
    for claim in claims:
        by_subject[subject_of(claim.claim)].append(claim)
    for claim in claims:
        text, subject = claim.evidence[0], subject_of(claim.claim)
        question = yes_no(claim.claim)
        if not question or len(text.split()) > 80:
            continue
        asked = set(plain(claim.claim).split())
        same = {text} | {o.evidence[0] for o in by_subject[subject] if len(asked & set(plain(o.claim).split())) > 4}
        others = [t for t in dict.fromkeys(o.evidence[0] for o in by_subject[subject]) if t not in same][:3]
        others.insert(int(digest(question), 16) % (len(others) + 1), text)
        yield Case(
            id="fever-" + digest(claim.claim),
            source="fever",
            part="adapter",
            question=question,
            title=subject,
            sentences=tuple(others),
            gold=frozenset([others.index(text)]),
        )
