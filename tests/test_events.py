"""Bodies to texts: event streams as the specification has them and as servers send them, lines of JSON, documents."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rag.models import events
from rag.models.events import ErrorBody, Reply, Unreadable, read_events

TEXTS = ["Der Bürger ", "von Ölde\u2028 ", "sagte „nein“ 🙂."]
WHOLE = "".join(TEXTS)


def delta(text: str) -> dict[str, Any]:
    return {"choices": [{"delta": {"content": text}, "finish_reason": None}]}


LAST = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
EVENTS = [*map(delta, TEXTS), LAST]


def dumped(event: object, **options: Any) -> str:
    return json.dumps(event, ensure_ascii=False, **options)


def sse(separator: str = "\n\n", before: str = "data: ", **options: Any) -> str:
    return "".join(before + dumped(event, **options) + separator for event in EVENTS)


def many_lines(event: object) -> str:
    return "\n".join(f"data: {line}" for line in dumped(event, indent=1).split("\n")) + "\n\n"


BODIES = {
    "plain": sse(),
    "crlf": sse("\r\n\r\n"),
    "cr": sse("\r\r"),
    "one newline": sse("\n"),
    "no blank": sse(before="data:"),
    "byte order mark": "\ufeff" + sse(),
    "comments": ": ping\n\n" + sse("\n\n: OPENROUTER PROCESSING\n\n"),
    "fields": sse(before="id: 1\nevent: message\nretry: 10\nunknown\ndata: "),
    "data of many lines": "".join(map(many_lines, EVENTS)),
    "pings": "data: ping\n\ndata:\n\nevent: ping\ndata: {}\n\ndata: [PING]\n\n" + sse(),
    "done": sse() + "data: [DONE]\n\n" + "data: junk {\n\n",
    "no end of the last": sse().rstrip("\n"),
    "lines of JSON": "\n".join(map(dumped, EVENTS)),
    "lines of JSON, crlf, mark": "\ufeff" + "\r\n".join(map(dumped, EVENTS)) + "\r\n",
    "lines of JSON, done": "\n".join(map(dumped, EVENTS)) + "\n[DONE]\n",
    "an array": dumped(EVENTS, indent=1),
    "a document": dumped({"choices": [{"message": {"content": WHOLE}}]}, indent=2),
    "parts": dumped({"choices": [{"message": {"content": [{"type": "text", "text": text} for text in TEXTS]}}]}),
    "completions": dumped({"choices": [{"text": WHOLE, "finish_reason": "stop"}]}),
    "responses": dumped({"output": [{"type": "message", "content": [{"type": "output_text", "text": WHOLE}]}]}),
    "ollama": "\n".join(dumped({"message": {"content": text}, "done": False}) for text in TEXTS)
    + '\n{"message": {"content": ""}, "done": true, "done_reason": "stop"}',
    "all so far each time": "".join(
        f"data: {dumped(delta(''.join(TEXTS[: i + 1])))}\n\n" for i in range(3)
    ) + f"data: {dumped(LAST)}\n\n",
    "whole message at the end": sse().replace('"stop"', '"stop", "message": {"content": "W"}'),
    "message so far in each": "".join(
        "data: " + dumped({"choices": [{"delta": {"content": t}, "message": {"content": WHOLE[: i + 9]}}]}) + "\n\n"
        for i, t in enumerate(TEXTS)
    )
    + f"data: {dumped(LAST)}\n\n",
    "nulls": 'data: {"choices": null}\n\ndata: {"choices": [{"delta": null}]}\n\n' + sse(),
    "another choice": sse().replace('{"choices": [', '{"choices": [{"index": 1, "delta": {"content": "X"}}, '),
    "endings that are none": sse().replace("null", '"null"'),
}  # fmt: skip


def read(body: bytes, size: int) -> tuple[str, Reply]:
    reply = Reply()
    chunks = (body[i : i + size] for i in range(0, len(body), size))
    return "".join(reply.read(event) for event in read_events(chunks)), reply


@pytest.mark.parametrize("size", [1, 2, 5, 100_000])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_every_body_is_the_same_text(body: str, size: int) -> None:
    text, reply = read(body.encode(), size)
    assert text == WHOLE
    assert reply.ending == "stop" or reply.is_whole


def test_a_body_that_is_not_utf_8() -> None:
    assert (
        read(sse().replace("🙂", "").replace("\u2028", "").encode("cp1252"), 3)[0]
        == "Der Bürger von Ölde sagte „nein“ ."
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<!doctype html>", "web page"),
        ("\n <html>", "web page"),
        ("data: {not json\n\n", "not JSON"),
        ('{"choices": [', "not JSON"),
        ("data: " + "[" * 100_000, "not JSON"),
    ],
)
def test_a_body_that_is_no_answer(body: str, message: str) -> None:
    with pytest.raises(Unreadable, match=message):
        read(body.encode(), 7000)


@pytest.mark.parametrize("line", ["data: x", "x", "data: {}\n\n", "\r"])
def test_a_body_without_end(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MAX_BYTES", 2**20)
    with pytest.raises(Unreadable, match="sent more than 1 MB"):
        read(line.encode() * 2**21, 2**14)


def test_an_error_says_its_status() -> None:
    for body, status in (
        ('{"error": {"code": "429"}}', 429),
        ('data: {"error": {"type": "rate_limit_error"}}\n\n', 429),
        ('{"detail": "Unauthorized"}', 401),
        ('{"message": "model is loading model", "status": 503}', 503),
        ('{"error": "boom"}', 0),
    ):
        with pytest.raises(ErrorBody) as raised:
            read(body.encode(), 9)
        assert raised.value.status == status
