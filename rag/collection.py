"""`Collection`: the articles in one folder, how they come in and go out, and how passages are found.

`Library` builds on it and answers. Both are the only places where the parts are wired together.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from embeddings import DEFAULT_EMBEDDER, Embedder, load_embedder
from embeddings.minilm import MiniLMEmbedder, shared
from embeddings.protocol import Vectors
from rag.answers import injections
from rag.errors import BylineError, NotFoundError
from rag.filters import Filters
from rag.ingest import discovery
from rag.ingest.boilerplate import find_boilerplate
from rag.ingest.fields import Mapped, parse_mapping
from rag.ingest.pipeline import IngestJob, indexed_as
from rag.models.kinds import tell_kind
from rag.places import open_store
from rag.search import retrieval
from rag.search.found import Found
from rag.settings import FILE as SETTINGS
from rag.settings import absolute, load_settings
from rag.shelf import Shelf
from rag.storage.caches import Caches, Held
from rag.storage.protocol import Store
from rag.storage.rows import text_hash, text_to_embed
from rag.text import words as text_words
from rag.types import Article, Candidate, IngestReport, Json, Passage, SearchHit

if TYPE_CHECKING:
    from typing_extensions import Self

Progress = Callable[[int, int, str], None]
"""Called with (done, total, what) while something long runs."""


class Collection(Shelf):
    """Articles, passages, vectors and settings in one folder. Open it with `Library.open`.

    Safe to use from several threads; several processes may share a folder. A context manager: leaving it closes.
    """

    def __init__(self, path: Path, store: Store, embedder: str) -> None:
        self.path = path
        self.place = str(path)  # what the library is called: its folder, or its address
        self.store = store
        self._embedder_spec = embedder
        self._embedder: Embedder | None = None
        self._caches = Caches(path, store)
        self._chosen: dict[str, str | None] = {}  # models given by hand
        self.today: Callable[[], dt.date] = dt.date.today  # what "last year" in a question counts from
        self._lock = threading.RLock()  # of the embedder
        # Of changes to the articles: one at a time, while questions go on being answered.
        self._writing = threading.RLock()

    @classmethod
    def open(
        cls,
        path: str | Path | None = None,
        *,
        embedder: str | None = None,
        reader: str | None = None,
        checker: str | None = None,
    ) -> Self:
        """Open the library in the folder `path` (default: `$BYLINE_HOME`, else the platform's user data folder),
        creating it where there is none.

        `embedder` (see `embeddings.load_embedder`) is remembered in the library. Another one than before re-embeds
        the articles at the next use; vectors of different models are never compared. `reader` and `checker` (see
        `rag.models.tiers`) hold for this object and go before the library's settings.

        `path` may be `milvus:URI[/NAME]` (see rag/storage/MILVUS.md). One in a folder that cannot be written can be
        asked. Raises BylineError when none can be made there, or the library in it is damaged or too new.
        """
        folder, place, store = open_store(path)
        known = store.get_meta("embedder")
        spec = embedder or known or os.environ.get("BYLINE_EMBEDDER") or DEFAULT_EMBEDDER
        library = cls(folder, store, spec)
        library.place = place
        library._chosen = {"reader": reader, "checker": checker}
        if embedder is not None and embedder != known:
            library.embedder  # noqa: B018  (fails here, before it is remembered, when there is no such model)
            store.set_meta("embedder", spec)
        return library

    def close(self) -> None:
        """Close the files. The library cannot be used afterwards."""
        self._caches.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def embedder(self) -> Embedder:
        """The model of this library's vectors, loaded at first use."""
        with self._lock:
            if self._embedder is None:
                self._embedder = load_embedder(self._embedder_spec)
            return self._embedder

    def _adopt(self) -> None:
        """Take the embedder that another process has put the library to, where it is another, and not put it back."""
        with self._lock:
            if (known := self.store.get_meta("embedder")) and known != self._embedder_spec:
                self._embedder_spec, self._embedder = known, None
                self._caches.forget()
                self.__dict__.pop("_indexed_as", None)

    @cached_property
    def _indexed_as(self) -> str:
        return indexed_as(self.embedder)

    # -- what is in it ------------------------------------------------------------------------------------------

    def articles(self, ids: Iterable[str] | None = None) -> list[Article]:
        """All articles, newest first, those without a date last; or those with the given ids, in that order."""
        return self.store.articles(ids)

    def describe(self, article: Article) -> Json:
        """All that is known of an article but its text: ARTICLE, the reasons for what was inferred, copies, versions,
        and what of its text is never quoted."""
        return {
            **article.to_dict(),
            "reasons": dict(article.reasons),
            "copies": [copy.id for copy in self.copies(article)],
            "versions": [version.to_dict() for version in self.versions(article)],
            "characters": len(article.text),
            "passages": len(self.passages(article)),
            "boilerplate": [{"start": s, "end": e, "text": article.text[s:e]} for s, e in article.boilerplate],
        }

    def passages(self, article: Article) -> list[Passage]:
        """The passages of an article, in order."""
        return self.store.article_passages(article)

    def file_of(self, article: Article) -> Path:
        """The file that an article was read from (`article.path` may name a record in it)."""
        return Path(self.store.file_of(article.id))

    def find(self, name: str) -> Article:
        """The article that `name` means: its id or the start of it, its path, or the end of its path.

        Raises NotFoundError when there is none, BylineError when there is more than one.
        """
        path = absolute(name)
        ids = self.store.find(text_words.encodable(path)) or self.store.find(text_words.encodable(name))
        if not ids:
            raise NotFoundError(f"no article {name!r} in the library: `byline status` lists what is there.")
        if len(ids) > 1:
            some = ", ".join(f"{article.id} ({article.path})" for article in self.store.articles(ids[:4]))
            raise BylineError(f"{name!r} can mean {len(ids)} articles: name one by its id: {some}.")
        return self.store.articles(ids)[0]

    def status(self) -> Json:
        """Counts and settings: library, embedder, articles, passages, outlets, first and last date."""
        first, last = self.store.date_bounds()
        return {
            "library": self.place,
            "embedder": self._embedder_spec,
            "articles": self.store.n_articles(),
            "passages": self.store.n_passages(),
            "sources": self.store.n_sources(),
            "outlets": self.store.outlets(),
            "first_published": first,
            "last_published": last,
            "size_bytes": self.store.n_bytes(),
        }

    def overview(self) -> Json:
        """What a page tells of the library at a glance, without reading an article: the number of `articles`; `outlets`
        with theirs, most first; the `first` and `last` date of publication, as precisely as they are known; and how
        many are `undated`."""
        n_articles, outlets, first, last, undated = self.store.overview()
        return {"articles": n_articles, "outlets": outlets, "first": first, "last": last, "undated": undated}

    # -- ingest -------------------------------------------------------------------------------------------------

    def ingest(
        self,
        paths: Iterable[str | Path],
        *,
        progress: Progress | None = None,
        fields: str | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> IngestReport:
        """Read files, folders and globs into the library. `fields` ("text=column,title=column") says what the fields of
        CSV and JSON records are called, where `rag.ingest.fields` does not know it; else `settings.toml` may say so.
        `stop` is asked before each file: once it says True no other is read, and what was read is stored.

        Incremental by content: an unchanged file costs no embedding, a changed one replaces its article in one
        transaction, a file that cannot be read is one entry in `failed` while the others go in, and what it held
        before stays. The same article under a second name is stored once; a file that was moved keeps its article.
        Killed at any moment, the library is whole, and the next ingest completes it.

        BylineError where `fields` is no such list, or names what is no field.
        """
        started = time.perf_counter()
        self.store.check_writable()
        mapped = self._mapped(fields)
        with self._writing:
            passed_over: Counter[str] = Counter()
            files, failed = discovery.discover(paths, passed_over)
            done = 0
            job = self._job(lambda what: progress(done, len(files), what) if progress else None, mapped)
            job.failed.extend(failed)
            if not self.store.get_meta("embedder"):
                self.store.set_meta("embedder", self._embedder_spec)
            for file in files:
                if stop and stop():
                    break
                job.file(file)
                done += 1
            job.flush()
            job.link()
        self._refresh(progress, wait=True)
        return IngestReport(
            **job.counts,
            failed=tuple(job.failed),
            duplicates=tuple(job.duplicates),
            copies=tuple(job.copies),
            warnings=job.warnings.listed(),
            not_read=tuple(map(str, files[done:])),
            articles=self.store.n_articles(),
            passages=self.store.n_passages(),
            elapsed_s=round(time.perf_counter() - started, 3),
            skipped=dict(sorted(passed_over.items(), key=lambda kind: (-kind[1], not kind[0], kind[0]))),
        )

    def remove(self, names: Sequence[str]) -> list[Article]:
        """Delete articles (named as in `find`) with everything made from them; returns what was deleted.

        Raises BylineError, and deletes nothing, when a name does not mean exactly one article.
        """
        self.store.check_writable()
        gone = list({article.id: article for article in map(self.find, names)}.values())
        with self._writing:
            # First the caches: were this to stop in between, they would only have to be made again.
            self._caches.drop()
            self.store.remove([article.id for article in gone])
            self._refresh()
        return gone

    def _mapped(self, given: str | None) -> Mapped:
        """The names that `fields` gives, else those of `settings.toml`."""
        if given is not None:
            return parse_mapping(given, "--fields")
        return parse_mapping(load_settings(self.path).fields, str(self.path / SETTINGS))

    def _job(self, say: Callable[[str], None], mapped: Mapped | None = None) -> IngestJob:
        self._adopt()
        return IngestJob(self.store, self.embedder, self._indexed_as, say, mapped)

    def _reindex(self, progress: Progress | None = None) -> None:
        """Bring articles that were indexed in another way (another embedder, an older Byline) up to date."""
        with self._writing:
            stale = self.store.indexed_otherwise(self._indexed_as)
            done = 0
            job = self._job(lambda what: progress(done, len(stale), f"for the new model: {what}") if progress else None)
            for article_id in stale:
                for article in self.store.articles([article_id]):
                    article = replace(article, boilerplate=find_boilerplate(article.text, article.asides))
                    file = self.store.file_of(article_id)
                    if not job.add(article, file):  # kept as it is now, so that it is not tried anew at every question
                        job.batch.append((article, file, [], []))
                done += 1
            job.flush()

    def _refresh(self, progress: Progress | None = None, *, wait: bool = False) -> Held:
        """What is searched in, in step with the store; with `wait` what the library has grown into is built first."""
        self._adopt()
        if self.store.indexed_otherwise(self._indexed_as):
            try:
                self._reindex(progress)
            except BylineError:
                # Somebody else writes, or nobody can: passages that were cut in an older way still answer.
                if len(self.store.passage_numbers(self.embedder.name)) < self.store.n_passages():
                    raise
        return self._caches.current(embedder=self.embedder.name, dim=self.embedder.dim, wait=wait)

    # -- find ---------------------------------------------------------------------------------------------------

    def _hits(self, question: str, k: int, filters: Filters) -> list[SearchHit]:
        held = self._refresh()
        return retrieval.retrieve(question, k=k, filters=filters, store=self.store, held=held, embedder=self.embedder)

    def _find(self, question: str, hits: Sequence[SearchHit]) -> tuple[Found, list[Candidate]]:
        """The sentences of the passages, with their vectors and what these have in common with the question; and those
        of them that speak to machines."""
        candidates = injections.quotable(self._candidates(hits))
        query = self._judge.encode_queries([question])[0]
        passages = {
            hit.passage.id: text_to_embed(hit.article.headline, hit.passage.heading, hit.passage.text) for hit in hits
        }
        vectors = self._vectors([*(c.text for c in candidates), *passages.values()])
        cosine = dict(zip(passages, (float(query @ vector) for vector in vectors[len(candidates) :]), strict=True))
        found = Found(
            question=question,
            candidates=candidates,
            vectors=vectors[: len(candidates)],
            cosines=[float(query @ vector) for vector in vectors[: len(candidates)]],
            passage_cosines=[cosine[candidate.hit.passage.id] for candidate in candidates],
            kind=tell_kind(question, query),
        )
        return found, injections.spoken_to_machines(candidates)

    def _candidates(self, hits: Sequence[SearchHit]) -> list[Candidate]:
        """The sentences of the passages, in order."""
        return [
            Candidate(hit=hit, sentence=sentence, text=hit.article.text[sentence.start : sentence.end])
            for hit in hits
            for sentence in self.store.sentences(hit.passage, hit.article.content_hash)
        ]

    @cached_property
    def _judge(self) -> MiniLMEmbedder:
        """The model that the reader and the checker were fitted with, whatever the library's own embedder is."""
        return self.embedder if isinstance(self.embedder, MiniLMEmbedder) else shared()

    def _vectors(self, texts: Sequence[str]) -> list[Vectors]:
        """A vector of `_judge` for each text; those made for an earlier question are kept in the store."""
        name = self._judge.name
        hashes = [text_hash(text) for text in texts]
        vectors = self.store.vectors(name, hashes)
        missing = {digest: text for digest, text in zip(hashes, texts, strict=True) if digest not in vectors}
        if missing:
            new = dict(zip(missing, self._judge.encode_passages(list(missing.values())), strict=True))
            vectors.update(new)
            # Kept for the next question; an answer does not wait for another process that writes, or a full disk.
            with contextlib.suppress(BylineError):
                self.store.put_vectors(name, new)
        return [vectors[digest] for digest in hashes]
