"""Metrics, each a pure function with the definition it follows. Values are in 0..1 and higher is better, unless said.

A value belongs to one case; `summary` makes the mean over cases with its interval. Which cases are in the mean is said
by whoever calls: `evals.scores.METRICS`.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Json = dict[str, Any]
Words = tuple[str, int, int]
"""A stretch of an article: (article id, start, end)."""
Group = Sequence[Words]
"""Stretches of which any one will do: the same fact where several articles, or several sentences, report it."""

RESAMPLES = 1000


# -- means and intervals ----------------------------------------------------------------------------------------


def bootstrap_ci95(
    values: Sequence[float],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    statistic: Callable[[Any], Any] | None = None,
) -> list[float]:
    """95% interval of the mean by the percentile bootstrap (Efron 1979), seeded: [low, high]; [0, 0] for no values.

    `statistic` maps an array (resamples, n) to (resamples,), in place of the mean over the last axis.
    """
    if not len(values):
        return [0.0, 0.0]
    sample = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(seed)
    drawn = sample[rng.integers(0, len(sample), size=(resamples, len(sample)))]
    means = drawn.mean(axis=1) if statistic is None else statistic(drawn)
    return [float(v) for v in np.percentile(means, [2.5, 97.5])]


def summary(values: Sequence[float]) -> Json:
    """Mean of per-case values with its 95% bootstrap interval: {"value", "n", "ci95"}; without values None and 0."""
    if not len(values):
        return {"value": None, "n": 0, "ci95": None}
    return {"value": float(np.mean(values)), "n": len(values), "ci95": bootstrap_ci95(values)}


def percentile(values: Sequence[float], q: float) -> Json:
    """The q-th percentile (0..100) with its bootstrap interval, for latencies: a mean hides the slow ones."""
    if not len(values):
        return {"value": None, "n": 0, "ci95": None}
    interval = bootstrap_ci95(values, statistic=lambda drawn: np.percentile(drawn, q, axis=1))
    return {"value": float(np.percentile(values, q)), "n": len(values), "ci95": interval}


def paired_difference(before: Sequence[float], after: Sequence[float]) -> Json:
    """Mean of `after - before` over the same cases, with the interval of that mean by resampling the cases in pairs.
    Two runs differ where the interval leaves 0 out (paired bootstrap; Sakai 2006, Koehn 2004)."""
    return summary([b - a for a, b in zip(before, after, strict=True)])


# -- retrieval --------------------------------------------------------------------------------------------------


def retrieval(
    relevant: Mapping[str, Mapping[str, int]], ranked: Mapping[str, Sequence[str]], measures: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Measures by their `ir_measures` names ("nDCG@10", "R@5", "RR@10"): {measure: {question: value}}.

    `relevant` grades the documents of each question, `ranked` lists those found, best first. A question without results
    counts 0. nDCG as trec_eval has it (Järvelin & Kekäläinen 2002, gain linear in the grade), RR@10 is MRR@10 by case.
    """
    import ir_measures
    from ir_measures import Qrel, ScoredDoc

    parsed = {name: ir_measures.parse_measure(name) for name in measures}
    qrels = [Qrel(q, doc, grade) for q, grades in relevant.items() for doc, grade in grades.items()]
    run = [ScoredDoc(q, doc, -float(n)) for q, docs in ranked.items() for n, doc in enumerate(dict.fromkeys(docs))]
    values: dict[str, dict[str, float]] = {name: dict.fromkeys(relevant, 0.0) for name in measures}
    names = {measure: name for name, measure in parsed.items()}
    for found in ir_measures.iter_calc(list(parsed.values()), qrels, run):
        values[names[found.measure]][found.query_id] = float(found.value)
    return values


def evidence_ranks(groups: Sequence[Group], passages: Sequence[Words]) -> list[int | None]:
    """For each group the rank (from 1) of the first passage that holds all of one of its stretches; None where none."""
    return [
        next((rank for rank, passage in enumerate(passages, 1) if any(holds(passage, one) for one in group)), None)
        for group in groups
    ]


