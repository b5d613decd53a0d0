"""A saved answer as a file, which can be verified later (`rag.answers.records`): written, read, and put into Markdown.

A record is one JSON document. In a Markdown or HTML file it stands behind the readable answer, in a comment or a data
block, so that the file a newsroom passes round is the file that `byline verify` reads.
"""

from __future__ import annotations

import html
import json
import os
import re
from pathlib import Path

from rag.answers.citations import outlet_and_date, place_in_words
from rag.answers.records import RECORD_VERSION, check_shape
from rag.errors import BylineError
from rag.text.characters import safe_to_show
from rag.types import Answer, Json

SUFFIXES = (".md", ".html", ".json")
MOST_BYTES = 20_000_000
_ENDS = {"<!-- byline-record": "-->", '<script type="application/json" id="byline-record">': "</script>"}


# --- write and read ------------------------------------------------------------------------------------------------


def check_target(path: Path) -> None:
    """BylineError when no record can be saved there: another suffix, a folder that is not there, a file that is."""
    if path.suffix.lower() not in SUFFIXES:
        raise BylineError(f"a record cannot be saved as {path.name!r}: end the name in {', '.join(SUFFIXES)}.")
    if not os.path.isdir(path.parent):
        raise BylineError(f"the folder {path.parent} is not there: make it, or save elsewhere.")
    try:
        os.lstat(path)
    except FileNotFoundError:
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise BylineError(f"the folder {path.parent} cannot be written: save elsewhere.") from None
    except (OSError, ValueError) as error:  # a name that is too long, a folder that is closed
        why = getattr(error, "strerror", None) or error
        raise BylineError(f"{path} cannot be written ({why}): save elsewhere.") from None
    else:
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
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BylineError(f"{path} cannot be read ({error.strerror}): give the file that --save wrote.") from None
    except ValueError:  # no text, or no name
        text = ""
    try:
        record = json.loads(text if text.lstrip().startswith("{") else _embedded(text))
        known = int(record["byline_record"])
        if known <= RECORD_VERSION:
            check_shape(record)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise BylineError(f"{path} holds no record of Byline: give a file that `byline ask --save` wrote.") from None
    if known > RECORD_VERSION:
        raise BylineError(f"{path} was saved by a newer Byline (record version {known}): update Byline.")
    return dict(record)


def _embedded(text: str) -> str:
    """The JSON of the last record that stands in a text; "" where there is none."""
    opening = max(_ENDS, key=text.rfind)
    _, found, after = text.rpartition(opening)
    record, end, _ = after.partition(_ENDS[opening])
    return record if found and end else ""


# --- readable ------------------------------------------------------------------------------------------------------


def _source(citation: Json) -> list[str]:
    """Outlet, date with its doubt, title, and the page or the time where there is one: what a reference names."""
    article, place = citation["article"], place_in_words(citation.get("page"), citation.get("time"))
    known = outlet_and_date(
        article["outlet"],
        article["published"],
        precision=article["published_precision"],
        source=article["published_source"],
    )
    return [*known, article["title"] or "no title", f", {place}" if place else ""]


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
        outlet, date, title, place = map(_plain, _source(c))
        url = f" {_plain(c['article']['url'])}" if c["article"]["url"] else ""
        lines += [f"[{c['marker']}] {outlet}, {date}: *{title}*{place}.{url}", ""]
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
        *source, place = map(escaped, _source(c))
        outlet, date, title = (f"<bdi>{part}</bdi>" for part in source)
        # As text, not as a link: an article can carry any address.
        url = f" {escaped(c['article']['url'])}" if c["article"]["url"] else ""
        body.append(
            f'<p id="s{c["marker"]:d}">[{c["marker"]:d}] {outlet}, {date}: <cite>{title}</cite>{place}.{url}</p>'
        )
        body.append(f"<blockquote>{escaped(c['quote'])}</blockquote>")
    data = json.dumps(record).replace("<", "\\u003c")
    return _PAGE.format(title=escaped(answer["question"]), body="\n".join(body), foot=escaped(_foot(record)), data=data)
