"""The words of a text that are searched for, and those that carry no topic."""

from __future__ import annotations

import re
import unicodedata

from rag.errors import BylineError

MAX_TERMS = 64
MAX_CHARACTERS = 10_000  # of a question
TERM = re.compile(r"(?:[^\W\d_]\.){2,}|\w+(?:[.,]\d+)*")
# Function words of questions and statements (the ones that carry no topic; "not" and "no" carry meaning and stay).
STOPWORDS = frozenset(
    """a about above after again against all am an and any are as at be because been before being below between both
    but by can could did do does doing down during each few for from further had has have having he her here hers him
    himself his how i if in into is it its itself just me more most my of off on once only or other our out over own
    same she should so some such than that the their them then there these they this those through to too under until
    up very was we were what when where which while who whom whose why will with would you your s t""".split()
)


def query_terms(question: str) -> list[str]:
    """The question's content words for BM25, lower-cased, each once, at most 64; all its words if it has no other."""
    words = list(dict.fromkeys(word.lower() for word in TERM.findall(question)))
    return ([word for word in words if word not in STOPWORDS] or words)[:MAX_TERMS]


_SURROGATES = re.compile("[\ud800-\udfff]")


def encodable(text: str) -> str:
    """The text, character for character, with U+FFFD for halves of surrogate pairs, which no encoding has: the shell
    makes them of bytes that are no UTF-8."""
    return _SURROGATES.sub("\ufffd", text)


def readable(question: str) -> str:
    """The question as it is looked for: accents composed with their letters (NFC), one blank for each run of them.

    BylineError when it is empty or longer than `MAX_CHARACTERS`.
    """
    words = " ".join(question.split())
    if not words:
        raise BylineError('the question is empty: ask something, for example "Who asked for the meeting?".')
    if len(words) > MAX_CHARACTERS:
        raise BylineError(
            f"the question has {len(words)} characters and may have {MAX_CHARACTERS}: ask for one thing at a time, or "
            "have a longer text checked with `byline check`."
        )
    return unicodedata.normalize("NFC", encodable(words))


def has_words(question: str) -> bool:
    """Whether there is a letter or a figure to look for."""
    return any(c.isalnum() for c in question)
