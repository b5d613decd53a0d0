"""Files that hold what can be made again: whole or not there, and known to be sound."""

from __future__ import annotations

import json
import os
import tempfile
import time
import zlib
from collections.abc import Sequence
from pathlib import Path

from rag.types import Json

STALE_AFTER_S = 600.0


def save(path: Path, magic: bytes, header: Json, parts: Sequence[bytes | memoryview]) -> None:
    """Write to `path`, all or nothing: beside it and renamed, so that a reader sees the old file or the new one."""
    for left in path.parent.glob(f"{path.name}*.tmp"):  # by a process that was killed
        if time.time() - left.stat().st_mtime > STALE_AFTER_S:
            left.unlink(missing_ok=True)
    checksum = 0
    for part in parts:
        checksum = zlib.crc32(part, checksum)
    sizes = [memoryview(part).nbytes for part in parts]
    line = json.dumps({**header, "sizes": sizes, "crc32": checksum}).encode()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(magic + line + b" %08x\n" % zlib.crc32(line))
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def load(path: Path, magic: bytes) -> tuple[Json, list[bytearray]] | None:
    """The header and the parts of a file; None when there is none, or it is damaged anywhere."""
    try:
        with path.open("rb") as file:
            if file.read(len(magic)) != magic:
                return None
            line, _, told = file.readline(100_000).rstrip(b"\n").rpartition(b" ")
            if told != b"%08x" % zlib.crc32(line):
                return None
            header = json.loads(line)
            if sum(header["sizes"]) != os.fstat(file.fileno()).st_size - file.tell():
                return None
            checksum, parts = 0, []
            for size in header["sizes"]:
                part = bytearray(size)
                file.readinto(part)
                checksum = zlib.crc32(part, checksum)
                parts.append(part)
        return (header, parts) if checksum == header["crc32"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
