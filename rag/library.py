"""`Library`: one folder with everything Byline knows. The only place where the parts are wired together."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from embeddings import DEFAULT_EMBEDDER, Embedder, load_embedder
from embeddings.minilm import MiniLMEmbedder
from embeddings.protocol import Vectors
from rag import answering, articles, citations, extractive, index, questions, retrieval
from rag import record as records
from rag.checker import check
from rag.ingest import PASSAGES_VERSION, IngestJob
from rag.passages import split_sentences
from rag.reader import Reader, Reranker, load_reranker
from rag.store import Store, date_range, text_hash, text_to_embed
from rag.types import (
    Answer,
    Article,
    BylineError,
    Candidate,
    CheckedSentence,
    Claim,
    Filters,
    IngestReport,
    Json,
    Passage,
    SearchHit,
)

DATABASE, VECTOR_CACHE = "byline.sqlite3", "vectors.faiss"
Date = str | dt.date | None
History = Sequence[str | Answer | Mapping[str, Any]]
"""Earlier questions of a conversation, oldest first; or its answers, or their JSON, which say more."""
Progress = Callable[[int, int, str], None]
"""Called with (done, total, what) while something long runs."""


def default_path() -> Path:
    """`$BYLINE_HOME`, else the platform's folder for user data."""
    home = os.environ.get("BYLINE_HOME")
    if home:
        return Path(home).expanduser()
    from platformdirs import user_data_path

    return user_data_path("byline", appauthor=False)


