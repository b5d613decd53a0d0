"""Bytes to text: encodings, PDF, and the paragraphs of markup (pages as a whole are read in `rag.ingest.pages`)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rag.ingest.boilerplate import WORD, front_matter
from rag.ingest.metadata import clean, load_yaml, metadata_of
from rag.types import BylineError, Json

MAX_BYTES = 50 * 2**20
"""The largest file that is read; in a JSON Lines file, the largest line."""

ENCRYPTED = "is encrypted; save a copy of it without a password."
# Titles of documents that nobody wrote.
BY_A_PROGRAM = re.compile(r"(?i)^untitled|^microsoft word|^(?:word )?document\d*$|\.(docx?|pdf|indd|qxd|tex)$")


def load(path: Path) -> bytes:
    if (size := path.stat().st_size) > MAX_BYTES:
        limit = f"{MAX_BYTES / 2**20:.0f} MB"
        raise BylineError(f"is {size / 2**20:.1f} MB, more than the {limit} that are read; split it.")
    return path.read_bytes()


MAGIC = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"\xd0\xcf\x11\xe0": "an old office document",
    b"{\\rtf": "an RTF document",
    b"%PDF-": "a PDF; name it .pdf",
    b"\x7fELF": "a program",
    b"\x1f\x8b": "a gzip archive",
}
_BOMS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\0\0": "utf-32",  # before UTF-16, whose mark it begins with
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_ASCII = bytes(range(0x80))
# The letters and signs of western news; not Ð Ý Þ ð ý þ × ÷, whose bytes are Turkish or Polish letters as a rule.
_WESTERN = bytes({*range(0xC0, 0x100)} - {*b"\xd0\xd7\xdd\xde\xf0\xf7\xfd\xfe"})
_WESTERN += _ASCII + "€‚„…‘’“”•–—™ŠšŒœŽžŸ\xa0¡£§©«®°·»¿".encode("cp1252")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def decode(data: bytes, declared: str | None = None) -> str:
    """The bytes as text with `\\n` for every newline and without a byte order mark. BylineError if they are none."""
    kind = next((kind for magic, kind in MAGIC.items() if data.startswith(magic)), None)
    if kind is None:
        kind = "its bytes fit no encoding; save it as UTF-8"
        for encoding in _encodings(data, declared):
            try:
                text = data.decode(encoding)
            except (UnicodeError, LookupError):
                continue
            if "\0" not in text and 100 * len(_CONTROL.findall(text)) <= len(text):
                return text.replace("\r\n", "\n").replace("\r", "\n")
            kind = "binary data"
    raise BylineError(f"is not text ({kind}).")


def _encodings(data: bytes, declared: str | None) -> Iterator[str]:
    bom = next((encoding for mark, encoding in _BOMS.items() if data.startswith(mark)), None)
    if bom is not None:
        yield bom
        return
    if b"\x1b$" in data:  # Japanese and Korean mail, whose bytes are ASCII
        yield declared if declared is not None and declared.startswith("iso-2022") else "iso2022_jp"
    yield "utf-8"
    if b"\0" in data and 4 * data.count(b"\0") < len(data):
        return  # in UTF-16 about every second byte would be one
    if declared is not None:
        # As browsers read these labels.
        yield "cp1252" if declared in ("iso-8859-1", "latin1", "ascii", "us-ascii") else declared
    # In a short English text a guesser takes the bytes of ’ and — for Korean or Polish.
    if not data.translate(None, _WESTERN) and 10 * len(data.translate(None, _ASCII)) <= len(data):
        yield "cp1252"
    from charset_normalizer import from_bytes

    if (best := from_bytes(data).best()) is not None:
        yield best.encoding


def from_text(data: bytes) -> tuple[str, Json]:
    """The file itself, decoded, and what its front matter states."""
    text = decode(data)
    return text, stated_above(text)


def stated_above(text: str) -> Json:
    """What the front matter of a text states."""
    span = front_matter(text)
    try:
        return metadata_of(load_yaml(text[: span[1]].strip().strip("-"))) if span is not None else {}
    except BylineError as error:
        return {"reasons": {"front_matter": f"The front matter could not be read: it {error}"}}


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
    markup = re.sub(r"[ \t\n\f]+", " ", decode(data, declared)).encode()
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        return lxml.html.document_fromstring(markup, parser=parser)
    except lxml.etree.ParserError:
        return None


def from_markup(value: str, kind: str) -> str:
    """The paragraphs of a piece of markup (`kind` names HTML), or of plain text, set apart by blank lines."""
    if "html" in kind and re.search(r"<\w|&\w+;|&#", value):
        import lxml.html

        try:
            tree = lxml.html.fragment_fromstring(value, create_parent="div")
        except lxml.etree.LxmlError:
            return clean(" ".join(value.split()))
        for element in [*tree.iter()][1:]:
            if not isinstance(element.tag, str) or element.tag in NO_TEXT:
                element.drop_tree()
        value = paragraphs(tree)
    return clean(spaced(value))


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


def from_pdf(data: bytes) -> tuple[str, Json]:
    """The text layer of a PDF, pages set apart by blank lines, and its document information."""
    import io

    import pypdf

    reader = pypdf.PdfReader(io.BytesIO(data))
    try:
        readable = not reader.is_encrypted or bool(reader.decrypt(""))
    except pypdf.errors.DependencyError:  # a cipher that pypdf alone does not have
        readable = False
    if not readable:
        raise BylineError(ENCRYPTED)
    text = "\n\n".join(_join_lines(page.extract_text().split("\n")) for page in reader.pages)
    if WORD.search(text) is None:
        raise BylineError(f"has no text layer on its {len(reader.pages)} pages (a scan?); run text recognition on it.")
    if (info := reader.metadata) is None:
        return text, {}
    own: Json = {"title": info.title, "authors": info.author}
    if BY_A_PROGRAM.search(str(info.title)):
        own["title"] = None  # what the program put there, not the writer
    if (made := re.match(r"D:(\d{4})(\d\d)(\d\d)", str(info.creation_date_raw))) is not None:
        day = "-".join(made.groups())
        own["clues"] = [("published", day, f"The PDF file was made on {day}.")]
    return text, own


def _join_lines(lines: Sequence[str]) -> str:
    """The printed lines of a page as paragraphs: one ends with a line that is short for the page."""
    text, width = "", 0.7 * max(map(len, lines))
    for line in map(str.strip, lines):
        # A hyphen at the end of a line stays, since nobody knows whether it belongs to the word.
        between = "\n\n" if len(line) < width else "" if re.search(r"\w[-\xad]$", line) else " "
        text += line.rstrip("\xad") + between
    text = re.sub("[\ufb00-\ufb06]", lambda ligature: unicodedata.normalize("NFKC", ligature[0]), text)
    return clean(re.sub(r"\n{3,}", "\n\n", text)).strip()
