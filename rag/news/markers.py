"""The words that an answer, a difference or a timeline cites, each with its number, its speaker and its dates."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from rag.news.speakers import speaker_in
from rag.text.dates import resolve_in
from rag.types import Candidate, Citation, Claim, Disagreement


@dataclass
class Markers:
    """Numbers for the sentences that an answer cites, from 1 in the order of first use."""

    _numbers: dict[tuple[str, int, int], int] = field(default_factory=dict)

    @classmethod
    def after(cls, *said: Claim | Disagreement) -> Markers:
        """Those of what is `said` already, for what is cited beside it."""
        cited = (citation for one in said for citation in one.citations)
        return cls({(c.article.id, c.start, c.end): c.marker for c in cited})

    def clear(self) -> None:
        """Forgets what was cited."""
        self._numbers.clear()

    def cite(self, source: Candidate, support: float) -> Citation:
        """The candidate's words as a citation, with whom its article names as the speaker."""
        article, start, end = source.hit.article, source.sentence.start, source.sentence.end
        return Citation(
            marker=self._number(article.id, start, end),
            article=article,
            start=start,
            end=end,
            quote=article.text[start:end],
            support=support,
            speaker=speaker_in(article, start, end),
            dates=resolve_in(article, start, end),
        )

    def number(self, claim: Claim) -> Claim:
        """The claim with what it cites numbered among these."""
        cited = (replace(c, marker=self._number(c.article.id, c.start, c.end)) for c in claim.citations)
        return replace(claim, citations=tuple(cited))

    def _number(self, article_id: str, start: int, end: int) -> int:
        # Of what an answer has dropped the numbers are free, so there may be fewer than the highest.
        return self._numbers.setdefault((article_id, start, end), max(self._numbers.values(), default=0) + 1)
