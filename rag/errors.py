"""What can go wrong, in one sentence each: which value is wrong, and what mends it."""

from __future__ import annotations

from pathlib import Path

from embeddings.protocol import BylineError as BylineError


class NotFoundError(BylineError):
    """What was named is not in the library."""


class LibraryError(BylineError):
    """The library's file is damaged, or cannot be reached. `path` is that file, where the sentence names it."""

    def __init__(self, sentence: str, path: Path | None = None) -> None:
        super().__init__(sentence)
        self.path = path


class ModelError(BylineError):
    """A language model could not be reached, refused, or gave no usable text."""


class PromptTooLong(ModelError):
    """The prompt does not fit into the model's context: a shorter one may."""
