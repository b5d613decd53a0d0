"""The built-in reader: which sentences of a passage answer a question? And the verifier: does a text carry a claim?

Both are the packaged MiniLM with a small adapter and a head, and run in NumPy on the embedder's own forward pass.
How the adapters were trained, on which data, and what they gain: evals/READER.md.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from embeddings.minilm import LAYERS, MiniLMEmbedder, shared
from rag.errors import BylineError

Floats = NDArray[np.float32]

WEIGHTS = Path(__file__).parent / "weights" / "reader.safetensors"
VERIFIER_WEIGHTS = WEIGHTS.with_name("verifier.safetensors")
SHIPPED = {  # sha256
    WEIGHTS: "a92a7dfe55f7cca29a808e4e1566a63206067a4296fa5437c31f0fd230cf427a",
    VERIFIER_WEIGHTS: "659ccae61084548da4b8f8316abf2447d12f07702d309838b7928dfb3d16a5c8",
}

# Between a sentence and its article's title. A control character, so that no article's text holds it.
CONTEXT = "\x1f"
# Word pieces kept of each part of a question and a passage, of a claim and its evidence.
MAX_QUESTION, MAX_PASSAGE, MAX_TITLE = 40, 320, 10
MAX_CLAIM, MAX_EVIDENCE = 80, 160
LONGEST_ANSWER = 30  # word pieces
TOKENS_PER_BATCH = 512  # more gains nothing on a CPU, and outgrows its caches
_START, _STOP = 101, 102  # [CLS] and [SEP] of BERT's vocabulary


@dataclass(frozen=True, kw_only=True)
class Passage:
    """Neighbouring sentences of an article, and its title ("" where it has none)."""

    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a reader makes of one sentence: `score`, the log-odds that it answers the question, and, where the reader
    points at words, `answer`, the words that do so (half-open, in the sentence's characters), with `answer_score`,
    their log-odds against "nothing here answers". Higher is better."""

    score: float
    answer_score: float | None = None
    answer: tuple[int, int] | None = None


UNREAD = Reading(score=-np.inf)
"""Of a sentence that lies beyond what was read."""


@runtime_checkable
class Reranker(Protocol):
    """Says how well sentences answer a question. A cross-encoder by name gives scores of its own scale."""

    @property
    def name(self) -> str: ...

    def read(self, question: str, passages: Sequence[Passage]) -> list[list[Reading]]:
        """For each passage a reading of each of its sentences, in order. No passages give []."""
        ...


@runtime_checkable
class Verifier(Protocol):
    """Says how well texts carry a claim."""

    def verify(self, claim: str, texts: Sequence[str]) -> Floats:
        """Log-odds that each text carries the claim, (n,) float32, in input order; n = 0 is fine. A text may be a
        sentence by itself or as `with_context` gives it."""
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
    """A sentence with its article's title, where there is one: input for `verify`."""
    return f"{sentence}{CONTEXT}{title}" if title else sentence


