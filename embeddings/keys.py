"""Whose a key is. A key comes from the environment, and goes only to the address it belongs to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from embeddings.protocol import BylineError

if TYPE_CHECKING:
    import httpx

OPENAI_URL = "https://api.openai.com/v1"


def openai_key(url: str) -> str | None:
    """`$OPENAI_API_KEY` where `url` leads to what it belongs to: OpenAI, or `$OPENAI_BASE_URL`. None elsewhere."""
    owners = (OPENAI_URL, os.environ.get("OPENAI_BASE_URL"))
    return clean_key("OPENAI_API_KEY") if any(same_origin(url, owner) for owner in owners if owner) else None


def clean_key(variable: str) -> str | None:
    """The key that an environment variable holds, without blanks around it; None where it is not set.

    BylineError, which does not show it, when it holds what no header can carry.
    """
    key = os.environ.get(variable, "").strip()
    if key and not (key.isascii() and key.isprintable()):
        raise BylineError(f"the key in {variable} holds characters that no key has: copy it again.")
    return key or None


def same_origin(a: str, b: str) -> bool:
    """Whether two addresses lead to the same server: scheme, host and port (RFC 6454)."""
    import httpx  # takes time; and it, not urllib, decides where a request goes

    try:
        one, other = httpx.URL(a.strip()), httpx.URL(b.strip())
    except httpx.InvalidURL:
        return False

    def origin(url: httpx.URL) -> tuple[str, str, int | None]:
        return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)

    return origin(one) == origin(other)
