"""One question to a language model: its sentences as checked claims, and what is to be said about how it went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import shorten

from rag.answers import citations, drafts
from rag.answers.refusals import is_refusal
from rag.checking.witness import Witness
from rag.errors import ModelError, PromptTooLong
from rag.models.generating import generated
from rag.models.prompts import SHORT, Offered, Prompt
from rag.news.markers import Markers
from rag.types import Candidate, Claim, LanguageModel

# A model that goes on and on, or says the same again and again, is cut off here. Its thoughts are not counted.
MAX_SENTENCES, LONGEST_SENTENCE, MAX_CHARACTERS, MAX_REPEATED = 12, 1500, 12_000, 3
MOST_SHOWN = 300  # characters of a sentence that was dropped
ENDLESS = "it went on without end"
MOST_THOUGHT = 12  # characters of thoughts for each token

_Item = tuple[citations.Judged | None, list[str]]


class Turn:
    """`model` asked once with `prompt`; it may write `max_tokens`. `takes_back` says, at each claim, that all before it
    were thoughts; `is_cut`, at the end, that there was more; `version`, which prompt it was in the end."""

    def __init__(self, model: LanguageModel, prompt: Prompt, max_tokens: int, witness: Witness | None) -> None:
        self._model, self._prompt, self._max_tokens, self._witness = model, prompt, max_tokens, witness
        self.refused = self.takes_back = False
        self._failure, self._n_written, self._left_out = "", 0, 0
        self._n_offered, self._n_chosen = 0, 0
        self._cut_off: str | None = None
        self._has_thoughts = False

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def version(self) -> str:
        return self._prompt.version

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
        show_unsupported: bool,
    ) -> Iterator[tuple[Claim | None, list[str]]]:
        """Each claim (None where it is left out) with the problems found in it; what it cites is numbered for itself.
        Of the `candidates` the prompt takes the passages that come first."""
        judged = self._judged(question, candidates, check)
        for one, problems in self._heard(judged) if self._witness else judged:
            if one is None:
                yield None, problems
                continue
            claim, found = citations.make_claim(one, check, Markers())
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

    def _judged(self, question: str, candidates: Sequence[Candidate], check: citations.Checker) -> Iterator[_Item]:
        """Each sentence with what the checker says of it, None where there is nothing to be said."""
        try:
            for written, offered in self._written(question, candidates):
                self.takes_back = written.takes_back
                if written.takes_back:
                    self._n_written, self._left_out, self.refused = 0, 0, False
                if is_refusal(written.text, is_cited=bool(written.numbers)):
                    self._n_written, self.refused = self._n_written + 1, True
                    if written.takes_back:
                        yield None, []
                elif written.is_cut:
                    yield None, [f"The model broke off in “{shorten(written.text, MOST_SHOWN)}”, which was dropped."]
                elif written.text:
                    self._n_written += 1
                    yield citations.judge_written(written, offered, check), []
                elif written.takes_back:
                    yield None, []
        except ModelError as error:
            self._failure = f"The model {self._model.name} failed: {error}"

    def notes(self, *, n_dropped: int) -> Iterator[str]:
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
        if self._n_offered < self._n_chosen:
            yield f"Only the first {self._n_offered} of {self._n_chosen} passages chosen fit into {self._model.name}."
        if self._left_out:
            many = "s" if self._left_out > 1 else ""
            yield f"Left out: {self._left_out} sentence{many} that the articles do not carry."

    def _written(self, question: str, candidates: Sequence[Candidate]) -> Iterator[tuple[drafts.Written, Offered]]:
        """The model's sentences, each with what was offered."""
        self._n_chosen = _n_passages(self._prompt.offer(candidates))
        *shorter, last = attempts(self._prompt, candidates)
        for prompt, offered in [*shorter, last]:
            self._prompt, self._n_offered = prompt, _n_passages(offered)
            try:
                for written in self._sentences(question, offered):
                    yield written, offered
                return
            except PromptTooLong:
                if offered is last[1]:
                    raise

    def _sentences(self, question: str, offered: Offered) -> Iterator[drafts.Written]:
        """The sentences of one call, as they are completed; no more than `MAX_SENTENCES`, each once."""
        seen: set[str] = set()
        n_repeated = 0
        for written in self._read(self._prompt.user(question, offered), drafts.DraftReader(len(offered))):
            seen = set() if written.takes_back else seen
            is_repeated = written.text in seen
            n_repeated += is_repeated
            if n_repeated >= MAX_REPEATED or (len(seen) >= MAX_SENTENCES and not is_repeated):
                self._cut_off = self._cut_off or ENDLESS
                return
            if not is_repeated:
                yield written
            seen.add(written.text)

    def _read(self, user: str, reader: drafts.DraftReader) -> Iterator[drafts.Written]:
        pieces = generated(self._model, self._prompt.system, user, max_tokens=self._max_tokens)
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
                self._cut_off = ENDLESS
                break
        self._has_thoughts = reader.n_thought > 0
        yield from reader.cut() if self._cut_off else reader.finish()


def attempts(prompt: Prompt, candidates: Sequence[Candidate]) -> list[tuple[Prompt, Offered]]:
    """What a model is asked with, and then, each time that it is too long: the short prompt, and half of its passages
    down to one."""
    tried: list[tuple[Prompt, Offered]] = [(prompt, prompt.offer(candidates))]
    if prompt is not SHORT:
        tried.append((SHORT, SHORT.offer(candidates)))
    while len(tried[-1][1]) > 1:
        tried.append((SHORT, tried[-1][1][: len(tried[-1][1]) // 2]))
    return tried


def _n_passages(offered: Offered) -> int:
    return len({one.hit.passage.id for group in offered for one in group})
