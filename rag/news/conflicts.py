"""Where articles differ on the same thing, and where a later one changes what an earlier one reports. Pure functions.

Two sentences are compared only where they speak of the same thing as far as words can tell; in doubt nothing is said.
Four kinds of change are known: a figure, one word of near-identical sentences, something possible or planned that is
done (or called off) later, and an office that has become a former one. English only. Measured by evals/conflicts.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.checking.facts import Item, Number, Reading, read
from rag.checking.faults import align
from rag.checking.lexicon import EXCLUSIVE, FUNCTION, IRREGULAR, REPORTING, stem
from rag.news.speakers import speaker_in
from rag.storage.store import date_range
from rag.types import Article, Candidate

# Cosines of two sentences (packaged MiniLM) from which on they can be about the same thing.
NEAR, VERY_NEAR = 0.45, 0.6
# Share of the content words of two sentences that near copies have in common.
COPIED = 0.6
# Counts of the same thing lie closer together than this; what is said to have changed, further apart.
MOST_APART, LEAST_APART = 8.0, 0.02

# What people are counted by. Figures of two classes are never compared.
_CLASSES = {
    form: name
    for name, forms in {
        "dead": "kill die toll fatal fatality",
        "hurt": "injure",
        "casualties": "casualty victim",
        "held": "arrest hostage captive prisoner custody jail",
        "missing": "missing trap unaccounted",
        "away": "displace evacuate flee homeless shelter",
        "saved": "rescue save survive survivor",
        "freed": "release free",
        "charged": "charge convict sentence indict",
        "ill": "case infect sick",
    }.items()
    for form in map(stem, forms.split())
}
_GENERIC = frozenset(
    stem(word)
    for word in "people person total number figure count confirm least additional further least other more still say "
    "report accord rise climb reach stand pass grow fall drop put leave official now far".split()
)
# Sizes of things, not counts: they are compared in near copies only.
_MEASURES = frozenset(
    stem(word)
    for word in "year month week day hour minute second kilometre km mile metre meter foot inch kg pound tonne "
    "ton degree percent point time per".split()
)
_UNREAL = frozenset({"will", "may", "must", "alleged"})
_TRUTH = _UNREAL | {"not"}
_CALLED_OFF = frozenset(stem(word) for word in "cancel postpone scrap abandon suspend shelve delay".split())
_OPENS_UNREAL = frozenset("if unless whether once when after before until should".split())
_POLAR = re.compile(
    r"\s*(?:has|have|had|is|are|was|were|did|does|do)\b(?!.*\b(?:may|might|could|would|will|should)\b)", re.I
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A figure and what it counts: `noun` behind it, `bag` all words close to it that say what is counted."""

    number: Number
    noun: str
    bag: frozenset[str]
    classes: frozenset[str]
    words: str
    about: str
    truth: frozenset[str]


@dataclass(frozen=True, slots=True)
class Change:
    """Two statements, by their places, on what, and the words that differ. `newer` is the place of the later one,
    None where neither can be said to be later."""

    first: int
    second: int
    about: str
    values: tuple[str, str]
    newer: int | None


# --- one sentence --------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def quantities(text: str) -> tuple[Quantity, ...]:
    """The figures of a sentence that count something; ordinals, dates and bare figures left out."""
    reading = read(text)
    return tuple(_quantities(reading))


def _quantities(reading: Reading) -> Iterator[Quantity]:
    items = reading.items
    for n, item in enumerate(items):
        if item.number is None or item.key.endswith("."):
            continue
        behind: list[int] = []
        for k in range(n + 1, min(n + 9, len(items))):
            if items[k].text.lower() in _ENDS:
                break
            if items[k].kind in ("word", "name") and len(behind) < 3:
                behind.append(k)
            elif not (items[k].text.lower() in _LINKS and items[k].kind == "function"):
                break
        before: list[int] = []
        for k in range(n - 1, max(-1, n - 8), -1):
            if items[k].kind == "stop" or items[k].number is not None or items[k].text.lower() in _ENDS | REPORTING:
                break
            if items[k].kind in ("word", "name") and len(before) < 2:
                before.append(k)
        bag = frozenset(_concept(items[k]) for k in (*behind, *before)) - _GENERIC
        nouns = [items[k].key for k in behind if items[k].key not in _GENERIC]
        named = [items[k].key for k in behind]
        if not bag:
            continue
        first = n
        while first and items[first - 1].kind == "function" and not items[first - 1].key:
            first -= 1  # the words of its limit
        last = behind[0] if behind else n
        start, end = _segment(items, n)
        yield Quantity(
            number=item.number,
            noun=nouns[0] if nouns and named[0] == nouns[0] else "",
            bag=bag,
            classes=frozenset(_CLASSES[key] for key in bag | set(named) if key in _CLASSES),
            words=reading.text[items[first].start : items[last].end].strip(),
            about=" ".join(items[k].text for k in sorted(behind) or reversed(before)),
            truth=frozenset().union(*(items[k].marks for k in range(start, end))) & _TRUTH,
        )


