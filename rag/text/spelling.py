"""Words that differ by one slip of the fingers."""

from __future__ import annotations


def within_one_edit(a: str, b: str) -> bool:
    """Whether one letter more, less or other, or two neighbours exchanged, makes one word the other (the
    Damerau-Levenshtein distance is at most 1)."""
    if abs(len(a) - len(b)) > 1:
        return False
    n = 0
    while n < min(len(a), len(b)) and a[n] == b[n]:
        n += 1
    rest, other = a[n:], b[n:]
    return (
        rest[1:] == other[1:]
        or rest[1:] == other
        or rest == other[1:]
        or (rest[2:] == other[2:] and rest[:2] == other[:2][::-1])
    )
