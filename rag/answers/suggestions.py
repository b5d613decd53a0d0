"""Questions that articles are likely to answer, made from their own words: who said something, how many, what is new.
Pure, and no promise: whoever offers one asks it first (`Library.example_questions`)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rag.news.speakers import speaker_in
from rag.text.lexicon import PRONOUNS
from rag.text.sentences import split_sentences
from rag.types import Article

# Who is quoted for the news and is none.
_PAPER = re.compile(r"\b(?:Times|Post|News|Journal|Press|Herald|Gazette|Tribune|Courier|Agency)$")

SENTENCES_READ = 25  # of each article
LONGEST = 110  # characters of a question

_FIGURE = r"(?:[0-9][0-9,]*|Two|Three|Four|Five|Six|Seven|Eight|Nine|Ten|Eleven|Twelve|Twenty|Thirty|Forty|Fifty)"
_COUNTED = re.compile(
    rf"(?:(?:About|Around|Nearly|Almost|Some|At least|More than|Up to) )?{_FIGURE} "
    r"(?P<rest>(?:[a-z][a-z-]*\s){0,2}[a-z][a-z-]*s\s(?:were|are|have|had|will|would|could|died|took|voted|signed)\b[^.;:,“”\"]*)\."
)
_NAME = re.compile(r"(?<![.!?”\"]\s)(?<=\s)(?:the\s)?(?!The\s)[A-Z][a-z’'-]+(?:\s[A-Z][a-z’'-]+){1,3}\b")


def suggest(articles: Sequence[Article]) -> Iterator[str]:
    """Questions, each once: of each kind one from every article, before a second one from any."""
    made = [_of_article(article) for article in articles]
    seen: set[str] = set()
    for number in range(max(map(len, made), default=0)):
        for questions in made:
            if number < len(questions) and questions[number] not in seen:
                seen.add(questions[number])
                yield questions[number]


def _of_article(article: Article) -> list[str]:
    spans = [
        (start, end)
        for start, end in split_sentences(article.text)
        if not any(a < end and start < b for a, b in article.boilerplate)
    ][:SENTENCES_READ]
    sentences = [" ".join(article.text[start:end].split()) for start, end in spans]
    found = [
        *_first(_how_many(sentence) for sentence in sentences),
        *_first(_who_said(article, start, end) for start, end in spans),
        *_first([_latest(sentences)]),
    ]
    return [question for question in found if len(question) <= LONGEST]


def _first(questions: Iterable[str]) -> list[str]:
    return [question for question in questions if question][:1]


def _how_many(sentence: str) -> str:
    """Of a sentence that begins with a figure and what it counts."""
    counted = _COUNTED.match(sentence)
    return f"How many {counted['rest'].strip()}?" if counted else ""


def _who_said(article: Article, start: int, end: int) -> str:
    """Of a sentence whose speaker the article names, with a name for what it is about."""
    speaker = speaker_in(article, start, end)
    if speaker is None or speaker.lower() in PRONOUNS or not re.search(r"[A-Z]", speaker) or len(speaker) > 40:
        return ""
    names = [name for name in _NAME.findall(article.text[start:end]) if name not in speaker and speaker not in name]
    speaker = re.sub(r"^The ", "the ", speaker)
    return f"What did {speaker} say about {' '.join(names[0].split())}?" if names else ""


def _latest(sentences: Sequence[str]) -> str:
    """Of the name that comes most often."""
    names = Counter(name for sentence in sentences for name in _NAME.findall(sentence) if not _PAPER.search(name))
    name, n = next(iter(names.most_common(1)), ("", 0))
    return f"What is the latest on {name}?" if n > 1 else ""
