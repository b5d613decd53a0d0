"""NITF and NewsML-G2, as agencies and archives write them. The agency, its places and its people are invented."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag import Library
from rag.ingest.articles import read
from rag.ingest.discovery import discover
from rag.types import Article, Failure

NITF = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nitf SYSTEM "http://www.nitf.org/IPTC/NITF/3.4/specification/dtd/nitf-3-4.dtd">
<nitf>
  <head>
    <title>FERRY-RETURNS</title>
    <meta name="dsk" content="Harbour Desk"/>
    <docdata management-status="usable">
      <doc-id id-string="pp-0417"/>
      <date.issue norm="20240506T233000-0500"/>
      <doc.copyright holder="Portmere Press Agency" year="2024"/>
    </docdata>
    <pubdata name="The Portmere Post" date.publication="20240507T000000" ex-ref="https://post.example/ferry"/>
  </head>
  <body>
    <body.head>
      <hedline><hl1>Ferry returns &amp; stays</hl1><hl2>Winter of repairs ends</hl2></hedline>
      <note><body.content><p>EDITORS: map to follow.</p></body.content></note>
      <byline>By <person>Wren Falke</person> and <person>Otto Brink</person>
        <byttl>Harbour correspondents</byttl></byline>
      <distributor>Portmere Press Agency</distributor>
      <dateline><location>PORTMERE</location>, <story.date norm="20240506">May 6</story.date></dateline>
    </body.head>
    <body.content>
      <block>
        <p>The ferry of Portmere&nbsp;came back
           to its <em>pier</em> on Monday<!-- a note -->, the harbour office said.</p>
        <media media-type="image"><media-caption><p>The ferry, seen from the quay.</p></media-caption></media>
        <hl2>A chair for it</hl2>
        <p>“We kept a chair for it,” said Ada Quill.</p>
        <table><tr><td>Saltby</td><td>3</td></tr><tr><td>Quillmere</td><td>1</td></tr></table>
      </block>
    </body.content>
    <body.end><tagline>Editing by Nobody.</tagline></body.end>
  </body>
</nitf>"""
STORY = (
    "The ferry of Portmere came back to its pier on Monday, the harbour office said.\n\nA chair for it\n\n"
    "“We kept a chair for it,” said Ada Quill.\n\nSaltby 3\n\nQuillmere 1"
)


def item(content: str, *, guid: str, version: int = 1, meta: str = "", about: str = "") -> str:
    return f"""<newsItem guid="{guid}" version="{version}" standard="NewsML-G2" standardversion="2.34"
      conformance="power" xml:lang="en" xmlns="http://iptc.org/std/nar/2006-10-01/">
    <catalogRef href="http://www.iptc.org/std/catalog/catalog.IPTC-G2-Standards_39.xml"/>
    <itemMeta><itemClass qcode="ninat:text"/><provider qcode="nprov:PPA"><name>Portmere Press Agency</name></provider>
      <versionCreated>2024-05-07T09:00:00Z</versionCreated>{meta}</itemMeta>
    <contentMeta><headline>Bell {guid} stolen</headline>{about}</contentMeta>
    <contentSet>{content}</contentSet></newsItem>"""


