"""Every value and protocol of Byline. Read this page first; what is stored is in `rag.stored`, and imported from here.

Offsets (`start`, `end`) are half-open and count characters (code points) of the stored article text.
`position` counts from 0, `rank` and `marker` from 1, `*_s` are seconds, `n_*` are counts.
Scores are "higher is better", always.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from rag.stored import EXCERPT as EXCERPT
from rag.stored import NO_HEADLINE as NO_HEADLINE
from rag.stored import Article as Article
from rag.stored import DateSource as DateSource
from rag.stored import Ids as Ids
from rag.stored import Json as Json
from rag.stored import Listed as Listed
from rag.stored import Passage as Passage
from rag.stored import Place as Place
from rag.stored import Precision as Precision
from rag.stored import Sentence as Sentence
from rag.stored import Span as Span
from rag.stored import Value as Value
from rag.stored import Version as Version
from rag.stored import to_json as to_json

Status = Literal["answered", "partial", "abstained"]
Verdict = Literal["supported", "partial", "unsupported"]
Finding = Literal["supported", "contradicted", "attribution", "partial", "not_found"]
"""A verdict with its reason: "attribution" is said in the articles as somebody's words, which the claim states."""
_One = TypeVar("_One")


class _Noted(list[_One]):
    """A list with `notes` for its reader, and with what was `understood` of the question (see `Answer`)."""

    def __init__(
        self, found: Iterable[_One] = (), *, understood: Json | None = None, notes: Iterable[str] = ()
    ) -> None:
        super().__init__(found)
        self.understood: Json = dict(understood or {})
        self.notes = tuple(notes)


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
