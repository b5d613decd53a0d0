"""`ui.chat`: what chat front ends that speak OpenAI's API ask for, and get."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from markdown_it import MarkdownIt

from rag.errors import BylineError
from rag.types import Answer
from tests.test_app import FakeLibrary
from tests.test_hostile_text import HOSTILE
from tests.test_view import a_citation, a_claim, an_answer, an_article, differing, with_news
from ui import app, chat

pytestmark = pytest.mark.filterwarnings("ignore::Warning:gradio.queueing")

FIRST = a_citation()
SECOND = a_citation("Repairs cost 4 million.", marker=2)
ANSWER = an_answer(
    a_claim(FIRST), a_claim(SECOND, text="It costs 4 million.", verdict="partial"), notes=("The newest is old.",)
)
CONTENT = (
    "The bridge reopens in May, the mayor said. [1]\n\nIt costs 4 million. (partial) [2]\n\nThe newest is old."
    "\n\nSources:\n\n"
    "- [1] The Courier, 29 April 2024, Bridge to Reopen\n"
    "- [2] The Courier, 29 April 2024, Bridge to Reopen: “Repairs cost 4 million.”"
)


class Desk(FakeLibrary):
    embedder = SimpleNamespace(n_tokens=lambda text: len(text.split()))


@pytest.fixture(scope="module")
def library() -> Desk:
    return Desk()


@pytest.fixture(scope="module")
def client(library: Desk) -> Iterator[httpx.Client]:
    with app.served(library, port=0) as url, httpx.Client(base_url=f"{url}v1/", timeout=120) as client:
        yield client


def said(*texts: Any) -> list[dict[str, Any]]:
    """Messages by turns, the first and the last by the user."""
    return [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(texts)]


def test_an_answer_has_markers_and_citations(client, library):
    library._answers.append(ANSWER)
    response = client.post("chat/completions", json={"model": "byline", "messages": said("When?")})
    document = response.json()
    (choice,) = document["choices"]
    assert (document["object"], document["model"]) == ("chat.completion", "byline")
    assert choice["message"] == {"role": "assistant", "content": CONTENT}
    assert choice["finish_reason"] == "stop"
    assert document["citations"][0] == {
        "marker": 1, "outlet": "The Courier", "title": "Bridge to Reopen", "date": "2024-04-29",
        "date_is_inferred": False, "quote": FIRST.quote, "speaker": FIRST.speaker, "article": FIRST.article.id,
        "url": FIRST.article.url, "start": FIRST.start, "end": FIRST.end,
    }  # fmt: skip
    assert FIRST.article.text[document["citations"][0]["start"] : document["citations"][0]["end"]] == FIRST.quote
    assert [cited["marker"] for cited in document["citations"]] == [1, 2]
    usage = document["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 10


def test_a_stream_says_the_same_piece_by_piece(client, library):
    library._answers.append(ANSWER)
    body = {"messages": said("When?"), "stream": True, "stream_options": {"include_usage": True}}
    response = client.post("chat/completions", json=body)
    assert response.headers["content-type"].startswith("text/event-stream")
    lines = [line for line in response.text.split("\n\n") if line]
    assert all(line.startswith("data: ") for line in lines)
    assert lines.pop() == "data: [DONE]"
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    pieces = [chunk["choices"][0]["delta"].get("content", "") for chunk in chunks[:-1]]
    assert "".join(pieces) == CONTENT
    assert pieces[1] == "The bridge reopens in May, the mayor said. [1]"
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert [cited["marker"] for cited in chunks[-2]["citations"]] == [1, 2]
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["total_tokens"] > 10


def test_earlier_turns_are_the_history(client, library):
    library._answers.append(ANSWER)
    messages = [
        {"role": "system", "content": "Answer as a pirate."},
        *said("When does the bridge reopen?", CONTENT, [{"type": "text", "text": "And what"}, {"type": "image_url"},
                                                       {"type": "text", "text": "does it cost?"}]),
    ]  # fmt: skip
    more = {"temperature": 0.2, "max_tokens": 5, "tools": [], "outlets": ["The Courier"], "as_of": "2024-06"}
    response = client.post("chat/completions", json={"messages": messages, "model": "extractive", **more})
    assert response.status_code == 200, response.text
    question, options = library.asked[-1]
    assert question == "And what\ndoes it cost?"
    (turn,) = options["history"]
    assert turn["question"] == "When does the bridge reopen?"
    assert turn["claims"] == [{"citations": [{"quote": CONTENT.partition("\n\nSources")[0]}]}]
    assert (options["model"], options["outlets"], options["as_of"]) == ("extractive", ["The Courier"], "2024-06")


def test_where_the_articles_do_not_say_it_says_so(client, library):
    library._answers.append(an_answer(notes=("Nobody mentions a moon.",)))
    document = client.post("chat/completions", json={"messages": said("Which moon?")}).json()
    assert document["choices"][0]["message"]["content"] == f"{chat.NO_ANSWER}\n\nNobody mentions a moon."
    assert (document["status"], document["citations"]) == ("abstained", [])


def test_differences_stand_side_by_side_with_their_sources():
    answer = replace(ANSWER, disagreements=(differing(), differing("update")))
    text = chat.content(answer)
    assert "Reports differ: " in text
    assert "Changed later: " in text
    told = {int(marker) for marker in re.findall(r"^- \[(\d+)\]", text, re.MULTILINE)}
    assert told >= {c.marker for one in answer.disagreements for c in one.citations}


ATTACKS = [
    *HOSTILE,
    "![x](https://evil.example/x.png)",
    "[read](https://evil.example)",
    "![x][y]\n\n[y]: https://evil.example/x.png",
    "`` ` `![x](https://evil.example)`",
    "\\![x](https://evil.example)",
    "<https://evil.example>",
    "[1]: https://evil.example",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_words_of_an_article_become_a_link_an_image_or_html(attack):
    article = an_article(f"He said {attack} today.", title=attack, outlet=attack, url=attack)
    claim = a_claim(a_citation(attack, article=article), text=attack)
    answer = with_news(an_answer(claim, notes=(attack,)), a_citation(attack, article=article), attack)
    for text in (chat.content(answer), chat.content(replace(answer, claims=()))):
        html = MarkdownIt("commonmark", {"html": True}).render(text)
        assert not re.search(r"<(?!/?(?:p|ul|li|em|strong|h[1-6]|ol|hr|code|pre|blockquote|br)\b)[a-z/!]", html), html


def test_the_models_are_listed(client):
    listed = client.get("models").json()
    assert [model["id"] for model in listed["data"]] == ["byline", "extractive"]
    assert client.get("models/byline").json()["object"] == "model"
    assert client.get("models/openai:none/such").status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"messages": said("When?"), "model": "gpt-4"}, 400, "the model 'gpt-4' cannot be chosen here"),
        ({"messages": []}, 422, "messages is '[]': list should have at least 1 item"),
        ({"messages": [{"role": "system", "content": "x"}]}, 400, "the messages end with no question"),
        ({"messages": said("When?", "In May.")}, 400, "the messages end with no question"),
        ({"messages": said("x" * 10_001)}, 400, "question is 'xxx"),
        ({"messages": "When?"}, 422, "messages is 'When?': it should be a valid list."),
        ({"messages": said("When?"), "n": 2}, 422, "n is '2': it should be less than or equal to 1."),
        ({}, 422, "messages is missing"),
    ],
)
def test_errors_are_as_openais_clients_read_them(client, body, status, sentence):
    response = client.post("chat/completions", json=body)
    assert response.status_code == status, response.text
    assert response.json()["error"]["message"].startswith(sentence)
    assert response.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("failure", "status", "sentence"),
    [
        (BylineError("as_of is no date."), 400, "as_of is no date."),
        (ZeroDivisionError("secret"), 500, "something went wrong"),
    ],
)
def test_what_fails_fails_before_the_stream_begins(client, library, failure, status, sentence):
    for stream in (False, True):
        library._answers.append(failure)
        response = client.post("chat/completions", json={"messages": said("When?"), "stream": stream})
        assert response.status_code == status
        assert response.json()["error"]["message"].startswith(sentence)
        assert "secret" not in response.text


def test_half_a_surrogate_pair_is_sent_as_json(client, library):
    broken: Answer = an_answer(a_claim(FIRST, text="odd \ud800 words"))
    library._answers.append(broken)
    document = client.post("chat/completions", json={"messages": said("When?")}).json()
    assert document["choices"][0]["message"]["content"].startswith("odd")
