"""Articles that are added from the page: files are kept in the library's own folder, then ingested, and what came of
it is told, one sentence for each file that could not be read."""

from __future__ import annotations

import contextlib
import hashlib
import os
import queue
import re
import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Protocol

from rag.collection import Progress
from rag.errors import BylineError
from rag.ingest.encoding import MAX_BYTES
from rag.ingest.warnings import KINDS
from rag.types import Failure, IngestReport
from ui.markup import PULSE, count, escaped, idle, listed

FOLDER = "uploads"  # in the library's folder
MOST_BYTES = 4 * MAX_BYTES  # of one file on its way; above MAX_BYTES ingest says in a sentence that it is too large
FAILURES_SHOWN = 100
LONGEST_NAME = 120
LOOK_S = 0.2  # between two looks at how far the work is

# Whatever a file system, a shell or a manifest could take for more than a name.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff/\\:*?\"<>|#]")
_DEVICES = re.compile(r"(?i:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)")  # no names for files on Windows


class Library(Protocol):
    """What adding needs of `rag.Library`."""

    @property
    def path(self) -> Path: ...

    def ingest(self, paths: Sequence[str | Path], *, progress: Progress | None = None) -> IngestReport: ...


def safe_name(name: str) -> str:
    """A name for a file in a folder of Byline's own: never hidden, never a path, never empty, its suffix kept."""
    name = _UNSAFE.sub("_", re.split(r"[/\\]", name)[-1]).strip().lstrip(".").rstrip(". ")
    name = _DEVICES.sub(r"_\g<0>", name)
    stem, dot, suffix = name.rpartition(".")
    if not dot:
        stem, suffix = suffix, ""
    suffix = suffix[:20]
    room = LONGEST_NAME - len(suffix) - 1
    # Counted in bytes too: most file systems take 255.
    while len(stem) > room or len(stem.encode()) > 200:
        stem = stem[:-1]
    return f"{stem or 'article'}{dot}{suffix}"


def keep(files: Sequence[Path], folder: Path) -> list[Path]:
    """Moves the files that were dropped together into one new folder in `folder`, so that what describes an article
    (`story.json`, `manifest.csv`) stays beside it; gives where they are now, in order.

    The folder is named after their content: the same files again are the same files. Of two with one name the second
    gets a number. BylineError where they cannot be written.
    """
    try:
        taken: dict[str, Path] = {}
        contents = hashlib.sha256()
        for file in files:
            stem, suffix = os.path.splitext(name := safe_name(file.name))
            number = 2
            while name.casefold() in map(str.casefold, taken):
                name, number = f"{stem}-{number}{suffix}", number + 1
            taken[name] = file
            with file.open("rb") as content:
                contents.update(f"{name}\0{_digest(content)}\0".encode())
        home = folder / contents.hexdigest()[:12]
        home.mkdir(parents=True, exist_ok=True)
        kept = []
        for name, file in taken.items():
            # Whole or not at all, also where this is killed half way.
            shutil.move(file, part := home / f".{name}.part")
            os.replace(part, home / name)
            kept.append(home / name)
    except OSError as error:
        raise BylineError(
            f"the files cannot be kept in {folder} ({error.strerror or error}): make room, or the folder writable."
        ) from error
    return kept


def _digest(content: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := content.read(2**20):
        digest.update(block)
    return digest.hexdigest()


def add(library: Library, files: Sequence[Path]) -> Iterator[str | IngestReport]:
    """Keeps and ingests the files. Gives what is being done, as HTML, and at last the report, with the names of the
    files as the reader knows them; a file in which no article was found is not kept.

    The work goes on and is completed when nobody looks any more. BylineError as `keep` and `ingest` raise it.
    """
    kept = keep(files, library.path / FOLDER)
    said: queue.SimpleQueue[str] = queue.SimpleQueue()
    ended: list[IngestReport | BaseException] = []

    def work() -> None:
        try:
            ended.append(library.ingest(kept, progress=lambda done, total, what: said.put(_step(done, total, what))))
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=work, name="byline-adding")
    thread.start()
    yield _step(0, len(kept), "")
    while thread.is_alive():
        thread.join(LOOK_S)
        latest = None
        with contextlib.suppress(queue.Empty):
            while True:
                latest = said.get_nowait()
        if latest is not None and thread.is_alive():
            yield latest
    if isinstance(report := ended[0], BaseException):
        raise report
    yield _named(report, kept)


