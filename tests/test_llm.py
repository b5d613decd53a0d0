"""Language models behind an endpoint, good and bad, through the whole of `ask`."""

from __future__ import annotations

import datetime as dt
import email.utils
import json
import time
import weakref
from typing import Any

import pytest

from rag import Answer, BylineError, Library
from rag.errors import ModelError, PromptTooLong
from rag.models import gguf
from rag.models.clients import Endpoint, load_language_model
from rag.types import Claim
from tests.servers import (
    KEY,
    Behaviour,
    Fake,
    Request,
    Scripted,
    anthropic_events,
    fake_server,
    llama_server,
    openai_events,
    says,
)

QUESTION = "How many hostages would be released in the first phase?"
TRUE = "Karim Khan is the chief prosecutor of the ICC."


def endpoint(server: Fake, **options: Any) -> Endpoint:
    return Endpoint("openai", "m", base_url=server.url, api_key=KEY, **options)


def generated(model: Any) -> str:
    return "".join(model.generate("Be brief.", "Wie heißt du? 🙂", max_tokens=50))


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_the_pieces_are_the_text(server: Fake, kind: str) -> None:
    events = openai_events if kind == "openai" else anthropic_events
    server.behave = lambda request: request.stream(*events("Ich hei", "ße ", "Ωmega 🙂."))
    model = Endpoint(kind, "m", base_url=server.url, api_key=KEY)
    assert generated(model) == "Ich heiße Ωmega 🙂."
    (request,) = server.requests
    assert (request["model"], request["stream"], request["max_tokens"]) == ("m", True, 50)
    assert request["messages"][-1] == {"role": "user", "content": "Wie heißt du? 🙂"}
    if kind == "openai":
        assert request["path"] == "/v1/chat/completions"
        assert request["messages"][0] == {"role": "system", "content": "Be brief."}
        assert request["headers"]["authorization"] == f"Bearer {KEY}"
    else:
        assert request["path"] == "/v1/messages"
        assert (request["system"], request["headers"]["x-api-key"]) == ("Be brief.", KEY)
        assert "temperature" not in request


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "text/event-stream"])
@pytest.mark.parametrize(
    "body",
    [
        '{"choices": [{"message": {"content": "One answer."}}]}',
        '{\n "choices": [{"message": {"content": [{"type": "thinking", "thinking": []}, {"text": "One answer."}]}}]\n}',
        '{"content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "One answer."}]}',
    ],
)
def test_a_server_that_does_not_stream(server: Fake, body: str, kind: str) -> None:
    server.behave = lambda request: request.reply(200, body, kind=kind)
    assert generated(endpoint(server)) == "One answer."


@pytest.mark.parametrize("size", [1, 2, 3, 5, 64])
def test_characters_may_be_cut_across_chunks(server: Fake, size: int) -> None:
    texts = ("Ωmé🙂\u2028", "!ß")
    raw = [json.dumps({"choices": [{"delta": {"content": text}}]}, ensure_ascii=False) for text in texts]
    data = "".join(f"data: {event}\r\n\r\n" for event in [*raw, "[DONE]"]).encode()
    server.behave = lambda request: request.stream(*[data[i : i + size] for i in range(0, len(data), size)])
    assert generated(endpoint(server)) == "Ωmé🙂\u2028!ß"


def test_parameters_that_a_model_does_not_take_are_left_out(server: Fake) -> None:
    def picky(request: Request) -> None:
        asked = server.requests[-1]
        if "temperature" in asked:
            request.reply(400, '{"error": {"message": "Unsupported value: temperature"}}')
        elif "max_tokens" in asked:
            request.reply(400, '{"error": {"message": "use max_completion_tokens"}}')
        else:
            request.stream(*openai_events("Fine."))

    server.behave = picky
    assert generated(endpoint(server)) == "Fine."
    assert server.requests[-1]["max_completion_tokens"] == 50


