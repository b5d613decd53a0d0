"""What a reader should know of the articles that went in, gathered over one ingest: one line for each file and kind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from rag.ingest.metadata import IGNORED
from rag.types import EXCERPT, Article, IngestWarning

INFERRED_DATE, UNREAD_DATE = "date", "unread_date"
KINDS: Mapping[str, str] = {
    EXCERPT: "not the whole text",
    "story": "no story on the page",
    "encoding": "characters lost or an encoding guessed",
    "hidden": "words left out as hidden",
    "front_matter": "front matter not read",
    "fields": "a field that was asked for is not there",
    "attachments": "attachments not read",
    "pages": "pages not read",
    INFERRED_DATE: "inferred date",
    UNREAD_DATE: "a stated date that cannot be read",
}
"""The keys of `Article.reasons` that are worth a warning, and what each is called."""


class Warnings:
    """Gathers warnings in memory that grows with the files, not with their records."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[int, str, str]] = {}

    def add(self, article: Article, file: str) -> None:
        """Take note of what is uncertain of an article of `file`."""
        for kind, words in _warnings(article):
            n, first, sentence = self._found.get((file, kind), (0, article.path, words))
            self._found[file, kind] = (n + 1, first, sentence)

    def listed(self) -> tuple[IngestWarning, ...]:
        """One for each file and kind, in the order in which they came up."""
        return tuple(
            IngestWarning(path=first, warning=words, kind=kind)
            if n == 1
            else IngestWarning(path=file, warning=f"{n:,} of its articles, the first: {words}", kind=kind, n=n)
            for (file, kind), (n, first, words) in self._found.items()
        )


def _warnings(article: Article) -> Iterator[tuple[str, str]]:
    for kind in KINDS.keys() & article.reasons.keys():
        yield kind, article.reasons[kind]
    if article.published_source == "inferred":
        reason = article.reasons.get("published", "")
        yield INFERRED_DATE, f"Its date, {article.published}, is inferred. {reason}".strip()
    elif (ignored := re.match(IGNORED.format(".*?"), article.reasons.get("published", ""))) is not None:
        yield UNREAD_DATE, ignored[0]
