"""False premises: are they called out, and is a true one called false? Run with `python -m evals.premises DATA`.

Questions of SQuAD 2.0 that their paragraph does not answer (many for a word put otherwise), and questions of XQuAD that
theirs answers (400, drawn by a seed): `rag.answers.premise` over the sentences of the paragraph. Pairs over
Wikinews articles, each with a false premise and a twin with a true one (evals/data/wikinews_premises.jsonl, written
before anything was measured on them), and the built-in questions with a false premise: asked through `Library.ask`.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from evals.conflicts import sentences_of
from evals.loaders import read_jsonl
from evals.metrics import summary
from evals.suites import SEEDS, library_of, opened
from rag import Library
from rag.answers.premise import contradicted

Json = dict[str, Any]
DATA = Path(__file__).parent / "data"
N_XQUAD = 400


def premises(data: Path) -> Json:
    """The report: for each set how many premises are called false; for what is asked, how many questions are answered
    without a word on their false premise, and how many with a true one are refused."""
    metrics = {f"called_{name}": summary(called) for name, called in paragraphs(data).items()}
    with library_of(read_jsonl(data / "gum_wikinews" / "articles.jsonl"), None) as library:
        metrics |= asked(library, read_jsonl(DATA / "wikinews_premises.jsonl"), "wikinews")
    with opened(None, [SEEDS]) as library:
        rows = [row for row in read_jsonl(DATA / "seeds.jsonl") if "false-premise" in row["tags"]]
        metrics |= asked(library, rows, "seeds")
    return {"suite": "premises", "cases": sum(m["n"] for m in metrics.values()), "errors": 0, "metrics": metrics}


def paragraphs(data: Path) -> dict[str, list[float]]:
    """Whether the premise of each question is called false by its paragraph: unanswerable ones, and answerable ones."""
    squad = data / "squad2_sample"
    truth = json.loads((squad / "ground_truth.json").read_text(encoding="utf-8"))
    queries = json.loads((squad / "queries.json").read_text(encoding="utf-8"))["queries"]
    unanswerable = [(q["question"], q["context"]) for q in queries if truth[q["id"]]["is_impossible"]]
    xquad = json.loads((data / "xquad_en" / "xquad.en.json").read_text(encoding="utf-8"))
    texts = [p for article in xquad["data"] for p in article["paragraphs"]]
    answerable = [(qa["question"], p["context"]) for p in texts for qa in p["qas"]]
    random.Random(0).shuffle(answerable)
    return {"squad2_unanswerable": _called(unanswerable), "xquad": _called(answerable[:N_XQUAD])}


def _called(rows: Iterable[tuple[str, str]]) -> list[float]:
    return [float(contradicted(" ".join(q.split()), sentences_of("", text)) is not None) for q, text in rows]


def asked(library: Library, rows: Sequence[Json], name: str) -> Json:
    found: dict[str, list[float]] = {}
    for row in rows:
        answer = library.ask(row["question"])
        is_called = any("takes for granted" in note for note in answer.notes)
        kind = f"{name}_{row['split']}_{'true' if row['answerable'] else 'false'}"
        found.setdefault(f"called_{kind}", []).append(float(is_called))
        found.setdefault(f"refused_{kind}", []).append(float(answer.status == "abstained"))
        if not row["answerable"]:
            is_misled = answer.status != "abstained" and not is_called
            found.setdefault(f"answered_unwarned_{kind}", []).append(float(is_misled))
    return {metric: summary(values) for metric, values in found.items()}


if __name__ == "__main__":
    print(json.dumps(premises(Path(sys.argv[1])), indent=2))
