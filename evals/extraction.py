"""The suite `extraction`: are pages read as the public corpora say that they should be?

Each page is read by `rag.ingest.articles.read`, as `byline ingest` reads it, alone in a folder: nothing beside it
helps, nor its address. Its text is what questions are answered from: without what is marked as boilerplate.
"""

from __future__ import annotations

import random
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evals import metrics as m
from evals.corpora import Corpus, Page, find_corpora
from rag import Article, BylineError
from rag.ingest.articles import read
from rag.types import Json

SEED = 7
_SHINGLE = 4  # words, as in the benchmark's own script
_NAMED = 5  # pages that a note names
_EXACT = ("date_right", "title_right", "authors_right", "byline_right", "text_exact")

_PUBLISHED = {
    "htmldate": "htmldate, precision, recall, accuracy, F on all 1,000 pages: htmldate 1.6.0 extensive .870, .993, "
    ".865, .928, fast .883, .924, .823, .903; news-please 1.5.35 .801, .768, .645, .784; newspaper3k 0.2.8 .769, .667, "
    ".556, .715 (README of htmldate, 2023-11-13)",
    "article-extraction-benchmark": "article-extraction-benchmark, precision, recall, F1, accuracy: AutoExtract .984, "
    ".956, .970, .470; readability-lxml .913, .931, .922, .315; newspaper3k .917, .906, .912, .260; dragnet .925, "
    ".889, .907, .221; all text (html-text) .500, .994, .665, 0 (README of the benchmark)",
    "fundus": "fundus: its own parsers, one for each publisher, are written to all that is expected of these pages",
    "readability": "readability: what is expected is what Readability.js gives",
}
_NOTES = {
    "htmldate": "htmldate: its own measures; a day that is read but wrong counts against precision, none against "
    "recall, and a month or year alone is a wrong day.",
    "article-extraction-benchmark": "article-extraction-benchmark: its own measures, over shingles of four words.",
    "fundus": "fundus: title and authors in full, but for white space; the day as written in the expected stamp; "
    "words_f1 compares bags of words.",
    "readability": "readability: the title in full, but for white space; byline_right where each author that is read "
    "stands in the expected line, or none is read where there is none; words_f1 compares bags of words (its own test "
    "compares elements, which Byline does not keep).",
}


def extraction(data: str | None, *, limit: int | None = None, say: Callable[[str], None] = lambda text: None) -> Json:
    """The report: the measures of each corpus that is in the folder `data`, over its pages (of each `limit`, drawn with
    a fixed seed), and the seconds that reading took. A page that cannot be read is wrong, and an error.

    BylineError where the folder holds no corpus."""
    if not data:
        raise BylineError("the suite 'extraction' reads public data: give its folder with --data DIR.")
    corpora = find_corpora(Path(data))
    rng = random.Random(SEED)
    for corpus in corpora:
        if limit and limit < len(corpus.pages):
            corpus.pages = sorted(rng.sample(corpus.pages, limit), key=lambda page: page.id)
    read_page(corpora[0].pages[0])  # what is loaded for the first page is not its time
    rows: dict[str, list[Json]] = {corpus.name: [] for corpus in corpora}
    total = sum(len(corpus.pages) for corpus in corpora)
    for corpus in corpora:
        for page in corpus.pages:
            say(f"{sum(map(len, rows.values())) + 1}/{total} {page.id}")
            rows[corpus.name].append(_row(page, corpus.name))
    results = [row for found in rows.values() for row in found]
    slowest = max(results, key=lambda row: row["elapsed_s"])
    took = sum(row["elapsed_s"] for row in results)
    metrics: Json = {}
    for name, found in rows.items():
        metrics |= {f"{metric}:{name}": value for metric, value in _metrics(name, found).items()}
    one = {"n": len(results), "ci95": None}
    return {
        "suite": "extraction",
        "cases": len(results),
        "errors": sum(row["outcome"] == "error" for row in results),
        "config": {"corpora": {name: len(found) for name, found in rows.items()}, "limit": limit, "seed": SEED},
        "metrics": metrics
        | {"read_s_total": {"value": took, **one}}
        | {"read_s_slowest": {"value": slowest["elapsed_s"], **one}},
        "published": [_PUBLISHED[name] for name in rows],
        "notes": [*(_NOTES[name] for name in rows), *_notes(corpora, results, slowest)],
        "results": results,
    }


