"""What the reader is trained on: questions over passages that answer them, and over others that do not."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evals.training.reader_data import Case
from evals.training.rewording import claim_of, yes_no
from evals.training.stories import story_of
from evals.training.texts import BARE_RATE, names_of

# How often a question comes again: without the sentence that answers, over another paragraph, about something else.
HIDE_RATE, OTHER_RATE, SWAP_RATE, OTHER_KIND_RATE = 0.35, 0.7, 0.35, 0.3
# How often another paragraph is the one by which the reader that training starts from is fooled most.
HARDEST_RATE = 0.5
N_ASKED_OF_NAMES = 1200
# Questions to be answered by yes or no: of FEVER's, in each round; and of the others, how many are made into one.
N_FEVER, YES_NO_RATE = 1500, 0.08
# Sets that mark no words that answer. Whether another paragraph answers is then told by its title.
WORDLESS = ("fever", "boolq", "selqa")


@dataclass(frozen=True, kw_only=True)
class Example:
    """A question over one passage. `gold` are the sentences that answer, none where the passage does not; `doubtful`
    may, and count neither way. `answer` is (sentence, start, end) in its characters, where known."""

    question: str
    title: str
    sentences: tuple[str, ...]
    gold: frozenset[int] = frozenset()
    doubtful: frozenset[int] = frozenset()
    answer: tuple[int, int, int] | None = None


def examples_of(
    cases: Sequence[Case], others: Sequence[Sequence[Case]], rng: random.Random, *, tokenizer: Any
) -> list[Example]:
    """For each question its paragraph; often the same without the sentence that answers, one of `others` (for each
    question, see `fit_reader.others_of`), and the question with a name, a number or what is asked exchanged. Passages
    are cut to what is read, differently each time."""
    names = sorted({name for case in cases for s in case.sentences for name in names_of(s)})
    claims = set(rng.sample(fever := [c.id for c in cases if c.source == "fever"], min(N_FEVER, len(fever))))
    found: list[Example] = []
    for case, near in zip(cases, others, strict=True):
        if case.source == "fever" and case.id not in claims:
            continue
        style = rng.random()

        def ask(question: str, style: float = style) -> str:
            return question.lower().rstrip("?") if style < 0.15 else question.rstrip("?") if style < 0.25 else question

        whole = Example(
            question=ask(case.question),
            title=_titled(case, rng),
            sentences=case.sentences,
            gold=case.gold,
            doubtful=case.doubtful,
            answer=_answer(case),
        )
        found.append(whole)
        if case.gold:
            found += _elsewhere(case, whole, near, rng)
            found += _otherwise_asked(case, whole, names, ask, rng)
    found += questions_of_names(cases, N_ASKED_OF_NAMES, rng)
    return [_window(example, tokenizer, rng) for example in found]


def _elsewhere(case: Case, whole: Example, near: Sequence[Case], rng: random.Random) -> Iterator[Example]:
    """The question over its paragraph without the sentences that answer, and over another."""
    rest = tuple(s for i, s in enumerate(case.sentences) if i not in case.gold | case.doubtful)
    enough = len(rest) > 1 or (rest and case.source == "fever")
    if enough and not holds(rest, case.answers) and rng.random() < HIDE_RATE:
        yield Example(question=whole.question, title=whole.title, sentences=rest)
    if near and (case.answers or case.source in WORDLESS) and rng.random() < OTHER_RATE:
        other = near[0] if rng.random() < HARDEST_RATE else rng.choice(near)
        yield Example(question=whole.question, title=_titled(other, rng), sentences=other.sentences)
    # A search in many stories finds another one as well.
    far = [other for other in near if story_of(other) != story_of(case)] if case.source == "stories" else []
    if far:
        other = rng.choice(far)
        yield Example(question=whole.question, title=_titled(other, rng), sentences=other.sentences)


def _otherwise_asked(
    case: Case, whole: Example, names: Sequence[str], ask: Callable[[str], str], rng: random.Random
) -> Iterator[Example]:
    """The paragraph with the question made into one of yes or no, and with a question that it does not answer."""
    if rng.random() < YES_NO_RATE and (question := _yes_no(case, rng)):
        yield replace(whole, question=ask(question), answer=None)
    changed = None
    if rng.random() < SWAP_RATE:
        changed = _swapped(case.question, case, names, rng)
    elif rng.random() < OTHER_KIND_RATE:
        changed = _of_another_kind(case.question, " ".join(case.sentences), rng)
    if changed:
        yield replace(whole, question=ask(changed), gold=frozenset(), doubtful=frozenset(), answer=None)


_NUMBER = re.compile(r"\b\d+\b")


def _swapped(question: str, case: Case, names: Sequence[str], rng: random.Random) -> str | None:
    """The question about another name or number, or None where it holds none that its paragraph speaks of."""
    lowered = question.lower()
    numbers = [n for n in _NUMBER.findall(question) if n in case.paragraph]
    if numbers:
        number = rng.choice(numbers)
        other = str(max(1, int(number) + rng.choice([-7, -3, -2, -1, 1, 2, 3, 7])))
        return question.replace(number, other) if other != number else None
    own = [*names_of(" ".join([f"of {case.title}", *case.sentences])), case.title]
    shared = [name for name in dict.fromkeys(own) if len(name) > 3 and name.lower() in lowered]
    if not shared:
        return None
    name = rng.choice(shared)
    same_paragraph = [n for n in own if n.lower() not in lowered and name not in n]
    other = rng.choice(same_paragraph) if same_paragraph and rng.random() < 0.5 else rng.choice(names)
    if question.islower():
        other = other.lower()
    return re.sub(re.escape(name), lambda _: other, question, flags=re.I) if other.lower() != name.lower() else None


_ASKS_HOW = re.compile(r"^(when|where|why|how)(?= (?:did|does|do|was|were|is|are|has|had)\b)", re.I)
# What a sentence may answer, by words that it then holds: a question of this kind is not asked of it.
_MAY_SAY = {
    "When": re.compile(r"\d|day\b|week|month|year|after|before|during|until|while|[Ww]hen", re.I),
    "Where": re.compile(r"\b(?:in|at|on|near|from|to|across|outside|between|off)\b", re.I),
    "Why": re.compile(r"because|due|since|\bas\b|\bto\b|\bfor\b|reason|caus|\bso\b|after|result|owing", re.I),
}
# Questions about a name, and the words by which a sentence may answer them.
_OF_A_NAME = (
    ("How old is {}?", r"\bage|old|\d{2}"),
    ("When was {} born?", r"born|birth|\d{4}"),
    ("Where was {} born?", r"born|birth|nativ|from"),
    ("Who is {} married to?", r"marr|wife|husband|spouse|wed"),
    ("How much did {} cost?", r"\$|£|€|cost|pric|paid|million|billion"),
    ("Why did {} resign?", r"resign|quit|step|left"),
    ("How many people work for {}?", r"\d|employ|staff|work"),
    ("When was {} founded?", r"found|establish|\d{4}|creat|start"),
    ("Who founded {}?", r"found|establish|creat|start"),
    ("How did {} die?", r"die|dea|kill"),
    ("What did {} say about the accusations?", r"sa[iy]|told|accus|den[iy]|state"),
    ("How long did {} last?", r"day|hour|year|month|week|minute|\d"),
    ("What is the population of {}?", r"popul|people|inhabit|\d"),
    ("Who criticised {}?", r"critic|said|condemn|oppos|attack"),
    ("How many people were injured in {}?", r"injur|wound|hurt|\d"),
    ("What is the name of the lawyer of {}?", r"law|attorn|counsel|represent"),
    ("What will {} do next?", r"will|plan|next|going|intend"),
    ("How many votes did {} receive?", r"vot|\d|elect|poll"),
)


def _yes_no(case: Case, rng: random.Random) -> str | None:
    """A question that asks whether the answer is the answer, or whether another name of the paragraph is: its sentence
    settles both."""
    gold = case.sentences[min(case.gold)]
    answer = min((a for a in case.answers if a in gold), key=len, default="")
    asked = rng.choice(names_of(case.paragraph) or [answer]) if answer[:1].isupper() and rng.random() < 0.4 else answer
    claim = claim_of(case.question, asked)
    question = yes_no(claim) if claim else None
    return question if question and question.startswith(("Is", "Was", "Are", "Were", "Did")) else None


def _of_another_kind(question: str, sentence: str, rng: random.Random) -> str | None:
    """The question with another question word, where the sentence holds nothing of the kind that is asked then."""
    asks = _ASKS_HOW.match(question)
    if not asks:
        return None
    kinds = [k for k, says in _MAY_SAY.items() if k.lower() != asks[1].lower() and not says.search(sentence)]
    return _ASKS_HOW.sub(rng.choice(kinds), question) if kinds else None


def questions_of_names(cases: Sequence[Case], n: int, rng: random.Random) -> Iterator[Example]:
    """Questions on what a paragraph speaks of that it does not answer."""
    paragraphs = list({case.paragraph: case for case in cases}.values())
    for case in rng.sample(paragraphs, min(n, len(paragraphs))):
        names = names_of(case.paragraph)
        if not names:
            continue
        name = rng.choice(names)
        template, says = rng.choice(_OF_A_NAME)
        near = [s for s in case.sentences if name in s and not re.search(says, s, re.I)][:3]
        if near:
            yield Example(question=template.format(name), title=_titled(case, rng), sentences=tuple(near))


def _titled(case: Case, rng: random.Random) -> str:
    """The title, or "" at times; that of a story's article always, since it says how old the article is."""
    return "" if rng.random() < BARE_RATE and case.source != "stories" else case.title


