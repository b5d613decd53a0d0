"""`Library`: what people ask of their articles: answers, timelines, verdicts on a draft, records to be verified."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, overload

from rag.answers import answering, citations, extractive, premise, suggestions
from rag.answers.digest import Digest
from rag.answers.holdings import about_library, searched_for, without_report
from rag.answers.writer import Writer
from rag.filters import Filters, Within, filters_of
from rag.ingest import copies
from rag.judging import Judging, whole
from rag.models import styles
from rag.models.generating import counting, usage_of
from rag.models.reader import Reranker, is_larger
from rag.models.tiers import TIERS, load_reader
from rag.news.timeline import of_answer, of_hits
from rag.search import asof, left_out, questions, requests, reranking, retrieval, understanding
from rag.search.found import Found
from rag.settings import load_settings
from rag.text import words
from rag.text.language import other_language
from rag.types import (
    Answer,
    Candidate,
    Claim,
    Hits,
    Json,
    LanguageModel,
    SearchHit,
    Timeline,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack

History = Sequence[str | Answer | Mapping[str, Any]]
"""Earlier questions of a conversation, oldest first; or its answers, or their JSON, which say more."""


class Asking(Within, total=False):
    """What `Library.ask` takes."""

    k: int
    model: str | LanguageModel | None
    show_unsupported: bool
    prompt_style: str | None
    check_with_model: bool | None
    history: History
    understand: bool


ARTICLES_FOR_EXAMPLES = 12
_ASKING_EXAMPLES = threading.Lock()


class Library(Judging):
    """Articles, passages, vectors and settings in one folder, and answers from them. Open it with `Library.open`.

    Safe to use from several threads; several processes may share a folder. A context manager: leaving it closes.
    """

    _examples: tuple[Any, list[str]] | None = None  # of which state of the library, and what they are

    def retrieve(
        self, question: str, *, k: int = 8, history: History = (), understand: bool = True, **within: Unpack[Within]
    ) -> Hits:
        """The `k` passages that fit `question` best, best first; fewer where fewer exist. What was understood of the
        question, and notes on what the filters left out, come along.

        `within` are `outlets`, `published_from`, `published_to` and `as_of`, as `Filters` takes them, or `filters`;
        they apply before the search. With `understand`, and no date given, dates in the question that say what was
        known or published when ("as of June") are filters too, and a question that points back to those in `history` is
        completed from them (`rag.search.questions`).

        Raises BylineError when the question is empty or has more than 10,000 characters, `k` is below 1, or a date is
        no date.
        """
        question = words.readable(question)
        filters = filters_of(within)
        earlier = questions.turns(history) if understand else ()
        hits, dates = self._within(question, earlier, k, filters, understand, self._ranked)
        notes = self._notes(question, dates.within(filters), bool(hits))
        return Hits(hits, understood=dates.to_dict(), notes=notes)

    def understood(self, question: str, filters: Filters | None = None) -> asof.Understood:
        """What a question says of the articles it wants, of their dates and outlets where `filters` leave these open
        (see `rag.search.understanding`)."""
        return understanding.understand(
            question,
            filters or Filters(),
            store=self.store,
            today=self.today(),
            is_word=lambda word: self._judge.encoder.tokenizer.token_to_id(word.lower()) is not None,
        )

    def _within(
        self,
        question: str,
        earlier: Sequence[questions.Turn],
        k: int,
        filters: Filters,
        understand: bool,
        search: Callable[[str, int, Filters], list[SearchHit]],
    ) -> tuple[list[SearchHit], asof.Understood]:
        """The hits of `search`, and what was understood of the dates in `question` to find them."""

        def hits(dates: asof.Understood) -> list[SearchHit]:
            wanted = dates.question or question
            asked = questions.understand(wanted, earlier).get("question", wanted)
            return search(asked, k, dates.within(filters))

        understood = self.understood(question, filters) if understand else asof.NOTHING
        found = hits(understood)
        if found or understood.is_sure:
            return found, understood
        return hits(understood.given_up()), understood.given_up()

    def _ranked(self, question: str, k: int, filters: Filters) -> list[SearchHit]:
        """The hits in the order of the search, or with the reader's say where the settings want it, there is one and
        something is asked. Of the two tiers always the built-in one reads: the larger would take seconds."""
        settings = load_settings(self.path, reader=self._chosen.get("reader"))
        spec = "built-in" if settings.reader in TIERS else settings.reader
        reader = load_reader(spec) if settings.rerank == "on" else None
        if reader is None or k < 1 or not reranking.is_question(question):
            return self._hits(question, k, filters)
        hits = self._hits(question, max(k, reranking.N_READ), filters)
        return reranking.rerank(question, hits, reader, self._sentences_of)[:k]

    def _sentences_of(self, hit: SearchHit) -> list[str]:
        return [candidate.text for candidate in self._candidates([hit])]

    @overload
    def ask(self, question: str, *, stream: Literal[False] = False, **options: Unpack[Asking]) -> Answer: ...

    @overload
    def ask(self, question: str, *, stream: Literal[True], **options: Unpack[Asking]) -> Iterator[Claim | Answer]: ...

    @overload
    def ask(self, question: str, *, stream: bool, **options: Unpack[Asking]) -> Answer | Iterator[Claim | Answer]: ...

    def ask(
        self,
        question: str,
        *,
        stream: bool = False,
        k: int = 8,
        model: str | LanguageModel | None = None,
        show_unsupported: bool = False,
        prompt_style: str | None = None,
        check_with_model: bool | None = None,
        history: History = (),
        understand: bool = True,
        **within: Unpack[Within],
    ) -> Answer | Iterator[Claim | Answer]:
        """Answer `question` from the `k` best passages, every sentence with the exact words that back it. With `stream`
        each `Claim` is given as soon as it is checked, and at last the whole `Answer`.

        Filters as in `retrieve`; what was understood of the question is in `understood`, and `understand` False takes
        it as it stands. `model` is "extractive" (the default unless `settings` say otherwise), which quotes the
        sentences that answer and needs no language model; or "openai:NAME", "anthropic:NAME", "gguf:PATH" (see
        `rag.models.clients.load_language_model`), or any `LanguageModel`. What a language model writes is checked
        sentence by sentence; what its sources do not carry is left out, or kept with its verdict where
        `show_unsupported`. `prompt_style` is how it is asked: "auto", "short" or "full" (`rag.models.styles`), else as
        the settings say. When the articles do not answer, the status is "abstained". A model that fails is a sentence
        in `notes`, and the answer quotes the articles.

        With `check_with_model` the checker also asks the model itself whether the words cited carry each claim, in one
        call (`rag.checking.witness` says what that may change; `witness` of a claim what it said). None: as the
        settings say, which by default ask hosted models and those of 7B and more.

        `history` holds the earlier questions of a conversation, oldest first, or better its answers (`Answer`, or the
        JSON of one), since "he" is often somebody whom the last answer named. A question that points back to them is
        completed, and `understood` of the answer says how; one that stands alone is not touched, and none is where
        `understand` is False.

        Raises BylineError as `retrieve` does, for a model that there is not, and for `check_with_model` without one.
        """
        earlier = questions.turns(history) if understand else ()
        writing: Json = {"model": model, "show_unsupported": show_unsupported}
        writing |= {"prompt_style": prompt_style, "check_with_model": check_with_model}
        events = self._events(question, k, filters_of(within), writing, earlier, understand)
        return events if stream else whole(events, Answer)

    def _events(
        self,
        question: str,
        k: int,
        filters: Filters,
        writing: Json,
        earlier: Sequence[questions.Turn],
        understand: bool,
    ) -> Iterator[Claim | Answer]:
        """The claims and at last the answer; again without the dates that were only guessed, where nothing answers
        within them."""
        retrieval.check_k(k)
        started = time.perf_counter()
        as_asked, question = words.encodable(question), words.readable(question)
        writing = self._prepared(**writing)
        translated = self._translated(question, writing["model"]) if understand else {}
        question = translated.get("question", question)
        dated = self.understood(question, filters) if understand else asof.NOTHING
        known: dict[str, Json] = {}  # a model completes a question once
        for dates in (dated, dated.given_up()):
            last = dates.is_sure
            wanted = dates.question or question
            if wanted not in known:
                before = () if requests.stands_alone(dates.request, wanted) else earlier
                known[wanted] = questions.understand(wanted, before, writing["model"])
            completed = known[wanted]
            asked = completed.get("question", wanted)
            if completed and dates.request and not dates.request.topic:  # the latest on what was asked before
                dates = replace(dates, request=replace(dates.request, topic=asked.removeprefix(wanted).strip(" ()")))
            for event in self._answer(asked, k, filters, writing, dates):
                if isinstance(event, Answer):
                    if event.status == "abstained" and not last:
                        break  # a filter that was only guessed keeps no answer back
                    last = True
                    read = {**translated, **completed, **dates.to_dict()}
                    reasons = (one.get("because", ()) for one in (translated, completed, dates.to_dict()))
                    because = list(itertools.chain(*reasons))
                    event = replace(
                        event,
                        question=as_asked,
                        understood={**read, "because": because} if because else {},
                        elapsed_s=round(time.perf_counter() - started, 3),
                        usage=usage_of(writing["model"]),
                    )
                yield event
            if last:
                return

    def _translated(self, question: str, model: LanguageModel | None) -> Json:
        """The `understood` of a question in another language than English, which readers and checkers do not read,
        where there is a model to translate it and the nearest article is not in that language too."""
        language = other_language(question) if model is not None else None
        if model is None or language is None:
            return {}
        nearest = self._hits(question, 1, Filters())
        if nearest and other_language(nearest[0].passage.text) == language:
            return {}
        english = questions.translate(question, model)
        because = f"The question seems to be in {language}: {model.name} translated it, and the answer is in English."
        return {"question": english, "because": [because]} if english is not None else {}

    def _prepared(
        self,
        *,
        model: str | LanguageModel | None,
        prompt_style: str | None,
        check_with_model: bool | None,
        show_unsupported: bool,
    ) -> Json:
        """The model that writes, ready for use, how it is asked and who checks beside, as `answering.answer` takes
        them."""
        settings, writer = self.settings(prompt_style=prompt_style), counting(self.language_model(model))
        witness = self._witness(writer, check_with_model)
        if writer is None:
            return {"model": None}
        how = {"prompt": styles.choose(writer, settings).prompt, "max_tokens": settings.model_max_tokens}
        return {"model": writer, "witness": witness, "show_unsupported": show_unsupported, **how}

    def _answer(
        self,
        question: str,
        k: int,
        filters: Filters,
        writing: Json,
        understood: asof.Understood,
    ) -> Iterator[Claim | Answer]:
        """The claims and the answer from what passes `filters` and what was `understood` of the question."""
        filters = understood.within(filters)
        wanted = understood.request
        stated = about_library(wanted, self.store, filters) if wanted and wanted.kind in requests.OF_LIBRARY else ()
        yield from stated
        parts: list[Found] = []
        hits: dict[str, SearchHit] = {}
        orders: list[Candidate] = []
        # A larger reader takes long: it reads what the built-in one puts in front.
        search = self._ranked if is_larger(self._reader) else self._hits
        for part, hits_of_part in searched_for(question, k, filters, understood, self.store, search):
            found, orders_of_part = self._find(part, hits_of_part)
            parts += answering.by_article(found) if premise.asks_reports(part) else [found]
            hits |= {hit.passage.id: hit for hit in hits_of_part if hit.passage.id not in hits}
            orders += orders_of_part
        parts = parts if words.has_words(question) else []  # "???" has hits, and no answer
        ranked = [replace(hit, rank=rank) for rank, hit in enumerate(hits.values(), start=1)]
        for event in answering.answer(
            question,
            ranked,
            parts,
            quoting=self._quoting(understood, parts),
            check=self.checker.check_all,
            notes=self._notes(question, filters, bool(ranked or stated)),
            stated=stated,
            **(writing | ({"model": None} if stated else {})),
        ):
            if isinstance(event, Answer):
                cited = [citation for claim in event.claims for citation in claim.citations]
                stale = asof.too_old(
                    question,
                    cited,
                    as_of=filters.as_of if understood.is_sure else None,  # "before X" does not ask for the latest
                    today=self.today(),
                    later=lambda day: self.store.holds_later(filters, day),
                )
                event = replace(
                    event,
                    timeline=of_answer(answering.merged(question, parts), event),
                    notes=(
                        *([stale] if stale else []),
                        *event.notes,
                        *without_report(event, wanted, filters),
                        *self._sources(event, filters),
                    ),
                    problems=(*event.problems, *_about_orders(orders)),
                )
            yield event

    def _quoting(self, understood: asof.Understood, parts: Sequence[Found]) -> Writer:
        extracting, wanted = extractive.Extractive(self._reader, self._ruling), understood.request
        if wanted is None and len(parts) == 1 and parts[0].kind == "summary":
            wanted = requests.Request(kind="digest", topic=parts[0].question, is_whole=True)
        return Digest(wanted, understood.happened, extracting) if wanted is not None else extracting

    def timeline(self, question: str, *, k: int = 24, understand: bool = True, **within: Unpack[Within]) -> Timeline:
        """The dated events in the `k` best passages that have to do with `question` (or a topic), earliest first, each
        with the exact words of its reports. Filters and `understand` as in `retrieve`; empty where nothing fits, and
        the notes say why.

        Raises BylineError as `retrieve` does.
        """
        question = words.readable(question)
        filters = filters_of(within)
        hits, understood = self._within(question, (), k, filters, understand, self._hits)
        topic = understood.request.topic if understood.request else ""
        found, orders = self._find(topic or understood.question or question, hits)
        events = of_hits(found) if words.has_words(question) else ()
        read = understood.to_dict()
        notes = [
            *read.get("because", ()),
            *self._notes(question, understood.within(filters), bool(hits)),
            *_about_orders(orders),
        ]
        if hits and not events:
            notes.append("Nothing in the library that has a date has to do with this.")
        return Timeline(events, understood=read, notes=notes)

    def example_questions(self, given: Sequence[str] = (), n: int = 4) -> list[str]:
        """Up to `n` questions that this library answers: those of `given` that it does, then others made from the words
        of its newest articles. Each was asked of the built-in reader; until the library changes, once."""
        with _ASKING_EXAMPLES:  # once for all who open the page
            key = (self.store.generation, tuple(given), n)
            if self._examples is None or self._examples[0] != key:
                newest = self.articles([listed.id for listed in self.listed(limit=ARTICLES_FOR_EXAMPLES)[0]])
                offered = itertools.islice(dict.fromkeys([*given, *suggestions.suggest(newest)]), len(given) + 3 * n)
                answered = (one for one in offered if self.ask(one, model="extractive").status == "answered")
                self._examples = key, list(itertools.islice(answered, n))
            return list(self._examples[1])

    @cached_property
    def _reader(self) -> Reranker | None:
        return load_reader(load_settings(self.path, reader=self._chosen.get("reader")).reader)

    def _sources(self, answer: Answer, filters: Filters) -> list[str]:
        """How many independent sources stand behind an answer, where copies stand behind it; and of which of them only
        a part is in the library."""
        cited = {c.article.id: c.article for claim in answer.claims for c in claim.citations}
        clusters = sorted({article.cluster for article in cited.values() if article.cluster})
        carriers = self.store.articles(self.store.visible([i for _, i in self.store.stories(clusters)], filters))
        note = copies.sources_note(list(cited.values()), carriers)
        return [*([note] if note is not None else []), *citations.excerpt_notes(cited.values())]

    def _notes(self, question: str, filters: Filters, is_found: bool) -> list[str]:
        if not words.has_words(question):
            return ["The question has no words to look for: ask in words, for example “Who asked for the meeting?”."]
        notes = self.unknown_outlets(filters.outlets)
        if not self.store.n_articles():
            notes.append("The library holds no articles yet: add some with `byline ingest PATH`.")
        elif not is_found and not notes:
            notes.append("No article passes the filters: widen the dates or outlets.")
        return [*notes, *left_out.note_left_out(filters, self.store)]


def _about_orders(orders: Sequence[Candidate]) -> list[str]:
    names = sorted({c.hit.article.headline or c.hit.article.path for c in orders})
    if not names:
        return []
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return [f"Words in “{names[0][:100]}”{more} speak to a machine that reads them: at most quoted, never followed."]
