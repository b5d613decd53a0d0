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
from typing import Any

from rag.ingest import feeds, mail
from rag.ingest.formats import MAGIC, MAX_BYTES, decode, from_pdf, from_text, load, stated_above
from rag.ingest.metadata import clean, load_yaml, make_article, metadata_of, one_line
from rag.ingest.pages import from_html
from rag.ingest.splitting import split
from rag.ingest.word import from_docx
from rag.types import Article, BylineError, Failure, Json

_READERS: Mapping[str, Callable[[bytes], tuple[str, Json]]] = {
    ".txt": from_text,
    ".md": from_text,
    ".markdown": from_text,
    ".html": from_html,
    ".htm": from_html,
    ".pdf": from_pdf,
    ".docx": from_docx,
    ".eml": mail.from_mail,
}
_RECORDS = (".jsonl", ".ndjson", ".json")
SUFFIXES = (*_READERS, mail.MAILBOX, *_RECORDS, *feeds.SUFFIXES)
"""What is taken from a folder (.xml where it is a feed). A file that is named itself is taken whatever its suffix, as
text."""

_MARKED_UP = (".rtf", ".mht", ".mhtml", ".svg", ".fodt", ".tex", ".ps")  # in characters, but no text
_SIDECARS = (".json", ".yaml", ".yml", ".meta.json", ".meta.yaml", ".meta.yml")
_MANIFESTS = ("manifest.csv", "manifest.jsonl")
# But "license-fees-rise.txt" is one. "~$" begins what Word keeps beside a document that is open; "questions.list" holds
# the page's examples; the last two are a library's own, which may lie in the folder.
_NO_STORY = re.compile(r"README|LICENSE|(?i:readme|license)\.|~\$|questions\.list$|byline\.sqlite3|vectors\.faiss")
_TEXT_KEYS = ("text", "body", "content", "maintext", "article", "full_text", "articlebody", "article_text")
_LISTS = ("articles", "items", "docs", "results")  # under which a JSON file may hold its articles

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
            failures.append(_failure(given, error))
        # The path stays as it was reached: a link into a pool of files has the suffix and the sidecar.
        for path in map(Path, map(os.path.abspath, candidates)):
            if not os.path.isfile(path):
                failures.append(_failure(path, "is not a file that can be opened (a broken link?); leave it out."))
            elif _is_companion(path):
                companions.append(path)
            else:
                found.setdefault(os.path.realpath(path), path)
    if companions and not found and not failures:
        failures.append(_failure(companions[0], "only describes the articles beside it; name those or the folder."))
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
            failures.append(_failure(current, f"cannot be listed ({error.strerror}); give yourself access to it."))
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
    if path.suffix.lower() in suffixes and not _is_other_xml(path):
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
    suffixes = {*SUFFIXES, Path(pattern).suffix.lower()} - {""}  # *.log asks for .log
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
    ends = [case for end in SUFFIXES if end not in _RECORDS for case in (end, end.upper())]
    if not any(os.path.isfile(path.with_name(stem + end)) for stem in stems for end in ends):
        return False
    try:
        return path.suffix != ".json" or not _holds_articles(json.loads(decode(load(path))))
    except (OSError, ValueError, RecursionError, BylineError):
        return True  # what is wrong with it is reported with the article it belongs to


def _holds_articles(value: Any) -> bool:
    return isinstance(value, list) or (
        isinstance(value, dict)
        and (any(key in value for key in _TEXT_KEYS) or any(isinstance(value.get(key), list) for key in _LISTS))
    )


def _failure(path: str | Path, error: str, number: int = 0) -> Failure:
    # File names may hold bytes that are not UTF-8, which could neither be printed nor stored.
    where = str(path).encode("utf-8", "replace").decode() + (f":{number}" if number else "")
    name = os.path.basename(where)
    return Failure(path=where, error=f"{name if name else repr(where)} {error}")


# --- Reading files


def read(path: Path, *, manifest: Mapping[str, Json] | None = None) -> Iterator[Article | Failure]:
    """The article of one file, or the articles of a feed, a JSON or a JSON Lines file (streamed line by line), or of a
    text file that plainly holds several (`rag.ingest.splitting`).

    `manifest` is what `read_manifest` gave for the file's folder; without it the manifest is read here, and what
    is wrong with it reported here. Each value is taken from the first that has it: sidecar, manifest, front matter
    or the document's own metadata, text. Article.path is absolute; in a file of many it is `path#key` (id, url or
    number). Not text, too large, encrypted, damaged, forbidden, without a text: each is a Failure that says so.
    """
    path = Path(os.path.abspath(path))
    try:
        str(path).encode()
        if manifest is None:
            manifest, failures = read_manifest(path.parent)
            yield from failures
        row = manifest.get(_file_key(path.name), {})
        one_or_many = {mail.MAILBOX: _read_mailbox}
        one_or_many |= dict.fromkeys(_RECORDS, _read_records) | dict.fromkeys(feeds.SUFFIXES, _read_feed)
        take = one_or_many.get(path.suffix.lower(), _read_document)
        yield from take(path, row)
    except UnicodeEncodeError:
        yield _failure(path, "has a name, or lies in a folder with a name, that is not UTF-8; rename it.")
    except OSError as error:
        yield _failure(path, f"cannot be read ({error.strerror}); check the path and its permissions.")
    except BylineError as error:
        yield _failure(path, str(error))


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
            for number, row in _csv_rows(path) if path.suffix == ".csv" else _records(path):
                try:
                    fields = metadata_of(row)
                    name = one_line(fields.get("file"))
                    if name is None or _file_key(name) not in beside:
                        raise BylineError(f"names {name!r}, which is no file of its folder; mend its file or path.")
                    rows[_file_key(name)] = fields
                except BylineError as error:
                    failures.append(_failure(path, str(error), number))
        except OSError as error:
            failures.append(_failure(path, f"cannot be read ({error.strerror}); check its permissions."))
        except BylineError as error:
            failures.append(_failure(path, str(error)))
    return rows, failures


