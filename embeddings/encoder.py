"""The forward pass of the transformers that Byline runs, in NumPy: torch alone takes ten seconds to import, far longer
than answering. BERT (Devlin et al. 2019) and MPNet (Song et al. 2020), which is BERT with one bias for each distance of
two tokens and without token types."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeddings.protocol import BylineError

Floats = NDArray[np.float32]
Weights = Mapping[str, Floats]

GELU_ROWS = 64  # at a time: what fits into a core's cache
# MPNet's distances: so many of either sign have a bias of their own or share one, up to the longest.
DISTANCES, LONGEST_DISTANCE = 32, 128


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What of a transformer its weights do not say. `first_position` is the row of the first token's position,
    `start` and `stop` the tokens around a text; `is_paired_twice`: two stops part a pair of texts."""

    layers: int
    heads: int
    epsilon: float
    first_position: int
    start: int
    stop: int
    pad: int
    is_paired_twice: bool


BERT_6 = Shape(layers=6, heads=12, epsilon=1e-12, first_position=0, start=101, stop=102, pad=0, is_paired_twice=False)
MPNET_12 = Shape(layers=12, heads=12, epsilon=1e-5, first_position=2, start=0, stop=2, pad=1, is_paired_twice=True)


class Encoder:
    """A transformer in a folder as sentence-transformers saves it: `model.safetensors` and `tokenizer.json`.

    Nothing is read before the first use; then a BylineError is raised when a file cannot be read, or the weights are
    not those of `sha256`.
    `mend` is the command that the error names.
    """

    def __init__(self, folder: Path, *, name: str, shape: Shape, sha256: str, mend: str) -> None:
        self.folder, self.name, self.shape = folder, name, shape
        self._sha256, self._mend = sha256, mend

    @cached_property
    def tokenizer(self) -> Any:
        """Of the package `tokenizers`, without padding and truncation."""
        from tokenizers import Tokenizer

        path = self.folder / "tokenizer.json"
        try:
            tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the package raises nothing finer
            raise BylineError(f"{path} is no tokenizer ({error}): {self._mend}.") from None
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer

    def verify(self) -> None:
        """Raise BylineError where the weights are not the published ones."""
        path = self.folder / "model.safetensors"
        try:
            digest = sha256_of(path)
        except OSError as error:
            raise BylineError(f"{path} cannot be read ({error.strerror}): {self._mend}.") from None
        if digest != self._sha256:
            raise BylineError(
                f"{path} is not the published {self.name} (sha256 {digest[:12]}…, expected {self._sha256[:12]}…): "
                f"{self._mend}."
            )

    @cached_property
    def weights(self) -> dict[str, Floats]:
        """Tensors under the names of BERT."""
        from safetensors.numpy import load_file

        self.verify()
        return named_as_bert(load_file(str(self.folder / "model.safetensors")))

    def states(
        self, weights: Weights, ids: NDArray[np.int64], mask: Floats, types: NDArray[np.int64] | None = None
    ) -> Floats:
        """The last hidden states, (n, t, dim), under `weights` (those of `joined`) for token ids, mask and token types
        (all 0 if None), each (n, t)."""
        n, t = ids.shape
        shape = self.shape
        x = weights["embeddings.word_embeddings.weight"][ids]
        x = x + weights["embeddings.position_embeddings.weight"][shape.first_position : shape.first_position + t]
        if (kinds := weights.get("embeddings.token_type_embeddings.weight")) is not None:
            x = x + kinds[0 if types is None else types]
        dim = x.shape[-1]
        x = _layer_norm(x, weights, "embeddings.LayerNorm", shape.epsilon).reshape(n * t, dim)
        bias = ((1.0 - mask) * np.float32(-1e9))[:, None, None, :]
        if (distances := weights.get("encoder.relative_attention_bias.weight")) is not None:
            bias = bias + distances[_distances(t)].transpose(2, 0, 1)[None]
        for layer in range(shape.layers):
            name = f"encoder.layer.{layer}"
            heads = _linear(x, weights, f"{layer}.qkv").reshape(n, t, 3, shape.heads, dim // shape.heads)
            query, key, value = heads.transpose(2, 0, 3, 1, 4)
            share = query @ key.transpose(0, 1, 3, 2) * np.float32((dim // shape.heads) ** -0.5) + bias
            share -= share.max(axis=-1, keepdims=True)
            np.exp(share, out=share)
            share /= share.sum(axis=-1, keepdims=True)
            context = (share @ value).transpose(0, 2, 1, 3).reshape(n * t, dim)
            context = _linear(context, weights, f"{name}.attention.output.dense") + x
            x = _layer_norm(context, weights, f"{name}.attention.output.LayerNorm", shape.epsilon)
            inner = _gelu(_linear(x, weights, f"{name}.intermediate.dense"))
            inner = _linear(inner, weights, f"{name}.output.dense") + x
            x = _layer_norm(inner, weights, f"{name}.output.LayerNorm", shape.epsilon)
        return x.reshape(n, t, dim)

    def joined(self, weights: Weights) -> dict[str, Floats]:
        """`weights` with one matrix for the queries, keys and values of each layer, which saves two products."""
        made = dict(weights)
        for layer in range(self.shape.layers):
            own = f"encoder.layer.{layer}.attention.self"
            for kind in ("weight", "bias"):
                parts = [weights[f"{own}.{part}.{kind}"] for part in ("query", "key", "value")]
                made[f"{layer}.qkv.{kind}"] = np.concatenate(parts)
        return made


_MPNET_NAMES = {"q": "self.query", "k": "self.key", "v": "self.value", "o": "output.dense"}


def named_as_bert(tensors: Weights) -> dict[str, Floats]:
    """The tensors under BERT's names: MPNet's `attention.attn.q` is `attention.self.query` there, and so on."""

    def renamed(name: str) -> str:
        name = re.sub(r"\.attention\.attn\.([qkvo])\.", lambda m: f".attention.{_MPNET_NAMES[m[1]]}.", name)
        return re.sub(r"\.attention\.LayerNorm\.", ".attention.output.LayerNorm.", name)

    return {renamed(name): tensor for name, tensor in tensors.items()}


def sha256_of(path: Path) -> str:
    """The file's checksum in hexadecimal. OSError where it cannot be read."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _linear(x: Floats, weights: Weights, name: str) -> Floats:
    product: Floats = x @ weights[f"{name}.weight"].T
    product += weights[f"{name}.bias"]
    return product


def _layer_norm(x: Floats, weights: Weights, name: str, epsilon: float) -> Floats:
    x = x - x.mean(axis=-1, keepdims=True)
    x /= np.sqrt(np.square(x).mean(axis=-1, keepdims=True) + np.float32(epsilon))
    x *= weights[f"{name}.weight"]
    x += weights[f"{name}.bias"]
    return x


def _distances(t: int) -> NDArray[np.int64]:
    """Which bias two of `t` tokens share, (t, t): half for either direction, near ones exact, far ones by the logarithm
    (Raffel et al. 2020, as MPNet uses it)."""
    offset = np.arange(t)[None, :] - np.arange(t)[:, None]
    half, exact = DISTANCES // 2, DISTANCES // 4
    far = np.abs(offset).astype(np.float64)
    scaled = exact + (np.log(np.maximum(far, 1) / exact) / np.log(LONGEST_DISTANCE / exact) * (half - exact)).astype(
        int
    )
    bucket = np.where(far < exact, far, np.minimum(scaled, half - 1)).astype(np.int64)
    shared: NDArray[np.int64] = np.where(offset > 0, half, 0) + bucket
    return shared


def _gelu(x: Floats) -> Floats:
    """x * Phi(x) in place, with erf from Abramowitz and Stegun 7.1.26 (absolute error below 1.5e-7)."""
    for at in range(0, len(x), GELU_ROWS):
        rows = x[at : at + GELU_ROWS]
        z = np.abs(rows)
        z *= np.float32(0.7071067811865476)
        t = 1.0 / (1.0 + np.float32(0.3275911) * z)
        poly = t * np.float32(1.061405429)
        for coefficient in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
            poly += np.float32(coefficient)
            poly *= t
        np.square(z, out=z)
        np.negative(z, out=z)
        poly *= np.exp(z, out=z)
        np.subtract(1.0, poly, out=poly)
        np.copysign(poly, rows, out=poly)
        poly += 1.0
        poly *= np.float32(0.5)
        rows *= poly
    return x
