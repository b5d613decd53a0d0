"""The command line through its real entry point: shapes, exit status, streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BYLINE = Path(sys.executable).parent / "byline"

STORY = """---
title: Ferry to Saltby is late
outlet: The Quillmere Gazette
published: 2021-03-04
---

The ferry to Saltby left two hours late on Tuesday, the harbour master said.

Fog over the bay held the boat for 120 minutes, and 45 passengers waited in Quillmere.
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "library"


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "story.md"
    path.write_text(STORY)
    return path


def byline(*args: object, home: Path, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BYLINE), *map(str, args)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        env={**os.environ, "BYLINE_HOME": str(home), **env},
    )


def byline_json(*args: object, home: Path, status: int = 0, cwd: Path | None = None) -> dict[str, Any]:
    done = byline(*args, "--json", home=home, cwd=cwd)
    assert done.returncode == status, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


ARTICLE_KEYS = {
    *("id", "title", "outlet", "authors", "url", "published"),
    *(
        "published_precision",
        "published_source",
        "path",
        "updated",
        "section",
        "inferred",
        "edited",
        "cluster",
        "replaced_by",
    ),
    "offset",
}


def test_ingest_ask_search_status_remove(home: Path, story: Path) -> None:
    report = byline_json("ingest", story, "--embedder", "hashing:128", home=home)
    assert report.pop("elapsed_s") >= 0
    expected = {"added": 1, "updated": 0, "unchanged": 0, "failed": [], "articles": 1, "passages": 1}
    assert {key: report[key] for key in expected} == expected
    assert byline_json("ingest", story, home=home)["unchanged"] == 1

    found = byline_json("search", "Why was the ferry late?", "-k", 3, home=home)
    assert {"question", "elapsed_s", "hits"} <= found.keys()
    hit = found["hits"][0]
    assert hit.keys() == {"rank", "score", "scores", "article", "passage", "page", "time"}
    assert hit["rank"] == 1
    assert {"cosine", "bm25"} <= hit["scores"].keys()
    assert hit["article"].keys() == ARTICLE_KEYS
    assert (hit["article"]["published"], hit["article"]["published_precision"]) == ("2021-03-04", "day")
    assert hit["article"]["outlet"] == "The Quillmere Gazette"
    assert hit["passage"].keys() == {"id", "start", "end", "text"}
    text = story.read_text()
    assert text[hit["passage"]["start"] : hit["passage"]["end"]] == hit["passage"]["text"]

    answer = byline_json("ask", "How late was the ferry to Saltby?", home=home)
    assert answer.keys() == {
        *("question", "status", "maybe", "text", "claims", "hits", "disagreements", "timeline", "notes", "problems"),
        *("model", "prompt_version", "elapsed_s", "understood", "confidence", "usage"),
    }
    assert answer["status"] == "answered"
    assert answer["model"] == "extractive"
    for claim in answer["claims"]:
        assert claim.keys() == {"text", "verdict", "finding", "citations", "earlier", "witness"}
        assert claim["verdict"] == "supported"
        for citation in claim["citations"]:
            assert citation.keys() == {
                *(
                    "marker",
                    "article",
                    "start",
                    "end",
                    "quote",
                    "support",
                    "speaker",
                    "dates",
                    "answer",
                    "page",
                    "time",
                ),
            }
            assert text[citation["start"] : citation["end"]] == citation["quote"]
            assert f"[{citation['marker']}]" in answer["text"]
            assert citation["quote"] in claim["text"]
    assert "The Quillmere Gazette, 4 March 2021" in answer["text"]

    assert byline_json("ask", "How late was it as of May 2020?", home=home)["understood"]["as_of"] == "2020-05-31"
    assert byline_json("ask", "How late was it as of May 2020?", "--literal", home=home)["understood"] == {}
    line = byline_json("timeline", "the ferry to Saltby", home=home)
    assert line.keys() == {"question", "events", "notes", "elapsed_s"}
    assert line["events"]
    for event in line["events"]:
        assert event.keys() == {"date", "precision", "source", "planned", "citations"}
        for citation in event["citations"]:
            assert text[citation["start"] : citation["end"]] == citation["quote"]

    status = byline_json("status", home=home)
    assert (status["articles"], status["outlets"]) == (1, {"The Quillmere Gazette": 1})
    assert byline_json("status", "story.md", home=home)["title"] == "Ferry to Saltby is late"

    removed = byline_json("remove", hit["article"]["id"], home=home)
    assert (removed["removed"][0]["id"], removed["articles"], removed["passages"]) == (hit["article"]["id"], 0, 0)