XHTML = """<inlineXML contenttype="application/xhtml+xml"><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title>
</head><body><p>The bell of Saltby was stolen on Sunday.</p><figure><p>The tower.</p></figure>
<p>It weighs 400 kilos.</p></body></html></inlineXML>"""
PLAIN = '<inlineData contenttype="text/plain">Fog closed the bay.\nThe mayor stayed at home.</inlineData>'
HTML = '<inlineData contenttype="text/html"><![CDATA[<p>The pier&nbsp;opens.</p><p>Cakes are free.</p>]]></inlineData>'
BARE_NITF = NITF[NITF.index("<nitf>") :].replace("<nitf>", '<nitf xmlns="http://iptc.org/std/NITF/2006-10-18/">')
PICTURE = '<remoteContent href="bell.jpg" contenttype="image/jpeg"/>'
TOPIC = '<subject qcode="x:1"><name>No</name></subject><subject qcode="medtop:20000106"><name>theft</name></subject>'
IMAGE = f'<inlineData contenttype="image/png" encoding="base64">{"A" * 900}</inlineData>'
MESSAGE = f"""<newsMessage xmlns="http://iptc.org/std/nar/2006-10-01/"><header><sent>2024-05-08T00:00:00Z</sent></header>
<itemSet>
{item(XHTML, guid="urn:ppa:1", about=f"<by>By JANE O'DOE and Otto Brink</by>{TOPIC}")}
{item(PICTURE, guid="urn:ppa:2")}
{item(PLAIN, guid="urn:ppa:3", version=4, meta="<firstCreated>2024-05-06T10:00:00Z</firstCreated>")}
{item(HTML + IMAGE, guid="urn:ppa:4", version=2)}
{item(PLAIN, guid="urn:ppa:5", meta='<pubStatus qcode="stat:canceled"/>')}
{item(f'<inlineXML contenttype="application/nitf+xml">{BARE_NITF}</inlineXML>', guid="urn:ppa:6")}
<packageItem guid="urn:ppa:7"><groupSet root="r"/></packageItem>
</itemSet></newsMessage>"""


def test_nitf(tmp_path: Path) -> None:
    path = tmp_path / "ferry.xml"
    path.write_text(NITF)
    (article,) = read(path)
    assert isinstance(article, Article)
    assert article.text == STORY
    assert (article.path, article.title, article.outlet) == (str(path), "Ferry returns & stays", "The Portmere Post")
    assert (article.authors, article.section) == (("Wren Falke", "Otto Brink"), "Harbour Desk")
    assert (article.published, article.published_source) == ("2024-05-07", "stated")
    assert (article.url, article.reasons) == ("https://post.example/ferry", {})


def test_nitf_of_an_agency_without_a_newspaper(tmp_path: Path) -> None:
    path = tmp_path / "ferry.nitf"
    lines = [line for line in NITF.split("\n") if not any(tag in line for tag in ("<pubdata", "<title>", "<hedline>"))]
    byline = "By <person>Wren Falke</person> and <person>Otto Brink</person>"
    text = "\n".join(lines).replace(byline, "BY WREN FALKE and ADA QUILL in Portmere")
    path.write_bytes(text.replace("UTF-8", "ISO-8859-1").replace("“", '"').replace("”", '"').encode("latin-1"))
    (article,) = read(path)
    assert isinstance(article, Article)
    assert (article.outlet, article.published) == ("Portmere Press Agency", "2024-05-06")
    assert (article.authors, article.headline) == (("Wren Falke", "Ada Quill"), None)


