"""What is inferred of an article from its text, and why."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.reading import STORY, boilerplate, of, one, put

# --- What is inferred, and why


@pytest.mark.parametrize(
    ("text", "outlet", "prefix"),
    [
        ("(Bloomberg) -- The ferry is back.", "Bloomberg", "(Bloomberg) -- "),
        ("(Bloomberg) --The ferry is back.", "Bloomberg", "(Bloomberg) --"),
        ("(AP) — The ferry is back.", "AP", "(AP) — "),
        ("(MENAFN) The ferry is back.", "MENAFN", "(MENAFN) "),
        ("LONDON (Reuters) - The ferry is back.", "Reuters", "LONDON (Reuters) - "),
        ("PORT ST. ANNE, April 29 (Reuters) – The ferry is back.", "Reuters", "PORT ST. ANNE, April 29 (Reuters) – "),
        ("Portmere, Westland (AP) — The ferry is back.", "AP", "Portmere, Westland (AP) — "),
        ("PORTMERE (Quay Press) - The ferry is back.", "Quay Press", "PORTMERE (Quay Press) - "),
    ],
)
def test_a_dateline_gives_the_outlet_and_is_boilerplate(tmp_path: Path, text: str, outlet: str, prefix: str) -> None:
    text = f"Ferry returns\n\n{text}\n\nPies are dear.\n"
    article = of(text, tmp_path)
    assert article.outlet == outlet
    assert article.reasons["outlet"] == f"The text begins “{prefix.strip()}”."
    assert boilerplate(text) == [prefix]


@pytest.mark.parametrize(
    "text",
    [
        "(Harbour) authorities said the ferry is back.",
        "The report (Reuters) said the ferry is back.",
        "Ada Quill (Labour) - the mayor - said the ferry is back.",
        "PORTMERE (population 4,000) - The ferry is back.",
        "(Bloomberg) --",
        "One.\n\nTwo.\n\nThree.\n\n(AP) — Far down, this is a quotation.",
    ],
)
def test_what_only_looks_like_a_dateline(tmp_path: Path, text: str) -> None:
    assert boilerplate(text) == []
    assert of(text, tmp_path).outlet is None


@pytest.mark.parametrize(
    ("line", "outlet", "year"),
    [
        ("©2024 Bloomberg L.P.", "Bloomberg", "2024"),
        ("© 2024 Portmere Gazette Ltd. All rights reserved.", "Portmere Gazette", "2024"),
        ("Copyright 2024 Portmere Gazette, Inc.", "Portmere Gazette", "2024"),
        ("Copyright (c) 2019-2024 The Quay Post. All Rights Reserved.", "The Quay Post", "2024"),
        ("(c) 2024 Quay Post", "Quay Post", "2024"),
        ("© Quay Post 2024", "Quay Post", "2024"),
        ("© 2024 by Quay Post. Do not republish.", "Quay Post", "2024"),
        ("© 2024", None, "2024"),
        ("© Quay Post", "Quay Post", None),
        ("© 2999 Quay Post", "Quay Post", None),
    ],
)
def test_a_copyright_line(tmp_path: Path, line: str, outlet: str | None, year: str | None) -> None:
    article = of(f"{STORY}\n{line}", tmp_path)
    assert (article.outlet, article.published) == (outlet, year)
    assert boilerplate(article.text) == [line]
    if year is not None:
        assert (article.published_precision, article.published_source) == ("year", "inferred")
        assert article.reasons["published"] == f"The copyright line reads “{line}”."


def test_the_dateline_names_the_outlet_before_the_copyright_line(tmp_path: Path) -> None:
    assert of("(Reuters) - The ferry is back.\n\n© 2024 Portmere Gazette", tmp_path).outlet == "Reuters"


def test_a_wire_identifier_carries_the_day(tmp_path: Path) -> None:
    article = of(f"{STORY}\nMENAFN06052024000045015687ID0000000001\n© 2025 Quay Post", tmp_path)
    assert (article.published, article.published_precision, article.published_source) == (
        "2024-05-06",
        "day",
        "inferred",
    )
    assert "MENAFN06052024000045015687ID0000000001" in article.reasons["published"]
    assert of(f"{STORY}\nMENAFN06052024000045015687ID0000000001", tmp_path).outlet == "MENAFN"
    assert of(f"{STORY}\nMENAFN99992024000045015687ID0000000001", tmp_path).published is None


@pytest.mark.parametrize(
    ("url", "published", "precision"),
    [
        ("https://g.example/2024/04/29/ferry", "2024-04-29", "day"),
        ("https://g.example/news/2024-04-29-ferry.html", "2024-04-29", "day"),
        ("https://g.example/2024/4/9/", "2024-04-09", "day"),
        ("https://g.example/2024/04/ferry", "2024-04", "month"),
        ("https://g.example/2024/13/45/ferry", None, "none"),
        ("https://g.example/2024040/ferry", None, "none"),
        ("https://g.example/2999/04/29/ferry", None, "none"),
    ],
)
def test_an_address_carries_a_date(tmp_path: Path, url: str, published: str | None, precision: str) -> None:
    put(tmp_path / "story.json", json.dumps({"url": url}))
    article = of(STORY, tmp_path)
    assert (article.url, article.published, article.published_precision) == (url, published, precision)
    if published is not None:
        assert article.published_source == "inferred"
        assert article.reasons["published"].startswith("The address carries the date: “/2024")


@pytest.mark.parametrize("url", ["javascript:alert(1)", "gazette.example", "https://g.example/a b", 7, ["x"]])
def test_what_is_no_web_address_is_no_url(tmp_path: Path, url: object) -> None:
    put(tmp_path / "story.json", json.dumps({"url": url}))
    assert of(STORY, tmp_path).url is None


@pytest.mark.parametrize(
    ("text", "published", "words"),
    [
        ("On November 21, 2024, the pier closed. It was built on May 3, 1999.", "2024-11", "November 21, 2024"),
        ("It closed on 21 November 2024 after a storm.", "2024-11", "21 November 2024"),
        ("It closed on Nov. 21st, 2024.", "2024-11", "Nov. 21st, 2024"),
        ("It closed on the 21st of November 2024.", "2024-11", "21st of November 2024"),
        ("The log says 2024-11-21.", "2024-11", "2024-11-21"),
        ("In November 2024 it closed.", None, ""),
        ("It closed on 11/21/2024, or 07/10/2024.", None, ""),
        ("It closed on November 21.", None, ""),
        ("It will open on November 21, 2999.", None, ""),
        ("It closed on February 31, 2024.", None, ""),
    ],
)
def test_the_latest_full_date_is_a_lower_bound(tmp_path: Path, text: str, published: str | None, words: str) -> None:
    article = of(text, tmp_path)
    assert article.published == published
    if published is None:
        assert (article.published_precision, article.published_source) == ("none", "none")
        assert "published" not in article.reasons
    else:
        assert (article.published_precision, article.published_source) == ("month", "inferred")
        assert f"“{words}”" in article.reasons["published"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-04-29", "2024-04-29"),
        ("2024-04-29T23:30:00-05:00", "2024-04-29"),
        ("2024-04-29 23:30", "2024-04-29"),
        ("2024/4/9", "2024-04-09"),
        ("20240429", "2024-04-29"),
        ("20240429T101500Z", "2024-04-29"),
        ("Mon, 29 Apr 2024 23:30:00 -0500", "2024-04-29"),
        ("29 Apr 24 23:30:00 GMT", "2024-04-29"),
        ("April 29, 2024", "2024-04-29"),
        ("29 April 2024", "2024-04-29"),
        ("Apr. 29, 2024", "2024-04-29"),
        ("Monday, Sept. 9, 2024 at 3 p.m.", "2024-09-09"),
        ("2024-04", "2024-04"),
        ("April 2024", "2024-04"),
        ("2024", "2024"),
        (2024, "2024"),
    ],
)
def test_stated_dates(tmp_path: Path, value: object, expected: str) -> None:
    put(tmp_path / "story.json", json.dumps({"published": value}))
    article = of(STORY, tmp_path)
    assert (article.published, article.published_source) == (expected, "stated")


@pytest.mark.parametrize("value", ["yesterday", "2024-13-01", "31 February 2024", "2999-01-01", "0001", True])
def test_a_stated_date_that_means_nothing_is_ignored_with_a_reason(tmp_path: Path, value: object) -> None:
    put(tmp_path / "story.json", json.dumps({"published": value}))
    article = of(STORY, tmp_path)
    assert (article.published, article.published_source) == (None, "none")
    assert article.reasons["published"].startswith(f"The date “{value}” is ignored; write it as YYYY-MM-DD")
    article = of(f"{STORY}\n© 2024 Quay Post", tmp_path)
    assert (article.published, article.published_source) == ("2024", "inferred")
    assert "is ignored" in article.reasons["published"]
    assert "copyright line" in article.reasons["published"]


def test_dates_of_the_next_weeks_are_believed_if_stated(tmp_path: Path) -> None:
    soon = (date.today() + timedelta(days=20)).isoformat()
    assert of(f"---\ndate: {soon}\n---\n{STORY}", tmp_path).published == soon
    assert of(f"It opens on {soon}.", tmp_path).published is None


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Ferry returns to Portmere\n\nThe ferry is back.", "Ferry returns to Portmere"),
        ("Ferry returns to Portmere\nThe ferry is back.", "Ferry returns to Portmere"),
        ("  Will the ferry last?  \n\nNobody knows.", "Will the ferry last?"),
        ("‘Portmere’ asks 25 towns for a boat\nPortmere asked them.", "‘Portmere’ asks 25 towns for a boat"),
        ("Read more: Pies\nFerry returns\n\nThe ferry is back.", "Ferry returns"),
        ("# Ferry returns #\n\nThe ferry is back.", "Ferry returns"),
        ("### The ferry is back.\nIt is.", "The ferry is back."),
        ("The ferry is back.\nIt is.", None),  # a full stop
        ("The ferry is back.”\nIt is.", None),
        ("ferry returns\nIt is back.", None),
        ("Said the mayor:\nIt is back.", None),
        ("In Portmere,\nIt is back.", None),
        ("Ferry returns", None),  # nothing follows
        ("x" * 161 + "\nIt is.", None),
        ("(Bloomberg) -- The ferry is back\nIt is.", None),
        ("By Ada Quill and Bo Tern\n\nThe ferry is back.", None),
        ("Mayor wants a ferry by April 29, 2024\n\nNobody else.", "Mayor wants a ferry by April 29, 2024"),
        ("#FerryIsBack\n\nSo they write.", "#FerryIsBack"),
        ("April 29, 2024\n\nThe ferry is back.", None),
        ("Monday, 29 April 2024\n\nThe ferry is back.", None),
        ("The mayor said on Tuesday that the ferry would\nbe back.", None),  # a wrapped line
        ("The mayor said on Tuesday that the ferry came from\nWestland.", None),
        ("- first of a list\n- second of it", None),
        ("12345\n\nThe ferry is back.", None),
    ],
)
def test_the_first_line_as_a_headline(tmp_path: Path, text: str, title: str | None) -> None:
    article = of(text, tmp_path)
    assert article.headline == title
    assert title is None or article.reasons["title"] == f"The first line of the text stands apart: “{title}”."


LONG_SENTENCE = (
    "The ferry of Portmere came back to its pier on Monday, the harbour office said after a winter of repairs."
)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("The ferry is back. It is blue.\n\nSo they say.", "The ferry is back"),
        ("(Bloomberg) -- The ferry is back, they say.\nIt is.", "The ferry is back, they say"),
        ("By Ada Quill\n\nMonday, 29 April 2024\n\nIs it back? Nobody knows.", "Is it back?"),
        ("Advertisement\n\n12345\n\nThe ferry is back.", "The ferry is back"),
        ("Mr. A. B. Quill of Portmere is back. He is well.\nIt is.", "Mr. A. B. Quill of Portmere is back"),
        (LONG_SENTENCE, "The ferry of Portmere came back to its pier on Monday, the harbour office said after a…"),
        ("x" * 200 + " y.\nIt is.", "x" * 90 + "…"),
        ("Ferry returns", "Ferry returns"),
        ("1 2 3 4\n\n* * *", None),
    ],
)
def test_a_text_without_a_headline_is_named_by_its_first_words(tmp_path: Path, text: str, title: str | None) -> None:
    article = of(text, tmp_path)
    assert (article.title, article.headline) == (title, None)
    if title is not None:
        assert article.reasons["title"] == "The text has no headline; these are its first words."
        assert "title" in article.inferred


def test_identity(tmp_path: Path) -> None:
    plain, same = one(put(tmp_path / "a.txt")), one(put(tmp_path / "b.txt"))
    assert (plain.id, plain.content_hash) == (same.id, same.content_hash)
    assert len(plain.id) == 12
    assert len(plain.content_hash) == 64
    put(tmp_path / "a.json", '{"outlet": "Gazette"}')
    described = one(tmp_path / "a.txt")
    assert described.id == plain.id
    assert described.content_hash != plain.content_hash
    put(tmp_path / "a.json", '{"title": "Ferry"}')
    assert one(tmp_path / "a.txt").id != plain.id
    hashes = set()
    for key, value in {
        "url": "https://g.example",
        "authors": "A",
        "published": "2024",
        "published_reason": "r",
    }.items():
        put(tmp_path / "a.json", json.dumps({"published_source": "inferred", key: value}))
        hashes.add(one(tmp_path / "a.txt").content_hash)
    assert len(hashes | {plain.content_hash, described.content_hash}) == 5


def test_odd_values_are_left_out(tmp_path: Path) -> None:
    put(tmp_path / "a.json", json.dumps({"title": {"x": 1}, "outlet": True, "authors": [None, " ", 3, "A\n B", "A B"]}))
    article = one(put(tmp_path / "a.txt"))
    assert (article.headline, article.outlet, article.authors) == (None, None, ("3", "A B"))
