"""The caches beside the database, in step with it: vectors in FAISS and, from a size on, postings for BM25.

Small changes are not written to the files, which grow with the library: whoever opens it next reads what was added
since from the store. What was deleted leaves them at once.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

from rag.errors import BylineError
from rag.storage import index, postings
from rag.storage.protocol import Index, Store
from rag.storage.store import Store as Sqlite

VECTORS, WORDS = "vectors.faiss", "words.postings"
# A file of more passages than `SMALL` is written anew only where it lacks more of them than this share.
SMALL, LACKING = 10_000, 0.01


@dataclass(frozen=True)
class Held:
    """What is searched in: `words` None where SQLite's own index is as quick."""

    vectors: Index
    words: postings.Postings | None


@dataclass(frozen=True)
class _Built(Held):
    vectors: index.FaissIndex


class Caches:
    """The caches of the library in `folder`. Safe to use from several threads."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder, self._store = folder, store
        self._lock = threading.RLock()
        self._held: _Built | None = None
        self._sqlite = store if isinstance(store, Sqlite) else None
        self._state: tuple[str, int] | None = None  # of which embedder, at which generation
        self._written: dict[str, int] = {}  # file -> the passages in it
        self._builder: threading.Thread | None = None
        self._closed = threading.Event()

    def close(self) -> None:
        """End what is built beside; nothing half made is left."""
        self._closed.set()
        if self._builder is not None:
            self._builder.join()

    def forget(self) -> None:
        """Another embedder's vectors are wanted."""
        with self._lock:
            self._held, self._state = None, None

    def drop(self) -> None:
        """Remove the files, which hold what is about to be deleted."""
        with self._lock:
            for name in (VECTORS, WORDS):
                (self._folder / name).unlink(missing_ok=True)
            self._written.clear()

    def current(self, *, embedder: str, dim: int, wait: bool = False) -> Held:
        """The caches as the store is now, for vectors of `embedder` with `dim` numbers.

        Where the library has grown into another kind of index that is built beside the one in use, and taken over by a
        later call; with `wait` it is built before this returns.
        """
        if (own := self._store.own_index(embedder)) is not None:
            return Held(own, None)
        with self._lock:
            generation = self._store.generation
            if self._held is None or self._state != (embedder, generation):
                held = self._held if self._state and self._state[0] == embedder else None
                vectors = self._vectors(held.vectors if held else None, embedder, dim, generation)
                words = self._words(held.words if held else None, generation)
                self._held, self._state = _Built(vectors, words), (embedder, generation)
            held = self._held
            lacking = self._lacking(held)
            if lacking and not self._closed.is_set() and not (self._builder and self._builder.is_alive()):
                self._builder = threading.Thread(target=self._build, args=(embedder, dim), daemon=True)
                self._builder.start()
            builder = self._builder
        if not lacking or not wait or builder is None:
            return held
        builder.join()
        return self.current(embedder=embedder, dim=dim)

    def _lacking(self, held: _Built) -> bool:
        n = len(held.vectors)
        return not held.vectors.fits(n) or (held.words is None and self._sqlite is not None and n >= postings.FROM)

    def _vectors(self, now: index.FaissIndex | None, embedder: str, dim: int, generation: int) -> index.FaissIndex:
        at, lost = -1, False
        if now is None:
            now, at = index.FaissIndex.load(self._folder / VECTORS, embedder=embedder) or (None, -1)
            self._written[VECTORS] = len(now) if now is not None else -1
        if now is None or at != generation:
            now, lost = index.refresh(now, self._store, embedder=embedder, dim=dim)
            if lost or self._is_behind(VECTORS, len(now)):
                self._save_vectors(now, embedder, generation)
        return now

    def _words(self, now: postings.Postings | None, generation: int) -> postings.Postings | None:
        if self._sqlite is None:
            return None
        if now is None:
            now = postings.Postings.load(self._folder / WORDS, self._sqlite)
            self._written[WORDS] = len(now) if now is not None else -1
        if now is None or now.generation == generation:
            return now
        now, lost = postings.refresh(now, self._sqlite)
        if lost or self._is_behind(WORDS, len(now)):
            self._save_words(now)
        return now

    def _save_vectors(self, vectors: index.FaissIndex, embedder: str, generation: int) -> None:
        with contextlib.suppress(OSError):  # a full disk costs time at the next start, nothing else
            vectors.save(self._folder / VECTORS, embedder=embedder, generation=generation)
            self._written[VECTORS] = len(vectors)

    def _save_words(self, words: postings.Postings) -> None:
        with contextlib.suppress(OSError):
            words.save(self._folder / WORDS)
            self._written[WORDS] = len(words)

    def _is_behind(self, name: str, n: int) -> bool:
        """Whether a file is worth writing anew: it is not there, or is small, or lacks much of `n` passages."""
        written = self._written.get(name, -1)
        return written < 0 or n <= SMALL or n - written > n * LACKING

    def _build(self, embedder: str, dim: int) -> None:
        """Build what `_lacking` says, while the others are in use, and put it in their place. Where that fails, what is
        in use goes on being used."""
        with contextlib.suppress(sqlite3.Error, BylineError, MemoryError):
            self._build_beside(embedder, dim)

    def _build_beside(self, embedder: str, dim: int) -> None:
        generation, held = self._store.generation, self._held
        if held is None:
            return
        vectors: index.FaissIndex | None = held.vectors
        if not held.vectors.fits(len(held.vectors)):
            vectors = index.build(self._store, embedder=embedder, dim=dim, stop=self._closed.is_set)
        words = held.words
        if words is None and self._sqlite and len(held.vectors) >= postings.FROM and not self._closed.is_set():
            words = postings.build(self._sqlite)
        with self._lock:
            if vectors is None or self._closed.is_set() or self._state is None or self._state[0] != embedder:
                return
            if vectors is not held.vectors:
                self._save_vectors(vectors, embedder, generation)
            if words is not None and words is not held.words:
                self._save_words(words)
            # At another generation by now, perhaps: the next call brings it up to date.
            self._held, self._state = _Built(vectors, words), (embedder, generation)
