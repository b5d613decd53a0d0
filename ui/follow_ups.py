"""Questions that lead on from an answer: made of the names, figures and days in the articles that it cites, and each
asked of the library before it is offered, so that none is offered that the articles do not answer."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice, zip_longest
from typing import Any

from rag.answers.suggestions import suggest
from rag.errors import BylineError
from rag.news.speakers import speaker_in
from rag.text.calendar import date_in_words
from rag.text.lexicon import PRONOUNS
from rag.text.sentences import split_sentences
from rag.text.words import query_terms
from rag.types import Answer, Article, Claim, Span
from ui.panes import Library

MOST, TRIED, WITHIN_S = 3, 8, 8.0
SENTENCES_READ = 40  # of each article
LEAST_CONFIDENCE = 0.4  # of the reader that the passages answer: below it, they may only come near
# Two words with capitals or more: the name of a person, a paper or a body, and not "officials".
_NAME = re.compile(r"(?:[A-Z][\w’'.-]+ ){1,3}[A-Z][\w’'-]+")
_ROLE = re.compile(r",| of | for | in | from ")  # what comes after a name
# One at a time: what is nobody's question waits for nobody's answer.
_asking = threading.Lock()

log = logging.getLogger("ui.app")


def follow_ups(library: Library, talk: Sequence[Answer], limits: Mapping[str, Any]) -> Iterator[str]:
    """Up to MOST questions that the library answers, within these filters, with words that the conversation, whose last
    answer they lead on from, has not cited. Nothing where it has no claims, or others are being looked for."""
    if not talk or not talk[-1].claims or not _asking.acquire(blocking=False):
        return
    try:
        until = time.monotonic() + WITHIN_S
        cited = {place for answer in talk for place in _places(answer)}
        found: list[str] = []
        fresh = (one for one in candidates(talk) if not any(_names(one) & _names(other) for other in found))
        for question in islice(fresh, TRIED):
            if len(found) == MOST or time.monotonic() > until:
                return
            events = library.ask(question, stream=True, model="extractive", history=talk, **limits)
            answer = next(event for event in events if isinstance(event, Answer))
            if _is_answered(question, answer) and not (places := _places(answer)) <= cited:
                found.append(question)
                cited |= places  # no two that lead to the same words
                yield question
    except BylineError:  # asking says what is wrong
        return
    except Exception:
        log.exception("Looking for further questions failed")
    finally:
        _asking.release()


def candidates(talk: Sequence[Answer]) -> Iterator[str]:
    """Questions about the articles that the last answer cites, of each kind in turn, without those that were asked."""
    answer = talk[-1]
    articles = list({c.article.id: c.article for claim in answer.claims for c in claim.citations}.values())
    said = dict.fromkeys(name for article in articles for name in _speakers(article))
    kinds = (
        [f"What did {name} say?" for name in said],
        [f"What happened {when}?" for when in dict.fromkeys(_days(answer))],
        [f"Who is {name}?" for name in said],
        [question for question in suggest(articles) if not question.startswith("What is the latest")],
    )
    asked = {earlier.question.casefold().strip() for earlier in talk}
    for question in dict.fromkeys(chain.from_iterable(zip_longest(*kinds))):
        if question and question.casefold() not in asked:
            yield question


def _speakers(article: Article) -> Iterator[str]:
    for start, end in split_sentences(article.text)[:SENTENCES_READ]:
        speaker = speaker_in(article, start, end)
        if speaker and speaker.casefold() not in PRONOUNS and (name := _NAME.fullmatch(_ROLE.split(speaker)[0])):
            yield name[0]


def _days(answer: Answer) -> Iterator[str]:
    """When what the articles report beside the answer happened."""
    told = {place for claim in answer.claims for place in _of(claim)}
    for event in answer.timeline:
        places = {(c.article.id, (c.start, c.end)) for c in event.citations}
        if event.precision in ("day", "month") and not event.planned and not places & told:
            yield f"{'on' if event.precision == 'day' else 'in'} {date_in_words(event.date)}"


def _is_answered(question: str, answer: Answer) -> bool:
    """Whether it is answered plainly, with a word of the question's own in what is cited: "What did Bo Lind say?" is
    not by what others say, however likely that answers something."""
    if answer.status != "answered" or answer.confidence < LEAST_CONFIDENCE:
        return False
    if question.startswith("What happened"):  # days are told by what was understood
        return True
    said = " ".join(f"{c.quote} {c.speaker or ''}" for claim in answer.claims for c in claim.citations)
    names = _names(question)
    return not names or bool(names & set(query_terms(said)))


def _names(question: str) -> set[str]:
    """The words with capitals in it, the first aside."""
    return set(map(str.lower, re.findall(r"(?<=\s)[A-Z][\w’'-]+", question)))


def _places(answer: Answer) -> set[tuple[str, Span]]:
    return {place for claim in answer.claims for place in _of(claim)}


def _of(claim: Claim) -> set[tuple[str, Span]]:
    return {(c.article.id, (c.start, c.end)) for c in claim.citations}
