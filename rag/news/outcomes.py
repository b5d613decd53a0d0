"""What has happened since: what one sentence calls possible, planned or asked for and a later one reports as done or as
called off, and offices that have become former ones. Pure functions. English only."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.news.same_story import NEAR, NEARLY_ALIKE, heading, later, other_place
from rag.text.facts import Item, Reading, read
from rag.text.lexicon import IRREGULAR, stem
from rag.text.reporting import REPORTING
from rag.types import Candidate

Differing = tuple[str, tuple[str, str]]
"""On what two sentences differ, and the words of each that do."""

_UNREAL = frozenset({"will", "may", "must", "alleged"})
TRUTH = _UNREAL | {"not"}
_CALLED_OFF = frozenset(stem(word) for word in "cancel postpone scrap abandon suspend shelve delay".split())
_OPENS_UNREAL = frozenset("if unless whether once when after before until should".split())
_UNREAL_ANYWHERE = frozenset({"if", "unless", "whether", "once"})
_POLAR = re.compile(
    r"\s*(?:has|have|had|is|are|was|were|did|does|do)\b(?!.*\b(?:may|might|could|would|will|should)\b)", re.I
)


def segment(items: Sequence[Item], n: int) -> tuple[int, int]:
    """The items around `n` up to the next stops."""
    start, end = n, n + 1
    while start and items[start - 1].kind != "stop":
        start -= 1
    while end < len(items) and items[end].kind != "stop":
        end += 1
    return start, end


def done(reading: Reading) -> frozenset[str]:
    """Keys of the verbs that the sentence reports as having happened."""
    return frozenset(reading.items[n].key for n in reading.content if _is_done(reading, n))


def open_(reading: Reading) -> frozenset[str]:
    """Keys of words that are planned, possible, asked for, negated or conditional here, or no more than named."""
    return frozenset(
        reading.items[n].key for n in reading.content if reading.items[n].kind == "word" and not _is_done(reading, n)
    )


def _is_done(reading: Reading, n: int) -> bool:
    item = reading.items[n]
    low = item.text.lower()
    if item.kind != "word" or not (low.endswith("ed") or low in IRREGULAR) or item.marks & TRUTH or item.after_to:
        return False
    start, _ = segment(reading.items, n)
    opening = [other.text.lower() for other in reading.items[start:n]]
    if _UNREAL_ANYWHERE & set(opening) or (_OPENS_UNREAL & set(opening[:3]) and opening[:2] != ["after", "that"]):
        return False
    return not any(reading.items[k].marks & TRUTH for k in range(start, n))


def settles(question: str, text: str) -> frozenset[str]:
    """For a question to be answered by yes or no: the verbs of it that the sentence reports as done."""
    if not _POLAR.match(question):
        return frozenset()
    asked = read(question)
    verbs = frozenset(asked.items[n].key for n in asked.content if asked.items[n].kind == "word")
    reading = read(text)
    found = done(reading) & verbs
    # "Have they agreed on grain?" is not settled by what else they agreed on.
    is_on_it = not verbs - found or bool(reading.keys & (verbs - found))
    return found if is_on_it and len(reading.keys & asked.keys) > 1 else frozenset()


_PAST_WHEN = re.compile(r"\s*(?:and\s+)?when\s+(?:did|was|were|has|have|had)\b", re.IGNORECASE)
_WHO_NOW = re.compile(
    r"\s*(?:and\s+)?who(?:\s+(?:now|currently))?(?:\s+(?:is|are|heads|leads|runs|chairs)\b|['’]s\b)", re.IGNORECASE
)
_LEAVES = frozenset(map(stem, "resign quit retire die sack fire oust dismiss depose".split()))
_LEFT_IN_TWO = (["stepped", "down"], ["stood", "down"], ["stepped", "aside"])
_OF_ANOTHER = frozenset(
    "after when since who whose succeeded succeeds replaced replaces became named appointed".split()
)


def done_when(question: str, text: str) -> frozenset[str]:
    """For a question about when something happened: the verbs of it that the sentence reports as done."""
    if not _PAST_WHEN.match(question):
        return frozenset()
    asked = read(question)
    reading = read(text)
    found = done(reading) & {asked.items[n].key for n in asked.content if asked.items[n].kind == "word"}
    return found if len(reading.keys & asked.keys) > 1 else frozenset()


def is_planned(text: str, verbs: frozenset[str]) -> bool:
    """Whether the sentence speaks of what `verbs` name as something to come, and not as done."""
    reading = read(text)
    return bool(verbs & _expected(reading)) and not verbs & done(reading)


def left_office(question: str, text: str) -> frozenset[tuple[str, ...]]:
    """For a question about who holds an office: the names in full of a sentence that tells that somebody left one."""
    if not _WHO_NOW.match(question):
        return frozenset()
    reading = read(text)
    low = [item.text.lower() for item in reading.items]
    for n in reading.content:
        leaves = reading.items[n].key in _LEAVES or low[n : n + 2] in _LEFT_IN_TWO
        if leaves and _is_done(reading, n) and not _OF_ANOTHER & set(low):
            return full_names(text)
    return frozenset()


def full_names(text: str) -> frozenset[tuple[str, ...]]:
    """The names of two words and more in a sentence, as keys."""
    runs: list[list[str]] = [[]]
    for item in read(text).items:
        if item.kind == "name":
            runs[-1].append(item.key)
        else:
            runs.append([])
    return frozenset(tuple(run) for run in runs if len(run) > 1)


def is_open(text: str, verbs: frozenset[str]) -> bool:
    """Whether the sentence speaks of what `verbs` name only as possible, planned or asked for."""
    reading = read(text)
    return bool(verbs & open_(reading)) and not verbs & done(reading)


def happened(a: Candidate, b: Candidate, cosine: float) -> Differing | None:
    """What one calls possible, planned or asked for has happened in the other, or has been called off."""
    newer = later(a.hit.article, b.hit.article)
    if newer is None or cosine < NEAR:
        return None
    old, new = (a, b) if newer else (b, a)
    before, after = read(old.text), read(new.text)
    if before.names.isdisjoint(after.names) or other_place(a, b):
        return None
    shared = before.keys & after.keys
    verbs = _expected(before)
    found = verbs & done(after) | _asked_whether(before) & _said(after)
    called_off = frozenset[str]()
    if not found and (verbs & open_(after) or shared & {i.key for i in before.items if i.kind in ("word", "name")}):
        called_off = frozenset(
            after.items[n].key for n in after.content if _is_done(after, n) and _calls_off(after.items, n)
        )
    if not (found or called_off) or len(shared - found) < (3 if called_off else 2):
        return None
    # What was done to the same thing says enough where the rest is worded apart.
    if cosine < NEARLY_ALIKE and not any(_beside(before, key) & _beside(after, key) for key in found):
        return None
    words = _verb_with(before, found or verbs), _verb_with(after, found or called_off)
    if None in words:
        return None
    about = heading(after, shared - found)
    return about, (str(words[0]), str(words[1])) if newer else (str(words[1]), str(words[0]))


def _beside(reading: Reading, key: str) -> frozenset[str]:
    """Keys of the words, names left out, that stand close to the first word with `key`."""
    content = [reading.items[n] for n in reading.content]
    at = next((n for n, item in enumerate(content) if item.key == key), 0)
    return frozenset(i.key for i in content[max(0, at - 3) : at + 4] if i.kind == "word") - {key}


def _expected(reading: Reading) -> frozenset[str]:
    """Keys of what the sentence says will, may or must happen, is planned, asked for or supposed ("if the court
    issues", "could upset it by issuing")."""
    found = set()
    for n in reading.content:
        item = reading.items[n]
        if item.kind != "word" or item.text.lower() in REPORTING:
            continue
        if [i.text.lower() for i in reading.items[n + 1 : n + 2]] == ["to"]:
            continue  # "plans to": what is planned comes next
        start, _ = segment(reading.items, n)
        before = reading.items[start:n]
        is_supposed = any(i.text.lower() in ("if", "unless") for i in before)
        is_means = item.text.lower().endswith("ing") and any(i.marks & _UNREAL for i in before)
        if item.marks & _UNREAL or item.after_to or is_supposed or is_means:
            found.add(item.key)
    return frozenset(found) - done(reading)


def _asked_whether(reading: Reading) -> frozenset[str]:
    """Keys of the words of a clause with "whether": what is still to be decided."""
    at = next((n for n, item in enumerate(reading.items) if item.text.lower() == "whether"), None)
    if at is None:
        return frozenset()
    _, end = segment(reading.items, at)
    return frozenset(i.key for i in reading.items[at:end] if i.kind == "word")


def _said(reading: Reading) -> frozenset[str]:
    """Keys of words that stand behind a verb of what has happened, in its part of the sentence: "was found guilty"."""
    found = set()
    for n in reading.content:
        if _is_done(reading, n) and n + 1 < len(reading.items) and not reading.items[n + 1].marks & TRUTH:
            found.add(reading.items[n + 1].key)
    return frozenset(found)


def _calls_off(items: Sequence[Item], n: int) -> bool:
    return items[n].key in _CALLED_OFF or [i.text.lower() for i in items[n : n + 2]][:2] in _CALLED_OFF_IN_TWO


def _verb_with(reading: Reading, keys: frozenset[str]) -> str | None:
    """The first word with one of `keys`, as `phrase` has it."""
    at = next((n for n in reading.content if reading.items[n].key in keys), None)
    return None if at is None else phrase(reading, at)


def phrase(reading: Reading, at: int, last: int | None = None) -> str:
    """The word at `at` (up to `last`) with its auxiliaries and a particle: "may issue", "called off"."""
    start, end = segment(reading.items, at)
    first, last = at, at if last is None else last
    while first > start and (
        reading.items[first - 1].text.lower() in _AUX or (first == at and _is_done(reading, at - 1))
    ):
        first -= 1
    if last + 1 < end and reading.items[last + 1].text.lower() in _PARTICLES:
        last += 1
    return reading.text[reading.items[first].start : reading.items[last].end]


_CALLED_OFF_IN_TWO = (["called", "off"], ["put", "off"])
_PARTICLES = frozenset("off out up down".split())
_AUX = frozenset(
    "will would may might could can should must shall to be been being was were is are has have had not likely".split()
)


def former(a: Candidate, b: Candidate, cosine: float) -> Differing | None:
    """An office with its holder in one, the same as a former one in the other."""
    newer = later(a.hit.article, b.hit.article)
    if newer is None:
        return None
    old, new = (read(c.text) for c in ((a, b) if newer else (b, a)))
    for n in range(len(new.items) - 1):
        if not _FORMER.fullmatch(new.items[n].text.lower()):
            continue
        last = _end_of_office(new, n + 1)
        for k in old.content:
            if old.items[k].key != new.items[last].key or "former" in old.items[k].marks or _end_of_office(old, k) != k:
                continue
            holders = _near_names(new, n) & _near_names(old, k)
            first = k
            while first and old.items[first - 1].kind == old.items[k].kind:
                first -= 1
            if holders - {old.items[k].key}:
                about = " ".join(i.text for i in new.items if i.key in holders and i.kind == "name")
                words = _words(old, first, k), _words(new, n, last)
                return about, words if newer else (words[1], words[0])
    return None


_FORMER = re.compile(r"former(?:ly)?|ex")


def _end_of_office(reading: Reading, n: int) -> int:
    """The last word of an office: "minister" from "Israel's defense minister" on."""
    last = n
    while last + 1 < len(reading.items) and reading.items[last + 1].kind == "word":
        last += 1
        if reading.items[last].text.lower().endswith(("er", "or", "ent", "chief", "ary", "head", "man")):
            break
    return last


def _words(reading: Reading, first: int, last: int) -> str:
    return reading.text[reading.items[first].start : reading.items[last].end].strip()


def _near_names(reading: Reading, n: int) -> frozenset[str]:
    """The names close by: who holds the office is among them."""
    return frozenset(i.key for i in reading.items[max(0, n - 8) : n + 9] if i.kind == "name")
