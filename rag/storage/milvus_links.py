"""Copies and versions in Milvus: which stored articles are one story. As `rag.storage.links` in SQL, whose rules hold.

Two processes that put two copies of one story in at the same time each look for the other's after having written their
own, so one of them finds it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from rag.storage.links import MAX_ALIKE, MAX_IN_BAND, MAX_NAMESAKES
from rag.storage.milvus_engine import Engine, Row, batches, quoted
from rag.storage.milvus_rows import ARTICLE_FIELDS, both, links_of, of_links
from rag.storage.whole import Linked

_ORDERED = ["id", "cluster", "replaced_by", "earliest", "latest", "revised", "stored_at", "brief"]


def put_bands(engine: Engine, bands: Mapping[str, Sequence[int]]) -> None:
    rows = engine.of_keys("articles", "id", list(bands), ARTICLE_FIELDS, fresh=True)
    relink(engine, rows, {row["id"]: replace(links_of(row), bands=tuple(bands[row["id"]])) for row in rows})


def forget_bands(engine: Engine) -> None:
    """All articles are to be compared anew."""
    for some in batches([row["id"] for row in engine.rows("articles", 'id != ""', ["id"], fresh=True)]):
        rows = engine.of_keys("articles", "id", some, ARTICLE_FIELDS, fresh=True)
        relink(engine, rows, {row["id"]: Linked() for row in rows})


def relink(engine: Engine, rows: Iterable[Row], linked: Mapping[str, Linked]) -> None:
    """Store whole rows again, with these links: Milvus changes no value in a row that stays."""
    changed = [{**row, **of_links(row["id"], linked[row["id"]])} for row in rows if links_of(row) != linked[row["id"]]]
    if changed:
        engine.upsert("articles", changed)


def candidates(engine: Engine, article_id: str, bands: Sequence[int], apart: set[str]) -> list[str]:
    """Ids of the articles that may be the same story: those that share most bands, then by address and headline."""
    own = engine.of_keys("articles", "id", [article_id], ["url_key", "title_key"], fresh=True)
    if not own:
        return []
    fields, found = ["id", "bands", "latest"], []
    wanted = set(bands)
    if wanted:
        condition = both("linked == 1", f"array_contains_any(bands, {sorted(wanted)})")
        rows = engine.rows("articles", condition, fields, limit=len(wanted) * MAX_IN_BAND, fresh=True)
        shared = {row["id"]: len(wanted & {int(band) for band in row["bands"]}) for row in rows}
        ranked = sorted(shared, key=lambda one: (-shared[one], one))
        found += [one for one in ranked if one != article_id][:MAX_ALIKE]
    for name in ("url_key", "title_key"):
        if value := own[0][name]:
            condition = both("linked == 1", f'{name} == "{value}"')
            rows = engine.rows("articles", condition, fields, limit=10 * MAX_NAMESAKES, fresh=True)
            rows = sorted((row for row in rows if row["id"] != article_id), key=lambda row: -row["latest"])
            found += [row["id"] for row in rows[:MAX_NAMESAKES]]
    return [one for one in dict.fromkeys(found) if one not in apart]


def join(engine: Engine, article_id: str, same_story: Sequence[str], same_piece: Sequence[str]) -> None:
    """The article is the same story as some (versions of its piece among them), and with all that those are."""
    pieces = members(engine, "replaced_by", [article_id, *same_piece])
    _relabel_pieces(engine, pieces)
    clusters = members(engine, "cluster", [article_id, *same_story])
    _relabel_clusters(engine, clusters | pieces)


def leave(engine: Engine, ids: Sequence[str]) -> None:
    """Take articles out of their stories before they are deleted; the others keep each other."""
    gone = set(ids)
    for article_id in ids:
        _relabel_pieces(engine, members(engine, "replaced_by", [article_id]) - gone)
        _relabel_clusters(engine, members(engine, "cluster", [article_id]) - gone)


def members(engine: Engine, label: str, ids: Sequence[str]) -> set[str]:
    """The articles themselves, and those that have the same label or are it."""
    rows = engine.of_keys("articles", "id", ids, ["id", label], fresh=True)
    found = {row["id"] for row in rows}
    labels = quoted(sorted({row[label] or row["id"] for row in rows}))
    more = engine.rows("articles", f"{label} in {labels} or id in {labels}", ["id"], fresh=True) if found else []
    return found | {row["id"] for row in more}


def age(row: Row) -> int:
    """The day of a version's text."""
    return int(row["revised"] or row["latest"])


def newest_first(rows: Iterable[Row]) -> list[Row]:
    """Later rows first where the days say nothing."""
    return sorted(rows, key=lambda row: (-age(row), not json.loads(row["brief"])["updated"], -row["stored_at"]))


def leads_first(rows: Iterable[Row]) -> list[Row]:
    """The article that stands for a story: no older version, then the first to carry it, then the fullest."""

    def order(row: Row) -> tuple[bool, int, int, str]:
        brief = json.loads(row["brief"])
        return bool(row["replaced_by"]), row["earliest"], -brief["length"], brief["path"]

    return sorted(rows, key=order)


def ordered_rows(engine: Engine, ids: Iterable[str]) -> list[Row]:
    """What `newest_first` and `leads_first` need of articles."""
    return engine.of_keys("articles", "id", sorted(ids), _ORDERED, fresh=True)


def _relabel_pieces(engine: Engine, ids: set[str]) -> None:
    ranked = newest_first(ordered_rows(engine, ids))
    if ranked:
        newest = ranked[0]["id"]
        _label(engine, ids, lambda one, linked: replace(linked, replaced_by=None if one == newest else newest))


def _relabel_clusters(engine: Engine, ids: set[str]) -> None:
    ranked = leads_first(ordered_rows(engine, ids)) if len(ids) > 1 else []
    label = ranked[0]["id"] if ranked else None
    _label(engine, ids, lambda _, linked: replace(linked, cluster=label))


def _label(engine: Engine, ids: set[str], change: Callable[[str, Linked], Linked]) -> None:
    rows = engine.of_keys("articles", "id", sorted(ids), ARTICLE_FIELDS, fresh=True)
    relink(engine, rows, {row["id"]: change(row["id"], links_of(row)) for row in rows})
