"""Yes or no: what a verifier reads in the likeliest sentences when a question wants one of the two.

The verifiers were trained on questions with "Yes." or "No." behind them (evals/VERIFIER.md); how often they are right
with the thresholds here, and which of them is heard: evals/READER.md, "Yes or no".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rag.answers.sufficiency import ENOUGH, MAYBE
from rag.models.verifier import Verifier, with_context
from rag.search.found import Found
from rag.types import Candidate

# Those that were found to tell yes from no; the built-in one says "yes" where words agree ("Were thirty rescued?" and
# forty were). One that is made anew is to be measured first.
MEASURED = frozenset({"verifier-3/all-mpnet-base-v2"})
# Sentences that are read, the likeliest first, and the length in characters below which one is read among its
# neighbours: "We didn't get it."
MOST_READ, SHORT = 2, 80
# The share, of 1, from which "yes" or "no" is said, and by how much it leads the other; the shares of "neither" from
# which a sentence may answer at most, and from which it does not.
SAID_FROM, AHEAD_BY, NEITHER_FROM, NOT_FROM = 0.75, 0.2, 0.5, 0.7
WORDS = {"yes": "Yes. ", "no": "No. "}
"""What stands before the words of an article that say so."""

_ASKS = re.compile(
    r"(?:(?:and|but|so|then|or)\s+)?(?:did|does|do|is|are|was|were|has|have|had|will|would|can|could|may|might|should|"
    r"must)(?:n['’]t)?\s",
    re.IGNORECASE,
)
_ALTERNATIVE = re.compile(r"\bor\b(?!\s+not\b)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """What was read: "yes" or "no" in the sentence at `place`, "neither" where no sentence says either, None where
    that is not sure or was not asked. `neither` is the share of it in the sentence where it is least."""

    says: Literal["yes", "no", "neither"] | None = None
    place: int | None = None
    neither: float = 0.0

    @property
    def is_made(self) -> bool:
        return self.says in WORDS

    def revised(self, confidence: float) -> float:
        """The `confidence` that a sentence answers, given this."""
        if self.is_made:
            return max(confidence, ENOUGH)
        if self.says != "neither":
            return confidence
        # Not answered: at most a maybe, and none where it is plain.
        return 0.0 if self.neither >= NOT_FROM else min(confidence, (MAYBE + ENOUGH) / 2)


def asks_yes_or_no(question: str) -> bool:
    """Whether the question wants yes or no, and not one of two things: "Did he win or lose?"."""
    text = question.strip()
    return _ASKS.match(text) is not None and not _ALTERNATIVE.search(text)


def rule(question: str, found: Found, places: Sequence[int], verifier: Verifier | None) -> Ruling:
    """What a trained `verifier` reads in the first of the sentences of `found` at `places`, which come likeliest first,
    for a question that wants yes or no; an empty ruling for any other."""
    read = places[:MOST_READ]
    if verifier is None or not read or verifier.name not in MEASURED or not asks_yes_or_no(question):
        return Ruling()
    asked = question.strip().rstrip("? ")
    shown = [_shown(found.candidates, i) for i in read]
    pairs = [(f"{asked}? {word}.", text) for text in shown for word in ("Yes", "No")]
    carried = np.exp(verifier.verify(pairs)).reshape(len(read), 2, 3)
    yes = (carried[:, 0, 0] + carried[:, 1, 1]) / 2
    no = (carried[:, 1, 0] + carried[:, 0, 1]) / 2
    neither = carried[:, :, 2].mean(axis=1)
    place, least = int(np.maximum(yes, no).argmax()), float(neither.min())
    if max(yes[place], no[place]) >= SAID_FROM and abs(yes[place] - no[place]) >= AHEAD_BY:
        return Ruling(says="yes" if yes[place] > no[place] else "no", place=read[place], neither=least)
    return Ruling(says="neither" if least >= NEITHER_FROM else None, neither=least)


def _shown(candidates: Sequence[Candidate], i: int) -> str:
    """The sentence as a verifier reads it: with its title, a short one among its neighbours."""
    one = candidates[i]
    text = one.text
    if len(text) < SHORT:
        around = [c for c in candidates[max(0, i - 1) : i + 2] if c.hit.passage.id == one.hit.passage.id]
        text = " ".join(c.text for c in around)
    return with_context(text, one.hit.article.headline or "")
