"""The reader on its real weights. All news here is invented."""

from __future__ import annotations

import time

import numpy as np
import pytest

from embeddings.minilm import MiniLMEmbedder, shared
from rag.answers.sufficiency import Evidence, ranking
from rag.models.adapter import ADAPTERS, READER, load_adapter, merge
from rag.models.reader import UNREAD, Passage, Reader, Reranker, encode_passage
from tests.models import reference_states

TITLE = "Quillport ferry Marigold runs aground off Zebb Island"
STORY = (
    "The ferry Marigold ran aground off Zebb Island on Tuesday night with 212 people on board.",
    "All of them were brought ashore by the fishing fleet of Quillport.",
    "Captain Odile Brandvik said a buoy had gone missing from its place.",
    "The harbour authority of Quillport will pay 4 million crowns for new buoys.",
    "Fog had covered the bay since the early afternoon.",
)
QUESTIONS = (
    ("How many people were on the Marigold?", 0),
    ("Who brought the people on the ferry ashore?", 1),
    ("Who is the captain of the Marigold?", 2),
    ("How much will the new buoys cost?", 3),
    ("What was the weather like in the bay?", 4),
)


@pytest.fixture(scope="module")
def built_in() -> Reader:
    return Reader()


PASSAGE = Passage(title=TITLE, sentences=STORY)


@pytest.mark.parametrize(("question", "answer"), QUESTIONS)
def test_the_sentence_that_answers_is_chosen(built_in: Reader, question: str, answer: int) -> None:
    [readings] = built_in.read(question, [PASSAGE])
    assert len(readings) == len(STORY)
    assert answer in np.argsort([-reading.score for reading in readings])[:2]
    # As the product chooses: cosines and shared words have a say.
    embedder = shared()
    vectors = embedder.encode_passages([question, " ".join([TITLE, *STORY]), *STORY])
    query, whole = vectors[:2]
    found = [
        Evidence(
            text=text,
            title=TITLE,
            cosine=float(query @ vector),
            passage_cosine=float(query @ whole),
            score=reading.score,
            answer_score=reading.answer_score,
        )
        for text, vector, reading in zip(STORY, vectors[2:], readings, strict=True)
    ]
    assert ranking(question, found)[0] == answer


ANSWERS = (
    ("How many people were on the Marigold?", 0, "212"),
    ("How much will the new buoys cost?", 3, "4 million crowns"),
)


@pytest.mark.parametrize(("question", "sentence", "words"), ANSWERS)
def test_the_words_that_answer_are_pointed_at(built_in: Reader, question: str, sentence: int, words: str) -> None:
    reading = built_in.read(question, [PASSAGE])[0][sentence]
    assert reading.answer is not None
    start, end = reading.answer
    assert words in STORY[sentence][start:end]
    assert end - start <= len(words) + 12
    assert reading.answer_score is not None
    assert reading.answer_score > 0


def best(built_in: Reader, question: str) -> float:
    return max(reading.score for reading in built_in.read(question, [PASSAGE])[0])


def test_a_question_about_something_else_scores_lower(built_in: Reader) -> None:
    other = best(built_in, "Who won the chess tournament in Lower Brisk?")
    assert best(built_in, "Who is the captain of the Marigold?") > other + 1.0


def test_readings_do_not_depend_on_the_company_of_other_passages(built_in: Reader) -> None:
    passages = [PASSAGE, Passage(title="", sentences=(STORY[0] * 8,)), Passage(title="", sentences=("Yes.", "No."))]
    question = QUESTIONS[0][0]
    together = built_in.read(question, passages)
    assert [len(readings) for readings in together] == [5, 1, 2]
    for readings, passage in zip(together, passages, strict=True):
        [alone] = built_in.read(question, [passage])
        np.testing.assert_allclose([r.score for r in readings], [r.score for r in alone], atol=1e-4)
        assert [r.answer for r in readings] == [r.answer for r in alone]


def test_nothing_to_read(built_in: Reader) -> None:
    assert built_in.read("Who?", []) == []
    nasty = ("", " ", "\u200b", "🦭" * 500, "x" * 5000, "İstanbul", "after it")
    [readings] = built_in.read("", [Passage(title="", sentences=nasty)])
    assert len(readings) == len(nasty)
    assert readings[0] == readings[1] == UNREAD
    for text, reading in zip(nasty, readings, strict=True):
        if reading.answer is not None:
            assert 0 <= reading.answer[0] < reading.answer[1] <= len(text)
            assert np.isfinite(reading.score)


def test_beyond_its_limit_nothing_is_read(built_in: Reader) -> None:
    long = Passage(title="", sentences=(*("w " * 200,) * 3, "The captain is Odile Brandvik."))
    [readings] = built_in.read("Who is the captain?", [long])
    assert [reading == UNREAD for reading in readings] == [False, False, True, True]


def test_numpy_reads_what_torch_reads(built_in: Reader) -> None:
    adapter, question = load_adapter(ADAPTERS["built-in", READER]), QUESTIONS[2][0]
    encoded = encode_passage(built_in.base, question, STORY, TITLE)
    merged = merge(built_in.base.weights, adapter)
    states = reference_states("bert", built_in.base.folder, merged, encoded.ids, encoded.types)
    logits = states @ adapter["head.weight"].T + adapter["head.bias"]
    [readings] = built_in.read(question, [PASSAGE])
    for reading, (start, end) in zip(readings, encoded.spans, strict=True):
        assert reading.score == pytest.approx(logits[start:end, 2].mean(), abs=1e-3)
        pairs = [logits[a, 0] + logits[b, 1] for a in range(start, end) for b in range(a, min(end, a + 30))]
        assert reading.answer_score == pytest.approx(max(pairs) - logits[0, 0] - logits[0, 1], abs=1e-3)


def test_the_adapter_changes_the_embedder_in_no_way() -> None:
    base = MiniLMEmbedder()
    before = base.encode_queries(["Zebb Island"])
    Reader(base.encoder).read("Who?", [PASSAGE])
    np.testing.assert_array_equal(before, base.encode_queries(["Zebb Island"]))


def test_reading_is_fast(built_in: Reader) -> None:
    passages = [PASSAGE] * 8
    built_in.read("Who?", passages[:1])
    best = 9.0
    for _ in range(3):
        started = time.process_time()
        built_in.read(QUESTIONS[0][0], passages)
        best = min(best, time.process_time() - started)
    assert best < 2.0  # seconds of all cores together, whoever else works on them: mostly half a second


def test_a_passage_as_tokens() -> None:
    base, tokenizer = shared().encoder, shared().encoder.tokenizer
    encoded = encode_passage(base, "who sank", ("the ferry sank", "it was old"), "news")
    assert (
        tokenizer.decode(encoded.ids, skip_special_tokens=False)
        == "[CLS] who sank [SEP] the ferry sank it was old [SEP] news [SEP] [SEP]"
    )
    assert encoded.types == [0] * 4 + [1] * 7 + [0] * 3
    assert encoded.spans == [(4, 7), (7, 10)]
    assert encoded.offsets == [[(0, 3), (4, 9), (10, 14)], [(0, 2), (3, 6), (7, 10)]]
    assert encode_passage(base, "who sank", (), "").spans == []


def test_it_is_a_reranker(built_in: Reader) -> None:
    assert isinstance(built_in, Reranker)
