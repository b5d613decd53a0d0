"""Fit the weights of `rag.support` from public data, measure them on data they never saw, and write both down.

    python -m evals.fit_support --data public-sets/ --cache .byline/support

reads AttributionBench dev, FEVER dev and GUM's Wikinews articles below `--data`, and writes
`rag/checking/support_weights.json` and `evals/SUPPORT.md`. XQuAD is only
measured. Needs SciPy and PyTorch, which come with sentence-transformers. Seeded:
the same data give the same weights. What is held out (half of the news articles and of FEVER, by checksum; all of
XQuAD) takes no part in the fit, nor in the verifier's training. Its rates were seen while rules and shares were chosen,
so they may flatter a little.
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
from rag.answers.reader import VERIFIER_WEIGHTS, encode_pair, load_adapter
from rag.checking.checker import FEATURES, LIKENESS, check, compare, verdict_of
from rag.checking.facts import read
from rag.checking.faults import FAULTS, FIRM
from rag.checking.faults import weights as stored_weights
from rag.ingest.passages import split_sentences

SEED = 20
N_FEVER, N_FEVER_WORDS = 750, 1500
# Every fourth edit of the news is taken, and every third of these is read by the verifier, which takes longest. The
# others help to fit what a fault weighs, with a verifier that says nothing (0); nothing is measured on them.
TAKEN, READ_BY_VERIFIER = 4, 3
WEIGHTS = Path(__file__).parent.parent / "rag" / "checking" / "support_weights.json"
REPORT = Path(__file__).with_name("SUPPORT.md")
# How much each kind of data counts in the fit, whatever its number of rows.
SHARES = {"attributionbench": 1.0, "fever": 1.0, "sentence": 3.0, "passage": 3.0, "other": 0.1}
RIDGE = 0.004
# Signals whose weight is raised beside near copies, and how much more a lie counts than a paraphrase there.
BESIDE_COPIES = ("verifier", "closeness")
LIES_COUNT = 1.5
# Lies that add to a sentence or exchange any noun in it. They count less in the fit and are reported apart: weighed in
# full they make the checker refuse claims that people accept (AttributionBench falls by another point).
INVENTED = ("detail added", "other noun")

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
                claim=claim,
                evidence=(text,),
                is_supported=is_supported,
                source="fever",
                kind=kind,
                group=text,
                is_held_out=side,
            )


def edits(paragraphs: Sequence[tuple[str, Sequence[str]]], name: str) -> Iterator[Example]:
    """Lies and paraphrases of each sentence, against the sentence itself and against the passage of two sentences
    either side; and the sentence against the passage without it, which does not carry it."""
    names_of: dict[str, list[str]] = defaultdict(list)
    nouns_of: dict[str, list[str]] = defaultdict(list)
    for group, sentences in paragraphs:
        names_of[group] += [n for s in sentences for n in names_in(s)]
        nouns_of[group] += [n for s in sentences for n in re.findall(r"(?<=\bthe )[a-z]{4,}(?= of|\.)", s)]
    for group, sentences in paragraphs:
        held_out = name == "xquad" or _half(group)
        for i, sentence in enumerate(sentences):
            if not 6 <= len(sentence.split()) <= 60 or sentence.endswith("?"):
                continue
            passage = " ".join(sentences[max(0, i - 2) : i + 3])
            before = sentences[i - 1] if i else ""
            after = sentences[i + 1] if i + 1 < len(sentences) else ""
            others, nouns = sorted(set(names_of[group])), sorted(set(nouns_of[group]))
            made = [(False, kind, text) for kind, text in lies(sentence, other_names=others, other_nouns=nouns)]
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


Judge = Callable[[Sequence[tuple[str, str]]], NDArray[np.float32]]
"""(claim, window) pairs to the verifier's log-odds."""


