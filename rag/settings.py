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
from rag.options import SETTINGS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["ANTHROPIC_URL", "FILE", "OPENAI_URL", "Settings", "api_key", "clean_key", "load_settings", "same_origin"]

FILE = "settings.toml"
ANTHROPIC_URL = "https://api.anthropic.com/v1"
_SECRET = re.compile(r"key|token|secret|password", re.IGNORECASE)


def _default(name: str) -> Any:
    return SETTINGS[name].default


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What decides who writes the answers, reads and checks, and how records are read: a value for each of SETTINGS.
    `origin` says of each name where its value is from: "flag", "environment", "file" or "default"."""

    model: str = _default("model")
    model_url: str = _default("model_url")
    model_context: int = _default("model_context")
    model_timeout: float = _default("model_timeout")
    model_max_tokens: int = _default("model_max_tokens")
    prompt_style: str = _default("prompt_style")
    reader: str = _default("reader")
    rerank: str = _default("rerank")
    checker: str = _default("checker")
    check_with_model: str = _default("check_with_model")
    fields: str = _default("fields")
    origin: dict[str, str] = field(default_factory=dict)


def load_settings(folder: Path | None = None, **flags: str | None) -> Settings:
    """The settings that hold for the library in `folder`; `flags` are settings that were given by hand, or None.

    Raises BylineError that names file and line, variable or flag, when a value or a name is not allowed.
    """
    found: dict[str, Any] = {}
    origin = dict.fromkeys(SETTINGS, "default")
    if folder is not None:
        found = _read(folder / FILE)
        origin.update(dict.fromkeys(found, "file"))
    for name, setting in SETTINGS.items():
        variable = next((variable for variable in setting.variables if os.environ.get(variable)), None)
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


def absolute(name: str) -> str:
    """A path in full, a `~` without a home folder left as it stands; the name itself where it can be no path."""
    try:
        return os.path.abspath(os.path.expanduser(name))
    except (OSError, ValueError):  # the working folder was deleted; a NUL
        return name


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
        if name not in SETTINGS and _SECRET.search(name):
            raise BylineError(
                f"{where}: {name!r} does not belong there, no key does: remove it, and set the environment variable "
                "OPENAI_API_KEY, ANTHROPIC_API_KEY or BYLINE_MODEL_KEY."
            )
        values[name] = _checked(name, value, where)
    return values


def _checked(name: str, value: Any, where: str) -> Any:
    if name not in SETTINGS:
        raise BylineError(f"{where}: there is no setting {name!r}; there are {', '.join(SETTINGS)}.")
    setting = SETTINGS[name]
    fits = isinstance(value, setting.kind) and not isinstance(value, bool)
    if not fits or (not value.strip() if setting.kind is str else not setting.low <= value <= setting.high):
        raise BylineError(f"{where}: {name} must be {setting.allowed}.")
    if setting.kind is not str:
        return value
    value = value.strip()
    if setting.choices and not _is_among(value, setting.choices):
        raise BylineError(f"{where}: {name} must be {setting.allowed}, not {value[:80]!r}.")
    return value


def _is_among(value: str, choices: Sequence[str]) -> bool:
    own, colon, rest = value.partition(":")
    return bool(f"{own}:NAME" in choices and rest.strip()) if colon else value in choices


def _number(text: str, name: str) -> Any:
    """An environment variable's text as the number that a setting needs, or as it is where it is none."""
    kind = SETTINGS[name].kind
    if kind is str:
        return text
    try:
        return int(text) if kind is int else float(text)
    except ValueError:
        return text
