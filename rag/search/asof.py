"""The dates of the articles that are wanted, as a caller gives them or as a question says them, and whether an answer's
evidence is as recent as the question asks.

A filter that was read wrongly loses the answer, so only wording that speaks of what was known or published sets one:
"as of June", "what was known by 6 May", "in the April article", "what has happened since April" and "until 6 May".
"What happened to the court in May 2024?" sets none: May is when it happened, and a later article may report it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from rag.filters import Filters
from rag.search.requests import Request
from rag.text.calendar import FULL_MONTHS, WEEKDAYS, date_in_words
from rag.text.date_words import DateMention
from rag.text.dates import read
from rag.text.periods import Days, cut, days_of
from rag.types import Citation, Json

# Evidence may be so many days older than now, or than the `as_of` that was asked for, before the answer says so.
RECENT_DAYS, NEAR_AS_OF_DAYS = 14, 60
# What happened on a day is reported within so many days; and the longest time of which that is asked.
DAYS_TO_REPORT, LONGEST_HAPPENED = 7, 32
# "What happened" has no more words than these.
FEWEST_ASKED = 2


@dataclass(frozen=True, kw_only=True)
class Understood:
    """Dates (ISO days, inclusive) that were read from a question, with a sentence for each. Falsy where there are none.

    `question` is the question without the words that became a filter: no article says "as of June".
    `is_sure` is true where the question says in full what is to be seen ("as of 6 May 2024"). Any other filter is given
    up when nothing, or no answer, is left. `outlets` are those whose report is asked for, `happened` the days of which
    it is asked what happened, `request` what is wanted beyond one sentence, `spelling` a sentence for each name put
    right."""

    as_of: str | None = None
    published_from: str | None = None
    published_to: str | None = None
    because: tuple[str, ...] = ()
    is_sure: bool = True
    question: str = ""
    outlets: tuple[str, ...] = ()
    happened: Days | None = None
    request: Request | None = None
    spelling: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.because or self.spelling)

    def to_dict(self) -> Json:
        names = ("as_of", "published_from", "published_to")
        found: Json = {name: value for name in names if (value := getattr(self, name)) is not None}
        found |= {"outlets": list(self.outlets)} if self.outlets else {}
        return {**found, "because": [*self.spelling, *self.because]} if self else {}

    def given_up(self) -> Understood:
        """Without the filter, and with a sentence that says so; its words stay out of the question."""
        searched = "all articles were" if self.outlets else "articles of all dates were"
        because = (f"{words} Nothing there answers, so {searched} searched." for words in self.because)
        return Understood(because=tuple(because), question=self.question, request=self.request, spelling=self.spelling)

    def within(self, filters: Filters) -> Filters:
        """`filters` with what was understood, where the caller left the dates open."""
        found = {
            name: value
            for name in ("as_of", "published_from", "published_to", "outlets")
            if (value := getattr(self, name)) and getattr(filters, name) is None
        }
        return replace(filters, **found)


NOTHING = Understood()


def is_open(filters: Filters) -> bool:
    """Whether the caller left the dates open. What a caller says of them wins over what a question says."""
    return filters.as_of is None and filters.published_from is None and filters.published_to is None


_DAY, _MONTH = "|".join(dict.fromkeys(WEEKDAYS.values())), "|".join(FULL_MONTHS).lower()
# Questions are typed in a hurry: a month or weekday in small letters, where it can be nothing else.
_SMALL = re.compile(
    r"(?<=\w )(?:(?<=\bof )|(?<=since )|(?<=until )|(?<=\bby )|(?<=\bin )|(?<=\bon )|(?<=before )|(?<=the )|(?<=\d ))"
    rf"(?:{_MONTH}|{_DAY})\b"
)
_AS_OF = re.compile(r"\bas (?:of|at)\s+(?:the\s+)?$")
_KNOWN = re.compile(
    r"\bknown(?:\s+(?:about|of)\b[^;?]{0,60})?\s+(?:in|on|at|by|until|up to|till)\s+(?:the\s+)?$"
    r"|\b(?:reported|published|written)\s+(?:by|until|up to|till)\s+$"
)
_PREPOSITION = re.compile(r"\b(?:in|on|at|by|until|up to|till)\s+(?:the\s+)?$")
_TOPICAL = (
    r"\b(?:happen(?:ed|s|ing)|known|reported|published|written|wrote|changed|developments?|events|news|new|done"
    r"|learn(?:ed|t))\b"
)
_UNTIL = re.compile(r"\b(?:until|till|up to|up until)\s+$")
_BEFORE = re.compile(r"\b(?:before|prior to)\s+$")
_HAPPENED = re.compile(
    r"\W*(?:and\s+)?(?:what(?:['’]s|\s+is|\s+has|\s+was|\s+else)?\s+(?:happen|chang|going\s+on|new\b|(?:in\s+)?the\s+(?:latest|news))"
    r"|(?:any\s+|the\s+)?(?:latest\s+)?news\b)",
    re.IGNORECASE,
)
_ON = re.compile(r"\b(?:in|on|at|during|from|of|for)\s+(?:the\s+)?$")
_SINCE = re.compile(r"\bsince\s+(?:the\s+)?$")
_PAPERS = r"(?:articles?|story|stories|coverage|reporting|dispatch(?:es)?)"
_PAPER_AFTER = re.compile(rf"(?:['’]s)?\s+{_PAPERS}\b")
_PAPER_BEFORE = re.compile(
    rf"\b(?:{_PAPERS}|reports?|pieces?)\s+(?:(?:published|written|dated|printed)(?:\s+(?:in|on))?|from)\s+(?:the\s+)?$"
    rf"|\b{_PAPERS}\s+(?:of|in)\s+$|\b(?:did|does|do)\b[^,;?]{{1,60}}\b(?:report|write|publish)\s+(?:in|on)\s+$"
    r"|\bwhat\s+was\s+(?:reported|published|written)\s+(?:in|on)\s+$"
)


def understand(question: str, *, today: dt.date, newest: str | None) -> Understood:
    """What `question` says of the dates of the articles it wants.

    "Last year" counts from `today`; a month or day without its year is the latest one up to `newest`, the last day on
    which an article of the library can have been published.
    """
    question = _SMALL.sub(lambda match: match[0].capitalize(), question)
    for mention in read(question, today.isoformat()):
        meant = _meant(mention, today, newest)
        if meant is not None and meant[0] <= today and (understood := _of_mention(question, mention, meant)):
            return understood
    return NOTHING


def _of_mention(question: str, mention: DateMention, meant: Days) -> Understood | None:
    """What a date in a question, which means these days, says of the articles that are wanted; None for the time of an
    event."""
    left, right = question[: mention.start].lower(), question[mention.end :].lower()
    words, is_sure = re.sub(r"^(?:the|an?)\s+", "", mention.words), not mention.is_relative
    first, last = meant
    topical = bool(re.search(_TOPICAL, question, re.IGNORECASE))
    leads = not re.search(r"\w", re.sub(r"^\s*(?:up )?\w+\s+$", "", left))
    if (found := _AS_OF.search(left)) is not None or _KNOWN.search(left):
        found = found or _PREPOSITION.search(left)
        assert found is not None
        return _as_of(*_parts(question, found.start(), mention.end), last, is_sure)
    if (found := _UNTIL.search(left)) is not None and (topical or leads):
        return _as_of(*_parts(question, found.start(), mention.end), last, is_sure)
    if (found := _BEFORE.search(left)) is not None and (topical or leads):
        return _as_of(*_parts(question, found.start(), mention.end), first - dt.timedelta(days=1), is_sure)
    if (found := _SINCE.search(left)) is not None and topical:
        words, rest = _parts(question, found.start(), mention.end, fewest=1)
        return _between(f"“{words}”: only", (first, None), question=rest)
    if _HAPPENED.match(question) and _is_short(meant):
        found = _ON.search(left)
        words, rest = _parts(question, found.start() if found else mention.start, mention.end, fewest=1)
        # What happened to something in a month, a later article may tell; all that happened, those of the month do.
        if not mention.is_relative and mention.precision != "day" and len(re.findall(r"\w+", rest)) > FEWEST_ASKED:
            return None
        until = last + dt.timedelta(days=DAYS_TO_REPORT)
        return _between(f"“{words}”: only", (first, until), question=rest, happened=meant)
    # By its year alone one names a book, or a paper that an article cites.
    if mention.precision != "year" and (_PAPER_AFTER.match(right) or _PAPER_BEFORE.search(left)):
        return _between(f"“{words}” was taken as the date of the article: only", meant)
    return None


def _between(
    why: str, days: tuple[dt.date, dt.date | None], question: str = "", happened: Days | None = None
) -> Understood:
    first, last = days
    span = f"from {date_in_words(first.isoformat())} on" if last is None else _span((first, last))
    return Understood(
        published_from=first.isoformat(),
        published_to=last.isoformat() if last is not None else None,
        because=(f"{why} what was published {span} was searched.",),
        is_sure=False,
        question=question,
        happened=happened,
    )


def _as_of(words: str, rest: str, day: dt.date, is_sure: bool) -> Understood:
    because = f"“{words}”: nothing published after {date_in_words(day.isoformat())} was searched."
    return Understood(as_of=day.isoformat(), because=(because,), is_sure=is_sure, question=rest)


def _span(days: Days) -> str:
    """ "on 6 May 2024", "in May 2024", "from 6 May 2024 to 12 May 2024"."""
    date, _ = cut(days)
    if date is not None and days_of(date) == days:
        return f"{'on' if days[0] == days[1] else 'in'} {date_in_words(date)}"
    return " ".join(f"{word} {date_in_words(day.isoformat())}" for word, day in zip(("from", "to"), days, strict=True))


def _is_short(days: Days) -> bool:
    return (days[1] - days[0]).days < LONGEST_HAPPENED


def _parts(question: str, start: int, end: int, fewest: int = 3) -> tuple[str, str]:
    """The words of a question that say a date, and the question without them; whole where fewer words are left."""
    rest = f"{question[:start].rstrip(' ,')} {question[end:].lstrip(' ,')}".strip()
    rest = re.sub(r"\s+(?=[?.!]*$)", "", rest)
    words = " ".join(question[start:end].split())
    return words, f"{rest[:1].upper()}{rest[1:]}" if len(re.findall(r"\w+", rest)) >= fewest else question


def _meant(mention: DateMention, today: dt.date, newest: str | None) -> Days | None:
    """The days of a mention in a question: of a named day or month without a year, the latest the library knows."""
    named = re.search(rf"(?i)\b(?:{_MONTH})|\b(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b", mention.words)
    if not mention.is_relative or named is None or re.match(r"(?i)last|this|next", mention.words):
        return mention.days
    known = min(today.isoformat(), newest or today.isoformat())
    # By itself: the question's verbs say nothing about whether the date lies ahead.
    return next((m.days for m in read(f"in {mention.words}", known)), None)


# --- how recent an answer is

_NOW = re.compile(
    r"\b(?:now|currently|at present|presently|today|latest|newest|most recent(?:ly)?|these days|at the moment|so far"
    r"|yet|still|already)\b|^\W*(?:has|have|hasn['’]t|haven['’]t)\b|\b(?:has|have)\s+(?!to\b)(?:[\w’'-]+\s+){1,6}?(?:been\b|\w+(?:ed|en)\b)",
    re.IGNORECASE,
)


def too_old(
    question: str, evidence: Iterable[Citation], *, as_of: str | None, today: dt.date, later: Callable[[str], bool]
) -> str | None:
    """A sentence where the newest evidence is older than the question seems to want: one that asks for how things
    are now, or as of a day long after it. `later` says whether an article that may be seen was published after a day.
    """
    dates = {c.article.published for c in evidence if c.article.published}
    if not dates or not (as_of or _NOW.search(question)):
        return None
    # "November 2024" is newer than "2024", which may be January; yet December of a bare year counts as recent.
    latest = max((str(date) for date in dates), key=lambda date: days_of(date)[0])
    last = max(days_of(str(date))[1] for date in dates)
    wanted = days_of(as_of)[1] if as_of else today
    if (wanted - last).days <= (NEAR_AS_OF_DAYS if as_of else RECENT_DAYS):
        return None
    others = "later ones" if later((days_of(latest)[1] + dt.timedelta(days=1)).isoformat()) else "no later one"
    return f"The newest article that answers is of {date_in_words(latest)}; the library holds {others}."
