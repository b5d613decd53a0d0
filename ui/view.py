"""An answer of `rag.types` to HTML: the answer pane, the conversation, the line of the masthead. Pure, as `ui.markup`
is."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rag.text.calendar import date_in_words
from rag.types import Answer, Claim, Disagreement, Event, Json
from ui.cards import Card, Key, cards, markers, whole_button
from ui.markup import beside, box, busy, count, escaped, idle, listed, source

QUESTION_SHOWN = 300

_STATUS = {"answered": "Answered", "partial": "Partly answered", "abstained": "Not in these articles"}
_MAYBE = "This may answer it"
_NO_ANSWER = '<p class="bl-claim">No answer: the articles do not say.</p>'
_VERDICT = {"partial": "only partly backed by the words it cites", "unsupported": "not backed by the words it cites"}
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
    command = f"byline ingest PATH --library {shlex.quote(str(path))}"
    how = "Drop some under “Add articles”, or add them" if can_add else "Add some"
    return (
        '<div class="bl-box"><h3>This library holds no articles yet</h3>'
        f"<p>{how} from a terminal, where PATH is a file or a folder, then ask again:</p>"
        f"<pre><code>{escaped(command)}</code></pre></div>"
    )


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


def answer_pane(answer: Answer, *, limits: Mapping[str, Any] | None = None, copied: str = "", saved: str = "") -> str:
    """Question, what was understood, status, one paragraph per claim, disagreements, timeline, notes, problems, time
    and model.

    `limits` are the filters of `ask` that were on: they are folded away on the page, and no answer, least of all
    "not in these articles", is to be read without them. `copied` is what the button that copies puts on the clipboard
    (Markdown), `saved` the file that the other one saves (a record, HTML); without them there is no button.
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
    parts.append(f'<p class="bl-small">{seconds} · model: {escaped(answer.model)}</p>')
    if copied:
        parts.append(_keeping(copied, saved))
    return "".join(parts)


def _status(answer: Answer) -> str:
    return _MAYBE if answer.maybe else _STATUS[answer.status]


def conversation(answers: Sequence[Answer]) -> str:
    """The earlier answers of a conversation, oldest first, each folded under its question. Nothing for none.

    Their markers are no links: the cards of the sources pane are those of the newest answer.
    """
    if not answers:
        return ""
    folds = "".join(
        f'<details class="bl-turn"><summary dir="auto">{escaped(_short(answer.question))} '
        f'<span class="bl-{answer.status}">{_status(answer)}</span></summary>{_turn(answer)}</details>'
        for answer in answers
    )
    return f'<h2>Earlier in this conversation</h2><div class="bl-turns">{folds}</div>'


def _turn(answer: Answer) -> str:
    if answer.status == "abstained":
        return _NO_ANSWER
    claims = "".join(
        f'<p class="bl-claim" dir="auto">{escaped(claim.text)} '
        f"{''.join(f'[{c.marker}]' for c in claim.citations)}{_flags(claim)}</p>"
        for claim in answer.claims
    )
    quotes = "".join(
        f'<li dir="auto">[{c.marker}] {source(c.article, c.start)}: “{escaped(c.quote)}”</li>'
        for c in (card.citation for card in cards(answer.claims).values())
    )
    return f'{claims}<ul class="bl-quotes">{quotes}</ul>'


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


def _claims(claims: Sequence[Claim]) -> str:
    places = cards(claims)
    return "".join(_claim(number, claim, places) for number, claim in enumerate(claims, start=1))


def _claim(number: int, claim: Claim, places: Mapping[Key, Card]) -> str:
    kind = " bl-doubted" if claim.verdict in _VERDICT or not claim.citations else " bl-past" if claim.earlier else ""
    earlier = '<b class="bl-earlier">Earlier</b> ' if claim.earlier else ""
    return (
        f'<p class="bl-claim{kind}" id="claim-{number}" tabindex="-1" dir="auto">{earlier}'
        f"<span>{escaped(claim.text)}</span>{markers(claim.citations, places)}{_flags(claim)}</p>"
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


def _keeping(copied: str, saved: str) -> str:
    """Buttons that page.js gives their work, each with the text that it copies or saves."""
    parts = [
        '<button type="button" class="bl-copy">Copy answer with sources</button>'
        f'<pre class="bl-kept" hidden>{escaped(copied)}</pre>'
    ]
    if saved:
        parts.append(
            '<button type="button" class="bl-save">Save as a record</button>'
            f'<pre class="bl-kept" hidden>{escaped(saved)}</pre>'
        )
    return f'<div class="bl-keep">{"".join(parts)}</div>'
