"""The public question sets that `rag/models/reader.py` is fitted on and measured with: evals/READER.md."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from evals.training.support_data import Example, fever
from rag.text.sentences import split_sentences

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A question over one paragraph. `gold` are the sentences that answer; `doubtful` may, and are never trained on.

    `part` is "adapter", "signals" (fits the logistic regression) or "test" (never fitted)."""

    id: str
    source: str
    part: str
    question: str
    title: str
    sentences: tuple[str, ...]
    gold: frozenset[int] = frozenset()
    doubtful: frozenset[int] = frozenset()
    answers: tuple[str, ...] = field(default=())

    @property
    def paragraph(self) -> str:
        return " ".join(self.sentences)


def part_of(key: str, test: float, signals: float) -> str:
    """A split that depends on nothing but the key."""
    share = int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 16**8
    return "test" if share < test else "signals" if share < test + signals else "adapter"


def cases_of(data: Path) -> list[Case]:
    """Every case of every set, each with its part, with nothing of the test parts left in the others."""
    xquad = list(_squad(json.loads((data / "xquad_en/xquad.en.json").read_text("utf-8"))["data"], "xquad", 1.0, 0.0))
    with gzip.open(data / "squadshifts/new_wiki_v1.0.json.gz") as file:
        shifts = list(_squad(json.load(file)["data"], "squadshifts", 0.0, 0.15))
    clapnq, qed = list(_clapnq(data)), list(_qed(data))
    held = [case for case in clapnq + qed if case.part == "test"]
    titles = {case.title.lower() for case in held}
    questions = {_plain(case.question) for case in held}
    kept = [case for case in qed + clapnq if case.part == "test" or _plain(case.question) not in questions]
    seen = questions | {_plain(case.question) for case in kept}
    nq = [c for c in _nq(data) if c.title.lower() not in titles and _plain(c.question) not in seen]
    paragraphs = {_plain(case.paragraph)[:200] for case in xquad}
    squad2 = [c for c in _squad2(data) if c.part == "test" or _plain(c.paragraph)[:200] not in paragraphs]
    return xquad + shifts + kept + nq + squad2 + list(_fever(data))


def _squad(articles: Iterable[Json], source: str, test: float, signals: float) -> Iterator[Case]:
    for article in articles:
        part = part_of(article["title"], test, signals)
        for paragraph in article["paragraphs"]:
            text = paragraph["context"]
            spans = split_sentences(text)
            for qa in paragraph["qas"]:
                found = [_holding(spans, a["answer_start"], a["answer_start"] + len(a["text"])) for a in qa["answers"]]
                votes = [vote for vote in found if vote is not None]
                if not votes:
                    continue
                best = max(dict.fromkeys(votes), key=votes.count)
                yield Case(
                    id=qa["id"],
                    source=source,
                    part=part,
                    question=trimmed(qa["question"]),
                    title=article["title"].replace("_", " "),
                    sentences=tuple(text[start:end] for start, end in spans),
                    gold=frozenset([best]),
                    doubtful=frozenset(votes) - {best},
                    answers=tuple(a["text"] for a in qa["answers"]),
                )


def _holding(spans: Sequence[tuple[int, int]], start: int, end: int) -> int | None:
    return next((i for i, (a, b) in enumerate(spans) if a <= start and end <= b), None)


def _squad2(data: Path) -> Iterator[Case]:
    truth = json.loads((data / "squad2_sample/ground_truth.json").read_text("utf-8"))
    for query in json.loads((data / "squad2_sample/queries.json").read_text("utf-8"))["queries"]:
        text = query["context"]
        sentences = tuple(text[start:end] for start, end in split_sentences(text))
        answers = tuple(answer for answer in truth[query["id"]]["answers"] if answer)
        holding = frozenset(i for i, s in enumerate(sentences) if any(answer in s for answer in answers))
        if bool(holding) == truth[query["id"]]["is_impossible"]:
            continue
        yield Case(
            id=query["id"],
            source="squad2",
            part=part_of(text, 0.5, 0.2),
            question=trimmed(query["question"]),
            title="",
            sentences=sentences,
            gold=holding if len(holding) == 1 else frozenset(),
            doubtful=holding if len(holding) > 1 else frozenset(),
            answers=answers,
        )


