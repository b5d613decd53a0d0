"""Fit the weights of `rag.support` from public data, measure them on data they never saw, and write both down.

    python -m evals.training.fit_support --data public-sets/ --cache .byline/support

reads AttributionBench dev, FEVER dev and GUM's Wikinews articles below `--data`, and writes
`rag/checking/support_weights.json` and `evals/SUPPORT.md`. XQuAD is only measured. Needs SciPy and PyTorch, which come
with sentence-transformers. Seeded: the same data give the same weights. What is held out (half of the news articles,
by checksum; of FEVER half of the half that the verifier was not trained on; all of XQuAD) takes no part in the fit. Its
rates were seen while rules and shares were chosen, so they may flatter a little.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeddings import Embedder, Vectors
from embeddings.minilm import MiniLMEmbedder
from evals.training.support_data import INVENTED, SEED, Example, attributionbench, edits, fever, wikinews, xquad
from evals.training.support_report import Counts, judged, macro_f1, report, timings
from rag.checking.checker import FEATURES, LIKENESS, Comparison, compare, hear
from rag.checking.faults import FAULTS
from rag.checking.faults import weights as stored_weights
from rag.models.adapter import SHIPPED, VERIFIER_WEIGHTS, load_adapter
from rag.models.verifier import encode_pair
from rag.text.facts import read

N_FEVER, N_FEVER_WORDS = 750, 1500
# Every fourth edit of the news is taken: the verifier has to read them.
TAKEN = 4
ROOT = Path(__file__).parent.parent.parent
WEIGHTS = ROOT / "rag" / "checking" / "support_weights.json"
REPORT = ROOT / "evals" / "SUPPORT.md"
# How much each kind of data counts in the two stages of the fit, whatever its number of rows; and how much more a lie
# counts than a paraphrase.
FREE = {"attributionbench": 1.0, "fever": 0.1, "other": 0.05}
COPIES = {"attributionbench": 3.0, "fever": 0.1, "other": 0.1, "sentence": 3.0, "passage": 3.0}
LIES_COUNT = 3.0
RIDGE_FREE, RIDGE_COPIES = 0.02, 0.004
# What is fitted on claims worded apart, and then on top of it with the lies.
BESIDE_COPY = ("verifier_copy",)
SOFT = tuple(name for name in LIKENESS if name not in BESIDE_COPY)
SOFT += ("number_conflict", "number_missing", "date_conflict", "date_missing")
EXACT = (*BESIDE_COPY, *FAULTS)
# Between a claim and a window in the key of a verdict that is kept.
BETWEEN = "\x1e"

Array = NDArray[np.float64]


class Kept:
    """Rows of numbers that a model gives for texts, kept in a file: features are computed many times, rows once."""

    def __init__(self, path: Path, make: Callable[[Sequence[str]], Vectors]) -> None:
        self._path, self._make = path, make
        self._known: dict[str, Vectors] = {}
        if path.exists():
            with np.load(path) as stored:
                self._known = dict(zip(stored["keys"].tolist(), stored["rows"], strict=True))
        self._n_stored = len(self._known)

    def rows(self, texts: Sequence[str]) -> Vectors:
        keys = [hashlib.sha256(text.encode()).hexdigest()[:32] for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        if new:
            self._known.update(zip(new, self._make(list(new.values())), strict=True))
        return np.stack([self._known[key] for key in keys])

    def save(self) -> None:
        if len(self._known) > self._n_stored:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(self._path, keys=np.array(list(self._known)), rows=np.stack(list(self._known.values())))
            self._n_stored = len(self._known)


class FastMiniLM:
    """The packaged model in PyTorch and bfloat16's precision, four times as fast on a CPU that has it. Cosines differ
    by about 0.001."""

    name, dim, max_tokens = MiniLMEmbedder.name, MiniLMEmbedder.dim, MiniLMEmbedder.max_tokens

    def __init__(self, folder: Path) -> None:
        from evals.training.adapters import Vectorizer

        self._inner = MiniLMEmbedder()
        vectors = Vectorizer(self._inner, longest=MiniLMEmbedder.max_tokens)
        self._kept = Kept(folder / "vectors.npz", vectors)
        self.n_tokens, self.save = self._inner.n_tokens, self._kept.save

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._kept.rows(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._kept.rows(texts)


class FastVerifier:
    """The shipped verifier, likewise."""

    def __init__(self, folder: Path) -> None:
        from evals.training.fit_verifier import PairEncoder, log_odds

        base = MiniLMEmbedder()
        model = PairEncoder(base._folder)
        model.restore(load_adapter(VERIFIER_WEIGHTS))

        def judge(texts: Sequence[str]) -> Vectors:
            pairs = [text.split(BETWEEN) for text in texts]
            return log_odds(model, [encode_pair(base._tokenizer, claim, text) for claim, text in pairs])[:, None]

        self._kept = Kept(folder / f"verdicts-{SHIPPED[VERIFIER_WEIGHTS][:12]}.npz", judge)
        self.save = self._kept.save

    def verify(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """Log-odds that each claim is carried by its text, (n,)."""
        return self._kept.rows([BETWEEN.join(pair) for pair in pairs])[:, 0]


def matrix(examples: Sequence[Example], embedder: Embedder, verifier: FastVerifier) -> Array:
    """(n, len(FEATURES)). Rows of examples that `check` settles without the regression are as for the others."""
    found: list[Comparison | None] = []
    for e in examples:
        is_statement = read(e.claim.strip()).content and any(t.strip() for t in e.evidence)
        found.append(compare(e.claim, e.evidence, embedder=embedder) if is_statement else None)
    pairs = [(e.claim, text) for e, c in zip(examples, found, strict=True) if c for text in c.windows]
    verdicts = iter(verifier.verify(pairs).tolist())
    for comparison in filter(None, found):
        hear(comparison, [next(verdicts) for _ in comparison.windows])
    return np.array([[c.features[name] if c else 0.0 for name in FEATURES] for c in found])


def fit(x: Array, y: Array, weights: Array, names: Sequence[str], *, ridge: float, start: Array | None = None) -> Array:
    """Weights of a logistic regression on the columns `names`, intercept last; the other columns keep weight 0.

    Minimises the weighted log loss + ridge/2 · |w · scale|², under the condition that no fault helps and no likeness
    harms (L-BFGS-B, Byrd et al. 1995). `start` holds weights found before: they stay, their sum is added to, and the
    intercept stays with them.
    """
    from scipy.optimize import minimize  # type: ignore[import-untyped]

    columns = [list(FEATURES).index(name) for name in names]
    scale = np.maximum(x[:, columns].std(axis=0), 1e-3)
    z = np.hstack([x[:, columns] / scale, np.full((len(x), 1), float(start is None))])
    offset = 0.0 if start is None else x @ start[:-1] + start[-1]
    share = weights / weights.sum()
    sign = np.where(y > 0, 1.0, -1.0)

    def loss(w: Array) -> tuple[float, Array]:
        margin = sign * (z @ w + offset)
        value = float(share @ np.logaddexp(0, -margin) + ridge / 2 * w[:-1] @ w[:-1])
        slope = z.T @ (-share * sign / (1 + np.exp(np.clip(margin, -500, 500))))
        slope[:-1] += ridge * w[:-1]
        return value, slope

    bounds = [(0, None) if name in LIKENESS else (None, 0) for name in names]
    result = minimize(loss, np.zeros(z.shape[1]), jac=True, method="L-BFGS-B", bounds=[*bounds, (None, None)])
    found = np.zeros(x.shape[1] + 1) if start is None else start.copy()
    found[columns] += result.x[:-1] / scale
    if start is None:
        found[-1] = result.x[-1]
    return found


def fit_in_stages(x: Array, examples: Sequence[Example]) -> Array:
    """First what tells apart claims that are worded freely, on people's judgements; then, on top and with the lies,
    what one fault weighs and how far the verifier is to be trusted beside a near copy. In one fit the lies, which are
    all near copies, would make cosine and coverage worthless."""
    y = np.array([e.is_supported for e in examples], dtype=float)
    free = np.array([e.source in FREE for e in examples])
    shares = balance([e for e in examples if e.source in FREE], FREE)
    found = fit(x[free], y[free], shares, SOFT, ridge=RIDGE_FREE)
    return fit(x, y, balance(examples, COPIES), EXACT, ridge=RIDGE_COPIES, start=found)


def predict(w: Array, x: Array) -> Array:
    p: Array = 1 / (1 + np.exp(-np.clip(x @ w[:-1] + w[-1], -500, 500)))
    return p


def balance(examples: Sequence[Example], shares: dict[str, float]) -> Array:
    """Weights by which every source counts as its share and, in it, both labels alike, and every kind alike by the
    square root of its number, so that rare lies are not drowned."""
    kinds = Counter((e.source, e.is_supported, e.kind) for e in examples)
    less = dict.fromkeys(INVENTED, 0.3)
    raw = np.array([less.get(e.kind, 1.0) * kinds[e.source, e.is_supported, e.kind] ** -0.5 for e in examples])
    total: dict[tuple[str, bool], float] = defaultdict(float)
    for e, value in zip(examples, raw, strict=True):
        total[e.source, e.is_supported] += value
    copies = ("sentence", "passage")
    return np.array(
        [
            (LIES_COUNT if e.source in copies and not e.is_supported else 1.0)
            * shares[e.source]
            * v
            / total[e.source, e.is_supported]
            for e, v in zip(examples, raw, strict=True)
        ]
    )


def cross_validated(
    x: Array, examples: Sequence[Example], folds: Sequence[Any], also: tuple[Array, Sequence[Example]]
) -> Array:
    """For every row the probability by weights that saw no row of its fold; `also` joins every training set."""
    p = np.zeros(len(examples))
    for fold in dict.fromkeys(folds):
        inside = [n for n, f in enumerate(folds) if f != fold]
        outside = [n for n, f in enumerate(folds) if f == fold]
        w = fit_in_stages(np.vstack([x[inside], also[0]]), [*(examples[n] for n in inside), *also[1]])
        p[outside] = predict(w, x[outside])
    return p


def folds_by_question(examples: Sequence[Example], n: int = 5) -> list[int]:
    groups = sorted({e.group for e in examples})
    order = np.random.default_rng(SEED).permutation(len(groups))
    fold = {group: int(place) % n for group, place in zip(groups, order, strict=True)}
    return [fold[e.group] for e in examples]


def common_words(texts: Sequence[str]) -> dict[str, float]:
    """Weights in 0..1 of the words that stand in more than one text of 500: the logarithm of their rarity, 1 at that
    border. All other words weigh 1."""
    counts = Counter(key for text in texts for key in {i.key for i in read(text).items if i.kind == "word"})
    rarest = math.log(500)
    weights = {key: math.log(len(texts) / n) / rarest for key, n in counts.items() if n > 2}
    return {
        key: round(max(w, 0.1), 2) for key, w in sorted(weights.items(), key=lambda kw: (kw[1], kw[0]))[:700] if w < 1
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit and measure rag.support.")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the folder of public data sets")
    parser.add_argument(
        "--cache", type=Path, default=Path(".byline/support"), metavar="DIR", help="where vectors are kept"
    )
    parser.add_argument("--xquad-share", type=int, default=32, metavar="N", help="measure every N-th edit of XQuAD")
    args = parser.parse_args()
    embedder, verifier = FastMiniLM(args.cache), FastVerifier(args.cache)

    # The verifier was trained on the other half of FEVER.
    unread = [e for e in fever(args.data, N_FEVER) if e.is_held_out]
    data = {
        "bench": list(attributionbench(args.data)),
        "fever": [replace(e, is_held_out=zlib.crc32(f"fit {e.group}".encode()) % 2 == 1) for e in unread],
        "news": list(edits(wikinews(args.data), "wikinews"))[::TAKEN],
        "xquad": list(edits(xquad(args.data), "xquad"))[:: args.xquad_share],
    }
    # The weights of words are part of the features, so they come first.
    fit_texts: list[str] = [
        *(" ".join(e.evidence)[:20_000] for e in data["bench"]),
        *(e.evidence[0] for e in fever(args.data, N_FEVER_WORDS) if not e.is_held_out),
    ]
    common = common_words(fit_texts)
    stored = json.loads(WEIGHTS.read_text(encoding="utf-8")) if WEIGHTS.exists() else {"weights": {"intercept": 0.0}}
    _store(stored["weights"], common)

    x = {}
    for name, examples in data.items():
        began = time.perf_counter()
        x[name] = matrix(examples, embedder, verifier)
        embedder.save()
        verifier.save()
        print(f"{name}: {len(examples)} examples, {time.perf_counter() - began:.0f} s", flush=True)

    seen = {name: [n for n, e in enumerate(data[name]) if not e.is_held_out] for name in ("fever", "news")}
    also = (
        np.vstack([x[name][rows] for name, rows in seen.items()]),
        [data[name][n] for name, rows in seen.items() for n in rows],
    )
    bench = data["bench"]
    w = fit_in_stages(np.vstack([x["bench"], also[0]]), [*bench, *also[1]])
    _store(dict(zip([*FEATURES, "intercept"], (round(float(v), 4) for v in w), strict=True)), common)

    folds: dict[str, Sequence[Any]] = {
        "5 folds by question": folds_by_question(bench),
        "one source left out": [e.kind for e in bench],
    }
    y = np.array([e.is_supported for e in bench], dtype=float)
    rows = []
    for name, fold in folds.items():
        p = cross_validated(x["bench"], bench, fold, also)
        parts = {s: macro_f1(y[(m := _of(bench, s))], p[m]) for s in sorted({e.kind for e in bench})}
        rows.append((name, macro_f1(y, p), parts))

    def measured(name: str, is_held_out: bool) -> Counts:
        which = [n for n, e in enumerate(data[name]) if e.is_held_out == is_held_out]
        return judged(predict(w, x[name][which]), [data[name][n] for n in which])

    results = {
        "news, tuning half": measured("news", False),
        "news, held-out half": measured("news", True),
        "XQuAD, never fitted": measured("xquad", True),
        "FEVER, held-out": measured("fever", True),
    }
    took = timings([e for e in data["news"] if e.is_held_out])
    weight = dict(zip([*FEATURES, "intercept"], w.tolist(), strict=True))
    REPORT.write_text(report(weight, rows, results, took), encoding="utf-8")
    print(REPORT.read_text(encoding="utf-8"))


def _of(examples: Sequence[Example], kind: str) -> NDArray[np.bool_]:
    return np.array([e.kind == kind for e in examples])


def _store(weights: dict[str, float], common: dict[str, float]) -> None:
    text = json.dumps({"weights": weights, "common": common}, indent=0, ensure_ascii=False)
    WEIGHTS.write_text(text + "\n", encoding="utf-8")
    stored_weights.cache_clear()


if __name__ == "__main__":
    main()
