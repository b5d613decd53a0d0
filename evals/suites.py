"""Suites: the built-in set, anyone's cases, and public sets (`evals.loaders`), all over one path: a library,
`evals.runner.run`, the report.
"""

from __future__ import annotations

import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evals import metrics as m
from evals import runner
from evals.cases import load_cases
from evals.loaders import DATA, FORMATS, SETS, Loaded, read_jsonl
from rag import Article, BylineError, Library
from rag.checking.checker import Checker
from rag.checking.witness import Witness
from rag.models.clients import load_language_model
from rag.settings import load_settings
from rag.types import LanguageModel

Json = dict[str, Any]
SEEDS = Path(__file__).parent.parent / "seeds"
SEED = 7


def public(
    name: str,
    data: str | None,
    *,
    keep: str | None = None,
    model: str | None = None,
    reader: str | None = None,
    checker: str | None = None,
    limit: int | None = None,
    **more: Any,
) -> Json:
    """Run a public set: `name` is one of SETS (its folder below `data`), or "beir:DIR" and the like (FORMATS)."""
    kind, _, path = name.partition(":")
    if kind in FORMATS and path:
        loaded = FORMATS[kind](Path(path))
    elif data:
        loaded = SETS[name](Path(data))
    else:
        raise BylineError(f"the suite {name!r} reads public data: give its folder with --data DIR.")
    idle = {"model": model, "price": more.get("price"), "checker": checker}
    if loaded.measures and (given := [f"--{option}" for option, value in idle.items() if value is not None]):
        raise BylineError(f"{' and '.join(given)} would do nothing for {name!r}, which only searches: leave that out.")
    rng = random.Random(SEED)
    config = {"set": name, "limit": limit}
    with library_of(loaded.records.values(), keep, reader=reader, checker=checker) as library:
        if loaded.measures:
            queries = sorted(loaded.queries)
            queries = sorted(rng.sample(queries, limit)) if limit and limit < len(queries) else queries
            report = _ranking(library, {q: loaded.queries[q] for q in queries}, loaded, name)
            report["config"] |= config
        else:
            cases = rng.sample(loaded.cases, limit) if limit and limit < len(loaded.cases) else loaded.cases
            find = _by_key(library)
            report = runner.run(cases, library, suite=name, find=find, model=model, config=config, say=say, **more)
            own = {key: m.summary(values) for key, values in loaded.standard(report["results"]).items()}
            report["metrics"] = own | report["metrics"]
    return report | {"published": list(loaded.published), "notes": list(loaded.notes)}


def _by_key(library: Library) -> Callable[[str], Article]:
    articles = {article.path.rpartition("#")[2]: article for article in library.articles()}

    def find(key: str) -> Article:
        if key not in articles:
            raise BylineError(f"the library of this set has no article {key!r}: delete it and let it be made anew.")
        return articles[key]

    return find


def _ranking(library: Library, queries: Mapping[str, str], loaded: Loaded, name: str) -> Json:
    """The set's ranking measures over `Library.retrieve`; an article ranks where its best passage does."""
    ranked, seconds = {}, []
    for n, (query, text) in enumerate(queries.items(), 1):
        say(f"{n}/{len(queries)} {text[:60]}")
        started = time.perf_counter()
        hits = library.retrieve(text, k=40)
        seconds.append((time.perf_counter() - started) * 1000)
        ranked[query] = list(dict.fromkeys(hit.article.path.rpartition("#")[2] for hit in hits))
    values = m.retrieval({q: loaded.qrels[q] for q in queries}, ranked, loaded.measures)
    shown = {measure.replace("R@", "Recall@").replace("RRecall@", "MRR@"): found for measure, found in values.items()}
    return {
        "suite": name,
        "cases": len(queries),
        "errors": 0,
        "config": {"embedder": library.embedder.name, "articles": library.status()["articles"], "seed": 0},
        "metrics": {measure: m.summary(list(found.values())) for measure, found in shown.items()}
        | {"search_ms_p50": m.percentile(seconds, 50), "search_ms_p95": m.percentile(seconds, 95)},
        "results": [
            {"id": q, "question": text, "scores": {measure: found[q] for measure, found in shown.items()}}
            for q, text in queries.items()
        ],
    }


@contextmanager
def library_of(records: Iterable[Json], keep: str | None, **models: str | None) -> Iterator[Library]:
    """A library that holds `records` (as lines of a JSONL file), removed afterwards unless `keep` names a folder."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(keep) if keep else Path(scratch) / "library"
        file = (folder / "articles.jsonl").absolute()
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("w", encoding="utf-8") as out:
            out.writelines(json.dumps(record) + "\n" for record in records)
        with Library.open(folder, **models) as library:
            report = library.ingest([file], progress=lambda done, total, what: say(f"ingest {what}"))
            say(f"{report.articles} articles, {report.passages} passages, ingest {report.elapsed_s:.0f} s")
            yield library


@contextmanager
def opened(library: str | None, sources: Sequence[Path], **models: str | None) -> Iterator[Library]:
    """The library in the folder `library`, as it is; without one a throw-away library of `sources`."""
    if library is not None:
        with Library.open(library, **models) as given:
            yield given
        return
    with tempfile.TemporaryDirectory() as scratch, Library.open(Path(scratch) / "library", **models) as made:
        made.ingest(sources)
        yield made


def builtin_sources(library: str | None, suite: str = "seeds") -> list[Path]:
    """The articles of the suite's cases. BylineError where they are not there, and no `library` is given instead."""
    if suite != "seeds":
        return [DATA / suite]
    if library is None and not SEEDS.is_dir():
        raise BylineError(
            f"the sample articles are not at {SEEDS}: run the built-in suite from a clone of the project, or give "
            "--library DIR with the articles of seeds/ and evals/data/injected/ in it."
        )
    return [SEEDS, DATA / "injected"]


