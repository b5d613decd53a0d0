"""What a question asks for and what it takes for granted, beside what the articles say. Pure functions.

"Why did the court drop the case?" takes for granted that the court dropped the case. Where a sentence that covers
those words negates one of them, or has another figure, date or a word that excludes it, the question cannot be answered
as asked, and the sentence that says otherwise is the answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.checking.faults import NEGATES, PUT_OTHERWISE, compare_clause, coverage
from rag.search.names import other_names
from rag.search.outlets import mentions
from rag.text import dates
from rag.text.facts import Reading, read
from rag.text.language import other_language
from rag.text.lexicon import without_accents
from rag.text.names import fold, pairs
from rag.types import Candidate, Span

# A sentence that covers less of what is taken for granted may well speak of something else. Measured on questions that
# their paragraph answers (XQuAD) and on SQuAD 2.0's unanswerable: evals/RESULTS.md, "News sense".
COVERED_FROM = 0.7
MOST_PARTS = 4
LONGEST_NAME = 100  # characters of a name that a note repeats
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
_DENIES = re.compile(r"\b(?:not|never|no|none|neither|nor|without|cannot)\b|n['’]t\b", re.IGNORECASE)
_INVERTED = re.compile(
    r"\b(?:did|does|do|is|are|was|were|has|have|had|will|would|can|could|may|might|should)\b", re.IGNORECASE
)
# A subject behind the auxiliary: an article, a pronoun or a name, not a participle or an infinitive.
_SUBJECT = re.compile(
    r"\s+(?:(?i:the|an?|his|her|its|their|our|my|your|this|that|these|those|he|she|it|they|we|you|i|there|\d+)\b|[A-Z])"
)
_PERFECT = re.compile(r"\b(?:has|have|had)\s+(?!not\b)", re.IGNORECASE)
_BETWEEN_PARTS = re.compile(rf"(?:\?\s*(?:and\s+)?|[,;]?\s+and\s+)(?={_ASKING}\b)", re.IGNORECASE)
_OF_REPORTS = re.compile(
    r"\b(?:reports|articles|outlets|accounts|newspapers|papers|sources)\s+(?:all\s+|each\s+|both\s+)?"
    r"(?:agree|disagree|differ|put|count|give|contradict)\b",
    re.IGNORECASE,
)
_WORD_OF_NAME = r"[A-Z][\w’'.-]*\w"
# A figure, or the words of a name: "World Cup", "George W. Bush", "Bank of England".
_FIGURE_OR_NAME = re.compile(
    rf"\d+(?:[.,]\d+)*|\b{_WORD_OF_NAME}(?: (?:(?:of|for) (?:the )?|[A-Z]\. )?{_WORD_OF_NAME})*"
)
# What a name may be led by and the articles may call otherwise.
_TITLE = re.compile(
    r"(?:prime|foreign|vice|deputy|former|mr|mrs|ms|miss|dr|sir|dame|prof(?:essor)?|president|chancellor|minister|premier|"
    r"secretary|senator|governor|congress(?:wo)?man|representative|mayor(?:ess)?|councillor|councilman|councilwoman|judge|"
    r"pope|bishop|archbishop|ambassador|captain|colonel|inspector|sergeant|detective|officer|chair(?:wo)?(?:man)?|director)"
    r"\.?",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Contradiction:
    """The sentence that says otherwise than the question takes for granted, and in what."""

    source: Candidate
    reasons: tuple[str, ...]


def premise(question: str) -> str | None:
    """What an open question takes for granted, as near to a statement as leaving words out makes it; None for a
    question that can be answered by yes or no, and where too little is left to compare.

    A question that denies something cannot be laid beside what is affirmed of others."""
    text = question.strip().rstrip("?").strip()
    opening = _OPENING.match(text)
    if opening is None or _DENIES.search(text):
        return None
    rest = _AUXILIARY.sub("", _DO.sub("", text[opening.end() :].strip(), count=1))
    rest = _PERFECT.sub("", rest, count=1)
    return rest if len(read(rest).content) >= 2 else None


def _asks_for_subject(question: str) -> bool:
    """Whether what is asked for is the subject, as in "Who resigned?", "Which country will join?", "How many treaties
    protect rights?": no auxiliary stands before another one."""
    found = _OPENING.match(question.strip())
    opening, rest = (found[0], question.strip()[found.end() :]) if found else ("", "")
    if not re.search(r"(?i)^(?:who|what|which|how\s+(?:many|much))$", opening):
        return False
    asks = _INVERTED.search(rest)
    return asks is None or not _SUBJECT.match(rest[asks.end() :])


