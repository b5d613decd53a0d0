"""Fit the weights of `rag.support` from public data, measure them on data they never saw, and write both down.

    python -m evals.fit_support --data public-sets/ --cache /tmp/support-cache

reads AttributionBench dev, FEVER dev and GUM's Wikinews articles below `--data`, and writes `rag/support_weights.json`
and `evals/SUPPORT.md`. XQuAD is only measured. Needs scikit-learn, which comes with sentence-transformers. Seeded: the
same data give the same weights. What is held out (half of the news articles and of FEVER, by checksum; all of XQuAD)
takes no part in any choice.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import math
import re
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeddings import Embedder, Vectors, load_embedder
from evals.lies import lies, names_in, paraphrases
from rag.facts import read
from rag.passages import split_sentences
from rag.support import FAULTS, FEATURES, LIKENESS, check, compare

SEED = 20
N_FEVER = 1500
WEIGHTS = Path(__file__).parent.parent / "rag" / "support_weights.json"
REPORT = Path(__file__).with_name("SUPPORT.md")
# How much each kind of data counts in the fit, whatever its number of rows.
SHARES = {"attributionbench": 1.0, "fever": 0.7, "sentence": 1.0, "passage": 1.0, "other": 0.3}

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Example:
    """A claim, its evidence, and whether it is supported. `group` keeps what belongs together in one fold."""

    claim: str
    evidence: tuple[str, ...]
    is_supported: bool
    source: str
    kind: str = ""
    group: str = ""
    is_held_out: bool = False


class CachedEmbedder:
    """The packaged model, with every vector kept in a file: features are computed many times, vectors once."""

    def __init__(self, folder: Path) -> None:
        self._inner: Embedder = load_embedder()
        self._path = folder / "vectors.npz"
        self._known: dict[str, Vectors] = {}
        if self._path.exists():
            stored = np.load(self._path)
            self._known = dict(zip(stored["keys"].tolist(), stored["rows"], strict=True))
        self._n_stored = len(self._known)
        self.name, self.dim, self.max_tokens = self._inner.name, self._inner.dim, self._inner.max_tokens

    def n_tokens(self, text: str) -> int:
        return self._inner.n_tokens(text)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        keys = [hashlib.sha256(text.encode()).hexdigest()[:32] for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        if new:
            self._known.update(zip(new, self._inner.encode_passages(list(new.values())), strict=True))
        return np.stack([self._known[key] for key in keys])

    def save(self) -> None:
        if len(self._known) > self._n_stored:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(self._path, keys=np.array(list(self._known)), rows=np.stack(list(self._known.values())))
            self._n_stored = len(self._known)


def _half(text: str) -> bool:
    return zlib.crc32(text.encode()) % 2 == 1


def attributionbench(data: Path) -> Iterator[Example]:
    with gzip.open(data / "attributionbench" / "dev.jsonl.gz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            claim = re.sub(r"\s*\[\d+\]", "", row["claim"]).strip()
            yield Example(
                claim=claim,
                evidence=tuple(row["references"]),
                is_supported=row["attribution_label"] == "attributable",
                source="attributionbench",
                kind=row["src_dataset"],
                group=row["question"],
            )


def fever(data: Path, n: int) -> Iterator[Example]:
    """Claims with their evidence sentences; `n` for the fit and `n` held out, parted by the evidence."""
    folder = data / "fever_nli_dev"
    claims = (folder / "claim.txt").read_text(encoding="utf-8").splitlines()
    labels = (folder / "label.txt").read_text(encoding="utf-8").splitlines()
    with gzip.open(folder / "evidence.txt.gz", "rt", encoding="utf-8") as file:
        evidence = file.read().splitlines()
    rows = list(zip(claims, evidence, labels, strict=True))
    order = np.random.default_rng(SEED).permutation(len(rows))
    left = {True: n, False: n}
    for i in order:
        claim, text, label = rows[i]
        text = re.sub(r" ([.,;:)%]|'s\b|n't\b)", r"\1", re.sub(r"-LSB-.*?-RSB-|-LRB-|-RRB-|``|''", "", text))
        side = _half(text)
        if left[side]:
            left[side] -= 1
            is_supported = label == "entailment"
            kind = "supported" if is_supported else "refuted"
            yield Example(
                claim=claim, evidence=(text,), is_supported=is_supported, source="fever", kind=kind, group=text, is_held_out=side
            )


def edits(paragraphs: Sequence[tuple[str, Sequence[str]]], name: str) -> Iterator[Example]:
    """Lies and paraphrases of each sentence, against the sentence itself and against the passage of two sentences
    either side; and the sentence against the passage without it, which does not carry it."""
    names_of: dict[str, list[str]] = defaultdict(list)
    for group, sentences in paragraphs:
        names_of[group] += [n for s in sentences for n in names_in(s)]
    for group, sentences in paragraphs:
        held_out = name == "xquad" or _half(group)
        for i, sentence in enumerate(sentences):
            if not 6 <= len(sentence.split()) <= 60 or sentence.endswith("?"):
                continue
            passage = " ".join(sentences[max(0, i - 2) : i + 3])
            before = sentences[i - 1] if i else ""
            after = sentences[i + 1] if i + 1 < len(sentences) else ""
            others = sorted(set(names_of[group]))
            made = [(False, kind, text) for kind, text in lies(sentence, other_names=others)]
            made += [(True, kind, text) for kind, text in paraphrases(sentence, before=before, after=after)]
            made.append((True, "verbatim", sentence))
            for is_supported, kind, text in made:
                for source, evidence in (("sentence", sentence), ("passage", passage)):
                    if source == "sentence" and kind in ("joined", "pronoun resolved"):
                        continue
                    yield Example(
                        claim=text,
                        evidence=(evidence,),
                        is_supported=is_supported,
                        source=source,
                        kind=kind,
                        group=f"{name}:{group}",
                        is_held_out=held_out,
                    )
            rest = " ".join([*sentences[max(0, i - 2) : i], *sentences[i + 1 : i + 3]])
            if rest:
                yield Example(
                    claim=sentence,
                    evidence=(rest,),
                    is_supported=False,
                    source="other",
                    kind="another sentence",
                    group=f"{name}:{group}",
                    is_held_out=held_out,
                )


def wikinews(data: Path) -> list[tuple[str, Sequence[str]]]:
    with (data / "gum_wikinews" / "articles.jsonl").open(encoding="utf-8") as file:
        return [(row["id"], row["sentences"]) for row in map(json.loads, file)]


def xquad(data: Path) -> list[tuple[str, Sequence[str]]]:
    document = json.loads((data / "xquad_en" / "xquad.en.json").read_text(encoding="utf-8"))
    texts = [(a.get("title", str(n)), p["context"]) for n, a in enumerate(document["data"]) for p in a["paragraphs"]]
    return [(title, [text[a:b] for a, b in split_sentences(text)]) for title, text in texts]


def matrix(examples: Sequence[Example], embedder: Embedder) -> Array:
    """(n, len(FEATURES)). Rows of examples that `check` settles without the regression are as for the others."""
    rows = []
    for e in examples:
        if read(e.claim.strip()).content and any(t.strip() for t in e.evidence):
            rows.append(list(compare(e.claim, e.evidence, embedder=embedder).features.values()))
        else:
            rows.append([0.0] * len(FEATURES))
    return np.array(rows)


NINE = "cosine cosine_pair coverage coverage_best coverage_pair length number_missing name_missing date_missing".split()


def fit(x: Array, y: Array, weights: Array, *, signed: bool = True, strength: float = 0.02) -> Array:
    """Weights of a logistic regression, intercept last: minimises weighted log loss + strength/2 |w/scale|² under the
    condition that no fault helps and no likeness harms (L-BFGS-B, Byrd et al. 1995)."""
    from scipy.optimize import minimize

    scale = np.maximum(x.std(axis=0), 1e-3)
    z = np.hstack([x / scale, np.ones((len(x), 1))])
    share = weights / weights.sum()
    sign = np.where(y > 0, 1.0, -1.0)

    def loss(w: Array) -> tuple[float, Array]:
        margin = sign * (z @ w)
        value = float(share @ np.logaddexp(0, -margin) + strength / 2 * w[:-1] @ w[:-1])
        slope = z.T @ (-share * sign / (1 + np.exp(np.clip(margin, -500, 500))))
        slope[:-1] += strength * w[:-1]
        return value, slope

    bounds: list[tuple[float | None, float | None]] = [(None, None)] * z.shape[1]
    if signed:
        bounds = [_bounds(name) for name in FEATURES] + [(None, None)]
    result = minimize(loss, np.zeros(z.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 2000})
    found: Array = result.x.copy()
    found[:-1] /= scale
    return found


def _bounds(name: str) -> tuple[float | None, float | None]:
    if name == "length":
        return None, None
    return (0, None) if name in LIKENESS and name != "evidence_length" else (None, 0)


def predict(w: Array, x: Array) -> Array:
    p: Array = 1 / (1 + np.exp(-np.clip(x @ w[:-1] + w[-1], -500, 500)))
    return p


def balance(examples: Sequence[Example]) -> Array:
    """Weights by which every source counts as its share and, in it, both labels alike, and every kind alike by the
    square root of its number, so that rare lies are not drowned."""
    kinds = Counter((e.source, e.is_supported, e.kind) for e in examples)
    raw = np.array([kinds[e.source, e.is_supported, e.kind] ** -0.5 for e in examples])
    total: dict[tuple[str, bool], float] = defaultdict(float)
    for e, value in zip(examples, raw, strict=True):
        total[e.source, e.is_supported] += value
    return np.array([SHARES[e.source] * v / total[e.source, e.is_supported] for e, v in zip(examples, raw, strict=True)])


def macro_f1(y: Array, p: Array) -> float:
    """Mean of the F1 of both labels at the border 0.5: the benchmark's own measure."""
    scores = []
    for label in (True, False):
        ours, theirs = (p >= 0.5) == label, (y > 0) == label
        scores.append(2 * float((ours & theirs).sum()) / max(float(ours.sum() + theirs.sum()), 1.0))
    return 100 * sum(scores) / 2


