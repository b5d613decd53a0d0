"""Which initials an article gives a name: "the International Criminal Court (ICC)". Pure functions, linear in the text.

Stated pairs are found as in Schwartz and Hearst, "A Simple Algorithm for Identifying Abbreviation Definitions in
Biomedical Text" (PSB 2003). Where an article uses initials that it states nowhere, the one name in it with these
initials is taken, and marked as not stated. Everything is given folded (`fold`), as the store keeps it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

LONGEST_NAME = 8  # words
# Two letters that nothing explains fit too many names.
FEWEST_LETTERS_UNSTATED = 3

_DOTTED = re.compile(r"\b(?:[^\W\d_]\.){2,}(?:[^\W\d_]\b)?")
_POSSESSIVE = re.compile(r"['’]s\b")
_WORD = re.compile(r"[^\W_]+")
SMALL = frozenset("a an and at by d das de del der des di die du for in l la le les of on the to und".split())
_SHORT = r"(?:[^\W_]|[&/.-](?=[^\W_])){2,10}\.?"
_IN_BRACKETS = re.compile(rf"\(\s*(?:the\s+)?[\"“'‘]?({_SHORT})[\"”'’]?\s*[,;)]")
_NAMED_THEN = re.compile(rf",\s(?:or|known as|called|abbreviated|abbreviated as)\s(?:the\s)?({_SHORT})(?=[,.;)])")
_EXPLANATION = re.compile(r"\((?:the\s)?([^\W\d_][^()\n]{5,90})\)")
_INITIALS = re.compile(r"\b[A-Z][A-Z&]{1,5}(?=s?\b)")
_RUN = re.compile(r"\b[A-Z][\w’'-]*(?: (?:(?:of|for|and|the|on|in|&) ){0,2}[A-Z][\w’'-]*){1,7}")


class Pair(NamedTuple):
    """A name in short and in full, both folded. `stated`: the text gives the one for the other."""

    short: str
    long: str
    stated: bool


def fold(text: str) -> str:
    """Words joined by one space, without case, accents, dots of initials, possessives and plurals: the form in which
    names are compared."""
    text = _POSSESSIVE.sub("", _DOTTED.sub(lambda m: m[0].replace(".", ""), text))
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(
        word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] not in "isu" else word
        for word in _WORD.findall(bare.casefold())
    )


def pairs(text: str) -> set[Pair]:
    """The names that `text` gives in short and in full."""
    text = unicodedata.normalize("NFC", text)
    found = {Pair(fold(short), fold(long), True) for short, long in _stated(text) if _is_name(long)}
    known = {pair.short for pair in found}
    shorts = {short for short in _INITIALS.findall(text) if len(short) >= FEWEST_LETTERS_UNSTATED}
    shorts = {short for short in shorts if fold(short) not in known}
    if shorts:
        by_initials: dict[str, set[str]] = {}
        for name in {match[0].removeprefix("The ") for match in _RUN.finditer(text)}:
            for letters in _initials(name) & shorts:
                by_initials.setdefault(letters, set()).add(fold(name))
        found |= {Pair(fold(s), min(names), False) for s, names in by_initials.items() if len(names) == 1}
    return {pair for pair in found if pair.short != pair.long and " " in pair.long}


def _initials(name: str) -> set[str]:
    words = [word for word in re.split(r"[ -]", name) if word]
    return {"".join(w[0] for w in words if w not in SMALL), "".join(w[0].upper() for w in words)}


def _stated(text: str) -> Iterator[tuple[str, str]]:
    for pattern in (_IN_BRACKETS, _NAMED_THEN):
        for match in pattern.finditer(text):
            if _is_short(match[1]) and (
                long := _long_form(match[1], text[max(0, match.start() - 200) : match.start()])
            ):
                yield match[1], long
    for match in _EXPLANATION.finditer(text):
        before = text[max(0, match.start() - 12) : match.start()].split()
        if before and _is_short(before[-1]) and _long_form(before[-1], match[1]) == match[1]:
            yield before[-1], match[1]


def _is_name(long: str) -> bool:
    """Each word with a capital, small words apart: "gross domestic product (GDP)" is none. Terms of that kind gain
    nothing: on SciFact, which is full of them, BM25 falls from .687 to .683 (nDCG@10) when they are taken too."""
    return all(w[0].isupper() or w[0].isdigit() for w in _WORD.findall(long) if w.casefold() not in SMALL)


def _is_short(word: str) -> bool:
    """At least two capitals: "(ICC)", "(NGOs)", "(IL-2)", and not "(Reuters)" or "(2024)"."""
    return sum(c.isupper() for c in word) >= 2


def _plain(text: str) -> str:
    """The text without case and accents, character by character."""
    return "".join(unicodedata.normalize("NFKD", c.casefold())[0] for c in text)


def _long_form(short: str, before: str) -> str | None:
    """The end of `before` whose words spell `short`: each of its letters in order, the first at the start of a word."""
    letters = [c for c in _plain(short.removesuffix("s")) if c.isalnum()]
    # A sentence or a bracket that ends before the name is no part of it.
    before = re.split(r"[.!?;:()\n]\s*(?=[^\W\d_]|$)|[\"“”]", before.rstrip())[-1]
    words = list(re.finditer(r"\S+", before))[-min(len(letters) + 5, 2 * len(letters)) :]
    if not words:
        return None
    start, plain = words[0].start(), _plain(before)
    at, wanted = len(before) - 1, len(letters) - 1
    while wanted >= 0:
        while at >= start and not (
            plain[at] == letters[wanted] and (wanted > 0 or at == start or not plain[at - 1].isalnum())
        ):
            at -= 1
        if at < start:
            return None
        at, wanted = at - 1, wanted - 1
    long = before[at + 1 :]
    words_of_it = _WORD.findall(long)
    told = [word for word in words_of_it if word.casefold() not in SMALL]
    # More words than letters: the letters were found by chance.
    if (
        not 2 <= len(told) <= len(letters)
        or len(_WORD.findall(long)) > LONGEST_NAME
        or fold(short) in fold(long).split()
    ):
        return None
    return long
