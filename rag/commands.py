"""What each command of the command line does with its arguments: opens the library, asks, prints; the exit status.

Imported once the arguments are read, so that `--help` and a mistake in them are answered at once.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rag import record, terminal, terminal_reports
from rag.doctor import examine
from rag.errors import BylineError
from rag.ingest.articles import SUFFIXES, read_draft
from rag.ingest.encoding import decode, load
from rag.ingest.records import suffix_of
from rag.library import Library
from rag.licenses import installed_licenses
from rag.models.tiers import load_given
from rag.places import DATABASE, address_of, library_at
from rag.settings import expanded, load_settings
from rag.storage.connection import unreadable
from rag.terminal import print_json, say, warn
from rag.text.words import encodable
from rag.types import Answer


def _limits(args: argparse.Namespace) -> dict[str, Any]:
    return {
        "k": args.k,
        "outlets": args.outlet,
        "published_from": args.published_from,
        "published_to": args.published_to,
        "as_of": args.as_of,
    }


def _question_limits(args: argparse.Namespace) -> dict[str, Any]:
    return {**_limits(args), "understand": not args.literal}


_OF_MAKE_RUN = ".byline"  # in the folder of the sources


def open_library(args: argparse.Namespace) -> Library:
    """The library, for a command that only reads: where there is none, none is made."""
    if none := _no_library(args):
        raise BylineError(none)
    return _opened(args, args.library)


def _opened(args: argparse.Namespace, folder: str | None) -> Library:
    """The library in a folder, with the models that the command line names."""
    chosen = {name: getattr(args, name) for name in ("reader", "checker") if hasattr(args, name)}
    if chosen:  # what is not there is said before the work
        load_settings(library_at(folder)[0], **chosen)
        load_given(**chosen)
    return Library.open(folder, **chosen)


def _no_library(args: argparse.Namespace) -> str:
    """The sentence that there is no library where one is to be read; "" where there is one."""
    folder, exists = library_at(args.library)
    if exists:
        return ""
    there = f" --library {shlex.quote(args.library)}" if args.library else ""
    is_here = not args.library and library_at(_OF_MAKE_RUN)[1]
    here = f"; --library {_OF_MAKE_RUN} names the one in this folder" if is_here else ""
    place = address_of(args.library) or folder
    return f"there is no library at {place} yet: `byline ingest PATH{there}` makes one{here}."


@contextmanager
def _library_or_empty(args: argparse.Namespace) -> Iterator[Library]:
    """The library; where there is none, an empty one for the moment, since a question without an answer is no error."""
    if not (none := _no_library(args)):
        with _opened(args, args.library) as library:
            yield library
        return
    with tempfile.TemporaryDirectory() as folder, _opened(args, folder) as library:
        yield library
    warn(f"byline: {none}")


def damaged(args: argparse.Namespace, error: sqlite3.DatabaseError) -> str:
    """The sentence that the library's file is damaged further in than opening it came, and what to do."""
    return unreadable(library_at(getattr(args, "library", None))[0] / DATABASE, error)


def copy(args: argparse.Namespace) -> int:
    from rag.copying import copy as copy_library

    if args.library:
        raise BylineError("copy takes no --library: name where from and where to.")
    if not library_at(args.source)[1]:
        raise BylineError(f"there is no library at {args.source} to copy: `byline status --library DIR` shows one.")
    if os.path.realpath(args.source) == os.path.realpath(args.target):
        raise BylineError(f"{args.source} and {args.target} are one place: name another to copy to.")
    with Library.open(args.source) as source, Library.open(args.target) as target, terminal.progress() as progress:
        done = copy_library(source, target, say=progress)
    if args.json:
        print_json({"from": source.place, "to": target.place, **done})
        return 0
    say(f"{done['copied']} articles copied and verified, {done['already']} were there: {target.place}.")
    if done["others"]:
        say(f"{done['others']} articles that were only there stay.")
    return 0


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 3)


def ingest(args: argparse.Namespace) -> int:
    with Library.open(args.library, embedder=args.embedder) as library, terminal.progress() as progress:
        report = library.ingest(args.paths, progress=progress, fields=args.fields)
    if args.json:
        print_json(report)
    else:
        terminal_reports.print_ingested(report)
    terminal_reports.warn_of_files(report)
    return 1 if report.failed else 0


