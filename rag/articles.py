"""Files to articles: finding them, decoding them, what they say of themselves, and what in them is not story.

`discover` finds files and `read` turns one file into its articles. What cannot be read comes back as a `Failure`,
not as an exception. `find_boilerplate` and `find_headings` say which parts of a text are not sentences of it.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import glob
import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from rag.types import Article, BylineError, DateSource, Failure, Json, Precision, Span

MAX_BYTES = 50 * 2**20
"""The largest file that is read; in a JSON Lines file, the largest line."""
SUFFIXES = (".txt", ".md", ".markdown", ".html", ".htm", ".pdf", ".jsonl", ".ndjson", ".json")
"""What is taken from a folder. A file that is named itself is taken whatever its suffix, as text."""

_T = TypeVar("_T")
_Clue = tuple[str, str, str]  # field, value, reason
_RECORDS = (".jsonl", ".ndjson", ".json")
_SIDECARS = (".json", ".yaml", ".yml", ".meta.json", ".meta.yaml", ".meta.yml")
_MANIFESTS = ("manifest.csv", "manifest.jsonl")
_NO_STORY = re.compile(r"README|LICENSE|(?i:readme|license)\.")  # but "license-fees-rise.txt" is one
_TEXT_KEYS = ("text", "body", "content", "maintext")
_METADATA_KEYS = {
    "file": ("file", "path"),  # in a manifest
    "title": ("title", "headline"),
    "outlet": ("outlet", "source", "publisher", "site"),
    "authors": ("authors", "author"),
    "url": ("url", "link"),
    "published": ("published", "date", "published_at", "publishedat", "date_publish", "pubdate"),
    "published_precision": ("published_precision",),
    "published_source": ("published_source",),
    "published_reason": ("published_reason",),
}

# --- Finding files


def discover(paths: Iterable[str | Path]) -> tuple[list[Path], list[Failure]]:
    """The article files behind files, folders and globs (`news/*.txt`, `**`), absolute, in the order given.

    Folders are searched to the bottom and sorted; hidden entries, README and LICENSE files, unknown suffixes,
    sidecars and manifests in them are passed over. A file that is reached twice, also through links, is listed
    once, as it was reached first. A path that leads nowhere, or to no article, is a Failure.
    """
    found: dict[str, Path] = {}
    failures: list[Failure] = []
    companions: list[Path] = []
    for given in paths:
        name, n_before = os.path.expanduser(given), len(failures)
        if os.path.isdir(name):
            candidates = _walk(name, SUFFIXES, failures)
            error = f"holds no article; a folder needs files that end in {', '.join(SUFFIXES)}."
        else:
            candidates = [Path(name)] if os.path.lexists(name) else _expand(name, failures)
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
    return list(found.values()), failures


def _walk(folder: str, suffixes: Iterable[str], failures: list[Failure]) -> list[Path]:
    """All files below with one of the suffixes, sorted. Each real folder is entered once, so that link loops end."""
    seen: set[str] = set()
    found, todo = [], [Path(folder)]
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
            elif entry.suffix.lower() in suffixes and not _NO_STORY.match(entry.name):
                found.append(entry)
    return sorted(found)


def _expand(pattern: str, failures: list[Failure]) -> list[Path]:
    """The files a glob names. `**` goes through `_walk`: what `glob` does there has no end where links loop."""
    suffixes = {*SUFFIXES, Path(pattern).suffix.lower()} - {""}  # *.log asks for .log
    head, deep, tail = pattern.partition("**")
    tail = tail.lstrip("/\\")
    found: list[Path] = []
    for match in sorted(glob.glob(head if head else ".") if deep else glob.glob(pattern)):
        if os.path.isdir(match):
            below = _walk(match, suffixes, failures)
            found += [path for path in below if not tail or path.relative_to(match).match(tail)]
        elif Path(match).suffix.lower() in suffixes and not _NO_STORY.match(os.path.basename(match)):
            found.append(Path(match))
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
        return path.suffix != ".json" or not _holds_articles(json.loads(_decode(_load(path))))
    except (OSError, ValueError, RecursionError, BylineError):
        return True  # what is wrong with it is reported with the article it belongs to


def _holds_articles(value: Any) -> bool:
    return isinstance(value, list) or (isinstance(value, dict) and any(key in value for key in _TEXT_KEYS))


def _failure(path: str | Path, error: str, number: int = 0) -> Failure:
    # File names may hold bytes that are not UTF-8, which could neither be printed nor stored.
    where = str(path).encode("utf-8", "replace").decode() + (f":{number}" if number else "")
    name = os.path.basename(where)
    return Failure(path=where, error=f"{name if name else repr(where)} {error}")


# --- Reading files


def read(path: Path, *, manifest: Mapping[str, Json] | None = None) -> Iterator[Article | Failure]:
    """The article of one file, or the articles of a JSON or JSON Lines file (which is streamed line by line).

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
        yield from (_read_records if path.suffix.lower() in _RECORDS else _read_document)(path, row)
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
                    fields = _metadata(row)
                    name = _one_line(fields.get("file"))
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

    lines = _decode(_load(path)).split("\n")
    reader = csv.DictReader(lines, delimiter="," if "," in lines[0] else ";")
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise BylineError(f"is not CSV from line {reader.line_num} on ({error}); mend that line.") from error


