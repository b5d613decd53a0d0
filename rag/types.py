"""Every value and protocol of Byline. Read this page first.

Offsets (`start`, `end`) are half-open and count characters (code points) of the stored article text.
`position` counts from 0, `rank` and `marker` from 1, `*_s` are seconds, `n_*` are counts.
Scores are "higher is better", always.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Span = tuple[int, int]
Precision = Literal["day", "month", "year", "none"]
DateSource = Literal["stated", "inferred", "none"]
Status = Literal["answered", "partial", "abstained"]
Verdict = Literal["supported", "partial", "unsupported"]
Finding = Literal["supported", "contradicted", "attribution", "partial", "not_found"]
"""A verdict with its reason: "attribution" is said in the articles as somebody's words, which the claim states."""
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


_One = TypeVar("_One")


class _Noted(list[_One]):
    """A list with `notes` for its reader, and with what was `understood` of the question (see `Answer`)."""

    def __init__(
        self, found: Iterable[_One] = (), *, understood: Json | None = None, notes: Iterable[str] = ()
    ) -> None:
        super().__init__(found)
        self.understood: Json = dict(understood or {})
        self.notes = tuple(notes)


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
        path = Path(self.path)
        here = Path.cwd()
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
            "path": str(path.relative_to(here)) if path.is_relative_to(here) else self.path,
            "offset": self.offset,
        }


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
class SearchHit(Value):
    """A retrieved passage. `score` orders the hits; `scores` keeps each part of it (`cosine`, `bm25`)."""

    score: float
    rank: int
    scores: dict[str, float]
    article: Article
    passage: Passage

    def to_dict(self) -> Json:
        return {**super().to_dict(), "page": self.passage.page, "time": self.passage.time}


class Hits(_Noted[SearchHit]):
    """What `retrieve` gives: the passages, best first. `notes` say what the filters left out or let through unsure, and
    that nothing passes them where that is so."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A sentence of a retrieved passage: what an answer may quote. `text` is the article's own words."""

    hit: SearchHit
    sentence: Sentence
    text: str


@dataclass(frozen=True, kw_only=True)
class ResolvedDate(Value):
    """Words of an article that mean a date only beside its own: `article.text[start:end] == words`. `date` is an ISO
    date cut to `precision`; `basis` says what it was resolved against, the article's date and how that is known."""

    start: int
    end: int
    words: str
    date: str
    precision: Precision
    basis: str


@dataclass(frozen=True, kw_only=True)
class Citation(Value):
    """The exact words behind a claim: `article.text[start:end] == quote`. `support` is in 0..1.

    `speaker` is whom the article names, in its own words, as saying it; None where it speaks for itself. `dates` are
    the relative dates in the quote ("Monday") with the days they mean; they stand beside the quote, never in it.
    `answer` are the words of the quote that the reader takes for the answer, half-open in the article's characters;
    None where it points at none. `page` and `time` are those at which the quote begins (see `Place`).
    """

    marker: int
    article: Article
    start: int
    end: int
    quote: str
    support: float
    speaker: str | None = None
    dates: tuple[ResolvedDate, ...] = ()
    answer: Span | None = None

    def to_dict(self) -> Json:
        answer = None if self.answer is None else {"start": self.answer[0], "end": self.answer[1]}
        return {**super().to_dict(), "answer": answer, "page": self.page, "time": self.time}

    @property
    def page(self) -> int | None:
        return self.article.place_at(self.start).page

    @property
    def time(self) -> str | None:
        return self.article.place_at(self.start).time


@dataclass(frozen=True, kw_only=True)
class Claim(Value):
    """One sentence of an answer, without its markers, and the words that back it.

    `earlier` is true where a later article has changed what this one reports. `witness` is what a language model that
    the checker asked said: "model", "says" (yes, no), "probability" of yes or None, "effect" (lifted, lowered, None).
    """

    text: str
    verdict: Verdict
    finding: Finding = "supported"
    citations: tuple[Citation, ...] = ()
    earlier: bool = False
    witness: Json | None = None


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """What articles report differently about the same thing, side by side, oldest first: never a ruling.

    `kind` is "update" where a later report changes an earlier one, "difference" where neither can be said to.
    `values` holds, for each citation, the words that differ.
    """

    about: str
    kind: Literal["difference", "update"]
    values: tuple[str, ...]
    citations: tuple[Citation, ...]

    def to_dict(self) -> Json:
        return {
            "about": self.about,
            "kind": self.kind,
            "statements": [{"value": v, **c.to_dict()} for v, c in zip(self.values, self.citations, strict=True)],
        }


@dataclass(frozen=True, kw_only=True)
class Event(Value):
    """What happened on a date, as reported: `citations` are the reports of it. `date` is an ISO date cut to
    `precision`. `source` says how it is known: stated in the words, resolved from them ("Monday") by the article's
    date, or no more than the article's own date. `planned` is true where they only announce it."""

    date: str
    precision: Precision
    source: Literal["stated", "resolved", "published"]
    planned: bool = False
    citations: tuple[Citation, ...]


