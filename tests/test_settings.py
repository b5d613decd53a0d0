"""Settings come from a flag, the environment, the library's file or a default, in this order; keys stay at home."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from rag import BylineError, Library
from rag.options import OF_THE_ENVIRONMENT, SETTINGS, table
from rag.settings import FILE, OPENAI_URL, Settings, api_key, load_settings, same_origin
from tests.servers import KEY, fake_server, says

ROOT = Path(__file__).parent.parent
EVIL = "http://evil.example/v1"


def written(folder: Path, text: str) -> Path:
    (folder / FILE).write_text(text, encoding="utf-8")
    return folder


def test_defaults(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert (settings.model, settings.model_url) == ("extractive", OPENAI_URL)
    assert set(settings.origin.values()) == {"default"}


def test_each_source_goes_before_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, 'model = "openai:file"\nmodel_url = "http://file/v1"\nmodel_context = 1024\nmodel_timeout = 7\n')
    settings = load_settings(tmp_path)
    assert (settings.model, settings.model_url) == ("openai:file", "http://file/v1")
    assert (settings.model_context, settings.model_timeout) == (1024, 7)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://usual/v1")
    assert load_settings(tmp_path).model_url == "http://usual/v1"
    monkeypatch.setenv("BYLINE_MODEL_URL", "http://environment/v1")
    monkeypatch.setenv("BYLINE_MODEL_CONTEXT", "2048")
    monkeypatch.setenv("BYLINE_MODEL_TIMEOUT", "1.5")
    monkeypatch.setenv("BYLINE_MODEL_MAX_TOKENS", "900")
    settings = load_settings(tmp_path, model="openai:flag")
    assert (settings.model, settings.model_url) == ("openai:flag", "http://environment/v1")
    assert (settings.model_context, settings.model_timeout, settings.model_max_tokens) == (2048, 1.5, 900)
    assert settings.origin == {
        "model": "flag",
        "model_url": "environment",
        "model_context": "environment",
        "model_timeout": "environment",
        "model_max_tokens": "environment",
        "fields": "default",
        "reader": "default",
        "rerank": "default",
        "checker": "default",
        "check_with_model": "default",
        "prompt_style": "default",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model = extractive", "is not TOML (at line 1, column 9)"),
        (
            '# mine\nmodell = "openai:x"',
            "settings.toml, line 2: there is no setting 'modell'; there are model, model_url",
        ),
        ("\n\nmodel = 5", "settings.toml, line 3: model must be a text such as openai:NAME."),
        ('model = ""', "line 1: model must be a text"),
        ('model_context = "big"', "line 1: model_context must be a whole number from 512 to 1048576."),
        ("model_context = true", "line 1: model_context must be a whole number"),
        ("model_context = 12", "line 1: model_context must be a whole number"),
        ("model_timeout = nan", "line 1: model_timeout must be a number of seconds from 1 to 3600."),
        ("model_max_tokens = 2", "line 1: model_max_tokens must be a whole number from 64 to 131072."),
        ("[model]\nname = 1", "line 1: model must be a text"),
        (f'openai_api_key = "{KEY}"', "line 1: 'openai_api_key' does not belong there, no key does"),
        (f'[keys]\nopenai = "{KEY}"', "'keys' does not belong there"),
    ],
)
def test_a_wrong_file_is_one_sentence_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BylineError) as raised:
        load_settings(written(tmp_path, text))
    assert message in str(raised.value)
    assert KEY not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"model = '\xff'")
    with pytest.raises(BylineError, match="it is not UTF-8"):
        load_settings(tmp_path)
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).mkdir()
    with pytest.raises(BylineError, match="cannot be read"):
        load_settings(tmp_path)


@pytest.mark.parametrize("variable", ["BYLINE_MODEL_CONTEXT", "BYLINE_MODEL_TIMEOUT", "BYLINE_MODEL_MAX_TOKENS"])
def test_a_wrong_variable_is_named(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "much")
    with pytest.raises(BylineError, match=f"{variable}: model_"):
        load_settings()


def test_a_key_goes_to_its_own_address_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "openai's")
    monkeypatch.setenv("BYLINE_MODEL_KEY", "own")
    assert api_key(OPENAI_URL) == "openai's"
    assert api_key("https://api.openai.com:443/v1/") == "openai's"
    for other in (
        EVIL,
        "http://api.openai.com/v1",
        "https://api.openai.com.evil.example/v1",
        "http://127.0.0.1:8080/v1",
    ):
        assert api_key(other) is None
    assert api_key("https://api.openai.com@evil.example/v1") is None
    assert api_key("http://10.0.0.1:8000/v1", from_flag=True) == "own"
    monkeypatch.setenv("BYLINE_MODEL_URL", "http://gateway.example/v1")
    assert api_key("http://gateway.example/v1") == "own"
    assert api_key("http://10.0.0.1:8000/v1", from_flag=True) is None
    monkeypatch.setenv("OPENAI_BASE_URL", "http://proxy.example/v1")
    assert api_key("http://proxy.example/v1") == "openai's"
    assert api_key(EVIL) is None


@pytest.mark.parametrize("key", ["sk-a\nb", "sk-\x00", "schlüssel"])
def test_a_key_that_no_header_can_carry_is_not_shown(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "\0" not in key:
        monkeypatch.setenv("OPENAI_API_KEY", key)
        with pytest.raises(BylineError, match="OPENAI_API_KEY holds characters that no key has") as raised:
            api_key(OPENAI_URL)
        assert key not in str(raised.value)
    monkeypatch.setenv("OPENAI_API_KEY", " sk-fine\n")
    assert api_key(OPENAI_URL) == "sk-fine"


def test_origins() -> None:
    assert same_origin("http://a/v1", "http://A:80/")
    assert not same_origin("http://a/v1", "https://a/v1")
    assert not same_origin("http://a:1/v1", "http://a:2/v1")
    assert not same_origin("http://a:x", "http://a:x")


def test_a_library_of_somebody_else_gets_no_key(own_sample: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its settings name an address; the reader's keys do not go there."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("BYLINE_MODEL_URL", "")
    with fake_server() as server:
        server.behave = says("Karim Khan is the chief prosecutor of the ICC.")
        written(own_sample.path, f'model = "openai:m"\nmodel_url = "{server.url}"\n')
        answer = own_sample.ask("Who is Karim Khan?")
        assert answer.model == "openai:m"
        assert "authorization" not in server.requests[0]["headers"]
        assert own_sample.ask("Who is Karim Khan?", model="extractive").model == "extractive"
        assert len(server.requests) == 1


def test_settings_do_not_need_a_folder() -> None:
    assert load_settings() == load_settings(Path("/nowhere"))
    assert isinstance(load_settings(), Settings)


def test_every_variable_of_the_environment_is_in_the_table() -> None:
    """What the code, the tests and the documents name must be what help, errors and MODELS.md are made from."""
    known = {*OF_THE_ENVIRONMENT, *(variable for one in SETTINGS.values() for variable in one.variables)}
    files = [
        *(path for room in ("embeddings", "rag", "ui", "evals", "tests") for path in (ROOT / room).rglob("*.*")),
        *(ROOT / name for name in ("Makefile", "README.md", "CONTRIBUTING.md")),
    ]
    texts = {path: path.read_text(encoding="utf-8") for path in files if path.suffix in (".py", ".md", ".js", "")}
    named = {(name, str(path)) for path, text in texts.items() for name in re.findall(r"\bBYLINE_[A-Z_]+\b", text)}
    assert {pair for pair in named if pair[0] not in known} == set()
    read = {name for name, path in named if not path.endswith(("options.py", ".md"))}
    assert read >= {*OF_THE_ENVIRONMENT}, "one that nobody reads"


def test_the_page_about_models_has_the_table() -> None:
    assert table() in (ROOT / "rag" / "models" / "MODELS.md").read_text(encoding="utf-8")


def test_each_default_is_one_that_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [one.name for one in fields(Settings)][:-1] == [*SETTINGS]
    for one in SETTINGS.values():
        for variable in one.variables[:1]:
            monkeypatch.setenv(variable, str(one.default))
    settings = load_settings()
    assert {name: getattr(settings, name) for name in SETTINGS} == {name: one.default for name, one in SETTINGS.items()}
