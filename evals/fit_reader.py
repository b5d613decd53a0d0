"""Fit the reader of `rag/reader.py`: an adapter on the packaged MiniLM that reads (question, sentence) pairs.

    python -m evals.fit_reader --data ../shared/data --out DIR

Three steps, each skipped where its result lies in DIR already: the adapter (`reader.safetensors`), the evidence read
with it (`evidence.jsonl`), and the logistic regression and the report, which are printed. What is shipped is copied by
hand: the adapter to rag/weights/, its checksum, the weights and the threshold to rag/reader.py. The data, the split
and the results are described in evals/READER.md. Needs torch and scikit-learn; nothing here is used when Byline runs.
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
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from embeddings.minilm import LAYERS, MiniLMEmbedder
from evals.suites import library_of
from rag.passages import split_sentences
from rag.reader import SIGNALS, Evidence, Reader, encode_pair, ranking, shortlist, signals, with_context

Json = dict[str, Any]

SEED = 7
RANK = 16
GROUPS_PER_BATCH = 12
# SQuADShifts is the largest set: so many of its questions lend their sentences as negatives, so many are asked.
SHIFTS_POOL = 5000
MAX_SENTENCE = 56
FROZEN_LAYERS = 2
SWAP_RATE = 0.35
MATRICES = (
    *("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"),
    *("intermediate.dense", "output.dense"),
)


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One pass of training. `asked` are the first and last of the SQuADShifts questions that are asked, `bare` and
    `previous` the shares of questions whose sentences stand alone and have the sentence before them."""

    asked: tuple[int, int]
    rate: float
    bare: float
    previous: float
    n_near: int


