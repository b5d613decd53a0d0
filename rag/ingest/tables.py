"""Tables of articles, one in a row: CSV and its kin, whatever parts their fields."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from rag.errors import BylineError
from rag.ingest.encoding import MAX_BYTES
from rag.ingest.fields import KNOWN, key
from rag.ingest.lines import HEAD, Lines, decode_line

_DELIMITERS = ",;\t|\x01\x1f^~"
_SAMPLE_ROWS = 20
_MOST_WORDS, _SENTENCE = 3, 40
_MARKDOWN_RULE = re.compile(r"[\s|:]*-[-\s|:]*")
_OLD_LINES = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_SEPARATOR = re.compile(r"\ufeff?sep=")  # Excel's word for it
_NAME = re.compile(r"[\w .:/@#()\[\]-]{0,60}")


class _Dialect(NamedTuple):
    delimiter: str
    escaped: bool  # \" stands for a quotation mark, instead of ""
    is_sure: bool  # whether this is a table whatever its suffix


def dialect_of(head: str) -> _Dialect | None:
    """How the rows are written that begin so; None where the first line has one field, whatever parts them."""
    head = re.sub(r"^\ufeff?sep=.\r?\n", "", head)
    best: tuple[tuple[int, int, int, int], _Dialect] | None = None
    for delimiter in _DELIMITERS:
        for escaped in (False, True) if '\\"' in head else (False,):
            rows = _sample(head, delimiter, escaped)
            if not rows or len(rows[0]) < 2:
                continue
            header, body = rows[0], rows[1:]
            known = sum(key(name) in KNOWN for name in header if key(name))
            same = sum(len(row) == len(header) for row in body)
            named = sum(_NAME.fullmatch(name) is not None for name in header)
            enough = known >= 2 or (known >= 1 and len(header) >= 3) or (len(header) >= 3 and len(body) >= 3)
            enough = enough or (delimiter != "," and len(body) >= 2 and _has_texts(header, body))
            spaced = delimiter == "," and any(name.startswith(" ") for name in header)
            is_sure = (
                bool(body) and same == len(body) and named == len(header) and enough and (known >= 2 or not spaced)
            )
            score = (known, 10 * same // max(1, len(body)), named, len(header))
            if best is None or score > best[0]:
                best = score, _Dialect(delimiter, escaped, is_sure)
    return best[1] if best is not None else None


def _has_texts(header: list[str], body: list[list[str]]) -> bool:
    """Whether below short names there is a column of sentences."""
    are_names = all(re.match(r"\s*[^\W\d]", name) and len(name.split()) <= _MOST_WORDS for name in header)
    return are_names and any(all(len(cell) >= _SENTENCE for cell in column) for column in zip(*body, strict=False))


def _sample(head: str, delimiter: str, escaped: bool) -> list[list[str]]:
    lines = _OLD_LINES.findall(head)
    if len(head) >= HEAD // 2 and len(lines) > 1:
        lines.pop()  # it may be cut
    try:
        rows = itertools.islice(_reader(lines, delimiter, escaped), _SAMPLE_ROWS + 1)
        return [row for row in rows if row]
    except csv.Error:
        return []


def _reader(lines: Iterable[str], delimiter: str, escaped: bool, *, strict: bool = False) -> Any:
    csv.field_size_limit(max(csv.field_size_limit(), MAX_BYTES))
    escape = "\\" if escaped else None
    return csv.reader(lines, delimiter=delimiter, doublequote=not escaped, escapechar=escape, strict=strict)


def rows_of(lines: Lines) -> Iterator[tuple[int, Any]]:
    """The line each row begins in, from 1, and its values by the names of the first row; a BylineError in the place of
    a row that cannot be read. BylineError where it is no table, or goes on as none."""
    dialect = dialect_of(lines.head)
    if dialect is None:
        first = lines.head.strip().split("\n", 1)[0].strip()[:60]
        raise BylineError(
            f"is no table of articles: its first line, “{first}”, must name two columns or more, with a comma, a "
            "semicolon, a tab or | between them."
        )
    is_markdown = dialect.delimiter == "|" and lines.head.lstrip().startswith("|")
    names: list[str] | None = None
    is_bare = False
    row_lines: list[str] = []
    line = 1

    def noted() -> Iterator[str]:
        for text in _texts(lines):
            if is_markdown:
                text = "" if _MARKDOWN_RULE.fullmatch(text) else f"{text.strip().removeprefix('|').removesuffix('|')}\n"
            row_lines.append(text)
            yield text

    reader = _reader(noted(), dialect.delimiter, dialect.escaped)
    try:
        for row in reader:
            start, line = line, reader.line_num + 1
            is_odd = sum(text.count('"') for text in row_lines) % 2 == 1
            is_open = is_odd and _is_open(row_lines, dialect)
            row_lines.clear()
            is_bare = is_bare and not any(row)
            if is_open:
                yield start, BylineError("opens a quotation mark that nothing closes; mend it there.")
            elif not any(row) or (names is None and _SEPARATOR.match(row[0])):
                continue
            elif names is None:
                is_bare = True
                names = [name.strip() or f"column {n}" for n, name in enumerate(row, start=1)]
            elif len(row) > len(names) and any(row[len(names) :]):
                yield start, BylineError(f"has {len(row)} fields where the first line has {len(names)}; mend it.")
            else:
                yield start, dict(zip(names, row, strict=False))
        if is_bare:
            raise BylineError("holds no row below its first line; leave it out, or fill it.")
    except csv.Error as error:
        raise BylineError(f"is not CSV from line {line} on ({error}); mend that line.") from error


def _is_open(lines: list[str], dialect: _Dialect) -> bool:
    """Whether the last row of a file ends inside a quotation mark."""
    try:
        [*_reader(lines, dialect.delimiter, dialect.escaped, strict=True)]
    except csv.Error as error:
        return "end of data" in str(error)
    return False


def _texts(lines: Lines) -> Iterator[str]:
    for line in lines.lines():
        if line is None:
            raise BylineError(f"has a line larger than a record may be, {MAX_BYTES / 2**20:.0f} MB; split it.")
        text = decode_line(line, lines.encoding)
        yield from _OLD_LINES.findall(text) if "\r" in text[:-2] else [text]  # as old Macs write them
