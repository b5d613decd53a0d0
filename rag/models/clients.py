"""Language models behind an endpoint: any OpenAI-compatible one, and Anthropic's. One client, two formats.

Everything that an endpoint can do wrong ends as one `ModelError`, whose sentence holds neither the key nor a word of
what the server sent.
"""

from __future__ import annotations

import contextlib
import copy
import os
import re
from collections.abc import Generator

import httpx

from embeddings.http_client import Deadline, Tries, addresses, beginning, client, is_here, parse_url, shown, unreachable
from rag.errors import BylineError, ModelError, PromptTooLong
from rag.models.adaptations import Adaptation, adapt
from rag.models.events import ErrorBody, Reply, Unreadable, read_events
from rag.settings import ANTHROPIC_URL, OPENAI_URL, Settings, api_key, clean_key, load_settings, same_origin
from rag.types import Json, LanguageModel

CONNECT_S, SILENCE_S, WHOLE_ANSWER_S = 5.0, 120.0, 300.0
USAGE_S = 2.0  # waited for the count of tokens, after the end of an answer
TRIES, LONGEST_WAIT_S = 3, 20.0
# An answer longer than this for each token asked for is cut off: no tokenizer is so generous.
CHARACTERS_PER_TOKEN = 12
# Alternatives to each token that are asked for, where their log-probabilities are.
N_ALTERNATIVES = 8

# How servers say that a prompt is too long: OpenAI, vLLM, llama.cpp, LM Studio, Anthropic.
_TOO_LONG = re.compile(
    r"context.{0,3}(?:length|size|window)|context.{0,12}overflow|prompt is too long|too many (?:input )?tokens",
    re.IGNORECASE,
)


