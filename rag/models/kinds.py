"""What kind of answer a question wants: one sentence, a development, things set against each other, or several members
of a set. A linear classifier of the question's vector and of its words and pairs of words; how it was fitted, and what
it gains: evals/READER.md."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from embeddings.protocol import Vectors
from rag.models.shipped import read_shipped

Kind = Literal["fact", "summary", "comparison", "list"]
KINDS: tuple[Kind, ...] = ("fact", "summary", "comparison", "list")
# Another kind than a fact is believed from here on: 1 to 3% of the facts of another writer are then taken for one.
SURE = 0.5

WEIGHTS = Path(__file__).parent / "weights" / "kinds.json"
SHA256 = "c9625d6019d927e4c3f44b9fa74bcaa5cb5aa478adfc44222c073898044e1685"  # of them, as shipped

_WORD = re.compile(r"\w+|\?")


def tell_kind(question: str, vector: Vectors) -> Kind:
    """The kind of answer that `question` wants. `vector` is its vector by the packaged MiniLM, (384,), unit norm."""
    shares = kind_shares(question, vector)
    best = int(shares.argmax())
    return KINDS[best] if shares[best] >= SURE else "fact"


def kind_shares(question: str, vector: Vectors) -> NDArray[np.float64]:
    """The probability of each of KINDS, (4,)."""
    of_words, of_vector, bias = _weights()
    logits = bias + of_vector @ np.asarray(vector, dtype=np.float64)
    for feature in words_and_pairs(question):
        if feature in of_words:
            logits = logits + of_words[feature]
    shares = np.exp(logits - logits.max())
    return np.asarray(shares / shares.sum())


def words_and_pairs(question: str) -> set[str]:
    """The words of a question and its pairs of neighbours, in small letters; "?" is a word."""
    words = _WORD.findall(question.lower())
    return {*words, *(f"{one} {other}" for one, other in pairwise(words))}


@lru_cache(maxsize=1)
def _weights() -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64], NDArray[np.float64]]:
    stored = json.loads(read_shipped(WEIGHTS, SHA256))
    of_words = {word: np.array(weights) for word, weights in stored["words"].items()}
    return of_words, np.array(stored["vector"]), np.array(stored["bias"])
