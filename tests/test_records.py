"""Files of many records: tables in all their kinds, JSON in all its layouts, packed, damaged, and of any size."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from rag.ingest import fields, lines, records
from rag.ingest.articles import read
from rag.ingest.discovery import discover
from rag.types import Article, Failure
from tests.reading import failed, one, put
from tests.test_exports import FIRST, SECOND, STATED, TEXT, TITLE, URL, all_of

COLUMNS = ("Headline", "Publication", "Author", "Date", "Body")
ROWS = [
    (TITLE, "Quay Gazette", "Wren Falke", "2024-05-08", TEXT),
    ("Ferry; sails, | twice", "Quay Gazette", "Otto Star", "2016", SECOND),
]


def table(delimiter: str = ",", newline: str = "\r\n", **options: Any) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=newline, **options)
    writer.writerows([COLUMNS, *ROWS])
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        *(
            (f"news{suffix}", table(sign).encode())
            for suffix in (".csv", ".tsv", ".dat", "", ".txt")
            for sign in ",;\t|"
        ),
        ("news.csv", ("\ufeff" + table()).encode()),
        ("news.csv", ("sep=;\r\n" + table(";")).encode()),
        ("news.csv", table(newline="\n", quoting=csv.QUOTE_ALL).encode()),
        ("news.csv", table(newline="\r").replace("\n\n", "\r\r").encode()),
        ("news.csv", table(doublequote=False, escapechar="\\").encode()),
        ("news.csv", table().encode("utf-16")),
        ("news.tsv.gz", gzip.compress(table("\t").encode())),
        ("NEWS.CSV", ("\r\n" + table() + "\r\n\r\n").encode()),
    ],
)
def test_tables(tmp_path: Path, name: str, data: bytes) -> None:
    first, second = all_of(put(tmp_path / name, data))
    assert first.text == TEXT
    assert (first.title, first.outlet, first.authors, first.published) == STATED
    assert (second.title, second.text, second.published) == ("Ferry; sails, | twice", SECOND, "2016")


def test_a_table_with_paths_for_names(tmp_path: Path) -> None:
    path = put(tmp_path / "flat.csv", f'_source.content,headline.main,source/name\n"{TEXT}",{TITLE},Quay Gazette\n')
    (article,) = all_of(path)
    assert (article.text, article.title, article.outlet) == (TEXT, TITLE, "Quay Gazette")


PROSE = [
    "Portmere, Monday, May\n\nThe ferry, the harbour office said, is back.\n\nPies, says Ada, are dear.\n",
    "Ferry returns\n\nIt is back; it is late; it is full.\n\nAda waits; Bo rows; Cy sings.\n",
    "[Update] The ferry is back.\n\n{It sank} in May, they said.\n",
    "Text: a story\n\nTitle | of the day\n\nThe ferry | is back.\n",
    "date, place\n\nThe ferry is back.\n",
]


@pytest.mark.parametrize("text", PROSE)
def test_prose_is_no_table(tmp_path: Path, text: str) -> None:
    (article,) = all_of(put(tmp_path / "story.txt", text))
    assert article.text == text


# --- Odd and hostile files


def test_json_lines_under_any_suffix_and_objects_one_after_the_other(tmp_path: Path) -> None:
    items = [{"title": TITLE, "text": TEXT}, {"title": "Ferry", "text": SECOND}]
    lines_ = "".join(json.dumps(item) + "\n" for item in items)
    objects = "\n".join(json.dumps(item, indent=2) for item in items)
    for name in ("a.json", "a.txt", "a.log", "a", "a.jl", "a.jsonl"):
        assert len(all_of(put(tmp_path / name, lines_))) == 2, name
    assert len(all_of(put(tmp_path / "b.json", objects))) == 2
    assert len(all_of(put(tmp_path / "c.jsonl", json.dumps(items, indent=1)))) == 2
    assert len(all_of(put(tmp_path / "d.txt", json.dumps({"articles": items}, indent=1)))) == 2


def test_a_list_of_headlines_alone_names_its_fields_and_can_be_mapped(tmp_path: Path) -> None:
    items = [{"url": f"{URL}/{n}", "title": f"{TITLE} again", "domain": "quaygazette.example"} for n in range(3)]
    path = put(tmp_path / "news.json", json.dumps({"articles": items}))
    assert "its fields are articles[].url, articles[].title, articles[].domain." in failed(path)
    found = all_of(path, mapped=fields.parse_mapping("text=title", "--fields"))
    assert [(article.text, article.url) for article in found] == [(item["title"], item["url"]) for item in items]


def test_the_address_of_the_outlet_is_not_that_of_the_article(tmp_path: Path) -> None:
    source = {"name": "Quay Gazette", "url": "https://quaygazette.example"}
    article = one(put(tmp_path / "one.json", json.dumps({"title": TITLE, "text": TEXT, "source": source})))
    assert (article.outlet, article.url) == ("Quay Gazette", None)


def test_a_table_without_rows(tmp_path: Path) -> None:
    assert failed(put(tmp_path / "a.csv", "title,text\n")) == (
        "a.csv holds no row below its first line; leave it out, or fill it."
    )


def test_a_list_of_related_pieces_is_not_the_article(tmp_path: Path) -> None:
    record = {"title": TITLE, "text": TEXT, "related": [{"title": "Other", "text": SECOND}], "tags": [{"name": "pier"}]}
    assert one(put(tmp_path / "one.json", json.dumps(record))).text == TEXT


def test_a_quotation_mark_that_nothing_closes(tmp_path: Path) -> None:
    path = put(tmp_path / "news.csv", f'title,text\nA,{FIRST}\nB,"{SECOND}\n' + f"C,{FIRST}\n" * 50)
    first, failure = read(path)
    assert isinstance(first, Article)
    assert isinstance(failure, Failure)
    assert failure.error == "news.csv:3 opens a quotation mark that nothing closes; mend it there."


def test_a_row_with_too_many_fields_stands_alone(tmp_path: Path) -> None:
    path = put(tmp_path / "news.csv", f"title,text\nA,One, two.\nB,{SECOND.replace(',', '')}\n")
    failure, article = read(path)
    assert isinstance(article, Article)
    assert isinstance(failure, Failure)
    assert failure.error == "news.csv:2 has 3 fields where the first line has 2; mend it."


def test_failures_of_a_large_file_are_few(tmp_path: Path) -> None:
    rows = "".join(f"{n},\n" for n in range(3000))
    path = put(tmp_path / "news.csv", f"title,text\nA,{FIRST}\n{rows}")
    found = [*read(path)]
    assert isinstance(found[0], Article)
    assert len(found) == 22
    assert isinstance(found[-1], Failure)
    assert found[-1].error == "news.csv has 2,980 more records that have no text."


@pytest.mark.parametrize("layout", ["array", "object", "lines", "csv", "utf-16"])
def test_what_is_too_large_to_be_read_whole_is_streamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    for module in (records, lines):
        monkeypatch.setattr(module, "MAX_BYTES", 2**16)
    items = [{"id": n, "title": f"Pier {n}", "text": f"{TEXT} {n}."} for n in range(2000)]
    path = tmp_path / "news.json"
    if layout == "lines":
        put(path, "".join(json.dumps(item) + "\n" for item in items))
    elif layout == "csv":
        path = put(
            tmp_path / "news.csv", "id,title,text\n" + "".join(f'{i["id"]},{i["title"]},"{i["text"]}"\n' for i in items)
        )
    else:
        whole = items if layout == "array" else {"meta": {"a": [{"b": 1}]}, "response": {"docs": items}, "z": 1}
        text = json.dumps(whole, indent=1)
        put(path, text.encode("utf-16") if layout == "utf-16" else text)
    found = all_of(path)
    assert [article.title for article in found] == [f"Pier {n}" for n in range(2000)]
    assert found[1999].path.endswith("#1999")


def test_a_streamed_record_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (records, lines):
        monkeypatch.setattr(module, "MAX_BYTES", 2**18)
    items = [{"text": TEXT}, {"text": "x" * 2**20}]
    *_, last = read(put(tmp_path / "news.json", json.dumps(items, indent=1)))
    assert isinstance(last, Failure)
    assert "has a record larger than one may be" in last.error
    assert "larger than a record may be" in failed(put(tmp_path / "news.csv", "title,text\n" + "x" * 2**20))


@pytest.mark.parametrize("name", ["news.csv.gz", "news.json.gz", "story.txt.gz", "news.jsonl.gz"])
@pytest.mark.parametrize("data", [b"\x1f\x8b", b"no gzip", gzip.compress(b"title,text\na,b\n" * 99)[:-12]])
def test_damaged_gzip(tmp_path: Path, name: str, data: bytes) -> None:
    *_, last = read(put(tmp_path / name, data))
    assert isinstance(last, Failure)
    assert last.error.startswith(f"{name} ")
    assert "\n" not in last.error


def test_packed_text(tmp_path: Path) -> None:
    path = put(tmp_path / "story.txt.gz", gzip.compress(TEXT.encode()))
    assert one(path).text == TEXT
    assert discover([tmp_path]) == ([path], [])
