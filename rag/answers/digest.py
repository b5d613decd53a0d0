"""A digest by quotation: of each article about a topic the sentence that tells most of it, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.answers.extractive import LEAD, Extractive, quoted
from rag.answers.writer import Drafted
from rag.news.same_story import later
from rag.search.found import Found
from rag.search.questions import content_words, names
from rag.search.requests import Request
from rag.text.calendar import date_range
from rag.text.dates import read_in
from rag.text.lexicon import stem
from rag.text.names import fold
from rag.text.periods import Days
from rag.text.sentences import split_sentences
from rag.types import Article, Candidate

MOST = 5
# Mean cosine of a topic with a sentence and with its passage (title and all) from which the article is about it; less
# is enough where the article has the names of the topic.
ABOUT, ABOUT_NAMED = 0.4, 0.2
# Beside an article that is about it, one of which a sentence comes so nearly as near is about it too.
AS_ABOUT = 0.75
# Where outlets are compared each is searched alone, and gives the sentence that comes nearest.
ABOUT_COMPARED = 0.22
# An article that only mentions the topic stays out beside one that is about it.
BESIDE_NEAREST = 0.65


class Digest:
    """Quotes one sentence of each of the newest articles about a topic, or of all where there is no topic ("").

    With `happened`, those that tell of one of those days, or else were published on one. Where the latest is asked for
    the older ones are marked as earlier. Where outlets are compared, the sentence that comes nearest, or none;
    otherwise what no article is about goes to `otherwise`.
    """

    name = "extractive"
    prompt_version = "digest-1"

    def __init__(self, request: Request, happened: Days | None, otherwise: Extractive) -> None:
        self._topic, self._happened, self._is_latest = request.topic, happened, request.is_latest
        self._is_compared, self._otherwise = request.kind == "compare", otherwise
        self._asked = request.topic if request.is_whole else f"What happened with {request.topic}?"

    def draft(self, found: Found) -> Drafted:
        """See `Writer.draft`."""
        near = [(cosine + around) / 2 for cosine, around in zip(found.cosines, found.passage_cosines, strict=True)]
        nearest = max(near, default=0.0)
        places: dict[str, list[int]] = {}
        for i, candidate in enumerate(found.candidates):
            places.setdefault(candidate.hit.article.id, []).append(i)
        about: list[tuple[list[int], float]] = []  # of each article the places of its sentences, and the nearest
        for _, of_article in sorted(places.items()):
            of_days = [i for i in of_article if self._tells_of_days(found.candidates[i])]
            article = found.candidates[of_article[0]].hit.article
            if of_days and self._is_about(article, score := max(near[i] for i in of_days), nearest):
                about.append((of_days, score))
        nearest = max((score for _, score in about), default=0.0)
        about = [
            (of, score)
            for of, score in about
            if not self._topic
            or score >= BESIDE_NEAREST * nearest
            or self._is_headline(found.candidates[of[0]].hit.article)
        ]
        if not about and self._topic and self._happened is None and not self._is_compared:
            return self._otherwise.draft(found)
        if self._is_compared:
            about = sorted(about, key=lambda pair: -pair[1])[:1]
        about.sort(key=lambda pair: found.candidates[pair[0][0]].hit.article.published or "", reverse=True)
        about = about[:MOST]
        told = self._choose(found, [of for of, _ in about])
        drafts = tuple(quoted(one, earlier=self._is_earlier(one, told)) for one in told)
        confidence = max((score for _, score in about), default=0.0) if self._topic else float(bool(about))
        is_headline = any(self._is_headline(one.hit.article) for one in told)
        is_unsure = bool(self._topic) and confidence < ABOUT and (self._is_compared or not is_headline)
        return Drafted(drafts=drafts, confidence=min(1.0, max(0.0, confidence)), is_unsure=is_unsure)

    def _choose(self, found: Found, articles: Sequence[Sequence[int]]) -> list[Candidate]:
        """Of each article the sentence that tells most of the topic; `articles` has the places of the sentences."""
        is_read = bool(self._topic and articles)
        scores = self._otherwise.look(replace(found, question=self._asked)).scores if is_read else ()

        def tells(i: int) -> tuple[float, int]:
            sentence = found.candidates[i].sentence
            return (scores[i] if is_read else 0.0) + LEAD * (sentence.position == 0), -sentence.start

        return [found.candidates[max(of, key=tells)] for of in articles]

    def _is_about(self, article: Article, score: float, nearest: float) -> bool:
        """Whether an article is about the topic, by the `score` of its nearest sentence. `nearest` is the highest of
        all articles: where one is about it, so is another that comes nearly as near."""
        if not self._topic:
            return True
        text = f" {fold(article.title or '')} {fold(article.text)} "
        named = names(self._topic[:1].lower() + self._topic[1:]) or names(f"of {self._topic}")
        has_names = all(f" {fold(name)} " in text for name in named)
        about = ABOUT_NAMED if named or self._is_headline(article) else ABOUT_COMPARED if self._is_compared else ABOUT
        if nearest >= about and not self._is_compared:
            about = min(about, AS_ABOUT * nearest)
        return has_names and score >= about

    def _is_headline(self, article: Article) -> bool:
        """Whether the article's title has all words of the topic, or its first sentence has them."""
        words = {stem(word) for word in content_words(self._topic)}
        opening = article.text[: split_sentences(article.text)[0][1]] if article.text.strip() else ""
        return bool(words) and words <= {stem(word) for word in content_words(f"{article.title or ''} {opening}")}

    def _is_earlier(self, one: Candidate, told: Sequence[Candidate]) -> bool:
        return self._is_latest and bool(self._topic) and later(one.hit.article, told[0].hit.article) == 1

    def _tells_of_days(self, candidate: Candidate) -> bool:
        """Whether the sentence tells of one of the days asked for: by a date in it, or else by its article's own."""
        if self._happened is None:
            return True
        first, last = self._happened
        article, sentence = candidate.hit.article, candidate.sentence
        dated = [m.days for m in read_in(article, sentence.start, sentence.end) if m.days]
        if any(first <= days[1] and days[0] <= last for days in dated):
            return True
        start, end = date_range(article.published)
        return not dated and bool(start and end) and first.isoformat() <= str(start) and str(end) <= last.isoformat()
