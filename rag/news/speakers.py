"""Who an article says said it: for a sentence, the words in which its own article names the speaker.

Direct, reported and continued speech: "X said", "said X", "according to X", "X, citing Y, said", a pronoun that stands
for a speaker named before, a quotation whose speaker stands in the sentence beside it. Where nothing of the kind is
there, the article speaks for itself. English only. Measured in evals/data/wikinews_speakers.jsonl.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.news.said_by import (
    BEHIND,
    IS_TIME,
    OPENS_NO_NAME,
    OUTLET,
    POINTING,
    QUOTED,
    SAME_SOURCES,
    WORD,
    Speaker,
    mask_quoted,
    speaker_of,
)
from rag.text.sentences import split_sentences
from rag.types import Article

# So much of the article before and behind a sentence is read to find its speaker.
BEFORE = 3000
MAX_BACK = 8  # sentences that a pronoun reaches back
_MANY = re.compile(r"\b(?:officials|people|authors|sources|authorities|police|researchers|critics|\w+s)\Z")
_PERSON = re.compile(r"[A-Z][\w.'’-]*\Z|\b(?:\w+man|\w*person|official|source|coach|president|\w+(?:er|or|ist|ian))\Z")
_BODY = re.compile(
    r"\b(?:agency|ministry|department|government|church|company|group|court|council|committee|commission|office|news|"
    r"times|post|party|university|union|association|organi[sz]ation|institute|bank|army|military|report|site|north|south|east|west|saudi|united|(?-i:[A-Z]{2,}))"
    r"\b",
    re.I,
)
_OFFICES = (
    r"\b(?:minister|secretary|president|prosecutor|spokes\w+|chairman|chairwoman|chair|director|leader|governor|mayor|"
    r"senator|judge|lawyer|coach|chief|head|professor|editor|author|officer|general)\b"
)
_INTRODUCED = re.compile(
    r"((?:[A-Z][\w.'’-]+ ){1,3}[A-Z][\w-]+),? (?:(?:the|an?|\w+['’]s|chief|former) )?[\w'’ -]{0,40}?" + _OFFICES
)


def speaker_in(article: Article, start: int, end: int) -> str | None:
    """The words in which the article names who says what stands at `start`..`end`; None where it says it itself.

    The words are the article's own, white space apart. A pronoun is given as it stands where its name is not clear.
    In a recording it is whoever has the word.
    """
    if (speaker := article.place_at(start).speaker) is not None:
        return speaker
    first, last = max(0, start - BEFORE), end + BEHIND
    return find_speaker(article.text[first:last], start - first, end - first)


def find_speaker(text: str, start: int, end: int) -> str | None:
    """`speaker_in` for the sentence at `start`..`end` of a plain text."""
    found = _Text(text).speaker(start, end)
    return " ".join(text[found.start : found.end].split()) if found else None


class _Text:
    """A text with its sentences, and the same text with all that is quoted masked."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.spans = split_sentences(text)
        self.masked = mask_quoted(text)

    def speaker(self, start: int, end: int) -> Speaker | None:
        """The first speaker of the sentences that overlap with the span; failing that, of those around it."""
        numbers = [n for n, (a, b) in enumerate(self.spans) if a < end and start < b]
        for n in numbers:
            if found := self.own(n):
                return self._named(found, n)
        return self._around(numbers) if numbers else None

    def own(self, n: int) -> Speaker | None:
        start, end = self.spans[n]
        return speaker_of(self.masked[start:end], start)

    def _around(self, numbers: Sequence[int]) -> Speaker | None:
        """The speaker of a quotation that goes on over several sentences, or follows upon its attribution."""
        first, last = numbers[0], numbers[-1]
        start, end = self.spans[first][0], self.spans[last][1]
        words = WORD.findall(self.masked[start:end])
        if sum(QUOTED not in word for word in words) > 0.3 * len(words):
            return None
        n = last + 1
        while n < len(self.spans) and self._is_quoted_through(n):
            if found := self.own(n):
                return self._named(found, n)
            n += 1
        for n in range(first - 1, max(-1, first - MAX_BACK), -1):
            if found := self.own(n):
                return self._named(found, n)
            if QUOTED not in self.masked[slice(*self.spans[n])]:
                return None
        return None

    def _is_quoted_through(self, n: int) -> bool:
        """Whether a quotation runs on from the sentence before into this one."""
        before, start = self.spans[n - 1][1], self.spans[n][0]
        return self.masked[start] == QUOTED and QUOTED in self.masked[before - 2 : before]

    def _named(self, found: Speaker, n: int) -> Speaker:
        """The name for a pronoun, where one before it is near and fits; else the pronoun."""
        if not found.is_pronoun:
            return found
        word = self.text[found.start : found.end].lower()
        if re.search(r"\b(?:and|but|that|where|when|because|while)\s\Z", self.text[: found.start]):
            return found  # it may stand for a name in its own sentence
        reach = {"he": MAX_BACK, "she": MAX_BACK}.get(word, 2 if word in POINTING else 2 * MAX_BACK)
        for k in range(n - 1, max(-1, n - 1 - reach), -1):
            others = (
                self.own(k),
                None if OUTLET.fullmatch(word) else self._subject(k),
                self._person(k) if word in ("he", "she") else None,
            )
            for other in others:
                if other and not other.is_pronoun and _fits(word, self.text[other.start : other.end]):
                    return other
        return found

    def _subject(self, n: int) -> Speaker | None:
        """The name with which a sentence begins; a single word counts where it has its capital elsewhere too."""
        start, end = self.spans[n]
        match = re.match(r"(?:For )?((?:[A-Z][\w.'’-]+ ){0,5}[A-Z][\w-]+)(?=,| [a-z])", self.masked[start:end])
        if not match or OPENS_NO_NAME.match(match[1]) or IS_TIME.search(match[1]):
            return None
        if " " not in match[1] and not re.search(rf"[a-z,] {re.escape(match[1])}\b", self.text):
            return None
        return Speaker(start + match.start(1), start + match.end(1))

    def _person(self, n: int) -> Speaker | None:
        """Somebody who is introduced with an office: "X, the minister"."""
        start, end = self.spans[n]
        match = _INTRODUCED.search(self.masked[start:end])
        return Speaker(start + match.start(1), start + match.end(1)) if match else None


def _fits(pronoun: str, name: str) -> bool:
    head = re.split(r",| of | for | in ", name)[0]
    if SAME_SOURCES.fullmatch(pronoun.partition(",")[0]):
        return bool(re.search(r"\b(?:people|officials|sources|persons?|diplomats|aides)\b", name))
    if pronoun == "they":
        return bool(_MANY.search(head) or _BODY.search(name))
    if pronoun == "it" or OUTLET.fullmatch(pronoun):
        return not _MANY.search(head) or bool(_BODY.search(head))
    return bool(_PERSON.search(head)) and not (_BODY.search(head) and not re.search(r"\w+(?:er|or|man)\b", head))


def names_speaker(claim: str, speaker: str) -> bool:
    """Whether a claim says that somebody said it, or names this speaker: what he says of himself needs no more."""
    if find_speaker(claim, 0, len(claim)) is not None:
        return True
    parts = re.split(r",| of | for | in | from ", speaker)
    names = [words[-1] for part in parts if (words := part.split()) and words[-1][:1].isupper()]
    return any(re.search(rf"\b{re.escape(name)}\b", claim) for name in names)
