"""A language model asked as a witness: do the quoted words carry each claim, yes or no?

One call for all claims of an answer, with nothing but the claims and the words they cite. The built-in checker keeps
the last word: `combine` says what a witness may change. One that fails is not heard, and nothing else happens.
"""

from __future__ import annotations

import math
import queue
import re
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

from rag.checking.checker import PARTIAL_FROM, VERDICT_OF, Support
from rag.errors import ModelError, PromptTooLong
from rag.models.prompts import WITNESS_SYSTEM, witness_prompt
from rag.models.styles import billions_of
from rag.models.thoughts import ThoughtFilter
from rag.models.verifier import CONTEXT
from rag.types import Json, LanguageModel

LEAST_SIZE = 7.0  # billions of parameters from which on "auto" asks a model of this machine
# Claims in one call at most: as many as an answer has.
MOST_ASKED = 12
# How far a witness moves the log-odds of a score at most. Up: from the lower end of what the checker is unsure of to
# its border. Down: from .95 to the border, so that it has a say in all that is not plain.
MOST_RAISED, MOST_LOWERED = math.log((1 - PARTIAL_FROM) / PARTIAL_FROM), 3.0
# How likely a word alone is taken to be right, where the server tells no log-probability.
WORD = 0.95
# What is read at most: a model that explains itself is cut off here.
CHARACTERS, CHARACTERS_PER_CLAIM, MOST_THOUGHT = 400, 300, 50_000
MOST_ALTERNATIVES = 50  # to one token that are looked at

_YES = {"yes": True, "true": True, "no": False, "false": False}
_WORDS = "|".join(_YES)
# "1: yes", "**Claim 2:** No.", "3) The answer is no", "| 4 | yes |", '"5": "no"'. What offers both is no answer.
_LINE = re.compile(
    rf"(?<![\d.,])(\d{{1,3}})(?:[^\w\n]{{1,8}}|[^\w\n]{{0,3}}:\s*)(?:(?:the )?(?:answer|verdict)(?:\s+is)?\W{{1,4}})?"
    rf"({_WORDS})\b(?!\s*(?:/|\||,|or\b|and\b)\s*(?:{_WORDS})\b)",
    re.IGNORECASE,
)
_BARE = re.compile(rf"^[^\w\n]*({_WORDS})\b(?!\s*(?:/|or\b)).*$", re.IGNORECASE | re.MULTILINE)


def is_wanted(setting: str, model: LanguageModel) -> bool:
    """Whether `model` is to be asked: "on", "off", or "auto", which asks those that are hosted, and those of 7B and
    more by their name."""
    if setting != "auto":
        return setting == "on"
    return bool(getattr(model, "is_hosted", False)) or (billions_of(model.name) or 0.0) >= LEAST_SIZE


def is_unsure(judged: Support) -> bool:
    """Whether the checker refuses a claim without being sure of it: nothing exact is otherwise, and its score lies not
    far below the border. What the sources only report as somebody's words is no such claim."""
    is_open = judged.decided is None and judged.finding != "attribution"
    return is_open and PARTIAL_FROM <= judged.score < 0.5


def combine(judged: Support, yes: float, *, name: str, is_exact: bool = True) -> Support:
    """What the checker and a witness of this `name` say together. `yes` is the witness's probability that the words
    carry the claim, `is_exact` whether it is one or only stands for a word.

    - What exact comparison decides stays so: words that stand there as they are are never lowered, and a claim with a
      figure, date, name or quotation that is otherwise is never lifted.
    - A "no" lowers any other score, its log-odds by the witness's own, by MOST_LOWERED at most. A claim that falls
      below the border is "partial" as long as it has 0.25, else unsupported.
    - A "yes" raises only what `is_unsure`, by MOST_RAISED at most. What reaches the border is supported.
    """
    said = {"model": name, "says": "yes" if yes >= 0.5 else "no", "probability": round(yes, 4) if is_exact else None}
    witness: Json = {**said, "effect": None}
    if judged.decided == "for" or (yes >= 0.5 and not is_unsure(judged)):
        return replace(judged, witness=witness)
    moved = min(max(_log_odds(yes), -MOST_LOWERED), MOST_RAISED)
    score = 1.0 / (1.0 + math.exp(-_log_odds(judged.score) - moved))
    finding = judged.finding
    if judged.score < 0.5 <= score + 1e-9:
        score, finding, witness["effect"] = max(score, 0.5), "supported", "lifted"
    elif score < 0.5 <= judged.score:
        finding, witness["effect"] = "partial" if score >= PARTIAL_FROM else "not_found", "lowered"
    return replace(judged, score=score, finding=finding, verdict=VERDICT_OF[finding], witness=witness)


