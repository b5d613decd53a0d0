"""More questions to train the reader on, beside those of `reader_data`: on single sentences (half of them of Wikinews),
to be answered by yes or no, unanswerable on purpose, and on invented news. None of them is measured on."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from evals.training.news import news_passages
from evals.training.reader_data import Case, cases_of
from evals.training.texts import (
    SEED,
    Json,
    digest,
    held_out_sentences,
    json_of,
    lines_of,
    plain,
    sentences_of,
    squeezed,
    table_of,
    trimmed,
    untokenized,
)
from rag.checking.faults import coverage
from rag.text.facts import read

# Of QAMR and QADiscourse at most so many questions; of QAMR only long ones, as short ones ("Who said?") are answered
# by any other paragraph too.
N_QAMR, N_QADISCOURSE, QAMR_WORDS = 6000, 4000, 6
# BoolQ does not say which sentence settles a question: the one that covers so much of it, and so much more than any
# other, is taken.
BOOLQ_COVERAGE, BOOLQ_LEAD = 0.6, 0.15
_BROKEN = frozenset('\\"\ufffd')  # what is left in QADiscourse where letters and quotation marks were lost


def training_cases(data: Path) -> list[Case]:
    """Every case of `reader_data` and of this module, with nothing of the test parts left in the others."""
    cases = cases_of(data)
    test = [case for case in cases if case.part == "test"]
    questions, paragraphs = {plain(case.question) for case in test}, {_opening(case) for case in test}
    titles = {case.title.lower() for case in test if case.source in ("clapnq", "qed") and case.title}
    known = {(plain(case.question), _opening(case)) for case in cases}
    added = []
    for case in added_cases(data):
        key = plain(case.question), _opening(case)
        is_test = key[0] in questions or key[1] in paragraphs or case.title.lower() in titles
        if not is_test and key not in known:
            known.add(key)
            added.append(case)
    return cases + added


def _opening(case: Case) -> str:
    return plain(case.paragraph)[:200]


def added_cases(data: Path) -> Iterator[Case]:
    """The cases of every set of this module, as they are."""
    held_out = held_out_sentences(data)
    yield from news()
    yield from qamr(data, held_out)
    yield from qadiscourse(data, held_out)
    yield from squad2_part(data)
    yield from selqa(data)
    yield from boolq(data)


def news() -> Iterator[Case]:
    """The questions on the invented news. Where several sentences hold the words of an answer, the one that covers most
    of the question is taken; questions whose answer runs over two are left out."""
    for passage in news_passages():
        sentences = passage.sentences
        for question in passage.questions:
            answer = question.answer
            holding = [i for i, s in enumerate(sentences) if answer is not None and answer in s]
            if answer is not None and not holding:
                continue
            gold = frozenset(_most_covering(question.text, sentences, holding))
            yield Case(
                id=f"news-{digest(passage.id + question.text)}",
                source="news",
                part="adapter",
                question=trimmed(question.text),
                title=passage.title,
                sentences=sentences,
                gold=gold,
                doubtful=frozenset(holding) - gold,
                answers=(answer,) if answer else (),
            )


def _most_covering(question: str, sentences: Sequence[str], among: Sequence[int]) -> list[int]:
    """The number of the sentence in `among` that covers most of the question, alone in a list, [] where there is
    none."""
    return sorted(among, key=lambda i: -_covers(question, sentences[i]))[:1]


def _covers(question: str, sentence: str) -> float:
    reading = read(sentence)
    return coverage(read(question), reading.keys, reading)


def qamr(data: Path, held_out: frozenset[str]) -> Iterator[Case]:
    """Questions on any words of a sentence (Michael et al. 2018) on whose answer the annotators agree, the sentence
    among those of its paragraph that the set has."""
    rows = (line.split("\t") for line in lines_of(data / "qamr" / "sentences.tsv.gz"))
    tokens = {row[0]: row[1].split(" ") for row in rows}
    texts = {key: untokenized(" ".join(words)) for key, words in tokens.items()}
    paragraphs = paragraphs_of({key: text for key, text in texts.items() if squeezed(text) not in held_out})
    found: dict[tuple[str, str], Case] = {}
    for part in ("dev", "test"):
        for key, _, _, _, _, question, *given in (line.split("\t") for line in lines_of(data / f"qamr/{part}.tsv.gz")):
            if key not in paragraphs or len(question.split()) < QAMR_WORDS:
                continue
            span, *others = ({int(n) for n in answer.rpartition(":")[2].split()} for answer in given)
            if not span or not all(span & other for other in others):
                continue
            answer = untokenized(" ".join(tokens[key][min(span) : max(span) + 1]))
            if len(span) == max(span) - min(span) + 1 <= 12 and answer in texts[key]:
                case = _on_a_sentence("qamr", question, answer, *paragraphs[key])
                found.setdefault((key, answer), case)
    yield from _drawn(list(found.values()), N_QAMR)


def qadiscourse(data: Path, held_out: frozenset[str]) -> Iterator[Case]:
    """Why, after what, despite what: questions between two events of a Wikinews sentence (Pyatkin et al. 2020)."""
    rows: list[Json] = []
    for part in ("train", "dev", "test"):
        rows += table_of(data / "qadiscourse" / f"wikinews_{part}.tsv.gz", delimiter="\t", is_quoted=False)
    for row in rows:
        row |= {name: str(text).replace("\\'", "'") for name, text in row.items()}
    rows = [row for row in rows if not _BROKEN & set(row["untokenized sentence"] + row["answer"])]
    texts = {row["qasrl_id"]: trimmed(row["untokenized sentence"]) for row in rows}
    paragraphs = paragraphs_of({key: text for key, text in texts.items() if squeezed(text) not in held_out})
    found: dict[tuple[str, str], Case] = {}
    for row in rows:
        key, question = row["qasrl_id"], trimmed(row["full_question"]).rstrip("?. ")
        answer = trimmed(row["answer"]).rstrip(". ")
        if key in paragraphs and answer and answer.lower() in texts[key].lower():
            question = f"{question[:1].upper()}{question[1:]}?"
            found.setdefault((key, question), _on_a_sentence("qadiscourse", question, answer, *paragraphs[key]))
    yield from _drawn(list(found.values()), N_QADISCOURSE)


def paragraphs_of(texts: Mapping[str, str]) -> dict[str, tuple[tuple[str, ...], int]]:
    """For each sentence, by its key "SET:DOMAIN:DOCUMENT:PARAGRAPH:NUMBER", those of its paragraph, and its place among
    them."""

    def place(key: str) -> tuple[str, int]:
        paragraph, _, number = key.rpartition(":")
        return paragraph, int(number)

    found: dict[str, tuple[tuple[str, ...], int]] = {}
    for _, group in groupby(sorted(texts, key=place), key=lambda key: place(key)[0]):
        keys = list(group)
        sentences = tuple(texts[key] for key in keys)
        found |= {key: (sentences, i) for i, key in enumerate(keys)}
    return found


def _on_a_sentence(source: str, question: str, answer: str, sentences: tuple[str, ...], place: int) -> Case:
    holding = {i for i, sentence in enumerate(sentences) if answer.lower() in sentence.lower()}
    return Case(
        id=f"{source}-{digest(question + sentences[place])}",
        source=source,
        part="adapter",
        question=trimmed(question),
        title="",
        sentences=sentences,
        gold=frozenset([place]),
        doubtful=frozenset(holding - {place}),
        answers=(answer,),
    )


def _drawn(cases: Sequence[Case], n: int) -> list[Case]:
    return random.Random(SEED).sample(cases, min(n, len(cases)))


def squad2_part(data: Path) -> Iterator[Case]:
    """Half of SQuAD 2.0 dev (Rajpurkar et al. 2018), without the paragraphs of XQuAD and of the sample. About half of
    its questions are unanswerable on purpose."""
    for article in json_of(data / "squad2_dev_part" / "dev-part.json.gz")["data"]:
        for paragraph in article["paragraphs"]:
            sentences = tuple(sentences_of(paragraph["context"]))
            for qa in paragraph["qas"]:
                answers = tuple(dict.fromkeys(a["text"] for a in qa["answers"] if a["text"]))
                holding = [i for i, s in enumerate(sentences) if any(answer in s for answer in answers)]
                if bool(holding) == qa["is_impossible"]:
                    continue
                gold = frozenset(_most_covering(qa["question"], sentences, holding))
                yield Case(
                    id=qa["id"],
                    source="squad2-part",
                    part="adapter",
                    question=trimmed(qa["question"]),
                    title=article["title"].replace("_", " "),
                    sentences=sentences,
                    gold=gold,
                    doubtful=frozenset(holding) - gold,
                    answers=answers,
                )


def selqa(data: Path) -> Iterator[Case]:
    """Which sentences of a section answer (Jurczyk et al. 2016); the words that do are not marked."""
    for part in ("dev", "test"):
        for row in json_of(data / "selqa" / f"{part}.json.gz"):
            sentences = tuple(trimmed(sentence) for sentence in row["candidates"])
            if row["answers"] and len(row["answers"]) <= 3 and max(row["answers"]) < len(sentences):
                yield Case(
                    id=f"selqa-{digest(row['question'] + row['section'])}",
                    source="selqa",
                    part="adapter",
                    question=trimmed(row["question"]),
                    title=row["article"],
                    sentences=sentences,
                    gold=frozenset(row["answers"]),
                )


def boolq(data: Path) -> Iterator[Case]:
    """Questions to be answered by yes or no (Clark et al. 2019), where one sentence plainly has most to do with them;
    the others may help to answer."""
    for part in ("dev", "test"):
        for row in json_of(data / "boolq" / f"{part}.json.gz"):
            sentences = tuple(sentences_of(trimmed(row["passage"])))
            question = row["question"][:1].upper() + row["question"][1:] + "?"
            best, second = _highest([_covers(question, s) for s in sentences])
            if best and best[0] >= BOOLQ_COVERAGE and best[0] - second >= BOOLQ_LEAD:
                yield Case(
                    id=f"boolq-{digest(question + row['title'])}",
                    source="boolq",
                    part="adapter",
                    question=question,
                    title=row["title"],
                    sentences=sentences,
                    gold=frozenset([best[1]]),
                    doubtful=frozenset(range(len(sentences))) - {best[1]},
                )


def _highest(values: Iterable[float]) -> tuple[tuple[float, int] | None, float]:
    """The highest value with its place, None where there is none, and the second highest, 0 where there is none."""
    ranked = sorted(((value, -i) for i, value in enumerate(values)), reverse=True)
    best = (ranked[0][0], -ranked[0][1]) if ranked else None
    return best, ranked[1][0] if len(ranked) > 1 else 0.0
