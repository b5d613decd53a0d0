"""The invented news of `data/news.jsonl.gz`: passages with claims and questions, for training only (data/README.md)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from evals.loaders import read_jsonl
from evals.training.texts import Json, sentences_of_paragraphs
from rag.errors import BylineError

NEWS = Path(__file__).parent / "data" / "news.jsonl.gz"

Outcome = Literal["carried", "contradicted", "not_there"]

_POLAR = frozenset("is are was were did does do has have had will would can could".split())


@dataclass(frozen=True, kw_only=True)
class Claim:
    text: str
    outcome: Outcome
    kind: str


@dataclass(frozen=True, kw_only=True)
class Question:
    """`answer` is a span of the passage, None where the passage does not answer. `says` is "yes" or "no" where it is
    known which of them answers."""

    text: str
    answer: str | None
    says: Literal["yes", "no"] | None = None

    @property
    def is_polar(self) -> bool:
        """Whether it is answered by yes or no."""
        return self.text.split()[0].lower() in _POLAR


@dataclass(frozen=True, kw_only=True)
class NewsPassage:
    """An invented report: `text` is its paragraphs, parted by blank lines. What is held out is not trained on: how the
    models are weighed is fitted on it."""

    id: str
    topic: str
    title: str
    text: str
    claims: tuple[Claim, ...]
    questions: tuple[Question, ...]
    is_held_out: bool = False

    @property
    def sentences(self) -> tuple[str, ...]:
        return sentences_of_paragraphs(self.text)


def news_passages(path: Path = NEWS, *, held_out: bool = False) -> list[NewsPassage]:
    """The passages to train on, or those that are held out. BylineError where the file is not there, or a row is not as
    data/README.md says."""
    return [passage for passage in map(_passage, read_jsonl(path)) if passage.is_held_out == held_out]


def _passage(row: Json) -> NewsPassage:
    def wrong(what: str) -> BylineError:
        return BylineError(f"passage {row.get('id')!r} of the training news {what}: see evals/training/data/README.md.")

    try:
        passage = NewsPassage(
            **{key: row[key] for key in ("id", "topic", "title", "text")},
            claims=tuple(Claim(text=c["text"], outcome=c["label"], kind=c["kind"]) for c in row["claims"]),
            questions=tuple(Question(text=q["text"], answer=q["answer"], says=q.get("says")) for q in row["questions"]),
            is_held_out=row.get("held_out", False),
        )
    except KeyError as error:
        raise wrong(f"has no {error}") from None
    for claim in passage.claims:
        if claim.outcome not in ("carried", "contradicted", "not_there"):
            raise wrong(f"has a claim that is {claim.outcome!r}; allowed are carried, contradicted and not_there")
    for question in passage.questions:
        if question.answer is not None and (not question.answer or question.answer not in passage.text):
            raise wrong(f"does not hold the answer {question.answer!r}")
    return passage
