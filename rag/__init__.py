"""Byline: answers from your own news articles, with the exact words behind every sentence.

from rag import Library, retrieve, ask

library = Library.open("my-library")
library.ingest(["articles/"])
answer = library.ask("Who asked for the meeting?")
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from rag.checking.checker import support
    from rag.errors import BylineError, ModelError
    from rag.filters import Filters
    from rag.judging import Checking
    from rag.library import Asking, Library
    from rag.types import (
        Answer,
        Article,
        Checked,
        CheckedSentence,
        Citation,
        Claim,
        Event,
        Hits,
        IngestReport,
        LanguageModel,
        Passage,
        SearchHit,
        Timeline,
    )

__all__ = [
    "Answer",
    "Article",
    "BylineError",
    "Checked",
    "CheckedSentence",
    "Citation",
    "Claim",
    "Event",
    "Filters",
    "Hits",
    "IngestReport",
    "LanguageModel",
    "Library",
    "ModelError",
    "Passage",
    "SearchHit",
    "Timeline",
    "ask",
    "check",
    "retrieve",
    "support",
    "timeline",
]

_ELSEWHERE = {
    "support": "rag.checking.checker",
    "Library": "rag.library",
    "Filters": "rag.filters",
    "BylineError": "rag.errors",
    "ModelError": "rag.errors",
}


def __getattr__(name: str) -> Any:
    """A name of `__all__`, imported when it is first asked for: `byline --help` needs none of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_ELSEWHERE.get(name, "rag.types")), name)
    return value


def retrieve(question: str, **options: Any) -> Hits:
    """`Library.retrieve` on the default library (`$BYLINE_HOME`, else the platform's user data folder)."""
    from rag.library import Library

    with Library.open() as library:
        return library.retrieve(question, **options)


def timeline(question: str, **options: Any) -> Timeline:
    """`Library.timeline` on the default library (`$BYLINE_HOME`, else the platform's user data folder)."""
    from rag.library import Library

    with Library.open() as library:
        return library.timeline(question, **options)


@overload
def ask(question: str, *, stream: Literal[False] = False, **options: Unpack[Asking]) -> Answer: ...


@overload
def ask(question: str, *, stream: Literal[True], **options: Unpack[Asking]) -> Iterator[Claim | Answer]: ...


def ask(question: str, *, stream: bool = False, **options: Any) -> Any:
    """`Library.ask` on the default library (`$BYLINE_HOME`, else the platform's user data folder)."""
    from rag.judging import whole
    from rag.library import Library

    events = _on_default(Library.ask, question, options)
    return events if stream else whole(events, _type("Answer"))


@overload
def check(text: str, *, stream: Literal[False] = False, **options: Unpack[Checking]) -> Checked: ...


@overload
def check(text: str, *, stream: Literal[True], **options: Unpack[Checking]) -> Iterator[CheckedSentence | Checked]: ...


def check(text: str, *, stream: bool = False, **options: Any) -> Any:
    """`Library.check` on the default library (`$BYLINE_HOME`, else the platform's user data folder)."""
    from rag.judging import whole
    from rag.library import Library

    events = _on_default(Library.check, text, options)
    return events if stream else whole(events, _type("Checked"))


def _on_default(do: Callable[..., Any], text: str, options: dict[str, Any]) -> Iterator[Any]:
    """What `do` streams, with the default library open until the last of it."""
    from rag.library import Library

    with Library.open() as library:
        yield from do(library, text, stream=True, **options)


def _type(name: str) -> Any:
    return getattr(importlib.import_module("rag.types"), name)
