"""Evidence to an answer: the writer's sentences are checked one by one and given out as they pass.

Whoever writes, the last word is the checker's: a claim that its sources do not carry is left out and counted, and when
nothing is left, or the model fails, the built-in extractive writer quotes the articles instead.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from embeddings import Vectors
from rag.answers import citations, drafts, premise
from rag.answers.extractive import quoted
from rag.answers.sufficiency import HOPELESS
from rag.answers.writer import Draft, Drafted, Writer
from rag.errors import ModelError, PromptTooLong
from rag.models import prompts
from rag.news import differences
from rag.news.markers import Markers
from rag.search.found import Found
from rag.types import Answer, Candidate, Claim, LanguageModel, SearchHit

MAX_TOKENS = 1024  # some think before they write
# A model that goes on and on is cut off here.
MAX_SENTENCES, LONGEST_SENTENCE, MAX_CHARACTERS = 12, 1500, 12 * MAX_TOKENS
# Reports that are laid beside each other where a question asks for it.
MOST_ARTICLES = 5
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
    alike: premise.Alike | None = None,
    notes: Sequence[str] = (),
    show_unsupported: bool = False,
) -> Iterator[Claim | Answer]:
    """Each claim of the answer as soon as it is checked, and at last the `Answer` that holds them all.

    `parts` holds what was found for each question in `question`; one for most. Without a `model`, `quoting` (the
    extractive writer) answers; with one, it decides whether there is enough to ask the model at all. `alike` is for
    `premise.contradicted`. `notes` are put before those made here. Claims that fail the check are left out, or kept
    with their verdict where `show_unsupported`. Never raises for what a model does: a model that fails is one sentence
    in the notes.
    """
    started = time.perf_counter()
    whole = merged(question, parts)
    drafted = [quoting.draft(part) for part in parts]
    if len(parts) > 1 and not any(one.drafts for one in drafted):
        parts, drafted = [whole], [quoting.draft(whole)]
    enough = max((one.confidence for one in drafted), default=0.0) >= HOPELESS
    markers = Markers()
    claims: list[Claim] = []
    waiting: list[Claim] = []
    said, problems, refused = list(notes), [], False
    writer, version = quoting.name, quoting.prompt_version
    if model is not None and whole.candidates and enough:
        writer, version = model.name, prompts.PROMPT_VERSION
        turn = _Turn(model)
        for claim, found in turn.claims(question, whole.candidates, check, markers, show_unsupported):
            problems += found
            if claim is not None:
                waiting.append(claim)
            # What the sources do not carry is shown beside something that they do, or not at all.
            if (claim is not None and claim.verdict != "unsupported") or claims:
                claims += waiting
                yield from waiting
                waiting = []
        refused = turn.refused
        said += turn.notes(has_claims=bool(claims), n_dropped=len(waiting))
    by_model = bool(claims)
    if not refused and not by_model:
        quotes = citations.make_claims(_each_once(drafted), markers)
        if quotes and model is not None:
            writer, version = quoting.name, quoting.prompt_version
            said.append("The answer quotes the articles instead.")
        claims += quotes
        yield from quotes
    carried = [claim for claim in claims if claim.verdict != "unsupported"]
    differ = differences.disagreements(
        carried, whole.candidates, cosines=whole.cosines, vectors=whole.vectors, markers=markers
    )
    if by_model:
        old = differences.older_statements(differ)
        claims = [replace(claim, earlier=_is_earlier(claim, old)) for claim in claims]
        carried = [claim for claim in claims if claim.verdict != "unsupported"]
    partial = any(claim.verdict == "partial" for claim in claims) or (refused and bool(carried))
    if carried and (unanswered := _unanswered(parts, drafted, carried if by_model else None, quoting)):
        partial = True
        said.append(f"Not answered by what was found: {' '.join(f'“{part}”' for part in unanswered)}")
    if otherwise := premise.contradicted(question, whole.candidates, alike):
        partial = partial or not carried
        if _place(otherwise.source) not in _cited(carried):
            correction = citations.make_claims([quoted(otherwise.source)], markers)
            claims, carried = [*claims, *correction], [*carried, *correction]
            yield from correction
        marker = markers.cite(otherwise.source, 1.0).marker
        said.append(
            f"What the question takes for granted is put otherwise in [{marker}]: {'; '.join(otherwise.reasons)}."
        )
    if not carried and hits:
        said.append(f"{premise.missing(question, whole.candidates)} The nearest passages are listed.")
    yield Answer(
        question=question,
        status="abstained" if not carried else "partial" if partial else "answered",
        text=citations.render(claims if carried else ()),
        claims=tuple(claims if carried else ()),
        hits=tuple(hits),
        disagreements=tuple(differ) if carried else (),
        notes=tuple(said),
        problems=tuple(dict.fromkeys(problems)),
        model=writer,
        prompt_version=version,
        elapsed_s=round(time.perf_counter() - started, 3),
        confidence=round(min((one.confidence for one in drafted), default=0.0), 3),
    )


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


def _each_once(drafted: Sequence[Drafted]) -> list[Draft]:
    return list({_place(draft.sources[0]): draft for one in drafted for draft in one.drafts}.values())


def _unanswered(
    parts: Sequence[Found], drafted: Sequence[Drafted], written: Sequence[Claim] | None, quoting: Writer
) -> list[str]:
    """The questions of several that have no answer. What a model has `written` answers those for which the sentences
    that it cites are enough."""
    if len(parts) < 2:
        return []
    if written is not None:
        cited = _cited(written)
        drafted = [quoting.draft(part.only(lambda source: _place(source) in cited)) for part in parts]
    answered = {part.question for part, one in zip(parts, drafted, strict=True) if one.drafts}
    return list(dict.fromkeys(part.question for part in parts if part.question not in answered))


def _is_earlier(claim: Claim, old: frozenset[tuple[str, int, int]]) -> bool:
    """Whether a claim rests on nothing but statements that a later article has changed."""
    cited = claim.citations
    return claim.earlier or (bool(cited) and all((c.article.id, c.start, c.end) in old for c in cited))


class _Turn:
    """One question to a language model: its sentences as checked claims, and what is to be said about how it went."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self.refused = False
        self._failure, self._n_written, self._left_out = "", 0, 0
        self._offered, self._found = 0, 0

    def claims(
        self,
        question: str,
        candidates: Sequence[Candidate],
        check: citations.Checker,
        markers: Markers,
        show_unsupported: bool,
    ) -> Iterator[tuple[Claim | None, list[str]]]:
        """Each claim (None where it is left out) with the problems found in it."""
        self._found = self._offered = len(candidates)
        try:
            for written, offered in _written(self._model, question, candidates):
                self._n_written, self._offered = self._n_written + 1, len(offered)
                if drafts.is_refusal(written.text):
                    self.refused = True
                    continue
                claim, found = citations.check_written(written, offered, check, markers)
                is_left_out = claim.verdict == "unsupported" and not show_unsupported
                self._left_out += is_left_out
                yield None if is_left_out else claim, found
        except ModelError as error:
            self._failure = f"The model {self._model.name} failed: {error}"

    def notes(self, *, has_claims: bool, n_dropped: int) -> Iterator[str]:
        """For the reader of the answer. `n_dropped` claims were left out since nothing else was carried."""
        self._left_out += n_dropped
        if self._failure:
            yield self._failure
        elif not self._n_written:
            yield f"The model {self._model.name} wrote no sentence."
        if self._offered < self._found:
            yield f"Only the first {self._offered} of {self._found} sentences found fit into {self._model.name}."
        if self._left_out:
            many = "s" if self._left_out > 1 else ""
            yield f"Left out: {self._left_out} sentence{many} that the articles do not carry."
        if self.refused and not has_claims:
            yield "The model found no answer in the articles."


