"""Who writes the answer. `extractive` is built in: it quotes the sentences that answer, and needs no language model."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.citations import attribution
from rag.retrieval import query_terms
from rag.types import BylineError, Candidate, Draft, Writer

# Weights of the extractive score, and the score below which nothing is said to answer. Chosen on XQuAD and QED,
# which hold no news: see evals/RESULTS.md for the figures and the command.
COVERAGE_WEIGHT = 0.4
PASSAGE_WEIGHT = 0.1
KIND_WEIGHT = 0.1
ANSWERS_FROM = 0.62
# A further sentence joins the answer when it scores at least this share of the best.
ALSO_FROM = 0.9
MAX_SENTENCES = 3

_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|dozens?|hundreds?|thousands?|millions?)\b", re.I
)
_DATE = re.compile(
    r"\b(?:1\d{3}|20\d\d)\b|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|\b(?:January|February|March|April|May|June|July|"
    r"August|September|October|November|December|Jan|Feb|Aug|Sept?|Oct|Nov|Dec)\b|\b(?:today|yesterday|week|month|year)s?\b"
)
_NAME = re.compile(r"(?<!^)(?<![.!?“\"] )\b[A-Z][\w’'-]+")
_KINDS = (
    (
        re.compile(
            r"\bhow (?:many|much|long|old|often|far|high|large|big)\b|\bwhat (?:number|share|percentage|sum)\b", re.I
        ),
        _NUMBER,
    ),
    (re.compile(r"\bwhen\b|\b(?:what|which) (?:date|day|month|year|time)\b", re.I), _DATE),
    (
        re.compile(r"\bwho(?:m|se)?\b|\bwhere\b|\b(?:what|which) (?:country|city|outlet|court|party|company)\b", re.I),
        _NAME,
    ),
)


class Extractive:
    """Picks the sentences that answer and quotes them, each with its outlet and date.

    A sentence scores by its similarity to the question, the share of the question's content words in it, the rank
    score of its passage, and whether it holds the kind of thing asked for (a number, a date, a name).
    """

    name = "extractive"
    prompt_version = "extractive-1"

    def draft(self, question: str, candidates: Sequence[Candidate], *, cosines: Sequence[float]) -> list[Draft]:
        scored = sorted(
            (
                (extractive_score(question, c, cosine), -i)
                for i, (c, cosine) in enumerate(zip(candidates, cosines, strict=True))
            ),
            reverse=True,
        )
        chosen: list[Candidate] = []
        for score, minus_i in scored:
            candidate = candidates[-minus_i]
            if score < max(ANSWERS_FROM, ALSO_FROM * scored[0][0]) or len(chosen) == MAX_SENTENCES:
                break
            if all(candidate.text != other.text for other in chosen):
                chosen.append(candidate)
        return [Draft(text=f"{attribution(c.hit.article)}: “{c.text}”", sources=(c,)) for c in chosen]


def extractive_score(question: str, candidate: Candidate, cosine: float) -> float:
    """How well a sentence answers; higher is better, about 0 to 1.6."""
    terms = {_stem(term) for term in query_terms(question)}
    words = {_stem(word) for word in query_terms(f"{candidate.hit.passage.heading} {candidate.text}")}
    coverage = len(terms & words) / len(terms)
    kind = next((found for asked, found in _KINDS if asked.search(question)), None)
    fits = 0.5 if kind is None else float(bool(kind.search(candidate.text)))
    return cosine + COVERAGE_WEIGHT * coverage + PASSAGE_WEIGHT * candidate.hit.score + KIND_WEIGHT * fits


def load_model(spec: str) -> Writer:
    """The writer that `spec` names. BylineError when there is none."""
    if spec == "extractive":
        return Extractive()
    raise BylineError(f"there is no model {spec!r}: use extractive.")


def _stem(word: str) -> str:
    """The word without its commonest endings: enough to let "warrants" meet "warrant"."""
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word
