"""Questions as reporters type them, asked of a library of invented stories."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import Answer, BylineError, Library
from rag.filters import Filters
from rag.search.spelling import respell

STORIES = {
    "toll1": ("Reuters", "2026-08-20", "Mill Fire in Ardmoor Kills Six",
              "Six people were killed when a mill burned down in Ardmoor on Wednesday, officials said."),
    "toll2": ("Velm Gazette", "2026-08-20", "Nine Dead in Ardmoor Mill Fire",
              "Nine people died when a mill burned down in Ardmoor on Wednesday, Governor Ilja Toren said."),
    "strike1": ("Skerry Post", "2026-11-20", "Bus Drivers' Strike in Dunholt Enters Second Week",
                "A strike by bus drivers in Dunholt entered its second week on Friday.\n\n"
                "Mara Quist, who leads the drivers' union, said talks with Dunholt Transit had failed."),
    "strike2": ("Reuters", "2026-11-26", "Dunholt Bus Strike Ends With Pay Deal",
                "Bus drivers in Dunholt returned to work on Thursday after Dunholt Transit raised their pay.\n\n"
                "Mara Quist, the union's leader, called the deal fair."),
    "ferry": ("Skerry Post", "2026-07-08", "Barge Sinks Off Ostrand",
              "A barge carrying 41 people sank off the island of Ostrand on Tuesday.\n\n"
              "Correction: An earlier version of this article said that the barge carried 41 people. It carried 14."),
    "poet": ("Velm Gazette", "2026-04-11", "Edda Morrow, Poet, Dies at 81",
             "The poet Edda Morrow died on Friday at her home in Velm. She was 81."),
    "judge": ("Reuters", "2026-04-13", "Edda Morrow Named Judge in Norhaven",
              "Edda Morrow, 47, will become a judge of the high court of Norhaven on 1 June."),
}  # fmt: skip


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder: Path = tmp_path_factory.mktemp("newsroom")
    for name, (outlet, day, title, text) in STORIES.items():
        (folder / f"{name}.md").write_text(f'---\ntitle: "{title}"\noutlet: {outlet}\ndate: {day}\n---\n\n{text}\n')
    with Library.open(folder / "library") as library:
        library.ingest([folder / f"{name}.md" for name in STORIES])
        library.today = lambda: dt.date(2026, 11, 28)
        yield library


def quotes(answer: Answer) -> list[str]:
    return [" ".join(c.quote for c in claim.citations) for claim in answer.claims]


@pytest.mark.parametrize(
    ("question", "outlet", "said"),
    [
        ("According to Reuters, how many people died in the Ardmoor mill fire?", "Reuters", "Six"),
        ("How many people died in the Ardmoor mill fire in the Gazette's account?", "Velm Gazette", "Nine"),
        ("What did the Skerry Post report about the barge?", "Skerry Post", "barge"),
        ("What did the Skery Post report about the barge?", "Skerry Post", "barge"),
    ],
)
def test_the_outlet_named_is_the_one_asked(newsroom: Library, question: str, outlet: str, said: str) -> None:
    answer = newsroom.ask(question)
    assert {c.article.outlet for claim in answer.claims for c in claim.citations} == {outlet}
    assert said in quotes(answer)[0] + quotes(answer)[-1]
    assert answer.understood["outlets"] == [outlet]


def test_where_the_outlet_named_does_not_say_it_the_others_answer_and_that_is_said(newsroom: Library) -> None:
    answer = newsroom.ask("According to the Skerry Post, when did the poet Edda Morrow die?")
    assert any("poet" in quote for quote in quotes(answer))
    assert any("all articles were searched" in because for because in answer.understood["because"])
    assert not any("mentions" in note for note in answer.notes)


def test_outlets_are_compared_side_by_side(newsroom: Library) -> None:
    answer = newsroom.ask("How did the death toll differ between Reuters and the Velm Gazette?")
    assert [quote[:4] for quote in quotes(answer)] == ["Six ", "Nine"]


@pytest.mark.parametrize(
    "question",
    [
        "Is the bus strike in Dunholt over?",
        pytest.param("Has the Dunholt bus strike ended?", marks=pytest.mark.xfail(reason="the first day leads")),
        "Are the bus drivers in Dunholt still on strike?",
        "What is the latest on the Dunholt bus strike?",
        "What is the latest on the strike?",
    ],
)
def test_the_later_report_leads_and_the_older_is_marked(newsroom: Library, question: str) -> None:
    answer = newsroom.ask(question)
    dates = [claim.citations[0].article.published for claim in answer.claims]
    assert dates[0] == "2026-11-26"
    assert [claim.earlier for claim in answer.claims] == [date != "2026-11-26" for date in dates]


def test_a_correction_stands_before_what_it_corrects(newsroom: Library) -> None:
    answer = newsroom.ask("How many people did the barge that sank off Ostrand carry?")
    first, second = answer.claims[:2]
    assert "It carried 14." in first.text
    assert len(first.citations) == 2
    assert (second.earlier, "41" in second.text) == (True, True)
    for claim in answer.claims:
        assert all(c.article.text[c.start : c.end] == c.quote for c in claim.citations)


def test_two_persons_of_one_name(newsroom: Library) -> None:
    answer = newsroom.ask("Who is Edda Morrow?")
    assert {c.article.outlet for claim in answer.claims for c in claim.citations} == {"Velm Gazette", "Reuters"}
    assert any("two persons called Edda Morrow" in note for note in answer.notes)
    assert not any("two persons" in note for note in newsroom.ask("Who is Mara Quist?").notes)


@pytest.mark.parametrize(
    ("question", "days"),
    [
        ("What happened on 26 November?", {"2026-11-26"}),
        ("What happened this week?", {"2026-11-26"}),
        ("What has happened since last week?", {"2026-11-26", "2026-11-20"}),
        ("What happened last week in Dunholt?", {"2026-11-20"}),
    ],
)
def test_the_days_that_are_asked_for(newsroom: Library, question: str, days: set[str]) -> None:
    answer = newsroom.ask(question)
    assert {c.article.published for claim in answer.claims for c in claim.citations} == days


def test_a_day_of_which_nothing_is_told_is_no_missing_name(newsroom: Library) -> None:
    answer = newsroom.ask("What happened on 2 January 2026?")
    assert answer.status == "abstained"
    assert not any("mentions" in note for note in answer.notes)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (
            "How many articles from Reuters?",
            "holds 3 articles from Reuters, of 13 April 2026 to 26 November",
        ),
        ("How many articles mention Edda Morrow?", "2 articles that mention “Edda Morrow”"),
        ("How many articles are there about walruses?", "no articles that mention “walruses”"),
        ("Which outlets?", "3 outlets: Reuters (3), Skerry Post (2), Velm Gazette (2)"),
        ("Which outlets reported on the mill fire?", "2 outlets: Reuters (1), Velm Gazette (1)"),
        ("What is this about?", "7 articles from 3 outlets, of 11 April 2026 to 26 November 2026"),
        (
            "When was the oldest article published?",
            "the oldest “Edda Morrow, Poet, Dies at 81” (Velm Gazette, 11 Ap",
        ),
    ],
)
def test_questions_about_the_library_are_answered_from_it(newsroom: Library, question: str, said: str) -> None:
    answer = newsroom.ask(question)
    assert answer.status == "answered"
    assert said in answer.claims[0].text
    assert not any("filters" in note for note in answer.notes)


@pytest.mark.parametrize(
    "question",
    [
        "How many articles do you have?",
        "How many articles are there?",
        "Which outlets are there?",
        "How far back do the articles go?",
        "When was the newest article published?",
        "What can I ask?",
        "What's in the news?",
        "What do these articles say?",
    ],
)
def test_what_is_asked_of_the_whole_library_takes_no_topic_from_before(newsroom: Library, question: str) -> None:
    alone, later = newsroom.ask(question), newsroom.ask(question, history=["Who carried the barge off Ostrand?"])
    assert (later.text, later.understood) == (alone.text, alone.understood)


@pytest.mark.parametrize(
    "question", ["What is the latest?", "What's the latest on that?", "What is this about?", "Tell me about it."]
)
def test_what_points_back_is_about_what_was_asked_before(newsroom: Library, question: str) -> None:
    answer = newsroom.ask(question, history=["How many people did the barge off Ostrand carry?"])
    assert "barge" in quotes(answer)[-1] or "barge" in answer.text
    assert "barge" in answer.understood["question"]


@pytest.mark.parametrize(
    "question", ["How many articles from Reuters?", "What is the latest?", "Who leads the drivers' union?"]
)
@pytest.mark.parametrize("k", [0, -3])
def test_a_number_of_passages_below_one_is_refused_whatever_is_asked(newsroom: Library, question: str, k: int) -> None:
    with pytest.raises(BylineError, match=f"k is {k}; it must be 1 or more"):
        newsroom.ask(question, k=k)


def test_the_latest_of_all_is_the_newest_article(newsroom: Library) -> None:
    answer = newsroom.ask("What is the latest?")
    assert answer.claims[0].citations[0].article.published == "2026-11-26"


@pytest.mark.parametrize(
    ("question", "said", "begins"),
    [
        ("Which articles mention Ardmoor?", "2 articles from 2 outlets that mention “Ardmoor”", False),
        ("What are the articles about?", "7 articles from 3 outlets", True),
        ("How many articles mention Mara Quist in Dunholt?", "2 articles that mention", False),  # in two paragraphs
    ],
)
def test_what_follows_is_said_to_begin_only_where_it_does(
    newsroom: Library, question: str, said: str, begins: bool
) -> None:
    first = newsroom.ask(question).claims[0].text
    assert said in first
    assert ("the newest begin as follows" in first) is begins


def test_a_name_of_articles_that_are_filtered_out_is_no_slip(library: Library, tmp_path: Path) -> None:
    for outlet, name in (("Velm Gazette", "Harlan"), ("Skerry Post", "Harlin")):
        (tmp_path / f"{name}.md").write_text(f"---\noutlet: {outlet}\n---\n\nThe mayor of Osk, Ole {name}, spoke.\n")
    library.ingest([tmp_path / "Harlan.md", tmp_path / "Harlin.md"])
    for name, is_slip in (("Harlan", False), ("Harlun", True)):
        found = respell(f"What did {name} say?", library.store, Filters(outlets=("Skerry Post",)), lambda _: False)
        assert found.question == f"What did {'Harlin' if is_slip else name} say?"
        assert bool(found.because) is is_slip


def test_a_slip_in_a_name_is_put_right_and_said(newsroom: Library) -> None:
    answer = newsroom.ask("Who leads the bus drivers' union in Dunhlot?")
    assert any("Quist" in quote for quote in quotes(answer))
    assert answer.understood["because"] == ["“Dunhlot” is in no article; it was read as “Dunholt”."]
    assert not newsroom.ask("Who leads the bus drivers' union in Boston?").understood


@pytest.mark.parametrize(
    "question",
    [
        "Which drivers will not return to work in Dunholt?",
        "Who died in the Ardmoor mill fire?",
        "How many people died in the Ardmoor mill fire?",
        "When did the bus drivers in Dunholt return to work?",
    ],
)
def test_what_is_true_is_not_called_taken_for_granted(newsroom: Library, question: str) -> None:
    assert not any("takes for granted" in note for note in newsroom.ask(question).notes)


def test_a_record_of_what_the_library_holds_stays_intact(newsroom: Library) -> None:
    verified = newsroom.verify(newsroom.record(newsroom.ask("How many articles from Reuters?")))
    assert (verified.intact, verified.holds) == (True, True)
