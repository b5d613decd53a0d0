"""Dates in sentences: which words they are, and which days they mean beside the date of the article."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals import dates as measured
from rag.ingest.metadata import make_article
from rag.text.dates import read, read_in, resolve_in
from rag.text.periods import cut, days_of
from rag.types import Article

MONDAY = "2031-05-05"  # a Monday


def story(text: str, published: str | None = MONDAY, source: str = "stated") -> Article:
    article = make_article("story.txt", text, [])
    return replace(article, published=published, published_source=source)  # type: ignore[arg-type]


def meant(text: str, published: str | None = MONDAY) -> list[tuple[str, str | None]]:
    return [(mention.words, mention.date) for mention in read(text, published)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the latest one up to the day of publication, that day among them
        ("The ferry sank on Monday.", [("Monday", "2031-05-05")]),
        ("The ferry sank on Tuesday evening.", [("Tuesday evening", "2031-04-29")]),
        ("She was found late Saturday.", [("late Saturday", "2031-05-03")]),
        # a verb that looks ahead
        ("The harbour will open on Tuesday.", [("Tuesday", "2031-05-06")]),
        ("A reply is expected by the mayor on Wednesday evening.", [("Wednesday evening", "2031-05-07")]),
        ("On Friday, the council is to vote.", [("Friday", "2031-05-09")]),
        (
            "He said on Sunday that the harbour will open on Tuesday.",
            [("Sunday", "2031-05-04"), ("Tuesday", "2031-05-06")],
        ),
        ("It will be rebuilt, she said on Friday.", [("Friday", "2031-05-02")]),
        ("The pier, which will be rebuilt, burned down on Friday.", [("Friday", "2031-05-02")]),
        ("The vote will be held on Thursday.", [("Thursday", "2031-05-08")]),
        ("They have to answer by Friday.", [("Friday", "2031-05-09")]),
        ("Mohamed and his crew are to sail on Friday.", [("Friday", "2031-05-09")]),
        # named with last, this, next: by calendar weeks
        ("Last Thursday the crew went home.", [("Last Thursday", "2031-05-01")]),
        ("It opens next Thursday.", [("next Thursday", "2031-05-15")]),
        ("It opened this past Monday.", [("this past Monday", "2031-04-28")]),
        # by name, without the year
        ("The storm of Oct. 7 took the pier.", [("Oct. 7", "2030-10-07")]),
        ("The pier opened on 6 May.", [("6 May", "2030-05-06")]),
        ("The pier is to open on 6 May.", [("6 May", "2031-05-06")]),
        ("Back in February he warned them.", [("February", "2031-02")]),
        ("a January ruling by the harbour court", [("January", "2031-01")]),
        ("He resigned in November.", [("November", "2030-11")]),
        ("It was closed in May last year.", [("May", "2030-05"), ("last year", "2030")]),
        ("On 29 February it froze.", [("29 February", "2028-02-29")]),
        ("On Thursday, November 21, it froze.", [("Thursday, November 21", "2030-11-21")]),
        ("It is to run from January 23 through March 9.", [("January 23", "2032-01-23"), ("March 9", "2032-03-09")]),
        (
            "It ran from 20 December to 9 January 2029.",
            [("20 December", "2028-12-20"), ("9 January 2029", "2029-01-09")],
        ),
        ("In 2019, he resigned in May.", [("2019", "2019"), ("May", "2019-05")]),
        # counted from publication
        ("He left yesterday.", [("yesterday", "2031-05-04")]),
        ("He left the day before yesterday.", [("the day before yesterday", "2031-05-03")]),
        ("The request was made last month.", [("last month", "2031-04")]),
        ("It opens at the start of next year.", [("the start of next year", "2032")]),
        ("It opens by the end of the month.", [("the end of the month", "2031-05")]),
        ("It joins when the new year begins.", [("the new year", "2031")]),
        ("Three days ago it burned.", [("Three days ago", "2031-05-02")]),
        ("It opened two years ago.", [("two years ago", "2029")]),
        # a week lies in one month or is known to the year
        ("It burned two weeks ago.", [("two weeks ago", "2031-04")]),
        ("It burned last week.", [("last week", "2031")]),
        ("in mid-June 2030, in mid-April", [("mid-June 2030", "2030-06"), ("mid-April", "2031-04")]),
        # stated in full
        ("on 7 October 2023, on Sept. 3, 2024 and 2024-02-29", None),
        ("It was founded in 2002.", [("2002", "2002")]),
        ("the 2018 regatta", [("2018", "2018")]),
        # no dates
        ("He may march on. Mr. May said so, and April Jones agreed.", []),
        ("On Fridays, every Monday and the following Tuesday they sail.", []),
        ("Black Friday; Saturday Morning Cereal; the 1990s; in recent weeks; over the past year", []),
        ("In 2000 people and 2019 votes, 1,999 boats and $2020, Route 2015.", []),
        ("two days later, a month earlier, the youth of today, the next Tuesday", []),
        ("In May 12 boats sank.", [("May", "2031-05")]),
        ("On 31 April and 30.2. and 2031-13-40 nothing.", []),
        ("", []),
    ],
)
def test_what_words_mean(text: str, expected: list[tuple[str, str | None]] | None) -> None:
    if expected is None:
        expected = [("7 October 2023", "2023-10-07"), ("Sept. 3, 2024", "2024-09-03"), ("2024-02-29", "2024-02-29")]
    found = [pair for pair in meant(text) if pair[1] is not None]
    assert found == expected


def test_dates_without_year_need_the_article_and_say_so() -> None:
    assert meant("on 7 October 2023 and on Monday", None) == [("7 October 2023", "2023-10-07"), ("Monday", None)]
    assert [m.is_relative for m in read("on 7 October 2023, 7 October and Monday", MONDAY)] == [False, True, True]


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ("2031-05", {"last month": "2031-04", "Monday": None, "last year": "2030", "7 October": "2030-10-07"}),
        ("2031", {"last month": None, "Monday": None, "last year": "2030", "7 October": None}),
        (None, {"last month": None, "Monday": None, "last year": None, "7 October": None}),
    ],
)
def test_only_what_every_day_of_the_articles_month_agrees_on(published: str | None, expected: dict[str, str]) -> None:
    text = "It was so last month, on Monday, last year and on 7 October."
    assert dict(meant(text, published)) == expected
    shown = resolve_in(story(text, published), 0, len(text))
    assert {date.words: date.date for date in shown} == {w: d for w, d in expected.items() if d}


def test_a_day_within_the_month_of_publication_is_open() -> None:
    """An article of May 2031 that says "on 6 May" may have been written before it."""
    assert meant("It burned on 6 May.", "2031-05") == [("6 May", None)]


def test_resolved_dates_lie_in_the_article_and_say_what_they_rest_on() -> None:
    text = "PORTMERE\n\nThe ferry sank on Monday, 93 years after 1938. It will sail again next month."
    article = story(text, source="inferred")
    start = text.index("The ferry")
    first, second = resolve_in(article, start, len(text))
    assert (text[first.start : first.end], first.words, first.date, first.precision) == (
        "Monday",
        "Monday",
        "2031-05-05",
        "day",
    )
    assert (second.words, second.date, second.precision) == ("next month", "2031-06", "month")
    assert first.basis == "the article is dated 5 May 2031 (inferred)"
    assert resolve_in(story(text), start, len(text))[0].basis == "the article is dated 5 May 2031"


def test_spoken_words_have_a_day_of_their_own() -> None:
    text = "He wrote: “We sail tomorrow. We sailed on Monday and last year.” They sailed on Sunday."
    article = story(text)
    dates = {m.words: m.date for m in read_in(article, 0, len(text))}
    assert dates == {"tomorrow": None, "Monday": None, "last year": "2030", "Sunday": "2031-05-04"}
    # also where the quotation began in the sentence before, and for straight marks
    second = text.index("We sailed")
    assert {m.words: m.date for m in read_in(article, second, len(text))}["Monday"] is None
    straight = story('He wrote: "We sail tomorrow." They sailed yesterday.')
    assert [m.date for m in read_in(straight, 0, len(straight.text))] == [None, "2031-05-04"]


@given(st.text(alphabet=st.sampled_from("aMay 0123456789.,-–“”\"'’\nİ🙂é日 lastnexmohMonday20"), max_size=80))
def test_any_text_gives_spans_in_order(text: str) -> None:
    mentions = read(text, MONDAY)
    at = 0
    for mention in mentions:
        assert at <= mention.start < mention.end <= len(text)
        assert text[mention.start : mention.end] == mention.words
        at = mention.end


@given(st.dates(min_value=dt.date(1990, 1, 1), max_value=dt.date(2060, 12, 31)), st.integers(0, 6), st.booleans())
def test_a_weekday_is_within_a_week_on_the_side_of_its_verb(published: dt.date, day: int, ahead: bool) -> None:
    name = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()[day]
    (mention,) = read(f"It {'will sail' if ahead else 'sailed'} on {name}.", published.isoformat())
    found = dt.date.fromisoformat(mention.date or "")
    assert found.weekday() == day
    assert 0 <= (found - published).days * (1 if ahead else -1) < 7


def test_a_long_text_takes_no_time() -> None:
    """One sentence of 80,000 characters, of the words that the search looks at."""
    text = "the end of last May 2030 on Monday, will " * 2000
    started = time.perf_counter()
    assert len(read(text, MONDAY)) > 2000
    assert time.perf_counter() - started < 20


def test_intervals() -> None:
    assert cut(days_of("2031-05-05")) == ("2031-05-05", "day")
    assert cut(days_of("2031-05")) == ("2031-05", "month")
    assert cut((dt.date(2031, 4, 30), dt.date(2031, 5, 1))) == ("2031", "year")
    assert cut((dt.date(2031, 12, 31), dt.date(2032, 1, 1))) == (None, "none")


@pytest.mark.parametrize("half", ["tuned", "held-out"])
def test_wikinews_is_read_as_well_as_the_report_says(half: str) -> None:
    counts = measured.measure(measured.rows(half), measured.ours)
    assert counts["marked"] >= 49
    assert counts["right"] >= 0.95 * counts["marked"]
    assert counts["wrong"] + counts["spurious"] <= 0.08 * counts["marked"] + 1
