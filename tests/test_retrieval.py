"""Retrieval: filters before top-k, fusion by hand, copies collapsed, questions as words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag import BylineError, Library
from rag.search.reranking import N_READ
from rag.search.retrieval import min_max
from rag.text.words import query_terms


def write(folder: Path, name: str, body: str, **front: str) -> Path:
    path = folder / f"{name}.md"
    matter = "".join(f"{key}: {value}\n" for key, value in front.items())
    path.write_text((f"---\n{matter}---\n\n" if matter else "") + body + "\n")
    return path


def names(library: Library, question: str, **options: object) -> list[str]:
    return [Path(hit.article.path).stem for hit in library.retrieve(question, **options)]  # type: ignore[arg-type]


def test_a_passage_is_the_articles_own_words(sample: Library) -> None:
    for question in ("Who asked Biden for help?", "How many hostages?", "genocide case ruling"):
        for hit in sample.retrieve(question, k=20):
            passage = hit.passage
            assert hit.article.text[passage.start : passage.end] == passage.text
            assert not any(start < passage.end and passage.start < end for start, end in hit.article.boilerplate)


def test_ranks_scores_and_order(sample: Library) -> None:
    hits = sample.retrieve("Which countries were asked for a legal opinion?", k=6)
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5, 6]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(0 <= hit.score <= 1 for hit in hits)
    assert all(hit.scores.keys() == {"cosine", "bm25", "reader"} for hit in hits)
    assert Path(hits[0].article.path).name == "letters-to-25-countries.md"


def test_the_score_is_the_average_of_the_scaled_parts(sample: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BYLINE_RERANK", "off")
    hits = sample.retrieve("arrest warrants for Netanyahu", k=1000)
    cosine = min_max([hit.scores["cosine"] for hit in hits])
    bm25 = min_max([hit.scores["bm25"] for hit in hits])
    np.testing.assert_allclose([hit.score for hit in hits], (cosine + bm25) / 2, atol=1e-6)


def test_what_the_reader_makes_of_the_best_counts_as_much_as_the_search(
    sample: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = "How many hostages were freed in November?"
    read = {hit.passage.id: hit for hit in sample.retrieve(question, k=1000)}
    monkeypatch.setenv("BYLINE_RERANK", "off")
    searched = sample.retrieve(question, k=1000)
    assert read.keys() == {hit.passage.id for hit in searched}
    for hit in searched:
        other = read[hit.passage.id]
        assert other.score == pytest.approx((hit.score + other.scores["reader"]) / 2)
        assert (other.scores["reader"] > 0) == (hit.rank <= N_READ)
        assert "reader" not in hit.scores
    (best,) = [hit for hit in read.values() if hit.rank == 1]
    assert "105 hostages" in best.passage.text.replace("\n", " ")


@pytest.mark.parametrize("words", ["105 hostages were freed in November", "hostages November truce"])
def test_what_asks_nothing_is_not_read(sample: Library, words: str) -> None:
    assert all("reader" not in hit.scores for hit in sample.retrieve(words))


@pytest.mark.parametrize("question", ["how many hostages were freed", "Hostages freed in November: how many?"])
def test_a_question_is_read_however_it_is_typed(sample: Library, question: str) -> None:
    assert sample.retrieve(question)[0].scores["reader"] > 0


def test_without_a_reader_the_search_alone_decides(sample_folder: Path) -> None:
    with Library.open(sample_folder, reader="none") as library:
        assert all("reader" not in hit.scores for hit in library.retrieve("Who asked Biden for help?"))


def test_cosine_is_the_models_own(sample: Library) -> None:
    from rag.storage.rows import text_to_embed

    hit = sample.retrieve("Who asked Biden for help?", k=1)[0]
    text = text_to_embed(hit.article.title, hit.passage.heading, hit.passage.text)
    embedder = sample.embedder
    expected = embedder.encode_queries(["Who asked Biden for help?"])[0] @ embedder.encode_passages([text])[0]
    assert hit.scores["cosine"] == pytest.approx(float(expected), abs=1e-4)


def test_filters_apply_before_the_search(library: Library, tmp_path: Path) -> None:
    """Forty better passages of another outlet must not use up the places."""
    for n in range(40):
        write(
            tmp_path, f"loud{n}", f"Ferry ferry ferry to Saltby, number {n}.", outlet="The Loud", published="2021-05-01"
        )
    write(tmp_path, "quiet", "One line on the ferry.", outlet="The Quiet", published="2021-04-01")
    library.ingest([tmp_path / "*.md"])
    assert names(library, "ferry to Saltby", k=5, outlets=["the quiet"]) == ["quiet"]
    assert names(library, "ferry to Saltby", k=5, as_of="2021-04") == ["quiet"]
    assert names(library, "ferry to Saltby", k=5, published_to="2021-04-01") == ["quiet"]
    assert names(library, "ferry to Saltby", k=5, published_from="2021-04-02", outlets=["The Quiet"]) == []
    assert len(names(library, "ferry to Saltby", k=100, outlets=["The Loud", "The Quiet"])) == 41


def test_dates_known_in_part_pass_as_uncertain_and_as_of_only_whole(library: Library, tmp_path: Path) -> None:
    write(tmp_path, "day", "The ferry sank.", published="2021-05-06")
    write(tmp_path, "month", "The ferry sailed.", published="2021-05")
    write(tmp_path, "year", "The ferry was sold.", published="2021")
    write(tmp_path, "none", "The ferry was built.")
    library.ingest([tmp_path / "*.md"])

    def found(**dates: str) -> set[str]:
        return set(names(library, "ferry", **dates))

    assert found() == {"day", "month", "year", "none"}
    assert found(as_of="2021-05-06") == {"day"}
    assert found(as_of="2021-05") == {"day", "month"}
    assert found(as_of="2021-12-31") == {"day", "month", "year"}
    assert found(as_of="2021-05-05") == set()
    assert found(published_from="2021-05-01") == {"day", "month", "year"}
    assert found(published_from="2021", published_to="2021") == {"day", "month", "year"}
    assert found(published_from="2021-05-07", published_to="2021-05-31") == {"month", "year"}
    assert found(published_from="2021-06-01", published_to="2021-06-30") == {"year"}
    assert found(published_to="2020") == set()
    told = library.retrieve("ferry", published_from="2021-05-07").notes
    assert [note.partition(":")[0] for note in told] == ["Left out", "Uncertain"]
    assert "2 articles whose date is known only to the month or year may lie outside" in told[1]
    assert library.retrieve("ferry", published_to="2020").notes[0].startswith("No article passes the filters")
    assert library.retrieve("ferry", published_from="2021", published_to="2021").notes == told[:1]
    notes = library.ask("Where is the ferry?", as_of="2021-05-06").notes
    assert "Left out: 3 articles whose date is not known exactly enough" in " ".join(notes)


def test_copies_are_collapsed_and_other_figures_are_not(library: Library, tmp_path: Path) -> None:
    story = (
        "The ferry to Saltby carried {} passengers on its first day, and the harbour master was {}happy with it all."
    )
    write(tmp_path, "first", story.format(33, ""), outlet="A")
    write(tmp_path, "copy", story.format(33, "").replace("first day,", "first day"), outlet="B")
    write(tmp_path, "other-figure", story.format(40, ""), outlet="C")
    write(tmp_path, "negated", story.format(33, "not "), outlet="D")
    library.ingest([tmp_path / "*.md"])
    found = names(library, "How many passengers did the ferry carry?", k=8)
    assert len({"first", "copy"} & set(found)) == 1
    assert {"other-figure", "negated"} <= set(found)


@pytest.mark.parametrize(
    "question",
    ['"', "NOT", "*", "a AND b OR c", "ferry* NEAR/2", "(", "body:x", "'; DROP TABLE articles; --", "?" * 500],
)
def test_any_question_is_only_words(library: Library, tmp_path: Path, question: str) -> None:
    write(tmp_path, "a", "The ferry sank.")
    library.ingest([tmp_path / "a.md"])
    assert len(library.retrieve(question)) == 1
    assert len(library.articles()) == 1


def test_a_very_long_question(sample: Library) -> None:
    assert sample.retrieve("Who asked Biden for help? " * 380, k=3)
    with pytest.raises(BylineError, match="the question has 103999 characters and may have 10000"):
        sample.retrieve("Who asked Biden for help? " * 4000, k=3)


def test_an_empty_question_and_a_wrong_k(sample: Library) -> None:
    for question in ("", "  \n"):
        with pytest.raises(BylineError, match="the question is empty"):
            sample.retrieve(question)
    with pytest.raises(BylineError, match="k is 0; it must be 1 or more"):
        sample.retrieve("who?", k=0)


def test_query_terms() -> None:
    assert query_terms("How many hostages were released in the first phase?") == [
        "many",
        "hostages",
        "released",
        "first",
        "phase",
    ]
    assert query_terms("More than 34,000 in the U.S.") == ["34,000", "u.s."]
    assert query_terms("who is it") == ["who", "is", "it"], "nothing but function words is still a question"
    assert query_terms("did not") == ["not"]
    assert len(query_terms(" ".join(f"word{n}" for n in range(500)))) == 64


@pytest.mark.parametrize(
    ("scores", "expected"),
    [([], []), ([2.0, 4.0, 3.0], [0, 1, 0.5]), ([5.0, 5.0], [1, 1]), ([0.0, 0.0], [0, 0]), ([-1.0, 1.0], [0, 1])],
)
def test_min_max(scores: list[float], expected: list[float]) -> None:
    assert min_max(scores).tolist() == expected
