"""Where articles differ on the same thing, and where a later one changes what an earlier one reports. Pure functions.

Two sentences are compared only where they speak of the same thing as far as words can tell; in doubt nothing is said.
Four kinds of change are known: a figure, one word of near-identical sentences, something possible or planned that is
done (or called off) later, and an office that has become a former one. English only. Measured by evals/conflicts.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.checking.alignment import align
from rag.news.outcomes import TRUTH, Differing, former, happened
from rag.news.processes import settled
from rag.news.quantities import Quantity, quantities
from rag.news.same_story import NEAR, NEARLY_ALIKE, later, other_names, other_place, other_time, same_headline
from rag.news.speakers import speaker_in
from rag.text.facts import Number, Reading, read
from rag.text.lexicon import EXCLUSIVE, stem
from rag.types import Candidate

# Share of the content words of two sentences that near copies have in common.
COPIED = 0.6
# Counts of the same thing lie closer together than this; what is said to have changed, further apart.
MOST_APART, LEAST_APART = 8.0, 0.02
# Cosine from which two counts can be of the same thing where the headlines are of one story.
COUNTED_NEAR = 0.2

# Sizes of things, not counts: they are compared in near copies only.
_MEASURES = frozenset(
    stem(word)
    for word in "year month week day hour minute second kilometre km mile metre meter foot inch kg pound tonne "
    "ton degree percent point time per".split()
)


@dataclass(frozen=True, slots=True)
class Change:
    """Two statements, by their places, on what, and the words that differ. `newer` is the place of the later one,
    None where neither can be said to be later."""

    first: int
    second: int
    about: str
    values: tuple[str, str]
    newer: int | None


def compare(a: Candidate, b: Candidate, *, cosine: float) -> Change | None:
    """What two sentences say differently of the same thing, as a `Change` from place 0 to place 1; None where they do
    not, or where it is not clear that they speak of the same thing. `cosine` is that of the two."""
    if a.text == b.text or cosine < COUNTED_NEAR:
        return None
    for find in (_figures, _called_otherwise, happened, settled, former):
        if cosine < NEAR and find is not _figures:
            return None
        if found := find(a, b, cosine):
            # "The number of injured stands at 26" names nothing: there the headlines tell.
            is_far = cosine < NEAR or other_names(a, b)
            if is_far and not (find is _figures and same_headline(a, b)):
                return None
            about, values = found
            newer = later(a.hit.article, b.hit.article)
            if find is _called_otherwise and not any(map(quantities, values)):
                newer = None  # of near copies the later may be the mistaken one
            if find in (happened, settled, former) and newer is None:
                return None
            return Change(first=0, second=1, about=about, values=values, newer=newer)
    return None


def _figures(a: Candidate, b: Candidate, cosine: float) -> Differing | None:
    """Two counts of the same thing."""
    is_one_article = a.hit.article.id == b.hit.article.id
    if not is_one_article and other_place(a, b):
        return None
    is_other_day = other_time(read(a.text), read(b.text))
    if is_other_day and (is_one_article or other_time(read(a.text), read(b.text), years=True)):
        return None
    is_later = later(a.hit.article, b.hit.article) is not None
    for ours in quantities(a.text):
        for theirs in quantities(b.text):
            if not _is_same_count(ours, theirs) or not _differ(ours.number, theirs.number, is_later=is_later):
                continue
            if is_other_day and not (is_later and (ours.is_running or theirs.is_running)):
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
    is_cost = "cost" in a.bag & b.bag  # what "would cost" 40 million has become dearer where it is put at 62
    truths = [q.truth - {"will", "may"} if is_cost else q.truth for q in (a, b)]
    if a.number.unit != b.number.unit or truths[0] != truths[1] or a.classes != b.classes:
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


def _called_otherwise(a: Candidate, b: Candidate, cosine: float) -> Differing | None:
    """Near copies that differ in one figure, date or name, or in a word that excludes the other's."""
    if cosine < NEARLY_ALIKE or a.hit.article.id == b.hit.article.id:
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
    if any(ours.items[n].marks & TRUTH != theirs.items[k].marks & TRUTH for n, k in pairs.items()):
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
