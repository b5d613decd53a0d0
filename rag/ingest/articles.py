"""Files to articles: each is read with what is said beside it.

`read` turns one file into its articles; `rag.ingest.discovery` finds the files. What cannot be read comes back as a
`Failure`, not as an exception.
"""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from rag.errors import BylineError
from rag.ingest import epub, exports, feeds, mail, records
from rag.ingest.encoding import DAMAGED_GZIP, GZIP, GZIP_ERRORS, decode, decoded, load, open_file
from rag.ingest.failures import Troubles, failure, why
from rag.ingest.fields import Mapped, metadata_of, names_of
from rag.ingest.formats import declared_in, from_text, stated_above
from rag.ingest.lines import HEAD
from rag.ingest.metadata import load_yaml, make_article, one_line
from rag.ingest.opendocument import from_odt
from rag.ingest.pages import from_html
from rag.ingest.pdf import from_pdf
from rag.ingest.records import suffix_of
from rag.ingest.rich_text import from_rtf
from rag.ingest.splitting import split
from rag.ingest.transcripts import from_transcript
from rag.ingest.word import from_docx
from rag.types import Article, Failure, Json

_T = TypeVar("_T")


def _from_page(data: bytes) -> tuple[str, Json]:
    """As `from_html`, with a remark on its encoding."""
    text, _, remark = decoded(data, declared_in(data), exact=False)
    text, own = from_html(text.encode())
    return text, own | ({"reasons": {**own.get("reasons", {}), "encoding": remark}} if remark else {})


_READERS: Mapping[str, Callable[[bytes], tuple[str, Json]]] = {
    ".txt": from_text,
    ".md": from_text,
    ".markdown": from_text,
    ".html": _from_page,
    ".htm": _from_page,
    ".pdf": from_pdf,
    ".docx": from_docx,
    ".odt": from_odt,
    ".rtf": from_rtf,
    ".srt": from_transcript,
    ".vtt": from_transcript,
    ".eml": mail.from_mail,
}
SUFFIXES = (*_READERS, mail.MAILBOX, epub.SUFFIX, *records.SUFFIXES, *feeds.SUFFIXES)
"""What is taken from a folder (.xml where it is a feed), each packed by gzip too (.csv.gz). A file that is named itself
is taken whatever its suffix, as records where it plainly holds some, else as text."""
DRAFTS = (".docx", ".md", ".txt")
MOST_NAMES = 200

_KNOWN = {*SUFFIXES} - {".txt", ".md", ".markdown"}
_MARKED_UP = (".mht", ".mhtml", ".svg", ".fodt", ".tex", ".ps")  # in characters, but no text
SIDECARS = (".json", ".yaml", ".yml", ".meta.json", ".meta.yaml", ".meta.yml")
MANIFESTS = ("manifest.csv", "manifest.jsonl")


def read(
    path: Path, *, manifest: Mapping[str, Json] | None = None, mapped: Mapped | None = None
) -> Iterator[Article | Failure]:
    """The article of one file, or the articles of a feed, of a file of records (CSV, JSON: streamed one by one), or of
    a text file that plainly holds several (`rag.ingest.splitting`).

    `mapped` are the reader's own names of the fields of records (`rag.ingest.fields.parse_mapping`).

    `manifest` is what `read_manifest` gave for the file's folder; without it the manifest is read here, and what
    is wrong with it reported here. Each value is taken from the first that has it: sidecar, manifest, front matter
    or the document's own metadata, text. Article.path is absolute; in a file of many it is `path#key` (id, url or
    number). Not text, too large, encrypted, damaged, forbidden, without a text: each is a Failure that says so.
    """
    path = Path(os.path.abspath(path))
    try:
        str(path).encode()
    except UnicodeEncodeError:
        yield failure(path, "has a name, or lies in a folder with a name, that is not UTF-8; rename it.")
        return
    try:
        if manifest is None:
            manifest, failures = read_manifest(path.parent)
            yield from failures
        row = manifest.get(_file_key(path.name), {})
        suffix = suffix_of(path)
        if suffix in records.SUFFIXES or (suffix not in _KNOWN and _holds_records(path)):
            yield from _read_records(path, row, mapped if mapped is not None else {})
        else:
            many = {mail.MAILBOX: _read_mailbox, epub.SUFFIX: _read_book, **dict.fromkeys(feeds.SUFFIXES, _read_feed)}
            yield from many.get(suffix, _read_document)(path, row)
    except GZIP_ERRORS as error:
        yield failure(path, DAMAGED_GZIP.format(error))
    except OSError as error:
        yield failure(path, f"cannot be read ({error.strerror or error}); check the path and its permissions.")
    except Exception as error:
        yield failure(path, why(error))


