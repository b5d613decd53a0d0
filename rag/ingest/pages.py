"""A page of HTML to the text of its article, and what the page states of it."""

from __future__ import annotations

import copy
import re
from itertools import islice
from typing import Any

from rag.ingest import hidden, page_dates, page_metadata
from rag.ingest.boilerplate import WORD, find_boilerplate
from rag.ingest.formats import declared_in, from_markup, paragraphs, spaced, tree_of
from rag.ingest.furniture import NO_STORY, SUBSCRIBERS_ONLY, is_furniture
from rag.ingest.linked_data import LIVE, LinkedData, kinds
from rag.ingest.metadata import clean
from rag.text.calendar import date_in_words
from rag.text.written_dates import FULL_DATE, entry_stamps, parse_date
from rag.types import Json

# Below the first the extractor looks elsewhere and runs paragraphs together; a brief is not much longer. A text of
# fewer words than `_BRIEF` may be no more than the first box of the story.
_SMALLEST, _ITS_OWN, _BRIEF = "100", "250", 60
# Blocks of a page: with more the extractor's second opinion, then the extractor itself, takes a time that grows with
# their square.
_MANY, _TOO_MANY = 2000, 10_000
_MOST_OF_IT = 2  # so many times the words of what is shown make what is not shown the story
_MIN_STORY = 60  # words: fewer that are hidden are never the story
_MIN_BODY = 25  # words of `articleBody`
_MIN_TOLD = 30  # words left out as hidden that are worth a word
_LONGEST = 400  # characters of a line that can be other than story
_TEASER = 0.7  # of the words that the page counts itself
_SHORT = 150  # words of a page that says that its text is not for everybody: it holds the beginning
_MOST_OF_A_WALL, _HEADLINE = 80, 160  # words, characters
_PART = "The page gives only the beginning of the article"
_QUOTED_FROM, _QUOTED_TO = "\ue000", "\ue001"
_IS_LIVE = re.compile(r"(?i)\blive(?:[- ]?(?:blog|updates?|coverage|ticker))?\b")


def from_html(data: bytes) -> tuple[str, Json]:
    """The main text of a page, its paragraphs set apart by blank lines, and what the page states of itself.

    The reasons say where the text is not what the page shows (`text`), what was left out of it as `hidden`, and that it
    is only the beginning (`excerpt`).
    """
    tree = tree_of(data, declared_in(data))
    if tree is None:
        return "", {}
    linked = LinkedData(tree)
    aside = page_metadata.asides(tree)
    own = page_metadata.stated(tree, linked, aside)
    dates = page_dates.stated(tree, linked, own.get("url"), aside)
    own |= {**dates, "clues": [*own.get("clues", ()), *dates.get("clues", ())]}
    entries, n_entries = _date_entries(tree, linked, str(own.get("title")), aside)
    text, reasons = _story(tree, linked)
    if len(entry_stamps(text)) < n_entries:  # the extractor has run lines together, or left some out
        text = paragraphs(copy.deepcopy(entries))
    if (part := _why_part(text, linked)) is not None:
        reasons["excerpt"] = part
    if (no_story := _why_no_story(text, page_metadata.window_title(tree))) is not None:
        reasons["story"] = no_story
    own["reasons"] = {**own.get("reasons", {}), **reasons}
    return clean(text), own


def all_words(data: bytes, declared: str | None) -> str:
    """All paragraphs that a reader of the HTML of a mail sees: it lays itself out in tables, among which the search for
    a page's main text loses its way. What it quotes for its reply has "> " before it. `declared` is its encoding."""
    tree = tree_of(data, declared)
    if tree is None:
        return ""
    hidden.drop(tree, hidden.find_unseen(tree), hidden.SHOWN)
    for quoted in tree.xpath("//blockquote[@type='cite' or contains(@class, 'gmail_quote')]"):
        for sign, place in ((_QUOTED_FROM, 0), (_QUOTED_TO, len(quoted) + 1)):
            line = quoted.makeelement("p")
            line.text = sign
            quoted.insert(place, line)
        quoted[0].tail, quoted.text = quoted.text, None
    return _with_signs(clean(paragraphs(tree)))


