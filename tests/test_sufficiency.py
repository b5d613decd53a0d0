"""Signals on numbers that can be counted by hand, and the regressions over them. All news here is invented."""

from __future__ import annotations

import pytest

from embeddings.minilm import MiniLMEmbedder
from rag.answers.reader import Passage, Reader
from rag.answers.sufficiency import ENOUGH, SIGNALS, Evidence, signals, sufficiency
from tests.test_reader import QUESTIONS, STORY, TITLE


def evidence(
    text: str, *, passage: str = "", score: float | None = None, answer: float | None = None, cosine: float = 0.5
) -> Evidence:
    return Evidence(
        text=text,
        passage=passage or text,
        title="Ferry news",
        cosine=cosine,
        passage_cosine=0.6,
        score=score,
        answer_score=answer,
    )


def test_signals_can_be_counted_by_hand() -> None:
    passage = "Fog covered Zebb. The Marigold sank in 1987."
    found = [
        evidence("Fog covered Zebb.", passage=passage, score=-3.0, answer=-5.0, cosine=0.7),
        evidence("The Marigold sank in 1987.", passage=passage, score=2.0, answer=1.5),
        evidence("Buoys float.", cosine=0.1),
    ]
    named = dict(zip(SIGNALS, signals("When did the Marigold ferry sink near Quillport?", found), strict=True))
    # Content words: marigold, ferry, sink, near, quillport. Names: Marigold, Quillport.
    assert named == pytest.approx(
        {
            "reader": 2.0,
            "answer": 1.5,
            "second": -3.0,
            "cosine": 0.7,
            "best_cosine": 0.5,
            "passage_cosine": 0.6,
            "coverage": 0.4,
            "passage_coverage": 0.4,
            "found": 0.4,
            "names": 0.5,
            "kind": 1.0,
        }
    )


@pytest.mark.parametrize(
    ("question", "text", "kind"),
    [
        ("How many sailors sank?", "Twelve sailors sank.", 1.0),
        ("How many sailors sank?", "Sailors sank.", 0.0),
        ("When did it sink?", "It sank on Tuesday.", 1.0),
        ("When did it sink?", "It sank.", 0.0),
        ("Who sank it?", "It was sunk by Odile Brandvik.", 1.0),
        ("Who sank it?", "It was sunk by fog.", 0.0),
        ("Why did it sink?", "It was old.", 0.5),
    ],
)
def test_the_kind_asked_for(question: str, text: str, kind: float) -> None:
    assert signals(question, [evidence(text)])[SIGNALS.index("kind")] == kind


def test_without_a_reader_its_signals_are_nothing() -> None:
    row = signals("Who sank it?", [evidence("Fog.", cosine=0.2), evidence("It sank.", cosine=0.4)])
    assert row[:5].tolist() == [0.0, 0.0, 0.0, 0.4, 0.4]


@pytest.mark.parametrize("with_reader", [True, False])
def test_sufficiency_tells_an_answered_question_from_another(with_reader: bool) -> None:
    embedder = MiniLMEmbedder()

    def probability(question: str) -> float:
        vectors = embedder.encode_passages([question, " ".join([TITLE, *STORY]), *STORY])
        cosines = vectors[1:] @ vectors[0]
        readings = Reader().read(question, [Passage(title=TITLE, sentences=STORY)])[0] if with_reader else [None] * 5
        return sufficiency(
            question,
            [
                Evidence(
                    text=text,
                    passage=" ".join(STORY),
                    title=TITLE,
                    cosine=float(cosine),
                    passage_cosine=float(cosines[0]),
                    score=reading.score if reading else None,
                    answer_score=reading.answer_score if reading else None,
                )
                for text, cosine, reading in zip(STORY, cosines[1:], readings, strict=True)
            ],
        )

    answered = [probability(question) for question, _ in QUESTIONS]
    other = probability("Who won the chess tournament in Lower Brisk?")
    assert all(0.0 <= p <= 1.0 for p in [*answered, other])
    assert min(answered) > other
    if with_reader:
        assert probability("Who is the captain of the Marigold?") > ENOUGH > other


def test_no_evidence_is_not_enough() -> None:
    assert sufficiency("Who sank it?", []) == 0.0
