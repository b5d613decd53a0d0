"""The lines above and below a story that say who wrote it, for whom, and when: bylines, dates, "Published: …".

They are read by their form and their place. What a line is taken for is told with the line itself, so that a reader
can see what was made of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rag.ingest.people import FIRMS, HOUSES, JOBS, capitalised, without_firm
from rag.text.written_dates import CLOCK, MONTH_NAMES, STAMP, parse_date
from rag.types import Span

Clue = tuple[str, Any, str]
"""Field, value, reason."""

N_ABOVE, N_BELOW = 12, 8
# Lines above the story that are none of these: headline, line under it, section.
_MAX_UNKNOWN = 4
_MAX_LINE = 200
_LABELS = {
    "published": "published|publication date|published on|date published|first published|date|pub ?date|posted"
    "|posted on|issued|issue date|release date|load-date",
    "updated": "updated|last updated|updated on|last updated on|modified|last modified|date modified|last update",
    "authors": "by|author|authors|byline|written by|reporter|reported by",
    "outlet": "source|outlet|publication|publisher|newspaper",
    "section": "section|category|desk|filed under",
    "title": "headline|title",
    "url": "url|link|original url|original link|permalink",
}
_LABEL = re.compile("|".join(rf"(?P<{field}>{names})" for field, names in _LABELS.items()), re.IGNORECASE)
_LABELLED = re.compile(r"[*_]{0,2}([A-Z][A-Za-z -]{1,20}?)[*_]{0,2}\s*:[*_]{0,2}\s+(\S.*?)[*_]{0,2}")
_DATED = re.compile(
    r"(?:first |originally )?(published|posted|issued|updated|last updated?|modified|last modified)(?:\s+(?:on|at))?"
    r"[\s:]+(\S.*)",
    re.IGNORECASE,
)
_PARTS = re.compile(r"\s+[|•·–—/-]\s+|\s*[|•·]\s*|\s{3,}|;\s+")
_TIME = re.compile(CLOCK, re.IGNORECASE)
_NAME = r"(?:(?![a-z0-9])\w[\w.'’-]*)"
_PERSON = re.compile(rf"{_NAME}(?:\s(?:{_NAME}|al|bin|da|de|del|der|di|la|le|van|von|y))*")
_PLACED = re.compile(rf"^{_NAME}(?: {_NAME}){{0,3}}, (?=[0-9]|{MONTH_NAMES})")  # Portmere, 6 May 2024
_BY = re.compile(r"[*_]{0,3}(?:By|BY|by|Written by|Words by|Story by)[:\s]\s*(\S.*?)[*_.]{0,3}")
_BY_AND_ON = re.compile(r"(?:Posted|Published|Written|Submitted) by (\S.*?) on (\S.*)", re.IGNORECASE)
_AND = re.compile(r"(,\s*(?:and\s+)?|\s+(?:and|AND|&|with|WITH)\s+|/|\s+\()")
_PLACE = re.compile(r"\s+(?:in|IN|at|for|of|reports? from)\s+.*")
# What stands behind a name and is none.
_ROLE = re.compile(
    rf"(?i)\b(?:{JOBS}|{HOUSES}|special|team|updated|published|min read|minutes?|photo\w*|ph\.?d|m\.?d)\b"
    r"|\.(?:com|org|net)\b|@"
)
_FIRMS = re.compile(FIRMS)
_KNOWN = re.compile(rf"{_FIRMS.pattern}|BBC(?: News)?|CBC(?: News)?|CNN|NPR|DW|Axios|Politico|Al Jazeera")
_OUTLET = re.compile(rf"(?:The\s)?{_NAME}(?:\s(?:{_NAME}|of|the|and|&)){{0,5}}")
# What ends a name like these makes an outlet of it ("Quay Gazette", "Times of Saltby"); the weaker ones are also a
# surname or a heading, and count only where an outlet is to be expected.
_STRONG = re.compile(
    r"(?i).+\s(?:press|news|times|gazette|tribune|herald|chronicle|courier|journal|dispatch|post|telegraph|bulletin"
    r"|newspapers?|newswire|(?:news|press) (?:agency|service|network))|.*\b(?:times|news|journal|voice) of .+"
)
_WEAK = re.compile(
    r"(?i).+\s(?:agency|guardian|observer|examiner|star|mail|globe|daily|weekly|record|standard|mirror|mercury"
    r"|independent|review|register|ledger|echo|sentinel|advertiser|monitor|inquirer|enquirer|beacon|express|magazine"
    r"|today|online|media|network|wire|radio|tv|television|broadcasting)|the(?:\s[\w.'’&-]+){1,3}"
)
_NO_OUTLET = re.compile(
    r"(?i)the (?:hague|gambia|bahamas|bronx|netherlands|philippines|valley|vatican|[\w-]+ (?:islands?|mountains?))"
    r"|(?:world|local|breaking|top|latest|business|sports?|political|national|international|foreign|regional|city"
    r"|community|home|more|other|related|us|uk) (?:news|media)"
    rf"|.*\b(?:{JOBS}|special|team|photo\w*|associates?|authors?|officers?|mayor|minister|president|governor|senator"
    r"|secretary|professor|director|council|government|ministry|court|house|hall|university|coast|border)\b.*"
)
# "Wren Falke of the Quay Press", "special to the Portmere Gazette"
_FOR = re.compile(r"(?P<who>.+?)\s+(?:of|for|at|to|OF|FOR|AT|TO)\s+(?P<outlet>.+)")
_BEFORE_DATE = re.compile(r"[\s,(]+(?:on\s+)?")


# "Source: mayor will go" and "Desk: a story of furniture" are headlines.
_PART = r"[+]?(?![a-z])\w[\w.'’!+-]*"
_JOIN = r"of|the|and|&|for|on|in|to|al|bin|d[aeiu]|del|des|der|die|das|el|l[aeo]|les|il|van|von|y|e|et|und"
_VALUES = {
    "outlet": re.compile(rf"(?:(?:{_JOIN})\s)?{_PART}(?:\s(?:{_PART}|{_JOIN})){{0,7}}|[\w-]+(?:\.[\w-]+)+"),
    "section": re.compile(r"[A-Z0-9][\w &/,;.>-]{0,40}"),
    "title": re.compile(r".+"),
    "url": re.compile(r"https?://\S+"),
}


@dataclass(frozen=True)
class HeaderLine:
    span: Span
    clues: tuple[Clue, ...]


def read_header(text: str, lines: Sequence[Span]) -> list[HeaderLine]:
    """The lines around the story that only say something of it, in order. `lines` are the text's lines that are not
    blank. Above the story bylines, dates and labelled lines count, up to its first sentence; below it dates with a
    label."""
    found: list[HeaderLine] = []
    n_unknown = 0
    last = 0
    for n, span in enumerate(lines[:N_ABOVE]):
        line = text[slice(*span)].strip()
        clues = tuple(_clues(line, first=n == 0)) if len(line) <= _MAX_LINE else ()
        if not clues and n > 0 and len(line) <= _MAX_LINE:
            is_below_names = last == n and any(field == "authors" for field, _, _ in found[-1].clues)
            below = text[slice(*lines[n + 1])].strip() if n + 1 < len(lines) else ""
            clues = tuple(_lone_outlet(line, below, is_below_names=is_below_names))
        if clues:
            found.append(HeaderLine(span, clues))
            last = n + 1
            continue
        n_unknown += 1
        if (
            n_unknown > _MAX_UNKNOWN
            or len(line) > _MAX_LINE
            or (line.endswith((".", "!", "”", '."')) and len(line) > 60)
        ):
            break
    for span in lines[max(last, len(lines) - N_BELOW) :]:
        line = text[slice(*span)].strip()
        if len(line) <= _MAX_LINE and (clues := tuple(c for c in _labelled(line) if c[0] in ("published", "updated"))):
            found.append(HeaderLine(span, clues))
    return found if len(found) < len(lines) else []  # a text of nothing else is its own story


def _clues(line: str, *, first: bool) -> Iterator[Clue]:
    labelled = list(_labelled(line))
    if labelled:
        yield from labelled
        return
    if not first and _FIRMS.fullmatch(line):
        yield "outlet", line, f"The line “{line}” names it."
        return
    parts = _parts(line)
    read = [list(_part(part, line, first=first)) for part in parts]
    if len(parts) > 1 and any(read):
        # "By Wren Falke | Quay Press | 6 May 2024". On top of all, "The Long Silence — May 6, 2024" is a headline.
        names_people = any(field == "authors" for clues in read for field, _, _ in clues)
        for part, clues in zip(parts, read, strict=True):
            if not clues and not first:
                clues.extend(_writing_for(part, line))
            if not clues and (outlet := _outlet(part, is_expected=names_people or not first)):
                clues.append(("outlet", outlet, f"The line “{line}” names it."))
    known = [clues for clues in read if clues]
    # "Ferry sinks - May 6, 2024" is a headline; below it, "Portmere - May 6, 2024" is where and when.
    rest = [part for part, clues in zip(parts, read, strict=True) if not clues]
    if known and not (first and rest) and all(len(part) <= 40 and not part.endswith(".") for part in rest):
        for clues in known:
            yield from clues


def _labelled(line: str) -> Iterator[Clue]:
    match = _LABELLED.fullmatch(line)
    field = _LABEL.fullmatch(match[1]) if match is not None else None
    if match is not None and field is not None:
        name, value = str(field.lastgroup), match[2].strip()
        # "By: …" and "Published: May 6, 2024 | Updated: May 7, 2024"
        parts = _parts(line)
        if name in ("published", "updated") and len(parts) > 1:
            read = [list(_part(part, line, first=True)) for part in parts]
            if all(read):
                for clues in read:
                    yield from clues
                return
        yield from _field(name, value, line)
        return
    parts = _parts(line)
    read = [list(_dated(part, line)) for part in parts]
    if parts and all(read):
        for clues in read:
            yield from clues


def _parts(line: str) -> list[str]:
    """What stands between bars, dots and dashes, without times of day."""
    return [part for part in _PARTS.split(line) if part and not _TIME.fullmatch(part)]


def _field(name: str, value: str, line: str) -> Iterator[Clue]:
    reason = f"The line “{line}” says so."
    if name in ("published", "updated"):
        yield from _date(name, value, line)
    elif name == "authors":
        yield from _byline(value, line)
    elif _VALUES[name].fullmatch(value):
        yield name, value, reason


def _part(part: str, line: str, *, first: bool) -> Iterator[Clue]:
    part = part.strip("*_ ")
    dated = list(_dated(part, line))
    if (both := _BY_AND_ON.fullmatch(part)) is not None:
        yield from (*_authors(both[1], line), *_date("published", both[2], line))
    elif dated:
        yield from dated
    elif (by := _BY.fullmatch(part)) is not None:
        yield from _byline(by[1], line)
    elif (placed := _PLACED.match(part)) is not None:
        if date := list(_date("published", part[placed.end() :], line)):
            if outlet := _outlet(placed[0].rstrip(", "), is_expected=not first):
                yield "outlet", outlet, f"The line “{line}” names it."
            yield from date
    elif date := list(_date("published", part, line)):
        yield from date
    elif not first:
        who, date = _and_date(part, line)
        if date and (people := list(_writing_for(who, line))):
            yield from (*people, *date)


def _byline(value: str, line: str) -> Iterator[Clue]:
    """Who wrote it, and for whom and when where that stands behind the names: "Wren Falke, Quay Press, May 6, 2024"."""
    people, date = _and_date(value, line)
    if found := list(_authors(people, line)):
        yield from (*found, *date)


def _and_date(words: str, line: str) -> tuple[str, list[Clue]]:
    """What stands before the date at the end of a line, and the date; all of it where there is none."""
    for gap in _BEFORE_DATE.finditer(words):
        tail = words[gap.end() :]
        if date := list(_dated(tail, line)) or list(_date("published", tail, line)):
            return words[: gap.start()], date
    return words, []


def _writing_for(words: str, line: str) -> Iterator[Clue]:
    """ "Wren Falke for Quay Press": without a "by" the outlet must be plain."""
    works = _FOR.fullmatch(words)
    if works is not None and _PERSON.fullmatch(works["who"]) and _outlet(works["outlet"], is_expected=False):
        yield from _authors(words, line)


def _lone_outlet(line: str, below: str, *, is_below_names: bool) -> Iterator[Clue]:
    """The outlet on a line of its own, below those who wrote it or above the day; between the two more forms count."""
    outlet = _outlet(line, is_expected=is_below_names)
    if outlet is None:
        return
    is_dated = len(below) <= _MAX_LINE and any(field == "published" for field, _, _ in _clues(below, first=False))
    if is_dated or (is_below_names and _outlet(line, is_expected=False)):
        yield "outlet", outlet, f"The line “{line}” names it."


def _outlet(words: str, *, is_expected: bool) -> str | None:
    """The outlet that a name is, by its form: no place, nobody's role. More forms count where one is expected."""
    words = words.strip(" *_.,()")
    name = re.sub(r"^the\s+", "", words)
    if _KNOWN.fullmatch(name):
        return name
    if len(name) > 50 or not _OUTLET.fullmatch(name) or _NO_OUTLET.fullmatch(name):
        return None
    if _STRONG.fullmatch(name) or (is_expected and _WEAK.fullmatch(name)):
        return name
    # "of the Times"
    return f"The {name}" if name != words and is_expected and _STRONG.fullmatch(words) else None


