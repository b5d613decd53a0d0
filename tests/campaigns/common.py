"""What the campaigns share: invented articles, a library of them, and what must hold of any library."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from rag import Library

HASHING = "hashing:64"
QUESTION = "How many people did the Quillmere ferry carry?"

More = Callable[[], bool]
"""Whether another round is to be run."""
Campaign = Callable[[Path, random.Random, More], "Counter[str]"]
"""Runs rounds in an empty folder and counts what was done, by kind. AssertionError where something does not hold."""


def rounds(n: int) -> More:
    left = iter(range(n))
    return lambda: next(left, None) is not None


def until(moment: float) -> More:
    """At least one round, and none begun after `moment` of the monotonic clock."""
    first = iter([True])
    return lambda: next(first, False) or time.monotonic() < moment


def story(n: int, version: int) -> str:
    body = "\n\n".join(
        f"Paragraph {p} of story {n}, version {version}: the Quillmere ferry carried {n * 7 + p} people to Saltby."
        for p in range(6)
    )
    return f"Story {n} from Quillmere\n\n{body}\n"


def write_articles(folder: Path, version: int, count: int) -> None:
    folder.mkdir(exist_ok=True)
    for n in range(count):
        (folder / f"story{n:03}.txt").write_text(story(n, version))


def make_library(home: Path, articles: Path, *, count: int, embedder: str = HASHING) -> None:
    write_articles(articles, 0, count)
    with Library.open(home, embedder=embedder) as library:
        library.ingest([articles])


Content = list[tuple[str, str, list[tuple[int, int, str]]]]


def content(library: Library) -> Content:
    """What a library holds, without the numbers that depend on the order of work."""
    return sorted(
        (Path(a.path).name, a.text, [(p.start, p.end, p.text) for p in library.passages(a)]) for a in library.articles()
    )


def assert_whole(library: Library, versions: range | None = None) -> None:
    """Sound, no article half there, every passage and every sentence that would be cited exact. With `versions`, each
    text is what its file held in one of them."""
    assert library.store.check() == []
    hits = library.retrieve(QUESTION, k=3)  # what was cut short is brought up to date by it
    assert library.store.damaged() == []
    vectors = library.store.passage_numbers(library.embedder.name)
    assert len(vectors) == library.store.n_passages()
    assert len(hits) == min(3, len(vectors))
    for candidate in library._candidates(hits):
        assert candidate.hit.article.text[candidate.sentence.start : candidate.sentence.end] == candidate.text != ""
    for article in library.articles():
        passages = library.passages(article)
        assert passages, "an article without its passages"
        assert all(article.text[p.start : p.end] == p.text for p in passages)
        assert article.text.rstrip().endswith(passages[-1].text)
        if versions is not None:
            number = int(Path(article.path).stem.removeprefix("story"))
            assert article.text in {story(number, version) for version in versions}


def start(code: str, *args: object) -> subprocess.Popen[str]:
    """A Python process that runs `code`, its first line of output read: it has begun."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def outcome(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit status, and the rest of its output and its errors. No traceback."""
    assert process.stdout is not None
    with process.stdout as told:
        said = told.read()
    assert "Traceback" not in said, said
    return process.wait(), said


def samples(chance: random.Random, of: list[Path]) -> Iterator[Path]:
    """The files in random order, for ever."""
    while True:
        yield from chance.sample(of, len(of))
