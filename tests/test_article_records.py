"""Articles as JSON records, and what lies beside a file: sidecars and manifests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.ingest import lines as ingest_lines
from rag.ingest import records
from rag.ingest.articles import read, read_manifest
from rag.ingest.discovery import discover
from rag.types import Article, Failure
from tests.reading import STORY, failed, one, put
from tests.test_articles import PARAGRAPHS, page

# --- JSON


def lines(path: Path, *records: object) -> Path:
    return put(path, "".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records))


def test_jsonl_keys(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "news.jsonl",
        {
            "id": "a1",
            "text": "The ferry is back.\r\nSo are we.",
            "title": "Ferry",
            "outlet": "Portmere Gazette",
            "authors": ["Ada Quill", {"name": "Bo Tern"}],
            "url": "https://gazette.example/1",
            "published": "2024-04-29",
        },
        {
            "body": "Pies are dear.",
            "headline": "Pies",
            "source": {"id": None, "name": "Quay Post"},
            "author": "Ada Quill; Cy Mole",
            "link": "https://post.example/2",
            "pubDate": "Mon, 29 Apr 24 23:30:00 -0500",
        },
        {"content": "Foggy.", "publisher": "Post", "author": "Cy Mole", "date_publish": "2024-04-29 10:00:00"},
        {"maintext": "Rain.", "site": "Post", "author": None, "publishedAt": "2024-04-29T10:00:00Z", "id": 7},
    )
    found = [item for item in read(path) if isinstance(item, Article)]
    assert [article.path for article in found] == [
        f"{path}#a1",
        f"{path}#https://post.example/2",
        f"{path}#3",
        f"{path}#7",
    ]
    assert [article.text for article in found] == [
        "The ferry is back.\nSo are we.",
        "Pies are dear.",
        "Foggy.",
        "Rain.",
    ]
    assert [article.title for article in found] == ["Ferry", "Pies", "Foggy", "Rain"]
    assert [article.headline for article in found] == ["Ferry", "Pies", None, None]
    assert [article.outlet for article in found] == ["Portmere Gazette", "Quay Post", "Post", "Post"]
    assert [article.authors for article in found] == [
        ("Ada Quill", "Bo Tern"),
        ("Ada Quill", "Cy Mole"),
        ("Cy Mole",),
        (),
    ]
    assert {article.published for article in found} == {"2024-04-29"}
    assert {article.published_source for article in found} == {"stated"}


def test_a_bad_line_stands_alone(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "news.ndjson",
        {"text": "Once."},
        "{broken",
        "",
        "[1]",
        {"title": "x"},
        "[" * 9999,
        {"text": "Twice."},
    )
    items = list(read(path))
    assert [item.text for item in items if isinstance(item, Article)] == ["Once.", "Twice."]
    failures = [item for item in items if isinstance(item, Failure)]
    assert [failure.path for failure in failures] == [f"{path}:{number}" for number in (2, 4, 5, 6)]
    assert failures[0].error.startswith("news.ndjson:2 is not JSON (")
    assert failures[0].error.endswith("; mend the line or delete it.")
    assert failures[1].error == "news.ndjson:4 is not an object of names and values."
    assert failures[2].error.startswith("news.ndjson:5 has no text; give it under text, bodyText, ")
    assert failures[2].error.endswith("or name its field with --fields.")


def test_an_id_used_twice_loses_no_article(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "news.jsonl",
        *({"id": "x", "text": text} for text in ("Once.", "Twice.", "Three.")),
        {"id": 2, "text": "Four."},
    )
    keys = [item.path.rpartition("#")[2] for item in read(path)]
    assert len(keys) == len(set(keys)) == 4
    assert keys[:3] == ["x", "2", "3"]


def test_characters_that_cannot_be_stored_are_replaced(tmp_path: Path) -> None:
    path = put(tmp_path / "news.jsonl", '{"text": "The \\ud83d ferry\\u0000.", "title": "A \\udc00 b"}')
    article = one(path)
    assert (article.text, article.title) == ("The \ufffd ferry\ufffd.", "A \ufffd b")


def test_a_line_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (records, ingest_lines):
        monkeypatch.setattr(module, "MAX_BYTES", 2**20)
    path = lines(tmp_path / "news.jsonl", {"text": "Once."}, {"text": "x" * 3 * 2**20}, {"text": "Twice."})
    one_, failure, two = read(path)
    assert isinstance(one_, Article)
    assert isinstance(two, Article)
    assert (one_.text, two.text, two.path) == ("Once.", "Twice.", f"{path}#3")
    assert isinstance(failure, Failure)
    assert (failure.path, failure.error) == (
        f"{path}:2",
        "news.jsonl:2 is larger than a record may be, 1 MB; split it.",
    )


def test_jsonl_is_streamed(tmp_path: Path) -> None:
    path = lines(tmp_path / "news.jsonl", *({"text": f"Story {number}."} for number in range(1000)))
    items = read(path)
    first = next(items)
    assert isinstance(first, Article)
    put(path, "")  # what was not read yet is not in memory, but for one buffer
    assert len(list(items)) < 999


def test_jsonl_that_is_no_text_fails_once(tmp_path: Path) -> None:
    data = b"\x89PNG\r\n\x1a\n" + b"\0\n" * 99
    assert failed(put(tmp_path / "news.jsonl", data)) == "news.jsonl is not text (a PNG image)."


def test_jsonl_in_utf16(tmp_path: Path) -> None:
    path = put(tmp_path / "news.jsonl", ('{"text": "It’s a café."}\n' * 9).encode("utf-16"))
    assert [item.text for item in read(path) if isinstance(item, Article)] == ["It’s a café."] * 9


def test_jsonl_with_a_mark_and_old_letters(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + b'{"text": "Once."}\r\n' + '{"text": "It’s a café."}'.encode("cp1252")
    items = list(read(put(tmp_path / "news.jsonl", data)))
    assert [item.text for item in items if isinstance(item, Article)] == ["Once.", "It’s a café."]


def test_json(tmp_path: Path) -> None:
    path = put(tmp_path / "one.json", json.dumps({"id": "x", "text": "Once.", "title": "T"}))
    assert (one(path).path, one(path).title) == (str(path), "T")
    path = put(tmp_path / "many.json", json.dumps([{"text": "Once."}, {"id": "b", "text": "Twice."}, 3]))
    first, second, failure = read(path)
    assert [first.path, second.path, failure.path] == [f"{path}#1", f"{path}#b", f"{path}:3"]
    assert failed(put(tmp_path / "bad.json", "{")).startswith("bad.json is not JSON (")
    assert failed(put(tmp_path / "deep.json", "[" * 100_000)).startswith("deep.json is not JSON (")
    assert "has no text" in failed(put(tmp_path / "meta.json", '{"title": "T"}'))


# --- Sidecars and manifests


@pytest.mark.parametrize("name", ["story.json", "story.meta.json", "story.yaml", "story.yml"])
@pytest.mark.parametrize("document", ["story.txt", "story.html", "story.TXT"])
def test_a_sidecar_describes_and_is_no_article(tmp_path: Path, name: str, document: str) -> None:
    path = put(tmp_path / document)
    put(
        tmp_path / name,
        json.dumps({"title": "Ferry", "source": "Gazette", "authors": ["Ada Quill"], "date": "2024-04-29"}),
    )
    assert discover([tmp_path]) == ([path], [])
    article = one(path)
    assert (article.title, article.outlet, article.authors) == ("Ferry", "Gazette", ("Ada Quill",))
    assert (article.published, article.published_source) == ("2024-04-29", "stated")


def test_a_neighbour_with_a_text_is_an_article(tmp_path: Path) -> None:
    paths = [put(tmp_path / "story.json", '{"title": "Other", "text": "Pies."}'), put(tmp_path / "story.txt")]
    assert discover([tmp_path]) == (paths, [])
    assert one(paths[1]).headline is None


def test_a_sidecar_named_alone_is_a_failure(tmp_path: Path) -> None:
    put(tmp_path / "story.txt")
    path = put(tmp_path / "story.json", '{"title": "Ferry"}')
    found, (failure,) = discover([path])
    assert found == []
    assert failure.error == "story.json only describes the articles beside it; name those or the folder."


@pytest.mark.parametrize("content", ["{", '"title"', "\x89PNG\0"])
def test_a_broken_sidecar_costs_only_itself(tmp_path: Path, content: str) -> None:
    path = put(tmp_path / "story.txt")
    sidecar = put(tmp_path / "story.json", content)
    assert discover([tmp_path]) == ([path], [])
    failure, article = read(path)
    assert isinstance(article, Article)
    assert article.text == STORY
    assert isinstance(failure, Failure)
    assert failure.path == str(sidecar)
    assert failure.error.startswith("story.json describes story.txt but goes unused (")


@pytest.mark.parametrize(
    "manifest",
    [
        (
            "manifest.csv",
            "file,title,outlet,published,authors,url\na.txt,Ferry,Gazette,2024-04-29,Ada Quill; Bo Tern,https://g.example/1\n",
        ),
        ("manifest.csv", "\ufeffPath;Title;Outlet;Published;URL\na.txt;Ferry;Gazette;2024-04-29;https://g.example/1\n"),
        ("manifest.jsonl", '{"path": "a.txt", "title": "Ferry", "outlet": "Gazette", "published": "2024-04-29"}\n'),
    ],
)
def test_a_manifest_describes_the_files_of_its_folder(tmp_path: Path, manifest: tuple[str, str]) -> None:
    paths = [put(tmp_path / "a.txt"), put(tmp_path / "b.txt"), put(tmp_path / "sub" / "a.txt")]
    put(tmp_path / manifest[0], manifest[1])
    assert discover([tmp_path]) == (paths, [])
    first, second, other = map(one, paths)
    assert (first.title, first.outlet, first.published) == ("Ferry", "Gazette", "2024-04-29")
    assert (second.headline, second.outlet, second.published) == (None, None, None)
    assert other.headline is None
    if "authors" in manifest[1]:
        assert first.authors == ("Ada Quill", "Bo Tern")


def test_a_manifest_that_was_read_already_is_not_read_again(tmp_path: Path) -> None:
    path = put(tmp_path / "a.txt")
    put(tmp_path / "manifest.csv", "file,title\na.txt,Ferry\nb.txt,Pies\n")
    rows, (failure,) = read_manifest(tmp_path)
    assert failure.path == f"{tmp_path / 'manifest.csv'}:3"
    assert failure.error == "manifest.csv:3 names 'b.txt', which is no file of its folder; mend its file or path."
    (article,) = read(path, manifest=rows)
    assert isinstance(article, Article)
    assert article.title == "Ferry"
    assert [type(item) for item in read(path)] == [Failure, Article]
    assert read_manifest(tmp_path / "elsewhere") == ({}, [])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("manifest.csv", b"\x89PNG\0"),
        ("manifest.csv", b"title\nFerry\n"),
        ("manifest.csv", b'file,title\na.txt,"' + b"x" * 200_000),
        ("manifest.jsonl", b"{broken\n"),
        ("manifest.jsonl", b"[1]\n"),
    ],
)
def test_a_broken_manifest_costs_only_itself(tmp_path: Path, name: str, content: bytes) -> None:
    path = put(tmp_path / "a.txt")
    put(tmp_path / name, content)
    failure, article = read(path)
    assert isinstance(failure, Failure)
    assert failure.path.startswith(str(tmp_path / name))
    assert isinstance(article, Article)


def test_precedence(tmp_path: Path) -> None:
    """Sidecar before manifest before front matter before the text."""
    front = "---\ntitle: F\noutlet: F\nauthor: F\ndate: 2021-01-01\n---\n"
    path = put(tmp_path / "a.md", front + "# T\n\nPORTMERE (Reuters) - The ferry is back.\n")
    article = one(path)
    assert (article.title, article.outlet, article.authors, article.published) == ("F", "F", ("F",), "2021-01-01")
    put(tmp_path / "manifest.csv", "file,title,outlet,published\na.md,M,M,2022-02-02\n")
    article = one(path)
    assert (article.title, article.outlet, article.authors, article.published) == ("M", "M", ("F",), "2022-02-02")
    put(tmp_path / "a.yaml", "title: S\npublished: 2023\n")
    article = one(path)
    assert (article.title, article.outlet, article.authors, article.published) == ("S", "M", ("F",), "2023")
    assert article.published_precision == "year"


def test_the_document_comes_before_the_text_and_after_the_sidecar(tmp_path: Path) -> None:
    body = PARAGRAPHS.replace("<p>The", "<p>(Reuters) - The")
    path = put(tmp_path / "a.html", page("<meta property='og:site_name' content='Portmere Gazette'>", body))
    assert one(path).outlet == "Portmere Gazette"
    put(tmp_path / "a.json", '{"outlet": "Quay Post"}')
    assert one(path).outlet == "Quay Post"


def test_file_names_match_however_their_accents_are_written(tmp_path: Path) -> None:
    path = put(tmp_path / "cafe\u0301.txt")
    put(tmp_path / "manifest.csv", "file,title\n./caf\u00e9.txt,Coffee\n")
    assert one(path).title == "Coffee"
