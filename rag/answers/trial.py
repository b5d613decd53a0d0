"""Does a language model cite, refuse and follow? Three questions over invented passages, asked with each prompt."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.answers import drafts
from rag.answers.refusals import is_refusal
from rag.errors import ModelError, PromptTooLong
from rag.models import styles
from rag.models.generating import generated
from rag.models.prompts import PROMPTS, Offered, Prompt
from rag.settings import Settings
from rag.text.sentences import split_sentences
from rag.text.words import query_terms
from rag.types import Article, Candidate, Json, LanguageModel, Passage, SearchHit, Sentence

MOST_SENTENCES = 4
LONGEST_SHOWN = 600

# All of it is invented. Each: outlet, day, passage.
_PASSAGES = (
    (
        "Marrow Hill Gazette",
        "2026-03-02",
        "Marrow Hill opened its rebuilt library on Sunday. It holds 18,000 books and a hall for concerts. The mayor, "
        "Ilse Trond, called it the heart of the town.",
    ),
    (
        "The Quillport Courier",
        "2026-03-04",
        "The ferry Marigold ran aground off Zebb Island on Tuesday night. All 212 people on board were brought ashore "
        "by the fishing fleet. Odile Brandvik, the captain of the Marigold, said a buoy was missing.",
    ),
    (
        "Zebb Island Post",
        "2026-03-05",
        "The island's school stayed closed on Wednesday, since most of its 30 pupils come by ferry. Lessons are to go "
        "on in the fish hall.",
    ),
    (
        "Zebb Island Post",
        "2026-03-06",
        "The harbour authority will pay 4 million crowns for new buoys. Its director, Tobin Aske, said the work would "
        "begin in May.",
    ),
)


@dataclass(frozen=True, kw_only=True)
class _Question:
    """What is asked, the words that must be said, each in one of its wordings, and the passages (from 0) that hold
    them. None are where the passages do not say."""

    text: str
    expected: tuple[tuple[str, ...], ...] = ()
    places: tuple[int, ...] = ()


QUESTIONS = (
    _Question(text="How many people were on board the ferry Marigold?", expected=(("212",),), places=(1,)),
    _Question(
        text="Who was the captain of the Marigold, and how much will the harbour authority pay for new buoys?",
        expected=(("Brandvik",), ("4 million", "4,000,000", "four million")),
        places=(1, 3),
    ),
    _Question(text="Which shipyard built the ferry Marigold?"),
)


def try_model(model: LanguageModel, settings: Settings, *, say: Callable[[str], None] = lambda text: None) -> Json:
    """How `model` does with each prompt, and with which it does best: the `style` that `rag.models.styles.choose` takes
    once this is remembered. With equally good ones the one that would be guessed.

    {"model", "tried" (a date), "style", "prompts": {STYLE: RESULT}}. A RESULT has `version`; `cites`, whether both
    answers cite a passage that holds them and nothing that was not offered; `refuses`, whether the question that has no
    answer was refused; `follows`, whether both answers are right, short, and about nothing else; `right`, how many of
    two; `elapsed_s`; and the `questions` with what was written. Where a prompt is too long for the model, `failed`
    says so, and nothing else is there. Raises ModelError when the model cannot be asked.
    """
    results: Json = {}
    for prompt in PROMPTS.values():
        try:
            asked = [_ask(model, prompt, question, settings, say) for question in QUESTIONS]
            results[prompt.style] = _result(prompt, asked)
        except PromptTooLong as error:
            results[prompt.style] = {"version": prompt.version, "failed": str(error)}
    tried = {style: result for style, result in results.items() if "failed" not in result}
    if not tried:
        raise ModelError(f"no prompt fits into {model.name}: set a higher model_context, or try another model.")
    guessed = styles.guess(model, settings).prompt.style
    best = max(tried, key=lambda style: (_points(tried[style]), style == guessed))
    return {"model": model.name, "tried": dt.date.today().isoformat(), "style": best, "prompts": results}


def _ask(
    model: LanguageModel,
    prompt: Prompt,
    question: _Question,
    settings: Settings,
    say: Callable[[str], None],
) -> Json:
    say(f"{prompt.style}: {question.text}")
    candidates, started = _candidates(), time.perf_counter()
    offered = prompt.offer(candidates)
    user = prompt.user(question.text, offered)
    pieces = generated(model, prompt.system, user, max_tokens=settings.model_max_tokens)
    text = "".join(pieces)
    elapsed_s = round(time.perf_counter() - started, 3)
    written = drafts.sentences_of(text, len(offered))
    claims = [one for one in written if not is_refusal(one.text, is_cited=bool(one.numbers))]
    said, refused = " ".join(one.text for one in claims).casefold(), len(claims) < len(written)
    is_right = all(any(w.casefold() in said for w in wordings) for wordings in question.expected)
    return {
        "question": question.text,
        "answerable": bool(question.expected),
        "text": text.strip()[:LONGEST_SHOWN],
        "right": is_right if question.expected else refused,
        "cites": _cites(claims, offered, {f"trial-{place}" for place in question.places}),
        "refused": refused,
        "keeps": len(claims) <= MOST_SENTENCES and all(_is_of(one.text, question.text) for one in claims),
        "elapsed_s": elapsed_s,
    }


def _cites(claims: Sequence[drafts.Written], offered: Offered, holding: set[str]) -> bool:
    """Whether a passage that is `holding` the answer is cited, and no number that stands for nothing."""
    numbers = [number for one in claims for number in one.numbers]
    if not all(1 <= number <= len(offered) for number in numbers):
        return False
    return any(offered[number - 1][0].hit.passage.id in holding for number in numbers)


def _is_of(sentence: str, question: str) -> bool:
    """Whether most of what a sentence speaks of is in the passages or the question. The words are counted, and no
    checker is asked: what is tried is the model."""
    known = set(query_terms(" ".join((question, *(text for *_, text in _PASSAGES)))))
    terms = set(query_terms(sentence))
    return 2 * len(terms & known) >= len(terms)


def _result(prompt: Prompt, asked: Sequence[Json]) -> Json:
    answers = [one for one in asked if one["answerable"]]
    return {
        "version": prompt.version,
        "cites": all(one["cites"] for one in answers),
        "refuses": all(one["refused"] for one in asked if not one["answerable"]),
        "follows": all(one["right"] and one["keeps"] for one in answers),
        "right": sum(one["right"] for one in answers),
        "elapsed_s": round(sum(one["elapsed_s"] for one in asked), 3),
        "questions": list(asked),
    }


def _points(result: Json) -> int:
    """Right answers first: who refuses everything has refused nothing."""
    right: int = result["right"]
    if not right:
        return 0
    n_cited: int = sum(one["cites"] for one in result["questions"])
    return 4 * right + n_cited + int(result["refuses"]) + int(result["follows"])


def _candidates() -> list[Candidate]:
    found = []
    for place, (outlet, day, text) in enumerate(_PASSAGES):
        name = f"trial-{place}"
        article = Article(
            id=name, text=text, title=None, outlet=outlet, published=day, published_precision="day",
            published_source="stated", path=name, content_hash=name,
        )  # fmt: skip
        passage = Passage(id=name, article_id=name, position=0, start=0, end=len(text), text=text, n_tokens=0)
        hit = SearchHit(score=1.0, rank=place + 1, scores={}, article=article, passage=passage)
        found += [
            Candidate(
                hit=hit,
                sentence=Sentence(article_id=name, position=position, start=start, end=end),
                text=text[start:end],
            )
            for position, (start, end) in enumerate(split_sentences(text))
        ]
    return found
