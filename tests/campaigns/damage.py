"""Bits that flip in the files of a library: nothing crashes, and what is damaged is found by `byline doctor`, does not
matter (a cache that is made anew, free space), or is a letter outside what is ever quoted."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path

from rag import BylineError, Library
from rag.doctor import examine
from rag.places import DATABASE
from rag.storage.caches import VECTORS
from tests.campaigns.common import QUESTION, More, make_library

SETTINGS = "settings.toml"


def flip(path: Path, chance: random.Random) -> None:
    """Flip one bit in a random place; now and then a whole sector is lost, or the end is cut off."""
    data = bytearray(path.read_bytes())
    how = chance.random()
    at = chance.randrange(len(data))
    if how < 0.8:
        data[at] ^= 1 << chance.randrange(8)
    elif how < 0.9:
        data[at : at + 512] = bytes(len(data[at : at + 512]))
    else:
        del data[at:]
    path.write_bytes(data)


def run(folder: Path, chance: random.Random, more: More) -> Counter[str]:
    done: Counter[str] = Counter()
    made = folder / "made"
    make_library(made, folder / "articles", count=12)
    (made / SETTINGS).write_text('model = "extractive"\nreader = "built-in"\n')
    with Library.open(made) as library:
        expected = answers(library)
        texts = {article.id: article.text for article in library.articles()}
    while more():
        home = folder / "library"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(made, home)
        # The database is nearly all that there is.
        name = chance.choice([DATABASE, DATABASE, DATABASE, VECTORS, SETTINGS])
        flip(home / name, chance)
        done["rounds"] += 1
        done[f"{name}: {look(home, name, expected, texts)}"] += 1
    return done


def answers(library: Library) -> list[tuple[str, int, int, str]]:
    hits = library.retrieve(QUESTION, k=5)
    cited = [c for claim in library.ask(QUESTION).claims for c in claim.citations]
    return [(hit.article.id, hit.passage.start, hit.passage.end, hit.passage.text) for hit in hits] + [
        (c.article.id, c.start, c.end, c.quote) for c in cited
    ]


def look(home: Path, name: str, expected: object, texts: dict[str, str]) -> str:
    """What came of the damage: refused, found by the doctor, or without effect. AssertionError where it is none."""
    try:
        with Library.open(home) as library:
            checks = {check["name"]: check for check in examine(library)}
            assert "Please report this." not in {check["mend"] for check in checks.values()}, checks
            is_found = not all(check["ok"] for check in checks.values())
            try:
                got = answers(library)
            except BylineError:
                assert is_found, "refused, but the doctor finds nothing"
                return "found by the doctor, and refused"
            by_id = {article.id: article.text for article in library.articles()} if not is_found else {}
            quoted = all(by_id[i][start:end] == quote for i, start, end, quote in got) if by_id else True
            assert quoted, "a citation that is not exact"
            if is_found:
                return "found by the doctor"
            assert all(text in texts[i] for i, _, _, text in got), "words were shown that no article had"
            return (
                "repaired"
                if name == VECTORS and got == expected
                else "without effect"
                if got == expected
                else "other answers"
            )
    except BylineError:
        return "refused in one sentence"