def matrix(examples: Sequence[Example], embedder: Embedder, judge: Judge | None) -> Array:
    """(n, len(FEATURES)). Rows of examples that `check` settles without the regression are as for the others."""
    rows: list[dict[str, float]] = []
    pairs: list[tuple[str, str]] = []
    places: list[int] = []
    for e in examples:
        rows.append(dict.fromkeys(FEATURES, 0.0))
        if read(e.claim.strip()).content and any(t.strip() for t in e.evidence):
            comparison = compare(e.claim, e.evidence, embedder=embedder)
            rows[-1] = comparison.features
            pairs += [(e.claim, window) for window in comparison.windows]
            places += [len(rows) - 1] * len(comparison.windows)
    of_row: dict[int, list[float]] = defaultdict(list)
    for place, score in zip(places, judge(pairs), strict=True) if judge else ():
        of_row[place].append(float(score))
    for place, scores in of_row.items():
        rows[place]["verifier"] = verdict_of(scores, rows[place])
    return np.array([list(row.values()) for row in rows])


def built_in_judge() -> Judge:
    """The shipped verifier, for many pairs at once: in PyTorch, in bfloat16's precision."""
    from embeddings.minilm import MiniLMEmbedder
    from evals.fit_verifier import PairEncoder, log_odds

    embedder = MiniLMEmbedder()
    model = PairEncoder(embedder._folder)
    model.restore(load_adapter(VERIFIER_WEIGHTS))

    def judge(pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        return log_odds(model, [encode_pair(embedder._tokenizer, claim, text) for claim, text in pairs])

    return judge


# The baseline: soft signals, and whether figures, dates and names are there at all.
NINE = (
    "cosine cosine_pair coverage coverage_best coverage_pair bigrams number_missing name_missing date_missing".split()
)


def fit(
    x: Array, y: Array, weights: Array, names: Sequence[str], *, start: Array | None = None, signed: bool = True
) -> Array:
    """Weights of a logistic regression on the columns `names`, intercept last; the other columns keep weight 0.

    Minimises the weighted log loss + RIDGE/2 · |w · scale|², under the condition that no fault helps and no likeness
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
        value = float(share @ np.logaddexp(0, -margin) + RIDGE / 2 * w[:-1] @ w[:-1])
        slope = z.T @ (-share * sign / (1 + np.exp(np.clip(margin, -500, 500))))
        slope[:-1] += RIDGE * w[:-1]
        return value, slope

    bounds = [((0, None) if name in LIKENESS else (None, 0)) if signed else (None, None) for name in names]
    result = minimize(loss, np.zeros(z.shape[1]), jac=True, method="L-BFGS-B", bounds=[*bounds, (None, None)])
    found = np.zeros(x.shape[1] + 1) if start is None else start.copy()
    found[columns] += result.x[:-1] / scale
    if start is None:
        found[-1] = result.x[-1]
    return found


def fit_in_stages(x: Array, examples: Sequence[Example]) -> Array:
    """First what tells apart texts that are worded freely; then, on top and with the lies, what one fault weighs beside
    a near copy, and how far the verifier and the closeness are to be trusted there. In one fit the lies, which are all
    near copies, would spoil the first part."""
    y = np.array([e.is_supported for e in examples], dtype=float)
    shares = balance(examples)
    free = np.array([e.source in ("attributionbench", "fever", "other") for e in examples])
    found = fit(x[free], y[free], shares[free], list(FEATURES))
    return fit(x, y, shares, [*FAULTS, *BESIDE_COPIES], start=found)


def predict(w: Array, x: Array) -> Array:
    p: Array = 1 / (1 + np.exp(-np.clip(x @ w[:-1] + w[-1], -500, 500)))
    return p


def balance(examples: Sequence[Example]) -> Array:
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
            * SHARES[e.source]
            * v
            / total[e.source, e.is_supported]
            for e, v in zip(examples, raw, strict=True)
        ]
    )


def macro_f1(y: Array, p: Array) -> float:
    """Mean of the F1 of both labels at the border 0.5: the benchmark's own measure."""
    scores = []
    for label in (True, False):
        ours, theirs = (p >= 0.5) == label, (y > 0) == label
        scores.append(2 * float((ours & theirs).sum()) / max(float(ours.sum() + theirs.sum()), 1.0))
    return 100 * sum(scores) / 2


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


def baseline(x: Array, examples: Sequence[Example], folds: Sequence[Any]) -> tuple[Array, Array]:
    """The same for a plain logistic regression over nine signals, and its weights from all rows."""
    x = whole_counts(x)
    y, ones = np.array([e.is_supported for e in examples], dtype=float), np.ones(len(examples))
    p = np.zeros(len(examples))
    for fold in dict.fromkeys(folds):
        inside = np.array([f != fold for f in folds], dtype=bool)
        p[~inside] = predict(fit(x[inside], y[inside], ones[inside], NINE, signed=False), x[~inside])
    return p, fit(x, y, ones, NINE, signed=False)


def whole_counts(x: Array) -> Array:
    """The rows with every fault counted in one column, whether beside a near copy or not."""
    x, names = x.copy(), list(FEATURES)
    for name in FAULTS:
        if name not in FIRM:
            x[:, names.index(name)] += x[:, names.index(f"{name}_loose")]
    return x


def folds_by_question(examples: Sequence[Example], n: int = 5) -> list[int]:
    groups = sorted({e.group for e in examples})
    order = np.random.default_rng(SEED).permutation(len(groups))
    fold = {group: int(place) % n for group, place in zip(groups, order, strict=True)}
    return [fold[e.group] for e in examples]


Counts = dict[tuple[str, str, bool], tuple[int, int]]


def judged(p: Array, examples: Sequence[Example]) -> Counts:
    """By (source, kind, is_supported): how many, and how many were judged rightly. "all" leaves out verbatim
    copies and INVENTED."""
    counts: dict[tuple[str, str, bool], list[int]] = defaultdict(lambda: [0, 0])
    for e, probability in zip(examples, p, strict=True):
        for kind in (e.kind,) if e.kind in ("verbatim", *INVENTED) else (e.kind, "all"):
            entry = counts[e.source, kind, e.is_supported]
            entry[0] += 1
            entry[1] += bool(probability >= 0.5) == e.is_supported
    return {key: (n, right) for key, (n, right) in counts.items()}


def common_words(texts: Sequence[str]) -> dict[str, float]:
    """Weights in 0..1 of the words that stand in more than one text of 500: the logarithm of their rarity, 1 at that
    border. All other words weigh 1."""
    counts = Counter(key for text in texts for key in {i.key for i in read(text).items if i.kind == "word"})
    rarest = math.log(500)
    weights = {key: math.log(len(texts) / n) / rarest for key, n in counts.items() if n > 2}
    return {
        key: round(max(w, 0.1), 2) for key, w in sorted(weights.items(), key=lambda kw: (kw[1], kw[0]))[:700] if w < 1
    }


def timings(examples: Sequence[Example]) -> dict[str, float]:
    """Median milliseconds of `check` for one sentence, and for eight passages."""
    sentences = [e for e in examples if e.source == "sentence"][:40]
    passages = [e for e in examples if e.source == "passage"][:320]
    jobs: dict[str, list[tuple[str, Sequence[str]]]] = {
        "one sentence": [(e.claim, e.evidence) for e in sentences],
        "8 passages": [(passages[i].claim, [e.evidence[0] for e in passages[i : i + 8]]) for i in range(0, 160, 8)],
    }
    found: dict[str, float] = {}
    for name, pairs in jobs.items():
        took = []
        check(*pairs[0])
        for claim, evidence in pairs:
            began = time.perf_counter()
            check(claim, evidence)
            took.append(1000 * (time.perf_counter() - began))
        found[name] = float(np.median(took))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit and measure rag.support.")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the folder of public data sets")
    parser.add_argument(
        "--cache", type=Path, default=Path(".byline/support"), metavar="DIR", help="where vectors are kept"
    )
    parser.add_argument("--xquad-share", type=int, default=32, metavar="N", help="measure every N-th edit of XQuAD")
    args = parser.parse_args()
    embedder = CachedEmbedder(args.cache)

    bench = list(attributionbench(args.data))
    pairs = list(fever(args.data, N_FEVER))
    taken = list(edits(wikinews(args.data), "wikinews"))[::TAKEN]
    news = taken[::READ_BY_VERIFIER]
    unread = [e for n, e in enumerate(taken) if n % READ_BY_VERIFIER and not e.is_held_out]
    other_domain = list(edits(xquad(args.data), "xquad"))[:: args.xquad_share]
    # The weights of words are part of the features, so they come first.
    fit_texts: list[str] = [
        *(" ".join(e.evidence)[:20_000] for e in bench),
        *(e.evidence[0] for e in fever(args.data, N_FEVER_WORDS) if not e.is_held_out),
    ]
    stored = json.loads(WEIGHTS.read_text(encoding="utf-8")) if WEIGHTS.exists() else {"weights": {"intercept": 0.0}}
    _store(stored["weights"], common_words(fit_texts))

    x, judge = {}, built_in_judge()
    for name, examples in (
        ("bench", bench),
        ("fever", pairs),
        ("news", news),
        ("xquad", other_domain),
        ("unread", unread),
    ):
        began = time.perf_counter()
        x[name] = matrix(examples, embedder, judge if name != "unread" else None)
        embedder.save()
        print(f"{name}: {len(examples)} examples, {time.perf_counter() - began:.0f} s", flush=True)

    seen = {name: [n for n, e in enumerate(ex) if not e.is_held_out] for name, ex in (("fever", pairs), ("news", news))}
    also_x = np.vstack([x["fever"][seen["fever"]], x["news"][seen["news"]], x["unread"]])
    also = [*(pairs[n] for n in seen["fever"]), *(news[n] for n in seen["news"]), *unread]
    w = fit_in_stages(np.vstack([x["bench"], also_x]), [*bench, *also])
    _store(dict(zip([*FEATURES, "intercept"], (round(float(v), 4) for v in w), strict=True)), common_words(fit_texts))

    folds: dict[str, Sequence[Any]] = {
        "5 folds by question": folds_by_question(bench),
        "one source left out": [e.kind for e in bench],
    }
    y = np.array([e.is_supported for e in bench], dtype=float)
    rows = []
    plain = np.zeros(0)
    for name, fold in folds.items():
        p, plain = baseline(x["bench"], bench, fold)
        for who, probability in (
            ("nine signals", p),
            ("rag.support", cross_validated(x["bench"], bench, fold, (also_x, also))),
        ):
            parts = {s: macro_f1(y[(m := _of(bench, s))], probability[m]) for s in sorted({e.kind for e in bench})}
            rows.append((name, who, macro_f1(y, probability), parts))
    held = {name: [n for n, e in enumerate(ex) if e.is_held_out] for name, ex in (("fever", pairs), ("news", news))}

    def measured(name: str, examples: Sequence[Example], which: Sequence[int]) -> tuple[Counts, Counts]:
        some = [examples[n] for n in which]
        return judged(predict(w, x[name][which]), some), judged(predict(plain, whole_counts(x[name][which])), some)

    results = {
        "news, tuning half": measured("news", news, seen["news"]),
        "news, held-out half": measured("news", news, held["news"]),
        "XQuAD, never fitted": measured("xquad", other_domain, range(len(other_domain))),
        "FEVER, held-out": measured("fever", pairs, held["fever"]),
    }
    REPORT.write_text(_report(w, rows, results, timings([news[n] for n in held["news"]])), encoding="utf-8")
    print(REPORT.read_text(encoding="utf-8"))


