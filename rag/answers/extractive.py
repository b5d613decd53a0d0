"""The built-in writer: it quotes the sentences that answer, each with its outlet and date, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from rag.answers import polar
from rag.answers.citations import attribution
from rag.answers.injections import beside_orders
from rag.answers.sufficiency import ENOUGH, MAYBE, Evidence, likelihoods, ranking, sufficiency
from rag.answers.writer import Draft, Drafted
from rag.models.kinds import Kind
from rag.models.reader import EARLIER, LATEST, Passage, Reading, Reranker
from rag.models.verifier import Verifier
from rag.news import differences
from rag.news.same_story import later
from rag.news.speakers import speaker_in
from rag.search.found import Found
from rag.types import Article, Candidate, Span

# A further sentence joins the answer when the reader thinks that it answers too, and not by far less than the best
# one does.
ALSO_FROM, ALSO_WITHIN = -0.5, 2.0
# A sentence that reports as done what is asked, where the best one only expects it, says enough by that: it leads from
# farther behind.
SETTLED_WITHIN = 6.0
SAME_FROM = 0.8  # the cosine from which on it is about the same; another must be as near as one that says the same
# One that says nearly the same as the best one, by cosine, is cited beside it: another report of it, or one that puts
# the figure or the name otherwise.
TWIN_FROM, TWIN_WITHIN = 0.7, 3.5
MAX_SENTENCES = 3
# Where a question wants several sentences, or the reader is not sure of one: how far behind the likeliest others may
# stand, in log-odds, and how many there are at most.
SHOWN: Mapping[Kind, tuple[float, int]] = {
    "fact": (3.0, 3),
    "list": (4.0, 5),
    "comparison": (4.0, 4),
    "summary": (8.0, 4),
}
# What wants several sentences is answered by none alone: less is enough to show what may be part of it.
MAYBE_SEVERAL = 0.16
# By single sentences the whole of these is hardly ever told: of 13 such questions on news that was not fitted on
# one was answered in full where the reader was sure of the first.
NEVER_WHOLE: frozenset[Kind] = frozenset(("list", "comparison"))
# The first sentence of a news story tells what happened: of a development it counts so much more.
LEAD = 4.0


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What is known of the sentences found, in step with them: `order` has the places of those that may be quoted,
    likeliest first, `scores` say how likely each answers."""

    evidence: Sequence[Evidence]
    readings: Sequence[Reading | None]
    scores: Sequence[float]
    order: Sequence[int]


