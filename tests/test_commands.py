"""What commands do with arguments that are not what they seem, with files that cannot be read, and with results that
cannot be kept."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from docx import Document

from rag import BylineError, Library, record
from rag.cli import main
from rag.places import DATABASE
from rag.types import Checked
from tests.conftest import FERRY
from tests.test_view import a_citation, a_claim, an_answer
from ui import desk, requests, schema

Printed = pytest.CaptureFixture[str]
needs_rights = pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")


# -- check: TEXT|FILE -----------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The drafts that were checked, instead of checking them: that takes a model."""
    drafts: list[str] = []

    def check(self: Library, text: str, *, stream: bool = False, **_: object) -> Checked | Iterator[Checked]:
        drafts.append(text)
        whole = Checked([], notes=["a note"], problems=["a problem"])
        return iter([whole]) if stream else whole

    monkeypatch.setattr(Library, "check", check)
    return drafts


def checked(library: Library, given: str, capsys: Printed) -> tuple[int, str, str]:
    status = main(["check", given, "--library", str(library.path), "--json"])
    return status, *capsys.readouterr()


def test_a_checked_draft_has_notes_and_problems(library: Library, capsys: Printed) -> None:
    status, out, err = checked(library, "Fog.", capsys)
    assert (status, err) == (0, "byline: a note\nbyline: a problem\n")
    document = json.loads(out)
    assert (document["notes"], document["problems"]) == (["a note"], ["a problem"])
    *_, last = desk.check(library, requests.Check(text="Fog."))
    assert isinstance(last, dict)
    assert last.keys() == document.keys() == schema.Checked.model_fields.keys()
    assert (last["notes"], last["problems"]) == (["a note"], ["a problem"])


def test_a_draft_is_read_as_the_page_reads_it(
    library: Library, tmp_path: Path, capsys: Printed, heard: list[str]
) -> None:
    document = Document()
    document.add_paragraph("The fog came twice.")
    document.save(str(tmp_path / "draft.docx"))
    assert checked(library, str(tmp_path / "draft.docx"), capsys)[0] == 0
    assert [text.strip() for text in heard] == ["The fog came twice."]


def test_a_draft_that_comes_through_a_pipe_is_read(
    library: Library, tmp_path: Path, capsys: Printed, heard: list[str]
) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    threading.Thread(target=pipe.write_text, args=["The fog came twice.\n"], daemon=True).start()
    assert checked(library, str(pipe), capsys)[0] == 0
    assert heard == ["The fog came twice.\n"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("draft.docx", b"PK\x03\x04 cut off", "'draft.docx' is damaged, or no .docx file"),
        ("draft.pdf", b"%PDF-1.7", "'draft.pdf' is no draft that can be read: give a file in .docx, .md, .txt."),
        ("draft", b"PK\x03\x04\0\0", "is not text (a ZIP archive"),
        ("draft.log", b"\0\1\2\3\4\5\6\7" * 99, "draft.log' is not text (binary data)"),
        ("draft.txt", b" \n", "'draft.txt' holds no text."),
    ],
)
def test_a_draft_that_cannot_be_read_is_named(
    library: Library, tmp_path: Path, capsys: Printed, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    status, _, err = checked(library, str(tmp_path / name), capsys)
    assert status == 2
    assert says in err
    assert name in err


@needs_rights
@pytest.mark.parametrize("name", ["draft.txt", "draft"])
def test_a_draft_that_may_not_be_read_is_named(library: Library, tmp_path: Path, capsys: Printed, name: str) -> None:
    (tmp_path / name).write_text("The fog came twice.")
    (tmp_path / name).chmod(0)
    status, _, err = checked(library, str(tmp_path / name), capsys)
    assert (status, f"{name}' cannot be read (Permission denied)" in err) == (2, True)


def test_standard_input_that_is_no_text_is_named(
    library: Library, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"PK\x03\x04\0\0")))
    status, _, err = checked(library, "-", capsys)
    assert (status, err.startswith("byline: standard input is not text (a ZIP archive")) == (2, True)