def _of(examples: Sequence[Example], kind: str) -> NDArray[np.bool_]:
    return np.array([e.kind == kind for e in examples])


def _store(weights: dict[str, float], common: dict[str, float]) -> None:
    text = json.dumps({"weights": weights, "common": common}, indent=0, ensure_ascii=False)
    WEIGHTS.write_text(text + "\n", encoding="utf-8")
    stored_weights.cache_clear()


def _percent(counts: Counts, key: tuple[str, str, bool]) -> str:
    n, right = counts.get(key, (0, 0))
    return f"{100 * right / n:.1f}" if n else "–"


def _report(
    w: Array,
    rows: Sequence[tuple[str, str, float, dict[str, float]]],
    results: dict[str, tuple[Counts, Counts]],
    took: dict[str, float],
) -> str:
    """SUPPORT.md."""
    lines = [
        "# What `rag.support` weighs, and how well it does",
        "",
        "Written by `python -m evals.fit_support`; not edited by hand. All figures are percentages. Refused: a score",
        "below 0.5; kept: 0.5 or more. Whole sentences of the evidence are kept without the regression; the rows here",
        "are without that shortcut. Figures for all lies leave out “detail added” and “other noun”, listed by kind.",
        "Lies and paraphrases are made by `evals/lies.py`, one edit to a sentence; every twelfth edit of the news is",
        "measured, so that one of them is worth half a point and more. Held-out rows take no part in",
        "the fit, but their rates were seen while rules and shares were chosen.",
        "",
        "## AttributionBench dev, macro-F1",
        "",
        "| tested on | model | all | " + " | ".join(rows[0][3]) + " |",
        "|---|---|---|" + "---|" * len(rows[0][3]),
    ]
    for fold, who, score, parts in rows:
        lines.append(f"| {fold} | {who} | {score:.1f} | " + " | ".join(f"{v:.1f}" for v in parts.values()) + " |")
    lines += [
        "",
        "## Lies refused, paraphrases kept, by evidence",
        "",
        "`nine` is the nine-signal regression fitted on AttributionBench alone.",
        "",
        "| texts | evidence | lies refused | nine | paraphrases kept | nine | n lies | n paraphrases |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, (ours, nine) in results.items():
        if name.startswith("FEVER"):
            continue
        for source in ("sentence", "passage"):
            lie, true = (source, "all", False), (source, "all", True)
            lines.append(
                f"| {name} | {source} | {_percent(ours, lie)} | {_percent(nine, lie)} | {_percent(ours, true)} | "
                f"{_percent(nine, true)} | {ours[lie][0]} | {ours[true][0]} |"
            )
        another = ("other", "another sentence", False)
        lines.append(
            f"| {name} | neighbouring sentences only | {_percent(ours, another)} | {_percent(nine, another)} | – | – | "
            f"{ours[another][0]} | – |"
        )
    ours, nine = results["FEVER, held-out"]
    lines += ["", "FEVER, held-out half, supported claims kept and refuted claims refused:", ""]
    lines += ["| model | supported kept | refuted refused |", "|---|---|---|"]
    for who, counts in (("rag.support", ours), ("nine signals", nine)):
        kept, refused = ("fever", "supported", True), ("fever", "refuted", False)
        lines.append(f"| {who} | {_percent(counts, kept)} | {_percent(counts, refused)} |")
    lines += ["", "## By kind, evidence = the passage", ""]
    names = [name for name in results if not name.startswith("FEVER")]
    lines += ["| kind | " + " | ".join(names) + " | n held-out |", "|---|" + "---|" * (len(names) + 1)]
    kinds = sorted({(key[2], key[1]) for name in names for key in results[name][0] if key[0] == "passage"})
    for is_supported, kind in kinds:
        key = ("passage", kind, is_supported)
        cells = [_percent(results[name][0], key) for name in names]
        n = results["news, held-out half"][0].get(key, (0, 0))[0]
        lines.append(f"| {'kept' if is_supported else 'refused'}: {kind} | " + " | ".join(cells) + f" | {n} |")
    lines += ["", "## Time", "", "Median of `check` on one core shared with other work: "]
    lines[-1] += ", ".join(f"{ms:.0f} ms for {name}" for name, ms in took.items()) + "."
    lines += ["", "## Signals", "", "| signal | meaning | weight | worded apart |", "|---|---|---|---|"]
    weight = dict(zip([*FEATURES, "intercept"], w, strict=True))
    for name, meaning in (LIKENESS | FAULTS).items():
        loose = f"{weight[f'{name}_loose']:.2f}" if f"{name}_loose" in weight else ""
        lines.append(f"| `{name}` | {meaning} | {weight[name]:.2f} | {loose} |")
    lines += [f"| intercept | | {weight['intercept']:.2f} | |", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
