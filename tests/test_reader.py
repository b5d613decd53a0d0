"""The reader on the real weights, and the signals on numbers that can be counted by hand. All news here is invented."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from embeddings.minilm import LAYERS, MiniLMEmbedder
from rag.answers import reader
from rag.answers.reader import (
    Evidence,
    Reader,
    Reranker,
    Verifier,
    encode_pair,
    load_reranker,
    ranking,
    signals,
    sufficiency,
    with_context,
)
from rag.types import BylineError

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
    ("Who rescued the passengers of the ferry?", 1),
    ("Who is the captain of the Marigold?", 2),
    ("How much will the new buoys cost?", 3),
    ("What was the weather like in the bay?", 4),
)


@pytest.fixture(scope="module")
def built_in() -> Reader:
    return Reader()


def in_context() -> list[str]:
    return [with_context(text, TITLE) for text in STORY]


@pytest.mark.parametrize(("question", "answer"), QUESTIONS)
def test_the_sentence_that_answers_is_chosen(built_in: Reader, question: str, answer: int) -> None:
    scores = built_in.score(question, in_context())
    assert scores.dtype == np.float32
    assert scores.shape == (5,)
    assert answer in np.argsort(-scores)[:3]
    # As the product chooses: cosine and shared words have a say.
    embedder = MiniLMEmbedder()
    query, whole = embedder.encode_queries([question])[0], embedder.encode_passages([" ".join(STORY)])[0]
    evidence = [
        Evidence(
            text=text,
            passage=" ".join(STORY),
            title=TITLE,
            cosine=float(query @ vector),
            passage_cosine=float(query @ whole),
            score=float(score),
        )
        for text, vector, score in zip(STORY, embedder.encode_passages(STORY), scores, strict=True)
    ]
    assert ranking(question, evidence)[0] == answer


CLAIMS = (
    ("Odile Brandvik is the captain of the Marigold.", "The captain said that Fog was missing.", 2),
    ("The fishing fleet of Quillport rescued everybody.", "The harbour authority rescued everybody.", 1),
    ("212 people were on board the ferry.", "Nobody was on board the ferry.", 0),
)


@pytest.mark.parametrize(("claim", "lie", "evidence"), CLAIMS)
def test_the_sentence_that_carries_a_claim_scores_highest(claim: str, lie: str, evidence: int) -> None:
    verifier = Reader(weights=reader.VERIFIER_WEIGHTS)
    scores = verifier.verify(claim, in_context())
    assert isinstance(verifier, Verifier)
    assert int(np.argmax(scores)) == evidence
    assert verifier.verify(lie, in_context())[evidence] < scores[evidence]


def test_a_reader_of_questions_judges_no_claims(tmp_path: Path) -> None:
    tensors = load_file(reader.WEIGHTS)
    tensors |= {name: tensors[name][:1] for name in ("head.weight", "head.bias")}
    save_file(tensors, tmp_path / "one.safetensors")
    with pytest.raises(BylineError, match="it cannot judge claims"):
        Reader(weights=tmp_path / "one.safetensors").verify("The ferry sank.", in_context())


def test_a_question_about_something_else_scores_lower(built_in: Reader) -> None:
    answered = max(built_in.score("Who is the captain of the Marigold?", in_context()))
    other = max(built_in.score("Who won the chess tournament in Lower Brisk?", in_context()))
    assert answered > other + 2.0


def test_scores_do_not_depend_on_order_or_company(built_in: Reader) -> None:
    texts = [*in_context(), STORY[0] * 8, "Yes."]
    question = QUESTIONS[0][0]
    together = built_in.score(question, texts)
    np.testing.assert_allclose(together[::-1], built_in.score(question, texts[::-1]), atol=1e-4)
    np.testing.assert_allclose(together, [built_in.score(question, [t])[0] for t in texts], atol=1e-4)


def test_nothing_to_score(built_in: Reader) -> None:
    assert built_in.score("Who?", []).shape == (0,)
    assert np.isfinite(built_in.score("", ["", " ", "🦭" * 500, "x" * 5000])).all()


@pytest.mark.parametrize("weights", [reader.WEIGHTS, reader.VERIFIER_WEIGHTS], ids=["reader", "verifier"])
def test_numpy_gives_what_torch_gives(weights: Path) -> None:
    """transformers' BERT with the merged weights is the reference."""
    torch = pytest.importorskip("torch")
    from transformers import BertModel

    base = MiniLMEmbedder()
    adapter, built_in = reader.load_adapter(weights), Reader(base, weights=weights)
    model = BertModel.from_pretrained(base._folder, add_pooling_layer=False).eval()
    state = {name: torch.tensor(w) for name, w in reader.merge(base._weights, adapter).items()}
    model.load_state_dict({name: tensor for name, tensor in state.items() if name in model.state_dict()})
    for (question, _), text in zip(QUESTIONS, in_context(), strict=True):
        ids, types = encode_pair(base._tokenizer, question, text)
        with torch.no_grad():
            states = model(input_ids=torch.tensor([ids]), token_type_ids=torch.tensor([types]))[0][0]
        pooled = torch.cat([states[0], states.mean(dim=0)]).numpy()
        expected = np.atleast_2d(adapter["head.weight"]) @ pooled + adapter["head.bias"]
        assert built_in.score(question, [text])[0] == pytest.approx(expected[0], abs=1e-4)
        if len(expected) > 1:
            assert built_in.verify(question, [text])[0] == pytest.approx(expected[1], abs=1e-4)


