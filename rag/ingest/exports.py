"""A record of an export to the text of an article and what is stated of it, in whatever vocabulary it was written."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

from rag.errors import BylineError
from rag.ingest import page_dates
from rag.ingest.encoding import without_control, without_control_references
from rag.ingest.fields import SPELLED, Mapped, flatten, is_empty, key, metadata_of, not_there, scalar, values
from rag.ingest.formats import from_markup
from rag.ingest.metadata import clean
from rag.ingest.pages import from_html
from rag.ingest.people import without_staff
from rag.text.sentences import split_sentences
from rag.types import EXCERPT, Json

_PAGE = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!doctype html|<html[\s>])", re.IGNORECASE)
_BLOCK = re.compile(
    r"<(?:/?(?:p|div|li|ul|ol|h[1-6]|blockquote|section|article|figure|table|tr|td|block|hl[12]|body)|br)\b[^<>]*>",
    re.IGNORECASE,
)
_TAG = re.compile(
    r"</?(?:a|abbr|b|br|cite|code|em|figcaption|font|i|iframe|img|small|span|strong|sub|sup|u|script|style|!--)\b[^<>]*>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8}[0-9]?);", re.IGNORECASE)
_ESCAPED = re.compile(
    r"\s*&lt;(?:p|div|h[1-6]|ul|ol|figure|blockquote|section|article|!doctype|html|br)\b[^<>]*?&gt;", re.I
)
_BLANK_LINES = re.compile(r"\n[^\S\n]*\n")
# What ends a text that its source has cut: "… [+4047 chars]", "[…]", "… Read more". The second alternative only where
# the dots are there, since a story may end with such a line of its own.
_CUT = re.compile(
    r"(?:…|\.{3,})?\s*(?:\[\s*\+?\s*[\d,.]+\s*(?:more\s+)?(?:chars?|characters?|words?)\b[^\]]{0,20}\]"
    r"|[\[(]\s*(?:…|\.{3}|truncated|more|cut)\s*[\])]"
    r"|(?:(?<=…)|(?<=\.\.\.))\s*(?:(?:read|show|see|continue) (?:more|reading)\b.{0,60}|more))\s*[→»>]*\s*$",
    re.IGNORECASE,
)
_DOTS = re.compile(r"(?:…|\.{3,})\s*$")
_WITHHELD = re.compile(r"only available in (?:paid|professional|corporate)\b.{0,40}|\[?removed\]?", re.IGNORECASE)
_RECORD_LIKE = frozenset(map(key, ("title", "headline", "url", "link", "date", "published", "author", "id", "_id")))
_PART = ("text", "value", "content", "html", "paragraph", "body", "rendered", "#text", "$t")
_HOST = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}", re.IGNORECASE)
_MOST_PARTS = 20_000
_LONG = 300  # words: no source that cuts texts leaves so many


def fits(record: Any, mapped: Mapped | None = None) -> int:
    """2 where a value is a record with a text, 1 where it has a summary only, else 0."""
    if not isinstance(record, dict):
        return 0
    flat, mapped = flatten(record), mapped if mapped is not None else {}
    for rank, field in ((2, "text"), (1, "summary")):
        if any(_raw(value) for _, value in values(flat, field, mapped)):
            return rank
    return 0


def article_of(record: Any, mapped: Mapped) -> tuple[str, Json]:
    """The text of a record, "" where it has none, and what it states. BylineError where it is no record."""
    own = metadata_of(record, mapped)
    flat = flatten(record)
    own = page_dates.localized(own, (str(value) for _, value in values(flat, "published", mapped)))
    text, excerpt = _text(flat, mapped)
    if title := scalar(own.get("title")):
        own["title"] = as_text(str(title))
    outlet = own.get("outlet")
    if isinstance(own.get("authors"), list):
        own["authors"] = [
            name for name in own["authors"] if name == without_staff(name) or key(without_staff(name)) != key(outlet)
        ]
    if isinstance(outlet, str) and _HOST.fullmatch(outlet.strip()):
        # An address is no name: used where nothing gives one.
        host = own.pop("outlet").strip().lower().removeprefix("www.")
        own["clues"] = [("outlet", host, f"The record names only the site, {host}.")]
    own["key"] = next((found for _, value in values(flat, "id", mapped) if (found := scalar(value)) is not None), None)
    reasons = {EXCERPT: excerpt} if excerpt else {}
    if text and (wanted := next(not_there(record, mapped), None)) is not None:
        field, name = wanted
        instead = "another one" if field == "text" or own.get(field) is not None else "none"
        reasons["fields"] = f"It has no field {name!r}, which was to be its {field}; {instead} was taken."
    return text, own | ({"reasons": reasons} if reasons else {})


def _text(flat: Json, mapped: Mapped) -> tuple[str, str]:
    """The text and, where it is not the whole, a sentence that says so."""
    found = _candidates(flat, "text", mapped)
    best, cut = next(found, ("", ""))
    for other, other_cut in found:
        # The likeliest field has the text, unless it is plainly only the start of what another has.
        if (cut and not other_cut) or (bool(cut) == bool(other_cut) and len(other) > 2 * len(best)):
            best, cut = other, other_cut
    if best and not cut:
        return best, ""
    summaries = ((text, name) for name, value in values(flat, "summary", mapped) if (text := _shown(value)))
    summary, name = max(summaries, key=lambda pair: len(pair[0]), default=("", ""))
    if len(summary) > len(best):
        return summary, f"Only a summary of this article is there (its field {SPELLED.get(name, name)}), not its text."
    return best, f"Only the beginning of this article is there: its text breaks off with “{cut}”." if cut else ""


def _candidates(flat: Json, field: str, mapped: Mapped) -> Iterator[tuple[str, str]]:
    for _, value in values(flat, field, mapped):
        text = _shown(value)
        match = _CUT.search(text, max(0, len(text) - 120))
        if match is None and not _is_closed(_raw(value)):
            match = _DOTS.search(text, max(0, len(text) - 10))
        if match is None or not text:
            if text:
                yield text, ""
            continue
        if rest := _whole_sentences(text[: match.start()].rstrip()):
            yield rest, " ".join(match[0].split())[:60]


def _is_closed(raw: str | list[str]) -> bool:
    """Whether dots at the end of a text are its writer's: a source that cuts texts cuts them short, and cuts tags."""
    if isinstance(raw, list):
        return len(raw) > 1
    return len(raw.split()) >= _LONG or (raw.count("<p") > 1 and re.search(r"</\w+>\s*$", raw) is not None)


