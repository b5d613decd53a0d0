"""How the command line ends where what it prints cannot be read or written, and where the user has no home."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rag import Library, terminal
from rag.cli import main
from rag.filters import Filters
from rag.types import Hits

STORY = "Café Ünal in Velm closed 😀\n\nCafé Ünal in Velm closed on Sunday 😀, its owner Çelik said.\n"
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("output")
    (made / "café.txt").write_text(STORY, encoding="utf-8")
    with Library.open(made / "library", embedder="hashing:64") as library:
        library.ingest([made / "café.txt"])
    return made / "library"


def byline(arguments: str, folder: Path, **env: str) -> tuple[int, bytes, str]:
    """Exit status, standard output and standard error of a shell's command; `byline` in it is the command line."""
    command = f'byline() {{ "{sys.executable}" -m rag.cli "$@"; }}; set -o pipefail; byline {arguments}'
    variables = {**os.environ, "BYLINE_HOME": str(folder), **env}
    done = subprocess.run(["bash", "-c", command], capture_output=True, env=variables, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "shift_jis", "utf-16", "utf-8"])
def test_json_is_json_in_every_encoding(folder: Path, encoding: str) -> None:
    status, printed, _ = byline("search 'cafe closed \udce9' --json", folder, PYTHONIOENCODING=encoding)
    assert status == 0
    document = json.loads(printed.decode(encoding))
    assert document["hits"][0]["article"]["title"] == "Café Ünal in Velm closed 😀"
    assert document["question"] == "cafe closed \ufffd"
    if encoding == "utf-8":
        assert "Café Ünal" in printed.decode()


@needs_full
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", ["--help >/dev/full", "status --json >/dev/full", "status >&-"])
def test_output_that_cannot_be_written_is_one_sentence(folder: Path, arguments: str, unbuffered: str) -> None:
    status, printed, said = byline(arguments, folder, PYTHONUNBUFFERED=unbuffered)
    assert (status, printed) == (1, b"")
    why = "Bad file descriptor" if "&-" in arguments else "No space left on device"
    what = f"byline: the result could not be written to standard output ({why}): make room, or send it elsewhere.\n"
    assert said == what


def test_a_reader_that_has_gone_ends_it_quietly(folder: Path) -> None:
    assert byline("status | exec true", folder) == (0, b"", "")


@needs_full
@pytest.mark.parametrize("closed", ["2>&-", "2>/dev/full", "<&- 2>&-"])
def test_warnings_that_cannot_be_written_stay_out_of_the_result(folder: Path, closed: str) -> None:
    status, printed, _ = byline(f"search cafe --outlet Nobody --json {closed}", folder, PYTHONUNBUFFERED="")
    assert status == 0
    assert json.loads(printed)["hits"] == []


def test_no_standard_input_is_an_empty_draft(folder: Path) -> None:
    status, _, said = byline("check - <&-", folder)
    assert (status, said.startswith("byline: the text to check is empty")) == (2, True)


def test_an_error_of_the_program_is_not_taken_for_one_of_the_output(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> int:
        raise OSError("something else")

    monkeypatch.setattr("rag.commands.status", broken)
    with pytest.raises(OSError, match="something else"):
        main(["status", "--library", str(folder)])


def test_the_name_of_a_file_forges_no_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (file := tmp_path / "a\nforged 1\rforged 2\u2028forged 3.txt").write_text("The fog came twice, she said.")
    with Library.open(tmp_path / "library", embedder="hashing:64") as library:
        library.ingest([file])
        (article,) = library.articles()
        monkeypatch.setattr(Library, "retrieve", lambda self, asked, **_: Hits(self._hits(asked, 1, Filters())))
        for command in (["search", "fog"], ["status"], ["status", article.id], ["diff", article.id]):
            assert main([*command, "--library", str(library.path)]) == 0
    assert main(["remove", article.id, "--library", str(library.path)]) == 0
    printed = "".join(capsys.readouterr())
    assert "forged" in printed
    assert not [line for line in printed.splitlines() if line.startswith("forged")]

    monkeypatch.setattr(sys, "stderr", said := io.StringIO())
    monkeypatch.setattr(said, "isatty", lambda: True)
    with terminal.progress() as show:
        assert show is not None
        show(1, 1, file.name)
    assert said.getvalue().count("\r") == 2
    assert "\n" not in said.getvalue()


@pytest.mark.skipif(shutil.which("unshare") is None, reason="no unshare")
def test_a_user_without_a_home_is_told_in_one_sentence(tmp_path: Path) -> None:
    nobody = "unshare -U --map-user=12345 --map-group=12345"
    gone = ("HOME", "XDG_DATA_HOME", "BYLINE_HOME")
    variables = {name: value for name, value in os.environ.items() if name not in gone}
    variables["PYTHONPATH"] = str(Path(__file__).parent.parent)
    command = [*nobody.split(), sys.executable, "-m", "rag.cli", "status"]
    done = subprocess.run(command, capture_output=True, text=True, env=variables, cwd=tmp_path, check=False)
    if "unshare" in done.stderr:
        pytest.skip("user namespaces are not allowed here")
    assert done.returncode == 2
    assert done.stderr == (
        "byline: this user has no home folder to keep a library in: set BYLINE_HOME, or give --library DIR.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_the_home_of_nobody_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BYLINE_HOME", "~nosuchuser/x")
    for arguments, what in (
        (["status", "--library", "~nosuchuser/lib"], "the library's folder is '~nosuchuser/lib'"),
        (["status"], "BYLINE_HOME is '~nosuchuser/x'"),
        (["ask", "q", "--save", "~nosuchuser/a.md"], "--save is '~nosuchuser/a.md'"),
        (["verify", "~nosuchuser/a.md", "--library", str(folder)], "the record is '~nosuchuser/a.md'"),
    ):
        assert main(arguments) == 2
        assert capsys.readouterr().err == f"byline: {what}, and there is no such home folder: write the path in full.\n"
    assert main(["status", "~nosuchuser.txt", "--library", str(folder)]) == 2
    assert "no article '~nosuchuser.txt'" in capsys.readouterr().err
