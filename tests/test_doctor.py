"""`byline doctor` through the real entry point: what it finds wrong, and what is installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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
