"""Mails, one in a file or many: what their headers state, which of their parts is the text, and what is passed over."""

from __future__ import annotations

import base64
import time
from email.message import EmailMessage
from pathlib import Path

import pytest

from rag.ingest.articles import read
from rag.types import Article, Failure
from tests.reading import failed, one, put
from tests.test_articles import JAPANESE

STORY = "The ferry of Portmere came back to its pier on Monday, the harbour office said.\n\nPies were sold – again.\n"
HTML = f"<html><body><p style='display:none'>Seen by nobody</p><p>{STORY[:80]}</p><p>Pies.</p></body></html>"


def mail(text: str | None = STORY, html: str | None = None, **headers: str) -> EmailMessage:
    message = EmailMessage()
    known = {"Subject": "Ferry returns", "From": "Ada Quill <ada@gazette.example>"}
    for name, value in {**known, "Date": "Mon, 29 Apr 2024 23:30:00 -0500", **headers}.items():
        message[name] = value
    if text is not None:
        message.set_content(text)
    if html is not None:
        (message.set_content if text is None else message.add_alternative)(html, subtype="html")
    return message


def test_a_mail(tmp_path: Path) -> None:
    article = one(put(tmp_path / "story.eml", mail(html=HTML).as_bytes()))
    assert article.text == STORY.rstrip("\n")
    assert (article.title, article.authors) == ("Ferry returns", ("Ada Quill",))
    assert (article.published, article.published_source) == ("2024-04-29", "stated")
    assert article.reasons == {}


def test_encoded_headers_and_parts(tmp_path: Path) -> None:
    """RFC 2047 in the header, quoted-printable text beside HTML in base64."""
    data = (
        "Subject: =?utf-8?q?F=C3=A4hre?= =?iso-8859-1?q?_zur=FCck?=\r\n it is\r\n"
        "From: =?utf-8?q?Zo=C3=AB_Quill?= <z@g.example>, b@g.example\r\nDate: 29 Apr 2024 10:00:00 GMT\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="x"\r\n\r\n'
        "--x\r\nContent-Type: text/plain; charset=windows-1252\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        "It=92s open now, a long line that is so=\r\nft and goes on =97 caf=E9.\r\n"
        "--x\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        f"{base64.b64encode(HTML.encode()).decode()}\r\n--x--\r\n"
    )
    article = one(put(tmp_path / "story.eml", data))
    assert article.text == "It’s open now, a long line that is soft and goes on — café."
    assert article.title == "Fähre zurück it is"
    assert article.authors == ("Zoë Quill", "b@g.example")


def test_html_where_the_plain_text_only_points_at_it(tmp_path: Path) -> None:
    rows = f"<table><tr><td><h1>Ferry</h1><p>{STORY[:80]}</p></td></tr><tr><td>{STORY[80:] * 6}</td></tr></table>"
    for message in (mail("View in your browser\n", rows), mail(None, rows)):
        article = one(put(tmp_path / "story.eml", message.as_bytes()))
        assert article.text.startswith(f"Ferry\n\n{STORY[:79]}")
        assert "browser" not in article.text
    assert "nobody" not in one(put(tmp_path / "story.eml", mail(None, HTML).as_bytes())).text


def test_what_is_attached_is_named(tmp_path: Path) -> None:
    message = mail()
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="Übersicht.pdf")
    message.add_attachment(mail("The pies sank."))
    article = one(put(tmp_path / "story.eml", message.as_bytes()))
    assert article.text == STORY.rstrip("\n")
    assert article.reasons["attachments"] == "Attached to the mail and not read: Übersicht.pdf, Ferry returns."
    message = mail("")
    message.add_attachment("The ferry.", filename="story.txt")
    error = failed(put(tmp_path / "story.eml", message.as_bytes()))
    assert error == "story.eml holds no text beside what is attached to it (story.txt); save that as a file."


def test_text_around_an_attachment_is_all_read(tmp_path: Path) -> None:
    message = mail("Before.\n")
    message.make_mixed()
    message.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="a.png")
    after = EmailMessage()
    after.set_content("After.\n")
    message.attach(after)
    assert one(put(tmp_path / "story.eml", message.as_bytes())).text == "Before.\n\nAfter."


def test_wrapped_lines_are_joined_where_the_mail_says_so(tmp_path: Path) -> None:
    head = "Subject: F\nContent-Type: text/plain; format=flowed\n\n"
    data = f"{head}The ferry of \nPortmere is \nback.\n From here.\n-- \nAda\n"
    assert one(put(tmp_path / "story.eml", data)).text == "The ferry of Portmere is back.\nFrom here.\n-- \nAda"


