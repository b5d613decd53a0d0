"""A report as a table, JSON, Markdown, and one HTML file that is whole without a network. Pure: data in, text out.

Everything that comes from articles, questions, models or files is escaped: in HTML by `_e`, in Markdown by `_md`.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

from evals.scores import is_lower_better, what_it_says
from rag.types import Json

MAIN = ("citation_precision", "citation_recall", "citation_f1", "answer_recall", "evidence_recall@10", "truthfulness")
BAD = ("error", "wrong", "answered anyway", "refused", "maybe", "partly")


def table(report: Json) -> str:
    """The metrics as aligned lines, for a terminal."""
    lines = [_headline(report)]
    for name, metric in report["metrics"].items():
        lines.append(f"  {name:26} {number(metric['value']):>8}  {interval(metric):18} n={metric['n']}{_arrow(name)}")
    if tags := _parts(report):
        shown = _columns(report)
        lines += ["", f"  {'by part':24}{'cases':>6}" + "".join(f"{name:>20}" for name in shown)]
        for tag, found in tags.items():
            cells = (number(found["metrics"].get(name, {}).get("value")) for name in shown)
            lines.append(f"  {tag:24}{found['cases']:>6}" + "".join(f"{cell:>20}" for cell in cells))
    lines += [f"  published: {row}" for row in report.get("published", ())]
    lines += [f"  note: {row}" for row in report.get("notes", ())]
    if comparison := report.get("comparison"):
        lines += ["", f"  against the other report, {comparison['cases']} cases in both:"]
        for name, d in comparison["differences"].items():
            sure = "" if d["ci95"][0] <= 0 <= d["ci95"][1] else "  *"
            before, after, change = (number(d[key]) for key in ("before", "after", "value"))
            lines.append(f"  {name:26} {before:>8} -> {after:>8}  {change:>8}  {interval(d):18} n={d['n']}{sure}")
        lines.append(f"  {len(comparison['changed'])} cases changed; * marks an interval that leaves 0 out")
        lines += [f"    {c['id']}: {c['before']} -> {c['after']}  {c['question']}" for c in comparison["changed"]]
    return "\n".join(lines)


def markdown(report: Json) -> str:
    """The metrics and the cases that went wrong, as Markdown."""
    lines = [f"# Byline eval: {_md(report['suite'])}", "", _md(_headline(report)), ""]
    lines += ["| metric | value | 95% interval | n | what it is |", "|---|---|---|---|---|"]
    for name, metric in report["metrics"].items():
        what = what_it_says(name)
        lines.append(f"| {_md(name)} | {number(metric['value'])} | {interval(metric)} | {metric['n']} | {_md(what)} |")
    lines += _parts_table(report, _md)
    lines += ["", *(f"- published: {_md(row)}" for row in report.get("published", ()))]
    lines += [f"- {_md(row)}" for row in report.get("notes", ())]
    if comparison := report.get("comparison"):
        lines += ["", "## Against the other report", "", "| metric | before | after | difference | 95% | n |"]
        lines += ["|---|---|---|---|---|---|"]
        for name, d in comparison["differences"].items():
            before, after, change = (number(d[key]) for key in ("before", "after", "value"))
            lines.append(f"| {name} | {before} | {after} | {change} | {interval(d)} | {d['n']} |")
        lines += ["", *(f"- {_md(c['id'])}: {c['before']} → {c['after']}" for c in comparison["changed"])]
    if bad := [result for result in report["results"] if result.get("outcome") in BAD]:
        lines += ["", f"## Not right: {len(bad)} of {report['cases']}", ""]
        for result in bad:
            lines.append(f"- **{_md(result['id'])}** ({result['outcome']}) {_md(result['question'])}")
            lines += [f"  - {_md(why)}" for why in result["why"]]
    return "\n".join(lines) + "\n"


def write(report: Json, folder: Path) -> list[Path]:
    """report.json, report.md and report.html in `folder`, which is made where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "report.json": json.dumps(report, ensure_ascii=False, indent=1) + "\n",
        "report.md": markdown(report),
        "report.html": page(report),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


