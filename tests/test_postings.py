"""BM25 from arrays gives what SQLite gives, whatever was added and taken out since they were read."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from rag import Library
from rag.filters import Filters
from rag.storage import postings
from rag.storage.caches import WORDS
from rag.storage.postings import Postings, words_of

WORDS_OF_TEXT = (
    "ferry ferries council of Quillmere the U.S. mayor's réserve 1,000 1.5 İzmir re-elected e\u0301t\u00e9 naïve ship"
).split()
QUERIES = (
    ["ferry"],
    ["ferries", "ferry", "council"],
    ["u.s.", "mayor"],
    ["1,000", "1.5", "nowhere"],
    ["été", "reserve", "izmir", "naive"],
    ["the", "of"],
    ["\0", "--", '"'],
    [],
)


@pytest.fixture
def filled(library: Library, tmp_path: Path) -> Library:
    write(tmp_path, range(60))
    library.ingest([tmp_path / "in"])
    return library


def write(folder: Path, numbers: range) -> None:
    rng = random.Random(1)
    (folder / "in").mkdir(exist_ok=True)
    for n in numbers:
        words = " ".join(rng.choices(WORDS_OF_TEXT, k=5 + n % 30))
        (folder / "in" / f"{n}.txt").write_text(f"Report {n}: {words}.\n", encoding="utf-8")


def same(library: Library, held: Postings, k: int = 20) -> None:
    """The passages and scores of SQLite, for each of the queries."""
    for terms in QUERIES:
        expected = library.store.bm25(terms, k, Filters(), 1.0)
        found = held.search(terms, k)
        assert dict(found) == pytest.approx(dict(expected), rel=1e-4), terms
        assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


def test_scores_are_those_of_sqlite(filled: Library) -> None:
    held = postings.build(filled.store)
    assert len(held) == filled.store.n_passages()
    same(filled, held)
    same(filled, held, k=10_000)


def test_it_follows_what_is_added_and_removed(filled: Library, tmp_path: Path) -> None:
    held = postings.build(filled.store)
    for step in range(6):
        write(tmp_path, range(100 * step + 60, 100 * step + 75))
        filled.ingest([tmp_path / "in"])
        held, lost = postings.refresh(held, filled.store)
        assert not lost
        same(filled, held, k=10_000)
    filled.remove([str(tmp_path / "in" / f"{n}.txt") for n in (3, 70, 570)])
    held, lost = postings.refresh(held, filled.store)
    assert lost
    assert len(held) == filled.store.n_passages()
    same(filled, held, k=10_000)
    assert len(held.segments) < 4, "small ones are joined"


def test_only_among(filled: Library) -> None:
    held = postings.build(filled.store)
    everywhere = held.search(["ferry"], 1_000)
    among = filled.store.allowed(Filters())[::3]
    assert held.search(["ferry"], 1_000, among) == [pair for pair in everywhere if pair[0] in among.tolist()]
    assert held.search(["ferry"], 1_000, among[:0]) == []


def test_the_file_is_whole_or_not_there(filled: Library, tmp_path: Path) -> None:
    held, path = postings.build(filled.store), tmp_path / "words"
    held.save(path)
    loaded = Postings.load(path, filled.store)
    assert loaded is not None
    assert loaded.generation == filled.store.generation
    same(filled, loaded)
    data = path.read_bytes()
    for damaged in (b"", data[: len(data) // 2], data[:-9] + bytes([data[-9] ^ 4]) + data[-8:], data + b"x"):
        path.write_bytes(damaged)
        assert Postings.load(path, filled.store) is None
    assert Postings.load(tmp_path / "missing", filled.store) is None


def test_an_empty_library_has_none(library: Library, tmp_path: Path) -> None:
    held = postings.build(library.store)
    assert held.search(["ferry"], 5) == []
    held.save(tmp_path / "words")
    loaded = Postings.load(tmp_path / "words", library.store)
    assert loaded is not None
    assert len(loaded) == 0


def test_words_are_cut_as_sqlite_cuts_them() -> None:
    assert words_of("Ferries") == ("ferri",)
    assert words_of("u.s.") == ("u", "s")
    assert words_of("Réserve") == ("reserv",)
    assert words_of("--") == ()


def test_what_is_removed_leaves_the_file(filled: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.storage.postings.FROM", 10)
    (tmp_path / "in" / "secret.txt").write_text("The Zephyrhound sank off Quillmere.\n")
    filled.ingest([tmp_path / "in"])
    assert b"zephyrhound" in (filled.path / WORDS).read_bytes()
    filled.remove([str(tmp_path / "in" / "secret.txt")])
    assert b"zephyrhound" not in (filled.path / WORDS).read_bytes()
    assert [hit.article.title for hit in filled.retrieve("Zephyrhound", k=3)]
