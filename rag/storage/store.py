"""SQLite, the only truth: articles, passages, sentences, vectors, full-text index. The only SQL is in
this package: here what is asked, in `counts` what is counted, in `writing` what is put in and taken out, in `links`
copies and versions, in `migrations` the formats; connections and transactions are in `database`.

Every change is one transaction; one that adds or deletes passages raises `generation`, by which caches (the FAISS file,
an open library in another process) know that they are stale. Text that is removed is overwritten (`secure_delete`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from embeddings.protocol import Vectors
from rag.errors import LibraryError, NotFoundError
from rag.filters import Filters
from rag.storage import damage, links, shelf, whole, writing
from rag.storage.counts import Counts
from rag.storage.protocol import Entry, Relate, Row
from rag.storage.rows import ARTICLE, PASSAGE, to_article, to_match, to_passage, to_where
from rag.storage.whole import Whole
from rag.types import Article, Ids, Json, Listed, Passage, Sentence, Version

MOST_MATCHES = 100  # SQLite takes no expression without end
_HAS = (
    "AND id IN (SELECT p.article_id FROM passages_fts f JOIN passages p ON p.number = f.rowid "
    "WHERE passages_fts MATCH ?)"
)
# CROSS JOIN is SQLite's way to say: passages first, then each one's vector by its key. Left to itself it reads every
# vector for every batch.
_EMBEDDED = "passages p CROSS JOIN vectors v ON v.embedder = ? AND v.hash = p.hash"


class Store(Counts):
    """What a library holds. Safe to use from several threads and several processes.

    Raises BylineError when the file is damaged, cannot be written, or was made by a newer Byline.
    """

    def check(self) -> list[str]:
        """What SQLite finds wrong with the file; nothing when it is sound."""
        found = [str(row[0]) for row in self._db.execute("PRAGMA integrity_check(5)")]
        found += [f"broken reference in {row[0]}" for row in self._db.execute("PRAGMA foreign_key_check")]
        found += links.check(self._db)
        return [line for line in found if line != "ok"]

    def damaged(self) -> list[str]:
        """What is not as it was stored, though SQLite finds the file sound. Reads everything."""
        return damage.find_damage(self._db)

    # -- articles -----------------------------------------------------------------------------------------------

    def articles(self, ids: Iterable[str] | None = None) -> list[Article]:
        """All articles, newest first and those without a date last, or those with the given ids, in that order."""
        if ids is None:
            rows = self._db.execute(f"SELECT {ARTICLE} FROM articles ORDER BY latest IS NULL, latest DESC, path")
            return [to_article(row) for row in rows]
        wanted = list(dict.fromkeys(ids))
        found = {row[0]: to_article(row) for row in self._in(f"SELECT {ARTICLE} FROM articles WHERE id IN", wanted)}
        return [found[i] for i in wanted if i in found]

    def catalogue(self) -> list[tuple[Article, str]]:
        """All articles as `articles` lists them, but "" for the text of each, with the file that it was read from."""
        columns = ARTICLE.replace(" text,", " '',")
        rows = self._db.execute(f"SELECT {columns}, file FROM articles ORDER BY latest IS NULL, latest DESC, path")
        return [(to_article(row[:-1]), row[-1]) for row in rows]

    def known(self, file: str) -> dict[str, tuple[str, str, str]]:
        """For each article of `file`: path -> (id, content_hash, indexed_as)."""
        rows = self._db.execute("SELECT path, id, content_hash, indexed_as FROM articles WHERE file = ?", (file,))
        return {row[0]: (row[1], row[2], row[3]) for row in rows}

    def file_of(self, article_id: str) -> str:
        """The file that an article was read from. NotFoundError where the article is gone."""
        for (file,) in self._db.execute("SELECT file FROM articles WHERE id = ?", (article_id,)):
            return str(file)
        raise NotFoundError(f"the article {article_id} is no longer in the library.")

    def with_hash(self, content_hash: str) -> tuple[str, str] | None:
        """(id, path) of the article with this content, if there is one."""
        row = self._db.execute("SELECT id, path FROM articles WHERE content_hash = ?", (content_hash,)).fetchone()
        return (row[0], row[1]) if row else None

    def indexed_otherwise(self, indexed_as: str) -> list[str]:
        """Ids of the articles whose passages and vectors were made in another way."""
        # As two ranges, since no index is used for "!=".
        sql = "SELECT id FROM articles WHERE indexed_as < ?1 UNION ALL SELECT id FROM articles WHERE indexed_as > ?1"
        return [row[0] for row in self._db.execute(sql, (indexed_as,))]

    def rename(self, article_id: str, path: str, file: str) -> None:
        """The article's file has moved."""
        with self._transaction() as db:
            db.execute("UPDATE articles SET path = ?, file = ? WHERE id = ?", (path, file, article_id))

    def find(self, name: str) -> list[str]:
        """Ids of the articles that `name` can mean: an id or the start of one, a path, or the end of a path."""
        tail = name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        exact = self._db.execute(
            "SELECT id FROM articles WHERE id = ? OR path = ? OR file = ? ORDER BY path", (name, name, name)
        ).fetchall()
        rows = (
            exact
            or self._db.execute(
                "SELECT id FROM articles WHERE id LIKE ? ESCAPE '\\' OR path LIKE ? ESCAPE '\\' ORDER BY path",
                (f"{tail}%" if len(name) >= 4 else tail, f"%/{tail}"),
            ).fetchall()
        )
        return [row[0] for row in rows]

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
        """Store articles with all that belongs to them, and drop the articles `gone`, in one transaction.

        Each entry is (article, file, passages, sentences). An article with a known path or id replaces the stored
        one. `vectors` maps `text_hash` to a vector of `embedder` and must cover the passages not embedded before.
        `names` holds, by article id, what an article calls a name: (short, long, stated), see `rag.text.names`.
        """
        with self._transaction() as db:
            for article_id in gone:
                writing.delete_article(db, article_id)
            for article, file, passages, sentences in entries:
                same = "SELECT id FROM articles WHERE path = ? OR id = ?"
                for old in self.articles(row[0] for row in db.execute(same, (article.path, article.id)).fetchall()):
                    # A headline that an editor gave it is no other version of it.
                    is_new = old.title != article.title and "title" not in {*old.edited, *article.edited}
                    if old.id == article.id and (is_new or old.text != article.text):
                        links.keep(db, old)
                    writing.delete_article(db, old.id, history=old.id != article.id)
                writing.put_article(db, article, file, indexed_as)
                writing.put_parts(db, article, passages, sentences, names[article.id])
                shelf.record(db, article)
            writing.put_vectors(db, embedder, vectors)
            writing.mark_changed(db)

    def remove(self, ids: Sequence[str]) -> None:
        """Delete articles and everything made from them, in one transaction, and leave no trace in the file."""
        with self._transaction() as db:
            for article_id in ids:
                writing.delete_article(db, article_id)
            # FTS5 keeps the words of deleted rows in its segments until they are merged.
            db.execute("INSERT INTO passages_fts (passages_fts) VALUES ('optimize')")
            writing.mark_changed(db)
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def listed(
        self, terms: Sequence[str], filters: Filters, *, order: str, descending: bool, offset: int, limit: int
    ) -> tuple[list[Listed], int]:
        """A page of the articles that pass `filters` and have all `terms` in one passage, the last one perhaps as the
        beginning of a word, or in outlet, authors and path; and how many there are. `order` is of `shelf.ORDERS`."""
        match = (f"{to_match(terms, ' AND ')}*" if terms else "", terms)
        return shelf.listed(self._db, *to_where(filters), match, (order, descending), (offset, limit))

    def stated(self, article_id: str, *, before_last: bool = False) -> Json:
        """What editors have stated of an article, name to value; or had stated before the last edit."""
        return shelf.stated(self._db, article_id, int(before_last))

    def beside(self, article_id: str) -> shelf.Beside:
        """The earlier texts and the edits of an article: what goes with it when it is removed."""
        return shelf.beside(self._db, article_id)

    def put_beside(self, article_id: str, rows: shelf.Beside) -> None:
        """Give a stored article its earlier texts and its edits, in place of those it has."""
        with self._transaction() as db:
            shelf.put_beside(db, article_id, rows)

    # -- whole articles, for `byline copy` --------------------------------------------------------------------------

    def ids(self) -> list[str]:
        """Ids of all articles, in the order in which they were stored."""
        return [row[0] for row in self._db.execute("SELECT id FROM articles ORDER BY rowid")]

    def wholes(self, ids: Iterable[str]) -> list[Whole]:
        """Articles with all that is stored of them, in the order of `ids`; those that are gone are left out."""
        return [whole.of_database(self._db, one, self.article_passages(one)) for one in self.articles(ids)]

    def put_wholes(self, wholes: Sequence[Whole], *, embedder: str, vectors: Mapping[bytes, Vectors]) -> None:
        """Store such articles as they are, in place of those with the same ids or paths, in one transaction."""
        with self._transaction() as db:
            whole.to_database(db, wholes, embedder, vectors)
            writing.mark_changed(db)

    def own_index(self, embedder: str) -> None:
        """None: the vectors are searched in a cache beside the store (`rag.storage.index`)."""

    # -- copies and versions --------------------------------------------------------------------------------------

    def unlinked(self, bands_version: int) -> list[str]:
        """Ids of the articles that were not yet compared with the others; all, where bands were made otherwise."""
        if self.get_meta("bands_version") != bands_version:
            with self._transaction() as db:
                links.forget_bands(db)
                db.execute("INSERT OR REPLACE INTO meta VALUES ('bands_version', ?)", (bands_version,))
        return [row[0] for row in self._db.execute("SELECT id FROM articles WHERE bands IS NULL ORDER BY rowid")]

    def link(self, bands: Mapping[str, Sequence[int]], relate: Relate) -> None:
        """Compare articles with those that share a band, the address or the headline, one after the other, and store
        which are one story (see `rag.ingest.copies`), in one transaction."""
        with self._transaction() as db:
            for article in self.articles(bands):
                links.put_bands(db, article.id, bands[article.id])
                alike = self.articles(links.candidates(db, article, bands[article.id]))
                found = relate(article, alike)
                if found:
                    links.join(db, article.id, list(found), [i for i, kind in found.items() if kind == "version"])

    def stories(self, clusters: Sequence[str]) -> list[tuple[str, str]]:
        """(cluster, article id) of all articles of those stories that no newer version replaces, the lead first."""
        return links.stories(self._db, clusters)

    def visible(self, ids: Sequence[str], filters: Filters) -> list[str]:
        """Those of the articles that pass `filters`, in the order given."""
        where, values = to_where(filters)
        found = {row[0] for row in self._in(f"SELECT id FROM articles a WHERE {where} AND id IN", ids, *values)}
        return [article_id for article_id in ids if article_id in found]

    def versions(self, article_id: str) -> list[Version]:
        """What is stored of the article's piece, oldest first: what its articles were, and are."""
        found = []
        for article in self.articles(links.piece(self._db, article_id)):
            found += [Version(article=old, replaced_at=at) for old, at in links.kept(self._db, article.id)]
            found.append(Version(article=article))
        return found

    def clusters_of(self, numbers: Sequence[int], filters: Filters) -> tuple[dict[int, tuple[str, str]], set[int]]:
        """Of the passages: number -> (cluster, article id) where there is a cluster; and those of which a newer version
        passes `filters` too."""
        clusters = links.of_passages(self._db, numbers)
        return clusters, links.outdated(self._db, list(clusters), *to_where(filters))

    # -- vectors ------------------------------------------------------------------------------------------------

    def vectors(self, embedder: str, hashes: Sequence[bytes]) -> dict[bytes, Vectors]:
        """The stored vectors among `hashes`, each of shape (dim,)."""
        rows = self._in("SELECT hash, vector FROM vectors WHERE embedder = ? AND hash IN", hashes, embedder)
        return {row[0]: np.frombuffer(row[1], dtype=np.float32) for row in rows}

    def put_vectors(self, embedder: str, vectors: Mapping[bytes, Vectors]) -> None:
        """Keep vectors that can be made again. BylineError at once where another process writes."""
        with self._transaction(patience_s=0) as db:
            writing.put_vectors(db, embedder, vectors)

    def passage_numbers(self, embedder: str) -> Ids:
        """Numbers of the passages that have a vector of `embedder`, ascending, shape (n,)."""
        return self._numbers(f"SELECT number FROM {_EMBEDDED}", (embedder,))

    def passage_vectors(self, embedder: str, numbers: Sequence[int]) -> tuple[Ids, Vectors]:
        """Numbers (n,) and vectors (n, dim) of those passages."""
        rows = list(self._in(f"SELECT number, vector FROM {_EMBEDDED} WHERE number IN", numbers, embedder))
        for number, vector in rows:
            if not damage.is_vector(vector):
                what = f"the vector of passage {number} is damaged in the library's file"
                raise LibraryError(f"{what}: restore that from a copy, or ingest the articles into a new library.")
        ids = np.array([row[0] for row in rows], dtype=np.int64)
        vectors = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.float32)
        return ids, vectors.reshape(len(rows), -1 if rows else 0)

    # -- search -------------------------------------------------------------------------------------------------

    def allowed(self, filters: Filters) -> Ids:
        """Numbers of the passages that `filters` let through, ascending."""
        where, values = to_where(filters)
        # Articles first, from an index that has all that filters ask for, and of each the numbers from another.
        return self._numbers(
            f"SELECT number FROM articles a CROSS JOIN passages p ON p.article_id = a.id WHERE {where}", values
        )

    def all_numbers(self) -> Ids:
        """Numbers of all passages, ascending."""
        return self._numbers("SELECT number FROM passages")

    def bm25(self, terms: Sequence[str], k: int, filters: Filters, context_weight: float) -> list[tuple[int, float]]:
        """The best `k` passages that hold any of `terms`, as (number, score), highest first.

        Okapi BM25 as in FTS5 (k1 = 1.2, b = 0.75), with title and heading counted `context_weight` times. Terms are
        quoted: operators and punctuation in them are only text. No terms, no hits.
        """
        match = to_match(terms, " OR ")
        if not match:
            return []
        where, values = to_where(filters)
        join = "JOIN passages p ON p.number = f.rowid JOIN articles a ON a.id = p.article_id" if filters else ""
        rows = self._db.execute(
            f"SELECT f.rowid, -bm25(passages_fts, ?, 1.0) AS score FROM passages_fts f {join} "
            f"WHERE passages_fts MATCH ? AND {where} ORDER BY score DESC, f.rowid LIMIT ?",
            (context_weight, match, *values, k),
        )
        return [(row[0], row[1]) for row in rows]

    def names(self, forms: Sequence[str], filters: Filters) -> list[tuple[str, str, bool]]:
        """(short, long, stated) of the names that have one of `forms` as the short form, or share the short form of a
        name that has one as the long form: each once, from the articles that `filters` let through."""
        where, values = to_where(filters)
        join = f"JOIN articles a ON a.id = article_id WHERE {where} AND" if filters else "WHERE"
        listed = json.dumps(forms)
        rows = self._db.execute(
            f"SELECT short, long, max(stated) FROM names {join} short IN (SELECT value FROM json_each(?) UNION "
            "SELECT short FROM names WHERE long IN (SELECT value FROM json_each(?))) "
            "GROUP BY short, long ORDER BY short, long",
            (*values, listed, listed),
        )
        return [(row[0], row[1], bool(row[2])) for row in rows]

    def listing(self, filters: Filters, terms: Sequence[str]) -> list[Row]:
        """The articles that `filters` let through, newest first and those without a date last; with `terms`, those that
        have each of the first `MOST_MATCHES`, in whatever passages. Of a piece with versions the newest."""
        where, values = to_where(filters)
        matches = list(dict.fromkeys(to_match([term], "") for term in terms))[:MOST_MATCHES]
        rows = self._db.execute(
            f"SELECT id, title, outlet, published FROM articles a WHERE {where} AND replaced_by IS NULL "
            f"{' '.join([_HAS] * len(matches))} ORDER BY latest IS NULL, latest DESC, path",
            (*values, *matches),
        )
        return [*rows]

    def has_word(self, word: str) -> bool:
        """Whether any passage has `word`."""
        sql = "SELECT 1 FROM passages_fts WHERE passages_fts MATCH ? LIMIT 1"
        return self._db.execute(sql, (to_match([word], ""),)).fetchone() is not None

    def words_like(self, word: str) -> list[tuple[str, int]]:
        """The words of the articles, as they are indexed (stemmed), that are nearly as long as `word`; and how many
        passages have each."""
        self._db.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS temp.indexed_words USING fts5vocab ('main', 'passages_fts', 'row')"
        )
        length = "SELECT term, doc FROM temp.indexed_words WHERE length(term) BETWEEN ? AND ?"
        return [*self._db.execute(length, (len(word) - 3, len(word) + 1))]

    def passages(self, numbers: Sequence[int]) -> dict[int, tuple[Passage, Article]]:
        """number -> (passage, its article)."""
        rows = list(self._in(f"SELECT number, {PASSAGE} FROM passages WHERE number IN", numbers))
        articles = {article.id: article for article in self.articles(row[2] for row in rows)}
        return {row[0]: (to_passage(row[1:], articles[row[2]]), articles[row[2]]) for row in rows if row[2] in articles}

    def article_passages(self, article: Article) -> list[Passage]:
        rows = self._db.execute(f"SELECT {PASSAGE} FROM passages WHERE article_id = ? ORDER BY position", (article.id,))
        return [to_passage(row, article) for row in rows]

    def sentences(self, passage: Passage, content_hash: str | None = None) -> list[Sentence]:
        """The sentences of a passage, in order; none where the article has another `content_hash` by now."""
        rows = self._db.execute(
            'SELECT s.position, s.start, s."end" FROM sentences s JOIN articles a ON a.id = s.article_id '
            'WHERE a.id = ? AND s.start >= ? AND s."end" <= ? AND a.content_hash = coalesce(?, a.content_hash) '
            "ORDER BY s.position",
            (passage.article_id, passage.start, passage.end, content_hash),
        )
        return [Sentence(article_id=passage.article_id, position=r[0], start=r[1], end=r[2]) for r in rows]
