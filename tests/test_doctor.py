"""`byline doctor` through the real entry point: what it finds wrong, and what is installed."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rag import Library
from rag.doctor import examine
from rag.errors import LibraryError
from rag.places import DATABASE
from rag.storage.caches import VECTORS
from tests.test_cli import STORY, byline, byline_json


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "library"


def test_doctor(home: Path, tmp_path: Path) -> None:
    story = tmp_path / "story.md"
    story.write_text(STORY)
    byline_json("ingest", story, "--embedder", "hashing:64", home=home)
    report = byline_json("doctor", home=home)
    assert report["ok"] is True
    assert {check["name"] for check in report["checks"]} >= {"library", "database", "embedder", "vectors", "files"}
    story.unlink()
    (home / "vectors.faiss").write_bytes(b"damaged")
    checks = {check["name"]: check for check in byline_json("doctor", home=home)["checks"]}
    assert "rebuilds it" in checks["vectors"]["detail"]
    assert "story.md" in checks["files"]["detail"]


def test_doctor_looks_at_the_installation_where_there_is_no_library(home: Path) -> None:
    done = byline("doctor", "--json", home=home)
    report = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert (done.returncode, report["python"]["ok"], report["library"]["ok"]) == (1, True, False)
    assert f"there is no library at {home} yet" in report["library"]["detail"]
    assert not home.exists()


def test_doctor_lists_the_licences_of_what_is_installed(home: Path) -> None:
    packages = {one["name"].lower(): one for one in byline_json("doctor", "--licenses", home=home)["packages"]}
    assert packages.keys() >= {"byline", "faiss-cpu", "gradio", "sentence-transformers", "tiktoken", "torch", "numpy"}
    assert packages["gradio"]["license"].startswith("Apache")
    assert packages["huggingface-hub" if "huggingface-hub" in packages else "huggingface_hub"]["needed_by"]
    unknown = [name for name, one in packages.items() if one["license"] == "not stated"]
    assert len(unknown) <= len(packages) // 5, unknown
    plain = byline("doctor", "--licenses", home=home).stdout.splitlines()
    assert len(plain) == len(packages)
    assert not home.exists(), "it looks at no library"


FLIPPED = {
    "a letter": ("UPDATE articles SET text = replace(text, 'harbour', 'harbouq')", "not the words that were indexed: "),
    "an offset": ('UPDATE passages SET "end" = "end" - 8', "not the words that were indexed: "),
    "a byte of a letter": ("UPDATE articles SET text = CAST(x'ff' || CAST(text AS BLOB) AS TEXT)", "cannot be read: "),
    "what holds the authors": ("UPDATE articles SET authors = '[}'", "1 articles cannot be read: "),
    "a vector": ("UPDATE vectors SET vector = CAST(zeroblob(252) || x'0000807f' AS BLOB)", "1 vectors are damaged"),
    "half a vector": ("UPDATE vectors SET vector = substr(vector, 1, 7)", "1 vectors are damaged"),
}


@pytest.mark.parametrize("what", FLIPPED)
def test_doctor_finds_what_sqlite_does_not_see(what: str, ferry: Library) -> None:
    """A file that is sound, in which bits flipped; a question then is answered, or refused in one sentence."""
    change, detail = FLIPPED[what]
    ferry.close()
    with closing(sqlite3.connect(ferry.path / DATABASE)) as db:
        db.execute(change)
        db.commit()
    (ferry.path / VECTORS).unlink()
    with Library.open(ferry.path) as library:
        assert library.store.check() == []
        (found,) = [check for check in examine(library) if check["name"] == "database"]
        assert (found["ok"], detail in found["detail"], found["mend"][:7]) == (False, True, "Restore"), found
        refused = ""
        try:
            for hit in library.retrieve("fog"):
                assert hit.article.text[hit.passage.start : hit.passage.end] == hit.passage.text
        except LibraryError as error:
            refused = str(error)
        assert not refused or re.search("from a copy, or (ingest|remove)[^\n]+[.]$", refused), refused
