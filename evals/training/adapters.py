"""What `fit_reader` and `fit_verifier` share: the packaged MiniLM with an adapter, in torch.

Nothing here is used when Byline runs.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from embeddings.minilm import MiniLMEmbedder

Row = TypeVar("Row")

SEED = 7
RANK = 32
WARMING = 150  # steps in which the rate rises
BARE_RATE = 0.3  # the share of texts that are shown without their title
MATRICES = (
    *("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"),
    *("intermediate.dense", "output.dense"),
)


class LowRank(nn.Module):
    """x (W + B A)^T + b with W frozen (Hu et al. 2021, LoRA); b is trained."""

    def __init__(self, linear: nn.Linear, rank: int) -> None:
        super().__init__()
        self.weight, self.bias = linear.weight, linear.bias
        self.a = nn.Parameter(torch.randn(rank, linear.in_features) / linear.in_features**0.5)
        self.b = nn.Parameter(torch.zeros(linear.out_features, rank))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.linear(x, self.weight, self.bias) + (x @ self.a.T) @ self.b.T


class Adapted(nn.Module):
    """MiniLM with low-rank changes of its matrices, biases, norms and token types of its own, and a linear head."""

    def __init__(self, folder: Path, *, n_features: int, n_outputs: int) -> None:
        super().__init__()
        from transformers import BertModel

        # Eager attention: with bfloat16 it is twice as fast on a CPU as PyTorch's fused one.
        self.bert = BertModel.from_pretrained(folder, add_pooling_layer=False, attn_implementation="eager")
        self.bert.requires_grad_(False)
        for layer in self.bert.encoder.layer:
            for name in MATRICES:
                parent, _, leaf = name.rpartition(".")
                module = layer.get_submodule(parent)
                setattr(module, leaf, LowRank(getattr(module, leaf), RANK))
        for name, parameter in self.bert.named_parameters():
            small = parameter.ndim == 1 or name.endswith((".a", ".b", "token_type_embeddings.weight"))
            parameter.requires_grad_(small)
        self.head = nn.Linear(n_features, n_outputs)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        # No dropout: on a CPU it takes a third of a step, and so few rounds do not need it.
        self.eval()

    def states(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(n, t) each to the last hidden states (n, t, 384), in bfloat16's precision."""
        with torch.autocast("cpu", torch.bfloat16):
            found: torch.Tensor = self.bert(input_ids=ids, token_type_ids=types, attention_mask=mask)[0]
        return found.float()

    def adapter(self) -> dict[str, np.ndarray]:
        """What is shipped: `NAME.a` (rank, in) and `NAME.b` (out, rank) of each matrix, biases and norms, the head."""
        found = {n: p for n, p in self.bert.named_parameters() if p.requires_grad}
        tensors = {name: p.detach().numpy().astype(np.float16) for name, p in found.items()}
        return tensors | {
            "head.weight": self.head.weight.detach().numpy().astype(np.float32),
            "head.bias": self.head.bias.detach().numpy().astype(np.float32),
        }

    def restore(self, tensors: dict[str, np.ndarray], *, head: bool = True) -> None:
        """Take up what `adapter` gave, with its head or without."""
        parameters = dict(self.bert.named_parameters())
        with torch.no_grad():
            for name, tensor in tensors.items():
                if name.startswith("head.") and not head:
                    continue
                target = self.head.get_parameter(name[5:]) if name.startswith("head.") else parameters[name]
                target.copy_(torch.from_numpy(tensor.astype(np.float32)).reshape(target.shape))

    def save(self, path: Path) -> None:
        from safetensors.numpy import save_file

        partial = path.with_suffix(".partial")
        save_file(self.adapter(), str(partial))
        partial.replace(path)


Tokens = tuple[list[int], list[int]]
"""Token ids and token types."""


def padded(rows: Sequence[Tokens]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ids, types and mask, (n, longest) each."""
    longest = max(len(ids) for ids, _ in rows)
    ids, types, mask = (torch.zeros(len(rows), longest, dtype=torch.long) for _ in range(3))
    for row, (tokens, kinds) in enumerate(rows):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        types[row, : len(kinds)] = torch.tensor(kinds)
        mask[row, : len(tokens)] = 1
    return ids, types, mask


def batches_of(rows: Sequence[Row], size_of: Callable[[Row], int], n_tokens: int, rng: Any) -> list[list[Row]]:
    """Rows of like length share a batch of at most `n_tokens` tokens, in random order."""
    order = list(rows)
    rng.shuffle(order)
    batches: list[list[Row]] = []
    for i in range(0, len(order), 512):
        block = sorted(order[i : i + 512], key=size_of)
        while block:
            n = max(1, n_tokens // size_of(block[-1]))
            batches.append(block[-n:])
            del block[-n:]
    rng.shuffle(batches)
    return batches


def train(
    model: Adapted,
    batches: Sequence[Sequence[Row]],
    loss_of: Callable[[Sequence[Row]], torch.Tensor],
    *,
    rate: float,
    minutes: float,
    out: Path,
) -> None:
    """One step for each batch, with AdamW. The rate rises, and falls to 0 with the share of the steps or of `minutes`
    that is spent, whichever is larger. The adapter is written every 100 steps, and at the end."""
    torch.manual_seed(SEED)
    adapters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(adapters, lr=rate, weight_decay=0.01)
    started = time.perf_counter()
    losses: list[float] = []
    for step, batch in enumerate(batches):
        spent = time.perf_counter() - started
        left = 1 - max(step / len(batches), spent / (60 * minutes))
        if left <= 0:
            break
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / WARMING) * left
        loss = loss_of(batch)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(adapters, 1.0)
        optimizer.step()
        losses.append(loss.item())
        if step % 25 == 0:
            print(f"{step}/{len(batches)} loss {np.mean(losses[-100:]):.3f} left {left:.2f} {spent:.0f} s", flush=True)
        if step % 100 == 99:
            model.save(out)
    model.save(out)


def cached(path: Path, make: Callable[[], np.ndarray]) -> Any:
    """What `make` gave, kept in a file."""
    if not path.is_file():
        np.save(path, make())
    return np.load(path)


class Vectorizer:
    """Unit vectors (n, 384) in bfloat16's precision: enough to find negatives, at four times the speed."""

    def __init__(self, embedder: MiniLMEmbedder, *, longest: int = 128) -> None:
        from transformers import BertModel

        self._bert = BertModel.from_pretrained(
            embedder._folder, add_pooling_layer=False, attn_implementation="eager"
        ).eval()  # type: ignore[no-untyped-call]
        self._tokenizer, self._longest = embedder._tokenizer, longest

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        tokens = [encoding.ids[: self._longest] for encoding in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
        found = np.zeros((len(tokens), 384), dtype=np.float32)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            for i in range(0, len(order), 64):
                rows = order[i : i + 64]
                ids, _, mask = padded([(tokens[n], []) for n in rows])
                states = self._bert(input_ids=ids, attention_mask=mask)[0].float()
                found[rows] = ((states * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)).numpy()
        unit: np.ndarray = found / np.linalg.norm(found, axis=1, keepdims=True)
        return unit


def vectors_of(texts: Sequence[str], embedder: MiniLMEmbedder, longest: int = 128) -> np.ndarray:
    return Vectorizer(embedder, longest=longest)(texts)


_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)*")


def names_of(text: str) -> list[str]:
    """Capitalised words within sentences."""
    return [name for name in _NAME.findall(text) if len(name) > 3]
