"""The eval suite: its questions against the articles, the run on them with floors below the figures, the reports."""

from __future__ import annotations

import gzip
import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from evals import report as reports
from evals import runner, suites
from evals.cases import TEMPLATE, EvalCase, load_cases, locate
from evals.compare import compare, missed
from rag import Answer, BylineError, Citation, Claim, Library
from rag.cli import main

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


# -- cases that do not fit --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "this is not JSON"),
        ("[1]", "a case must be an object"),
        ('{"answerable": false}', '"question" is missing or empty: write what is asked'),
        ('{"question": "  ", "answerable": false}', '"question" is missing or empty'),
        ('{"question": "Who?"}', 'an answerable case needs "expected" or "evidence"'),
        ('{"question": "Who?", "answerable": "no"}', "it must be true or false"),
        ('{"question": "Who?", "expected": "Orla"}', "\"expected\" is 'Orla'; it must be a list"),
        ('{"question": "Who?", "expected": [[]]}', "a list inside expected or evidence is empty"),
        ('{"question": "Who?", "expected": [["Orla", 3]]}', '"expected" must be a list of texts'),
        ('{"question": "Who?", "evidence": [{"article": "x.md"}]}', '"evidence" must hold {"article": "file.md"'),
        ('{"question": "Who?", "answer": "Orla"}', "there is no field 'answer': known are id, question"),
        ('{"question": "Who?", "answerable": false, "expected": ["Orla"]}', '"expected" has no place where'),
        ('{"question": "Who?", "answerable": false, "split": "train"}', '"split" is \'train\'; it must be "dev"'),
        ('{"question": "Who?", "answerable": false, "filters": {"before": "2024"}}', '"filters" must be an object'),
        ('{"question": "Who?", "answerable": false, "id": 7}', '"id" is 7; it must be a text'),
        ('{"question": "Who?", "answerable": false, "id": "line-2"}', "the id 'line-2' is that of cases.jsonl line 2"),
    ],
)
def test_a_case_that_does_not_fit_is_refused_with_its_line(line: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text(f'# a comment\n{{"question": "Where?", "answerable": false}}\n\n{line}\n', encoding="utf-8")
    with pytest.raises(BylineError) as error:
        load_cases(file)
    assert str(error.value).startswith("cases.jsonl line 4: ")
    assert says in str(error.value)


def test_a_file_without_cases_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("# nothing\n\n")
    (tmp_path / "latin.jsonl").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(BylineError, match="hold no case: write one JSON object a line"):
        load_cases(tmp_path / "empty.jsonl")
    for name in ("latin.jsonl", "nowhere.jsonl"):
        with pytest.raises(BylineError, match=r"cannot be read .*: `byline eval new` writes a template"):
            load_cases(tmp_path / name)


STORY = """\
Fog held the ferry at Saltby for two
hours on Tuesday. The fog came twice. Orla Venn, the harbour master, said so.
"""


@pytest.fixture
def ferry(library: Library, tmp_path: Path) -> Library:
    (tmp_path / "ferry.md").write_text(STORY)
    library.ingest([tmp_path / "ferry.md"])
    return library


def case(line: str, tmp_path: Path) -> EvalCase:
    (tmp_path / "cases.jsonl").write_text(line, encoding="utf-8")
    return load_cases(tmp_path / "cases.jsonl")[0]


def test_evidence_is_found_over_line_breaks(ferry: Library, tmp_path: Path) -> None:
    given = case('{"question": "?", "evidence": [{"article": "ferry.md", "quote": "two hours on Tuesday"}]}', tmp_path)
    (((_, start, end),),), _ = locate(given, ferry.find)
    assert STORY[start:end] == "two\nhours on Tuesday"


@pytest.mark.parametrize(
    ("gold", "says"),
    [
        ({"article": "boat.md", "quote": "fog"}, "no article 'boat.md' in the library"),
        ({"article": "ferry.md", "quote": "sunshine"}, "ferry.md does not hold “sunshine”: copy the words"),
        ({"article": "ferry.md", "quote": "fog", "start": 3}, "does not hold “fog” at character 3"),
        ({"article": "ferry.md", "quote": "o"}, "times in ferry.md: quote more words, or give"),
    ],
)
def test_evidence_that_is_not_there_is_refused_before_anything_is_asked(
    gold: Json, says: str, ferry: Library, tmp_path: Path
) -> None:
    given = case(json.dumps({"question": "Who?", "evidence": [gold]}), tmp_path)
    with pytest.raises(BylineError, match=r"^cases.jsonl line 1: ") as error:
        runner.run([given], ferry, suite="x")
    assert says in str(error.value)


def test_the_template_is_a_file_of_cases(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(TEMPLATE)
    assert [c.answerable for c in load_cases(tmp_path / "t.jsonl")] == [False]
    (tmp_path / "t.jsonl").write_text(TEMPLATE.replace("# {", "{"))
    assert len(load_cases(tmp_path / "t.jsonl")) == 3


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
CEILINGS = {"false_refusal_rate": 0.36, "false_answer_rate": 0.65, "forbidden_said": 0.0}


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


# -- scores of made-up answers ----------------------------------------------------------------------------------


def test_a_case_that_breaks_is_counted_and_the_others_go_on(
    ferry: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        '{"question": "Who said so?", "expected": ["Orla Venn"], '
        '"evidence": [{"article": "ferry.md", "quote": "Orla Venn, the harbour master"}]}',
        '{"question": "What is the boiling point of ethanol?", "answerable": false}',
    ]
    (tmp_path / "cases.jsonl").write_text("\n".join(lines))
    ask = Library.ask

    def breaking(self: Library, question: str, **options: Any) -> Any:
        if question.startswith("Who"):
            raise RuntimeError("<the disk is gone>")
        return ask(self, question, **options)

    monkeypatch.setattr(Library, "ask", breaking)
    found = runner.run(load_cases(tmp_path / "cases.jsonl"), ferry, suite="x")
    assert (found["cases"], found["errors"]) == (2, 1)
    broken = found["results"][0]
    assert (broken["outcome"], broken["error"]) == ("error", "RuntimeError: <the disk is gone>")
    assert found["metrics"]["citation_recall"] == {"value": 0.0, "n": 1, "ci95": [0.0, 0.0]}
    assert found["metrics"]["truthfulness"]["n"] == 2
    assert "&lt;the disk is gone&gt;" in reports.page(found)


def test_what_the_outlet_line_says_is_not_an_answer(tmp_path: Path) -> None:
    """An answer that quotes the wrong sentence of an article of May must not pass for "May"."""
    (tmp_path / "a.md").write_text(
        "---\noutlet: The Gazette\npublished: 2021-05-06\n---\n\nThe ferry is old and slow.\n"
    )
    with Library.open(tmp_path / "library", embedder="hashing:64") as library:
        library.ingest([tmp_path / "a.md"])
        given = case('{"question": "Is the ferry old and slow?", "expected": ["May"]}', tmp_path)
        result = runner.run([given], library, suite="x")["results"][0]
    assert "6 May 2021" in result["answer"]
    assert result["said"] == "The ferry is old and slow."
    assert result["outcome"] == "wrong"


def quoting(library: Library, *quotes: str, earlier: bool = False) -> Answer:
    """An answer that quotes these words of the ferry's article, or one that abstains."""
    article = library.find("ferry.md")
    claims = []
    for n, quote in enumerate(quotes, 1):
        at = article.text.index(quote)
        citation = Citation(marker=n, article=article, start=at, end=at + len(quote), quote=quote, support=1.0)
        claims.append(Claim(text=quote, verdict="supported", citations=(citation,), earlier=earlier))
    return Answer(
        question="?",
        status="answered" if quotes else "abstained",
        text="\n".join(f"{claim.text} [{n}]" for n, claim in enumerate(claims, 1)),
        claims=tuple(claims),
        model="extractive",
        prompt_version="",
        elapsed_s=0.0,
    )


def scored(line: Json, answer: Answer, library: Library, tmp_path: Path) -> Json:
    given = case(json.dumps({"question": "?", **line}), tmp_path)
    groups, overtaken = locate(given, library.find)
    return runner.score(given, groups, overtaken, answer, error=None, passages=[], library=library)


FOG = {"article": "ferry.md", "quote": "The fog came twice"}
ORLA = {"article": "ferry.md", "quote": "Orla Venn, the harbour master"}


def test_scores_by_hand(ferry: Library, tmp_path: Path) -> None:
    line = {"expected": ["twice", "harbour master"], "evidence": [FOG, ORLA]}
    both = scored(
        line, quoting(ferry, "The fog came twice.", "Orla Venn, the harbour master, said so."), ferry, tmp_path
    )
    assert both["outcome"] == "right"
    names = ("citation_precision", "citation_recall", "citation_f1", "all_sides_cited", "answer_recall", "truthfulness")
    assert [both["scores"][name] for name in names] == [1] * 6
    one = scored(line, quoting(ferry, "The fog came twice.", "hours on Tuesday."), ferry, tmp_path)
    assert one["outcome"] == "partly"
    assert [one["scores"][name] for name in names] == [0.5, 0.5, 0.5, 0, 0.5, -1]
    assert one["why"] == [
        "Not said: “harbour master”.",
        "Evidence not among the 10 passages found: “Orla Venn, the harbour master” (ferry.md).",
        "1 of 2 citations on no gold evidence.",
    ]
    none = scored(line, quoting(ferry), ferry, tmp_path)
    assert (none["outcome"], none["scores"]["false_refusal_rate"], none["scores"]["citation_f1"]) == ("refused", 1, 0)
    assert "citation_precision" not in none["scores"], "nothing cited, nothing cited wrongly"


def test_a_false_premise_may_be_set_right(ferry: Library, tmp_path: Path) -> None:
    line = {"answerable": False, "evidence": [FOG]}
    outcomes = {
        "right": quoting(ferry, "The fog came twice."),
        "answered anyway": quoting(ferry, "hours on Tuesday.", "The fog came twice."),
        "rightly refused": quoting(ferry),
    }
    for outcome, answer in outcomes.items():
        found = scored(line, answer, ferry, tmp_path)
        assert (found["outcome"], found["scores"]["false_answer_rate"]) == (outcome, outcome == "answered anyway")
    bare = scored({"answerable": False}, outcomes["right"], ferry, tmp_path)
    assert (bare["outcome"], bare["scores"]["citation_precision"]) == ("answered anyway", 0)


def test_what_is_overtaken_or_forbidden_counts_against_it(ferry: Library, tmp_path: Path) -> None:
    line = {"expected": ["twice"], "overtaken": [FOG], "forbidden": ["fog"]}
    told = scored(line, quoting(ferry, "The fog came twice."), ferry, tmp_path)
    assert (told["scores"]["overtaken_as_current"], told["scores"]["forbidden_said"]) == (1, 1)
    assert told["outcome"] == "wrong"
    marked = scored(line, quoting(ferry, "The fog came twice.", earlier=True), ferry, tmp_path)
    assert marked["scores"]["overtaken_as_current"] == 0


def test_an_offset_that_is_off_and_a_marker_of_nothing_are_seen(ferry: Library, tmp_path: Path) -> None:
    answer = quoting(ferry, "The fog came twice.")
    (claim,) = answer.claims
    shifted = replace(claim.citations[0], start=claim.citations[0].start + 1)
    answer = replace(answer, text="The fog came twice. [1] [7]", claims=(replace(claim, citations=(shifted,)),))
    found = scored({"expected": ["twice"], "evidence": [FOG]}, answer, ferry, tmp_path)
    assert (found["scores"]["exact_offset_rate"], found["scores"]["citation_validity"]) == (0, 0.5)


def test_earlier_questions_and_filters_are_passed_on(
    ferry: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Json] = []

    def ask(self: Library, question: str, *, history: list[str] | None = None, as_of: str | None = None) -> Answer:
        seen.append({"question": question, "history": history, "as_of": as_of})
        return quoting(ferry)

    monkeypatch.setattr(Library, "ask", ask)
    line = {"question": "And then?", "answerable": False, "history": ["Who?"], "filters": {"as_of": "2024-05-01"}}
    assert runner.run([case(json.dumps(line), tmp_path)], ferry, suite="x")["errors"] == 0
    assert seen == [{"question": "And then?", "history": ["Who?"], "as_of": "2024-05-01"}]


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
        (["--suite", "wikipedia"], "there is no suite 'wikipedia': there are seeds, scifact"),
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
