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


# --- Days that the page shows in other words, and in parts that are called something else

GUESSED = "The page states no day of publication; “2024-06-07”: guessed from the page by htmldate."
TIME = "<time datetime='2024-06-09T10:18:46Z'>{}</time>"
LISTED = "".join(
    f"<li><a href=x>Ferry {n}</a> <time pubdate='pubdate' datetime='2025-01-0{n}T08:00Z'>0{n}/01/2025</time></li>"
    for n in range(1, 4)
)


@pytest.mark.parametrize("words", ["Publié le 7 juin 2024", "Freitag, 7. Juni 2024", "07.06.2024", "7 Haziran 2024"])
def test_day_beside_the_headline_in_any_language(tmp_path: Path, words: str) -> None:
    article = read_page(tmp_path, body=body(TIME.format(words), LISTED))
    assert (article.published, article.published_source) == ("2024-06-07", "inferred")
    assert article.reasons["published"] == f"The page shows “{words}” beside its headline."


@pytest.mark.parametrize(
    "page",
    [
        "<div class='widget Blog'><h3>{title}</h3><h2 class='date'>Friday, June 7, 2024</h2>{rest}</div>",
        "<div class='main sidebar'><h2>{title}</h2><a class='post-time'>07.06.2024</a>{rest}</div>",
        "<div class='node node-promoted'><h2>{title}</h2><span class='submitted'>7.6.2024</span>{rest}</div>",
        "<form id='aspnetForm'><h1>{title}</h1><span class='date'>7 June 2024</span>{rest}</form>",
        "<h2>{title}</h2>{rest}<div class='post-footer'>Dieser Artikel wurde am 7. Juni 2024 geschrieben.</div>",
        "<h2>{title}</h2><p>von Otto Star, 7.6.24</p>{rest}",
    ],
)
def test_day_in_a_part_that_is_the_whole_page(tmp_path: Path, page: str) -> None:
    article = read_page(tmp_path, body=page.format(title=TITLE, rest=paragraphs(LEAD, *REST)), title=TITLE)
    assert (article.published, article.published_source) == ("2024-06-07", "inferred")
    assert article.reasons["published"] in (GUESSED, "The line “07.06.2024” gives the day.") or (
        article.reasons["published"].endswith("beside its headline.")
    )


@pytest.mark.parametrize(
    "part",
    [
        "<script src='/js/menu.js?ver=20240607'></script><link rel='stylesheet' href='/theme.css?ver=20240607'>",
        "<img src='/files/pier.jpg' alt='The pier on 7 June 2024' title='7 June 2024'>",
        "<!-- built 2024-06-07 10:00:00 -->",
        "<div class='main'>June 2024</div>",
        "<blockquote><p>A tweet of the harbour board that says the pier will be closed on 7 June 2024 at noon.</p>"
        "<a href=x>The board</a> <time datetime='2024-06-07T10:00Z'>Jun 7</time></blockquote>",
    ],
)
def test_day_of_a_file_a_picture_or_a_month_is_none(tmp_path: Path, part: str) -> None:
    article = read_page(tmp_path, body=body("", part))
    assert article.published_precision != "day", article.reasons


def test_last_change_in_the_head_is_no_guess(tmp_path: Path) -> None:
    head = "<meta http-equiv='last-modified' content='2024-06-07'><meta name='description' content='From 3 May 2011.'>"
    assert read_page(tmp_path, head, body("")).published is None


def test_number_of_an_issue_is_no_month(tmp_path: Path) -> None:
    head = "<link rel='canonical' href='https://weekly.example/issues/2019-4/saltby-pier'>"
    article = read_page(tmp_path, head, body("<h5>23.01.2019</h5>"))
    assert (article.published, article.published_source) == ("2019-01-23", "inferred")


# --- Other languages


@pytest.mark.parametrize(
    ("line", "published", "updated"),
    [
        ("Publié le 7 juin 2024 à 22h40, mis à jour le 8 juin 2024", "2024-06-07", None),
        ("Publicado el 7 de junio de 2024", "2024-06-07", None),
        ("Veröffentlicht am 7. Juni 2024 um 22:40 Uhr", "2024-06-07", None),
        ("Veröffentlicht: 07.06.2024, 22:40", "2024-06-07", None),
        ("Pubblicato il 7 giugno 2024", "2024-06-07", None),
        ("Gepubliceerd op 7 juni 2024", "2024-06-07", None),
    ],
)
def test_day_in_another_language(tmp_path: Path, line: str, published: str, updated: str | None) -> None:
    article = read_page(tmp_path, body=body(f"<p>{line}</p>"))
    assert (article.published, article.updated) == (published, updated)
    assert article.reasons["published"] == f"The page shows “{line}” beside its headline."


@pytest.mark.parametrize("line", ["Stand: 07.06.2024 22:40 Uhr", "Mis à jour le 7 juin 2024 à 22h40"])
def test_day_of_the_last_change_alone(tmp_path: Path, line: str) -> None:
    article = read_page(tmp_path, body=body(f"<p class='datum'>{line}</p>"))
    assert (article.published, article.published_source, article.updated) == ("2024-06-07", "inferred", "2024-06-07")
    assert article.reasons["published"].endswith("that of its last change.")
