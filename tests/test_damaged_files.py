"""Characters, archives and records that throw a parser: they cost themselves, and never the file or the batch."""

from __future__ import annotations

import gzip
import json
from html import escape
from pathlib import Path

import pytest

from rag.ingest import articles
from rag.ingest.articles import SUFFIXES, read, read_manifest
from rag.types import Article, Failure
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


def many(folder: Path) -> list[Path]:
    """Files of two articles each, in every format of many."""
    mails = "".join(
        f"From a@quay.example Mon May  6 10:00:00 2024\nSubject: {title}\n\n{text}\n\n"
        for title, text in (("Ferry", SAID), ("Tram", OTHER))
    )
    rows = [{"title": "Ferry", "text": SAID}, {"title": "Tram", "text": OTHER}]
    return [
        put(folder / "wire.json", json.dumps(rows)),
        put(folder / "wire.csv", f'title,text\nFerry,"{SAID}"\nTram,"{OTHER}"\n'),
        put(folder / "feed.xml", feed("Ferry", SAID)),
        put(folder / "mails.mbox", mails),
    ]


@pytest.mark.parametrize("error", [KeyError("x"), UnicodeEncodeError("utf-8", "\ud800", 0, 1, "no"), RecursionError()])
def test_an_item_that_throws_a_parser_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    made = articles.make_article

    def odd(path: str, text: str, *args: object, **more: object) -> Article:
        if "ferry" in text:
            raise error
        return made(path, text, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(articles, "make_article", odd)
    for path in many(tmp_path):
        failure, article = sorted(read(path), key=lambda item: isinstance(item, Article))
        assert isinstance(failure, Failure)
        assert failure.path == f"{path}:{2 if path.suffix == '.csv' else 1}"
        assert f"cannot be read ({type(error).__name__}" in failure.error
        assert isinstance(article, Article)
        assert article.text.strip() == OTHER
    assert f"cannot be read ({type(error).__name__}" in failed(put(tmp_path / "story.txt", SAID))


def test_a_file_or_manifest_that_throws_its_parser_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = many(tmp_path)
    put(tmp_path / "manifest.csv", "file,title\nwire.json,Ferry\n")

    def thrown(*_: object) -> None:
        raise KeyError("\ud800")

    for module, name in ((articles.records, "records"), (articles.feeds, "entries"), (articles.mail, "messages")):
        monkeypatch.setattr(module, name, thrown)
    for path in paths:
        (failure,) = read(path, manifest={})
        assert isinstance(failure, Failure)
        assert failure.error == f"{path.name} cannot be read (KeyError: '\\ud800'); mend it or leave it out."
    rows, (failure,) = read_manifest(tmp_path)
    assert (rows, failure.path) == ({}, str(tmp_path / "manifest.csv"))


def test_the_names_of_fields_can_be_printed(tmp_path: Path) -> None:
    assert "its fields are ?." in failed(put(tmp_path / "wire.json", json.dumps([{"\ud800": "A ferry."}] * 2)))
