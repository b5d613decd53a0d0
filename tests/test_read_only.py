"""A library that cannot be written, or that somebody else is writing, can be asked all the same."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from rag import BylineError, Library
from rag.places import DATABASE
from rag.storage.migrations import MIGRATIONS

STORY = "Ferry to Saltby is late\n\nThe Zephyrhound ferry left 120 minutes late on Monday, the harbour master said.\n"
QUESTION = "How late was the Zephyrhound ferry?"
# Root may write everywhere: without that right.
AS_A_USER = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"] if os.getuid() == 0 else []
needs_permissions = pytest.mark.skipif(
    bool(AS_A_USER) and shutil.which("setpriv") is None, reason="root, and no setpriv to give up its rights"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a library with one article."""
    (tmp_path / "story.txt").write_text(STORY)
    with Library.open(tmp_path / "library", embedder="hashing:64") as library:
        library.ingest([tmp_path / "story.txt"])
    return tmp_path / "library"


@contextmanager
def written_by_another(folder: Path) -> Iterator[sqlite3.Connection]:
    """Another program in the middle of a transaction that writes."""
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO meta VALUES ('by another', 1)")
        yield db


@contextmanager
def read_only(folder: Path, *, files: int = 0o444, itself: int = 0o555) -> Iterator[None]:
    for path in folder.iterdir():
        path.chmod(files)
    folder.chmod(itself)
    try:
        yield
    finally:
        folder.chmod(0o755)


def byline(*args: object) -> tuple[int, str]:
    """Exit status and standard error of a command, run by a user who may not write what he does not own."""
    command = [*AS_A_USER, sys.executable, "-m", "rag.cli", *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.mark.timeout(200)
def test_a_question_waits_for_nobody_who_writes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.storage.database.PATIENCE_S", 600.0)  # waiting would be for longer than the test may take
    with written_by_another(folder), Library.open(folder) as library:
        assert library.retrieve(QUESTION)[0].article.title == "Ferry to Saltby is late"
        assert library.ask(QUESTION).status == "answered"
        assert library.timeline("ferry") is not None
        assert library.check("The ferry was late.")[0].citations
        assert library.status()["articles"] == 1


def test_ingest_that_waited_in_vain_is_one_sentence(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.storage.database.PATIENCE_S", 0.2)
    (tmp_path / "other.txt").write_text("The bridge opens in May, the council said.\n")
    with Library.open(folder) as library, written_by_another(folder):
        for change in (lambda: library.ingest([tmp_path / "other.txt"]), lambda: library.remove(["story.txt"])):
            with pytest.raises(BylineError, match=r"could not be written \(database is locked\)") as raised:
                change()
            assert "wait for the other program" in str(raised.value)
    with Library.open(folder) as library:
        assert library.status()["articles"] == 1
        assert library.ingest([tmp_path / "other.txt"]).added == 1


def test_a_lock_on_the_whole_file_is_no_damage(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.storage.database.PATIENCE_S", 0.2)
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("BEGIN EXCLUSIVE")
        with pytest.raises(BylineError, match="wait for the other program"):
            Library.open(folder)


@pytest.mark.timeout(200)
def test_a_file_that_is_not_in_wal_mode_can_be_asked_while_it_is_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.storage.database.PATIENCE_S", 600.0)
    with closing(sqlite3.connect(folder / DATABASE)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
    with written_by_another(folder), Library.open(folder) as library:
        assert library.ask(QUESTION).claims


@needs_permissions
@pytest.mark.parametrize(
    ("files", "itself"), [(0o444, 0o555), (0o444, 0o755), (0o644, 0o555)], ids=["both", "files", "folder"]
)
def test_a_library_that_cannot_be_written_can_be_asked(folder: Path, tmp_path: Path, files: int, itself: int) -> None:
    before = (folder / DATABASE).read_bytes()
    with read_only(folder, files=files, itself=itself):
        for command in (["ask", QUESTION], ["status"]):
            assert byline(*command, "--library", folder) == (0, "")
        for command in (["ingest", str(tmp_path / "story.txt")], ["remove", "story.txt"]):
            status, said = byline(*command, "--library", folder)
            assert (status, said.count("\n")) == (2, 1)
            assert said.endswith("is read-only: give yourself the right to write its folder.\n")
    assert (folder / DATABASE).read_bytes() == before


@needs_permissions
def test_changes_that_lie_in_the_log_alone_are_not_passed_over(folder: Path) -> None:
    with Library.open(folder) as library:
        library.store.set_meta("last", "change")
        copy = folder.with_name("copy")
        shutil.copytree(folder, copy)
    (copy / f"{DATABASE}-shm").unlink()
    with read_only(copy):
        status, said = byline("status", "--library", copy)
    assert status == 2
    assert "its last changes still in byline.sqlite3-wal: copy the folder" in said


@needs_permissions
def test_a_reader_without_rights_sees_what_another_writes(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("The bridge opens in May, the council said.\n")
    code = f"""
import sys
from rag import Library
with Library.open({str(folder)!r}) as library:
    for _ in sys.stdin:
        print(library.status()["articles"], library.retrieve("bridge council")[0].article.title, flush=True)
"""
    with read_only(folder):
        reader = subprocess.Popen(
            [*AS_A_USER, sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert reader.stdin is not None
        assert reader.stdout is not None
        reader.stdin.write("\n")
        reader.stdin.flush()
        assert reader.stdout.readline() == "1 Ferry to Saltby is late\n"
    (folder / DATABASE).chmod(0o644)
    with Library.open(folder) as library:
        library.ingest([tmp_path / "other.txt"])
        reader.stdin.write("\n")
        reader.stdin.flush()
        assert reader.stdout.readline().startswith("2 ")
    reader.communicate("\n", timeout=30)
    assert reader.returncode == 0


@needs_permissions
def test_an_older_format_that_cannot_be_written_is_one_sentence(folder: Path) -> None:
    with closing(sqlite3.connect(folder / DATABASE)) as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) - 1}")
    with read_only(folder):
        status, said = byline("status", "--library", folder)
    assert (status, said.count("\n")) == (2, 1)
    assert "is read-only" in said
