"""The four doors of the library: what each takes, and that it gives one value that says everything."""

from __future__ import annotations

import datetime as dt

import pytest

import rag
from rag import Answer, BylineError, Checked, Claim, Filters, Hits, Library, Timeline

QUESTION = "Who is the chief prosecutor of the ICC?"
DRAFT = "Karim Khan is the chief prosecutor of the ICC. Plum cake needs cinnamon."


@pytest.mark.parametrize(
    ("given", "day"),
    [
        (dt.date(2024, 5, 6), "2024-05-06"),
        (dt.datetime(2024, 5, 6, 23, 59), "2024-05-06"),
        (" 2024-05-06 ", "2024-05-06"),
    ],
)
def test_filters_take_dates_as_people_have_them(given: dt.date | str, day: str) -> None:
    assert Filters(as_of=given) == Filters(as_of=day)  # type: ignore[arg-type]


def test_a_month_and_a_year_are_all_their_days() -> None:
    assert (Filters(published_from="2024-02").published_from, Filters(published_to="2024-02").published_to) == (
        "2024-02-01",
        "2024-02-29",
    )
    assert (Filters(published_from="2024").published_from, Filters(as_of="2024").as_of) == ("2024-01-01", "2024-12-31")


@pytest.mark.parametrize("given", ["", "May", "2024-13", "2024-02-30", "24", "2024-5", 20240506])
def test_what_is_no_date_is_named(given: str) -> None:
    with pytest.raises(BylineError, match=r"published_to is .* no date: write YYYY-MM-DD"):
        Filters(published_to=given)


def test_filters_are_given_whole_or_value_by_value(sample: Library) -> None:
    apart = sample.retrieve(QUESTION, outlets="Bloomberg", as_of="2024-06")
    whole = sample.retrieve(QUESTION, filters=Filters(outlets=("Bloomberg",), as_of="2024-06-30"))
    assert [hit.passage.id for hit in apart] == [hit.passage.id for hit in whole]
    assert {hit.article.outlet for hit in whole} <= {"Bloomberg"}
    with pytest.raises(BylineError, match="filters and as_of are given"):
        sample.retrieve(QUESTION, filters=Filters(as_of="2024"), as_of="2024")
    with pytest.raises(TypeError, match="there is no filter 'outlet': use filters, outlets"):
        sample.ask(QUESTION, outlet="Bloomberg")  # type: ignore[call-overload]


def test_each_door_gives_one_value_with_its_notes(sample: Library) -> None:
    hits = sample.retrieve(QUESTION, outlets=["Nobody's Gazette"])
    assert (type(hits), list(hits), len(hits.notes)) == (Hits, [], 1)
    assert hits.notes[0].startswith("No article has the outlet “Nobody's Gazette”")
    line = sample.timeline(QUESTION, outlets=["Nobody's Gazette"])
    assert (type(line), list(line), line.notes) == (Timeline, [], hits.notes)
    checked = sample.check(DRAFT, outlets=["Nobody's Gazette"])
    assert (type(checked), len(checked), checked.notes) == (Checked, 2, hits.notes)
    assert "as_of" in sample.retrieve("As of June 2024, who asked for warrants?").understood


def test_a_stream_ends_with_the_whole(sample: Library) -> None:
    *claims, answer = sample.ask(QUESTION, stream=True)
    assert isinstance(answer, Answer)
    assert claims
    assert all(isinstance(claim, Claim) for claim in claims)
    assert [claim.text for claim in answer.claims] == [claim.text for claim in claims if isinstance(claim, Claim)]
    *sentences, checked = sample.check(DRAFT, stream=True)
    assert checked == sentences


def test_the_same_on_the_default_library(sample_folder: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BYLINE_HOME", str(sample_folder))
    assert rag.retrieve(QUESTION, k=3)[0].rank == 1
    assert rag.ask(QUESTION).status == "answered"
    *_, answer = rag.ask(QUESTION, stream=True)
    assert isinstance(answer, Answer)
    *sentences, checked = rag.check(DRAFT, stream=True)
    assert checked == sentences == rag.check(DRAFT)
    assert isinstance(rag.timeline(QUESTION), Timeline)
