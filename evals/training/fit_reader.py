"""Train the adapter of the built-in reader (`rag/models/reader.py`): which sentence answers, and in which words?

    python -m evals.training.fit_reader --data DATA --out DIR [--start ADAPTER]

writes DIR/reader.safetensors and, with --start, DIR/mean.safetensors, the mean of the two. Data, split and results:
evals/READER.md. Needs torch; nothing here is used when Byline runs.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from embeddings.minilm import MiniLMEmbedder
from evals.training.adapters import BARE_RATE, SEED, Adapted, batches_of, cached, names_of, padded, train, vectors_of
from evals.training.reader_data import Case, cases_of, claim_of, yes_no
from rag.models.adapter import load_adapter
from rag.models.reader import Encoded, encode_passage, readings_of

RATE = 6e-4
TOKENS_PER_BATCH = 4096
ROUNDS = 4
# How often a question comes again: without the sentence that answers, over another paragraph, about something else.
HIDE_RATE, OTHER_RATE, SWAP_RATE, OTHER_KIND_RATE = 0.35, 0.7, 0.35, 0.3
# How often another paragraph is the one by which the reader that training starts from is fooled most.
HARDEST_RATE = 0.5
N_ASKED_OF_NAMES = 1200
# Questions to be answered by yes or no: of FEVER's, in each round; and of the others, how many are made into one.
N_FEVER, YES_NO_RATE = 1500, 0.08


@dataclass(frozen=True, kw_only=True)
class Example:
    """A question over one passage. `gold` are the sentences that answer, none where the passage does not; `doubtful`
    may, and count neither way. `answer` is (sentence, start, end) in its characters, where known."""

    question: str
    title: str
    sentences: tuple[str, ...]
    gold: frozenset[int] = frozenset()
    doubtful: frozenset[int] = frozenset()
    answer: tuple[int, int, int] | None = None


def others_of(cases: Sequence[Case], embedder: MiniLMEmbedder, cache: Path) -> list[list[Case]]:
    """For each question the nearest paragraphs, as cases of their own, that do not hold its answer, nearest first."""
    paragraphs = list({case.paragraph: case for case in cases}.values())
    vectors = cached(cache / "paragraphs.npy", lambda: vectors_of([c.paragraph for c in paragraphs], embedder, 256))
    queries = cached(cache / "questions.npy", lambda: vectors_of([case.question for case in cases], embedder))
    found = []
    for case, query in zip(cases, queries, strict=True):
        answers = [answer.lower() for answer in case.answers]
        near = [paragraphs[i] for i in np.argsort(-(vectors @ query))[:12]]
        if case.source == "fever":  # a claim has no answer by which to tell, and another's sentence may settle it too
            near = [other for other in near if other.title != case.title]
        found.append([o for o in near if o.paragraph != case.paragraph and not _holds(o.sentences, answers)][:4])
    return found


def by_difficulty(
    cases: Sequence[Case], others: Sequence[Sequence[Case]], model: PassageEncoder, tokenizer: Any
) -> list[list[Case]]:
    """`others`, those that `model` takes most for an answer first (Xiong et al. 2021: negatives by the model itself).
    Not for NQ's questions, whose answers are often there in other words."""
    pairs = [(n, m) for n, case in enumerate(cases) if case.source != "nq" for m in range(len(others[n]))]
    encoded = [
        encode_passage(tokenizer, cases[n].question, others[n][m].sentences, others[n][m].title) for n, m in pairs
    ]
    scores = np.full((len(cases), 4), -np.inf)
    order = sorted(range(len(pairs)), key=lambda i: len(encoded[i].ids))
    with torch.no_grad():
        for at in range(0, len(order), 48):
            block = order[at : at + 48]
            logits = model(*padded([(encoded[i].ids, encoded[i].types) for i in block])).float().numpy()
            for row, i in zip(logits, block, strict=True):
                scores[pairs[i]] = max(
                    (float(r.answer_score or 0) for r in readings_of(encoded[i], row)), default=-np.inf
                )
    return [[row[m] for m in np.argsort(-s[: len(row)], kind="stable")] for row, s in zip(others, scores, strict=True)]


