"""Results as lines of a terminal, for people: hits, answers, timelines, checked drafts, verified records, versions."""

from __future__ import annotations

import codecs
import contextlib
import json
import os
import sys
import textwrap
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rag.answers.citations import attribution, place_in_words, render
from rag.answers.records import Verification
from rag.ingest.changes import Diff
from rag.text.calendar import date_in_words
from rag.text.characters import safe_to_show
from rag.types import (
    Answer,
    Article,
    CheckedSentence,
    Citation,
    Claim,
    Disagreement,
    Event,
    Finding,
    Json,
    SearchHit,
    to_json,
)

WIDTH = 100
# A carriage return would write over what stands there, a newline forge a line: the name of a file may hold either.
_ONE_LINE = dict.fromkeys(map(ord, "\n\r\x0b\x0c\x85\u2028\u2029"), " ")
_SOURCE_OF_DATE = {"stated": "", "resolved": "", "published": " (date of the article)"}
_PLANNED = {True: " (planned)", False: ""}
_STATE = {
    "moved": "the same words, at another place",
    "changed": "the words changed",
    "gone": "the article is not in the library",
}


def say(text: str = "") -> None:
    """A line of the result, on standard output; one line, whatever is in it."""
    print(_harmless(text), flush=True)


def warn(text: str) -> None:
    """A line beside the result, on standard error."""
    with contextlib.suppress(OSError):  # nobody reads it: no reason to keep the result back
        print(_harmless(text), file=sys.stderr)


def print_json(document: Any) -> None:
    """The one JSON document of a command, on standard output: in ASCII where that takes no UTF-8, as an escape of the
    stream's own (`\\xe9`) is no JSON."""
    is_utf8 = codecs.lookup(getattr(sys.stdout, "encoding", None) or "utf-8").name == "utf-8"
    print(json.dumps(to_json(document), ensure_ascii=not is_utf8, indent=2))


