"""Places where a library can be, for tests: in SQLite, on the embedded Milvus, on a Milvus server that they start."""

from __future__ import annotations

import importlib.util
import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PLACES = ("sqlite", "milvus-lite", "milvus-server")
PATIENCE_MS = 60_000
_NAMES = itertools.count()


def lacks(place: str) -> str:
    """Why a place cannot be had here, in one line; "" where it can."""
    needed = {"sqlite": (), "milvus-lite": ("pymilvus", "milvus_lite"), "milvus-server": ("pymilvus", "milvus")}[place]
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    return f"{place} needs {' and '.join(missing)}: pip install pymilvus milvus-lite milvus" if missing else ""


@contextmanager
def server() -> Iterator[str]:
    """The address of a Milvus server, started from the package `milvus`; skips the test where it does not start."""
    from milvus import MilvusServer, MilvusServerConfig

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        running = MilvusServer(MilvusServerConfig(), wait_for_started=False)
        running.set_base_dir(folder)
        try:
            running.start()
            running.wait_started(timeout=PATIENCE_MS)
        except Exception as error:
            running.stop()
            pytest.skip(f"the Milvus server does not start here: {type(error).__name__}: {str(error)[:100]}")
        try:
            yield f"http://127.0.0.1:{running.listen_port}"
        finally:
            running.stop()


def spec_of(place: str, folder: Path, address: str) -> str:
    """Where a new library is made."""
    if place == "sqlite":
        return str(folder / f"library{next(_NAMES)}")
    if place == "milvus-lite":
        return f"milvus:{folder / f'lite{next(_NAMES)}'}"
    return f"milvus:{address}/test{next(_NAMES)}"