def examples_of(
    cases: Sequence[Case], others: Sequence[Sequence[Case]], rng: random.Random, *, embedder: MiniLMEmbedder
) -> list[Example]:
    """For each question its paragraph; often the same without the sentence that answers, one of `others`, and the
    question with a name, a number or what is asked exchanged."""
    names = sorted({name for case in cases for s in case.sentences for name in names_of(s)})
    claims = set(rng.sample(fever := [c.id for c in cases if c.source == "fever"], min(N_FEVER, len(fever))))
    found: list[Example] = []
    for case, near in zip(cases, others, strict=True):
        if case.source == "fever" and case.id not in claims:
            continue
        style = rng.random()

        def ask(question: str, style: float = style) -> str:
            return question.lower().rstrip("?") if style < 0.15 else question.rstrip("?") if style < 0.25 else question

        title = "" if rng.random() < BARE_RATE else case.title
        whole = Example(
            question=ask(case.question),
            title=title,
            sentences=case.sentences,
            gold=case.gold,
            doubtful=case.doubtful,
            answer=_answer(case),
        )
        found.append(_window(whole, embedder, rng))
        if not case.gold:
            continue
        hidden = case.gold | case.doubtful
        rest = tuple(s for i, s in enumerate(case.sentences) if i not in hidden)
        enough = len(rest) > 1 or (rest and case.source == "fever")
        if enough and not _holds(rest, [a.lower() for a in case.answers]) and rng.random() < HIDE_RATE:
            without = Example(question=whole.question, title=title, sentences=rest)
            found.append(_window(without, embedder, rng))
        if near and (case.answers or case.source == "fever") and rng.random() < OTHER_RATE:
            other = near[0] if rng.random() < HARDEST_RATE else rng.choice(near)
            title = "" if rng.random() < BARE_RATE else other.title
            example = Example(question=whole.question, title=title, sentences=other.sentences)
            found.append(_window(example, embedder, rng))
        if rng.random() < YES_NO_RATE and (question := _yes_no(case, rng)):
            found.append(_window(replace(whole, question=ask(question), answer=None), embedder, rng))
        changed = None
        if rng.random() < SWAP_RATE:
            changed = _swapped(case.question, case, names, rng)
        elif rng.random() < OTHER_KIND_RATE:
            changed = _of_another_kind(case.question, " ".join(case.sentences), rng)
        if changed:
            example = replace(whole, question=ask(changed), gold=frozenset(), doubtful=frozenset(), answer=None)
            found.append(_window(example, embedder, rng))
    found += questions_of_names(cases, N_ASKED_OF_NAMES, rng)
    return found


_NUMBER = re.compile(r"\b\d+\b")


def _swapped(question: str, case: Case, names: Sequence[str], rng: random.Random) -> str | None:
    """The question about another name or number, or None where it holds none that its paragraph speaks of."""
    lowered = question.lower()
    numbers = [n for n in _NUMBER.findall(question) if n in case.paragraph]
    if numbers:
        number = rng.choice(numbers)
        other = str(max(1, int(number) + rng.choice([-7, -3, -2, -1, 1, 2, 3, 7])))
        return question.replace(number, other) if other != number else None
    own = [*names_of(" ".join([f"of {case.title}", *case.sentences])), case.title]
    shared = [name for name in dict.fromkeys(own) if len(name) > 3 and name.lower() in lowered]
    if not shared:
        return None
    name = rng.choice(shared)
    same_paragraph = [n for n in own if n.lower() not in lowered and name not in n]
    other = rng.choice(same_paragraph) if same_paragraph and rng.random() < 0.5 else rng.choice(names)
    if question.islower():
        other = other.lower()
    return re.sub(re.escape(name), lambda _: other, question, flags=re.I) if other.lower() != name.lower() else None


