"""The command line. `byline COMMAND --help` shows each command with an example; `rag.commands` runs them.

Results go to standard output, progress and warnings to standard error. Exit status: 0 done, 1 done but something
failed, 2 used wrongly, 130 stopped by Ctrl-C. `ui` and `eval` belong to packages that import this one, and are found by
their entry points.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import entry_points
from typing import Any, NoReturn

from rag.options import option_help

Run = Callable[[argparse.Namespace], int]
PLUGIN_COMMANDS = "byline.commands"
_OWN = ("rag", "ui", "evals", "embeddings")  # packages
STOPPED = 130  # as shells give it: 128 and the number of the signal


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, with the way to the help, to which `more` adds what takes time to make."""

    more: Callable[[], str] | None = None

    def format_help(self) -> str:
        return super().format_help() + (f"\n{self.more()}\n" if self.more else "")

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see `{self.prog} --help`.\n")


class _Output:
    """Standard output that keeps the error of a write that failed: argparse swallows it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.error: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> Any:
        return self._kept(self._stream.write, text)

    def flush(self) -> None:
        self._kept(self._stream.flush)

    def _kept(self, call: Callable[..., Any], *given: str) -> Any:
        try:
            return call(*given)
        except OSError as error:
            self.error = error
            raise


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    _open_standard_streams()
    output: Any = _Output(sys.stdout)
    status = 0
    try:
        with contextlib.redirect_stdout(output):
            try:
                status = _run(argv)
            finally:
                output.flush()  # --help too: at Python's own last flush nobody could say what went wrong
    except KeyboardInterrupt:
        _complain("stopped; what was stored stays, and the same command goes on from there.", before="\n")
        return STOPPED
    except (OSError, SystemExit):
        if output.error is None:
            raise
    finally:
        for stream in (sys.stdout, sys.stderr):
            _settle(stream)
    if output.error is None:
        return status
    if isinstance(output.error, BrokenPipeError):  # the reader (head, less) has seen enough
        return 0
    why = output.error.strerror or output.error
    _complain(f"the result could not be written to standard output ({why}): make room, or send it elsewhere.")
    return 1


def _run(argv: Sequence[str] | None) -> int:
    args = _parser().parse_args(argv)  # --help and mistakes end here, before anything else is imported
    import sqlite3

    from rag.errors import BylineError

    try:
        run: Run = args.run
        with _quiet_libraries():
            return run(args)
    except BylineError as error:
        from rag.terminal import warn

        warn(f"byline: {error}")
        return 2
    except sqlite3.DatabaseError as error:  # damage that opening did not come across
        from rag.commands import damaged
        from rag.terminal import warn

        if isinstance(error, sqlite3.ProgrammingError):
            raise
        warn(f"byline: {damaged(args, error)}")
        return 2


@contextlib.contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Keeps what libraries warn of off the terminal, where it would stand among the failures. What nobody else handles,
    Python's logging writes to standard error: here only where Byline itself says it."""
    import logging
    import warnings

    def is_own(record: logging.LogRecord) -> bool:
        return record.name.partition(".")[0] in _OWN

    last_resort = logging.lastResort
    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
        if last_resort is not None:
            last_resort.addFilter(is_own)
        try:
            yield
        finally:
            if last_resort is not None:
                last_resort.removeFilter(is_own)


def _open_standard_streams() -> None:
    """See to it that there are three standard streams that take any character. A stream that was closed before the
    start (`>&-`) is replaced, or the next file that is opened would get its number: input is then empty, what goes to
    standard error is dropped, and the first line for standard output fails."""
    for name, mode, access in (
        ("stdin", "r", os.O_RDONLY),
        ("stdout", "w", os.O_RDONLY),
        ("stderr", "w", os.O_RDWR),
    ):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, access), mode, encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets a replacement, not a crash.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")


def _settle(stream: Any) -> None:
    """Write out what the stream holds; where that fails, it goes nowhere, so that Python's own last flush is quiet."""
    try:
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _complain(sentence: str, before: str = "") -> None:
    with contextlib.suppress(OSError):
        print(f"{before}byline: {sentence}", file=sys.stderr, flush=True)


def _command(name: str) -> Run:
    """The function of that name in `rag.commands`, which is imported when it runs."""

    def run(args: argparse.Namespace) -> int:
        from rag import commands

        status: int = getattr(commands, name)(args)
        return status

    return run


def _what_is_read() -> str:
    from rag.ingest import articles, fields

    return f"what is read, each also packed by gzip: {' '.join(articles.SUFFIXES)}\n\n{fields.help_text()}"


_Add = Callable[[str, str, str], Parser]
"""Adds a command, by its name, summary and example."""


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="byline", description="Answers from your own news articles, with the exact words behind every sentence."
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)

    def command(name: str, summary: str, example: str) -> Parser:
        sub: Parser = commands.add_parser(
            name,
            help=summary,
            description=summary,
            epilog=f"example: {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(run=_command(name))
        sub.add_argument(
            "--library", metavar="DIR", help="its folder, or milvus:URI[/NAME] (default: $BYLINE_HOME, else user data)"
        )
        sub.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
        return sub

    for add in (_add_ingest, _add_questions, _add_drafts, _add_holdings, _add_models):
        add(command)
    for entry in sorted(entry_points(group=PLUGIN_COMMANDS), key=lambda entry: entry.name):
        # Each is `register(commands)`; importing it must be cheap.
        entry.load()(commands)
    return parser


def _add_ingest(command: _Add) -> None:
    sub = command(
        "ingest",
        "Read articles into the library.",
        "byline ingest articles/ story.html 'wire/*.txt' export.csv --fields text=Body,title=Head",
    )
    sub.more = _what_is_read
    sub.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="a file, a folder or a glob (what is read: see below)",
    )
    sub.add_argument(
        "--fields",
        metavar="FIELD=COLUMN,…",
        help="what the fields of CSV and JSON records are called where Byline does not know it (see below)",
    )
    sub.add_argument(
        "--embedder",
        metavar="NAME",
        help="minilm (default), st:NAME, st:FOLDER, openai:NAME; remembered in the library, another one re-embeds",
    )


