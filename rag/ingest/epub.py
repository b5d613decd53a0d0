"""E-books (.epub). A periodical (as Calibre makes them of newspapers) gives each of its articles; any other book is one
article."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote

from rag.errors import BylineError
from rag.ingest import hidden
from rag.ingest.archives import local, unpack, xml
from rag.ingest.boilerplate import WORD
from rag.ingest.formats import paragraphs, tree_of
from rag.ingest.metadata import clean
from rag.types import Json

SUFFIX = ".epub"
_CONTAINER, _ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
_TEXT = (".xhtml", ".html", ".htm", ".xml", ".opf")
_HEADINGS = ("h1", "h2", "h3")
# What a program puts around the text: lists of contents, links from article to article.
_AROUND = "//nav | //*[contains(@class, 'navbar') or contains(@class, 'calibre_navbar')]"
# `<title/>` is whole in XHTML; in HTML it swallows the rest of the page.
_CLOSED_AT_ONCE = re.compile(rb"<(title|script|style|iframe|textarea|noscript|a|div|span|p|i|b|em|td|li)\b([^<>]*)/>")
_FEWEST = 25  # words of an article in a periodical: less is a list of its sections
_ISSUE = re.compile(r"\s*[\[(].*[\])]\s*$")  # Quay Gazette [Thu, 09 May 2024]


class Part(NamedTuple):
    """An article of an e-book: the name of its document within, None where the book is the article."""

    key: str | None
    text: str
    own: Json


class _Book(NamedTuple):
    known: dict[str, list[str]]
    documents: list[str]
    is_periodical: bool


def articles(data: bytes) -> Iterator[Part]:
    """The articles of an e-book. BylineError where it is none, is protected, or holds no text."""
    parts = unpack(data, lambda name: name.lower().endswith(_TEXT))
    book = _book(parts)
    protected = re.findall(r"URI=\"([^\"]+)\"", parts.get(_ENCRYPTION, b"").decode("utf-8", "replace"))
    if {unquote(name) for name in protected} & {*book.documents}:
        raise BylineError("is protected against copying; save a copy of it that is not.")
    trees = [(name, _tree(parts[name])) for name in book.documents if name in parts]
    read = [(name, title, text) for name, tree in trees if tree is not None for title, text in [_read(tree)]]
    read = [(name, title, text) for name, title, text in read if WORD.search(text)]
    stated = {name: values[0] for name, values in book.known.items()}
    if not book.is_periodical or not read:
        own: Json = {
            "title": stated.get("title"),
            "authors": book.known.get("creator"),
            "outlet": stated.get("publisher"),
        }
        yield Part(None, "\n\n".join(text for _, _, text in read), {**own, "published": stated.get("date")})
        return
    outlet = _ISSUE.sub("", stated.get("title", "")) or None
    for name, title, text in read:
        if len(text.split()) >= _FEWEST:
            yield Part(name, text, {"title": title, "outlet": outlet, "published": stated.get("date")})


def _book(parts: dict[str, bytes]) -> _Book:
    """What the package of a book says: what it is, and its documents in order."""
    container = xml(parts[_CONTAINER]) if _CONTAINER in parts else None
    root = (
        next((one.get("full-path") for one in container.iter("{*}rootfile")), None) if container is not None else None
    )
    if root not in parts:
        raise BylineError("is no e-book, though it is named so; save it anew.")
    package = xml(parts[root])
    known: dict[str, list[str]] = {}
    for element in package.iterfind("{*}metadata/{*}*"):
        words = clean(" ".join((element.text or "").split()))
        if words:
            known.setdefault(local(element), []).append(words)
    kinds = [meta.get("content", "") for meta in package.iterfind("{*}metadata/{*}meta") if _is_kind(meta)]
    folder = posixpath.dirname(root)
    items = {one.get("id"): one for one in package.iterfind("{*}manifest/{*}item")}
    documents = []
    for reference in package.iterfind("{*}spine/{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is None or reference.get("linear") == "no" or "nav" in item.get("properties", "").split():
            continue
        documents.append(posixpath.normpath(posixpath.join(folder, unquote(item.get("href", "")).partition("#")[0])))
    return _Book(known, list(dict.fromkeys(documents)), any(kind.startswith("periodical") for kind in kinds))


def _is_kind(meta: Any) -> bool:
    return str(meta.get("name", "")).endswith("publication_type")


def _tree(content: bytes) -> Any:
    # A declaration in the first line names the encoding, and the parser takes no string that has one.
    declared = re.search(rb"<\?xml[^>]{0,100}encoding=[\"']([\w-]+)", content[:200])
    markup = _CLOSED_AT_ONCE.sub(rb"<\1\2></\1>", re.sub(rb"^\s*<\?xml[^>]{0,200}\?>", b"", content))
    return tree_of(markup, declared[1].decode("ascii") if declared is not None else None)


def _read(tree: Any) -> tuple[str | None, str]:
    """The headline and the text of one document."""
    hidden.drop(tree, hidden.find_unseen(tree), hidden.SHOWN)
    for element in tree.xpath(_AROUND):
        if element.getparent() is not None:
            element.drop_tree()
    headings = (" ".join(str(one.xpath("string()")).split()) for one in tree.iter(*_HEADINGS))
    return next(filter(None, headings), None), clean(paragraphs(tree))
