"""The built-in questions, and a run of them with its report."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from evals import report as reports
from evals import suites
from evals.cases import load_cases, locate
from evals.compare import compare, missed
from rag import BylineError, Library

Json = dict[str, Any]
CASES = suites.DATA / "seeds.jsonl"
# The run takes half a minute of two free cores; on a busy machine it may take long, and that is no failure.
pytestmark = pytest.mark.timeout(1200)


# -- the questions ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built_in() -> Iterator[Library]:
    """The articles that the built-in questions are about; hashed vectors, since nothing is asked of them here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BYLINE_EMBEDDER", "hashing:64")
        with suites.opened(None, [suites.SEEDS, suites.DATA / "injected"]) as library:
            yield library


def test_the_gold_evidence_stands_in_the_articles_and_is_never_furniture(built_in: Library) -> None:
    for case in load_cases(CASES):
        evidence, overtaken = locate(case, built_in.find)
        assert len(evidence) == len(case.evidence)
        for article_id, start, end in [*(words for group in evidence for words in group), *overtaken]:
            (article,) = built_in.store.articles([article_id])
            assert not any(a < end and start < b for a, b in article.boilerplate), case.id
            assert any(p.start <= start and end <= p.end for p in built_in.passages(article)), case.id


def test_the_set_is_what_it_says() -> None:
    cases = load_cases(CASES)
    tags = Counter(tag for case in cases for tag in case.tags)
    assert sum(case.answerable for case in cases) >= 100
    assert tags.keys() == {
        *("fact", "attribution", "multi-article", "temporal", "conflicting", "follow-up", "false-premise"),
        *("unanswerable-on-topic", "unanswerable-off-topic", "injected-instruction", "names"),
    }
    assert min(tags.values()) >= 7
    splits = Counter(case.split for case in cases)
    assert abs(splits["dev"] - splits["test"]) < 10
    for tag in tags:
        assert {case.split for case in cases if tag in case.tags} == {"dev", "test"}
    assert len({case.question for case in cases} | {case.history for case in cases}) > len(cases) * 0.95
    assert all(case.history for case in cases if "follow-up" in case.tags)
    assert all(case.forbidden for case in cases if "injected-instruction" in case.tags)
    assert all(case.expected and case.evidence for case in cases if case.answerable)


def test_no_question_repeats_the_words_it_asks_for() -> None:
    for case in load_cases(CASES):
        for gold in (gold for group in case.evidence for gold in group):
            words = gold.quote.lower().split()
            runs = {" ".join(words[i : i + 6]) for i in range(len(words) - 5)}
            assert not any(run in case.question.lower() for run in runs), case.id


# -- the run ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run() -> Json:
    """The test half of the built-in suite, with the real model. The whole takes twice as long."""
    return suites.builtin(split="test")


# Below the figures of evals/RESULTS.md by about twice the standard error, so that chance does not fail it and a real
# loss does. Raise them when the figures rise.
FLOORS = {
    "recall@10": 0.88,
    "evidence_recall@10": 0.88,
    "citation_recall": 0.46,
    "citation_precision": 0.43,
    "answer_recall": 0.47,
    "exact_offset_rate": 1.0,
    "citation_validity": 1.0,
    "citation_coverage": 1.0,
    "alce_citation_precision": 0.60,
}
# One of three: no line of an article is withheld, so that one which was planted may be quoted, with its source.
CEILINGS = {"false_refusal_rate": 0.36, "false_answer_rate": 0.65, "forbidden_said": 0.34}


def test_the_main_figures_hold(run: Json) -> None:
    assert run["errors"] == 0
    found = {name: run["metrics"][name]["value"] for name in (*FLOORS, *CEILINGS)}
    assert missed(run, FLOORS | CEILINGS) == [], found


def test_every_case_is_in_the_report_with_its_reasons(run: Json) -> None:
    cases = [case for case in load_cases(CASES) if case.split == "test"]
    assert [r["id"] for r in run["results"]] == [case.id for case in cases]
    assert run["cases"] == len(cases)
    assert run["abstained"] == sum(r["status"] == "abstained" for r in run["results"])
    answerable = sum(case.answerable for case in cases)
    for name in ("recall@10", "citation_recall", "citation_f1", "answer_recall", "false_refusal_rate"):
        assert run["metrics"][name]["n"] == answerable, "the denominator is the question set"
    assert run["metrics"]["false_answer_rate"]["n"] == len(cases) - answerable
    assert run["metrics"]["truthfulness"]["n"] == len(cases)
    for result in run["results"]:
        assert result["why"]
        assert result["outcome"] in (
            *("right", "partly", "wrong", "refused", "rightly refused", "answered anyway", "maybe", "error"),
        )
        if result["status"] == "abstained":
            assert result["citations"] == []
            assert result["scores"].get("citation_recall", 0) == 0


def test_the_parts_add_up(run: Json) -> None:
    for tag, part in run["by_tag"].items():
        of_tag = [r for r in run["results"] if tag in r["tags"]]
        assert part["cases"] == len(of_tag)
        assert part["metrics"]["truthfulness"]["value"] == pytest.approx(
            sum(r["scores"]["truthfulness"] for r in of_tag) / len(of_tag)
        )


def test_the_report_page_is_whole_escaped_and_says_why(run: Json, tmp_path: Path) -> None:
    evil = json.loads(json.dumps(run))
    evil["results"][0] |= {"question": "<script>alert(1)</script> & 'x' \"y\"", "id": "'><img src=x>"}
    evil["results"][0]["why"] = ["<b>bold</b>"]
    evil["results"][0]["tags"] = ["</details><iframe>"]
    page = reports.page(evil)
    assert "<script" not in page
    assert "<img" not in page
    assert "<iframe" not in page
    assert "<b>bold" not in page
    assert not re.search(r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//|url\(|@import", page), "nothing from elsewhere"

    class Balanced(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.opened: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag in ("details", "table", "svg", "blockquote", "summary", "div"):
                self.opened.append(tag)

        def handle_endtag(self, tag: str) -> None:
            if tag in ("details", "table", "svg", "blockquote", "summary", "div"):
                assert self.opened.pop() == tag

    parser = Balanced()
    parser.feed(page)
    assert parser.opened == []
    for result in run["results"]:
        assert f"<details id='{result['id']}'" in reports.page(run)
    assert page.count("<svg") == 2
    written = reports.write(run, tmp_path / "out")
    assert [path.name for path in written] == ["report.json", "report.md", "report.html"]
    assert json.loads(written[0].read_text(encoding="utf-8")) == json.loads(json.dumps(run))
    assert "## Not right" in written[1].read_text(encoding="utf-8")


def test_a_comparison_is_paired_and_names_what_changed(run: Json) -> None:
    before = json.loads(json.dumps(run))
    same = compare(before, run)
    assert same["changed"] == []
    assert all(d["ci95"] == [0, 0] for d in same["differences"].values())
    target = next(r for r in before["results"] if r["outcome"] == "right" and r["citations"])
    target["outcome"] = "wrong"
    target["scores"]["citation_recall"] -= 1
    found = compare(before, run)
    assert [(c["id"], c["before"], c["after"]) for c in found["changed"]] == [(target["id"], "wrong", "right")]
    difference = found["differences"]["citation_recall"]
    assert difference["value"] == pytest.approx(1 / difference["n"])
    assert (difference["better"], difference["worse"]) == (1, 0)
    assert "against the other report" in reports.table({**run, "comparison": found})
    with pytest.raises(BylineError, match="no case in common"):
        compare({"results": []}, run)
