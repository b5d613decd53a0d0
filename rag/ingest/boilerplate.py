"""What in a text is story, what is heading, and what is neither: datelines, credits, copyright lines, invitations.

Rules on lines, for news in English. A line that could be a sentence of the story is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice, takewhile

from rag.ingest import furniture
from rag.ingest.header import HeaderLine, read_header
from rag.text.written_dates import DAY_ONLY, FULL_DATE, MONTH_NAMES, STAMP, entry_stamps
from rag.types import Span

MAX_LINE = 400  # a longer line is a paragraph of the story, whatever it begins with
_LONG = 120  # no one wraps lines as late as this
_MAX_HEADLINE = 160
_MAX_LIST = 100  # headlines in one list of other stories
_MAX_WORDS = 90  # characters of a text that stand for its headline
_FIRST_SENTENCE = re.compile(rf".{{10,{_MAX_WORDS}}}?[.!?][\"'”’»)]*(?=\s|$)(?<!\b[A-Z]\.)")
WORD = re.compile(r"[^\W_]")
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
COPYRIGHT = re.compile(r"(?i:©|copyright\b|\(c\))")
NOT_OWNER = re.compile(
    r"^(?:copyright|©|\(c\)|\s)+|\b[12][0-9]{3}\b|[.,;|]?\s*all rights reserved.*|(?<=[a-z]{3})\.\s.*"
    r"|[,\s]+(?:L\.?P|Inc|Ltd|LLC|PLC|Corp|Co|GmbH|AG|Limited|Corporation)(?![\w-]).*",
    re.IGNORECASE,
)
_AGO = re.compile(r"(?i).{0,20}\bago")
WIRE_DATE = re.compile(r"MENAFN([0-9]{2})([0-9]{2})([0-9]{4})[0-9]+ID[0-9]+$")
_AGENCIES = "AFP|ANI|ANSA|AP|Bloomberg|DPA|dpa|EFE|IANS|Kyodo|MENAFN|PTI|Reuters|TASS|UPI|WAFA|Xinhua"
_DASH = r"[^\S\n]*(?:--|[-–—])[^\S\n]*"
_ON = rf"(?:{MONTH_NAMES})\.? [0-9]{{1,2}}(?:,? [0-9]{{4}})?"
DATELINE = re.compile(
    rf"[^\S\n]*(?:(?:[A-Z][A-Z .'’/-]{{1,40}}(?:, {_ON})? )?"
    rf"\(([A-Z][\w&.' -]{{1,30}})\){_DASH}"  # PORTMERE, May 3 (Any Name) -
    rf"|[A-Z][^\n()]{{1,60}} \(({_AGENCIES})\){_DASH}"  # Portmere, Westland (AP) —
    rf"|\(({_AGENCIES})\)[^\S\n]+"  # (MENAFN) The …
    rf"|[A-Z][A-Z .'’/-]{{1,40}}(?:, [A-Z][\w .]{{1,30}})?, {_ON}{_DASH})"  # PORTMERE, Westland, May 3 --
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
            r"(?i:(?:last |first )?(?:posted|published|updated|modified)\b.{0,40}\bago\.?"
            r"|[0-9]+[- ]min(?:ute)?s? read)",
            r"(?i:by (?:our |a |the )?(?:(?:own|special|foreign|political|news) )?"
            r"(?:staff|correspondents?|reporters?|newsroom|news desk)(?: (?:writers?|reporters?|correspondents?))?)",
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
            rf"(?i:all rights reserved)(?:\W*|[^\w\s].{{0,160}}|\s(?![a-z]).{{0,160}}|\s(?:by|to)\s{_NAMES}\.?)",
            r"(?i:this (?:material|content) may not be (?:published|reproduced|copied)\b.*)",
            r"(?=[A-Z]*[0-9])(?=[0-9]*[A-Z])[A-Z0-9]{12,}",  # a wire identifier
        )
    )
)


def find_boilerplate(text: str, asides: Sequence[Span] = ()) -> tuple[Span, ...]:
    """What in a text is not its story, sorted and disjoint: front matter, then whole lines without their newline
    ("Read more: …", bylines, credits, copyright, wire identifiers, …), and the dateline before the first sentence
    ("(Reuters) - "). A line that could be a sentence of the story is left alone. `asides` are known to be none."""
    front = front_matter(text)
    spans = [front] if front is not None else []
    n_openings = 0
    lines = list(_lines(text))
    around = _around(text, lines)
    for start, end in lines:
        if (start, end) in around or _is_boilerplate(text, (start, end)):
            spans.append((start, end))
        elif n_openings < 3:  # a dateline stands below a headline and a byline at most
            n_openings += 1
            dateline = DATELINE.match(text, start, end)
            if dateline is not None and dateline.end() < end:
                spans.append(dateline.span())
                n_openings = 3
    return _disjoint([*spans, *asides]) if asides else tuple(spans)


def _disjoint(spans: Sequence[Span]) -> tuple[Span, ...]:
    """The spans in order, those that overlap as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)


def header(text: str) -> list[HeaderLine]:
    """The lines around the story that say who wrote it and when (see `rag.ingest.header`)."""
    return read_header(text, [line for line in _lines(text) if not _is_boilerplate(text, line)])


