"""FAISS: a cache of the store's vectors, never a second truth.

The file carries a checksum, the embedder's name and the store's generation. Where one of them does not fit, it is
brought up to date from the store.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.protocol import Vectors
from rag.storage import files
from rag.storage.protocol import Store
from rag.types import Ids

MAGIC = b"BYLINE-FAISS-2\n"
# From so many vectors on which kind: all are compared, or those in the nearest lists (recall@10: evals/RESULTS.md,
# Growth). In half precision: 8 bits would cut off numbers outside the range they were learned from, as of new topics.
KINDS = ((0, "Flat"), (30_000, "IVF{lists},SQfp16"))
# A library has to fall to this share of where a kind begins before it is given up again.
GIVEN_UP_BELOW = 0.5
# The share of the lists that are looked into; vectors that these are learned from, for each list, and how often.
PROBED, LEARNED_FROM, ROUNDS = 0.25, 50, 8
_READ = 20_000  # vectors read from the store at a time


def kind_for(n: int, now: int | None = None) -> int:
    """The place in KINDS of the kind for `n` vectors, where `now` is in use."""
    best = max(place for place, (least, _) in enumerate(KINDS) if n >= least)
    return now if now is not None and best < now and n >= GIVEN_UP_BELOW * KINDS[now][0] else best


class FaissIndex:
    """Search by cosine over unit vectors that are known by their passage number (int64, unique, never reused). Safe to
    use from several threads: they take turns.

    `kind` is a place in KINDS. All but the first have to learn from `sample` (n, dim), find nearly all of the nearest,
    and give cosines that are right to about 0.001; among few passages they look at each."""

    def __init__(self, dim: int, *, kind: int = 0, sample: Vectors | None = None) -> None:
        import faiss

        self.kind = kind
        n = 0 if sample is None else len(sample)
        name = KINDS[kind][1].format(lists=max(1, n // LEARNED_FROM))
        index: Any = faiss.index_factory(dim, name, faiss.METRIC_INNER_PRODUCT)
        if sample is not None and not index.is_trained:
            index.cp.niter = ROUNDS
            index.train(self._finite(sample))
        # Inverted lists keep the numbers themselves.
        self._index: Any = faiss.IndexIDMap2(index) if kind == 0 else index
        self._lock = threading.RLock()

    @property
    def dim(self) -> int:
        return int(self._index.d)

    @property
    def is_exact(self) -> bool:
        return self.kind == 0

    def fits(self, n: int) -> bool:
        """Whether this is the kind for `n` vectors."""
        return kind_for(n, self.kind) == self.kind

    @property
    def ids(self) -> Ids:
        """All numbers in the index, ascending, shape (n,)."""
        import faiss

        with self._lock:
            if self.is_exact:
                return np.sort(faiss.vector_to_array(self._index.id_map))
            lists = self._index.invlists
            sizes = [(i, lists.list_size(i)) for i in range(lists.nlist)]
            found = [faiss.rev_swig_ptr(lists.get_ids(i), n).copy() for i, n in sizes if n]
            return np.sort(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """`ids` (n,), `vectors` (n, dim) float32 of unit norm. ValueError on a number that is there already, on
        a shape that does not fit, and on values that are not finite."""
        vectors = self._checked(vectors)
        ids = np.ascontiguousarray(ids, dtype=np.int64)
        if ids.shape != (len(vectors),):
            raise ValueError(f"{ids.shape} ids for {len(vectors)} vectors; one id for each is needed")
        with self._lock:
            # FAISS takes a number twice without a word.
            if len(np.unique(ids)) != len(ids) or np.isin(ids, self.ids).any():
                raise ValueError("an id that is in the index already, or twice in `ids`")
            if len(ids):
                self._index.add_with_ids(vectors, ids)

    def remove(self, ids: Ids) -> None:
        """Numbers that are not there are ignored."""
        if len(ids):
            with self._lock:
                self._index.remove_ids(np.ascontiguousarray(ids, dtype=np.int64))

    def search(self, queries: Vectors, k: int, among: Ids | None = None) -> list[list[tuple[int, float]]]:
        """For each query (q, dim), at most `k` pairs (number, cosine), highest first, ties by number; only those
        in `among` where it is given. Fewer than `k` where fewer exist: never padding."""
        import faiss

        queries = self._checked(queries)
        with self._lock:
            k = min(k, len(self) if among is None else len(among))
            if k <= 0 or not len(queries) or not len(self):
                return [[] for _ in range(len(queries))]
            how: dict[str, Any] = {}
            if among is not None:
                how["sel"] = faiss.IDSelectorBatch(np.ascontiguousarray(among, dtype=np.int64))
            if not self.is_exact:
                # As many vectors as without a filter, which is all of them where few pass.
                share = 1.0 if among is None else len(among) / len(self)
                how["nprobe"] = int(np.ceil(self._index.nlist * min(1.0, PROBED / share)))
            kind = faiss.SearchParameters if self.is_exact else faiss.SearchParametersIVF
            cosines, ids = self._index.search(queries, k, params=kind(**how))
        return [
            sorted(
                ((int(i), float(c)) for i, c in zip(*pair, strict=True) if i != -1), key=lambda hit: (-hit[1], hit[0])
            )
            for pair in zip(ids, cosines, strict=True)
        ]

    def _checked(self, vectors: Vectors) -> Vectors:
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        if vectors.ndim != 2 or vectors.shape[1] != self.dim:
            raise ValueError(f"vectors of shape {vectors.shape}; (n, {self.dim}) is needed")
        return self._finite(vectors)

    @staticmethod
    def _finite(vectors: Vectors) -> Vectors:
        if not np.isfinite(vectors).all():
            raise ValueError("a vector with values that are not finite")
        return vectors

    # -- the file -------------------------------------------------------------------------------------------------

    def save(self, path: Path, *, embedder: str, generation: int) -> None:
        """Write to `path`, all or nothing."""
        import faiss

        with self._lock:
            data: Any = faiss.serialize_index(self._index)
        header = {"embedder": embedder, "generation": generation, "kind": KINDS[self.kind][1]}
        files.save(path, MAGIC, header, [memoryview(data)])

    @classmethod
    def load(cls, path: Path, *, embedder: str) -> tuple[FaissIndex, int] | None:
        """The index in `path` and the generation it was made at; None when there is none, when it is damaged (FAISS
        itself would load a flipped bit in silence) or when it holds the vectors of another embedder."""
        import faiss

        try:
            header, (data,) = files.load(path, MAGIC) or ({}, (b"",))
            if header.get("embedder") != embedder:
                return None
            index = cls.__new__(cls)
            index.kind = [name for _, name in KINDS].index(header["kind"])
            index._index = faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
            index._lock = threading.RLock()
            return index, int(header["generation"])
        except (ValueError, KeyError, TypeError, RuntimeError):
            return None


def refresh(index: FaissIndex | None, store: Store, *, embedder: str, dim: int) -> tuple[FaissIndex, bool]:
    """`index` brought to what the store holds, and whether numbers that are gone were dropped. A number's vector never
    changes, so the difference of the numbers is the whole difference. Where there is none yet it is built."""
    if index is None or index.dim != dim:
        return build(store, embedder=embedder, dim=dim) or FaissIndex(dim), False
    wanted = store.passage_numbers(embedder)
    have = index.ids
    gone = np.setdiff1d(have, wanted, assume_unique=True)
    index.remove(gone)
    _add(index, store, embedder, np.setdiff1d(wanted, have, assume_unique=True))
    return index, bool(len(gone))


def build(store: Store, *, embedder: str, dim: int, stop: Callable[[], bool] = lambda: False) -> FaissIndex | None:
    """An index of the kind for so many vectors of `embedder` as the store holds; None where `stop` says so."""
    wanted = store.passage_numbers(embedder)
    kind, sample = kind_for(len(wanted)), None
    if kind:
        # Lists of about as many vectors as there are lists; learned from passages of all times.
        n = min(len(wanted), LEARNED_FROM * round(len(wanted) ** 0.5))
        drawn = np.sort(np.random.default_rng(0).choice(wanted, size=n, replace=False))
        sample = store.passage_vectors(embedder, [int(number) for number in drawn])[1]
    index = FaissIndex(dim, kind=kind, sample=sample)
    return index if _add(index, store, embedder, wanted, stop) else None


def _add(
    index: FaissIndex, store: Store, embedder: str, numbers: Ids, stop: Callable[[], bool] = lambda: False
) -> bool:
    """Add the vectors of passages, and say whether all were; not where `stop` says so."""
    for i in range(0, len(numbers), _READ):
        if stop():
            return False
        ids, vectors = store.passage_vectors(embedder, [int(n) for n in numbers[i : i + _READ]])
        if len(ids):  # else all of them were replaced a moment ago
            index.add(ids, vectors)
    return True
