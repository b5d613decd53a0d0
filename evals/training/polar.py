"""Yes or no: how often `Library.ask` says it rightly. Run with `python -m evals.training.polar`; `$BYLINE_MODELS` names
the folder of the accurate tier.

The questions on the invented news that is held out which want yes or no, in a library of its 80 passages: those whose
answer is known, and those that nothing answers.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from evals.suites import library_of
from evals.training.news import news_passages
from rag import Library
from rag.answers.polar import WORDS, asks_yes_or_no


def polar() -> dict[str, Any]:
    """Counts by what is right ("yes", "no", "neither"), and by status and what was said: "yes", "no", "words" or "";
    and the seconds of an answer, the mean."""
    passages = news_passages(held_out=True)
    records = [
        {"title": p.title, "text": p.text, "outlet": "Invented", "date": "2026-03-04", "url": f"https://a.test/{p.id}"}
        for p in passages
    ]
    rows = [(q.text, q.says or "neither", q.answer) for p in passages for q in p.questions if asks_yes_or_no(q.text)]
    rows = [row for row in rows if row[1] != "neither" or row[2] is None]
    counts: dict[str, Counter[str]] = {}
    took: list[float] = []
    with library_of(records, None) as library:
        for question, right, _ in rows:
            said, status, elapsed = _said(library, question)
            counts.setdefault(right, Counter())[f"{status} {said}".strip()] += 1
            took.append(elapsed)
        name = library.checker.verifier.name
    return {"verifier": name, "cases": len(rows), "mean_s": sum(took) / len(took), "counts": counts}


def _said(library: Library, question: str) -> tuple[str, str, float]:
    answer = library.ask(question)
    text = answer.claims[0].text if answer.claims else ""
    said = next((word for word, opening in WORDS.items() if text.startswith(opening)), "words" if text else "")
    return said, "maybe" if answer.maybe else answer.status, answer.elapsed_s


if __name__ == "__main__":
    print(json.dumps(polar(), indent=2))
