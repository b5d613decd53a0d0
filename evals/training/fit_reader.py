"""Train the adapter of a reader (`rag/models/reader.py`): which sentence answers, and in which words?

    python -m evals.training.fit_reader --data DATA --out DIR [--base mpnet] [--start ADAPTER]

writes DIR/reader.safetensors and, with --start, DIR/mean.safetensors, the mean of the two. Data, split and results:
evals/READER.md. Needs torch; nothing here is used when Byline runs.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from embeddings.encoder import Encoder
from embeddings.minilm import MiniLMEmbedder
from evals.training.adapters import (
    BASES,
    NEW_HEAD_RATE,
    RANKS,
    Adapted,
    Tensors,
    batches_of,
    cached_vectors,
    load_base,
    rank_of,
    train,
    vectors_of,
)
from evals.training.reader_data import Case, cases_to_train
from evals.training.reader_examples import WORDLESS, Example, examples_of, holds
from evals.training.reader_sets import training_cases
from evals.training.stories import story_cases, story_of
from evals.training.texts import SEED
from rag.models.adapter import load_adapter
from rag.models.reader import Encoded, encode_passage, readings_of

RATES = {"minilm": 6e-4, "mpnet": 4e-4}
TOKENS_PER_BATCH = 4096
ROUNDS = 4
N_OTHERS = 4  # near paragraphs that are kept of each question


def others_of(cases: Sequence[Case], cache: Path) -> list[list[Case]]:
    """For each question the nearest paragraphs, as cases of their own, that do not hold its answer, nearest first."""
    minilm = MiniLMEmbedder().encoder
    paragraphs = list({case.paragraph: case for case in cases}.values())
    vectors = cached_vectors(cache, [c.paragraph for c in paragraphs], lambda texts: vectors_of(texts, minilm, 256))
    queries = cached_vectors(cache, [case.question for case in cases], lambda texts: vectors_of(texts, minilm))
    found = []
    for case, query in zip(cases, queries, strict=True):
        near = [paragraphs[i] for i in np.argsort(-(vectors @ query))[:12]]
        if case.source == "stories":
            near = [other for other in near if story_of(other) != story_of(case)]
        if case.source in WORDLESS:  # there are no words by which to tell, and another of the same title may answer too
            near = [other for other in near if other.title != case.title]
        near = [o for o in near if o.paragraph != case.paragraph and not holds(o.sentences, case.answers)]
        found.append(near[:N_OTHERS])
    return found


def by_difficulty(
    cases: Sequence[Case], others: Sequence[Sequence[Case]], model: PassageEncoder, base: Encoder
) -> list[list[Case]]:
    """`others`, those that `model` takes most for an answer first (Xiong et al. 2021: negatives by the model itself).
    Not for NQ's questions, whose answers are often there in other words, nor for those on invented news, which have
    been given false friends by hand."""
    known = ("nq", "news", "stories")
    pairs = [(n, m) for n, case in enumerate(cases) if case.source not in known for m in range(len(others[n]))]
    encoded = [encode_passage(base, cases[n].question, others[n][m].sentences, others[n][m].title) for n, m in pairs]
    scores = np.full((len(cases), N_OTHERS), -np.inf)
    for pair, read, logits in zip(pairs, encoded, logits_of(model, encoded), strict=True):
        scores[pair] = max((float(r.answer_score or 0) for r in readings_of(read, logits)), default=-np.inf)
    return [[row[m] for m in np.argsort(-s[: len(row)], kind="stable")] for row, s in zip(others, scores, strict=True)]


def logits_of(model: PassageEncoder, encoded: Sequence[Encoded], batch: int = 32) -> list[np.ndarray]:
    """The logits of the tokens of each passage, (tokens, 3), in order."""
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i].ids))
    found: list[np.ndarray] = [np.zeros((0, 3), dtype=np.float32)] * len(encoded)
    with torch.no_grad():
        for at in range(0, len(order), batch):
            block = order[at : at + batch]
            logits = model(*model.padded([(encoded[i].ids, encoded[i].types) for i in block])).numpy()
            for i, row in zip(block, logits, strict=True):
                found[i] = row[: len(encoded[i].ids)]
    return found


@dataclass(frozen=True, kw_only=True)
class Row:
    """An example as tokens. `span` is the answer's first and last token; (0, 0) where nothing answers; None unknown."""

    encoded: Encoded
    gold: tuple[int, ...]
    doubtful: tuple[int, ...]
    span: tuple[int, int] | None


