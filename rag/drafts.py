"""A language model's text, as it comes, to sentences with the numbers they cite. Pure functions and one reader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.passages import split_sentences
from rag.prompts import REFUSAL

# [3], [3, 7], [3-5], [S3], [^3], 【3†source】: the ways in which models write a citation.
_MARKER = re.compile(
    r"\s*(?:\[\s*(?:\^|[Ss](?:entences?)?\s*)?(\d+(?:\s*(?:,|;|&|and|–|-)\s*[Ss]?\d+)*)\s*\]|【\s*(\d+)[^】]{0,40}】)"
)
_MARKERS_AFTER_STOP = re.compile(rf"([.!?…][\"”’»)]*)((?:{_MARKER.pattern})+)")
_HALF_MARKER = re.compile(r"[\[【][^\]】]*\Z")
_LABEL = re.compile(r"^(?:\s*(?:[-*•]|\d+[.)])\s+|\s*\**(?:Answer|Response)\**\s*:\s*)", re.IGNORECASE)
_LONGEST_RANGE = 10


@dataclass(frozen=True)
class Written:
    """One sentence that a model wrote: its words without markers, and the numbers it cites, each once, in order."""

    text: str
    numbers: tuple[int, ...]


class DraftReader:
    """Cuts a stream into sentences. A sentence is given out once the next one has begun, so that its markers are
    complete: half a marker is never seen."""

    def __init__(self) -> None:
        self._buffer = ""

    def feed(self, piece: str) -> Iterator[Written]:
        """The sentences that are complete now."""
        self._buffer += piece
        # Only a stop can complete a sentence: most pieces need no look at the whole.
        if not re.search(r"[.!?…。\n]", self._buffer):
            return
        text = _attach(self._buffer)
        spans = split_sentences(text)
        # The sentence before a marker that is only half there still waits for it.
        n_held = 2 if spans and _HALF_MARKER.match(text, spans[-1][0]) else 1
        for start, end in spans[:-n_held]:
            yield from _written(text[start:end])
        self._buffer = text[spans[-min(n_held, len(spans))][0] :] if spans else ""

    def finish(self) -> Iterator[Written]:
        """What is left when the stream has ended."""
        text, self._buffer = _attach(self._buffer), ""
        for start, end in split_sentences(text):
            yield from _written(text[start:end])


def is_refusal(text: str) -> bool:
    """Whether a sentence is the agreed "the articles do not say", however it is cased and punctuated."""
    return re.sub(r"\W+", " ", text).strip().lower() == re.sub(r"\W+", " ", REFUSAL).strip().lower()


def _attach(text: str) -> str:
    """Markers that follow a full stop are moved before it: they belong to the sentence that it ends."""
    return _MARKERS_AFTER_STOP.sub(r"\2\1", text)


def _written(sentence: str) -> Iterator[Written]:
    numbers: dict[int, None] = {}
    for match in _MARKER.finditer(sentence):
        for part in re.split(r",|;|&|and", match[1] or match[2]):
            first, *last = (int(number) for number in re.findall(r"\d+", part)[:2])
            up_to = last[0] if last and first <= last[0] < first + _LONGEST_RANGE else first
            numbers.update(dict.fromkeys([*range(first, up_to + 1), *last]))
    text = _LABEL.sub("", re.sub(r"\s+([.,;:!?…])", r"\1", _MARKER.sub("", sentence))).strip().strip("*").strip()
    if re.search(r"\w", text):
        yield Written(text, tuple(numbers))
