"""Files of fitted numbers that ship with the code: nothing of them is used before they are known to be those."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rag.errors import BylineError


def read_shipped(path: Path, sha256: str | None) -> bytes:
    """The file's bytes. BylineError when it cannot be read, or is not the file with the digest `sha256` (None: any)."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BylineError(
            f"{path.name}, which ships with Byline, cannot be read ({error}): reinstall byline."
        ) from error
    digest = hashlib.sha256(data).hexdigest()
    if sha256 is not None and digest != sha256:
        raise BylineError(
            f"{path} is not the file that was shipped (sha256 {digest[:12]}…, expected {sha256[:12]}…): "
            "reinstall byline."
        )
    return data