def search(args: argparse.Namespace) -> int:
    started = time.perf_counter()
    with open_library(args) as library:
        hits = library.retrieve(args.question, **_question_limits(args))
    terminal.warn_all(hits.notes)
    if args.json:
        found = {"understood": hits.understood, "elapsed_s": _since(started), "hits": hits}
        print_json({"question": encodable(args.question), **found, "notes": hits.notes})
    else:
        terminal.print_hits(hits, hits.understood)
    return 0


def ask(args: argparse.Namespace) -> int:
    target = expanded(args.save, "--save") if args.save else None
    if target:
        record.check_target(target)  # before the work, not after it
    with _library_or_empty(args) as library:
        stream = library.ask(
            args.question,
            stream=True,
            model=library.language_model(args.model, model_url=args.model_url) or "extractive",
            show_unsupported=args.show_unsupported,
            prompt_style=args.prompt_style,
            check_with_model=args.check_with_model,
            history=args.after,
            **_question_limits(args),
        )
        *claims, answer = stream if args.json else terminal.printed(stream)
        assert isinstance(answer, Answer)
        if args.json:
            print_json(answer)
        is_kept = target is None or _save(library, answer, target)
    if not args.json:
        if claims:
            say()
        terminal.print_rest(answer)
    return 0 if is_kept else 1


def _save(library: Library, answer: Answer, target: Path) -> bool:
    """Whether the record of the answer could be saved; a warning says why not, since the answer itself stands."""
    try:
        record.save(library.record(answer), target)
    except BylineError as error:
        warn(f"byline: {error}")
        return False
    warn(f"saved: {target}")
    return True


def timeline(args: argparse.Namespace) -> int:
    started = time.perf_counter()
    with open_library(args) as library:
        events = library.timeline(args.question, **_question_limits(args))
    if args.json:
        document = {
            "question": encodable(args.question),
            "events": events,
            "notes": events.notes,
        }
        print_json({**document, "elapsed_s": _since(started)})
    else:
        terminal.print_timeline(events, events.notes)
    return 0


def check(args: argparse.Namespace) -> int:
    started = time.perf_counter()
    text = _draft(args.text)
    if not args.model and (args.model_url or args.check_with_model):
        raise BylineError("--check-with-model and --model-url need --model here: name the model that is to be asked.")
    with open_library(args) as library:
        model = library.language_model(args.model, model_url=args.model_url) if args.model else None
        sentences = library.check(text, **_limits(args), model=model, check_with_model=args.check_with_model)
        terminal.warn_all([*sentences.notes, *sentences.problems])
    if args.json:
        beside = {"notes": sentences.notes, "problems": sentences.problems}
        print_json({"sentences": sentences, **beside, "elapsed_s": _since(started)})
    else:
        terminal.print_checked(sentences)
    return 0


def _draft(given: str) -> str:
    """The draft that TEXT|FILE names."""
    if given == "-":
        return _read("standard input", lambda: decode(sys.stdin.buffer.read()))
    if os.path.isdir(given):
        raise BylineError(f"{given!r} is a folder: name a file, or give the text itself.")
    path = Path(given)
    is_known = suffix_of(path) in SUFFIXES and "\n" not in given
    if os.path.exists(given):  # a pipe, as `<(…)` of a shell gives it, is no regular file
        return read_draft(path) if is_known else _read(repr(given), lambda: decode(load(path)))
    if is_known and (not re.search(r"\s", given) or (os.path.isdir(path.parent) and path.parent.name)):
        raise BylineError(f"there is no file {given!r}, or it cannot be reached: name a file, or give the text itself.")
    return given


def _read(name: str, read: Callable[[], str]) -> str:
    """The text that `read` gives. BylineError, which names what was read, where it cannot."""
    try:
        return read()
    except OSError as error:
        raise BylineError(f"{name} cannot be read ({error.strerror}): give yourself access to it.") from None
    except BylineError as error:
        raise BylineError(f"{name} {error}") from None


def verify(args: argparse.Namespace) -> int:
    with open_library(args) as library:
        verified = library.verify(record.read_record(expanded(args.record, "the record")))
    if args.json:
        print_json({"record": args.record, **verified.to_dict()})
    else:
        terminal.print_verification(verified)
    return 0 if verified.holds else 1


