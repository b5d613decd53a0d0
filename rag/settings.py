"""Settings: a flag before the environment, the environment before the library's `settings.toml`, that before defaults.

The file holds no keys: a library can be passed on. For the same reason a key goes only to the address it belongs to,
however the address was set; see `api_key`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from embeddings.keys import OPENAI_URL, clean_key, openai_key, same_origin
from rag.errors import BylineError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["ANTHROPIC_URL", "FILE", "OPENAI_URL", "Settings", "api_key", "clean_key", "load_settings", "same_origin"]

FILE = "settings.toml"
ANTHROPIC_URL = "https://api.anthropic.com/v1"
# A name that ends in NAME stands for any: a model of transformers by its name on the hub, or by its folder.
READERS = ("auto", "built-in", "accurate", "none", "qa:NAME", "st:NAME")
CHECKERS = ("auto", "built-in", "accurate", "nli:NAME", "st:NAME")
PROMPT_STYLES = ("auto", "short", "full")
_SECRET = re.compile(r"key|token|secret|password", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What decides who writes the answers, reads and checks, and how records are read. `origin` says of each name where
    its value is from: "flag", "environment", "file" or "default"."""

    model: str = "extractive"
    """As `ask --model` takes it."""
    model_url: str = OPENAI_URL
    """The endpoint of `openai:NAME`, up to and including `/v1`."""
    model_context: int = 8192
    """Tokens that a `gguf:` model may read and write at once; never more than it was trained for."""
    model_timeout: float = 120.0
    """Seconds without a sign of the model after which it is given up. Large models on a small machine may read for more
    than a minute before their first word."""
    model_max_tokens: int = 4096
    """Tokens that a model may write for one answer, its thoughts included. The answer itself takes some 200; models
    that think take thousands before it."""
    prompt_style: str = "auto"
    """How a model is asked (PROMPT_STYLES): with few passages and one instruction, or with many sentences and all the
    rules; "auto" as `rag.models.styles` finds that it can follow."""
    reader: str = "auto"
    """What finds the sentence that answers (READERS); "auto" is accurate where its models are there, else built-in."""
    checker: str = "auto"
    """What judges whether sources carry a claim (CHECKERS)."""
    fields: str = ""
    """What the fields of CSV and JSON records are called, as `ingest --fields` takes it."""
    origin: dict[str, str] = field(default_factory=dict)


def in_words(choices: Sequence[str]) -> str:
    """The choices as a sentence lists them."""
    return f"{', '.join(choices[:-1])} or {choices[-1]}"


# What each may be: the type, the lowest and highest value, and the words for it.
_KINDS: dict[str, tuple[Any, float, float, str]] = {
    "model": (str, 0, 0, "a text such as openai:NAME"),
    "model_url": (str, 0, 0, "a text such as http://localhost:11434/v1"),
    "model_context": (int, 512, 1_048_576, "a whole number from 512 to 1048576"),
    "fields": (str, 0, 0, "a text such as text=column,title=column"),
    "model_timeout": ((int, float), 1, 3600, "a number of seconds from 1 to 3600"),
    "model_max_tokens": (int, 64, 131_072, "a whole number from 64 to 131072"),
    "prompt_style": (str, 0, 0, in_words(PROMPT_STYLES)),
    "reader": (str, 0, 0, in_words(READERS)),
    "checker": (str, 0, 0, in_words(CHECKERS)),
}
_CHOICES = {"prompt_style": PROMPT_STYLES, "reader": READERS, "checker": CHECKERS}
_VARIABLES = {
    "model": ("BYLINE_MODEL",),
    "model_url": ("BYLINE_MODEL_URL", "OPENAI_BASE_URL"),
    "model_context": ("BYLINE_MODEL_CONTEXT",),
    "model_timeout": ("BYLINE_MODEL_TIMEOUT",),
    "model_max_tokens": ("BYLINE_MODEL_MAX_TOKENS",),
    "prompt_style": ("BYLINE_PROMPT_STYLE",),
    "reader": ("BYLINE_READER",),
    "checker": ("BYLINE_CHECKER",),
}


