"""Text files that hold several articles: exports of news archives, and files in which one clear pattern repeats.

Only unmistakable signs count, since a story cut in two is worse than two stories in one text: every part must carry the
sign, and no story may be left outside the parts. In doubt a file is one article.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.errors import BylineError
from rag.ingest.boilerplate import WORD, header, title_line
from rag.ingest.fields import metadata_of
from rag.ingest.metadata import load_yaml
from rag.types import Span


@dataclass(frozen=True, kw_only=True)
class Part:
    """One article of a text, `text[start:end]`, and the line that sets it apart; its own name and the day of its
    publication where that line has them."""

    start: int
    end: int
    sign: str
    key: str | None = None
    day: str | None = None


# LexisNexis has "3 of 12 DOCUMENTS" above each article; others "Document 3 of 12".
_COUNTED = re.compile(r"^[^\S\n]*(?:(\d{1,5}) of (\d{1,5}) DOCUMENTS?|Document (\d{1,5}) of (\d{1,5}))[^\S\n]*$", re.M)
# Nexis Uni has this line below each.
_ENDED = re.compile(r"^[^\S\n]*End of Document[^\S\n]*$", re.M)
# Factiva has its number below each: the source in eight characters, the day, nine more.
_NUMBERED = re.compile(r"^[^\S\n]*Document ([A-Z0-9]{8}((?:19|20)\d\d)(\d\d)(\d\d)[a-z0-9]{9})[^\S\n]*$", re.M)
_RULE = re.compile(r"^[^\S\n]*([-=*_#~])\1{4,}[^\S\n]*$", re.M)
_FENCED = re.compile(
    r"^---[^\S\n]*\n((?:[A-Za-z][\w -]{0,30}:[^\n]*\n(?:(?:[ \t]|- )[^\n]*\n)*){1,30})---[^\S\n]*$", re.M
)
_FIELD = re.compile(r"^(?:title|headline)[^\S\n]*:", re.M | re.I)
# What exports put above the first article and below the last: the search, whose database it is.
_AROUND = re.compile(r"(?i)search summary|date and time:|job number:|©|copyright|all rights reserved")
_MAX_AROUND = 4000
_MAX_HEAD = 600  # characters, within which an article's date must come


def split(text: str) -> list[Part]:
    """The articles of a text that holds several, in order, disjoint, without white space around; none where it is one
    article."""
    ways = (_counted, _numbered, _ended, _fenced, _ruled)
    return next((parts for way in ways if len(parts := way(text)) > 1), [])


def _counted(text: str) -> list[Part]:
    marks = list(_COUNTED.finditer(text))
    counts = [tuple(int(figure) for figure in mark.groups() if figure is not None) for mark in marks]
    is_whole = all(count == (n, counts[0][1]) for n, count in enumerate(counts, start=1))
    return _above(text, marks) if is_whole else []


def _numbered(text: str) -> list[Part]:
    marks = list(_NUMBERED.finditer(text))
    return [
        replace(part, key=mark[1], day="-".join(mark.groups()[1:]))
        for part, mark in zip(_below(text, marks), marks, strict=False)
    ]


def _ended(text: str) -> list[Part]:
    return _below(text, list(_ENDED.finditer(text)))


def _fenced(text: str) -> list[Part]:
    return _above(text, [mark for mark in _FENCED.finditer(text) if _describes(mark[1])], with_mark=True)


def _describes(block: str) -> bool:
    """Whether a fenced block is an article's front matter, and no table or dialogue."""
    if _FIELD.search(block) is None:  # in a file of rules, reading each as YAML takes seconds
        return False
    try:
        return not {"outlet", "authors", "url", "published"}.isdisjoint(metadata_of(load_yaml(block)))
    except BylineError:
        return False


def _ruled(text: str) -> list[Part]:
    """Rules across the page set much else apart: here each part must begin with a headline and a full date."""
    marks = list(_RULE.finditer(text))
    edges = [0, *(edge for mark in marks for edge in mark.span()), len(text)]
    spans = [span for span in zip(edges[::2], edges[1::2], strict=True) if text[slice(*span)].strip()]
    if len(spans) < 2 or not all(_begins_as_article(text[start:end].strip()) for start, end in spans):
        return []
    return _parts(text, spans, marks, outside="")


def _begins_as_article(text: str) -> bool:
    clues = [clue for line in header(text) if line.span[0] < _MAX_HEAD for clue in line.clues]
    is_dated = any(field == "published" and len(value) == 10 for field, value, _ in clues)
    return is_dated and (title_line(text) is not None or any(field == "title" for field, _, _ in clues))


def _above(text: str, marks: Sequence[re.Match[str]], *, with_mark: bool = False) -> list[Part]:
    """The parts of a text that begin with their marks, or below them."""
    if len(marks) < 2:
        return []
    starts = [mark.start() if with_mark else mark.end() for mark in marks]
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    return _parts(text, list(zip(starts, ends, strict=True)), marks, outside=text[: marks[0].start()])


def _below(text: str, marks: Sequence[re.Match[str]]) -> list[Part]:
    """The parts of a text that end above their marks."""
    if len(marks) < 2:
        return []
    starts = [0, *(mark.end() for mark in marks[:-1])]
    spans = [(start, mark.start()) for start, mark in zip(starts, marks, strict=True)]
    return _parts(text, spans, marks, outside=text[marks[-1].end() :])


def _parts(text: str, spans: Sequence[Span], marks: Sequence[re.Match[str]], *, outside: str) -> list[Part]:
    """The parts, or none where one of them is empty, or what lies outside of them may be story."""
    is_frame = not outside.strip() or (len(outside) <= _MAX_AROUND and _AROUND.search(outside) is not None)
    if not is_frame or not all(WORD.search(text, *span) for span in spans):
        return []
    signs = (marks[min(n, len(marks) - 1)][0].strip() for n in range(len(spans)))
    return [
        Part(start=start, end=end, sign=sign.partition("\n")[0])
        for (start, end), sign in zip((_trimmed(text, span) for span in spans), signs, strict=True)
    ]


def _trimmed(text: str, span: Span) -> Span:
    piece = text[slice(*span)]
    start = span[0] + len(piece) - len(piece.lstrip())
    return start, start + len(piece.strip())
