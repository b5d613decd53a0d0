"""Figures and dates among the tokens of a sentence, as items that can be compared exactly."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rag.text.calendar import MONTHS, WEEKDAYS
from rag.text.lexicon import ORDINALS, SCALES, SMALL, UNITS
from rag.text.tokens import Token

Kind = Literal["word", "name", "number", "date", "function", "stop"]
CONTENT = frozenset({"word", "name", "number", "date"})


@dataclass(frozen=True, slots=True)
class Number:
    """A figure: its value in plain units, what it counts where that is a sign or a currency, and its limit."""

    value: float
    unit: str = ""
    limit: str = "="

    def interval(self) -> tuple[float, float]:
        v = self.value
        return {
            "=": (v, v),
            ">": (math.nextafter(v, math.inf), math.inf),
            "<": (-math.inf, math.nextafter(v, -math.inf)),
            ">=": (v, math.inf),
            "<=": (-math.inf, v),
            "~": (v - 0.1 * abs(v), v + 0.1 * abs(v)),
        }[self.limit]

    def carries(self, claim: Number) -> bool:
        """True when this figure of the source makes the claim's figure true, near enough to be the same figure."""
        if self.unit != claim.unit and self.unit and claim.unit:
            return False
        if claim.value == self.value and claim.limit == self.limit:
            return True
        if abs(self.value - claim.value) > 0.15 * max(abs(self.value), abs(claim.value)):
            return False
        if self.limit == "~" and claim.limit == "=":
            return self.value == claim.value
        (low, high), (claim_low, claim_high) = self.interval(), claim.interval()
        return claim_low <= low and high <= claim_high


@dataclass(frozen=True, slots=True)
class Item:
    """A word, name, figure or date at `start`..`end` of the text. Items are the same where their keys are."""

    key: str
    kind: Kind
    text: str
    start: int
    end: int
    marks: frozenset[str] = frozenset()
    number: Number | None = None
    after_to: bool = False
    quoted: bool = False

    @property
    def is_content(self) -> bool:
        return self.kind in CONTENT


_NUMBER = re.compile(
    r"(?P<minus>[-−–]?)(?:US|A|C)?(?P<sign>[$€£¥]?)\s?(?P<digits>[\d,]+(?:\.\d+)?)\s?"
    r"(?P<suffix>st|nd|rd|th|k|m|bn|b|tn|mn|%)?",
    re.I,
)
# Longer ones are no figures that anybody compares, and too long for a float or an int.
MOST_DIGITS = 30
# Before a figure of four digits these say that it counts, after a month's name that it is one.
_BEFORE_A_COUNT = frozenset("than over nearly about least some to".split())
_BEFORE_A_MONTH = frozenset("in since until last of by".split())

Made = tuple[list[Item], int]
"""Items, and how many tokens they are made of."""


def date_at(tokens: Sequence[Token], at: int) -> Made | None:
    """A date as up to two items, month with day and year apart, so that each is compared where both sides have it."""
    token = tokens[at]
    if token.group == "iso":
        y, m, d = token.text.split("-")
        return [_date_item(tokens, f"@{int(m)}-{int(d)}", at, at), _date_item(tokens, f"@{y}", at, at)], 1
    if token.low in WEEKDAYS and token.text[0].isupper() and len(token.low) > 3:
        return [_date_item(tokens, "@" + WEEKDAYS[token.low], at, at)], 1
    found = _day_and_month(tokens, at)
    if found is not None:
        item, end = found
        after = end + _is_dot(tokens, end)
        if year := _year(tokens, after):
            return [item, _date_item(tokens, f"@{year}", after, after)], after + 1 - at
        return [item], end - at
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    if _year(tokens, at) < 1500 or (following and following.low in SCALES | UNITS):
        return None
    if at and tokens[at - 1].low in _BEFORE_A_COUNT:
        return None
    return [_date_item(tokens, f"@{_year(tokens, at)}", at, at)], 1


def _day_and_month(tokens: Sequence[Token], at: int) -> tuple[Item, int] | None:
    """A month with its day before or after it, or alone, and where it ends."""
    if day := _day(tokens, at):
        is_of = at + 2 < len(tokens) and tokens[at + 1].low == "of"
        for end in (at + 1, *([at + 2] if is_of else [])):
            if month := _month(tokens, end):
                return _date_item(tokens, f"@{month}-{day}", at, end), end + 1
    if month := _month(tokens, at):
        end = at + 1 + (_is_dot(tokens, at + 1) and tokens[at + 1].text == "." and len(tokens[at].text) <= 4)
        if (day := _day(tokens, end)) and not _year(tokens, end):
            return _date_item(tokens, f"@{month}-{day}", at, end), end + 1
        return _date_item(tokens, f"@{month}", at, at), end
    return None


def _day(tokens: Sequence[Token], n: int) -> int:
    match = _NUMBER.fullmatch(tokens[n].text) if n < len(tokens) and tokens[n].group == "number" else None
    if (
        not match
        or match["minus"]
        or match["sign"]
        or (match["suffix"] or "").lower() not in ("", "st", "nd", "rd", "th")
    ):
        return 0
    digits = match["digits"]
    return int(digits) if len(digits) <= 2 and digits.isdecimal() and 1 <= int(digits) <= 31 else 0


def _year(tokens: Sequence[Token], n: int) -> int:
    digits = tokens[n].text.strip() if n < len(tokens) and tokens[n].group == "number" else ""
    return int(digits) if len(digits) == 4 and digits.isdecimal() and 1000 <= int(digits) <= 2099 else 0


