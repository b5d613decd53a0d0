"""The questions on which `fit_sufficiency` is fitted and measured, each with the passages that were found for it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from evals.loaders import DATA, read_jsonl
from evals.suites import library_of
from evals.training.news import news_passages
from evals.training.reader_data import Case
from evals.training.stories import STORIES
from evals.training.texts import SEED, Json, part_of, sentences_of, trimmed
from rag.answers.extractive import ages
from rag.answers.sufficiency import Evidence

N_SHIFTS, N_NQ = 500, 240


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question of a set. `gold` are the places of the sentences that answer, among all that were found, where known;
    `group` is its article, where several questions share one."""

    source: str
    part: str
    question: str
    answerable: bool
    gold: tuple[int, ...] = ()
    group: str = ""


Passage = tuple[str, Sequence[str]]  # title, sentences


@dataclass(frozen=True, kw_only=True)
class Found(Question):
    """A question with the passages that were found for it."""

    passages: tuple[Passage, ...]


@dataclass(frozen=True, kw_only=True)
class Asked(Question):
    """A question with every sentence of these passages, and what was read in it."""

    evidence: tuple[Evidence, ...]

    @classmethod
    def of(cls, found: Found, evidence: tuple[Evidence, ...]) -> Asked:
        return cls(**{field.name: getattr(found, field.name) for field in fields(Question)}, evidence=evidence)


def given(cases: Iterable[Case]) -> Iterator[Found]:
    """Questions over the one paragraph they come with."""
    for case in cases:
        yield Found(
            source=case.source,
            part=case.part,
            question=case.question,
            answerable=bool(case.gold or case.doubtful),
            passages=(("" if case.source == "xquad" else case.title, case.sentences),),
            gold=tuple(sorted(case.gold)),
        )


def mtrag(data: Path) -> Iterator[Found]:
    """mtRAG-UN: the last turn as it was typed, over the passages that its authors retrieved."""
    for record in read_jsonl(data / "mtrag_un/reference.jsonl.gz"):
        if record["answerability"][0] not in ("ANSWERABLE", "UNANSWERABLE") or not record["contexts"]:
            continue
        texts = [context["text"] for context in record["contexts"][:8]]
        yield Found(
            source="mtrag",
            part=part_of(record["conversation_id"], 0.5, 0.5),
            question=trimmed(record["input"][-1]["text"]),
            answerable=record["answerability"][0] == "ANSWERABLE",
            passages=tuple(("", tuple(sentences_of(text))) for text in texts),
        )


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """A question for a library. The answer lies in the sentence of record `at` that holds `words`. Where `hide` is
    "record" or "sentence", this is kept from what is found, which makes the question unanswerable."""

    question: str
    answerable: bool
    at: str = ""
    words: str = ""
    hide: str = ""


def retrieved(name: str, part: str, records: Sequence[Json], lookups: Iterable[Lookup]) -> Iterator[Found]:
    """Questions over what `Library.retrieve` finds among the records, titled as `ask` has them read."""
    with library_of(records, None) as library:
        for lookup in lookups:
            hits = [(hit, hit.article.path.rpartition("#")[2]) for hit in library.retrieve(lookup.question, k=12)]
            age_of = ages((hit.article, hit.scores["cosine"]) for hit, _ in hits)
            passages: list[Passage] = []
            gold: list[int] = []
            for hit, key in hits:
                if (key == lookup.at and lookup.hide == "record") or len(passages) == 8:
                    continue
                text, words = hit.article.text, _squeezed(lookup.words)
                sentences = [text[s.start : s.end] for s in library.store.sentences(hit.passage)]
                holds = [bool(words) and key == lookup.at and words in _squeezed(s) for s in sentences]
                if lookup.hide == "sentence":
                    sentences = [s for s, is_gold in zip(sentences, holds, strict=True) if not is_gold]
                else:
                    n = sum(len(found) for _, found in passages)
                    gold += [n + i for i, is_gold in enumerate(holds) if is_gold]
                if sentences:
                    passages.append((age_of.get(hit.article.id, "") + (hit.article.title or ""), tuple(sentences)))
            yield Found(
                source=name,
                part=part,
                question=lookup.question,
                answerable=lookup.answerable,
                passages=tuple(passages),
                gold=tuple(gold),
                group=lookup.at,
            )


def _squeezed(text: str) -> str:
    return "".join(text.split())


