"""What `evals.growth` found, as a table and a plot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from evals.report import lines_plot
from rag.types import Json

_ROWS = {
    "retrieve without encoding, ms": "without encoding ms",
    "the same by the clock, with encoding": "elapsed ms",
    "… understanding": "understanding ms",
    "… names": "names ms",
    "… words (BM25)": "words ms",
    "… vectors": "vectors ms",
    "… exact cosines": "cosines ms",
    "… copies and versions": "copies ms",
    "… reading passages": "reading ms",
    "… notes": "notes ms",
    "retrieve within one outlet, ms": "within one outlet ms",
    "retrieve within one month, ms": "within one month ms",
    "retrieve as of a day, ms": "within as of ms",
    "recall@10 of the vector index": "recall@10",
    "memory of the process at most, MB": "rss_mb",
    "disk, MB": "disk_mb",
    "open, s": "open_s",
    "first question, s": "first_question_s",
    "ingest of one article, s": "ingest_one_s",
    "the next question, s": "first_question_after_s",
    "delete one article, s": "remove_one_s",
    "status, s": "status_s",
    "what the page shows first, s": "page_s",
    "stored (made-up text), s": "put_s",
    "copies looked for in all, s": "link_s",
    "index built, s": "index_s",
}


def table(found: dict[int, Json]) -> str:
    """The figures as Markdown, a column for each size; p50 / p95 where there are two."""
    lines = [f"| passages | {' | '.join(f'{size:,}' for size in found)} |", f"|---|{'---|' * len(found)}"]
    for name, key in _ROWS.items():
        lines.append(f"| {name} | {' | '.join(_cell(one.get(key)) for one in found.values())} |")
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return f"{sum(value.values()):.0f}"
    if isinstance(value, list):
        return " / ".join(map(_cell, value))
    return "–" if value is None else f"{value:.3g}" if value < 100 else f"{value:.0f}"


def plot(found: dict[int, Json]) -> str:
    """The main figures against size as SVG, on logarithmic axes."""

    def series(name: str, key: str, of: Callable[[Any], float] = float) -> Json:
        return {"name": name, "points": [(size, of(one[key])) for size, one in found.items() if key in one]}

    title = "milliseconds against passages"
    lines = [
        series("retrieve, p95", "without encoding ms", lambda v: v[1]),
        series("retrieve, p50", "without encoding ms", lambda v: v[0]),
        series("words", "words ms", lambda v: v[0]),
        series("vectors", "vectors ms", lambda v: v[0]),
        series("ingest of one", "ingest_one_s", lambda v: v * 1000),
        series("status", "status_s", lambda v: v * 1000),
    ]
    svg = lines_plot({"title": title, "x": "passages", "y": "milliseconds", "log": True, "series": lines})
    style = "<style>text{font:10px sans-serif}.grid{stroke:#ddd}.curve{fill:none;stroke:#246;stroke-width:1.5}</style>"
    svg = svg.replace("<svg ", "<svg xmlns='http://www.w3.org/2000/svg' ", 1)
    return svg.replace("</title>", f"</title>{style}", 1)