def holds(sentences: Sequence[str], answers: Sequence[str]) -> bool:
    """Whether one of the answers stands in the sentences, in upper or lower case."""
    text = " ".join(sentences).lower()
    return any(answer.lower() in text for answer in answers)


def _answer(case: Case) -> tuple[int, int, int] | None:
    for i in sorted(case.gold):
        lowered = case.sentences[i].lower()
        for answer in sorted(case.answers, key=len):
            if answer and (at := lowered.find(answer.lower())) >= 0:
                return i, at, at + len(answer)
    return None


def _window(example: Example, tokenizer: Any, rng: random.Random) -> Example:
    """Neighbouring sentences that fit, those that answer among them; for long passages another stretch each time."""
    sizes = [len(tokenizer.encode(s, add_special_tokens=False).ids) for s in example.sentences]
    room = rng.choice([100, 160, 220, 220])
    wanted = sorted(example.gold) or [rng.randrange(len(sizes))]
    first = last = rng.choice(wanted)
    total = sizes[first]
    while True:
        ends = [i for i in (first - 1, last + 1) if 0 <= i < len(sizes) and total + sizes[i] <= room]
        if not ends:
            break
        i = rng.choice(ends)
        first, last, total = min(first, i), max(last, i), total + sizes[i]
    kept = range(first, last + 1)
    answer = example.answer
    return replace(
        example,
        sentences=tuple(example.sentences[i] for i in kept),
        gold=frozenset(i - first for i in example.gold if i in kept),
        doubtful=frozenset(i - first for i in example.doubtful if i in kept),
        answer=(answer[0] - first, *answer[1:]) if answer and answer[0] in kept else None,
    )
