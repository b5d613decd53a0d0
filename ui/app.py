"""The Gradio page: wiring and serving. What is shown is made in `ui.panes`; what is known comes from the library."""

# No `from __future__ import annotations`: Gradio reads the annotations of the functions inside `build` at run time.
import asyncio
import atexit
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from rag.errors import BylineError
from rag.types import Answer
from ui import panes, uploads
from ui.access import Access, as_seen, may_add, told
from ui.kit import ASSETS, QUIET, MayEdit, frame
from ui.panes import Library
from ui.server import LOCAL, free_port, middleware

if TYPE_CHECKING:
    import gradio as gr

_MASTHEAD = """<header><h1>Byline</h1>
<p class="bl-tagline">Answers from your own news articles, with the exact words behind every sentence.</p>
${value}</header>"""

_SANS = ["system-ui", "Segoe UI", "Roboto", "Noto Sans", "DejaVu Sans", "sans-serif"]
_MONO = ["ui-monospace", "Consolas", "DejaVu Sans Mono", "monospace"]


def build(library: Library, examples: Sequence[str] = (), *, can_add: bool = True) -> "gr.Blocks":
    """The page over `library`; each of `examples` becomes a button that asks it, and where it `can_add`, files may be
    dropped into the library.

    The page also serves `/ask` to programs (`gradio_client`, HTTP). It gives `Answer.to_dict()` as JSON text: Gradio's
    clients take any object with a "path", such as an article, for a file to download. Every other event is private.
    Style, queue and headers belong to serving: see `served`.
    """
    _prepare()
    import gradio as gr  # takes seconds, and must not slow down whoever imports this module
    from gradio.events import api

    from ui.ask_tab import WholeArticle

    def may_edit(request: gr.Request) -> bool:
        return can_add and may_add(request)

    def open_page(kept: Any, request: gr.Request) -> dict[Any, Any]:
        line, outlets, failed, n_articles = panes.opened(library)
        is_empty, may = not n_articles and not failed, may_edit(request)
        return {
            masthead: line,
            tabs.ask.outlets: gr.update(choices=outlets),
            tabs.articles.outlets: gr.update(choices=outlets),
            tabs.ask.held: n_articles,
            tabs.add.samples: gr.update(visible=is_empty and panes.has_samples()),
            tabs.adding: gr.update(visible=may),
            tabs.evaluating: gr.update(visible=may),
            tabs.check.file: gr.update(visible=may),  # files are taken from nobody else
            **tabs.ask.opened(request, n_articles, kept),
            **(tabs.ask.by_link(request, kept, outlets) if n_articles else {}),
            **({tabs.ask.answer: failed} if failed else {}),
            **({tabs.bar: gr.update(selected="add")} if is_empty and may else {}),
        }

    page: gr.Blocks
    with gr.Blocks(title="Byline", analytics_enabled=False, fill_width=True) as page:
        masthead = gr.HTML(**frame(_MASTHEAD, "masthead"))
        tabs = _tabs(library, examples, can_add, may_edit)
        whole = WholeArticle()
        opening = [
            *(masthead, tabs.bar, tabs.adding, tabs.evaluating, tabs.add.samples, tabs.check.file),
            *(tabs.ask.held, tabs.ask.outlets, tabs.articles.outlets, *tabs.ask.shown),
            *(box for box in tabs.ask.linked if box is not tabs.ask.outlets),
        ]
        page.load(open_page, inputs=[tabs.ask.kept], outputs=opening, **QUIET)
        tabs.ask.connect(page)
        tabs.check.connect()
        tabs.articles.connect(tabs.listing, tabs.ask, masthead)
        tabs.add.connect(tabs.ask, tabs.articles, masthead)
        tabs.models.connect(tabs.offering, tabs.bar, tabs.ask)
        tabs.evaluate.connect(tabs.evaluating, tabs.ask)
        whole.connect(tabs.ask, tabs.check.findings, tabs.check.checked)
        api(asking(library), api_name="ask")
    return page


def _tabs(library: Library, examples: Sequence[str], can_add: bool, may_edit: MayEdit) -> SimpleNamespace:
    """The tabs and what is in them, within the `gr.Blocks`."""
    import gradio as gr

    from ui.add_tab import AddTab
    from ui.ask_tab import AskTab
    from ui.check_tab import CheckTab
    from ui.evaluate_tab import EvaluateTab
    from ui.library_tab import LibraryTab
    from ui.models_tab import ModelsTab

    with gr.Tabs(elem_id="bl-tabs") as bar:
        with gr.Tab("Ask", id="ask"):
            ask = AskTab(library, examples, may_edit=may_edit)
        with gr.Tab("Library", id="library") as listing:
            articles = LibraryTab(library, may_edit=may_edit)
        with gr.Tab("Check a draft", id="check"):
            check = CheckTab(library, can_open=can_add)
        with gr.Tab("Add articles", id="add", visible=can_add) as adding:
            add = AddTab(library, may_edit=may_edit)
        with gr.Tab("Models", id="models") as offering:
            models = ModelsTab(library, may_edit=may_edit)
        with gr.Tab("Evaluate", id="evaluate", visible=can_add) as evaluating:
            evaluate = EvaluateTab(library, may_edit=may_edit)
    return SimpleNamespace(
        bar=bar,
        listing=listing,
        adding=adding,
        offering=offering,
        evaluating=evaluating,
        ask=ask,
        articles=articles,
        check=check,
        add=add,
        models=models,
        evaluate=evaluate,
    )


