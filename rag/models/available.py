"""Which language models can be used now, and what would make the others usable."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from shlex import quote

import httpx

from embeddings.http_client import addresses, beginning, client, parse_url, shown, unreachable
from rag.errors import BylineError
from rag.models import gguf
from rag.models.clients import anthropic_url
from rag.models.events import MAX_BYTES
from rag.settings import OPENAI_URL, Settings, api_key, clean_key, same_origin
from rag.types import Json

# Servers that people run on their own machine: name, usual address, the command that starts it.
LOCAL_SERVERS = (
    ("Ollama", "http://127.0.0.1:11434/v1", "ollama serve"),
    ("LM Studio", "http://127.0.0.1:1234/v1", "lms server start"),
    ("llama.cpp", "http://127.0.0.1:8080/v1", "llama-server -m FILE.gguf"),
    ("vLLM", "http://127.0.0.1:8000/v1", "vllm serve NAME"),
)
LOCAL_S, REMOTE_S = 0.4, 5.0
MOST_LISTED = 200


def list_models(settings: Settings) -> list[Json]:
    """One entry per model: {"name", "usable", "why", "mend"}. A usable one works as `ask --model NAME` with the
    settings as they are; of the others, `mend` is the command or the setting that leads there. `NAME` stands for any.

    Asks the endpoint that is set, Anthropic's where there is a key, and the usual addresses of servers on this machine,
    at once and for a few seconds at most. A key is sent to the endpoint that it belongs to and to nobody else.
    """
    asked: list[Callable[[], list[Json]]] = [lambda: _openai(settings), _anthropic]
    asked += [
        lambda name=name, url=url, start=start: _local(name, url, start)  # type: ignore[misc]
        for name, url, start in LOCAL_SERVERS
        if not same_origin(url, settings.model_url.replace("localhost", "127.0.0.1"))
    ]
    with ThreadPoolExecutor(len(asked)) as pool:
        found = [entry for entries in pool.map(lambda ask: ask(), asked) for entry in entries]
    return [_entry("extractive", True, "built in: it quotes the articles"), *_gguf(settings), *found]


def offered(url: str, headers: dict[str, str], timeout_s: float) -> list[str]:
    """The names under `{url}/models` (https://platform.openai.com/docs/api-reference/models), as the server lists them.

    BylineError in a few words when it does not list any.
    """
    address = parse_url(url)
    try:
        with client(address, headers={"accept-encoding": "identity", **headers}, timeout=timeout_s) as http:
            for asked in addresses(address, "models"):
                with http.stream("GET", asked) as response:
                    body = beginning(response, MAX_BYTES)
                if response.status_code not in (404, 405):
                    break
    except httpx.HTTPError as error:
        is_nobody = isinstance(error, httpx.ConnectError)
        why = "nothing answers there" if is_nobody else f"it does not answer ({type(error).__name__})"
        raise BylineError(unreachable(error, address) or why) from None
    if response.status_code in (401, 403):
        raise BylineError(f"it refuses the key, or wants one (HTTP {response.status_code})")
    if response.status_code != 200:
        raise BylineError(f"it does not list its models (HTTP {response.status_code})")
    try:
        # Names are shown and typed: one that holds a blank or a control is none.
        names = [str(model["id"]) for model in json.loads(body)["data"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BylineError("it does not speak the OpenAI format") from None
    return [name for name in names if name.isprintable()][:MOST_LISTED]


def _entry(name: str, usable: bool, why: str, mend: str = "") -> Json:
    return {"name": name, "usable": usable, "why": why, "mend": mend}


def _gguf(settings: Settings) -> list[Json]:
    if not gguf.is_installed():
        return [_entry("gguf:PATH", False, "the package xllamacpp is not installed", gguf.INSTALL)]
    entries = [_entry("gguf:PATH", True, f"any GGUF file, by xllamacpp {version('xllamacpp')}")]
    kind, _, path = settings.model.partition(":")
    if kind == "gguf" and path:
        try:
            file = gguf.find_file(path)
            entries.append(_entry(settings.model, True, f"set as the model, {file.stat().st_size / 1e6:.0f} MB"))
        except BylineError as error:
            entries.append(_entry(settings.model, False, str(error), "set model to gguf:PATH of a file that is there"))
    return entries


def _openai(settings: Settings) -> list[Json]:
    url = settings.model_url
    where = _where(url)
    try:
        key = api_key(url, from_flag=settings.origin.get("model_url") == "flag")
        if same_origin(url, OPENAI_URL) and not key:
            return [_entry("openai:NAME", False, f"{where} needs a key", "export OPENAI_API_KEY=…")]
        headers = {"authorization": f"Bearer {key}"} if key else {}
        names = offered(url, headers, REMOTE_S)
    except BylineError as error:
        mend = "export BYLINE_MODEL_URL=http://HOST:PORT/v1"
        if "key" in str(error):
            own = f"export BYLINE_MODEL_URL={quote(where)} BYLINE_MODEL_KEY=…"
            mend = "export OPENAI_API_KEY=…" if same_origin(url, OPENAI_URL) else own
        return [_entry("openai:NAME", False, f"{where}: {error}", mend)]
    return [_entry(f"openai:{name}", True, f"offered at {where}") for name in names] or [
        _entry("openai:NAME", False, f"{where} has no model loaded", "load a model there")
    ]


def _anthropic() -> list[Json]:
    url = anthropic_url()
    try:
        key = clean_key("ANTHROPIC_API_KEY")
        if not key:
            return [_entry("anthropic:NAME", False, "there is no key", "export ANTHROPIC_API_KEY=…")]
        names = offered(url, {"x-api-key": key, "anthropic-version": "2023-06-01"}, REMOTE_S)
    except BylineError as error:
        mend = "export ANTHROPIC_API_KEY=…" if "key" in str(error) else "byline models"
        return [_entry("anthropic:NAME", False, f"{_where(url)}: {error}", mend)]
    return [_entry(f"anthropic:{name}", True, f"offered at {_where(url)}") for name in names]


def _local(server: str, url: str, start: str) -> list[Json]:
    try:
        names = offered(url, {}, LOCAL_S)
    except BylineError as error:
        return [_entry(f"openai:NAME ({server})", False, f"{url}: {error}", start)]
    # Not in use: an address is used when it is set, and not because something happens to listen there.
    why, mend = f"offered at {url} ({server}?), which is not set", f"export BYLINE_MODEL_URL={url}"
    return [_entry(f"openai:{name}", False, why, mend) for name in names]


def _where(url: str) -> str:
    try:
        return shown(parse_url(url))
    except BylineError:
        return "the address"
