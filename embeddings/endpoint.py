"""Embeddings from any OpenAI-compatible endpoint: OpenAI, Ollama, vLLM, llama.cpp, LM Studio, …"""

from __future__ import annotations

import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx
import numpy as np

from embeddings.protocol import BylineError, Vectors, unit_rows

BATCH = 64
TRIES = 4
LONGEST_WAIT_S = 20.0


class EndpointEmbedder:
    """`POST {base_url}/embeddings` (https://platform.openai.com/docs/api-reference/embeddings).

    429 and 5xx are tried again, up to 4 times, waiting as `Retry-After` says. The key goes into the request header
    and nowhere else. Raises BylineError when the endpoint cannot be reached, refuses, or answers something else
    than one finite vector of one length for each text.
    """

    def __init__(self, model: str, *, base_url: str, api_key: str | None = None, max_tokens: int = 512) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BylineError(f"{base_url!r} is no address of an embeddings endpoint: give one as http(s)://HOST/v1.")
        port = f":{parts.port}" if parts.port else ""
        # Without user and password, which some put into the address: this is shown and stored.
        self._where = f"{parts.scheme}://{parts.hostname}{port}{parts.path}".rstrip("/")
        self.name = f"openai:{model}@{self._where}"
        self.max_tokens = max_tokens
        self._model = model
        self._url = base_url.rstrip("/") + "/embeddings"
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        # A proxy from the environment is not asked to reach this very machine.
        is_here = parts.hostname in ("localhost", "127.0.0.1", "::1")
        self._client = httpx.Client(timeout=60.0, headers=headers, trust_env=not is_here)
        self._dim: int | None = None

    @property
    def dim(self) -> int:
        """Known from the first vector that comes back; asking earlier sends one word."""
        if self._dim is None:
            self._dim = self._request(["dimension"]).shape[1]
        return self._dim

    def n_tokens(self, text: str) -> int:
        """An upper estimate (three bytes a token): the endpoint's own tokenizer is not known."""
        return len(text.encode("utf-8", "replace")) // 3 + 2

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        rows = [self._request(list(texts[i : i + BATCH])) for i in range(0, len(texts), BATCH)]
        for block in rows:
            self._dim = block.shape[1] if self._dim is None else self._dim
            if block.shape[1] != self._dim:
                raise BylineError(
                    f"{self.name} gave vectors of {block.shape[1]} numbers after {self._dim}: use one model."
                )
        return unit_rows(np.concatenate(rows))

    def _request(self, texts: list[str]) -> Vectors:
        # An empty input is an error at OpenAI's; a space is not.
        body = {"model": self._model, "input": [text or " " for text in texts], "encoding_format": "float"}
        for attempt in range(1, TRIES + 1):
            try:
                response = self._client.post(self._url, json=body)
            except httpx.HTTPError as error:
                raise BylineError(
                    f"no embeddings endpoint answers at {self._where} ({type(error).__name__}): start it, or set "
                    "BYLINE_EMBEDDINGS_URL."
                ) from None
            if response.status_code != 429 and response.status_code < 500:
                break
            if attempt < TRIES:
                time.sleep(_wait_s(response, attempt))
        if response.status_code in (401, 403):
            raise BylineError(
                f"{self._where} refused the key (HTTP {response.status_code}): set BYLINE_EMBEDDINGS_KEY."
            )
        if response.status_code != 200:
            raise BylineError(
                f"{self._where} answered HTTP {response.status_code} for the model {self._model!r}: check the model's "
                "name and the server's log."
            )
        try:
            data = sorted(response.json()["data"], key=lambda item: int(item["index"]))
            rows = np.array([item["embedding"] for item in data], dtype=np.float32)
        except (ValueError, KeyError, TypeError):
            rows = np.zeros((0, 0), dtype=np.float32)
        if rows.ndim != 2 or len(rows) != len(texts) or rows.shape[1] == 0 or not np.isfinite(rows).all():
            raise BylineError(
                f"{self._where} did not give {len(texts)} finite vectors of one length: is {self._model!r} a model for "
                "embeddings?"
            )
        return rows


def _wait_s(response: httpx.Response, attempt: int) -> float:
    try:
        asked = float(response.headers.get("retry-after", ""))
    except ValueError:
        asked = 0.5 * 2**attempt
    return min(max(asked, 0.0), LONGEST_WAIT_S)
