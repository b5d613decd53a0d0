"""Train the adapter of the built-in verifier (`rag/models/verifier.py`): does a text carry a claim?

    python -m evals.training.fit_verifier --data DATA --out DIR [--start ADAPTER]

writes DIR/verifier.safetensors. Data, split and results: evals/READER.md. Needs torch; nothing here is used when Byline
runs.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from embeddings.minilm import MiniLMEmbedder
from evals.training.adapters import BARE_RATE, SEED, Adapted, Tokens, batches_of, names_of, padded, train
from evals.training.lies import lies, names_in, paraphrases
from evals.training.reader_data import Case, cases_of, claim_of, trimmed
from evals.training.support_data import fever
from rag.models.adapter import load_adapter
from rag.models.verifier import encode_pair, with_context
from rag.text.sentences import split_sentences

RATE = 1e-3
TOKENS_PER_BATCH = 3072
ROUNDS = 2
N_EDITED = 3000


@dataclass(frozen=True, kw_only=True)
class Group:
    """A claim, and texts (in context) that carry it, or not."""

    claim: str
    pairs: tuple[tuple[str, bool], ...]


_NUMBER = re.compile(r"\b\d+\b")


def claims_of_fever(data: Path) -> Iterator[Group]:
    """The half of FEVER that is not held out."""
    for e in fever(data, 10_000):
        if not e.is_held_out:
            yield Group(claim=e.claim, pairs=((trimmed(e.evidence[0]), e.is_supported),))


def claims_of_science(data: Path, rng: random.Random) -> Iterator[Group]:
    """SciFact (Wadden et al. 2020): a claim with the sentences that carry or refute it, and with others of the same
    abstract, which do not carry it."""
    with zipfile.ZipFile(data / "beir_scifact" / "scifact.zip") as archive:
        with archive.open("scifact/corpus.jsonl") as file:
            titles = {row["_id"]: (row["title"], row["text"]) for row in map(json.loads, file)}
        with archive.open("scifact/queries.jsonl") as file:
            rows = [json.loads(line) for line in file]
    for row in rows:
        for key, found in row["metadata"].items():
            title, text = titles[key]
            sentences = [text[a:b] for a, b in split_sentences(text)]
            chosen = sorted({i for part in found for i in part["sentences"]})
            if not chosen or chosen[-1] >= len(sentences):
                continue
            pairs = [(" ".join(sentences[i] for i in chosen[:2]), found[0]["label"] == "SUPPORT")]
            rest = [i for i in range(len(sentences)) if not {i - 1, i, i + 1} & set(chosen)]
            pairs += [(sentences[i], False) for i in rng.sample(rest, min(1, len(rest)))]
            context = "" if rng.random() < BARE_RATE else title
            pairs = [(with_context(t, title=context) if context else t, label) for t, label in pairs]
            yield Group(claim=row["text"], pairs=tuple(pairs))


def claims_of_answers(cases: Sequence[Case], rng: random.Random) -> Iterator[Group]:
    """Questions with their answer as a claim: carried by the sentence that answers, not by others of its paragraph; and
    with another name or number of the paragraph as the answer, not carried."""
    for case in cases:
        if len(case.gold) != 1 or not case.answers:
            continue
        gold = case.sentences[min(case.gold)]
        answer = min((a for a in case.answers if a in gold), key=len, default="")
        claim = claim_of(case.question, answer)
        if not claim:
            continue
        bare = rng.random() < 0.5
        shown = [s if bare else with_context(s, title=case.title) for s in (gold, *case.sentences)]
        others = [i for i in range(len(case.sentences)) if i not in case.gold | case.doubtful]
        pairs = [(shown[0], True)]
        if others:
            near = max(others, key=lambda i: len(set(_words(claim)) & set(_words(case.sentences[i]))))
            pairs.append((shown[1 + near], False))
        yield Group(claim=claim, pairs=tuple(pairs))
        digits = answer[:1].isdigit()
        pool = _NUMBER.findall(case.paragraph) if digits else names_of(case.paragraph)
        pool = [p for p in dict.fromkeys(pool) if p not in answer and answer not in p and p not in case.question]
        if pool and (wrong := claim_of(case.question, rng.choice(pool))):
            yield Group(claim=wrong, pairs=((shown[0], False),))


def claims_of_edits(cases: Sequence[Case], n: int, rng: random.Random) -> Iterator[Group]:
    """Lies about and paraphrases of sentences, against the sentence, alone or among its neighbours; and sentences
    against their neighbours only."""
    paragraphs = list({case.paragraph: case for case in cases if case.source == "squadshifts"}.values())
    names: dict[str, set[str]] = defaultdict(set)
    nouns: dict[str, set[str]] = defaultdict(set)
    for case in paragraphs:
        for s in case.sentences:
            names[case.title] |= set(names_in(s))
            nouns[case.title] |= set(re.findall(r"(?<=\bthe )[a-z]{4,}(?= of|\.)", s))
    places = [(case, i) for case in paragraphs for i in range(len(case.sentences))]
    for case, i in rng.sample(places, min(n, len(places))):
        sentence = case.sentences[i]
        if not 6 <= len(sentence.split()) <= 40 or sentence.endswith("?"):
            continue
        before, after = case.sentences[i - 1] if i else "", (*case.sentences, "")[i + 1]
        around = " ".join(part for part in (before, sentence, after) if part)
        wrong = lies(sentence, other_names=sorted(names[case.title]), other_nouns=sorted(nouns[case.title]))
        by_kind = dict(rng.sample(found := list(wrong), len(found)))
        true = [*paraphrases(sentence, before=before, after=after), ("verbatim", sentence)]
        made = [(text, False) for kind, text in rng.sample(sorted(by_kind.items()), min(2, len(by_kind)))]
        made += [(text, True) for kind, text in rng.sample(true, min(2, len(true))) if kind != "joined"]
        for text, label in made:
            yield Group(claim=text, pairs=((around if rng.random() < 0.5 else sentence, label),))
        if rng.random() < 0.4 and (rest := f"{before} {after}".strip()):
            yield Group(claim=sentence, pairs=((rest, False),))


def _words(text: str) -> list[str]:
    return re.findall(r"\w{3,}", text.lower())


class PairEncoder(Adapted):
    """MiniLM with adapters, and a head on the first token's state and the mean state."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, n_features=768, n_outputs=1)

    def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(n, t) each to log-odds, (n,)."""
        states = self.states(ids, types, mask)
        mean = (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        logits: torch.Tensor = self.head(torch.cat([states[:, 0], mean], dim=1))[:, 0]
        return logits


def log_odds(model: PairEncoder, pairs: Sequence[Tokens]) -> NDArray[np.float32]:
    """The log-odds of many pairs, (n,), in bfloat16's precision."""
    order = sorted(range(len(pairs)), key=lambda i: len(pairs[i][0]))
    found = np.zeros(len(pairs), dtype=np.float32)
    with torch.no_grad():
        for i in range(0, len(order), 64):
            rows = order[i : i + 64]
            found[rows] = model(*padded([pairs[n] for n in rows])).numpy()
    return found


