"""What the tabs of the page are made with: the frames of their panes, the style of their events. Imports Gradio."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

ASSETS = Path(__file__).parent / "assets"
_SCRIPTS = ("page.js", "markers.js")

QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
"""Options of an event that is the page's own business."""

MayEdit = Callable[[Any], bool]
"""Whether who sent a `gr.Request` may add, edit and delete articles."""
EDITORS_ONLY = "Only editors may add, edit and delete articles."

# The frames stay on the page while their `${value}` changes, so that screen readers keep the live region.
_PANE = """<section aria-labelledby="bl-{name}-title"{live}><h2 id="bl-{name}-title">{heading}</h2>
<div>${{value}}</div><p class="bl-done" role="status"></p></section>
<div class="bl-peek" id="bl-{name}-peek" popover="manual" role="group" aria-label="The cited words"></div>"""


def frame(template: str, name: str, **options: Any) -> dict[str, Any]:
    """Arguments of a `gr.HTML` that shows its value in `template`, and does nothing else."""
    return {
        "value": "",
        "html_template": template,
        "elem_id": f"bl-{name}",
        "apply_default_css": False,
        "js_on_load": None,
        **options,
    }


def working_frame(template: str, name: str, **options: Any) -> dict[str, Any]:
    """As `frame`, with the page's scripts: its buttons are events of it, its markers lead to the cited words."""
    scripts = "\n".join((ASSETS / file).read_text(encoding="utf-8") for file in _SCRIPTS)
    return frame(template, name, **{"js_on_load": scripts, **options})


def pane(name: str, heading: str, *, live: bool = False, **options: Any) -> dict[str, Any]:
    """As `working_frame`, under a heading of its own; where it is `live`, screen readers tell its changes."""
    template = _PANE.format(name=name, heading=heading, live=' aria-live="polite"' if live else "")
    return working_frame(template, name, **options)


def detail(event: Any, name: str) -> str:
    """What page.js tells with an event of a pane under this name; "" where it tells nothing."""
    told = event._data if isinstance(event._data, dict) else {}  # its attributes fail where there is no data
    return str(told.get(name, ""))
