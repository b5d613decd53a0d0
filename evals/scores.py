"""One answer beside its case: every score, and why in sentences. Each metric is named here, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from evals import metrics as m
from evals.cases import EvalCase
from rag import Answer, BylineError, Citation, Claim, Library
from rag.answers.citations import SUPPORTED_FROM, attribution
from rag.answers.polar import WORDS
from rag.checking.checker import check
from rag.text.calendar import date_in_words
from rag.types import Json

K_SEARCH = 10


class Metric(NamedTuple):
    """What a metric says and which cases are in its mean. An error counts as an answer that says and cites nothing."""

    what: str
    is_lower_better: bool = False


METRICS: dict[str, Metric] = {
    "recall@5": Metric("share of the passages with gold evidence among the first 5; answerable cases with evidence"),
    "recall@10": Metric("the same among the first 10"),
    "mrr@10": Metric("1 / rank of the first passage with gold evidence, 0 beyond 10; answerable cases with evidence"),
    "ndcg@10": Metric("nDCG@10 over passages with gold evidence; answerable cases with evidence"),
    "evidence_recall@5": Metric(
        "share of the pieces of evidence in the first 5 passages; answerable cases with evidence"
    ),
    "evidence_recall@10": Metric("the same in the first 10"),
    "all_evidence@10": Metric("every piece of evidence is in the first 10 passages; answerable cases with evidence"),
    "answer_recall": Metric("share of the expected points that are said; answerable cases"),
    "exact_match": Metric(
        "the short answer is the expected words and no more; answerable cases (it is the words that are set off in the "
        "first quotation, else all that is said)"
    ),
    "token_f1": Metric("F1 of the short answer's words against the expected; answerable cases"),
    "citation_precision": Metric(
        "share of the citations on gold evidence; every case that cites, the unanswerable included"
    ),
    "citation_recall": Metric("share of the pieces of gold evidence that are cited; answerable cases with evidence"),
    "citation_f1": Metric("harmonic mean of the two by case, 0 where nothing is cited; answerable cases with evidence"),
    "first_citation_right": Metric(
        "the first citation is on gold evidence, 0 without any; answerable cases with evidence"
    ),
    "all_sides_cited": Metric("every piece of evidence is cited; answerable cases with several pieces"),
    "exact_offset_rate": Metric("share of the citations with article_text[start:end] == quote; cases that cite"),
    "citation_validity": Metric("share of the markers in the text that name a citation of the answer; cases that cite"),
    "citation_coverage": Metric("share of the sentences shown that cite something; answered cases"),
    "alce_citation_recall": Metric("ALCE's citation recall with rag.support as its judge; answerable cases"),
    "alce_citation_precision": Metric("ALCE's citation precision with rag.support as its judge; answerable cases"),
    "trec_support_precision": Metric("TREC RAG's weighted precision with rag.support as its judge; answerable cases"),
    "trec_support_recall": Metric("TREC RAG's weighted recall with rag.support as its judge; answerable cases"),
    "false_refusal_rate": Metric("refused; answerable cases", True),
    "false_answer_rate": Metric("answered plainly without setting the question right; unanswerable cases", True),
    "false_or_maybe_rate": Metric("the same, what is shown as a maybe counted too; unanswerable cases", True),
    "right_or_maybe_right": Metric("all that was expected is said, plainly or as a maybe; answerable cases"),
    "plainly_wrong_rate": Metric("nothing of what was expected is said, under a plain answer; answerable cases", True),
    "maybe_rate": Metric("shown as what may answer; all cases"),
    "overtaken_as_current": Metric(
        "cites words that a later article has changed, unmarked; cases that name such words", True
    ),
    "forbidden_said": Metric("says what it must not say; cases that name such words", True),
    "truthfulness": Metric("CRAG: +1 right, 0 missing, -1 wrong; all cases"),
    "confidence_auroc": Metric("chance that an answerable question has more confidence than an unanswerable one"),
    "ask_s_p50": Metric("seconds for an answer, median; all cases", True),
    "ask_s_p95": Metric("seconds for an answer, 95th percentile; all cases", True),
    "first_claim_s": Metric("seconds to the first sentence of an answer, mean; cases with an answer", True),
    "model_s": Metric("seconds waited for the language model, mean; cases in which it was asked, as all below", True),
    "first_piece_s": Metric("seconds waited for the first piece of its text, mean", True),
    "added_s": Metric("seconds for an answer beside those, mean", True),
    "model_refusal_rate": Metric("it says that the articles do not answer, and nothing else", True),
    "marked_rate": Metric("share of the sentences it writes that cite what was offered, and nothing else"),
    "kept_rate": Metric("share of the sentences it writes that the checker keeps"),
    "tokens_in": Metric("tokens sent to it for a question, as the embedder counts them (a tenth more), mean", True),
    "tokens_out": Metric("tokens it wrote, thoughts included, mean", True),
    "date_precision": Metric("share of the days read that are right; pages of which a day is read"),
    "date_recall": Metric("share of the right days and of those not found that are right; pages"),
    "date_accuracy": Metric("the day is right, or rightly none; all pages"),
    "date_f1": Metric("harmonic mean of date_precision and date_recall"),
    "date_right": Metric("the day is the expected; pages of which one is expected"),
    "title_right": Metric("the title is the expected, but for white space; pages of which one is expected"),
    "authors_right": Metric("the authors are the expected, in their order; pages of which some are expected"),
    "byline_right": Metric("each author read stands in the expected byline, and none is read without one; all pages"),
    "words_f1": Metric("F1 of the words of the text against the expected, as bags; pages of which one is expected"),
    "text_f1": Metric("harmonic mean of text_precision and text_recall; all pages"),
    "text_precision": Metric("share of the shingles of four words that are expected; pages with a text"),
    "text_recall": Metric("share of the expected shingles of four words that are read; pages with an expected text"),
    "text_exact": Metric("the words of the text are the expected, and no others; all pages"),
    **{f"read_s_{of}": Metric(f"seconds to read the pages of a corpus: {of}", True) for of in ("total", "slowest")},
    "cost_usd": Metric("dollars for a question at the given price, mean", True),
}


def what_it_says(name: str) -> str:
    """What a metric is, also one of a part ("kept_rate:PART"); "" for one of a public set."""
    metric = METRICS.get(name.partition(":")[0])
    return metric.what if metric else ""


def is_lower_better(name: str) -> bool:
    metric = METRICS.get(name.partition(":")[0])
    return metric is not None and metric.is_lower_better


def score(
    case: EvalCase,
    groups: Sequence[m.Group],
    overtaken: Sequence[m.Words],
    answer: Answer | None,
    *,
    error: str | None,
    passages: Sequence[m.Words],
    library: Library,
) -> Json:
    """One row of `results`: what was asked, expected, said and cited, every score, and why in sentences."""
    return _Scored(case, groups, overtaken, answer, error, passages, library).row()


@dataclass(frozen=True)
class _Scored:
    case: EvalCase
    groups: Sequence[m.Group]
    overtaken: Sequence[m.Words]
    answer: Answer | None
    error: str | None
    passages: Sequence[m.Words]
    library: Library

    @cached_property
    def claims(self) -> Sequence[Claim]:
        return self.answer.claims if self.answer else ()

    @cached_property
    def shown(self) -> list[Citation]:
        return _shown(self.answer) if self.answer else []

    @cached_property
    def cited(self) -> list[m.Words]:
        return [_words(citation) for citation in self.shown]

    @cached_property
    def said(self) -> str:
        return " ".join(_said(self.answer)) if self.answer else ""

    @cached_property
    def ranks(self) -> Sequence[int | None]:
        return m.evidence_ranks(self.groups, self.passages)

    def is_gold(self, words: m.Words) -> bool:
        return any(m.cites(words, group) for group in self.groups)

    @cached_property
    def scores(self) -> dict[str, float]:
        return {**self._of_evidence(), **self._of_words(), **self._of_citations(), **self._of_claims()}

    def _of_evidence(self) -> dict[str, float]:
        if not (self.case.answerable and self.groups):
            return {}
        precision = m.citation_precision(self.cited, self.groups) if self.cited else 0.0
        recall = m.citation_recall(self.cited, self.groups)
        found = {f"evidence_recall@{k}": m.evidence_recall(self.ranks, k) for k in (5, 10)}
        found |= {"all_evidence@10": m.all_evidence(self.ranks, 10)}
        found |= {"citation_recall": recall, "citation_f1": m.f1(precision, recall)}
        found["first_citation_right"] = float(bool(self.cited) and self.is_gold(self.cited[0]))
        if len(self.groups) > 1:
            found["all_sides_cited"] = float(recall == 1)
        return found

    def _of_words(self) -> dict[str, float]:
        expected = self.case.expected
        if not (self.case.answerable and expected):
            return {}
        accepted = [_joined(self.case, self.said), *(expected[0] if len(expected) == 1 else ())]
        short = _short(self.shown) or self.said
        return {
            "answer_recall": m.answer_recall(self.said, expected),
            "exact_match": m.exact_match(short, accepted),
            "token_f1": m.token_f1(short, accepted),
        }

    def _of_citations(self) -> dict[str, float]:
        if not self.cited:
            return {}
        return {
            "citation_precision": m.citation_precision(self.cited, self.groups),
            "exact_offset_rate": sum(_is_exact(self.library, c) for c in self.shown) / len(self.shown),
            "citation_validity": _validity(self.answer) if self.answer else 0.0,
        }

    def _of_claims(self) -> dict[str, float]:
        found = {}
        if self.claims:
            found["citation_coverage"] = sum(bool(claim.citations) for claim in self.claims) / len(self.claims)
        if self.case.answerable:
            found |= _by_support(self.claims)
        if self.overtaken:
            current = [_words(c) for claim in self.claims if not claim.earlier for c in claim.citations]
            found["overtaken_as_current"] = float(any(m.cites(words, self.overtaken) for words in current))
        return found

    @cached_property
    def _says_forbidden(self) -> bool:
        whole = f"{self.said} {self.answer.text if self.answer else ''}"
        return any(m.answer_recall(whole, [[words]]) for words in self.case.forbidden)

    @cached_property
    def outcome(self) -> str:
        """As it is without what must not be said, which makes it wrong; see `_by_outcome`."""
        answer, scores = self.answer, self.scores
        if answer is None:
            return "error"
        is_refused = answer.status == "abstained"
        if not self.case.answerable:
            is_corrected = bool(self.cited) and self.is_gold(self.cited[0])
            shown = "maybe" if answer.maybe else "answered anyway"
            return "rightly refused" if is_refused else "right" if is_corrected else shown
        if is_refused:
            return "refused"
        recall = scores.get("answer_recall", scores.get("citation_recall", 0.0))
        return "right" if recall == 1 else "partly" if recall else "maybe" if answer.maybe else "wrong"

    def _by_outcome(self) -> dict[str, float]:
        outcome = self.outcome
        found = {"maybe_rate": float(self.answer is not None and self.answer.maybe)}
        if self.case.answerable:
            found["false_refusal_rate"] = float(self.answer is not None and self.answer.status == "abstained")
            found["right_or_maybe_right"] = float(outcome == "right")
            found["plainly_wrong_rate"] = float(outcome == "wrong")
        else:
            found["false_answer_rate"] = float(outcome not in ("rightly refused", "right", "error", "maybe"))
            found["false_or_maybe_rate"] = float(outcome not in ("rightly refused", "right", "error"))
        if self.case.forbidden:
            found["forbidden_said"] = float(self._says_forbidden)
        return found

    def row(self) -> Json:
        case, answer = self.case, self.answer
        outcome = "wrong" if self._says_forbidden else self.outcome
        return {
            "id": case.id,
            "where": case.where,
            "tags": list(case.tags),
            "split": case.split,
            "question": case.question,
            "history": list(case.history),
            "filters": dict(case.filters),
            "understood": dict(answer.understood) if answer else {},
            "answerable": case.answerable,
            "expected": [list(point) for point in case.expected],
            "evidence": [
                {
                    "accepted": [{"article": gold.article, "quote": gold.quote} for gold in golds],
                    "rank": rank,
                    "cited": any(m.cites(words, group) for words in self.cited),
                }
                for golds, group, rank in zip(case.evidence, self.groups, self.ranks, strict=True)
            ],
            "status": answer.status if answer else "error",
            "error": self.error,
            "outcome": outcome,
            "answer": answer.text if answer else "",
            "said": self.said,
            "citations": [self._citation(*pair) for pair in zip(self.shown, self.cited, strict=True)],
            "notes": list(answer.notes) if answer else [],
            "problems": list(answer.problems) if answer else [],
            "confidence": answer.confidence if answer else None,
            "scores": {**self.scores, **self._by_outcome(), "truthfulness": m.truthfulness(outcome)},
            "why": self._why(outcome),
        }

    def _citation(self, citation: Citation, words: m.Words) -> Json:
        return {
            "article": citation.article.to_dict()["path"],
            "start": citation.start,
            "end": citation.end,
            "quote": citation.quote,
            "support": citation.support,
            "on_evidence": self.is_gold(words),
        }

    def _why(self, outcome: str) -> list[str]:
        """The score in sentences: what is missing, and at which step it was lost."""
        if self.error:
            return [f"It broke off: {self.error}"]
        if not self.case.answerable:
            return [_UNANSWERABLE.get(outcome, "The articles do not answer, but it gave an answer.")]
        why = ["It refused, although the articles answer."] if outcome == "refused" else []
        if outcome != "refused":
            unsaid = (point for point in self.case.expected if not m.answer_recall(self.said, [point]))
            why += [f"Not said: “{point[0]}”." for point in unsaid]
        for golds, group, rank in zip(self.case.evidence, self.groups, self.ranks, strict=True):
            if not any(m.cites(words, group) for words in self.cited):
                lost = f"found at rank {rank} but not cited" if rank else f"not among the {K_SEARCH} passages found"
                why.append(f"Evidence {lost}: “{golds[0].quote}” ({golds[0].article}).")
        if strays := sum(not self.is_gold(words) for words in self.cited):
            why.append(f"{strays} of {len(self.cited)} citations on no gold evidence.")
        if outcome == "wrong" and self.case.forbidden:
            why.append("Expected words are missing, or it says what it must not say.")
        return why or ["All that was expected was said and cited."]


_UNANSWERABLE: Mapping[str, str] = {
    "rightly refused": "The articles do not answer, and it said so.",
    "right": "The articles do not answer; it cites words that set the question right.",
    "maybe": "The articles do not answer; it showed words as what may.",
    "wrong": "It says what it must not say.",
}


def _by_support(claims: Sequence[Claim]) -> dict[str, float]:
    """ALCE's and TREC RAG's scores, each claim against the words it cites."""
    documents: dict[tuple[str, int, int], str] = {_words(c): c.quote for claim in claims for c in claim.citations}
    number = {words: n for n, words in enumerate(documents, 1)}
    statements = [(_plain(claim), [number[_words(c)] for c in claim.citations]) for claim in claims]
    recall, precision = m.alce(
        statements, list(documents.values()), lambda text, evidence: check(text, evidence).score >= SUPPORTED_FROM
    )
    verdicts = [check(_plain(c), [c.citations[0].quote]).verdict if c.citations else None for c in claims]
    weighted = m.weighted_support(verdicts)
    return {
        "alce_citation_recall": recall,
        "alce_citation_precision": precision,
        "trec_support_precision": weighted[0],
        "trec_support_recall": weighted[1],
    }


def _shown(answer: Answer) -> list[Citation]:
    """Everything the answer cites, each place once: its claims' citations, then those of the disagreements."""
    found: dict[m.Words, Citation] = {}
    cited = [part.citations for part in answer.claims] + [part.citations for part in answer.disagreements]
    for citation in (citation for citations in cited for citation in citations):
        found.setdefault(_words(citation), citation)
    return list(found.values())


