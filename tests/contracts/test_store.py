"""What holds for a library wherever it is: in SQLite, on the embedded Milvus, on a Milvus server. Values are compared
with a library in SQLite that read the same files."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag import BylineError, Library
from rag.copying import copy
from rag.filters import Filters
from tests import milvus

WIRE = (
    "The ferry to Saltby stayed in port on Tuesday after fog closed the strait for nine hours, the harbour master Orla "
    "Venn said. Some 412 passengers slept in the gymnasium of the school, and the baker brought 600 rolls before dawn. "
    "The line runs twice a day and carries 90,000 people a year. It will sail again on Thursday if the wind turns.\n"
)
ARTICLES = {
    "wire.md": f"---\ntitle: Fog Holds the Ferry\noutlet: The Courier\npublished: 2024-05-07\n---\n\n{WIRE}",
    "reprint.md": f"---\ntitle: Ferry Held\noutlet: Ostby Post\npublished: 2024-05-08\n---\n\n{WIRE}",
    "bridge.md": (
        "---\ntitle: Bridge to Reopen\noutlet: The Courier\npublished: 2024-04\nurl: https://a.example/b\n---\n\n"
        "The bridge over the Wend reopens in May, the mayor said. Repairs cost 4 million.\n"
    ),
    "strike.md": (
        "---\ntitle: Pilots of the WMO Strike\noutlet: the courier\npublished: 2023\n---\n\n"
        "Members of the World Meteorological Organization (WMO) struck for a day. The WMO regrets it.\n"
    ),
    "changed.md": (
        "---\ntitle: Café Closes\noutlet: Ostby Post\npublished: 2024-03-02\nupdated: 2024-06-01\n---\n\n"
        "The Café Lumière in Ostby closes its doors. Running costs rose too fast.\n"
    ),
    "plums.txt": "Plums were late this year in the orchards of Ostby. Growers had expected a richer harvest.\n",
    "od\"d' name.md": (
        '---\ntitle: "He said \\"go\\" \\\\ or == 1"\noutlet: \'x" or id != "\'\npublished: 2024-02-29\n---\n\n'
        "Quotation marks broke the register of Quill, the clerk said. “Never again,” she wrote.\n"
    ),
}
FILTERS = (
    Filters(),
    Filters(outlets=("THE COURIER",)),
    Filters(outlets=('x" or id != "',)),
    Filters(outlets=("nobody", '"] or id != "')),
    Filters(published_from="2024-04-15"),
    Filters(published_to="2024-03-01"),
    Filters(published_from="2023-06", published_to="2024-04-10"),
    Filters(as_of="2024-05-01"),
    Filters(as_of="2024-05-07", outlets=("the courier", "ostby post")),
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    if milvus.lacks("milvus-server"):
        yield ""
        return
    with milvus.server() as running:
        yield running


@pytest.fixture(params=milvus.PLACES)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Makes the address of a new library at a kind of place."""
    if why := milvus.lacks(request.param):
        pytest.skip(why)
    url = request.getfixturevalue("address") if request.param == "milvus-server" else ""
    return lambda: milvus.spec_of(request.param, tmp_path, url)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "articles"
    made.mkdir()
    for name, text in ARTICLES.items():
        (made / name).write_text(text, encoding="utf-8")
    return made


@pytest.fixture
def here(make: Callable[[], str], folder: Path) -> Iterator[Library]:
    with Library.open(make(), embedder="hashing:64") as library:
        report = library.ingest([folder])
        assert (report.added, report.failed, report.articles) == (len(ARTICLES), (), len(ARTICLES))
        yield library


@pytest.fixture
def local(tmp_path: Path, folder: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "local", embedder="hashing:64") as library:
        library.ingest([folder])
        yield library


