"""Questions in other languages: told from English, translated where a model is at hand, else named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from evals.cases import load_cases
from evals.loaders import DATA
from rag import Library
from rag.errors import ModelError
from rag.search.questions import translate
from rag.text.language import other_language
from tests.test_questions import FakeModel

LANGUAGES = {"fr": "French", "de": "German", "es": "Spanish"}


class Interpreter:
    """Translates what is asked in French, and quotes the first passage for the rest."""

    name = "fake:interpreter"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def generate(self, system: str, user: str, *, max_tokens: int) -> Iterator[str]:
        self.asked.append(user)
        if system.startswith("Translate"):
            yield "How many hostages would be released in the first phase?"
        else:
            yield "Israel would now settle for 33 hostages going free in the opening phase [1]."


def test_questions_in_other_languages_are_told_and_english_ones_never():
    wrong = []
    for case in [*load_cases(DATA / "tasks.jsonl"), *load_cases(DATA / "seeds.jsonl")]:
        expected = next((LANGUAGES[tag] for tag in case.tags if tag in LANGUAGES), None)
        if (found := other_language(case.question)) != expected:
            wrong.append((case.question, found))
    assert not wrong


@pytest.mark.parametrize("text", ["", "???", "33", "Smotrich", "Smotrich ICC", "ministers letter", "Who?", "🦭"])
def test_what_is_too_short_to_tell_is_of_no_other_language(text):
    assert other_language(text) is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("谁向拜登求助？", "Chinese"),
        ("Кто попросил Байдена о помощи?", "Russian"),
        ("من طلب المساعدة من بايدن؟", "Arabic"),
        ("Chi ha chiesto aiuto a Biden?", "Italian"),
        ("Kto poprosił Bidena o pomoc?", "Polish"),
    ],
)
def test_other_scripts_and_languages_are_told(text, language):
    assert other_language(text) == language


def test_without_a_model_the_language_is_named(sample: Library):
    answer = sample.ask("Combien d’otages seraient libérés au cours de la première phase ?")
    assert answer.status == "abstained"
    assert answer.notes[0].startswith("The question seems to be in French, and the reader reads English: ask in")
    assert "French" not in " ".join(sample.ask("Who is the mayor of Nantes?").notes)


def test_a_model_translates_and_says_so(sample: Library):
    model = Interpreter()
    question = "Combien d’otages seraient libérés au cours de la première phase ?"
    answer = sample.ask(question, model=model)
    assert (answer.question, answer.status) == (question, "answered")
    assert answer.understood["question"] == "How many hostages would be released in the first phase?"
    assert answer.understood["because"] == [
        "The question seems to be in French: fake:interpreter translated it, and the answer is in English."
    ]
    assert any("33" in c.quote for claim in answer.claims for c in claim.citations)
    assert model.asked[0] == question
    taken = sample.ask(question, model=model, understand=False)
    assert not taken.understood
    model.asked.clear()
    sample.ask("How many hostages would be released in the first phase?", model=model)
    assert len(model.asked) == 1, "an English question is not translated"


def test_a_question_in_the_language_of_the_articles_stays_as_it_is(own_sample: Library, tmp_path):
    text = "Le bac a été retenu deux heures à Saltby mardi à cause du brouillard. La capitaine Orla Venn l’a dit."
    (tmp_path / "bac.txt").write_text(f"Le bac retenu à Saltby\n\nPublished: 7 May 2024\n\n{text}", encoding="utf-8")
    own_sample.ingest([tmp_path / "bac.txt"])
    model = Interpreter()
    own_sample.ask("Pourquoi le bac de Saltby a-t-il été retenu ?", model=model)
    assert not any(asked.startswith("Pourquoi") for asked in model.asked)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "Wie viele Geiseln werden freigelassen?",
        "How many of the 40 hostages are freed?",
        "Here it is:\nHow many hostages are freed?",
        "How many hostages " + "are freed " * 60,
    ],
)
def test_a_translation_that_cannot_be_trusted_is_not_used(written):
    assert translate("Wie viele Geiseln werden freigelassen?", FakeModel(written)) is None


def test_a_model_that_fails_translates_nothing():
    assert translate("Wie viele Geiseln werden freigelassen?", FakeModel(ModelError("down"))) is None
    assert translate("Wie viele?", FakeModel("<think>hm</think>How ", "many?")) == "How many?"
