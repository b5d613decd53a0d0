"""What `rag.support` is fitted and measured on: claims with their evidence and whether it carries them.

People's judgements (AttributionBench dev, FEVER dev) and edits of sentences by rule (`evals/training/lies.py`) on
Wikinews and XQuAD. What is held out (half of FEVER and of the news articles, by checksum; all of XQuAD) takes no part
in a fit.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evals.training.edits import names_in
from evals.training.lies import lies
from evals.training.paraphrases import paraphrases
from rag.text.sentences import split_sentences

SEED = 20
# Lies that add to a sentence or exchange any noun in it. They count less in the fit and are reported apart: weighed in
# full they make the checker refuse claims that people accept (AttributionBench falls by another point).
INVENTED = ("detail added", "other noun")


@dataclass(frozen=True, kw_only=True)
class Example:
    """A claim, its evidence, and whether it is supported. `group` keeps what belongs together in one fold."""

    claim: str
    evidence: tuple[str, ...]
    is_supported: bool
    source: str
    kind: str = ""
    group: str = ""
    is_held_out: bool = False


def _half(text: str) -> bool:
    return zlib.crc32(text.encode()) % 2 == 1


def attributionbench(data: Path) -> Iterator[Example]:
    with gzip.open(data / "attributionbench" / "dev.jsonl.gz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            claim = re.sub(r"\s*\[\d+\]", "", row["claim"]).strip()
            yield Example(
                claim=claim,
                evidence=tuple(row["references"]),
                is_supported=row["attribution_label"] == "attributable",
                source="attributionbench",
                kind=row["src_dataset"],
                group=row["question"],
            )


def fever(data: Path, n: int) -> Iterator[Example]:
    """Claims with their evidence sentences; `n` for the fit and `n` held out, parted by the evidence."""
    folder = data / "fever_nli_dev"
    claims = (folder / "claim.txt").read_text(encoding="utf-8").splitlines()
    labels = (folder / "label.txt").read_text(encoding="utf-8").splitlines()
    with gzip.open(folder / "evidence.txt.gz", "rt", encoding="utf-8") as file:
        evidence = file.read().splitlines()
    rows = list(zip(claims, evidence, labels, strict=True))
    order = np.random.default_rng(SEED).permutation(len(rows))
    left = {True: n, False: n}
    for i in order:
        claim, text, label = rows[i]
        text = re.sub(r" ([.,;:)%]|'s\b|n't\b)", r"\1", re.sub(r"-LSB-.*?-RSB-|-LRB-|-RRB-|``|''", "", text))
        side = _half(text)
        if left[side]:
            left[side] -= 1
            is_supported = label == "entailment"
            kind = "supported" if is_supported else "refuted"
            yield Example(
                claim=claim,
                evidence=(text,),
                is_supported=is_supported,
                source="fever",
                kind=kind,
                group=text,
                is_held_out=side,
            )


def edits(paragraphs: Sequence[tuple[str, Sequence[str]]], name: str) -> Iterator[Example]:
    """Lies and paraphrases of each sentence, against the sentence itself and against the passage of two sentences
    either side; and the sentence against the passage without it, which does not carry it."""
    names_of: dict[str, list[str]] = defaultdict(list)
    nouns_of: dict[str, list[str]] = defaultdict(list)
    for group, sentences in paragraphs:
        names_of[group] += [n for s in sentences for n in names_in(s)]
        nouns_of[group] += [n for s in sentences for n in re.findall(r"(?<=\bthe )[a-z]{4,}(?= of|\.)", s)]
    for group, sentences in paragraphs:
        held_out = name == "xquad" or _half(group)
        for i, sentence in enumerate(sentences):
            if not 6 <= len(sentence.split()) <= 60 or sentence.endswith("?"):
                continue
            passage = " ".join(sentences[max(0, i - 2) : i + 3])
            before = sentences[i - 1] if i else ""
            after = sentences[i + 1] if i + 1 < len(sentences) else ""
            others, nouns = sorted(set(names_of[group])), sorted(set(nouns_of[group]))
            made = [(False, kind, text) for kind, text in lies(sentence, other_names=others, other_nouns=nouns)]
            made += [(True, kind, text) for kind, text in paraphrases(sentence, before=before, after=after)]
            made.append((True, "verbatim", sentence))
            for is_supported, kind, text in made:
                for source, evidence in (("sentence", sentence), ("passage", passage)):
                    if source == "sentence" and kind in ("joined", "pronoun resolved"):
                        continue
                    yield Example(
                        claim=text,
                        evidence=(evidence,),
                        is_supported=is_supported,
                        source=source,
                        kind=kind,
                        group=f"{name}:{group}",
                        is_held_out=held_out,
                    )
            rest = " ".join([*sentences[max(0, i - 2) : i], *sentences[i + 1 : i + 3]])
            if rest:
                yield Example(
                    claim=sentence,
                    evidence=(rest,),
                    is_supported=False,
                    source="other",
                    kind="another sentence",
                    group=f"{name}:{group}",
                    is_held_out=held_out,
                )


def wikinews(data: Path) -> list[tuple[str, Sequence[str]]]:
    with (data / "gum_wikinews" / "articles.jsonl").open(encoding="utf-8") as file:
        return [(row["id"], row["sentences"]) for row in map(json.loads, file)]


def xquad(data: Path) -> list[tuple[str, Sequence[str]]]:
    document = json.loads((data / "xquad_en" / "xquad.en.json").read_text(encoding="utf-8"))
    texts = [(a.get("title", str(n)), p["context"]) for n, a in enumerate(document["data"]) for p in a["paragraphs"]]
    return [(title, [text[a:b] for a, b in split_sentences(text)]) for title, text in texts]
