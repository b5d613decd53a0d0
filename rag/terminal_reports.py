"""What ingest did, what a library holds, and what is in use, as lines of a terminal for people."""

from __future__ import annotations

from collections.abc import Sequence

from rag.ingest.warnings import INFERRED_DATE, KINDS
from rag.terminal import count, say, warn
from rag.types import IngestReport, Json

KINDS_SHOWN = 12  # of files that ingest passed over
DUPLICATES_SHOWN = WARNINGS_SHOWN = LACKING_SHOWN = 20
_LACKING = {"title": "a title", "outlet": "an outlet", "published": "a date"}


def print_ingested(report: IngestReport) -> None:
    """The table of what an ingest did."""
    kinds: dict[str, int] = {}
    for warning in report.warnings:
        kinds[KINDS[warning.kind]] = kinds.get(KINDS[warning.kind], 0) + warning.n
    for name, n, more in (
        ("added", report.added, ""),
        ("updated", report.updated, ""),
        ("unchanged", report.unchanged, ""),
        ("removed", report.removed, "no longer in their file"),
        ("passed over", sum(report.skipped.values()), f"of a kind that is not read: {_kinds(_suffixes(report))}"),
        ("failed", len(report.failed), "each with its reason above or on standard error"),
        ("warnings", sum(kinds.values()), _kinds(kinds)),
    ):
        if n or name in ("added", "updated", "unchanged", "failed"):
            say(f"{name:12}{n:>8,}" + (f"  {more}" if n and more else ""))
    told = {
        "copy": ("carries a story", "carry a story"),
        "version": ("is a version of a piece", "are versions of a piece"),
    }
    for kind, (of_one, of_many) in told.items():
        if same := [entry for entry in report.copies if entry["kind"] == kind]:
            words = of_one if len(same) == 1 else of_many
            say(f"{len(same)} of them {words} that is there already: see byline status")
    for duplicate in report.duplicates[:DUPLICATES_SHOWN]:
        say(f"same article as {duplicate['same_as']}, kept once: {duplicate['path']}")
    if (more_duplicates := len(report.duplicates) - DUPLICATES_SHOWN) > 0:
        say(f"and {more_duplicates:,} more that are there under another name")
    say(
        f"The library holds {count(report.articles, 'article')} in {count(report.passages, 'passage')}; "
        f"{report.elapsed_s:.1f} s."
    )


def _suffixes(report: IngestReport) -> Json:
    special = {"": "no suffix", ".xml": ".xml that is no feed"}
    return {special.get(suffix, suffix[:20]): n for suffix, n in report.skipped.items()}


def _kinds(counts: Json) -> str:
    """What is counted of each kind, the first so many of them."""
    kinds = [f"{kind} ({n:,})" for kind, n in counts.items()]
    if len(kinds) > KINDS_SHOWN:
        kinds[KINDS_SHOWN:] = [f"{len(kinds) - KINDS_SHOWN} more"]
    return ", ".join(kinds)


def warn_of_files(report: IngestReport) -> None:
    """Of those that were passed over, by kind, of each that could not be read, and of what is uncertain in others."""
    if report.skipped:
        of_kinds = "kinds that are" if len(report.skipped) > 1 else "a kind that is"
        passed_over = count(sum(report.skipped.values()), "file")
        warn(f"byline: passed over {passed_over} of {of_kinds} not read: {_kinds(_suffixes(report))}")
    for failure in report.failed:
        warn(f"byline: {failure.path}: {failure.error}")
    # Inferred dates are usual, and counted only; --json lists them.
    told = [warning for warning in report.warnings if warning.kind != INFERRED_DATE]
    for warning in told[:WARNINGS_SHOWN]:
        warn(f"byline: warning: {warning.path}: {warning.warning}")
    if (more := len(told) - WARNINGS_SHOWN) > 0:
        warn(f"byline: and {more:,} more warnings: --json lists them, byline status ARTICLE has those of one.")


