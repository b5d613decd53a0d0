"""How well dates in news are read: `python -m evals.dates`.

`data/date_expressions.jsonl` holds sentences (cut where they are long) of 41 Wikinews articles (CC BY 2.5, from the GUM
corpus) in which every date that tells when something happened was marked by hand, with the ISO date it means beside
the article's own, cut to what is certain; sentences whose "last", "year" or "Monday" is no date are in it too. Rules
were written with those marked "tuned" at hand; the others are the figure.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rag.ingest.metadata import make_article
from rag.text.dates import read_in

DATA = Path(__file__).parent / "data" / "date_expressions.jsonl"
Read = Callable[[str, str], Sequence[tuple[str, str | None]]]
"""From a sentence and the date of its article to its date expressions with the ISO dates they mean."""


def ours(text: str, published: str) -> list[tuple[str, str | None]]:
    article = make_article("story.txt", text, [{"published": published}])
    return [(mention.words, mention.date) for mention in read_in(article, 0, len(text))]


def with_dateparser(text: str, published: str) -> list[tuple[str, str | None]]:
    """`dateparser` in its own way: its own search, or where that finds nothing, nothing."""
    from dateparser.search import search_dates

    settings: Any = {
        "RELATIVE_BASE": dt.datetime.fromisoformat(published),
        "PREFER_DATES_FROM": "past",
    }
    found = search_dates(text, languages=["en"], settings=settings) or []
    return [(words, day.date().isoformat()) for words, day in found]


def measure(rows: Sequence[dict[str, Any]], reads: Read) -> dict[str, int]:
    """Counts: dates marked, found with the right date, found with a wrong one, not found or left open, and found
    where none was marked. A date finer than the marked one is right where it lies within it."""
    counts = {"marked": 0, "right": 0, "wrong": 0, "missed": 0, "spurious": 0}
    for row in rows:
        found = [(words, date) for words, date in reads(row["text"], row["published"]) if date is not None]
        for words, meant in row["dates"]:
            counts["marked"] += 1
            n = next(
                (n for n, (w, _) in enumerate(found) if words.lower() in w.lower() or w.lower() in words.lower()), -1
            )
            if n < 0:
                counts["missed"] += 1
                continue
            _, date = found.pop(n)
            counts["right" if date is not None and date.startswith(meant) else "wrong"] += 1
        counts["spurious"] += len(found)
    return counts


def rows(half: str) -> list[dict[str, Any]]:
    """The sentences of one half, "tuned" or "held-out"."""
    lines = DATA.read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if row["half"] == half]


def main() -> None:
    for name, reads in (("byline", ours), ("dateparser", with_dateparser)):
        for half in ("tuned", "held-out"):
            print(name, half, measure(rows(half), reads))


if __name__ == "__main__":
    main()
