"""Train the adapter of a verifier (`rag/models/verifier.py`): does a text carry a claim, say otherwise, or neither?

    python -m evals.training.fit_verifier --data DATA --out DIR [--base mpnet] [--mix short] [--start ADAPTER]

writes DIR/verifier.safetensors. Data, licences, method and results: evals/VERIFIER.md. Needs torch; nothing here is
used when Byline runs.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from embeddings.encoder import Encoder
from evals.loaders import DATA, read_jsonl
from evals.metrics import auroc
from evals.training.adapters import BASES, NEW_HEAD_RATE, RANKS, Adapted, Tokens, batches_of, load_base, rank_of, train
from evals.training.made_pairs import MADE
from evals.training.news import news_passages
from evals.training.pair_sets import SETS, cosines_of
from evals.training.pairs import MIXES, Label, Pair, mixed, narrow
from evals.training.texts import SEED, sentences_of
from rag.models.adapter import load_adapter
from rag.models.verifier import MAX_CLAIM, MAX_EVIDENCE, AdaptedVerifier

RATES = {"minilm": 5e-4, "mpnet": 4e-4}
TOKENS_PER_BATCH = 1600
ROUNDS = 2
WATCHED = 4  # one of so many held-out passages: looking takes time
DEFAULT_MIX = {"minilm": "middle", "mpnet": "small"}

Row = tuple[Tokens, Label]


class PairEncoder(Adapted):
    """A base with an adapter, and a head on the first token's state and the mean state, which gives three logits."""

    def __init__(self, base: Encoder, *, rank: int) -> None:
        super().__init__(base, rank=rank, features_per_state=2, n_outputs=3)

    def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(n, t) each to logits, (n, 3)."""
        states = self.states(ids, types, mask)
        mean = (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        logits: torch.Tensor = self.head(torch.cat([states[:, 0], mean], dim=1))
        return logits


def loss_of(logits: torch.Tensor, labels: Sequence[Label]) -> torch.Tensor:
    """Cross-entropy of the outcomes, (n, 3) logits. Of a pair that is only known not to be carried, that of the two
    other outcomes together."""
    logs = logits.log_softmax(dim=1)
    wanted = [
        log[1:].logsumexp(0) if label is Label.NOT_CARRIED else log[int(label)]
        for log, label in zip(logs, labels, strict=True)
    ]
    return -torch.stack(wanted).mean()


def encoded(pairs: Sequence[Pair], base: Encoder) -> list[Row]:
    """Tokens as the verifier makes them, with the label."""
    verifier = AdaptedVerifier(base)
    most = (MAX_CLAIM, MAX_EVIDENCE)
    return [(verifier.encode_pair(pair.claim, pair.evidence, pair.title, most=most), pair.label) for pair in pairs]


def log_odds(model: PairEncoder, rows: Sequence[Tokens]) -> np.ndarray:
    """The log-odds that each is carried, (n,)."""
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))
    found = np.zeros(len(rows), dtype=np.float32)
    with torch.no_grad():
        for at in range(0, len(order), 32):
            block = order[at : at + 32]
            logits = model(*model.padded([rows[i] for i in block]))
            found[block] = (logits[:, 0] - logits[:, 1:].logsumexp(1)).numpy()
    return found


def claims_of_the_suite() -> Iterator[Pair]:
    """The dev half of the suite `claims`, narrowed as the pairs are: what a run is watched by."""
    for passage in read_jsonl(DATA / "claims.jsonl"):
        if passage["split"] == "dev":
            sentences = sentences_of(passage["text"].replace("\n\n", " "))
            for claim in passage["claims"]:
                label = Label.CARRIED if claim["label"] == "carried" else Label.NOT_CARRIED
                yield Pair(claim=claim["text"], evidence=narrow(claim["text"], sentences), label=label)


def claims_held_out() -> Iterator[Pair]:
    """Those on some of the invented news that is held out."""
    for passage in news_passages(held_out=True)[::WATCHED]:
        cosines = cosines_of([claim.text for claim in passage.claims], passage.sentences)
        for claim, near in zip(passage.claims, cosines, strict=True):
            label = Label.CARRIED if claim.outcome == "carried" else Label.NOT_CARRIED
            yield Pair(claim=claim.text, evidence=narrow(claim.text, passage.sentences, cosines=near), label=label)


def watched(model: PairEncoder, sets: Mapping[str, Sequence[Row]]) -> str:
    """How well the claims of each set are told apart, in a few words."""
    told = []
    for name, rows in sets.items():
        odds = log_odds(model, [tokens for tokens, _ in rows])
        true = np.array([label is Label.CARRIED for _, label in rows])
        area = auroc(odds.tolist(), true.tolist())
        told.append(
            f"{name}: AUC {area:.3f}, kept {(odds[true] > 0).mean():.2f}, refused {(odds[~true] <= 0).mean():.2f}"
        )
    return "; ".join(told)


def drawn(data: Path, mix: str, seed: int, limit: int | None) -> list[Pair]:
    """The pairs of a round, with a count of each source and label printed."""
    pairs = list(mixed((*SETS, *MADE), data, mix, seed))
    counts = Counter((pair.source, pair.label.name.lower()) for pair in pairs)
    print(", ".join(f"{source} {label} {n}" for (source, label), n in sorted(counts.items())), flush=True)
    return random.Random(seed).sample(pairs, min(limit, len(pairs))) if limit else pairs


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the adapter of a verifier.")
    parser.add_argument("--data", type=Path, required=True, help="the folder of public data sets")
    parser.add_argument("--out", type=Path, required=True, help="where verifier.safetensors goes")
    parser.add_argument("--base", choices=BASES, default="minilm")
    parser.add_argument("--mix", choices=sorted(MIXES), help="which pairs; unless given, middle or, for mpnet, small")
    parser.add_argument("--start", type=Path, help="an adapter for the same base to start from")
    parser.add_argument("--new-head", action="store_true", help="the head starts from nothing and learns faster")
    parser.add_argument("--rate", type=float, help="the highest learning rate")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="pairs are drawn anew for each")
    parser.add_argument("--minutes", type=float, default=10**6, help="stop after so many minutes")
    parser.add_argument("--limit", type=int, help="so many pairs a round, to try it out")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    base, mix = load_base(args.base), args.mix or DEFAULT_MIX[args.base]
    batches: list[list[Row]] = []
    for n in range(args.rounds):
        rows = encoded(drawn(args.data, mix, SEED + n, args.limit), base)
        batches += batches_of(rows, lambda row: len(row[0][0]), TOKENS_PER_BATCH, random.Random(SEED + n))
    start = load_adapter(args.start) if args.start else None
    torch.manual_seed(SEED)
    model = PairEncoder(base, rank=rank_of(start) if start else RANKS[args.base])
    if start:
        model.restore(
            {name: tensor for name, tensor in start.items() if not (args.new_head and name.startswith("head."))}
        )
    sets = {"claims, dev": claims_of_the_suite(), "news held out": claims_held_out()}
    watch = {name: encoded(list(pairs), base) for name, pairs in sets.items()}

    def loss_of_rows(batch: Sequence[Row]) -> torch.Tensor:
        return loss_of(model(*model.padded([tokens for tokens, _ in batch])), [label for _, label in batch])

    train(
        model,
        batches,
        loss_of_rows,
        rate=args.rate or RATES[args.base],
        minutes=args.minutes,
        out=args.out / "verifier.safetensors",
        watch=lambda: watched(model, watch),
        head_rate=NEW_HEAD_RATE if args.new_head else 1.0,
    )


if __name__ == "__main__":
    main()
