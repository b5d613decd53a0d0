"""The built-in reader: how well a sentence answers a question or carries a claim, and whether what was found is enough.

`Reader` is the packaged MiniLM turned into a cross-encoder by a small adapter: low-rank changes of its matrices, its
biases, and a linear head, or two. It runs in NumPy on the embedder's own forward pass. `weights/reader.safetensors`
reads questions, `weights/verifier.safetensors` claims.
`sufficiency` is a logistic regression over signals that explain themselves, the reader's best score among them.
How both were fitted, on which data, and what they gain: evals/READER.md.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from embeddings.minilm import LAYERS, MiniLMEmbedder, shared
from rag.search.retrieval import query_terms
from rag.types import BylineError

Floats = NDArray[np.float32]

WEIGHTS = Path(__file__).parent / "weights" / "reader.safetensors"
VERIFIER_WEIGHTS = WEIGHTS.with_name("verifier.safetensors")
SHIPPED = {  # sha256
    WEIGHTS: "79c6851e6d5449282941d155646975670395d159cc9684826576a4b8f803e07e",
    VERIFIER_WEIGHTS: "03c8c7189eebeaf88517416722d8a8512a943badaea8bc394768fa62cdc5d365",
}

# Between a sentence and its article's title. A control character, so that no article's text holds it.
CONTEXT = "\x1f"
# Word pieces kept of each part of a pair.
MAX_QUESTION, MAX_SENTENCE, MAX_TITLE = 40, 128, 10
MAX_CLAIM, MAX_EVIDENCE = 80, 160
# The rows of the head, and what of a question and a sentence, of a claim and its evidence, is read.
READS, VERIFIES = 0, 1
MOST = ((MAX_QUESTION, MAX_SENTENCE), (MAX_CLAIM, MAX_EVIDENCE))
TOKENS_PER_BATCH = 2048
# So many sentences of those found are read, and the weight of coverage beside the cosine in choosing them.
READ, COVERAGE_WEIGHT = 24, 0.4
# What cosine and coverage count for beside the reader's score in choosing the answer.
CHEAP_WEIGHT = 4.0
_START, _STOP = 101, 102  # [CLS] and [SEP] of BERT's vocabulary


@runtime_checkable
class Reranker(Protocol):
    """Says how well texts answer a question."""

    @property
    def name(self) -> str: ...

    def score(self, query: str, texts: Sequence[str]) -> Floats:
        """One score per text, (n,) float32, in input order, higher is better; n = 0 is fine. A text may be a sentence
        by itself or as `with_context` gives it."""
        ...


@runtime_checkable
class Verifier(Protocol):
    """Says how well texts carry a claim."""

    def verify(self, claim: str, texts: Sequence[str]) -> Floats:
        """Log-odds that each text carries the claim, (n,) float32, in input order; n = 0 is fine. Texts as in
        `Reranker.score`."""
        ...


def load_reranker(spec: str) -> Reranker | None:
    """ "reader" (built in), "st:NAME" (a cross-encoder of sentence-transformers, by name or folder), "none" (None).

    BylineError for any other spec, and where the model cannot be loaded.
    """
    if spec == "none":
        return None
    if spec == "reader":
        return Reader()
    if spec.startswith("st:") and len(spec) > 3:
        return CrossEncoderReranker(spec[3:])
    raise BylineError(f"there is no reranker {spec!r}: use reader, none, or st:NAME for a cross-encoder by name.")


def with_context(sentence: str, title: str = "") -> str:
    """A sentence with its article's title, where there is one: input for `score` and `verify`."""
    return f"{sentence}{CONTEXT}{title}" if title else sentence


