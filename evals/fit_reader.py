"""Fit the reader of `rag/reader.py`: an adapter on the packaged MiniLM that reads (question, sentence) pairs.

    python -m evals.fit_reader --data ../shared/data --out DIR

Writes `DIR/reader.safetensors` (copied to rag/weights/ by hand, with its checksum in rag/reader.py). The data, the
split and the results are described in evals/READER.md; `evals/measure_reader.py` is not needed: `--report` prints them.
Needs torch; nothing here is used when Byline runs.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from embeddings.minilm import LAYERS, MiniLMEmbedder
from rag.passages import split_sentences
from rag.reader import encode_pair, with_context

Json = dict[str, Any]

SEED = 7
RANK = 16
LEARNING_RATE = 1e-3
GROUPS_PER_BATCH = 12
SHIFTS_QUESTIONS = 5000
SWAP_RATE = 0.35
NO_CONTEXT_RATE = 0.2
MATRICES = (
    *("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"),
    *("intermediate.dense", "output.dense"),
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A question over one paragraph. `gold` are the sentences that answer; `doubtful` may, and are never trained on.

    `part` is "adapter", "signals" (fits the logistic regression) or "test" (never fitted)."""

    id: str
    source: str
    part: str
    question: str
    title: str
    sentences: tuple[str, ...]
    gold: frozenset[int] = frozenset()
    doubtful: frozenset[int] = frozenset()
    answers: tuple[str, ...] = field(default=())

    @property
    def paragraph(self) -> str:
        return " ".join(self.sentences)


def part_of(key: str, test: float, signals: float) -> str:
    """A split that depends on nothing but the key."""
    share = int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 16**8
    return "test" if share < test else "signals" if share < test + signals else "adapter"


def cases_of(data: Path) -> list[Case]:
    """Every case of every set, each with its part, with nothing of the test parts left in the others."""
    xquad = list(_squad(json.loads((data / "xquad_en/xquad.en.json").read_text("utf-8"))["data"], "xquad", 1.0, 0.0))
    with gzip.open(data / "squadshifts/new_wiki_v1.0.json.gz") as file:
        shifts = list(_squad(json.load(file)["data"], "squadshifts", 0.0, 0.15))
    clapnq, qed = list(_clapnq(data)), list(_qed(data))
    held = [case for case in clapnq + qed if case.part == "test"]
    titles = {case.title.lower() for case in held}
    questions = {_plain(case.question) for case in held}
    kept = [case for case in qed + clapnq if case.part == "test" or _plain(case.question) not in questions]
    seen = questions | {_plain(case.question) for case in kept}
    nq = [c for c in _nq(data) if c.title.lower() not in titles and _plain(c.question) not in seen]
    paragraphs = {_plain(case.paragraph)[:200] for case in xquad}
    squad2 = [c for c in _squad2(data) if c.part == "test" or _plain(c.paragraph)[:200] not in paragraphs]
    return xquad + shifts + kept + nq + squad2


def _squad(articles: Iterable[Json], source: str, test: float, signals: float) -> Iterator[Case]:
    for article in articles:
        part = part_of(article["title"], test, signals)
        for paragraph in article["paragraphs"]:
            text = paragraph["context"]
            spans = split_sentences(text)
            for qa in paragraph["qas"]:
                votes = [_holding(spans, a["answer_start"], a["answer_start"] + len(a["text"])) for a in qa["answers"]]
                votes = [vote for vote in votes if vote is not None]
                if not votes:
                    continue
                best = max(dict.fromkeys(votes), key=votes.count)
                yield Case(
                    id=qa["id"],
                    source=source,
                    part=part,
                    question=_trim(qa["question"]),
                    title=article["title"].replace("_", " "),
                    sentences=tuple(text[start:end] for start, end in spans),
                    gold=frozenset([best]),
                    doubtful=frozenset(votes) - {best},
                    answers=tuple(a["text"] for a in qa["answers"]),
                )


