"""Printed lines to running text: columns one after the other, without running heads and page numbers, paragraphs told
apart, words that a line end has divided whole again. Pure; all measures are in points, `top` above `bottom`."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile
from statistics import median

from rag.ingest.hyphens import Hyphens


@dataclass(frozen=True, slots=True)
class Line:
    """Words that stand side by side with no more than a blank between them."""

    text: str
    x0: float
    x1: float
    bottom: float
    top: float
    page: int

    @property
    def height(self) -> float:
        return self.top - self.bottom

    @property
    def width(self) -> float:
        return self.x1 - self.x0


@dataclass(frozen=True, slots=True)
class Page:
    bottom: float
    top: float
    lines: list[Line]


Flow = list[Line]
"""Lines that are read one below the other: those of a column, or of the page's width."""

# Of the height of a line, which is about 1.2 of the size of its type.
_GUTTER, _NARROWEST, _INDENT, _OTHER_SIZE = 0.6, 7.0, 0.7, 0.15
_SHORT = 0.7  # of the width of its column: a line that ends a paragraph
_WIDE_GAP = 1.4  # of the usual distance between lines
_BESIDE = 3  # lines on either side that make columns
_MOST_LINES = 1_500  # of a page whose columns are looked for: more are a picture made of letters
_DEEPEST, _MOST_STARTS = 12, 60

_DIVIDED = re.compile(r"\w[-\xad‐]$")

# --- Running heads

_MARGIN = 0.15  # of the page's height
_MOST_ROWS = 3  # of a head or a foot
_SHIFT, _NEAR = 6.0, 3  # points and pages between two that are the same
_LETTERS = re.compile(r"[^\W\d_]{3}")
_NUMBER = re.compile(
    r"(?i)[^\w]*(?:(?:page|seite|pagina|página|p\.|pg\.?|no?\.)\s*)?(?:\d{1,4}|(?-i:(?=[ivxl])x{0,3}l?x{0,3}(?:ix|iv|v?i{0,3})))"
    r"(?:\s*(?:of|/|von|de|di|sur)\s*\d{1,4})?[^\w]*"
)


def without_running_heads(pages: Sequence[Page]) -> tuple[list[Page], list[str]]:
    """The pages without what is printed at their head or foot again and again (figures may change) and without their
    numbers; and what was, each once. Only rows near the edge are looked at, a number only where it stands apart."""
    rows = [_rows(page.lines) for page in pages]
    steps = [a[0].bottom - b[0].bottom for page in rows for a, b in pairwise(page)]
    step = median(steps) if steps else 0.0
    margins = [_margins(page, listed, step) for page, listed in zip(pages, rows, strict=True)]
    places: dict[str, list[tuple[int, float]]] = {}
    for number, margin in enumerate(margins):
        for row, *_ in margin:
            places.setdefault(_alike(row), []).append((number, row[0].bottom))
    gone: dict[str, None] = {}
    kept = []
    for number, (page, margin) in enumerate(zip(pages, margins, strict=True)):
        running: set[Line] = set()
        for row, is_apart, outer in margin:
            again = any(
                0 < abs(other - number) <= _NEAR and abs(y - row[0].bottom) < _SHIFT for other, y in places[_alike(row)]
            )
            is_number = is_apart and _NUMBER.fullmatch(_text(row)) is not None
            # A row of figures that goes on over the page is no head, and none stands below a line of the story.
            is_head = _LETTERS.search(_text(row)) and (outer is None or outer[0] in running)
            if (again and (is_apart or is_head)) or is_number:
                running.update(row)
                gone.update({} if is_number else {_text(row): None})
        kept.append(replace(page, lines=[line for line in page.lines if line not in running]))
    if not any(page.lines for page in kept):  # the same slip printed twice
        return list(pages), []
    return kept, list(gone)


def _margins(page: Page, rows: list[Flow], step: float) -> list[tuple[Flow, bool, Flow | None]]:
    """The few rows near a page's upper and lower edge that are set apart from the text or, where none is, are the
    first; each with whether it is, and the one between it and the edge."""
    edge = _MARGIN * (page.top - page.bottom)
    found: list[tuple[Flow, bool, Flow | None]] = []
    for ordered in (rows, rows[::-1]):
        near = [*takewhile(lambda row: row[0].top < page.bottom + edge or row[0].bottom > page.top - edge, ordered)]
        near = near[:_MOST_ROWS]
        ends = (
            n
            for n, row in enumerate(near, start=1)
            if n == len(ordered) or abs(row[0].bottom - ordered[n][0].bottom) > _WIDE_GAP * step
        )
        n_apart = next(ends, 0)
        listed = [row for row, *_ in found]
        outer = [None, *near]
        found += [(row, n_apart > 0, outer[n]) for n, row in enumerate(near[: n_apart or None]) if row not in listed]
    return found