# -- the page ---------------------------------------------------------------------------------------------------

_STYLE = """
:root { --ink: #1c1b19; --soft: #6b675f; --line: #dcd7cc; --paper: #fbfaf7; --good: #2f6f4f; --bad: #9d3a2b;
  --mid: #8a6d1b }
@media (prefers-color-scheme: dark) { :root { --ink: #ece8df; --soft: #a39d91; --line: #3c3933; --paper: #191816;
  --good: #7fc4a0; --bad: #e79482; --mid: #dabb62 } }
body { font: 16px/1.5 Georgia, serif; color: var(--ink); background: var(--paper); max-width: 68rem; margin: 2rem auto;
  padding: 0 1rem }
h1, h2 { font-weight: 600; line-height: 1.2 }
.n, td.v { font-family: ui-monospace, monospace; font-size: .85em }
table { border-collapse: collapse; width: 100% }
.wide { overflow-x: auto }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top }
td.v { white-space: nowrap }
.soft { color: var(--soft) }
.plots { display: flex; flex-wrap: wrap; gap: 1.5rem }
svg { max-width: 100%; height: auto }
svg text { fill: var(--ink); font: 11px ui-monospace, monospace }
.grid { stroke: var(--line) }
.dot { fill: var(--ink) }
.range, .curve { stroke: var(--mid); stroke-width: 2; fill: none }
.mark { fill: var(--bad) }
details { border-bottom: 1px solid var(--line); padding: .4rem 0 }
summary { cursor: pointer }
.right { color: var(--good) }
.wrong { color: var(--bad) }
.partly { color: var(--mid) }
blockquote { margin: .3rem 0 .3rem .2rem; padding-left: .8rem; border-left: 3px solid var(--line) }
blockquote.on { border-color: var(--good) }
"""
_CLASS = {"right": "right", "rightly refused": "right", "partly": "partly", "refused": "partly", "maybe": "partly"}


def page(report: Json) -> str:
    """The whole report as one HTML file: no script, no font, no picture from elsewhere."""
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'>",
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>Byline eval: {_e(report['suite'])}</title><style>{_STYLE}</style></head><body>",
        f"<h1>Byline eval: {_e(report['suite'])}</h1><p>{_e(_headline(report))}</p>",
        f"<p class=soft>{_e('; '.join(f'{k}: {v}' for k, v in report['config'].items()))}</p>",
        "<div class=plots>",
        intervals_plot(report["metrics"]),
        _curve_plot(report.get("abstention_curve") or [], report.get("abstention_point")),
        *(lines_plot(plot) for plot in report.get("plots", ())),
        "</div>",
        _metrics_table(report),
    ]
    parts += [f"<p>Published: {_e(row)}</p>" for row in report.get("published", ())]
    parts += [f"<p class=soft>{_e(row)}</p>" for row in report.get("notes", ())]
    if _parts(report):
        parts.append(_tags_table(report))
    if report.get("comparison"):
        parts.append(_comparison(report["comparison"]))
    if report["results"]:
        parts.append(f"<h2>Every case ({len(report['results'])})</h2>")
        parts += [_case(result) for result in report["results"]]
    return "\n".join([*parts, "</body></html>\n"])


