"""Copies and versions in a library: one source, the newest in answers, the history kept."""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from embeddings.hashing import HashingEmbedder
from rag import BylineError, Library
from rag.ingest.changes import diff
from rag.ingest.copies import N_BANDS, sources_note
from rag.places import DATABASE
from rag.storage.migrations import MIGRATIONS
from rag.types import Article, Version
from tests.test_copies import OTHER_REPORT, PARAGRAPHS, STORY, article, put

# --- The library


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "news"


def by_name(library: Library) -> dict[str, Article]:
    return {Path(a.path).name: a for a in library.articles()}


def names(library: Library, question: str = "Who voted for the second ferry?", **filters: str) -> set[str]:
    return {Path(hit.article.path).name for hit in library.retrieve(question, k=20, **filters)}  # type: ignore[arg-type]


def test_copies_are_one_source(library: Library, folder: Path) -> None:
    put(folder, "wire.txt", outlet="Quay Press", published="2024-05-06")
    put(folder, "local.txt", "\n\n".join(PARAGRAPHS[:5]), outlet="Portmere Gazette", published="2024-05-07")
    put(folder, "own.txt", OTHER_REPORT, outlet="Saltby Star", published="2024-05-07")
    report = library.ingest([folder])
    assert (report.added, [(entry["kind"]) for entry in report.copies]) == (3, ["copy"])
    found = by_name(library)
    assert found["wire.txt"].cluster == found["local.txt"].cluster == found["wire.txt"].id
    assert (found["own.txt"].cluster, found["wire.txt"].replaced_by) == (None, None)
    assert library.status()["sources"] == 2
    assert [a.id for a in library.copies(found["local.txt"])] == [found["wire.txt"].id]
    assert library.copies(found["own.txt"]) == []
    assert names(library) == {"wire.txt", "own.txt"}
    assert names(library, outlets="Portmere Gazette") == {"local.txt"}, "the filter leaves the copy as the only one"
    again = library.ingest([folder])
    assert (again.unchanged, again.copies) == (3, ())
    # The others keep each other when the one that stood for them goes.
    library.remove(["wire.txt"])
    assert by_name(library)["local.txt"].cluster is None
    assert library.status()["sources"] == 2
    assert library.store.check() == []


def test_what_only_the_copy_says_is_found(library: Library, folder: Path) -> None:
    put(folder, "wire.txt", published="2024-05-06")
    more = "The mayor of Westland, Ilse Marr, will break a bottle of cider on the bow."
    put(folder, "local.txt", STORY + "\n" + more, published="2024-05-07")
    library.ingest([folder])
    hits = library.retrieve("Who breaks a bottle of cider on the bow?", k=3)
    assert any(more in hit.passage.text for hit in hits)


def test_an_answer_counts_sources(sample_copies: Library) -> None:
    answer = sample_copies.ask("How many passengers does the ferry carry?")
    assert answer.status != "abstained"
    assert len({c.article.id for claim in answer.claims for c in claim.citations}) >= 1
    (note,) = [note for note in answer.notes if "independent source" in note]
    assert re.match(r"[23] articles, [12] independent sources?: Quay Press, “wire", note), note
    assert re.search(r"Quay Press, “wire.*” and Portmere Gazette, “local.*” carry the same text\.$", note), note
    only = sample_copies.ask("How many passengers does the ferry carry?", outlets=["Quay Press"])
    assert not [note for note in only.notes if "independent source" in note], "what the filters hide is not counted"


