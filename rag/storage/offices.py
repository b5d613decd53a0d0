"""Who holds which office, as the articles say (`rag.ingest.offices`): rows that go with their article."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

Row = tuple[str, str, str, str]


def put(db: sqlite3.Connection, article_id: str, holders: Iterable[Row]) -> None:
    db.executemany(
        "INSERT INTO offices (article_id, head, which, person, surname, around) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (article_id, head, which, person, person.split()[-1], around)
            for head, which, person, around in sorted(holders)
        ],
    )


def held(
    db: sqlite3.Connection, heads: Sequence[str], surnames: Sequence[str], where: str, values: Sequence[object]
) -> list[Row]:
    """The rows with one of `heads` or `surnames`, each once, of the articles (as `a`) that `where` lets through."""
    rows = db.execute(
        "SELECT DISTINCT head, which, person, around FROM offices o JOIN articles a ON a.id = o.article_id "
        f"WHERE {where} AND (head IN (SELECT value FROM json_each(?)) OR surname IN (SELECT value FROM json_each(?))) "
        "ORDER BY head, which, person, around",
        (*values, json.dumps(list(heads)), json.dumps(list(surnames))),
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]
