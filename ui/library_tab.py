"""The tab with the articles of the library: a list to be searched, and each of them with all that is known of it."""

# No `from __future__ import annotations`: Gradio reads the annotations of event handlers at run time.
import logging
from collections.abc import Callable
from typing import Any

import gradio as gr

from rag.errors import BylineError
from rag.ingest.edits import EDITABLE
from rag.shelf import Removed
from rag.types import Article
from ui import markup, panes, shelf
from ui.access import told
from ui.ask_tab import AskTab
from ui.kit import EDITORS_ONLY, QUIET, MayEdit, detail, pane
from ui.panes import Library

log = logging.getLogger("ui.app")
_LABELS = {
    "title": ("Title", ""),
    "outlet": ("Outlet", ""),
    "authors": ("Authors", "Name; other name"),
    "published": ("Published", "YYYY-MM-DD, YYYY-MM or YYYY"),
}


class LibraryTab:
    """The list of articles, the one that is open, and what can be done with it."""

    def __init__(self, library: Library, *, may_edit: MayEdit) -> None:
        """Within the `gr.Tab`."""
        self._library, self._may_edit = library, may_edit
        self._view, self._opened, self._removed = gr.State(shelf.View()), gr.State(""), gr.State(None)
        with gr.Row(elem_id="bl-finding") as self._finding:
            self._words = gr.Textbox(label="Search", placeholder="Words, outlet or author", max_length=500)
            self.outlets = gr.Dropdown([], multiselect=True, label="Outlets")
            self._first = gr.Textbox(label="Published from", placeholder="YYYY-MM-DD", max_length=20)
            self._last = gr.Textbox(label="Published to", placeholder="YYYY-MM-DD", max_length=20)
        with gr.Accordion("Edit what is stated", open=False, visible=False, elem_id="bl-edit") as self._form:
            with gr.Row():
                self._values = [
                    gr.Textbox(label=_LABELS[name][0], placeholder=_LABELS[name][1], max_length=2_000)
                    for name in EDITABLE
                ]
            self._save = gr.Button("Save", size="sm")
        self._shelf = gr.HTML(**pane("library", "Articles"))

    def connect(self, tab: gr.Tab, ask: AskTab, masthead: gr.HTML) -> None:
        """Within the `gr.Blocks`, when all of the page is there."""
        self._around = (ask, masthead)
        found = [self._words, self.outlets, self._first, self._last]
        inputs = [*found, self._view, self._opened, self._removed]
        shown = [self._shelf, self._view, self._opened, self._removed, self._form, self._finding, *self._values]
        outputs = [*shown, masthead, ask.outlets, self.outlets, ask.held]
        asked = [one.submit for one in (self._words, self._first, self._last)]
        gr.on([*asked, self.outlets.change, tab.select], self._listed, inputs=inputs, outputs=shown, **QUIET)
        self._shelf.select(self._done, inputs=inputs, outputs=outputs, **QUIET)
        self._save.click(self._saved, inputs=[self._opened, *self._values], outputs=outputs, **QUIET)

    def _listed(
        self,
        words: str,
        outlets: list[str],
        first: str,
        last: str,
        view: shelf.View,
        opened: str,
        removed: Removed | None,
    ) -> dict[Any, Any]:
        return self._list((words, outlets, first, last), shelf.View(order=view.order, descending=view.descending))

    def _done(
        self,
        words: str,
        outlets: list[str],
        first: str,
        last: str,
        view: shelf.View,
        opened: str,
        removed: Removed | None,
        event: gr.EventData,
        request: gr.Request,
    ) -> dict[Any, Any]:
        """What a button of the pane does."""
        deed, value = detail(event, "name"), detail(event, "place")
        found = (words, outlets, first, last)
        changing: dict[str, Callable[..., Any]] = {
            "undo-edit": self._undo_edit,
            "delete": self._delete,
            "put-back": self._put_back,
        }
        if deed == "article":
            return self._open(value, self._may_edit(request))
        if deed == "sort":
            return self._list(found, view.sorted_by(value))
        if deed == "page":
            return self._list(found, view.turned(1 if value == "1" else -1))
        if deed in changing:
            return self._safely(request, lambda: changing[deed](opened, removed, found, view))
        return self._list(found, view)

    def _list(self, found: tuple[str, list[str], str, str], view: shelf.View, said: str = "") -> dict[Any, Any]:
        words, outlets, first, last = found
        shown = panes.shelf_page(self._library, words, view, outlets=outlets, published_from=first, published_to=last)
        hidden = gr.update(visible=False)
        return {
            self._shelf: said + shown,
            self._view: view,
            self._opened: "",
            self._form: hidden,
            self._finding: gr.update(visible=True),
        }

    def _open(self, article_id: str, may_edit: bool, said: str = "") -> dict[Any, Any]:
        article, shown = panes.article_page(self._library, article_id, can_edit=may_edit, said=said)
        if article is None:
            return {self._shelf: shown, self._opened: ""}
        values = [article.title, article.outlet, "; ".join(article.authors), article.published]
        return {
            self._shelf: shown,
            self._opened: article.id,
            self._form: gr.update(visible=may_edit, open=False),
            self._finding: gr.update(visible=False),
            **{box: value or "" for box, value in zip(self._values, values, strict=True)},
        }

    def _saved(
        self, opened: str, title: str, outlet: str, authors: str, published: str, request: gr.Request
    ) -> dict[Any, Any]:
        def save() -> dict[Any, Any]:
            article = self._article(opened)
            # What was not touched is not stated: only so does it follow its file.
            was = [article.title, article.outlet, "; ".join(article.authors), article.published]
            pairs = zip(EDITABLE, (title, outlet, authors, published), was, strict=True)
            changed = {name: value for name, value, before in pairs if value.strip() != (before or "")}
            self._library.edit(article, **changed)
            return {**self._open(opened, True, '<p class="bl-added">Saved.</p>'), **self._counts()}

        return self._safely(request, save)

    def _undo_edit(self, opened: str, *_: Any) -> dict[Any, Any]:
        self._library.undo_edit(self._article(opened))
        return {**self._open(opened, True, '<p class="bl-added">The last edit was undone.</p>'), **self._counts()}

    def _delete(self, opened: str, _: Any, found: tuple[str, list[str], str, str], view: shelf.View) -> dict[Any, Any]:
        removed = self._library.take_out(self._article(opened))
        shown = self._list(found, view, shelf.removed(removed.article))
        return {**shown, self._removed: removed, **self._counts()}

    def _put_back(
        self, _: str, removed: Removed | None, found: tuple[str, list[str], str, str], view: shelf.View
    ) -> dict[Any, Any]:
        if removed is None:
            raise BylineError("what was deleted is no longer at hand: ingest its file again.")
        shown = self._list(found, view, shelf.put_back(self._library.put_back(removed)))
        return {**shown, self._removed: None, **self._counts()}

    def _article(self, article_id: str) -> Article:
        found = self._library.articles([article_id])
        if not found:
            raise BylineError("this article is no longer in the library: go back to the list.")
        return found[0]

    def _counts(self) -> dict[Any, Any]:
        """What the rest of the page says of the library."""
        ask, masthead = self._around
        line, outlets, _, n_articles = panes.opened(self._library)
        choices = gr.update(choices=outlets)
        return {masthead: line, ask.outlets: choices, self.outlets: choices, ask.held: n_articles}

    def _safely(self, request: gr.Request, deed: Callable[[], dict[Any, Any]]) -> dict[Any, Any]:
        """What the deed gives, where it may be done; what went wrong, in a sentence above the way back."""
        back = '<div class="bl-keep"><button type="button" name="back">Back to the list</button></div>'
        try:
            if not self._may_edit(request):
                raise BylineError(EDITORS_ONLY)
            return deed()
        except BylineError as error:
            return {self._shelf: markup.failure(told(error)) + back}
        except Exception:
            log.exception("Changing an article failed")
            return {self._shelf: markup.unexpected() + back}