class Extractive:
    """Picks sentences by a `Reranker` and abstains by `rag.answers.sufficiency`; how good both are: evals/READER.md.

    Without a reranker the sentences are chosen by cosine and shared words. `verifier` says yes or no where a question
    wants that (`rag.answers.polar`).
    """

    name = "extractive"
    prompt_version = "extractive-2"

    def __init__(self, reader: Reranker | None, verifier: Verifier | None = None) -> None:
        self._reader, self._verifier = reader, verifier

    def draft(self, found: Found) -> Drafted:
        """See `Writer.draft`."""
        question, candidates = found.question, found.candidates
        looked = self.look(found)
        evidence, readings, order = looked.evidence, looked.readings, looked.order
        ruling = polar.rule(question, found, order, self._verifier)
        reader = self._reader.name if self._reader is not None else ""
        confidence = ruling.revised(sufficiency(question, evidence, reader=reader))
        if confidence < (MAYBE if found.kind == "fact" else MAYBE_SEVERAL):
            return Drafted(drafts=(), confidence=confidence)
        order = [*[i for i in order if i == ruling.place], *[i for i in order if i != ruling.place]]
        is_unsure = confidence < ENOUGH or found.kind in NEVER_WHOLE
        is_one = found.kind == "fact" and not is_unsure
        chosen = _choose(found, evidence, order) if is_one else _likeliest(found, looked, order)
        picked = [candidates[i] for i in chosen]
        old = differences.overtaken(question, picked, [found.vectors[i] for i in chosen])
        old |= differences.superseded(question, picked)
        scores = [evidence[i].reader_score for i in chosen]
        newest_first = differences.newest_first(question, picked, scores, old)
        said = [polar.rule(question, found, [i], self._verifier).says if ruling.is_made else None for i in chosen]
        drafts = (
            quoted(picked[n], earlier=n in old, answer=_answer(picked[n], readings[chosen[n]]), says=said[n])
            for n in newest_first
            # Beside a yes or no stands what says so too, or what was so earlier.
            if not ruling.is_made or said[n] in polar.WORDS or n in old or n == newest_first[0]
        )
        return Drafted(drafts=tuple(drafts), confidence=confidence, is_unsure=is_unsure)

    def look(self, found: Found) -> Looked:
        """What the reader and the cosines say of the sentences."""
        readings = self._read(found)
        evidence = [
            Evidence(
                text=candidate.text,
                title=candidate.hit.article.headline or "",
                cosine=cosine,
                passage_cosine=passage_cosine,
                score=reading.score if reading else None,
                answer_score=reading.answer_score if reading else None,
            )
            for candidate, cosine, passage_cosine, reading in zip(
                found.candidates, found.cosines, found.passage_cosines, readings, strict=True
            )
        ]
        scores = [both if self._reader is not None else cheap for both, cheap in likelihoods(found.question, evidence)]
        order = _without_orders(ranking(found.question, evidence), found.candidates, evidence)
        return Looked(evidence=evidence, readings=readings, scores=scores, order=order)

    def _read(self, found: Found) -> list[Reading] | list[None]:
        """A reading of each candidate; they come passage by passage, in order."""
        if self._reader is None:
            return [None] * len(found.candidates)
        age_of = ages(zip((c.hit.article for c in found.candidates), found.passage_cosines, strict=True))
        passages = [
            Passage(
                title=age_of.get(of[0].hit.article.id, "") + (of[0].hit.article.headline or ""),
                sentences=tuple(c.text for c in of),
            )
            for of in (list(group) for _, group in groupby(found.candidates, key=lambda c: c.hit.passage.id))
        ]
        return [reading for readings in self._reader.read(found.question, passages) for reading in readings]


def ages(found: Iterable[tuple[Article, float]]) -> dict[str, str]:
    """LATEST or EARLIER for the articles that seem to be of the story asked about, by their ids; none where nothing
    tells which is the later. `found` are the articles of passages, each with its passage's cosine to the question: of
    that story are those of which a passage comes about as near as any."""
    nearest: dict[str, tuple[Article, float]] = {}
    for article, cosine in found:
        if article.id not in nearest or nearest[article.id][1] < cosine:
            nearest[article.id] = article, cosine
    least = max((cosine for _, cosine in nearest.values()), default=0.0) - differences.AS_NEAR
    story = [article for article, cosine in nearest.values() if cosine >= least]
    old = {one.id for one in story if any(later(one, other) == 1 for other in story)}
    return {one.id: EARLIER if one.id in old else LATEST for one in story} if old else {}


def _without_orders(order: list[int], candidates: Sequence[Candidate], evidence: Sequence[Evidence]) -> list[int]:
    """`order` without what stands on lines that speak to machines, where another sentence may answer too. Alone such a
    line is quoted like any other: what it wants said is no news, that it stands there may be."""
    lines = {id(one) for one in beside_orders(candidates)}
    others = [i for i in order if id(candidates[i]) not in lines]
    if not others or len(others) == len(order):
        return order
    may_answer = evidence[others[0]].reader_score >= evidence[order[0]].reader_score - TWIN_WITHIN
    return others if may_answer else order


def _likeliest(found: Found, looked: Looked, order: Sequence[int]) -> list[int]:
    """The places of the sentences that come about as near to an answer as any, best first and no text twice; of a
    development the likeliest of each article, newest first."""
    within, most = SHOWN[found.kind]
    scores = list(looked.scores)
    if found.kind == "summary":
        scores = [score + LEAD * (c.sentence.position == 0) for score, c in zip(scores, found.candidates, strict=True)]
        order = sorted(order, key=lambda i: -scores[i])
    floor = scores[order[0]] - within
    chosen: dict[str, int] = {}
    for i in order:
        one = found.candidates[i]
        if scores[i] >= floor and len(chosen) < most:
            chosen.setdefault(one.hit.article.id if found.kind == "summary" else one.text, i)
    if found.kind != "summary":
        return list(chosen.values())
    return sorted(chosen.values(), key=lambda i: found.candidates[i].hit.article.published or "", reverse=True)


