"""Fit the regression that says whether what was found is enough (`rag.answers.sufficiency`), and measure it.

    python -m evals.training.fit_sufficiency --data DATA --weights rag/models/weights/reader.safetensors --out DIR

finds evidence (kept in DIR/found.json), reads it with the adapter, fits, and prints weights, threshold and report. What
is shipped is copied by hand to rag/answers/sufficiency.py. Data, split and results: evals/READER.md. Needs
torch and scikit-learn; nothing here is used when Byline runs.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from embeddings.encoder import Encoder
from embeddings.minilm import MiniLMEmbedder
from evals.training.adapters import BASES, load_base, vectors_of
from evals.training.fit_reader import PassageEncoder, load_model, logits_of
from evals.training.reader_data import cases_of
from evals.training.sufficiency_data import SETS, Asked, Found, all_found
from rag.answers.sufficiency import WITH_READER, WITHOUT_READER, Evidence, ranking, signals
from rag.models.adapter import load_adapter
from rag.models.reader import EARLIER, LATEST, UNREAD, encode_passage, readings_of


def read(found: Sequence[Found], base: Encoder, model: PassageEncoder) -> list[Asked]:
    """Evidence as `ask` makes it: every sentence with its cosines and what the reader, on `base`, makes of it. All at
    once, in bfloat16 where the CPU has it."""
    texts = [f.question for f in found]
    texts += [s for f in found for _, sentences in f.passages for s in sentences]
    texts += [_headed(*passage) for f in found for passage in f.passages]
    texts = list(dict.fromkeys(texts))
    vectors = dict(zip(texts, vectors_of(texts, MiniLMEmbedder().encoder, longest=256), strict=True))
    rows = [(n, p) for n, f in enumerate(found) for p in range(len(f.passages))]
    encoded = [
        encode_passage(base, found[n].question, found[n].passages[p][1], found[n].passages[p][0]) for n, p in rows
    ]
    logits = logits_of(model, encoded)
    readings = {row: readings_of(e, of) for row, e, of in zip(rows, encoded, logits, strict=True)}
    asked = []
    for n, f in enumerate(found):
        query = vectors[f.question]
        evidence = tuple(
            Evidence(
                text=sentence,
                title=_without_age(title),
                cosine=float(query @ vectors[sentence]),
                passage_cosine=float(query @ vectors[_headed(title, sentences)]),
                score=reading.score,
                answer_score=reading.answer_score,
            )
            for p, (title, sentences) in enumerate(f.passages)
            for sentence, reading in zip(sentences, readings[n, p] + [UNREAD] * len(sentences), strict=False)
        )
        if evidence:
            asked.append(Asked.of(f, evidence))
    return asked


def _without_age(title: str) -> str:
    return title.removeprefix(LATEST).removeprefix(EARLIER)


def _headed(title: str, sentences: Sequence[str]) -> str:
    title, text = _without_age(title), " ".join(sentences)
    return f"{title}\n{text}" if title else text


# --- the regression and the report ---------------------------------------------------------------------------------


def fit(asked: Sequence[Asked], use: Sequence[str], with_reader: bool) -> dict[str, float]:
    """Weights of the signals in `use` and the bias, each set and answerability counting alike. Scikit-learn's logistic
    regression on standardised signals, its scaling undone."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    x = np.array([row_of(a, use, with_reader) for a in asked])
    y = np.array([a.answerable for a in asked])
    groups = [(a.source, a.answerable) for a in asked]
    share = np.array([1.0 / groups.count(group) for group in groups])
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
    model = LogisticRegression(C=1.0).fit((x - mean) / scale, y, sample_weight=share / share.mean())
    weights = model.coef_[0] / scale
    return {"bias": float(model.intercept_[0] - weights @ mean)} | dict(zip(use, map(float, weights), strict=True))


def row_of(asked: Asked, use: Sequence[str], with_reader: bool) -> list[float]:
    evidence = asked.evidence if with_reader else [unread(e) for e in asked.evidence]
    found = signals(asked.question, evidence)
    return [found[name] for name in use]


def unread(evidence: Evidence) -> Evidence:
    return replace(evidence, score=None, answer_score=None)


def refused_at(values: np.ndarray, answerable: np.ndarray, false_refusals: float) -> tuple[float, float]:
    """The share of unanswerable questions below the threshold that refuses this share of the answerable, and it."""
    threshold = float(np.quantile(values[answerable], false_refusals))
    return float((values[~answerable] < threshold).mean()), threshold


