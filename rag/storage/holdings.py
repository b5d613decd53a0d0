"""What a library holds, seen as a whole: which articles have certain words, and which words there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

Row = tuple[str, str | None, str | None, str | None]
"""Id, title, outlet and date of publication of an article."""

MOST_MATCHES = 100  # SQLite takes no expression without end

_HAS = (
    "AND id IN (SELECT p.article_id FROM passages_fts f JOIN passages p ON p.number = f.rowid "
    "WHERE passages_fts MATCH ?)"
)


def listing(db: sqlite3.Connection, where: str, values: Sequence[str], matches: Sequence[str]) -> list[Row]:
    """The articles that pass, newest first and those without a date last; with `matches`, those that have each of the
    first `MOST_MATCHES` in a passage."""
    matches = list(dict.fromkeys(matches))[:MOST_MATCHES]
    sql = (
        f"SELECT id, title, outlet, published FROM articles a WHERE {where} AND replaced_by IS NULL "
        f"{' '.join([_HAS] * len(matches))} ORDER BY latest IS NULL, latest DESC, path"
    )
    rows = db.execute(sql, (*values, *matches))
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def words_like(db: sqlite3.Connection, word: str) -> list[tuple[str, int]]:
    """The words of the index (as it stems them) that are nearly as long as `word`, each with its number of passages."""
    db.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.indexed_words USING fts5vocab ('main', 'passages_fts', 'row')")
    rows = db.execute(
        "SELECT term, doc FROM temp.indexed_words WHERE length(term) BETWEEN ? AND ?", (len(word) - 3, len(word) + 1)
    )
    return [(row[0], row[1]) for row in rows]
