"""What the panes show while something is worked out: the library's events to HTML, step by step. Nothing of Gradio.

A failure is one sentence on the page; its traceback, where the fault is the program's, is logged.
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from rag import record, references
from rag.errors import BylineError
from rag.ingest.articles import read_draft
from rag.text.sentences import split_sentences
from rag.types import Answer, Article, Checked, CheckedSentence, Claim, IngestReport, Json, LanguageModel, Listed
from ui import cards, drafts, markup, session_models, shelf, uploads, view
from ui.access import told, values_as_seen

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from rag.filters import Within
    from rag.ingest.changes import Diff
    from rag.library import Asking
    from rag.shelf import Removed

# What may be typed as a model. A file of this machine ("gguf:PATH") may only be chosen where it was offered.
_TYPED_MODEL = re.compile(r"(?:openai|anthropic):[^\s\x00-\x1f]{1,200}")

SAMPLES = Path(__file__).parent.parent / "seeds"

log = logging.getLogger("ui.app")


class Library(uploads.Library, Protocol):
    """What the page needs of `rag.Library`."""

    def overview(self) -> Json: ...

    def articles(self, ids: Iterable[str] | None = None) -> list[Article]: ...

    def listed(
        self, words: str = "", *, order: str, descending: bool, offset: int, limit: int, **within: Unpack[Within]
    ) -> tuple[list[Listed], int]: ...

    def diff(self, article: Article) -> list[Diff]: ...

    def copies(self, article: Article) -> list[Article]: ...

    def edit(self, article: Article, **values: Any) -> Article: ...

    def undo_edit(self, article: Article) -> Article: ...

    def take_out(self, article: Article) -> Removed: ...

    def put_back(self, removed: Removed) -> Article: ...

    def example_questions(self, given: Sequence[str] = (), n: int = 4) -> list[str]: ...

    def models(self) -> list[Json]: ...

    def language_model(self, model: str | None = None) -> LanguageModel | None: ...

    def record(self, answer: Answer) -> Json: ...

    def ask(self, question: str, *, stream: Literal[True], **options: Unpack[Asking]) -> Iterator[Claim | Answer]: ...

    def check(self, text: str, *, stream: Literal[True]) -> Iterator[CheckedSentence | Checked]: ...


def opened(library: Library) -> tuple[str, list[str], str, int]:
    """What the page starts with: masthead line, outlets to choose from, what went wrong, number of articles."""
    try:
        overview = library.overview()
        return view.library_line(overview), sorted(overview["outlets"]), "", overview["articles"]
    except BylineError as error:
        return "", [], markup.failure(told(error)), 0
    except Exception:
        log.exception("Opening the page failed")
        return "", [], markup.unexpected(), 0


def models(library: Library) -> list[str]:
    """Names of the models to offer, the one that is used by default first.

    A library that can tell which are usable (`models()`, entries as `byline models` lists them) is asked.
    """
    tell = getattr(library, "models", None)
    try:
        listed = [entry["name"] for entry in tell() if entry["usable"]] if tell else []
    except BylineError:
        listed = []
    # "gguf:PATH" and the like stand for any name, and are none.
    named = [name for name in listed if not name.endswith((":NAME", ":PATH"))]
    return list(dict.fromkeys([default_model(library), "extractive", *named]))


def default_model(library: Library) -> str:
    """What writes where no model is named."""
    settings = getattr(library, "settings", None)
    try:
        return str(settings().model) if settings else os.environ.get("BYLINE_MODEL") or "extractive"
    except BylineError:  # asking says what is wrong with it
        return "extractive"


def model_list(library: Library, said: str = "", own: Mapping[str, LanguageModel] | None = None) -> str:
    """The HTML of all models that a library can tell of, usable or not, after those of the session's `own`."""
    try:
        mine = session_models.listed(own or {})
        names = {entry["name"] for entry in mine}
        return said + view.models([*mine, *(entry for entry in library.models() if entry["name"] not in names)])
    except BylineError as error:
        return said + markup.failure(told(error))
    except Exception:
        log.exception("Listing the models failed")
        return said + markup.unexpected()