def _holding(spans: Sequence[tuple[int, int]], start: int, end: int) -> int | None:
    return next((i for i, (a, b) in enumerate(spans) if a <= start and end <= b), None)


def _squad2(data: Path) -> Iterator[Case]:
    truth = json.loads((data / "squad2_sample/ground_truth.json").read_text("utf-8"))
    for query in json.loads((data / "squad2_sample/queries.json").read_text("utf-8"))["queries"]:
        text = query["context"]
        sentences = tuple(text[start:end] for start, end in split_sentences(text))
        answers = tuple(answer for answer in truth[query["id"]]["answers"] if answer)
        holding = frozenset(i for i, s in enumerate(sentences) if any(answer in s for answer in answers))
        if bool(holding) == truth[query["id"]]["is_impossible"]:
            continue
        yield Case(
            id=query["id"],
            source="squad2",
            part=part_of(text, 0.5, 0.2),
            question=_trim(query["question"]),
            title="",
            sentences=sentences,
            gold=holding if len(holding) == 1 else frozenset(),
            doubtful=holding if len(holding) > 1 else frozenset(),
            answers=answers,
        )


def _clapnq(data: Path) -> Iterator[Case]:
    with gzip.open(data / "clapnq_dev/clapnq_dev_answerable.jsonl.gz", "rt", encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    with (data / "clapnq_dev/clapnq_dev_unanswerable.jsonl").open(encoding="utf-8") as file:
        records += [json.loads(line) for line in file]
    for record in records:
        passage = record["passages"][0]
        chosen = {s.strip() for output in record["output"] for s in output["selected_sentences"]}
        gold = frozenset(i for i, s in enumerate(passage["sentences"]) if s.strip() in chosen)
        yield Case(
            id=record["id"],
            source="clapnq",
            part=part_of(record["id"], 0.5, 0.25),
            question=_trim(record["input"]),
            title=passage["title"],
            sentences=tuple(_untokenized(s) for s in passage["sentences"]),
            gold=gold,
        )


def _qed(data: Path) -> Iterator[Case]:
    with gzip.open(data / "qed_dev/qed-dev.jsonlines.gz", "rt", encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            chosen = record["annotation"].get("selected_sentence")
            if record["annotation"]["explanation_type"] != "single_sentence" or not chosen:
                continue
            text, starts = record["paragraph_text"], [*record["sentence_starts"], len(record["paragraph_text"])]
            if chosen["start"] not in starts[:-1]:
                continue
            yield Case(
                id=str(record["example_id"]),
                source="qed",
                part=part_of(record["title_text"], 0.5, 0.0),
                question=_trim(record["question_text"]),
                title=record["title_text"],
                sentences=tuple(_untokenized(text[a:b]) for a, b in zip(starts, starts[1:], strict=False)),
                gold=frozenset([starts.index(chosen["start"])]),
                answers=tuple(span["string"] for answer in record["original_nq_answers"] for span in answer),
            )


def _nq(data: Path) -> Iterator[Case]:
    with gzip.open(data / "nq_oracle/nq-open-oracle.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            source = record["nq_annotated_gold"]
            text = source["long_answer"]
            sentences = tuple(text[start:end] for start, end in split_sentences(text))
            answers = tuple(dict.fromkeys([*source["short_answers"], *record["answers"]]))
            holding = [i for i, s in enumerate(sentences) if any(a.lower() in s.lower() for a in answers)]
            if not holding or len(sentences) > 40:
                continue
            # NQ marks the answer, not the sentence: where several hold it, the first mention is taken, if it is short.
            yield Case(
                id="nq-" + hashlib.sha256(record["question"].encode()).hexdigest()[:12],
                source="nq",
                part=part_of(record["question"], 0.0, 0.15),
                question=_trim(record["question"]),
                title=source["title"],
                sentences=sentences,
                gold=frozenset(holding[:1]) if len(holding) <= 2 else frozenset(),
                doubtful=frozenset(holding[1:] if len(holding) <= 2 else holding),
                answers=answers,
            )


def _trim(text: str) -> str:
    return " ".join(text.split())


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _untokenized(text: str) -> str:
    """Penn Treebank spacing undone, so that the reader learns on text as it is written."""
    text = text.replace("``", "“").replace("''", "”").replace(" - ", "-").replace("-- ", "– ")
    text = re.sub(r" ([.,;:!?%)\]”]|n't\b|'s\b|'[a-z]{1,2}\b|')", r"\1", text)
    return _trim(re.sub(r"([(\[“$£]) ", r"\1", text))


# --- pairs -------------------------------------------------------------------------------------------------------

Group = tuple[str, tuple[tuple[str, bool], ...]]  # a question, and sentences (in context) that answer it or not


def groups_of(cases: Sequence[Case], embedder: MiniLMEmbedder, cache: Path, rng: random.Random) -> list[Group]:
    """For each question: a sentence that answers, others of its paragraph, and the nearest by cosine elsewhere. Some
    questions come again with a name or number exchanged, when the sentence answers no longer."""
    cases = _sampled(cases, rng)
    places = {(case.paragraph, i): (case, i) for case in cases for i in range(len(case.sentences))}
    keys = list(places)
    texts = [case.sentences[i] for case, i in places.values()]
    vectors = _cached(cache / "sentences.npy", lambda: embedder.encode_passages(texts))
    queries = _cached(cache / "questions.npy", lambda: embedder.encode_queries([case.question for case in cases]))
    row = {key: n for n, key in enumerate(keys)}
    names = sorted({name for case in cases for s in case.sentences for name in _names(s)})
    groups: list[Group] = []
    for case, query in zip(cases, queries, strict=True):

        def text(of: Case, i: int, bare: bool) -> str:
            return of.sentences[i] if bare else with_context(of.sentences[i], of.sentences[i - 1] if i else "", of.title)

        bare = rng.random() < NO_CONTEXT_RATE
        others = [i for i in range(len(case.sentences)) if i not in case.gold | case.doubtful]
        others.sort(key=lambda i: -float(query @ vectors[row[case.paragraph, i]]))
        near = others[:1] + rng.sample(others[1:], min(len(others[1:]), 1 if case.gold else 4))
        pairs = [(text(case, i, bare), False) for i in near]
        if case.gold:
            gold = rng.choice(sorted(case.gold))
            pairs.append((text(case, gold, bare), True))
        for n in _far(case, query, vectors, keys, places, rng):
            pairs.append((text(*places[keys[n]], bare), False))
        groups.append((case.question, tuple(pairs)))
        if case.gold and rng.random() < SWAP_RATE and (swapped := _swapped(case.question, case, names, rng)):
            wrong = [gold, *near[:1]]
            groups.append((swapped, tuple((text(case, i, bare), False) for i in wrong)))
    return groups


def _sampled(cases: Sequence[Case], rng: random.Random) -> list[Case]:
    """The cases of the adapter's part: some of SQuADShifts, which is the largest, and the unanswerable ones twice."""
    shifts = [case for case in cases if case.source == "squadshifts" and case.gold]
    rest = [case for case in cases if case.source != "squadshifts" and (case.gold or not case.doubtful)]
    return rng.sample(shifts, min(len(shifts), SHIFTS_QUESTIONS)) + rest + [c for c in rest if not c.gold]


def _far(case: Case, query: Any, vectors: Any, keys: Any, places: Any, rng: random.Random) -> list[int]:
    """A sentence of another paragraph among the nearest by cosine, which does not hold the answer."""
    if not case.gold or not case.answers:
        return []
    near = np.argpartition(-(vectors @ query), 40)[:40]
    answers = [answer.lower() for answer in case.answers]
    wrong = [
        int(n)
        for n in near
        if keys[n][0] != case.paragraph
        and not any(answer in places[keys[n]][0].sentences[keys[n][1]].lower() for answer in answers)
    ]
    return rng.sample(wrong[:8], min(len(wrong), 1))


_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)*")
_NUMBER = re.compile(r"\b\d+\b")


def _names(text: str) -> list[str]:
    return [name for name in _NAME.findall(text) if len(name) > 3]


def _swapped(question: str, case: Case, names: Sequence[str], rng: random.Random) -> str | None:
    """The question about another name or number, or None where it holds none that its paragraph speaks of."""
    lowered = question.lower()
    numbers = [n for n in _NUMBER.findall(question) if n in case.paragraph]
    if numbers:
        number = rng.choice(numbers)
        other = str(max(1, int(number) + rng.choice([-7, -3, -2, -1, 1, 2, 3, 7])))
        return question.replace(number, other) if other != number else None
    own = [*_names(" ".join([f"of {case.title}", *case.sentences])), case.title]
    shared = [name for name in dict.fromkeys(own) if len(name) > 3 and name.lower() in lowered]
    if not shared:
        return None
    name = rng.choice(shared)
    same_paragraph = [n for n in own if n.lower() not in lowered and name not in n]
    other = rng.choice(same_paragraph) if same_paragraph and rng.random() < 0.5 else rng.choice(names)
    if question.islower():
        other = other.lower()
    return re.sub(re.escape(name), lambda _: other, question, flags=re.I) if other.lower() != name.lower() else None


def _cached(path: Path, make: Any) -> Any:
    if not path.is_file():
        np.save(path, make())
    return np.load(path)


# --- the adapter -------------------------------------------------------------------------------------------------


class LowRank(nn.Module):
    """x (W + B A)^T + b with W frozen (Hu et al. 2021, LoRA); b is trained."""

    def __init__(self, linear: nn.Linear, rank: int) -> None:
        super().__init__()
        self.weight, self.bias = linear.weight, linear.bias
        self.a = nn.Parameter(torch.randn(rank, linear.in_features) / linear.in_features**0.5)
        self.b = nn.Parameter(torch.zeros(linear.out_features, rank))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.linear(x, self.weight, self.bias) + (x @ self.a.T) @ self.b.T


class CrossEncoder(nn.Module):
    """MiniLM with adapters and a linear head on the first token's state and the mean state."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        from transformers import BertModel

        self.bert = BertModel.from_pretrained(folder, add_pooling_layer=False)
        self.bert.requires_grad_(False)
        for layer in self.bert.encoder.layer:
            for name in MATRICES:
                parent, _, leaf = name.rpartition(".")
                module = layer.get_submodule(parent)
                setattr(module, leaf, LowRank(getattr(module, leaf), RANK))
        for name, parameter in self.bert.named_parameters():
            small = parameter.ndim == 1 or name.endswith((".a", ".b")) or "token_type" in name
            parameter.requires_grad_(small and ("encoder" in name or "token_type" in name))
        self.head = nn.Linear(768, 1)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.constant_(self.head.bias, -1.0)

    def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        states = self.bert(input_ids=ids, token_type_ids=types, attention_mask=mask)[0]
        mean = (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        logits: torch.Tensor = self.head(torch.cat([states[:, 0], mean], dim=1))[:, 0]
        return logits

    def adapter(self) -> dict[str, np.ndarray]:
        """What is shipped: `NAME.a` (rank, in) and `NAME.b` (out, rank) of each matrix, biases and norms, the head."""
        found = {n: p for n, p in self.bert.named_parameters() if p.requires_grad}
        tensors = {name: p.detach().numpy().astype(np.float16) for name, p in found.items()}
        return tensors | {
            "head.weight": self.head.weight.detach().numpy()[0].astype(np.float32),
            "head.bias": self.head.bias.detach().numpy().astype(np.float32),
        }


def padded(pairs: Sequence[tuple[list[int], list[int]]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    longest = max(len(ids) for ids, _ in pairs)
    ids, types, mask = (torch.zeros(len(pairs), longest, dtype=torch.long) for _ in range(3))
    for row, (tokens, kinds) in enumerate(pairs):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        types[row, : len(kinds)] = torch.tensor(kinds)
        mask[row, : len(tokens)] = 1
    return ids, types, mask


def loss_of(logits: torch.Tensor, sizes: Sequence[int], right: torch.Tensor) -> torch.Tensor:
    """Choice among a question's sentences and "none of them" (logit 0), and each sentence for itself."""
    chosen = []
    for scores, is_right in zip(logits.split(list(sizes)), right.split(list(sizes)), strict=True):
        none = scores.new_zeros(1)
        wanted = scores[is_right] if is_right.any() else none
        chosen.append(torch.cat([none, scores]).logsumexp(0) - wanted.logsumexp(0))
    alone = nn.functional.binary_cross_entropy_with_logits(logits, right.float())
    return torch.stack(chosen).mean() + alone


def train(groups: Sequence[Group], embedder: MiniLMEmbedder, out: Path) -> CrossEncoder:
    """One pass; the adapter is written every 100 steps."""
    rng = random.Random(SEED)  # noqa: S311
    torch.manual_seed(SEED)
    model = CrossEncoder(embedder._folder)
    encoded = [
        (
            [encode_pair(embedder._tokenizer, question, text, max_sentence=64) for text, _ in pairs],
            [is_right for _, is_right in pairs],
        )
        for question, pairs in groups
    ]
    batches = _batches(encoded, rng)
    adapters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(adapters, lr=LEARNING_RATE, weight_decay=0.01)
    warm = len(batches) // 20 + 1
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, (len(batches) - step) / (len(batches) - warm) + 1e-3)
    )
    model.train()
    started, running = time.perf_counter(), []
    for step, batch in enumerate(batches):
        pairs = [pair for tokens, _ in batch for pair in tokens]
        right = torch.tensor([flag for _, flags in batch for flag in flags])
        loss = loss_of(model(*padded(pairs)), [len(flags) for _, flags in batch], right)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(adapters, 1.0)
        optimizer.step()
        schedule.step()
        running.append(loss.item())
        if step % 20 == 0 or step == len(batches) - 1:
            spent = time.perf_counter() - started
            print(f"{step}/{len(batches)} loss {np.mean(running[-40:]):.3f} {spent:.0f} s", flush=True)
        if step % 100 == 99:
            save(model, out)
    save(model, out)
    return model.eval()