def _file_key(name: str) -> str:
    return unicodedata.normalize("NFC", os.path.normpath(name))  # macOS decomposes the accents of file names


def _read_document(path: Path, row: Json) -> Iterator[Article | Failure]:
    data, suffix = _load(path), path.suffix.lower()
    try:
        take = _from_pdf if suffix == ".pdf" else _from_html if suffix in (".html", ".htm") else _from_text
        text, own = take(data)
    except BylineError:
        raise
    except Exception as error:  # the parsers raise whatever a damaged file leads them into
        raise BylineError(
            f"is damaged, or no {suffix} file ({type(error).__name__}: {error}); save it anew."
        ) from error
    sidecar: Json = {}
    for other in (path.with_name(path.stem + end) for end in _SIDECARS):
        try:
            if os.path.isfile(other):
                source = _decode(_load(other))
                value = json.loads(source) if other.suffix == ".json" else _load_yaml(source)
                sidecar = {**({} if _holds_articles(value) else _metadata(value)), **sidecar}
        except (OSError, ValueError, RecursionError, BylineError) as error:
            reason = str(error).rstrip(".")
            yield _failure(other, f"describes {path.name} but goes unused ({reason}); mend it or delete it.")
    yield _article(str(path), text, (sidecar, row, own))


def _read_records(path: Path, row: Json) -> Iterator[Article | Failure]:
    seen: set[str] = set()
    for number, record in _records(path):
        try:
            own = _metadata(record)
            text = next((record[key] for key in _TEXT_KEYS if isinstance(record.get(key), str)), None)
            if text is None:
                raise BylineError(f"has no text; give it under {', '.join(_TEXT_KEYS)}.")
            keys = (_one_line(record.get("id")), _one_line(own.get("url")), str(number), f"line {number}")
            key = next(key for key in keys if key is not None and key not in seen)
            seen.add(key)  # an id that is used twice must not lose an article
            yield _article(f"{path}#{key}" if number else str(path), _clean(text), (row, own))
        except BylineError as error:
            yield _failure(path, str(error), number)


def _records(path: Path) -> Iterator[tuple[int, Any]]:
    """The JSON values of a file with their line (.jsonl) or place (.json, from 1; 0 for one that stands alone).
    A line that cannot be read gives a BylineError as its value."""
    if path.suffix.lower() == ".json":
        try:
            value = json.loads(_decode(_load(path)))
        except (ValueError, RecursionError) as error:
            raise BylineError(f"is not JSON ({error}); mend it there.") from error
        yield from enumerate(value, start=1) if isinstance(value, list) else [(0, value)]
        return
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_BYTES + 1):
            number += 1
            if number == 1 and (b"\0" in line or line.startswith(tuple(_MAGIC))):
                raise BylineError("is not JSON Lines in UTF-8; save it so.")  # once, not for every line
            try:
                if len(line) > MAX_BYTES:
                    while line and not line.endswith(b"\n"):
                        line = file.readline(MAX_BYTES)
                    raise BylineError(f"is larger than a record may be, {MAX_BYTES / 2**20:.0f} MB; split it.")
                if not line.isspace():
                    yield number, json.loads(_decode(line))
            except (ValueError, RecursionError) as error:
                yield number, BylineError(f"is not JSON ({error}); mend the line or delete it.")
            except BylineError as error:
                yield number, error


def _load(path: Path) -> bytes:
    if (size := path.stat().st_size) > MAX_BYTES:
        limit = f"{MAX_BYTES / 2**20:.0f} MB"
        raise BylineError(f"is {size / 2**20:.1f} MB, more than the {limit} that are read; split it.")
    return path.read_bytes()


# --- Text out of bytes