def test_the_adapter_changes_the_embedder_in_no_way() -> None:
    base = MiniLMEmbedder()
    before = base.encode_queries(["Zebb Island"])
    Reader(base).score("Who?", ["Captain Odile Brandvik."])
    np.testing.assert_array_equal(before, base.encode_queries(["Zebb Island"]))


def test_reading_is_fast(built_in: Reader) -> None:
    texts = in_context() * 5
    built_in.score("Who?", texts[:1])
    best = 9.0
    for _ in range(3):
        started = time.perf_counter()
        built_in.score(QUESTIONS[0][0], texts[: reader.READ])
        best = min(best, time.perf_counter() - started)
    assert best < 2.0  # a quarter of a second where nothing else runs


def test_encode_pair_marks_the_sentence() -> None:
    tokenizer = MiniLMEmbedder()._tokenizer
    ids, types = encode_pair(tokenizer, "who sank", with_context("the ferry sank", "news"))
    assert (
        tokenizer.decode(ids, skip_special_tokens=False) == "[CLS] who sank [SEP] the ferry sank [SEP] news [SEP] [SEP]"
    )
    assert types == [0] * 4 + [1] * 4 + [0] * 3
    alone, kinds = encode_pair(tokenizer, "who sank", "the ferry sank")
    assert (alone, kinds) == (ids[:8], types[:8])
    longest, _ = encode_pair(tokenizer, "w " * 300, with_context("s " * 300, "t " * 300))
    assert len(longest) == 5 + reader.MAX_QUESTION + reader.MAX_SENTENCE + reader.MAX_TITLE


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
    merged = reader.merge(
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
    data = bytearray(reader.WEIGHTS.read_bytes())
    data[-1] ^= 1
    damaged = tmp_path / "reader.safetensors"
    damaged.write_bytes(data)
    monkeypatch.setitem(reader.SHIPPED, damaged, reader.SHIPPED[reader.WEIGHTS])
    with pytest.raises(BylineError, match="is not the reader that was shipped"):
        Reader(weights=damaged).score("Who?", ["Captain Odile Brandvik."])
    with pytest.raises(BylineError, match="cannot be read"):
        Reader(weights=tmp_path / "absent").score("Who?", ["Captain Odile Brandvik."])


def test_the_adapters_are_small() -> None:
    assert sum(path.stat().st_size for path in reader.SHIPPED) < 6_000_000


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
    assert good.score("q", ["s", with_context("s", "t")]).tolist() == [0, 1]
    assert asked == [[("q", "s"), ("q", "t s")]]
    assert good.score("q", []).shape == (0,)
    bad = load_reranker("st:bad")
    assert bad is not None
    with pytest.raises(BylineError, match="shape"):
        bad.score("q", ["s"])
    with pytest.raises(BylineError, match="cannot be loaded: no such model"):
        load_reranker("st:absent")


def evidence(text: str, *, passage: str = "", score: float | None = None, cosine: float = 0.5) -> Evidence:
    return Evidence(
        text=text, passage=passage or text, title="Ferry news", cosine=cosine, passage_cosine=0.6, score=score
    )


def test_signals_can_be_counted_by_hand() -> None:
    found = [
        evidence("Fog covered Zebb.", passage="Fog covered Zebb. The Marigold sank in 1987.", score=-3.0, cosine=0.7),
        evidence("The Marigold sank in 1987.", passage="Fog covered Zebb. The Marigold sank in 1987.", score=2.0),
        evidence("Buoys float.", cosine=0.1),
    ]
    named = dict(zip(reader.SIGNALS, signals("When did the Marigold ferry sink near Quillport?", found), strict=True))
    # Content words: marigold, ferry, sink, near, quillport. Names: Marigold, Quillport.
    assert named == pytest.approx(
        {
            "reader": 2.0,
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
    assert signals(question, [evidence(text)])[reader.SIGNALS.index("kind")] == kind


def test_without_a_reader_its_signals_are_nothing() -> None:
    row = signals("Who sank it?", [evidence("Fog.", cosine=0.2), evidence("It sank.", cosine=0.4)])
    assert row[:4].tolist() == [0.0, 0.0, 0.4, 0.4]


@pytest.mark.parametrize("with_reader", [True, False])
def test_sufficiency_tells_an_answered_question_from_another(built_in: Reader, with_reader: bool) -> None:
    embedder = MiniLMEmbedder()

    def probability(question: str) -> float:
        vectors = embedder.encode_passages([question, " ".join([TITLE, *STORY]), *STORY])
        cosines = vectors[1:] @ vectors[0]
        scores = built_in.score(question, in_context()) if with_reader else [None] * 5
        return sufficiency(
            question,
            [
                Evidence(
                    text=text,
                    passage=" ".join(STORY),
                    title=TITLE,
                    cosine=float(cosine),
                    passage_cosine=float(cosines[0]),
                    score=None if score is None else float(score),
                )
                for text, cosine, score in zip(STORY, cosines[1:], scores, strict=True)
            ],
        )

    answered = [probability(question) for question, _ in QUESTIONS]
    other = probability("Who won the chess tournament in Lower Brisk?")
    assert all(0.0 <= p <= 1.0 for p in [*answered, other])
    assert min(answered) > other
    if with_reader:
        assert probability("Who is the captain of the Marigold?") > reader.ENOUGH > other


def test_no_evidence_is_not_enough() -> None:
    assert sufficiency("Who sank it?", []) == 0.0
