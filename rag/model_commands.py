"""`byline models` and `byline models get`: who writes, reads and checks, and how the larger models come here."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from rag.collection import library_at
from rag.settings import CHECKERS, READERS, in_words, load_settings
from rag.terminal import print_json, print_models, progress, say

Command = Callable[..., argparse.ArgumentParser]


def register(command: Command) -> None:
    """Add `models`. `command` makes a command of the command line, with the options that all of them have."""
    sub = command(
        "models",
        _models,
        "List the models that write, read and check, and get larger ones.",
        "byline models get accurate",
        "\n\nWithout --reader and --checker: what is in use. They say what would be, as `ask` takes them.",
    )
    sub.add_argument("--model-url", metavar="URL", help="the endpoint to ask for its models")
    add_reader(sub)
    add_checker(sub)
    # What is given before `get` holds: its own options have no defaults that would undo them.
    actions = sub.add_subparsers(title="actions", metavar="get", parser_class=type(sub))
    get = actions.add_parser(
        "get",
        help="put the larger models of the accurate tier in place, once (440 MB)",
        description="Put the larger models of the accurate tier in place, once (440 MB), from the hub or a folder.",
        epilog="example: byline models get accurate --from ~/all-mpnet-base-v2",
        argument_default=argparse.SUPPRESS,
    )
    get.add_argument(
        "tier", choices=["accurate"], help="accurate: all-mpnet-base-v2, which reader and checker stand on"
    )
    get.add_argument("--from", dest="source", metavar="DIR", help="take them from this folder, ask nobody")
    get.add_argument("--library", metavar="DIR", help="as everywhere; the models are shared by all libraries")
    get.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    get.set_defaults(run=_get)


def add_reader(parser: argparse.ArgumentParser) -> None:
    _add_choice(parser, "reader", "finds the sentence that answers", READERS)


def add_checker(parser: argparse.ArgumentParser) -> None:
    _add_choice(parser, "checker", "judges whether sources carry a claim", CHECKERS)


def _add_choice(parser: argparse.ArgumentParser, name: str, what: str, choices: Sequence[str]) -> None:
    parser.add_argument(
        f"--{name}",
        metavar="NAME",
        help=f"what {what}: {in_words(choices)} (default: $BYLINE_{name.upper()}, settings.toml, auto: see `models`)",
    )


def _models(args: argparse.Namespace) -> int:
    from rag.models.available import list_models  # takes half a second, which the other commands need not wait for
    from rag.models.tiers import in_use

    folder, _ = library_at(args.library)
    settings = load_settings(folder, model_url=args.model_url, reader=args.reader, checker=args.checker)
    document = {"models": list_models(settings), **in_use(settings)}
    if args.json:
        print_json(document)
    else:
        print_models(document)
    return 0


def _get(args: argparse.Namespace) -> int:
    from rag.models import larger

    source = getattr(args, "source", None)
    with progress(in_bytes=True) as shown:
        folder = larger.get_larger(Path(source) if source is not None else None, say=shown or (lambda *_: None))
    if args.json:
        print_json({"tier": args.tier, "name": larger.NAME, "folder": str(folder)})
    else:
        say(f"{larger.NAME} is at {folder}.")
    return 0
