"""The values that are stored: articles, passages, sentences, versions, and what these consist of. `rag.types` says how
offsets count, and has these names too: everything else imports them from there."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Span = tuple[int, int]
Precision = Literal["day", "month", "year", "none"]
DateSource = Literal["stated", "inferred", "none"]
Json = dict[str, Any]
EXCERPT = "excerpt"
"""The key of `Article.reasons` under which it is said that the text is not the whole article."""


@dataclass(frozen=True, kw_only=True)
class Value:
    """What most values are: their JSON is their fields, in order."""

    def to_dict(self) -> Json:
        return {one.name: to_json(getattr(self, one.name)) for one in fields(self)}


def to_json(value: Any) -> Any:
    """JSON of any value, and of lists, tuples and dicts of such: what `to_dict` gives of those that have it."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, dict):
        return {name: to_json(one) for name, one in value.items()}
    return [to_json(one) for one in value] if isinstance(value, list | tuple) else value


class Place(NamedTuple):
    """What the text is from character `start` on, up to the next place: the page of the file (from 1, as programs that
    show it count), the time in the recording ("12:31", "1:02:31"), who speaks; None where there is no such thing."""

    start: int
    page: int | None = None
    time: str | None = None
    speaker: str | None = None


NO_HEADLINE = "The text has no headline; these are its first words."
"""The reason for a title that nobody wrote."""


@dataclass(frozen=True, kw_only=True)
class Article:
    """One news article as it is stored.

    `text` is what citations point into. For a plain-text or Markdown file it is the file itself, decoded, with
    newlines as `\\n`, so that offsets hold in the file; front matter and boilerplate stay in it and are listed in
    `boilerplate`, and nothing inside those spans is ever retrieved or quoted. Where such a file holds several articles
    (`path#key` each), `text` is the slice of it that begins at `offset`: a quote is at `offset + start` in the file.

    `published` and `updated` are ISO 8601 dates cut to what is known ("2024-04-29", "2024-04", "2024") or None.
    `reasons` says, for each value that was inferred and not stated, what it was inferred from (and where a date was
    cut or passed over, why).

    `places` say, in order, on which page of a PDF the text is, or when it was said in a recording; empty where the file
    has neither. `asides` are what the form of the file shows to be no story (in a mail, what it replies to); they are
    among `boilerplate` too.

    What ingest found beside it in the library: articles with the same `cluster` (the id of one of them) carry the same
    story and count as one source; `replaced_by` is the id of the newest version of this piece, None for that itself.
    `edited` has, for each value that an editor stated, what was read in its place (see `rag.ingest.edits`).
    """

    id: str
    text: str
    title: str | None
    outlet: str | None
    authors: tuple[str, ...] = ()
    url: str | None = None
    published: str | None = None
    published_precision: Precision = "none"
    published_source: DateSource = "none"
    path: str
    content_hash: str
    boilerplate: tuple[Span, ...] = ()
    reasons: dict[str, str] = field(default_factory=dict)
    section: str | None = None
    updated: str | None = None
    cluster: str | None = None
    replaced_by: str | None = None
    offset: int = 0
    places: tuple[Place, ...] = ()
    asides: tuple[Span, ...] = ()
    edited: Json = field(default_factory=dict)

    def place_at(self, start: int) -> Place:
        """Where character `start` of the text stands in its file; a place that says nothing where that is not known."""
        at = bisect_right(self.places, start, key=lambda place: place.start)
        return self.places[at - 1] if at else Place(0)

    @property
    def is_transcript(self) -> bool:
        """Whether it is what was said in a recording."""
        return any(place.time is not None for place in self.places)

    @property
    def inferred(self) -> tuple[str, ...]:
        """The names of the values that nothing states, and that were inferred; `reasons` has why."""
        others = ("title", "outlet", "authors", "url", "section", "updated")
        found = [name for name in others if name in self.reasons and getattr(self, name)]
        return tuple([*found, "published"] if self.published_source == "inferred" else found)

    @property
    def excerpt(self) -> str | None:
        """The sentence that says why this is not the whole article (its beginning, a summary); None where it is."""
        return self.reasons.get(EXCERPT)

    @property
    def headline(self) -> str | None:
        """The title that somebody wrote: what is searched and read with the text. None where `title` is only its first
        words, which stand there to name it."""
        return self.title if self.reasons.get("title") != NO_HEADLINE else None

    def to_dict(self) -> Json:
        """ARTICLE of the JSON output: everything but the text. `path` is relative where it lies below the
        working folder, so that it can be opened from there."""
        return {
            "id": self.id,
            "title": self.title,
            "outlet": self.outlet,
            "authors": list(self.authors),
            "url": self.url,
            "published": self.published,
            "published_precision": self.published_precision,
            "published_source": self.published_source,
            "updated": self.updated,
            "section": self.section,
            "inferred": list(self.inferred),
            "edited": list(self.edited),
            "cluster": self.cluster,
            "replaced_by": self.replaced_by,
            "path": _from_here(self.path),
            "offset": self.offset,
        }


def _from_here(path: str) -> str:
    """The path, relative where it lies below the working folder; as it is where that was deleted."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except (OSError, ValueError):
        return path


@dataclass(frozen=True)
class Listed(Value):
    """An article as it stands in a list of many, without its text. `n_words` counts those of the story, `n_versions`
    the versions of its piece, `n_copies` the other articles that carry the same story."""

    id: str
    title: str | None
    outlet: str | None
    published: str | None
    published_precision: Precision
    published_source: DateSource
    n_words: int
    n_versions: int
    n_copies: int


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A run of whole sentences of one article: the unit that is embedded and retrieved.

    `article.text[start:end] == text`. `heading` is the section heading above it: the title and the heading are put
    before the text that is embedded and searched, and are never quoted. `n_tokens` counts `text`. `page` and `time` are
    those at which it begins (see `Place`).
    """

    id: str
    article_id: str
    position: int
    start: int
    end: int
    text: str
    n_tokens: int
    heading: str = ""
    page: int | None = None
    time: str | None = None

    def to_dict(self) -> Json:
        return {"id": self.id, "start": self.start, "end": self.end, "text": self.text}


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """The unit that is cited. `position` counts the article's sentences, boilerplate left out."""

    article_id: str
    position: int
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Version(Value):
    """A state of a piece: the stored text of an article now (`replaced_at` None), or what it was before its file was
    read anew at `replaced_at` (UTC, ISO 8601)."""

    article: Article
    replaced_at: str | None = None
