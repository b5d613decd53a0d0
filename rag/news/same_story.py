"""Whether two sentences speak of the same story, as far as their names, places and dates tell. Pure functions."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection

from rag.news.speakers import speaker_in
from rag.text.calendar import date_range
from rag.text.facts import Reading, read
from rag.text.reporting import REPORTING
from rag.types import Article, Candidate

# Cosines of two sentences (packaged MiniLM) from which on they can be about the same thing, and are nearly alike.
NEAR, NEARLY_ALIKE = 0.45, 0.6
# Of the names in two articles on one story at least this share is in common, counted from the fewer: where the
# sentences compared have a name in common, and where they do not. The sample articles have .33 to .62, documents on
# namesakes in RAMDocs (the half for tuning) mostly .07 to .54, its documents on one entity .9.
SHARED_NAMES, SHARED_BY_NAMELESS = 0.3, 0.6
FEWEST_NAMES, SAME_CAST = 4, 4
HEADING = 80  # characters
# A story of which a name and one more word of the headline are known is the same for this long.
DAYS_APART = 60


def later(a: Article, b: Article) -> int | None:
    """1 where `b` was published after `a`, 0 the other way round, None where that is not certain."""
    if not a.published or not b.published:
        return None
    (a_from, a_to), (b_from, b_to) = date_range(a.published), date_range(b.published)
    if None in (a_from, a_to, b_from, b_to):
        return None
    return 1 if str(b_from) > str(a_to) else 0 if str(a_from) > str(b_to) else None


def names(candidate: Candidate) -> frozenset[str]:
    """Keys of the names in a sentence, the speaker's and the outlet's left out."""
    article, sentence = candidate.hit.article, candidate.sentence
    said = speaker_in(article, sentence.start, sentence.end) or ""
    if article.outlet and article.outlet in candidate.text:
        said += f" {article.outlet}"
    return read(candidate.text).names - read(said).keys


def other_place(a: Candidate, b: Candidate) -> bool:
    """Whether each sentence names somebody or something that the passage around the other does not know, or the two
    passages have no name in common: then nothing says that it is the same story."""
    ours, theirs = _around(a), _around(b)
    if names(a) - theirs.keys and names(b) - ours.keys:
        return True
    return not _in_common(ours, theirs)


def other_names(a: Candidate, b: Candidate) -> bool:
    """Whether the articles of two sentences have too few names in common to tell one story: what they have may be no
    more than a namesake, another village of that name."""
    if a.hit.article.id == b.hit.article.id:
        return False
    ours, theirs = (read(f"{c.hit.article.headline or ''}. {c.hit.article.text}") for c in (a, b))
    fewest = min(len(_names(ours)), len(_names(theirs)))
    is_named = bool(_names(read(a.text)) & _names(read(b.text)))
    share = SHARED_NAMES if is_named else SHARED_BY_NAMELESS
    return fewest >= FEWEST_NAMES and len(_in_common(ours, theirs)) < share * fewest


def has_cast(a: Candidate, b: Candidate) -> bool:
    """Whether the articles of two sentences have so many names in common that they tell of the same people or places,
    whatever the two sentences name."""
    ours, theirs = (read(f"{c.hit.article.title or ''}. {c.hit.article.text}") for c in (a, b))
    return len(_in_common(ours, theirs)) >= SAME_CAST or not other_names(a, b)


def same_headline(a: Candidate, b: Candidate) -> bool:
    """Whether the headlines of two articles, published within `DAYS_APART` days, have a name in common that stands as
    one in both texts, and something else besides: "Norvik leak: toll rises", "Second worker dies after Norvik leak"."""
    first, second = (_first_day(c.hit.article.published) for c in (a, b))
    if first is None or second is None or abs((first - second).days) > DAYS_APART:
        return False
    ours, theirs = (read(c.hit.article.headline or "") for c in (a, b))
    bodies = [read(c.hit.article.text) for c in (a, b)]
    shared = ours.keys & theirs.keys
    plain = frozenset(i.key for body in bodies for i in body.items if i.kind == "word")
    named = (_names(ours) | _names(theirs)) & shared & _names(bodies[0]) & _names(bodies[1]) - plain
    return bool(named) and len(shared) > 1


def _first_day(published: str | None) -> dt.date | None:
    first, _ = date_range(published) if published else (None, None)
    return dt.date.fromisoformat(first) if first else None


def _in_common(ours: Reading, theirs: Reading) -> frozenset[str]:
    return _names(ours) & _capitals(theirs) | _capitals(ours) & _names(theirs)


def _around(candidate: Candidate) -> Reading:
    return read(f"{candidate.hit.article.headline or ''}. {candidate.hit.passage.text}")


def _names(reading: Reading) -> frozenset[str]:
    return frozenset(item.key for item in reading.items if item.kind == "name" and item.key)


def _capitals(reading: Reading) -> frozenset[str]:
    """Keys of what may be a name: a sentence's first word is one where the other text has it as such."""
    return frozenset(item.key for item in reading.items if item.is_content and item.text[:1].isupper())


def other_time(a: Reading, b: Reading, *, years: bool = False) -> bool:
    """Whether the two sentences date what they tell, and differently; with `years`, to another year."""
    for grain in (r"@\d{4}\Z", r"@\d+(?:-\d+)?\Z", r"@[a-z]")[: 1 if years else None]:
        ours, theirs = ({i.key for i in r.items if i.kind == "date" and re.match(grain, i.key)} for r in (a, b))
        if ours and theirs and not ours & theirs:
            return True
    return False


def heading(reading: Reading, keys: Collection[str]) -> str:
    """What a sentence speaks of: its words from the first with one of `keys` to the last, as they stand there, "…" for
    three other words or more, without words of saying."""
    parts: list[str] = []
    start = end = -1
    skipped = 0
    for item in (i for i in reading.items if i.is_content):
        if item.key not in keys or item.text.lower() in REPORTING:
            skipped += 1
            continue
        if start >= 0 and skipped <= 2 and not _breaks(reading, end, item.start):
            parts.pop()
        else:
            start = item.start
        end, skipped = item.end, 0
        parts.append(reading.text[start:end])
        if len(found := " … ".join(parts)) > HEADING:
            # Words that fit; of one that does not, as much as does.
            shorter = found[:HEADING].rpartition(" ")[0].removesuffix(" …") or found[:HEADING]
            return f"{' '.join(shorter.split())} …"
    return " ".join(" … ".join(parts).split())


def _breaks(reading: Reading, start: int, end: int) -> bool:
    """Whether the words between are of another clause, or say that something is said."""
    between = reading.text[start:end]
    return re.search(r"[,;:.()“”\"—]", between) is not None or any(
        i.text.lower() in REPORTING for i in reading.items if start <= i.start < end
    )
