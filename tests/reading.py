"""Files with articles for the tests, and what is read from them."""

from __future__ import annotations

from pathlib import Path

from rag.ingest.articles import read
from rag.ingest.boilerplate import find_boilerplate, find_headings
from rag.types import Article, Failure

# Nothing here happened: there is no Portmere, and it has no ferry.
STORY = (
    "The ferry of Portmere came back to its pier on Monday after a winter of repairs, the harbour office said.\n\n"
    "“We kept a chair for it,” said Ada Quill, who sells pies on the quay.\n"
)


def put(path: Path, content: str | bytes = STORY) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def one(path: Path) -> Article:
    (article,) = read(path)
    assert isinstance(article, Article), article
    return article


def failed(path: Path) -> str:
    (failure,) = read(path)
    assert isinstance(failure, Failure), failure
    assert failure.path == str(path)
    return failure.error


def of(text: str, tmp_path: Path) -> Article:
    return one(put(tmp_path / "story.txt", text))


def boilerplate(text: str) -> list[str]:
    return [text[start:end] for start, end in find_boilerplate(text)]


def headings(text: str) -> list[str]:
    return [text[start:end] for start, end in find_headings(text)]
