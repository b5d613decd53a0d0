"""Pairs of claim and evidence made by rule: of questions and their answers, of one-word lies, of exchanged roles."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from evals.training.edits import names_in
from evals.training.lies import lies
from evals.training.pairs import Label, Pair, Source
from evals.training.paraphrases import paraphrases
from evals.training.reader_data import Case, cases_of, cases_to_train
from evals.training.rewording import claim_of
from evals.training.texts import Json, held_out_sentences, names_of, squeezed, table_of, untokenized

N_EDITED = 3000  # sentences
LONGEST_ROLE = 7  # words
_NUMBER = re.compile(r"\b\d+\b")


def answers(data: Path, rng: random.Random) -> Iterator[Pair]:
    """Questions with their answer as a claim: carried by the sentence that answers, not by the most similar other of
    its paragraph; and with another name or number of the paragraph as the answer, not carried."""
    for case in cases_to_train(cases_of(data)):
        if len(case.gold) != 1 or not case.answers:
            continue
        gold = case.sentences[min(case.gold)]
        answer = min((a for a in case.answers if a in gold), key=len, default="")
        claim = claim_of(case.question, answer)
        if not claim:
            continue
        title = "" if rng.random() < 0.5 else case.title
        yield Pair(claim=claim, evidence=gold, label=Label.CARRIED, title=title, source="answers")
        others = [s for i, s in enumerate(case.sentences) if i not in case.gold | case.doubtful]
        if others:
            near = max(others, key=lambda s: len(set(_words(claim)) & set(_words(s))))
            yield Pair(claim=claim, evidence=near, label=Label.NOT_CARRIED, title=title, source="answers")
        pool = _NUMBER.findall(case.paragraph) if answer[:1].isdigit() else names_of(case.paragraph)
        pool = [p for p in dict.fromkeys(pool) if p not in answer and answer not in p and p not in case.question]
        if pool and (wrong := claim_of(case.question, rng.choice(pool))):
            yield Pair(claim=wrong, evidence=gold, label=Label.NOT_CARRIED, title=title, source="answers")


def _words(text: str) -> list[str]:
    return re.findall(r"\w{3,}", text.lower())


def edits(data: Path, rng: random.Random) -> Iterator[Pair]:
    """Lies about and paraphrases of sentences of SQuADShifts, against the sentence, alone or among its neighbours; and
    sentences against their neighbours only."""
    cases = cases_to_train(cases_of(data))
    paragraphs = list({case.paragraph: case for case in cases if case.source == "squadshifts"}.values())
    names: dict[str, set[str]] = defaultdict(set)
    nouns: dict[str, set[str]] = defaultdict(set)
    for case in paragraphs:
        for s in case.sentences:
            names[case.title] |= set(names_in(s))
            nouns[case.title] |= set(re.findall(r"(?<=\bthe )[a-z]{4,}(?= of|\.)", s))
    places = [(case, i) for case in paragraphs for i in range(len(case.sentences))]
    for case, i in rng.sample(places, min(N_EDITED, len(places))):
        if 6 <= len(case.sentences[i].split()) <= 40 and not case.sentences[i].endswith("?"):
            yield from _edits_of(case, i, sorted(names[case.title]), sorted(nouns[case.title]), rng)


def _edits_of(case: Case, i: int, names: Sequence[str], nouns: Sequence[str], rng: random.Random) -> Iterator[Pair]:
    sentence = case.sentences[i]
    before, after = case.sentences[i - 1] if i else "", (*case.sentences, "")[i + 1]
    around = " ".join(part for part in (before, sentence, after) if part)
    wrong = list(lies(sentence, other_names=names, other_nouns=nouns))
    by_kind = dict(rng.sample(wrong, len(wrong)))
    true = [*paraphrases(sentence, before=before, after=after), ("verbatim", sentence)]
    made = [(text, Label.NOT_CARRIED) for _, text in rng.sample(sorted(by_kind.items()), min(2, len(by_kind)))]
    made += [(text, Label.CARRIED) for kind, text in rng.sample(true, min(2, len(true))) if kind != "joined"]
    for text, label in made:
        yield Pair(claim=text, evidence=around if rng.random() < 0.5 else sentence, label=label, source="edits")
    if rng.random() < 0.4 and (rest := f"{before} {after}".strip()):
        yield Pair(claim=sentence, evidence=rest, label=Label.NOT_CARRIED, source="edits")


_PRONOUNS = frozenset("he she it they who which that i we".split())
_OPEN = frozenset(("", "_"))  # the place in a question's frame that is asked for


def roles(data: Path, rng: random.Random) -> Iterator[Pair]:
    """Who did what to whom (QA-SRL gold, Roit et al. 2020) as a claim, and the same with the two exchanged. Without the
    sentences of GUM's Wikinews."""
    held_out = held_out_sentences(data)
    for domain in ("wikinews", "wikipedia"):
        for part in ("dev", "test"):
            folder = data / "qasrl_gs"
            rows = table_of(folder / f"{domain}.{part}.full.csv.gz")
            text_of = {row["qasrl_id"]: untokenized(row["sentence"]) for row in rows}
            asked: dict[tuple[str, str], list[Json]] = defaultdict(list)
            for row in table_of(folder / f"{domain}.{part}.gold.csv.gz"):
                asked[row["qasrl_id"], row["verb_idx"]].append(row)
            for (key, _), questions in asked.items():
                if key in text_of and squeezed(text_of[key]) not in held_out:
                    yield from _exchanged(text_of[key], questions)


def _exchanged(sentence: str, questions: Sequence[Json]) -> Iterator[Pair]:
    """The claim and its exchange of the questions on one verb, none where it has no two who could change places."""
    active = [q for q in questions if q["wh"] in ("who", "what") and q["is_passive"] == "False" and q["prep"] in _OPEN]
    of_agent = next((q for q in active if _asks_for("subj", "obj", q) and q["is_negated"] == "False"), None)
    of_patient = next((q for q in active if _asks_for("obj", "subj", q)), None)
    if not of_agent or not of_patient:
        return
    agent, patient = (untokenized(q["answer"].split("~!~")[0]) for q in (of_agent, of_patient))
    longest = max(len(agent.split()), len(patient.split()))
    if agent.lower() == patient.lower() or agent.lower() in _PRONOUNS or longest > LONGEST_ROLE:
        return
    before, slot, after = _partition(of_agent["question"].rstrip("?").partition(" ")[2])
    for one, other, label in ((agent, patient, Label.CARRIED), (patient, agent, Label.NOT_CARRIED)):
        claim = f"{one[:1].upper()}{one[1:]} {before}{other if slot else ''}{after}."
        yield Pair(claim=claim, evidence=sentence, label=label, source="roles")


def _asks_for(slot: str, filled: str, question: Json) -> bool:
    """Whether a question asks for one of its two places while the other is somebody or something."""
    return question[slot] in _OPEN and question[filled] in ("something", "someone") and question["obj2"] in _OPEN


def _partition(predicate: str) -> tuple[str, str, str]:
    """What stands before "something" or "someone", the word, and what stands behind."""
    found = re.search(r"\b(?:something|someone)\b", predicate)
    if not found:
        return predicate, "", ""
    return predicate[: found.start()], found[0], predicate[found.end() :]


MADE = (
    Source(name="answers", make=answers, licence="those of the reader's sets"),
    Source(name="edits", make=edits, licence="the repository states none; Wikipedia's text CC BY-SA"),
    Source(name="roles", make=roles, licence="MIT; text of Wikinews CC BY 2.5, of Wikipedia CC BY-SA"),
)
