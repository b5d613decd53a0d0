"""`byline eval`: its options, its suites, and the formats of public sets."""

from __future__ import annotations

import gzip
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from evals import OPTIONS, SUITES, suites
from evals import report as reports
from evals.cases import TEMPLATE
from evals.loaders import FORMATS, SETS
from rag import Library
from rag.cli import main

Json = dict[str, Any]
CASES = suites.DATA / "seeds.jsonl"
# -- the command line -------------------------------------------------------------------------------------------


def eval_json(capsys: pytest.CaptureFixture[str], *args: object, status: int = 0) -> Json:
    assert main(["eval", *map(str, args), "--json"]) == status
    document: Json = json.loads(capsys.readouterr().out)
    return document


def test_own_cases_on_an_own_library(ferry: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "new", str(tmp_path / "mine.jsonl")]) == 0
    capsys.readouterr()
    common = ["--cases", tmp_path / "mine.jsonl", "--library", ferry.path]
    found = eval_json(capsys, *common, "--out", tmp_path / "out")
    assert found.keys() >= {"suite", "cases", "errors", "config", "metrics", "results"}
    assert (found["suite"], found["cases"], found["errors"]) == ("mine", 1, 0)
    assert found["metrics"]["false_answer_rate"]["value"] == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["report.html", "report.json", "report.md"]

    gate = "false_answer_rate=0.5"
    assert eval_json(capsys, *common, "--fail-under", gate, "--compare", tmp_path / "out/report.json")["comparison"]
    assert main(["eval", *map(str, common), "--fail-under", "truthfulness=1.5"]) == 1
    assert "missed: truthfulness is 1; it must be at least 1.5" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--fail-under", "accuracy=0.5"], "there is no metric 'accuracy' in this report: it has "),
        (["--fail-under", "accuracy"], "--fail-under is 'accuracy': write METRIC=VALUE"),
        (["--fail-under", "recall@5=much"], "write METRIC=VALUE"),
        (["--compare", "nowhere.json"], "nowhere.json is no report"),
        (["--suite", "scifact"], "--cases and --suite exclude each other"),
        (["--price", "3"], "--price is '3': write two numbers"),
        (["--limit", "0"], "--limit is 0; it must be 1 or more"),
        (["--split", "dev"], "no case of"),
        (["--limit", "3", "--keep", "x"], "--keep and --limit would do nothing for your own cases, which takes"),
    ],
)
def test_wrong_use_is_one_sentence(
    args: list[str], says: str, ferry: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.jsonl").write_text(TEMPLATE)
    assert main(["eval", "--cases", str(tmp_path / "mine.jsonl"), "--library", str(ferry.path), *args]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert says in captured.err
    assert len(captured.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--suite", "wikipedia"], "there is no suite 'wikipedia': there are seeds, tasks"),
        (["--suite", "beir:"], "there is no suite 'beir:'"),
        (["--suite", "xquad"], "the suite 'xquad' reads public data: give its folder with --data DIR"),
        (["--suite", "attributionbench"], "reads public data: give its folder with --data DIR"),
        (["--suite", "squad2", "--data", "nowhere"], "is not there: --data names the folder that holds it"),
        (["--suite", "beir:nowhere"], "is not there"),
        (["--limit", "3"], "--limit would do nothing for the suite 'seeds', which takes --library, --split"),
        (["--suite", "seeds", "--data", "x"], "--data would do nothing for the suite 'seeds'"),
        (["--suite", "speed", "--model", "openai:x"], "--model would do nothing for the suite 'speed', which takes"),
        (["--suite", "attributionbench", "--price", "1,2"], "--price would do nothing for the suite 'attributionb"),
        (["--suite", "injections", "--library", "x"], "--library would do nothing for the suite 'injections'"),
        (["--suite", "xquad", "--split", "dev"], "--split would do nothing for the suite 'xquad', which takes --data"),
        (["--suite", "squad:x.json", "--data", "x"], "--data would do nothing for the suite 'squad:x.json'"),
        (["new", "/proc/nowhere/cases.jsonl"], "cannot be written"),
    ],
)
def test_a_wrong_suite_is_one_sentence(args: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", *args]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert says in captured.err
    assert len(captured.err.strip().splitlines()) == 1


def test_the_built_in_set_needs_its_articles(
    ferry: Library, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert main(["eval", "--library", str(ferry.path)]) == 2
    assert "seeds.jsonl line 1: no article" in capsys.readouterr().err
    monkeypatch.setattr(suites, "SEEDS", tmp_path / "gone")
    assert main(["eval"]) == 2
    assert "run the built-in suite from a clone of the project, or give --library" in capsys.readouterr().err


def test_a_template_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cases.jsonl").write_text("mine")
    assert main(["eval", "new", str(tmp_path / "cases.jsonl")]) == 2
    assert (tmp_path / "cases.jsonl").read_text() == "mine"
    assert "is there already" in capsys.readouterr().err


def test_figures_go_into_a_page_between_their_marks(
    ferry: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.jsonl").write_text(TEMPLATE)
    page = tmp_path / "RESULTS.md"
    page.write_text("before\n<!-- mine -->\nold\n<!-- /mine -->\nafter\n")
    common = ["eval", "--cases", str(tmp_path / "mine.jsonl"), "--library", str(ferry.path), "--results", str(page)]
    assert main(common) == 0
    text = page.read_text()
    assert text.startswith("before\n<!-- mine -->\n### mine\n")
    assert text.endswith("<!-- /mine -->\nafter\n")
    assert "old" not in text
    page.write_text("no marks")
    capsys.readouterr()
    assert main(common) == 2
    assert "has no place for this suite: put the lines <!-- mine -->" in capsys.readouterr().err


# -- public formats ---------------------------------------------------------------------------------------------


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BYLINE_EMBEDDER", "hashing:64")


def test_beir_from_a_folder(tmp_path: Path, hashing: None, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "qrels").mkdir()
    texts = {"d1": "The ferry left late because of fog.", "d2": "The council voted on the new library."}
    rows = [json.dumps({"_id": key, "title": "", "text": text}) for key, text in texts.items()]
    (tmp_path / "corpus.jsonl").write_text("\n".join(rows))
    (tmp_path / "queries.jsonl").write_text('{"_id": "q1", "text": "ferry fog"}\n{"_id": "q2", "text": "not asked"}')
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\n")
    found = eval_json(capsys, "--suite", f"beir:{tmp_path}")
    assert (found["cases"], found["metrics"]["nDCG@10"]["value"]) == (1, 1.0)


def test_squad_from_a_file(tmp_path: Path, hashing: None, capsys: pytest.CaptureFixture[str]) -> None:
    paragraph = {
        "context": "The ferry Maid of Saltby left at nine. Its master is Orla Venn.",
        "qas": [
            {
                "id": "1",
                "question": "Who is the master of the ferry?",
                "answers": [{"text": "Orla Venn", "answer_start": 53}],
            },
            {"id": "2", "question": "What is the boiling point of ethanol?", "is_impossible": True, "answers": []},
        ],
    }
    (tmp_path / "squad.json").write_text(json.dumps({"data": [{"title": "Ferry", "paragraphs": [paragraph]}]}))
    found = eval_json(capsys, "--suite", f"squad:{tmp_path / 'squad.json'}")
    assert (found["cases"], found["errors"]) == (2, 0)
    assert found["metrics"]["squad_exact_match"]["n"] == 2
    assert found["metrics"]["squad_exact_match"]["value"] == 1  # "Orla Venn" is set off in its sentence; 2 is refused
    assert found["metrics"]["evidence_recall@5"]["value"] == 1


def test_multihop_rag_from_a_folder(tmp_path: Path, hashing: None, capsys: pytest.CaptureFixture[str]) -> None:
    articles = [
        {"title": "Fog", "body": "Fog held the ferry.", "url": "u1", "source": "G", "published_at": "2021-03-04"}
    ]
    asked = [
        {"query": "What held the ferry?", "evidence_list": [{"url": "u1", "fact": "Fog held the ferry."}]},
        {"query": "Unanswerable?", "evidence_list": []},
    ]
    (tmp_path / "corpus.json").write_text(json.dumps(articles))
    (tmp_path / "MultiHopRAG.json").write_text(json.dumps(asked))
    found = eval_json(capsys, "--suite", f"multihop-rag:{tmp_path}")
    assert (found["cases"], found["metrics"]["MRR@10"]["value"]) == (1, 1.0)


def test_agreement_with_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = [
        ("The ferry left two hours late. [1]", "The ferry left two hours late on Tuesday.", "attributable", "A"),
        ("The ferry sank in the bay. [1]", "The ferry left two hours late on Tuesday.", "not attributable", "A"),
        ("Wheat costs four crowns. [2]", "The council voted on a library.", "not attributable", "B"),
        ("The council voted on a library.", "The council voted on a library.", "attributable", "B"),
    ]
    (tmp_path / "attributionbench").mkdir()
    with gzip.open(tmp_path / "attributionbench" / "dev.jsonl.gz", "wt", encoding="utf-8") as file:
        for claim, evidence, label, source in pairs:
            row = {"question": "?", "claim": claim, "references": [evidence], "attribution_label": label}
            file.write(json.dumps({**row, "src_dataset": source}) + "\n")
    found = eval_json(capsys, "--suite", "attributionbench", "--data", tmp_path, "--fail-under", "macro_f1=1")
    assert {name: found["metrics"][name]["value"] for name in ("macro_f1", "macro_f1:A", "auroc")} == {
        "macro_f1": 1,
        "macro_f1:A": 1,
        "auroc": 1,
    }
    assert "T5-XXL-TRUE" in found["published"][0]


def test_ramdocs_asks_for_all_right_answers_and_no_wrong_one(
    tmp_path: Path, hashing: None, capsys: pytest.CaptureFixture[str]
) -> None:
    documents = [
        {"text": "The ferry Maid of Saltby is 38 years old.", "type": "correct", "answer": "38"},
        {"text": "The ferry Maid of Saltby is 90 years old.", "type": "misinfo", "answer": "90"},
    ]
    row = {"question": "How old is the ferry Maid of Saltby?", "documents": documents}
    (tmp_path / "ramdocs").mkdir()
    with gzip.open(tmp_path / "ramdocs" / "RAMDocs_test.jsonl.gz", "wt", encoding="utf-8") as file:
        for right, wrong in ((["38"], ["90"]), (["38", "90"], [])):
            file.write(json.dumps({**row, "gold_answers": right, "wrong_answers": wrong}) + "\n")
    found = eval_json(capsys, "--suite", "ramdocs", "--data", tmp_path)
    said = [{"38", "90"} & set(result["said"].replace(".", "").split()) for result in found["results"]]
    expected = [said[0] == {"38"}, said[1] == {"38", "90"}]
    assert [result["outcome"] == "right" for result in found["results"]] == expected


def test_plots_are_well_formed() -> None:
    series = [
        {"name": "search <ms>", "points": [(100, 2.0), (100_000, 300.0)]},
        {"name": "floor", "points": [(100, 0.1)]},
    ]
    drawn = reports.lines_plot({"title": "a & b", "x": "x", "y": "y", "log": True, "series": series})
    assert "search &lt;ms&gt;" in drawn
    quoted = re.sub(r"=([^\s'\">]+)(?=[\s/>])", r"='\1'", drawn)
    assert ET.fromstring(quoted).tag == "svg"
    assert reports.lines_plot({"title": "", "x": "", "y": "", "series": []}) == ""


def test_every_suite_is_named_once() -> None:
    forms = {suite.partition(":")[0] for suite in SUITES if ":" in suite}
    assert forms == set(FORMATS)
    assert {*SETS} <= {*SUITES}
    assert all({*taken} <= {*OPTIONS} for taken in SUITES.values())
