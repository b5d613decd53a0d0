"""A library's database file: a connection for each thread, whole transactions, migrations, metadata.
`rag.storage.store` says what is in it."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import BylineError, LibraryError
from rag.storage.connection import Connection, unreadable
from rag.storage.migrations import MIGRATIONS
from rag.storage.shelf import has_words, n_words
from rag.types import Ids

PATIENCE_S = 60.0  # for a lock that another process holds
_BATCH = 500  # bound parameters in one statement


class Database:
    """One SQLite file. Safe to use from several threads and several processes; errors as `Store` has them.

    Reading waits for nobody who writes (WAL). Where the folder cannot be written, the file can still be read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._connections: list[tuple[threading.Thread, Connection]] = []
        self._lock = threading.Lock()
        self.is_read_only = path.exists() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))
        try:
            self._migrate()
        except LibraryError:
            self.close()
            raise
        except sqlite3.DatabaseError as error:
            self.close()
            raise LibraryError(unreadable(path, error), path) from error

    def close(self) -> None:
        with self._lock:
            for _, connection in self._connections:
                connection.close()
            self._connections.clear()
            self._local = threading.local()

    @property
    def _db(self) -> Connection:
        """This thread's connection."""
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None or (self._local.seen and self._local.seen != self._seen()):
            self._local.seen = None
            if connection is not None:
                self._drop(connection)
            try:
                connection = self._connect()
            except sqlite3.DatabaseError as error:  # the folder was moved, or the disk is gone
                raise LibraryError(unreadable(self._path, error), self._path) from error
            # From here on: what connecting itself meets is looked at as SQLite says it.
            connection.path = self._path
            connection.create_function("casefold", 1, lambda s: s and s.casefold(), deterministic=True)
            connection.create_function("n_words", 2, n_words, deterministic=True)
            connection.create_function("has_words", 4, has_words, deterministic=True)
            self._local.connection = connection
            self._keep(connection)
        return connection

    def _keep(self, connection: Connection) -> None:
        """Closes those of threads that have ended: a server that runs for days starts thousands."""
        with self._lock:
            ended = [old for thread, old in self._connections if not thread.is_alive()]
            self._connections = [kept for kept in self._connections if kept[0].is_alive()]
            self._connections.append((threading.current_thread(), connection))
        for old in ended:
            old.close()

    def _drop(self, connection: Connection) -> None:
        """Closes one that shows what the file was before somebody else wrote to it."""
        with self._lock:
            self._connections = [kept for kept in self._connections if kept[1] is not connection]
        connection.close()

    def _connect(self) -> Connection:
        if self.is_read_only:
            return self._connect_to_read()
        connection = sqlite3.connect(
            self._path, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False, factory=Connection
        )
        _write_ahead(connection)
        for pragma in ("synchronous = NORMAL", "foreign_keys = ON", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _connect_to_read(self) -> Connection:
        """A connection that writes nothing, not even a lock where there can be none."""
        uri, wal = f"{self._path.absolute().as_uri()}?mode=ro", Path(f"{self._path}-wal")
        try:
            # Works where another user writes just now: then the log and its index are there.
            return self._opened(uri)
        except sqlite3.OperationalError as error:
            if wal.exists() and wal.stat().st_size:
                raise BylineError(
                    f"the library {self._path} is in a folder that cannot be written, with its last changes still in "
                    f"{wal.name}: copy the folder to where you can write, or open it once with the right to write."
                ) from error
        self._local.seen = self._seen()
        return self._opened(f"{uri}&immutable=1")

    def _opened(self, uri: str) -> Connection:
        connection = sqlite3.connect(
            uri, uri=True, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False, factory=Connection
        )
        try:
            connection.execute("PRAGMA user_version").fetchone()
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _seen(self) -> tuple[int, ...]:
        """What changes when somebody else writes to a file that was opened as one that never changes."""
        states = [os.stat(f"{self._path}{end}") for end in ("", "-wal") if os.path.exists(f"{self._path}{end}")]
        return tuple(value for state in states for value in (state.st_ino, state.st_size, state.st_mtime_ns))

    def check_writable(self) -> None:
        """BylineError where nothing can be written."""
        if self.is_read_only:
            raise BylineError(f"the library {self._path} is read-only: give yourself the right to write its folder.")

    @contextmanager
    def _transaction(self, *, patience_s: float | None = None) -> Iterator[Connection]:
        """A transaction that writes, begun when no other does; after `patience_s` (`PATIENCE_S` unless
        given) of waiting for that, BylineError."""
        self.check_writable()
        db = self._db
        try:
            _wait(db, PATIENCE_S if patience_s is None else patience_s)
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
        except BaseException as error:
            if db.in_transaction:  # a full disk rolls back by itself
                db.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):
                raise BylineError(
                    f"the library {self._path} could not be written ({error}), and is as it was before: make room "
                    "on the disk, or wait for the other program that uses it, and try again."
                ) from error
            raise
        finally:
            _wait(db, PATIENCE_S)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A transaction that reads: the library as it is now, whoever writes meanwhile."""
        db = self._db
        db.execute("BEGIN")
        try:
            yield db
        finally:
            db.execute("ROLLBACK")

    def _migrate(self) -> None:
        version = self._version()
        if version > len(MIGRATIONS):
            raise BylineError(
                f"the library {self._path} has format {version}, and this Byline knows up to {len(MIGRATIONS)}: "
                "update Byline with pip install --upgrade byline."
            )
        if version < len(MIGRATIONS):
            with self._transaction() as db:
                # Read again: another process may have migrated while this one waited for the lock.
                for number in range(self._version(), len(MIGRATIONS)):
                    for statement in MIGRATIONS[number]:
                        db.execute(statement)
                    db.execute(f"PRAGMA user_version = {number + 1}")

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def n_bytes(self) -> int:
        """The size of the files in the library's folder; those that go meanwhile (-wal, -shm) are left out."""
        size = 0
        for file in self._path.parent.glob("*"):
            with suppress(OSError):
                size += file.stat().st_size if file.is_file() else 0
        return size

    @property
    def generation(self) -> int:
        """Grows with every change of passages."""
        return int(self.get_meta("generation") or 0)

    def get_meta(self, key: str) -> Any:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def set_meta(self, key: str, value: str) -> None:
        with self._transaction() as db:
            db.execute(
                "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value)
            )

    def _numbers(self, select: str, values: Sequence[Any] = ()) -> Ids:
        """The whole numbers that `select` gives as `number`, ascending. SQLite puts them into one string, since a row
        of Python for each takes ten times as long."""
        (listed,) = self._db.execute(f"SELECT group_concat(number) FROM ({select})", values).fetchone()
        return np.sort(np.fromstring(listed, dtype=np.int64, sep=",")) if listed else np.empty(0, dtype=np.int64)

    def _in(self, select: str, keys: Sequence[Any], *before: Any) -> Iterator[tuple[Any, ...]]:
        """`select … IN (keys)`, in as many statements as the number of bound parameters asks for."""
        for i in range(0, len(keys), _BATCH):
            some = keys[i : i + _BATCH]
            yield from self._db.execute(f"{select} ({', '.join('?' * len(some))})", (*before, *some))


def _wait(connection: Connection, seconds: float) -> None:
    """Let a connection wait so long for a lock."""
    connection.execute(f"PRAGMA busy_timeout = {round(1000 * seconds)}")


def _write_ahead(connection: Connection) -> None:
    """Put a database into WAL mode. Where several make it at once, SQLite gives up at this without waiting."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            if connection.execute("PRAGMA user_version").fetchone()[0]:
                return  # made already, and somebody writes: whoever opens it next will do it
            time.sleep(0.02)
