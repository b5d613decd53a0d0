"""Characters, archives and records that throw a parser: they cost themselves, and never the file or the batch."""

from __future__ import annotations

import gzip
import json
from html import escape
from pathlib import Path

import pytest

from rag.ingest.articles import SUFFIXES, read
from rag.types import Article
from tests.reading import failed, one, put

SAID = "The ferry of Portmere came back to its pier on Monday, the harbour office said."
OTHER = "The tram of Portmere stays in its shed until the snow is gone, the depot said."

UNFIT = ["\ufffe", "\uffff", "\x07", "&#7;", "&#x1F;", "&#65535;", "&#xFFFE;", "&#x000ffff;", "&#\x077;"]


def texts(path: Path) -> list[str]:
    found = [*read(path)]
    assert all(isinstance(article, Article) for article in found), found
    return [article.text for article in found if isinstance(article, Article)]


def feed(title: str, description: str) -> str:
    items = f"<item><title>{title}</title><description>{description}</description></item>"
    items += f"<item><title>Tram</title><description>{OTHER}</description></item>"
    return f'<rss version="2.0"><channel><title>Quay Gazette</title>{items}</channel></rss>'


@pytest.mark.parametrize("bad", [*UNFIT, "\ud800"])
def test_a_record_loses_only_the_characters_that_no_parser_bears(tmp_path: Path, bad: str) -> None:
    records = [{"title": f"Ferry{bad}", "text": f"<p>{SAID}{bad}</p>"}, {"title": "Tram", "text": OTHER}]
    found = texts(put(tmp_path / "wire.json", json.dumps(records)))
    assert [text.rstrip("\ufffd") for text in found] == [SAID, OTHER]


@pytest.mark.parametrize("bad", [*UNFIT, "&#xd800;", "&#57343;", "&#1114112;", "&#99999999;"])
def test_a_feed_loses_only_the_characters_that_no_parser_bears(tmp_path: Path, bad: str) -> None:
    for markup in (f"{SAID}{bad}", escape(f"<p>{SAID}{bad}</p>")):
        found = texts(put(tmp_path / "feed.xml", feed(f"Ferry{bad}", markup)))
        assert [text.rstrip("\ufffd") for text in found] == [SAID, OTHER]


@pytest.mark.parametrize("bad", UNFIT)
@pytest.mark.parametrize("suffix", ["html", "eml"])
def test_a_page_loses_only_the_characters_that_no_parser_bears(tmp_path: Path, bad: str, suffix: str) -> None:
    page = f"<html><head><title>Ferry{bad}</title></head><body><article><p>{SAID}{bad}</p></article></body></html>"
    head = "Subject: Ferry\nContent-Type: text/html; charset=utf-8\n\n" if suffix == "eml" else ""
    assert SAID in one(put(tmp_path / f"story.{suffix}", head + page)).text


def test_references_that_others_close_up_to_do_no_harm(tmp_path: Path) -> None:
    nested = f"<p>{SAID}&#&#7;7;&#&#&#7;7;7;</p>"
    for path in (
        put(tmp_path / "wire.json", json.dumps([{"title": "Ferry", "text": nested}])),
        put(tmp_path / "feed.xml", feed("Ferry", escape(nested))),
        put(tmp_path / "story.html", f"<html><body><article>{nested}</article></body></html>"),
    ):
        assert texts(path)[0].startswith(SAID)


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<html></html>", OTHER),
        ("<html><head></head></html>", OTHER),
        ("<html><frameset><frame src='a'></frameset></html>", OTHER),
        (f"<html><body><p>{SAID}</p></body><body><p>Yes.</p></body></html>", f"{SAID}\n\nYes."),
    ],
)
def test_a_page_within_a_page_that_has_no_body_or_two(tmp_path: Path, page: str, text: str) -> None:
    html = f'<contentSet><inlineData contenttype="text/html">{escape(page)}</inlineData></contentSet>'
    plain = f'<contentSet><inlineData contenttype="text/plain">{OTHER}</inlineData></contentSet>'
    item = '<newsItem guid="{}"><contentMeta><headline>Ferry</headline></contentMeta>{}</newsItem>'
    other = item.format("b", plain)
    message = f"<newsMessage><itemSet>{item.format('a', html)}{other}</itemSet></newsMessage>"
    assert texts(put(tmp_path / "wire.newsml", message)) == list(dict.fromkeys([text, OTHER]))


def damaged() -> bytes:
    """A packed file with a good header and bytes that unpack to nothing."""
    packed = bytearray(gzip.compress(SAID.encode() * 50))
    packed[12:40] = b"\xff" * 28
    return bytes(packed)


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".log", ""])
@pytest.mark.parametrize(
    "data",
    [damaged(), gzip.compress(SAID.encode() * 50)[:-12], b"\x1f\x8b?", SAID.encode()],
    ids=["damaged", "cut", "a header", "not packed"],
)
def test_a_damaged_archive_of_any_suffix_is_one_sentence(tmp_path: Path, suffix: str, data: bytes) -> None:
    assert failed(put(tmp_path / f"story{suffix}.gz", data)).startswith(
        f"story{suffix}.gz is damaged, or no .gz file ("
    )
