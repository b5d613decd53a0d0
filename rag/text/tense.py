"""Whether a date in a sentence lies ahead of the article or behind it, by the verb that it belongs to. Pure.

Only verbs are looked at, and only English ones: "will meet on Monday", "a reply is expected on Wednesday", "agreed to
leave by Friday" look ahead; "met", "said", "was to have met" and sentences without a verb look back.
"""

from __future__ import annotations

import re

_VERB = re.compile(
    r"\b(?:(?P<ahead>will|won['’]t|shall|would|(?:is|are|was|were|am|be)\s+to|to\s+be|expected|due|scheduled|set"
    r"\s+(?:to|for)"
    r"|(?:plan|intend|hope|aim|want|agree|vow|promise|pledge|threaten|decide|prepare|ask|urge|order|invite|refuse|need|seek)"
    r"(?:s|d|ed|ning|ing)?\s+(?:[\w’'-]+\s+){0,4}?to|going\s+to|must|(?:have|has|had)\s+to|(?-i:may)|might|should|(?:can|could)(?!\s+have)"
    r"|awaits?|awaited|awaiting|upcoming|planned|begins|starts|opens|ends|expires)"
    r"|(?P<past>said|told|was|were|had|did|has|have|made|gave|came|went|took|left|found|began|shot|hit|struck|won|lost"
    r"|fell|rose|wrote|spoke|sent|saw|ran|led|met|held|became|brought|broke|built|bought|caught|chose|cut|drew|fought"
    r"|flew|got|grew|heard|kept|knew|laid|paid|put|quit|read|sat|sold|shook|shut|stood|stole|swore|thought|threw"
    r"|understood|wore|withdrew|according|since|(?-i:[a-z]{3,}ed)))\b|(?<=\w)['’]ll\b",
    re.IGNORECASE,
)
_REACH = 300
_CLAUSE = re.compile(
    r"[;:]|\b(?:but|after|while|whereas|although|though)\b|,\s+(?:and|which|who|when)\b"
    r"|(?-i:(?<!\b[A-Z][a-z]{2})[.!?]\s+(?=[A-Z“\"]))",
    re.IGNORECASE,
)


def looks_ahead(text: str, start: int, end: int) -> bool:
    """Whether the verb that the date belongs to speaks of the future: the nearest before it in its clause, else the
    first after it. No verb, or one that says neither, speaks of the past."""
    # Nothing farther away than this belongs to the date, however long the sentence.
    first, last = max(0, start - _REACH), end + _REACH
    text, start, end = text[first:last], start - first, end - first
    clause = _clause_start(text, start)
    word = re.search(r"([\w’'-]+)[\s(“\"‘—–]*$", text[clause:start])
    preposition = word[1].lower() if word else ""
    if (tense := _tense(text, clause, start)) is not None:
        return tense
    # "On Friday, the panel will vote": the date stands first. Elsewhere a comma ends what it belongs to.
    is_first = not re.search(r"\w", text[clause:start].lower().removesuffix(f"{preposition} ") if preposition else "")
    clause_end = _clause_end(text, end)
    comma = text.find(",", end, clause_end)
    after = _VERB.search(text, end, comma if comma >= 0 and not is_first else clause_end)
    if after is not None:
        return not after["past"]
    return bool(_tense(text, 0, start)) or preposition in ("by", "until", "till", "through")


def _tense(text: str, start: int, end: int) -> bool | None:
    """Whether the last verb between looks ahead; None where there is none."""
    for verb in reversed(list(_VERB.finditer(text, start, end))):
        if verb["past"] and re.search(r"\b(?:be|get)\s+(?:\w+ly\s+)?$", text[: verb.start()], re.IGNORECASE):
            continue  # "will be released"
        return not verb["past"]
    return None


def _clause_start(text: str, at: int) -> int:
    return max((m.end() for m in _CLAUSE.finditer(text, 0, at)), default=0)


def _clause_end(text: str, at: int) -> int:
    found = _CLAUSE.search(text, at)
    return found.start() if found else len(text)


def finite_verbs(words: str) -> int:
    """How many verbs of any tense stand in the words, as far as this module knows them; one with its auxiliaries is
    one, and an infinitive's "to" makes none."""
    found = [m for m in _VERB.finditer(words) if m[0].lower() not in ("according", "since", "read", "put", "cut")]
    return sum(
        1
        for n, verb in enumerate(found)
        if not n or not re.fullmatch(r"(?:\s|\w+ly\b|be|been|not|never)*", words[found[n - 1].end() : verb.start()])
    )