class Endpoint:
    """A model behind HTTP, streaming. `kind` is "openai" (`/chat/completions`) or "anthropic" (`/messages`).

    429 and 5xx are tried again, at most 3 times in all, waiting as `Retry-After` says; one that asks for more than
    20 s is not waited for. What a server says that it does not take (temperature, the system role, `max_tokens`,
    streaming) is left out or put otherwise, once each and from then on, and without using up those tries. A server that
    is silent for `silence_s`, or has not finished after `answer_s`, is given up. `name` is what answers say who wrote
    them, if not `kind:model`.
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
        try:
            self._base = parse_url(base_url)
        except BylineError as error:
            raise ModelError(str(error)) from None
        self.name = name or f"{kind}:{model}"
        self._kind, self._model = kind, model
        self._where = shown(self._base)
        self._urls = addresses(self._base, "chat/completions" if kind == "openai" else "messages")
        # No compression: a small answer could unpack to gigabytes.
        self._headers = {"accept-encoding": "identity"}
        self._headers |= {"anthropic-version": "2023-06-01"} if kind == "anthropic" else {}
        if api_key:
            self._headers |= {"x-api-key": api_key} if kind == "anthropic" else {"authorization": f"Bearer {api_key}"}
        self._silence_s, self._answer_s = silence_s, answer_s
        self._adapted: tuple[Adaptation, ...] = ()
        self.tokens: list[Json] | None = None
        self.usage: list[Json] | None = None

    def __repr__(self) -> str:
        return f"Endpoint({self.name!r} at {self._where!r})"

    @property
    def identity(self) -> str:
        """Its name and where it is: a name may mean another model elsewhere. Holds no key."""
        return f"{self.name} at {self._where}"

    @property
    def is_hosted(self) -> bool:
        """Whether it is not on this very machine."""
        return not is_here(self._base)

    def as_witness(self, within_s: float) -> Endpoint:
        """The same endpoint, given up after `within_s` seconds, whose `tokens` is a list to which each answer adds what
        the server says of its tokens (see `rag.models.events.Reply`): nothing where it does not tell."""
        witness = copy.copy(self)
        witness._answer_s, witness._silence_s = min(self._answer_s, within_s), min(self._silence_s, within_s)
        witness.tokens = []
        return witness

    def counting(self) -> Endpoint:
        """The same endpoint, whose `usage` is a list to which each answer, of its witness too, adds what the server
        says that it took (`Reply.usage`): nothing where it does not tell."""
        counted = copy.copy(self)
        counted.usage = []
        return counted

    def generate(self, system: str, user: str, *, max_tokens: int) -> Generator[str, None, str | None]:
        """See `LanguageModel.generate`."""
        body: Json = {"model": self._model, "stream": True, "max_tokens": max_tokens}
        body["messages"] = [{"role": "user", "content": user}]
        if self._kind == "anthropic":
            body["system"] = system
        else:
            body["messages"].insert(0, {"role": "system", "content": system})
            body["temperature"] = 0
            if self.tokens is not None:
                body |= {"logprobs": True, "top_logprobs": N_ALTERNATIVES}
            if self.usage is not None:
                body["stream_options"] = {"include_usage": True}
        for adaptation in self._adapted:
            adaptation.change(body)
        reply, n_characters, has_text = Reply(self.tokens), 0, False
        with Deadline(self._answer_s) as deadline:
            try:
                with client(self._base, headers=self._headers) as http:
                    for piece in self._stream(http, body, deadline, reply):
                        n_characters += len(piece)
                        has_text = has_text or any(map(str.isalnum, piece))
                        yield piece
                        if n_characters > CHARACTERS_PER_TOKEN * max_tokens:
                            return self._limit(max_tokens)
            except httpx.HTTPError as error:
                if not reply.ending:  # after the end, it does not matter how the connection does
                    raise self._broken(error, deadline) from None
            except BylineError as error:
                raise error if isinstance(error, ModelError) else ModelError(str(error)) from None
            if deadline.passed and not reply.ending:  # to a body that ends with its connection, a cut is an end
                raise self._late()
        if self.usage is not None and reply.usage:
            self.usage.append(reply.usage)
        if not has_text:
            raise ModelError(self._nothing(reply, max_tokens))
        if reply.ending == "length":
            return self._limit(body.get("max_tokens") or body.get("max_completion_tokens") or max_tokens)
        return f"the content filter of {self._where} stopped it" if reply.ending == "content_filter" else None

    def _stream(self, http: httpx.Client, body: Json, deadline: Deadline, reply: Reply) -> Generator[str, None, None]:
        tries, urls, adapted, has_text = Tries(TRIES, LONGEST_WAIT_S), self._urls, list(self._adapted), False
        while True:
            # What does not stream is silent until it is done.
            silence_s = self._silence_s if body.get("stream") else self._answer_s
            timeout = httpx.Timeout(silence_s, connect=min(CONNECT_S, silence_s))
            extensions = {"trace": deadline.watch}
            try:
                with http.stream("POST", urls[0], json=body, timeout=timeout, extensions=extensions) as response:
                    status = response.status_code
                    if status == 200:
                        for piece in self._pieces(response, reply, deadline):
                            has_text = True
                            yield piece
                        self._urls, self._adapted = urls, tuple(adapted)
                        return
                    said = beginning(response)
            except Unreadable as error:
                status, said = 404, ""
                if has_text or len(urls) == 1:
                    raise ModelError(f"{self._where} {error}") from None
            except ErrorBody as error:
                status, said = error.status, error.said
                if has_text:
                    raise ModelError(self._refusal(0)) from None
            if status in (0, 404, 405) and len(urls) > 1:
                urls = urls[1:]
            elif not (
                adapt(body, status, said, adapted) or self._is_waited_for(tries, response, status, said, deadline)
            ):
                raise ModelError(self._refusal(status))

    def _is_waited_for(
        self, tries: Tries, response: httpx.Response, status: int, said: str, deadline: Deadline
    ) -> bool:
        if status == 413 or (status < 500 and _TOO_LONG.search(said)):
            raise PromptTooLong(
                f"the question and the passages are too long for {self.name}: find fewer passages (-k)."
            )
        return tries.wait(status, response.headers, deadline.left_s)

    def _pieces(self, response: httpx.Response, reply: Reply, deadline: Deadline) -> Generator[str, None, None]:
        """The texts of a body, up to the event that says that it ends."""
        if response.headers.get("content-encoding", "identity").lower() not in ("identity", ""):
            raise Unreadable("sent a compressed answer, which was not asked for: use the server's own address.")
        n_events, events = 0, read_events(response.iter_raw())
        for event in events:
            n_events += 1
            if piece := reply.read(event):
                yield piece
            if reply.ending:
                break
        # Where nobody said how long the body is, its end proves nothing.
        if reply.ending == "broken" or (n_events and not reply.ending and not reply.is_whole):
            raise ModelError(f"the connection to {self._where} broke off half way: try again.")
        if self.usage is not None and reply.ending and not reply.usage:  # it comes last, if it comes
            deadline.shorten(USAGE_S)
            with contextlib.suppress(httpx.HTTPError, Unreadable, ErrorBody):
                for event in events:
                    reply.count(event)

    def _nothing(self, reply: Reply, max_tokens: int) -> str:
        """Why there is no text."""
        if reply.declined:
            return f"{self.name} declined to answer: ask otherwise, or try another model."
        if reply.ending == "content_filter":
            return f"the content filter of {self._where} kept the answer back: ask otherwise, or try another model."
        if reply.ending == "length":
            did = "thought" if reply.has_thoughts else "wrote nothing"
            return (
                f"{self.name} {did} until its limit of {max_tokens} tokens, and gave no text: set a higher "
                "model_max_tokens (BYLINE_MODEL_MAX_TOKENS)."
            )
        did = "thought, and " if reply.has_thoughts else ""
        return f"{self.name} at {self._where} {did}gave no text: try another model."

    def _limit(self, max_tokens: int) -> str:
        return f"it came to its limit of {max_tokens} tokens (model_max_tokens, BYLINE_MODEL_MAX_TOKENS)"

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
        if status == 0:
            return f"{self._where} reported an error half way: try again."
        if status == 429:
            return f"{self._where} is busy or the quota is used up (HTTP 429): try again later."
        if status in (503, 529):
            return f"{self._where} is overloaded or still loading (HTTP {status}): try again later."
        return f"{self._where} failed (HTTP {status}): see the server's log, or try again."

    def _broken(self, error: httpx.HTTPError, deadline: Deadline) -> ModelError:
        if deadline.passed:
            return self._late()
        if sentence := unreachable(error, self._base):
            return ModelError(sentence)
        if isinstance(error, httpx.TimeoutException):
            return ModelError(f"{self._where} did not answer in time: try again, or a smaller model.")
        if isinstance(error, httpx.ConnectError):
            return ModelError(f"no model answers at {self._where}: start the server, or set its address.")
        return ModelError(f"the connection to {self._where} broke off ({type(error).__name__}): try again.")

    def _late(self) -> ModelError:
        return ModelError(f"{self._where} was not done after {self._answer_s:g} s: try a faster model.")


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
        if same_origin(url, OPENAI_URL) and not key:
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
