"""Embeddings from any OpenAI-compatible endpoint: OpenAI, Ollama, vLLM, llama.cpp, LM Studio, …"""

from __future__ import annotations

import json
from collections.abc import Sequence

import httpx
import numpy as np

from embeddings.http_client import Deadline, Tries, addresses, beginning, client, parse_url, shown, unreachable
from embeddings.protocol import BylineError, Vectors, unit_rows

BATCH = 64
TRIES, LONGEST_WAIT_S = 4, 60.0
SILENCE_S, WHOLE_BATCH_S = 120.0, 300.0
MAX_BYTES = 64 * 2**20  # 64 vectors of 4096 numbers, written out, take some 6 MB


class EndpointEmbedder:
    """`POST {base_url}/embeddings` (https://platform.openai.com/docs/api-reference/embeddings).

    429 and 5xx are tried again, up to 4 times, waiting as `Retry-After` says, though no longer than a minute. The key
    goes into the request header and nowhere else. Raises BylineError when the endpoint cannot be reached, refuses, or
    answers something else than one finite vector of one length for each text.
    """

    def __init__(self, model: str, *, base_url: str, api_key: str | None = None, max_tokens: int = 512) -> None:
        self._base = parse_url(base_url, "server of embeddings")
        self._urls = addresses(self._base, "embeddings")
        # Without user and password, which some put into the address: this is shown and stored.
        self._where = shown(self._base)
        self.name = f"openai:{model}@{self._where}"
        self.max_tokens = max_tokens
        self._model = model
        self._headers = {"accept-encoding": "identity"}  # a small answer could unpack to gigabytes
        self._headers |= {"authorization": f"Bearer {api_key}"} if api_key else {}
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
        body: dict[str, object] = {
            "model": self._model,
            "input": [text or " " for text in texts],
            "encoding_format": "float",
        }
        status, said = self._post(body)
        if status in (401, 403):
            raise BylineError(f"{self._where} refused the key (HTTP {status}): set BYLINE_EMBEDDINGS_KEY.")
        if status != 200:
            raise BylineError(
                f"{self._where} answered HTTP {status} for the model {self._model!r}: check the model's "
                "name and the server's log."
            )
        try:
            data = sorted(json.loads(said)["data"], key=lambda item: int(item["index"]))
            rows = np.array([item["embedding"] for item in data], dtype=np.float32)
        except (ValueError, KeyError, TypeError, RecursionError):
            rows = np.zeros((0, 0), dtype=np.float32)
        if rows.ndim != 2 or len(rows) != len(texts) or rows.shape[1] == 0 or not np.isfinite(rows).all():
            raise BylineError(
                f"{self._where} did not give {len(texts)} finite vectors of one length: is {self._model!r} a model for "
                "embeddings?"
            )
        return rows

    def _post(self, body: dict[str, object]) -> tuple[int, str]:
        """Status and text of the answer, after the waits that it asked for."""
        tries, urls = Tries(TRIES, LONGEST_WAIT_S), list(self._urls)
        timeout = httpx.Timeout(SILENCE_S, connect=5.0)
        with Deadline(WHOLE_BATCH_S) as deadline, client(self._base, headers=self._headers, timeout=timeout) as http:
            try:
                while True:
                    extensions = {"trace": deadline.watch}
                    with http.stream("POST", urls[0], json=body, extensions=extensions) as response:
                        status, said = response.status_code, beginning(response, MAX_BYTES)
                    if status in (404, 405) and len(urls) > 1:
                        del urls[0]
                    elif not tries.wait(status, response.headers, deadline.left_s):
                        self._urls = urls
                        return status, said
            except httpx.HTTPError as error:
                if deadline.passed:
                    raise BylineError(f"{self._where} was not done after {WHOLE_BATCH_S:g} s: try again.") from None
                raise BylineError(
                    unreachable(error, self._base)
                    or f"no embeddings endpoint answers at {self._where} ({type(error).__name__}): start it, or set "
                    "BYLINE_EMBEDDINGS_URL."
                ) from None
