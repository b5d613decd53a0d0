"""Every setting of Byline, named once: `SETTINGS` may stand in `settings.toml`, `OF_THE_ENVIRONMENT` only there.

Help, errors and the table in `rag/models/MODELS.md` are made from it. The command line reads it at each start, so
nothing of weight is imported here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

OPENAI = "https://api.openai.com/v1"


class Setting(NamedTuple):
    """What a setting may be. A number is from `low` to `high`; a text is one of `choices` where there are any, and one
    of them that ends in NAME stands for any (a model by its name on the hub, or by its folder). The first of
    `variables` that is set holds."""

    help: str
    default: Any
    allowed: str
    variables: tuple[str, ...] = ()
    kind: Any = str
    low: float = 0
    high: float = 0
    choices: tuple[str, ...] = ()


def in_words(choices: tuple[str, ...]) -> str:
    """The choices as a sentence lists them."""
    return f"{', '.join(choices[:-1])} or {choices[-1]}"


READERS = ("auto", "built-in", "accurate", "none", "qa:NAME", "st:NAME")
RERANK = ("on", "off")
PROMPT_STYLES = ("auto", "short", "full")
WITNESS = ("auto", "on", "off")
CHECKERS = ("auto", "built-in", "accurate", "nli:NAME", "st:NAME")

SETTINGS: dict[str, Setting] = {
    "model": Setting(
        "who writes the answers: extractive, openai:NAME, anthropic:NAME or gguf:PATH",
        "extractive",
        "a text such as openai:NAME",
        ("BYLINE_MODEL",),
    ),
    "model_url": Setting(
        "the endpoint of openai:NAME, with or without /v1",
        OPENAI,
        "a text such as http://localhost:11434/v1",
        ("BYLINE_MODEL_URL", "OPENAI_BASE_URL"),
    ),
    "model_context": Setting(
        "tokens that a gguf: model may read and write at once, never more than it was trained for",
        8192,
        "a whole number from 512 to 1048576",
        ("BYLINE_MODEL_CONTEXT",),
        int,
        512,
        1_048_576,
    ),
    "model_timeout": Setting(
        "seconds without a sign of the model after which it is given up; a large one on a small machine may read for "
        "more than a minute before its first word",
        120.0,
        "a number of seconds from 1 to 3600",
        ("BYLINE_MODEL_TIMEOUT",),
        (int, float),
        1,
        3600,
    ),
    "model_max_tokens": Setting(
        "tokens that a model may write for one answer, its thoughts included; the answer takes some 200, thoughts may "
        "take thousands",
        4096,
        "a whole number from 64 to 131072",
        ("BYLINE_MODEL_MAX_TOKENS",),
        int,
        64,
        131_072,
    ),
    "prompt_style": Setting(
        "how the model is asked: with a few passages and one instruction, or with all sentences and all the rules; "
        "auto goes by what `byline models test` found out, else by the size and the context",
        "auto",
        in_words(PROMPT_STYLES),
        ("BYLINE_PROMPT_STYLE",),
        choices=PROMPT_STYLES,
    ),
    "reader": Setting(
        "what finds the sentence that answers; auto is accurate where its models are there, else built-in",
        "auto",
        in_words(READERS),
        ("BYLINE_READER",),
        choices=READERS,
    ),
    "rerank": Setting(
        "whether `search` puts the best passages in the order in which the reader finds an answer in them",
        "on",
        in_words(RERANK),
        ("BYLINE_RERANK",),
        choices=RERANK,
    ),
    "checker": Setting(
        "what judges whether sources carry a claim; auto is accurate where its models are there, else built-in",
        "auto",
        in_words(CHECKERS),
        ("BYLINE_CHECKER",),
        choices=CHECKERS,
    ),
    "check_with_model": Setting(
        "whether the model is asked, beside the checker, if the words cited carry each claim; auto asks hosted models "
        "and those of 7B and more",
        "auto",
        in_words(WITNESS),
        ("BYLINE_CHECK_WITH_MODEL",),
        choices=WITNESS,
    ),
    "fields": Setting(
        "what the fields of CSV and JSON records are called, as `ingest --fields` takes it",
        "",
        "a text such as text=column,title=column",
    ),
}

OF_THE_ENVIRONMENT: dict[str, str] = {
    "BYLINE_HOME": "the library's folder or milvus:URI[/NAME], where `--library` is not given (default: user data)",
    "BYLINE_EMBEDDER": "the embedder of a new library: minilm (default), st:NAME, st:FOLDER or openai:NAME",
    "BYLINE_MODELS": "the folder of the larger models (default: in the virtual environment, else the user's data)",
    "BYLINE_MODEL_KEY": "the key for BYLINE_MODEL_URL; no other address is sent it",
    "BYLINE_EMBEDDINGS_URL": "the endpoint of the embedder openai:NAME (default: OPENAI_BASE_URL)",
    "BYLINE_EMBEDDINGS_KEY": "the key for BYLINE_EMBEDDINGS_URL",
    "BYLINE_MILVUS_TOKEN": "the token (or user:password) for a library on a Milvus server",
    "BYLINE_MILVUS_CA": "the PEM file of the authority that signed the certificate of a Milvus server (https)",
    "BYLINE_TEST_MODELS": "the folder of larger models that the tests of this project use",
}


def option_help(name: str) -> str:
    """What `--help` says of the option that sets `name`."""
    setting = SETTINGS[name]
    places = [*(f"${variable}" for variable in setting.variables), "settings.toml", str(setting.default)]
    allowed = f" ({setting.allowed})" if setting.choices else ""
    return f"{setting.help}{allowed}; default: {', '.join(places)}".replace("%", "%%")


def table() -> str:
    """The settings as a table in Markdown."""
    rows = ["| `settings.toml` | environment | default | what it is |", "|---|---|---|---|"]
    for name, one in SETTINGS.items():
        what = one.help if one.kind is str and not one.choices else f"{one.help}: {one.allowed}"
        rows.append(f"| {name} | {', '.join(one.variables) or '–'} | {one.default or '–'} | {what} |")
    rows += [f"| – | {variable} | – | {what} |" for variable, what in OF_THE_ENVIRONMENT.items()]
    return "\n".join(rows)