@pytest.fixture(scope="module")
def sample_copies(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Three articles, two sources, with the real model."""
    home = tmp_path_factory.mktemp("copies")
    put(home / "news", "wire.txt", outlet="Quay Press", title="wire", published="2024-05-06")
    put(home / "news", "local.txt", outlet="Portmere Gazette", title="local", published="2024-05-07")
    put(home / "news", "own.txt", OTHER_REPORT, outlet="Saltby Star", title="own", published="2024-05-07")
    library = Library.open(home / "library")
    library.ingest([home / "news"])
    return library


def test_the_note_counts_stories_and_not_articles() -> None:
    wire, local = article(outlet="Quay Press", cluster="a"), article(name="b", outlet="Gazette", cluster="a")
    own = article(name="c", outlet="Star")
    assert sources_note([wire, own], [wire, local]) == (
        "3 articles, 2 independent sources: Quay Press, a.txt and Gazette, b.txt carry the same text."
    )
    assert sources_note([wire, local], [wire, local]) == (
        "2 articles, 1 independent source: Quay Press, a.txt and Gazette, b.txt carry the same text."
    )
    assert sources_note([wire, own], [wire]) is None
    assert sources_note([own], []) is None


class CountingEmbedder(HashingEmbedder):
    n_texts = 0

    def encode_passages(self, texts):  # type: ignore[no-untyped-def]
        type(self).n_texts += len(texts)
        return super().encode_passages(texts)


def test_a_copy_of_the_same_words_is_not_embedded_again(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = CountingEmbedder(64)
    monkeypatch.setattr(library, "_embedder", counting)
    put(folder, "wire.txt", "Ferry for Saltby\n\n" + STORY)
    library.ingest([folder])
    n = CountingEmbedder.n_texts
    assert n > 0
    put(folder, "wire.json", json.dumps({"outlet": "Quay Press"}))
    put(folder / "b", "local.txt", "Ferry for Saltby\n\n" + STORY + "\n© 2024 Portmere Gazette\n")
    report = library.ingest([folder])
    assert (report.added, report.updated) == (1, 1)
    assert CountingEmbedder.n_texts == n


def test_a_newer_version_replaces_the_older_in_answers(library: Library, folder: Path) -> None:
    url = "https://quay.example/ferry"
    put(folder, "1.txt", STORY.replace("Nineteen", "Eighteen"), url=url, published="2024-05-06")
    put(folder, "2.txt", url=url, published="2024-05-06", updated="2024-05-09")
    put(folder, "3.txt", STORY + "\nThe clerk rang the bell.", url=url, published="2024-05-06", updated="2024-05-12")
    report = library.ingest([folder])
    assert [entry["kind"] for entry in report.copies] == ["version", "version"]
    found = by_name(library)
    assert [found[f"{n}.txt"].replaced_by for n in (1, 2, 3)] == [found["3.txt"].id, found["3.txt"].id, None]
    assert library.status()["sources"] == 1
    assert names(library) == {"3.txt"}
    # As of a day, the version that could be read then; an article that was changed later was another.
    assert names(library, as_of="2024-05-10") == {"2.txt"}
    assert names(library, as_of="2024-05-07") == {"1.txt"}
    assert names(library, as_of="2024-05-01") == set()
    assert [Path(v.article.path).name for v in library.versions(found["2.txt"])] == ["1.txt", "2.txt", "3.txt"]
    assert library.ingest([folder]).unchanged == 3
    library.remove(["3.txt"])
    assert names(library) == {"2.txt"}
    assert by_name(library)["1.txt"].replaced_by == found["2.txt"].id
    assert library.store.check() == []


def test_what_was_changed_after_the_day_asked_for_is_left_out_and_said(library: Library, folder: Path) -> None:
    put(folder, "1.txt", published="2024-05-06", updated="2024-05-09")
    put(folder, "2.txt", OTHER_REPORT, published="2024-05-06", updated="2024-05")
    library.ingest([folder])
    for day, expected in (("2024-05-08", set()), ("2024-05-09", {"1.txt"}), ("2024-05-31", {"1.txt", "2.txt"})):
        assert names(library, as_of=day) == expected
    assert "Left out: 2 articles changed after 2024-05-08." in library.ask("Who voted?", as_of="2024-05-08").notes
    assert "Left out: 1 article changed after 2024-05-09." in library.ask("Who voted?", as_of="2024-05-09").notes
    assert names(library, published_to="2024-05-06") == {"1.txt", "2.txt"}


def test_versions_join_whatever_the_order_of_ingest(library: Library, folder: Path) -> None:
    url = "https://quay.example/ferry"
    for n in (3, 1, 2):
        put(folder, f"{n}.txt", STORY + f"\nThe clerk rang bell {n}.", url=url, published=f"2024-05-0{n}")
        library.ingest([folder / f"{n}.txt"])
    assert names(library) == {"3.txt"}
    assert len({a.cluster for a in library.articles()}) == 1


def test_a_changed_file_keeps_its_history(library: Library, folder: Path) -> None:
    path = put(folder, "story.txt", "Ferry for Saltby\n\n" + STORY)
    library.ingest([folder])
    first = library.find("story.txt")
    changed = STORY.replace("Eight voted", "Nine voted").replace(PARAGRAPHS[3] + "\n\n", "")
    put(folder, "story.txt", "Ferry for Saltby\n\n" + changed + "\nThe clerk rang the bell.\n")
    assert library.ingest([folder]).updated == 1
    now = library.find("story.txt")
    assert now.id == first.id
    kept, current = library.versions(now)
    assert (kept.article.text, kept.article.content_hash) == (first.text, first.content_hash)
    assert kept.replaced_at is not None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", kept.replaced_at)
    assert (current.article, current.replaced_at) == (now, None)
    (change,) = library.diff(now)
    assert [c.kind for c in change.changes] == ["changed", "removed", "removed", "added"]
    for c in change.changes:
        if c.before is not None:
            assert first.text[slice(*c.before)].strip() == c.before_text
        if c.after is not None:
            assert now.text[slice(*c.after)].strip() == c.after_text
    assert (change.changes[0].before_text, change.changes[0].after_text) == (
        "Eight voted against it, and four stayed away.",
        "Nine voted against it, and four stayed away.",
    )
    # Other metadata alone is no version, and nothing is left when the article is removed.
    put(folder, "story.json", json.dumps({"outlet": "Quay Press"}))
    assert library.ingest([folder]).updated == 1
    assert len(library.versions(library.find("story.txt"))) == 2
    library.remove([str(path)])
    everything = b"".join(p.read_bytes() for p in sorted(library.path.iterdir()))
    assert b"Eight voted" not in everything
    assert library.store.check() == []


def test_versions_that_stand_apart_are_compared_too(library: Library, folder: Path) -> None:
    url = "https://quay.example/ferry"
    put(folder, "1.txt", url=url, published="2024-05-06", title="Ferry bought")
    put(folder, "2.txt", url=url, published="2024-05-07", title="Second ferry bought")
    library.ingest([folder])
    (change,) = library.diff(library.find("1.txt"))
    assert change.fields == {
        "title": ("Ferry bought", "Second ferry bought"),
        "published": ("2024-05-06", "2024-05-07"),
    }
    assert [c.kind for c in change.changes if "title:" not in c.before_text] == []


def test_diff_tells_moved_sentences_and_ignores_white_space() -> None:
    old = article("The ferry is late. The clerk slept. Pies are dear in spring.")
    new = article("Pies are dear in spring. The ferry  is late. The clerk slept.")
    found = diff(Version(article=old), Version(article=new)).changes
    assert [(c.kind, c.before_text, c.before, c.after) for c in found] == [
        ("moved", "Pies are dear in spring.", (36, 60), (0, 24))
    ]
    assert diff(Version(article=old), Version(article=old)).changes == ()


def test_diff_of_texts_with_nothing_in_common_ends(tmp_path: Path) -> None:
    old = article(" ".join(f"The gull number {n} sat on rope {n}." for n in range(400)))
    new = article(" ".join(f"Lamp {n} burns brightly at pier {n} tonight." for n in range(400)))
    found = diff(Version(article=old), Version(article=new)).changes
    assert {c.kind for c in found} == {"added", "removed"}


# --- An older library


def test_a_library_of_the_first_format_is_brought_up(tmp_path: Path, folder: Path) -> None:
    """With its data: what is in it stays, is compared at the next ingest, and costs no embedding."""
    put(folder, "wire.txt", "Ferry for Saltby\n\n" + STORY, outlet="Quay Press")
    put(folder, "local.txt", "Council buys ferry\n\n" + STORY, outlet="Portmere Gazette")
    with Library.open(tmp_path / "now", embedder="hashing:64") as library:
        library.ingest([folder])
        wanted = {a.path: a for a in library.articles()}
    old = tmp_path / "old"
    old.mkdir()
    columns = {
        "meta": "*",
        "articles": "id, path, file, title, outlet, authors, url, published, published_precision, published_source, "
        "earliest, latest, reasons, boilerplate, content_hash, indexed_as, text",
        "passages": "*",
        "sentences": "*",
        "vectors": "*",
        "passages_fts": "rowid, context, body",
    }
    with sqlite3.connect(old / DATABASE) as db:
        db.create_function("casefold", 1, str.casefold)
        for statement in MIGRATIONS[0]:
            db.execute(statement)
        db.execute("PRAGMA user_version = 1")
        db.execute("DELETE FROM meta")
        db.commit()
        db.execute("ATTACH ? AS now", (str(tmp_path / "now" / DATABASE),))
        for table, names_ in columns.items():
            into = f"({names_})" if names_ != "*" else ""
            db.execute(f"INSERT INTO {table} {into} SELECT {names_} FROM now.{table}")
    db.close()
    with Library.open(old) as library:
        before = {a.path: a for a in library.articles()}
        assert {p: replace(a, cluster=None) for p, a in wanted.items()} == before
        assert len(library.retrieve("Who voted for the ferry?")) >= 1
        report = library.ingest([folder])
        assert (report.unchanged, report.added, report.updated) == (2, 0, 0)
        assert [entry["kind"] for entry in report.copies] == ["copy"]
        assert {a.path: a for a in library.articles()} == wanted
        assert library.store.check() == []


def test_bands_of_another_making_are_made_anew(library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, "wire.txt", outlet="Quay Press")
    put(folder, "local.txt", outlet="Portmere Gazette")
    library.ingest([folder])
    monkeypatch.setattr("rag.ingest.copies.BANDS_VERSION", 99)
    monkeypatch.setattr("rag.ingest.copies.SEED", 99)
    report = library.ingest([folder])
    assert (report.unchanged, len(report.copies)) == (2, 1)
    assert library.store._db.execute("SELECT count(*) FROM bands").fetchone()[0] == 2 * N_BANDS
    assert library.ingest([folder]).copies == ()


def test_copies_and_history_outlive_a_change_of_model(library: Library, folder: Path) -> None:
    put(folder, "wire.txt", outlet="Quay Press")
    put(folder, "local.txt", outlet="Portmere Gazette")
    library.ingest([folder])
    put(folder, "local.txt", STORY + "\nThe clerk rang the bell.\n", outlet="Portmere Gazette")
    library.ingest([folder])
    before = by_name(library)
    with Library.open(library.path, embedder="hashing:32") as other:
        assert len(other.retrieve("ferry")) >= 1
        assert by_name(other) == before
        assert len(other.versions(before["local.txt"])) == 2
        assert other.store.check() == []


def test_the_check_of_the_file_sees_what_is_left_over(library: Library, folder: Path) -> None:
    put(folder, "wire.txt", outlet="Quay Press")
    put(folder, "local.txt", outlet="Portmere Gazette")
    library.ingest([folder])
    db = library.store._db
    db.execute("UPDATE articles SET cluster = 'gone', replaced_by = 'gone'")
    db.execute("INSERT INTO bands VALUES (1, 'gone')")
    db.execute("INSERT INTO versions (article_id, replaced_at, fields, text) VALUES ('gone', '', '{}', '')")
    assert library.store.check() == [
        "1 bands of articles that are gone",
        "1 versions of articles that are gone",
        "2 articles whose cluster is gone",
        "2 articles whose replaced_by is gone",
    ]


def test_many_copies_of_one_text_cost_the_same_each(library: Library, folder: Path) -> None:
    for n in range(150):
        put(folder, f"{n:03}.txt", STORY, outlet=f"Outlet {n}", published=f"2024-05-{1 + n % 28:02}")
    statements: list[str] = []
    library.ingest([folder / f"{n:03}.txt" for n in range(120)])
    library.store._db.set_trace_callback(statements.append)
    library.ingest([folder / f"{n:03}.txt" for n in range(120, 150)])
    library.store._db.set_trace_callback(None)
    assert library.status()["sources"] == 1
    put(folder, "other.txt", OTHER_REPORT, outlet="Saltby Star")
    library.ingest([folder / "other.txt"])
    # The other report is found although copies of the first fill all places of the first search.
    question = "Who of the harbour council of Portmere voted on Tuesday to buy a second ferry, ending a quarrel?"
    found = [Path(hit.article.path).name for hit in library.retrieve(question, k=8)]
    assert "other.txt" in found
    assert len(set(found)) == 2
    relabelled = [line for line in statements if line.startswith("UPDATE articles SET cluster")]
    assert max(len(line) for line in relabelled) < 300, "each names the article and the one that stands for the story"


def test_a_stop_between_storing_and_comparing_is_made_up_for(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "wire.txt", outlet="Quay Press")
    put(folder, "local.txt", outlet="Portmere Gazette")

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("rag.storage.links.join", full)
        with pytest.raises(BylineError, match="disk is full"):
            library.ingest([folder])
    assert len(library.articles()) == 2
    assert len(library.ingest([folder]).copies) == 1
    assert library.status()["sources"] == 1
