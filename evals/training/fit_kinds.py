"""Fit the classifier of what a question wants (`rag.models.kinds`), and measure it on questions by other hands.

    python -m evals.training.fit_kinds --out rag/models/weights/kinds.json

`data/kinds.jsonl.gz` holds 1,200 questions by two writers who had not seen the program; 600 questions on the invented
news join them as facts. Measured with one writer's questions fitted on and the other's asked, and on further questions
of the news; then fitted on all. Needs scikit-learn.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from embeddings.minilm import shared
from evals.loaders import read_jsonl
from evals.training.news import news_passages
from rag.models.kinds import KINDS, SURE, Kind, words_and_pairs

DATA = Path(__file__).parent / "data" / "kinds.jsonl.gz"
# A word or pair counts that so many questions have; the vector weighs so much beside them. Both, and C, of a few tried.
MIN_QUESTIONS, VECTOR_WEIGHT, C = 3, 4.0, 1.0
N_NEWS = 600

Asked = tuple[str, Kind]


class Fitted:
    """The classifier as scikit-learn has it."""

    def __init__(self, rows: Sequence[Asked]) -> None:
        counts = Counter(feature for question, _ in rows for feature in words_and_pairs(question))
        self._places = {feature: n for n, feature in enumerate(sorted(f for f in counts if counts[f] >= MIN_QUESTIONS))}
        self._model = LogisticRegression(C=C, max_iter=3000).fit(
            self._signals([question for question, _ in rows]), [KINDS.index(kind) for _, kind in rows]
        )

    def _signals(self, questions: Sequence[str]) -> np.ndarray:
        vectors = np.array(shared().encode_queries(list(questions))) * VECTOR_WEIGHT
        words = np.zeros((len(questions), len(self._places)))
        for n, question in enumerate(questions):
            for feature in words_and_pairs(question) & self._places.keys():
                words[n, self._places[feature]] = 1.0
        return np.hstack([vectors, words])

    def tell(self, questions: Sequence[str]) -> list[Kind]:
        """See `rag.models.kinds.tell_kind`."""
        shares = self._model.predict_proba(self._signals(questions))
        return [KINDS[int(row.argmax())] if row.max() >= SURE else "fact" for row in shares]

    def weights(self) -> Mapping[str, object]:
        """As `rag.models.kinds` reads them."""
        matrix = self._model.coef_
        n = matrix.shape[1] - len(self._places)
        return {
            "bias": np.round(self._model.intercept_, 4).tolist(),
            "vector": np.round(matrix[:, :n] * VECTOR_WEIGHT, 3).tolist(),
            "words": {f: np.round(matrix[:, n + place], 3).tolist() for f, place in self._places.items()},
        }


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit the classifier of what a question wants.")
    parser.add_argument("--out", type=Path, required=True, help="where the weights go")
    args = parser.parse_args()
    rows = list(read_jsonl(DATA))
    writers = {w: [(r["question"], r["kind"]) for r in rows if r["writer"] == w] for w in ("a", "b")}
    facts = [question.text for passage in news_passages() for question in passage.questions]
    random.Random(7).shuffle(facts)
    joined: list[Asked] = [(question, "fact") for question in facts[:N_NEWS]]
    for asked, fitted_on in (("a", "b"), ("b", "a")):
        fitted = Fitted([*writers[fitted_on], *joined])
        told = fitted.tell([question for question, _ in writers[asked]])
        for kind in KINDS:
            of = [one for one, (_, wanted) in zip(told, writers[asked], strict=True) if wanted == kind]
            print(f"fitted on {fitted_on}, asked {asked}: {kind} {Counter(of).most_common()} of {len(of)}")
        print("  further questions on news:", Counter(fitted.tell(facts[N_NEWS : N_NEWS + 1000])).most_common())
    whole = Fitted([*writers["a"], *writers["b"], *joined])
    args.out.write_text(json.dumps(whole.weights(), ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    print(f"SHA256 of rag/models/kinds.py: {hashlib.sha256(args.out.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
