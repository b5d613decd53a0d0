"""`rag.shelf`: articles listed, edited, taken out and put back."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from rag import Library
from rag.errors import BylineError
from rag.places import DATABASE
from rag.storage.migrations import MIGRATIONS

BRIDGE = (
    "---\ntitle: Bridge to Reopen\noutlet: The Courier\npublished: 2024-04-29\n---\n\n"
    "The bridge over the Wend reopens in May, the mayor said. Repairs cost 4 million.\n"
)
HARBOUR = "Harbour Closes\n\nPublished: 2 May 2024\n\nThe harbour of Ostby closes on Friday. Nobody knows why.\n"
PLAIN = "Plums were late this year in the orchards of Ostby. Growers had expected a richer harvest after the rain.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "articles"
    made.mkdir()
    for name, text in {"bridge.md": BRIDGE, "harbour.txt": HARBOUR, "plums.txt": PLAIN}.items():
        (made / name).write_text(text, encoding="utf-8")
    return made


@pytest.fixture
def full(library: Library, folder: Path) -> Library:
    assert library.ingest([folder]).articles == 3
    return library


def titles(library: Library, words: str = "", **options: object) -> list[str]:
    return [str(listed.title)[:8] for listed in library.listed(words, **options)[0]]  # type: ignore[arg-type]


def test_articles_are_listed_with_what_a_list_shows(full):
    listed, n = full.listed()
    assert n == 3
    assert [(one.published, one.outlet) for one in listed][1] == ("2024-04-29", "The Courier")
    bridge = listed[1]
    assert bridge.n_words == len(
        "The bridge over the Wend reopens in May, the mayor said. Repairs cost 4 million.".split()
    )
    assert (bridge.n_versions, bridge.n_copies, bridge.published_source) == (1, 0, "stated")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["Harbour ", "Bridge t", "Plums we"]),  # without a date last
        ({"descending": False}, ["Bridge t", "Harbour ", "Plums we"]),
        ({"order": "title", "descending": False}, ["Bridge t", "Harbour ", "Plums we"]),
        ({"order": "words"}, ["Plums we", "Bridge t", "Harbour "]),
        ({"order": "outlet", "limit": 1}, ["Bridge t"]),
        ({"offset": 1, "limit": 1}, ["Bridge t"]),
        ({"offset": 9}, []),
        ({"outlets": ["the courier"]}, ["Bridge t"]),
        ({"published_from": "2024-05"}, ["Harbour "]),
        ({"published_to": "2024-04-30"}, ["Bridge t"]),
        ({"words": "ostby"}, ["Harbour ", "Plums we"]),
        ({"words": "harb"}, ["Harbour "]),  # the last word may be one that is being typed
        ({"words": "ostby friday"}, ["Harbour "]),
        ({"words": "courier"}, ["Bridge t"]),
        ({"words": 'NEAR("x" OR *) -- %'}, []),
        ({"words": "?!"}, []),
    ],
)
def test_a_list_is_searched_filtered_sorted_and_paged(full, options, expected):
    assert titles(full, **options) == expected


@pytest.mark.parametrize(
    "words",
    [
        *("Süddeutsche", "süddeutsche zeitung", "SÜDDEUTSCHE", "suddeutsche", "su\u0308ddeutsche"),
        *("Émile", "émile", "emile fabre", "strasse", "STRASSE", "Zeitung Émile"),
        *("quay-gazette", "quay_gazette", "quay gazette", "Quay-Gazette_02", "02.txt"),
    ],
)
def test_outlet_authors_and_path_are_found_as_they_are_typed(library: Library, tmp_path: Path, words: str) -> None:
    front = "outlet: Süddeutsche Zeitung\nauthors: [Émile Fabre, Ida Straße]"
    (tmp_path / "quay-gazette_02.txt").write_text(f"---\n{front}\n---\n\nPlums were late this year in Ostby.\n")
    library.ingest([tmp_path / "quay-gazette_02.txt"])
    assert library.listed(words)[1] == 1
    assert library.listed(f"{words} nowhere")[1] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": "id; DROP TABLE articles"}, "cannot be sorted by 'id; DROP TABLE articles'"),
        ({"offset": -1}, "offset -1"),
        ({"limit": 0}, "limit 0"),
        ({"limit": 201}, "limit 201"),
        ({"published_from": "spring"}, "spring"),
    ],
)
def test_what_is_no_list_is_said(full, options, message):
    with pytest.raises(BylineError, match=message):
        full.listed(**options)


def test_versions_and_copies_are_counted_and_older_versions_not_listed(full, folder):
    (folder / "bridge.md").write_text(BRIDGE.replace("4 million", "5 million"), encoding="utf-8")
    copy = HARBOUR.replace("Harbour Closes", "Ostby Harbour Shut").replace("2 May", "3 May")
    (folder / "copy.txt").write_text(copy, encoding="utf-8")
    full.ingest([folder])
    listed = {one.title: one for one in full.listed()[0]}
    assert listed["Bridge to Reopen"].n_versions == 2
    assert next(one.n_copies for one in full.listed(order="copies")[0]) == len(full.copies(full.find("copy.txt")))


def test_what_an_editor_states_goes_before_what_was_read_and_is_found(full):
    article = full.edit(
        full.find("harbour.txt"), outlet=" The  Globe ", authors="Ann Fry; Bo Lind", published="2024-05"
    )
    assert (article.outlet, article.authors, article.published) == ("The Globe", ("Ann Fry", "Bo Lind"), "2024-05")
    assert (article.published_precision, article.published_source) == ("month", "stated")
    assert set(article.edited) == {"outlet", "authors", "published"}
    assert not {"outlet", "authors", "published"} & set(article.inferred)
    assert article.to_dict()["edited"] == ["outlet", "authors", "published"]
    assert full.find("harbour.txt") == article
    assert titles(full, outlets=["The Globe"]) == ["Harbour "]
    assert len(full.versions(article)) == 1
    edited = full.edit(article, title="Quay of Zanzor Shut")
    assert titles(full, "zanzor") == ["Quay of "]
    assert full.retrieve("Zanzor quay", k=1)[0].article == edited
    assert len(full.versions(edited)) == 1  # a headline of the editor's is no other version


def test_an_edit_is_kept_when_the_file_is_read_anew_and_can_be_undone(full, folder):
    read = full.find("bridge.md")
    once = full.edit(read, title="Wend Bridge Opens", outlet="")
    twice = full.edit(once, title="Bridge Opens Early")
    assert (twice.title, twice.outlet) == ("Bridge Opens Early", None)
    changed = BRIDGE.replace("4 million", "5 million").replace("2024-04-29", "2024-04-30")
    (folder / "bridge.md").write_text(changed, encoding="utf-8")
    full.ingest([folder])
    again = full.find("bridge.md")
    assert (again.title, again.outlet, again.published) == ("Bridge Opens Early", None, "2024-04-30")
    assert "5 million" in again.text
    assert full.undo_edit(again).title == "Wend Bridge Opens"
    undone = full.undo_edit(again)
    assert (undone.title, undone.outlet, undone.edited) == ("Bridge to Reopen", "The Courier", {})
    with pytest.raises(BylineError, match="nothing to undo"):
        full.undo_edit(undone)
    assert full.store.check() == []


def test_a_value_as_it_is_is_no_edit(full):
    article = full.find("bridge.md")
    assert full.edit(article, title="Bridge to Reopen", authors=[]) == article


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"text": "x"}, "'text' cannot be edited: only title, outlet, authors, published can"),
        ({"title": "x" * 501}, "the title has 501 characters: give at most 500"),
        ({"published": "some day"}, "the date 'some day' is no day of publication: write it as YYYY-MM-DD"),
        ({"published": "2024-13-01"}, "2024-13-01"),
        ({"published": "2999-01-01"}, "2999-01-01"),
    ],
)
def test_what_cannot_be_stated_is_said_and_changes_nothing(full, values, message):
    article = full.find("bridge.md")
    with pytest.raises(BylineError, match=message):
        full.edit(article, **values)
    assert full.find("bridge.md") == article


def test_an_article_is_taken_out_and_put_back_with_all_that_belongs_to_it(full, folder):
    full.edit(full.find("bridge.md"), title="Wend Bridge Opens")
    (folder / "bridge.md").write_text(BRIDGE.replace("4 million", "5 million"), encoding="utf-8")
    full.ingest([folder])
    article = full.find("bridge.md")
    texts = [version.article.text for version in full.versions(article)]
    removed = full.take_out(article)
    assert full.listed()[1] == 2
    assert "5 million" not in (full.path / DATABASE).read_bytes().decode("utf-8", "replace")
    assert full.put_back(removed) == article
    assert [version.article.text for version in full.versions(article)] == texts
    assert full.retrieve("What do repairs cost?", k=1)[0].article == article
    assert full.undo_edit(article).title == "Bridge to Reopen"
    assert full.store.check() == []
    with pytest.raises(BylineError, match="in the library again"):
        full.put_back(removed)


def test_an_article_that_is_gone_is_said(full):
    article = full.find("bridge.md")
    full.remove([article.id])
    for deed in (full.edit, full.undo_edit, full.take_out):
        with pytest.raises(BylineError, match=f"the article {article.id} is no longer in the library"):
            deed(article)


def test_a_library_of_an_older_format_is_counted(full, tmp_path):
    words = {one.id: one.n_words for one in full.listed()[0]}
    full.close()
    with sqlite3.connect(full.path / DATABASE) as db:
        for statement in ("DROP INDEX articles_within", "DROP INDEX articles_shelf", "DROP TABLE edits"):
            db.execute(statement)
        for column in ("words", "edited"):
            db.execute(f"ALTER TABLE articles DROP COLUMN {column}")
        at = next(n for n, step in enumerate(MIGRATIONS) if any("edits" in statement for statement in step))
        db.execute(f"PRAGMA user_version = {at}")
    with Library.open(full.path) as opened:
        assert {one.id: one.n_words for one in opened.listed()[0]} == words
