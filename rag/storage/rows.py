"""Rows of the database to values and back; what filters and search terms are in SQL; by what key a vector is stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from rag.errors import LibraryError
from rag.filters import Filters
from rag.storage import links
from rag.types import Article, Passage

ARTICLE = (
    "id, path, title, outlet, authors, url, published, published_precision, published_source, reasons, "
    'boilerplate, content_hash, text, section, updated, "offset", places, asides, edited, cluster, replaced_by'
)
STORED = ARTICLE.removesuffix(", cluster, replaced_by")
PASSAGE = 'id, article_id, position, start, "end", heading, n_tokens'
_ARTICLE_FIELDS, STORED_FIELDS, _PASSAGE_FIELDS = (
    columns.replace('"', "").split(", ") for columns in (ARTICLE, STORED, PASSAGE)
)


def text_hash(text: str) -> bytes:
    """The key of a vector: 16 bytes of SHA-256 over the text that was embedded."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


def text_to_embed(title: str | None, heading: str, text: str) -> str:
    """What the embedder sees of a passage: the title and section heading give it its topic; neither is quoted."""
    # A "title" that is a whole paragraph must not crowd the passage out of the embedder's window.
    return "\n".join(part for part in (title and title[:200], heading[:200], text) if part)


def to_match(terms: Sequence[str], between: str) -> str:
    """The terms as FTS5 takes them, joined by " AND " or " OR ". Operators and punctuation in them are only text."""
    return between.join('"' + term.replace('"', '""').replace("\0", " ") + '"' for term in terms)


def to_where(filters: Filters) -> tuple[str, list[str]]:
    """The condition on articles `a` that `filters` set, and its values."""
    clauses, values = ["1"], []
    if filters.outlets is not None:
        clauses.append(f"casefold(a.outlet) IN ({', '.join('?' * len(filters.outlets))})")
        values += [outlet.strip().casefold() for outlet in filters.outlets]
    for column, sign, bound in (
        ("latest", ">=", filters.published_from),  # what may lie there passes, and a note says so
        ("earliest", "<=", filters.published_to),
        ("latest", "<=", filters.as_of),
        ("revised", "<=", filters.as_of),  # what was changed later was not yet to be read
    ):
        if bound is not None:
            unless = "a.revised IS NULL OR " if column == "revised" else ""
            clauses.append(f"({unless}a.{column} {sign} ?)")
            values.append(bound)
    return " AND ".join(clauses), values


def to_article(row: tuple[Any, ...]) -> Article:
    """The article of a row of the columns ARTICLE. LibraryError where a column holds what is never stored."""
    fields = dict(zip(_ARTICLE_FIELDS, row, strict=True))
    try:
        fields |= {
            name: json.loads(fields[name])
            for name in ("authors", "reasons", "boilerplate", "places", "asides", "edited")
        }
        return Article(**links.in_tuples(fields))
    except (TypeError, ValueError) as error:
        what = f"the article {fields['id']} is damaged in the library's file"
        raise LibraryError(f"{what}: restore that from a copy, or ingest the articles into a new library.") from error


def to_column(value: Any) -> Any:
    """The value as a column holds it: tuples and dicts as JSON."""
    return json.dumps(value) if isinstance(value, tuple | dict) else value


def to_passage(row: tuple[Any, ...], article: Article) -> Passage:
    """The passage of a row of the columns PASSAGE, its text cut from its article."""
    place = article.place_at(row[3])
    fields = dict(zip(_PASSAGE_FIELDS, row, strict=True))
    return Passage(**fields, text=article.text[row[3] : row[4]], page=place.page, time=place.time)
