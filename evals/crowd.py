"""Ten readers at once over plain HTTP: `python -m evals.crowd`. A server of its own on the sample articles; with the
built-in model, and with a slow language model (a server in this process that lets each token wait).

Every reader asks a question of their own, streamed, while another one searches all the time. Measured are the seconds
to the first event and to the whole answer, those of each search, and whether everybody got their own answer.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from evals.cases import load_cases
from evals.loaders import DATA
from evals.metrics import percentile
from evals.suites import SEEDS
from rag import Library
from rag.terminal import print_json
from rag.types import Json

N_READERS = 10
N_TOKENS, TOKEN_S = 40, 0.25  # of the slow model: ten seconds for an answer
PATIENCE_S = 600.0


class _Slow(BaseHTTPRequestHandler):
    """Speaks OpenAI's format, a token at a time, and repeats the first sentence that it is offered."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        said = "The court issued arrest warrants [1]."
        for n in range(N_TOKENS):
            piece = said if n == N_TOKENS - 1 else " "
            self.wfile.write(f"data: {json.dumps({'choices': [{'delta': {'content': piece}}]})}\n\n".encode())
            self.wfile.flush()
            time.sleep(TOKEN_S)
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def slow_model() -> Iterator[str]:
    """The address of the slow model."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def page(library: Path, model_url: str) -> Iterator[str]:
    """The address of a `byline ui` of its own."""
    command = [sys.executable, "-u", "-m", "rag.cli", "ui", "--library", str(library)]
    environment = {**os.environ, "BYLINE_MODEL_URL": model_url}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            yield next(word for line in process.stdout for word in line.split() if word.startswith("http"))
        finally:
            process.terminate()


def asked(url: str, question: str, model: str) -> Json:
    """Seconds to the first event and to the end, and whether it is the answer to this question."""
    started, first, answer = time.perf_counter(), None, {}
    body = {"question": question, "model": model, "stream": True}
    with httpx.stream("POST", f"{url}api/ask", json=body, timeout=PATIENCE_S, trust_env=False) as response:
        for line in response.iter_lines():
            if line.startswith("data: "):
                first = first or time.perf_counter() - started
                answer = json.loads(line.removeprefix("data: "))
    return {
        "first": first or 0.0,
        "whole": time.perf_counter() - started,
        "own": float(answer.get("question") == question),
        "answered": float(answer.get("status") in ("answered", "partial", "abstained")),
    }


def crowd(url: str, questions: Sequence[str], model: str) -> Json:
    """What as many readers as there are questions see who ask at the same moment, and one who searches meanwhile."""
    done, searched = threading.Event(), []

    def search() -> None:
        while not done.is_set():
            started = time.perf_counter()
            body = {"question": "Who asked for the meeting?"}
            httpx.post(f"{url}api/search", json=body, timeout=PATIENCE_S, trust_env=False).raise_for_status()
            searched.append(time.perf_counter() - started)
            done.wait(0.2)

    searcher = threading.Thread(target=search)
    searcher.start()
    try:
        with ThreadPoolExecutor(len(questions)) as readers:
            found = list(readers.map(lambda question: asked(url, question, model), questions))
    finally:
        done.set()
        searcher.join()
    seconds: dict[str, list[float]] = {
        "first_event_s": [one["first"] for one in found],
        "answer_s": [one["whole"] for one in found],
        "search_s": searched,
    }
    metrics = {f"{name}_p{p}": percentile(values, p) for name, values in seconds.items() for p in (50, 95)}
    for name in ("own", "answered"):
        metrics[name] = {"value": sum(one[name] for one in found) / len(found), "n": len(found), "ci95": None}
    return metrics


def measure(n: int) -> Json:
    """The figures for one reader and for `n`, of both models, and the load of the machine before."""
    questions = list(dict.fromkeys(case.question for case in load_cases(DATA / "seeds.jsonl") if not case.history))[:n]
    found: Json = {"cores": os.cpu_count(), "load": [round(one, 1) for one in os.getloadavg()]}
    with tempfile.TemporaryDirectory() as folder, slow_model() as model_url:
        with Library.open(folder) as library:
            library.ingest([SEEDS])
        with page(Path(folder), model_url) as url:
            for model in ("extractive", "openai:slow"):
                asked(url, "Who asked Biden for help?", model)  # loads what there is to load
                found[model] = {f"{count}": crowd(url, questions[:count], model) for count in (1, n)}
    return found


def table(found: Json) -> str:
    """The figures as Markdown."""
    lines = [
        "| model | readers | first event, p50 / p95 | whole, p50 / p95 | search meanwhile, p50 / p95 | own answer |"
    ]
    lines += ["|---|---|---|---|---|---|"]
    for model in ("extractive", "openai:slow"):
        for n, metrics in found[model].items():
            cells = (
                f"{metrics[f'{name}_p50']['value']:.2f} / {metrics[f'{name}_p95']['value']:.2f} s"
                for name in ("first_event_s", "answer_s", "search_s")
            )
            lines.append(f"| {model} | {n} | {' | '.join(cells)} | {metrics['own']['value']:.0%} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=N_READERS)
    parser.add_argument("--json", action="store_true")
    args: Any = parser.parse_args()
    found = measure(args.readers)
    if args.json:
        print_json(found)
    else:
        print(f"{found['cores']} cores; load before: {', '.join(map(str, found['load']))}\n\n{table(found)}")


if __name__ == "__main__":
    main()
