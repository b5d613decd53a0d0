"""The tab with the models, and a key for one session, in a real Chromium."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rag import Library
from tests.e2e.newsroom import MARKS, ask, reload
from tests.servers import KEY, Fake, fake_server, pieces

pytestmark = MARKS

USAGE = {"choices": [], "usage": {"prompt_tokens": 1234, "completion_tokens": 21, "cost": 0.0031}}


@pytest.fixture
def server() -> Iterator[Fake]:
    with fake_server() as running:
        running.behave = lambda request: request.stream(
            *pieces("Fog held the ferry at Saltby for two hours on Tuesday [1]."),
            f"data: {json.dumps(USAGE)}\n\n",
            "data: [DONE]\n\n",
        )
        yield running


def enter(page: Any, name: str, key: str, url: str) -> None:
    page.get_by_label("Model to use").fill(name)
    page.get_by_label("Key", exact=True).fill(key)
    page.get_by_label("Address").fill(url)
    page.get_by_role("button", name="Use this key").click()


def test_a_key_is_used_tested_forgotten_and_never_seen_again(open_page, serve, ferry: Library, server: Fake, caplog):
    page = open_page(serve(ferry))
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))
    page.get_by_role("tab", name="Models").click()
    page.locator(".bl-models").wait_for()
    page.get_by_role("button", name="Use a key for this session only").click()
    assert page.get_by_label("Key", exact=True).get_attribute("type") == "password"

    enter(page, "gguf:/etc/passwd", KEY, "")
    page.locator("#bl-models .bl-failure", has_text="write openai:NAME or anthropic:NAME").wait_for()
    assert page.get_by_label("Key", exact=True).input_value() == ""
    enter(page, "openai:tiny", KEY, server.url)
    page.locator("#bl-models .bl-added", has_text="openai:tiny writes the next answers").wait_for()
    assert page.get_by_label("Key", exact=True).input_value() == ""
    assert server.requests == []
    mine = page.locator(".bl-models li", has_text="openai:tiny")
    mine.get_by_role("button", name="Test the connection").click()
    page.locator("#bl-models .bl-added", has_text="openai:tiny answers, after").wait_for()
    assert server.requests[-1]["headers"]["authorization"] == f"Bearer {KEY}"

    mine.get_by_role("button", name="Use", exact=True).click()
    ask(page, "How long did fog hold the ferry?")
    small = page.locator("#bl-answer .bl-small").inner_text()
    assert "model: openai:tiny · tokens: " in small
    assert "21 written" in small
    assert "$0.0031" in small

    page.get_by_role("tab", name="Models").click()
    mine.get_by_role("button", name="Forget the key").click()
    page.locator("#bl-models .bl-added", has_text="The key for openai:tiny is forgotten.").wait_for()
    assert mine.count() == 0
    kept = page.evaluate(
        "JSON.stringify([localStorage, sessionStorage, document.documentElement.outerHTML, location.href])"
    )
    assert KEY not in kept
    assert sum(KEY in request for request in sent) == 2, "only when it was entered"
    assert KEY not in caplog.text
    files = [file.read_bytes() for file in ferry.path.rglob("*") if file.is_file()]
    assert not any(KEY.encode() in content for content in files)


def test_a_key_is_gone_when_the_page_is_loaded_anew(open_page, serve, ferry: Library, server: Fake):
    page = open_page(serve(ferry))
    page.get_by_role("tab", name="Models").click()
    page.get_by_role("button", name="Use a key for this session only").click()
    enter(page, "openai:tiny", KEY, server.url)
    page.locator("#bl-models .bl-added", has_text="openai:tiny writes").wait_for()
    reload(page)
    page.get_by_role("tab", name="Models").click()
    page.locator(".bl-models").wait_for()
    assert page.locator(".bl-models li", has_text="openai:tiny").count() == 0
