"""What the HTTP API answers with, for its OpenAPI description: the JSON of `rag.types`, whose docstrings say what each
value means. A test holds real answers against it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Precision = Literal["day", "month", "year", "none"]
Verdict = Literal["supported", "partial", "unsupported"]
Finding = Literal["supported", "contradicted", "attribution", "partial", "not_found"]
Object = dict[str, Any]


class _Value(BaseModel):
    model_config = ConfigDict(extra="allow")  # additions are no breaking change


class Error(_Value):
    """What went wrong, in one sentence: which value, what is allowed, what to do."""

    error: str


class Article(_Value):
    id: str
    title: str | None
    outlet: str | None
    authors: list[str]
    url: str | None
    published: str | None
    published_precision: Precision
    published_source: Literal["stated", "inferred", "none"]
    updated: str | None
    section: str | None
    inferred: list[str]
    cluster: str | None
    replaced_by: str | None
    path: str
    offset: int


class ArticleWithText(Article):
    """`start` and `end` of citations count characters of `text`."""

    text: str
    reasons: dict[str, str]
    copies: list[str]
    versions: list[Object]
    characters: int
    passages: int
    boilerplate: list[Object]


class Articles(_Value):
    articles: list[Article]
    page: int
    per_page: int
    pages: int
    total: int


class Passage(_Value):
    id: str
    start: int
    end: int
    text: str


class Hit(_Value):
    rank: int
    score: float
    scores: dict[str, float]
    article: Article
    passage: Passage


class Found(_Value):
    question: str
    understood: Object
    hits: list[Hit]
    notes: list[str]
    elapsed_s: float


class Span(_Value):
    start: int
    end: int


class Citation(_Value):
    """The article's text from `start` to `end` is `quote`, to the letter."""

    marker: int
    article: Article
    start: int
    end: int
    quote: str
    support: float
    speaker: str | None
    dates: list[Object]
    answer: Span | None


class Claim(_Value):
    text: str
    verdict: Verdict
    finding: Finding
    citations: list[Citation]
    earlier: bool


class Event(_Value):
    date: str
    precision: Precision
    source: Literal["stated", "resolved", "published"]
    planned: bool
    citations: list[Citation]


class Answer(_Value):
    question: str
    understood: Object
    status: Literal["answered", "partial", "abstained"]
    maybe: bool
    text: str
    claims: list[Claim]
    hits: list[Hit]
    disagreements: list[Object]
    timeline: list[Event]
    notes: list[str]
    problems: list[str]
    model: str
    prompt_version: str
    elapsed_s: float
    confidence: float
    usage: dict[str, float]


class Timeline(_Value):
    question: str
    events: list[Event]
    notes: list[str]
    elapsed_s: float


class CheckedSentence(_Value):
    text: str
    start: int
    end: int
    verdict: Verdict
    finding: Finding
    support: float
    citations: list[Citation]
    missing: list[str]
    conflicts: list[str]


class Checked(_Value):
    sentences: list[CheckedSentence]
    notes: list[str]
    problems: list[str]
    elapsed_s: float


class Report(_Value):
    added: int
    updated: int
    unchanged: int
    removed: int
    failed: list[Object]
    warnings: list[Object]
    articles: int
    passages: int
    elapsed_s: float


class Status(_Value):
    version: str
    embedder: str
    articles: int
    passages: int
    outlets: dict[str, int]
    first_published: str | None
    last_published: str | None
