"""Which reader and which verifier: the built-in ones, those of the accurate tier where its base model is there, or any
that somebody names. And what is in use, and why."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from embeddings.minilm import MiniLMEmbedder, shared
from rag.errors import BylineError
from rag.models.adapter import ADAPTERS, READER, VERIFIER
from rag.models.larger import GET, NAME, is_installed, larger_base, models_folder
from rag.models.reader import Reader, Reranker
from rag.models.verifier import AdaptedVerifier, Verifier
from rag.options import SETTINGS
from rag.settings import Settings
from rag.types import Json

_OF_TIERS = {READER: Reader, VERIFIER: AdaptedVerifier}
# For models by name: the class in `rag.models.named` of each scheme, and the option that takes it.
_BY_NAME: Mapping[str, tuple[Mapping[str, str], str]] = {
    READER: ({"qa": "QaReader", "st": "CrossEncoderReader"}, "reader"),
    VERIFIER: ({"nli": "NliVerifier", "st": "PairVerifier"}, "checker"),
}
TIERS = ("auto", "built-in", "accurate")
SOURCES = {"flag": "given by hand", "environment": "set by the environment", "file": "set in the library's settings"}


def tier_of(spec: str, kind: str) -> str | None:
    """ "built-in" or "accurate" for a reader or verifier (`kind`) of a tier, None for others. "auto" is accurate where
    its base model is there."""
    if spec == "auto":
        return "accurate" if is_installed() else "built-in"
    return spec if spec in TIERS else None


def load_reader(spec: str = "auto") -> Reranker | None:
    """The reader that `spec` names (`rag.options.READERS`), loaded once. BylineError where there is none, or where it
    cannot be loaded."""
    if spec == "none":
        return None
    found: Reranker = load_model(tier_of(spec, READER) or spec, READER)
    return found


def load_verifier(spec: str = "auto") -> Verifier:
    """The verifier that `spec` names (CHECKERS there), loaded once. BylineError as `load_reader`."""
    found: Verifier = load_model(tier_of(spec, VERIFIER) or spec, VERIFIER)
    return found


def load_given(*, reader: str | None = None, checker: str | None = None) -> None:
    """Load those that are named, so that BylineError comes now rather than at their first use."""
    if reader is not None:
        load_reader(reader)
    if checker is not None:
        load_verifier(checker)


@lru_cache(maxsize=8)
def load_model(spec: str, kind: str) -> Any:
    """The reader or verifier (`kind`) of a tier, or the one of somebody else's that `spec` names."""
    if spec in TIERS:
        base = shared().encoder if spec == "built-in" else larger_base()
        return _OF_TIERS[kind](base, weights=ADAPTERS[spec, kind])
    scheme, _, name = spec.partition(":")
    classes, option = _BY_NAME[kind]
    if scheme not in classes or not name:
        raise BylineError(f"there is no {option} {spec!r}: use {SETTINGS[option].allowed}.")
    from rag.models import named

    return getattr(named, classes[scheme])(name)


def in_use(settings: Settings) -> Json:
    """{"reader": ENTRY, "checker": ENTRY}: what `settings` choose, without loading it. ENTRY holds `spec`, as it was
    set; `tier` ("built-in", "accurate" or None); `base`, the model it stands on; and `usable`, `why` and `mend` as in
    `rag.models.available.list_models`. `mend` may name what would be better too."""
    return {
        name: {"spec": spec, **_about(spec, kind, settings.origin.get(name, "default"))}
        for name, kind, spec in (("reader", READER, settings.reader), ("checker", VERIFIER, settings.checker))
    }


def _about(spec: str, kind: str, origin: str) -> Json:
    by = SOURCES.get(origin, "chosen by itself")
    if spec == "none":
        return _entry(None, None, f"{by}: sentences are chosen without a reader")
    tier = tier_of(spec, kind)
    if tier is None:
        return _about_named(spec.partition(":")[2], by)
    if tier == "built-in":
        if spec == "built-in":
            return _entry(tier, MiniLMEmbedder.name, by)
        return _entry(tier, MiniLMEmbedder.name, f"the larger base model is not at {models_folder() / NAME}", GET)
    where = models_folder() / NAME
    if is_installed():
        return _entry(tier, NAME, f"{by}: the larger base model is at {where}")
    return _entry(tier, NAME, f"{by}, but the larger base model is not at {where}", GET, usable=False)


def _about_named(name: str, by: str) -> Json:
    if Path(name).expanduser().is_dir():
        return _entry(None, name, f"{by}: a model in a folder, loaded at its first use")
    if name.startswith((".", "/", "~")) or Path(name).is_absolute():
        return _entry(None, name, f"{by}, but there is no such folder", "name a folder that is there", usable=False)
    return _entry(None, name, f"{by}: loaded from the model hub, or from what was fetched before, at its first use")


def _entry(tier: str | None, base: str | None, why: str, mend: str = "", *, usable: bool = True) -> Json:
    return {"tier": tier, "base": base, "usable": usable, "why": why, "mend": mend}
