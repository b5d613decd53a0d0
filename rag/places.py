"""Where a library is: a folder, or a place on Milvus (`milvus:URI[/NAME]`); and its store there."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from rag.errors import BylineError
from rag.settings import expanded
from rag.storage import milvus_address
from rag.storage.protocol import Store
from rag.storage.store import Store as Database

DATABASE = "byline.sqlite3"
SERVERS = "servers"  # in the user's data: for each library on a server a folder with its settings


def default_path() -> Path:
    """`$BYLINE_HOME`, else the platform's folder for user data. BylineError where the user has no home folder."""
    home = os.environ.get("BYLINE_HOME")
    if home and not milvus_address.is_milvus(home):
        return expanded(home, "BYLINE_HOME")
    from platformdirs import user_data_path

    try:
        folder = user_data_path("byline", appauthor=False)
    except RuntimeError:
        folder = Path()
    if not folder.is_absolute():  # "~/…" of an older platformdirs, which would be made in the current folder
        raise BylineError("this user has no home folder to keep a library in: set BYLINE_HOME, or give --library DIR.")
    return folder


def address_of(path: str | Path | None) -> milvus_address.Address | None:
    """The place on Milvus that `path`, or without it `$BYLINE_HOME`, names; None for a folder."""
    given = str(path) if path is not None else os.environ.get("BYLINE_HOME", "")
    return milvus_address.parse(given) if milvus_address.is_milvus(given) else None


def library_at(path: str | Path | None = None) -> tuple[Path, bool]:
    """The folder that `Library.open(path)` means (of a library on a server, that of its settings), and whether there is
    a library. Nothing is made."""
    address = address_of(path)
    if address is None:
        folder = expanded(path, "the library's folder") if path is not None else default_path()
        return folder, os.path.exists(folder / DATABASE)
    if address.folder is not None:
        return address.folder, os.path.exists(address.uri)
    from rag.storage.milvus import MilvusStore

    store = MilvusStore(address)
    try:
        return _settings_of(address), store.exists
    finally:
        store.close()


def open_store(path: str | Path | None) -> tuple[Path, str, Store]:
    """The folder of the library, what it is called, and its store, made where there is none. BylineError where none can
    be made."""
    address = address_of(path)
    folder = library_at(path)[0] if address is None else address.folder or _settings_of(address)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BylineError(
            f"no library can be made at {folder} ({error.strerror}): give a folder you can write."
        ) from None
    if address is None:
        return folder, str(folder), Database(folder / DATABASE)
    from rag.storage.milvus import MilvusStore

    return folder, str(address), MilvusStore(address)


def _settings_of(address: milvus_address.Address) -> Path:
    return default_path() / SERVERS / hashlib.sha256(str(address).encode()).hexdigest()[:16]
