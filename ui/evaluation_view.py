"""An evaluation to HTML: how far it is, its figures with intervals and plot, the cases that went wrong, what changed
since an earlier one. Pure, as `ui.markup` is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from evals.report import BAD, intervals_plot, number
from evals.report import interval as interval_of
from evals.scores import is_lower_better, what_it_says
from rag.types import Json
from ui.evaluations import Run
from ui.markup import busy, busy_line, count, escaped, idle, listed

CASES_SHOWN = 200
# What stands in the plot and in the table beside it, in words; the rest is folded away.
_MAIN = {
    "evidence_recall@10": "Of the words that answer, the share that is found among the ten best passages",
    "answer_recall": "Of what was expected, the share that is said",
    "citation_recall": "Of the words that answer, the share that is cited",
    "citation_precision": "Of what is cited, the share that answers",
    "exact_offset_rate": "Citations that stand in their article to the letter",
    "false_refusal_rate": "Answerable, and refused (lower is better)",
    "false_answer_rate": "Unanswerable, and answered plainly (lower is better)",
    "false_or_maybe_rate": "Unanswerable, and answered plainly or as a maybe (lower is better)",
    "truthfulness": "Truthfulness: 1 for right, 0 for no answer, −1 for wrong",
    "ask_s_p50": "Seconds for an answer, median",
    "ask_s_p95": "Seconds for an answer, 95th percentile",
    "tokens_in": "Tokens sent to the model for a question",
    "tokens_out": "Tokens that it wrote for a question",
}
_SIGNS = {"right": "full", "rightly refused": "full", "partly": "part", "maybe": "part", "refused": "absent"}


def waiting() -> str:
    """Before the first run."""
    return idle(
        "Asks questions with known answers and measures what is found, cited and refused. Your own cases are a file "
        "with one JSON object a line; “byline eval new” writes a template. They are asked of this library, the "
        "built-in ones of the sample articles; with the model that is chosen under Ask."
    )


def running(run: Run) -> str:
    """How far it is, with the button that stops it."""
    if run.is_stopping:
        return busy_line("Stopping after this question…")
    if not run.n_cases:
        return busy("Reading the articles and the questions…")
    bar = f'<progress max="{run.n_cases}" value="{run.n_done}" aria-label="Questions asked"></progress>'
    return (
        f"{busy(f'Question {run.n_done + 1:,} of {run.n_cases:,}')}{bar}"
        f'<p class="bl-small" dir="auto">{escaped(run.question)}</p>'
    )


def stopped(run: Run) -> str:
    return idle(f"Stopped after {count(run.n_done, 'question')} of {run.n_cases:,}. Nothing of it is kept.")


def told(report: Json, comparison: Json | None = None) -> str:
    """A whole report; with `comparison`, as `evals.compare` makes it, what has changed comes first."""
    metrics = report["metrics"]
    shown = {name: metrics[name] for name in _MAIN if name in metrics}
    outcomes = Counter(result.get("outcome", "") for result in report["results"])
    counts = [f"{n:,} {outcome}" for outcome, n in outcomes.most_common() if outcome]
    config = "; ".join(f"{name}: {value}" for name, value in report["config"].items())
    rest = {name: metric for name, metric in metrics.items() if name not in shown}
    more = f'<details class="bl-more"><summary>More figures ({len(rest):,})</summary>{_figures(rest)}</details>'
    return (
        f'<p class="bl-added">{count(report["cases"], "question")}: {escaped(listed(counts))}.</p>'
        f'<p class="bl-meta" dir="auto">{escaped(config)}</p>'
        f"{_compared(comparison) if comparison else ''}"
        f'<h3>Figures</h3><div class="bl-plot">{intervals_plot(shown)}</div>{_figures(shown)}{more if rest else ""}'
        f"{_cases(report)}"
    )


def _figures(metrics: Json) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escaped(_words(name))} <span class="bl-path">{escaped(name)}</span>'
        f"</th><td>{number(metric['value'])}</td><td>{interval_of(metric)}</td><td>{metric['n']:,}</td></tr>"
        for name, metric in metrics.items()
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("What", "Figure", "95% interval", "Questions"))
    return (
        '<div class="bl-scroll" tabindex="0" role="group" aria-label="Figures">'
        f'<table class="bl-table bl-figures"><tr>{head}</tr>{rows}</table></div>'
    )


def _words(name: str) -> str:
    lower = " (lower is better)" if is_lower_better(name) else ""
    return _MAIN.get(name) or what_it_says(name) + lower


def _compared(comparison: Json) -> str:
    """The differences whose intervals leave 0 out are marked, in words too."""
    rows = []
    for name, change in comparison["differences"].items():
        low, high = change["ci95"]
        if not change["value"] and not change["better"] and not change["worse"]:
            continue
        is_sure = not low <= 0 <= high
        better = (change["value"] < 0) == is_lower_better(name)
        word = ("better" if better else "worse") if is_sure else "within chance"
        rows.append(
            f'<tr><th scope="row">{escaped(_words(name))} <span class="bl-path">{escaped(name)}</span></th>'
            f"<td>{number(change['before'])}</td><td>{number(change['after'])}</td><td>{number(change['value'])}</td>"
            f"<td>{interval_of(change)}</td><td>{f'<b>{word}</b>' if is_sure else word}</td></tr>"
        )
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("What", "Earlier", "This", "Difference", "95% interval", "")
    )
    table = (
        '<div class="bl-scroll" tabindex="0" role="group" aria-label="Differences">'
        f'<table class="bl-table bl-figures"><tr>{head}</tr>{"".join(rows)}</table></div>'
        if rows
        else "<p>No figure has changed.</p>"
    )
    items = "".join(_changed(one) for one in comparison["changed"][:CASES_SHOWN])
    return (
        f"<h3>Against the earlier run: {count(comparison['cases'], 'question')} in both, "
        f'{len(comparison["changed"]):,} answered otherwise</h3>{table}<div class="bl-cases">{items}</div>'
    )


def _changed(one: Json) -> str:
    sides = "".join(
        f"<p><b>{label}:</b> <bdi>{escaped(' … '.join(one[key]) or 'nothing')}</bdi></p>"
        for label, key in (("Cited earlier", "citations_before"), ("Cited now", "citations_after"))
    )
    head = f"{escaped(one['before'])} → {escaped(one['after'])}"
    return (
        f'<details class="bl-case"><summary dir="auto"><b>{head}</b> {escaped(one["question"])}</summary>'
        f"{sides}</details>"
    )


def _cases(report: Json) -> str:
    """Those that went wrong, the worst first, each a click away; the others folded once more."""
    results = report["results"]
    bad = sorted((r for r in results if r["outcome"] in BAD), key=lambda r: BAD.index(r["outcome"]))
    good = [r for r in results if r["outcome"] not in BAD]
    more = "" if len(bad) <= CASES_SHOWN else f"<p>and {len(bad) - CASES_SHOWN:,} more: in the report.</p>"
    others = (
        f'<details class="bl-more"><summary>Right ({len(good):,})</summary><div class="bl-cases">'
        f"{''.join(map(_case, good[:CASES_SHOWN]))}</div></details>"
        if good
        else ""
    )
    heading = f"Not right ({len(bad):,} of {len(results):,})"
    return f'<h3>{heading}</h3><div class="bl-cases">{"".join(map(_case, bad[:CASES_SHOWN]))}</div>{more}{others}'


def _case(result: Json) -> str:
    outcome = str(result["outcome"])
    sign = _SIGNS.get(outcome, "none")
    asked = [*result.get("history", ()), result["question"]]
    earlier = f'<p dir="auto"><b>Asked before:</b> {escaped(" / ".join(asked[:-1]))}</p>' if asked[:-1] else ""
    cited = "".join(
        f'<blockquote dir="auto">{escaped(c["quote"])}</blockquote>'
        f'<p class="bl-meta">{escaped(c["article"])}{"" if c["on_evidence"] else ", not what was to be cited"}</p>'
        for c in result["citations"]
    )
    answered = escaped(result["answer"]) if result["answer"] else "No answer."
    why = "".join(f'<li dir="auto">{escaped(sentence)}</li>' for sentence in result["why"])
    return (
        f'<details class="bl-case"><summary dir="auto"><span class="bl-{sign}"><b>{escaped(outcome)}</b></span> '
        f"{escaped(result['question'])}</summary>{earlier}{_expected(result)}"
        f'<p dir="auto"><b>Answered:</b> {answered}</p>{cited}<ul>{why}</ul></details>'
    )


def _expected(result: Json) -> str:
    points: Sequence[str] = [" or ".join(point) for point in result["expected"]]
    said = "; ".join(points) or (
        "anything that cites the evidence" if result["answerable"] else "to say that the articles do not answer"
    )
    evidence = "".join(
        f'<blockquote dir="auto">{escaped(" or ".join(gold["quote"] for gold in piece["accepted"]))}</blockquote>'
        f'<p class="bl-meta">{escaped(piece["accepted"][0]["article"])}, {_found(piece)}</p>'
        for piece in result["evidence"]
    )
    return f'<p dir="auto"><b>Expected:</b> {escaped(said)}</p>{evidence}'


def _found(piece: Json) -> str:
    found = f"found at rank {piece['rank']}" if piece["rank"] else "not found"
    return f"{found}, {'cited' if piece['cited'] else 'not cited'}"