def row_of(example: Example, base: Encoder) -> Row | None:
    """None where a sentence that answers lies beyond what is read, or one has no tokens, and so no mean of them."""
    encoded = encode_passage(base, example.question, example.sentences, example.title)
    n = len(encoded.spans)
    if not n or any(i >= n for i in example.gold) or any(start == end for start, end in encoded.spans):
        return None
    span: tuple[int, int] | None = None
    if not example.gold and not example.doubtful:
        span = (0, 0)
    elif example.answer is not None:
        i, start, end = example.answer
        first, last = encoded.spans[i]
        inside = [
            first + k for k, (a, b) in enumerate(encoded.offsets[i]) if a < end and b > start and first + k < last
        ]
        span = (inside[0], inside[-1]) if inside else None
    return Row(
        encoded=encoded,
        gold=tuple(sorted(example.gold)),
        doubtful=tuple(i for i in example.doubtful if i < n),
        span=span,
    )


class PassageEncoder(Adapted):
    """A base with an adapter, and a head with three logits for each token: that the answer begins with it, that it ends
    with it (the first token of all: that nothing answers), and its share in what is said of its sentence."""

    def __init__(self, base: Encoder, *, rank: int) -> None:
        super().__init__(base, rank=rank, features_per_state=1, n_outputs=3)

    def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(n, t) each to (n, t, 3)."""
        logits: torch.Tensor = self.head(self.states(ids, types, mask))
        return logits


def load_model(base: Encoder, tensors: Tensors) -> PassageEncoder:
    """The reader of an adapter. ValueError where it is for another base."""
    model = PassageEncoder(base, rank=rank_of(tensors))
    model.restore(tensors)
    return model


def sentence_logits(tokens: torch.Tensor, spans: Sequence[tuple[int, int]]) -> torch.Tensor:
    return torch.stack([tokens[a:b].mean() for a, b in spans])


def loss_of_rows(logits: torch.Tensor, rows: Sequence[Row]) -> torch.Tensor:
    """The choice of the first and the last token (Devlin et al. 2019, section 4.3); the choice among the sentences and
    none of them (log-odds 0); and each sentence for itself."""
    losses = []
    for row_logits, row in zip(logits, rows, strict=True):
        scores = sentence_logits(row_logits[:, 2], row.encoded.spans)
        counts = torch.tensor([i not in row.doubtful for i in range(len(scores))])
        right = torch.tensor([i in row.gold for i in range(len(scores))])
        if counts.any():
            alone = nn.functional.binary_cross_entropy_with_logits(scores[counts], right[counts].float())
            losses.append(0.5 * alone)
        none = scores.new_zeros(1)
        if row.gold or not row.doubtful:
            wanted = scores[right] if row.gold else none
            losses.append(torch.cat([none, scores[counts]]).logsumexp(0) - wanted.logsumexp(0))
        start, stop = row.encoded.spans[0][0], row.encoded.spans[-1][1]
        for column in range(2):
            allowed = torch.cat([row_logits[:1, column], row_logits[start:stop, column]])
            if row.span is not None:
                losses.append(0.5 * (allowed.logsumexp(0) - row_logits[row.span[column], column]))
            elif row.gold and not row.doubtful:  # somewhere in the sentences that answer
                within = torch.cat([row_logits[a:b, column] for a, b in (row.encoded.spans[i] for i in row.gold)])
                losses.append(0.5 * (allowed.logsumexp(0) - within.logsumexp(0)))
    return torch.stack(losses).sum() / len(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the adapter that reads passages.")
    parser.add_argument("--data", type=Path, required=True, help="the folder of public data sets")
    parser.add_argument("--out", type=Path, required=True, help="where reader.safetensors goes")
    parser.add_argument("--base", choices=BASES, default="minilm")
    parser.add_argument("--start", type=Path, help="a reader to start from")
    parser.add_argument("--new-head", action="store_true", help="it starts from an adapter with another head")
    parser.add_argument("--tokens", type=int, default=TOKENS_PER_BATCH, help="in a batch")
    parser.add_argument("--hardest", action="store_true", help="let it find the hardest paragraphs first (slow)")
    parser.add_argument("--rate", type=float, help="the highest learning rate")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="passages are drawn anew for each")
    parser.add_argument("--minutes", type=float, default=10**6, help="stop after so many minutes")
    parser.add_argument("--share", type=float, default=1.0, help="of the questions that are not on invented news, 0..1")
    parser.add_argument("--news-share", type=float, default=1.0, help="of those that are")
    parser.add_argument("--stories", action="store_true", help="with the questions on invented stories")
    parser.add_argument("--limit", type=int, help="so many questions, to try it out")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    base, start = load_base(args.base), load_adapter(args.start) if args.start else None
    cases = cases_to_train(training_cases(args.data))
    drawn = {True: (random.Random(SEED), args.news_share), False: (random.Random(SEED), args.share)}
    cases = [case for case in cases if (draw := drawn[case.source == "news"])[0].random() < draw[1]]
    cases = random.Random(SEED).sample(cases, min(args.limit, len(cases))) if args.limit else cases
    torch.manual_seed(SEED)
    others: list[list[Case]] = others_of(cases, args.out)
    stories = list(story_cases()) if args.stories else []
    # The other articles of its story first, then what a search in many stories finds beside them.
    strangers = others_of([case for case, _ in stories], args.out) if stories else []
    cases += [case for case, _ in stories]
    others += [[*own, *far] for (_, own), far in zip(stories, strangers, strict=True)]
    model = load_model(base, start) if start else PassageEncoder(base, rank=RANKS[args.base])
    if args.hardest:
        others = by_difficulty(cases, others, model, base)
    batches: list[list[Row]] = []
    for n in range(args.rounds):
        rng = random.Random(SEED + n)
        examples = examples_of(cases, others, rng, tokenizer=base.tokenizer)
        rows = [row for e in examples if (row := row_of(e, base)) is not None]
        n_null = sum(row.span == (0, 0) for row in rows)
        print(f"round {n}: {len(rows)} passages, {n_null} without an answer", flush=True)
        batches += batches_of(rows, lambda row: len(row.encoded.ids), args.tokens, rng)

    def loss_of(batch: Sequence[Row]) -> torch.Tensor:
        return loss_of_rows(model(*model.padded([(row.encoded.ids, row.encoded.types) for row in batch])), batch)

    trained = args.out / "reader.safetensors"
    train(
        model,
        batches,
        loss_of,
        rate=args.rate or RATES[args.base],
        minutes=args.minutes,
        out=trained,
        head_rate=NEW_HEAD_RATE if args.new_head else 1.0,
    )
    if args.start and not args.new_head:
        mean_of(args.start, trained, args.out / "mean.safetensors")


def mean_of(one: Path, other: Path, out: Path) -> None:
    """The adapter half way between two of which one was trained from the other (Wortsman et al. 2022, WiSE-FT)."""
    from safetensors.numpy import save_file

    first, second = load_adapter(one), load_adapter(other)
    kinds = {name: np.float32 if name.startswith("head.") else np.float16 for name in second}
    mean = {name: ((first.get(name, second[name]) + second[name]) / 2).astype(kind) for name, kind in kinds.items()}
    save_file(mean, str(out))


if __name__ == "__main__":
    main()
