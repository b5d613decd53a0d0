"""Dates as they are written, to ISO dates cut to what is known. No clock is turned for its time zone."""

from __future__ import annotations

import datetime as dt
import email.utils
import functools
import re
from typing import Any

from rag.text.calendar import FULL_MONTHS, MONTHS

MONTH_NAMES = (
    "Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    "|Nov(?:ember)?|Dec(?:ember)?"
)
_MONTH, _DAY = rf"({MONTH_NAMES})\.?", r"([0-9]{1,2})(?:st|nd|rd|th)?"
_ANY_FULL_DATE = (
    rf"(?:{_MONTH}\s{_DAY},?\s([0-9]{{4}})|{_DAY}\s(?:of\s)?{_MONTH},?\s([0-9]{{4}})"
    r"|([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2}))"
)
FULL_DATE = re.compile(rf"(?<!\w)(?=[0-9JFMASOND]){_ANY_FULL_DATE}(?![0-9])", re.IGNORECASE)
_FIGURES = re.compile(r"(?<![\w/.-])([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})(?![\w/-]|\.[0-9])")
_WEEKDAY = r"(?:(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs?)?|Fri|Sat(?:ur)?|Sun)(?:day)?\.?)"
_ZONE = r"(?:[A-Z]{2,5}|[+-][0-9]{2}:?[0-9]{2}|local time)"
CLOCK = rf"(?:[0-9]{{1,2}}(?:[:.][0-9]{{2}}){{1,2}}\s?(?:[ap]\.?m\.?)?|[0-9]{{1,2}}\s?[ap]\.?m\.?)(?:\s?\(?{_ZONE}\)?)?"
"""A time of day, perhaps with its zone: a pattern."""
_BETWEEN = r"[\s,|•·@–—-]*(?:at\s)?"
_UNGROUPED = _ANY_FULL_DATE.replace("(", "(?:").replace("(?:?:", "(?:")
STAMP = re.compile(
    rf"(?:{CLOCK}[\s,]+(?:on\s)?)?(?:{_WEEKDAY}[\s,]+)?"
    rf"(?P<date>[0-9]{{1,2}}[/.-][0-9]{{1,2}}[/.-][0-9]{{4}}|{_UNGROUPED})"
    rf"(?:T[0-9:.]+(?:Z|[+-][0-9:]{{4,5}})?)?(?:,?\s{_WEEKDAY})?(?:{_BETWEEN}{CLOCK})?[\s.]*",
    re.IGNORECASE,
)
"""A line, or a part of one, that is nothing but a date, perhaps with its weekday and a time."""
_STAMP_AND_CLOCK = re.compile(
    rf"^[^\S\n]*(?=[^\n]{{6,60}}$)(?=[^\n]*[0-9][:.][0-9]{{2}}){STAMP.pattern}$", re.IGNORECASE | re.MULTILINE
)

DAY_ONLY = re.compile(
    rf"{_WEEKDAY}?,?\s?(?:(?:{MONTH_NAMES})\.? [0-9]{{1,2}}|[0-9]{{1,2}} (?:{MONTH_NAMES})\.?)?", re.IGNORECASE
)
"""A line that is only a weekday, or a day without its year."""


def parse_date(value: Any) -> tuple[str | None, str]:
    """(YYYY-MM-DD, YYYY-MM or YYYY, or None; why it is no more, or ""). Seconds since 1970 count in UTC. Of day and
    month in figures (03/04/2024) nobody can tell which is which, unless one of them is over 12: the year is sure."""
    text = str(value).strip()[:100]
    if (full := FULL_DATE.search(text)) is not None:
        return iso(full), ""
    if (basic := re.match(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T|[0-9]{6}$|$)", text)) is not None:
        return "-".join(basic.groups()), ""
    if (month := re.fullmatch(rf"{_MONTH},?\s([0-9]{{4}})", text, re.IGNORECASE)) is not None:
        return f"{month[2]}-{month_number(month[1]):02}", ""
    if re.fullmatch(r"[0-9]{4}(-[0-9]{2})?", text):
        return text, ""
    if (figures := _FIGURES.search(text)) is not None:
        return _from_figures(figures)
    if (seconds := re.fullmatch(r"([0-9]{9,10})(?:[0-9]{3})?(?:\.[0-9]+)?", text)) is not None:
        return dt.datetime.fromtimestamp(int(seconds[1]), dt.timezone.utc).date().isoformat(), ""
    mail = email.utils.parsedate(text)  # RFC 822, as in feeds, with a year of two figures
    return (f"{mail[0]:04}-{mail[1]:02}-{mail[2]:02}" if mail is not None else None), ""


@functools.lru_cache(maxsize=4096)
def parse_foreign_date(text: str) -> str | None:
    """The ISO day that a text in any language gives with day, month and year ("8 mai 2024"), None where it gives none.

    Slow, some 20 ms and 3 s for the first: for what is stated as a date and is none in English."""
    year = re.search(r"(?<!\d)[12][0-9]{3}(?!\d)|[٠-٩]{4}", text)
    if len(text) > 60 or year is None or re.search(r"[^\W\d_]", text) is None:
        return None
    import dateparser

    settings: Any = {"STRICT_PARSING": True, "REQUIRE_PARTS": ["day", "month", "year"], "PARSERS": ["absolute-time"]}
    for part in (text, text[: year.end()]):  # what follows may be an hour in words
        try:
            found = dateparser.parse(part, settings=settings)
        except Exception:  # it lets out what odd figures lead it into
            found = None
        if found is not None:
            return str(found.date())
    return None


@functools.lru_cache(maxsize=256)
def entry_stamps(text: str) -> tuple[tuple[int, int, str], ...]:
    """The lines of a text that are nothing but a day and a time, as (start, end, ISO day): those above the entries of a
    live blog. None where there is only one, which is the story's own."""
    found = []
    for match in _STAMP_AND_CLOCK.finditer(text):
        day, why = parse_date(match["date"])
        if day is not None and not why and is_possible(day):
            end = match.start() + len(match[0].rstrip())
            found.append((match.start(), end, day))
    return tuple(found) if len(found) > 1 else ()


def iso(full_date: re.Match[str]) -> str:
    """The ISO date of a match of `FULL_DATE`; it may be one that there is not."""
    year, month, day = (part for part in full_date.groups() if part is not None)
    if not year.isdigit():
        year, month, day = day, year, month
    elif len(year) < 4:
        year, day = day, year
    number = int(month) if month.isdigit() else month_number(month)
    return f"{year}-{number:02}-{int(day):02}"


def month_number(name: str) -> int:
    return MONTHS[name[:3].lower()]


def _from_figures(match: re.Match[str]) -> tuple[str | None, str]:
    first, sign, second, year = int(match[1]), match[2], int(match[3]), match[4]
    day_first, month_first = f"{year}-{second:02}-{first:02}", f"{year}-{first:02}-{second:02}"
    if sign == "." or first == second or not is_possible(month_first):
        return day_first, ""  # points are written between figures where the day comes first
    if not is_possible(day_first):
        return month_first, ""
    either = f"{first} {FULL_MONTHS[second - 1]} or {second} {FULL_MONTHS[first - 1]}"
    return year, f"“{match[0]}” can be {either}; only the year is sure."


def is_possible(date: str, latest: dt.date = dt.date.max) -> bool:
    """Whether there is such a day, and it is between 1500 and `latest`."""
    try:
        return dt.date(1500, 1, 1) <= dt.date.fromisoformat((date + "-01-01")[:10]) <= latest
    except ValueError:
        return False