_LINKS = frozenset(
    "of was were are is been being have had has be the their its his her our more other still now also already so far "
    "as".split()
)
_ENDS = frozenset("after before amid following against not no over under".split())


def _concept(item: Item) -> str:
    return "die" if _CLASSES.get(item.key) == "dead" else item.key


def _segment(items: Sequence[Item], n: int) -> tuple[int, int]:
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
    if item.kind != "word" or not (low.endswith("ed") or low in IRREGULAR) or item.marks & _TRUTH or item.after_to:
        return False
    start, _ = _segment(reading.items, n)
    opening = [other.text.lower() for other in reading.items[start:n]]
    if _OPENS_UNREAL & set(opening[:3]) and opening[:2] != ["after", "that"]:
        return False
    return not any(reading.items[k].marks & _TRUTH for k in range(start, n))


def settles(question: str, text: str) -> frozenset[str]:
    """For a question to be answered by yes or no: the verbs of it that the sentence reports as done."""
    if not _POLAR.match(question):
        return frozenset()
    asked = read(question)
    verbs = frozenset(asked.items[n].key for n in asked.content if asked.items[n].kind == "word")
    reading = read(text)
    found = done(reading) & verbs
    return found if len(reading.keys & asked.keys) > 1 else frozenset()


def is_open(text: str, verbs: frozenset[str]) -> bool:
    """Whether the sentence speaks of what `verbs` name only as possible, planned or asked for."""
    reading = read(text)
    return bool(verbs & open_(reading)) and not verbs & done(reading)


# --- two sentences -------------------------------------------------------------------------------------------------


def compare(a: Candidate, b: Candidate, *, cosine: float) -> Change | None:
    """What two sentences say differently of the same thing, as a `Change` from place 0 to place 1; None where they do
    not, or where it is not clear that they speak of the same thing. `cosine` is that of the two."""
    if a.text == b.text or cosine < NEAR:
        return None
    for find in (_figures, _called_otherwise, _happened, _former):
        if found := find(a, b, cosine):
            about, values = found
            newer = later(a.hit.article, b.hit.article)
            if find is _called_otherwise and not any(map(quantities, values)):
                newer = None  # of near copies the later may be the mistaken one
            if find in (_happened, _former) and newer is None:
                return None
            return Change(first=0, second=1, about=about, values=values, newer=newer)
    return None


Differing = tuple[str, tuple[str, str]]


def later(a: Article, b: Article) -> int | None:
    """1 where `b` was published after `a`, 0 the other way round, None where that is not certain."""
    if not a.published or not b.published:
        return None
    (a_from, a_to), (b_from, b_to) = date_range(a.published), date_range(b.published)
    if None in (a_from, a_to, b_from, b_to):
        return None
    return 1 if str(b_from) > str(a_to) else 0 if str(a_from) > str(b_to) else None


def _figures(a: Candidate, b: Candidate, cosine: float) -> Differing | None:
    """Two counts of the same thing."""
    is_one_article = a.hit.article.id == b.hit.article.id
    if not is_one_article and _other_place(a, b):
        return None
    if _other_time(read(a.text), read(b.text)):
        return None
    is_later = later(a.hit.article, b.hit.article) is not None
    for ours in quantities(a.text):
        for theirs in quantities(b.text):
            if not _is_same_count(ours, theirs) or not _differ(ours.number, theirs.number, is_later=is_later):
                continue
            if is_one_article:
                speakers = [speaker_in(c.hit.article, c.sentence.start, c.sentence.end) for c in (a, b)]
                if None in speakers or speakers[0] == speakers[1]:
                    continue
            elif _gives(b, ours.number.value) or _gives(a, theirs.number.value):
                continue
            return theirs.about, (ours.words, theirs.words)
    return None


