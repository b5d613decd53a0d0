"""The disk is full, or a file may not grow, at any write: one sentence, and the library is never half there."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag import Library
from tests.campaigns.common import More, assert_whole, content, make_library, outcome, start, write_articles

N_FILES = 16
DISK = 24 * 2**20  # bytes of the small disk
# Says how it ended; the limit is that of one file's size, which a disk's end is like (EFBIG for ENOSPC).
CHANGE = """
import json, resource, signal, sys
import rag.ingest.pipeline
rag.ingest.pipeline.PASSAGES_PER_TRANSACTION = 16
from rag import BylineError, Library
home, articles, limit = sys.argv[1], sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
if limit:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    with Library.open(home) as library:
        library.ingest([articles])
        library.retrieve("ferry")
        library.remove(["story001.txt"])
    print(json.dumps("done"))
except BylineError as error:
    print(json.dumps(str(error)))
"""


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Puts a disk of `DISK` bytes at `folder`, where this user may; whether there is one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", str(folder)]
    mounted = shutil.which("mount") is not None and os.geteuid() == 0
    mounted = mounted and subprocess.run(mount, capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


def run(folder: Path, chance: random.Random, more: More) -> Counter[str]:
    done: Counter[str] = Counter()
    articles, made = folder / "articles", folder / "made"
    make_library(made, articles, count=N_FILES)
    write_articles(articles, 1, N_FILES)
    with Library.open(folder / "fresh", embedder="hashing:64") as fresh:
        fresh.ingest([articles])
        completed = content(fresh)
    grown = sum(file.stat().st_size for file in (folder / "fresh").iterdir())
    with small_disk(folder / "disk") as is_disk:
        while more():
            full_disk = is_disk and done["rounds"] % 2 == 0
            done["rounds"] += 1
            home = folder / "disk" / "library"
            shutil.rmtree(home, ignore_errors=True)
            shutil.copytree(made, home)
            limit = 0
            if full_disk:
                free = shutil.disk_usage(home).free
                filler = folder / "disk" / "filler"
                filler.write_bytes(bytes(free - min(free, chance.randrange(2 * grown))))
            else:
                limit = chance.randrange(1, 2 * grown)
            status, out = outcome(start(CHANGE, home, articles, limit))
            assert status == 0, out
            said = json.loads(out)
            assert said == "done" or (said.count("\n") == 0 and "room" in said), said
            (folder / "disk" / "filler").unlink(missing_ok=True)
            kind = "full disk" if full_disk else "file that may not grow"
            done[f"{kind}: {'enough after all' if said == 'done' else 'one sentence'}"] += 1
            with Library.open(home) as library:
                assert_whole(library, range(2))
                library.ingest([articles])
                assert_whole(library, range(1, 2))
                assert content(library) == completed
    return done
