"""Small transformers with random weights, saved as published ones are, and transformers' own forward pass."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from embeddings.encoder import Encoder, Shape, sha256_of

WORDS = """
    The ferry Marigold ran aground off Zebb Island on Tuesday night with 212 people on board . All of them were brought
    ashore by the fishing fleet of Quillport ! Captain Odile Brandvik said a buoy had gone missing from its place ? Who
    is the captain " harbour authority , will pay 4 million crowns for new buoys ; fog covered bay afternoon 🦭 İ é ß
""".split()
START, PAD, STOP, UNKNOWN = "<s>", "<pad>", "</s>", "[UNK]"


def tokenizer_of(*, is_byte_level: bool = False, is_paired_twice: bool = False) -> Any:
    """A fast tokenizer with START 0, PAD 1, STOP 2: word pieces, or bytes, whose tokens hold the blank before them."""
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE() if is_byte_level else models.WordPiece(unk_token=UNKNOWN))
    special = [START, PAD, STOP, UNKNOWN]
    if is_byte_level:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer: Any = trainers.BpeTrainer(special_tokens=special, vocab_size=600, initial_alphabet=alphabet)
    else:
        tokenizer.normalizer = normalizers.BertNormalizer()
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer = trainers.WordPieceTrainer(special_tokens=special, vocab_size=200)
    tokenizer.train_from_iterator([" ".join(WORDS)] * 3, trainer)
    between = f"{STOP} {STOP}" if is_paired_twice else STOP
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {STOP}",
        pair=f"{START} $A {between} $B:1 {STOP}:1",
        special_tokens=[(START, 0), (STOP, 2)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=START, eos_token=STOP, pad_token=PAD, unk_token=UNKNOWN, cls_token=START,
        sep_token=STOP,
    )  # fmt: skip


def small_model(folder: Path, kind: str, *, tokenizer: Any = None, seed: int = 0, **config: Any) -> Path:
    """Save a tiny model of transformers with random weights, such as `BertForQuestionAnswering`, into `folder`."""
    import torch
    import transformers

    tokenizer = tokenizer or tokenizer_of()
    architecture = next(name for name in ("MPNet", "Bert") if kind.startswith(name))
    sizes = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 40}
    more = {"initializer_range": 0.5, "max_position_embeddings": 200, "pad_token_id": 1, **config}
    made = getattr(transformers, f"{architecture}Config")(vocab_size=len(tokenizer), **sizes, **more)
    torch.manual_seed(seed)
    model = getattr(transformers, kind)(made).eval()
    for name, tensor in model.named_parameters():  # biases and norms that a mistake would show in
        if tensor.ndim == 1:
            torch.nn.init.normal_(tensor, 1.0 if "LayerNorm.weight" in name else 0.0, 0.2)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def encoder_of(folder: Path, *, is_mpnet: bool, **wrong: Any) -> Encoder:
    shape = Shape(
        layers=2,
        heads=3,
        epsilon=1e-5 if is_mpnet else 1e-12,
        first_position=2 if is_mpnet else 0,
        start=0,
        stop=2,
        pad=1,
        is_paired_twice=is_mpnet,
    )
    sha256 = sha256_of(folder / "model.safetensors")
    return Encoder(folder, **{"name": "small", "shape": shape, "sha256": sha256, "mend": "make it anew", **wrong})


def reference_states(
    kind: str, folder: Path, weights: Mapping[str, Any], ids: list[int], types: list[int]
) -> np.ndarray[Any, Any]:
    """transformers' last hidden states, (tokens, dim), under weights that are named as BERT's."""
    import torch
    import transformers

    classes = {"bert": transformers.BertModel, "mpnet": transformers.MPNetModel}
    model = classes[kind].from_pretrained(folder, add_pooling_layer=False, dtype=torch.float32).eval()
    state = {_name(kind, name): torch.tensor(np.asarray(w)) for name, w in weights.items()}
    known = model.state_dict()
    model.load_state_dict({name: state[name] for name in known if name in state}, strict=False)
    given: dict[str, Any] = {"input_ids": torch.tensor([ids])}
    if kind == "bert":
        given["token_type_ids"] = torch.tensor([types])
    with torch.no_grad():
        return np.asarray(model(**given)[0][0])


def _name(kind: str, name: str) -> str:
    if kind == "bert":
        return name
    for ours, theirs in (("self.query", "attn.q"), ("self.key", "attn.k"), ("self.value", "attn.v")):
        name = name.replace(f"attention.{ours}.", f"attention.{theirs}.")
    name = name.replace("attention.output.dense.", "attention.attn.o.")
    return name.replace("attention.output.LayerNorm.", "attention.LayerNorm.")
