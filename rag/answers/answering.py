"""Evidence to an answer: the writer's sentences are checked one by one and given out as they pass.

Whoever writes, the last word is the checker's: a claim that its sources do not carry is left out and counted, and when
nothing is left, or the model fails, the built-in extractive writer quotes the articles instead.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

from embeddings import Vectors
from rag.answers import beside, citations, premise
from rag.answers.extractive import NEVER_WHOLE, quoted
from rag.answers.sufficiency import ENOUGH
from rag.answers.turn import Turn
from rag.answers.writer import LIBRARY, Draft, Drafted, Writer
from rag.checking.witness import Witness
from rag.models import prompts
from rag.news import differences
from rag.news.markers import Markers
from rag.search.found import Found
from rag.types import Answer, Candidate, Claim, LanguageModel, SearchHit

MAX_TOKENS = 4096  # some think before they write
# Reports that are laid beside each other where a question asks for it.
MOST_ARTICLES = 5
UNSURE = "{}: the reader is not sure."


def answer(
    question: str,
    hits: Sequence[SearchHit],
    parts: Sequence[Found],
    *,
    quoting: Writer,
    model: LanguageModel | None,
    check: citations.Checker,
    notes: Sequence[str] = (),
    show_unsupported: bool = False,
    prompt: prompts.Prompt = prompts.SHORT,
    max_tokens: int = MAX_TOKENS,
    stated: Sequence[Claim] = (),
    witness: Witness | None = None,
) -> Iterator[Claim | Answer]:
    """Each claim of the answer as soon as it is checked, and at last the `Answer` that holds them all.

    `parts` holds what was found for each question in `question`; one for most. Without a `model`, `quoting` (the
    extractive writer) answers; with one, it decides whether there is enough to ask the model at all. `notes` are put
    before those made here. Claims that fail the check are left out, or kept with their verdict where
    `show_unsupported`. Never raises for what a model does: a model that fails is one sentence in the notes. Claims
    `stated` already are put first. What must stand beside what is cited (`rag.answers.beside`) follows it. A model is
    asked with `prompt` and may write `max_tokens`. Where there is a `witness`, the model's claims wait until it was
    heard of all of them, so that none must be taken back. Claims that turn out to be thoughts are not in the `Answer`.
    """
    composed = _Composition(question, parts, quoting=quoting, check=check, notes=notes, stated=stated)
    if model is not None and composed.is_worth_asking:
        yield from composed.write(Turn(model, prompt, max_tokens, witness), show_unsupported=show_unsupported)
    yield from composed.quote(instead_of=model)
    yield from composed.correct()
    yield from composed.put_beside()
    yield composed.finish(hits)


class _Composition:
    """An answer as it comes together: its claims, what is said beside them, and who wrote it."""

    def __init__(
        self,
        question: str,
        parts: Sequence[Found],
        *,
        quoting: Writer,
        check: citations.Checker,
        notes: Sequence[str],
        stated: Sequence[Claim],
    ) -> None:
        self._stated = list(stated)
        self._started = time.perf_counter()
        self._question, self._quoting, self._check = question, quoting, check
        self._whole = merged(question, parts)
        self._parts, self._drafted = list(parts), [quoting.draft(part) for part in parts]
        if len(parts) > 1 and not any(one.drafts for one in self._drafted):
            self._parts, self._drafted = [self._whole], [quoting.draft(self._whole)]
        self._markers = Markers()
        self._claims: list[Claim] = []
        self._notes, self._problems = list(notes), list[str]()
        self._writer, self._version = LIBRARY if stated else quoting.name, quoting.prompt_version
        self._has_refused = self._is_cut = self._is_left_out = self._is_by_model = self._is_maybe = False
        self._is_corrected_only = False

    @property
    def _confidence(self) -> float:
        return max((one.confidence for one in self._drafted), default=0.0)

    @property
    def is_worth_asking(self) -> bool:
        """Whether a language model may find more than nothing."""
        return any(one.drafts for one in self._drafted)

    def write(self, turn: Turn, *, show_unsupported: bool) -> Iterator[Claim]:
        """The model's claims. Where the reader is not sure of an answer, only those that are carried in full."""
        self._writer = turn.name
        is_doubtful = self._confidence < ENOUGH
        waiting: list[Claim] = []
        for claim, found in turn.claims(self._question, self._likeliest_first(), self._check, show_unsupported):
            if turn.takes_back:
                self._claims, waiting, self._problems = [], [], []
                self._markers.clear()
            self._problems += found
            if claim is not None and is_doubtful and (claim.verdict != "supported" or _is_lifted(claim)):
                turn.leave_out()
            elif claim is not None:
                waiting.append(self._markers.number(claim))
            # What the sources do not carry is shown beside something that they do, or not at all.
            if self._claims or any(one.verdict != "unsupported" for one in waiting):
                self._claims += waiting
                yield from waiting
                waiting = []
        self._version = turn.version
        self._has_refused, self._is_cut, self._is_left_out = turn.refused, turn.is_cut, turn.has_left_out
        self._is_by_model = bool(self._claims)
        self._notes += turn.notes(n_dropped=len(waiting))

    def _likeliest_first(self) -> list[Candidate]:
        """All candidates: first the passages from which the reader would quote, then the others by rank, in turn from
        each of the questions."""
        ids = [draft.sources[0].hit.passage.id for draft in _each_once(self._drafted)]
        ranked = [dict.fromkeys(c.hit.passage.id for c in part.candidates) for part in self._parts]
        ids += [passage for row in zip_longest(*ranked) for passage in row if passage is not None]
        order = {passage: place for place, passage in enumerate(dict.fromkeys(ids))}
        return sorted(self._whole.candidates, key=lambda c: order.get(c.hit.passage.id, len(order)))

    def quote(self, *, instead_of: LanguageModel | None) -> Iterator[Claim]:
        """The articles' own words: where nobody has written anything, or what was written was left out in part. A model
        that refuses is believed where the reader doubts. An answer that both or the model alone gives where the reader
        doubts is a maybe: that words are carried is no sign that they answer."""
        is_unsure = all(one.is_unsure for one in self._drafted if one.drafts)
        drafts_ = _each_once(self._drafted)
        if self._is_by_model:
            cited = _cited(self._claims)
            is_needed = self._is_left_out and not is_unsure
            drafts_ = [d for d in drafts_[:1] if _place(d.sources[0]) not in cited] if is_needed else []
        elif self._has_refused and is_unsure:
            drafts_ = []
        quotes = citations.make_claims(beside.corrected(drafts_), self._markers)
        if not self._is_by_model:
            self._note_on(quotes, instead_of, is_unsure=is_unsure)
        if is_unsure and (quotes or self._is_by_model):
            self._is_maybe = True
            is_in_parts = any(part.kind in NEVER_WHOLE for part in self._parts)
            several = "These may be parts of the answer" if is_in_parts else "One of these may answer it"
            self._notes.append(UNSURE.format(several if len(quotes) > 1 else "This may answer it"))
        self._claims += quotes
        yield from quotes

    def _note_on(self, quotes: Sequence[Claim], instead_of: LanguageModel | None, *, is_unsure: bool) -> None:
        """Who wrote, and how it came that a model's words are not here."""
        if quotes and not self._stated:
            self._writer, self._version = self._quoting.name, self._quoting.prompt_version
        if self._has_refused and instead_of is not None:
            quoted_ = ": the answer quotes them" if quotes else ""
            self._notes.append(f"The model {instead_of.name} found no answer in the articles{quoted_}.")
        elif quotes and instead_of is not None and not is_unsure:
            self._notes.append("The answer quotes the articles instead.")

    def correct(self) -> Iterator[Claim]:
        """The sentence that puts otherwise what the question takes for granted, if there is one."""
        otherwise = premise.contradicted(self._question, self._whole.candidates)
        if otherwise is None:
            return
        carried = self._carried()
        if _place(otherwise.source) not in _cited(carried):
            correction = citations.make_claims([quoted(otherwise.source)], self._markers)
            self._claims += correction
            yield from correction
        self._is_corrected_only = not carried
        marker = self._markers.cite(otherwise.source, 1.0).marker
        reasons = "; ".join(otherwise.reasons)
        self._notes.append(f"What the question takes for granted is put otherwise in [{marker}]: {reasons}.")

    def put_beside(self) -> Iterator[Claim]:
        """The corrections that cited articles carry, and the other person of a name that two have."""
        candidates, markers = self._whole.candidates, self._markers
        self._claims = [replace(claim, earlier=claim.earlier or beside.is_corrected(claim)) for claim in self._claims]
        corrections = beside.corrections_of(self._claims, candidates, markers)
        self._claims += corrections
        yield from corrections
        introduced, note = beside.namesakes_of(self._question, self._carried(), candidates, markers)
        self._claims += introduced
        self._notes += note
        yield from introduced

    def finish(self, hits: Sequence[SearchHit]) -> Answer:
        """All of it as one value."""
        carried = self._carried()
        differ = differences.disagreements(
            carried, self._whole.candidates, cosines=self._whole.cosines, vectors=self._whole.vectors,
            markers=self._markers,
        )  # fmt: skip
        if self._is_by_model:
            old = differences.older_statements(differ)
            self._claims = [replace(claim, earlier=_is_earlier(claim, old)) for claim in self._claims]
        self._claims = [*self._stated, *self._claims]
        carried = self._carried()
        is_maybe = self._is_maybe and not self._stated
        is_partial = self._is_corrected_only or is_maybe or any(claim.verdict == "partial" for claim in self._claims)
        is_partial = is_partial or (self._is_by_model and (self._has_refused or self._is_cut))
        if carried and (open_ := self._unanswered(carried)):
            is_partial = True
            self._notes.append(f"Not answered by what was found: {' '.join(f'“{part}”' for part in open_)}")
        if not carried and hits:
            lacking = premise.missing(self._question, self._whole.candidates)
            self._notes.append(f"{lacking} The nearest passages are listed.")
        return Answer(
            question=self._question,
            status="abstained" if not carried else "partial" if is_partial else "answered",
            maybe=bool(carried) and is_maybe,
            text=citations.render(self._claims if carried else ()),
            claims=tuple(self._claims if carried else ()),
            hits=tuple(hits),
            disagreements=tuple(differ) if carried else (),
            notes=tuple(self._notes),
            problems=tuple(dict.fromkeys(self._problems)),
            model=self._writer,
            prompt_version=self._version,
            elapsed_s=round(time.perf_counter() - self._started, 3),
            confidence=round(min((one.confidence for one in self._drafted), default=0.0), 3),
        )

    def _carried(self) -> list[Claim]:
        return [claim for claim in self._claims if claim.verdict != "unsupported"]

    def _unanswered(self, carried: Sequence[Claim]) -> list[str]:
        """The questions of several that have no answer. What a model has written answers those for which the sentences
        that it cites are enough."""
        if len(self._parts) < 2:
            return []
        drafted = self._drafted
        if self._is_by_model:
            cited = _cited(carried)
            drafted = [self._quoting.draft(part.only(lambda source: _place(source) in cited)) for part in self._parts]
        answered = {part.question for part, one in zip(self._parts, drafted, strict=True) if one.drafts}
        return list(dict.fromkeys(part.question for part in self._parts if part.question not in answered))


