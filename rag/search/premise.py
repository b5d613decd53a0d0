"""What a question asks for and what it takes for granted, beside what the articles say. Pure functions.

"Why did the court drop the case?" takes for granted that the court dropped the case. Where a sentence that covers
those words negates one of them, or has another figure, date or a word that excludes it, the question cannot be answered
as asked, and the sentence that says otherwise is the answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.checking.facts import read
from rag.checking.faults import coverage, lay_beside
from rag.ingest.names import fold, pairs
from rag.search.names import other_names
from rag.types import Candidate

# A sentence that covers less of what is taken for granted may well speak of something else. Measured on questions that
# their paragraph answers (XQuAD, 1190) and on SQuAD 2.0's unanswerable (258): at .6 2.9% and 19.0% are called
# contradicted, at .7 1.9% and 18.6%, at .8 1.2% and 13.2%.
COVERED_FROM = 0.7
MOST_PARTS = 4
_CONTRADICTIONS = frozenset({"opposite", "number_conflict", "date_conflict", "negation"})

_ASKING = r"(?:why|when|where|how|who|whom|whose|what|which)"
_OPENING = re.compile(
    rf"^(?:(?:in|on|at|by|for|from|to|of|with|since|until|under|during|after|before)\s+)?{_ASKING}\b"
    r"(?:\s+(?:many|much|long|often|far|old|large|big)\b)?",
    re.IGNORECASE,
)
_DO = re.compile(r"\b(?:did|does|do)\s+(?!not\b)", re.IGNORECASE)
_AUXILIARY = re.compile(
    r"^(?:is|are|was|were|has|have|had|will|would|can|could|may|might|should)\s+(?!not\b)", re.IGNORECASE
)
_PERFECT = re.compile(r"\b(?:has|have|had)\s+(?!not\b)", re.IGNORECASE)
_BETWEEN_PARTS = re.compile(rf"(?:\?\s*(?:and\s+)?|[,;]?\s+and\s+)(?={_ASKING}\b)", re.IGNORECASE)
_DIGITS_OR_NAME = re.compile(r"\d+(?:[.,]\d+)*|\b[A-Z][\w’'.-]*\w")
# What a question asks for, in words for a note; the first that matches.
_WANTED = (
    (re.compile(r"\bhow (?:many|much)\b|\b(?:what|which) (?:number|share|percentage|sum|amount)\b", re.I), "how many"),
    (re.compile(r"\bwhen\b|\b(?:what|which|on what) (?:date|day|month|year|time)\b", re.I), "when"),
    (re.compile(r"\bwho(?:m|se)?\b", re.I), "who"),
    (re.compile(r"\bwhere\b", re.I), "where"),
    (re.compile(r"\bwhy\b", re.I), "why"),
    (re.compile(r"\bhow\b", re.I), "how"),
)


@dataclass(frozen=True, kw_only=True)
class Contradiction:
    """The sentence that says otherwise than the question takes for granted, and in what."""

    source: Candidate
    reasons: tuple[str, ...]


def premise(question: str) -> str | None:
    """What an open question takes for granted, as near to a statement as leaving words out makes it; None for a
    question that can be answered by yes or no, and where too little is left to compare."""
    text = question.strip().rstrip("?").strip()
    opening = _OPENING.match(text)
    if opening is None:
        return None
    rest = _AUXILIARY.sub("", _DO.sub("", text[opening.end() :].strip(), count=1))
    rest = _PERFECT.sub("", rest, count=1)
    return rest if len(read(rest).content) >= 2 else None


def contradicted(question: str, candidates: Sequence[Candidate]) -> Contradiction | None:
    """The candidate that contradicts what the question takes for granted; None where there is none, or where another
    candidate bears it out."""
    granted = premise(question)
    if granted is None or not candidates:
        return None
    claim, sources = read(granted), [read(candidate.text) for candidate in candidates]
    covers = [coverage(claim, source.keys, source) for source in sources]
    known = frozenset().union(*(source.keys for source in sources))
    found = None
    for i in sorted(range(len(sources)), key=lambda i: (-covers[i], i)):
        if covers[i] < COVERED_FROM:
            break
        faults = lay_beside(claim, sources[i], whole=claim, known=known)
        if not _CONTRADICTIONS & faults.counts.keys():
            return None
        if found is None:
            found = Contradiction(source=candidates[i], reasons=faults.conflicts)
    return found


def parts(question: str) -> list[str]:
    """The questions that are asked in one: "Who asked for the meeting, and when is it?" has two. What asks nothing by
    itself ("who said what and when") stays with the part before."""
    found: list[str] = []
    if not (_OPENING.match(question.strip()) or _AUXILIARY.match(question.strip()) or _DO.match(question.strip())):
        return [question]
    for part in _BETWEEN_PARTS.split(question):
        is_asking = re.fullmatch(_ASKING, part.strip(" ?"), re.IGNORECASE)
        if found and (is_asking or len(found) == MOST_PARTS or re.search(rf"\b{_ASKING}\W*$", found[-1], re.I)):
            found[-1] = question[question.find(found[-1]) : question.find(part, question.find(found[-1])) + len(part)]
        elif part.strip():
            found.append(part.strip())
    return [part if part.endswith("?") else f"{part}?" for part in found] if len(found) > 1 else [question]


def missing(question: str, candidates: Sequence[Candidate]) -> str:
    """One sentence for a question that was not answered: what the passages found lack."""
    texts = [f"{c.hit.article.title or ''} {c.hit.passage.text}".lower() for c in candidates]
    asked = question.strip()
    names = [m[0] for m in _DIGITS_OR_NAME.finditer(asked) if m.start() > 0 or m[0][0].isdigit()]
    absent = [name for name in dict.fromkeys(names) if not any(name.lower() in text for text in texts)]
    if absent:
        articles = {c.hit.article.id: c.hit.article.text for c in candidates}
        known = frozenset().union(*map(pairs, articles.values()))
        folded = [f" {fold(text)} " for text in texts]
        others = [o for o in other_names(asked, lambda _: known) if any(f" {fold(o.other)} " in t for t in folded)]
        absent = [name for name in absent if not any(name in asked[o.start : o.end] for o in others)]
    if absent and len(absent) <= 4:
        return f"None of the passages found mentions {', '.join(f'“{name}”' for name in absent)}."
    wanted = next((words for pattern, words in _WANTED if pattern.search(asked)), None)
    if wanted and texts:
        return f"The passages found are near the subject, but none of them says {wanted}."
    return "The articles do not answer this."
