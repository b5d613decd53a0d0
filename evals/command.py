"""`byline eval`: what was asked for, run and handed out."""

from __future__ import annotations

import argparse
import json
import math
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from evals import ALIASES, BUILT_IN, OF_CASES, OPTIONS, SUITES, report, suites
from evals.cases import TEMPLATE
from evals.compare import compare, missed
from rag import BylineError
from rag.models.tiers import load_given
from rag.settings import load_settings
from rag.terminal import print_json
from rag.types import Json


def main(args: argparse.Namespace) -> int:
    """Exit status: 0, or 1 where a gate of --fail-under is missed. BylineError (2) when used wrongly."""
    if args.action == "new":
        return _new(args.file)
    gates, price = dict(_gate(text) for text in args.fail_under), _price(args.price)
    before = _earlier(args.compare) if args.compare else None
    if args.limit is not None and args.limit < 1:
        raise BylineError(f"--limit is {args.limit}; it must be 1 or more.")
    found = _run(args, price)
    found["command"] = shlex.join(["byline", "eval", *_told(args)])
    if before is not None:
        if not any("outcome" in result for result in found["results"]):
            raise BylineError("--compare needs a suite that asks questions; this one does not.")
        found["comparison"] = compare(before, found)
    below = missed(found, gates)
    if args.out:
        try:
            written = report.write(found, Path(args.out))
        except OSError as error:
            raise BylineError(f"the report cannot be written to {args.out} ({error.strerror}).") from None
        print(f"wrote {', '.join(map(str, written))}", file=sys.stderr)
    if args.results:
        put(found, Path(args.results))
    if args.json:
        print_json(found)
    else:
        print(report.table(found))
    for sentence in below:
        print(f"byline: missed: {sentence}", file=sys.stderr)
    return 1 if below else 0


def _run(args: argparse.Namespace, price: tuple[float, float] | None) -> Json:
    load_settings(reader=args.reader, checker=args.checker)  # what is not there is said before the work
    load_given(reader=args.reader, checker=args.checker)
    asked = {"model": args.model, "price": price, "reader": args.reader, "checker": args.checker}
    if args.cases:
        if args.suite:
            raise BylineError("--cases and --suite exclude each other: give one.")
        _refuse_others(args, "your own cases", OF_CASES)
        return suites.own_cases(args.cases, library=args.library, split=args.split, **asked)
    name = ALIASES.get(args.suite, args.suite or "seeds")
    kind, _, path = name.partition(":")
    known = next((suite for suite in SUITES if suite == name or (path and suite.startswith(f"{kind}:"))), None)
    if known is None:
        raise BylineError(f"there is no suite {args.suite!r}: there are {', '.join(SUITES)}.")
    _refuse_others(args, f"the suite {name!r}", SUITES[known])
    if name in _OWN_WAY:
        return _OWN_WAY[name](args)
    if name in BUILT_IN:
        return suites.builtin(name, library=args.library, split=args.split, **asked)
    return suites.public(name, args.data, keep=args.keep, limit=args.limit, **asked)


def _speed(args: argparse.Namespace) -> Json:
    from evals.speed import speed

    return speed(say=suites.say, largest=args.limit)


def _claims(args: argparse.Namespace) -> Json:
    from evals.claims import claims

    witness = suites.witness_of(args.model, args.check_with_model)
    checker = suites.checker_of(args.checker)
    return claims(split=args.split, checker=checker, witness=witness, limit=args.limit, say=suites.say)


def _attributionbench(args: argparse.Namespace) -> Json:
    return suites.attributionbench(args.data, checker=suites.checker_of(args.checker))


def _extraction(args: argparse.Namespace) -> Json:
    from evals.extraction import extraction

    return extraction(args.data, limit=args.limit, say=suites.say)


def _injections(args: argparse.Namespace) -> Json:
    from evals.injections import injections

    return injections(args.model, n=args.limit)


def _prompts(args: argparse.Namespace) -> Json:
    from evals.prompts import prompts

    options = {name: getattr(args, name) for name in SUITES["prompts"] if name != "model"}
    return prompts([args.model] if args.model else [], say=suites.say, **options)


# The suites that are no questions with answers.
_OWN_WAY: Mapping[str, Callable[[argparse.Namespace], Json]] = {
    "speed": _speed,
    "claims": _claims,
    "attributionbench": _attributionbench,
    "extraction": _extraction,
    "injections": _injections,
    "prompts": _prompts,
}


def _refuse_others(args: argparse.Namespace, what: str, taken: Sequence[str]) -> None:
    given = [_flag(name) for name in OPTIONS if name not in taken and getattr(args, name) is not None]
    if given:
        known = ", ".join(map(_flag, taken))
        raise BylineError(f"{' and '.join(given)} would do nothing for {what}, which takes {known}: leave that out.")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _new(file: str | None) -> int:
    if file == "-":
        print(TEMPLATE, end="")
        return 0
    path = Path(file or "cases.jsonl")
    try:
        with path.open("x", encoding="utf-8") as out:
            out.write(TEMPLATE)
    except FileExistsError:
        raise BylineError(f"{path} is there already: name another, as in `byline eval new my-cases.jsonl`.") from None
    except OSError as error:
        raise BylineError(
            f"{path} cannot be written ({error.strerror}): name a file in a folder you can write."
        ) from None
    print(f"wrote {path}; put your questions in, then run: byline eval --cases {shlex.quote(str(path))}")
    return 0


def _gate(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        number = float(value)
        if not name or not math.isfinite(number):
            raise ValueError
    except ValueError:
        raise BylineError(f"--fail-under is {text!r}: write METRIC=VALUE, as in citation_precision=0.6.") from None
    return name, number


def _price(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        tokens_in, tokens_out = (float(part) for part in text.split(","))
        return tokens_in, tokens_out
    except ValueError:
        raise BylineError(f"--price is {text!r}: write two numbers, dollars for a million tokens: 0.15,0.60.") from None


def _earlier(file: str) -> Json:
    try:
        found = json.loads(Path(file).read_text(encoding="utf-8"))
        if isinstance(found, dict) and isinstance(found.get("results"), list):
            return found
        raise ValueError("no results in it")
    except (OSError, ValueError) as error:
        raise BylineError(f"{file} is no report ({error}): give the report.json of an earlier run.") from None


def _told(args: argparse.Namespace) -> list[str]:
    """What the run depends on, for the record: not where its output goes."""
    names = ("suite", "cases", "library", "model", "reader", "checker", "split", "limit")
    told = [part for name in names if (value := getattr(args, name)) for part in (f"--{name}", str(value))]
    told += ["--check-with-model"] if args.check_with_model else []
    return [*told, "--data", "DIR"] if args.data else told


def put(found: Json, path: Path) -> None:
    """Replace the suite's part of a Markdown file with the new figures."""
    put_section(path, found["suite"], report.results_section(found))


def put_section(path: Path, name: str, section: str) -> None:
    """Replace the part of a Markdown file between the two marks of that name."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BylineError(f"{path} cannot be read ({error.strerror}).") from None
    before, mark, rest = text.partition(begin)
    _, mark_end, after = rest.partition(end)
    if not mark or not mark_end:
        raise BylineError(f"{path} has no place for this suite: put the lines {begin} and {end} where it belongs.")
    path.write_text(f"{before}{begin}\n{section}\n{end}{after}", encoding="utf-8")