# The second pass leaves the sentence before out: the first had learned to score a sentence by its neighbour.
PASSES = (
    Pass(asked=(0, 1800), rate=1e-3, bare=0.2, previous=0.8, n_near=1),
    Pass(asked=(1800, 3900), rate=7e-4, bare=0.4, previous=0.0, n_near=2),
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
                found = [_holding(spans, a["answer_start"], a["answer_start"] + len(a["text"])) for a in qa["answers"]]
                votes = [vote for vote in found if vote is not None]
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
                sentences=tuple(_untokenized(text[a:b]) for a, b in pairwise(starts)),
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


def groups_of(
    cases: Sequence[Case], embedder: MiniLMEmbedder, cache: Path, step: Pass, rng: random.Random
) -> list[Group]:
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
    for n_case, (case, query) in enumerate(zip(cases, queries, strict=True)):
        if case.source == "squadshifts" and not step.asked[0] <= n_case < step.asked[1]:
            continue

        bare = rng.random() < step.bare
        above = not bare and step.previous > 0

        def text(of: Case, i: int, bare: bool, above: bool) -> str:
            before = of.sentences[i - 1] if above and i else ""
            return of.sentences[i] if bare else with_context(of.sentences[i], before, of.title)

        others = [i for i in range(len(case.sentences)) if i not in case.gold | case.doubtful]
        others.sort(key=lambda i: -float(query @ vectors[row[case.paragraph, i]]))
        near = rng.sample(others[:3], min(len(others), step.n_near if case.gold else 3))
        pairs = [(text(case, i, bare, above), False) for i in near]
        if case.gold:
            gold = rng.choice(sorted(case.gold))
            pairs.append((text(case, gold, bare, above), True))
        for n in _far(case, query, vectors, keys, places, rng):
            pairs.append((text(*places[keys[n]], bare, above), False))
        groups.append((case.question, tuple(pairs)))
        if case.gold and rng.random() < SWAP_RATE and (swapped := _swapped(case.question, case, names, rng)):
            groups.append((swapped, ((text(case, gold, bare, above), False),)))
    return groups


def _sampled(cases: Sequence[Case], rng: random.Random) -> list[Case]:
    """The cases of the adapter's part: some of SQuADShifts, which is the largest, and the unanswerable ones twice."""
    shifts = [case for case in cases if case.source == "squadshifts" and case.gold]
    rest = [case for case in cases if case.source != "squadshifts" and (case.gold or not case.doubtful)]
    return rng.sample(shifts, min(len(shifts), SHIFTS_POOL)) + rest + [c for c in rest if not c.gold]


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
        # What lies below the first trained layer needs no gradients, which saves a fifth of the time.
        trained = tuple(f"encoder.layer.{layer}." for layer in range(FROZEN_LAYERS, LAYERS))
        for layer in self.bert.encoder.layer[FROZEN_LAYERS:]:
            for name in MATRICES:
                parent, _, leaf = name.rpartition(".")
                module = layer.get_submodule(parent)
                setattr(module, leaf, LowRank(getattr(module, leaf), RANK))
        for name, parameter in self.bert.named_parameters():
            small = parameter.ndim == 1 or name.endswith((".a", ".b"))
            parameter.requires_grad_(small and name.startswith(trained))
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

    def restore(self, tensors: dict[str, np.ndarray]) -> None:
        """Take up what `adapter` gave."""
        parameters = dict(self.bert.named_parameters())
        with torch.no_grad():
            for name, tensor in tensors.items():
                target = self.head.get_parameter(name[5:]) if name.startswith("head.") else parameters[name]
                target.copy_(torch.from_numpy(tensor.astype(np.float32)).reshape(target.shape))


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
    for scores, is_right in zip(torch.split(logits, list(sizes)), torch.split(right, list(sizes)), strict=True):
        none = scores.new_zeros(1)
        wanted = scores[is_right] if is_right.any() else none
        chosen.append(torch.cat([none, scores]).logsumexp(0) - wanted.logsumexp(0))
    alone = nn.functional.binary_cross_entropy_with_logits(logits, right.float())
    return torch.stack(chosen).mean() + alone


def train(model: CrossEncoder, groups: Sequence[Group], embedder: MiniLMEmbedder, rate: float, out: Path) -> None:
    """One pass; the adapter is written every 100 steps, and at the end."""
    rng = random.Random(SEED)
    torch.manual_seed(SEED)
    encoded = [
        (
            [encode_pair(embedder._tokenizer, question, text, max_sentence=MAX_SENTENCE) for text, _ in pairs],
            [is_right for _, is_right in pairs],
        )
        for question, pairs in groups
    ]
    batches = _batches(encoded, rng)
    adapters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(adapters, lr=rate, weight_decay=0.01)
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
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(adapters, 1.0)
        optimizer.step()
        schedule.step()
        running.append(loss.item())
        if step % 10 == 0 or step == len(batches) - 1:
            spent = time.perf_counter() - started
            print(f"{step}/{len(batches)} loss {np.mean(running[-40:]):.3f} {spent:.0f} s", flush=True)
        if step % 100 == 99:
            save(model, out)
    save(model, out)


def fit_adapter(cases: Sequence[Case], embedder: MiniLMEmbedder, out: Path) -> None:
    """All passes, each from the adapter that the one before has left; those whose adapter is there are skipped."""
    from safetensors.numpy import load_file

    for n, step in enumerate(PASSES, 1):
        path = out / ("reader.safetensors" if n == len(PASSES) else f"pass{n}.safetensors")
        if path.is_file():
            continue
        rng = random.Random(SEED)
        groups = groups_of(cases, embedder, out, step, rng)
        print(f"pass {n}: {len(groups)} questions, {sum(len(pairs) for _, pairs in groups)} pairs", flush=True)
        torch.manual_seed(SEED)
        model = CrossEncoder(embedder._folder)
        if n > 1:
            model.restore(load_file(str(out / f"pass{n - 1}.safetensors")))
        train(model, groups, embedder, step.rate, path)


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


def save(model: CrossEncoder, path: Path) -> None:
    from safetensors.numpy import save_file

    partial = path.with_suffix(".partial")
    save_file(model.adapter(), str(partial))
    partial.replace(path)


# --- evidence ----------------------------------------------------------------------------------------------------


Passage = tuple[str, Sequence[str], float | None]  # title, sentences, cosine if known


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question with what was found for it. `gold` are the places of the sentences that answer, where known."""

    source: str
    part: str
    question: str
    answerable: bool
    evidence: tuple[Evidence, ...]
    gold: tuple[int, ...] = ()


class Finder:
    """Makes evidence as `ask` would: the sentences of passages, the best of them read. Vectors are kept."""

    def __init__(self, embedder: MiniLMEmbedder, reader: Reader) -> None:
        self.embedder, self.reader = embedder, reader
        self._vectors: dict[str, np.ndarray] = {}

    def evidence(self, question: str, passages: Sequence[Passage]) -> tuple[Evidence, ...]:
        texts = [" ".join(sentences) for _, sentences, _ in passages]
        headed = [f"{title}\n{text}" if title else text for (title, _, _), text in zip(passages, texts, strict=True)]
        needed = [text for text, (_, _, cosine) in zip(headed, passages, strict=True) if cosine is None]
        needed += [sentence for _, sentences, _ in passages for sentence in sentences]
        new = [text for text in dict.fromkeys([question, *needed]) if text not in self._vectors]
        self._vectors.update(zip(new, self.embedder._forward(new), strict=True))
        query = self._vectors[question]
        found = []
        for (title, sentences, cosine), text, whole in zip(passages, texts, headed, strict=True):
            near = float(query @ self._vectors[whole]) if cosine is None else cosine
            found += [
                Evidence(
                    text=sentence,
                    passage=text,
                    title=title,
                    cosine=float(query @ self._vectors[sentence]),
                    passage_cosine=near,
                )
                for sentence in sentences
            ]
        chosen = shortlist(question, found)
        scores = self.reader.score(question, [with_context(found[n].text, title=found[n].title) for n in chosen])
        for n, score in zip(chosen, scores, strict=True):
            found[n] = replace(found[n], score=float(score))
        return tuple(found)


def given(cases: Iterable[Case], finder: Finder) -> Iterator[Asked]:
    """Questions over the one paragraph they come with."""
    for case in cases:
        title = "" if case.source == "xquad" else case.title
        evidence = finder.evidence(case.question, [(title, case.sentences, None)])
        yield Asked(
            source=case.source,
            part=case.part,
            question=case.question,
            answerable=bool(case.gold or case.doubtful),
            evidence=evidence,
            gold=tuple(sorted(case.gold)),
        )


def mtrag(data: Path, finder: Finder) -> Iterator[Asked]:
    """mtRAG-UN: the last turn as it was typed, over the passages that its authors retrieved."""
    with gzip.open(data / "mtrag_un/reference.jsonl.gz", "rt", encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    for record in records:
        if record["answerability"][0] not in ("ANSWERABLE", "UNANSWERABLE") or not record["contexts"]:
            continue
        question = _trim(record["input"][-1]["text"])
        texts = [context["text"] for context in record["contexts"][:8]]
        passages = [("", [text[a:b] for a, b in split_sentences(text)], None) for text in texts]
        part = part_of(record["conversation_id"], 0.5, 0.5)
        evidence = finder.evidence(question, passages)
        answerable = record["answerability"][0] == "ANSWERABLE"
        yield Asked(source="mtrag", part=part, question=question, answerable=answerable, evidence=evidence)


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """A question for a library. `without` names a record that is hidden, which makes it unanswerable; the answer
    lies in the sentence of record `at` that holds `words`."""

    question: str
    answerable: bool
    at: str = ""
    words: str = ""
    without: str = ""


def retrieved(
    name: str, part: str, records: Sequence[Json], lookups: Iterable[Lookup], finder: Finder
) -> Iterator[Asked]:
    """Questions over what `Library.retrieve` finds among the records."""
    with library_of(records, None) as library:
        for lookup in lookups:
            hits = [(hit, hit.article.path.rpartition("#")[2]) for hit in library.retrieve(lookup.question, k=12)]
            hits = [(hit, key) for hit, key in hits if key != lookup.without][:8]
            passages, gold, n = [], [], 0
            for hit, key in hits:
                text = hit.article.text
                sentences = [text[s.start : s.end] for s in library.store.sentences(hit.passage)]
                passages.append((hit.article.title or "", sentences, hit.scores["cosine"]))
                if lookup.words and key == lookup.at:
                    gold += [n + i for i, s in enumerate(sentences) if _squeezed(lookup.words) in _squeezed(s)]
                n += len(sentences)
            yield Asked(
                source=name,
                part=part,
                question=lookup.question,
                answerable=lookup.answerable,
                evidence=finder.evidence(lookup.question, passages),
                gold=tuple(gold),
            )


def _squeezed(text: str) -> str:
    return "".join(text.split())


def half_hidden(cases: Sequence[Case], n: int) -> tuple[list[Json], list[Lookup]]:
    """A paragraph per record, and `n` questions; the paragraph that answers every other one is hidden."""
    keys = {paragraph: f"p{i}" for i, paragraph in enumerate(dict.fromkeys(case.paragraph for case in cases))}
    titles = {case.paragraph: case.title for case in cases}
    records = [{"id": key, "title": titles[text], "text": text} for text, key in keys.items()]
    asked = random.Random(SEED).sample([case for case in cases if case.gold], n)
    return records, [
        Lookup(
            question=case.question,
            answerable=i % 2 == 0,
            at=keys[case.paragraph],
            words=case.sentences[min(case.gold)] if i % 2 == 0 else "",
            without="" if i % 2 == 0 else keys[case.paragraph],
        )
        for i, case in enumerate(asked)
    ]


def wikinews(data: Path) -> tuple[list[Json], list[Lookup]]:
    """All Wikinews articles of GUM, and the questions of evals/data, which are this project's own."""
    with (data / "gum_wikinews/articles.jsonl").open(encoding="utf-8") as file:
        articles = [json.loads(line) for line in file]
    records = [{"id": a["id"], "title": a["title"], "date": a["published"], "text": a["text"]} for a in articles]
    with (Path(__file__).parent / "data" / "wikinews_questions.jsonl").open(encoding="utf-8") as file:
        questions = [json.loads(line) for line in file]
    return records, [
        Lookup(question=q["question"], answerable=q["answerable"], at=q["article"], words=q["evidence"])
        for q in questions
    ]


def gather(cases: Sequence[Case], data: Path, finder: Finder) -> Iterator[Asked]:
    """Every question that the regression is fitted or measured on, the most telling sets first."""
    rng = random.Random(SEED)
    yield from retrieved("wikinews", "test", *wikinews(data), finder)
    shifts = [case for case in cases if case.source == "squadshifts" and case.part == "signals"]
    yield from retrieved("squadshifts", "signals", *half_hidden(shifts, 120), finder)
    nq = [case for case in cases if case.source == "nq" and case.part == "signals"]
    yield from retrieved("nq", "signals", *half_hidden(nq, 80), finder)
    yield from given([c for c in cases if c.source in ("clapnq", "squad2") and c.part != "adapter"], finder)
    qed = [case for case in cases if case.source == "qed" and case.part == "test"]
    xquad = [case for case in cases if case.source == "xquad"]
    yield from given(rng.sample(xquad, 400) + rng.sample(qed, 200), finder)
    yield from mtrag(data, finder)
    records, lookups = half_hidden([replace(case, title="") for case in xquad], 160)
    whole = [lookup for lookup in lookups if lookup.answerable]
    yield from retrieved("xquad-library", "test", records, whole, finder)


# --- the regression and the report ---------------------------------------------------------------------------------


def fit(asked: Sequence[Asked], use: Sequence[str]) -> tuple[dict[str, float], float]:
    """Weights of the signals in `use` (0 for the others) and the bias, each set counting alike. Scikit-learn's
    logistic regression on standardised signals, its scaling undone."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    columns = [SIGNALS.index(name) for name in use]
    x = np.array([row_of(a, "reader" in use)[columns] for a in asked])
    y = np.array([a.answerable for a in asked])
    groups = [(a.source, a.answerable) for a in asked]
    share = np.array([1.0 / groups.count(group) for group in groups])
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
    model = LogisticRegression(C=1.0).fit((x - mean) / scale, y, sample_weight=share / share.mean())
    weights = model.coef_[0] / scale
    found = dict.fromkeys(SIGNALS, 0.0) | {name: float(w) for name, w in zip(use, weights, strict=True)}
    return found, float(model.intercept_[0] - weights @ mean)


def row_of(asked: Asked, with_reader: bool) -> np.ndarray:
    evidence = asked.evidence if with_reader else [replace(e, score=None) for e in asked.evidence]
    return signals(asked.question, evidence)


def refused_at(values: np.ndarray, answerable: np.ndarray, false_refusals: float) -> tuple[float, float]:
    """The share of unanswerable questions below the threshold that refuses this share of the answerable, and it."""
    threshold = float(np.quantile(values[answerable], false_refusals))
    return float((values[~answerable] < threshold).mean()), threshold


def report(asked: Sequence[Asked]) -> None:
    """Fit on the part "signals", print the weights, and measure on all."""
    from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]

    fitting = [a for a in asked if a.part == "signals"]
    cheap = [name for name in SIGNALS if name not in ("reader", "second")]
    models = {"without": fit(fitting, cheap), "with": fit(fitting, SIGNALS)}
    for name, (weights, bias) in models.items():
        print(name, json.dumps({"bias": round(bias, 3)} | {k: round(w, 3) for k, w in weights.items()}))

    def values(name: str, of: Sequence[Asked]) -> np.ndarray:
        rows = np.array([row_of(a, name in ("with", "reader")) for a in of])
        if name in ("cosine", "reader"):
            return rows[:, SIGNALS.index(name)]
        weights, bias = models[name]
        return 1 / (1 + np.exp(-(rows @ [weights[s] for s in SIGNALS] + bias)))

    library = [a for a in fitting if a.source in ("squadshifts", "nq")]
    enough = refused_at(values("with", library), np.array([a.answerable for a in library]), 0.10)[1]
    print(f"ENOUGH {enough:.3f}")
    print("| set | n | signal | AUC | refused at 10% false refusals | at ENOUGH: refused, false |")
    for key in dict.fromkeys((a.source, a.part) for a in asked):
        of = [a for a in asked if (a.source, a.part) == key]
        y = np.array([a.answerable for a in of])
        for name in ("cosine", "without", "reader", "with") if 0 < y.sum() < len(y) else ():
            v = values(name, of)
            at = f"{(v[~y] < enough).mean():.1%}, {(v[y] < enough).mean():.1%}" if name == "with" else ""
            print(
                f"| {' '.join(key)} | {y.sum()}+{(~y).sum()} | {name} | {roc_auc_score(y, v):.3f} | "
                f"{refused_at(v, y, 0.10)[0]:.1%} | {at} |"
            )
        judged = [a for a in of if a.gold or (a.answerable and key[0] in ("xquad-library", "wikinews"))]
        if judged:
            print(
                key,
                "choice:",
                {name: f"{np.mean([_picks(a, name) for a in judged]):.1%}" for name in ("cosine", "cheap", "reader")},
                len(judged),
            )
    news = [a for a in asked if a.source == "wikinews"]
    y = np.array([a.answerable for a in news])
    print("| false refusals | cosine | without | with |")
    for share in (0.02, 0.05, 0.08, 0.10, 0.15, 0.20, 0.30):
        found = [f"{refused_at(values(name, news), y, share)[0]:.0%}" for name in ("cosine", "without", "with")]
        print(f"| {share:.0%} | " + " | ".join(found) + " |")


def _picks(asked: Asked, by: str) -> bool:
    if not asked.evidence:
        return False
    if by == "cosine":
        best = max(range(len(asked.evidence)), key=lambda i: asked.evidence[i].cosine)
    elif by == "cheap":
        best = shortlist(asked.question, asked.evidence, 1)[0]
    else:
        best = ranking(asked.question, asked.evidence)[0]
    return best in asked.gold


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="the folder of public data sets")
    parser.add_argument("--out", type=Path, required=True, help="where the results go, and are looked for")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    cases = cases_of(args.data)
    embedder = MiniLMEmbedder()
    fit_adapter([case for case in cases if case.part == "adapter"], embedder, args.out)
    if not (args.out / "evidence.jsonl").is_file():
        reader = Reader(embedder, weights=args.out / "reader.safetensors")
        with (args.out / "partial.jsonl").open("w", encoding="utf-8") as file:
            for asked in gather(cases, args.data, Finder(embedder, reader)):
                file.write(json.dumps(asdict(asked)) + "\n")
                file.flush()
        (args.out / "partial.jsonl").replace(args.out / "evidence.jsonl")
    with (args.out / "evidence.jsonl").open(encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    report([Asked(**r | {"evidence": tuple(Evidence(**e) for e in r["evidence"])}) for r in records])


if __name__ == "__main__":
    main()
