"""Evidence to an answer: the writer's sentences are checked one by one and given out as they pass.

Whoever writes, the last word is the checker's: a claim that its sources do not carry is left out and counted, and when
nothing is left, or the model fails, the built-in extractive writer quotes the articles instead.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from rag import citations, drafts, prompts
from rag.types import Answer, Candidate, Claim, LanguageModel, ModelError, SearchHit, Writer

MAX_TOKENS = 512
# A model that goes on and on is cut off here.
MAX_SENTENCES = 12


def answer(
    question: str,
    hits: Sequence[SearchHit],
    candidates: Sequence[Candidate],
    *,
    cosines: Sequence[float],
    passage_cosines: Sequence[float],
    quoting: Writer,
    model: LanguageModel | None,
    check: citations.Checker,
    notes: Sequence[str] = (),
    show_unsupported: bool = False,
) -> Iterator[Claim | Answer]:
    """Each claim of the answer as soon as it is checked, and at last the `Answer` that holds them all.

    Without a `model`, `quoting` (the extractive writer) answers. `notes` are put before those made here. Claims that
    fail the check are left out, or kept with their verdict where `show_unsupported`. Never raises for what a model
    does: a model that fails is one sentence in the notes.
    """
    started = time.perf_counter()
    claims: list[Claim] = []
    said, problems = list(notes), []
    writer, version, refused, left_out = quoting.name, quoting.prompt_version, False, 0
    if model is not None and candidates:
        writer, version = model.name, prompts.PROMPT_VERSION
        markers = citations.Markers()
        try:
            for written in _sentences(model, prompts.answer_prompt(question, candidates)):
                if drafts.is_refusal(written.text):
                    refused = True
                    continue
                claim, found = citations.check_written(written, candidates, check, markers)
                problems += found
                if claim.verdict == "unsupported" and not show_unsupported:
                    left_out += 1
                    continue
                claims.append(claim)
                yield claim
        except ModelError as error:
            said.append(f"The model {model.name} failed: {error}")
        if left_out:
            said.append(f"Left out: {left_out} sentence{'s' if left_out > 1 else ''} that the articles do not carry.")
        if refused and not claims:
            said.append("The model found no answer in the articles.")
    if not refused and not any(claim.verdict != "unsupported" for claim in claims):
        found_words = quoting.draft(question, candidates, cosines=cosines, passage_cosines=passage_cosines)
        quoted = citations.make_claims(found_words)
        if quoted and model is not None:
            writer, version = quoting.name, quoting.prompt_version
            said.append("The answer quotes the articles instead.")
        claims += quoted
        yield from quoted
    carried = [claim for claim in claims if claim.verdict != "unsupported"]
    if not carried and hits:
        said.append("The articles do not answer this; the nearest passages are listed.")
    partial = any(claim.verdict == "partial" for claim in claims) or (refused and carried)
    yield Answer(
        question=question,
        status="abstained" if not carried else "partial" if partial else "answered",
        text=citations.render(claims if carried else ()),
        claims=tuple(claims if carried else ()),
        hits=tuple(hits),
        notes=tuple(said),
        problems=tuple(dict.fromkeys(problems)),
        model=writer,
        prompt_version=version,
        elapsed_s=round(time.perf_counter() - started, 3),
        confidence=getattr(quoting, "confidence", None),
    )


def _sentences(model: LanguageModel, prompt: str) -> Iterator[drafts.Written]:
    """The sentences of one call, as they are completed; no more than `MAX_SENTENCES`, each once."""
    reader = drafts.DraftReader()
    seen: set[str] = set()

    def new(written: drafts.Written) -> bool:
        known = written.text in seen
        seen.add(written.text)
        return not known

    pieces = model.generate(prompts.ANSWER_SYSTEM, prompt, max_tokens=MAX_TOKENS)
    for piece in pieces:
        yield from filter(new, reader.feed(piece))
        if len(seen) >= MAX_SENTENCES:
            return
    yield from filter(new, reader.finish())
