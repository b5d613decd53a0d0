"""Does a text carry a claim, or say otherwise, or neither? The verifiers: one built in, one for the larger base.

Each is a base model with an adapter (`rag.models.adapter`). How they were trained, on which data, and what they gain:
evals/VERIFIER.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from embeddings.encoder import Encoder
from rag.models.adapter import ADAPTERS, VERIFIER, Adapted, Floats

# Between a sentence and its article's title. A control character, so that no article's text holds it.
CONTEXT = "\x1f"
# Word pieces kept of a claim and of its evidence.
MAX_CLAIM, MAX_EVIDENCE = 80, 200


@runtime_checkable
class Verifier(Protocol):
    """Says whether texts carry claims."""

    @property
    def name(self) -> str: ...

    def verify(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """Of each pair of a claim and a text the log-probabilities that the text carries the claim, that it says
        otherwise, that it says neither: (n, 3) float32, in input order; n = 0 is fine. A text may be a few sentences by
        themselves or as `with_context` gives them."""
        ...


def with_context(sentence: str, title: str = "") -> str:
    """A sentence with its article's title, where there is one: input for `verify`."""
    return f"{sentence}{CONTEXT}{title}" if title else sentence


class AdaptedVerifier(Adapted):
    """A claim against a text, as a cross-encoder (Nogueira and Cho 2019) with the three outcomes of inference (Bowman
    et al. 2015)."""

    def __init__(self, base: Encoder, *, weights: Path = ADAPTERS["built-in", VERIFIER]) -> None:
        super().__init__(base, weights=weights)

    @property
    def name(self) -> str:
        return f"verifier-3/{self.base.name}"

    def verify(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """See `Verifier.verify`."""
        rows = []
        for claim, text in pairs:
            evidence, _, title = text.partition(CONTEXT)
            rows.append(self.encode_pair(claim, evidence, title, most=(MAX_CLAIM, MAX_EVIDENCE)))
        logits = np.zeros((len(rows), 3), dtype=np.float32)
        for i, states in self._states(rows):
            _, head, bias = self._model
            logits[i] = head @ np.concatenate([states[0], states.mean(axis=0)]) + bias
        logits -= logits.max(axis=1, keepdims=True, initial=-np.inf) if len(rows) else 0.0
        found: Floats = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return found
