"""Pairs of claim and evidence from people's judgements: the public sets, each from its own format, and the invented
news."""

from __future__ import annotations

import hashlib
import json
import random
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from embeddings.minilm import shared
from evals.loaders import read_jsonl
from evals.training.news import NewsPassage, news_passages
from evals.training.pairs import Label, Pair, Source, narrow
from evals.training.support_data import fever
from evals.training.texts import BARE_RATE, json_of, lines_of, sentences_of, table_of, untokenized

_INFERENCE = {"entailment": Label.CARRIED, "contradiction": Label.CONTRADICTED, "neutral": Label.NOT_THERE}
_OUTCOMES = {"carried": Label.CARRIED, "contradicted": Label.CONTRADICTED, "not_there": Label.NOT_THERE}
_YES = {"YES": Label.CARRIED, "NO": Label.CONTRADICTED, "DON'T KNOW": Label.NOT_THERE}
# TaxiNLI's genres of transcribed speech, which reads like no article.
_SPOKEN = ("telephone", "facetoface")
# How often claims of Fool Me Twice stand among other sentences of the page, and how often only such are shown.
AMONG_RATE, WITHOUT_RATE = 0.5, 0.15
YES_RATE = 0.6  # of BoolQ's questions, the others are answered by no
# Of the invented news: passages shown as a whole, where they are short; narrowed as the checker does; narrowed more.
WHOLE_RATE, NARROW_RATE, WHOLE_WORDS, FEWER = 0.25, 0.5, 150, 3


def _inference(rows: Iterable[tuple[str, str, str]], source: str) -> Iterator[Pair]:
    """Premise, hypothesis and label of natural language inference (Bowman et al. 2015)."""
    for premise, hypothesis, label in rows:
        if label in _INFERENCE:
            yield Pair(claim=hypothesis.strip(), evidence=premise.strip(), label=_INFERENCE[label], source=source)


def cad(data: Path, rng: random.Random) -> Iterator[Pair]:
    """Pairs that people edited until the label turned (Kaushik et al. 2020)."""
    rows = [
        (row["sentence1"], row["sentence2"], row["gold_label"])
        for part in ("train", "test", "dev")
        for row in table_of(data / "cad_nli" / f"{part}.tsv.gz", delimiter="\t", is_quoted=False)
    ]
    return _inference(rows, "cad")


def taxinli(data: Path, rng: random.Random) -> Iterator[Pair]:
    """MNLI's written genres, with the kinds of reasoning spread (Joshi et al. 2020)."""
    rows = table_of(data / "taxinli" / "taxinli10k.tsv.gz", delimiter="\t", is_quoted=False)
    return _inference(((r["prem"], r["hyp"], r["label"]) for r in rows if r["genre"] not in _SPOKEN), "taxinli")


def snli(data: Path, rng: random.Random) -> Iterator[Pair]:
    for part in ("dev", "test"):
        columns = [lines_of(data / "esnli" / f"{name}.{part}.txt.gz") for name in ("s1", "s2", "labels")]
        premises, hypotheses, labels = columns
        rows = zip(map(untokenized, premises), map(untokenized, hypotheses), labels, strict=True)
        yield from _inference(rows, "snli")


def fool_me_twice(data: Path, rng: random.Random) -> Iterator[Pair]:
    """Claims written to fool a reader, with the sentences that settle them (Eisenschlos et al. 2021), often among
    others of the page; and some with such others only."""
    for part in ("dev", "test"):
        for row in read_jsonl(data / "fool_me_twice" / f"{part}.jsonl.gz"):
            gold = [e["text"] for e in row["gold_evidence"]]
            others = [e["text"] for e in row["retrieved_evidence"] if e["text"] not in gold]
            shown = list(gold)
            if rng.random() < AMONG_RATE:
                shown += others[:2]
                rng.shuffle(shown)
            label = Label.CARRIED if row["label"] == "SUPPORTS" else Label.CONTRADICTED
            evidence = narrow(row["text"], shown, 6, 130)
            yield Pair(claim=row["text"], evidence=evidence, label=label, source="fool-me-twice")
            if rng.random() < WITHOUT_RATE:
                evidence = " ".join(others[:3])
                yield Pair(claim=row["text"], evidence=evidence, label=Label.NOT_THERE, source="fool-me-twice")