_ASKS_HOW = re.compile(r"^(when|where|why|how)(?= (?:did|does|do|was|were|is|are|has|had)\b)", re.I)
# What a sentence may answer, by words that it then holds: a question of this kind is not asked of it.
_MAY_SAY = {
    "When": re.compile(r"\d|day\b|week|month|year|after|before|during|until|while|[Ww]hen", re.I),
    "Where": re.compile(r"\b(?:in|at|on|near|from|to|across|outside|between|off)\b", re.I),
    "Why": re.compile(r"because|due|since|\bas\b|\bto\b|\bfor\b|reason|caus|\bso\b|after|result|owing", re.I),
}
# Questions about a name, and the words by which a sentence may answer them.
_OF_A_NAME = (
    ("How old is {}?", r"\bage|old|\d{2}"),
    ("When was {} born?", r"born|birth|\d{4}"),
    ("Where was {} born?", r"born|birth|nativ|from"),
    ("Who is {} married to?", r"marr|wife|husband|spouse|wed"),
    ("How much did {} cost?", r"\$|£|€|cost|pric|paid|million|billion"),
    ("Why did {} resign?", r"resign|quit|step|left"),
    ("How many people work for {}?", r"\d|employ|staff|work"),
    ("When was {} founded?", r"found|establish|\d{4}|creat|start"),
    ("Who founded {}?", r"found|establish|creat|start"),
    ("How did {} die?", r"die|dea|kill"),
    ("What did {} say about the accusations?", r"sa[iy]|told|accus|den[iy]|state"),
    ("How long did {} last?", r"day|hour|year|month|week|minute|\d"),
    ("What is the population of {}?", r"popul|people|inhabit|\d"),
    ("Who criticised {}?", r"critic|said|condemn|oppos|attack"),
    ("How many people were injured in {}?", r"injur|wound|hurt|\d"),
    ("What is the name of the lawyer of {}?", r"law|attorn|counsel|represent"),
    ("What will {} do next?", r"will|plan|next|going|intend"),
    ("How many votes did {} receive?", r"vot|\d|elect|poll"),
)


def _yes_no(case: Case, rng: random.Random) -> str | None:
    """A question that asks whether the answer is the answer, or whether another name of the paragraph is: its sentence
    settles both."""
    gold = case.sentences[min(case.gold)]
    answer = min((a for a in case.answers if a in gold), key=len, default="")
    asked = rng.choice(names_of(case.paragraph) or [answer]) if answer[:1].isupper() and rng.random() < 0.4 else answer
    claim = claim_of(case.question, asked)
    question = yes_no(claim) if claim else None
    return question if question and question.startswith(("Is", "Was", "Are", "Were", "Did")) else None


def _of_another_kind(question: str, sentence: str, rng: random.Random) -> str | None:
    """The question with another question word, where the sentence holds nothing of the kind that is asked then."""
    asks = _ASKS_HOW.match(question)
    if not asks:
        return None
    kinds = [k for k, says in _MAY_SAY.items() if k.lower() != asks[1].lower() and not says.search(sentence)]
    return _ASKS_HOW.sub(rng.choice(kinds), question) if kinds else None


def questions_of_names(cases: Sequence[Case], n: int, rng: random.Random) -> Iterator[Example]:
    """Questions on what a paragraph speaks of that it does not answer."""
    paragraphs = list({case.paragraph: case for case in cases}.values())
    for case in rng.sample(paragraphs, min(n, len(paragraphs))):
        names = names_of(case.paragraph)
        if not names:
            continue
        name = rng.choice(names)
        template, says = rng.choice(_OF_A_NAME)
        near = [s for s in case.sentences if name in s and not re.search(says, s, re.I)][:3]
        if near:
            title = "" if rng.random() < BARE_RATE else case.title
            yield Example(question=template.format(name), title=title, sentences=tuple(near))


def _holds(sentences: Sequence[str], answers: Sequence[str]) -> bool:
    text = " ".join(sentences).lower()
    return any(answer in text for answer in answers)


def _answer(case: Case) -> tuple[int, int, int] | None:
    for i in sorted(case.gold):
        lowered = case.sentences[i].lower()
        for answer in sorted(case.answers, key=len):
            if answer and (at := lowered.find(answer.lower())) >= 0:
                return i, at, at + len(answer)
    return None


