"""`rag.checking.fixes`: what a sentence would say with the articles' figure."""

from __future__ import annotations

import pytest

from rag.checking.fixes import fix
from tests.test_drafts import a_sentence
from tests.test_view import a_citation

COSTS = a_citation("Repairs cost 4 million.")


def contradicted(text: str, conflict: str, **values: object):
    known: dict[str, object] = {"verdict": "unsupported", "finding": "contradicted", "citations": (COSTS,)}
    return a_sentence(text, text, **{**known, "conflicts": (conflict,), **values})


def test_a_figure_that_is_simply_another_is_put_right():
    sentence = contradicted("It cost 9 million.", "the evidence says 4 million, not 9 million", missing=("9 million",))
    assert fix(sentence) == ("9 million", "4 million", "It cost 4 million.")


@pytest.mark.parametrize(
    ("text", "conflict", "values"),
    [
        ("It cost 9 million.", "the evidence says 4 million, not 9 million", {"finding": "not_found"}),
        ("It cost 9 million.", "the evidence says 4 million, not 9 million", {"missing": ("9 million", "cost")}),
        ("It cost 9 million, or 9 million.", "the evidence says 4 million, not 9 million", {}),  # which of them?
        ("It cost 9 million.", "the evidence says 5 million, not 9 million", {}),  # nobody says so
        ("The mayor paid.", "the evidence says council, not mayor", {}),  # no figure
        ("It cost 9 million.", "a correction says 4 million, not 9 million (The Courier)", {}),
        ("It cost 19 million.", "the evidence says 4 million, not 9 million", {}),
    ],
)
def test_where_more_is_wrong_or_it_is_not_sure_nothing_is_offered(text, conflict, values):
    assert fix(contradicted(text, conflict, **values)) is None


def test_two_conflicts_are_no_simple_figure():
    both = ("the evidence says 4 million, not 9 million", "the evidence says May, not June")
    assert fix(contradicted("It cost 9 million.", both[0], conflicts=both)) is None
