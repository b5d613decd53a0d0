"""From a marker to the words that it cites, and back, in a real Chromium."""

from __future__ import annotations

import pytest

from tests.e2e.newsroom import MARKS, ask, has_id
from tests.test_view import QUOTE, TEXT

pytestmark = MARKS

PEEK = "#bl-answer-peek:popover-open"
SMALL = """() => [...document.querySelectorAll("#bl-panes :is(a, button, summary)")]
  .filter(e => e.checkVisibility()).map(e => [e.className || e.tagName, e.getBoundingClientRect()])
  .filter(([, box]) => box.width < 24 || box.height < 24).map(([name]) => name)"""


def test_a_marker_shows_the_words_at_the_pointer_and_hides_them_after_it(open_page, page_url):
    page = open_page(page_url)
    ask(page, "When does the bridge reopen?")
    marker = page.get_by_role("link", name="Source 1", exact=True)
    marker.hover()
    page.locator(PEEK).wait_for()
    assert page.locator(f"{PEEK} mark").inner_text() == QUOTE
    assert page.locator(f"{PEEK} .bl-meta").inner_text().split() == ["The", "Courier", "29", "April", "2024"]
    assert "Repairs cost 4 million." in page.locator(f"{PEEK} blockquote").inner_text()  # in its paragraph
    assert page.locator(".bl-card.bl-lit").get_attribute("id") == "source-1"
    page.locator(f"{PEEK} mark").hover()  # the pointer may go into it
    page.wait_for_timeout(500)
    assert page.locator(PEEK).count() == 1
    page.mouse.move(700, 880)
    page.locator(PEEK).wait_for(state="detached")
    assert page.locator(".bl-lit").count() == 0


def test_the_keyboard_leads_from_the_question_to_the_words_and_back(open_page, page_url):
    page = open_page(page_url)
    page.keyboard.type("When does the bridge reopen?")  # the box has the focus from the start
    page.keyboard.press("Enter")
    page.wait_for_selector(".bl-marker")
    seen = []
    for _ in range(12):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.innerText.trim()"))
        if seen[-1] == "[1]":
            break
    assert seen[:2] == ["Ask", "When does the bridge reopen?"]
    assert seen[2].startswith("Filters")
    assert seen[-1] == "[1]"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.locator(PEEK).wait_for()
    assert page.evaluate("document.activeElement.getAttribute('aria-describedby')") == "bl-answer-peek"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.bl-peek') !== null")
    page.keyboard.press("Escape")
    has_id(page, ":focus", "mark-1-1")
    page.locator(PEEK).wait_for(state="hidden")
    page.keyboard.press("Enter")
    page.locator("dialog[open]").wait_for()
    assert page.evaluate("document.activeElement.matches('dialog mark')")
    page.keyboard.press("Escape")
    has_id(page, ":focus", "mark-1-1")
    page.locator(PEEK).wait_for(state="hidden")


def test_a_click_opens_the_article_at_the_words_and_every_way_back_leads_to_the_marker(open_page, page_url):
    page = open_page(page_url + "?__theme=dark")
    ask(page, "When does the bridge reopen?")
    marker = page.get_by_role("link", name="Source 1", exact=True)
    for close in ("Escape", "Close", "beside", "the browser's own"):
        marker.click()
        page.locator("dialog[open]").wait_for()
        assert page.locator("dialog h2").inner_text() == "Bridge to Reopen"
        assert page.locator("dialog .bl-text").text_content() == TEXT
        assert page.locator("dialog mark").all_text_contents() == [QUOTE]
        assert page.evaluate("document.activeElement.matches('dialog mark')")
        if close == "Escape":
            page.keyboard.press("Escape")
        elif close == "Close":
            page.get_by_role("button", name="Close").click()
        elif close == "beside":
            page.mouse.click(20, 400)
        else:
            page.go_back()
        page.wait_for_function("!document.querySelector('dialog').open")
        has_id(page, ":focus", "mark-1-1")
    assert page.url == page_url + "?q=When+does+the+bridge+reopen%3F&__theme=dark"
    page.locator("#source-2").get_by_role("button", name="Whole article").click()
    page.locator("dialog[open]").wait_for()
    page.keyboard.press("Escape")
    page.wait_for_function("document.activeElement.value === 'source-2'")


def test_a_card_leads_back_to_its_marker(open_page, page_url):
    page = open_page(page_url + "?__theme=dark")
    ask(page, "first")
    page.get_by_role("link", name="Source 2: back").click()
    has_id(page, ":target", "mark-2-1")
    has_id(page, ":focus", "mark-2-1")
    assert page.url == page_url + "?q=first&__theme=dark#mark-2-1"  # and was not loaded anew
    ask(page, "second")
    assert page.locator(":target").count() == 0  # nothing of a new answer is singled out


def test_markers_of_earlier_answers_lead_to_their_own_words(open_page, page_url):
    page = open_page(page_url)
    ask(page, "When does the bridge reopen?")
    ask(page, "Who owns the moon?")
    page.locator("#bl-earlier summary").click()
    marker = page.locator("#bl-earlier").get_by_role("link", name="Source 2", exact=True)
    marker.hover()
    page.locator("#bl-earlier-peek:popover-open mark", has_text="The harbour closes on Friday.").wait_for()
    marker.click()
    page.locator("dialog[open] mark", has_text="The harbour closes on Friday.").wait_for()
    page.keyboard.press("Escape")
    has_id(page, ":focus", "turn-0-mark-2-1")


@pytest.mark.parametrize("width", [1280, 390])
def test_the_verdict_has_a_sign_and_every_target_is_large_enough(open_page, page_url, width):
    """WCAG 2.2, 1.4.1 and 2.5.8."""
    page = open_page(page_url, width=width)
    ask(page, "When does the bridge reopen?")
    signs = page.locator("#bl-answer .bl-sign")
    assert signs.all_text_contents() == ["Backed: ", "Partly backed: "]
    assert len({sign.evaluate("e => getComputedStyle(e, '::before').content") for sign in signs.all()}) == 2
    ask(page, "Any news ?")
    page.locator("#bl-earlier summary").click()
    assert page.evaluate(SMALL) == []
