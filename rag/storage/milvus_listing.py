"""The library on Milvus seen as a list, and the names in it. Milvus sorts nothing: what is listed is sorted here, up to
`MOST_SORTED` articles; of more, the newest."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from rag.errors import BylineError
from rag.filters import Filters
from rag.storage.milvus_engine import MOST, Engine, Row, batches, key, quoted
from rag.storage.milvus_links import age
from rag.storage.milvus_rows import both, where
from rag.storage.milvus_search import bm25
from rag.storage.shelf import has_words
from rag.types import Json, Listed

MOST_SORTED = 50_000
MOST_NAMING = 2_000  # articles that are asked for a name
MOST_TERMS = 100
_LIGHT = ["id", "latest", "cluster", "brief"]
_SORTED = {"title": "title", "outlet": "outlet", "words": "words"}


class Listing:
    """A store in Milvus that lists its articles. See `rag.storage.store.Store`, whose words hold."""

    _engine: Engine

    def listed(
        self, terms: Sequence[str], filters: Filters, *, order: str, descending: bool, offset: int, limit: int
    ) -> tuple[list[Listed], int]:
        """As on SQLite, but that the last of the terms is a whole word too. BylineError where more than `MOST_SORTED`
        articles would have to be sorted otherwise than newest first."""
        condition = both(where(filters), 'replaced_by == ""')
        n = self._engine.count("articles", condition)
        if n > MOST_SORTED:
            newest = order == "day" and descending and not terms
            if not newest or offset + limit > MOST_SORTED:
                raise BylineError(
                    f"{n:,} articles are too many to be sorted here: list the newest, or narrow the dates or outlets "
                    f"to at most {MOST_SORTED:,}."
                )
            condition = both(condition, f"latest >= {self._cutoff(condition, offset + limit)}")
        rows = [(row, json.loads(row["brief"])) for row in self._engine.rows("articles", condition, _LIGHT)]
        if terms:
            having, listed = self._having(terms, filters), json.dumps(list(terms))
            rows = [
                (row, brief)
                for row, brief in rows
                if row["id"] in having
                or has_words(listed, brief["outlet"], json.dumps([brief["authors"]]), brief["path"])
            ]
            n = len(rows)
        rows.sort(key=lambda pair: str(pair[0]["id"]))
        beside = self._beside_of(rows) if order in ("versions", "copies") else {}
        known = [pair for pair in rows if _value(pair, order, beside) is not None]
        known.sort(key=lambda pair: _value(pair, order, beside), reverse=descending)
        rest = [pair for pair in rows if _value(pair, order, beside) is None]
        page = [*known, *rest][offset : offset + limit]
        counts = self._beside_of(page)
        return [_listed(row, brief, *counts[row["id"]]) for row, brief in page], n

    def _cutoff(self, condition: str, wanted: int) -> int:
        """The latest day from which on at least `wanted` articles are there."""
        low, high = 0, 99_991_231
        while low < high:
            middle = (low + high + 1) // 2
            enough = self._engine.count("articles", both(condition, f"latest >= {middle}")) >= wanted
            low, high = (middle, high) if enough else (low, middle - 1)
        return low

    def _having(self, terms: Sequence[str], filters: Filters) -> set[str]:
        """Ids of the articles that have all terms in one passage."""
        places: dict[int, str] = {}
        found: set[int] | None = None
        for term in terms:
            hits = bm25(self._engine, [term], MOST, filters, lambda n, row: places.update({n: row["article_id"]}))
            numbers = {number for number, _ in hits}
            found = numbers if found is None else found & numbers
        return {places[number] for number in found or ()}

    def _beside_of(self, rows: Sequence[tuple[Row, Json]]) -> dict[str, tuple[int, int]]:
        """Id -> (versions, copies)."""
        older: Counter[str] = Counter()
        same: Counter[str] = Counter()
        for some in batches([row["id"] for row, _ in rows]):
            found = self._engine.rows("articles", f"replaced_by in {quoted(some)}", ["replaced_by"])
            older.update(row["replaced_by"] for row in found)
        for some in batches(sorted({row["cluster"] for row, _ in rows if row["cluster"]})):
            condition = both(f"cluster in {quoted(some)}", 'replaced_by == ""')
            same.update(row["cluster"] for row in self._engine.rows("articles", condition, ["cluster"]))
        return {
            row["id"]: (1 + brief["kept"] + older[row["id"]], max(0, same[row["cluster"]] - 1) if row["cluster"] else 0)
            for row, brief in rows
        }

    def listing(self, filters: Filters, terms: Sequence[str]) -> list[tuple[str, str | None, str | None, str | None]]:
        """As on SQLite; of a term at most 16,384 passages are looked at."""
        condition = both(where(filters), 'replaced_by == ""')
        ids: set[str] | None = None
        for term in list(dict.fromkeys(terms))[:MOST_TERMS]:
            having = self._having([term], filters)
            ids = having if ids is None else ids & having
        rows = (
            self._engine.rows("articles", condition, _LIGHT)
            if ids is None
            else [
                row
                for some in batches(sorted(ids))
                for row in self._engine.rows("articles", both(condition, f"id in {quoted(some)}"), _LIGHT)
            ]
        )
        found = [(row, json.loads(row["brief"])) for row in rows]
        found.sort(key=lambda pair: (-pair[0]["latest"], pair[1]["path"]))
        return [(row["id"], brief["title"], brief["outlet"], brief["published"]) for row, brief in found]

    def words_like(self, word: str) -> list[tuple[str, int]]:
        """None: Milvus lists no words, so a name that is typed wrongly is searched as it is typed."""
        return []

    def _names_of(
        self, names: Iterable[Sequence[tuple[str, str, bool]]], forms: set[str]
    ) -> list[tuple[str, str, bool]]:
        """The pairs that have one of `forms` as the short form, each once."""
        found: dict[tuple[str, str], bool] = {}
        for pairs in names:
            for short, long, stated in pairs:
                if short in forms:
                    found[short, long] = found.get((short, long), False) or stated
        return [(short, long, stated) for (short, long), stated in sorted(found.items())]

    def _naming(self, forms: Iterable[str], filters: Filters) -> list[str]:
        """Ids of articles that have one of the names, as `MOST_NAMING` allows."""
        listed = ", ".join(f'"{key(form)}"' for form in forms)
        condition = both(where(filters), f"array_contains_any(names, [{listed}])")
        rows: list[Row] = self._engine.rows("articles", condition, ["id"], limit=MOST_NAMING) if listed else []
        return [row["id"] for row in rows]


def outdated(engine: Engine, rows: Sequence[Row], condition: str) -> set[str]:
    """Ids of those of the articles that have a newer version for which the condition holds."""
    old = [row for row in rows if row["replaced_by"]]
    if not old:
        return set()
    labels = quoted(sorted({row["replaced_by"] for row in old}))
    newer = engine.rows(
        "articles",
        both(f"id in {labels} or replaced_by in {labels}", condition),
        ["id", "replaced_by", "revised", "latest"],
    )
    return {
        row["id"]
        for row in old
        for other in newer
        if other["id"] == row["replaced_by"] or (other["replaced_by"] == row["replaced_by"] and age(other) > age(row))
    }


def _value(pair: tuple[Row, Json], order: str, beside: dict[str, tuple[int, int]]) -> Any:
    """What an article is sorted by; None where it is not known."""
    row, brief = pair
    if order == "day":
        return row["latest"] or None
    if order in ("versions", "copies"):
        return beside[row["id"]][order == "copies"]
    value = brief[_SORTED[order]]
    return value.casefold() if isinstance(value, str) else value


def _listed(row: Row, brief: Json, n_versions: int, n_copies: int) -> Listed:
    return Listed(
        id=row["id"],
        title=brief["title"],
        outlet=brief["outlet"],
        published=brief["published"],
        published_precision=brief["precision"],
        published_source=brief["source"],
        n_words=brief["words"],
        n_versions=n_versions,
        n_copies=n_copies,
    )
