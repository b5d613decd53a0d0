"""Training in torch and reading in NumPy are the same model, on either base."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from embeddings.encoder import BERT_6, MPNET_12, Encoder, Shape, sha256_of
from evals.training.pairs import Label, Pair
from rag.models.adapter import load_adapter
from rag.models.reader import Passage, Reader
from rag.models.verifier import AdaptedVerifier, with_context

torch = pytest.importorskip("torch")

SIZE = {"hidden_size": 24, "num_attention_heads": 12, "intermediate_size": 32, "vocab_size": 120}
WORDS = "mira oster closed the port of lhun on friday it rained who did .".split()
PAIRS = [
    Pair(
        claim="mira closed the port", evidence="the port of lhun closed on friday .", title="port", label=Label.CARRIED
    ),
    Pair(claim="it rained", evidence="who did", label=Label.NOT_CARRIED),
]


def small_base(folder: Path, kind: str, shape: Shape) -> Encoder:
    """A base model of the kind with random weights and a tokenizer of words."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, MPNetConfig, MPNetModel

    torch.manual_seed(3)
    if kind == "minilm":
        model = BertModel(BertConfig(**SIZE, num_hidden_layers=shape.layers), add_pooling_layer=False)
    else:
        config = MPNetConfig(**SIZE, num_hidden_layers=shape.layers, pad_token_id=1, layer_norm_eps=shape.epsilon)
        model = MPNetModel(config, add_pooling_layer=False)
    model.save_pretrained(folder)
    vocabulary = {word: 4 + i for i, word in enumerate(WORDS)} | {"[UNK]": 3}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    assert json.loads((folder / "config.json").read_text(encoding="utf-8"))["hidden_size"] == 24
    sha256 = sha256_of(folder / "model.safetensors")
    return Encoder(folder, name=f"small-{kind}", shape=shape, sha256=sha256, mend="make it again")


@pytest.fixture(params=[("minilm", BERT_6), ("mpnet", MPNET_12)], ids=["minilm", "mpnet"], scope="module")
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return small_base(tmp_path_factory.mktemp("base"), *request.param)


def disturbed(model: torch.nn.Module) -> None:
    """Every change of the base made other than zero."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.3)


def test_the_verifier_says_what_was_trained(base: Encoder, tmp_path: Path) -> None:
    from evals.training.fit_verifier import PairEncoder, encoded

    model = PairEncoder(base, rank=4)
    disturbed(model)
    model.save(path := tmp_path / "verifier.safetensors")
    tokens = [tokens for tokens, _ in encoded(PAIRS, base)]
    with torch.no_grad():
        ours = model(*model.padded(tokens)).log_softmax(dim=1).numpy()
    found = AdaptedVerifier(base, weights=path).verify([(p.claim, with_context(p.evidence, p.title)) for p in PAIRS])
    assert np.allclose(ours, found, atol=0.05)
    assert {str(t.dtype) for t in load_file(path).values()} == {"float16", "float32"}


def test_the_reader_reads_as_was_trained(base: Encoder, tmp_path: Path) -> None:
    from evals.training.fit_reader import PassageEncoder, load_model, logits_of, mean_of
    from rag.models.reader import encode_passage, readings_of

    model = PassageEncoder(base, rank=4)
    disturbed(model)
    model.save(path := tmp_path / "reader.safetensors")
    passage = Passage(title="port", sentences=("it rained .", "mira oster closed the port on friday ."))
    encoded = encode_passage(base, "who did", passage.sentences, passage.title)
    ours = readings_of(encoded, logits_of(load_model(base, load_adapter(path)), [encoded])[0])
    (found,) = Reader(base, weights=path).read("who did", [passage])
    for one, other in zip(ours, found, strict=True):
        assert one.answer == other.answer
        assert one.score == pytest.approx(other.score, abs=0.05)
    mean_of(path, path, tmp_path / "mean.safetensors")
    before, after = load_file(path), load_file(tmp_path / "mean.safetensors")
    assert all(np.array_equal(before[name], after[name]) for name in before)


def load_file(path: Path) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    found: dict[str, np.ndarray] = load_file(str(path))
    return found


def test_training_takes_up_an_adapter_and_lowers_the_loss(
    base: Encoder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from evals.training.adapters import rank_of, train
    from evals.training.fit_verifier import PairEncoder, encoded, loss_of

    path = tmp_path / "verifier.safetensors"
    rows = encoded(PAIRS, base)

    def loss(model: PairEncoder) -> torch.Tensor:
        return loss_of(model(*model.padded([tokens for tokens, _ in rows])), [label for _, label in rows])

    model = PairEncoder(base, rank=4)
    before = loss(model).item()
    train(model, [rows] * 60, lambda batch: loss(model), rate=0.01, minutes=5, out=path, watch=lambda: "watched")
    assert loss(model).item() < before / 2
    assert "watched" in capsys.readouterr().out
    tensors = load_adapter(path)
    assert rank_of(tensors) == 4
    again = PairEncoder(base, rank=4)
    again.restore(tensors)
    assert loss(again).item() == pytest.approx(loss(model).item(), abs=0.02)
    # A head with other outputs is left aside, the changes of another rank are refused.
    again.restore({"head.weight": np.zeros((1, 48), dtype=np.float32)})
    with pytest.raises(ValueError, match="of another base or rank"):
        PairEncoder(base, rank=2).restore(tensors)
    with pytest.raises(ValueError, match="no adapter"):
        rank_of({"head.weight": np.zeros((1, 48))})


def test_what_is_only_not_carried_may_be_either_of_the_others() -> None:
    from evals.training.fit_verifier import loss_of

    logits = torch.tensor([[0.0, 9.0, 0.0], [0.0, 0.0, 9.0]])
    assert float(loss_of(logits, [Label.NOT_CARRIED, Label.NOT_CARRIED])) < 0.001
    assert float(loss_of(logits, [Label.CONTRADICTED, Label.NOT_THERE])) < 0.001
    assert float(loss_of(logits, [Label.NOT_THERE, Label.CONTRADICTED])) > 8.0
    assert float(loss_of(logits, [Label.CARRIED, Label.CARRIED])) > 8.0
