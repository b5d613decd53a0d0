"""From drafts to claims with exact citations. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from rag.types import Article, Citation, Claim, Draft, date_in_words


def make_claims(drafts: Sequence[Draft]) -> tuple[Claim, ...]:
    """Claims for the drafts whose words are in what they cite, in order, markers counted from 1.

    A draft that quotes is checked to the letter: each of its sources must stand word for word in the draft and, at
    its offsets, in the article. Sentences already cited keep their marker.
    """
    markers: dict[tuple[str, int, int], int] = {}
    claims = []
    for draft in drafts:
        if not draft.sources:
            continue
        citations = []
        for source in draft.sources:
            article, start, end = source.hit.article, source.sentence.start, source.sentence.end
            quote = article.text[start:end]
            if quote != source.text or quote not in draft.text:
                break
            marker = markers.setdefault((article.id, start, end), len(markers) + 1)
            citations.append(Citation(marker=marker, article=article, start=start, end=end, quote=quote, support=1.0))
        else:
            claims.append(Claim(text=draft.text, verdict="supported", citations=tuple(citations)))
    return tuple(claims)


def render(claims: Sequence[Claim]) -> str:
    """The answer as one text: each claim, then its markers, one claim a line."""
    return "\n".join(f"{claim.text} {' '.join(f'[{c.marker}]' for c in claim.citations)}".rstrip() for claim in claims)


def attribution(article: Article) -> str:
    """Who published it and when, as far as known: "Bloomberg, 29 April 2024"; "Outlet not stated, June 2024"."""
    return f"{article.outlet or 'Outlet not stated'}, {date_in_words(article.published)}"
