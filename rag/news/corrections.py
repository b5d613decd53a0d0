"""What an article corrects: "An earlier version misstated her age. She was 44, not 41." English only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rag.text.facts import Item, Reading, read
from rag.text.sentences import split_sentences
from rag.types import Article, Span

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


# --- what an article says of itself

_HEADED = re.compile(
    r"^\W*(?:corrections?|clarifications?|corrected|erratum|correction and clarification)\b(?:\s*\([^)\n]*\))?"
    r"(?:\s+(?:to|on|of)\b[^.:\n]{0,60})?\W*(?:[:.–—-]|\n|$)|^\W*corrects\s|^\W*editor['’]?s['’]?\s+note\b",
    re.IGNORECASE,
)
_ITSELF = re.compile(
    r"\b(?:(?:this|an?\s+(?:earlier|previous|prior)|the\s+(?:original|first|earlier|previous))\s+"
    r"(?:version|edition|article|story|report|piece|headline|post)|we\s+(?:wrote|said|reported|misstated|regret))\b",
    re.IGNORECASE,
)
_AMENDS = re.compile(
    r"\b(?:correct|amend|clarif|misstate|misreport|misspell|misspelt|misidentif|mistaken|incorrect|erroneous|wrong|inaccura|"
    r"regret|(?:earlier|previous|prior|original)\s+version)",
    re.IGNORECASE,
)
_WRONG = re.compile(
    r"\b(?:(?:earlier|previous|prior|original|first)\s+(?:version|edition|article|story|report|headline)|misstate|misreport|"
    r"misspell|misspelt|misidentif|mistakenly|incorrect|erroneous|wrong|inaccura|originally|we\s+(?:wrote|said|reported)"
    r"|(?:first|initially|previously|had)\s+(?:said|gave|given|wrote|written|stated|reported|read|put)\b)",
    re.IGNORECASE,
)
# Where what is right and what was wrong change places within a sentence, and where a new statement begins.
_TURNS = re.compile(r"\b(?:and\s+not|not|rather\s+than|instead\s+of)\b", re.IGNORECASE)
_BEGINS = re.compile(r"[;:]\s|,\s+(?=(?:but\s+)?(?:it|he|she|they|there|in\s+fact|the\s+(?:correct|right|actual))\b)")
_FIGURES = frozenset({"number", "date"})
# Notices stand at the top or at the end; so many paragraphs of each are looked at.
AT_ENDS = 4


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A paragraph in which an article corrects itself: its sentences, half-open, and what it says was wrong and is
    right: keys of figures, dates and names. `words` are the keys of all of it."""

    sentences: tuple[Span, ...]
    right: frozenset[str]
    wrong: frozenset[str]
    right_names: frozenset[str]
    wrong_names: frozenset[str]
    words: frozenset[str]


def notices(article: Article) -> tuple[Notice, ...]:
    """The notices in an article's own text (boilerplate left out), in order."""
    return _notices(article.text, article.boilerplate)


@lru_cache(maxsize=256)
def _notices(text: str, boilerplate: tuple[Span, ...]) -> tuple[Notice, ...]:
    return tuple(_read_notice(text, start, end) for start, end in _paragraphs(text, boilerplate))


def _paragraphs(text: str, boilerplate: tuple[Span, ...]) -> Iterator[Span]:
    spans = [match.span() for match in re.finditer(r"\S(?:.|\n(?!\s*\n))*", text)]
    spans = [(a, b) for a, b in spans if not any(a < end and start < b for start, end in boilerplate)]
    taken = -1  # the paragraph that a heading before it has taken
    for n, (start, end) in enumerate(spans):
        if n == taken or AT_ENDS <= n < len(spans) - AT_ENDS:
            continue
        headed = _HEADED.match(text[start:end])
        if headed and end - start < 30 and n + 1 < len(spans):  # "Correction" by itself is the heading of the next
            taken = n + 1
            yield start, spans[taken][1]
        elif headed or (_ITSELF.search(text, start, end) and _AMENDS.search(text, start, end)):
            yield start, end


def _read_notice(text: str, start: int, end: int) -> Notice:
    spans = tuple((start + a, start + b) for a, b in split_sentences(text[start:end]))
    found: dict[bool, set[str]] = {True: set(), False: set()}
    named: dict[bool, set[str]] = {True: set(), False: set()}
    for a, b in spans:
        sentence = text[a:b]
        reading = read(sentence)
        starts = sorted({0, *(m.end() for m in _BEGINS.finditer(sentence))})
        for first, last in zip(starts, [*starts[1:], len(sentence)], strict=True):
            turns = [m.start() for m in _TURNS.finditer(sentence, first, last)]
            # "14, not 41 as we wrote": what stands behind a turn says nothing of what stands before it.
            is_right = _WRONG.search(sentence, first, turns[0] if turns else last) is None
            for item in reading.items:
                # "His first name": an ordinal says nothing of what was wrong.
                if first <= item.start < last and item.kind in _COMPARED and not item.key.endswith("."):
                    flips = sum(turn < item.start for turn in turns)
                    (found if item.kind in _FIGURES else named)[is_right == (flips % 2 == 0)].add(item.key)
    return Notice(
        sentences=spans,
        right=frozenset(found[True]),
        wrong=frozenset(found[False]),
        right_names=frozenset(named[True]),
        wrong_names=frozenset(named[False]),
        words=read(text[start:end]).keys,
    )


def touches(notice: Notice, quote: str) -> Literal["wrong", "near"] | None:
    """What a notice of the same article means for words of it: "wrong" where they have what it says was wrong, "near"
    where they have another figure than it beside the same name; None where it has nothing to do with them."""
    ours = read(quote)
    figures = frozenset(item.key for item in ours.items if item.kind in _FIGURES)
    about = (ours.keys & notice.words) - figures - notice.wrong_names - notice.right_names
    if figures & (notice.wrong - notice.right) and (about or ours.names & notice.words):
        return "wrong"
    misnamed, renamed = notice.wrong_names - notice.right_names, notice.right_names - notice.wrong_names
    if misnamed and renamed and not notice.wrong and misnamed <= ours.names:
        return "wrong"
    if figures & notice.right or (renamed & ours.names and not notice.wrong):
        return None  # it follows the notice
    is_rival = notice.right and not notice.wrong and figures
    return "near" if is_rival and ours.names & notice.words else None