def _named(report: IngestReport, kept: Sequence[Path]) -> IngestReport:
    """The report with names in place of paths. What could not be read whole goes: the reader has it still."""
    failed = []
    for failure in report.failed:
        path = Path(failure.path)
        if path in kept:
            with contextlib.suppress(OSError):
                path.unlink()
        failed.append(Failure(path=_name_in(failure.path, kept), error=failure.error))
    for folder in {file.parent for file in kept}:
        with contextlib.suppress(OSError):  # not empty, as a rule
            folder.rmdir()
    warnings = tuple(replace(warning, path=_name_in(warning.path, kept)) for warning in report.warnings)
    return replace(report, failed=tuple(failed), warnings=warnings)


def _name_in(path: str, kept: Sequence[Path]) -> str:
    """The path as the reader knows it."""
    home = next((str(file.parent) for file in kept if path.startswith(str(file.parent))), "")
    return path[len(home) :].lstrip("/\\")


def offer() -> str:
    """Before the first file."""
    return idle(
        "Text, Markdown, HTML, PDF, Word (.docx), ODT, RTF, EPUB, mail, transcript, CSV, JSON and feed files. They are "
        "copied into the library’s folder and read there; nothing leaves this machine."
    )


def told(report: IngestReport) -> str:
    """What came of it. HTML."""
    counts = [
        f"{n:,} {word}"
        for n, word in ((report.added, "added"), (report.updated, "updated"), (report.unchanged, "there already"))
        if n
    ]
    failed = [f"{count(len(report.failed), 'file')} could not be read"] if report.failed else []
    summary = (
        f"{', '.join([*counts, *failed]) or 'Nothing added'}. The library holds {count(report.articles, 'article')}."
    )
    kinds = {"copy": "the same story as one that was there already", "version": "another version of a story"}
    told_again = [
        f"{n:,} {'is' if n == 1 else 'are'} {words}"
        for kind, words in kinds.items()
        if (n := sum(copy["kind"] == kind for copy in report.copies))
    ]
    again = (
        f'<p class="bl-again">Of these, {listed(told_again)}: such stories count as one source.</p>'
        if told_again
        else ""
    )
    items = "".join(
        f'<li dir="auto"><b>{escaped(failure.path)}</b> {escaped(failure.error)}</li>'
        for failure in report.failed[:FAILURES_SHOWN]
    )
    if (more := len(report.failed) - FAILURES_SHOWN) > 0:
        items += f"<li>and {more:,} more.</li>"
    kinds_of_warning: dict[str, int] = {}
    for warning in report.warnings:
        kinds_of_warning[KINDS[warning.kind]] = kinds_of_warning.get(KINDS[warning.kind], 0) + warning.n
    doubts = "; ".join(f"{kind}: {n:,}" for kind, n in kinds_of_warning.items())
    uncertain = f'<p class="bl-again">To know of what was added: {escaped(doubts)}.</p>' if doubts else ""
    problems = f'<div class="bl-box bl-problems"><h3>Could not be read</h3><ul>{items}</ul></div>' if items else ""
    return f'<p class="bl-added">{summary[0].upper()}{summary[1:]}</p>{again}{uncertain}{problems}'


def _step(done: int, total: int, what: str) -> str:
    now = f": {what}" if what else ""
    return (
        f'<p class="bl-status bl-working">{PULSE}<span>{done:,} of {count(total, "file")} read{escaped(now)}</span></p>'
    )