def test_a_charset_that_is_ascii_in_bytes(tmp_path: Path) -> None:
    head = b"Subject: F\nContent-Type: text/plain; charset=iso-2022-jp\n\n"
    assert one(put(tmp_path / "story.eml", head + JAPANESE.encode("iso-2022-jp"))).text == JAPANESE.strip()
    assert one(put(tmp_path / "story.txt", JAPANESE.encode("iso-2022-jp"))).text == JAPANESE


@pytest.mark.parametrize("charset", ["x-unknown", "hex", "undefined", "utf-8\0", ""])
def test_a_charset_that_is_none(tmp_path: Path, charset: str) -> None:
    data = f"Subject: F\nContent-Type: text/plain; charset={charset}\n\nThe café.\n"
    assert one(put(tmp_path / "story.eml", data)).text == "The café."


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("The ferry is back.\n", "is no mail: it has none of From, Subject and Date"),
        ("", "is no mail"),
        ("Subject: F\n\n\n", "has no text"),
        ("Subject: F\nContent-Type: multipart/encrypted; boundary=x\n\n--x\n\nabc\n--x--\n", "is encrypted"),
        ("Subject: F\nContent-Type: application/pkcs7-mime\n\nabc\n", "is encrypted"),
    ],
)
def test_what_is_no_mail_or_has_no_text(tmp_path: Path, data: str, why: str) -> None:
    assert why in failed(put(tmp_path / "story.eml", data))


@pytest.mark.parametrize(
    "data",
    [
        "Subject: " + "=?utf-8?q?a?= " * 100_000 + "\n\nThe ferry.\n",
        "Subject: F\nFrom: " + "a@b.example, " * 100_000 + "\n\nThe ferry.\n",
        "Subject: F\nFrom: " + "(" * 100_000 + "\n\nThe ferry.\n",
        "Subject: F\nFrom: <<>>,;:@[\nDate: never\n\nThe ferry.\n",
        "Subject: F\n" + "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(1000)),
    ],
)
def test_a_hostile_mail_is_no_crash(tmp_path: Path, data: str) -> None:
    start = time.process_time()
    (item,) = read(put(tmp_path / "story.eml", data))
    assert isinstance(item, Article | Failure)
    assert time.process_time() - start < 10


# --- Mailboxes


def test_each_mail_of_a_mailbox_is_an_article(tmp_path: Path) -> None:
    said = "It came.\n\nFrom the pier on Mon it was seen.\n\n>From here too.\n"
    path = put(
        tmp_path / "wire.mbox",
        b"From - Mon Apr 29 10:00:00 2024\n"
        + mail(said, **{"Message-ID": "<1@g.example>"}).as_bytes()
        + b"\nFrom 17@xxx Mon Apr 29 12:00:00 +0000 2024\r\n"
        + mail("Pies.\n", Subject="Second").as_bytes().replace(b"\n", b"\r\n")
        + b"\r\nFrom a@b.example Tue Apr  9 12:00:00 2024\nSubject: Empty\n\n\n"
        + b"From a@b.example Tue Apr  9 12:00:00 2024\n"
        + mail("Again.\n", **{"Message-ID": "<1@g.example>"}).as_bytes(),
    )
    items = list(read(path))
    found = [item for item in items if isinstance(item, Article)]
    assert [article.path.rpartition("#")[2] for article in found] == ["1@g.example", "2", "4"]
    assert found[0].text == "It came.\n\nFrom the pier on Mon it was seen.\n\nFrom here too."
    assert [article.title for article in found] == ["Ferry returns", "Second", "Ferry returns"]
    (failure,) = (item for item in items if isinstance(item, Failure))
    assert failure.error == "wire.mbox:3 has no text; leave it out, or fill it."


def test_a_mailbox_that_is_none(tmp_path: Path) -> None:
    for data in ("", "The ferry.\n", "From the pier they came.\n"):
        assert failed(put(tmp_path / "wire.mbox", data)).startswith("wire.mbox is no mailbox: ")


def test_one_mail_that_is_too_large_stands_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.ingest.mail.MAX_BYTES", 2**20)
    start = b"From - Mon Apr 29 10:00:00 2024\n"
    large = mail("x" * 70 + "\n" + ("y" * 70 + "\n") * 30_000).as_bytes()
    failure, article = read(put(tmp_path / "wire.mbox", start + large + b"\n" + start + mail().as_bytes()))
    assert isinstance(failure, Failure)
    assert failure.error == "wire.mbox:1 is 2.0 MB, more than the 1 MB that are read."
    assert isinstance(article, Article)
