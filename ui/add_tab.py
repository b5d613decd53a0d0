"""The tab that adds articles. What is shown is made in `ui.panes`; here is what happens when."""

# No `from __future__ import annotations`: Gradio reads the annotations of event handlers at run time.
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import gradio as gr

from rag.types import Json
from ui import markup, memory, panes, uploads, view
from ui.ask_tab import AskTab
from ui.kit import EDITORS_ONLY, QUIET, MayEdit, working_frame
from ui.library_tab import LibraryTab
from ui.panes import Library

_ADDED = '<section aria-live="polite"><div>${value}</div></section>'
_ABOUT = {"title": "Title", "outlet": "Outlet", "authors": "Authors", "published": "Published"}


class AddTab:
    """Where files are dropped and texts pasted, and what came of them."""

    def __init__(self, library: Library, *, may_edit: MayEdit) -> None:
        """Within the `gr.Tab`."""
        self._library, self._may_edit = library, may_edit
        self.samples = gr.Button("Add the sample articles", size="sm", visible=False, elem_id="bl-samples")
        self._files = gr.File(file_count="multiple", label="Articles", show_label=False, height=150, elem_id="bl-files")
        with gr.Accordion("Paste a text", open=False, elem_id="bl-pasting"):
            self._text = gr.Textbox(label="Text", lines=6, max_lines=16, max_length=uploads.MOST_PASTED)
            with gr.Row():
                self._about = [
                    gr.Textbox(label=label, placeholder="YYYY-MM-DD" if name == "published" else None, max_length=500)
                    for name, label in _ABOUT.items()
                ]
            self._paste = gr.Button("Add this text", size="sm")
        self._added = gr.HTML(**working_frame(_ADDED, "added", value=uploads.offer()))
        self._stop = gr.State(None)

    def connect(self, ask: AskTab, articles: LibraryTab, masthead: gr.HTML) -> None:
        """Within the `gr.Blocks`, when all of the page is there."""
        self._page = (ask, articles, masthead)
        around = [masthead, ask.outlets, articles.outlets, ask.held, ask.answer]
        outputs = [self._added, self._files, self.samples, self._text, *self._about, *around]
        talk = [ask.talk, ask.now]
        self._files.upload(self._add, inputs=[self._files, *talk], outputs=[*outputs, self._stop], **QUIET)
        self._added.stop(self._stopped, inputs=[self._stop], queue=False, **QUIET)
        self._paste.click(self._add_text, inputs=[self._text, *self._about, *talk], outputs=outputs, **QUIET)
        self.samples.click(self._add_samples, inputs=talk, outputs=outputs, **QUIET)

    def _add(
        self, files: list[str] | None, talk: memory.Talk, now: Json, request: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        stop = threading.Event()
        yield {self._stop: stop}
        yield from self._added_by(panes.adding(self._library, files or [], stop), talk, now, request)

    def _stopped(self, stop: threading.Event | None) -> None:
        if stop is not None:
            stop.set()

    def _add_text(
        self,
        text: str,
        title: str,
        outlet: str,
        authors: str,
        published: str,
        talk: memory.Talk,
        now: Json,
        request: gr.Request,
    ) -> Iterator[dict[Any, Any]]:
        about = dict(zip(_ABOUT, (title, outlet, authors, published), strict=True))
        failed = False
        for step in self._added_by(panes.pasting(self._library, text, about), talk, now, request):
            failed = failed or "bl-failure" in step.get(self._added, "") or "bl-problems" in step.get(self._added, "")
            yield step
        if not failed:  # what could not be added stays to be mended
            yield {self._text: "", **dict.fromkeys(self._about, "")}

    def _add_samples(self, talk: memory.Talk, now: Json, request: gr.Request) -> Iterator[dict[Any, Any]]:
        yield from self._added_by(panes.adding_samples(self._library), talk, now, request)

    def _added_by(
        self, steps: Iterable[str], talk: memory.Talk, now: Json, request: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        """`steps` do nothing before they are gone through."""
        if not self._may_edit(request):
            yield {self._added: markup.failure(EDITORS_ONLY)}
            return
        ask, articles, masthead = self._page
        yield {self._files: gr.update(interactive=False)}
        for shown in steps:
            yield {self._added: shown}
        line, outlets, failed, n_articles = panes.opened(self._library)
        welcome = failed or view.welcome(n_articles, self._library.path, can_add=True)
        yield {
            self._files: gr.update(value=None, interactive=True),
            self.samples: gr.update(visible=not n_articles and panes.has_samples()),
            masthead: line,
            ask.outlets: gr.update(choices=outlets),
            articles.outlets: gr.update(choices=outlets),
            ask.held: n_articles,
            **({} if talk.turns or now else {ask.answer: welcome}),  # what was answered stays
        }
