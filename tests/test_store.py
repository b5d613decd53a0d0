"""The store: whole transactions, nothing left behind, migrations, threads and processes."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest

from rag import BylineError, Library
from rag.filters import Filters
from rag.places import DATABASE
from rag.storage.migrations import MIGRATIONS
from rag.storage.rows import text_hash
from rag.storage.store import Store
from rag.text.calendar import date_range

STORY = """Ferry to Saltby is late

The Quillmere Zephyrhound ferry was late on Monday, the harbour master said.

“We are sorry,” the harbour master told the Quillmere Gazette.
"""


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_text(STORY)
    return path


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def test_remove_leaves_nothing_behind(library: Library, story: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("Plum cake needs cinnamon and patience.\n")
    library.ingest([story, other])
    library.ask("Why was the ferry late?")  # keeps vectors of sentences
    assert b"Zephyrhound" in everything(library.path)
    n_vectors = library.store._db.execute("SELECT count(*) FROM vectors").fetchone()[0]
    removed = library.remove([str(story)])
    assert [Path(a.path).name for a in removed] == ["story.txt"]
    assert b"ephyrhound" not in everything(library.path).lower(), "text or index terms are left on disk"
    tables = ("articles", "passages", "sentences", "passages_fts")
    counts = {t: library.store._db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables}
    assert counts == {"articles": 1, "passages": 1, "sentences": 1, "passages_fts": 1}
    assert library.store._db.execute("SELECT count(*) FROM vectors").fetchone()[0] < n_vectors
    assert [Path(hit.article.path).name for hit in library.retrieve("ferry Zephyrhound Quillmere")] == ["other.txt"]
    library.remove([str(other)])
    assert library.retrieve("ferry") == []
    assert library.store._db.execute("SELECT count(*) FROM vectors").fetchone()[0] == 0


def test_terms_are_words_and_not_operators(library: Library, story: Path) -> None:
    library.ingest([story])
    for terms in (['"'], ["NOT"], ["ferry*"], ["a OR b"], ["body:ferry"], ["NEAR(", ")"], ["ferry", '" OR "x'], ["\0"]):
        library.store.bm25(terms, 5, Filters(), 1.0)
    assert library.store.bm25(["ferr*"], 5, Filters(), 1.0) == []
    assert library.store.bm25([], 5, Filters(), 1.0) == []
    (_, score), *_ = library.store.bm25(["ferry"], 5, Filters(), 1.0)
    assert score > 0 or len(library.store.bm25(["ferry"], 5, Filters(), 1.0)) == 1


def test_bm25_matches_the_formula(library: Library, tmp_path: Path) -> None:
    """Okapi BM25 with k1 = 1.2, b = 0.75, over the two columns, worked by hand for one term."""
    texts = {"a": "Ferries sail to Saltby.", "b": "The mayor spoke of plum cake.", "c": "The clerk slept and slept."}
    for name, text in texts.items():
        (tmp_path / f"{name}.txt").write_text(text + "\n")
    library.ingest([tmp_path / f"{name}.txt" for name in texts])
    found = library.store.bm25(["ferry"], 5, Filters(), 1.0)
    lengths = {"a": 4, "b": 6, "c": 5}
    average = sum(lengths.values()) / 3
    idf = np.log((3 - 1 + 0.5) / (1 + 0.5))
    expected = idf * 1 * 2.2 / (1 + 1.2 * (1 - 0.75 + 0.75 * lengths["a"] / average))
    assert len(found) == 1
    assert found[0][1] == pytest.approx(expected, rel=1e-6)


def test_a_failed_transaction_changes_nothing(library: Library, story: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library.ingest([story])
    before, generation = library.articles(), library.store.generation
    story.write_text(STORY.replace("late", "early"))

    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patched:
        patched.setattr("rag.storage.writing.put_vectors", broken)
        with pytest.raises(BylineError, match=r"could not be written \(disk I/O error\), and is as it was"):
            library.ingest([story])
    assert library.articles() == before
    assert library.store.generation == generation
    assert library.ingest([story]).updated == 1


def test_what_each_question_asks_first_walks_through_no_table(library: Library, story: Path) -> None:
    """Rows are as long as articles: at 100,000 of them a walk is felt at each question."""
    library.ingest([story])
    asked: list[str] = []
    db = library.store._db
    db.set_trace_callback(asked.append)
    assert library.store.indexed_otherwise(library._indexed_as) == []
    assert library.store.indexed_otherwise("something else") == [library.articles()[0].id]
    library.store.date_bounds()
    db.set_trace_callback(None)
    asked = [sql for sql in asked if sql.startswith(("SELECT id FROM articles WHERE indexed_as", "SELECT (SELECT min"))]
    assert len(asked) == 3
    for sql in asked:
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]
        assert any("articles_" in step for step in plan)
        assert not [step for step in plan if step.startswith("SCAN articles")], plan


def test_migrations_from_blank_and_no_further(tmp_path: Path) -> None:
    store = Store(tmp_path / DATABASE)
    assert store._version() == len(MIGRATIONS)
    assert store.check() == []
    store.close()
    with sqlite3.connect(tmp_path / DATABASE) as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    with pytest.raises(BylineError, match=rf"has format {len(MIGRATIONS) + 1}, and this .* pip install --upgrade"):
        Library.open(tmp_path)


def test_many_processes_may_create_it_at_once(tmp_path: Path) -> None:
    errors: list[Exception] = []

    def create() -> None:
        try:
            Store(tmp_path / DATABASE).close()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


@pytest.mark.parametrize("content", [b"not a database at all, only text" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / DATABASE).write_bytes(content)
    with pytest.raises(BylineError, match=r"cannot be opened .* restore it from a copy"):
        Library.open(tmp_path)
    assert (tmp_path / DATABASE).read_bytes() == content, "nothing is overwritten"


def test_search_while_another_thread_ingests(library: Library, tmp_path: Path) -> None:
    for n in range(60):
        (tmp_path / f"{n}.txt").write_text(f"Report {n}: the Quillmere ferry number {n} was late on Monday.\n")
    errors: list[Exception] = []

    def ingest() -> None:
        for n in range(60):
            library.ingest([tmp_path / f"{n}.txt"])

    def search() -> None:
        try:
            while thread.is_alive():
                for hit in library.retrieve("Which ferry was late?", k=5):
                    passage = hit.passage
                    assert hit.article.text[passage.start : passage.end] == passage.text
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=ingest)
    searchers = [threading.Thread(target=search) for _ in range(3)]
    thread.start()
    for other in searchers:
        other.start()
    for other in (thread, *searchers):
        other.join()
    assert errors == []
    assert len(library.articles()) == 60


def test_another_process_sees_the_change(library: Library, story: Path) -> None:
    with Library.open(library.path) as other:
        assert other.retrieve("ferry") == []
        library.ingest([story])
        assert len(other.retrieve("ferry")) >= 1
        library.remove(["story.txt"])
        assert other.retrieve("ferry") == []


def test_vectors_of_two_models_never_mix(library: Library, story: Path, tmp_path: Path) -> None:
    library.ingest([story])
    with Library.open(library.path, embedder="hashing:32") as other:
        assert len(other.retrieve("ferry")) >= 1
        names = {r[0] for r in other.store._db.execute("SELECT DISTINCT embedder FROM vectors")}
        numbers = other.store.passage_numbers("hashing:32")
        assert len(numbers) == other.store.n_passages()
        assert "hashing:32" in names
        assert len(other.store.passage_numbers("hashing:64")) in (0, len(numbers))
        _, rows = other.store.passage_vectors("hashing:32", [int(n) for n in numbers])
        assert rows.shape == (len(numbers), 32)
    with Library.open(library.path) as again:
        assert again.embedder.name == "hashing:32", "the library remembers its model"


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ("2024-02", ("2024-02-01", "2024-02-29")),
        ("2023-12", ("2023-12-01", "2023-12-31")),
        ("2024", ("2024-01-01", "2024-12-31")),
        ("2024-05-06", ("2024-05-06", "2024-05-06")),
        (None, (None, None)),
    ],
)
def test_date_range(published: str | None, expected: tuple[str | None, str | None]) -> None:
    assert date_range(published) == expected


def test_text_hash_takes_any_text() -> None:
    assert text_hash("a") != text_hash("b")
    assert len(text_hash("\ud800")) == 16
