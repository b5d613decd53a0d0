"""`ui.uploads`: files that are dropped on the page go into the library, and none is lost without a word."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import BylineError, Library
from rag.types import Failure, IngestReport
from tests.test_hostile_text import HOSTILE
from tests.test_view import check_markup
from ui import markup, panes, uploads

STORY = "The bridge reopens in May, the mayor said. Repairs cost 4 million."
OTHER = "The harbour closes on Friday. Nobody in the town knows why that is so."


def dropped(folder: Path, **files: str | bytes) -> list[Path]:
    """Files as Gradio leaves them, each in a folder of its own."""
    paths = []
    for number, (name, content) in enumerate(files.items()):
        path = folder / "temp" / str(number) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        paths.append(path)
    return paths


def added(library: Library, files: Sequence[Path]) -> IngestReport:
    *steps, report = uploads.add(library, files)
    assert steps
    for step in steps:
        assert isinstance(step, str)
        check_markup(step)
    assert isinstance(report, IngestReport)
    return report


def test_files_are_kept_in_the_library_and_can_be_asked(library, tmp_path):
    files = dropped(tmp_path, **{"bridge.txt": STORY, "harbour.md": OTHER})
    report = added(library, files)
    assert (report.added, report.failed, report.articles) == (2, (), 2)
    kept = sorted(Path(article.path) for article in library.articles())
    assert [path.name for path in kept] == ["bridge.txt", "harbour.md"]
    assert {path.parent.parent for path in kept} == {library.path / "uploads"}
    assert kept[0].read_text() == STORY
    assert not any(file.exists() for file in files), "nothing stays behind in the folder for temporary files"
    assert library.retrieve("Who reopens the bridge?")


def test_the_same_files_again_change_nothing(library, tmp_path):
    added(library, dropped(tmp_path, **{"bridge.txt": STORY}))
    report = added(library, dropped(tmp_path, **{"bridge.txt": STORY}))
    assert (report.added, report.updated, report.unchanged) == (0, 0, 1)
    assert len(list((library.path / "uploads").rglob("*.txt"))) == 1


def test_another_file_of_the_same_name_takes_nothing_away(library, tmp_path):
    added(library, dropped(tmp_path, **{"story.txt": STORY}))
    report = added(library, dropped(tmp_path, **{"story.txt": OTHER}))
    assert (report.added, report.updated, report.removed, report.articles) == (1, 0, 0, 2)
    twice = [path for half in ("a", "b") for path in dropped(tmp_path / half, **{"Same.txt": f"{STORY} Part {half}."})]
    kept = uploads.keep(twice, tmp_path / "kept")
    assert [path.name for path in kept] == ["Same.txt", "Same-2.txt"]
    assert ["Part a." in kept[0].read_text(), "Part b." in kept[1].read_text()] == [True, True]


def test_what_describes_an_article_stays_beside_it(library, tmp_path):
    sidecar = json.dumps({"title": "Bridge to Reopen", "outlet": "The Courier", "published": "2024-04-29"})
    report = added(library, dropped(tmp_path, **{"bridge.txt": STORY, "bridge.json": sidecar}))
    assert (report.added, report.failed) == (1, ())
    [article] = library.articles()
    assert (article.title, article.outlet, article.published) == ("Bridge to Reopen", "The Courier", "2024-04-29")


def test_a_file_that_cannot_be_read_is_one_sentence_and_the_others_go_in(library, tmp_path):
    lines = json.dumps({"title": "A", "text": OTHER}) + "\nno json\n"
    files = {"bridge.txt": STORY, "photo.png": b"\x89PNG\r\n\x1a\n" + bytes(200), "empty.txt": "", "some.jsonl": lines}
    report = added(library, dropped(tmp_path, **files))
    assert report.added == 2
    assert {failure.path.partition(":")[0] for failure in report.failed} == {"photo.png", "empty.txt", "some.jsonl"}
    assert all(failure.error.endswith(".") for failure in report.failed)
    assert str(tmp_path) not in uploads.told(report)
    kept = {path.name for path in (library.path / "uploads").rglob("*") if path.is_file()}
    assert kept == {"bridge.txt", "some.jsonl"}  # what gave nothing is not kept


def test_nothing_of_a_drop_without_an_article_stays(library, tmp_path):
    report = added(library, dropped(tmp_path, **{"empty.txt": ""}))
    assert len(report.failed) == 1
    assert not list((library.path / "uploads").iterdir())


def test_a_drop_that_nobody_looks_at_any_more_is_cleared_up_too(library, tmp_path):
    steps = uploads.add(library, dropped(tmp_path, **{"bridge.txt": STORY, "empty.txt": ""}))
    next(steps)
    steps.close()
    for thread in threading.enumerate():
        if thread.name == "byline-adding":
            thread.join()
    assert [path.name for path in (library.path / "uploads").glob("*/*")] == ["bridge.txt"]


def test_the_same_drop_twice_at_once_is_kept_by_both(tmp_path, monkeypatch):
    first, second = (dropped(tmp_path / half, **{"bridge.txt": STORY}) for half in ("a", "b"))
    move, kept = shutil.move, []

    def moved(source, target):
        result = move(source, target)
        if source == first[0]:
            kept.extend(uploads.keep(second, tmp_path / "kept"))
        return result

    monkeypatch.setattr(shutil, "move", moved)
    assert uploads.keep(first, tmp_path / "kept") == kept
    assert [path.read_text() for path in (tmp_path / "kept").glob("*/*")] == [STORY]


def test_the_report_of_a_drop_holds_no_path_of_the_server(library, tmp_path):
    added(library, dropped(tmp_path, **{"bridge.txt": STORY}))
    files = {"again.txt": STORY, "version.txt": f"{STORY} The mayor thanked nobody.", "harbour.txt": OTHER}
    report = added(library, dropped(tmp_path, **files))
    assert [double["path"] for double in report.duplicates] == ["again.txt"]
    assert {copy["path"] for copy in report.copies} <= {"version.txt"}
    assert str(tmp_path) not in json.dumps(report.to_dict())


def test_what_was_read_before_a_stop_goes_in_and_the_rest_is_not_kept(library, tmp_path):
    stop = threading.Event()
    ingest = library.ingest

    def stopping(paths, *, progress, **options):
        def heard(done, total, what):
            progress(done, total, what)
            if done == 1:
                stop.set()

        return ingest(paths, progress=heard, **options)

    library.ingest = stopping
    files = dropped(tmp_path, **{f"{n}.txt": f"{STORY} It is story {n}." for n in range(5)})
    *_, report = uploads.add(library, files, stop)
    assert isinstance(report, IngestReport)
    assert (report.added, report.articles, report.not_read) == (2, 2, ("2.txt", "3.txt", "4.txt"))
    assert {path.name for path in (library.path / "uploads").rglob("*.txt")} == {"0.txt", "1.txt"}
    library.ingest = ingest
    shown = check_markup(uploads.told(report)).text
    assert "2 added, 3 files left when you stopped. The library holds 2 articles." in shown
    assert "4.txt" in shown
    again = {f"{n}.txt": f"{STORY} It is story {n}." for n in range(5)}
    assert added(library, dropped(tmp_path, **again)).articles == 5
    stop.set()
    *_, report = uploads.add(library, dropped(tmp_path, **again), stop)
    assert isinstance(report, IngestReport)
    assert len(report.not_read) == 5
    assert all(Path(article.path).exists() for article in library.articles()), "those of an earlier drop stay"


def test_each_file_is_read_being_read_or_waiting():
    said = uploads._Said()
    names = [f"{n}{text}.txt" for n, text in enumerate([*HOSTILE, "a"] * 2)]
    for n, name in enumerate(names[:5]):
        said.hear(n, len(names), name)
    said.hear(4, len(names), "40 passages embedded")
    shown = uploads._step(names, said, is_stopping=False)
    check_markup(shown.replace(markup.STOP, ""))
    assert "4 of 26 files read" in shown
    assert shown.count("Read:") == uploads.READ_SHOWN
    assert "40 passages embedded" in shown
    assert "and 13 more" in shown
    assert markup.STOP not in uploads._step(names, said, is_stopping=True)
    for n, name in enumerate(names[5:], start=5):
        said.hear(n, len(names), name)
    begun = [*said.begun]
    said.hear(len(names), len(names), "embedding 0 of 40 passages")
    said.hear(30, 700, "for the new model: embedding 0 of 40 passages")
    assert [*said.begun] == begun
    assert "26 of 26 files read" in uploads._step(names, said, is_stopping=False)


def test_a_library_that_cannot_be_written_is_one_sentence(library, tmp_path):
    (library.path / "uploads").write_text("in the way")
    *_, html = panes.adding(library, [str(path) for path in dropped(tmp_path, **{"bridge.txt": STORY})])
    assert "cannot be kept in" in html
    check_markup(html)


def test_a_fault_of_the_program_goes_to_the_log_and_not_to_the_page(library, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(Library, "ingest", lambda *_, **__: 1 / 0)
    *_, html = panes.adding(library, [str(path) for path in dropped(tmp_path, **{"bridge.txt": STORY})])
    assert "a fault of its own" in html
    assert "ZeroDivisionError" in caplog.text
    monkeypatch.setattr(Library, "ingest", lambda *_, **__: (_ for _ in ()).throw(BylineError("The disk <is> full.")))
    *_, html = panes.adding(library, [str(path) for path in dropped(tmp_path, **{"bridge.txt": STORY})])
    assert "The disk &lt;is&gt; full." in html


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("story.txt", "story.txt"),
        ("Ärger in Zürich (1).html", "Ärger in Zürich (1).html"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\story.md", "story.md"),
        (".hidden.txt", "hidden.txt"),
        ("...txt", "article.txt"),
        (".txt", "article.txt"),
        (" . .md", "article.md"),
        ("..story..txt", "story..txt"),
        ("..CON.txt", "_CON.txt"),
        ("...", "article"),
        (f"a.{'𝕏' * 90}", f"a.{'𝕏' * 10}"),
        ("..", "article"),
        ("", "article"),
        ("a\x00b\u202e.txt", "a_b_.txt"),
        ("what?#1*.txt", "what__1_.txt"),
        ("CON.txt", "_CON.txt"),
        ("trailing. . ", "trailing"),
        ("manifest.csv", "manifest.csv"),
    ],
)
def test_names_become_safe(name, safe):
    assert uploads.safe_name(name) == safe


@given(st.text(max_size=400))
def test_any_name_can_be_written_where_it_belongs(name):
    safe = uploads.safe_name(name)
    assert safe
    assert not safe.startswith(".")
    assert Path(safe).name == safe
    assert len(safe.encode()) <= 250
    assert not set(safe) & set('/\\:*?"<>|#\0')


def a_report(**values: object) -> IngestReport:
    known: dict[str, object] = {"added": 0, "updated": 0, "unchanged": 0, "removed": 0, "failed": (), "duplicates": ()}
    return IngestReport(**{**known, "articles": 5, "passages": 9, "elapsed_s": 0.1, **values})  # type: ignore[arg-type]


def test_what_came_of_it_is_told():
    copies = (
        {"path": "a", "id": "1", "kind": "copy", "of": "2"},
        {"path": "b", "id": "3", "kind": "version", "of": "2"},
    )
    page = check_markup(
        uploads.told(a_report(added=1_200, unchanged=1, failed=(Failure(path="x", error="no."),), copies=copies))
    )
    assert page.text.startswith("1,200 added, 1 there already, 1 file could not be read. The library holds 5 articles.")
    assert "1 is the same story as one that was there already and 1 is another version of a story" in page.text
    assert page.all("li")[0][1] == "x no."
    assert check_markup(uploads.told(a_report())).text == "Nothing added. The library holds 5 articles."


def test_a_thousand_failures_are_counted_and_a_hundred_listed():
    failed = tuple(Failure(path=f"{n}.txt", error="is empty.") for n in range(1_000))
    page = check_markup(uploads.told(a_report(failed=failed)))
    assert len(page.all("li")) == uploads.FAILURES_SHOWN + 1
    assert page.text.endswith("and 900 more.")


@pytest.mark.parametrize("bad", HOSTILE)
def test_hostile_names_stay_text(bad):
    page = check_markup(uploads.told(a_report(failed=(Failure(path=bad, error=bad),))))
    assert bad in page.text
