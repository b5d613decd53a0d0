"""`byline doctor`: what could be wrong with a library or an installation, each check with the command that mends it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable

from rag.errors import BylineError
from rag.ingest import passages
from rag.library import Library
from rag.models import larger
from rag.places import DATABASE
from rag.storage import index
from rag.storage.caches import VECTORS
from rag.storage.connection import unreadable
from rag.types import Json

Finding = tuple[bool, str, str]


def examine(library: Library) -> list[Json]:
    """One entry per check: {"name", "ok", "detail", "mend"}; `mend` is "" where there is nothing to do.

    Nothing is changed. A check that crashes is a finding, not a crash.
    """
    checks: list[tuple[str, Callable[[Library], Finding]]] = [
        ("python", _python),
        ("library", _library),
        ("database", _database),
        ("embedder", _embedder),
        ("reader", lambda library: _model("reader", library)),
        ("checker", lambda library: _model("checker", library)),
        ("language model", _language_model),
        ("larger models", _larger),
        ("vectors", _vectors),
        ("files", _files),
        ("token counter", _tokens),
        ("browser for tests", _browser),
    ]
    report: list[Json] = []
    for name, check in checks:
        try:
            ok, detail, mend = check(library)
        except BylineError as error:
            ok, detail, mend = False, str(error), ""
        except sqlite3.DatabaseError as error:
            ok, detail, mend = False, unreadable(library.path / DATABASE, error), ""
        except Exception as error:
            ok, detail, mend = False, f"{type(error).__name__}: {error}", "Please report this."
        report.append({"name": name, "ok": ok, "detail": detail, "mend": mend})
    return report


def _python(_: Library) -> Finding:
    missing = [
        name for name in ("sentence_transformers", "faiss", "gradio", "tiktoken") if not importlib.util.find_spec(name)
    ]
    detail = sys.version.split()[0] + (f", missing: {', '.join(missing)}" if missing else "")
    return not missing, detail, "make setup" if missing else ""


def _library(library: Library) -> Finding:
    status = library.status()
    free = shutil.disk_usage(library.path).free
    detail = (
        f"{library.place}: {status['articles']} articles, {status['passages']} passages, "
        f"{status['size_bytes'] / 1e6:.1f} MB, {free / 1e9:.1f} GB free"
    )
    if library.store.is_read_only:
        return True, f"{detail}, read-only", ""
    if free < 200_000_000:
        return False, detail, "Make room on this disk: ingest needs some 200 MB."
    return True, detail, "" if status["articles"] else "byline ingest PATH"


def _database(library: Library) -> Finding:
    if wrong := library.store.check():
        return False, "; ".join(wrong), "Restore it from a copy, or ingest again."
    if wrong := library.store.damaged():
        return False, "; ".join(wrong), "Restore it from a copy, or remove those articles and ingest them again."
    return True, "sound", ""


def _embedder(library: Library) -> Finding:
    embedder = library.embedder
    vector = embedder.encode_queries(["Who asked for the meeting?"])
    return vector.shape == (1, embedder.dim), f"{embedder.name}, {embedder.dim} dimensions", ""


def _model(use: str, library: Library) -> Finding:
    entry = library.reads_with()[use]
    base = f" on {entry['base']}" if entry["tier"] else ""
    return entry["usable"], f"{entry['tier'] or entry['spec']}{base}: {entry['why']}", entry["mend"]


def _language_model(library: Library) -> Finding:
    """That which the settings name: whether there is such a one, not whether it answers."""
    model = library.language_model()
    return True, model.name if model else "none: answers quote", ""


def _larger(_: Library) -> Finding:
    """Those of the accurate tier. Nobody needs them, but what is there must be whole."""
    fault = larger.fault()
    is_absent = not (larger.models_folder() / larger.NAME).is_dir()
    if not fault:
        return True, f"{larger.NAME} is whole", ""
    return is_absent, f"none: {larger.NAME} is {fault}" if is_absent else fault, larger.GET


def _vectors(library: Library) -> Finding:
    store, name = library.store, library.embedder.name
    if (own := store.own_index(name)) is not None:
        return True, f"{len(own)} in {library.place.partition(':')[0]}, stored with their passages", ""
    lacking = store.n_passages() - len(store.passage_numbers(name))
    if lacking:
        return False, f"{lacking} passages have no vector of {name}", "The next search embeds them; or byline ingest."
    loaded = index.FaissIndex.load(library.path / VECTORS, embedder=name)
    if loaded is None or loaded[1] != store.generation:
        return True, "the FAISS cache is missing, stale or damaged: the next search rebuilds it", ""
    return True, f"{len(loaded[0])} in the FAISS cache, in step with the store", ""


def _files(library: Library) -> Finding:
    known = library.store.catalogue()
    lost = {file for file in {file for _, file in known} if not os.path.exists(file)}
    gone = [article.path for article, file in known if file in lost]
    if gone:
        some = ", ".join(gone[:3]) + (", …" if len(gone) > 3 else "")
        return True, f"{len(gone)} articles stay in the library whose file is gone: {some}", "byline remove ARTICLE"
    return True, "every article's file is where it was", ""


def _tokens(library: Library) -> Finding:
    return True, f"passages are measured with {passages.counter_name(library.embedder)}", ""


def _browser(_: Library) -> Finding:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return True, found or "none: the browser tests are skipped", "" if found else "apt-get install chromium"
