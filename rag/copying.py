"""`byline copy FROM TO`: a library moved to another place, whatever engine either has.

An article goes with all that is stored of it (`rag.storage.whole`): text, history, edits, links, vectors. Each is read
back and compared by hash. Those that are there already with the same hash are passed over, so a copy that was stopped
goes on where it was, and a second one verifies the first.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence

from rag.errors import BylineError
from rag.library import Library
from rag.settings import FILE as SETTINGS
from rag.storage.protocol import Store
from rag.storage.whole import Whole
from rag.types import Json

AT_ONCE = 50  # articles
_META = ("bands_version", "calibration")
Say = Callable[[int, int, str], None]
"""Called with (done, total, what)."""


def copy(source: Library, target: Library, *, say: Say | None = None) -> Json:
    """What was done: how many articles were `copied`, were `already` there and are `others` of the target's own, which
    stay; its `articles` and `passages`, and the `sha256` over all that was compared.

    BylineError where the target has articles of another embedder, and where an article does not come back from it as
    it was put in.
    """
    spec = str(source.store.get_meta("embedder") or source.embedder.name)
    own = target.store.get_meta("embedder")
    if own not in (None, spec):
        if target.store.n_articles():
            raise BylineError(
                f"{target.place} has the embedder {own}, and {source.place} has {spec}: copy into a new library."
            )
        own = None
    target.store.check_writable()
    if own is None:
        target.store.set_meta("embedder", spec)
    for name in _META:  # before the articles: links of another version would be made anew
        if (value := source.store.get_meta(name)) is not None:
            target.store.set_meta(name, value)
    embedder, ids = source.embedder.name, source.store.ids()
    counts, all_of_it = {"copied": 0, "already": 0}, hashlib.sha256()
    for at in range(0, len(ids), AT_ONCE):
        if say:
            say(at, len(ids), "copying")
        wanted = ids[at : at + AT_ONCE]
        for digest, is_new in _copied(source.store, target.store, embedder, wanted):
            counts["copied" if is_new else "already"] += 1
            all_of_it.update(digest.encode())
    if (source.path / SETTINGS).exists() and not (target.path / SETTINGS).exists():
        shutil.copyfile(source.path / SETTINGS, target.path / SETTINGS)
    n_articles = target.store.n_articles()
    return {
        **counts,
        "others": n_articles - sum(counts.values()),
        "articles": n_articles,
        "passages": target.store.n_passages(),
        "sha256": all_of_it.hexdigest(),
    }


def _copied(source: Store, target: Store, embedder: str, ids: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """The hash of each of the articles, and whether it had to be put in."""
    wholes = source.wholes(ids)
    vectors = source.vectors(embedder, [digest for whole in wholes for digest in whole.hashes])
    wanted = {whole.article.id: whole.digest(vectors) for whole in wholes}
    there = _digests(target, embedder, list(wanted))
    new = [whole for whole in wholes if there.get(whole.article.id) != wanted[whole.article.id]]
    for whole in new:
        if lacking := sum(digest not in vectors for digest in whole.hashes):
            raise BylineError(
                f"{lacking} passages of {whole.article.path} have no vector: search once in the library that is to be "
                "copied, which makes them."
            )
    target.put_wholes(new, embedder=embedder, vectors=vectors)
    there |= _digests(target, embedder, [whole.article.id for whole in new])
    put = {whole.article.id for whole in new}
    for article_id, digest in wanted.items():
        if there.get(article_id) != digest:
            raise BylineError(
                f"the article {article_id} did not come back as it was put in: copy again, or elsewhere; what was "
                "verified stays."
            )
        yield digest, article_id in put


def _digests(store: Store, embedder: str, ids: Sequence[str]) -> dict[str, str]:
    """The hashes of those of the articles that are there and whole."""
    wholes: list[Whole] = []
    for one in ids:
        try:
            wholes += store.wholes([one])
        except BylineError:  # damaged: as if it were not there
            continue
    vectors = store.vectors(embedder, [digest for whole in wholes for digest in whole.hashes])
    return {whole.article.id: whole.digest(vectors) for whole in wholes}
