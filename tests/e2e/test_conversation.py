"""A conversation that stays in view, and is there again, in a real Chromium."""

from __future__ import annotations

from tests.e2e.newsroom import MARKS, ask, has_id, reload
from tests.test_view import QUOTE
from ui import follow_ups

pytestmark = MARKS


def test_a_conversation_is_kept_and_can_be_begun_anew(open_page, page_url, newsroom):
    page = open_page(page_url)
    ask(page, "When does the bridge reopen?")
    assert page.locator("#bl-earlier h2").count() == 0
    ask(page, "Who said it ?")
    assert [answer.question for answer in newsroom.asked[-1][1]["history"]] == ["When does the bridge reopen?"]
    assert "Who said it ? (bridge)" in page.locator(".bl-understood").inner_text()
    summary = page.locator("#bl-earlier summary")
    assert summary.all_inner_texts() == ["When does the bridge reopen? Partly answered"]
    assert page.locator("#bl-earlier .bl-claim").first.is_hidden()
    summary.press("Enter")
    assert page.locator("#bl-earlier .bl-words").first.inner_text() == QUOTE

    page.get_by_role("button", name="Take the question as it stands").click()
    page.wait_for_function(
        "!document.querySelector('.bl-understood') && document.querySelector('#bl-answer .bl-partial')"
    )
    question, options = newsroom.asked[-1]
    assert (question, options["understand"]) == ("Who said it ?", False)
    assert [answer.question for answer in options["history"]] == ["When does the bridge reopen?"]

    page.get_by_role("button", name="New conversation").click()
    page.locator("#bl-answer .bl-idle").wait_for()
    assert page.locator("#bl-earlier summary").count() == 0
    ask(page, "Who said it ?")
    assert newsroom.asked[-1][1]["history"] == []


def test_ten_turns_deep_the_newest_answer_is_where_the_eye_is(open_page, page_url):
    page = open_page(page_url)
    for n in range(10):
        ask(page, f"Question {n} ?")
    box = page.locator("#bl-answer .bl-claim").first.bounding_box()
    assert box["y"] + box["height"] < 900
    assert page.locator("#bl-earlier summary").first.inner_text().startswith("Question 8 ?")
    assert page.locator("#bl-earlier details[open]").count() == 0


def test_a_conversation_is_there_again_when_the_page_is_loaded_anew(open_page, page_url, newsroom):
    page = open_page(page_url)
    ask(page, "When does the bridge reopen?")
    ask(page, "Who said it ?")
    page.locator(".bl-asked summary", has_text="Past questions (1)").wait_for()
    reload(page)
    page.locator("#bl-answer .bl-question", has_text="Who said it ?").wait_for()
    assert page.locator("#bl-answer .bl-words").first.inner_text() == QUOTE
    assert page.locator("#bl-earlier summary").all_inner_texts() == ["When does the bridge reopen? Partly answered"]
    page.get_by_role("link", name="Source 1", exact=True).click()
    page.locator("dialog[open] mark", has_text=QUOTE).wait_for()
    page.keyboard.press("Escape")
    has_id(page, ":focus", "mark-1-1")
    ask(page, "And then it ?")
    asked = [answer.question for answer in newsroom.asked[-1][1]["history"]]
    assert asked == ["When does the bridge reopen?", "Who said it ?"]


def test_past_conversations_are_opened_and_deleted(open_page, page_url):
    page = open_page(page_url)
    ask(page, "first")
    page.get_by_role("button", name="New conversation").click()
    page.locator("#bl-answer .bl-idle").wait_for()
    ask(page, "second")
    page.locator(".bl-asked summary", has_text="(2)").click()
    page.get_by_role("button", name="first", exact=True).click()
    page.locator("#bl-answer .bl-question", has_text="first").wait_for()
    page.locator(".bl-asked summary").click()
    page.get_by_role("button", name="Delete the conversation “second”").click()
    page.locator(".bl-asked summary", has_text="(1)").wait_for()
    assert page.locator("#bl-answer .bl-question").inner_text() == "first"
    page.get_by_role("button", name="Delete all").click()
    page.locator("#bl-answer .bl-idle").wait_for()
    assert page.locator(".bl-asked").count() == 0
    reload(page)
    page.locator("#bl-answer .bl-idle").wait_for()


def test_questions_lead_on_that_the_articles_answer(open_page, serve, sample, monkeypatch):
    monkeypatch.setattr(follow_ups, "WITHIN_S", 120.0)
    page = open_page(serve(sample))
    ask(page, "Has the court issued arrest warrants?")
    page.locator("#bl-follow-ups .bl-chip").first.wait_for()
    question = page.locator("#bl-follow-ups .bl-chip").first.inner_text()
    page.locator("#bl-follow-ups .bl-chip").first.click()
    page.locator("#bl-answer .bl-question", has_text=question).wait_for()
    page.locator("#bl-answer .bl-answered").wait_for()
    assert page.locator("#bl-earlier summary").all_inner_texts()[0].startswith("Has the court issued arrest warrants?")
    page.get_by_role("button", name="New conversation").click()
    page.locator("#bl-answer .bl-idle").wait_for()
    assert page.locator("#bl-follow-ups .bl-chip").count() == 0
