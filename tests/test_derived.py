"""Figures and dates of a claim that follow from the evidence, and those that do not (`rag.checking.derived`)."""

from __future__ import annotations

import pytest

from rag.checking.derived import figures_of, follows
from rag.text.facts import read

BUDGET = "The county of Sella spent 48,300 crowns on salt, up from 40,250 crowns the winter before."
VOTE = "Of 468 delegates 312 voted for the merger and 156 against it."
TRAWLER = "The trawler, built in 1987, sank in 2014 with 19 people on board, of whom 12 were saved."
LEASE = "The lease runs for 18 months and costs 22.4 million euros."
POLL = "Support for the tunnel rose from 31% to 44%."
HOURS = "The curfew begins at 22 and the last tram leaves at 21."
TOWNS = "In Orle 140 homes were flooded, in Vint 85 and in Casque 230."


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("The county paid almost 50,000 crowns.", BUDGET),
        ("Salt cost 8,050 crowns more than the winter before.", BUDGET),
        ("Spending rose by 20 per cent.", BUDGET),
        ("Two thirds of the delegates were in favour.", VOTE),
        ("About a third of the delegates said no.", VOTE),
        ("One delegate in three said no.", VOTE),
        ("The majority was 156 votes.", VOTE),
        ("The ship was 27 years old when it went down.", TRAWLER),
        ("Seven people were lost.", TRAWLER),
        ("The lease lasts a year and a half, or 1.5 years.", LEASE),
        ("The lease is worth some 22 million euros.", LEASE),
        ("Support grew by 13 percentage points.", POLL),
        ("Nobody may be out after ten in the evening.", HOURS),
        ("Altogether 455 homes were under water.", TOWNS),
        ("Between them, Orle and Vint had 225 flooded homes.", TOWNS),
    ],
)
def test_what_follows(claim: str, evidence: str) -> None:
    assert _followed(claim, evidence)


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("The county paid almost 60,000 crowns.", BUDGET),
        ("Salt cost 9,050 crowns more than the winter before.", BUDGET),
        ("Spending rose by 30 per cent.", BUDGET),
        ("Three quarters of the delegates were in favour.", VOTE),
        ("One delegate in five said no.", VOTE),
        ("The ship was 37 years old when it went down.", TRAWLER),
        ("The lease lasts 2.5 years.", LEASE),
        ("The lease is worth 24 million euros.", LEASE),
        ("The lease is worth 22.7 million euros.", LEASE),
        ("Support grew by 23 percentage points.", POLL),
        ("Nobody may be out after eight in the evening.", HOURS),
        ("Nobody may be out after ten in the morning.", HOURS),
        ("Altogether 470 homes were under water.", TOWNS),
        ("The ship was built in 1991.", TRAWLER),
        ("The third vote was the closest.", VOTE),
        ("The county paid 0 crowns.", BUDGET),
    ],
)
def test_what_does_not(claim: str, evidence: str) -> None:
    assert not _followed(claim, evidence)


def test_small_figures_of_several_sentences_are_not_added() -> None:
    """Of many small figures any other is the sum of two."""
    apart = "Two nurses were hurt. The ward has nine beds. It was shut for three days. Seven patients were moved."
    assert not _followed("The ward was shut for five hours after 12 calls.", apart)


def test_years_of_the_calendar_follow_from_spans() -> None:
    assert _followed("The mill closed in 2012.", "The mill opened in 1994 and closed 18 years later.")
    assert not _followed("The mill closed in 2010.", "The mill opened in 1994 and closed 18 years later.")


def test_a_long_page_takes_no_longer_than_a_short_one() -> None:
    page = " ".join(f"Row {n} had {n * 37} seats." for n in range(1, 400))
    assert len(figures_of([read(page)])) > 300
    assert not _followed("The hall holds 987,654,321 people.", page)


def _followed(claim: str, evidence: str) -> bool:
    """Whether every figure and year of the claim follows."""
    reading = read(claim)
    places = [n for n, item in enumerate(reading.items) if item.kind in ("number", "date")]
    assert places, "a claim with a figure"
    figures = figures_of([read(f"{one.rstrip('.')}.") for one in evidence.split(". ")])
    return all(follows(n, reading, figures) for n in places)
