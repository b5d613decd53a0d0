"""Byline: answers from your own news articles, with the exact words behind every sentence.

from rag import Library, retrieve, ask

library = Library.open("my-library")
library.ingest(["articles/"])
answer = library.ask("Who asked for the meeting?")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.checking.checker import support
    from rag.errors import BylineError, ModelError
    from rag.library import Library
    from rag.types import (
        Answer,
        Article,
        CheckedSentence,
        Citation,
        Claim,
        IngestReport,
        LanguageModel,
        Passage,
        SearchHit,
    )

__all__ = [
    "Answer",
    "Article",
    "BylineError",
    "CheckedSentence",
    "Citation",
    "Claim",
    "IngestReport",
    "LanguageModel",
    "Library",
    "ModelError",
    "Passage",
    "SearchHit",
    "ask",
    "check",
    "retrieve",
    "support",
]

_ELSEWHERE = {
    "support": "rag.checking.checker",
    "Library": "rag.library",
    "BylineError": "rag.errors",
    "ModelError": "rag.errors",
}


def __getattr__(name: str) -> Any:
    """A name of `__all__`, imported when it is first asked for: `byline --help` needs none of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_ELSEWHERE.get(name, "rag.types")), name)
    return value


def retrieve(question: str, **options: Any) -> list[SearchHit]:
    """`Library.retrieve` on the default library (`$BYLINE_HOME`, else the platform's user data folder)."""
    from rag.library import Library

    with Library.open() as library:
        return library.retrieve(question, **options)


def ask(question: str, **options: Any) -> Answer:
    """`Library.ask` on the default library (`$BYLINE_HOME`, else the platform's user data folder)."""
    from rag.library import Library

    with Library.open() as library:
        return library.ask(question, **options)


def check(text: str, **options: Any) -> list[CheckedSentence]:
    """`Library.check` on the default library (`$BYLINE_HOME`, else the platform's user data folder)."""
    from rag.library import Library

    with Library.open() as library:
        return library.check(text, **options)
