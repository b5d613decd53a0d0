"""Signals on numbers that can be counted by hand, and the regressions over them. All news here is invented."""

from __future__ import annotations

import numpy as np
import pytest

from embeddings.minilm import MiniLMEmbedder
from rag.answers.sufficiency import ENOUGH, Evidence, ranking, signals, sufficiency
from rag.models.reader import Passage, Reader
from tests.test_reader import QUESTIONS, STORY, TITLE


def evidence(
    text: str, *, passage: str = "", score: float | None = None, answer: float | None = None, cosine: float = 0.5
) -> Evidence:
    return Evidence(
        text=text,
        title="Ferry news",
        cosine=cosine,
        passage_cosine=0.6,
        score=score,
        answer_score=answer,
    )


def test_signals_can_be_counted_by_hand() -> None:
    found = [
        evidence("Fog covered Zebb.", score=-3.0, answer=-5.0, cosine=0.7),
        evidence("The Marigold sank in 1987.", score=2.0, answer=1.5),
        evidence("Buoys float.", cosine=0.1),
    ]
    # Content words: marigold, ferry, sink, near, quillport; the title has the ferry.
    assert signals("When did the Marigold ferry sink near Quillport?", found) == pytest.approx(
        {"answer": 1.5, "score": 2.0, "cosine": 0.7, "passage_cosine": 0.6, "coverage": 0.4}
    )


def test_what_was_read_ranks_before_what_was_not() -> None:
    found = [
        evidence("Fog.", cosine=0.9),
        evidence("It sank.", score=-9.0, answer=-9.0, cosine=0.1),
        evidence("It sank in 1987.", score=1.0, answer=2.0),
        evidence("Buoys."),
    ]
    assert ranking("When did it sink?", found) == [2, 1, 0, 3]


def test_a_reader_that_points_at_no_words_does_not_refuse() -> None:
    found = [evidence("Fog.", cosine=0.2), evidence("It sank.", cosine=0.4)]
    scored = [evidence("Fog.", cosine=0.2, score=-99.0), evidence("It sank.", cosine=0.4, score=-80.0)]
    assert signals("Who sank it?", found)["answer"] == -12.0
    assert sufficiency("Who sank it?", scored) == sufficiency("Who sank it?", found)


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
    assert np.median(answered) > other
    if with_reader:
        assert np.median(answered) > ENOUGH > other


def test_no_evidence_is_not_enough() -> None:
    assert sufficiency("Who sank it?", []) == 0.0
