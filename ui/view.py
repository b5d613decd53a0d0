"""Values of `rag.types` to HTML. Pure functions: no I/O, no clock, nothing of Gradio.

`gr.HTML` sanitises nothing, and titles, outlets, quotes, addresses, questions and model output are untrusted. So every
such string goes through `escaped`, and the tags and attributes below are the only ones that ever reach the page.
"""

from __future__ import annotations

import html
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rag import types
from rag.answers.citations import outlet_and_date
from rag.types import Answer, Article, Citation, Claim, Disagreement, Event, Json, SearchHit, safe_to_show

CONTEXT_CHARS = 350  # shown of the paragraph on either side of a quote
NEAREST_SHOWN, NEAREST_CHARS = 3, 500
LONG_QUOTE = 1_200  # a quote above this length scrolls inside its card
QUESTION_SHOWN = 300

_Key = tuple[int, str, int, int]  # marker, article, start, end
_STATUS = {"answered": "Answered", "partial": "Partly answered", "abstained": "Not in these articles"}
_VERDICT = {"partial": "only partly backed by the words it cites", "unsupported": "not backed by the words it cites"}
_KIND = {"update": "Changed later", "difference": "Reports differ"}
_KNOWN = {"stated": "", "resolved": "worked out from the article’s date", "published": "the article’s own date"}
_LIMITS = {"outlets": "of", "published_from": "from", "published_to": "up to", "as_of": "as of"}

_PULSE = '<span class="bl-pulse" aria-hidden="true"></span>'

_PARAGRAPH_BREAK = re.compile(r"\n\s*\n")
# No backslash: a browser reads it as a slash and would go to another host than the one printed beside the link.
_WEB_ADDRESS = re.compile(r"https?://[^\s\\<>\"'`]+", re.IGNORECASE)


def escaped(text: str) -> str:
    """Safe between tags and inside double-quoted attributes. All foreign text passes here, once."""
    return html.escape(safe_to_show(text), quote=True)


def web_address(url: str | None) -> str | None:
    """The address if it may become a link: http or https with a host. None otherwise."""
    if url is None or not _WEB_ADDRESS.fullmatch(url) or safe_to_show(url) != url:
        return None
    try:
        return url if urlsplit(url).hostname else None
    except ValueError:
        return None


def quote_in_context(article: Article, start: int, end: int) -> tuple[str, str]:
    """What stands before and after `article.text[start:end]` in its paragraph.

    At most about `CONTEXT_CHARS` characters each, cut between words with "…", and never a character of
    `article.boilerplate`.
    """
    text = article.text
    first = max((found.end() for found in _PARAGRAPH_BREAK.finditer(text, 0, start)), default=0)
    last = found.start() if (found := _PARAGRAPH_BREAK.search(text, end)) else len(text)
    left, right = first, last
    for a, b in article.boilerplate:
        if a < start:
            left = max(left, min(b, start))
        if b > end:
            right = min(right, max(a, end))
    before, after = text[left:start], text[end:right]
    left_cut, right_cut = bool(text[first:left].strip()), bool(text[right:last].strip())
    if len(before) > CONTEXT_CHARS:
        _, blank, rest = before[-CONTEXT_CHARS:].partition(" ")
        before, left_cut = rest if blank else before[-CONTEXT_CHARS:], True
    if len(after) > CONTEXT_CHARS:
        rest, blank, _ = after[:CONTEXT_CHARS].rpartition(" ")
        after, right_cut = rest if blank else after[:CONTEXT_CHARS], True
    return ("… " if left_cut else "") + before.lstrip(), after.rstrip() + (" …" if right_cut else "")


def library_line(overview: Json) -> str:
    """How many articles the library holds, from which outlets, of which dates (`Library.overview`). HTML."""
    if not overview["articles"]:
        return '<p class="bl-holds">This library holds no articles yet.</p>'
    outlets = list(overview["outlets"])
    parts = [f"<b>{_count(overview['articles'], 'article')}</b>"]
    if outlets:
        more = [_count(len(outlets) - 4, "other outlet")] if len(outlets) > 4 else []
        parts.append(_listed([f'<bdi class="bl-name">{escaped(name)}</bdi>' for name in outlets[:4]] + more))
    if dates := [escaped(types.date_in_words(overview[end])) for end in ("first", "last") if overview[end]]:
        parts.append(" to ".join(dict.fromkeys(dates)))
        parts += [f"{overview['undated']:,} undated"] if overview["undated"] else []
    return f'<p class="bl-holds">{" · ".join(parts)}</p>'