class Library:
    """Articles, passages, vectors and settings in one folder. Open it with `Library.open`.

    Safe to use from several threads; several processes may share a folder. A context manager: leaving it closes.
    """

    def __init__(self, path: Path, store: Store, embedder: str) -> None:
        self.path = path
        self.store = store
        self._embedder_spec = embedder
        self._embedder: Embedder | None = None
        self._index: index.FaissIndex | None = None
        self._index_generation = -1
        self._lock = threading.RLock()  # of the index and the embedder
        # Of changes to the articles: one at a time, while questions go on being answered.
        self._writing = threading.RLock()

    @classmethod
    def open(cls, path: str | Path | None = None, *, embedder: str | None = None) -> Library:
        """Open the library in the folder `path` (default: `$BYLINE_HOME`, else the platform's user data folder),
        creating it where there is none.

        `embedder` (see `embeddings.load_embedder`) is remembered in the library. Another one than before re-embeds
        the articles at the next use; vectors of different models are never compared.

        Raises BylineError when the folder cannot be written, or the library in it is damaged or too new.
        """
        folder = (Path(path).expanduser() if path is not None else default_path()).absolute()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BylineError(
                f"no library can be made at {folder} ({error.strerror}): give a folder you can write."
            ) from None
        store = Store(folder / DATABASE)
        known = store.get_meta("embedder")
        spec = embedder or known or os.environ.get("BYLINE_EMBEDDER") or DEFAULT_EMBEDDER
        library = cls(folder, store, spec)
        if embedder is not None and embedder != known:
            library.embedder  # noqa: B018  (fails here, before it is remembered, when there is no such model)
            store.set_meta("embedder", spec)
        return library

    def close(self) -> None:
        """Close the files. The library cannot be used afterwards."""
        self.store.close()

    def __enter__(self) -> Library:
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

    @property
    def _indexed_as(self) -> str:
        return f"{PASSAGES_VERSION}:{self.embedder.name}"

    # -- what is in it ------------------------------------------------------------------------------------------

    def articles(self) -> list[Article]:
        """All articles, newest first, those without a date last."""
        return self.store.articles()

    def passages(self, article: Article) -> list[Passage]:
        """The passages of an article, in order."""
        return self.store.article_passages(article)

    def file_of(self, article: Article) -> Path:
        """The file that an article was read from (`article.path` may name a record in it)."""
        return Path(self.store.file_of(article.id))

    def find(self, name: str) -> Article:
        """The article that `name` means: its id or the start of it, its path, or the end of its path.

        Raises BylineError when there is none, or more than one.
        """
        path = str(Path(name).expanduser().absolute())
        ids = self.store.find(path) or self.store.find(name)
        if not ids:
            raise BylineError(f"no article {name!r} in the library {self.path}: `byline status` lists what is there.")
        if len(ids) > 1:
            some = ", ".join(f"{article.id} ({article.path})" for article in self.store.articles(ids[:4]))
            raise BylineError(f"{name!r} can mean {len(ids)} articles: name one by its id: {some}.")
        return self.store.articles(ids)[0]

    def status(self) -> Json:
        """Counts and settings: library, embedder, articles, passages, outlets, first and last date."""
        first, last = self.store.date_bounds()
        return {
            "library": str(self.path),
            "embedder": self._embedder_spec,
            "articles": self.store.n_articles(),
            "passages": self.store.n_passages(),
            "outlets": self.store.outlets(),
            "first_published": first,
            "last_published": last,
            "size_bytes": sum(f.stat().st_size for f in self.path.glob("*") if f.is_file()),
        }

    def overview(self) -> Json:
        """What a page tells of the library at a glance, without reading an article: the number of `articles`; `outlets`
        with theirs, most first; the `first` and `last` date of publication, as precisely as they are known; and how
        many are `undated`."""
        n_articles, outlets, first, last, undated = self.store.overview()
        return {"articles": n_articles, "outlets": outlets, "first": first, "last": last, "undated": undated}

    # -- ingest -------------------------------------------------------------------------------------------------

    def ingest(self, paths: Iterable[str | Path], *, progress: Progress | None = None) -> IngestReport:
        """Read files, folders and globs into the library.

        Incremental by content: an unchanged file costs no embedding, a changed one replaces its article in one
        transaction, a file that cannot be read is one entry in `failed` while the others go in, and what it held
        before stays. The same article under a second name is stored once; a file that was moved keeps its article.
        Killed at any moment, the library is whole, and the next ingest completes it.
        """
        started = time.perf_counter()
        with self._writing:
            files, failed = articles.discover(paths)
            done = 0
            job = self._job(lambda what: progress(done, len(files), what) if progress else None)
            job.failed.extend(failed)
            for file in files:
                job.file(file)
                done += 1
            job.flush()
        self._refresh(progress)
        return IngestReport(
            **job.counts,
            failed=tuple(job.failed),
            duplicates=tuple(job.duplicates),
            articles=self.store.n_articles(),
            passages=self.store.n_passages(),
            elapsed_s=round(time.perf_counter() - started, 3),
        )

    def remove(self, names: Sequence[str]) -> list[Article]:
        """Delete articles (named as in `find`) with everything made from them; returns what was deleted.

        Raises BylineError, and deletes nothing, when a name does not mean exactly one article.
        """
        gone = list({article.id: article for article in map(self.find, names)}.values())
        with self._writing:
            # First the cache: were this to stop in between, it would only have to be made again.
            (self.path / VECTOR_CACHE).unlink(missing_ok=True)
            self.store.remove([article.id for article in gone])
            self._refresh()
        return gone

    def _job(self, say: Callable[[str], None]) -> IngestJob:
        return IngestJob(self.store, self.embedder, self._indexed_as, say)

    def _reindex(self, progress: Progress | None = None) -> None:
        """Bring articles that were indexed in another way (another embedder, an older Byline) up to date."""
        with self._writing:
            stale = self.store.indexed_otherwise(self._indexed_as)
            done = 0
            job = self._job(lambda what: progress(done, len(stale), f"for the new model: {what}") if progress else None)
            for article_id in stale:
                for article in self.store.articles([article_id]):
                    job.add(article, self.store.file_of(article_id))
                done += 1
            job.flush()

    def _refresh(self, progress: Progress | None = None) -> index.FaissIndex:
        """The vector index, in step with the store; the cache file is written anew when it was behind."""
        if self.store.indexed_otherwise(self._indexed_as):
            self._reindex(progress)
        with self._lock:
            generation = self.store.generation
            if self._index is not None and generation == self._index_generation:
                return self._index
            name, cache = self.embedder.name, self.path / VECTOR_CACHE
            current, at = self._index, self._index_generation
            if current is None:
                current, at = index.FaissIndex.load(cache, embedder=name) or (None, -1)
            if current is None or at != generation:
                current = index.refresh(current, self.store, embedder=name, dim=self.embedder.dim)
                # A cache that cannot be written (disk full, read-only) costs time at the next start, nothing else.
                with contextlib.suppress(OSError):
                    current.save(cache, embedder=name, generation=generation)
            self._index, self._index_generation = current, generation
            return current

    # -- ask ----------------------------------------------------------------------------------------------------

    def retrieve(
        self,
        question: str,
        *,
        k: int = 8,
        outlets: Sequence[str] | None = None,
        published_from: Date = None,
        published_to: Date = None,
        as_of: Date = None,
        history: History = (),
    ) -> list[SearchHit]:
        """The `k` passages that fit `question` best, best first; fewer where fewer exist.

        `outlets` by name, in any case. Dates are `datetime.date` or ISO 8601 ("2024-05-06", "2024-05", "2024"),
        inclusive; with `as_of` nothing published later is seen. An article whose date is not known exactly enough to
        tell is left out. Filters apply before the search. A question that points back to those in `history` is
        completed from them (`rag.questions`).

        Raises BylineError when the question is empty, `k` is below 1, or a date is no date.
        """
        filters = make_filters(outlets, published_from, published_to, as_of)
        understood = questions.understand(question, questions.turns(history))
        return self._hits(understood.get("question", question), k, filters)

    def _hits(self, question: str, k: int, filters: Filters) -> list[SearchHit]:
        return retrieval.retrieve(
            question, k=k, filters=filters, store=self.store, index=self._refresh(), embedder=self.embedder
        )

    def ask(
        self,
        question: str,
        *,
        k: int = 8,
        outlets: Sequence[str] | None = None,
        published_from: Date = None,
        published_to: Date = None,
        as_of: Date = None,
        model: str | None = None,
        show_unsupported: bool = False,
        history: History = (),
        understand: bool = True,
    ) -> Answer:
        """Answer `question` from the `k` best passages, every sentence with the exact words that back it.

        Filters as in `retrieve`. `model` is "extractive" (the default unless `$BYLINE_MODEL` says otherwise), which
        quotes the sentences that answer and needs no language model; or "openai:NAME", "anthropic:NAME" (see
        `rag.llm.load_language_model`). What a language model writes is checked sentence by sentence; what its sources
        do not carry is left out, or kept with its verdict where `show_unsupported`. When the articles do not answer,
        the status is "abstained". A model that fails is a sentence in `notes`, and the answer quotes the articles.

        `history` holds the earlier questions of a conversation, oldest first, or better its answers (`Answer`, or the
        JSON of one), since "he" is often somebody whom the last answer named. A question that points back to them is
        completed, and `understood` of the answer says how; one that stands alone is not touched, and none is where
        `understand` is False.

        Raises BylineError as `retrieve` does, and for a model that there is not.
        """
        for event in self.stream(
            question,
            k=k,
            outlets=outlets,
            published_from=published_from,
            published_to=published_to,
            as_of=as_of,
            model=model,
            show_unsupported=show_unsupported,
            history=history,
            understand=understand,
        ):
            if isinstance(event, Answer):
                return event
        raise AssertionError("an answer always ends with an Answer")

    def stream(
        self,
        question: str,
        *,
        k: int = 8,
        outlets: Sequence[str] | None = None,
        published_from: Date = None,
        published_to: Date = None,
        as_of: Date = None,
        model: str | None = None,
        show_unsupported: bool = False,
        history: History = (),
        understand: bool = True,
    ) -> Iterator[Claim | Answer]:
        """`ask`, sentence by sentence: each `Claim` as soon as it is checked, and at last the whole `Answer`."""
        started = time.perf_counter()
        spec = model or os.environ.get("BYLINE_MODEL") or "extractive"
        language_model = None
        if spec != "extractive":
            from rag.llm import load_language_model  # its HTTP client takes time to import

            language_model = load_language_model(spec)
        filters = make_filters(outlets, published_from, published_to, as_of)
        earlier = questions.turns(history)
        understood = questions.understand(question, earlier, language_model) if understand else {}
        asked = understood.get("question", question)
        hits = self._hits(asked, k, filters)
        candidates = self._candidates(hits)
        query = self._judge.encode_queries([asked])[0]
        passages = {
            hit.passage.id: text_to_embed(hit.article.title, hit.passage.heading, hit.passage.text) for hit in hits
        }
        vectors = self._vectors([*(c.text for c in candidates), *passages.values()])
        cosine = dict(zip(passages, (float(query @ vector) for vector in vectors[len(candidates) :]), strict=True))
        for event in answering.answer(
            asked,
            hits,
            candidates,
            cosines=[float(query @ vector) for vector in vectors[: len(candidates)]],
            passage_cosines=[cosine[candidate.hit.passage.id] for candidate in candidates],
            quoting=extractive.Extractive(self._reader),
            model=language_model,
            check=check,
            notes=self._notes(filters, hits),
            show_unsupported=show_unsupported,
        ):
            elapsed_s = round(time.perf_counter() - started, 3)
            if isinstance(event, Answer):
                event = replace(event, question=question, understood=understood, elapsed_s=elapsed_s)
            yield event

    def check(
        self,
        text: str,
        *,
        k: int = 5,
        outlets: Sequence[str] | None = None,
        published_from: Date = None,
        published_to: Date = None,
        as_of: Date = None,
    ) -> list[CheckedSentence]:
        """Check a draft against the library: a verdict for each of its sentences, with the words that carry or
        contradict it. A sentence without citations is one about which the library holds nothing.

        `k` passages are looked at for each sentence. Filters as in `retrieve`. BylineError when `text` is empty.
        """
        spans = split_sentences(text)
        if not spans:
            raise BylineError("the text to check is empty: give a sentence, or a file that holds some.")
        filters = make_filters(outlets, published_from, published_to, as_of)
        markers = citations.Markers()
        checked = []
        for start, end in spans:
            candidates = self._candidates(self._hits(text[start:end], k, filters))
            checked.append(citations.check_sentence(text, (start, end), candidates, check, markers))
        return checked

    def record(self, answer: Answer) -> Json:
        """The record of an answer of this library, to be kept: see `rag.record`."""
        return records.make_record(answer, embedder=self.embedder.name, indexed_as=self._indexed_as)

    def verify(self, saved: Json) -> records.Verification:
        """Compare a record (`rag.record.read_record`) with the articles as they are now. An article is found by its
        id, or else by its path."""

        def article_of(cited: Json) -> Article | None:
            found = self.store.articles([str(cited["id"])])
            if not found and cited.get("path"):
                path = str(cited["path"])
                found = self.store.articles(self.store.find(str(Path(path).absolute())) or self.store.find(path))
            return found[0] if len(found) == 1 else None

        return records.verify(saved, article_of, check)

    def _candidates(self, hits: Sequence[SearchHit]) -> list[Candidate]:
        """The sentences of the passages, in order."""
        return [
            Candidate(hit=hit, sentence=sentence, text=hit.article.text[sentence.start : sentence.end])
            for hit in hits
            for sentence in self.store.sentences(hit.passage)
        ]

    @cached_property
    def _judge(self) -> MiniLMEmbedder:
        """The model that the reader and the checker were fitted with, whatever the library's own embedder is."""
        return self.embedder if isinstance(self.embedder, MiniLMEmbedder) else MiniLMEmbedder()

    @cached_property
    def _reader(self) -> Reranker | None:
        spec = os.environ.get("BYLINE_READER") or "reader"
        return Reader(self._judge) if spec == "reader" else load_reranker(spec)

    def _vectors(self, texts: Sequence[str]) -> list[Vectors]:
        """A vector of `_judge` for each text; those made for an earlier question are kept in the store."""
        name = self._judge.name
        hashes = [text_hash(text) for text in texts]
        vectors = self.store.vectors(name, hashes)
        missing = {digest: text for digest, text in zip(hashes, texts, strict=True) if digest not in vectors}
        if missing:
            new = dict(zip(missing, self._judge.encode_passages(list(missing.values())), strict=True))
            vectors.update(new)
            self.store.put_vectors(name, new)
        return [vectors[digest] for digest in hashes]

    def _notes(self, filters: Filters, hits: Sequence[SearchHit]) -> list[str]:
        notes = []
        if not self.store.n_articles():
            notes.append("The library holds no articles yet: add some with `byline ingest PATH`.")
        elif not hits:
            notes.append("No article passes the filters: widen the dates or outlets.")
        if unsure := self.store.n_undecided(filters):
            notes.append(
                f"Left out: {unsure} article{'s' if unsure > 1 else ''} whose date is not known exactly enough to tell "
                "whether the dates asked for hold."
            )
        return notes


def make_filters(outlets: Sequence[str] | None, published_from: Date, published_to: Date, as_of: Date) -> Filters:
    """Filters from what a caller gives. BylineError when a date is no ISO date."""
    return Filters(
        outlets=tuple([outlets] if isinstance(outlets, str) else outlets) if outlets is not None else None,
        published_from=_day("published_from", published_from, 0),
        published_to=_day("published_to", published_to, 1),
        as_of=_day("as_of", as_of, 1),
    )


def _day(name: str, value: Date, end: int) -> str | None:
    """The first (`end` 0) or last (1) day that an ISO date, month or year can mean."""
    if value is None:
        return None
    text = value.isoformat()[:10] if isinstance(value, dt.date) else str(value).strip()
    try:
        if len(text) not in (4, 7, 10):
            raise ValueError
        day = date_range(text)[end]
        dt.date.fromisoformat(day or "")
        return day
    except (ValueError, IndexError):
        raise BylineError(
            f"{name} is {value!r}, which is no date: write YYYY-MM-DD, YYYY-MM or YYYY, for example 2024-05-06."
        ) from None
