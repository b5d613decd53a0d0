"""The public corpora of extraction from disk, each in the layout of its own repository; nothing is downloaded.

What a corpus says of its pages is untrusted: a name in it that is no plain file name names no page.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evals.loaders import read_json
from rag import BylineError
from rag.ingest.formats import paragraphs, tree_of
from rag.types import Json


@dataclass(frozen=True, kw_only=True)
class Page:
    """`wanted` has what the corpus says of the page: "date" (a day, or None where there is none), "title", "authors",
    "byline" (a line, or None), "text"."""

    id: str
    path: Path
    wanted: Json


@dataclass(kw_only=True)
class Corpus:
    """`absent` names the pages that the corpus lists and the folder does not hold."""

    name: str
    pages: list[Page] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)

    def add(self, name: str, path: Path | None, wanted: Json) -> None:
        if path is None:
            self.absent.append(name)
        else:
            self.pages.append(Page(id=f"{self.name}/{name}", path=path, wanted=wanted))


def find_corpora(data: Path) -> list[Corpus]:
    """The corpora that `data` holds, itself or in its folders, by their layouts. BylineError where there is none, or
    where one is damaged."""
    if not data.is_dir():
        raise BylineError(f"the folder {data} is not there: --data names the folder that holds the corpora.")
    roots = [data, *sorted(inner for inner in data.iterdir() if inner.is_dir())]
    found = []
    for name, (places, _, load) in _LAYOUTS.items():
        folders = (root / place for root in roots for place in places)
        corpus = next((one for folder in folders if folder.is_dir() and (one := load(folder)) is not None), None)
        if corpus is None:
            continue
        if not corpus.pages:
            raise BylineError(f"{data} holds none of the {len(corpus.absent)} pages that {name} lists: get them too.")
        corpus.pages.sort(key=lambda page: page.id)
        found.append(corpus)
    if not found:
        layouts = "; ".join(f"{name} ({layout})" for name, (_, layout, _) in _LAYOUTS.items())
        raise BylineError(f"{data} holds no corpus of extraction, nor do its folders: what is read is {layouts}.")
    return found


# -- htmldate (Barbaresi 2020) ----------------------------------------------------------------------------------

_PAGE_FOLDERS = ("test_set", "cache", "eval")
_LISTS = ("comparison.py", "evaluation.py")  # of releases in which the list is in the script


def _htmldate(folder: Path) -> Corpus | None:
    if not any((folder / name).is_dir() for name in _PAGE_FOLDERS):
        return None
    listed: Json = {}
    for file in sorted(folder.glob("eval_*.json")):
        listed |= _mapping(file, read_json(file))
    for file in () if listed else filter(Path.is_file, map(folder.joinpath, _LISTS)):
        listed |= _mapping(file, _pages_in(file))
    if not listed:
        return None
    corpus = Corpus(name="htmldate")
    for url, row in listed.items():
        if not isinstance(row, dict) or not isinstance(row.get("file"), str) or "date" not in row:
            raise BylineError(f'{folder} lists {url[:80]!r} without "file" and "date": get the corpus anew.')
        places = (_inside(folder / name, row["file"]) for name in _PAGE_FOLDERS)
        corpus.add(row["file"], next(filter(None, places), None), {"date": row["date"]})
    return corpus


def _pages_in(script: Path) -> Any:
    """The value of EVAL_PAGES in a script, which is not run; {} where it has none."""
    try:
        tree = ast.parse(script.read_bytes())
        for node in tree.body:
            if isinstance(node, ast.Assign) and "EVAL_PAGES" in map(ast.unparse, node.targets):
                return ast.literal_eval(node.value)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BylineError(f"the EVAL_PAGES of {script} cannot be read ({type(error).__name__}).") from None
    return {}


# -- article-extraction-benchmark (Scrapinghub) -----------------------------------------------------------------


def _benchmark(folder: Path) -> Corpus | None:
    truth = folder / "ground-truth.json"
    if not truth.is_file() or not (folder / "html").is_dir():
        return None
    corpus = Corpus(name="article-extraction-benchmark")
    for key, row in _mapping(truth, read_json(truth)).items():
        text = row.get("articleBody") if isinstance(row, dict) else None
        corpus.add(key, _inside(folder / "html", f"{key}.html.gz"), {"text": str(text or "")})
    return corpus


# -- fundus (Dallabetta et al. 2024) ----------------------------------------------------------------------------

_CRAWLED = re.compile(r"(.+)_(\d{4}_\d\d_\d\d)\.html\.gz")


def _fundus(folder: Path) -> Corpus | None:
    crawled: dict[Path, list[Path]] = {}
    for page in sorted(folder.glob("*/*.html.gz")):
        if (match := _CRAWLED.fullmatch(page.name)) and (answers := page.with_name(f"{match[1]}.json")).is_file():
            crawled.setdefault(answers, []).append(page)
    if not crawled:
        return None
    corpus = Corpus(name="fundus")
    for answers, pages in crawled.items():
        versions = _mapping(answers, read_json(answers))
        for version, path in _by_version(answers, versions, pages).items():
            name = f"{answers.parent.name}/{path.name if path is not None else f'{answers.stem} {version}'}"
            corpus.add(name, path, _of_fundus(_mapping(answers, versions[version])))
    return corpus


def _by_version(answers: Path, versions: Json, pages: list[Path]) -> dict[str, Path | None]:
    """The page of each version of a publisher's parser, the older with the older. Up to which day a version holds is
    in fundus' code alone: where there are not as many pages as versions, a page is of the version whose article was
    published last before the page was fetched."""
    names = sorted(versions, key=lambda name: [int(number) for number in re.findall(r"\d+", name)])
    if len(names) == len(pages):
        return {name: page for name, page in zip(names, pages, strict=True)}  # noqa: C416 (the type is wider)
    paired: dict[str, Path | None] = dict.fromkeys(names)
    days = {name: str(_mapping(answers, versions[name]).get("publishing_date") or "")[:10] for name in names}
    for page in pages:
        day = page.name.removesuffix(".html.gz")[-10:].replace("_", "-")
        before = [name for name in names if days[name] and days[name] <= day]
        if before:
            paired[max(before, key=days.__getitem__)] = page
    return paired


def _of_fundus(stated: Json) -> Json:
    wanted: Json = {name: stated[name] for name in ("title", "authors") if stated.get(name)}
    if stated.get("publishing_date"):
        wanted["date"] = str(stated["publishing_date"])[:10]
    if stated.get("body"):
        wanted["text"] = "\n".join(_strings(stated["body"]))
    return wanted


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)


# -- readability (Mozilla) --------------------------------------------------------------------------------------


def _readability(folder: Path) -> Corpus | None:
    stated = sorted(folder.glob("*/expected-metadata.json"))
    if not any(file.with_name("source.html").is_file() for file in stated):
        return None
    corpus = Corpus(name="readability")
    for file in stated:
        row = _mapping(file, read_json(file))
        wanted: Json = {name: row[name] for name in ("title", "byline") if name in row}
        if (shown := _inside(file.parent, "expected.html")) is not None:
            tree = tree_of(shown.read_bytes(), "utf-8")
            wanted["text"] = paragraphs(tree) if tree is not None else ""
        corpus.add(f"{file.parent.name}/source.html", _inside(file.parent, "source.html"), wanted)
    return corpus


# -- all four ---------------------------------------------------------------------------------------------------

# Name -> where it lies below the folder of its repository or in it, its layout in words, and its loader, which gives
# None for a folder in another layout.
_LAYOUTS: Mapping[str, tuple[Iterable[str], str, Callable[[Path], Corpus | None]]] = {
    "htmldate": (("tests", "."), "tests/eval_*.json with the pages in tests/cache or tests/test_set", _htmldate),
    "article-extraction-benchmark": ((".",), "ground-truth.json with html/*.html.gz", _benchmark),
    "fundus": (
        ("tests/resources/parser/test_data", "test_data", "."),
        "tests/resources/parser/test_data/COUNTRY/PUBLISHER.json with PUBLISHER_YYYY_MM_DD.html.gz",
        _fundus,
    ),
    "readability": (
        ("test/test-pages", "test-pages", "."),
        "test/test-pages/*/source.html with expected.html and expected-metadata.json",
        _readability,
    ),
}


def _mapping(file: Path, value: Any) -> Json:
    if not isinstance(value, dict):
        raise BylineError(f"the data set file {file} holds no object of names and values: get it anew.")
    return value


def _inside(folder: Path, name: str) -> Path | None:
    path = folder / name
    return path if Path(name).name == name and path.is_file() else None
