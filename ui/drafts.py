"""A checked draft to HTML, each sentence beside its evidence, and to Markdown to be copied. Pure, as `ui.markup` is."""

from __future__ import annotations

from collections.abc import Sequence

from rag.answers.citations import attribution, place_in_words
from rag.checking.fixes import fix
from rag.types import CheckedSentence
from ui.access import shown_path
from ui.cards import Place, bears, copy_quote, whole_button
from ui.markup import beside, busy, count, escaped, failure, idle, source

_FOUND = {
    "full": "Carried",
    "whose": "Say who says so",
    "part": "Partly carried",
    "none": "The articles say otherwise",
    "unfound": "Not in the articles",
    "absent": "Nothing in the library about this",
}
_COUNTED = {
    "full": "carried",
    "whose": "to be attributed",
    "part": "partly carried",
    "none": "contradicted",
    "unfound": "not in the articles",
    "absent": "not in the library",
}


def waiting() -> str:
    """Before the first draft."""
    return idle("Each sentence of your draft gets a verdict here, with the words of your articles that bear on it.")


def checking(draft: str, sentences: Sequence[CheckedSentence], n_sentences: int) -> str:
    """What was found so far, of so many sentences."""
    state = busy(f"{len(sentences):,} of {count(n_sentences, 'sentence')} checked…")
    return f'<div aria-busy="true">{state}{_list(draft, sentences)}</div>'


def stopped(draft: str, sentences: Sequence[CheckedSentence]) -> str:
    """What stands there when the reader stops the check."""
    kept = "The sentences above were checked; the rest was not." if sentences else "Nothing was checked."
    return f"{_summary(sentences)}{_list(draft, sentences)}{failure(kept, heading='Stopped')}"


def checked(draft: str, sentences: Sequence[CheckedSentence]) -> str:
    """How many sentences are carried, each sentence with its verdict and reasons and beside it the words that bear on
    it, and the button that copies all that."""
    return (
        f"{_summary(sentences)}{_list(draft, sentences)}"
        '<div class="bl-keep"><button type="button" class="bl-copy">Copy the findings</button>'
        f'<pre class="bl-kept" hidden>{escaped(markdown(sentences))}</pre></div>'
    )


def places_of(sentences: Sequence[CheckedSentence]) -> dict[str, Place]:
    """The place of each quotation, by the value of its button."""
    return {
        _place(number, position): (c.article, c.start, c.end)
        for number, sentence in enumerate(sentences, start=1)
        for position, c in enumerate(sentence.citations, start=1)
    }


def markdown(sentences: Sequence[CheckedSentence]) -> str:
    """Each sentence, its verdict, the reasons, and the words that bear on it with their source."""
    blocks = []
    for sentence in sentences:
        lines = [f"**{_FOUND[_kind(sentence)]}.** {' '.join(sentence.text.split())}"]
        lines += [f"- {reason}" for reason in _reasons(sentence)]
        if (better := fix(sentence)) is not None:
            lines.append(f"- with the figure of the articles: {' '.join(better.text.split())}")
        for c in sentence.citations:
            where = " ".join(filter(None, (shown_path(c.article), place_in_words(c.page, c.time))))
            whose = f"{attribution(c.article, c.speaker, c.quote)}, {where}"
            lines.append(f"> “{' '.join(c.quote.split())}” — {whose}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _place(number: int, position: int) -> str:
    return f"evidence-{number}-{position}"


def _kind(sentence: CheckedSentence) -> str:
    if not sentence.citations:
        return "absent"
    if sentence.verdict == "partial":
        return "whose" if sentence.finding == "attribution" else "part"
    if sentence.verdict == "unsupported":
        return "none" if sentence.finding == "contradicted" or sentence.conflicts else "unfound"
    return "full"


def _reasons(sentence: CheckedSentence) -> list[str]:
    """Why it is not carried whole."""
    if sentence.verdict == "supported" or not sentence.citations:
        return []
    missing = ", ".join(f"“{words.strip()}”" for words in sentence.missing)
    return [*sentence.conflicts, *([f"the source does not carry {missing}"] if missing else [])]


def _summary(sentences: Sequence[CheckedSentence]) -> str:
    """How many of each kind, each a link to the first of them."""
    kinds = [_kind(sentence) for sentence in sentences]
    counts = " · ".join(
        f'<a class="bl-{kind}" href="#sentence-{kinds.index(kind) + 1}">{kinds.count(kind):,} {words}</a>'
        for kind, words in _COUNTED.items()
        if kind in kinds
    )
    return f'<p class="bl-counts"><b>{count(len(kinds), "sentence")}</b> · {counts}</p>' if kinds else ""


def _list(draft: str, sentences: Sequence[CheckedSentence]) -> str:
    parts = []
    end = 0
    for number, sentence in enumerate(sentences, start=1):
        opens = " bl-opens" if "\n" in draft[end : sentence.start] and number > 1 else ""  # a paragraph
        end = sentence.end
        parts.append(
            f'<li class="bl-sentence{opens}" id="sentence-{number}" tabindex="-1">{_said(number, sentence)}'
            f"<div>{_evidence(number, sentence)}</div></li>"
        )
    return f'<ol class="bl-sentences">{"".join(parts)}</ol>' if parts else ""


def _said(number: int, sentence: CheckedSentence) -> str:
    """The sentence with its verdict and reasons, its markers, and what it would say with the articles' figure."""
    kind = _kind(sentence)
    reasons = "".join(f'<li dir="auto">{escaped(reason)}</li>' for reason in _reasons(sentence))
    why = f'<ul class="bl-why">{reasons}</ul>' if reasons else ""
    marks = "".join(
        f'<a class="bl-marker" id="said-{number}-{position}" href="#{_place(number, position)}" '
        f'aria-label="Evidence {position}">[{position}]</a>'
        for position, _ in enumerate(sentence.citations, start=1)
    )
    return (
        f'<div class="bl-said bl-{kind}"><p class="bl-claim" dir="auto">{escaped(sentence.text)}{marks}</p>'
        f'<p class="bl-found">{_FOUND[kind]}</p>{why}{_better(sentence)}</div>'
    )


def _better(sentence: CheckedSentence) -> str:
    better = fix(sentence)
    if better is None:
        return ""
    return (
        f'<div class="bl-better"><p dir="auto">The articles say {escaped(better.there)}: “{escaped(better.text)}”</p>'
        f'<div class="bl-deeds"><button type="button" class="bl-copy">Copy this sentence</button>'
        f'<pre class="bl-kept" hidden>{escaped(better.text)}</pre></div></div>'
    )


def _evidence(number: int, sentence: CheckedSentence) -> str:
    return "".join(
        f'<div class="bl-evidence" id="{_place(number, position)}" tabindex="-1">'
        f'<a class="bl-number" href="#said-{number}-{position}" '
        f'aria-label="Evidence {position}: back to the sentence">{position}</a>'
        f'<p class="bl-meta">{source(c.article, c.start)}</p><blockquote dir="auto"><mark>'
        f"{escaped(c.quote)}</mark></blockquote>{beside(c)}{bears(sentence.verdict, c)}"
        f'<div class="bl-deeds">{copy_quote(c)}{whole_button(_place(number, position))}</div></div>'
        for position, c in enumerate(sentence.citations, start=1)
    )
