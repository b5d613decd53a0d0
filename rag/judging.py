"""`Judging`: what a library is set to, and how it judges: a draft sentence by sentence, a record that was kept.

A part of `rag.library.Library`, which answers.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from rag.answers import citations, injections, records
from rag.checking.checker import Checker
from rag.checking.witness import MOST_ASKED, Witness, is_wanted
from rag.collection import Collection
from rag.errors import BylineError
from rag.filters import Filters, Within, filters_of
from rag.models.adapter import VERIFIER
from rag.models.tiers import in_use, tier_of
from rag.models.verifier import Verifier
from rag.news.markers import Markers
from rag.settings import Settings, load_settings
from rag.text import words
from rag.text.sentences import split_sentences
from rag.types import Answer, Article, Checked, CheckedSentence, Json, LanguageModel, Span

if TYPE_CHECKING:
    from typing_extensions import Unpack

MOST_OUTLETS = 8  # named where one that is asked for is not there
NOT_ASKED = (
    "{} was not asked as a witness: check_with_model (BYLINE_CHECK_WITH_MODEL) is off, or auto, which asks hosted "
    "models and those of 7B and more by their name; turn it on."
)
_Whole = TypeVar("_Whole")


class Checking(Within, total=False):
    """What `Library.check` takes."""

    k: int
    model: str | LanguageModel | None
    check_with_model: bool | None


class Judging(Collection):
    """What `Library` offers to whoever wants something checked."""

    def settings(self, **given: str | None) -> Settings:
        """What holds now: what is `given` (`model`, `model_url`, `prompt_style`), else the environment, else
        `settings.toml` in the library's folder, else the defaults. BylineError when one of them has a value that is not
        allowed."""
        return load_settings(self.path, **given)

    def models(self) -> list[Json]:
        """What `byline models` lists (`rag.models.available`). Takes seconds where a server does not answer."""
        from rag.models.available import list_models

        return list_models(self.settings())

    def reads_with(self) -> Json:
        """Which reader and which checker answer here, on which base model and why: see `rag.models.tiers.in_use`."""
        return in_use(load_settings(self.path, **self._chosen))

    def language_model(
        self, model: str | LanguageModel | None = None, *, model_url: str | None = None
    ) -> LanguageModel | None:
        """The model that `ask` writes with, ready for use; None where the answer quotes.

        `model` as `ask` takes it, `model_url` the address of an `openai:` one; what is not given the settings decide.
        Raises BylineError for a model that there is not.
        """
        if model is not None and not isinstance(model, str):
            return model
        settings = self.settings(model=model, model_url=model_url)
        if settings.model == "extractive":
            return None
        from rag.models.clients import load_language_model

        return load_language_model(settings.model, settings)

    @overload
    def check(self, text: str, *, stream: Literal[False] = False, **options: Unpack[Checking]) -> Checked: ...

    @overload
    def check(
        self, text: str, *, stream: Literal[True], **options: Unpack[Checking]
    ) -> Iterator[CheckedSentence | Checked]: ...

    def check(
        self,
        text: str,
        *,
        stream: bool = False,
        k: int = 5,
        model: str | LanguageModel | None = None,
        check_with_model: bool | None = None,
        **within: Unpack[Within],
    ) -> Checked | Iterator[CheckedSentence | Checked]:
        """Check a draft against the library: a verdict for each of its sentences, with the words that carry or
        contradict it. A sentence without citations is one about which the library holds nothing. With `stream` each
        sentence is given as soon as it is checked (a second or so each), and at last all of them.

        `k` passages are looked at for each sentence. Filters as in `retrieve`. A `model` that is named here (and no
        other) is asked as well, where `check_with_model` or the settings say so, as in `ask`. BylineError when `text`
        is empty, and as in `ask` for the model.
        """
        text = words.encodable(text)
        spans = split_sentences(text)
        if not spans:
            raise BylineError("the text to check is empty: give a sentence, or a file that holds some.")
        asked = self.language_model(model) if model is not None else None
        witness = self._witness(asked, check_with_model)
        note = [NOT_ASKED.format(asked.name)] if asked and witness is None and check_with_model is None else []
        events = self._checked(text, spans, k, filters_of(within), witness, note)
        return events if stream else whole(events, Checked)

    def _checked(
        self, text: str, spans: Sequence[Span], k: int, filters: Filters, witness: Witness | None, notes: list[str]
    ) -> Iterator[CheckedSentence | Checked]:
        def judge(span: Span) -> citations.Judged:
            candidates = injections.quotable(self._candidates(self._hits(text[slice(*span)], k, filters)))
            return citations.judge_sentence(text, span, candidates, self.checker.check_all)

        markers, n_at_once = Markers(), MOST_ASKED if witness else 1
        checked: list[CheckedSentence] = []
        problems: list[str] = []
        for at in range(0, len(spans), n_at_once):
            judged, found = citations.hear([judge(span) for span in spans[at : at + n_at_once]], witness)
            problems += found
            for one in judged:
                checked.append(citations.make_sentence(one, self.checker.check_all, markers))
                yield checked[-1]
        yield Checked(checked, notes=[*self.unknown_outlets(filters.outlets), *notes], problems=problems)

    def _witness(self, model: LanguageModel | None, wanted: bool | None) -> Witness | None:
        """What asks `model` beside the checker, where that is `wanted` (None: where the settings say so)."""
        if model is None:
            if wanted:
                raise BylineError("check_with_model needs a language model to ask: name one as the model.")
            return None
        settings = self.settings()
        if not (is_wanted(settings.check_with_model, model) if wanted is None else wanted):
            return None
        return Witness(model, within_s=settings.model_timeout, max_tokens=settings.model_max_tokens)

    def record(self, answer: Answer) -> Json:
        """The record of an answer of this library, to be kept: see `rag.answers.records`."""
        return records.make_record(answer, embedder=self.embedder.name, indexed_as=self._indexed_as)

    def verify(self, saved: Json) -> records.Verification:
        """Compare a record (`rag.record.read_record`) with the articles as they are now. An article is found by its
        id, or else by its path."""

        def article_of(cited: Json) -> Article | None:
            found = self.store.articles([str(cited["id"])])
            if not found and cited.get("path"):
                path = str(cited["path"])
                found = self.store.articles(self.store.find(str(Path(path).absolute())) or self.store.find(path))
            newest = found[0] if len(found) == 1 else None
            while newest is not None and newest.replaced_by:  # a correction that came as a file of its own
                newest = next(iter(self.store.articles([newest.replaced_by])), None)
            return newest

        return records.verify(saved, article_of, self.checker.check_all)

    @cached_property
    def checker(self) -> Checker:
        """What judges whether words carry a claim, as the settings and `Library.open` say."""
        shifts = json.loads(self.store.get_meta("calibration") or "{}")
        return Checker(self._checker_spec(), shifts=shifts)

    def _checker_spec(self) -> str:
        return load_settings(self.path, checker=self._chosen.get("checker")).checker

    @cached_property
    def _ruling(self) -> Verifier | None:
        """What says yes or no: the verifier of the accurate tier; no other is loaded for it."""
        return self.checker.verifier if tier_of(self._checker_spec(), VERIFIER) == "accurate" else None

    def keep_calibration(self, verifier: str, shift: float) -> None:
        """Add `shift` to the log-odds of every score that rests on the verifier of this name, from now on."""
        shifts = json.loads(self.store.get_meta("calibration") or "{}") | {verifier: shift}
        self.store.set_meta("calibration", json.dumps(shifts))
        self.__dict__.pop("checker", None)

    def unknown_outlets(self, outlets: Sequence[str] | None) -> list[str]:
        """A sentence where no article has one of `outlets`, with those that there are, the likest first; none where
        all are known, or the library is empty."""
        if not outlets:
            return []
        known = {name.casefold(): name for name in self.store.outlets()}
        unknown = {name.strip().casefold(): name.strip() for name in outlets}
        unknown = {key: name for key, name in unknown.items() if key not in known}
        if not unknown or not self.store.n_articles():
            return []
        likest = [key for name in unknown for key in difflib.get_close_matches(name, known)]
        listed = [known[key] for key in dict.fromkeys([*likest, *known])]
        there = ", ".join(f"“{name}”" for name in listed[:MOST_OUTLETS]) or "none that names its outlet"
        more = f" and {len(listed) - MOST_OUTLETS} more" if len(listed) > MOST_OUTLETS else ""
        quoted = " or ".join(f"“{name}”" for name in unknown.values())
        return [f"No article has the outlet {quoted}; there are {there}{more}."]


def whole(events: Iterable[Any], kind: type[_Whole]) -> _Whole:
    """The last of the events, which holds them all."""
    return next(event for event in events if isinstance(event, kind))