def http_date(seconds: float) -> str:
    return email.utils.format_datetime(dt.datetime.now(dt.timezone.utc) + dt.timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("retry_after", ["0", "-1", "soon", http_date(-60)])
def test_a_busy_server_is_asked_again(server: Fake, retry_after: str, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    replies = [429, 503, 200]

    def busy(request: Request) -> None:
        status = replies.pop(0)
        if status == 200:
            request.stream(*openai_events("At last."))
        else:
            request.reply(status, "{}", Retry_After=retry_after)

    server.behave = busy
    assert generated(endpoint(server)) == "At last."
    assert len(server.requests) == 3
    assert waited == ([0.0, 0.0] if retry_after[-1] in "0T" else [1.0, 2.0])


@pytest.mark.parametrize(("retry_after", "least", "most"), [("7", 7, 7), ("date", 1, 15)])
def test_it_waits_as_long_as_it_is_asked(
    server: Fake, retry_after: str, least: float, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)

    def busy(request: Request) -> None:
        request.reply(429, "{}", Retry_After=http_date(15) if retry_after == "date" else retry_after)

    server.behave = busy
    with pytest.raises(ModelError, match="HTTP 429"):
        generated(endpoint(server))
    assert len(waited) == 2
    assert all(least <= seconds <= most for seconds in waited)


@pytest.mark.parametrize("retry_after", ["3600", http_date(3600)])
def test_it_does_not_wait_for_an_hour(server: Fake, retry_after: str) -> None:
    server.behave = lambda request: request.reply(429, "{}", Retry_After=retry_after)
    with pytest.raises(ModelError, match="HTTP 429"):
        generated(endpoint(server))
    assert len(server.requests) == 1


def hang(request: Request) -> None:
    time.sleep(3.0)
    request.close_connection = True


def hang_after_headers(request: Request) -> None:
    request.stream(": wait\n\n")
    time.sleep(3.0)


def trickle(request: Request) -> None:
    """Bytes without end and without a newline, each before the patience for silence is over."""
    request.send_response(200)
    request.send_header("Content-Type", "text/event-stream")
    request.end_headers()
    drip(request, b": ", b".")


def trickle_headers(request: Request) -> None:
    drip(request, b"HTTP/1.1 200 OK\r\nX-Wait: ", b".")


def drip(request: Request, first: bytes, then: bytes) -> None:
    request.close_connection = True
    try:
        request.wfile.write(first)
        for _ in range(60):
            request.wfile.write(then)
            request.wfile.flush()
            time.sleep(0.1)
    except OSError:
        pass


def one_line_without_end(request: Request) -> None:
    request.stream(*(["data: "] + ["x" * 2**20] * 20))


LONG = '{"error": {"code": "context_length_exceeded", "message": "This model\'s maximum context length is 8192"}}'
FAULTS: list[tuple[str, Behaviour, str]] = [
    ("401", lambda r: r.reply(401, KEY), "refused the key (HTTP 401): set OPENAI_API_KEY"),
    ("403", lambda r: r.reply(403, KEY), "refused the key (HTTP 403): set OPENAI_API_KEY"),
    ("404", lambda r: r.reply(404, "{}"), "has no model 'm' (HTTP 404)"),
    ("429", lambda r: r.reply(429, "{}", Retry_After="0"), "is busy or the quota is used up (HTTP 429)"),
    ("500", lambda r: r.reply(500, KEY, Retry_After="0"), "failed (HTTP 500)"),
    ("503", lambda r: r.reply(503, "{}", Retry_After="0"), "is overloaded or still loading (HTTP 503)"),
    ("529", lambda r: r.reply(529, "{}", Retry_After="0"), "is overloaded or still loading (HTTP 529)"),
    ("redirect", lambda r: r.reply(307, "", Location="http://127.0.0.1:9/v1"), "sends elsewhere (HTTP 307)"),
    ("junk", lambda r: r.stream(*["x" * 2**20] * 3), "gave no text"),
    ("web page", lambda r: r.reply(200, "<html><body>Welcome", kind="text/html"), "answered with a web page"),
    ("picture", lambda r: r.reply(200, b"\x89PNG\r\n\x1a\n\xff\xfe", kind="image/png"), "gave no text"),
    ("bad json", lambda r: r.stream("data: {not json\n\n"), "sent something that is not JSON"),
    ("deep json", lambda r: r.stream("data: " + "[" * 100_000 + "\n\n"), "sent something that is not JSON"),
    ("half a document", lambda r: r.reply(200, '{"choices": [{"message"'), "sent something that is not JSON"),
    (
        "other json",
        lambda r: r.stream('data: [1, {"choices": 7}]\n\n', 'data: {"choices": [3]}\n\n', "data: [DONE]\n\n"),
        "gave no text",
    ),
    ("compressed", lambda r: r.reply(200, b"\x1f\x8b", Content_Encoding="gzip"), "sent a compressed answer"),
    ("empty", lambda r: r.stream("data: [DONE]\n\n"), "gave no text"),
    ("nothing at all", lambda r: r.reply(200, ""), "gave no text"),
    ("whitespace", says(" ", "\n", "\u200b", "…"), "gave no text"),
    ("error event", lambda r: r.stream('data: {"error": {"message": "boom"}}\n\n'), "reported an error half way"),
    ("error line", lambda r: r.stream('error: {"message": "boom"}\n\n'), "reported an error half way"),
    ("error document", lambda r: r.reply(200, '{"error": {"message": "boom"}}'), "reported an error half way"),
    ("too long", lambda r: r.reply(400, LONG), "are too long for openai:m"),
    ("half a stream", lambda r: r.stream(*openai_events("Er", end=False), end=False), "broke off"),
    ("hang", hang, "did not answer in time"),
    ("hang after headers", hang_after_headers, "did not answer in time"),
    ("trickle", trickle, "was not done after 1 s"),
    ("trickle of headers", trickle_headers, "was not done after 1 s"),
    ("one line without end", one_line_without_end, "sent more than 16 MB"),
]


@pytest.mark.parametrize(("behave", "message"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_every_fault_is_one_sentence_and_the_articles_are_quoted(
    server: Fake, sample: Library, behave: Behaviour, message: str
) -> None:
    server.behave = behave
    # Short patience only where it is what is tried: the machine may be busy.
    answer_s = 1.0 if "after 1 s" in message else 10.0
    model = endpoint(server, silence_s=0.5 if answer_s == 1.0 or " in time" in message else 10.0, answer_s=answer_s)
    started = time.perf_counter()
    with pytest.raises(ModelError) as raised:
        generated(model)
    assert time.perf_counter() - started < 15
    assert message in str(raised.value)
    assert KEY not in str(raised.value) + repr(model)
    answer = sample.ask(QUESTION, model=model)
    assert (answer.status, answer.model) == ("answered", "extractive")
    assert "33 hostages" in answer.text
    assert answer.notes[0].startswith("The model openai:m failed: ")
    assert message in answer.notes[0]
    assert answer.notes[-1] == "The answer quotes the articles instead."
    assert KEY not in json.dumps(answer.to_dict())


def test_nobody_listens(sample: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BYLINE_MODEL_URL", "http://user:password@127.0.0.1:9/v1?key=hunter2")
    answer = sample.ask(QUESTION, model="openai:m")
    assert "no model answers at http://127.0.0.1:9/v1: start the server" in answer.notes[0]
    assert "password" not in json.dumps(answer.to_dict())
    assert "hunter2" not in json.dumps(answer.to_dict())
    assert answer.status == "answered"


def test_a_redirect_takes_the_key_nowhere(server: Fake) -> None:
    with fake_server() as other:
        other.behave = says("Give me the key.")
        server.behave = lambda request: request.reply(308, "", Location=f"{other.url}/chat/completions")
        with pytest.raises(ModelError, match="sends elsewhere"):
            generated(endpoint(server))
        assert other.requests == []


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_is_not_asked_to_reach_this_machine(
    server: Fake, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_server() as proxy:
        proxy.behave = says("I am the proxy.")
        monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.server_port}")
        server.behave = says("I am the model.")
        assert generated(endpoint(server)) == "I am the model."
        assert generated(Endpoint("openai", "m", base_url=server.url.replace("127.0.0.1", "localhost"), api_key=None))
        assert proxy.requests == []


def test_a_password_in_the_address_is_used_and_not_logged(server: Fake, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    server.behave = says("Fine.")
    address = server.url.replace("//", "//user:hunter2@")
    assert generated(Endpoint("openai", "m", base_url=address, api_key=KEY)) == "Fine."
    assert server.requests[0]["headers"]["authorization"] == "Basic dXNlcjpodW50ZXIy"
    assert generated(endpoint(server)) == "Fine."
    assert server.requests[1]["headers"]["authorization"] == f"Bearer {KEY}"
    assert "hunter2" not in caplog.text
    assert KEY not in caplog.text


def test_an_address_may_carry_a_query(server: Fake) -> None:
    server.behave = says("Fine.")
    model = Endpoint("openai", "m", base_url=f"{server.url}/?api-version=1", api_key=None)
    assert generated(model) == "Fine."
    assert server.requests[0]["path"] == "/v1/chat/completions?api-version=1"
    assert "api-version" not in repr(model)


def test_a_stream_that_breaks_keeps_what_was_checked(server: Fake, sample: Library) -> None:
    server.behave = lambda r: r.stream(*openai_events(f"{TRUE} ", "He al", end=False), end=False)
    answer = sample.ask("Who is the chief prosecutor of the ICC?", model="openai:m")
    assert [claim.text for claim in answer.claims] == [TRUE]
    assert answer.model == "openai:m"
    assert "broke off" in answer.notes[0]


def test_an_answer_without_end_is_cut_off(server: Fake, sample: Library) -> None:
    endless = [f"The prosecutor spoke for the {n}th time. " for n in range(6000)]
    server.behave = says(*endless)
    started = time.perf_counter()
    answer = sample.ask("Who is the chief prosecutor of the ICC?", model="openai:m")
    assert time.perf_counter() - started < 60
    assert len(answer.text) < 3000


@pytest.mark.parametrize("word", ["and so on ", "U.S. ", "[1 ", "<think", "x"])
def test_a_sentence_without_end_is_cut_off(sample: Library, word: str) -> None:
    """100,000 characters in pieces of seven, through a model that sets no limit itself."""
    started = time.perf_counter()
    answer = sample.ask(QUESTION, model=Scripted(word * (100_000 // len(word))))
    assert time.perf_counter() - started < 60
    assert answer.model == "extractive"
    assert "33 hostages" in answer.text


def test_what_the_articles_do_not_carry_is_left_out(server: Fake, sample: Library) -> None:
    server.behave = says(f"{TRUE} ", "He was born on Mars in 1820 [2024]. ", "He won 17 medals [1].")
    answer = sample.ask("Who is the chief prosecutor of the ICC?", model="openai:m")
    assert {claim.verdict for claim in answer.claims} == {"supported"}
    assert "Karim Khan" in answer.claims[0].citations[0].quote
    assert "Left out: 2 sentences that the articles do not carry." in answer.notes
    assert any("cited [2024]; only [1] to" in problem for problem in answer.problems)
    assert "Mars" not in answer.text
    shown = sample.ask("Who is the chief prosecutor of the ICC?", model="openai:m", show_unsupported=True)
    assert [claim.verdict for claim in shown.claims][:3] == ["supported", "unsupported", "unsupported"]


def test_a_refusal_is_an_abstention(sample: Library) -> None:
    answer = sample.ask("Who leads the negotiations for Hamas?", model=Scripted("The articles do not say."))
    assert (answer.status, answer.claims, answer.text) == ("abstained", (), "")
    assert "The model scripted found no answer in the articles." in answer.notes
    assert answer.hits


def test_another_language_falls_back_to_the_articles(sample: Library) -> None:
    answer = sample.ask(QUESTION, model=Scripted("El fiscal jefe viajó a Madrid con su familia ayer."))
    assert answer.model == "extractive"
    assert "Left out: 1 sentence that the articles do not carry." in answer.notes


def test_thoughts_are_not_claims(sample: Library) -> None:
    thought = "<think>Karim Khan is a prosecutor. Is he? Israel Katz is the foreign minister.</think>"
    answer = sample.ask("Who is the chief prosecutor of the ICC?", model=Scripted(f"{thought}\n\n{TRUE} [1]"))
    assert [claim.text for claim in answer.claims] == [TRUE]


def test_thoughts_alone_are_no_answer(sample: Library) -> None:
    answer = sample.ask(QUESTION, model=Scripted(f"<think>{TRUE} So the answer is"))
    assert answer.model == "extractive"
    assert answer.notes[0] == "The model scripted wrote no sentence."


def test_a_prompt_that_does_not_fit_is_made_shorter(sample: Library) -> None:
    long = PromptTooLong("too long")
    model = Scripted(long, f"{TRUE} [1]")
    answer = sample.ask("Who is the chief prosecutor of the ICC?", model=model)
    assert answer.model == "scripted"
    (_, first), (_, second) = model.prompts
    assert len(second) < 0.8 * len(first)
    assert any(note.startswith("Only the first ") and "fit into scripted" in note for note in answer.notes)
    never = Scripted(long)
    answer = sample.ask("Who is the chief prosecutor of the ICC?", model=never)
    assert (answer.model, answer.status) == ("extractive", "answered")
    assert 1 < len(never.prompts) < 8


def test_a_real_model_with_a_short_memory(sample: Library) -> None:
    with llama_server(n_context=512) as (url, key):
        model = Endpoint("openai", "smollm2", base_url=url, api_key=key)
        answer = sample.ask("Who is the chief prosecutor of the ICC?", model=model, k=8)
    assert any("fit into openai:smollm2" in note for note in answer.notes)
    assert not any("failed" in note for note in answer.notes)
    assert answer.status in ("answered", "partial")


def test_claims_come_as_they_are_checked(server: Fake, sample: Library) -> None:
    server.behave = says(
        "Karim Khan is the chief ", "prosecutor of the ICC [1]. ", "Israel Katz is the foreign minister."
    )
    *claims, answer = sample.ask("Who is the chief prosecutor of the ICC?", model="openai:m", stream=True)
    assert isinstance(answer, Answer)
    assert all(isinstance(claim, Claim) for claim in claims)
    assert tuple(claims) == answer.claims
    markers = {c.marker for claim in answer.claims for c in claim.citations}
    assert markers == set(range(1, len(markers) + 1))


@pytest.mark.parametrize(
    ("spec", "says_"),
    [
        ("oracle", "there is no model 'oracle'"),
        ("openai:", "there is no model"),
        ("gguf:", "there is no model"),
        ("gguf:/no/such file.gguf", "'/no/such file.gguf' cannot be read .No such file"),
        ("openai:gpt", "set OPENAI_API_KEY, or BYLINE_MODEL_URL"),
        ("anthropic:claude", "needs a key: set ANTHROPIC_API_KEY"),
    ],
)
def test_a_model_that_cannot_be_used_says_what_is_missing(spec: str, says_: str) -> None:
    with pytest.raises(BylineError, match=says_):
        load_language_model(spec)


def test_gguf_without_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr("rag.models.gguf.is_installed", lambda: False)
    with pytest.raises(BylineError, match=r"need the package xllamacpp: pip install"):
        load_language_model(f"gguf:{tmp_path}/model.gguf")


def test_one_model_in_this_process_is_freed_before_the_next_is_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    class Server:
        listening_address = "http://127.0.0.1:9"

    alive: weakref.WeakSet[Server] = weakref.WeakSet()
    started: list[str] = []

    def start(path: str, n_context: int) -> tuple[Server, str]:
        assert not alive, f"{path} was loaded beside another model"
        server = Server()
        alive.add(server)
        started.append(path.rpartition("/")[2])
        return server, "key"

    monkeypatch.setattr(gguf, "_start", start)
    monkeypatch.setattr(gguf, "_kept", {})
    monkeypatch.setattr(gguf, "is_installed", lambda: True)
    for name in ("one.gguf", "two.gguf"):
        (tmp_path / name).write_bytes(b"GGUF")
    for name in ("one.gguf", "one.gguf", "two.gguf", "one.gguf"):
        assert load_language_model(f"gguf:{tmp_path}/{name}").name == f"gguf:{name}"
    assert started == ["one.gguf", "two.gguf", "one.gguf"]


@pytest.mark.parametrize("address", ["localhost:8080", "ftp://x/v1", "http://", "http://x:y/v1", "https://u:pass@"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(ModelError, match="is no address of a model") as raised:
        Endpoint("openai", "m", base_url=address, api_key=None)
    assert "pass" not in str(raised.value)
