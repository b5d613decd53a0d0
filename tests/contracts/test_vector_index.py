"""What the index of vectors does: values compared with brute force."""

from __future__ import annotations

import numpy as np
import pytest

from embeddings import unit_rows
from rag.storage.index import KINDS, FaissIndex

DIM = 32


@pytest.fixture(params=range(len(KINDS)), ids=[name for _, name in KINDS])
def index(request: pytest.FixtureRequest) -> FaissIndex:
    """An empty one of each kind, taught so few lists that it looks into them all."""
    return FaissIndex(DIM, kind=request.param, sample=vectors(60, seed=9))


def vectors(n: int, seed: int = 0) -> np.ndarray:
    return unit_rows(np.random.default_rng(seed).standard_normal((n, DIM)))


def brute_force(ids: np.ndarray, rows: np.ndarray, query: np.ndarray, k: int) -> list[tuple[int, float]]:
    cosines = rows @ query
    order = sorted(range(len(ids)), key=lambda i: (-cosines[i], ids[i]))[:k]
    return [(int(ids[i]), float(cosines[i])) for i in order]


def same(found: list[tuple[int, float]], expected: list[tuple[int, float]]) -> None:
    assert [i for i, _ in found] == [i for i, _ in expected]
    np.testing.assert_allclose([c for _, c in found], [c for _, c in expected], atol=2e-3)


def test_finds_what_brute_force_finds(index: FaissIndex) -> None:
    ids, rows, queries = np.arange(10, 510, dtype=np.int64), vectors(500), vectors(7, seed=1)
    index.add(ids, rows)
    for found, query in zip(index.search(queries, 5), queries, strict=True):
        same(found, brute_force(ids, rows, query, 5))


def test_a_vector_is_its_own_nearest_at_cosine_one(index: FaissIndex) -> None:
    ids, rows = np.array([7, 3, 5], dtype=np.int64), vectors(3)
    index.add(ids, rows)
    for number, found in zip(ids, index.search(rows, 1), strict=True):
        assert found[0][0] == number
        assert found[0][1] == pytest.approx(1.0, abs=2e-3)


def test_only_among(index: FaissIndex) -> None:
    ids, rows, query = np.arange(200, dtype=np.int64), vectors(200), vectors(1, seed=2)
    index.add(ids, rows)
    among = np.array([3, 50, 77, 199, 10_000], dtype=np.int64)
    known = among[:4]
    same(index.search(query, 10, among)[0], brute_force(known, rows[known], query[0], 10))
    assert index.search(query, 10, np.array([], dtype=np.int64)) == [[]]


def test_removed_is_not_found(index: FaissIndex) -> None:
    ids, rows, query = np.arange(50, dtype=np.int64), vectors(50), vectors(1, seed=3)
    index.add(ids, rows)
    best = index.search(query, 1)[0][0][0]
    index.remove(np.array([best, 999], dtype=np.int64))
    kept = np.setdiff1d(ids, [best])
    same(index.search(query, 50)[0], brute_force(kept, rows[kept], query[0], 50))
    assert index.ids.tolist() == kept.tolist()


def test_fewer_than_asked_is_not_padded(index: FaissIndex) -> None:
    assert index.search(vectors(2), 5) == [[], []]
    index.add(np.array([1, 2], dtype=np.int64), vectors(2))
    assert [len(found) for found in index.search(vectors(2), 5)] == [2, 2]
    assert index.search(vectors(0), 5) == []
    assert index.search(vectors(1), 0) == [[]]


def test_ids_ascend(index: FaissIndex) -> None:
    index.add(np.array([9, 2, 40], dtype=np.int64), vectors(3))
    index.add(np.array([5], dtype=np.int64), vectors(1, seed=4))
    assert index.ids.tolist() == [2, 5, 9, 40]


def test_wrong_input_is_refused(index: FaissIndex) -> None:
    index.add(np.array([1], dtype=np.int64), vectors(1))
    with pytest.raises(ValueError, match="in the index already"):
        index.add(np.array([1], dtype=np.int64), vectors(1))
    with pytest.raises(ValueError, match="twice"):
        index.add(np.array([2, 2], dtype=np.int64), vectors(2))
    with pytest.raises(ValueError, match=r"ids for 2 vectors"):
        index.add(np.array([2], dtype=np.int64), vectors(2))
    with pytest.raises(ValueError, match=r"\(n, 32\) is needed"):
        index.search(np.ones((1, DIM + 1), dtype=np.float32), 1)
    not_finite = vectors(1)
    not_finite[0, 0] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        index.search(not_finite, 1)
