"""What is counted and summed up in Milvus, which has neither GROUP BY nor a smallest and largest: by counts with a
condition, and bounds by halving. Kept for some seconds, since each question asks for outlets and days."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from rag.filters import Filters
from rag.storage.counts import folded
from rag.storage.milvus_engine import Engine, Row
from rag.storage.milvus_rows import both, day, iso, where

KEPT_S = 5.0  # while another process writes, what is counted may be so old
_FIRST, _LAST = 1, 99_991_231
_DATED = f"latest >= {_FIRST}"


class Counted:
    """A store in Milvus that counts and sums up its articles. See `rag.storage.counts.Counts`, whose words hold."""

    _engine: Engine

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, Any]] = {}

    def _remembered(self, name: str, make: Callable[[], Any]) -> Any:
        found = self._kept.get(name)
        if found is None or time.monotonic() - found[0] > KEPT_S:
            found = self._kept[name] = (time.monotonic(), make())
        return found[1]

    def _forget(self) -> None:
        self._kept.clear()

    def n_articles(self) -> int:
        return self._engine.count("articles")

    def n_passages(self) -> int:
        return self._engine.count("passages")

    def n_sources(self) -> int:
        return self._engine.count("articles", "alone == 1")

    def outlets(self) -> dict[str, int]:
        return dict(self._remembered("outlets", self._outlets))

    def _outlets(self) -> dict[str, int]:
        rows = self._engine.rows("outlets", 'id != ""', ["id", "outlet"])
        counts = [(row["outlet"], self._engine.count("articles", f'outlet_key == "{row["id"]}"')) for row in rows]
        return folded([pair for pair in counts if pair[1]])

    def date_bounds(self) -> tuple[str | None, str | None]:
        first, last = self._remembered("bounds", self._bounds)
        return iso(first["earliest"]) if first else None, iso(last["latest"]) if last else None

    def _bounds(self) -> tuple[Row | None, Row | None]:
        """The rows of the articles with the first and the last day."""
        return self._end("earliest", "<="), self._end("latest", ">=")

    def _end(self, field: str, sign: str) -> Row | None:
        """A row with the smallest (`sign` "<=") or largest (">=") value of `field`: each row that is found is nearer,
        and halves what is left."""
        best, low, high = None, _FIRST, _LAST
        while low <= high:
            middle = (low + high) // 2
            if best is None:
                middle = high if sign == "<=" else low
            condition = both(_DATED, f"{field} {sign} {middle}")
            found = self._engine.rows("articles", condition, [field, "brief"], limit=1)
            if not found and best is None:
                return None
            if found:
                best = found[0]
            if sign == "<=":
                low, high = (low, int(best[field]) - 1) if found and best else (middle + 1, high)
            else:
                low, high = (int(best[field]) + 1, high) if found and best else (low, middle - 1)
        return best

    def overview(self) -> tuple[int, dict[str, int], str | None, str | None, int]:
        n, undated = self.n_articles(), self._engine.count("articles", f"latest < {_FIRST}")
        ends = self._remembered("bounds", self._bounds)
        first, last = (row and json.loads(row["brief"])["published"] for row in ends)
        return n, self.outlets(), first, last, undated

    def n_undecided(self, filters: Filters) -> int:
        return self._n_unsure(filters, passing=False)

    def n_uncertain(self, filters: Filters) -> int:
        return self._n_unsure(filters, passing=True)

    def holds_later(self, filters: Filters, day_: str) -> bool:
        condition = both(where(filters), _DATED, f"earliest >= {day(day_)}")
        return bool(self._engine.rows("articles", condition, ["id"], limit=1))

    def _n_unsure(self, filters: Filters, *, passing: bool) -> int:
        first = day(filters.published_from) or _FIRST
        last = min(day(bound) or _LAST for bound in (filters.published_to, filters.as_of))
        if (first, last) == (_FIRST, _LAST):
            return 0
        of_outlet = where(Filters(outlets=filters.outlets))
        within = both(f"latest >= {first}", f"earliest <= {last}")
        unsure = f"(latest < {_FIRST}) or (({within}) and not ((earliest >= {first}) and (latest <= {last})))"
        passes = where(filters)
        return self._engine.count("articles", both(of_outlet, unsure, passes if passing else f"not ({passes})"))

    def n_revised_since(self, filters: Filters) -> int:
        if filters.as_of is None:
            return 0
        limit = day(filters.as_of)
        condition = both(
            where(Filters(outlets=filters.outlets)),
            'replaced_by == ""',
            _DATED,
            f"latest <= {limit}",
            f"revised > {limit}",
        )
        return self._engine.count("articles", condition)
