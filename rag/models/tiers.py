"""Which reader and which verifier: the built-in ones, those of the accurate tier where its base model is there, or any
that somebody names."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from embeddings.encoder import Encoder
from embeddings.minilm import shared
from rag.errors import BylineError
from rag.models.adapter import ADAPTERS, READER, VERIFIER
from rag.models.larger import GET, is_installed, larger_base
from rag.models.reader import Reader, Reranker
from rag.models.verifier import AdaptedVerifier, Verifier

TIERS = ("auto", "built-in", "accurate")
READERS = "auto, built-in, accurate, none, qa:NAME or st:NAME"
CHECKERS = "auto, built-in, accurate, nli:NAME or st:NAME"


def tier_of(spec: str, kind: str) -> str | None:
    """ "built-in" or "accurate" for a reader or verifier (`kind`) of a tier, None for others. "auto" is accurate where
    its base model and an adapter for it are there."""
    if spec == "auto":
        return "accurate" if ("accurate", kind) in ADAPTERS and is_installed() else "built-in"
    return spec if spec in TIERS else None


@lru_cache(maxsize=8)
def load_reader(spec: str = "auto") -> Reranker | None:
    """The reader that `spec` names (READERS). BylineError where there is none, or it cannot be loaded."""
    if spec == "none":
        return None
    if tier := tier_of(spec, READER):
        return Reader(_base(tier, READER), weights=ADAPTERS[tier, READER])
    from rag.models import named

    kinds: dict[str, Callable[[str], Reranker]] = {"qa": named.QaReader, "st": named.CrossEncoderReader}
    found: Reranker = _named(spec, kinds, "reader", READERS)
    return found


@lru_cache(maxsize=8)
def load_verifier(spec: str = "auto") -> Verifier:
    """The verifier that `spec` names (CHECKERS). BylineError where there is none, or it cannot be loaded."""
    if tier := tier_of(spec, VERIFIER):
        return AdaptedVerifier(_base(tier, VERIFIER), weights=ADAPTERS[tier, VERIFIER])
    from rag.models import named

    kinds: dict[str, Callable[[str], Verifier]] = {"nli": named.NliVerifier, "st": named.PairVerifier}
    found: Verifier = _named(spec, kinds, "checker", CHECKERS)
    return found


def _base(tier: str, kind: str) -> Encoder:
    if tier == "built-in":
        return shared().encoder
    if (tier, kind) not in ADAPTERS:
        raise BylineError(f"there is no {kind} for the accurate tier: use built-in.")
    return larger_base()


def _named(spec: str, kinds: dict[str, Callable[[str], Any]], what: str, allowed: str) -> Any:
    kind, _, name = spec.partition(":")
    if kind not in kinds or not name:
        raise BylineError(f"there is no {what} {spec!r}: use {allowed} (`{GET}` fetches the accurate models).")
    return kinds[kind](name)
