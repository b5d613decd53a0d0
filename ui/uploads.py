"""Articles that are added from the page: files are kept in the library's own folder, then ingested, and what came of
it is told, one sentence for each file that could not be read."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Protocol

from rag.collection import Progress
from rag.errors import BylineError
from rag.ingest.encoding import MAX_BYTES
from rag.ingest.warnings import KINDS
from rag.text import words
from rag.types import Failure, IngestReport
from ui.markup import busy, busy_line, count, escaped, idle, listed

FOLDER = "uploads"  # in the library's folder
MOST_BYTES = 4 * MAX_BYTES  # of one file on its way; above MAX_BYTES ingest says in a sentence that it is too large
MOST_PASTED = 1_000_000  # characters
FAILURES_SHOWN = 100
READ_SHOWN, WAITING_SHOWN = 3, 8  # files before and after the one that is being read
LONGEST_NAME = 120
LOOK_S = 0.2  # between two looks at how far the work is

# Whatever a file system, a shell or a manifest could take for more than a name.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff/\\:*?\"<>|#]")
_DEVICES = re.compile(r"(?i:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)")  # no names for files on Windows


class Library(Protocol):
    """What adding needs of `rag.Library`."""

    @property
    def path(self) -> Path: ...

    def ingest(
        self,
        paths: Sequence[str | Path],
        *,
        progress: Progress | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> IngestReport: ...


def safe_name(name: str) -> str:
    """A name for a file in a folder of Byline's own: never hidden, never a path, never empty, its suffix kept."""
    name = _UNSAFE.sub("_", re.split(r"[/\\]", name)[-1]).rstrip(". ")
    stem, dot, suffix = name.rpartition(".")
    if not dot:
        stem, suffix = suffix, ""
    stem, suffix = _DEVICES.sub(r"_\g<0>", stem.lstrip(". ")), suffix[:20]
    while len(suffix.encode()) > 40:
        suffix = suffix[:-1]
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
            # Whole or not at all, also where this is killed half way, or the same files are dropped twice at once.
            shutil.move(file, part := home / f".{secrets.token_hex(8)}.part")
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


def add(library: Library, files: Sequence[Path], stop: threading.Event | None = None) -> Iterator[str | IngestReport]:
    """Keeps and ingests the files. Gives what is being done, as HTML, and at last the report, with the names of the
    files as the reader knows them; a file in which no article was found, or that was not read since `stop` was set, is
    not kept.

    The work goes on and is completed when nobody looks any more. BylineError as `keep` and `ingest` raise it.
    """
    there = set((library.path / FOLDER).glob("*/*"))  # the same drop again is in the same place
    kept = keep(files, library.path / FOLDER)
    stop = stop or threading.Event()
    names, said = [file.name for file in kept], _Said()
    ended: list[IngestReport | BaseException] = []

    def work() -> None:
        try:
            # Cleared up here too: nobody may look any more when it ends.
            ended.append(_named(library.ingest(kept, progress=said.hear, stop=stop.is_set), kept, there))
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=work, name="byline-adding")
    thread.start()
    yield (shown := _step(names, said, is_stopping=False))
    while thread.is_alive():
        if (step := _step(names, said, is_stopping=stop.is_set())) != shown:
            yield (shown := step)
        thread.join(LOOK_S)
    if isinstance(report := ended[0], BaseException):
        raise report
    yield report


class _Said:
    """How far an ingest is: what it said last, and the names of the files that it has begun."""

    def __init__(self) -> None:
        self.done, self.total, self.what = 0, 0, ""
        self.begun: dict[str, None] = {}

    def hear(self, done: int, total: int, what: str) -> None:
        self.what = what
        self.total = self.total or total
        if total == self.total:  # else it is of articles that a new model needs anew
            if len(self.begun) <= done < total:  # the first that it says of each file is its name
                self.begun[what] = None
            self.done = max(self.done, done)


