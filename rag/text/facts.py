"""What a sentence states, in a form that can be compared exactly: numbers with their units and limits, dates, names,
and for every content word what stands before it and changes its truth (not, may, will, some, former).

`read` is the one entry. It knows English; a sentence in another language gives words that match nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from rag.text.figures import Item, Kind, Number, date_at, number_at
from rag.text.lexicon import (
    BEFORE_NOUN,
    FUNCTION,
    FUTURE_BEFORE_TO,
    LIMITS_IN_WORDS,
    MARKS,
    PRONOUNS,
    TRANSPARENT,
    stem,
)
from rag.text.reporting import REPORTING
from rag.text.tokens import Token, tokens_of

__all__ = ["Attribution", "Item", "Number", "Reading", "read"]

# Reporting verbs whose passive names the hearer and nobody who speaks.
HEARERS_VERBS = frozenset({"told", "warned"})
FORMS_OF_BE = frozenset({"is", "are", "was", "were", "be", "been", "being"})


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who said it (keys of the speaker's words) and which items are what was said. `is_heard` where the words name only
    who was told it: "managers had been warned"."""

    speaker: frozenset[str]
    reported: range
    is_heard: bool = False


@dataclass(frozen=True)
class Reading:
    """A sentence, read. `content` holds the positions of content items in `items`."""

    text: str
    items: tuple[Item, ...]
    content: tuple[int, ...] = ()
    attributions: tuple[Attribution, ...] = ()
    is_conditional: bool = False
    quotes: tuple[str, ...] = ()
    keys: frozenset[str] = frozenset()
    initials: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        """The keys of the words that are names."""
        return frozenset(item.key for item in self.items if item.kind == "name")


_QUOTE = re.compile(r"[\"“”«»]([^\"“”«»]{3,})[\"“”«»]")


@lru_cache(maxsize=8192)
def read(text: str) -> Reading:
    """The facts of one sentence (or a short passage), in the order of its words."""
    tokens = list(tokens_of(text))
    items: list[Item] = []
    at = 0
    while at < len(tokens):
        made, used = date_at(tokens, at) or number_at(tokens, at) or _word(tokens, at)
        items += made
        at += used
    items = _with_limits(items)
    items = _with_marks(items)
    quotes = list(_QUOTE.finditer(text))
    if quotes:
        items = [replace(i, quoted=any(q.start(1) <= i.start < q.end(1) for q in quotes)) for i in items]
    return Reading(
        text=text,
        items=tuple(items),
        content=tuple(n for n, item in enumerate(items) if item.is_content),
        attributions=tuple(_attributions(items)),
        is_conditional=any(item.text.lower() in ("if", "unless", "provided") for item in items),
        quotes=tuple(quote[1] for quote in quotes),
        keys=frozenset(item.key for item in items if item.is_content),
        initials=frozenset(_initials(items)),
    )


def _initials(items: list[Item]) -> Iterator[str]:
    """First letters of every run of names: "European Union" gives "eu"."""
    letters = ""
    for item in [*items, Item("", "stop", "", 0, 0)]:
        if item.kind == "name":
            letters += item.text[0].lower()
        elif item.text.lower() not in ("of", "the", "and", "for"):
            if len(letters) > 1:
                yield letters
            letters = ""


def _word(tokens: list[Token], at: int) -> tuple[list[Item], int]:
    token = tokens[at]
    if token.group == "stop":
        return [Item(token.text, "stop", token.text, token.start, token.end)], 1
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    if token.text == "United" and following and following.text in ("States", "Kingdom", "Nations"):
        key = "u" + following.low[0]
        return [Item(key, "name", f"United {following.text}", token.start, following.end)], 2
    if token.low == "per" and following and following.low == "cent":
        return [Item("%", "word", "per cent", token.start, following.end)], 2
    if token.text in ("US", "USA", "UK", "UN"):
        return [Item(token.low[:2], "name", token.text, token.start, token.end)], 1
    is_first = at == 0 or tokens[at - 1].text in (".", "!", "?", ":", '"', "“")
    is_upper = token.text[:1].isupper()
    kind: Kind = "word"
    is_function = token.low in FUNCTION or (token.low in MARKS and token.low not in BEFORE_NOUN)
    if is_function and not (is_upper and not is_first and token.low in ("may", "will")):
        kind = "function"
    elif is_upper and not (is_first and _is_ordinary(token, following)):
        kind = "name"
    return [Item(stem(token.low), kind, token.text, token.start, token.end)], 1


def _is_ordinary(first: Token, following: Token | None) -> bool:
    """Whether a sentence's first word is more likely a common word than a name: its capital says nothing."""
    if following is not None and following.group == "word" and following.text[:1].isupper():
        return False
    return first.low.endswith(("s", "ing", "ed", "ly", "tion", "ment", "ity", "ers")) or stem(first.low) != first.low


