"""The web page: `app` builds and serves it, `view` turns an answer into HTML. `register` adds `byline ui`."""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path
from typing import Any


def register(commands: Any) -> None:
    """Add `ui`. Called at each start of the command line, so nothing heavy is imported here."""
    summary = "Open the web page on this machine."
    sub = commands.add_parser("ui", help=summary, description=summary, epilog="example: byline ui --port 8080")
    sub.add_argument("--library", metavar="DIR", help="the library's folder (default: $BYLINE_HOME, else user data)")
    sub.add_argument("--port", type=int, default=None, help="the port (default: 7860, or the next free one)")
    sub.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: this machine only)")
    sub.add_argument("--open", action="store_true", help="open the page in a browser")
    sub.add_argument("--examples", metavar="FILE", help="questions to offer as buttons, one a line")
    sub.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C. The address goes to standard output."""
    from rag import BylineError, Library
    from ui.app import serve

    examples: list[str] = []
    if args.examples:
        try:
            examples = [line for line in Path(args.examples).read_text(encoding="utf-8").splitlines() if line.strip()]
        except (OSError, UnicodeError) as error:
            raise BylineError(f"the examples {args.examples!r} cannot be read ({error}): name a text file.") from error

    def ready(url: str) -> None:
        sys.stdout.write(f"Byline is at {url} (Ctrl-C stops it)\n")
        sys.stdout.flush()

    with Library.open(args.library) as library:
        # The model and the index are loaded while the page is, and not while the first reader waits.
        threading.Thread(target=library.retrieve, args=("loading",), kwargs={"k": 1}, daemon=True).start()
        serve(library, host=args.host, port=args.port, open_browser=args.open, on_ready=ready, examples=examples)
    return 0
