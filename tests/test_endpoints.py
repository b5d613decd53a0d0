"""Endpoints and models as they are: each convention by a server that plays it, through the whole of `ask`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from rag import Answer, Library
from rag.errors import ModelError, PromptTooLong
from rag.models.available import list_models
from rag.models.clients import Endpoint
from rag.settings import load_settings
from tests import servers
from tests.servers import KEY, Behaviour, Fake, Request, Scripted, chunk, pieces

QUESTION = "Who is the chief prosecutor of the ICC?"
TRUE = "Karim Khan is the chief prosecutor of the ICC."
THOUGHT = "Karim Khan is a prosecutor [1]. Israel Katz is the foreign minister [2]. So that is it."
PARTIAL = "The warrants may be issued against Benjamin Netanyahu"


def endpoint(server: Fake, path: str = "/v1", **options: Any) -> Endpoint:
    return Endpoint("openai", "m", base_url=server.url.removesuffix("/v1") + path, api_key=KEY, **options)


def generated(model: Endpoint, max_tokens: int = 2000) -> str:
    return "".join(model.generate("Be brief.", "Who?", max_tokens=max_tokens))


@pytest.mark.parametrize(
    "convention",
    [
        servers.deepseek,
        servers.deepseek_r1,
        servers.qwen,
        servers.gemma,
        servers.gemma_4,
        servers.mistral,
        servers.magistral,
        servers.gpt_oss,
        servers.gpt_oss_mangled,
    ],
)
def test_a_models_thoughts_are_no_part_of_its_answer(
    server: Fake, sample: Library, convention: Callable[[str, str], Behaviour]
) -> None:
    server.behave = convention(THOUGHT, f"{TRUE} [1]")
    *claims, answer = sample.ask(QUESTION, model="openai:m", stream=True)
    assert isinstance(answer, Answer)
    assert (answer.model, answer.status) == ("openai:m", "answered")
    assert [claim.text for claim in answer.claims] == [TRUE]
    assert "Katz" not in answer.text
    assert all(claim.text in (TRUE, "Karim Khan is a prosecutor.") for claim in claims)  # type: ignore[union-attr]


def test_what_turns_out_to_be_a_thought_is_taken_back(sample: Library) -> None:
    """Nothing tells at first that it is one: it is given out, and is not in the answer."""
    model = Scripted(f"Karim Khan is a prosecutor [1]. {THOUGHT}</think>{TRUE} [1]")
    *_, answer = sample.ask(QUESTION, model=model, stream=True)
    assert isinstance(answer, Answer)
    assert [claim.text for claim in answer.claims] == [TRUE]
    assert {c.marker for claim in answer.claims for c in claim.citations} == {1}


@pytest.mark.parametrize("is_witnessed", [False, True])
def test_thoughts_before_a_refusal_are_no_answer(sample: Library, is_witnessed: bool) -> None:
    model = Scripted(f"{TRUE} [1] {PARTIAL}.</think>\nThe articles do not say.", "1: yes\n2: yes")
    *_, answer = sample.ask(QUESTION, model=model, stream=True, check_with_model=is_witnessed)
    assert isinstance(answer, Answer)
    assert (answer.model, TRUE in answer.text) == ("extractive", False)
    assert any(note.startswith("The model scripted found no answer") for note in answer.notes)


ENDLESS = "The answer of scripted is cut off: it went on without end."


@pytest.mark.parametrize(
    "more",
    [
        " ".join(f"He has {n} aides." for n in range(40)),
        f"{TRUE} [1] " * 9,
        "And so on " * 400,
        "<think>" + "I see. " * 12_000,
    ],
)
def test_an_answer_that_is_cut_here_is_no_whole_one(sample: Library, more: str) -> None:
    answer = sample.ask(QUESTION, model=Scripted(f"{TRUE} [1] {more}"))
    assert (answer.claims[0].text, answer.status, answer.model) == (TRUE, "partial", "scripted")
    assert ENDLESS in answer.notes
    assert all(len(problem) < 500 for problem in answer.problems)


def test_as_many_sentences_as_may_be_are_whole(sample: Library) -> None:
    answer = sample.ask(QUESTION, model=Scripted(f"{TRUE} [1] " + " ".join(f"He has {n} aides." for n in range(11))))
    assert (answer.status, answer.model, ENDLESS in answer.notes) == ("answered", "scripted", False)


class Foreign(Scripted):
    """A model of another make: it raises what it likes, and has attributes of its own."""

    usage = "see the console"
    counting = 3


@pytest.mark.parametrize("error", [ConnectionError("it is down"), ValueError(), RuntimeError("a\nb"), StopIteration()])
@pytest.mark.parametrize("is_begun", [False, True])
def test_a_model_may_raise_anything(sample: Library, error: Exception, is_begun: bool) -> None:
    model = Foreign([f"{TRUE} [1] He is", error] if is_begun else error)
    for history in ([], ["Who is the chief prosecutor of the ICC?"]):
        answer = sample.ask("Who is he?" if history else QUESTION, model=model, history=history)
        assert answer.usage == {}
        assert answer.model == ("scripted" if is_begun else "extractive")
        assert any(note.startswith("The model scripted failed: it raised ") for note in answer.notes)
        assert not any("is down" in note for note in answer.notes)


def test_a_model_that_gives_no_text_is_one_sentence(sample: Library) -> None:
    class Odd(Scripted):
        def generate(self, system: str, user: str, *, max_tokens: int) -> Any:
            return [None, b"x"]

    answer = sample.ask(QUESTION, model=Odd(""))
    assert answer.notes[0] == "The model scripted failed: it gave NoneType where text was due."


def test_a_witness_may_raise_anything(sample: Library) -> None:
    answer = sample.ask(QUESTION, model=Foreign(f"{TRUE} [1]", OSError("no route")), check_with_model=True)
    assert answer.claims[0].text == TRUE
    assert any("was not heard as a witness: it failed (OSError)." in problem for problem in answer.problems)


@pytest.mark.parametrize("ending", ["length", "max_tokens", "model_length", "content_filter", "SAFETY", "error"])
def test_the_sentence_that_is_cut_off_is_dropped_and_said(server: Fake, sample: Library, ending: str) -> None:
    server.behave = lambda r: r.stream(*pieces(f"{TRUE} [1] {PARTIAL}", ending))
    answer = sample.ask(QUESTION, model="openai:m")
    assert [claim.text for claim in answer.claims] == [TRUE]
    assert (answer.status, answer.model) == ("partial", "openai:m")
    assert f"The model broke off in “{PARTIAL}”, which was dropped." in answer.problems
    assert any("cut off" in note or "broke off" in note for note in answer.notes)


def test_a_sentence_that_ends_with_its_marker_and_its_stop_is_whole(server: Fake, sample: Library) -> None:
    server.behave = lambda r: r.stream(*pieces(TRUE.replace(".", " [1]."), "length"))
    answer = sample.ask(QUESTION, model="openai:m")
    assert ([claim.text for claim in answer.claims], answer.status) == ([TRUE], "partial")
    server.behave = lambda r: r.stream(*pieces("Karim Khan is the chief prosecutor of the I.", "length"))
    assert sample.ask(QUESTION, model="openai:m").model == "extractive"


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([chunk({"reasoning_content": TRUE}), chunk(ending="length")], "thought until its limit of 900 tokens"),
        ([chunk({"reasoning": TRUE}), chunk(ending="stop")], "thought, and gave no text"),
        ([chunk(ending="content_filter")], "kept the answer back"),
        ([chunk({"refusal": "No."}), chunk(ending="stop")], "declined to answer"),
    ],
)
def test_why_there_is_no_answer(server: Fake, sample: Library, events: list[str], message: str, tmp_path: Any) -> None:
    server.behave = lambda r: r.stream(*events)
    with pytest.raises(ModelError, match=message):
        generated(endpoint(server), max_tokens=900)
    assert message in endless_note(sample, message)


def endless_note(sample: Library, message: str) -> str:
    answer = sample.ask(QUESTION, model="openai:m")
    assert (answer.model, answer.notes[-1]) == ("extractive", "The answer quotes the articles instead.")
    return answer.notes[0].replace("4096", "900")


def test_the_limit_is_a_setting(server: Fake, sample: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    server.behave = lambda r: r.stream(*pieces(TRUE))
    sample.ask(QUESTION, model="openai:m")
    monkeypatch.setenv("BYLINE_MODEL_MAX_TOKENS", "700")
    sample.ask(QUESTION, model="openai:m")
    assert [request["max_tokens"] for request in server.requests] == [4096, 700]


TEMPERATURE = '{"error": {"message": "Unsupported value: \'temperature\' does not support 0 with this model."}}'
LIMIT = '{"error": {"message": "Unsupported parameter: \'max_tokens\'. Use \'max_completion_tokens\' instead."}}'
REFUSALS = {
    "temperature": (400, TEMPERATURE, lambda asked: "temperature" in asked),
    "temperature, 422": (
        422,
        '{"detail": [{"loc": ["body", "temperature"], "msg": "extra fields not permitted"}]}',
        lambda asked: "temperature" in asked,
    ),
    "limit": (400, LIMIT, lambda asked: "max_tokens" in asked),
    "large limit": (
        400,
        '{"error": {"message": "max_tokens is too large: 2000. This model supports at most 1500"}}',
        lambda asked: asked.get("max_tokens", 0) > 1500,
    ),
    "prompt and limit": (
        400,
        '{"message": "maximum context length is 2048 tokens. However, you requested 2500 tokens (500 in the messages"}',
        lambda asked: asked.get("max_tokens", 0) > 1500,
    ),
    "system": (
        400,
        '{"error": {"message": "Unsupported value: \'messages[0].role\' does not support \'system\'"}}',
        lambda asked: asked["messages"][0]["role"] == "system",
    ),
    "developer": (
        400,
        '[{"error": {"message": "Developer instruction is not enabled for models/gemma-3-27b-it"}}]',
        lambda asked: asked["messages"][0]["role"] == "system",
    ),
    "stream": (
        400,
        '{"error": {"message": "Your organization must be verified to stream this model.", "param": "stream"}}',
        lambda asked: asked.get("stream"),
    ),
    "stream, 501": (501, '{"detail": "streaming is not supported"}', lambda asked: asked.get("stream")),
    "anything, 422": (422, "{}", lambda asked: "temperature" in asked or "max_tokens" in asked),
    "in an answer": (200, TEMPERATURE, lambda asked: "temperature" in asked),
}


def picky(server: Fake, *names: str, busy: int = 0) -> Behaviour:
    """Refuses what is named, is busy so many times, then answers."""
    left = [429] * busy

    def behave(request: Request) -> None:
        asked = server.requests[-1]
        for status, body, refuses in (REFUSALS[name] for name in names):
            if refuses(asked):
                request.reply(status, body)
                return
        if left:
            request.reply(left.pop(), "{}", Retry_After="0")
        elif asked.get("stream"):
            request.stream(*pieces("Fine."))
        else:
            request.reply(200, '{"choices": [{"message": {"content": "Fine."}, "finish_reason": "stop"}]}')

    return behave


@pytest.mark.parametrize("name", REFUSALS)
def test_what_a_server_does_not_take_is_put_otherwise_once(server: Fake, name: str) -> None:
    server.behave = picky(server, name)
    model = endpoint(server)
    assert generated(model) == "Fine."
    assert len(server.requests) == 2
    user = server.requests[-1]["messages"][-1]["content"]
    assert "Be brief." in user or server.requests[-1]["messages"][0]["content"] == "Be brief."
    assert generated(model) == "Fine."
    assert len(server.requests) == 3, "it is known from then on"


def test_adapting_does_not_use_up_the_tries(server: Fake) -> None:
    server.behave = picky(server, "temperature", "limit", "system", "stream", busy=2)
    assert generated(endpoint(server)) == "Fine."
    assert len(server.requests) == 7
    server.requests.clear()
    server.behave = lambda request: request.reply(400, TEMPERATURE)
    with pytest.raises(ModelError, match="HTTP 400"):
        generated(endpoint(server))
    assert len(server.requests) == 2


def test_a_prompt_that_is_too_long_whatever_the_limit(server: Fake) -> None:
    server.behave = lambda request: request.reply(*REFUSALS["prompt and limit"][:2])
    with pytest.raises(PromptTooLong):
        generated(endpoint(server))
    assert [request["max_tokens"] for request in server.requests] == [2000, 1024]


@pytest.mark.parametrize(
    ("body", "n_requests", "message"),
    [
        ('{"error": {"message": "slow down", "code": 429}}', 3, "HTTP 429"),
        ('{"error": {"type": "overloaded_error", "message": "Overloaded"}}', 3, "HTTP 503"),
        ('{"detail": "Unauthorized"}', 1, "refused the key"),
        ('{"object": "error", "message": "boom", "code": 40303}', 1, "reported an error"),
        ('{"errors": [{"msg": "boom"}]}', 1, "reported an error"),
        ('event: error\ndata: {"message": "boom"}\n\n', 1, "reported an error"),
    ],
)
def test_an_error_with_status_200(
    server: Fake, body: str, n_requests: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    server.behave = lambda request: request.reply(200, body)
    with pytest.raises(ModelError, match=message) as raised:
        generated(endpoint(server))
    assert "boom" not in str(raised.value)
    assert len(server.requests) == n_requests


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/", "//v1//", "/v1/chat/completions", "/v1/chat/completions/"])
@pytest.mark.parametrize("missing", [404, 405, 200])
def test_an_address_with_or_without_its_version(server: Fake, path: str, missing: int) -> None:
    def behave(request: Request) -> None:
        if request.path == "/v1/chat/completions":
            request.stream(*pieces("Fine."))
        else:
            request.reply(missing, "<html>Welcome", kind="text/html")

    server.behave = behave
    model = endpoint(server, path)
    assert generated(model) == generated(model) == "Fine."
    assert len(server.requests) == (2 if "v1" in path else 3)


def test_another_version_is_left_alone(server: Fake) -> None:
    server.behave = lambda request: request.reply(404, "{}")
    with pytest.raises(ModelError, match="HTTP 404"):
        generated(endpoint(server, "/api/v3/openai"))
    assert [request["path"] for request in server.requests] == ["/api/v3/openai/chat/completions"]


def test_models_are_listed_without_a_version_too(server: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.models.available.LOCAL_SERVERS", ())
    monkeypatch.setenv("BYLINE_MODEL_URL", server.url.removesuffix("/v1"))
    listed = json.dumps({"data": [{"id": "qwen3"}]})
    server.behave = lambda r: r.reply(200, listed) if r.path == "/v1/models" else r.reply(404, "")
    assert "openai:qwen3" in {entry["name"] for entry in list_models(load_settings())}


def test_a_server_that_does_not_close_after_the_end(server: Fake) -> None:
    def behave(request: Request) -> None:
        request.stream(*pieces("Fine."))
        time.sleep(3)

    server.behave = behave
    started = time.perf_counter()
    assert generated(endpoint(server)) == "Fine."
    assert time.perf_counter() - started < 2


ENVIRONMENTS = [
    ({"ALL_PROXY": "socks5://127.0.0.1:9"}, "ALL_PROXY names a SOCKS proxy"),
    ({"http_proxy": "socks4://user:hunter2@127.0.0.1:9"}, "http_proxy ('socks4://…@127.0.0.1:9') cannot be used"),
    ({"NO_PROXY": "[::1]:99999"}, "NO_PROXY ('[::1]:99999') cannot be read"),
    ({"SSL_CERT_FILE": "/nowhere.pem"}, "SSL_CERT_FILE names ('/nowhere.pem') cannot be used (No such file"),
    ({"SSL_CERT_FILE": __file__}, "SSL_CERT_FILE names"),
    ({"http_proxy": "http://127.0.0.1:9"}, "the proxy in http_proxy does not lead to http://192.0.2.7/v1"),
]


@pytest.mark.parametrize(("environment", "message"), ENVIRONMENTS)
def test_a_fault_of_the_environment_is_one_sentence_that_names_it(
    sample: Library, environment: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BYLINE_MODEL_URL", "http://192.0.2.7/v1")
    answer = sample.ask(QUESTION, model="openai:m")
    assert answer.claims
    assert answer.model == "extractive"
    assert message in answer.notes[0]
    assert "hunter2" not in json.dumps(answer.to_dict())
    monkeypatch.setattr("rag.models.available.LOCAL_SERVERS", ())
    monkeypatch.setattr("rag.models.available.REMOTE_S", 0.2)
    found = {entry["name"]: entry for entry in list_models(load_settings())}
    assert message in found["openai:NAME"]["why"]
