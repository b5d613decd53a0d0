"""What an endpoint sends back, from bytes to the text of the answer. Pure: no connection, no model's name.

The body decides what it is, not its label: an event stream, lines of JSON, or one JSON document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from rag.types import Json

# What is read of a response at most. A token takes some 250 bytes of an event stream.
MAX_BYTES = 16 * 2**20

Ending = Literal["", "stop", "length", "content_filter", "broken"]

# How servers say why an answer ends: OpenAI, Anthropic, Mistral, Gemini, DeepSeek, GLM. Whatever else they say is an
# end like any other.
_ENDINGS: dict[str, Ending] = {
    **dict.fromkeys(
        "length max_tokens max_output_tokens max_completion_tokens model_length token_limit context_window_exceeded "
        "model_context_window_exceeded incomplete".split(),
        "length",
    ),
    **dict.fromkeys(
        "content_filter content_filtered safety refusal recitation prohibited_content blocklist sensitive spii".split(),
        "content_filter",
    ),
    **dict.fromkeys("error network_error insufficient_system_resource abort aborted cancelled".split(), "broken"),
}
DONE: Json = {"done": True}
# Types of the parts of a content that are what the model says. The others are its thoughts, tools and pictures.
_TEXT_PARTS = {"text", "output_text", "text_delta", "message"}
# Fields in which servers hand over what a model thinks.
_THOUGHTS = ("reasoning_content", "reasoning", "reasoning_text", "thinking", "thoughts", "reasoning_details")
# What servers call the tokens and the cost in dollars of an answer: OpenAI, Anthropic, which names those apart that it
# had kept, Ollama; OpenRouter.
_COUNTS = {
    "tokens_in": (
        *("prompt_tokens", "input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
        "prompt_eval_count",
    ),
    "tokens_out": ("completion_tokens", "output_tokens", "eval_count"),
    "cost_usd": ("cost",),
}
_MOST = 1e12
# What an error of no number means.
_WORDS_OF_STATUS = [
    (re.compile(words, re.IGNORECASE), status)
    for words, status in (
        (r"rate.?limit|quota|too many requests", 429),
        (r"overloaded|unavailable|loading model|at capacity", 503),
        (r"unauthori[sz]ed|api.?key|authentication|permission", 401),
    )
]
# Events that hold no JSON, sent to keep a connection open.
_PING = re.compile(r"\[?[\w .:-]{0,40}\]?")
# From this length on, a piece that begins with all of the text so far is the text so far once more.
_LEAST_REPEATED, _MOST_COMPARED = 8, 200


class Unreadable(Exception):
    """A body that is no answer. The message goes on after the server's address."""


class ErrorBody(Exception):
    """An error that came with status 200. `status` is the one it names, or 0; `said` its own words, for matching."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status, self.said = status, said


def read_events(chunks: Iterable[bytes]) -> Iterator[Json]:
    """The JSON objects of a body, as they are complete, up to `[DONE]`, which is given as `DONE`.

    An event stream is read as https://html.spec.whatwg.org/multipage/server-sent-events.html says, but that each `data`
    line that is JSON by itself is an event, since some servers leave out the blank lines between events. Raises
    Unreadable for a body that is too long, no JSON or a web page, and ErrorBody for an event named "error".
    """
    data: list[str] = []
    document: list[str] = []
    name = ""
    for line in _lines(chunks):
        if re.fullmatch(r"\s*(?:data:)?\s*\[DONE\]\s*", line):
            yield from _event(name, data)
            yield DONE
            return
        if document or (not data and line.lstrip().startswith(("{", "["))):
            whole = _try(line) if not document else None
            if whole is None:
                document.append(line)
            yield from _objects(whole)
        elif line.lstrip().startswith("<") and not data:
            raise Unreadable("answered with a web page: is the address whole (…/v1)?")
        elif not line:
            yield from _event(name, data)
            data, name = [], ""
        else:
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                name = value
            elif field == "error":
                raise ErrorBody(0, value)
            elif field == "data":
                data.append(value)
                if len(data) == 1 and name != "error" and (whole := _try(value)) is not None:
                    data = []
                    yield from _objects(whole)
    yield from _event(name, data)
    if document:
        yield from _objects(_parse("\n".join(document)))


def _event(name: str, data: list[str]) -> Iterator[Json]:
    text = "\n".join(data).strip()
    if name == "error" and text:
        raise ErrorBody(status_of(_try(text) or text), text)
    if text and not _PING.fullmatch(text):
        yield from _objects(_parse(text))


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """The lines of a body, without the byte order mark before the first.

    Not httpx's `iter_lines`: it keeps a line of any length, and ends lines at characters that JSON may hold.
    """
    n_bytes, pending, is_first = 0, bytearray(), True
    for chunk in chunks:
        n_bytes += len(chunk)
        if n_bytes > MAX_BYTES:
            raise Unreadable(f"sent more than {MAX_BYTES // 2**20} MB for one answer: try another model.")
        pending += chunk
        if b"\n" in chunk or b"\r" in chunk or pending.endswith(b"\r"):
            # A carriage return at the very end may be half of a CRLF.
            kept = pending[-1:] if pending.endswith(b"\r") else b""
            *lines, rest = re.split(rb"\r\n|\n|\r", pending[: len(pending) - len(kept)])
            pending = bytearray(rest + kept)
            for line in lines:
                yield _decoded(line, is_first=is_first)
                is_first = False
    yield from _decoded(pending, is_first=is_first).split("\r")


def _decoded(line: bytes | bytearray, *, is_first: bool) -> str:
    try:
        return line.decode("utf-8-sig" if is_first else "utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def _try(text: str) -> Any:
    """The JSON value that `text` is, None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _parse(text: str) -> Any:
    if (value := _try(text)) is None:
        raise Unreadable("sent something that is not JSON: is it an endpoint for chat?")
    return value


