"""The same story twice: articles that carry one text (wire copies, trims, light edits), and versions of one piece.

Likely pairs are found by MinHash over word shingles (Broder 1997, "On the resemblance and containment of documents")
in bands (Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", 3.4), so that an article is compared with a
handful of others and not with all. What a band suggests is then compared word for word: nothing rests on a hash.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from rag.text.calendar import date_range
from rag.types import Article, Span

Kind = Literal["copy", "version"]

SHINGLE = 3  # words
N_BANDS, ROWS = 48, 2
SEED = 1
BANDS_VERSION = 1
"""Raised with every change of what a band is: stored bands of another version are made anew."""
# Shared shingles, as a share of those of the shorter text, from which the two texts are one.
SAME_TEXT = 0.45
# An address or a headline that stays says by itself that it is the same piece: less text need be shared.
SAME_PIECE = 0.2
# Figures of the text with fewer of them that the other must hold too. Market and weather reports share their words from
# day to day, and differ in every figure.
SAME_FIGURES = 0.5
# Fewer shared shingles are chance, or one quoted sentence.
MIN_SHINGLES = 20

_WORD = re.compile(r"\w+(?:[.,:]\d+)*")


class Story(NamedTuple):
    """What a text is compared by: its words, lower-cased, in order; all runs of `SHINGLE` of them; its figures."""

    words: tuple[str, ...]
    runs: frozenset[str]
    figures: Counter[str]


def story(article: Article) -> Story:
    """The story of an article, without what is not story (datelines, credits, copyright lines)."""
    return _story(article.text, article.boilerplate)


# An article is compared with several, one after the other, and those of a series with each other.
@lru_cache(maxsize=256)
def _story(text: str, boilerplate: tuple[Span, ...]) -> Story:
    parts, at = [], 0
    for start, end in (*boilerplate, (len(text), len(text))):
        parts.append(text[at:start])
        at = max(at, end)
    words = tuple(_WORD.findall("\n".join(parts).lower()))
    runs = (" ".join(words[i : i + SHINGLE]) for i in range(max(1, len(words) - SHINGLE + 1)) if words)
    return Story(words, frozenset(runs), Counter(word for word in words if any(map(str.isdigit, word))))


def bands(article: Article) -> tuple[int, ...]:
    """`N_BANDS` whole numbers (63 bits). Two articles whose texts share the part J of all their shingles have one of
    them in common with the chance 1 - (1 - J**ROWS)**N_BANDS. None for a text too short to compare."""
    from datasketch import MinHash  # brings scipy, which takes time to import

    runs = story(article).runs
    if len(runs) < MIN_SHINGLES:
        return ()
    # The scheme is named: stored bands must not change with the library's default.
    minhash = MinHash(num_perm=N_BANDS * ROWS, seed=SEED, hashfunc=zlib.crc32, scheme="affine32")
    encoded = [run.encode("utf-8", "surrogatepass") for run in runs]
    for i in range(0, len(encoded), 10_000):  # one matrix of all would be large for a book
        minhash.update_batch(encoded[i : i + 10_000])
    values = minhash.digest()
    made = []
    for i in range(N_BANDS):
        key = zlib.crc32(values[i * ROWS : (i + 1) * ROWS].tobytes())
        made.append(i << 32 | key)
    return tuple(made)


def relation(article: Article, other: Article) -> Kind | None:
    """How `article` is the same story as `other`: a copy of its text, an older or newer version of the piece, or not.

    A version has the address of the other, or its outlet and title, or its outlet and its text, and one of the two is
    known to be later. Reports of two outlets on the same event, and reports of a series whose figures differ, are
    neither.
    """
    mine, theirs = story(article), story(other)
    shared = likeness(mine, theirs)
    if shared < SAME_PIECE:
        return None
    same_url = article.url is not None and article.url == other.url
    same_title = _same(article.outlet, other.outlet) and _same(article.headline, other.headline)
    if is_later(article, other) or is_later(other, article):
        alike = shared >= SAME_TEXT and _same(article.outlet, other.outlet)
        if same_url or ((alike or same_title) and same_figures(mine, theirs)):
            return "version"
    return "copy" if shared >= SAME_TEXT and same_figures(mine, theirs) else None


def likeness(mine: Story, theirs: Story) -> float:
    """Shared shingles as a share of those of the shorter text, 0..1 (containment); 0 where they are too few to tell."""
    shared = len(mine.runs & theirs.runs)
    return shared / min(len(mine.runs), len(theirs.runs)) if shared >= MIN_SHINGLES else 0.0


def same_figures(mine: Story, theirs: Story) -> bool:
    """Whether the text with fewer figures has enough of them in common with the other (fewer than three always)."""
    n = min(sum(mine.figures.values()), sum(theirs.figures.values()))
    return n < 3 or sum((mine.figures & theirs.figures).values()) >= SAME_FIGURES * n


def _same(a: str | None, b: str | None) -> bool:
    return a is not None and b is not None and " ".join(a.split()).casefold() == " ".join(b.split()).casefold()


def is_later(article: Article, other: Article) -> bool:
    """Whether `article` is known to be the later version: by the day it was updated, else published."""
    (first, last), (other_first, other_last) = (date_range(a.updated or a.published) for a in (article, other))
    if first is None or last is None or other_first is None or other_last is None:
        return False
    same_day = first == last == other_first == other_last
    return first > other_last or (same_day and article.updated is not None and other.updated is None)


def sources_note(cited: Sequence[Article], carriers: Sequence[Article]) -> str | None:
    """A sentence on how many independent sources stand behind the cited articles; None where each is its own.

    `carriers` are the articles of their stories, copies included.
    """
    behind = {article.id: article for article in (*cited, *carriers)}
    stories = {article.cluster or article.id for article in behind.values()}
    if len(behind) == len(stories):
        return None
    told = []
    for article in {a.cluster: a for a in reversed(cited) if a.cluster}.values():
        others = [a for a in behind.values() if a.cluster == article.cluster and a.id != article.id]
        if others:
            # Which of them was first, nobody knows: none is said to have copied.
            names = list(dict.fromkeys(map(_name, (article, *others))))
            if len(names) == 1:
                listed = f"{len(others) + 1} articles of {names[0]}"
            else:
                listed = f"{', '.join(names[:4])} …" if len(names) > 4 else f"{', '.join(names[:-1])} and {names[-1]}"
            told.append(f"{listed} carry the same text")
    n = len(stories)
    counted = f"{len(behind)} articles, {n} independent source{'s' if n != 1 else ''}"
    return f"{counted}: {'; '.join(told)}."


def _name(article: Article) -> str:
    title = f"“{article.title}”" if article.title else article.path.rpartition("/")[2]
    return f"{article.outlet}, {title}" if article.outlet else title
