"""BM25 in memory: a cache of SQLite's full-text index for libraries in which that has to look at too many passages.

FTS5 looks up the length of each passage that has a word, one by one. Here the words of its own index, cut and stemmed
by it, lie in arrays: the same formula over the same numbers, and the same scores. What is added later makes further,
small segments (as in Lucene); these are joined as they grow.
"""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.filters import Filters
from rag.storage import files
from rag.storage.migrations import FULL_TEXT
from rag.storage.store import Store
from rag.types import Ids

MAGIC = b"BYLINE-WORDS-1\n"
FROM = 20_000
"""From so many passages on this is quicker than SQLite by more than it takes to load."""
K1, B = 1.2, 0.75  # as in FTS5
_LEAST_IDF = 1e-6  # what FTS5 gives a word that more than half of the passages have
# A segment is joined with the one before it that has less than so many times as many passages.
_JOINED_BELOW = 4
_READ = 2_000_000  # words read at a time
_BLOCK = 1_024
_MAX_PHRASES = 64
_TOKENIZING = threading.Lock()


@dataclass(frozen=True, kw_only=True, eq=False)
class Segment:
    """Passages `numbers` (n,), ascending, with so many words each (`lengths`); for the word at place i of `words` the
    passages rows[starts[i]:starts[i + 1]], places in `numbers`, and how often each has it (`counts`)."""

    numbers: Ids
    lengths: NDArray[np.int32]
    words: tuple[str, ...]
    starts: NDArray[np.int64]
    rows: NDArray[np.int32]
    counts: NDArray[np.uint16]

    @cached_property
    def places(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.words)}

    def holding(self, word: str) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
        """The passages that have the word, and how often."""
        place = self.places.get(word)
        start, end = (0, 0) if place is None else self.starts[place : place + 2]
        return self.rows[start:end], self.counts[start:end]


class Postings:
    """Segments of a library's passages, as the store was at `generation`. Safe to use from several threads."""

    def __init__(self, segments: Sequence[Segment], generation: int, store: Store) -> None:
        self.segments, self.generation = tuple(segments), generation
        self._store = store
        self._n = sum(len(segment.numbers) for segment in segments)
        self._mean = sum(int(segment.lengths.sum()) for segment in segments) / max(1, self._n)
        self._norms = [
            (K1 * (1 - B + B * segment.lengths / max(self._mean, 1e-9))).astype(np.float32) for segment in segments
        ]
        self._phrases: dict[str, list[tuple[int, float]]] = {}

    def __len__(self) -> int:
        return self._n

    def search(self, terms: Sequence[str], k: int, among: Ids | None = None) -> list[tuple[int, float]]:
        """The best `k` passages that hold any of `terms`, as `Store.bm25` gives them; of `among` (ascending) where it
        is given."""
        scores = [np.zeros(len(segment.numbers), dtype=np.float32) for segment in self.segments]
        for term in terms:
            words = words_of(term)
            if len(words) == 1:
                self._add_word(words[0], scores)
            elif words:
                self._add_phrase(term, scores)
        best: list[tuple[int, float]] = []
        for segment, found in zip(self.segments, scores, strict=True):
            if among is not None:
                found = np.where(_is_in(segment.numbers, among), found, 0)
            best += [(int(segment.numbers[row]), float(found[row])) for row in _highest(found, k)]
        return sorted(best, key=lambda pair: (-pair[1], pair[0]))[:k]

    def _add_word(self, word: str, scores: Sequence[NDArray[np.float32]]) -> None:
        held = [segment.holding(word) for segment in self.segments]
        n = sum(len(rows) for rows, _ in held)
        idf = max(np.log((self._n - n + 0.5) / (n + 0.5)), _LEAST_IDF)
        for (rows, counts), norms, of in zip(held, self._norms, scores, strict=True):
            times = counts.astype(np.float32)
            of[rows] += np.float32(idf * (K1 + 1)) * times / (times + norms[rows])

    def _add_phrase(self, term: str, scores: Sequence[NDArray[np.float32]]) -> None:
        """What the index has as words that stand together ("u.s.") has no places here: SQLite knows them."""
        found = self._phrases.get(term)
        if found is None:
            if len(self._phrases) >= _MAX_PHRASES:
                self._phrases = {}
            found = self._phrases[term] = sorted(self._store.bm25([term], self._n + 1, Filters(), 1.0))
        numbers = np.array([number for number, _ in found], dtype=np.int64)
        added = np.array([score for _, score in found], dtype=np.float32)
        for segment, of in zip(self.segments, scores, strict=True):
            there = _is_in(numbers, segment.numbers)
            of[np.searchsorted(segment.numbers, numbers[there])] += added[there]

    # -- the file -------------------------------------------------------------------------------------------------

    def save(self, path: Path) -> None:
        """Write to `path`, all or nothing."""
        parts: list[bytes | memoryview] = []
        for one in self.segments:
            arrays: Any = (one.numbers, one.lengths, one.starts, one.rows, one.counts)
            parts += [memoryview(array).cast("B") if len(array) else b"" for array in arrays]
            parts.append("\n".join(one.words).encode())
        files.save(path, MAGIC, {"generation": self.generation}, parts)

    @classmethod
    def load(cls, path: Path, store: Store) -> Postings | None:
        """What `path` holds; None when there is none, or when it is damaged."""
        loaded = files.load(path, MAGIC)
        if loaded is None:
            return None
        header, parts = loaded
        segments = []
        for i in range(0, len(parts), 6):
            *arrays, words = parts[i : i + 6]
            types = (np.int64, np.int32, np.int64, np.int32, np.uint16)
            numbers, lengths, starts, rows, counts = map(np.frombuffer, arrays, types)
            told = tuple(words.decode().split("\n")) if words else ()
            segments.append(
                Segment(numbers=numbers, lengths=lengths, words=told, starts=starts, rows=rows, counts=counts)
            )
        return cls(segments, header["generation"], store)


