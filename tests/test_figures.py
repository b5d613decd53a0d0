"""Figures that a sign makes another, figures of any length, and evidence that states nothing."""

from __future__ import annotations

import pytest

from embeddings import HashingEmbedder
from rag.answers.drafts import sentences_of
from rag.answers.markers import read_markers
from rag.checking.checker import Checker, check
from rag.text.facts import read
from tests.test_support import Fixed

SIGNS = [
    ("The temperature fell to -5 degrees in Osk.", "The temperature fell to 5 degrees in Osk."),
    ("The temperature fell to −5 degrees in Osk.", "The temperature fell to 5 degrees in Osk."),
    ("The temperature fell to 5 degrees in Osk.", "The temperature fell to minus 5 degrees in Osk."),
    ("Output in Karsh changed by -5% in March.", "Output in Karsh changed by +5% in March."),
    ("The share of mould in the bread was <5%.", "The share of mould in the bread was >5%."),
]


@pytest.mark.parametrize(("evidence", "claim"), [*SIGNS, *((b, a) for a, b in SIGNS)])
def test_a_sign_makes_another_figure(evidence: str, claim: str) -> None:
    assert check(claim, [evidence]).score < 0.5
    assert Checker(Fixed(0.9)).check(claim, [evidence]).score < 0.5
    assert check(evidence, [evidence]).score > 0.95


@pytest.mark.parametrize(
    ("evidence", "claim"),
    [
        ("The aid for Osk came to ¥5m.", "The aid for Osk came to 5m."),
        ("The aid for Osk came to ₹5m.", "The aid for Osk came to $5m."),
        ("The error in Osk was ±5 metres.", "The error in Osk was 5 metres."),
    ],
)
def test_other_signs_are_not_the_same_words(evidence: str, claim: str) -> None:
    assert check(claim, [evidence]).decided != "for"
    assert check(evidence, [evidence]).decided == "for"


@pytest.mark.parametrize(
    ("evidence", "claim"),
    [
        ("The temperature fell to −5 degrees in Osk.", "The temperature fell to -5 degrees in Osk."),
        ("Osk won 3-1 on Friday.", "Osk won 3–1 on Friday."),
        ("The share was < 5%.", "The share was <5%."),
    ],
)
def test_the_same_sign_in_another_type_is_the_same(evidence: str, claim: str) -> None:
    assert check(claim, [evidence]).decided == "for"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("-5", ["#-5"]),
        ("minus five", ["#-5"]),
        ("−$5m", ["#-5000000$"]),
        ("3-1", ["#3", "#1"]),
        ("5-7", ["#5", "#7"]),
        ("Covid-19", ["covid", "#19"]),
        ("2031-10-07", ["@10-7", "@2031"]),
    ],
)
def test_signs_are_read(text: str, keys: list[str]) -> None:
    reading = read(text)
    assert [reading.items[n].key for n in reading.content] == keys


@pytest.mark.parametrize("question", ["The mayor resigned?", "Has the mayor of Osk resigned?", "“The mayor resigned?”"])
def test_a_question_carries_no_statement(question: str) -> None:
    claim = "The mayor of Osk has resigned." if "Osk" in question else "The mayor resigned."
    for found in (check(claim, [question]), Checker(Fixed(0.9)).check(claim, [question])):
        assert (found.verdict, found.decided) == ("unsupported", "against")
    assert check(claim, [f"{question} {claim}"]).verdict == "supported"


@pytest.mark.parametrize("n_digits", [29, 31, 310, 4_301, 20_000])
def test_a_figure_of_any_length_is_read(n_digits: int) -> None:
    long, other = "9" * n_digits, "8" * n_digits
    claim = f"The code of Osk is {long}."
    checker = Checker(Fixed(0.1), embedder=HashingEmbedder(16))
    assert checker.check(claim, [claim]).verdict == "supported"
    for evidence in (f"The code of Osk is {other}.", f"May {long} ships, {long} million of them, came in {other}."):
        assert checker.check(claim, [evidence]).verdict == "unsupported"


def test_a_figure_of_many_scales_is_read() -> None:
    claim = f"Osk has 5{' million' * 60} lamps."
    assert check(claim, [claim]).verdict == "supported"
    assert check("Osk has 5 lamps.", [claim]).verdict != "supported"


@pytest.mark.parametrize("n_digits", [5, 4_301])
def test_a_marker_of_any_length_is_read(n_digits: int) -> None:
    long = "9" * n_digits
    table = f"| Ship | Dead | Sources |\n|---|---|---|\n| Marigold | 3 died. | {long} |\n"
    (row,) = sentences_of(table, 3)
    assert row.text == "Marigold: 3 died."
    assert all(number > 3 for number in row.numbers)
    for form in (f"Osk won [{long}].", f"Osk won ({long}).", f"Osk won, as [1-{long}] says.", f"<cite {long}>"):
        assert isinstance(read_markers(form, 3), str)


@pytest.mark.parametrize("evidence", [["\x1fTitle"], [" \x1fTitle"], ["", "\x1fTitle"]])
def test_a_title_alone_is_no_evidence(evidence: list[str]) -> None:
    assert check("A claim.", evidence).score == 0.0


def test_a_title_alone_beside_evidence_is_passed_over() -> None:
    assert check("The mayor resigned.", ["\x1fTitle", "The mayor resigned."]).verdict == "supported"
