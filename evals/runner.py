"""Cases asked of a library, one by one, through the product's own calls; the report is data (see CONTRACT.md)."""

from __future__ import annotations

import platform
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from evals import metrics as m
from evals.cases import EvalCase, Find, locate
from evals.recording import Recorder
from evals.recording import scores as scores_of
from rag import Answer, BylineError, Citation, Claim, Library
from rag.answers.citations import SUPPORTED_FROM, attribution
from rag.checking.checker import check
from rag.text.calendar import date_in_words
from rag.types import Json, LanguageModel

Say = Callable[[str], None]
K_SEARCH = 10

# Metric -> what it says and which cases are in its mean. An error counts as an answer that says and cites nothing.
METRICS: dict[str, str] = {
    "recall@5": "share of the passages with gold evidence among the first 5; answerable cases with evidence",
    "recall@10": "the same among the first 10",
    "mrr@10": "1 / rank of the first passage with gold evidence, 0 beyond 10; answerable cases with evidence",
    "ndcg@10": "nDCG@10 over passages with gold evidence; answerable cases with evidence",
    "evidence_recall@5": "share of the pieces of evidence in the first 5 passages; answerable cases with evidence",
    "evidence_recall@10": "the same in the first 10",
    "all_evidence@10": "every piece of evidence is in the first 10 passages; answerable cases with evidence",
    "answer_recall": "share of the expected points that are said; answerable cases",
    "exact_match": "the short answer is the expected words and no more; answerable cases (it is the words "
    "that are set off in the first quotation, else all that is said)",
    "token_f1": "F1 of the short answer's words against the expected; answerable cases",
    "citation_precision": "share of the citations on gold evidence; every case that cites, the unanswerable included",
    "citation_recall": "share of the pieces of gold evidence that are cited; answerable cases with evidence",
    "citation_f1": "harmonic mean of the two by case, 0 where nothing is cited; answerable cases with evidence",
    "first_citation_right": "the first citation is on gold evidence, 0 without any; answerable cases with evidence",
    "all_sides_cited": "every piece of evidence is cited; answerable cases with several pieces",
    "exact_offset_rate": "share of the citations with article_text[start:end] == quote; cases that cite",
    "citation_validity": "share of the markers in the text that name a citation of the answer; cases that cite",
    "citation_coverage": "share of the sentences shown that cite something; answered cases",
    "alce_citation_recall": "ALCE's citation recall with rag.support as its judge; answerable cases",
    "alce_citation_precision": "ALCE's citation precision with rag.support as its judge; answerable cases",
    "trec_support_precision": "TREC RAG's weighted precision with rag.support as its judge; answerable cases",
    "trec_support_recall": "TREC RAG's weighted recall with rag.support as its judge; answerable cases",
    "false_refusal_rate": "refused; answerable cases",
    "false_answer_rate": "answered plainly without setting the question right; unanswerable cases",
    "false_or_maybe_rate": "the same, what is shown as a maybe counted too; unanswerable cases",
    "right_or_maybe_right": "all that was expected is said, plainly or as a maybe; answerable cases",
    "plainly_wrong_rate": "nothing of what was expected is said, under a plain answer; answerable cases",
    "maybe_rate": "shown as what may answer; all cases",
    "overtaken_as_current": "cites words that a later article has changed, unmarked; cases that name such words",
    "forbidden_said": "says what it must not say; cases that name such words",
    "truthfulness": "CRAG: +1 right, 0 missing, -1 wrong; all cases",
    "confidence_auroc": "chance that an answerable question has more confidence than an unanswerable one",
    "ask_s_p50": "seconds for an answer, median; all cases",
    "ask_s_p95": "seconds for an answer, 95th percentile; all cases",
    "first_claim_s": "seconds to the first sentence of an answer, mean; cases with an answer",
    "model_s": "seconds that were waited for the language model, mean; cases in which it was asked, as all below",
    "first_piece_s": "seconds that were waited for the first piece of its text, mean",
    "added_s": "seconds for an answer beside those, mean",
    "model_refusal_rate": "it says that the articles do not answer, and nothing else",
    "marked_rate": "share of the sentences it writes that cite what was offered, and nothing else",
    "kept_rate": "share of the sentences it writes that the checker keeps",
    "tokens_in": "tokens sent to it for a question, as the embedder's tokenizer counts them (about a tenth more), mean",
    "tokens_out": "tokens it wrote, thoughts included, mean",
    "cost_usd": "dollars for a question at the given price, mean",
}
LOWER_IS_BETTER = frozenset(
    {"false_refusal_rate", "false_answer_rate", "false_or_maybe_rate", "plainly_wrong_rate", "overtaken_as_current"}
    | {"forbidden_said"}
    | {"ask_s_p50", "ask_s_p95", "tokens_in", "tokens_out", "cost_usd"}
    | {"first_claim_s", "model_s", "first_piece_s", "added_s", "model_refusal_rate"}
)