def welcome(n_articles: int, path: Path | str) -> str:
    """What the answer pane shows before the first question; in an empty library, how to fill it."""
    if n_articles:
        return '<p class="bl-idle">Ask a question. Each sentence of the answer leads to the words that back it.</p>'
    command = f"byline ingest PATH --library {shlex.quote(str(path))}"
    return (
        '<div class="bl-box"><h3>This library holds no articles yet</h3>'
        "<p>Add some from a terminal, where PATH is a file or a folder, then ask again:</p>"
        f"<pre><code>{escaped(command)}</code></pre></div>"
    )


def working(n_articles: int) -> str:
    """Shown at once while a question is being answered."""
    where = _count(n_articles, "article") if n_articles else "the articles"
    return f'<p class="bl-working">{_PULSE}Searching {where}…</p>'


def failure(message: str, *, heading: str = "That did not work") -> str:
    """One plain sentence in a box: a `BylineError`, an empty question, something unexpected."""
    return f'<div class="bl-box bl-failure"><h3>{escaped(heading)}</h3><p dir="auto">{escaped(message)}</p></div>'


def unexpected() -> str:
    """What a reader sees when the program fails. The traceback goes to the log, never here."""
    return failure("Byline could not answer because of a fault of its own; the terminal says more.")


def no_sources() -> str:
    """The sources pane when there is nothing to show in it."""
    return '<p class="bl-idle">The passages that back the answer appear here.</p>'


def writing(question: str, claims: Sequence[Claim]) -> str:
    """The answer so far: each sentence has been checked, and more may come."""
    n = _count(len(claims), "sentence")
    state = f'<p class="bl-working">{_PULSE}{n} checked; there may be more…</p>'
    # Busy: a screen reader waits for the whole answer instead of starting anew with each sentence.
    return f'<div class="bl-draft" aria-busy="true">{_question(question)}{_claims(claims)}{state}</div>'


def stopped(question: str, claims: Sequence[Claim]) -> str:
    """What stands there when the reader stops the answer."""
    kept = "The sentences above were checked; the rest was not written." if claims else "Nothing was written."
    return f"{_question(question)}{_claims(claims)}{failure(kept, heading='Stopped')}"


def answer_pane(answer: Answer, *, limits: Mapping[str, Any] | None = None, copied: str = "", saved: str = "") -> str:
    """Question, what was understood, status, one paragraph per claim, disagreements, timeline, notes, problems, time
    and model.

    `limits` are the filters of `ask` that were on: they are folded away on the page, and no answer, least of all
    "not in these articles", is to be read without them. `copied` is what the button that copies puts on the clipboard
    (Markdown), `saved` the file that the other one saves (a record, HTML); without them there is no button.
    """
    parts = [
        _question(answer.question),
        _understood(answer),
        f'<p class="bl-status bl-{answer.status}"><span class="bl-sr">Status: </span>{_STATUS[answer.status]}</p>',
    ]
    if limits:
        words = [f"{_LIMITS[name]} {_listed(value) if name == 'outlets' else value}" for name, value in limits.items()]
        parts.append(f'<p class="bl-limits" dir="auto">Only articles {escaped(", ".join(words))}</p>')
    if answer.status == "abstained":
        parts.append('<p class="bl-claim">No answer: the articles do not say.</p>')
    else:
        parts.append(_claims(answer.claims))
    parts += [_disagreement(found) for found in answer.disagreements]
    parts.append(_timeline(answer.timeline))
    parts.append(_box("Notes", answer.notes, "bl-notes"))
    parts.append(_box("Problems with the model’s text", answer.problems, "bl-problems"))
    if copied:
        parts.append(_keeping(copied, saved))
    seconds = f"{answer.elapsed_s:.1f} s" if answer.elapsed_s >= 0.1 else "under 0.1 s"
    parts.append(f'<p class="bl-small">{seconds} · model: {escaped(answer.model)}</p>')
    return "".join(parts)


