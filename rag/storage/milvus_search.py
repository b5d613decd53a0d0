"""Passages found in Milvus: by vector, by their words, and what filters let through."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from embeddings.protocol import Vectors
from rag.filters import Filters
from rag.storage.milvus_engine import MOST, Engine, Row, batches
from rag.storage.milvus_rows import PASSAGE_FIELDS, both, stems_of, where

CANDIDATES = 4_000  # passages that a server without full text is asked for before they are scored here
K1, B = 1.2, 0.75
Seen = Callable[[int, Row], None]
"""Hears of each passage that was found: its number, and article_id, revision and position."""


class Allowed:
    """The passages that filters let through: a condition, not a list. Its length is counted when it is asked for."""

    def __init__(self, engine: Engine, filters: Filters) -> None:
        self._engine, self.condition = engine, where(filters)

    def __len__(self) -> int:
        return self._engine.count("passages", self.condition)


class MilvusIndex:
    """Search by cosine over the vectors in Milvus: what `FaissIndex.search` is to a library in a folder."""

    is_exact = True  # the cosines are Milvus's own

    def __init__(self, engine: Engine, seen: Seen) -> None:
        self._engine, self._seen = engine, seen

    def __len__(self) -> int:
        return self._engine.count("passages")

    def search(self, queries: Vectors, k: int, among: Any = None) -> list[list[tuple[int, float]]]:
        """For each query (q, dim), at most `k` pairs (number, cosine), highest first, ties by number; only those in
        `among`, numbers or `Allowed`, where it is given."""
        if k < 1 or (among is not None and not isinstance(among, Allowed) and not len(among)):
            return [[] for _ in range(len(queries))]
        return [self._one(np.ascontiguousarray(query, dtype=np.float32), k, among) for query in queries]

    def _one(self, query: Vectors, k: int, among: Any) -> list[tuple[int, float]]:
        conditions = [""]
        if isinstance(among, Allowed):
            conditions = [among.condition]
        elif among is not None:
            conditions = [f"number in {[int(n) for n in some]}" for some in batches(list(among))]
        found = []
        for condition in conditions:
            fields = ["number", *PASSAGE_FIELDS]
            for row, score in self._engine.search("passages", "vector", query, k, condition, fields, "IP"):
                self._seen(int(row["number"]), row)
                found.append((int(row["number"]), score))
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))[:k]


def bm25(engine: Engine, terms: Sequence[str], k: int, filters: Filters, seen: Seen) -> list[tuple[int, float]]:
    """The best `k` passages that hold any of `terms`, as (number, score), highest first."""
    stems = list(dict.fromkeys(stem for term in terms for stem in stems_of(term)))
    if not stems or k < 1:
        return []
    if not engine.has_bm25:
        return _scored_here(engine, stems, k, where(filters), seen)
    fields = ["number", *PASSAGE_FIELDS]
    found = []
    for row, score in engine.search("passages", "sparse", " ".join(stems), k, where(filters), fields, "BM25"):
        seen(int(row["number"]), row)
        found.append((int(row["number"]), abs(score)))  # the embedded Milvus gives it with a minus
    return sorted(found, key=lambda hit: (-hit[1], hit[0]))


def _scored_here(engine: Engine, stems: Sequence[str], k: int, condition: str, seen: Seen) -> list[tuple[int, float]]:
    """The same on a server before 2.5, which has no full text: passages with the rarest of the stems, up to
    `CANDIDATES` of them, scored by Okapi BM25 over counts that the server gives. For small libraries."""
    n = engine.count("passages")
    holds = {stem: engine.count("passages", f'array_contains(words, "{stem}")') for stem in stems}
    rows: dict[int, Row] = {}
    fields = ["number", "stems", *PASSAGE_FIELDS]
    for stem in sorted((stem for stem in stems if holds[stem]), key=lambda stem: holds[stem]):
        left = CANDIDATES - len(rows)
        if left <= 0:
            break
        having = both(condition, f'array_contains(words, "{stem}")')
        rows |= {int(row["number"]): row for row in engine.rows("passages", having, fields, limit=min(left, MOST))}
    counts = {number: Counter(row["stems"].split()) for number, row in rows.items()}
    lengths = {number: sum(count.values()) for number, count in counts.items()}
    average = sum(lengths.values()) / max(1, len(lengths))
    scores = {}
    for number, count in counts.items():
        norm = K1 * (1 - B + B * lengths[number] / average)
        # As FTS5 has it: a stem that most passages hold counts a trace, never less than nothing.
        idf = {stem: max(1e-6, math.log((n - holds[stem] + 0.5) / (holds[stem] + 0.5))) for stem in stems}
        scores[number] = sum(idf[s] * count[s] * (K1 + 1) / (count[s] + norm) for s in stems if count[s])
        seen(number, rows[number])
    return sorted(scores.items(), key=lambda hit: (-hit[1], hit[0]))[:k]
