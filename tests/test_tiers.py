"""Which reader and which checker are in use, by setting, flag and what is there; and what says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from embeddings.minilm import shared
from rag import BylineError, Library, cli
from rag.doctor import examine
from rag.models import larger, tiers
from rag.models.adapter import ADAPTERS, READER, VERIFIER
from rag.models.reader import Passage, Reader
from rag.models.tiers import in_use, load_reader, load_verifier, tier_of
from rag.options import CHECKERS, READERS, in_words
from rag.settings import FILE, load_settings
from tests.models import small_model


@pytest.fixture(autouse=True)
def nothing_loaded() -> None:
    tiers.load_model.cache_clear()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BYLINE_MODELS", str(tmp_path / "models"))
    return tmp_path / "models" / larger.NAME


@pytest.fixture
def adapters(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version of Byline with adapters for both tiers."""
    for kind in (READER, VERIFIER):
        monkeypatch.setitem(ADAPTERS, ("accurate", kind), place.parent / f"{kind}.safetensors")


def install(place: Path) -> None:
    place.mkdir(parents=True)
    for file in larger.SHA256:
        (place / file).write_bytes(b"not the real one")


def both(**flags: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    found = in_use(load_settings(**flags))
    assert found.keys() == {"reader", "checker"}
    for entry in found.values():
        assert entry.keys() == {"spec", "tier", "base", "usable", "why", "mend"}
        assert entry["usable"] or entry["mend"]
    return found["reader"], found["checker"]


def test_without_the_larger_base(adapters: None, place: Path) -> None:
    for entry in both():
        assert (entry["spec"], entry["tier"], entry["base"]) == ("auto", "built-in", "all-MiniLM-L6-v2")
        assert entry["usable"]
        assert entry["why"] == f"the larger base model is not at {place}"
        assert entry["mend"] == "byline models get accurate"
    for entry in both(reader="accurate", checker="accurate"):
        assert (entry["tier"], entry["base"], entry["usable"]) == ("accurate", "all-mpnet-base-v2", False)
        assert entry["why"] == f"given by hand, but the larger base model is not at {place}"
        assert entry["mend"] == "byline models get accurate"
    assert tier_of("auto", READER) == "built-in"
    with pytest.raises(BylineError, match=r"the accurate models are not at .*: run `byline models get accurate`"):
        load_reader("accurate")
    with pytest.raises(BylineError, match="the accurate models are not at"):
        load_verifier("accurate")


def test_with_the_larger_base(adapters: None, place: Path) -> None:
    install(place)
    for entry in both():
        assert (entry["tier"], entry["base"], entry["usable"]) == ("accurate", "all-mpnet-base-v2", True)
        assert entry["why"] == f"chosen by itself: the larger base model is at {place}"
        assert entry["mend"] == ""
    for entry in both(reader="built-in", checker="built-in"):
        assert (entry["tier"], entry["why"], entry["mend"]) == ("built-in", "given by hand", "")
    assert tier_of("auto", VERIFIER) == "accurate"
    # Damage is seen when it is read, and the error says what to do.
    mend = r".*: run `byline models get accurate`\."
    with pytest.raises(BylineError, match=rf"tokenizer\.json is no tokenizer {mend}"):
        load_verifier("auto").verify([("a", "b")])
    save_file({"head.bias": np.zeros(3, np.float32)}, ADAPTERS["accurate", READER])
    (place / "tokenizer.json").write_bytes((shared().encoder.folder / "tokenizer.json").read_bytes())
    passage = Passage(title="", sentences=("b",))
    with pytest.raises(BylineError, match=f"is not the published all-mpnet-base-v2 {mend}"):
        Reader(larger.larger_base(), weights=ADAPTERS["accurate", READER]).read("a", [passage])


def test_models_by_name(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    reader, checker = both(reader=f"qa:{tmp_path}/mine", checker="nli:someone/model")
    assert (reader["tier"], reader["base"], reader["usable"]) == (None, f"{tmp_path}/mine", True)
    assert "a model in a folder" in reader["why"]
    assert (checker["base"], checker["usable"]) == ("someone/model", True)
    assert "model hub" in checker["why"]
    reader, _ = both(reader=f"st:{tmp_path}/gone")
    assert (reader["usable"], reader["mend"]) == (False, "name a folder that is there")
    reader, _ = both(reader="none")
    assert (reader["tier"], reader["base"], reader["usable"]) == (None, None, True)
    assert load_reader("none") is None


def test_where_a_choice_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / FILE).write_text('reader = "none"\nchecker = "built-in"\n')
    assert [entry["why"].partition(":")[0] for entry in in_use(load_settings(tmp_path)).values()] == [
        "set in the library's settings"
    ] * 2
    monkeypatch.setenv("BYLINE_CHECKER", "built-in")
    assert in_use(load_settings(tmp_path))["checker"]["why"] == "set by the environment"


@pytest.mark.parametrize("spec", ["best", "qa", "qa:", "qa: ", "nli:x", "Auto", "built in", "accurate:x"])
def test_a_wrong_reader_is_one_sentence(spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = f"reader must be auto, built-in, accurate, none, qa:NAME or st:NAME, not {spec.strip()!r}."
    with pytest.raises(BylineError) as raised:
        load_settings(reader=spec)
    assert str(raised.value) == f"--reader: {allowed}"
    monkeypatch.setenv("BYLINE_READER", spec)
    with pytest.raises(BylineError) as raised:
        load_settings()
    assert str(raised.value) == f"BYLINE_READER: {allowed}"
    monkeypatch.delenv("BYLINE_READER")
    (tmp_path / FILE).write_text(f'\nreader = "{spec}"\n')
    with pytest.raises(BylineError) as raised:
        load_settings(tmp_path)
    assert str(raised.value) == f"{tmp_path / FILE}, line 2: {allowed}"


@pytest.mark.parametrize("spec", ["best", "none", "qa:x", "nli:"])
def test_a_wrong_checker_is_one_sentence(spec: str) -> None:
    with pytest.raises(
        BylineError, match="--checker: checker must be auto, built-in, accurate, nli:NAME or st:NAME, not"
    ):
        load_settings(checker=spec)
    with pytest.raises(BylineError, match=f"there is no checker {spec!r}: use auto, built-in, accurate, nli:NAME or"):
        load_verifier(spec)


def test_everybody_shares_what_is_loaded(place: Path) -> None:
    reader = load_reader()
    assert reader is load_reader("built-in")
    assert load_verifier("auto") is load_verifier("built-in")
    assert reader is not None
    assert reader.base is shared().encoder  # type: ignore[attr-defined]


@pytest.fixture
def named(tmp_path: Path) -> dict[str, str]:
    """Models with random weights, as settings name them."""
    reader = small_model(tmp_path / "reader", "BertForQuestionAnswering", max_position_embeddings=512)
    labels = {0: "contradiction", 1: "entailment", 2: "neutral"}
    checker = small_model(tmp_path / "checker", "BertForSequenceClassification", id2label=labels)
    return {"reader": f"qa:{reader}", "checker": f"nli:{checker}"}


def test_a_library_reads_and_checks_with_models_by_name(own_sample: Library, named: dict[str, str]) -> None:
    question = "How many hostages would be released in the first phase?"
    with Library.open(own_sample.path, **named) as library:  # type: ignore[arg-type]
        assert library.checker.verifier.name == named["checker"]
        for claim in library.ask(question).claims:
            for citation in claim.citations:
                assert citation.article.text[citation.start : citation.end] == citation.quote
                if citation.answer is not None:
                    start, end = citation.answer
                    assert citation.start <= start < end <= citation.end
        assert library.reads_with()["reader"]["spec"] == named["reader"]
        (sentence,) = library.check("Israel would settle for 33 hostages.")
        assert sentence.citations
    with Library.open(own_sample.path, reader="none") as library:
        assert library.ask(question).status in ("answered", "partial", "abstained")
    with Library.open(own_sample.path, checker="best") as library, pytest.raises(BylineError, match="checker must be"):
        library.check("Israel would settle for 33 hostages.")


# The command line


def run(*argv: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = cli.main(list(argv))
    return (status, *capsys.readouterr())


def test_the_command_says_what_is_in_use(
    adapters: None, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("rag.models.available.list_models", lambda settings: [])
    library = ["--library", str(tmp_path / "library")]
    status, out, _ = run("models", *library, capsys=capsys)
    assert status == 0
    assert f"ready  reader built-in on all-MiniLM-L6-v2: the larger base model is not at {place}\n" in out
    assert "ready  checker built-in on all-MiniLM-L6-v2: " in out
    assert out.count("       byline models get accurate\n") == 2
    install(place)
    _, out, _ = run("models", *library, "--reader", "none", capsys=capsys)
    assert "ready  reader none: given by hand: sentences are chosen without a reader\n" in out
    assert "ready  checker accurate on all-mpnet-base-v2: " in out
    _, out, _ = run("models", *library, "--json", "--checker", "nli:a/b", capsys=capsys)
    document = json.loads(out)
    assert document.keys() == {"models", "reader", "checker"}
    assert document["checker"]["spec"] == "nli:a/b"
    assert not (tmp_path / "library").exists()
    status, out, err = run("models", *library, "--reader", "best", capsys=capsys)
    assert (status, out, err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    "argv",
    [
        ["ask", "Who?", "--reader", "best"],
        ["ask", "Who?", "--checker", "qa:x"],
        ["check", "The ferry was late.", "--checker", "best"],
        ["eval", "--reader", "best"],
        ["eval", "--suite", "claims", "--checker", "best"],
    ],
)
def test_a_wrong_name_is_said_before_the_work(
    argv: list[str], sample_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [] if argv[0] == "eval" else ["--library", str(sample_folder)]
    status, out, err = run(*argv, *given, capsys=capsys)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert f"must be auto, built-in, accurate, {'none, qa' if '--reader' in argv else 'nli'}:NAME or st:NAME" in err


def test_a_model_that_cannot_be_loaded_is_one_sentence(
    sample_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    question = ["ask", "Who asked Biden for help?", "--library", str(sample_folder)]
    for option in (["--reader", "qa:/nowhere/at/all"], ["--checker", "nli:/nowhere/at/all"]):
        status, out, err = run(*question, *option, capsys=capsys)
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert f"the model {option[1]!r} cannot be loaded" in err


@pytest.mark.parametrize("command", ["ask", "eval", "models", "check"])
def test_the_help_shows_the_settings(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert "--checker NAME" in shown
    assert ("--reader NAME" in shown) is (command != "check"), "nothing is read to check a draft"
    assert "$BYLINE_CHECKER" in shown
    assert in_words(CHECKERS) in shown.replace("built- in", "built-in")
    if command != "check":
        assert in_words(READERS) in shown.replace("built- in", "built-in")


def test_doctor(adapters: None, place: Path, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> dict[str, dict[str, Any]]:
        return {check["name"]: check for check in examine(library)}

    checks = found()
    assert checks["reader"]["ok"]
    assert checks["reader"]["detail"].startswith("built-in on all-MiniLM-L6-v2: the larger base model is not at")
    assert checks["larger models"]["ok"], "nobody needs them"
    assert checks["larger models"]["mend"] == "byline models get accurate"
    install(place)
    checks = found()
    assert checks["checker"]["detail"].startswith("accurate on all-mpnet-base-v2")
    assert (checks["larger models"]["ok"], checks["larger models"]["mend"]) == (False, "byline models get accurate")
    assert checks["larger models"]["detail"] == f"{place / 'model.safetensors'} is damaged"
    (place / "tokenizer.json").unlink()
    assert found()["larger models"]["detail"] == f"tokenizer.json is missing in {place}"
    monkeypatch.setattr(larger, "fault", lambda: "")
    assert found()["larger models"]["detail"] == "all-mpnet-base-v2 is whole"
    monkeypatch.setenv("BYLINE_CHECKER", "best")
    checks = found()
    assert not checks["checker"]["ok"]
    assert "BYLINE_CHECKER: checker must be" in checks["checker"]["detail"]
    assert checks["python"]["ok"]