def paste(library: Library, text: str, about: Mapping[str, str]) -> IngestReport:
    """Keeps a text and what is said `about` it (title, outlet, authors, published; what is empty is not said) as a file
    with another beside it, and ingests it. BylineError where there is no text, or too much, and as `add` raises it."""
    if not text.strip():
        raise BylineError("there is no text yet: paste the article's text.")
    if len(text) > MOST_PASTED:
        raise BylineError(f"the text has {len(text):,} characters: paste at most {MOST_PASTED:,}, or add it as a file.")
    said = {name: " ".join(value.split()) for name, value in about.items() if value.strip()}
    with tempfile.TemporaryDirectory(prefix="byline-") as folder:
        file = Path(folder, safe_name(f"{said.get('title', 'pasted')}.txt"))
        file.write_text(words.encodable(text), encoding="utf-8", newline="\n")
        files = [file]
        if said:
            beside = file.with_suffix(".json")
            people = {"authors": said["authors"].split(";")} if "authors" in said else {}
            beside.write_text(json.dumps({**said, **people}), encoding="utf-8")
            files.append(beside)
        *_, report = add(library, files)
    assert isinstance(report, IngestReport)
    return report


def _named(report: IngestReport, kept: Sequence[Path], there: set[Path]) -> IngestReport:
    """The report with names in place of paths. What was not read and was not `there` before, or not read whole, goes:
    the reader has it still."""
    failed = []
    for path in set(map(Path, report.not_read)) - there:
        with contextlib.suppress(OSError):
            path.unlink()
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
    left = tuple(_name_in(path, kept) for path in report.not_read)
    doubles, copies = (
        tuple({**one, "path": _name_in(one["path"], kept)} for one in some)
        for some in (report.duplicates, report.copies)
    )
    return replace(report, failed=tuple(failed), warnings=warnings, not_read=left, duplicates=doubles, copies=copies)


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
    failed += [f"{count(len(report.not_read), 'file')} left when you stopped"] if report.not_read else []
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
    items = _items([f"<b>{escaped(failure.path)}</b> {escaped(failure.error)}" for failure in report.failed])
    left = _items([escaped(name) for name in report.not_read])
    kinds_of_warning: dict[str, int] = {}
    for warning in report.warnings:
        kinds_of_warning[KINDS[warning.kind]] = kinds_of_warning.get(KINDS[warning.kind], 0) + warning.n
    doubts = "; ".join(f"{kind}: {n:,}" for kind, n in kinds_of_warning.items())
    uncertain = f'<p class="bl-again">To know of what was added: {escaped(doubts)}.</p>' if doubts else ""
    problems = f'<div class="bl-box bl-problems"><h3>Could not be read</h3><ul>{items}</ul></div>' if items else ""
    problems += f'<div class="bl-box"><h3>Not read</h3><ul>{left}</ul></div>' if left else ""
    return f'<p class="bl-added">{summary[0].upper()}{summary[1:]}</p>{again}{uncertain}{problems}'


def _items(lines: Sequence[str]) -> str:
    """Items of a list, of which only the first are shown. The lines are HTML."""
    items = "".join(f'<li dir="auto">{line}</li>' for line in lines[:FAILURES_SHOWN])
    more = len(lines) - FAILURES_SHOWN
    return items + (f"<li>and {more:,} more.</li>" if more > 0 else "")


def _step(names: Sequence[str], said: _Said, *, is_stopping: bool) -> str:
    """How far it is, and the files around the one that is being read."""
    begun = list(said.begun)
    told = f"{said.done:,} of {count(len(names), 'file')} read"
    state = busy_line("Stopping after this file; what was read is kept…") if is_stopping else busy(told)
    bar = f'<progress max="{len(names)}" value="{said.done}" aria-label="Files read"></progress>'
    now = escaped(begun[-1]) if begun else ""
    doing = f": {escaped(said.what)}" if begun and said.what != begun[-1] else ""
    waiting = [name for name in names if name not in said.begun]
    rows = [("full", "Read:", escaped(name)) for name in begun[:-1][-READ_SHOWN:]]
    rows += [("part", "Being read:", f"{now}{doing}")] if begun else []
    rows += [("absent", "Waiting:", escaped(name)) for name in waiting[:WAITING_SHOWN]]
    items = "".join(
        f'<li dir="auto"><span class="bl-sign bl-{sign}"><span class="bl-sr">{word} </span></span>{line}</li>'
        for sign, word, line in rows
    )
    more = len(waiting) - WAITING_SHOWN
    return f'{state}{bar}<ul class="bl-dropped">{items}{f"<li>and {more:,} more</li>" if more > 0 else ""}</ul>'
