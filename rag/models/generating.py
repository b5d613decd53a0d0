"""What a language model writes, of whatever make it is: one error for all that goes wrong, and what its calls took."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from rag.errors import ModelError
from rag.models.events import sum_usage
from rag.types import Json, LanguageModel

if TYPE_CHECKING:
    from rag.models.clients import Endpoint


def generated(model: LanguageModel, system: str, user: str, *, max_tokens: int) -> Generator[str, None, str | None]:
    """The pieces of `model.generate`, and what it returns. ModelError for whatever else it raises, without its words,
    which may hold a key, and for a piece that is no text."""
    try:
        pieces = iter(model.generate(system, user, max_tokens=max_tokens))
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"it raised {type(error).__name__}.") from error
    while True:
        try:
            piece: Any = next(pieces)
        except StopIteration as end:
            return end.value if isinstance(end.value, str) else None
        except ModelError:
            raise
        except Exception as error:
            raise ModelError(f"it raised {type(error).__name__}.") from error
        if not isinstance(piece, str):
            raise ModelError(f"it gave {type(piece).__name__} where text was due.")
        yield piece


def counting(model: LanguageModel | None) -> LanguageModel | None:
    """The model, one of Byline's own as a copy of which `usage_of` tells what its calls take."""
    endpoint = _endpoint(model)
    return endpoint.counting() if endpoint is not None else model


def usage_of(model: LanguageModel | None) -> Json:
    """The sum of what each call took, as far as its server tells; {} of another model."""
    endpoint = _endpoint(model)
    return sum_usage(endpoint.usage or ()) if endpoint is not None else {}


def _endpoint(model: LanguageModel | None) -> Endpoint | None:
    if model is None:  # most questions need none of the clients
        return None
    from rag.models.clients import Endpoint

    return model if isinstance(model, Endpoint) else None
