"""Is what was found enough? Which sentence answers best? A few signals that explain themselves, and fits.

How they were chosen and fitted, on which data, and what they gain: evals/READER.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.models.reader import weigh_reading
from rag.text.lexicon import without_accents
from rag.text.words import query_terms

# The weight of coverage beside the two cosines in choosing sentences, and what these count for beside the reader.
COVERAGE_WEIGHT, CHEAP_WEIGHT = 0.4, 6.0
MOST_LOG_ODDS = 12.0


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A candidate sentence, and what is known about it. `cosine` is the question's with the sentence,
    `passage_cosine` with the passage it stands in; `score` and `answer_score` are the reader's (see
    `rag.models.reader.Reading`), None where there is none."""

    text: str
    title: str
    cosine: float
    passage_cosine: float
    score: float | None = None
    answer_score: float | None = None

    @property
    def is_read(self) -> bool:
        return self.score is not None

    @property
    def reader_score(self) -> float:
        """What the reader says of the sentence, in one number; -inf where it was not read."""
        return -np.inf if self.score is None else weigh_reading(self.score, self.answer_score)


def likelihoods(question: str, evidence: Sequence[Evidence]) -> list[tuple[float, float]]:
    """How likely each sentence answers, by the reader's score with cosines and coverage, -inf where it was not read;
    and by these alone. Log-odds of no fixed origin: they compare the sentences of one question."""
    terms = _terms(question)
    cheap = [CHEAP_WEIGHT * (e.cosine + e.passage_cosine + COVERAGE_WEIGHT * _coverage(terms, e)) for e in evidence]
    return [(e.reader_score + by, by) for e, by in zip(evidence, cheap, strict=True)]


def ranking(question: str, evidence: Sequence[Evidence]) -> list[int]:
    """The places of all sentences, the one that answers best first: those that were read, then the others."""
    scores = likelihoods(question, evidence)
    return sorted(range(len(evidence)), key=lambda i: scores[i], reverse=True)


def sufficiency(question: str, evidence: Sequence[Evidence], *, reader: str = "") -> float:
    """The probability, 0..1, that one of the sentences answers the question; 0 for no evidence. Compare with ENOUGH.

    `reader` is the name of the one that read: each was fitted for itself. One that points at no words, as a
    cross-encoder by name, has no say: its scores are on a scale of its own."""
    if not evidence:
        return 0.0
    is_read = any(e.answer_score is not None for e in evidence)
    weights = OF_READERS.get(reader, WITH_READER) if is_read else WITHOUT_READER
    found = signals(question, evidence)
    logit = weights["bias"] + sum(weight * found[name] for name, weight in weights.items() if name != "bias")
    return float(1.0 / (1.0 + np.exp(-logit)))


def signals(question: str, evidence: Sequence[Evidence]) -> Mapping[str, float]:
    """What `sufficiency` weighs. At least one piece of evidence is needed. The best sentence is the first of `ranking`.

    `answer`: the reader's score of the words in the best sentence, cut to -12..12; -12 where it points at none.
    `score`: its score of that sentence, cut alike. `cosine`: the highest of a sentence. `passage_cosine`: the highest
    of a passage. `coverage`: the share of the question's content words in the best sentence and its title.
    """
    best = evidence[ranking(question, evidence)[0]]
    return {
        "answer": _cut(best.answer_score),
        "score": _cut(best.score),
        "cosine": max(e.cosine for e in evidence),
        "passage_cosine": max(e.passage_cosine for e in evidence),
        "coverage": _coverage(_terms(question), best),
    }


def _cut(score: float | None) -> float:
    return -MOST_LOG_ODDS if score is None else min(MOST_LOG_ODDS, max(-MOST_LOG_ODDS, score))


_ENDINGS = ("ing", "ed", "es", "s")


def stem(word: str) -> str:
    """The word without its commonest endings: enough to let "warrants" meet "warrant"."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def _terms(question: str) -> set[str]:
    return {stem(without_accents(term)) for term in query_terms(question)}


def _coverage(terms: set[str], evidence: Evidence) -> float:
    text = without_accents(f"{evidence.title} {evidence.text}".lower())
    words = {stem(word) for word in re.findall(r"\w+(?:[.,]\d+)*", text)}
    return len(terms & words) / len(terms) if terms else 1.0


# Fitted by evals/training/fit_sufficiency.py.
WITH_READER = {"bias": 0.546, "answer": 0.0, "score": 0.615}
OF_READERS: Mapping[str, Mapping[str, float]] = {
    "reader-7/all-MiniLM-L6-v2": WITH_READER,
    "reader-7/all-mpnet-base-v2": {"bias": 0.421, "answer": 0.044, "score": 0.21},
}
WITHOUT_READER = {"bias": -3.816, "cosine": 2.847, "passage_cosine": 2.489, "coverage": 2.62}
# From here on an answer is plain: the least of .5, .55, … with which, at 95% confidence, at most 15% of plain answers
# are to questions that nothing answers (evals/READER.md).
ENOUGH = 0.6
# Between the two the likeliest sentence is shown as one that may answer. Below, no language model is asked: 2% of the
# answerable questions it was fitted on are there.
MAYBE = 0.26