def evidence_recall(ranks: Sequence[int | None], k: int) -> float:
    """Share of the pieces of evidence found in the first `k` passages (the ranks of `evidence_ranks`)."""
    return sum(rank is not None and rank <= k for rank in ranks) / len(ranks)


def all_evidence(ranks: Sequence[int | None], k: int) -> float:
    """1 where every piece of evidence is in the first `k` passages: with less, no reader can answer in full
    (Hits@k of MultiHop-RAG, Tang & Yang 2024, asks for one; this asks for all)."""
    return float(all(rank is not None and rank <= k for rank in ranks))


def holds(outer: Words, inner: Words) -> bool:
    return outer[0] == inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2]


# -- answers ----------------------------------------------------------------------------------------------------


def normalize(text: str) -> str:
    """Lower case, without punctuation and articles, single spaces (SQuAD's evaluation script, Rajpurkar et al. 2016).
    Unlike there, typographic quotes and dashes go as well, and so does a possessive "'s" (an answer that has "Orla
    Venn's" names Orla Venn); a comma or point between digits stays, so that 1,200 is not 1 200."""
    text = re.sub(r"(?<=\d)[.,](?=\d)", "\0", re.sub(r"['’]s\b", "", text.lower()))
    text = re.sub(rf"[{re.escape(string.punctuation)}‘’“”„«»–—…]", lambda m: "" if m[0] in "'’." else " ", text)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text.replace("\0", ",")).split())


def exact_match(answer: str, accepted: Sequence[str]) -> float:
    """1 where the normalised answer is one of the accepted ones (Rajpurkar et al. 2016)."""
    return float(normalize(answer) in {normalize(text) for text in accepted})


def token_f1(answer: str, accepted: Sequence[str]) -> float:
    """Harmonic mean of the precision and recall of normalised tokens, as bags, against the accepted answer that fits
    best (Rajpurkar et al. 2016). Two empty texts agree: 1."""
    best = 0.0
    ours = normalize(answer).split()
    for text in accepted:
        theirs = normalize(text).split()
        shared = sum((Counter(ours) & Counter(theirs)).values())
        if not ours or not theirs:
            best = max(best, float(ours == theirs))
        elif shared:
            precision, recall = shared / len(ours), shared / len(theirs)
            best = max(best, 2 * precision * recall / (precision + recall))
    return best


def answer_recall(answer: str, points: Sequence[Sequence[str]]) -> float:
    """Share of the expected points that are in the answer, each in one of its accepted wordings, as whole words after
    normalising (the "EM recall" of ASQA, Stelmakh et al. 2022, as in ALCE)."""
    said = f" {normalize(answer)} "
    return sum(any(f" {normalize(words)} " in said for words in point) for point in points) / len(points)


def rouge_l(answer: str, reference: str) -> float:
    """F of the longest common subsequence of normalised tokens (ROUGE-L, Lin 2004, beta 1): the figure of CLAP NQ."""
    ours, theirs = normalize(answer).split(), normalize(reference).split()
    above = [0] * (len(theirs) + 1)
    for token in ours:
        row = [0]
        for j, other in enumerate(theirs):
            row.append(above[j] + 1 if token == other else max(above[j + 1], row[j]))
        above = row
    return f1(above[-1] / len(ours), above[-1] / len(theirs)) if ours and theirs else float(ours == theirs)


# -- citations against gold words -------------------------------------------------------------------------------


def overlap(a: Words, b: Words) -> float:
    """Shared characters over the length of the shorter (Szymkiewicz–Simpson): 1 where one holds the other. A sentence
    cited for the clause in it that answers, and a clause cited from a gold sentence, both count whole."""
    shorter = min(a[2] - a[1], b[2] - b[1])
    if a[0] != b[0] or shorter <= 0:
        return 0.0
    return max(0, min(a[2], b[2]) - max(a[1], b[1])) / shorter


