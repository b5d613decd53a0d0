"""The tab that checks a draft. What is shown is made in `ui.panes`; here is what happens when."""

# No `from __future__ import annotations`: Gradio reads the annotations of event handlers at run time.
from collections.abc import Iterator, Sequence

import gradio as gr

from rag.types import CheckedSentence
from ui import drafts, panes
from ui.kit import QUIET, pane
from ui.panes import Library

MAX_DRAFT_CHARS = 60_000


class CheckTab:
    """A draft and what was found about each of its sentences."""

    def __init__(self, library: Library) -> None:
        """Within the `gr.Tab`."""
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
            self._check = gr.Button("Check", variant="primary", elem_id="bl-check")
        self.findings = gr.HTML(**pane("findings", "Findings", value=drafts.waiting()))

    def connect(self) -> None:
        """Within the `gr.Blocks`, when all of the page is there."""
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

    def _found(self, draft: str) -> Iterator[tuple[str, Sequence[CheckedSentence]]]:
        yield from panes.checking(self._library, draft)

    def _stopped(self, draft: str, checked: Sequence[CheckedSentence]) -> str:
        return drafts.stopped(draft, checked)
