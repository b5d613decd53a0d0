"""Questions as they are typed: accents left out or encoded otherwise, broken characters, no words, far too long."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import BylineError, Library
from rag.text.lexicon import without_accents
from rag.text.words import MAX_CHARACTERS

STORY = """---
title: Mayor Renée Vašíček opens the tram
outlet: Tarn Courier
published: 2026-03-04
---

Mayor Renée Vašíček said the first trams would run in October 2027.

The works council, led by Łukasz Błaszczyk, had asked for a delay of six weeks.
"""
ACCENTED = "What did Renée Vašíček say about the trams?"


@pytest.fixture(scope="module", params=["NFC", "NFD"])
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library of one article, its accents composed or apart."""
    folder: Path = tmp_path_factory.mktemp(request.param)
    (folder / "tram.md").write_text(unicodedata.normalize(request.param, STORY), encoding="utf-8")
    with Library.open(folder / "library") as opened:
        opened.ingest([folder / "tram.md"])
        yield opened


@pytest.mark.parametrize(
    "question",
    [
        ACCENTED,
        unicodedata.normalize("NFD", ACCENTED),
        without_accents(ACCENTED),
        ACCENTED.replace(" ", " \n\t  "),
        f"{ACCENTED} \udce9",
    ],
    ids=["composed", "apart", "left out", "blanks", "broken"],
)
def test_accents_and_broken_characters_make_no_difference(library: Library, question: str) -> None:
    answer = library.ask(question)
    assert answer.status != "abstained", answer.notes
    assert not any("mentions" in note or "granted" in note for note in answer.notes)
    (citation,) = answer.claims[0].citations
    assert citation.article.text[citation.start : citation.end] == citation.quote
    assert "October 2027" in citation.quote
    json.dumps(answer.to_dict(), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "draft", ["Lukasz Blaszczyk leads the works council.", "Łukasz Błaszczyk leads the works council."]
)
def test_a_draft_may_leave_accents_out(library: Library, draft: str) -> None:
    for form in ("NFC", "NFD"):
        (sentence,) = library.check(unicodedata.normalize(form, draft))
        assert sentence.conflicts == ()
        assert not any("aszczyk" in words for words in sentence.missing)


def test_a_name_that_is_not_there_is_still_missed(library: Library) -> None:
    answer = library.ask("What did Renata Vacek say about the trams?")
    assert "None of the passages found mentions “Renata Vacek”." in " ".join(answer.notes)


@pytest.mark.parametrize("question", ["???", "!", "- - -", "🐟🐟🐟", "\0", "“ ”", "___", "\ud83d", "\u0301"])
def test_a_question_without_words_is_not_answered(library: Library, question: str) -> None:
    answer = library.ask(question)
    assert (answer.status, answer.claims) == ("abstained", ())
    assert answer.notes[0].startswith("The question has no words to look for: ask in words")
    assert library.timeline(question) == []


@pytest.mark.parametrize("question", ["", " ", "\n\t \u2003"])
def test_an_empty_question_is_one_sentence(library: Library, question: str) -> None:
    for ask in (library.ask, library.retrieve, library.timeline):
        with pytest.raises(BylineError, match="the question is empty"):
            ask(question)


@pytest.mark.parametrize("question", ["x" * 100_000, "tram " * 20_000, "?" * 100_000])
def test_a_question_that_is_far_too_long_is_refused(library: Library, question: str) -> None:
    for ask in (library.ask, library.retrieve, library.timeline):
        with pytest.raises(BylineError, match=r"^the question has \d+ characters and may have 10000: ask for one"):
            ask(question)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "filler", [" " * 1_000_000, "\n" * 1_000_000, " ," * 4000, "?" * 9000, "(" * 9000, "a-" * 4000, "Ab " * 3000]
)
def test_long_runs_of_one_thing_take_no_time(library: Library, filler: str) -> None:
    answer = library.ask(f"When will{filler}the first trams run?")
    assert answer.status == "answered" or not filler.isspace()
    assert all(len(note) < 1000 for note in answer.notes)


def test_the_longest_question_is_taken(library: Library) -> None:
    assert library.retrieve("tram " * (MAX_CHARACTERS // 5 - 1) + "trams")


def test_broken_characters_elsewhere(library: Library) -> None:
    broken = "Caf\udce9"
    assert library.retrieve("tram", outlets=[broken]) == []
    assert library.ask("And when?", history=[f"Who opened the tram {broken}?"]).question == "And when?"
    assert library.check(f"{broken} closed. The trams run in October 2027.")[0].text.startswith("Caf")
    with pytest.raises(BylineError, match="no article"):
        library.find(broken)


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("Renée Vašíček", "Renee Vasicek"),
        ("Łódź, Tromsø, Đukić", "Lodz, Tromso, Dukic"),
        ("Ελλάδα", "Ελλαδα"),
        ("ガザ", "ガザ"),
        ("हिन्दी", "हिन्दी"),
        ("한국", "한국"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_without_accents(text: str, bare: str) -> None:
    for form in ("NFC", "NFD"):
        assert without_accents(unicodedata.normalize(form, text)) == unicodedata.normalize("NFC", bare)
