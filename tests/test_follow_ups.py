"""`ui.follow_ups`: questions that lead on from an answer, none of which the articles leave open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rag import Answer, Library
from rag.types import Event
from tests.test_hostile_text import HOSTILE
from tests.test_view import a_citation, a_claim, an_answer, an_article, check_markup
from ui import follow_ups, view

STORY = """\
Forty miners were rescued from the flooded pit near Ostby on Tuesday. The mayor thanked the crews for their help.

Wren Falke, who runs the mine, said that the pumps had failed on Monday. The rain had not stopped since Sunday.

“We heard them knocking,” said Ib Storm of the rescue service. Officials said that the pit would stay shut.
"""


@pytest.fixture
def mine(own_sample: Library, tmp_path: Path) -> Library:
    (tmp_path / "mine.txt").write_text(f"Pit Rescue at Ostby\n\nPublished: 7 May 2024\n\n{STORY}", encoding="utf-8")
    own_sample.ingest([tmp_path / "mine.txt"])
    return own_sample


def test_what_is_offered_is_answered_with_words_that_were_not_cited(mine: Library, monkeypatch):
    monkeypatch.setattr(follow_ups, "WITHIN_S", 200.0)
    answer = mine.ask("Which pumps failed at the pit near Ostby?")
    found = list(follow_ups.follow_ups(mine, [answer], {}))
    assert found
    cited = {(c.article.id, c.start) for claim in answer.claims for c in claim.citations}
    for question in found:
        told = mine.ask(question, history=[answer])
        assert told.status == "answered"
        assert {(c.article.id, c.start) for claim in told.claims for c in claim.citations} - cited
    asked = [an_answer(question=question) for question in found]
    assert not set(found) & set(follow_ups.follow_ups(mine, [*asked, answer], {}))
    assert list(follow_ups.follow_ups(mine, [answer], {"as_of": "2020-01-01"})) == [], "under the same filters"


def test_names_figures_and_days_make_questions():
    article = an_article(STORY)
    event = Event(
        date="2024-05-06",
        precision="day",
        source="resolved",
        citations=(a_citation("The rain had not stopped since Sunday.", article=article),),
    )
    cited = a_citation("Wren Falke, who runs the mine, said that the pumps had failed on Monday.", article=article)
    answer = an_answer(a_claim(cited), question="What did Wren Falke say?", timeline=(event,))
    found = list(follow_ups.candidates([answer]))
    assert "What happened on 6 May 2024?" in found
    assert "What did Ib Storm say?" in found or "Who is Ib Storm?" in found
    assert any(question.startswith("How many miners were rescued") for question in found)
    assert "What did Wren Falke say?" not in found
    assert not any("fficials" in question for question in found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("talk", [[], [an_answer()]], ids=["nothing asked", "not answered"])
def test_what_was_not_answered_leads_nowhere(talk: list[Answer]):
    library: Any = None  # is not asked
    assert list(follow_ups.follow_ups(library, talk, {})) == []


def test_a_library_that_fails_offers_nothing_and_others_may_look_again(mine: Library, caplog):
    class Broken:
        def ask(self, *_: Any, **__: Any) -> Any:
            raise RuntimeError("the cause")

    broken: Any = Broken()
    article = an_article(STORY)
    answer = an_answer(a_claim(a_citation("The rain had not stopped since Sunday.", article=article)))
    for _ in range(2):
        caplog.clear()
        assert list(follow_ups.follow_ups(broken, [answer], {})) == []
        assert "the cause" in caplog.text


def test_hostile_articles_make_no_markup():
    for text in HOSTILE:
        article = an_article(f"Forty {text} were rescued near Ostby. Ib {text} Storm said that it rained.")
        claim = a_claim(a_citation(article.text.partition(".")[0], article=article))
        page = view.follow_ups([*follow_ups.candidates([an_answer(claim)]), text])
        assert "<script" not in page
        assert "<img" not in page
    check_markup(view.follow_ups(["ask"]))