def _case(result: Json) -> str:
    """What was asked, expected and cited, and why it scored so."""
    outcome = result.get("outcome", "")
    tags = ", ".join([*result.get("tags", ()), *([result["split"]] if result.get("split") else [])])
    head = f"<span class={_CLASS.get(outcome, 'wrong')}>{_e(outcome)}</span> " if outcome else ""
    body = [
        f"<details id='{_e(result.get('id', ''))}'><summary>{head}{_e(result.get('question', ''))} ",
        "<span class='soft n'>",
    ]
    body += [f"{_e(result.get('id', ''))} {_e(tags)}</span></summary>"]
    if result.get("history"):
        body.append(f"<p class=soft>Asked before: {_e(' / '.join(result['history']))}</p>")
    if result.get("filters"):
        body.append(f"<p class=soft>Filters: {_e(json.dumps(result['filters'], ensure_ascii=False))}</p>")
    if result.get("understood", {}).get("because"):
        body.append(f"<p class=soft>Understood as: {_e(json.dumps(result['understood'], ensure_ascii=False))}</p>")
    body += [f"<p>{_e(why)}</p>" for why in result.get("why", ())]
    if "expected" in result:
        points = "; ".join(" or ".join(point) for point in result["expected"]) or (
            "anything that cites the evidence" if result["answerable"] else "to say that the articles do not answer"
        )
        body.append(f"<p><b>Expected:</b> {_e(points)}</p>")
    for piece in result.get("evidence", ()):
        found = f"found at rank {piece['rank']}" if piece["rank"] else "not found"
        state = f"{found}, {'cited' if piece['cited'] else 'not cited'}"
        words = " or ".join(f"“{gold['quote']}” ({gold['article']})" for gold in piece["accepted"])
        body.append(f"<blockquote{' class=on' if piece['cited'] else ''}>{_e(words)} <i>{_e(state)}</i></blockquote>")
    if "citations" in result:
        body.append(f"<p><b>{'Cited:' if result['citations'] else 'Nothing was cited.'}</b></p>")
    for c in result.get("citations", ()):
        where = f"{c['article']} {c['start']}–{c['end']}, support {c['support']:.2f}"
        state = "on evidence" if c["on_evidence"] else "on no gold evidence"
        mark = " class=on" if c["on_evidence"] else ""
        body.append(f"<blockquote{mark}>{_e(c['quote'])} <span class='soft n'>{_e(where)}; {state}</span></blockquote>")
    for name in ("notes", "problems"):
        body += [f"<p class=soft>{_e(name)}: {_e(text)}</p>" for text in result.get(name, ())]
    scores = ", ".join(f"{name} {number(value)}" for name, value in result.get("scores", {}).items())
    seconds = f"; {result['elapsed_s']:.2f} s" if "elapsed_s" in result else ""
    return "".join([*body, f"<p class='soft n'>{_e(scores)}{seconds}</p></details>"])


def _metrics_table(report: Json) -> str:
    rows = [
        f"<tr><td>{_e(name)}</td><td class=v>{number(x['value'])}</td><td class=v>{interval(x)}</td>"
        f"<td class=v>{x['n']}</td><td class=soft>{_e(what_it_says(name))}{_e(_arrow(name))}</td></tr>"
        for name, x in report["metrics"].items()
    ]
    head = "<tr><th>metric<th>value<th>95%<th>n<th>what it is, over which cases</tr>"
    return f"<h2>Figures</h2><div class=wide><table>{head}{''.join(rows)}</table></div>"


def _tags_table(report: Json) -> str:
    shown = [name for name in MAIN if name in report["metrics"]]
    rows = []
    for tag, found in _parts(report).items():
        cells = "".join(f"<td class=v>{number(found['metrics'].get(n, {}).get('value'))}</td>" for n in shown)
        rows.append(f"<tr><td>{_e(tag)}</td><td class=v>{found['cases']}</td>{cells}</tr>")
    head = f"<tr><th>part<th>cases{''.join(f'<th>{_e(n)}' for n in shown)}</tr>"
    return f"<h2>By part</h2><div class=wide><table>{head}{''.join(rows)}</table></div>"


def _comparison(comparison: Json) -> str:
    rows = "".join(
        f"<tr><td>{_e(name)}</td><td class=v>{number(d['before'])}</td><td class=v>{number(d['after'])}</td>"
        f"<td class=v>{number(d['value'])}</td><td class=v>{interval(d)}</td><td class=v>{d['n']}</td></tr>"
        for name, d in comparison["differences"].items()
    )
    changed = "".join(
        f"<li><a href='#{_e(c['id'])}'>{_e(c['id'])}</a> {_e(c['before'])} → {_e(c['after'])}: {_e(c['question'])}</li>"
        for c in comparison["changed"]
    )
    head = "<tr><th>metric<th>before<th>after<th>difference<th>95%<th>n</tr>"
    return (
        f"<h2>Against the other report</h2><div class=wide><table>{head}{rows}</table></div>"
        f"<p>{len(comparison['changed'])} cases changed.</p><ul>{changed}</ul>"
    )


