"""Questions that want yes or no: who says it, and when it is left unsaid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from rag import Library
from rag.answers.polar import asks_yes_or_no
from rag.models.adapter import Floats
from tests.reading import put

OPEN = "The lock at Tarnholm reopened on Friday, the canal office said."
STORY = f"{OPEN} Boats had waited there for a week."


@dataclass
class Reading:
    """A verifier that finds the same in all it reads: the shares that carry, contradict and say neither, of "Yes" and
    of "No"."""

    yes: tuple[float, float, float]
    no: tuple[float, float, float]
    name: str = "verifier-3/all-mpnet-base-v2"

    def verify(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        rows = [self.yes if claim.endswith("Yes.") else self.no for claim, _ in pairs]
        return np.log(np.array(rows, dtype=np.float32).reshape(len(rows), 3))


BUILT_IN = "verifier-3/all-MiniLM-L6-v2"
YES = Reading((0.9, 0.05, 0.05), (0.05, 0.9, 0.05))
NO = Reading((0.05, 0.9, 0.05), (0.9, 0.05, 0.05))
NEITHER = Reading((0.05, 0.05, 0.9), (0.05, 0.05, 0.9))
UNSURE = Reading((0.5, 0.45, 0.05), (0.45, 0.5, 0.05))


@pytest.fixture
def library(tmp_path):  # type: ignore[no-untyped-def]
    put(tmp_path / "lock.txt", f"Lock open again\nTarn Courier, 6 March 2026\n\n{STORY}\n")
    with Library.open(tmp_path / "library") as made:
        made.ingest([tmp_path / "lock.txt"])
        yield made


def asked_with(library: Library, verifier: Reading, monkeypatch: pytest.MonkeyPatch, question: str) -> tuple[str, str]:
    monkeypatch.setattr(library, "_ruling", verifier)
    answer = library.ask(question)
    return answer.status, answer.claims[0].text if answer.claims else ""


@pytest.mark.parametrize(
    ("verifier", "status", "opening"),
    [
        (YES, "answered", "Yes. Tarn Courier, 6 March 2026: “The lock"),
        (NO, "answered", "No. Tarn Courier, 6 March 2026: “The lock"),
        (NEITHER, "abstained", ""),
        (UNSURE, "answered", "Tarn Courier, 6 March 2026: “The lock"),
        (
            Reading(YES.yes, YES.no, name=BUILT_IN),
            "answered",
            "Tarn Courier, 6 March 2026: “The lock",
        ),
    ],
    ids=["yes", "no", "neither", "unsure", "not measured"],
)
def test_yes_and_no_stand_before_the_words(
    library: Library, monkeypatch: pytest.MonkeyPatch, verifier: Reading, status: str, opening: str
) -> None:
    said = asked_with(library, verifier, monkeypatch, "Did the lock at Tarnholm reopen on Friday?")
    assert said[0] == status
    assert said[1].startswith(opening)
    assert bool(said[1]) == bool(opening)


@pytest.mark.parametrize(
    "question", ["When did the lock at Tarnholm reopen?", "Did the lock at Tarnholm reopen or close on Friday?"]
)
def test_other_questions_are_answered_in_words(
    library: Library, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    assert asked_with(library, NO, monkeypatch, question)[1].startswith("Tarn Courier")


@pytest.mark.parametrize(
    ("question", "is_polar"),
    [
        ("Is the lock open?", True),
        ("Hasn't the lock reopened?", True),
        ("and will it close again?", True),
        ("Did it close or not?", True),
        ("Did it close or reopen?", False),
        ("Does?", False),
        ("Who did it?", False),
        ("", False),
    ],
)
def test_which_questions_want_yes_or_no(question: str, is_polar: bool) -> None:
    assert asks_yes_or_no(question) == is_polar
