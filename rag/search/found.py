"""The sentences that a search found, with what choosing among them needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from embeddings.protocol import Vectors
from rag.models.kinds import Kind
from rag.types import Candidate


@dataclass(frozen=True, kw_only=True)
class Found:
    """The sentences that were found for a question, in step with their vectors (of unit norm, by the packaged MiniLM)
    and the cosines of the question with each of them and with its passage. `kind` is what the question wants."""

    question: str
    candidates: Sequence[Candidate]
    vectors: Sequence[Vectors]
    cosines: Sequence[float]
    passage_cosines: Sequence[float]
    kind: Kind = "fact"

    def only(self, keep: Callable[[Candidate], bool]) -> Found:
        """The same, of the candidates that `keep` takes."""
        places = [i for i, candidate in enumerate(self.candidates) if keep(candidate)]
        return replace(
            self,
            candidates=[self.candidates[i] for i in places],
            vectors=[self.vectors[i] for i in places],
            cosines=[self.cosines[i] for i in places],
            passage_cosines=[self.passage_cosines[i] for i in places],
        )
