"""Words that the end of a line has divided: whether the hyphen there is the word's own."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Parts of compounds, which keep their hyphen where nothing else tells: those that words are seldom divided after, or
# before. On news that hyphenation patterns divide, 99.8% of the words come whole again; of compounds half keep it.
_FIRST_PARTS = frozenset(
    "by one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty sixty "
    "seventy eighty ninety hundred thousand million billion first second third fourth fifth last half quarter "
    "single double zero year month week day hour minute self well non anti quasi vice cross left right front middle "
    "mid large small long short low fast slow full same mixed multi much prime secretary director decision "
    "government people world face close free old record policy brother sister mother father".split()
)
_SECOND_PARTS = frozenset(
    "based backed old year known called owned funded speaking related elect designate general controlled occupied "
    "friendly minded style scale level term wide like".split()
)
_ENDING = re.compile(  # of a word, and so no second part of a compound
    "a(?:ble|ge|ges|l|nce|nts?|ry)|dom|e(?:d|n|nce|nts?|rs?|st?)|fold|ful|hood|i(?:ngs?|ngly|ons?|shs?|sms?|sts?|ty|ve)"
    "|less|lier|liest|ly|ments?|ness|o(?:rs?|us)|ry|ship|[st]ions?|teen|ty|ures?|wards?|y|s"
)
_SUSPENDED = frozenset(("and", "or", "to", "und", "oder", "et", "ou", "y", "o", "e", "en", "of"))  # pre- and post-war
_COMPOUND = re.compile(r"[^\W\d_]+(?:[-‐][^\W\d_]+)+")
_LETTERS = re.compile(r"[^\W\d_]+")
_FIRST = re.compile(r"([^\W\d_]+(?:[-‐][^\W\d_]+)*)[-‐]$")


class Hyphens:
    """Judges hyphens at line ends by the other words of the same text: what stands there in one word is one word, what
    stands there with its hyphen keeps it."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._words: set[str] = set()
        self._compounds: set[str] = set()
        for line in lines:
            lower = line.lower()
            self._words.update(_LETTERS.findall(lower))
            if "-" in lower or "‐" in lower:
                self._compounds.update(found.replace("‐", "-") for found in _COMPOUND.findall(lower))

    def between(self, above: str, below: str) -> tuple[int, str]:
        """What comes between two lines of one paragraph: how many characters the upper one loses at its end, and what
        stands in their place."""
        if above.endswith("\xad"):
            return 1, ""
        divided, rest = _FIRST.search(above), _LETTERS.match(below)
        if re.search(r"\w[-‐]$", above) is None:
            both_wide = above[-1:] >= "\u2e80" and below[:1] >= "\u2e80"  # Chinese and Japanese have no blanks
            return 0, "" if both_wide else " "
        if divided is None or rest is None:
            return 0, ""  # 2024-25
        first, second = divided[1].lower(), rest[0]
        if second in _SUSPENDED:
            return 0, " "
        return (0, "") if self._keeps_hyphen(first, second, below) else (1, "")

    def _keeps_hyphen(self, first: str, second: str, below: str) -> bool:
        if not second[0].islower() or f"{first}-{second}" in self._compounds:
            return True
        if first + second in self._words:
            return False
        if (
            len(first) == 1 or "-" in first or below[len(second) : len(second) + 1] in ("-", "‐")
        ):  # five-year-old, e-mail
            return True
        return second in _SECOND_PARTS or (first in _FIRST_PARTS and _ENDING.fullmatch(second) is None)
