"""Word documents: their words in order, what they say of themselves, and what is wrong with some."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml

from tests.reading import failed, one, put

STORY = "The ferry of Portmere came back to its pier on Monday after a winter of repairs, the harbour office said."
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R, _R = "<w:r><w:t>", "</w:t></w:r>"


def document(**properties: object):  # type: ignore[no-untyped-def]
    made = docx.Document()
    known = made.core_properties
    known.author, known.comments, known.created = "Ada Quill", "", datetime(2024, 4, 29, 10)
    for name, value in properties.items():
        setattr(known, name, value)
    return made


def saved(made, path: Path) -> Path:  # type: ignore[no-untyped-def]
    made.save(str(path))
    return path


def with_body(path: Path, body: str) -> Path:
    """A document with this WordprocessingML between its first and its last paragraph."""
    made = document()
    made.add_paragraph("First.")
    for element in parse_xml(f"<w:body {W}>{body}</w:body>"):
        made.element.body.insert_element_before(element, "w:sectPr")
    made.add_paragraph("Last.")
    return saved(made, path)


def rewritten(path: Path, change) -> Path:  # type: ignore[no-untyped-def]
    """The archive with each part as `change(name, content)` gives it; None leaves it out."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: change(name, archive.read(name)) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            if content is not None:
                archive.writestr(name, content)
    return path


def test_paragraphs_headings_and_cells_in_order(tmp_path: Path) -> None:
    made = document()
    made.add_heading("Ferry returns", 0)
    made.add_paragraph(STORY)
    made.add_heading("What it costs", 2)
    table = made.add_table(2, 2)
    for cell, words in zip([*table.row_cells(0), *table.row_cells(1)], ("Fare", "Price", "Adult", "4.20"), strict=True):
        cell.text = words
    layout = made.add_table(1, 2)
    layout.cell(0, 0).text = "Left column.\nIts second line."
    layout.cell(0, 1).text = "Right column."
    made.add_paragraph("It left at dawn.")
    article = one(saved(made, tmp_path / "story.docx"))
    assert article.text.split("\n\n") == [
        *("Ferry returns", STORY, "What it costs", "Fare | Price", "Adult | 4.20"),
        *("Left column.", "Its second line.", "Right column.", "It left at dawn."),
    ]
    start = article.text.index(STORY)
    assert article.text[start : start + len(STORY)] == STORY


def test_what_the_document_says_of_itself(tmp_path: Path) -> None:
    made = document(title="Draft 3", author="Ada Quill; Bo Tern")
    made.add_heading("Ferry returns", 0)
    made.add_paragraph(STORY)
    article = one(saved(made, tmp_path / "story.docx"))
    assert (article.title, article.authors) == ("Ferry returns", ("Ada Quill", "Bo Tern"))
    assert (article.published, article.published_source) == ("2024-04-29", "inferred")
    assert article.inferred == ("authors", "published")
    assert article.reasons["authors"] == "The Word document was made by “Ada Quill; Bo Tern”."
    assert article.reasons["published"] == "The Word document was made on 2024-04-29."


def test_a_byline_and_a_sidecar_come_before_the_account(tmp_path: Path) -> None:
    made = document(author="Desk Four")
    for words in ("Ferry returns", "By Ada Quill", STORY):
        made.add_paragraph(words)
    path = saved(made, tmp_path / "story.docx")
    assert one(path).authors == ("Ada Quill",)
    put(tmp_path / "story.json", '{"authors": ["Cy Mole"], "published": "2024-05-01"}')
    article = one(path)
    assert (article.authors, article.published, article.published_source) == (("Cy Mole",), "2024-05-01", "stated")


@pytest.mark.parametrize(
    ("heading", "title", "expected"),
    [
        (1, "", "Ferry returns"),
        (1, "Draft 3", "Ferry returns"),
        (None, "Draft 3", "Draft 3"),
        (None, "Document1", None),
    ],
)
def test_headlines(tmp_path: Path, heading: int | None, title: str, expected: str | None) -> None:
    made = document(title=title)
    if heading is not None:
        made.add_heading("Ferry returns", heading)
    made.add_paragraph(STORY)
    made.add_heading("What it costs", 1)  # not above the story
    made.add_paragraph(STORY)
    assert one(saved(made, tmp_path / "story.docx")).headline == expected


@pytest.mark.parametrize("author", ["python-docx", "Microsoft Office User", "user", "Windows User", ""])
def test_an_account_is_no_author(tmp_path: Path, author: str) -> None:
    made = document(author=author)
    made.add_paragraph(STORY)
    assert one(saved(made, tmp_path / "story.docx")).authors == ()