def _csv_rows(path: Path) -> Iterator[tuple[int, Any]]:
    import csv

    lines = decode(load(path)).split("\n")
    reader = csv.DictReader(lines, delimiter="," if "," in lines[0] else ";")
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise BylineError(f"is not CSV from line {reader.line_num} on ({error}); mend that line.") from error


def _file_key(name: str) -> str:
    return unicodedata.normalize("NFC", os.path.normpath(name))  # macOS decomposes the accents of file names


def _read_document(path: Path, row: Json) -> Iterator[Article | Failure]:
    suffix = path.suffix.lower()
    take = _READERS.get(suffix, from_text)
    try:
        if suffix in _MARKED_UP:
            raise BylineError("is not plain text.")
        text, own = _parsed(take, load(path), suffix)
    except BylineError as error:
        if suffix in _READERS:
            raise
        raise BylineError(f"{str(error).rstrip('.')}; what is read are {', '.join(SUFFIXES)} files.") from error
    sidecar: Json = {}
    for other in (path.with_name(path.stem + end) for end in _SIDECARS):
        try:
            if os.path.isfile(other):
                source = decode(load(other))
                value = json.loads(source) if other.suffix == ".json" else load_yaml(source)
                sidecar = {**({} if _holds_articles(value) else metadata_of(value)), **sidecar}
        except (OSError, ValueError, RecursionError, BylineError) as error:
            reason = str(error).rstrip(".")
            yield _failure(other, f"describes {path.name} but goes unused ({reason}); mend it or delete it.")
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
        except BylineError as error:
            yield _failure(path, str(error), number)


def _parsed(take: Callable[[bytes], tuple[str, Json]], data: bytes, suffix: str) -> tuple[str, Json]:
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
        except BylineError as error:
            yield _failure(path, str(error), number)


def _read_records(path: Path, row: Json) -> Iterator[Article | Failure]:
    seen: set[str] = set()
    for number, record in _records(path):
        try:
            own = metadata_of(record)
            text = next((record[key] for key in _TEXT_KEYS if isinstance(record.get(key), str)), None)
            if text is None:
                raise BylineError(f"has no text; give it under {', '.join(_TEXT_KEYS)}.")
            keys = (one_line(record.get("id")), one_line(own.get("url")), str(number), f"line {number}")
            key = next(key for key in keys if key is not None and key not in seen)
            seen.add(key)  # an id that is used twice must not lose an article
            yield make_article(f"{path}#{key}" if number else str(path), clean(text), (row, own))
        except BylineError as error:
            yield _failure(path, str(error), number)


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
        except BylineError as error:
            yield _failure(path, str(error), number)


def _records(path: Path) -> Iterator[tuple[int, Any]]:
    """The JSON values of a file with their line (.jsonl) or place (.json, from 1; 0 for one that stands alone).
    A line that cannot be read gives a BylineError as its value."""
    if path.suffix.lower() == ".json":
        try:
            value = json.loads(decode(load(path)))
        except (ValueError, RecursionError) as error:
            raise BylineError(f"is not JSON ({error}); mend it there.") from error
        if isinstance(value, dict) and not any(isinstance(value.get(key), str) for key in _TEXT_KEYS):
            value = next((value[key] for key in _LISTS if isinstance(value.get(key), list)), value)
        yield from enumerate(value, start=1) if isinstance(value, list) else [(0, value)]
        return
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_BYTES + 1):
            number += 1
            if number == 1 and (b"\0" in line or line.startswith(tuple(MAGIC))):
                raise BylineError("is not JSON Lines in UTF-8; save it so.")  # once, not for every line
            try:
                if len(line) > MAX_BYTES:
                    while line and not line.endswith(b"\n"):
                        line = file.readline(MAX_BYTES)
                    raise BylineError(f"is larger than a record may be, {MAX_BYTES / 2**20:.0f} MB; split it.")
                if not line.isspace():
                    yield number, json.loads(decode(line))
            except (ValueError, RecursionError) as error:
                yield number, BylineError(f"is not JSON ({error}); mend the line or delete it.")
            except BylineError as error:
                yield number, error