def _window(example: Example, embedder: MiniLMEmbedder, rng: random.Random) -> Example:
    """Neighbouring sentences that fit, those that answer among them; for long passages another stretch each time."""
    sizes = [len(embedder._tokenizer.encode(s, add_special_tokens=False).ids) for s in example.sentences]
    room = rng.choice([100, 160, 220, 220])
    wanted = sorted(example.gold) or [rng.randrange(len(sizes))]
    first = last = rng.choice(wanted)
    total = sizes[first]
    while True:
        ends = [i for i in (first - 1, last + 1) if 0 <= i < len(sizes) and total + sizes[i] <= room]
        if not ends:
            break
        i = rng.choice(ends)
        first, last, total = min(first, i), max(last, i), total + sizes[i]
    kept = range(first, last + 1)
    answer = example.answer
    return replace(
        example,
        sentences=tuple(example.sentences[i] for i in kept),
        gold=frozenset(i - first for i in example.gold if i in kept),
        doubtful=frozenset(i - first for i in example.doubtful if i in kept),
        answer=(answer[0] - first, *answer[1:]) if answer and answer[0] in kept else None,
    )


@dataclass(frozen=True, kw_only=True)
class Row:
    """An example as tokens. `span` is the answer's first and last token; (0, 0) where nothing answers; None unknown."""

    encoded: Encoded
    gold: tuple[int, ...]
    doubtful: tuple[int, ...]
    span: tuple[int, int] | None


def row_of(example: Example, tokenizer: Any) -> Row | None:
    encoded = encode_passage(tokenizer, example.question, example.sentences, example.title)
    n = len(encoded.spans)
    if not n or any(i >= n for i in example.gold):
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
    """MiniLM with adapters, and a head with three logits for each token: that the answer begins with it, that it ends
    with it (the first token of all: that nothing answers), and its share in what is said of its sentence."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, n_features=384, n_outputs=3)

    def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(n, t) each to (n, t, 3)."""
        logits: torch.Tensor = self.head(self.states(ids, types, mask))
        return logits


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
    parser.add_argument("--start", type=Path, help="a reader to start from, which also finds the hardest paragraphs")
    parser.add_argument("--rate", type=float, default=RATE, help="the highest learning rate")
    parser.add_argument("--minutes", type=float, default=10**6, help="stop after so many minutes")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    embedder = MiniLMEmbedder()
    cases = [case for case in cases_of(args.data) if case.part == "adapter" and (case.gold or not case.doubtful)]
    torch.manual_seed(SEED)
    model = PassageEncoder(embedder._folder)
    others = others_of(cases, embedder, args.out)
    if args.start:
        model.restore(load_adapter(args.start))
        others = by_difficulty(cases, others, model, embedder._tokenizer)
    batches: list[list[Row]] = []
    for n in range(ROUNDS):
        rng = random.Random(SEED + n)
        examples = examples_of(cases, others, rng, embedder=embedder)
        rows = [row for e in examples if (row := row_of(e, embedder._tokenizer)) is not None]
        n_null = sum(row.span == (0, 0) for row in rows)
        print(f"round {n}: {len(rows)} passages, {n_null} without an answer", flush=True)
        batches += batches_of(rows, lambda row: len(row.encoded.ids), TOKENS_PER_BATCH, rng)

    def loss_of(batch: Sequence[Row]) -> torch.Tensor:
        return loss_of_rows(model(*padded([(row.encoded.ids, row.encoded.types) for row in batch])), batch)

    trained = args.out / "reader.safetensors"
    train(model, batches, loss_of, rate=args.rate, minutes=args.minutes, out=trained)
    if args.start:
        mean_of(args.start, trained, args.out / "mean.safetensors")


def mean_of(one: Path, other: Path, out: Path) -> None:
    """The adapter half way between two of which one was trained from the other (Wortsman et al. 2022, WiSE-FT)."""
    from safetensors.numpy import load_file, save_file

    first, second = load_file(one), load_file(other)
    found = {k: ((first[k].astype(np.float32) + second[k]) / 2).astype(first[k].dtype) for k in first}
    save_file(found, str(out))


if __name__ == "__main__":
    main()
