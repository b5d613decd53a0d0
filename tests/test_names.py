"""Names in short and in full: found in articles, kept with them, met in questions, and left alone where unsure."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import Library
from rag.filters import Filters
from rag.search.names import other_names
from rag.search.retrieval import searches
from rag.text.names import Pair, fold, pairs

QHA = Pair("qha", "quillmere harbour authority", True)


@pytest.mark.parametrize(
    "text",
    [
        "The Quillmere Harbour Authority (QHA) met on Monday.",
        "The Quillmere Harbour Authority (the “QHA”) met on Monday.",
        "The Quillmere Harbour Authority (Q.H.A.) met on Monday.",
        "The Quillmere Harbour Authority, or QHA, met on Monday.",
        "The Quillmere Harbour Authority, known as the QHA, met on Monday.",
        "The QHA (Quillmere Harbour Authority) met on Monday.",
        "It rained. Nobody (not one) came. The Quillmere Harbour Authority (QHA; founded in 1901) met.",
    ],
)
def test_what_a_text_states(text: str) -> None:
    assert pairs(text) == {QHA}


def test_what_a_text_uses_and_does_not_state() -> None:
    text = "The Quillmere Harbour Authority met. The QHA said so."
    assert pairs(text) == {QHA._replace(stated=False)}
    assert pairs(text + " Quiet Hill Academy did not.") == set(), "two names have these initials"
    assert pairs("The Harbour Authority met. The HA said so.") == set(), "two letters fit too much"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The mayor spoke on Monday (Reuters).",
        "The harbour opened (1901) and closed (see p. 4).",
        "Senator Anna Pell (R-TX) spoke.",
        "The clerk ate plum cake (QHA).",
        "Its gross domestic product (GDP) fell.",
        "It met at the Quillmere Harbour. Authority (QHA) is something else.",
        "the Quillmere Harbour and all of its many other Authority (QHA)",
    ],
)
def test_what_is_no_name_in_short(text: str) -> None:
    assert pairs(text) == set()


def test_accents_plurals_and_other_scripts() -> None:
    assert pairs("L'Organisation Européenne des Étoiles (OEE) a parlé.") == {
        Pair("oee", "organisation europeenne des etoile", True)
    }
    assert fold("Non-Governmental Organizations’ U.N. envoy's ICCs") == "non governmental organization un envoy icc"
    assert pairs("Международный Уголовный Суд (МУС) заседал.") == {Pair("мус", "международныи уголовныи суд", True)}


@given(st.text(alphabet=st.sampled_from("ABab ().,;“”-&'İßé\n\ud800"), max_size=200))
def test_any_text(text: str) -> None:
    for pair in pairs(text):
        assert pair.short == fold(pair.short)
        assert pair.long == fold(pair.long)
        assert " " in pair.long
    other_names(text, lambda forms: [QHA])


@pytest.mark.parametrize("piece", ["A ", "(", "A.B.", "(AB)", "A(B", ", or ", "A&", "Aa of the ", "Ab ABC ", "ABC (a"])
def test_time_grows_with_the_text_and_no_faster(piece: str) -> None:
    started = time.process_time()
    pairs(piece * (200_000 // len(piece)))
    assert time.process_time() - started < 10


def asked(question: str, *known: Pair) -> list[tuple[str, str]]:
    return [(question[one.start : one.end], one.other) for one in other_names(question, lambda forms: known)]


def test_names_in_a_question() -> None:
    full, short = "quillmere harbour authority", "qha"
    assert asked("What did the QHA's board say?", QHA) == [("QHA's", full)]
    assert asked("What did the Quillmere Harbour Authority say?", QHA) == [("Quillmere Harbour Authority", short)]
    assert asked("what did the qha say?", QHA) == [("qha", full)]
    assert asked("What does QHA, the Quillmere Harbour Authority, say?", QHA) == []
    assert asked("What did the Harbour Authority say?", QHA) == []
    assert asked("What did the United States say of the U.K.?") == [
        ("United States", "us"),
        ("United States", "usa"),
        ("U.K.", "united kingdom"),
    ]


def test_words_are_no_initials() -> None:
    who = Pair("who", "world health organization", True)
    assert asked("Who told us?", who) == asked("who told us?", who) == []
    assert asked("What did the WHO say?", who) == [("WHO", "world health organization")]


def test_initials_of_two_names_are_left_alone() -> None:
    other = Pair("qha", "quiet hill academy", True)
    assert asked("What did the QHA say?", QHA, other) == []
    assert asked("What did the Quillmere Harbour Authority say?", QHA, other) == [], "the QHA may be the academy"
    assert asked("What did the QHA say?", QHA, other._replace(stated=False)) == [("QHA", "quillmere harbour authority")]
    assert asked("Does ultrasound (US) help?", Pair("us", "ultra sound", True)) == []


def test_two_spellings_are_one_name() -> None:
    both = [Pair("who", f"world health organi{letter}ation", True) for letter in "sz"]
    assert asked("What did the WHO say?", *both) == [("WHO", pair.long) for pair in both]


def put(folder: Path, name: str, text: str, **front: str) -> Path:
    path = folder / f"{name}.md"
    path.write_text("---\n" + "".join(f"{k}: {v}\n" for k, v in front.items()) + f"---\n\n{text}\n")
    return path


def test_names_find_each_other_as_long_as_an_article_says_so(library: Library, tmp_path: Path) -> None:
    put(tmp_path, "board", "The Quillmere Harbour Authority refused the new pier.")
    put(tmp_path, "other", "The town council refused the new road in Quillmere.")
    named = put(tmp_path, "named", "The Quillmere Harbour Authority (QHA) was founded in 1901.", date="2024-05-06")
    library.ingest([tmp_path])

    def words_found(**options: object) -> float:
        hits = library.retrieve("What did the QHA refuse?", k=9, **options)  # type: ignore[arg-type]
        return next((hit.scores["bm25"] for hit in hits if Path(hit.article.path).stem == "board"), -1.0)

    known = words_found()
    assert library.store.names(["qha"], Filters()) == [QHA]
    assert library.store.names(["quillmere harbour authority"], Filters()) == [QHA]
    assert library.store.names(["qha"], Filters(as_of="2024-05-05")) == [], "nothing published later is known"
    assert library.store.names(["qha"], Filters(as_of="2024-05-06")) == [QHA]
    library.remove([str(named)])
    assert library.store.names(["qha"], Filters()) == []
    assert words_found() < known
    assert b"quillmere harbour authority" not in b"".join(p.read_bytes() for p in library.path.iterdir())


def test_a_name_is_searched_for_under_its_other_form_too(library: Library, tmp_path: Path) -> None:
    put(tmp_path, "named", "The Quillmere Harbour Authority (QHA) was founded in 1901.")
    put(tmp_path, "pier", "The harbour authority of Saltby closed a pier.")
    library.ingest([tmp_path])
    question = "Did the QHA close the pier?"
    asked, otherwise = searches(question, library.store, Filters())
    assert asked == ["qha", "close", "pier"]
    assert otherwise == ["close", "pier", "quillmere", "harbour", "authority"]
    assert searches("Did the council close the pier?", library.store, Filters()) == [["council", "close", "pier"]]
    found: dict[int, float] = {}
    for terms in (asked, otherwise):
        for number, score in library.store.bm25(terms, 9, Filters(), 1.0):
            found[number] = max(score, found.get(number, 0.0))
    assert sorted(hit.scores["bm25"] for hit in library.retrieve(question)) == pytest.approx(sorted(found.values()))


def test_an_older_library_learns_the_names_and_embeds_nothing(library: Library, tmp_path: Path) -> None:
    put(tmp_path, "named", "The Quillmere Harbour Authority (QHA) was founded in 1901.")
    library.ingest([tmp_path])
    with library.store._transaction() as db:
        db.execute("DELETE FROM names")
        db.execute("UPDATE articles SET indexed_as = '1:' || substr(indexed_as, instr(indexed_as, ':') + 1)")
    embedder = library.embedder

    class Counting:
        name, dim, max_tokens, n_tokens = embedder.name, embedder.dim, embedder.max_tokens, embedder.n_tokens
        encode_queries = embedder.encode_queries

        def encode_passages(self, texts: list[str]) -> None:
            raise AssertionError("embedded anew")

    library._embedder = Counting()  # type: ignore[assignment]
    assert len(library.retrieve("What is the QHA?")) == 1
    assert library.store.names(["qha"], Filters()) == [QHA]