def _notes(corpora: Sequence[Corpus], results: Sequence[Json], slowest: Json) -> list[str]:
    notes = [f"Read slowest: {slowest['id']}, {slowest['elapsed_s']:.2f} s."]
    for corpus in corpora:
        if corpus.absent:
            notes.append(
                f"{corpus.name} lists {_counted(corpus.absent)} that the folder does not hold; they were left out, so "
                "that its figures are of a part."
            )
    if failed := [row["id"] for row in results if row["outcome"] == "error"]:
        notes.append(f"Not read, and so wrong: {_counted(failed)}.")
    return notes


def _counted(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{len(names)} page{'s' if len(names) > 1 else ''} ({shown}{more})"


# -- one page ---------------------------------------------------------------------------------------------------


def read_page(page: Page) -> tuple[Article | None, str]:
    """The article of a page, else None and why there is none."""
    name = page.path.name
    packed = ".gz" if name.endswith(".gz") else ""
    if not re.search(r"\.html?$", name.removesuffix(packed)):
        name = f"{name.removesuffix(packed)}.html{packed}"
    error = "it holds no article."
    with tempfile.TemporaryDirectory() as alone:
        copy = Path(alone) / name
        try:
            shutil.copyfile(page.path, copy)
        except OSError as problem:
            return None, f"{name} cannot be read ({problem.strerror})."
        for found in read(copy, manifest={}):
            if isinstance(found, Article):
                return found, ""
            error = found.error
    return None, error


def _row(page: Page, corpus: str) -> Json:
    started = time.perf_counter()
    article, error = read_page(page)
    elapsed = time.perf_counter() - started
    given: Json = {"date": None, "title": None, "authors": [], "text": ""}
    if article is not None:
        given = {"date": article.published, "title": article.title, "authors": list(article.authors)}
        given["text"] = _story(article)
    scores, why = _scores(page.wanted, given, _SHINGLE if corpus == "article-extraction-benchmark" else 1)
    exact = [scores[name] for name in _EXACT if name in scores]
    outcome = "right" if all(exact) else "partly" if any(scores.values()) else "wrong"
    return {
        "id": page.id,
        "question": given["title"] or "",
        "tags": [corpus],
        "outcome": "error" if article is None else outcome,
        "why": [error] if article is None else why,
        "scores": scores,
        "read": {name: given[name] for name in ("date", "title", "authors")},
        "wanted": {name: value for name, value in page.wanted.items() if name != "text"},
        "elapsed_s": elapsed,
    }


def _story(article: Article) -> str:
    edges = [0, *(edge for span in article.boilerplate for edge in span), len(article.text)]
    return "\n".join(article.text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True))


def _scores(wanted: Json, given: Json, n_words: int) -> tuple[dict[str, float], list[str]]:
    """What is right of a page, and a sentence for each thing that is not."""
    right: dict[str, bool] = {}
    if "date" in wanted:
        right["date"] = given["date"] == wanted["date"]
    if "title" in wanted:
        right["title"] = _plain(given["title"]) == _plain(wanted["title"])
    if "authors" in wanted:
        right["authors"] = [*map(_plain, given["authors"])] == [*map(_plain, wanted["authors"])]
    if "byline" in wanted:
        line, names = _plain(wanted["byline"]).casefold(), [_plain(name).casefold() for name in given["authors"]]
        right["byline"] = all(name in line for name in names) if line and names else not line and not names
    why = [
        f"{name}: {given['authors' if name == 'byline' else name]!r} was read, {wanted[name]!r} is expected."
        for name, is_right in right.items()
        if not is_right
    ]
    scores = {f"{name}_right": float(is_right) for name, is_right in right.items()}
    if "text" not in wanted:
        return scores, why
    precision, recall = overlap(wanted["text"], given["text"], n_words)
    shown = [f"{value:.2f}" if value is not None else "none" for value in (precision, recall)]
    if n_words == 1:
        both_empty = precision is None and recall is None
        scores["words_f1"] = 1.0 if both_empty else m.f1(precision or 0.0, recall or 0.0)
    else:
        scores |= {name: v for name, v in (("text_precision", precision), ("text_recall", recall)) if v is not None}
        scores["text_exact"] = float(_WORD.findall(wanted["text"]) == _WORD.findall(given["text"]))
    if precision != 1 or recall != 1:
        why.append(f"text: precision {shown[0]}, recall {shown[1]}.")
    return scores, why


