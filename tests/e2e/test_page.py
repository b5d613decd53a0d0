"""The page in a real Chromium, as a reader uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from rag import Library
from rag.errors import ModelError
from rag.record import read_record
from tests.conftest import SEEDS
from tests.e2e.newsroom import ATTACK, CONTRAST, MARKS, ask, begin, has_id
from tests.test_app import FakeLibrary
from tests.test_drafts import DRAFT
from tests.test_uploads import OTHER, STORY
from tests.test_view import QUOTE, an_answer

pytestmark = MARKS


def test_the_page_says_what_it_is_and_waits_for_a_question(open_page, page_url):
    page = open_page(page_url)
    assert page.title() == "Byline"
    assert page.locator("h1").inner_text() == "Byline"
    assert page.locator(".bl-holds").inner_text().startswith("3 articles")
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    assert page.locator("main").count() == 1
    assert [h.inner_text().lower() for h in page.locator("h2").all()] == ["answer", "sources"]
    assert page.locator("section[aria-live=polite]").get_attribute("aria-labelledby") == "bl-answer-title"
    assert not page.get_by_text("Gradio").filter(visible=True).count()


def test_hostile_text_is_inert(open_page, page_url):
    page = open_page(page_url)
    ask(page, f"cursed {ATTACK}")
    page.wait_for_selector("mark")
    assert page.locator("#bl-sources mark").text_content() == ATTACK
    assert page.locator(".bl-words").first.text_content() == ATTACK
    panes = page.locator("#bl-panes")
    assert panes.locator("script, img, svg, style, iframe, [onerror], [onmouseover], [onfocus]").count() == 0
    assert {a.get_attribute("href") for a in panes.locator("a").all()} == {"#source-1", "#mark-1-1"}
    page.wait_for_timeout(300)  # for a dialog that should not come: see `open_page`


def test_the_wait_is_shown_and_the_last_of_the_questions_asked_meanwhile_is_answered(open_page, page_url, newsroom):
    page = open_page(page_url)
    newsroom.go.clear()
    box = page.get_by_label("Your question")
    try:
        box.fill("slow question")
        box.press("Enter")
        page.get_by_text("Searching 3 articles…").wait_for()
        for question in ("passed over", "asked in the end"):
            box.fill(question)
            box.press("Enter")
    finally:
        newsroom.go.set()
    page.locator(".bl-question", has_text="asked in the end").wait_for()
    page.wait_for_selector("mark")
    assert "passed over" not in [question for question, _ in newsroom.asked]


def test_a_sentence_is_shown_as_soon_as_it_is_checked(open_page, page_url, newsroom):
    page = open_page(page_url)
    newsroom.go.clear()
    try:
        begin(page, "a halting question")
        page.get_by_text("1 sentence checked; there may be more…").wait_for()
        assert page.locator(".bl-claim").count() == 1
        assert page.locator("#bl-sources mark").all_text_contents() == [QUOTE]
        assert page.locator("[aria-busy=true]").count() == 1
        assert page.get_by_role("button", name="Stop").is_visible()
        places = [page.locator(first).first.bounding_box() for first in (".bl-claim", ".bl-card", ".bl-question")]
    finally:
        newsroom.go.set()
    page.locator(".bl-partial").wait_for()
    moved = [page.locator(first).first.bounding_box() for first in (".bl-claim", ".bl-card", ".bl-question")]
    assert [(box["x"], box["y"]) for box in moved] == [(box["x"], box["y"]) for box in places]
    assert page.locator("#bl-answer .bl-claim").count() == 2
    assert page.locator("[aria-busy=true]").count() == 0
    assert page.get_by_role("button", name="Stop").count() == 0


def test_a_stopped_answer_keeps_what_was_checked_and_the_page_goes_on(open_page, page_url, newsroom):
    page = open_page(page_url)
    newsroom.go.clear()
    try:
        begin(page, "a halting question")
        page.get_by_text("1 sentence checked; there may be more…").wait_for()
        page.get_by_role("button", name="Stop").click()
        page.locator(".bl-status", has_text="Stopped").wait_for()
        assert page.locator("#bl-answer .bl-claim").count() == 1
        assert page.locator("#bl-sources mark").all_text_contents() == [QUOTE]
        assert page.get_by_role("button", name="Stop").count() == 0
    finally:
        newsroom.go.set()
    page.wait_for_timeout(500)  # what comes too late must not take the place of what was stopped
    assert page.locator(".bl-status", has_text="Stopped").count() == 1
    ask(page, "Who owns the moon?")
    assert page.locator(".bl-abstained").count() == 1


def test_what_differs_and_what_came_when_stand_below_the_answer(open_page, page_url):
    page = open_page(page_url)
    ask(page, "Any news ?")
    assert page.locator(".bl-kind").all_inner_texts() == ["Reports differ", "Changed later"]
    boxes = [statement.bounding_box() for statement in page.locator(".bl-side").first.locator("ul > li").all()]
    assert abs(boxes[0]["y"] - boxes[1]["y"]) < 2  # side by side
    assert page.locator(".bl-timeline li b").all_inner_texts() == ["May 2024"]


def test_an_answer_is_copied_and_saved(open_page, page_url, tmp_path):
    page = open_page(page_url)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, "When?")
    page.get_by_role("button", name="Copy answer with sources").click()
    page.get_by_text("Copied.").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("# When?\n")
    assert f"> {QUOTE}" in copied
    with page.expect_download() as download:
        page.locator(".bl-saves summary").click()
        page.get_by_role("button", name="Record (HTML)").click()
    download.value.save_as(tmp_path / "record.html")
    assert read_record(tmp_path / "record.html")["answer"]["question"] == "When?"


def test_a_model_and_what_it_may_show_are_chosen_on_the_page(open_page, page_url, newsroom):
    page = open_page(page_url)
    page.get_by_role("button", name="Filters and model").click()
    model = page.get_by_label("Model")
    model.fill("openai:tiny")
    model.press("Enter")
    page.get_by_label("Show unsupported sentences").check()
    ask(page, "When?")
    options = newsroom.asked[-1][1]
    assert (options["model"], options["show_unsupported"]) == ("openai:tiny", True)


def test_an_example_is_asked_at_a_click(open_page, page_url):
    page = open_page(page_url)
    page.get_by_role("button", name="When does the bridge reopen?").click()
    page.wait_for_selector("mark")
    assert page.get_by_label("Your question").input_value() == "When does the bridge reopen?"
    assert page.locator(".bl-question").inner_text() == "When does the bridge reopen?"


def test_filters_reach_the_library(open_page, page_url, newsroom):
    page = open_page(page_url)
    toggle = page.get_by_role("button", name="Filters and model")
    page.wait_for_selector("#bl-filters > button[aria-expanded=false]")
    toggle.click()
    assert toggle.get_attribute("aria-expanded") == "true"
    page.get_by_label("Outlets").first.click()
    page.get_by_role("option", name="The Globe").click()
    page.get_by_label("Published from").first.fill("2024-04")
    ask(page, "When?")
    options = {"model": "extractive", "show_unsupported": False, "history": []}
    assert newsroom.asked[-1] == ("When?", {"outlets": ["The Globe"], "published_from": "2024-04", **options})
    assert page.locator(".bl-limits").inner_text() == "Only articles of The Globe, from 2024-04"


def test_no_answer_is_said_and_the_nearest_passages_are_no_answer(open_page, page_url):
    page = open_page(page_url)
    ask(page, "Who owns the moon?")
    assert page.locator(".bl-status").inner_text().endswith("Not in these articles")
    assert page.locator(".bl-notes").inner_text().endswith("Not there.")
    assert "They are not an answer" in page.locator(".bl-nearest").inner_text()
    assert page.locator(".bl-near").count() == 1
    assert page.locator("mark").count() == 0


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("", "Type a question first."),
        ("wrong", "published_from is 'x', which is no date."),
        ("broken", "Byline could not answer because of a fault of its own; the terminal says more."),
    ],
)
def test_what_goes_wrong_is_one_sentence(open_page, page_url, question, sentence):
    page = open_page(page_url)
    ask(page, question)
    assert page.locator(".bl-failure p").inner_text() == sentence
    assert "secret" not in page.content()
    ask(page, "When?")  # and the page goes on
    assert page.locator("mark").count() == 2


def test_a_library_without_articles_says_how_to_add_some(open_page, serve):
    empty = FakeLibrary(an_answer(), articles=[])
    url = serve(empty)
    page = open_page(url)
    assert page.locator(".bl-holds").inner_text() == "This library holds no articles yet."
    page.locator("[role=tab][aria-selected=true]", has_text="Add articles").wait_for()
    page.get_by_role("tab", name="Ask").click()
    assert "byline ingest PATH" in page.locator("#bl-answer").inner_text()


def test_articles_are_added_on_the_page_and_can_be_asked_at_once(open_page, serve, library: Library, tmp_path):
    files = {
        "bridge.txt": STORY.encode(),
        "Großer Hafen.md": OTHER.encode(),
        "photo.png": b"\x89PNG\r\n\x1a\n" + bytes(99),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    page = open_page(serve(library))
    page.locator("#bl-files input[type=file]").set_input_files([tmp_path / name for name in files])
    page.locator(".bl-added", has_text="2 added, 1 file could not be read. The library holds 2 articles.").wait_for()
    [problem] = page.locator("#bl-added .bl-problems li").all_inner_texts()
    assert problem.startswith("photo.png ")
    page.locator(".bl-holds", has_text="2 articles").wait_for()
    assert sorted(path.name for path in (library.path / "uploads").rglob("*.*")) == ["Großer Hafen.md", "bridge.txt"]
    # And again, with the place to drop files as it was before.
    page.locator("#bl-files input[type=file]").set_input_files([tmp_path / "bridge.txt"])
    page.locator(".bl-added", has_text="1 there already. The library holds 2 articles.").wait_for()
    page.get_by_role("tab", name="Ask").click()
    assert page.locator("#bl-answer .bl-idle").inner_text().startswith("Ask a question.")


def test_a_draft_is_checked_sentence_by_sentence(open_page, page_url, newsroom):
    page = open_page(page_url)
    page.get_by_role("tab", name="Check a draft").click()
    page.get_by_label("Your draft").fill(DRAFT)
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_role("button", name="Copy the findings").wait_for()
    assert page.locator(".bl-counts").inner_text().startswith("4 sentences · 1 carried")
    rows = page.locator(".bl-sentence")
    assert rows.locator(".bl-found").all_inner_texts() == [
        "Carried", "The articles say otherwise", "Nothing in the library about this", "Partly carried"
    ]  # fmt: skip
    said, evidence = rows.nth(1).locator(".bl-said").bounding_box(), rows.nth(1).locator("mark").bounding_box()
    assert said["x"] + said["width"] < evidence["x"]  # side by side
    assert abs(said["y"] - evidence["y"]) < 60
    rows.nth(1).get_by_role("button", name="Whole article").click()
    assert page.locator("dialog[open] mark").inner_text() == "Repairs cost 4 million."
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Ask").click()  # each keeps what it holds
    ask(page, "When?")
    page.get_by_role("tab", name="Check a draft").click()
    assert page.get_by_label("Your draft").input_value() == DRAFT
    assert rows.count() == 4


def test_a_check_shows_how_far_it_is_and_can_be_stopped(open_page, page_url, newsroom):
    page = open_page(page_url)
    page.get_by_role("tab", name="Check a draft").click()
    newsroom.go.clear()
    try:
        page.get_by_label("Your draft").fill("halting. " + DRAFT)
        page.get_by_role("button", name="Check", exact=True).click()
        page.get_by_text("1 of 5 sentences checked…").wait_for()
        page.get_by_role("button", name="Stop").click()
        page.locator("#bl-findings .bl-failure", has_text="Stopped").wait_for()
        assert page.locator(".bl-sentence").count() == 1
    finally:
        newsroom.go.set()
    page.wait_for_timeout(500)
    assert page.locator(".bl-sentence").count() == 1


def test_a_quote_is_copied_with_its_reference(open_page, page_url):
    page = open_page(page_url)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, "When?")
    page.locator("#source-1").get_by_role("button", name="Copy quote").click()
    page.locator("#source-1").get_by_role("button", name="Copied").wait_for()
    assert (
        page.evaluate("navigator.clipboard.readText()") == f"“{QUOTE}” — The Courier, 29 April 2024, “Bridge to Reopen”"
    )
    page.locator("#source-1").get_by_role("button", name="Copy quote").wait_for()


def test_a_hundred_sentences_and_headlines_without_end_stay_in_shape(open_page, page_url):
    page = open_page(page_url)
    ask(page, "Too much ?")
    assert page.locator("#bl-answer .bl-claim").count() == page.locator(".bl-card").count() == 100
    page.get_by_role("link", name="Source 100: back").click()
    has_id(page, ":focus", "mark-100-1")
    lines = page.evaluate(
        "(h => h.clientHeight / parseFloat(getComputedStyle(h).lineHeight))(document.querySelector('.bl-card h3'))"
    )
    assert round(lines) == 3
    page.locator("#source-100").get_by_role("button", name="Whole article").click()
    page.locator("dialog[open]").wait_for()
    top, mark = page.locator("dialog .bl-sheet").bounding_box(), page.locator("dialog mark").bounding_box()
    assert top["y"] + top["height"] <= mark["y"] <= 900  # in sight, and not under the headline
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


@pytest.mark.parametrize("question", ["When?", "moon", "cursed", "broken", "Any news ?"])
def test_nothing_sticks_out_on_a_telephone(open_page, page_url, question):
    page = open_page(page_url, width=390, height=844)
    page.get_by_role("button", name="Filters and model").click()
    ask(page, question + " " + "w" * 200)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    answer, sources = (page.locator(pane).bounding_box() for pane in ("#bl-answer", "#bl-sources"))
    assert answer["y"] + answer["height"] <= sources["y"]


def test_a_wide_screen_has_two_columns(open_page, page_url):
    page = open_page(page_url)
    ask(page, "When?")
    answer, sources = (page.locator(pane).bounding_box() for pane in ("#bl-answer", "#bl-sources"))
    assert answer["x"] + answer["width"] < sources["x"]
    assert abs(answer["y"] - sources["y"]) < 2


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(open_page, page_url, dark):
    """WCAG 2.2, 1.4.3: at least 4.5 to 1."""
    page = open_page(page_url, dark=dark)
    page.get_by_role("button", name="Filters and model").click()
    page.wait_for_selector(".bl-idle")
    texts = ["h1", ".bl-tagline", ".bl-holds", ".bl-idle", "#bl-question textarea", "#bl-ask", "#bl-filters > button"]
    texts += ["#bl-question span", ".bl-chip", "h2"]
    results = {text: page.evaluate(CONTRAST, text) for text in texts}
    ask(page, "When?")
    texts = [".bl-question", ".bl-status", ".bl-claim", ".bl-marker", ".bl-verdict", ".bl-small", ".bl-outlet"]
    texts += [
        ".bl-date",
        ".bl-card h3",
        "blockquote",
        ".bl-bears",
        ".bl-bears span",
        ".bl-deeds button",
        "mark",
        ".bl-foot span",
        ".bl-foot a",
        ".bl-path",
        ".bl-number",
    ]
    results |= {text: page.evaluate(CONTRAST, text) for text in texts}
    ask(page, "Any news ?")
    texts = [".bl-kind", ".bl-timeline b", ".bl-known", ".bl-timeline p", ".bl-side blockquote", ".bl-copy"]
    results |= {text: page.evaluate(CONTRAST, text) for text in texts}
    page.locator("#source-1 .bl-whole").click()
    page.locator("dialog[open]").wait_for()
    texts = ["dialog h2", "dialog .bl-date", ".bl-text", ".bl-text mark", ".bl-aside", ".bl-close"]
    results |= {text: page.evaluate(CONTRAST, text) for text in texts}
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Check a draft").click()
    results |= {
        text: page.evaluate(CONTRAST, text) for text in ("[role=tab]", "[role=tab].selected", "#bl-findings .bl-idle")
    }
    page.get_by_label("Your draft").fill(DRAFT)
    page.get_by_role("button", name="Check", exact=True).click()
    page.locator("#bl-findings .bl-keep").wait_for()
    texts = [
        ".bl-counts b",
        ".bl-counts .bl-full",
        ".bl-counts .bl-part",
        ".bl-counts .bl-none",
        ".bl-counts .bl-absent",
    ]
    texts += [".bl-why li", ".bl-evidence mark", ".bl-said .bl-claim"]
    results |= {text: page.evaluate(CONTRAST, text) for text in texts}
    page.get_by_role("tab", name="Add articles").click()
    results |= {text: page.evaluate(CONTRAST, text) for text in ("#bl-added .bl-idle", "#bl-files button")}
    page.get_by_role("tab", name="Ask").click()
    ask(page, "is it so")
    texts = [".bl-understood p", ".bl-understood b", ".bl-literal", ".bl-turn summary", ".bl-turn summary span"]
    results |= {text: page.evaluate(CONTRAST, text) for text in texts}
    ask(page, "moon")
    results |= {text: page.evaluate(CONTRAST, text) for text in (".bl-abstained", ".bl-box li", ".bl-nearest")}
    assert {text: ratio for text, ratio in results.items() if ratio < 4.5} == {}


def test_the_sample_articles_are_quoted_to_the_letter(open_page, serve, sample: Library):
    """The real library behind the real page."""
    question = "Who asked Biden for help?"
    files = {path.name: path.read_text(encoding="utf-8") for path in SEEDS.glob("*.md")}
    url = serve(sample, examples=[question])
    page = open_page(url)
    assert page.locator(".bl-holds").inner_text().startswith("5 articles · Bloomberg and MENAFN · 29 April 2024 to")
    page.get_by_role("button", name=question).click()
    page.wait_for_selector("mark")
    for card in page.locator(".bl-card").all():
        name = re.split(r"[/\\]", card.locator(".bl-path").text_content())[-1]
        assert card.locator("mark").text_content() in files[name]
    ask(page, "How deep is the harbour of Antwerp?")
    page.locator(".bl-abstained").wait_for()
    assert page.locator("mark").count() == 0


class Failing:
    """A language model that breaks off after its first sentence."""

    name = "openai:failing"

    def generate(self, system: str, user: str, *, max_tokens: int) -> Iterator[str]:
        yield "Nothing"
        raise ModelError("the server broke off: try again.")


def test_a_fault_of_the_model_is_one_sentence_and_the_articles_are_quoted(
    open_page, serve, sample: Library, monkeypatch
):
    monkeypatch.setattr("rag.models.clients.load_language_model", lambda *_: Failing())
    url = serve(sample)
    page = open_page(url)
    page.get_by_role("button", name="Filters and model").click()
    model = page.get_by_label("Model")
    model.fill("openai:failing")
    model.press("Enter")
    ask(page, "Who asked Biden for help?")
    notes = page.locator(".bl-notes li").all_inner_texts()
    assert notes[0] == "The model openai:failing failed: the server broke off: try again."
    assert page.locator("mark").count() >= 1
