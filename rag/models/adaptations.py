"""Changes to a request that a server refused, so that it takes it: what it says that it does not take is left out, or
put otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from rag.types import Json

# What is asked for where a server finds the limit too high.
FEW_TOKENS = 1024


@dataclass(frozen=True)
class Adaptation:
    """A change to a request that a server did not take. It is made where the words of the refusal match `said` and
    `change` finds something to change."""

    said: re.Pattern[str]
    change: Callable[[Json], bool]


def _without_temperature(body: Json) -> bool:
    return body.pop("temperature", None) is not None


def _fewer_tokens(body: Json) -> bool:
    name = "max_tokens" if "max_tokens" in body else "max_completion_tokens"
    is_many = bool(body.get(name, 0) > FEW_TOKENS)
    if is_many:
        body[name] = FEW_TOKENS
    return is_many


def _completion_tokens(body: Json) -> bool:
    if "max_tokens" not in body:
        return False
    body["max_completion_tokens"] = body.pop("max_tokens")
    return True


def _without_limit(body: Json) -> bool:
    return body.pop("max_completion_tokens", None) is not None


def _without_system(body: Json) -> bool:
    system, *others = body["messages"]
    if system["role"] != "system":
        return False
    body["messages"] = [{"role": "user", "content": f"{system['content']}\n\n{others[0]['content']}"}]
    return True


def _without_stream(body: Json) -> bool:
    body.pop("stream_options", None)  # goes with it
    return bool(body.pop("stream", False))


def _without_logprobs(body: Json) -> bool:
    body.pop("top_logprobs", None)
    return body.pop("logprobs", None) is not None


def _without_usage(body: Json) -> bool:
    return body.pop("stream_options", None) is not None


def _bare(body: Json) -> bool:
    options = body.keys() - {"model", "messages", "stream", "system"}
    for option in options:
        del body[option]
    return bool(options)


def _when(said: str, change: Callable[[Json], bool]) -> Adaptation:
    return Adaptation(re.compile(said, re.IGNORECASE | re.DOTALL), change)


# Each is made once, in this order, for the statuses with which servers refuse a request, and for 500 and 501, with
# which some of them pass on that a chat template or a model cannot do it.
_REFUSING = (400, 404, 405, 415, 422, 500, 501)
_ADAPTATIONS = (
    _when(r"log_?prob", _without_logprobs),
    _when(r"stream_options|include_usage", _without_usage),
    _when(r"temperature", _without_temperature),
    _when(r"max_(?:completion_)?tokens.{0,80}(?:too (?:large|high|big)|at most|exceed|less than|range|>|maximum)"
          r"|requested \d+ tokens|maximum allowed number of output tokens", _fewer_tokens),
    _when(r"max_completion_tokens|max_tokens.{0,40}(?:not|extra|unsupported|unknown|unrecogni[sz]ed)|"
          r"(?:not|extra|unsupported|unknown|unrecogni[sz]ed).{0,40}max_tokens", _completion_tokens),
    _when(r"max_completion_tokens", _without_limit),
    _when(r"\bsystem\b.{0,60}\b(?:role|message|prompt|instruction)|\brole\b.{0,60}\bsystem\b|roles must alternate|"
          r"developer instruction", _without_system),
    _when(
        r"\bstream(?:ing)?\b.{0,60}(?:not|unsupported|disabled|false|unavailable)|(?:not|unsupported|disabled|"
        r"verified to|cannot|unknown|unexpected|invalid|extra).{0,60}\bstream(?:ing)?\b",
        _without_stream,
    ),
    # Last: some servers refuse what they do not know without a word of what it was.
    _when(r"", _without_usage),
    _when(r"", _without_logprobs),
)  # fmt: skip
_UNPROCESSABLE = _when(r"", _bare)


def adapt(body: Json, status: int, said: str, adapted: list[Adaptation]) -> bool:
    """Changes a request to what the server, which refused it, says that it takes, and notes how. False where it says
    nothing that has not been `adapted`."""
    if status not in (0, *_REFUSING):
        return False
    for adaptation in (*_ADAPTATIONS, *([_UNPROCESSABLE] if status == 422 else [])):
        if adaptation not in adapted and adaptation.said.search(said) and adaptation.change(body):
            adapted.append(adaptation)
            return True
    return False
