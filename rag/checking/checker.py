"""Does the evidence carry the claim? A score in 0..1 where 0.5 is the border, and the reasons.

A verifier reads the claim against the few sentences that have most to do with it and says whether they carry it, say
otherwise, or neither. Beside it stands exact comparison (`rag.checking.faults`): in a near copy one changed figure,
name or "not" decides, which a model of meaning overlooks. A regression over both gives the score; its weights and the
measured rates are in `evals/SUPPORT.md`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from embeddings import Embedder
from embeddings.minilm import shared
from rag.checking.derived import figures_of
from rag.checking.faults import (
    DECIDE_COPIES,
    EXACT,
    FAULTS,
    UNSCALED,
    compare_clause,
    coverage,
    is_question,
    plain,
    weights_of,
)
from rag.checking.remembering import Remembering, RememberingVerifier
from rag.models.tiers import load_verifier
from rag.models.verifier import CONTEXT, Verifier, with_context
from rag.text.facts import Reading, read
from rag.text.sentences import split_sentences
from rag.types import Finding, Json, Verdict

# Sentences of the evidence that are embedded: those that share most with the claim. Bounds the time on long pages.
N_EMBEDDED = 10
PARTIAL_FROM = 0.25
VERBATIM = 0.99  # the score of words that stand in the evidence as they are
# From this closeness on a claim is a near copy, in which one exact fault decides, whatever a verifier reads.
COPY_FROM = 0.5
# Below this coverage a clause that is joined to another is a statement that the evidence knows nothing of.
UNKNOWN_BELOW = 1 / 3
# The log-odds from which on the verifier is said to find the contrary.
CONTRADICTS = 0.5
VERDICT_OF: dict[Finding, Verdict] = {
    "supported": "supported",
    "attribution": "partial",
    "partial": "partial",
    "contradicted": "unsupported",
    "not_found": "unsupported",
}
# The score of a claim in which a name, figure or date is plainly another than in the evidence, at most.
MOST_CONTRADICTED = 0.49
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
class Support:
    """`score` is in 0..1, 0.5 the border; `finding` says why it lies below. `missing` holds the claim's own words that
    the evidence does not carry, `conflicts` one phrase for each contradiction, `features` what the score was made
    of. `decided` says where exact comparison decides, and which way; `witness` is what a language model said of it,
    where one was asked (`rag.checking.witness`)."""

    score: float
    verdict: Verdict
    finding: Finding = "not_found"
    missing: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    features: dict[str, float] = field(default_factory=dict)
    decided: Literal["for", "against"] | None = None
    witness: Json | None = None


class Checker:
    """Judges claims by what a verifier reads in their evidence and by exact comparison. Safe from several threads.

    `verifier` is a spec for `rag.models.tiers.load_verifier` or a verifier, `embedder` the packaged MiniLM unless
    given: the weights were fitted with it. `shifts` are added to the log-odds of every score, by the
    verifier's name: what `byline calibrate` found. BylineError, at the first use, where there is no such verifier.
    """

    def __init__(
        self,
        verifier: str | Verifier = "auto",
        *,
        embedder: Embedder | None = None,
        shifts: Mapping[str, float] | None = None,
    ) -> None:
        self._verifier, self._given_embedder, self._shifts = verifier, embedder, shifts or {}

    @cached_property
    def verifier(self) -> Verifier:
        given = self._verifier
        return RememberingVerifier(load_verifier(given) if isinstance(given, str) else given)

    @cached_property
    def _embedder(self) -> Embedder:
        return self._given_embedder or Remembering(shared())

    def check(self, claim: str, evidence: Sequence[str]) -> Support:
        """Whether the evidence carries the claim. `evidence` holds texts of any length, each with its article's title
        where `rag.models.verifier.with_context` gives it. No evidence, an empty claim and a question give 0."""
        return self.check_all([(claim, evidence)])[0]

    def check_all(self, claims: Sequence[tuple[str, Sequence[str]]]) -> list[Support]:
        """`check` of each claim with its evidence, in order; the verifier reads them all in one batch."""
        compared = [self._compare(claim.strip(), evidence) for claim, evidence in claims]
        pairs = [(claim.strip(), w) for (claim, _), c in zip(claims, compared, strict=True) if c for w in c.windows]
        outcomes = self.verifier.verify(pairs)
        found, at = [], 0
        for (claim, _), comparison in zip(claims, compared, strict=True):
            if comparison is None:
                missing = (claim.strip(),) if claim.strip() else ()
                found.append(Support(score=0.0, verdict="unsupported", missing=missing))
                continue
            weigh(comparison, outcomes[at : at + len(comparison.windows)])
            at += len(comparison.windows)
            found.append(self._judge(comparison))
        return found

    def _compare(self, claim: str, evidence: Sequence[str]) -> Comparison | None:
        if (
            not read(claim).content
            or claim.endswith("?")
            or not any(text.partition(CONTEXT)[0].strip() for text in evidence)
        ):
            return None
        return compare(claim, evidence, embedder=self._embedder)

    def _judge(self, comparison: Comparison) -> Support:
        def score_of(features: Mapping[str, float]) -> float:
            name = self.verifier.name
            return _probability(features, weights_of(name), self._shifts.get(name, 0.0))

        score = VERBATIM if comparison.is_verbatim else score_of(comparison.features)
        if comparison.is_refuted:
            score = min(score, MOST_CONTRADICTED)
        finding: Finding = "supported"
        if score < 0.5:
            is_reported = comparison.features["speaker_dropped"] > 0 and not comparison.decisive
            if is_reported and score_of({**comparison.features, "speaker_dropped": 0.0}) >= 0.5:
                finding = "attribution"
            elif comparison.carried_clauses:
                finding = "partial"
            elif (comparison.conflicts and comparison.closeness) or comparison.features[
                "not_contradicted"
            ] < -CONTRADICTS:
                finding = "contradicted"
            elif comparison.missing and comparison.coverage >= 0.5 and score >= PARTIAL_FROM:
                finding = "partial"
            else:
                finding = "not_found"
        return Support(
            score=score,
            verdict=VERDICT_OF[finding],
            finding=finding,
            missing=comparison.missing,
            conflicts=comparison.conflicts,
            features=comparison.features,
            decided="for" if comparison.is_verbatim else "against" if comparison.has_exact_conflict else None,
        )


@lru_cache(maxsize=1)
def default_checker() -> Checker:
    """The checker of this process, with what is set up: the accurate verifier where its base is there."""
    return Checker()


def support(claim: str, evidence: Sequence[str]) -> float:
    """How well the evidence carries the claim, 0..1; 0.5 is the border between supported and not. See
    `Checker.check`."""
    return default_checker().check(claim, evidence).score


def check(claim: str, evidence: Sequence[str]) -> Support:
    """`support` with its reasons."""
    return default_checker().check(claim, evidence)


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
    known = frozenset().union(*(r.keys for r in readings))

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

    faults = []
    beside: list[int] = []
    figures = figures_of([readings[n] for n in sorted(chosen)])
    for clause in clauses(claim):
        part = read(clause)
        best = max(chosen, key=lambda n: (coverage(part, readings[n].keys, readings[n]) + 0.2 * cosine_of[n], -n))
        beside.append(best)
        faults.append(compare_clause(part, readings[best], whole=whole, known=known, figures=figures))
    has_unknown = len(faults) > 1 and min(f.coverage for f in faults) < UNKNOWN_BELOW
    for f in faults:
        if has_unknown and f.coverage < UNKNOWN_BELOW:
            f.counts["unsaid"] = 1.0
        if f.unsaid:
            f.counts["unsaid"] = max(f.unsaid.values())
    counted = {
        name: min(sum(f.counts.get(name, 0.0) * (1.0 if name in UNSCALED else f.closeness) for f in faults), 3.0)
        for name in FAULTS
    }
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
    asking = {home[n] for n, text in enumerate(texts) if is_question(text)}
    whole_texts = [text for n, text in enumerate(evidence) if n not in asking]
    plain_claim, sentences = plain(claim), {plain(text) for text in [*texts, *whole_texts] if not is_question(text)}
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


def _probability(features: Mapping[str, float], weight: Mapping[str, float], shift: float) -> float:
    z = weight["intercept"] + shift + sum(weight.get(name, 0.0) * value for name, value in features.items())
    return 1.0 / (1.0 + math.exp(-z))