def test_plain_output_is_for_people(home: Path, story: Path) -> None:
    done = byline("ingest", story, "--embedder", "hashing:128", home=home)
    assert [line.split()[:2] for line in done.stdout.splitlines()[:4]] == [
        ["added", "1"],
        ["updated", "0"],
        ["unchanged", "0"],
        ["failed", "0"],
    ]
    assert "The library holds 1 article in 1 passage" in done.stdout
    assert done.stderr == ""
    done = byline("ask", "How late was the ferry to Saltby?", home=home)
    assert "two hours late on Tuesday, the harbour master said.” [1]" in done.stdout
    assert "[1] The Quillmere Gazette, 4 March 2021, citing the harbour master — Ferry to Saltby is late" in done.stdout
    assert "1. The Quillmere Gazette" in byline("search", "ferry", home=home).stdout
    assert "articles: 1" in byline("status", home=home).stdout
    assert "removed" in byline("remove", "story.md", home=home).stdout


def test_one_bad_file_does_not_stop_the_others(home: Path, story: Path, tmp_path: Path) -> None:
    (tmp_path / "picture.txt").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\0" * 50)
    (tmp_path / "empty.txt").write_bytes(b"")
    done = byline("ingest", tmp_path, "--json", "--embedder", "hashing:64", home=home)
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["added"] == 1
    assert sorted(Path(f["path"]).name for f in report["failed"]) == ["empty.txt", "picture.txt"]
    assert all(f.keys() == {"path", "error"} and f["error"] for f in report["failed"])
    assert len(done.stderr.splitlines()) == 2


def test_no_answer_is_a_success(home: Path, story: Path) -> None:
    answer = byline_json("ask", "Who asked for the meeting?", home=home)
    assert (answer["status"], answer["claims"], answer["text"]) == ("abstained", [], "")
    assert answer["notes"] == ["The library holds no articles yet: add some with `byline ingest PATH`."]
    byline_json("ingest", story, "--embedder", "hashing:128", home=home)
    line = byline("timeline", "What does wheat cost in Patagonia?", home=home)
    assert (line.returncode, line.stdout) == (0, "Nothing in the library that has a date has to do with this.\n")
    answer = byline_json("ask", "What does wheat cost in Patagonia?", home=home)
    assert (answer["status"], answer["claims"]) == ("abstained", [])
    assert answer["notes"]
    assert len(answer["hits"]) == 1


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ([], "required: COMMAND"),
        (["frobnicate"], "invalid choice"),
        (["ask"], "required: QUESTION"),
        (["ask", "  "], "the question is empty"),
        (["ask", "who?", "-k", "0"], "k is 0; it must be 1 or more"),
        (["ask", "who?", "-k", "many"], "invalid int value: 'many'"),
        (["ask", "who?", "--as-of", "yesterday"], "as_of is 'yesterday', which is no date: write YYYY-MM-DD"),
        (["ask", "who?", "--from", "2024-02-31"], "published_from is '2024-02-31'"),
        (["ask", "who?", "--model", "oracle"], "there is no model 'oracle'"),
        (["ingest", "x.txt", "--embedder", "word2vec"], "there is no embedder 'word2vec'"),
        (["ingest", "x.txt", "--library", "/proc/nowhere"], "no library can be made at /proc/nowhere"),
    ],
)
def test_wrong_use_is_one_sentence_and_two(args: list[str], says: str, home: Path) -> None:
    done = byline(*args, home=home)
    assert done.returncode == 2
    assert done.stdout == ""
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["status", "remove", "diff"])
def test_an_article_that_is_not_there_is_wrong_use(command: str, home: Path, story: Path) -> None:
    byline("ingest", story, "--embedder", "hashing:64", home=home)
    done = byline(command, "nowhere.txt", home=home)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no article 'nowhere.txt'" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "args",
    [["search", "who?"], ["timeline", "ferry"], ["check", "It sank."], ["status"], ["remove", "x"]],
    ids=lambda args: args[0],
)
def test_a_command_that_reads_makes_no_library(args: list[str], home: Path, tmp_path: Path) -> None:
    done = byline(*args, "--json", home=home)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"byline: there is no library at {home} yet: `byline ingest PATH` makes one")
    mistyped = tmp_path / "my libary"
    mistyped.mkdir()
    done = byline(*args, "--library", mistyped, home=home)
    assert done.returncode == 2
    assert f"no library at {mistyped} yet: `byline ingest PATH --library '{mistyped}'` makes one" in done.stderr
    assert not home.exists()
    assert not list(mistyped.iterdir())


