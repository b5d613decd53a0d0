"""Files to articles: finding them, and reading each with what is said beside it.

`discover` finds files and `read` turns one file into its articles. What cannot be read comes back as a `Failure`,
not as an exception.
"""

from __future__ import annotations

import glob
import json
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from rag.errors import BylineError
from rag.ingest import epub, exports, feeds, mail, records
from rag.ingest.encoding import DAMAGED_GZIP, GZIP_ERRORS, decode, decoded, load, open_file
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

_KNOWN = {*SUFFIXES} - {".txt"}
_MARKED_UP = (".mht", ".mhtml", ".svg", ".fodt", ".tex", ".ps")  # in characters, but no text
_SIDECARS = (".json", ".yaml", ".yml", ".meta.json", ".meta.yaml", ".meta.yml")
_MANIFESTS = ("manifest.csv", "manifest.jsonl")
# But "license-fees-rise.txt" is one. "~$" begins what Word keeps beside a document that is open; "questions.list" holds
# the page's examples; the last two are a library's own, which may lie in the folder.
_NO_STORY = re.compile(r"README|LICENSE|(?i:readme|license)\.|~\$|questions\.list$|byline\.sqlite3|vectors\.faiss")

# --- Finding files


def discover(paths: Iterable[str | Path], passed_over: Counter[str] | None = None) -> tuple[list[Path], list[Failure]]:
    """The article files behind files, folders and globs (`news/*.txt`, `**`), absolute, in the order given.

    Folders are searched to the bottom and sorted; hidden entries, README and LICENSE files, unknown suffixes,
    sidecars and manifests in them are passed over. A file that is reached twice, also through links, is listed
    once, as it was reached first. A path that leads nowhere, or to no article, is a Failure. The files of unknown
    suffixes, and XML of no articles, are counted in `passed_over` by their suffix ("" where they have none).
    """
    found: dict[str, Path] = {}
    failures: list[Failure] = []
    companions: list[Path] = []
    others: dict[str, Path] = {}  # by their real path: reached twice, they count once
    for given in paths:
        name, n_before = os.path.expanduser(given), len(failures)
        if os.path.isdir(name):
            candidates = _walk(name, SUFFIXES, failures, others)
            error = f"holds no article; a folder needs files that end in {', '.join(SUFFIXES)}."
        else:
            candidates = [Path(name)] if os.path.lexists(name) else _expand(name, failures, others)
            error = "does not exist, cannot be reached or matches no article; name a file, a folder or a glob."
        if not candidates and len(failures) == n_before:
            failures.append(failure(given, error))
        # The path stays as it was reached: a link into a pool of files has the suffix and the sidecar.
        for path in map(Path, map(os.path.abspath, candidates)):
            if not os.path.isfile(path):
                failures.append(failure(path, "is not a file that can be opened (a broken link?); leave it out."))
            elif _is_companion(path):
                companions.append(path)
            else:
                found.setdefault(os.path.realpath(path), path)
    if companions and not found and not failures:
        failures.append(failure(companions[0], "only describes the articles beside it; name those or the folder."))
    if passed_over is not None:
        passed_over.update(
            path.suffix.lower() for real, path in others.items() if real not in found and not _is_companion(path)
        )
    return list(found.values()), failures


def _walk(
    folder: str, suffixes: Iterable[str], failures: list[Failure], others: dict[str, Path], tail: str = ""
) -> list[Path]:
    """All files below with one of the suffixes that match `tail`, sorted; the rest, but for what is no story by its
    name, goes into `others`. Each real folder is entered once, so that link loops end."""
    seen: set[str] = set()
    found: list[Path] = []
    todo = [Path(folder)]
    while todo:
        current = todo.pop()
        if (real := os.path.realpath(current)) in seen:
            continue
        seen.add(real)
        try:
            entries = sorted(entry for entry in current.iterdir() if not entry.name.startswith("."))
        except OSError as error:
            failures.append(failure(current, f"cannot be listed ({error.strerror}); give yourself access to it."))
            continue
        for entry in reversed(entries):
            if os.path.isdir(entry):
                todo.append(entry)
            elif not tail or entry.relative_to(folder).match(tail):
                _sort_out(entry, suffixes, found, others)
    return sorted(found)


def _sort_out(path: Path, suffixes: Iterable[str], found: list[Path], others: dict[str, Path]) -> None:
    if _NO_STORY.match(path.name):
        return
    if suffix_of(path) in suffixes and not _is_other_xml(path):
        found.append(path)
    else:
        others.setdefault(os.path.realpath(path), path)


def _is_other_xml(path: Path) -> bool:
    """Site maps, settings, drawings: whoever names such a file is told, a folder may hold some."""
    try:
        if path.suffix.lower() != ".xml" or not path.is_file():
            return False
        with path.open("rb") as file:
            return not feeds.is_feed(file.read(feeds.START))
    except OSError:
        return False  # reported when it is read


def _expand(pattern: str, failures: list[Failure], others: dict[str, Path]) -> list[Path]:
    """The files a glob names. `**` goes through `_walk`: what `glob` does there has no end where links loop."""
    suffixes = {*SUFFIXES, suffix_of(Path(pattern))} - {""}  # *.log asks for .log
    head, deep, tail = pattern.partition("**")
    tail = tail.lstrip("/\\")
    found: list[Path] = []
    for match in sorted(glob.glob(head if head else ".") if deep else glob.glob(pattern)):
        if os.path.isdir(match):
            found += _walk(match, suffixes, failures, others, tail)
        else:
            _sort_out(Path(match), suffixes, found, others)
    return found


def _is_companion(path: Path) -> bool:
    """Whether a file only describes articles beside it: a manifest, or a sidecar without a text of its own."""
    if path.name in _MANIFESTS:
        return True
    stems = [path.name.removesuffix(end) for end in _SIDECARS if path.name.endswith(end)]
    ends = [case for end in SUFFIXES if end not in records.SUFFIXES for case in (end, end.upper())]
    if not any(os.path.isfile(path.with_name(stem + end)) for stem in stems for end in ends):
        return False
    try:
        return path.suffix != ".json" or not _holds_articles(json.loads(decode(load(path))))
    except (OSError, ValueError, RecursionError, BylineError):
        return True  # what is wrong with it is reported with the article it belongs to


def _holds_articles(value: Any) -> bool:
    return (
        isinstance(value, list)
        or exports.fits(value) == 2
        or records.articles_in(value, lambda inner: exports.fits(inner) == 2) is not None
    )


# --- Reading files


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
    for path in (folder / name for name in _MANIFESTS if os.path.lexists(folder / name)):
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
    for other in (path.with_name(path.stem + end) for end in _SIDECARS):
        try:
            if os.path.isfile(other):
                source = decode(load(other))
                value = json.loads(source) if other.suffix == ".json" else load_yaml(source)
                stated = {**({} if _holds_articles(value) else metadata_of(value)), **stated}
        except Exception as error:
            told = f"describes {path.name} but goes unused ({str(error).rstrip('.')}); mend it or delete it."
            failures.append(failure(other, told))
    return stated, failures


def _parsed(take: Callable[[bytes], _T], data: bytes, suffix: str) -> _T:
    try:
        return take(data)
    except BylineError:
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