def _add_questions(command: _Add) -> None:
    sub = command("search", "Find the passages that fit a question.", 'byline search "hostage release" -k 5')
    _add_question(sub)

    sub = command(
        "ask", "Answer a question with cited words.", 'byline ask "Who asked for the meeting?" --as-of 2024-05'
    )
    _add_question(sub)
    _add_settings(sub, model="MODEL", model_url="URL", prompt_style="STYLE", reader="NAME", checker="NAME")
    _add_witness(sub)
    sub.add_argument("--show-unsupported", action="store_true", help="keep what the sources do not carry, marked")
    sub.add_argument(
        "--after",
        action="append",
        default=[],
        metavar="QUESTION",
        help="an earlier question, so that this one may say “it” (may be given several times, oldest first)",
    )
    sub.add_argument("--save", metavar="FILE", help="keep the answer as a record that `verify` reads (.md .html .json)")

    sub = command("timeline", "List what happened, in order, with cited words.", 'byline timeline "the harbour strike"')
    _add_question(sub, k=24)


def _add_drafts(command: _Add) -> None:
    sub = command(
        "check",
        "Check a draft, sentence by sentence.",
        "byline check draft.txt --as-of 2024-05\n\n"
        "The exit status is 0 when the draft was checked, whatever the verdicts; --json has them for a program.",
    )
    sub.add_argument("text", metavar="TEXT|FILE", help="the draft: a file, or the text itself; - is standard input")
    _add_limits(sub, k=5)
    _add_settings(sub, model="MODEL", model_url="URL", checker="NAME")
    _add_witness(sub)

    sub = command("verify", "Compare a saved answer with the articles as they are now.", "byline verify answer.md")
    sub.add_argument("record", metavar="RECORD", help="a file that `ask --save` wrote")


def _add_holdings(command: _Add) -> None:
    which = "an id, or a path or the end of one"
    sub = command("status", "Show what the library holds, or one article.", "byline status story.html")
    sub.add_argument("article", nargs="?", metavar="ARTICLE", help=which)
    sub = command("diff", "Show what changed between the versions of an article.", "byline diff story.html")
    sub.add_argument("article", metavar="ARTICLE", help=which)
    sub = command(
        "copy", "Copy a library to another place or engine.", "byline copy .byline milvus:http://host:19530/news"
    )
    sub.add_argument("source", metavar="FROM", help="a library's folder, or milvus:URI[/NAME]")
    sub.add_argument("target", metavar="TO", help="the same; a copy that was stopped goes on where it was")
    sub = command("doctor", "Check the library and the installation.", "byline doctor")
    sub.add_argument("--licenses", action="store_true", help="list the packages that Byline runs with, and licences")
    sub = command("remove", "Delete articles and all that was made from them.", "byline remove story.html 3f2a9c")
    sub.add_argument("articles", nargs="+", metavar="ARTICLE", help=which)


def _add_models(command: _Add) -> None:
    sub = command(
        "models",
        "List the models that write, read and check, and get larger ones.",
        "byline models get accurate\n\nWithout --reader and --checker: what is in use. They say what would be.",
    )
    _add_settings(sub, model_url="URL", reader="NAME", checker="NAME")
    # What is given before `get` holds: its own options have no defaults that would undo them.
    actions = sub.add_subparsers(title="actions", metavar="get, test", parser_class=Parser)
    get = actions.add_parser(
        "get",
        help="put the larger models of the accurate tier in place, once (440 MB)",
        description="Put the larger models of the accurate tier in place, once (440 MB), from the hub or a folder.",
        epilog="example: byline models get accurate --from ~/all-mpnet-base-v2",
        argument_default=argparse.SUPPRESS,
    )
    get.add_argument("tier", choices=["accurate"], help="accurate: all-mpnet-base-v2, which the checker stands on")
    get.add_argument("--from", dest="source", metavar="DIR", help="take them from this folder, ask nobody")
    get.add_argument("--library", metavar="DIR", help="as everywhere; the models are shared by all libraries")
    get.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    get.set_defaults(run=_command("get_models"))
    test = actions.add_parser(
        "test",
        help="ask a model three built-in questions, and remember how it is best asked",
        description="Ask a model three built-in questions over invented passages, with each prompt: does it cite, "
        "refuse and follow? The prompt with which it does better is remembered, and `prompt_style` auto uses it.",
        epilog="example: byline models test gguf:model.gguf",
        argument_default=argparse.SUPPRESS,
    )
    test.add_argument(
        "name", metavar="NAME", help="openai:NAME, anthropic:NAME or gguf:PATH, as `ask --model` takes it"
    )
    test.add_argument("--model-url", metavar="URL", help=option_help("model_url"))
    test.add_argument("--library", metavar="DIR", help="whose settings hold; the result is shared by all libraries")
    test.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    test.set_defaults(run=_command("test_model"))


def _add_settings(parser: argparse.ArgumentParser, **metavars: str) -> None:
    for name, metavar in metavars.items():
        parser.add_argument(f"--{name.replace('_', '-')}", metavar=metavar, help=option_help(name))


def _add_witness(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--check-with-model", action=argparse.BooleanOptionalAction, help=option_help("check_with_model")
    )


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


if __name__ == "__main__":
    sys.exit(main())
