"""`ui.memory`: what a browser keeps of conversations, and what becomes of it when it comes back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from rag.types import Answer, Event, ResolvedDate
from tests.test_app import FakeLibrary
from tests.test_hostile_text import HOSTILE
from tests.test_view import a_citation, a_claim, a_hit, an_answer, an_article, check_markup, differing
from ui import memory, view
from ui.memory import Talk, Turn

ARTICLE = an_article()


def through_a_browser(kept: Any) -> Any:
    return json.loads(json.dumps(kept))


def kept_of(*answers: Answer, **limits: Any) -> Any:
    turns = tuple(Turn(answer=answer, limits=limits) for answer in answers)
    return through_a_browser(memory.keep(memory.NOTHING, Talk(id="t1", turns=turns)))


def everything() -> Answer:
    date = ResolvedDate(start=0, end=3, words="May", date="2024-05", precision="month", basis="the article of 2024")
    cited = replace(a_citation(), speaker="the mayor", dates=(date,), answer=(60, 63))
    event = Event(date="2024-05", precision="month", source="resolved", planned=True, citations=(cited,))
    answer = an_answer(replace(a_claim(cited), earlier=True), notes=("A note.",), problems=("A problem.",))
    understood = {"question": "When?", "because": ["“it” points back."]}
    return replace(
        answer,
        disagreements=(differing(),),
        timeline=(event,),
        understood=understood,
        confidence=0.7,
        usage={"tokens_in": 9.0},
    )


def test_a_conversation_comes_back_as_it_was_without_the_texts_of_its_articles():
    answers = (everything(), an_answer(hits=(a_hit(ARTICLE, 40, 60),)))
    kept = kept_of(*answers, outlets=["The Courier"], as_of="2024-05")
    assert ARTICLE.text not in json.dumps(kept)
    others = [c.article for c in answers[0].disagreements[0].citations]
    talk = memory.reopen(kept, None, FakeLibrary(articles=[ARTICLE, *others]).articles)
    assert talk is not None
    assert talk.answers[0] == answers[0]
    assert [(hit.passage.start, hit.passage.text) for hit in talk.answers[1].hits] == [(40, ARTICLE.text[40:60])]
    assert talk.turns[0].limits == {"outlets": ["The Courier"], "as_of": "2024-05"}
    assert memory.questions(kept) == [("t1", [answers[0].question] * 2)]


@pytest.mark.parametrize("now", [[], [replace(ARTICLE, text="x" + ARTICLE.text)]], ids=["gone", "changed"])
def test_words_that_no_longer_stand_there_are_not_shown_as_cited(now):
    talk = memory.reopen(kept_of(everything()), "t1", FakeLibrary(articles=now).articles)
    assert talk is not None
    [answer] = talk.answers
    assert [claim.citations for claim in answer.claims] == [()]
    assert (answer.disagreements, answer.timeline) == ((), ())
    assert answer.notes[0].startswith("Words that this answer cited are no longer in the library")
    assert "no source is cited for this" in check_markup(view.answer_pane(answer)).text


@pytest.mark.parametrize(
    "kept",
    [
        *(None, 0, "x", [], {}, {"talks": 3}, {"open": [], "talks": [1, {}, {"id": 1, "turns": []}]}),
        {"open": "t1", "talks": [{"id": "t1", "turns": []}]},
        {"open": "t1", "talks": [{"id": "t1", "turns": [1, None, {"answer": []}]}]},
        {"open": "t1", "talks": [{"id": "t1", "turns": [{"answer": {"question": "x"}, "limits": {}}]}]},
    ],
)
def test_what_was_not_written_here_counts_as_not_kept(kept):
    assert memory.reopen(kept, None, FakeLibrary().articles) is None
    assert memory.reopen(kept, "t1", FakeLibrary().articles) is None
    check_markup(view.past(memory.questions(kept), ""))
    memory.keep(memory.forget(kept, "t1"), Talk(turns=(Turn(answer=an_answer()),)))


@pytest.mark.parametrize("path", [("status",), ("claims", 0, "verdict"), ("claims", 0, "citations", 0, "start")])
def test_a_value_that_cannot_be_is_not_taken_over(path):
    kept = kept_of(everything())
    at: Any = kept["talks"][0]["turns"][0]["answer"]
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = "<script>"
    assert memory.reopen(kept, None, FakeLibrary().articles) is None


def test_conversations_are_listed_newest_first_deleted_and_bounded():
    kept: Any = memory.NOTHING
    for n in range(memory.MAX_TALKS + 5):
        kept = memory.keep(kept, Talk(id=f"t{n}", turns=(Turn(answer=an_answer(question=f"Question {n}?")),)))
    listed = memory.questions(kept)
    assert len(listed) == memory.MAX_TALKS
    assert listed[0] == ("t54", ["Question 54?"])
    kept = memory.forget(kept, "t54")
    assert kept["open"] == ""
    assert memory.questions(kept)[0][0] == "t53"
    long = Talk(id="long", turns=(Turn(answer=an_answer(question="x" * (memory.MOST_CHARS // 2))),))
    kept = memory.keep(memory.keep(kept, long), replace(long, id="longer"))
    assert [name for name, _ in memory.questions(kept)] == ["longer"]


def test_hostile_questions_are_listed_to_the_letter():
    kept = kept_of(*(an_answer(question=text) for text in HOSTILE))
    page = check_markup(view.past(memory.questions(kept), "t1"))
    assert HOSTILE[0] in page.text
