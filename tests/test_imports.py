"""Imports go one way, and nothing heavy is imported before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
PACKAGES = ("embeddings", "rag", "ui", "evals")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

# The rooms, from the ground up: each imports itself and what stands above it here, and nothing beside it.
LEVELS = """
    embeddings
    rag.types+rag.stored+rag.errors+rag.options+rag.settings
    rag.text
    rag.filters
    rag.models
    rag.storage
    rag.ingest
    rag.search
    rag.checking
    rag.news
    rag.answers
    rag.library+rag.judging+rag.collection+rag.shelf+rag.places+rag
    rag.cli+rag.commands+rag.terminal+rag.terminal_reports+rag.record+rag.references+rag.doctor+rag.licenses+rag.copying
    evals
    ui  evals.training
"""
LEVEL, ROOM = {}, {}
for level, line in enumerate(LEVELS.split("\n")):
    for room in line.split():
        for part in room.split("+"):
            LEVEL[part], ROOM[part] = level, room


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path) for path in FILES}


def place(module: str) -> str:
    """The row of the table that a module belongs to: of the longest name that it begins with."""
    parts = module.split(".")
    return next(name for n in range(len(parts), 0, -1) if (name := ".".join(parts[:n])) in LEVEL)


def imported(code: str) -> set[str]:
    """Modules of this project that are imported, wherever: within functions and for type checkers too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where a name comes from"
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= (inside & MODULES) or {str(node.module)}
            if inside - MODULES:
                names.add(str(node.module))
    return {name for name in names if name.split(".")[0] in PACKAGES}


def breaches(module: str, code: str) -> set[str]:
    """What a module imports from a room that is not below its own."""
    own = place(module)
    return {other for other in imported(code) if ROOM[place(other)] != ROOM[own] and LEVEL[place(other)] >= LEVEL[own]}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_the_rooms_below_it(path: Path) -> None:
    assert breaches(name_of(path), path.read_text(encoding="utf-8")) == set()


def test_every_room_is_looked_at() -> None:
    assert {place(name) for name in MODULES} == set(LEVEL)


def test_no_module_takes_a_place_by_chance() -> None:
    """A new module right under `rag` is given its row on purpose."""
    assert {name for name in MODULES if name.count(".") == 1 and name.startswith("rag.")} <= set(LEVEL)


@pytest.mark.parametrize(
    ("module", "code", "found"),
    [
        ("rag.search.asof", "from rag.checking.checker import check", {"rag.checking.checker"}),
        ("rag.text.words", "def f():\n    import rag.storage.store", {"rag.storage.store"}),
        ("rag.news.speakers", "if TYPE_CHECKING:\n    from rag.answers import citations", {"rag.answers.citations"}),
        ("rag.library", "from rag import record", {"rag.record"}),
        ("rag.ingest.mail", "from rag import BylineError", {"rag"}),
        ("evals.runner", "from evals.training import lies", {"evals.training.lies"}),
        ("evals.runner", "import ui", {"ui"}),
        ("rag.answers.records", "from rag.news import markers\nfrom rag.types import Json", set()),
        ("evals.training.lies", "from evals import loaders\nfrom rag import Library", set()),
    ],
)
def test_a_breach_is_seen(module: str, code: str, found: set[str]) -> None:
    assert breaches(module, code) == found


def test_every_package_is_in_the_wheel_but_those_for_training() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    assert set(listed) == {name_of(path) for path in FILES if path.name == "__init__.py"} - {"evals.training"}


@pytest.mark.parametrize("module", ["rag", "rag.cli", "embeddings", "ui", "evals"])
def test_importing_is_light(module: str) -> None:
    heavy = "torch sentence_transformers transformers gradio faiss tiktoken trafilatura pypdfium2".split()
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
    own = {module for module in modules if module.split(".")[0] in PACKAGES}
    assert own == {"rag", "rag.cli", "rag.options", "evals", "ui"}
    assert not modules & {"numpy", "sqlite3", "httpx", "yaml", "snowballstemmer"}


@pytest.mark.parametrize("command", ["search", "ask"])
def test_a_question_loads_little(command: str, sample_folder: Path) -> None:
    """What costs half a second, or belongs to ingest, the page or a model of another kind."""
    modules = loaded(command, "Who asked for the meeting?", "--library", str(sample_folder))
    assert "tokenizers" in modules
    heavy = (
        "torch sentence_transformers transformers sklearn scipy pandas gradio tiktoken trafilatura lxml pypdfium2 docx"
    )
    more = "feedparser datasketch charset_normalizer yaml httpx ir_measures unittest asyncio concurrent.futures.process"
    assert not modules & {*heavy.split(), *more.split()}


def test_the_core_never_prints() -> None:
    """Printing is for the command line: elsewhere it would get into somebody's JSON."""
    for path in FILES:
        if path.name in ("cli.py", "terminal.py", "__main__.py") or name_of(path).startswith(("evals", "ui")):
            continue
        calls = [
            node.func.id
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        ]
        assert "print" not in calls, path
