"""RTF documents: their words, and what they say of themselves."""

from __future__ import annotations

import re
from typing import Any

from rag.errors import BylineError
from rag.ingest.formats import BY_A_PROGRAM, NOBODY, spaced
from rag.ingest.metadata import clean
from rag.types import Json

# Pictures are figures by the million; striprtf reads them one by one, and looks for links, whose address it would put
# into the text, with a pattern that takes the square of their number. Under another name they are passed over too.
_NO_LINK = ("\\fldinst", "\\datafield")
_PICTURE = re.compile(r"[0-9a-fA-F\s]{400,}")
_UNSEEN = re.compile(
    r"\{[^{}]{0,2000}\\(?:v|deleted)(?![a-z0-9])[^{}]{0,5000}\}"
)  # hidden words, and those deleted as a change
_LONGEST_TABLE = 200_000
_CODEPAGE = re.compile(rb"\\ansicpg(\d{1,5})")
_ABOUT = re.compile(r"\{\\(title|author)(?![a-z])((?:[^{}\\]|\\.){0,2000})\}", re.DOTALL)
_MADE = re.compile(r"\{\\creatim\\yr(\d{4})\\mo(\d{1,2})\\dy(\d{1,2})")


def from_rtf(data: bytes) -> tuple[str, Json]:
    """The words of a document, its paragraphs set apart by blank lines, and what it says of itself: the title; as clues
    who made the file and when, since these are the account's and the file's."""
    if not data.lstrip().startswith(b"{\\rtf"):
        raise BylineError("is no RTF document, though it is named so; open it and save it as .rtf.")
    found = _CODEPAGE.search(data)
    codepage = "utf-8" if found is not None and found[1] == b"65001" else f"cp{int(found[1]) if found else 1252}"
    try:
        source = data.decode(codepage, "replace")
    except LookupError:
        codepage, source = "cp1252", data.decode("cp1252", "replace")
    _check_fonts(source)
    source = _UNSEEN.sub("", _PICTURE.sub("", source)).replace(*_NO_LINK)
    rows = (row.strip().rstrip("|").replace("|", " | ") for row in _plain(source, codepage).split("\n"))
    text = spaced("\n".join(rows))
    about = {
        field: " ".join(clean(_plain(f"{{\\rtf1 {value}}}", codepage)).split())
        for field, value in _ABOUT.findall(source)
    }
    own: Json = {"title": None if BY_A_PROGRAM.search(about.get("title", "")) else about.get("title")}
    clues: list[tuple[str, Any, str]] = []
    if (author := about.get("author")) and not NOBODY.fullmatch(author):
        clues.append(("authors", (author,), f"The RTF document was made by “{author}”."))
    if (made := _MADE.search(source)) is not None:
        day = f"{made[1]}-{int(made[2]):02}-{int(made[3]):02}"
        clues.append(("published", day, f"The RTF document was made on {day}."))
    return clean(text), {**own, "clues": clues}


def _check_fonts(source: str) -> None:
    """BylineError where the table of fonts has no end: striprtf would take the square of its length."""
    table = source.find("\\fonttbl")
    depth = 1
    for brace in re.finditer(r"[{}]", source[table : table + _LONGEST_TABLE]) if table >= 0 else ():
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            return
    if table >= 0:
        raise BylineError("is damaged, or no .rtf file (its table of fonts has no end); save it anew.")


def _plain(source: str, codepage: str) -> str:
    from striprtf.striprtf import rtf_to_text

    text = str(rtf_to_text(source, encoding=codepage, errors="replace"))  # type: ignore[no-untyped-call]
    # Characters beyond the first plane are written as two halves.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\xad", "")
