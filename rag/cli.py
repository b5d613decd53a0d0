"""The command line. `byline COMMAND --help` shows each command with an example; `rag.terminal` prints the results.

Results go to standard output, progress and warnings to standard error. Exit status: 0 done, 1 done but something
failed, 2 used wrongly. `ui` and `eval` belong to packages that import this one, and are found by their entry points.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NoReturn

from rag import record, terminal
from rag.collection import library_at
from rag.doctor import examine
from rag.ingest.formats import decode, load
from rag.library import Library
from rag.settings import load_settings
from rag.terminal import say, warn
from rag.types import Answer, BylineError

Run = Callable[[argparse.Namespace], int]
PLUGIN_COMMANDS = "byline.commands"


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, with the way to the help."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see `{self.prog} --help`.\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets a replacement, not a crash.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    args = _parser().parse_args(argv)
    try:
        status: int = args.run(args)
        sys.stdout.flush()
        return status
    except BylineError as error:
        warn(f"byline: {error}")
        return 2
    except KeyboardInterrupt:
        print("\nbyline: stopped; what was stored stays, and the same command goes on from there.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader (head, less) has gone. Standard output is replaced so that Python's own last flush is quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="byline", description="Answers from your own news articles, with the exact words behind every sentence."
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)

    def command(name: str, run: Run, summary: str, example: str, more: str = "") -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name,
            help=summary,
            description=summary,
            epilog=f"example: {example}{more}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(run=run)
        sub.add_argument(
            "--library", metavar="DIR", help="the library's folder (default: $BYLINE_HOME, else user data)"
        )
        sub.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
        return sub

    sub = command(
        "ingest", _ingest, "Read articles into the library.", "byline ingest articles/ story.html 'wire/*.txt'"
    )
    sub.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="a file, a folder or a glob (.txt .md .html .pdf .docx .eml .mbox .jsonl .json .xml .rss .atom)",
    )
    sub.add_argument(
        "--embedder",
        metavar="NAME",
        help="minilm (default), st:NAME, st:FOLDER, openai:NAME; remembered in the library, another one re-embeds",
    )

    sub = command("search", _search, "Find the passages that fit a question.", 'byline search "hostage release" -k 5')
    _add_question(sub)

    sub = command(
        "ask", _ask, "Answer a question with cited words.", 'byline ask "Who asked for the meeting?" --as-of 2024-05'
    )
    _add_question(sub)
    sub.add_argument(
        "--model", metavar="MODEL", help="extractive (default, built in), openai:NAME, anthropic:NAME or gguf:PATH"
    )
    sub.add_argument(
        "--model-url", metavar="URL", help="the endpoint of openai:NAME, such as http://localhost:11434/v1"
    )
    sub.add_argument("--show-unsupported", action="store_true", help="keep what the sources do not carry, marked")
    sub.add_argument(
        "--after",
        action="append",
        default=[],
        metavar="QUESTION",
        help="an earlier question, so that this one may say “it” (may be given several times, oldest first)",
    )
    sub.add_argument("--save", metavar="FILE", help="keep the answer as a record that `verify` reads (.md .html .json)")

    sub = command(
        "timeline", _timeline, "List what happened, in order, with cited words.", 'byline timeline "the harbour strike"'
    )
    _add_question(sub, k=24)

    sub = command(
        "check",
        _check,
        "Check a draft, sentence by sentence.",
        "byline check draft.txt --as-of 2024-05",
        "\n\nThe exit status is 0 when the draft was checked, whatever the verdicts; --json has them for a program.",
    )
    sub.add_argument("text", metavar="TEXT|FILE", help="the draft: a file, or the text itself; - is standard input")
    _add_limits(sub, k=5)

    sub = command(
        "verify", _verify, "Compare a saved answer with the articles as they are now.", "byline verify answer.md"
    )
    sub.add_argument("record", metavar="RECORD", help="a file that `ask --save` wrote")

    sub = command("status", _status, "Show what the library holds, or one article.", "byline status story.html")
    sub.add_argument("article", nargs="?", metavar="ARTICLE", help="an id, or a path or the end of one")

    sub = command("diff", _diff, "Show what changed between the versions of an article.", "byline diff story.html")
    sub.add_argument("article", metavar="ARTICLE", help="an id, or a path or the end of one")

    sub = command("models", _models, "List the models that can write answers now.", "byline models")
    sub.add_argument("--model-url", metavar="URL", help="the endpoint to ask for its models")

    command("doctor", _doctor, "Check the library and the installation.", "byline doctor")

    sub = command(
        "remove", _remove, "Delete articles and all that was made from them.", "byline remove story.html 3f2a9c"
    )
    sub.add_argument("articles", nargs="+", metavar="ARTICLE", help="an id, or a path or the end of one")

    for entry in sorted(entry_points(group=PLUGIN_COMMANDS), key=lambda entry: entry.name):
        # Each is `register(commands)`; importing it must be cheap.
        entry.load()(commands)
    return parser


def _add_question(parser: argparse.ArgumentParser, *, k: int = 8) -> None:
    parser.add_argument("question", metavar="QUESTION")
    parser.add_argument("--literal", action="store_true", help='leave dates in the question ("as of June") alone')
    _add_limits(parser, k=k)


def _add_limits(parser: argparse.ArgumentParser, *, k: int) -> None:
    parser.add_argument("-k", type=int, default=k, metavar="N", help=f"how many passages to find (default {k})")
    parser.add_argument(
        "--outlet", action="append", metavar="NAME", help="only this outlet (may be given several times)"
    )
    parser.add_argument("--from", dest="published_from", metavar="DATE", help="published on this day or later")
    parser.add_argument("--to", dest="published_to", metavar="DATE", help="published on this day or earlier")
    parser.add_argument("--as-of", metavar="DATE", help="as if it were this day: nothing published later is seen")


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


def _library(args: argparse.Namespace) -> Library:
    """The library, for a command that only reads: where there is none, none is made."""
    if none := _no_library(args):
        raise BylineError(none)
    return Library.open(args.library)


def _no_library(args: argparse.Namespace) -> str:
    """The sentence that there is no library where one is to be read; "" where there is one."""
    folder, exists = library_at(args.library)
    if exists:
        return ""
    there = f" --library {shlex.quote(args.library)}" if args.library else ""
    return f"there is no library at {folder} yet: `byline ingest PATH{there}` makes one."


@contextmanager
def _library_or_empty(args: argparse.Namespace) -> Iterator[Library]:
    """The library; where there is none, an empty one for the moment, since a question without an answer is no error."""
    if not (none := _no_library(args)):
        with Library.open(args.library) as library:
            yield library
        return
    with tempfile.TemporaryDirectory() as folder, Library.open(folder) as library:
        yield library
    warn(f"byline: {none}")


def print_json(document: Any) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2))


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 3)


def _ingest(args: argparse.Namespace) -> int:
    with Library.open(args.library, embedder=args.embedder) as library, terminal.progress() as progress:
        report = library.ingest(args.paths, progress=progress)
    if args.json:
        print_json(report.to_dict())
    else:
        terminal.print_ingested(report)
    terminal.warn_of_files(report)
    return 1 if report.failed else 0


def _search(args: argparse.Namespace) -> int:
    started = time.perf_counter()
    with _library(args) as library:
        hits, understood, notes = library.search(args.question, **_question_limits(args))
    terminal.warn_all(notes)
    if args.json:
        found = {"understood": understood, "elapsed_s": _since(started), "hits": [hit.to_dict() for hit in hits]}
        print_json({"question": args.question, **found, "notes": list(notes)})
    else:
        terminal.print_hits(hits, understood)
    return 0


def _ask(args: argparse.Namespace) -> int:
    target = Path(args.save).expanduser().absolute() if args.save else None
    if target:
        record.check_target(target)  # before the work, not after it
    with _library_or_empty(args) as library:
        stream = library.stream(
            args.question,
            model=library.language_model(args.model, model_url=args.model_url) or "extractive",
            show_unsupported=args.show_unsupported,
            history=args.after,
            **_question_limits(args),
        )
        *claims, answer = stream if args.json else terminal.printed(stream)
        assert isinstance(answer, Answer)
        if args.json:
            print_json(answer.to_dict())
        if target:
            record.save(library.record(answer), target)
            print(f"saved: {target}", file=sys.stderr)
    if not args.json:
        if claims:
            say()
        terminal.print_rest(answer)
    return 0


def _timeline(args: argparse.Namespace) -> int:
    started = time.perf_counter()
    with _library(args) as library:
        events, notes = library.timeline_and_notes(args.question, **_question_limits(args))
    if args.json:
        document = {"question": args.question, "events": [event.to_dict() for event in events], "notes": list(notes)}
        print_json({**document, "elapsed_s": _since(started)})
    else:
        terminal.print_timeline(events, notes)
    return 0


def _check(args: argparse.Namespace) -> int:
    started = time.perf_counter()
    text = _draft(args.text)
    with _library(args) as library:
        sentences = library.check(text, **_limits(args))
        terminal.warn_all(library.unknown_outlets(args.outlet))
    if args.json:
        print_json({"sentences": [sentence.to_dict() for sentence in sentences], "elapsed_s": _since(started)})
    else:
        terminal.print_checked(sentences)
    return 0


def _draft(given: str) -> str:
    """The draft that TEXT|FILE names."""
    if given == "-":
        return decode(sys.stdin.buffer.read())
    try:
        is_file = Path(given).is_file()
    except OSError:  # longer than a file name may be: a text
        is_file = False
    return decode(load(Path(given))) if is_file else given


def _verify(args: argparse.Namespace) -> int:
    with _library(args) as library:
        verified = library.verify(record.read_record(Path(args.record).expanduser()))
    if args.json:
        print_json({"record": args.record, **verified.to_dict()})
    else:
        terminal.print_verification(verified)
    return 0 if verified.holds else 1


def _status(args: argparse.Namespace) -> int:
    with _library(args) as library:
        if args.article:
            article = library.find(args.article)
            document = {
                **article.to_dict(),
                "reasons": dict(article.reasons),
                "copies": [copy.id for copy in library.copies(article)],
                "versions": [version.to_dict() for version in library.versions(article)],
                "characters": len(article.text),
                "passages": len(library.passages(article)),
                "boilerplate": [{"start": s, "end": e, "text": article.text[s:e]} for s, e in article.boilerplate],
            }
        else:
            document = {**library.status(), "listed": [article.to_dict() for article in library.articles()]}
    if args.json:
        print_json(document)
    else:
        terminal.print_status(document)
    return 0


def _diff(args: argparse.Namespace) -> int:
    with _library(args) as library:
        article = library.find(args.article)
        diffs = library.diff(article)
    if args.json:
        print_json({"article": article.to_dict(), "diffs": [diff.to_dict() for diff in diffs]})
    else:
        terminal.print_diffs(article, diffs)
    return 0


def _models(args: argparse.Namespace) -> int:
    from rag.models.available import list_models  # takes half a second, which the other commands need not wait for

    models = list_models(load_settings(library_at(args.library)[0], model_url=args.model_url))
    if args.json:
        print_json({"models": models})
        return 0
    for model in models:
        say(f"{'ready' if model['usable'] else '-    '}  {model['name']}: {model['why']}")
        if model["mend"]:
            say(f"       {model['mend']}")
    return 0


def _doctor(args: argparse.Namespace) -> int:
    with _library_or_empty(args) as library:  # the installation is looked at where there is no library too
        checks = examine(library)
    if none := _no_library(args):
        kept = [check for check in checks if check["name"] not in ("library", "files")]
        checks = [*kept, {"name": "library", "ok": False, "detail": none, "mend": ""}]
    sound = all(check["ok"] for check in checks)
    if args.json:
        print_json({"ok": sound, "checks": checks})
        return 0 if sound else 1
    for check in checks:
        say(f"{'ok  ' if check['ok'] else 'FAIL'} {check['name']}: {check['detail']}")
        if check["mend"]:
            say(f"     {check['mend']}")
    return 0 if sound else 1


def _remove(args: argparse.Namespace) -> int:
    with _library(args) as library:
        files = {article.id: library.file_of(article) for article in map(library.find, args.articles)}
        gone = library.remove(args.articles)
        status = library.status()
    for path in sorted({str(files[article.id]) for article in gone if files[article.id].is_file()}):
        warn(f"byline: {path} is still there: the next ingest of it or its folder brings the article back.")
    if args.json:
        counts = {"articles": status["articles"], "passages": status["passages"]}
        print_json({"removed": [article.to_dict() for article in gone], **counts})
        return 0
    for article in gone:
        say(f"removed {article.id}  {article.title or article.path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
