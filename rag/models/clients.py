"""Language models behind an endpoint: any OpenAI-compatible one, and Anthropic's. One HTTP client, two formats.

Everything that an endpoint can do wrong ends as one `ModelError`, whose sentence holds neither the key nor a word of
what the server sent.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import email.utils
import ipaddress
import json
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import httpx

from rag.errors import BylineError, ModelError, PromptTooLong
from rag.settings import ANTHROPIC_URL, OPENAI_URL, Settings, api_key, clean_key, load_settings
from rag.types import Json, LanguageModel

CONNECT_S, SILENCE_S, WHOLE_ANSWER_S = 5.0, 60.0, 300.0
TRIES, LONGEST_WAIT_S = 3, 20.0
# An answer longer than this for each token asked for is cut off: no tokenizer is so generous.
CHARACTERS_PER_TOKEN = 12
# What is read of a response at most. A token takes some 250 bytes of an event stream.
MAX_BYTES, MAX_ERROR_BYTES = 16 * 2**20, 64 * 2**10

# How servers say that a prompt is too long: OpenAI, vLLM, llama.cpp, LM Studio, Anthropic.
_TOO_LONG = re.compile(
    r"context.{0,3}(?:length|size|window)|context.{0,12}overflow|prompt is too long|too many (?:input )?tokens",
    re.IGNORECASE,
)


class Endpoint:
    """A model behind HTTP, streaming. `kind` is "openai" (`/chat/completions`) or "anthropic" (`/messages`).

    429 and 5xx are tried again, at most 3 times in all, waiting as `Retry-After` says; one that asks for more than
    20 s is not waited for. A server that is silent for `silence_s`, or has not finished after `answer_s`, is given up.
    Redirects are not followed: the key, and the articles, go where they were meant to go. `name` is what answers say
    who wrote them, if not `kind:model`.
    """

    def __init__(
        self,
        kind: str,
        model: str,
        *,
        base_url: str,
        api_key: str | None,
        silence_s: float = SILENCE_S,
        answer_s: float = WHOLE_ANSWER_S,
        name: str | None = None,
    ) -> None:
        url = parse_url(base_url)
        self.name = name or f"{kind}:{model}"
        self._kind, self._model = kind, model
        self._where = shown(url)
        path = "chat/completions" if kind == "openai" else "messages"
        self._login = url
        self._url = url.copy_with(username=None, password=None, path=f"{url.path.rstrip('/')}/{path}")
        # No compression: a small answer could unpack to gigabytes.
        self._headers = {"accept-encoding": "identity"}
        self._headers |= {"anthropic-version": "2023-06-01"} if kind == "anthropic" else {}
        if api_key:
            self._headers |= {"x-api-key": api_key} if kind == "anthropic" else {"authorization": f"Bearer {api_key}"}
        self._timeout = httpx.Timeout(silence_s, connect=min(CONNECT_S, silence_s))
        self._answer_s = answer_s

    def __repr__(self) -> str:
        return f"Endpoint({self.name!r} at {self._where!r})"

    def generate(self, system: str, user: str, *, max_tokens: int) -> Iterator[str]:
        """See `LanguageModel.generate`."""
        body: Json = {"model": self._model, "stream": True, "max_tokens": max_tokens}
        body["messages"] = [{"role": "user", "content": user}]
        if self._kind == "anthropic":
            body["system"] = system
        else:
            body["messages"].insert(0, {"role": "system", "content": system})
            body["temperature"] = 0
        n_characters, has_text = 0, False
        with _Deadline(self._answer_s) as deadline:
            try:
                with client(self._login, headers=self._headers, timeout=self._timeout) as http:
                    for piece in self._stream(http, body, deadline):
                        n_characters += len(piece)
                        has_text = has_text or any(map(str.isalnum, piece))
                        yield piece
                        if n_characters > CHARACTERS_PER_TOKEN * max_tokens:
                            return
            except httpx.HTTPError as error:
                raise self._broken(error, deadline) from None
            if deadline.passed:  # to a body that ends with its connection, the cut is an end like any other
                raise self._late()
        if not has_text:
            raise ModelError(f"{self.name} at {self._where} gave no text: try another model.")

    def _stream(self, http: httpx.Client, body: Json, deadline: _Deadline) -> Iterator[str]:
        extensions = {"trace": deadline.watch}
        for attempt in range(1, TRIES + 1):
            with http.stream("POST", self._url, json=body, extensions=extensions) as response:
                status = response.status_code
                if status == 200:
                    yield from self._pieces(response)
                    return
                said = _beginning(response)
            if status == 400 and "temperature" in body and "temperature" in said:
                body.pop("temperature")  # some models take none
                continue
            if status == 400 and "max_tokens" in body and "max_completion_tokens" in said:
                body["max_completion_tokens"] = body.pop("max_tokens")
                continue
            if status == 413 or (400 <= status < 500 and _TOO_LONG.search(said)):
                raise self._too_long()
            wait_s = _retry_after_s(response, attempt)
            if attempt == TRIES or (status != 429 and status < 500) or wait_s > min(LONGEST_WAIT_S, deadline.left_s):
                raise ModelError(self._refusal(status))
            time.sleep(wait_s)
        raise ModelError(self._refusal(400))

    def _refusal(self, status: int) -> str:
        if 300 <= status < 400:
            return f"{self._where} sends elsewhere (HTTP {status}), which is not followed: give the final address."
        if status in (401, 403):
            variable = "ANTHROPIC_API_KEY" if self._kind == "anthropic" else "OPENAI_API_KEY"
            own = " (BYLINE_MODEL_KEY for an address of your own)" if self._kind == "openai" else ""
            return f"{self._where} refused the key (HTTP {status}): set {variable}{own}."
        if status == 404:
            return (
                f"{self._where} has no model {self._model!r} (HTTP 404): check its name, and that the address is "
                "whole (…/v1)."
            )
        if status == 429:
            return f"{self._where} is busy or the quota is used up (HTTP 429): try again later."
        if status in (503, 529):
            return f"{self._where} is overloaded or still loading (HTTP {status}): try again later."
        return f"{self._where} failed (HTTP {status}): see the server's log, or try again."

    def _broken(self, error: httpx.HTTPError, deadline: _Deadline) -> ModelError:
        if deadline.passed:
            return self._late()
        if isinstance(error, httpx.TimeoutException):
            return ModelError(f"{self._where} did not answer in time: try again, or a smaller model.")
        if isinstance(error, httpx.ConnectError):
            return ModelError(f"no model answers at {self._where}: start the server, or set its address.")
        return ModelError(f"the connection to {self._where} broke off ({type(error).__name__}): try again.")

    def _late(self) -> ModelError:
        return ModelError(f"{self._where} was not done after {self._answer_s:g} s: try a faster model.")

    def _too_long(self) -> PromptTooLong:
        return PromptTooLong(f"the question and the passages are too long for {self.name}: find fewer passages (-k).")

    def _pieces(self, response: httpx.Response) -> Iterator[str]:
        """The texts of an event stream (https://html.spec.whatwg.org/multipage/server-sent-events.html), or of one
        JSON document where a server does not stream. The body decides, not its label."""
        document: list[str] = []
        n_events, is_whole = 0, False
        for line in _lines(response, self._where):
            if document or line.lstrip().startswith(("{", "[")):
                document.append(line)
            elif line.startswith("data:"):
                data = line[5:].strip()
                if data == "[DONE]":
                    return
                if data:
                    event = _parse(data, self._where)
                    n_events, is_whole = n_events + 1, is_whole or _is_last(event)
                    yield from self._text(event)
            elif line.startswith("error:"):
                yield from self._text({"error": line})
            elif line.lstrip().startswith("<"):
                raise ModelError(f"{self._where} answered with a web page: is the address whole (…/v1)?")
        if document:
            yield from self._text(_parse("\n".join(document), self._where))
        elif n_events and not is_whole:  # where nobody said how long the body is, its end proves nothing
            raise ModelError(f"the connection to {self._where} broke off half way: try again.")

    def _text(self, event: Any) -> Iterator[str]:
        """The text in one event of either format, or in a whole answer. What a model thinks in a field of its own
        (`reasoning_content`, `thinking`) is no part of it."""
        event = event if isinstance(event, dict) else {}
        if event.get("error"):
            if _TOO_LONG.search(str(event["error"])):
                raise self._too_long()
            raise ModelError(f"{self._where} reported an error half way: try again.")
        parts: list[Any] = [event.get("delta"), *_list(event.get("content"))]
        for choice in _list(event.get("choices")):
            parts += [choice.get("delta"), choice.get("message")] if isinstance(choice, dict) else []
        for part in parts:
            content = (part.get("content") or part.get("text")) if isinstance(part, dict) else None
            for text in [content, *(p.get("text") for p in _list(content) if isinstance(p, dict))]:
                if isinstance(text, str) and text:
                    yield text


class _Deadline:
    """Cuts the connection when an answer takes too long as a whole, wherever it hangs: httpx limits only the wait for
    the next bytes, and bytes can trickle for ever, in the headers too. A context manager."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._until = time.monotonic() + seconds
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._timer.cancel()

    @property
    def left_s(self) -> float:
        return self._until - time.monotonic()

    def watch(self, event: str, info: Json) -> None:
        """For httpx's `trace`: notes each connection as it is made (https://www.encode.io/httpcore/extensions/)."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._sockets.append(info["return_value"].get_extra_info("socket"))
            if self.passed:
                self._cut()

    def _cut(self) -> None:
        self.passed = True
        for connection in list(self._sockets):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def parse_url(base_url: str) -> httpx.URL:
    """BylineError when it is no address of an endpoint."""
    try:
        url = httpx.URL(base_url.strip())
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        # Only what cannot hold a password is shown.
        given = base_url if "@" not in base_url and "?" not in base_url else "what was given"
        raise ModelError(f"{given!r} is no address of a model: give one as http(s)://HOST/v1.")
    return url


def shown(url: httpx.URL) -> str:
    """An address without user, password and query, in which some put a key."""
    return str(url.copy_with(username=None, password=None, query=None, fragment=None)).rstrip("/")


def client(url: httpx.URL, **options: Any) -> httpx.Client:
    """A client for one address, with the user and password that it may hold: httpx writes the addresses it asks into
    its log. A proxy from the environment is not asked to reach this very machine."""
    host = url.host.strip("[]")
    try:
        is_here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_here = host.endswith(".localhost")
    login = (url.username, url.password) if url.username else None
    return httpx.Client(trust_env=not is_here, follow_redirects=False, auth=login, **options)


def load_language_model(spec: str, settings: Settings | None = None) -> LanguageModel:
    """`openai:NAME`: any OpenAI-compatible endpoint, OpenAI's unless `settings` or the environment name another
    (`rag.settings.api_key` says which key it gets); `anthropic:NAME`: Anthropic's, key in `$ANTHROPIC_API_KEY`;
    `gguf:PATH`: a GGUF file, in this process.

    Raises BylineError for any other name, and where a key, a file or a package is needed and missing.
    """
    settings = settings or load_settings()
    limits: Json = {"silence_s": settings.model_timeout, "answer_s": max(WHOLE_ANSWER_S, settings.model_timeout)}
    kind, _, model = spec.partition(":")
    if kind == "gguf" and model:
        from rag.models.gguf import load_gguf

        return load_gguf(model, settings)
    if kind == "openai" and model:
        url = settings.model_url
        key = api_key(url, from_flag=settings.origin.get("model_url") == "flag")
        if url.rstrip("/") == OPENAI_URL and not key:
            raise BylineError(
                f"the model {spec!r} needs a key or an address: set OPENAI_API_KEY, or BYLINE_MODEL_URL to a server of "
                "your own, for example http://localhost:11434/v1; `byline models` shows what there is."
            )
        return Endpoint(kind, model, base_url=url, api_key=key, **limits)
    if kind == "anthropic" and model:
        key = clean_key("ANTHROPIC_API_KEY")
        if not key:
            raise BylineError(f"the model {spec!r} needs a key: set ANTHROPIC_API_KEY.")
        return Endpoint(kind, model, base_url=anthropic_url(), api_key=key, **limits)
    raise BylineError(
        f"there is no model {spec!r}: use extractive, openai:NAME, anthropic:NAME or gguf:PATH; `byline models` shows "
        "what there is."
    )


def anthropic_url() -> str:
    """Anthropic's API, or the address in `$ANTHROPIC_BASE_URL`, which its own clients take without `/v1`."""
    url = (os.environ.get("ANTHROPIC_BASE_URL") or ANTHROPIC_URL).rstrip("/")
    return url if url.endswith("/v1") else f"{url}/v1"


def _lines(response: httpx.Response, where: str) -> Iterator[str]:
    """The lines of a body, as they are complete. ModelError for a body without end, and for a compressed one.

    Not httpx's `iter_lines`: it keeps a line of any length, and ends lines at characters that JSON may hold.
    """
    if response.headers.get("content-encoding", "identity").lower() not in ("identity", ""):
        raise ModelError(f"{where} sent a compressed answer, which was not asked for: use the server's own address.")
    n_bytes, pending = 0, bytearray()
    for chunk in response.iter_raw():
        n_bytes += len(chunk)
        if n_bytes > MAX_BYTES:
            raise ModelError(f"{where} sent more than {MAX_BYTES // 2**20} MB for one answer: try another model.")
        pending += chunk
        if b"\n" in chunk or b"\r" in chunk:
            *lines, rest = re.split(rb"\r\n|\n|\r", pending)
            pending = bytearray(rest)
            for line in lines:
                yield line.decode("utf-8", "replace")
    yield pending.decode("utf-8", "replace")


def _beginning(response: httpx.Response) -> str:
    """The beginning of an error's body: enough to know it by."""
    body = bytearray()
    with contextlib.suppress(httpx.HTTPError):
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > MAX_ERROR_BYTES:
                break
    return body[:MAX_ERROR_BYTES].decode("utf-8", "replace")


def _parse(data: str, where: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise ModelError(f"{where} sent something that is not JSON: is it an endpoint for chat?") from None


def _is_last(event: Any) -> bool:
    """Whether an event says that the answer ends with it."""
    if not isinstance(event, dict):
        return False
    choices = [choice for choice in _list(event.get("choices")) if isinstance(choice, dict)]
    return event.get("type") == "message_stop" or any(choice.get("finish_reason") for choice in choices)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _retry_after_s(response: httpx.Response, attempt: int) -> float:
    """What `Retry-After` asks for, in seconds or as a date (RFC 9110, 10.2.3); else 1, 2, 4 s."""
    asked = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", asked):
        return float(asked)
    try:
        when = email.utils.parsedate_to_datetime(asked)
    except (ValueError, TypeError, IndexError):
        return float(2 ** (attempt - 1))
    now = dt.datetime.now(dt.timezone.utc)
    seconds: float = (when.replace(tzinfo=when.tzinfo or dt.timezone.utc) - now).total_seconds()
    return float(max(0.0, seconds))
