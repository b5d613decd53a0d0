"""Exports of archives, agencies and interfaces of news: each record is an article, in whatever words it is kept."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from rag.errors import BylineError
from rag.ingest import fields
from rag.ingest.articles import read
from rag.ingest.discovery import discover
from rag.ingest.people import split_people
from rag.library import Library
from rag.types import Article, Failure
from tests.reading import failed, put

# Nothing here happened: there is no Saltby, and it has no pier.
FIRST = "The harbour board of Saltby voted on Tuesday to close the north pier until repairs are paid for."
SECOND = "The vote was seven to two, said Wren Falke, who chairs the board."
TEXT = f"{FIRST}\n\n{SECOND}"
HTML = f"<p>{FIRST}</p><p>{SECOND}</p>"
TITLE = "Saltby closes its pier"
URL = "https://quaygazette.example/pier"


def all_of(path: Path, **options: Any) -> list[Article]:
    found = [*read(path, **options)]
    assert all(isinstance(item, Article) for item in found), found
    return [item for item in found if isinstance(item, Article)]


# What each gives beside the text: title, outlet, authors, day.
STATED = (TITLE, "Quay Gazette", ("Wren Falke",), "2024-05-08")
VOCABULARIES: dict[str, Any] = {
    "NewsAPI": {
        "status": "ok",
        "articles": [
            {
                "source": {"id": None, "name": "Quay Gazette"},
                "author": "Wren Falke",
                "title": f"{TITLE} - Quay Gazette",
                "description": "The board voted.",
                "publishedAt": "2024-05-08T14:00:00Z",
                "content": TEXT,
            }
        ],
    },
    "GDELT": [
        {"Title": TITLE, "seendate": "20240508T140000Z", "source": "Quay Gazette", "Byline": "Wren Falke", "Text": TEXT}
    ],
    "The Guardian": {
        "response": {
            "results": [
                {
                    "webTitle": TITLE,
                    "webPublicationDate": "2024-05-08T14:00:00Z",
                    "fields": {"bodyText": TEXT, "body": HTML, "byline": "Wren Falke", "publication": "Quay Gazette"},
                }
            ]
        }
    },
    "NYT": {
        "response": {
            "docs": [
                {
                    "headline": {"main": TITLE, "kicker": None},
                    "byline": {"original": "By Wren Falke"},
                    "pub_date": "2024-05-08T14:00:00+0000",
                    "source": "Quay Gazette",
                    "abstract": "The board voted.",
                    "body": TEXT,
                }
            ]
        }
    },
    "AP": {
        "data": {
            "items": [
                {
                    "item": {
                        "title": "SB--Saltby-Pier",
                        "headline": TITLE,
                        "byline": "By Wren Falke",
                        "firstcreated": "2024-05-08T01:00:00Z",
                        "provider": "Quay Gazette",
                        "body_nitf": HTML,
                    }
                }
            ]
        }
    },
    "ninjs 1": {
        "uri": "urn:1",
        "headline": TITLE,
        "byline": "Wren Falke",
        "versioncreated": "2024-05-08T14:00:00Z",
        "copyrightholder": "Q",
        "source": "Quay Gazette",
        "body_html": HTML,
    },
    "ninjs 3": {
        "uri": "urn:1",
        "contentCreated": "2024-05-08T14:00:00Z",
        "headlines": [{"role": "sub", "value": "Pier"}, {"role": "main", "value": TITLE}],
        "by": "Wren Falke",
        "provider": {"name": "Quay Gazette"},
        "bodies": [{"role": "main", "contentType": "text/html", "value": HTML}],
    },
    "Superdesk": {
        "_items": [
            {
                "slugline": "pier",
                "headline": TITLE,
                "byline": "Wren Falke",
                "firstpublished": "2024-05-08T14:00:00+0000",
                "source": "Quay Gazette",
                "body_html": HTML,
            }
        ]
    },
    "WordPress": [
        {
            "id": 12,
            "author": 7,
            "date": "2024-05-08T14:00:00",
            "title": {"rendered": TITLE},
            "content": {"rendered": HTML, "protected": False},
            "excerpt": {"rendered": "<p>The board voted</p>"},
            "_embedded": {"author": {"name": "Wren Falke"}},
            "site_name": "Quay Gazette",
        }
    ],
    "schema.org": {
        "@context": "https://schema.org",
        "@graph": [
            {"@type": "WebSite", "name": "Quay Gazette"},
            {
                "@type": "NewsArticle",
                "headline": TITLE,
                "datePublished": "2024-05-08T14:00:00Z",
                "author": [{"@type": "Person", "name": "Wren Falke"}],
                "publisher": {"@type": "Organization", "name": "Quay Gazette"},
                "articleBody": TEXT,
            },
        ],
    },
    "Elasticsearch": {
        "took": 3,
        "hits": {
            "total": 1,
            "hits": [
                {
                    "_index": "news",
                    "_id": "x1",
                    "_source": {
                        "title": TITLE,
                        "content": TEXT,
                        "outlet": "Quay Gazette",
                        "authors": ["Wren Falke"],
                        "timestamp": 1715177200000,
                    },
                }
            ],
        },
    },
    "MongoDB": {
        "_id": {"$oid": "6"},
        "title": TITLE,
        "text": TEXT,
        "site": "Quay Gazette",
        "author": "Wren Falke",
        "date": {"$date": "2024-05-08T14:00:00Z"},
    },
    "JSON:API": {
        "data": [
            {
                "type": "articles",
                "id": "1",
                "attributes": {
                    "Title": TITLE,
                    "Body": {"value": HTML, "format": "full_html"},
                    "Created_At": "2024-05-08",
                    "Source-Name": "Quay Gazette",
                    "Author_Name": "Wren Falke",
                },
            }
        ]
    },
    "JSON Feed": {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Quay Gazette",
        "description": "News of the quay",
        "items": [
            {
                "id": "1",
                "title": TITLE,
                "content_html": HTML,
                "summary": "The board voted.",
                "date_published": "2024-05-08T14:00:00Z",
                "authors": [{"name": "Wren Falke"}],
                "publisher": "Quay Gazette",
            }
        ],
    },
    "by key": {
        "a1": {"title": TITLE, "text": TEXT, "source": "Quay Gazette", "by": "Wren Falke", "published": "8 mai 2024"},
        "a2": {"title": "Ferry sails", "text": SECOND},
    },
    "paragraphs": [
        {
            "title": TITLE,
            "paragraphs": [{"type": "p", "text": FIRST}, {"type": "p", "text": SECOND}],
            "newspaper": "Quay Gazette",
            "authors": "['Wren Falke']",
            "date": "May 8, 2024, 2:00 p.m.",
        }
    ],
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("layout", ["document", "line"])
@pytest.mark.parametrize("name", VOCABULARIES)
def test_vocabularies(tmp_path: Path, name: str, layout: str, packed: bool) -> None:
    document = json.dumps(VOCABULARIES[name], indent=1 if layout == "document" else None).encode()
    suffix = ".json" if layout == "document" else ".jsonl"
    path = put(tmp_path / f"news{suffix}{'.gz' if packed else ''}", gzip.compress(document) if packed else document)
    article = all_of(path)[0]
    assert article.text == TEXT
    assert (article.title, article.outlet, article.authors, article.published) == STATED
    assert article.published_source == "stated"
    assert article.excerpt is None
    assert discover([tmp_path]) == ([path], [])


@pytest.mark.parametrize("name", ["stats.csv", "stats.tsv", "stats.dat", "stats.txt"])
def test_a_table_of_other_things_is_one_failure_that_says_how_to_map_it(tmp_path: Path, name: str) -> None:
    path = put(tmp_path / name, "town;goals;story_of\n" + "Saltby;3;The pier closed on Tuesday.\n" * 500)
    error = failed(path)
    assert error.startswith(f"{name} has no text in any of its 500 records; its fields are town, goals, story_of.")
    assert "--fields text=NAME,title=NAME, or fields in settings.toml" in error
    article = next(read(path, mapped=fields.parse_mapping("text=story_of, title=town", "--fields")))
    assert isinstance(article, Article)
    assert (article.text, article.title) == ("The pier closed on Tuesday.", "Saltby")


@pytest.mark.parametrize(
    ("given", "says"),
    [("text", "'text' is no FIELD=COLUMN"), ("text=", "is no FIELD=COLUMN"), ("words=a", "there is no field 'words'")],
)
def test_a_mapping_that_is_none(given: str, says: str) -> None:
    with pytest.raises(BylineError, match=says):
        fields.parse_mapping(given, "--fields")


def test_a_mapped_field_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = put(tmp_path / "news.jsonl", json.dumps({"text": TEXT, "title": TITLE}))
    (article,) = all_of(path, mapped=fields.parse_mapping("text=contents", "--fields"))
    assert article.reasons["fields"] == "It has no field 'contents', which was to be its text; another one was taken."


def test_fields_of_settings_and_of_the_call(library: Library, tmp_path: Path) -> None:
    path = put(tmp_path / "news.csv", f"words,label\n{FIRST},{TITLE}\n")
    assert len(library.ingest([path]).failed) == 1
    (library.path / "settings.toml").write_text('fields = "text=words,title=label"\n')
    assert library.ingest([path]).added == 1
    assert library.articles()[0].title == TITLE
    assert library.ingest([path], fields="text=words").updated == 1
    (library.path / "settings.toml").write_text('fields = "x=words"\n')
    with pytest.raises(BylineError, match=r"settings\.toml: there is no field 'x'"):
        library.ingest([path])


# --- What is not the whole


@pytest.mark.parametrize(
    ("record", "text", "why"),
    [
        ({"content": f"{FIRST} {SECOND[:30]}… [+4047 chars]"}, FIRST, "breaks off with “… [+4047 chars]”"),
        ({"content": f"{FIRST}… [+4,047 characters]", "description": "Voted."}, FIRST, "breaks off"),
        ({"content": f"{FIRST} [...]"}, FIRST, "breaks off with “[...]”"),
        ({"content": f"<p>{FIRST} [&hellip;]</p>"}, FIRST, "breaks off with “[…]”"),
        ({"content": f"{FIRST} … Read more »"}, FIRST, "breaks off with “… Read more »”"),
        ({"text": f"{FIRST} The vote was…"}, FIRST, "breaks off with “…”"),
        ({"content": "Short… [+90 chars]", "description": FIRST}, FIRST, "Only a summary of this article"),
        ({"short_description": FIRST}, FIRST, "Only a summary of this article is there (its field short_description)"),
        ({"abstract": "Voted.", "lead_paragraph": FIRST}, FIRST, "its field lead_paragraph"),
        ({"content": "ONLY AVAILABLE IN PAID PLANS", "description": FIRST}, FIRST, "its field description"),
        ({"content": None, "excerpt": {"rendered": f"<p>{FIRST}</p>"}}, FIRST, "its field excerpt"),
        ({"content": f"{FIRST}… [+90 chars]", "full_content": TEXT}, TEXT, None),
        ({"text": FIRST[:30], "body": TEXT}, TEXT, None),
        ({"text": f"{FIRST} “And then…” she said."}, f"{FIRST} “And then…” she said.", None),
        ({"text": f"{FIRST}\n\nRead more"}, f"{FIRST}\n\nRead more", None),
    ],
)
def test_a_part_is_marked_as_one(tmp_path: Path, record: dict[str, Any], text: str, why: str | None) -> None:
    (article,) = all_of(put(tmp_path / "news.jsonl", json.dumps({"title": TITLE, **record})))
    assert article.text == text
    assert (article.excerpt is None) == (why is None)
    assert why is None or why in str(article.excerpt)


def test_an_answer_that_rests_on_a_part_says_so_and_ingest_warns(library: Library, tmp_path: Path) -> None:
    path = put(tmp_path / "news.jsonl", json.dumps({"title": TITLE, "content": f"{FIRST}… [+4047 chars]"}))
    report = library.ingest([path])
    (warning,) = report.to_dict()["warnings"]
    assert warning["path"] == f"{path}#1"
    assert warning["warning"].startswith("Only the beginning of this article is there")
    answer = library.ask("When did the board of Saltby vote to close the pier?")
    assert answer.status == "answered"
    assert any(note.startswith(f"“{TITLE}”: Only the beginning of this article") for note in answer.notes)


def test_a_withheld_record_has_no_text(tmp_path: Path) -> None:
    removed = {"title": "[Removed]", "content": "[Removed]", "description": "[Removed]"}
    good, failure = read(put(tmp_path / "news.json", json.dumps([{"text": TEXT}, removed])))
    assert isinstance(good, Article)
    assert isinstance(failure, Failure)
    assert "has no text" in failure.error


# --- Markup in fields


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (HTML, TEXT),
        (f"{FIRST}<br><br>{SECOND}", TEXT),
        (f"{FIRST}\n\n<em>{SECOND}</em>", TEXT),
        (f"<h2>Pier</h2>\n{FIRST}\n\n{SECOND}", f"Pier\n\n{FIRST}\n\n{SECOND}"),
        (f"<!doctype html><html><body><p>{FIRST}</p><p>{SECOND}</p></body></html>", TEXT),
        ("Fish &amp; chips &#8211; caf&eacute;", "Fish & chips – café"),
        ("If 3 <4 and a<b, AT&T pays.", "If 3 <4 and a<b, AT&T pays."),
        (f"<p>{FIRST}</p><script>alert('x')</script><style>p {{}}</style>", FIRST),
        (f"<p>{FIRST}</p><!-- wp:more --><p>{SECOND}</p>", TEXT),
    ],
)
def test_markup_becomes_text(tmp_path: Path, value: str, text: str) -> None:
    (article,) = all_of(put(tmp_path / "news.jsonl", json.dumps({"title": "A &#8211; <i>b</i>", "text": value})))
    assert (article.text, article.title) == (text, "A – b")


# --- Authors


@pytest.mark.parametrize(
    ("value", "people"),
    [
        ("By WREN FALKE", ["Wren Falke"]),
        ("Wren Falke, Otto Star", ["Wren Falke", "Otto Star"]),
        ("By Wren Falke and Otto Star", ["Wren Falke", "Otto Star"]),
        ("Wren Falke, Otto Star & Ida Brandt", ["Wren Falke", "Otto Star", "Ida Brandt"]),
        ("Falke, Wren", ["Wren Falke"]),
        ("Falke, Wren; Star, Otto", ["Wren Falke", "Otto Star"]),
        ("Wren Falke, Political Editor", ["Wren Falke"]),
        ("Wren Falke, AP", ["Wren Falke"]),
        ("Wren Falke, Quay Press", ["Wren Falke"]),
        ("Wren Falke in Saltby and Otto Star in Portmere", ["Wren Falke", "Otto Star"]),
        ("Wren Falke (wren@quaygazette.example)", ["Wren Falke"]),
        ("Wren Falke, Jr.", ["Wren Falke, Jr"]),
        ("['Wren Falke', 'Otto Star']", ["Wren Falke", "Otto Star"]),
        ([{"firstname": "Wren", "lastname": "Falke"}], ["Wren Falke"]),
        ({"original": "By Wren Falke"}, ["Wren Falke"]),
        (["Wren Falke, Otto Star", "Wren Falke"], ["Wren Falke", "Otto Star"]),
        ("The Associated Press", ["The Associated Press"]),
        ("van der Falke, Wren", ["Wren van der Falke"]),
        ("Star, Otto; von Falke, Wren", ["Otto Star", "Wren von Falke"]),
        ("By WREN FALKE Associated Press", ["Wren Falke"]),
        ("WREN McFALKE", ["WREN McFALKE"]),
        ("BBC NEWS", ["BBC NEWS"]),
        (7.5, ["7.5"]),
        (True, []),
        ("[" * 3000, ["[" * 3000]),
    ],
)
def test_people(value: Any, people: list[str]) -> None:
    assert split_people(value) == people


def test_readme_has_the_table_of_names_and_help_its_start() -> None:
    readme = (Path(__file__).parent.parent / "rag" / "ingest" / "FORMATS.md").read_text(encoding="utf-8")
    assert fields.table() in readme
    assert all(name in fields.help_text() for name in fields.FIELDS)
