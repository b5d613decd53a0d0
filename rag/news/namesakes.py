"""Two persons of one name, told apart by what cannot hold of one. Pure functions. English only.

Told apart are ages that no one person can have on the days of the two articles, and, where two articles have no other
name in common, persons who are introduced by words that the other article does not have.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from rag.text.facts import read
from rag.text.lexicon import FUNCTION, TITLES, stem
from rag.types import Article, Candidate

# An age counts in whole years, and articles say it late or early.
YEARS_OFF = 2
_NAME = re.compile(r"\b[A-Z][\w’'-]+(?:\s+(?:[A-Z]\.|(?:de|van|von|der|al|bin|la|du)))*(?:\s+[A-Z][\w’'-]+)+")
_DIED = r"(?:died|dies|has died|was killed|is dead|was found dead|passed away)\b"


@dataclass(frozen=True, kw_only=True)
class Namesakes:
    """The name as the question has it, and of two articles the sentence that introduces each person."""

    name: str
    one: Candidate
    other: Candidate


def namesakes(question: str, candidates: Sequence[Candidate]) -> Namesakes | None:
    """Two persons that a name of the question may mean, by the sentences that were found; None where the articles do
    not show more than one."""
    for match in _NAME.finditer(question):
        name = re.sub(r"['’]s?$", "", match[0])
        words = name.split()
        first = {c.hit.article.id: c for c in reversed(candidates) if name in c.text}
        for one, other in combinations(first.values(), 2):
            if _are_two(name, words[-1], one.hit.article, other.hit.article):
                return Namesakes(name=name, one=one, other=other)
    return None


def _are_two(name: str, surname: str, a: Article, b: Article) -> bool:
    years = [int(article.published[:4]) if article.published else None for article in (a, b)]
    ages = [_age(surname, article) for article in (a, b)]
    if None not in (*years, *ages):
        born = [year - age for year, age in zip(years, ages, strict=True)]  # type: ignore[operator]
        return bool(abs(born[0] - born[1]) > YEARS_OFF)
    if _is_apart(name, a, b) and _is_apart(name, b, a):
        kinds = [_called(name, surname, article) for article in (a, b)]
        return bool(kinds[0] and kinds[1]) and not kinds[0] & _words(b) and not kinds[1] & _words(a)
    return False


def _age(surname: str, article: Article) -> int | None:
    """How old the person is on the day of the article, where it says so."""
    text = f"{article.title or ''}. {article.text}"
    found = re.search(
        rf"\b{re.escape(surname)}(?:,\s+(?:aged\s+)?|\s+\(|,\s+who\s+is\s+)(\d\d)(?=[,.);\s])"
        rf"|\b(\d\d)-year-old\s+(?:[\w-]+\s+){{0,4}}{re.escape(surname)}\b"
        rf"|\b{re.escape(surname)}\b[^\n]*?\b(?:{_DIED})[^\n]*?(?:\bat(?:\s+the\s+age\s+of)?\s+|[Hh]e\s+was\s+|[Ss]he\s+was\s+|aged\s+)(\d\d)\b",
        text,
    )
    return int(next(filter(None, found.groups()))) if found else None


def _is_apart(name: str, a: Article, b: Article) -> bool:
    """Whether article `a` has no name of `b` but this one."""
    own = read(name).keys
    theirs = {item.key for item in read(b.text).items if item.kind == "name"} - own
    ours = {item.key for item in read(a.text).items if item.kind == "name"} - own
    return not ours & theirs


def _called(name: str, surname: str, article: Article) -> frozenset[str]:
    """Stems of the words that introduce the person: "the poet John Harrow", "Harrow, an economist, …"."""
    found = re.findall(rf"\b(?:[Tt]he|[Aa]n?)\s+((?:[a-z][\w-]*\s+){{1,3}}){re.escape(name)}", article.text)
    found += re.findall(rf"\b{re.escape(surname)},\s+(?:an?|the)\s+((?:[a-z][\w-]*\s*){{1,4}})", article.text)
    words = {stem(word) for words in found for word in words.split() if word not in FUNCTION and word not in TITLES}
    return frozenset(words)


def _words(article: Article) -> frozenset[str]:
    return frozenset(stem(word) for word in re.findall(r"[a-z][\w-]*", article.text))
