"""An answer of `rag.types` to HTML: the answer pane, the conversation, the line of the masthead. Pure, as `ui.markup`
is."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from rag.text.calendar import date_in_words
from rag.types import Answer, Claim, Disagreement, Event, Json
from ui.access import path_as_seen
from ui.cards import Card, Key, cards, markers, source_cards, whole_button
from ui.markup import beside, box, busy, count, escaped, idle, listed, source

QUESTION_SHOWN = 300
MOST_IN_LINK = 2_000  # characters of each value

_STATUS = {"answered": "Answered", "partial": "Partly answered", "abstained": "Not in these articles"}
_MAYBE = "This may answer it"
_NO_ANSWER = '<p class="bl-claim">No answer: the articles do not say.</p>'
_VERDICT = {"partial": "only partly backed by the words it cites", "unsupported": "not backed by the words it cites"}
# The sign beside a sentence, and what it says to those who do not see it; its form tells what its colour does.
_SIGNS = {
    "supported": ("full", "Backed:"),
    "partial": ("part", "Partly backed:"),
    "unsupported": ("none", "Not backed:"),
    "uncited": ("absent", "No source:"),
}
_KIND = {"update": "Changed later", "difference": "Reports differ"}
_KNOWN = {"stated": "", "resolved": "worked out from the article’s date", "published": "the article’s own date"}
_LIMITS = {"outlets": "of", "published_from": "from", "published_to": "up to", "as_of": "as of"}


def library_line(overview: Json) -> str:
    """How many articles the library holds, from which outlets, of which dates (`Library.overview`). HTML."""
    if not overview["articles"]:
        return '<p class="bl-holds">This library holds no articles yet.</p>'
    outlets = list(overview["outlets"])
    parts = [f"<b>{count(overview['articles'], 'article')}</b>"]
    if outlets:
        more = [count(len(outlets) - 4, "other outlet")] if len(outlets) > 4 else []
        parts.append(listed([f'<bdi class="bl-name">{escaped(name)}</bdi>' for name in outlets[:4]] + more))
    if dates := [escaped(date_in_words(overview[end])) for end in ("first", "last") if overview[end]]:
        parts.append(" to ".join(dict.fromkeys(dates)))
        parts += [f"{overview['undated']:,} undated"] if overview["undated"] else []
    return f'<p class="bl-holds">{" · ".join(parts)}</p>'


def welcome(n_articles: int, path: Path | str, *, can_add: bool = False) -> str:
    """What the answer pane shows before the first question; in an empty library, how to fill it, on the page too where
    it `can_add`."""
    if n_articles:
        return idle("Ask a question. Each sentence of the answer leads to the words that back it.")
    command = f"byline ingest PATH --library {shlex.quote(path_as_seen(str(path)))}"
    how = "Drop some under “Add articles”, or add them" if can_add else "Add some"
    return (
        '<div class="bl-box"><h3>This library holds no articles yet</h3>'
        f"<p>{how} from a terminal, where PATH is a file or a folder, then ask again:</p>"
        f"<pre><code>{escaped(command)}</code></pre></div>"
    )


def models(entries: Sequence[Json]) -> str:
    """What `Library.models` lists: whether each can be used, why or why not, and what would make it usable."""
    items = []
    for entry in entries:
        name, is_usable = str(entry["name"]), bool(entry["usable"])
        stands_for_any = not entry.get("own") and (name.endswith((":NAME", ":PATH")) or "(" in name)
        deeds = "".join(
            f'<button type="button" name="{deed}" value="{escaped(name)}">{label}</button>'
            for deed, label in (("use", "Use"), ("try", "Test the connection"), ("forget", "Forget the key"))
            if is_usable
            and not stands_for_any
            and (deed, name) != ("try", "extractive")
            and (deed != "forget" or entry.get("own"))
        )
        mend = f"<p>To use it: <code>{escaped(str(entry['mend']))}</code></p>" if entry["mend"] else ""
        kind, word = ("full", "Usable") if is_usable else ("absent", "Not usable")
        items.append(
            f'<li><p class="bl-model"><span class="bl-sign bl-{kind}"><span class="bl-sr">{word}: </span></span>'
            f"<bdi>{escaped(name)}</bdi></p><p>{escaped(str(entry['why']))}</p>{mend}"
            f'{f"""<div class="bl-deeds">{deeds}</div>""" if deeds else ""}</li>'
        )
    return f'<ul class="bl-models">{"".join(items)}</ul>' if items else idle("This library cannot tell of any models.")


def from_link() -> str:
    """What the answer pane shows where the address brought a question."""
    return idle("The link brought the question above: press Ask to have it answered from these articles.")


def chips(questions: Sequence[str]) -> str:
    """A button for each question that asks it. Nothing for none."""
    return "".join(
        f'<button type="button" class="bl-chip" name="ask" value="{escaped(question)}" dir="auto">'
        f"{escaped(_short(question))}</button>"
        for question in questions
    )


def follow_ups(questions: Sequence[str]) -> str:
    """The same, of questions that lead on from an answer."""
    return f'<p class="bl-on">The articles also answer</p>{chips(questions)}' if questions else ""


def working(question: str, n_articles: int, limits: Mapping[str, Any] | None = None) -> str:
    """Shown at once while a question is being answered."""
    where = count(n_articles, "article") if n_articles else "the articles"
    return f"{_question(question)}{busy(f'Searching {where}…')}{_limits(limits)}"


def writing(question: str, claims: Sequence[Claim], limits: Mapping[str, Any] | None = None) -> str:
    """The answer so far: each sentence has been checked, and more may come. Nothing of it moves when the rest comes."""
    state = busy(f"{count(len(claims), 'sentence')} checked; there may be more…")
    # Busy: a screen reader waits for the whole answer instead of starting anew with each sentence.
    return f'<div aria-busy="true">{_question(question)}{state}{_limits(limits)}{_claims(claims)}</div>'


def stopped(question: str, claims: Sequence[Claim]) -> str:
    """What stands there when the reader stops the answer."""
    kept = "The sentences above were checked; the rest was not written." if claims else "Nothing was written."
    status = '<p class="bl-status bl-abstained">Stopped</p>'
    return f"{_question(question)}{status}{_claims(claims)}{idle(kept)}"


def answer_pane(
    answer: Answer,
    *,
    limits: Mapping[str, Any] | None = None,
    copied: str = "",
    files: Mapping[str, tuple[str, str]] | None = None,
) -> str:
    """Question, what was understood, status, one paragraph per claim, disagreements, timeline, notes, problems, time
    and model.

    `limits` are the filters of `ask` that were on: they are folded away on the page, and no answer, least of all
    "not in these articles", is to be read without them. `copied` is what the button that copies puts on the clipboard
    (Markdown); `files` has, by name, what the others save: what a button is called and the text.
    """
    parts = [
        _question(answer.question),
        f'<p class="bl-status bl-{answer.status}"><span class="bl-sr">Status: </span>{_status(answer)}</p>',
        _limits(limits),
        _understood(answer),
    ]
    parts.append(_NO_ANSWER if answer.status == "abstained" else _claims(answer.claims))
    parts += [_disagreement(number, found) for number, found in enumerate(answer.disagreements, start=1)]
    parts.append(_timeline(answer.timeline))
    parts.append(box("Notes", answer.notes, "bl-notes"))
    parts.append(box("Problems with the model’s text", answer.problems, "bl-problems"))
    seconds = f"{answer.elapsed_s:.1f} s" if answer.elapsed_s >= 0.1 else "under 0.1 s"
    parts.append(f'<p class="bl-small">{seconds} · model: {escaped(answer.model)}{_usage(answer.usage)}</p>')
    if copied:
        parts.append(_keeping(copied, link(answer.question, limits or {}, answer.model), files or {}))
    return "".join(parts)


def _usage(usage: Json) -> str:
    """The tokens and the cost of an answer, as far as the model's server tells them."""
    words = {"tokens_in": "read", "tokens_out": "written"}
    tokens = [f"{usage[name]:,.0f} {word}" for name, word in words.items() if name in usage]
    cost = [f"${usage['cost_usd']:.2g}"] if "cost_usd" in usage else []
    return "".join(f" · {part}" for part in [*([f"tokens: {', '.join(tokens)}"] if tokens else []), *cost])


