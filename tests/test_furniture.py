"""What sites put between the lines of a story is marked; what a reporter wrote is not."""

from __future__ import annotations

import time

import pytest

from rag.ingest.boilerplate import find_boilerplate, find_headings
from tests.data.furniture import NOT_THE_STORY, THE_STORY

ABOVE = (
    "The harbour board of Saltby voted on Wednesday night to close the north pier until repairs are paid for.\n\n"
    "Wren Falke, who chairs the board, said the work could not wait for another winter.\n\n"
)
BELOW = "\n\nTwo ferry companies use the pier. Both said they had been told of the vote an hour before it was held.\n"


def marked(text: str) -> str:
    """The words of a text that are marked, its lines joined by bars."""
    return "|".join(text[start:end] for start, end in find_boilerplate(text))


@pytest.mark.parametrize("line", NOT_THE_STORY)
def test_a_line_of_the_site_is_marked(line: str) -> None:
    assert marked(f"{ABOVE}{line}{BELOW}") == line


@pytest.mark.parametrize("line", THE_STORY)
def test_a_line_of_the_story_is_not(line: str) -> None:
    assert marked(f"{ABOVE}{line}{BELOW}") == ""


@pytest.mark.parametrize(
    "head", ["More from Quay Gazette", "Most read", "Related stories", "You may also like", "Read more"]
)
def test_the_headlines_of_other_stories_go_with_their_heading(head: str) -> None:
    others = "- Mayor of Portmere resigns over parking fines\n\nFerry fares to rise by nine per cent, company says"
    text = f"{ABOVE}{head}\n\n{others}{BELOW}"
    assert marked(text) == f"{head}|- Mayor of Portmere resigns over parking fines|{others.rpartition(chr(10))[2]}"
    assert "Two ferry companies" not in marked(text)
    assert not {*find_boilerplate(text)} & {*find_headings(text)}


@pytest.mark.parametrize(
    "head", ["What readers say", "Comments", "3 comments", "Readers' views", "Join the conversation"]
)
def test_what_readers_wrote_is_marked_to_the_end(head: str) -> None:
    posts = "PierFan77: I heard that the mayor took a bribe.\n\nGull: The pier fell in 1999, nobody remembers."
    assert "bribe" in marked(f"{ABOVE}{BELOW.strip()}\n\n{head}\n\n{posts}")
    assert "nobody remembers" in marked(f"{ABOVE}{BELOW.strip()}\n\n{head}\n\n{posts}")


def test_a_heading_over_a_story_is_none_over_comments() -> None:
    text = f"{ABOVE}What readers think{BELOW}"
    assert "ferry companies" not in marked(text)


def test_the_times_of_a_live_blog_are_marked() -> None:
    text = f"{ABOVE}10 May 2024, 20:00\n\nThe vote is over.\n\n9 May 2024, 8.15 p.m.\n\nThe board meets.\n"
    assert marked(text) == "10 May 2024, 20:00|9 May 2024, 8.15 p.m."
    assert marked(f"{ABOVE}10 May 2024, 20:00{BELOW}") == ""


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"word {i} word said word.\n" for i in range(2**13)),
        "".join(f"Photo {i} " + "A " * 180 + "\n" for i in range(2**10)),
        "".join(f"({i} " + "A/A " * 90 + ")\n" for i in range(2**10)),
        "".join(f"do you {i} story : " * 20 + "\n" for i in range(2**9)),
        "More from A\n" * 2**13,
        "Comments\n" * 2**13,
        "12 May 2024, 10:30\nx\n" * 2**13,
    ],
    ids=range(7),
)
def test_time_is_linear(text: str) -> None:
    started = time.process_time()
    find_boilerplate(text)
    find_headings(text)
    assert time.process_time() - started < 5
