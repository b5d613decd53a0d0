"""`byline calibrate`: fit the border of a checker on the built-in claims, and keep it in the library."""

from __future__ import annotations

import argparse
import json
import math
import sys
from typing import Any

import numpy as np

from evals import LEAST_REFUSED
from evals.claims import claims
from rag import BylineError, Library
from rag.checking.checker import Checker

HIGHEST = 1 - 1e-6  # of a score whose log-odds are taken


def calibrate(library: Library, *, least_refused: float = LEAST_REFUSED) -> dict[str, Any]:
    """Shift the scores of the library's checker so that at .5 it refuses `least_refused` of the false built-in claims,
    and as few as may be of the true ones; returns what was reached, with the shift, which the library keeps.

    BylineError for a share that is not above 0 and below 1.
    """
    if not 0 < least_refused < 1:
        raise BylineError(f"--refuse is {least_refused}; it must be above 0 and below 1, as in 0.88.")
    name = library.checker.verifier.name
    report = claims(checker=Checker(library.checker.verifier), say=_say)
    rows = [(_log_odds(row["scores"]["support"]), row["tags"][0] == "carried") for row in report["results"]]
    false = np.array([z for z, is_true in rows if not is_true])
    true = np.array([z for z, is_true in rows if is_true])
    border = float(np.quantile(false, least_refused, method="higher"))
    shift = -border - 1e-6
    library.keep_calibration(name, shift)
    return {
        "checker": name,
        "shift": round(shift, 4),
        "claims": len(rows),
        "kept": float((true + shift >= 0).mean()),
        "refused": float((false + shift < 0).mean()),
        "auroc": report["metrics"]["auroc"]["value"],
    }


def _log_odds(score: float) -> float:
    score = min(max(score, 1 - HIGHEST), HIGHEST)
    return math.log(score / (1 - score))


def run(args: argparse.Namespace) -> int:
    with Library.open(args.library, checker=args.checker) as library:
        found = calibrate(library, least_refused=args.refuse)
    if args.json:
        print(json.dumps(found, indent=2))
    else:
        print(
            f"{found['checker']}: of {found['claims']} built-in claims {found['kept']:.0%} of the true are kept and "
            f"{found['refused']:.0%} of the false refused (AUC {found['auroc']:.2f}); kept in the library"
        )
    return 0


def _say(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text[:100]}", end="", file=sys.stderr, flush=True)
