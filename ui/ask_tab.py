"""The tab that answers questions. What is shown is made in `ui.panes`; here is what happens when."""

# No `from __future__ import annotations`: Gradio reads the annotations of event handlers at run time.
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from rag.types import Answer, CheckedSentence, Claim, Json
from ui import cards, panes, view
from ui.kit import QUIET, pane, working_frame
from ui.panes import Library

MAX_QUESTION_CHARS = 4_000
MAX_TURNS = 20  # of a conversation that are kept on the page

_EARLIER = """<section><div>${value}</div><p class="bl-done" role="status"></p></section>
<div class="bl-peek" id="bl-earlier-peek" popover="manual" role="group" aria-label="The cited words"></div>"""
_WHOLE = '<dialog aria-labelledby="bl-whole-title">${value}</dialog>'


class AskTab:
    """The question, its filters, the panes, and what they do."""

    def __init__(self, library: Library, examples: Sequence[str], *, can_add: bool) -> None:
        """Within the `gr.Tab`."""
        self._library, self._can_add = library, can_add
        self.held, self.talk, self.now = gr.State(0), gr.State([]), gr.State({})
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
            with gr.Row(elem_id="bl-examples", visible=bool(examples)):
                self._chips = [gr.Button(text, size="sm") for text in examples]
            with gr.Accordion("Filters and model", open=False, elem_id="bl-filters"):
                self._filters()
        with gr.Row(elem_id="bl-panes"):
            with gr.Column(elem_id="bl-left"):
                self.answer = gr.HTML(**pane("answer", "Answer", live=True))
                with gr.Row(elem_id="bl-next"):
                    self._anew = gr.Button("New conversation", size="sm", visible=False)
                self._earlier = gr.HTML(**working_frame(_EARLIER, "earlier"))
            self.sources = gr.HTML(**pane("sources", "Sources"))

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
        # What the buttons within a pane do, page.js tells as an event of the pane: retry, stop, select.
        dates = (self._first, self._last, self._as_of)
        asked = [self.question.submit, self._ask.click, *(date.submit for date in dates), self.answer.retry]
        changed = [self.question, self.answer, self.sources, self._earlier, self.talk, self.now, self._anew]
        answering = gr.on(
            [*asked, *(chip.click for chip in self._chips)],
            self._answered,
            inputs=[self.question, self.outlets, *dates, self.model, self._unsupported, self.held, self.talk, self.now],
            outputs=changed,
            # A question asked while another is being answered waits for it; of several, the last one is asked.
            trigger_mode="always_last",
            **QUIET,
        )
        stopped = [self.answer, self.sources]
        self.answer.stop(self._stopped, [self.now], stopped, cancels=[answering], queue=False, **QUIET)
        self._anew.click(self._begun_anew, [self.held], changed, cancels=[answering], **QUIET)

    def _offer_models(self) -> Any:
        offered = panes.models(self._library)
        return gr.update(choices=offered, value=offered[0])

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
        talk: list[Answer],
        now: Json,
        event: gr.EventData,
    ) -> Iterator[tuple[Any, ...]]:
        given = {"outlets": outlets, "published_from": first, "published_to": last, "as_of": as_of}
        options: dict[str, Any] = {"model": model, "show_unsupported": unsupported}
        chip = event.target.value if event.target in self._chips else None
        if event.target is self.answer:  # the answer to the question as it was understood makes way
            chip, talk, options["understand"] = str(now.get("question", "")), talk[:-1], False
        question = chip or question
        talk = talk[1 - MAX_TURNS :]
        box = gr.update(value=chip) if chip else gr.skip()
        shown = view.working(question, held, panes.set_limits(given))
        now = {"question": question, "claims": []}
        yield box, shown, "", view.conversation(talk), talk, now, gr.update(visible=bool(talk))
        for shown, sources, event_ in panes.answering(self._library, question, given, options, talk):
            if isinstance(event_, Claim):
                now = {"question": question, "claims": [*now["claims"], event_]}
                yield gr.skip(), shown, sources, gr.skip(), gr.skip(), now, gr.skip()
                continue
            now = {"question": question, "claims": list(event_.claims) if event_ else []}
            told = [*talk, event_] if event_ else talk
            yield gr.skip(), shown, sources, gr.skip(), told, now, gr.update(visible=bool(told))

    def _stopped(self, now: Json) -> tuple[str, str]:
        claims = now.get("claims", [])
        return view.stopped(now.get("question", ""), claims), cards.source_cards(claims) or cards.no_sources()

    def _begun_anew(self, held: int) -> tuple[Any, ...]:
        shown = view.welcome(held, self._library.path, can_add=self._can_add)
        return "", shown, cards.no_sources(), "", [], {}, gr.update(visible=False)


class WholeArticle:
    """The dialog that shows an article at the words that were cited."""

    def __init__(self) -> None:
        self._dialog = gr.HTML(**working_frame(_WHOLE, "whole"))

    def connect(self, ask: AskTab, findings: gr.HTML, checked: gr.State) -> None:
        gr.on(
            [ask.answer.select, ask._earlier.select, ask.sources.select, findings.select],
            self._shown,
            inputs=[ask.talk, ask.now, checked],
            outputs=[self._dialog],
            **QUIET,
        )

    def _shown(self, talk: list[Answer], now: Json, checked: Sequence[CheckedSentence], event: gr.EventData) -> str:
        return panes.whole(str(getattr(event, "place", "")), talk, now.get("claims", []), checked)
