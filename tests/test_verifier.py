"""The verifier: a small adapter on the real base, and on a small base of the other kind. All news here is invented."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from embeddings.encoder import Encoder
from embeddings.minilm import shared
from rag.errors import BylineError
from rag.models import adapter as adapters
from rag.models.adapter import ADAPTERS, MAX_TITLE, READER, VERIFIER, load_adapter, merge
from rag.models.reader import Passage, Reader
from rag.models.verifier import MAX_CLAIM, MAX_EVIDENCE, AdaptedVerifier, Verifier, with_context
from tests.models import encoder_of, reference_states, small_model, tokenizer_of

TITLE = "Quillport ferry Marigold runs aground off Zebb Island"
TEXT = "Captain Odile Brandvik said a buoy had gone missing from its place."
PAIRS = [
    ("Odile Brandvik is the captain.", with_context(TEXT, TITLE)),
    ("Odile Brandvik is the captain.", TEXT),
    ("The captain praised every buoy.", with_context(TEXT, TITLE)),
    ("", ""),
    ("🦭" * 300, " "),
    ("Fog.", "x" * 5000),
]


def small_adapter(path: Path, base: Encoder, *, seed: int = 0) -> Path:
    """An adapter that was not trained: low-rank changes of two matrices, a norm of its own and a head."""
    dim = len(base.weights["embeddings.LayerNorm.weight"])
    rng = np.random.default_rng(seed)
    made = {"head.weight": rng.normal(size=(3, 2 * dim)), "head.bias": rng.normal(size=3)}
    for part in ("query", "value"):
        name = f"encoder.layer.1.attention.self.{part}"
        made |= {f"{name}.a": rng.normal(size=(2, dim)), f"{name}.b": 0.1 * rng.normal(size=(dim, 2))}
        made[f"{name}.bias"] = 0.1 * rng.normal(size=dim)
    made["embeddings.LayerNorm.bias"] = 0.1 * rng.normal(size=dim)
    save_file({name: tensor.astype(np.float16) for name, tensor in made.items()}, path)
    return path


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Encoder]:
    tokenizer = tokenizer_of(is_paired_twice=True)
    folder = small_model(
        tmp_path_factory.mktemp("base"), "MPNetModel", tokenizer=tokenizer, max_position_embeddings=512
    )
    return {"bert": shared().encoder, "mpnet": encoder_of(folder, is_mpnet=True)}


@pytest.mark.parametrize("kind", ["bert", "mpnet"])
def test_numpy_verifies_what_torch_verifies(kind: str, bases: dict[str, Encoder], tmp_path: Path) -> None:
    base = bases[kind]
    path = small_adapter(tmp_path / "adapter.safetensors", base)
    verifier = AdaptedVerifier(base, weights=path)
    assert isinstance(verifier, Verifier)
    found = verifier.verify(PAIRS)
    assert (found.shape, found.dtype) == ((len(PAIRS), 3), np.float32)
    np.testing.assert_allclose(np.exp(found).sum(axis=1), 1.0, atol=1e-5)
    adapter = load_adapter(path)
    claim, text = PAIRS[0]
    ids, types = verifier.encode_pair(claim, TEXT, TITLE, most=(MAX_CLAIM, MAX_EVIDENCE))
    states = reference_states(kind, base.folder, merge(base.weights, adapter), ids, types)
    logits = adapter["head.weight"] @ np.concatenate([states[0], states.mean(axis=0)]) + adapter["head.bias"]
    expected = logits - np.log(np.exp(logits - logits.max()).sum()) - logits.max()
    np.testing.assert_allclose(verifier.verify([(claim, text)])[0], expected, atol=5e-3)
    # Neither the company of other pairs nor the order matters.
    alone = np.concatenate([verifier.verify([pair]) for pair in reversed(PAIRS)])[::-1]
    np.testing.assert_allclose(found, alone, atol=5e-3)
    assert not np.allclose(found[0], found[1]), "the title is read"


def test_verifying_nothing(bases: dict[str, Encoder], tmp_path: Path) -> None:
    verifier = AdaptedVerifier(bases["mpnet"], weights=small_adapter(tmp_path / "adapter", bases["mpnet"]))
    assert verifier.verify([]).shape == (0, 3)
    assert verifier.name == "verifier-3/small"


def test_a_pair_as_tokens(bases: dict[str, Encoder]) -> None:
    base = bases["bert"]
    tokenizer = base.tokenizer
    encode = AdaptedVerifier(base).encode_pair
    most = (MAX_CLAIM, MAX_EVIDENCE)
    ids, types = encode("who sank", "the ferry sank", "news", most=most)
    shown = tokenizer.decode(ids, skip_special_tokens=False)
    assert shown == "[CLS] who sank [SEP] the ferry sank [SEP] news [SEP] [SEP]"
    assert types == [0] * 4 + [1] * 4 + [0] * 3
    assert encode("who sank", "the ferry sank", most=most) == (ids[:8], types[:8])
    longest, _ = encode("w " * 300, "s " * 300, "t " * 300, most=most)
    assert len(longest) == 5 + MAX_CLAIM + MAX_EVIDENCE + MAX_TITLE


def test_a_pair_as_tokens_of_the_other_base(bases: dict[str, Encoder]) -> None:
    """With its own marks: two stops between the texts, as it was trained."""
    base = bases["mpnet"]
    ids, types = AdaptedVerifier(base).encode_pair("the ferry", "ran aground", "Fog", most=(9, 9))
    stops = [n for n, token in enumerate(ids) if token == base.shape.stop]
    assert ids[0] == base.shape.start
    assert len(stops) == 5
    assert stops[1] == stops[0] + 1
    assert stops[3] == stops[2] + 1
    assert stops[4] == len(ids) - 1
    assert types == [0] * (stops[1] + 1) + [1] * (stops[2] - stops[1]) + [0] * (len(ids) - stops[2] - 1)


def test_the_larger_base_reads_too(bases: dict[str, Encoder], tmp_path: Path) -> None:
    """A reader is the same code on either base: its words are exact."""
    base = bases["mpnet"]
    made: dict[str, Any] = {
        "head.weight": np.random.default_rng(0).normal(size=(3, 24)).astype(np.float32),
        "head.bias": np.zeros(3, np.float32),
    }
    save_file(made, tmp_path / "reader")
    sentences = ("The ferry ran aground.", "", "🦭 İ " * 200, "After it.")
    [readings] = Reader(base, weights=tmp_path / "reader").read("Who?", [Passage(title=TITLE, sentences=sentences)])
    assert len(readings) == 4
    for text, reading in zip(sentences, readings, strict=True):
        if reading.answer is not None:
            assert 0 <= reading.answer[0] < reading.answer[1] <= len(text)
            assert text[reading.answer[0] : reading.answer[1]].strip()


def test_context_is_left_out_where_there_is_none() -> None:
    assert with_context("The ferry sank.") == "The ferry sank."


def test_merge_adds_the_low_rank_product() -> None:
    own = "encoder.layer.0.attention.self.query"
    base = {f"{own}.weight": np.ones((2, 2), np.float32), f"{own}.bias": np.ones(2, np.float32)}
    base["other.weight"] = np.ones(2, np.float32)
    adapter = {
        f"{own}.a": np.array([[1.0, 2.0]], np.float32),
        f"{own}.b": np.array([[10.0], [20.0]], np.float32),
        f"{own}.bias": np.array([5.0, 6.0], np.float32),
        "head.bias": np.zeros(3, np.float32),
    }
    merged = merge(base, adapter)
    assert merged.keys() == base.keys()
    np.testing.assert_array_equal(merged[f"{own}.weight"], [[11, 21], [21, 41]])
    np.testing.assert_array_equal(merged[f"{own}.bias"], [5, 6])
    assert merged["other.weight"] is base["other.weight"]
    np.testing.assert_array_equal(base[f"{own}.weight"], [[1, 1], [1, 1]])


def test_a_damaged_adapter_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = ADAPTERS["built-in", READER]
    data = bytearray(shipped.read_bytes())
    data[-1] ^= 1
    (tmp_path / shipped.name).write_bytes(data)
    monkeypatch.setattr(adapters, "_WEIGHTS", tmp_path)
    passage = Passage(title="", sentences=(TEXT,))
    with pytest.raises(BylineError, match=r"is not the file that was shipped .*: reinstall byline\."):
        Reader(weights=tmp_path / shipped.name).read("Who?", [passage])
    with pytest.raises(BylineError, match="cannot be read"):
        Reader(weights=tmp_path / "absent").read("Who?", [passage])


def test_the_adapters_that_ship_are_small_and_whole() -> None:
    assert {("built-in", READER), ("built-in", VERIFIER)} <= ADAPTERS.keys()
    for path in ADAPTERS.values():
        assert path.stat().st_size < 10_000_000
        assert {"head.weight", "head.bias"} <= load_adapter(path).keys()