Predictor = Callable[[Array, Array, Array], Callable[[Array], Array]]


def ours(x: Array, y: Array, weights: Array) -> Callable[[Array], Array]:
    w = fit(x, y, weights)
    return lambda rows: predict(w, rows)


def nine(x: Array, y: Array, weights: Array) -> Callable[[Array], Array]:
    """The baseline: plain logistic regression over nine soft signals."""
    columns = [list(FEATURES).index(name) for name in NINE]
    w = fit(x[:, columns], y, np.ones(len(y)), signed=False, strength=0.002)
    return lambda rows: predict(w, rows[:, columns])


def across_folds(
    train: Predictor, x: Array, y: Array, folds: Sequence[Any], *, also: tuple[Array, Array] | None, share: float
) -> Array:
    """For every row the probability by a model that saw no row of its fold. `also` rows join every training set,
    weighing `share` for each row's worth of the own ones."""
    p = np.zeros(len(y))
    names = np.array(folds)
    for fold in dict.fromkeys(folds):
        inside = names != fold
        rows, labels, weights = x[inside], y[inside], np.ones(int(inside.sum()))
        if also is not None:
            rows, labels = np.vstack([rows, also[0]]), np.concatenate([labels, also[1]])
            weights = np.concatenate([weights, np.full(len(also[1]), share * len(weights) / len(also[1]))])
        p[~inside] = train(rows, labels, weights)(x[~inside])
    return p


def kept(x: Array, examples: Sequence[Example], w: Array) -> dict[tuple[str, str, bool], tuple[int, int]]:
    """By (source, kind, is_supported): how many, and how many were judged rightly."""
    counts: dict[tuple[str, str, bool], list[int]] = defaultdict(lambda: [0, 0])
    for e, p in zip(examples, predict(w, x), strict=True):
        for kind in (e.kind, "all" if e.kind != "verbatim" else "all verbatim"):
            entry = counts[e.source, kind, e.is_supported]
            entry[0] += 1
            entry[1] += bool(p >= 0.5) == e.is_supported
    return {key: (n, right) for key, (n, right) in counts.items()}
