"""A database of each released format comes up to the newest with all that it held."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from rag import Library
from rag.places import DATABASE
from rag.storage.migrations import MIGRATIONS
from rag.storage.shelf import n_words
from tests.campaigns.common import More, assert_whole, content, make_library


def as_format(database: Path, target: Path, number: int) -> None:
    """What a library's database would be in the format `number` (1 is the first): its statements, and of each table
    the columns that there were."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(target)) as db:
        db.create_function("casefold", 1, str.casefold, deterministic=True)
        db.create_function("n_words", 2, n_words, deterministic=True)
        for statement in (statement for some in MIGRATIONS[:number] for statement in some):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {number}")
        db.execute("DELETE FROM meta")
        db.commit()
        db.execute("ATTACH ? AS now", (str(database),))
        own = "SELECT name FROM {}.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
        own += "AND name NOT LIKE '%_fts_%'"
        newest = {name for (name,) in db.execute(own.format("now"))}
        for (table,) in db.execute(own.format("main")).fetchall():
            columns = [f'"{row[1]}"' for row in db.execute(f"PRAGMA main.table_info({table})")]
            columns += ["rowid"] * (table == "passages_fts")
            if table in newest:
                some = ", ".join(columns)
                db.execute(f"INSERT INTO main.{table} ({some}) SELECT {some} FROM now.{table}")
        db.commit()


def run(folder: Path, chance: random.Random, more: More) -> Counter[str]:
    done: Counter[str] = Counter()
    articles, home = folder / "articles", folder / "now"
    make_library(home, articles, count=chance.randint(5, 15))
    with Library.open(home) as library:
        library.remove(["story003.txt"])
        held, known = content(library), {article.path: article for article in library.articles()}
    while more():
        number = done["rounds"] % len(MIGRATIONS) + 1
        done["rounds"] += 1
        old = folder / "old"
        shutil.rmtree(old, ignore_errors=True)
        as_format(home / DATABASE, old / DATABASE, number)
        with Library.open(old) as library:
            assert content(library) == held
            found = {article.path: replace(article, cluster=None, replaced_by=None) for article in library.articles()}
            assert found == {path: replace(one, cluster=None, replaced_by=None) for path, one in known.items()}
            assert_whole(library, range(1))
            report = library.ingest([articles])
            assert (report.unchanged, report.added, report.updated, report.failed) == (len(held), 1, 0, ())
            assert_whole(library, range(1))
        done[f"format {number}"] += 1
    return done