def _around(text: str, lines: Sequence[Span]) -> set[Span]:
    """The lines that are no story by their place: above it, below it, and above the entries of a live blog."""
    stamps = {(start, end) for start, end, _ in entry_stamps(text)}
    return {line.span for line in header(text)} | _after_the_story(text, lines) | stamps


def _after_the_story(text: str, lines: Sequence[Span]) -> set[Span]:
    """Headlines below "More from …" and the like, and what readers wrote below "Comments"; never the first lines."""
    found: set[Span] = set()
    for n, span in enumerate(lines):
        line = text[slice(*span)].strip()
        if n < 2 or span in found or len(line) > _LONG:
            continue
        if furniture.HEADS_A_LIST.fullmatch(line):
            others = takewhile(lambda other: _is_other_headline(text, other), islice(lines, n + 1, n + 1 + _MAX_LIST))
            found.update([span, *others])
        elif furniture.NAMED_READER.fullmatch(line) and n + 1 < len(lines):
            below = text[slice(*lines[n + 1])].strip()
            if len(below) <= _LONG and (STAMP.fullmatch(below) or _AGO.fullmatch(below)):
                return found | {*lines[n:]}
        elif furniture.HEADS_COMMENTS.fullmatch(line):
            told = [text[slice(*other)].strip() for other in lines[n + 1 : n + 5]]
            if any(furniture.BY_A_READER.fullmatch(words[:MAX_LINE]) for words in told):
                return found | {*lines[n:]}
    return found


def _is_other_headline(text: str, line: Span) -> bool:
    """Whether a line below "More from …" is the headline of another story: short, and no sentence."""
    words = text[slice(*line)].strip()
    ended = words.rstrip("\"'”’»)]").endswith((".", "!", ":", ";", ","))
    return len(words) <= _MAX_HEADLINE and not (ended and not _LIST_ITEM.match(words))


def _is_boilerplate(text: str, line: Span) -> bool:
    start, end = line
    return end - start <= MAX_LINE and _is_around(text[start:end].strip())


@lru_cache(maxsize=4096)  # the lines of an article are asked for several times
def _is_around(line: str) -> bool:
    return _BOILERPLATE.fullmatch(line) is not None or furniture.is_furniture(line)


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


# --- Headings


def title_line(text: str) -> Span | None:
    """The first line of the story where it is a headline: a Markdown heading, or short, without a full stop, not
    the beginning of a wrapped paragraph, and followed by more."""
    around = {line.span for line in header(text)}
    lines = (span for span in _lines(text) if span not in around and not _is_boilerplate(text, span))
    first, second = next(lines, None), next(lines, None)
    if first is None or first[1] - first[0] > MAX_LINE:
        return None
    line = text[slice(*first)].strip()
    if _MARKDOWN_HEADING.match(line):
        return first
    if second is None or _is_date(line) or _BY_LINE.fullmatch(line) or not _is_heading(line, 160, ".,;:…"):
        return None
    wrapped = text.count("\n", first[1], second[0]) == 1 and (text[second[0]].islower() or _OPEN_END.search(line))
    return None if wrapped or DATELINE.match(line) else first


def _is_date(line: str) -> bool:
    return any(map(FULL_DATE.fullmatch, (line, line.split(", ", 1)[-1]))) or bool(DAY_ONLY.fullmatch(line))


def first_words(text: str, boilerplate: Sequence[Span]) -> str | None:
    """The words with which the story begins, to be named by where it has no headline: its first sentence, or as much of
    it as is worth a line, with "…" behind it. `boilerplate` is what `find_boilerplate` gave."""
    starts = (end for _, end in ((0, 0), *boilerplate))
    ends = (start for start, _ in (*boilerplate, (len(text), len(text))))
    story = (text[a : min(b, a + 2000)] for a, b in zip(starts, ends, strict=True))
    rows = (" ".join(row.split()) for part in story for row in part.split("\n"))
    line = next((row for row in rows if re.search(r"[^\W\d_]", row) and not _is_date(row)), "")
    line = re.sub(r"^#{1,6} ", "", line)
    if (sentence := _FIRST_SENTENCE.match(line)) is not None:
        return re.sub(r"\.$", "", sentence[0])
    if len(line) <= _MAX_WORDS:
        return line.rstrip(" .,;:") or None
    cut = line[: _MAX_WORDS + 1]
    return f"{(cut[: cut.rindex(' ')] if ' ' in cut else cut[:-1]).rstrip(' .,;:–—-')}…"


def find_headings(text: str) -> tuple[Span, ...]:
    """The lines that are headings and not sentences, sorted, without their newline: Markdown headings, the headline,
    and short lines without final punctuation that stand alone above other text. Boilerplate is not among them."""
    lines = list(_lines(text))
    title = title_line(text)
    around = _around(text, lines)
    headings = []
    for i, (start, end) in enumerate(lines):
        if (start, end) in around:
            continue
        if (start, end) == title or (end - start <= MAX_LINE and _MARKDOWN_HEADING.match(text, start, end)):
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
