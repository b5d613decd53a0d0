"""What a model's server says of tokens and cost, from its events to the answer."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest

from rag import Library
from rag.models.clients import Endpoint
from tests.servers import KEY, Fake, chunk, pieces
from tests.test_endpoints import QUESTION, TRUE, generated
from tests.test_view import a_claim, an_answer, check_markup
from ui import view

DONE = "data: [DONE]\n\n"


def said(**usage: Any) -> str:
    return f"data: {json.dumps({'choices': [], 'usage': usage})}\n\n"


def counted(server: Fake, kind: str = "openai") -> list[dict[str, Any]] | None:
    model = Endpoint(kind, "m", base_url=server.url, api_key=KEY).counting()
    assert generated(model).startswith("Fine")
    return model.usage


def anthropic(kind: str, **fields: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"


STREAMS: dict[str, tuple[str, list[str], dict[str, float]]] = {
    "openai": (
        "openai",
        [*pieces("Fine."), said(prompt_tokens=812, completion_tokens=9, total_tokens=821), DONE],
        {"tokens_in": 812, "tokens_out": 9},
    ),
    "openrouter": (
        "openai",
        [*pieces("Fine."), said(prompt_tokens=812, completion_tokens=9, cost=0.00041), DONE],
        {"tokens_in": 812, "tokens_out": 9, "cost_usd": 0.00041},
    ),
    "with every piece": (
        "openai",
        [
            chunk({"content": "Fine"}, usage={"prompt_tokens": 5, "completion_tokens": 1}),
            chunk({"content": "."}, "stop", usage={"prompt_tokens": 5, "completion_tokens": 2}),
            DONE,
        ],
        {"tokens_in": 5, "tokens_out": 2},
    ),
    "anthropic": (
        "anthropic",
        [
            anthropic(
                "message_start",
                message={
                    "content": [],
                    "usage": {"input_tokens": 20, "cache_read_input_tokens": 700, "output_tokens": 1},
                },
            ),
            anthropic("content_block_delta", delta={"type": "text_delta", "text": "Fine."}),
            anthropic("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 6}),
            anthropic("message_stop"),
        ],
        {"tokens_in": 720, "tokens_out": 6},
    ),
    "nothing": ("openai", [*pieces("Fine."), DONE], {}),
    "nonsense": (
        "openai",
        [*pieces("Fine."), said(prompt_tokens="many", completion_tokens=-3, cost=True, input_tokens=1e300), DONE],
        {},
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_tokens_and_cost_are_as_the_server_says(server: Fake, name: str) -> None:
    kind, events, expected = STREAMS[name]
    server.behave = lambda request: request.stream(*events)
    assert counted(server, kind) == ([expected] if expected else [])
    assert ("stream_options" in server.requests[-1]) == (kind == "openai")


def test_a_server_that_knows_no_such_option_is_asked_without_it(server: Fake) -> None:
    for sentence in ("Unrecognized request argument supplied: stream_options", "Bad request"):

        def behave(request: Any, sentence: str = sentence) -> None:
            if "stream_options" in server.requests[-1]:
                request.reply(400, json.dumps({"error": {"message": sentence}}))
            else:
                request.stream(*pieces("Fine."), DONE)

        server.behave = behave
        server.requests.clear()
        assert counted(server) == []
        assert len(server.requests) == 2


def test_nobody_waits_long_for_a_count_that_does_not_come(server: Fake) -> None:
    def behave(request: Any) -> None:
        request.stream(*pieces("Fine."))
        time.sleep(8)  # the connection stays open

    server.behave = behave
    started = time.monotonic()
    assert counted(server) == []
    assert time.monotonic() - started < 6


def test_the_answer_has_the_sum_and_the_page_shows_it(server: Fake, sample: Library) -> None:
    server.behave = lambda request: request.stream(
        *pieces(f"{TRUE} [1]"), said(prompt_tokens=1812, completion_tokens=9, cost=0.004), DONE
    )
    answer = sample.ask(QUESTION, model="openai:m", check_with_model=True)
    n_calls = len(server.requests)
    assert answer.usage == {
        "tokens_in": 1812 * n_calls,
        "tokens_out": 9 * n_calls,
        "cost_usd": pytest.approx(0.004 * n_calls),
    }
    assert sample.ask(QUESTION, model="extractive").usage == {}
    shown = replace(an_answer(a_claim()), usage={"tokens_in": 1812, "tokens_out": 9, "cost_usd": 0.0042})
    assert "· tokens: 1,812 read, 9 written · $0.0042" in check_markup(view.answer_pane(shown)).text
    assert "tokens" not in view.answer_pane(an_answer(a_claim()))
