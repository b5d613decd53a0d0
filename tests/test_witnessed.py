"""A language model as a witness, behind its endpoint, and through answers, drafts and the command line."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from typing import Any

import pytest

from evals.claims import claims
from rag import Answer, BylineError, Library
from rag.checking.witness import MOST_ASKED, Witness
from rag.cli import main
from rag.errors import ModelError
from rag.models.clients import Endpoint
from tests.servers import KEY, Behaviour, Fake, Request, Scripted, anthropic_events, fake_server, llama_server, says
from tests.test_witness import heard, judged, token

LIMITS: dict[str, Any] = {"within_s": 60.0, "max_tokens": 100}
QUESTION = "Who is the chief prosecutor of the ICC?"
SURE = "Karim Khan is the chief prosecutor of the ICC."
FALSE = "Karim Khan was threatened by Israel."  # the built-in checker keeps it
HOW_MANY = "To how many of his counterparts did Israel Katz send letters?"
UNSURE = "Israel Katz wrote to two dozen colleagues abroad."  # and refuses this, without being sure of it


# -- endpoints -----------------------------------------------------------------------------------------------------


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    with fake_server() as running:
        monkeypatch.setenv("BYLINE_MODEL_URL", running.url)
        yield running


def endpoint(server: Fake, kind: str = "openai", **options: Any) -> Endpoint:
    return Endpoint(kind, "m", base_url=server.url, api_key=KEY, **options)


def with_logprobs(request: Request) -> None:
    told = [token("1"), token(":"), token(" no", **{" no": math.log(0.7), "yes": math.log(0.1), "No": math.log(0.2)})]
    events = [
        f"data: {json.dumps({'choices': [{'delta': {'content': one['token']}, 'logprobs': {'content': [one]}}]})}\n\n"
        for one in told
    ]
    request.stream(*events, "data: [DONE]\n\n")


def test_log_probabilities_are_asked_for_and_used(server: Fake) -> None:
    server.behave = with_logprobs
    (found,), _ = heard(endpoint(server), judged(0.6))
    assert found.witness == {"model": "openai:m", "says": "no", "probability": 0.1, "effect": "lowered"}
    (request,) = server.requests
    assert request["logprobs"] is True
    assert request["top_logprobs"] > 1


def test_writing_asks_for_no_log_probabilities(server: Fake) -> None:
    server.behave = says("Fine.")
    assert list(endpoint(server).generate("s", "u", max_tokens=9)) == ["Fine."]
    assert "logprobs" not in server.requests[0]


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        (400, '{"error": {"message": "logprobs are not supported with reasoning models"}}'),
        (422, '{"detail": [{"loc": ["body", "top_logprobs"], "msg": "Extra inputs are not permitted"}]}'),
        (400, '{"error": "bad request"}'),
        (500, "{}"),
    ],
)
def test_a_server_that_refuses_them_is_asked_without(server: Fake, status: int, refusal: str) -> None:
    def behave(request: Request) -> None:
        if "logprobs" in server.requests[-1]:
            request.reply(status, refusal)
        else:
            says("1: no")(request)

    server.behave = behave
    (found,), problems = heard(endpoint(server), judged(0.6))
    assert found.witness == {"model": "openai:m", "says": "no", "probability": None, "effect": "lowered"}
    assert (problems, len(server.requests)) == ((), 2)
    assert server.requests[1]["temperature"] == 0


def test_anthropic_has_none(server: Fake) -> None:
    server.behave = lambda request: request.stream(*anthropic_events("1: ", "yes"))
    (found,), _ = heard(endpoint(server, "anthropic"), judged(0.3))
    assert found.witness == {"model": "anthropic:m", "says": "yes", "probability": None, "effect": "lifted"}
    assert "logprobs" not in server.requests[0]


def test_an_endpoint_is_waited_for_no_longer_than_was_said(server: Fake) -> None:
    def hang(request: Request) -> None:
        time.sleep(4.0)
        request.close_connection = True

    server.behave = hang
    started = time.perf_counter()
    (found,), problems = heard(endpoint(server), judged(0.6), within_s=0.5)
    assert time.perf_counter() - started < 3.0
    assert (found.witness, len(problems)) == (None, 1)


def test_a_real_model_gives_log_probabilities_or_one_problem() -> None:
    """A model so small may say anything; what it says is read or told as missing, and nothing breaks."""
    with llama_server() as (url, key):
        model = Endpoint("openai", "smollm2", base_url=url, api_key=key)
        asking = Witness(model, within_s=120.0, max_tokens=24)
        claims = [("The ferry was late.", ["On Monday the ferry came an hour late."], judged(0.6))]
        (found,), problems = asking.hear(claims)
    assert (found.witness is None) == bool(problems)
    if found.witness:
        assert 0.0 <= found.witness["probability"] <= 1.0


# -- answers and drafts --------------------------------------------------------------------------------------------


def test_a_no_takes_a_claim_out_of_the_answer(sample: Library) -> None:
    written = f"{SURE} [1] {FALSE} [1]"
    assert FALSE in sample.ask(QUESTION, model=Scripted(written)).text
    model = Scripted(written, "1: yes\n2: no")
    answer = sample.ask(QUESTION, model=model, check_with_model=True)
    assert (answer.model, answer.claims[0].text, FALSE in answer.text) == ("scripted", SURE, False)
    assert answer.claims[0].witness == {"model": "scripted", "says": "yes", "probability": None, "effect": None}
    assert f"“{FALSE}” is not carried by its sources, scripted says as well." in answer.problems
    assert any(note.startswith("Left out: 1 sentence") for note in answer.notes)
    assert len(model.prompts) == 2
    shown = sample.ask(QUESTION, model=Scripted(written, "1: yes\n2: no"), check_with_model=True, show_unsupported=True)
    assert [claim.verdict for claim in shown.claims] == ["supported", "unsupported"]
    assert shown.to_dict()["claims"][1]["witness"]["effect"] == "lowered"


def test_a_yes_keeps_what_the_checker_is_unsure_of(sample: Library) -> None:
    assert UNSURE not in sample.ask(HOW_MANY, model=Scripted(f"{UNSURE} [1]")).text
    answer = sample.ask(HOW_MANY, model=Scripted(f"{UNSURE} [1]", "1: yes"), check_with_model=True)
    (claim,) = [claim for claim in answer.claims if claim.text.startswith(UNSURE.rstrip("."))]
    assert (claim.verdict, claim.finding) == ("supported", "supported")
    assert claim.witness is not None
    assert claim.witness["effect"] == "lifted"
    assert claim.citations
    for citation in claim.citations:
        assert citation.article.text[citation.start : citation.end] == citation.quote
        assert citation.support >= 0.5


def test_no_claim_is_given_out_that_the_witness_takes_away(sample: Library) -> None:
    model = Scripted(f"{SURE} [1] {FALSE} [1]", "1: yes\n2: no")
    *claims, answer = sample.ask(QUESTION, stream=True, model=model, check_with_model=True)
    assert isinstance(answer, Answer)
    assert tuple(claims) == answer.claims


def test_a_witness_that_fails_changes_no_answer(sample: Library) -> None:
    alone = sample.ask(QUESTION, model=Scripted(f"{SURE} [1]"))
    answer = sample.ask(QUESTION, model=Scripted(f"{SURE} [1]", ModelError("it is down.")), check_with_model=True)
    assert answer.claims == alone.claims
    assert answer.problems == (*alone.problems, "scripted was not heard as a witness: it is down.")


def test_a_model_that_broke_off_is_not_asked_again(sample: Library) -> None:
    model = Scripted([f"{SURE} [1] ", "Karim", ModelError("it broke off.")], "1: no")
    answer = sample.ask(QUESTION, model=model, check_with_model=True)
    assert [claim.text for claim in answer.claims] == [SURE]
    assert len(model.prompts) == 1


def test_thoughts_that_are_taken_back_are_not_asked_about(sample: Library) -> None:
    model = Scripted(f"Karim Khan is a prosecutor [1]. {FALSE} [1]</think>{SURE} [1]", "1: yes")
    *claims, answer = sample.ask(QUESTION, stream=True, model=model, check_with_model=True)
    assert isinstance(answer, Answer)
    assert [claim.text for claim in answer.claims] == [SURE]
    assert tuple(claims) == answer.claims
    assert "Claim 2" not in model.prompts[1][1]


@pytest.mark.parametrize(
    ("name", "setting", "n_calls"),
    [("tiny", None, 1), ("tiny", "on", 2), ("llama:8b", None, 2), ("llama:8b", "off", 1), ("llama:8b", "auto", 2)],
)
def test_the_setting_decides(
    server: Fake, sample: Library, monkeypatch: pytest.MonkeyPatch, name: str, setting: str | None, n_calls: int
) -> None:
    if setting:
        monkeypatch.setenv("BYLINE_CHECK_WITH_MODEL", setting)
    server.behave = once_then(says(f"{SURE} [1]"), says("1: yes"), server)
    assert sample.ask(QUESTION, model=f"openai:{name}").model == f"openai:{name}"
    assert len(server.requests) == n_calls


def once_then(first: Behaviour, others: Behaviour, server: Fake) -> Behaviour:
    return lambda request: (first if len(server.requests) == 1 else others)(request)


def test_a_setting_that_is_none_is_named(sample: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BYLINE_CHECK_WITH_MODEL", "maybe")
    message = "BYLINE_CHECK_WITH_MODEL: check_with_model must be auto, on or off, not 'maybe'"
    with pytest.raises(BylineError, match=message):
        sample.ask(QUESTION)


def test_there_must_be_somebody_to_ask(sample: Library) -> None:
    for ask in (lambda: sample.ask(QUESTION, check_with_model=True), lambda: sample.check(SURE, check_with_model=True)):
        with pytest.raises(BylineError, match="check_with_model needs a language model"):
            ask()


def test_a_draft_is_put_to_the_model_that_is_named(sample: Library) -> None:
    draft = f"{SURE} {FALSE} Plum cake needs cinnamon. {UNSURE}"
    alone = sample.check(draft)
    assert [one.verdict for one in alone] == ["supported", "supported", "unsupported", "unsupported"]
    assert {one.witness for one in alone} == {None}  # type: ignore[comparison-overlap]
    model = Scripted("1: yes\n2: no\n3: yes")
    found = sample.check(draft, model=model, check_with_model=True)
    assert [one.verdict for one in found] == ["supported", "unsupported", "unsupported", "supported"]
    assert [one.witness and one.witness["effect"] for one in found] == [None, "lowered", None, "lifted"]
    assert found[2].witness is None
    assert all(draft[one.start : one.end] == one.text for one in found)
    assert all(c.support < 0.5 for c in found[1].citations)
    assert len(model.prompts) == 1


def test_a_small_model_is_not_asked_unless_that_is_wanted_and_this_is_told_once(sample: Library) -> None:
    model = Scripted("1: no")
    found = sample.check(f"{SURE} {FALSE}", model=model)
    assert (model.prompts, found.problems, len(found.notes)) == ([], (), 1)
    assert found.notes[0].startswith("scripted was not asked as a witness: check_with_model")
    assert sample.check(SURE, model=model, check_with_model=False).notes == ()


def test_a_witness_that_fails_is_told_once_in_a_draft(sample: Library) -> None:
    model = Scripted(ModelError("it is down."))
    draft = f"{SURE} " * (MOST_ASKED + 2)
    found = sample.check(draft, model=model, check_with_model=True)
    assert found.problems == ("scripted was not heard as a witness: it is down.",)
    assert len(model.prompts) == 1


def test_on_the_command_line(server: Fake, sample_folder: Any, capsys: pytest.CaptureFixture[str]) -> None:
    server.behave = says("1: no")
    library = ["--library", str(sample_folder)]
    assert main(["check", FALSE, "--model", "openai:m", "--check-with-model", *library]) == 0
    shown = capsys.readouterr().out
    assert "NOT FOUND  " in shown
    assert "openai:m says that the words do not carry it" in shown
    assert main(["check", FALSE, "--model", "openai:m", "--json", *library]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["sentences"][0]["witness"] is None
    assert "openai:m was not asked as a witness" in printed.err
    assert main(["check", FALSE, "--check-with-model", *library]) == 2
    assert "need --model here" in capsys.readouterr().err
    assert main(["ask", QUESTION, "--check-with-model", *library]) == 2
    assert "check_with_model needs a language model" in capsys.readouterr().err
    server.requests.clear()
    server.behave = once_then(says(f"{SURE} [1]"), says("1: yes"), server)
    assert main(["ask", QUESTION, "--model", "openai:m", "--check-with-model", "--json", *library]) == 0
    assert json.loads(capsys.readouterr().out)["claims"][0]["witness"]["says"] == "yes"
    server.requests.clear()
    assert main(["ask", QUESTION, "--model", "openai:m:70b", "--no-check-with-model", "--json", *library]) == 0
    assert len(server.requests) == 1
    capsys.readouterr()


# -- the measurement -----------------------------------------------------------------------------------------------


def test_the_suite_has_the_witness_beside_the_checker_alone() -> None:
    model = Scripted("\n".join(f"{n}: no" for n in range(1, 13)))
    alone, with_witness = (claims(split="dev", limit=1, witness=one) for one in (None, Witness(model, **LIMITS)))
    metrics = with_witness["metrics"]
    assert alone["metrics"].keys() < metrics.keys()
    assert {name: metrics[name] for name in ("auroc", "kept", "refused")} == {
        name: alone["metrics"][name] for name in ("auroc", "kept", "refused")
    }
    assert metrics["refused_with_witness"]["value"] >= metrics["refused"]["value"]
    assert metrics["kept_with_witness"]["value"] <= metrics["kept"]["value"]
    assert (metrics["witness_lifts"]["value"], with_witness["config"]["witness"]) == (0.0, "scripted")
    assert len(with_witness["results"]) == metrics["witness_lowers"]["n"] > 1
    assert len(model.prompts) == 1


@pytest.mark.parametrize(
    "args", [["--model", "openai:m"], ["--check-with-model"], ["--check-with-model", "--model", "extractive"]]
)
def test_the_suite_needs_a_model_and_the_word(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "--suite", "claims", "--split", "dev", *args]) == 2
    assert "--model and --check-with-model go together" in capsys.readouterr().err


def test_other_suites_do_not_take_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "--suite", "speed", "--check-with-model"]) == 2
    assert "--check-with-model would do nothing" in capsys.readouterr().err
