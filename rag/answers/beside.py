"""What must stand beside the words that an answer cites: the correction that their own article carries, and the other
person of a name that two have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.answers.citations import attribution, make_claims, notice_candidates
from rag.answers.extractive import in_marks, quoted
from rag.answers.writer import Draft
from rag.news.corrections import Notice, notices, touches
from rag.news.markers import Markers
from rag.news.namesakes import namesakes
from rag.types import Candidate, Citation, Claim, SearchHit, Span


def corrected(drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts, each that its article corrects behind the correction and marked as earlier; a correction once."""
    made: list[Draft] = []
    seen: set[tuple[str, Span]] = set()
    for draft in drafts:
        source = draft.sources[0]
        article, own = source.hit.article, (source.sentence.start, source.sentence.end)
        if (article.id, own) in seen:
            continue
        if any(own in notice.sentences for notice in notices(article)):  # it is a correction itself: told whole
            found = [(notice, "near") for notice in notices(article) if own in notice.sentences]
        else:
            found = [(notice, how) for notice in notices(article) if (how := touches(notice, source.text))]
        for notice, _ in found:
            if (article.id, notice.sentences[0]) not in seen:
                seen |= {(article.id, span) for span in notice.sentences}
                made = [one for one in made if (one.sources[0].hit.article.id, _span(one)) not in seen]
                made.append(_draft(notice, source.hit))
        if (article.id, own) not in seen:
            is_wrong = any(how == "wrong" for _, how in found)
            made.append(replace(draft, earlier=draft.earlier or is_wrong))
    return made


def corrections_of(claims: Sequence[Claim], candidates: Sequence[Candidate], markers: Markers) -> tuple[Claim, ...]:
    """The corrections of what `claims` cite, where they do not cite these already."""
    hits = {candidate.hit.article.id: candidate.hit for candidate in candidates}
    cited = {(c.article.id, (c.start, c.end)) for claim in claims for c in claim.citations}
    found: dict[tuple[str, Span], Draft] = {}
    for claim in claims:
        for c in claim.citations:
            for notice in notices(c.article):
                at = c.article.id, notice.sentences[0]
                if touches(notice, c.quote) and not cited & {(c.article.id, span) for span in notice.sentences}:
                    found.setdefault(at, _draft(notice, hits[c.article.id]))
    return make_claims(list(found.values()), markers)


def namesakes_of(
    question: str, carried: Sequence[Claim], candidates: Sequence[Candidate], markers: Markers
) -> tuple[tuple[Claim, ...], list[str]]:
    """Where the question names somebody and the articles know two of that name: the sentences that introduce those who
    are not cited yet, and a note that says so."""
    two = namesakes(question, candidates) if carried else None
    if two is None:
        return (), []
    cited = {c.article.id for claim in carried for c in claim.citations}
    both = (two.one, two.other)
    introduced = make_claims([quoted(one) for one in both if one.hit.article.id not in cited], markers)
    shown = [c for claim in (*carried, *introduced) for c in claim.citations]
    numbers = " and ".join(f"[{_marker(one, shown)}]" for one in both)
    return introduced, [f"The articles seem to speak of two persons called {two.name}: {numbers}."]


def is_corrected(claim: Claim) -> bool:
    """Whether all that a claim cites is said by its own article to have been wrong."""
    return bool(claim.citations) and all(
        any(touches(notice, c.quote) == "wrong" for notice in notices(c.article)) for c in claim.citations
    )


def _marker(one: Candidate, shown: Sequence[Citation]) -> int:
    """The number of this sentence, or of another of its article where that is cited."""
    own = [c for c in shown if c.article.id == one.hit.article.id]
    return next((c for c in own if c.start == one.sentence.start), own[0]).marker


def _draft(notice: Notice, hit: SearchHit) -> Draft:
    text = hit.article.text
    whole = text[notice.sentences[0][0] : notice.sentences[-1][1]]
    return Draft(
        text=f"{attribution(hit.article)}, in a correction: {in_marks(whole)}",
        sources=tuple(notice_candidates(notice, hit)),
    )


def _span(draft: Draft) -> Span:
    return draft.sources[0].sentence.start, draft.sources[0].sentence.end
