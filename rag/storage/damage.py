"""Damage that SQLite does not see: bits that flipped within a text, an offset or a vector leave a sound file."""

from __future__ import annotations

import sqlite3

import numpy as np

from rag.errors import LibraryError
from rag.storage.rows import ARTICLE, PASSAGE, text_hash, text_to_embed, to_article, to_passage

_UNIT = 1e-2  # how far from 1 the length of a vector may be that a model made
_SHOWN = 5
_ARTICLE = f"SELECT {ARTICLE} FROM articles WHERE id = ?"
_PASSAGES = f"SELECT {PASSAGE}, hash FROM passages WHERE article_id = ?"


def find_damage(db: sqlite3.Connection) -> list[str]:
    """What is not as it was stored: articles that cannot be read or whose passages are not the words that were indexed,
    and vectors that no model made. Reads everything."""
    unreadable, changed = [], []
    for (article_id,) in db.execute("SELECT id FROM articles ORDER BY path").fetchall():
        try:
            article = to_article(db.execute(_ARTICLE, (article_id,)).fetchone())
            rows = db.execute(_PASSAGES, (article_id,)).fetchall()
            for *row, digest in rows:
                passage = to_passage(tuple(row), article)
                if text_hash(text_to_embed(article.headline, passage.heading, passage.text)) != digest:
                    changed.append(article.path)
                    break
        except (LibraryError, TypeError, ValueError):
            unreadable.append(str(article_id))
    n_vectors = sum(not is_vector(row[0]) for row in db.execute("SELECT vector FROM vectors"))
    found = [f"{len(unreadable)} articles cannot be read: {_some(unreadable)}"] if unreadable else []
    found += [f"{len(changed)} articles are not the words that were indexed: {_some(changed)}"] if changed else []
    return found + ([f"{n_vectors} vectors are damaged"] if n_vectors else [])


def is_vector(data: object) -> bool:
    """Whether these bytes are a vector as models give them, of unit length, or of zeros for a text without words."""
    if not isinstance(data, bytes) or not data or len(data) % 4:
        return False
    vector = np.frombuffer(data, dtype=np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        length = float(np.sqrt(np.square(vector, dtype=np.float64).sum()))
    return bool(np.isfinite(length)) and (length == 0.0 or abs(length - 1.0) <= _UNIT)


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
