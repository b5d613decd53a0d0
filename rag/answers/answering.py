"""Evidence to an answer: the writer's sentences are checked one by one and given out as they pass.

Whoever writes, the last word is the checker's: a claim that its sources do not carry is left out and counted, and when
nothing is left, or the model fails, the built-in extractive writer quotes the articles instead.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from embeddings import Vectors
from rag.answers import beside, citations, drafts, premise
from rag.answers.extractive import quoted
from rag.answers.sufficiency import ENOUGH, MAYBE
from rag.answers.writer import LIBRARY, Draft, Drafted, Writer
from rag.checking.witness import Witness
from rag.errors import ModelError, PromptTooLong
from rag.models import prompts
from rag.news import differences
from rag.news.markers import Markers
from rag.search.found import Found
from rag.types import Answer, Candidate, Claim, LanguageModel, SearchHit

MAX_TOKENS = 4096  # some think before they write
# A model that goes on and on, or says the same again and again, is cut off here. Its thoughts are not counted.
MAX_SENTENCES, LONGEST_SENTENCE, MAX_CHARACTERS, MAX_REPEATED = 12, 1500, 12_000, 3
MOST_THOUGHT = 12  # characters of thoughts for each token
# Reports that are laid beside each other where a question asks for it.
MOST_ARTICLES = 5
UNSURE = "This may answer it: the reader is not sure."
# With fewer sentences than this a prompt that is too long is not tried again.
FEWEST_OFFERED = 8


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
    max_tokens: int = MAX_TOKENS,
    stated: Sequence[Claim] = (),
    witness: Witness | None = None,
) -> Iterator[Claim | Answer]:
    """Each claim of the answer as soon as it is checked, and at last the `Answer` that holds them all.

    `parts` holds what was found for each question in `question`; one for most. Without a `model`, `quoting` (the
    extractive writer) answers; with one, it decides whether there is enough to ask the model at all. `notes` are put
    before those made here. Claims that fail the check are left out, or kept with their verdict where
    `show_unsupported`. Never raises for what a model does: a model that fails is one sentence in the notes. Claims
    `stated` already are put first. What must stand beside what is cited (`rag.answers.beside`) follows it. A model may
    write `max_tokens`. Where there is a `witness`, the model's claims wait until it was heard of all of them, so that
    none must be taken back. Claims that turn out to be thoughts are not in the `Answer`.
    """
    composed = _Composition(question, parts, quoting=quoting, check=check, notes=notes, stated=stated)
    if model is not None and composed.is_worth_asking:
        yield from composed.write(_Turn(model, max_tokens, witness), show_unsupported=show_unsupported)
    yield from composed.quote(is_instead=model is not None)
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
        return bool(self._whole.candidates) and self._confidence >= MAYBE

    def write(self, turn: _Turn, *, show_unsupported: bool) -> Iterator[Claim]:
        """The model's claims. Where the reader sees no answer, only those that are carried in full."""
        self._writer, self._version = turn.name, prompts.PROMPT_VERSION
        is_doubtful = self._confidence < ENOUGH
        waiting: list[Claim] = []
        for claim, found in turn.claims(
            self._question, self._whole.candidates, self._check, self._markers, show_unsupported
        ):
            if turn.takes_back:
                self._claims, waiting, self._problems = [], [], []
            self._problems += found
            if claim is not None and is_doubtful and (claim.verdict != "supported" or _is_lifted(claim)):
                turn.leave_out()
            elif claim is not None:
                waiting.append(claim)
            # What the sources do not carry is shown beside something that they do, or not at all.
            if self._claims or any(one.verdict != "unsupported" for one in waiting):
                self._claims += waiting
                yield from waiting
                waiting = []
        self._has_refused, self._is_cut, self._is_left_out = turn.refused, turn.is_cut, turn.has_left_out
        self._is_by_model = bool(self._claims)
        self._notes += turn.notes(has_claims=self._is_by_model, n_dropped=len(waiting))

    def quote(self, *, is_instead: bool) -> Iterator[Claim]:
        """The articles' own words: where nobody has written anything, or what was written was left out in part
        (`is_instead` of what a model would have written). A model that refuses is believed where the reader doubts."""
        is_unsure = all(one.is_unsure for one in self._drafted if one.drafts)
        drafts_ = _each_once(self._drafted)
        if self._is_by_model:
            cited = _cited(self._claims)
            is_needed = self._is_left_out and not is_unsure
            drafts_ = [d for d in drafts_[:1] if _place(d.sources[0]) not in cited] if is_needed else []
        elif self._has_refused and is_unsure:
            drafts_ = []
        quotes = citations.make_claims(beside.corrected(drafts_), self._markers)
        if not quotes:
            return
        if not self._is_by_model:
            self._is_maybe = is_unsure
            if not self._stated:
                self._writer, self._version = self._quoting.name, self._quoting.prompt_version
            if is_unsure:
                self._notes.append(UNSURE)
            elif is_instead:
                self._notes.append("The answer quotes the articles instead.")
        self._claims += quotes
        yield from quotes

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


_Item = tuple[citations.Judged | None, list[str]]