def build(store: Store) -> Postings:
    """The postings of all passages, read from SQLite's own index."""
    with store.reading() as db:
        generation = store.generation
        numbers = store.all_numbers()
        return Postings([_read(db, numbers)], generation, store)


def refresh(known: Postings, store: Store) -> tuple[Postings, bool]:
    """`known` brought to what the store holds, and whether it lost passages, which leave no trace in it."""
    with store.reading() as db:
        generation = store.generation
        last = max((int(segment.numbers[-1]) for segment in known.segments if len(segment.numbers)), default=0)
        new = db.execute(
            "SELECT rowid, context, body FROM passages_fts WHERE rowid > ? ORDER BY rowid", (last,)
        ).fetchall()
        there = store.all_numbers()
    kept = there[there <= last]
    segments, lost = list(known.segments), len(kept) < len(known)
    if lost:
        segments = [_without(segment, _is_in(segment.numbers, kept)) for segment in segments]
    if new:
        with closing(_memory()) as memory:
            memory.executemany("INSERT INTO passages_fts (rowid, context, body) VALUES (?, ?, ?)", new)
            segments.append(_read(memory, np.array([row[0] for row in new], dtype=np.int64)))
    while len(segments) > 1 and len(segments[-2].numbers) < _JOINED_BELOW * len(segments[-1].numbers):
        segments[-2:] = [_joined(segments[-2], segments[-1])]
    return Postings(segments, generation, store), lost


@lru_cache(maxsize=10_000)
def words_of(term: str) -> tuple[str, ...]:
    """The words of a search term as SQLite's index has them: cut, folded, stemmed."""
    with _TOKENIZING:
        memory = _tokenizer()
        memory.execute("BEGIN")
        try:
            memory.execute("INSERT INTO passages_fts (context, body) VALUES ('', ?)", (term.replace("\0", " "),))
            return tuple(row[0] for row in memory.execute("SELECT term FROM temp.instances ORDER BY offset"))
        finally:
            memory.execute("ROLLBACK")


@lru_cache(maxsize=1)
def _tokenizer() -> sqlite3.Connection:
    memory = _memory()
    _open_vocabulary(memory)
    return memory


def _memory() -> sqlite3.Connection:
    """A database in memory with a full-text table like the library's."""
    memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    memory.execute(FULL_TEXT)
    return memory


def _open_vocabulary(db: sqlite3.Connection) -> None:
    for name, kind in (("vocabulary", "row"), ("instances", "instance")):
        db.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.{name} USING fts5vocab ('main', 'passages_fts', '{kind}')")


