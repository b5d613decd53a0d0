"""Which articles may be seen: what callers give, checked and kept as a value in one place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from rag.errors import BylineError
from rag.text.calendar import date_range
from rag.text.words import encodable

Date = str | dt.date | None


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What may be seen: outlets by name, in any case, and dates, inclusive. A date is given as a `datetime.date` or in
    ISO 8601 ("2024-05-06", "2024-05", "2024") and kept as the first or last ISO day that it can mean. BylineError where
    it is no date.

    An article whose date is known only to the month or year passes `published_from` and `published_to` where it may
    lie within them (a note says so), but `as_of` only when the whole of it does, since that promises that nothing
    published later is seen. An article without a date passes none.
    """

    outlets: tuple[str, ...] | None = None
    published_from: str | None = None
    published_to: str | None = None
    as_of: str | None = None

    def __post_init__(self) -> None:
        given: Any = self.outlets
        known = {
            "outlets": None if given is None else tuple(map(encodable, (given,) if isinstance(given, str) else given)),
            "published_from": _iso_day("published_from", self.published_from, 0),
            "published_to": _iso_day("published_to", self.published_to, 1),
            "as_of": _iso_day("as_of", self.as_of, 1),
        }
        for name, value in known.items():
            object.__setattr__(self, name, value)

    def __bool__(self) -> bool:
        return any(v is not None for v in (self.outlets, self.published_from, self.published_to, self.as_of))


def _iso_day(name: str, value: Date, end: int) -> str | None:
    """The first (`end` 0) or last (1) day that a date, month or year can mean."""
    if value is None:
        return None
    text = value.isoformat()[:10] if isinstance(value, dt.date) else str(value).strip()
    try:
        if len(text) not in (4, 7, 10):
            raise ValueError
        day = dt.date.fromisoformat(text + "-01-01"[len(text) - 4 :]).isoformat()
        return date_range(day[: len(text)])[end]
    except ValueError:
        raise BylineError(
            f"{name} is {value!r}, which is no date: write YYYY-MM-DD, YYYY-MM or YYYY, for example 2024-05-06."
        ) from None


class Within(TypedDict, total=False):
    """`Filters` as they are given at the door: whole, or value by value."""

    filters: Filters | None
    outlets: Sequence[str] | None
    published_from: Date
    published_to: Date
    as_of: Date


def filters_of(given: Within) -> Filters:
    """The filters that were given. BylineError where both `filters` and one of its values are, or a date is no date;
    TypeError where a name is none of `Within`."""
    values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if unknown := sorted(given.keys() - Within.__annotations__.keys()):
        raise TypeError(f"there is no filter {unknown[0]!r}: use {', '.join(Within.__annotations__)}")
    whole = values.pop("filters", None)
    if whole is not None and values:
        raise BylineError(f"filters and {', '.join(values)} are given: give one or the other.")
    return Filters(**values) if whole is None else whole
