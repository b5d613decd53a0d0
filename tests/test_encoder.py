"""The forward pass in NumPy is that of transformers: BERT and MPNet, small random ones and the real one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embeddings import BylineError
from embeddings.encoder import BERT_6, Encoder, _distances, _gelu
from embeddings.minilm import shared
from tests.models import encoder_of, reference_states, small_model, tokenizer_of

LONG = 150  # tokens: beyond the longest distance that has a bias of its own


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Encoder]:
    folder = tmp_path_factory.mktemp("small")
    bert = small_model(folder / "bert", "BertModel")
    mpnet = small_model(folder / "mpnet", "MPNetModel", tokenizer=tokenizer_of(is_paired_twice=True))
    return {"bert": encoder_of(bert, is_mpnet=False), "mpnet": encoder_of(mpnet, is_mpnet=True)}


def states(encoder: Encoder, rows: list[list[int]], types: list[list[int]] | None = None) -> list[np.ndarray[Any, Any]]:
    """Of each row by itself, computed in one batch that is padded."""
    longest = max(map(len, rows))
    ids = np.full((len(rows), longest), encoder.shape.pad, dtype=np.int64)
    mask, kinds = np.zeros(ids.shape, dtype=np.float32), np.zeros(ids.shape, dtype=np.int64)
    for n, row in enumerate(rows):
        ids[n, : len(row)], mask[n, : len(row)] = row, 1.0
        if types is not None:
            kinds[n, : len(row)] = types[n]
    found = encoder.states(encoder.joined(encoder.weights), ids, mask, kinds if types is not None else None)
    return [found[n, : len(row)] for n, row in enumerate(rows)]


def random_row(encoder: Encoder, length: int, seed: int = 0) -> list[int]:
    words = len(encoder.weights["embeddings.word_embeddings.weight"])
    drawn = np.random.default_rng(seed).integers(4, words, length - 2)
    return [encoder.shape.start, *map(int, drawn), encoder.shape.stop]


@pytest.mark.parametrize("kind", ["bert", "mpnet"])
@pytest.mark.parametrize("length", [2, 9, LONG])
def test_small_models_give_what_transformers_gives(small: dict[str, Encoder], kind: str, length: int) -> None:
    encoder = small[kind]
    row = random_row(encoder, length)
    types = [0] * (length // 2) + [1] * (length - length // 2)
    expected = reference_states(kind, encoder.folder, encoder.weights, row, types)
    assert np.abs(expected).max() > 0.5
    np.testing.assert_allclose(states(encoder, [row], [types])[0], expected, atol=2e-3)


def test_the_real_one_gives_what_transformers_gives() -> None:
    encoder = shared().encoder
    row = encoder.tokenizer.encode("The ferry Marigold ran aground.", "Who sank?").ids
    types = [0] * 9 + [1] * (len(row) - 9)
    expected = reference_states("bert", encoder.folder, encoder.weights, row, types)
    np.testing.assert_allclose(states(encoder, [row], [types])[0], expected, atol=1e-4)
    without = reference_states("bert", encoder.folder, encoder.weights, row, [0] * len(row))
    np.testing.assert_allclose(states(encoder, [row])[0], without, atol=1e-4)


@pytest.mark.parametrize("kind", ["bert", "mpnet"])
def test_padding_and_company_do_not_matter(small: dict[str, Encoder], kind: str) -> None:
    encoder = small[kind]
    rows = [random_row(encoder, n, seed=n) for n in (3, 40, 12)]
    for together, row in zip(states(encoder, rows), rows, strict=True):
        np.testing.assert_allclose(together, states(encoder, [row])[0], atol=1e-5)


def test_mpnet_tells_the_order_of_tokens_by_distance(small: dict[str, Encoder]) -> None:
    """Without the biases of distances another result comes out: they are there."""
    encoder = small["mpnet"]
    row = random_row(encoder, 20)
    blind = {**encoder.weights}
    blind["encoder.relative_attention_bias.weight"] = np.zeros_like(blind["encoder.relative_attention_bias.weight"])
    expected = reference_states("mpnet", encoder.folder, blind, row, [])
    assert np.abs(states(encoder, [row])[0] - expected).max() > 0.01


def test_distances_are_those_of_transformers() -> None:
    torch = pytest.importorskip("torch")
    from transformers.models.mpnet.modeling_mpnet import MPNetEncoder

    n = 400
    offset = torch.arange(n)[None, :] - torch.arange(n)[:, None]
    expected = MPNetEncoder.relative_position_bucket(offset, num_buckets=32)
    np.testing.assert_array_equal(_distances(n), expected.numpy())
    assert _distances(1).tolist() == [[0]]


def test_gelu_is_exact() -> None:
    torch = pytest.importorskip("torch")
    x = np.linspace(-9, 9, 4001, dtype=np.float32).reshape(-1, 1)
    expected = torch.nn.functional.gelu(torch.tensor(x)).numpy()
    np.testing.assert_allclose(_gelu(x.copy()), expected, atol=1e-6)


def test_queries_keys_and_values_are_joined(small: dict[str, Encoder]) -> None:
    encoder = small["mpnet"]
    joined = encoder.joined(encoder.weights)
    parts = [encoder.weights[f"encoder.layer.1.attention.self.{part}.weight"] for part in ("query", "key", "value")]
    np.testing.assert_array_equal(joined["1.qkv.weight"], np.concatenate(parts))
    assert joined["1.qkv.bias"].shape == (72,)
    assert "1.qkv.weight" not in encoder.weights


def test_nothing_is_read_before_the_first_use_and_then_only_what_was_published(tmp_path: Path) -> None:
    absent = Encoder(tmp_path / "absent", name="x", shape=BERT_6, sha256="", mend="make it anew")
    assert absent.name == "x"
    with pytest.raises(BylineError, match=r"tokenizer\.json is no tokenizer .*: make it anew\."):
        _ = absent.tokenizer
    with pytest.raises(BylineError, match=r"model\.safetensors cannot be read .*: make it anew\."):
        _ = absent.weights
    folder = small_model(tmp_path / "bert", "BertModel")
    other = encoder_of(folder, is_mpnet=False, sha256="0" * 64)
    with pytest.raises(BylineError, match=r"model\.safetensors is not the published small .*: make it anew\."):
        _ = other.weights