class _BuiltIn:
    """The packaged MiniLM with an adapter: low-rank changes of its matrices, its biases, and a linear head.

    `base` is the model beneath; unless given, the one that this process shares. Nothing is read before the first use;
    then a BylineError is raised when the adapter is missing or not the shipped one.
    """

    def __init__(self, base: MiniLMEmbedder | None = None, *, weights: Path) -> None:
        self._base = base if base is not None else shared()
        self._path = weights

    @cached_property
    def _model(self) -> tuple[MiniLMEmbedder, Floats, Floats]:
        """The merged model, the head (outputs, features) and its bias (outputs,)."""
        adapter = load_adapter(self._path)
        weights = merge(self._base._weights, adapter)
        return _Merged(weights), np.atleast_2d(adapter["head.weight"]), adapter["head.bias"]

    def _states(self, rows: Sequence[tuple[list[int], list[int]]]) -> Iterator[tuple[int, Floats]]:
        """The last hidden states, (tokens, 384), of each row of token ids and types, with its place, in any order."""
        # Rows of like length share a batch, so that little of it is padding.
        order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))
        batches = []
        while order:
            n = max(1, TOKENS_PER_BATCH // len(rows[order[-1]][0]))
            batches.append(order[-n:])
            del order[-n:]

        def run(batch: Sequence[int]) -> Floats:
            ids, types = np.zeros((2, len(batch), len(rows[batch[-1]][0])), dtype=np.int64)
            mask = np.zeros(ids.shape, dtype=np.float32)
            for row, i in enumerate(batch):
                n = len(rows[i][0])
                ids[row, :n], types[row, :n] = rows[i]
                mask[row, :n] = 1.0
            return model._bert(ids, mask, types)

        model = self._model[0]
        # A batch for each core, and one core for each product: threads within a product wait for each other in a loop,
        # which on a busy machine takes many times as long.
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(min(len(batches), os.cpu_count() or 1) or 1) as pool:
            for batch, states in zip(batches, pool.map(run, batches), strict=True):
                yield from ((i, states[row, : len(rows[i][0])]) for row, i in enumerate(batch))


class Reader(_BuiltIn):
    """The built-in reader: a question against whole passages. Which sentence answers, and in which words (Devlin et al.
    2019, section 4.3)? A sentence is read among its neighbours, so that "he" and "the court" mean something. Scores are
    log-odds: 0 is even, and the scores of one question can be compared with another's."""

    name = "reader-4"

    def __init__(self, base: MiniLMEmbedder | None = None, *, weights: Path = WEIGHTS) -> None:
        super().__init__(base, weights=weights)

    def read(self, question: str, passages: Sequence[Passage]) -> list[list[Reading]]:
        """See `Reranker.read`. Of a passage longer than MAX_PASSAGE word pieces the end is not read."""
        tokenizer = self._base._tokenizer
        encoded = [encode_passage(tokenizer, question, p.sentences, p.title) for p in passages]
        found: list[list[Reading]] = [[] for _ in passages]
        for i, states in self._states([(e.ids, e.types) for e in encoded]):
            _, head, bias = self._model
            read = readings_of(encoded[i], states @ head.T + bias)
            found[i] = read + [UNREAD] * (len(passages[i].sentences) - len(read))
        return found


def readings_of(encoded: Encoded, logits: Floats) -> list[Reading]:
    """Of each sentence that fitted into a passage, from the logits, (tokens, 3), of its tokens: that the answer begins
    with it, that it ends with it (both of the first token: that nothing answers), its share in its sentence's."""
    return [_reading(logits, span, at) for span, at in zip(encoded.spans, encoded.offsets, strict=True)]


def _reading(logits: Floats, span: tuple[int, int], offsets: Sequence[tuple[int, int]]) -> Reading:
    if span[0] == span[1]:  # a sentence of characters that the tokenizer drops
        return UNREAD
    first, last, own = logits[span[0] : span[1]].T
    score = np.where(_may_be(len(own)), first[:, None] + last[None, :], -np.inf)
    a, b = divmod(int(score.argmax()), len(own))
    return Reading(
        score=float(own.mean()),
        answer_score=float(score[a, b] - logits[0, 0] - logits[0, 1]),
        answer=(offsets[a][0], offsets[b][1]),
    )


@lru_cache(maxsize=64)
def _may_be(n: int) -> NDArray[np.bool_]:
    """Which pairs of first and last token are an answer: at most LONGEST_ANSWER tokens, (n, n)."""
    every = np.ones((n, n), dtype=bool)
    return np.triu(every) & ~np.triu(every, LONGEST_ANSWER)


class BuiltInVerifier(_BuiltIn):
    """The built-in verifier: a claim against a text, as a cross-encoder (Nogueira and Cho 2019)."""

    def __init__(self, base: MiniLMEmbedder | None = None, *, weights: Path = VERIFIER_WEIGHTS) -> None:
        super().__init__(base, weights=weights)

    def verify(self, claim: str, texts: Sequence[str]) -> Floats:
        """See `Verifier.verify`."""
        pairs = [encode_pair(self._base._tokenizer, claim, text) for text in texts]
        scores = np.zeros(len(texts), dtype=np.float32)
        for i, states in self._states(pairs):
            _, head, bias = self._model
            scores[i] = float(np.concatenate([states[0], states.mean(axis=0)]) @ head[0] + bias[0])
        return scores


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


def encode_pair(tokenizer: Any, claim: str, text: str) -> tuple[list[int], list[int]]:
    """Token ids and token types of `[CLS] claim [SEP] evidence [SEP]`, and `title [SEP] [SEP]` where `text` carries
    one. Type 1 marks the evidence."""
    evidence, _, title = text.partition(CONTEXT)

    def ids(part: str) -> list[int]:
        found: list[int] = tokenizer.encode(part, add_special_tokens=False).ids
        return found

    asked = [_START, *ids(claim)[:MAX_CLAIM], _STOP]
    said = [*ids(evidence)[:MAX_EVIDENCE], _STOP]
    context = [*ids(title)[:MAX_TITLE], _STOP, _STOP] if title else []
    return asked + said + context, [0] * len(asked) + [1] * len(said) + [0] * len(context)


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """A question and a passage as tokens: `spans` are the tokens of each sentence that fits, half-open; `offsets` the
    characters of each of these tokens in its sentence."""

    ids: list[int]
    types: list[int]
    spans: list[tuple[int, int]]
    offsets: list[list[tuple[int, int]]]


def encode_passage(tokenizer: Any, question: str, sentences: Sequence[str], title: str = "") -> Encoded:
    """`[CLS] question [SEP] sentences [SEP]`, and `title [SEP] [SEP]` where there is one. Type 1 marks the passage. The
    sentence with which the passage grows beyond MAX_PASSAGE is cut, those after it are left out."""
    asked = [_START, *tokenizer.encode(question, add_special_tokens=False).ids[:MAX_QUESTION], _STOP]
    ids, spans, offsets = list(asked), [], []
    room = MAX_PASSAGE
    for sentence in sentences:
        encoding = tokenizer.encode(sentence, add_special_tokens=False)
        found = encoding.ids[:room]
        if not room:
            break
        spans.append((len(ids), len(ids) + len(found)))
        offsets.append(encoding.offsets[:room])
        ids += found
        room -= len(found)
    ids.append(_STOP)
    types = [0] * len(asked) + [1] * (len(ids) - len(asked))
    if title:
        context = [*tokenizer.encode(title, add_special_tokens=False).ids[:MAX_TITLE], _STOP, _STOP]
        ids, types = ids + context, types + [0] * len(context)
    return Encoded(ids=ids, types=types, spans=spans, offsets=offsets)


class CrossEncoderReranker:
    """Any cross-encoder that sentence-transformers can load. Its scores are its own: they order, they do not refuse."""

    def __init__(self, name: str) -> None:
        from sentence_transformers import CrossEncoder

        self.name = f"st:{name}"
        try:
            self._model = CrossEncoder(name)
        except Exception as error:  # whatever a hub, a disk or a model's own code raises
            raise BylineError(f"the cross-encoder {name!r} cannot be loaded: {error}.") from error

    def read(self, question: str, passages: Sequence[Passage]) -> list[list[Reading]]:
        """See `Reranker.read`: each sentence by itself, with its title."""
        pairs = [(question, f"{p.title} {s}".strip()) for p in passages for s in p.sentences]
        scores = np.asarray(self._model.predict(pairs) if pairs else [], dtype=np.float32)
        if scores.shape != (len(pairs),):
            raise BylineError(f"{self.name} gives scores of shape {scores.shape}, not one for each text: use another.")
        readings = iter([Reading(score=float(score)) for score in scores])
        return [[next(readings) for _ in passage.sentences] for passage in passages]
