"""One run of ingest: files to articles, compared with what is stored, cut, embedded, and stored in batches."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from embeddings import Embedder, Vectors
from rag.ingest import articles, boilerplate, copies, edits, feeds, passages
from rag.ingest.fields import Mapped
from rag.ingest.records import suffix_of
from rag.ingest.warnings import Warnings
from rag.storage.protocol import Store
from rag.storage.rows import text_hash, text_to_embed
from rag.text import names
from rag.types import Article, Failure, Json, Passage, Sentence

# Raised whenever passages of the same text, or the names found in them, come out otherwise: libraries then bring
# themselves up to date.
PASSAGES_VERSION = 5
# Passages embedded and stored in one transaction: what a kill can cost, against how well lengths sort into batches.
PASSAGES_PER_TRANSACTION = 640
# Articles compared with the others in one transaction.
ARTICLES_PER_LINKING = 100
# Between two words of progress. More than `embeddings.minilm.MANY`, so that large ingests take the fast road.
PASSAGES_PER_STEP = 320


def indexed_as(embedder: Embedder) -> str:
    """Names all that decides the passages and vectors of a text: what was indexed as anything else is made anew."""
    return f"{PASSAGES_VERSION}:{embedder.name}:{passages.counter_name(embedder)}"


class IngestJob:
    """One run of ingest: collects articles until there are enough to embed and store together."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        indexed_as: str,
        say: Callable[[str], None],
        mapped: Mapped | None = None,
    ) -> None:
        """`say` hears what is being done, several times a second; `mapped` as `articles.read` takes it."""
        self._store, self._embedder, self._indexed_as, self._say = store, embedder, indexed_as, say
        self._count = passages.token_counter(embedder)
        self.counts = {"added": 0, "updated": 0, "unchanged": 0, "removed": 0}
        self.failed: list[Failure] = []
        self.warnings = Warnings()
        self._mapped = mapped
        self.duplicates: list[Json] = []
        self.copies: list[Json] = []
        self.batch: list[tuple[Article, str, list[Passage], list[Sentence]]] = []
        self._manifests: dict[Path, dict[str, Json]] = {}
        self._gone: list[str] = []
        self._unread: set[str] = set()  # paths of stored articles that the rest of the file may still hold
        self._n_passages = 0

    def file(self, file: Path) -> None:
        """Take over what one file holds now."""
        self._say(file.name)
        known = self._store.known(str(file)) if _can_be_stored(file) else {}
        if file.parent not in self._manifests:
            self._manifests[file.parent], failures = articles.read_manifest(file.parent)
            self.failed += failures
        whole = True
        self._unread = {*known}
        for item in articles.read(file, manifest=self._manifests[file.parent], mapped=self._mapped):
            if isinstance(item, Failure):
                self.failed.append(item)
                whole = False
            else:
                self._unread.discard(item.path)
                self._article(item, str(file), known.get(item.path))
        # What a file no longer holds goes, unless part of it could not be read: then nothing is lost. A feed that was
        # saved anew holds the newest entries only, so nothing goes either.
        if whole and suffix_of(file) not in feeds.SUFFIXES:
            gone = [known[path][0] for path in known if path in self._unread]
            self._gone += gone
            self.counts["removed"] += len(gone)

    def _article(self, article: Article, file: str, prior: tuple[str, str, str] | None) -> None:
        if prior and prior[1:] == (article.content_hash, self._indexed_as):
            self.counts["unchanged"] += 1
            return
        if prior is None or prior[1] != article.content_hash:
            twin = self._twin(article)
            if twin is not None:
                twin_id, twin_file = twin
                if prior is None and not os.path.exists(twin_file):
                    self._store.rename(twin_id, article.path, file)
                else:
                    self.duplicates.append({"path": article.path, "same_as": twin_id})
                if prior:
                    self._gone.append(prior[0])
                self.counts["updated" if prior else "unchanged"] += 1
                return
        article = replace(article, id=prior[0] if prior else self._free_id(article))
        if prior and (values := self._store.stated(article.id)):  # what an editor stated goes before what was read
            article = edits.stated(article, values)
        if self.add(article, file):
            self.counts["updated" if prior else "added"] += 1
            self.warnings.add(article, file)

    def add(self, article: Article, file: str) -> bool:
        """Cut the article and queue it; False (and a failure) when nothing in it can be quoted."""
        title = article.headline or ""

        def fits(heading: str, text: str) -> bool:
            return self._embedder.n_tokens(text_to_embed(title, heading, text)) <= self._embedder.max_tokens

        cut, sentences = passages.cut(
            article.id,
            article.text,
            boilerplate=article.boilerplate,
            # What is said without a full stop is no heading.
            headings=() if article.is_transcript else boilerplate.find_headings(article.text),
            count=self._count,
            fits=fits,
        )
        if not cut:
            self.failed.append(Failure(path=article.path, error="there is no sentence in it that could be quoted."))
            return False
        self.batch.append((article, file, cut, sentences))
        self._n_passages += len(cut)
        if self._n_passages >= PASSAGES_PER_TRANSACTION:
            self.flush()
        return True

    def flush(self) -> None:
        """Embed what is queued and store it, in one transaction."""
        if not self.batch and not self._gone:
            return
        texts = {
            text_hash(text): text
            for article, _, cut, _ in self.batch
            for text in (text_to_embed(article.headline, p.heading, p.text) for p in cut)
        }
        known = self._store.vectors(self._embedder.name, list(texts))
        new = {digest: text for digest, text in texts.items() if digest not in known}
        # Texts of like length are embedded together: little of a batch is padding.
        order = sorted(new, key=lambda digest: len(new[digest]))
        vectors: dict[bytes, Vectors] = {}
        for i in range(0, len(order), PASSAGES_PER_STEP):
            self._say(f"embedding {i} of {len(order)} passages")
            step = order[i : i + PASSAGES_PER_STEP]
            vectors.update(zip(step, self._embedder.encode_passages([new[d] for d in step]), strict=True))
        # All of them: replacing an article drops the vectors that only it used.
        self._store.put(
            self.batch,
            indexed_as=self._indexed_as,
            embedder=self._embedder.name,
            vectors=known | vectors,
            names={
                article.id: names.pairs("\n".join([article.headline or "", *(passage.text for passage in cut)]))
                for article, _, cut, _ in self.batch
            },
            gone=self._gone,
        )
        self.batch, self._gone, self._n_passages = [], [], 0
        self.link()

    def link(self) -> None:
        """Find the stories that are there twice: for the articles just stored, and those of an older library."""
        new = self._store.unlinked(copies.BANDS_VERSION)
        for i in range(0, len(new), ARTICLES_PER_LINKING):
            some = self._store.articles(new[i : i + ARTICLES_PER_LINKING])
            self._say(f"comparing {i} of {len(new)} articles")
            self._store.link({article.id: copies.bands(article) for article in some}, self._relate)

    def _relate(self, article: Article, others: Sequence[Article]) -> dict[str, str]:
        found = {other.id: kind for other in others if (kind := copies.relation(article, other)) is not None}
        if found:
            # One entry for an article, also where it is the same as many.
            other, kind = sorted(found.items(), key=lambda pair: pair[1] != "version")[0]
            self.copies.append({"path": article.path, "id": article.id, "kind": kind, "of": other})
        return {other: str(kind) for other, kind in found.items()}

    def _twin(self, article: Article) -> tuple[str, str] | None:
        """(id, file) of another article with the same content, stored or queued."""
        for queued, file, _, _ in self.batch:
            if queued.content_hash == article.content_hash and queued.path != article.path:
                return queued.id, file
        stored = self._store.with_hash(article.content_hash)
        # What is queued replaces what is stored: that text is about to go.
        about_to_go = {*self._gone, *(queued.id for queued, _, _, _ in self.batch)}
        # So may what the rest of this file turns out to hold: records without keys of their own move up.
        if not stored or stored[1] == article.path or stored[1] in self._unread or stored[0] in about_to_go:
            return None
        return stored[0], self._store.file_of(stored[0])

    def _free_id(self, article: Article) -> str:
        """The article's own id, or one made from its path too where another article has it (a file that was changed
        keeps the id of its first content)."""
        taken = {queued.id for queued, _, _, _ in self.batch}
        if article.id not in taken and not self._store.articles([article.id]):
            return article.id
        return hashlib.sha256(f"{article.id} {article.path}".encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _can_be_stored(file: Path) -> bool:
    """False for a name whose bytes are not UTF-8: `articles.read` says so of it."""
    try:
        str(file).encode()
    except UnicodeEncodeError:
        return False
    return True
