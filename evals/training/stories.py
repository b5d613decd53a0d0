"""The invented stories of `data/stories.jsonl.gz`, three articles each, with questions: which of sentences that are
about the same people, places and events answers? For training only (data/README.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from evals.loaders import read_jsonl
from evals.training.reader_data import Case
from evals.training.texts import Json, digest, sentences_of_paragraphs, trimmed
from rag.errors import BylineError
from rag.models.reader import EARLIER, LATEST

STORIES = Path(__file__).parent / "data" / "stories.jsonl.gz"
# Questions that an article before may seem to answer, as things stood then.
OF_THE_DAY = ("latest", "summary")
# Those of which it is not known whether another article settles them too.
OPEN_ELSEWHERE = ("yes_no",)


def story_cases(path: Path = STORIES, *, held_out: bool = False) -> Iterator[tuple[Case, list[Case]]]:
    """Each question over the article that answers it, or over each article where none does; and the other articles of
    its story, as cases that do not answer. BylineError where a row is not as data/README.md says."""
    for row in read_jsonl(path):
        if row.get("held_out", False) == held_out:
            for question in row["questions"]:
                yield from _cases(row, question)


def story_of(case: Case) -> str:
    """The story that a case is of."""
    return case.id.rpartition("-")[0]


def _cases(row: Json, question: Json) -> Iterator[tuple[Case, list[Case]]]:
    texts = [sentences_of_paragraphs(article["text"]) for article in row["articles"]]
    gold = _answering(row, question, texts)
    cases = [
        Case(
            id=f"stories-{row['id']}-{digest(question['text'] + str(n))}",
            source="stories",
            part="adapter",
            question=trimmed(question["text"]),
            title=f"{LATEST if n == len(texts) - 1 else EARLIER}{row['articles'][n]['title']}",
            sentences=texts[n],
            gold=frozenset(i for at, i in gold if at == n),
            answers=(question["answer"],) if question["answer"] and n == question["article"] else (),
        )
        for n in range(len(texts))
    ]
    if not gold:
        yield from ((case, []) for case in cases)
        return
    silent = [case for case in cases if not case.gold and question["kind"] not in OPEN_ELSEWHERE]
    yield cases[question["article"]], silent
    if question["kind"] in OF_THE_DAY:
        # Only the age of an article tells that it does not answer: each of the older ones is read.
        yield from ((case, []) for case in silent)


def _answering(row: Json, question: Json, texts: Sequence[tuple[str, ...]]) -> list[tuple[int, int]]:
    """The sentences that answer, as (article, sentence)."""
    if question["article"] is None:
        return []
    wanted = [(question["article"], question["sentence"]), *map(tuple, question.get("also", ()))]
    found = []
    for at, sentence in wanted:
        places = [i for i, one in enumerate(texts[at]) if trimmed(sentence) in one or one in trimmed(sentence)]
        if not places:
            raise BylineError(
                f"story {row['id']!r} does not hold the sentence {sentence!r} of {question['text']!r}: see "
                "evals/training/data/README.md."
            )
        found += [(at, i) for i in places]
    return found
