"""Cases: what does not fit is refused with its line; what an answer to one scores."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals import report as reports
from evals import runner, scores, suites
from evals.cases import TEMPLATE, EvalCase, load_cases, locate
from rag import Answer, BylineError, Citation, Claim, Library

Json = dict[str, Any]
CASES = suites.DATA / "seeds.jsonl"
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


def case(line: str, tmp_path: Path) -> EvalCase:
    (tmp_path / "cases.jsonl").write_text(line, encoding="utf-8")
    return load_cases(tmp_path / "cases.jsonl")[0]


def test_evidence_is_found_over_line_breaks(ferry: Library, tmp_path: Path) -> None:
    given = case('{"question": "?", "evidence": [{"article": "ferry.md", "quote": "two hours on Tuesday"}]}', tmp_path)
    (((_, start, end),),), _ = locate(given, ferry.find)
    assert ferry.articles()[0].text[start:end] == "two\nhours on Tuesday"


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
    return scores.score(given, groups, overtaken, answer, error=None, passages=[], library=library)


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

    def ask(
        self: Library, question: str, *, stream: bool, model: str, history: list[str], as_of: str
    ) -> Iterator[Answer]:
        seen.append({"question": question, "history": history, "as_of": as_of})
        yield quoting(ferry)

    monkeypatch.setattr(Library, "ask", ask)
    line = {"question": "And then?", "answerable": False, "history": ["Who?"], "filters": {"as_of": "2024-05-01"}}
    assert runner.run([case(json.dumps(line), tmp_path)], ferry, suite="x")["errors"] == 0
    assert seen == [{"question": "And then?", "history": ["Who?"], "as_of": "2024-05-01"}]
