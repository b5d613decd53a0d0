"""Bytes to text: encodings, and the paragraphs of markup (pages as a whole are read in `rag.ingest.pages`)."""

from __future__ import annotations

import re
from typing import Any

from rag.errors import BylineError
from rag.ingest.boilerplate import front_matter
from rag.ingest.encoding import decode, decoded, without_control, without_control_references
from rag.ingest.fields import metadata_of
from rag.ingest.metadata import clean, load_front_matter
from rag.types import Json

ENCRYPTED = "is encrypted; save a copy of it without a password."
# Titles of documents that nobody wrote.
BY_A_PROGRAM = re.compile(r"(?i)^untitled|^microsoft word|^(?:word )?document\d*$|\.(docx?|pdf|indd|qxd|tex)$")

# Accounts of machines, and what programs fill in.
NOBODY = re.compile(
    r"(?i)(?:(?:microsoft )?(?:office|windows) )?(?:user|admin\w*|author|unknown)|python-docx|word|un-named"
)


def from_text(data: bytes) -> tuple[str, Json]:
    """The file itself, decoded, and what its front matter states."""
    text, _, remark = decoded(data)
    own = stated_above(text)
    if remark:
        own["reasons"] = {**own.get("reasons", {}), "encoding": remark}
    return text, own


def stated_above(text: str) -> Json:
    """What the front matter of a text states."""
    span = front_matter(text)
    try:
        return metadata_of(load_front_matter(text[: span[1]].strip().strip("-"))) if span is not None else {}
    except BylineError as error:
        return {"reasons": {"front_matter": f"The front matter could not be read: it {error}"}}


def declared_in(data: bytes) -> str | None:
    """The encoding that a page declares."""
    label = re.search(rb"<meta[^>]{0,200}charset=[\"']?\s*([\w-]+)", data[:4096], re.IGNORECASE)
    return label[1].decode("ascii").lower() if label is not None else None


# The parser takes what is in the last two for characters, tags and all.
NO_TEXT = ("head", "script", "style", "template", "noscript", "noframes", "iframe")
_BLOCKS = (
    *("p", "div", "br", "li", "tr", "section", "article", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6"),
    *("block", "bq", "hl1", "hl2"),  # NITF
)


def tree_of(data: bytes, declared: str | None) -> Any:
    """The elements of some HTML; None where there are none."""
    import lxml.html  # type: ignore[import-untyped]

    # Where a newline in the source is a space on the page; the newlines of the text come from its elements alone.
    markup = re.sub(r"[ \t\n\f]+", " ", without_control_references(decode(data, declared, exact=False))).encode()
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        return lxml.html.document_fromstring(markup, parser=parser)
    except lxml.etree.ParserError:
        return None


def from_markup(value: str, kind: str) -> str:
    """The paragraphs of a piece of markup (`kind` names HTML), or of plain text, set apart by blank lines."""
    if "html" in kind and re.search(r"<\w|&\w+;|&#", value):
        import lxml.html

        value = without_control_references(without_control(clean(value)))
        try:
            tree = _fragment(value)
        except lxml.etree.LxmlError:
            return clean(" ".join(value.split()))
        for element in [*tree.iter()][1:]:
            if not isinstance(element.tag, str) or element.tag in NO_TEXT:
                element.drop_tree()
        value = paragraphs(tree)
    return clean(spaced(value))


def _fragment(value: str) -> Any:
    import lxml.html

    try:
        return lxml.html.fragment_fromstring(value, create_parent="div")
    except AssertionError:  # a whole page, with no body or with two
        return lxml.html.fragment_fromstring(f"<br>{value}", create_parent="div")


def paragraphs(tree: Any) -> str:
    """The words of a tree of elements, its paragraphs set apart by blank lines. The tree is changed."""
    for element in tree.iter("*"):  # a newline of the source is a space
        element.text = element.text and re.sub(r"\s+", " ", element.text)
        element.tail = element.tail and re.sub(r"\s+", " ", element.tail)
    for element in tree.iter(*_BLOCKS):
        element.text = f"\n{element.text if element.text is not None else ''}"
        element.tail = f"\n{element.tail if element.tail is not None else ''}"
    for cell in tree.iter("td", "th"):
        cell.tail = f" {cell.tail if cell.tail is not None else ''}"
    return spaced(str(tree.xpath("string()")))


def spaced(text: str) -> str:
    """The lines of a text as paragraphs, without the blanks that only lay it out."""
    return "\n\n".join(line for block in text.split("\n") if (line := " ".join(block.split())))
