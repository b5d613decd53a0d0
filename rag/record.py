"""A saved answer that can be verified later: what was asked, said and quoted, from which state of which articles.

A record is one JSON document. In a Markdown or HTML file it stands behind the readable answer, in a comment or a data
block, so that the file a newsroom passes round is the file that `byline verify` reads.
"""

from __future__ import annotations

import datetime as dt
import difflib
import hashlib
import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from rag.answers.citations import SUPPORTED_FROM, Checker, outlet_and_date
from rag.errors import BylineError
from rag.models.verifier import with_context
from rag.text.characters import safe_to_show
from rag.text.sentences import split_sentences
from rag.types import Answer, Article, Json

RECORD_VERSION = 1
SUFFIXES = (".md", ".html", ".json")
MOST_BYTES = 20_000_000
# A sentence this like the one that was quoted (difflib's ratio) is shown as what it has become.
RESEMBLES_FROM = 0.6

State = Literal["unchanged", "moved", "changed", "gone"]
_EMBEDDED = re.compile(
    r'<!-- byline-record\s+(\{.*?\})\s+-->|<script type="application/json" id="byline-record">(.*?)</script>', re.DOTALL
)


# --- make ----------------------------------------------------------------------------------------------------------


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


# --- write and read ------------------------------------------------------------------------------------------------


def check_target(path: Path) -> None:
    """BylineError when no record can be saved there: another suffix, a folder that is not there, a file that is."""
    if path.suffix.lower() not in SUFFIXES:
        raise BylineError(f"a record cannot be saved as {path.name!r}: end the name in {', '.join(SUFFIXES)}.")
    if not path.parent.is_dir():
        raise BylineError(f"the folder {path.parent} is not there: make it, or save elsewhere.")
    if path.exists():
        raise BylineError(f"{path} is there already and is never written over: give another name.")


def save(record: Json, path: Path) -> None:
    """Write the record in the format that the suffix names. BylineError as `check_target`, and when writing fails."""
    check_target(path)
    text = render(record, path.suffix[1:].lower())
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            try:
                file.write(text)
                file.flush()
            except OSError:
                path.unlink(missing_ok=True)  # half a record is worse than none
                raise
    except OSError as error:
        raise BylineError(f"{path} cannot be written ({error.strerror}): save elsewhere.") from None


def render(record: Json, form: str) -> str:
    """The record as "json", "md" or "html", each with a newline at the end."""
    if form == "json":
        return json.dumps(record, ensure_ascii=False, indent=2) + "\n"
    return {"md": _markdown, "html": _html}[form](record)


