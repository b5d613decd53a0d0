"""The SQL of the library seen as a list: pages of it, found and sorted in the database, and what editors have stated.

Pages are read from the index `articles_shelf`, since the rows of articles are as long as their texts; those have to be
read for `as_of` alone, which asks for `revised`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from rag.text.lexicon import without_accents
from rag.types import Article, Json, Listed

_N_COPIES = (
    "CASE WHEN a.cluster IS NULL THEN 0 ELSE "
    "(SELECT count(*) FROM articles c WHERE c.cluster = a.cluster AND c.replaced_by IS NULL AND c.id != a.id) END"
)
_N_VERSIONS = (
    "1 + (SELECT count(*) FROM versions v WHERE v.article_id = a.id) "
    "+ (SELECT count(*) FROM articles o WHERE o.replaced_by = a.id)"
)
_COLUMNS = (
    "a.id, a.title, a.outlet, a.published, a.published_precision, a.published_source, a.words, "
    f"{_N_VERSIONS} AS versions, {_N_COPIES} AS copies"
)
ORDERS: Mapping[str, str] = {
    "day": "a.latest IS NULL, a.latest {0}",
    "title": "a.title IS NULL, a.title COLLATE NOCASE {0}",
    "outlet": "a.outlet IS NULL, a.outlet COLLATE NOCASE {0}",
    "words": "a.words {0}",
    "versions": "versions {0}",
    "copies": "copies {0}",
}
"""What a list can be sorted by. What is not known comes last, whichever way."""


def n_words(text: str, boilerplate: str) -> int:
    """How many words the story has; `boilerplate` is the JSON of the spans that are not of it."""
    at = n = 0
    for start, end in [*sorted(json.loads(boilerplate)), (len(text), len(text))]:
        n += len(text[at:start].split()) if start > at else 0
        at = max(at, end)
    return n


def has_words(words: str, outlet: str | None, authors: str, path: str) -> bool:
    """Whether each of the `words` stands in outlet, authors or path, whatever their case, accents and hyphens; `words`
    and `authors` are JSON."""
    where = _plain(" ".join([outlet or "", *json.loads(authors), path]))
    return all(_plain(word) in where for word in json.loads(words))


def _plain(text: str) -> str:
    return without_accents(text).casefold()


def listed(
    db: sqlite3.Connection,
    where: str,
    values: Sequence[str],
    match: tuple[str, Sequence[str]],
    order: tuple[str, bool],
    page: tuple[int, int],
) -> tuple[list[Listed], int]:
    """A page (offset, limit) of the articles that no newer version replaces and for which `where` holds, in this
    `order` (of `ORDERS`, descending or not), and how many there are in all.

    `match` is what the full-text index is asked, and the words that outlet, authors and path may hold instead;
    ("", ()) lets all pass.
    """
    full_text, words = match
    has = (
        "AND (a.id IN (SELECT p.article_id FROM passages_fts f JOIN passages p ON p.number = f.rowid "
        "WHERE passages_fts MATCH ?) OR has_words(?, a.outlet, a.authors, a.path))"
        if full_text
        else ""
    )
    given = [*values, *((full_text, json.dumps(words)) if full_text else ())]
    source = f"FROM articles a WHERE {where} AND a.replaced_by IS NULL {has}"
    n = int(db.execute(f"SELECT count(*) {source}", given).fetchone()[0])
    by, descending = order
    sorting = ORDERS[by].format("DESC" if descending else "ASC")
    offset, limit = page
    rows = db.execute(f"SELECT {_COLUMNS} {source} ORDER BY {sorting}, a.id LIMIT ? OFFSET ?", [*given, limit, offset])
    return [Listed(*row) for row in rows], n


# --- What editors have stated: for each article a stack of what it was edited to, the last of which holds


def stated(db: sqlite3.Connection, article_id: str, back: int = 0) -> Json:
    """What holds of what editors stated of an article, name to value; with `back` 1 what held before the last edit."""
    row = db.execute(
        "SELECT stated FROM edits WHERE article_id = ? ORDER BY number DESC LIMIT 1 OFFSET ?", (article_id, back)
    ).fetchone()
    found: Json = json.loads(row[0]) if row else {}
    return found


def record(db: sqlite3.Connection, article: Article) -> None:
    """Keep what is stated of the article as it is stored: as one edit more, as an edit undone, or as nothing new."""
    now = {name: getattr(article, name) for name in article.edited}
    now = json.loads(json.dumps(now))
    if now == stated(db, article.id):
        return
    has_edits = db.execute("SELECT max(number) FROM edits WHERE article_id = ?", (article.id,)).fetchone()[0]
    if has_edits and now == stated(db, article.id, 1):
        db.execute("DELETE FROM edits WHERE number = ?", (has_edits,))
        return
    at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    db.execute("INSERT INTO edits (article_id, edited_at, stated) VALUES (?, ?, ?)", (article.id, at, json.dumps(now)))


def last_stated(edits: Sequence[Sequence[str]], back: int = 0) -> Json:
    """What `stated` gives, of rows (edited_at, stated), oldest first."""
    found: Json = json.loads(edits[-1 - back][1]) if len(edits) > back else {}
    return found


def edited(edits: Sequence[tuple[str, ...]], article: Article) -> tuple[tuple[str, ...], ...]:
    """The rows of edits with what is stated of the article as it is stored, as `record` keeps them."""
    now = json.loads(json.dumps({name: getattr(article, name) for name in article.edited}))
    if now == last_stated(edits):
        return tuple(edits)
    if edits and now == last_stated(edits, 1):
        return tuple(edits[:-1])
    return (*edits, (datetime.now(timezone.utc).isoformat(timespec="seconds"), json.dumps(now)))


# --- What belongs to an article beside itself, to be put back after it was removed

_BESIDE = {"versions": "replaced_at, fields, text", "edits": "edited_at, stated"}
Beside = Mapping[str, Sequence[tuple[str, ...]]]
"""Rows by table, oldest first."""


def beside(db: sqlite3.Connection, article_id: str) -> Beside:
    return {
        table: db.execute(
            f"SELECT {columns} FROM {table} WHERE article_id = ? ORDER BY number", (article_id,)
        ).fetchall()
        for table, columns in _BESIDE.items()
    }


def put_beside(db: sqlite3.Connection, article_id: str, rows: Beside) -> None:
    """In place of what is there."""
    for table, columns in _BESIDE.items():
        db.execute(f"DELETE FROM {table} WHERE article_id = ?", (article_id,))
        marks = ", ".join("?" * (columns.count(",") + 2))
        db.executemany(
            f"INSERT INTO {table} (article_id, {columns}) VALUES ({marks})",
            [(article_id, *row) for row in rows.get(table, ())],
        )