class _Turn:
    """One question to a language model: its sentences as checked claims, and what is to be said about how it went.
    `takes_back` says, at each claim, that all before it were thoughts; `is_cut`, at the end, that there was more."""

    def __init__(self, model: LanguageModel, max_tokens: int, witness: Witness | None) -> None:
        self._model, self._max_tokens, self._witness = model, max_tokens, witness
        self.refused = self.takes_back = False
        self._failure, self._n_written, self._left_out = "", 0, 0
        self._offered, self._found = 0, 0
        self._cut_off: str | None = None
        self._has_thoughts = False

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def has_left_out(self) -> bool:
        return self._left_out > 0

    def leave_out(self) -> None:
        """Count a claim that is not shown."""
        self._left_out += 1

    @property
    def is_cut(self) -> bool:
        return bool(self._failure or self._cut_off)

    def claims(
        self,
        question: str,
        candidates: Sequence[Candidate],
        check: citations.Checker,
        markers: Markers,
        show_unsupported: bool,
    ) -> Iterator[tuple[Claim | None, list[str]]]:
        """Each claim (None where it is left out) with the problems found in it."""
        judged = self._judged(question, candidates, check, markers)
        for one, problems in self._heard(judged) if self._witness else judged:
            if one is None:
                yield None, problems
                continue
            claim, found = citations.make_claim(one, check, markers)
            is_left_out = claim.verdict == "unsupported" and not show_unsupported
            self._left_out += is_left_out
            yield None if is_left_out else claim, [*problems, *found]

    def _heard(self, judged: Iterator[_Item]) -> Iterator[_Item]:
        """What was judged once all of it is there, with what the witness says. A model that broke off is not asked."""
        items: list[_Item] = []
        for item in judged:
            items = [item] if self.takes_back else [*items, item]
        self.takes_back = False
        about = [one for one, _ in items if one is not None]
        found, problems = citations.hear(about, None if self._failure else self._witness)
        heard = iter(found)
        yield from ((next(heard) if one else None, said) for one, said in items)
        if problems:
            yield None, list(problems)

    def _judged(
        self, question: str, candidates: Sequence[Candidate], check: citations.Checker, markers: Markers
    ) -> Iterator[_Item]:
        """Each sentence with what the checker says of it, None where there is nothing to be said."""
        self._found = self._offered = len(candidates)
        try:
            for written, offered in self._written(question, candidates):
                self._offered, self.takes_back = len(offered), written.takes_back
                if written.takes_back:
                    self._n_written, self._left_out, self.refused = 0, 0, False
                    markers.clear()
                if drafts.is_refusal(written.text):
                    self._n_written, self.refused = self._n_written + 1, True
                elif written.is_cut:
                    yield None, [f"The model broke off in “{written.text}”, which was dropped."]
                elif written.text:
                    self._n_written += 1
                    yield citations.judge_written(written, offered, check), []
                elif written.takes_back:
                    yield None, []
        except ModelError as error:
            self._failure = f"The model {self._model.name} failed: {error}"

    def notes(self, *, has_claims: bool, n_dropped: int) -> Iterator[str]:
        """For the reader of the answer. `n_dropped` claims were left out since nothing else was carried."""
        self._left_out += n_dropped
        if self._failure:
            yield self._failure
        elif not self._n_written:
            yield f"The model {self._model.name} wrote no sentence."
            if self._has_thoughts or self._cut_off:
                did = "only thought" if self._has_thoughts else "broke off"
                yield f"It {did}: {self._cut_off or 'ask again, or try another model'}."
        elif self._cut_off:
            yield f"The answer of {self._model.name} is cut off: {self._cut_off}."
        if self._offered < self._found:
            yield f"Only the first {self._offered} of {self._found} sentences found fit into {self._model.name}."
        if self._left_out:
            many = "s" if self._left_out > 1 else ""
            yield f"Left out: {self._left_out} sentence{many} that the articles do not carry."
        if self.refused and not has_claims:
            yield f"The model {self.name} found no answer in the articles."

    def _written(
        self, question: str, candidates: Sequence[Candidate]
    ) -> Iterator[tuple[drafts.Written, Sequence[Candidate]]]:
        """The model's sentences, each with the candidates that were offered: half as many, those found first, each time
        that the prompt does not fit."""
        offered = candidates
        while True:
            try:
                for written in self._sentences(prompts.answer_prompt(question, offered), len(offered)):
                    yield written, offered
                return
            except PromptTooLong:
                if len(offered) < 2 * FEWEST_OFFERED:
                    raise
                offered = offered[: len(offered) // 2]

    def _sentences(self, prompt: str, n_offered: int) -> Iterator[drafts.Written]:
        """The sentences of one call, as they are completed; no more than `MAX_SENTENCES`, each once."""
        seen: set[str] = set()
        n_repeated = 0
        for written in self._read(prompt, drafts.DraftReader(n_offered)):
            if written.text in seen and not written.takes_back:
                n_repeated += 1
            else:
                yield written
            seen = {written.text} if written.takes_back else seen | {written.text}
            if len(seen) >= MAX_SENTENCES or n_repeated >= MAX_REPEATED:
                return

    def _read(self, prompt: str, reader: drafts.DraftReader) -> Iterator[drafts.Written]:
        pieces = iter(self._model.generate(prompts.ANSWER_SYSTEM, prompt, max_tokens=self._max_tokens))
        while True:
            try:
                piece = next(pieces)
            except StopIteration as end:
                self._cut_off = end.value
                break
            except PromptTooLong:
                raise
            except ModelError:
                yield from reader.cut()
                raise
            yield from reader.feed(piece)
            is_endless = reader.n_pending > LONGEST_SENTENCE or reader.n_read > MAX_CHARACTERS
            if is_endless or reader.n_thought > MOST_THOUGHT * self._max_tokens:
                return
        self._has_thoughts = reader.n_thought > 0
        yield from reader.cut() if self._cut_off else reader.finish()
