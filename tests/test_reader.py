"""The reader and the verifier on their real weights. All news here is invented."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from embeddings.minilm import LAYERS, MiniLMEmbedder
from rag.answers.sufficiency import Evidence, ranking
from rag.errors import BylineError
from rag.models import adapter as adapters
from rag.models.reader import UNREAD, Passage, Reader, Reading, Reranker, encode_passage, load_reranker
from rag.models.verifier import MAX_CLAIM, MAX_EVIDENCE, BuiltInVerifier, Verifier, encode_pair, with_context

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


def in_context() -> list[str]:
    return [with_context(text, TITLE) for text in STORY]


PASSAGE = Passage(title=TITLE, sentences=STORY)


@pytest.mark.parametrize(("question", "answer"), QUESTIONS)
def test_the_sentence_that_answers_is_chosen(built_in: Reader, question: str, answer: int) -> None:
    [readings] = built_in.read(question, [PASSAGE])
    assert len(readings) == len(STORY)
    assert answer in np.argsort([-reading.score for reading in readings])[:2]
    # As the product chooses: cosines and shared words have a say.
    embedder = MiniLMEmbedder()
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


CLAIMS = (
    ("Odile Brandvik is the captain of the Marigold.", "The captain said that Fog was missing.", 2),
    ("The fishing fleet of Quillport rescued everybody.", "The harbour authority rescued everybody.", 1),
    ("212 people were on board the ferry.", "Nobody was on board the ferry.", 0),
)


@pytest.mark.parametrize(("claim", "lie", "evidence"), CLAIMS)
def test_the_sentence_that_carries_a_claim_scores_highest(claim: str, lie: str, evidence: int) -> None:
    verifier = BuiltInVerifier()
    scores = verifier.verify(claim, in_context())
    assert isinstance(verifier, Verifier)
    assert int(np.argmax(scores)) == evidence
    assert verifier.verify(lie, in_context())[evidence] < scores[evidence]


def best(built_in: Reader, question: str) -> float:
    return max(reading.score for reading in built_in.read(question, [PASSAGE])[0])


def test_a_question_about_something_else_scores_lower(built_in: Reader) -> None:
    other = best(built_in, "Who won the chess tournament in Lower Brisk?")
    assert best(built_in, "Who is the captain of the Marigold?") > other + 2.0


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


def test_verifying_nothing() -> None:
    assert BuiltInVerifier().verify("Who?", []).shape == (0,)
    assert np.isfinite(BuiltInVerifier().verify("", ["", " ", "🦭" * 500, "x" * 5000])).all()


def states_of(weights: Path, base: MiniLMEmbedder, ids: list[int], types: list[int]) -> np.ndarray:
    """transformers' BERT with the merged weights, which is the reference: (tokens, 384)."""
    torch = pytest.importorskip("torch")
    from transformers import BertModel

    model = BertModel.from_pretrained(base._folder, add_pooling_layer=False).eval()
    merged = adapters.merge(base._weights, adapters.load_adapter(weights))
    state = {name: torch.tensor(w) for name, w in merged.items()}
    model.load_state_dict({name: tensor for name, tensor in state.items() if name in model.state_dict()})
    with torch.no_grad():
        return np.asarray(model(input_ids=torch.tensor([ids]), token_type_ids=torch.tensor([types]))[0][0])


def test_numpy_reads_what_torch_reads(built_in: Reader) -> None:
    base, adapter, question = MiniLMEmbedder(), adapters.load_adapter(adapters.READER_WEIGHTS), QUESTIONS[2][0]
    encoded = encode_passage(base._tokenizer, question, STORY, TITLE)
    logits = states_of(adapters.READER_WEIGHTS, base, encoded.ids, encoded.types) @ adapter["head.weight"].T
    logits += adapter["head.bias"]
    [readings] = built_in.read(question, [PASSAGE])
    for reading, (start, end) in zip(readings, encoded.spans, strict=True):
        assert reading.score == pytest.approx(logits[start:end, 2].mean(), abs=1e-3)
        pairs = [logits[a, 0] + logits[b, 1] for a in range(start, end) for b in range(a, min(end, a + 30))]
        assert reading.answer_score == pytest.approx(max(pairs) - logits[0, 0] - logits[0, 1], abs=1e-3)


def test_numpy_verifies_what_torch_verifies() -> None:
    base, adapter = MiniLMEmbedder(), adapters.load_adapter(adapters.VERIFIER_WEIGHTS)
    claim, text = CLAIMS[0][0], in_context()[2]
    states = states_of(adapters.VERIFIER_WEIGHTS, base, *encode_pair(base._tokenizer, claim, text))
    pooled = np.concatenate([states[0], states.mean(axis=0)])
    expected = adapter["head.weight"] @ pooled + adapter["head.bias"]
    assert BuiltInVerifier(base).verify(claim, [text])[0] == pytest.approx(expected[0], abs=1e-3)


def test_the_adapter_changes_the_embedder_in_no_way() -> None:
    base = MiniLMEmbedder()
    before = base.encode_queries(["Zebb Island"])
    Reader(base).read("Who?", [PASSAGE])
    np.testing.assert_array_equal(before, base.encode_queries(["Zebb Island"]))


def test_reading_is_fast(built_in: Reader) -> None:
    passages = [PASSAGE] * 8
    built_in.read("Who?", passages[:1])
    best = 9.0
    for _ in range(3):
        started = time.perf_counter()
        built_in.read(QUESTIONS[0][0], passages)
        best = min(best, time.perf_counter() - started)
    assert best < 2.0  # a quarter of a second where nothing else runs


