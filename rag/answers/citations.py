"""From drafts to claims with exact citations and verdicts. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from rag.answers.drafts import Written
from rag.answers.injections import beside_orders, speaks_to_machines
from rag.answers.writer import Draft
from rag.checking.checker import Support
from rag.checking.witness import Witness
from rag.models.prompts import Offered, one_line
from rag.models.verifier import with_context
from rag.news.corrections import Correction, Notice, correction_of, notices, touches
from rag.news.markers import Markers
from rag.news.speakers import names_speaker
from rag.text.calendar import date_in_words
from rag.text.lexicon import FUNCTION, PRONOUNS
from rag.text.words import query_terms
from rag.types import (
    Article,
    Candidate,
    CheckedSentence,
    Citation,
    Claim,
    DateSource,
    Precision,
    SearchHit,
    Sentence,
    Span,
)

_POINTING = re.compile(r"\b(?:he|him|his|she|hers?|they|them|their|its?)\b", re.IGNORECASE)

Checker = Callable[[Sequence[tuple[str, Sequence[str]]]], list[Support]]
"""`Checker.check_all` of `rag.checking.checker`, or another: claims with their evidence to verdicts with reasons."""

SUPPORTED_FROM = 0.5
# Sentences looked at when a claim must be attributed, and the most that one claim cites.
MOST_LOOKED_AT = 6
MOST_CITED = 4
# Share of a sentence's content words from which words of the library are said to be about it.
ABOUT_FROM = 0.34
# What the cosine counts beside the share of words, where the nearest sentence is looked for.
WEIGHT_OF_SENSE = 0.5
LONGEST_OUTLET = 60


def make_claims(drafts: Sequence[Draft], markers: Markers | None = None) -> tuple[Claim, ...]:
    """Claims for the drafts whose words are in what they cite, in order; `markers` counts on where it has come to.

    A draft that quotes is checked to the letter: each of its sources must stand word for word in the draft and, at
    its offsets, in the article. Sentences already cited keep their marker.
    """
    markers = Markers() if markers is None else markers
    claims = []
    for draft in drafts:
        if draft.sources and all(is_exact(source) and source.text in draft.text for source in draft.sources):
            citations = tuple(
                replace(markers.cite(source, 1.0), answer=draft.answer if source is draft.sources[0] else None)
                for source in draft.sources
            )
            claims.append(Claim(text=draft.text, verdict="supported", citations=citations, earlier=draft.earlier))
    return tuple(claims)


def shown(sources: Sequence[Candidate]) -> list[str]:
    """The sentences as the checker reads them. Where one has a pronoun, its article's title comes along, which often
    names who "he" is; elsewhere not, since a title that says it is no reason to cite words that do not."""
    return [as_read(source.text, source.hit.article.headline) for source in sources]


def as_read(quote: str, headline: str | None) -> str:
    """One of them."""
    return with_context(quote, headline or "") if _POINTING.search(quote) else quote


def is_exact(source: Candidate) -> bool:
    """Whether the candidate's words stand at its offsets in its article."""
    return source.hit.article.text[source.sentence.start : source.sentence.end] == source.text


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A sentence on which the checker has given its opinion, and a witness may: `cited` are the sources that it rests
    on, of the `candidates`; `problems` what a model did wrong in writing it; `span` where it stands in a draft."""

    text: str
    cited: Sequence[Candidate]
    support: Support
    candidates: Sequence[Candidate]
    problems: tuple[str, ...] = ()
    span: Span = (0, 0)


def hear(judged: Sequence[Judged], witness: Witness | None) -> tuple[list[Judged], tuple[str, ...]]:
    """The same sentences with what the witness has said of them, and why it was not heard where that is so."""
    if witness is None:
        return list(judged), ()
    # Sentences about which the library holds nothing have no words to be judged on.
    about = [one for one in judged if one.cited]
    supports, problems = witness.hear([(one.text, shown(one.cited), one.support) for one in about])
    heard = iter(supports)
    return [replace(one, support=next(heard)) if one.cited else one for one in judged], problems


def judge_written(written: Written, offered: Offered, check: Checker) -> Judged:
    """What the checker says of a sentence that a language model wrote.

    Numbers that were not `offered` are problems. The sentence is checked against those it cites, or those that carry it
    best of the passages it cites, and no others; where they do not carry it, or none are cited, it is attributed to the
    one or two of all offered sentences that share most with it, and those that carry it are cited instead.
    """
    problems = [
        f"The model cited [{number}]; only [1] to [{len(offered)}] were offered."
        for number in written.numbers
        if not 1 <= number <= len(offered)
    ]
    candidates = [sentence for group in offered for sentence in group]
    named = [offered[number - 1] for number in written.numbers if 1 <= number <= len(offered)][:MOST_CITED]
    cited = [sentence for group in named for sentence in group]
    if len(cited) > len(named):
        cited = attribute(written.text, cited, check)
    judged = _judge(written.text, cited, check)
    if judged.score < SUPPORTED_FROM:
        found = attribute(written.text, candidates, check)
        better = _judge(written.text, found, check)
        if better.score >= SUPPORTED_FROM or (better.score > judged.score and not named):
            if named:
                numbers = ", ".join(f"[{number}]" for number in written.numbers)
                problems.append(f"The model cited {numbers} for “{written.text}”; other sentences carry it.")
            cited, judged = found, better
    return Judged(text=written.text, cited=cited, support=judged, candidates=candidates, problems=tuple(problems))


def make_claim(judged: Judged, check: Checker, markers: Markers) -> tuple[Claim, list[str]]:
    """The claim that a sentence is, and the problems found on the way. Sentences that add nothing to the others are not
    cited."""
    text, support, cited = judged.text, judged.support, list(judged.cited)
    problems = list(judged.problems)
    if support.verdict != "supported" and (lacking := [*support.conflicts, *support.missing]):
        problems.append(f"“{text}” is not carried by its sources: {'; '.join(lacking)}.")
    if support.witness and support.witness["effect"] == "lowered":
        problems.append(f"“{text}” is not carried by its sources, {support.witness['model']} says as well.")
    cited = _needed(text, cited, check) if support.verdict == "supported" else cited
    citations = _cite(text, cited, check, markers, support) if support.verdict != "unsupported" else ()
    suspect = beside_orders(judged.candidates) if citations else []
    if citations and all(source in suspect for source in cited):
        problems.append(f"“{text}” rests on words beside an order to a machine: it is left out.")
        return Claim(text=text, verdict="unsupported", finding="not_found", witness=support.witness), problems
    if speaker := unnamed_speaker(text, citations):
        problems.append(f"“{text}” does not say whose words these are; added: according to {speaker}.")
        text = f"{text.rstrip().rstrip('.!')}, according to {speaker}."
    claim = Claim(
        text=text, verdict=support.verdict, finding=support.finding, citations=citations, witness=support.witness
    )
    return claim, problems


def unnamed_speaker(claim: str, cited: Sequence[Citation]) -> str | None:
    """Who must be named beside a claim: the speaker of its citations, where each of them only reports what somebody
    says and the claim does not say that anybody does. What is said never becomes a fact."""
    speakers = [citation.speaker for citation in cited]
    if not speakers or None in speakers or any(names_speaker(claim, speaker) for speaker in speakers if speaker):
        return None
    named = (speaker for speaker in filter(None, speakers) if speaker.lower() not in PRONOUNS)
    return _mid_sentence(next(named, "a speaker whom the article does not name there"))


def _mid_sentence(speaker: str) -> str:
    """ "The ministry" as "the ministry"; "The Gazette" and names stay."""
    first, _, rest = speaker.partition(" ")
    return f"{first.lower()} {rest}" if rest[:1].islower() and first.lower() in FUNCTION else speaker


def judge_sentence(draft: str, span: Span, candidates: Sequence[Candidate], check: Checker) -> Judged:
    """What the checker says of a sentence of somebody's draft, `draft[slice(*span)]`, against the candidates that
    retrieval offers for it: `cited` are none where the library holds nothing about it."""
    text = draft[slice(*span)]
    found = attribute(text, candidates, check)
    judged = _judge(text, found, check)
    terms = set(query_terms(text))
    shared = terms & {term for source in found for term in query_terms(source.text)}
    if judged.score < SUPPORTED_FROM and not judged.conflicts and len(shared) < ABOUT_FROM * len(terms):
        found, judged = [], replace(judged, score=0.0, verdict="unsupported", finding="not_found", missing=())
    return Judged(text=text, cited=found, support=judged, candidates=candidates, span=span)


def make_sentence(of: Judged, check: Checker, markers: Markers) -> CheckedSentence:
    """A sentence of a draft with its verdict. It cites the words that carry it, or that contradict it, or that at least
    speak of the same thing; a correction that concerns it counts too."""
    text, candidates, found, judged = of.text, of.candidates, of.cited, of.support
    cited: tuple[Citation, ...] = _cite(text, found, check, markers, judged)
    is_dropped = judged.features.get("speaker_dropped", 0.0) > 0
    speaker = unnamed_speaker(text, cited) if judged.verdict == "supported" or is_dropped else None
    against = judged.conflicts
    if speaker:
        against = (*against, f"the articles report it only as said by {speaker}")
    verdict, finding = judged.verdict, judged.finding
    correction = _correction(text, candidates) if cited else None
    # Where the claim follows it, only words that say otherwise need it.
    if correction and (verdict != "supported" or not correction[0].is_followed):
        said, source = correction
        whose = attribution(source.hit.article)
        against = (*against, f"a correction says {said.right}, not {said.wrong} ({whose})")
        if source not in found:
            cited = (*cited, *_cite(text, [source], check, markers))
    is_corrected = correction is not None and not correction[0].is_followed
    if cited and correction is None and (notice := _notice(text, candidates)):
        against = (
            *against,
            f"its article says in a correction that this was wrong ({attribution(notice[0].hit.article)})",
        )
        cited = (*cited, *_cite(text, notice, check, markers))
        is_corrected = True
    if verdict == "supported" and (speaker or is_dropped or is_corrected):
        verdict, finding = "partial", "contradicted" if is_corrected else "attribution"
    return CheckedSentence(
        text=text,
        start=of.span[0],
        end=of.span[1],
        verdict=verdict,
        finding=finding,
        support=judged.score,
        citations=cited,
        missing=judged.missing,
        conflicts=against,
        witness=judged.witness,
    )


def _correction(text: str, candidates: Sequence[Candidate]) -> tuple[Correction, Candidate] | None:
    """What one of the candidates corrects of what `text` says."""
    for source in candidates:
        if said := correction_of(text, source.hit.article, source.sentence.start, source.sentence.end):
            return said, source
    return None


def _notice(text: str, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The sentences of a notice in which one of the articles says that what `text` has was wrong."""
    for hit in {candidate.hit.article.id: candidate.hit for candidate in candidates}.values():
        for notice in notices(hit.article):
            if touches(notice, text) == "wrong":
                return notice_candidates(notice, hit)
    return []


