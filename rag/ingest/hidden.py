"""What a page keeps from its readers' eyes. It is no part of the text, unless the rest of the page is no story: then it
was only meant to appear later (a fade, a paywall, a stream, a page for browsers without scripts)."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from rag.ingest.formats import NO_TEXT, paragraphs

SHOWN, DELAYED, TRAP = 0, 1, 2
"""How an element is kept from view: not at all; as pages do until a script has run; as nobody hides a story."""

_ZERO = re.compile(r"(?:0+(?:\.0*)?|\.0+)(?:px|r?em|pt|%|vh|vw)?$")
_OFF = re.compile(r"-\d{3,}")
_DELAYS = {
    "display": re.compile("none"),
    "visibility": re.compile("hidden|collapse"),
    "opacity": _ZERO,
    "max-height": _ZERO,
    "max-width": _ZERO,
}
_TRAPS = {
    "font-size": _ZERO,
    **dict.fromkeys(("left", "top", "right", "bottom", "text-indent", "margin-left", "margin-top"), _OFF),
    "clip": re.compile(r"rect\(0"),
    "clip-path": re.compile(r"inset\((?:50|100)%"),
}
_WHITE = re.compile(r"white|transparent|#f{3,4}(?![0-9a-f])|#f{6}|rgba?\((?:255,){2}255|rgba\([^)]*,0\)")
_STREAMED = re.compile(r"S:[0-9a-f]+")  # React: a script moves it to its place
_SENTENCE = re.compile(r"[.!?…][\"'”’»)\]]*$")
_MIN_WORDS = 8  # of a line that can be a sentence of a story
# The names that make the extractor leave out what bears them.
_SAYS_HIDDEN = re.compile(r"(?i)\S*(?:hidden|hide|invisible|noprint|notloaded)\S*")


class Unseen(NamedTuple):
    """An element that is not seen, why, and how many words of sentences it holds that no other held before."""

    element: Any
    kind: int
    why: str
    n_words: int


def prose(text: str) -> int:
    """How many words of a text stand in lines that can be sentences of a story, each line counted once."""
    return sum(len(line.split()) for line in _sentences(text))


def _sentences(text: str) -> set[str]:
    lines = {*map(str.strip, text.split("\n"))}
    return {line for line in lines if len(line.split()) >= _MIN_WORDS and _SENTENCE.search(line)}


def find_unseen(tree: Any) -> list[Unseen]:
    """The outermost elements that a reader does not see."""
    found: list[Unseen] = []
    inside: set[Any] = set()
    counted: set[str] = set()
    for element in [*tree.iter("*")][1:]:
        if (outer := element.getparent()) is not None and outer in inside:
            inside.add(element)
            continue
        kind, why = _kept_back(element)
        if kind == SHOWN and element.tag not in NO_TEXT:
            continue
        inside.add(element)
        if element.tag in NO_TEXT and not _is_another_page(element):
            continue
        lines = _lines_of(element) - counted
        counted |= lines
        n_words = sum(len(line.split()) for line in lines)
        found.append(Unseen(element, kind or DELAYED, why or f"<{element.tag}>", n_words))
    return found


def _is_another_page(element: Any) -> bool:
    """Whether it is what a browser shows that runs no scripts, or lets a script show."""
    return element.tag == "noscript" or (element.tag == "template" and bool(element.get("shadowrootmode")))


def _lines_of(element: Any) -> set[str]:
    part = copy.deepcopy(element)
    part.tail = None
    for inner in [*part.iter("script", "style")]:
        if inner is not part:
            inner.drop_tree()
    return _sentences(paragraphs(part))


def _kept_back(element: Any) -> tuple[int, str]:
    if _STREAMED.fullmatch(element.get("id", "")):
        return SHOWN, ""
    style = _style(element)
    for kind, rules in ((TRAP, _TRAPS), (DELAYED, _DELAYS)):
        for name, rule in rules.items():
            if name in style and rule.match(style[name]):
                return kind, f"{name}:{style[name]}"
    if "color" in style and _WHITE.match(style["color"]) and not _has_ground(element):
        return TRAP, f"color:{style['color']}"
    if "hidden" in element.attrib:
        return DELAYED, "hidden"
    return (DELAYED, "aria-hidden") if element.get("aria-hidden") == "true" else (SHOWN, "")


def _style(element: Any) -> dict[str, str]:
    """The declarations of an element's own style, without blanks."""
    pairs = (part.partition(":") for part in "".join(element.get("style", "").lower().split()).split(";"))
    return {name: value.removesuffix("!important") for name, _, value in pairs if value}


def _has_ground(element: Any) -> bool:
    return any("background" in outer.get("style", "").lower() for outer in (element, *element.iterancestors()))


def drop(tree: Any, unseen: Sequence[Unseen], level: int) -> None:
    """Take out of the tree what is never text, and what is kept back more than `level` allows; the rest is shown.
    `unseen` is what `find_unseen` gave for this tree."""
    for part in unseen:
        if part.kind > level:
            part.element.drop_tree()
        else:
            _show(part.element, level)
    for element in [*tree.iter(*NO_TEXT)]:
        if element is not tree and element.getparent() is not None:
            element.drop_tree()
    for element in [*tree.xpath("//*[@hidden]")]:
        if _STREAMED.fullmatch(element.get("id", "")):
            _show(element, level)


def _show(element: Any, level: int) -> None:
    for inner in [*element.iter("*")]:
        if inner is not element and _kept_back(inner)[0] > level:
            inner.drop_tree()
            continue
        for name in ("hidden", "aria-hidden", "style"):
            inner.attrib.pop(name, None)
        for name in ("class", "id"):
            if name in inner.attrib:
                inner.set(name, _SAYS_HIDDEN.sub("", inner.get(name)))
        if inner.tag in ("noscript", "template"):
            inner.tag = "div"
