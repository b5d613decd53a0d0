"""An embedder and a verifier that keep what they have said: the same texts come again and again in a check."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from embeddings import Embedder, Vectors
from rag.models.verifier import Verifier

MOST_REMEMBERED = 4_000


class Remembering:
    """An embedder that keeps the vectors of the last texts: claims and sentences come again and again while an answer
    is checked."""

    def __init__(self, embedder: Embedder) -> None:
        self.name, self.dim, self.max_tokens = embedder.name, embedder.dim, embedder.max_tokens
        self.n_tokens, self.encode_queries = embedder.n_tokens, embedder.encode_queries
        self._embedder = embedder
        self._known: dict[str, Vectors] = {}

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        if len(self._known) > MOST_REMEMBERED:
            self._known = {}
        known = self._known  # another thread may begin anew meanwhile
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(missing, self._embedder.encode_passages(missing), strict=True))
        rows = [known[text] for text in texts]
        return np.stack(rows) if rows else np.zeros((0, self.dim), dtype=np.float32)


class RememberingVerifier:
    """A verifier that keeps its last judgements: sentences are offered to a claim one by one, then in pairs."""

    def __init__(self, verifier: Verifier) -> None:
        self.name = verifier.name
        self._verifier = verifier
        self._known: dict[tuple[str, str], NDArray[np.float32]] = {}

    def verify(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        if len(self._known) > MOST_REMEMBERED:
            self._known = {}
        known = self._known  # another thread may begin anew meanwhile
        missing = [pair for pair in dict.fromkeys(pairs) if pair not in known]
        known.update(zip(missing, self._verifier.verify(missing), strict=True))
        return np.stack([known[pair] for pair in pairs]) if pairs else np.zeros((0, 3), dtype=np.float32)
