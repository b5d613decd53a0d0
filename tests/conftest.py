"""Shared fixtures. The model, SQLite, FAISS and the articles are the real ones."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import Library
from tests.servers import KEY, Fake, fake_server

SEEDS = Path(__file__).parent.parent / "seeds"


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches for another host fails at once."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else "local"
        if self.family in (socket.AF_INET, socket.AF_INET6) and host not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test reached for {host}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("BYLINE_", "OPENAI_", "ANTHROPIC_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BYLINE_HOME", str(tmp_path / "byline-home"))
    monkeypatch.setenv("BYLINE_MODELS", os.environ.get("BYLINE_TEST_MODELS", str(tmp_path / "no-models")))


@pytest.fixture(scope="session")
def sample_original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library folder that holds the sample articles, embedded with the real model. To be copied, and never opened.

    Copying a database that this process has open closes a file of it, which drops this process's locks on it: the
    next process that leaves it then deletes the log under us ("disk I/O error").
    """
    folder = tmp_path_factory.mktemp("sample") / "original"
    with Library.open(folder) as library:
        report = library.ingest([SEEDS])
    assert (report.added, report.failed) == (5, ())
    return folder


@pytest.fixture(scope="session")
def sample_folder(sample_original: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sample library to open and to read. It must not be copied or changed: see `sample_original`."""
    return Path(shutil.copytree(sample_original, tmp_path_factory.mktemp("sample") / "library"))


@pytest.fixture(scope="session")
def sample(sample_folder: Path) -> Iterator[Library]:
    """The sample articles, open for reading."""
    with Library.open(sample_folder) as library:
        yield library


@pytest.fixture
def own_sample(sample_original: Path, tmp_path: Path) -> Iterator[Library]:
    """A copy of the sample library that a test may change."""
    shutil.copytree(sample_original, tmp_path / "own")
    with Library.open(tmp_path / "own") as library:
        yield library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """An empty library that needs no model."""
    with Library.open(tmp_path / "library", embedder="hashing:64") as opened:
        yield opened


FERRY = """\
Fog held the ferry at Saltby for two
hours on Tuesday. The fog came twice. Orla Venn, the harbour master, said so.
"""


@pytest.fixture
def ferry(library: Library, tmp_path: Path) -> Library:
    (tmp_path / "ferry.md").write_text(FERRY)
    library.ingest([tmp_path / "ferry.md"])
    return library


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """A language model's server that the settings lead to, and its key."""
    with fake_server() as running:
        monkeypatch.setenv("BYLINE_MODEL_URL", running.url)
        monkeypatch.setenv("BYLINE_MODEL_KEY", KEY)
        yield running
