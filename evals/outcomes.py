"""What a later report has settled: found, leading, and never made up.

Run with `python -m evals.outcomes DATA [SPLIT] [PART…]`. Parts. "stories": invented reports in
tests/stories/outcomes.jsonl. In some the later one tells in other words what became of something planned (`outcome`:
its telling words); in the others it speaks of the same people and nothing is settled. Asked through `Library.ask`, and
every sentence of one laid beside every sentence of the other. SPLIT is "dev", on which the rules were made, "held",
written at the same time and left alone, "fresh", written after them to be harder, or "last", written after that had
been looked at. "unrelated": sentences of Wikinews articles on different subjects, each pair with the dates on which
they came out; nothing may be reported as changed. What is reported is printed on standard error.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from embeddings import Embedder, Vectors, load_embedder
from evals.conflicts import sentences_of
from evals.loaders import read_jsonl
from evals.metrics import summary
from evals.suites import library_of
from rag.news.conflicts import Change, compare
from rag.news.same_story import NEAR
from rag.types import Candidate

Json = dict[str, Any]
STORIES = Path(__file__).parent.parent / "tests" / "stories" / "outcomes.jsonl"


PARTS, SPLITS = ("stories", "unrelated"), ("dev", "held", "fresh", "last")


def outcomes(data: Path, *, split: str = "held", parts: Sequence[str] = PARTS) -> Json:
    """The report of the `parts` for one of the `SPLITS`."""
    embedder = load_embedder()
    metrics: Json = asked(split) | laid_side_by_side(split, embedder) if "stories" in parts else {}
    if "unrelated" in parts:
        metrics |= unrelated(data, embedder)
    return {"suite": "outcomes", "cases": sum(m["n"] for m in metrics.values()), "errors": 0, "metrics": metrics}


def asked(split: str) -> Json:
    """Through `ask`: the share of outcomes that are reported with their words (`asked_found`), the share where the
    later report comes first and what is quoted of the older one is "earlier" (`asked_leads`); of the stories in which
    nothing is settled, the share where anything is said to be (`asked_false`); and the share of the updates reported
    that hold two stories (`asked_mixed`)."""
    rows = read_jsonl(STORIES)
    records = ({"id": row["id"] + side, **row[side]} for row in rows for side in "abc" if side in row)
    found, leads, false, mixed = [], [], [], []
    with library_of(records, None) as library:
        for row in (row for row in rows if row["split"] == split):
            answer = library.ask(row["question"])
            is_found, is_told = False, any(claim.earlier for claim in answer.claims)
            for update in (d for d in answer.disagreements if d.kind == "update"):
                ids = [c.article.path.rpartition("#")[2] for c in update.citations]
                _say(f"asked {row['id']} {update.values} {ids}")
                is_told = True
                mixed.append(float({name[:-1] for name in ids} != {row["id"]}))
                is_found |= ids[-1] == f"{row['id']}b" and _tells(update.values[-1], row["outcome"])
            cited = [(claim.citations[0].article.path[-1], claim.earlier) for claim in answer.claims if claim.citations]
            if row["outcome"]:
                found.append(float(is_found))
                is_led = bool(cited) and cited[0] == ("b", False) and ("a", False) not in cited
                leads.append(float(is_led))
                if not (is_found and is_led):
                    _say(f"asked {row['id']} missed: found {is_found}, {answer.status} {cited}")
            else:
                false.append(float(is_told))
    values = {"found": found, "leads": leads, "false": false, "mixed": mixed}
    return {f"asked_{name}": summary(of) for name, of in values.items()}


def laid_side_by_side(split: str, embedder: Embedder) -> Json:
    """The same of every two sentences of the two reports: outcomes found, and anything where nothing is settled."""
    found, false = [], []
    for row in (row for row in read_jsonl(STORIES) if row["split"] == split):
        a, b = (_dated(row["id"] + side, row[side]) for side in "ab")
        ours, theirs = (embedder.encode_passages([c.text for c in side]) for side in (a, b))
        changes = list(_changes(a, b, ours, theirs))
        for change, one, other in changes:
            _say(f"beside {row['id']} {change.values} {one.text!r} {other.text!r}")
        if row["outcome"]:
            found.append(float(any(_tells(change.values[1], row["outcome"]) for change, _, _ in changes)))
        else:
            false.append(float(bool(changes)))
    return {"beside_found": summary(found), "beside_false": summary(false)}


def unrelated(data: Path, embedder: Embedder) -> Json:
    """The share of pairs of different Wikinews articles in which one is said to change what the other reports."""
    rows = read_jsonl(data / "gum_wikinews" / "articles.jsonl")
    sides = [_dated(row["id"], row) for row in rows]
    vectors = [embedder.encode_passages([c.text for c in side]) for side in sides]
    values = []
    for i, j in itertools.combinations(range(len(rows)), 2):
        changes = list(_changes(sides[i], sides[j], vectors[i], vectors[j]))
        for change, a, b in changes:
            _say(f"unrelated {change.values} {a.text!r} {b.text!r}")
        values.append(float(bool(changes)))
    return {"unrelated_changed_wikinews": summary(values)}


def _tells(value: str, outcome: str | None) -> bool:
    """Whether the words shown are those of the outcome, or some of them."""
    return bool(outcome) and bool(set(value.lower().split()) & set(str(outcome).split()) - {"was", "to", "out", "of"})


def _dated(article_id: str, record: Json) -> list[Candidate]:
    made = sentences_of(article_id, record["text"], title=record["title"])
    published = {"published": record["published"], "outlet": record.get("outlet")}
    return [replace(c, hit=replace(c.hit, article=replace(c.hit.article, **published))) for c in made]


def _changes(
    a: Sequence[Candidate], b: Sequence[Candidate], ours: Vectors, theirs: Vectors
) -> Iterator[tuple[Change, Candidate, Candidate]]:
    cosines = ours @ theirs.T
    for i, j in np.argwhere(cosines >= NEAR).tolist():
        change = compare(a[i], b[j], cosine=float(cosines[i, j]))
        if change and change.newer is not None:
            yield change, a[i], b[j]


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    options = [word for word in sys.argv[2:] if word in SPLITS]
    wanted = [word for word in sys.argv[2:] if word in PARTS]
    print(json.dumps(outcomes(Path(sys.argv[1]), split=(options or ["held"])[0], parts=wanted or PARTS), indent=2))
