"""Fit the weights of `rag.support` for a verifier, and write down what they reach.

    python -m evals.training.fit_support --data DATA --checker built-in|accurate [--cache DIR]

puts them into `rag/checking/support_weights.json` and prints the table of `evals/SUPPORT.md`. Fitted on the claims'
dev half (`evals/data/claims.jsonl`), AttributionBench dev, and lies and paraphrases of the tuning half of Wikinews;
measured on those by folds, and on what takes no part: the held-out halves of the lies and of FEVER, a third of WiCE.
The claims' test half is not looked at here. Needs SciPy, which comes with sentence-transformers. Seeded.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pickle
import random
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from embeddings.minilm import shared
from evals import metrics as m
from evals.loaders import DATA, read_jsonl
from evals.training.news import news_passages
from evals.training.pair_sets import is_held_out_wice
from evals.training.support_data import INVENTED, attributionbench, edits, fever, wikinews
from rag.checking.comparison import FEATURES, LIKENESS, Comparison, compare, weigh
from rag.checking.faults import WEIGHTS
from rag.checking.remembering import Remembering
from rag.models.tiers import load_verifier
from rag.models.verifier import Verifier
from rag.text.facts import read

SEED, FOLDS, RIDGE = 5, 5, 0.02
N_LIES, N_PARAPHRASES, N_FEVER, N_WICE = 150, 150, 120, 120
# How much each kind of data counts in the fit, whatever its number of rows.
FITTED_ON = {"claims": 0.5, "news held out": 1.0, "attributionbench": 1.0, "edits": 1.0}
NEWS_STEP = 2  # one of so many passages: there are more than are needed
FREELY_WORDED = ("claims", "news held out")
LEAST_REFUSED = 0.85  # of the false ones of these, at the border

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A claim with its evidence. `group` keeps what belongs together in one fold."""

    source: str
    claim: str
    evidence: tuple[str, ...]
    is_carried: bool
    group: str


def rows_of(data: Path) -> list[Row]:
    """All rows, those that are only measured on among them, in a fixed order."""
    rng = random.Random(SEED)
    found = [
        Row(source="claims", claim=c["text"], evidence=(p["text"],), is_carried=c["label"] == "carried", group=p["id"])
        for p in read_jsonl(DATA / "claims.jsonl")
        if p["split"] == "dev"
        for c in p["claims"]
    ]
    found += [
        Row(source="news held out", claim=c.text, evidence=(p.text,), is_carried=c.outcome == "carried", group=p.id)
        for p in news_passages(held_out=True)[::NEWS_STEP]
        for c in p.claims
    ]
    judged = [
        Row(source=e.source, claim=e.claim, evidence=e.evidence, is_carried=e.is_supported, group=e.group)
        for e in attributionbench(data)
    ]
    found += rng.sample(judged, min(len(judged), 350))
    made = [e for e in edits(wikinews(data), "wikinews") if e.source == "passage" and e.kind not in INVENTED]
    for name, half in (("edits", False), ("edits held out", True)):
        part = [e for e in made if e.is_held_out == half]
        lies = [e for e in part if not e.is_supported]
        true = [e for e in part if e.is_supported and e.kind != "verbatim"]
        chosen = rng.sample(lies, min(N_LIES, len(lies))) + rng.sample(true, min(N_PARAPHRASES, len(true)))
        found += [
            Row(source=name, claim=e.claim, evidence=e.evidence, is_carried=e.is_supported, group=e.group)
            for e in chosen
        ]
    held = [e for e in fever(data, 10_000) if e.is_held_out][:N_FEVER]
    found += [
        Row(source="FEVER held out", claim=e.claim, evidence=e.evidence, is_carried=e.is_supported, group=e.group)
        for e in held
    ]
    wice = [r for r in read_jsonl(data / "wice_dev" / "claim.dev.jsonl.gz") if is_held_out_wice(r["meta"]["id"])]
    found += [
        Row(
            source="WiCE held out",
            claim=r["claim"],
            evidence=(" ".join(r["evidence"]),),
            is_carried=r["label"] == "supported",
            group=r["meta"]["id"],
        )
        for r in wice[:N_WICE]
    ]
    return found


def comparisons(rows: Sequence[Row], cache: Path | None) -> list[Comparison | None]:
    """Each row compared, before a verifier is heard; None where there is nothing to compare."""
    if cache is not None and cache.is_file():
        kept: list[Comparison | None] = pickle.loads(cache.read_bytes())  # noqa: S301  (this script's own file)
        if len(kept) == len(rows):
            return kept
    embedder = Remembering(shared())
    found: list[Comparison | None] = []
    for n, row in enumerate(rows, 1):
        is_statement = read(row.claim.strip()).content and any(text.strip() for text in row.evidence)
        found.append(compare(row.claim.strip(), row.evidence, embedder=embedder) if is_statement else None)
        if sys.stderr.isatty():
            print(f"\r{n}/{len(rows)}", end="", file=sys.stderr)
    if cache is not None:
        cache.write_bytes(pickle.dumps(found))
    return found