def asking(library: Library) -> Callable[..., str]:
    """What programs call as `/ask`."""

    def ask_json(
        question: str,
        k: int = 8,
        outlets: list[str] | None = None,
        published_from: str | None = None,
        published_to: str | None = None,
        as_of: str | None = None,
        model: str | None = None,
        show_unsupported: bool = False,
        history: list[str] | None = None,
        understand: bool = True,
    ) -> str:
        """Answers a question from the articles, with the exact words behind each sentence. `history` holds earlier
        questions, or earlier answers as they were given here, oldest first."""
        import gradio as gr

        try:
            events = library.ask(
                question,
                stream=True,
                k=k,
                outlets=outlets,
                published_from=published_from,
                published_to=published_to,
                as_of=as_of,
                model=panes.checked_model(library, model),
                show_unsupported=show_unsupported,
                history=[panes.earlier(entry) for entry in history or ()],
                understand=understand,
            )
            return json.dumps(as_seen(next(event for event in events if isinstance(event, Answer)).to_dict()))
        except BylineError as error:
            raise gr.Error(told(error), print_exception=False) from error

    return ask_json


def serve(
    library: Library,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    open_browser: bool = False,
    on_ready: Callable[[str], None] | None = None,
    examples: Sequence[str] = (),
    access: Access = Access(),  # noqa: B008  (it does not change)
) -> None:
    """Serves the page until interrupted (Ctrl-C). `on_ready` gets its address once it answers. Else as `served`."""
    with served(library, host=host, port=port, open_browser=open_browser, examples=examples, access=access) as url:
        if on_ready is not None:
            on_ready(url)
        try:
            while True:
                time.sleep(0.5)  # and not Event.wait(), which Ctrl-C does not interrupt on Windows
        except KeyboardInterrupt:
            pass


@contextmanager
def served(
    library: Library,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    open_browser: bool = False,
    examples: Sequence[str] = (),
    access: Access = Access(),  # noqa: B008
) -> Iterator[str]:
    """The page's address while it is being served, to whom `access` lets in; and beside it what `ui.programs` has.

    `port` None means 7860 or the next free one, 0 any free one. BylineError when `port` is taken or not allowed, or
    when `host` is not an address of this machine, or `access` does not say who may come from others.
    """
    port = free_port(host, port)
    access.check(host)
    # Gradio asks its own address whether it is up, and would ask a company's proxy instead.
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(dict.fromkeys([*os.environ.get(name, "").split(","), *LOCAL, host]))

    # Where no event loop runs, Gradio makes several, sets them as the caller's and never closes them.
    with ThreadPoolExecutor(1) as thread:
        try:
            launching = _launch(library, host, port, open_browser, examples, access)
            page, url = thread.submit(asyncio.run, launching).result()
        except OSError as error:
            raise BylineError(f"Port {port} on {host} was taken just now ({error}); choose another one.") from error
    try:
        yield url
    finally:
        page.close(verbose=False)


async def _launch(
    library: Library, host: str, port: int, open_browser: bool, examples: Sequence[str], access: Access
) -> tuple["gr.Blocks", str]:
    """Starts the page, with style, queue and headers, and returns it with its address."""
    can_add = access.is_local(host) or access.users is not None
    page = build(library, examples, can_add=can_add)
    import gradio as gr

    page.queue(default_concurrency_limit=4, max_size=64)
    _, url, _ = page.launch(
        server_name=f"[{host}]" if ":" in host else host,
        server_port=port,
        inbrowser=open_browser,
        theme=gr.themes.Base(font=_SANS, font_mono=_MONO).set(
            body_background_fill="#faf8f3",
            body_background_fill_dark="#161513",  # until the style sheet is there
        ),
        css_paths=[ASSETS / "style.css"],
        favicon_path=ASSETS / "favicon.svg",
        app_kwargs={"middleware": middleware(library, access, host), "docs_url": None, "redoc_url": None},
        footer_links=[],
        run_history=False,
        prevent_thread_lock=True,
        quiet=True,
        share=False,
        inline=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
        max_file_size=uploads.MOST_BYTES if can_add else 1,  # byte: from afar the page takes no files
        root_path=access.root_path or None,
        ssl_certfile=str(access.certfile) if access.certfile else None,
        ssl_keyfile=str(access.keyfile) if access.keyfile else None,
        ssl_verify=False,  # of the page's own certificate, by Gradio, when it asks whether the page is up
    )
    return page, url


def _prepare() -> None:
    """Before Gradio is imported: no analytics, and its temporary files in a folder of this process's own, since the
    one it would use for everybody cannot be written by a machine's second user."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    if "GRADIO_TEMP_DIR" not in os.environ:
        os.environ["GRADIO_TEMP_DIR"] = folder = tempfile.mkdtemp(prefix="byline-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
