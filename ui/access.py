"""Who gets in: the one gate that every request to the page and to what is served beside it goes through.

On this machine alone everybody is an editor. Elsewhere, and behind a reverse proxy, a name and a password are asked for
(HTTP Basic, which browsers know; or `Bearer name:password`, as programs that have an API key send it), unless it was
said that all may read.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
import time
from contextvars import ContextVar
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from anyio.to_thread import run_sync

from rag.errors import BylineError
from rag.types import Article
from ui.users import LockedOut, Role, Users

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

ROLE, CLIENT = "byline.role", "byline.client"  # what the gate writes into a request's scope
# Gradio asks its own address, and takes nothing but a success for an answer.
_OPEN = ("/gradio_api/startup-events",)
_FOR_EDITORS = ("/gradio_api/upload", "/api/ingest")
MOST_IN_A_MINUTE = 600  # requests that ask for work, of a client from elsewhere
_MOST_CLIENTS = 10_000
_IS_READER: ContextVar[bool] = ContextVar("_IS_READER", default=False)  # who sent the request that is being answered


@dataclass(frozen=True, kw_only=True)
class Access:
    """How the page is reached. `users` are those who may sign in, None where nobody has to; `is_open` says that this is
    meant, also from other machines. The certificate and its key make it HTTPS; `root_path` is where a reverse proxy
    has it."""

    users: Users | None = None
    is_open: bool = False
    certfile: Path | None = None
    keyfile: Path | None = None
    root_path: str = ""

    def check(self, host: str) -> None:
        """BylineError where this must not be served on `host`, or cannot be."""
        if self.root_path and (not self.root_path.startswith("/") or self.root_path.endswith("/")):
            raise BylineError(f"the root path {self.root_path!r} must begin with / and not end with it, as in /news.")
        if not self.is_local(host) and self.users is None and not self.is_open:
            raise BylineError(
                f"other machines can reach {self._reached_at(host)}: give --auth FILE, with users that `byline ui "
                "--add-user NAME --auth FILE` adds, or --no-auth to let everybody who gets there read every article."
            )
        if self.users is not None and self.is_open:
            raise BylineError("both --auth and --no-auth are given: give one of them.")
        if (self.certfile is None) != (self.keyfile is None):
            raise BylineError("--certfile and --keyfile belong together: give both, or neither.")
        for file in filter(None, (self.certfile, self.keyfile)):
            if not file.is_file():
                raise BylineError(f"there is no file {file}: --certfile and --keyfile name files in PEM format.")

    def exposes(self, host: str) -> list[str]:
        """What can be reached, and by whom, in sentences; none where it is this machine alone."""
        if self.users is None:
            everybody = f"Everybody who can reach {self._reached_at(host)} can ask and read every article"
            return [] if self.is_local(host) else [f"{everybody}; nobody can add any from there."]
        roles = self.users.roles()
        told = [
            f"{len(roles)} {'user' if len(roles) == 1 else 'users'} may sign in, {roles.count('editor')} of them "
            "as editor, who may add articles; the others may ask and read."
        ]
        if not is_local(host) and self.certfile is None:
            told.append("Passwords travel unencrypted: give --certfile and --keyfile, or have a proxy that does HTTPS.")
        return told

    def is_local(self, host: str) -> bool:
        """Whether only this machine can reach a page served on `host`: a reverse proxy leads others to it."""
        return is_local(host) and not self.root_path

    def _reached_at(self, host: str) -> str:
        return f"{self.root_path} of the reverse proxy" if is_local(host) else host


def is_local(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Gate:
    """Lets in who may, and writes the role and who it is into the scope. Refuses others with 401, 403 or 429. ASGI."""

    def __init__(self, app: ASGIApp, access: Access, local: bool) -> None:
        self.app = app
        self._users = access.users
        self._role: Role = "editor" if local else "reader"  # of everybody, where nobody signs in
        self._is_counted = not local or self._users is not None
        self._counts: dict[str, tuple[int, int]] = {}
        self._trying = anyio.CapacityLimiter(4)  # each try takes 32 MB

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and self._users is not None:  # nothing here needs one
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        address = str((scope.get("client") or ("unknown", 0))[0])
        path = path_of(scope)
        role: Role | None = "reader" if _is_forwarded(scope) else self._role
        who = address
        if self._users is not None and path not in _OPEN:
            given = _credentials(dict(scope["headers"]).get(b"authorization", b""))
            try:
                role = await run_sync(self._users.sign_in, *given, address, limiter=self._trying) if given else None
            except LockedOut as error:
                await refuse(send, 429, str(error), (b"retry-after", str(error.seconds).encode()))
                return
            if role is None or given is None:
                wrong = "the name or the password is wrong: try again." if given else "sign in first."
                await refuse(send, 401, wrong, (b"www-authenticate", b'Basic realm="Byline", charset="UTF-8"'))
                return
            who = given[0]
        if role != "editor" and any(path.startswith(closed) for closed in _FOR_EDITORS):
            await refuse(send, 403, "only editors may add articles: ask one of them.")
            return
        if self._is_counted and scope["method"] == "POST" and self._is_too_often(who):
            sentence = f"more than {MOST_IN_A_MINUTE} requests in a minute: wait for one."
            await refuse(send, 429, sentence, (b"retry-after", b"60"))
            return
        _IS_READER.set(role != "editor")
        await self.app({**scope, ROLE: role, CLIENT: who}, receive, send)

    def _is_too_often(self, who: str) -> bool:
        minute = int(time.monotonic() // 60)
        if len(self._counts) >= _MOST_CLIENTS:
            self._counts = {name: entry for name, entry in self._counts.items() if entry[0] == minute}
        started, n = self._counts.get(who, (minute, 0))
        n = n + 1 if started == minute else 1
        self._counts[who] = (minute, n)
        return n > MOST_IN_A_MINUTE


def may_add(request: Any) -> bool:
    """Whether who sent a request (of Starlette, or of Gradio over it) is an editor."""
    request = getattr(request, "request", request)
    scope: dict[str, Any] = getattr(request, "scope", None) or {}
    return scope.get(ROLE) == "editor"


def as_seen(document: Any) -> Any:
    """JSON as who asks may see it: to readers the path of an article (`file#key`) is the name of its file, since where
    files lie on this machine is not for them."""
    if not _IS_READER.get():
        return document
    if isinstance(document, list):
        return [as_seen(value) for value in document]
    if not isinstance(document, dict):
        return document
    seen = {name: as_seen(value) for name, value in document.items()}
    if {"path", "published_source"} <= seen.keys():
        seen["path"] = path_as_seen(str(seen["path"]))
    return seen


def told(failure: Exception) -> str:
    """The sentence of an error as who asks may see it: to readers without the folder of the library."""
    path, sentence = getattr(failure, "path", None), str(failure)
    return sentence.replace(str(path), path.name) if _IS_READER.get() and isinstance(path, Path) else sentence


def path_as_seen(path: str) -> str:
    """The path of an article as who asks may see it."""
    if not _IS_READER.get():
        return path
    file, mark, key = path.partition("#")
    return re.split(r"[/\\]", file)[-1] + mark + key


def shown_path(article: Article) -> str:
    """The path of `article`, in characters that can be shown, as who asks may see it."""
    return path_as_seen(str(article.to_dict()["path"]))


def values_as_seen(value: Any) -> Any:
    """A value of the library (an answer, say) as who asks may see it: its articles have the paths of `as_seen`."""
    if not _IS_READER.get():
        return value
    if isinstance(value, Article):
        return replace(value, path=path_as_seen(value.path))
    if isinstance(value, list | tuple):
        return type(value)(map(values_as_seen, value))
    if is_dataclass(value) and not isinstance(value, type):
        inner = {field.name: values_as_seen(getattr(value, field.name)) for field in fields(value) if field.init}
        return replace(value, **inner)
    return value


def path_of(scope: Scope) -> str:
    """The path below that under which a proxy has the page."""
    path, root = str(scope["path"]), str(scope.get("root_path") or "").rstrip("/")
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


def _is_forwarded(scope: Scope) -> bool:
    """Whether a proxy says that it hands on the request of somebody else."""
    return any(name in (b"forwarded", b"x-forwarded-for", b"x-real-ip") for name, _ in scope["headers"])


def _credentials(header: bytes) -> tuple[str, str] | None:
    """Name and password of an Authorization header, None where it has none."""
    scheme, _, given = header.decode("latin-1").strip().partition(" ")
    try:
        if scheme.lower() == "basic":
            text = base64.b64decode(given.strip(), validate=True).decode("utf-8")
        elif scheme.lower() == "bearer":
            text = given.strip().encode("latin-1").decode("utf-8")
        else:
            return None
    except ValueError:
        return None
    name, colon, password = text.partition(":")
    return (name[:100], password[:1000]) if colon else None


async def refuse(send: Send, status: int, sentence: str, *headers: tuple[bytes, bytes]) -> None:
    """Answers with an error as the HTTP API gives it."""
    body = json.dumps({"error": sentence}).encode()
    given = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": given})
    await send({"type": "http.response.body", "body": body})
