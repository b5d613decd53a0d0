"""What commands do with arguments that are not what they seem, with files that cannot be read, and with results that
cannot be kept."""

from __future__ import annotations

import io
import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from docx import Document

from rag import Library
from rag.cli import main
from rag.types import Checked
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
