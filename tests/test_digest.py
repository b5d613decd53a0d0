"""What happened with something, and what outlets report of it, in quotations."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag import Library
from tests.reading import put

# Nothing here happened.
REPORTS = {
    "Skerry Post, 2 May 2026": (
        "Fishermen fear that the harbour board may revoke their permits before the herring comes.",
        "“The permits are all we have,” said Ole Brandt of Skerry.",
    ),
    "Velm Gazette, 9 May 2026": (
        "Ole Brandt will sail to Velm next week to meet other skippers, permits or not.",
        "He explained that once permits are revoked, boats must stay in port.",
        "The harbour board revoked the permits of nine boats on Thursday.",
        "The mayor called that a sad day.",
    ),
    "Tarn Herald, 4 May 2026": (
        "A circus has come to Tarn with two elephants.",
        "Children were let off school to see them.",
    ),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("digest")
    for line, sentences in REPORTS.items():
        put(folder / "articles" / f"{line[:4]}.txt", f"Report of the week\n{line}\n\n" + "\n\n".join(sentences) + "\n")
    with Library.open(folder / "library") as made:
        made.ingest([folder / "articles"])
        yield made


@pytest.mark.parametrize("question", ["What happened with the permits?", "What is the latest on the permits?"])
def test_what_was_feared_and_is_done_leads(library: Library, question: str) -> None:
    first, second = (claim.citations[0].quote for claim in library.ask(question).claims)
    assert first == "The harbour board revoked the permits of nine boats on Thursday."
    assert second.startswith("Fishermen fear")


def test_all_that_happened_in_a_month_is_told_by_what_articles_begin_with(library: Library) -> None:
    quotes = [claim.citations[0].quote for claim in library.ask("What happened in May 2026?").claims]
    assert quotes == [of[0] for of in (REPORTS[line] for line in sorted(REPORTS, key=lambda k: -int(k.split()[2])))]


def test_an_outlet_without_a_report_is_named(library: Library) -> None:
    answer = library.ask("Compare what the Skerry Post and the Tarn Herald report on Ole Brandt")
    assert {c.article.outlet for claim in answer.claims for c in claim.citations} == {"Skerry Post"}
    assert "Nothing of Tarn Herald was found on “Ole Brandt”." in answer.notes


def test_words_with_marks_of_their_own_get_no_others(library: Library) -> None:
    (first, *_) = library.ask("What did Ole Brandt say about the permits?").claims
    assert first.text == "Skerry Post, 2 May 2026: “The permits are all we have,” said Ole Brandt of Skerry."


def test_a_topic_of_one_word_has_a_timeline(library: Library) -> None:
    quotes = [event.citations[0].quote for event in library.timeline("the permits")]
    assert "The harbour board revoked the permits of nine boats on Thursday." in quotes
