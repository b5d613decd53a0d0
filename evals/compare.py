"""A report beside an earlier one, and beside the figures it must reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evals.metrics import paired_difference
from evals.scores import METRICS, is_lower_better
from rag import BylineError

Json = dict[str, Any]


def compare(before: Json, after: Json) -> Json:
    """Two reports case by case: for each metric the mean difference over the cases both have, with its interval, and
    the cases whose outcome or citations changed. BylineError where no case is in both."""
    earlier = {result["id"]: result for result in before.get("results", [])}
    pairs = [(earlier[r["id"]], r) for r in after["results"] if r["id"] in earlier]
    if not pairs:
        raise BylineError("the report to compare with has no case in common with this run: compare runs of one suite.")
    differences: Json = {}
    for name in METRICS:
        both = [(a["scores"][name], b["scores"][name]) for a, b in pairs if name in a["scores"] and name in b["scores"]]
        if both:
            old, new = [a for a, _ in both], [b for _, b in both]
            mean = {"before": sum(old) / len(old), "after": sum(new) / len(new)}
            differences[name] = {**paired_difference(old, new), **mean, "better": sum(b > a for a, b in both)}
            differences[name]["worse"] = sum(b < a for a, b in both)
    changed = [
        {
            "id": b["id"],
            "question": b["question"],
            "before": a["outcome"],
            "after": b["outcome"],
            "citations_before": [c["quote"] for c in a.get("citations", ())],
            "citations_after": [c["quote"] for c in b.get("citations", ())],
        }
        for a, b in pairs
        if a["outcome"] != b["outcome"] or _places(a) != _places(b)
    ]
    return {"cases": len(pairs), "differences": differences, "changed": changed}


def _places(result: Json) -> set[tuple[str, int, int]]:
    return {(c["article"].rpartition("/")[2], c["start"], c["end"]) for c in result.get("citations", ())}


def missed(report: Json, gates: Mapping[str, float]) -> list[str]:
    """A sentence for each gate that the report misses. BylineError for a metric that it does not have."""
    found = []
    for name, wanted in gates.items():
        if name not in report["metrics"]:
            raise BylineError(f"there is no metric {name!r} in this report: it has {', '.join(report['metrics'])}.")
        value = report["metrics"][name]["value"]
        below = not is_lower_better(name)
        if value is None or (value < wanted if below else value > wanted):
            shown = "no value" if value is None else f"{value:.4g}"
            found.append(f"{name} is {shown}; it must be {'at least' if below else 'at most'} {wanted:g}.")
    return found
