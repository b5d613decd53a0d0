"""The tab that evaluates. What is run is in `ui.evaluations`, what is shown in `ui.evaluation_view`; here is what
happens when."""

# No `from __future__ import annotations`: Gradio reads the annotations of event handlers at run time.
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from rag.errors import BylineError
from ui import markup, panes
from ui.access import told
from ui.ask_tab import AskTab
from ui.evaluations import Evaluations, Run
from ui.kit import QUIET, MayEdit, pane
from ui.panes import Library

EDITORS_ONLY = "Only editors may evaluate."
_NONE = ("none", "")

log = logging.getLogger("ui.app")


class EvaluateTab:
    """The built-in questions or one's own, asked one by one, and what came of it."""

    def __init__(self, library: Library, *, may_edit: MayEdit) -> None:
        """Within the `gr.Tab`."""
        self._library, self._may_edit = library, may_edit
        self._runs = Evaluations(library)
        with gr.Row(elem_id="bl-evaluating"):
            self._builtin = gr.Button("Run the built-in questions", size="sm")
            self._own = gr.UploadButton("Run my own cases", file_types=[".jsonl", ".json", ".txt"], size="sm")
            self._shown = gr.Dropdown([_NONE], value="", label="Show the run", elem_id="bl-shown-run")
            self._before = gr.Dropdown([_NONE], value="", label="Compare it with", elem_id="bl-earlier-run")
        self._pane = gr.HTML(**pane("evaluation", "Evaluation"))
        with gr.Row(elem_id="bl-reported"):
            self._files = [
                gr.DownloadButton(f"Save the report ({kind})", size="sm", visible=False) for kind in ("HTML", "JSON")
            ]

    def connect(self, tab: gr.Tab, ask: AskTab) -> None:
        """Within the `gr.Blocks`, when all of the page is there."""
        self._ask = ask
        outputs = [self._pane, self._builtin, self._own, self._shown, self._before, *self._files]
        chosen = [self._before, ask.model, ask.own]
        self._builtin.click(self._run_builtin, inputs=chosen, outputs=outputs, **QUIET)
        self._own.upload(self._run_own, inputs=[self._own, *chosen], outputs=outputs, **QUIET)
        tab.select(self._looked_at, inputs=[self._shown, self._before], outputs=outputs, **QUIET)
        changed = [self._shown.input, self._before.input]
        gr.on(changed, self._chosen, inputs=[self._shown, self._before], outputs=outputs, **QUIET)
        self._pane.stop(self._stop, queue=False, **QUIET)

    def _run_builtin(
        self, before: str, model: str, own: dict[str, Any], request: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        yield from self._run(before, own.get(model, model), None, request)

    def _run_own(
        self, file: str, before: str, model: str, own: dict[str, Any], request: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        yield from self._run(before, own.get(model, model), Path(file), request)

    def _run(self, before: str, model: Any, file: Path | None, request: gr.Request) -> Iterator[dict[Any, Any]]:
        from ui import evaluation_view as view

        def begun() -> Run:
            if not self._may_edit(request):
                raise BylineError(EDITORS_ONLY)
            asked = panes.checked_model(self._library, model) if isinstance(model, str) else model
            return self._runs.begin(asked, file)

        yield {self._pane: view.running(Run(""))}  # reading the cases may take a moment
        run, failed = _safely(begun)
        if run is None:
            yield {self._pane: failed}
        else:
            yield from self._watched(run, before)

    def _watched(self, run: Run, before: str) -> Iterator[dict[Any, Any]]:
        from ui import evaluation_view as view

        for now in run.steps():
            if not now.ended.is_set():
                yield {self._pane: view.running(now), **self._ready(False)}
        if run.report is None:
            shown = markup.failure(run.failed) if run.failed else view.stopped(run)
            yield {self._pane: shown, **self._ready(True)}
        elif run.kept:
            yield {**self._show(run.kept, before), **self._ready(True)}
        else:
            note = markup.failure("The library's folder cannot be written: this run is not kept.", heading="Not kept")
            yield {self._pane: note + view.told(run.report), **self._ready(True)}

    def _ready(self, is_ready: bool) -> dict[Any, Any]:
        return {button: gr.update(interactive=is_ready) for button in (self._builtin, self._own)}

    def _looked_at(self, shown: str, before: str, request: gr.Request) -> Iterator[dict[Any, Any]]:
        """What is going on is watched, whoever began it; else the run that was chosen is shown, or the newest."""
        run = self._runs.current
        if not self._may_edit(request):
            yield {self._pane: markup.failure(EDITORS_ONLY), **self._ready(False)}
        elif run is not None and not run.ended.is_set():
            yield from self._watched(run, before)
        else:
            yield self._show(shown or next((name for _, name in self._runs.kept()), ""), before)

    def _chosen(self, shown: str, before: str, request: gr.Request) -> dict[Any, Any]:
        return self._show(shown, before) if self._may_edit(request) else {self._pane: markup.failure(EDITORS_ONLY)}

    def _show(self, shown: str, before: str) -> dict[Any, Any]:
        from evals.compare import compare
        from ui import evaluation_view as view

        kept = self._runs.kept()
        names = {name for _, name in kept}
        shown, before = (name if name in names else "" for name in (shown, before))
        choices = {
            self._shown: gr.update(choices=kept or [_NONE], value=shown),
            self._before: gr.update(choices=[_NONE, *(one for one in kept if one[1] != shown)], value=before),
        }
        if not shown:
            return {self._pane: view.waiting(), **choices}

        def made() -> tuple[Any, str]:
            report = self._runs.read(shown)
            if before and before != shown:
                report["comparison"] = compare(self._runs.read(before), report)
            return report, view.told(report, report.get("comparison"))

        found, failed = _safely(made)
        if found is None:
            return {self._pane: failed, **choices}
        report, told = found
        return {self._pane: told, **choices, **self._saved(report, shown)}

    def _saved(self, report: Any, name: str) -> dict[Any, Any]:
        """The report as files, in the folder that is removed at the end: Gradio serves none of the library's."""
        from evals.report import write

        folder = Path(os.environ["GRADIO_TEMP_DIR"], "evaluations", Path(name).stem)
        files = {file.suffix: str(file) for file in write(report, folder)}
        return {
            button: gr.update(value=files[suffix], visible=True)
            for button, suffix in zip(self._files, (".html", ".json"), strict=True)
        }

    def _stop(self, request: gr.Request) -> None:
        if self._runs.current is not None and self._may_edit(request):
            self._runs.current.is_stopping = True


def _safely(do: Callable[[], Any]) -> tuple[Any, str]:
    """What `do` gives, or None and the HTML of why there is nothing."""
    try:
        return do(), ""
    except BylineError as error:
        return None, markup.failure(told(error))
    except Exception:
        log.exception("Evaluating failed")
        return None, markup.unexpected()
