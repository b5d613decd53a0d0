"""The lines of a file of any size, as bytes or as text, unpacked and decoded one at a time."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from rag.errors import BylineError
from rag.ingest.encoding import BOMS, DAMAGED_GZIP, GZIP_ERRORS, MAGIC, MAX_BYTES, decode, decoded, open_file

HEAD = 2**16
"""Bytes by which a file is judged."""
_LOOK_FOR_LETTERS = 2**26  # bytes in which letters beyond ASCII are looked for, to know the encoding of a stream


class Lines:
    """The lines of a file in `encoding` (UTF-8 where it was UTF-16), None where it is ASCII as far as it was looked at.
    `head` is how its text begins; `magic` names what it is where it is no text. A context manager: leaving it closes.
    BylineError where it is called .gz and damaged."""

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

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _guarded(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except GZIP_ERRORS as error:
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
    sample: list[bytes] = []
    size = 0
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
