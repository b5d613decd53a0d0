"""What is served beside the page, for programs: the HTTP API and the chat completions (`ui.api`), the tools (`ui.mcp`).
One piece of middleware leads their paths to them before Gradio sees them, and bounds what a client may have at work."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from rag.errors import BylineError
from ui import uploads
from ui.access import CLIENT, path_of, refuse
from ui.streams import UNEXPECTED, Room

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from rag.library import Library

PREFIXES = ("/api/", "/v1/", "/mcp")
UPLOAD = "/api/ingest"
MOST_BYTES = 4 * 2**20  # of a request that is no upload
MOST_OF_ONE, MOST = 32, 256  # requests at once, of a client and of all

log = logging.getLogger("ui.programs")


class Programs:
    """What answers programs. Made before the server starts, since that takes seconds; `Door` leads to it."""

    def __init__(self, library: Library) -> None:
        from ui import api, mcp

        room = Room()
        self.api: ASGIApp = api.build(library, room)
        self.tools: mcp.OverHttp | str
        try:
            self.tools = mcp.OverHttp(library, room)
        except BylineError as error:
            self.tools = str(error)


class Door:
    """Leads to `Programs` what is meant for them, and hands on the rest. ASGI."""

    def __init__(self, app: ASGIApp, programs: Programs) -> None:
        self.app = app
        self._programs = programs
        self._at_work: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tools = self._programs.tools
        if scope["type"] == "lifespan" and not isinstance(tools, str):
            async with tools.run():
                await self.app(scope, receive, send)
            return
        path = path_of(scope) if scope["type"] == "http" else ""
        if path.startswith(PREFIXES[:2]) or path in ("/mcp", "/mcp/"):
            await self._answer(path, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _answer(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        who = str(scope.get(CLIENT, ""))
        if self._at_work[who] >= MOST_OF_ONE or self._at_work.total() >= MOST:
            sentence = f"{self._at_work.total()} requests are being answered: try again when some of them are."
            await refuse(send, 429 if self._at_work[who] >= MOST_OF_ONE else 503, sentence, (b"retry-after", b"5"))
            return
        app = self._programs.tools if path.startswith("/mcp") else self._programs.api
        if isinstance(app, str):
            await refuse(send, 501, app)
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
            if not has_begun:  # else it is an answer that says so, and it was logged with that
                log.exception("A request failed")
                await refuse(send, 500, UNEXPECTED)
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
