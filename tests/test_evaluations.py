"""`ui.evaluations` and `ui.evaluation_view`: runs from the page, what is kept of them, and what is shown."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from evals.compare import compare
from rag import BylineError, Library
from rag.types import Json
from tests.test_hostile_text import HOSTILE
from tests.test_view import check_markup
from ui import evaluation_view as view
from ui.evaluations import MOST_KEPT, Evaluations, Run

CASES: list[Json] = [
    {
        "id": "late",
        "question": "How long did fog hold the ferry at Saltby?",
        "expected": [["two hours"]],
        "evidence": [{"article": "ferry.md", "quote": "two hours on Tuesday"}],
    },
    {"id": "said", "question": "Who is the harbour master of Saltby?", "expected": [["Bo Lind"]]},
    {"id": "moon", "question": "What is the boiling point of ethanol?", "answerable": False},
]


def cases_file(folder: Path, *cases: Json, name: str = "mine.jsonl") -> Path:
    file = folder / name
    file.write_text("\n".join(map(json.dumps, cases)), encoding="utf-8")
    return file


def check_report(html: str) -> None:
    """All of it but the plot, in which there are only names of figures."""
    check_markup(re.sub("<svg.*?</svg>", "", html))


def finished(runs: Evaluations, file: Path, model: Any = "extractive") -> Run:
    run = runs.begin(model, file)
    *_, last = run.steps()
    assert last.ended.is_set()
    return run


def test_own_cases_are_asked_of_the_library_and_kept(ferry: Library, tmp_path):
    runs = Evaluations(ferry)
    run = finished(runs, cases_file(tmp_path, *CASES))
    assert run.report is not None
    assert (run.failed, run.n_done, run.report["cases"], run.report["config"]["cases"]) == ("", 3, 3, "mine.jsonl")
    [(label, name)] = runs.kept()
    assert label.startswith("mine-extractive, ")
    assert runs.read(name)["metrics"] == json.loads(json.dumps(run.report["metrics"]))
    shown = view.told(runs.read(name))
    check_report(shown)
    assert "Bo Lind" in shown
    assert "<svg" in shown


def test_a_run_is_stopped_before_its_next_question_and_nothing_is_kept(ferry: Library, tmp_path):
    runs, asked = Evaluations(ferry), []

    class Stopping:
        name = "scripted"

        def generate(self, system: str, user: str, *, max_tokens: int) -> Iterator[str]:
            asked.append(user)
            assert runs.current is not None
            runs.current.is_stopping = True
            yield "The ferry was late [1]."

    run = finished(runs, cases_file(tmp_path, *CASES), Stopping())
    assert (run.report, run.failed, len(asked)) == (None, "", 1)
    assert runs.kept() == []
    check_markup(view.stopped(run))


def test_one_run_at_a_time(ferry: Library, tmp_path):
    runs = Evaluations(ferry)
    runs.current = Run("other")
    with pytest.raises(BylineError, match="going on already"):
        runs.begin(None, cases_file(tmp_path, *CASES))
    runs.current.ended.set()
    assert finished(runs, cases_file(tmp_path, CASES[2])).report is not None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the cases mine.jsonl hold no case"),
        ("{", "mine.jsonl line 1: this is not JSON"),
        ('{"question": "Why?"}', "mine.jsonl line 1: an answerable case needs"),
        ("\x00\xff", "mine.jsonl"),
    ],
)
def test_cases_that_cannot_be_read_are_a_sentence_without_the_folder(ferry, tmp_path, text, sentence):
    file = tmp_path / "mine.jsonl"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(BylineError) as raised:
        Evaluations(ferry).begin(None, file)
    assert sentence in str(raised.value)
    assert str(tmp_path) not in str(raised.value)


def test_evidence_that_is_not_in_the_library_is_a_sentence(ferry: Library, tmp_path):
    case = {"question": "Why?", "evidence": [{"article": "ferry.md", "quote": "words that nobody wrote"}]}
    run = finished(Evaluations(ferry), cases_file(tmp_path, case))
    assert "does not hold “words that nobody wrote”" in run.failed


def test_the_oldest_runs_go_and_no_other_file_is_read(ferry: Library):
    runs = Evaluations(ferry)
    folder = ferry.path / "evaluations"
    folder.mkdir()
    for n in range(MOST_KEPT):
        (folder / f"20240501-0000{n:02}-mine-extractive.json").write_text('{"results": []}')
    (folder / "notes.json").write_text("{}")
    runs._keep({"suite": "../../etc", "config": {"model": "gguf:/a/b c.gguf"}, "results": []})
    kept = runs.kept()
    assert len(kept) == MOST_KEPT
    assert kept[0][1].endswith("-etc-gguf-a-b-c.gguf.json")
    assert kept[-1][1].startswith("20240501-000001")
    assert (folder / "notes.json").exists()
    for name in ("../settings.toml", "notes.json", "20240501-000000-mine-extractive.json"):
        with pytest.raises(BylineError, match="no longer kept"):
            runs.read(name)


def test_what_has_changed_is_told_with_the_side_that_is_better(ferry: Library, tmp_path):
    runs = Evaluations(ferry)
    before = finished(runs, cases_file(tmp_path, *CASES)).report
    better = {**CASES[1], "expected": [["Orla Venn"]]}
    after = finished(runs, cases_file(tmp_path, CASES[0], better, CASES[2])).report
    assert before is not None
    assert after is not None
    shown = view.told(after, compare(before, after))
    check_report(shown)
    assert "Against the earlier run: 3 questions in both" in shown


def test_hostile_cases_are_text(ferry: Library, tmp_path):
    hostile = [
        {"question": f"Who said {text} here?", "expected": [[text]], "tags": [text]} for text in HOSTILE if text.strip()
    ]
    run = finished(Evaluations(ferry), cases_file(tmp_path, *hostile))
    assert run.report is not None, run.failed
    check_report(view.told(run.report, compare(run.report, run.report)))
    for text in HOSTILE:
        check_markup(view.running(Run(text, n_cases=2, question=text)))


def test_readers_may_neither_run_nor_see(ferry: Library, tmp_path):
    import gradio as gr

    from ui.evaluate_tab import EDITORS_ONLY, EvaluateTab

    async def made() -> EvaluateTab:  # where no event loop runs, Gradio makes some that it never closes
        with gr.Blocks():
            return EvaluateTab(ferry, may_edit=lambda request: False)

    tab = asyncio.run(made())
    request: Any = SimpleNamespace()
    *_, last = tab._run_own(str(cases_file(tmp_path, *CASES)), "", "extractive", {}, request)
    *_, looked = tab._looked_at("", "", request)
    for shown in (last, looked, tab._chosen("", "", request)):
        assert EDITORS_ONLY in shown[tab._pane]
    assert tab._runs.current is None
