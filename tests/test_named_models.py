"""Models that somebody names are really loaded: small ones with random weights, made here. All news is invented."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.errors import BylineError
from rag.models.named import LEAST, CrossEncoderReader, NliVerifier, PairVerifier, QaReader, _outcome
from rag.models.reader import UNREAD, Passage, Reranker
from rag.models.verifier import Verifier, with_context
from tests.models import small_model, tokenizer_of

TITLE = "Ferry runs aground"
TEXT = "The ferry Marigold ran aground off Zebb Island on Tuesday night."
PAIRS = [
    ("The ferry ran aground.", with_context(TEXT, TITLE)),
    ("All is well.", TEXT),
    ("", ""),
    ("a " * 900, TEXT * 50),
]


def nli(folder: Path, labels: Sequence[str], **config: Any) -> Path:
    names = dict(enumerate(labels))
    return small_model(
        folder, "BertForSequenceClassification", id2label=names, label2id={v: k for k, v in names.items()}, **config
    )


def reference(folder: Path, claim: str, text: str) -> np.ndarray[Any, Any]:
    """The shares of the labels, as transformers gives them for the text and the claim as its hypothesis."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.no_grad():
        return np.asarray(torch.softmax(model(**tokenizer(text, claim, return_tensors="pt")).logits, dim=1)[0])


@pytest.mark.parametrize("labels", list(itertools.permutations(["ENTAILMENT", "neutral", "Contradiction"]))[::2])
def test_labels_are_read_in_any_order(labels: Sequence[str], tmp_path: Path) -> None:
    folder = nli(tmp_path, labels)
    verifier = NliVerifier(str(folder))
    assert isinstance(verifier, Verifier)
    assert verifier.name == f"nli:{folder}"
    found = verifier.verify(PAIRS)
    assert (found.shape, found.dtype) == ((4, 3), np.float32)
    np.testing.assert_allclose(np.exp(found).sum(axis=1), 1.0, atol=1e-4)
    expected = reference(folder, PAIRS[0][0], f"{TITLE}. {TEXT}")
    order = [labels.index(name) for name in ("ENTAILMENT", "Contradiction", "neutral")]
    np.testing.assert_allclose(np.exp(found[0]), expected[order], atol=1e-4)
    alone = np.concatenate([verifier.verify([pair]) for pair in PAIRS])
    np.testing.assert_allclose(found, alone, atol=1e-3)
    assert verifier.verify([]).shape == (0, 3)


def test_a_model_of_two_labels_never_says_the_contrary(tmp_path: Path) -> None:
    folder = nli(tmp_path, ["not_entailment", "entailment"])
    found = np.exp(NliVerifier(str(folder)).verify(PAIRS[:2]))
    np.testing.assert_allclose(found[:, 1], LEAST, rtol=1e-3)
    np.testing.assert_allclose(found[0, [2, 0]], reference(folder, PAIRS[0][0], f"{TITLE}. {TEXT}"), atol=1e-4)


@pytest.mark.parametrize(
    ("label", "outcome"),
    [
        ("entailment", 0), ("supports", 0), ("supported", 0), ("consistent", 0), ("correct", 0),
        ("contradiction", 1), ("refutes", 1), ("refuted", 1), ("contradictory", 1),
        ("neutral", 2), ("not enough info", 2), ("not_entailment", 2), ("non-entailment", 2), ("nei", 2),
        ("not_supported", 2), ("unsupported", 2), ("inconsistent", 2), ("incorrect", 2), ("no_entailment", 2),
        ("unknown", 2), ("insufficient", None), ("label_0", None), ("positive", None),
    ],
)  # fmt: skip
def test_what_labels_mean(label: str, outcome: int | None) -> None:
    assert _outcome(label) == outcome


@pytest.mark.parametrize("labels", [["LABEL_0", "LABEL_1", "LABEL_2"], ["negative", "positive"], ["entailment"]])
def test_labels_that_say_nothing_are_refused(labels: Sequence[str], tmp_path: Path) -> None:
    with pytest.raises(BylineError, match=f"the labels of nli:.* are {labels[0].lower()}") as raised:
        NliVerifier(str(nli(tmp_path, labels)))
    assert "name a model whose configuration says which of them means entailment." in str(raised.value)


NASTY = (
    "The ferry Marigold ran aground off Zebb Island.",
    "",
    " ",
    "\u200b",
    "🦭🦭 İstanbul é\u0301 ß ﬁ",
    "  Captain “Odile” said:\n\na buoy,\tgone!  ",
    "x" * 300,
    "All of them were brought ashore.",
)


@pytest.mark.parametrize("is_byte_level", [False, True])
def test_words_that_answer_are_exact(is_byte_level: bool, tmp_path: Path) -> None:
    tokenizer = tokenizer_of(is_byte_level=is_byte_level)
    folder = small_model(tmp_path, "BertForQuestionAnswering", tokenizer=tokenizer, max_position_embeddings=512, seed=3)
    reader = QaReader(str(folder))
    assert isinstance(reader, Reranker)
    assert reader.name == f"qa:{folder}"
    [readings] = reader.read("Who is the captain?", [Passage(title=TITLE, sentences=NASTY)])
    assert len(readings) == len(NASTY)
    assert readings[1] == readings[2] == UNREAD
    for text, reading in zip(NASTY, readings, strict=True):
        if reading.answer is not None:
            words = text[reading.answer[0] : reading.answer[1]]
            assert words
            assert words == words.strip()
            assert np.isfinite(reading.score)
    assert readings[0].answer is not None
    assert readings[5].answer is not None


