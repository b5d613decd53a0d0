"""PDF: what is printed becomes text in the order in which it is read, and each page keeps its place in it."""

from __future__ import annotations

import resource
import zlib
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

import pytest
from fpdf import FPDF

from rag.types import Place
from tests.reading import failed, one, put

LONG = (
    "The ferry of Portmere came back to its pier on Monday after a winter of repairs that took the harbour office far "
    "longer than anyone on the quay had planned for in the autumn."
)
LEFT = [
    *("The harbour board of Saltby voted seven to", "two on Wednesday night to close the north"),
    *("pier until repairs are paid for. Wren Falke,", "who chairs the board, said the work would"),
    *("cost 4.2 million pounds and could not wait", "for another winter."),
]
RIGHT = [
    *("Ferry fares rise in June. The North Line said", "on Thursday that a single ticket will cost"),
    *("nine per cent more from the first of June.", "The company blamed the price of fuel."),
]
Text = tuple[float, float, str]
"""Where some words stand, in millimetres from the upper left corner."""


def make_pdf(path: Path, *pages: str, author: str = "Ada Quill; Bo Tern", **more: str) -> Path:
    """A PDF with a text on each page; `title`, `password` and `cipher` as named."""
    pdf = FPDF()
    pdf.set_creation_date(datetime(2024, 4, 29, 23, 0, tzinfo=timezone.utc))
    pdf.set_font("Helvetica", size=12)
    if "title" in more:
        pdf.set_title(more["title"])
        pdf.set_author(author)
    if "password" in more:
        cipher = more.get("cipher", "RC4")
        pdf.set_encryption(owner_password="owner", user_password=more["password"], encryption_method=cipher)
    for text in pages:
        pdf.add_page()
        pdf.multi_cell(150, 6, text)
    pdf.output(str(path))
    return path


def drawn(path: Path, *pages: Sequence[Text], size: float = 10) -> Path:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=size)
    for texts in pages:
        pdf.add_page()
        for x, y, words in texts:
            pdf.text(x, y, words)
    pdf.output(str(path))
    return path


def column(x: float, lines: Sequence[str], y: float = 40, step: float = 5) -> list[Text]:
    return [(x, y + step * n, line) for n, line in enumerate(lines)]


def pages_of(places: tuple[Place, ...]) -> list[tuple[int, int | None]]:
    return [(place.start, place.page) for place in places]


# --- Text


def test_pages_and_properties(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "story.pdf", f"Ferry returns\n\n{LONG}\n\nPies were sold.", LONG, title="Ferry is back")
    article = one(path)
    assert article.text == f"Ferry returns\n\n{LONG}\n\nPies were sold.\n\n{LONG}"
    assert pages_of(article.places) == [(0, 1), (len(article.text) - len(LONG), 2)]
    assert (article.title, article.authors) == ("Ferry is back", ("Ada Quill", "Bo Tern"))
    assert (article.published, article.published_source) == ("2024-04-29", "inferred")
    assert article.reasons == {
        "authors": "The PDF file was made by “Ada Quill; Bo Tern”.",
        "published": "The PDF file was made on 2024-04-29.",
    }


def test_the_name_of_an_account_is_inferred_and_a_byline_goes_before_it(tmp_path: Path) -> None:
    text = f"Ferry returns\n\nBy Cy Mole\n\n{LONG}"
    article = one(make_pdf(tmp_path / "story.pdf", LONG, title="Ferry", author="jsmith-laptop"))
    assert (article.authors, article.inferred) == (("jsmith-laptop",), ("authors", "published"))
    assert one(make_pdf(tmp_path / "story.pdf", text, title="Ferry", author="jsmith-laptop")).authors == ("Cy Mole",)
    assert one(make_pdf(tmp_path / "story.pdf", LONG, title="Ferry", author="Windows User")).authors == ()


@pytest.mark.parametrize("title", ["Microsoft Word - story.docx", "untitled", "layout_final.indd"])
def test_a_title_that_nobody_wrote(tmp_path: Path, title: str) -> None:
    assert one(make_pdf(tmp_path / "story.pdf", f"Ferry returns\n\n{LONG}", title=title)).title == "Ferry returns"


@pytest.mark.parametrize("is_across", [False, True], ids=["column by column", "row by row"])
def test_columns_are_read_one_after_the_other(tmp_path: Path, is_across: bool) -> None:
    texts = [*column(20, LEFT), *column(110, RIGHT)]
    if is_across:
        texts.sort(key=lambda text: text[1])
    head: list[Text] = [(20, 30, "Saltby closes pier and the fares of its ferries rise from the first of June")]
    below = column(20, ["Both stories are told in full on the pages that follow, the harbour board said."], y=80)
    article = one(drawn(tmp_path / "story.pdf", [*head, *texts, *below]))
    assert article.text.split("\n\n") == [head[0][2], " ".join(LEFT), " ".join(RIGHT), below[0][2]]