def _with_signs(text: str) -> str:
    depth, lines = 0, []
    for line in text.split("\n\n"):
        if line in (_QUOTED_FROM, _QUOTED_TO):
            depth = max(0, depth + (1 if line == _QUOTED_FROM else -1))
        else:
            lines.append("> " * depth + line)
    return "\n\n".join(lines)


def _story(tree: Any, linked: LinkedData) -> tuple[str, Json]:
    """The text of the article: of what the page shows, else of what it keeps back, else of its JSON-LD."""
    unseen = hidden.find_unseen(tree)
    whole = copy.deepcopy(tree) if any(part.n_words for part in unseen) else None
    hidden.drop(tree, unseen, hidden.SHOWN)
    text, reasons = _main_text(tree), _about_hidden(unseen)
    n_words = _n_words(text)
    for level in (hidden.DELAYED, hidden.TRAP):
        kept = [part for part in unseen if part.kind <= level and part.n_words]
        n_kept = sum(part.n_words for part in kept)
        if level == hidden.TRAP:
            body, n_body = _body_in(linked)
            if n_body >= max(_MIN_BODY, _MOST_OF_IT * n_words):
                text, n_words = body, n_body
                reasons = {"text": "The page carries its text only in its JSON-LD (articleBody)."}
        if whole is None or n_kept < max(_MIN_STORY, _MOST_OF_IT * n_words):
            continue
        shown = copy.deepcopy(whole)
        hidden.drop(shown, hidden.find_unseen(shown), level)
        other = _main_text(shown)
        if (n_other := _n_words(other)) >= max(_MIN_STORY, _MOST_OF_IT * n_words):
            why = ", ".join(dict.fromkeys(part.why for part in kept))
            told = (
                f"The page hides {n_kept} words of its text ({why[:80]}); they were read, since the rest is no story."
            )
            text, n_words, reasons = other, n_other, {"text": told}
    return text, reasons


def _about_hidden(unseen: list[hidden.Unseen]) -> Json:
    told = [part for part in unseen if part.n_words and part.element.tag != "noscript"]
    n_words = sum(part.n_words for part in told)
    if n_words < _MIN_TOLD:
        return {}
    why = ", ".join(dict.fromkeys(part.why for part in told))
    return {"hidden": f"Left out: {n_words} words that the page hides ({why[:80]})."}


def _n_words(text: str) -> int:
    """The words of sentences in a text, without what is not its story."""
    edges = [0, *(edge for span in find_boilerplate(text) for edge in span), len(text)]
    return hidden.prose("\n".join(text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)))


def _main_text(tree: Any) -> str:
    n_blocks = len(list(islice(tree.iter("p", "div", "li", "td"), _TOO_MANY)))
    if n_blocks == _TOO_MANY:
        return paragraphs(copy.deepcopy(next(tree.iter("article", "main"), tree)))
    is_large = n_blocks >= _MANY
    text = _extracted(tree, _SMALLEST, fast=is_large)
    if _n_words(text) < _BRIEF and not is_large:
        wider = _extracted(tree, _ITS_OWN)
        if _n_words(wider) >= _MOST_OF_IT * max(_n_words(text), 1):
            text = wider
    return text if WORD.search(text) else paragraphs(copy.deepcopy(tree))


def _extracted(tree: Any, smallest: str, *, fast: bool = False) -> str:
    import trafilatura

    config = trafilatura.settings.use_config()
    config.set("DEFAULT", "MIN_EXTRACTED_SIZE", smallest)
    text = trafilatura.extract(tree, include_comments=False, config=config, fast=fast)
    return spaced(text) if text is not None else ""


def _body_in(linked: LinkedData) -> tuple[str, int]:
    """The text that the JSON-LD of the article carries, or of a live blog's entries, and its words."""
    body = "\n\n".join(list(linked.texts("articleBody", of_article=True))[:1])
    if not body and LIVE in kinds(linked.article):
        entries = linked.article.get("liveBlogUpdate")
        parts = []
        for entry in entries if isinstance(entries, list) else [entries]:
            if isinstance(entry, dict):
                day = parse_date(entry.get("datePublished"))[0]
                stamp = _stamp(day, str(entry.get("datePublished"))) if day is not None else ""
                parts += [stamp, *(str(entry.get(name) or "") for name in ("headline", "articleBody"))]
        body = "\n\n".join(filter(None, parts))
    text = from_markup(body, "html")
    return text, _n_words(text)


