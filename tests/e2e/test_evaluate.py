"""The tab that evaluates, in a real Chromium: one server and one page for all of it."""

from __future__ import annotations

from typing import Any

import pytest

from rag import Library
from tests.e2e.newsroom import MARKS, reload
from tests.test_evaluations import CASES, cases_file

pytestmark = MARKS


@pytest.fixture
def page(open_page: Any, serve: Any, ferry: Library) -> Any:
    shown = open_page(serve(ferry))
    shown.get_by_role("tab", name="Evaluate").click()
    shown.locator("#bl-evaluation .bl-idle").wait_for()
    return shown


def run(page: Any, file: Any) -> None:
    page.locator("#bl-evaluating input[type=file]").set_input_files(file)


def test_cases_are_run_looked_into_and_compared(page, tmp_path):
    (bad := tmp_path / "bad.jsonl").write_text("{")
    run(page, bad)
    page.locator("#bl-evaluation .bl-failure", has_text="bad.jsonl line 1: this is not JSON").wait_for()
    run(page, cases_file(tmp_path, *CASES))
    page.locator("#bl-evaluation .bl-added", has_text="3 questions:").wait_for()
    page.locator("#bl-evaluation svg[role=img]").wait_for()
    figures = page.locator("#bl-evaluation .bl-figures").first
    assert "Citations that stand in their article to the letter" in figures.inner_text()
    wrong = page.locator(".bl-case", has_text="Who is the harbour master of Saltby?")
    wrong.locator("summary").click()
    told = wrong.inner_text()
    assert "Expected: Bo Lind" in told
    assert "Answered: " in told
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the report (HTML)").click()
    assert "Byline eval: mine" in download.value.path().read_text(encoding="utf-8")

    run(page, cases_file(tmp_path, {**CASES[0], "expected": [["a week"]]}, CASES[2], name="again.jsonl"))
    page.locator("#bl-evaluation .bl-added", has_text="2 questions:").wait_for()
    page.get_by_label("Compare it with").click()
    page.get_by_role("option", name="mine-extractive").click()
    page.locator("#bl-evaluation h3", has_text="Against the earlier run: 2 questions in both").wait_for()
    reload(page)
    page.get_by_role("tab", name="Evaluate").click()
    page.locator("#bl-evaluation .bl-added", has_text="2 questions:").wait_for()


def test_a_run_shows_how_far_it_is_blocks_no_question_and_is_stopped(page, open_page, tmp_path):
    many = [{**CASES[0], "id": str(n)} for n in range(2_000)]
    run(page, cases_file(tmp_path, *many))
    page.locator("#bl-evaluation progress[max='2000']").wait_for()
    assert page.get_by_role("button", name="Run the built-in questions").is_disabled()
    page.get_by_role("tab", name="Ask").click()
    page.get_by_label("Your question").fill("How long did fog hold the ferry?")
    page.get_by_label("Your question").press("Enter")
    page.locator("#bl-answer mark, #bl-answer .bl-claim").first.wait_for()
    other = open_page(page.url.split("?")[0])
    other.get_by_role("tab", name="Evaluate").click()
    other.locator("#bl-evaluation progress[max='2000']").wait_for()
    other.locator("#bl-evaluation").get_by_role("button", name="Stop").click()
    other.locator("#bl-evaluation .bl-idle", has_text="of 2,000. Nothing of it is kept.").wait_for()
    page.get_by_role("tab", name="Evaluate").click()
    page.locator("#bl-evaluation .bl-idle").wait_for()
    assert page.get_by_role("button", name="Run the built-in questions").is_enabled()