def test_the_lead_of_an_archive_is_not_told_twice(tmp_path: Path) -> None:
    path = tmp_path / "archive.xml"
    lead, more = "<p>The ferry is back.</p>", "<p>It was gone for a winter.</p>"
    blocks = f'<block class="lead_paragraph">{lead}</block><block class="full_text">{lead}{more}</block>'
    bylines = '<byline class="print_byline">By Wren Falke</byline><byline class="normalized_byline">Falke, W</byline>'
    path.write_text(f"<nitf><body><body.head>{bylines}</body.head><body.content>{blocks}</body.content></body></nitf>")
    (article,) = read(path)
    assert isinstance(article, Article)
    assert (article.text, article.authors) == ("The ferry is back.\n\nIt was gone for a winter.", ("Wren Falke",))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_newsml_message_of_many_items(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "message.xml"
    path.write_bytes(MESSAGE.encode(encoding))
    xhtml, plain, html, withdrawn, nitf = read(path)
    assert isinstance(withdrawn, Failure)
    told = "holds “Bell urn:ppa:5 stolen”, which its agency marked as canceled; delete it, and what you ingested."
    assert withdrawn.error == f"message.xml:4 {told}"
    assert isinstance(xhtml, Article)
    assert xhtml.text == "The bell of Saltby was stolen on Sunday.\n\nIt weighs 400 kilos."
    assert (xhtml.path, xhtml.title) == (f"{path}#urn:ppa:1", "Bell urn:ppa:1 stolen")
    assert (xhtml.outlet, xhtml.authors, xhtml.section) == (
        "Portmere Press Agency",
        ("Jane O'Doe", "Otto Brink"),
        "theft",
    )
    assert (xhtml.published, xhtml.updated, xhtml.reasons) == ("2024-05-07", None, {})
    assert isinstance(plain, Article)
    assert plain.text == "Fog closed the bay.\n\nThe mayor stayed at home."
    assert (plain.published, plain.updated) == ("2024-05-06", "2024-05-07")
    assert isinstance(html, Article)
    assert html.text == "The pier opens.\n\nCakes are free."
    assert (html.published, html.published_source, html.updated) == ("2024-05-07", "inferred", "2024-05-07")
    assert html.reasons["published"] == "The item gives only the day of its newest version, 2024-05-07."
    assert isinstance(nitf, Article)
    # The item says it of itself, its NITF the rest.
    assert (nitf.text, nitf.title, nitf.section) == (STORY, "Bell urn:ppa:6 stolen", "Harbour Desk")
    assert nitf.authors == ("Wren Falke", "Otto Brink")


def test_what_an_agency_holds_back_is_dated_by_the_day_it_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "item.xml"
    path.write_text(item(PLAIN, guid="urn:ppa:8", meta="<embargoed>2024-05-20T06:00:00Z</embargoed>"))
    (article,) = read(path)
    assert isinstance(article, Article)
    assert (article.published, article.path) == ("2024-05-20", str(path))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (item(PICTURE, guid="urn:ppa:9"), "holds no text in 1 items (pictures or packages?)"),
        ("<nitf><body><body.content><p>Cut off", "is damaged XML"),
        ("<nitf>" + "<block>" * 5_000, "its elements lie more than 200 deep"),
        ('<!DOCTYPE nitf [<!ENTITY s SYSTEM "file:///etc/passwd">]><nitf><body>&s;</body></nitf>', "declares entities"),
        ('<!--<nitf >--><!DOCTYPE n [<!ENTITY a "b">]><nitf><body>&a;</body></nitf>', "declares entities"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, content: str, why: str) -> None:
    path = tmp_path / "bad.xml"
    path.write_text(content)
    (failure,) = read(path)
    assert isinstance(failure, Failure)
    assert failure.error.startswith("bad.xml ")
    assert why in failure.error


def test_an_external_dtd_is_not_fetched_and_no_word_is_lost_for_it(tmp_path: Path) -> None:
    (tmp_path / "evil.dtd").write_text('<!ENTITY secret "told">')
    path = tmp_path / "ferry.xml"
    dtd = (tmp_path / "evil.dtd").as_uri()
    path.write_text(f'<!DOCTYPE nitf SYSTEM "{dtd}"><nitf><body><body.content>&secret;</body.content></body></nitf>')
    (failure,) = read(path)
    assert isinstance(failure, Failure)
    assert failure.error == (
        "ferry.xml uses &secret;, which stands for words that are not in the file; write them there."
    )


def test_a_folder_and_a_correction(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "wire"
    folder.mkdir()
    (folder / "message.xml").write_text(MESSAGE)
    (folder / "layout.xml").write_text("<layout/>")
    (folder / "ferry.xml").write_text(NITF)
    assert discover([folder])[0] == [folder / "ferry.xml", folder / "message.xml"]
    report = library.ingest([folder])
    assert (report.added, len(report.failed)) == (5, 1)
    (folder / "message.xml").write_text(MESSAGE.replace("400 kilos", "600 kilos"))
    report = library.ingest([folder])
    assert (report.added, report.updated, report.unchanged, report.removed) == (0, 1, 4, 0)