def _clapnq(data: Path) -> Iterator[Case]:
    with gzip.open(data / "clapnq_dev/clapnq_dev_answerable.jsonl.gz", "rt", encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    with (data / "clapnq_dev/clapnq_dev_unanswerable.jsonl").open(encoding="utf-8") as file:
        records += [json.loads(line) for line in file]
    for record in records:
        passage = record["passages"][0]
        chosen = {s.strip() for output in record["output"] for s in output["selected_sentences"]}
        gold = frozenset(i for i, s in enumerate(passage["sentences"]) if s.strip() in chosen)
        yield Case(
            id=record["id"],
            source="clapnq",
            part=part_of(record["id"], 0.5, 0.25),
            question=trimmed(record["input"]),
            title=passage["title"],
            sentences=tuple(_untokenized(s) for s in passage["sentences"]),
            gold=gold,
        )


def _qed(data: Path) -> Iterator[Case]:
    with gzip.open(data / "qed_dev/qed-dev.jsonlines.gz", "rt", encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            chosen = record["annotation"].get("selected_sentence")
            if record["annotation"]["explanation_type"] != "single_sentence" or not chosen:
                continue
            text, starts = record["paragraph_text"], [*record["sentence_starts"], len(record["paragraph_text"])]
            if chosen["start"] not in starts[:-1]:
                continue
            yield Case(
                id=str(record["example_id"]),
                source="qed",
                part=part_of(record["title_text"], 0.5, 0.0),
                question=trimmed(record["question_text"]),
                title=record["title_text"],
                sentences=tuple(_untokenized(text[a:b]) for a, b in pairwise(starts)),
                gold=frozenset([starts.index(chosen["start"])]),
                answers=tuple(span["string"] for answer in record["original_nq_answers"] for span in answer),
            )


def _nq(data: Path) -> Iterator[Case]:
    with gzip.open(data / "nq_oracle/nq-open-oracle.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            source = record["nq_annotated_gold"]
            text = source["long_answer"]
            sentences = tuple(text[start:end] for start, end in split_sentences(text))
            answers = tuple(dict.fromkeys([*source["short_answers"], *record["answers"]]))
            holding = [i for i, s in enumerate(sentences) if any(a.lower() in s.lower() for a in answers)]
            if not holding or len(sentences) > 40:
                continue
            # NQ marks the answer, not the sentence: where several hold it, the first mention is taken, if it is short.
            yield Case(
                id="nq-" + _digest(record["question"]),
                source="nq",
                part=part_of(record["question"], 0.0, 0.15),
                question=trimmed(record["question"]),
                title=source["title"],
                sentences=sentences,
                gold=frozenset(holding[:1]) if len(holding) <= 2 else frozenset(),
                doubtful=frozenset(holding[1:] if len(holding) <= 2 else holding),
                answers=answers,
            )


def _fever(data: Path) -> Iterator[Case]:
    """Claims of FEVER as questions to be answered by yes or no, over the sentence that settles each, among those that
    settle other claims on its subject."""
    claims = [c for c in fever(data, 10_000) if not c.is_held_out and len(split_sentences(c.evidence[0])) == 1]
    by_subject: dict[str, list[Example]] = defaultdict(list)
    for claim in claims:
        by_subject[subject_of(claim.claim)].append(claim)
    for claim in claims:
        text, subject = claim.evidence[0], subject_of(claim.claim)
        question = yes_no(claim.claim)
        if not question or len(text.split()) > 80:
            continue
        asked = set(_plain(claim.claim).split())
        same = {text} | {o.evidence[0] for o in by_subject[subject] if len(asked & set(_plain(o.claim).split())) > 4}
        others = [t for t in dict.fromkeys(o.evidence[0] for o in by_subject[subject]) if t not in same][:3]
        others.insert(int(_digest(question), 16) % (len(others) + 1), text)
        yield Case(
            id="fever-" + _digest(claim.claim),
            source="fever",
            part="adapter",
            question=question,
            title=subject,
            sentences=tuple(others),
            gold=frozenset([others.index(text)]),
        )


_AUX = re.compile(r"^(?:do|does|did|can|could|will|would|should|has|have|had|if|about|kind|type|else)$", re.I)
_BE = re.compile(r"^(?:is|was|are|were)$", re.I)


def claim_of(question: str, answer: str) -> str | None:
    """The statement that the answer makes of a question about the subject, None for other questions."""
    question = question.strip().rstrip("?").strip()
    words = question.split()
    if not answer or len(words) < 4 or len(answer.split()) > 8:
        return None
    lead, noun = words[0].lower(), ""
    if lead == "how" and words[1].lower() == "many":
        at, noun = 3, f" {words[2]}"
    elif lead in ("what", "which") and not (_BE.match(words[1]) or words[1].lower().endswith(("ed", "s"))):
        at = 2
    elif lead in ("who", "what", "which"):
        at = 1
    else:
        return None
    if at >= len(words) or _AUX.match(words[at]) or (at > 1 and _BE.match(words[at])):
        return None
    if {"did", "does", "do", "be", "if"} & {word.lower() for word in words[1:]}:
        return None
    if words[-1].lower() in ("to", "for", "of", "in", "from", "by", "with", "at", "on", "called", "as", "about"):
        return None
    return f"{answer[:1].upper()}{answer[1:]}{noun} {' '.join(words[at:])}."


# Past tenses that are not made with -ed, for questions with "did".
_IRREGULAR = {
    past: base
    for base, past in (
        pair.split()
        for pair in (
            "win won,write wrote,become became,begin began,take took,make made,lead led,hold held,give gave,leave left,"
            "come came,go went,get got,see saw,say said,tell told,sell sold,buy bought,fight fought,find found,"
            "lose lost,meet met,run ran,sing sang,speak spoke,stand stood,build built,grow grew,know knew,send sent,"
            "spend spent,teach taught,think thought,wear wore,fall fell,keep kept,break broke,bring brought,"
            "choose chose,draw drew,drive drove,rise rose,have had"
        ).split(",")
    )
}
_FRONTED = re.compile(r"^(?:is|was|are|were|will|can|could|would|should|might|may|must)$")
_NOT_A_VERB = re.compile(r"^(?:of|the|and|in|on|for|to|a|an|at|with|de|la|von|by|or|from|n't)$")


def yes_no(claim: str) -> str | None:
    """The question whether a simple claim is true, or None where its verb is not found."""
    words = claim.strip().rstrip(".").split()
    for i, word in enumerate(words[1:8], 1):
        if word[:1].isupper() or _NOT_A_VERB.match(word) or not word[:1].isalpha():
            continue
        rest = words[i + 1 :]
        if not rest:
            return None
        if _FRONTED.match(word) or (
            word in ("has", "had", "have") and re.search(r"(?:ed|en|wn|never|not|also)$", rest[0])
        ):
            lead = word.capitalize()
        elif word.endswith("ed") and len(word) > 4:
            lead, rest = "Did", [_undone(word), *rest]
        elif word in _IRREGULAR:
            lead, rest = "Did", [_IRREGULAR[word], *rest]
        elif word == "has" or (word.endswith("s") and not word.endswith("ss") and len(word) > 3):
            stem = (
                word[:-3] + "y"
                if word.endswith("ies")
                else re.sub(r"(?<=ss)es$|(?<=[xz])es$|(?<=[cs]h)es$|(?<=go)es$|s$", "", word)
            )
            lead, rest = "Does", ["have" if word == "has" else stem, *rest]
        else:
            return None
        subject = " ".join(words[:i])
        if subject.split()[0] in ("The", "A", "An", "There", "It", "He", "She", "In", "His", "Her", "This"):
            subject = subject[:1].lower() + subject[1:]
        return f"{lead} {subject} {' '.join(rest)}?"
    return None


def _undone(past: str) -> str:
    stem = past[:-2]
    if stem.endswith("i"):
        return stem[:-1] + "y"
    if re.search(r"([bdgmnprt])\1$", stem):
        return stem[:-1]
    silent = re.search(
        r"(?:at|iv|as|eas|ur|uc|us|in|ag|id|ir|or|ot|if|ov|ud|iz|os|ul|ut|ak|ic|v|c|u|g|dl|bl|tl|pl|rs|ns)$", stem
    )
    return stem + "e" if silent and not re.search(r"(?:[aeo][aeiou][^s]|er|en|ain|oin|ing|ong)$", stem) else stem


def subject_of(claim: str) -> str:
    """The words before the verb of a claim."""
    words = claim.split()
    at = (i for i, w in enumerate(words) if i and w[:1].islower() and not _NOT_A_VERB.match(w))
    return " ".join(words[: next(at, 2)])


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def trimmed(text: str) -> str:
    return " ".join(text.split())


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _untokenized(text: str) -> str:
    """Penn Treebank spacing undone, so that the reader learns on text as it is written."""
    text = text.replace("``", "“").replace("''", "”").replace(" - ", "-").replace("-- ", "– ")
    text = re.sub(r" ([.,;:!?%)\]”]|n't\b|'s\b|'[a-z]{1,2}\b|')", r"\1", text)
    return trimmed(re.sub(r"([(\[“$£]) ", r"\1", text))