def notice_candidates(notice: Notice, hit: SearchHit) -> list[Candidate]:
    """The sentences of a notice as candidates of this hit."""
    article = hit.article
    return [
        Candidate(
            hit=hit,
            sentence=Sentence(article_id=article.id, position=-1, start=start, end=end),
            text=article.text[start:end],
        )
        for start, end in notice.sentences
    ]


def attribute(text: str, candidates: Sequence[Candidate], check: Checker) -> list[Candidate]:
    """The one offered sentence that carries `text` best, or the two that do together where one is not enough; where
    nothing carries it, the one nearest to it in its words: a copy with one wrong figure scores as low as anything else,
    and that figure is what a reader must be told.

    Looked at are those that share most of its content words (post-hoc attribution, Gao et al. 2023, RARR).
    """
    terms = set(query_terms(text))
    shared = {i: len(terms & set(query_terms(c.text))) for i, c in enumerate(candidates)}
    order = sorted((i for i in shared if shared[i]), key=lambda i: (-shared[i], i))[:MOST_LOOKED_AT]
    likely = [candidates[i] for i in order]
    if not likely:
        return []
    alone = _judge_each(text, [[c] for c in likely], check)
    scores = [judged.score for judged in alone]
    best = max(range(len(likely)), key=lambda i: (scores[i], -i))
    if scores[best] >= SUPPORTED_FROM:
        return [likely[best]]
    pairs = [[likely[best], other] for other in likely if other is not likely[best]]
    together = [judged.score for judged in _judge_each(text, pairs, check)]
    if together and max(together) >= max(SUPPORTED_FROM, scores[best]):
        return pairs[together.index(max(together))]
    return [likely[max(range(len(likely)), key=lambda i: (_nearness(alone[i]), scores[i], -i))]]


