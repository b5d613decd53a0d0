"""Runs the campaigns by the clock: `python -m tests.campaigns --minutes 60 [--results evals/RESULTS.md]`."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from evals.command import put_section
from tests.campaigns.common import until
from tests.campaigns.every import ALL


def main() -> int:
    """The exit status: 1 where something did not hold."""
    parser = argparse.ArgumentParser(description="Run the campaigns by the clock.")
    parser.add_argument("--minutes", type=float, default=30.0, help="shared by the campaigns (default: 30)")
    parser.add_argument("--seed", type=int, default=None, help="of all that is drawn (default: another one each time)")
    parser.add_argument("--only", choices=[*ALL], action="append", help="this campaign; may be given again")
    parser.add_argument("--results", type=Path, help="the file whose section on campaigns is written anew")
    args = parser.parse_args()
    seed = random.SystemRandom().randrange(10**9) if args.seed is None else args.seed
    print(f"seed {seed}", flush=True)
    names = args.only or [*ALL]
    end = time.monotonic() + 60 * args.minutes
    rows = []
    for n, name in enumerate(names):
        started = time.monotonic()
        share = (end - started) / (len(names) - n)
        done, fault = one(name, seed, started + share)
        minutes = (time.monotonic() - started) / 60
        rows.append(f"| {name} | {minutes:.1f} | {counted(done)} | {'a fault' if fault else 'none'} |")
        print(rows[-1], flush=True)
        print(fault, file=sys.stderr)
    table = "\n".join(["| campaign | minutes | what was done | fault |", "|---|---|---|---|", *rows])
    if args.results:
        told = f"`python -m tests.campaigns --minutes {args.minutes:g} --seed {seed}`, {time.strftime('%Y-%m-%d')}:"
        put_section(args.results, "campaigns", f"{told}\n\n{table}")
    return int(any(row.endswith("a fault |") for row in rows))


def one(name: str, seed: int, end: float) -> tuple[Counter[str], str]:
    """What a campaign did, and what did not hold ("" where all did)."""
    with tempfile.TemporaryDirectory(prefix="byline-campaign-") as folder:
        try:
            return ALL[name](Path(folder), random.Random(seed), until(end)), ""
        except Exception:
            return Counter(), traceback.format_exc()


def counted(done: Counter[str]) -> str:
    return "; ".join(f"{what}: {n:,}" for what, n in done.items())


if __name__ == "__main__":
    sys.exit(main())
