"""SQLite connections whose errors are the library's: damage, or a file that cannot be reached, as one sentence."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from rag.errors import LibraryError

_Result = TypeVar("_Result")
_ROWS = 1_000  # fetched at once while a statement is gone through


class Connection(sqlite3.Connection):
    """A connection that raises LibraryError where the file is damaged or cannot be read. Errors within a transaction
    that writes, of statements and of constraints stay SQLite's; so does every error before `path`, the file, is set."""

    path: Path | None = None

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(_Cursor)

    # SQLite's own shortcuts make cursors of their own from Python 3.11 on.
    def execute(self, *given: Any) -> Any:
        return self.cursor().execute(*given)

    def executemany(self, *given: Any) -> Any:
        return self.cursor().executemany(*given)


class _Cursor(sqlite3.Cursor):
    def execute(self, *given: Any) -> Any:
        return self._told(super().execute, *given)

    def executemany(self, *given: Any) -> Any:
        return self._told(super().executemany, *given)

    def fetchone(self) -> Any:
        return self._told(super().fetchone)

    def fetchall(self) -> Any:
        return self._told(super().fetchall)

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        while rows := self._told(super().fetchmany, _ROWS):
            yield from rows

    def _told(self, do: Callable[..., _Result], *given: Any) -> _Result:
        try:
            return do(*given)
        except sqlite3.DatabaseError as error:
            path = getattr(self.connection, "path", None)
            is_damage = type(error) is sqlite3.DatabaseError or _is_undecodable(error)
            is_unread = not self.connection.in_transaction and _is_of_the_file(error)
            if path is None or not (is_damage or is_unread):
                raise
            raise LibraryError(unreadable(path, error), path) from error


def unreadable(path: Path, error: sqlite3.DatabaseError) -> str:
    """The sentence that a library's file does not open, or is damaged further in, and what to do."""
    why = f"{error}, {name}" if (name := getattr(error, "sqlite_errorname", "")) else f"{error}"
    return f"the library file {path} cannot be opened ({' '.join(why.split())}): {_remedy(error)}"


def _remedy(error: sqlite3.DatabaseError) -> str:
    if "locked" in str(error):
        return "wait for the other program that uses it, and try again."
    if isinstance(error, sqlite3.OperationalError) and not _is_undecodable(error):
        return "give yourself the right to read and write it and its folder, and make room on the disk."
    return "restore it from a copy, or remove it and ingest the articles again."


def _is_undecodable(error: sqlite3.DatabaseError) -> bool:
    """Whether a text in it is not UTF-8 any more."""
    return "decode to UTF-8" in str(error)


def _is_of_the_file(error: sqlite3.DatabaseError) -> bool:
    """Whether it is the file that fails, and not a statement, or a lock that is waited for."""
    return "disk I/O" in str(error) or "unable to open" in str(error)