def _whole_sentences(text: str) -> str:
    """The text without a last sentence that was cut, where there is one before it."""
    spans = split_sentences(text)
    if len(spans) > 1 and not re.search(r"[.!?…][\"'”’»)\]]*$", text):
        return text[: spans[-1][0]].rstrip()
    return text


def _shown(value: Any) -> str:
    raw = _raw(value)
    text = as_text(raw).strip() if isinstance(raw, str) else "\n\n".join(filter(None, map(as_text, raw))).strip()
    return "" if _WITHHELD.fullmatch(text) or is_empty(text) else text


def _raw(value: Any, depth: int = 0) -> str | list[str]:
    """The text, or the paragraphs, of a value that a record may keep them in; "" where that holds none."""
    if isinstance(value, str):
        return "" if is_empty(value) else value
    if isinstance(value, dict) and depth < 4:
        return next((raw for name in _PART if (raw := _raw(value.get(name), depth + 1))), "")
    if isinstance(value, list) and depth < 4:
        if any(isinstance(item, dict) and _is_record(item) for item in value[:20]):
            return ""  # a list of articles
        parts = (_raw(item, depth + 1) for item in value[:_MOST_PARTS])
        return [part for raw in parts for part in ([raw] if isinstance(raw, str) else raw) if part]
    return ""


def _is_record(value: Json) -> bool:
    return len({key(name) for name in value} & _RECORD_LIKE) > 1


def as_text(value: str) -> str:
    """A field as text: markup becomes paragraphs set apart by blank lines, and references the characters they mean."""
    value = without_control_references(without_control(clean(value)))
    if _ESCAPED.match(value):  # twice, by whoever wrote the export
        value = html.unescape(value)
    if _PAGE.match(value):
        try:
            text: str = from_html(value.encode("utf-8", "replace"))[0]
            return text
        except BylineError:
            return ""
    if _BLOCK.search(value):
        # Between blocks a blank line parts paragraphs, as WordPress keeps them.
        return "\n\n".join(filter(None, (from_markup(part, "html") for part in _split_outside_tags(value))))
    if _TAG.search(value):
        return "\n\n".join(filter(None, (from_markup(part, "html") for part in _BLANK_LINES.split(value))))
    return clean(html.unescape(value)) if _ENTITY.search(value) else value


def _split_outside_tags(value: str) -> list[str]:
    return [value] if re.search(r"<(?:p|div|br)\b", value, re.IGNORECASE) else _BLANK_LINES.split(value)