def _written(
    model: LanguageModel, question: str, candidates: Sequence[Candidate]
) -> Iterator[tuple[drafts.Written, Sequence[Candidate]]]:
    """The model's sentences, each with the candidates that were offered: half as many, those found first, each time
    that the prompt does not fit."""
    offered = candidates
    while True:
        try:
            for written in _sentences(model, prompts.answer_prompt(question, offered)):
                yield written, offered
            return
        except PromptTooLong:
            if len(offered) < 2 * FEWEST_OFFERED:
                raise
            offered = offered[: len(offered) // 2]


def _sentences(model: LanguageModel, prompt: str) -> Iterator[drafts.Written]:
    """The sentences of one call, as they are completed; no more than `MAX_SENTENCES`, each once."""
    reader = drafts.DraftReader()
    seen: set[str] = set()
    n_characters = 0

    def new(written: drafts.Written) -> bool:
        known = written.text in seen
        seen.add(written.text)
        return not known

    pieces = model.generate(prompts.ANSWER_SYSTEM, prompt, max_tokens=MAX_TOKENS)
    for piece in pieces:
        yield from filter(new, reader.feed(piece))
        n_characters += len(piece)
        if len(seen) >= MAX_SENTENCES or reader.n_pending > LONGEST_SENTENCE or n_characters > MAX_CHARACTERS:
            return
    yield from filter(new, reader.finish())