_MAGIC = {
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


def _decode(data: bytes, declared: str | None = None) -> str:
    """The bytes as text with `\\n` for every newline and without a byte order mark. BylineError if they are none."""
    kind = next((kind for magic, kind in _MAGIC.items() if data.startswith(magic)), None)
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
    yield "utf-8"
    if b"\0" in data and 4 * data.count(b"\0") < len(data):
        return  # in UTF-16 about every second byte would be one
    if declared is not None:
        yield declared
    # In a short English text a guesser takes the bytes of ’ and — for Korean or Polish.
    if not data.translate(None, _WESTERN) and 10 * len(data.translate(None, _ASCII)) <= len(data):
        yield "cp1252"
    from charset_normalizer import from_bytes

    if (best := from_bytes(data).best()) is not None:
        yield best.encoding


def _from_text(data: bytes) -> tuple[str, Json]:
    """The file itself, decoded, and what its front matter states."""
    text = _decode(data)
    span = _front_matter(text)
    try:
        return text, _metadata(_load_yaml(text[: span[1]].strip().strip("-"))) if span is not None else {}
    except BylineError as error:
        return text, {"reasons": {"front_matter": f"The front matter could not be read: it {error}"}}


_NO_TEXT = ("head", "script", "style", "template", "noscript")
_BLOCKS = ("p", "div", "br", "li", "tr", "section", "article", "blockquote", "h1", "h2", "h3", "h4")
_DATE_META = (
    "//meta[@property='article:published_time' or @property='og:published_time']/@content",
    "//*[@itemprop='datePublished']/@content|//*[@itemprop='datePublished']/@datetime",
    "//meta[contains('|date|pubdate|publishdate|dc.date|dcterms.created|parsely-pub-date|sailthru.date|',"
    " concat('|', translate(@name, 'DCPU', 'dcpu'), '|'))]/@content",
)


def _from_html(data: bytes) -> tuple[str, Json]:
    """The main text of a page, its paragraphs set apart by blank lines, and what the page states of itself."""
    import lxml.html  # type: ignore[import-untyped]
    import trafilatura

    label = re.search(rb"<meta[^>]{0,200}charset=[\"']?\s*([\w-]+)", data[:4096], re.IGNORECASE)
    declared = label[1].decode("ascii").lower() if label is not None else None
    if declared in ("iso-8859-1", "latin1", "ascii", "us-ascii"):
        declared = "cp1252"  # as browsers read these labels
    # Where a newline in the source is a space on the page; the newlines of the text come from its elements alone.
    markup = re.sub(r"[ \t\n\f]+", " ", _decode(data, declared)).encode()
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        tree = lxml.html.document_fromstring(markup, parser=parser)
    except lxml.etree.ParserError:  # there is nothing in it
        return "", {}
    published = next(_html_dates(tree), None)
    known = trafilatura.extract_metadata(tree, date_config={"extensive_search": False, "original_date": True})
    own: Json = {"title": known.title, "authors": known.author, "url": known.url, "published": published}
    if known.sitename != known.hostname:  # which stands in where the page names no site
        own["outlet"] = known.sitename
    if published is None and known.date is not None:
        own["published"], own["published_source"] = known.date, "inferred"
        own["published_reason"] = f"The page states no day of publication; “{known.date}” is a date in its markup."
    for element in [*tree.iter()][1:]:
        style = "".join(element.get("style", "").lower().split())
        aside = "hidden" in element.attrib or element.get("aria-hidden") == "true" or element.tag in _NO_TEXT
        if aside or "display:none" in style or "visibility:hidden" in style:
            element.drop_tree()
    config = trafilatura.settings.use_config()
    config.set("DEFAULT", "MIN_EXTRACTED_SIZE", "100")  # below it paragraphs run together; a brief is not much longer
    text = trafilatura.extract(tree, include_comments=False, config=config)
    if text is None or not _WORD.search(text):
        for element in tree.iter(*_BLOCKS):
            element.text = f"\n{element.text if element.text is not None else ''}"
            element.tail = f"\n{element.tail if element.tail is not None else ''}"
        text = tree.text_content()
    return _clean("\n\n".join(line for block in text.split("\n") if (line := " ".join(block.split())))), own


def _html_dates(tree: Any) -> Iterator[str]:
    """When the page says it was first published, never when it was last changed (which trafilatura may give)."""
    for script in tree.xpath("//script[@type='application/ld+json']"):
        try:
            queue = [json.loads(script.text_content())]
        except (ValueError, RecursionError):
            continue
        for value in queue:  # grows while it is read: outer objects before the ones inside them
            if isinstance(value, dict) and isinstance(value.get("datePublished"), str):
                yield value["datePublished"]
            queue += list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    for path in _DATE_META:
        yield from map(str, tree.xpath(path))


def _from_pdf(data: bytes) -> tuple[str, Json]:
    """The text layer of a PDF, pages set apart by blank lines, and its document information."""
    import io

    import pypdf

    reader = pypdf.PdfReader(io.BytesIO(data))
    try:
        readable = not reader.is_encrypted or bool(reader.decrypt(""))
    except pypdf.errors.DependencyError:  # a cipher that pypdf alone does not have
        readable = False
    if not readable:
        raise BylineError("is encrypted; save a copy of it without a password.")
    text = "\n\n".join(_join_lines(page.extract_text().split("\n")) for page in reader.pages)
    if _WORD.search(text) is None:
        raise BylineError(f"has no text layer on its {len(reader.pages)} pages (a scan?); run text recognition on it.")
    if (info := reader.metadata) is None:
        return text, {}
    own: Json = {"title": info.title, "authors": info.author}
    if re.search(r"(?i)^untitled|^microsoft word|\.(docx?|pdf|indd|qxd|tex)$", str(info.title)):
        own["title"] = None  # what the program put there, not the writer
    if (made := re.match(r"D:(\d{4})(\d\d)(\d\d)", str(info.creation_date_raw))) is not None:
        own["published"], own["published_source"] = "-".join(made.groups()), "inferred"
        own["published_reason"] = f"The PDF file was made on {own['published']}."
    return text, own


def _join_lines(lines: Sequence[str]) -> str:
    """The printed lines of a page as paragraphs: one ends with a line that is short for the page."""
    text, width = "", 0.7 * max(map(len, lines))
    for line in map(str.strip, lines):
        # A hyphen at the end of a line stays, since nobody knows whether it belongs to the word.
        between = "\n\n" if len(line) < width else "" if re.search(r"\w[-\xad]$", line) else " "
        text += line.rstrip("\xad") + between
    text = re.sub("[\ufb00-\ufb06]", lambda ligature: unicodedata.normalize("NFKC", ligature[0]), text)
    return _clean(re.sub(r"\n{3,}", "\n\n", text)).strip()


# --- Metadata

_MAX_YAML = 64 * 2**10
_MAX_BRACKETS = 100
_TOLERANCE = dt.timedelta(days=366)
_PRECISIONS: dict[int, Precision] = {0: "none", 4: "year", 7: "month", 10: "day"}


def _load_yaml(source: str) -> Any:
    """The value of a YAML text. BylineError where it is broken, or built to exhaust whoever reads it."""
    import yaml

    if len(source) > _MAX_YAML:
        raise BylineError(f"is longer than {_MAX_YAML // 2**10} KB.")
    if source.count("[") + source.count("{") > _MAX_BRACKETS:  # PyYAML takes minutes for 64 KB of them
        raise BylineError(f"has more than {_MAX_BRACKETS} brackets.")
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(source, Loader=yaml.SafeLoader)):
            raise BylineError("uses aliases (*name), which are not followed; write the value out.")
        value = yaml.safe_load(source)
        str(value)  # an integer of thousands of figures fails here, and not where it is used
        return value
    except BylineError:
        raise
    except Exception as error:  # PyYAML lets out whatever a date of 31 February or a bad tag leads it into
        raise BylineError(f"is not YAML ({' '.join(str(error).split())}).") from error


