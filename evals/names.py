"""What other forms of names do to retrieval: `python -m evals.names DATA`.

Questions whose gold answer has an exact place (SQuADShifts' new Wikipedia part and XQuAD, their articles whole, and
this project's questions over the Wikinews articles of GUM; 139 articles searched together) are asked as they stand,
and with a name in them replaced by another form that its own article attests: a name by its initials and back, a
country by its short form and back, a person's full name by the surname, a person by office and name, or by office
alone. The pairs are found here, by string matching, and not by `rag.text.names`, which is what is measured. A hit is
right when it covers the answer's place. Each is searched without other names and with them. The articles are halved
by a hash of their title: the mechanism was chosen on "dev".
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from evals.follow_ups import at_once
from evals.loaders import DATA, read_jsonl
from evals.metrics import summary
from evals.suites import SEED, library_of
from rag import Library
from rag.search import retrieval
from rag.text.words import query_terms

Json = dict[str, Any]
K = 10
UNCHANGED = 150  # questions of any kind, of each half of each set

_RUN = re.compile(r"\b[A-Z][\w’'-]*(?: (?:of|for|and|the|on|in) (?:the )?[A-Z][\w’'-]*| [A-Z][\w’'-]*)+")
_SMALL = frozenset({"of", "for", "and", "the", "on", "in"})
_CAPITALS = re.compile(r"\b[A-Z]{2,6}\b")
_OFFICE = (
    r"(?:[Pp]resident|(?:[Pp]rime |[Ff]oreign |[Dd]efen[cs]e |[Ff]inance )?[Mm]inister|[Cc]hancellor|[Ss]enator|"
    r"[Gg]overnor|[Mm]ayor|[Ss]ecretary(?:[ -][Gg]eneral)?|[Pp]rosecutor|[Jj]udge|Emperor|Sultan|Pope|"
    r"[Dd]irector|[Pp]rofessor|[Cc]oach|[Ss]pokes(?:man|woman|person))"
)
_PERSON = re.compile(
    rf"\b(?P<office>(?:(?!For |In |When )[A-Z][\w’'-]+ ){{0,2}}{_OFFICE}) "
    r"(?P<first>(?:[A-Z](?:[\w’'-]+|\.) ){0,2})(?P<last>[A-Z][\w’'-]+)\b(?! [A-Z])"
)
_ALONE = r"(?:['’]s|,| was| is| had| has| said| says| would| also| did)\b"
_COMMON = (
    ("United States", "U.S."),
    ("United States", "US"),
    ("United Kingdom", "UK"),
    ("United Nations", "UN"),
    ("European Union", "EU"),
)


def initials(name: str) -> set[str]:
    words = name.split()
    return {"".join(w[0] for w in words if w not in _SMALL), "".join(w[0] for w in words).upper()}


@lru_cache(maxsize=256)
def _attested(text: str) -> tuple[set[str], set[str], set[str], list[re.Match[str]]]:
    """Of an article: its runs of capitalised words, its words all in capitals, all its words, and people by office."""
    runs = {m[0].removeprefix("The ") for m in _RUN.finditer(text)}
    return runs, set(_CAPITALS.findall(text)), set(re.findall(r"[\w’'-]+", text)), list(_PERSON.finditer(text))


def replaced(question: str, text: str) -> Iterator[tuple[str, str]]:
    """(kind, question with one name in another form that `text` attests), at most one of each kind."""
    found: dict[str, str] = {}

    def put(kind: str, old: str, new: str) -> None:
        pattern = rf"(?<![\w.]){re.escape(old)}(?!\w)"
        asked = re.sub(pattern, lambda _: new, question, count=1)
        if asked != question:
            found.setdefault(kind, asked)

    runs, capitals, words, people = _attested(text)
    for name in sorted({m[0] for m in _RUN.finditer(question)}):
        for short in sorted(initials(name) & capitals):
            if len(short) > 2:
                put("full to initials", name, short)
    for short in sorted(set(_CAPITALS.findall(question)) & capitals):
        longer = sorted(run for run in runs if short in initials(run)) if len(short) > 2 else []
        if len(longer) == 1:
            put("initials to full", short, longer[0])
    for long, short in _COMMON:
        if all(re.search(rf"(?<![\w.]){re.escape(form)}(?!\w)", text) for form in (long, short)):
            put("country to short", long, short)
            put("country to full", short, long)
    for m in people:
        office, first, last = m["office"], m["first"], m["last"]
        whole = m[0] if office[0].isupper() else f"{office} {first}{last}"
        asked_for = f"{first}{last}" if f"{first}{last}" in question else last
        if office not in question:
            put("person to office and name", asked_for, whole)
            if " " in office and office[0].isupper():
                put("person to office", asked_for, f"the {office}")
    for m in re.finditer(r"(?<=[a-z,] )([A-Z][a-z’'-]+) ([A-Z][a-z’'-]+)\b(?! [A-Z])", question):
        is_name = m[2] in words and m[2].lower() not in words and m[0] in text
        stands_alone = is_name and re.search(rf"(?:[a-z,]|[.!?]) {m[2]}{_ALONE}", text)
        if stands_alone and not re.search(rf"\b{m[1]}{_ALONE}", text):
            put("full name to surname", m[0], m[2])
    yield from found.items()


def squad(file: Path, name: str) -> tuple[list[Json], list[Json]]:
    """Articles whole, their paragraphs joined, and their questions with the places of the answers."""
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8") as source:
        data = json.load(source)["data"]
    records, cases = [], []
    for article in data:
        key = f"{name}/{article['title']}"
        text = ""
        for paragraph in article["paragraphs"]:
            at = len(text)
            text += paragraph["context"] + "\n\n"
            for qa in paragraph["qas"]:
                places = [(at + a["answer_start"], at + a["answer_start"] + len(a["text"])) for a in qa["answers"]]
                cases.append({"id": qa["id"], "key": key, "question": " ".join(qa["question"].split()), "gold": places})
        title = re.sub(r"%E2%80%93", "–", article["title"]).replace("_", " ")
        records.append({"id": key, "title": title, "text": text.strip()})
    return records, cases


def wikinews(data: Path) -> tuple[list[Json], list[Json]]:
    articles = {a["id"]: a for a in read_jsonl(data / "gum_wikinews" / "articles.jsonl")}
    records = [{"id": i, "title": a["title"], "date": a["published"], "text": a["text"]} for i, a in articles.items()]
    cases = []
    for name in ("wikinews_questions.jsonl", "wikinews_questions_2.jsonl"):
        for q in read_jsonl(DATA / name):
            at = articles[q["article"]]["text"].find(q["evidence"]) if q["answerable"] else -1
            if at >= 0:
                gold = [(at, at + len(q["evidence"]))]
                cases.append({"id": q["id"], "key": q["article"], "question": q["question"], "gold": gold})
    return records, cases


def half(article: str) -> str:
    return "test" if hashlib.sha256(article.encode()).digest()[0] % 2 else "dev"


def wikipedia_and_wikinews(data: Path) -> tuple[list[Json], list[Json]]:
    """Articles and cases, each with `kind`, `half`, the question `asked` and the one it was made from (`question`)."""
    records: list[Json] = []
    cases: list[Json] = []
    for some, questions in (
        squad(data / "squadshifts" / "new_wiki_v1.0.json.gz", "s"),
        squad(data / "xquad_en" / "xquad.en.json", "x"),
        wikinews(data),
    ):
        texts = {record["id"]: record["text"] for record in some}
        by_half: dict[str, list[Json]] = defaultdict(list)
        for case in questions:
            by_half[half(case["key"])].append(case | {"half": half(case["key"])})
        for _, found in sorted(by_half.items()):
            for case in found:
                for kind, asked in replaced(case["question"], texts[case["key"]]):
                    cases.append(case | {"kind": kind, "asked": asked})
            some_cases = random.Random(SEED).sample(found, min(UNCHANGED, len(found)))
            cases += [case | {"kind": "any question", "asked": case["question"]} for case in some_cases]
        records += some
    return records, cases


def reciprocal_rank(library: Library, question: str, case: Json) -> float:
    for hit in library.retrieve(question, k=K, understand=False):
        inside = [s for s, e in case["gold"] if hit.passage.start <= s and e <= hit.passage.end]
        if inside and hit.article.path.rpartition("#")[2] == case["key"]:
            return 1 / hit.rank
    return 0.0


def measure(records: Sequence[Json], cases: Sequence[Json], keep: str | None) -> Json:
    """For each half and kind, and each way of asking: recall@1, recall@5 and MRR@10."""
    values: dict[str, list[float]] = defaultdict(list)
    texts = [question for case in cases for question in (case["question"], case["asked"])]
    with_names = retrieval.searches
    with library_of(records, keep) as library, at_once(library, texts):
        for name, searches in (("without", lambda question, *_: [query_terms(question)]), ("with", with_names)):
            retrieval.searches = searches
            ranks: dict[tuple[str, str], float] = {}
            for case in cases:
                for way in ("question", "asked"):
                    key = (case["id"], case[way])
                    if key not in ranks:
                        ranks[key] = reciprocal_rank(library, case[way], case)
                    said = "as it stands" if way == "question" else "replaced"
                    if case["question"] != case["asked"] or way == "question":
                        values[f"{case['half']}, {case['kind']}, {said}, {name}"].append(ranks[key])
    retrieval.searches = with_names
    return {
        name: {
            "recall@1": summary([float(r == 1) for r in of]),
            "recall@5": summary([float(r >= 0.2) for r in of]),
            "mrr@10": summary(of),
        }
        for name, of in sorted(values.items())
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the public sets")
    parser.add_argument("--keep", help="keep the library in this folder")
    given = parser.parse_args()
    records, cases = wikipedia_and_wikinews(given.data)
    print(f"{'':62} {'n':>4} {'R@1':>6} {'R@5':>6} {'MRR@10':>6}")
    for name, of in measure(records, cases, given.keep).items():
        print(f"{name:62} {of['mrr@10']['n']:4}" + "".join(f" {one['value']:6.3f}" for one in of.values()))


if __name__ == "__main__":
    main()
