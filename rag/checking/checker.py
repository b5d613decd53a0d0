"""Does the evidence carry the claim? A score in 0..1 where 0.5 is the border, and the reasons.

A verifier reads the claim against the few sentences that have most to do with it and says whether they carry it, say
otherwise, or neither. Beside it stands exact comparison (`rag.checking.faults`): in a near copy one changed figure,
name or "not" decides, which a model of meaning overlooks. A regression over both gives the score; its weights and the
measured rates are in `evals/SUPPORT.md`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Literal

from embeddings import Embedder
from embeddings.minilm import shared
from rag.checking.comparison import Comparison, compare, weigh
from rag.checking.faults import weights_of
from rag.checking.remembering import Remembering, RememberingVerifier
from rag.models.tiers import load_verifier
from rag.models.verifier import Verifier
from rag.text.facts import read
from rag.types import Finding, Json, Verdict

PARTIAL_FROM = 0.25
VERBATIM = 0.99  # the score of words that stand in the evidence as they are
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
        if not read(claim).content or claim.endswith("?") or not any(text.strip() for text in evidence):
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


def _probability(features: Mapping[str, float], weight: Mapping[str, float], shift: float) -> float:
    z = weight["intercept"] + shift + sum(weight.get(name, 0.0) * value for name, value in features.items())
    return 1.0 / (1.0 + math.exp(-z))
