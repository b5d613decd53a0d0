"""Conversations as they are kept in a reader's browser: answers to JSON without the texts of their articles, and back.

What comes from a browser is as untrusted as anything: whatever is not as it was written here counts as not kept, and
words that no longer stand in their article are not shown as its words.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from rag.types import (
    Answer,
    Article,
    Citation,
    Claim,
    Disagreement,
    Event,
    Finding,
    Json,
    Passage,
    Precision,
    ResolvedDate,
    SearchHit,
    Status,
    Verdict,
)
from ui.cards import NEAREST_SHOWN

MAX_TURNS = 20  # of a conversation
MAX_TALKS = 50
MOST_CHARS = 1_500_000  # browsers keep five million bytes or so for a page
NOTHING: Json = {"open": "", "talks": []}

_Known = Literal["stated", "resolved", "published"]  # how the date of an event is

Articles = Callable[[Iterable[str]], list[Article]]
"""The articles that have these ids, those that there are: `Library.articles`."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """An answer, and the filters that it was asked with."""

    answer: Answer
    limits: Json = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Talk:
    """A conversation, oldest turn first."""

    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    turns: tuple[Turn, ...] = ()

    @property
    def answers(self) -> list[Answer]:
        return [turn.answer for turn in self.turns]


def keep(kept: Any, talk: Talk) -> Json:
    """What is to be kept, with this conversation as the one that is open. The oldest go where it is too much."""
    others = [one for one in _talks(kept) if one["id"] != talk.id]
    mine = [{"id": talk.id, "turns": [_packed(turn) for turn in talk.turns]}] if talk.turns else []
    talks: list[Json] = []
    room = MOST_CHARS
    for one in [*mine, *others][:MAX_TALKS]:
        room -= len(json.dumps(one))
        if room < 0:
            break
        talks.append(one)
    return {"open": talk.id, "talks": talks}


def forget(kept: Any, talk_id: str) -> Json:
    """What is to be kept without this conversation."""
    talks = _talks(kept)
    opened = kept.get("open") if isinstance(kept, Mapping) else None
    rest = [one for one in talks if one["id"] != talk_id]
    return {"open": opened if isinstance(opened, str) and opened != talk_id else "", "talks": rest}


def questions(kept: Any) -> list[tuple[str, list[str]]]:
    """For each conversation, the newest first: its id and its questions, oldest first."""
    listed = []
    for one in _talks(kept):
        asked = [turn.get("answer") for turn in one["turns"] if isinstance(turn, Mapping)]
        found = [str(answer["question"]) for answer in asked if isinstance(answer, Mapping) and "question" in answer]
        if found:
            listed.append((one["id"], found))
    return listed


def reopen(kept: Any, talk_id: str | None, articles: Articles) -> Talk | None:
    """The conversation with this id, or the one that was open; None where it was not kept."""
    wanted = talk_id if talk_id is not None else kept.get("open") if isinstance(kept, Mapping) else None
    found = next((one for one in _talks(kept) if one["id"] == wanted), None)
    if found is None:
        return None
    try:
        ids = list(dict.fromkeys(_named(found["turns"][-MAX_TURNS:])))
        known = {article.id: article for article in articles(ids)}
        turns = tuple(_unpacked(turn, known) for turn in found["turns"][-MAX_TURNS:])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError):
        return None
    return Talk(id=found["id"], turns=turns) if turns else None


def _talks(kept: Any) -> list[Json]:
    talks = kept.get("talks") if isinstance(kept, Mapping) else None
    return [
        {"id": one["id"], "turns": one["turns"]}
        for one in (talks if isinstance(talks, list) else [])
        if isinstance(one, Mapping) and isinstance(one.get("id"), str) and isinstance(one.get("turns"), list)
    ]


def _packed(turn: Turn) -> Json:
    answer = turn.answer
    said = {**answer.to_dict(), "hits": []}
    if answer.status == "abstained":  # only then are they shown
        said["hits"] = [
            {"article": hit.article.id, "start": hit.passage.start, "end": hit.passage.end}
            for hit in answer.hits[:NEAREST_SHOWN]
        ]
    return {"answer": _by_id(said), "limits": dict(turn.limits)}


def _by_id(value: Any) -> Any:
    """The value with the id of each article in its place."""
    if isinstance(value, list):
        return [_by_id(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: one["id"] if name == "article" and isinstance(one, dict) else _by_id(one) for name, one in value.items()
    }


def _named(value: Any) -> Iterator[str]:
    """The ids of the articles in it."""
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _named(one)
    if isinstance(value, dict) and isinstance(value.get("article"), str):
        yield value["article"]


def _unpacked(turn: Json, known: Mapping[str, Article]) -> Turn:
    said = turn["answer"]
    claims = tuple(_claim(claim, known) for claim in said["claims"])
    n_lost = sum(len(claim["citations"]) for claim in said["claims"]) - sum(len(claim.citations) for claim in claims)
    lost = ["Words that this answer cited are no longer in the library as they were: ask again."] if n_lost else []
    understood = said["understood"]
    answer = Answer(
        question=str(said["question"]),
        understood={str(name): value for name, value in understood.items()},
        status=_one_of(Status, said["status"]),
        maybe=bool(said["maybe"]),
        text=str(said["text"]),
        claims=claims,
        hits=tuple(hit for one in said["hits"] if (hit := _hit(one, known)) is not None),
        disagreements=tuple(one for found in said["disagreements"] if (one := _disagreement(found, known)) is not None),
        timeline=tuple(event for one in said["timeline"] if (event := _event(one, known)) is not None),
        notes=(*lost, *map(str, said["notes"])),
        problems=tuple(map(str, said["problems"])),
        model=str(said["model"]),
        prompt_version=str(said["prompt_version"]),
        elapsed_s=float(said["elapsed_s"]),
        confidence=float(said["confidence"]),
        usage={str(name): float(n) for name, n in said.get("usage", {}).items()},
    )
    return Turn(answer=answer, limits=_limits(turn["limits"]))


def _limits(kept: Json) -> Json:
    days = ("published_from", "published_to", "as_of")
    return {name: str(kept[name]) for name in days if name in kept} | (
        {"outlets": [str(outlet) for outlet in kept["outlets"]]} if kept.get("outlets") else {}
    )


def _one_of(literal: Any, value: Any) -> Any:
    if value not in get_args(literal):
        raise ValueError(value)
    return value


def _claim(said: Json, known: Mapping[str, Article]) -> Claim:
    return Claim(
        text=str(said["text"]),
        verdict=_one_of(Verdict, said["verdict"]),
        finding=_one_of(Finding, said["finding"]),
        citations=_citations(said["citations"], known),
        earlier=bool(said["earlier"]),
        witness=dict(said["witness"]) if said.get("witness") else None,
    )


def _citations(said: Iterable[Json], known: Mapping[str, Article]) -> tuple[Citation, ...]:
    return tuple(c for one in said if (c := _citation(one, known)) is not None)


def _citation(said: Json, known: Mapping[str, Article]) -> Citation | None:
    """None where the words no longer stand there."""
    article, start, end = known.get(said["article"]), int(said["start"]), int(said["end"])
    if article is None or not 0 <= start < end or article.text[start:end] != said["quote"]:
        return None
    answer = said["answer"]
    return Citation(
        marker=int(said["marker"]),
        article=article,
        start=start,
        end=end,
        quote=article.text[start:end],
        support=float(said["support"]),
        speaker=None if said["speaker"] is None else str(said["speaker"]),
        dates=tuple(_date(date) for date in said["dates"]),
        answer=None if answer is None else (int(answer["start"]), int(answer["end"])),
    )


def _date(said: Json) -> ResolvedDate:
    words, date, basis = str(said["words"]), str(said["date"]), str(said["basis"])
    start, end, precision = int(said["start"]), int(said["end"]), _one_of(Precision, said["precision"])
    return ResolvedDate(start=start, end=end, words=words, date=date, precision=precision, basis=basis)


def _hit(said: Json, known: Mapping[str, Article]) -> SearchHit | None:
    article, start, end = known.get(said["article"]), int(said["start"]), int(said["end"])
    if article is None or not 0 <= start < end <= len(article.text):
        return None
    at = article.place_at(start)
    passage = Passage(
        id="",
        article_id=article.id,
        position=0,
        start=start,
        end=end,
        text=article.text[start:end],
        n_tokens=0,
        page=at.page,
        time=at.time,
    )
    return SearchHit(score=0.0, rank=1, scores={}, article=article, passage=passage)


def _disagreement(said: Json, known: Mapping[str, Article]) -> Disagreement | None:
    statements = said["statements"]
    citations = _citations(statements, known)
    if len(citations) < len(statements):
        return None
    values = tuple(str(statement["value"]) for statement in statements)
    kind: Literal["update", "difference"] = "update" if said["kind"] == "update" else "difference"
    return Disagreement(about=str(said["about"]), kind=kind, values=values, citations=citations)


def _event(said: Json, known: Mapping[str, Article]) -> Event | None:
    citations = _citations(said["citations"], known)
    if not citations:
        return None
    return Event(
        date=str(said["date"]),
        precision=_one_of(Precision, said["precision"]),
        source=_one_of(_Known, said["source"]),
        planned=bool(said["planned"]),
        citations=citations,
    )
