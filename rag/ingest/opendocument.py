"""OpenDocument texts (.odt): paragraphs, headings and table cells in the order of the document, and its properties.

Deleted words whose change is tracked, notes, comments, hidden text, headers and footers are no story.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rag.errors import BylineError
from rag.ingest.archives import local, unpack, xml
from rag.ingest.formats import BY_A_PROGRAM, ENCRYPTED, NOBODY, spaced
from rag.ingest.metadata import clean
from rag.types import Json

_PARTS = ("mimetype", "content.xml", "meta.xml", "META-INF/manifest.xml")
_KIND = b"application/vnd.oasis.opendocument.text"
_PASSED_OVER = (
    *("tracked-changes", "note", "annotation", "annotation-end", "hidden-text", "hidden-paragraph", "sequence-decls"),
    *("forms", "ruby-text", "table-of-content", "alphabetical-index"),
)
_SPACES = {"s": " ", "tab": "\t", "line-break": "\n"}
_ENTRY = 120  # characters, at most, of a cell that stands in a line with the others


def from_odt(data: bytes) -> tuple[str, Json]:
    """The words of a document, its paragraphs set apart by blank lines, and what it says of itself: the headline in the
    style of a title or of a heading at the top, else the title of its properties. Who made the file and when are clues
    only, since these are the account's and the file's."""
    parts = unpack(data, lambda name: name in _PARTS)
    if "encryption-data" in parts.get("META-INF/manifest.xml", b"").decode("utf-8", "replace"):
        raise BylineError(ENCRYPTED)
    if not parts.get("mimetype", b"").startswith(_KIND) or "content.xml" not in parts:
        raise BylineError("is no OpenDocument text, though it is named so; open it and save it as .odt.")
    text: list[str] = []
    title = heading = None
    body = xml(parts["content.xml"]).find(".//{*}body/{*}text")
    for words, style, is_heading in _blocks(body) if body is not None else ():
        if not (words := spaced(words)):
            continue
        if title is None and style == "Title":
            title = words
        if not text and is_heading:
            heading = words
        text.append(words)
    known = _properties(parts.get("meta.xml"))
    stated = known.get("title", "")
    own: Json = {"title": title or heading or (None if BY_A_PROGRAM.search(stated) else stated)}
    clues: list[tuple[str, Any, str]] = []
    author = next((known[name] for name in ("initial-creator", "creator") if known.get(name)), "")
    if author and not NOBODY.fullmatch(author):
        clues.append(("authors", (author,), f"The document was made by “{author}”."))
    for name, how in (("creation-date", "made"), ("date", "last saved")):
        if day := known.get(name, "")[:10]:
            clues.append(("published", day, f"The document was {how} on {day}."))
    return clean("\n\n".join(text)), {**own, "clues": clues}


def _properties(meta: bytes | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for element in xml(meta).iter() if meta is not None else ():
        if element.text and element.text.strip():
            found.setdefault(local(element), " ".join(element.text.split()))
    return found


def _blocks(element: Any) -> Iterator[tuple[str, str, bool]]:
    """The paragraphs in an element: the words, the name of the style, whether it is a heading. The short cells of a row
    are one line."""
    for child in element:
        name = local(child)
        if name in ("p", "h"):
            yield (
                "".join(_words(child)),
                next((v for k, v in child.items() if k.endswith("}style-name")), ""),
                name == "h",
            )
            for box in child.iter("{*}text-box"):
                yield from _blocks(box)
        elif name == "table-row":
            cells = [[block for block in _blocks(cell) if block[0].strip()] for cell in child]
            if all(len(cell) <= 1 and all(len(block[0]) <= _ENTRY for block in cell) for cell in cells):
                yield " | ".join(" ".join(block[0].split()) for cell in cells for block in cell), "", False
            else:
                for cell in cells:
                    yield from cell
        elif name and name not in _PASSED_OVER:
            yield from _blocks(child)


def _words(element: Any) -> Iterator[str]:
    """The words of a paragraph; boxes that hang on it come after it."""
    yield _one_space(element.text)
    for child in element:
        name = local(child)
        if name in _SPACES:
            count = next((v for k, v in child.items() if k.endswith("}c")), "1")
            yield _SPACES[name] * (min(int(count), 100) if count.isdigit() else 1)
        elif name and name not in (*_PASSED_OVER, "text-box"):
            yield from _words(child)
        yield _one_space(child.tail)


def _one_space(words: str | None) -> str:
    """A newline of the source is a space."""
    return words.replace("\n", " ") if words else ""
