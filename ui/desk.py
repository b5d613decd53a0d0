"""What programs get for a request, as JSON objects: the same over HTTP, in a chat and as tools. Each of these may take
seconds, and raises BylineError as the method of `rag.Library` that it calls."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import anyio

from rag.errors import BylineError
from rag.text.words import encodable
from rag.types import Answer, CheckedSentence, Citation, Claim, Disagreement, Json, SearchHit
from ui import panes, requests
from ui.streams import Room, in_thread

if TYPE_CHECKING:
    from rag.library import Library


def ask(library: Library, request: requests.Ask) -> Iterator[Claim | Answer]:
    """Each claim as soon as it is checked, at last the answer."""
    yield from library.ask(
        request.question,
        stream=True,
        k=request.k,
        model=panes.checked_model(library, request.model),
        show_unsupported=request.show_unsupported,
        history=request.history,
        understand=request.understand,
        **request.filters(),
    )


async def room_for(library: Library, model: str | None, room: Room) -> anyio.CapacityLimiter:
    """That for an answer of this model, or of the library's where none is named."""
    writer = (model or "").strip() or await in_thread(room.searching, panes.default_model, library)
    return room.quoting if writer == "extractive" else room.with_model


def answer(library: Library, request: requests.Ask) -> Answer:
    """The whole answer."""
    return next(event for event in ask(library, request) if isinstance(event, Answer))


def search(library: Library, request: requests.Search) -> Json:
    """The passages that fit best, as `byline search --json` gives them."""
    started = time.perf_counter()
    hits = library.retrieve(request.question, k=request.k, understand=request.understand, **request.filters())
    return {
        "question": encodable(request.question),
        "understood": hits.understood,
        "elapsed_s": _since(started),
        "hits": [hit.to_dict() for hit in hits],
        "notes": list(hits.notes),
    }


def timeline(library: Library, request: requests.TimelineOf) -> Json:
    """The dated events, as `byline timeline --json` gives them."""
    started = time.perf_counter()
    events = library.timeline(request.question, k=request.k, understand=request.understand, **request.filters())
    return {
        "question": encodable(request.question),
        "events": [event.to_dict() for event in events],
        "notes": list(events.notes),
        "elapsed_s": _since(started),
    }


def check(library: Library, request: requests.Check) -> Iterator[CheckedSentence | Json]:
    """Each sentence of the draft as soon as it is checked; at last all of them, as `byline check --json` gives them."""
    started = time.perf_counter()
    for event in library.check(request.text, stream=True, k=request.k, **request.filters()):
        if isinstance(event, CheckedSentence):
            yield event
        else:
            sentences = [sentence.to_dict() for sentence in event]
            beside = {"notes": list(event.notes), "problems": list(event.problems)}
            yield {"sentences": sentences, **beside, "elapsed_s": _since(started)}


def articles(library: Library, request: requests.Listing) -> Json:
    """A page of the articles, newest first."""
    first = (request.page - 1) * request.per_page
    listed, total = library.listed(request.words or "", offset=first, limit=request.per_page, **request.filters())
    return {
        "articles": [article.to_dict() for article in library.articles([one.id for one in listed])],
        "page": request.page,
        "per_page": request.per_page,
        "pages": -(-total // request.per_page),
        "total": total,
    }


def article(library: Library, name: str) -> Json:
    """All that is known of an article, and its text. NotFoundError where there is none of that name."""
    if len(name) > requests.MAX_NAME_CHARS:
        raise BylineError(f"the name of an article has {len(name):,} characters: give its id.")
    found = library.find(name)
    return {**library.describe(found), "text": found.text}


def cited(answer: Answer) -> list[Citation]:
    """The citations of claims and differences, each marker once, in order."""
    found: dict[int, Citation] = {}
    parts: list[Claim | Disagreement] = [*answer.claims, *answer.disagreements]
    for part in parts:
        for citation in part.citations:
            found.setdefault(citation.marker, citation)
    return [found[marker] for marker in sorted(found)]


def reference(cited: Citation) -> Json:
    """A citation in few words: whose they are, where they stand, and how they read."""
    source = cited.article
    return {
        "marker": cited.marker,
        "outlet": source.outlet,
        "title": source.title,
        "date": source.published,
        "date_is_inferred": source.published_source == "inferred",
        "quote": cited.quote,
        "speaker": cited.speaker,
        "article": source.id,
        "url": source.url,
        "start": cited.start,
        "end": cited.end,
    }


def passage(hit: SearchHit) -> Json:
    """A passage that was found, in few words."""
    source = hit.article
    return {
        "rank": hit.rank,
        "score": round(hit.score, 3),
        "outlet": source.outlet,
        "title": source.title,
        "date": source.published,
        "date_is_inferred": source.published_source == "inferred",
        "text": hit.passage.text,
        "article": source.id,
        "start": hit.passage.start,
        "end": hit.passage.end,
    }


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 3)
