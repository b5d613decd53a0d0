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
import calendar
import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from rag.text import periods
from rag.text.calendar import FULL_MONTHS, MONTHS, WEEKDAYS, date_in_words
from rag.text.lexicon import SMALL
from rag.text.periods import Days, Rule, cut, days_of
from rag.text.tense import looks_ahead
from rag.text.written_dates import entry_stamps
from rag.types import Article, Precision, ResolvedDate, Span


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


def read(text: str, published: str | None = None) -> tuple[DateMention, ...]:
    """The date expressions of a sentence, in order; `published` is the ISO date of its article, cut to what is known.

    Those that need the article's date and do not get enough of it have no `date`. Vague words ("recently", "in recent
    weeks"), seasons, habits ("on Fridays") and days counted from another event ("two days later") are not found.
    """
    return _read(text, published)


@lru_cache(maxsize=4096)
def _read(text: str, published: str | None) -> tuple[DateMention, ...]:
    found = list(_find(text))
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


# --- finding them

_MONTH_NAMES = "|".join(sorted((name.capitalize() for name in MONTHS), key=len, reverse=True))
_FULL_NAMES = "|".join(FULL_MONTHS)
_WEEKDAYS = list(dict.fromkeys(WEEKDAYS.values()))
_DAY_NAMES = "|".join(sorted((name.capitalize() for name in WEEKDAYS if len(name) > 3), key=len, reverse=True))
_M, _D, _Y = rf"(?:(?:{_FULL_NAMES})\b|(?:{_MONTH_NAMES})\b\.?)", r"\d{1,2}(?:st|nd|rd|th)?", r"(?:1[5-9]|20)\d\d"
_PART = (
    r"(?:(?:[Tt]he|[Aa]t|[Bb]y)\s+)?(?:[Ee]nd|[Ss]tart|[Bb]eginning|[Mm]iddle|(?:first|second|latter)\s+half|close)\s+of\s+"
    r"|(?:[Vv]ery\s+)?(?:[Ee]arly|[Ll]ate|[Mm]id)(?:\s+in)?[\s-]+|(?:[Ll]ater?|[Ee]arlier|[Ee]arly)\s+(?:in\s+)?"
)
_NUMBER_WORDS = "|".join(["an?", *(word for word, value in SMALL.items() if 0 < value <= 20)])
_EXPRESSION = re.compile(
    rf"""(?<![\w$€£-])(?P<part>{_PART})?(?:
     (?P<iso>\d{{4}}-\d\d-\d\d)
    |(?:(?P<wd>{_DAY_NAMES}),?\s+(?:the\s+)?)?(?:(?P<d1>{_D})\s+(?:of\s+)?(?P<m1>{_M})|(?P<m2>{_M})\s+(?P<d2>{_D}))
        (?![\d:%]|[.,]\d)(?:,?\s+(?P<y1>{_Y})\b(?!\s?%))?
    |(?P<m3>{_M}),?\s+(?:of\s+)?(?P<y3>{_Y})\b
    |(?P<which>[Ll]ast|[Nn]ext|[Tt]his\s+past|[Tt]his\s+coming|[Tt]his|[Cc]oming)\s+
        (?:(?P<unit>[Ww]eek(?!end|day)|[Mm]onth|[Yy]ear)(?!-)|(?P<weekend>weekend)|(?P<wd2>{_DAY_NAMES})(?!s)|(?P<m4>{_M})
        |(?P<night>night|morning|afternoon|evening))\b
    |(?P<theweekend>[Tt]he\s+weekend)\b
    |(?P<n>\d{{1,3}}|(?i:{_NUMBER_WORDS}))\s+(?P<nunit>day|week|month|year|decade)s?\s+(?P<ago>ago|from\s+now)\b
    |(?P<whole>(?:the|this)\s+(?:year|month)(?:['’]s\s+end)?|year['’]?s?[\s-]end|the\s+new\s+year|[Nn]ew\s+[Yy]ear)\b
    |(?P<word>(?:[Tt]he\s+)?day\s+(?:before\s+yesterday|after\s+tomorrow)|[Tt]oday|[Tt]onight|[Yy]esterday|[Tt]omorrow)\b
    |(?P<wd3>{_DAY_NAMES})\b
    |(?P<m5>{_M})(?!\w)
    |(?P<y5>{_Y})\b
    )(?:['’]s\b)?(?P<hour>\s+(?:morning|afternoon|evening|night|noon|midday|at\s+noon)\b)?""",
    re.VERBOSE,
)
_DEICTIC = re.compile(r"(?:day|morrow)\b|night|\b(?:[Ll]ast|[Nn]ext|[Tt]his|ago|from now)\b")
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