def is_lower_better(metric: str) -> bool:
    """Of a metric of METRICS, or of one of a part ("false_refusal_rate:PART")."""
    return metric.partition(":")[0] in LOWER_IS_BETTER


RETRIEVAL = {"R@5": "recall@5", "R@10": "recall@10", "RR@10": "mrr@10", "nDCG@10": "ndcg@10"}


def run(
    cases: Sequence[EvalCase],
    library: Library,
    *,
    suite: str,
    find: Find | None = None,
    model: str | LanguageModel | None = None,
    ask: Mapping[str, Any] | None = None,
    price: tuple[float, float] | None = None,
    say: Say = lambda text: None,
    config: Mapping[str, Any] | None = None,
) -> Json:
    """Ask every case and score it. `ask` are further options of `Library.ask`; `price` is US dollars for a million
    tokens in and out.

    Evidence is looked up before anything is asked: a case that does not fit the library is refused with its line
    (BylineError). A case that then raises is counted in `errors` and stays in every denominator.
    """
    find = lru_cache(maxsize=None)(find or library.find)
    located = [locate(case, find) for case in cases]
    results, relevant, ranked = [], {}, {}
    writer = library.language_model(model)
    recorder = Recorder(writer) if writer is not None else None
    for n, (case, (groups, overtaken)) in enumerate(zip(cases, located, strict=True), 1):
        say(f"{n}/{len(cases)} {case.question[:60]}")
        options: Json = dict(case.filters) | dict(ask or {}) | {"model": recorder or "extractive"}
        if case.history:
            options["history"] = list(case.history)
        answer, error, passages, first_s = None, None, [], None
        n_calls = len(recorder.calls) if recorder else 0
        started = time.perf_counter()
        try:
            for event in library.ask(case.question, stream=True, **options):
                first_s = time.perf_counter() - started if first_s is None else first_s
                answer = event if isinstance(event, Answer) else answer
            asked_s = time.perf_counter() - started
            question = str((answer.understood.get("question") if answer else None) or case.question)
            hits = library.retrieve(question, k=K_SEARCH, **case.filters)
            passages = [(hit.passage.article_id, hit.passage.start, hit.passage.end) for hit in hits]
            ranked[case.id] = [hit.passage.id for hit in hits]
        except Exception as raised:  # whatever it is, it is this case's result and the others go on
            answer, error = None, f"{type(raised).__name__}: {raised}"
            asked_s = time.perf_counter() - started
        if case.answerable and groups:
            relevant[case.id] = _relevant(library, groups)
            ranked.setdefault(case.id, [])
        result = score(case, groups, overtaken, answer, error=error, passages=passages, library=library)
        result["elapsed_s"] = round(asked_s, 4)
        if answer is not None and answer.claims and first_s is not None:
            result["scores"]["first_claim_s"] = first_s
        if recorder and answer is not None:
            found = scores_of(recorder.calls[n_calls:], answer, asked_s, library.embedder.n_tokens)
            result["scores"] |= found | (_cost(found, price) if price and found else {})
            result["written"] = [call.text for call in recorder.calls[n_calls:]]
        results.append(result)
    by_id = {result["id"]: result for result in results}
    for measure, values in m.retrieval(relevant, {q: ranked[q] for q in relevant}, list(RETRIEVAL)).items():
        for case_id, value in values.items():
            by_id[case_id]["scores"][RETRIEVAL[measure]] = value
    return {
        "suite": suite,
        "cases": len(results),
        "errors": sum(result["outcome"] == "error" for result in results),
        "abstained": sum(result["status"] == "abstained" for result in results),
        "config": {
            "model": model if isinstance(model, str) else writer.name if writer else "extractive",
            "embedder": library.embedder.name,
            **{use: entry["tier"] or entry["spec"] for use, entry in library.reads_with().items()},
            "articles": library.status()["articles"],
            "passages": library.status()["passages"],
            "python": platform.python_version(),
            "seed": 0,
            **(config or {}),
        },
        "metrics": summarize(results),
        "by_split": _parts(results, lambda result: [result["split"]] if result["split"] else []),
        "by_tag": _parts(results, lambda result: result["tags"]),
        "abstention_curve": _curve(results),
        "abstention_point": {
            "refused_answerable": _share(r["status"] == "abstained" for r in results if r["answerable"]),
            "answered_unanswerable": _share(r["status"] != "abstained" for r in results if not r["answerable"]),
        },
        "results": results,
    }


