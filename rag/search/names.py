"""The other forms of the names in a question, as the articles give them (`rag.text.names`)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rag.text.lexicon import FUNCTION
from rag.text.names import LONGEST_NAME, SMALL, Pair, fold

MAX_WORDS = 64  # of a question that are looked at
# What readers of English know without being told. As in the articles, each short form means one name.
COMMON = (
    Pair("us", "united states", True),
    Pair("usa", "united states", True),
    Pair("uk", "united kingdom", True),
    Pair("un", "united nations", True),
    Pair("eu", "european union", True),
)
Lookup = Callable[[Sequence[str]], Iterable[Pair]]
"""Folded names -> all pairs in which one of them is the short form, or that share a short form with a pair in which
one is the long form."""

_WORD = re.compile(r"(?:[^\W\d_]\.){2,}(?:[^\W\d_]\b)?|[^\W_]+(?:[-/&][^\W_]+)*")


@dataclass(frozen=True, kw_only=True)
class OtherName:
    """`question[start:end]` is a name; `other` is what it is called too, folded."""

    start: int
    end: int
    other: str

    @property
    def terms(self) -> list[str]:
        """What to search for: words of their own (small ones apart)."""
        return [word for word in self.other.split() if word not in SMALL]


def other_names(question: str, lookup: Lookup) -> list[OtherName]:
    """The names in `question` that have another form, in order, the longest where they overlap.

    A short form that stands for two names, here or in the articles, is left alone, and so is a name whose other form
    the question has already.
    """
    words = list(_WORD.finditer(question))[:MAX_WORDS]
    has_capitals = question.lower() != question and question.upper() != question
    spans: dict[tuple[int, int], str] = {}
    for i in range(len(words)):
        for j in range(i, min(i + LONGEST_NAME, len(words))):
            text = question[words[i].start() : words[j].end()]
            if j > i or _can_be_short(text, has_capitals):
                spans[i, j] = fold(text)
    longs: dict[str, list[Pair]] = defaultdict(list)
    for pair in (*lookup(sorted(set(spans.values()))), *COMMON):
        longs[pair.short].append(pair)
    others: dict[str, set[str]] = defaultdict(set)
    for short, known in longs.items():
        spellings = _one_name(known)
        others[short] |= spellings
        for long in spellings:
            others[fold(long)].add(short)
    asked = f" {fold(question)} "
    found: list[OtherName] = []
    end = -1
    for i, j in sorted(spans, key=lambda span: (span[0], -span[1])):
        if i > end and (known_as := others.get(spans[i, j])):
            end = j
            at = {"start": words[i].start(), "end": words[j].end()}
            found += [OtherName(**at, other=other) for other in sorted(known_as) if f" {fold(other)} " not in asked]
    return found


def _can_be_short(word: str, has_capitals: bool) -> bool:
    """ "who" and "us" are words, "WHO" and "US" names; where nothing has a capital, "icc" may be one too."""
    if has_capitals:
        return sum(c.isupper() for c in word) >= 2
    return len(word) > 2 and word.lower() not in FUNCTION


def _one_name(pairs: Sequence[Pair]) -> set[str]:
    """The name that a short form stands for, in each spelling; none where it stands for two. What is stated counts
    before what is not."""
    names = {pair.long for pair in pairs if pair.stated} or {pair.long for pair in pairs}
    first = min(names)
    return names if all(_same(first, name) for name in names) else set()


def _same(a: str, b: str) -> bool:
    """Spelled nearly alike: "organization" and "organisation"."""
    words, others = a.split(), b.split()
    return len(words) == len(others) and all(v[:5] == w[:5] for v, w in zip(words, others, strict=True))
