"""The page on which the cited words begin: stored with the article, shown wherever a citation is."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from rag import Library
from rag.answers.citations import place_in_words
from rag.places import DATABASE
from rag.record import render
from rag.storage.migrations import MIGRATIONS
from rag.types import Answer, Place
from tests.reading import put
from tests.test_cli import byline, byline_json
from tests.test_pdf import column, drawn, make_pdf
from ui.cards import source_cards, sources_pane

FIRST = [
    *(
        "The harbour board of Saltby voted on Wednesday to close",
        "the north pier until repairs are paid for. It was shut",
    ),
    *(
        "for most of the winter too. Wren Falke, who chairs the",
        "board, said the work would cost 4.2 million pounds and",
    ),
]
SECOND = [
    *(
        "could not wait for another winter. Two ferry companies",
        "use the pier. The dredger Marigold comes on Friday, the",
    ),
    *("harbour office said, and stays there for eleven days.",),
]
QUESTION = "When does the dredger Marigold come?"


def report(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return drawn(folder / "report.pdf", column(20, FIRST), column(20, SECOND))


def cited(answer: Answer, words: str) -> int | None:
    return next(c for claim in answer.claims for c in claim.citations if words in c.quote).page


def test_passages_hits_and_citations_know_the_page(library: Library, tmp_path: Path) -> None:
    library.ingest([report(tmp_path)])
    (article,) = library.articles()
    page_two = article.text.index("could not wait")
    assert article.places == (Place(0, page=1), Place(page_two, page=2))
    (passage,) = library.passages(article)  # it runs over the break: the page where it begins
    assert passage.page == 1
    (hit, *_) = library.retrieve(QUESTION)
    assert (hit.to_dict()["page"], hit.to_dict()["time"]) == (1, None)
    answer = library.ask(QUESTION)
    assert cited(answer, "dredger Marigold") == 2
    found = next(c for claim in answer.to_dict()["claims"] for c in claim["citations"])
    assert (found["page"], found["time"]) == (2, None)
    assert cited(library.ask("What would the work cost?"), "4.2 million") == 1  # begins there and ends on page 2


def test_the_page_outlives_ingest_versions_and_a_new_cut(library: Library, tmp_path: Path) -> None:
    path = report(tmp_path)
    library.ingest([path])
    assert library.ingest([path]).unchanged == 1
    before = library.articles()[0].places
    library.store._db.execute("UPDATE articles SET indexed_as = 'older'")  # as an older Byline leaves it
    library.retrieve(QUESTION)
    assert library.articles()[0].places == before
    drawn(path, column(20, FIRST), [], column(20, SECOND))
    assert library.ingest([path]).updated == 1
    assert [place.page for place in library.articles()[0].places] == [1, 3]
    library.remove(["report.pdf"])
    assert library.articles() == []
    library.ingest([path])
    assert cited(library.ask(QUESTION), "dredger Marigold") == 3


def test_what_an_article_was_keeps_its_pages(library: Library, tmp_path: Path) -> None:
    path = report(tmp_path)
    library.ingest([path])
    before = library.articles()[0]
    drawn(path, column(20, FIRST), column(20, [line.replace("eleven", "twelve") for line in SECOND]))
    library.ingest([path])
    old, now = library.versions(library.articles()[0])
    assert (old.article.places, now.article.places) == (before.places, before.places)


def test_an_older_library_gets_pages_when_its_files_are_read_again(tmp_path: Path) -> None:
    path = report(tmp_path)
    with Library.open(tmp_path / "library", embedder="hashing:64") as library:
        library.ingest([path])
    with sqlite3.connect(tmp_path / "library" / DATABASE) as db:  # as it was before there were places
        for step in (
            "DROP INDEX articles_within",
            "DROP TABLE edits",
            "DROP INDEX articles_shelf",
        ):  # what came after them
            db.execute(step)
        for name in ("places", "asides", "words", "edited"):
            db.execute(f"ALTER TABLE articles DROP COLUMN {name}")
        db.execute("UPDATE articles SET content_hash = 'of an older Byline'")
        older = next(n for n, steps in enumerate(MIGRATIONS) if any("ADD COLUMN places" in step for step in steps))
        db.execute(f"PRAGMA user_version = {older}")
    db.close()
    with Library.open(tmp_path / "library") as library:
        assert cited(library.ask(QUESTION), "dredger Marigold") is None
        assert library.ingest([path]).updated == 1
        assert cited(library.ask(QUESTION), "dredger Marigold") == 2


def test_a_version_that_an_older_byline_kept_is_read(library: Library, tmp_path: Path) -> None:
    path = put(tmp_path / "story.md", "# Pier\n\nThe pier is open.\n")
    library.ingest([path])
    library.ingest([put(path, "# Pier\n\nThe pier is shut.\n")])
    db = library.store._db
    fields = json.loads(db.execute("SELECT fields FROM versions").fetchone()[0])
    del fields["places"], fields["asides"]
    db.execute("UPDATE versions SET fields = ?", (json.dumps(fields),))
    old, _ = library.versions(library.articles()[0])
    assert (old.article.places, old.article.asides) == ((), ())


def test_the_page_is_shown_on_cards_and_in_exports(library: Library, tmp_path: Path) -> None:
    library.ingest([report(tmp_path)])
    answer = library.ask(QUESTION)
    assert '<span class="bl-place">p. 2</span>' in sources_pane(answer)
    assert ", p. 2</pre>" in source_cards(answer.claims)
    record = library.record(answer)
    assert "*, p. 2." in render(record, "md")
    assert "</cite>, p. 2." in render(record, "html")
    assert json.loads(render(record, "json"))["answer"]["claims"][0]["citations"][0]["page"] == 2


def test_the_command_line_names_the_page(tmp_path: Path) -> None:
    home = tmp_path / "home"
    done = byline("ingest", report(tmp_path / "news"), "--embedder", "hashing:64", home=home)
    assert (done.returncode, done.stderr) == (0, "")
    assert "report.pdf p. 2 characters" in byline("ask", QUESTION, home=home).stdout
    assert "report.pdf p. 1 characters" in byline("search", QUESTION, home=home).stdout
    document = byline_json("search", QUESTION, home=home)
    assert [hit["page"] for hit in document["hits"]] == [1]


def test_what_has_no_pages_says_nothing_of_them(library: Library, tmp_path: Path) -> None:
    library.ingest([put(tmp_path / "story.md", "# Pier\n\nThe dredger Marigold comes on Friday.\n")])
    answer = library.ask(QUESTION)
    assert "bl-place" not in sources_pane(answer)
    assert answer.to_dict()["hits"][0]["page"] is None
    assert [place_in_words(2, None), place_in_words(None, "12:31"), place_in_words(None, None)] == [
        "p. 2",
        "at 12:31",
        "",
    ]


def test_warnings_of_libraries_stay_off_the_terminal(tmp_path: Path) -> None:
    news = tmp_path / "news"
    news.mkdir()
    make_pdf(news / "good.pdf", "The ferry of Portmere came back to its pier on Monday.")
    data = (news / "good.pdf").read_bytes()
    put(news / "odd.pdf", data.replace(b"startxref", b"startxrex"))
    put(news / "bad.pdf", data[:150])
    put(news / "bad.html", "<html><body><p>&#55357;</p><p>" + "<div>" * 3000)
    done = byline("ingest", news, "--embedder", "hashing:64", home=tmp_path / "home")
    assert all(line.startswith("byline: ") for line in done.stderr.splitlines()), done.stderr


def test_a_warning_in_a_command_is_not_printed(tmp_path: Path) -> None:
    code = """
import logging, sys, warnings
from rag import cli
def noisy(args):
    warnings.warn("from a library", UserWarning)
    logging.getLogger("somelib.x").warning("from a library")
    logging.getLogger("ui.app").warning("from Byline")
    return 0
cli._command = lambda name: noisy
sys.exit(cli.main(["status"]))
"""
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "from Byline\n")
