"""What an editor states of an article, in place of what was read from its file. Pure functions.

`Article.edited` keeps what was read, so that an edit can be undone, and what was read anew stays under it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rag.errors import BylineError
from rag.ingest.metadata import PRECISIONS, clean
from rag.text.written_dates import parse_date
from rag.types import Article, Json

EDITABLE = ("title", "outlet", "authors", "published")
LONGEST, MOST_AUTHORS = 500, 50
_OF_DATE = ("published", "published_precision", "published_source")


def checked(values: Mapping[str, Any]) -> Json:
    """The values as they are stored: text on one line, authors as a list, a date in ISO 8601 as far as it is known;
    None (authors: an empty list) for what is empty. BylineError for a name that cannot be edited and a value that
    cannot be."""
    if unknown := [name for name in values if name not in EDITABLE]:
        raise BylineError(f"{unknown[0]!r} cannot be edited: only {', '.join(EDITABLE)} can.")
    found: Json = {}
    for name, value in values.items():
        if name == "authors":
            names = value.split(";") if isinstance(value, str) else list(value or ())
            lines = [_line(name, one) for one in names]
            found[name] = list(dict.fromkeys(line for line in lines if line is not None))[:MOST_AUTHORS]
        else:
            line = _line(name, value)
            found[name] = _date(line) if name == "published" and line is not None else line
    return found


def stated(article: Article, values: Mapping[str, Any]) -> Article:
    """The article with these (`checked`) values as stated by the editor."""
    article = as_read(article)
    edited: Json = {}
    changed: Json = {}
    reasons = dict(article.reasons)
    for name, value in values.items():
        names = _OF_DATE if name == "published" else (name,)
        edited[name] = {"read": {one: _json(getattr(article, one)) for one in names}}
        if name in reasons:
            edited[name]["reason"] = reasons.pop(name)
        changed[name] = tuple(value) if name == "authors" else value
        if name == "published":
            known = "stated" if value else "none"
            changed |= {"published_precision": PRECISIONS[len(value or "")], "published_source": known}
    return replace(article, **changed, reasons=reasons, edited=edited)


def changes(article: Article, values: Mapping[str, Any]) -> Json:
    """Those of the (`checked`) values that state something else than the article says."""
    now = {name: _json(getattr(article, name)) for name in values}
    return {name: value for name, value in values.items() if value != now[name]}


def as_read(article: Article) -> Article:
    """The article as it was read from its file."""
    values: Json = {}
    reasons = dict(article.reasons)
    for name, was in article.edited.items():
        values |= {one: tuple(value) if isinstance(value, list) else value for one, value in was["read"].items()}
        if "reason" in was:
            reasons[name] = was["reason"]
    return replace(article, **values, reasons=dict(sorted(reasons.items())), edited={})


def _line(name: str, value: Any) -> str | None:
    line = " ".join(clean(str(value)).split()) if value is not None else ""
    if len(line) > LONGEST:
        raise BylineError(f"the {name} has {len(line):,} characters: give at most {LONGEST}.")
    return line or None


def _date(line: str) -> str:
    date, _ = parse_date(line)
    try:
        if date is None or dt.date.fromisoformat(date + "-01-01"[len(date) - 4 :]).year > dt.date.today().year + 1:
            raise ValueError
    except ValueError:
        raise BylineError(
            f"the date {line[:80]!r} is no day of publication: write it as YYYY-MM-DD, YYYY-MM or YYYY."
        ) from None
    return date


def _json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
