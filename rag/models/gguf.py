"""A GGUF file as a language model, in this process: llama.cpp through `xllamacpp`, which is optional."""

from __future__ import annotations

import importlib.util
import os
import secrets
import threading
from pathlib import Path
from typing import Any

from rag.errors import BylineError
from rag.models.clients import WHOLE_ANSWER_S, Endpoint
from rag.settings import Settings

INSTALL = "pip install 'xllamacpp>=2026.10'"
_MAGIC = b"GGUF"
_loading = threading.Lock()
_Key = tuple[str, int, int, int]
"""A file, its size and the time of its last change, which name its state, and the context that is set."""
_kept: dict[_Key, tuple[Any, str]] = {}


def is_installed() -> bool:
    """Whether a `gguf:` model can be loaded at all. Imports nothing."""
    return importlib.util.find_spec("xllamacpp") is not None


def load_gguf(path: str, settings: Settings) -> Endpoint:
    """The model in the file `path` (`~` is the home folder), read with the chat template that the file carries.

    A file that is loaded stays so until another is asked for, and is freed before that one is loaded. Raises
    BylineError when `xllamacpp` or the file is missing, and when the file is no model that llama.cpp can run.
    """
    file = find_file(path)
    stat = file.stat()
    with _loading:  # two threads would load it twice
        server, key = _server((str(file), stat.st_size, stat.st_mtime_ns, settings.model_context))
    return _Local(server, file.name, key, max(WHOLE_ANSWER_S, settings.model_timeout), n_bytes=stat.st_size)


class _Local(Endpoint):
    """llama.cpp answers over its own HTTP on this machine, behind a key of this process: streaming, ending early
    and every fault are those of any other endpoint. A slow machine may be silent for long while the model reads, so
    there is only one limit."""

    def __init__(self, server: Any, file_name: str, key: str, limit_s: float, *, n_bytes: int) -> None:
        super().__init__(
            "openai",
            file_name,
            base_url=f"{server.listening_address}/v1",
            api_key=key,
            silence_s=limit_s,
            answer_s=limit_s,
            name=f"gguf:{file_name}",
        )
        self._server = server  # it runs as long as it is referred to
        self._n_bytes = n_bytes

    @property
    def identity(self) -> str:
        """The file's name and size; its address is another each time."""
        return f"{self.name}, {self._n_bytes} bytes"


def find_file(path: str) -> Path:
    """The GGUF file that `path` names. BylineError when it, or the package that reads it, is missing."""
    try:
        file = Path(path).expanduser().absolute()
        with file.open("rb") as opened:
            is_gguf = opened.read(4) == _MAGIC
    except (OSError, RuntimeError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise BylineError(
            f"the model file {path!r} cannot be read ({why}): give the path of a .gguf file as gguf:PATH."
        ) from None
    if not is_gguf:
        raise BylineError(f"{path!r} is no GGUF file: give one, or convert the model with llama.cpp.")
    if not is_installed():
        raise BylineError(f"gguf: models need the package xllamacpp: {INSTALL}.")
    return file


def _server(wanted: _Key) -> tuple[Any, str]:
    """The server of a model and the key to it, kept until another model is wanted."""
    if wanted not in _kept:
        _kept.clear()  # first: two may not fit into memory. Whoever still holds the old one keeps it alive
        _kept[wanted] = _start(wanted[0], wanted[3])
    return _kept[wanted]


def _start(path: str, n_context: int) -> tuple[Any, str]:
    """llama.cpp's server in this process, on a free port of this machine."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = path
    params.n_ctx = n_context  # llama.cpp lowers it to what the model was trained for
    params.n_parallel = 1
    if (n_cores := _usable_cores()) < (os.cpu_count() or 1):
        # llama.cpp counts those of the machine, and its threads wait in loops: more than may run at once stand still.
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = n_cores
    params.port = 0
    params.verbosity = -1  # else it writes to standard error
    params.warmup = False
    params.ui = False
    key = secrets.token_hex()
    params.api_keys = [key]
    try:
        return xllamacpp.Server(params), key
    except Exception as error:  # whatever the C++ side throws
        raise BylineError(
            f"llama.cpp cannot load {path!r} ({error}): the file is damaged or of a newer kind, or memory is short; "
            "fetch it again, or set a lower model_context."
        ) from None


def _usable_cores() -> int:
    """How many cores this process may use: fewer than there are in a container, or where it was pinned."""
    try:
        return len(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # not on this system
        return os.cpu_count() or 1
