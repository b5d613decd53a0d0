"""Expressions of dates in English text: which words are one, and the rule by which they mean days beside the date of
their article. What comes of them is in `rag.text.dates`.

Where words may be none ("May said", "2,000 people", "every Monday"), what stands before and after them decides.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from rag.text import periods
from rag.text.calendar import FULL_MONTHS, MONTHS, WEEKDAYS
from rag.text.lexicon import SMALL
from rag.text.periods import Days, Rule
from rag.text.tense import looks_ahead
from rag.types import Precision


@dataclass(frozen=True, kw_only=True)
class DateMention:
    """A date expression at `start`..`end` of a text. `date` is ISO, cut to `precision`; None where it is not certain.

    `is_relative` is true where the words mean a date only beside that of the article ("Monday", "7 October"), false
    where they state it with its year. `before` is the preposition right before it ("until"), lower-case, or "".
    `is_name` is true where it names something rather than saying when it happened ("the 2018 World Cup").
    """

    start: int
    end: int
    words: str
    is_relative: bool
    before: str = ""
    is_name: bool = False
    days: Days | None = None
    date: str | None = None
    precision: Precision = "none"


_MONTH_NAMES = "|".join(sorted((name.capitalize() for name in MONTHS), key=len, reverse=True))
_FULL_NAMES = "|".join(FULL_MONTHS)
_WEEKDAYS = list(dict.fromkeys(WEEKDAYS.values()))
_DAY_NAMES = "|".join(sorted((name.capitalize() for name in WEEKDAYS if len(name) > 3), key=len, reverse=True))
MONTH, _D, YEAR = rf"(?:(?:{_FULL_NAMES})\b|(?:{_MONTH_NAMES})\b\.?)", r"\d{1,2}(?:st|nd|rd|th)?", r"(?:1[5-9]|20)\d\d"
_PART = (
    r"(?:(?:[Tt]he|[Aa]t|[Bb]y)\s+)?(?:[Ee]nd|[Ss]tart|[Bb]eginning|[Mm]iddle|(?:first|second|latter)\s+half|close)\s+of\s+"
    r"|(?:[Vv]ery\s+)?(?:[Ee]arly|[Ll]ate|[Mm]id)(?:\s+in)?[\s-]+|(?:[Ll]ater?|[Ee]arlier|[Ee]arly)\s+(?:in\s+)?"
)
_NUMBER_WORDS = "|".join(["an?", *(word for word, value in SMALL.items() if 0 < value <= 20)])
_EXPRESSION = re.compile(
    rf"""(?<![\w$€£-])(?P<part>{_PART})?(?:
     (?P<iso>\d{{4}}-\d\d-\d\d)
    |(?:(?P<wd>{_DAY_NAMES}),?\s+(?:the\s+)?)?(?:(?P<d1>{_D})\s+(?:of\s+)?(?P<m1>{MONTH})|(?P<m2>{MONTH})\s+(?P<d2>{_D}))
        (?![\d:%]|[.,]\d)(?:,?\s+(?P<y1>{YEAR})\b(?!\s?%))?
    |(?P<m3>{MONTH}),?\s+(?:of\s+)?(?P<y3>{YEAR})\b
    |(?P<which>[Ll]ast|[Nn]ext|[Tt]his\s+past|[Tt]his\s+coming|[Tt]his|[Cc]oming)\s+
        (?:(?P<unit>[Ww]eek(?!end|day)|[Mm]onth|[Yy]ear)(?!-)|(?P<weekend>weekend)|(?P<wd2>{_DAY_NAMES})(?!s)|(?P<m4>{MONTH})
        |(?P<night>night|morning|afternoon|evening))\b
    |(?P<theweekend>[Tt]he\s+weekend)\b
    |(?P<n>\d{{1,3}}|(?i:{_NUMBER_WORDS}))\s+(?P<nunit>day|week|month|year|decade)s?\s+(?P<ago>ago|from\s+now)\b
    |(?P<whole>(?:the|this)\s+(?:year|month)(?:['’]s\s+end)?|year['’]?s?[\s-]end|the\s+new\s+year|[Nn]ew\s+[Yy]ear)\b
    |(?P<word>(?:[Tt]he\s+)?day\s+(?:before\s+yesterday|after\s+tomorrow)|[Tt]oday|[Tt]onight|[Yy]esterday|[Tt]omorrow)\b
    |(?P<wd3>{_DAY_NAMES})\b
    |(?P<m5>{MONTH})(?!\w)
    |(?P<y5>{YEAR})\b
    )(?:['’]s\b)?(?P<hour>\s+(?:morning|afternoon|evening|night|noon|midday|at\s+noon)\b)?""",
    re.VERBOSE,
)
_BEFORE = re.compile(r"([\w’'-]+)[\s(“\"‘—–]*$")
_IN_TIME = frozenset(
    "in since until till by from to during before after through of late early mid between around about for on".split()
)
# A day or month after these is counted from another day, is any such day, or is part of a name.
_ANOTHER = re.compile(
    r"(?:\b(?:every|each|any|a|one|some|most|many|that|same|following|previous|preceding|subsequent|ensuing|usual|first|second"
    r"|third|final|other|Black|Good|Bloody|Ash|Palm|Holy|Easter|Super|Cyber|Giving|Fat|Whit|Maundy)\s+|\d\s+)$"
)
_NAMES_OF_PEOPLE = frozenset("april may june august march jan".split())
_NOT_YEARS = re.compile(
    r"[\s-]+(?:people|years?|days?|months?|weeks|hours|km|miles?|metres|meters|feet|tons?|tonnes|dollars|euros|pounds|votes?"
    r"|seats|members|men|women|children|troops|soldiers|students|points?|million|billion|percent|per\s+cent|others|kilo\w+)\b"
    r"|[,.]\d|\s?%|[-–]\d{1,3}\b(?!\d)"
)


class _Meant(NamedTuple):
    """The rule of an expression, and where it ends if not with its words ("in May 12 people died")."""

    rule: Rule
    is_relative: bool = True
    is_name: bool = False
    end: int | None = None


class _Found(NamedTuple):
    """An expression where it stands; `before` is the word right before it, lower-case, `part` what narrows it."""

    text: str
    match: re.Match[str]
    before: str
    part: str

    def looks_ahead(self) -> bool:
        return looks_ahead(self.text, self.match.start(), self.match.end())


def find(text: str) -> Iterator[tuple[DateMention, Rule]]:
    """Each expression with its rule, in order, none inside another."""
    at = 0
    while (match := _EXPRESSION.search(text, at)) is not None:
        at = match.end()
        made = _mention(text, match)
        if made is None:
            # Perhaps only the words before ("the start of") misled: look again behind the first of them.
            at = match.start() + max(1, len(match["part"] or "")) if match["part"] else match.end()
            continue
        mention, rule = made
        at = mention.end
        yield mention, rule


def _mention(text: str, match: re.Match[str]) -> tuple[DateMention, Rule] | None:
    start, part = match.start(), (match["part"] or "").lower()
    word = _BEFORE.search(text, max(0, start - 40), start)
    before = word[1].lower() if word else ""
    meant = _meant(_Found(text, match, before, part))
    if meant is None:
        return None
    rule, end = meant.rule, meant.end or match.end()
    if part and not match["wd3"] and not match["word"]:
        rule = periods.narrowed(rule, part)
    words = text[start:end].strip()
    start += len(text[start:end]) - len(text[start:end].lstrip())
    if words[:3].lower() in ("at ", "by "):
        before, words, start = words[:2].lower(), words[3:].lstrip(), end - len(words[3:].lstrip())
    mention = DateMention(
        start=start,
        end=start + len(words),
        words=words,
        is_relative=meant.is_relative,
        before=before if before in _IN_TIME else "",
        is_name=meant.is_name,
    )
    return mention, rule


def _meant(found: _Found) -> _Meant | None:
    """What the expression means; None where it is no date, or one that there is not."""
    for group, read in _READERS.items():
        if found.match[group]:
            try:
                meant = read(found)
            except (ValueError, KeyError):
                return None
            return meant if isinstance(meant, _Meant) or meant is None else _Meant(meant)
    return None


def _iso(found: _Found) -> _Meant:
    return _Meant(periods.always((dt.date.fromisoformat(found.match["iso"]),) * 2), is_relative=False)


def _day_of_month(found: _Found) -> _Meant | None:
    match = found.match
    month, day = month_number(match["m1"] or match["m2"]), int(re.sub(r"\D", "", match["d1"] or match["d2"]))
    if match["d2"] and found.before == "in" and not match["y1"] and not match["wd"]:
        # "in May 12 people died": the figure counts people.
        return _Meant(periods.yearless(month, None, found.looks_ahead()), end=match.end("m2"))
    if match["y1"]:
        return _Meant(periods.always(periods.named(int(match["y1"]), month, day)), is_relative=False)
    if not 1 <= day <= calendar.monthrange(2000, month)[1]:
        return None
    weekday = _weekday_number(match["wd"]) if match["wd"] else None
    return _Meant(periods.yearless(month, day, found.looks_ahead(), weekday))


def _month_of_year(found: _Found) -> _Meant:
    match = found.match
    return _Meant(periods.always(periods.in_month(int(match["y3"]), month_number(match["m3"]))), is_relative=False)


def _the_weekend(found: _Found) -> Rule:
    return periods.weekend("", found.looks_ahead())


def _ago(found: _Found) -> Rule | None:
    match = found.match
    if match["nunit"] == "decade":
        return None
    n = int(match["n"]) if match["n"].isdigit() else int(SMALL.get(match["n"].lower(), 1.0))
    n = -n if match["ago"] == "ago" else n
    return periods.weeks_off(n) if match["nunit"] == "week" else periods.unit(match["nunit"], n)


def _day_by_word(found: _Found) -> Rule | None:
    word = found.match["word"].lower()
    if found.before == "of" and word == "today":  # "the youth of today"
        return None
    n = {"yesterday": -1, "tomorrow": 1}.get(word.split()[-1], 0)
    return periods.unit("day", 2 * n if "day " in word else n)


def _weekday(found: _Found) -> Rule | None:
    if not _is_a_day(found.text, found.match, found.before):
        return None
    return periods.weekday(_weekday_number(found.match["wd3"]), "", found.looks_ahead())


def _month(found: _Found) -> Rule | None:
    if not _is_a_month(found.text, found.match, found.before, found.part):
        return None
    return periods.yearless(month_number(found.match["m5"]), None, found.looks_ahead())


def _year(found: _Found) -> _Meant | None:
    text, start, end, before = found.text, found.match.start(), found.match.end(), found.before
    if "s" in text[found.match.end("y5") : end] or text[end : end + 1] == "s":  # the 1990s
        return None
    in_time = (
        bool(found.part)
        or before in _IN_TIME - {"of", "on", "for", "to", "about", "around"}
        or (before == "for" and not re.match(r"\s+\w", text[end:]))
        or bool(re.search(r"\b(?:(?:back|prior|up) to|[Aa]s of)\s+$", text[max(0, start - 20) : start]))
    )
    if _NOT_YEARS.match(text, end) or (not in_time and not _is_year_name(text, start, end, before)):
        return None
    is_name = not in_time and before not in ("to", "and", "of")
    return _Meant(periods.always(periods.in_year(int(found.match["y5"]))), is_relative=False, is_name=is_name)


def _which(found: _Found) -> Rule | None:
    """ "last", "next" and "this" before a week, month, year, weekend, weekday, month by name, or time of day."""
    match = found.match
    which = match["which"].lower().split()[-1]
    before = found.text[: match.start()].rstrip().lower()
    if match["unit"]:
        if which in ("past", "coming") or before.endswith(("the", "every")):  # "over the last year": a span, not a date
            return None
        return periods.unit(match["unit"].lower(), {"last": -1, "next": 1}.get(which, 0))
    if match["weekend"]:
        return periods.weekend(which, which == "coming" or (which == "this" and found.looks_ahead()))
    if match["wd2"]:
        if before.endswith("the"):  # "the next Tuesday": after another day
            return None
        which, comes = ("", True) if which == "coming" else (which, False)
        return periods.weekday(_weekday_number(match["wd2"]), which, comes)
    if match["m4"]:
        month = month_number(match["m4"])
        if which == "this":
            return lambda published: periods.in_month(published.year, month)
        if which in ("next", "coming"):
            return lambda published: periods.yearless(month, None, True)(
                periods.in_month(published.year, published.month + 1)[0]
            )
        return lambda published: periods.yearless(month, None, False)(published.replace(day=1) - dt.timedelta(days=1))
    if which == "last":
        return periods.unit("day", -1) if match["night"] == "night" else None
    return periods.unit("day", 0) if which == "this" else None


def _whole(found: _Found) -> Rule | None:
    """ "the end of the year", "year end", "the new year"; "the year" by itself is no date."""
    words = found.match["whole"].lower()
    if "new year" in words:
        if words.startswith("new") and found.before != "the":
            return None
        return lambda published: periods.in_year(published.year + (published.month > 6))
    if not ("end" in words or found.part):
        return None
    return periods.unit("month" if "month" in words else "year", 0)


# The group of `_EXPRESSION` that an expression has -> what reads it, the first of them.
_READERS: dict[str, Callable[[_Found], _Meant | Rule | None]] = {
    "iso": _iso,
    "d1": _day_of_month,
    "d2": _day_of_month,
    "m3": _month_of_year,
    "which": _which,
    "theweekend": _the_weekend,
    "ago": _ago,
    "whole": _whole,
    "word": _day_by_word,
    "wd3": _weekday,
    "m5": _month,
    "y5": _year,
}


def month_number(name: str) -> int:
    return MONTHS[name.rstrip(".").lower()]


def _weekday_number(name: str) -> int:
    return _WEEKDAYS.index(WEEKDAYS[name.lower()])


def _is_a_day(text: str, match: re.Match[str], before: str) -> bool:
    """Whether a weekday is that of a date, not a habit, another week's, or part of a name."""
    start, end = match.start("wd3"), match.end("wd3")
    if _ANOTHER.search(text, max(0, start - 40), start) or text[end : end + 1] in ("s", "-"):
        return False
    named = re.match(r"\s+[A-Z]", text[match.end() :]) if not match["hour"] else None
    if (
        named
        and before not in _IN_TIME - {"by", "of", "for", "about"}
        and not before.endswith(("ed", "said", "told", "and"))
    ):
        return bool(re.match(rf"\s+(?:{_DAY_NAMES})", text[match.end() :]))
    return True


def _is_a_month(text: str, match: re.Match[str], before: str, part: str) -> bool:
    name, start, end = match["m5"], match.start("m5"), match.end("m5")
    low = name.rstrip(".").lower()
    if (_ANOTHER.search(text, max(0, start - 40), start) and before != "a") or re.match(r"['’]?s?-\w", text[end:]):
        return False
    if part or (before in _IN_TIME and before not in ("about", "on", "for")):
        # "from April Jones" is a person.
        person = low in _NAMES_OF_PEOPLE and re.match(r"\s+[A-Z][a-z]", text[end:])
        is_as_of = bool(re.search(r"\b[Aa]s of\s+$", text[max(0, start - 10) : start]))
        return not person and (is_as_of or before not in ("of", "to") or low not in ("may", "march"))
    if low in _NAMES_OF_PEOPLE:
        return before in ("a", "an", "the") and bool(re.match(r"\s+[a-z]", text[end:])) and low not in ("march", "may")
    return len(low) > 3 and not re.match(r"\s+[A-Z]\w+\s+(?:said|told)", text[end:])


def _is_year_name(text: str, start: int, end: int, before: str) -> bool:
    """A year that is part of a name ("the 2018 World Cup", "a 2003 interview") or the end of a list or range."""
    if before in ("a", "an", "the", "its", "his", "her", "their", "this", "our"):
        return bool(re.match(r"\s+[A-Za-z]", text[end:]))
    before_it = text[max(0, start - 30) : start]
    if re.match(rf"\s*[-–—]\s*{YEAR}\b", text[end:]):
        return True
    return bool(re.search(rf"{YEAR}\s*(?:,|to|and|or|through|until|[-–—])\s*(?:and\s+)?$", before_it)) or bool(
        before in ("of", "to")
        and re.search(r"(?:spring|summer|autumn|fall|winter|half|quarter|elections?|year)\s+of\s+$", before_it)
    )
