"""The sources pane: a card for each cited place, and an article whole with the cited words marked in it. Pure, as
`ui.markup` is."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from rag.answers.citations import SUPPORTED_FROM, attribution, place_in_words
from rag.text.sentences import split_sentences
from rag.types import Answer, Article, Citation, Claim, SearchHit, Verdict
from ui.access import shown_path
from ui.markup import beside, escaped, idle, source, web_address

CONTEXT_CHARS = 220  # shown on either side of a quote
NEAREST_SHOWN, NEAREST_CHARS = 3, 500
LONG_QUOTE = 1_200  # a quote above this length scrolls inside its card

Key = tuple[int, str, int, int]  # marker, article, start, end
Place = tuple[Article, int, int]  # article, start, end

_BLANK_LINE, _LINE_END = re.compile(r"\s*\n\s*\n\s*"), re.compile(r"\s*\n\s*")


@dataclass(frozen=True, kw_only=True)
class Card:
    """One cited place: the `id` of its card, that of the first marker that leads to it, and how the sentence stands."""

    id: str
    mark: str
    verdict: Verdict
    citation: Citation


def key(citation: Citation) -> Key:
    return citation.marker, citation.article.id, citation.start, citation.end


def cards(claims: Sequence[Claim], turn: str = "") -> dict[Key, Card]:
    """A card for each cited place, once, by marker. `turn` begins the ids of an earlier answer's.

    Markers are unique unless a library errs; even then no card may hide behind another one's id.
    """
    made: dict[Key, Card] = {}
    for number, claim in enumerate(claims, start=1):
        for position, c in enumerate(claim.citations, start=1):
            same = sum(marker == c.marker for marker, *_ in made)
            card_id = f"{turn}source-{c.marker}" + (f"-{same + 1}" if same else "")
            mark = f"{turn}mark-{number}-{position}"
            made.setdefault(key(c), Card(id=card_id, mark=mark, verdict=claim.verdict, citation=c))
    return dict(sorted(made.items()))


def markers(number: int, citations: Sequence[Citation], places: Mapping[Key, Card], turn: str = "") -> str:
    """`[1][2]` of the sentence of this number, each a link to its card. markers.js shows the words beside it, and
    page.js opens the article at them."""
    return "".join(
        f'<a class="bl-marker" id="{turn}mark-{number}-{position}" href="#{places[key(c)].id}" '
        f'aria-label="Source {c.marker}">[{c.marker}]</a>'
        for position, c in enumerate(citations, start=1)
    )


def source_cards(claims: Sequence[Claim], turn: str = "") -> str:
    """A card for each place that the claims cite, in the order of their markers."""
    return "".join(map(_citation_card, cards(claims, turn).values()))


def no_sources() -> str:
    """The sources pane when there is nothing to show in it."""
    return idle("The passages that back the answer appear here.")


def sources_pane(answer: Answer) -> str:
    """A card for each citation, in the order of their markers; with no answer, the nearest passages."""
    if answer.status != "abstained":
        return source_cards(answer.claims) or idle("No source is cited.")
    if not answer.hits:
        return idle("No passage came near the question.")
    return (
        '<p class="bl-nearest"><b>Nearest passages.</b> They are not an answer: they are what came closest.</p>'
        + "".join(_hit_card(number, hit) for number, hit in enumerate(answer.hits[:NEAREST_SHOWN], start=1))
    )


def places_of(answer: Answer) -> dict[str, Place]:
    """The place of each card of an answer, and of each report that differs or is dated, by the value of its button."""
    places = cited_places(answer.claims)
    for number, hit in enumerate(answer.hits[:NEAREST_SHOWN], start=1):
        places[f"near-{number}"] = (hit.article, hit.passage.start, hit.passage.end)
    for number, found in enumerate(answer.disagreements, start=1):
        for position, c in enumerate(found.citations, start=1):
            places[f"differs-{number}-{position}"] = (c.article, c.start, c.end)
    for number, event in enumerate(answer.timeline, start=1):
        for position, c in enumerate(event.citations, start=1):
            places[f"event-{number}-{position}"] = (c.article, c.start, c.end)
    return places


def cited_places(claims: Sequence[Claim], turn: str = "") -> dict[str, Place]:
    """The place that each card shows, by its id."""
    found = ((card.id, card.citation) for card in cards(claims, turn).values())
    return {card_id: (c.article, c.start, c.end) for card_id, c in found}


def whole_button(place: str) -> str:
    """The button that opens the article with the words of `place` marked in it (page.js, and `whole_article`)."""
    return f'<button type="button" class="bl-whole" value="{place}">Whole article</button>'


def whole_article(article: Article, start: int, end: int) -> str:
    """An article as it is stored, to the letter, with `article.text[start:end]` marked. Boilerplate is dimmed."""
    by = f'<p class="bl-meta" dir="auto">By {escaped(", ".join(article.authors))}</p>' if article.authors else ""
    return (
        '<div class="bl-sheet"><button type="button" class="bl-close">Close</button>'
        f'<p class="bl-meta">{source(article, start)}</p>'
        f'<h2 id="bl-whole-title" dir="auto">{escaped(article.title or "Title not stated")}</h2>{by}</div>'
        f"{text_of(article, (start, end))}{_foot(article)}"
    )


def text_of(article: Article, marked: tuple[int, int] = (0, 0)) -> str:
    """The text of an article to the letter, with these characters marked. Boilerplate is dimmed. HTML."""
    text = article.text
    start, end = marked
    cuts = sorted({0, start, end, len(text), *(cut for span in article.boilerplate for cut in span)})
    pieces = []
    for a, b in itertools.pairwise(cuts):
        piece = escaped(text[a:b])
        if start <= a and b <= end:
            first = ' tabindex="-1"' if a == start else ""  # where the reader is led to
            pieces.append(f"<mark{first}>{piece}</mark>")
        elif any(left <= a and b <= right for left, right in article.boilerplate):
            pieces.append(f'<span class="bl-aside">{piece}</span>')
        else:
            pieces.append(piece)
    return f'<div class="bl-text" dir="auto" tabindex="0">{"".join(pieces)}</div>'


_HEADING_MARKS = re.compile(r"^#{1,6} +", re.MULTILINE)


def quote_in_context(article: Article, start: int, end: int) -> tuple[str, str]:
    """The sentences before and after `article.text[start:end]`, also of the paragraphs beside it.

    Whole ones, as many as fit into `CONTEXT_CHARS` characters on either side; of one that alone does not fit, as much
    as does, cut between words. "…" where the article goes on. Never a character of `article.boilerplate`.
    """
    text = article.text
    left, right = 0, len(text)
    for a, b in article.boilerplate:
        if a < start:
            left = max(left, min(b, start))
        if b > end:
            right = min(right, max(a, end))
    before, after = text[left:start], text[end:right]
    more_before, more_after = _says(article, 0, left), _says(article, right, len(text))
    if len(before) > CONTEXT_CHARS:
        before, more_before = before[-CONTEXT_CHARS:], True
        spans = split_sentences(before)
        # The first one shown is cut, unless it happens to begin there.
        before = before[spans[1][0] :] if len(spans) > 1 else before.partition(" ")[2] or before
    if len(after) > CONTEXT_CHARS:
        after, more_after = after[:CONTEXT_CHARS], True
        spans = split_sentences(after)
        after = after[: spans[-2][1]] if len(spans) > 1 else after.rpartition(" ")[0] or after
    # The marks of Markdown headings say nothing to a reader. The quotation itself is left as it is.
    before, after = _HEADING_MARKS.sub("", before), _HEADING_MARKS.sub("", after)
    return ("… " if more_before else "") + before.lstrip(), after.rstrip() + (" …" if more_after else "")


def _says(article: Article, start: int, end: int) -> bool:
    """Whether anything but boilerplate stands there."""
    at = start
    for a, b in sorted(article.boilerplate):
        if article.text[at : min(a, end)].strip():
            return True
        at = max(at, b)
    return bool(article.text[at:end].strip())


def _marked(citation: Citation) -> str:
    """The quote, with the words of it that answer set off. HTML."""
    quote, (start, end) = citation.quote, citation.answer or (0, 0)
    a, b = start - citation.start, end - citation.start
    if not 0 <= a < b <= len(quote):
        return f"<mark>{escaped(quote)}</mark>"
    return f"<mark>{escaped(quote[:a])}<strong>{escaped(quote[a:b])}</strong>{escaped(quote[b:])}</mark>"


def _in_paragraphs(before: str, citation: Citation, after: str) -> str:
    """The quote marked between its neighbours, with the paragraphs told apart. A line end is one where no sentence
    runs on over it: hard-wrapped text flows. HTML."""
    wrapped = any("\n" in text[a:b] for text in (before, citation.quote, after) for a, b in split_sentences(text))
    breaks = _BLANK_LINE if wrapped else _LINE_END
    left, right = (breaks.sub('<span class="bl-break"> </span>', escaped(text)) for text in (before, after))
    return f"{left}{_marked(citation)}{right}"


def _citation_card(card: Card) -> str:
    citation = card.citation
    article = citation.article
    # The library promises this. Were it ever broken, a reader must not take the words for the article's own.
    exact = article.text[citation.start : citation.end] == citation.quote
    before, after = quote_in_context(article, citation.start, citation.end) if exact else ("", "")
    warning = "" if exact else '<p class="bl-verdict">These words do not stand at the cited place of the article.</p>'
    long = ' class="bl-long" tabindex="0"' if len(citation.quote) > LONG_QUOTE else ""
    number = (
        f'<a class="bl-number" href="#{card.mark}" '
        f'aria-label="Source {citation.marker}: back to the sentence that cites it">{citation.marker}</a>'
    )
    body = (
        f'{_heading(article, citation.start, number)}<blockquote{long} dir="auto">'
        f"{_in_paragraphs(before, citation, after)}</blockquote>{warning}{beside(citation)}"
        f"{bears(card.verdict, citation)}"
        f'<div class="bl-deeds">{copy_quote(citation)}{whole_button(card.id) if exact else ""}</div>{_foot(article)}'
    )
    return f'<article class="bl-card" id="{card.id}" tabindex="-1">{body}</article>'


def bears(verdict: Verdict, citation: Citation) -> str:
    """What the cited words do for a sentence that has this verdict, by themselves. HTML."""
    support = citation.support
    # Cut, not rounded: 0.499 does not carry a claim and must not read as 50 %.
    hundredths = int(round(min(1.0, max(0.0, support)) * 100, 6))
    if support >= SUPPORTED_FROM:
        kind, words = "bl-full", "Carries it"
    elif verdict != "unsupported":
        kind, words = "bl-part", "Carries part of it"
    else:
        kind, words = "bl-none", "Does not carry it"
    return f'<p class="bl-bears {kind}">{words} <span>support {hundredths} %</span></p>'


def copy_quote(citation: Citation) -> str:
    """The button that copies the quote with its reference: page.js copies the text that comes after it."""
    article = citation.article
    whose = attribution(article, citation.speaker, citation.quote)
    if article.published_source == "inferred":
        whose += " (date inferred)"
    title = f", “{article.title}”" if article.title else ""
    where = f", {place}" if (place := place_in_words(citation.page, citation.time)) else ""
    copied = f"“{citation.quote}” — {whose}{title}{where}"
    return (
        f'<button type="button" class="bl-copy">Copy quote</button><pre class="bl-kept" hidden>{escaped(copied)}</pre>'
    )


def _hit_card(number: int, hit: SearchHit) -> str:
    article, passage = hit.article, hit.passage
    pieces, at = [], passage.start
    for a, b in sorted(article.boilerplate):
        if a < passage.end and b > at:
            pieces.append(article.text[at:a])
            at = b
    text = " … ".join(piece for piece in [*pieces, article.text[at : passage.end]] if piece.strip())
    if len(text) > NEAREST_CHARS:
        text = (text[:NEAREST_CHARS].rpartition(" ")[0] or text[:NEAREST_CHARS]) + " …"
    body = (
        f'{_heading(article, passage.start)}<blockquote dir="auto">{escaped(text)}</blockquote>'
        f'<div class="bl-deeds">{whole_button(f"near-{number}")}</div>{_foot(article)}'
    )
    return f'<article class="bl-card bl-near">{body}</article>'


def _heading(article: Article, start: int, number: str = "") -> str:
    return (
        f'{number}<p class="bl-meta">{source(article, start)}</p>'
        f'<h3 dir="auto">{escaped(article.title or "Title not stated")}</h3>'
    )


def _foot(article: Article) -> str:
    parts = []
    if article.published_source == "inferred" and (reason := article.reasons.get("published")):
        parts.append(f'<span dir="auto">Date inferred: {escaped(reason)}</span>')
    if url := web_address(article.url):
        host = escaped(urlsplit(url).hostname or "")
        rel = "noopener noreferrer nofollow"
        parts.append(f'<a href="{escaped(url)}" target="_blank" rel="{rel}">Original at {host}</a>')
    parts.append(f'<span class="bl-path" dir="ltr">{escaped(shown_path(article))}</span>')
    return f'<p class="bl-foot">{"".join(parts)}</p>'
