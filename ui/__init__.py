"""The web page and what is served beside it: `app` builds and serves the page, `view` turns an answer into HTML,
`programs` leads to the HTTP API (`api`, `chat`) and the tools (`mcp`). `register` adds `byline ui` and `byline mcp`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def register(commands: Any) -> None:
    """Add `ui` and `mcp`. Called at each start of the command line, so nothing heavy is imported here."""
    summary = "Open the web page on this machine, with an HTTP API and tools beside it."
    sub = commands.add_parser(
        "ui",
        help=summary,
        description=summary,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples: byline ui --port 8080\n"
        "          byline ui --add-user ann --role editor --auth users.txt\n"
        "          byline ui --host 0.0.0.0 --auth users.txt --certfile cert.pem --keyfile key.pem\n\n"
        "Beside the page: /api/openapi.json (what programs can ask), /v1 (for chat front ends), /mcp (tools).",
    )
    sub.add_argument("--library", metavar="DIR", help="the library's folder (default: $BYLINE_HOME, else user data)")
    sub.add_argument("--port", type=int, default=None, help="the port (default: 7860, or the next free one)")
    sub.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: this machine only)")
    sub.add_argument("--open", action="store_true", help="open the page in a browser")
    sub.add_argument("--examples", metavar="FILE", help="questions to offer as buttons, one a line")
    who = sub.add_argument_group("who may come in", "Needed where --host or a reverse proxy lets other machines come.")
    who.add_argument("--auth", metavar="FILE", help="only the users in this file")
    who.add_argument("--no-auth", action="store_true", help="everybody, to ask and to read")
    who.add_argument("--add-user", metavar="NAME", help="add a user to FILE, or change one, asking for the password")
    who.add_argument("--role", choices=["reader", "editor"], help="of that user; editors may add articles")
    who.add_argument("--certfile", metavar="FILE", help="a certificate in PEM format, for HTTPS")
    who.add_argument("--keyfile", metavar="FILE", help="its key")
    who.add_argument("--root-path", metavar="PATH", default="", help="where a reverse proxy has the page, as in /news")
    sub.set_defaults(run=run)

    summary = "Give a language model's program the library as tools (MCP), over standard input and output."
    sub = commands.add_parser(
        "mcp", help=summary, description=summary, epilog="example: byline mcp --library .byline  (see README)"
    )
    sub.add_argument("--library", metavar="DIR", help="the library's folder (default: $BYLINE_HOME, else user data)")
    sub.set_defaults(run=serve_tools)


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C, or add a user. The address goes to standard output."""
    if args.add_user is not None:
        return _add_user(args)
    from rag import BylineError, Library
    from rag.terminal import say, warn
    from ui.access import Access
    from ui.app import serve
    from ui.loading import loading
    from ui.users import Users

    if args.role:
        raise BylineError("--role goes with --add-user NAME: it is the role of that user.")
    examples: list[str] = []
    if args.examples:
        try:
            examples = [line for line in Path(args.examples).read_text(encoding="utf-8").splitlines() if line.strip()]
        except (OSError, UnicodeError) as error:
            raise BylineError(f"the examples {args.examples!r} cannot be read ({error}): name a text file.") from error
    access = Access(
        users=Users(Path(args.auth)) if args.auth else None,
        is_open=args.no_auth,
        certfile=Path(args.certfile) if args.certfile else None,
        keyfile=Path(args.keyfile) if args.keyfile else None,
        root_path=args.root_path,
    )
    access.check(args.host)  # before anything is loaded

    def ready(url: str) -> None:
        say(f"Byline is at {url} (Ctrl-C stops it)")
        for sentence in access.exposes(args.host):
            warn(f"byline: {sentence}")

    # The model and the index are loaded while the page is, and not while the first reader waits.
    with Library.open(args.library) as library, loading(library):
        serve(
            library,
            host=args.host,
            port=args.port,
            open_browser=args.open,
            on_ready=ready,
            examples=examples,
            access=access,
        )
    return 0


def _add_user(args: argparse.Namespace) -> int:
    from rag import BylineError
    from rag.terminal import say
    from ui.users import add_user, ask_password, read_users

    if not args.auth:
        raise BylineError("--add-user needs --auth FILE: the file that the user goes into.")
    path = Path(args.auth)
    known = read_users(path).get(args.add_user) if path.exists() else None
    role = args.role or (known.role if known else "reader")
    is_new = add_user(path, args.add_user, role, ask_password(args.add_user))
    say(f"{'added' if is_new else 'changed'} {args.add_user} ({role}) in {path}")
    return 0


def serve_tools(args: argparse.Namespace) -> int:
    """Serve until the other program closes standard input."""
    from rag.commands import open_library
    from ui.mcp import serve_standard_streams

    with open_library(args) as library:
        serve_standard_streams(library)
    return 0