def _why_part(text: str, linked: LinkedData) -> str | None:
    """Why the page gives only the beginning of its article; None where nothing says so."""
    n_words = len(text.split())
    counted = next((int(n) for n in linked.texts("wordCount", of_article=True) if re.fullmatch(r"\d{1,6}", n)), 0)
    if counted and n_words < _TEASER * counted:
        return f"{_PART}: {n_words} of the {counted} words that it counts."
    lines = [line for line in text.split("\n") if line.strip()]
    if (call := next((line for line in lines[-6:] if SUBSCRIBERS_ONLY.fullmatch(line.strip())), None)) is not None:
        return f"{_PART}: “{call.strip()[:100]}”."
    last = next((line.strip() for line in reversed(lines) if not is_furniture(line.strip()[:_LONGEST])), "")
    if n_words < _SHORT and re.search(r"(?:…|\.\.\.)\W*$", last):
        return f"{_PART}: its last words are “{last[-60:]}”."
    if linked.is_locked() and not counted:
        if n_words < _SHORT:
            return f"{_PART}: it says that the text is not free (isAccessibleForFree: false)."
        return "The page says that its text is not free (isAccessibleForFree: false): it may be only the beginning."
    return None


def _why_no_story(text: str, title: str) -> str | None:
    """Why a page seems to hold no story: a wall or an error in its place, or a headline alone. None for the others."""
    if len(text.split()) <= _MOST_OF_A_WALL and (said := NO_STORY.search(f"{title}\n{text}")) is not None:
        return f"The page may hold no story: it says “{said[0]}”."
    if "\n" not in text and len(text) <= _HEADLINE and not re.search(r"[.!?…。！？]\W*$", text):
        return "The page holds a headline and no text below it; save it once it has loaded."
    return None


# --- Live blogs


def _date_entries(tree: Any, linked: LinkedData, title: str, aside: page_metadata.Asides) -> tuple[Any, int]:
    """Put the day and time of each entry of a live blog above it as a line, which `entry_stamps` reads: the extractor
    would drop them, and "today" would be the day of the first entry. Returned are what holds them all, and how many."""
    is_live = LIVE in kinds(linked.article) or any(_IS_LIVE.search(words) for words in (title, _classes(tree)))
    times = [time for time in tree.iter("time") if time.get("datetime") and time not in aside] if is_live else []
    stamped = [time for time in times if _of_entry(time)]
    if len(stamped) < 2:
        return tree, 0
    around = {*stamped[-1].iterancestors()}
    outer = next((element for element in stamped[0].iterancestors() if element in around), tree)
    n_entries = 0
    for time in stamped:
        shown = page_metadata.text_of(time)
        day = parse_date(shown if FULL_DATE.search(shown) else time.get("datetime"))[0]
        if day is not None and len(day) == 10:
            line = time.makeelement("p")
            line.text = _stamp(day, shown if re.search(r"\d[:.]\d\d", shown) else time.get("datetime"))
            time.addprevious(line)
            time.drop_tree()
            n_entries += 1
    return outer, n_entries


def _classes(tree: Any) -> str:
    return " ".join(map(str, tree.xpath("//body/@class|//main/@class|//article/@class")))[:5000]


def _of_entry(time: Any) -> bool:
    """Whether a time stands at the head of a block with sentences of its own."""
    block = next((outer for outer in time.iterancestors("article", "section", "li", "div")), None)
    if block is None or len(list(islice(block.iter("time"), 2))) > 1:
        return False
    return hidden.prose("\n".join(page_metadata.text_of(part) for part in block.iter("p"))) > 0


def _stamp(day: str, words: str) -> str:
    words = re.sub(r"^\d{4}-\d\d-\d\d[T ]", "", words)
    clock = re.search(r"(?<![\d:.])[0-2]?\d[:.][0-5]\d(?:\s?[ap]\.?m\b)?", words, re.IGNORECASE)
    return f"{date_in_words(day)}, {clock[0] if clock is not None else '00:00'}"