def merged(question: str, parts: Sequence[Found]) -> Found:
    """What was found for all parts, each sentence once, with the highest of its cosines."""
    if len(parts) == 1:
        return parts[0]
    best: dict[tuple[str, int], tuple[Candidate, Vectors, float, float]] = {}
    for part in parts:
        for row in zip(part.candidates, part.vectors, part.cosines, part.passage_cosines, strict=True):
            if (at := _place(row[0])) not in best or row[2] > best[at][2]:
                best[at] = row
    rows = list(best.values())
    return Found(
        question=question,
        candidates=[row[0] for row in rows],
        vectors=[row[1] for row in rows],
        cosines=[row[2] for row in rows],
        passage_cosines=[row[3] for row in rows],
        kind=parts[0].kind if parts else "fact",
    )


def by_article(found: Found) -> list[Found]:
    """What was found, apart for each of the articles that come first, so that each is quoted where reports are
    compared."""

    def of(article_id: str) -> Found:
        return found.only(lambda source: source.hit.article.id == article_id)

    ids = dict.fromkeys(candidate.hit.article.id for candidate in found.candidates)
    return [of(article_id) for article_id in list(ids)[:MOST_ARTICLES]] or [found]


def _place(source: Candidate) -> tuple[str, int]:
    return source.hit.article.id, source.sentence.start


def _cited(claims: Sequence[Claim]) -> set[tuple[str, int]]:
    return {(c.article.id, c.start) for claim in claims for c in claim.citations}


def _is_lifted(claim: Claim) -> bool:
    """Whether it is carried only since a witness says so."""
    return claim.witness is not None and claim.witness["effect"] == "lifted"


def _each_once(drafted: Sequence[Drafted]) -> list[Draft]:
    return list({_place(draft.sources[0]): draft for one in drafted for draft in one.drafts}.values())


def _is_earlier(claim: Claim, old: frozenset[tuple[str, int, int]]) -> bool:
    """Whether a claim rests on nothing but statements that a later article has changed."""
    cited = claim.citations
    return claim.earlier or (bool(cited) and all((c.article.id, c.start, c.end) in old for c in cited))