def test_three_columns_under_a_headline_over_two(tmp_path: Path) -> None:
    def lines(name: str) -> list[str]:
        return [f"{name} {n} of the harbour board was" for n in range(6)]

    texts = [*column(15, lines("First")), *column(80, lines("Second")), *column(145, lines("Third"), y=30)]
    texts = sorted(
        [*texts, (15, 30, "A headline of this story that runs over both of its columns")], key=lambda t: t[1]
    )
    text = one(drawn(tmp_path / "story.pdf", texts)).text
    marks = [text.index(words) for words in ("A headline", "First 0", "First 5", "Second 0", "Second 5", "Third 0")]
    assert marks == sorted(marks)


def test_the_rows_of_a_table_stay_rows(tmp_path: Path) -> None:
    rows = [("Fare", "Price"), ("Adult", "4.20"), ("Child", "2.10"), ("Dog", "1.00")]
    texts = [text for n, (a, b) in enumerate(rows) for text in ((20.0, 40.0 + 5 * n, a), (70.0, 40.0 + 5 * n, b))]
    assert "Adult 4.20" in one(drawn(tmp_path / "story.pdf", [*texts, *column(20, LEFT, y=80)])).text


def test_running_heads_and_page_numbers_leave(tmp_path: Path) -> None:
    def page(number: int, lines: Sequence[str]) -> list[Text]:
        return [(20, 15, "QUAY GAZETTE Thursday, May 9, 2024"), *column(20, lines), (100, 285, f"Page {number}")]

    article = one(drawn(tmp_path / "story.pdf", page(4, LEFT[:3]), page(5, LEFT[3:])))
    assert article.text == " ".join(LEFT)  # the sentence goes on over the end of the page
    assert pages_of(article.places) == [(0, 1), (article.text.index("who chairs"), 2)]
    assert (article.outlet, article.published) == ("QUAY GAZETTE", "2024-05-09")
    why = "“QUAY GAZETTE Thursday, May 9, 2024” stands on its pages."
    assert (article.reasons["outlet"], article.reasons["published"]) == (why, why)


def test_title_without_the_outlet_at_its_end(tmp_path: Path) -> None:
    path = make_pdf(
        tmp_path / "story.pdf", f"By Ada Quill, Quay Gazette\n\n{LONG}", title="Ferry is back | Quay Gazette"
    )
    assert (one(path).title, one(path).outlet) == ("Ferry is back", "Quay Gazette")
    path = make_pdf(tmp_path / "other.pdf", LONG, title="Ferry is back | Harbour")
    assert one(path).title == "Ferry is back | Harbour"


HEADS = {
    "the same": ["Quay Gazette, Thursday"] * 4,
    "numbered": [f"A{number} Quay Gazette" for number in range(1, 5)],
    "left and right": ["Quay Gazette", "Harbour and town"] * 2,
}


@pytest.mark.parametrize("at", ["head", "foot"])
@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("gap", [4.5, 6, 9])
def test_running_heads_close_to_the_text_leave(tmp_path: Path, name: str, gap: float, at: str) -> None:
    y = 15 + gap if at == "head" else 280 - gap - 5 * 2
    pages = [[*column(20, LEFT[n : n + 3], y=y), (20, 15 if at == "head" else 280, HEADS[name][n])] for n in range(4)]
    text = one(drawn(tmp_path / "story.pdf", *map(tuple, pages))).text
    assert "Quay" not in text
    assert "Harbour and town" not in text
    assert text.startswith(LEFT[0])


def test_lines_of_the_story_that_are_alike_on_two_pages_stay(tmp_path: Path) -> None:
    pages = [
        [*column(20, [LEFT[n], f"They counted {n} boats in the harbour", *LEFT[n + 1 : n + 3]], y=20)] for n in range(3)
    ]
    assert one(drawn(tmp_path / "story.pdf", *pages)).text.count("They counted") == 3


@pytest.mark.parametrize("number", ["7", "- 7 -", "vii", "7 of 12", "Page 7"])
def test_the_number_of_a_single_page_leaves(tmp_path: Path, number: str) -> None:
    assert one(drawn(tmp_path / "story.pdf", [*column(20, LEFT), (100, 285, number)])).text == " ".join(LEFT)


def test_words_that_stand_on_two_pages_are_no_running_head(tmp_path: Path) -> None:
    assert one(make_pdf(tmp_path / "story.pdf", LONG, LONG)).text == f"{LONG}\n\n{LONG}"
    whole = [(20.0, 40.0, "The ferry is back.")]
    assert one(drawn(tmp_path / "slip.pdf", whole, whole)).text == "The ferry is back.\n\nThe ferry is back."


@pytest.mark.parametrize(
    ("above", "below", "joined"),
    [
        ("The harbour board voted on Wednes-", "day to close the pier.", "on Wednesday to close"),
        ("The harbour board had a well-", "known pier to close there.", "a well-known pier"),
        ("They had a pier for forty-", "five years in that harbour.", "for forty-five years"),
        ("The board of the Anglo-", "Saltby line voted to close it.", "the Anglo-Saltby line"),
        ("It was for the season of 2024-", "25 that the board closed it.", "of 2024-25 that"),
        ("They spoke of the pre-", "and post-war piers of Saltby.", "the pre- and post-war piers"),
        ("The harbour board said that the five-", "year-old pier is closed.", "the five-year-old pier"),
        ("The pier was re-", "opened, the board said: re-opened.", "was re-opened, the"),
        ("It is a lighthouse by the light-", "house keeper, they said.", "by the lighthouse keeper"),
    ],
)
def test_words_that_a_line_end_divides(tmp_path: Path, above: str, below: str, joined: str) -> None:
    assert joined in one(drawn(tmp_path / "story.pdf", column(20, [above, below]))).text


