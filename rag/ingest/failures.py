"""What could not be read, and why: one sentence each, and one for the rest of a million."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from rag.errors import BylineError
from rag.ingest.fields import no_text, unknown
from rag.types import Failure

MOST_FAILURES = 20
"""Records of one file of which it is said one by one that they cannot be read."""


def failure(path: str | Path, error: str, number: int = 0) -> Failure:
    """The failure of a file, or of the record `number` of it; `error` goes on from its name."""
    where = _storable(str(path)) + (f":{number}" if number else "")
    name = os.path.basename(where)
    return Failure(path=where, error=_storable(f"{name if name else repr(where)} {error}"))


def _storable(words: str) -> str:
    """File names may hold bytes that are not UTF-8, and names of fields lone surrogates: neither can be printed."""
    return words.encode("utf-8", "replace").decode()


def why(error: Exception) -> str:
    """What `failure` says of an error: a BylineError says it itself; what else an odd record or file leads a parser
    into costs that one, and is named."""
    if isinstance(error, BylineError):
        return str(error)
    if isinstance(error, ImportError):
        return f"cannot be read: {error}; install Byline anew with all that it needs (pip install byline)."
    told = " ".join(str(error).split())[:200]
    return f"cannot be read ({type(error).__name__}{f': {told}' if told else ''}); mend it or leave it out."


class Troubles:
    """What is wrong with the records of a file: the first ones each by itself, the rest of a million in one line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._n_textless = self._n_others = 0
        self._held: list[int] = []

    def without_text(self, number: int, *, is_first: bool) -> Iterator[Failure]:
        self._n_textless += 1
        if self._n_textless > MOST_FAILURES:
            return
        if is_first:  # it may be that none has one
            self._held.append(number)
        else:
            yield failure(self._path, no_text(), number)

    def other(self, number: int, error: str) -> Iterator[Failure]:
        self._n_others += 1
        if self._n_others <= MOST_FAILURES:
            yield failure(self._path, error, number)

    def rest(self, names: list[str], *, is_empty: bool) -> Iterator[Failure]:
        """What was not said yet, now that the file is read. `is_empty`: nothing in it was an article."""
        if is_empty and self._n_textless:
            yield failure(self._path, unknown(names, self._n_textless))
            return
        yield from (failure(self._path, no_text(), number) for number in self._held)
        for n, words in ((self._n_textless, "have no text"), (self._n_others, "cannot be read")):
            if n > MOST_FAILURES:
                yield failure(self._path, f"has {n - MOST_FAILURES:,} more records that {words}.")