def all_groups(data: Path, seed: int) -> list[Group]:
    rng = random.Random(seed)
    cases = [case for case in cases_of(data) if case.part == "adapter" and (case.gold or not case.doubtful)]
    made = {
        "FEVER": list(claims_of_fever(data)),
        "SciFact": list(claims_of_science(data, rng)),
        "answers": list(claims_of_answers(cases, rng)),
        "edits": list(claims_of_edits(cases, N_EDITED, rng)),
    }
    for name, groups in made.items():
        n, right = sum(len(g.pairs) for g in groups), sum(y for g in groups for _, y in g.pairs)
        print(f"{name}: {len(groups)} claims, {n} pairs, {right} right", flush=True)
    return [group for groups in made.values() for group in groups]


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the adapter of the verifier.")
    parser.add_argument("--data", type=Path, required=True, help="the folder of public data sets")
    parser.add_argument("--out", type=Path, required=True, help="where verifier.safetensors goes")
    parser.add_argument("--start", type=Path, help="an adapter to start from (its head is not used)")
    parser.add_argument("--minutes", type=float, default=10**6, help="stop after so many minutes")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    embedder = MiniLMEmbedder()
    batches = []
    for n in range(ROUNDS):
        rng = random.Random(SEED + n)
        rows = [
            (encode_pair(embedder._tokenizer, group.claim, text), right)
            for group in all_groups(args.data, SEED + n)
            for text, right in group.pairs
        ]
        batches += batches_of(rows, lambda row: len(row[0][0]), TOKENS_PER_BATCH, rng)
    torch.manual_seed(SEED)
    model = PairEncoder(embedder._folder)
    if args.start:
        model.restore(load_adapter(args.start), head=False)

    def loss_of(batch: Sequence[tuple[Tokens, bool]]) -> torch.Tensor:
        right = torch.tensor([float(right) for _, right in batch])
        return nn.functional.binary_cross_entropy_with_logits(model(*padded([pair for pair, _ in batch])), right)

    train(model, batches, loss_of, rate=RATE, minutes=args.minutes, out=args.out / "verifier.safetensors")


if __name__ == "__main__":
    main()
