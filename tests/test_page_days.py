"""The day of a page that gives it in words only: the right one of several, and none that is somebody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_pages import LEAD, REST, TITLE, paragraphs, read_page


def body(above: str, below: str = "") -> str:
    return f"<article><h1>{TITLE}</h1>{above}{paragraphs(LEAD, *REST)}{below}</article>"


@pytest.mark.parametrize(
    "line",
    [
        "By Wren Falke · Updated 7:15 AM GMT, Sat June 8, 2024 · Published 10:40 PM GMT, Fri June 7, 2024",
        "Wren Falke in Saltby | Last modified 8 June 2024 at 07:15 | First published 7 June 2024 at 22:40",
        "By Wren Falke • Published 10:40 PM, Friday, June 7, 2024 • Updated 7:15 AM, Saturday, June 8, 2024",
    ],
)
@pytest.mark.parametrize("tag", ["div", "p", "span"])
def test_published_beside_updated(tmp_path: Path, line: str, tag: str) -> None:
    article = read_page(tmp_path, body=body(f"<{tag}>{line}</{tag}>"))
    assert article.published == "2024-06-07"
    assert article.reasons["published"] == f"The page shows “{line}” beside its headline."


def test_sentence_with_a_date_is_no_dateline(tmp_path: Path) -> None:
    line = "The plan, published on June 7, 2024, was the work of four engineers and cost the county a great deal."
    assert read_page(tmp_path, body=body(f"<div>{line}</div>")).published_source != "stated"
    assert "shows" not in read_page(tmp_path, body=body(f"<div>{line}</div>")).reasons.get("published", "")
