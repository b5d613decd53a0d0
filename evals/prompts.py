"""Every version of the prompt with real models, over the built-in cases and the product's own path, beside the answers
that only quote."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from evals import runner, suites
from evals.cases import EvalCase, load_cases
from evals.loaders import DATA
from evals.metrics import summary
from rag import BylineError
from rag.models.prompts import PROMPTS
from rag.types import Json

QUOTING = "extractive"
COLUMNS = (
    *("right_or_maybe_right", "plainly_wrong_rate", "false_refusal_rate", "unanswerable_refused", "false_answer_rate"),
    *("model_refusal_rate", "marked_rate", "kept_rate", "tokens_in", "tokens_out", "ask_s_p50", "first_claim_s"),
    "added_s",
)


def prompts(
    models: Sequence[str],
    *,
    split: str | None = None,
    limit: int | None = None,
    library: str | None = None,
    reader: str | None = None,
    checker: str | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Json:
    """A report with a part for each model and prompt, and one for the quotations. The cases are those of `split` (dev,
    where it is not said), or `limit` of them, drawn with a fixed seed, as many of them unanswerable as in the whole."""
    if not models or QUOTING in models:
        raise BylineError("the suite 'prompts' asks a language model: give one with --model, as in gguf:PATH.")
    split = split or "dev"
    cases = drawn([case for case in load_cases(DATA / "seeds.jsonl") if case.split == split], limit)
    reports: Json = {}
    with suites.opened(library, suites.builtin_sources(library), reader=reader, checker=checker) as over:
        for spec in (*models, QUOTING):  # a model that is not there is said at once
            writer = over.language_model(spec)
            for style in PROMPTS if writer is not None else ("",):
                name = f"{writer.name} {style}" if writer is not None else QUOTING
                reports[name] = runner.run(
                    cases,
                    over,
                    suite="prompts",
                    model=writer or QUOTING,
                    ask={"prompt_style": style} if style else {},
                    say=lambda text, name=name: say(f"{name}: {text}"),  # type: ignore[misc]
                )
    reports = {QUOTING: reports.pop(QUOTING), **reports}
    results = [
        result | {"id": f"{result['id']} {name}", "tags": [name]}
        for name, report in reports.items()
        for result in report["results"]
    ]
    parts: Json = {name: _part(report) for name, report in reports.items()}
    config = reports[QUOTING]["config"] | {"model": list(models), "split": split, "limit": limit}
    config["versions"] = {style: prompt.version for style, prompt in PROMPTS.items()}
    return {
        "suite": "prompts",
        "cases": len(cases),
        "errors": sum(report["errors"] for report in reports.values()),
        "config": config,
        "metrics": {
            f"{metric}:{name}": part["metrics"][metric]
            for metric in COLUMNS
            for name, part in parts.items()
            if metric in part["metrics"]
        },
        "columns": list(COLUMNS),
        "by_tag": parts,
        "results": results,
    }


def drawn(cases: Sequence[EvalCase], limit: int | None) -> list[EvalCase]:
    """`limit` of the cases, in their order, with the same share of unanswerable ones."""
    if limit is None or limit >= len(cases):
        return list(cases)
    rng = random.Random(suites.SEED)
    groups = [[case for case in cases if case.answerable is answerable] for answerable in (False, True)]
    n_refused = round(limit * len(groups[0]) / len(cases))
    chosen = {case.id for case in [*rng.sample(groups[0], n_refused), *rng.sample(groups[1], limit - n_refused)]}
    return [case for case in cases if case.id in chosen]


def _part(report: Json) -> dict[str, Any]:
    """The metrics of one prompt, and the share of the unanswerable cases that were refused or set right."""
    metrics: Json = dict(report["metrics"])
    refused = [float(r["outcome"] in ("rightly refused", "right")) for r in report["results"] if not r["answerable"]]
    if refused:
        metrics["unanswerable_refused"] = summary(refused)
    return {"cases": report["cases"], "metrics": metrics}
