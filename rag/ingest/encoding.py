"""Bytes to text: the one way in which every text format is decoded. One bad byte costs one character, not the file."""

from __future__ import annotations

import codecs
import gzip
import re
import sys
import zlib
from pathlib import Path
from typing import IO, NamedTuple, cast

from rag.errors import BylineError
from rag.ingest.alphabets import ALPHABETS, SIGNS, Alphabet

MAX_BYTES = 50 * 2**20
"""The largest file that is read whole, unpacked; in a file of many records, the largest record."""
GZIP = ".gz"
GZIP_ERRORS = (EOFError, gzip.BadGzipFile, zlib.error)
"""What reading a damaged .gz file raises. BadGzipFile is an OSError: to be caught before it."""
DAMAGED_GZIP = "is damaged, or no .gz file ({}); save it anew."

MAGIC = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"\xd0\xcf\x11\xe0": "an old office document",
    b"{\\rtf": "an RTF document",
    b"%PDF-": "a PDF; name it .pdf",
    b"\x7fELF": "a program",
    b"\x1f\x8b": "a gzip archive; name it .gz",
}
BOMS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\0\0": "utf-32",  # before UTF-16, whose mark it begins with
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
# What these labels mean on the web (WHATWG Encoding): each is a part of the other.
_MEANT = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
# Codecs that are no encoding of a page; UTF-16 would show in its NULs.
_NO_LABELS = {"unicode-escape", "raw-unicode-escape", "idna", "punycode", "utf-7", "undefined", "mbcs", "oem"}
_NO_LABELS |= {"utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"}
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_UNFIT = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff]")
_FEW, _SHARE = 3, 33  # so many control characters are stray ones; or one in so many
_REFERENCE = re.compile(r"&#(?:x0*([0-9a-f]+)|0*([0-9]+));?", re.IGNORECASE)
_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH_RUN = re.compile(rb"[\x00-\x7f]{0,8}[\x80-\xff]+(?:[\x00-\x7f]{0,8}[\x80-\xff]+)*[\x00-\x7f]{0,8}")
_SAMPLE = 2**15  # bytes around letters beyond ASCII by which an encoding is guessed
_LOST = "\ufffd"
_SURE, _LIKELY = 0.9, 0.85
_FEW_CAPITALS = 20
_FAR_EAST = "\u1100"


class Decoded(NamedTuple):
    """`remark` is a sentence for the reader where a character was lost or the encoding is a guess, else ""."""

    text: str
    encoding: str
    remark: str


def open_file(path: Path) -> IO[bytes]:
    """The file, unpacked while it is read where it is called .gz."""
    return cast("IO[bytes]", gzip.open(path)) if path.suffix.lower() == GZIP else path.open("rb")


def load(path: Path) -> bytes:
    """The bytes of a file, unpacked where it is called .gz. BylineError where they are more than `MAX_BYTES`."""
    limit = f"{MAX_BYTES / 2**20:.0f} MB"
    if (size := path.stat().st_size) > MAX_BYTES:
        raise BylineError(f"is {size / 2**20:.1f} MB, more than the {limit} that are read; split it.")
    if path.suffix.lower() != GZIP:
        return path.read_bytes()
    try:
        with open_file(path) as file:
            data = file.read(MAX_BYTES + 1)
    except GZIP_ERRORS as error:
        raise BylineError(DAMAGED_GZIP.format(error)) from error
    if len(data) > MAX_BYTES:
        raise BylineError(f"holds more than the {limit} that are read; split it.")
    return data


def decode(data: bytes, declared: str | None = None, *, exact: bool = True) -> str:
    """The text of `decoded`."""
    return decoded(data, declared, exact=exact).text


