"""What a question's wording asks for: an outlet's report, a digest, a comparison, or something about the library."""

from __future__ import annotations

import pytest

from rag.search.outlets import asked
from rag.search.requests import request
from rag.text.spelling import within_one_edit

OUTLETS = ("Reuters", "Skerry Post", "Velm Gazette", "The Tarn Herald", "BBC News", "Time", "The Sun")


@pytest.mark.parametrize(
    ("question", "outlet", "rest"),
    [
        ("According to Reuters, how many people drowned?", "Reuters", "How many people drowned?"),
        ("How many drowned according to the Skerry Post?", "Skerry Post", "How many drowned?"),
        ("Who drowned, in the Gazette's account?", "Velm Gazette", "Who drowned?"),
        ("In the Velm Gazette, who drowned?", "Velm Gazette", "Who drowned?"),
        ("How many people does Reuters say drowned?", "Reuters", "How many people drowned?"),
        ("What does the Skerry Post say sank the barge?", "Skerry Post", "What sank the barge?"),
        ("How did the Gazette describe the mayor?", "Velm Gazette", "How did the article describe the mayor?"),
        ("Reuters: how many drowned?", "Reuters", "How many drowned?"),
        ("How many drowned (Tarn Herald)?", "The Tarn Herald", "How many drowned?"),
        ("As reported by the BBC, who drowned?", "BBC News", "Who drowned?"),
        ("What is Reuters' figure for the toll?", "Reuters", "What is the figure for the toll?"),
        ("according to reuters how many drowned?", "Reuters", "How many drowned?"),
        ("According to the Skery Post, who drowned?", "Skerry Post", "Who drowned?"),
    ],
)
def test_an_outlet_that_is_named_as_the_one_that_reports(question: str, outlet: str, rest: str) -> None:
    found = asked(question, OUTLETS)
    assert (found.outlets, found.is_wording, found.rest) == ((outlet,), True, rest)


@pytest.mark.parametrize(
    "question",
    [
        "Who bought Reuters?",
        "Why did the Skerry Post dismiss its editor?",
        "Who works in the Skerry Post building?",
        "How many forms were returned in time?",
        "What does the Sun have more of than the Earth?",
        "when does the sun rise in Skerry",
        "Who fired the mayor according to the mayor?",
    ],
)
def test_an_outlet_that_the_question_is_about_or_that_is_none(question: str) -> None:
    assert not asked(question, OUTLETS).is_wording


def test_many_of_a_kind_are_no_outlet_of_one_word() -> None:
    known = ["The Guardian", "Reuters"]
    assert not asked("What did the Guardians say about trade?", known)
    for question in ("What did the Guardian say about trade?", "What did the Gaurdian's report say about trade?"):
        assert asked(question, known).outlets == ("The Guardian",)


def test_two_outlets_of_one_last_word_may_both_be_meant() -> None:
    found = asked("In the Gazette's account, who drowned?", [*OUTLETS, "Orm Gazette"])
    assert set(found.outlets) == {"Velm Gazette", "Orm Gazette"}


@pytest.mark.parametrize(
    ("question", "kind", "topic"),
    [
        ("What is the latest on the barge?", "digest", "the barge"),
        ("What is the latest?", "digest", ""),
        ("What's new?", "digest", ""),
        ("Is there any news about the barge?", "digest", "the barge"),
        ("What did the Skerry Post report about Otto Vane?", "digest", "Otto Vane"),
        ("What has Reuters reported on the barge?", "digest", "the barge"),
        ("Bring me up to date on the barge.", "digest", "the barge"),
        ("Run us through the barge affair", "digest", "the barge affair"),
        ("Where do things stand with the barge?", "digest", "the barge"),
        ("What do the articles say about the barge?", "digest", "the barge"),
        ("What happened with the barge?", "digest", "the barge"),
        ("Compare what Reuters and the Skerry Post report on the barge.", "compare", "the barge"),
        ("How does the toll differ between Reuters and the Velm Gazette?", "compare", "the toll"),
        ("How many articles from Reuters?", "count", ""),
        ("How many stories do you have from the Skerry Post since March 2026?", "count", ""),
        ("How many articles mention Otto Vane?", "count", "Otto Vane"),
        ("Which outlets?", "outlets", ""),
        ("Which newspapers reported on the barge?", "outlets", "the barge"),
        ("How many outlets are there?", "outlets", ""),
        ("What is this about?", "about", ""),
        ("Which articles are from the Velm Gazette?", "about", ""),
        ("List the outlets.", "outlets", ""),
        ("What was in the news?", "digest", ""),
        ("What are these articles about?", "about", ""),
        ("What are the articles about?", "about", ""),
        ("What are all the stories about?", "about", ""),
        ("What are the articles about the barge?", "about", "the barge"),
        ("What stories are covered?", "about", ""),
        ("What is the latest on it?", "digest", ""),
        ("When was the oldest article published?", "dates", ""),
    ],
)
def test_what_is_wanted_beyond_one_sentence(question: str, kind: str, topic: str) -> None:
    found = request(asked(question, OUTLETS).marked)
    assert found is not None
    assert (found.kind, found.topic) == (kind, topic)


@pytest.mark.parametrize(
    "question",
    [
        "How many articles does the treaty have?",
        "How many stories does the tower have?",
        "How many reports did the committee publish?",
        "Which newspapers did the government close?",
        "Which newspaper broke the story?",
        "What is the latest version of the treaty?",
        "What are the latest figures on cod?",
        "What is the news agency called?",
        "What happened to the barge?",
        "What is the latest on where the barge lies?",
        "Run me through what became of the barge.",
        "Which articles of the treaty were changed?",
        "What article was published in 1937?",
        "What are the rules?",
        "What are the articles of the treaty about?",
        "Name the mayor.",
        "Who said what about the barge?",
        "",
    ],
)
def test_what_a_sentence_answers(question: str) -> None:
    assert request(asked(question, OUTLETS).marked) is None


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("quorra", "quora", True),
        ("quorra", "qourra", True),
        ("quorra", "quorro", True),
        ("quorra", "quorras", True),
        ("quorra", "quorra", True),
        ("quorra", "qoura", False),
        ("ab", "ba", True),
        ("", "a", True),
        ("", "ab", False),
    ],
)
def test_one_slip_of_the_fingers(one: str, other: str, near: bool) -> None:
    assert within_one_edit(one, other) is near
    assert within_one_edit(other, one) is near