def _with_limits(items: list[Item]) -> list[Item]:
    """Figures with the limit that stands before them. The words of the limit become function words."""
    made = list(items)
    for n, item in enumerate(items):
        if item.number is None:
            continue
        for words, limit in LIMITS_IN_WORDS:
            first = n - len(words)
            if first >= 0 and [i.text.lower() for i in items[first:n]] == words:
                made[n] = replace(item, number=replace(item.number, limit=limit))
                for k in range(first, n):
                    made[k] = replace(made[k], kind="function", key="")
                break
        else:
            after = [i.text.lower() for i in items[n + 1 : n + 3]]
            if after == ["or", "more"]:
                made[n] = replace(item, number=replace(item.number, limit=">="))
    return made


def _with_marks(items: list[Item]) -> list[Item]:
    """Content items with the marks that stand before them, up to the content item before."""
    made: list[Item] = []
    pending: set[str] = set()
    after_to = False
    for n, item in enumerate(items):
        low = item.text.lower()
        if item.kind == "stop":
            if item.text in ".;:!?":
                _mark_last(made, pending)
                pending, after_to = set(), False
            made.append(item)
            continue
        is_adjective = low in BEFORE_NOUN and _noun_follows(items, n)
        before_to = n + 1 < len(items) and items[n + 1].text.lower() == "to"
        if low in MARKS and item.kind != "name" and item.key and low not in BEFORE_NOUN:
            pending.add(MARKS[low])
        elif low in FUTURE_BEFORE_TO and before_to:
            pending.add("will")
        if low == "to":
            after_to = True
        if item.is_content:
            made.append(replace(item, marks=frozenset(pending), after_to=after_to))
            if not (low in TRANSPARENT or low.endswith("ly") or (low in FUTURE_BEFORE_TO and before_to)):
                pending, after_to = set(), False
            if is_adjective:
                pending.add(MARKS[low])
        else:
            made.append(item)
    _mark_last(made, pending)
    return made


def _noun_follows(items: list[Item], n: int) -> bool:
    return n + 1 < len(items) and (items[n + 1].is_content or items[n].text.lower() == "accused")


def _mark_last(items: list[Item], pending: set[str]) -> None:
    """Marks with no word behind them ("there were none at all") go to the last word before."""
    for k in range(len(items) - 1, -1, -1) if pending else ():
        if items[k].is_content:
            items[k] = replace(items[k], marks=items[k].marks | pending)
            return


def _attributions(items: list[Item]) -> Iterator[Attribution]:
    """Who said what: "X said Y", "Y, X said", "Y, said X", "according to X, Y"."""
    last = len(items)
    while last and items[last - 1].kind == "stop":
        last -= 1

    def keys(span: range) -> frozenset[str]:
        return frozenset(items[k].key for k in span if items[k].is_content or items[k].text.lower() in PRONOUNS)

    def left_edge(n: int) -> int:
        while n > 0 and items[n - 1].kind != "stop":
            n -= 1
        return n

    def right_edge(n: int) -> int:
        while n < last and items[n].kind != "stop":
            n += 1
        return n

    for n, item in enumerate(items[:last]):
        low = item.text.lower()
        if low == "according" and n + 1 < last and items[n + 1].text.lower() == "to":
            end = right_edge(n + 2)
            speaker = keys(range(n + 2, end))
            yield Attribution(speaker, range(0, n) if n > 1 else range(end, last))
        elif low in REPORTING and not item.quoted and not item.after_to:
            before = items[n - 1] if n else None
            if before is None:
                continue
            if before.kind == "stop" and before.text not in ")":  # Y, said X
                end = right_edge(n + 1)
                speaker = keys(range(n + 1, end))
                if speaker:
                    yield Attribution(speaker, range(0, n))
                continue
            start = left_edge(n)
            speaker = keys(range(start, n))
            if start > 2 and before.kind == "stop":
                continue
            end = right_edge(n + 1)
            ends_here = end >= last and not any(items[k].kind == "word" for k in range(n + 1, end))
            if start > 2 and ends_here:  # Y, X said (on Monday)
                yield Attribution(speaker, range(0, start))
            elif speaker and n + 1 < last:  # X said Y
                if start > 2 and items[start - 1].text == ",":  # X, the Y, said Z: the name stands before the comma
                    speaker |= keys(range(left_edge(start - 1), start - 1))
                is_heard = low in HEARERS_VERBS and before.text.lower() in FORMS_OF_BE
                yield Attribution(speaker, range(n + 1, last), is_heard)