class Reader:
    """The packaged MiniLM with the shipped adapter, as a cross-encoder (Nogueira and Cho 2019). Scores are log-odds:
    0 is even, and the scores of one question can be compared with another's.

    `base` is the model beneath; unless given, the one that this process shares. Nothing is read before the first
    score; then a BylineError is raised when the adapter is missing or not the shipped one.
    """

    name = "reader-2"

    def __init__(self, base: MiniLMEmbedder | None = None, *, weights: Path = WEIGHTS) -> None:
        self._base = base if base is not None else shared()
        self._path = weights

    def score(self, query: str, texts: Sequence[str]) -> Floats:
        return self._scores(query, texts, READS)

    def verify(self, claim: str, texts: Sequence[str]) -> Floats:
        """The same with the second head: log-odds that a text carries the claim. BylineError where the adapter has
        one head only."""
        return self._scores(claim, texts, VERIFIES)

    def _scores(self, query: str, texts: Sequence[str], head: int) -> Floats:
        scores = np.zeros(len(texts), dtype=np.float32)
        if not len(texts):
            return scores
        model, heads, biases = self._model
        if head >= len(heads):
            raise BylineError(f"{self._path} was trained to read questions only: it cannot judge claims.")
        longest_question, longest_text = MOST[head]
        pairs = [
            encode_pair(self._base._tokenizer, query, text, max_question=longest_question, max_sentence=longest_text)
            for text in texts
        ]
        # Pairs of like length share a batch, so that little of it is padding.
        order = sorted(range(len(pairs)), key=lambda i: len(pairs[i][0]))
        while order:
            longest = len(pairs[order[-1]][0])
            batch = order[-max(1, TOKENS_PER_BATCH // longest) :]
            del order[-len(batch) :]
            ids, types = np.zeros((2, len(batch), longest), dtype=np.int64)
            mask = np.zeros((len(batch), longest), dtype=np.float32)
            for row, i in enumerate(batch):
                n = len(pairs[i][0])
                ids[row, :n], types[row, :n] = pairs[i]
                mask[row, :n] = 1.0
            states = model._bert(ids, mask, types)
            mean = (states * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
            scores[batch] = np.concatenate([states[:, 0], mean], axis=1) @ heads[head] + biases[head]
        return scores

    @cached_property
    def _model(self) -> tuple[MiniLMEmbedder, Floats, Floats]:
        """The merged model, the heads (n, 768) on the first and the mean state, and their biases (n,)."""
        adapter = load_adapter(self._path)
        weights = merge(self._base._weights, adapter)
        return _Merged(weights), np.atleast_2d(adapter["head.weight"]), adapter["head.bias"]


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


def encode_pair(
    tokenizer: Any, question: str, text: str, *, max_question: int = MAX_QUESTION, max_sentence: int = MAX_SENTENCE
) -> tuple[list[int], list[int]]:
    """Token ids and token types of `[CLS] question [SEP] sentence [SEP]`, and `title [SEP] [SEP]` where `text` carries
    one. Type 1 marks the sentence that is judged."""
    sentence, _, title = text.partition(CONTEXT)

    def ids(part: str) -> list[int]:
        found: list[int] = tokenizer.encode(part, add_special_tokens=False).ids
        return found

    asked = [_START, *ids(question)[:max_question], _STOP]
    said = [*ids(sentence)[:max_sentence], _STOP]
    context = [*ids(title)[:MAX_TITLE], _STOP, _STOP] if title else []
    return asked + said + context, [0] * len(asked) + [1] * len(said) + [0] * len(context)


class CrossEncoderReranker:
    """Any cross-encoder that sentence-transformers can load. Its scores are its own: they order, they do not refuse."""

    def __init__(self, name: str) -> None:
        from sentence_transformers import CrossEncoder

        self.name = f"st:{name}"
        try:
            self._model = CrossEncoder(name)
        except Exception as error:  # whatever a hub, a disk or a model's own code raises
            raise BylineError(f"the cross-encoder {name!r} cannot be loaded: {error}.") from error

    def score(self, query: str, texts: Sequence[str]) -> Floats:
        if not len(texts):
            return np.zeros(0, dtype=np.float32)
        plain = [" ".join(reversed(text.split(CONTEXT))) for text in texts]  # the title first, as it is read
        scores = np.asarray(self._model.predict([(query, text) for text in plain]), dtype=np.float32)
        if scores.shape != (len(texts),):
            raise BylineError(f"{self.name} gives scores of shape {scores.shape}, not one for each text: use another.")
        return scores


# --- is it enough? -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A candidate sentence, and what is known about it. `cosine` is the question's with the sentence,
    `passage_cosine` with the passage it stands in; `score` is the reader's, None where there is no reader."""

    text: str
    passage: str
    title: str
    cosine: float
    passage_cosine: float
    score: float | None = None


SIGNALS = (
    "reader",  # the best score of the reader, cut to -8..8
    "second",  # its next best
    "cosine",  # the highest cosine of a sentence
    "best_cosine",  # that of the sentence that answers best
    "passage_cosine",  # the highest cosine of a passage
    "coverage",  # the share of the question's content words in the best sentence and its title
    "passage_coverage",  # ... in its passage and title
    "found",  # ... in any of the passages and titles
    "names",  # the share of the question's names and numbers in the best sentence's passage and title, 1 if it has none
    "kind",  # whether the best sentence holds a number, date or name where one is asked for; 0.5 if none is
)

_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|hundreds?|thousands?|millions?|"
    r"billions?|half|quarter|third|twice)\b",
    re.I,
)
_DATE = re.compile(
    r"\b(?:1\d{3}|20\d\d)s?\b|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|\b(?:January|February|March|April|May|"
    r"June|July|August|September|October|November|December|Jan|Feb|Aug|Sept?|Oct|Nov|Dec)\b|"
    r"\b(?:today|yesterday|tomorrow|morning|afternoon|evening|night|weekend|week|month|year|decade|centur(?:y|ie)|hour)s?\b"
)
_NAME = re.compile(r"(?<!^)(?<![.!?“\"] )\b[A-Z][\w’'-]+")
_KINDS = (
    (re.compile(r"\bhow (?:many|much|long|old|often|far|high|tall|large|big|deep|fast|wide)\b", re.I), _NUMBER),
    (re.compile(r"\b(?:what|which) (?:number|share|percentage|sum|amount|size|age)\b", re.I), _NUMBER),
    (re.compile(r"\bwhen\b|\b(?:what|which) (?:date|day|month|year|time|century|decade)\b", re.I), _DATE),
    (re.compile(r"\bwho(?:m|se)?\b|\bwhere\b", re.I), _NAME),
    (
        re.compile(r"\b(?:what|which) (?:country|city|state|town|outlet|court|party|company|team|man|woman)\b", re.I),
        _NAME,
    ),
)
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_ENDINGS = ("ing", "ed", "es", "s")


def shortlist(question: str, evidence: Sequence[Evidence], n: int = READ) -> list[int]:
    """The places of the `n` sentences that are worth reading, by cosine and coverage, best first."""
    scores = _cheap_scores(question, evidence)
    return sorted(range(len(evidence)), key=lambda i: -scores[i])[:n]


def ranking(question: str, evidence: Sequence[Evidence]) -> list[int]:
    """The places of all sentences, the one that answers best first: those that were read by the reader's score with
    cosine and coverage, then the others by these alone."""
    cheap = _cheap_scores(question, evidence)
    scores = [-np.inf if e.score is None else e.score + CHEAP_WEIGHT * c for e, c in zip(evidence, cheap, strict=True)]
    return sorted(range(len(evidence)), key=lambda i: (-scores[i], -cheap[i]))


def sufficiency(question: str, evidence: Sequence[Evidence]) -> float:
    """The probability, 0..1, that one of the sentences answers the question; 0 for no evidence. Compare with ENOUGH."""
    if not evidence:
        return 0.0
    is_read = any(e.score is not None for e in evidence)
    weights = WITH_READER if is_read else WITHOUT_READER
    logit = float(np.dot(signals(question, evidence), [weights[name] for name in SIGNALS])) + weights["bias"]
    return float(1.0 / (1.0 + np.exp(-logit)))


def signals(question: str, evidence: Sequence[Evidence]) -> NDArray[np.float64]:
    """What `sufficiency` weighs, (10,) float64, in the order of SIGNALS. At least one piece of evidence is needed.

    The best sentence is the first of `ranking`. Where nothing was read, the reader's two signals are 0."""
    terms = {stem(term) for term in query_terms(question)}
    names = {stem(name.lower()) for name in _NAME.findall(question)} | set(_DIGITS.findall(question))
    around = {e.passage: _stems(f"{e.title} {e.passage}") for e in evidence}
    best = evidence[ranking(question, evidence)[0]]
    scores = sorted((e.score for e in evidence if e.score is not None), reverse=True)
    first, second = [*scores, -8.0, -8.0][:2] if scores else (0.0, 0.0)
    kind = next((found for asked, found in _KINDS if asked.search(question)), None)
    return np.array(
        [
            np.clip(first, -8.0, 8.0),
            np.clip(second, -8.0, 8.0),
            max(e.cosine for e in evidence),
            best.cosine,
            max(e.passage_cosine for e in evidence),
            _share(terms, _stems(f"{best.title} {best.text}")),
            _share(terms, around[best.passage]),
            _share(terms, set().union(*around.values())),
            _share(names, around[best.passage]),
            0.5 if kind is None else float(bool(kind.search(best.text))),
        ]
    )


def _cheap_scores(question: str, evidence: Sequence[Evidence]) -> list[float]:
    terms = {stem(term) for term in query_terms(question)}
    return [e.cosine + COVERAGE_WEIGHT * _share(terms, _stems(f"{e.title} {e.text}")) for e in evidence]


def stem(word: str) -> str:
    """The word without its commonest endings: enough to let "warrants" meet "warrant"."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def _stems(text: str) -> set[str]:
    return {stem(word) for word in re.findall(r"\w+(?:[.,]\d+)*", text.lower())}


def _share(wanted: set[str], words: set[str]) -> float:
    return len(wanted & words) / len(wanted) if wanted else 1.0


# Fitted by evals/fit_reader.py; the threshold is the one that refuses 10% of the answerable questions it was fitted on.
WITH_READER = {
    "bias": -5.589,
    "reader": 0.422,
    "second": -0.264,
    "cosine": 1.364,
    "best_cosine": 3.227,
    "passage_cosine": 1.933,
    "coverage": 1.675,
    "passage_coverage": 0.567,
    "found": -0.248,
    "names": 0.133,
    "kind": 0.546,
}
WITHOUT_READER = {
    "bias": -6.596,
    "reader": 0.0,
    "second": 0.0,
    "cosine": 3.999,
    "best_cosine": 1.71,
    "passage_cosine": 1.573,
    "coverage": 1.668,
    "passage_coverage": 1.385,
    "found": 0.157,
    "names": 0.236,
    "kind": 0.568,
}
ENOUGH = 0.352
# Below it no language model is asked: 2% of the answerable and 34% of the unanswerable questions it was fitted on are.
HOPELESS = 0.13
