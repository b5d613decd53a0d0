"""The suite `claims`: are claims that are worded away from their source told from others with one fault?

`evals/data/claims.jsonl` holds invented passages with true and false claims, half and half, written by somebody who had
not seen the checker, and parted into dev and test by passage before any model saw them. The share of a claim's content
words that the passage holds is no larger for the true ones, so that copying is no signal.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from evals import metrics as m
from evals.loaders import DATA, read_jsonl
from rag.checking.checker import Checker, default_checker

Json = dict[str, Any]


def claims(
    *, split: str | None = None, checker: Checker | None = None, say: Callable[[str], None] = lambda text: None
) -> Json:
    """The report (see CONTRACT.md): the share of true claims kept and of false ones refused at .5, AUC, and each kind
    of claim, with intervals over claims; `results` has a row for each claim."""
    checker = checker or default_checker()
    passages = [row for row in read_jsonl(DATA / "claims.jsonl") if split is None or row["split"] == split]
    results: list[Json] = []
    seconds = []
    for passage in passages:
        say(f"{len(results)} claims, {passage['title'][:60]}")
        for n, claim in enumerate(passage["claims"], 1):
            started = time.perf_counter()
            found = checker.check(claim["text"], [passage["text"]])
            seconds.append(time.perf_counter() - started)
            is_true = claim["label"] == "carried"
            is_right = float((found.score >= 0.5) == is_true)
            results.append(
                {
                    "id": f"{passage['id']}-{n}",
                    "question": claim["text"],
                    "tags": [claim["label"], claim["kind"]],
                    "verdict": found.verdict,
                    "scores": {"right": is_right, "support": found.score},
                }
            )
    return {
        "suite": "claims",
        "cases": len(results),
        "errors": 0,
        "config": {"split": split or "dev and test", "threshold": 0.5, "passages": len(passages), "seed": 0}
        | {"checker": checker.verifier.name},
        "metrics": _metrics(results)
        | {"check_s_p50": m.percentile(seconds, 50), "check_s_p95": m.percentile(seconds, 95)},
        "results": results,
    }


def _metrics(results: Sequence[Json]) -> Json:
    is_true = [row["tags"][0] == "carried" for row in results]
    support = [row["scores"]["support"] for row in results]
    groups: dict[str, list[float]] = {"kept": [], "refused": []}
    for row, true in zip(results, is_true, strict=True):
        name = "kept" if true else "refused"
        groups[name].append(row["scores"]["right"])
        groups.setdefault(f"{name}:{row['tags'][1]}", []).append(row["scores"]["right"])
    return {"auroc": m.auroc_summary(support, is_true)} | {
        name: m.summary(groups[name]) for name in sorted(groups, key=lambda n: (":" in n, n))
    }