def is_held_out_wice(key: str) -> bool:
    """Whether WiCE's claim of this id is measured on, and never trained on."""
    return int(hashlib.sha256(key.encode()).hexdigest(), 16) % 3 == 0


def wice(data: Path, rng: random.Random) -> Iterator[Pair]:
    """Claims of Wikipedia against the pages that they cite (Kamoi et al. 2023); supported in part is not carried."""
    for row in read_jsonl(data / "wice_dev" / "claim.dev.jsonl.gz"):
        if not is_held_out_wice(row["meta"]["id"]):
            label = Label.CARRIED if row["label"] == "supported" else Label.NOT_CARRIED
            evidence = narrow(row["claim"], row["evidence"], 5, 130)
            yield Pair(claim=row["claim"], evidence=evidence, label=label, source="wice")


def fever_pairs(data: Path, rng: random.Random) -> Iterator[Pair]:
    """The half of FEVER dev (Thorne et al. 2018) that is not held out."""
    for e in fever(data, 10_000):
        if not e.is_held_out:
            label = Label.CARRIED if e.is_supported else Label.CONTRADICTED
            evidence = narrow(e.claim, sentences_of(untokenized(e.evidence[0])), 3, 90)
            yield Pair(claim=e.claim, evidence=evidence, label=label, source="fever")


def boolq(data: Path, rng: random.Random) -> Iterator[Pair]:
    """Questions (Clark et al. 2019) with "yes" or "no" behind them, which is how the checker is asked one."""
    for part in ("dev", "test"):
        for row in json_of(data / "boolq" / f"{part}.json.gz"):
            question = row["question"][:1].upper() + row["question"][1:] + "?"
            says_yes = rng.random() < YES_RATE
            yield Pair(
                claim=question + (" Yes." if says_yes else " No."),
                evidence=narrow(question, sentences_of(row["passage"])),
                label=Label.CARRIED if says_yes == row["answer"] else Label.CONTRADICTED,
                title=row["title"] if rng.random() < 0.5 else "",
                source="boolq",
            )


def condaqa(data: Path, rng: random.Random) -> Iterator[Pair]:
    """Questions on what is negated, over passages and their edits (Ravichander et al. 2022)."""
    for part in ("dev", "fewshot_1"):
        for row in read_jsonl(data / "condaqa" / f"{part}.jsonl.gz"):
            if row["label"] in _YES:
                evidence = narrow(row["sentence2"], sentences_of(row["sentence1"]))
                claim = f"{row['sentence2']} Yes."
                yield Pair(claim=claim, evidence=evidence, label=_YES[row["label"]], source="condaqa")


def scifact(data: Path, rng: random.Random) -> Iterator[Pair]:
    """Claims with the sentences of an abstract that carry or refute them (Wadden et al. 2020), and with one other of
    it."""
    with zipfile.ZipFile(data / "beir_scifact" / "scifact.zip") as archive:
        with archive.open("scifact/corpus.jsonl") as file:
            abstracts = {row["_id"]: (row["title"], row["text"]) for row in map(json.loads, file)}
        with archive.open("scifact/queries.jsonl") as file:
            rows = [json.loads(line) for line in file]
    for row in rows:
        for key, found in row["metadata"].items():
            title, text = abstracts[key]
            sentences = sentences_of(text)
            chosen = sorted({i for part in found for i in part["sentences"]})
            if not chosen or chosen[-1] >= len(sentences):
                continue
            title = "" if rng.random() < BARE_RATE else title
            label = Label.CARRIED if found[0]["label"] == "SUPPORT" else Label.CONTRADICTED
            evidence = " ".join(sentences[i] for i in chosen[:2])
            yield Pair(claim=row["text"], evidence=evidence, label=label, title=title, source="scifact")
            rest = [i for i in range(len(sentences)) if not {i - 1, i, i + 1} & set(chosen)]
            for i in rng.sample(rest, min(1, len(rest))):
                evidence, label = sentences[i], Label.NOT_CARRIED
                yield Pair(claim=row["text"], evidence=evidence, label=label, title=title, source="scifact")


