"""The tab that says which language models can be used, and what would make the others usable."""

# No `from __future__ import annotations`: Gradio reads the annotations of event handlers at run time.
from collections.abc import Iterator
from typing import Any

import gradio as gr

from ui import markup, panes
from ui.ask_tab import AskTab
from ui.kit import QUIET, detail, pane
from ui.panes import Library


class ModelsTab:
    """The list of models. A usable one is chosen for the next questions, or tried with a word."""

    def __init__(self, library: Library) -> None:
        """Within the `gr.Tab`."""
        self._library = library
        self._models = gr.HTML(**pane("models", "Models", value=markup.idle("Looking for models…")))

    def connect(self, tab: gr.Tab, tabs: gr.Tabs, ask: AskTab) -> None:
        """Within the `gr.Blocks`, when all of the page is there."""
        self._page = (tabs, ask)
        tab.select(self._listed, outputs=[self._models], **QUIET)
        self._models.select(self._done, outputs=[self._models, tabs, ask.model], **QUIET)

    def _listed(self) -> str:
        return panes.model_list(self._library)

    def _done(self, event: gr.EventData) -> Iterator[dict[Any, Any]]:
        deed, name = detail(event, "name"), detail(event, "place")
        tabs, ask = self._page
        if deed == "use":
            yield {tabs: gr.update(selected="ask"), ask.model: name}
            return
        yield {self._models: panes.model_list(self._library, said=markup.busy_line(f"Asking {name} for a word…"))}
        yield {self._models: panes.model_list(self._library, said=panes.tried(self._library, name))}