def _objects(value: Any) -> Iterator[Json]:
    yield from (item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict))


class Reply:
    """Collects what the events of one answer say. `ending` is why it ended, "" until an event says so; `is_whole` is
    whether the text came as one document; `has_thoughts` whether the model thought in a field of its own, which is no
    part of the text; `declined` whether it refused to answer. `tokens`, where it is given, gets what an OpenAI server
    says of each: {"token", "top_logprobs": [{"token", "logprob"}, …]}. `usage` is what it says that the answer took:
    "tokens_in", "tokens_out", "cost_usd"."""

    def __init__(self, tokens: list[Json] | None = None) -> None:
        self._tokens = tokens
        self.ending: Ending = ""
        self.usage: Json = {}
        self.is_whole = self.has_thoughts = self.declined = False
        self._n_characters, self._head = 0, ""
        self._source: int | None = None

    def read(self, event: Json) -> str:
        """The text that one event of any of the formats adds. ErrorBody where it is an error."""
        choices = [choice for choice in _list(event.get("choices")) if isinstance(choice, dict)]
        choice = next((choice for choice in choices if choice.get("index") in (0, None)), {})
        _raise_for_error(event, choice)
        self.count(event)
        if self._tokens is not None and isinstance(logprobs := choice.get("logprobs"), dict):
            self._tokens += [token for token in _list(logprobs.get("content")) if isinstance(token, dict)]
        delta, message = choice.get("delta") or event.get("delta"), choice.get("message")
        contents = {"content": event.get("content")}, {"content": _list(event.get("output"))}
        texts = [self._content(part) for part in (delta, message, event.get("message"), choice, *contents)]
        # Beside the pieces some send the whole once more, elsewhere: where the first text was, the others are.
        if self._source is None:
            self._source = next((i for i, text in enumerate(texts) if text), None)
        self.is_whole = self.is_whole or bool((message and not delta) or any(texts[4:]))
        self.ending = self.ending or _ending(event, choice)
        return self._new(texts[self._source]) if self._source is not None else ""

    def count(self, event: Json) -> None:
        """Take over what an event says of tokens and cost. The last word holds: some tell it with every piece."""
        message = event.get("message")
        for said in (message.get("usage") if isinstance(message, dict) else None, event.get("usage"), event):
            if not isinstance(said, dict):
                continue
            for name, fields in _COUNTS.items():
                found = [n for field in fields if isinstance(n := said.get(field), int | float) and 0 <= n < _MOST]
                if found and not any(isinstance(n, bool) for n in found):
                    self.usage[name] = sum(found) if name == "cost_usd" else int(sum(found))

    def _content(self, part: Any) -> str:
        """The text of a delta or a message, whose content is a text or a list of parts."""
        if not isinstance(part, dict):
            return part if isinstance(part, str) else ""
        kind = part.get("type") or "text"
        self.has_thoughts = self.has_thoughts or kind in _THOUGHTS or any(part.get(field) for field in _THOUGHTS)
        self.declined = self.declined or bool(part.get("refusal"))
        content = part.get("content") or part.get("text")
        if kind not in _TEXT_PARTS or not isinstance(content, (str, list)):
            return ""
        return content if isinstance(content, str) else "".join(map(self._content, content))

    def _new(self, text: str) -> str:
        """What of `text` is new: some servers send all of the text so far in each event."""
        n = self._n_characters
        if n >= _LEAST_REPEATED and len(text) > n and text.startswith(self._head):
            text = text[n:]
        self._n_characters += len(text)
        self._head += text[: max(0, _MOST_COMPARED - len(self._head))]
        return text


def _ending(event: Json, choice: Json) -> Ending:
    delta = event.get("delta")
    said = choice.get("finish_reason") or event.get("stop_reason") or event.get("done_reason")
    said = said or (delta.get("stop_reason") if isinstance(delta, dict) else None)
    if said and str(said).lower() not in ("null", "none"):
        return _ENDINGS.get(str(said).lower(), "stop")
    return "stop" if event.get("type") == "message_stop" or event.get("done") is True else ""


def _raise_for_error(event: Json, choice: Json) -> None:
    """Raises ErrorBody for an object that is an error, in any of the ways in which servers write one."""
    error = event.get("error") or event.get("errors") or choice.get("error")
    is_answer = any(event.get(key) for key in ("choices", "content", "delta", "output"))
    if not error and not is_answer and not isinstance(event.get("message"), dict):
        error = event.get("detail") or event.get("message") or event.get("msg")
    if error:
        raise ErrorBody(status_of(event), json.dumps(error))


def status_of(error: Any) -> int:
    """The HTTP status that an error names, by number or in words; 0 where it names none."""
    inner = error.get("error") if isinstance(error, dict) else None
    for fields in (inner, error):
        for key in ("code", "status", "status_code", "http_code"):
            code = str(fields.get(key)) if isinstance(fields, dict) else ""
            if code.isdecimal() and 400 <= int(code) < 600:
                return int(code)
    said = json.dumps(error)
    return next((status for pattern, status in _WORDS_OF_STATUS if pattern.search(said)), 0)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def sum_usage(counted: Iterable[Json]) -> Json:
    """The sum of what each call of a model took (`Reply.usage`)."""
    total: Json = {}
    for call in counted:
        for name, n in call.items():
            total[name] = total.get(name, 0) + n
    return total
