"""Files of many records: CSV in all its kinds, JSON as a document, as lines and as one list in an object, each perhaps
packed by gzip. Records come one by one, whatever the size of the file; what one of them may be is `MAX_BYTES`."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import itertools
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from rag.ingest.encoding import BOMS, DAMAGED_GZIP, GZIP, MAGIC, MAX_BYTES, decode, decoded, open_file
from rag.ingest.fields import KNOWN, key
from rag.types import BylineError

JSON_LINES = (".jsonl", ".ndjson", ".jl", ".jsonlines")
JSON = (*JSON_LINES, ".json")
TABLES = (".csv", ".tsv", ".tab", ".psv")
SUFFIXES = (*JSON, *TABLES)

_DELIMITERS = ",;\t|\x01\x1f^~"
HEAD = 2**16
"""Bytes by which a file is judged."""
_LOOK_FOR_LETTERS = 2**26  # bytes in which letters beyond ASCII are looked for, to know the encoding of a stream
_SAMPLE_ROWS = 20
_OLD_LINES = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_NAME = re.compile(r"[\w .:/@#()\[\]-]{0,60}")
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
    with _Lines(path) as lines:
        if lines.magic is not None:
            raise BylineError(f"is not text ({lines.magic}).")
        suffix = suffix_of(path)
        if suffix in TABLES or (suffix not in JSON and looks_like(lines.head) == "table"):
            yield from _table_rows(lines)
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
    dialect = _dialect(head)
    return None if dialect is None or not dialect.is_sure else "table"


# --- Lines


class _Lines:
    """The lines of a file as bytes in UTF-8-like encodings, unpacked, one at a time. A context manager."""

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] = open_file(path)
        try:
            self._look(self._file)
        except BaseException:
            self._file.close()
            raise

    def _look(self, raw: IO[bytes]) -> None:
        """Read the start, and what the letters are encoded in."""
        start = self._guarded(lambda: raw.read(HEAD))
        self.magic = next((kind for magic, kind in MAGIC.items() if start.startswith(magic)), None)
        bom = next((encoding for mark, encoding in BOMS.items() if start.startswith(mark)), "")
        self._text: io.TextIOWrapper | None = None
        self._guarded(lambda: raw.seek(0))
        self.encoding: str | None = "utf-8"
        if bom.startswith(("utf-16", "utf-32")):
            self._text = io.TextIOWrapper(raw, encoding=bom, errors="replace", newline="")
            self.head = start.decode(bom, "replace")
        else:
            self.encoding = self._guarded(lambda: _encoding_of(raw)) if self.magic is None else None
            self._guarded(lambda: raw.seek(0))
            self.head = "" if self.magic is not None else decode_line(start, self.encoding)
        self._decoder = codecs.getincrementaldecoder(self.encoding or "utf-8")("replace")

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _guarded(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise BylineError(DAMAGED_GZIP.format(error)) from error

    def read(self, size: int) -> bytes:
        """The next text, about `size` bytes of it, in good UTF-8; none at the end."""
        if (text := self._text) is not None:
            return str(self._guarded(lambda: text.read(size))).encode("utf-8", "replace")
        while data := self._guarded(lambda: self._file.read(size)):
            if decoded_ := self._decoder.decode(data):
                return bytes(decoded_.encode())
        return self._decoder.decode(b"", final=True).encode()

    def lines(self) -> Iterator[bytes | None]:
        """The lines, each with its end; None for one that is longer than a record may be."""
        while line := self._line():
            if len(line) <= MAX_BYTES:
                yield line
                continue
            while line and not line.endswith(b"\n"):
                line = self._line()
            yield None

    def _line(self) -> bytes:
        if (text := self._text) is not None:
            return str(self._guarded(lambda: text.readline(MAX_BYTES + 1))).encode("utf-8", "replace")
        return bytes(self._guarded(lambda: self._file.readline(MAX_BYTES + 1)))


def _encoding_of(file: IO[bytes]) -> str | None:
    """The encoding of the first letters beyond ASCII; None where there are none."""
    sample, size = [], 0
    while len(sample) < 4 and size < _LOOK_FOR_LETTERS and (block := file.read(2**18)):
        size += len(block)
        if not block.isascii():
            sample.append(block)
    if not sample:
        return None
    try:
        return decoded(b"\n".join(sample)).encoding
    except BylineError:
        return None


def decode_line(line: bytes, encoding: str | None) -> str:
    """A line, or some, of a file whose letters are in `encoding`."""
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = decode(line, encoding)
    return text.replace("\0", "")


# --- Tables


class _Dialect(NamedTuple):
    delimiter: str
    escaped: bool  # \" stands for a quotation mark, instead of ""
    is_sure: bool  # whether this is a table whatever its suffix


def _dialect(head: str) -> _Dialect | None:
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
            spaced = delimiter == "," and any(name.startswith(" ") for name in header)
            is_sure = bool(body) and same == len(body) and named == len(header) and enough and (known >= 2 or not spaced)
            score = (known, 10 * same // max(1, len(body)), named, len(header))
            if best is None or score > best[0]:
                best = score, _Dialect(delimiter, escaped, is_sure)
    return best[1] if best is not None else None


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


def _table_rows(lines: _Lines) -> Iterator[Record]:
    dialect = _dialect(lines.head)
    if dialect is None:
        first = lines.head.strip().split("\n", 1)[0].strip()[:60]
        raise BylineError(
            f"is no table of articles: its first line, “{first}”, must name two columns or more, with a comma, a "
            "semicolon, a tab or | between them."
        )
    names: list[str] | None = None
    row_lines: list[str] = []
    line = 1

    def noted() -> Iterator[str]:
        for text in _texts(lines):
            row_lines.append(text)
            yield text

    reader = _reader(noted(), dialect.delimiter, dialect.escaped)
    try:
        for row in reader:
            start, line = line, reader.line_num + 1
            is_open = len(row_lines) > 1 and _is_open(row_lines, dialect)
            row_lines.clear()
            if is_open:
                yield Record(start, BylineError("opens a quotation mark that nothing closes; mend it there."))
            elif not any(row) or (names is None and len(row) == 1 and row[0].startswith("sep=")):
                continue
            elif names is None:
                names = [name.strip() or f"column {n}" for n, name in enumerate(row, start=1)]
            elif len(row) > len(names) and any(row[len(names) :]):
                yield Record(start, BylineError(f"has {len(row)} fields where the first line has {len(names)}; mend it."))
            else:
                yield Record(start, dict(zip(names, row, strict=False)))
    except csv.Error as error:
        raise BylineError(f"is not CSV from line {line} on ({error}); mend that line.") from error


def _is_open(lines: list[str], dialect: _Dialect) -> bool:
    """Whether the last row of a file ends inside a quotation mark."""
    try:
        [*_reader(lines, dialect.delimiter, dialect.escaped, strict=True)]
    except csv.Error as error:
        return "end of data" in str(error)
    return False


def _texts(lines: _Lines) -> Iterator[str]:
    for line in lines.lines():
        if line is None:
            raise BylineError(f"has a line larger than a record may be, {MAX_BYTES / 2**20:.0f} MB; split it.")
        text = decode_line(line, lines.encoding)
        yield from _OLD_LINES.findall(text) if "\r" in text[:-2] else [text]  # as old Macs write them


# --- JSON


def _json_records(path: Path, lines: _Lines, suffix: str, fits: Fits) -> Iterator[Record]:
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
    elif as_lines and not _begins_document(first) or (not isinstance(value, BylineError) and isinstance(value, dict)):
        yield from _json_lines(path, fits)
    else:
        yield from _json_document(path, as_lines, fits)


def _begins_document(line: bytes | None) -> bool:
    """Whether a line opens an object or a list that later lines go on with."""
    return line is not None and re.fullmatch(rb"(?:\xef\xbb\xbf)?\s*[\[{]\s*(?:[\[{]\s*|\"[^\"]*\"\s*:.{0,4000}[,{\[])?\s*", line) is not None


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
    with _Lines(path) as lines:
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
        yield from (Record(number or n, item) for n, item in enumerate(found, start=1))


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
    with _Lines(path) as lines:
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

    def __init__(self, lines: _Lines) -> None:
        self._lines, self.since = lines, 0

    def read(self, size: int = 2**16) -> bytes:
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
        with _Lines(path) as lines:
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
    with _Lines(path) as lines:
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