CITES_FROM = 0.5


def cites(citation: Words, group: Group) -> bool:
    """Whether the citation overlaps a stretch of the group by half or more."""
    return any(overlap(citation, words) >= CITES_FROM for words in group)


def citation_precision(citations: Sequence[Words], groups: Sequence[Group]) -> float:
    """Share of the citations that lie on gold evidence. `citations` must not be empty."""
    return sum(any(cites(citation, group) for group in groups) for citation in citations) / len(citations)


def citation_recall(citations: Sequence[Words], groups: Sequence[Group]) -> float:
    """Share of the pieces of gold evidence that are cited; 0 without citations."""
    return sum(any(cites(citation, group) for citation in citations) for group in groups) / len(groups)


def f1(precision: float, recall: float) -> float:
    """Harmonic mean; 0 where both are."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


# -- citations by support ---------------------------------------------------------------------------------------

Entails = Callable[[str, Sequence[str]], bool]
"""(statement, texts) to whether the texts together carry it."""


def alce(
    statements: Sequence[tuple[str, Sequence[int]]], documents: Sequence[str], entails: Entails
) -> tuple[float, float]:
    """Citation recall and precision of ALCE (Gao et al. 2023, section 4.3) of one answer.

    `statements` are the answer's sentences without markers, each with the numbers it cites, from 1 into `documents`.
    Recall: share of statements that cite something and are entailed by all they cite together. Precision: share of
    citations that are relevant: their statement has recall 1 and the citation entails it alone, or the rest no longer
    does. An answer without statements scores 0 and 0 and stays in the mean, one without citations has precision 0.

    Where the published script (eval.py of princeton-nlp/ALCE) departs from that, this does not: there `[0]` becomes
    index -1 and cites the last document; a number beyond the last document takes the whole statement's citations out of
    the denominator of precision; a number written twice counts twice; and an empty answer leaves the mean. Here a
    number that names no document is a citation that is not relevant and adds no words.
    """
    recalled, relevant, n_citations = 0, 0, 0
    for text, numbers in statements:
        cited = list(dict.fromkeys(numbers))
        real = [n for n in cited if 1 <= n <= len(documents)]
        n_citations += len(cited)
        if not real or not entails(text, [documents[n - 1] for n in real]):
            continue
        recalled += 1
        for n in real:
            others = [documents[m - 1] for m in real if m != n]
            relevant += not others or entails(text, [documents[n - 1]]) or not entails(text, others)
    return (
        recalled / len(statements) if statements else 0.0,
        relevant / n_citations if n_citations else 0.0,
    )


SUPPORT_WEIGHTS = {"supported": 1.0, "partial": 0.5, "unsupported": 0.0}


def weighted_support(verdicts: Sequence[str | None]) -> tuple[float, float]:
    """Weighted precision and recall of support in the TREC 2024 RAG track (Thakur et al. 2025): full support 1, partial
    0.5, none 0, each sentence judged against the first document it cites; summed over the sentences that cite, and over
    all sentences. `verdicts` has one entry for each sentence of the answer, None where it cites nothing."""
    cited = [SUPPORT_WEIGHTS[verdict] for verdict in verdicts if verdict is not None]
    precision = sum(cited) / len(cited) if cited else 0.0
    return precision, sum(cited) / len(verdicts) if verdicts else 0.0


def macro_f1(labels: Sequence[bool], predictions: Sequence[bool]) -> float:
    """Mean of the F1 of the two classes, the figure of AttributionBench (Li et al. 2024)."""
    scores = []
    for wanted in (True, False):
        right = sum(a == b == wanted for a, b in zip(labels, predictions, strict=True))
        said, are = sum(p == wanted for p in predictions), sum(x == wanted for x in labels)
        scores.append(f1(right / said if said else 0.0, right / are if are else 0.0))
    return sum(scores) / 2


# -- saying no --------------------------------------------------------------------------------------------------


def truthfulness(outcome: str) -> float:
    """CRAG's score (Yang et al. 2024, automatic form): right +1, missing 0, wrong -1; higher is better. To refuse what
    has no answer is right; to refuse what has one is missing, and so is an error, or a maybe that does not answer; an
    answer that lacks an expected point is wrong, as there."""
    return {"right": 1.0, "rightly refused": 1.0, "refused": 0.0, "error": 0.0, "maybe": 0.0}.get(outcome, -1.0)


def abstention_curve(confidence: Sequence[float], answerable: Sequence[bool]) -> list[Json]:
    """Both kinds of error for each threshold on the confidence, from answering everything to nothing: {"threshold",
    "answered_unanswerable", "refused_answerable"}, the shares of the unanswerable and of the answerable questions."""
    pairs = sorted(zip(confidence, answerable, strict=True))
    n_yes, n_no = sum(answerable), len(pairs) - sum(answerable)
    curve, yes_below, no_below = [], 0, 0
    for n, (value, is_answerable) in enumerate(pairs):
        if n == 0 or pairs[n - 1][0] != value:
            curve.append((value, yes_below, no_below))
        yes_below += is_answerable
        no_below += not is_answerable
    curve.append((float("inf"), yes_below, no_below))
    return [
        {
            "threshold": value if value != float("inf") else None,
            "answered_unanswerable": 1 - no / n_no if n_no else 0.0,
            "refused_answerable": yes / n_yes if n_yes else 0.0,
        }
        for value, yes, no in curve
    ]


def auroc(confidence: Sequence[float], positive: Sequence[bool]) -> float | None:
    """Chance that a positive case has the higher confidence, ties counting half (Mann & Whitney 1947); None where one
    of the two kinds is missing."""
    yes = np.array([c for c, p in zip(confidence, positive, strict=True) if p])
    no = np.array([c for c, p in zip(confidence, positive, strict=True) if not p])
    if not len(yes) or not len(no):
        return None
    return float(np.mean((yes[:, None] > no[None, :]) + 0.5 * (yes[:, None] == no[None, :])))


def auroc_summary(confidence: Sequence[float], positive: Sequence[bool]) -> Json:
    """`auroc` with its 95% bootstrap interval over cases: {"value", "n", "ci95"}."""
    value = auroc(confidence, positive)
    if value is None:
        return {"value": None, "n": len(confidence), "ci95": None}
    scores, labels = np.asarray(confidence, dtype=np.float64), np.asarray(positive, dtype=bool)
    drawn = np.random.default_rng(0).integers(0, len(scores), size=(RESAMPLES, len(scores)))
    areas = [a for rows in drawn if (a := auroc(scores[rows].tolist(), labels[rows].tolist())) is not None]
    return {"value": value, "n": len(scores), "ci95": [float(v) for v in np.percentile(areas, [2.5, 97.5])]}


def reliability(scores: Sequence[float], positive: Sequence[bool], *, n_bins: int = 10) -> list[Json]:
    """Whether scores in 0..1 are probabilities (Guo et al. 2017, section 2): for each of `n_bins` equally wide bins
    that is not empty {"from", "to", "n", "score", "positive"}: the mean score, and the share that is positive."""
    values, labels = np.asarray(scores, dtype=np.float64), np.asarray(positive, dtype=bool)
    places = np.minimum((values * n_bins).astype(int), n_bins - 1)
    return [
        {
            "from": k / n_bins,
            "to": (k + 1) / n_bins,
            "n": int((places == k).sum()),
            "score": float(values[places == k].mean()),
            "positive": float(labels[places == k].mean()),
        }
        for k in sorted({int(place) for place in places})
    ]


def calibration_error(bins: Sequence[Json]) -> float:
    """The expected calibration error (Guo et al. 2017, equation 3), 0..1, of what `reliability` gives; 0 is best."""
    n = sum(one["n"] for one in bins)
    return float(sum(one["n"] * abs(one["score"] - one["positive"]) for one in bins) / n) if n else 0.0
