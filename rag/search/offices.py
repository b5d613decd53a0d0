"""Who holds the office that a question says, as the articles give it (`rag.ingest.offices`). The reverse, the office of
a person whom the question names, was measured and gained nothing (evals/RESULTS.md)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rag.ingest.offices import GENERIC, HEAD, RANKS, Holder, Office, office
from rag.text.lexicon import FUNCTION
from rag.text.names import fold
from rag.text.reporting import REPORTING

MOST_HOLDERS = 3  # of one office, one after the other or beside each other; more is no one's name
MAX_BEFORE, MAX_BEHIND = 6, 8  # words

Lookup = Callable[[str], Iterable[Holder]]
"""The head of an office -> all who hold one with it."""

_WORD = re.compile(r"(?:[^\W\d_]\.){2,}|[^\W_]+(?:[-/&.][^\W_]+)*(?:['’]s?\b)?|[,;:?!()\"“”]")
_HEAD = re.compile(rf"\b(?:{HEAD})\b(?!['’]?s? (?:{HEAD})\b)", re.I)
_OF = frozenset("of for at from to in".split())
_THEN = frozenset({"of", "for"})
_INDEFINITE = frozenset("a an any some no another each every which what".split())


@dataclass(frozen=True, kw_only=True)
class Mention:
    """`question[start:end]` says an office; `holders` are those whom it may mean, in full and folded."""

    start: int
    end: int
    holders: tuple[str, ...]


def holders_asked_for(question: str, lookup: Lookup) -> list[Mention]:
    """The offices in `question` that the articles give somebody for whom it does not name, see `held_by`."""
    found: list[Mention] = []
    asked = f" {fold(question)} "
    for readings in _offices(question):
        for start, end, said in readings:
            persons = held_by(said, lookup(said.head))
            persons = [person for person in persons if f" {person.split()[-1]} " not in asked]
            if persons and (not found or start >= found[-1].end):
                found.append(Mention(start=start, end=end, holders=tuple(persons)))
                break
    return found


def held_by(said: Office, known: Iterable[Holder]) -> list[str]:
    """Who holds the office said, in full: those whose office has all the words of the question, or, where none has,
    those whose article says the rest of them. More than one only where they hold the same office, as one after the
    other does; none where different people may be meant."""
    if said.head in GENERIC and not said.which:
        return []
    known = [h for h in known if h.head == said.head and RANKS & said.which == RANKS & set(h.which.split())]
    fitting = [h for h in known if said.which <= set(h.which.split())]
    if not fitting:
        fitting = [h for h in known if _may_be(said.which, set(h.which.split()), set(h.around.split()))]
    exact = [h for h in fitting if set(h.which.split()) == said.which]
    if said.which and exact:
        fitting = exact
    surnames: dict[str, str] = {}
    for h in fitting:
        surname = h.person.split()[-1]
        if len(h.person) > len(surnames.get(surname, "")):
            surnames[surname] = h.person
    if len(surnames) > 1 and (not said.which or len({h.which for h in fitting}) > 1 or len(surnames) > MOST_HOLDERS):
        return []
    return sorted(surnames.values())


def _may_be(asked: frozenset[str], which: set[str], around: set[str]) -> bool:
    """Whether an office that lacks words of the question is the one all the same, as "the environment minister" in an
    article about Canada is Canada's."""
    missing = asked - which
    return missing <= around and (not which or bool(asked & which))


def _offices(question: str) -> Iterable[list[tuple[int, int, Office]]]:
    """The offices that a question says, each in the ways in which it may be read, the longest first: "the director of
    the study say" may end with a noun or a verb."""
    words = list(_WORD.finditer(question))
    for head in _HEAD.finditer(question):
        inside = [i for i, word in enumerate(words) if head.start() <= word.start() < head.end()]
        if not inside:
            continue
        first, determiner = _begins(words, inside[0])
        if determiner in _INDEFINITE:
            continue
        readings = []
        for last in _ends(words, inside[-1]):
            start, end = words[first].start(), words[last].end()
            said = office(question[start:end])
            if said is not None and (said.which or determiner):
                readings.append((start, end, said))
        yield readings


def _begins(words: Sequence[re.Match[str]], i: int) -> tuple[int, str]:
    """The first word of the office whose head begins at `i`, and the determiner before it: "the", or a possessive
    within ("Velmora's"). Without one only what is written with a capital belongs to it."""
    named = i
    for j in range(i - 1, max(i - 1 - MAX_BEFORE, -1), -1):
        word = words[j][0]
        if word.lower() in ("the", "its", "their", "his", "her") or word.lower() in _INDEFINITE:
            return j + 1, word.lower()
        if re.search(r"['’]s?$", word):
            named = j
        elif (word.lower() in FUNCTION and not word.isupper()) or not word[0].isalnum():
            break
        elif word[0].isupper():
            named = j
    return named, "the" if re.search(r"['’]s?$", words[named][0]) else ""


def _ends(words: Sequence[re.Match[str]], i: int) -> list[int]:
    """Where an office whose head ends at `i` may end, the furthest first: with "of the ICC", "for the sheriff's office"
    and up to two words that are no name."""
    ends, least, j = [i], i, i + 1
    joins = _OF
    while j < len(words) and words[j][0].lower() in joins and j < i + MAX_BEHIND:
        j += 1
        while j < len(words) and words[j][0].lower() in ("the", "a", "an", "its", "their"):
            j += 1
        named = j
        while j < len(words) and (words[j][0][0].isupper() or re.search(r"['’]s?$", words[j][0])):
            ends, least, j = [*ends, j], j, j + 1
        plain = 0
        while j < len(words) and plain < 2 and words[j][0].isalpha() and words[j][0] not in FUNCTION | REPORTING:
            least = max(least, named)  # one word at least belongs to it: the mayor of Saltby is not any mayor
            ends, j, plain = [*ends, j], j + 1, plain + 1
        joins = _THEN
    return sorted({end for end in ends if end >= least}, reverse=True)
