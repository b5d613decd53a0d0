"""Files of many records: CSV in all its kinds, JSON as a document, as lines and as one list in an object, each perhaps
packed by gzip. Records come one by one, whatever the size of the file; what one of them may be is `MAX_BYTES`."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rag.errors import BylineError
from rag.ingest.encoding import GZIP, MAX_BYTES
from rag.ingest.lines import Lines, decode_line
from rag.ingest.tables import dialect_of, rows_of

JSON_LINES = (".jsonl", ".ndjson", ".jl", ".jsonlines")
JSON = (*JSON_LINES, ".json")
TABLES = (".csv", ".tsv", ".tab", ".psv")
SUFFIXES = (*JSON, *TABLES)

_ARTICLE_TYPE = re.compile(r"Article|Posting|Report|CreativeWork|News")
_FITTING = 20  # items of a list that are looked at
_DEPTH = 6  # objects around a list of articles


class Record(NamedTuple):
    """`number` is the line or place of the record in its file, from 1; 0 where the file is that record and nothing
    else. `value` is what stands there, or a BylineError where it cannot be read."""

    number: int
    value: Any


Fits = Callable[[Any], int]
"""2 where a value is a record with a text, 1 where it has a summary only, else 0."""


def suffix_of(path: Path) -> str:
    """The suffix that tells what a file is, in small letters: of news.csv.gz that is .csv."""
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix == GZIP else suffix


def records(path: Path, fits: Fits) -> Iterator[Record]:
    """The records of a file. BylineError where it is none of any."""
    with Lines(path) as lines:
        if lines.magic is not None:
            raise BylineError(f"is not text ({lines.magic}).")
        suffix = suffix_of(path)
        if suffix in TABLES or (suffix not in JSON and looks_like(lines.head) == "table"):
            yield from (Record(*row) for row in rows_of(lines))
        else:
            yield from _json_records(path, lines, suffix, fits)


def looks_like(head: str) -> str | None:
    """What a text that begins so is: "json", "table", or None where it is neither. Prose is neither, whatever its
    commas."""
    start = head.lstrip("\ufeff \t\r\n")
    if start[:1] in ("{", "["):
        first = start.split("\n", 1)[0]
        try:
            return "json" if isinstance(json.loads(first), dict | list) and len(first) > 2 else None
        except (ValueError, RecursionError):
            return "json" if re.match(r"[\[{]\s*(?:[{\[]\s*)*\"[^\"\n]{1,100}\"\s*:", start) else None
    dialect = dialect_of(head)
    return None if dialect is None or not dialect.is_sure else "table"


def _json_records(path: Path, lines: Lines, suffix: str, fits: Fits) -> Iterator[Record]:
    as_lines = suffix in JSON_LINES
    source = lines.lines()
    first = next((line for line in source if line is None or line.strip(b"\xef\xbb\xbf \t\r\n\0")), b"")
    second = next((line for line in source if line is None or line.strip()), b"")
    if first == b"":
        if as_lines:
            return
        raise BylineError("is not JSON (it is empty); mend it there.")
    value = _value(first)
    if not isinstance(value, BylineError) and second == b"" and not as_lines:
        yield from _expanded(value, 0, fits)
    elif (as_lines and not _begins_document(first)) or (not isinstance(value, BylineError) and isinstance(value, dict)):
        yield from _json_lines(path, fits)
    else:
        yield from _json_document(path, as_lines, fits)


def _begins_document(line: bytes | None) -> bool:
    """Whether a line opens an object or a list that later lines go on with."""
    return (
        line is not None
        and re.fullmatch(rb"(?:\xef\xbb\xbf)?\s*[\[{]\s*(?:[\[{]\s*|\"[^\"]*\"\s*:.{0,4000}[,{\[])?\s*", line)
        is not None
    )


def _value(line: bytes | None) -> Any:
    if line is None:
        return BylineError(f"is larger than a record may be, {MAX_BYTES / 2**20:.0f} MB; split it.")
    try:
        return json.loads(decode_line(line, None))
    except (ValueError, RecursionError) as error:
        return BylineError(f"is not JSON ({error}); mend the line or delete it.")
    except BylineError as error:
        return error


def _json_lines(path: Path, fits: Fits) -> Iterator[Record]:
    with Lines(path) as lines:
        for number, line in enumerate(lines.lines(), start=1):
            if line is None or line.strip(b"\xef\xbb\xbf \t\r\n\0"):
                yield from _expanded(_value(line), number, fits)


def _expanded(value: Any, number: int, fits: Fits) -> Iterator[Record]:
    """The record, or those in the list that it is or holds. `number` is 0 for a whole document."""
    if isinstance(value, list):
        found = value if not number or any(map(fits, value[:_FITTING])) else None
    else:
        found = None if fits(value) == 2 else articles_in(value, fits)
    if found is None:
        yield Record(number, value)
    else:
        yield from (Record(number or n, item) for n, item in enumerate(found, start=1) if not _is_other_thing(item))


def _is_other_thing(item: Any) -> bool:
    """Whether an object of a list says that it is something other than an article (schema.org)."""
    return isinstance(item, dict) and "@type" in item and _ARTICLE_TYPE.search(str(item["@type"])) is None


def articles_in(value: Any, fits: Fits) -> list[Any] | None:
    """The list inside an object that holds its articles, the outermost first; None where there is none. An object of
    objects, each under its key, is such a list too."""
    level = [value]
    for _ in range(_DEPTH):
        level = [outer for outer in level if isinstance(outer, dict)]
        below = [inner for outer in level for inner in outer.values()]
        for inner in below:
            if isinstance(inner, list) and any(map(fits, inner[:_FITTING])):
                return inner
        for outer in level:
            some = [*itertools.islice(outer.values(), _FITTING)]
            if len(some) > 1 and all(isinstance(inner, dict) and fits(inner) == 2 for inner in some):
                return [*outer.values()]
        for inner in below:
            if isinstance(inner, dict) and fits(inner) == 2:
                return [inner]
        level = below
    return None


def _json_document(path: Path, as_lines: bool, fits: Fits) -> Iterator[Record]:
    """The records of a JSON document of many lines: as a whole where it is not too large, else streamed."""
    with Lines(path) as lines:
        data = lines.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        yield from _streamed(path, fits)
        return
    text = decode_line(data, None).strip()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        whole = list(_concatenated(text))
        if whole:
            for n, value in enumerate(whole, start=1):
                yield from _expanded(value, n, fits)
        elif as_lines:
            yield from _json_lines(path, fits)
        else:
            raise BylineError(f"is not JSON ({error}); mend it there.") from error
    else:
        yield from _expanded(value, 0, fits)


def _concatenated(text: str) -> Iterator[Any]:
    """The objects of a text that holds one after the other; none where that is not all it holds."""
    decoder, at, found = json.JSONDecoder(), 0, []
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        found.append(value)
        at += len(text[at : at + 100]) - len(text[at : at + 100].lstrip(" \t\r\n,"))
    yield from found


class _Bounded:
    """What ijson reads from: BylineError where a record takes more than `MAX_BYTES`."""

    def __init__(self, lines: Lines) -> None:
        self._lines, self.since = lines, 0

    def read(self, size: int = 2**16) -> bytes:
        if size == 0:  # ijson asks so for the type
            return b""
        data = self._lines.read(size if size > 0 else 2**16)
        self.since += len(data)
        if self.since > MAX_BYTES:
            raise BylineError(f"has a record larger than one may be, {MAX_BYTES / 2**20:.0f} MB; split it.")
        return data


def _streamed(path: Path, fits: Fits) -> Iterator[Record]:
    """The items of the list of articles in a document of any size."""
    import ijson

    try:
        prefix = _list_in(path, fits)
        if prefix is None:
            raise BylineError("holds no list of articles, and is too large to be one; split it.")
        with Lines(path) as lines:
            source = _Bounded(lines)
            # The first item comes after all that stands before the list, which was looked at already.
            source.since = -(2**62)
            for number, item in enumerate(ijson.items(source, prefix, use_float=True, multiple_values=True), start=1):
                source.since = 0
                yield Record(number, item)
    except ijson.JSONError as error:
        raise BylineError(f"is not JSON ({' '.join(str(error).split())[:200]}); mend it there.") from error


def _list_in(path: Path, fits: Fits) -> str | None:
    """Where the list of articles is, as ijson names it."""
    import ijson

    builder: Any = None
    builds = ""
    with Lines(path) as lines:
        source = _Bounded(lines)
        for prefix, event, value in ijson.parse(source, use_float=True, multiple_values=True):
            if builder is not None:
                builder.event(event, value)
                if prefix == builds and event == "end_map":
                    source.since = 0
                    if fits(builder.value):
                        return builds
                    builder = None
            elif event == "start_map" and (prefix == "item" or prefix.endswith(".item")) and "item." not in prefix:
                builder, builds = ijson.ObjectBuilder(), prefix
                builder.event(event, value)
    return None
