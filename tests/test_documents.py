"""ODT, RTF and EPUB: their words in order, what they say of themselves, and what is wrong with some."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import pytest

from rag.ingest.articles import read
from rag.types import Article
from tests.reading import failed, one, put

STORY = "The ferry of Portmere came back to its pier on Monday after a winter of repairs, the harbour office said."
ODT = "application/vnd.oasis.opendocument.text"
_NS = "".join(
    f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
    for name, long in (
        ("office", "office"),
        ("text", "text"),
        ("table", "table"),
        ("meta", "meta"),
        ("draw", "drawing"),
    )
)
META = (
    f'<office:document-meta{_NS} xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta><dc:title>Draft 3</dc:title>'
    "<meta:initial-creator>Ada Quill</meta:initial-creator><meta:creation-date>2024-04-29T10:00:00</meta:creation-date>"
    "</office:meta></office:document-meta>"
)


def archive(path: Path, parts: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return path


def odt(path: Path, body: str, **parts: str) -> Path:
    inner = f"<office:body><office:text>{body}</office:text></office:body>"
    content = f"<office:document-content{_NS}>{inner}</office:document-content>"
    known: dict[str, str | bytes] = {"mimetype": ODT, "content.xml": content, "meta.xml": META}
    return archive(path, {**known, **{name.replace("_", "/"): value for name, value in parts.items()}})


def test_odt(tmp_path: Path) -> None:
    article = one(
        odt(
            tmp_path / "story.odt",
            f'<text:h text:outline-level="1">Ferry returns</text:h><text:p>{STORY}</text:p>'
            "<table:table><table:table-row><table:table-cell><text:p>Adult</text:p></table:table-cell><table:table-cell>"
            "<text:p>4.20</text:p></table:table-cell></table:table-row></table:table>"
            "<text:list><text:list-item><text:p>It left<text:s text:c='2'/>at<text:line-break/>dawn.</text:p>"
            "</text:list-item></text:list>",
        )
    )
    assert article.text.split("\n\n") == ["Ferry returns", STORY, "Adult | 4.20", "It left at", "dawn."]
    assert (article.title, article.authors, article.published) == ("Ferry returns", ("Ada Quill",), "2024-04-29")
    assert article.inferred == ("authors", "published")


@pytest.mark.parametrize(
    "unseen",
    [
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>Sank.</text:p></text:deletion>"
        "</text:changed-region></text:tracked-changes>",
        "<text:p>The ferry<text:note><text:note-body><text:p>Sank.</text:p></text:note-body></text:note></text:p>",
        "<text:p>The ferry<office:annotation><text:p>Sank.</text:p></office:annotation></text:p>",
        "<text:p>The ferry<text:hidden-text>Sank.</text:hidden-text></text:p>",
    ],
)
def test_what_is_no_story_in_an_odt(tmp_path: Path, unseen: str) -> None:
    assert "Sank" not in one(odt(tmp_path / "story.odt", f"{unseen}<text:p>{STORY}</text:p>")).text


def test_odt_that_cannot_be_read(tmp_path: Path) -> None:
    locked = "<manifest><file-entry><manifest:encryption-data/></file-entry></manifest>"
    error = failed(odt(tmp_path / "story.odt", "<text:p>x</text:p>", **{"META-INF_manifest.xml": locked}))
    assert error == "story.odt is encrypted; save a copy of it without a password."
    sheet = odt(tmp_path / "sheet.odt", "", mimetype="application/vnd.oasis.opendocument.spreadsheet")
    assert failed(sheet) == "sheet.odt is no OpenDocument text, though it is named so; open it and save it as .odt."
    whole = odt(tmp_path / "story.odt", f"<text:p>{STORY}</text:p>").read_bytes()
    for data in (whole[: len(whole) // 2], b"", b"The ferry is back."):
        assert failed(put(tmp_path / "story.odt", data)).startswith("story.odt is damaged, or no .odt file (")
    assert failed(odt(tmp_path / "empty.odt", "")) == "empty.odt has no text; leave it out, or fill it."


def test_entities_of_an_odt_come_to_nothing(tmp_path: Path) -> None:
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(12))
    path = odt(tmp_path / "story.odt", f"<text:p>{STORY}</text:p>")
    with zipfile.ZipFile(path) as file:
        content = file.read("content.xml").decode()
    content = f"<!DOCTYPE x [{lol}]>" + content.replace("The ferry", "&l11;The ferry")
    (item,) = read(archive(path, {"mimetype": ODT, "content.xml": content}))
    assert not isinstance(item, Article) or len(item.text) < 2 * len(STORY)


def packed_zeros(path: Path, name: str, parts: dict[str, str | bytes]) -> Path:
    archive(path, parts)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file, file.open(name, "w") as part:
        for _ in range(60):
            part.write(b" " * 2**20)
    assert path.stat().st_size < 200_000
    return path


def test_archives_that_unpack_without_end_are_stopped(tmp_path: Path) -> None:
    wanted = "unpacks to more than 50 MB of text; split it."
    assert failed(packed_zeros(tmp_path / "story.odt", "content.xml", {"mimetype": ODT})).endswith(wanted)
    assert failed(packed_zeros(tmp_path / "story.epub", "a.xhtml", {"mimetype": "x"})).endswith(wanted)
    many = {f"{n}.xhtml": "" for n in range(20_001)}
    error = failed(archive(tmp_path / "many.epub", many))
    assert error == "many.epub packs 20,001 parts, more than the 20,000 that are read; split it."


# --- RTF


def rtf(path: Path, body: str, head: str = "") -> Path:
    return put(path, rf"{{\rtf1\ansi\ansicpg1252\deff0{{\fonttbl{{\f0 Arial;}}}}{head}\f0 {body}}}".encode("latin-1"))


def test_rtf(tmp_path: Path) -> None:
    about = r"{\info{\title Ferry is back}{\author Ada Quill}{\creatim\yr2024\mo4\dy29\hr10}}"
    link = r'{\field{\*\fldinst{HYPERLINK "https://x.example"}}{\fldrslt the pier}}'
    body = (
        rf"Ferry returns\par {STORY}\par The caf\'e9 \u8212? and {link} {{\b are}} open{{\v , say nobody}}.\par"
        r"\trowd Adult\cell 4.20\cell\row It left at dawn.{\footnote Sank.}{\pict 89504e47" + "00ff" * 500 + "}"
    )
    article = one(rtf(tmp_path / "story.rtf", body, about))
    assert article.text.split("\n\n") == [
        *("Ferry returns", STORY, "The café — and the pier are open.", "Adult | 4.20", "It left at dawn."),
    ]
    assert (article.title, article.authors, article.published) == ("Ferry is back", ("Ada Quill",), "2024-04-29")
    assert article.inferred == ("authors", "published")


def test_rtf_in_other_letters(tmp_path: Path) -> None:
    data = rb"{\rtf1\ansi\ansicpg1251 \'cf\'e0\'f0\'ee\'ec \'e2\'e5\'f0\'ed\'f3\'eb\'f1\'ff. \u-10179?\u-8704? \u1087?}"
    assert one(put(tmp_path / "story.rtf", data)).text == "Паром вернулся. 😀 п"


def test_rtf_that_cannot_be_read(tmp_path: Path) -> None:
    error = failed(put(tmp_path / "story.rtf", STORY))
    assert error == "story.rtf is no RTF document, though it is named so; open it and save it as .rtf."
    assert failed(rtf(tmp_path / "story.rtf", "")) == "story.rtf has no text; leave it out, or fill it."
    whole = rtf(tmp_path / "story.rtf", STORY * 3).read_bytes()
    assert one(put(tmp_path / "cut.rtf", whole[:-150])).text.startswith(STORY)


@pytest.mark.parametrize(
    "data",
    [
        rb"{\rtf1 " + rb"{\field{\*\fldinst{HYPERLINK " * 20_000,
        rb"{\rtf1 {\fonttbl" + rb"\f0" * 300_000,
        rb"{\rtf1 {" + rb"\v" * 300_000,
        rb"{\rtf1 " + b"{" * 300_000,
    ],
    ids=["links", "fonts", "hidden", "groups"],
)
def test_rtf_that_is_built_to_exhaust_its_reader(tmp_path: Path, data: bytes) -> None:
    start = time.process_time()
    failed(put(tmp_path / "story.rtf", data))
    assert time.process_time() - start < 20


# --- EPUB

CONTAINER = '<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>'


def epub(path: Path, *documents: str, more: str = "", **parts: str) -> Path:
    items = "".join(f'<item id="d{n}" href="text/d%20{n}.xhtml"/>' for n in range(len(documents)))
    spine = "".join(f'<itemref idref="d{n}"/>' for n in range(len(documents)))
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
        "<dc:title>Quay Gazette [Thu, 09 May 2024]</dc:title><dc:creator>Ada Quill</dc:creator><dc:creator>Bo Tern"
        f"</dc:creator><dc:publisher>Quay Press</dc:publisher><dc:date>2024-05-09</dc:date>{more}</metadata><manifest>"
        f'{items}<item id="nav" href="nav.xhtml" properties="nav"/></manifest><spine><itemref idref="nav"/>'
        f"{spine}</spine></package>"
    )
    texts = {f"OPS/text/d {n}.xhtml": page(body) for n, body in enumerate(documents)}
    known = {"mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER, "OPS/book.opf": package}
    return archive(path, {**known, "OPS/nav.xhtml": page("<nav>Contents</nav>"), **texts, **parts})


def page(body: str) -> str:
    head = '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head>'
    return f"{head}<body>{body}</body></html>"


PERIODICAL = '<meta name="calibre:publication_type" content="periodical:unknown:Quay Gazette"/>'


def test_a_book_is_one_article(tmp_path: Path) -> None:
    chapters = [f"<h1>Chapter {n}</h1><p>{STORY}</p><div class='navbar'>Next</div>" for n in (1, 2)]
    article = one(epub(tmp_path / "book.epub", *chapters))
    assert article.text.split("\n\n") == ["Chapter 1", STORY, "Chapter 2", STORY]
    assert (article.title, article.outlet) == ("Quay Gazette [Thu, 09 May 2024]", "Quay Press")
    assert (article.authors, article.published) == (("Ada Quill", "Bo Tern"), "2024-05-09")


def test_a_periodical_gives_each_article(tmp_path: Path) -> None:
    stories = [f"<h2>{title}</h2><p>{STORY} {STORY}</p>" for title in ("Ferry returns", "Pies sold")]
    path = epub(tmp_path / "gazette.epub", "<ul><li>Ferry returns</li></ul>", *stories, more=PERIODICAL)
    found = [item for item in read(path) if isinstance(item, Article)]
    assert [article.title for article in found] == ["Ferry returns", "Pies sold"]
    assert {(article.outlet, article.published) for article in found} == {("Quay Gazette", "2024-05-09")}
    assert found[0].path == f"{path}#OPS/text/d 1.xhtml"


def test_a_sidecar_of_a_book(tmp_path: Path) -> None:
    put(tmp_path / "book.json", '{"title": "Ferry returns"}')
    assert one(epub(tmp_path / "book.epub", f"<p>{STORY}</p>")).title == "Ferry returns"


def test_epub_that_cannot_be_read(tmp_path: Path) -> None:
    locked = '<encryption><CipherReference URI="OPS/text/d%200.xhtml"/></encryption>'
    error = failed(epub(tmp_path / "a.epub", f"<p>{STORY}</p>", **{"META-INF/encryption.xml": locked}))
    assert error == "a.epub is protected against copying; save a copy of it that is not."
    assert failed(archive(tmp_path / "a.epub", {"a.txt": "x"})).startswith("a.epub is no e-book, though it is named so")
    assert failed(epub(tmp_path / "a.epub", "<p></p>")) == "a.epub has no text; leave it out, or fill it."
    whole = epub(tmp_path / "a.epub", f"<p>{STORY}</p>").read_bytes()
    for data in (whole[: len(whole) // 2], b"", b"The ferry is back."):
        assert failed(put(tmp_path / "a.epub", data)).startswith("a.epub is damaged, or no .epub file (")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("META-INF/container.xml", CONTAINER)
        file.writestr("OPS/book.opf", "<package")
    assert failed(put(tmp_path / "a.epub", out.getvalue())).startswith("a.epub is damaged, or no .epub file (")
