"""What a language model was asked and what it wrote, and what that says of the prompt."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from rag import Answer
from rag.answers.drafts import sentences_of
from rag.answers.refusals import is_refusal
from rag.models import styles
from rag.models.prompts import FOLLOW_UP_SYSTEM
from rag.types import LanguageModel

_NUMBER = re.compile(r"^\[(\d+)\] ", re.MULTILINE)


@dataclass(kw_only=True)
class Call:
    """One prompt, the text so far, and the seconds that were waited for it: for the first piece, and in all."""

    system: str
    user: str
    text: str = ""
    first_s: float | None = None
    waited_s: float = 0.0


class Recorder:
    """A `LanguageModel` that passes on what another writes. `calls` keeps each call, oldest first."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self.calls: list[Call] = []

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def identity(self) -> str:
        return styles.identity(self._model)

    def generate(self, system: str, user: str, *, max_tokens: int) -> Generator[str, None, str | None]:
        """See `LanguageModel.generate`."""
        call = Call(system=system, user=user)
        self.calls.append(call)
        pieces = iter(self._model.generate(system, user, max_tokens=max_tokens))
        try:
            while True:
                started = time.perf_counter()
                try:
                    piece = next(pieces)
                except StopIteration as end:
                    ending: str | None = end.value
                    return ending
                finally:
                    call.waited_s += time.perf_counter() - started
                call.first_s = call.waited_s if call.first_s is None else call.first_s
                call.text += piece
                yield piece
        finally:
            if isinstance(pieces, Generator):
                pieces.close()  # whoever stops reading stops the model


def scores(calls: Sequence[Call], answer: Answer, asked_s: float, n_tokens: Callable[[str], int]) -> dict[str, float]:
    """Scores of METRICS for one question; none where the model was not asked."""
    if not calls:
        return {}
    waited_s = sum(call.waited_s for call in calls)
    found = {
        "tokens_in": float(sum(n_tokens(f"{call.system}\n{call.user}") for call in calls)),
        "tokens_out": float(sum(n_tokens(call.text) for call in calls)),
        "model_s": waited_s,
        "added_s": asked_s - waited_s,
    }
    answering = [call for call in calls if call.system != FOLLOW_UP_SYSTEM]
    if not answering:
        return found
    last = answering[-1]  # those before it were too long
    n_offered = max(map(int, _NUMBER.findall(last.user)), default=0)
    written = sentences_of(last.text, n_offered)
    stated = [one for one in written if not is_refusal(one.text, is_cited=bool(one.numbers))]
    found["model_refusal_rate"] = float(bool(written) and not stated)
    if last.first_s is not None:
        found["first_piece_s"] = last.first_s
    if stated:
        said = [claim.text for claim in answer.claims if claim.verdict != "unsupported"]
        is_valid = [bool(one.numbers) and all(1 <= n <= n_offered for n in one.numbers) for one in stated]
        # A claim may have gained whose words it is.
        is_kept = [any(text.startswith(one.text.rstrip(".! ")) for text in said) for one in stated]
        found["marked_rate"] = sum(is_valid) / len(stated)
        found["kept_rate"] = sum(is_kept) / len(stated)
    return found
