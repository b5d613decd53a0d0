"""A claim laid beside its evidence: every signal that the checker weighs, and what a verifier should read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from embeddings import Embedder
from rag.checking.derived import figures_of
from rag.checking.faults import (
    DECIDE_COPIES,
    EXACT,
    FAULTS,
    UNSCALED,
    Faults,
    compare_clause,
    coverage,
    plain,
)
from rag.models.verifier import CONTEXT, with_context
from rag.text.facts import Reading, read
from rag.text.sentences import split_sentences

# Sentences of the evidence that are embedded: those that share most with the claim. Bounds the time on long pages.
N_EMBEDDED = 10
# From this closeness on a claim is a near copy, in which one exact fault decides, whatever a verifier reads.
COPY_FROM = 0.5
# Below this coverage a clause that is joined to another is a statement that the evidence knows nothing of.
UNKNOWN_BELOW = 1 / 3
# What the verifier reads for a claim: so many windows, of so many sentences and words; where its log-odds are cut.
N_WINDOWS, WINDOW_SENTENCES, WINDOW_WORDS, MOST_LOG_ODDS = 2, 4, 120, 6.0
# So many characters of a text are compared as a whole: more than the embedder reads.
MOST_WHOLE = 1_500

# How like the evidence is to the claim.
LIKENESS = {
    "cosine_pair": "highest cosine of the claim to a sentence of the evidence or to two neighbouring ones",
    "cosine_text": "cosine to the whole text in which the sentence stands that covers most",
    "coverage_pair": "share of the claim's words, rare ones counting more, found in a sentence or in two neighbours",
    "bigrams": "share of the claim's neighbouring word pairs that are neighbours in the evidence",
    "weakest_clause": "coverage of the clause that is covered least, by the sentence that fits it best",
    "carried": "the verifier's highest log-odds that a window carries the claim, cut to -6..6",
    "not_contradicted": "its log-odds that the window which is likeliest to say otherwise does not, cut to -6..6",
    "carried_copy": "`carried` times closeness",
}
FEATURES = LIKENESS | FAULTS


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A claim laid beside its evidence. `decisive` are conflicts with which no claim is supported; `carried_clauses`
    are clauses without any fault, where others have one; `coverage` is the share of the clauses' words that is found in
    their sentences; `joins_unknown` whether a copy has a statement joined to it of which the evidence knows nothing;
    `windows` is what of the evidence a verifier should read. It is not heard yet."""

    features: dict[str, float]
    missing: tuple[str, ...]
    conflicts: tuple[str, ...]
    decisive: tuple[str, ...]
    carried_clauses: tuple[str, ...]
    closeness: float
    coverage: float
    joins_unknown: bool
    windows: tuple[str, ...]
    is_verbatim: bool

    @property
    def is_changed_copy(self) -> bool:
        """Whether it is a near copy in which something exact is otherwise, or quotes what is not there."""
        is_changed = self.closeness >= COPY_FROM and any(self.features[name] > 0 for name in DECIDE_COPIES)
        return is_changed or self.features["quote_changed"] > 0

    @property
    def is_refuted(self) -> bool:
        """Whether it is not supported whatever a verifier reads."""
        return not self.is_verbatim and (bool(self.decisive) or self.is_changed_copy or self.joins_unknown)

    @property
    def has_exact_conflict(self) -> bool:
        """Whether a figure, date, name or quotation is otherwise, or it is a near copy with any such fault."""
        return bool(self.decisive) or self.is_changed_copy or any(self.features[name] > 0 for name in EXACT)


def weigh(comparison: Comparison, outcomes: NDArray[np.float32]) -> None:
    """Put in what a verifier says of the windows: (windows, 3), see `Verifier.verify`."""
    shares = np.exp(outcomes.astype(np.float64))
    odds = np.log((shares + 1e-9) / (1.0 - shares + 1e-9)).clip(-MOST_LOG_ODDS, MOST_LOG_ODDS)
    carried = float(odds[:, 0].max())
    comparison.features.update(
        carried=carried, not_contradicted=-float(odds[:, 1].max()), carried_copy=carried * comparison.closeness
    )