_WORD = re.compile(r"\w+")


def overlap(wanted: str, given: str, n_words: int) -> tuple[float | None, float | None]:
    """Precision and recall of the runs of `n_words` words of a text, as bags; None of a text without words. A text of
    fewer words is one run."""
    ours, theirs = _runs(given, n_words), _runs(wanted, n_words)
    shared = (ours & theirs).total()
    return (shared / ours.total() if ours else None), (shared / theirs.total() if theirs else None)


def _runs(text: str, n_words: int) -> Counter[tuple[str, ...]]:
    words = _WORD.findall(text)
    runs = (tuple(words[at : at + n_words]) for at in range(max(1, len(words) - n_words + 1)))
    return Counter(run for run in runs if run)


def _plain(value: Any) -> str:
    return " ".join(str(value).split()) if value is not None else ""


# -- a corpus ---------------------------------------------------------------------------------------------------


def _metrics(corpus: str, rows: Sequence[Json]) -> Json:
    if corpus == "htmldate":
        return _of_dates(rows)
    names = dict.fromkeys(name for row in rows for name in row["scores"])
    found: Json = {name: m.summary([r["scores"][name] for r in rows if name in r["scores"]]) for name in names}
    if corpus == "article-extraction-benchmark":
        found = {"text_f1": _f1_of_means(rows), **found}
    return found


def _of_dates(rows: Sequence[Json]) -> Json:
    """As htmldate's own evaluation counts: a day that is read and right is a true positive, another a false one, none a
    false negative; none for a page without a day is a true negative (which it counts as a false negative too)."""
    kinds = [_RIGHT if r["read"]["date"] is not None else _RIGHTLY_NONE for r in rows]
    kinds = [
        kind if row["scores"]["date_right"] else _WRONG if row["read"]["date"] is not None else _NONE
        for kind, row in zip(kinds, rows, strict=True)
    ]
    return {
        name: {
            "value": float(measure(np.asarray([kinds]))[0]),
            "n": len(rows),
            "ci95": m.bootstrap_ci95(kinds, statistic=measure),
        }
        for name, measure in _DATE_MEASURES.items()
    }


_RIGHT, _WRONG, _NONE, _RIGHTLY_NONE = range(4)


def _counts(kinds: Any) -> tuple[Any, Any, Any]:
    right, wrong, none = ((kinds == kind).sum(axis=1) for kind in (_RIGHT, _WRONG, _NONE))
    return right, wrong, none


def _precision(kinds: Any) -> Any:
    right, wrong, _ = _counts(kinds)
    return right / (right + wrong).clip(1)


def _recall(kinds: Any) -> Any:
    right, _, none = _counts(kinds)
    return right / (right + none).clip(1)


def _date_f1(kinds: Any) -> Any:
    right, wrong, none = _counts(kinds)
    return 2 * right / (2 * right + wrong + none).clip(1)


_DATE_MEASURES: Mapping[str, Callable[[Any], Any]] = {
    "date_precision": _precision,
    "date_recall": _recall,
    "date_accuracy": lambda kinds: ((kinds == _RIGHT) | (kinds == _RIGHTLY_NONE)).mean(axis=1),
    "date_f1": _date_f1,
}


def _f1_of_means(rows: Sequence[Json]) -> Json:
    """The benchmark's F1: of mean precision over the pages with a text, and mean recall over those that should have
    one."""
    values = np.array([[r["scores"].get(name, np.nan) for r in rows] for name in ("text_precision", "text_recall")])

    def of(drawn: Any) -> Any:
        chosen = values[:, drawn.astype(int)]
        weights = (~np.isnan(chosen)).sum(axis=2).clip(1)
        precision, recall = np.nansum(chosen, axis=2) / weights
        return 2 * precision * recall / np.where(precision + recall > 0, precision + recall, 1)

    places = list(range(len(rows)))
    value = float(of(np.asarray([places]))[0])
    return {"value": value, "n": len(rows), "ci95": m.bootstrap_ci95(places, statistic=of)}