def _judge_each(text: str, evidence: Sequence[Sequence[Candidate]], check: Checker) -> list[Support]:
    """What each piece of evidence does for `text`, in one batch."""
    return check([(text, shown(sources)) for sources in evidence])


def _judge(text: str, sources: Sequence[Candidate], check: Checker) -> Support:
    return _judge_each(text, [sources], check)[0]


def _carries(text: str, sources: Sequence[Candidate], check: Checker) -> bool:
    """Whether the sentences together carry `text`."""
    return _judge(text, sources, check).score >= SUPPORTED_FROM


def _cite(
    text: str, sources: Sequence[Candidate], check: Checker, markers: Markers, whole: Support | None = None
) -> tuple[Citation, ...]:
    """A citation of each, with what it does for `text` by itself: where a witness has moved the verdict on the `whole`,
    on the same side of the border."""
    scores = [judged.score for judged in _judge_each(text, [[source] for source in sources], check)]
    if whole and whole.witness and (effect := whole.witness["effect"]):
        scores = [(max if effect == "lifted" else min)(score, whole.score) for score in scores]
    return tuple(markers.cite(source, score) for source, score in zip(sources, scores, strict=True))


def _nearness(judged: Support) -> float:
    """How much of a claim's words and sense the evidence shares, whatever it says otherwise."""
    return judged.features.get("coverage_pair", 0.0) + WEIGHT_OF_SENSE * judged.features.get("cosine_pair", 0.0)


