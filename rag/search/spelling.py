"""A name in a question with one slip of the fingers, read as the articles spell it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from rag.filters import Filters
from rag.storage.protocol import Store
from rag.text.lexicon import FUNCTION, stem, without_accents
from rag.text.spelling import within_one_edit

FEWEST_LETTERS = 5
MAX_LOOKED_UP = 8  # words of one question
_WORD = re.compile(r"[^\W\d_]+")

IsWord = Callable[[str], bool]
"""Whether a word is a common one of the language, or a name that is known everywhere."""


@dataclass(frozen=True, kw_only=True)
class Respelled:
    """The question with names as the articles have them, and a sentence for each that was changed."""

    question: str
    because: tuple[str, ...] = ()


def respell(question: str, store: Store, filters: Filters, is_word: IsWord) -> Respelled:
    """`question` with each name that no article has and that is one letter off one that they have put right.

    Looked at are words with a capital, or all where there is none. Common words and well-known names are left alone
    (`is_word`), and so is what may stand for two names.
    """
    has_capitals = any(match[0][0].isupper() for match in _WORD.finditer(question[1:]))
    made, because, at, looked_up = "", [], 0, 0
    for match in _WORD.finditer(question):
        typed = match[0]
        if (
            len(typed) < FEWEST_LETTERS
            or typed.lower() in FUNCTION
            or (has_capitals and not typed[0].isupper())
            or looked_up == MAX_LOOKED_UP
            or is_word(typed)
        ):
            continue
        looked_up += 1
        meant = _meant(typed, store, filters)
        if meant is not None:
            made += question[at : match.start()] + meant
            at = match.end()
            because.append(f"“{typed}” is in no article; it was read as “{meant}”.")
    return Respelled(question=made + question[at:], because=tuple(because))


def _meant(typed: str, store: Store, filters: Filters) -> str | None:
    """The one word of the articles that is a letter off, as it is spelled there with a capital."""
    low = without_accents(typed).lower()
    if store.has_word(typed):  # an article that the filters keep out has it
        return None
    found: set[str] = set()
    for word, _ in store.words_like(low):
        # The index has stems: "gusev" for "Gusevs". What differs before the last letters is looked at in the text.
        if word[:1] != low[:1] and word[1:2] != low[1:2]:
            continue
        if not (within_one_edit(word, low) or within_one_edit(word, low[: len(word)]) or stem(low) == word):
            continue
        for number, _ in store.bm25([word], 3, filters, 1.0):
            for passage, article in store.passages([number]).values():
                spelled = _WORD.findall(f"{article.title or ''} {passage.text}")
                found |= {w for w in spelled if w[0].isupper() and _one_off(w, low)}
    by_folded = {without_accents(word).lower(): word for word in sorted(found)}
    return next(iter(by_folded.values())) if len(by_folded) == 1 else None


def _one_off(word: str, low: str) -> bool:
    folded = without_accents(word).lower()
    return folded != low and within_one_edit(folded, low)
