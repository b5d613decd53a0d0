"""Which sentences of a passage answer a question? The built-in reader, and any cross-encoder by its name.

The built-in one is the packaged MiniLM with an adapter (`rag.models.adapter`). How it was trained, on which data, and
what it gains: evals/READER.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from embeddings.encoder import Encoder
from embeddings.minilm import shared
from rag.models.adapter import ADAPTERS, READER, Adapted, Floats

# Word pieces kept of a question, of a passage and of its title, and the most that an answer has.
MAX_QUESTION, MAX_PASSAGE, MAX_TITLE = 40, 320, 10
LONGEST_ANSWER = 30
# What the words that a reader points at count for beside its judgement of their sentence.
ANSWER_WEIGHT = 0.5


# What stands before the title of the latest article on a story, and of those before it, where several are read.
LATEST, EARLIER = "latest: ", "earlier: "


@dataclass(frozen=True, kw_only=True)
class Passage:
    """Neighbouring sentences of an article, and its title ("" where it has none); LATEST or EARLIER may open it."""

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


def weigh_reading(score: float, answer_score: float | None) -> float:
    """What a reading says of its sentence, in one number."""
    return score + ANSWER_WEIGHT * (0.0 if answer_score is None else answer_score)


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


class Reader(Adapted):
    """The built-in reader: a question against whole passages. Which sentence answers, and in which words (Devlin et al.
    2019, section 4.3)? A sentence is read among its neighbours, so that "he" and "the court" mean something. Scores are
    log-odds: 0 is even, and the scores of one question can be compared with another's."""

    def __init__(self, base: Encoder | None = None, *, weights: Path = ADAPTERS["built-in", READER]) -> None:
        super().__init__(base or shared().encoder, weights=weights)

    @property
    def name(self) -> str:
        return f"reader-7/{self.base.name}"

    def read(self, question: str, passages: Sequence[Passage]) -> list[list[Reading]]:
        """See `Reranker.read`. Of a passage longer than MAX_PASSAGE word pieces the end is not read."""
        encoded = [encode_passage(self.base, question, p.sentences, p.title) for p in passages]
        found: list[list[Reading]] = [[] for _ in passages]
        for i, states in self._states([(e.ids, e.types) for e in encoded]):
            _, head, bias = self._model
            read = readings_of(encoded[i], states @ head.T + bias)
            found[i] = read + [UNREAD] * (len(passages[i].sentences) - len(read))
        return found


def is_larger(reader: Reranker | None) -> bool:
    """Whether it is the one of the accurate tier, on another base than the packaged one."""
    return isinstance(reader, Reader) and reader.base is not shared().encoder


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


def encode_passage(base: Encoder, question: str, sentences: Sequence[str], title: str = "") -> Encoded:
    """`[CLS] question [SEP] sentences [SEP]`, and `title [SEP] [SEP]` where there is one, with the base's own marks.
    Type 1 marks the passage. The sentence with which the passage grows beyond MAX_PASSAGE is cut, those after it are
    left out."""
    shape, tokenizer = base.shape, base.tokenizer
    between = [shape.stop] * (2 if shape.is_paired_twice else 1)
    asked = [shape.start, *tokenizer.encode(question, add_special_tokens=False).ids[:MAX_QUESTION], *between]
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
    ids.append(shape.stop)
    types = [0] * len(asked) + [1] * (len(ids) - len(asked))
    if title:
        context = [*tokenizer.encode(title, add_special_tokens=False).ids[:MAX_TITLE], shape.stop, shape.stop]
        ids, types = ids + context, types + [0] * len(context)
    return Encoded(ids=ids, types=types, spans=spans, offsets=offsets)