def _choose(found: Found, evidence: Sequence[Evidence], order: Sequence[int]) -> list[int]:
    """The places of the sentences that answer, the one that leads first. `order` has the places of those that may
    be quoted, likeliest first."""
    question, candidates = found.question, found.candidates
    best = evidence[order[0]].reader_score
    floor = max(ALSO_FROM, best - ALSO_WITHIN)
    cosine_to_best = [float(found.vectors[order[0]] @ vector) for vector in found.vectors]

    def also_answers(i: int) -> bool:
        score = evidence[i].reader_score
        is_twin = cosine_to_best[i] >= TWIN_FROM
        return score >= floor or (is_twin and score >= best - TWIN_WITHIN)

    def may_settle(i: int) -> bool:
        within = SETTLED_WITHIN if cosine_to_best[i] >= SAME_FROM else TWIN_WITHIN
        return evidence[i].is_read and evidence[i].reader_score >= best - within

    near = list(filter(may_settle, order[1:]))
    others = [candidates[i] for i in near]
    cosines = [cosine_to_best[i] for i in near]
    lead = _lead(question, candidates[order[0]], evidence[order[0]], others, [evidence[i] for i in near], cosines)
    chosen = [order[0]] if lead is None else [near[lead], order[0]]
    if lead is None:
        was = differences.settled_since(question, candidates[order[0]], others, cosines)
        chosen += [] if was is None else [near[was]]
    for i in filter(also_answers, order[1:]):
        if len(chosen) < MAX_SENTENCES and all(evidence[i].text != evidence[other].text for other in chosen):
            chosen.append(i)
    return chosen


def _lead(
    question: str,
    best: Candidate,
    known: Evidence,
    others: Sequence[Candidate],
    known_of: Sequence[Evidence],
    cosines: Sequence[float],
) -> int | None:
    """The place in `others` of the sentence that leads over `best`: what has been done since over what was only
    expected, and the later report over what it reports anew. `cosines` are those of `best` with each."""
    lead = differences.settled_by(question, best, others, cosines)
    if lead is None:
        close = [n for n, one in enumerate(known_of) if one.reader_score >= known.reader_score - ALSO_WITHIN]
        since = differences.done_since(question, best, [others[n] for n in close])
        lead = None if since is None else close[since]
    if lead is None:
        nearer_by = [one.passage_cosine - known.passage_cosine for one in known_of]
        scores = [one.reader_score - known.reader_score for one in known_of]
        lead = differences.reported_since(question, best, others, nearer_by, scores)
    return lead


def quoted(
    candidate: Candidate, *, earlier: bool = False, answer: Span | None = None, says: str | None = None
) -> Draft:
    """A sentence of an article as a sentence of an answer; `earlier` where a later one has changed it, `answer` the
    words of it that answer, `says` "yes" or "no" where it says that."""
    text = f"{polar.WORDS.get(says or '', '')}{lead_in(candidate)}: {in_marks(candidate.text)}"
    return Draft(text=text, sources=(candidate,), earlier=earlier, answer=answer)


def in_marks(words: str) -> str:
    """The words within quotation marks; as they are where such marks begin or end them and would stand twice."""
    is_marked = words.startswith("“") or words.endswith("”")
    return words if is_marked and words.count("“") == words.count("”") else f"“{words}”"


def _answer(candidate: Candidate, reading: Reading | None) -> Span | None:
    """The words that answer, in the article's characters, where the reader is surer of them than of none."""
    if reading is None or reading.answer is None or reading.answer_score is None or reading.answer_score < 0:
        return None
    start = candidate.sentence.start
    return start + reading.answer[0], start + reading.answer[1]


def lead_in(candidate: Candidate) -> str:
    """Whose words a quotation is: outlet and date, and whom the article cites where the words quoted do not say it."""
    article, sentence = candidate.hit.article, candidate.sentence
    return attribution(article, speaker_in(article, sentence.start, sentence.end), candidate.text)
