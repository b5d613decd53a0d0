"""The tab that answers questions. What is shown is made in `ui.panes`; here is what happens when."""

# No `from __future__ import annotations`: Gradio reads the annotations of event handlers at run time.
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from rag.types import Answer, CheckedSentence, Claim, Json
from ui import cards, follow_ups, memory, panes, view
from ui.kit import QUIET, MayEdit, detail, pane, working_frame
from ui.panes import Library

MAX_QUESTION_CHARS = 4_000

_EARLIER = """<section><div>${value}</div><p class="bl-done" role="status"></p></section>
<div class="bl-peek" id="bl-earlier-peek" popover="manual" role="group" aria-label="The cited words"></div>"""
# The address asks nothing any more.
_WITHOUT_QUESTION = """() => {
  const kept = [...new URLSearchParams(location.search)].filter(([name]) => name.startsWith("__"));
  const search = new URLSearchParams(kept).toString();
  history.replaceState(history.state, "", location.pathname + (search && `?${search}`));
}"""
_FOLLOW_UPS = '<section aria-label="Questions that lead on"><div>${value}</div></section>'
# Set in what was being answered when something else is: whoever works on for it, with the same dict, sees that.
_IS_LEFT = "is_left"
_PAST = "<section>${value}</section>"
_WHOLE = '<dialog aria-labelledby="bl-whole-title">${value}</dialog>'


def _linked(request: gr.Request) -> Json:
    """What the page's address sets."""
    return view.linked(list(request.query_params.multi_items()))


