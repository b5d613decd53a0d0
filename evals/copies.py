"""How well copies are told from other articles: `python -m evals.copies DATA`.

DATA is a folder with gum_wikinews/articles.jsonl, squadshifts/new_wiki_v1.0.json.gz and xquad_en/xquad.en.json. Copies
are made from the Wikinews articles; the even ones are those the thresholds were chosen on. All pairs of articles, and
all pairs of encyclopedia paragraphs, are unrelated but for a few that the data holds twice: what is merged is printed.
"""

from __future__ import annotations

import gzip
import itertools
import json
import random
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from rag.ingest.copies import bands, relation
from rag.types import Article


def main(data: Path) -> None:
    lines = (data / "gum_wikinews" / "articles.jsonl").read_text(encoding="utf-8").splitlines()
    news = [" ".join(json.loads(line)["sentences"]) for line in lines]
    with gzip.open(data / "squadshifts" / "new_wiki_v1.0.json.gz", "rt", encoding="utf-8") as file:
        squad = json.load(file)["data"]
    squad += json.loads((data / "xquad_en" / "xquad.en.json").read_text(encoding="utf-8"))["data"]
    paragraphs = list(dict.fromkeys(p["context"] for page in squad for p in page["paragraphs"]))
    for name, texts in (("news articles", news), ("encyclopedia paragraphs", paragraphs)):
        merged = list(merged_pairs(texts))
        print(f"{name}: {len(merged)} of {len(texts) * (len(texts) - 1) // 2} pairs are taken for copies")
        for a, b in merged:
            print(f"    {texts[a][:70]!r} / {texts[b][:70]!r}")
    for half, what in ((0, "chosen on"), (1, "held out")):
        found: dict[str, list[bool]] = defaultdict(list)
        for i in range(half, len(news), 2):
            for name, text in copies(news[i], news[(i + 1) % len(news)], random.Random(i)):
                one, other = _article(news[i]), _article(text)
                candidate = set(bands(one)) & set(bands(other))
                found[name].append(bool(candidate) and relation(one, other) == "copy")
        for name, right in found.items():
            print(f"{what}: {name:32} {sum(right)}/{len(right)} recognised")


def merged_pairs(texts: list[str]) -> Iterator[tuple[int, int]]:
    """Every pair is compared, not only those that a band brings together: but for those without a run in common."""
    articles = [_article(text) for text in texts]
    holders: dict[str, list[int]] = defaultdict(list)
    for i, text in enumerate(texts):
        words = re.findall(r"\w+", text.lower())
        for run in {" ".join(words[j : j + 5]) for j in range(len(words))}:
            holders[run].append(i)
    pairs = {pair for some in holders.values() for pair in itertools.combinations(some, 2)}
    return (pair for pair in sorted(pairs) if relation(articles[pair[0]], articles[pair[1]]) is not None)


def copies(text: str, other: str, rng: random.Random) -> Iterator[tuple[str, str]]:
    """What becomes of a text on its way through newsrooms."""
    sentences, others = (re.split(r"(?<=[.!?])\s+", t) for t in (text, other))
    for share in (0.7, 0.5, 0.33):
        yield f"the first {share:.0%}", " ".join(sentences[: max(1, int(share * len(sentences)))])
    yield "another headline", f"A quite different headline for it\n\n{text}"
    yield "another dateline and credit", f"PORTMERE, May 6 (Quay Press) - {text}\n\nReporting by Ada Quill"
    half = len(sentences) // 2
    correction = "Correction: an earlier version gave a wrong number of boats. It is 14, and not 41."
    yield "a correction put in", " ".join((*sentences[:half], correction, *sentences[half:]))
    vocabulary = other.split()
    for share in (0.1, 0.2, 0.3):
        kept = (rng.choice(others) if rng.random() < share else sentence for sentence in sentences)
        yield f"{share:.0%} of the sentences replaced", " ".join(kept)
        words = text.split()
        left = int(share * len(words))
        while left > 0:
            n = min(rng.randint(1, 6), left)
            at = rng.randrange(len(words) - n)
            words[at : at + n] = rng.choices(vocabulary, k=n)
            left -= n
        yield f"{share:.0%} of the words, in runs", " ".join(words)
        single = (rng.choice(vocabulary) if rng.random() < share else word for word in text.split())
        yield f"{share:.0%} of the words, singly", " ".join(single)


def _article(text: str) -> Article:
    return Article(id="", text=text, title=None, outlet=None, path="", content_hash="")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
