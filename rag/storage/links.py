"""The SQL of copies and versions: which stored articles are one story, and what each was before. Used by the store,
inside its transactions."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone

from rag.types import Article, Json, Place

# The day of a version's text; later rows first where the days say nothing.
AGE = "coalesce({0}.revised, {0}.latest, '')"
_NEWEST = f"{AGE.format('articles')} DESC, updated IS NULL, rowid DESC"
# The article that stands for a story: no older version, then the first to carry it, then the fullest.
_LEAD = "replaced_by IS NOT NULL, earliest IS NULL, earliest, length(text) DESC, path"
# Articles that look most like a new one, and articles of its address or its headline: a headline such as "Weather" may
# have thousands.
MAX_ALIKE, MAX_NAMESAKES, MAX_IN_BAND = 20, 20, 50
_KEPT = (
    *("title", "outlet", "authors", "url", "section", "published", "published_precision", "published_source"),
    *("updated", "reasons", "boilerplate", "content_hash", "path", "offset"),
    *("places", "asides"),
)


_LISTED = "(SELECT value FROM json_each(?))"


def put_bands(db: sqlite3.Connection, article_id: str, bands: Sequence[int]) -> None:
    db.executemany("INSERT OR IGNORE INTO bands VALUES (?, ?)", [(band, article_id) for band in bands])
    packed = b"".join(band.to_bytes(8, "big") for band in bands)
    db.execute("UPDATE articles SET bands = ? WHERE id = ?", (packed, article_id))


def forget_bands(db: sqlite3.Connection) -> None:
    """All articles are to be compared anew."""
    db.execute("DELETE FROM bands")
    db.execute("UPDATE articles SET bands = NULL, cluster = NULL, replaced_by = NULL")


def candidates(db: sqlite3.Connection, article: Article, bands: Sequence[int]) -> list[str]:
    """Ids of the articles that may be the same story: those that share most bands, then by address and headline.
    Only those that were compared themselves: of two new ones the second finds the first."""
    shared: Counter[str] = Counter()
    for band in bands:  # one that thousands have (a daily report in fixed words) says little, and is read no further
        rows = db.execute("SELECT article_id FROM bands WHERE band = ? LIMIT ?", (band, MAX_IN_BAND))
        shared.update(row[0] for row in rows)
    del shared[article.id]
    found = [(i,) for i, _ in sorted(shared.items(), key=lambda pair: (-pair[1], pair[0]))[:MAX_ALIKE]]
    for where, values in (("url = ?", (article.url,)), ("title = ? AND outlet = ?", (article.title, article.outlet))):
        if None not in values:
            found += db.execute(
                f"SELECT id FROM articles WHERE {where} AND id != ? AND bands IS NOT NULL ORDER BY latest DESC LIMIT ?",
                (*values, article.id, MAX_NAMESAKES),
            ).fetchall()
    return list(dict.fromkeys(row[0] for row in found))


def join(db: sqlite3.Connection, article_id: str, same_story: Sequence[str], same_piece: Sequence[str]) -> None:
    """The article is the same story as some (versions of its piece among them), and with all that those are."""
    leads = {
        row[0]
        for row in db.execute(
            f"SELECT coalesce(cluster, id) FROM articles WHERE id IN {_LISTED}", (json.dumps(same_story),)
        )
    }
    if not same_piece and len(leads) == 1 and _lead(db, {article_id, *leads}) in leads:
        # One more copy: however many there are, the others need not be looked at.
        pair = json.dumps([article_id, *leads])
        db.execute(f"UPDATE articles SET cluster = ? WHERE id IN {_LISTED}", (*leads, pair))
        return
    pieces = _members(db, "replaced_by", [article_id, *same_piece])
    _relabel_pieces(db, pieces)
    clusters = _members(db, "cluster", [article_id, *same_story])
    _relabel_clusters(db, clusters | pieces)


def leave(db: sqlite3.Connection, article_id: str) -> None:
    """Take an article out of its story before it is deleted; the others keep each other."""
    row = db.execute("SELECT bands FROM articles WHERE id = ?", (article_id,)).fetchone()
    packed: bytes = row[0] or b""
    bands = [int.from_bytes(packed[i : i + 8], "big") for i in range(0, len(packed), 8)]
    db.executemany("DELETE FROM bands WHERE band = ? AND article_id = ?", [(band, article_id) for band in bands])
    pieces = _members(db, "replaced_by", [article_id]) - {article_id}
    clusters = _members(db, "cluster", [article_id]) - {article_id}
    _relabel_pieces(db, pieces)
    _relabel_clusters(db, clusters)


def _members(db: sqlite3.Connection, label: str, ids: Iterable[str]) -> set[str]:
    """The articles themselves, and those that have the same label or are it."""
    found = set(ids)
    for article_id in sorted(found):
        row = db.execute(f"SELECT coalesce({label}, id) FROM articles WHERE id = ?", (article_id,)).fetchone()
        if row is not None:
            found |= {
                r[0] for r in db.execute(f"SELECT id FROM articles WHERE {label} = ? OR id = ?", (row[0], row[0]))
            }
    return found


def _relabel_pieces(db: sqlite3.Connection, ids: set[str]) -> None:
    listed = json.dumps(sorted(ids))
    newest = db.execute(
        f"SELECT id FROM articles WHERE id IN {_LISTED} ORDER BY {_NEWEST} LIMIT 1", (listed,)
    ).fetchone()
    if newest is not None:
        db.execute(f"UPDATE articles SET replaced_by = nullif(?, id) WHERE id IN {_LISTED}", (newest[0], listed))


def _relabel_clusters(db: sqlite3.Connection, ids: set[str]) -> None:
    label = _lead(db, ids) if len(ids) > 1 else None
    db.execute(f"UPDATE articles SET cluster = ? WHERE id IN {_LISTED}", (label, json.dumps(sorted(ids))))


def _lead(db: sqlite3.Connection, ids: set[str]) -> str | None:
    listed = json.dumps(sorted(ids))
    row = db.execute(f"SELECT id FROM articles WHERE id IN {_LISTED} ORDER BY {_LEAD} LIMIT 1", (listed,)).fetchone()
    return str(row[0]) if row is not None else None


def stories(db: sqlite3.Connection, clusters: Sequence[str]) -> list[tuple[str, str]]:
    """(cluster, article id) of all articles of those stories that no newer version replaces, the lead first."""
    rows = db.execute(
        f"SELECT cluster, id FROM articles WHERE cluster IN {_LISTED} AND replaced_by IS NULL "
        f"ORDER BY cluster, {_LEAD}",
        (json.dumps(clusters),),
    )
    return [(row[0], row[1]) for row in rows]


def piece(db: sqlite3.Connection, article_id: str) -> list[str]:
    """Ids of the articles that are versions of this one's piece, oldest first, itself among them."""
    members = json.dumps(sorted(_members(db, "replaced_by", [article_id])))
    newest_first = db.execute(f"SELECT id FROM articles WHERE id IN {_LISTED} ORDER BY {_NEWEST}", (members,))
    return [row[0] for row in newest_first][::-1]