def decoded(data: bytes, declared: str | None = None, *, exact: bool = True) -> Decoded:
    """The bytes as text with `\\n` for every newline and without a byte order mark. BylineError if they are none.

    `declared` is what the file says of its encoding, or None. A byte that does not fit gives U+FFFD. With `exact` every
    character keeps its place and a NUL gives U+FFFD too; without, as in markup, control characters are left out."""
    kind = next((kind for magic, kind in MAGIC.items() if data.startswith(magic)), None)
    if kind is not None:
        raise BylineError(f"is not text ({kind}).")
    encoding, remark = _encoding_of(data, _label(declared))
    text = data.decode(encoding, "replace")
    lost = text.count(_LOST) - (data.count(b"\xef\xbf\xbd") if encoding.startswith("utf-8") else 0)
    stray = len(_CONTROL.findall(text := text.rstrip("\0")))
    if stray > _FEW and stray * _SHARE > len(text):
        raise BylineError("is not text (binary data).")
    if (lost > 1 and lost * 10 > len(text)) or lost == len(text) > 0:
        raise BylineError("is not text (its bytes fit no encoding; save it as UTF-8).")
    if lost:
        as_what = "UTF-8" if encoding.startswith("utf-8") else encoding
        many = f"{lost:,} characters" if lost > 1 else "One character"
        remark = f"{many} could not be read as {as_what} and stand{'' if lost > 1 else 's'} as “{_LOST}”."
    if exact and (n_nul := text.count("\0")):
        many = f"{n_nul:,} NUL bytes stand" if n_nul > 1 else "A NUL byte stands"
        remark = f"{remark} {many} as “{_LOST}”.".strip()
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return Decoded(text.replace("\0", _LOST) if exact else without_control(text), encoding, remark)


def without_control(text: str) -> str:
    """The text without the characters that XML does not bear; those that part pages or lines become blanks."""
    return _UNFIT.sub("", text.replace("\x0b", " ").replace("\x0c", " "))


def without_control_references(markup: str) -> str:
    """The markup without references to control characters (`&#7;`), which its parsers do not bear; those to what is no
    character give U+FFFD."""
    once = _REFERENCE.sub(lambda reference: _borne(reference, ""), markup)
    # What is left may close up to another one ("&#&#7;7;").
    return _REFERENCE.sub(lambda reference: _borne(reference, _LOST), once)


def _borne(reference: re.Match[str], otherwise: str) -> str:
    digits, base = (reference[1], 16) if reference[1] else (reference[2], 10)
    code = int(digits, base) if len(digits) < 8 else sys.maxunicode + 1
    if code > sys.maxunicode or 0xD800 <= code <= 0xDFFF:
        return _LOST
    if without_control(chr(code)) == chr(code):
        return reference[0]
    return without_control(chr(code)) or otherwise


def _label(declared: str | None) -> str | None:
    """The name of the codec that is declared; None where there is none such."""
    try:
        found = codecs.lookup(declared.strip().strip("\"'")) if declared else None
    except (LookupError, ValueError):
        return None
    if found is None or not found._is_text_encoding or found.name in _NO_LABELS:
        return None
    return _MEANT.get(found.name, found.name)


def _encoding_of(data: bytes, label: str | None) -> tuple[str, str]:
    """The encoding, and a remark where it is a guess."""
    bom = next((encoding for mark, encoding in BOMS.items() if data.startswith(mark)), None)
    if bom is not None:
        return bom, ""
    if b"\x1b$" in data and data.isascii():  # Japanese and Korean mail
        return (label if label is not None and label.startswith("iso2022") else "iso2022_jp"), ""
    wide = _wide(data)
    if wide is not None:
        return wide, ""
    try:
        data.decode()
        return "utf-8", ""
    except UnicodeDecodeError:
        pass
    evidence, against = _for_utf8(data)
    if evidence >= 4 * against or (label == "utf-8" and (evidence >= against or against == 1)):
        return "utf-8", ""
    best, fit = _best(data, label)
    if best is not None and fit >= _SURE:
        guessed = best not in ("cp1252", label)
        return best, f"Its encoding is not declared, or wrongly; by its letters it is {best}." if guessed else ""
    if evidence >= against:
        return "utf-8", ""
    from charset_normalizer import from_bytes

    found = label if label not in (None, "utf-8") else getattr(from_bytes(data[:_SAMPLE]).best(), "encoding", None)
    if found is None:
        found = best if best is not None and fit >= _LIKELY else "utf-8"
    return found, f"Its encoding is uncertain; it was read as {found}."


