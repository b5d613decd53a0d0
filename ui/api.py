"""The HTTP API beside the page: JSON objects as the command line's `--json` gives them, its errors as
`{"error": "one sentence"}`, its description at /api/openapi.json. `ui.chat` adds what chat front ends speak."""

# No `from __future__ import annotations`: FastAPI reads the annotations of what answers a request at run time.
import logging
import shutil
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI, File, Query, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from rag.errors import BylineError, LibraryError, NotFoundError
from rag.types import CheckedSentence, Claim, IngestReport, Json
from ui import chat, desk, requests, schema, uploads
from ui.access import as_seen, may_add, told
from ui.streams import UNEXPECTED, Room, Streamed, as_event, as_json, error, in_thread, steps

if TYPE_CHECKING:
    from rag.library import Library

_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": schema.Error, "description": "A value that is not allowed, or no JSON"},
    422: {"model": schema.Error, "description": "A field that is missing, unknown, or of another type"},
    500: {"model": schema.Error, "description": "A fault of the program, whose log has it"},
    503: {"model": schema.Error, "description": "The library's file is damaged, or cannot be reached"},
}
_NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": schema.Error, "description": "No such article"}}
_TOO_LARGE: dict[int | str, dict[str, Any]] = {
    413: {"model": schema.Error, "description": "More than is taken at once"}
}
_EVENTS = {"text/event-stream": {"schema": {"type": "string"}}}

log = logging.getLogger("ui.api")


