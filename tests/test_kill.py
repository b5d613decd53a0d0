"""A library survives being killed at any moment: it opens whole, and the next ingest completes it."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from rag import Library

N_FILES = 240
KILLS = 20
# A small batch, so that a kill falls between and inside many transactions.
INGEST = """
import sys, rag.ingest.pipeline
rag.ingest.pipeline.PASSAGES_PER_TRANSACTION = 8
from rag import Library
with Library.open(sys.argv[1], embedder="hashing:64") as library:
    print("ready", flush=True)
    library.ingest([sys.argv[2]])
    if len(sys.argv) > 3:
        library.remove(sys.argv[3:])
"""


def write_articles(folder: Path, version: int) -> None:
    folder.mkdir(exist_ok=True)
    for n in range(N_FILES):
        body = "\n\n".join(
            f"Paragraph {p} of story {n}, version {version}: the Quillmere ferry carried {n * 7 + p} people to Saltby."
            for p in range(6)
        )
        (folder / f"story{n:03}.txt").write_text(f"Story {n} from Quillmere\n\n{body}\n")


def content(library: Library) -> list[tuple[str, str, list[tuple[int, int, str]]]]:
    """What a library holds, without the numbers that depend on the order of work."""
    return sorted(
        (Path(a.path).name, a.text, [(p.start, p.end, p.text) for p in library.passages(a)]) for a in library.articles()
    )


def assert_whole(library: Library) -> None:
    assert library.store.check() == []
    vectors = library.store.passage_numbers("hashing:64")
    assert len(vectors) == library.store.n_passages()
    for article in library.articles():
        passages = library.passages(article)
        assert passages, "an article without its passages"
        assert all(article.text[p.start : p.end] == p.text for p in passages)
        assert article.text.rstrip().endswith(passages[-1].text)
    if vectors.size:
        hits = library.retrieve("How many people did the Quillmere ferry carry?", k=3)
        assert len(hits) == 3


def test_killed_at_random_points(tmp_path: Path) -> None:
    folder, home = tmp_path / "articles", tmp_path / "library"
    chance = random.Random(20240506)
    killed = 0
    for round_ in range(KILLS):
        # Each round some work is new: another version of every article, or articles to remove.
        write_articles(folder, version=round_ // 4)
        remove = [f"story{n:03}.txt" for n in range(5)] if round_ % 3 == 2 else []
        process = subprocess.Popen(
            [sys.executable, "-c", INGEST, str(home), str(folder), *remove],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
        errors = process.stderr.read().decode()
        process.stdout.close()
        process.stderr.close()
        assert "Traceback" not in errors, errors
        killed += process.returncode == -signal.SIGKILL
        with Library.open(home) as library:
            assert_whole(library)
    assert killed >= KILLS // 2, "most processes must have been killed in the middle of their work"

    with Library.open(home) as library:
        library.ingest([folder])
        assert_whole(library)
        completed = content(library)
    with Library.open(tmp_path / "fresh", embedder="hashing:64") as fresh:
        fresh.ingest([folder])
        assert content(fresh) == completed