def known(library: Library) -> dict[str, object]:
    """What a library says of its articles, links and counts."""
    store = library.store
    status = library.status()
    return {
        "articles": {a.id: (a, store.file_of(a.id)) for a in library.articles()},
        "passages": {a.id: library.passages(a) for a in library.articles()},
        "sentences": [store.sentences(p) for a in library.articles() for p in library.passages(a)],
        "versions": {a.id: [v.article.text for v in library.versions(a)] for a in library.articles()},
        "counts": {k: status[k] for k in ("articles", "passages", "sources", "first_published", "last_published")},
        "outlets": library.store.outlets(),
        "overview": library.overview(),
        "unsure": [(store.n_undecided(f), store.n_uncertain(f)) for f in FILTERS],
        "revised": [store.n_revised_since(f) for f in FILTERS if f.as_of],
        "later": [store.holds_later(f, "2024-05-01") for f in FILTERS],
        "allowed": [len(store.allowed(f)) for f in FILTERS],
        "listing": [store.listing(f, ()) for f in FILTERS],
        "visible": [store.visible([a.id for a in library.articles()], f) for f in FILTERS],
        "names": [store.names(["wmo"], f) for f in FILTERS],
        "named": store.names(["world meteorological organization"], Filters()),
        "lists": [
            library.listed(order=order, descending=down, limit=5)
            for order in ("day", "title", "outlet", "words", "versions", "copies")
            for down in (True, False)
        ],
    }


def test_says_what_sqlite_says(here: Library, local: Library) -> None:
    mine, theirs = known(here), known(local)
    for name in theirs:
        assert mine[name] == theirs[name], name
    assert here.store.check() == []
    with pytest.raises(BylineError, match="no article"):
        here.find("nowhere.md")


@pytest.mark.parametrize("question", ["ferries fog", "cafe lumiere ran", "the mayor's bridge", "Quill", "zzz"])
def test_finds_what_sqlite_finds(here: Library, local: Library, question: str) -> None:
    for filters in FILTERS:
        mine, theirs = (one.retrieve(question, k=20, filters=filters, understand=False) for one in (here, local))
        assert len(mine) == len(theirs)
        assert {hit.article.id for hit in mine} == {hit.article.id for hit in theirs}, filters
        for hit in mine:
            assert hit.article.text[hit.passage.start : hit.passage.end] == hit.passage.text
        if theirs and theirs[0].scores["bm25"] > 0:
            assert mine[0].article.id == theirs[0].article.id
            assert mine[0].scores["cosine"] == pytest.approx(theirs[0].scores["cosine"], abs=1e-4)
    terms = question.split()
    assert {n for n, s in here.store.bm25(terms, 9, Filters(), 1.0) if s <= 0} == set()


def test_terms_and_names_are_only_text(here: Library) -> None:
    for terms in (['"'], ["NOT"], ["ferr*"], ['"] == ["'], ["\0"], [], ["%"], ["'"]):
        assert here.store.bm25(terms, 5, Filters(), 1.0) == []
    for name in ('"] or id != "', "%", "_", "\\", "a" * 5000, "\0", '%" or "" == "'):
        assert here.store.find(name) == []
        assert here.store.articles([name]) == []
    assert [Path(here.find(one).path).name for one in ("wire.md", "WIRE.md", here.find("wire.md").id[:6])] == [
        "wire.md"
    ] * 3


def test_an_article_is_replaced_keeps_its_versions_and_its_edits(here: Library, folder: Path) -> None:
    (folder / "plums.txt").write_text("Plums were early this year in Ostby. Nobody had expected it.\n")
    report = here.ingest([folder])
    assert (report.updated, report.unchanged, report.articles) == (1, len(ARTICLES) - 1, len(ARTICLES))
    plums = here.find("plums.txt")
    assert [v.article.text.split()[2] for v in here.versions(plums)] == ["late", "early"]
    assert "late" not in " ".join(hit.passage.text for hit in here.retrieve("plums late orchards"))
    edited = here.edit(plums, title="Plums", outlet="Ostby Post")
    assert (edited.title, here.store.outlets()["Ostby Post"], here.find("plums.txt").outlet) == (
        "Plums",
        3,
        "Ostby Post",
    )
    assert len(here.versions(edited)) == 2
    assert here.undo_edit(edited).outlet is None
    assert here.store.stated(plums.id) == {}
    assert here.store.check() == []


def test_what_is_removed_is_gone_and_can_be_put_back(here: Library, local: Library) -> None:
    before = known(here)
    taken = here.take_out(here.find("wire.md"))
    assert here.store.n_articles() == len(ARTICLES) - 1
    assert here.find("reprint.md").cluster is None, "no story is left of one"
    assert all(hit.article.id != taken.article.id for hit in here.retrieve("ferry fog harbour"))
    assert here.put_back(taken).id == taken.article.id
    assert known(here)["articles"] == before["articles"]
    here.remove([article.id for article in here.articles()])
    assert (here.store.n_articles(), here.store.n_passages(), here.store.outlets()) == (0, 0, {})
    assert here.retrieve("ferry") == []
    assert here.store.check() == []


