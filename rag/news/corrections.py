"""What an article corrects: "An earlier version misstated her age. She was 44, not 41." English only."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.checking.facts import Item, Reading, read
from rag.types import Article

# So much of the article before the sentence, beside its title, is read to find that it corrects, and what.
BEFORE = 400
_CORRECTS = re.compile(
    r"\b(?:corrections?|corrected|clarification|misstated|misreported|misspelled|misidentified|incorrectly|erroneously|"
    r"earlier version|previous version)\b",
    re.IGNORECASE,
)
_COMPARED = frozenset({"number", "date", "name"})


@dataclass(frozen=True, slots=True)
class Correction:
    """The words that are right, and those that were wrong. `is_followed` where the claim has the right ones."""

    right: str
    wrong: str
    is_followed: bool


def correction_of(claim: str, article: Article, start: int, end: int) -> Correction | None:
    """What the sentence at `start`..`end` corrects of a figure, date or name in the claim.

    It says "X, not Y", one of which the claim has, stands in a correction, and that has two of the claim's names, or
    its only one.
    """
    sentence = article.text[start:end]
    around = f"{article.headline or ''}. {article.text[max(0, start - BEFORE) : end]}"
    if not re.search(r",\s+(?:and\s+)?not\b", sentence) or not _CORRECTS.search(around):
        return None
    ours, theirs = read(claim), read(sentence)
    for n, item in enumerate(theirs.items):
        if item.text.lower() != "not":
            continue
        wrong = _run(theirs, n, 1, None)
        right = _run(theirs, n, -1, wrong[0].kind) if wrong else []
        keys = {i.key for i in wrong}
        mended = {i.key for i in right}
        if not right or (keys <= ours.keys) == (mended <= ours.keys):
            continue
        named = ours.names - keys - mended
        shared = named & read(around).names
        if shared and len(shared) >= min(2, len(named)):
            return Correction(_text(sentence, right), _text(sentence, wrong), is_followed=mended <= ours.keys)
    return None


def _run(reading: Reading, n: int, step: int, kind: str | None) -> list[Item]:
    """The nearest figure, date or whole name before (`step` -1) or behind (1) item `n`, of this kind where one is
    given, with no other content between."""
    found: list[Item] = []
    at = n + step
    while 0 <= at < len(reading.items):
        item = reading.items[at]
        if item.is_content:
            if item.kind not in _COMPARED or (found and item.kind != found[0].kind) or (kind and item.kind != kind):
                break
            found.append(item)
        elif found:
            break
        at += step
    return found[::step]


def _text(sentence: str, run: list[Item]) -> str:
    return " ".join(sentence[run[0].start : run[-1].end].split())