def news(data: Path, rng: random.Random) -> Iterator[Pair]:
    """The claims on invented news; and its questions to be answered by yes or no, with one of them behind."""
    for passage in news_passages():
        asked = [q for q in passage.questions if q.is_polar and (q.answer is None or q.says is not None)]
        texts = [claim.text for claim in passage.claims] + [question.text for question in asked]
        cosines = cosines_of(texts, passage.sentences)
        for claim, near in zip(passage.claims, cosines[: len(passage.claims)], strict=True):
            title = passage.title if rng.random() < 0.5 else ""
            evidence = _seen(claim.text, passage, near, rng)
            yield Pair(claim=claim.text, evidence=evidence, label=_OUTCOMES[claim.outcome], title=title, source="news")
        for question, near in zip(asked, cosines[len(passage.claims) :], strict=True):
            says = rng.choice(("yes", "no"))
            label = Label.CARRIED if says == question.says else Label.CONTRADICTED if question.says else Label.NOT_THERE
            evidence = narrow(question.text, passage.sentences, cosines=near)
            yield Pair(claim=f"{question.text} {says.capitalize()}.", evidence=evidence, label=label, source="news")


def _seen(claim: str, passage: NewsPassage, cosines: Sequence[float], rng: random.Random) -> str:
    """What of a passage a claim is read against: all of it, where it is short; a window; a smaller one."""
    style = rng.random()
    if style < WHOLE_RATE and len(passage.text.split()) <= WHOLE_WORDS:
        return " ".join(passage.sentences)
    if style < WHOLE_RATE + NARROW_RATE:
        return narrow(claim, passage.sentences, cosines=cosines)
    return narrow(claim, passage.sentences, FEWER, cosines=cosines)


def cosines_of(texts: Sequence[str], sentences: Sequence[str]) -> list[list[float]]:
    """The cosine of each text with each sentence. Remembered: every round of a training asks for the same."""
    return _cosines_of(tuple(texts), tuple(sentences))


@cache
def _cosines_of(texts: tuple[str, ...], sentences: tuple[str, ...]) -> list[list[float]]:
    vectors = shared().encode_passages([*texts, *sentences])
    found: list[list[float]] = (vectors[: len(texts)] @ vectors[len(texts) :].T).tolist()
    return found


SETS = (
    Source(name="cad", make=cad, licence="Apache-2.0; SNLI's text CC BY-SA 4.0"),
    Source(name="taxinli", make=taxinli, licence="C-UDA 1.0 (for computational use); MNLI's text under its own terms"),
    Source(name="snli", make=snli, licence="CC BY-SA 4.0; e-SNLI MIT"),
    Source(name="fool-me-twice", make=fool_me_twice, licence="Apache-2.0; Wikipedia's text CC BY-SA"),
    Source(name="wice", make=wice, licence="ODC-By 1.0; Wikipedia's text CC BY-SA, and text of the web"),
    Source(name="fever", make=fever_pairs, licence="CC BY-SA 3.0"),
    Source(name="boolq", make=boolq, licence="CC BY-SA 3.0"),
    Source(name="condaqa", make=condaqa, licence="Apache-2.0; Wikipedia's text CC BY-SA"),
    Source(name="scifact", make=scifact, licence="claims CC BY 4.0, abstracts ODC-By 1.0"),
    Source(name="news", make=news, licence="Apache-2.0, this project's own"),
)