def _read(db: sqlite3.Connection, numbers: Ids) -> Segment:
    """The segment of all that the full-text table of `db` holds, which are the passages `numbers`, ascending."""
    _open_vocabulary(db)
    listed = db.execute("SELECT term, cnt FROM temp.vocabulary").fetchall()
    words = tuple(word for word, _ in listed)
    times = np.array([n for _, n in listed], dtype=np.int64)
    # Words in order, in each the passages in order: a passage stands there once for each time that it has the word.
    docs = (row[0] for row in db.execute("SELECT doc FROM temp.instances"))
    lengths = np.zeros(len(numbers), dtype=np.int64)
    rows, counts, sizes = [], [], []
    for some in _in_runs(times):
        found = np.fromiter(itertools.islice(docs, int(some.sum())), dtype=np.int64)
        places = np.searchsorted(numbers, found).astype(np.int32)
        lengths += np.bincount(places, minlength=len(numbers))
        is_first = np.empty(len(places), dtype=bool)
        is_first[1:] = places[1:] != places[:-1]
        ends = np.cumsum(some)
        is_first[ends - some] = True
        firsts = np.flatnonzero(is_first)
        rows.append(places[firsts])
        counts.append(np.minimum(np.diff(firsts, append=len(places)), 0xFFFF).astype(np.uint16))
        sizes.append(np.diff(np.searchsorted(firsts, ends), prepend=0))
    return Segment(
        numbers=numbers,
        lengths=lengths.astype(np.int32),
        words=words,
        starts=_starts(np.concatenate(sizes)) if sizes else np.zeros(1, dtype=np.int64),
        rows=np.concatenate(rows) if rows else np.empty(0, dtype=np.int32),
        counts=np.concatenate(counts) if counts else np.empty(0, dtype=np.uint16),
    )


def _in_runs(times: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Neighbouring `times` whose sum is about `_READ`."""
    cuts = np.flatnonzero(np.diff(np.cumsum(times) // _READ)) + 1
    return iter([run for run in np.split(times, cuts) if len(run)])


def _starts(sizes: NDArray[Any]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _without(segment: Segment, is_kept: NDArray[np.bool_]) -> Segment:
    """The segment without passages, and without the words that only they have."""
    if is_kept.all():
        return segment
    kept = is_kept[segment.rows]
    starts = _starts(kept)[segment.starts]
    has_some = np.diff(starts) > 0
    return Segment(
        numbers=segment.numbers[is_kept],
        lengths=segment.lengths[is_kept],
        words=tuple(itertools.compress(segment.words, has_some)),
        starts=np.concatenate([starts[:-1][has_some], starts[-1:]]),
        rows=(np.cumsum(is_kept, dtype=np.int32) - 1)[segment.rows[kept]].astype(np.int32),
        counts=segment.counts[kept],
    )


def _joined(first: Segment, then: Segment) -> Segment:
    """One segment of two, all passages of `then` being newer."""
    places = {**first.places}
    at = np.array([places.setdefault(word, len(places)) for word in then.words], dtype=np.int64)
    of_first, of_then = np.zeros((2, len(places)), dtype=np.int64)
    of_first[: len(first.words)] = np.diff(first.starts)
    of_then[at] = np.diff(then.starts)
    starts = _starts(of_first + of_then)
    rows = np.empty(int(starts[-1]), dtype=np.int32)
    counts = np.empty(len(rows), dtype=np.uint16)
    for one, begin, sizes, shift in (
        (first, starts[: len(first.words)], np.diff(first.starts), 0),
        (then, (starts[:-1] + of_first)[at], np.diff(then.starts), len(first.numbers)),
    ):
        to = np.arange(len(one.rows)) + np.repeat(begin - one.starts[:-1], sizes)
        rows[to] = one.rows + np.int32(shift)
        counts[to] = one.counts
    return Segment(
        numbers=np.concatenate([first.numbers, then.numbers]),
        lengths=np.concatenate([first.lengths, then.lengths]),
        words=tuple(places),
        starts=starts,
        rows=rows,
        counts=counts,
    )


def _is_in(numbers: Ids, among: Ids) -> NDArray[np.bool_]:
    """Which of the numbers are among others; both ascending."""
    if not len(among):
        return np.zeros(len(numbers), dtype=bool)
    at = np.minimum(np.searchsorted(among, numbers), len(among) - 1)
    return np.asarray(among[at] == numbers)


def _highest(scores: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """The places of at least the `k` highest scores above 0, or of all."""
    least = np.float32(0)
    whole = len(scores) // _BLOCK * _BLOCK
    if whole // _BLOCK >= k:
        # So many blocks hold one at least as high as this: what is lower is not among the best.
        least = np.partition(scores[:whole].reshape(-1, _BLOCK).max(axis=1), -k)[-k]
    found = np.flatnonzero(scores >= least) if least > 0 else np.flatnonzero(scores > 0)
    if len(found) > k:
        least = np.partition(scores[found], -k)[-k]
        found = found[scores[found] >= least]
    return found
