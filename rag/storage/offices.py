"""Who holds which office, as the articles say (`rag.ingest.offices`): rows that go with their article."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

Row = tuple[str, str, str, str]


def put(db: sqlite3.Connection, article_id: str, holders: Iterable[Row]) -> None:
    db.executemany("INSERT INTO offices VALUES (?, ?, ?, ?, ?)", [(article_id, *holder) for holder in sorted(holders)])


def held(db: sqlite3.Connection, head: str, where: str, values: Sequence[object]) -> list[Row]:
    """The rows with `head`, each once, of the articles (as `a`) that `where` lets through."""
    rows = db.execute(
        "SELECT DISTINCT head, which, person, around FROM offices o JOIN articles a ON a.id = o.article_id "
        f"WHERE {where} AND head = ? ORDER BY head, which, person, around",
        (*values, head),
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]
