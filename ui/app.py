"""The Gradio page: wiring and serving. What is shown is made in `ui.view`; what is known comes from the library."""

# No `from __future__ import annotations`: Gradio reads the annotations of the functions inside `build` at run time.
import asyncio
import atexit
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rag.types import Answer, Article, BylineError
from ui import view
from ui.server import Headers, free_port

if TYPE_CHECKING:
    import gradio as gr

ASSETS = Path(__file__).parent / "assets"
MAX_QUESTION_CHARS = 4_000
LOCAL = ("127.0.0.1", "localhost")

# The frames stay on the page while their `${value}` changes, so that screen readers keep the live region.
_MASTHEAD = """<header><h1>Byline</h1>
<p class="bl-tagline">Answers from your own news articles, with the exact words behind every sentence.</p>
${value}</header>"""
_ANSWER = """<section aria-labelledby="bl-answer-title" aria-live="polite">
<h2 id="bl-answer-title">Answer</h2><div>${value}</div></section>"""
_SOURCES = """<section aria-labelledby="bl-sources-title">
<h2 id="bl-sources-title">Sources</h2><div>${value}</div></section>"""

_SANS = ["system-ui", "Segoe UI", "Roboto", "Noto Sans", "DejaVu Sans", "sans-serif"]
_MONO = ["ui-monospace", "Consolas", "DejaVu Sans Mono", "monospace"]

log = logging.getLogger(__name__)


class Library(Protocol):
    """What the page needs of `rag.Library`."""

    @property
    def path(self) -> Path: ...

    def articles(self) -> list[Article]: ...

    def ask(
        self,
        question: str,
        *,
        k: int = 8,
        outlets: Sequence[str] | None = None,
        published_from: str | None = None,
        published_to: str | None = None,
        as_of: str | None = None,
    ) -> Answer: ...


def build(library: Library, examples: Sequence[str] = ()) -> "gr.Blocks":
    """The page over `library`; each of `examples` becomes a button that asks it.

    The page also serves `/ask` to programs (`gradio_client`, HTTP). It gives `Answer.to_dict()` as JSON text: Gradio's
    clients take any object with a "path", such as an article, for a file to download. Every other event is private.
    Style, queue and headers belong to serving: see `served`.
    """
    _prepare()
    import gradio as gr  # takes seconds, and must not slow down whoever imports this module
    from gradio.events import api

    def open_page() -> tuple[Any, ...]:
        line, outlets, pane, n_articles = _opened(library)
        return line, gr.update(choices=outlets), pane, view.no_sources(), n_articles

    def answer(
        question: str, outlets: list[str], first: str, last: str, as_of: str, held: int, event: gr.EventData
    ) -> Iterator[tuple[Any, ...]]:
        chip = event.target.value if event.target in chips else None
        yield gr.update(value=chip) if chip else gr.skip(), view.working(held), ""
        asked = {"outlets": outlets, "published_from": first, "published_to": last, "as_of": as_of}
        yield gr.skip(), *_panes(library, chip or question, asked)

    def ask_json(
        question: str,
        k: int = 8,
        outlets: list[str] | None = None,
        published_from: str | None = None,
        published_to: str | None = None,
        as_of: str | None = None,
    ) -> str:
        """Answers a question from the articles, with the exact words behind each sentence."""
        try:
            answer = library.ask(
                question, k=k, outlets=outlets, published_from=published_from, published_to=published_to, as_of=as_of
            )
            return json.dumps(answer.to_dict())
        except BylineError as error:
            raise gr.Error(str(error), print_exception=False) from error

    frame: dict[str, Any] = {"value": "", "apply_default_css": False, "js_on_load": None}
    pane = {**frame, "js_on_load": (ASSETS / "page.js").read_text(encoding="utf-8")}
    page: gr.Blocks
    with gr.Blocks(title="Byline", analytics_enabled=False, fill_width=True) as page:
        held = gr.State(0)
        masthead = gr.HTML(html_template=_MASTHEAD, elem_id="bl-masthead", **frame)
        with gr.Column(elem_id="bl-desk"):
            with gr.Row(elem_id="bl-asking"):
                question = gr.Textbox(
                    label="Your question",
                    lines=1,
                    max_lines=6,
                    max_length=MAX_QUESTION_CHARS,
                    autofocus=True,
                    elem_id="bl-question",
                )
                ask = gr.Button("Ask", variant="primary", elem_id="bl-ask")
            with gr.Row(elem_id="bl-examples", visible=bool(examples)):
                chips = [gr.Button(text, size="sm") for text in examples]
            with gr.Accordion("Filters", open=False, elem_id="bl-filters"), gr.Row():
                outlets = gr.Dropdown([], multiselect=True, label="Outlets", info="All, unless you choose some")
                first = gr.Textbox(label="Published from", info="This day or later", placeholder="YYYY-MM-DD")
                last = gr.Textbox(label="Published to", info="This day or earlier", placeholder="YYYY-MM-DD")
                as_of = gr.Textbox(label="As of", info="As if this were today", placeholder="YYYY-MM-DD")
        with gr.Row(elem_id="bl-panes"):
            answer_pane = gr.HTML(html_template=_ANSWER, elem_id="bl-answer", **pane)
            sources_pane = gr.HTML(html_template=_SOURCES, elem_id="bl-sources", **pane)

        page.load(
            open_page,
            outputs=[masthead, outlets, answer_pane, sources_pane, held],
            api_visibility="private",
            show_progress="hidden",
        )
        gr.on(
            [question.submit, ask.click, first.submit, last.submit, as_of.submit, *(chip.click for chip in chips)],
            answer,
            inputs=[question, outlets, first, last, as_of, held],
            outputs=[question, answer_pane, sources_pane],
            api_visibility="private",
            show_progress="hidden",
            # A question asked while another is being answered waits for it; of several, the last one is asked.
            trigger_mode="always_last",
        )
        api(ask_json, api_name="ask")
    return page


