"""FAISS: a cache of the store's vectors, never a second truth.

The file carries a checksum, the embedder's name and the store's generation. Where one of them does not fit, it is
brought up to date from the store. It is written beside and renamed, so that a reader sees the old file or the new one.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.protocol import Vectors
from rag.storage.protocol import Store
from rag.types import Ids

MAGIC = b"BYLINE-FAISS-1\n"
# Above this many vectors half precision: half the memory, twice the speed, recall@10 .999 (exact below).
HALF_PRECISION_FROM = 50_000
STALE_AFTER_S = 600.0
_READ = 20_000  # vectors read from the store at a time


class FaissIndex:
    """Exact search by cosine over unit vectors that are known by their passage number (int64, unique, never reused), in
    float32, or in float16 when `half_precision`. Safe to use from several threads: they take turns."""

    def __init__(self, dim: int, *, half_precision: bool = False) -> None:
        import faiss

        flat = (
            faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
            if half_precision
            else faiss.IndexFlatIP(dim)
        )
        self._index: Any = faiss.IndexIDMap2(flat)
        self._lock = threading.RLock()

    @property
    def dim(self) -> int:
        return int(self._index.d)

    @property
    def half_precision(self) -> bool:
        import faiss

        return isinstance(faiss.downcast_index(self._index.index), faiss.IndexScalarQuantizer)

    @property
    def ids(self) -> Ids:
        """All numbers in the index, ascending, shape (n,)."""
        import faiss

        return np.sort(faiss.vector_to_array(self._index.id_map))

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
            if among is None:
                cosines, ids = self._index.search(queries, k)
            else:
                selector = faiss.IDSelectorBatch(np.ascontiguousarray(among, dtype=np.int64))
                only = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
                cosines, ids = self._index.search(queries, k, params=only)
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
        if not np.isfinite(vectors).all():
            raise ValueError("a vector with values that are not finite")
        return vectors

    # -- the file -------------------------------------------------------------------------------------------------

    def save(self, path: Path, *, embedder: str, generation: int) -> None:
        """Write to `path`, all or nothing."""
        import faiss

        data = faiss.serialize_index(self._index).tobytes()
        header = {"embedder": embedder, "generation": generation, "sha256": hashlib.sha256(data).hexdigest()}
        for left in path.parent.glob(f"{path.name}*.tmp"):  # by a process that was killed
            if time.time() - left.stat().st_mtime > STALE_AFTER_S:
                left.unlink(missing_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(MAGIC + json.dumps(header).encode() + b"\n")
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    @classmethod
    def load(cls, path: Path, *, embedder: str) -> tuple[FaissIndex, int] | None:
        """The index in `path` and the generation it was made at; None when there is none, when it is damaged (FAISS
        itself would load a flipped bit in silence) or when it holds the vectors of another embedder."""
        import faiss

        try:
            with path.open("rb") as file:
                if file.read(len(MAGIC)) != MAGIC:
                    return None
                header = json.loads(file.readline(10_000))
                data = file.read()
            if header["embedder"] != embedder or hashlib.sha256(data).hexdigest() != header["sha256"]:
                return None
            index = cls.__new__(cls)
            index._index = faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
            index._lock = threading.RLock()
            return index, int(header["generation"])
        except (OSError, ValueError, KeyError, TypeError, RuntimeError):
            return None


def refresh(index: FaissIndex | None, store: Store, *, embedder: str, dim: int) -> FaissIndex:
    """`index` brought to what the store holds: numbers that are gone are dropped, new ones are added. A number's
    vector never changes, so the difference of the numbers is the whole difference."""
    wanted = store.passage_numbers(embedder)
    half_precision = len(wanted) >= HALF_PRECISION_FROM
    if index is None or index.dim != dim or index.half_precision != half_precision:
        index = FaissIndex(dim, half_precision=half_precision)
    have = index.ids
    index.remove(np.setdiff1d(have, wanted, assume_unique=True))
    missing = np.setdiff1d(wanted, have, assume_unique=True)
    for i in range(0, len(missing), _READ):
        ids, vectors = store.passage_vectors(embedder, [int(n) for n in missing[i : i + _READ]])
        if len(ids):  # else all of them were replaced a moment ago
            index.add(ids, vectors)
    return index