class AskTab:
    """The question, its filters, the panes, and what they do."""

    def __init__(self, library: Library, examples: Sequence[str], *, may_edit: MayEdit) -> None:
        """Within the `gr.Tab`."""
        self._library, self._given, self._may_edit = library, examples, may_edit
        self.held, self.talk, self.now = gr.State(0), gr.State(memory.Talk()), gr.State({})
        self.own = gr.State({})  # models with a key of the reader's, by name: a state never leaves the server
        # By a name and a key of its own for each library, so that no page shows the questions of another one.
        name = hashlib.sha256(str(library.path).encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self.kept = gr.BrowserState(memory.NOTHING, storage_key=f"byline-{name}", secret=name)
        with gr.Column(elem_id="bl-desk"):
            with gr.Row(elem_id="bl-asking"):
                self.question = gr.Textbox(
                    label="Your question",
                    placeholder="Ask your articles",
                    lines=1,
                    max_lines=6,
                    max_length=MAX_QUESTION_CHARS,
                    autofocus=True,
                    elem_id="bl-question",
                )
                self._ask = gr.Button("Ask", variant="primary", elem_id="bl-ask")
            self._examples = gr.HTML(**working_frame("<div>${value}</div>", "examples"))
            with gr.Accordion("Filters and model", open=False, elem_id="bl-filters") as self.filters:
                self._filters()
        with gr.Row(elem_id="bl-panes"):
            with gr.Column(elem_id="bl-left"):
                self.answer = gr.HTML(**pane("answer", "Answer", live=True))
                self._follow_ups = gr.HTML(**working_frame(_FOLLOW_UPS, "follow-ups"))
                with gr.Row(elem_id="bl-next"):
                    self._anew = gr.Button("New conversation", size="sm", visible=False)
            self.sources = gr.HTML(**pane("sources", "Sources"))
            with gr.Column(elem_id="bl-before"):
                self.earlier = gr.HTML(**working_frame(_EARLIER, "earlier"))
                self._past = gr.HTML(**working_frame(_PAST, "past"))

    def _filters(self) -> None:
        with gr.Row():
            self.outlets = gr.Dropdown([], multiselect=True, label="Outlets", info="All, unless you choose some")
            days = {"Published from": "This day or later", "Published to": "This day or earlier"}
            days["As of"] = "As if this were today"
            self._first, self._last, self._as_of = (
                gr.Textbox(label=label, info=info, placeholder="YYYY-MM-DD") for label, info in days.items()
            )
        with gr.Row():
            self.model = gr.Dropdown(
                ["extractive"],
                value="extractive",
                allow_custom_value=True,
                label="Model",
                info="extractive quotes the articles; or type openai:NAME",
            )
            self._unsupported = gr.Checkbox(
                False,
                label="Show unsupported sentences",
                info="What a model wrote and no source carries, marked as such",
                elem_id="bl-unsupported",
            )

    def connect(self, page: gr.Blocks) -> None:
        """Within the `gr.Blocks`, when all of the page is there."""
        page.load(self._offer_models, outputs=[self.model], **QUIET)  # apart: it may have to wait for a server
        self.held.change(self._offer_examples, outputs=[self._examples], **QUIET)
        # What the buttons within a pane do, page.js tells as an event of the pane: retry, stop, select.
        dates = (self._first, self._last, self._as_of)
        asked = [self.question.submit, self._ask.click, *(date.submit for date in dates), self.answer.retry]
        asked += [pane.example_select for pane in (self._examples, self._follow_ups)]
        answering = gr.on(
            asked,
            self._answered,
            inputs=[
                *(self.question, self.outlets, *dates, self.model, self._unsupported),
                *(self.held, self.talk, self.now, self.kept, self.own),
            ],
            outputs=[self.question, *self.shown],
            # A question asked while another is being answered waits for it; of several, the last one is asked.
            trigger_mode="always_last",
            **QUIET,
        )
        answering.success(self._lead_on, inputs=[self.talk, self.now], outputs=[self._follow_ups], **QUIET)
        stopped = [self.answer, self.sources]
        self.answer.stop(self._stopped, [self.now], stopped, cancels=[answering], queue=False, **QUIET)
        begun = [self.question, *self.shown]
        self._anew.click(None, js=_WITHOUT_QUESTION)
        self._anew.click(self._begun_anew, [self.held, self.now, self.kept], begun, cancels=[answering], **QUIET)
        past = [self.held, self.talk, self.now, self.kept]
        self._past.select(self._of_the_past, past, begun, cancels=[answering], **QUIET)

    @property
    def shown(self) -> list[Any]:
        """What shows a conversation."""
        return [
            *(self.answer, self.sources, self.earlier, self._past),
            *(self.talk, self.now, self.kept, self._anew, self._follow_ups),
        ]

    def opened(self, request: gr.Request, held: int, kept: Any, talk_id: str | None = None) -> dict[Any, Any]:
        """The values of `shown` for a conversation that was kept: the one that was open last, or that of this id. Its
        newest answer is shown; where there is none, how to begin."""
        talk = memory.reopen(kept, talk_id, self._library.articles)
        if talk is None:
            return self._afresh(request, held, kept)
        *earlier, last = talk.turns
        pane, sources = panes.answered(self._library, last.answer, last.limits)
        return {
            self.answer: pane,
            self.sources: sources,
            self.now: {"question": last.answer.question, "claims": []},
            **self._around(talk, [turn.answer for turn in earlier], memory.keep(kept, talk)),
        }

    @property
    def linked(self) -> list[Any]:
        """What a link can set."""
        return [self.question, self.outlets, self._first, self._last, self._as_of, self.model, self.filters]

    def by_link(self, request: gr.Request, kept: Any, outlets: Sequence[str]) -> dict[Any, Any]:
        """What the address sets, of these `outlets` those that it names. Nothing is asked: it may name a model that
        costs something."""
        given = _linked(request)
        talk = memory.reopen(kept, None, self._library.articles)
        if not given or (talk is not None and talk.turns[-1].answer.question == given["question"]):
            return {}
        names = {"published_from": self._first, "published_to": self._last, "as_of": self._as_of, "model": self.model}
        return {
            **self._afresh(request, 1, kept),
            self.answer: view.from_link(),
            self.question: given["question"],
            self.outlets: gr.update(choices=outlets, value=[one for one in outlets if one in given.get("outlets", ())]),
            **{box: given[name] for name, box in names.items() if name in given},
            **({self.filters: gr.update(open=True)} if len(given) > 1 else {}),
        }

    def _afresh(self, request: gr.Request, held: int, kept: Any) -> dict[Any, Any]:
        talk = memory.Talk()
        return {
            self.answer: view.welcome(held, self._library.path, can_add=self._may_edit(request)),
            self.sources: cards.no_sources(),
            self.now: {},
            **self._around(talk, [], memory.keep(kept, talk)),
        }

    def _around(self, talk: memory.Talk, earlier: Sequence[Answer], kept: Json) -> dict[Any, Any]:
        """What stands around the newest answer."""
        return {
            self.earlier: view.conversation(earlier),
            self._past: view.past(memory.questions(kept), talk.id),
            self.talk: talk,
            self.kept: kept,
            self._follow_ups: "",
            self._anew: gr.update(visible=bool(talk.turns)),
        }

    def _offer_models(self, request: gr.Request) -> Any:
        offered = panes.models(self._library)
        linked = _linked(request).get("model")
        return gr.update(choices=offered, value=linked or offered[0])

    def _offer_examples(self) -> str:
        return panes.examples(self._library, self._given)

    def _answered(
        self,
        question: str,
        outlets: list[str],
        first: str,
        last: str,
        as_of: str,
        model: str,
        unsupported: bool,
        held: int,
        talk: memory.Talk,
        now: Json,
        kept: Any,
        own: dict[str, Any],
        event: gr.EventData,
    ) -> Iterator[dict[Any, Any]]:
        given = {"outlets": outlets, "published_from": first, "published_to": last, "as_of": as_of}
        options: dict[str, Any] = {"model": own.get(model, model), "show_unsupported": unsupported}
        chip = detail(event, "place")[:MAX_QUESTION_CHARS] or None
        turns = talk.turns
        if event.target is self.answer and chip is None:  # the answer to the question as it was understood makes way
            chip, turns, options["understand"] = str(now.get("question", "")), turns[:-1], False
        question, limits = chip or question, panes.set_limits(given)
        talk = memory.Talk(id=talk.id, turns=turns[1 - memory.MAX_TURNS :])
        now[_IS_LEFT] = True
        now = {"question": question, "claims": []}
        yield {
            self.answer: view.working(question, held, limits),
            self.sources: "",
            self._follow_ups: "",
            self.earlier: view.conversation(talk.answers),
            self.talk: talk,
            self.now: now,
            **({self.question: chip} if chip else {}),
        }
        for shown, sources, event_ in panes.answering(self._library, question, given, options, talk.answers):
            if isinstance(event_, Claim):
                now = {"question": question, "claims": [*now["claims"], event_]}
            told: dict[Any, Any] = {}
            if isinstance(event_, Answer):
                earlier, turn = talk.answers, memory.Turn(answer=event_, limits=limits)
                talk = memory.Talk(id=talk.id, turns=(*talk.turns, turn))
                told = self._around(talk, earlier, memory.keep(kept, talk))
            yield {self.answer: shown, self.sources: sources, self.now: now, **told}

    def _lead_on(self, talk: memory.Talk, now: Json) -> Iterator[str]:
        """Questions that lead on, each as soon as it is known that it is answered."""
        if not talk.turns or talk.turns[-1].answer.question != now.get("question"):  # what was asked failed
            return
        found: list[str] = []
        for question in follow_ups.follow_ups(self._library, talk.answers, talk.turns[-1].limits):
            if now.get(_IS_LEFT):
                return
            found.append(question)
            yield view.follow_ups(found)

    def _stopped(self, now: Json) -> tuple[str, str]:
        claims = now.get("claims", [])
        return view.stopped(now.get("question", ""), claims), cards.source_cards(claims) or cards.no_sources()

    def _begun_anew(self, held: int, now: Json, kept: Any, request: gr.Request) -> dict[Any, Any]:
        now[_IS_LEFT] = True
        return {self.question: "", **self._afresh(request, held, kept)}

    def _of_the_past(
        self, held: int, talk: memory.Talk, now: Json, kept: Any, event: gr.EventData, request: gr.Request
    ) -> dict[Any, Any]:
        deed, chosen = detail(event, "name"), detail(event, "place")
        if deed == "open":
            now[_IS_LEFT] = True
            return self.opened(request, held, kept, chosen)
        kept = memory.NOTHING if deed == "forget-all" else memory.forget(kept, chosen)
        if deed == "forget" and chosen != talk.id:
            return {self.kept: kept, self._past: view.past(memory.questions(kept), talk.id, unfolded=True)}
        return self._begun_anew(held, now, kept, request)


class WholeArticle:
    """The dialog that shows an article at the words that were cited."""

    def __init__(self) -> None:
        self._dialog = gr.HTML(**working_frame(_WHOLE, "whole"))

    def connect(self, ask: AskTab, findings: gr.HTML, checked: gr.State) -> None:
        gr.on(
            [ask.answer.select, ask.earlier.select, ask.sources.select, findings.select],
            self._shown,
            inputs=[ask.talk, ask.now, checked],
            outputs=[self._dialog],
            **QUIET,
        )

    def _shown(self, talk: memory.Talk, now: Json, checked: Sequence[CheckedSentence], event: gr.EventData) -> str:
        return panes.whole(detail(event, "place"), talk.answers, now.get("claims", []), checked)
