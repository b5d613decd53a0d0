"""Models that are asked with a key of the reader's own. The key is kept in memory, in the model that carries it, as
long as the reader's page is open: it is never stored, logged or shown again, and goes to one address only."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from rag.errors import BylineError
from rag.models.clients import WHOLE_ANSWER_S, Endpoint, anthropic_url
from rag.settings import OPENAI_URL, Settings
from rag.types import Json, LanguageModel

MOST_CHARS = 500  # of a key, a name or an address


def make(name: str, key: str, url: str, settings: Settings) -> Endpoint:
    """The model `openai:NAME` or `anthropic:NAME` with this key. `url` is the address of an OpenAI-compatible server;
    without one it is OpenAI's own. BylineError, which does not show the key, for what is none of these."""
    name, key, url = name.strip(), key.strip(), url.strip()
    kind, _, model = name.partition(":")
    if kind not in ("openai", "anthropic") or not model.strip() or not name.isprintable() or len(name) > MOST_CHARS:
        raise BylineError(f"the model is {name[:80]!r}: write openai:NAME or anthropic:NAME.")
    if not key:
        raise BylineError("there is no key yet: paste it.")
    if not (key.isascii() and key.isprintable()) or " " in key or len(key) > MOST_CHARS:
        raise BylineError("the key holds characters that no key has: copy it again.")
    if url and kind == "anthropic":
        raise BylineError("an address goes with openai:NAME only: leave it empty for Anthropic's models.")
    address = url or (anthropic_url() if kind == "anthropic" else OPENAI_URL)
    within_s = settings.model_timeout
    at_most_s = max(WHOLE_ANSWER_S, within_s)
    return Endpoint(kind, model.strip(), base_url=address, api_key=key, silence_s=within_s, answer_s=at_most_s)


def listed(own: Mapping[str, LanguageModel]) -> list[Json]:
    """Entries as `Library.models` gives them, of models that were made here, by name."""
    entries = []
    for name, model in own.items():
        host = urlsplit(str(getattr(model, "identity", "")).rpartition(" at ")[2]).netloc
        why = f"with your key, which goes to {host} only and is gone when this page is closed"
        entries.append({"name": name, "usable": True, "why": why, "mend": "", "own": True})
    return entries