def compare(claim: str, evidence: Sequence[str], *, embedder: Embedder) -> Comparison:
    """Every signal of FEATURES for a claim with content and evidence that is not blank."""
    claim = claim.strip()
    parts = [text.partition(CONTEXT) for text in evidence]
    evidence = [text for text, _, _ in parts]
    split = [split_sentences(text) for text in evidence]
    home = [n for n, spans in enumerate(split) for _ in spans]  # of each sentence, the number of its text
    texts = [evidence[n][a:b] for n, spans in enumerate(split) for a, b in spans]
    titles = [parts[n][2] for n in home]
    breaks = {0, *(n for n in range(1, len(home)) if home[n] != home[n - 1])}  # sentences that open a text
    readings = [read(text) for text in texts]
    whole = read(claim)

    covers = np.array([coverage(whole, r.keys, r) for r in readings])
    pairs = [n for n in range(len(texts) - 1) if n + 1 not in breaks]
    pair_covers = {n: coverage(whole, readings[n].keys | readings[n + 1].keys) for n in pairs}
    chosen = [int(n) for n in np.argsort(-covers, kind="stable")[:N_EMBEDDED]]
    best_pairs = sorted(pairs, key=lambda n: -pair_covers[n])[:2]
    joined = [f"{texts[n]} {texts[n + 1]}" for n in best_pairs]
    vectors = embedder.encode_passages([claim, *(texts[n] for n in chosen), *joined])
    # By itself: in one batch all others would be padded to its length.
    whole_text = embedder.encode_passages([evidence[home[chosen[0]]][:MOST_WHOLE]])[0]
    cosines = vectors[1:] @ vectors[0]
    cosine_of = dict(zip(chosen, cosines[: len(chosen)].tolist(), strict=True))

    faults, beside = _compare_clauses(claim, whole, readings, cosine_of)
    has_unknown = len(faults) > 1 and min(f.coverage for f in faults) < UNKNOWN_BELOW
    counted = _count_faults(faults, has_unknown)
    features = {
        "cosine_pair": float(cosines.max()),
        "cosine_text": float(whole_text @ vectors[0]),
        "coverage_pair": max([float(covers.max()), *pair_covers.values()]),
        "bigrams": _bigrams(whole, readings),
        "weakest_clause": min(f.coverage for f in faults),
        "carried": 0.0,
        "not_contradicted": 0.0,
        "carried_copy": 0.0,
    }
    clean = tuple(f.text for f in faults if not f.missing and not f.conflicts)
    plain_claim, sentences = plain(claim), {plain(text) for text in [*texts, *evidence]}
    return Comparison(
        features=features | counted,
        missing=tuple(dict.fromkeys(word for f in faults for word in f.missing)),
        conflicts=tuple(dict.fromkeys(phrase for f in faults for phrase in f.conflicts)),
        decisive=tuple(dict.fromkeys(phrase for f in faults for phrase in f.decisive)),
        carried_clauses=clean if len(clean) < len(faults) else (),
        closeness=min(f.closeness for f in faults),
        coverage=float(np.average([f.coverage for f in faults], weights=[max(f.n_items, 1) for f in faults])),
        joins_unknown=has_unknown and any(f.closeness >= COPY_FROM for f in faults),
        windows=_windows(chosen, covers, cosine_of, texts, home, titles, beside),
        is_verbatim=plain_claim in sentences or all(plain(claim[a:b]) in sentences for a, b in split_sentences(claim)),
    )


