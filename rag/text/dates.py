"""Dates in English news text: where they stand, and which days they mean beside the date of the article.

`read` finds them in a sentence and `resolve_in` gives those of a quotation that the article's own date turns into days.
Every expression is an interval of days; the date that is shown is the interval cut to what it leaves certain: a day, a
month or a year, and nothing where not even the year is certain.

The rules are those of newsrooms. The AP Stylebook ("days of the week", "months", "time element") has a weekday without
a date mean the one within seven days of publication, before it or after it as the verb says, and leaves out the year
of a month or day that is near. So:
- "Monday", "on 7 October", "in January": the latest one up to the day of publication; after a verb that looks ahead
  ("will", "is expected", "is due", "is to"), the next one from that day on.
- "last Thursday", "next Thursday": that of the calendar week (from Monday on) before or after; "this Thursday": of the
  same week. "last January" is the latest one that is over.
- A range has its first end before its second, and one year where one is written.
- Words in quotation marks were spoken on a day of their own: "today" or "Monday" among them is not resolved.
- Where the article's date is known to the month or the year, only what is the same for every day of it is resolved.

Not dateparser: it has no verbs and no precision ("last month" gives a day), and finds no spans that can be trusted
("Oct. 1" became 22 October). How it does on the same expressions: `python -m evals.dates`.
"""

from __future__ import annotations

import bisect
import datetime as dt
import re
from dataclasses import replace
from functools import lru_cache

from rag.text import periods
from rag.text.calendar import date_in_words
from rag.text.date_words import MONTH, YEAR, DateMention, find, month_number
from rag.text.periods import Days, Rule, cut, days_of
from rag.text.written_dates import entry_stamps
from rag.types import Article, ResolvedDate, Span


def read(text: str, published: str | None = None) -> tuple[DateMention, ...]:
    """The date expressions of a sentence, in order; `published` is the ISO date of its article, cut to what is known.

    Those that need the article's date and do not get enough of it have no `date`. Vague words ("recently", "in recent
    weeks"), seasons, habits ("on Fridays") and days counted from another event ("two days later") are not found.
    """
    return _read(text, published)


@lru_cache(maxsize=4096)
def _read(text: str, published: str | None) -> tuple[DateMention, ...]:
    found = list(find(text))
    first, last = days_of(published) if published else (None, None)
    made: list[DateMention] = []
    for n, (mention, rule) in enumerate(found):
        rule = _in_its_range(text, found, n, rule)
        days: Days | None = None
        if not mention.is_relative:
            days = rule(dt.date(2000, 1, 1))
        elif first is not None and last is not None:
            ends = periods.safely(rule, first), periods.safely(rule, last)
            if ends[0] is not None and ends[1] is not None and cut(ends[0]) == cut(ends[1]) and cut(ends[0])[0]:
                days = (min(ends[0][0], ends[1][0]), max(ends[0][1], ends[1][1]))
        date, precision = cut(days) if days else (None, "none")
        made.append(replace(mention, days=days if date else None, date=date, precision=precision))
    return tuple(made)


def resolve_in(article: Article, start: int, end: int) -> tuple[ResolvedDate, ...]:
    """The relative dates in `article.text[start:end]` with the days they mean, in order; none without a date of the
    article to resolve them against. "Today" and "Monday" in quotation marks, said on another day, are left out."""
    day = day_of(article, start)
    if not day:
        return ()
    known = "" if article.published_source == "stated" else " (inferred)"
    basis = f"the article is dated {date_in_words(day)}{known}"
    if _entry_day(article, start) is not None:
        basis = f"the entry is dated {date_in_words(day)}"
    return tuple(
        ResolvedDate(
            start=start + mention.start,
            end=start + mention.end,
            words=mention.words,
            date=mention.date,
            precision=mention.precision,
            basis=basis,
        )
        for mention in read_in(article, start, end)
        if mention.is_relative and mention.date is not None
    )


def read_in(article: Article, start: int, end: int) -> tuple[DateMention, ...]:
    """`read` for `article.text[start:end]`, without the date of what was spoken at a time of its own. Offsets of the
    mentions count from `start`."""
    spoken = _quotations(article.text, start, end)
    return tuple(
        replace(m, days=None, date=None, precision="none")
        if m.is_relative
        and m.precision == "day"
        and _DEICTIC.search(m.words)
        and any(a <= start + m.start < b for a, b in spoken)
        else m
        for m in read(article.text[start:end], day_of(article, start))
    )


def day_of(article: Article, start: int) -> str | None:
    """The ISO date of what stands at `start`: that of its entry in a live blog, else of the article, cut to what is
    known; None where it has none."""
    entry = _entry_day(article, start)
    return entry if entry is not None else article.published


def _entry_day(article: Article, start: int) -> str | None:
    stamps = entry_stamps(article.text)
    above = bisect.bisect_right(stamps, (start, len(article.text), "")) - 1
    return stamps[above][2] if above >= 0 else None


_DEICTIC = re.compile(r"(?:day|morrow)\b|night|\b(?:[Ll]ast|[Nn]ext|[Tt]his|ago|from now)\b")


def _in_its_range(text: str, found: list[tuple[DateMention, Rule]], n: int, rule: Rule) -> Rule:
    """The rule of a named day or month that shares the year of another: "from 23 January to 9 March 2014", "In 2014,
    he resigned in May"."""
    mention = found[n][0]
    month = re.search(MONTH, mention.words)
    if not mention.is_relative or month is None or re.match(r"(?i)last|next|this", mention.words):
        return rule
    number, digits = month_number(month[0]), re.search(r"\b\d{1,2}", mention.words)
    day = int(digits[0]) if digits else None
    for other, its_rule in (*found[n + 1 : n + 2], *found[max(n - 1, 0) : n]):
        # "in May last year", "this year, on 6 February"
        near = text[mention.end : other.start] if other.start > mention.start else text[other.end : mention.start]
        if re.fullmatch(r"(?i)(?:last|this|next) year", other.words) and re.fullmatch(
            r"[\s,–-]*(?:of|on|in)?\s*", near
        ):
            return lambda published: periods.named(its_rule(published)[0].year, number, day)
    if n + 1 < len(found):
        other, later = found[n + 1]
        between = text[mention.end : other.start].strip(" ,").lower()
        if between in ("to", "through", "until", "till", "and", "or", "-", "–", "—", "&") and re.search(
            MONTH, other.words
        ):

            def first_of_range(published: dt.date) -> Days:
                last = later(published)
                days = periods.named(last[0].year, number, day)
                return days if days[0] <= last[0] else periods.named(last[0].year - 1, number, day)

            if between not in ("and", "or") or not other.is_relative:
                return first_of_range
    if (
        n
        and not found[n - 1][0].is_relative
        and re.fullmatch(YEAR, found[n - 1][0].words)
        and not found[n - 1][0].is_name
    ):
        year = int(found[n - 1][0].words)
        return lambda published: periods.named(year, number, day)
    return rule


def _quotations(text: str, start: int, end: int) -> list[Span]:
    """What is in quotation marks in the paragraphs that hold `text[start:end]`; one that is not closed runs on."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    last = len(text) if last < 0 else last
    spans: list[Span] = []
    opened = -1
    for mark in re.compile(r"[“”\"„«»]").finditer(text, first, last):
        opens = mark[0] in "“„«" or (mark[0] == '"' and opened < 0)
        if opens and opened < 0:
            opened = mark.start()
        elif not opens and opened >= 0:
            spans.append((opened, mark.end()))
            opened = -1
    return [*spans, (opened, last)] if opened >= 0 else spans