def report(asked: Sequence[Asked]) -> None:
    """Fit on the part "signals", print the weights, and measure on all. What is to be used was chosen by the mean AUC
    with one set of that part left out (printed too), among a dozen combinations."""
    from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]

    # Of mtRAG there are answerable questions only, which would teach what mtRAG looks like.
    fitting = [a for a in asked if a.part == "signals" and a.source != "mtrag"]
    used = {"with": [n for n in WITH_READER if n != "bias"], "without": [n for n in WITHOUT_READER if n != "bias"]}

    def values(name: str, of: Sequence[Asked], weights: dict[str, float]) -> np.ndarray:
        rows = np.array([row_of(a, used[name], name == "with") for a in of])
        return 1 / (1 + np.exp(-(rows @ [weights[s] for s in used[name]] + weights["bias"])))

    models = {name: fit(fitting, use, name == "with") for name, use in used.items()}
    for name, weights in models.items():
        print(name, json.dumps({k: round(w, 3) for k, w in weights.items()}))
        areas = []
        for source in dict.fromkeys(a.source for a in fitting):
            left_out = [a for a in fitting if a.source == source]
            rest = fit([a for a in fitting if a.source != source], used[name], name == "with")
            areas.append(roc_auc_score([a.answerable for a in left_out], values(name, left_out, rest)))
        print(f"mean AUC, one set left out: {np.mean(areas):.3f}")
    library = [a for a in fitting if a.source in ("squadshifts", "nq", "news", "stories")]
    answerable = np.array([a.answerable for a in library])
    enough = {name: refused_at(values(name, library, w), answerable, 0.10)[1] for name, w in models.items()}
    print(f"ENOUGH {enough['with']:.3f}, MAYBE", refused_at(values("with", library, models["with"]), answerable, 0.02))
    print("| set | n | signal | AUC | refused at 10% false refusals | at ENOUGH: refused, false |")
    for key in dict.fromkeys((a.source, a.part) for a in asked):
        of = [a for a in asked if (a.source, a.part) == key]
        y = np.array([a.answerable for a in of])
        for name in ("cosine", "without", "with") if 0 < y.sum() < len(y) else ():
            v = np.array(row_cosines(of)) if name == "cosine" else values(name, of, models[name])
            at = f"{(v[~y] < enough[name]).mean():.1%}, {(v[y] < enough[name]).mean():.1%}" if name in enough else ""
            print(
                f"| {' '.join(key)} | {y.sum()}+{(~y).sum()} | {name} | {roc_auc_score(y, v):.3f} | "
                f"{refused_at(v, y, 0.10)[0]:.1%} | {at} |"
            )
        judged = [a for a in of if a.gold or (a.answerable and key[0] in ("xquad-library", "wikinews", "wikinews-2"))]
        if judged:
            picks = {
                name: f"{np.mean([_picks(a, name) for a in judged]):.1%}" for name in ("cosine", "cheap", "reader")
            }
            print(key, "choice:", picks, len(judged))
    print("| false refusals | cosine | without | with |")
    for source in ("wikinews", "wikinews-2"):
        news = [a for a in asked if a.source == source]
        y = np.array([a.answerable for a in news])
        columns = [np.array(row_cosines(news)), *(values(name, news, models[name]) for name in ("without", "with"))]
        for share in (0.05, 0.10, 0.20, 0.30) if news else ():
            print(
                f"| {source} {share:.0%} | " + " | ".join(f"{refused_at(v, y, share)[0]:.0%}" for v in columns) + " |"
            )


def row_cosines(asked: Sequence[Asked]) -> list[float]:
    return [max(e.cosine for e in a.evidence) for a in asked]


def _picks(asked: Asked, by: str) -> bool:
    if by == "cosine":
        best = max(range(len(asked.evidence)), key=lambda i: asked.evidence[i].cosine)
    else:
        evidence = asked.evidence if by == "reader" else [unread(e) for e in asked.evidence]
        best = ranking(asked.question, evidence)[0]
    return best in asked.gold


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="the folder of public data sets")
    parser.add_argument("--weights", type=Path, required=True, help="the adapter")
    parser.add_argument("--base", choices=BASES, default="minilm", help="that of the adapter")
    parser.add_argument("--out", type=Path, required=True, help="where the evidence is kept")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS, help="those of READER.md; all unless given")
    args = parser.parse_args()
    os.environ["BYLINE_RERANK"] = "off"  # `ask` reads what the search finds
    args.out.mkdir(parents=True, exist_ok=True)
    cache = args.out / "found.json"
    known = [Found(**row) for row in json.loads(cache.read_text(encoding="utf-8"))] if cache.is_file() else []
    if missing := [name for name in args.sets if name not in {f.source for f in known}]:
        known += all_found(cases_of(args.data), args.data, missing)
        cache.write_text(json.dumps([asdict(f) for f in known]), encoding="utf-8")
    base = load_base(args.base)
    model = load_model(base, load_adapter(args.weights))
    report(read([f for f in known if f.source in args.sets], base, model))


if __name__ == "__main__":
    main()
