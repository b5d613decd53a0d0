"""The built-in writer: it quotes the sentences that answer, each with its outlet and date, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.citations import attribution
from rag.reader import ENOUGH, Evidence, Reranker, ranking, shortlist, sufficiency, with_context
from rag.types import Candidate, Draft

# A further sentence joins the answer when the reader thinks that it answers too (log-odds above 0) and not by far
# less than the best one does.
ALSO_WITHIN = 2.0
MAX_SENTENCES = 3


class Extractive:
    """Picks sentences by a `Reranker` and abstains by `rag.reader.sufficiency`; how good both are: evals/READER.md.

    Without a reranker the sentences are chosen by cosine and shared words.
    """

    name = "extractive"
    prompt_version = "extractive-2"

    def __init__(self, reader: Reranker | None) -> None:
        self._reader = reader
        self.confidence: float | None = None  # of the last draft, see `Answer.confidence`

    def draft(
        self,
        question: str,
        candidates: Sequence[Candidate],
        *,
        cosines: Sequence[float],
        passage_cosines: Sequence[float],
    ) -> list[Draft]:
        evidence = [
            Evidence(
                text=candidate.text,
                passage=candidate.hit.passage.text,
                title=candidate.hit.article.title or "",
                cosine=cosine,
                passage_cosine=passage_cosine,
            )
            for candidate, cosine, passage_cosine in zip(candidates, cosines, passage_cosines, strict=True)
        ]
        if self._reader is not None:
            read = shortlist(question, evidence)
            texts = [with_context(evidence[i].text, title=evidence[i].title) for i in read]
            for i, score in zip(read, self._reader.score(question, texts), strict=True):
                evidence[i] = replace(evidence[i], score=float(score))
        self.confidence = float(sufficiency(question, evidence))
        if self.confidence < ENOUGH:
            return []
        order = ranking(question, evidence)
        chosen = order[:1]
        for i in order[1:]:
            score, best = evidence[i].score, evidence[order[0]].score
            if score is None or best is None or score < max(0.0, best - ALSO_WITHIN) or len(chosen) == MAX_SENTENCES:
                break
            if all(evidence[i].text != evidence[other].text for other in chosen):
                chosen.append(i)
        return [
            Draft(text=f"{attribution(c.hit.article)}: “{c.text}”", sources=(c,))
            for c in (candidates[i] for i in chosen)
        ]
