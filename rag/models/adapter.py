"""A base model with a small adapter and a head, in NumPy: what the readers and verifiers of both tiers share."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from embeddings.encoder import Encoder, named_as_bert
from rag.models.shipped import read_shipped

Floats = NDArray[np.float32]

READER, VERIFIER = "reader", "verifier"
_WEIGHTS = Path(__file__).parent / "weights"
# What ships: of each tier and use the file and its sha256.
_SHIPPED = {
    ("built-in", READER): ("reader.safetensors", "1e3452844f78c98d41b09635e15436007a9ea9eddb7c83a7cf00bac9c6b3b011"),
    ("built-in", VERIFIER): (
        "verifier.safetensors",
        "4b256765edadf0edb526687fa936ebea2a19d4f262a05ef8d7af840200705fe6",
    ),
    ("accurate", READER): (
        "reader-mpnet.safetensors",
        "bb81f0ba50ac6177f34dbec9fccaed365f35d5fe3b634223298db74b6f65b8d9",
    ),
    ("accurate", VERIFIER): (
        "verifier-mpnet.safetensors",
        "0f0c6346428a23471d163b7df4e9e04f7af22d59ac873dcd4e902756145f2c46",
    ),
}
ADAPTERS = {use: _WEIGHTS / file for use, (file, _) in _SHIPPED.items()}

TOKENS_PER_BATCH = 512  # more gains nothing on a CPU, and outgrows its caches
MAX_TITLE = 16  # word pieces kept of a title

Tokens = tuple[list[int], list[int]]
"""Token ids and token types."""


class Adapted:
    """A base model with an adapter: low-rank changes of its matrices, biases and norms of its own, and a linear head.

    Nothing is read before the first use; then a BylineError is raised when the adapter is missing or not the shipped
    one.
    """

    def __init__(self, base: Encoder, *, weights: Path) -> None:
        self.base = base
        self._path = weights

    @cached_property
    def _model(self) -> tuple[dict[str, Floats], Floats, Floats]:
        """The merged weights, the head (outputs, features) and its bias (outputs,)."""
        adapter = load_adapter(self._path)
        merged = self.base.joined(merge(self.base.weights, adapter))
        return merged, np.atleast_2d(adapter["head.weight"]), adapter["head.bias"]

    def _states(self, rows: Sequence[Tokens]) -> Iterator[tuple[int, Floats]]:
        """The last hidden states, (tokens, dim), of each row of token ids and types, with its place, in any order."""
        # Rows of like length share a batch, so that little of it is padding.
        order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))
        batches = []
        while order:
            n = max(1, TOKENS_PER_BATCH // len(rows[order[-1]][0]))
            batches.append(order[-n:])
            del order[-n:]

        def run(batch: Sequence[int]) -> Floats:
            types = np.zeros((len(batch), len(rows[batch[-1]][0])), dtype=np.int64)
            ids = np.full(types.shape, self.base.shape.pad, dtype=np.int64)
            mask = np.zeros(ids.shape, dtype=np.float32)
            for row, i in enumerate(batch):
                n = len(rows[i][0])
                ids[row, :n], types[row, :n] = rows[i]
                mask[row, :n] = 1.0
            return self.base.states(weights, ids, mask, types)

        weights = self._model[0]
        # A batch for each core, and one core for each product: threads within a product wait for each other in a loop,
        # which on a busy machine takes many times as long.
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(min(len(batches), os.cpu_count() or 1) or 1) as pool:
            for batch, states in zip(batches, pool.map(run, batches), strict=True):
                yield from ((i, states[row, : len(rows[i][0])]) for row, i in enumerate(batch))

    def encode_pair(self, first: str, second: str, title: str = "", *, most: tuple[int, int]) -> Tokens:
        """Token ids and types of two texts as a pair, of at most so many tokens each, and of the title that they stand
        under, if any. Type 1 marks the second."""
        shape = self.base.shape

        def ids(part: str, n: int) -> list[int]:
            found: list[int] = self.base.tokenizer.encode(part, add_special_tokens=False).ids
            return found[:n]

        between = [shape.stop] * (2 if shape.is_paired_twice else 1)
        asked = [shape.start, *ids(first, most[0]), *between]
        said = [*ids(second, most[1]), shape.stop]
        under = ids(title, MAX_TITLE) if title else []
        # The order of training: a second stop behind the title in the one, before it in the other.
        context = [shape.stop, *under, shape.stop] if shape.is_paired_twice else [*under, shape.stop, shape.stop]
        context = context if under else []
        return asked + said + context, [0] * len(asked) + [1] * len(said) + [0] * len(context)


def load_adapter(path: Path) -> dict[str, Floats]:
    """The adapter's tensors as float32. BylineError when the file is missing or is not the one that was shipped."""
    from safetensors.numpy import load

    data = read_shipped(path, {_WEIGHTS / file: sha256 for file, sha256 in _SHIPPED.values()}.get(path))
    return named_as_bert({name: tensor.astype(np.float32) for name, tensor in load(data).items()})


def merge(base: dict[str, Floats], adapter: dict[str, Floats]) -> dict[str, Floats]:
    """The base's weights with the adapter in them: W + B A for each matrix (Hu et al. 2021), the rest replaced. What
    the adapter leaves as it is shares memory with `base`."""
    weights = dict(base)
    for name, tensor in adapter.items():
        if name.endswith(".b"):
            matrix = name.removesuffix(".b")
            weights[f"{matrix}.weight"] = base[f"{matrix}.weight"] + tensor @ adapter[f"{matrix}.a"]
        elif not name.endswith(".a") and not name.startswith("head."):
            weights[name] = tensor
    return weights
