"""The packaged MiniLM with a small adapter and a head, in NumPy on the embedder's own forward pass: what the built-in
reader and verifier have in common."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from embeddings.minilm import LAYERS, MiniLMEmbedder, shared
from rag.errors import BylineError

Floats = NDArray[np.float32]

READER_WEIGHTS = Path(__file__).parent / "weights" / "reader.safetensors"
VERIFIER_WEIGHTS = READER_WEIGHTS.with_name("verifier.safetensors")
SHIPPED = {  # sha256
    READER_WEIGHTS: "a92a7dfe55f7cca29a808e4e1566a63206067a4296fa5437c31f0fd230cf427a",
    VERIFIER_WEIGHTS: "659ccae61084548da4b8f8316abf2447d12f07702d309838b7928dfb3d16a5c8",
}

TOKENS_PER_BATCH = 512  # more gains nothing on a CPU, and outgrows its caches
START, STOP = 101, 102  # [CLS] and [SEP] of BERT's vocabulary
MAX_TITLE = 10  # word pieces kept of a title


class Adapted:
    """The packaged MiniLM with an adapter: low-rank changes of its matrices, its biases, and a linear head.

    `base` is the model beneath; unless given, the one that this process shares. Nothing is read before the first use;
    then a BylineError is raised when the adapter is missing or not the shipped one.
    """

    def __init__(self, base: MiniLMEmbedder | None = None, *, weights: Path) -> None:
        self._base = base if base is not None else shared()
        self._path = weights

    @cached_property
    def _model(self) -> tuple[MiniLMEmbedder, Floats, Floats]:
        """The merged model, the head (outputs, features) and its bias (outputs,)."""
        adapter = load_adapter(self._path)
        weights = merge(self._base._weights, adapter)
        return _Merged(weights), np.atleast_2d(adapter["head.weight"]), adapter["head.bias"]

    def _states(self, rows: Sequence[tuple[list[int], list[int]]]) -> Iterator[tuple[int, Floats]]:
        """The last hidden states, (tokens, 384), of each row of token ids and types, with its place, in any order."""
        # Rows of like length share a batch, so that little of it is padding.
        order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))
        batches = []
        while order:
            n = max(1, TOKENS_PER_BATCH // len(rows[order[-1]][0]))
            batches.append(order[-n:])
            del order[-n:]

        def run(batch: Sequence[int]) -> Floats:
            ids, types = np.zeros((2, len(batch), len(rows[batch[-1]][0])), dtype=np.int64)
            mask = np.zeros(ids.shape, dtype=np.float32)
            for row, i in enumerate(batch):
                n = len(rows[i][0])
                ids[row, :n], types[row, :n] = rows[i]
                mask[row, :n] = 1.0
            return model._bert(ids, mask, types)

        model = self._model[0]
        # A batch for each core, and one core for each product: threads within a product wait for each other in a loop,
        # which on a busy machine takes many times as long.
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(min(len(batches), os.cpu_count() or 1) or 1) as pool:
            for batch, states in zip(batches, pool.map(run, batches), strict=True):
                yield from ((i, states[row, : len(rows[i][0])]) for row, i in enumerate(batch))


class _Merged(MiniLMEmbedder):
    """The forward pass of MiniLM over other weights."""

    def __init__(self, weights: dict[str, Floats]) -> None:
        super().__init__()
        self._weights = weights  # takes the place of the cached property


def load_adapter(path: Path) -> dict[str, Floats]:
    """The adapter's tensors as float32. BylineError when the file is missing or is not the one that was shipped."""
    from safetensors.numpy import load

    try:
        data = path.read_bytes()
    except OSError as error:
        raise BylineError(f"the reader's weights cannot be read ({error}): reinstall byline.") from error
    digest = hashlib.sha256(data).hexdigest()
    expected = SHIPPED.get(path, digest)
    if digest != expected:
        raise BylineError(
            f"{path} is not the reader that was shipped (sha256 {digest[:12]}…, expected {expected[:12]}…): "
            "reinstall byline."
        )
    return {name: tensor.astype(np.float32) for name, tensor in load(data).items()}


def merge(base: dict[str, Floats], adapter: dict[str, Floats]) -> dict[str, Floats]:
    """MiniLM's weights with the adapter in them: W + B A for each matrix (Hu et al. 2021), the rest replaced. What
    the adapter leaves as it is shares memory with `base`."""
    weights = dict(base)
    for name, tensor in adapter.items():
        if name.endswith(".b"):
            matrix = name.removesuffix(".b")
            weights[f"{matrix}.weight"] = base[f"{matrix}.weight"] + tensor @ adapter[f"{matrix}.a"]
        elif not name.endswith(".a") and not name.startswith("head."):
            weights[name] = tensor
    for layer in range(LAYERS):
        own = f"encoder.layer.{layer}.attention.self"
        for kind in ("weight", "bias"):
            parts = [weights[f"{own}.{part}.{kind}"] for part in ("query", "key", "value")]
            weights[f"{layer}.qkv.{kind}"] = np.concatenate(parts)
    return weights
