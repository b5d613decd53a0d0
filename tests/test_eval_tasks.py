"""The set `tasks`: what it holds, and that it runs."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from evals import suites
from evals.cases import EvalCase, load_cases, locate
from rag import Library
from rag.cli import main

SLICES = ("summary", "comparison", "list", "explanation", "latest", "follow_up", "language", "yes_no", "unanswerable")


@pytest.fixture(scope="module")
def cases() -> list[EvalCase]:
    return load_cases(suites.DATA / "tasks.jsonl")


def test_each_slice_has_fifteen_cases_in_both_halves(cases: list[EvalCase]) -> None:
    slices = Counter(case.tags[0] for case in cases)
    assert set(slices) == set(SLICES)
    assert min(slices.values()) >= 15
    for name in SLICES:
        assert {case.split for case in cases if case.tags[0] == name} == {"dev", "test"}
    assert all(case.history for case in cases if case.tags[0] == "follow_up")
    assert all(case.expected and case.evidence for case in cases if case.answerable)
    assert not any(case.expected for case in cases if not case.answerable)


def test_the_evidence_stands_in_the_articles(cases: list[EvalCase], tmp_path: Path) -> None:
    with Library.open(tmp_path / "library", embedder="hashing:64") as library:
        library.ingest([suites.DATA / "tasks"])
        for case in cases:
            evidence, _ = locate(case, library.find)
            assert len(evidence) == len(case.evidence)
        articles = library.articles()
    assert len(articles) == 24
    assert all(article.published and article.title for article in articles)
    assert len({article.outlet for article in articles if article.outlet}) == 5


def test_no_story_stands_in_both_halves(cases: list[EvalCase]) -> None:
    """What is tuned on one half has not seen the articles of the other."""
    halves: dict[str, Counter[str]] = {}
    for case in cases:
        for gold in (gold for group in case.evidence for gold in group):
            halves.setdefault(gold.article, Counter())[case.split] += 1
    mixed = {name: dict(found) for name, found in halves.items() if len(found) > 1}
    assert sum(min(found.values()) for found in mixed.values()) <= 6, mixed


def test_it_runs_by_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Library.open(tmp_path / "library", embedder="hashing:64") as library:
        library.ingest([suites.DATA / "tasks"])
    argv = ["eval", "--suite", "tasks", "--split", "dev", "--library", str(tmp_path / "library"), "--json"]
    argv += ["--reader", "none"]  # which makes it quick: what is measured is another matter
    assert main(argv) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["suite"] == "tasks"
    assert report["metrics"]["exact_offset_rate"]["value"] == 1.0
    assert {row["split"] for row in report["results"]} == {"dev"}
