"""Trying a language model out: which prompt it is best asked with, and what the command says of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag import cli
from rag.answers.trial import QUESTIONS, try_model
from rag.errors import ModelError, PromptTooLong
from rag.models.prompts import FULL, PROMPTS, REFUSAL, SHORT
from rag.settings import Settings
from tests.servers import Fake, Request, fake_server, gguf_file, pieces, says
from tests.test_prompts import TRUE, WHO

RIGHT = [
    "All 212 people on board were brought ashore [{1}].",
    "Odile Brandvik was captain of the Marigold [{1}]. The harbour authority will pay 4 million crowns [{3}].",
    REFUSAL,
]


class Follower:
    """A model that answers each of the questions from `answers`, `{n}` being the number of what passage n begins with;
    with the full prompt from `full`."""

    name = "openai:follower"

    def __init__(self, answers: list[str], full: list[str] | Exception | None = None) -> None:
        self._answers, self._full = answers, answers if full is None else full

    def generate(self, system: str, user: str, *, max_tokens: int) -> Iterator[str]:
        answers = self._full if system == FULL.system else self._answers
        if isinstance(answers, Exception):
            raise answers
        (place,) = (n for n, question in enumerate(QUESTIONS) if user.endswith(question.text))
        begins = ["Marrow Hill opened", "The ferry Marigold", "The island's school", "The harbour authority will"]
        numbers = [
            next(line.split("]")[0][1:] for line in user.split("\n") if line.startswith("[") and words in line)
            for words in begins
        ]
        yield re.sub(r"\{(\d)\}", lambda m: numbers[int(m[1])], answers[place])


@pytest.mark.parametrize(
    ("answers", "full", "style", "short"),
    [
        (RIGHT, None, "short", (True, True, True, 2)),
        (RIGHT, [REFUSAL] * 3, "short", (True, True, True, 2)),
        ([*RIGHT[:2], "A shipyard in Quillport built it [{1}]."], RIGHT, "full", (True, False, True, 2)),
        ([re.sub(r" ?\[\{\d\}\]", "", one) for one in RIGHT], RIGHT, "full", (False, True, True, 2)),
        ([one.replace("{1}", "99") for one in RIGHT], RIGHT, "full", (False, True, True, 2)),
        (["All 217 people were brought ashore [{1}].", *RIGHT[1:]], RIGHT, "full", (True, True, False, 1)),
        ([f"{RIGHT[0]} Whales sing loudly.", *RIGHT[1:]], RIGHT, "full", (True, True, False, 2)),
        ([REFUSAL] * 3, [REFUSAL] * 3, "short", (False, True, False, 0)),
        (RIGHT, PromptTooLong("too long"), "short", (True, True, True, 2)),
    ],
)
def test_a_model_that_is_tried(answers: list[str], full: Any, style: str, short: tuple[bool, bool, bool, int]) -> None:
    tried = try_model(Follower(answers, full), Settings())
    found = tried["prompts"]["short"]
    assert (found["cites"], found["refuses"], found["follows"], found["right"]) == short
    assert tried["style"] == style
    assert len(found["questions"]) == 3
    assert ("failed" in tried["prompts"]["full"]) == isinstance(full, Exception)
    json.dumps(tried)


def test_a_model_into_which_nothing_fits() -> None:
    class Tiny(Follower):
        def generate(self, system: str, user: str, *, max_tokens: int) -> Iterator[str]:
            raise PromptTooLong("too long")

    with pytest.raises(ModelError, match="no prompt fits into openai:follower"):
        try_model(Tiny(RIGHT), Settings())


def run(*args: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = cli.main(args)
    out, err = capsys.readouterr()
    return status, out, err


def refuses_long_prompts(request: Request) -> None:
    """As a real model of 1.5 billion parameters does: with rules and a sentence for refusing it refuses everything."""
    asked = request.server.requests[-1]["messages"]  # type: ignore[attr-defined]
    system, user = asked[0]["content"], asked[-1]["content"]
    request.stream(
        *pieces(REFUSAL if system == FULL.system else "".join(Follower(RIGHT).generate(system, user, max_tokens=9)))
    )


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    with fake_server() as fake:
        monkeypatch.setenv("BYLINE_MODEL_URL", fake.url)
        yield fake


def test_the_command_says_how_a_model_did_and_remembers_it(
    server: Fake, sample_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.behave = refuses_long_prompts
    status, out, err = run("models", "test", "openai:big-70b", "--json", capsys=capsys)
    found = json.loads(out)
    assert (status, found["style"]) == (0, "short")
    assert found["prompts"]["full"]["right"] == 0
    assert found["prompts"]["short"]["cites"] is found["prompts"]["short"]["refuses"] is True
    assert Path(found["kept"]).is_file()
    assert "short: How many people" in err
    server.requests.clear()
    run(
        "ask",
        WHO,
        "--model",
        "openai:big-70b",
        "--library",
        str(sample_folder),
        capsys=capsys,
    )
    assert server.requests[0]["messages"][0]["content"] == SHORT.system, "auto knows"
    status, out, _ = run("models", "test", "openai:big-70b", capsys=capsys)
    assert "short  2 of 2 answers right; cites, refuses, follows;" in out
    assert "full   0 of 2 answers right; does not cite, refuses, does not follow;" in out
    assert "openai:big-70b is best asked with the short prompt." in out


def test_a_style_by_hand(server: Fake, sample_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server.behave = says(f"{TRUE} [1].")
    asked = (
        "ask",
        WHO,
        "--model",
        "openai:m",
        "--library",
        str(sample_folder),
        "--json",
    )
    _, out, _ = run(*asked, "--prompt-style", "full", capsys=capsys)
    assert json.loads(out)["prompt_version"] == FULL.version
    status, out, err = run(*asked, "--prompt-style", "long", capsys=capsys)
    assert (status, out) == (2, "")
    assert err == "byline: --prompt-style: prompt_style must be auto, short or full, not 'long'.\n"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("extractive", "extractive quotes and writes nothing: name openai:NAME"),
        ("oracle", "there is no model 'oracle'"),
        ("gguf:/no/such.gguf", "cannot be read"),
        ("openai:m", "http://127.0.0.1:9/v1"),
        (" ", "--model: model must be"),
    ],
)
def test_what_cannot_be_tried_is_one_sentence(
    name: str, message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BYLINE_MODEL_URL", "http://127.0.0.1:9/v1")
    status, out, err = run("models", "test", name, "--json", capsys=capsys)
    assert (status, out) == (2, "")
    assert message in err.splitlines()[-1]
    assert err.splitlines()[-1].startswith("byline: ")


def test_where_nothing_can_be_kept_it_is_said(
    server: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.behave = refuses_long_prompts
    (tmp_path / "file").touch()
    monkeypatch.setenv("BYLINE_MODELS", str(tmp_path / "file" / "models"))
    status, out, err = run("models", "test", "openai:m", "--json", capsys=capsys)
    assert (status, json.loads(out)["kept"]) == (1, None)
    assert "the result cannot be kept in" in err


@pytest.mark.timeout(900)
def test_a_real_model_is_tried(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run("models", "test", f"gguf:{gguf_file()}", "--json", capsys=capsys)
    found = json.loads(out)
    assert status == 0
    assert found["model"] == f"gguf:{gguf_file().name}"
    for style, tried in found["prompts"].items():
        assert tried["version"] == PROMPTS[style].version
        assert all(one["text"] for one in tried["questions"])