def tried(library: Library, name: str, own: Mapping[str, LanguageModel] | None = None) -> str:
    """The HTML of whether a model answers, and how fast: it is asked for one word."""
    started = time.perf_counter()
    try:
        model = (own or {}).get(name) or library.language_model(checked_model(library, name))
        if model is None:
            return markup.told(f"{name} needs no connection: it is built in.")
        for piece in model.generate("Answer with one word.", "Say: ready", max_tokens=256):
            if piece.strip():
                return markup.told(f"{name} answers, after {time.perf_counter() - started:.1f} s.")
        return markup.failure(f"{name} gave no word back: try another model.")
    except BylineError as error:
        why, is_refused, _ = told(error).partition(": set ")  # a variable, which a key of the session's own has not
        return markup.failure(f"{why}: enter another key." if own and name in own and is_refused else told(error))
    except Exception:
        log.exception("Trying a model failed")
        return markup.unexpected()


def examples(library: Library, given: Sequence[str]) -> str:
    """The HTML of questions to begin with, all of which the library answers; nothing where there is none."""
    try:
        return view.chips(library.example_questions(given))
    except BylineError:  # asking says what is wrong
        return ""
    except Exception:
        log.exception("Making example questions failed")
        return ""


def checked_model(library: Library, model: str | None) -> str | None:
    """The model if it may be chosen from afar; BylineError otherwise."""
    model = (model or "").strip()
    if not model or model == "extractive" or _TYPED_MODEL.fullmatch(model) or model in models(library):
        return model or None
    raise BylineError(
        f"the model {model[:80]!r} cannot be chosen here: take one of the list, openai:NAME or anthropic:NAME."
    )


def earlier(entry: str) -> Any:
    """An earlier turn as programs give it: a question, or the JSON text of an answer."""
    if not entry.lstrip().startswith("{"):
        return entry
    try:
        return json.loads(entry)
    except ValueError:
        return entry


def set_limits(given: Mapping[str, Any]) -> Json:
    """The filters that are set, as the library takes them."""
    stripped = {name: value.strip() if isinstance(value, str) else value for name, value in given.items()}
    return {name: value for name, value in stripped.items() if value}


def answering(
    library: Library, question: str, given: Mapping[str, Any], options: Mapping[str, Any], talk: Sequence[Answer]
) -> Iterator[tuple[str, str, Claim | Answer | None]]:
    """The HTML of both panes as the answer grows, with what it shows: a claim that was just checked, at last the answer
    or, where that failed, None."""
    claims: list[Claim] = []
    try:
        limits = set_limits(given)
        if not question.strip():
            yield markup.failure("Type a question first.", heading="No question yet"), cards.no_sources(), None
            return
        chosen = {name: value for name, value in options.items() if name != "model"}
        model = options.get("model")
        if model := checked_model(library, model) if isinstance(model, str) else model:
            chosen["model"] = model
        for event in library.ask(question, stream=True, **limits, **chosen, history=talk):
            if isinstance(event, Claim):
                claims.append(event)
                yield view.writing(question, claims, limits), cards.source_cards(claims), event
            elif not event.hits and not library.overview()["articles"]:
                yield view.welcome(0, library.path), cards.no_sources(), None
            else:
                yield *answered(library, event, limits), event
    except BylineError as error:
        yield markup.failure(told(error)), cards.no_sources(), None
    except Exception:
        log.exception("Answering failed")
        yield markup.unexpected(), cards.no_sources(), None


def answered(library: Library, answer: Answer, limits: Mapping[str, Any]) -> tuple[str, str]:
    """The HTML of both panes for an answer that is there."""
    copied = record.markdown(answer)
    pane = view.answer_pane(answer, limits=limits, copied=copied, files=exports(library, answer, copied))
    return pane, cards.sources_pane(answer)


def exports(library: Library, answer: Answer, markdown: str) -> dict[str, tuple[str, str]]:
    """What an answer can be saved as: by the file's name, what the button is called and the text."""
    kept, articles = library.record(values_as_seen(answer)), references.cited(answer)
    files = {
        "byline-record.html": ("Record (HTML)", record.render(kept, "html")),
        "byline-record.json": ("Record (JSON)", record.render(kept, "json")),
        "byline-answer.md": ("Markdown", markdown),
    }
    if articles:
        files["byline-sources.bib"] = ("Sources (BibTeX)", references.bibtex(articles))
        files["byline-sources.json"] = ("Sources (CSL-JSON)", references.csl_json(articles))
    return files


