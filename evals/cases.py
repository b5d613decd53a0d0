"""Cases: questions with the accepted answers and the exact words that must be cited. One JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evals.metrics import Group, Words
from rag import Article, BylineError

FILTERS = ("outlets", "published_from", "published_to", "as_of")
SPLITS = ("dev", "test")


@dataclass(frozen=True, kw_only=True)
class Gold:
    """Words of an article that answer. `start` is their first character, where they stand there more than once."""

    article: str
    quote: str
    start: int | None = None


@dataclass(frozen=True, kw_only=True)
class EvalCase:
    """One question.

    `expected` are the points that an answer must make, each with its accepted wordings; `evidence` the words that it
    must cite, each with the places of which any one will do. Where `answerable` is false the answer should abstain, or
    cite `evidence`: words that set the question right. `overtaken` are words that a later article has changed: cited
    as still true, they mislead. `forbidden` must not be said. `history` are the questions asked before, oldest first,
    `filters` are passed to `Library.ask`. `where` names the line that the case comes from.
    """

    id: str
    question: str
    expected: tuple[tuple[str, ...], ...] = ()
    evidence: tuple[tuple[Gold, ...], ...] = ()
    answerable: bool = True
    tags: tuple[str, ...] = ()
    split: str = ""
    history: tuple[str, ...] = ()
    filters: Mapping[str, Any] = field(default_factory=dict)
    overtaken: tuple[Gold, ...] = ()
    forbidden: tuple[str, ...] = ()
    where: str = ""


TEMPLATE = """\
# Cases for `byline eval --cases FILE`: one JSON object a line. Empty lines and lines that begin with # are left out.
#
# question    what is asked, as a reader would ask it
# answerable  true (the default), or false where the articles do not answer and Byline should say so
# expected    the points that a right answer makes; a point is a text, or a list of wordings of which any one will do
# evidence    the words that must be cited; each is {"article", "quote"}, or a list of such of which any one will do.
#             "article" is the file's name or the end of its path, "quote" its exact words (line breaks do not matter).
#             Words that stand there more than once need "start", the number of their first character.
# Also, as needed: "id"; "tags", a list; "split", "dev" or "test" (tune on dev, report test); "history", the questions
# asked before this one; "filters", such as {"as_of": "2024-05-01"}; "overtaken", words that a later article has
# changed; "forbidden", words that the answer must not hold.
#
# Take the # away from the examples, or write your own below:
# {"question": "How late was the ferry?", "expected": [["two hours", "120 minutes"]], "evidence": \
[{"article": "ferry.md", "quote": "left two hours late on Tuesday"}], "tags": ["fact"]}
# {"question": "What did the owner say about the delay?", "answerable": false}
{"question": "What is the boiling point of ethanol?", "answerable": false, "tags": ["off topic"]}
"""


def load_cases(path: str | Path) -> list[EvalCase]:
    """The cases of a JSONL file. BylineError with the line number and the mend for the first that does not fit."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BylineError(f"the cases {path} cannot be read ({error}): `byline eval new` writes a template.") from None
    name = Path(path).name
    cases: list[EvalCase] = []
    seen: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        case = _case(line, f"{name} line {number}", default_id=f"line-{number}")
        if case.id in seen:
            raise BylineError(f"{case.where}: the id {case.id!r} is that of {seen[case.id]}: give it another.")
        seen[case.id] = case.where
        cases.append(case)
    if not cases:
        raise BylineError(f"the cases {path} hold no case: write one JSON object a line; `byline eval new` shows how.")
    return cases


