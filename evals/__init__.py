"""Measurements that anyone can make again. `register` adds `byline eval` to the command line."""

from __future__ import annotations

import argparse
from typing import Any

from rag.options import option_help

_ANSWERING = ("model", "price", "reader", "checker")
OF_CASES = ("library", "split", *_ANSWERING)
_SET = ("data", "keep", "limit", *_ANSWERING)
BUILT_IN = ("seeds", "tasks")  # with their articles
_PUBLIC = ("scifact", "clapnq", "mtrag", "squad2", "xquad", "ramdocs", "qed", "wikinews")
# Suite -> the options of `byline eval` that it takes; the others would stand in its report and have changed nothing.
# What follows a colon is a folder or file of that form, not a set below --data.
SUITES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(BUILT_IN, OF_CASES),
    **dict.fromkeys(_PUBLIC, _SET),
    "claims": ("split", "checker", "model", "check_with_model", "limit"),
    "attributionbench": ("data", "checker"),
    "extraction": ("data", "limit"),
    "injections": ("model", "limit"),
    "prompts": ("library", "split", "model", "reader", "checker", "limit"),
    "speed": ("limit",),
    **dict.fromkeys(("beir:DIR", "squad:FILE", "multihop-rag:DIR"), _SET[1:]),
}
OPTIONS = ("library", "split", "model", "price", "reader", "checker", "data", "keep", "limit", "check_with_model")
# Another name of a suite -> its own.
ALIASES = {"reading": "xquad"}


LEAST_REFUSED = 0.88  # of the built-in false claims, by a calibrated checker


def register(commands: Any) -> None:
    """Add `eval` and `calibrate`. Called at each start of the command line, so nothing else is imported here."""
    _register_calibrate(commands)
    summary = "Measure retrieval, answers, citations and speed."
    sub = commands.add_parser(
        "eval",
        help=summary,
        description=f"{summary} Without arguments: the built-in questions over the sample articles.",
        epilog="example: byline eval --out report --fail-under citation_precision=0.6",
    )
    sub.add_argument("action", nargs="?", choices=["new"], help="new: write a commented template for cases")
    sub.add_argument(
        "file", nargs="?", metavar="FILE", help="where `new` writes it (default: cases.jsonl; - prints it)"
    )
    sub.add_argument("--suite", metavar="NAME", help=f"what to measure: {', '.join(SUITES)}")
    sub.add_argument("--cases", metavar="FILE", help="your own cases, JSONL, on your library (see `byline eval new`)")
    sub.add_argument("--library", metavar="DIR", help="the library to ask (built-in questions: a throw-away one)")
    sub.add_argument("--model", metavar="NAME", help=option_help("model"))
    sub.add_argument("--reader", metavar="NAME", help=option_help("reader"))
    sub.add_argument("--checker", metavar="NAME", help=option_help("checker"))
    sub.add_argument(
        "--check-with-model",
        action="store_true",
        default=None,
        help="of claims: what the checker does with --model beside it",
    )
    sub.add_argument("--split", choices=["dev", "test"], help="only this half of the cases: tune on dev, report test")
    sub.add_argument(
        "--limit",
        type=int,
        metavar="N",
        help="of a public set, claims or prompts N cases, of extraction N pages a corpus, drawn with a fixed seed; of "
        "speed, sizes up to N",
    )
    sub.add_argument("--data", metavar="DIR", help="the folder of public data sets (nothing is downloaded)")
    sub.add_argument("--keep", metavar="DIR", help="keep a public set's library here, and use it again")
    sub.add_argument("--out", metavar="DIR", help="write report.json, report.md and report.html here")
    sub.add_argument(
        "--fail-under",
        action="append",
        default=[],
        metavar="METRIC=VALUE",
        help="exit with 1 where the metric is below (where lower is better: above) the value; may be given again",
    )
    sub.add_argument("--compare", metavar="FILE", help="an earlier report.json: paired differences, changed cases")
    sub.add_argument("--price", metavar="IN,OUT", help="US dollars for a million tokens in and out: adds the cost")
    sub.add_argument("--results", metavar="FILE", help="put the figures into this Markdown file, between its marks")
    sub.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    sub.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from evals.command import main

    return main(args)


def _register_calibrate(commands: Any) -> None:
    summary = "Fit the border of the checker that is in use on the built-in claims, for this library."
    sub = commands.add_parser(
        "calibrate", help=summary, description=summary, epilog="example: byline calibrate --checker nli:NAME"
    )
    sub.add_argument("--library", metavar="DIR", help="the library's folder (default: $BYLINE_HOME, else user data)")
    sub.add_argument("--checker", metavar="NAME", help=option_help("checker"))
    sub.add_argument(
        "--refuse",
        type=float,
        default=LEAST_REFUSED,
        metavar="SHARE",
        help="of the false claims (default: %(default)s)",
    )
    sub.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    sub.set_defaults(run=run_calibrate)


def run_calibrate(args: argparse.Namespace) -> int:
    from evals.calibrate import run

    return run(args)
