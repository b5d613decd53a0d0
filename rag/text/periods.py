"""What the words of dates mean on a given day, as intervals of whole days. Pure arithmetic of the calendar; which words
are dates, and whether they look ahead, is found in `rag.text.dates`.

A `Rule` turns the day of publication into the days that an expression means. Weeks begin on Monday (ISO 8601).
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable

from rag.types import Precision

Days = tuple[dt.date, dt.date]
"""The first and the last day that an expression can mean."""

Rule = Callable[[dt.date], Days]
"""From the day of publication to the days that an expression means."""


def days_of(date: str) -> Days:
    """First and last day of an ISO date cut to what is known. ValueError when it is none."""
    parts = [int(part) for part in date.split("-")]
    return in_month(*parts) if len(parts) == 2 else in_year(*parts) if len(parts) == 1 else (dt.date(*parts),) * 2


def cut(days: Days) -> tuple[str | None, Precision]:
    """An interval as the finest ISO date that holds all of it."""
    first, last = (day.isoformat() for day in days)
    for length, precision in _CUTS:
        if first[:length] == last[:length]:
            return first[:length], precision
    return None, "none"


_CUTS: tuple[tuple[int, Precision], ...] = ((10, "day"), (7, "month"), (4, "year"))


def in_year(year: int) -> Days:
    return dt.date(year, 1, 1), dt.date(year, 12, 31)


def in_month(year: int, month: int) -> Days:
    """`month` may lie outside 1..12: it counts on into the years beside."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return dt.date(year, month, 1), dt.date(year, month, calendar.monthrange(year, month)[1])


def in_week(day: dt.date, offset: int = 0) -> Days:
    monday = day + dt.timedelta(days=7 * offset - day.weekday())
    return monday, monday + dt.timedelta(days=6)


def safely(rule: Rule, day: dt.date) -> Days | None:
    try:
        return rule(day)
    except (ValueError, OverflowError):  # 29 February of another year, a day before the year 1
        return None


def yearless(month: int, day: int | None, ahead: bool, weekday: int | None = None) -> Rule:
    """A day or a month by name: the latest up to publication or, `ahead`, the next. A weekday settles the year."""

    def rule(published: dt.date) -> Days:
        years = range(published.year - 4, published.year + 5)
        all_days = [d for y in years if (d := safely(lambda _: named(y, month, day), published))]  # noqa: B023
        if weekday is not None:
            fitting = [d for d in all_days if d[0].weekday() == weekday]
            return min(fitting, key=lambda d: abs((d[0] - published).days))
        if ahead:
            return min(d for d in all_days if d[1] >= published)
        return max(d for d in all_days if d[0] <= published)

    return rule


def named(year: int, month: int, day: int | None) -> Days:
    return in_month(year, month) if day is None else (dt.date(year, month, day),) * 2


def weekday(number: int, which: str, ahead: bool) -> Rule:
    def rule(published: dt.date) -> Days:
        monday, _ = in_week(published, {"last": -1, "next": 1}.get(which, 0))
        day = monday + dt.timedelta(days=number)
        if which in ("last", "next", "this"):
            return day, day
        if which == "past":
            day = published - dt.timedelta(days=(published.weekday() - number - 1) % 7 + 1)
        elif ahead:
            day = published + dt.timedelta(days=(number - published.weekday()) % 7)
        else:
            day = published - dt.timedelta(days=(published.weekday() - number) % 7)
        return day, day

    return rule


def unit(name: str, offset: int) -> Rule:
    """The calendar day, week, month or year `offset` from that of publication."""

    def rule(published: dt.date) -> Days:
        if name == "year":
            return in_year(published.year + offset)
        if name == "month":
            return in_month(published.year, published.month + offset)
        if name == "week":
            return in_week(published, offset)
        day = published + dt.timedelta(days=offset)
        return day, day

    return rule


def weekend(which: str, ahead: bool) -> Rule:
    def rule(published: dt.date) -> Days:
        offset = {"last": -1, "past": -1, "next": 1}.get(which)
        if offset is None:
            offset = 0 if ahead or published.weekday() >= 5 else -1
        monday, sunday = in_week(published, offset)
        return monday + dt.timedelta(days=5), sunday

    return rule


def weeks_off(n: int) -> Rule:
    """So many weeks before or after: give or take three days."""

    def rule(published: dt.date) -> Days:
        day = published + dt.timedelta(days=7 * n)
        return day - dt.timedelta(days=3), day + dt.timedelta(days=3)

    return rule


def always(days: Days) -> Rule:
    return lambda _: days


def narrowed(rule: Rule, part: str) -> Rule:
    """The days that "early", "mid-", "the end of" leave of a month or a year."""
    key = part.split()[-2 if part.split()[-1] in ("of", "in") and len(part.split()) > 1 else -1].strip("-")

    def narrowed(published: dt.date) -> Days:
        first, last = rule(published)
        n = (last - first).days
        if key in ("later", "earlier"):  # than now, where that is within
            inside = first <= published <= last
            return (first, published) if inside and key == "earlier" else (published, last) if inside else (first, last)
        low, high = {
            **dict.fromkeys(("early", "start", "beginning"), (0.0, 0.34)),
            **dict.fromkeys(("mid", "middle"), (0.3, 0.7)),
            **dict.fromkeys(("late", "end", "close"), (0.66, 1.0)),
        }.get(key, (0.0, 1.0))
        return first + dt.timedelta(days=int(n * low)), first + dt.timedelta(days=round(n * high))

    return narrowed
