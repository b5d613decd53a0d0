"""`loading`: the models and the index of a library are loaded while something else begins."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.library import Library


@contextmanager
def loading(library: Library) -> Iterator[None]:
    """Load what the first question to `library` would wait for, while the block runs, and end no earlier than that.

    The thread is waited for: torch in a thread that still runs while the interpreter ends takes the process down
    (signal 11), and a library that is closed under it fails there.
    """
    thread = threading.Thread(target=library.retrieve, args=("loading",), kwargs={"k": 1}, name="byline-loading")
    thread.start()
    try:
        yield
    finally:
        thread.join()
