"""The library's work in threads, step by step, while the event loop serves others; and what comes of it as server-sent
events.

What waits for a model has threads of its own, so that a search never waits behind answers.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
from anyio.to_thread import run_sync
from starlette.responses import StreamingResponse

from rag.types import Json

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

UNEXPECTED = "something went wrong in Byline itself; its log has the details."
_END = object()

_Result = TypeVar("_Result")


class Room:
    """How many threads may be at each kind of work at once, whoever asked: a slow model holds one while it is waited
    for, the built-in one holds a core."""

    def __init__(self) -> None:
        self.with_model, self.quoting, self.checking, self.searching, self.adding = (
            anyio.CapacityLimiter(n) for n in (24, 4, 2, 8, 4)
        )


async def in_thread(limiter: anyio.CapacityLimiter, do: Callable[..., _Result], *given: Any) -> _Result:
    """What `do(*given)` gives. It is awaited also where nobody wants it any more: else whoever asks and goes away could
    set more to work than the limiter lets."""
    return await run_sync(do, *given, limiter=limiter)


async def steps(limiter: anyio.CapacityLimiter, work: Iterator[_Result]) -> AsyncGenerator[_Result, None]:
    """What the iterator gives, each step in a thread. It is closed where nobody wants more."""
    try:
        while (event := await in_thread(limiter, next, work, _END)) is not _END:
            yield event
    finally:
        if isinstance(work, Generator):
            work.close()


class Streamed(StreamingResponse):
    """Server-sent events. What makes them is closed when the reader goes away: left to Python's own clearing up, a
    model would write on."""

    def __init__(self, events: AsyncGenerator[bytes, None]) -> None:
        super().__init__(events, media_type="text/event-stream", headers={"cache-control": "no-store"})
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._events):
            await super().__call__(scope, receive, send)


def as_event(name: str, data: Any) -> bytes:
    """A server-sent event: https://html.spec.whatwg.org/multipage/server-sent-events.html"""
    return f"event: {name}\n".encode() + data_only(data)


def data_only(data: Any) -> bytes:
    """A server-sent event without a name."""
    return b"data: " + as_json(data) + b"\n\n"


def as_json(data: Any) -> bytes:
    """JSON on one line, in UTF-8. Half of a surrogate pair, which has none, stands as its escape."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def error(sentence: str) -> Json:
    """An error as the API gives it."""
    return {"error": sentence}