def _log_odds(probability: float) -> float:
    cut = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(cut / (1 - cut))


class Witness:
    """Asks `model` about claims that a checker has judged, waiting `within_s` seconds for an answer at most. After it
    has failed once it is not asked again. `max_tokens` is for models that think before they answer."""

    def __init__(self, model: LanguageModel, *, within_s: float, max_tokens: int) -> None:
        as_witness: Callable[[float], Any] | None = getattr(model, "as_witness", None)
        self._model: LanguageModel = as_witness(within_s) if as_witness else model
        self.name = model.name
        self._within_s, self._max_tokens = within_s, max_tokens
        self._has_failed = False

    def hear(self, judged: Sequence[tuple[str, Sequence[str], Support]]) -> tuple[list[Support], tuple[str, ...]]:
        """For each claim, with the words it was judged on and what the checker says, in order: what checker and witness
        say together. And what went wrong, in one sentence at most.

        Asked of are those that an answer could change; the others, and all where the witness fails, stay as they are.
        Never raises for what a model does.
        """
        found = [support for _, _, support in judged]
        asked = [n for n, support in enumerate(found) if _is_open(support)]
        unheard, problem = 0, ""
        for batch in (asked[at : at + MOST_ASKED] for at in range(0, len(asked), MOST_ASKED)):
            if self._has_failed:
                break
            try:
                told = self._ask([(judged[n][0], [_titled(text) for text in judged[n][1]]) for n in batch])
            except ModelError as error:
                self._has_failed, problem = True, f"{self.name} was not heard as a witness: {error}"
                break
            unheard += len(batch) - len(told)
            for n, (yes, is_exact) in told.items():
                found[batch[n]] = combine(found[batch[n]], yes, name=self.name, is_exact=is_exact)
        if unheard and not problem:
            problem = f"{self.name}, asked as a witness, said neither yes nor no of {unheard} of {len(asked)} claims."
        return found, (problem,) if problem else ()

    def _ask(self, claims: Sequence[tuple[str, Sequence[str]]]) -> dict[int, tuple[float, bool]]:
        """By position, the probability of a yes, and whether the server told it. ModelError where there is no answer.
        Half of the claims at a time where the prompt does not fit."""
        tokens: list[Json] | None = getattr(self._model, "tokens", None)
        if tokens is not None:
            tokens.clear()
        try:
            text = _waited_for(lambda: self._read(witness_prompt(claims), len(claims)), self._within_s)
        except PromptTooLong:
            if len(claims) == 1:
                raise
            half = len(claims) // 2
            first, second = self._ask(claims[:half]), self._ask(claims[half:])
            return first | {half + n: said for n, said in second.items()}
        said = read_verdicts(text, len(claims))
        odds = read_odds(list(tokens or ()), said, len(claims))
        return {n: (odds.get(n, WORD if yes else 1 - WORD), n in odds) for n, yes in said.items()}

    def _read(self, prompt: str, n_claims: int) -> str:
        """What the model writes, without its thoughts, up to the last answer that is wanted."""
        until = time.monotonic() + self._within_s
        thoughts, text = ThoughtFilter(), ""

        def add(new: tuple[str, bool]) -> str:
            return new[0] if new[1] else text + new[0]

        for piece in self._model.generate(WITNESS_SYSTEM, prompt, max_tokens=self._max_tokens):
            text = add(thoughts.feed(piece))
            is_endless = len(text) > CHARACTERS + n_claims * CHARACTERS_PER_CLAIM or thoughts.n_dropped > MOST_THOUGHT
            if is_endless or time.monotonic() > until or _is_complete(text, n_claims):
                break
        return add(thoughts.finish())


