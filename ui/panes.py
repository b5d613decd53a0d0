"""What the panes show while something is worked out: the library's events to HTML, step by step. Nothing of Gradio.

A failure is one sentence on the page; its traceback, where the fault is the program's, is logged.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from rag import record
from rag.collection import Progress
from rag.errors import BylineError
from rag.text.sentences import split_sentences
from rag.types import Answer, Checked, CheckedSentence, Claim, IngestReport, Json
from ui import cards, drafts, markup, uploads, view

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from rag.library import Asking

# What may be typed as a model. A file of this machine ("gguf:PATH") may only be chosen where it was offered.
_TYPED_MODEL = re.compile(r"(?:openai|anthropic):[^\s\x00-\x1f]{1,200}")

log = logging.getLogger("ui.app")


class Library(Protocol):
    """What the page needs of `rag.Library`."""

    @property
    def path(self) -> Path: ...

    def overview(self) -> Json: ...

    def record(self, answer: Answer) -> Json: ...

    def ask(self, question: str, *, stream: Literal[True], **options: Unpack[Asking]) -> Iterator[Claim | Answer]: ...

    def check(self, text: str, *, stream: Literal[True]) -> Iterator[CheckedSentence | Checked]: ...

    def ingest(self, paths: Sequence[str | Path], *, progress: Progress | None = None) -> IngestReport: ...


def opened(library: Library, *, can_add: bool = False) -> tuple[str, list[str], str, int]:
    """What the page starts with: masthead line, outlets to choose from, answer pane, number of articles."""
    try:
        overview = library.overview()
        n_articles = overview["articles"]
        pane = view.welcome(n_articles, library.path, can_add=can_add)
        return view.library_line(overview), sorted(overview["outlets"]), pane, n_articles
    except BylineError as error:
        return "", [], markup.failure(str(error)), 0
    except Exception:
        log.exception("Opening the page failed")
        return "", [], markup.unexpected(), 0


def models(library: Library) -> list[str]:
    """Names of the models to offer, the one that is used by default first.

    A library that can tell which are usable (`models()`, entries as `byline models` lists them) is asked.
    """
    tell = getattr(library, "models", None)
    try:
        listed = [entry["name"] for entry in tell() if entry["usable"]] if tell else []
    except BylineError:
        listed = []
    # "gguf:PATH" and the like stand for any name, and are none.
    named = [name for name in listed if not name.endswith((":NAME", ":PATH"))]
    return list(dict.fromkeys([default_model(library), "extractive", *named]))


def default_model(library: Library) -> str:
    """What writes where no model is named."""
    settings = getattr(library, "settings", None)
    try:
        return str(settings().model) if settings else os.environ.get("BYLINE_MODEL") or "extractive"
    except BylineError:  # asking says what is wrong with it
        return "extractive"


def checked_model(library: Library, model: str | None) -> str | None:
    """The model if it may be chosen from afar; BylineError otherwise."""
    model = (model or "").strip()
    if not model or model == "extractive" or _TYPED_MODEL.fullmatch(model) or model in models(library):
        return model or None
    raise BylineError(
        f"the model {model[:80]!r} cannot be chosen here: take one of the list, openai:NAME or anthropic:NAME."
    )


def earlier(entry: str) -> Any:
    """An earlier turn as programs give it: a question, or the JSON text of an answer."""
    if not entry.lstrip().startswith("{"):
        return entry
    try:
        return json.loads(entry)
    except ValueError:
        return entry


def set_limits(given: Mapping[str, Any]) -> Json:
    """The filters that are set, as the library takes them."""
    stripped = {name: value.strip() if isinstance(value, str) else value for name, value in given.items()}
    return {name: value for name, value in stripped.items() if value}


def answering(
    library: Library, question: str, given: Mapping[str, Any], options: Mapping[str, Any], talk: Sequence[Answer]
) -> Iterator[tuple[str, str, Claim | Answer | None]]:
    """The HTML of both panes as the answer grows, with what it shows: a claim that was just checked, at last the answer
    or, where that failed, None."""
    claims: list[Claim] = []
    try:
        limits = set_limits(given)
        if not question.strip():
            yield markup.failure("Type a question first.", heading="No question yet"), cards.no_sources(), None
            return
        chosen = {name: value for name, value in options.items() if name != "model"}
        if model := checked_model(library, options.get("model")):
            chosen["model"] = model
        for event in library.ask(question, stream=True, **limits, **chosen, history=talk):
            if isinstance(event, Claim):
                claims.append(event)
                yield view.writing(question, claims, limits), cards.source_cards(claims), event
            elif not event.hits and not library.overview()["articles"]:
                yield view.welcome(0, library.path), cards.no_sources(), None
            else:
                saved = record.render(library.record(event), "html")
                pane = view.answer_pane(event, limits=limits, copied=record.markdown(event), saved=saved)
                yield pane, cards.sources_pane(event), event
    except BylineError as error:
        yield markup.failure(str(error)), cards.no_sources(), None
    except Exception:
        log.exception("Answering failed")
        yield markup.unexpected(), cards.no_sources(), None


def checking(library: Library, draft: str) -> Iterator[tuple[str, tuple[CheckedSentence, ...]]]:
    """The HTML of the findings as a draft is checked, with the sentences that it shows."""
    sentences: tuple[CheckedSentence, ...] = ()
    try:
        if not draft.strip():
            yield markup.failure("Paste a draft first.", heading="No draft yet"), ()
            return
        n_sentences = len(split_sentences(draft))
        yield drafts.checking(draft, (), n_sentences), ()
        for sentence in library.check(draft, stream=True):
            if isinstance(sentence, CheckedSentence):
                sentences = (*sentences, sentence)
                yield drafts.checking(draft, sentences, n_sentences), sentences
        yield drafts.checked(draft, sentences), sentences
    except BylineError as error:
        yield markup.failure(str(error)), ()
    except Exception:
        log.exception("Checking a draft failed")
        yield markup.unexpected(), ()


def adding(library: Library, files: Sequence[str]) -> Iterator[str]:
    """The HTML of the report as files are added."""
    try:
        for event in uploads.add(library, [Path(file) for file in files]):
            yield uploads.told(event) if isinstance(event, IngestReport) else event
    except BylineError as error:
        yield markup.failure(str(error))
    except Exception:
        log.exception("Adding articles failed")
        yield markup.unexpected()


def whole(place: str, talk: Sequence[Answer], claims: Sequence[Claim], checked: Sequence[CheckedSentence]) -> str:
    """The article behind a card of the newest answer, of `claims` that are still being written, or of a checked draft:
    as it was when it was cited."""
    places = cards.places_of(talk[-1]) if talk else {}
    places |= cards.cited_places(claims) | drafts.places_of(checked)
    if place not in places:
        return markup.failure("This source belongs to an answer that is no longer on the page; ask again.")
    return cards.whole_article(*places[place])