def load_settings(folder: Path | None = None, **flags: str | None) -> Settings:
    """The settings that hold for the library in `folder`; `flags` are settings that were given by hand, or None.

    Raises BylineError that names file and line, variable or flag, when a value or a name is not allowed.
    """
    found: dict[str, Any] = {}
    origin = dict.fromkeys(_KINDS, "default")
    if folder is not None:
        found = _read(folder / FILE)
        origin.update(dict.fromkeys(found, "file"))
    for name, variables in _VARIABLES.items():
        variable = next((variable for variable in variables if os.environ.get(variable)), None)
        if variable is not None:
            found[name], origin[name] = _checked(name, _number(os.environ[variable], name), variable), "environment"
    for name, value in flags.items():
        if value is not None:
            found[name], origin[name] = _checked(name, value, f"--{name.replace('_', '-')}"), "flag"
    return replace(Settings(), origin=origin, **found)


def expanded(path: str | Path, what: str) -> Path:
    """An absolute path, `~` taken as the user's home folder.

    BylineError, which calls the path `what`, where there is no such home: a service may run without one.
    """
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError:
        raise BylineError(
            f"{what} is {str(path)!r}, and there is no such home folder: write the path in full."
        ) from None


def api_key(url: str, *, from_flag: bool = False) -> str | None:
    """The key for an OpenAI-compatible endpoint at `url`, from the environment; None where it has none.

    `$OPENAI_API_KEY` belongs to OpenAI and to `$OPENAI_BASE_URL`, `$BYLINE_MODEL_KEY` to `$BYLINE_MODEL_URL` or, where
    that is not set, to an address given `from_flag`. No other address is ever sent a key, so a library that somebody
    else has made, with an address in its settings, cannot fetch one.
    """
    own = os.environ.get("BYLINE_MODEL_URL")
    if (same_origin(url, own) if own else from_flag) and (key := clean_key("BYLINE_MODEL_KEY")):
        return key
    return openai_key(url)


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BylineError(f"the settings in {path} cannot be read ({why}): mend the file or remove it.") from None
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # Its sentence gives line and column; the words of the file stay out of it.
        at = re.search(r"\(at [^)]*\)", str(error))
        raise BylineError(
            f'{path} is not TOML {at[0] if at else ""}: write each setting as NAME = VALUE, texts in "quotes".'
        ) from None
    for name, value in values.items():
        line = re.search(rf"^\s*[\"'\[]*{re.escape(name)}\b", text, re.MULTILINE)
        where = f"{path}, line {text.count(chr(10), 0, line.end()) + 1}" if line else str(path)
        if name not in _KINDS and _SECRET.search(name):
            raise BylineError(
                f"{where}: {name!r} does not belong there, no key does: remove it, and set the environment variable "
                "OPENAI_API_KEY, ANTHROPIC_API_KEY or BYLINE_MODEL_KEY."
            )
        values[name] = _checked(name, value, where)
    return values


def _checked(name: str, value: Any, where: str) -> Any:
    if name not in _KINDS:
        raise BylineError(f"{where}: there is no setting {name!r}; there are {', '.join(_KINDS)}.")
    kind, low, high, words = _KINDS[name]
    fits = isinstance(value, kind) and not isinstance(value, bool)
    if not fits or (not value.strip() if kind is str else not low <= value <= high):
        raise BylineError(f"{where}: {name} must be {words}.")
    if kind is not str:
        return value
    value = value.strip()
    if name in _CHOICES and not _is_among(value, _CHOICES[name]):
        raise BylineError(f"{where}: {name} must be {words}, not {value[:80]!r}.")
    return value


def _is_among(value: str, choices: Sequence[str]) -> bool:
    own, colon, rest = value.partition(":")
    return bool(f"{own}:NAME" in choices and rest.strip()) if colon else value in choices


def _number(text: str, name: str) -> Any:
    """An environment variable's text as the number that a setting needs, or as it is where it is none."""
    if _KINDS[name][0] is str:
        return text
    try:
        return int(text) if _KINDS[name][0] is int else float(text)
    except ValueError:
        return text
