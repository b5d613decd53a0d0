"""The passages that a search found, those in front in which a reader finds the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from rag.models.reader import Passage, Reading, Reranker, weigh_reading
from rag.types import SearchHit

# How many of the best are read, and how slowly its log-odds saturate. Chosen with reader-5 on questions of Wikinews and
# mtRAG, so its figures there are a little optimistic (evals/RESULTS.md).
N_READ, SOFTNESS = 20, 4.0
# A statement or a few words for a search ask nothing that a sentence could answer: SciFact's claims gain nothing.
_ASKS = frozenset(
    "who whom whose what which when where why how is are was were did does do has have had can could will would should "
    "may might must".split()
)


def is_question(text: str) -> bool:
    """Whether a text asks something: by its mark, or by its first word."""
    return "?" in text or text.strip().partition(" ")[0].lower() in _ASKS


def rerank(
    question: str, hits: Sequence[SearchHit], reader: Reranker, sentences_of: Callable[[SearchHit], Sequence[str]]
) -> list[SearchHit]:
    """The hits, best first, with the best N_READ of them put in order by what `reader` makes of their sentences.

    The score of a hit is the average of that of the search and of how sure the reader is of its likeliest sentence,
    0..1, which stands in `scores` as `reader`; 0 for those that were not read.
    """
    passages = [Passage(title=hit.article.headline or "", sentences=tuple(sentences_of(hit))) for hit in hits[:N_READ]]
    read = reader.read(question, passages)
    sure = [max((_sureness(one) for one in of), default=0.0) for of in read] + [0.0] * len(hits[N_READ:])
    scored = [
        replace(hit, score=(hit.score + share) / 2, scores={**hit.scores, "reader": share})
        for hit, share in zip(hits, sure, strict=True)
    ]
    order = sorted(scored, key=lambda hit: -hit.score)
    return [replace(hit, rank=rank) for rank, hit in enumerate(order, start=1)]


def _sureness(reading: Reading) -> float:
    logit = weigh_reading(reading.score, reading.answer_score)
    return float(1.0 / (1.0 + np.exp(-logit / SOFTNESS))) if np.isfinite(logit) else 0.0
