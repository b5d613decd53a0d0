"""Fields of records where they are packed, listed or misleading: each is read for what it is, or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag.ingest.articles import read
from rag.types import Article
from tests.reading import put

# Nothing here happened: there is no Dunmar, and it has no tram.
TEXT = (
    "The tram company of Dunmar will run cars through the night from September, it said on Wednesday. "
    "Its chair, Petra Solheim, put the cost at nine crowns a head. The town will pay half of it."
)


def only(tmp_path: Path, value: Any, name: str = "dump.json") -> Article:
    (article,) = read(put(tmp_path / name, value if isinstance(value, str) else json.dumps(value)))
    assert isinstance(article, Article), article
    return article


# --- What a record is packed into, and lists of one


@pytest.mark.parametrize("name", ["text", "content"])
@pytest.mark.parametrize(("source", "outlet"), [({"source": "Dunmar Herald"}, "Dunmar Herald"), ({}, None)])
def test_wrapper_of_elasticsearch_is_no_source(
    tmp_path: Path, name: str, source: dict[str, str], outlet: str | None
) -> None:
    hit = {"_index": "n", "_id": "4", "_source": {"title": "Night trams", "name": "n4", name: TEXT, **source}}
    for value in ({"hits": {"hits": [hit]}}, hit):
        article = only(tmp_path, value)
        assert (article.title, article.text, article.outlet) == ("Night trams", TEXT, outlet)


def test_columns_of_the_wrapper(tmp_path: Path) -> None:
    article = only(tmp_path, f'_id,_source.title,_source.text\n4,Night trams,"{TEXT}"\n', "dump.csv")
    assert (article.title, article.text, article.outlet) == ("Night trams", TEXT, None)


@pytest.mark.parametrize("outlet", [TEXT, "Dunmar\nHerald"])
def test_outlet_is_no_text(tmp_path: Path, outlet: str) -> None:
    assert only(tmp_path, [{"title": "Night trams", "text": TEXT, "source": outlet}]).outlet is None


@pytest.mark.parametrize(
    ("extra", "field", "value"),
    [
        ({"infosources": [{"name": "Dunmar Herald", "uri": "q"}]}, "outlet", "Dunmar Herald"),
        ({"infosource": [{"name": "Dunmar Herald"}]}, "outlet", "Dunmar Herald"),
        ({"provider": [{"name": "Dunmar Herald"}]}, "outlet", "Dunmar Herald"),
        ({"bylines": [{"by": "By Petra Solheim", "title": "Reporter"}]}, "authors", ("Petra Solheim",)),
        ({"bylines": [{"by": "Petra Solheim"}, {"by": "Olav Rem"}]}, "authors", ("Petra Solheim", "Olav Rem")),
        ({"_embedded": {"author": [{"id": 3, "name": "Olav Rem"}]}}, "authors", ("Olav Rem",)),
        ({"links": [{"href": "https://herald.example/t"}]}, "url", "https://herald.example/t"),
        ({"links": [{"href": "https://a.example/t"}, {"href": "https://b.example/t"}]}, "url", None),
    ],
)
def test_list_of_one(tmp_path: Path, extra: dict[str, Any], field: str, value: object) -> None:
    article = only(tmp_path, [{"headline": "Night trams", "body_text": TEXT, **extra}])
    assert getattr(article, field) == value


def test_list_of_one_article_is_that_article(tmp_path: Path) -> None:
    for name in ("article", "news", "items", "data"):
        value = {"title": "A search", name: [{"title": "Night trams", "text": TEXT, "date": "2024-05-08"}]}
        article = only(tmp_path, value)
        assert (article.title, article.text, article.published) == ("Night trams", TEXT, "2024-05-08"), name


# --- The local day


@pytest.mark.parametrize(
    ("extra", "day", "reason"),
    [
        ({"web_url": "https://herald.example/2024/05/08/trams.html"}, "2024-05-08", "address carries “/2024/05/08”"),
        ({"web_url": "https://herald.example/trams.html"}, "2024-05-09", ""),
        ({"pub_date": "2024-05-08T21:20:00-04:00"}, "2024-05-08", "beside it stands “2024-05-08T21:20:00-04:00”"),
        ({"web_url": "https://herald.example/2024/03/01/trams.html"}, "2024-05-09", ""),
    ],
)
def test_stamp_in_utc_gives_the_local_day(tmp_path: Path, extra: dict[str, str], day: str, reason: str) -> None:
    for stamp in ("2024-05-09T01:20:11+0000", "2024-05-09T01:20:11Z"):
        article = only(tmp_path, [{"title": "Night trams", "text": TEXT, "publishedAt": stamp, **extra}])
        assert (article.published, article.published_source) == (day, "stated")
        assert reason in article.reasons.get("published", "")


def test_change_on_the_same_day_in_utc_is_not_before(tmp_path: Path) -> None:
    stamps = {"published": "2024-05-08T23:30:00Z", "updated": "2024-05-08T23:50:00Z"}
    article = only(tmp_path, [{"title": "T", "text": TEXT, "url": "https://herald.example/2024/05/09/t", **stamps}])
    assert (article.published, article.updated) == ("2024-05-09", "2024-05-09")


def test_no_such_hour(tmp_path: Path) -> None:
    article = only(tmp_path, [{"title": "T", "text": TEXT, "published": "2024-05-08T29:70:00Z"}])
    assert article.published == "2024-05-08"


@pytest.mark.parametrize("day", ["Thu, 09 May 2024 01:20:11 GMT", "2024-05-09T01:20:11Z"])
def test_local_day_of_an_entry(tmp_path: Path, day: str) -> None:
    link = "<link>https://herald.example/2024/05/08/trams</link>"
    entry = f"<item><title>Night trams</title>{link}<pubDate>{day}</pubDate><description>{TEXT}</description></item>"
    feed = f"<rss version='2.0'><channel><title>Dunmar Herald</title>{entry}</channel></rss>"
    assert only(tmp_path, feed, "feed.xml").published == "2024-05-08"