class _Line:
    """The record of a line, whose fields are taken with what is wrong about them said."""

    def __init__(self, line: str, where: str) -> None:
        self._where = where
        try:
            self.record: Any = json.loads(line)
        except ValueError as error:
            raise self.wrong(f"this is not JSON ({error}): each case is one object on one line.") from None
        if not isinstance(self.record, dict):
            raise self.wrong('a case must be an object, for example {"question": "…", "answerable": false}.')
        known = list(EvalCase.__dataclass_fields__)[:-1]
        if unknown := [key for key in self.record if key not in known]:
            raise self.wrong(f"there is no field {unknown[0]!r}: known are {', '.join(known)}.")

    def wrong(self, what: str) -> BylineError:
        return BylineError(f"{self._where}: {what}")

    def take(self, key: str, default: Any, fits: Callable[[Any], bool], must: str) -> Any:
        """The value of `key`, which must be as `must` says."""
        value = self.record.get(key, default)
        if not fits(value):
            raise self.wrong(f'"{key}" is {value!r}; it must be {must}')
        return value

    def listed(self, key: str) -> list[Any]:
        found: list[Any] = self.take(key, [], lambda v: isinstance(v, list), "a list: put it in square brackets.")
        return found

    def texts(self, key: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
            raise self.wrong(f'"{key}" must be a list of texts that are not empty, for example {{"{key}": ["…"]}}.')
        return tuple(value)

    def gold(self, key: str, value: Any) -> Gold:
        if (
            not isinstance(value, dict)
            or not {"article", "quote"} <= value.keys() <= {"article", "quote", "start"}
            or not all(isinstance(value[k], str) and value[k].strip() for k in ("article", "quote"))
            or not isinstance(value.get("start"), int | None)
        ):
            raise self.wrong(f'"{key}" must hold {{"article": "file.md", "quote": "its exact words"}}, not {value!r}.')
        return Gold(article=value["article"], quote=value["quote"], start=value.get("start"))


def _case(line: str, where: str, *, default_id: str) -> EvalCase:
    of = _Line(line, where)
    question = of.record.get("question")
    if not isinstance(question, str) or not question.strip():
        raise of.wrong('"question" is missing or empty: write what is asked.')
    answerable = of.take("answerable", True, lambda v: isinstance(v, bool), "true or false.")
    expected = tuple(
        of.texts("expected", [point] if isinstance(point, str) else point) for point in of.listed("expected")
    )
    evidence = tuple(
        tuple(of.gold("evidence", one) for one in (group if isinstance(group, list) else [group]))
        for group in of.listed("evidence")
    )
    if not all(expected) or not all(evidence):
        raise of.wrong("a list inside expected or evidence is empty: take it away, or put in what is accepted.")
    if answerable and not (expected or evidence):
        raise of.wrong(
            'an answerable case needs "expected" or "evidence": give one, or write "answerable": false where the '
            "articles do not answer."
        )
    if not answerable and expected:
        raise of.wrong('"expected" has no place where "answerable" is false: take one of the two away.')
    filters = of.record.get("filters", {})
    if not isinstance(filters, dict) or not filters.keys() <= set(FILTERS):
        raise of.wrong(f'"filters" must be an object with some of {", ".join(FILTERS)}, not {filters!r}.')
    return EvalCase(
        id=of.take("id", default_id, lambda v: isinstance(v, str) and bool(v), "a text."),
        question=question,
        expected=expected,
        evidence=evidence,
        answerable=answerable,
        tags=of.texts("tags", of.record.get("tags", [])),
        split=of.take("split", "", lambda v: v in ("", *SPLITS), '"dev" or "test".'),
        history=of.texts("history", of.record.get("history", [])),
        filters=filters,
        overtaken=tuple(of.gold("overtaken", one) for one in of.listed("overtaken")),
        forbidden=of.texts("forbidden", of.record.get("forbidden", [])),
        where=where,
    )


Find = Callable[[str], Article]
"""The article that a name means; BylineError where there is none."""


def locate(case: EvalCase, find: Find) -> tuple[list[Group], list[Words]]:
    """Where the case's evidence and its overtaken words stand: groups of (article id, start, end), and a list.

    BylineError with the case's line where an article is not in the library or does not hold the words.
    """
    evidence = [[_place(case, gold, find) for gold in group] for group in case.evidence]
    return [list(group) for group in evidence], [_place(case, gold, find) for gold in case.overtaken]


def _place(case: EvalCase, gold: Gold, find: Find) -> Words:
    where = case.where or f"case {case.id}"
    try:
        article = find(gold.article)
    except BylineError as error:
        raise BylineError(f"{where}: {error}") from None
    wanted = gold.quote.split()
    places = list(_places(article.text, wanted))
    if gold.start is not None:
        places = [place for place in places if place[0] == gold.start]
    if not places:
        at = f" at character {gold.start}" if gold.start is not None else ""
        raise BylineError(
            f"{where}: {gold.article} does not hold “{_short(gold.quote)}”{at}: copy the words from the article, "
            "typographic quotes included."
        )
    if len(places) > 1:
        starts = ", ".join(str(start) for start, _ in places[:4])
        raise BylineError(
            f"{where}: “{_short(gold.quote)}” stands {len(places)} times in {gold.article}: quote more words, or give "
            f'"start", one of {starts}.'
        )
    return (article.id, *places[0])


def _places(text: str, words: list[str]) -> Iterable[tuple[int, int]]:
    """Where the words stand one after the other with any white space between them."""
    at = text.find(words[0])
    while at >= 0:
        end, whole = at + len(words[0]), True
        for word in words[1:]:
            gap = end
            while gap < len(text) and text[gap].isspace():
                gap += 1
            whole = gap > end and text.startswith(word, gap)
            if not whole:
                break
            end = gap + len(word)
        if whole:
            yield at, end
        at = text.find(words[0], at + 1)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
