"""What a sentence would say with the figure of the articles, where a figure is all that is wrong with it. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from rag.checking.faults import PUT_OTHERWISE
from rag.text.facts import read
from rag.types import CheckedSentence


class Fix(NamedTuple):
    """The words of the sentence, those of the articles, and the sentence with these."""

    here: str
    there: str
    text: str


def fix(sentence: CheckedSentence) -> Fix | None:
    """None unless the articles contradict the sentence in one figure and in nothing else, the figure stands in it once,
    and the other one stands so in what is cited."""
    if sentence.finding != "contradicted" or len(sentence.conflicts) != 1:
        return None
    found = PUT_OTHERWISE.fullmatch(sentence.conflicts[0])
    if found is None or not (_is_figure(found["ours"]) and _is_figure(found["theirs"])):
        return None
    here, there = found["ours"], found["theirs"]
    if any(words.strip() not in here for words in sentence.missing):
        return None
    places = list(re.finditer(rf"(?<![\w.,]){re.escape(here)}(?![\w%]|[.,]\d)", sentence.text))
    if len(places) != 1 or not any(there in citation.quote for citation in sentence.citations):
        return None
    start, end = places[0].span()
    return Fix(here, there, sentence.text[:start] + there + sentence.text[end:])


def _is_figure(words: str) -> bool:
    items = read(words).items
    return len(items) == 1 and items[0].number is not None
