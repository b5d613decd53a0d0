"""Saved feed files, RSS and Atom, each entry of which is an article; agencies' XML is handed to `agencies`.

feedparser reads them from bytes that are in memory already, so it follows no address. A file that declares entities is
refused: neither a bomb nor an external entity comes to anything.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from rag.errors import BylineError
from rag.ingest import agencies
from rag.ingest.encoding import decoded, without_control_references
from rag.ingest.formats import from_markup
from rag.ingest.metadata import clean
from rag.ingest.page_dates import localized
from rag.text.written_dates import parse_date
from rag.types import EXCERPT, Json

SUFFIXES = (".xml", ".rss", ".atom", ".nitf", ".newsml")
_ROOT = re.compile(rb"<(?:\w+:)?(?:rss|feed|RDF)[\s>]")
_LABEL = re.compile(rb"<\?xml[^>]{0,100}encoding=[\"']([\w-]+)")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_SUMMARY = "The feed carries only a summary of this article, not its text."
MAX_DEPTH = 200
START = 4096
"""The root of a feed comes within so many bytes."""


def is_feed(start: bytes) -> bool:
    """Whether a file that begins so holds articles: a folder holds other XML too."""
    plain = start.replace(b"\0", b"")
    return _ROOT.search(plain) is not None or agencies.ROOT.search(plain) is not None


def entries(data: bytes) -> Iterator[tuple[str | None, str, Json] | BylineError]:
    """(key, text, what the file states of it) for each article, in order; the key is None where it is the only one, by
    the file's kind. A BylineError in its place where it is not to be read; raised where the file is none of articles.
    """

    label = _LABEL.search(data[:200])
    # Decoded here as all files are: what the label says is wrong often enough.
    declared = label[1].decode("ascii") if label is not None else None
    text, _, remark = decoded(data, declared, exact=False)
    # feedparser gives up at some references, and takes others for characters that nothing else bears.
    plain = without_control_references(_DECLARATION.sub("", text)).encode()
    if not is_feed(plain[:START]):
        roots = "rss, feed or RDF, or an agency's nitf, newsItem or newsMessage"
        raise BylineError(f"is no feed: an .xml file needs the root {roots}; leave it out.")
    if b"<!ENTITY" in plain:
        raise BylineError("declares entities, which no feed needs and some are traps; save it without its DOCTYPE.")
    if _depth(plain) > MAX_DEPTH:
        raise BylineError(f"is no feed that anyone wrote: its elements lie more than {MAX_DEPTH} deep; leave it out.")
    for entry in _entries(plain):
        if remark and not isinstance(entry, BylineError):
            entry[2]["reasons"] = {"encoding": remark, **entry[2].get("reasons", {})}
        yield entry


def _entries(plain: bytes) -> Iterator[tuple[str | None, str, Json] | BylineError]:
    if not _ROOT.search(plain[:START]):
        yield from agencies.items(plain)
        return
    import feedparser

    # What it finds wrong with a feed it puts into the result, and reads on; words are not to be changed (smart quotes).
    feed = feedparser.parse(io.BytesIO(plain), sanitize_html=True, resolve_relative_uris=False)
    if not feed.entries and not feed.feed:
        reason = str(feed.get("bozo_exception", "it has no entries"))
        raise BylineError(f"cannot be read as a feed ({reason}); save it anew.")
    outlet = dict.get(feed.feed, "title")
    for entry in feed.entries:
        yield _entry(entry, outlet)


def _entry(entry: Any, outlet: str | None) -> tuple[str, str, Json]:
    def own(name: str) -> Any:
        return dict.get(entry, name)  # feedparser gives the day of publication for a missing day of change

    contents = [c for c in own("content") or [] if c.get("value")]
    parts = contents or [{"type": (own("summary_detail") or {}).get("type"), "value": own("summary") or ""}]
    # RSS calls everything html.
    text = max((from_markup(part["value"], str(part.get("type"))) for part in parts), key=len)
    source = own("source")
    tags = [tag.get("term") for tag in own("tags") or [] if tag.get("term")]
    people = [person.get("name") for person in own("authors") or [] if person.get("name")]
    title = from_markup(own("title") or "", str((own("title_detail") or {}).get("type")))
    stated: Json = {
        "title": title or None,
        "outlet": (dict.get(source, "title") if source else None) or outlet,
        "authors": people or own("author"),
        "url": own("link"),
        "section": tags[0] if tags else None,
        "published": own("published") or own("created"),
        "updated": own("updated"),
    }
    day, _ = parse_date(own("updated"))
    if stated["published"] is None and day is not None:
        stated["clues"] = [("published", day, f"The feed gives only the day of the last change, {day}.")]
    if not contents and text:
        stated["reasons"] = {EXCERPT: _SUMMARY}
    return str(own("id") or own("link") or ""), text or clean(title), localized(stated)


def _depth(data: bytes) -> int:
    """How deep elements lie, at most: a cheap count that a feed of a million opened elements does not get past."""
    depth = deepest = 0
    for match in re.finditer(rb"<(/?)[A-Za-z][^<>]*?(/?)>", data):
        if match[1]:
            depth = max(0, depth - 1)
        elif not match[2]:
            depth += 1
            deepest = max(deepest, depth)
    return deepest