def _titled(text: str) -> str:
    """Evidence as a reader takes it, where the checker has the title behind it."""
    words, _, title = text.partition(CONTEXT)
    return f"(Headline: {title}) {words}" if title else words


def _is_open(judged: Support) -> bool:
    """Whether a witness can change the verdict."""
    return (judged.score >= 0.5 and judged.decided != "for") or is_unsure(judged)


def _is_complete(text: str, n_claims: int) -> bool:
    """Whether all answers are there, each with the end of its line."""
    return len(read_verdicts(text.rpartition("\n")[0], n_claims)) == n_claims


def _waited_for(read: Callable[[], str], within_s: float) -> str:
    """What `read` returns. ModelError for whatever it raises, and where it takes longer than `within_s`.

    In a thread of its own that may be left behind, since a model may hang anywhere; a pool would wait for it at exit.
    """
    found: queue.SimpleQueue[str | Exception] = queue.SimpleQueue()

    def run() -> None:
        try:
            found.put(read())
        except Exception as error:
            found.put(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        result = found.get(timeout=within_s + 1.0)  # an endpoint that gives up at its own limit says more
    except queue.Empty:
        raise ModelError(f"it did not answer within {within_s:g} s (model_timeout).") from None
    if isinstance(result, ModelError):
        raise result
    if isinstance(result, Exception):
        raise ModelError(f"it failed ({type(result).__name__}).") from None
    return result


def read_verdicts(text: str, n_claims: int) -> dict[int, bool]:
    """The yes and no in a reply, by the position of the claim from 0: "1: yes" in any dress, or a bare word for each
    claim. What is said both ways, of no claim, or of none clearly, is left out."""
    found: dict[int, set[bool]] = {}
    for n, word, _ in _answers(text, n_claims):
        found.setdefault(n, set()).add(word)
    return {n: next(iter(said)) for n, said in found.items() if len(said) == 1}


def read_odds(tokens: Sequence[Json], said: Mapping[int, bool], n_claims: int) -> dict[int, float]:
    """For the answers that were read, by position, the probability of a yes among yes and no, by the alternatives to
    the token that said it; without those whose token does not tell. `tokens` as in `rag.models.events.Reply`."""
    texts = [text if isinstance(text := token.get("token"), str) else "" for token in tokens]
    starts = [0, *accumulate(len(text) for text in texts)]
    found = {}
    for n, word, at in _answers("".join(texts), n_claims):
        share = _share(tokens[bisect_right(starts, at) - 1])
        if said.get(n) is word and share is not None:
            found[n] = share
    return found


def _answers(text: str, n_claims: int) -> list[tuple[int, bool, int]]:
    """Position of the claim, what is said of it, and where that stands in `text`."""
    found = [(int(line[1]) - 1, _YES[line[2].lower()], line.start(2)) for line in _LINE.finditer(text)]
    if not found and len(bare := list(_BARE.finditer(text))) == n_claims:
        found = [(n, _YES[line[1].lower()], line.start(1)) for n, line in enumerate(bare)]
    return [one for one in found if one[0] in range(n_claims)]


def _share(token: Json) -> float | None:
    """How much of what is given to yes and no is given to yes, where this token is one of them."""
    share = {True: 0.0, False: 0.0}
    others = token.get("top_logprobs")
    for other in (others if isinstance(others, list) else [])[:MOST_ALTERNATIVES]:
        log = other.get("logprob") if isinstance(other, dict) else None
        if (word := _word(other)) is not None and isinstance(log, (int, float)) and log <= 0.01:
            share[word] += math.exp(log)
    total = sum(share.values())
    return share[True] / total if total > 0.0 and _word(token) is not None else None


def _word(token: Any) -> bool | None:
    said = token.get("token") if isinstance(token, dict) else None
    return _YES.get(said.strip(" \t\n▁Ġ*\"'.,").lower()) if isinstance(said, str) else None
