"""`byline models`: what can be used now, and what would make the rest usable."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag import cli
from rag.models import available as models
from rag.settings import load_settings
from tests.servers import KEY, Fake, Request, fake_server, gguf_file, llama_server

LISTED = json.dumps({"data": [{"id": "llama3.2:1b"}, {"id": "qwen3"}, {"id": "bad\nname"}]})


@pytest.fixture
def server() -> Iterator[Fake]:
    with fake_server() as running:
        running.behave = lambda request: request.reply(200, LISTED)
        yield running


@pytest.fixture(autouse=True)
def nobody_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever runs on the machine of whoever runs the tests."""
    monkeypatch.setattr(models, "LOCAL_SERVERS", (("Ollama", "http://127.0.0.1:9/v1", "ollama serve"),))


def listed() -> dict[str, Any]:
    found = models.list_models(load_settings())
    assert all(set(entry) == {"name", "usable", "why", "mend"} for entry in found)
    assert all(entry["usable"] is (not entry["mend"]) for entry in found)
    return {entry["name"]: entry for entry in found}


def test_with_nothing_set_up() -> None:
    found = listed()
    assert found["extractive"]["usable"]
    assert found["gguf:PATH"]["usable"]
    assert found["openai:NAME"]["mend"] == "export OPENAI_API_KEY=…"
    assert found["anthropic:NAME"]["mend"] == "export ANTHROPIC_API_KEY=…"
    assert found["openai:NAME (Ollama)"]["why"] == "http://127.0.0.1:9/v1: nothing answers there"
    assert found["openai:NAME (Ollama)"]["mend"] == "ollama serve"


def test_without_the_package_for_gguf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.models.gguf.is_installed", lambda: False)
    assert listed()["gguf:PATH"]["mend"].startswith("pip install 'xllamacpp")


def test_the_file_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"gguf:{gguf_file()}"
    monkeypatch.setenv("BYLINE_MODEL", name)
    assert listed()[name]["usable"]
    monkeypatch.setenv("BYLINE_MODEL", "gguf:/gone.gguf")
    assert not listed()["gguf:/gone.gguf"]["usable"]


def test_an_endpoint_that_is_set(server: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BYLINE_MODEL_URL", server.url)
    monkeypatch.setenv("BYLINE_MODEL_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", "another")
    found = listed()
    assert found["openai:llama3.2:1b"]["usable"]
    assert found["openai:qwen3"]["why"] == f"offered at {server.url}"
    assert not any("bad" in name for name in found)
    assert [request["path"] for request in server.requests] == ["/v1/models"]
    assert server.requests[0]["headers"]["authorization"] == f"Bearer {KEY}"


def test_a_server_that_happens_to_run_is_sent_no_key(server: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "LOCAL_SERVERS", (("Ollama", server.url, "ollama serve"),))
    monkeypatch.setenv("BYLINE_MODEL_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    found = listed()
    assert not found["openai:qwen3"]["usable"], "it is not the address that is set"
    assert found["openai:qwen3"]["mend"] == f"export BYLINE_MODEL_URL={server.url}"
    assert [set(request["headers"]) & {"authorization", "x-api-key"} for request in server.requests] == [set()]


def test_anthropic(server: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url.removesuffix("/v1"))
    assert listed()["anthropic:qwen3"]["usable"]
    assert server.requests[0]["headers"]["x-api-key"] == KEY
    server.behave = lambda request: request.reply(401, KEY)
    assert "refuses the key" in listed()["anthropic:NAME"]["why"]


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (401, KEY, "it refuses the key, or wants one (HTTP 401)"),
        (404, "", "it does not list its models (HTTP 404)"),
        (307, "", "it does not list its models (HTTP 307)"),
        (200, "<html>", "it does not speak the OpenAI format"),
        (200, '{"data": 5}', "it does not speak the OpenAI format"),
        (200, '{"data": [{}]}', "it does not speak the OpenAI format"),
        (200, "[" * 100_000, "it does not speak the OpenAI format"),
    ],
)
def test_an_endpoint_that_is_none(
    server: Fake, status: int, body: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def behave(request: Request) -> None:
        request.reply(status, body, Location="http://127.0.0.1:9/v1/models")

    server.behave = behave
    monkeypatch.setenv("BYLINE_MODEL_URL", server.url.replace("//", "//user:hunter2@"))
    found = listed()
    assert why in found["openai:NAME"]["why"]
    assert "hunter2" not in json.dumps(found)
    assert KEY not in json.dumps(found)


def test_a_server_that_hangs_does_not_hold_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket
    import time

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        monkeypatch.setattr(models, "LOCAL_SERVERS", (("Ollama", url, "ollama serve"),))
        started = time.perf_counter()
        assert "does not answer (ReadTimeout)" in listed()["openai:NAME (Ollama)"]["why"]
        assert time.perf_counter() - started < 3


def test_a_real_server(monkeypatch: pytest.MonkeyPatch) -> None:
    with llama_server(n_context=512) as (url, key):
        monkeypatch.setenv("BYLINE_MODEL_URL", url)
        monkeypatch.setenv("BYLINE_MODEL_KEY", key)
        found = listed()
        (name,) = [name for name in found if "SmolLM2" in name]
        assert found[name]["usable"]
        # What it lists can be asked.
        model = models_by(name)
        assert "".join(model.generate("Be brief.", "Say yes.", max_tokens=5))


def models_by(name: str) -> Any:
    from rag.models.clients import load_language_model

    return load_language_model(name)


def test_the_command(server: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library = str(tmp_path / "library")
    assert cli.main(["models", "--json", "--library", library, "--model-url", server.url]) == 0
    found = json.loads(capsys.readouterr().out)["models"]
    assert {"name": "openai:qwen3", "usable": True, "why": f"offered at {server.url}", "mend": ""} in found
    assert cli.main(["models", "--library", library]) == 0
    out = capsys.readouterr().out
    assert "ready  extractive: built in" in out
    assert "       export OPENAI_API_KEY=…" in out
    assert not Path(library).exists()
    Path(library).mkdir()
    Path(library, "settings.toml").write_text("model = 5")
    assert cli.main(["models", "--library", library]) == 2
    assert "settings.toml, line 1: model must be a text" in capsys.readouterr().err
