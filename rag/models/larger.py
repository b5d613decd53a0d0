"""The larger base model of the accurate tier: where it lies, how it gets there.

It is all-mpnet-base-v2 (Apache-2.0, 110 million parameters, 438 MB), fetched once from the model hub or taken from a
folder; the adapters that make a reader and a verifier of it ship with Byline.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

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
            found = _from_hub(file, folder) if source is None else source.expanduser() / file
            if not found.is_file():
                raise BylineError(f"{source} has no {file}: give the folder of {NAME} as it was published.")
            _put(found, folder / file, expected, say)
    except OSError as error:
        raise BylineError(
            f"the models cannot be stored in {folder} ({error.strerror}): set BYLINE_MODELS to a folder you can write."
        ) from None
    shutil.rmtree(folder / ".download", ignore_errors=True)
    return folder


def _put(found: Path, target: Path, expected: str, say: Say) -> None:
    """Copy, compare the checksum, and put the copy in place in one step."""
    partial = target.with_suffix(target.suffix + ".partial")
    total, done = found.stat().st_size, 0
    try:
        with found.open("rb") as source, partial.open("wb") as copy:
            while block := source.read(COPY_BYTES):
                copy.write(block)
                done += len(block)
                say(done, total, target.name)
        digest = sha256_of(partial)
        if digest != expected:
            raise BylineError(
                f"{found} is not the published {NAME} (sha256 {digest[:12]}…, expected {expected[:12]}…): "
                "fetch it anew."
            )
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _from_hub(file: str, folder: Path) -> Path:
    from huggingface_hub import hf_hub_download

    offline = f"or take it from a folder: `{GET} --from DIR`"
    if os.environ.get("HF_HUB_OFFLINE", "").strip() not in ("", "0"):
        raise BylineError(f"the model hub may not be asked (HF_HUB_OFFLINE is set): unset it, {offline}.")
    with contextlib.suppress(OSError):  # of an earlier try, which goes on where it stopped
        (folder / ".download").mkdir(exist_ok=True)
    try:
        return Path(hf_hub_download(HUB_NAME, file, local_dir=folder / ".download"))
    except Exception as error:  # whatever a hub, a proxy or a library raises
        raise BylineError(
            f"{HUB_NAME} cannot be fetched from the model hub ({type(error).__name__}): try again with a network, "
            f"{offline}."
        ) from None