def test_asking_where_there_is_no_library_abstains_warns_and_makes_none(home: Path) -> None:
    done = byline("ask", "Who asked for the meeting?", "--json", home=home)
    assert (done.returncode, json.loads(done.stdout)["status"]) == (0, "abstained")
    assert done.stderr.startswith(f"byline: there is no library at {home} yet: `byline ingest PATH` makes one")
    assert byline("models", home=home).returncode == 0
    assert not home.exists()


def test_an_unknown_outlet_is_named_with_those_that_there_are(home: Path, tmp_path: Path) -> None:
    for n, outlet in enumerate(["Aye", "Bee", "Cee", "Dee", "Eff", "Gee", "Haitch", "Jay", "Reuters"]):
        (tmp_path / f"{n}.md").write_text(STORY.replace("The Quillmere Gazette", outlet).replace("Fog", f"Fog {n}"))
    byline("ingest", tmp_path, "--embedder", "hashing:64", home=home)
    says = (
        "No article has the outlet “Reuterz”; there are “Reuters”, “Aye”, “Bee”, “Cee”, “Dee”, “Eff”, “Gee”, “Haitch” "
        "and 1 more."
    )
    answer = byline_json("ask", "Why was the ferry late?", "--outlet", "Reuterz", home=home)
    assert says in answer["notes"][0]
    assert not [note for note in answer["notes"] if "widen" in note]
    for command in (["search", "ferry"], ["check", "It sank."]):
        assert byline(*command, "--outlet", "Reuterz", home=home).stderr == f"byline: {says}\n"
    assert says in byline("timeline", "ferry", "--outlet", "Reuterz", home=home).stdout
    answer = byline_json("ask", "Why was the ferry late?", "--outlet", "reuters", "--to", "2020", home=home)
    assert answer["notes"][0].startswith("No article passes the filters: widen the dates or outlets.")


def test_status_lists_an_article_without_a_headline_by_its_first_words(home: Path, tmp_path: Path) -> None:
    (tmp_path / "untitled.txt").write_text("The ferry to Saltby left two hours late on Tuesday. Nobody was hurt.\n" * 3)
    byline("ingest", tmp_path / "untitled.txt", "--embedder", "hashing:64", home=home, cwd=tmp_path)
    words = "The ferry to Saltby left two hours late on Tuesday"
    (listed,) = byline_json("status", home=home)["listed"]
    assert (listed["title"], listed["inferred"]) == (words, ["title"])
    assert f"  {words}\n" in byline("status", home=home, cwd=tmp_path).stdout


def test_a_search_says_what_its_dates_leave_out(home: Path, tmp_path: Path) -> None:
    (tmp_path / "year.md").write_text("---\npublished: 2021\n---\nThe ferry to Saltby was sold.\n")
    byline("ingest", tmp_path / "year.md", "--embedder", "hashing:64", home=home, cwd=tmp_path)
    found = byline_json("search", "ferry", "--from", "2021-05-01", home=home)
    assert (len(found["hits"]), [note.partition(":")[0] for note in found["notes"]]) == (1, ["Uncertain"])
    found = byline_json("search", "ferry", "--to", "2020-05-01", home=home)
    assert (found["hits"], found["notes"]) == ([], ["No article passes the filters: widen the dates or outlets."])


def test_removing_an_article_says_what_brings_it_back(home: Path, story: Path) -> None:
    byline("ingest", story, "--embedder", "hashing:64", home=home)
    done = byline("remove", "story.md", home=home)
    assert done.returncode == 0
    assert (
        done.stderr == f"byline: {story} is still there: the next ingest of it or its folder brings the article back.\n"
    )
    byline("ingest", story, home=home)
    story.unlink()
    assert byline("remove", "story.md", home=home).stderr == ""


def test_the_help_of_check_tells_its_exit_status(home: Path) -> None:
    assert (
        "exit status is 0 when the draft was checked, whatever the verdicts"
        in byline("check", "--help", home=home).stdout
    )


def test_a_path_that_is_not_there_fails_by_itself(home: Path, story: Path) -> None:
    report = byline_json("ingest", story, "nowhere.txt", "--embedder", "hashing:64", home=home, status=1)
    assert report["added"] == 1
    assert "nowhere.txt" in report["failed"][0]["path"]


COMMANDS = "ingest search ask timeline check verify status diff models doctor remove ui eval".split()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str, home: Path) -> None:
    done = byline(command, "--help", home=home)
    assert done.returncode == 0
    assert f"byline {command}" in done.stdout.partition("example")[2]


