"""`Shelf`: the articles of a collection as an editor handles them: listed, compared with their
versions and copies, edited, taken out and put back.

A part of `rag.collection.Collection`, which has the files and the locks.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import BylineError
from rag.filters import Within, filters_of
from rag.ingest import changes, edits
from rag.ingest.pipeline import IngestJob
from rag.storage import shelf
from rag.types import Article, Json, Listed, Version

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from typing_extensions import Unpack

    from rag.storage.protocol import Store

MOST_WORDS = 12  # of what a list is searched by
MOST_LISTED = 200
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, kw_only=True)
class Removed:
    """What `take_out` took: all that `put_back` needs."""

    article: Article
    file: str
    beside: shelf.Beside


class Shelf:
    """What `Collection` offers to whoever keeps it in order."""

    path: Path
    store: Store
    _writing: threading.RLock

    if TYPE_CHECKING:

        def _job(self, say: Callable[[str], None]) -> IngestJob: ...

        def _refresh(self) -> Any: ...

        def remove(self, names: Sequence[str]) -> list[Article]: ...

    def listed(
        self,
        words: str = "",
        *,
        order: str = "day",
        descending: bool = True,
        offset: int = 0,
        limit: int = 25,
        **within: Unpack[Within],
    ) -> tuple[list[Listed], int]:
        """A page of the articles, and how many there are; of a piece with versions the newest.

        With `words`, those that have them all in one passage (the last perhaps as the beginning of a word), or in
        outlet, authors and path. `order` is "day", "title", "outlet", "words", "versions" or "copies"; what is not
        known comes last. Filters as in `retrieve`. BylineError for another order, an offset below 0, a limit that is
        not within 1 and 200, and a date that is none.
        """
        if order not in shelf.ORDERS:
            raise BylineError(f"articles cannot be sorted by {order[:80]!r}: take one of {', '.join(shelf.ORDERS)}.")
        if offset < 0 or not 1 <= limit <= MOST_LISTED:
            raise BylineError(f"offset {offset} and limit {limit} are no page: from 0 on, and 1 to {MOST_LISTED}.")
        terms = _WORD.findall(words)[:MOST_WORDS]
        if words.strip() and not terms:
            return [], 0
        return self.store.listed(
            terms, filters_of(within), order=order, descending=descending, offset=offset, limit=limit
        )

    def versions(self, article: Article) -> list[Version]:
        """The versions of an article's piece, oldest first: what each file held before, and newer articles of it."""
        return self.store.versions(article.id)

    def diff(self, article: Article) -> list[changes.Diff]:
        """What changed from each version of an article's piece to the next, oldest first; none where there is one."""
        known = self.versions(article)
        return [changes.diff(older, newer) for older, newer in itertools.pairwise(known)]

    def copies(self, article: Article) -> list[Article]:
        """The other articles of the library that carry the same story, without older versions."""
        ids = [i for _, i in self.store.stories([article.cluster] if article.cluster else [])]
        return [other for other in self.store.articles(ids) if other.id != article.id]

    def edit(self, article: Article, **values: Any) -> Article:
        """State `title`, `outlet`, `authors` (a list, or names parted by ";") or `published` (YYYY-MM-DD, YYYY-MM or
        YYYY) of an article, each None or empty where there is none; returns it as it is then.

        What is stated so goes before what its file says, also when that is read anew, until it is undone. Values that
        are as they were are left alone. BylineError for another name, a value that cannot be, and an article that is
        gone.
        """
        values = edits.checked(values)
        with self._writing:
            now = self._there(article)
            changes = edits.changes(now, values)
            return self._state(now, {**self.store.stated(now.id), **changes}) if changes else now

    def undo_edit(self, article: Article) -> Article:
        """Take the last edit of an article back; returns it as it is then. BylineError where there was none."""
        with self._writing:
            now = self._there(article)
            if not now.edited and not self.store.stated(now.id):
                raise BylineError(f"nothing of the article {now.id} was edited: there is nothing to undo.")
            return self._state(now, self.store.stated(now.id, before_last=True))

    def take_out(self, article: Article) -> Removed:
        """Delete an article as `remove` does; what is returned is the only trace of it, and puts it back."""
        with self._writing:
            now = self._there(article)
            taken = Removed(article=now, file=self.store.file_of(now.id), beside=self.store.beside(now.id))
            self.remove([now.id])
            return taken

    def put_back(self, removed: Removed) -> Article:
        """Store an article again that `take_out` took, with its earlier texts and its edits. BylineError where it was
        added anew meanwhile."""
        article = removed.article
        with self._writing:
            if self.store.articles([article.id]) or article.path in self.store.known(removed.file):
                raise BylineError(f"the article {article.id} is in the library again: there is nothing to put back.")
            self._store(article, removed.file)
            self.store.put_beside(article.id, removed.beside)
            return self._there(article)

    def _there(self, article: Article) -> Article:
        """The article as it is stored."""
        found = self.store.articles([article.id])
        if not found:
            raise BylineError(f"the article {article.id} is no longer in the library.")
        return found[0]

    def _state(self, article: Article, values: Json) -> Article:
        self._store(edits.stated(article, values), self.store.file_of(article.id))
        return self._there(article)

    def _store(self, article: Article, file: str) -> None:
        """Cut, embed and link the article anew: its headline and outlet count in all of these."""
        self.store.check_writable()
        job = self._job(lambda _: None)
        job.add(article, file)
        job.flush()
        job.link()
        self._refresh()
