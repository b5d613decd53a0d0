"""What can go wrong, in one sentence each: which value is wrong, and what mends it."""

from __future__ import annotations

from embeddings.protocol import BylineError as BylineError


class NotFoundError(BylineError):
    """What was named is not in the library."""


class ModelError(BylineError):
    """A language model could not be reached, refused, or gave no usable text."""


class PromptTooLong(ModelError):
    """The prompt does not fit into the model's context: a shorter one may."""
