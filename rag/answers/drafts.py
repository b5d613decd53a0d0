"""A language model's text, as it comes, to sentences with the numbers they cite. Pure functions and one reader."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.answers.markers import CLOSE, MARK, OPEN, has_markers, numbers_of, read_markers, without_markers
from rag.answers.refusals import GIVEN as _GIVEN
from rag.models.thoughts import ThoughtFilter
from rag.text.sentences import split_sentences

_STOP = re.compile(r"[.!?…。]")
_LINE_ENDS = str.maketrans({"\r": "\n", "\u2028": "\n", "\u2029": "\n", "\x85": "\n", OPEN: None, CLOSE: None})
# A marker, or a line of a kind that only its end makes known, may begin with it.
_OPENER = re.compile(r"[\[［【〔⟦({⟨<\\^$⁰¹²³⁴-⁹①-⑳\ue200\ue010]")
_WAITS = re.compile(
    rf"\s*(?:[|#`~=]|{_OPENER.pattern}|\W*(?:sources?|references?|citations?|footnotes?|notes)\b)", re.IGNORECASE
)
_BULLET = re.compile(r"\s*(?:>\s*)*(?:[-*•–—+◦▪]\s+|\d{1,2}[.)]\s+)?(?:\[[ x]\]\s+)?")
_NOTHING = re.compile(r"\s*(?:#{1,6}\s.*|[`~]{3,}\w*|[-*_=]{3,}|\*\*[^*.!?]+\*\*:?|)\s*")
_SEPARATOR = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_SOURCES = re.compile(
    r"\W*(?:sources?|references?|citations?|footnotes?|works cited|bibliography|(?:cited|supporting) (?:sentences|"
    r"sources)|quellen|fuentes|fonti|bronnen)(?: cited| used)?\W*(?::|\Z)",
    re.IGNORECASE,
)
_COLUMN_OF_SOURCES = re.compile(r"\W*(?:sources?|references?|refs?|citations?|sentences?)\W*", re.IGNORECASE)
# It may hold sources, or the numbers of the rows where it comes first, or anything.
_COLUMN_OF_NUMBERS = re.compile(r"\W*(?:nos?)?\W*", re.IGNORECASE)
_NUMBERS = re.compile(r"(?:\b(?:sources?|sentences?|and|to)\b|[\W\d_])*", re.IGNORECASE)
_EMPHASIS = re.compile(r"\*{1,3}|`+|(?<!\w)_{1,2}(?=\S)|(?<=\S)_{1,2}(?!\w)|~~")
_JSON = re.compile(r'\s*\{\s*"\w{1,20}"\s*:\s*\[?\s*"|"\s*\]?\s*\}\s*\Z')
# What models say around an answer, which is no claim.
_LABEL = re.compile(
    r"\s*(?:(?:final )?(?:answer|response)\s*:|(?:sure|certainly|of course|okay|ok|alright)[,!.]\s|"
    rf"(?:based (?:up)?on|according to|from|in) (?:the |these |your )?{_GIVEN}"
    r"(?:sentences|sources|articles?|passages|texts?|information|context|excerpts|evidence)"
    rf"(?: {_GIVEN})?[,:]|here(?:'s|’s| is) (?:the |my |an )?answer[^:.]{{0,40}}:)\s*",
    re.IGNORECASE,
)
_CHATTER = re.compile(
    r"(?:sure|certainly|of course|absolutely|okay|ok|alright|great question)\W*|"
    r"(?:here(?:'s|’s| is| are)|below (?:is|are)|the following|based on|according to|in summary|summary)\b[^.!?]*:|"
    r"(?:(?:please )?let me know|i hope (?:this|that)|feel free|if you (?:need|have|want|would)|is there anything)\b.*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Written:
    """One sentence that a model wrote: its words without markers, and the numbers it cites, each once, in order.

    `is_cut` says that it breaks off, and is no claim; `takes_back` that all sentences before it were thoughts.
    """

    text: str
    numbers: tuple[int, ...]
    is_cut: bool = False
    takes_back: bool = False


class DraftReader:
    """Cuts a stream into sentences. A sentence is given out once the next one has begun, so that its markers are
    complete: half a marker is never seen. What the model thinks is no part of it, nor are headings, tables' heads,
    lists of sources and what is said around an answer. `n_offered` is the highest number that may be cited."""

    def __init__(self, n_offered: int = 0) -> None:
        self._thoughts, self._n_offered = ThoughtFilter(), n_offered
        self._takes_back, self._n_given = False, 0
        self.n_read = 0  # characters that are no thoughts
        self._begin()

    def _begin(self) -> None:
        self._line, self._is_begun = "", False  # the line that is being written; whether a part of it is read
        self._last: str | None = None  # the sentence that is complete: a line of markers may follow it
        self._cells: Sequence[str] = ()  # of the row that it is
        self._columns: set[int] = set()  # of a table, that hold sources
        self._is_numbered = False  # whether its first column counts the rows
        self._unsure: set[int] = set()  # and those that hold them where a cell is nothing but numbers
        self._is_over = False

    @property
    def n_thought(self) -> int:
        """Characters of what the model thought."""
        return self._thoughts.n_dropped

    @property
    def n_pending(self) -> int:
        """Characters of the sentence that is not complete yet."""
        return len(self._line)

    def feed(self, piece: str) -> Iterator[Written]:
        """The sentences that are complete now."""
        yield from self._add(*self._thoughts.feed(piece.translate(_LINE_ENDS)))

    def finish(self) -> Iterator[Written]:
        """What is left when the stream has ended."""
        yield from self._add(*self._thoughts.finish())
        yield from self._whole_line(self._line)
        yield from self._give()
        if self._takes_back:
            yield Written("", (), takes_back=True)
        self._begin()

    def cut(self) -> Iterator[Written]:
        """What is left when the stream broke off: what it broke off in is no sentence, unless its marker and its stop
        are there ("It cost 3." may have been to be 3.5)."""
        yield from self._add(*self._thoughts.finish())
        line = _plain(self._line, is_begun=self._is_begun)
        text = self._read(line)
        spans = split_sentences(text)
        is_whole = re.search(rf"{MARK.pattern}\s*[.!?…。][\"”’»)]*\s*\Z", text) and not self._line.lstrip().startswith(
            "|"
        )
        half = ""
        if spans and not is_whole:
            half = without_markers(text[spans[-1][0] :])
            self._line, self._is_begun = text[: spans[-1][0]], True
        yield from self.finish()
        if re.search(r"\w", half):
            yield Written(half, (), is_cut=True)

    def _add(self, text: str, all_before_is_thought: bool) -> Iterator[Written]:
        if all_before_is_thought:
            self._takes_back, self._n_given = self._takes_back or self._n_given > 0, 0
            self._begin()
        self.n_read += len(text)
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            yield from self._whole_line(line)
        yield from self._half_line()

    def _read(self, line: str) -> str:
        # Who writes [3] once means no citation by (3).
        self._n_offered = 0 if has_markers(line) else self._n_offered
        return read_markers(line, self._n_offered)

    def _half_line(self) -> Iterator[Written]:
        """The sentences that are complete in the line that is being written."""
        if self._is_over or (not self._is_begun and _WAITS.match(self._line)):
            return
        # Only a stop can complete a sentence: most pieces need no look at the whole.
        if _STOP.search(self._line):
            text = self._read(_plain(self._line, is_begun=self._is_begun))
            spans = split_sentences(text)
            # The sentence before a marker that is only half there still waits for it.
            n_held = 2 if spans and _OPENER.match(text, spans[-1][0]) else 1
            for start, end in spans[:-n_held]:
                yield from self._push(text[start:end])
            if len(spans) > n_held:
                self._line, self._is_begun = text[spans[-n_held][0] :], True
        if re.match(r"\s*[\"“‘«]?[^\W\d_]", self._line):
            yield from self._give()

    def _whole_line(self, line: str) -> Iterator[Written]:
        is_begun, self._is_begun = self._is_begun, False
        if self._is_over or (not is_begun and self._is_around(line)):
            return
        if not is_begun and line.lstrip().startswith("|"):
            yield from self._row(line)
            return
        text = self._read(_plain(line, is_begun=is_begun))
        if not re.search(r"\w", MARK.sub("", text)):
            self._last = f"{self._last} {text}" if self._last is not None else None
        elif is_begun or not self._is_entry(text):
            for start, end in split_sentences(text):
                yield from self._push(text[start:end])

    def _is_around(self, line: str) -> bool:
        """Whether a line is no sentence of the answer: a heading, a rule, a table's head, the list of sources."""
        if sources := _SOURCES.match(line):
            # What comes after a heading is the list of what was cited. A line is one by itself.
            is_heading = not re.search(r"[^\W\d]", line[sources.end() :])
            self._is_over = is_heading and (self._n_given > 0 or self._last is not None)
        elif "|" in line and _SEPARATOR.fullmatch(line):
            # The row above it was a table's head.
            self._columns = {i for i, cell in enumerate(self._cells) if _COLUMN_OF_SOURCES.fullmatch(cell)}
            self._unsure = {i for i, cell in enumerate(self._cells) if _COLUMN_OF_NUMBERS.fullmatch(cell)}
            self._is_numbered = 0 in self._unsure and bool(re.search(r"[#\w]", self._cells[0]))
            self._last = None if self._cells else self._last
        elif not _NOTHING.fullmatch(line):
            return False
        return True

    def _is_entry(self, text: str) -> bool:
        """Whether a line is an entry of a list of sources: a number, a name and a date, after sentences that end with
        their markers."""
        mark = MARK.match(text)
        is_definition = mark is not None and text[mark.end() :].startswith(":")
        has_before = self._last is not None and MARK.search(self._last) and not MARK.match(self._last)
        is_entry = has_before and not re.search(r"[.!?…。][\"”’»)]*\s*\Z", text)
        return mark is not None and (is_definition or bool(is_entry)) and (self._n_given > 0 or self._last is not None)

    def _row(self, line: str) -> Iterator[Written]:
        """The sentences of a table's row: its cells with words, each with the markers of the row."""
        cells = re.split(r"(?<!\\)\|", re.sub(r"\A\||(?<!\\)\|\Z", "", line.strip()))
        marks, words = "", []
        for i, cell in enumerate(cells):
            text = self._read(_plain(cell, is_begun=True))
            is_bare = i in self._unsure and _NUMBERS.fullmatch(MARK.sub("", text)) is not None
            if is_bare and i == 0:  # the number of the row, or what it is about: "2021"
                text = "" if self._is_numbered and not MARK.search(text) else text
            elif is_bare or i in self._columns:
                text = "".join(mark[0] for mark in MARK.finditer(text)) or re.sub(r"(\d+)|\D", _bare_mark, text)
            marks += "".join(mark[0] for mark in MARK.finditer(text))
            text = MARK.sub("", text).strip()
            words += [text] if re.search(r"\w", text) else []
        text = ": ".join(words[:2]) + "".join(f", {cell}" for cell in words[2:])
        for start, end in split_sentences(text):
            yield from self._push(f"{text[start:end]} {marks}")
        self._cells = cells

    def _push(self, sentence: str) -> Iterator[Written]:
        yield from self._give()
        self._last = sentence

    def _give(self) -> Iterator[Written]:
        sentence, self._last, self._cells = self._last, None, ()
        if sentence is not None and (written := _written(sentence, takes_back=self._takes_back)):
            self._takes_back, self._n_given = False, self._n_given + 1
            yield written