def warn_all(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        warn(f"byline: {sentence}")


def _harmless(text: str) -> str:
    """Words of articles must not steer the terminal: no control characters, no direction overrides, no other line."""
    return safe_to_show(text.translate(_ONE_LINE))


@contextmanager
def progress(*, in_bytes: bool = False) -> Iterator[Callable[[int, int, str], None] | None]:
    """Gives what shows progress on one line, cleared at the end; None where standard error is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    last = 0.0

    def show(done: int, total: int, what: str) -> None:
        nonlocal last
        if time.monotonic() - last > 0.1 or done == total:
            last = time.monotonic()
            far = f"{done / 1e6:.0f}/{total / 1e6:.0f} MB" if in_bytes else f"{done}/{total}"
            print(f"\r\033[K{far} {_harmless(what[:60])}", end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        print("\r\033[K", end="", file=sys.stderr)


def print_hits(hits: Sequence[SearchHit], understood: Json) -> None:
    for because in understood.get("because", ()):
        say(because)
        say()
    for hit in hits:
        parts = " ".join(f"{name} {value:.2f}" for name, value in hit.scores.items())
        say(f"{hit.rank}. {_titled(hit.article)}  ({hit.score:.2f}: {parts})")
        say(f"   {_where(hit.article, hit.passage.start, hit.passage.end)}")
        say_indented(hit.passage.text)
        say()
    if not hits:
        say("Nothing found.")


def printed(events: Iterable[Claim | Answer]) -> Iterator[Claim | Answer]:
    """The events, each claim printed when it comes: with its markers, and its verdict where that is in doubt."""
    for event in events:
        if isinstance(event, Claim):
            doubt = "" if event.verdict == "supported" else f" ({event.verdict})"
            say(render([event]) + doubt)
        yield event


def print_rest(answer: Answer) -> None:
    """All of an answer but its claims: what was understood, notes, sources, differences, events, nearest passages."""
    if answer.understood.get("question", answer.question) != answer.question:
        say(f"Understood as: {answer.understood['question']}")
    for line in (
        *answer.understood.get("because", ()),
        *answer.notes,
        *(f"Problem: {problem}" for problem in answer.problems),
    ):
        say(line)
    shown = {citation.marker: citation for claim in answer.claims for citation in claim.citations}
    for marker, citation in sorted(shown.items()):
        say(f"[{marker}] {_titled(citation.article, citation.speaker)}")
        _print_place(citation, "    ")
    _print_differences(answer.disagreements)
    if len(answer.timeline) > 1:
        placed = {*shown, *(c.marker for disagreement in answer.disagreements for c in disagreement.citations)}
        _print_events(answer.timeline, placed)
    if answer.status == "abstained":
        for hit in answer.hits[:3]:
            say(f"- {_titled(hit.article)}")
            say_indented(hit.passage.text)


def _print_differences(disagreements: Sequence[Disagreement]) -> None:
    """What the articles report differently, and what a later one has changed, side by side."""
    for kind, heading in (("difference", "Sources differ"), ("update", "Changed since")):
        for disagreement in (d for d in disagreements if d.kind == kind):
            say()
            say(f"{heading}: {disagreement.about}")
            for value, c in zip(disagreement.values, disagreement.citations, strict=True):
                say(f"  {value} — {_whose(c)}: “{' '.join(c.quote.split())}” [{c.marker}]")
                say(f"    {_where(c.article, c.start, c.end)}")


def _print_events(events: Sequence[Event], placed: Collection[int]) -> None:
    """What happened when, a line for each event, and where it stands where that was not said above (`placed`)."""
    say()
    say("In order of time:")
    for event in events:
        sources = "; ".join(f"[{c.marker}] {_whose(c)}" for c in event.citations)
        when = f"{date_in_words(event.date)}{_PLANNED[event.planned]}"
        say(f"  {when}: “{' '.join(event.citations[0].quote.split())}” {sources}")
        for c in event.citations:
            if c.marker not in placed:
                say(f"    [{c.marker}] {_where(c.article, c.start, c.end)}")


def print_timeline(events: Sequence[Event], notes: Sequence[str]) -> None:
    heading = ""
    for event in events:
        if heading != (
            heading := f"{date_in_words(event.date)}{_SOURCE_OF_DATE[event.source]}{_PLANNED[event.planned]}"
        ):
            say(heading)
            say()
        for citation in event.citations:
            say_indented(f"“{citation.quote}”")
            say(f"   [{citation.marker}] {_titled(citation.article)}")
            _print_place(citation, "       ")
        say()
    for note in notes:
        say(note)


FINDINGS: dict[Finding, str] = {
    "supported": "SUPPORTED",
    "contradicted": "CONTRADICTED",
    "attribution": "SAY WHO SAYS SO",
    "partial": "PARTLY SUPPORTED",
    "not_found": "NOT FOUND",
}


def print_checked(sentences: Sequence[CheckedSentence]) -> None:
    for sentence in sentences:
        say(f"{FINDINGS[sentence.finding]}  {' '.join(sentence.text.split())}")
        if sentence.verdict != "supported":
            for lacking in (*sentence.conflicts, *(f"not carried: {words}" for words in sentence.missing)):
                say(f"    {lacking}")
        if sentence.witness and sentence.witness["effect"]:
            said = "carry it" if sentence.witness["effect"] == "lifted" else "do not carry it"
            say(f"    {sentence.witness['model']} says that the words {said}")
        for citation in sentence.citations:
            say(f"    [{citation.marker}] {_whose(citation)}: “{citation.quote}”")
            _print_place(citation, "        ")
        if not sentence.citations:
            say("    Nothing in the library about this.")


def print_verification(verified: Verification) -> None:
    say(f"{verified.question}  (saved {verified.saved_at})")
    if not verified.intact:
        say("ALTERED  The record itself was changed after it was saved.")
    for claim in verified.claims:
        verdict = "HOLDS" if claim.holds else "CHANGED" if claim.carried else "NO LONGER CARRIED"
        say(f"{verdict}  {claim.text}")
        for c in claim.citations:
            if c.state != "unchanged":
                say(f"    [{c.marker}] {c.article['path']}: {_STATE[c.state]}")
            if c.state == "changed":
                say(f"        was: “{c.quote}”")
                say(f"        now: “{c.now['text']}”" if c.now else "        nothing like it is left")
    if not verified.claims:
        say("The record makes no claim: the articles did not answer.")


def print_diffs(article: Article, diffs: Sequence[Diff]) -> None:
    for n, diff in enumerate(diffs, start=1):
        newer = diff.newer.article
        say(f"version {n} to {n + 1}: {newer.title or newer.path}")
        for name, (before, after) in diff.fields.items():
            say(f"  {name}: {_value(before)} -> {_value(after)}")
        for change in diff.changes:
            say(f"  {change.kind}")
            if change.before is not None:
                _print_side("-", "31", change.before, change.before_text)
            if change.after is not None:
                _print_side("+", "32", change.after, change.after_text)
        if not diff.changes:
            say("  the sentences are the same")
    if not diffs:
        say(f"There is one version of {article.title or article.path}; the next one is kept beside it.")


def _value(value: Any) -> str:
    return ", ".join(value) or "none" if isinstance(value, list | tuple) else "none" if value is None else str(value)


def _print_side(sign: str, colour: str, span: tuple[int, int], text: str) -> None:
    # Not through `say`, which would take out the colour; hence the words are made harmless here.
    words = "".join(c if c.isprintable() else " " for c in " ".join(text.split()))
    start, end = ("", "") if not sys.stdout.isatty() or os.environ.get("NO_COLOR") else (f"\033[{colour}m", "\033[0m")
    for n, line in enumerate(textwrap.wrap(words, WIDTH)):
        print(f"  {start}{sign if n == 0 else ' '} {line}{end}" + (f"  [{span[0]}-{span[1]}]" if n == 0 else ""))


def _print_place(citation: Citation, indent: str) -> None:
    """Where a quote stands, and what its relative dates mean: beside it, never in it."""
    say(f"{indent}{_where(citation.article, citation.start, citation.end)}")
    for date in citation.dates:
        say(f"{indent}“{date.words}” is {date_in_words(date.date)}: {date.basis}")


def _titled(article: Article, speaker: str | None = None) -> str:
    return f"{attribution(article, speaker)} — {article.title or 'no title'}"


def _whose(citation: Citation) -> str:
    return attribution(citation.article, citation.speaker, citation.quote)


def _where(article: Article, start: int, end: int) -> str:
    place = article.place_at(start)
    parts = [str(article.to_dict()["path"]), place_in_words(place.page, place.time)]
    at = f"{' '.join(filter(None, parts))} characters {start + article.offset}-{end + article.offset}"
    return f"{at} of the file" if article.offset else at


def count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def say_indented(text: str) -> None:
    """A text in as many lines as it takes."""
    for line in textwrap.wrap(" ".join(text.split()), WIDTH):
        say(f"   {line}")
