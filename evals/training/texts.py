"""What the readers of public sets share: opening files, text as it is written, splits that depend on a key alone."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from evals.loaders import read_jsonl
from rag.text.sentences import split_sentences

Json = dict[str, Any]

SEED = 7
BARE_RATE = 0.3  # the share of texts that are shown without their title


def lines_of(path: Path) -> list[str]:
    """The lines of a gzip file of UTF-8 text. OSError where there is none."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return file.read().split("\n")[:-1]


def json_of(path: Path) -> Any:
    """The content of a gzip file of JSON. OSError where there is none, ValueError where it is not JSON."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return json.load(file)


def table_of(path: Path, *, delimiter: str = ",", is_quoted: bool = True) -> list[dict[str, str]]:
    """The rows of a gzip file of CSV with a head line. OSError where there is none."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        if is_quoted:
            return list(csv.DictReader(file, delimiter=delimiter))
        return list(csv.DictReader(file, delimiter=delimiter, quoting=csv.QUOTE_NONE))


def sentences_of(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


def sentences_of_paragraphs(text: str) -> tuple[str, ...]:
    """The sentences of a text whose paragraphs are parted by blank lines; none runs over two of them."""
    return tuple(s for paragraph in text.split("\n\n") for s in sentences_of(paragraph))


def trimmed(text: str) -> str:
    return " ".join(text.split())


def plain(text: str) -> str:
    """The words alone, in lower case: what is compared where spelling and spacing differ from set to set."""
    return " ".join(re.findall(r"\w+", re.sub(r"-[LR][SRC]B-", " ", text).lower()))


_BRACKETS = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}"}


def untokenized(text: str) -> str:
    """Penn Treebank spacing undone, so that the models learn on text as it is written."""
    for mark, bracket in _BRACKETS.items():
        text = text.replace(mark, bracket)
    text = text.replace("`` ", "“").replace("``", "“").replace("''", "”").replace(" - ", "-").replace("-- ", "– ")
    text = re.sub(r" ([.,;:!?%)\]”]|n't\b|'s\b|'[a-z]{1,2}\b|')", r"\1", text)
    return trimmed(re.sub(r"([(\[“$£]) ", r"\1", text))


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def part_of(key: str, test: float, signals: float) -> str:
    """ "test", "signals" or "adapter", in these shares: a split that depends on nothing but the key."""
    share = int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 16**8
    return "test" if share < test else "signals" if share < test + signals else "adapter"


_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)*")


def names_of(text: str) -> list[str]:
    """Capitalised words within sentences."""
    return [name for name in _NAME.findall(text) if len(name) > 3]


def squeezed(text: str) -> str:
    """The letters and figures alone: also the same where one set parts words as the Penn Treebank does ("is n't")."""
    return plain(text).replace(" ", "")


def held_out_sentences(data: Path) -> frozenset[str]:
    """The `squeezed` sentences of GUM's Wikinews, which is measured on: QAMR, QADiscourse and QA-SRL are half
    Wikinews."""
    articles = read_jsonl(data / "gum_wikinews" / "articles.jsonl")
    return frozenset(squeezed(sentence) for article in articles for sentence in article["sentences"])