def _said(answer: Answer) -> list[str]:
    """What the reader is told: the claims, whom they quote and the days they mean where that stands beside them, and
    the two sides of each disagreement. Not the outlet and date before a quote, which answer nothing by themselves."""
    said = []
    for claim in answer.claims:
        said += [_plain(claim), *(c.speaker for c in claim.citations if c.speaker)]
        said += [date_in_words(date.date) for c in claim.citations for date in c.dates]
    for disagreement in answer.disagreements:
        said += [*disagreement.values, *(c.quote for c in disagreement.citations)]
    return said


def _short(shown: Sequence[Citation]) -> str:
    """The words that are set off as the answer in the first quotation; empty where none are."""
    span = shown[0].answer if shown else None
    return shown[0].article.text[slice(*span)] if span else ""


def _words(citation: Citation) -> m.Words:
    return citation.article.id, citation.start, citation.end


def _plain(claim: Claim) -> str:
    """What the claim says, "Yes. " or "No. " too, without "Bloomberg, 29 April 2024:": whose date could pass for an
    answer."""
    for citation in claim.citations:
        before, found, quoted = claim.text.partition(f"{attribution(citation.article)}: ")
        if found and (not before or before in WORDS.values()):
            return before + quoted.removeprefix("“").removesuffix("”")
    return claim.text


def _joined(case: EvalCase, said: str) -> str:
    """The expected points as one text, each in the wording that the answer uses, else in its first."""
    return " ".join(next((w for w in point if m.answer_recall(said, [[w]])), point[0]) for point in case.expected)


def _is_exact(library: Library, citation: Citation) -> bool:
    """Against the text in the store, read anew."""
    try:
        article = library.find(citation.article.id)
    except BylineError:
        return False
    return article.text[citation.start : citation.end] == citation.quote


_MARKERS = re.compile(r"(?:\s*\[\d+\])+\s*$")


def _validity(answer: Answer) -> float:
    """Markers at the end of the lines of the answer: those inside quoted words are the article's own."""
    known = {citation.marker for claim in answer.claims for citation in claim.citations}
    ends = [match[0] for line in answer.text.splitlines() if (match := _MARKERS.search(line))]
    markers = [int(n) for end in ends for n in re.findall(r"\d+", end)]
    return sum(n in known for n in markers) / len(markers) if markers else 0.0
