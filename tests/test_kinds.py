"""What kind of answer a question wants, and what is shown of each kind."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from embeddings.minilm import shared
from evals.cases import load_cases
from evals.loaders import DATA, read_jsonl
from rag import Library
from rag.models.kinds import KINDS, kind_shares, tell_kind, words_and_pairs


def kind_of(question: str) -> str:
    return tell_kind(question, shared().encode_queries([question])[0])


def test_questions_that_were_never_fitted_on() -> None:
    told = Counter((case.tags[0], kind_of(case.question)) for case in load_cases(DATA / "tasks.jsonl"))
    asked = Counter(tag for tag, _ in told.elements())
    for kind, least in {"summary": 0.7, "comparison": 0.7, "list": 0.3}.items():
        assert told[kind, kind] >= least * asked[kind], told
    for tag in ("latest", "yes_no", "unanswerable"):
        assert told[tag, "fact"] >= 0.9 * asked[tag], told


@pytest.mark.parametrize("name", ["wikinews_questions.jsonl", "wikinews_questions_2.jsonl"])
def test_a_question_for_one_sentence_is_seldom_taken_for_more(name: str) -> None:
    questions = [row["question"] for row in read_jsonl(DATA / name)]
    assert sum(kind_of(question) == "fact" for question in questions) >= 0.95 * len(questions)


def test_shares_are_of_one() -> None:
    shares = kind_shares("", shared().encode_queries(["x"])[0])
    assert shares.shape == (len(KINDS),)
    assert shares.sum() == pytest.approx(1.0)
    assert words_and_pairs("Who won?") == {"who", "won", "?", "who won", "won ?"}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    texts = {
        "2026-03-02": "Orvale's tram drivers walked out on Monday. The union wants a rise of six per cent. "
        "The operator, Linnet Transport, has offered two per cent.",
        "2026-03-05": "Shops in Orvale lost a third of their trade to the tram strike, the guild of traders said. "
        "Bakers in Tharn shut early. The mayor of Orvale called on both sides to talk.",
        "2026-03-09": "The tram strike in Orvale ended on Sunday after Linnet Transport agreed to five per cent. "
        "The bishop of Tharn had carried offers from one side to the other.",
    }
    for day, text in texts.items():
        (tmp_path / f"{day}.md").write_text(f"---\ntitle: Tram strike in Orvale\npublished: {day}\n---\n\n{text}\n")
    made = Library.open(tmp_path / "library")
    made.ingest([tmp_path])
    return made


@pytest.mark.parametrize(
    "question", ["How did the tram dispute in Orvale unfold?", "Give me the gist of the Orvale tram business"]
)
def test_a_development_is_told_newest_first(library: Library, question: str) -> None:
    days = [claim.citations[0].article.published for claim in library.ask(question).claims]
    assert len(days) >= 2
    assert days == sorted(days, reverse=True)  # type: ignore[type-var]


def test_two_sides_are_both_quoted(library: Library) -> None:
    answer = library.ask("Compare the rise that the union wants with what Linnet Transport has offered.")
    words = " ".join(citation.quote for claim in answer.claims for citation in claim.citations)
    assert "six per cent" in words
    assert "two per cent" in words
    assert answer.maybe, "single sentences seldom tell the whole of it"
    assert answer.notes[0] == "These may be parts of the answer: the reader is not sure."
