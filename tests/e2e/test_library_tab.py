"""The library as a list, its articles and their edits, in a real Chromium."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from rag import Library
from tests.e2e.newsroom import ATTACK, MARKS
from tests.test_hostile_text import HOSTILE

pytestmark = MARKS

BRIDGE = "---\ntitle: Bridge to Reopen\noutlet: The Courier\npublished: 2024-04-29\n---\n\nThe bridge reopens in May.\n"


@pytest.fixture
def full(library: Library, tmp_path: Any) -> Library:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "bridge.md").write_text(BRIDGE, encoding="utf-8")
    for n in range(30):
        text = f"Report {n:02}\n\nPublished: {n % 28 + 1} May 2024\n\nThe harbour of pier {n:02} closes on Friday.\n"
        (folder / f"report-{n:02}.txt").write_text(text, encoding="utf-8")
    library.ingest([folder])
    (folder / "bridge.md").write_text(BRIDGE.replace("in May", "in June"), encoding="utf-8")
    library.ingest([folder])
    return library


def open_library(page: Any) -> Any:
    page.get_by_role("tab", name="Library").click()
    page.locator("#bl-library tbody tr, #bl-library .bl-idle").first.wait_for()
    return page.locator("#bl-library tbody tr")


def test_articles_are_found_sorted_and_paged(open_page, serve, full):
    page = open_page(serve(full))
    rows = open_library(page)
    assert rows.count() == 25
    page.get_by_text("1 to 25 of 31 articles").wait_for()
    page.get_by_role("button", name="Next page").click()
    page.get_by_text("26 to 31 of 31 articles").wait_for()
    assert rows.count() == 6
    page.get_by_role("button", name="Title").click()
    page.locator("#bl-library th[aria-sort=ascending]", has_text="Title").wait_for()
    assert rows.first.inner_text().startswith("Bridge to Reopen")
    assert rows.first.locator("td").all_inner_texts()[1:] == ["The Courier", "29 April 2024 (stated)", "5", "2", "0"]
    page.get_by_label("Search").fill("pier 07")
    page.get_by_label("Search").press("Enter")
    page.get_by_text("1 to 1 of 1 article").wait_for()
    assert rows.first.inner_text().startswith("Report 07")


def test_an_article_is_read_edited_deleted_and_put_back(open_page, serve, full):
    page = open_page(serve(full))
    rows = open_library(page)
    page.get_by_label("Search").fill("bridge")
    page.get_by_label("Search").press("Enter")
    page.get_by_text("1 to 1 of 1 article").wait_for()
    page.get_by_role("button", name="Bridge to Reopen").click()
    page.locator(".bl-headline", has_text="Bridge to Reopen").wait_for()
    assert "The Courier stated in the file" in page.locator(".bl-values").inner_text()
    page.locator(".bl-versions summary").click()
    assert page.locator(".bl-versions del").inner_text() == "The bridge reopens in May."
    assert page.locator(".bl-versions ins").inner_text() == "The bridge reopens in June."

    page.get_by_role("button", name="Edit what is stated").click()
    page.locator("#bl-edit").get_by_label("Outlet").fill("The Globe")
    page.locator("#bl-edit").get_by_label("Published").fill("spring")
    page.get_by_role("button", name="Save").click()
    page.locator("#bl-library .bl-failure", has_text="write it as YYYY-MM-DD").wait_for()
    page.locator("#bl-edit").get_by_label("Published").fill("2024-05")
    page.get_by_role("button", name="Save").click()
    page.locator("#bl-library .bl-added", has_text="Saved.").wait_for()
    values = page.locator(".bl-values").inner_text()
    assert "The Globe stated by the editor; the file says “The Courier”" in values
    assert "May 2024 stated by the editor; the file says “29 April 2024”" in values
    page.locator(".bl-holds", has_text="The Globe").wait_for()
    page.get_by_role("button", name="Undo the last edit").click()
    page.locator("#bl-library .bl-added", has_text="undone").wait_for()
    assert "The Courier stated in the file" in page.locator(".bl-values").inner_text()

    page.get_by_role("button", name="Delete from the library").click()
    page.locator("#bl-library .bl-box", has_text="“Bridge to Reopen” was deleted").wait_for()
    assert rows.count() == 0
    page.locator(".bl-holds", has_text="30 articles").wait_for()
    page.get_by_role("button", name="Undo", exact=True).click()
    page.locator("#bl-library .bl-added", has_text="is in the library again").wait_for()
    assert rows.count() == 1
    page.locator(".bl-holds", has_text="31 articles").wait_for()


def test_an_empty_library_offers_the_samples_and_questions_that_they_answer(open_page, serve, library):
    page = open_page(serve(library, examples=["How deep is the harbour of Antwerp?"]))
    page.get_by_role("button", name="Add the sample articles").click()
    page.locator(".bl-holds", has_text="5 articles").wait_for()
    assert page.get_by_role("button", name="Add the sample articles").count() == 0
    page.get_by_role("tab", name="Ask").click()
    page.locator(".bl-chip").first.wait_for()
    questions = page.locator(".bl-chip").all_inner_texts()
    assert "How deep is the harbour of Antwerp?" not in questions
    page.locator(".bl-chip").first.click()
    page.locator("#bl-answer .bl-answered").wait_for()
    assert page.get_by_label("Your question").input_value() == questions[0]


def test_a_drop_shows_each_file_and_is_stopped(open_page, serve, library, tmp_path, monkeypatch):
    ingest, go = Library.ingest, threading.Event()

    def halting(self, paths, *, progress, stop):
        def heard(done, total, what):
            progress(done, total, what)
            if done == 1:
                go.wait(60)

        return ingest(self, paths, progress=heard, stop=stop)

    monkeypatch.setattr(Library, "ingest", halting)
    page = open_page(serve(library))
    for n in range(4):
        (tmp_path / f"{n}.txt").write_text(f"The harbour {n} closes on Friday. Nobody knows why.", encoding="utf-8")
    page.locator("#bl-files input[type=file]").set_input_files([tmp_path / f"{n}.txt" for n in range(4)])
    try:
        page.locator("#bl-added .bl-status", has_text="1 of 4 files read").wait_for()
        said = page.locator("#bl-added .bl-dropped li").all_inner_texts()
        assert [line.split() for line in said] == [
            ["Read:", "0.txt"],
            ["Being", "read:", "1.txt"],
            ["Waiting:", "2.txt"],
            ["Waiting:", "3.txt"],
        ]
        page.locator("#bl-added").get_by_role("button", name="Stop").click()
        page.locator("#bl-added .bl-status", has_text="Stopping after this file").wait_for()
    finally:
        go.set()
    page.locator(
        ".bl-added", has_text="2 added, 2 files left when you stopped. The library holds 2 articles."
    ).wait_for()
    assert page.locator("#bl-added .bl-box li").all_inner_texts() == ["2.txt", "3.txt"]


def test_a_text_is_pasted(open_page, serve, library):
    page = open_page(serve(library))
    page.get_by_role("button", name="Paste a text").click()
    page.get_by_role("button", name="Add this text").click()
    page.locator("#bl-added .bl-failure", has_text="paste the article's text").wait_for()
    page.get_by_label("Text", exact=True).fill("The harbour closes on Friday. Nobody knows why.")
    page.locator("#bl-pasting").get_by_label("Title").fill('Harbour "Shut"')
    page.locator("#bl-pasting").get_by_label("Published").fill("2024-05-02")
    page.get_by_role("button", name="Add this text").click()
    page.locator(".bl-added", has_text="1 added").wait_for()
    [article] = library.articles()
    assert article.text == "The harbour closes on Friday. Nobody knows why."
    assert (article.title, article.published, article.published_source) == ('Harbour "Shut"', "2024-05-02", "stated")


def test_hostile_values_are_shown_to_the_letter(open_page, serve, library, tmp_path):
    for n, attack in enumerate([ATTACK, *HOSTILE]):
        (tmp_path / f"{n}.txt").write_text(f"{attack} is said. The harbour {n} closes on Friday.", encoding="utf-8")
    library.ingest([tmp_path])
    titles = set()
    for article, attack in zip(library.articles(), [ATTACK, *HOSTILE], strict=True):
        known = attack[:400]
        titles.add(library.edit(article, title=known, outlet=known, authors=[known]).title)
    page = open_page(serve(library))
    rows = open_library(page)
    assert {" ".join(title.split()) for title in rows.locator("button").all_text_contents()} == titles
    markup = "#bl-library :is(script, img, svg, style, iframe, [onerror], [onmouseover], [onfocus])"
    for n in range(rows.count()):
        rows.nth(n).locator("button").click()
        page.locator(".bl-headline").wait_for()
        assert page.locator(markup).count() == 0
        page.get_by_role("button", name="Back to the list").click()
        rows.first.wait_for()
    page.wait_for_timeout(200)  # for a dialog that should not come: see `open_page`