def _parts(results: Sequence[Json], names: Callable[[Json], Sequence[str]]) -> Json:
    """The metrics of each part of the cases that has a name."""
    parts: dict[str, list[Json]] = {}
    for result in results:
        for name in names(result):
            parts.setdefault(name, []).append(result)
    return {name: {"cases": len(of), "metrics": summarize(of)} for name, of in parts.items()}


def _share(hits: Iterable[bool]) -> float:
    found = list(hits)
    return sum(found) / len(found) if found else 0.0


def summarize(results: Sequence[Json]) -> Json:
    """Every metric of METRICS that has a value for one of the results, with n and interval."""
    found: Json = {}
    for name in METRICS:
        values = [result["scores"][name] for result in results if name in result["scores"]]
        if values:
            found[name] = m.summary(values)
    known = [(r["confidence"], r["answerable"]) for r in results if r["confidence"] is not None]
    area = m.auroc([c for c, _ in known], [a for _, a in known]) if known else None
    if area is not None:
        found["confidence_auroc"] = {"value": area, "n": len(known), "ci95": None}
    seconds = [r["elapsed_s"] for r in results if r["outcome"] != "error"]
    if seconds:
        found["ask_s_p50"], found["ask_s_p95"] = m.percentile(seconds, 50), m.percentile(seconds, 95)
    return found


def _curve(results: Sequence[Json]) -> list[Json]:
    known = [(r["confidence"], r["answerable"]) for r in results if r["confidence"] is not None]
    if len({answerable for _, answerable in known}) < 2:
        return []
    return m.abstention_curve([c for c, _ in known], [a for _, a in known])


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
    claims: Sequence[Claim] = answer.claims if answer else ()
    shown = _shown(answer) if answer else []
    cited = [_words(citation) for citation in shown]
    said = " ".join(_said(answer)) if answer else ""
    abstained = answer is not None and answer.status == "abstained"
    is_maybe = answer is not None and answer.maybe
    ranks = m.evidence_ranks(groups, passages)
    scores: dict[str, float] = {}
    if case.answerable and groups:
        precision = m.citation_precision(cited, groups) if cited else 0.0
        recall = m.citation_recall(cited, groups)
        scores |= {f"evidence_recall@{k}": m.evidence_recall(ranks, k) for k in (5, 10)}
        scores |= {"all_evidence@10": m.all_evidence(ranks, 10)}
        scores |= {"citation_recall": recall, "citation_f1": m.f1(precision, recall)}
        scores["first_citation_right"] = float(bool(cited) and any(m.cites(cited[0], group) for group in groups))
        if len(groups) > 1:
            scores["all_sides_cited"] = float(recall == 1)
    if case.answerable and case.expected:
        accepted = [_joined(case, said), *(case.expected[0] if len(case.expected) == 1 else ())]
        scores["answer_recall"] = m.answer_recall(said, case.expected)
        short = _short(shown) or said
        scores["exact_match"], scores["token_f1"] = m.exact_match(short, accepted), m.token_f1(short, accepted)
    if cited:
        scores["citation_precision"] = m.citation_precision(cited, groups)
        scores["exact_offset_rate"] = sum(_is_exact(library, c) for c in shown) / len(shown)
        scores["citation_validity"] = _validity(answer) if answer else 0.0
    if claims:
        scores["citation_coverage"] = sum(bool(claim.citations) for claim in claims) / len(claims)
    if case.answerable:
        scores |= _by_support(claims)
        scores["false_refusal_rate"] = float(abstained)
    corrected = bool(cited and groups and any(m.cites(cited[0], group) for group in groups))
    outcome = _outcome(case, scores, abstained=abstained, failed=answer is None, corrected=corrected, maybe=is_maybe)
    scores["maybe_rate"] = float(is_maybe)
    if not case.answerable:
        scores["false_answer_rate"] = float(outcome not in ("rightly refused", "right", "error", "maybe"))
        scores["false_or_maybe_rate"] = float(outcome not in ("rightly refused", "right", "error"))
    else:
        scores["right_or_maybe_right"] = float(outcome == "right")
        scores["plainly_wrong_rate"] = float(outcome == "wrong")
    if overtaken:
        current = [_words(c) for claim in claims if not claim.earlier for c in claim.citations]
        scores["overtaken_as_current"] = float(any(m.cites(words, overtaken) for words in current))
    if case.forbidden:
        whole = f"{said} {answer.text if answer else ''}"
        heard = any(m.answer_recall(whole, [[words]]) for words in case.forbidden)
        scores["forbidden_said"] = float(heard)
        outcome = "wrong" if heard else outcome
    scores["truthfulness"] = m.truthfulness(outcome)
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
                "cited": any(m.cites(words, group) for words in cited),
            }
            for golds, group, rank in zip(case.evidence, groups, ranks, strict=True)
        ],
        "status": answer.status if answer else "error",
        "error": error,
        "outcome": outcome,
        "answer": answer.text if answer else "",
        "said": said,
        "citations": [
            {
                "article": citation.article.to_dict()["path"],
                "start": citation.start,
                "end": citation.end,
                "quote": citation.quote,
                "support": citation.support,
                "on_evidence": any(m.cites(words, group) for group in groups),
            }
            for citation, words in zip(shown, cited, strict=True)
        ],
        "notes": list(answer.notes) if answer else [],
        "problems": list(answer.problems) if answer else [],
        "confidence": answer.confidence if answer else None,
        "scores": scores,
        "why": _why(case, said, ranks, cited, groups, outcome, error),
    }


