"""A free port to serve the page on, and the headers it is served with."""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING, Any

from rag.errors import BylineError
from ui.access import Access, Gate, path_of, refuse
from ui.programs import PREFIXES, Door, Programs

if TYPE_CHECKING:
    from starlette.middleware import Middleware
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

FIRST_PORT, LAST_PORT = 7860, 7959
LOCAL = ("127.0.0.1", "localhost")

# Even markup that slipped through could load nothing from elsewhere and send nothing away. Gradio compiles its
# templates in the browser, hence 'unsafe-eval', and writes scripts and styles into the page, hence 'unsafe-inline'.
HEADERS = {
    "content-security-policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; object-src 'none'; "
    "frame-src 'none'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Headers:
    """Adds `HEADERS` to every HTTP response. Plain ASGI, since answers are streamed."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", ()), *extra]}
            await send(message)

        await self.app(scope, receive, send_with_headers)


class OwnPagesOnly:
    """Refuses what pages of other sites send here: they could not read the answer, but files would be taken. Of what is
    there for programs they may not even read anything: another server of this machine could have its page do so.

    Programs send neither of the headers that tell where a page is from, and pass.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for_programs = scope["type"] == "http" and path_of(scope).startswith(PREFIXES)
        if scope["type"] == "http" and (for_programs or scope["method"] not in ("GET", "HEAD", "OPTIONS")):
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
            site, origin = headers.get("sec-fetch-site"), headers.get("origin")
            foreign = origin is not None and origin.partition("://")[2] != headers.get("host")
            if site not in ("same-origin", "none") if site else foreign:
                await refuse(send, 403, "only Byline's own page, and programs that are no pages, may ask for this.")
                return
        await self.app(scope, receive, send)


def middleware(library: Any, access: Access, host: str) -> list[Middleware]:
    """What every request goes through, from the outside in."""
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    found = [Middleware(Headers), Middleware(OwnPagesOnly)]
    local = access.is_local(host)
    if (
        local and access.users is None
    ):  # no other site may have its own name lead here and read the answers (DNS rebinding)
        found.append(Middleware(TrustedHostMiddleware, allowed_hosts=[*LOCAL, "::1", "[::1]"]))
    return [*found, Middleware(Gate, access=access, local=local), Middleware(Door, programs=Programs(library))]


def free_port(host: str, port: int | None) -> int:
    """A port of `host` that can be listened on now: `port`, or any for 0; with None the first free one from 7860 on.

    BylineError when `port` is taken, out of range or not allowed, when `host` is not an address of this machine, and
    when nothing is free.
    """
    if port is not None and not 0 <= port <= 65535:
        raise BylineError(f"There is no port {port}; choose one from 1024 to 65535.")
    try:
        family, kind, protocol, _, (address, _, *rest) = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise BylineError(f"The host {host!r} cannot be found ({error}); use 127.0.0.1.") from error
    for candidate in range(FIRST_PORT, LAST_PORT + 1) if port is None else [port]:
        with socket.socket(family, kind, protocol) as probe:
            if os.name != "nt":  # there the option would let two programs share the port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, candidate, *rest))
                return int(probe.getsockname()[1])
            except PermissionError as error:
                raise BylineError(f"Port {candidate} needs more rights than yours; choose one above 1023.") from error
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise BylineError(f"The page cannot be served on {host!r} ({error}); use 127.0.0.1.") from error
    if port is None:
        raise BylineError(f"All ports from {FIRST_PORT} to {LAST_PORT} on {host} are in use; choose another one.")
    raise BylineError(f"Port {port} on {host} is in use; choose another one, or none to get the next free one.")
