"""Drafts to claims: nothing is shown whose words are not in the article."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rag.answers.beside import namesakes_of
from rag.answers.citations import attribution, make_claims, render
from rag.answers.extractive import Extractive, ages, quoted
from rag.answers.writer import Draft, Drafted
from rag.models.reader import EARLIER, LATEST, Reader
from rag.news.markers import Markers
from rag.search.found import Found
from rag.text.calendar import date_in_words
from rag.text.sentences import split_sentences
from rag.types import Article, Candidate, Passage, SearchHit, Sentence

TEXT = "The ferry was late. The harbour master said 45 people waited. Fog held the boat."
ARTICLE = Article(
    id="a",
    text=TEXT,
    title="Ferry late",
    outlet="The Quillmere Gazette",
    published="2021-03-04",
    path="/a.txt",
    content_hash="",
)


def candidates(article: Article = ARTICLE) -> list[Candidate]:
    passage = Passage(id="a-0", article_id="a", position=0, start=0, end=len(TEXT), text=TEXT, n_tokens=20)
    hit = SearchHit(passage=passage, article=article, score=1.0, rank=1, scores={"cosine": 0.5, "bm25": 1.0})
    spans = [(0, 19), (20, 61), (62, 80)]
    return [
        Candidate(
            hit=hit,
            sentence=Sentence(article_id="a", position=i, start=start, end=end),
            text=TEXT[start:end],
        )
        for i, (start, end) in enumerate(spans)
    ]


def test_a_quotation_becomes_a_claim_with_its_exact_words() -> None:
    first, second, _ = candidates()
    drafts = [
        Draft(text=f"Gazette: “{second.text}”", sources=(second,)),
        Draft(text=f"“{first.text}”", sources=(first,)),
    ]
    claims = make_claims(drafts)
    assert [claim.citations[0].marker for claim in claims] == [1, 2]
    assert [TEXT[c.start : c.end] for claim in claims for c in claim.citations] == [second.text, first.text]
    assert render(claims) == f"Gazette: “{second.text}” [1]\n“{first.text}” [2]"


def test_a_sentence_cited_twice_keeps_its_marker() -> None:
    first, second, _ = candidates()
    both = Draft(text=f"{first.text} {second.text}", sources=(first, second))
    again = Draft(text=second.text, sources=(second,))
    assert [[c.marker for c in claim.citations] for claim in make_claims([both, again])] == [[1, 2], [2]]


@pytest.mark.parametrize("text", ["“The ferry was on time.”", "“The ferry was late”", ""])
def test_words_that_are_not_in_the_source_are_not_shown(text: str) -> None:
    assert make_claims([Draft(text=text, sources=(candidates()[0],))]) == ()


def test_a_source_that_has_moved_is_not_cited() -> None:
    moved = candidates(replace(ARTICLE, text="Correction. " + TEXT))[0]
    assert make_claims([Draft(text=moved.text, sources=(moved,))]) == ()


def test_a_draft_without_sources_is_not_shown() -> None:
    assert make_claims([Draft(text="The ferry was late.", sources=())]) == ()


@pytest.mark.parametrize("reader", [None, Reader()], ids=["cosine", "reader"])
def test_extractive_picks_the_sentence_that_answers(reader: Reader | None) -> None:
    def found(question: str, cosines: list[float], around: float, texts: list[Candidate]) -> Found:
        vectors = [np.zeros(3, dtype=np.float32)] * len(texts)
        return Found(
            question=question,
            candidates=texts,
            vectors=vectors,
            cosines=cosines,
            passage_cosines=[around] * len(texts),
        )

    waited = found("How many people waited for the ferry?", [0.3, 0.7, 0.2], 0.6, candidates())
    drafted = Extractive(reader).draft(waited)
    assert drafted.drafts[0].text == "The Quillmere Gazette, 4 March 2021: “The harbour master said 45 people waited.”"
    far = Extractive(reader).draft(found("What does wheat cost in Patagonia?", [0.1, 0.1, 0.0], 0.1, candidates()))
    assert far.drafts == ()
    assert far.confidence < drafted.confidence
    assert Extractive(reader).draft(found("Who?", [], 0.0, [])) == Drafted(drafts=(), confidence=0.0)


def test_the_reader_is_told_which_article_of_a_story_is_the_latest() -> None:
    def of(name: str, published: str | None) -> Article:
        return replace(ARTICLE, id=name, published=published)

    old, new, far = of("old", "2021-03-04"), of("new", "2021-03-06"), of("far", "2021-04-01")
    assert ages([(old, 0.6), (new, 0.3), (new, 0.55), (old, 0.1), (far, 0.2)]) == {"old": EARLIER, "new": LATEST}
    assert ages([(old, 0.6), (of("same", "2021-03-04"), 0.6)]) == {}
    assert ages([(old, 0.6), (of("undated", None), 0.6)]) == {}
    assert ages([(old, 0.6), (of("month", "2021-03"), 0.6)]) == {}  # it may be the earlier one
    assert ages([]) == {}


@pytest.mark.parametrize(
    ("published", "words"),
    [("2024-04-29", "29 April 2024"), ("2024-06", "June 2024"), ("2024", "2024"), (None, "date not known")],
)
def test_dates_in_words(published: str | None, words: str) -> None:
    assert date_in_words(published) == words
    assert attribution(replace(ARTICLE, published=published)) == f"The Quillmere Gazette, {words}"
    assert attribution(replace(ARTICLE, outlet=None, published=published)) == f"Outlet not stated, {words}"


def test_what_is_cited_beside_an_answer_takes_no_number_of_the_answer() -> None:
    first, second, third = candidates()[:3]
    markers = Markers()
    markers.cite(first, 1.0)
    (claim,) = make_claims([quoted(second)], markers)  # of the two only this one is kept
    assert [c.marker for c in claim.citations] == [2]
    assert [Markers.after(claim).cite(one, 1.0).marker for one in (second, third)] == [2, 3]


def test_a_claim_that_is_dropped_uses_up_no_number() -> None:
    first, second = candidates()[:2]
    (_dropped,), (kept,) = make_claims([quoted(first)]), make_claims([quoted(second)])
    assert [c.marker for c in Markers().number(kept).citations] == [1]


@pytest.mark.parametrize("cited", [[0], [1], [0, 1], [2], [1, 2]])
def test_a_note_on_two_of_one_name_names_numbers_that_are_cited(cited: list[int]) -> None:
    texts = {
        "a": "John Harrow, 71, opened the fair. The fair in Quillmere drew 300 guests.",
        "b": "John Harrow, 34, won the race.",
    }
    found = [
        replace(one, text=text[start:end], sentence=replace(one.sentence, article_id=i, start=start, end=end))
        for i, text in texts.items()
        for one in candidates(replace(ARTICLE, id=i, text=text))[:1]
        for start, end in split_sentences(text)
    ]
    markers = Markers()
    claims = make_claims([quoted(found[n]) for n in cited], markers)
    introduced, (note,) = namesakes_of("Who is John Harrow?", claims, found, markers)
    shown = {f"[{c.marker}]": c.article.id for claim in (*claims, *introduced) for c in claim.citations}
    named = [word for word in shown if word in note]
    assert {shown[word] for word in named} == {"a", "b"}
    assert len(named) == note.count("[") == 2