def test_paths_are_relative_to_where_one_is(home: Path, story: Path, tmp_path: Path) -> None:
    byline_json("ingest", "story.md", "--embedder", "hashing:64", home=home, cwd=tmp_path)
    assert byline_json("search", "ferry", home=home, cwd=tmp_path)["hits"][0]["article"]["path"] == "story.md"
    elsewhere = byline_json("search", "ferry", home=home, cwd=Path("/"))["hits"][0]["article"]["path"]
    assert (Path("/") / elsewhere).read_text() == STORY


def test_a_reader_that_leaves_early_is_no_error(home: Path, story: Path) -> None:
    byline_json("ingest", story, "--embedder", "hashing:64", home=home)
    command = f"'{BYLINE}' search ferry | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], env={**os.environ, "BYLINE_HOME": str(home)}, capture_output=True)
    assert done.returncode == 0
    assert done.stderr == b""


def test_articles_from_the_command_line_survive_a_plain_terminal(home: Path, story: Path) -> None:
    byline("ingest", story, "--embedder", "hashing:128", home=home)
    done = byline("ask", "How late was the ferry to Saltby?", home=home, PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "two hours late" in done.stdout


def test_a_follow_up_is_completed_and_said_to_be(home: Path, story: Path) -> None:
    byline_json("ingest", story, "--embedder", "hashing:128", home=home)
    after = ["--after", "Where does the ferry go?", "--after", "Who is the harbour master of Saltby?"]
    answer = byline_json("ask", "And what did he say?", *after, home=home)
    assert answer["question"] == "And what did he say?"
    assert answer["understood"]["question"] == "And what did he say? (Saltby, harbour, master)"
    done = byline("ask", "And what did he say?", *after, home=home)
    assert "Understood as: And what did he say? (Saltby, harbour, master)\n“And” and “he” point back" in done.stdout
    assert byline_json("ask", "Where does the ferry to Saltby go?", *after, home=home)["understood"] == {}


def test_diff_and_the_status_of_versions(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_text("The ferry was late on Monday. The harbour master was asleep. Nobody was hurt.\n")
    byline("ingest", path, "--embedder", "hashing:64", home=home)
    alone = byline("diff", "story.txt", home=home)
    assert alone.stdout.startswith("There is one version of ")
    assert byline_json("diff", "story.txt", home=home)["diffs"] == []
    path.write_text("The ferry was early on Monday. Nobody was hurt. The \x1b[31mbell\x1b[0m rang twice.\n")
    report = byline_json("ingest", path, home=home)
    assert (report["updated"], report["copies"]) == (1, [])
    document = byline_json("diff", "story.txt", home=home)
    (found,) = document["diffs"]
    assert document["article"].keys() == ARTICLE_KEYS
    assert [change["kind"] for change in found["changes"]] == ["removed", "changed", "added"]
    assert found["changes"][1] == {
        "kind": "changed",
        "before": {"start": 0, "end": 29, "text": "The ferry was late on Monday."},
        "after": {"start": 0, "end": 30, "text": "The ferry was early on Monday."},
    }
    assert found["older"]["replaced_at"] is not None
    assert found["newer"]["replaced_at"] is None
    shown = byline("diff", "story.txt", home=home).stdout
    assert "- The ferry was late on Monday.  [0-29]" in shown
    assert "+ The ferry was early on Monday.  [0-30]" in shown
    assert "\x1b" not in shown, "no colour without a terminal, and none from an article"
    assert "version 1: " in byline("status", "story.txt", home=home).stdout
    unknown = byline("diff", "nothing.txt", home=home)
    assert unknown.returncode == 2
    assert "`byline status` lists what is there" in unknown.stderr


def test_status_shows_copies(home: Path, tmp_path: Path) -> None:
    words = " ".join(f"The {thing} of Saltby is older than the {thing} of Portmere." for thing in NINE)
    (tmp_path / "one.txt").write_text(f"{words}\n")
    (tmp_path / "two.txt").write_text(f"{words}\n\nThe clerk said so.\n")
    done = byline("ingest", tmp_path, "--embedder", "hashing:64", home=home)
    assert "1 of them carries a story that is there already: see byline status" in done.stdout
    document = byline_json("status", home=home)
    assert (document["articles"], document["sources"]) == (2, 1)
    lead = document["listed"][0]["cluster"]
    assert {entry["cluster"] for entry in document["listed"]} == {lead}
    assert f"(same story as {lead})" in byline("status", home=home).stdout
    assert byline_json("status", "one.txt", home=home)["copies"] == [
        entry["id"] for entry in document["listed"] if entry["path"].endswith("two.txt")
    ]


NINE = "ferry lighthouse bell pier school mayor bakery chapel anchor".split()


def test_words_of_an_article_never_steer_the_terminal(home: Path, tmp_path: Path) -> None:
    story = tmp_path / "story.txt"
    late = "The ferry to Saltby left \x1b[31mtwo hours late\u202e on Tuesday.\n"
    story.write_text("Ferry \x1b]0;owned\x07to Saltby is late\n\n" + late + "The harbour master keeps bees. " * 30)
    byline("ingest", story, "--embedder", "hashing:128", home=home)
    for command in (["ask", "How late was the ferry to Saltby?"], ["search", "ferry"], ["status"]):
        out = byline(*command, home=home).stdout
        assert "late" in out
        assert not set(out) & set("\x1b\x07\u202e"), command


def test_ingest_ends_with_a_table_and_tells_what_is_uncertain(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    rows = [{"title": f"Pier {n}", "text": f"The pier closed {n} times in May, she said."} for n in range(3)]
    (folder / "news.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "stats.csv").write_text("town,goals\nSaltby,3\n")
    (folder / "notes.sxw").write_bytes(b"x")
    (folder / "part.json").write_text(
        json.dumps({"title": "Ferry", "description": "The ferry sailed at noon on Monday."})
    )
    (folder / "bad.txt").write_bytes(
        "The café’s owner said on 6 May 2024 that it is caf\udcff.".encode("utf-8", "surrogateescape")
    )
    done = byline("ingest", folder, "--embedder", "hashing:64", home=home)
    assert done.returncode == 1
    table = [line.split() for line in done.stdout.splitlines()]
    assert table[:3] == [["added", "5"], ["updated", "0"], ["unchanged", "0"]]
    assert table[3][:3] == ["passed", "over", "1"]
    assert table[4][:2] == ["failed", "1"]
    assert table[5][:2] == ["warnings", "3"]
    assert "inferred date (1)" in done.stdout
    assert "stats.csv has no text; its fields are town, goals." in done.stderr
    assert "part.json: Only a summary of this article is there (its field description)" in done.stderr
    assert "bad.txt: One character could not be read as UTF-8" in done.stderr

    (folder / "part.json").write_text(json.dumps({"title": "Ferry", "abstract": "The ferry sailed at one on Monday."}))
    report = byline_json("ingest", folder, home=home, status=1)
    (warning,) = report["warnings"]
    assert warning["path"].endswith("part.json")
    assert warning["warning"].startswith("Only a summary")
    assert byline_json("status", "part.json", home=home)["reasons"]["excerpt"] == warning["warning"]
    mapped = byline_json("ingest", folder / "stats.csv", "--fields", "text=town", home=home)
    assert mapped["added"] == 1
    wrong = byline("ingest", folder, "--fields", "words=town", home=home)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "--fields: there is no field 'words'; there are text, summary, title" in wrong.stderr


def test_status_lists_what_lacks_a_title_an_outlet_or_a_date(home: Path, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"text": "The pier closed, she said.", "outlet": "Quay Gazette"}))
    (tmp_path / "b.json").write_text(
        json.dumps({"text": "The ferry sailed, he said.", "title": "F", "date": "2024-05-08"})
    )
    byline("ingest", tmp_path / "a.json", tmp_path / "b.json", "--embedder", "hashing:64", home=home)
    status = byline_json("status", home=home)
    ids = {Path(entry["path"]).name: entry["id"] for entry in status["listed"]}
    assert status["lacking"] == {"title": [ids["a.json"]], "outlet": [ids["b.json"]], "published": [ids["a.json"]]}
    shown = byline("status", home=home).stdout
    assert "without a date: 1 article" in shown
    assert "manifest.csv beside the files: file,title,outlet,published" in shown


def test_a_name_that_is_not_utf8_stops_nothing(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "names"
    folder.mkdir()
    (folder / "a.txt").write_text("The mill at Ardle burned down on Monday, police said.")
    (folder / os.fsdecode(b"br\xfccke.txt")).write_text("A bridge at Corrie reopened on Friday, the council said.")
    (folder / os.fsdecode(b"b\xfc")).mkdir()
    (folder / os.fsdecode(b"b\xfc") / "c.csv").write_text("title,text\nA,The mill burned down.\n")
    report = byline_json("ingest", folder, "--embedder", "hashing:64", home=home, status=1)
    assert (report["added"], len(report["failed"])) == (1, 2)
    assert all("that is not UTF-8; rename it." in failure["error"] for failure in report["failed"])
