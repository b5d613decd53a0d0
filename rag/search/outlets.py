"""The outlets that a question names as those whose report is wanted: "According to Reuters, …", "in the Gazette's
account", "What did the Orrin Post report about …?". Pure functions.

A name counts where the words around it say that it reports: "Who bought Reuters?" asks about Reuters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag.text.names import fold
from rag.text.spelling import within_one_edit
from rag.types import Span

# Stands for an outlet in the wordings below; a private character that no question holds.
OUTLET = "\ue000"
# A word of a name may be mistyped from this length on.
FEWEST_LETTERS = 5

_TOO_COMMON = frozenset("new news online press agency report today".split())
# After these a name of one word needs no capital: "according to reuters", and not "in time".
_TELLING = frozenset(("to", "by", "does", "did"))
_WORD = re.compile(r"[^\W_]+(?:\.[^\W_]+)*")
_DOMAIN = re.compile(r"(?i)^(?:www\.)|\.(?:com|org|net|co\.\w\w|news|info|[a-z]{2})$")
_LIST = rf"{OUTLET}(?:['’]s?)?(?:\s*(?:,|&|\band\b|\bor\b)+\s*{OUTLET}(?:['’]s?)?)*"
_PAPER = (
    r"(?:account|article|report|story|stories|coverage|version|reporting|telling|piece|dispatch|figure|count|tally|"
    r"estimate|headline|correspondent|reporter)s?"
)
_THEIRS = rf"(?:\s+(?:own\s+)?{_PAPER})?(?:\s+of\s+events)?"
_SAY = r"(?:say|said|report|reported|write|written|claim|claimed|state|stated|tell\s+us)"
# Wordings that make an outlet the one asked for, each with what is left of the question in its place.
_WORDINGS = tuple(
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        (
            rf"[,;]?\s*\b(?:according\s+to|(?:as\s+)?(?:reported|told|claimed|stated|said|written|published|given|put)\s+"
            rf"(?:by|in)|based\s+on|going\s+by|as\s+per)\s+{_LIST}{_THEIRS}\s*,?",
            " ",
        ),
        (rf"^\W*(?:in|from|for|per|with)\s+{_LIST}{_THEIRS}\s*[,:]?\s+", ""),
        (rf"[,;]?\s*\bin\s+{_LIST}(?:(?:\s+own)?\s+{_PAPER}|(?=\s*(?:[?,.!]|$)))\s*,?", " "),
        (rf"^\W*{_LIST}\s*[:–—]\s*", ""),
        (rf"\s*[(\[]\s*{_LIST}\s*[)\]]", " "),
        (rf"\b(?:does|did|do|has|have)\s+{_LIST}\s+{_SAY}(?:\s+that)?\b", " "),
        (rf"\b{_LIST}\s+(?:says|said|reports|reported|writes|wrote)(?:\s+that)?\b", " "),
        (rf"\s*\b(?:between|both)\s+{_LIST}", " "),
        (rf"{OUTLET}['’]s?\s+(?={_PAPER}\b)", "the "),
        (
            rf"(?:(?<=\bdoes\s)|(?<=\bdid\s)){OUTLET}(?=\s+(?:quote|cite|name|call|describe|mention|count|put|"
            r"give|estimate|explain|identify|blame|interview)\b)",
            "the article",
        ),
    )
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The `outlets` that may be meant by a question; the question with `OUTLET` for each (`marked`), and without them
    (`rest`) where the wording makes them those asked for (`is_wording`). Falsy where none is named."""

    outlets: tuple[str, ...] = ()
    marked: str
    rest: str
    words: str = ""
    is_wording: bool = False

    def __bool__(self) -> bool:
        return bool(self.outlets)


def asked(question: str, outlets: Iterable[str]) -> Asked:
    """The known `outlets` that `question` names, and whether as those whose report is wanted."""
    question = question.replace(OUTLET, " ")
    found = mentions(question, outlets)
    marked, at = "", 0
    for (start, end), _ in found:
        before = question[at:start]
        marked += re.sub(r"(?i)\bthe\s+$", "", before) + OUTLET
        at = end
    marked += question[at:]
    rest = marked
    for pattern, instead in _WORDINGS:
        rest = pattern.sub(instead, rest)
    named = tuple(dict.fromkeys(name for _, names in found for name in names))
    is_wording = bool(found) and OUTLET not in rest
    rest = " ".join(re.sub(r"\s+(?=[?.!,]*$)", "", rest).strip(" ,;").split())
    return Asked(
        outlets=named,
        marked=marked,
        rest=f"{rest[:1].upper()}{rest[1:]}" if is_wording else question,
        words=", ".join(dict.fromkeys(question[start:end] for (start, end), _ in found)),
        is_wording=is_wording,
    )


def mentions(question: str, outlets: Iterable[str]) -> list[tuple[Span, tuple[str, ...]]]:
    """Where the question names outlets, and which may be meant: by its whole name, with one letter mistyped, by its
    initials, or, after "the", by its last word ("the Gazette")."""
    words = list(_WORD.finditer(question))
    folded = [fold(word[0]) for word in words]
    found: dict[Span, dict[str, None]] = {}
    for outlet in outlets:
        name = _key(outlet)
        is_one = len(name) == 1 and not _without_domain(outlet).casefold().endswith("s")
        for i in range(len(words)):
            if is_one and words[i][0].casefold().endswith("s"):  # "the Guardians" are many
                continue
            n = _length(name, words[i:], folded[i:], folded[i - 1] if i else "")
            if n:
                found.setdefault((words[i].start(), words[i + n - 1].end()), {})[outlet] = None
    taken: list[tuple[Span, tuple[str, ...]]] = []
    for span in sorted(found, key=lambda span: (span[0] - span[1], span)):
        if all(span[1] <= start or end <= span[0] for (start, end), _ in taken):
            taken.append((span, tuple(found[span])))
    return sorted(taken)


def _key(outlet: str) -> list[str]:
    words = fold(_without_domain(outlet)).split()
    return words[1:] if len(words) > 1 and words[0] == "the" else words


def _without_domain(outlet: str) -> str:
    return _DOMAIN.sub("", _DOMAIN.sub("", outlet.strip()))


def _length(name: Sequence[str], words: Sequence[re.Match[str]], folded: Sequence[str], before: str) -> int:
    """How many of the first words say the name; 0 where they do not."""
    if not name or (len(name) == 1 and words[0][0].islower() and before not in _TELLING):
        return 0
    if len(folded) >= len(name) and all(map(_alike, name, folded)):
        return len(name)
    first = words[0][0]
    if len(name) > 1 and first.isupper() and len(first) > 1 and "".join(w[0] for w in name) == first.lower():
        return 1
    if len(name) > 1 and first.isupper() and folded[0] == name[0] and len(first) > 1:  # "the BBC" for BBC News
        return 1
    return int(len(name) > 1 and before == "the" and folded[0] == name[-1] not in _TOO_COMMON)


def _alike(word: str, typed: str) -> bool:
    return word == typed or (len(word) >= FEWEST_LETTERS and within_one_edit(word, typed))