def test_asks_and_checks(here: Library) -> None:
    answer = here.ask("Who said that the ferry stayed in port?")
    for claim in answer.claims:
        for citation in claim.citations:
            assert citation.article.text[citation.start : citation.end] == citation.quote
    assert "7 articles" in here.ask("How many articles are in the library?").text
    (checked,) = here.check("Some 412 passengers slept in the gymnasium.")
    assert checked.citations
    assert here.describe(here.find("wire.md"))["copies"] == [here.find("reprint.md").id]


def test_a_long_article_comes_back_whole(here: Library, folder: Path) -> None:
    lines = [
        f"Line {i} of the register names {i * 7919 % 100003} ships, é, ł and 漢字 among them." for i in range(6000)
    ]
    (folder / "long.txt").write_text("\n".join(lines))
    assert here.ingest([folder]).added == 1
    assert here.find("long.txt").text == "\n".join(lines)
    assert here.store.check() == []


def test_copies_either_way_and_verifies(here: Library, local: Library, make: Callable[[], str], tmp_path: Path) -> None:
    local.edit(local.find("plums.txt"), title="Plums")
    with Library.open(make()) as target:
        done = copy(local, target)
        assert (done["copied"], done["already"], done["others"]) == (len(ARTICLES), 0, 0)
        mine, theirs = known(target), known(local)
        assert {k: mine[k] for k in theirs} == theirs
        assert [hit.article.id for hit in target.retrieve("fog ferry", k=2)]
        assert copy(local, target)["already"] == len(ARTICLES)
        local.edit(local.find("bridge.md"), outlet="Ostby Post")
        again = copy(local, target)
        assert (again["copied"], again["already"]) == (1, len(ARTICLES) - 1)
        with Library.open(tmp_path / "back") as back:
            assert copy(target, back)["sha256"] == again["sha256"]
            assert known(back) == known(local)
            assert back.ingest([tmp_path / "articles"]).unchanged == len(ARTICLES)


def test_a_copy_that_was_stopped_goes_on(here: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.copying.AT_ONCE", 2)

    def stop(done: int, total: int, what: str) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with Library.open(tmp_path / "back") as back:
        with pytest.raises(KeyboardInterrupt):
            copy(here, back, say=stop)
        assert back.store.n_articles() == 4
        assert copy(here, back)["already"] == 4
        assert known(back)["articles"] == known(here)["articles"]


_INGEST = """
import sys
from rag import Library
with Library.open(sys.argv[1]) as library:
    print(library.ingest(sys.argv[2:]).added)
"""


def test_several_processes_ingest_at_once(make: Callable[[], str], tmp_path: Path) -> None:
    place = make()
    Library.open(place, embedder="hashing:64").close()
    running = []
    for writer in range(3):
        folder = tmp_path / f"of{writer}"
        folder.mkdir()
        for i in range(4):
            (folder / f"{i}.txt").write_text(f"Writer {writer} sends report {i} from Quay {writer * 7 + i}.\n")
        command = [sys.executable, "-c", _INGEST, place, str(folder)]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    for process in running:
        out, err = process.communicate(timeout=200)
        assert (process.returncode, out.strip()) == (0, "4"), err
    with Library.open(place) as library:
        assert (library.store.n_articles(), library.store.check()) == (12, [])
        assert len({article.text for article in library.articles()}) == 12


def test_the_commands_work(make: Callable[[], str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from rag.cli import main

    place = make()
    assert main(["status", "--library", place]) == 2
    Library.open(place, embedder="hashing:64").close()
    assert main(["ingest", str(folder), "--library", place, "--json"]) == 0
    capsys.readouterr()
    for command in (
        ["status"],
        ["search", "ferry fog"],
        ["ask", "What stayed in port?"],
        ["doctor"],
        ["remove", "plums.txt"],
    ):
        assert main([*command, "--library", place, "--json"]) == 0, command
        assert isinstance(json.loads(capsys.readouterr().out), dict)
    assert main(["copy", place, str(folder.parent / "copied"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["copied"] == len(ARTICLES) - 1