@pytest.mark.parametrize("name", ["drafft.txt", "drafts/drafft.docx", "Drafft.PDF", "drafft.md.gz", "{}/my drafft.md"])
def test_a_mistyped_name_is_no_draft(library: Library, tmp_path: Path, capsys: Printed, name: str) -> None:
    given = name.format(tmp_path)
    status, out, err = checked(library, given, capsys)
    assert (status, out) == (2, "")
    assert err.startswith(f"byline: there is no file {given!r}, or it cannot be reached")


def test_a_folder_is_no_draft(library: Library, tmp_path: Path, capsys: Printed) -> None:
    assert checked(library, str(tmp_path), capsys)[2].endswith(" is a folder: name a file, or give the text itself.\n")


@pytest.mark.parametrize("text", ["Fog.", "The harbour master wrote notes.txt", "Read\nnotes.txt", "x" * 9_000])
def test_words_are_a_draft(library: Library, capsys: Printed, heard: list[str], text: str) -> None:
    assert checked(library, text, capsys)[0] == 0
    assert heard == [text]


# -- a library's file that is damaged -------------------------------------------------------------------------------


@pytest.fixture
def damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library that opens, and whose articles lie in a page that is damaged."""
    monkeypatch.setenv("BYLINE_EMBEDDER", "hashing:64")
    (tmp_path / "ferry.md").write_text(FERRY)
    with Library.open(folder := tmp_path / "damaged", embedder="hashing:64") as library:
        library.ingest([tmp_path / "ferry.md"])
    with contextlib.closing(sqlite3.connect(folder / DATABASE)) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'articles'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    with (folder / DATABASE).open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    return folder


@pytest.mark.parametrize("command", [["search", "fog"], ["ask", "How long was the fog?"], ["status"], ["status", "a"]])
def test_damage_deep_in_the_file_is_one_sentence(damaged: Path, capsys: Printed, command: list[str]) -> None:
    assert main([*command, "--library", str(damaged)]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"byline: the library file {damaged / DATABASE} cannot be opened (database disk image is malformed, "
        "SQLITE_CORRUPT): restore it from a copy, or remove it and ingest the articles again."
    )


def test_doctor_finds_damage_deep_in_the_file(damaged: Path, capsys: Printed) -> None:
    assert main(["doctor", "--library", str(damaged), "--json"]) == 1
    found = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert not found["library"]["ok"] or not found["database"]["ok"]
    assert "report this" not in str(found)
    assert "restore it from a copy" in str(found)


def test_doctor_finds_a_file_that_does_not_open(damaged: Path, capsys: Printed) -> None:
    (damaged / DATABASE).write_bytes(b"no database " * 1_000)
    assert main(["doctor", "--library", str(damaged), "--json"]) == 1
    found = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert found["python"]["ok"]
    assert (found["library"]["ok"], "cannot be opened" in found["library"]["detail"]) == (False, True)


# -- ask --save -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_an_answer_that_cannot_be_saved_is_shown_whole(
    ferry: Library, tmp_path: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch, form: list[str]
) -> None:
    def save(_: object, path: Path) -> None:
        raise BylineError(f"{path} cannot be written (No space left on device): save elsewhere.")

    claim = a_claim(a_citation())
    monkeypatch.setattr(record, "save", save)
    monkeypatch.setattr(Library, "ask", lambda *_, **__: iter([claim, an_answer(claim)]))
    where = ["--save", str(tmp_path / "a.md"), "--library", str(ferry.path)]
    assert main(["ask", "How long was the fog?", *where, *form]) == 1
    out, err = capsys.readouterr()
    assert err == f"byline: {tmp_path / 'a.md'} cannot be written (No space left on device): save elsewhere.\n"
    assert '"claims"' in out if form else "[1] " in out.splitlines()[-2]