def _rows(lines: Sequence[Line]) -> list[Flow]:
    """The lines that stand on one height together, from the top, each row from the left."""
    rows: list[Flow] = []
    for line in sorted(lines, key=lambda line: (-line.top, line.x0)):
        if rows and _overlap(rows[-1][0], line) > 0.5:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.x0, reverse=_is_from_right(row)) for row in rows]


def _overlap(a: Line, b: Line) -> float:
    smaller = min(a.height, b.height)
    return (min(a.top, b.top) - max(a.bottom, b.bottom)) / smaller if smaller > 0 else 0.0


def _text(row: Sequence[Line]) -> str:
    return " ".join(line.text for line in row)


def _alike(row: Sequence[Line]) -> str:
    return re.sub(r"\d+", "#", _text(row).casefold())


def _is_from_right(lines: Sequence[Line]) -> bool:
    """Whether most of them are in Arabic or Hebrew letters."""
    return 2 * sum(re.search("[\u0590-\u08ff\ufb1d-\ufefc]", line.text) is not None for line in lines) > len(lines)


# --- Columns


def reading_order(lines: Sequence[Line]) -> list[Flow]:
    """The lines as they are read: what stands above columns, each column, what stands below."""
    whole = _with_initials(lines) if len(lines) <= _MOST_LINES else lines
    return [flow for flow in _flows(sorted(whole, key=lambda line: -line.top), 0) if flow]


def _flows(lines: list[Line], depth: int) -> Iterator[Flow]:
    columns = _columns(lines) if 2 * _BESIDE <= len(lines) <= _MOST_LINES and depth < _DEEPEST else None
    if columns is None:
        yield [_joined(row) for row in _rows(lines)]
    else:
        for part in columns:
            yield from _flows(part, depth + 1)


def _joined(row: Flow) -> Line:
    return replace(
        row[0],
        text=_text(row),
        x0=min(line.x0 for line in row),
        x1=max(line.x1 for line in row),
        bottom=min(line.bottom for line in row),
        top=max(line.top for line in row),
    )


def _columns(lines: list[Line]) -> tuple[list[Line], ...] | None:
    """What stands above two columns, the first, the second, what stands below; None where there are none. `lines` come
    from the top. Of all gaps that run down between lines the one beside most of them parts the columns."""
    height = median(line.height for line in lines)
    best: tuple[int, int, float] | None = None
    for x in _column_starts(lines, height):
        for first, last in _clear_runs(lines, x, height):
            if (best is None or last - first > best[1] - best[0]) and _are_columns(lines[first:last], x, height):
                best = first, last, x
    if best is None:
        return None
    first, last, x = best
    beside = lines[first:last]
    left = [line for line in beside if line.x0 < x - _slack(height)]
    right = [line for line in beside if line.x0 >= x - _slack(height)]
    left, right = (right, left) if _is_from_right(lines) else (left, right)
    return lines[:first], left, right, lines[last:]


def _column_starts(lines: list[Line], height: float) -> list[float]:
    """The left edges that several lines share, but for the leftmost."""
    starts = Counter(round(line.x0) for line in lines)
    shared = [x for x in starts if sum(starts[x + by] for by in (-1, 0, 1)) >= _BESIDE]
    leftmost = min(line.x0 for line in lines)
    return [x - 1.0 for x in sorted(shared) if x > leftmost + height][:_MOST_STARTS]


def _slack(height: float) -> float:
    return 0.15 * height


def _clear_runs(lines: list[Line], x: float, height: float) -> Iterator[tuple[int, int]]:
    """The runs of lines, from the top, none of which crosses the gap that ends at `x`; without their first and last
    lines where these stand alone, above or below the other side."""
    slack = _slack(height)
    first = 0
    for n, line in enumerate([*lines, None]):
        if line is None or (line.x0 < x - slack and line.x1 > x - _GUTTER * height):
            if n - first >= 2 * _BESIDE:
                yield _trimmed(lines, first, n, x - slack)
            first = n + 1


def _trimmed(lines: list[Line], first: int, last: int, x: float) -> tuple[int, int]:
    run = lines[first:last]
    left, right = [line for line in run if line.x0 < x], [line for line in run if line.x0 >= x]
    if not left or not right:
        return first, first
    top = min(max(line.top for line in side) for side in (left, right))
    bottom = max(min(line.bottom for line in side) for side in (left, right))

    def is_apart(line: Line, beyond: Line) -> bool:
        return line.bottom - beyond.bottom > _WIDE_GAP * max(line.height, beyond.height)

    while last - first > 2 and lines[first].bottom >= top and is_apart(lines[first], lines[first + 1]):
        first += 1
    while last - first > 2 and lines[last - 1].top <= bottom and is_apart(lines[last - 2], lines[last - 1]):
        last -= 1
    return first, last


