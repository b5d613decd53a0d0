"""What an article says of itself, and what in it is not story.

Title, outlet, authors and date come from the layers that state them, else from clues in the text, each with its reason.
`find_boilerplate` and `find_headings` say which parts of a text are not sentences of it.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from rag.types import Article, BylineError, DateSource, Json, Precision, Span

_T = TypeVar("_T")
_Clue = tuple[str, str, str]  # field, value, reason
_METADATA_KEYS = {
    "file": ("file", "path"),  # in a manifest
    "title": ("title", "headline"),
    "outlet": ("outlet", "source", "publisher", "site"),
    "authors": ("authors", "author"),
    "url": ("url", "link"),
    "published": ("published", "date", "published_at", "publishedat", "date_publish", "pubdate"),
    "published_precision": ("published_precision",),
    "published_source": ("published_source",),
    "published_reason": ("published_reason",),
}


_MAX_YAML = 64 * 2**10
_MAX_BRACKETS = 100
_TOLERANCE = dt.timedelta(days=366)
_PRECISIONS: dict[int, Precision] = {0: "none", 4: "year", 7: "month", 10: "day"}


def load_yaml(source: str) -> Any:
    """The value of a YAML text. BylineError where it is broken, or built to exhaust whoever reads it."""
    import yaml

    if len(source) > _MAX_YAML:
        raise BylineError(f"is longer than {_MAX_YAML // 2**10} KB.")
    if source.count("[") + source.count("{") > _MAX_BRACKETS:  # PyYAML takes minutes for 64 KB of them
        raise BylineError(f"has more than {_MAX_BRACKETS} brackets.")
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(source, Loader=yaml.SafeLoader)):
            raise BylineError("uses aliases (*name), which are not followed; write the value out.")
        value = yaml.safe_load(source)
        str(value)  # an integer of thousands of figures fails here, and not where it is used
        return value
    except BylineError:
        raise
    except Exception as error:  # PyYAML lets out whatever a date of 31 February or a bad tag leads it into
        raise BylineError(f"is not YAML ({' '.join(str(error).split())}).") from error


def metadata_of(raw: Any) -> Json:
    """The fields under their own names, whatever the file calls them; empty ones are left out."""
    if isinstance(raw, BylineError):
        raise raw
    if not isinstance(raw, dict):
        raise BylineError("is not an object of names and values.")
    fields = {str(name).strip().lower(): value for name, value in raw.items()}
    found: Json = {}
    for name, aliases in _METADATA_KEYS.items():
        values = (fields[alias] for alias in aliases if fields.get(alias) not in (None, "", [], {}))
        found.update((name, value) for value in islice(values, 1))
    return found


def clean(text: str) -> str:
    """Text that did not come from a text file: newlines as `\\n`, and nothing in it that cannot be stored."""
    return re.sub("[\0\ud800-\udfff]", "\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(value: Any) -> str | None:
    value = value.get("name") if isinstance(value, dict) else value
    if isinstance(value, bool) or not isinstance(value, str | int | float | dt.date):
        return None
    line = " ".join(clean(str(value)).split())
    return line if line else None


def _people(value: Any) -> tuple[str, ...] | None:
    names = value if isinstance(value, list) else value.split(";") if isinstance(value, str) else [value]
    people = tuple(dict.fromkeys(name for name in map(one_line, names) if name is not None))
    return people if people else None


def _address(value: Any) -> str | None:
    line = one_line(value)
    return line if line is not None and re.fullmatch(r"https?://\S+", line) else None


def make_article(path: str, text: str, layers: Sequence[Json]) -> Article:
    """The article of a text and of what is stated of it, the most trusted statements first."""

    def stated(name: str, convert: Callable[[Any], _T | None]) -> _T | None:
        return next((value for layer in layers if (value := convert(layer.get(name))) is not None), None)

    boilerplate = find_boilerplate(text)
    edges = [0, *(edge for span in boilerplate for edge in span), len(text)]
    if not any(WORD.search(text, *gap) for gap in zip(edges[::2], edges[1::2], strict=True)):
        raise BylineError("has no text; leave it out, or fill it.")
    title, outlet = stated("title", one_line), stated("outlet", one_line)
    authors, url = stated("authors", _people), stated("url", _address)
    clues = list(_clues(text, boilerplate, url))
    reasons: Json = {}
    for layer in layers:
        reasons.update(layer.get("reasons", {}))
    if title is None and (line := _title_line(text)) is not None:
        title = re.sub(r"^#{1,6}\s+|\s+#+$", "", text[slice(*line)].strip())
        reasons["title"] = f"The first line of the text stands apart: “{title}”."
    if outlet is None:
        outlet, reasons["outlet"] = next(((value, why) for field, value, why in clues if field == "outlet"), (None, ""))
    published, source, reasons["published"] = _published(layers, clues)
    reasons = {field: reason for field, reason in sorted(reasons.items()) if reason}
    return Article(
        id=_sha256([text, title])[:12],
        text=text,
        title=title,
        outlet=outlet,
        authors=authors if authors is not None else (),
        url=url,
        published=published,
        published_precision=_PRECISIONS[len(published) if published is not None else 0],
        published_source=source,
        path=path,
        content_hash=_sha256([text, title, outlet, authors, url, published, source, reasons]),
        boilerplate=boilerplate,
        reasons=reasons,
    )


def _sha256(values: list[Any]) -> str:
    return hashlib.sha256(json.dumps(values, ensure_ascii=False).encode()).hexdigest()


def _published(layers: Sequence[Json], clues: Iterable[_Clue]) -> tuple[str | None, DateSource, str]:
    """The date, cut to what is known, where it is from, and the reason for it or for there being none."""
    ignored = ""
    for layer in layers:
        value, inferred = layer.get("published"), layer.get("published_source") == "inferred"
        reason = one_line(layer.get("published_reason", "It is marked as inferred where it is stated."))
        if value is None:
            if layer.get("published_source") == "none":  # somebody looked, and says that nobody knows
                return None, "none", str(reason) if "published_reason" in layer else ""
        elif (date := _parse_date(value)) is not None and _is_possible(date, dt.date.today() + _TOLERANCE):
            date = date[: {"year": 4, "month": 7}.get(str(layer.get("published_precision")), 10)]
            return date, "inferred" if inferred else "stated", f"{ignored}{reason if inferred else ''}".strip()
        else:
            value = clean(str(value))[:80]
            ignored = f"The date “{value}” is ignored; write it as YYYY-MM-DD, at most a year from now. "
    for field, date, reason in clues:
        if field == "published" and _is_possible(date, dt.date.today()):
            return date, "inferred", ignored + reason
    return None, "none", ignored.strip()


# --- What a text itself says: dates, outlet, headline

_MONTH_NAMES = (
    "Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    "|Nov(?:ember)?|Dec(?:ember)?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH, _DAY = rf"({_MONTH_NAMES})\.?", r"([0-9]{1,2})(?:st|nd|rd|th)?"
_FULL_DATE = re.compile(
    rf"(?<!\w)(?=[0-9JFMASOND])(?:{_MONTH}\s{_DAY},?\s([0-9]{{4}})|{_DAY}\s(?:of\s)?{_MONTH},?\s([0-9]{{4}})"
    r"|([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2}))(?![0-9])",
    re.IGNORECASE,
)
_URL_DATE = re.compile(r"/((?:19|20)[0-9]{2})[/-]([0-9]{1,2})(?:[/-]([0-9]{1,2}))?(?=/|-|$)")


def _parse_date(value: Any) -> str | None:
    """YYYY-MM-DD, YYYY-MM or YYYY, as written: no clock is turned for its time zone. Day and month in figures alone
    (07/10/2026) give None, since nobody can tell which is which."""
    text = str(value).strip()[:100]
    if (full := _FULL_DATE.search(text)) is not None:
        return _iso(full)
    if (basic := re.match(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T|$)", text)) is not None:
        return "-".join(basic.groups())
    if (month := re.fullmatch(rf"{_MONTH},?\s([0-9]{{4}})", text, re.IGNORECASE)) is not None:
        return f"{month[2]}-{_MONTHS.index(month[1][:3].lower()) + 1:02}"
    if re.fullmatch(r"[0-9]{4}(-[0-9]{2})?", text):
        return text
    mail = email.utils.parsedate(text)  # RFC 822, as in feeds, with a year of two figures
    return f"{mail[0]:04}-{mail[1]:02}-{mail[2]:02}" if mail is not None else None


def _iso(full_date: re.Match[str]) -> str:
    year, month, day = (part for part in full_date.groups() if part is not None)
    if not year.isdigit():
        year, month, day = day, year, month
    elif len(year) < 4:
        year, day = day, year
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1
    return f"{year}-{number:02}-{int(day):02}"


def _is_possible(date: str, latest: dt.date) -> bool:
    try:
        return dt.date(1500, 1, 1) <= dt.date.fromisoformat((date + "-01-01")[:10]) <= latest
    except ValueError:
        return False


def _clues(text: str, boilerplate: Sequence[Span], url: str | None) -> Iterator[_Clue]:
    """What the text lets one infer: field, value and reason, the surest first of each field."""
    for dateline in (_DATELINE.fullmatch(text, *span) for span in boilerplate):
        if dateline is not None:
            yield "outlet", next(filter(None, dateline.groups())), f"The text begins “{dateline[0].strip()}”."
    marks = [text[start:end].strip() for start, end in boilerplate if end - start <= _MAX_LINE]
    wires = list(filter(None, map(_WIRE_DATE.match, marks)))
    for wire in wires:
        yield "published", f"{wire[3]}-{wire[2]}-{wire[1]}", f"The wire identifier {wire[0]} carries the day."
    if url is not None and (dated := _URL_DATE.search(url)) is not None:
        parts = (f"{int(part):02}" for part in dated.groups() if part is not None)
        yield "published", "-".join(parts), f"The address carries the date: “{dated[0]}”."
    for mark in filter(_COPYRIGHT.match, marks):
        reason = f"The copyright line reads “{mark}”."
        owner = " ".join(_NOT_OWNER.sub(" ", mark).split()).strip(" .,;|–-").removeprefix("by ")
        if 1 < len(owner) <= 60:
            yield "outlet", owner, reason
        yield from (("published", year, reason) for year in sorted(_YEAR.findall(mark), reverse=True))
    for wire in wires:
        yield "outlet", "MENAFN", f"The text carries its wire identifier {wire[0]}."
    front = front_matter(text)
    dates = ((_iso(match), match[0]) for match in _FULL_DATE.finditer(text, front[1] if front is not None else 0))
    date, words = max((pair for pair in dates if _is_possible(pair[0], dt.date.today())), default=("", ""))
    if date:
        yield "published", date[:7], f"The latest full date in the text is “{words}”; the article is not older."


def _title_line(text: str) -> Span | None:
    """The first line of the story where it is a headline: a Markdown heading, or short, without a full stop, not
    the beginning of a wrapped paragraph, and followed by more."""
    lines = (span for span in _lines(text) if not _is_boilerplate(text, span))
    first, second = next(lines, None), next(lines, None)
    if first is None or first[1] - first[0] > _MAX_LINE:
        return None
    line = text[slice(*first)].strip()
    if _MARKDOWN_HEADING.match(line):
        return first
    is_date = any(map(_FULL_DATE.fullmatch, (line, line.split(", ", 1)[-1])))  # perhaps after its weekday
    if second is None or is_date or _BY_LINE.fullmatch(line) or not _is_heading(line, 160, ".,;:…"):
        return None
    wrapped = text.count("\n", first[1], second[0]) == 1 and (text[second[0]].islower() or _OPEN_END.search(line))
    return None if wrapped or _DATELINE.match(line) else first


def find_headings(text: str) -> tuple[Span, ...]:
    """The lines that are headings and not sentences, sorted, without their newline: Markdown headings, the headline,
    and short lines without final punctuation that stand alone above other text. Boilerplate is not among them."""
    lines = list(_lines(text))
    title = _title_line(text)
    headings = []
    for i, (start, end) in enumerate(lines):
        if (start, end) == title or (end - start <= _MAX_LINE and _MARKDOWN_HEADING.match(text, start, end)):
            headings.append((start, end))
        elif end - start <= 100 and i + 1 < len(lines) and _is_heading(text[start:end].strip(), 80, ".!?,;:…"):
            # Set apart by blank lines or, where there are none, by paragraphs too long to be wrapped lines.
            above, below = lines[max(i - 1, 0)], lines[i + 1]
            first = i == 0 or above[1] - above[0] > _LONG or text.count("\n", above[1], start) > 1
            last = below[1] - below[0] > _LONG or text.count("\n", end, below[0]) > 1
            if first and last and not _is_boilerplate(text, (start, end)):
                headings.append((start, end))
    return tuple(headings)


def _is_heading(line: str, limit: int, finals: str) -> bool:
    core = line.rstrip("\"'”’»›)] ")
    return (
        0 < len(core) <= len(line) <= limit
        and core[-1] not in finals
        and not line[0].islower()
        and _LIST_ITEM.match(line) is None
        and any(map(str.isalpha, line))
    )


# --- What in a text is not its story

_MAX_LINE = 400  # a longer line is a paragraph of the story, whatever it begins with
_LONG = 120  # no one wraps lines as late as this
WORD = re.compile(r"[^\W_]")
_YEAR = re.compile(r"\b[12][0-9]{3}\b")
_FRONT_MATTER = re.compile(r"---[^\S\n]*\n(?:#[^\n]*\n)*(?=[\w\"' -]{1,60}:)")
_FRONT_MATTER_END = re.compile(r"^---[^\S\n]*$", re.MULTILINE)
_MARKDOWN_HEADING = re.compile(r"#{1,6}[^\S\n]+\S")
_LIST_ITEM = re.compile(r"[-*•–·]\s|[0-9]+[.)]\s|\|")
_OPEN_END = re.compile(r"\b(?:a|an|and|as|at|but|by|for|from|has|have|in|is|of|on|or|said|that|the|to|was|with)$")
# Names: capitalised words and what joins them. A word can be read in one way only, so matching stays linear.
_NAME = r"(?:(?![a-z])\w[\w.'’&/@-]*|&|and|in|of|the|at|al|bin|da|de|del|der|di|la|van|von)"
_NAMES = rf"{_NAME}(?:,?\s+{_NAME})*"
_BY_LINE = re.compile(rf"By\s+{_NAMES}")
_CREDIT = (
    r"(?i:(?:additional |further |original )?(?:reporting|editing|writing)(?: and (?:editing|writing))? by)"
    rf"\s+{_NAMES}"
)
_COPYRIGHT = re.compile(r"(?i:©|copyright\b|\(c\))")
_NOT_OWNER = re.compile(
    r"^(?:copyright|©|\(c\)|\s)+|\b[12][0-9]{3}\b|[.,;|]?\s*all rights reserved.*|(?<=[a-z]{3})\.\s.*"
    r"|[,\s]+(?:L\.?P|Inc|Ltd|LLC|PLC|Corp|Co|GmbH|AG|Limited|Corporation)(?![\w-]).*",
    re.IGNORECASE,
)
_WIRE_DATE = re.compile(r"MENAFN([0-9]{2})([0-9]{2})([0-9]{4})[0-9]+ID[0-9]+$")
_AGENCIES = "AFP|ANI|ANSA|AP|Bloomberg|DPA|dpa|EFE|IANS|Kyodo|MENAFN|PTI|Reuters|TASS|UPI|WAFA|Xinhua"
_DASH = r"[^\S\n]*(?:--|[-–—])[^\S\n]*"
_DATELINE = re.compile(
    rf"[^\S\n]*(?:(?:[A-Z][A-Z .'’/-]{{1,40}}(?:, (?:{_MONTH_NAMES})\.? [0-9]{{1,2}})? )?"
    rf"\(([A-Z][\w&.' -]{{1,30}})\){_DASH}"  # PORTMERE, May 3 (Any Name) -
    rf"|[A-Z][^\n()]{{1,60}} \(({_AGENCIES})\){_DASH}"  # Portmere, Westland (AP) —
    rf"|\(({_AGENCIES})\)[^\S\n]+)"  # (MENAFN) The …
)
_BOILERPLATE = re.compile(
    "|".join(
        (
            # Other stories, and what the page wants of its reader.
            r"(?i:(?:(?:read|see|also|more|further)(?: (?:more|also|next|read|on this|reading|stories|story))+"
            r"|(?:related|recommended)(?: (?:stories|story|articles|coverage|topics?|news|links?))*)\s*[:|»].*)",
            r"(?i:(?:read more|related(?: stories| articles)?|continue reading|(?:story|article) continues below"
            r"|(?:story|article) continues (?:below|after) (?:this )?(?:ad|advertisement)|advertisements?"
            r"|advertising|sponsored(?: content)?)[ .…]*)",
            r"(?i:(?:sign up|subscribe|register)(?: now| here| today)? (?:for|to)\b.*"
            r"\b(?:newsletters?|briefings?|e-?mails?|inbox|alerts|channel)\b.*)",
            r"(?i:click here (?:to|for)\b[^.]*\.?)",
            r"(?i:follow (?:us|@\w+)(?: on\b.*)?|follow .{1,60} on (?:X|Twitter|Facebook|Instagram|Telegram|YouTube"
            r"|TikTok|LinkedIn|Threads|Bluesky|WhatsApp|Google News)\b.*)",
            r"(?i:share this(?: article| story| page| post)?(?: (?:on|via|with) [^.]{1,60})?[.:]?)",
            r"(?:https?://|www\.)\S+",
            # Who made it, when it was changed, whose it is.
            r"(?:[-–—]{1,3}\s*)?(?i:with (?:additional )?(?:assistance|reporting|help|contributions?) (?:from|by))"
            rf"\s+{_NAMES}\.?",
            rf"(?:[-–—(]{{1,3}}\s*)?{_CREDIT}(?:[;.,/|]?\s+(?:and )?{_CREDIT})*[.;)]*",
            r"\((?i:updates|adds|corrects|recasts|refiles|rewrites|removes|clarifies)"
            r"(?! (?:are|were|will|have|up)\b).*\)",
            r"(?i:our standards\s*:.*|the thomson reuters trust principles\.?)",
            r"(?i:this (?:article|story|post|piece) (?:was |is )?(?:originally|first) (?:published|appeared)"
            r" (?:on|in|by|at)\b(?! (?:18|19)).*)",
            r"\(?(?i:photos?|images?|pictures?|photographs?)(?i: credits?| by| courtesy(?: of)?)?\s*[:/].*",
            rf"\(?(?i:(?:photos?|images?)(?: credit)? (?:by|courtesy of))\s+{_NAMES}[.)]*",
            r"©.{0,160}",  # a longer one goes on with the story
            rf"(?i:copyright|\(c\))\s*(?:\([cC]\)|©)?\s*(?=.{{0,60}}\b[12][0-9]{{3}}\b){_NAMES}\.?",
            rf"(?i:copyright|\(c\))\s*(?:\([cC]\)|©)?\s*{_NAMES}[.,;|]?\s*(?i:all rights reserved)\b.*",
            r"(?i:all rights reserved\b.{0,160}"
            r"|this (?:material|content) may not be (?:published|reproduced|copied)\b.*)",
            r"(?=[A-Z]*[0-9])(?=[0-9]*[A-Z])[A-Z0-9]{12,}",  # a wire identifier
        )
    )
)


def find_boilerplate(text: str) -> tuple[Span, ...]:
    """What in a text is not its story, sorted and disjoint: front matter, then whole lines without their newline
    ("Read more: …", credits, copyright, wire identifiers, …), and the dateline before the first sentence
    ("(Reuters) - "). A line that could be a sentence of the story is left alone."""
    front = front_matter(text)
    spans = [front] if front is not None else []
    n_openings = 0
    for start, end in _lines(text):
        if _is_boilerplate(text, (start, end)):
            spans.append((start, end))
        elif n_openings < 3:  # a dateline stands below a headline and a byline at most
            n_openings += 1
            dateline = _DATELINE.match(text, start, end)
            if dateline is not None and dateline.end() < end:
                spans.append(dateline.span())
                n_openings = 3
    return tuple(spans)


def _is_boilerplate(text: str, line: Span) -> bool:
    start, end = line
    return end - start <= _MAX_LINE and _BOILERPLATE.fullmatch(text[start:end].strip()) is not None


def front_matter(text: str) -> Span | None:
    head = _FRONT_MATTER.match(text)
    end = _FRONT_MATTER_END.search(text, head.end()) if head is not None else None
    return (0, end.end()) if end is not None else None


def _lines(text: str) -> Iterator[Span]:
    """The lines below the front matter that are not blank, without their newline."""
    front = front_matter(text)
    for line in re.compile(r"[^\n]+").finditer(text, front[1] if front is not None else 0):
        if not line[0].isspace():
            yield line.span()
