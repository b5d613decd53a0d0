"""What completing a follow-up question does for retrieval: `python -m evals.follow_ups --data DIR`.

Two sets. `evals/data/follow_ups.jsonl`, this project's own: follow-ups, and changes of topic that must be left alone,
over the Wikinews articles of GUM; a case is found when a passage holds its evidence. And mtRAG's unanswerable edition
(Katsis et al. 2025, arXiv:2501.03468), later turns with gold passages, retrieved from the gold passages of all turns;
its figure is the recall of these. Each question is asked as it stands, with the last question before it, with all of
them, and as `rag.search.questions` completes it. The rule was written on the "dev" half of the first set.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from embeddings import load_embedder
from embeddings.protocol import Vectors
from evals.metrics import summary
from evals.suites import library_of
from rag import Library
from rag.search.questions import Turn, complete
from rag.text.sentences import split_sentences

Json = dict[str, Any]
K = 5


def variants(question: str, history: Sequence[str], quotes: Sequence[str] = ()) -> dict[str, str]:
    """The ways in which a question of a conversation can be searched for."""
    turns = [*(Turn(question=earlier) for earlier in history[:-1]), Turn(question=history[-1], quotes=tuple(quotes))]
    bare = [Turn(question=earlier) for earlier in history]
    return {
        "as it stands": question,
        "with the last question": f"{history[-1]} {question}",
        "with all questions": " ".join([*history, question]),
        "completed": complete(question, bare).get("question", question),
        "completed, answers known": complete(question, turns).get("question", question),
    }


def wikinews(data: Path) -> tuple[list[Json], list[Json]]:
    """Articles, and cases with `groups`, `gold` (article, words) and `variants`."""
    with (data / "gum_wikinews/articles.jsonl").open(encoding="utf-8") as file:
        articles = {a["id"]: a for a in map(json.loads, file)}
    here = Path(__file__).parent / "data"
    answers = {}
    for line in (here / "wikinews_questions.jsonl").read_text(encoding="utf-8").splitlines():
        asked = json.loads(line)
        text = articles[asked["article"]]["text"]
        answers[asked["question"]] = [
            text[a:b] for a, b in split_sentences(text) if asked["answerable"] and asked["evidence"] in text[a:b]
        ][:1]
    cases = []
    for line in (here / "follow_ups.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        cases.append(
            {
                "groups": [f"{case['kind']}, {case['split']}"],
                "gold": [(case["article"], case["evidence"])],
                "variants": variants(case["question"], case["history"], answers.get(case["history"][-1], ())),
            }
        )
    records = [{"id": i, "title": a["title"], "date": a["published"], "text": a["text"]} for i, a in articles.items()]
    return records, cases


def mtrag(data: Path) -> tuple[list[Json], list[Json]]:
    """The same of mtRAG. An agent's turn is not quoted, so answers are not known."""
    with gzip.open(data / "mtrag_un/reference.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    texts = {c["document_id"]: c["text"] for row in rows for c in row["contexts"] if c["text"].strip()}
    cases = []
    for row in rows:
        *history, question = (turn["text"] for turn in row["input"] if turn["speaker"] == "user")
        gold = [(c["document_id"], "") for c in row["contexts"] if c["document_id"] in texts]
        if history and gold:
            asked = variants(question, history)
            asked.pop("completed, answers known")
            back = "left alone" if asked["completed"] == question else "completed"
            cases.append({"groups": ["all", back], "gold": gold, "variants": asked})
    return [{"id": i, "title": "", "text": text} for i, text in texts.items()], cases


def measure(records: Iterable[Json], cases: Sequence[Json], keep: str | None) -> Json:
    """Mean recall at K of each variant in each group."""
    values: dict[str, list[float]] = defaultdict(list)
    with library_of(records, keep) as library, at_once(library, [q for c in cases for q in c["variants"].values()]):
        for case in cases:
            for name, question in case["variants"].items():
                hits = library.retrieve(question, k=K)
                found = [(hit.article.path.rpartition("#")[2], hit.passage.text) for hit in hits]
                n = sum(any(key == at and words in text for at, text in found) for key, words in case["gold"])
                for group in case["groups"]:
                    values[f"{group}: {name}"].append(n / len(case["gold"]))
    return {name: summary(of) for name, of in sorted(values.items())}


@contextmanager
def at_once(library: Library, questions: Sequence[str]) -> Iterator[None]:
    """The questions are embedded in one batch: one by one takes many times as long."""
    embedder = load_embedder("minilm")
    unique = list(dict.fromkeys(questions))
    vectors = dict(zip(unique, embedder.encode_queries(unique), strict=True))

    class Known:
        name, dim, encode_passages = embedder.name, embedder.dim, embedder.encode_passages

        def encode_queries(self, texts: Sequence[str]) -> Vectors:
            known: Vectors = vectors[texts[0]][None, :]
            return known

    library._embedder = Known()  # type: ignore[assignment]
    yield


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", metavar="DIR", required=True, help="the folder of public data sets")
    parser.add_argument("--keep", metavar="DIR", help="keep the throw-away libraries here, and use them again")
    args = parser.parse_args()
    for name, load in (("wikinews", wikinews), ("mtrag", mtrag)):
        records, cases = load(Path(args.data))
        for row, m in measure(records, cases, args.keep and f"{args.keep}/{name}").items():
            print(
                f"{name:9} {row:52} {m['value']:.3f}  [{m['ci95'][0]:.3f}, {m['ci95'][1]:.3f}]  n={m['n']}", flush=True
            )


if __name__ == "__main__":
    main()