def checking(library: Library, draft: str) -> Iterator[tuple[str, tuple[CheckedSentence, ...]]]:
    """The HTML of the findings as a draft is checked, with the sentences that it shows."""
    sentences: tuple[CheckedSentence, ...] = ()
    try:
        if not draft.strip():
            yield markup.failure("Paste a draft first.", heading="No draft yet"), ()
            return
        n_sentences = len(split_sentences(draft))
        yield drafts.checking(draft, (), n_sentences), ()
        for sentence in library.check(draft, stream=True):
            if isinstance(sentence, CheckedSentence):
                sentences = (*sentences, sentence)
                yield drafts.checking(draft, sentences, n_sentences), sentences
        yield drafts.checked(draft, sentences), sentences
    except BylineError as error:
        yield markup.failure(told(error)), ()
    except Exception:
        log.exception("Checking a draft failed")
        yield markup.unexpected(), ()


def draft_in(file: str, most: int) -> tuple[str, str]:
    """The text of a draft that was uploaded, or the HTML of what is wrong with it."""
    try:
        text = read_draft(Path(file))
        if len(text) > most:
            raise BylineError(f"the draft has {len(text):,} characters: check at most {most:,} at a time.")
        return text, ""
    except BylineError as error:
        return "", markup.failure(told(error))
    except Exception:
        log.exception("Reading a draft failed")
        return "", markup.unexpected()


def adding(library: Library, files: Sequence[str], stop: threading.Event | None = None) -> Iterator[str]:
    """The HTML of the report as files are added, until `stop` is set."""
    return _adding(lambda: uploads.add(library, [Path(file) for file in files], stop))


def pasting(library: Library, text: str, about: Mapping[str, str]) -> Iterator[str]:
    """The HTML of the report on a text that was pasted."""
    return _adding(lambda: [uploads.paste(library, text, about)])


def adding_samples(library: Library) -> Iterator[str]:
    """The HTML of the report on the articles that come with Byline, which stay where they are."""
    return _adding(lambda: [library.ingest([SAMPLES])])


def has_samples() -> bool:
    """Whether they are there: they come with the sources, not with what pip installs."""
    return any(SAMPLES.glob("*.md"))


def _adding(events: Callable[[], Iterable[str | IngestReport]]) -> Iterator[str]:
    try:
        for event in events():
            yield uploads.told(event) if isinstance(event, IngestReport) else event
    except BylineError as error:
        yield markup.failure(told(error))
    except Exception:
        log.exception("Adding articles failed")
        yield markup.unexpected()


def shelf_page(library: Library, words: str, seen: shelf.View, **given: Any) -> str:
    """The HTML of a page of the library's list: those articles that have the `words` and pass the filters."""
    try:
        listed, n = library.listed(
            words,
            order=seen.order,
            descending=seen.descending,
            offset=seen.offset,
            limit=shelf.PAGE,
            **set_limits(given),
        )
        return shelf.table(listed, n, seen)
    except BylineError as error:
        return markup.failure(told(error))
    except Exception:
        log.exception("Listing the articles failed")
        return markup.unexpected()


def article_page(library: Library, article_id: str, *, can_edit: bool, said: str = "") -> tuple[Article | None, str]:
    """An article and the HTML of its page; None where there is none, with the HTML that says so."""
    try:
        found = library.articles([article_id])
        if not found:
            return None, markup.failure("This article is no longer in the library.")
        article = found[0]
        page = shelf.article_page(
            article, versions=library.diff(article), copies=library.copies(article), can_edit=can_edit, said=said
        )
        return article, page
    except BylineError as error:
        return None, markup.failure(told(error))
    except Exception:
        log.exception("Showing an article failed")
        return None, markup.unexpected()


def whole(place: str, talk: Sequence[Answer], claims: Sequence[Claim], checked: Sequence[CheckedSentence]) -> str:
    """The article behind a card of an answer, of `claims` that are still being written, or of a checked draft: as it
    was when it was cited."""
    places = cards.places_of(talk[-1]) if talk else {}
    places |= cards.cited_places(claims) | drafts.places_of(checked)
    for number, answer in enumerate(talk):
        places |= cards.cited_places(answer.claims, view.turn(number))
    if place not in places:
        return markup.failure("This source belongs to an answer that is no longer on the page; ask again.")
    return cards.whole_article(*places[place])
