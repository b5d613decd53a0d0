"""What a server that runs all day asks of the library: threads that come and go, and many questions at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from rag import Library
from rag.errors import NotFoundError
from rag.storage.index import refresh
from rag.text import lexicon
from rag.text.lexicon import stem
from tests.conftest import FERRY

WORDS = """
    running relational conditional valencies hesitancies digitizer operator feudalism decisiveness hopefulness
    triplicate formative formalize electrical revival allowance inference airliner gyroscopic adjustable defensible
    irritant replacement adjustment dependent adoption communism activate effective bowdlerize warrants releases
""".split()


def test_words_have_one_stem_whoever_asks_at_the_same_time() -> None:
    expected = {word: stem.__wrapped__(word) for word in WORDS}
    lexicon.stem.cache_clear()

    def work(seed: int) -> list[str]:
        words = WORDS[seed % len(WORDS) :] + WORDS[: seed % len(WORDS)]
        return [word for _ in range(30) for word in words if stem.__wrapped__(word) != expected[word]]

    with ThreadPoolExecutor(8) as threads:
        assert [wrong for found in threads.map(work, range(8)) for wrong in found] == []


def test_threads_that_have_ended_keep_no_file_open(library: Library) -> None:
    for _ in range(30):
        thread = threading.Thread(target=library.status)
        thread.start()
        thread.join()
    assert len(library.store._connections) <= 3


def test_a_connection_that_shows_an_older_state_is_closed(library: Library) -> None:
    n = len(library.store._connections)
    for _ in range(5):
        library.store._local.seen = (0,)  # as where somebody else has written to a file that cannot be written here
        assert library.store.n_articles() == 0
    assert len(library.store._connections) == n


def test_the_same_answer_comes_to_each_of_many(sample: Library) -> None:
    questions = ["Who asked Biden for help?", "How many hostages would be released in the first phase?"]
    expected = {question: sample.ask(question).text for question in questions}
    asked = questions * 4
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda question: sample.ask(question).text, asked))
    assert answers == [expected[question] for question in asked]


def test_an_embedder_that_another_process_chose_is_not_put_back(ferry: Library, tmp_path: Path) -> None:
    assert ferry.retrieve("fog")
    with Library.open(ferry.path, embedder="hashing:32") as other:
        other.ingest([tmp_path / "ferry.md"])
        at = other.store.generation
        assert ferry.retrieve("fog")
        assert ferry.ingest([tmp_path / "ferry.md"]).unchanged == 1
        assert (ferry.store.generation, ferry.embedder.name) == (at, other.embedder.name)
        assert other.retrieve("fog")
        assert ferry.retrieve("fog", outlets=None)


def test_the_embedder_that_a_library_was_made_with_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ferry.md").write_text(FERRY)
    monkeypatch.setenv("BYLINE_EMBEDDER", "hashing:32")
    with Library.open(tmp_path / "library") as library:
        library.ingest([tmp_path / "ferry.md"])
    monkeypatch.setenv("BYLINE_EMBEDDER", "hashing:64")
    with Library.open(tmp_path / "library") as library:
        assert library.status()["embedder"] == "hashing:32"


def test_a_hit_whose_article_was_just_replaced_gives_no_words(ferry: Library, tmp_path: Path) -> None:
    (hit,) = ferry.retrieve("fog", k=1)
    assert ferry._candidates([hit])
    (tmp_path / "ferry.md").write_text(f"Snow fell on Ostby. {FERRY}")
    ferry.ingest([tmp_path / "ferry.md"])
    assert ferry._candidates([hit]) == []
    assert ferry._candidates(ferry.retrieve("fog", k=1))


def test_articles_and_files_may_go_while_they_are_looked_at(
    ferry: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (article,) = ferry.articles()
    (ferry.path / "vectors.faiss-gone").symlink_to(tmp_path / "nowhere")
    assert ferry.status()["size_bytes"] > 0
    ferry.remove([article.id])
    numbers, vectors = ferry.store.passage_vectors(ferry.embedder.name, [1, 2])
    assert (numbers.shape, vectors.shape[0]) == ((0,), 0)
    monkeypatch.setattr(ferry.store, "passage_numbers", lambda _: np.array([7], dtype=np.int64))
    index, _ = refresh(None, ferry.store, embedder=ferry.embedder.name, dim=ferry.embedder.dim)
    assert len(index) == 0
    with pytest.raises(NotFoundError, match=f"the article {article.id} is no longer in the library"):
        ferry.file_of(article)


def test_the_working_folder_may_go(ferry: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    article = ferry.find("ferry.md")
    assert article.to_dict()["path"] == str(tmp_path / "ferry.md")


@pytest.mark.parametrize("name", ["~\0", "\0", "a\0b", "~nobody\0/x", "~nosuchuser/x", "x" * 9_000])
def test_a_name_that_can_be_no_path_is_not_found(ferry: Library, name: str) -> None:
    with pytest.raises(NotFoundError, match="no article"):
        ferry.find(name)
    with pytest.raises(NotFoundError) as said:
        ferry.find("nowhere.md")
    assert str(ferry.path) not in str(said.value)


@pytest.mark.parametrize("k", [2**31, 2**62, 2**63, 10**30])
def test_as_many_as_there_are_may_be_asked_for(library: Library, ferry: Library, k: int) -> None:
    assert len(ferry.retrieve("fog", k=k)) == 1
    ferry.remove([ferry.articles()[0].id])
    assert ferry.retrieve("fog", k=k) == []
