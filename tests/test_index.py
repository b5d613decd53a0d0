"""The FAISS file is a cache: whatever happens to it, the answer is the store's."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from rag import Library
from rag.storage.caches import VECTORS
from rag.storage.index import KINDS, FaissIndex
from tests.contracts.test_vector_index import DIM, vectors

STORY = "The ferry to Saltby was late.\n\nThe council of Quillmere met on Monday.\n\nPlum cake needs cinnamon.\n"


@pytest.fixture
def cache(library: Library, tmp_path: Path) -> Path:
    """A library with one article, and its cache file on disk."""
    (tmp_path / "story.txt").write_text(STORY)
    library.ingest([tmp_path / "story.txt"])
    return library.path / VECTORS


def best(folder: Path) -> str:
    with Library.open(folder) as library:
        return library.retrieve("when did the council of Quillmere meet?", k=1)[0].passage.text


def test_round_trip(tmp_path: Path) -> None:
    index = FaissIndex(DIM)
    index.add(np.array([4, 8], dtype=np.int64), vectors(2))
    index.save(tmp_path / "x", embedder="e", generation=3)
    loaded = FaissIndex.load(tmp_path / "x", embedder="e")
    assert loaded is not None
    assert loaded[1] == 3
    assert loaded[0].ids.tolist() == [4, 8]
    assert loaded[0].search(vectors(2), 2) == index.search(vectors(2), 2)
    assert FaissIndex.load(tmp_path / "x", embedder="another") is None
    assert FaissIndex.load(tmp_path / "missing", embedder="e") is None


@pytest.mark.parametrize("where", [0.1, 0.5, 0.9])
def test_a_flipped_bit_is_noticed(cache: Path, where: float) -> None:
    data = bytearray(cache.read_bytes())
    data[int(len(data) * where)] ^= 4
    cache.write_bytes(data)
    assert FaissIndex.load(cache, embedder="hashing:64") is None
    assert "council" in best(cache.parent)
    assert FaissIndex.load(cache, embedder="hashing:64") is not None, "the next search rebuilds it"


@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "other", "folder"])
def test_a_damaged_cache_is_rebuilt(cache: Path, damage: str) -> None:
    data = cache.read_bytes()
    cache.unlink()
    if damage == "empty":
        cache.write_bytes(b"")
    elif damage == "truncated":
        cache.write_bytes(data[: len(data) // 2])
    elif damage == "other":
        cache.write_bytes(os.urandom(5000))
    elif damage == "folder":
        cache.mkdir()
    assert "council" in best(cache.parent)


def test_a_stale_cache_is_brought_up_to_date(cache: Path, library: Library, tmp_path: Path) -> None:
    old = cache.read_bytes()
    (tmp_path / "second.txt").write_text("A council of Quillmere spokesman said when the council will meet.\n")
    library.ingest([tmp_path / "second.txt"])
    library.remove([str(tmp_path / "story.txt")])
    cache.write_bytes(old)
    with Library.open(cache.parent) as again:
        hits = again.retrieve("when did the council of Quillmere meet?", k=8)
    assert [Path(hit.article.path).name for hit in hits] == ["second.txt"]


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    old, new = tmp_path / "x123.tmp", tmp_path / "x456.tmp"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    FaissIndex(DIM).save(tmp_path / "x", embedder="e", generation=1)
    assert not old.exists()
    assert new.exists(), "another process may be writing it"


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = FaissIndex(DIM)
    index.save(tmp_path / "x", embedder="e", generation=1)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        index.save(tmp_path / "x", embedder="e", generation=2)
    loaded = FaissIndex.load(tmp_path / "x", embedder="e")
    assert loaded is not None
    assert loaded[1] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["x"], "no temporary file is left behind"


def test_the_kind_of_index_follows_the_size(monkeypatch: pytest.MonkeyPatch, library: Library, tmp_path: Path) -> None:
    """It is built beside the one in use: a question is answered meanwhile, and the same after it."""
    for n in range(40):
        (tmp_path / f"{n}.txt").write_text(f"The ferry number {n} sailed from Quillmere to port {n * n} on Monday.\n")
    library.ingest([tmp_path])
    before = [hit.passage.id for hit in library.retrieve("Which ferry sailed to port 81?", k=5)]
    monkeypatch.setattr("rag.storage.index.KINDS", (KINDS[0], (30, KINDS[1][1])))
    monkeypatch.setattr("rag.storage.index.LEARNED_FROM", 2)
    monkeypatch.setattr("rag.storage.postings.FROM", 30)
    with Library.open(library.path) as again:
        assert [hit.passage.id for hit in again.retrieve("Which ferry sailed to port 81?", k=5)] == before
        held = again._refresh(wait=True)
        assert held.vectors.kind == 1
        assert held.words is not None
        assert [hit.passage.id for hit in again.retrieve("Which ferry sailed to port 81?", k=5)] == before
        again.remove([str(tmp_path / f"{n}.txt") for n in range(9)])
        assert again._refresh(wait=True).vectors.kind == 1, "a few less change nothing"
        again.remove([str(tmp_path / f"{n}.txt") for n in range(10, 30)])
        assert again._refresh(wait=True).vectors.kind == 0
        assert again.retrieve("Which ferry sailed to port 81?", k=1)[0].passage.text.startswith("The ferry number 9 ")


def test_a_filter_to_few_passages_is_exact() -> None:
    ids, rows = np.arange(4_000, dtype=np.int64), vectors(4_000)
    index = FaissIndex(DIM, kind=1, sample=rows)
    index.add(ids, rows)
    among, queries = np.arange(0, 4_000, 50, dtype=np.int64), vectors(20, seed=5)
    for query, found in zip(queries, index.search(queries, 10, among), strict=True):
        assert {i for i, _ in found} == set(among[np.argsort(-(rows[among] @ query))[:10]].tolist())
