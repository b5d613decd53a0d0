"""What `fit_reader` and `fit_verifier` share: either base model with an adapter, in torch.

Nothing here is used when Byline runs.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from embeddings.encoder import Encoder, named_as_bert
from embeddings.minilm import MiniLMEmbedder
from evals.training.quantized import Frozen
from evals.training.texts import SEED
from rag.models.larger import larger_base

Row = TypeVar("Row")
Tensors = Mapping[str, np.ndarray]

BASES = ("minilm", "mpnet")
# The larger base has twice the layers and twice the width: at the smaller rank its adapter has twice the numbers.
RANKS = {"minilm": 32, "mpnet": 16}
WARMING = 150  # steps in which the rate rises
NEW_HEAD_RATE = 8.0  # how much faster a head learns that starts from nothing
MULTIPLE = 8  # batches are padded to multiples of so many tokens: odd shapes are slow on a CPU
SAVED_EVERY = 250  # steps


def load_base(name: str) -> Encoder:
    """The base model of that name in BASES. BylineError where the larger one is not there."""
    return larger_base() if name == "mpnet" else MiniLMEmbedder().encoder


class LowRank(nn.Module):
    """x (W + B A)^T + b with W frozen (Hu et al. 2021, LoRA); b is trained."""

    def __init__(self, linear: nn.Linear, rank: int) -> None:
        super().__init__()
        self.frozen, self.bias = Frozen(linear.weight.detach()), linear.bias
        self.a = nn.Parameter(torch.randn(rank, linear.in_features) / linear.in_features**0.5)
        self.b = nn.Parameter(torch.zeros(linear.out_features, rank))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.frozen.multiply(x, self.bias) + (x @ self.a.T) @ self.b.T


class Adapted(nn.Module):
    """A base model with low-rank changes of its matrices, biases, norms and token types of its own, and a linear head.

    `rank` is that of the changes. No dropout: on a CPU it takes a third of a step, and so few rounds do not need it.
    """

    def __init__(self, base: Encoder, *, rank: int, features_per_state: int, n_outputs: int) -> None:
        super().__init__()
        from transformers import AutoModel, MPNetConfig

        self._shape = base.shape
        # The larger base comes as its weights and tokenizer alone.
        alone = MPNetConfig(vocab_size=30527, max_position_embeddings=514, layer_norm_eps=base.shape.epsilon)
        more = {} if (base.folder / "config.json").is_file() else {"config": alone}
        self.base: Any = AutoModel.from_pretrained(
            base.folder, add_pooling_layer=False, attn_implementation="eager", local_files_only=True, **more
        )
        self._takes_types = hasattr(self.base.embeddings, "token_type_embeddings")
        self.base.requires_grad_(False)
        for module in list(self.base.encoder.layer.modules()):
            for name, child in list(module.named_children()):
                if isinstance(child, nn.Linear):
                    setattr(module, name, LowRank(child, rank))
        for name, parameter in self.base.named_parameters():
            small = parameter.ndim == 1 or name.endswith((".a", ".b", "token_type_embeddings.weight"))
            parameter.requires_grad_(small)
        self.head = nn.Linear(features_per_state * self.base.config.hidden_size, n_outputs)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        self.eval()

    def states(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(n, t) each to the last hidden states (n, t, dim)."""
        more = {"token_type_ids": types} if self._takes_types else {}
        found: torch.Tensor = self.base(input_ids=ids, attention_mask=mask, **more)[0]
        return found

    def padded(self, rows: Sequence[Tokens]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """See `padded`, with the base's own padding."""
        return padded(rows, pad=self._shape.pad)

    def adapter(self) -> dict[str, np.ndarray]:
        """What is shipped, under BERT's names: `NAME.a` (rank, in) and `NAME.b` (out, rank) of each matrix, biases and
        norms in float16, the head in float32."""
        trained = {n: p.detach().numpy() for n, p in self.base.named_parameters() if p.requires_grad}
        tensors: dict[str, np.ndarray] = {n: t.astype(np.float16) for n, t in named_as_bert(trained).items()}
        head = {f"head.{name}": p.detach().numpy().astype(np.float32) for name, p in self.head.named_parameters()}
        return tensors | head

    def restore(self, tensors: Tensors) -> None:
        """Take up what `adapter` gave; the head only where it is of the same shape. ValueError where the tensors are
        of another base or rank."""
        own: dict[str, Any] = {**named_as_bert(dict(self.base.named_parameters()))}
        with torch.no_grad():
            for name, tensor in tensors.items():
                if name.startswith("head."):
                    target = self.head.get_parameter(name.removeprefix("head."))
                    if target.numel() != tensor.size:
                        continue
                elif name not in own or own[name].shape != tensor.shape:
                    raise ValueError(f"{name} {tensor.shape} is of another base or rank: start from an adapter for it")
                else:
                    target = own[name]
                target.copy_(torch.from_numpy(tensor.astype(np.float32)).reshape(target.shape))

    def save(self, path: Path) -> None:
        from safetensors.numpy import save_file

        partial = path.with_suffix(".partial")
        save_file(self.adapter(), str(partial))
        partial.replace(path)


def rank_of(tensors: Tensors) -> int:
    """The rank of an adapter's changes. ValueError where it has none."""
    ranks = {int(tensor.shape[0]) for name, tensor in tensors.items() if name.endswith(".a")}
    if len(ranks) != 1:
        raise ValueError(f"this is no adapter: it holds low-rank changes of {len(ranks)} ranks instead of one")
    return ranks.pop()


Tokens = tuple[list[int], list[int]]
"""Token ids and token types."""


def padded(rows: Sequence[Tokens], *, pad: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ids, types and mask, (n, longest) each, the longest made a multiple of MULTIPLE."""
    longest = -(-max(len(ids) for ids, _ in rows) // MULTIPLE) * MULTIPLE
    types, mask = (torch.zeros(len(rows), longest, dtype=torch.long) for _ in range(2))
    ids = torch.full((len(rows), longest), pad)
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
            n = max(1, n_tokens // (-(-size_of(block[-1]) // MULTIPLE) * MULTIPLE))
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
    watch: Callable[[], str] = lambda: "saved",
    head_rate: float = 1.0,
) -> None:
    """One step for each batch, with AdamW. The rate rises, and falls to 0 with the share of the steps or of `minutes`
    that is spent, whichever is larger; that of the head is `head_rate` times as high. The adapter is written to `out`,
    and what `watch` says is printed, every SAVED_EVERY steps and at the end."""
    torch.manual_seed(SEED)
    adapters = [p for p in model.parameters() if p.requires_grad]
    head = set(model.head.parameters())
    groups = [
        {"params": [p for p in adapters if p not in head], "share": 1.0},
        {"params": list(head), "share": head_rate},
    ]
    optimizer = torch.optim.AdamW(groups, lr=rate, weight_decay=0.01)
    started = time.perf_counter()
    losses: list[float] = []
    for step, batch in enumerate(batches):
        spent = time.perf_counter() - started
        left = 1 - max(step / len(batches), spent / (60 * minutes))
        if left <= 0:
            break
        for group in optimizer.param_groups:
            group["lr"] = rate * group["share"] * min(1.0, (step + 1) / WARMING) * left
        loss = loss_of(batch)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(adapters, 1.0)
        optimizer.step()
        losses.append(loss.item())
        if step % 25 == 0:
            print(f"{step}/{len(batches)} loss {np.mean(losses[-100:]):.3f} left {left:.2f} {spent:.0f} s", flush=True)
        if step % SAVED_EVERY == SAVED_EVERY - 1:
            model.save(out)
            print(watch(), flush=True)
    model.save(out)
    print(watch(), flush=True)


def cached_vectors(folder: Path, texts: Sequence[str], vectors_of: Callable[[Sequence[str]], np.ndarray]) -> np.ndarray:
    """The vectors of these texts, kept in a file that is named for them."""
    key = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]
    path = folder / f"vectors-{key}.npy"
    if not path.is_file():
        np.save(path, vectors_of(texts))
    found: np.ndarray = np.load(path)
    return found


def vectors_of(texts: Sequence[str], base: Encoder, longest: int = 128) -> np.ndarray:
    """Unit vectors (n, dim) of the packaged MiniLM, at most in bfloat16's precision: enough to find negatives."""
    from transformers import AutoModel

    model: Any = AutoModel.from_pretrained(
        base.folder, add_pooling_layer=False, attn_implementation="eager", local_files_only=True
    ).eval()
    tokens = [encoding.ids[:longest] for encoding in base.tokenizer.encode_batch(list(texts))]
    order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
    found = np.zeros((len(tokens), model.config.hidden_size), dtype=np.float32)
    with torch.no_grad():
        for i in range(0, len(order), 64):
            rows = order[i : i + 64]
            ids, _, mask = padded([(tokens[n], []) for n in rows], pad=base.shape.pad)
            states = model(input_ids=ids, attention_mask=mask)[0].float()
            found[rows] = ((states * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)).numpy()
    unit: np.ndarray = found / np.linalg.norm(found, axis=1, keepdims=True)
    return unit
