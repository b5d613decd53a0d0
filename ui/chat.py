"""Chat completions as OpenAI's API has them (https://platform.openai.com/docs/api-reference/chat), so that any chat
front end can sit on a library. The last message is the question, the turns before it are its history; what else a
request says of how to write (a system message, a temperature) is not heard, since the library's own rules hold.

The content is Markdown: each claim with its markers, `[1]`, then notes and sources. `citations` has the exact words.
"""

# No `from __future__ import annotations`: FastAPI reads the annotations of the functions inside `add_routes`.
import logging
import re
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Response
from pydantic import BaseModel, ConfigDict, Field

from rag.answers.citations import outlet_and_date
from rag.errors import BylineError, NotFoundError
from rag.text.characters import safe_to_show
from rag.types import Answer, Citation, Claim, Json
from ui import desk, panes, requests
from ui.access import told
from ui.streams import UNEXPECTED, Room, Streamed, as_json, data_only, in_thread, steps

if TYPE_CHECKING:
    from rag.library import Library

DEFAULT = "byline"  # the name under which the library's own model is offered
NO_ANSWER = "No answer: the articles do not say."
_SOURCES = "\n\nSources:\n\n"
_KINDS = {"difference": "Reports differ", "update": "Changed later"}
_DONE = b"data: [DONE]\n\n"

log = logging.getLogger("ui.chat")


class Message(BaseModel):
    model_config = ConfigDict(extra="ignore")

    role: str = Field(max_length=40)
    content: str | list[Json] | None = Field(None, description="text, or parts of which those of type text are read")

    def text(self) -> str:
        """The words of it."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(str(part.get("text") or "") for part in self.content or () if part.get("type") == "text")


class StreamOptions(BaseModel):
    include_usage: bool = False


class Completion(requests.Within):
    """What is asked. The filters of /api/ask are taken too; whatever else OpenAI's API knows is not heard."""

    model_config = ConfigDict(extra="ignore", strict=False, str_max_length=None)

    messages: list[Message] = Field(min_length=1, max_length=1_000)
    model: str | None = Field(None, max_length=300)
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: int | None = Field(None, ge=1, le=1, description="one answer: a second would be the same")
    k: int = Field(8, ge=1, le=requests.MAX_K)

    def asked(self) -> requests.Ask:
        """The last question, with those before it and what was answered. BylineError where there is none."""
        turns: list[Json] = []
        for message in self.messages:
            text = message.text().strip()
            if message.role == "user":
                turns.append({"question": text, "claims": []})
            elif message.role == "assistant" and turns and text:
                quote = text.partition(_SOURCES)[0]
                turns[-1]["claims"].append({"citations": [{"quote": quote}]})
        if not turns or self.messages[-1].role not in ("user", "system", "developer"):
            raise BylineError("the messages end with no question: let the last one be of the role user.")
        *earlier, last = turns
        return requests.read(
            requests.Ask,
            {
                "question": last["question"],
                "history": [turn for turn in earlier if turn["question"]][-requests.MAX_HISTORY :],
                "model": None if self.model in (None, "", DEFAULT) else self.model,
                "k": self.k,
                **self.filters(),
            },
        )


def error(sentence: str) -> Json:
    """An error as OpenAI's clients read it."""
    return {"error": {"message": sentence, "type": "invalid_request_error", "param": None, "code": None}}


def add_routes(api: FastAPI, library: "Library", room: Room) -> None:
    """Add what chat front ends ask for."""

    @api.get("/v1/models", tags=["chat"])
    async def models() -> Response:
        """The models that can write; `byline` is the library's own choice."""
        names = await in_thread(room.searching, _names, library)
        return _json({"object": "list", "data": [_model(name) for name in names]})

    @api.get("/v1/models/{name:path}", tags=["chat"])
    async def model(name: str) -> Response:
        """One of them."""
        if name not in await in_thread(room.searching, _names, library):
            raise NotFoundError(f"there is no model {name[:80]!r} here: /v1/models lists those that there are.")
        return _json(_model(name))

    @api.post("/v1/chat/completions", tags=["chat"])
    async def complete(body: Completion) -> Response:
        """The answer to the last message, with `citations`: marker, outlet, title, date, quote, article id, start and
        end for each marker in it."""
        request = body.asked()
        limiter = await desk.room_for(library, request.model, room)
        events = steps(limiter, desk.ask(library, request))
        count = partial(in_thread, room.searching, _usage, library, body)
        head = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": body.model or DEFAULT}
        if not body.stream:
            *_, answer = [event async for event in events]
            assert isinstance(answer, Answer)
            message = {"role": "assistant", "content": content(answer)}
            choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
            usage = await count(answer)
            return _json({**head, "object": "chat.completion", "choices": [choice], "usage": usage, **_beside(answer)})
        async for first in events:  # what is wrong with the request shows here, and is an error with a status
            wants_usage = body.stream_options is not None and body.stream_options.include_usage
            return Streamed(_stream(head, first, events, count if wants_usage else None))
        raise AssertionError("an answer has at least one event")


