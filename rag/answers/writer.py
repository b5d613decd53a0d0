"""What answers from the sentences that were found, and what it proposes before anything is checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from rag.search.found import Found
from rag.types import Candidate, Span

LIBRARY = "library"
"""The `model` of an answer that says what the library holds, from the store."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A sentence that a model proposes, and the sentences it rests on, before anything was checked. `earlier` as in
    `Claim`; `answer` as in `Citation`, in the first source."""

    text: str
    sources: tuple[Candidate, ...]
    earlier: bool = False
    answer: Span | None = None


@dataclass(frozen=True, kw_only=True)
class Drafted:
    """What a `Writer` makes of what was found: its sentences, in 0..1 how likely it holds it that they answer, and
    whether that is too little to say that they do."""

    drafts: tuple[Draft, ...]
    confidence: float
    is_unsure: bool = False


class Writer(Protocol):
    """Anything that answers from sentences."""

    @property
    def name(self) -> str: ...

    @property
    def prompt_version(self) -> str: ...

    def draft(self, found: Found) -> Drafted:
        """The answer's sentences in order; none when what was found does not answer."""
        ...
