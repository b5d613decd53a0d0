"""A library's database file: a connection for each thread, whole transactions, migrations, metadata.
`rag.storage.store` says what is in it."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rag.errors import BylineError
from rag.storage.migrations import MIGRATIONS

PATIENCE_S = 60.0  # for a lock that another process holds
_BATCH = 500  # bound parameters in one statement


class Database:
    """One SQLite file. Safe to use from several threads and several processes; errors as `Store` has them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        try:
            self._migrate()
        except sqlite3.DatabaseError as error:
            self.close()
            raise BylineError(
                f"the library file {path} cannot be opened ({error}): restore it from a copy, or remove it and ingest "
                "the articles again."
            ) from error

    def close(self) -> None:
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            self._local = threading.local()

    @property
    def _db(self) -> sqlite3.Connection:
        """This thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._path, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False)
            _write_ahead(connection)
            for pragma in ("synchronous = NORMAL", "foreign_keys = ON", "secure_delete = ON"):
                connection.execute(f"PRAGMA {pragma}")
            connection.create_function("casefold", 1, lambda s: s and s.casefold(), deterministic=True)
            self._local.connection = connection
            with self._lock:
                self._connections.append(connection)
        return connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
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

    def _in(self, select: str, keys: Sequence[Any], *before: Any) -> Iterator[tuple[Any, ...]]:
        """`select … IN (keys)`, in as many statements as the number of bound parameters asks for."""
        for i in range(0, len(keys), _BATCH):
            some = keys[i : i + _BATCH]
            yield from self._db.execute(f"{select} ({', '.join('?' * len(some))})", (*before, *some))


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Put a database into WAL mode. Where several make it at once, SQLite gives up at this without waiting."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
