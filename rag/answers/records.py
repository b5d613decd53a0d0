"""The record of an answer: what was asked, said and quoted, from which state of which articles. And that record beside
the articles as they are later."""

from __future__ import annotations

import datetime as dt
import difflib
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal

from rag.answers.citations import SUPPORTED_FROM, Checker, as_read
from rag.answers.writer import LIBRARY
from rag.text.sentences import split_sentences
from rag.types import Answer, Article, Json, Value

RECORD_VERSION = 1
# A sentence this like the one that was quoted (difflib's ratio) is shown as what it has become.
RESEMBLES_FROM = 0.6


State = Literal["unchanged", "moved", "changed", "gone"]


def make_record(answer: Answer, *, embedder: str, indexed_as: str, now: dt.datetime | None = None) -> Json:
    """The record of an answer: the whole of `Answer.to_dict()` but for the texts of the hits, each article with the
    SHA-256 of the text that was quoted, and the versions of what made it. `digest` is over all of the rest."""
    said = answer.to_dict()
    said["hits"] = [
        {"article": hit.article.id, "start": hit.passage.start, "end": hit.passage.end, "score": hit.score}
        for hit in answer.hits
    ]
    quoted = [
        c for part in (answer.claims, answer.disagreements, answer.timeline) for one in part for c in one.citations
    ]
    articles = {c.article.id: c.article for c in quoted} | {hit.article.id: hit.article for hit in answer.hits}
    record = {
        "byline_record": RECORD_VERSION,
        "byline_version": version("byline"),
        "saved_at": (now or dt.datetime.now(dt.timezone.utc)).isoformat(timespec="seconds"),
        "embedder": embedder,
        "index": indexed_as,
        "articles": {key: {**article.to_dict(), "sha256": text_sha256(article)} for key, article in articles.items()},
        "answer": said,
    }
    return {**record, "digest": _digest(record)}


def text_sha256(article: Article) -> str:
    """Of the stored text, in UTF-8."""
    return hashlib.sha256(article.text.encode("utf-8", "surrogatepass")).hexdigest()


def _digest(record: Mapping[str, object]) -> str:
    rest = {key: value for key, value in record.items() if key != "digest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def check_shape(record: Json) -> None:
    """TypeError, KeyError, AttributeError, ValueError or OverflowError where a record has not what `verify` reads."""
    json.dumps(record, ensure_ascii=False).encode()  # halves of surrogate pairs, which no database takes
    claims = [*record["answer"]["claims"]]
    for claim in claims:
        texts = [claim["text"], claim.get("verdict", "")]
        for citation in claim["citations"]:
            article = citation["article"]
            texts += [citation["quote"], article["id"], article["path"]]
            _ = [int(citation[name]) for name in ("start", "end")] + [int(citation.get("marker", 0))]
        if not all(isinstance(text, str) for text in texts):
            raise TypeError


@dataclass(frozen=True, kw_only=True)
class VerifiedCitation(Value):
    """A citation of a record beside the library as it is. `state` is "unchanged"; "moved" (the same words at other
    offsets); "changed" (the article no longer has them); "gone" (the article is not in the library). `now` holds the
    words as they stand, or those that seem to have taken their place, with their offsets; None where there are none."""

    marker: int
    article: Json
    quote: str
    state: State
    now: Json | None


@dataclass(frozen=True, kw_only=True)
class VerifiedClaim(Value):
    """`holds` where every quotation stands. `carried` says whether the words as they are now carry the claim."""

    text: str
    holds: bool
    carried: bool
    citations: tuple[VerifiedCitation, ...]


@dataclass(frozen=True, kw_only=True)
class Verification(Value):
    """A record beside the library as it is now. `intact` is false where the record itself was altered after it was
    saved. `holds` needs both that and every claim."""

    question: str
    saved_at: str
    intact: bool
    claims: tuple[VerifiedClaim, ...]

    @property
    def holds(self) -> bool:
        return self.intact and all(claim.holds for claim in self.claims)

    def to_dict(self) -> Json:
        return {**super().to_dict(), "holds": self.holds}


def verify(record: Json, article_of: Callable[[Json], Article | None], check: Checker) -> Verification:
    """Compare a record with the articles as they are. `article_of` finds the stored article for an ARTICLE of the
    record, or None."""
    claims = []
    for claim in record["answer"]["claims"]:
        if claim.get("verdict") == "unsupported":
            continue  # shown as such, it promises nothing
        if record["answer"].get("model") == LIBRARY and not claim["citations"]:
            continue  # said of the library on that day, not of an article
        cited = tuple(_verify_citation(citation, article_of(citation["article"])) for citation in claim["citations"])
        holds = bool(cited) and all(c.state in ("unchanged", "moved") for c in cited)
        words = [as_read(c.now["text"], c.article["title"]) for c in cited if c.now is not None]
        carried = holds or (bool(words) and check([(claim["text"], words)])[0].score >= SUPPORTED_FROM)
        claims.append(VerifiedClaim(text=str(claim["text"]), holds=holds, carried=carried, citations=cited))
    return Verification(
        question=str(record["answer"].get("question", "")),
        saved_at=str(record.get("saved_at", "")),
        intact=record.get("digest") == _digest(record),
        claims=tuple(claims),
    )


def _verify_citation(citation: Json, article: Article | None) -> VerifiedCitation:
    start, end, quote = int(citation["start"]), int(citation["end"]), str(citation["quote"])
    state: State = "gone"
    now: tuple[int, int] | None = None
    if article is not None:
        if article.text[start:end] == quote:
            state, now = "unchanged", (start, end)
        elif quote and (at := article.text.find(quote)) >= 0:
            state, now = "moved", (at, at + len(quote))
        else:
            state, now = "changed", _successor(quote, article.text)
    return VerifiedCitation(
        marker=int(citation.get("marker", 0)),
        article=article.to_dict() if article is not None else citation["article"],
        quote=quote,
        state=state,
        now={"start": now[0], "end": now[1], "text": article.text[slice(*now)]} if article and now else None,
    )


def _successor(quote: str, text: str) -> tuple[int, int] | None:
    """The sentence that is most like the words that were quoted, if any is like them."""
    spans = split_sentences(text)
    sentences = [text[start:end] for start, end in spans]
    close = difflib.get_close_matches(quote, sentences, n=1, cutoff=RESEMBLES_FROM)
    return spans[sentences.index(close[0])] if close else None
