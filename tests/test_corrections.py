"""What articles correct of themselves, in the forms that newspapers use. All invented."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag import Library
from rag.news.corrections import notices, touches
from rag.types import Article


def article(text: str) -> Article:
    return Article(id="a", text=text, title="Ferry", outlet=None, path="a.md", content_hash="a")


SANK = "A ferry carrying 41 people sank off Ostrand on Tuesday."


@pytest.mark.parametrize(
    ("text", "quote", "expected"),
    [
        (f"{SANK}\n\nCorrection: This article first said that the ferry carried 41. It carried 14.", SANK, "wrong"),
        (f"{SANK}\n\nAn earlier version of this story misstated the number on the ferry as 41; it was 14.", SANK,
         "wrong"),
        (f"{SANK}\n\nThis article was amended on 9 May 2026: the ferry carried 14 people, not 41.", SANK, "wrong"),
        (f"{SANK}\n\nCorrection (9 May): the ferry carried 14 people rather than 41.", SANK, "wrong"),
        (f"CORRECTION\n\nThe ferry carried 14 people, not 41 as we reported.\n\n{SANK}", SANK, "wrong"),
        ("Ilka Dene, 41, won.\n\nCorrection: We misstated the age of Ilka Dene. She is 44.",
         "Ilka Dene, 41, won.", "near"),
        ("Paul Orme was named.\n\nClarification: The new head is Saul Orme. We wrongly gave his first name as Paul.",
         "Paul Orme was named.", "wrong"),
        ("The fair opens on 5 June.\n\nCorrection: The fair opens on 15 June. An earlier version said 5 June.",
         "The fair opens on 5 June.", "wrong"),
        # The words are right by now, or it is about something else.
        ("A ferry carrying 14 people sank.\n\nCorrection: We wrote that the ferry carried 41 people. It carried 14.",
         "A ferry carrying 14 people sank.", None),
        (f"{SANK}\n\nCorrection: We wrote that the ferry carried 41. It carried 14.", "The Maren left at 21:40.", None),
    ],
)  # fmt: skip
def test_a_notice_and_the_words_it_is_about(text: str, quote: str, expected: str | None) -> None:
    (notice,) = notices(article(text))
    assert touches(notice, quote) == expected


@pytest.mark.parametrize("heading", ["Correction", "Correction:", "CLARIFICATION"])
@pytest.mark.parametrize(("n_before", "n_after"), [(0, 0), (0, 12), (3, 0), (3, 9), (12, 0), (12, 2)])
def test_a_heading_takes_the_paragraph_below_it_and_no_other(heading: str, n_before: int, n_after: int) -> None:
    said = "An earlier version misstated the age of Ilka Dene. She was 44, not 41."
    others = [f"The fair of Osk had {n} guests. They came by ship." for n in range(20)]
    text = "\n\n".join([*others[:n_before], heading, said, *others[:n_after]])
    (notice,) = notices(article(text))
    start, end = notice.sentences[0][0], notice.sentences[-1][1]
    assert text[start:end] == f"{heading}\n\n{said}"


@pytest.mark.parametrize(
    "text",
    [
        "Corrections officers walked out of the prison on Monday.",
        "The company misstated its profit, an inquiry found. It was 14 million, not 41 million.",
        "The minister corrected the figure: 14 ships, not 41.",
        "",
    ],
)
def test_what_is_no_notice(text: str) -> None:
    assert notices(article(text)) == ()


def test_a_notice_in_boilerplate_is_not_quoted() -> None:
    text = f"{SANK}\n\nCorrection: It carried 14."
    marked = Article(
        id="a", text=text, title=None, outlet=None, path="a.md", content_hash="a", boilerplate=((57, len(text)),)
    )
    assert notices(marked) == ()


def test_a_draft_that_repeats_what_was_corrected(tmp_path: Path) -> None:
    notice = "Correction: An earlier version of this article said that the ferry carried 41 people. It carried 14."
    (tmp_path / "a.md").write_text(f"---\noutlet: Skerry Post\ndate: 2026-07-08\n---\n\n{SANK}\n\n{notice}\n")
    with Library.open(tmp_path / "library") as library:
        library.ingest([tmp_path / "a.md"])
        wrong, right = library.check(
            "A ferry carrying 41 people sank off Ostrand. A ferry carrying 14 people sank off Ostrand."
        )
    assert wrong.verdict != "supported"
    assert any("correction" in phrase for phrase in wrong.conflicts)
    assert any("It carried 14." in c.quote for c in wrong.citations)
    assert not any("correction" in phrase for phrase in right.conflicts)
