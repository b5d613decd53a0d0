"""PDF to text: PDFium reads the printed lines (`pdf_words`, in a process of its own), `layout` makes text of them, and
each page keeps its place in it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag.errors import BylineError
from rag.ingest import layout
from rag.ingest.boilerplate import WORD
from rag.ingest.formats import BY_A_PROGRAM, ENCRYPTED, NOBODY
from rag.ingest.header import Clue, outlet_by_form
from rag.ingest.metadata import clean
from rag.text.written_dates import FULL_DATE, iso
from rag.types import Json, Place

LONGEST_S = 1800  # where there is no timer for a page; by the clock, and on a busy machine
# With the same modules as this process has. Run by its path, it would find those beside it first (warnings.py).
_START = "import runpy, sys; sys.path[:] = sys.argv[2:]; runpy.run_path(sys.argv[1], run_name='__main__')"
_PAGE_LABEL = re.compile(r"^(?:Page )?[A-Z]?[0-9]{1,3}\s+|\s+(?:Page )?[A-Z]?[0-9]{1,3}$")  # "A4 Quay Gazette"
_PROGRAM = Path(__file__).with_name("pdf_words.py")


def from_pdf(data: bytes) -> tuple[str, Json]:
    """The text layer of a PDF in the order in which it is read, where each page begins in it (`places`), and its
    document information: the title, and as clues who made the file and when, since these are the account's and the
    file's. BylineError where it has no text, needs a password, is damaged, or never comes to an end."""
    about, *pages = _printed(data)
    if about.get("error") == "encrypted":
        raise BylineError(ENCRYPTED)
    if "error" in about:
        raise BylineError(f"is damaged, or no .pdf file ({about['why'].rstrip('.')}); save it anew.")
    read = [_page(number, page) for number, page in enumerate(pages, start=1)]
    body, heads = layout.without_running_heads(read)
    text, starts = layout.running_text([line for page in body for line in layout.reading_order(page.lines)])
    if WORD.search(text) is None:
        raise BylineError(f"has no text layer on its {len(pages)} pages (a scan?); run text recognition on it.")
    own: Json = {"title": about["title"], "places": tuple(Place(start, page=page) for start, page in starts)}
    if BY_A_PROGRAM.search(about["title"]):
        own["title"] = None  # what the program put there, not the writer
    own["clues"] = [*_from_heads(heads), *_from_properties(about)]
    if lost := [number for number, page in enumerate(pages, start=1) if page["lines"] is None]:
        shown = ", ".join(map(str, lost[:10]))
        own["reasons"] = {"pages": f"{len(lost)} of its {len(pages)} pages could not be read: {shown}."}
    return text, own


def _printed(data: bytes) -> list[Json]:
    """What `pdf_words` says of the file, and of each page."""
    if b"%PDF-" not in data[:1024]:  # where PDFium looks for it
        raise BylineError("is damaged, or no .pdf file (it does not begin as one); save it anew.")
    command = [sys.executable, "-I", "-c", _START, str(_PROGRAM), *filter(None, sys.path)]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=LONGEST_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode:
        raise BylineError("is damaged, or no .pdf file (reading it takes too much time or memory); save it anew.")
    return [json.loads(line) for line in done.stdout.splitlines()]


def _page(number: int, page: Json) -> layout.Page:
    rows: list[list[Any]] = page["lines"] or []
    lines = [layout.Line(clean(" ".join(text.split())), x0, x1, low, high, number) for text, x0, x1, low, high in rows]
    return layout.Page(
        bottom=page.get("bottom", 0.0), top=page.get("top", 0.0), lines=[line for line in lines if line.text]
    )


def _from_heads(heads: list[str]) -> Iterator[Clue]:
    """The outlet and the day that stand at the head or the foot of the pages."""
    for head in heads:
        dated = FULL_DATE.search(head)
        if dated is not None:
            yield "published", iso(dated), f"“{head}” stands on its pages."
        for part in re.split(r"\s[|•·–—-]\s|\s{2,}", head[: dated.start()] if dated is not None else head):
            name = re.sub(r"(?i)[\s,]*\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b.*", "", part).strip(" ,|•·–—-")
            name = _PAGE_LABEL.sub("", name)
            if outlet := outlet_by_form(name):
                yield "outlet", outlet, f"“{head}” stands on its pages."


def _from_properties(about: Json) -> Iterator[Clue]:
    names = (" ".join(clean(part).split()) for part in about["author"].split(";"))
    if people := tuple(name for name in names if name and not NOBODY.fullmatch(name)):
        yield "authors", people, f"The PDF file was made by “{'; '.join(people)}”."
    if (made := re.match(r"(?:D:)?(\d{4})(\d\d)(\d\d)", about["made"])) is not None:
        day = "-".join(made.groups())
        yield "published", day, f"The PDF file was made on {day}."
