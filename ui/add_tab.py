"""The tab that adds articles. What is shown is made in `ui.panes`; here is what happens when."""

# No `from __future__ import annotations`: Gradio reads the annotations of event handlers at run time.
from collections.abc import Iterator
from typing import Any

import gradio as gr

from rag.types import Answer, Json
from ui import panes, uploads
from ui.ask_tab import AskTab
from ui.kit import QUIET, frame
from ui.panes import Library

_ADDED = '<section aria-live="polite">${value}</section>'


class AddTab:
    """Where files are dropped, and what came of them."""

    def __init__(self, library: Library, *, can_add: bool) -> None:
        """Within the `gr.Tab`."""
        self._library, self._can_add = library, can_add
        self._files = gr.File(file_count="multiple", label="Articles", show_label=False, height=150, elem_id="bl-files")
        self._added = gr.HTML(**frame(_ADDED, "added", value=uploads.offer()))

    def connect(self, ask: AskTab, masthead: gr.HTML) -> None:
        """Within the `gr.Blocks`, when all of the page is there."""
        outputs = [self._added, self._files, masthead, ask.outlets, ask.held, ask.answer]
        self._files.upload(self._add, inputs=[self._files, ask.talk, ask.now], outputs=outputs, **QUIET)

    def _add(self, files: list[str] | None, talk: list[Answer], now: Json) -> Iterator[tuple[Any, ...]]:
        busy, ready = gr.update(value=None, interactive=False), gr.update(value=None, interactive=True)
        for shown in panes.adding(self._library, files or []):
            yield shown, busy, *[gr.skip()] * 4
        line, outlets, welcome, n_articles = panes.opened(self._library, can_add=self._can_add)
        idle = gr.skip() if talk or now else welcome  # what was answered stays
        yield gr.skip(), ready, line, gr.update(choices=outlets), n_articles, idle
