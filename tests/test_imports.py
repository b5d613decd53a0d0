"""Imports go one way, and nothing heavy is imported before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "embeddings": {"embeddings"},
    "rag": {"embeddings", "rag"},
    "evals": {"embeddings", "rag", "evals"},
    "ui": {"embeddings", "rag", "ui"},
}
FILES = sorted(path for room in MAY_IMPORT for path in (ROOT / room).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Top-level packages that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where a name comes from"
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_the_rooms_below_it(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    assert imported(path) & MAY_IMPORT.keys() <= MAY_IMPORT[room]


def test_every_room_is_looked_at() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in FILES} == set(MAY_IMPORT)


@pytest.mark.parametrize("module", ["rag", "rag.cli", "embeddings", "ui", "evals"])
def test_importing_is_light(module: str) -> None:
    heavy = "torch sentence_transformers transformers gradio faiss tiktoken trafilatura pypdf".split()
    code = f"import sys, {module}; found = [m for m in {heavy} if m in sys.modules]; assert not found, found"
    subprocess.run([sys.executable, "-c", code], check=True)


def loaded(*args: str) -> set[str]:
    """The modules that are loaded once a command has run."""
    code = f"""
import contextlib, io, sys
from rag.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main({list(args)!r})
print(*sys.modules)
"""
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


@pytest.mark.parametrize("args", [["--help"], ["ask", "--help"], ["ask"], ["eval", "--help"]], ids=" ".join)
def test_help_and_a_mistake_load_nothing(args: list[str]) -> None:
    modules = loaded(*args)
    own = {module for module in modules if module.split(".")[0] in MAY_IMPORT}
    assert own == {"rag", "rag.cli", "evals", "ui"}
    assert not modules & {"numpy", "sqlite3", "httpx", "yaml", "snowballstemmer"}


@pytest.mark.parametrize("command", ["search", "ask"])
def test_a_question_loads_little(command: str, sample_folder: Path) -> None:
    """What costs half a second, or belongs to ingest, the page or a model of another kind."""
    modules = loaded(command, "Who asked for the meeting?", "--library", str(sample_folder))
    assert "tokenizers" in modules
    heavy = "torch sentence_transformers transformers sklearn scipy pandas gradio tiktoken trafilatura lxml pypdf docx"
    more = "feedparser datasketch charset_normalizer yaml httpx ir_measures unittest asyncio concurrent.futures.process"
    assert not modules & {*heavy.split(), *more.split()}


def test_the_core_never_prints() -> None:
    """Printing is for the command line: elsewhere it would get into somebody's JSON."""
    for path in FILES:
        if path.name in ("cli.py", "terminal.py", "__main__.py") or path.parts[-2] in ("evals", "ui"):
            continue
        calls = [
            node.func.id
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        ]
        assert "print" not in calls, path
