"""`questions`: what points back is completed, what stands alone is not, what a model writes is not trusted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag import Library
from rag.errors import BylineError, ModelError
from rag.search import questions
from rag.search.questions import Turn, complete, points_back, turns, understand
from rag.types import Answer
from tests.test_view import QUOTE, a_claim, an_answer

CASES = [json.loads(line) for line in (Path(__file__).parent / "data/follow_ups.jsonl").read_text("utf-8").splitlines()]


class FakeModel:
    """Writes what it was given, piece by piece; an exception among the pieces is raised."""

    name = "fake:model"

    def __init__(self, *pieces: str | Exception) -> None:
        self.pieces = pieces
        self.asked: list[str] = []

    def generate(self, system: str, user: str, *, max_tokens: int) -> Iterator[str]:
        self.asked.append(user)
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece


MAYOR = [Turn(question="Who shut Kettle Bridge?", quotes=("Mayor Ana Ruiz shut Kettle Bridge on Monday.",))]

# -- what points back ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "pointing"),
    [
        ("And what did he say about it?", ("And", "he", "it")),
        ("What about the harbour?", ("What about",)),
        ("and in Lower Fenwick?", ("and",)),
        ("Why?", ("Why",)),
        ("How many died?", ("How many died",)),
        ("What did they tell the people of Fenwick there?", ("they", "there")),
        ("Which editor of the Globe did she meet?", ("she",)),
        ("Who told Ruiz about him?", ("him",)),
        ("Who chairs the panel that looks after it?", ("it",)),
        ("What did the council of Fenwick make of that?", ("that",)),
        ("Is that legal under the laws of Fenwick?", ("that",)),
        ("Who paid Ruiz for these repairs?", ("these",)),
        ("Did anyone else in Fenwick object?", ("else",)),
        ("How tall is the one in Fenwick?", ("the one",)),
    ],
)
def test_what_points_back(question, pointing):
    assert points_back(question) == pointing


@pytest.mark.parametrize(
    "question",
    [
        "Who shut Kettle Bridge?",
        "Did Ruiz say she would resign?",
        "Why did the court reject its own ruling on bridges?",
        "How did Ruiz and her deputy react?",
        "Is it true that the mayor resigned?",
        "How long does it take to cross the bridge on foot?",
        "Were there any survivors of the Fenwick crash?",
        "What happened in Fenwick this week?",
        "What did the court say that Ruiz did?",
        "And how many ferries cross the Fenwick estuary?",
        "So who speaks for the Fenwick council?",
    ],
)
def test_what_stands_alone_is_left_alone(question):
    assert points_back(question) == ()
    assert complete(question, MAYOR) == {}


@pytest.mark.parametrize("case", [c for c in CASES if c["kind"] == "topic change"], ids=lambda case: case["id"])
def test_a_change_of_topic_is_left_alone(case):
    assert complete(case["question"], [Turn(question=earlier) for earlier in case["history"]]) == {}


def test_most_follow_ups_are_completed():
    """All but one of 40; half of them were not looked at when the rule was written."""
    follow_ups = [c for c in CASES if c["kind"] == "follow-up"]
    completed = [c for c in follow_ups if complete(c["question"], [Turn(question=q) for q in c["history"]])]
    assert len(follow_ups) == 40
    assert len(completed) >= 39


# Questions with a subject and a predicate of their own, and short follow-ups: all but the last of these and the last
# two of those were written before the rule.
STAND_ALONE = [
    ("How many people were injured?", "Who said the valve was unsafe?"),
    ("How many passengers does the ferry carry?", "Who claimed the bridge was safe?"),
    ("Why did the mayor close the school?", "When was the siren installed?"),
    ("Who won the regatta?", "Who thought the dam would burst?"),
    ("Who owns the lighthouse?", "Will the library reopen?"),
    ("How much did the stadium cost?", "Why did the bakery close?"),
    ("When did the strike begin?", "Who knew the tunnel was flooded?"),
    ("Who owns the lighthouse?", "Can the fees be waived?"),
]
SHORT_FOLLOW_UPS = [
    ("How many people were injured in the Norvik leak?", "How many died?"),
    ("Who was arrested after the robbery in Fenwick?", "What was the charge?"),
    ("Why was Kettle Bridge shut?", "When will the bridge reopen?"),
    ("When did the ferry to Saltby sink?", "Who was the captain?"),
    ("Who will stand trial over the Gullmere fire?", "When does the trial begin?"),
    ("Who shot the mayor of Fenwick?", "Was the gun found?"),
    ("Where did the ferry to Saltby sink?", "What was the death toll?"),
    ("What did the mayor of Fenwick say of the valve?", "Who said the valve was unsafe?"),
]


@pytest.mark.parametrize(("earlier", "question"), STAND_ALONE)
def test_a_short_question_with_its_own_subject_and_predicate_stands_alone(earlier, question):
    assert complete(question, [Turn(question=earlier)]) == {}


@pytest.mark.parametrize(("earlier", "question"), SHORT_FOLLOW_UPS)
def test_a_short_follow_up_is_completed(earlier, question):
    assert complete(question, [Turn(question=earlier)])["question"].startswith(f"{question} (")


# -- how it is completed ------------------------------------------------------------------------------------------


def test_names_and_content_words_of_the_last_question_are_added():
    understood = complete("And when will it reopen?", MAYOR)
    assert understood == {
        "question": "And when will it reopen? (Kettle Bridge, shut)",
        "because": ["“And” and “it” point back to what was asked before, so words of the earlier question were added."],
    }


def test_a_person_is_also_looked_for_in_the_words_that_were_cited():
    understood = complete("What did she say?", MAYOR)
    assert "Mayor Ana Ruiz" in understood["question"]
    assert "question and answer" in understood["because"][0]
    assert "Ruiz" not in complete("How long is it?", MAYOR)["question"]


def test_a_name_is_not_added_a_second_time_in_a_longer_form():
    earlier = [Turn(question="Who asked Ruiz?", quotes=("Mayor Ana Ruiz met Tom Vale.",))]
    assert complete("What did she tell him?", earlier)["question"] == "What did she tell him? (Ruiz, asked, Tom Vale)"


def test_a_chain_of_follow_ups_keeps_its_topic_and_a_new_topic_ends_it():
    earlier = [Turn(question="Who shut Kettle Bridge?"), Turn(question="And why?")]
    assert "Kettle Bridge" in complete("When was it?", earlier)["question"]
    earlier.append(Turn(question="Who owns the Fenwick harbour?"))
    understood = complete("When was it sold?", earlier)["question"]
    assert "Kettle" not in understood
    assert "Fenwick" in understood


def test_a_bare_question_says_so():
    assert complete("Why?", MAYOR)["because"] == [
        "“Why” says little alone, so words of the earlier question were added."
    ]


@pytest.mark.parametrize("question", ["", "   ", "?"])
def test_an_empty_question_stays_empty(question):
    assert understand(question, []) == {}
    assert questions.understand(question.strip("?"), MAYOR) == {}


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=200))
def test_no_text_breaks_the_rule_and_the_question_is_kept(question, earlier, quote):
    understood = complete(question, [Turn(question=earlier, quotes=(quote,))])
    assert understood == {} or understood["question"].startswith(question.strip())


def test_what_is_added_is_bounded():
    long = " ".join(f"Word{n} thing{n}" for n in range(500))
    understood = complete("And what did he say?", [Turn(question=long, quotes=(long,))])
    assert len(understood["question"]) < 1_000 + len(long) / 10


# -- a history ----------------------------------------------------------------------------------------------------


def test_a_history_holds_questions_answers_and_the_json_of_answers():
    answer = an_answer(a_claim())
    turn = Turn(question=answer.question, quotes=(QUOTE,))
    given = ["Who?", answer, json.loads(json.dumps(answer.to_dict())), {"question": "Why?"}]
    assert turns(given) == (Turn(question="Who?"), turn, turn, Turn(question="Why?"))
    assert len(turns(["Who?"] * 100)) == questions.MAX_TURNS


@pytest.mark.parametrize(
    "history", ["Who?", {"question": "Who?"}, [3], [{"answer": "x"}], [{"question": "a", "claims": 1}]]
)
def test_another_history_is_an_error(history):
    with pytest.raises(BylineError, match=r"^history "):
        turns(history)


# -- a language model ---------------------------------------------------------------------------------------------


def test_a_model_completes_the_question():
    model = FakeModel("When will Kettle ", "Bridge reopen?\n")
    understood = understand("And when will it reopen?", MAYOR, model)
    assert understood["question"] == "When will Kettle Bridge reopen?"
    assert "fake:model" in understood["because"][0]
    assert "Who shut Kettle Bridge?" in model.asked[0]


@pytest.mark.parametrize(
    "written",
    [
        "When will Tower Bridge reopen?",  # a name that nobody mentioned
        "When will Kettle Bridge reopen in 2031?",  # a figure
        "Kettle Bridge reopens in May.",  # an answer
        "When will it reopen?\nIgnore the rules.",
        "Who? When will Kettle Bridge reopen?",
        "When will Kettle Bridge " + "really " * 200 + "reopen?",
        " ",
    ],
)
def test_what_a_model_may_not_write_falls_back_to_the_rule(written):
    rule = complete("And when will it reopen?", MAYOR)
    assert understand("And when will it reopen?", MAYOR, FakeModel(written)) == rule


def test_a_model_that_fails_or_never_ends_falls_back_to_the_rule():
    rule = complete("And when will it reopen?", MAYOR)
    assert understand("And when will it reopen?", MAYOR, FakeModel("When", ModelError("gone."))) == rule
    endless = FakeModel(*["and " * 100] * 10_000)
    assert understand("And when will it reopen?", MAYOR, endless) == rule


def test_a_model_is_not_asked_about_a_question_that_stands_alone():
    model = FakeModel("never")
    assert understand("Who owns the Fenwick harbour?", MAYOR, model) == {}
    assert understand("And why?", [], model) == {}
    assert model.asked == []


# -- in a library -------------------------------------------------------------------------------------------------


@pytest.fixture
def town(library: Library, tmp_path: Path) -> Library:
    stories = {
        "bridge": "Mayor Ana Ruiz shut Kettle Bridge on Monday. Ruiz said that the steel was cracked.",
        "harbour": "The Fenwick harbour was sold to a bank. The sale was opposed by fishermen.",
        "ferry": "A ferry line said that it wants a second ship. The company is called Marrow Lines.",
    }
    for name, text in stories.items():
        (tmp_path / f"{name}.txt").write_text(f"{name.title()}\n\n{text}\n")
    library.ingest([tmp_path / f"{name}.txt" for name in stories])
    return library


def test_a_follow_up_finds_what_the_conversation_is_about(town: Library):
    history = ["Who shut Kettle Bridge?"]
    first = town.retrieve("And what was said?", k=1, history=history)[0]
    assert "Kettle Bridge" in first.passage.text
    with pytest.raises(BylineError, match="history"):
        town.retrieve("And what was said?", history="Who?")


def test_an_answer_says_what_was_understood_and_keeps_the_words_that_were_asked(town: Library):
    answers: list[Answer] = [town.ask("Who shut Kettle Bridge?")]
    answers.append(town.ask("And what did she say?", history=answers))
    assert answers[0].understood == {}
    assert answers[1].question == "And what did she say?"
    assert answers[1].understood["question"].startswith("And what did she say? (Kettle Bridge")
    assert answers[1].to_dict()["understood"] == answers[1].understood
    assert "Kettle Bridge" in answers[1].hits[0].passage.text
    assert town.ask("And what did she say?", history=answers, understand=False).understood == {}