def _are_columns(run: list[Line], x: float, height: float) -> bool:
    """Whether lines of some width stand side by side on both sides of a gap: no table, no list of figures."""
    edge = x - _slack(height)
    left, right = [line for line in run if line.x0 < edge], [line for line in run if line.x0 >= edge]
    for side, other in ((left, right), (right, left)):
        if not side or not other:
            return False
        low, high = min(line.bottom for line in other), max(line.top for line in other)
        beside = [line for line in side if line.bottom < high and line.top > low]
        if len(beside) < _BESIDE or sum(line.width for line in beside) < _NARROWEST * height * len(beside):
            return False
    return True


def _with_initials(lines: Sequence[Line]) -> list[Line]:
    """The lines, the large initial letter of a story joined to the line that it begins."""
    if not lines:
        return []
    height = median(line.height for line in lines)
    kept = list(lines)
    for line in lines:
        if len(line.text) > 1 or not line.text.isupper() or line.height < 1.6 * height:
            continue
        beside = [b for b in kept if b is not line and -height <= b.x0 - line.x1 < 2 * height]
        beside = [b for b in beside if b.height < 1.6 * height and line.bottom < (b.top + b.bottom) / 2 < line.top]
        if beside:
            first = max(beside, key=lambda b: b.top)
            kept[kept.index(first)] = replace(first, text=line.text + first.text)
            kept.remove(line)
    return kept


# --- Paragraphs


def running_text(flows: Sequence[Flow]) -> tuple[str, list[tuple[int, int]]]:
    """The text of some flows, its paragraphs set apart by blank lines, and where in it each page begins (start, page).
    A sentence goes on over the end of a column or a page."""
    hyphens = Hyphens(line.text for flow in flows for line in flow)
    text: list[str] = []
    starts: list[tuple[int, int]] = []
    length, last, page = 0, "", 0
    for line, begins in _paragraph_starts(flows):
        words = _plain(line.text)
        cut, between = (0, "\n\n") if begins else hyphens.between(last, words)
        if text:
            text[-1] = text[-1][: len(text[-1]) - cut]
            text.append(between)
            length += len(between) - cut
        if line.page != page:
            page = line.page
            starts.append((length, page))
        text.append(words)
        length += len(words)
        last = words
    return "".join(text), starts


def _plain(words: str) -> str:
    return re.sub("[\ufb00-\ufb06]", lambda ligature: unicodedata.normalize("NFKC", ligature[0]), words)


def _paragraph_starts(flows: Sequence[Flow]) -> Iterator[tuple[Line, bool]]:
    """The lines in order, each with whether a paragraph begins with it."""
    before: tuple[Line, _Column] | None = None
    for flow in flows:
        column = _Column.of(flow)
        for n, line in enumerate(flow):
            if before is None:
                begins = True
            elif n:
                begins = column.begins(flow[n - 1], line)
            else:
                begins = not before[1].goes_on(before[0], line, column)
            yield line, begins
            before = line, column


@dataclass(frozen=True, slots=True)
class _Column:
    """What is usual in a flow: its edges, the distance between its lines, how many they are."""

    left: float
    right: float
    step: float
    n_lines: int

    @classmethod
    def of(cls, flow: Flow) -> _Column:
        lefts = Counter(round(line.x0) for line in flow)
        shared = [x for x, n in lefts.items() if n > 1]
        rights = sorted(line.x1 for line in flow)
        steps = [a.bottom - b.bottom for a, b in pairwise(flow)]
        return cls(
            left=float(min(shared)) if shared else min(line.x0 for line in flow),
            right=rights[int(0.9 * (len(rights) - 1))],
            step=median(steps) if steps else 0.0,
            n_lines=len(flow),
        )

    def is_short(self, line: Line) -> bool:
        return line.x1 < self.left + _SHORT * (self.right - self.left)

    def begins(self, above: Line, line: Line) -> bool:
        """Whether a paragraph begins with `line`, below `above` in this flow."""
        step = above.bottom - line.bottom
        if not 0 < step <= _WIDE_GAP * self.step:
            return True
        if _DIVIDED.search(above.text) and line.text[:1].islower():
            return False
        return (
            _differs(above, line) or self.is_short(above) or (self._is_indented(line) and not self._is_indented(above))
        )

    def _is_indented(self, line: Line) -> bool:
        return line.x0 > self.left + _INDENT * line.height

    def goes_on(self, last: Line, line: Line, other: _Column) -> bool:
        """Whether the paragraph at the end of this flow, with `last`, goes on with the first line of the next."""
        if _differs(last, line) or re.search(r"[.!?:…][\"'”’»)\]]*$", last.text) or other._is_indented(line):
            return False
        if line.text[:1].islower() or _DIVIDED.search(last.text):
            return True
        if (
            line.page == last.page and line.top < last.top
        ):  # below it, at another width: a headline, or what follows one
            return False
        usual = self if self.n_lines >= _BESIDE else other
        return last.width >= _SHORT * (usual.right - usual.left) and not line.text[:1].isdigit()


def _differs(a: Line, b: Line) -> bool:
    """Whether two lines are set in type of another size."""
    return abs(a.height - b.height) > _OTHER_SIZE * min(a.height, b.height)