def _needed(text: str, cited: list[Candidate], check: Checker) -> list[Candidate]:
    """`cited` without the sentences that the claim stands without and that do not carry it themselves (ALCE's
    citation precision, Gao et al. 2023)."""
    needed = list(cited)
    for source in reversed(cited):
        others = [other for other in needed if other is not source]
        if others and not _carries(text, [source], check) and _carries(text, others, check):
            needed = others
    return needed


def render(claims: Sequence[Claim]) -> str:
    """The answer as one text: each claim, "Earlier: " before what a later article has changed, then its markers; each
    begins a line, and a quotation of several lines keeps them."""
    return "\n".join(
        f"{'Earlier: ' * claim.earlier}{claim.text} {' '.join(f'[{c.marker}]' for c in claim.citations)}".rstrip()
        for claim in claims
    )


def outlet_and_date(
    outlet: str | None, published: str | None, *, precision: Precision = "day", source: DateSource = "stated"
) -> tuple[str, str]:
    """An article's outlet and date as they are shown: "Outlet not stated" also where what stands there is no name; the
    date no more precise than it is known, "(inferred)" behind it where that is its `source`."""
    name = one_line(outlet or "")
    if not name or len(name) > LONGEST_OUTLET or speaks_to_machines(name):
        name = "Outlet not stated"
    known = (published or "")[: {"none": 0, "year": 4, "month": 7}.get(precision, 10)]
    return name, date_in_words(known) + (" (inferred)" if known and source == "inferred" else "")


def place_in_words(page: int | None, time: str | None) -> str:
    """Where in its file something stands, as a reference names it: "p. 3", "at 12:31"; "" where that is not known."""
    return f"p. {page}" if page is not None else f"at {time}" if time is not None else ""


def excerpt_notes(cited: Iterable[Article]) -> list[str]:
    """A sentence for the reader where the library holds only a part of articles that an answer rests on."""
    parts = [article for article in cited if article.excerpt is not None]
    if not parts:
        return []
    first = parts[0]
    others = f" The same goes for {len(parts) - 1} more of those cited." if len(parts) > 1 else ""
    return [f"“{(first.title or first.path)[:100]}”: {first.excerpt}{others}"]


def attribution(article: Article, speaker: str | None = None, quote: str = "") -> str:
    """Who published it and when, as far as known: "Bloomberg, 29 April 2024"; "Outlet not stated, June 2024".

    With a `speaker` whom the words quoted do not name, whom it cites: "Bloomberg, 29 April 2024, citing one official".
    """
    published = ", ".join(outlet_and_date(article.outlet, article.published))
    if speaker is None or speaker.lower() in PRONOUNS or speaker in " ".join(quote.split()):
        return published
    return f"{published}, citing {_mid_sentence(speaker)}"
