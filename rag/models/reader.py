"""Which sentences of a passage answer a question? The built-in reader, and any cross-encoder by its name.

The built-in one is the packaged MiniLM with an adapter (`rag.models.adapter`). How it was trained, on which data, and
what it gains: evals/READER.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from embeddings.minilm import MiniLMEmbedder
from rag.errors import BylineError
from rag.models.adapter import MAX_TITLE, READER_WEIGHTS, START, STOP, Adapted, Floats

# Word pieces kept of a question and of a passage, and the most that an answer has.
MAX_QUESTION, MAX_PASSAGE = 40, 320
LONGEST_ANSWER = 30


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


class Reader(Adapted):
    """The built-in reader: a question against whole passages. Which sentence answers, and in which words (Devlin et al.
    2019, section 4.3)? A sentence is read among its neighbours, so that "he" and "the court" mean something. Scores are
    log-odds: 0 is even, and the scores of one question can be compared with another's."""

    name = "reader-4"

    def __init__(self, base: MiniLMEmbedder | None = None, *, weights: Path = READER_WEIGHTS) -> None:
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
    asked = [START, *tokenizer.encode(question, add_special_tokens=False).ids[:MAX_QUESTION], STOP]
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
    ids.append(STOP)
    types = [0] * len(asked) + [1] * (len(ids) - len(asked))
    if title:
        context = [*tokenizer.encode(title, add_special_tokens=False).ids[:MAX_TITLE], STOP, STOP]
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
