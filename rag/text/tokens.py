"""A sentence cut into words, figures and stops, with contractions undone: what `rag.text.facts` reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<iso>\b\d{4}-\d{2}-\d{2}\b)
    |(?P<number>(?:(?<![^\s(\[“"‘'])[-−–](?=[$€£¥]?\d))?(?:US|A|C)?[$€£¥]?\s?\d+(?:,\d{3})*(?:\.\d+)?(?:(?:st|nd|rd|th)\b|(?:k|m|bn|b|tn|mn)\b|\s?%)?)
    |(?P<dotted>(?:[^\W\d_]\.)+[^\W\d_]\b\.?)
    |(?P<word>(?:[^\W\d_][\u0300-\u036f]*)+(?:['’](?:[^\W\d_][\u0300-\u036f]*)+)*['’]?)
    |(?P<stop>[^\w\s])""",
    re.VERBOSE,
)
_CONTRACTIONS = {
    "won't": ("will", "not"),
    "can't": ("can", "not"),
    "shan't": ("shall", "not"),
    "cannot": ("can", "not"),
}
_CLITICS = {"'s": "", "'re": "are", "'ve": "have", "'ll": "will", "'d": "", "'m": "am"}


@dataclass(frozen=True, slots=True)
class Token:
    """`group` is "iso" (a date), "number", "word" or "stop"; `low` the text in lower case."""

    text: str
    low: str
    group: str
    start: int
    end: int


def tokens_of(text: str) -> Iterator[Token]:
    """Words without their clitics, figures and stops; contractions give two tokens."""
    for match in _TOKEN.finditer(text):
        group, word, start, end = str(match.lastgroup), match.group(), match.start(), match.end()
        if group == "dotted":
            word = word.replace(".", "")
            yield Token(word, word.lower(), "word", start, end)
            continue
        if group != "word":
            yield Token(word, word.lower(), group, start, end)
            continue
        low = word.lower().replace("’", "'").rstrip("'")
        if low in _CONTRACTIONS:
            for part in _CONTRACTIONS[low]:
                yield Token(part, part, "word", start, end)
        elif low.endswith("n't"):
            if len(low) > 3:  # "did n't" as some tokenisers leave it
                yield Token(word[:-3], low[:-3], "word", start, end)
            yield Token("not", "not", "word", start, end)
        else:
            clitic = next((c for c in _CLITICS if low.endswith(c) and len(low) > len(c)), "")
            cut = len(low) - len(clitic)
            yield Token(word[:cut], low[:cut], "word", start, start + cut)
            if _CLITICS.get(clitic):
                yield Token(_CLITICS[clitic], _CLITICS[clitic], "word", start + cut, end)