def _find(text: str) -> Iterator[tuple[DateMention, Rule]]:
    """Each expression with its rule, in order, none inside another."""
    at = 0
    while (match := _EXPRESSION.search(text, at)) is not None:
        at = match.end()
        made = _made(text, match)
        if made is None:
            # Perhaps only the words before ("the start of") misled: look again behind the first of them.
            at = match.start() + max(1, len(match["part"] or "")) if match["part"] else match.end()
            continue
        mention, rule = made
        at = mention.end
        yield mention, rule


def _made(text: str, match: re.Match[str]) -> tuple[DateMention, Rule] | None:
    start, end, part = match.start(), match.end(), (match["part"] or "").lower()
    ahead: Callable[[], bool] = lambda: looks_ahead(text, start, end)  # noqa: E731
    word = _BEFORE.search(text, max(0, start - 40), start)
    before = word[1].lower() if word else ""
    relative, is_name = True, False
    rule: Rule | None = None
    try:
        if match["iso"]:
            relative, rule = False, periods.always((dt.date.fromisoformat(match["iso"]),) * 2)
        elif match["d1"] or match["d2"]:
            month, day = _month_number(match["m1"] or match["m2"]), int(re.sub(r"\D", "", match["d1"] or match["d2"]))
            if match["d2"] and before == "in" and not match["y1"] and not match["wd"]:
                # "in May 12 people died": the figure counts people.
                end = match.end("m2")
                rule = periods.yearless(month, None, ahead())
            elif match["y1"]:
                relative, rule = False, periods.always(periods.named(int(match["y1"]), month, day))
            elif 1 <= day <= calendar.monthrange(2000, month)[1]:
                weekday = _weekday_number(match["wd"]) if match["wd"] else None
                rule = periods.yearless(month, day, ahead(), weekday)
        elif match["m3"]:
            relative, rule = False, periods.always(periods.in_month(int(match["y3"]), _month_number(match["m3"])))
        elif match["which"]:
            rule = _which(text, match, ahead)
        elif match["theweekend"]:
            rule = periods.weekend("", ahead())
        elif match["ago"]:
            n = SMALL.get(match["n"].lower(), 1.0) if not match["n"].isdigit() else int(match["n"])
            n = int(n) * (-1 if match["ago"] == "ago" else 1) * (10 if match["nunit"] == "decade" else 1)
            unit = match["nunit"]
            if unit == "decade":
                return None
            rule = periods.weeks_off(n) if unit == "week" else periods.unit(unit, n)
        elif match["whole"]:
            rule = _whole(match["whole"].lower(), part, before)
        elif match["word"]:
            if before == "of" and match["word"].lower() == "today":  # "the youth of today"
                return None
            rule = periods.unit("day", _day_offset(match["word"].lower()))
        elif match["wd3"]:
            if not _is_a_day(text, match, before):
                return None
            rule = periods.weekday(_weekday_number(match["wd3"]), "", ahead())
        elif match["m5"]:
            if not _is_a_month(text, match, before, part):
                return None
            rule = periods.yearless(_month_number(match["m5"]), None, ahead())
        elif match["y5"]:
            in_time = bool(part) or before in _IN_TIME - {"of", "on", "for", "to", "about", "around"}
            in_time = (
                in_time
                or (before == "for" and not re.match(r"\s+\w", text[end:]))
                or bool(re.search(r"\b(?:(?:back|prior|up) to|[Aa]s of)\s+$", text[max(0, start - 20) : start]))
            )
            if "s" in text[match.end("y5") : end] or text[end : end + 1] == "s":  # the 1990s
                return None
            if _NOT_YEARS.match(text, end) or (not in_time and not _is_year_name(text, start, end, before)):
                return None
            relative, is_name, rule = (
                False,
                not in_time and before not in ("to", "and", "of"),
                periods.always(periods.in_year(int(match["y5"]))),
            )
    except (ValueError, KeyError):
        return None
    if rule is None:
        return None
    if part and not match["wd3"] and not match["word"]:
        rule = periods.narrowed(rule, part)
    words = text[start:end].strip()
    start += len(text[start:end]) - len(text[start:end].lstrip())
    if words[:3].lower() in ("at ", "by "):
        before, words, start = words[:2].lower(), words[3:].lstrip(), end - len(words[3:].lstrip())
    return (
        DateMention(
            start=start,
            end=start + len(words),
            words=words,
            is_relative=relative,
            before=before if before in _IN_TIME else "",
            is_name=is_name,
        ),
        rule,
    )


