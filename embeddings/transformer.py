"""Any sentence-transformers model, from a folder or from the local model cache, on torch."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from embeddings.protocol import BylineError, Vectors, unit_rows

Dtype = Literal["auto", "float32", "bfloat16"]
BATCH = 32


class SentenceTransformerEmbedder:
    """A sentence-transformers model by name or folder.

    Nothing is downloaded: a name must be in the local Hugging Face cache already. Queries and passages go through
    the model's own prompts. `dtype="auto"` takes bfloat16 on CPUs with bf16 matrix units, where it is several times
    as fast at the same retrieval quality, else float32.

    Raises BylineError where there is no such model.
    """

    def __init__(self, model: str | Path, *, name: str | None = None, dtype: Dtype = "auto") -> None:
        folder = Path(os.path.expanduser(model))
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        # torch and transformers take ten seconds to import: only here, where they are used.
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        chosen = torch.bfloat16 if dtype == "bfloat16" or (dtype == "auto" and has_bf16_units()) else torch.float32
        try:
            self._model: Any = SentenceTransformer(
                str(folder) if folder.is_dir() else str(model),
                device="cpu",
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"dtype": chosen},
            )
        except (OSError, ValueError) as error:
            raise BylineError(
                f"no sentence-transformers model at {str(model)!r}: give a folder, or fetch the model first with "
                f"`hf download {model}`."
            ) from error
        self.name = name or f"st:{model}" + (f"@{_fingerprint(folder)}" if folder.is_dir() else "")
        self.dim = int(self._model.get_embedding_dimension() or 0)
        self.max_tokens = int(self._model.max_seq_length or 512)

    def n_tokens(self, text: str) -> int:
        return len(self._model.tokenizer(text, truncation=False, verbose=False)["input_ids"])

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encode(self._model.encode_query, texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode(self._model.encode_document, texts)

    def _encode(self, encode: Any, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        rows = encode(list(texts), batch_size=BATCH, show_progress_bar=False, convert_to_numpy=True)
        return unit_rows(rows)


def has_bf16_units() -> bool:
    """Whether this CPU multiplies bf16 matrices in hardware (x86 AMX, Arm BFMMLA).

    AVX512_BF16 alone is not enough: measured, bf16 is slower than float32 there.
    """
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
            flags = next((line for line in info if line.lower().startswith(("flags", "features"))), "").split()
    except OSError:
        return False
    return "amx_bf16" in flags or ("bf16" in flags and "i8mm" in flags)


def _fingerprint(folder: Path) -> str:
    """Ten hex digits that change when the model in a folder does: names and sizes of all files, the content of the
    small ones, and both ends of the weights (reading gigabytes at each start would not do)."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".")):
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder)}:{size}".encode())
        with path.open("rb") as file:
            digest.update(file.read(1 << 20))
            if size > 1 << 20:
                file.seek(-min(size, 1 << 20), os.SEEK_END)
                digest.update(file.read())
    return digest.hexdigest()[:10]