def sources_pane(answer: Answer) -> str:
    """A card for each citation, in the order of their markers; with no answer, the nearest passages."""
    if answer.status != "abstained":
        return source_cards(answer.claims) or '<p class="bl-idle">No source is cited.</p>'
    if not answer.hits:
        return '<p class="bl-idle">No passage came near the question.</p>'
    return (
        '<p class="bl-nearest"><b>Nearest passages.</b> They are not an answer: they are what came closest.</p>'
        + "".join(_hit_card(hit) for hit in answer.hits[:NEAREST_SHOWN])
    )


def source_cards(claims: Sequence[Claim]) -> str:
    """A card for each place that the claims cite, in the order of their markers."""
    return "".join(_citation_card(*card) for card in _cards(claims).values())


def conversation(answers: Sequence[Answer]) -> str:
    """The earlier answers of a conversation, oldest first, each folded under its question. Nothing for none.

    Their markers are no links: the cards of the sources pane are those of the newest answer.
    """
    if not answers:
        return ""
    folds = "".join(
        f'<details class="bl-turn"><summary dir="auto">{escaped(_short(answer.question))} '
        f'<span class="bl-{answer.status}">{_STATUS[answer.status]}</span></summary>{_turn(answer)}</details>'
        for answer in answers
    )
    return f'<h2>Earlier in this conversation</h2><div class="bl-turns">{folds}</div>'