def _compare_clauses(
    claim: str, whole: Reading, readings: Sequence[Reading], cosine_of: Mapping[int, float]
) -> tuple[list[Faults], list[int]]:
    """The faults of each clause of the claim beside the sentence that fits it best, of those that have a cosine; and
    the numbers of these sentences."""
    known = frozenset().union(*(r.keys for r in readings))
    figures = figures_of([readings[n] for n in sorted(cosine_of)])
    faults = []
    beside: list[int] = []
    for clause in clauses(claim):
        part = read(clause)
        best = max(cosine_of, key=lambda n: (coverage(part, readings[n].keys, readings[n]) + 0.2 * cosine_of[n], -n))
        beside.append(best)
        faults.append(compare_clause(part, readings[best], whole=whole, known=known, figures=figures))
    return faults, beside


def _count_faults(faults: Sequence[Faults], has_unknown: bool) -> dict[str, float]:
    """How much of each of FAULTS the clauses have together, at most 3. Where the claim `has_unknown` statements, their
    clauses count as words that were put in."""
    for f in faults:
        if has_unknown and f.coverage < UNKNOWN_BELOW:
            f.counts["unsaid"] = 1.0
        if f.unsaid:
            f.counts["unsaid"] = max(f.unsaid.values())
    return {
        name: min(sum(f.counts.get(name, 0.0) * (1.0 if name in UNSCALED else f.closeness) for f in faults), 3.0)
        for name in FAULTS
    }


_BORDER = re.compile(r"(?:;|,\s+(?:and|but|while|although|though|whereas)|(?<=[.!?])(?=\s+[A-Z\"“]))\s+")


def clauses(claim: str) -> list[str]:
    """The claim cut where two statements are joined. A piece too short to be a statement stays with the one before."""
    pieces: list[str] = []
    at = 0
    spans = [m.span() for m in _BORDER.finditer(claim)]
    for start, end in [*spans, (len(claim), len(claim))]:
        piece = claim[at:start]
        if pieces and len(read(piece).content) < 3:
            pieces[-1] = claim[claim.rfind(pieces[-1], 0, at) : start]
        else:
            pieces.append(piece)
        at = end
    if len(pieces) > 1 and len(read(pieces[0]).content) < 3:
        return [claim[: claim.rfind(pieces[1]) + len(pieces[1])], *pieces[2:]]
    return pieces


def _windows(
    chosen: Sequence[int],
    covers: NDArray[np.float64],
    cosine_of: dict[int, float],
    texts: Sequence[str],
    home: Sequence[int],
    titles: Sequence[str],
    beside: Sequence[int],
) -> tuple[str, ...]:
    """What a verifier should read: of the text that has most to do with the claim the sentences that do, in their
    order, with the title; then of the next text, or together what the clauses were compared with, where that stands in
    several texts."""
    worth = {n: float(covers[n]) + cosine_of[n] for n in chosen}
    by_text: dict[int, list[int]] = {}
    for n in sorted(worth, key=lambda n: -worth[n]):
        by_text.setdefault(home[n], []).append(n)
    groups = [_fitting(found, texts) for found in by_text.values()][:N_WINDOWS]
    if len({home[n] for n in beside}) > 1:
        groups = [groups[0], sorted(set(beside))]
    return tuple(dict.fromkeys(with_context(" ".join(texts[n] for n in g), titles[g[0]]) for g in groups))


def _fitting(ranked: Sequence[int], texts: Sequence[str]) -> list[int]:
    """The first of the sentences that fit into a window, in the order of the text."""
    kept: list[int] = []
    n_words = 0
    for n in ranked[:WINDOW_SENTENCES]:
        words = len(texts[n].split())
        if not kept or n_words + words <= WINDOW_WORDS:
            kept.append(n)
            n_words += words
    return sorted(kept)


def _bigrams(claim: Reading, readings: Sequence[Reading]) -> float:
    ours = _neighbours(claim)
    theirs = frozenset().union(*(_neighbours(r) for r in readings))
    return len(ours & theirs) / len(ours) if ours else 1.0


@lru_cache(maxsize=8192)
def _neighbours(reading: Reading) -> frozenset[tuple[str, str]]:
    keys = [reading.items[n].key for n in reading.content]
    return frozenset(pairwise(keys))
