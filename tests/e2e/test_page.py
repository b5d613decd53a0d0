"""The page in a real Chromium, as a reader uses it."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Literal

import pytest

from rag import Library
from rag.errors import BylineError, ModelError
from rag.record import read_record
from rag.types import Answer, Checked, CheckedSentence, Claim, Event, Json
from tests.conftest import SEEDS
from tests.test_app import FakeLibrary
from tests.test_drafts import DRAFT, FOUND
from tests.test_hostile_text import HOSTILE
from tests.test_uploads import OTHER, STORY
from tests.test_view import QUOTE, TEXT, a_citation, a_claim, a_hit, an_answer, an_article, differing, with_news
from ui import app

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::Warning:gradio.queueing")]

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if BROWSER is None:
    pytest.skip("no Chromium found: apt-get install chromium to run the browser tests", allow_module_level=True)
# Chromium itself stays off the network too, so that a request that is seen is the page's.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PATIENCE = 60_000  # ms, for a machine with other things to do
UPLOADING = "Method not implemented."  # what Gradio's own script warns of at each upload

LONG = "Donaudampfschifffahrtsgesellschaftskapitän" * 8
ATTACK = " ".join(HOSTILE)
BRIDGE = an_article(url="https://courier.example/bridge")
HARBOUR = an_article(
    f"{LONG} said it. The harbour closes on Friday. Nobody knows why.",
    id="a2",
    title=LONG,
    outlet="The Globe",
    path=f"news/{LONG}.md",
)
CURSED = an_article(
    f"Quiet. {ATTACK} Quiet.", id="a3", title=ATTACK, outlet=ATTACK, url="javascript:alert(1)", path=ATTACK
)


class Newsroom(FakeLibrary):
    """Answers by a word of the question; "slow" ones when they are let go."""

    def __init__(self) -> None:
        super().__init__(articles=[BRIDGE, HARBOUR, CURSED])
        self.go = threading.Event()

    def ask(self, question: str, *, stream: Literal[True], **options: Any) -> Iterator[Claim | Answer]:
        self.asked.append((question, options))
        answer = self.answer(question, options)
        if "slow" in question:
            assert self.go.wait(60)
        for claim in answer.claims:
            yield claim
            if "halting" in question:
                assert self.go.wait(60)
        yield answer

    def check(self, text: str, *, stream: Literal[True]) -> Iterator[CheckedSentence | Checked]:
        for finding in FOUND:
            yield finding  # type: ignore[misc]
            if "halting" in text:
                assert self.go.wait(60)

    def answer(self, question: str, options: Json) -> Answer:
        if "wrong" in question:
            raise BylineError("published_from is 'x', which is no date.")
        if "broken" in question:
            raise RuntimeError("secret")
        if "moon" in question:
            return an_answer(question=question, hits=(a_hit(HARBOUR, 0, len(HARBOUR.text)),), notes=("Not there.",))
        if "much" in question:
            quotes = [f"Part {n} of the report says that {LONG[:n]} costs {n} million." for n in range(1, 101)]
            report = an_article(" ".join(quotes), title="A headline that does not end " * 11)
            cited = [a_citation(quote, article=report, marker=n) for n, quote in enumerate(quotes, start=1)]
            return an_answer(*(a_claim(c, text=c.quote) for c in cited), question=question)
        if "cursed" in question:
            answer = an_answer(a_claim(), question=question, notes=(ATTACK,))
            return with_news(answer, a_citation(ATTACK, article=CURSED), ATTACK)
        harbour = a_citation("The harbour closes on Friday.", article=HARBOUR, marker=2)
        claims = (a_claim(a_citation(article=BRIDGE)), a_claim(harbour, text="It closes.", verdict="partial"))
        answer = an_answer(*claims, question=question, status="partial")
        if "it" in question.split() and options["history"] and options.get("understand", True):
            because = ["“it” points back."]
            return replace(answer, understood={"question": f"{question} (bridge)", "because": because})
        if "news" in question:
            event = Event(date="2024-05", precision="month", source="resolved", citations=(a_citation(article=BRIDGE),))
            return replace(answer, disagreements=(differing(), differing("update")), timeline=(event,))
        return answer


@pytest.fixture
def serve() -> Iterator[Any]:
    """Serves libraries until the test and its pages are closed: a page that is open complains when its server goes."""
    with ExitStack() as servers:
        yield lambda library, **options: servers.enter_context(app.served(library, port=0, **options))


@pytest.fixture(scope="module")
def newsroom() -> Newsroom:
    return Newsroom()


@pytest.fixture(scope="module")
def page_url(newsroom: Newsroom) -> Iterator[str]:
    with app.served(newsroom, port=0, examples=["When does the bridge reopen?"]) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=BROWSER, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Any, serve: Any) -> Iterator[Any]:  # closes its pages before `serve` its servers
    """Opens a page; in the end makes sure that it asked nobody else for anything and had nothing to complain of."""
    contexts, complaints = [], []

    def opened(url: str, *, width: int = 1280, height: int = 900, dark: bool = False) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        here = url.split("?")[0]
        page.on("request", lambda r: None if r.url.startswith((here, "data:", "blob:")) else complaints.append(r.url))
        page.on(
            "console",
            lambda m: complaints.append(m.text) if m.type in ("error", "warning") and m.text != UPLOADING else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("response", lambda r: complaints.append(f"{r.status} {r.url}") if r.status >= 400 else None)
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(url)
        page.wait_for_selector(".bl-holds")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


SETTLED = """before => {
  const answer = document.querySelector("#bl-answer section").innerHTML;
  return answer !== before && !answer.includes("bl-working") && document.querySelector("#bl-sources section > div > *");
}"""


def ask(page: Any, question: str) -> None:
    """Ask, and wait until both panes have changed."""
    before = page.locator("#bl-answer section").inner_html()
    box = page.get_by_label("Your question")
    box.fill(question)
    box.press("Enter")
    page.wait_for_function(SETTLED, arg=before)


def has_id(page: Any, selector: str, expected: str) -> None:
    page.wait_for_function("([s, id]) => document.querySelector(s)?.id === id", arg=[selector, expected])


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


def test_a_marker_leads_to_the_words_and_back(open_page, page_url):
    page = open_page(page_url)
    ask(page, "When does the bridge reopen?")
    assert page.locator(".bl-status").inner_text().endswith("Partly answered")
    assert page.locator("mark").all_text_contents() == [QUOTE, "The harbour closes on Friday."]
    assert page.locator(".bl-claim").nth(1).inner_text().endswith("only partly backed by the words it cites")

    page.get_by_role("link", name="Source 2", exact=True).click()
    has_id(page, ":target", "source-2")
    has_id(page, ":focus", "source-2")
    page.get_by_role("link", name="Source 2: back").click()
    has_id(page, ":focus", "claim-2")

    link = page.get_by_role("link", name="Original at courier.example")
    assert link.get_attribute("rel") == "noopener noreferrer nofollow"


def test_a_new_answer_has_no_card_singled_out(open_page, page_url):
    page = open_page(page_url)
    ask(page, "first")
    page.get_by_role("link", name="Source 1", exact=True).click()
    has_id(page, ":target", "source-1")
    ask(page, "second")
    assert page.locator(":target").count() == 0


def test_with_a_query_in_the_address_a_marker_does_not_load_the_page_anew(open_page, page_url):
    page = open_page(page_url + "?__theme=dark")
    ask(page, "When?")
    page.get_by_role("link", name="Source 1", exact=True).click()
    has_id(page, ":target", "source-1")
    assert page.url == page_url + "?__theme=dark#source-1"
    assert page.locator("mark").count() == 2


def test_the_keyboard_is_enough(open_page, page_url):
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
    page.keyboard.press("Enter")
    has_id(page, ":focus", "source-1")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    has_id(page, ":focus", "claim-1")


def test_hostile_text_is_inert(open_page, page_url):
    page = open_page(page_url)
    ask(page, f"cursed {ATTACK}")
    page.wait_for_selector("mark")
    assert page.locator("#bl-sources mark").text_content() == ATTACK
    assert page.locator(".bl-claim > span").first.text_content() == ATTACK
    panes = page.locator("#bl-panes")
    assert panes.locator("script, img, svg, style, iframe, [onerror], [onmouseover], [onfocus]").count() == 0
    assert {a.get_attribute("href") for a in panes.locator("a").all()} == {"#source-1", "#claim-1"}
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


def begin(page: Any, question: str) -> None:
    box = page.get_by_label("Your question")
    box.fill(question)
    box.press("Enter")


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
    assert page.locator("#bl-earlier .bl-claim").first.inner_text() == f"{QUOTE} [1]"

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
        page.get_by_role("button", name="Save as a record").click()
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
    page.get_by_label("Outlets").click()
    page.get_by_role("option", name="The Globe").click()
    page.get_by_label("Published from").fill("2024-04")
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


def test_the_whole_article_opens_at_the_words_and_gives_the_focus_back(open_page, page_url):
    page = open_page(page_url)
    ask(page, "When?")
    button = page.locator("#source-1").get_by_role("button", name="Whole article")
    for close in ("Escape", "Close", "beside"):
        button.focus()
        page.keyboard.press("Enter")
        page.locator("dialog[open]").wait_for()
        assert page.locator("dialog h2").inner_text() == "Bridge to Reopen"
        assert page.locator("dialog .bl-text").text_content() == TEXT
        assert page.locator("dialog mark").all_text_contents() == [QUOTE]
        assert page.evaluate("document.activeElement.matches('dialog mark')")
        if close == "Escape":
            page.keyboard.press("Escape")
        elif close == "Close":
            page.get_by_role("button", name="Close").click()
        else:
            page.mouse.click(20, 400)
        page.wait_for_function("!document.querySelector('dialog').open")
        assert page.evaluate("document.activeElement.value") == "source-1"


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
    page.get_by_role("link", name="Source 100", exact=True).click()
    has_id(page, ":focus", "source-100")
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


CONTRAST = """selector => {
  const channels = colour => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const element = document.querySelector(selector);
  let behind = element;
  while (channels(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
  const pair = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor].map(channels).map(light);
  return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
}"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(open_page, page_url, dark):
    """WCAG 2.2, 1.4.3: at least 4.5 to 1."""
    page = open_page(page_url, dark=dark)
    page.get_by_role("button", name="Filters and model").click()
    page.wait_for_selector(".bl-idle")
    texts = ["h1", ".bl-tagline", ".bl-holds", ".bl-idle", "#bl-question textarea", "#bl-ask", "#bl-filters > button"]
    texts += ["#bl-question span", "#bl-examples button", "h2"]
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
