"""Claims with evidence and what comes of them: what the verifiers are trained on. Which sets, under which licences, and
why: evals/VERIFIER.md."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from rag.checking.comparison import WINDOW_SENTENCES, WINDOW_WORDS
from rag.checking.faults import coverage
from rag.text.facts import read


class Label(IntEnum):
    """The outcomes in the order of `Verifier.verify`, and one for sets that do not say which of the last two it is."""

    CARRIED = 0
    CONTRADICTED = 1
    NOT_THERE = 2
    NOT_CARRIED = 3


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A claim and the window of a text that it is read against, under its title or without one."""

    claim: str
    evidence: str
    label: Label
    title: str = ""
    source: str = ""

    @property
    def n_words(self) -> int:
        return len(self.claim.split()) + len(self.evidence.split())


Make = Callable[[Path, random.Random], Iterable[Pair]]
"""The pairs of a source, from the folder of public sets."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where pairs come from, and under which licence the texts and the judgements are."""

    name: str
    licence: str
    make: Make


def narrow(
    claim: str,
    sentences: Sequence[str],
    most: int = WINDOW_SENTENCES,
    words: int = WINDOW_WORDS,
    *,
    cosines: Sequence[float] = (),
) -> str:
    """The window that the checker would read for the claim: of the `most` sentences that cover most of it those that
    fit into so many words, in the order of the text. The checker adds the cosine to the coverage, as is done here where
    `cosines` are given, one for each sentence: on many texts they take long. Without sentences ""."""
    whole = read(claim)
    readings = [read(sentence) for sentence in sentences]
    worth = [coverage(whole, reading.keys, reading) for reading in readings]
    worth = [cover + cosine for cover, cosine in zip(worth, cosines, strict=True)] if len(cosines) else worth
    kept: list[int] = []
    n_words = 0
    for n in sorted(range(len(sentences)), key=lambda n: -worth[n])[:most]:
        size = len(sentences[n].split())
        if not kept or n_words + size <= words:
            kept.append(n)
            n_words += size
    return " ".join(sentences[n] for n in sorted(kept))


# How many pairs of each source make up a mix: pairs of sentences first ("short": see SHORT_WORDS), which teach what one
# word does at a quarter of the cost; then everything. All of the invented news is in each of the others.
_ALL = 10**6
MIXES: dict[str, dict[str, int]] = {
    "short": {"cad": 7500, "taxinli": 3500, "snli": 8000, "fever": 1500, "answers": 500, "edits": 1500, "roles": 800},
    "small": {
        **{"cad": 5000, "taxinli": 4500, "snli": 1500, "fool-me-twice": 2300, "wice": 668, "fever": 1500, "boolq": 900},
        **{"condaqa": 700, "scifact": 500, "answers": 900, "edits": 3000, "roles": 800, "news": _ALL},
    },
    "news": {
        **{"cad": 800, "taxinli": 800, "snli": 300, "fool-me-twice": 1200, "wice": 668, "fever": 500, "boolq": 600},
        **{"condaqa": 300, "scifact": 200, "answers": 400, "edits": 2000, "roles": 400, "news": _ALL},
    },
    "middle": {
        **{"cad": 6000, "taxinli": 5000, "snli": 4000, "fool-me-twice": 2600, "wice": 700, "fever": 2500},
        **{"boolq": 1500, "condaqa": 900, "scifact": 700, "answers": 1500, "edits": 3500, "roles": 900, "news": _ALL},
    },
    "full": {
        **{"cad": 9000, "taxinli": 9000, "snli": 16000, "fool-me-twice": 3000, "wice": 1000, "fever": 6000},
        **{"boolq": 6500, "condaqa": 3000, "scifact": 1600, "answers": 5000, "edits": 9000, "roles": 2500},
        "news": _ALL,
    },
}
SHORT_WORDS = 60  # of the claim and its evidence together


def mixed(sources: Sequence[Source], data: Path, mix: str, seed: int) -> Iterator[Pair]:
    """The pairs of a mix, drawn anew for each seed. What is drawn of a source hangs on no other source. OSError where
    a set is not in `data`, KeyError where the mix is none of MIXES or names none of the sources."""
    by_name = {source.name: source for source in sources}
    for name, n in MIXES[mix].items():
        rng = random.Random(f"{seed}:{name}")
        made = [pair for pair in by_name[name].make(data, rng) if pair.claim.strip() and pair.evidence.strip()]
        for pair in rng.sample(made, min(n, len(made))):
            if mix != "short" or pair.n_words < SHORT_WORDS:
                yield pair
