"""What is read of a library on Milvus: its articles, their stories, and the passages that a search finds."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from embeddings.protocol import Vectors
from rag.errors import NotFoundError
from rag.filters import Filters
from rag.storage import links, milvus_links, shelf
from rag.storage.milvus_counts import Counted
from rag.storage.milvus_engine import MOST, Engine, Row, batches, key, quoted
from rag.storage.milvus_listing import Listing, outdated
from rag.storage.milvus_rows import PASSAGE_FIELDS, both, links_of, part_id, tails_of, to_whole, where
from rag.storage.milvus_search import Allowed, MilvusIndex, bm25
from rag.storage.whole import Whole
from rag.types import Article, Ids, Json, Passage, Sentence, Version

_HEAD = ["id", "revision", "content", "n_parts", "cluster", "replaced_by", "linked", "bands"]
MOST_KEPT = 4_000  # articles in memory; so many times ten passages' places and vectors of sentences


class _Recent(OrderedDict[Any, Any]):
    """The last `most` of what was put in."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def __setitem__(self, name: Any, value: Any) -> None:
        super().__setitem__(name, value)
        while len(self) > self._most:
            self.popitem(last=False)


class Reading(Counted, Listing):
    """A store in Milvus that is read. See `rag.storage.store.Store`, whose words hold."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        self._wholes = _Recent(MOST_KEPT)  # (id, revision) -> Whole; of a revision it never changes
        self._places = _Recent(10 * MOST_KEPT)  # number -> (article_id, revision, position); the same
        self._sentences = _Recent(10 * MOST_KEPT)  # (embedder, hash) -> vector

    def get_meta(self, name: str) -> Any:
        rows = self._engine.rows("meta", f'id == "{key(name)}"', ["value"], limit=1)
        return json.loads(rows[0]["value"]) if rows else None

    # -- articles -------------------------------------------------------------------------------------------------

    def ids(self) -> list[str]:
        rows = self._engine.rows("articles", 'id != ""', ["id", "stored_at"], fresh=True)
        return [row["id"] for row in sorted(rows, key=lambda row: (row["stored_at"], row["id"]))]

    def wholes(self, ids: Iterable[str], *, fresh: bool = False) -> list[Whole]:
        """As on SQLite. One that was read before is not read again. BylineError for one that is damaged."""
        wanted = list(dict.fromkeys(ids))
        rows = self._engine.of_keys("articles", "id", wanted, _HEAD, fresh=fresh)
        known = {row["id"]: (row, self._wholes.get((row["id"], row["revision"]))) for row in rows}
        found = {one: replace(whole, linked=links_of(row)) for one, (row, whole) in known.items() if whole is not None}
        for row in self._engine.of_keys(
            "articles", "id", [one for one in known if one not in found], [*_HEAD, "record"]
        ):
            found[row["id"]] = self._wholes[row["id"], row["revision"]] = self._whole(row)
        return [found[one] for one in wanted if one in found]

    def _by_revision(self, ids: Sequence[str]) -> dict[tuple[str, str], Whole]:
        """(id, revision) -> the article, of those that are stored now."""
        rows = self._engine.of_keys("articles", "id", ids, ["id", "revision"])
        wholes = {whole.article.id: whole for whole in self.wholes(row["id"] for row in rows)}
        return {(row["id"], row["revision"]): wholes[row["id"]] for row in rows if row["id"] in wholes}

    def _whole(self, row: Row) -> Whole:
        ids = [part_id(row["id"], row["revision"], n) for n in range(1, row["n_parts"])]
        parts: dict[str, str] = {}
        for some in batches(ids, 50):
            listed = ", ".join(f'"{one}"' for one in some)
            parts |= {
                part["id"]: part["data"]
                for part in self._engine.rows("parts", f"id in [{listed}]", ["id", "data"], limit=len(some))
            }
        return to_whole(row, [parts.get(one, "") for one in ids])

    def articles(self, ids: Iterable[str] | None = None) -> list[Article]:
        if ids is None:
            return [article for article, _ in self._catalogue()]
        return [whole.entry for whole in self.wholes(ids)]

    def catalogue(self) -> list[tuple[Article, str]]:
        return [(replace(article, text=""), file) for article, file in self._catalogue()]

    def _catalogue(self) -> list[tuple[Article, str]]:
        rows = self._engine.rows("articles", 'id != ""', ["id", "latest"])
        latest = {row["id"]: row["latest"] for row in rows}
        wholes = [whole for some in batches(list(latest)) for whole in self.wholes(some)]
        wholes.sort(key=lambda whole: (-latest[whole.article.id], whole.article.path))
        return [(whole.entry, whole.file) for whole in wholes]

    def known(self, file: str) -> dict[str, tuple[str, str, str]]:
        rows = self._engine.rows("articles", f'file_key == "{key(file)}"', ["id"], fresh=True)
        return {
            whole.article.path: (whole.article.id, whole.article.content_hash, whole.indexed_as)
            for whole in self.wholes((row["id"] for row in rows), fresh=True)
        }

    def file_of(self, article_id: str) -> str:
        return self._there(article_id).file

    def _there(self, article_id: str) -> Whole:
        for whole in self.wholes([article_id]):
            return whole
        raise NotFoundError(f"the article {article_id} is no longer in the library.")

    def with_hash(self, content_hash: str) -> tuple[str, str] | None:
        rows = self._engine.rows("articles", f'hash_key == "{key(content_hash)}"', ["id"], limit=1, fresh=True)
        for article in self.articles(row["id"] for row in rows):
            return article.id, article.path
        return None

    def indexed_otherwise(self, indexed_as: str) -> list[str]:
        rows = self._engine.rows("articles", f'indexed_key != "{key(indexed_as)}"', ["id"], limit=1)
        if not rows:
            return []
        return [row["id"] for row in self._engine.rows("articles", f'indexed_key != "{key(indexed_as)}"', ["id"])]

    def _embedder(self) -> str:
        return str(self.get_meta("vectors_of") or "")

    def find(self, name: str) -> list[str]:
        """An id is found by its beginning in small letters."""
        listed = quoted([name])
        exact = f'path_key == "{key(name)}" or file_key == "{key(name)}" or id in {listed}'
        conditions = [exact, f'array_contains(tails, "{tails_of("/" + name)[name.count("/")]}")']
        if len(name) >= 4 and name.isascii() and name.isalnum():
            conditions[1] += f' or id like "{name.lower()}%"'
        for condition in conditions:
            if found := [row["id"] for row in self._engine.rows("articles", condition, ["id"])]:
                return [article.id for article in sorted(self.articles(found), key=lambda article: article.path)]
        return []

    def stated(self, article_id: str, *, before_last: bool = False) -> Json:
        for whole in self.wholes([article_id]):
            return shelf.last_stated(whole.edits, int(before_last))
        return {}

    def beside(self, article_id: str) -> shelf.Beside:
        return self._there(article_id).beside

    # -- copies and versions --------------------------------------------------------------------------------------

    def stories(self, clusters: Sequence[str]) -> list[tuple[str, str]]:
        condition = both(f"cluster in {quoted(clusters)}", 'replaced_by == ""')
        fields = ["id", "cluster", "replaced_by", "earliest", "brief"]
        rows = milvus_links.leads_first(self._engine.rows("articles", condition, fields) if clusters else [])
        return [(row["cluster"], row["id"]) for row in sorted(rows, key=lambda row: str(row["cluster"]))]

    def visible(self, ids: Sequence[str], filters: Filters) -> list[str]:
        condition = where(filters)
        found = {
            row["id"]
            for some in batches(list(ids))
            for row in self._engine.rows("articles", both(f"id in {quoted(some)}", condition), ["id"], limit=len(some))
        }
        return [one for one in ids if one in found]

    def versions(self, article_id: str) -> list[Version]:
        members = milvus_links.members(self._engine, "replaced_by", [article_id])
        ranked = milvus_links.newest_first(milvus_links.ordered_rows(self._engine, members))
        found = []
        for whole in self.wholes(row["id"] for row in ranked[::-1]):
            found += [
                Version(article=old, replaced_at=at) for old, at in links.of_rows(whole.article.id, whole.versions)
            ]
            found.append(Version(article=whole.entry))
        return found

    def clusters_of(self, numbers: Sequence[int], filters: Filters) -> tuple[dict[int, tuple[str, str]], set[int]]:
        places = self._placed(numbers)
        fields = ["id", "cluster", "replaced_by", "revised", "latest"]
        rows = {
            row["id"]: row
            for row in self._engine.of_keys("articles", "id", [place[0] for place in places.values()], fields)
        }
        found = {n: rows[place[0]] for n, place in places.items() if place[0] in rows}
        clusters = {n: (row["cluster"], row["id"]) for n, row in found.items() if row["cluster"]}
        old = outdated(self._engine, list(rows.values()), where(filters))
        return clusters, {n for n, row in found.items() if row["id"] in old}

    # -- vectors and search ---------------------------------------------------------------------------------------

    def vectors(self, embedder: str, hashes: Sequence[bytes]) -> dict[bytes, Vectors]:
        kept = ((digest, self._sentences.get((embedder, digest))) for digest in hashes)
        found: dict[bytes, Vectors] = {digest: vector for digest, vector in kept if vector is not None}
        wanted = [digest.hex() for digest in hashes if digest not in found] if embedder == self._embedder() else []
        for some in batches(wanted):
            condition = f"hash in {quoted(some)}"
            for row in self._engine.rows("passages", condition, ["hash", "vector"], limit=MOST):
                found[bytes.fromhex(row["hash"])] = np.asarray(row["vector"], dtype=np.float32)
        return found

    def put_vectors(self, embedder: str, vectors: Mapping[bytes, Vectors]) -> None:
        """Kept in memory only: they can be made again."""
        for digest, vector in vectors.items():
            self._sentences[embedder, digest] = vector

    def passage_numbers(self, embedder: str) -> Ids:
        if embedder != self._embedder():
            return np.array([], dtype=np.int64)
        numbers = (row["number"] for row in self._engine.rows("passages", "number >= 0", ["number"]))
        return np.sort(np.fromiter(numbers, dtype=np.int64))

    def passage_vectors(self, embedder: str, numbers: Sequence[int]) -> tuple[Ids, Vectors]:
        rows = [
            row
            for some in batches(list(numbers) if embedder == self._embedder() else [])
            for row in self._engine.rows(
                "passages", f"number in {[int(n) for n in some]}", ["number", "vector"], limit=len(some)
            )
        ]
        vectors = np.array([row["vector"] for row in rows], dtype=np.float32)
        return np.array([row["number"] for row in rows], dtype=np.int64), vectors.reshape(len(rows), -1 if rows else 0)

    def own_index(self, embedder: str) -> MilvusIndex:
        return MilvusIndex(self._engine, self._seen)

    def _seen(self, number: int, row: Row) -> None:
        self._places[number] = tuple(row[name] for name in PASSAGE_FIELDS)

    def _placed(self, numbers: Sequence[int]) -> dict[int, tuple[str, str, int]]:
        """number -> article_id, revision and position."""
        for some in batches([n for n in numbers if n not in self._places]):
            condition = f"number in {[int(n) for n in some]}"
            for row in self._engine.rows("passages", condition, ["number", *PASSAGE_FIELDS], limit=len(some)):
                self._seen(int(row["number"]), row)
        return {n: place for n in numbers if (place := self._places.get(n))}

    def allowed(self, filters: Filters) -> Allowed:
        return Allowed(self._engine, filters)

    def has_word(self, word: str) -> bool:
        return bool(self.bm25([word], 1, Filters(), 1.0))

    def bm25(self, terms: Sequence[str], k: int, filters: Filters, context_weight: float) -> list[tuple[int, float]]:
        """As on SQLite; title and heading always count as much as the text."""
        return bm25(self._engine, terms, k, filters, self._seen)

    def names(self, forms: Sequence[str], filters: Filters) -> list[tuple[str, str, bool]]:
        known = [whole.names for whole in self.wholes(self._naming(forms, Filters()))]
        shorts = set(forms) | {short for pairs in known for short, long, _ in pairs if long in set(forms)}
        wanted = shorts & {short for pairs in known for short, _, _ in pairs}
        return self._names_of((whole.names for whole in self.wholes(self._naming(wanted, filters))), wanted)

    def passages(self, numbers: Sequence[int]) -> dict[int, tuple[Passage, Article]]:
        places = self._placed(numbers)
        wholes = self._by_revision([place[0] for place in places.values()])
        found = {}
        for number, (article_id, revision, position) in places.items():
            if (article_id, revision) in wholes:  # else its article was replaced, or is gone
                whole = wholes[article_id, revision]
                passage = next((one for one in whole.passages if one.position == position), None)
                if passage is not None:
                    found[number] = (passage, whole.entry)
        return found

    def article_passages(self, article: Article) -> list[Passage]:
        return [passage for whole in self.wholes([article.id]) for passage in whole.passages]

    def sentences(self, passage: Passage, content_hash: str | None = None) -> list[Sentence]:
        return [
            sentence
            for whole in self.wholes([passage.article_id])
            if content_hash in (None, whole.article.content_hash)
            for sentence in whole.sentences
            if sentence.start >= passage.start and sentence.end <= passage.end
        ]