def builtin(
    suite: str = "seeds",
    *,
    library: str | None = None,
    split: str | None = None,
    model: str | LanguageModel | None = None,
    reader: str | None = None,
    checker: str | None = None,
    hear: runner.Say | None = None,
    **more: Any,
) -> Json:
    """A set that comes with Byline: "seeds" over the sample articles and the invented one that carries an instruction,
    or "tasks" (summaries, comparisons, lists, …) over invented articles on six running stories. `hear` is told how far
    it is, else the terminal."""
    cases = load_cases(DATA / f"{suite}.jsonl")
    cases = [case for case in cases if split is None or case.split == split]
    with opened(library, builtin_sources(library, suite), reader=reader, checker=checker) as over:
        config = {"split": split or "dev and test"}
        return runner.run(cases, over, suite=suite, model=model, config=config, say=hear or say, **more)


def own_cases(
    file: str,
    *,
    library: str | None,
    split: str | None = None,
    model: str | None = None,
    reader: str | None = None,
    checker: str | None = None,
    **more: Any,
) -> Json:
    """Anyone's cases on any library."""
    cases = [case for case in load_cases(file) if split is None or case.split == split]
    if not cases:
        raise BylineError(f'no case of {file} has "split": {split!r}: leave --split out, or mark some.')
    with Library.open(library, reader=reader, checker=checker) as over:
        config = {"cases": str(file), "split": split or "all", "library": str(over.path)}
        return runner.run(cases, over, suite=Path(file).stem, model=model, config=config, say=say, **more)


def checker_of(spec: str | None) -> Checker:
    """The checker that `spec` names, else that of the settings."""
    return Checker(load_settings(checker=spec).checker)


def witness_of(model: str | None, is_asked: bool | None) -> Witness | None:
    """The model that is asked beside the checker. BylineError where one of the two is given without the other."""
    if not model and not is_asked:
        return None
    settings = load_settings(model=model)
    if not is_asked or settings.model == "extractive":
        raise BylineError(
            "--model and --check-with-model go together for the suite 'claims': give a language model and both."
        )
    asked = load_language_model(settings.model, settings)
    return Witness(asked, within_s=settings.model_timeout, max_tokens=settings.model_max_tokens)


def attributionbench(data: str | None, *, checker: Checker) -> Json:
    """Do the support-based scores agree with people? `rag.support` at 0.5 against the labels of AttributionBench dev
    (Li et al. 2024), macro-F1 over all and by source. The weights of rag.support were fitted on this set among others:
    what it does on questions it was not fitted on is in evals/SUPPORT.md."""
    if not data:
        raise BylineError("the suite 'attributionbench' reads public data: give its folder with --data DIR.")
    results = []
    rows = read_jsonl(Path(data) / "attributionbench" / "dev.jsonl.gz")
    for n, row in enumerate(rows, 1):
        say(f"{n}/{len(rows)}")
        claim = re.sub(r"\s*\[\d+\]", "", row["claim"]).strip()
        found = checker.check(claim, row["references"]).score
        label = row["attribution_label"] == "attributable"
        right = float((found >= 0.5) == label)
        scores = {"agreement": right, "support": found}
        results.append({"id": str(row.get("id", n)), "question": row["question"], "tags": [row["src_dataset"]]})
        results[-1] |= {"claim": claim, "label": label, "scores": scores}
    groups = {"all": results}
    for result in sorted(results, key=lambda r: r["tags"]):
        groups.setdefault(result["tags"][0], []).append(result)
    metrics: Json = {}
    for name, of in groups.items():
        pairs = [2.0 * r["label"] + (r["scores"]["support"] >= 0.5) for r in of]
        value = m.macro_f1([r["label"] for r in of], [r["scores"]["support"] >= 0.5 for r in of])
        interval = m.bootstrap_ci95(pairs, statistic=_macro_f1_of_pairs)
        metrics["macro_f1" if name == "all" else f"macro_f1:{name}"] = {"value": value, "n": len(of), "ci95": interval}
    metrics["agreement"] = m.summary([r["scores"]["agreement"] for r in results])
    area = m.auroc([r["scores"]["support"] for r in results], [r["label"] for r in results])
    metrics["auroc"] = {"value": area, "n": len(results), "ci95": None}
    return {
        "suite": "attributionbench",
        "cases": len(results),
        "errors": 0,
        "config": {"threshold": 0.5, "split": "dev", "seed": 0, "checker": checker.verifier.name},
        "metrics": metrics,
        "published": [
            "T5-XXL-TRUE (11B), ALCE's entailment model: .786 macro-F1 on the HAGRID part, which is not in dev "
            "(Li et al. 2024, table 3, as others quote it); a fine-tuned GPT-3.5 about .80 over all (abstract)"
        ],
        "notes": ["rag.support was fitted on these pairs among others: held-out figures are in evals/SUPPORT.md."],
        "results": results,
    }


def _macro_f1_of_pairs(drawn: Any) -> Any:
    """Macro-F1 of rows of label * 2 + prediction."""
    both, neither = (drawn == 3).sum(axis=1), (drawn == 0).sum(axis=1)
    wrong = (drawn == 1).sum(axis=1) + (drawn == 2).sum(axis=1)
    yes, no = 2 * both + wrong, 2 * neither + wrong
    return (2 * both / yes.clip(1) + 2 * neither / no.clip(1)) / 2


def say(text: str) -> None:
    """Progress on one line of a terminal; nothing where standard error is no terminal, but for what ends a step."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text[:100]}", end="", file=sys.stderr, flush=True)
