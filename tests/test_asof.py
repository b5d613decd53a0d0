"""What a question says of dates, and whether the evidence is as recent as it asks. The stories are invented."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import Library
from rag.search.asof import too_old, understand
from rag.types import Answer, Article, Citation

TODAY = dt.date(2026, 3, 10)
NEWEST = "2025-06-20"


def read(question: str) -> dict[str, str]:
    understood = understand(question, today=TODAY, newest=NEWEST)
    found = understood.to_dict()
    assert bool(found) == bool(found.pop("because", []))
    return found


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What was the ferry's state as of June?", {"as_of": "2025-06-30"}),
        ("what was the ferry's state as of june?", {"as_of": "2025-06-30"}),
        ("Who owned the ferry as of May?", {"as_of": "2025-05-31"}),
        ("How many boats were there as of 6 May 2025?", {"as_of": "2025-05-06"}),
        ("How many boats were there as of 2024?", {"as_of": "2024-12-31"}),
        ("How many boats were there as of last year?", {"as_of": "2025-12-31"}),
        ("As of July, who owned the ferry?", {"as_of": "2024-07-31"}),
        ("What was known about the ferry by 6 May?", {"as_of": "2025-05-06"}),
        ("What was known in May 2025?", {"as_of": "2025-05-31"}),
        ("What had happened until 6 May?", {"as_of": "2025-05-06"}),
        ("Until 6 May, who owned the ferry?", {"as_of": "2025-05-06"}),
        ("What happened before May?", {"as_of": "2025-04-30"}),
        ("What has happened since April?", {"published_from": "2025-04-01"}),
        ("Who is blamed in the April article?", {"published_from": "2025-04-01", "published_to": "2025-04-30"}),
        ("Who is blamed in articles from May 2025?", {"published_from": "2025-05-01", "published_to": "2025-05-31"}),
        # all that happened, the articles of its time report
        ("What happened in May 2025?", {"published_from": "2025-05-01", "published_to": "2025-06-07"}),
        # the time of the event: later articles may report it
        ("What happened at the harbour in May 2025?", {}),
        ("What happened last year?", {}),
        ("Who sank the ferry on 6 May?", {}),
        ("How many boats have sunk since April?", {}),
        ("Will the strike last until 6 May?", {}),
        ("Is the harbour closed until May?", {}),
        ("What was the bay known as in 1786?", {}),
        ("Which story was published in 1939?", {}),
        ("May I sail? March on. As of now, who sails?", {}),
        ("Who sails as of 2040?", {}),  # no evidence can be from then
        ("", {}),
    ],
)
def test_what_a_question_says_of_dates(question: str, expected: dict[str, str]) -> None:
    assert read(question) == expected


def test_without_articles_a_month_counts_from_today() -> None:
    understood = understand("Who sailed as of June?", today=TODAY, newest=None)
    assert (understood.as_of, understood.is_sure) == ("2025-06-30", False)


STORIES = {
    "plan.md": ("2025-04-02", "The council of Portmere plans to close the harbour bridge. The mayor opposes the plan."),
    "closed.md": ("2025-05-07", "The harbour bridge of Portmere was closed on Monday. The mayor blamed the council."),
    "later.md": ("2025-06-20", "Portmere has a new ferry. The ferry carries 90 people to Saltby."),
}


@pytest.fixture(scope="module")
def portmere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder: Path = tmp_path_factory.mktemp("portmere")
    for name, (day, text) in STORIES.items():
        (folder / name).write_text(f"---\noutlet: Portmere Bugle\npublished: {day}\n---\n\n{text}\n")
    with Library.open(folder / "library") as library:
        library.ingest([folder / name for name in STORIES])
        library.today = lambda: TODAY
        yield library


def test_what_is_understood_filters_and_can_be_taken_away(portmere: Library) -> None:
    question = "How many people does the ferry of Portmere carry?"
    assert {hit.article.published for hit in portmere.retrieve(f"{question[:-1]} as of 31 May 2025?")} == {
        "2025-04-02",
        "2025-05-07",
    }
    assert len(portmere.retrieve(f"{question[:-1]} as of 31 May 2025?", understand=False)) == 3
    # what the caller says wins
    assert len(portmere.retrieve(f"{question[:-1]} as of 31 May 2025?", as_of="2025-12-31")) == 3
    answer = portmere.ask(f"{question[:-1]} as of 31 May 2025?")
    assert (answer.status, answer.understood["as_of"]) == ("abstained", "2025-05-31")
    assert any("“as of 31 May 2025”: nothing published after 31 May 2025" in s for s in answer.understood["because"])
    assert portmere.ask(question).understood == {}


def test_a_guessed_filter_keeps_no_answer_back(portmere: Library) -> None:
    """ "As of March" has no year: when nothing up to then answers, all articles are asked, and the note says so."""
    question = "How many people does the ferry of Portmere carry as of March?"
    answer = portmere.ask(question)
    assert answer.question == question
    assert answer.status == "answered"
    assert "as_of" not in answer.understood
    assert any("articles of all dates were searched" in sentence for sentence in answer.understood["because"])


def test_old_evidence_is_the_first_note(portmere: Library) -> None:
    answer = portmere.ask("Has the harbour bridge of Portmere been closed?")
    assert answer.status != "abstained"
    cited = max(str(c.article.published) for claim in answer.claims for c in claim.citations)
    assert cited == "2025-05-07"
    assert answer.notes[0] == "The newest article that answers is of 7 May 2025; the library holds later ones."
    then = portmere.ask("Has the harbour bridge of Portmere been closed?", as_of="2025-05-20")
    assert not any("newest article" in note for note in then.notes)
    last = portmere.ask("Has the harbour bridge of Portmere been closed?", as_of="2026-01-01")
    assert "later ones" in last.notes[0]
    assert not any("newest article" in note for note in portmere.ask("Who closed the harbour bridge in May?").notes)


def test_a_month_is_newer_than_the_bare_year_it_lies_in() -> None:
    def cited(published: str) -> Citation:
        text = "The bridge is shut."
        article = Article(
            id=published, text=text, title=None, outlet=None, published=published, path="a.txt", content_hash=published
        )
        return Citation(marker=1, article=article, start=0, end=19, quote=article.text, support=1.0)

    note = too_old(
        "Is the bridge shut now?",
        [cited("2025"), cited("2025-11")],
        as_of=None,
        today=dt.date(2027, 1, 1),
        later=lambda day: day <= "2025-12-10",
    )
    assert note == "The newest article that answers is of November 2025; the library holds later ones."


def test_relative_dates_stand_beside_the_quote(portmere: Library) -> None:
    answer: Answer = portmere.ask("When was the harbour bridge of Portmere closed?")
    (citation,) = [c for claim in answer.claims for c in claim.citations if "Monday" in c.quote]
    (date,) = citation.dates
    assert citation.article.text[date.start : date.end] == date.words == "Monday"
    assert (date.date, date.basis) == ("2025-05-05", "the article is dated 7 May 2025")
    assert "5 May" not in citation.quote
    (checked,) = portmere.check("The harbour bridge of Portmere was closed on Monday.")
    assert checked.citations[0].dates[0].date == "2025-05-05"