def _which(text: str, match: re.Match[str], ahead: Callable[[], bool]) -> Rule | None:
    """ "last", "next" and "this" before a week, month, year, weekend, weekday, month by name, or time of day."""
    which = match["which"].lower().split()[-1]
    before = text[: match.start()].rstrip().lower()
    if match["unit"]:
        if which in ("past", "coming") or before.endswith(("the", "every")):  # "over the last year": a span, not a date
            return None
        return periods.unit(match["unit"].lower(), {"last": -1, "next": 1}.get(which, 0))
    if match["weekend"]:
        return periods.weekend(which, which == "coming" or (which == "this" and ahead()))
    if match["wd2"]:
        if before.endswith("the"):  # "the next Tuesday": after another day
            return None
        which, comes = ("", True) if which == "coming" else (which, False)
        return periods.weekday(_weekday_number(match["wd2"]), which, comes)
    if match["m4"]:
        month = _month_number(match["m4"])
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


def _whole(words: str, part: str, before: str) -> Rule | None:
    """ "the end of the year", "year end", "the new year"; "the year" by itself is no date."""
    if "new year" in words:
        if words.startswith("new") and before != "the":
            return None
        return lambda published: periods.in_year(published.year + (published.month > 6))
    if not ("end" in words or part):
        return None
    return periods.unit("month" if "month" in words else "year", 0)


def _in_its_range(text: str, found: list[tuple[DateMention, Rule]], n: int, rule: Rule) -> Rule:
    """The rule of a named day or month that shares the year of another: "from 23 January to 9 March 2014", "In 2014,
    he resigned in May"."""
    mention = found[n][0]
    month = re.search(_M, mention.words)
    if not mention.is_relative or month is None or re.match(r"(?i)last|next|this", mention.words):
        return rule
    number, digits = _month_number(month[0]), re.search(r"\b\d{1,2}", mention.words)
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
            _M, other.words
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
        and re.fullmatch(_Y, found[n - 1][0].words)
        and not found[n - 1][0].is_name
    ):
        year = int(found[n - 1][0].words)
        return lambda published: periods.named(year, number, day)
    return rule


def _day_offset(words: str) -> int:
    n = {"yesterday": -1, "tomorrow": 1}.get(words.split()[-1], 0)
    return 2 * n if "day " in words else n


def _month_number(name: str) -> int:
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
    if re.match(rf"\s*[-–—]\s*{_Y}\b", text[end:]):
        return True
    return bool(re.search(rf"{_Y}\s*(?:,|to|and|or|through|until|[-–—])\s*(?:and\s+)?$", before_it)) or bool(
        before in ("of", "to")
        and re.search(r"(?:spring|summer|autumn|fall|winter|half|quarter|elections?|year)\s+of\s+$", before_it)
    )


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
