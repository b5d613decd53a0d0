"""The words of a text that are searched for, and those that carry no topic."""

from __future__ import annotations

import re

MAX_TERMS = 64
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