def read_record(path: Path) -> Json:
    """The record in a file of any of the formats. BylineError when there is none in it."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BylineError(f"{path} is too large for a record (more than {MOST_BYTES // 1_000_000} MB).")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BylineError(f"{path} cannot be read ({error.strerror}): give the file that --save wrote.") from None
    except UnicodeDecodeError:
        text = ""
    found = None if text.lstrip().startswith("{") else _EMBEDDED.search(text)
    try:
        record = json.loads((found[1] or found[2]) if found else text)
        known = int(record["byline_record"])
        if known <= RECORD_VERSION:
            for citation in (c for claim in record["answer"]["claims"] for c in claim["citations"]):
                _ = (str(citation["quote"]), int(citation["start"]), int(citation["end"]), citation["article"]["id"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BylineError(f"{path} holds no record of Byline: give a file that `byline ask --save` wrote.") from None
    if known > RECORD_VERSION:
        raise BylineError(f"{path} was saved by a newer Byline (record version {known}): update Byline.")
    return dict(record)


# --- verify --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class VerifiedCitation:
    """A citation of a record beside the library as it is. `state` is "unchanged"; "moved" (the same words at other
    offsets); "changed" (the article no longer has them); "gone" (the article is not in the library). `now` holds the
    words as they stand, or those that seem to have taken their place, with their offsets; None where there are none."""

    marker: int
    article: Json
    quote: str
    state: State
    now: Json | None

    def to_dict(self) -> Json:
        return dict(vars(self))


@dataclass(frozen=True, kw_only=True)
class VerifiedClaim:
    """`holds` where every quotation stands. `carried` says whether the words as they are now carry the claim."""

    text: str
    holds: bool
    carried: bool
    citations: tuple[VerifiedCitation, ...]

    def to_dict(self) -> Json:
        return {**vars(self), "citations": [citation.to_dict() for citation in self.citations]}


@dataclass(frozen=True, kw_only=True)
class Verification:
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
        return {
            "question": self.question,
            "saved_at": self.saved_at,
            "holds": self.holds,
            "intact": self.intact,
            "claims": [claim.to_dict() for claim in self.claims],
        }


def verify(record: Json, article_of: Callable[[Json], Article | None], check: Checker) -> Verification:
    """Compare a record with the articles as they are. `article_of` finds the stored article for an ARTICLE of the
    record, or None."""
    claims = []
    for claim in record["answer"]["claims"]:
        if claim.get("verdict") == "unsupported":
            continue  # shown as such, it promises nothing
        cited = tuple(_verify_citation(citation, article_of(citation["article"])) for citation in claim["citations"])
        holds = bool(cited) and all(c.state in ("unchanged", "moved") for c in cited)
        words = [with_context(c.now["text"], c.article["title"] or "") for c in cited if c.now is not None]
        carried = holds or (bool(words) and check(claim["text"], words).score >= SUPPORTED_FROM)
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


# --- readable ------------------------------------------------------------------------------------------------------


def _source(article: Json) -> list[str]:
    """Outlet, date with its doubt, title: what a reference names."""
    known = outlet_and_date(
        article["outlet"],
        article["published"],
        precision=article["published_precision"],
        source=article["published_source"],
    )
    return [*known, article["title"] or "no title"]


def _cited(record: Json) -> list[Json]:
    """The citations of the claims, each marker once, in order."""
    shown = {c["marker"]: c for claim in record["answer"]["claims"] for c in claim["citations"]}
    return [shown[marker] for marker in sorted(shown)]


def _foot(record: Json) -> str:
    answer = record["answer"]
    return (
        f"Saved {record['saved_at']} by Byline {record['byline_version']}, model {answer['model']} "
        f"({answer['prompt_version']}). To verify it against the articles as they are: byline verify FILE"
    )


def _doubt(claim: Json) -> str:
    return "" if claim["verdict"] == "supported" else f" ({claim['verdict']})"


def markdown(answer: Answer) -> str:
    """An answer with its sources as Markdown to be pasted: the readable part of a record."""
    return "\n".join(_readable({"answer": answer.to_dict()})).strip() + "\n"


def _past(claim: Json) -> str:
    return "Earlier: " if claim.get("earlier") else ""


def _said_beside(answer: Json) -> list[str]:
    """What is to be read beside the claims: what was understood, notes, problems."""
    return [*answer.get("understood", {}).get("because", ()), *answer["notes"], *answer["problems"]]


def _markdown(record: Json) -> str:
    # Two hyphens or ">" would end the comment; inside JSON strings both can be written as escapes.
    data = json.dumps(record).replace("--", "-\\u002d").replace(">", "\\u003e").replace("<", "\\u003c")
    return "\n".join([*_readable(record), f"*{_plain(_foot(record))}*", "", f"<!-- byline-record {data} -->", ""])


def _readable(record: Json) -> list[str]:
    answer = record["answer"]
    lines = [f"# {_plain(answer['question'])}", ""]
    for claim in answer["claims"]:
        markers = " ".join(f"[{c['marker']}]" for c in claim["citations"])
        lines += [f"{_past(claim)}{_plain(claim['text'])}{_doubt(claim)} {markers}".rstrip(), ""]
    lines += [f"*{_plain(note)}*\n" for note in _said_beside(answer)]
    cited = _cited(record)
    lines += ["## Sources", ""] if cited else []
    for c in cited:
        outlet, date, title = map(_plain, _source(c["article"]))
        url = f" {_plain(c['article']['url'])}" if c["article"]["url"] else ""
        lines += [f"[{c['marker']}] {outlet}, {date}: *{title}*.{url}", ""]
        lines += [f"> {_plain(c['quote'])}", ""]
    return lines


def _plain(text: str) -> str:
    """Untrusted text as Markdown that shows it to the letter: no mark-up, no HTML, one line."""
    line = re.sub(r"([\\`*_{}\[\]<>#|~!&$])", r"\\\1", " ".join(safe_to_show(str(text)).split()))
    return re.sub(r"^(\d+)([.)])|^([-+=])", lambda m: f"{m[1]}\\{m[2]}" if m[1] else f"\\{m[3]}", line)


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title><style>
body {{ font: 1.05rem/1.6 Georgia, serif; max-width: 42rem; margin: 2rem auto; padding: 0 1rem }}
body {{ color: #1d1b18; background: #fff }}
blockquote {{ margin: .3rem 0 1.2rem; padding-left: .9rem; border-left: 3px solid #b9a98a }}
.doubt, .note, footer {{ color: #6b6255; font-size: .9rem }} bdi {{ unicode-bidi: isolate }}
</style></head><body><main><h1>{title}</h1>
{body}</main>
<footer><p>{foot}</p></footer>
<script type="application/json" id="byline-record">{data}</script></body></html>
"""


def _html(record: Json) -> str:
    def escaped(text: str) -> str:
        return html.escape(safe_to_show(str(text)), quote=True)

    answer, body = record["answer"], []
    for claim in answer["claims"]:
        markers = " ".join(f'<a href="#s{c["marker"]:d}">[{c["marker"]:d}]</a>' for c in claim["citations"])
        doubt = f' <span class="doubt">{escaped(_doubt(claim).strip())}</span>' if _doubt(claim) else ""
        body.append(f"<p>{_past(claim)}{escaped(claim['text'])}{doubt} {markers}</p>")
    body += [f'<p class="note">{escaped(note)}</p>' for note in _said_beside(answer)]
    cited = _cited(record)
    body += ["<h2>Sources</h2>"] if cited else []
    for c in cited:
        outlet, date, title = (f"<bdi>{escaped(part)}</bdi>" for part in _source(c["article"]))
        # As text, not as a link: an article can carry any address.
        url = f" {escaped(c['article']['url'])}" if c["article"]["url"] else ""
        body.append(f'<p id="s{c["marker"]:d}">[{c["marker"]:d}] {outlet}, {date}: <cite>{title}</cite>.{url}</p>')
        body.append(f"<blockquote>{escaped(c['quote'])}</blockquote>")
    data = json.dumps(record).replace("<", "\\u003c")
    return _PAGE.format(title=escaped(answer["question"]), body="\n".join(body), foot=escaped(_foot(record)), data=data)