def _status(answer: Answer) -> str:
    return _MAYBE if answer.maybe else _STATUS[answer.status]


def conversation(answers: Sequence[Answer]) -> str:
    """The earlier answers of a conversation, oldest first: shown newest first, each folded under its question, its
    markers and cards in working order. Nothing for none."""
    if not answers:
        return ""
    folds = "".join(
        f'<details class="bl-turn"><summary dir="auto">{escaped(_short(answer.question))} '
        f'<span class="bl-{answer.status}">{_status(answer)}</span></summary>{_turn(turn(number), answer)}</details>'
        for number, answer in reversed(list(enumerate(answers)))
    )
    return f'<h2>Earlier in this conversation</h2><div class="bl-turns">{folds}</div>'


def past(talks: Sequence[tuple[str, Sequence[str]]], opened: str, *, unfolded: bool = False) -> str:
    """The conversations that this browser keeps: the id of each and its questions. Nothing for none."""
    if not talks:
        return ""
    items = "".join(
        f'<li><button type="button" class="bl-plain" name="open" value="{escaped(talk)}" dir="auto">'
        f"{escaped(_short(asked[0]))}</button>{_and_more(asked)}{' <b>open</b>' if talk == opened else ''} "
        f'<button type="button" class="bl-plain bl-forget" name="forget" value="{escaped(talk)}">Delete'
        f'<span class="bl-sr"> the conversation “{escaped(_short(asked[0]))}”</span></button></li>'
        for talk, asked in talks
    )
    return (
        f'<details class="bl-asked"{" open" if unfolded else ""}><summary>Past questions ({len(talks):,})</summary>'
        f'<ul>{items}</ul><p class="bl-small">Kept in this browser only. '
        '<button type="button" class="bl-plain" name="forget-all">Delete all</button></p></details>'
    )


