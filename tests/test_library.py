"""The library as its users meet it: ingest again and again, ask, find, remove."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import subprocess
import sys
import weakref
from dataclasses import replace
from pathlib import Path

import pytest

import rag
from rag import BylineError, Library, doctor
from rag.ingest import pipeline
from rag.ingest.warnings import Warnings
from tests.conftest import SEEDS
from tests.reading import STORY, one, put

ROOT = Path(__file__).parent.parent


def counts(report: rag.IngestReport) -> tuple[int, int, int]:
    return report.added, report.updated, report.unchanged


def encoded(library: Library, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by the number of texts whenever something is embedded."""
    calls: list[int] = []
    original = library.embedder.encode_passages
    monkeypatch.setattr(
        library.embedder, "encode_passages", lambda texts: (calls.append(len(texts)), original(texts))[1]
    )
    return calls


def test_unchanged_files_cost_no_embedding(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        (tmp_path / f"{n}.txt").write_text(f"Ferry number {n} is late.\n")
    assert counts(library.ingest([tmp_path / "*.txt"])) == (3, 0, 0)
    calls = encoded(library, monkeypatch)
    generation = library.store.generation
    assert counts(library.ingest([tmp_path / "*.txt"])) == (0, 0, 3)
    assert (calls, library.store.generation) == ([], generation)
    (tmp_path / "1.txt").write_text("Ferry number 1 is early.\n")
    assert counts(library.ingest([tmp_path / "*.txt"])) == (0, 1, 2)
    assert calls == [1]
    assert "early" in library.retrieve("ferry number 1", k=1)[0].passage.text
    assert len(library.articles()) == 3


def test_a_changed_article_keeps_its_id_and_known_passages(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("The ferry is late.\n")
    library.ingest([path])
    first = library.articles()[0]
    path.write_text("The ferry is very late.\n")
    library.ingest([path])
    second = library.articles()[0]
    assert first.id == second.id
    assert first.content_hash != second.content_hash


def test_the_same_article_under_two_names_is_kept_once(library: Library, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text("The ferry is late.\n")
    report = library.ingest([tmp_path / "a.txt", tmp_path / "b.txt"])
    assert (counts(report), report.articles) == ((1, 0, 1), 1)
    assert report.duplicates == ({"path": str(tmp_path / "b.txt"), "same_as": library.articles()[0].id},)
    (tmp_path / "a.txt").write_text("The ferry has arrived.\n")
    assert counts(library.ingest([tmp_path])) == (1, 1, 0), "once they differ, they are two"
    assert len(library.articles()) == 2


def test_a_moved_file_keeps_its_article(library: Library, tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("The ferry is late.\n")
    library.ingest([tmp_path / "old.txt"])
    before = library.articles()[0]
    (tmp_path / "old.txt").rename(tmp_path / "new.txt")
    assert counts(library.ingest([tmp_path / "new.txt"])) == (0, 0, 1)
    after = library.articles()
    assert [(a.id, Path(a.path).name) for a in after] == [(before.id, "new.txt")]


@pytest.mark.parametrize("name", ["Story #1.txt", "#.txt", "a#b#.txt"])
def test_a_copy_of_a_file_whose_name_has_a_number_sign_is_no_move(library: Library, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("The ferry is late.\n")
    (tmp_path / "copy.txt").write_text("The ferry is late.\n")
    for _ in range(2):
        library.ingest([tmp_path / name])
        assert len(library.ingest([tmp_path / "copy.txt"]).duplicates) == 1
        assert [Path(article.path).name for article in library.articles()] == [name]


def test_a_copy_of_a_record_whose_key_is_an_address_with_a_fragment_is_no_move(
    library: Library, tmp_path: Path
) -> None:
    record = '{"id": "https://quay.example/a#top", "text": "The ferry is late."}\n'
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text(record)
    library.ingest([tmp_path / "a.jsonl"])
    assert len(library.ingest([tmp_path / "b.jsonl"]).duplicates) == 1
    assert [article.path for article in library.articles()] == [f"{tmp_path / 'a.jsonl'}#https://quay.example/a#top"]


def test_a_copy_of_a_file_that_cannot_be_looked_at(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text("The ferry is late.\n")
    library.ingest([tmp_path / "a.txt"])
    stat = os.stat

    def closed(path: object, *args: object, **more: object) -> object:
        if str(path) == str(tmp_path / "a.txt"):
            raise PermissionError(13, "Permission denied")
        return stat(path, *args, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "stat", closed)
    assert library.ingest([tmp_path / "b.txt"]).articles == 1


@pytest.mark.parametrize("keys", ["", "ab"])
def test_records_that_get_other_keys_are_not_lost(library: Library, tmp_path: Path, keys: str) -> None:
    path = tmp_path / "wire.jsonl"
    lines = ["The ferry is late.", "The tram is late.", "The bus is late."]

    def put(texts: list[str], first: int = 0) -> rag.IngestReport:
        ids = [{"id": f"{keys}{n}"} if keys else {} for n in range(first, first + len(texts))]
        path.write_text("".join(json.dumps({**i, "text": text}) + "\n" for i, text in zip(ids, texts, strict=True)))
        return library.ingest([path])

    assert put(lines).added == 3
    for texts, first in ((lines[1:], 0), (lines[1:], 7), (lines, 0), (lines[::-1], 0)):
        put(texts, first)
        assert sorted(article.text for article in library.articles()) == sorted(texts)


def test_a_file_changed_into_a_copy_of_another(library: Library, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("The ferry is late.\n")
    (tmp_path / "b.txt").write_text("The tram is late.\n")
    library.ingest([tmp_path])
    (tmp_path / "b.txt").write_text("The ferry is late.\n")
    report = library.ingest([tmp_path])
    assert (report.articles, len(report.duplicates)) == (1, 1)
    (tmp_path / "a.txt").write_text("The tram is late.\n")
    library.ingest([tmp_path])
    assert sorted(a.text for a in library.articles()) == ["The ferry is late.\n", "The tram is late.\n"]


def test_records_come_and_go_with_their_file(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"
    path.write_text('{"id": "a", "text": "The ferry is late."}\n{"id": "b", "text": "The tram is late."}\n')
    assert library.ingest([path]).added == 2
    path.write_text('{"id": "b", "text": "The tram is late."}\n{"id": "c", "text": "The bus is late."}\n')
    report = library.ingest([path])
    assert (counts(report), report.removed, report.articles) == ((1, 0, 1), 1, 2)
    path.write_text('{"id": "b", "text": "The tram is late."}\n{"id": "c", "te\n')
    report = library.ingest([path])
    assert len(report.failed) == 1
    assert report.articles == 2, "what could not be read is kept as it was"


def test_a_file_that_turns_unreadable_keeps_its_article(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("The ferry is late.\n")
    library.ingest([path])
    path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    report = library.ingest([path])
    assert (len(report.failed), report.articles) == (1, 1)


def test_only_boilerplate_is_no_article(library: Library, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Read more: Ferry to Saltby is late\n\n©2021 Quillmere Gazette\n")
    report = library.ingest([tmp_path / "a.txt"])
    assert (report.articles, len(report.failed)) == (0, 1)


def test_progress_is_told(library: Library, tmp_path: Path) -> None:
    for n in range(5):
        (tmp_path / f"{n}.txt").write_text(f"Ferry number {n} is late.\n")
    heard: list[tuple[int, int, str]] = []
    library.ingest([tmp_path], progress=lambda done, total, what: heard.append((done, total, what)))
    assert (0, 5, "0.txt") in heard
    assert (5, 5, "embedding 0 of 5 passages") in heard


def test_find_by_id_path_and_end_of_path(library: Library, tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same_name.txt").write_text(f"The ferry in folder {folder} is late.\n")
    library.ingest([tmp_path])
    article = library.find(str(tmp_path / "x" / "same_name.txt"))
    assert library.find(article.id) == library.find(article.id[:6]) == library.find("x/same_name.txt") == article
    with pytest.raises(BylineError, match="can mean 2 articles: name one by its id"):
        library.find("same_name.txt")
    for name in ("ame_name.txt", "x/same%name.txt", "nothing", ""):
        with pytest.raises(BylineError, match=r"no article .* `byline status` lists"):
            library.find(name)
    with pytest.raises(BylineError):
        library.remove([article.id, "nothing"])
    assert len(library.articles()) == 2, "nothing is removed when one name is wrong"


def test_every_citation_holds_in_the_file(sample: Library) -> None:
    questions = [*(SEEDS / "questions.list").read_text().splitlines(), "What did the UK foreign secretary say?"]
    n = 0
    for question in questions:
        answer = sample.ask(question)
        assert set(re.findall(r"\[(\d+)\]", answer.text)) == {
            str(c.marker) for claim in answer.claims for c in claim.citations
        }
        for claim in answer.claims:
            for citation in claim.citations:
                text = Path(citation.article.path).read_text(encoding="utf-8")
                assert text[citation.start : citation.end] == citation.quote
                assert citation.quote in claim.text
                n += 1
    assert n >= len(questions)


def test_what_the_articles_do_not_say(sample: Library) -> None:
    for question in ("What does wheat cost in Patagonia?", "Who won the 1998 football world cup?"):
        answer = sample.ask(question)
        assert (answer.status, answer.claims, answer.text) == ("abstained", (), "")
        assert answer.notes
        assert answer.hits


def test_dates_are_dates_or_iso_text(sample: Library) -> None:
    as_text = sample.retrieve("warrants", k=30, as_of="2024-05-06")
    assert as_text == sample.retrieve("warrants", k=30, as_of=dt.date(2024, 5, 6))
    assert {hit.article.published for hit in as_text} == {"2024-04-29", "2024-04-30", "2024-05-06"}


def test_the_default_library_is_byline_home(sample_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BYLINE_HOME", str(sample_folder))
    hits = rag.retrieve("Who asked Biden for help?", k=3)
    assert len(hits) == 3
    assert rag.ask("Who asked Biden for help?").status == "answered"


def test_another_model_re_embeds(own_sample: Library) -> None:
    n = own_sample.store.n_passages()
    with Library.open(own_sample.path, embedder="hashing:32") as other:
        assert other.retrieve("Who asked Biden for help?", k=100)
        assert len(other.store.passage_numbers("hashing:32")) == other.store.n_passages()
        assert len(other.articles()) == 5
    assert abs(n - own_sample.store.n_passages()) <= n // 2


def test_the_examples_of_the_readme_run(sample_folder: Path, tmp_path: Path) -> None:
    """Each Python block of the README runs as it stands, in the project's folder."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        code = block.replace('"my-library"', repr(str(tmp_path / "readme")))
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip()


def test_the_overview_tells_the_library_at_a_glance(library: Library, tmp_path: Path) -> None:
    nothing = {"articles": 0, "outlets": {}, "first": None, "last": None, "undated": 0}
    assert library.overview() == nothing
    stories = {"a": ("The Globe", "2021-03-04"), "b": ("The Globe", "2021"), "c": ("The Courier", "2020-12"), "d": None}
    for name, known in stories.items():
        front = f"---\noutlet: {known[0]}\npublished: {known[1]}\n---\n\n" if known else ""
        (tmp_path / f"{name}.md").write_text(f"{front}The ferry number {name} left Saltby harbour late.\n")
    library.ingest([tmp_path / f"{name}.md" for name in stories])
    assert library.overview() == {
        "articles": 4,
        "outlets": {"The Globe": 2, "The Courier": 1},
        "first": "2020-12",
        "last": "2021",
        "undated": 1,
    }


def test_an_article_that_nothing_can_be_quoted_of_any_more_is_cut_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("The ferry is late.\n")
    (tmp_path / "b.txt").write_text("The tram is late.\n")
    with Library.open(tmp_path / "library", embedder="hashing:64") as library:
        library.ingest([tmp_path / "a.txt", tmp_path / "b.txt"])
    monkeypatch.setattr(pipeline, "PASSAGES_VERSION", pipeline.PASSAGES_VERSION + 1)
    cut: list[str] = []
    original = pipeline.passages.cut

    def without_the_ferry(article_id: str, text: str, **more: object) -> object:
        cut.append(text)
        return ([], []) if "ferry" in text else original(article_id, text, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline.passages, "cut", without_the_ferry)
    with Library.open(tmp_path / "library") as library:
        for _ in range(2):
            assert [hit.article.text for hit in library.retrieve("Is the ferry late?")] == ["The tram is late.\n"]
        assert len(cut) == 2
        assert len(library.articles()) == 2, "nothing is lost"
        assert counts(library.ingest([tmp_path / "a.txt"])) == (0, 0, 1)


def test_status_and_doctor_read_no_text(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(f"The ferry {name} is late.\n")
    library.ingest([tmp_path / "a.txt", tmp_path / "b.txt"])
    known = library.store.catalogue()
    assert [replace(one, text="") for one in library.articles()] == [one for one, _ in known]
    assert [file for _, file in known] == [str(library.file_of(one)) for one in library.articles()]
    (tmp_path / "a.txt").unlink()
    monkeypatch.setattr(Library, "articles", None)
    (files,) = (check for check in doctor.examine(library) if check["name"] == "files")
    assert files["ok"]
    assert str(tmp_path / "a.txt") in files["detail"]
    assert str(tmp_path / "b.txt") not in files["detail"]


def test_warnings_keep_no_article(tmp_path: Path) -> None:
    found = Warnings()
    article = one(put(tmp_path / "story.txt", f"6 May 2024\n\n{STORY}"))
    assert article.published_source == "inferred"
    found.add(article, "a.txt")
    gone = weakref.ref(article)
    del article
    assert gone() is None
    assert [warning.path for warning in found.listed()] == [str(tmp_path / "story.txt")]
