"""The day of a page that gives it in words only: the right one of several, and none that is somebody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_pages import LEAD, REST, TITLE, paragraphs, read_page


def body(above: str, below: str = "") -> str:
    return f"<article><h1>{TITLE}</h1>{above}{paragraphs(LEAD, *REST)}{below}</article>"


@pytest.mark.parametrize(
    "line",
    [
        "By Wren Falke · Updated 7:15 AM GMT, Sat June 8, 2024 · Published 10:40 PM GMT, Fri June 7, 2024",
        "Wren Falke in Saltby | Last modified 8 June 2024 at 07:15 | First published 7 June 2024 at 22:40",
        "By Wren Falke • Published 10:40 PM, Friday, June 7, 2024 • Updated 7:15 AM, Saturday, June 8, 2024",
    ],
)
@pytest.mark.parametrize("tag", ["div", "p", "span"])
def test_published_beside_updated(tmp_path: Path, line: str, tag: str) -> None:
    article = read_page(tmp_path, body=body(f"<{tag}>{line}</{tag}>"))
    assert article.published == "2024-06-07"
    assert article.reasons["published"] == f"The page shows “{line}” beside its headline."


def test_sentence_with_a_date_is_no_dateline(tmp_path: Path) -> None:
    line = "The plan, published on June 7, 2024, was the work of four engineers and cost the county a great deal."
    assert read_page(tmp_path, body=body(f"<div>{line}</div>")).published_source != "stated"
    assert "shows" not in read_page(tmp_path, body=body(f"<div>{line}</div>")).reasons.get("published", "")


# --- Days that are not the article's

NOT_ITS_DAY = {
    "caption": "<figure><img src='p.jpg'><figcaption>FILE - Piles of the pier, March 9, 2024.</figcaption></figure>",
    "caption in its own box": "<div class='media-caption'>The pier on 9 March 2024. (Otto Star)</div>",
    "build": "<script>window.release='2024-03-09';</script>",
    "style": "<style>/* 2024-03-09 */</style>",
    "comment": (
        "<div><p>Cy Mole says:</p><p>June 9, 2024 at 8:02 am</p><p>They never listen, and the pier is fine.</p></div>"
    ),
    "comments": "".join(
        f"<li><b>{name} wrote:</b><p>9 June 2024, 8:0{n}</p><p>They never listen.</p></li>"
        for n, name in enumerate(("otter_19", "Bo Tern"))
    ),
}


@pytest.mark.parametrize("name", NOT_ITS_DAY)
def test_day_of_something_else(tmp_path: Path, name: str) -> None:
    article = read_page(tmp_path, body=body("", NOT_ITS_DAY[name]))
    assert article.published is None, article.reasons


def test_day_in_a_script_that_says_so(tmp_path: Path) -> None:
    script = "<script>window.page={'datePublished':'2024-06-07'};</script>"
    assert read_page(tmp_path, body=body("", script)).published == "2024-06-07"


def test_comments_without_a_heading_are_no_story(tmp_path: Path) -> None:
    article = read_page(tmp_path, body=body("", NOT_ITS_DAY["comment"] + NOT_ITS_DAY["comment"]))
    edges = [0, *(edge for span in article.boilerplate for edge in span), len(article.text)]
    story = "".join(article.text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True))
    assert REST[-1] in story
    assert "never listen" in article.text
    assert "never listen" not in story
    assert "says:" not in story
