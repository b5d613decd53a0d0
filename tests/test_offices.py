"""Offices and who holds them: read in articles, kept with them, met in questions, and left alone where unsure."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import Library
from rag.filters import Filters
from rag.ingest.offices import Holder, holders
from rag.search.offices import holders_asked_for
from rag.search.retrieval import searches
from tests.test_names import put


def held(text: str) -> set[tuple[str, str, str]]:
    return {(h.head, h.which, h.person) for h in holders("", text)}


@pytest.mark.parametrize(
    ("text", "holder"),
    [
        ("Velmoran Prime Minister Ada Quell spoke.", ("prime minister", "velmoran", "ada quell")),
        ("Velmora’s Prime Minister Ada Quell spoke.", ("prime minister", "velmora", "ada quell")),
        ("It was Swedish captain Ada Quell who scored.", ("captain", "sweden", "ada quell")),
        ("Velmora's mayor, Ada Quell, said no.", ("mayor", "velmora", "ada quell")),
        ("Ada Quell, the mayor of Velmora, said no.", ("mayor", "velmora", "ada quell")),
        ("Ada Quell, Velmora’s mayor, said no.", ("mayor", "velmora", "ada quell")),
        ("Ada Quell, who is tall, waved. The mayor of Velmora, Ada Quell, left.", ("mayor", "velmora", "ada quell")),
        ("The spokeswoman for Tarn Rail, Ada Quell, said no.", ("spokesman", "rail tarn", "ada quell")),
        ("Ada Quell, a spokeswoman for Tarn Rail, said no.", ("spokesman", "rail tarn", "ada quell")),
        ("Ada Quell, Tarn Rail's chief executive, left.", ("chief executive", "rail tarn", "ada quell")),
        ("CEO of the Tarn Council Ada Quell told reporters so.", ("chief executive", "council tarn", "ada quell")),
        ("Ada Quell, the former chief prosecutor of the QHA.", ("prosecutor", "qha", "ada quell")),
        ("Ada van der Quell, the U.S. ambassador, left.", ("ambassador", "america", "ada van der quell")),
        ("Ada Quell is the mayor of Velmora.", ("mayor", "velmora", "ada quell")),
    ],
)
def test_what_an_article_says(text: str, holder: tuple[str, str, str]) -> None:
    assert held(text) == {holder}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A spokesman, Ada Quell, said no.",
        "Spokesman Ada Quell said no.",
        "Ada Quell, a minister, said no.",
        "Ada Quell, who met the mayor of Velmora, said no.",
        "The mayor left the Tarn House.",
        "The Mayor Street bridge is closed.",
        "Secretary General Assembly votes were counted.",
        "Ada Quell, a candidate for mayor of Velmora, said no.",
        "The presidents Ada Quell knew were old.",
        "The mayor said: Ada Quell may come.",
    ],
)
def test_what_is_no_office_of_anybody(text: str) -> None:
    assert held(text) == set()


def test_two_offices_of_one_and_the_surname_alone() -> None:
    text = "Ada Quell, director of the Tarn Museum and chairwoman of the Velmora Guild, spoke. Director Quell left."
    assert held(text) == {
        ("director", "museum tarn", "ada quell"),
        ("chairman", "guild velmora", "ada quell"),
        ("director", "", "ada quell"),
    }


@given(st.lists(st.sampled_from([*"Aab ,.'’()“\nİß\ud800", "Mayor", " of ", " the ", "Ada Quell"]), max_size=40))
def test_any_text(pieces: list[str]) -> None:
    text = "".join(pieces)
    for h in holders(text, text):
        assert h.person == " ".join(h.person.split()) != ""
    known = [Holder("mayor", "velmora", "ada quell", "")]
    holders_asked_for(text, lambda head: known)


@pytest.mark.parametrize(
    "piece", ["Ada ", "Mayor ", "mayor of the ", "Ada Quell, ", "the chief ", "A.", "and mayor ", "(a"]
)
def test_time_grows_with_the_text_and_no_faster(piece: str) -> None:
    started = time.process_time()
    holders("", piece * (40_000 // len(piece)))
    assert time.process_time() - started < 10


def asked(question: str, *known: tuple[str, str, str]) -> list[tuple[str, tuple[str, ...]]]:
    given_ = [Holder(*of, "port tarn velmora") for of in known]
    return [
        (question[m.start : m.end], m.holders)
        for m in holders_asked_for(question, lambda head: [h for h in given_ if h.head == head])
    ]


QUELL = ("mayor", "velmora", "ada quell")


def test_an_office_in_a_question() -> None:
    for said in ("Velmora's mayor", "mayor of Velmora", "former mayor of Velmora"):
        assert asked(f"What did the {said} promise in May?".replace("the V", "V"), QUELL) == [(said, ("ada quell",))]
    assert asked("What did the mayor promise?", QUELL) == [("mayor", ("ada quell",))]
    assert asked("What did a mayor promise?", QUELL) == []
    assert asked("What did the deputy mayor of Velmora promise?", QUELL) == []
    assert asked("What did the mayor of Saltby promise?", QUELL) == [], "another town's"
    assert asked("What did the mayor of Velmora, Ada Quell, promise?", QUELL) == [], "the question has the name"


def test_which_of_those_who_hold_an_office() -> None:
    saltby = ("mayor", "saltby", "bo marsh")
    later = ("mayor", "velmora", "cy dunn")
    assert asked("What did the mayor of Velmora say?", QUELL, saltby) == [("mayor of Velmora", ("ada quell",))]
    assert asked("What did the mayor say?", QUELL, saltby) == [], "it is not said whose"
    assert asked("What did Velmora's mayor say?", QUELL, later) == [("Velmora's mayor", ("ada quell", "cy dunn"))]
    assert asked("What did the spokesman say?", ("spokesman", "rail tarn", "ada quell")) == [], "there are many"
    israel, york = ("prime minister", "israel", "ada quell"), ("prime minister", "britain", "bo marsh")
    assert asked("What did the Israeli prime minister say?", israel, york) == [
        ("Israeli prime minister", ("ada quell",))
    ]
    assert asked("What did the U.K. prime minister say?", israel, york) == [("U.K. prime minister", ("bo marsh",))]
    assert asked("What did the prime minister say?", israel, york) == []


def test_more_is_said_in_the_question_than_beside_the_name() -> None:
    port = ("director", "port", "bo marsh")
    assert asked("What did the director of the port of Tarn say?", port) == [
        ("director of the port of Tarn", ("bo marsh",))
    ]
    assert asked("What did the director of the port of Elbing say?", port) == []


@pytest.fixture
def velmora(library: Library, tmp_path: Path) -> Library:
    put(tmp_path, "first", "Velmoran Mayor Ada Quell opened the Tarn bridge. It rained.", date="2024-05-06")
    put(tmp_path, "name", "The ferry to Ostrey will stop in the autumn, Quell wrote. Nobody rowed.", date="2024-05-07")
    put(tmp_path, "office", "The ferry will start in the spring, the mayor wrote. Nobody sang.", date="2024-05-08")
    put(tmp_path, "other", "The ferry to Ostrey will be blue, a painter wrote. Nobody cared.", date="2024-05-09")
    library.ingest([tmp_path])
    return library


def bm25(library: Library, question: str) -> dict[str, float]:
    hits = library.retrieve(question, k=9, understand=False)
    return {Path(hit.article.path).stem: hit.scores["bm25"] for hit in hits}


def test_an_office_finds_its_holder_as_long_as_an_article_says_so(velmora: Library, tmp_path: Path) -> None:
    question = "What did the Velmoran mayor write of the ferry?"
    scores = bm25(velmora, question)
    assert scores["name"] > scores["other"]
    assert searches(question, velmora.store, Filters())[1:] == [["write", "ferry", "quell"]]
    assert [row[:3] for row in velmora.store.offices("mayor", Filters())] == [("mayor", "velmoran", "ada quell")]
    assert velmora.store.offices("mayor", Filters(as_of="2024-05-05")) == [], "nothing published later is known"
    velmora.remove([str(tmp_path / "first.md")])
    assert velmora.store.offices("mayor", Filters()) == []
    assert bm25(velmora, question)["name"] < scores["name"]
    assert searches(question, velmora.store, Filters()) == [["velmoran", "mayor", "write", "ferry"]]
    assert b"ada quell" not in b"".join(p.read_bytes() for p in velmora.path.iterdir())


def test_a_file_that_changes_hands_an_office_over(velmora: Library, tmp_path: Path) -> None:
    put(tmp_path, "first", "Velmoran Mayor Cy Dunn opened the Tarn bridge. It rained.", date="2024-05-06")
    velmora.ingest([tmp_path])
    assert [row[2] for row in velmora.store.offices("mayor", Filters())] == ["cy dunn"]


def test_an_older_library_learns_the_offices(velmora: Library) -> None:
    with velmora.store._transaction() as db:
        db.execute("DELETE FROM offices")
        db.execute("UPDATE articles SET indexed_as = '2:' || substr(indexed_as, instr(indexed_as, ':') + 1)")
    assert velmora.retrieve("What did the Velmoran mayor write?")
    assert [row[2] for row in velmora.store.offices("mayor", Filters())] == ["ada quell"]


def test_an_unanswerable_question_stays_unanswered(velmora: Library) -> None:
    for question in ("How old is the Velmoran mayor?", "How many children does the Velmoran mayor have?"):
        assert velmora.ask(question).status != "answered"