def _is_same_count(a: Quantity, b: Quantity) -> bool:
    if a.number.unit != b.number.unit or a.truth != b.truth or a.classes != b.classes:
        return False
    if a.noun and b.noun and a.noun != b.noun and not (a.noun in b.bag or b.noun in a.bag):
        return False
    if {a.noun, b.noun} & _MEASURES:
        return False
    shared = a.bag & b.bag
    if not shared or (a.bag - shared and b.bag - shared and not (a.noun == b.noun != "" or a.classes)):
        return False
    # "34,000 Palestinians killed", "1,200 people killed": a class alone does not say who.
    return bool(a.noun and a.noun == b.noun) or len(shared) > 1 or (bool(a.classes) and not (a.noun and b.noun))


def _differ(a: Number, b: Number, *, is_later: bool) -> bool:
    """Whether two figures cannot both be roundings of one count. "At least 40" and "112" can both hold on one day; a
    later 112 is news."""
    low, high = sorted((abs(a.value), abs(b.value)))
    if low == high or high > MOST_APART * max(low, 1.0):
        return False
    if (a.limit != "=" or b.limit != "=") and high - low <= 0.1 * high:
        return False
    (a_low, a_high), (b_low, b_high) = a.interval(), b.interval()
    if a_low <= b_high and b_low <= a_high and not is_later:
        return False
    if high < 100 and a.limit == b.limit == "=":
        return True
    coarse, fine = (low, high) if _step(low) > _step(high) else (high, low)
    step = _step(coarse)
    return round(fine / step) * step != coarse and high - low >= LEAST_APART * high


def _step(value: float) -> float:
    """What a round figure is rounded to: 1,200 to 100."""
    step = 1.0
    while value and value % (step * 10) == 0 and step * 10 < value:
        step *= 10
    return step


def _gives(candidate: Candidate, value: float) -> bool:
    """Whether the article of the candidate gives this figure too, anywhere: then it tells the two apart."""
    for figure in {f"{value:,.10g}", f"{value:.10g}"}:
        if re.search(rf"(?<![\d,.]){re.escape(figure)}(?!,?\d)", candidate.hit.article.text):
            return True
    return any(value == other.number.value for other in quantities(candidate.hit.passage.text))


def _names(candidate: Candidate) -> frozenset[str]:
    """Keys of the names in a sentence, the speaker's and the outlet's left out."""
    article, sentence = candidate.hit.article, candidate.sentence
    said = speaker_in(article, sentence.start, sentence.end) or ""
    if article.outlet and article.outlet in candidate.text:
        said += f" {article.outlet}"
    return frozenset(item.key for item in read(candidate.text).items if item.kind == "name") - read(said).keys


def _around(candidate: Candidate) -> frozenset[str]:
    return read(f"{candidate.hit.article.title or ''}. {candidate.hit.passage.text}").keys


def _other_place(a: Candidate, b: Candidate) -> bool:
    """Whether each sentence names somebody or something that the passage around the other does not know."""
    ours, theirs = _names(a), _names(b)
    if (ours - _around(b)) and (theirs - _around(a)):
        return True
    # Without a name in common nothing says that it is the same story.
    return not ((_around_names(a) & _around_names(b)) - {""})


def _around_names(candidate: Candidate) -> frozenset[str]:
    text = f"{candidate.hit.article.title or ''}. {candidate.hit.passage.text}"
    return frozenset(item.key for item in read(text).items if item.kind == "name")


def _other_time(a: Reading, b: Reading) -> bool:
    """Whether the two sentences date what they tell, and differently."""
    for grain in (r"@\d{4}\Z", r"@\d+(?:-\d+)?\Z", r"@[a-z]"):
        ours, theirs = ({i.key for i in r.items if i.kind == "date" and re.match(grain, i.key)} for r in (a, b))
        if ours and theirs and not ours & theirs:
            return True
    return False


