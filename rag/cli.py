"""The command line. `byline COMMAND --help` shows each command with an example.

Results go to standard output, progress and warnings to standard error. Exit status: 0 done, 1 done but something
failed, 2 used wrongly. `ui` and `eval` live in rooms above this one and are found by their entry points.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NoReturn

from rag.types import BylineError, safe_to_show

Run = Callable[[argparse.Namespace], int]
PLUGIN_COMMANDS = "byline.commands"
KINDS_SHOWN = 12  # of files that ingest passed over


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, with the way to the help."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see `{self.prog} --help`.\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets a replacement, not a crash.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    args = _parser().parse_args(argv)
    try:
        status: int = args.run(args)
        sys.stdout.flush()
        return status
    except BylineError as error:
        _warn(f"byline: {error}")
        return 2
    except KeyboardInterrupt:
        print("\nbyline: stopped; what was stored stays, and the same command goes on from there.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader (head, less) has gone. Standard output is replaced so that Python's own last flush is quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="byline", description="Answers from your own news articles, with the exact words behind every sentence."
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)

    def command(name: str, run: Run, summary: str, example: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name,
            help=summary,
            description=summary,
            epilog=f"example: {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(run=run)
        add_library_option(sub)
        sub.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
        return sub

    sub = command(
        "ingest", _ingest, "Read articles into the library.", "byline ingest articles/ story.html 'wire/*.txt'"
    )
    sub.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="a file, a folder or a glob (.txt .md .html .pdf .docx .eml .mbox .jsonl .json .xml .rss .atom)",
    )
    sub.add_argument(
        "--embedder",
        metavar="NAME",
        help="minilm (default), st:NAME, st:FOLDER, openai:NAME; remembered in the library, another one re-embeds",
    )

    sub = command("search", _search, "Find the passages that fit a question.", 'byline search "hostage release" -k 5')
    _add_question(sub)

    sub = command(
        "ask", _ask, "Answer a question with cited words.", 'byline ask "Who asked for the meeting?" --as-of 2024-05'
    )
    _add_question(sub)
    sub.add_argument(
        "--model", metavar="MODEL", help="extractive (default, built in), openai:NAME, anthropic:NAME or gguf:PATH"
    )
    sub.add_argument(
        "--model-url", metavar="URL", help="the endpoint of openai:NAME, such as http://localhost:11434/v1"
    )
    sub.add_argument("--show-unsupported", action="store_true", help="keep what the sources do not carry, marked")
    sub.add_argument(
        "--after",
        action="append",
        default=[],
        metavar="QUESTION",
        help="an earlier question, so that this one may say “it” (may be given several times, oldest first)",
    )
    sub.add_argument("--save", metavar="FILE", help="keep the answer as a record that `verify` reads (.md .html .json)")

    sub = command(
        "timeline", _timeline, "List what happened, in order, with cited words.", 'byline timeline "the harbour strike"'
    )
    _add_question(sub, k=24)

    sub = command("check", _check, "Check a draft, sentence by sentence.", "byline check draft.txt --as-of 2024-05")
    sub.add_argument("text", metavar="TEXT|FILE", help="the draft: a file, or the text itself; - is standard input")
    _add_limits(sub, k=5)

    sub = command(
        "verify", _verify, "Compare a saved answer with the articles as they are now.", "byline verify answer.md"
    )
    sub.add_argument("record", metavar="RECORD", help="a file that `ask --save` wrote")

    sub = command("status", _status, "Show what the library holds, or one article.", "byline status story.html")
    sub.add_argument("article", nargs="?", metavar="ARTICLE", help="an id, or a path or the end of one")

    sub = command("diff", _diff, "Show what changed between the versions of an article.", "byline diff story.html")
    sub.add_argument("article", metavar="ARTICLE", help="an id, or a path or the end of one")
    sub = command("models", _models, "List the models that can write answers now.", "byline models")
    sub.add_argument("--model-url", metavar="URL", help="the endpoint to ask for its models")

    command("doctor", _doctor, "Check the library and the installation.", "byline doctor")

    sub = command(
        "remove", _remove, "Delete articles and all that was made from them.", "byline remove story.html 3f2a9c"
    )
    sub.add_argument("articles", nargs="+", metavar="ARTICLE", help="an id, or a path or the end of one")

    for entry in sorted(entry_points(group=PLUGIN_COMMANDS), key=lambda entry: entry.name):
        # Each is `register(commands)`; importing it must be cheap.
        entry.load()(commands)
    return parser


def add_library_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--library", metavar="DIR", help="the library's folder (default: $BYLINE_HOME, else user data)")


def _add_question(parser: argparse.ArgumentParser, *, k: int = 8) -> None:
    parser.add_argument("question", metavar="QUESTION")
    parser.add_argument("--literal", action="store_true", help='leave dates in the question ("as of June") alone')
    _add_limits(parser, k=k)


def _add_limits(parser: argparse.ArgumentParser, *, k: int) -> None:
    parser.add_argument("-k", type=int, default=k, metavar="N", help=f"how many passages to find (default {k})")
    parser.add_argument(
        "--outlet", action="append", metavar="NAME", help="only this outlet (may be given several times)"
    )
    parser.add_argument("--from", dest="published_from", metavar="DATE", help="published on this day or later")
    parser.add_argument("--to", dest="published_to", metavar="DATE", help="published on this day or earlier")
    parser.add_argument("--as-of", metavar="DATE", help="as if it were this day: nothing published later is seen")


def _limits(args: argparse.Namespace) -> dict[str, Any]:
    return {
        "k": args.k,
        "outlets": args.outlet,
        "published_from": args.published_from,
        "published_to": args.published_to,
        "as_of": args.as_of,
    }


def _question_limits(args: argparse.Namespace) -> dict[str, Any]:
    return {**_limits(args), "understand": not args.literal}


def _library(args: argparse.Namespace, **options: Any) -> Any:
    from rag.library import Library

    return Library.open(args.library, **options)


def print_json(document: Any) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2))


def _say(text: str = "") -> None:
    print(_harmless(text), flush=True)


def _warn(text: str) -> None:
    print(_harmless(text), file=sys.stderr)


def _one_line(text: str) -> str:
    """Names of files may hold newlines, which would make a second message of the rest."""
    return " ".join(text.split("\n"))


# A carriage return would write over what stands there; the others move the cursor too.
_NO_RETURN = dict.fromkeys(map(ord, "\r\x0b\x0c\x85\u2028\u2029"), " ")


def _harmless(text: str) -> str:
    """For people. Words of articles must not steer the terminal: no control characters, no direction overrides."""
    return safe_to_show(text.translate(_NO_RETURN))


def progress_printer() -> Callable[[int, int, str], None] | None:
    """Progress on one line of the terminal; None where standard error is no terminal."""
    if not sys.stderr.isatty():
        return None
    last = 0.0

    def show(done: int, total: int, what: str) -> None:
        nonlocal last
        if time.monotonic() - last > 0.1 or done == total:
            last = time.monotonic()
            print(f"\r\033[K{done}/{total} {safe_to_show(what[:60])}", end="", file=sys.stderr, flush=True)

    return show


def _ingest(args: argparse.Namespace) -> int:
    with _library(args, embedder=args.embedder) as library:
        progress = progress_printer()
        report = library.ingest(args.paths, progress=progress)
        if progress:
            print("\r\033[K", end="", file=sys.stderr)
    if args.json:
        print_json(report.to_dict())
    else:
        _say(
            f"{report.added} added, {report.updated} updated, {report.unchanged} unchanged"
            + (f", {report.removed} removed" if report.removed else "")
            + f", {len(report.failed)} failed in {report.elapsed_s:.1f} s. "
            f"The library holds {_count(report.articles, 'article')} in {_count(report.passages, 'passage')}."
        )
        for kind, words in (("copy", "carries a story that is"), ("version", "is a version of a piece that is")):
            if same := [entry for entry in report.copies if entry["kind"] == kind]:
                _say(f"{len(same)} of them {words} there already: see byline status")
        for duplicate in report.duplicates:
            _say(f"same article as {duplicate['same_as']}, kept once: {duplicate['path']}")
    if report.skipped:
        special = {"": "no suffix", ".xml": ".xml that is no feed"}
        of_kinds = "kinds that are" if len(report.skipped) > 1 else "a kind that is"
        kinds = [f"{special.get(suffix, suffix[:20])} ({n})" for suffix, n in report.skipped.items()]
        if len(kinds) > KINDS_SHOWN:
            kinds[KINDS_SHOWN:] = [f"{len(kinds) - KINDS_SHOWN} more"]
        passed_over = _count(sum(report.skipped.values()), "file")
        _warn(f"byline: passed over {passed_over} of {of_kinds} not read: {_one_line(', '.join(kinds))}")
    for failure in report.failed:
        _warn(f"byline: {_one_line(failure.path)}: {_one_line(failure.error)}")
    return 1 if report.failed else 0


def _search(args: argparse.Namespace) -> int:
    started = time.perf_counter()
    with _library(args) as library:
        hits, understood = library.retrieve_and_understood(args.question, **_question_limits(args))
    if args.json:
        elapsed_s = round(time.perf_counter() - started, 3)
        listed = [hit.to_dict() for hit in hits]
        print_json({"question": args.question, "understood": understood, "elapsed_s": elapsed_s, "hits": listed})
        return 0
    for because in understood.get("because", ()):
        _say(f"{because}\n")
    from rag.answers.citations import attribution

    for hit in hits:
        parts = " ".join(f"{name} {value:.2f}" for name, value in hit.scores.items())
        _say(f"{hit.rank}. {attribution(hit.article)} — {hit.article.title or 'no title'}  ({hit.score:.2f}: {parts})")
        _say(f"   {_where(hit.article, hit.passage.start, hit.passage.end)}")
        _say(_indent(hit.passage.text) + "\n")
    if not hits:
        _say("Nothing found.")
    return 0


def _ask(args: argparse.Namespace) -> int:
    from rag import record

    target = Path(args.save).expanduser().absolute() if args.save else None
    if target:
        record.check_target(target)  # before the work, not after it
    with _library(args) as library:
        model = library.language_model(args.model, model_url=args.model_url) or "extractive"
        asked = {
            "model": model,
            "show_unsupported": args.show_unsupported,
            "history": args.after,
            **_question_limits(args),
        }
        if args.json:
            claims, answer = [], library.ask(args.question, **asked)
            print_json(answer.to_dict())
        else:
            *claims, answer = _printed(library.stream(args.question, **asked))
        if target:
            record.save(library.record(answer), target)
            print(f"saved: {target}", file=sys.stderr)
    if args.json:
        return 0
    from rag.answers.citations import attribution

    if claims:
        _say()
    if answer.understood.get("question", answer.question) != answer.question:
        _say(f"Understood as: {answer.understood['question']}")
    for line in (
        *answer.understood.get("because", ()),
        *answer.notes,
        *(f"Problem: {problem}" for problem in answer.problems),
    ):
        _say(line)
    shown = {citation.marker: citation for claim in answer.claims for citation in claim.citations}
    for marker, citation in sorted(shown.items()):
        whose = attribution(citation.article, citation.speaker)
        _say(f"[{marker}] {whose} — {citation.article.title or 'no title'}")
        _say(f"    {_where(citation.article, citation.start, citation.end)}")
        _print_dates(citation, "    ")
    _print_differences(answer.disagreements)
    if len(answer.timeline) > 1:
        placed = {*shown, *(c.marker for disagreement in answer.disagreements for c in disagreement.citations)}
        _print_events(answer.timeline, placed)
    if answer.status == "abstained":
        for hit in answer.hits[:3]:
            _say(f"- {attribution(hit.article)} — {hit.article.title or 'no title'}")
            _say(_indent(hit.passage.text))
    return 0


def _timeline(args: argparse.Namespace) -> int:
    started = time.perf_counter()
    with _library(args) as library:
        events, notes = library.timeline_and_notes(args.question, **_question_limits(args))
    if args.json:
        elapsed_s = round(time.perf_counter() - started, 3)
        document = {"question": args.question, "events": [event.to_dict() for event in events], "notes": list(notes)}
        print_json({**document, "elapsed_s": elapsed_s})
        return 0
    from rag.answers.citations import attribution
    from rag.types import date_in_words

    known = {"stated": "", "resolved": "", "published": " (date of the article)"}
    heading = ""
    for event in events:
        if heading != (heading := f"{date_in_words(event.date)}{known[event.source]}"):
            _say(f"{heading}\n")
        for citation in event.citations:
            _say(_indent(f"“{citation.quote}”"))
            _say(f"   [{citation.marker}] {attribution(citation.article)} — {citation.article.title or 'no title'}")
            _say(f"       {_where(citation.article, citation.start, citation.end)}")
            _print_dates(citation, "       ")
        _say()
    for note in notes:
        _say(note)
    return 0


def _printed(events: Iterable[Any]) -> Iterator[Any]:
    """The events, each claim printed when it comes: with its markers, and its verdict where that is in doubt."""
    from rag.answers.citations import render
    from rag.types import Claim

    for event in events:
        if isinstance(event, Claim):
            doubt = "" if event.verdict == "supported" else f" ({event.verdict})"
            _say(render([event]) + doubt)
        yield event


def _print_differences(disagreements: Sequence[Any]) -> None:
    """What the articles report differently, and what a later one has changed, side by side."""
    from rag.answers.citations import attribution

    for kind, heading in (("difference", "Sources differ"), ("update", "Changed since")):
        for disagreement in (d for d in disagreements if d.kind == kind):
            _say(f"\n{heading}: {disagreement.about}")
            for value, citation in zip(disagreement.values, disagreement.citations, strict=True):
                whose = attribution(citation.article, citation.speaker, citation.quote)
                _say(f"  {value} — {whose}: “{' '.join(citation.quote.split())}” [{citation.marker}]")
                _say(f"    {_where(citation.article, citation.start, citation.end)}")


def _print_events(events: Sequence[Any], placed: Collection[int]) -> None:
    """What happened when, a line for each event, and where it stands where that was not said above (`placed`)."""
    from rag.answers.citations import attribution
    from rag.types import date_in_words

    _say("\nIn order of time:")
    for event in events:
        first = event.citations[0]
        sources = "; ".join(f"[{c.marker}] {attribution(c.article, c.speaker, c.quote)}" for c in event.citations)
        _say(f"  {date_in_words(event.date)}: “{' '.join(first.quote.split())}” {sources}")
        for c in event.citations:
            if c.marker not in placed:
                _say(f"    [{c.marker}] {_where(c.article, c.start, c.end)}")


def _check(args: argparse.Namespace) -> int:
    started = time.perf_counter()
    text = _draft(args.text)
    with _library(args) as library:
        sentences = library.check(text, **_limits(args))
    if args.json:
        elapsed_s = round(time.perf_counter() - started, 3)
        print_json({"sentences": [sentence.to_dict() for sentence in sentences], "elapsed_s": elapsed_s})
        return 0
    from rag.answers.citations import attribution

    for sentence in sentences:
        _say(f"{sentence.verdict.upper()}  {' '.join(sentence.text.split())}")
        if sentence.verdict != "supported":
            for lacking in (*sentence.conflicts, *(f"not carried: {words}" for words in sentence.missing)):
                _say(f"    {lacking}")
        for citation in sentence.citations:
            whose = attribution(citation.article, citation.speaker, citation.quote)
            _say(f"    [{citation.marker}] {whose}: “{citation.quote}”")
            _say(f"        {_where(citation.article, citation.start, citation.end)}")
            _print_dates(citation, "        ")
        if not sentence.citations:
            _say("    Nothing in the library about this.")
    return 0


def _draft(given: str) -> str:
    """The draft that TEXT|FILE names."""
    from rag.ingest.formats import decode, load

    if given == "-":
        return decode(sys.stdin.buffer.read())
    try:
        is_file = Path(given).is_file()
    except OSError:  # longer than a file name may be: a text
        is_file = False
    return decode(load(Path(given))) if is_file else given


def _verify(args: argparse.Namespace) -> int:
    from rag.record import read_record

    with _library(args) as library:
        verified = library.verify(read_record(Path(args.record).expanduser()))
    if args.json:
        print_json({"record": args.record, **verified.to_dict()})
        return 0 if verified.holds else 1
    _say(f"{verified.question}  (saved {verified.saved_at})")
    if not verified.intact:
        _say("ALTERED  The record itself was changed after it was saved.")
    for claim in verified.claims:
        verdict = "HOLDS" if claim.holds else "CHANGED" if claim.carried else "NO LONGER CARRIED"
        _say(f"{verdict}  {claim.text}")
        for c in claim.citations:
            if c.state != "unchanged":
                _say(f"    [{c.marker}] {c.article['path']}: {_STATE[c.state]}")
            if c.state == "changed":
                _say(f"        was: “{c.quote}”")
                _say(f"        now: “{c.now['text']}”" if c.now else "        nothing like it is left")
    if not verified.claims:
        _say("The record makes no claim: the articles did not answer.")
    return 0 if verified.holds else 1


_STATE = {
    "moved": "the same words, at another place",
    "changed": "the words changed",
    "gone": "the article is not in the library",
}


def _status(args: argparse.Namespace) -> int:
    with _library(args) as library:
        if args.article:
            article = library.find(args.article)
            document = {
                **article.to_dict(),
                "reasons": dict(article.reasons),
                "copies": [copy.id for copy in library.copies(article)],
                "versions": [version.to_dict() for version in library.versions(article)],
                "characters": len(article.text),
                "passages": len(library.passages(article)),
                "boilerplate": [{"start": s, "end": e, "text": article.text[s:e]} for s, e in article.boilerplate],
            }
        else:
            document = library.status()
            listed = [article.to_dict() for article in library.articles()]
            document["listed"] = listed
    if args.json:
        print_json(document)
        return 0
    reasons = document.get("reasons", {})
    for name, value in document.items():
        if name in ("inferred", "reasons"):
            continue
        if name == "listed":
            for entry in value:
                day, outlet, title = (entry[key] or "-" for key in ("published", "outlet", "title"))
                _say(f"  {entry['id']}  {day:10}  {outlet:14.14}  {title}{_story(entry)}")
        elif name == "versions":
            for n, version in enumerate(value if len(value) > 1 else [], start=1):
                entry, read = version["article"], version["replaced_at"]
                stamp = entry["updated"] or entry["published"] or "date not known"
                _say(f"version {n}: {entry['id']}, {stamp}" + (f", until {read}" if read else ""))
        elif name == "boilerplate":
            for span in value:
                _say(f"left out {span['start']}-{span['end']}: {' '.join(span['text'].split())[:80]}")
        elif isinstance(value, dict):
            _say(f"{name}: " + ("; ".join(f"{k}: {v}" for k, v in value.items()) or "none"))
        else:
            shown = ", ".join(value) if isinstance(value, list) else value if value is not None else "-"
            how = "inferred: " if name in document.get("inferred", ()) else ""
            _say(f"{name}: {shown}" + (f" ({how}{reasons[name]})" if name in reasons else ""))
    for name in reasons.keys() - document.keys():
        _say(f"{name}: {reasons[name]}")
    return 0


def _story(entry: dict[str, Any]) -> str:
    if entry["replaced_by"]:
        return f"  (replaced by {entry['replaced_by']})"
    return f"  (same story as {entry['cluster']})" if entry["cluster"] not in (None, entry["id"]) else ""


def _diff(args: argparse.Namespace) -> int:
    with _library(args) as library:
        article = library.find(args.article)
        diffs = library.diff(article)
    if args.json:
        print_json({"article": article.to_dict(), "diffs": [diff.to_dict() for diff in diffs]})
        return 0
    for n, diff in enumerate(diffs, start=1):
        older, newer = diff.older.article, diff.newer.article
        _say(f"version {n} to {n + 1}: {newer.title or newer.path}")
        for name, (before, after) in diff.fields.items():
            _say(f"  {name}: {_value(before)} -> {_value(after)}")
        for change in diff.changes:
            _say(f"  {change.kind}")
            if change.before is not None:
                _print_side("-", "31", older, change.before, change.before_text)
            if change.after is not None:
                _print_side("+", "32", newer, change.after, change.after_text)
        if not diff.changes:
            _say("  the sentences are the same")
    if not diffs:
        _say(f"There is one version of {article.title or article.path}; the next one is kept beside it.")
    return 0


def _value(value: Any) -> str:
    return ", ".join(value) or "none" if isinstance(value, list | tuple) else "none" if value is None else str(value)


def _print_side(sign: str, colour: str, article: Any, span: tuple[int, int], text: str) -> None:
    import textwrap

    # Words of an article must not steer the terminal.
    words = "".join(c if c.isprintable() else " " for c in " ".join(text.split()))
    start, end = ("", "") if not sys.stdout.isatty() or os.environ.get("NO_COLOR") else (f"\033[{colour}m", "\033[0m")
    for n, line in enumerate(textwrap.wrap(words, 100)):
        print(f"  {start}{sign if n == 0 else ' '} {line}{end}" + (f"  [{span[0]}-{span[1]}]" if n == 0 else ""))


def _models(args: argparse.Namespace) -> int:
    from rag.models.available import list_models

    with _library(args) as library:
        models = list_models(library.settings(model_url=args.model_url))
    if args.json:
        print_json({"models": models})
        return 0
    for model in models:
        _say(f"{'ready' if model['usable'] else '-    '}  {model['name']}: {model['why']}")
        if model["mend"]:
            _say(f"       {model['mend']}")
    return 0


def _doctor(args: argparse.Namespace) -> int:
    from rag.doctor import examine

    with _library(args) as library:
        checks = examine(library)
    sound = all(check["ok"] for check in checks)
    if args.json:
        print_json({"ok": sound, "checks": checks})
    else:
        for check in checks:
            _say(f"{'ok  ' if check['ok'] else 'FAIL'} {check['name']}: {check['detail']}")
            if check["mend"]:
                _say(f"     {check['mend']}")
    return 0 if sound else 1


def _remove(args: argparse.Namespace) -> int:
    with _library(args) as library:
        gone = library.remove(args.articles)
        status = library.status()
    if args.json:
        counts = {"articles": status["articles"], "passages": status["passages"]}
        print_json({"removed": [article.to_dict() for article in gone], **counts})
    else:
        for article in gone:
            _say(f"removed {article.id}  {article.title or article.path}")
    return 0


def _print_dates(citation: Any, indent: str) -> None:
    """What the relative dates of a quote mean: beside it, never in it."""
    from rag.types import date_in_words

    for date in citation.dates:
        _say(f"{indent}“{date.words}” is {date_in_words(date.date)}: {date.basis}")


def _where(article: Any, start: int, end: int) -> str:
    at = f"{article.to_dict()['path']} characters {start + article.offset}-{end + article.offset}"
    return f"{at} of the file" if article.offset else at


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def _indent(text: str) -> str:
    import textwrap

    return textwrap.indent(textwrap.fill(" ".join(text.split()), 100), "   ")


if __name__ == "__main__":
    sys.exit(main())
