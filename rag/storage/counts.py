"""The SQL that counts and sums up: how many articles there are, of which outlets and days, and how many of them filters
leave out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from rag.filters import Filters
from rag.storage.database import Database
from rag.storage.rows import to_where


class Counts(Database):
    """A database that counts and sums up the articles in it."""

    _outlets: tuple[int, dict[str, int]] = (-1, {})  # at which generation, and what they were

    def n_articles(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM articles").fetchone()[0])

    def n_passages(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM passages").fetchone()[0])

    def n_sources(self) -> int:
        """How many stories there are, copies and versions counted once."""
        return int(self._db.execute("SELECT count(DISTINCT coalesce(cluster, id)) FROM articles").fetchone()[0])

    def outlets(self) -> dict[str, int]:
        """Outlet -> number of articles, most first, as `folded`. Counted once for each state of the library: every
        question asks for them."""
        generation, (at, counted) = self.generation, self._outlets
        if at != generation:
            counted = folded(self._db.execute("SELECT outlet, count(*) FROM articles GROUP BY outlet").fetchall())
            self._outlets = generation, counted
        return dict(counted)

    def date_bounds(self) -> tuple[str | None, str | None]:
        """The first and the last day on which an article can have been published."""
        # Each by itself is the end of an index; together they are a walk through the table.
        row = self._db.execute(
            "SELECT (SELECT min(earliest) FROM articles), (SELECT max(latest) FROM articles)"
        ).fetchone()
        return row[0], row[1]

    def overview(self) -> tuple[int, dict[str, int], str | None, str | None, int]:
        """Number of articles; outlet -> its number, most first; the first and the last date of publication, cut to what
        is known of them; number of undated articles. One pass over the table, whose rows are long."""
        rows = self._db.execute(
            "SELECT outlet, count(*), count(latest), min(earliest || '/' || latest || '/' || published), "
            "max(latest || '/' || earliest || '/' || published) FROM articles GROUP BY outlet"
        ).fetchall()
        first = min((row[3] for row in rows if row[3]), default=None)
        last = max((row[4] for row in rows if row[4]), default=None)
        n_articles, n_dated = sum(row[1] for row in rows), sum(row[2] for row in rows)
        first, last = (end and end.split("/")[2] for end in (first, last))
        return n_articles, folded(rows), first, last, n_articles - n_dated

    def n_undecided(self, filters: Filters) -> int:
        """How many articles `filters` leave out though they may lie within its dates: their own date is not known
        exactly enough, or not at all."""
        return self._n_unsure(filters, passing=False)

    def n_uncertain(self, filters: Filters) -> int:
        """How many articles pass `filters` though they may lie outside its dates: theirs is known to the month or the
        year, which lies there in part."""
        return self._n_unsure(filters, passing=True)

    def holds_later(self, filters: Filters, day: str) -> bool:
        """Whether an article that passes `filters` was surely published on `day` or later."""
        where, values = to_where(filters)
        sql = f"SELECT 1 FROM articles a WHERE {where} AND earliest >= ? LIMIT 1"
        return self._db.execute(sql, (*values, day)).fetchone() is not None

    def _n_unsure(self, filters: Filters, *, passing: bool) -> int:
        first = filters.published_from or "0000"
        last = min(bound for bound in (filters.published_to, filters.as_of, "9999") if bound)
        if (first, last) == ("0000", "9999"):
            return 0
        (of_outlet, outlets), (where, values) = to_where(Filters(outlets=filters.outlets)), to_where(filters)
        row = self._db.execute(
            f"SELECT count(*) FROM articles a WHERE {of_outlet} "
            "AND (earliest IS NULL OR (latest >= ? AND earliest <= ? AND NOT (earliest >= ? AND latest <= ?))) "
            f"AND coalesce(({where}), 0) = {int(passing)}",
            (*outlets, first, last, first, last, *values),
        ).fetchone()
        return int(row[0])

    def n_revised_since(self, filters: Filters) -> int:
        """How many articles were published by `filters.as_of` and changed later, when more was known."""
        of_outlet, outlets = to_where(Filters(outlets=filters.outlets))
        sql = (
            f"SELECT count(*) FROM articles a WHERE {of_outlet} AND replaced_by IS NULL AND latest <= ? AND revised > ?"
        )
        return int(self._db.execute(sql, (*outlets, filters.as_of, filters.as_of)).fetchone()[0])


def folded(rows: Iterable[Any]) -> dict[str, int]:
    """Outlet -> its number, most first, of rows that begin so; those that differ in case only are one, as most write
    it."""
    spelled: dict[str, str] = {}
    found: Counter[str] = Counter()
    for outlet, n, *_ in sorted(rows, key=lambda row: (-row[1], row[0] or "")):
        if outlet:
            found[spelled.setdefault(outlet.casefold(), outlet)] += n
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))
