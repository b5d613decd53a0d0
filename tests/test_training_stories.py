"""The invented stories that the reader is trained on: whole, and apart from what is measured on."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from evals.loaders import DATA, read_jsonl
from evals.training.reader_data import cases_to_train
from evals.training.stories import OF_THE_DAY, OPEN_ELSEWHERE, STORIES, story_cases
from evals.training.texts import plain
from rag.errors import BylineError
from rag.models.reader import EARLIER, LATEST

ROWS = list(read_jsonl(STORIES))


def test_each_story_has_three_articles_in_order_of_time() -> None:
    assert len({row["id"] for row in ROWS}) == len(ROWS) >= 40
    for row in ROWS:
        days = [article["published"] for article in row["articles"]]
        assert len(days) == 3
        assert days == sorted(days)
        assert len({article["outlet"] for article in row["articles"]}) > 1
    assert 0.1 < sum(row.get("held_out", False) for row in ROWS) / len(ROWS) < 0.3


def test_cases_know_what_answers_them() -> None:
    found = [*story_cases(), *story_cases(held_out=True)]
    cases = [case for case, _ in found]
    assert len(cases_to_train(cases)) == len(cases) > 700
    for case, others in found:
        assert all(answer in " ".join(case.sentences) for answer in case.answers)
        assert all(other.sentences != case.sentences and not other.gold for other in others)
        assert not others or case.gold
    assert not {case.id for case, _ in story_cases()} & {case.id for case, _ in story_cases(held_out=True)}


def test_an_older_state_of_things_is_marked_as_older() -> None:
    """That a strike goes on, of the day before, answers whether it is over, but for its age."""
    kinds = {plain(q["text"]): q["kind"] for row in ROWS for q in row["questions"]}
    for case, others in story_cases():
        assert case.title.startswith((LATEST, EARLIER))
        kind = kinds[plain(case.question)]
        if kind in OPEN_ELSEWHERE:
            assert others == []
        elif kind in OF_THE_DAY and case.gold and not case.title.startswith(EARLIER):
            assert all(other.title.startswith(EARLIER) for other in others)


def test_nothing_that_is_measured_on_is_in_them() -> None:
    def runs(text: str) -> set[tuple[str, ...]]:
        words = plain(text).split()
        return {tuple(words[i : i + 8]) for i in range(len(words) - 7)}

    ours = set().union(*(runs(article["text"]) for row in ROWS for article in row["articles"]))
    tasks = set().union(*(runs(path.read_text("utf-8")) for path in (DATA / "tasks").glob("*.txt")))
    claims = set().union(*(runs(row["text"]) for row in read_jsonl(DATA / "claims.jsonl")))
    assert len(ours & (tasks | claims)) <= 4, ours & (tasks | claims)


def test_a_wrong_row_is_named(tmp_path: Path) -> None:
    path = tmp_path / "stories.jsonl.gz"
    question = {"text": "Who left?", "kind": "fact", "article": 0, "sentence": "Nobody left.", "answer": "Nobody"}
    articles = [{"title": "", "outlet": "", "published": "2026-01-01", "text": "Mira left."}]
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(json.dumps({"id": "x-1", "topic": "", "articles": articles, "questions": [question]}))
    with pytest.raises(BylineError, match=r"story 'x-1' does not hold the sentence 'Nobody left\.'"):
        list(story_cases(path))