def _and_more(asked: Sequence[str]) -> str:
    if len(asked) < 2:
        return ""
    items = "".join(f'<li dir="auto">{escaped(_short(question))}</li>' for question in asked[1:])
    return f"<ul>{items}</ul>"


def turn(number: int) -> str:
    """What the ids of an earlier answer begin with; the newest answer's begin with nothing."""
    return f"turn-{number}-"


def _turn(ids: str, answer: Answer) -> str:
    if answer.status == "abstained":
        return _NO_ANSWER
    return f'{_claims(answer.claims, ids)}<div class="bl-quotes">{source_cards(answer.claims, ids)}</div>'


def _question(question: str) -> str:
    return f'<p class="bl-question" dir="auto">{escaped(_short(question))}</p>'


def _short(question: str) -> str:
    question = question.strip()
    return question if len(question) <= QUESTION_SHOWN else question[:QUESTION_SHOWN] + "…"


def _understood(answer: Answer) -> str:
    """What was read into the question, and why."""
    read = str(answer.understood.get("question") or answer.question)
    shown = (
        f'<b>Understood as:</b> <bdi class="bl-name">{escaped(_short(read))}</bdi>' if read != answer.question else ""
    )
    because = " ".join(escaped(str(sentence)) for sentence in answer.understood.get("because", ()))
    said = "<br>".join(part for part in (shown, because) if part)
    # page.js lets this button press the one of Gradio that asks again.
    undo = '<button type="button" class="bl-literal">Take the question as it stands</button>'
    return f'<div class="bl-understood"><p dir="auto">{said}</p>{undo}</div>' if said else ""


def _limits(limits: Mapping[str, Any] | None) -> str:
    if not limits:
        return ""
    words = [f"{_LIMITS[name]} {listed(value) if name == 'outlets' else value}" for name, value in limits.items()]
    return f'<p class="bl-limits" dir="auto">Only articles {escaped(", ".join(words))}</p>'


def _claims(claims: Sequence[Claim], ids: str = "") -> str:
    places = cards(claims, ids)
    return "".join(_claim(number, claim, places, ids) for number, claim in enumerate(claims, start=1))


def _claim(number: int, claim: Claim, places: Mapping[Key, Card], ids: str) -> str:
    verdict = claim.verdict if claim.citations else "uncited"
    kind = " bl-doubted" if verdict != "supported" else " bl-past" if claim.earlier else ""
    earlier = '<b class="bl-earlier">Earlier</b> ' if claim.earlier else ""
    sign, words = _SIGNS[verdict]
    return (
        f'<p class="bl-claim{kind}" id="{ids}claim-{number}" tabindex="-1" dir="auto">'
        f'<span class="bl-sign bl-{sign}"><span class="bl-sr">{words} </span></span>{earlier}'
        f'<span class="bl-words">{escaped(claim.text)}</span>{markers(number, claim.citations, places, ids)}'
        f"{_flags(claim)}</p>"
    )


