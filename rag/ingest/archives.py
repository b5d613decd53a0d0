"""ZIP archives that are documents (.docx, .odt, .epub): their parts, unpacked up to a limit."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

from rag.errors import BylineError
from rag.ingest.encoding import MAX_BYTES
from rag.ingest.formats import ENCRYPTED

_BLOCK = 2**16
_MOST_PARTS = 20_000


def unpack(data: bytes, is_wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """The parts of an archive whose names are wanted. BylineError where they need a password or are more than is read;
    this is checked while they are unpacked: what an archive says of its sizes may be a lie."""
    parts: dict[str, bytes] = {}
    room = MAX_BYTES
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
        if len(infos) > _MOST_PARTS:
            raise BylineError(f"packs {len(infos):,} parts, more than the {_MOST_PARTS:,} that are read; split it.")
        for info in infos:
            if info.flag_bits & 1:
                raise BylineError(ENCRYPTED)
            if not is_wanted(info.filename):
                continue
            content = bytearray()
            with archive.open(info) as file:
                while block := file.read(_BLOCK):
                    if (room := room - len(block)) < 0:
                        raise BylineError(f"unpacks to more than {MAX_BYTES / 2**20:.0f} MB of text; split it.")
                    content += block
            parts[info.filename] = bytes(content)
    return parts


def xml(content: bytes) -> Any:
    """The root of an XML part. Nothing that it refers to is opened, and entities come to nothing."""
    import lxml.etree  # type: ignore[import-untyped]

    return lxml.etree.fromstring(content, parser=lxml.etree.XMLParser(resolve_entities=False, no_network=True))


def local(element: Any) -> str:
    """The name of an element without its namespace; "" of what is none (a comment)."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