def of_passages(db: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Of the passages: number -> (cluster, article id) where there is a cluster."""
    rows = db.execute(
        "SELECT number, cluster, a.id FROM passages p CROSS JOIN articles a ON a.id = p.article_id "
        f"WHERE cluster IS NOT NULL AND number IN {_LISTED}",
        (json.dumps(numbers),),
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def outdated(db: sqlite3.Connection, numbers: Sequence[int], where: str, values: Sequence[str]) -> set[int]:
    """Those of the passages whose article has a newer version `a` for which `where` holds."""
    rows = db.execute(
        "SELECT number FROM passages p CROSS JOIN articles o ON o.id = p.article_id "
        f"WHERE o.replaced_by IS NOT NULL AND number IN {_LISTED} AND EXISTS (SELECT 1 FROM articles a WHERE "
        "(a.id = o.replaced_by OR a.replaced_by = o.replaced_by) AND "
        f"(a.id = o.replaced_by OR {AGE.format('a')} > {AGE.format('o')}) AND {where})",
        (json.dumps(numbers), *values),
    )
    return {row[0] for row in rows}


# --- What an article was before its file changed


def keep(db: sqlite3.Connection, article: Article) -> None:
    db.execute(
        "INSERT INTO versions (article_id, replaced_at, fields, text) VALUES (?, ?, ?, ?)",
        (article.id, *kept_row(article)),
    )


def kept_row(article: Article) -> tuple[str, str, str]:
    """When an article was replaced (now), its fields as JSON, and its text."""
    fields = {name: getattr(article, name) for name in _KEPT}
    return datetime.now(timezone.utc).isoformat(timespec="seconds"), json.dumps(fields), article.text


def kept(db: sqlite3.Connection, article_id: str) -> list[tuple[Article, str]]:
    """(the article as it was, when it was replaced), oldest first."""
    rows = db.execute(
        "SELECT replaced_at, fields, text FROM versions WHERE article_id = ? ORDER BY number", (article_id,)
    )
    return of_rows(article_id, rows)


def of_rows(article_id: str, rows: Iterable[Sequence[str]]) -> list[tuple[Article, str]]:
    """What `kept_row` made, read again."""
    return [(_article(article_id, json.loads(fields), text), at) for at, fields, text in rows]


def _article(article_id: str, fields: Json, text: str) -> Article:
    return Article(id=article_id, text=text, **in_tuples(fields))


def in_tuples(fields: Json) -> Json:
    """The fields of an article as JSON has them, its lists as the tuples that `Article` has. An older Byline wrote
    neither places nor asides."""
    spans = {name: tuple((start, end) for start, end in fields.get(name, ())) for name in ("boilerplate", "asides")}
    places = tuple(Place(*place) for place in fields.get("places", ()))
    return {**fields, "authors": tuple(fields["authors"]), **spans, "places": places}


def check(db: sqlite3.Connection) -> list[str]:
    """Rows that belong to no article, and labels that name none; nothing when all is sound."""
    found = []
    for what, table in (("bands", "bands"), ("versions", "versions"), ("edits", "edits")):
        n = db.execute(f"SELECT count(*) FROM {table} WHERE article_id NOT IN (SELECT id FROM articles)").fetchone()[0]
        found += [f"{n} {what} of articles that are gone"] if n else []
    for label in ("cluster", "replaced_by"):
        n = db.execute(
            f"SELECT count(*) FROM articles WHERE {label} IS NOT NULL AND {label} NOT IN (SELECT id FROM articles)"
        ).fetchone()[0]
        found += [f"{n} articles whose {label} is gone"] if n else []
    return found
