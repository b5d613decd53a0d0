"""How search, ingest and memory grow with the library: `python -m evals.growth --sizes 1000,10000,100000 --out DIR`.

The text is made up, from a stated generator: word frequencies by Zipf's law as Mandelbrot has it, P(r) ~ 1 / (r + 2.7),
over 100,000 words, the first of them English function words; each article has a topic and names of its own, to which a
third of its other words belong; one in twenty is a copy. Vectors are sums of seeded random vectors of the words. The
articles are put into the store as ingest puts them, and each size is measured in a process of its own: the parts of a
question in milliseconds of the processor, all else by the clock.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import itertools
import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeddings import HashingEmbedder, Vectors, unit_rows
from evals.growth_report import plot, table
from evals.metrics import percentile
from rag import Library
from rag.ingest import copies
from rag.ingest.pipeline import ARTICLES_PER_LINKING
from rag.storage.rows import text_hash, text_to_embed
from rag.text.words import STOPWORDS, query_terms
from rag.types import Article, Passage, Sentence

Json = dict[str, Any]
SPEC = "hashing:384"
N_WORDS, N_TOPICS_PER = 100_000, 100  # types; articles to a topic
PER_ARTICLE, PER_SENTENCE, SENTENCES = 8, 15, 6  # passages; words; sentences to a passage
TOPIC_WORDS, OWN_WORDS = 40, 8
ARTICLES_PER_PUT = 100
N_QUESTIONS, N_RUNS = 100, 5
_WORD = re.compile(r"\w+")


class WordVectors(HashingEmbedder):
    """The sum of a seeded random vector for each word of a text, each word by a / (a + its frequency), a = 1e-4 (Arora,
    Liang, Ma 2017, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings"): texts of one topic are near."""

    def __init__(self) -> None:
        super().__init__(384)
        self._table = np.random.default_rng(7).standard_normal((1 << 14, self.dim), dtype=np.float32)
        shares = 1.0 / (np.arange(N_WORDS) + 2.7)
        self._weights = dict(zip(_words(), 1e-4 / (1e-4 + shares / shares.sum()), strict=True))

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        rows = np.zeros((len(texts), self.dim), dtype=np.float32)
        for place, text in enumerate(texts):
            words = _WORD.findall(text.lower())
            weights = np.array([self._weights.get(word, 1.0) for word in words], dtype=np.float32)
            rows[place] = weights @ self._table[[zlib.crc32(word.encode()) % len(self._table) for word in words]]
        return unit_rows(rows)


def made_up(n_passages: int, seed: int = 0) -> Iterator[Article]:
    """Articles with `n_passages` passages in all, one to a paragraph."""
    rng = np.random.default_rng(seed)
    words = _words()
    cumulated = np.cumsum(1.0 / (np.arange(N_WORDS) + 2.7))
    cumulated /= cumulated[-1]
    per_passage = PER_SENTENCE * SENTENCES
    n_topics = max(2, n_passages // PER_ARTICLE // N_TOPICS_PER)
    topics = rng.integers(300, N_WORDS, size=(n_topics, TOPIC_WORDS))
    earlier = ""
    for n in range(n_passages // PER_ARTICLE):
        drawn = np.searchsorted(cumulated, rng.random((PER_ARTICLE, per_passage)))
        own = np.concatenate([topics[rng.integers(n_topics)], rng.integers(5_000, N_WORDS, size=OWN_WORDS)])
        is_own = (drawn >= len(STOPWORDS)) & (rng.random(drawn.shape) < 1 / 3)
        drawn[is_own] = rng.choice(own, size=int(is_own.sum()))
        text = "\n\n".join(_paragraph(words[row]) for row in drawn) + "\n"
        text = earlier if n % 20 == 19 else text
        earlier = text if n % 20 != 19 else earlier
        digest = hashlib.sha256(f"{seed}.{n}".encode()).hexdigest()
        published = dt.date(2010, 1, 1) + dt.timedelta(days=int(rng.integers(5_000)))
        yield Article(
            id=digest[:12],
            text=text,
            title=" ".join(words[rng.choice(own, size=6)]).capitalize(),
            outlet=f"The {words[300 + int(50 * rng.random() ** 2)].capitalize()} Post",
            published=published.isoformat(),
            published_precision="day",
            published_source="stated",
            path=f"/made-up/{seed}/{n}.txt",
            content_hash=digest,
        )


def _words() -> NDArray[Any]:
    """Words by their rank: function words, then made-up ones, each once."""
    syllables = [c + v for c in "bcdfghjklmnprstvz" for v in "aeiou"]
    made = ("".join(parts) for n in (2, 3) for parts in itertools.product(syllables, repeat=n))
    names = list(itertools.islice(made, N_WORDS - len(STOPWORDS)))
    np.random.default_rng(1).shuffle(names)
    return np.array([*sorted(STOPWORDS, key=lambda w: (len(w), w)), *names], dtype=object)


def _paragraph(words: NDArray[Any]) -> str:
    return " ".join(
        " ".join(words[i : i + PER_SENTENCE]).capitalize() + "." for i in range(0, len(words), PER_SENTENCE)
    )


def _entry(article: Article) -> tuple[Article, str, list[Passage], list[Sentence]]:
    """The article with its paragraphs as passages and its sentences, as `Store.put` takes it."""
    passages: list[Passage] = []
    sentences: list[Sentence] = []
    at = 0
    for position, paragraph in enumerate(article.text.rstrip("\n").split("\n\n")):
        passages.append(
            Passage(
                id=f"{article.id}-{position}",
                article_id=article.id,
                position=position,
                start=at,
                end=at + len(paragraph),
                text=paragraph,
                n_tokens=PER_SENTENCE * SENTENCES,
            )
        )
        for match in re.finditer(r"[^.]+\.", paragraph):
            start = at + match.start() + (match[0][0] == " ")
            sentences.append(
                Sentence(article_id=article.id, position=len(sentences), start=start, end=at + match.end())
            )
        at += len(paragraph) + 2
    return article, article.path, passages, sentences


def opened(folder: Path) -> tuple[Library, WordVectors]:
    """The library in `folder`, with the vectors of `WordVectors`. No reader reads what is found: it takes as long for
    twenty passages of any library."""
    library, embedder = Library.open(folder, embedder=SPEC, reader="none"), WordVectors()
    library._embedder = embedder
    return library, embedder


def build(folder: Path, size: int, say: Callable[[str], None]) -> Json:
    """A library of `size` passages, in seconds for each passage what the store took and what linking did."""
    library, embedder = opened(folder)
    articles, started, stored = made_up(size), time.perf_counter(), 0
    while some := [_entry(article) for article in itertools.islice(articles, ARTICLES_PER_PUT)]:
        texts = {
            text_hash(text): text
            for article, _, passages, _ in some
            for text in (text_to_embed(article.headline, p.heading, p.text) for p in passages)
        }
        library.store.put(
            some,
            indexed_as=library._indexed_as,
            embedder=embedder.name,
            vectors=dict(zip(texts, embedder.encode_passages(list(texts.values())), strict=True)),
            names={article.id: [_name(article)] for article, *_ in some},
            gone=(),
        )
        stored += len(some)
        if stored % 5_000 == 0:
            say(f"{size}: {stored} articles stored, {time.perf_counter() - started:.0f} s")
    put_s, started = time.perf_counter() - started, time.perf_counter()
    new = library.store.unlinked(copies.BANDS_VERSION)
    for i in range(0, len(new), ARTICLES_PER_LINKING):
        bands = {one.id: copies.bands(one) for one in library.articles(new[i : i + ARTICLES_PER_LINKING])}
        library.store.link(
            bands, lambda one, others: {o.id: kind for o in others if (kind := copies.relation(one, o)) is not None}
        )
    link_s, started = time.perf_counter() - started, time.perf_counter()
    library._refresh(wait=True)
    built = {"put_s": put_s, "link_s": link_s, "index_s": time.perf_counter() - started}
    library.close()
    return built


def _name(article: Article) -> tuple[str, str, bool]:
    words = (article.title or "").lower().split()[:3]
    return "".join(word[0] for word in words), " ".join(words), True


def questions(library: Library, n: int) -> list[str]:
    """Each asks for six words of a passage, as they come: frequent ones often."""
    rng = np.random.default_rng(3)
    listed = library.listed(order="title", limit=200)[0]
    articles = [library.articles([listed[int(i)].id])[0] for i in rng.integers(0, len(listed), size=n)]
    asked = []
    for article in articles:
        words = query_terms(article.text.split("\n\n")[int(rng.integers(PER_ARTICLE))])
        asked.append(f"What did the {' '.join(rng.choice(words, size=6, replace=False))} say?")
    return asked


class Parts:
    """The seconds of the processor that each call of some functions took, by the name of the part: a shared machine
    would count what others do."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}
        self._of_one: dict[str, float] = {}

    def watch(self, of: Any, function: str, part: str) -> None:
        """Time each call of `of.function` from now on."""
        plain = getattr(of, function)

        def timed(*args: Any, **options: Any) -> Any:
            started = time.thread_time()
            try:
                return plain(*args, **options)
            finally:
                self._of_one[part] = self._of_one.get(part, 0.0) + time.thread_time() - started

        setattr(of, function, timed)

    def done(self, whole_s: float) -> None:
        """One question is answered: its parts are added up."""
        of_one, self._of_one = {**self._of_one, "whole": whole_s}, {}
        of_one["without encoding"] = whole_s - of_one.get("encoding", 0.0)
        for part, seconds in of_one.items():
            self.seconds.setdefault(part, []).append(seconds)


def measure(folder: Path) -> Json:
    """All that is measured of the library in `folder`, in this process."""
    started = time.perf_counter()
    library, embedder = opened(folder)
    found: Json = {"open_s": time.perf_counter() - started}
    asked = questions(library, N_QUESTIONS)
    library._refresh(wait=True)  # nothing is built while it is measured
    started = time.perf_counter()
    library.retrieve(asked[0])
    found["first_question_s"] = time.perf_counter() - started
    found |= _of_questions(library, embedder, asked)
    newest = library.status()["last_published"]
    outlet = next(iter(library.store.outlets()))
    for name, within in {
        "one outlet": {"outlets": [outlet]},
        "one month": {"published_from": newest[:8] + "01"},
        "as of": {"as_of": "2015-06-30"},
    }.items():
        found[f"within {name} ms"] = _median_ms([partial(library.retrieve, q, **within) for q in asked[:20]])
    found["rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    found["status_s"] = _median_ms([library.status] * N_RUNS) / 1000
    found["page_s"] = _median_ms([lambda: (library.overview(), library.listed())] * N_RUNS) / 1000
    found["recall@10"] = _recall(library, embedder, asked)
    found["passages"] = library.store.n_passages()
    found["disk_mb"] = {file.name: file.stat().st_size / 1e6 for file in folder.glob("*") if file.is_file()}
    found |= _of_changes(library, folder)
    library.close()
    return found


def _of_questions(library: Library, embedder: WordVectors, asked: Sequence[str]) -> Json:
    from rag.search import retrieval

    parts = Parts()
    parts.watch(library, "understood", "understanding")
    parts.watch(library, "_notes", "notes")
    parts.watch(embedder, "encode_queries", "encoding")
    parts.watch(retrieval, "searches", "names")
    parts.watch(library._refresh().vectors, "search", "vectors")
    parts.watch(library._refresh().words or library.store, "search" if library._refresh().words else "bm25", "words")
    parts.watch(library.store, "passage_vectors", "cosines")
    parts.watch(library.store, "passages", "reading")
    parts.watch(library.store, "clusters_of", "copies")
    elapsed = []
    for question in asked:
        began, started = time.perf_counter(), time.thread_time()
        library.retrieve(question)
        parts.done(time.thread_time() - started)
        elapsed.append(time.perf_counter() - began)
    parts.seconds["elapsed"] = elapsed
    return {
        f"{part} ms": [percentile([s * 1000 for s in seconds], p)["value"] for p in (50, 95)]
        for part, seconds in parts.seconds.items()
    }


def _median_ms(deeds: Sequence[Callable[[], object]]) -> float:
    seconds = []
    for deed in deeds:
        started = time.thread_time()
        deed()
        seconds.append(time.thread_time() - started)
    return float(np.median(seconds) * 1000)


def _recall(library: Library, embedder: WordVectors, asked: Sequence[str]) -> float:
    """The share of the ten nearest vectors of the store that the index finds."""
    queries = embedder.encode_passages(asked)
    numbers = library.store.passage_numbers(embedder.name)
    best = np.zeros((len(asked), 0))
    ids = np.zeros((len(asked), 0), dtype=np.int64)
    for i in range(0, len(numbers), 20_000):
        some, vectors = library.store.passage_vectors(embedder.name, [int(n) for n in numbers[i : i + 20_000]])
        best = np.hstack([best, queries @ vectors.T])
        ids = np.hstack([ids, np.broadcast_to(some, (len(asked), len(some)))])
        order = np.argsort(-best, axis=1, kind="stable")[:, :10]
        best, ids = np.take_along_axis(best, order, 1), np.take_along_axis(ids, order, 1)
    shares = []
    for cosines, found in zip(best, library._refresh().vectors.search(queries, 10), strict=True):
        # Copies have the same vector: which of them is found says nothing.
        shares.append(np.mean([cosine >= cosines[-1] - 1e-3 for _, cosine in found]))
    return float(np.mean(shares))


def _of_changes(library: Library, folder: Path) -> Json:
    """Seconds to take in one more article, and to delete it; medians."""
    inbox = folder / "inbox"
    inbox.mkdir(exist_ok=True)
    added: list[float] = []
    removed: list[float] = []
    searched: list[float] = []
    for run, article in enumerate(itertools.islice(made_up(PER_ARTICLE * N_RUNS, seed=1_000), N_RUNS)):
        file = inbox / f"{run}.txt"
        file.write_text(f"{article.title}\n\n{article.text}", encoding="utf-8")
        began = time.perf_counter()
        library.ingest([file])
        added.append((now := time.perf_counter()) - began)
        library.retrieve(article.title or "")
        searched.append((then := time.perf_counter()) - now)
        library.remove([str(file)])
        removed.append(time.perf_counter() - then)
    shutil.rmtree(inbox)
    return {
        "ingest_one_s": float(np.median(added)),
        "first_question_after_s": float(np.median(searched)),
        "remove_one_s": float(np.median(removed)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--out", type=Path, required=True, help="for the libraries and what is found")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    args: Any = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(args.measure)))
        return
    found: dict[int, Json] = {}
    for size in (int(size) for size in args.sizes.split(",")):
        folder = args.out / f"library-{size}"
        built = folder / "built.json"
        if not built.exists():  # what was built is used again
            shutil.rmtree(folder, ignore_errors=True)
            made = build(folder, size, lambda line: print(line, file=sys.stderr))
            built.write_text(json.dumps(made))
        command = [sys.executable, "-m", "evals.growth", "--out", str(args.out), "--measure", str(folder)]
        measured = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
        found[size] = {**json.loads(built.read_text()), **json.loads(measured)}
        machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
        text = f"{dt.date.today()}, {machine}\n\n{table(found)}\n"
        (args.out / "growth.md").write_text(text, encoding="utf-8")
        (args.out / "growth.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
        (args.out / "growth.svg").write_text(plot(found), encoding="utf-8")
    print((args.out / "growth.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
