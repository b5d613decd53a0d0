"""The words and tags that every pane is made of. Pure functions: no I/O, no clock, nothing of Gradio.

`gr.HTML` sanitises nothing, and titles, outlets, quotes, addresses, questions, drafts, file names and model output are
untrusted. So every such string goes through `escaped`, and the tags and attributes of this package's functions are the
only ones that ever reach the page.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from rag.answers.citations import outlet_and_date, place_in_words
from rag.text.calendar import date_in_words
from rag.text.characters import safe_to_show
from rag.types import Article, Citation

PULSE = '<span class="bl-pulse" aria-hidden="true"></span>'
# page.js lets this button press the one of Gradio that stops.
STOP = '<button type="button" class="bl-halt">Stop</button>'

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


def source(article: Article, start: int | None = None) -> str:
    """Outlet and date, whether the date was inferred, and the page or the time of what stands at `start`. HTML."""
    outlet, date = outlet_and_date(
        article.outlet, article.published, precision=article.published_precision, source=article.published_source
    )
    where = ""
    if start is not None:
        place = article.place_at(start)
        where = escaped(place_in_words(place.page, place.time))
    return (
        f'<bdi class="bl-outlet">{escaped(outlet)}</bdi> '
        f'<span class="bl-date">{escaped(date[0].upper() + date[1:])}</span>'
        + (f' <span class="bl-place">{where}</span>' if where else "")
    )


def beside(citation: Citation) -> str:
    """Who says it, and what its relative dates mean: beside the quote, never in it. HTML."""
    lines = [f"Said by: {citation.speaker}"] if citation.speaker else []
    for date in citation.dates:
        lines.append(f"“{date.words}”: {date_in_words(date.date)} ({date.basis})")
    items = "".join(f'<li dir="auto">{escaped(line)}</li>' for line in lines)
    return f'<ul class="bl-beside">{items}</ul>' if items else ""


def idle(sentence: str) -> str:
    """What stands in a pane that waits."""
    return f'<p class="bl-idle">{escaped(sentence)}</p>'


def busy(sentence: str) -> str:
    """What is being done, with the button that stops it. It has the place and the height of the status that follows."""
    return f'<p class="bl-status bl-working">{PULSE}<span>{escaped(sentence)}</span>{STOP}</p>'


def box(heading: str, lines: Iterable[str], kind: str) -> str:
    """Sentences in a box of their own; nothing for none."""
    items = "".join(f'<li dir="auto">{escaped(line)}</li>' for line in lines)
    return f'<div class="bl-box {kind}"><h3>{heading}</h3><ul>{items}</ul></div>' if items else ""


def failure(message: str, *, heading: str = "That did not work") -> str:
    """One plain sentence in a box: a `BylineError`, an empty question, something unexpected."""
    return f'<div class="bl-box bl-failure"><h3>{escaped(heading)}</h3><p dir="auto">{escaped(message)}</p></div>'


def unexpected() -> str:
    """What a reader sees when the program fails. The traceback goes to the log, never here."""
    return failure("Byline could not answer because of a fault of its own; the terminal says more.")


def count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
