"""Language models behind an endpoint: any OpenAI-compatible one, and Anthropic's. One HTTP client, two formats.

Everything that an endpoint can do wrong ends as one `ModelError`, whose sentence never holds the key.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from typing import Any

import httpx

from rag.types import BylineError, Json, LanguageModel, ModelError

OPENAI_URL, ANTHROPIC_URL = "https://api.openai.com/v1", "https://api.anthropic.com/v1"
CONNECT_S, SILENCE_S, WHOLE_ANSWER_S = 5.0, 60.0, 300.0
TRIES, LONGEST_WAIT_S = 3, 20.0
# An answer longer than this for each token asked for is cut off: no tokenizer is so generous.
CHARACTERS_PER_TOKEN = 12


class Endpoint:
    """A model behind HTTP, streaming. `kind` is "openai" (`/chat/completions`) or "anthropic" (`/messages`).

    429 and 5xx are tried again, at most 3 times in all, waiting as `Retry-After` says, at most 20 s. A server that is
    silent for 60 s or still writing after 300 s is given up.
    """

    def __init__(
        self, kind: str, model: str, *, base_url: str, api_key: str | None, silence_s: float = SILENCE_S
    ) -> None:
        try:
            url = httpx.URL(base_url)
        except httpx.InvalidURL:
            url = httpx.URL("")
        if url.scheme not in ("http", "https") or not url.host:
            raise ModelError(f"{base_url!r} is no address of a model: give one as http(s)://HOST/v1.")
        self.name = f"{kind}:{model}"
        self._kind, self._model = kind, model
        # Without user and password, which some put into the address: this is shown.
        self._where = str(url.copy_with(username=None, password=None)).rstrip("/")
        path = "chat/completions" if kind == "openai" else "messages"
        self._url = f"{str(url).rstrip('/')}/{path}"
        self._headers = {"anthropic-version": "2023-06-01"} if kind == "anthropic" else {}
        if api_key:
            self._headers |= {"x-api-key": api_key} if kind == "anthropic" else {"authorization": f"Bearer {api_key}"}
        self._timeout = httpx.Timeout(silence_s, connect=CONNECT_S)

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
        n_characters = 0
        try:
            with httpx.Client(timeout=self._timeout, headers=self._headers) as client:
                for piece in self._stream(client, body):
                    n_characters += len(piece)
                    yield piece
                    if n_characters > CHARACTERS_PER_TOKEN * max_tokens:
                        return
        except httpx.TimeoutException:
            raise ModelError(f"{self._where} did not answer in time: try again, or a smaller model.") from None
        except httpx.ConnectError:
            raise ModelError(f"no model answers at {self._where}: start the server, or set its address.") from None
        except httpx.HTTPError as error:
            raise ModelError(
                f"the connection to {self._where} broke off ({type(error).__name__}): try again."
            ) from None
        if not n_characters:
            raise ModelError(f"{self.name} at {self._where} gave no text: try another model.")

    def _stream(self, client: httpx.Client, body: Json) -> Iterator[str]:
        deadline = time.monotonic() + WHOLE_ANSWER_S
        for attempt in range(1, TRIES + 1):
            with client.stream("POST", self._url, json=body) as response:
                if response.status_code == 200:
                    yield from self._pieces(response, deadline)
                    return
                response.read()
                if response.status_code == 400 and "temperature" in body and "temperature" in response.text:
                    body.pop("temperature")  # some models take none
                    continue
                if response.status_code == 400 and "max_tokens" in body and "max_completion_tokens" in response.text:
                    body["max_completion_tokens"] = body.pop("max_tokens")
                    continue
                if attempt == TRIES or (response.status_code != 429 and response.status_code < 500):
                    raise ModelError(self._refusal(response.status_code))
                wait_s = _retry_after_s(response, attempt)
            time.sleep(wait_s)
        raise ModelError(self._refusal(400))

    def _refusal(self, status: int) -> str:
        variable = "ANTHROPIC_API_KEY" if self._kind == "anthropic" else "OPENAI_API_KEY"
        if status in (401, 403):
            return f"{self._where} refused the key (HTTP {status}): set {variable}."
        if status == 404:
            return f"{self._where} has no model {self._model!r} (HTTP 404): check its name."
        if status == 429:
            return f"{self._where} is busy or the quota is used up (HTTP 429): try again later."
        return f"{self._where} failed (HTTP {status}): see the server's log, or try again."

    def _pieces(self, response: httpx.Response, deadline: float) -> Iterator[str]:
        """The texts of an event stream (https://html.spec.whatwg.org/multipage/server-sent-events.html), or of one
        JSON document where a server does not stream."""
        if "json" in response.headers.get("content-type", ""):
            response.read()
            yield from self._text(_parse(response.text, self._where))
            return
        for line in response.iter_lines():
            if time.monotonic() > deadline:
                raise ModelError(f"{self._where} was still writing after {WHOLE_ANSWER_S:.0f} s: try a faster model.")
            data = line[5:].strip() if line.startswith("data:") else ""
            if data == "[DONE]":
                return
            if data:
                yield from self._text(_parse(data, self._where))
            elif line.lstrip().startswith("<"):
                raise ModelError(f"{self._where} answered with a web page: is the address complete (…/v1)?")

    def _text(self, event: Any) -> Iterator[str]:
        """The text in one event of either format, or in a whole answer."""
        event = event if isinstance(event, dict) else {}
        if event.get("error"):
            raise ModelError(f"{self._where} reported an error half way: try again.")
        parts: list[Any] = [event.get("delta"), *_list(event.get("content"))]
        for choice in _list(event.get("choices")):
            parts += [choice.get("delta"), choice.get("message")] if isinstance(choice, dict) else []
        for part in parts:
            text = (part.get("content") or part.get("text")) if isinstance(part, dict) else None
            if isinstance(text, str) and text:
                yield text


def load_language_model(spec: str) -> LanguageModel:
    """`openai:NAME`: any OpenAI-compatible endpoint at `$BYLINE_MODEL_URL` (else `$OPENAI_BASE_URL`, else OpenAI's),
    key in `$OPENAI_API_KEY`; `anthropic:NAME`: Anthropic's, key in `$ANTHROPIC_API_KEY`.

    Raises BylineError for any other name, and where a key is needed and missing.
    """
    kind, _, model = spec.partition(":")
    if kind == "openai" and model:
        base_url = os.environ.get("BYLINE_MODEL_URL") or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL
        key = os.environ.get("OPENAI_API_KEY")
        if base_url == OPENAI_URL and not key:
            raise BylineError(
                f"the model {spec!r} needs a key or an address: set OPENAI_API_KEY, or BYLINE_MODEL_URL to a server of "
                "your own, for example http://localhost:11434/v1."
            )
        return Endpoint(kind, model, base_url=base_url, api_key=key)
    if kind == "anthropic" and model:
        key = os.environ.get("ANTHROPIC_API_KEY")
        if not key:
            raise BylineError(f"the model {spec!r} needs a key: set ANTHROPIC_API_KEY.")
        return Endpoint(kind, model, base_url=os.environ.get("ANTHROPIC_BASE_URL") or ANTHROPIC_URL, api_key=key)
    raise BylineError(f"there is no model {spec!r}: use extractive, openai:NAME or anthropic:NAME.")


def _parse(data: str, where: str) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        raise ModelError(f"{where} sent something that is not JSON: is it an endpoint for chat?") from None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _retry_after_s(response: httpx.Response, attempt: int) -> float:
    try:
        asked = float(response.headers.get("retry-after", ""))
    except ValueError:
        asked = 0.5 * 2**attempt
    return min(max(asked, 0.0), LONGEST_WAIT_S)
