"""The suite `claims`: are claims that are worded away from their source told from others with one fault?

`evals/data/claims.jsonl` holds invented passages with true and false claims, half and half, written by somebody who had
not seen the checker, and parted into dev and test by passage before any model saw them. The share of a claim's content
words that the passage holds is no larger for the true ones, so that copying is no signal.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from evals import metrics as m
from evals.loaders import DATA, read_jsonl
from rag.checking.checker import Checker, Support, default_checker
from rag.checking.witness import Witness
from rag.models.prompts import WITNESS_VERSION

Json = dict[str, Any]


SEED = 7


def claims(
    *,
    split: str | None = None,
    checker: Checker | None = None,
    witness: Witness | None = None,
    limit: int | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Json:
    """The report (see CONTRACT.md): the share of true claims kept and of false ones refused at .5, AUC, and each kind
    of claim, with intervals over claims; the share of what is called supported that is true (`precision`), and how far
    the scores are from probabilities (`reliability`); `results` has a row for each claim. With a `witness`, which is
    asked of the claims of each passage at once, the same with what it says beside it. `limit` takes whole passages,
    drawn with a fixed seed, until there are so many claims."""
    checker = checker or default_checker()
    passages = [row for row in read_jsonl(DATA / "claims.jsonl") if split is None or row["split"] == split]
    passages = _drawn(passages, limit) if limit else passages
    results: list[Json] = []
    seconds = []
    problems: list[str] = []
    for passage in passages:
        say(f"{len(results)} claims, {passage['title'][:60]}")
        judged = []
        for claim in passage["claims"]:
            started = time.perf_counter()
            judged.append((claim["text"], [passage["text"]], checker.check(claim["text"], [passage["text"]])))
            seconds.append(time.perf_counter() - started)
        heard, found = witness.hear(judged) if witness else ([], ())
        problems += found
        for n, (claim, (_, _, support)) in enumerate(zip(passage["claims"], judged, strict=True), 1):
            row = _row(f"{passage['id']}-{n}", claim, support)
            results.append(row if not witness else _with_witness(row, claim, heard[n - 1]))
    return {
        "suite": "claims",
        "cases": len(results),
        "errors": 0,
        "config": {"split": split or "dev and test", "threshold": 0.5, "passages": len(passages), "seed": SEED}
        | {"checker": checker.verifier.name}
        | ({"witness": witness.name, "prompt": WITNESS_VERSION} if witness else {}),
        "metrics": _metrics(results)
        | (_metrics_with_witness(results) if witness else {})
        | {"check_s_p50": m.percentile(seconds, 50), "check_s_p95": m.percentile(seconds, 95)},
        "reliability": _reliability(results),
        "notes": list(dict.fromkeys(problems)),
        "results": results,
    }


def _reliability(results: Sequence[Json]) -> list[Json]:
    return m.reliability(
        [row["scores"]["support"] for row in results], [row["tags"][0] == "carried" for row in results], n_bins=5
    )


def _drawn(passages: Sequence[Json], limit: int) -> list[Json]:
    drawn: list[Json] = []
    for passage in random.Random(SEED).sample(list(passages), len(passages)):
        if sum(len(one["claims"]) for one in drawn) >= limit:
            break
        drawn.append(passage)
    return drawn


def _row(row_id: str, claim: Json, found: Support) -> Json:
    return {
        "id": row_id,
        "question": claim["text"],
        "tags": [claim["label"], claim["kind"]],
        "verdict": found.verdict,
        "scores": {"right": _is_right(claim, found), "support": found.score},
    }


def _is_right(claim: Json, found: Support) -> float:
    return float((found.score >= 0.5) == (claim["label"] == "carried"))


def _with_witness(row: Json, claim: Json, found: Support) -> Json:
    scores = row["scores"] | {"right_with_witness": _is_right(claim, found), "support_with_witness": found.score}
    if said := found.witness:
        scores["witness_right"] = float((said["says"] == "yes") == (claim["label"] == "carried"))
    return row | {"scores": scores, "witness": found.witness}


def _metrics_with_witness(results: Sequence[Json]) -> Json:
    """What is kept and refused, and the AUC, once the witness was heard; of the claims of which it said something, the
    share in which it is right; and of all claims the share that it has lifted or lowered."""
    is_true = [row["tags"][0] == "carried" for row in results]
    right = [row["scores"]["right_with_witness"] for row in results]
    effects = [(row["witness"] or {}).get("effect") for row in results]
    return {
        "auroc_with_witness": m.auroc_summary([row["scores"]["support_with_witness"] for row in results], is_true),
        "kept_with_witness": m.summary([one for one, true in zip(right, is_true, strict=True) if true]),
        "refused_with_witness": m.summary([one for one, true in zip(right, is_true, strict=True) if not true]),
        "witness_right": m.summary([row["scores"]["witness_right"] for row in results if row["witness"]]),
        "witness_lifts": m.summary([float(effect == "lifted") for effect in effects]),
        "witness_lowers": m.summary([float(effect == "lowered") for effect in effects]),
    }


def _metrics(results: Sequence[Json]) -> Json:
    is_true = [row["tags"][0] == "carried" for row in results]
    support = [row["scores"]["support"] for row in results]
    groups: dict[str, list[float]] = {"kept": [], "refused": []}
    for row, true in zip(results, is_true, strict=True):
        name = "kept" if true else "refused"
        groups[name].append(row["scores"]["right"])
        groups.setdefault(f"{name}:{row['tags'][1]}", []).append(row["scores"]["right"])
    bins = _reliability(results)
    return {
        "auroc": m.auroc_summary(support, is_true),
        "precision": m.summary([float(true) for value, true in zip(support, is_true, strict=True) if value >= 0.5]),
        "calibration_error": {"value": m.calibration_error(bins), "n": len(results), "ci95": None},
    } | {name: m.summary(groups[name]) for name in sorted(groups, key=lambda n: (":" in n, n))}
