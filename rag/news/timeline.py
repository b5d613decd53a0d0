"""Sentences to a timeline: dated, cited events in the order in which they happened. Pure functions.

A sentence is dated by the expressions in it ("stated" where they have their year, "resolved" where the article's date
gives it), one event for each; where it has none, by its article's own date ("published"), and only where the caller
asks for those too. Bounds ("until Friday", "before May"), names ("the 2018 final"), what is not certain to the year and
dates of a relative clause, a comparison or something that never was ("a valve that should have been replaced in 2022")
date nothing. What is announced for a date is told as planned.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from embeddings.protocol import Vectors
from rag.news.markers import Markers
from rag.search.found import Found
from rag.text.date_words import DateMention
from rag.text.dates import day_of, read_in
from rag.text.facts import read as read_facts
from rag.text.periods import days_of
from rag.text.tense import finite_verbs, looks_ahead
from rag.types import Answer, Candidate, Event, Precision

# Mean of the cosines of a question with a sentence and with its passage (title and all) from which the sentence is
# about it. On 43 Wikinews articles, their summaries as questions, k = 24: of the dated sentences that pass on the half
# it was not chosen on, 94% are the article's own, and 81% of these pass (90% and 92% on the other).
RELEVANT = 0.4
# A few words have low cosines with everything ("the warrants"): from this on a sentence is about them whose passage, or
# its title, has them all, and any that has them itself.
RELEVANT_BY_WORDS = 0.25
# A sentence that tells no date of its own must be nearer to the question to be an event of its article's day.
RELEVANT_UNDATED = 0.5
# Cosine of two sentences of one date from which they report one event, unless they differ in a figure, a name or a
# word that changes the truth.
SAME_EVENT = 0.75
MAX_EVENTS, MAX_BESIDE_ANSWER = 40, 5
_BOUNDS = frozenset(("until", "till", "by", "before", "after", "since", "through"))


@dataclass(frozen=True)
class Dated:
    """A sentence with a date of it. `relevance` is as `RELEVANT` has it."""

    source: Candidate
    vector: Vectors
    date: str
    precision: Precision
    known: Literal["stated", "resolved", "published"]
    relevance: float
    planned: bool = False


def of_hits(found: Found) -> tuple[Event, ...]:
    """The timeline of what was found, articles' own dates used where a sentence has none."""
    return events(dated(found, undated=True), markers=Markers())


def of_answer(found: Found, answer: Answer) -> tuple[Event, ...]:
    """The timeline beside an answer, its citations numbered on from the answer's: what stands in the passages that the
    answer cites, or has a word of the question that is no name. Empty where fewer than two dates are told or nothing
    was answered."""
    if answer.status == "abstained":
        return ()
    words = frozenset(item.key for item in read_facts(found.question).items if item.kind == "word")
    cited = {(c.article.id, c.start) for claim in answer.claims for c in claim.citations}
    passages = {one.hit.passage.id for one in found.candidates if (one.hit.article.id, one.sentence.start) in cited}
    told = [
        one
        for one in dated(found, undated=False)
        if one.source.hit.passage.id in passages or words & read_facts(one.source.text).keys
    ]
    if len({one.date for one in told}) < 2:
        return ()
    return events(told, markers=Markers.after(*answer.claims, *answer.disagreements), most=MAX_BESIDE_ANSWER)


def dated(found: Found, *, undated: bool) -> list[Dated]:
    """The sentences that are about the question, once for each date they tell; each sentence counted once. With
    `undated`, the most relevant sentence without any date of each article stands for the article's own."""
    made: list[Dated] = []
    by_article: dict[str, Dated] = {}
    topic = read_facts(found.question).keys
    seen: set[tuple[str, int]] = set()
    for source, vector, cosine, around in zip(
        found.candidates, found.vectors, found.cosines, found.passage_cosines, strict=True
    ):
        article, sentence = source.hit.article, source.sentence
        relevance = (cosine + around) / 2
        if relevance < _least(topic, source) or (article.id, sentence.start) in seen:
            continue
        seen.add((article.id, sentence.start))
        mentions = [m for m in read_in(article, sentence.start, sentence.end) if not _is_aside(source.text, m)]
        for mention in _dates_of(mentions):
            date, known = str(mention.date), "resolved" if mention.is_relative else "stated"
            is_planned = _is_planned(source, mention)
            made.append(Dated(source, vector, date, mention.precision, known, relevance, is_planned))  # type: ignore[arg-type]
        day = day_of(article, sentence.start)
        if any(mention.date for mention in mentions) or relevance < RELEVANT_UNDATED or not day:
            continue
        precision = article.published_precision if day == article.published else "day"
        one = Dated(source, vector, day, precision, "published", relevance)
        if article.id not in by_article or by_article[article.id].relevance < relevance:
            by_article[article.id] = one
    return [*made, *by_article.values()] if undated else made


def _least(topic: frozenset[str], source: Candidate) -> float:
    """How relevant a sentence must be, given which of the words of the topic stand in it and around it."""
    if topic and topic <= read_facts(source.text).keys:
        return 0.0
    around = f"{source.hit.article.title or ''}. {source.hit.passage.text}"
    return RELEVANT_BY_WORDS if topic and topic <= read_facts(around).keys else RELEVANT


