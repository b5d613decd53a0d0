"""A library on Milvus, embedded in a folder or on a server: what `rag.storage.store.Store` is on SQLite, under the same
contract (`rag.storage.protocol`). MILVUS.md says what lies where, what differs and how far it goes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from embeddings.protocol import Vectors
from rag.errors import BylineError
from rag.storage import links, milvus_links, shelf
from rag.storage.milvus_address import Address
from rag.storage.milvus_engine import Engine, Row, batches, key, quoted
from rag.storage.milvus_reading import Reading
from rag.storage.milvus_rows import (
    ARTICLE_FIELDS,
    ARTICLES,
    INDEXED,
    META,
    OUTLETS,
    PARTS,
    part_id,
    passages_schema,
    to_rows,
)
from rag.storage.protocol import Entry, Relate
from rag.storage.whole import Whole

FORMAT = "1"
_OLD = ["id", "revision", "n_parts"]
_WRITING = 25  # articles written at a time: rows of up to 64 KB


class MilvusStore(Reading):
    """What a library holds. Safe to use from several threads, and on a server from several processes and machines.

    An article is replaced in one step (see `milvus_rows`); a process that is killed leaves at most passages that no
    article names, which `check` counts and the next ingest of that file takes over.
    """

    is_read_only = False

    def __init__(self, address: Address) -> None:
        super().__init__(Engine(address))
        self.address = address
        found = self.get_meta("format")
        if found not in (None, FORMAT):
            self.close()
            raise BylineError(
                f"the library {address} has format {found}, and this Byline knows {FORMAT}: update Byline with "
                "pip install --upgrade byline."
            )

    @property
    def exists(self) -> bool:
        """Whether anything was ever stored here."""
        return self._engine.has("meta")

    def close(self) -> None:
        self._engine.close()

    def check_writable(self) -> None:
        """Milvus itself refuses who may not write, when it is written."""

    def n_bytes(self) -> int:
        """The size of an embedded library's files; 0 for a server, which does not say."""
        folder = self.address.folder
        return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) if folder else 0

    def check(self) -> list[str]:
        """What is wrong: articles that are damaged, passages that are lacking or that no article names."""
        found, n_named = [], 0
        for some in batches(self.ids()):
            for row in self._engine.of_keys("articles", "id", some, ARTICLE_FIELDS):
                n_named += row["n_passages"]
                try:
                    self._whole(row)
                except BylineError as error:
                    found.append(str(error))
        lacking = n_named - self._engine.count("passages", fresh=True)
        if lacking:
            rest = "are lacking" if lacking > 0 else "are of no article (a process was killed; they are never shown)"
            found.append(f"{abs(lacking)} passages {rest}")
        return found

    def damaged(self) -> list[str]:
        """Nothing more than `check` finds, which reads every article whole."""
        return []

    # -- settings -------------------------------------------------------------------------------------------------

    @property
    def generation(self) -> int:
        return int(self.get_meta("generation") or 0)

    def set_meta(self, name: str, value: Any) -> None:
        """BylineError for another embedder than that of the vectors that are there."""
        if name == "embedder" and self.get_meta(name) not in (None, value) and self.n_passages():
            raise BylineError(
                f"the library {self.address} keeps the embedder {self.get_meta(name)} that it was made with: ingest "
                "into a new one (milvus:URI/NAME) with the other."
            )
        self._engine.make("meta", META)
        rows = {"format": FORMAT, name: value}
        self._engine.upsert(
            "meta", [{"id": key(one), "value": json.dumps(given), "v": [0.0, 0.0]} for one, given in rows.items()]
        )

    def _changed(self) -> None:
        self._forget()
        self.set_meta("generation", time.time_ns())

    # -- changes --------------------------------------------------------------------------------------------------

    def put(
        self,
        entries: Sequence[Entry],
        *,
        indexed_as: str,
        embedder: str,
        vectors: Mapping[bytes, Vectors],
        names: Mapping[str, Iterable[tuple[str, str, bool]]],
        gone: Sequence[str],
    ) -> None:
        """Each article is replaced in one step, not all of them in one transaction, which Milvus has not."""
        self._delete(gone)
        wholes = []
        for article, file, passages, sentences in entries:
            old = next(iter(self.wholes([article.id], fresh=True)), None)
            versions, edits = (old.versions, old.edits) if old else ((), ())
            if old is not None:
                was = old.article
                is_new = was.title != article.title and "title" not in {*was.edited, *article.edited}
                if is_new or was.text != article.text:
                    versions = (*versions, links.kept_row(was))
            wholes.append(
                Whole(
                    article=replace(article, cluster=None, replaced_by=None),
                    file=file,
                    indexed_as=indexed_as,
                    passages=tuple(passages),
                    sentences=tuple(sentences),
                    names=tuple(sorted(names[article.id])),
                    versions=versions,
                    edits=shelf.edited(edits, article),
                )
            )
        milvus_links.leave(self._engine, [whole.article.id for whole in wholes])
        self._put(wholes, embedder, vectors)

    def put_wholes(self, wholes: Sequence[Whole], *, embedder: str, vectors: Mapping[bytes, Vectors]) -> None:
        self._put(wholes, embedder, vectors)

    def _put(self, wholes: Sequence[Whole], embedder: str, vectors: Mapping[bytes, Vectors]) -> None:
        """Passages first, then the rows that name them, then away with what these no longer name."""
        if not wholes:
            self._changed()
            return
        dim = len(
            next((vectors[digest] for whole in wholes for digest in whole.hashes if digest in vectors), [0.0] * 8)
        )
        self._make(dim, embedder)
        for some in batches(wholes, _WRITING):
            ids = [whole.article.id for whole in some]
            paths = quoted([key(whole.article.path) for whole in some])
            own = f"id in {quoted(ids)} or path_key in {paths}"
            before = self._engine.rows("articles", own, _OLD, fresh=True)
            at = time.time_ns()
            rows = [
                to_rows(whole, embedder, dict(vectors), at + i, bm25=self._engine.has_bm25)
                for i, whole in enumerate(some)
            ]
            self._engine.upsert("passages", [row for one in rows for row in one.passages])
            self._engine.upsert("parts", [row for one in rows for row in one.parts])
            outlets = {one.article["outlet_key"]: whole.article.outlet for one, whole in zip(rows, some, strict=True)}
            self._engine.upsert(
                "outlets", [{"id": k, "outlet": o, "v": [0.0, 0.0]} for k, o in outlets.items() if k and o]
            )
            self._engine.upsert("articles", [one.article for one in rows])
            revisions = {one.article["id"]: one.article["revision"] for one in rows}
            self._drop([row for row in before if revisions.get(row["id"]) != row["revision"]], revisions)
        self._changed()

    def _make(self, dim: int, embedder: str) -> None:
        self._engine.make("articles", ARTICLES, indexed=INDEXED)
        self._engine.make("parts", PARTS)
        self._engine.make("outlets", OUTLETS)
        schema = passages_schema(dim, bm25=self._engine.has_bm25)
        self._engine.make("passages", schema, indexed=("article_id", "hash", "outlet_key", "earliest", "latest"))
        if self._embedder() != embedder:
            self.set_meta("vectors_of", embedder)

    def _drop(self, rows: Sequence[Row], kept: Mapping[str, str]) -> None:
        """Delete the passages and parts of these rows, and those rows themselves that are not `kept` under another
        revision."""
        away = [row["id"] for row in rows if row["id"] not in kept]
        milvus_links.leave(self._engine, away)
        for some in batches(rows, _WRITING):
            pairs = [f'(article_id == "{row["id"]}" and revision == "{row["revision"]}")' for row in some]
            if gone := [row["id"] for row in some if row["id"] not in kept]:
                self._engine.delete("articles", f"id in {quoted(gone)}")
            self._engine.delete("passages", " or ".join(pairs))
            parts = [part_id(row["id"], row["revision"], n) for row in some for n in range(1, row["n_parts"])]
            for ids in batches(parts):
                listed = ", ".join(f'"{one}"' for one in ids)
                self._engine.delete("parts", f"id in [{listed}]")
            for row in some:
                self._wholes.pop((row["id"], row["revision"]), None)

    def _delete(self, ids: Sequence[str]) -> None:
        self._drop(self._engine.of_keys("articles", "id", ids, _OLD, fresh=True), {})

    def remove(self, ids: Sequence[str]) -> None:
        self._delete(ids)
        self._sentences.clear()
        self._changed()

    def rename(self, article_id: str, path: str, file: str) -> None:
        whole = self._there(article_id)
        moved = replace(whole, article=replace(whole.article, path=path), file=file)
        self._put([moved], self._embedder(), self.vectors(self._embedder(), whole.hashes))

    def put_beside(self, article_id: str, rows: shelf.Beside) -> None:
        whole = self._there(article_id)
        known: dict[str, Any] = {
            name: tuple(tuple(row) for row in rows.get(name, ())) for name in ("versions", "edits")
        }
        self._put([replace(whole, **known)], self._embedder(), self.vectors(self._embedder(), whole.hashes))

    # -- copies and versions --------------------------------------------------------------------------------------

    def unlinked(self, bands_version: int) -> list[str]:
        if self.get_meta("bands_version") != bands_version:
            milvus_links.forget_bands(self._engine)
            self.set_meta("bands_version", bands_version)
        rows = self._engine.rows("articles", "linked == 0", ["id", "stored_at"], fresh=True)
        return [row["id"] for row in sorted(rows, key=lambda row: (row["stored_at"], row["id"]))]

    def link(self, bands: Mapping[str, Sequence[int]], relate: Relate) -> None:
        milvus_links.put_bands(self._engine, bands)
        apart = set(bands)  # of two new ones the second finds the first
        for article in self.articles(bands):
            alike = self.articles(milvus_links.candidates(self._engine, article.id, bands[article.id], apart))
            apart.discard(article.id)
            if found := relate(article, alike):
                versions = [one for one, kind in found.items() if kind == "version"]
                milvus_links.join(self._engine, article.id, list(found), versions)
