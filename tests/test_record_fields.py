"""Fields of records where they are packed, listed or misleading: each is read for what it is, or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag.ingest.articles import read
from rag.ingest.fields import parse_mapping
from rag.types import Article
from tests.reading import failed, put

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


# --- Markup, sections, dots


@pytest.mark.parametrize(
    "body", ["&lt;p&gt;{}&lt;/p&gt;&lt;p&gt;{}&lt;/p&gt;", "&lt;div class='b'&gt;{}&lt;br&gt;{}&lt;/div&gt;"]
)
def test_escaped_markup_is_markup(tmp_path: Path, body: str) -> None:
    article = only(tmp_path, [{"title": "T", "body": body.format("The tram runs.", "It is full &amp;amp; late.")}])
    assert article.text == "The tram runs.\n\nIt is full & late."


def test_text_about_markup_stays(tmp_path: Path) -> None:
    text = "Their page began with &lt;p&gt; and a joke, said Olav Rem."
    assert only(tmp_path, [{"title": "T", "body": text}]).text == "Their page began with <p> and a joke, said Olav Rem."


@pytest.mark.parametrize(
    ("extra", "section"),
    [
        ({"categories": [3]}, None),
        ({"categories": "12, 14"}, None),
        ({"categories": [3], "topic": "Transport"}, "Transport"),
        ({"section": "Region 4"}, "Region 4"),
    ],
)
def test_number_of_a_category_is_no_section(tmp_path: Path, extra: dict[str, Any], section: str | None) -> None:
    assert only(tmp_path, [{"title": "T", "text": TEXT, **extra}]).section == section


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ({"content": {"rendered": "<p>The trams run at night.</p>\n<p>Nobody knows how long&#8230;</p>\n"}}, "long…"),
        ({"body": ["The trams run at night.", "Nobody knows how long…"]}, "long…"),
        ({"text": f"{TEXT} " * 10 + "Nobody knows how long…"}, "long…"),
        ({"text": f"{TEXT} Nobody knows how long…"}, "half of it."),
    ],
)
def test_dots_that_end_a_whole_text(tmp_path: Path, field: dict[str, Any], text: str) -> None:
    article = only(tmp_path, [{"title": "T", **field}])
    assert article.text.endswith(text)
    assert ("excerpt" in article.reasons) == (text == "half of it.")


# --- Tables that no suffix tells of


ROWS = [
    ("Nattvogn", TEXT),
    ("Tare", "The growers of Dunmar lost a third of their kelp to a storm, they said on Monday."),
]


@pytest.mark.parametrize("name", ["log.dat", "export.txt", "export"])
@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_table_of_unknown_columns_is_no_story(tmp_path: Path, name: str, sign: str) -> None:
    table = "".join(f"{sign.join(row)}\n" for row in [("tittel", "tekst"), *ROWS])
    assert "its fields are tittel, tekst. Say which" in failed(put(tmp_path / name, table))


def markdown(*header: str) -> str:
    rows = [header, ["---", ":--"], *ROWS]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def test_table_in_markdown(tmp_path: Path) -> None:
    found = [*read(put(tmp_path / "known.md", markdown("title", "text")))]
    assert [(a.title, a.text) for a in found if isinstance(a, Article)] == ROWS
    assert "its fields are tittel, tekst. Say which" in failed(
        put(tmp_path / "unknown.md", markdown("tittel", "tekst"))
    )


def test_prose_is_no_table(tmp_path: Path) -> None:
    text = f"Night trams; a town waits\n\n{TEXT.replace('September,', 'September;')}\n\nNobody; not one, minds.\n"
    assert only(tmp_path, text, "story.txt").text == text
    table = f"# Night trams\n\n{TEXT}\n\n| line | cars |\n|---|---|\n| 4 | 12 |\n"
    assert only(tmp_path, table, "story.md").text == table


# --- Names that a reader gives


def test_names_that_are_listed_can_be_given(tmp_path: Path) -> None:
    records = [{"kopf": title, "meta": {"inhalt": text}} for title, text in ROWS]
    path = put(tmp_path / "dump.json", json.dumps({"n": 2, "hits": {"treffer": records}}))
    assert "its fields are n, hits.treffer[].kopf, hits.treffer[].meta.inhalt. Say" in failed(path)
    for given in (
        "text=hits.treffer[].meta.inhalt,title=hits.treffer[].kopf",
        "text=meta.inhalt,title=kopf",
        "text=hits.treffer[].meta.inhalt",
    ):
        found = [*read(path, mapped=parse_mapping(given, "--fields"))]
        assert [a.text for a in found if isinstance(a, Article)] == [text for _, text in ROWS], given
        if "title" in given:
            assert [a.title for a in found if isinstance(a, Article)] == [title for title, _ in ROWS]


def test_parts_in_a_list_are_one_text(tmp_path: Path) -> None:
    blocks = {"teile": [{"nr": 1, "satz": "<p>The tram runs.</p>"}, {"nr": 2, "satz": "<p>It is late.</p>"}]}
    results = [
        {"id": n, "webTitle": title, "webUrl": f"https://herald.example/{n}", "blocks": blocks}
        for n, (title, _) in enumerate(ROWS)
    ]
    path = put(tmp_path / "dump.json", json.dumps({"response": {"results": results}}))
    name = "response.results[].blocks.teile[].satz"
    assert name in failed(path)
    for given in (name, "blocks.teile[].satz"):
        found = [*read(path, mapped=parse_mapping(f"text={given}", "--fields"))]
        assert [a.text for a in found if isinstance(a, Article)] == ["The tram runs.\n\nIt is late."] * 2
        assert [a.title for a in found if isinstance(a, Article)] == ["Nattvogn", "Tare"]


def test_name_in_the_wrapper_of_elasticsearch(tmp_path: Path) -> None:
    path = put(tmp_path / "dump.json", json.dumps({"hits": {"hits": [{"_id": "1", "_source": {"inhalt": TEXT}}]}}))
    assert "hits.hits[]._source.inhalt" in failed(path)
    (article,) = read(path, mapped=parse_mapping("text=hits.hits[]._source.inhalt", "--fields"))
    assert isinstance(article, Article)
    assert article.text == TEXT


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("title=nosuch", "It has no field 'nosuch', which was to be its title; another one was taken."),
        ("section=nosuch", "It has no field 'nosuch', which was to be its section; none was taken."),
        ("title=headline", None),
        ("title=nosuch,title=headline", None),
        ("section=ressort", None),
    ],
)
def test_name_that_is_not_there_is_told(tmp_path: Path, given: str, told: str | None) -> None:
    path = put(tmp_path / "dump.csv", f'title,headline,ressort,text\nA,B,,"{TEXT}"\n')
    (article,) = read(path, mapped=parse_mapping(given, "--fields"))
    assert isinstance(article, Article)
    assert article.reasons.get("fields") == told


def test_staff_of_the_outlet_is_nobody(tmp_path: Path) -> None:
    record = {"title": "T", "text": TEXT, "source": "Dunmar Herald", "authors": ["Dunmar Herald Staff", "Olav Rem"]}
    assert only(tmp_path, [record]).authors == ("Olav Rem",)