def serve(
    library: Library,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    open_browser: bool = False,
    on_ready: Callable[[str], None] | None = None,
    examples: Sequence[str] = (),
) -> None:
    """Serves the page until interrupted (Ctrl-C). `on_ready` gets its address once it answers. Else as `served`."""
    with served(library, host=host, port=port, open_browser=open_browser, examples=examples) as url:
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
) -> Iterator[str]:
    """The page's address while it is being served.

    `port` None means 7860 or the next free one, 0 any free one. BylineError when `port` is taken or not allowed, or
    when `host` is not an address of this machine.
    """
    port = free_port(host, port)
    # Gradio asks its own address whether it is up, and would ask a company's proxy instead.
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(dict.fromkeys([*os.environ.get(name, "").split(","), *LOCAL, host]))

    async def launch() -> tuple["gr.Blocks", str]:
        page = build(library, examples)
        import gradio as gr
        from starlette.middleware import Middleware
        from starlette.middleware.trustedhost import TrustedHostMiddleware

        middleware = [Middleware(Headers)]
        if host in LOCAL:  # no other site may have its own name lead here and read the answers (DNS rebinding)
            middleware.append(Middleware(TrustedHostMiddleware, allowed_hosts=list(LOCAL)))
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
            app_kwargs={"middleware": middleware, "docs_url": None, "redoc_url": None},
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
            max_file_size=1,  # byte: the page takes no files
        )
        return page, url

    # Where no event loop runs, Gradio makes several, sets them as the caller's and never closes them.
    with ThreadPoolExecutor(1) as thread:
        try:
            page, url = thread.submit(asyncio.run, launch()).result()
        except OSError as error:
            raise BylineError(f"Port {port} on {host} was taken just now ({error}); choose another one.") from error
    try:
        yield url
    finally:
        page.close(verbose=False)


def _prepare() -> None:
    """Before Gradio is imported: no analytics, and its temporary files in a folder of this process's own, since the
    one it would use for everybody cannot be written by a machine's second user."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    if "GRADIO_TEMP_DIR" not in os.environ:
        os.environ["GRADIO_TEMP_DIR"] = folder = tempfile.mkdtemp(prefix="byline-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)


def _opened(library: Library) -> tuple[str, list[str], str, int]:
    """What the page starts with: masthead line, outlets to choose from, answer pane, number of articles."""
    try:
        articles = library.articles()
        outlets = sorted({a.outlet for a in articles if a.outlet})
        return view.library_line(articles), outlets, view.welcome(articles, library.path), len(articles)
    except BylineError as error:
        return "", [], view.failure(str(error)), 0
    except Exception:
        log.exception("Opening the page failed")
        return "", [], view.unexpected(), 0


def _panes(library: Library, question: str, limits: dict[str, Any]) -> tuple[str, str]:
    """The HTML of both panes, whatever happens: a failure is one sentence on the page, its traceback is logged."""
    try:
        limits = {name: value.strip() if isinstance(value, str) else value for name, value in limits.items()}
        limits = {name: value for name, value in limits.items() if value}
        if not question.strip():
            return view.failure("Type a question first.", heading="No question yet"), view.no_sources()
        answer = library.ask(question, **limits)
        if not answer.hits and not library.articles():
            return view.welcome([], library.path), view.no_sources()
        return view.answer_pane(answer, limits=limits), view.sources_pane(answer)
    except BylineError as error:
        return view.failure(str(error)), view.no_sources()
    except Exception:
        log.exception("Answering failed")
        return view.unexpected(), view.no_sources()