def contradicted(question: str, candidates: Sequence[Candidate]) -> Contradiction | None:
    """The candidate that contradicts what the question takes for granted; None where there is none, or where another
    candidate bears it out."""
    granted = premise(question)
    if granted is None or not candidates:
        return None
    # "Which country left?" is not put otherwise by one that did not leave, nor "how many" by "none".
    asks_for_subject = _asks_for_subject(question)
    # What is counted is asked for: "How many tons".
    how_many = re.match(r"(?i)\W*(?:[a-z]+\s+)?how\s+(?:many|much)\s+(\w+)", question)
    counted = how_many[1] if how_many else "?"
    claim, sources = read(granted), [read(candidate.text) for candidate in candidates]
    covers = [coverage(claim, source.keys, source) for source in sources]
    known = frozenset().union(*(source.keys for source in sources))
    happenings = {claim.items[n].key for n in claim.content if claim.items[n].kind == "word"}
    found = None
    for i in sorted(range(len(sources)), key=lambda i: (-covers[i], i)):
        if covers[i] < COVERED_FROM:
            break
        faults = compare_clause(claim, sources[i], whole=claim, known=known)
        reasons = tuple(
            reason
            for reason in faults.conflicts
            if _is_contradiction(reason, sources[i], asks_for_subject) and not reason.endswith(f", not {counted}")
        )
        if not _CONTRADICTIONS & faults.counts.keys() or not reasons:
            if happenings and not happenings & sources[i].keys:
                continue  # it names the same, and says nothing of what is taken for granted about them
            return None
        if found is None:
            found = Contradiction(source=candidates[i], reasons=reasons)
    return found


def _is_contradiction(reason: str, source: Reading, asks_for_subject: bool) -> bool:
    """Whether a fault speaks against the premise. What stands elsewhere in the sentence is not put otherwise in it, and
    an ordinal is a matter of order. What is negated must
    be said of the subject, and be no name: "neither Tesla nor Edison"."""
    otherwise = PUT_OTHERWISE.fullmatch(reason)
    if otherwise is None:
        negated = NEGATES.search(reason)
        return negated is not None and not asks_for_subject and not negated["word"][0].isupper()
    ours, theirs = read(otherwise["ours"]), read(otherwise["theirs"])
    is_order = any(item.number and item.key.endswith(".") for item in (*ours.items, *theirs.items))
    return not ours.keys & source.keys and not is_order


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


def asks_reports(question: str) -> bool:
    """Whether the question is about what the reports say beside each other: "Do the reports agree on the toll?"."""
    return _OF_REPORTS.search(question) is not None


def missing(question: str, candidates: Sequence[Candidate]) -> str:
    """One sentence for a question that was not answered: the language that the reader does not read, or what the
    passages found lack."""
    if (language := other_language(question)) is not None:
        return (
            f"The question seems to be in {language}, and the reader reads English: ask in English, or choose a "
            "language model, which translates it."
        )
    texts = [without_accents(f"{c.hit.article.headline or ''} {c.hit.passage.text}").lower() for c in candidates]
    asked = question.strip()
    elsewhere = _elsewhere(asked, candidates)
    absent = _absent(asked, texts, elsewhere)
    if absent:
        articles = {c.hit.article.id: c.hit.article.text for c in candidates}
        known = frozenset().union(*map(pairs, articles.values()))
        folded = [f" {fold(text)} " for text in texts]
        others = [o for o in other_names(asked, lambda _: known) if any(f" {fold(o.other)} " in t for t in folded)]
        absent = _absent(asked, texts, [*elsewhere, *((o.start, o.end) for o in others)])
    if absent and len(absent) <= 4:
        *before, last = (f"“{name[:LONGEST_NAME]}”" for name in absent)
        return f"None of the passages found mentions {', '.join(before)}{' or ' if before else ''}{last}."
    return "The reader found no sentence that answers this."


def _elsewhere(asked: str, candidates: Sequence[Candidate]) -> list[Span]:
    """Places of a question whose words need not stand in a passage: dates, outlets that were found, and figures that
    the passages have in other words."""
    outlets = {c.hit.article.outlet for c in candidates if c.hit.article.outlet}
    figures = {i.key for c in candidates for i in read(c.text).items if i.kind == "number"}
    # A bare year is often part of a name: "the 2022 World Cup".
    spans = [(mention.start, mention.end) for mention in dates.read(asked) if re.search(r"[^\W\d]", mention.words)]
    spans += [span for span, _ in mentions(asked, outlets)]
    return spans + [(i.start, i.end) for i in read(asked).items if i.kind == "number" and i.key in figures]


def _absent(asked: str, texts: Sequence[str], known: Sequence[Span] = ()) -> list[str]:
    """The figures and names of a question, each whole and without its titles, that have a word which no text has and
    which stands in none of the `known` places."""
    found = []
    for match in _FIGURE_OR_NAME.finditer(asked):
        words = [w for w in re.finditer(r"\S+", match[0]) if not w[0].islower() and not _TITLE.fullmatch(w[0])]
        if not match[0][0].isdigit():
            # The capital of a sentence's first word says nothing.
            before = asked[: match.start()].split()
            is_first = not before or (before[-1][-1] in ".?!" and not _TITLE.fullmatch(before[-1]))
            words = [w for w in words if not (is_first and w.start() == 0)]
        for word in words:
            bare = without_accents(re.sub(r"['’]s?$", "", word[0])).lower()
            start, end = match.start() + word.start(), match.start() + word.end()
            if any(re.search(rf"(?<!\w){re.escape(bare)}", text) for text in texts):
                continue
            if not any(first <= start and end <= last for first, last in known):
                found.append(re.sub(r"['’]s?$", "", match[0][words[0].start() :]))
                break
    return list(dict.fromkeys(found))
