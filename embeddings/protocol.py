"""The `Embedder` protocol, and the error that every room raises for what a user can mend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class BylineError(Exception):
    """Anything a user can mend. The message is one sentence: what is wrong with which value, and the remedy.

    It lives in the lowest room so that every other can raise it.
    """


@runtime_checkable
class Embedder(Protocol):
    """Text to vectors.

    Both `encode_*` give float32 of shape (n, dim) in input order, each row of unit norm (cosine is the dot
    product); no text gives shape (0, dim). A text above `max_tokens` is cut by the model, so callers keep below it.
    """

    @property
    def name(self) -> str:
        """Names everything that decides the numbers: vectors of two names are never compared."""
        ...

    @property
    def dim(self) -> int: ...

    @property
    def max_tokens(self) -> int:
        """The longest text it reads whole, counted by `n_tokens`."""
        ...

    def n_tokens(self, text: str) -> int:
        """Tokens of `text` as this model counts them, special tokens included."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> Vectors: ...

    def encode_passages(self, texts: Sequence[str]) -> Vectors: ...


def unit_rows(vectors: NDArray[np.floating]) -> Vectors:
    """Rows scaled to unit L2 norm, as float32. A row of zeros (a text with nothing to embed) becomes the first
    axis, so that every row keeps norm 1."""
    rows = np.array(vectors, dtype=np.float32, ndmin=2)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    empty = norms[:, 0] == 0
    rows[empty, 0] = 1.0
    norms[empty] = 1.0
    rows /= norms
    return rows
