"""What an article is in Milvus: one row of `articles` (and, for a long one, rows of `parts`), one of `passages` for
each passage. The row of the article is written last and says by its `revision` which passages are its own: that is the
whole of a transaction here. What a process that was killed leaves are passages that no article names; nothing shows
them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from embeddings.protocol import Vectors
from rag.errors import BylineError
from rag.filters import Filters
from rag.storage.milvus_engine import Row, key
from rag.storage.rows import text_hash, text_to_embed
from rag.storage.shelf import n_words
from rag.storage.whole import Linked, Whole, read
from rag.text.calendar import date_range
from rag.text.lexicon import without_accents

PART = 60_000  # characters of a record in one row: VARCHAR ends at 65,535 bytes
MOST_TAILS, MOST_NAMES, MOST_STEMS = 64, 1024, 2048
_NO_DAY_YET, _NO_DAY = 99_999_999, 0  # `earliest` and `latest` of an article without a date: no filter lets it through
_VECTOR: tuple[str, Row] = (
    "v",
    {"datatype": "FLOAT_VECTOR", "dim": 2, "index": "FLAT"},
)  # each collection has to have one


def _text(length: int) -> Row:
    return {"datatype": "VARCHAR", "max_length": length}


def _texts(capacity: int) -> Row:
    return {"datatype": "ARRAY", "element_type": "VARCHAR", "max_capacity": capacity, "max_length": 64}


_WHOLE: Row = {"datatype": "INT64"}
_DAYS = [(name, _WHOLE) for name in ("earliest", "latest", "revised")]
KEYS = ("path_key", "file_key", "outlet_key", "hash_key", "indexed_key", "url_key", "title_key")
# `alone` is 1 for an article that counts as a source: without a story, or the one that stands for it.
ARTICLES: list[tuple[str, Row]] = [
    ("id", _text(64)),
    *((name, _text(64)) for name in KEYS),
    *(("tails", _texts(MOST_TAILS)), ("names", _texts(MOST_NAMES))),
    *_DAYS,
    *(("cluster", _text(64)), ("replaced_by", _text(64)), ("alone", _WHOLE), ("linked", _WHOLE), ("stored_at", _WHOLE)),
    ("bands", {"datatype": "ARRAY", "element_type": "INT64", "max_capacity": 256}),
    *(("revision", _text(64)), ("content", _text(64)), ("n_passages", _WHOLE), ("n_parts", _WHOLE)),
    *(("brief", _text(65_535)), ("record", _text(65_535))),
    _VECTOR,
]
ARTICLE_FIELDS = [name for name, _ in ARTICLES]
INDEXED = (*KEYS, "earliest", "latest", "cluster", "replaced_by", "linked", "bands", "tails", "names")
PARTS: list[tuple[str, Row]] = [("id", _text(255)), ("data", _text(65_535)), _VECTOR]
META: list[tuple[str, Row]] = [("id", _text(255)), ("value", _text(65_535)), _VECTOR]
OUTLETS: list[tuple[str, Row]] = [("id", _text(64)), ("outlet", _text(65_535)), _VECTOR]
PASSAGE_FIELDS = ("article_id", "revision", "position")


def passages_schema(dim: int, *, bm25: bool) -> list[tuple[str, Row]]:
    """The fields of passages; a server before 2.5, which has no full text, gets their stems as a list."""
    stems: list[tuple[str, Row]] = [("stems", {**_text(65_535), **({"enable_analyzer": True} if bm25 else {})})]
    stems += [("sparse", {"datatype": "SPARSE_FLOAT_VECTOR"})] if bm25 else [("words", _texts(MOST_STEMS))]
    return [
        ("number", _WHOLE),
        *(("article_id", _text(64)), ("revision", _text(64)), ("position", _WHOLE), ("hash", _text(64))),
        *(("outlet_key", _text(64)), *_DAYS),
        *stems,
        ("vector", {"datatype": "FLOAT_VECTOR", "dim": dim}),
    ]


@lru_cache(maxsize=1)
def _porter() -> Any:
    import snowballstemmer  # type: ignore[import-untyped]

    return snowballstemmer.stemmer("porter")


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    return str(_porter().stemWord(word))


def stems_of(text: str) -> list[str]:
    """The words of a text as they are indexed, as FTS5 does it (porter, without accents), in order: they are made here,
    so that every server finds the same."""
    words = re.findall(r"[^\W_]+", without_accents(text.lower()))
    return [_stem(word)[:64] for word in words]


def number_of(article_id: str, revision: str, position: int) -> int:
    """The number of a passage, of 63 bits: of 100 million, two have the same with a chance of 1 in 1,800."""
    digest = hashlib.sha256(f"{article_id} {revision} {position}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def numbers_of(whole: Whole, revision: str) -> list[int]:
    return [number_of(whole.article.id, revision, passage.position) for passage in whole.passages]


def day(iso: str | None, missing: int = _NO_DAY) -> int:
    """An ISO day as a whole number, 20240506."""
    return int(iso.replace("-", "")) if iso else missing


def iso(day: int) -> str | None:
    return f"{day // 10_000:04d}-{day // 100 % 100:02d}-{day % 100:02d}" if _NO_DAY < day < _NO_DAY_YET else None


def outlet_key(outlet: str | None) -> str:
    return key(outlet.strip().casefold()) if outlet else ""


def where(filters: Filters) -> str:
    """The condition that `filters` set on rows of articles or passages; "" for none. As `rows.to_where` in SQL."""
    clauses = []
    if filters.outlets is not None:
        listed = ", ".join(f'"{outlet_key(outlet)}"' for outlet in filters.outlets if outlet.strip())
        clauses.append(f"outlet_key in [{listed}]")
    if filters.published_from is not None:
        clauses.append(f"latest >= {day(filters.published_from)}")
    if filters.published_to is not None:
        clauses.append(f"earliest <= {day(filters.published_to)}")
    if filters.as_of is not None:
        clauses.append(f"latest > {_NO_DAY} and latest <= {day(filters.as_of)} and revised <= {day(filters.as_of)}")
    return " and ".join(f"({clause})" for clause in clauses)


def both(*conditions: str) -> str:
    return " and ".join(f"({one})" for one in conditions if one)


@dataclass(frozen=True)
class Rows:
    """The rows of one article."""

    article: Row
    parts: list[Row]
    passages: list[Row]


def to_rows(whole: Whole, embedder: str, vectors: dict[bytes, Vectors], stored_at: int, *, bm25: bool) -> Rows:
    """`whole` as rows. BylineError for a passage without a vector."""
    article = whole.article
    revision = key(f"{embedder} {whole.content}")
    (earliest, latest), revised = date_range(article.published), date_range(article.updated)[1]
    days = {"earliest": day(earliest, _NO_DAY_YET), "latest": day(latest), "revised": day(revised)}
    data = base64.b64encode(zlib.compress(whole.json.encode(), 6)).decode("ascii")
    parts = [data[i : i + PART] for i in range(0, len(data), PART)]
    of_outlet = outlet_key(article.outlet)
    row = {
        "id": article.id,
        "path_key": key(article.path),
        "file_key": key(whole.file),
        "outlet_key": of_outlet,
        "hash_key": key(article.content_hash),
        "indexed_key": key(whole.indexed_as),
        "url_key": key(article.url) if article.url is not None else "",
        "title_key": title_key(whole),
        "tails": tails_of(article.path),
        "names": list(dict.fromkeys(key(name) for pair in whole.names for name in pair[:2]))[:MOST_NAMES],
        **days,
        **of_links(article.id, whole.linked),
        "stored_at": stored_at,
        "revision": revision,
        "content": whole.content,
        "n_passages": len(whole.passages),
        "n_parts": len(parts),
        "brief": _brief(whole),
        "record": parts[0],
        "v": [0.0, 0.0],
    }
    return Rows(
        article=row,
        parts=[
            {"id": part_id(article.id, revision, n), "data": part, "v": [0.0, 0.0]} for n, part in enumerate(parts) if n
        ],
        passages=_passages(whole, revision, {"outlet_key": of_outlet, **days}, vectors, bm25),
    )


def _passages(whole: Whole, revision: str, shared: Row, vectors: dict[bytes, Vectors], bm25: bool) -> list[Row]:
    made = []
    title = whole.article.headline
    for passage in whole.passages:
        text = text_to_embed(title, passage.heading, passage.text)
        stems = stems_of(text)[:MOST_STEMS]
        words = {} if bm25 else {"words": list(dict.fromkeys(stems))}
        digest = text_hash(text)
        if digest not in vectors:
            raise BylineError(f"a passage of {whole.article.path} has no vector: `byline ingest` it again.")
        made.append(
            {
                "number": number_of(whole.article.id, revision, passage.position),
                "article_id": whole.article.id,
                "revision": revision,
                "position": passage.position,
                "hash": digest.hex(),
                "stems": " ".join(stems)[:60_000],
                "vector": vectors[digest],
                **shared,
                **words,
            }
        )
    return made


def part_id(article_id: str, revision: str, n: int) -> str:
    return f"{article_id}.{revision}.{n}"


def of_links(article_id: str, linked: Linked) -> Row:
    return {
        "cluster": linked.cluster or "",
        "replaced_by": linked.replaced_by or "",
        "alone": int(linked.cluster in (None, article_id)),
        "linked": int(linked.bands is not None),
        "bands": list(linked.bands or ()),
    }


def links_of(row: Row) -> Linked:
    return Linked(
        bands=tuple(int(band) for band in row["bands"]) if row["linked"] else None,
        cluster=row["cluster"] or None,
        replaced_by=row["replaced_by"] or None,
    )


def title_key(whole: Whole) -> str:
    title, outlet = whole.article.title, whole.article.outlet
    return key(json.dumps([title, outlet])) if title is not None and outlet is not None else ""


def tails_of(path: str) -> list[str]:
    """The keys of what a path can end with, from one "/" on, in small letters: the shortest first."""
    names = path.lower().split("/")
    return [key("/".join(names[-n:])) for n in range(1, min(len(names), MOST_TAILS + 1))]


def _brief(whole: Whole) -> str:
    """What a list shows of an article, and stories are put in order by."""
    article = whole.article
    return json.dumps(
        {
            "title": article.title and article.title[:2000],
            "outlet": article.outlet and article.outlet[:2000],
            "published": article.published,
            "precision": article.published_precision,
            "source": article.published_source,
            "authors": " ".join(article.authors)[:2000],
            "path": article.path[:2000],
            "updated": article.updated is not None,
            "length": len(article.text),
            "words": n_words(article.text, json.dumps(article.boilerplate)),
            "kept": len(whole.versions),
        }
    )


def to_whole(row: Row, parts: Sequence[str]) -> Whole:
    """The article of a row and its further parts. BylineError where they are not what was stored."""
    try:
        text = zlib.decompress(base64.b64decode("".join([row["record"], *parts]))).decode("ascii")
        whole = read(text, links_of(row))
        sound = whole.content == row["content"]
    except (ValueError, KeyError, TypeError, zlib.error):
        sound = False
    if not sound:
        raise BylineError(
            f"the article {row['id']} is damaged in Milvus: `byline remove {row['id']}` and ingest its file again."
        )
    return whole
