"""Saved answers and their verification, with invented stories."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from rag import BylineError, Library
from rag.answers.records import make_record, verify
from rag.checking.checker import Checker
from rag.cli import main
from rag.record import read_record, render, save
from rag.types import Article

STORY = """# The Saltby ferry

The ferry to Saltby sank in the harbour on Monday, the coast guard of Gullmere said. Twelve sheep were on board.
Nobody was hurt, the mayor told the Gullmere Herald. The harbour stays closed until Friday.
"""
QUESTION = "How many sheep were on board the ferry?"


@pytest.fixture
def gullmere(tmp_path: Path) -> Library:
    (tmp_path / "ferry.md").write_text(STORY, encoding="utf-8")
    library = Library.open(tmp_path / "library")
    library.ingest([tmp_path / "ferry.md"])
    return library


def saved(library: Library, path: Path) -> Path:
    answer = library.ask(QUESTION)
    assert "Twelve sheep were on board." in answer.text
    save(library.record(answer), path)
    return path


@pytest.mark.parametrize("suffix", [".md", ".html", ".json"])
def test_a_record_holds_until_the_article_changes(gullmere: Library, tmp_path: Path, suffix: str) -> None:
    path = saved(gullmere, tmp_path / f"answer{suffix}")
    verified = gullmere.verify(read_record(path))
    assert verified.holds
    assert verified.intact
    assert [c.state for claim in verified.claims for c in claim.citations] == ["unchanged"]

    (tmp_path / "ferry.md").write_text(STORY.replace("Twelve", "Twenty"), encoding="utf-8")
    gullmere.ingest([tmp_path / "ferry.md"])
    verified = gullmere.verify(read_record(path))
    assert not verified.holds
    (claim,) = verified.claims
    assert not claim.carried
    assert claim.citations[0].state == "changed"
    assert claim.citations[0].now
    assert claim.citations[0].now["text"] == "Twenty sheep were on board."


def test_moved_words_hold_and_a_removed_article_does_not(gullmere: Library, tmp_path: Path) -> None:
    path = saved(gullmere, tmp_path / "answer.json")
    (tmp_path / "ferry.md").write_text(STORY.replace("# The", "# Correction: The"), encoding="utf-8")
    gullmere.ingest([tmp_path / "ferry.md"])
    verified = gullmere.verify(read_record(path))
    assert verified.holds
    assert verified.claims[0].citations[0].state == "moved"
    gullmere.remove(["ferry.md"])
    verified = gullmere.verify(read_record(path))
    assert not verified.holds
    assert verified.claims[0].citations[0].state == "gone"


def test_an_article_that_came_back_is_found_by_its_path(gullmere: Library, tmp_path: Path) -> None:
    path = saved(gullmere, tmp_path / "answer.json")
    gullmere.remove(["ferry.md"])
    (tmp_path / "ferry.md").write_text(STORY.replace("Friday", "Sunday"), encoding="utf-8")
    gullmere.ingest([tmp_path / "ferry.md"])
    assert gullmere.verify(read_record(path)).holds


def test_a_record_that_was_altered_says_so(gullmere: Library, tmp_path: Path) -> None:
    path = saved(gullmere, tmp_path / "answer.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    record["answer"]["claims"][0]["text"] = "Nobody knows how many sheep there were."
    path.write_text(json.dumps(record), encoding="utf-8")
    verified = gullmere.verify(read_record(path))
    assert (verified.intact, verified.holds) == (False, False)


def test_the_record_names_what_made_it(gullmere: Library) -> None:
    answer = gullmere.ask(QUESTION)
    record = gullmere.record(answer)
    (article,) = record["articles"].values()
    assert re.fullmatch("[0-9a-f]{64}", article["sha256"])
    assert record["embedder"] == gullmere.embedder.name
    assert record["answer"]["model"] == "extractive"
    assert "text" not in record["answer"]["hits"][0], "whole passages of others are not passed round"


HOSTILE = "--> </script><script>alert(1)</script> <img src=x> [a](http://b) *b* `c` -- ]]> \u2028 ‮"


def test_hostile_text_comes_back_to_the_letter_and_is_never_markup(gullmere: Library, tmp_path: Path) -> None:
    from dataclasses import replace

    answer = gullmere.ask(QUESTION)
    claim = answer.claims[0]
    article = replace(claim.citations[0].article, title=HOSTILE, outlet=HOSTILE, url=HOSTILE)
    citation = replace(claim.citations[0], quote=HOSTILE, article=article)
    answer = replace(
        answer,
        question=HOSTILE,
        claims=(replace(claim, text=HOSTILE, citations=(citation,)),),
        notes=(HOSTILE,),
        problems=(HOSTILE,),
    )
    record = make_record(answer, embedder="x", indexed_as="1:x")
    tags: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            tags.append(tag)

    page = render(record, "html")
    Tags().feed(page)
    assert tags.count("script") == 1
    assert "img" not in tags
    markdown = render(record, "md")
    visible, _, data = markdown.partition("<!-- byline-record")
    assert data.count("-->") == 1
    tags.clear()
    Tags().feed(MarkdownIt("commonmark").render(visible))
    assert set(tags) <= {"h1", "h2", "p", "em", "blockquote"}
    for form, text in (("html", page), ("md", markdown), ("json", render(record, "json"))):
        path = tmp_path / f"hostile.{form}"
        path.write_text(text, encoding="utf-8")
        assert read_record(path) == json.loads(json.dumps(record))


def test_bad_targets_are_refused_before_the_work(gullmere: Library, tmp_path: Path) -> None:
    record = gullmere.record(gullmere.ask(QUESTION))
    (tmp_path / "there.md").write_text("mine", encoding="utf-8")
    (tmp_path / "link.md").symlink_to(tmp_path / "nowhere")
    for name, words in (
        *(("a.docx", "end the name in"), ("no/a.md", "is not there"), ("there.md", "never written over")),
        *(
            ("link.md", "never written over"),
            (f"{'a' * 300}.md", "File name too long"),
            ("a\0.md", "cannot be written"),
        ),
    ):
        with pytest.raises(BylineError, match=words):
            save(record, tmp_path / name)
    assert (tmp_path / "there.md").read_text(encoding="utf-8") == "mine"


def altered(*, claim: dict[str, object] | None = None, **citation: object) -> bytes:
    """A record whose one claim or its one citation has these values."""
    cited = {"marker": 1, "start": 0, "end": 1, "quote": "a", "article": {"id": "a", "path": "a.md"}, **citation}
    answer = {"question": "q", "claims": [{"text": "t", "citations": [cited], **(claim or {})}]}
    return json.dumps({"byline_record": 1, "answer": answer}).encode()


def test_a_record_of_an_article_that_is_gone_is_read(tmp_path: Path) -> None:
    (path := tmp_path / "x.json").write_bytes(b"\xef\xbb\xbf" + altered())
    (claim,) = verify(read_record(path), lambda _: None, lambda *_: pytest.fail("nothing to check")).claims
    assert (claim.holds, claim.citations[0].state) == (False, "gone")


def test_the_last_record_of_a_text_is_read(tmp_path: Path) -> None:
    for opening, end in (
        ("<!-- byline-record ", " -->"),
        ('<script type="application/json" id="byline-record">', "</script>"),
    ):
        text = f"{opening}{{}}{end}\n{opening}{altered(marker=7).decode()}{end}\n"
        (path := tmp_path / "x.md").write_text(text, encoding="utf-8")
        assert read_record(path)["answer"]["claims"][0]["citations"][0]["marker"] == 7


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{}", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"byline_record": 1}', b'{"byline_record": "x"}'),
        *(b"<!-- byline-record {} -->", b'{"byline_record": 1, "answer": {"claims": [{"citations": [{}]}]}}'),
        *(b'{"byline_record": 1e999}', b"<!-- byline-record {" * 200_000, b"<!-- byline-record {} ", b"{" * 100_000),
        *(altered(start=float("inf")), altered(marker=None), altered(quote=None), altered(quote="\ud800")),
        *(altered(article={"id": "a"}), altered(article=[]), altered(claim={"text": None}), altered(claim={"text": 1})),
    ],
)
def test_what_is_no_record_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(BylineError, match="holds no record"):
        read_record(path)
    path.write_text('{"byline_record": 99}', encoding="utf-8")
    with pytest.raises(BylineError, match="newer Byline"):
        read_record(path)
    with pytest.raises(BylineError, match="cannot be read"):
        read_record(tmp_path / "nowhere.json")


def test_a_claim_without_citations_does_not_hold() -> None:
    record = {"answer": {"question": "q", "claims": [{"text": "t", "citations": []}]}, "saved_at": ""}
    assert not verify(record, lambda _: None, lambda *_: pytest.fail("nothing to check")).claims[0].holds


def test_a_title_alone_carries_no_claim_of_a_record() -> None:
    quote, now = "The boat lay in fog off Osk on Monday night.", "The boat lay in fog off Osk on Tuesday night."
    title = "Marigold runs aground"
    article = Article(id="a", text=now, title=title, outlet=None, path="a.md", content_hash="a")
    citation = {"marker": 1, "start": 0, "end": len(quote), "quote": quote, "article": article.to_dict()}
    claim = {"text": f"{title}.", "verdict": "supported", "citations": [citation]}
    record = {"answer": {"question": "?", "claims": [claim]}}
    (found,) = verify(record, lambda _: article, Checker("built-in").check_all).claims
    assert (found.citations[0].state, found.holds, found.carried) == ("changed", False, False)


def test_the_command_line(gullmere: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--library", str(gullmere.path)]
    record = str(tmp_path / "answer.md")
    assert main(["ask", QUESTION, "--save", record, *where]) == 0
    assert "saved: " in capsys.readouterr().err
    assert "## Sources" in Path(record).read_text(encoding="utf-8")
    assert main(["verify", record, *where]) == 0
    assert capsys.readouterr().out.count("HOLDS") == 1
    assert main(["ask", QUESTION, "--save", record, *where]) == 2
    (tmp_path / "ferry.md").write_text(STORY.replace("Twelve", "Twenty"), encoding="utf-8")
    gullmere.ingest([tmp_path / "ferry.md"])
    capsys.readouterr()
    assert main(["verify", record, *where, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["holds"] is False
    assert document["claims"][0]["citations"][0]["now"]["text"] == "Twenty sheep were on board."
    assert main(["verify", record, *where]) == 1
    assert "now: “Twenty sheep were on board.”" in capsys.readouterr().out