def status(args: argparse.Namespace) -> int:
    with open_library(args) as library:
        if args.article:
            article = library.find(args.article)
            document = library.describe(article)
        else:
            articles = [article for article, _ in library.store.catalogue()]
            listed = [article.to_dict() for article in articles]
            # What can be mended with a manifest.
            known = [(a.id, {"title": a.headline, "outlet": a.outlet, "published": a.published}) for a in articles]
            lacking = {name: [i for i, one in known if not one[name]] for name in ("title", "outlet", "published")}
            document = {**library.status(), "listed": listed, "lacking": lacking}
    if args.json:
        print_json(document)
    else:
        terminal_reports.print_status(document)
    return 0


def diff(args: argparse.Namespace) -> int:
    with open_library(args) as library:
        article = library.find(args.article)
        diffs = library.diff(article)
    if args.json:
        print_json({"article": article, "diffs": diffs})
    else:
        terminal.print_diffs(article, diffs)
    return 0


def models(args: argparse.Namespace) -> int:
    from rag.models.available import list_models  # takes half a second, which the other commands need not wait for
    from rag.models.tiers import in_use

    folder, _ = library_at(args.library)
    settings = load_settings(folder, model_url=args.model_url, reader=args.reader, checker=args.checker)
    document = {"models": list_models(settings), **in_use(settings)}
    if args.json:
        print_json(document)
    else:
        terminal_reports.print_models(document)
    return 0


def get_models(args: argparse.Namespace) -> int:
    from rag.models import larger

    source = getattr(args, "source", None)
    with terminal.progress(in_bytes=True) as shown:
        folder = larger.get_larger(Path(source) if source is not None else None, say=shown or (lambda *_: None))
    if args.json:
        print_json({"tier": args.tier, "name": larger.NAME, "folder": str(folder)})
    else:
        say(f"{larger.NAME} is at {folder}.")
    return 0


def test_model(args: argparse.Namespace) -> int:
    from rag.answers.trial import try_model
    from rag.models import styles
    from rag.models.clients import load_language_model

    settings = load_settings(library_at(args.library)[0], model=args.name, model_url=args.model_url)
    if settings.model == "extractive":
        raise BylineError("extractive quotes and writes nothing: name openai:NAME, anthropic:NAME or gguf:PATH.")
    model = load_language_model(settings.model, settings)
    tried = try_model(model, settings, say=warn)
    kept, status = None, 0
    try:
        kept = str(styles.remember(model, tried))
    except BylineError as error:
        status = 1
        warn(f"byline: {error}")
    if args.json:
        print_json({**tried, "kept": kept})
    else:
        terminal_reports.print_tried(tried, kept)
    return status


def doctor(args: argparse.Namespace) -> int:
    if args.licenses:
        return _licenses(args)
    checks, fault = [], _no_library(args)
    if not fault:
        try:
            with _opened(args, args.library) as library:
                checks = examine(library)
        except BylineError as error:
            fault = str(error)
        except sqlite3.DatabaseError as error:
            fault = damaged(args, error)
    if fault:  # the installation is looked at all the same
        with tempfile.TemporaryDirectory() as folder, _opened(args, folder) as library:
            checks = [check for check in examine(library) if check["name"] not in ("library", "files")]
        checks.append({"name": "library", "ok": False, "detail": fault, "mend": ""})
    sound = all(check["ok"] for check in checks)
    if args.json:
        print_json({"ok": sound, "checks": checks})
        return 0 if sound else 1
    terminal_reports.print_checks(checks)
    return 0 if sound else 1


def _licenses(args: argparse.Namespace) -> int:
    packages = installed_licenses()
    if args.json:
        print_json({"packages": packages})
    else:
        for one in packages:
            say(f"{one['name']} {one['version']}: {one['license']}")
    return 0


def remove(args: argparse.Namespace) -> int:
    with open_library(args) as library:
        files = {article.id: library.file_of(article) for article in map(library.find, args.articles)}
        gone = library.remove(args.articles)
        status = library.status()
    for path in sorted({str(files[article.id]) for article in gone if os.path.isfile(files[article.id])}):
        warn(f"byline: {path} is still there: the next ingest of it or its folder brings the article back.")
    if args.json:
        counts = {"articles": status["articles"], "passages": status["passages"]}
        print_json({"removed": gone, **counts})
        return 0
    for article in gone:
        say(f"removed {article.id}  {article.title or article.path}")
    return 0