def _metadata(raw: Any) -> Json:
    """The fields under their own names, whatever the file calls them; empty ones are left out."""
    if isinstance(raw, BylineError):
        raise raw
    if not isinstance(raw, dict):
        raise BylineError("is not an object of names and values.")
    fields = {str(name).strip().lower(): value for name, value in raw.items()}
    found: Json = {}
    for name, aliases in _METADATA_KEYS.items():
        values = (fields[alias] for alias in aliases if fields.get(alias) not in (None, "", [], {}))
        found.update((name, value) for value in islice(values, 1))
    return found


def _clean(text: str) -> str:
    """Text that did not come from a text file: newlines as `\\n`, and nothing in it that cannot be stored."""
    return re.sub("[\0\ud800-\udfff]", "\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def _one_line(value: Any) -> str | None:
    value = value.get("name") if isinstance(value, dict) else value
    if isinstance(value, bool) or not isinstance(value, str | int | float | dt.date):
        return None
    line = " ".join(_clean(str(value)).split())
    return line if line else None


def _people(value: Any) -> tuple[str, ...] | None:
    names = value if isinstance(value, list) else value.split(";") if isinstance(value, str) else [value]
    people = tuple(dict.fromkeys(name for name in map(_one_line, names) if name is not None))
    return people if people else None


def _address(value: Any) -> str | None:
    line = _one_line(value)
    return line if line is not None and re.fullmatch(r"https?://\S+", line) else None


def _article(path: str, text: str, layers: Sequence[Json]) -> Article:
    """The article of a text and of what is stated of it, the most trusted statements first."""

    def stated(name: str, convert: Callable[[Any], _T | None]) -> _T | None:
        return next((value for layer in layers if (value := convert(layer.get(name))) is not None), None)

    boilerplate = find_boilerplate(text)
    edges = [0, *(edge for span in boilerplate for edge in span), len(text)]
    if not any(_WORD.search(text, *gap) for gap in zip(edges[::2], edges[1::2], strict=True)):
        raise BylineError("has no text; leave it out, or fill it.")
    title, outlet = stated("title", _one_line), stated("outlet", _one_line)
    authors, url = stated("authors", _people), stated("url", _address)
    clues = list(_clues(text, boilerplate, url))
    reasons: Json = {}
    for layer in layers:
        reasons.update(layer.get("reasons", {}))
    if title is None and (line := _title_line(text)) is not None:
        title = re.sub(r"^#{1,6}\s+|\s+#+$", "", text[slice(*line)].strip())
        reasons["title"] = f"The first line of the text stands apart: “{title}”."
    if outlet is None:
        outlet, reasons["outlet"] = next(((value, why) for field, value, why in clues if field == "outlet"), (None, ""))
    published, source, reasons["published"] = _published(layers, clues)
    reasons = {field: reason for field, reason in sorted(reasons.items()) if reason}
    return Article(
        id=_sha256([text, title])[:12],
        text=text,
        title=title,
        outlet=outlet,
        authors=authors if authors is not None else (),
        url=url,
        published=published,
        published_precision=_PRECISIONS[len(published) if published is not None else 0],
        published_source=source,
        path=path,
        content_hash=_sha256([text, title, outlet, authors, url, published, source, reasons]),
        boilerplate=boilerplate,
        reasons=reasons,
    )


def _sha256(values: list[Any]) -> str:
    return hashlib.sha256(json.dumps(values, ensure_ascii=False).encode()).hexdigest()


def _published(layers: Sequence[Json], clues: Iterable[_Clue]) -> tuple[str | None, DateSource, str]:
    """The date, cut to what is known, where it is from, and the reason for it or for there being none."""
    ignored = ""
    for layer in layers:
        value, inferred = layer.get("published"), layer.get("published_source") == "inferred"
        reason = _one_line(layer.get("published_reason", "It is marked as inferred where it is stated."))
        if value is None:
            if layer.get("published_source") == "none":  # somebody looked, and says that nobody knows
                return None, "none", str(reason) if "published_reason" in layer else ""
        elif (date := _parse_date(value)) is not None and _is_possible(date, dt.date.today() + _TOLERANCE):
            date = date[: {"year": 4, "month": 7}.get(str(layer.get("published_precision")), 10)]
            return date, "inferred" if inferred else "stated", f"{ignored}{reason if inferred else ''}".strip()
        else:
            value = _clean(str(value))[:80]
            ignored = f"The date “{value}” is ignored; write it as YYYY-MM-DD, at most a year from now. "
    for field, date, reason in clues:
        if field == "published" and _is_possible(date, dt.date.today()):
            return date, "inferred", ignored + reason
    return None, "none", ignored.strip()


# --- What a text itself says: dates, outlet, headline

_MONTH_NAMES = (
    "Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    "|Nov(?:ember)?|Dec(?:ember)?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH, _DAY = rf"({_MONTH_NAMES})\.?", r"([0-9]{1,2})(?:st|nd|rd|th)?"
_FULL_DATE = re.compile(
    rf"(?<!\w)(?=[0-9JFMASOND])(?:{_MONTH}\s{_DAY},?\s([0-9]{{4}})|{_DAY}\s(?:of\s)?{_MONTH},?\s([0-9]{{4}})"
    r"|([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2}))(?![0-9])",
    re.IGNORECASE,
)
_URL_DATE = re.compile(r"/((?:19|20)[0-9]{2})[/-]([0-9]{1,2})(?:[/-]([0-9]{1,2}))?(?=/|-|$)")


def _parse_date(value: Any) -> str | None:
    """YYYY-MM-DD, YYYY-MM or YYYY, as written: no clock is turned for its time zone. Day and month in figures alone
    (07/10/2026) give None, since nobody can tell which is which."""
    text = str(value).strip()[:100]
    if (full := _FULL_DATE.search(text)) is not None:
        return _iso(full)
    if (basic := re.match(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T|$)", text)) is not None:
        return "-".join(basic.groups())
    if (month := re.fullmatch(rf"{_MONTH},?\s([0-9]{{4}})", text, re.IGNORECASE)) is not None:
        return f"{month[2]}-{_MONTHS.index(month[1][:3].lower()) + 1:02}"
    if re.fullmatch(r"[0-9]{4}(-[0-9]{2})?", text):
        return text
    mail = email.utils.parsedate(text)  # RFC 822, as in feeds, with a year of two figures
    return f"{mail[0]:04}-{mail[1]:02}-{mail[2]:02}" if mail is not None else None


def _iso(full_date: re.Match[str]) -> str:
    year, month, day = (part for part in full_date.groups() if part is not None)
    if not year.isdigit():
        year, month, day = day, year, month
    elif len(year) < 4:
        year, day = day, year
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1
    return f"{year}-{number:02}-{int(day):02}"


def _is_possible(date: str, latest: dt.date) -> bool:
    try:
        return dt.date(1500, 1, 1) <= dt.date.fromisoformat((date + "-01-01")[:10]) <= latest
    except ValueError:
        return False


def _clues(text: str, boilerplate: Sequence[Span], url: str | None) -> Iterator[_Clue]:
    """What the text lets one infer: field, value and reason, the surest first of each field."""
    for dateline in (_DATELINE.fullmatch(text, *span) for span in boilerplate):
        if dateline is not None:
            yield "outlet", next(filter(None, dateline.groups())), f"The text begins “{dateline[0].strip()}”."
    marks = [text[start:end].strip() for start, end in boilerplate if end - start <= _MAX_LINE]
    wires = list(filter(None, map(_WIRE_DATE.match, marks)))
    for wire in wires:
        yield "published", f"{wire[3]}-{wire[2]}-{wire[1]}", f"The wire identifier {wire[0]} carries the day."
    if url is not None and (dated := _URL_DATE.search(url)) is not None:
        parts = (f"{int(part):02}" for part in dated.groups() if part is not None)
        yield "published", "-".join(parts), f"The address carries the date: “{dated[0]}”."
    for mark in filter(_COPYRIGHT.match, marks):
        reason = f"The copyright line reads “{mark}”."
        owner = " ".join(_NOT_OWNER.sub(" ", mark).split()).strip(" .,;|–-").removeprefix("by ")
        if 1 < len(owner) <= 60:
            yield "outlet", owner, reason
        yield from (("published", year, reason) for year in sorted(_YEAR.findall(mark), reverse=True))
    for wire in wires:
        yield "outlet", "MENAFN", f"The text carries its wire identifier {wire[0]}."
    front = _front_matter(text)
    dates = ((_iso(match), match[0]) for match in _FULL_DATE.finditer(text, front[1] if front is not None else 0))
    date, words = max((pair for pair in dates if _is_possible(pair[0], dt.date.today())), default=("", ""))
    if date:
        yield "published", date[:7], f"The latest full date in the text is “{words}”; the article is not older."


def _title_line(text: str) -> Span | None:
    """The first line of the story where it is a headline: a Markdown heading, or short, without a full stop, not
    the beginning of a wrapped paragraph, and followed by more."""
    lines = (span for span in _lines(text) if not _is_boilerplate(text, span))
    first, second = next(lines, None), next(lines, None)
    if first is None or first[1] - first[0] > _MAX_LINE:
        return None
    line = text[slice(*first)].strip()
    if _MARKDOWN_HEADING.match(line):
        return first
    is_date = any(map(_FULL_DATE.fullmatch, (line, line.split(", ", 1)[-1])))  # perhaps after its weekday
    if second is None or is_date or _BY_LINE.fullmatch(line) or not _is_heading(line, 160, ".,;:…"):
        return None
    wrapped = text.count("\n", first[1], second[0]) == 1 and (text[second[0]].islower() or _OPEN_END.search(line))
    return None if wrapped or _DATELINE.match(line) else first


def find_headings(text: str) -> tuple[Span, ...]:
    """The lines that are headings and not sentences, sorted, without their newline: Markdown headings, the headline,
    and short lines without final punctuation that stand alone above other text. Boilerplate is not among them."""
    lines = list(_lines(text))
    title = _title_line(text)
    headings = []
    for i, (start, end) in enumerate(lines):
        if (start, end) == title or (end - start <= _MAX_LINE and _MARKDOWN_HEADING.match(text, start, end)):
            headings.append((start, end))
        elif end - start <= 100 and i + 1 < len(lines) and _is_heading(text[start:end].strip(), 80, ".!?,;:…"):
            # Set apart by blank lines or, where there are none, by paragraphs too long to be wrapped lines.
            above, below = lines[max(i - 1, 0)], lines[i + 1]
            first = i == 0 or above[1] - above[0] > _LONG or text.count("\n", above[1], start) > 1
            last = below[1] - below[0] > _LONG or text.count("\n", end, below[0]) > 1
            if first and last and not _is_boilerplate(text, (start, end)):
                headings.append((start, end))
    return tuple(headings)


def _is_heading(line: str, limit: int, finals: str) -> bool:
    core = line.rstrip("\"'”’»›)] ")
    return (
        0 < len(core) <= len(line) <= limit
        and core[-1] not in finals
        and not line[0].islower()
        and _LIST_ITEM.match(line) is None
        and any(map(str.isalpha, line))
    )


# --- What in a text is not its story

_MAX_LINE = 400  # a longer line is a paragraph of the story, whatever it begins with
_LONG = 120  # no one wraps lines as late as this
_WORD = re.compile(r"[^\W_]")
_YEAR = re.compile(r"\b[12][0-9]{3}\b")
_FRONT_MATTER = re.compile(r"---[^\S\n]*\n(?:#[^\n]*\n)*(?=[\w\"' -]{1,60}:)")
_FRONT_MATTER_END = re.compile(r"^---[^\S\n]*$", re.MULTILINE)
_MARKDOWN_HEADING = re.compile(r"#{1,6}[^\S\n]+\S")
_LIST_ITEM = re.compile(r"[-*•–·]\s|[0-9]+[.)]\s|\|")
_OPEN_END = re.compile(r"\b(?:a|an|and|as|at|but|by|for|from|has|have|in|is|of|on|or|said|that|the|to|was|with)$")
# Names: capitalised words and what joins them. A word can be read in one way only, so matching stays linear.
_NAME = r"(?:(?![a-z])\w[\w.'’&/@-]*|&|and|in|of|the|at|al|bin|da|de|del|der|di|la|van|von)"
_NAMES = rf"{_NAME}(?:,?\s+{_NAME})*"
_BY_LINE = re.compile(rf"By\s+{_NAMES}")
_CREDIT = (
    r"(?i:(?:additional |further |original )?(?:reporting|editing|writing)(?: and (?:editing|writing))? by)"
    rf"\s+{_NAMES}"
)
_COPYRIGHT = re.compile(r"(?i:©|copyright\b|\(c\))")
_NOT_OWNER = re.compile(
    r"^(?:copyright|©|\(c\)|\s)+|\b[12][0-9]{3}\b|[.,;|]?\s*all rights reserved.*|(?<=[a-z]{3})\.\s.*"
    r"|[,\s]+(?:L\.?P|Inc|Ltd|LLC|PLC|Corp|Co|GmbH|AG|Limited|Corporation)(?![\w-]).*",
    re.IGNORECASE,
)
_WIRE_DATE = re.compile(r"MENAFN([0-9]{2})([0-9]{2})([0-9]{4})[0-9]+ID[0-9]+$")
_AGENCIES = "AFP|ANI|ANSA|AP|Bloomberg|DPA|dpa|EFE|IANS|Kyodo|MENAFN|PTI|Reuters|TASS|UPI|WAFA|Xinhua"
_DASH = r"[^\S\n]*(?:--|[-–—])[^\S\n]*"
_DATELINE = re.compile(
    rf"[^\S\n]*(?:(?:[A-Z][A-Z .'’/-]{{1,40}}(?:, (?:{_MONTH_NAMES})\.? [0-9]{{1,2}})? )?"
    rf"\(([A-Z][\w&.' -]{{1,30}})\){_DASH}"  # PORTMERE, May 3 (Any Name) -
    rf"|[A-Z][^\n()]{{1,60}} \(({_AGENCIES})\){_DASH}"  # Portmere, Westland (AP) —
    rf"|\(({_AGENCIES})\)[^\S\n]+)"  # (MENAFN) The …
)
_BOILERPLATE = re.compile(
    "|".join(
        (
            # Other stories, and what the page wants of its reader.
            r"(?i:(?:(?:read|see|also|more|further)(?: (?:more|also|next|read|on this|reading|stories|story))+"
            r"|(?:related|recommended)(?: (?:stories|story|articles|coverage|topics?|news|links?))*)\s*[:|»].*)",
            r"(?i:(?:read more|related(?: stories| articles)?|continue reading|(?:story|article) continues below"
            r"|(?:story|article) continues (?:below|after) (?:this )?(?:ad|advertisement)|advertisements?"
            r"|advertising|sponsored(?: content)?)[ .…]*)",
            r"(?i:(?:sign up|subscribe|register)(?: now| here| today)? (?:for|to)\b.*"
            r"\b(?:newsletters?|briefings?|e-?mails?|inbox|alerts|channel)\b.*)",
            r"(?i:click here (?:to|for)\b[^.]*\.?)",
            r"(?i:follow (?:us|@\w+)(?: on\b.*)?|follow .{1,60} on (?:X|Twitter|Facebook|Instagram|Telegram|YouTube"
            r"|TikTok|LinkedIn|Threads|Bluesky|WhatsApp|Google News)\b.*)",
            r"(?i:share this(?: article| story| page| post)?(?: (?:on|via|with) [^.]{1,60})?[.:]?)",
            r"(?:https?://|www\.)\S+",
            # Who made it, when it was changed, whose it is.
            r"(?:[-–—]{1,3}\s*)?(?i:with (?:additional )?(?:assistance|reporting|help|contributions?) (?:from|by))"
            rf"\s+{_NAMES}\.?",
            rf"(?:[-–—(]{{1,3}}\s*)?{_CREDIT}(?:[;.,/|]?\s+(?:and )?{_CREDIT})*[.;)]*",
            r"\((?i:updates|adds|corrects|recasts|refiles|rewrites|removes|clarifies)"
            r"(?! (?:are|were|will|have|up)\b).*\)",
            r"(?i:our standards\s*:.*|the thomson reuters trust principles\.?)",
            r"(?i:this (?:article|story|post|piece) (?:was |is )?(?:originally|first) (?:published|appeared)"
            r" (?:on|in|by|at)\b(?! (?:18|19)).*)",
            r"\(?(?i:photos?|images?|pictures?|photographs?)(?i: credits?| by| courtesy(?: of)?)?\s*[:/].*",
            rf"\(?(?i:(?:photos?|images?)(?: credit)? (?:by|courtesy of))\s+{_NAMES}[.)]*",
            r"©.*",
            rf"(?i:copyright|\(c\))\s*(?:\([cC]\)|©)?\s*(?=.{{0,60}}\b[12][0-9]{{3}}\b){_NAMES}\.?",
            rf"(?i:copyright|\(c\))\s*(?:\([cC]\)|©)?\s*{_NAMES}[.,;|]?\s*(?i:all rights reserved)\b.*",
            r"(?i:all rights reserved\b.*|this (?:material|content) may not be (?:published|reproduced|copied)\b.*)",
            r"(?=[A-Z]*[0-9])(?=[0-9]*[A-Z])[A-Z0-9]{12,}",  # a wire identifier
        )
    )
)


def find_boilerplate(text: str) -> tuple[Span, ...]:
    """What in a text is not its story, sorted and disjoint: front matter, then whole lines without their newline
    ("Read more: …", credits, copyright, wire identifiers, …), and the dateline before the first sentence
    ("(Reuters) - "). A line that could be a sentence of the story is left alone."""
    front = _front_matter(text)
    spans = [front] if front is not None else []
    n_openings = 0
    for start, end in _lines(text):
        if _is_boilerplate(text, (start, end)):
            spans.append((start, end))
        elif n_openings < 3:  # a dateline stands below a headline and a byline at most
            n_openings += 1
            dateline = _DATELINE.match(text, start, end)
            if dateline is not None and dateline.end() < end:
                spans.append(dateline.span())
                n_openings = 3
    return tuple(spans)


def _is_boilerplate(text: str, line: Span) -> bool:
    start, end = line
    return end - start <= _MAX_LINE and _BOILERPLATE.fullmatch(text[start:end].strip()) is not None


def _front_matter(text: str) -> Span | None:
    head = _FRONT_MATTER.match(text)
    end = _FRONT_MATTER_END.search(text, head.end()) if head is not None else None
    return (0, end.end()) if end is not None else None


def _lines(text: str) -> Iterator[Span]:
    """The lines below the front matter that are not blank, without their newline."""
    front = _front_matter(text)
    for line in re.compile(r"[^\n]+").finditer(text, front[1] if front is not None else 0):
        if not line[0].isspace():
            yield line.span()
