"""Language models behind an endpoint, good and bad, through the whole of `ask`."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from rag import Answer, BylineError, Library
from rag.llm import Endpoint, load_language_model
from rag.types import Claim, ModelError

QUESTION = "How many hostages would be released in the first phase?"
KEY = "sk-very-secret"
Behaviour = Callable[["Server"], None]


class Server(BaseHTTPRequestHandler):
    """Speaks the two public formats, and misbehaves as the test tells it to."""

    behave: Behaviour
    requests: list[dict[str, Any]] = []  # noqa: RUF012
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).requests.append({"path": self.path, "headers": dict(self.headers), **body})
        type(self).behave(self)

    def reply(self, status: int, body: str, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body.encode())), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body.encode())

    def stream(self, *chunks: str, end: bool = True) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(chunk.encode())
            self.wfile.flush()
        self.close_connection = True
        if not end:  # break the connection off, as a crash does
            self.connection.shutdown(2)

    def log_message(self, *_: object) -> None:
        pass


def openai_events(*texts: str) -> list[str]:
    events = [f"data: {json.dumps({'choices': [{'delta': {'content': text}}]})}\r\n\r\n" for text in texts]
    return [": keep alive\n\n", 'data: {"choices": [{"delta": {"role": "assistant", "content": null}}]}\n\n', *events]


def anthropic_events(*texts: str) -> list[str]:
    deltas = [
        f"event: content_block_delta\ndata: {json.dumps({'type': 'content_block_delta', 'delta': {'text': text}})}\n\n"
        for text in texts
    ]
    start = 'event: message_start\ndata: {"type": "message_start", "message": {"content": []}}\n\n'
    return [start, *deltas, 'event: message_stop\ndata: {"type": "message_stop"}\n\n']


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    Server.requests = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}/v1"
    monkeypatch.setenv("BYLINE_MODEL_URL", address)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    yield address
    server.shutdown()
    server.server_close()


def says(*texts: str) -> Behaviour:
    return lambda server: server.stream(*openai_events(*texts), "data: [DONE]\n\n")


def generated(model: Any) -> str:
    return "".join(model.generate("Be brief.", "Wie heißt du? 🙂", max_tokens=50))


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_the_pieces_are_the_text(url: str, kind: str) -> None:
    events = openai_events if kind == "openai" else anthropic_events
    Server.behave = lambda server: server.stream(*events("Ich hei", "ße ", "Ωmega 🙂."))
    model = Endpoint(kind, "m", base_url=url, api_key=KEY)
    assert generated(model) == "Ich heiße Ωmega 🙂."
    (request,) = Server.requests
    assert (request["model"], request["stream"], request["max_tokens"]) == ("m", True, 50)
    assert request["messages"][-1] == {"role": "user", "content": "Wie heißt du? 🙂"}
    headers = {name.lower(): value for name, value in request["headers"].items()}
    if kind == "openai":
        assert request["path"] == "/v1/chat/completions"
        assert request["messages"][0] == {"role": "system", "content": "Be brief."}
        assert headers["authorization"] == f"Bearer {KEY}"
    else:
        assert request["path"] == "/v1/messages"
        assert (request["system"], headers["x-api-key"]) == ("Be brief.", KEY)
        assert "temperature" not in request


@pytest.mark.parametrize(
    "body",
    [
        '{"choices": [{"message": {"content": "One answer."}}]}',
        '{"content": [{"type": "text", "text": "One answer."}]}',
    ],
)
def test_a_server_that_does_not_stream(url: str, body: str) -> None:
    Server.behave = lambda server: server.reply(200, body)
    assert generated(Endpoint("openai", "m", base_url=url, api_key=None)) == "One answer."


def test_parameters_that_a_model_does_not_take_are_left_out(url: str) -> None:
    def picky(server: Server) -> None:
        request = Server.requests[-1]
        if "temperature" in request:
            server.reply(400, '{"error": {"message": "Unsupported value: temperature"}}')
        elif "max_tokens" in request:
            server.reply(400, '{"error": {"message": "use max_completion_tokens"}}')
        else:
            server.stream(*openai_events("Fine."))

    Server.behave = picky
    assert generated(Endpoint("openai", "m", base_url=url, api_key=None)) == "Fine."
    assert Server.requests[-1]["max_completion_tokens"] == 50


def test_a_busy_server_is_asked_again(url: str) -> None:
    replies = [429, 503, 200]

    def busy(server: Server) -> None:
        status = replies.pop(0)
        server.stream(*openai_events("At last.")) if status == 200 else server.reply(status, "{}", Retry_After="0")

    Server.behave = busy
    assert generated(Endpoint("openai", "m", base_url=url, api_key=None)) == "At last."
    assert len(Server.requests) == 3


def hang(server: Server) -> None:
    time.sleep(2.0)
    server.close_connection = True


FAULTS: list[tuple[str, Behaviour, str]] = [
    ("401", lambda s: s.reply(401, KEY), "refused the key (HTTP 401): set OPENAI_API_KEY"),
    ("404", lambda s: s.reply(404, "{}"), "has no model 'm' (HTTP 404)"),
    ("429", lambda s: s.reply(429, "{}", Retry_After="0"), "is busy or the quota is used up (HTTP 429)"),
    ("500", lambda s: s.reply(500, "{}", Retry_After="0"), "failed (HTTP 500)"),
    ("web page", lambda s: s.reply(200, "<html><body>Welcome", kind="text/html"), "answered with a web page"),
    ("bad json", lambda s: s.stream("data: {not json\n\n"), "sent something that is not JSON"),
    ("empty", lambda s: s.stream("data: [DONE]\n\n"), "gave no text"),
    ("error event", lambda s: s.stream('data: {"error": {"message": "boom"}}\n\n'), "reported an error half way"),
    ("hang", hang, "did not answer in time"),
]


@pytest.mark.parametrize(("behave", "message"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_every_fault_is_one_sentence_and_the_articles_are_quoted(
    url: str, sample: Library, behave: Behaviour, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Server.behave = behave
    model = Endpoint("openai", "m", base_url=url, api_key=KEY, silence_s=0.5)
    with pytest.raises(ModelError) as raised:
        generated(model)
    assert message in str(raised.value)
    assert KEY not in str(raised.value) + repr(model)
    monkeypatch.setattr("rag.llm.load_language_model", lambda spec: model)
    answer = sample.ask(QUESTION, model="openai:m")
    assert (answer.status, answer.model) == ("answered", "extractive")
    assert "33 hostages" in answer.text
    assert message in answer.notes[0]
    assert answer.notes[-1] == "The answer quotes the articles instead."
    assert KEY not in json.dumps(answer.to_dict())


def test_nobody_listens(sample: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BYLINE_MODEL_URL", "http://user:password@127.0.0.1:9/v1")
    answer = sample.ask(QUESTION, model="openai:m")
    assert "no model answers at http://127.0.0.1:9/v1: start the server" in answer.notes[0]
    assert "password" not in json.dumps(answer.to_dict())
    assert answer.status == "answered"


def test_a_stream_that_breaks_keeps_what_was_checked(url: str, sample: Library) -> None:
    Server.behave = lambda s: s.stream(
        *openai_events("Karim Khan is the chief prosecutor of the ICC. ", "He al"), end=False
    )
    answer = sample.ask("Who is Karim Khan?", model="openai:m")
    assert [claim.text for claim in answer.claims] == ["Karim Khan is the chief prosecutor of the ICC."]
    assert answer.model == "openai:m"


def test_an_answer_without_end_is_cut_off(url: str, sample: Library) -> None:
    endless = [f"The prosecutor spoke for the {n}th time. " for n in range(6000)]
    Server.behave = says(*endless)
    started = time.perf_counter()
    answer = sample.ask("Who is Karim Khan?", model="openai:m")
    assert time.perf_counter() - started < 60
    assert len(answer.text) < 3000


def test_what_the_articles_do_not_carry_is_left_out(url: str, sample: Library) -> None:
    Server.behave = says(
        "Karim Khan is the chief prosecutor of the ICC. ",
        "He was born on Mars in 1820 [2024]. ",
        "He won 17 medals [1].",
    )
    answer = sample.ask("Who is Karim Khan?", model="openai:m")
    assert [claim.verdict for claim in answer.claims] == ["supported"]
    assert "Karim Khan" in answer.claims[0].citations[0].quote
    assert "Left out: 2 sentences that the articles do not carry." in answer.notes
    assert any("cited [2024]; only [1] to" in problem for problem in answer.problems)
    assert "Mars" not in answer.text
    shown = sample.ask("Who is Karim Khan?", model="openai:m", show_unsupported=True)
    assert [claim.verdict for claim in shown.claims] == ["supported", "unsupported", "unsupported"]


def test_a_refusal_is_an_abstention(url: str, sample: Library) -> None:
    Server.behave = says("The articles do ", "not say.")
    answer = sample.ask("Who paid for the trip to Riyadh?", model="openai:m")
    assert (answer.status, answer.claims, answer.text) == ("abstained", (), "")
    assert "The model found no answer in the articles." in answer.notes
    assert answer.hits


def test_another_language_falls_back_to_the_articles(url: str, sample: Library) -> None:
    Server.behave = says("El fiscal jefe viajó a Madrid con su familia ayer.")
    answer = sample.ask(QUESTION, model="openai:m")
    assert answer.model == "extractive"
    assert "Left out: 1 sentence that the articles do not carry." in answer.notes


def test_claims_come_as_they_are_checked(url: str, sample: Library) -> None:
    Server.behave = says(
        "Karim Khan is the chief ", "prosecutor of the ICC [1]. ", "Israel Katz is the foreign minister."
    )
    *claims, answer = sample.stream("Who is Karim Khan?", model="openai:m")
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
        ("openai:gpt", "set OPENAI_API_KEY, or BYLINE_MODEL_URL"),
        ("anthropic:claude", "needs a key: set ANTHROPIC_API_KEY"),
    ],
)
def test_a_model_that_cannot_be_used_says_what_is_missing(spec: str, says_: str) -> None:
    with pytest.raises(BylineError, match=says_):
        load_language_model(spec)


@pytest.mark.parametrize("address", ["localhost:8080", "ftp://x/v1", "http://"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(ModelError, match="is no address of a model"):
        Endpoint("openai", "m", base_url=address, api_key=None)
