"""A program of its own, which `rag.ingest.pdf` starts: a PDF on standard input to its printed lines on standard output,
as lines of JSON. First {"pages", "title", "author", "made"}, or {"error", "why"}; then for each page {"bottom", "top",
"lines": [[text, x0, x1, bottom, top], …]}, in points from the lower left corner, in the order of the file.

PDFium is native code, and a small file can be built to keep it busy without end or to take all memory. Here that ends
this process and not Byline. It imports nothing of Byline's: it must start quickly.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import json
import re
import sys
from collections.abc import Iterator
from typing import Any

CPU_S_PER_PAGE = 15
MOST_MEMORY = 2 * 2**30
# Of a line's height: what parts two words, and not two columns; how far the same line may shift.
_WIDEST_SPACE, _OVERLAP = 0.75, 0.5
_HYPHEN = "\ufffe"  # PDFium's sign for a hyphen at the end of a line, behind which it goes on without a blank
_WORD = re.compile(rf"[^\s{_HYPHEN}]+{_HYPHEN}?")
_SIDEWAYS = 0.2  # a page with a larger share of words that run up or down is read as it comes

Box = tuple[float, float, float, float]
"""x0, x1, bottom, top."""


def _limit_page() -> None:
    """Ends this process where the next page takes too long. There is no such timer on Windows."""
    with contextlib.suppress(ImportError, AttributeError):
        import signal

        signal.setitimer(signal.ITIMER_PROF, CPU_S_PER_PAGE)


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def _characters(textpage: Any) -> str:
    """One character for each that PDFium counts, so that places in the text are its numbers."""
    import pypdfium2.raw as pdfium

    text = str(textpage.get_text_range())
    if len(text) == (n := textpage.count_chars()):
        return text
    return "".join(chr(pdfium.FPDFText_GetUnicode(textpage, i) or 0xFFFD) for i in range(n)).replace("\x02", _HYPHEN)


def _edges(page: Any) -> tuple[float, float, float, float]:
    """Left, bottom, right and top edge of a page, before it is turned. Those that it inherits count."""
    import pypdfium2.raw as pdfium

    box = pdfium.FS_RECTF()
    pdfium.FPDF_GetPageBoundingBox(page, ctypes.byref(box))
    return box.left, box.bottom, box.right, box.top


def _words(page: Any) -> Iterator[tuple[str, Box]]:
    """The words of a page with their boxes as the page is shown, whichever way it is turned."""
    import pypdfium2.raw as pdfium

    textpage, box = page.get_textpage(), pdfium.FS_RECTF()
    turned, (left, bottom, right, top) = page.get_rotation(), _edges(page)
    for word in _WORD.finditer(_characters(textpage)):
        ends = []
        for place in (word.start(), word.end() - (2 if word[0][-1] == _HYPHEN and len(word[0]) > 1 else 1)):
            pdfium.FPDFText_GetLooseCharBox(textpage, place, ctypes.byref(box))
            ends.append((box.left, box.right, box.bottom, box.top))
        x0, x1 = min(end[0] for end in ends), max(end[1] for end in ends)
        y0, y1 = min(end[2] for end in ends), max(end[3] for end in ends)
        if turned == 90:
            x0, x1, y0, y1 = y0, y1, right - x1 + bottom, right - x0 + bottom
        elif turned == 180:
            x0, x1, y0, y1 = right - x1, right - x0, top - y1, top - y0
        elif turned == 270:
            x0, x1, y0, y1 = top - y1, top - y0, x0 - left, x1 - left
        yield word[0].replace(_HYPHEN, "-"), (x0, x1, y0, y1)
    textpage.close()


def _lines(words: list[tuple[str, Box]]) -> list[tuple[str, Box]]:
    """The words joined that follow each other on one line with no more than a blank between them."""
    lines: list[tuple[list[str], Box]] = []
    for word, (x0, x1, bottom, top) in words:
        if lines:
            texts, (left, right, low, high) = lines[-1]
            height = min(top - bottom, high - low)
            gap = max(x0 - right, left - x1)
            if min(top, high) - max(bottom, low) > _OVERLAP * height and -height < gap < _WIDEST_SPACE * height:
                texts.append(word)
                lines[-1] = (texts, (min(left, x0), max(right, x1), min(low, bottom), max(high, top)))
                continue
        lines.append(([word], (x0, x1, bottom, top)))
    return [(" ".join(texts), box) for texts, box in lines]


def _page(page: Any) -> dict[str, Any]:
    words = list(_words(page))
    upright = [(w, box) for w, box in words if len(w) < 3 or box[3] - box[2] < 2 * (box[1] - box[0])]
    if len(words) - len(upright) <= _SIDEWAYS * len(words):
        lines = _lines(upright)  # what runs up the margin is no text
    else:
        lines = [(w, (0.0, float(len(w)), -float(n), 1.0 - n)) for n, (w, _) in enumerate(words)]
    left, bottom, right, top = _edges(page)
    if page.get_rotation() == 90:
        top = bottom + right - left
    elif page.get_rotation() == 270:
        bottom, top = 0.0, right - left
    return {"bottom": bottom, "top": top, "lines": [[text, *(round(x, 2) for x in box)] for text, box in lines]}


def main() -> None:
    import pypdfium2

    _limit_memory()
    _limit_page()
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", errors="replace", newline="\n")

    def say(value: dict[str, Any]) -> None:
        out.write(json.dumps(value) + "\n")

    try:
        document = pypdfium2.PdfDocument(sys.stdin.buffer.read())
    except pypdfium2.PdfiumError as error:
        is_locked = error.err_code in (pypdfium2.raw.FPDF_ERR_PASSWORD, pypdfium2.raw.FPDF_ERR_SECURITY)
        say({"error": "encrypted" if is_locked else "damaged", "why": str(error)})
    else:
        about = document.get_metadata_dict()
        known = {"title": about["Title"], "author": about["Author"], "made": about["CreationDate"]}
        say({"pages": len(document), **known})
        for number in range(len(document)):
            _limit_page()
            try:
                page = document[number]
                say(_page(page))
                page.close()
            except pypdfium2.PdfiumError:
                say({"lines": None})
    out.flush()


if __name__ == "__main__":
    main()