def _called_otherwise(a: Candidate, b: Candidate, cosine: float) -> Differing | None:
    """Near copies that differ in one figure, date or name, or in a word that excludes the other's."""
    if cosine < VERY_NEAR or a.hit.article.id == b.hit.article.id:
        return None
    ours, theirs = read(a.text), read(b.text)
    pairs = align(ours, theirs)
    if len(pairs) < 3 or len(pairs) < COPIED * max(len(ours.content), len(theirs.content)):
        return None
    ours_left = [n for n in ours.content if n not in pairs]
    theirs_left = [n for n in theirs.content if n not in set(pairs.values())]
    firsts = _run(ours, ours_left), _run(theirs, theirs_left)
    if firsts[0] is None or firsts[1] is None:
        return None
    first, second = (reading.items[left[0]] for reading, left in ((ours, ours_left), (theirs, theirs_left)))
    kinds = {reading.items[n].kind for reading, left in ((ours, ours_left), (theirs, theirs_left)) for n in left}
    is_slot = sum(n < ours_left[0] for n in pairs) == sum(k < theirs_left[0] for k in pairs.values())
    is_value = kinds in ({"number"}, {"date"}, {"name"}) and is_slot
    is_opposite = len(ours_left) == len(theirs_left) == 1 and second.key in EXCLUSIVE.get(first.key, ())
    if not (is_value or is_opposite):
        return None
    if first.number and second.number:
        is_later = later(a.hit.article, b.hit.article) is not None
        if first.number.unit != second.number.unit or not _differ(first.number, second.number, is_later=is_later):
            return None
        if _gives(b, first.number.value) or _gives(a, second.number.value):
            return None
    if any(ours.items[n].marks & _TRUTH != theirs.items[k].marks & _TRUTH for n, k in pairs.items()):
        return None
    about = " ".join(theirs.items[k].text for k in sorted(pairs.values())[:4])
    return about, (firsts[0], firsts[1])


def _run(reading: Reading, left: Sequence[int]) -> str | None:
    """The words of items that stand side by side; None where they do not."""
    if not left or len(left) > 4:
        return None
    between = range(left[0], left[-1] + 1)
    if any(n in reading.content and n not in left for n in between):
        return None
    return reading.text[reading.items[left[0]].start : reading.items[left[-1]].end].strip()


def _happened(a: Candidate, b: Candidate, cosine: float) -> Differing | None:
    """What one calls possible, planned or asked for has happened in the other, or has been called off."""
    newer = later(a.hit.article, b.hit.article)
    if newer is None or cosine < VERY_NEAR:
        return None
    old, new = (a, b) if newer else (b, a)
    before, after = read(old.text), read(new.text)
    shared = before.keys & after.keys
    nouns = {i.key for i in before.items if i.kind in ("word", "name")} & shared
    verbs = frozenset(
        before.items[n].key
        for n in before.content
        if before.items[n].kind == "word"
        and (before.items[n].marks & _UNREAL or before.items[n].after_to)
        and before.items[n].text.lower() not in REPORTING
    ) - done(before)
    happened = verbs & done(after)
    called_off = _CALLED_OFF & done(after) if verbs & open_(after) or nouns else frozenset()
    found = happened or called_off
    if not found or len(shared - found) < 2 or _names(a).isdisjoint(_names(b)) or _other_place(a, b):
        return None
    if called_off and not happened and len(shared) < 3:
        return None
    words = []
    for reading, keys in ((before, found if happened else verbs), (after, found)):
        at = next((n for n in reading.content if reading.items[n].key in keys), None)
        if at is None:
            return None
        start, _ = _segment(reading.items, at)
        first = at
        while (
            first > start
            and reading.items[first - 1].kind == "function"
            and reading.items[first - 1].text.lower() in _AUX
        ):
            first -= 1
        words.append(reading.text[reading.items[first].start : reading.items[at].end])
    about = " ".join(i.text for i in after.items if i.key in shared - found and i.is_content)[:60]
    values = (words[0], words[1]) if newer else (words[1], words[0])
    return about, values


_AUX = frozenset(
    "will would may might could can should must shall to be been being was were is are has have had not".split()
) & (FUNCTION | {"will", "would", "may", "might", "could", "can", "should", "must", "shall", "not"})


def _former(a: Candidate, b: Candidate, cosine: float) -> Differing | None:
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