def outlet_by_form(name: str) -> str | None:
    """The outlet that a name is by its form alone ("Quay Gazette", "Times of Saltby"); None where it need be none."""
    return _outlet(name, is_expected=False)


def _dated(part: str, line: str) -> Iterator[Clue]:
    if (match := _DATED.fullmatch(part.strip("*_() "))) is not None:
        field = "updated" if match[1].lower().split()[-1] in ("updated", "update", "modified") else "published"
        yield from _date(field, match[2], line)


def _date(field: str, value: str, line: str) -> Iterator[Clue]:
    stamp = STAMP.fullmatch(value.strip("*_() "))
    date, why = parse_date(stamp["date"]) if stamp is not None else (None, "")
    if date is not None:
        yield field, date, f"The line “{line}” gives the day." if not why else f"The line “{line}” gives it: {why}"


def _authors(value: str, line: str) -> Iterator[Clue]:
    reason = f"The line “{line}” names them."
    names: list[str] = []
    outlets: list[str] = []
    pieces = _AND.split(value)
    for n in range(0, len(pieces), 2):
        segment = pieces[n].strip(" *_.,()")
        head = _PARTS.split(segment)[0].strip()
        is_behind = n > 0 and pieces[n - 1].strip() in (",", "/", "(")  # and not "and Otto Star"
        if _FIRMS.fullmatch(head):
            outlets.append(head)
            continue
        if is_behind and (outlet := _outlet(head, is_expected=n == len(pieces) - 1)):
            outlets.append(outlet)
            continue
        if (works := _FOR.fullmatch(head)) is not None and (outlet := _outlet(works["outlet"], is_expected=True)):
            outlets.append(outlet)
            head = works["who"]
        person = without_firm(head)
        if person != head:
            outlets.append(head[len(person) :].strip())
            head = person
        if n == 0 and (head.startswith("The ") or head.count(" ") > 1) and (outlet := _outlet(head, is_expected=False)):
            outlets.append(outlet)
        elif not _ROLE.search(head):
            person = _PLACE.sub("", head).strip()
            if _PERSON.fullmatch(person) and 1 <= person.count(" ") <= 5:
                names.append(capitalised(person))
            elif not names:  # "By the sea" begins a headline
                return
    if len(set(outlets)) == 1:
        yield "outlet", outlets[0], f"The line “{line}” names it."
    if names:
        yield "authors", tuple(dict.fromkeys(names)), reason


def byline_names(line: str) -> tuple[str, ...]:
    """The people that a byline names, and none where it names a firm; the line itself where it cannot be read."""
    by = _BY.fullmatch(line)
    read = list(_authors(by[1] if by is not None else line, line))
    return next((value for field, value, _ in read if field == "authors"), () if read else (line,))
