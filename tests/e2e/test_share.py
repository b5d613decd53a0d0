"""Links that bring a question back, and what an answer is saved as, in a real Chromium."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from tests.e2e.newsroom import MARKS, ask, has_id
from tests.test_drafts import DRAFT
from tests.test_hostile_text import HOSTILE

pytestmark = MARKS


def test_the_address_brings_question_filters_and_model_back_and_asks_nothing(open_page, page_url, newsroom):
    page = open_page(page_url)
    page.get_by_role("button", name="Filters and model").click()
    page.get_by_label("Outlets").first.click()
    page.get_by_role("option", name="The Globe").click()
    page.get_by_label("Published from").first.fill("2024-04")
    ask(page, "When & where?")
    address = page.url
    assert address == page_url + "?q=When+%26+where%3F&outlet=The+Globe&from=2024-04"
    n_asked = len(newsroom.asked)
    other = open_page(address + "&model=openai%3Atiny")
    other.locator("#bl-answer .bl-idle", has_text="press Ask").wait_for()
    assert other.get_by_label("Your question").input_value() == "When & where?"
    assert other.get_by_label("Published from").first.input_value() == "2024-04"
    assert other.get_by_label("Model").input_value() == "openai:tiny"
    assert len(newsroom.asked) == n_asked
    other.get_by_role("button", name="Ask", exact=True).click()
    other.locator(".bl-partial").first.wait_for()
    question, options = newsroom.asked[-1]
    assert question == "When & where?"
    assert (options["outlets"], options["published_from"]) == (["The Globe"], "2024-04")
    assert options["model"] == "openai:tiny"
    other.get_by_role("button", name="New conversation").click()
    other.locator("#bl-answer .bl-idle").wait_for()
    assert other.url == page_url


def test_hostile_addresses_set_text_and_nothing_else(open_page, page_url):
    for text in HOSTILE:
        page = open_page(page_url + "?" + urlencode({"q": text, "model": text, "outlet": text, "from": text}))
        page.locator("#bl-answer .bl-idle", has_text="press Ask").wait_for()
        assert page.get_by_label("Your question").input_value().split() == text.split()
        page.context.close()


def test_an_answer_is_saved_in_every_form(open_page, page_url, tmp_path):
    page = open_page(page_url)
    ask(page, "When?")
    page.locator(".bl-saves summary").click()
    for button, name in {
        "Markdown": "byline-answer.md",
        "Record (JSON)": "byline-record.json",
        "Sources (BibTeX)": "byline-sources.bib",
        "Sources (CSL-JSON)": "byline-sources.json",
    }.items():
        with page.expect_download() as download:
            page.get_by_role("button", name=button).click()
        assert download.value.suggested_filename == name
        download.value.save_as(tmp_path / name)
    assert json.loads((tmp_path / "byline-record.json").read_text())["answer"]["question"] == "When?"
    assert json.loads((tmp_path / "byline-sources.json").read_text())[0]["container-title"] == "The Courier"
    assert (tmp_path / "byline-sources.bib").read_text().startswith("@article{thecourier2024")


def test_a_draft_is_opened_and_its_sentences_and_evidence_lead_to_each_other(open_page, page_url, tmp_path):
    page = open_page(page_url)
    page.get_by_role("tab", name="Check a draft").click()
    (tmp_path / "draft.md").write_text(DRAFT, encoding="utf-8")
    page.locator("#check input[type=file], #bl-drafting input[type=file]").first.set_input_files(tmp_path / "draft.md")
    page.wait_for_function("document.querySelector('#bl-draft textarea').value.includes('Plums')")
    page.get_by_role("button", name="Check", exact=True).click()
    page.locator("#bl-findings .bl-keep").wait_for()
    page.get_by_role("link", name="1 contradicted").click()
    has_id(page, ":focus", "sentence-2")
    marker = page.locator("#said-2-1")
    marker.hover()
    page.locator("#bl-findings-peek:popover-open mark", has_text="Repairs cost 4 million.").wait_for()
    marker.click()
    page.locator("dialog[open] mark", has_text="Repairs cost 4 million.").wait_for()
    page.keyboard.press("Escape")
    has_id(page, ":focus", "said-2-1")
    page.locator("#evidence-4-1").get_by_role("link", name="back to the sentence").click()
    has_id(page, ":focus", "said-4-1")