Events = AsyncGenerator[Claim | Answer, None]


async def _stream(
    head: Json, first: Claim | Answer, events: Events, count: Callable[[Answer], Awaitable[Json]] | None
) -> AsyncGenerator[bytes, None]:
    def chunk(delta: Json, finish: str | None = None, **beside: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return data_only({**head, "object": "chat.completion.chunk", "choices": [choice], **beside})

    event, before = first, ""
    try:
        async with aclosing(events):
            yield chunk({"role": "assistant", "content": ""})
            while isinstance(event, Claim):
                yield chunk({"content": before + _claim(event)})
                before = "\n\n"
                event = await anext(events)
        yield chunk({"content": _rest(event)})
        yield chunk({}, "stop", **_beside(event))
        if count is not None:
            yield data_only({**head, "object": "chat.completion.chunk", "choices": [], "usage": await count(event)})
        yield _DONE
    except BylineError as failure:
        yield data_only(error(told(failure)))
    except Exception:
        log.exception("An answer broke off")
        yield data_only(error(UNEXPECTED))


# -- what is written ------------------------------------------------------------------------------------------------


def content(answer: Answer) -> str:
    """An answer as Markdown: claims with their markers, notes, sources."""
    return "\n\n".join(map(_claim, answer.claims)) + _rest(answer)


def _claim(claim: Claim) -> str:
    doubt = "" if claim.verdict == "supported" else f" ({claim.verdict})"
    markers = "".join(f" [{citation.marker}]" for citation in claim.citations)
    return f"{'Earlier: ' * claim.earlier}{_inert(claim.text)}{doubt}{markers}"


def _rest(answer: Answer) -> str:
    """What follows the claims."""
    told = [] if answer.claims else [NO_ANSWER]
    told += [_inert(note) for note in (*answer.understood.get("because", ()), *answer.notes, *answer.problems)]
    for one in answer.disagreements:
        sides = (
            f"{_inert(value)} ({_inert(', '.join(_known(cited)))}) [{cited.marker}]"
            for value, cited in zip(one.values, one.citations, strict=True)
        )
        told.append(f"{_KINDS[one.kind]}: {'; '.join(sides)}.")
    text = ("\n\n" if answer.claims and told else "") + "\n\n".join(told)
    cited = desk.cited(answer)
    return text + (_SOURCES + "\n".join(f"- {_source(c, answer.claims)}" for c in cited) if cited else "")


def _source(cited: Citation, claims: Iterable[Claim]) -> str:
    """Outlet, date and title; the words too, where no claim has them."""
    shown = any(cited.quote in claim.text for claim in claims)
    quote = "" if shown else f": “{_inert(cited.quote)}”"
    return f"[{cited.marker}] {_inert(', '.join([*_known(cited), cited.article.title or 'no title']))}{quote}"


def _known(cited: Citation) -> tuple[str, str]:
    article = cited.article
    return outlet_and_date(
        article.outlet,
        article.published,
        precision=article.published_precision,
        source=article.published_source,
    )


def _inert(text: str) -> str:
    """Untrusted text as one line of Markdown that makes a front end load nothing, which would tell others what is read:
    no image, no HTML, no link under other words. An address that stands bare, some of them make a link that shows it.
    Other mark-up does no harm, and the words stay as they are."""
    return re.sub(r"([\\`\[\]<])", r"\\\1", " ".join(safe_to_show(text).split()))


def _beside(answer: Answer) -> Json:
    return {"citations": [desk.reference(c) for c in desk.cited(answer)], "status": answer.status}


# -- models and counts ----------------------------------------------------------------------------------------------


def _names(library: "Library") -> Sequence[str]:
    return [DEFAULT, *panes.models(library)]


def _model(name: str) -> Json:
    return {"id": name, "object": "model", "created": 0, "owned_by": "byline"}


def _usage(library: "Library", body: Completion, answer: Answer) -> Json:
    """Counted with the tokenizer of the library's embedder: what another model read and wrote it does not tell."""
    n_tokens = library.embedder.n_tokens
    read, written = n_tokens("\n".join(message.text() for message in body.messages)), n_tokens(content(answer))
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _json(document: Json) -> Response:
    return Response(as_json(document), media_type="application/json")