def test_the_best_words_are_those_of_transformers(tmp_path: Path) -> None:
    """The highest sum of first and last word within a sentence, against that of the mark at the beginning."""
    import torch
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    folder = small_model(tmp_path, "BertForQuestionAnswering", seed=1)
    sentence, question = "The ferry ran aground.", "Who ran?"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    inputs = tokenizer(question, sentence, return_tensors="pt", return_offsets_mapping=True)
    offsets = inputs.pop("offset_mapping")[0].tolist()
    with torch.no_grad():
        out = AutoModelForQuestionAnswering.from_pretrained(folder).eval()(**inputs)
    first, last = out.start_logits[0].tolist(), out.end_logits[0].tolist()
    inside = [n for n, part in enumerate(inputs.sequence_ids(0)) if part == 1 and offsets[n] != [0, 0]]
    score, a, b = max((first[a] + last[b], a, b) for a in inside for b in inside if b >= a)
    [[reading]] = QaReader(str(folder)).read(question, [Passage(title="", sentences=(sentence,))])
    assert reading.score == pytest.approx(score - first[0] - last[0], abs=1e-3)
    assert reading.answer == (offsets[a][0], offsets[b][1])


def test_reading_what_is_long_or_nothing(tmp_path: Path) -> None:
    """Also a model that reads less than its tokenizer says, and a question longer than that."""
    reader = QaReader(str(small_model(tmp_path, "BertForQuestionAnswering", max_position_embeddings=64)))
    assert reader.read("Who?", []) == []
    assert reader.read("Who?", [Passage(title="", sentences=())]) == [[]]
    assert reader.read("Who?", [Passage(title="", sentences=("", " "))]) == [[UNREAD, UNREAD]]
    assert reader.read("", [Passage(title="", sentences=(TEXT,))])[0][0] != UNREAD
    long = Passage(title="", sentences=(TEXT, TEXT * 40, TEXT))
    for question in ("Who?", "Who ran aground? " * 200):
        [readings] = reader.read(question, [long])
        assert readings[0] != UNREAD
        assert readings[2] == UNREAD


def test_a_cross_encoder_reads_and_checks(tmp_path: Path) -> None:
    from sentence_transformers import CrossEncoder

    folder = str(nli(tmp_path, ["LABEL_0"]))
    expected = CrossEncoder(folder)
    reader, verifier = CrossEncoderReader(folder), PairVerifier(folder)
    assert isinstance(reader, Reranker)
    assert isinstance(verifier, Verifier)
    passages = [Passage(title="", sentences=(TEXT,)), Passage(title=TITLE, sentences=("Fog.", ""))]
    found = reader.read("Who?", passages)
    assert [len(readings) for readings in found] == [1, 2]
    scores = expected.predict([("Who?", TEXT), ("Who?", f"{TITLE} Fog."), ("Who?", TITLE)])
    np.testing.assert_allclose([r.score for readings in found for r in readings], scores, atol=1e-4)
    assert all(reading.answer is None for readings in found for reading in readings)
    assert reader.read("Who?", []) == []

    verdicts = np.exp(verifier.verify(PAIRS))
    np.testing.assert_allclose(verdicts.sum(axis=1), 1.0, atol=1e-4)
    np.testing.assert_allclose(verdicts[1, 0], expected.predict([PAIRS[1]])[0], atol=1e-4)  # saved with a sigmoid
    assert verifier.verify([]).shape == (0, 3)


def test_a_model_with_several_scores_is_no_pair_scorer(tmp_path: Path) -> None:
    folder = str(nli(tmp_path, ["contradiction", "entailment", "neutral"]))
    with pytest.raises(BylineError, match=r"gives scores of shape \(4, 3\), not one for each pair: use nli:NAME"):
        PairVerifier(folder).verify(PAIRS)
    with pytest.raises(BylineError, match=r"shape \(1, 3\), not one for each text"):
        CrossEncoderReader(folder).read("Who?", [Passage(title="", sentences=(TEXT,))])


def test_a_base_model_without_a_head_is_refused(tmp_path: Path) -> None:
    """transformers would give it a random one."""
    folder = small_model(tmp_path, "BertModel")
    with pytest.raises(BylineError, match=r"was not trained for this \(it has no qa_outputs"):
        QaReader(str(folder))


@pytest.mark.parametrize("make", [NliVerifier, PairVerifier, QaReader, CrossEncoderReader])
def test_what_cannot_be_loaded_is_one_sentence(make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    damaged = tmp_path / "damaged"
    nli(damaged, ["entailment", "neutral"])
    (damaged / "model.safetensors").write_bytes(b"\0" * 9)
    for name in (str(tmp_path / "absent"), str(damaged)):
        with pytest.raises(BylineError, match="cannot be loaded") as raised:
            make(name)
        assert "\n" not in str(raised.value)
        assert Path(name).name in str(raised.value)
