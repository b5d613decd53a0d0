"""Measurements that anyone can make again. `register` adds `byline eval` to the command line."""

from __future__ import annotations

import argparse
from typing import Any

SUITES = ("scifact", "reading", "speed")


def register(commands: Any) -> None:
    """Add `eval`. Called at each start of the command line, so nothing else is imported here."""
    summary = "Measure retrieval, answers and speed."
    sub = commands.add_parser(
        "eval",
        help=summary,
        description=summary,
        epilog="example: byline eval --suite scifact --data public-sets/",
    )
    sub.add_argument("--suite", choices=SUITES, required=True, help="what to measure")
    sub.add_argument("--data", metavar="DIR", help="the folder of public data sets (nothing is downloaded)")
    sub.add_argument("--keep", metavar="DIR", help="keep the throw-away library here, and use it again")
    sub.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    sub.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from evals.suites import main

    return main(args)
