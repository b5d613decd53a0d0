"""An article with all that is stored of it, as one value with one hash, whatever the engine: what `byline copy` moves,
and what a library on Milvus stores."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from embeddings.protocol import Vectors
from rag.storage import links, shelf, writing
from rag.storage.rows import STORED_FIELDS, text_hash, text_to_embed
from rag.types import Article, Json, Passage, Sentence

Name = tuple[str, str, bool]
_OF_PASSAGE = ("id", "position", "start", "end", "heading", "n_tokens")


@dataclass(frozen=True, kw_only=True)
class Linked:
    """What ingest found of an article among the others; `bands` None until it was compared."""

    bands: tuple[int, ...] | None = None
    cluster: str | None = None
    replaced_by: str | None = None


@dataclass(frozen=True, kw_only=True)
class Whole:
    """`article` without what is in `linked`. `names` are (short, long, stated), sorted; `versions` are (replaced_at,
    fields, text) and `edits` (edited_at, stated), oldest first, as `shelf.Beside` has them."""

    article: Article
    file: str
    indexed_as: str
    passages: tuple[Passage, ...]
    sentences: tuple[Sentence, ...]
    names: tuple[Name, ...]
    versions: tuple[tuple[str, ...], ...] = ()
    edits: tuple[tuple[str, ...], ...] = ()
    linked: Linked = field(default=Linked())

    @property
    def beside(self) -> shelf.Beside:
        return {"versions": self.versions, "edits": self.edits}

    @property
    def entry(self) -> Article:
        """The article as the library gives it."""
        return replace(self.article, cluster=self.linked.cluster, replaced_by=self.linked.replaced_by)

    @cached_property
    def hashes(self) -> tuple[bytes, ...]:
        """The key of each passage's vector."""
        title = self.article.headline
        return tuple(text_hash(text_to_embed(title, p.heading, p.text)) for p in self.passages)

    @cached_property
    def json(self) -> str:
        """All of it but what is `linked`, as JSON in ASCII; the same for the same content."""
        values: Json = {
            "article": {name: getattr(self.article, name) for name in STORED_FIELDS},
            "file": self.file,
            "indexed_as": self.indexed_as,
            "passages": [[getattr(passage, name) for name in _OF_PASSAGE] for passage in self.passages],
            "sentences": [[s.position, s.start, s.end] for s in self.sentences],
            "names": [[short, long, int(stated)] for short, long, stated in self.names],
            "versions": self.versions,
            "edits": self.edits,
        }
        return json.dumps(values, sort_keys=True, separators=(",", ":"))

    @cached_property
    def content(self) -> str:
        """The SHA-256 of `json`, 64 hexadecimal digits."""
        return hashlib.sha256(self.json.encode()).hexdigest()

    def digest(self, vectors: Mapping[bytes, Vectors]) -> str:
        """The SHA-256 of all of it, with what is `linked` and the vectors of its passages."""
        linked = [self.linked.bands, self.linked.cluster, self.linked.replaced_by]
        found = hashlib.sha256(f"{self.content}{json.dumps(linked)}".encode())
        for key in self.hashes:
            found.update(vectors[key].astype("<f4").tobytes() if key in vectors else b"none")
        return found.hexdigest()


def read(text: str, linked: Linked) -> Whole:
    """What `Whole.json` wrote."""
    values: Json = json.loads(text)
    article = Article(**links.in_tuples(values["article"]))
    return Whole(
        article=article,
        file=values["file"],
        indexed_as=values["indexed_as"],
        passages=tuple(_passage(article, *row) for row in values["passages"]),
        sentences=tuple(
            Sentence(article_id=article.id, position=n, start=start, end=end) for n, start, end in values["sentences"]
        ),
        names=tuple((short, long, bool(stated)) for short, long, stated in values["names"]),
        versions=tuple(tuple(row) for row in values["versions"]),
        edits=tuple(tuple(row) for row in values["edits"]),
        linked=linked,
    )


def _passage(article: Article, id: str, position: int, start: int, end: int, heading: str, n_tokens: int) -> Passage:
    place = article.place_at(start)
    return Passage(
        id=id,
        article_id=article.id,
        position=position,
        start=start,
        end=end,
        text=article.text[start:end],
        n_tokens=n_tokens,
        heading=heading,
        page=place.page,
        time=place.time,
    )


# --- in SQLite


def of_database(db: sqlite3.Connection, article: Article, passages: Sequence[Passage]) -> Whole:
    """All that the tables hold of a stored article, whose passages are these."""
    (file, indexed_as, packed) = db.execute(
        "SELECT file, indexed_as, bands FROM articles WHERE id = ?", (article.id,)
    ).fetchone()
    bands = (
        None if packed is None else tuple(int.from_bytes(packed[i : i + 8], "big") for i in range(0, len(packed), 8))
    )
    sentences = db.execute(
        'SELECT position, start, "end" FROM sentences WHERE article_id = ? ORDER BY position', (article.id,)
    )
    names = db.execute("SELECT short, long, stated FROM names WHERE article_id = ? ORDER BY 1, 2", (article.id,))
    beside = shelf.beside(db, article.id)
    return Whole(
        article=replace(article, cluster=None, replaced_by=None),
        file=file,
        indexed_as=indexed_as,
        passages=tuple(passages),
        sentences=tuple(Sentence(article_id=article.id, position=n, start=s, end=e) for n, s, e in sentences),
        names=tuple((short, long, bool(stated)) for short, long, stated in names),
        versions=tuple(tuple(row) for row in beside["versions"]),
        edits=tuple(tuple(row) for row in beside["edits"]),
        linked=Linked(bands=bands, cluster=article.cluster, replaced_by=article.replaced_by),
    )


def to_database(
    db: sqlite3.Connection, wholes: Iterable[Whole], embedder: str, vectors: Mapping[bytes, Vectors]
) -> None:
    """Put articles into the tables, in place of those with the same ids or paths; others are left as they are."""
    for whole in wholes:
        article = whole.article
        same = db.execute("SELECT id FROM articles WHERE path = ? OR id = ?", (article.path, article.id)).fetchall()
        for (old,) in same:
            writing.delete_article(db, old, alone=True)
        writing.put_article(db, article, whole.file, whole.indexed_as)
        writing.put_parts(db, article, whole.passages, whole.sentences, whole.names)
        shelf.put_beside(db, article.id, whole.beside)
        if whole.linked.bands is not None:
            links.put_bands(db, article.id, whole.linked.bands)
        db.execute(
            "UPDATE articles SET cluster = ?, replaced_by = ? WHERE id = ?",
            (whole.linked.cluster, whole.linked.replaced_by, article.id),
        )
        kept: dict[bytes, Any] = {key: vectors[key] for key in whole.hashes if key in vectors}
        writing.put_vectors(db, embedder, kept)
