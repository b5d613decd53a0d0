"""The tab that says which language models can be used, and what would make the others usable."""

# No `from __future__ import annotations`: Gradio reads the annotations of event handlers at run time.
import logging
from collections.abc import Iterator
from typing import Any

import gradio as gr

from rag.errors import BylineError
from rag.settings import load_settings
from ui import markup, panes, session_models
from ui.access import told
from ui.ask_tab import AskTab
from ui.kit import QUIET, MayEdit, detail, frame, pane
from ui.panes import Library

log = logging.getLogger("ui.app")

_NO_ADDRESS = "Only editors may give an address: leave it empty."
_KEY_NOTE = (
    "The key is kept in the memory of the program while this page is open. It is not stored, logged or shown again, "
    "and goes to OpenAI, Anthropic or the address you give, and nowhere else."
)


class ModelsTab:
    """The list of models. A usable one is chosen for the next questions, or tried with a word; one that needs a key is
    usable for the session of whoever enters it."""

    def __init__(self, library: Library, *, may_edit: MayEdit) -> None:
        """Within the `gr.Tab`."""
        self._library, self._may_edit = library, may_edit
        with gr.Accordion("Use a key for this session only", open=False, elem_id="bl-own"):
            with gr.Row():
                self._name = gr.Textbox(
                    label="Model to use", placeholder="openai:NAME or anthropic:NAME", max_length=300
                )
                self._key = gr.Textbox(
                    label="Key",
                    type="password",
                    max_length=session_models.MOST_CHARS,
                    html_attributes=gr.InputHTMLAttributes(autocomplete="off"),
                )
                self._url = gr.Textbox(label="Address", placeholder="https://…/v1, if not OpenAI’s", max_length=500)
            gr.HTML(**frame(f'<p class="bl-small">{_KEY_NOTE}</p>', "own-note"))
            self._enter = gr.Button("Use this key", size="sm")
        self._models = gr.HTML(**pane("models", "Models", value=markup.idle("Looking for models…")))

    def connect(self, tab: gr.Tab, tabs: gr.Tabs, ask: AskTab) -> None:
        """Within the `gr.Blocks`, when all of the page is there."""
        self._page = (tabs, ask)
        tab.select(self._listed, inputs=[ask.own], outputs=[self._models], **QUIET)
        outputs = [self._models, tabs, ask.model, ask.own]
        self._models.select(self._done, inputs=[ask.own, ask.model], outputs=outputs, **QUIET)
        gr.on(
            [self._enter.click, self._key.submit],
            self._entered,
            inputs=[self._name, self._key, self._url, ask.own],
            outputs=[self._key, *outputs],
            **QUIET,
        )

    def _listed(self, own: dict[str, Any]) -> str:
        return panes.model_list(self._library, own=own)

    def _entered(
        self, name: str, key: str, url: str, own: dict[str, Any], request: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        _, ask = self._page
        yield {self._key: ""}  # first of all, and whatever comes of it
        try:
            if url.strip() and not self._may_edit(request):  # else the program could be made to knock anywhere
                raise BylineError(_NO_ADDRESS)
            model = session_models.make(name, key, url, load_settings(self._library.path))
        except BylineError as error:
            yield {self._models: panes.model_list(self._library, markup.failure(told(error)), own)}
            return
        except Exception:
            log.exception("Entering a key failed")
            yield {self._models: panes.model_list(self._library, markup.unexpected(), own)}
            return
        own = {**own, model.name: model}
        said = markup.told(f"{model.name} writes the next answers, with your key.")
        yield {self._models: panes.model_list(self._library, said, own), ask.own: own, ask.model: model.name}

    def _done(self, own: dict[str, Any], chosen: str, event: gr.EventData) -> Iterator[dict[Any, Any]]:
        deed, name = detail(event, "name"), detail(event, "place")
        tabs, ask = self._page
        if deed == "use":
            yield {tabs: gr.update(selected="ask"), ask.model: name}
        elif deed == "forget":
            own = {other: model for other, model in own.items() if other != name}
            said = markup.told(f"The key for {name} is forgotten.")
            instead = {ask.model: panes.default_model(self._library)} if chosen == name else {}
            yield {self._models: panes.model_list(self._library, said, own), ask.own: own, **instead}
        else:
            yield {self._models: panes.model_list(self._library, markup.busy_line(f"Asking {name} for a word…"), own)}
            yield {self._models: panes.model_list(self._library, panes.tried(self._library, name, own), own)}
