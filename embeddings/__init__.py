"""Text to vectors. `load_embedder` names the kinds there are."""

from __future__ import annotations

import os

from embeddings.hashing import HashingEmbedder
from embeddings.keys import clean_key, openai_key
from embeddings.protocol import BylineError, Embedder, Vectors, unit_rows

__all__ = ["DEFAULT_EMBEDDER", "BylineError", "Embedder", "HashingEmbedder", "Vectors", "load_embedder", "unit_rows"]

DEFAULT_EMBEDDER = "minilm"


def load_embedder(spec: str = DEFAULT_EMBEDDER) -> Embedder:
    """The embedder that `spec` names:

    - `minilm`: all-MiniLM-L6-v2, packaged (the default);
    - `st:NAME` or `st:FOLDER`: any sentence-transformers model that is on this machine;
    - `openai:NAME`: an OpenAI-compatible endpoint at `$BYLINE_EMBEDDINGS_URL`, else at `$OPENAI_BASE_URL`, with the
      key in `$BYLINE_EMBEDDINGS_KEY`, else that in `$OPENAI_API_KEY` where the address is one it belongs to;
    - `hashing` or `hashing:DIM`: no model at all, for tests.

    Raises BylineError for any other name, and where the model or the address is missing.
    """
    kind, _, rest = spec.partition(":")
    if spec == DEFAULT_EMBEDDER:
        from embeddings.minilm import shared

        return shared()
    if kind == "hashing" and (not rest or (rest.isdecimal() and int(rest) >= 2)):
        return HashingEmbedder(int(rest or 256))
    if kind == "st" and rest:
        from embeddings.transformer import SentenceTransformerEmbedder

        return SentenceTransformerEmbedder(rest)
    if kind == "openai" and rest:
        from embeddings.endpoint import EndpointEmbedder

        base_url = os.environ.get("BYLINE_EMBEDDINGS_URL") or os.environ.get("OPENAI_BASE_URL")
        if not base_url:
            raise BylineError(
                f"the embedder {spec!r} needs the address of its endpoint: set BYLINE_EMBEDDINGS_URL, for example to "
                "http://localhost:11434/v1."
            )
        key = clean_key("BYLINE_EMBEDDINGS_KEY") or openai_key(base_url)
        return EndpointEmbedder(rest, base_url=base_url, api_key=key)
    raise BylineError(f"there is no embedder {spec!r}: use minilm, st:NAME, st:FOLDER, openai:NAME or hashing:DIM.")