def _month(tokens: Sequence[Token], n: int) -> int:
    if n >= len(tokens) or tokens[n].group != "word" or not tokens[n].text[0].isupper():
        return 0
    # "May" and "March" are months only beside a figure or after a preposition.
    if tokens[n].low in ("may", "march", "mar"):
        before = tokens[n - 1].low if n else ""
        is_beside = _day(tokens, n + 1) or _year(tokens, n + 1) or (n and _day(tokens, n - 1))
        if not is_beside and before not in _BEFORE_A_MONTH:
            return 0
    return MONTHS.get(tokens[n].low, 0)


def _is_dot(tokens: Sequence[Token], n: int) -> bool:
    return n < len(tokens) and tokens[n].text in (".", ",")


def _date_item(tokens: Sequence[Token], key: str, first: int, last: int) -> Item:
    text = " ".join(t.text for t in tokens[first : last + 1] if t.group != "stop")
    return Item(key, "date", text, tokens[first].start, tokens[last].end)


def number_at(tokens: Sequence[Token], at: int) -> Made | None:
    """A figure in digits or words, with its scale and unit: "$1.2bn", "thirty-four thousand", "5 per cent"."""
    is_minus = tokens[at].low == "minus" and at + 1 < len(tokens)
    found = _in_digits(tokens, at + is_minus) or _in_words(tokens, at + is_minus)
    if found is None:
        return None
    value, end, unit, is_ordinal = found
    value, end = _scaled(tokens, value, end)
    if not math.isfinite(value):  # "million million million …"
        return None
    of_unit, end = _unit(tokens, end)
    unit = of_unit or unit
    value = -value if is_minus else value
    key = f"#{value:.10g}{'.' if is_ordinal else ''}{unit}"
    text = " ".join(t.text.strip() for t in tokens[at:end] if t.text != "-")
    return [Item(key, "number", text, tokens[at].start, tokens[end - 1].end, number=Number(value, unit))], end - at


_Figure = tuple[float, int, str, bool]
"""A value, where its tokens end, its unit, and whether it is an ordinal."""


def _in_digits(tokens: Sequence[Token], at: int) -> _Figure | None:
    match = _NUMBER.fullmatch(tokens[at].text) if tokens[at].group == "number" else None
    if match is None or len(match["digits"]) > MOST_DIGITS:
        return None
    suffix = (match["suffix"] or "").lower()
    value = float(match["digits"].replace(",", "")) * (SCALES.get(suffix, 1.0) if suffix not in ("", "%") else 1.0)
    value = -value if match["minus"] else value
    return value, at + 1, "%" if suffix == "%" else match["sign"], suffix in ("st", "nd", "rd", "th")


def _in_words(tokens: Sequence[Token], at: int) -> _Figure | None:
    lows = [token.low for token in tokens[at : at + 3]]
    value, end = _small(tokens, at)
    if lows[:2] in (["half", "a"], ["half", "an"]) and lows[2:] and lows[2] in SCALES:
        return 0.5, at + 2, "", False
    if end > at:
        return value, end, "", False
    if lows[0] in ("a", "an", "half") and lows[1:] and lows[1] in _WHOLE_SCALES:
        return 0.5 if lows[0] == "half" else 1.0, at + 1, "", False
    if lows[0] == "dozen":
        return 1.0, at, "", False
    return (float(ORDINALS[lows[0]]), at + 1, "", True) if lows[0] in ORDINALS else None


_WHOLE_SCALES = frozenset({"hundred", "thousand", "million", "billion", "dozen"})


def _small(tokens: Sequence[Token], at: int) -> tuple[float, int]:
    """The sum of small numbers in words, "thirty-four", and where they end."""
    value, end = 0.0, at
    while end < len(tokens):
        if tokens[end].low in SMALL:
            value += SMALL[tokens[end].low]
        elif end == at or tokens[end].text != "-" or end + 1 == len(tokens) or tokens[end + 1].low not in SMALL:
            break
        end += 1
    return value, end


def _scaled(tokens: Sequence[Token], value: float, end: int) -> tuple[float, int]:
    """A value with the scales behind it, and what follows those: "two hundred and five"."""
    while end < len(tokens) and tokens[end].low in SCALES and len(tokens[end].low) > 1:
        value *= SCALES[tokens[end].low]
        end += 1
        rest = end + (end < len(tokens) and tokens[end].low == "and" and tokens[end - 1].low == "hundred")
        more = 0.0
        while rest < len(tokens) and tokens[rest].low in SMALL:
            more += SMALL[tokens[rest].low]
            rest += 1 + (rest + 1 < len(tokens) and tokens[rest + 1].text == "-")
        if more:
            value, end = value + more, rest
    return value, end


def _unit(tokens: Sequence[Token], end: int) -> tuple[str, int]:
    """The unit that stands at `end`, and where it ends."""
    lows = [token.low for token in tokens[end : end + 2]]
    if lows and lows[0] in UNITS:
        unit = UNITS[lows[0]]
        return ("points", end + 2) if unit == "%" and lows[1:] and lows[1] in ("point", "points") else (unit, end + 1)
    if lows in (["percentage", "points"], ["percentage", "point"]):
        return "points", end + 2
    if lows == ["per", "cent"]:
        return "%", end + 2
    return ("$", end + 2) if lows in (["us", "dollars"], ["us", "dollar"]) else ("", end)