class Timeline(_Noted[Event]):
    """What `timeline` gives: the events, earliest first. `notes` say too why there are none."""


@dataclass(frozen=True, kw_only=True)
class Answer(Value):
    """What `ask` gives. `text` is the claims in order, each followed by its markers, `[1] [2]`.

    `abstained` carries no claim: `notes` says what is missing and `hits` what came nearest. `maybe` goes with
    "partial": what is shown may answer, the reader is not sure.
    `problems` names what the language model did wrong, and articles that speak to machines; `notes` is for the reader.
    `understood` holds what was read from the question beyond its words: `question`, with what a follow-up left out put
    in; `as_of`, `published_from`, `published_to`; and `because`, a sentence for each. Empty where the question was
    taken as it stands.
    `usage` is what the language model's server says that the answer took: `tokens_in`, `tokens_out` and, of some,
    `cost_usd`; empty where it does not say.
    `confidence`, in 0..1, is how likely the built-in reader holds it that the passages answer, whoever writes.
    """

    question: str
    understood: Json = field(default_factory=dict)
    status: Status
    maybe: bool = False
    text: str
    claims: tuple[Claim, ...] = ()
    hits: tuple[SearchHit, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    timeline: tuple[Event, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    model: str
    prompt_version: str
    elapsed_s: float
    confidence: float = 0.0
    usage: Json = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CheckedSentence(Value):
    """One sentence of a reader's draft: `draft[start:end] == text`.

    `citations` are the words of the library that carry it or, where `conflicts` says so, contradict it; none where the
    library holds nothing about it. `missing` are words of the sentence that those do not carry. `witness` as in
    `Claim`.
    """

    text: str
    start: int
    end: int
    verdict: Verdict
    finding: Finding = "not_found"
    support: float
    citations: tuple[Citation, ...] = ()
    missing: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    witness: Json | None = None


class Checked(_Noted[CheckedSentence]):
    """What `check` gives: the sentences of a draft, in order. `problems` says why a model that was asked too was not
    heard."""

    def __init__(
        self, found: Iterable[CheckedSentence] = (), *, notes: Iterable[str] = (), problems: Iterable[str] = ()
    ) -> None:
        super().__init__(found, notes=notes)
        self.problems = tuple(problems)


@dataclass(frozen=True, kw_only=True)
class Version(Value):
    """A state of a piece: the stored text of an article now (`replaced_at` None), or what it was before its file was
    read anew at `replaced_at` (UTC, ISO 8601)."""

    article: Article
    replaced_at: str | None = None


@dataclass(frozen=True, kw_only=True)
class Failure(Value):
    """A file (or a line of a JSONL file, `path:line`) that could not be read, and why, in one sentence."""

    path: str
    error: str


@dataclass(frozen=True, kw_only=True)
class IngestWarning(Value):
    """What a reader should know of an article, or of several of one file, that went in: an inferred date, a text that
    is not whole, an encoding that is uncertain. `kind` is one of `rag.ingest.warnings.KINDS`, `n` how many it is of."""

    path: str
    warning: str
    kind: str
    n: int = 1

    def to_dict(self) -> Json:
        return {"path": self.path, "warning": self.warning, "kind": self.kind, "articles": self.n}


@dataclass(frozen=True, kw_only=True)
class IngestReport(Value):
    """What one ingest did. `articles` and `passages` are the library's totals afterwards.

    `unchanged` counts files whose text is in the library already; `duplicates` names those among them that lie
    under a second name (they are stored once). `copies` names what went in and is a story that was there already: a
    "copy" of its text, or a "version" of the same piece. `removed` counts articles that vanished from a file that
    holds several (JSONL). `warnings` says what is uncertain of those added or updated. `skipped` counts the files of
    folders that are of no kind that is read, by suffix ("" for none). `not_read` names the files that were left when it
    was stopped.
    """

    added: int
    updated: int
    unchanged: int
    removed: int
    failed: tuple[Failure, ...]
    duplicates: tuple[Json, ...]
    copies: tuple[Json, ...] = ()
    skipped: dict[str, int] = field(default_factory=dict)
    warnings: tuple[IngestWarning, ...] = ()
    not_read: tuple[str, ...] = ()
    articles: int
    passages: int
    elapsed_s: float


class LanguageModel(Protocol):
    """Anything that writes text for a prompt."""

    @property
    def name(self) -> str: ...

    def generate(self, system: str, user: str, *, max_tokens: int) -> Iterator[str]:
        """Pieces of text in order, at least one with a letter in it. ModelError when there are none, or when it breaks
        off: what came before stays with the caller. A generator may return why the text is cut off, in words that
        follow "the answer is cut off: "; None or nothing where it is whole."""
        ...
