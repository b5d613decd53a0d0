"""Where a library on Milvus is: `milvus:URI[/NAME]`. Nothing of Milvus is imported here."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from rag.errors import BylineError

PREFIX, NAME, FILE = "milvus:", "byline", "milvus.db"
TOKEN, CA = "BYLINE_MILVUS_TOKEN", "BYLINE_MILVUS_CA"
_SCHEMES = {"http": "http", "https": "https", "tcp": "http"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Address:
    """A library on Milvus. `folder` holds it where it is embedded, and is None for a server; `name` is what its
    collections begin with."""

    uri: str
    name: str = NAME
    folder: Path | None = None

    def __str__(self) -> str:
        return f"{PREFIX}{self.folder}" if self.folder else f"{PREFIX}{self.uri}/{self.name}"


def is_milvus(path: object) -> bool:
    return isinstance(path, str) and path.startswith(PREFIX)


def parse(spec: str) -> Address:
    """The address that `milvus:URI[/NAME]` gives: of a server (http, https or tcp), else of a folder.

    BylineError where it is neither, and where it has a token in it: a library's address is shown and kept.
    """
    given = spec.removeprefix(PREFIX).strip()
    scheme, is_url, _ = given.partition("://")
    if not is_url:
        if not given:
            raise BylineError(
                "milvus: names no place: write milvus:FOLDER or milvus:http://HOST:19530/NAME as the library."
            )
        try:
            folder = Path(given).expanduser().absolute()
        except RuntimeError:
            raise BylineError(f"there is no home folder for {given!r}: write the path in full.") from None
        return Address(uri=str(folder / FILE), folder=folder)
    try:
        url = urlsplit(given)
        host, port = url.hostname, url.port or 19530
    except ValueError:
        host, port = None, 0
    if scheme.lower() not in _SCHEMES or not host:
        raise BylineError(f"{_shown(given)!r} is no address of Milvus: write it as milvus:http://HOST:19530/NAME.")
    if "@" in url.netloc or url.query or url.fragment:
        raise BylineError(
            f"the address of Milvus at {host} has more than a host, a port and a name: put the token (or "
            f"user:password) into the environment variable {TOKEN}."
        )
    name = url.path.strip("/") or NAME
    if not _NAME.fullmatch(name):
        raise BylineError(f"{name[:80]!r} can be no name in Milvus: take letters, digits and _, at most 64.")
    shown = f"[{host}]" if ":" in host else host
    return Address(uri=f"{_SCHEMES[scheme.lower()]}://{shown}:{port}", name=name)


def connection(address: Address) -> dict[str, str]:
    """What the client is given beside the address: the token and the certificate, of a server only."""
    if address.folder:
        return {}
    token, certificate = os.environ.get(TOKEN, "").strip(), os.environ.get(CA, "").strip()
    found = {"token": token} if token else {}
    if certificate:
        if not os.path.isfile(certificate):
            raise BylineError(f"{CA} names no file: {certificate!r}; give the PEM file of the server's authority.")
        found["server_pem_path"] = certificate
    return found


def _shown(given: str) -> str:
    """The address without what may be a secret."""
    return re.sub(r"//[^/@]*@", "//…@", given)[:80]