def print_status(document: Json) -> None:
    """The library, or one article, as `status --json` gives it."""
    reasons = document.get("reasons", {})
    for name, value in document.items():
        if name in ("inferred", "reasons"):
            continue
        if name == "listed":
            for entry in value:
                day, outlet = entry["published"] or "-", entry["outlet"] or "-"
                title = entry["title"] or entry["path"]
                say(f"  {entry['id']}  {day:10}  {outlet:14.14}  {title}{_story(entry)}")
        elif name == "lacking":
            _print_lacking(value, document.get("listed", ()))
        elif name == "versions":
            for n, version in enumerate(value if len(value) > 1 else [], start=1):
                entry, until = version["article"], version["replaced_at"]
                stamp = entry["updated"] or entry["published"] or "date not known"
                say(f"version {n}: {entry['id']}, {stamp}" + (f", until {until}" if until else ""))
        elif name == "boilerplate":
            for span in value:
                say(f"left out {span['start']}-{span['end']}: {' '.join(span['text'].split())[:80]}")
        elif isinstance(value, dict):
            say(f"{name}: " + ("; ".join(f"{k}: {v}" for k, v in value.items()) or "none"))
        else:
            shown = ", ".join(value) if isinstance(value, list) else value if value is not None else "-"
            how = "inferred: " if name in document.get("inferred", ()) else ""
            say(f"{name}: {shown}" + (f" ({how}{reasons[name]})" if name in reasons else ""))
    for name in reasons.keys() - document.keys():
        say(f"{name}: {reasons[name]}")


def _print_lacking(lacking: Json, listed: Sequence[Json]) -> None:
    """The articles without a title, an outlet or a date, and how to mend them."""
    paths = {entry["id"]: entry["path"] for entry in listed}
    for what, ids in lacking.items():
        if ids:
            say(f"without {_LACKING[what]}: {count(len(ids), 'article')}")
            for article_id in ids[:LACKING_SHOWN]:
                say(f"  {article_id}  {paths.get(article_id, '')}")
            if len(ids) > LACKING_SHOWN:
                say(f"  and {len(ids) - LACKING_SHOWN:,} more: --json lists them")
    if any(lacking.values()):
        say("What is missing can be given in a manifest.csv beside the files: file,title,outlet,published")


def _story(entry: Json) -> str:
    if entry["replaced_by"]:
        return f"  (replaced by {entry['replaced_by']})"
    return f"  (same story as {entry['cluster']})" if entry["cluster"] not in (None, entry["id"]) else ""


def print_checks(checks: Sequence[Json]) -> None:
    """What `byline doctor` found."""
    for check in checks:
        say(f"{'ok  ' if check['ok'] else 'FAIL'} {check['name']}: {check['detail']}")
        if check["mend"]:
            say(f"     {check['mend']}")


def print_models(document: Json) -> None:
    """Who can write, and what reads and checks, as `models --json` gives it."""
    for model in document["models"]:
        _print_model(model["name"], model)
    for use in ("reader", "checker"):
        entry = document[use]
        base = f" on {entry['base']}" if entry["tier"] else ""
        _print_model(f"{use} {entry['tier'] or entry['spec']}{base}", entry)


def _print_model(name: str, entry: Json) -> None:
    say(f"{'ready' if entry['usable'] else '-    '}  {name}: {entry['why']}")
    if entry["mend"]:
        say(f"       {entry['mend']}")


def print_tried(tried: Json, kept: str | None) -> None:
    """How a model did with each prompt, as `models test --json` gives it."""
    for style, result in tried["prompts"].items():
        if "failed" in result:
            say(f"{style:6} {result['failed']}")
            continue
        found = ", ".join(
            f"{verb}s" if result[f"{verb}s"] else f"does not {verb}" for verb in ("cite", "refuse", "follow")
        )
        say(f"{style:6} {result['right']} of 2 answers right; {found}; {result['elapsed_s']:.1f} s")
        for one in result["questions"]:
            say(f"       {one['question']}")
            say(f"         {' '.join(one['text'].split())}")
    say(f"{tried['model']} is best asked with the {tried['style']} prompt.")
    if kept:
        say(f"Kept in {kept}; with prompt_style auto it is asked so from now on.")
