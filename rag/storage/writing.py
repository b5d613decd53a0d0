"""The SQL that puts articles into the tables and takes them out. Used by the store, inside its transactions."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from embeddings.protocol import Vectors
from rag.storage import links, shelf
from rag.storage.rows import STORED, STORED_FIELDS, text_hash, text_to_embed, to_column
from rag.text.calendar import date_range
from rag.types import Article, Passage, Sentence


def put_article(db: sqlite3.Connection, article: Article, file: str, indexed_as: str) -> None:
    """Store the row of an article that was read from `file`."""
    values = (
        *(to_column(getattr(article, name)) for name in STORED_FIELDS),
        *(date_range(article.updated)[1], file, *date_range(article.published), indexed_as),
        shelf.n_words(article.text, json.dumps(article.boilerplate)),
    )
    db.execute(
        f"INSERT INTO articles ({STORED}, revised, file, earliest, latest, indexed_as, words) "
        f"VALUES ({', '.join('?' * len(values))})",
        values,
    )


def put_parts(
    db: sqlite3.Connection,
    article: Article,
    passages: Sequence[Passage],
    sentences: Sequence[Sentence],
    names: Iterable[tuple[str, str, bool]],
) -> None:
    """Store what is made of an article: passages and their words, sentences, names."""
    for passage in passages:
        number = db.execute(
            'INSERT INTO passages (id, article_id, position, start, "end", heading, n_tokens, hash) '
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(passage.id, article.id, passage.position, passage.start, passage.end, passage.heading),
                passage.n_tokens,
                text_hash(text_to_embed(article.headline, passage.heading, passage.text)),
            ),
        ).lastrowid
        db.execute(
            "INSERT INTO passages_fts (rowid, context, body) VALUES (?, ?, ?)",
            (number, text_to_embed(article.headline, passage.heading, ""), passage.text),
        )
    db.executemany(
        "INSERT INTO sentences VALUES (?, ?, ?, ?)",
        [(article.id, s.position, s.start, s.end) for s in sentences],
    )
    db.executemany(
        "INSERT INTO names VALUES (?, ?, ?, ?)",
        [(article.id, *pair) for pair in sorted(names)],
    )


def delete_article(db: sqlite3.Connection, article_id: str, *, history: bool = True, alone: bool = False) -> None:
    """Remove an article, its passages and their words, the vectors that no other passage needs, and its history. With
    `alone`, the others of its story keep what was found of them."""
    row = db.execute("SELECT text FROM articles WHERE id = ?", (article_id,)).fetchone()
    if row is None:
        return
    if alone:
        db.execute("DELETE FROM bands WHERE article_id = ?", (article_id,))
    else:
        links.leave(db, article_id)
    if history:
        for table in ("versions", "edits"):
            db.execute(f"DELETE FROM {table} WHERE article_id = ?", (article_id,))
    numbers = db.execute("SELECT number, hash FROM passages WHERE article_id = ?", (article_id,)).fetchall()
    sentences = db.execute('SELECT start, "end" FROM sentences WHERE article_id = ?', (article_id,)).fetchall()
    db.executemany("DELETE FROM passages_fts WHERE rowid = ?", [(number,) for number, _ in numbers])
    db.execute("DELETE FROM articles WHERE id = ?", (article_id,))
    hashes = [digest for _, digest in numbers] + [text_hash(row[0][start:end]) for start, end in sentences]
    db.executemany(
        "DELETE FROM vectors WHERE hash = ?1 AND NOT EXISTS (SELECT 1 FROM passages WHERE hash = ?1)",
        [(digest,) for digest in hashes],
    )


def put_vectors(db: sqlite3.Connection, embedder: str, vectors: Mapping[bytes, Vectors]) -> None:
    """Store those of the vectors that are not there yet."""
    db.executemany(
        "INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)",
        [(embedder, digest, np.ascontiguousarray(v, dtype=np.float32).tobytes()) for digest, v in vectors.items()],
    )


def mark_changed(db: sqlite3.Connection) -> None:
    """Raise `generation`, by which caches know that they are stale."""
    db.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation'")
