"""Mails that carry other mails: one that is forwarded is the story; what is quoted for a reply is marked."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest

from rag import Library
from rag.types import Article
from tests.reading import one, put
from tests.test_mail import mail

STORY = "The harbour board of Saltby voted on Wednesday to close the north pier.\n\nIt opens again in June."
FROM = "Wren Falke <wren@quay.example>"
HEADER = f"From: {FROM}\nDate: Wed, 8 May 2024 at 22:28\nSubject: Saltby closes pier\nTo: <otto@quay.example>\n"
SENT = {"From": "Otto Star <otto@quay.example>", "Date": "Fri, 10 May 2024 09:00:00 +0000"}


def quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def said(article: Article) -> str:
    """The text without what is marked."""
    kept, at = [], 0
    for start, end in article.boilerplate:
        kept.append(article.text[at:start])
        at = end
    return "".join([*kept, article.text[at:]]).strip()


def read(path: Path, text: str, subject: str, html: str | None = None) -> Article:
    return one(put(path / "mail.eml", mail(text, html, Subject=subject, **SENT).as_bytes()))


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Fwd: pier", f"FYI, see below.\n\n---------- Forwarded message ---------\n{HEADER}\n\n{STORY}\n"),
        ("pier", f"FYI\n\n-------- Forwarded Message --------\n{HEADER}\n{STORY}\n"),
        ("Fwd: pier", "FYI\n\nBegin forwarded message:\n\n" + quoted(HEADER + "\n" + STORY)),
        (
            "FW: pier",
            "FYI\n\n________________________________\nFrom: Wren Falke <wren@quay.example>\n"
            "Sent: Wednesday, May 8, 2024 9:30 AM\nTo: Otto Star; Ada\n Quill\nSubject: RE: Saltby closes pier\n\n"
            + STORY,
        ),
        (
            "FW: pier",
            "-----Original Message-----\nFrom: Wren Falke [mailto:wren@quay.example]\nSent: 8 May 2024 09:30\n"
            f"To: Otto Star\nSubject: Saltby closes pier\n\n{STORY}",
        ),
        (
            "WG: pier",
            "zK\n\n-----Ursprüngliche Nachricht-----\nVon: Wren Falke\nGesendet: Mittwoch, 8. Mai 2024 09:30\n"
            f"An: Otto Star\nBetreff: Saltby closes pier\n\n{STORY}",
        ),
        (
            "TR: pier",
            f"---\n\nDe : Wren Falke\nEnvoyé : mercredi 8 mai 2024\nÀ : Otto\nObjet : Saltby closes pier\n\n{STORY}",
        ),
        (
            "Fwd: pier",
            "FYI too\n\n---------- Forwarded message ---------\nFrom: Ada Quill\nDate: 9 May 2024\nSubject: Fwd: pier\n"
            f"\nFYI\n\n---------- Forwarded message ---------\n{HEADER}\n{STORY}",
        ),
    ],
    ids=["gmail", "thunderbird", "apple", "outlook", "original", "german", "french", "twice"],
)
def test_a_forwarded_mail_gives_its_own_sender_day_and_text(tmp_path: Path, subject: str, text: str) -> None:
    article = read(tmp_path, text, subject)
    assert (article.title, article.authors) == ("Saltby closes pier", ("Wren Falke",))
    assert (article.published, article.published_source) == ("2024-05-08", "stated")
    assert said(article).split("\n\n")[-2:] == STORY.split("\n\n")
    assert "FYI" not in said(article)
    assert article.reasons["forwarded"] == (
        "It was forwarded by Otto Star on 2024-05-10; sender, day and text are those of the mail forwarded."
    )


def test_a_forwarded_mail_in_html(tmp_path: Path) -> None:
    html = (
        "<div>FYI</div><div class='gmail_quote'>---------- Forwarded message ---------<br>From: <b>Wren Falke</b> "
        "&lt;wren@quay.example&gt;<br>Date: Wed, 8 May 2024 at 22:28<br>Subject: Saltby closes pier<br>To: Otto<br><br>"
        f"<p>{STORY[:71]}</p><p>{STORY[73:]}</p><blockquote type='cite'><p>Will it close?</p><p>I think so.</p>"
        "</blockquote></div>"
    )
    message = mail(None, html, Subject="Fwd: pier", **SENT)
    article = one(put(tmp_path / "mail.eml", message.as_bytes()))
    assert (article.authors, article.published) == (("Wren Falke",), "2024-05-08")
    assert said(article).split("\n\n") == STORY.split("\n\n")
    assert "> Will it close?\n\n> I think so." in article.text


def test_a_mail_that_is_forwarded_whole(tmp_path: Path) -> None:
    inner = mail(STORY, Subject="Saltby closes pier", From=FROM, Date="Wed, 8 May 2024 22:28:00 +0000")
    outer = mail("FYI, as discussed.\n", Subject="Fwd: Saltby closes pier", **SENT)
    outer.add_attachment(inner)
    article = one(put(tmp_path / "mail.eml", outer.as_bytes()))
    assert (article.title, article.authors) == ("Saltby closes pier", ("Wren Falke",))
    assert (article.published, said(article)) == ("2024-05-08", STORY)
    empty = EmailMessage()
    for name, value in SENT.items():
        empty[name] = value
    empty.add_attachment(inner)
    assert one(put(tmp_path / "mail.eml", empty.as_bytes())).text == STORY


def test_a_forwarded_mail_without_a_day(tmp_path: Path) -> None:
    text = f"FYI\n\n---------- Forwarded message ---------\nFrom: {FROM}\nSubject: Saltby closes pier\n\n{STORY}"
    article = read(tmp_path, text, "Fwd: pier")
    assert (article.published, article.published_source) == ("2024-05-10", "inferred")
    assert article.reasons["published"] == "The mail that forwards it was sent on 2024-05-10."


OWN = "The board is right to close the pier, and it should have done so in March."


@pytest.mark.parametrize(
    "text",
    [
        f"{OWN}\n\nOn Wed, 8 May 2024 at 22:28, {FROM}\nwrote:\n\n{quoted(STORY)}\n",
        f"{OWN}\n\nOn Wed, 8 May 2024 at 22:28, {FROM} wrote:\n\n{STORY}\n",
        f"{OWN}\n\nAm 08.05.2024 um 22:28 schrieb Wren Falke:\n{quoted(STORY)}\n",
        f"{OWN}\n\n-----Original Message-----\n{HEADER}\n{STORY}\n",
        f"{OWN}\n\n________________________________\nFrom: {FROM}\nSent: 8 May 2024\nTo: O\nSubject: pier\n\n{STORY}\n",
        f"On Wed, 8 May 2024 at 22:28, {FROM} wrote:\n{quoted(STORY)}\n\n{OWN}\n",
        f"{OWN}\n\n-- \nOtto Star\nSaltby\n",
        f"{OWN}\n\nSent from my iPhone\n",
    ],
    ids=["quoted", "not marked", "german", "original", "outlook", "below", "signature", "telephone"],
)
def test_what_is_not_said_in_a_reply_is_marked(tmp_path: Path, text: str) -> None:
    article = read(tmp_path, text, "Re: pier")
    assert article.text == text.strip("\n")
    assert (article.title, article.authors, said(article)) == ("Re: pier", ("Otto Star",), OWN)


@pytest.mark.parametrize(
    "text",
    [
        f"{OWN}\n\nOn Wednesday the board wrote:\n\nThe pier is old.",
        f"{OWN}\n\nFrom: the pier, one sees the bay.\n\nIt is blue.",
        quoted(OWN),
    ],
)
def test_what_only_looks_like_another_mail_is_said(tmp_path: Path, text: str) -> None:
    article = read(tmp_path, text, "Pier")
    assert (article.authors, said(article)) == (("Otto Star",), text)


def test_marks_outlive_a_new_cut_and_are_never_quoted(library: Library, tmp_path: Path) -> None:
    text = f"{OWN}\n\nOn Wed, 8 May 2024 at 22:28, {FROM} wrote:\n{quoted('The dredger Marigold comes on Friday.')}\n"
    library.ingest([put(tmp_path / "mail.eml", mail(text, Subject="Re: pier", **SENT).as_bytes())])
    before = library.articles()[0]
    library.store._db.execute("UPDATE articles SET indexed_as = 'older'")
    (hit, *_) = library.retrieve("dredger Marigold")
    assert "dredger" not in hit.passage.text
    assert library.articles()[0].boilerplate == before.boilerplate
