"""Evidence to an answer: the writer's sentences are checked one by one and given out as they pass.

Whoever writes, the last word is the checker's: a claim that its sources do not carry is left out and counted, and when
nothing is left, or the model fails, the built-in extractive writer quotes the articles instead.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from embeddings import Vectors
from rag import citations, conflicts, drafts, premise, prompts
from rag.extractive import quoted
from rag.types import Answer, Candidate, Claim, LanguageModel, ModelError, PromptTooLong, SearchHit, Writer

MAX_TOKENS = 1024  # some think before they write
# A model that goes on and on is cut off here.
MAX_SENTENCES, LONGEST_SENTENCE, MAX_CHARACTERS = 12, 1500, 12 * MAX_TOKENS
# With fewer sentences than this a prompt that is too long is not tried again.
FEWEST_OFFERED = 8


def answer(
    question: str,
    hits: Sequence[SearchHit],
    candidates: Sequence[Candidate],
    *,
    cosines: Sequence[float],
    passage_cosines: Sequence[float],
    vectors: Sequence[Vectors],
    quoting: Writer,
    model: LanguageModel | None,
    check: citations.Checker,
    notes: Sequence[str] = (),
    show_unsupported: bool = False,
) -> Iterator[Claim | Answer]:
    """Each claim of the answer as soon as it is checked, and at last the `Answer` that holds them all.

    `vectors` holds a unit vector for each candidate, `cosines` its product with the question's.
    Without a `model`, `quoting` (the extractive writer) answers. `notes` are put before those made here. Claims that
    fail the check are left out, or kept with their verdict where `show_unsupported`. Never raises for what a model
    does: a model that fails is one sentence in the notes.
    """
    started = time.perf_counter()
    claims: list[Claim] = []
    said, problems = list(notes), []
    writer, version, refused, left_out = quoting.name, quoting.prompt_version, False, 0
    markers = citations.Markers()
    if model is not None and candidates:
        writer, version = model.name, prompts.PROMPT_VERSION
        n_written, offered = 0, candidates
        try:
            for written, offered in _written(model, question, candidates):
                n_written += 1
                if drafts.is_refusal(written.text):
                    refused = True
                    continue
                claim, found = citations.check_written(written, offered, check, markers)
                problems += found
                if claim.verdict == "unsupported" and not show_unsupported:
                    left_out += 1
                    continue
                claims.append(claim)
                yield claim
        except ModelError as error:
            said.append(f"The model {model.name} failed: {error}")
        else:
            if not n_written:
                said.append(f"The model {model.name} wrote no sentence.")
        if len(offered) < len(candidates):
            said.append(f"Only the first {len(offered)} of {len(candidates)} sentences found fit into {model.name}.")
        if left_out:
            said.append(f"Left out: {left_out} sentence{'s' if left_out > 1 else ''} that the articles do not carry.")
        if refused and not claims:
            said.append("The model found no answer in the articles.")
    if not refused and not any(claim.verdict != "unsupported" for claim in claims):
        found_words = quoting.draft(question, candidates, cosines=cosines, passage_cosines=passage_cosines)
        quotes = citations.make_claims(found_words, markers)
        if quotes and model is not None:
            writer, version = quoting.name, quoting.prompt_version
            said.append("The answer quotes the articles instead.")
        claims += quotes
        yield from quotes
    carried = [claim for claim in claims if claim.verdict != "unsupported"]
    differ = conflicts.disagreements(carried, candidates, cosines=cosines, vectors=vectors)
    if model is not None:
        old = conflicts.older_statements(differ)
        claims = [replace(claim, earlier=_is_earlier(claim, old)) for claim in claims]
        carried = [claim for claim in claims if claim.verdict != "unsupported"]
    partial = any(claim.verdict == "partial" for claim in claims) or (refused and carried)
    if otherwise := premise.contradicted(question, candidates):
        partial = partial or not carried
        cited = {(c.article.id, c.start) for claim in carried for c in claim.citations}
        if (otherwise.source.hit.article.id, otherwise.source.sentence.start) not in cited:
            correction = citations.make_claims([quoted(otherwise.source)], markers)
            claims, carried = [*claims, *correction], [*carried, *correction]
            yield from correction
        marker = markers.cite(otherwise.source, 1.0).marker
        said.append(
            f"What the question takes for granted is put otherwise in [{marker}]: {'; '.join(otherwise.reasons)}."
        )
    if not carried and hits:
        said.append(f"{premise.missing(question, candidates)} The nearest passages are listed.")
    yield Answer(
        question=question,
        status="abstained" if not carried else "partial" if partial else "answered",
        text=citations.render(claims if carried else ()),
        claims=tuple(claims if carried else ()),
        hits=tuple(hits),
        disagreements=tuple(differ),
        notes=tuple(said),
        problems=tuple(dict.fromkeys(problems)),
        model=writer,
        prompt_version=version,
        elapsed_s=round(time.perf_counter() - started, 3),
    )


def _is_earlier(claim: Claim, old: frozenset[tuple[str, int, int]]) -> bool:
    """Whether a claim rests on nothing but statements that a later article has changed."""
    cited = claim.citations
    return claim.earlier or (bool(cited) and all((c.article.id, c.start, c.end) in old for c in cited))


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
