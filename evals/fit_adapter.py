"""Train the adapter of `rag/answers/reader.py`: one model, two heads.

    python -m evals.fit_adapter --data ../shared/data --out DIR

writes DIR/reader.safetensors. The first head reads (question, sentence): does it answer? The second reads (claim,
evidence): does it carry the claim? Data, split and results: evals/READER.md. Needs torch; nothing here is used when
Byline runs.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from embeddings.minilm import MiniLMEmbedder
from evals.lies import lies, names_in, paraphrases
from evals.reader_data import Case, cases_of, trimmed
from evals.support_data import fever
from rag.answers.reader import encode_pair, load_adapter, with_context
from rag.ingest.passages import split_sentences

SEED = 7
RANK = 32
RATE, WARMING, COOLING = 1e-3, 100, 400
ROUNDS = 2
GROUPS_PER_BATCH = 12
# Word pieces of a sentence, and of a claim's evidence, that are seen in training.
MAX_SENTENCE, MAX_EVIDENCE = 64, 112
SWAP_RATE, OTHER_KIND_RATE, BARE_RATE = 0.35, 0.3, 0.3
N_EDITED, N_ASKED_OF_NAMES = 3000, 1200
MATRICES = (
    *("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"),
    *("intermediate.dense", "output.dense"),
)
READS, VERIFIES = 0, 1  # the rows of the head


@dataclass(frozen=True, kw_only=True)
class Group:
    """A question or claim, and texts (in context) that answer or carry it, or not."""

    head: int
    query: str
    pairs: tuple[tuple[str, bool], ...]


# --- (question, sentence) ------------------------------------------------------------------------------------------


def questions_of(cases: Sequence[Case], embedder: MiniLMEmbedder, cache: Path, rng: random.Random) -> list[Group]:
    """For each question: a sentence that answers, the nearest others of its paragraph, of its article, and of all. Some
    questions come again with a name, a number or the kind of answer exchanged, when the sentence answers no longer."""
    places = {(case.paragraph, i): (case, i) for case in cases for i in range(len(case.sentences))}
    keys = list(places)
    texts = [case.sentences[i] for case, i in places.values()]
    vectors = _cached(cache / "sentences.npy", lambda: vectors_of(texts, embedder))
    queries = _cached(cache / "questions.npy", lambda: vectors_of([case.question for case in cases], embedder))
    row = {key: n for n, key in enumerate(keys)}
    of_article: dict[str, list[int]] = defaultdict(list)
    for n, (case, _) in enumerate(places.values()):
        of_article[case.title].append(n)
    names = sorted({name for case in cases for s in case.sentences for name in _names(s)})
    groups: list[Group] = []
    for case, query in zip(cases, queries, strict=True):
        bare = rng.random() < BARE_RATE
        style = rng.random()

        def ask(question: str, style: float = style) -> str:
            return question.lower().rstrip("?") if style < 0.15 else question.rstrip("?") if style < 0.25 else question

        def text(of: Case, i: int, bare: bool = bare) -> str:
            return of.sentences[i] if bare else with_context(of.sentences[i], title=of.title)

        others = [i for i in range(len(case.sentences)) if i not in case.gold | case.doubtful]
        others.sort(key=lambda i: -float(query @ vectors[row[case.paragraph, i]]))
        pairs = [(text(case, i), False) for i in rng.sample(others[:4], min(len(others), 2 if case.gold else 4))]
        if case.gold:
            gold = rng.choice(sorted(case.gold))
            pairs.append((text(case, gold), True))
        if case.gold and case.answers:
            answers = [answer.lower() for answer in case.answers]
            near = np.argpartition(-(vectors @ query), 40)[:40]
            own = np.array(of_article[case.title] if case.title else [], dtype=int)
            own = own[np.argsort(-(vectors[own] @ query))][:12]
            for found, n in ((own, 2), (near, 1)):
                wrong = [
                    text(*places[keys[k]])
                    for k in found
                    if keys[k][0] != case.paragraph
                    and not any(a in places[keys[k]][0].sentences[keys[k][1]].lower() for a in answers)
                ]
                pairs += [(w, False) for w in rng.sample(wrong[:6], min(len(wrong[:6]), n))]
        if pairs:
            groups.append(Group(head=READS, query=ask(case.question), pairs=tuple(dict.fromkeys(pairs))))
        if case.gold and rng.random() < SWAP_RATE and (swapped := _swapped(case.question, case, names, rng)):
            groups.append(Group(head=READS, query=ask(swapped), pairs=((text(case, gold), False),)))
        if case.gold and rng.random() < OTHER_KIND_RATE:
            asked = _of_another_kind(case.question, case.sentences[gold], rng)
            if asked:
                groups.append(Group(head=READS, query=ask(asked), pairs=((text(case, gold), False),)))
    return groups


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


def _of_another_kind(question: str, sentence: str, rng: random.Random) -> str | None:
    """The question with another question word, where the sentence holds nothing of the kind that is asked then."""
    asks = _ASKS_HOW.match(question)
    if not asks:
        return None
    kinds = [k for k, says in _MAY_SAY.items() if k.lower() != asks[1].lower() and not says.search(sentence)]
    return _ASKS_HOW.sub(rng.choice(kinds), question) if kinds else None


def questions_of_names(cases: Sequence[Case], n: int, rng: random.Random) -> Iterator[Group]:
    """Questions on what a paragraph speaks of that it does not answer."""
    paragraphs = list({case.paragraph: case for case in cases}.values())
    for case in rng.sample(paragraphs, min(n, len(paragraphs))):
        names = _names(case.paragraph)
        if not names:
            continue
        name = rng.choice(names)
        template, says = rng.choice(_OF_A_NAME)
        near = [s for s in case.sentences if name in s and not re.search(says, s, re.I)][:3]
        if near:
            bare = rng.random() < BARE_RATE
            pairs = tuple((s if bare else with_context(s, title=case.title), False) for s in near)
            yield Group(head=READS, query=template.format(name), pairs=pairs)


def _cached(path: Path, make: Callable[[], np.ndarray]) -> Any:
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


# --- (claim, evidence) ---------------------------------------------------------------------------------------------


def claims_of_fever(data: Path) -> Iterator[Group]:
    """The half of FEVER that is not held out."""
    for e in fever(data, 10_000):
        if not e.is_held_out:
            yield Group(head=VERIFIES, query=e.claim, pairs=((trimmed(e.evidence[0]), e.is_supported),))


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
            yield Group(head=VERIFIES, query=row["text"], pairs=tuple(pairs))


def claims_of_answers(cases: Sequence[Case], rng: random.Random) -> Iterator[Group]:
    """Questions with their answer as a claim: carried by the sentence that answers, not by others of its paragraph; and
    with another name or number of the paragraph as the answer, not carried."""
    for case in cases:
        if len(case.gold) != 1 or not case.answers:
            continue
        gold = case.sentences[min(case.gold)]
        answer = min((a for a in case.answers if a in gold), key=len, default="")
        claim = _claim(case.question, answer)
        if not claim:
            continue
        bare = rng.random() < 0.5
        shown = [s if bare else with_context(s, title=case.title) for s in (gold, *case.sentences)]
        others = [i for i in range(len(case.sentences)) if i not in case.gold | case.doubtful]
        pairs = [(shown[0], True)]
        if others:
            near = max(others, key=lambda i: len(set(_words(claim)) & set(_words(case.sentences[i]))))
            pairs.append((shown[1 + near], False))
        yield Group(head=VERIFIES, query=claim, pairs=tuple(pairs))
        digits = answer[:1].isdigit()
        pool = _NUMBER.findall(case.paragraph) if digits else _names(case.paragraph)
        pool = [p for p in dict.fromkeys(pool) if p not in answer and answer not in p and p not in case.question]
        if pool and (wrong := _claim(case.question, rng.choice(pool))):
            yield Group(head=VERIFIES, query=wrong, pairs=((shown[0], False),))


_AUX = re.compile(r"^(?:do|does|did|can|could|will|would|should|has|have|had|if|about|kind|type|else)$", re.I)
_BE = re.compile(r"^(?:is|was|are|were)$", re.I)


def _claim(question: str, answer: str) -> str | None:
    """The statement that the answer makes of a question about the subject, None for other questions."""
    question = question.strip().rstrip("?").strip()
    words = question.split()
    if not answer or len(words) < 4 or len(answer.split()) > 8:
        return None
    lead, noun = words[0].lower(), ""
    if lead == "how" and words[1].lower() == "many":
        at, noun = 3, f" {words[2]}"
    elif lead in ("what", "which") and not (_BE.match(words[1]) or words[1].lower().endswith(("ed", "s"))):
        at = 2
    elif lead in ("who", "what", "which"):
        at = 1
    else:
        return None
    if at >= len(words) or _AUX.match(words[at]) or (at > 1 and _BE.match(words[at])):
        return None
    if {"did", "does", "do", "be", "if"} & {word.lower() for word in words[1:]}:
        return None
    if words[-1].lower() in ("to", "for", "of", "in", "from", "by", "with", "at", "on", "called", "as", "about"):
        return None
    return f"{answer[:1].upper()}{answer[1:]}{noun} {' '.join(words[at:])}."


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
            yield Group(head=VERIFIES, query=text, pairs=((around if rng.random() < 0.5 else sentence, label),))
        if rng.random() < 0.4 and (rest := f"{before} {after}".strip()):
            yield Group(head=VERIFIES, query=sentence, pairs=((rest, False),))


def _words(text: str) -> list[str]:
    return re.findall(r"\w{3,}", text.lower())


# --- the adapter ---------------------------------------------------------------------------------------------------


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
        self.head = nn.Linear(768, 2)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.constant_(self.head.bias, -1.0)

    def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(n, t) each to the log-odds of both heads, (n, 2)."""
        with torch.autocast("cpu", torch.bfloat16):
            states = self.bert(input_ids=ids, token_type_ids=types, attention_mask=mask)[0]
        states = states.float()
        mean = (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        logits: torch.Tensor = self.head(torch.cat([states[:, 0], mean], dim=1))
        return logits

    def adapter(self) -> dict[str, np.ndarray]:
        """What is shipped: `NAME.a` (rank, in) and `NAME.b` (out, rank) of each matrix, biases and norms, the head."""
        found = {n: p for n, p in self.bert.named_parameters() if p.requires_grad}
        tensors = {name: p.detach().numpy().astype(np.float16) for name, p in found.items()}
        return tensors | {
            "head.weight": self.head.weight.detach().numpy().astype(np.float32),
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


def both_heads(model: CrossEncoder, pairs: Sequence[tuple[list[int], list[int]]]) -> np.ndarray:
    """The log-odds of both heads for many pairs, (n, 2), in bfloat16's precision."""
    model.eval()
    order = sorted(range(len(pairs)), key=lambda i: len(pairs[i][0]))
    found = np.zeros((len(pairs), 2), dtype=np.float32)
    with torch.no_grad():
        for i in range(0, len(order), 64):
            rows = order[i : i + 64]
            found[rows] = model(*padded([pairs[n] for n in rows])).float().numpy()
    return found


def loss_of(logits: torch.Tensor, sizes: Sequence[int], right: torch.Tensor, heads: Sequence[int]) -> torch.Tensor:
    """Each pair for itself; and for questions, the choice among the sentences and "none of them" (log-odds 0)."""
    own = logits.gather(1, torch.tensor(heads).repeat_interleave(torch.tensor(sizes))[:, None])[:, 0]
    alone = nn.functional.binary_cross_entropy_with_logits(own, right.float())
    chosen = []
    for scores, is_right, head in zip(
        torch.split(own, list(sizes)), torch.split(right, list(sizes)), heads, strict=True
    ):
        if head == READS:
            none = scores.new_zeros(1)
            wanted = scores[is_right] if is_right.any() else none
            chosen.append(torch.cat([none, scores]).logsumexp(0) - wanted.logsumexp(0))
    return alone + torch.stack(chosen).mean() if chosen else alone


Encoded = tuple[int, list[tuple[list[int], list[int]]], list[bool]]


def train(model: CrossEncoder, batches: Sequence[Sequence[Encoded]], first: int, last: int, out: Path) -> None:
    """The steps `first` to `last`: the rate rises, stays, and falls to 0 over the last COOLING steps (Hägele et
    al. 2024). The adapter is written every 100 steps, and at the end. A file "cool" beside it ends it early."""
    torch.manual_seed(SEED)
    adapters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(adapters, lr=RATE, weight_decay=0.01)
    model.train()
    started, running, n_pairs, step = time.perf_counter(), {READS: [0.7], VERIFIES: [0.7]}, 0, first
    last = min(last, len(batches))
    while step < last:
        batch = batches[step]
        if (out.parent / "cool").exists():
            last = min(last, step + COOLING)
            (out.parent / "cool").unlink()
            print(f"cooling: --steps {last}", flush=True)
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step - first + 1) / WARMING, (last - step) / COOLING)
        pairs = [pair for _, tokens, _ in batch for pair in tokens]
        right = torch.tensor([flag for _, _, flags in batch for flag in flags])
        heads = [head for head, _, _ in batch]
        loss = loss_of(model(*padded(pairs)), [len(flags) for _, _, flags in batch], right, heads)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(adapters, 1.0)
        optimizer.step()
        n_pairs += len(pairs)
        running[heads[0]].append(loss.item())
        if step % 20 == 0 or step == last - 1:
            spent = time.perf_counter() - started
            losses = ", ".join(f"{np.mean(found[-60:]):.3f}" for found in running.values())
            print(f"{step}/{last} loss {losses} {spent:.0f} s {n_pairs / spent:.0f} pairs/s", flush=True)
        if step % 100 == 99:
            save(model, out)
        step += 1
    save(model, out)