def _turn(answer: Answer) -> str:
    if answer.status == "abstained":
        return '<p class="bl-claim">No answer: the articles do not say.</p>'
    claims = "".join(
        f'<p class="bl-claim" dir="auto">{escaped(claim.text)} '
        f"{''.join(f'[{c.marker}]' for c in claim.citations)}{_flags(claim)}</p>"
        for claim in answer.claims
    )
    quotes = "".join(
        f'<li dir="auto">[{c.marker}] {_source(c.article)}: “{escaped(c.quote)}”</li>'
        for _, _, c in _cards(answer.claims).values()
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


def _claims(claims: Sequence[Claim]) -> str:
    cards = _cards(claims)
    return "".join(_claim(number, claim, cards) for number, claim in enumerate(claims, start=1))


def _claim(number: int, claim: Claim, cards: Mapping[_Key, tuple[str, int, Citation]]) -> str:
    markers = "".join(
        f'<a class="bl-marker" href="#{cards[_key(c)][0]}" aria-label="Source {c.marker}">[{c.marker}]</a>'
        for c in claim.citations
    )
    kind = " bl-doubted" if claim.verdict in _VERDICT or not claim.citations else " bl-past" if claim.earlier else ""
    earlier = '<b class="bl-earlier">Earlier</b> ' if claim.earlier else ""
    return (
        f'<p class="bl-claim{kind}" id="claim-{number}" tabindex="-1" dir="auto">{earlier}'
        f"<span>{escaped(claim.text)}</span>{markers}{_flags(claim)}</p>"
    )


def _flags(claim: Claim) -> str:
    verdict = _VERDICT.get(claim.verdict, "") if claim.citations else "no source is cited for this"
    return f' <span class="bl-verdict">{verdict}</span>' if verdict else ""


def _disagreement(found: Disagreement) -> str:
    """What the reports say, side by side in the order given, the words that differ marked: no ruling."""
    statements = "".join(
        f'<li dir="auto"><p class="bl-meta">{_source(c.article)}</p><blockquote dir="auto">{_marked(c.quote, value)}'
        f"</blockquote>{_beside(c)}</li>"
        for value, c in zip(found.values, found.citations, strict=True)
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
    for event in events:
        known = f' <span class="bl-known">({_KNOWN[event.source]})</span>' if _KNOWN[event.source] else ""
        reports = "".join(
            f'<p dir="auto">“{escaped(c.quote)}” <span class="bl-meta">{_source(c.article)}</span></p>'
            for c in event.citations
        )
        items.append(f"<li><b>{escaped(types.date_in_words(event.date))}</b>{known}{reports}</li>")
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
    return f'<p class="bl-done" role="status"></p><div class="bl-keep">{"".join(parts)}</div>'


def _source(article: Article) -> str:
    outlet, date = outlet_and_date(
        article.outlet, article.published, precision=article.published_precision, source=article.published_source
    )
    return (
        f'<bdi class="bl-outlet">{escaped(outlet)}</bdi> '
        f'<span class="bl-date">{escaped(date[0].upper() + date[1:])}</span>'
    )


def _beside(citation: Citation) -> str:
    """Who says it, and what its relative dates mean: beside the quote, never in it."""
    lines = [f"Said by: {citation.speaker}"] if citation.speaker else []
    for date in citation.dates:
        lines.append(f"“{date.words}”: {types.date_in_words(date.date)} ({date.basis})")
    items = "".join(f'<li dir="auto">{escaped(line)}</li>' for line in lines)
    return f'<ul class="bl-beside">{items}</ul>' if items else ""


def _citation_card(card_id: str, cited_by: int, citation: Citation) -> str:
    article = citation.article
    # The library promises this. Were it ever broken, a reader must not take the words for the article's own.
    exact = article.text[citation.start : citation.end] == citation.quote
    before, after = quote_in_context(article, citation.start, citation.end) if exact else ("", "")
    warning = "" if exact else '<p class="bl-verdict">These words do not stand at the cited place of the article.</p>'
    long = ' class="bl-long" tabindex="0"' if len(citation.quote) > LONG_QUOTE else ""
    number = (
        f'<a class="bl-number" href="#claim-{cited_by}" '
        f'aria-label="Source {citation.marker}: back to the sentence that cites it">{citation.marker}</a>'
    )
    quote = f"{escaped(before)}<mark>{escaped(citation.quote)}</mark>{escaped(after)}"
    # Cut, not rounded: 0.499 does not carry a claim and must not read as 50 %.
    foot = f"Support {int(round(min(1.0, max(0.0, citation.support)) * 100, 6))} %"
    body = (
        f'{_heading(article, number)}<blockquote{long} dir="auto">{quote}</blockquote>{warning}{_beside(citation)}'
        f"{_foot(article, foot)}"
    )
    return f'<article class="bl-card" id="{card_id}" tabindex="-1">{body}</article>'


def _hit_card(hit: SearchHit) -> str:
    article, passage = hit.article, hit.passage
    pieces, at = [], passage.start
    for a, b in sorted(article.boilerplate):
        if a < passage.end and b > at:
            pieces.append(article.text[at:a])
            at = b
    text = " … ".join(piece for piece in [*pieces, article.text[at : passage.end]] if piece.strip())
    if len(text) > NEAREST_CHARS:
        text = (text[:NEAREST_CHARS].rpartition(" ")[0] or text[:NEAREST_CHARS]) + " …"
    body = f'{_heading(article)}<blockquote dir="auto">{escaped(text)}</blockquote>{_foot(article, "Not an answer")}'
    return f'<article class="bl-card bl-near">{body}</article>'


def _heading(article: Article, number: str = "") -> str:
    return (
        f'{number}<p class="bl-meta">{_source(article)}</p>'
        f'<h3 dir="auto">{escaped(article.title or "Title not stated")}</h3>'
    )


def _foot(article: Article, first: str) -> str:
    parts = [f"<span>{first}</span>"]
    if article.published_source == "inferred" and (reason := article.reasons.get("published")):
        parts.append(f'<span dir="auto">Date inferred: {escaped(reason)}</span>')
    if url := web_address(article.url):
        host = escaped(urlsplit(url).hostname or "")
        rel = "noopener noreferrer nofollow"
        parts.append(f'<a href="{escaped(url)}" target="_blank" rel="{rel}">Original at {host}</a>')
    parts.append(f'<span class="bl-path" dir="ltr">{escaped(str(article.to_dict()["path"]))}</span>')
    return f'<p class="bl-foot">{"".join(parts)}</p>'


def _box(heading: str, lines: Iterable[str], kind: str) -> str:
    items = "".join(f'<li dir="auto">{escaped(line)}</li>' for line in lines)
    return f'<div class="bl-box {kind}"><h3>{heading}</h3><ul>{items}</ul></div>' if items else ""


def _key(citation: Citation) -> _Key:
    return citation.marker, citation.article.id, citation.start, citation.end


def _cards(claims: Sequence[Claim]) -> dict[_Key, tuple[str, int, Citation]]:
    """For each cited place, once, by marker: the id of its card, the first claim that cites it, the citation.

    Markers are unique unless a library errs; even then no card may hide behind another one's id.
    """
    cards: dict[_Key, tuple[str, int, Citation]] = {}
    for number, claim in enumerate(claims, start=1):
        for c in claim.citations:
            same = sum(marker == c.marker for marker, *_ in cards)
            cards.setdefault(_key(c), (f"source-{c.marker}" + (f"-{same + 1}" if same else ""), number, c))
    return dict(sorted(cards.items()))


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