def test_a_word_that_the_end_of_a_page_divides(tmp_path: Path) -> None:
    pages = [column(20, ["The harbour board of Saltby voted on Wednes-"]), column(20, ["day to close the north pier."])]
    article = one(drawn(tmp_path / "story.pdf", *pages))
    assert article.text == "The harbour board of Saltby voted on Wednesday to close the north pier."
    assert pages_of(article.places) == [(0, 1), (article.text.index("day to"), 2)]


def test_a_page_that_is_shown_turned(tmp_path: Path) -> None:
    import pypdfium2

    document = pypdfium2.PdfDocument(drawn(tmp_path / "plain.pdf", column(20, LEFT)))
    document[0].set_rotation(180)
    document.save(tmp_path / "turned.pdf")
    document.close()
    words = one(tmp_path / "turned.pdf").text.split()
    assert sorted(words) == sorted(" ".join(LEFT).split())


# --- What cannot be read


def test_pictures(tmp_path: Path) -> None:
    error = failed(make_pdf(tmp_path / "scan.pdf", "", ""))
    assert error == "scan.pdf has no text layer on its 2 pages (a scan?); run text recognition on it."


@pytest.mark.parametrize("cipher", ["RC4", "AES-128", "AES-256"])
def test_passwords(tmp_path: Path, cipher: str) -> None:
    assert one(make_pdf(tmp_path / "open.pdf", LONG, password="", cipher=cipher)).text == LONG
    error = failed(make_pdf(tmp_path / "story.pdf", LONG, password="secret", cipher=cipher))
    assert error == "story.pdf is encrypted; save a copy of it without a password."


@pytest.mark.parametrize("damage", [lambda data: data[:200], lambda data: b"The ferry is back.", lambda data: b""])
def test_damage(tmp_path: Path, damage: object) -> None:
    path = make_pdf(tmp_path / "story.pdf", LONG)
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    assert failed(path).startswith("story.pdf is damaged, or no .pdf file (")


SHOW = b"BT /F 12 Tf 50 700 Td (The ferry of Portmere came back.) Tj ET "


def raw_pdf(path: Path, kids: bytes, content: bytes, *forms: bytes) -> Path:
    """A PDF of one page, number 3, that draws `content`; `forms` are drawn by it and by each other as /X6, /X7, …"""

    def stream(more: bytes, data: bytes) -> bytes:
        packed = zlib.compress(data, 9)
        return b"<<%s/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream" % (more, len(packed), packed)

    names = b" ".join(b"/X%d %d 0 R" % (n, n) for n in range(6, 6 + len(forms)))
    known = b"/Resources<</Font<</F 5 0 R>>/XObject<<%s>>>>" % names
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count 2>>" % kids,
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R%s>>" % known,
        stream(b"", content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        *(stream(b"/Type/XObject/Subtype/Form/BBox[0 0 600 800]" + known, form) for form in forms),
    ]
    data, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(data))
    return put(path, data + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + end)


def test_a_page_tree_in_a_circle(tmp_path: Path) -> None:
    article = one(raw_pdf(tmp_path / "story.pdf", b"3 0 R 2 0 R", SHOW))
    assert article.text == "The ferry of Portmere came back."
    assert article.reasons["pages"] == "1 of its 2 pages could not be read: 2."


def test_a_drawing_that_draws_itself(tmp_path: Path) -> None:
    article = one(raw_pdf(tmp_path / "story.pdf", b"3 0 R", SHOW + b"/X6 Do", SHOW + b"/X6 Do"))
    assert article.text.startswith("The ferry of Portmere came back.")
    assert len(article.text) < 5000


def test_a_drawing_without_end(tmp_path: Path) -> None:
    forms = [b"/X%d Do " % (n + 1) * 10 for n in range(6, 17)]
    error = failed(raw_pdf(tmp_path / "story.pdf", b"3 0 R", b"/X6 Do", *forms, SHOW))
    assert error == "story.pdf is damaged, or no .pdf file (reading it takes too much time or memory); save it anew."


def test_500_pages_are_quick(tmp_path: Path) -> None:
    page = [*column(20, LEFT * 8, step=4), *column(110, RIGHT * 12, step=4), (20.0, 15.0, "QUAY GAZETTE")]
    path = drawn(tmp_path / "story.pdf", *[page] * 500, size=9)
    spent = [sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    article = one(path)
    now = [sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    assert sum(now) - sum(spent) < 60
    assert (len(article.places), article.places[-1].page) == (500, 500)
    assert "QUAY" not in article.text
