"""From drafts to claims with exact citations and verdicts. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from rag.checker import Support
from rag.drafts import Written
from rag.reader import with_context
from rag.retrieval import query_terms
from rag.types import Article, Candidate, CheckedSentence, Citation, Claim, Draft, Span, date_in_words

Checker = Callable[[str, Sequence[str]], Support]
"""`rag.checker.check`, or another: (claim, evidence) to its score, verdict and reasons."""

SUPPORTED_FROM = 0.5
# Sentences looked at when a claim must be attributed, and the most that one claim cites.
MOST_LOOKED_AT = 6
MOST_CITED = 4
# Share of a sentence's content words from which words of the library are said to be about it.
ABOUT_FROM = 0.34


@dataclass
class Markers:
    """Numbers for the sentences that an answer cites, from 1 in the order of first use."""

    _numbers: dict[tuple[str, int, int], int] = field(default_factory=dict)

    def cite(self, source: Candidate, support: float) -> Citation:
        article, start, end = source.hit.article, source.sentence.start, source.sentence.end
        marker = self._numbers.setdefault((article.id, start, end), len(self._numbers) + 1)
        quote = article.text[start:end]
        return Citation(marker=marker, article=article, start=start, end=end, quote=quote, support=support)


def make_claims(drafts: Sequence[Draft]) -> tuple[Claim, ...]:
    """Claims for the drafts whose words are in what they cite, in order, markers counted from 1.

    A draft that quotes is checked to the letter: each of its sources must stand word for word in the draft and, at
    its offsets, in the article. Sentences already cited keep their marker.
    """
    markers = Markers()
    claims = []
    for draft in drafts:
        if draft.sources and all(is_exact(source) and source.text in draft.text for source in draft.sources):
            citations = tuple(markers.cite(source, 1.0) for source in draft.sources)
            claims.append(Claim(text=draft.text, verdict="supported", citations=citations))
    return tuple(claims)


def shown(sources: Sequence[Candidate]) -> list[str]:
    """The sentences as the checker reads them, with the titles of their articles: "he" is often named there."""
    return [with_context(source.text, source.hit.article.title or "") for source in sources]


def is_exact(source: Candidate) -> bool:
    """Whether the candidate's words stand at its offsets in its article."""
    return source.hit.article.text[source.sentence.start : source.sentence.end] == source.text


def check_written(
    written: Written, candidates: Sequence[Candidate], check: Checker, markers: Markers
) -> tuple[Claim, list[str]]:
    """What a language model wrote as a claim with its verdict, and the problems found on the way.

    Numbers that were not offered are problems. The claim is checked against the sentences it cites and no others;
    where they do not carry it, or none are cited, it is attributed to the offered sentences that share most with it,
    and those that carry it are cited instead. Sentences that add nothing to the others are not cited.
    """
    problems = [
        f"The model cited [{number}]; only [1] to [{len(candidates)}] were offered."
        for number in written.numbers
        if not 1 <= number <= len(candidates)
    ]
    cited = [candidates[number - 1] for number in written.numbers if 1 <= number <= len(candidates)][:MOST_CITED]
    judged = check(written.text, shown(cited))
    if judged.score < SUPPORTED_FROM:
        found = attribute(written.text, [c for c in candidates if c not in cited], check)
        better = check(written.text, shown(found))
        if better.score >= SUPPORTED_FROM or (better.score > judged.score and not cited):
            if cited:
                numbers = ", ".join(f"[{number}]" for number in written.numbers)
                problems.append(f"The model cited {numbers} for “{written.text}”; other sentences carry it.")
            cited, judged = found, better
    verdict = judged.verdict
    if verdict != "supported" and (lacking := [*judged.conflicts, *judged.missing]):
        problems.append(f"“{written.text}” is not carried by its sources: {'; '.join(lacking)}.")
    cited = _needed(written.text, cited, check) if verdict == "supported" else cited
    citations = (
        tuple(markers.cite(s, check(written.text, shown([s])).score) for s in cited) if verdict != "unsupported" else ()
    )
    return Claim(text=written.text, verdict=verdict, citations=citations), problems


def check_sentence(
    draft: str, span: Span, candidates: Sequence[Candidate], check: Checker, markers: Markers
) -> CheckedSentence:
    """A sentence of somebody's draft, `draft[slice(*span)]`, against the candidates that retrieval offers for it.

    It cites the words that carry it, or that contradict it, or that at least speak of the same thing.
    """
    text = draft[slice(*span)]
    found = attribute(text, candidates, check)
    judged = check(text, shown(found))
    terms = set(query_terms(text))
    shared = terms & {term for source in found for term in query_terms(source.text)}
    if judged.score < SUPPORTED_FROM and not judged.conflicts and len(shared) < ABOUT_FROM * len(terms):
        found, judged = [], replace(judged, score=0.0, verdict="unsupported", missing=())
    return CheckedSentence(
        text=text,
        start=span[0],
        end=span[1],
        verdict=judged.verdict,
        support=judged.score,
        citations=tuple(markers.cite(source, check(text, [source.text]).score) for source in found),
        missing=judged.missing,
        conflicts=judged.conflicts,
    )


def attribute(text: str, candidates: Sequence[Candidate], check: Checker) -> list[Candidate]:
    """The one offered sentence that carries `text` best, or the two that do together where one is not enough.

    Looked at are those that share most of its content words (post-hoc attribution, Gao et al. 2023, RARR).
    """
    terms = set(query_terms(text))
    shared = {i: len(terms & set(query_terms(c.text))) for i, c in enumerate(candidates)}
    order = sorted((i for i in shared if shared[i]), key=lambda i: (-shared[i], i))[:MOST_LOOKED_AT]
    likely = [candidates[i] for i in order]
    if not likely:
        return []
    scores = [check(text, shown([c])).score for c in likely]
    best = max(range(len(likely)), key=lambda i: (scores[i], -i))
    if scores[best] >= SUPPORTED_FROM:
        return [likely[best]]
    pairs = [[likely[best], other] for other in likely if other is not likely[best]]
    together = [check(text, shown(pair)).score for pair in pairs]
    if together and max(together) >= max(SUPPORTED_FROM, scores[best]):
        return pairs[together.index(max(together))]
    return [likely[best]]


def _needed(text: str, cited: list[Candidate], check: Checker) -> list[Candidate]:
    """`cited` without the sentences that the claim stands without and that do not carry it themselves (ALCE's
    citation precision, Gao et al. 2023)."""
    needed = list(cited)
    for source in reversed(cited):
        others = [other for other in needed if other is not source]
        if not others or check(text, shown([source])).score >= SUPPORTED_FROM:
            continue
        if check(text, shown(others)).score >= SUPPORTED_FROM:
            needed = others
    return needed


def render(claims: Sequence[Claim]) -> str:
    """The answer as one text: each claim, then its markers, one claim a line."""
    return "\n".join(f"{claim.text} {' '.join(f'[{c.marker}]' for c in claim.citations)}".rstrip() for claim in claims)


def attribution(article: Article) -> str:
    """Who published it and when, as far as known: "Bloomberg, 29 April 2024"; "Outlet not stated, June 2024"."""
    return f"{article.outlet or 'Outlet not stated'}, {date_in_words(article.published)}"
