"""Several processes on one library, a library that is moved while it is open, and a clock that is set back."""

from __future__ import annotations

import datetime as dt
import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from rag import BylineError, Library
from tests.campaigns.common import HASHING, QUESTION, More, assert_whole, content, outcome, start, write_articles

N_FILES = 12
WORK = """
import random, sys
import rag.ingest.pipeline
rag.ingest.pipeline.PASSAGES_PER_TRANSACTION = 16
from rag import Library
home, articles, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
chance = random.Random(seed)
for _ in range(3):
    with Library.open(home) as library:
        for hit in library.retrieve("How many people did the ferry carry?", k=5):
            assert hit.article.text[hit.passage.start:hit.passage.end] == hit.passage.text
        if chance.random() < 0.5:
            there = library.articles()
            if there:
                try:
                    library.remove([chance.choice(there).id])
                except Exception as error:
                    assert type(error).__name__ == "NotFoundError", error
        library.ingest([articles])
"""


def run(folder: Path, chance: random.Random, more: More) -> Counter[str]:
    done: Counter[str] = Counter()
    articles = folder / "articles"
    while more():
        done["rounds"] += 1
        home = folder / f"library{done['rounds']}"
        write_articles(articles, done["rounds"], N_FILES)
        versions = range(done["rounds"], done["rounds"] + 1)
        n = 10 if done["rounds"] % 4 == 2 else 2
        Library.open(home, embedder=HASHING).close()
        working = [start(WORK, home, articles, chance.randrange(10**6)) for _ in range(n)]
        for process in working:
            status, said = outcome(process)
            assert status == 0, said
        done[f"{n} processes"] += 1
        with Library.open(home) as library:
            library.ingest([articles])
            assert_whole(library, versions)
            assert len(library.articles()) == N_FILES
        moved_while_open(home, articles, versions)
        done["moved while open"] += 1
        clock_set_back(folder / "clock", articles, chance)
        done["clock set back"] += 1
        shutil.rmtree(home, ignore_errors=True)
    return done


def moved_while_open(home: Path, articles: Path, versions: range) -> None:
    """What is open goes on or says in one sentence why not; at its new place the library is whole."""
    moved = home.with_name(f"{home.name} moved")
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            library.retrieve(QUESTION)
        except BaseException as error:
            failures.append(error)

    with Library.open(home) as library:
        library.retrieve(QUESTION)
        home.rename(moved)
        ask()
        other = threading.Thread(target=ask)  # its connection is a new one
        other.start()
        other.join()
        for change in (lambda: library.remove(["story001.txt"]), lambda: library.ingest([articles])):
            try:
                change()
            except BaseException as error:
                failures.append(error)
    assert all(isinstance(error, BylineError) for error in failures), failures
    assert not (home / "byline.sqlite3").exists(), "no half of a library is made where it was"
    with Library.open(moved) as library:
        assert_whole(library, versions)
        library.ingest([articles])
        assert len(library.articles()) == N_FILES
        assert_whole(library, versions)
    shutil.rmtree(moved)
    shutil.rmtree(home, ignore_errors=True)


def clock_set_back(folder: Path, articles: Path, chance: random.Random) -> None:
    """By hours to decades, in the middle of the work: content decides what is new, not the clock."""
    shutil.rmtree(folder, ignore_errors=True)
    with Library.open(folder / "library", embedder=HASHING) as library:
        library.ingest([articles])
        before = content(library)
        with clock(-chance.choice([3_600.0, 86_400.0 * 400, 86_400.0 * 365 * 30])):
            library.today = lambda: dt.date(1996, 2, 29)
            assert library.ingest([articles]).unchanged == N_FILES
            changed = folder / "story000.txt"
            changed.write_text(f"{(articles / 'story000.txt').read_text()}\nThe clerk rang the bell.\n")
            assert library.ingest([changed]).added == 1
            changed.write_text(f"{changed.read_text()}\nNobody came.\n")
            assert library.ingest([changed]).updated == 1
            assert library.retrieve(QUESTION)
            assert library.ask("What happened on the ferry last year?", as_of="1996").status
        library.remove([str(changed)])
        assert content(library) == before


@contextmanager
def clock(seconds: float) -> Iterator[None]:
    """Set the clock of the programs of this process by so much."""
    real = time.time
    with mock.patch("time.time", side_effect=lambda: real() + seconds):
        yield