def _batches(encoded: Sequence[Any], rng: random.Random) -> list[list[Any]]:
    """Groups of like length share a batch, in random order."""
    order = list(encoded)
    rng.shuffle(order)
    batches = []
    for i in range(0, len(order), 16 * GROUPS_PER_BATCH):
        block = sorted(order[i : i + 16 * GROUPS_PER_BATCH], key=lambda group: max(len(ids) for ids, _ in group[0]))
        batches += [block[j : j + GROUPS_PER_BATCH] for j in range(0, len(block), GROUPS_PER_BATCH)]
    rng.shuffle(batches)
    return batches


def save(model: CrossEncoder, out: Path) -> None:
    from safetensors.numpy import save_file

    save_file(model.adapter(), str(out / "partial.safetensors"))
    (out / "partial.safetensors").replace(out / "reader.safetensors")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(2)
    cases = cases_of(args.data)
    counts: dict[tuple[str, str, bool], int] = {}
    for case in cases:
        key = (case.source, case.part, bool(case.gold or case.doubtful))
        counts[key] = counts.get(key, 0) + 1
    for key, n in sorted(counts.items()):
        print(*key, n)
    embedder = MiniLMEmbedder()
    rng = random.Random(SEED)  # noqa: S311
    groups = groups_of([case for case in cases if case.part == "adapter"], embedder, args.out, rng)
    print(f"{len(groups)} questions, {sum(len(pairs) for _, pairs in groups)} pairs", flush=True)
    train(groups, embedder, args.out)


if __name__ == "__main__":
    main()
