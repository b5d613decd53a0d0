"""Figures and dates of a claim that follow from those of the evidence: roundings, sums, differences, shares, rises in
per cent, spans of years, other units of time, hours of the clock."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from rag.text.facts import Item, Reading

# Of so many figures every pair is tried; of so many every three. More would make anything follow.
MOST_PAIRED, MOST_SUMMED = 24, 8
# Below it a sum or difference of two figures is as likely to be chance, unless they stand in one sentence.
SMALL = 21
ROUNDED, NEARLY = 0.05, 0.1  # how far a rounded figure may be off, without and with "about" or "nearly"
SHARE_OFF = 1.0  # percentage points
DAYS = {"minut": 1 / 1440, "hour": 1 / 24, "day": 1, "night": 1, "week": 7, "month": 30.44, "year": 365.25}
DAYS |= {"decade": 3652.5, "centur": 36525.0}
YEARS, DATED = "years", "dated"  # units beside those of `Number`: a span in years, and a year of the calendar
_EVENING = frozenset("pm evening night afternoon tonight".split())


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: what it counts where that is known, and the number of the sentence in which it stands."""

    value: float
    unit: str
    place: int


def figures_of(readings: Sequence[Reading]) -> list[Figure]:
    """Every figure and year of these sentences once, in order; spans of time in years as well."""
    found: dict[Figure, None] = {}
    for place, reading in enumerate(readings):
        for n, item in enumerate(reading.items):
            if item.number is not None and not is_ordinal(item):
                found[Figure(item.number.value, item.number.unit, place)] = None
                if days := _days(reading, n):
                    found[Figure(item.number.value * days / DAYS["year"], YEARS, place)] = None
            elif year := _year(item):
                found[Figure(year, DATED, place)] = None
    return list(found)


def is_ordinal(item: Item) -> bool:
    """Whether a figure says which, not how many."""
    return item.number is not None and item.key.partition(item.number.unit or " ")[0].endswith(".")


def follows(n: int, claim: Reading, figures: Sequence[Figure]) -> bool:
    """Whether figure or year `n` of the claim follows from those of the evidence."""
    item = claim.items[n]
    if year := _year(item):
        spans = [f.value for f in figures if f.unit == YEARS]
        return any(abs(abs(f.value - year) - span) < 1 for f in figures if f.unit == DATED for span in spans)
    counted = [f for f in figures if f.unit not in (YEARS, DATED)][:MOST_PAIRED]
    if item.number is None or is_ordinal(item):
        is_part = n > 0 and claim.items[n - 1].text.lower() in ("a", "one") and item.text.lower() in _PARTS
        return is_part and _is_share(100 / _PARTS[item.text.lower()], SHARE_OFF, counted)
    value, off = item.number.value, _tolerance(item.number.value, is_near=item.number.limit != "=")
    if days := _days(claim, n):
        return _is_span(value * days / DAYS["year"], off * days / DAYS["year"], figures)
    is_percent = item.number.unit == "%"
    unit = "%" if item.number.unit == "points" else item.number.unit
    alike = [f for f in counted if f.unit == unit or (not unit and f.unit != "%") or (not f.unit and unit != "%")]
    if any(abs(x - value) <= off for x in [*(f.value for f in alike), *_combined(alike, value)]):
        return True
    share = value if is_percent else _share(claim, n, value)
    if share is not None:
        return _is_share(share, max(SHARE_OFF, off if is_percent else 0.0), counted)
    is_evening = bool(_EVENING & {i.text.lower().replace(".", "") for i in claim.items})
    return is_evening and any(f.value - 12 == value for f in counted if 13 <= f.value <= 24)


def _is_span(years: float, off: float, figures: Sequence[Figure]) -> bool:
    """Whether a span of time is another, in whatever unit, the sum or difference of two, or lies between two years."""
    spans = [f.value for f in figures if f.unit == YEARS][:MOST_PAIRED]
    found = [*spans, *(abs(a + sign * b) for a, b in combinations(spans, 2) for sign in (1, -1))]
    if years >= 1:
        dated = [f.value for f in figures if f.unit == DATED][:MOST_PAIRED]
        found += [abs(a - b) for a, b in combinations(dated, 2)]
    return any(abs(x - years) <= max(off, 0.01 * years) for x in found)


def _combined(figures: Sequence[Figure], value: float) -> Iterator[float]:
    """Sums and differences of two; sums of three."""
    for a, b in combinations(figures, 2):
        if a.place == b.place or value >= SMALL:
            yield from (a.value + b.value, abs(a.value - b.value))
    if len(figures) <= MOST_SUMMED:
        yield from (sum(f.value for f in three) for three in combinations(figures, 3) if value >= SMALL)


def _is_share(percent: float, off: float, figures: Sequence[Figure]) -> bool:
    return any(abs(share - percent) <= off for share in _percents(figures))


def _percents(figures: Sequence[Figure]) -> Iterator[float]:
    """Shares given as such; one figure of another of its unit in per cent, and by how much it is higher or lower."""
    yield from (f.value for f in figures if f.unit == "%")
    for a, b in combinations((f for f in figures if f.unit != "%" and f.value), 2):
        if a.unit == b.unit:
            small, large = sorted((a.value, b.value))
            yield from (100 * small / large, 100 * (large / small - 1), 100 * (1 - small / large))


def _share(claim: Reading, n: int, value: float) -> float | None:
    """The share in per cent that "two thirds" or "one patient in nine" is, for the figure at `n`; None where it is
    none."""
    items = claim.items
    after = items[n + 1] if n + 1 < len(items) else None
    if after is not None and after.text.lower() in _PARTS:
        return 100 * value / _PARTS[after.text.lower()]
    of = next((i for i in items[max(0, n - 3) : n] if i.number is not None), None)
    if of is not None and of.number is not None and n and items[n - 1].text.lower() == "in" and value:
        return 100 * of.number.value / value
    among = next((k for k in range(n + 1, min(n + 4, len(items))) if items[k].number is not None), None)
    if among is not None and items[among - 1].text.lower() == "in" and (whole := items[among].number):
        return 100 * value / whole.value if whole.value else None
    return None


_PARTS = {
    word: float(n)
    for n, words in enumerate(
        "half|third|quarter fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth".split("|"), 2
    )
    for one in words.split()
    for word in (one, f"{one}s")
}


def _tolerance(value: float, *, is_near: bool) -> float:
    """Half a unit of the last figure that is not a rounding zero: 50,000 is good for 48,300, 15.7 million for no more
    than 15.74 million."""
    if not value or not math.isfinite(value):
        return 0.0
    unit = 10.0 ** math.floor(math.log10(abs(value)))
    while abs(value / unit - round(value / unit)) > 1e-6 and unit > 1e-6:
        unit /= 10
    return min(unit / 2, (NEARLY if is_near else ROUNDED) * abs(value)) + 1e-9 * abs(value)


def _days(reading: Reading, n: int) -> float | None:
    """How many days the unit of time has that follows figure `n`: "18 months", "two-year"."""
    following = (i.text.lower() for i in reading.items[n + 1 : n + 3] if i.text != "-")
    word = next(following, "")
    return next((days for stem, days in DAYS.items() if word.startswith(stem)), None)


def _year(item: Item) -> int:
    is_year = item.kind == "date" and len(item.key) == 5 and item.key[1:].isdecimal()
    return int(item.key[1:]) if is_year else 0
