"""`rag.answers.suggestions` and `Library.example_questions`: questions that the articles at hand answer."""

from __future__ import annotations

from rag import Library
from rag.answers.suggestions import suggest
from tests.test_hostile_text import HOSTILE
from tests.test_view import an_article

TEXT = (
    "Forty miners were rescued from the flooded pit near Ostby. The mayor thanked Wren Falke for her help. "
    "Wren Falke said that the pumps of the Ostby Water Board had failed. The rain had not stopped since Sunday."
)


def test_questions_are_made_from_figures_speakers_and_names():
    assert list(suggest([an_article(TEXT)])) == [
        "How many miners were rescued from the flooded pit near Ostby?",
        "What did Wren Falke say about the Ostby Water Board?",
    ]


def test_every_article_has_its_turn_and_none_is_asked_twice():
    found = list(suggest([an_article(TEXT), an_article(TEXT.replace("Forty miners", "Ten divers"), id="b")]))
    assert found[:2] == [
        "How many miners were rescued from the flooded pit near Ostby?",
        "How many divers were rescued from the flooded pit near Ostby?",
    ]
    assert len(found) == len(set(found))


def test_what_gives_no_question_gives_none():
    texts = ["", "Plums are late.", "He said that Bo Lind knew. It said so.", *HOSTILE]
    assert [question for text in texts for question in suggest([an_article(text)]) if "<" in question] == []
    assert list(suggest([])) == []


def test_examples_are_questions_that_the_library_answers(sample: Library, library: Library):
    asked = "How deep is the harbour of Antwerp?"
    found = sample.example_questions([asked, "Who asked Biden for help?"], 2)
    assert found[0] == "Who asked Biden for help?"
    assert asked not in found
    assert all(sample.ask(question).status == "answered" for question in found)
    assert library.example_questions([asked]) == []  # an empty one answers nothing
