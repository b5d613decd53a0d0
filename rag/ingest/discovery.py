"""The article files behind the paths that somebody names: files, folders and globs."""

from __future__ import annotations

import glob
import json
import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from rag.errors import BylineError
from rag.ingest import feeds, records
from rag.ingest.articles import MANIFESTS, SIDECARS, SUFFIXES, holds_articles
from rag.ingest.encoding import GZIP, GZIP_ERRORS, decode, load, open_file
from rag.ingest.failures import failure
from rag.ingest.records import suffix_of
from rag.types import Failure

# But "license-fees-rise.txt" is one. "~$" begins what Word keeps beside a document that is open; "questions.list" holds
# the page's examples; the last two are a library's own, which may lie in the folder.
_NO_STORY = re.compile(r"README|LICENSE|(?i:readme|license)\.|~\$|questions\.list$|byline\.sqlite3|vectors\.faiss")


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
        if suffix_of(path) != ".xml" or not path.is_file():
            return False
        with open_file(path) as file:
            return not feeds.is_feed(file.read(feeds.START))
    except (OSError, *GZIP_ERRORS):
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
    if path.name in MANIFESTS:
        return True
    stems = [path.name.removesuffix(end) for end in SIDECARS if path.name.endswith(end)]
    ends = [case for end in SUFFIXES if end not in records.SUFFIXES for case in (end, end.upper())]
    packed = [end + case for case in ("", GZIP, GZIP.upper()) for end in ends]
    if not any(os.path.isfile(path.with_name(stem + end)) for stem in stems for end in packed):
        return False
    try:
        return path.suffix != ".json" or not holds_articles(json.loads(decode(load(path))))
    except (OSError, ValueError, RecursionError, BylineError):
        return True  # what is wrong with it is reported with the article it belongs to
