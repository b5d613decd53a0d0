"""The tab that checks a draft. What is shown is made in `ui.panes`; here is what happens when."""

# No `from __future__ import annotations`: Gradio reads the annotations of event handlers at run time.
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from rag.ingest.articles import DRAFTS
from rag.types import CheckedSentence
from ui import drafts, panes
from ui.kit import QUIET, pane
from ui.panes import Library

MAX_DRAFT_CHARS = 60_000


class CheckTab:
    """A draft and what was found about each of its sentences."""

    def __init__(self, library: Library, *, can_open: bool) -> None:
        """Within the `gr.Tab`. `can_open` where files are taken."""
        self._library = library
        self.checked = gr.State(())
        with gr.Column(elem_id="bl-drafting"):
            self._draft = gr.Textbox(
                label="Your draft",
                placeholder="Paste your text: each sentence is compared with the articles.",
                lines=6,
                max_lines=16,
                max_length=MAX_DRAFT_CHARS,
                elem_id="bl-draft",
            )
            with gr.Row(elem_id="bl-drafted"):
                self._check = gr.Button("Check", variant="primary", elem_id="bl-check")
                self._file = gr.UploadButton("Open a file", file_types=list(DRAFTS), size="sm", visible=can_open)
        self.findings = gr.HTML(**pane("findings", "Findings", value=drafts.waiting()))

    def connect(self) -> None:
        """Within the `gr.Blocks`, when all of the page is there."""
        opened = [self._draft, self.findings]
        self._file.upload(self._opened, inputs=[self._file], outputs=opened, **QUIET)
        checking = gr.on(
            [self._check.click, self._draft.submit],
            self._found,
            inputs=[self._draft],
            outputs=[self.findings, self.checked],
            trigger_mode="always_last",
            **QUIET,
        )
        self.findings.stop(
            self._stopped,
            inputs=[self._draft, self.checked],
            outputs=[self.findings],
            cancels=[checking],
            queue=False,
            **QUIET,
        )

    def _opened(self, file: str) -> dict[Any, Any]:
        text, failed = panes.draft_in(file, MAX_DRAFT_CHARS)
        return {self.findings: failed} if failed else {self._draft: text, self.findings: drafts.waiting()}

    def _found(self, draft: str) -> Iterator[tuple[str, Sequence[CheckedSentence]]]:
        yield from panes.checking(self._library, draft)

    def _stopped(self, draft: str, checked: Sequence[CheckedSentence]) -> str:
        return drafts.stopped(draft, checked)