def verified(verifier: Verifier, pairs: Sequence[tuple[str, str]], cache: Path | None) -> NDArray[np.float32]:
    """What the verifier says of each pair; kept beside the comparisons."""
    kept = cache.with_suffix(f".{verifier.name.replace('/', '-')}.npy") if cache is not None else None
    if kept is not None and kept.is_file() and len(found := np.load(kept)) == len(pairs):
        return np.asarray(found, dtype=np.float32)
    outcomes = verifier.verify(pairs)
    if kept is not None:
        np.save(kept, outcomes)
    return outcomes


def fit(x: Array, y: Array, weights: Array) -> Array:
    """Weights of a logistic regression on the columns of `x`, intercept last: the weighted log loss + RIDGE/2 ·
    |w · scale|², under the condition that no fault helps and no likeness harms (L-BFGS-B, Byrd et al. 1995)."""
    names = list(FEATURES)
    scale = x.std(axis=0) + 1e-6
    bounds = [(0, None) if name in LIKENESS else (None, 0) for name in names] + [(None, None)]

    def loss(w: Array) -> tuple[float, Array]:
        z = x @ w[:-1] + w[-1]
        p = 1.0 / (1.0 + np.exp(-z))
        value = float(np.sum(weights * (np.logaddexp(0, z) - y * z))) + RIDGE / 2 * float(np.sum((w[:-1] * scale) ** 2))
        error = weights * (p - y)
        return value, np.append(x.T @ error + RIDGE * w[:-1] * scale**2, error.sum())

    found = minimize(loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B", bounds=bounds)
    fitted: Array = found.x
    return fitted


def balanced(sources: NDArray[np.str_], y: Array) -> Array:
    """A weight for each row, so that each source of FITTED_ON counts as it says and its two labels alike."""
    weights = np.zeros(len(y))
    for source, share in FITTED_ON.items():
        for label in (0.0, 1.0):
            of = (sources == source) & (y == label)
            weights[of] = share / 2 / max(1, of.sum())
    return weights


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit the weights of rag.support.")
    parser.add_argument("--data", type=Path, required=True, help="the folder of public data sets")
    parser.add_argument("--checker", default="built-in", help="built-in or accurate")
    parser.add_argument("--cache", type=Path, help="keep the comparisons in this file")
    args = parser.parse_args()
    rows = rows_of(args.data)
    verifier = load_verifier(args.checker)
    kept = [(r, c) for r, c in zip(rows, comparisons(rows, args.cache), strict=True) if c is not None]
    outcomes = verified(verifier, [(row.claim.strip(), window) for row, c in kept for window in c.windows], args.cache)
    at = 0
    for _, comparison in kept:
        weigh(comparison, outcomes[at : at + len(comparison.windows)])
        at += len(comparison.windows)
    x = np.array([[c.features[name] for name in FEATURES] for _, c in kept])
    y = np.array([float(row.is_carried) for row, _ in kept])
    sources = np.array([row.source for row, _ in kept])
    groups = np.array([hash_of(row.group) % FOLDS for row, _ in kept])
    weights = balanced(sources, y)
    score = np.zeros(len(y))
    for fold in range(FOLDS):
        inside = weights * (groups != fold)
        w = fit(x, y, inside)
        score[groups == fold] = x[groups == fold] @ w[:-1] + w[-1]
    w = fit(x, y, weights)
    apart = ~np.isin(sources, list(FITTED_ON))
    score[apart] = x[apart] @ w[:-1] + w[-1]
    # As the checker judges them: what stands word for word is carried, a copy with an exact fault is not.
    score[[c.is_verbatim for _, c in kept]] = 99.0
    score[[c.is_refuted for _, c in kept]] = -99.0
    false = score[np.isin(sources, FREELY_WORDED) & (y == 0)]
    border = float(np.quantile(false, LEAST_REFUSED, method="higher"))
    w[-1] -= border
    stored = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    stored["weights"][verifier.name] = {
        name: round(float(v), 4) for name, v in zip([*FEATURES, "intercept"], w, strict=True) if abs(v) > 1e-4
    }
    stored["weights"]["*"] = stored["weights"].get("*") or stored["weights"][verifier.name]
    WEIGHTS.write_text(json.dumps(stored, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"SHA256 of rag/checking/faults.py: {hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()}")
    print(f"| {verifier.name} | n | true kept | false refused | AUC | balanced accuracy |\n|---|---|---|---|---|---|")
    for source in dict.fromkeys(sources):
        of = sources == source
        z, label = score[of] - border, y[of] == 1
        hit = (float(np.mean(z[label] >= 0)), float(np.mean(z[~label] < 0)))
        area = m.auroc(z.tolist(), label.tolist())
        print(f"| {source} | {of.sum()} | {hit[0]:.0%} | {hit[1]:.0%} | {area:.2f} | {sum(hit) / 2:.2f} |")
    print(json.dumps(stored["weights"][verifier.name], indent=1))


def hash_of(text: str) -> int:
    """A number that depends on nothing but the text."""
    return zlib.crc32(text.encode())


if __name__ == "__main__":
    main()
