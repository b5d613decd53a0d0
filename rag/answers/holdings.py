"""Questions about the library itself, answered from the store; and what is searched for to answer any question."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from rag.answers import premise
from rag.filters import Filters
from rag.search import questions
from rag.search.asof import Understood
from rag.search.requests import Request
from rag.storage.protocol import Row, Store
from rag.text.calendar import date_in_words, date_range
from rag.text.lexicon import FUNCTION
from rag.text.words import query_terms
from rag.types import Answer, Claim, SearchHit

Search = Callable[[str, int, Filters], list[SearchHit]]
"""A question, how many hits, what they must pass -> the best passages."""
MOST_NAMED = 8
MOST_LEADS = 40


def about_library(request: Request, store: Store, filters: Filters) -> tuple[Claim, ...]:
    """Sentences that answer a request about the library from the store; they cite no article."""
    terms = [term for term in query_terms(request.topic) if term not in FUNCTION] if request.topic else []
    rows = store.listing(filters, terms)
    said = {"count": _count, "outlets": _outlets, "dates": _dates, "about": _about}[request.kind](
        rows, request, filters
    )
    return tuple(Claim(text=text, verdict="supported") for text in said)


def leads(store: Store, filters: Filters, most: int) -> list[SearchHit]:
    """The first passages of the newest articles that pass."""
    hits: list[SearchHit] = []
    for article in store.articles([row[0] for row in store.listing(filters, ())[:most]]):
        for passage in store.article_passages(article)[:1]:
            hits.append(SearchHit(passage=passage, article=article, score=0.0, rank=len(hits) + 1, scores={}))
    return hits


def without_report(answer: Answer, request: Request | None, filters: Filters) -> list[str]:
    """A note on the outlets to be compared of which nothing on the topic was found, where something of others was."""
    cited = {(citation.article.outlet or "").casefold() for claim in answer.claims for citation in claim.citations}
    lacking = [outlet for outlet in filters.outlets or () if outlet.casefold() not in cited]
    if request is None or request.kind != "compare" or not cited or not lacking:
        return []
    return [
        f"Nothing of {_listed(lacking)} was found on “{request.topic}”."
        if request.topic
        else f"Nothing of {_listed(lacking)} was found."
    ]


def searched_for(
    question: str, k: int, filters: Filters, understood: Understood, store: Store, search: Search
) -> Iterator[tuple[str, list[SearchHit]]]:
    """Each question to be answered, with the passages that were found for it: one for most; for a digest its topic, or
    what the newest articles begin with; for a comparison the topic once for each outlet."""
    wanted = understood.request
    if wanted is None:
        for part in questions.complete_each(premise.parts(question)):
            yield part, search(part, k, filters)
    elif wanted.kind == "compare" and filters.outlets:
        # Of what story the topic is, the nearest article of any of them says.
        nearest = search(wanted.topic, 1, filters) if wanted.topic else leads(store, filters, 1)
        story = f"{wanted.topic} {nearest[0].article.title or ''}".strip() if nearest else question
        for outlet in filters.outlets:
            yield story, search(story, k, replace(filters, outlets=(outlet,)))
    elif wanted.kind in ("digest", "about") and not wanted.topic:
        yield question, leads(store, filters, MOST_LEADS if understood.happened else k)
    elif wanted.kind in ("digest", "about", "compare"):
        yield wanted.topic or question, search(wanted.topic or question, max(k, MOST_LEADS), filters)


def _count(rows: Sequence[Row], request: Request, filters: Filters) -> list[str]:
    of = f" from {_listed(filters.outlets)}" if filters.outlets else ""
    mention = f" that mention{'s' * (len(rows) == 1)} “{request.topic}”" if request.topic else ""
    dated = f", {_span(rows)}" if _dated(rows) else ""
    return [f"The library holds {_many(len(rows), 'article')}{of}{mention}{dated}."]


def _outlets(rows: Sequence[Row], request: Request, filters: Filters) -> list[str]:
    counts: dict[str, int] = {}
    for _, _, outlet, _ in rows:
        if outlet:
            counts[outlet] = counts.get(outlet, 0) + 1
    named = sorted(counts, key=lambda name: (-counts[name], name))
    some = ", ".join(f"{name} ({counts[name]})" for name in named[:MOST_NAMED])
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    on = f" that mention “{request.topic}”" if request.topic else ""
    unnamed = sum(1 for row in rows if not row[2])
    rest = (
        f" {_many(unnamed, 'article')}{on} {'does' if unnamed == 1 else 'do'} not state an outlet." if unnamed else ""
    )
    if not named:
        return [f"The library holds no article{on} that names its outlet.{rest}"]
    return [f"The library holds articles{on} from {_many(len(named), 'outlet')}: {some}{more}.{rest}"]


def _dates(rows: Sequence[Row], request: Request, filters: Filters) -> list[str]:
    dated = _dated(rows)
    on = f" that mentions “{request.topic}”" if request.topic else ""
    if not dated:
        return [f"The library holds no article{on} whose date is known."]
    newest, oldest = dated[0], dated[-1]
    undated = len(rows) - len(dated)
    rest = f" {_many(undated, 'article')} {'has' if undated == 1 else 'have'} no known date." if undated else ""
    return [f"The newest article{on} is {_titled(newest)}, the oldest {_titled(oldest)}.{rest}"]


def _about(rows: Sequence[Row], request: Request, filters: Filters) -> list[str]:
    n_outlets = len({row[2] for row in rows if row[2]})
    outlets = f" from {_many(n_outlets, 'outlet')}" if n_outlets else ""
    dated = f", {_span(rows)}" if _dated(rows) else ""
    mention = f" that mention{'s' * (len(rows) == 1)} “{request.topic}”" if request.topic else ""
    newest = "; the newest begin as follows" if len(rows) > 1 and not request.topic else ""
    return [f"The library holds {_many(len(rows), 'article')}{outlets}{mention}{dated}{newest}."]


def _dated(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row[3]]


def _span(rows: Sequence[Row]) -> str:
    dates = [str(row[3]) for row in _dated(rows)]
    first = date_in_words(min(dates, key=lambda date: (date_range(date)[0] or "", len(date))))
    last = date_in_words(max(dates, key=lambda date: (date_range(date)[1] or "", -len(date))))
    return f"of {first}" if first == last else f"of {first} to {last}"


def _titled(row: Row) -> str:
    title = " ".join((row[1] or "without a title").split())[:100]
    return f"“{title}” ({', '.join(filter(None, (row[2], date_in_words(row[3]))))})"


def _many(n: int, what: str) -> str:
    return f"{n or 'no'} {what}{'' if n == 1 else 's'}"


def _listed(names: Sequence[str]) -> str:
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last
