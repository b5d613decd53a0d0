"""Feature hashing: an embedder without a model, for tests and for measurements of size."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from embeddings.protocol import Vectors, unit_rows

_WORD = re.compile(r"\w+")


class HashingEmbedder:
    """Words and pairs of neighbouring words, hashed with a sign into `dim` buckets (Weinberger et al. 2009,
    https://arxiv.org/abs/0902.2206). Texts that share words are near each other; nothing is known of meaning."""

    max_tokens = 1_000_000

    def __init__(self, dim: int = 256) -> None:
        if dim < 2:
            raise ValueError(f"dim is {dim}; it must be 2 or more")
        self.dim = dim
        self.name = f"hashing:{dim}"

    def n_tokens(self, text: str) -> int:
        return len(_WORD.findall(text))

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            words = _WORD.findall(text.lower())
            for feature in words + [f"{a} {b}" for a, b in pairwise(words)]:
                # crc32 and not hash(): the same in every process and on every machine.
                code = zlib.crc32(feature.encode("utf-8", "surrogatepass"))
                vectors[row, (code >> 1) % self.dim] += 1.0 if code & 1 else -1.0
        return unit_rows(vectors)
