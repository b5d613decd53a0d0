"""What is served beside the page, for programs: the HTTP API and the chat completions (`ui.api`), the tools (`ui.mcp`).
One piece of middleware leads their paths to them before Gradio sees them, and bounds what a client may have at work."""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from rag.errors import BylineError
from ui import uploads
from ui.access import CLIENT, path_of, refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from rag.library import Library

PREFIXES = ("/api/", "/v1/", "/mcp")
UPLOAD = "/api/ingest"
MOST_BYTES = 4 * 2**20  # of a request that is no upload
MOST_OF_ONE, MOST = 32, 256  # requests at once, of a client and of all

log = logging.getLogger("ui.programs")


class Programs:
    """Answers what is meant for programs, and hands on the rest. Made when the first request comes. ASGI."""

    def __init__(self, app: ASGIApp, library: Library) -> None:
        self.app = app
        self._library = library
        self._api: ASGIApp | None = None
        self._tools: ASGIApp | str = "the page is only just starting: try again."
        self._at_work: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            async with AsyncExitStack() as stack:
                await self._start(stack)
                await self.app(scope, receive, send)
            return
        path = path_of(scope) if scope["type"] == "http" else ""
        if path.startswith(PREFIXES[:2]) or path in ("/mcp", "/mcp/"):
            await self._answer(path, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _start(self, stack: AsyncExitStack) -> None:
        from ui import api, mcp

        self._api = api.build(self._library)
        try:
            tools = mcp.OverHttp(self._library)
        except BylineError as error:
            self._tools = str(error)
        else:
            await stack.enter_async_context(tools.run())
            self._tools = tools

    async def _answer(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        who = str(scope.get(CLIENT, ""))
        if self._at_work[who] >= MOST_OF_ONE or self._at_work.total() >= MOST:
            sentence = f"{self._at_work.total()} requests are being answered: try again when some of them are."
            await refuse(send, 429 if self._at_work[who] >= MOST_OF_ONE else 503, sentence, (b"retry-after", b"5"))
            return
        app = self._tools if path.startswith("/mcp") else self._api
        if app is None or isinstance(app, str):
            await refuse(send, 501, app or "the page is only just starting: try again.")
            return
        most = uploads.MOST_BYTES if path == UPLOAD else MOST_BYTES
        length = dict(scope["headers"]).get(b"content-length", b"")
        if length.isdigit() and int(length) > most:
            await refuse(send, 413, _too_large(most))
            return
        has_begun = False

        async def told(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        self._at_work[who] += 1
        try:
            await app(scope, _bounded(receive, most), told)
        except HTTPException as error:
            if not has_begun:
                await refuse(send, error.status_code, str(error.detail))
        except Exception:
            log.exception("A request failed")
        finally:
            self._at_work[who] -= 1
            if not self._at_work[who]:
                del self._at_work[who]


def _bounded(receive: Receive, most: int) -> Receive:
    """What receives the body, up to so many bytes; HTTPException beyond."""
    left = most

    async def bounded() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(413, _too_large(most))
        return message

    return bounded


def _too_large(most: int) -> str:
    return f"the body has more than {most // 2**20} MB: send less at once."
