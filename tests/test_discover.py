"""Which files are read: folders, globs, links, and what cannot be reached."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from rag.ingest.articles import read
from rag.ingest.discovery import discover
from rag.types import Failure
from tests.reading import STORY, failed, one, put

# --- Finding files


def test_a_folder_is_searched_to_the_bottom_and_sorted(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.md", "a/y.HTML", "c.pdf", "d.jsonl", "e.ndjson", "f.json", "g.markdown", "h.htm"):
        put(tmp_path / name)
    for name in (".hidden.txt", ".git/x.txt", "README.md", "readme.txt", "LICENSE.txt", "pic.png", "notes.sxw"):
        put(tmp_path / name)
    names = ["a/y.HTML", "a/z.md", "b.txt", "c.pdf", "d.jsonl", "e.ndjson", "f.json", "g.markdown", "h.htm"]
    assert discover([tmp_path]) == ([tmp_path / name for name in names], [])


def test_a_story_about_licences_is_no_licence(tmp_path: Path) -> None:
    path = put(tmp_path / "license-fees-rise.txt")
    assert discover([tmp_path]) == ([path], [])


def test_a_named_file_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    paths = [put(tmp_path / name) for name in ("story", "story.log", ".draft", "README.md", "with [brackets].txt")]
    assert discover(map(str, paths)) == (paths, [])
    assert one(paths[1]).text == STORY


def test_paths_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "news" / "a.txt")
    monkeypatch.chdir(tmp_path)
    assert discover(["news/../news/a.txt", "./news"]) == ([path], [])
    assert one(Path("news/a.txt")).path == str(path)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.txt", ["a.txt"]),
        ("*", ["a.txt", "b.md", "sub/c.txt", "sub/deep/d.txt"]),  # a folder that matches is searched
        ("**", ["a.txt", "b.md", "sub/c.txt", "sub/deep/d.txt"]),
        ("**/*.txt", ["a.txt", "sub/c.txt", "sub/deep/d.txt"]),
        ("**/deep/*.txt", ["sub/deep/d.txt"]),
        ("sub/**", ["sub/c.txt", "sub/deep/d.txt"]),
        ("s*/**/d.*", ["sub/deep/d.txt"]),
        ("*.log", ["e.log"]),
        ("[ab].*", ["a.txt", "b.md"]),
    ],
)
def test_globs(tmp_path: Path, pattern: str, expected: list[str]) -> None:
    for name in ("a.txt", "b.md", "sub/c.txt", "sub/deep/d.txt", "e.log", "README.md", ".x.txt"):
        put(tmp_path / name)
    assert discover([f"{tmp_path}/{pattern}"]) == ([tmp_path / name for name in expected], [])


def test_a_relative_double_star_starts_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "sub" / "c.txt")
    monkeypatch.chdir(tmp_path)
    assert discover(["**"]) == ([path], [])


def test_a_file_reached_twice_is_listed_once_as_first_reached(tmp_path: Path) -> None:
    path = put(tmp_path / "b.txt")
    (tmp_path / "a.txt").symlink_to(path)
    assert discover([path, tmp_path, f"{tmp_path}/*.txt"]) == ([path], [])
    assert discover([tmp_path]) == ([tmp_path / "a.txt"], [])


@pytest.mark.parametrize("pattern", ["", "/**"])
def test_link_loops_end(tmp_path: Path, pattern: str) -> None:
    path = put(tmp_path / "news" / "a.txt")
    for name in ("up", "down"):
        (tmp_path / "news" / name).symlink_to(tmp_path / "news")
    assert discover([f"{tmp_path}/news{pattern}"]) == ([path], [])


def test_a_link_that_leads_nowhere_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nothing.txt")
    (tmp_path / "self.txt").symlink_to(tmp_path / "self.txt")
    found, failures = discover([tmp_path])
    assert found == []
    assert [failure.path for failure in failures] == [str(tmp_path / "gone.txt"), str(tmp_path / "self.txt")]
    assert "broken link" in failures[0].error


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    found, failures = discover([tmp_path / "pipe.txt"])
    assert (found, len(failures)) == ([], 1)


@pytest.mark.parametrize("name", ["nowhere", "nowhere.txt", "*.txt", "**", ""])
def test_a_path_to_nothing_is_a_failure_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    found, (failure,) = discover([name])
    assert found == []
    assert failure.path == name
    assert "name a file, a folder or a glob" in failure.error or ".txt, .md" in failure.error


def test_a_folder_without_articles_is_a_failure_that_says_what_is_allowed(tmp_path: Path) -> None:
    put(tmp_path / "pic.png", b"\x89PNG")
    found, (failure,) = discover([tmp_path])
    assert found == []
    assert failure.path == str(tmp_path)
    assert failure.error.startswith(f"{tmp_path.name} holds no article; a folder needs files that end in .txt, .md")


def test_what_is_missing_does_not_hide_what_is_there(tmp_path: Path) -> None:
    path = put(tmp_path / "a.txt")
    found, failures = discover([tmp_path / "nowhere.txt", path])
    assert found == [path]
    assert [failure.path for failure in failures] == [str(tmp_path / "nowhere.txt")]


def test_a_folder_that_may_not_be_listed_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "a.txt")
    put(tmp_path / "shut" / "b.txt")
    listed = Path.iterdir

    def guarded(folder: Path) -> object:
        if folder.name == "shut":
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", guarded)
    found, (failure,) = discover([tmp_path])
    assert found == [path]
    assert failure.path == str(tmp_path / "shut")
    assert "Permission denied" in failure.error


def test_a_file_that_may_not_be_read_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "a.txt")

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert failed(path) == "a.txt cannot be read (Permission denied); check the path and its permissions."


def test_a_file_that_is_gone_and_a_folder_are_failures(tmp_path: Path) -> None:
    assert "No such file" in failed(tmp_path / "gone.txt")
    assert "Is a directory" in failed(tmp_path)


def test_a_name_that_is_not_utf8_is_a_failure_that_can_be_printed(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path / "caf") + b"\xe9.txt"))
    put(path)
    assert discover([tmp_path]) == ([path], [])
    (failure,) = read(path)
    assert isinstance(failure, Failure)
    assert failure.error.encode().startswith(b"caf?.txt has a name")


@pytest.mark.parametrize("name", ["story.html.gz", "story.txt.gz", "story.md.GZ", "story.TXT.gz", "story.txt"])
@pytest.mark.parametrize("end", [".json", ".meta.json", ".yaml", ".meta.yml"])
def test_what_describes_a_packed_article_is_read_with_it(tmp_path: Path, name: str, end: str) -> None:
    path = put(tmp_path / name, STORY if name == "story.txt" else gzip.compress(STORY.encode()))
    beside = put(tmp_path / f"story{end}", json.dumps({"title": "Ferry returns", "outlet": "Quay Gazette"}))
    assert discover([tmp_path]) == ([path], [])
    assert discover([beside, path]) == ([path], [])
    article = one(path)
    assert (article.title, article.outlet) == ("Ferry returns", "Quay Gazette")


def test_packed_xml_of_no_articles_is_passed_over(tmp_path: Path) -> None:
    site_map = gzip.compress(b"<?xml version='1.0'?><urlset><url><loc>https://quay.example/</loc></url></urlset>")
    feed = f"<rss version='2.0'><channel><item><title>Ferry</title><description>{STORY}</description></item></channel>"
    put(tmp_path / "sitemap.xml.gz", site_map)
    paths = [
        put(tmp_path / "damaged.xml.gz", site_map[:-20]),
        put(tmp_path / "feed.xml.GZ", gzip.compress(f"{feed}</rss>".encode())),
    ]
    passed_over: Counter[str] = Counter()
    assert discover([tmp_path], passed_over) == (paths, [])
    assert passed_over == {".gz": 1}
    assert discover([tmp_path / "*.gz"]) == (paths[:1], [])
    assert discover([tmp_path / "sitemap.xml.gz"])[0] == [tmp_path / "sitemap.xml.gz"], "named, it is told why not"
