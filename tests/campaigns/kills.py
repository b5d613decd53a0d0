"""A library survives being killed at any moment: it opens whole, and the next ingest completes it."""

from __future__ import annotations

import itertools
import random
import shutil
import signal
import time
from collections import Counter
from pathlib import Path

from rag import Library
from rag.places import DATABASE
from tests.campaigns.common import HASHING, More, assert_whole, content, outcome, start, write_articles
from tests.campaigns.formats import as_format

N_FILES = 120
# A small batch, so that a kill falls between and inside many transactions.
BEGIN = """
import sys, rag.ingest.pipeline, rag.storage.store
rag.ingest.pipeline.PASSAGES_PER_TRANSACTION = 8
from rag import Library
home, articles = sys.argv[1:3]
print("ready", flush=True)
"""
INGEST = f"""{BEGIN}
with Library.open(home) as library:
    library.ingest([articles])
"""
REMOVE = f"""{BEGIN}
with Library.open(home) as library:
    for name in sys.argv[3:]:
        library.remove([name])
"""
# The vectors, the FAISS file and every row of what was indexed are made anew.
SWAP = f"""{BEGIN}
for dim in (96, 64, 96, 64):
    with Library.open(home, embedder=f"hashing:{{dim}}") as library:
        library.retrieve("ferry")
"""
MIGRATE = f"""{BEGIN}
Library.open(home).close()
"""
KINDS = {"ingest": (INGEST, 0.6), "removal": (REMOVE, 0.4), "index swap": (SWAP, 0.6), "migration": (MIGRATE, 0.1)}


def run(folder: Path, chance: random.Random, more: More) -> Counter[str]:
    articles, home = folder / "articles", folder / "library"
    done: Counter[str] = Counter()
    version = 0
    write_articles(articles, version, N_FILES)
    Library.open(home, embedder=HASHING).close()
    kinds = itertools.cycle(KINDS)
    while more():
        kind = next(kinds)
        done["rounds"] += 1
        target = home
        names: list[str] = []
        if kind == "ingest":
            version += 1
            write_articles(articles, version, N_FILES)
        if kind == "removal":
            names = [f"story{n:03}.txt" for n in chance.sample(range(N_FILES), 12)]
            with Library.open(home) as library:
                there = {Path(article.path).name for article in library.articles()}
            names = [name for name in names if name in there]
        if kind == "migration":
            target = folder / "old"
            shutil.rmtree(target, ignore_errors=True)
            as_format(home / DATABASE, target / DATABASE, chance.randint(1, 7))
        code, longest = KINDS[kind]
        process = start(code, target, articles, *names)
        time.sleep(chance.uniform(0.0, longest))
        process.send_signal(signal.SIGKILL)
        status, _ = outcome(process)
        done[f"killed in {kind}" if status == -signal.SIGKILL else f"{kind} was through before"] += 1
        with Library.open(target) as library:
            assert_whole(library, range(version + 1))
    with Library.open(home, embedder=HASHING) as library:
        library.ingest([articles])
        assert_whole(library, range(version, version + 1))
        completed = content(library)
    with Library.open(folder / "fresh", embedder=HASHING) as fresh:
        fresh.ingest([articles])
        assert content(fresh) == completed
    return done