def batches_of(groups: Sequence[Group], tokenizer: Any, rng: random.Random) -> list[list[Encoded]]:
    """Groups of one head and like length share a batch, in random order."""
    batches: list[list[Encoded]] = []
    for head, longest, size in (
        (READS, MAX_SENTENCE, GROUPS_PER_BATCH),
        (VERIFIES, MAX_EVIDENCE, 4 * GROUPS_PER_BATCH),
    ):
        order: list[Encoded] = [
            (
                head,
                [encode_pair(tokenizer, g.query, text, max_sentence=longest) for text, _ in g.pairs],
                [y for _, y in g.pairs],
            )
            for g in groups
            if g.head == head
        ]
        rng.shuffle(order)
        for i in range(0, len(order), 16 * size):
            block = sorted(order[i : i + 16 * size], key=lambda g: max(len(ids) for ids, _ in g[1]))
            batches += [block[j : j + size] for j in range(0, len(block), size)]
    rng.shuffle(batches)
    return batches


def save(model: CrossEncoder, path: Path) -> None:
    from safetensors.numpy import save_file

    partial = path.with_suffix(".partial")
    save_file(model.adapter(), str(partial))
    partial.replace(path)


def all_groups(data: Path, embedder: MiniLMEmbedder, out: Path, seed: int) -> list[Group]:
    rng = random.Random(seed)
    cases = [case for case in cases_of(data) if case.part == "adapter" and (case.gold or not case.doubtful)]
    made = {
        "questions": questions_of(cases, embedder, out, rng),
        "questions of names": list(questions_of_names(cases, N_ASKED_OF_NAMES, rng)),
        "FEVER": list(claims_of_fever(data)),
        "SciFact": list(claims_of_science(data, rng)),
        "answers": list(claims_of_answers(cases, rng)),
        "edits": list(claims_of_edits(cases, N_EDITED, rng)),
    }
    for name, groups in made.items():
        n, right = sum(len(g.pairs) for g in groups), sum(y for g in groups for _, y in g.pairs)
        print(f"{name}: {len(groups)} groups, {n} pairs, {right} right", flush=True)
    return [group for groups in made.values() for group in groups]


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the adapter of rag/answers/reader.py.")
    parser.add_argument("--data", type=Path, required=True, help="the folder of public data sets")
    parser.add_argument("--out", type=Path, required=True, help="where reader.safetensors goes")
    parser.add_argument("--steps", type=int, default=10**9, help="stop after so many batches")
    parser.add_argument("--resume", type=int, default=0, metavar="N", help="go on from the adapter after N batches")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    embedder = MiniLMEmbedder()
    batches = []
    for n in range(ROUNDS):
        groups = all_groups(args.data, embedder, args.out, SEED + n)
        batches += batches_of(groups, embedder._tokenizer, random.Random(SEED + n))
    torch.manual_seed(SEED)
    model, out = CrossEncoder(embedder._folder), args.out / "reader.safetensors"
    if args.resume:
        model.restore(load_adapter(out))
    train(model, batches, args.resume, args.steps, out)


if __name__ == "__main__":
    main()