def _dates_of(mentions: Iterable[DateMention]) -> list[DateMention]:
    """The dates at which something is said to happen, each once; a year beside a finer date in it adds nothing."""
    usable = [m for m in mentions if m.date is not None and not m.is_name and m.before not in _BOUNDS]
    dates = {m.date: m for m in reversed(usable)}
    return [m for d, m in dates.items() if not any(o is not m and str(o.date).startswith(str(d)) for o in usable)][::-1]


_RELATIVE = re.compile(r"\b(?:who|which|whose|where|that(?=\s+(?:\w+ly\s+|never\s+)?(?P<next>\w+)))\b")
_COMPARED = re.compile(r"\b(?:than|compared (?:with|to)|in comparison (?:with|to))\b[^,;]{0,40}$")
_NEVER_WAS = re.compile(r"\b(?:(?:should|could|would|might|ought to|(?:was|were) to) (?:not )?have)\b[^,;]*$")


def _is_aside(text: str, mention: DateMention) -> bool:
    """Whether a date belongs to a relative clause, a comparison or something that never was, and not to what the
    sentence reports: "a company that earned 410 million last year"."""
    before = text[: mention.start]
    if _COMPARED.search(before) or _NEVER_WAS.search(before):
        return True
    start = max((before.rfind(stop) + 1 for stop in (",", ";", ":", "“", "—")), default=0)
    for found in _RELATIVE.finditer(before, start):
        if found["next"] and finite_verbs(found["next"]) == 0:
            continue  # "said that the pier closed on Monday"
        # "The man who shot the mayor was arrested on Monday" has its own verb behind the clause.
        n_before, n_within = finite_verbs(before[start : found.start()]), finite_verbs(before[found.end() :])
        n_within += re.match(r"\s+(?!has\b|was\b|is\b)[a-z]+s\b", before[found.end() :]) is not None  # "which sits in"
        if n_within > 0 and (n_before > 0 or n_within < 2):
            return True
    return False


def _is_planned(source: Candidate, mention: DateMention) -> bool:
    """Whether the sentence only announces what is to happen on a date, which lies ahead of its article."""
    published = day_of(source.hit.article, source.sentence.start)
    is_ahead = not published or days_of(str(mention.date))[1] >= days_of(published)[0]
    return is_ahead and looks_ahead(source.text, mention.start, mention.end)


def events(found: Sequence[Dated], *, markers: Markers, most: int = MAX_EVENTS) -> tuple[Event, ...]:
    """The timeline, earliest first, of the `most` relevant: a day before the month or year it begins.

    Reports of one event, alike in content and of the same date, are one event with several citations, the most
    relevant first; different figures are never merged.
    """
    groups: list[list[Dated]] = []
    for one in sorted(found, key=lambda d: -d.relevance)[: 2 * most]:
        for group in groups:
            if all(_is_same_event(one, other) for other in group):
                group.append(one)
                break
        else:
            groups.append([one])
    chosen = sorted(groups[:most], key=lambda group: _order(group[0]))
    return tuple(
        Event(
            date=group[0].date,
            precision=group[0].precision,
            source=next(known for known in _KNOWN if any(one.known == known for one in group)),
            citations=tuple(markers.cite(one.source, 1.0) for one in group),
            planned=group[0].planned,
        )
        for group in chosen
    )


_KNOWN: tuple[Literal["stated", "resolved", "published"], ...] = ("stated", "resolved", "published")


def _order(one: Dated) -> tuple[object, ...]:
    """By the first day, then the last; what is known by its article's date alone by the last, as it looks back."""
    first, last = days_of(one.date)
    article = one.source.hit.article
    begins = last if one.known == "published" else first
    return begins, last, article.published or "9999", article.id, one.source.sentence.start


def _is_same_event(a: Dated, b: Dated) -> bool:
    """Whether two dated sentences report one event: the same date, to the same precision, nearly the same content,
    the same people in the same order, and no figure, negation or modality that one has and the other has not."""
    if a.date != b.date or a.planned != b.planned or float(np.dot(a.vector, b.vector)) < SAME_EVENT:
        return False
    if a.source.text == b.source.text:
        return True
    one, other = read_facts(a.source.text), read_facts(b.source.text)
    figures = [{item.number.value for item in r.items if item.number is not None} for r in (one, other)]
    marks = [{mark for item in r.items for mark in item.marks if mark in _TELLING} for r in (one, other)]
    names = [list(dict.fromkeys(item.key for item in r.items if item.kind == "name")) for r in (one, other)]
    shared = [[name for name in of if name in names[0] and name in names[1]] for of in names]
    # One may name more than the other, but not somebody else, nor the same in another order ("A beat B").
    is_same_cast = shared[0] == shared[1] and len(shared[0]) == min(map(len, names))
    return figures[0] == figures[1] and marks[0] == marks[1] and is_same_cast


_TELLING = frozenset(("not", "will", "may", "former", "alleged", "against"))
