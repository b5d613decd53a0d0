"""What an ingest warns of, and how it counts what it took in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rag.ingest import articles
from rag.ingest.warnings import Warnings
from rag.library import Library
from rag.terminal_reports import print_ingested
from rag.types import Article
from tests.reading import STORY, failed, one, put

SENTENCE = "The tram company of Dunmar will run cars through the night from September, it said on Wednesday."


def warned(article: Article) -> list[tuple[str, str]]:
    warnings = Warnings()
    warnings.add(article, article.path)
    return [(warning.kind, warning.warning) for warning in warnings.listed()]


def served(tmp_path: Path, title: str, *lines: str) -> Article:
    text = "".join(f"<p>{line}</p>" for line in lines)
    page = f"<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1>{text}</body></html>"
    return one(put(tmp_path / "page.html", page))


NO_STORY = {
    "robot": ("Just a moment", "To go on, please verify that you are human by ticking the box below this line."),
    "denied": ("Access denied", "You have no permission to see what you asked the server of the Herald for."),
    "gone": ("Oops", "The page you were looking for could not be found, or it has been moved to another address."),
    "no such page": (
        "404 Not Found",
        "Go back to the front page of the Herald, or search for what you wanted to read.",
    ),
    "cookies": ("Your choice", "We and our 112 partners use cookies to show you what you like on the Herald’s pages."),
    "headline alone": ("Night trams from September",),
}


@pytest.mark.parametrize("name", NO_STORY)
def test_page_without_a_story(tmp_path: Path, name: str) -> None:
    (kind, words), *_ = warned(served(tmp_path, *NO_STORY[name]))
    assert kind == "story"
    assert words.startswith("The page ")


def test_story_of_a_page_that_was_not_found(tmp_path: Path) -> None:
    told = "Readers of the town’s site were told “page not found” for a day. "
    assert warned(served(tmp_path, "Site of the town fails", told + f"{SENTENCE} " * 5)) == []
    assert warned(served(tmp_path, "Night trams", SENTENCE)) == []


@pytest.mark.parametrize("day", [45414, "05-02-24", "soon", 0])
def test_stated_date_that_cannot_be_read(tmp_path: Path, day: object) -> None:
    article = one(put(tmp_path / "dump.json", json.dumps({"title": "T", "text": SENTENCE, "date": day})))
    ((kind, words),) = warned(article)
    assert (kind, words[: 14 + len(str(day))]) == ("unread_date", f"The date “{day}” is")
    assert words.endswith("at most a year from now.")


def test_no_date_is_no_warning(tmp_path: Path) -> None:
    assert warned(one(put(tmp_path / "story.txt"))) == []


def test_outlets_are_one_whatever_their_case(tmp_path: Path) -> None:
    for n, outlet in enumerate(("DUNMAR HERALD", "Dunmar Herald", "Dunmar Herald", "The Coast")):
        put(tmp_path / f"{n}.md", f"---\noutlet: {outlet}\n---\n\n{SENTENCE} It was the {n}th time.\n")
    with Library.open(tmp_path / "library", embedder="hashing:64") as library:
        library.ingest([tmp_path])
        assert library.store.outlets() == {"Dunmar Herald": 3, "The Coast": 1}
        assert library.store.overview()[1] == {"Dunmar Herald": 3, "The Coast": 1}


def test_copies_are_counted_in_good_grammar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Library.open(tmp_path / "library", embedder="hashing:64") as library:
        report = library.ingest([put(tmp_path / "story.txt")])
    for n, words in ((1, "1 of them carries a story"), (2, "2 of them carry a story")):
        print_ingested(replace(report, copies=tuple({"kind": "copy"} for _ in range(n))))
        assert f"{words} that is there already" in capsys.readouterr().out


def test_module_that_is_missing_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(data: bytes) -> tuple[str, dict[str, object]]:
        raise ModuleNotFoundError("No module named 'striprtf'")

    monkeypatch.setitem(articles._READERS, ".rtf", missing)  # type: ignore[index]
    error = failed(put(tmp_path / "story.rtf", STORY))
    assert "No module named 'striprtf'" in error
    assert "damaged" not in error
