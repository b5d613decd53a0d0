"""A library with answers for every view, and what a reader does on the page, for the browser tests."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import pytest

from rag.errors import BylineError
from rag.types import Answer, Checked, CheckedSentence, Claim, Event, Json
from tests.test_app import FakeLibrary
from tests.test_drafts import FOUND
from tests.test_hostile_text import HOSTILE
from tests.test_view import a_citation, a_claim, a_hit, an_answer, an_article, differing, with_news

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MARKS = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::Warning:gradio.queueing"),
    pytest.mark.skipif(BROWSER is None, reason="no Chromium found: apt-get install chromium to run the browser tests"),
]
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
            raise RuntimeError("the cause")
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


# The pane of the answer before is still being written to when its marker is focused: a change alone is no answer.
SETTLED = """([before, question]) => {
  const answer = document.querySelector("#bl-answer section").innerHTML;
  const shown = document.querySelector("#bl-answer .bl-question")?.textContent.replace(/\\s+/g, " ").slice(0, 60);
  return answer !== before && !answer.includes("bl-working") && document.querySelector("#bl-sources section > div > *")
    && (shown === undefined || question.startsWith(shown));
}"""


def ask(page: Any, question: str) -> None:
    """Ask, and wait until both panes have changed and the answer is to this question."""
    before = page.locator("#bl-answer section").inner_html()
    box = page.get_by_label("Your question")
    box.fill(question)
    box.press("Enter")
    page.wait_for_function(SETTLED, arg=[before, " ".join(question.split())])


LEAVING: set[Any] = set()
"""The pages that are being loaded anew: Gradio's script complains of what is broken off by that."""


def reload(page: Any) -> None:
    LEAVING.add(page)
    page.reload()
    page.locator(".bl-holds").wait_for()
    LEAVING.discard(page)


def has_id(page: Any, selector: str, expected: str) -> None:
    page.wait_for_function("([s, id]) => document.querySelector(s)?.id === id", arg=[selector, expected])


def begin(page: Any, question: str) -> None:
    box = page.get_by_label("Your question")
    box.fill(question)
    box.press("Enter")


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
