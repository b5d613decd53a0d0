"""What a server that runs all day asks of the library: threads that come and go, and many questions at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from rag import Library
from rag.text import lexicon
from rag.text.lexicon import stem

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


def test_the_same_answer_comes_to_each_of_many(sample: Library) -> None:
    questions = ["Who asked Biden for help?", "How many hostages would be released in the first phase?"]
    expected = {question: sample.ask(question).text for question in questions}
    asked = questions * 4
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda question: sample.ask(question).text, asked))
    assert answers == [expected[question] for question in asked]
