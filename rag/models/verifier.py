"""Does a text carry a claim? The built-in verifier.

It is the packaged MiniLM with an adapter (`rag.models.adapter`). How it was trained, on which data, and what it gains:
evals/READER.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from embeddings.minilm import MiniLMEmbedder
from rag.models.adapter import MAX_TITLE, START, STOP, VERIFIER_WEIGHTS, Adapted, Floats

# Between a sentence and its article's title. A control character, so that no article's text holds it.
CONTEXT = "\x1f"
# Word pieces kept of a claim and of its evidence.
MAX_CLAIM, MAX_EVIDENCE = 80, 160


@runtime_checkable
class Verifier(Protocol):
    """Says how well texts carry a claim."""

    def verify(self, claim: str, texts: Sequence[str]) -> Floats:
        """Log-odds that each text carries the claim, (n,) float32, in input order; n = 0 is fine. A text may be a
        sentence by itself or as `with_context` gives it."""
        ...


def with_context(sentence: str, title: str = "") -> str:
    """A sentence with its article's title, where there is one: input for `verify`."""
    return f"{sentence}{CONTEXT}{title}" if title else sentence


class BuiltInVerifier(Adapted):
    """The built-in verifier: a claim against a text, as a cross-encoder (Nogueira and Cho 2019)."""

    def __init__(self, base: MiniLMEmbedder | None = None, *, weights: Path = VERIFIER_WEIGHTS) -> None:
        super().__init__(base, weights=weights)

    def verify(self, claim: str, texts: Sequence[str]) -> Floats:
        """See `Verifier.verify`."""
        pairs = [encode_pair(self._base._tokenizer, claim, text) for text in texts]
        scores = np.zeros(len(texts), dtype=np.float32)
        for i, states in self._states(pairs):
            _, head, bias = self._model
            scores[i] = float(np.concatenate([states[0], states.mean(axis=0)]) @ head[0] + bias[0])
        return scores


def encode_pair(tokenizer: Any, claim: str, text: str) -> tuple[list[int], list[int]]:
    """Token ids and token types of `[CLS] claim [SEP] evidence [SEP]`, and `title [SEP] [SEP]` where `text` carries
    one. Type 1 marks the evidence."""
    evidence, _, title = text.partition(CONTEXT)

    def ids(part: str) -> list[int]:
        found: list[int] = tokenizer.encode(part, add_special_tokens=False).ids
        return found

    asked = [START, *ids(claim)[:MAX_CLAIM], STOP]
    said = [*ids(evidence)[:MAX_EVIDENCE], STOP]
    context = [*ids(title)[:MAX_TITLE], STOP, STOP] if title else []
    return asked + said + context, [0] * len(asked) + [1] * len(said) + [0] * len(context)
