"""What of a text is no story: boilerplate and headings."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.ingest.articles import read
from rag.ingest.boilerplate import find_boilerplate, find_headings
from rag.types import Article, Failure
from tests.reading import boilerplate, headings, of, put

# --- Boilerplate and headings

BOILERPLATE = [
    "Read more: Ferry Needs a Captain, Mayor Says",
    "Read More: Ferry Needs a Captain\u00a0",
    "READ ALSO: Pies are dear",
    "Also read: Pies are dear",
    "Related: Pies are dear",
    "Related stories: Pies",
    "See also: Pies",
    "Read more »",
    "Read more",
    "--With assistance from Ada Quill and Bo Tern.",
    "— With reporting by Ada Quill",
    "With assistance from Ada Quill, Bo Tern and Cy van der Mole.",
    "(Updates with the mayor’s words in the fifth paragraph, fares in the sixth.)",
    "(Adds detail)",
    "(Corrects the name of the pier in the first paragraph.)",
    "(Recasts throughout)",
    "©2024 Bloomberg L.P.",
    "Copyright 2024 The Portmere Gazette. All rights reserved.",
    "Copyright The Portmere Gazette 2024",
    "All rights reserved. This material may not be broadcast.",
    "MENAFN06052024000045015687ID1108176568",
    "PORT20240506XY",
    "Sign up for our newsletter",
    "Sign up here for the Portmere Daily newsletter.",
    "Subscribe to our weekly briefing and never miss a pie.",
    "Click here to see the new timetable.",
    "Advertisement",
    "ADVERTISEMENT",
    "Story continues below",
    "Article continues after this advertisement",
    "Follow us on Twitter",
    "Follow the Gazette on Facebook and Instagram.",
    "Reporting by Ada Quill; Editing by Bo Tern",
    "(Reporting by Ada Quill in Portmere; additional reporting by Cy Mole; editing by Bo Tern and Di Fen)",
    "Additional reporting by Ada Quill.",
    "Our Standards: The Thomson Reuters Trust Principles.",
    "https://gazette.example/2024/04/29/ferry?x=1",
    "www.gazette.example",
    "Share this article",
    "Share this article on Facebook",
    "This article was originally published on The Quay Post.",
    "Photo: Ada Quill / Quay Press",
    "Image credit: Ada Quill",
    "(Photo by Ada Quill/Quay Press)",
]
NEAR_MISSES = [
    "Related to the strike, the ferry office said, is the price of coal, which doubled in a year.",
    "Relatedly: nobody asked the crew.",
    "Read more than one report and you will doubt them all.",
    "Read the report, the mayor said: it is all in there.",
    "See what happens, she said: nothing does.",
    "Also: the pies are back.",
    "More: that was all the crew asked for.",
    "Copyright law does not protect the name of a ferry, the court said.",
    "Copyright 2024 reforms passed the assembly on Tuesday.",
    "Copyright holders were paid, and all rights reserved to the town were sold.",
    "With help from neighbours, the crew raised the mast.",
    "— With help from neighbours, the crew raised the mast.",
    "Reporting by the Portmere Gazette showed that the mayor knew.",
    "Reporting by Ada Quill and others led to the inquiry.",
    "Editing by hand took the archive nine years.",
    "(Updates are expected on Friday.)",
    "(Adds up to nothing, he said.)",
    "(Corrections are printed on page two.)",
    "Sign up sheets hung in the hall, and 300 people put their names down.",
    "Sign up for the relief fund opened on Monday.",
    "Subscribe to that view and you will be disappointed.",
    "Click here went the lock, and the newsletter was out.",
    "Advertisement spending fell by a tenth.",
    "Advertising fell.",
    "Follow the money, the auditor said.",
    "Follow us, the guide cried.",
    "Share prices of the ferry company fell.",
    "Share this burden with us, the mayor asked.",
    "This article of the charter was first published in 1890.",
    "This story was first published in 1950 and has been filmed twice.",
    "Photos of the ferry were taken by the crew.",
    "The newsletter, at https://gazette.example, went out.",
    "PORTMEREHARBOUR",
    "202404290001",
    "COVID19",
    "Our standards fell, the captain said.",
    "By noon the ferry had left.",
]


@pytest.mark.parametrize("line", BOILERPLATE)
def test_boilerplate(line: str) -> None:
    text = f"The ferry is back.\n\n{line}\n\nPies are dear.\n"
    assert boilerplate(text) == [line]
    assert headings(text) == []


@pytest.mark.parametrize("line", NEAR_MISSES)
def test_sentences_that_begin_like_boilerplate(line: str) -> None:
    assert boilerplate(f"The ferry is back.\n\n{line}\n\nPies are dear.\n") == []


@pytest.mark.parametrize("line", ["Read more: ", "©2024 ", "(Updates with ", "Photo: "])
def test_a_paragraph_is_never_boilerplate(line: str) -> None:
    assert boilerplate(line + "The ferry is back and the pies are dear. " * 12 + ")") == []


def test_boilerplate_spans_are_whole_lines() -> None:
    text = "  Read more: Pies \t\nThe ferry is back.\nAdvertisement"
    assert boilerplate(text) == ["  Read more: Pies \t", "Advertisement"]


def test_headings() -> None:
    text = (
        "Ferry returns to Portmere\n\nThe ferry is back.\n\n‘Total Repair’\n\nIt was hard.\n\nMayor Objects\u00a0\n\n"
        "It was dear.\n\n## Pies\nThey rose.\n\n#hashtag\n\nShort line without end\nof a wrapped paragraph.\n\n"
        "- a list item\n\n2. Another item\n\nWhat now?\n\nand so on\n\n***\n\n“It is back.”\n\nSo it is:\n\n"
        f"Read more: Pies\n\n{'A heading that is too long ' * 4}\n\nThe end\n"
    )
    expected = ["Ferry returns to Portmere", "‘Total Repair’", "Mayor Objects\u00a0", "## Pies", "#hashtag"]
    assert headings(text) == expected


def test_headings_between_paragraphs_without_blank_lines() -> None:
    paragraph = "The ferry of Portmere came back to its pier on Monday. " * 3
    text = f"Ferry returns\n{paragraph}\nPies are dear, say bakers\n{paragraph}\n"
    assert headings(text) == ["Ferry returns", "Pies are dear, say bakers"]


def test_front_matter_holds_no_headings() -> None:
    assert headings("---\ntitle: x\n\nnote\n\n# comment\n---\n\nFerry returns\n\nThe ferry is back.\n") == [
        "Ferry returns"
    ]


def test_a_line_of_the_head_is_no_heading() -> None:
    assert headings("Ferry returns\n\nBy Wren Falke\n\nQuay Press\n\n6 May 2024\n\nThe ferry is back.\n") == [
        "Ferry returns"
    ]
    assert headings("BY A A\n\n0") == []


@pytest.mark.parametrize("text", ["", "\n", " ", "---", "Ferry"])
def test_nothing_comes_of_nothing(text: str) -> None:
    assert find_boilerplate(text) == ()
    assert find_headings(text) == ()


LINES = ["---", "title: x", "(Reuters) - ", "Ferry", "©2024 Post", "Read more: x", "# H", "Advertisement", "By A"]
MARKS = ["\n", "\n\n", " ", "\u00a0", "\u2028", "\r", "İ", "\U0001f6a2", "نص", "e\u0301", ".", "\0", "\ufeff", "-"]
PIECES = st.sampled_from([*LINES, *MARKS, *(f"{line}\n" for line in LINES)])


@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=40).map("".join)))
def test_spans_of_any_text(text: str) -> None:
    marked = find_boilerplate(text)
    for spans in (marked, find_headings(text)):
        edges = [edge for span in spans for edge in span]
        assert edges == sorted(edges)
        assert all(0 <= start < end <= len(text) for start, end in spans)
    lines_of_text = [span for span in marked if "\n" not in text[slice(*span)]]
    for start, end in lines_of_text:
        assert start == 0 or text[start - 1] == "\n"
        assert end == len(text) or text[end] == "\n" or end - start < 100  # a line, or the dateline before one
    assert not set(marked) & set(find_headings(text))


@given(st.binary(max_size=300), st.sampled_from([".txt", ".md", ".html", ".pdf", ".jsonl", ".json"]))
def test_any_bytes_give_articles_or_failures(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str
) -> None:
    path = put(tmp_path_factory.mktemp("bytes") / f"story{suffix}", data)
    for item in read(path):
        assert isinstance(item, Article | Failure)
        if isinstance(item, Article):
            item.text.encode()


@pytest.mark.parametrize(
    "text",
    [
        "x" * 2**21,
        "word " * 2**18,
        "line\n" * 2**16,
        "Heading\n\n" * 2**16,
        " " * 2**21 + "word",
        "\n" * 2**21 + "word",
        (" " * 398 + "x\n") * 2**12,
        ("Reporting by " + "A " * 190 + "b\n") * 2**11,
        ("click here to" + " " * 380 + ".x\n") * 2**12,
        "---\nkey: x\n" + "--\n" * 2**16,
        "May 1, 2024 " * 2**15,
        "# x\n" * 2**16,
    ],
    ids=range(12),
)
def test_time_is_linear(tmp_path: Path, text: str) -> None:
    start = time.process_time()
    article = of(text, tmp_path)
    find_headings(article.text)
    assert time.process_time() - start < 8