def sentences_of(text: str, n_offered: int) -> list[Written]:
    """The sentences of a whole text, in order, without those that turn out to be thoughts."""
    reader = DraftReader(n_offered)
    found: list[Written] = []
    for written in [*reader.feed(text), *reader.finish()]:
        found = [] if written.takes_back else found
        found += [written] if written.text else []
    return found


def _bare_mark(number: re.Match[str]) -> str:
    """A number in a column of sources as a mark, and nothing for whatever else stands there."""
    return f"{OPEN}{number[1]}{CLOSE}" if number[1] else ""


def _plain(line: str, *, is_begun: bool) -> str:
    """A line without Markdown and JSON around it; without its bullet, unless it is the rest of one that `is_begun`."""
    if not is_begun:
        line = line[bullet.end() :] if (bullet := _BULLET.match(line)) else line
    return _EMPHASIS.sub("", _JSON.sub("", line) if '"' in line else line)


def _written(sentence: str, *, takes_back: bool) -> Written | None:
    text = without_markers(sentence)
    numbers = numbers_of(sentence)
    while (label := _LABEL.match(text)) and re.search(r"\w", text[label.end() :]):
        text = text[label.end() :]
        text = text[:1].upper() + text[1:]
    text = re.sub(r"\A[^\w\"“‘«„'(¿¡$€£¥+−-]+", "", text).strip()
    if not re.search(r"\w", text) or (not numbers and _CHATTER.fullmatch(text)):
        return None
    return Written(text, numbers, takes_back=takes_back)
