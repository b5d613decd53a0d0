"""Cases asked of a library, one by one, through the product's own calls; the report is data (see CONTRACT.md)."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from evals import metrics as m
from evals.cases import EvalCase, Find, locate
from evals.recording import Call, Recorder
from evals.recording import scores as scores_of
from evals.scores import K_SEARCH, METRICS, score
from rag import Answer, Library
from rag.types import Json, LanguageModel

Say = Callable[[str], None]
RETRIEVAL = {"R@5": "recall@5", "R@10": "recall@10", "RR@10": "mrr@10", "nDCG@10": "ndcg@10"}


def run(
    cases: Sequence[EvalCase],
    library: Library,
    *,
    suite: str,
    find: Find | None = None,
    model: str | LanguageModel | None = None,
    ask: Mapping[str, Any] | None = None,
    price: tuple[float, float] | None = None,
    say: Say = lambda text: None,
    config: Mapping[str, Any] | None = None,
) -> Json:
    """Ask every case and score it. `ask` are further options of `Library.ask`; `price` is US dollars for a million
    tokens in and out.

    Evidence is looked up before anything is asked: a case that does not fit the library is refused with its line
    (BylineError). A case that then raises is counted in `errors` and stays in every denominator.
    """
    find = lru_cache(maxsize=None)(find or library.find)
    located = [locate(case, find) for case in cases]
    results, relevant, ranked = [], {}, {}
    writer = library.language_model(model)
    recorder = Recorder(writer) if writer is not None else None
    for n, (case, (groups, overtaken)) in enumerate(zip(cases, located, strict=True), 1):
        say(f"{n}/{len(cases)} {case.question[:60]}")
        asked = _ask(library, case, recorder, ask or {})
        if case.answerable and groups:
            relevant[case.id] = _relevant(library, groups)
            ranked[case.id] = asked.ranked
        result = score(
            case, groups, overtaken, asked.answer, error=asked.error, passages=asked.passages, library=library
        )
        result["elapsed_s"] = round(asked.seconds, 4)
        result |= {"written": [call.text for call in asked.calls]} if recorder else {}
        result["scores"] |= _of_writing(asked, library, price)
        results.append(result)
    by_id = {result["id"]: result for result in results}
    for measure, values in m.retrieval(relevant, ranked, list(RETRIEVAL)).items():
        for case_id, value in values.items():
            by_id[case_id]["scores"][RETRIEVAL[measure]] = value
    return _report(results, suite, {**_about(library, model, writer), **(config or {})})


@dataclass
class _Asked:
    """What came of a question: the answer, or the error that broke it off, and what `retrieve` finds for it as it was
    understood."""

    answer: Answer | None = None
    first_s: float | None = None
    calls: Sequence[Call] = ()
    error: str | None = None
    seconds: float = 0.0
    passages: list[m.Words] = field(default_factory=list)
    ranked: list[str] = field(default_factory=list)


def _ask(library: Library, case: EvalCase, model: Recorder | None, more: Mapping[str, Any]) -> _Asked:
    options: Json = {**case.filters, **more, "model": model or "extractive"}
    if case.history:
        options["history"] = list(case.history)
    asked = _Asked()
    n_before = len(model.calls) if model else 0
    started = time.perf_counter()
    try:
        for event in library.ask(case.question, stream=True, **options):
            asked.first_s = asked.first_s or time.perf_counter() - started
            if isinstance(event, Answer):
                asked.answer, asked.seconds = event, time.perf_counter() - started
        understood = asked.answer.understood if asked.answer else {}
        question = str(understood.get("question") or case.question)
        hits = library.retrieve(question, k=K_SEARCH, **case.filters)
        asked.passages = [(hit.passage.article_id, hit.passage.start, hit.passage.end) for hit in hits]
        asked.ranked = [hit.passage.id for hit in hits]
    except Exception as raised:  # whatever it is, it is this case's result and the others go on
        asked.error = f"{type(raised).__name__}: {raised}"
        asked.seconds = asked.seconds or time.perf_counter() - started
    asked.calls = model.calls[n_before:] if model else ()
    return asked


def _of_writing(asked: _Asked, library: Library, price: tuple[float, float] | None) -> dict[str, float]:
    """The scores of how the answer was written, and what it cost."""
    if asked.answer is None:
        return {}
    found = {"first_claim_s": asked.first_s} if asked.answer.claims and asked.first_s else {}
    found |= scores_of(asked.calls, asked.answer, asked.seconds, library.embedder.n_tokens)
    if price and asked.calls:
        found["cost_usd"] = (found["tokens_in"] * price[0] + found["tokens_out"] * price[1]) / 1e6
    return found


def _about(library: Library, model: str | LanguageModel | None, writer: LanguageModel | None) -> Json:
    """What was measured, for the report."""
    status = library.status()
    return {
        "model": model if isinstance(model, str) else writer.name if writer else "extractive",
        "embedder": library.embedder.name,
        **{use: entry["tier"] or entry["spec"] for use, entry in library.reads_with().items()},
        "articles": status["articles"],
        "passages": status["passages"],
        "python": platform.python_version(),
        "seed": 0,
    }


def _report(results: Sequence[Json], suite: str, config: Json) -> Json:
    return {
        "suite": suite,
        "cases": len(results),
        "errors": sum(result["outcome"] == "error" for result in results),
        "abstained": sum(result["status"] == "abstained" for result in results),
        "config": config,
        "metrics": summarize(results),
        "by_split": _parts(results, lambda result: [result["split"]] if result["split"] else []),
        "by_tag": _parts(results, lambda result: result["tags"]),
        "abstention_curve": _curve(results),
        "abstention_point": {
            "refused_answerable": _share(r["status"] == "abstained" for r in results if r["answerable"]),
            "answered_unanswerable": _share(r["status"] != "abstained" for r in results if not r["answerable"]),
        },
        "results": results,
    }


def _parts(results: Sequence[Json], names: Callable[[Json], Sequence[str]]) -> Json:
    """The metrics of each part of the cases that has a name."""
    parts: dict[str, list[Json]] = {}
    for result in results:
        for name in names(result):
            parts.setdefault(name, []).append(result)
    return {name: {"cases": len(of), "metrics": summarize(of)} for name, of in parts.items()}


def _share(hits: Iterable[bool]) -> float:
    found = list(hits)
    return sum(found) / len(found) if found else 0.0


def summarize(results: Sequence[Json]) -> Json:
    """Every metric of METRICS that has a value for one of the results, with n and interval."""
    found: Json = {}
    for name in METRICS:
        values = [result["scores"][name] for result in results if name in result["scores"]]
        if values:
            found[name] = m.summary(values)
    known = [(r["confidence"], r["answerable"]) for r in results if r["confidence"] is not None]
    area = m.auroc([c for c, _ in known], [a for _, a in known]) if known else None
    if area is not None:
        found["confidence_auroc"] = {"value": area, "n": len(known), "ci95": None}
    seconds = [r["elapsed_s"] for r in results if r["outcome"] != "error"]
    if seconds:
        found["ask_s_p50"], found["ask_s_p95"] = m.percentile(seconds, 50), m.percentile(seconds, 95)
    return found


def _curve(results: Sequence[Json]) -> list[Json]:
    known = [(r["confidence"], r["answerable"]) for r in results if r["confidence"] is not None]
    if len({answerable for _, answerable in known}) < 2:
        return []
    return m.abstention_curve([c for c, _ in known], [a for _, a in known])


def _relevant(library: Library, groups: Sequence[m.Group]) -> dict[str, int]:
    """Passages of the library that hold half or more of a gold stretch."""
    found = {}
    for article in library.store.articles(words[0] for group in groups for words in group):
        for passage in library.passages(article):
            if any(m.cites((article.id, passage.start, passage.end), group) for group in groups):
                found[passage.id] = 1
    return found