def test_a_pair_as_tokens() -> None:
    tokenizer = MiniLMEmbedder()._tokenizer
    ids, types = encode_pair(tokenizer, "who sank", with_context("the ferry sank", "news"))
    assert (
        tokenizer.decode(ids, skip_special_tokens=False) == "[CLS] who sank [SEP] the ferry sank [SEP] news [SEP] [SEP]"
    )
    assert types == [0] * 4 + [1] * 4 + [0] * 3
    alone, kinds = encode_pair(tokenizer, "who sank", "the ferry sank")
    assert (alone, kinds) == (ids[:8], types[:8])
    longest, _ = encode_pair(tokenizer, "w " * 300, with_context("s " * 300, "t " * 300))
    assert len(longest) == 5 + MAX_CLAIM + MAX_EVIDENCE + adapters.MAX_TITLE


def test_a_passage_as_tokens() -> None:
    tokenizer = MiniLMEmbedder()._tokenizer
    encoded = encode_passage(tokenizer, "who sank", ("the ferry sank", "it was old"), "news")
    assert (
        tokenizer.decode(encoded.ids, skip_special_tokens=False)
        == "[CLS] who sank [SEP] the ferry sank it was old [SEP] news [SEP] [SEP]"
    )
    assert encoded.types == [0] * 4 + [1] * 7 + [0] * 3
    assert encoded.spans == [(4, 7), (7, 10)]
    assert encoded.offsets == [[(0, 3), (4, 9), (10, 14)], [(0, 2), (3, 6), (7, 10)]]
    assert encode_passage(tokenizer, "who sank", (), "").spans == []


def test_context_is_left_out_where_there_is_none() -> None:
    assert with_context("The ferry sank.") == "The ferry sank."


def test_merge_adds_the_low_rank_product() -> None:
    own = "encoder.layer.0.attention.self.query"
    base = {
        f"encoder.layer.{layer}.attention.self.{part}.{kind}": np.ones((2, 2) if kind == "weight" else 2, np.float32)
        for layer in range(LAYERS)
        for part in ("query", "key", "value")
        for kind in ("weight", "bias")
    }
    merged = adapters.merge(
        base,
        {
            f"{own}.a": np.array([[1.0, 2.0]], np.float32),
            f"{own}.b": np.array([[10.0], [20.0]], np.float32),
            f"{own}.bias": np.array([5.0, 6.0], np.float32),
        },
    )
    np.testing.assert_array_equal(merged[f"{own}.weight"], [[11, 21], [21, 41]])
    np.testing.assert_array_equal(merged["0.qkv.weight"], [[11, 21], [21, 41], [1, 1], [1, 1], [1, 1], [1, 1]])
    np.testing.assert_array_equal(merged["0.qkv.bias"], [5, 6, 1, 1, 1, 1])
    np.testing.assert_array_equal(base[f"{own}.weight"], [[1, 1], [1, 1]])


def test_a_damaged_adapter_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytearray(adapters.READER_WEIGHTS.read_bytes())
    data[-1] ^= 1
    damaged = tmp_path / "reader.safetensors"
    damaged.write_bytes(data)
    monkeypatch.setitem(adapters.SHIPPED, damaged, adapters.SHIPPED[adapters.READER_WEIGHTS])
    with pytest.raises(BylineError, match="is not the reader that was shipped"):
        Reader(weights=damaged).read("Who?", [PASSAGE])
    with pytest.raises(BylineError, match="cannot be read"):
        Reader(weights=tmp_path / "absent").read("Who?", [PASSAGE])


def test_the_adapters_are_small() -> None:
    assert sum(path.stat().st_size for path in adapters.SHIPPED) < 6_000_000


def test_rerankers_by_name() -> None:
    assert isinstance(load_reranker("reader"), Reranker)
    assert load_reranker("none") is None
    for spec in ("", "st:", "bm25"):
        with pytest.raises(BylineError, match="there is no reranker"):
            load_reranker(spec)


def test_a_cross_encoder_takes_the_readers_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """The title comes first, as running text, and a model with several outputs is refused."""
    import sentence_transformers

    asked: list[list[tuple[str, str]]] = []

    class Fake:
        def __init__(self, name: str) -> None:
            if name == "absent":
                raise OSError("no such model")
            self.name = name

        def predict(self, pairs: list[tuple[str, str]]) -> np.ndarray:
            asked.append(pairs)
            return np.arange(len(pairs)) if self.name == "good" else np.zeros((len(pairs), 3))

    monkeypatch.setattr(sentence_transformers, "CrossEncoder", Fake)
    good = load_reranker("st:good")
    assert good is not None
    assert good.name == "st:good"
    passages = [Passage(title="", sentences=("s",)), Passage(title="t", sentences=("u", "v"))]
    assert good.read("q", passages) == [[Reading(score=0)], [Reading(score=1), Reading(score=2)]]
    assert asked == [[("q", "s"), ("q", "t u"), ("q", "t v")]]
    assert good.read("q", []) == []
    bad = load_reranker("st:bad")
    assert bad is not None
    with pytest.raises(BylineError, match="shape"):
        bad.read("q", passages)
    with pytest.raises(BylineError, match="cannot be loaded: no such model"):
        load_reranker("st:absent")
