"""Saved feed files, RSS and Atom: each entry is an article.

feedparser reads them from bytes that are in memory already, so it follows no address. A file that declares entities is
refused: neither a bomb nor an external entity comes to anything.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from rag.ingest.formats import decode
from rag.ingest.metadata import clean
from rag.news.written_dates import parse_date
from rag.types import BylineError, Json

SUFFIXES = (".xml", ".rss", ".atom")
_ROOT = re.compile(rb"<(?:\w+:)?(?:rss|feed|RDF)[\s>]")
_LABEL = re.compile(rb"<\?xml[^>]{0,100}encoding=[\"']([\w-]+)")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_BLOCKS = ("p", "div", "br", "li", "tr", "section", "article", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6")
_HIDDEN = ("script", "style", "template", "noscript", "head")
_SUMMARY = "The feed carries only a summary of this article, not its text."
MAX_DEPTH = 200
START = 4096
"""The root of a feed comes within so many bytes."""


def is_feed(start: bytes) -> bool:
    """Whether a file that begins so is a feed: a folder holds other XML too."""
    return _ROOT.search(start.replace(b"\0", b"")) is not None


def entries(data: bytes) -> Iterator[tuple[str, str, Json]]:
    """(key, text, what the feed states of it) for each entry, in order. BylineError where it is no feed."""
    import feedparser

    label = _LABEL.search(data[:200])
    # Decoded here as all files are: what the label says is wrong often enough.
    plain = _DECLARATION.sub("", decode(data, label[1].decode("ascii") if label is not None else None)).encode()
    root = _ROOT.search(plain[:START])
    if root is None:
        raise BylineError("is no feed: an .xml file needs the root rss, feed or RDF; leave it out.")
    if b"<!ENTITY" in plain[: root.start()]:
        raise BylineError("declares entities, which no feed needs and some are traps; save it without its DOCTYPE.")
    if _depth(plain) > MAX_DEPTH:
        raise BylineError(f"is no feed that anyone wrote: its elements lie more than {MAX_DEPTH} deep; leave it out.")
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
    text = max((_text(part["value"], str(part.get("type"))) for part in parts), key=len)
    source = own("source")
    tags = [tag.get("term") for tag in own("tags") or [] if tag.get("term")]
    people = [person.get("name") for person in own("authors") or [] if person.get("name")]
    title = _text(own("title") or "", str((own("title_detail") or {}).get("type")))
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
        stated["reasons"] = {"text": _SUMMARY}
    return str(own("id") or own("link") or ""), text or clean(title), stated


def _text(value: str, kind: str) -> str:
    """Paragraphs of markup, or of plain text, set apart by blank lines."""
    if "html" in kind and re.search(r"<\w|&\w+;|&#", value):
        import lxml.html  # type: ignore[import-untyped]

        try:
            tree = lxml.html.fragment_fromstring(value, create_parent="div")
        except lxml.etree.LxmlError:
            return clean(" ".join(value.split()))
        for element in [*tree.iter()][1:]:
            if not isinstance(element.tag, str) or element.tag in _HIDDEN:
                element.drop_tree()
        for element in tree.iter(*_BLOCKS):
            element.text = f"\n{element.text if element.text is not None else ''}"
            element.tail = f"\n{element.tail if element.tail is not None else ''}"
        value = str(tree.text_content())
    return clean("\n\n".join(line for block in value.split("\n") if (line := " ".join(block.split()))))


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
