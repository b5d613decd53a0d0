"""Files as people really have them: each becomes an article whose quotes hold, or one clear sentence; none a crash."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from pathlib import Path

import pytest

from rag.cli import main
from rag.ingest import discovery
from rag.ingest.articles import SUFFIXES, read
from rag.ingest.discovery import discover
from rag.ingest.records import JSON_LINES
from rag.library import Library
from rag.types import Article
from tests import test_mail, test_word
from tests.reading import STORY, failed, one, put
from tests.test_cli import byline

SAID = "The ferry of Portmere came back to its pier on Monday, the harbour office said."
QUOTED = "“We kept a chair for it – all winter,” said Ada Quill."


def quotes_hold(library: Library, path: Path) -> Article:
    """The article of a file that was ingested, each of its passages the words at its offsets."""
    report = library.ingest([path])
    assert report.failed == ()
    (article,) = library.articles()
    passages = library.passages(article)
    assert passages
    for passage in passages:
        assert article.text[passage.start : passage.end] == passage.text
    return article


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (f"{SAID}\r\n\r\n{QUOTED}\r\n".encode("utf-16"), f"{SAID}\n\n{QUOTED}\n"),
        (f"{SAID}\n\n{QUOTED}\n".encode("cp1252"), f"{SAID}\n\n{QUOTED}\n"),
        (f"{SAID}\r\n\x0c\r\n{QUOTED}\r\n\x0c".encode(), f"{SAID}\n\x0c\n{QUOTED}\n\x0c"),
        (f"{SAID}\r{QUOTED}\r".encode(), f"{SAID}\n{QUOTED}\n"),
    ],
    ids=["utf-16", "windows-1252", "form feeds", "old macs"],
)
def test_text(library: Library, tmp_path: Path, data: bytes, text: str) -> None:
    article = quotes_hold(library, put(tmp_path / "story.txt", data))
    assert article.text == text
    (hit, *_) = library.retrieve("chair all winter", k=1)
    assert QUOTED in " ".join(hit.passage.text.split())


@pytest.mark.parametrize("name", ["story.docx", "story.eml"])
def test_word_and_mail(library: Library, tmp_path: Path, name: str) -> None:
    made = test_word.document()
    for words in ("Ferry returns", SAID, QUOTED):
        made.add_paragraph(words)
    path = test_word.saved(made, tmp_path / "story.docx")
    if name == "story.eml":
        path = put(tmp_path / name, test_mail.mail(f"{SAID}\n\n{QUOTED}\n").as_bytes())
    article = quotes_hold(library, path)
    assert article.title == "Ferry returns"
    assert library.ingest([path]).unchanged == 1
    (hit, *_) = library.retrieve("chair all winter", k=1)
    start = article.text.index(QUOTED)
    assert hit.passage.start <= start < hit.passage.end


def test_a_stray_nul_costs_itself_and_many_are_no_text(tmp_path: Path) -> None:
    article = one(put(tmp_path / "story.txt", SAID.replace("ferry", "fer\0ry")))
    assert (article.text, article.reasons["encoding"]) == (
        SAID.replace("ferry", "fer\ufffdry"),
        "A NUL byte stands as “\ufffd”.",
    )
    assert failed(put(tmp_path / "story.txt", SAID.replace(" ", "\0"))) == "story.txt is not text (binary data)."


def test_a_line_of_20_megabytes(tmp_path: Path) -> None:
    text = f"{SAID} " * (20 * 2**20 // len(SAID))
    start = time.process_time()
    assert one(put(tmp_path / "story.txt", text)).text == text
    assert time.process_time() - start < 20


def test_a_line_of_a_megabyte_is_cut_and_quoted(library: Library, tmp_path: Path) -> None:
    quotes_hold(library, put(tmp_path / "story.txt", "ferry " * 60_000 + SAID + " Pies" * 60_000))


def test_a_page_with_all_that_is_around_a_story(library: Library, tmp_path: Path) -> None:
    page = f"""<!DOCTYPE html><html><head><title>Ferry is back</title></head><body>
      <div id="cookie-banner" class="cookie-consent" role="dialog"><p>We value your privacy. Accept all cookies?</p>
      <button>Accept all</button></div>
      <nav><ul><li><a href="/">Home</a></li><li><a href="/sport">Sport and weather</a></li></ul></nav>
      <main><article><h1>Ferry is back</h1><p>{SAID}</p><p>{QUOTED}</p>
      <p>The winter of repairs took the harbour office far longer than anyone on the quay had planned for.</p>
      </article></main>
      <section id="comments" class="comments"><h2>3 comments</h2><div class="comment"><p>Troll: it sank, I saw it.</p>
      </div></section><footer><p>© 2024 Portmere Gazette</p></footer></body></html>"""
    article = quotes_hold(library, put(tmp_path / "story.html", page))
    assert SAID in article.text
    assert QUOTED in article.text
    for around in ("cookies", "Accept", "Sport and weather", "Troll"):
        assert around not in article.text


@pytest.mark.parametrize(
    "page",
    [
        "<html><head><title>F</title></head><frameset cols='20%,*'><frame src='a.html'><frame src='b.html'></frameset>",
        "<html><head><title>F</title></head></html>",
        "<!DOCTYPE html>",
    ],
)
def test_a_page_of_frames_and_one_without_a_body(tmp_path: Path, page: str) -> None:
    assert failed(put(tmp_path / "story.html", page)) == "story.html has no text; leave it out, or fill it."


@pytest.mark.parametrize("part", ["noframes", "iframe"])
def test_what_the_parser_leaves_as_characters_is_no_text(tmp_path: Path, part: str) -> None:
    page = f"<html><body><p>{SAID}</p><{part}><p>No <b>frames</b> here.</p></{part}></body></html>"
    assert one(put(tmp_path / "story.html", page)).text == SAID


@pytest.mark.parametrize("suffix", sorted({*SUFFIXES} - {*JSON_LINES}))
def test_an_empty_file(tmp_path: Path, suffix: str) -> None:
    error = failed(put(tmp_path / f"story{suffix}", b""))
    assert error.startswith(f"story{suffix} ")
    assert error.endswith(".")
    assert "\n" not in error


@pytest.mark.parametrize("suffix", JSON_LINES)
def test_an_empty_file_of_records_holds_none(tmp_path: Path, suffix: str) -> None:
    assert [*read(put(tmp_path / f"story{suffix}", b""))] == []


@pytest.mark.parametrize("name", ["story.txt", "story.md", "story.html"])
def test_a_file_that_is_only_a_headline(library: Library, tmp_path: Path, name: str) -> None:
    text = {"story.md": "# Ferry returns to Portmere\n", "story.html": "<h1>Ferry returns to Portmere</h1>"}
    report = library.ingest([put(tmp_path / name, text.get(name, "Ferry returns to Portmere\n"))])
    assert report.added + len(report.failed) == 1
    for failure in report.failed:
        assert failure.error == "there is no sentence in it that could be quoted."


def test_links_in_a_circle(library: Library, tmp_path: Path) -> None:
    path = put(tmp_path / "news" / "a.txt")
    put(tmp_path / "news" / "b.key")
    (tmp_path / "news" / "again").symlink_to(tmp_path / "news")
    (tmp_path / "news" / "deep").mkdir()
    (tmp_path / "news" / "deep" / "up").symlink_to(tmp_path)
    assert discover([tmp_path / "news"]) == ([path], [])
    report = library.ingest([tmp_path / "news", tmp_path])
    assert (report.added, report.failed, report.skipped[".key"]) == (1, (), 1)


def test_a_file_removed_between_listing_and_reading(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, gone = put(tmp_path / "news" / "a.txt"), put(tmp_path / "news" / "b.txt", f"{STORY}Twice.\n")
    library.ingest([tmp_path / "news"])
    listed = discovery.discover

    def then_removed(*given: object) -> object:
        found = listed(*given)  # type: ignore[arg-type]
        gone.unlink()
        return found

    monkeypatch.setattr(discovery, "discover", then_removed)
    report = library.ingest([tmp_path / "news"])
    (failure,) = report.failed
    assert (failure.path, report.unchanged) == (str(gone), 1)
    assert failure.error == "b.txt cannot be read (No such file or directory); check the path and its permissions."
    assert report.articles == 2  # what it held before stays
    assert here.exists()


def test_names_with_newlines_and_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "news"
    put(folder / "ferry\nbyline: all is well.txt")
    put(folder / "ferry \U0001f6a2 \u202etxt.txt", f"{STORY}Twice.\n")
    put(folder / "empty\n\U0001f6a2.txt", b"")
    put(folder / "a.do\nc", b"x")
    done = byline("ingest", folder, "--json", "--embedder", "hashing:64", home=tmp_path / "home")
    report = json.loads(done.stdout)
    assert (report["added"], len(report["failed"]), report["skipped"]) == (2, 1, {".do\nc": 1})
    lines = done.stderr.splitlines()
    assert len(lines) == 2
    assert lines[0] == "byline: passed over 1 file of a kind that is not read: .do c (1)"
    assert lines[1].endswith("has no text; leave it out, or fill it.")


# --- What is passed over


def test_files_of_other_kinds_are_counted_once(tmp_path: Path) -> None:
    for name in ("a.txt", "b.doc", "sub/c.DOC", "d.pages", "noname", "map.xml"):
        put(tmp_path / name, "<svg/>" if name == "map.xml" else STORY)
    # These describe, are hidden, are no story by their name, or belong to a program.
    for name in (".hidden.doc", "README.rst", "~$b.docx", "manifest.csv", "a.yaml"):
        put(tmp_path / name, "title: F\n")
    (tmp_path / "link.doc").symlink_to(tmp_path / "b.doc")
    passed_over: Counter[str] = Counter()
    discover([tmp_path, tmp_path / "sub", f"{tmp_path}/*", f"{tmp_path}/**/*.doc"], passed_over)
    assert passed_over == {".pages": 1, "": 1, ".xml": 1, ".doc": 1}  # *.doc asks for b.doc
    passed_over.clear()
    assert discover([tmp_path], passed_over) == ([tmp_path / "a.txt"], [])
    assert passed_over == {".doc": 2, ".pages": 1, "": 1, ".xml": 1}
    passed_over.clear()
    discover([tmp_path, tmp_path / "b.doc"], passed_over)
    assert passed_over[".doc"] == 1


def test_the_command_line_says_what_was_passed_over(tmp_path: Path) -> None:
    for name in ("a.txt", "b.doc", "c.doc", "d.pages", "plain"):
        put(tmp_path / "news" / name)
    done = byline("ingest", tmp_path / "news", "--embedder", "hashing:64", home=tmp_path / "home")
    line = "byline: passed over 4 files of kinds that are not read: .doc (2), .pages (1), no suffix (1)"
    assert (done.returncode, done.stderr.splitlines()) == (0, [line])


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("story.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "is not text (an old office document)"),
        ("story.key", b"PK\x03\x04" + bytes(99), "is not text (a ZIP archive or an office document)"),
        ("story.log", b"{\\rtf1 The ferry}", "is not text (an RTF document)"),
        ("story.mht", b"From: <Saved by Blink>\nMIME-Version: 1.0\n\nThe ferry.", "is not plain text"),
        ("story.png", b"\x89PNG\r\n\x1a\n" + bytes(99), "is not text (a PNG image)"),
    ],
)
def test_a_named_file_of_another_kind_is_told_what_is_read(tmp_path: Path, name: str, data: bytes, why: str) -> None:
    path = put(tmp_path / name, data)
    assert discover([path]) == ([path], [])
    assert failed(path) == f"{name} {why}; what is read are {', '.join(SUFFIXES)} files."


def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    put(tmp_path / "a.txt")
    os.mkfifo(tmp_path / "pipe.fifo")
    os.mkfifo(tmp_path / "pipe.xml")
    found, _ = discover([tmp_path])
    assert tmp_path / "a.txt" in found


def test_the_help_names_every_suffix(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["ingest", "--help"])
    assert f": {' '.join(SUFFIXES)}\n" in capsys.readouterr().out
