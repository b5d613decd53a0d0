"""A language model's text, as it comes, to sentences with the numbers they cite. Pure functions and one reader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.models.prompts import REFUSAL
from rag.text.sentences import split_sentences

# [3], [3, 7], [3-5], [S3], [Source 3], [^3], 【3†source】, ［3］: the ways in which models write a citation.
_LIST = r"(\d+(?:\s*(?:,|;|&|and|–|-)\s*[Ss]?\d+)*)"
_MARKER = re.compile(
    rf"\s*(?:[\[［]\s*(?:\^|[Ss](?:entences?|ources?)?\s*:?\s*)?{_LIST}\s*[\]］]|【\s*{_LIST}[^】]{{0,40}}】)"
)
_AND = rf"\s*(?:,|;|&|and)(?={_MARKER.pattern})"
_BETWEEN_MARKERS = re.compile(rf"({_MARKER.pattern}){_AND}")
_MARKERS_AFTER_STOP = re.compile(rf"([.!?…][\"”’»)]*)((?:{_MARKER.pattern}(?:{_AND})?)+)")
_HALF_MARKER = re.compile(r"[\[［【][^\]］】]*\Z")
# Control tokens that a server lets through: <|im_end|>, </s>, <end_of_turn>.
_CONTROL = re.compile(r"<\|[^|<>]{1,40}\|>|</?s>|<(?:start|end)_of_turn>")
_LABEL = re.compile(r"^(?:\s*(?:[-*•]|\d+[.)])\s+|\s*\**(?:Answer|Response)\**\s*:\s*)", re.IGNORECASE)
_LONGEST_RANGE = 10


@dataclass(frozen=True)
class Written:
    """One sentence that a model wrote: its words without markers, and the numbers it cites, each once, in order."""

    text: str
    numbers: tuple[int, ...]


# Marks around what a model thinks before it answers (DeepSeek-R1, Qwen3, Magistral, …).
_THOUGHT = re.compile(r"<(/?)(?:think|thinking|thought|reasoning|reflection)>|\[(/?)THINK\]", re.IGNORECASE)
_HALF_TAG = re.compile(r"[<\[][/a-z]{0,11}\Z", re.IGNORECASE)


class ThoughtFilter:
    """Takes a model's thoughts out of its stream: what stands between `<think>` and `</think>`, and what comes before a
    `</think>` that was never opened, as far as it has not been given out. Half a mark is held back."""

    def __init__(self) -> None:
        self._held, self._depth = "", 0
        self.n_dropped = 0

    def feed(self, piece: str) -> tuple[str, bool]:
        """The text that is no thought, and whether all text before it was one."""
        text, self._held = self._held + piece, ""
        if half := _HALF_TAG.search(text):
            text, self._held = text[: half.start()], half[0]
        return self._without(text)

    def finish(self) -> str:
        """What was held back when the stream ended."""
        text, self._held = self._held, ""
        return self._without(text)[0]

    def _without(self, text: str) -> tuple[str, bool]:
        kept, at, all_before = "", 0, False
        for mark in _THOUGHT.finditer(text):
            kept += self._outside(text[at : mark.start()])
            at = mark.end()
            if not (mark[1] or mark[2]):
                self._depth += 1
            elif self._depth:
                self._depth -= 1
            else:
                self.n_dropped += len(kept)
                kept, all_before = "", True
        return kept + self._outside(text[at:]), all_before

    def _outside(self, text: str) -> str:
        if self._depth:
            self.n_dropped += len(text)
            return ""
        return text


class DraftReader:
    """Cuts a stream into sentences. A sentence is given out once the next one has begun, so that its markers are
    complete: half a marker is never seen. What the model thinks is no part of it."""

    def __init__(self) -> None:
        self._buffer = ""
        self._thoughts = ThoughtFilter()

    def feed(self, piece: str) -> Iterator[Written]:
        """The sentences that are complete now."""
        text, all_before_was_thought = self._thoughts.feed(piece)
        self._buffer = text if all_before_was_thought else self._buffer + text
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

    @property
    def n_pending(self) -> int:
        """Characters of the sentence that is not complete yet."""
        return len(self._buffer)

    def finish(self) -> Iterator[Written]:
        """What is left when the stream has ended."""
        text, self._buffer = _attach(self._buffer + self._thoughts.finish()), ""
        for start, end in split_sentences(text):
            yield from _written(text[start:end])


def is_refusal(text: str) -> bool:
    """Whether a sentence is the agreed "the articles do not say", however it is cased and punctuated."""
    return re.sub(r"\W+", " ", text).strip().lower() == re.sub(r"\W+", " ", REFUSAL).strip().lower()


def _attach(text: str) -> str:
    """Markers that follow a full stop are moved before it: they belong to the sentence that it ends."""
    return _MARKERS_AFTER_STOP.sub(r"\2\1", text)


def _written(sentence: str) -> Iterator[Written]:
    sentence = _BETWEEN_MARKERS.sub(r"\1", _CONTROL.sub("", sentence))
    numbers: dict[int, None] = {}
    for match in _MARKER.finditer(sentence):
        for part in re.split(r",|;|&|and", match[1] or match[2]):
            first, *last = (int(number) for number in re.findall(r"\d+", part)[:2])
            up_to = last[0] if last and first <= last[0] < first + _LONGEST_RANGE else first
            numbers.update(dict.fromkeys([*range(first, up_to + 1), *last]))
    text = _LABEL.sub("", re.sub(r"\s+([.,;:!?…])", r"\1", _MARKER.sub("", sentence))).strip().strip("*").strip()
    if re.search(r"\w", text):
        yield Written(text, tuple(numbers))
