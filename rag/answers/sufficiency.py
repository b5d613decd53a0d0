"""Is what was found enough? Which sentence answers best? Signals that explain themselves, and regressions over them.

How they were fitted, on which data, and what they gain: evals/READER.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.search.retrieval import query_terms

# The weight of coverage beside the cosine in choosing sentences without a reader, and what the two count for beside it.
COVERAGE_WEIGHT, CHEAP_WEIGHT = 0.4, 4.0
# What the words that a reader points at count for beside its judgement of their sentence.
ANSWER_WEIGHT = 0.5


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A candidate sentence, and what is known about it. `cosine` is the question's with the sentence,
    `passage_cosine` with the passage it stands in; `score` and `answer_score` are the reader's (see
    `rag.answers.reader.Reading`), None where there is none."""

    text: str
    passage: str
    title: str
    cosine: float
    passage_cosine: float
    score: float | None = None
    answer_score: float | None = None

    @property
    def reader_score(self) -> float:
        """What the reader says of the sentence, in one number; -inf where it was not read."""
        if self.score is None:
            return -np.inf
        return self.score + ANSWER_WEIGHT * (0.0 if self.answer_score is None else self.answer_score)


SIGNALS = (
    "reader",  # the reader's best score of a sentence, cut to -8..8
    "answer",  # its best score of words, cut to -12..12
    "second",  # its next best score of a sentence
    "cosine",  # the highest cosine of a sentence
    "best_cosine",  # that of the sentence that answers best
    "passage_cosine",  # the highest cosine of a passage
    "coverage",  # the share of the question's content words in the best sentence and its title
    "passage_coverage",  # ... in its passage and title
    "found",  # ... in any of the passages and titles
    "names",  # the share of the question's names and numbers in the best sentence's passage and title, 1 if it has none
    "kind",  # whether the best sentence holds a number, date or name where one is asked for; 0.5 if none is
)

_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|hundreds?|thousands?|millions?|"
    r"billions?|half|quarter|third|twice)\b",
    re.I,
)
_DATE = re.compile(
    r"\b(?:1\d{3}|20\d\d)s?\b|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|\b(?:January|February|March|April|May|"
    r"June|July|August|September|October|November|December|Jan|Feb|Aug|Sept?|Oct|Nov|Dec)\b|"
    r"\b(?:today|yesterday|tomorrow|morning|afternoon|evening|night|weekend|week|month|year|decade|centur(?:y|ie)|hour)s?\b"
)
_NAME = re.compile(r"(?<!^)(?<![.!?“\"] )\b[A-Z][\w’'-]+")
_KINDS = (
    (re.compile(r"\bhow (?:many|much|long|old|often|far|high|tall|large|big|deep|fast|wide)\b", re.I), _NUMBER),
    (re.compile(r"\b(?:what|which) (?:number|share|percentage|sum|amount|size|age)\b", re.I), _NUMBER),
    (re.compile(r"\bwhen\b|\b(?:what|which) (?:date|day|month|year|time|century|decade)\b", re.I), _DATE),
    (re.compile(r"\bwho(?:m|se)?\b|\bwhere\b", re.I), _NAME),
    (
        re.compile(r"\b(?:what|which) (?:country|city|state|town|outlet|court|party|company|team|man|woman)\b", re.I),
        _NAME,
    ),
)
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_ENDINGS = ("ing", "ed", "es", "s")


def ranking(question: str, evidence: Sequence[Evidence]) -> list[int]:
    """The places of all sentences, the one that answers best first: those that were read by the reader's score with
    cosine and coverage, then the others by these alone."""
    cheap = _cheap_scores(question, evidence)
    scores = [e.reader_score + CHEAP_WEIGHT * c for e, c in zip(evidence, cheap, strict=True)]
    return sorted(range(len(evidence)), key=lambda i: (-scores[i], -cheap[i]))


def sufficiency(question: str, evidence: Sequence[Evidence]) -> float:
    """The probability, 0..1, that one of the sentences answers the question; 0 for no evidence. Compare with ENOUGH."""
    if not evidence:
        return 0.0
    is_read = any(e.score is not None for e in evidence)
    weights = WITH_READER if is_read else WITHOUT_READER
    logit = float(np.dot(signals(question, evidence), [weights[name] for name in SIGNALS])) + weights["bias"]
    return float(1.0 / (1.0 + np.exp(-logit)))


def signals(question: str, evidence: Sequence[Evidence]) -> NDArray[np.float64]:
    """What `sufficiency` weighs, (11,) float64, in the order of SIGNALS. At least one piece of evidence is needed.

    The best sentence is the first of `ranking`. Where nothing was read, the reader's signals are 0."""
    terms = {stem(term) for term in query_terms(question)}
    names = {stem(name.lower()) for name in _NAME.findall(question)} | set(_DIGITS.findall(question))
    around = {e.passage: _stems(f"{e.title} {e.passage}") for e in evidence}
    best = evidence[ranking(question, evidence)[0]]
    scores = sorted((e.score for e in evidence if e.score is not None), reverse=True)
    first, second = [*scores, -8.0, -8.0][:2] if scores else (0.0, 0.0)
    answers = [e.answer_score for e in evidence if e.answer_score is not None]
    kind = next((found for asked, found in _KINDS if asked.search(question)), None)
    return np.array(
        [
            np.clip(first, -8.0, 8.0),
            np.clip(max(answers, default=0.0), -12.0, 12.0),
            np.clip(second, -8.0, 8.0),
            max(e.cosine for e in evidence),
            best.cosine,
            max(e.passage_cosine for e in evidence),
            _share(terms, _stems(f"{best.title} {best.text}")),
            _share(terms, around[best.passage]),
            _share(terms, set().union(*around.values())),
            _share(names, around[best.passage]),
            0.5 if kind is None else float(bool(kind.search(best.text))),
        ]
    )


def _cheap_scores(question: str, evidence: Sequence[Evidence]) -> list[float]:
    terms = {stem(term) for term in query_terms(question)}
    return [e.cosine + COVERAGE_WEIGHT * _share(terms, _stems(f"{e.title} {e.text}")) for e in evidence]


def stem(word: str) -> str:
    """The word without its commonest endings: enough to let "warrants" meet "warrant"."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def _stems(text: str) -> set[str]:
    return {stem(word) for word in re.findall(r"\w+(?:[.,]\d+)*", text.lower())}


def _share(wanted: set[str], words: set[str]) -> float:
    return len(wanted & words) / len(wanted) if wanted else 1.0


# Fitted by evals/fit_sufficiency.py; ENOUGH refuses 10% of the answerable questions it was fitted on.
WITH_READER = {
    "bias": -5.589,
    "reader": 0.422,
    "answer": 0.0,
    "second": -0.264,
    "cosine": 1.364,
    "best_cosine": 3.227,
    "passage_cosine": 1.933,
    "coverage": 1.675,
    "passage_coverage": 0.567,
    "found": -0.248,
    "names": 0.133,
    "kind": 0.546,
}
WITHOUT_READER = {
    "bias": -6.596,
    "reader": 0.0,
    "answer": 0.0,
    "second": 0.0,
    "cosine": 3.999,
    "best_cosine": 1.71,
    "passage_cosine": 1.573,
    "coverage": 1.668,
    "passage_coverage": 1.385,
    "found": 0.157,
    "names": 0.236,
    "kind": 0.568,
}
ENOUGH = 0.352
# Below it no language model is asked: 2% of the answerable and 34% of the unanswerable questions it was fitted on are.
HOPELESS = 0.13
