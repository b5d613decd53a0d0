"""What a text itself lets one infer: title, outlet, authors, section and dates, each with the reason."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence

from rag.ingest.boilerplate import COPYRIGHT, DATELINE, MAX_LINE, NOT_OWNER, WIRE_DATE, header
from rag.ingest.header import Clue
from rag.text.written_dates import FULL_DATE, MONTH_NAMES, is_possible, iso, month_number
from rag.types import Span

_YEAR = re.compile(r"\b[12][0-9]{3}\b")
_URL_DATE = re.compile(  # "/2019-4" is an issue as well
    r"/((?:19|20)[0-9]{2})(?:[/-]([0-9]{1,2})[/-]([0-9]{1,2})|/([0-9]{1,2})|-([0-9]{2}))(?=/|-|$)"
)
_HOST = re.compile(r"https?://(?:www\.|m\.|amp\.)?([^/:?#@\s]+\.[a-z]{2,})(?::[0-9]+)?(?:[/?#]|$)", re.IGNORECASE)
_DAY_AND_MONTH = re.compile(rf"\b({MONTH_NAMES})\.? ([0-9]{{1,2}})\b(?!,? [0-9]{{4}})")


def strong_clues(text: str, boilerplate: Sequence[Span], url: str | None) -> Iterator[Clue]:
    """What somebody wrote to say just that, the surest first of each field."""
    datelines = _datelines(text, boilerplate)
    for dateline in datelines:
        agency = next(filter(None, dateline.groups()), None)
        if agency is not None:
            yield "outlet", agency, f"The text begins “{dateline[0].strip()}”."
    marks = _marks(text, boilerplate)
    for wire in filter(None, map(WIRE_DATE.match, marks)):
        yield "published", f"{wire[3]}-{wire[2]}-{wire[1]}", f"The wire identifier {wire[0]} carries the day."
    for line in header(text):
        yield from line.clues
    for dateline in datelines:
        if (full := FULL_DATE.search(dateline[0])) is not None:
            yield "published", iso(full), f"The text begins “{dateline[0].strip()}”."
    if url is not None and (dated := _URL_DATE.search(url)) is not None:
        parts = (f"{int(part):02}" for part in dated.groups() if part is not None)
        yield "published", "-".join(parts), f"The address carries the date: “{dated[0]}”."
    yield from _with_a_year_from_elsewhere(datelines, marks)


def weak_clues(text: str, boilerplate: Sequence[Span], url: str | None) -> Iterator[Clue]:
    """What follows from something said for another purpose, the surest first of each field."""
    for line in header(text):
        for field, value, _ in line.clues:
            if field == "updated":
                words = " ".join(text[slice(*line.span)].split())
                yield "published", value, f"Only the line “{words}” gives a day; the article is not younger."
    marks = _marks(text, boilerplate)
    for mark in filter(COPYRIGHT.match, marks):
        reason = f"The copyright line reads “{mark}”."
        owner = " ".join(NOT_OWNER.sub(" ", mark).split()).strip(" .,;|–-").removeprefix("by ")
        if 1 < len(owner) <= 60:
            yield "outlet", owner, reason
        yield from (("published", year, reason) for year in sorted(_YEAR.findall(mark), reverse=True))
    for wire in filter(None, map(WIRE_DATE.match, marks)):
        yield "outlet", "MENAFN", f"The text carries its wire identifier {wire[0]}."
    if url is not None and (host := _HOST.match(url)) is not None:
        yield "outlet", host[1].lower(), f"The address is on {host[1].lower()}; nothing names the outlet."
    edges = [0, *(edge for span in boilerplate for edge in span), len(text)]
    story = zip(edges[::2], edges[1::2], strict=True)
    dates = ((iso(match), match[0]) for gap in story for match in FULL_DATE.finditer(text, *gap))
    date, words = max((pair for pair in dates if is_possible(pair[0], dt.date.today())), default=("", ""))
    if date:
        yield "published", date[:7], f"The latest full date in the text is “{words}”; the article is not older."


def _with_a_year_from_elsewhere(datelines: Sequence[re.Match[str]], marks: Sequence[str]) -> Iterator[Clue]:
    """A dateline has the day and the month; the copyright line has the year."""
    for dateline in datelines:
        if (match := _DAY_AND_MONTH.search(dateline[0])) is not None:
            for mark in filter(COPYRIGHT.match, marks):
                if years := _YEAR.findall(mark):
                    day = f"{max(years)}-{month_number(match[1]):02}-{int(match[2]):02}"
                    yield (
                        "published",
                        day,
                        f"The text begins “{dateline[0].strip()}”, and its copyright line reads “{mark}”.",
                    )


def _datelines(text: str, boilerplate: Sequence[Span]) -> list[re.Match[str]]:
    return list(filter(None, (DATELINE.fullmatch(text, *span) for span in boilerplate)))


def _marks(text: str, boilerplate: Sequence[Span]) -> list[str]:
    return [text[start:end].strip() for start, end in boilerplate if end - start <= MAX_LINE]
