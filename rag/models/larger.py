"""The larger base model of the accurate tier: where it lies, how it gets there.

It is all-mpnet-base-v2 (Apache-2.0, 110 million parameters, 438 MB), fetched once from the model hub or taken from a
folder; the adapters that make a reader and a verifier of it ship with Byline.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from embeddings.encoder import MPNET_12, Encoder, sha256_of
from rag.errors import BylineError

NAME = "all-mpnet-base-v2"
HUB_NAME = f"sentence-transformers/{NAME}"
GET = "byline models get accurate"
SHA256 = {
    "model.safetensors": "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    "tokenizer.json": "b8be2c30ba5dd723a6d5ee26d013da103d5408d92ddcb23747622f9e48f1d842",
}
COPY_BYTES = 8 << 20
DOWNLOAD = ".download"

Say = Callable[[int, int, str], None]
"""Called with (done, total, what), in bytes."""


def models_folder() -> Path:
    """`$BYLINE_MODELS`, else `share/byline/models` of the virtual environment that runs, else the user's data."""
    if own := os.environ.get("BYLINE_MODELS"):
        return Path(own).expanduser()
    if sys.prefix != sys.base_prefix:
        return Path(sys.prefix) / "share" / "byline" / "models"
    from platformdirs import user_data_path

    return user_data_path("byline", appauthor=False) / "models"


def is_installed() -> bool:
    """Whether the files are there; their checksums are looked at when they are loaded."""
    return all((models_folder() / NAME / file).is_file() for file in SHA256)


def larger_base() -> Encoder:
    """The larger base. BylineError where it is not there; a damaged one is named at its first use."""
    if not is_installed():
        raise BylineError(f"the accurate models are not at {models_folder() / NAME}: run `{GET}`.")
    return Encoder(
        models_folder() / NAME, name=NAME, shape=MPNET_12, sha256=SHA256["model.safetensors"], mend=f"run `{GET}`"
    )


def fault() -> str:
    """What keeps the larger base from being used, in a few words; "" where it is whole. Reads all of it (a second)."""
    folder = models_folder() / NAME
    missing = [file for file in SHA256 if not (folder / file).is_file()]
    if missing:
        return f"not at {folder}" if len(missing) == len(SHA256) else f"{missing[0]} is missing in {folder}"
    try:
        damaged = [file for file, expected in SHA256.items() if sha256_of(folder / file) != expected]
    except OSError as error:
        return f"{folder} cannot be read ({error.strerror})"
    return f"{folder / damaged[0]} is damaged" if damaged else ""


def get_larger(source: Path | None = None, *, say: Say = lambda done, total, what: None) -> Path:
    """Put the larger base in its place, from the folder `source` or from the model hub, and return the folder. What is
    there and whole is left alone, a broken download is taken up where it stopped.

    BylineError where it cannot be had, or is not what was published; nothing half done is left in place.
    """
    folder = models_folder() / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, expected in SHA256.items():
            if (folder / file).is_file() and sha256_of(folder / file) == expected:
                continue
            if source is None:
                _fetch(file, folder, expected, say)
            else:
                _copy(source.expanduser() / file, folder / file, expected, say)
        shutil.rmtree(folder / DOWNLOAD, ignore_errors=True)
    except OSError as error:
        raise BylineError(
            f"the models cannot be stored in {folder} ({error.strerror or error}): make room there, or set "
            "BYLINE_MODELS to a folder you can write."
        ) from None
    finally:
        with contextlib.suppress(OSError):
            folder.rmdir()  # where nothing came into it
    return folder


def _copy(found: Path, target: Path, expected: str, say: Say) -> None:
    """Copy, compare the checksum, and put the copy in place in one step."""
    if not found.is_file():
        raise BylineError(f"{found.parent} has no {found.name}: give the folder of {NAME} as it was published.")
    partial = target.with_suffix(target.suffix + ".partial")
    try:
        source = found.open("rb")
    except OSError as error:
        raise BylineError(f"{found} cannot be read ({error.strerror}): give a folder you can read.") from None
    try:
        with source, partial.open("wb") as copy:
            total, done = found.stat().st_size, 0
            while block := source.read(COPY_BYTES):
                copy.write(block)
                done += len(block)
                say(done, total, target.name)
        _compare(partial, expected, found)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _compare(path: Path, expected: str, shown: Path | str) -> None:
    if (digest := sha256_of(path)) != expected:
        raise BylineError(
            f"{shown} is not the published {NAME} (sha256 {digest[:12]}…, expected {expected[:12]}…): fetch it anew."
        )


def _fetch(file: str, folder: Path, expected: str, say: Say) -> None:
    """Download a file from the model hub, compare its checksum, and move it to its place."""
    offline = f"or take it from a folder: `{GET} --from DIR`"
    if os.environ.get("HF_HUB_OFFLINE", "").strip().upper() in ("1", "ON", "YES", "TRUE"):
        raise BylineError(f"the model hub may not be asked (HF_HUB_OFFLINE is set): unset it, {offline}.")
    from huggingface_hub import hf_hub_download

    download = folder / DOWNLOAD  # of an earlier try too, which goes on where it stopped
    download.mkdir(exist_ok=True)
    try:
        found = Path(hf_hub_download(HUB_NAME, file, local_dir=download, tqdm_class=_bar(say, file)))
    except Exception as error:  # whatever a hub, a proxy or a library raises
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
            raise  # of the disk, not of the network
        raise BylineError(
            f"{HUB_NAME} cannot be fetched from the model hub ({type(error).__name__}): try again with a network, "
            f"{offline}."
        ) from None
    try:
        _compare(found, expected, f"{file} of {HUB_NAME} on the model hub")
    except BylineError:
        shutil.rmtree(download, ignore_errors=True)  # or the next try would find it again
        raise
    found.replace(folder / file)


def _bar(say: Say, what: str) -> Any:
    """What the hub's library shows progress with, made to say it."""
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "disable": False, "file": io.StringIO()})

        def display(self, *_: Any, **__: Any) -> bool:
            say(int(self.n), int(self.total or 0), what)
            return True

    return Bar