def _wide(data: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: its NULs stand at every second or fourth place."""
    n = data.count(b"\0")
    if 25 * n < len(data) or n < 2:
        return None
    for encoding, width, places in (
        ("utf-32-le", 4, (1, 2, 3)),
        ("utf-32-be", 4, (0, 1, 2)),
        ("utf-16-le", 2, (1,)),
        ("utf-16-be", 2, (0,)),
    ):
        at = [data[place::width].count(b"\0") for place in range(width)]
        if sum(at[place] for place in places) >= 0.95 * n and len(data) % width == 0:
            if width == 4 and any(4 * at[place] * 1.1 < len(data) for place in places if place in (0, 3)):
                continue
            text = data.decode(encoding, "replace")
            if 100 * (text.count(_LOST) + len(_CONTROL.findall(text))) <= len(text):
                return encoding
    return None


def _for_utf8(data: bytes) -> tuple[int, int]:
    """What speaks for UTF-8, sequences that hardly come about otherwise, and the number of places that speak against
    it. A file that was cut inside a character does not."""
    evidence = sum(2 * len(match[0]) - 3 for match in _SEQUENCE.finditer(data))
    against = data.decode("utf-8", "replace").count(_LOST) - data.count(b"\xef\xbf\xbd")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
        cut = True  # nothing is wrong but that the last sequence goes on
    except UnicodeDecodeError:
        cut = False
    if cut and (evidence or not data[-2:-1].isascii()):
        return evidence + 4, 1
    return evidence, against


def _best(data: bytes, label: str | None) -> tuple[str | None, float]:
    """The encoding in which the letters are those of a language, and how well they fit, in 0..1."""
    sample, size = [], 0
    for match in _HIGH_RUN.finditer(data):
        sample.append(match[0][:_SAMPLE])
        if (size := size + len(match[0])) > _SAMPLE:
            break
    joined = b"\n".join(sample)
    best: tuple[str | None, float] = None, 0.0
    texts: dict[str, str] = {}
    if label not in (None, "utf-8"):
        # What is declared is believed unless another fits clearly better.
        texts[label] = joined.decode(label, "replace")
        best = label, 1.05 * max(_fit(texts[label], alphabet) for alphabet in ALPHABETS)
    for alphabet in ALPHABETS:
        for encoding in alphabet.encodings:
            if encoding not in texts:
                texts[encoding] = joined.decode(encoding, "replace")
            if (fit := _fit(texts[encoding], alphabet)) > best[1] + 1e-9:
                best = encoding, fit
    return best


def _fit(text: str, alphabet: Alphabet) -> float:
    """How much of what is beyond ASCII the alphabet and the signs of all languages account for, in 0..1."""
    return _fit_of_signs(text, alphabet) if alphabet.share < 1 else _fit_of_letters(text, alphabet)


def _fit_of_letters(text: str, alphabet: Alphabet) -> float:
    good = total = n_capitals = 0
    before = " "
    for here, after in zip(text, f"{text[1:]} ", strict=True):
        if here > "\x7f":
            total += 1
            if here in SIGNS:
                # A sign between two letters is a letter of another encoding, apostrophes apart.
                good += here in "’·\xad" or not (before.isalpha() and after.isalpha())
            elif here.lower() in alphabet.letters:
                good += not (here.isupper() and before.islower())
                n_capitals += here.isupper()
        before = here
    if n_capitals > _FEW_CAPITALS and 2 * n_capitals > total:
        good //= 2  # small letters are capitals in another encoding
    return good / total / alphabet.share if total else 0.0


def _fit_of_signs(text: str, alphabet: Alphabet) -> float:
    """The same where a language has thousands of signs, of which the alphabet lists the commonest."""
    high = [letter for letter in text if letter > "\x7f"]
    foreign = sum((letter < _FAR_EAST and letter not in SIGNS) or letter == _LOST for letter in high)
    common = sum(letter >= _FAR_EAST and letter in alphabet.letters for letter in high)
    return min(1.0, common / len(high) / alphabet.share) * (1 - foreign / len(high)) if high else 0.0
