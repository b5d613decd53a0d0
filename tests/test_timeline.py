"""Timelines: order, dates and their sources, merging. The stories are invented."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from rag import Library
from rag.cli import main
from rag.news.markers import Markers
from rag.news.timeline import Dated, _is_aside, dated, events, of_answer
from rag.search.found import Found
from rag.text.dates import read
from rag.types import Candidate, SearchHit


def found(library: Library, question: str) -> Found:
    return library._find(question, library.retrieve(question, k=24))[0]


def write(folder: Path, name: str, published: str | None, text: str) -> None:
    day = f"published: {published}\n" if published else ""
    (folder / name).write_text(f"---\ntitle: The Saltby ferry dispute\noutlet: {name[:-3]}\n{day}---\n\n{text}\n")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("ferry")
    write(
        folder,
        "Bugle.md",
        "2025-05-07",
        "The crew of the Saltby ferry walked out on Monday, and 40 sailings were cancelled. The ferry company of "
        "Saltby was founded in 1988. The Saltby ferry crew must return until 12 May.",
    )
    write(
        folder,
        "Herald.md",
        "2025-05-06",
        "On Monday the crew of the Saltby ferry walked out; 40 sailings were cancelled. The Saltby ferry talks failed "
        "in March.",
    )
    write(
        folder,
        "Courier.md",
        "2025-05-08",
        "The crew of the Saltby ferry walked out on Monday, and 55 sailings were cancelled. A judge in Saltby will "
        "hear the ferry dispute next month.",
    )
    write(folder, "Undated.md", None, "The Saltby ferry dispute went on last week. The Saltby ferry is old.")
    opened = Library.open(folder / "library")
    opened.ingest(list(folder.glob("*.md")))
    return opened


def test_events_are_in_order_and_say_how_they_are_dated(library: Library) -> None:
    line = library.timeline("the Saltby ferry dispute")
    told = [(event.date, event.precision, event.source) for event in line if event.source != "published"]
    assert told == [
        ("1988", "year", "stated"),
        ("2025-03", "month", "resolved"),
        ("2025-05-05", "day", "resolved"),
        ("2025-05-05", "day", "resolved"),
        ("2025-06", "month", "resolved"),
    ]
    for event in line:
        for citation in event.citations:
            assert citation.article.text[citation.start : citation.end] == citation.quote
            assert citation.article.outlet != "Undated"
    markers = [c.marker for event in line for c in event.citations]
    assert len(set(markers)) == len(markers)


def test_reports_of_one_event_are_one_event_but_for_other_figures(library: Library) -> None:
    walkouts = [event for event in library.timeline("the Saltby ferry dispute") if event.date == "2025-05-05"]
    outlets = sorted(sorted(str(c.article.outlet) for c in event.citations) for event in walkouts)
    assert outlets == [["Bugle", "Herald"], ["Courier"]]


def test_what_is_announced_is_told_as_planned(library: Library) -> None:
    line = library.timeline("the Saltby ferry dispute")
    assert [event.date for event in line if event.planned] == ["2025-06"]
    assert [event.to_dict()["planned"] for event in line].count(True) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The leak came from a valve that should have been replaced in 2022.", []),
        ("The fine is small for a company that earned 410 million last year.", []),
        ("More boats sailed than in 2019.", []),
        ("Lind, who resigned on 2 April 2024, did not come.", []),
        ("The man who shot the mayor was arrested on Monday.", ["Monday"]),
        ("The pier that was closed in March reopened on Monday.", ["Monday"]),
        ("Police said that the pier closed on Monday.", ["Monday"]),
        ("The leak killed two workers, the board said in a report on Thursday.", ["Thursday"]),
    ],
)
def test_only_what_a_sentence_reports_is_dated(text: str, words: list[str]) -> None:
    assert [mention.words for mention in read(text, "2024-06-29") if not _is_aside(text, mention)] == words


def test_an_answer_has_only_events_that_have_to_do_with_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        "Bugle.md",
        "2025-05-07",
        "The crew of the Saltby ferry walked out on Monday. The Saltby ferry was sold in March.",
    )
    write(tmp_path, "Herald.md", "2025-05-20", "The Saltby ferry company was fined 900 crowns on Monday.")
    with Library.open(tmp_path / "library") as opened:
        opened.ingest(list(tmp_path.glob("*.md")))
        one = found(opened, "How much was Saltby fined?")
        answer = opened.ask("How much was Saltby fined?")
        assert len({told.date for told in dated(one, undated=False)}) > 1
        assert answer.status == "answered"
        assert of_answer(one, answer) == ()


def test_a_bound_is_no_event(library: Library) -> None:
    assert not [event for event in library.timeline("the Saltby ferry dispute") if event.date == "2025-05-12"]


def test_other_people_or_roles_are_another_event(library: Library) -> None:
    """Same vector, same date: only the words can tell them apart."""
    hit: SearchHit = library.retrieve("ferry", k=1)[0]
    sentence = library.store.sentences(hit.passage)[0]
    vector = np.ones(4, dtype=np.float32) / 2

    def line(*texts: str) -> int:
        told = [
            Dated(Candidate(hit=hit, sentence=sentence, text=t), vector, "2025-05-05", "day", "stated", 0.9 - n / 100)
            for n, t in enumerate(texts)
        ]
        return len(events(told, markers=Markers()))

    assert line("On Monday Ann Brook beat Cyril Dunn.", "On Monday Ann Brook beat Cyril Dunn in Saltby.") == 1
    assert line("On Monday Ann Brook beat Cyril Dunn.", "On Monday Cyril Dunn beat Ann Brook.") == 2
    assert line("The mayor of Portmere resigned.", "The mayor of Saltby resigned.") == 2
    assert line("The pier was closed.", "The pier was not closed.") == 2
    assert line("The pier closed with 40 boats.", "The pier closed with 41 boats.") == 2


def test_nothing_that_fits_and_an_empty_library(library: Library, tmp_path: Path) -> None:
    line = library.timeline("wheat prices in Patagonia")
    assert not line
    assert line.notes == ("Nothing in the library that has a date has to do with this.",)
    with Library.open(tmp_path / "empty") as empty:
        line = empty.timeline("anything")
        assert (len(line), len(line.notes)) == (0, 1)
        assert "holds no articles" in line.notes[0]


def test_filters_hold(library: Library) -> None:
    line = library.timeline("the Saltby ferry dispute", as_of="2025-05-06")
    assert {c.article.outlet for event in line for c in event.citations} == {"Herald"}


def test_an_answer_has_its_timeline_where_it_tells_of_two_dates(library: Library) -> None:
    answer = library.ask("When did the crew of the Saltby ferry walk out?")
    assert answer.status == "answered"
    dates = [event.date for event in answer.timeline]
    assert dates == sorted(dates)
    assert len(set(dates)) > 1
    cited = {(c.article.id, c.start): c.marker for claim in answer.claims for c in claim.citations}
    for event in answer.timeline:
        assert event.source != "published"
        for c in event.citations:
            known = cited.get((c.article.id, c.start))
            assert c.marker == known if known is not None else c.marker not in cited.values()
    assert library.ask("What does wheat cost in Patagonia?").timeline == ()


def test_the_command_line_prints_the_timeline_below_the_answer(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--library", str(library.path)]
    assert main(["ask", "When did the crew of the Saltby ferry walk out?", *where]) == 0
    answer, _, line = capsys.readouterr().out.partition("\nIn order of time:\n")
    told = [row for row in line.splitlines() if not row.startswith("    ")]
    assert len(told) > 1
    walkout = next(row for row in told if row.startswith("  5 May 2025: “The crew of the Saltby ferry walked out on"))
    assert "Bugle, 7 May 2025" in walkout
    for marker in set(re.findall(r"\[\d+\]", line)):  # its place is told once, above or here
        assert len(re.findall(rf"(?m)^ *{re.escape(marker)}.*(?:\n +| )\S+ characters \d", answer + line)) == 1
    assert main(["ask", "What does wheat cost in Patagonia?", *where]) == 0
    assert "In order of time" not in capsys.readouterr().out


def test_each_sentence_counts_once(library: Library) -> None:
    one = found(library, "the Saltby ferry dispute")
    twice = Found(
        question=one.question,
        candidates=[*one.candidates, *one.candidates],
        vectors=[*one.vectors, *one.vectors],
        cosines=[*one.cosines, *one.cosines],
        passage_cosines=[*one.passage_cosines, *one.passage_cosines],
    )
    assert dated(twice, undated=True) == dated(one, undated=True)


def test_the_sample_articles_are_in_a_sensible_order(sample: Library) -> None:
    line = sample.timeline("the war in Gaza and the arrest warrants of the International Criminal Court")
    dates = [event.date for event in line]
    for date in ("2023-10-07", "2024-01", "2024-06", "2024-11-21"):
        assert date in dates
    known = [
        date for date in dates if date in ("2023-10-07", "2024-01", "2024-04-28", "2024-05", "2024-06", "2024-11-21")
    ]
    assert known == sorted(known)
