"""Which version of the prompt a model is asked with: the one that is set, else the one with which it did better when it
was tried (`byline models test`), else by its size and by how much it can read."""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import BylineError
from rag.models.larger import models_folder
from rag.models.prompts import FULL, PROMPTS, SHORT, Prompt
from rag.settings import Settings
from rag.types import Json, LanguageModel

FILE = "tested.json"
MAX_BYTES = 1_000_000
# With fewer billions of parameters, or tokens of context, the rules of the long prompt are too much.
LARGE_FROM, LONG_FROM = 12.0, 4096
# "1.5b", "135M", "8x7B", "r7b"; not the 4 of "4bit", and not the "1M" of a context.
_SIZE = re.compile(r"(?<![\d.])(?:(\d{1,3})x)?(?:(\d{1,4}(?:\.\d{1,3})?)b|(\d{2,4})m)(?![a-z\d])", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A prompt, and why it was chosen, in words that follow "short prompt: "."""

    prompt: Prompt
    why: str


def billions_of(name: str) -> float | None:
    """The billions of parameters that a model's name tells: 1.5 of "Qwen2.5-Coder-1.5B-Instruct-Q4_K_M.gguf", 56 of
    "mixtral:8x7b"; None where it tells none. The largest of several, as of "Qwen3-30B-A3B"."""
    sizes = [int(times or 1) * float(b or int(m) / 1000) for times, b, m in _SIZE.findall(name)]
    return max(sizes, default=None)


def choose(model: LanguageModel, settings: Settings) -> Choice:
    """The prompt for `model`. Reads what was remembered of it; asks nobody."""
    if settings.prompt_style != "auto":
        return Choice(prompt=PROMPTS[settings.prompt_style], why="as it is set")
    tried = remembered(model)
    if tried is not None:
        return Choice(prompt=PROMPTS[tried["style"]], why=f"it did better with it when tried on {tried['tried']}")
    return guess(model, settings)


def guess(model: LanguageModel, settings: Settings) -> Choice:
    """The prompt for a model that was never tried."""
    kind, _, name = model.name.partition(":")
    if kind == "gguf" and settings.model_context < LONG_FROM:
        return Choice(prompt=SHORT, why=f"it may read {settings.model_context} tokens (model_context)")
    billions = billions_of(name)
    if billions is not None:
        return Choice(prompt=FULL if billions >= LARGE_FROM else SHORT, why=f"its name tells {billions:g} billion")
    if getattr(model, "is_hosted", False):
        return Choice(prompt=FULL, why="it is hosted, and its size is not known")
    return Choice(prompt=SHORT, why="its size is not known")


def identity(model: LanguageModel) -> str:
    """What results of trying a model are kept under: its name, and the server it is at, where it says so."""
    return str(getattr(model, "identity", model.name))


def remembered(model: LanguageModel) -> Json | None:
    """What was kept of trying `model` with the prompts as they are now; None where nothing is, or nothing readable."""
    found: Any = _read(models_folder() / FILE).get(identity(model))
    try:
        versions = {style: result["version"] for style, result in found["prompts"].items()}
        is_current = versions == {prompt.style: prompt.version for prompt in PROMPTS.values()}
        return found if is_current and found["style"] in PROMPTS and isinstance(found["tried"], str) else None
    except (AttributeError, KeyError, TypeError):  # nothing, or not what `remember` writes
        return None


def remember(model: LanguageModel, tried: Mapping[str, Any]) -> Path:
    """Keep the result of trying `model` (`rag.answers.trial`), but for what it wrote, for all libraries, in the file
    that is returned. BylineError where that file cannot be written."""
    path = models_folder() / FILE
    prompts = {style: {k: v for k, v in one.items() if k != "questions"} for style, one in tried["prompts"].items()}
    kept = _read(path) | {identity(model): {**tried, "prompts": prompts}}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", delete=False) as out:
            out.write(json.dumps(kept, ensure_ascii=False, indent=1) + "\n")
        try:
            Path(out.name).replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(out.name)
            raise
    except OSError as error:
        raise BylineError(
            f"the result cannot be kept in {path} ({error.strerror}): name a folder that can be written as "
            "BYLINE_MODELS, or set prompt_style."
        ) from None
    return path


def _read(path: Path) -> Json:
    """What was kept; nothing where there is no file, or a damaged one: it can be made again."""
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
