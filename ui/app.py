"""The Gradio page: wiring and serving. What is shown is made in `ui.view`; what is known comes from the library."""

# No `from __future__ import annotations`: Gradio reads the annotations of the functions inside `build` at run time.
import errno
import logging
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rag.types import Answer, Article, BylineError
from ui import view

if TYPE_CHECKING:
    import gradio as gr
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ASSETS = Path(__file__).parent / "assets"
FIRST_PORT, LAST_PORT = 7860, 7959
MAX_QUESTION_CHARS = 4_000

SAMPLE_QUESTIONS = (
    "Has the court issued arrest warrants?",
    "How many hostages would be released in the first phase?",
    "Who asked Biden for help?",
)

# The frames stay on the page while their `${value}` changes, so that screen readers keep the live region.
_MASTHEAD = """<header><h1>Byline</h1>
<p class="bl-tagline">Answers from your own news articles, with the exact words behind every sentence.</p>
${value}</header>"""
_ANSWER = """<section aria-labelledby="bl-answer-title" aria-live="polite">
<h2 id="bl-answer-title">Answer</h2><div>${value}</div></section>"""
_SOURCES = """<section aria-labelledby="bl-sources-title">
<h2 id="bl-sources-title">Sources</h2><div>${value}</div></section>"""

# Even markup that slipped through could load nothing from elsewhere and send nothing away. Gradio compiles its
# templates in the browser, hence 'unsafe-eval', and writes scripts and styles into the page, hence 'unsafe-inline'.
_HEADERS = {
    "content-security-policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; object-src 'none'; "
    "frame-src 'none'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_SERIF = ["Charter", "Georgia", "Cambria", "Noto Serif", "DejaVu Serif", "serif"]
_SANS = ["system-ui", "Segoe UI", "Roboto", "Noto Sans", "DejaVu Sans", "sans-serif"]

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

    The page also serves `/ask` to programs (`gradio_client`, HTTP): the JSON of `Answer.to_dict()`. Every other event
    is private. Style, queue and headers belong to serving: see `served`.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio as gr  # takes seconds, and every `byline` command imports this module
    from gradio.events import api

    def open_page() -> tuple[Any, ...]:
        articles = library.articles()
        outlets = sorted({a.outlet for a in articles if a.outlet})
        return (
            view.library_line(articles),
            gr.update(choices=outlets),
            view.welcome(articles, library.path),
            len(articles),
        )

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
    ) -> dict[str, Any]:
        """Answers a question from the articles, with the exact words behind each sentence."""
        try:
            return library.ask(
                question, k=k, outlets=outlets, published_from=published_from, published_to=published_to, as_of=as_of
            ).to_dict()
        except BylineError as error:
            raise gr.Error(str(error), print_exception=False) from error

    frame: dict[str, Any] = {"value": "", "apply_default_css": False}
    frame["js_on_load"] = (ASSETS / "page.js").read_text(encoding="utf-8")
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
            answer_pane = gr.HTML(html_template=_ANSWER, elem_id="bl-answer", **frame)
            sources_pane = gr.HTML(html_template=_SOURCES, elem_id="bl-sources", **frame)

        page.load(
            open_page, outputs=[masthead, outlets, answer_pane, held], api_visibility="private", show_progress="hidden"
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
    port = _free_port(host, port)
    # Gradio asks its own address whether it is up, and would ask a company's proxy instead.
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1", "localhost", host]))
    page = build(library, examples)
    import gradio as gr
    from starlette.middleware import Middleware

    page.queue(default_concurrency_limit=4, max_size=64)
    try:
        _, url, _ = page.launch(
            server_name=f"[{host}]" if ":" in host else host,
            server_port=port,
            inbrowser=open_browser,
            theme=gr.themes.Base(font=_SANS, font_mono=["ui-monospace", "Consolas", "monospace"]),
            css_paths=[ASSETS / "style.css"],
            favicon_path=ASSETS / "favicon.svg",
            app_kwargs={"middleware": [Middleware(_Headers)], "docs_url": None, "redoc_url": None},
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
    except OSError as error:
        raise BylineError(f"Port {port} on {host} was taken just now ({error}); choose another one.") from error
    try:
        yield url
    finally:
        page.close(verbose=False)


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


def _free_port(host: str, port: int | None) -> int:
    """A port of `host` that can be listened on now: see `served`."""
    if port is not None and not 0 <= port <= 65535:
        raise BylineError(f"There is no port {port}; choose one from 1024 to 65535.")
    try:
        family, kind, protocol, _, (address, _, *rest) = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise BylineError(f"The host {host!r} cannot be found ({error}); use 127.0.0.1.") from error
    for candidate in range(FIRST_PORT, LAST_PORT + 1) if port is None else [port]:
        with socket.socket(family, kind, protocol) as probe:
            if os.name != "nt":  # there the option would let two programs share the port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, candidate, *rest))
                return int(probe.getsockname()[1])
            except PermissionError as error:
                raise BylineError(f"Port {candidate} needs more rights than yours; choose one above 1023.") from error
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise BylineError(f"The page cannot be served on {host!r} ({error}); use 127.0.0.1.") from error
    if port is None:
        raise BylineError(f"All ports from {FIRST_PORT} to {LAST_PORT} on {host} are in use; choose another one.")
    raise BylineError(f"Port {port} on {host} is in use; choose another one, or none to get the next free one.")


class _Headers:
    """Adds `_HEADERS` to every HTTP response. Plain ASGI, since answers are streamed."""

    def __init__(self, app: "ASGIApp") -> None:
        self.app = app

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        async def send_with_headers(message: "Message") -> None:
            if message["type"] == "http.response.start":
                extra = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", ()), *extra]}
            await send(message)

        await self.app(scope, receive, send_with_headers)