def build(library: "Library", room: Room) -> FastAPI:
    """The API over `library`, as an application of its own. It says nothing about who may use it: see `ui.access`."""
    api = FastAPI(
        title="Byline",
        version=version("byline"),
        description="Answers from a library of news articles, with the exact words behind every sentence.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    _add_errors(api)
    chat.add_routes(api, library, room)
    _add_questions(api, library, room)
    _add_holdings(api, library, room)
    return api


def _add_questions(api: FastAPI, library: "Library", room: Room) -> None:
    """Add what is asked of the articles: answers, passages, verdicts, timelines."""

    @api.post("/api/ask", responses={200: {"model": schema.Answer, "content": _EVENTS}, **_ERRORS})
    async def ask(body: requests.Ask, request: Request) -> Response:
        """The answer. With `stream`, or where only text/event-stream is accepted: an event `claim` for each claim as
        soon as it is checked, and at last `answer`, or `error`."""
        limiter = await desk.room_for(library, body.model, room)
        events = steps(limiter, desk.ask(library, body))
        return await _told(events, ("claim", "answer"), streamed=body.stream or _wants_events(request))

    @api.post("/api/search", responses={200: {"model": schema.Found}, **_ERRORS})
    async def search(body: requests.Search) -> Response:
        """The passages that fit a question best, best first."""
        return _json(await in_thread(room.searching, desk.search, library, body))

    @api.post("/api/check", responses={200: {"model": schema.Checked, "content": _EVENTS}, **_ERRORS})
    async def check(body: requests.Check, request: Request) -> Response:
        """A verdict and its evidence for each sentence of a draft. With `stream`: an event `sentence` for each, and at
        last `checked`, or `error`."""
        events = steps(room.checking, desk.check(library, body))
        return await _told(events, ("sentence", "checked"), streamed=body.stream or _wants_events(request))

    @api.post("/api/timeline", responses={200: {"model": schema.Timeline}, **_ERRORS})
    async def timeline(body: requests.TimelineOf) -> Response:
        """What happened, in order, each with the words that report it."""
        return _json(await in_thread(room.checking, desk.timeline, library, body))


def _add_holdings(api: FastAPI, library: "Library", room: Room) -> None:
    """Add what shows the articles themselves, and takes new ones."""

    @api.get("/api/articles", responses={200: {"model": schema.Articles}, **_ERRORS})
    async def articles(listing: Annotated[requests.Listing, Query()]) -> Response:
        """A page of the articles, newest first."""
        return _json(await in_thread(room.searching, desk.articles, library, listing))

    @api.get("/api/articles/{id}", responses={200: {"model": schema.ArticleWithText}, **_NOT_FOUND, **_ERRORS})
    async def article(id: str) -> Response:
        """An article with its text and all that is known of it. `id` may be the beginning of one."""
        return _json(await in_thread(room.searching, desk.article, library, id))

    @api.get("/api/status", responses={200: {"model": schema.Status}, 500: _ERRORS[500]})
    async def status(request: Request) -> Response:
        """What the library holds; where it lies, for editors."""
        known = await in_thread(room.searching, library.status)
        shown = {name: value for name, value in known.items() if name != "library" or may_add(request)}
        return _json({"version": version("byline"), **shown})

    @api.post("/api/ingest", responses={200: {"model": schema.Report}, **_TOO_LARGE, **_ERRORS})
    async def ingest(files: Annotated[list[UploadFile], File(description="articles, as files")]) -> Response:
        """Files into the library, for editors. They are kept in its folder; those that could not be read are in
        `failed`, each with its reason, and are not kept."""
        return _json((await in_thread(room.adding, _add, library, files)).to_dict())


def _add(library: "Library", files: Sequence[UploadFile]) -> IngestReport:
    """Ingests what was sent, as the page does with files that are dropped on it."""
    with tempfile.TemporaryDirectory(prefix="byline-") as folder:
        kept = []
        for number, file in enumerate(files):
            home = Path(folder) / str(number)
            home.mkdir()
            kept.append(home / uploads.safe_name(file.filename or ""))
            with kept[-1].open("wb") as target:
                shutil.copyfileobj(file.file, target)
        return next(event for event in uploads.add(library, kept) if isinstance(event, IngestReport))


# -- answers --------------------------------------------------------------------------------------------------------


def _json(document: Json, status: int = 200) -> Response:
    return Response(as_json(as_seen(document)), status, media_type="application/json")


def _wants_events(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "text/event-stream" in accepted and "application/json" not in accepted


async def _told(events: AsyncGenerator[Any, None], names: tuple[str, str], *, streamed: bool) -> Response:
    """The last of the events; or all of them as they come. What is wrong with the request is wrong before the first of
    them, and is an error in both."""
    last: Any = None
    async for last in events:
        if streamed:
            return Streamed(_stream(last, events, names))
    return _json(_document(last))


async def _stream(first: Any, events: AsyncGenerator[Any, None], names: tuple[str, str]) -> AsyncGenerator[bytes, None]:
    def one(event: Any) -> bytes:
        name = names[0] if isinstance(event, Claim | CheckedSentence) else names[1]
        return as_event(name, as_seen(_document(event)))

    try:
        async with aclosing(events):
            yield one(first)
            async for event in events:
                yield one(event)
    except BylineError as failure:
        yield as_event("error", error(told(failure)))
    except Exception:
        log.exception("An answer broke off")
        yield as_event("error", error(UNEXPECTED))


def _document(event: Any) -> Json:
    document: Json = event if isinstance(event, dict) else event.to_dict()
    return document


# -- errors ---------------------------------------------------------------------------------------------------------


def _add_errors(api: FastAPI) -> None:
    def answered(request: Request, status: int, sentence: str) -> Response:
        shape = chat.error if request.url.path.startswith("/v1/") else error
        return _json(shape(sentence), status)

    async def on_byline(request: Request, failure: Exception) -> Response:
        status = 404 if isinstance(failure, NotFoundError) else 503 if isinstance(failure, LibraryError) else 400
        return answered(request, status, told(failure))

    async def on_validation(request: Request, failure: Exception) -> Response:
        found = failure.errors() if isinstance(failure, RequestValidationError) else []
        status = 400 if found[0]["type"] == "json_invalid" else 422
        return answered(request, status, requests.sentence_about(found))

    async def on_http(request: Request, failure: Exception) -> Response:
        assert isinstance(failure, HTTPException)
        sentences = {
            404: f"there is no {request.url.path[:80]!r} here: /api/openapi.json has what there is.",
            405: f"{request.url.path[:80]!r} takes no {request.method}: /api/openapi.json has what there is.",
        }
        return answered(request, failure.status_code, sentences.get(failure.status_code, str(failure.detail)))

    async def on_anything(request: Request, failure: Exception) -> Response:
        log.error("A request failed", exc_info=failure)
        return answered(request, 500, UNEXPECTED)

    api.add_exception_handler(BylineError, on_byline)
    api.add_exception_handler(RequestValidationError, on_validation)
    api.add_exception_handler(HTTPException, on_http)
    api.add_exception_handler(Exception, on_anything)
