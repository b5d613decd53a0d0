"""Addresses of libraries on Milvus, and what is said where one cannot be opened. No Milvus is needed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rag import BylineError, Library
from rag.cli import main
from rag.storage.milvus_address import parse


@pytest.mark.parametrize(
    ("spec", "uri", "name"),
    [
        ("milvus:http://host:19531/news", "http://host:19531", "news"),
        ("milvus:https://Host.example", "https://host.example:19530", "byline"),
        ("milvus:tcp://10.0.0.1/", "http://10.0.0.1:19530", "byline"),
        ("milvus:http://[::1]:5/a_1", "http://[::1]:5", "a_1"),
    ],
)
def test_an_address_of_a_server_is_read(spec: str, uri: str, name: str) -> None:
    address = parse(spec)
    assert (address.uri, address.name, address.folder) == (uri, name, None)
    assert parse(str(address)) == address


def test_anything_else_is_a_folder(tmp_path: Path) -> None:
    address = parse(f"milvus:{tmp_path / 'a folder'}")
    assert (address.folder, address.uri) == (tmp_path / "a folder", str(tmp_path / "a folder" / "milvus.db"))


@pytest.mark.parametrize(
    "spec",
    [
        "milvus:",
        "milvus:  ",
        "milvus:ftp://host/x",
        "milvus:http://",
        "milvus:http://host:99999/x",
        "milvus:http://host/a/b",
        "milvus:http://host/1x",
        "milvus:http://host/x?token=hunter2",
        "milvus:http://root:hunter2@host/x",
        'milvus:http://host/x";drop',
    ],
)
def test_what_is_no_address_is_refused_in_one_sentence_without_the_secret(
    spec: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--library", spec]) == 2
    said = capsys.readouterr().err
    assert said.startswith("byline: ")
    assert len(said.strip().splitlines()) == 1
    assert "hunter2" not in said


def test_without_the_client_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(BylineError, match=r"pip install 'byline\[milvus\]'"):
        Library.open(f"milvus:{tmp_path / 'x'}")


def test_where_no_server_is_one_sentence_says_so(tmp_path: Path) -> None:
    pytest.importorskip("pymilvus", reason="needs pymilvus")
    with pytest.raises(BylineError, match="cannot be reached"):
        Library.open("milvus:http://127.0.0.1:9/x")


def test_a_copy_needs_two_places_and_a_library(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["copy", str(tmp_path / "none"), str(tmp_path / "to")]) == 2
    assert "no library" in capsys.readouterr().err
    assert not (tmp_path / "to").exists()
    Library.open(tmp_path / "one", embedder="hashing:64").close()
    assert main(["copy", str(tmp_path / "one"), f"{tmp_path}/./one"]) == 2
    assert "one place" in capsys.readouterr().err
