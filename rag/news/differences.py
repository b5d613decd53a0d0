"""What the articles behind an answer report differently, and which of its sentences a later article has changed.

Pairs of sentences are judged by `conflicts`; here they are chosen, put together and put in order. Pure functions.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from embeddings import Vectors
from rag.news.conflicts import Change, compare
from rag.news.markers import Markers
from rag.news.outcomes import done_when, full_names, is_open, is_planned, left_office, settles
from rag.news.processes import settled
from rag.news.same_story import has_cast, later, other_names, same_headline
from rag.text.calendar import date_range
from rag.text.dates import read_in
from rag.text.facts import read
from rag.types import Candidate, Claim, Disagreement

# Sentences compared with those that the answer cites: the nearest to the question.
N_COMPARED = 16
MOST_SHOWN = 4
# A sentence answers as well as another whose score by the reader is higher by no more than this.
AS_WELL = 1.0


def changes(
    candidates: Sequence[Candidate], vectors: Sequence[Vectors] | None = None, among: Sequence[int] | None = None
) -> list[Change]:
    """Every `Change` between two of the candidates, by their places; with `among`, at least one of the two is in it.

    `vectors` holds a unit vector for each candidate; without them all are taken to be about the same thing, as the
    answers to one question are.
    """
    found = []
    for i, j in combinations(range(len(candidates)), 2):
        if among is not None and i not in among and j not in among:
            continue
        cosine = 1.0 if vectors is None else float(vectors[i] @ vectors[j])
        change = compare(candidates[i], candidates[j], cosine=cosine)
        if change:
            newer = None if change.newer is None else (i, j)[change.newer]
            found.append(replace(change, first=i, second=j, newer=newer))
    return found


def disagreements(
    claims: Sequence[Claim],
    candidates: Sequence[Candidate],
    *,
    cosines: Sequence[float],
    vectors: Sequence[Vectors],
    markers: Markers,
) -> list[Disagreement]:
    """What the articles report differently of what the answer says: the sentences that `claims` cite against each other
    and against those nearest to the question. Statements that differ on the same are one disagreement, oldest first.

    `cosines` are the question's with each candidate. A sentence that is cited keeps its number in `markers`; others
    get the next.
    """
    said = dict.fromkeys((c.article.id, c.start, c.end) for claim in claims for c in claim.citations)
    places = {_where(candidate): n for n, candidate in reversed(list(enumerate(candidates)))}
    cited = [places[where] for where in said if where in places]
    nearest = sorted(set(places.values()) - set(cited), key=lambda n: -cosines[n])[:N_COMPARED]
    looked_at = [*cited, *nearest]
    found = changes([candidates[n] for n in looked_at], [vectors[n] for n in looked_at], range(len(cited)))
    made = []
    for group in _groups(found)[:MOST_SHOWN]:
        values: dict[int, str] = {}
        for change in group:
            values.setdefault(change.first, change.values[0])
            values.setdefault(change.second, change.values[1])
        order = sorted(values, key=lambda n: (candidates[looked_at[n]].hit.article.published or "", n))
        is_update = all(change.newer is not None for change in group)
        made.append(
            Disagreement(
                about=group[0].about,
                kind="update" if is_update else "difference",
                values=tuple(values[n] for n in order),
                citations=tuple(markers.cite(candidates[looked_at[n]], 1.0) for n in order),
            )
        )
    return made


def _where(candidate: Candidate) -> tuple[str, int, int]:
    return candidate.hit.article.id, candidate.sentence.start, candidate.sentence.end


def _groups(found: Sequence[Change]) -> list[list[Change]]:
    """Changes that share a statement, together, in order of first appearance."""
    groups: list[list[Change]] = []
    for change in found:
        ends = {change.first, change.second}
        joined = [group for group in groups if any(ends & {other.first, other.second} for other in group)]
        merged = [other for group in joined for other in group] + [change]
        groups = [group for group in groups if group not in joined] + [merged]
    return groups


def settled_by(
    question: str, best: Candidate, others: Sequence[Candidate], cosines: Sequence[float] | None = None
) -> int | None:
    """The place in `others` of the newest sentence that reports as done what the question asks for, or in other words
    what became of it, where `best`, of the same article or an older one, speaks of it as possible, planned or asked
    for; None where there is none, and where the question does not ask whether, or when.

    `cosines` are those of `best` with each of `others`.
    """
    found = [
        n
        for n, other in enumerate(others)
        if (best.hit.article.id == other.hit.article.id or later(best.hit.article, other.hit.article) == 1)
        and (
            ((verbs := settles(question, other.text)) and is_open(best.text, verbs))
            or _came_of(question, best, other, 1.0 if cosines is None else cosines[n])
        )
    ]
    return max(found, key=lambda n: (others[n].hit.article.published or "", -n), default=None)


def settled_since(
    question: str, best: Candidate, others: Sequence[Candidate], cosines: Sequence[float] | None = None
) -> int | None:
    """The place in `others` of the first older sentence that speaks of what `best` reports as done, or as come to
    something, as possible, planned or asked for; None where there is none, and for other questions than `settled_by`
    takes."""
    verbs = settles(question, best.text)
    for n, other in enumerate(others):
        if later(other.hit.article, best.hit.article) != 1:
            continue
        if (verbs and is_open(other.text, verbs)) or _came_of(
            question, other, best, 1.0 if cosines is None else cosines[n]
        ):
            return n
    return None


def done_since(question: str, best: Candidate, others: Sequence[Candidate]) -> int | None:
    """The place in `others` of the newest sentence that reports as done what the question asks the time of, where
    `best` only announces it; None where there is none."""
    found = [n for n, other in enumerate(others) if _has_come(question, best, other)]
    return max(found, key=lambda n: (others[n].hit.article.published or "", -n), default=None)


def _has_come(question: str, old: Candidate, new: Candidate) -> bool:
    verbs = done_when(question, new.text)
    if not verbs or later(old.hit.article, new.hit.article) != 1 or not is_planned(old.text, verbs):
        return False
    return same_headline(old, new) or not other_names(old, new)


def _has_left(question: str, old: Candidate, new: Candidate, chosen: Sequence[Candidate]) -> bool:
    """Whether `old` names as the holder of an office somebody who has left it by one of the sentences `chosen`, and
    the newer sentence does not."""
    if later(old.hit.article, new.hit.article) != 1:
        return False
    gone = frozenset[tuple[str, ...]]().union(*(left_office(question, c.text) for c in chosen)) & full_names(old.text)
    named = {key for name in full_names(new.text) for key in name}
    return bool(named) and any(named.isdisjoint(name) for name in gone)


_ASKS_WHETHER = re.compile(
    r"\s*(?:has|have|had|is|are|was|were|did|does|do|will|would|can|could|may|might|when)\b", re.IGNORECASE
)


def _came_of(question: str, old: Candidate, new: Candidate, cosine: float) -> bool:
    """Whether the later of two sentences reports what became of something that the older leaves open."""
    return (
        _ASKS_WHETHER.match(question) is not None
        and later(old.hit.article, new.hit.article) == 1
        and settled(old, new, cosine) is not None
        and not other_names(old, new)
    )


# Questions about how things stand now, and words that ask for it in any question.
_NOW = re.compile(
    r"\s*(?:(?:is|are|isn['’]t|aren['’]t|has|have|hasn['’]t|haven['’]t)\b|what\s+is\s+the\s+state\b)", re.IGNORECASE
)
_STATE = re.compile(
    r"\b(?:still|yet|now|over|already|currently|ongoing|underway|again|end(?:ed|ing)?|finished|settled|resolved|called\s+off|"
    r"back|open|closed|resumed|continu\w+|go(?:ing|es)\s+on|begun|started|contained|lifted|found|freed|solved)\b",
    re.IGNORECASE,
)
# The passage of a later report must come as near to the question as that of the best one, but for so much.
AS_NEAR = 0.12


def reported_since(
    question: str, best: Candidate, others: Sequence[Candidate], nearer_by: Sequence[float], scores: Sequence[float]
) -> int | None:
    """The place in `others` of the sentence of the newest later report of the same story, where the question asks how
    things stand now, or for a figure, and that sentence has one; None where there is none.

    `others` are in the order in which they answer. `nearer_by` is how much nearer, by cosine, the passage of each comes
    to the question than that of `best`; `scores` the reader's of each, less that of `best`.
    """
    is_state = bool(_NOW.match(question))
    is_figure = bool(_HOW_MUCH.search(question))
    if not is_state and not is_figure:
        return None
    most = STATE_WITHIN if is_figure or _STATE.search(question) else AS_WELL * 3
    found = [
        n
        for n, other in enumerate(others)
        if later(best.hit.article, other.hit.article) == 1
        and nearer_by[n] >= -AS_NEAR
        and scores[n] >= -most
        and (not is_figure or _same_measure(best.text, other.text))
        and has_cast(best, other)
        and not _is_background(other, best)
    ]
    return max(found, key=lambda n: (others[n].hit.article.published or "", -n), default=None)


# Days before a report from which on what another dates there is background, and no news since. Of a running story even
# the latest report names the day on which it began.
BACKGROUND = dt.timedelta(days=30)


def _is_background(other: Candidate, best: Candidate) -> bool:
    """Whether all that `other` dates lies so long before the report of `best`."""
    published, _ = date_range(best.hit.article.published)
    mentions = read_in(other.hit.article, other.sentence.start, other.sentence.end)
    ends = [mention.days[1] for mention in mentions if mention.days is not None]
    return published is not None and bool(ends) and max(ends) < dt.date.fromisoformat(published) - BACKGROUND


def superseded(question: str, picked: Sequence[Candidate]) -> frozenset[int]:
    """The places of those sentences of an answer that are from a report before that of the first, of the same story,
    where the question asks how things stand now, or for a figure of which both have one."""
    lead, is_state, is_figure = picked[0], bool(_NOW.match(question)), bool(_HOW_MUCH.search(question))
    return frozenset(
        n
        for n, one in enumerate(picked)
        if (is_state or (is_figure and _same_measure(one.text, lead.text)))
        and later(one.hit.article, lead.hit.article) == 1
        and has_cast(one, lead)
        and not _is_background(lead, one)
    )


_HOW_MUCH = re.compile(r"\bhow\s+(?:many|much|long|old|big|high|far|large)\b", re.IGNORECASE)
STATE_WITHIN = 7.0


def _same_measure(old: str, new: str) -> bool:
    """Whether two sentences have figures of one thing: the same sign, or the same word behind them."""
    return bool(_measures(old) & _measures(new))


def _measures(text: str) -> frozenset[str]:
    items = read(text).items
    units = {item.number.unit for item in items if item.number and item.number.unit}
    behind = {
        items[n + 1].key for n, item in enumerate(items[:-1]) if item.number is not None and items[n + 1].kind == "word"
    }
    return frozenset(units | behind)


def overtaken(question: str, chosen: Sequence[Candidate], vectors: Sequence[Vectors] | None = None) -> frozenset[int]:
    """The places of those sentences of an answer that a later one of it has changed. `vectors` as `changes` has it."""
    old = {c.first if c.newer == c.second else c.second for c in changes(chosen, vectors) if c.newer is not None}
    for n, lead in enumerate(chosen):
        verbs = settles(question, lead.text)
        for k, other in enumerate(chosen):
            if verbs and later(other.hit.article, lead.hit.article) == 1 and not settles(question, other.text):
                old.add(k)
                old.discard(n)
            elif _has_come(question, other, lead) or _has_left(question, other, lead, chosen):
                old.add(k)
    return frozenset(old)


_ASKS_FOR_ONE = re.compile(r"\s*(?:and\s+)?(?:how\s+(?:many|much)|who(?:\s+(?:is|are)|['’]s)|when)\b", re.IGNORECASE)


def newest_first(question: str, chosen: Sequence[Candidate], scores: Sequence[float], old: frozenset[int]) -> list[int]:
    """The places of the sentences of an answer in the order in which they are told: those that a later one has changed
    (`old`) last, newest of them first. Of the others the newest of those that answer as well as the first (within
    `AS_WELL` by their reader's `scores`) leads where the question asks for a figure, a holder or a time: two answers
    to another question can both hold. The rest keeps its order."""
    current = [n for n in range(len(chosen)) if n not in old]
    if current and _ASKS_FOR_ONE.match(question):
        lead = current[0]
        for n in current[1:]:
            answers_as_well = scores[n] >= scores[current[0]] - AS_WELL
            if answers_as_well and later(chosen[lead].hit.article, chosen[n].hit.article) == 1:
                lead = n
        current = [lead, *(n for n in current if n != lead)]
    return [*current, *sorted(old, key=lambda n: chosen[n].hit.article.published or "", reverse=True)]


def older_statements(found: Sequence[Disagreement]) -> frozenset[tuple[str, int, int]]:
    """Article id, start and end of every statement that a later one has changed."""
    return frozenset(
        (c.article.id, c.start, c.end)
        for disagreement in found
        if disagreement.kind == "update"
        for c in disagreement.citations
        if later(c.article, disagreement.citations[-1].article) == 1
    )