# -- plots, as SVG ----------------------------------------------------------------------------------------------


def _is_share(name: str, metric: Json) -> bool:
    return (
        metric["value"] is not None and metric["ci95"] is not None and 0 <= metric["value"] <= 1 and "_s_" not in name
    )


def intervals_plot(metrics: Json) -> str:
    """Each figure in 0..1 as a dot with its interval, as SVG; nothing where there is none."""
    metrics = {name: metric for name, metric in metrics.items() if _is_share(name, metric)}
    if not metrics:
        return ""
    left, width, row = 190, 300, 18
    height = row * len(metrics) + 30
    parts = [_svg(left + width + 60, height, "The figures with their 95% intervals")]
    for tick in range(6):
        x = left + width * tick / 5
        parts.append(f"<line class=grid x1={x:.1f} y1=0 x2={x:.1f} y2={height - 24} />")
        parts.append(f"<text x={x:.1f} y={height - 8} text-anchor=middle>{tick / 5:.1f}</text>")
    for n, (name, metric) in enumerate(metrics.items()):
        y = row * n + row / 2 + 2
        low, high = (left + width * min(1.0, max(0.0, v)) for v in metric["ci95"])
        parts.append(f"<text x={left - 8} y={y + 4:.1f} text-anchor=end>{_e(name)}</text>")
        parts.append(f"<line class=range x1={low:.1f} y1={y:.1f} x2={high:.1f} y2={y:.1f} />")
        parts.append(f"<circle class=dot cx={left + width * metric['value']:.1f} cy={y:.1f} r=3 />")
    return "".join([*parts, "</svg>"])


def _curve_plot(curve: Sequence[Json], point: Json | None) -> str:
    """Both errors of saying no against each other; the point is where the shipped threshold stands."""
    if not curve:
        return ""
    points = [(p["refused_answerable"], p["answered_unanswerable"]) for p in curve]
    here = [(point["refused_answerable"], point["answered_unanswerable"])] if point else []
    return lines_plot(
        {
            "title": "Saying no: answerable questions refused against unanswerable ones answered, by threshold",
            "x": "refused although answerable",
            "y": "answered although unanswerable",
            "series": [{"name": "", "points": points}],
            "marks": here,
        }
    )


def lines_plot(plot: Json) -> str:
    """A line chart: {"title", "x", "y", "series": [{"name", "points"}], "marks": [points], "log": bool}. With "log"
    both axes are logarithmic, with a line of grid at each power of ten."""
    log = plot.get("log", False)
    every = [p for s in plot["series"] for p in s["points"] if not log or min(p) > 0] + list(plot.get("marks", ()))
    if not every:
        return ""
    scale = math.log10 if log else float
    lows = [math.floor(scale(min(p[i] for p in every))) if log else 0.0 for i in (0, 1)]
    highs = [math.ceil(scale(max(p[i] for p in every))) if log else 1.0 for i in (0, 1)]
    highs = [high if high > low else low + 1 for low, high in zip(lows, highs, strict=True)]
    left, top, size_x, size_y = 60, 16, 300, 240

    def at(point: Sequence[float]) -> tuple[float, float]:
        x, y = ((scale(v) - low) / (high - low) for v, low, high in zip(point, lows, highs, strict=True))
        return left + size_x * x, top + size_y * (1 - y)

    parts = [_svg(left + size_x + 150 * log + 20, top + size_y + 44, plot["title"])]
    for axis in (0, 1):
        steps = range(int(lows[axis]), int(highs[axis]) + 1) if log else [n / 5 for n in range(6)]
        for step in steps:
            value = 10.0**step if log else step
            corner = [10.0**low if log else low for low in lows]
            corner[axis] = value
            x, y = at(corner)
            end = (x, top) if axis == 0 else (left + size_x, y)
            parts.append(f"<line class=grid x1={x:.1f} y1={y:.1f} x2={end[0]:.1f} y2={end[1]:.1f} />")
            where = (
                f"x={x:.1f} y={y + 14:.1f} text-anchor=middle"
                if axis == 0
                else f"x={x - 6:.1f} y={y + 4:.1f} text-anchor=end"
            )
            parts.append(f"<text {where}>{value:g}</text>")
    for n, series in enumerate(plot["series"]):
        line = [at(p) for p in series["points"] if not log or min(p) > 0]
        dash = f" stroke-dasharray='{4 * n} {2 * n}'" if n else ""
        parts.append(f"<polyline class=curve{dash} points='{' '.join(f'{x:.1f},{y:.1f}' for x, y in line)}' />")
        if series["name"] and line:
            parts.append(f"<text x={line[-1][0] + 6:.1f} y={line[-1][1] + 4:.1f}>{_e(series['name'])}</text>")
    for mark in plot.get("marks", ()):
        x, y = at(mark)
        parts.append(f"<circle class=mark cx={x:.1f} cy={y:.1f} r=5 />")
    parts.append(f"<text x={left + size_x / 2} y={top + size_y + 34} text-anchor=middle>{_e(plot['x'])}</text>")
    parts.append(f"<text x={left} y=11>{_e(plot['y'])}</text></svg>")
    return "".join(parts)