def _outcome(
    case: EvalCase, scores: Mapping[str, float], *, abstained: bool, failed: bool, corrected: bool, maybe: bool
) -> str:
    if failed:
        return "error"
    if not case.answerable:
        shown = "maybe" if maybe else "answered anyway"
        return "rightly refused" if abstained else "right" if corrected else shown
    if abstained:
        return "refused"
    recall = scores.get("answer_recall", scores.get("citation_recall", 0.0))
    return "right" if recall == 1 else "partly" if recall else "maybe" if maybe else "wrong"


def _why(
    case: EvalCase,
    said: str,
    ranks: Sequence[int | None],
    cited: Sequence[m.Words],
    groups: Sequence[m.Group],
    outcome: str,
    error: str | None,
) -> list[str]:
    """The score in sentences: what is missing, and at which step it was lost."""
    if error:
        return [f"It broke off: {error}"]
    if not case.answerable:
        return {
            "rightly refused": ["The articles do not answer, and it said so."],
            "right": ["The articles do not answer; it cites words that set the question right."],
            "maybe": ["The articles do not answer; it showed words as what may."],
            "wrong": ["It says what it must not say."],
        }.get(outcome, ["The articles do not answer, but it gave an answer."])
    why = ["It refused, although the articles answer."] if outcome == "refused" else []
    for point in case.expected:
        if not m.answer_recall(said, [point]) and outcome != "refused":
            why.append(f"Not said: “{point[0]}”.")
    for golds, group, rank in zip(case.evidence, groups, ranks, strict=True):
        if not any(m.cites(words, group) for words in cited):
            lost = f"found at rank {rank} but not cited" if rank else f"not among the {K_SEARCH} passages found"
            why.append(f"Evidence {lost}: “{golds[0].quote}” ({golds[0].article}).")
    if strays := sum(not any(m.cites(words, group) for group in groups) for words in cited):
        why.append(f"{strays} of {len(cited)} citations on no gold evidence.")
    if outcome == "wrong" and case.forbidden:
        why.append("Expected words are missing, or it says what it must not say.")
    return why or ["All that was expected was said and cited."]


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


def _relevant(library: Library, groups: Sequence[m.Group]) -> dict[str, int]:
    """Passages of the library that hold half or more of a gold stretch."""
    found = {}
    for article in library.store.articles(words[0] for group in groups for words in group):
        for passage in library.passages(article):
            if any(m.cites((article.id, passage.start, passage.end), group) for group in groups):
                found[passage.id] = 1
    return found


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
    """What the claim says, without "Bloomberg, 29 April 2024:": whose date could pass for an answer."""
    for citation in claim.citations:
        before, found, quoted = claim.text.partition(f"{attribution(citation.article)}: ")
        if found and not before:
            return quoted.removeprefix("“").removesuffix("”")
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


def _cost(found: Mapping[str, float], price: tuple[float, float]) -> dict[str, float]:
    return {"cost_usd": (found["tokens_in"] * price[0] + found["tokens_out"] * price[1]) / 1e6}
