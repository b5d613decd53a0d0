"""Several articles in one text file: only where the sign is unmistakable. The stories are invented."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag import Library
from rag.ingest.articles import read
from rag.ingest.splitting import split
from rag.types import Article

FERRY = "The ferry of Portmere came back to its pier on Monday after a winter of repairs.\n\nAda Quill sold pies."
BELL = "The bell of Saltby was stolen on Sunday night, the sexton said.\n\nIt weighs 400 kilos."
HEAD = "Ferry returns to Portmere\nThe Portmere Post\nMay 6, 2024\n\n"
HEAD_2 = "Bell stolen in Saltby\nThe Saltby Star\nMay 7, 2024\n\n"
NUMBER, NUMBER_2 = "PORTPO0020240506ek5600012", "SALTST0020240507ek5700003"

LEXIS = f"\n\n          1 of 2 DOCUMENTS\n\n{HEAD}{FERRY}\n\n\n          2 of 2 DOCUMENTS\n\n{HEAD_2}{BELL}\n"
NEXIS = f"Job Number: 7\nDocuments (2)\n\n{LEXIS}"
NEXIS_UNI = f"{HEAD}Body\n\n{FERRY}\n\nEnd of Document\n\n\n{HEAD_2}Body\n\n{BELL}\n\nEnd of Document\n"
FACTIVA = (
    f"{HEAD}{FERRY}\n\nDocument {NUMBER}\n\n\n{HEAD_2}{BELL}\n\nDocument {NUMBER_2}\n\n"
    "Search Summary\nText\tferry or bell\n© 2024 Factiva, Inc. All rights reserved.\n"
)
FRONT, FRONT_2 = ("---\ntitle: Ferry\npublished: 2024-05-06\n---", "---\ntitle: Bell\nauthors:\n- Wren Falke\n---")
FENCED = f"{FRONT}\n\n{FERRY}\n\n{FRONT_2}\n\n{BELL}\n"
RULED = f"{HEAD}{FERRY}\n\n----------\n\n{HEAD_2}{BELL}\n"
RULED_ABOVE = f"==========\n{HEAD}{FERRY}\n\n==========\n{HEAD_2}{BELL}\n\n==========\n"
LABELLED = (
    f"Title: Ferry returns\nPublication date: May 6, 2024\n\n{FERRY}\n\n______\n\n"
    f"Title: Bell stolen\nPublication date: May 7, 2024\n\n{BELL}\n"
)
ALL = {
    name: text
    for name, text in globals().items()
    if name in ("LEXIS", "NEXIS", "NEXIS_UNI", "FACTIVA", "FENCED", "RULED", "RULED_ABOVE", "LABELLED")
}


@pytest.mark.parametrize("name", ALL)
def test_each_article_is_an_exact_slice_of_the_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "export.txt"
    path.write_text(ALL[name].replace("\n", "\r\n"), newline="")
    ferry, bell = (item for item in read(path) if isinstance(item, Article))
    for article, mine, other in ((ferry, FERRY, BELL), (bell, BELL, FERRY)):
        assert ALL[name][article.offset : article.offset + len(article.text)] == article.text
        assert mine in article.text
        assert other not in article.text
        assert "Factiva" not in article.text
        assert f"from character {article.offset} on" in article.reasons["text"]
    assert ferry.published == "2024-05-06"
    assert ferry.title is not None
    assert ferry.title.startswith("Ferry")
    names = (NUMBER, NUMBER_2) if name == "FACTIVA" else ("1", "2")
    assert [article.path for article in (ferry, bell)] == [f"{path}#{key}" for key in names]
    assert bell.authors == (("Wren Falke",) if name == "FENCED" else ())


@pytest.mark.parametrize(
    "text",
    [
        "",
        FERRY,
        f"{FERRY}\n\n-----\n\n{BELL}\n",  # a break between two scenes
        f"{HEAD}{FERRY}\n\n-----\n\nMore from Saltby\n\n{BELL}\n",
        f"{HEAD}{FERRY}\n\n*****\n\nMay 7, 2024\n\n{BELL}\n",  # a diary
        f"{HEAD}{FERRY}\n\n-----\n\n10:30 Bell stolen in Saltby\nTuesday\n\n{BELL}\n",  # a live page
        f"Ferry returns\n=====\n\n{FERRY}\n\nBell stolen\n=====\n\n{BELL}\n",  # headings
        LEXIS.replace("2 of 2", "2 of 3").replace("1 of 2", "2 of 3"),
        LEXIS.replace("2 of 2", "3 of 3").replace("1 of 2", "1 of 3"),
        f"The mayor opened the letter.\n\n{LEXIS}",  # words that would be lost
        f"{HEAD}{FERRY}\n\n1 of 2 DOCUMENTS\n",
        "He filed 1 of 2 DOCUMENTS.\n\nShe filed 2 of 2 DOCUMENTS.",
        f"{HEAD}{FERRY}\n\nDocument {NUMBER}\n",
        f"{HEAD}{FERRY}\n\nDocument {NUMBER}\n\n{BELL}\n",
        f"{FERRY}\n\nEnd of Document\n\n{BELL}\n",
        f"{FRONT}\n\n{FERRY}\n\n---\nAda: I sold pies.\nWren: To whom?\n---\n\n{BELL}\n",
        f"{FERRY}\n\n{FRONT_2}\n\n{BELL}\n",
    ],
)
def test_in_doubt_a_file_is_one_article(text: str) -> None:
    assert split(text) == []


def test_a_file_that_is_described_is_one_article(tmp_path: Path) -> None:
    (tmp_path / "export.txt").write_text(RULED)
    (tmp_path / "export.json").write_text('{"title": "Two stories in one"}')
    (article,) = read(tmp_path / "export.txt")
    assert isinstance(article, Article)
    assert (article.text, article.offset) == (RULED, 0)


def test_offsets_hold_in_the_file_through_the_library(
    library: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from rag.cli import main

    path = tmp_path / "export.txt"
    path.write_text(LEXIS)
    assert library.ingest([path]).added == 2
    hit = library.retrieve("bell of Saltby", k=1)[0]
    at = hit.article.offset
    assert hit.article.to_dict()["offset"] == at > 0
    assert LEXIS[at + hit.passage.start : at + hit.passage.end] == hit.passage.text
    main(["search", "bell of Saltby", "-k", "1", "--library", str(library.path)])
    told = f"export.txt#2 characters {at + hit.passage.start}-{at + hit.passage.end} of the file\n"
    assert told in capsys.readouterr().out
    assert library.ingest([path]).unchanged == 2
    # What moves in the file moves in the library; no article is lost and none is there twice.
    path.write_text(LEXIS.replace("Ada Quill sold", "Ada Quill and her sister sold"))
    report = library.ingest([path])
    assert (report.added, report.updated, report.removed, report.articles) == (0, 2, 0, 2)
    assert library.retrieve("bell of Saltby", k=1)[0].article.offset == at + len(" and her sister")


def test_time_is_linear() -> None:
    import time

    for piece in ("-----\n", "---\na: b\n", "---\n", "1 of 2 DOCUMENTS\n", "End of Document\n", f"Document {NUMBER}\n"):
        started = time.process_time()
        split(piece * 50_000)
        assert time.process_time() - started < 5, piece