def _svg(width: float, height: float, title: str) -> str:
    size = f"viewBox='0 0 {width:.0f} {height:.0f}' width={width:.0f} height={height:.0f}"
    return f"<svg role=img {size}><title>{_e(title)}</title>"


def _parts_table(report: Json, escape: Callable[[str], str]) -> list[str]:
    """The main metrics of each part of the cases as a Markdown table; nothing where there are no parts."""
    tags = _parts(report)
    if not tags:
        return []
    shown = _columns(report)
    lines = ["", f"| part | cases | {' | '.join(shown)} |", f"|---|---|{'---|' * len(shown)}"]
    for tag, found in tags.items():
        cells = " | ".join(number(found["metrics"].get(name, {}).get("value")) for name in shown)
        lines.append(f"| {escape(tag)} | {found['cases']} | {cells} |")
    return lines


def _columns(report: Json) -> list[str]:
    """The metrics that are shown of each part."""
    return list(report.get("columns") or [name for name in MAIN if name in report["metrics"]])


def _parts(report: Json) -> Json:
    """The two halves, then the tags."""
    parts: Json = {**report.get("by_split", {}), **report.get("by_tag", {})}
    return parts


# -- words and numbers ------------------------------------------------------------------------------------------


def _headline(report: Json) -> str:
    parts = [f"suite {report['suite']}", f"{report['cases']} cases", f"{report['errors']} errors"]
    if "abstained" in report:
        parts.append(f"{report['abstained']} abstained")
    return ", ".join(parts)


def number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 1000 else f"{value:.0f}"


def interval(metric: Json) -> str:
    return f"[{number(metric['ci95'][0])}, {number(metric['ci95'][1])}]" if metric.get("ci95") else ""


def _arrow(name: str) -> str:
    return "  (lower is better)" if is_lower_better(name) else ""


def _e(text: object) -> str:
    return html.escape(str(text), quote=True)


_SPECIAL = str.maketrans({c: f"\\{c}" for c in "\\`*_{}[]<>#|~"} | {"\n": " ", "\r": " "})


def _md(text: object) -> str:
    return str(text).translate(_SPECIAL)


def results_section(report: Json) -> str:
    """The part of evals/RESULTS.md that `byline eval --results` writes."""
    lines = [f"### {report['suite']}", "", f"`{report['command']}`: {_headline(report)}.", ""]
    if "columns" not in report:  # else the table of the parts says it all
        lines += ["| metric | value | 95% | n |", "|---|---|---|---|"]
        for name, x in report["metrics"].items():
            lines.append(f"| {name} | {number(x['value'])} | {interval(x)} | {x['n']} |")
    lines += _parts_table(report, str)
    lines += ["", *(f"- published: {row}" for row in report.get("published", ()))]
    lines += [*(f"- {row}" for row in report.get("notes", ())), ""]
    return "\n".join(lines).replace("\n\n\n", "\n\n")
