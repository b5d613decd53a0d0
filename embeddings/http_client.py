"""The one way to an endpoint, for language models and for embeddings: addresses, proxies, waits and limits.

No sentence made here holds a key, a password or a word of what a server sent.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import email.utils
import ipaddress
import os
import re
import socket
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpx

from embeddings.protocol import BylineError

MAX_ERROR_BYTES = 64 * 2**10
_PASSWORD = re.compile(r"//[^/@]*@")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def parse_url(base_url: str, what: str = "model") -> httpx.URL:
    """BylineError when it is no address of an endpoint."""
    try:
        url = httpx.URL(base_url.strip())
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        # Only what cannot hold a password is shown.
        given = base_url if "@" not in base_url and "?" not in base_url else "what was given"
        raise BylineError(f"{given!r} is no address of a {what}: give one as http(s)://HOST/v1.")
    return url


def shown(url: httpx.URL) -> str:
    """An address without user, password and query, in which some put a key."""
    return str(url.copy_with(username=None, password=None, query=None, fragment=None)).rstrip("/")


def addresses(url: httpx.URL, path: str) -> list[httpx.URL]:
    """Where `path` may be, the likeliest first, without user and password: below the address as it is given, which may
    hold `path` already, and below `/v1` of it where it names no version."""
    base = re.sub(r"/{2,}", "/", url.path).rstrip("/").removesuffix(f"/{path}")
    bases = [base] if re.search(r"/v\d\w*(?:/|$)", base) else [base, f"{base}/v1"]
    return [url.copy_with(username=None, password=None, path=f"{base}/{path}") for base in bases]


def client(url: httpx.URL, **options: Any) -> httpx.Client:
    """A client for one address, with the user and password that it may hold: httpx writes the addresses it asks into
    its log. A proxy from the environment is not asked to reach this very machine. Redirects are not followed: the key,
    and the articles, go where they were meant to go.

    BylineError when the proxies or the certificates that the environment names cannot be used.
    """
    login = (url.username, url.password) if url.username else None
    try:
        return httpx.Client(trust_env=not is_here(url), follow_redirects=False, auth=login, **options)
    except (ImportError, ValueError, OSError, httpx.InvalidURL) as error:
        raise BylineError(_environment_fault(error)) from None


def unreachable(error: httpx.HTTPError, url: httpx.URL) -> str | None:
    """The sentence for a certificate that is not trusted, or a proxy that does not lead to `url`; None otherwise."""
    where = shown(url)
    if "CERTIFICATE_VERIFY" in str(error):
        return f"the certificate of {where} is not trusted: set SSL_CERT_FILE to the certificate of who signed it."
    if isinstance(error, httpx.ConnectError | httpx.ProxyError) and (variable := _proxy_variable(url)):
        return (
            f"the proxy in {variable} does not lead to {where}: mend or unset it, or add {url.host} to NO_PROXY where "
            "it needs none."
        )
    return None


class Tries:
    """How often a request is made, and what is waited for: 408, 429 and 5xx are worth another try."""

    def __init__(self, n_tries: int, longest_wait_s: float) -> None:
        self._n_left, self._longest_wait_s, self._n_waits = n_tries - 1, longest_wait_s, 0

    def wait(self, status: int, headers: Mapping[str, str], left_s: float = float("inf")) -> bool:
        """Waits as `Retry-After` says, else 1, 2, 4 s. False at once where no other try is left or worth it, or where
        that would take longer than is waited at most, or than is left."""
        wait_s = _retry_after_s(headers.get("retry-after", ""), self._n_waits)
        is_worth_it = status in (408, 425, 429) or (status >= 500 and status not in (501, 505))
        if not (is_worth_it and self._n_left > 0 and wait_s <= min(self._longest_wait_s, left_s)):
            return False
        self._n_left, self._n_waits = self._n_left - 1, self._n_waits + 1
        time.sleep(wait_s)
        return True


class Deadline:
    """Cuts the connection when an answer takes too long as a whole, wherever it hangs: httpx limits only the wait for
    the next bytes, and bytes can trickle for ever, in the headers too. A context manager."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._until = time.monotonic() + seconds
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._timer.cancel()

    @property
    def left_s(self) -> float:
        return self._until - time.monotonic()

    def shorten(self, seconds: float) -> None:
        """Have it end in so many seconds, where it would end later."""
        if self.left_s > seconds:
            self._timer.cancel()
            self._until = time.monotonic() + seconds
            self._timer = threading.Timer(seconds, self._cut)
            self._timer.daemon = True
            self._timer.start()

    def watch(self, event: str, info: Mapping[str, Any]) -> None:
        """For httpx's `trace`: notes each connection as it is made (https://www.encode.io/httpcore/extensions/)."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._sockets.append(info["return_value"].get_extra_info("socket"))
            if self.passed:
                self._cut()

    def _cut(self) -> None:
        self.passed = True
        for connection in list(self._sockets):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def beginning(response: httpx.Response, n_bytes: int = MAX_ERROR_BYTES) -> str:
    """The beginning of a body. One that breaks off while it refuses has said enough."""
    body = bytearray()
    with contextlib.nullcontext() if response.status_code == 200 else contextlib.suppress(httpx.HTTPError):
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > n_bytes:
                break
    return body[:n_bytes].decode("utf-8", "replace")


def is_here(url: httpx.URL) -> bool:
    """Whether an address is one of this very machine."""
    host = url.host.strip("[]")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.endswith(".localhost")


def _proxy_variable(url: httpx.URL) -> str | None:
    """The environment variable whose proxy is asked for `url`."""
    if is_here(url) or proxy_bypass(url.host):
        return None
    names = {name.lower(): name for name in os.environ if name.lower() in _PROXIES and os.environ[name]}
    known = getproxies()
    kinds = (f"{kind}_proxy" for kind in (url.scheme, "all") if kind in known)
    return next((names[kind] for kind in kinds if kind in names), None)


def _environment_fault(error: Exception) -> str:
    """Which variable it is that httpx cannot be made with, and what it may hold."""
    if isinstance(error, OSError):
        name = next((name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)), "SSL_CERT_FILE")
        why = error.strerror or "no certificate in it can be read"
        return (
            f"the certificates that {name} names ({os.environ.get(name, '')!r}) cannot be used ({why}): set it to PEM "
            "certificates, or unset it."
        )
    for name in (name for name in os.environ if name.lower() in _PROXIES):
        value = os.environ[name]
        if isinstance(error, ImportError) and value.lower().startswith("socks"):
            return f"{name} names a SOCKS proxy, which needs a package: pip install 'httpx[socks]', or unset {name}."
        try:
            httpx.Proxy(value if "://" in value else f"http://{value}")
        except (ValueError, httpx.InvalidURL):
            return (
                f"the proxy in {name} ({_PASSWORD.sub('//…@', value)!r}) cannot be used: give it as http://HOST:PORT, "
                f"https:// or socks5://, or unset {name}."
            )
    name = next((name for name in ("no_proxy", "NO_PROXY") if os.environ.get(name)), "NO_PROXY")
    return f"{name} ({os.environ.get(name, '')!r}) cannot be read: give host names or addresses, with commas between."


def _retry_after_s(asked: str, n_waits: int) -> float:
    """What `Retry-After` asks for, in seconds or as a date (RFC 9110, 10.2.3); else 1, 2, 4 s."""
    asked = asked.strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", asked):
        return float(asked)
    try:
        when = email.utils.parsedate_to_datetime(asked)
    except (ValueError, TypeError, IndexError):
        return float(2**n_waits)
    now = dt.datetime.now(dt.timezone.utc)
    seconds: float = (when.replace(tzinfo=when.tzinfo or dt.timezone.utc) - now).total_seconds()
    return float(max(0.0, seconds))
