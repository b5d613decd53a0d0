"""Question to passages: filters first, then dense and BM25, their fusion, and near-identical passages collapsed."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence, Sized

import numpy as np
from numpy.typing import NDArray

from embeddings.protocol import Embedder, Vectors
from rag.errors import BylineError
from rag.filters import Filters
from rag.search.names import other_names
from rag.storage.caches import Held
from rag.storage.protocol import Store
from rag.text.names import Pair
from rag.text.words import STOPWORDS, TERM, encodable, query_terms
from rag.types import SearchHit

# How many passages each of the two searches offers to the fusion (more where more hits are asked for).
CANDIDATES = 100
# Where too few of them are left once copies are collapsed, so many times as many, twice.
WIDER = 4
# The title and section heading count this much beside the words of the passage itself, in BM25.
CONTEXT_WEIGHT = 1.0
# Words shared by two passages, as a share of all their words, from which one of them is a copy of the other.
SAME_WORDS = 0.9
Fingerprint = tuple[frozenset[str], frozenset[str]]

_NEGATIONS = frozenset(
    ("no", "not", "never", "none", "nor", "neither", "without", "cannot", "isn", "didn", "don", "won")
)


def check_k(k: int) -> None:
    """BylineError where no passage is wanted."""
    if k < 1:
        raise BylineError(f"k is {k}; it must be 1 or more.")


def searches(question: str, store: Store, filters: Filters) -> list[list[str]]:
    """The terms of the question as it is asked and, where the articles that may be seen know its names under another
    form, those with this form in their place. A passage is judged by the better of the two: both forms in one search
    would count the name twice beside the rest of the question (evals/names.py)."""
    asked = query_terms(question)
    others = other_names(question, lambda forms: map(Pair._make, store.names(forms, filters)))
    if not others:
        return [asked]
    rest = question
    for other in others:
        rest = rest[: other.start] + " " * (other.end - other.start) + rest[other.end :]
    words = [word for word in query_terms(rest) if word not in STOPWORDS]
    return [asked, list(dict.fromkeys([*words, *(word for other in others for word in other.terms)]))]


def retrieve(
    question: str, *, k: int, filters: Filters, store: Store, held: Held, embedder: Embedder
) -> list[SearchHit]:
    """The `k` best passages for `question`, best first; fewer where fewer exist.

    Candidates are the best of each search. Over them both scores are scaled to 0..1 (min-max) and averaged
    (Fox and Shaw 1994, CombSUM; the normalisation of Lee 1997). `scores` of a hit holds its `cosine` and `bm25`; a
    BM25 of 0 says that no word of the question is in the passage. A name counts under its other form too (`searches`).

    Of a piece with versions the newest that `filters` let through is searched. Passages that say the same are given
    once; of a story that several articles carry, those of the one that stands for it (see `Article.cluster`).

    Raises BylineError when the question is empty or `k` is below 1.
    """
    question = unicodedata.normalize("NFC", encodable(question))
    if not question.strip():
        raise BylineError('the question is empty: ask something, for example "Who asked for the meeting?".')
    check_k(k)
    k = min(k, max(1, len(held.vectors)))  # SQLite takes no LIMIT of 64 bits
    allowed = store.allowed(filters) if filters else None
    wordings = searches(question, store, filters)
    query = embedder.encode_queries([question])
    n = max(CANDIDATES, 2 * k)
    hits: list[SearchHit] = []
    for _ in range(3):
        cosine, bm25 = _candidates(wordings, query, n, filters, allowed, store, held, embedder.name)
        hits, found = _best(cosine, bm25, k, filters, store), len(cosine)
        if len(hits) == k or found < n:
            break
        n *= WIDER  # copies of one story, or old versions, took the places
    return hits


def _candidates(
    wordings: Sequence[Sequence[str]],
    query: Vectors,
    n: int,
    filters: Filters,
    allowed: Sized | None,
    store: Store,
    held: Held,
    embedder: str,
) -> tuple[dict[int, float], dict[int, float]]:
    """The best `n` passages of each search: the cosines of them all, and the BM25 of those that have a word."""
    cosine = dict(held.vectors.search(query, n, allowed)[0])
    bm25: dict[int, float] = {}
    for terms in wordings:
        if held.words is not None and (allowed is None or isinstance(allowed, np.ndarray)):
            found = held.words.search(terms, n, allowed)
        else:
            found = store.bm25(terms, n, filters, CONTEXT_WEIGHT)
        for number, score in found:
            bm25[number] = max(score, bm25.get(number, score))
    # A passage that only BM25 found has a cosine all the same.
    if held.vectors.is_exact:
        only_bm25 = np.array(sorted(bm25.keys() - cosine.keys()), dtype=np.int64)
        cosine.update(held.vectors.search(query, len(only_bm25), only_bm25)[0])
    else:  # what the index rounded is looked up
        ids, vectors = store.passage_vectors(embedder, sorted(bm25.keys() | cosine.keys()))
        cosine = dict(zip(ids.tolist(), (vectors @ query[0]).tolist(), strict=True)) if len(ids) else {}
    return cosine, {number: score for number, score in bm25.items() if number in cosine}


def _best(
    cosine: Mapping[int, float], bm25: Mapping[int, float], k: int, filters: Filters, store: Store
) -> list[SearchHit]:
    """The `k` best of the candidates, by both scores."""
    numbers = sorted(cosine)
    fused = (min_max([cosine[i] for i in numbers]) + min_max([bm25.get(i, 0.0) for i in numbers])) / 2
    order = sorted(zip(numbers, fused, strict=True), key=lambda pair: (-pair[1], pair[0]))
    clusters, outdated = store.clusters_of(numbers, filters)
    order = [pair for pair in order if pair[0] not in outdated]
    spoken_for = _by_the_lead(order, store, clusters)
    hits: list[SearchHit] = []
    seen: list[Fingerprint] = []
    # Read as many passages as are wanted at a time: copies are few.
    for i in range(0, len(order), k):
        chosen = [(spoken_for.get(number, number), score) for number, score in order[i : i + k]]
        stored = store.passages([number for number, _ in chosen])
        for number, score in chosen:
            if number not in stored:  # removed by another process a moment ago
                continue
            passage, article = stored[number]
            print_ = fingerprint(passage.text)
            if any(is_copy(print_, other) for other in seen):
                continue
            seen.append(print_)
            scores = {"cosine": cosine[number], "bm25": bm25.get(number, 0.0)}
            hits.append(
                SearchHit(passage=passage, article=article, score=float(score), rank=len(hits) + 1, scores=scores)
            )
            if len(hits) == k:
                return hits
    return hits


def _by_the_lead(
    order: Sequence[tuple[int, float]], store: Store, clusters: Mapping[int, tuple[str, str]]
) -> dict[int, int]:
    """Passages of copies -> the passage of the article that stands for the story, where that says all of it."""
    lead: dict[str, str] = {}
    for cluster, article_id in store.stories(sorted({cluster for cluster, _ in clusters.values()})):
        if article_id in {i for c, i in clusters.values() if c == cluster}:
            lead.setdefault(cluster, article_id)
    ranked = [number for number, _ in order if number in clusters]
    prints = {number: fingerprint(passage.text) for number, (passage, _) in store.passages(ranked).items()}
    of_lead = {cluster: [n for n in prints if clusters[n] == (cluster, i)] for cluster, i in lead.items()}
    spoken_for = {}
    for number in prints:
        cluster, article_id = clusters[number]
        if article_id != lead.get(cluster):
            said = next((n for n in of_lead.get(cluster, ()) if is_within(prints[number], prints[n])), None)
            if said is not None:
                spoken_for[number] = said
    return spoken_for


def min_max(scores: Sequence[float]) -> NDArray[np.float64]:
    """Scores scaled so that the lowest is 0 and the highest 1; all equal gives all 1, or 0 where they are 0."""
    values: NDArray[np.float64] = np.asarray(scores, dtype=np.float64)
    if not len(values):
        return values
    low, high = values.min(), values.max()
    if high == low:
        return np.full_like(values, 1.0 if high > 0 else 0.0)
    values = (values - low) / (high - low)
    return values


def fingerprint(text: str) -> Fingerprint:
    """The words of a text, and those of them that tell it from another: figures and negations."""
    words = frozenset(TERM.findall(text.lower()))
    return words, frozenset(word for word in words if word in _NEGATIONS or any(c.isdigit() for c in word))


def is_copy(a: Fingerprint, b: Fingerprint) -> bool:
    """Whether two passages say the same in nearly the same words (Jaccard). Other figures, or a "not" more or less,
    make another passage, however alike the rest: 33 hostages in one report and 40 in the next is news."""
    (words, telling), (other_words, other_telling) = a, b
    return telling == other_telling and len(words & other_words) >= SAME_WORDS * len(words | other_words)


def is_within(a: Fingerprint, b: Fingerprint) -> bool:
    """Whether passage `b` has nearly all words of `a`, and all its figures and negations: what is left of it when a
    copy was cut elsewhere."""
    (words, telling), (other_words, other_telling) = a, b
    return telling <= other_telling and len(words & other_words) >= SAME_WORDS * len(words)