def _holds_records(path: Path) -> bool:
    """Whether a text, or a file of unknown suffix, is a table or JSON. What it is otherwise is told when it is read."""
    try:
        with open_file(path) as file:
            head = file.read(HEAD)
        return records.looks_like(decode(head)) is not None
    except (BylineError, OSError, *GZIP_ERRORS):
        return False


def read_manifest(folder: Path) -> tuple[dict[str, Json], list[Failure]]:
    """What `manifest.csv` and `manifest.jsonl` state of the folder's files, by file name; {} where there is none.

    A row needs `file` or `path`; title, outlet, published, authors (`;` between them) and url are optional. A row
    that cannot be read, or that names a file which is not there, is a Failure.
    """
    rows: dict[str, Json] = {}
    failures = []
    for path in (folder / name for name in MANIFESTS if os.path.lexists(folder / name)):
        try:
            beside = {_file_key(name) for name in os.listdir(folder)}
            for number, row in records.records(path, lambda _: 2):
                try:
                    stated = metadata_of(row)
                    name = one_line(stated.get("file"))
                    if name is None or _file_key(name) not in beside:
                        raise BylineError(f"names {name!r}, which is no file of its folder; mend its file or path.")
                    rows[_file_key(name)] = stated
                except Exception as error:
                    failures.append(failure(path, why(error), number))
        except OSError as error:
            failures.append(failure(path, f"cannot be read ({error.strerror or error}); check its permissions."))
        except Exception as error:
            failures.append(failure(path, why(error)))
    return rows, failures


def _file_key(name: str) -> str:
    return unicodedata.normalize("NFC", os.path.normpath(name))  # macOS decomposes the accents of file names


def read_draft(path: Path) -> str:
    """The text of a reader's own draft in a file of one of `DRAFTS`. BylineError for another, or one that is damaged,
    too large or empty."""
    suffix = suffix_of(path)
    if suffix not in DRAFTS:
        raise BylineError(f"{path.name!r} is no draft that can be read: give a file in {', '.join(DRAFTS)}.")
    try:
        text, _ = _parsed(_READERS[suffix], load(path), suffix)
    except OSError as error:
        raise BylineError(f"{path.name!r} cannot be read ({error.strerror}).") from None
    except BylineError as error:
        raise BylineError(f"{path.name!r} {error}") from None
    if not text.strip():
        raise BylineError(f"{path.name!r} holds no text.")
    return text


def _read_document(path: Path, row: Json) -> Iterator[Article | Failure]:
    suffix = suffix_of(path)
    take = _READERS.get(suffix, from_text)
    try:
        if suffix in _MARKED_UP:
            raise BylineError("is not plain text.")
        text, own = _parsed(take, load(path), suffix)
    except BylineError as error:
        if suffix in _READERS:
            raise
        raise BylineError(f"{str(error).rstrip('.')}; what is read are {', '.join(SUFFIXES)} files.") from error
    sidecar, failures = _sidecar(path)
    yield from failures
    about = (sidecar, row)
    parts = split(text) if take is from_text and not any("title" in layer for layer in about) else []
    if not parts:
        yield make_article(str(path), text, (*about, own))
    seen: set[str] = set()
    for number, part in enumerate(parts, start=1):
        key = part.key if part.key is not None and part.key not in seen else str(number)
        seen.add(key)
        piece = text[part.start : part.end]
        own = stated_above(piece)
        clues = [("published", part.day, f"The line “{part.sign}” carries the day.")] if part.day is not None else []
        where = f"Article {number} of {len(parts)} in its file, from character {part.start} on; “{part.sign}” says so."
        own = {**own, "clues": clues, "reasons": {**own.get("reasons", {}), "text": " ".join(where.split())}}
        try:
            yield make_article(f"{path}#{key}", piece, (*about, own), offset=part.start)
        except Exception as error:
            yield failure(path, why(error), number)


