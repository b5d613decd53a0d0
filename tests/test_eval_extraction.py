"""`byline eval --suite extraction`: the layouts of four public corpora, with invented pages."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from rag.cli import main

Json = dict[str, Any]
STORY = (
    "The ferry Maid of Saltby left two hours late on Tuesday because of fog in the bay.",
    "Captain Orla Venn said that nobody on board had complained, and that the soup was warm.",
    "The council of Saltby will vote on a second ferry in June, after a report on the pier.",
)


def page(
    title: str = "Ferry leaves late",
    *,
    date: str | None = "2024-05-07T09:00:00+01:00",
    author: str | None = "Wren Falke",
) -> str:
    tags = f'<meta property="article:published_time" content="{date}">' if date else ""
    tags += f'<meta name="author" content="{author}">' if author else ""
    body = "".join(f"<p>{line}</p>" for line in STORY)
    head = f'<title>{title}</title><meta property="og:title" content="{title}">{tags}'
    return f"<!doctype html><html><head>{head}</head><body><article>{body}</article></body></html>"


def put(path: Path, content: str | Json) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


def htmldate(root: Path) -> None:
    days = {"right.html": "2024-05-07", "wrong.html": "2024-05-06", "none": "2024-05-07", "blank.html": "2024-05-07"}
    rows = {f"https://saltby.example/{n}": {"file": n, "date": day} for n, day in days.items()}
    put(root / "tests/eval_default.json", rows)
    put(root / "tests/eval_more.json", {"https://saltby.example/gone": {"file": "gone.html", "date": "2024-01-02"}})
    put(root / "tests/cache/right.html", page())
    put(root / "tests/test_set/wrong.html", page())
    put(root / "tests/cache/none", page(date=None))
    put(root / "tests/cache/blank.html", "<html><body></body></html>")


def benchmark(root: Path) -> None:
    put(root / "ground-truth.json", {"ab": {"articleBody": "\n".join(STORY)}, "cd": {"articleBody": STORY[0]}})
    for name in ("ab", "cd"):
        put(root / f"html/{name}.html.gz", page())


def fundus(root: Path) -> None:
    folder = root / "tests/resources/parser/test_data/uk"
    sections = [{"headline": [], "paragraphs": STORY}]
    stated = {"title": "Ferry leaves late", "authors": ["Wren Falke"], "publishing_date": "2024-05-07 09:00:00+01:00"}
    old = {"title": "Ferry is sold", "publishing_date": "2022-02-01 09:00:00+00:00", "authors": ["Ada Quill", "W. F."]}
    put(folder / "Courier.json", {"V1": old, "V1_1": {**stated, "body": {"summary": [], "sections": sections}}})
    put(folder / "Courier_2024_05_08.html.gz", page())
    put(folder / "Courier_2022_02_02.html.gz", page("Ferry is sold", date="2022-02-01", author="Ada Quill"))
    put(folder / "meta.info", {})


def readability(root: Path) -> None:
    folder = root / "test/test-pages"
    shown = "".join(f"<p>{line}</p>" for line in STORY)
    byline = "By Wren Falke, Quay Press"
    for name, title, line in (("named", "Ferry leaves late", byline), ("unnamed", "Another title", None)):
        put(folder / name / "source.html", page(author="Wren Falke"))
        put(folder / name / "expected.html", f"<div>{shown}</div>")
        put(folder / name / "expected-metadata.json", {"title": title, "byline": line, "dir": None})


def measured(capsys: pytest.CaptureFixture[str], data: Path, *args: object) -> Json:
    assert main(["eval", "--suite", "extraction", "--data", str(data), *map(str, args), "--json"]) == 0
    document: Json = json.loads(capsys.readouterr().out)
    return document


def values(found: Json, corpus: str) -> dict[str, float]:
    figures = {name: round(metric["value"], 3) for name, metric in found["metrics"].items()}
    return {name.partition(":")[0]: value for name, value in figures.items() if name.endswith(f":{corpus}")}


def test_days_are_counted_as_htmldate_counts_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    htmldate(tmp_path)
    found = measured(capsys, tmp_path)
    expected = {"date_precision": 0.5, "date_recall": 0.333, "date_accuracy": 0.25, "date_f1": 0.4}
    assert values(found, "htmldate") == expected
    assert all(low <= m["value"] <= high for m in found["metrics"].values() for low, high in [m["ci95"] or [0, 9e9]])
    assert (found["cases"], found["errors"]) == (4, 1)
    outcomes = {row["id"]: row["outcome"] for row in found["results"]}
    assert outcomes["htmldate/right.html"] == "right"
    assert outcomes["htmldate/blank.html"] == "error"
    notes = "\n".join(found["notes"])
    assert "Not read, and so wrong: 1 page (htmldate/blank.html)." in notes
    assert "htmldate lists 1 page (gone.html) that the folder does not hold" in notes
    assert found["metrics"]["read_s_slowest"]["value"] <= found["metrics"]["read_s_total"]["value"]


def test_pages_listed_in_a_script_are_read_and_the_script_is_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path / "cache/a.html", page())
    rows = "{'https://saltby.example/a': {'file': 'a.html', 'date': '2024-05-07'}}"
    put(tmp_path / "comparison.py", f"open({str(tmp_path / 'ran')!r}, 'w')\nEVAL_PAGES = {rows}\n")
    assert values(measured(capsys, tmp_path), "htmldate")["date_accuracy"] == 1
    assert not (tmp_path / "ran").exists()


def test_text_is_compared_by_shingles_of_four_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    benchmark(tmp_path)
    # The first page is read as it should be; of the second the first paragraph alone is expected.
    n_read = sum(len(line.split()) for line in STORY) - 3
    n_wanted = len(STORY[0].split()) - 3
    precision = (1 + n_wanted / n_read) / 2
    found = values(measured(capsys, tmp_path), "article-extraction-benchmark")
    assert found["text_recall"] == 1
    assert found["text_precision"] == round(precision, 3)
    assert found["text_f1"] == round(2 * precision / (1 + precision), 3)
    assert found["text_exact"] == 0.5


def test_each_version_of_a_publisher_has_its_own_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fundus(tmp_path)
    found = measured(capsys, tmp_path)
    assert values(found, "fundus") == {"title_right": 1, "authors_right": 0.5, "date_right": 1, "words_f1": 1}
    assert {row["id"]: row["outcome"] for row in found["results"]} == {
        "fundus/uk/Courier_2022_02_02.html.gz": "partly",
        "fundus/uk/Courier_2024_05_08.html.gz": "right",
    }
    # What is expected lies beside the page, and must not be read as what is said of it.
    (tmp_path / "tests/resources/parser/test_data/uk/Courier_2024_05_08.json").write_text('{"title": "Beside it"}')
    assert values(measured(capsys, tmp_path), "fundus")["title_right"] == 1


def test_a_version_without_its_page_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fundus(tmp_path)
    (tmp_path / "tests/resources/parser/test_data/uk/Courier_2022_02_02.html.gz").unlink()
    found = measured(capsys, tmp_path)
    assert (found["cases"], values(found, "fundus")["title_right"]) == (1, 1)
    assert any("fundus lists 1 page (uk/Courier V1) that the folder does not hold" in note for note in found["notes"])


def test_title_byline_and_words_of_readability(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    readability(tmp_path)
    found = measured(capsys, tmp_path)
    assert values(found, "readability") == {"title_right": 0.5, "byline_right": 0.5, "words_f1": 1}
    row = next(row for row in found["results"] if row["id"] == "readability/unnamed/source.html")
    assert row["why"][0] == "title: 'Ferry leaves late' was read, 'Another title' is expected."


def test_several_corpora_are_measured_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for make in (htmldate, benchmark, fundus, readability):
        make(tmp_path / "corpora" / make.__name__)
    (tmp_path / "RESULTS.md").write_text("<!-- extraction -->\n<!-- /extraction -->\n")
    common = ("--limit", 1, "--out", tmp_path / "out", "--results", tmp_path / "RESULTS.md")
    found = measured(capsys, tmp_path / "corpora", *common)
    assert found["cases"] == 4
    assert [*found["config"]["corpora"].values()] == [1, 1, 1, 1]
    assert len(found["published"]) == 4
    assert "| date_f1:htmldate |" in (tmp_path / "RESULTS.md").read_text()
    assert "byline eval --suite extraction --limit 1 --data DIR" in (tmp_path / "RESULTS.md").read_text()
    again = measured(capsys, tmp_path / "corpora", "--limit", 1, "--compare", tmp_path / "out/report.json")
    assert again["comparison"]["cases"] == 4
    assert again["comparison"]["changed"] == []


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "what is read is htmldate (tests/eval_*.json"),
        ({"notes.txt": "Nothing."}, "holds no corpus of extraction, nor do its folders"),
        ({"ground-truth.json": "{", "html/a.html.gz": ""}, "ground-truth.json is not JSON"),
        ({"ground-truth.json": "[]", "html/a.html.gz": ""}, "holds no object of names and values: get it anew"),
        ({"ground-truth.json": '{"../b": {}}', "html/a": "", "b.html.gz": ""}, "holds none of the 1 pages that"),
        ({"tests/eval_a.json": '{"u": {"file": 3}}', "tests/cache/a": ""}, 'lists \'u\' without "file" and "date"'),
        ({"comparison.py": "EVAL_PAGES = f()", "cache/a.html": ""}, "comparison.py cannot be read (ValueError)"),
    ],
)
def test_what_is_no_corpus_is_one_sentence(
    files: dict[str, str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in files.items():
        put(tmp_path / name, content)
    assert main(["eval", "--suite", "extraction", "--data", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert says in captured.err
    assert len(captured.err.strip().splitlines()) == 1


def test_the_refusal_names_the_four_layouts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "--suite", "extraction", "--data", str(tmp_path)]) == 2
    says = capsys.readouterr().err
    assert all(name in says for name in ("htmldate", "article-extraction-benchmark", "fundus", "readability"))
    assert main(["eval", "--suite", "extraction", "--data", str(tmp_path / "nowhere")]) == 2
    assert "nowhere is not there: --data names the folder that holds the corpora" in capsys.readouterr().err
    assert main(["eval", "--suite", "extraction"]) == 2
    assert "reads public data: give its folder with --data DIR" in capsys.readouterr().err