def test_a_document_without_properties(tmp_path: Path) -> None:
    made = document()
    made.add_paragraph(STORY)
    path = rewritten(
        saved(made, tmp_path / "story.docx"),
        lambda name, content: None if "core" in name else content.replace(b"metadata/core-properties", b"other"),
    )
    article = one(path)
    assert (article.text, article.headline, article.authors, article.published) == (STORY, None, (), None)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (f"<w:p><w:ins>{R}New {_R}</w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del></w:p>", "New"),
        (f"<w:p><w:moveFrom>{R}Here. {_R}</w:moveFrom>{R}Stays.{_R}</w:p>", "Stays."),
        (f"<w:sdt><w:sdtContent><w:p>{R}In a control.{_R}</w:p></w:sdtContent></w:sdt>", "In a control."),
        (f"<w:p><w:hyperlink>{R}A link{_R}</w:hyperlink>{R} in it.{_R}</w:p>", "A link in it."),
        (f"<w:p>{R}a</w:t><w:tab/><w:t>b</w:t><w:noBreakHyphen/><w:t>c{_R}</w:p>", "a b-c"),
        (f"<w:p><w:r><w:instrText>PAGE</w:instrText></w:r>{R}Seven.{_R}</w:p>", "Seven."),
        (f"<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>Say it sank. {_R}{R}Shown.{_R}</w:p>", "Shown."),
        (f'<w:p><w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>Shown.{_R}</w:p>', "Shown."),
        (
            f"<w:p>{R}Beside.{_R}<w:r><w:pict><w:txbxContent><w:p>{R}Boxed.{_R}</w:p></w:txbxContent></w:pict></w:r></w:p>",
            "Beside.\n\nBoxed.",
        ),
    ],
)
def test_what_is_shown_is_read(tmp_path: Path, body: str, words: str) -> None:
    assert one(with_body(tmp_path / "story.docx", body)).text == f"First.\n\n{words}\n\nLast."


def test_a_strict_document_is_read(tmp_path: Path) -> None:
    made = document()
    made.add_heading("Ferry returns", 0)
    made.add_paragraph(STORY)

    def strict(name: str, content: bytes) -> bytes:
        content = content.replace(
            b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
            b"http://purl.oclc.org/ooxml/wordprocessingml/main",
        )
        return content.replace(
            b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        )

    article = one(rewritten(saved(made, tmp_path / "story.docx"), strict))
    assert (article.title, article.text) == ("Ferry returns", f"Ferry returns\n\n{STORY}")


def test_a_target_that_is_not_there_costs_nothing(tmp_path: Path) -> None:
    made = document()
    made.add_paragraph(STORY)
    broken = b'<Relationship Id="rId99" Type="http://x/image" Target="NULL"/></Relationships>'
    path = rewritten(
        saved(made, tmp_path / "story.docx"),
        lambda name, content: content.replace(b"</Relationships>", broken) if "document.xml.rels" in name else content,
    )
    assert one(path).text == STORY


# --- What cannot be read


def test_a_document_with_a_password(tmp_path: Path) -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "EncryptedPackage".encode("utf-16-le") + bytes(500)
    error = failed(put(tmp_path / "story.docx", data))
    assert error == "story.docx is encrypted; save a copy of it without a password."
    error = failed(put(tmp_path / "old.docx", data.replace("Encrypted".encode("utf-16-le"), b"")))
    assert error == "old.docx is an old office document under a new name; open it and save it as .docx."


def test_a_damaged_document(tmp_path: Path) -> None:
    made = document()
    made.add_paragraph(STORY)
    whole = saved(made, tmp_path / "story.docx").read_bytes()
    flipped = bytearray(whole)
    place = whole.index(b"word/document.xml") + 100
    flipped[place : place + 40] = bytes(40)
    for data in (whole[: len(whole) // 2], b"", b"The ferry is back.", bytes(flipped)):
        error = failed(put(tmp_path / "story.docx", data))
        assert error.startswith("story.docx is damaged, or no .docx file (")
        assert error.endswith("; save it anew.")


def test_another_archive_under_the_name(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("content.xml", "<office:text/>")
    error = failed(put(tmp_path / "story.docx", file.getvalue()))
    assert error == "story.docx is no Word document, though it is named so; open it and save it as .docx."


@pytest.mark.parametrize("lie", [False, True])
def test_an_archive_that_unpacks_without_end_is_stopped(tmp_path: Path, lie: bool) -> None:
    made = document()
    made.add_paragraph(STORY)
    path = saved(made, tmp_path / "story.docx")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("word/more.xml", "w") as file:
        for _ in range(60):
            file.write(bytes(2**20))
    assert path.stat().st_size < 200_000
    if lie:  # says that it is small
        data = path.read_bytes()
        put(path, data.replace((60 * 2**20).to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    error = failed(path)
    wanted = "is damaged, or no .docx file (BadZipFile" if lie else "unpacks to more than 50 MB of text; split it."
    assert wanted in error


def test_entities_come_to_nothing(tmp_path: Path) -> None:
    made = document()
    made.add_paragraph(STORY)
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(12))

    def swollen(name: str, content: bytes) -> bytes:
        if name != "word/document.xml":
            return content
        content = content.replace(b"<w:document", f"<!DOCTYPE w [{lol}]><w:document".encode(), 1)
        return content.replace(b"The ferry", b"&l11;The ferry")

    error = failed(rewritten(saved(made, tmp_path / "story.docx"), swollen))
    assert error.startswith("story.docx is damaged, or no .docx file (")