def _flags(claim: Claim) -> str:
    verdict = _VERDICT.get(claim.verdict, "") if claim.citations else "no source is cited for this"
    return f' <span class="bl-verdict">{verdict}</span>' if verdict else ""


def _disagreement(number: int, found: Disagreement) -> str:
    """What the reports say, side by side in the order given, the words that differ marked: no ruling."""
    statements = "".join(
        f'<li dir="auto"><p class="bl-meta">{source(c.article, c.start)}</p><blockquote dir="auto">'
        f"{_marked(c.quote, value)}</blockquote>{beside(c)}{whole_button(f'differs-{number}-{position}')}</li>"
        for position, (value, c) in enumerate(zip(found.values, found.citations, strict=True), start=1)
    )
    kind = f'<span class="bl-kind">{_KIND[found.kind]}</span>'
    return f'<div class="bl-side"><h3 dir="auto">{kind} {escaped(found.about)}</h3><ul>{statements}</ul></div>'


def _marked(quote: str, value: str) -> str:
    at = quote.find(value) if value else -1
    if at < 0:
        return escaped(quote)
    return f"{escaped(quote[:at])}<mark>{escaped(value)}</mark>{escaped(quote[at + len(value) :])}"


def _timeline(events: Sequence[Event]) -> str:
    """Dated reports in the order given. A date is as precise as it is known, and says where it comes from."""
    items = []
    for number, event in enumerate(events, start=1):
        remarks = [remark for remark in ("planned" if event.planned else "", _KNOWN[event.source]) if remark]
        known = f' <span class="bl-known">({"; ".join(remarks)})</span>' if remarks else ""
        reports = "".join(
            f'<p dir="auto">“{escaped(c.quote)}” <span class="bl-meta">{source(c.article, c.start)}</span> '
            f"{whole_button(f'event-{number}-{position}')}</p>"
            for position, c in enumerate(event.citations, start=1)
        )
        items.append(f"<li><b>{escaped(date_in_words(event.date))}</b>{known}{reports}</li>")
    return f'<div class="bl-timeline"><h3>Timeline</h3><ol>{"".join(items)}</ol></div>' if items else ""


def _keeping(copied: str, address: str, files: Mapping[str, tuple[str, str]]) -> str:
    """Buttons that page.js gives their work, each with the text that it copies or saves, and the link to the
    question."""
    saves = "".join(
        f'<button type="button" class="bl-save" value="{escaped(name)}">{escaped(label)}</button>{_kept(text)}'
        for name, (label, text) in files.items()
    )
    more = f'<details class="bl-saves"><summary>Save as …</summary><div>{saves}</div></details>' if saves else ""
    return (
        '<div class="bl-keep"><button type="button" class="bl-copy">Copy answer with sources</button>'
        f'{_kept(copied)}<a class="bl-link" href="{escaped(address)}">Link to this question</a>{more}</div>'
    )


def _kept(text: str) -> str:
    return f'<pre class="bl-kept" hidden>{escaped(text)}</pre>'


# What a link may set, by the name that it has there: state that is in the address and nowhere else.
_IN_LINK = {"published_from": "from", "published_to": "to", "as_of": "as_of"}


def link(question: str, limits: Mapping[str, Any], model: str) -> str:
    """The address, relative to the page's, that sets question, filters and model."""
    pairs = [("q", question[:MOST_IN_LINK])]
    pairs += [("outlet", outlet) for outlet in limits.get("outlets", ())]
    pairs += [(short, str(limits[name])) for name, short in _IN_LINK.items() if limits.get(name)]
    pairs += [("model", model)] if ":" in model else []  # the built-in one needs no naming
    return "?" + urlencode(pairs, errors="replace")


def linked(pairs: Sequence[tuple[str, str]]) -> Json:
    """What a link sets of `question`, `outlets`, `published_from`, `published_to`, `as_of`, `model`; {} without a
    question. Everything else in it is left aside."""
    given = [(name, value[:MOST_IN_LINK]) for name, value in pairs[:100] if value.strip()]
    first = dict(reversed(given))
    if "q" not in first:
        return {}
    outlets = [value for name, value in given if name == "outlet"]
    dates = {name: first[short] for name, short in _IN_LINK.items() if short in first}
    model = {"model": first["model"]} if "model" in first else {}
    return {"question": first["q"], **({"outlets": outlets} if outlets else {}), **dates, **model}