def _sidecar(path: Path) -> tuple[Json, list[Failure]]:
    """What the files beside a file state of it, the first of them before the others, and what is wrong with them."""
    stated: Json = {}
    failures = []
    stem = Path(path.stem).stem if path.suffix.lower() == GZIP else path.stem
    for other in (path.with_name(stem + end) for end in SIDECARS):
        try:
            if os.path.isfile(other):
                source = decode(load(other))
                value = json.loads(source) if other.suffix == ".json" else load_yaml(source)
                stated = {**({} if holds_articles(value) else metadata_of(value)), **stated}
        except Exception as error:
            told = f"describes {path.name} but goes unused ({str(error).rstrip('.')}); mend it or delete it."
            failures.append(failure(other, told))
    return stated, failures


def holds_articles(value: Any) -> bool:
    """Whether a JSON or YAML document holds articles of its own, and does not only describe one beside it."""
    return (
        isinstance(value, list)
        or exports.fits(value) == 2
        or records.articles_in(value, lambda inner: exports.fits(inner) == 2) is not None
    )


def _parsed(take: Callable[[bytes], _T], data: bytes, suffix: str) -> _T:
    try:
        return take(data)
    except (BylineError, ImportError):
        raise
    except Exception as error:  # the parsers raise whatever a damaged file leads them into
        raise BylineError(
            f"is damaged, or no {suffix} file ({type(error).__name__}: {error}); save it anew."
        ) from error


def _read_mailbox(path: Path, row: Json) -> Iterator[Article | Failure]:
    seen: set[str] = set()
    for number, message in enumerate(mail.messages(path), start=1):
        try:
            if isinstance(message, BylineError):
                raise message
            text, own = _parsed(mail.from_mail, message, ".eml")
            keys = (own.pop("id", None), str(number), f"message {number}")
            key = next(key for key in keys if key and key not in seen)
            seen.add(key)
            yield make_article(f"{path}#{key}", text, (row, own))
        except Exception as error:
            yield failure(path, why(error), number)


def _read_book(path: Path, row: Json) -> Iterator[Article | Failure]:
    sidecar, failures = _sidecar(path)
    yield from failures
    for part in _parsed(lambda data: list(epub.articles(data)), load(path), epub.SUFFIX):
        try:
            yield make_article(
                f"{path}#{part.key}" if part.key is not None else str(path), part.text, (sidecar, row, part.own)
            )
        except Exception as error:
            yield failure(path, why(error))


def _read_records(path: Path, row: Json, mapped: Mapped) -> Iterator[Article | Failure]:
    seen: set[str] = set()
    troubles = Troubles(path)
    names: dict[str, None] = {}
    for number, record in records.records(path, lambda value: exports.fits(value, mapped)):
        try:
            text, own = exports.article_of(record, mapped)
            if not text:
                if not seen and len(names) < MOST_NAMES:
                    names.update(dict.fromkeys(names_of(record)))
                yield from troubles.without_text(number, is_first=not seen)
                continue
            keys = (one_line(own.pop("key")), one_line(own.get("url")), str(number), f"line {number}")
            name = next((name for name in keys if name is not None and name not in seen), f"record {len(seen) + 1}")
            seen.add(name)  # an id that is used twice must not lose an article
            if "\ufffd" in text and "excerpt" not in own.get("reasons", {}):
                own["reasons"] = {"encoding": "Characters of it were lost and stand as “\ufffd”."} | own.get(
                    "reasons", {}
                )
            yield make_article(f"{path}#{name}" if number else str(path), text, (row, own))
        except Exception as error:
            yield from troubles.other(number, why(error))
    yield from troubles.rest([*names], is_empty=not seen)


def _read_feed(path: Path, row: Json) -> Iterator[Article | Failure]:
    seen: set[str] = set()
    for number, entry in enumerate(feeds.entries(load(path)), start=1):
        try:
            if isinstance(entry, BylineError):
                raise entry
            key, text, own = entry
            names = (one_line(key), str(number), f"entry {number}")
            name = next(name for name in names if name and name not in seen)
            seen.add(name)
            yield make_article(str(path) if key is None else f"{path}#{name}", text, (row, own))
        except Exception as error:
            yield failure(path, why(error), number)
