"""Every metric against an example that was worked out by hand, and against other people's code where there is some."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals import metrics as m

A, B = "article-a", "article-b"


def test_the_interval_of_a_mean_is_seeded_and_holds_it() -> None:
    low, high = m.bootstrap_ci95([0.0, 1.0] * 50)
    assert m.bootstrap_ci95([0.0, 1.0] * 50) == [low, high]
    # The normal approximation: 0.5 +- 1.96 * 0.5 / 10.
    assert (low, high) == (pytest.approx(0.402, abs=0.02), pytest.approx(0.598, abs=0.02))
    assert m.bootstrap_ci95([1.0, 1.0]) == [1.0, 1.0]
    assert m.summary([]) == {"value": None, "n": 0, "ci95": None}


def test_paired_differences_are_tighter_than_two_intervals() -> None:
    before, after = [0.0, 0.5, 1.0] * 20, [0.1, 0.6, 1.1] * 20
    found = m.paired_difference(before, after)
    assert found["value"] == pytest.approx(0.1)
    assert found["ci95"] == [pytest.approx(0.1), pytest.approx(0.1)]
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        m.paired_difference([1.0], [])


def test_percentiles() -> None:
    found = m.percentile([float(n) for n in range(1, 101)], 95)
    assert found["value"] == pytest.approx(95.05)
    assert found["ci95"][0] < 95.05 < found["ci95"][1] <= 100


def test_retrieval_by_hand() -> None:
    relevant = {"q1": {"d1": 1, "d2": 1}, "q2": {"d3": 1}, "q3": {"d4": 1}}
    ranked = {"q1": ["d9", "d1", "d8", "d2"], "q2": [], "q3": [f"x{n}" for n in range(10)] + ["d4"]}
    found = m.retrieval(relevant, ranked, ["R@2", "RR@10", "nDCG@10"])
    assert found["R@2"] == {"q1": 0.5, "q2": 0.0, "q3": 0.0}
    assert found["RR@10"] == {"q1": 0.5, "q2": 0.0, "q3": 0.0}
    # DCG = 1/log2(3) + 1/log2(5), ideal = 1/log2(2) + 1/log2(3).
    expected = (1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3))
    assert found["nDCG@10"] == {"q1": pytest.approx(expected), "q2": 0.0, "q3": 0.0}


def test_evidence_is_found_where_a_passage_holds_all_of_one_of_its_places() -> None:
    passages = [(A, 0, 100), (B, 0, 50), (A, 100, 200)]
    groups = [[(A, 120, 150)], [(A, 90, 110), (B, 10, 50)], [(B, 40, 60)]]
    ranks = m.evidence_ranks(groups, passages)
    assert ranks == [3, 2, None]
    assert (m.evidence_recall(ranks, 2), m.evidence_recall(ranks, 3)) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert (m.all_evidence(ranks, 10), m.all_evidence(ranks[:2], 3), m.all_evidence(ranks[:2], 2)) == (0, 1, 0)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("The “Quillmere” Gazette’s boats!", "quillmere gazette boats"),
        ("1,200 people; 3.5 miles", "1,200 people 3,5 miles"),
        ("U.S. and a U.N. envoy", "us and un envoy"),
        ("", ""),
        ("mid-June", "mid june"),
    ],
)
def test_normalizing(text: str, plain: str) -> None:
    assert m.normalize(text) == plain


def test_answers_by_hand() -> None:
    assert m.exact_match("The ferry.", ["a ferry", "boat"]) == 1
    assert m.exact_match("The old ferry.", ["a ferry"]) == 0
    # Shared: cat, sat. Precision 2/3 (cat sat down), recall 2/2.
    assert m.token_f1("The cat sat down", ["dog", "a cat sat"]) == pytest.approx(0.8)
    assert m.token_f1("", [""]) == 1
    assert m.token_f1("", ["ferry"]) == 0
    points = [["two hours", "120 minutes"], ["fog"], ["45"]]
    assert m.answer_recall("It was 120 minutes late in the fog.", points) == pytest.approx(2 / 3)
    assert m.answer_recall("It carried 450 people.", [["45"]]) == 0, "whole words only"
    # Longest common subsequence of "a b c d" and "b x d": b d. Precision 2/4, recall 2/3.
    assert m.rouge_l("p b c d", "b x d") == pytest.approx(2 * 0.5 * (2 / 3) / (0.5 + 2 / 3))


def test_citations_by_gold_words() -> None:
    assert m.overlap((A, 0, 100), (A, 40, 60)) == 1, "a sentence cited for a clause in it"
    assert m.overlap((A, 0, 100), (A, 90, 110)) == 0.5
    assert m.overlap((A, 0, 100), (B, 0, 100)) == 0
    assert m.overlap((A, 0, 0), (A, 0, 100)) == 0
    groups = [[(A, 0, 50), (B, 0, 40)], [(A, 200, 260)]]
    cited = [(B, 0, 80), (A, 400, 460), (A, 190, 300)]
    assert m.citation_precision(cited, groups) == pytest.approx(2 / 3)
    assert m.citation_recall(cited, groups) == 1
    assert m.citation_recall(cited[:2], groups) == 0.5
    assert m.citation_recall([], groups) == 0
    assert m.f1(0.5, 1.0) == pytest.approx(2 / 3)
    assert m.f1(0.0, 0.0) == 0


def entails(statement: str, texts: Sequence[str]) -> bool:
    """A judge for constructed cases: every word of the statement stands in the texts."""
    return set(statement.split()) <= set(" ".join(texts).split())


DOCUMENTS = ["red blue", "green", "red green", "blue", "grey"]


@pytest.mark.parametrize(
    ("statements", "recall", "precision", "why"),
    [
        ([("red", [1])], 1, 1, "one citation that entails"),
        ([("red green", [1, 2])], 1, 1, "both are needed: neither entails alone, nor do the others without it"),
        ([("red", [1, 5])], 1, 0.5, "grey neither entails nor is needed"),
        ([("red", [1, 3])], 1, 1, "each entails alone: both are relevant"),
        ([("red", [2]), ("blue", [4])], 0.5, 0.5, "a citation of a statement without recall is not relevant"),
        ([("red", []), ("blue", [4])], 0.5, 1, "a statement without citations costs recall, not precision"),
        ([("grey", [0])], 0, 0, "the published script reads [0] as -1: the last document, which entails"),
        ([("red", [1]), ("blue", [4, 9])], 1, pytest.approx(2 / 3), "there [9] takes [4] out of the denominator"),
        ([("red", [1, 1])], 1, 1, "a number written twice is one citation"),
        ([("red blue", [1, 1, 5])], 1, 0.5, "and is not needed twice"),
        ([], 0, 0, "an empty answer stays in the mean, as 0"),
    ],
)
def test_alce_on_constructed_cases(
    statements: list[tuple[str, list[int]]], recall: float, precision: float, why: str
) -> None:
    assert m.alce(statements, DOCUMENTS, entails) == (recall, precision), why


def published_alce(statements: list[tuple[str, list[int]]], documents: list[str]) -> tuple[float, float]:
    """What the published definition comes to in plain steps, for answers that cite only what there is, each once."""
    recalled, relevant, n_citations = 0, 0, 0
    for text, numbers in statements:
        refs = [documents[n - 1] for n in numbers]
        n_citations += len(refs)
        supported = bool(refs) and entails(text, refs)
        recalled += supported
        for i, ref in enumerate(refs):
            rest = refs[:i] + refs[i + 1 :]
            irrelevant = not entails(text, [ref]) and bool(rest) and entails(text, rest)
            relevant += supported and not irrelevant
    return recalled / len(statements), relevant / n_citations if n_citations else 0.0


WORDS = st.lists(st.sampled_from(["red", "green", "blue", "grey"]), min_size=1, max_size=3, unique=True).map(" ".join)
NUMBERS = st.lists(st.integers(1, 5), max_size=4, unique=True)


@given(st.lists(st.tuples(WORDS, NUMBERS), min_size=1, max_size=5))
def test_alce_is_the_published_definition_where_that_is_well_defined(
    statements: list[tuple[str, list[int]]],
) -> None:
    assert m.alce(statements, DOCUMENTS, entails) == pytest.approx(published_alce(statements, DOCUMENTS))


def test_trec_support_by_hand() -> None:
    # 1 + 0.5 + 0 over three sentences that cite, and over four in all.
    assert m.weighted_support(["supported", "partial", "unsupported", None]) == (0.5, 0.375)
    assert m.weighted_support([]) == (0, 0)
    assert m.weighted_support([None]) == (0, 0)


def test_macro_f1_by_hand() -> None:
    labels, said = [True, True, True, False], [True, True, False, True]
    # Of the true: precision 2/3, recall 2/3. Of the false: nothing right.
    assert m.macro_f1(labels, said) == pytest.approx((2 / 3 + 0) / 2)
    assert m.macro_f1(labels, labels) == 1


def test_truthfulness_is_crags() -> None:
    outcomes = ["right", "rightly refused", "refused", "error", "wrong", "partly", "answered anyway"]
    assert [m.truthfulness(outcome) for outcome in outcomes] == [1, 1, 0, 0, -1, -1, -1]


def test_the_curve_goes_from_answering_all_to_nothing() -> None:
    curve = m.abstention_curve([0.9, 0.2, 0.6, 0.2], [True, True, False, False])
    pairs = [(p["threshold"], p["answered_unanswerable"], p["refused_answerable"]) for p in curve]
    assert pairs == [(0.2, 1.0, 0.0), (0.6, 0.5, 0.5), (0.9, 0.0, 0.5), (None, 0.0, 1.0)]


def test_auroc_by_hand() -> None:
    # Pairs (yes, no): 0.9>0.6, 0.9>0.2, 0.2<0.6, 0.2=0.2 -> (1 + 1 + 0 + 0.5) / 4.
    assert m.auroc([0.9, 0.2, 0.6, 0.2], [True, True, False, False]) == 0.625
    assert m.auroc([0.5], [True]) is None


def test_reliability_by_hand() -> None:
    bins = m.reliability([0.1, 0.15, 0.9, 1.0, 0.95], [False, True, True, True, False], n_bins=2)
    assert [(one["from"], one["to"], one["n"]) for one in bins] == [(0.0, 0.5, 2), (0.5, 1.0, 3)]
    assert [one["score"] for one in bins] == [pytest.approx(0.125), pytest.approx(0.95)]
    assert [one["positive"] for one in bins] == [0.5, pytest.approx(2 / 3)]
    # (2 * 0.375 + 3 * 0.28333) / 5
    assert m.calibration_error(bins) == pytest.approx(0.32)
    assert m.calibration_error(m.reliability([], [])) == 0.0