def half_hidden(cases: Sequence[Case], n: int) -> tuple[list[Json], list[Lookup]]:
    """A paragraph per record, and `n` questions, each twice: as it is, and with the paragraph that answers hidden, or
    the sentence that does."""
    keys = {paragraph: f"p{i}" for i, paragraph in enumerate(dict.fromkeys(case.paragraph for case in cases))}
    titles = {case.paragraph: case.title for case in cases}
    records = [{"id": key, "title": titles[text], "text": text} for text, key in keys.items()]
    with_gold = [case for case in cases if case.gold]
    lookups = []
    for i, case in enumerate(random.Random(SEED).sample(with_gold, min(n, len(with_gold)))):
        at, words = keys[case.paragraph], case.sentences[min(case.gold)]
        lookups.append(Lookup(question=case.question, answerable=True, at=at, words=words))
        hide = "record" if i % 2 else "sentence"
        lookups.append(Lookup(question=case.question, answerable=False, at=at, words=words, hide=hide))
    return records, lookups


def wikinews(data: Path, questions: str) -> tuple[list[Json], list[Lookup]]:
    """All Wikinews articles of GUM, and the questions of evals/data, which are this project's own."""
    articles = read_jsonl(data / "gum_wikinews/articles.jsonl")
    records = [{"id": a["id"], "title": a["title"], "date": a["published"], "text": a["text"]} for a in articles]
    asked = read_jsonl(DATA / questions)
    return records, [
        Lookup(question=q["question"], answerable=q["answerable"], at=q["article"], words=q["evidence"]) for q in asked
    ]


def invented_news() -> tuple[list[Json], list[Lookup]]:
    """All invented news as articles, and the questions on what of it is held out."""
    held_out = news_passages(held_out=True)
    passages = [*news_passages(), *held_out]
    records = [{"id": p.id, "title": p.title, "text": p.text} for p in passages]
    return records, [
        Lookup(question=q.text, answerable=q.answer is not None, at=p.id, words=q.answer or "")
        for p in held_out
        for q in p.questions
    ]


def invented_stories() -> tuple[list[Json], list[Lookup]]:
    """All invented stories as articles, and the questions on what of them is held out."""
    rows = read_jsonl(STORIES)
    records = [
        {"id": f"{row['id']}-{n}", "title": article["title"], "date": article["published"], "text": article["text"]}
        for row in rows
        for n, article in enumerate(row["articles"])
    ]
    return records, [
        Lookup(
            question=question["text"],
            answerable=question["article"] is not None,
            at=f"{row['id']}-{question['article']}",
            words=question["sentence"] or "",
        )
        for row in rows
        if row.get("held_out")
        for question in row["questions"]
    ]


SETS = "squadshifts nq news stories clapnq squad2 mtrag wikinews wikinews-2 qed xquad xquad-library".split()


def all_found(cases: Sequence[Case], data: Path, sets: Sequence[str]) -> Iterator[Found]:
    """Every question of `sets` that the regression is fitted or measured on."""

    def of(source: str, part: str) -> list[Case]:
        return [case for case in cases if case.source == source and case.part == part]

    def some(source: str, n: int) -> list[Case]:
        return random.Random(SEED).sample([c for c in cases if c.source == source and c.part == "test"], n)

    def half_hidden_in_library(source: str, n: int) -> Iterator[Found]:
        return retrieved(source, "signals", *half_hidden(of(source, "signals"), n))

    made: dict[str, Callable[[], Iterator[Found]]] = {
        "squadshifts": lambda: retrieved(
            "squadshifts", "signals", *half_hidden(of("squadshifts", "signals"), N_SHIFTS)
        ),
        "nq": lambda: retrieved("nq", "signals", *half_hidden(of("nq", "signals"), N_NQ)),
        "news": lambda: retrieved("news", "signals", *invented_news()),
        "stories": lambda: retrieved("stories", "signals", *invented_stories()),
        "clapnq": lambda: given(c for c in cases if c.source == "clapnq" and c.part != "adapter"),
        "squad2": lambda: given(c for c in cases if c.source == "squad2" and c.part != "adapter"),
        "mtrag": lambda: mtrag(data),
        "wikinews": lambda: retrieved("wikinews", "test", *wikinews(data, "wikinews_questions.jsonl")),
        "wikinews-2": lambda: retrieved("wikinews-2", "test", *wikinews(data, "wikinews_questions_2.jsonl")),
        "qed": lambda: given(some("qed", 200)),
        "xquad": lambda: given(some("xquad", 400)),
        "xquad-library": lambda: retrieved(
            "xquad-library", "test", *half_hidden([replace(c, title="") for c in cases if c.source == "xquad"], 160)
        ),
    }
    for name in sets:
        yield from made[name]()
