"""The Gradio page: wiring and serving. What is shown is made in `ui.view`; what is known comes from the library."""

# No `from __future__ import annotations`: Gradio reads the annotations of the functions inside `build` at run time.
import asyncio
import atexit
import json
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rag import record
from rag.types import Answer, BylineError, Claim, Json
from ui import view
from ui.server import Headers, free_port

if TYPE_CHECKING:
    import gradio as gr

ASSETS = Path(__file__).parent / "assets"
MAX_QUESTION_CHARS = 4_000
MAX_TURNS = 20  # of a conversation that are kept on the page
LOCAL = ("127.0.0.1", "localhost")

# What may be typed as a model. A file of this machine ("gguf:PATH") may only be chosen where it was offered.
_TYPED_MODEL = re.compile(r"(?:openai|anthropic):[^\s\x00-\x1f]{1,200}")

# The frames stay on the page while their `${value}` changes, so that screen readers keep the live region.
_MASTHEAD = """<header><h1>Byline</h1>
<p class="bl-tagline">Answers from your own news articles, with the exact words behind every sentence.</p>
${value}</header>"""
_EARLIER = "<section>${value}</section>"
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

    def overview(self) -> Json: ...

    def record(self, answer: Answer) -> Json: ...

    def stream(
        self,
        question: str,
        *,
        k: int = 8,
        outlets: Sequence[str] | None = None,
        published_from: str | None = None,
        published_to: str | None = None,
        as_of: str | None = None,
        model: str | None = None,
        show_unsupported: bool = False,
        history: Sequence[str | Answer | Mapping[str, Any]] = (),
        understand: bool = True,
    ) -> Iterator[Claim | Answer]: ...


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

    def offer_models() -> Any:
        offered = _models(library)
        return gr.update(choices=offered, value=offered[0])

    def answer(
        question: str,
        outlets: list[str],
        first: str,
        last: str,
        as_of: str,
        model: str,
        unsupported: bool,
        held: int,
        talk: list[Answer],
        now: Json,
        event: gr.EventData,
    ) -> Iterator[tuple[Any, ...]]:
        given = {"outlets": outlets, "published_from": first, "published_to": last, "as_of": as_of}
        options: dict[str, Any] = {"model": model, "show_unsupported": unsupported}
        chip = event.target.value if event.target in chips else None
        if event.target is literal:  # the answer to the question as it was understood makes way
            chip, talk, options["understand"] = str(now.get("question", "")), talk[:-1], False
        question = chip or question
        waiting = (gr.update(visible=True), gr.update(visible=bool(talk)))
        box = gr.update(value=chip) if chip else gr.skip()
        now = {"question": question, "claims": []}
        yield box, view.working(held), "", view.conversation(talk), talk, now, *waiting
        for pane, sources, event_ in _panes(library, question, given, options, talk):
            if isinstance(event_, Claim):
                now = {"question": question, "claims": [*now["claims"], event_]}
                yield gr.skip(), pane, sources, gr.skip(), gr.skip(), now, gr.skip(), gr.skip()
                continue
            told = [*talk, event_][-MAX_TURNS:] if event_ else talk
            ended = (gr.update(visible=False), gr.update(visible=bool(told)))
            yield gr.skip(), pane, sources, gr.skip(), told, now, *ended

    def stop(now: Json) -> tuple[Any, ...]:
        claims = now.get("claims", [])
        sources = view.source_cards(claims) or view.no_sources()
        return view.stopped(now.get("question", ""), claims), sources, gr.update(visible=False)

    def begin_anew(held: int) -> tuple[Any, ...]:
        hidden = gr.update(visible=False)
        return "", view.welcome(held, library.path), view.no_sources(), "", [], {}, hidden, hidden

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
        try:
            events = library.stream(
                question,
                k=k,
                outlets=outlets,
                published_from=published_from,
                published_to=published_to,
                as_of=as_of,
                model=_checked_model(library, model),
                show_unsupported=show_unsupported,
                history=[_earlier(entry) for entry in history or ()],
                understand=understand,
            )
            return json.dumps(next(event for event in events if isinstance(event, Answer)).to_dict())
        except BylineError as error:
            raise gr.Error(str(error), print_exception=False) from error

    frame: dict[str, Any] = {"value": "", "apply_default_css": False, "js_on_load": None}
    pane = {**frame, "js_on_load": (ASSETS / "page.js").read_text(encoding="utf-8")}
    page: gr.Blocks
    with gr.Blocks(title="Byline", analytics_enabled=False, fill_width=True) as page:
        held = gr.State(0)
        talk, now = gr.State([]), gr.State({})
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
                stopping = gr.Button("Stop", visible=False, elem_id="bl-stop")
            with gr.Row(elem_id="bl-examples", visible=bool(examples)):
                chips = [gr.Button(text, size="sm") for text in examples]
            with gr.Accordion("Filters and model", open=False, elem_id="bl-filters"):
                with gr.Row():
                    outlets = gr.Dropdown([], multiselect=True, label="Outlets", info="All, unless you choose some")
                    first = gr.Textbox(label="Published from", info="This day or later", placeholder="YYYY-MM-DD")
                    last = gr.Textbox(label="Published to", info="This day or earlier", placeholder="YYYY-MM-DD")
                    as_of = gr.Textbox(label="As of", info="As if this were today", placeholder="YYYY-MM-DD")
                with gr.Row():
                    model = gr.Dropdown(
                        ["extractive"],
                        value="extractive",
                        allow_custom_value=True,
                        label="Model",
                        info="extractive quotes the articles; or type openai:NAME",
                    )
                    unsupported = gr.Checkbox(
                        False,
                        label="Show unsupported sentences",
                        info="What a model wrote and no source carries, marked as such",
                        elem_id="bl-unsupported",
                    )
        earlier = gr.HTML(html_template=_EARLIER, elem_id="bl-earlier", **frame)
        with gr.Row(elem_id="bl-panes"):
            with gr.Column(elem_id="bl-left"):
                answer_pane = gr.HTML(html_template=_ANSWER, elem_id="bl-answer", **pane)
                with gr.Row(elem_id="bl-next"):
                    # Never seen: a button within the answer presses it (page.js).
                    literal = gr.Button("Take the question as it stands", elem_id="bl-literal")
                    anew = gr.Button("New conversation", size="sm", visible=False)
            sources_pane = gr.HTML(html_template=_SOURCES, elem_id="bl-sources", **pane)

        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        page.load(open_page, outputs=[masthead, outlets, answer_pane, sources_pane, held], **quiet)
        page.load(offer_models, outputs=[model], **quiet)  # apart: it may have to wait for a server
        asked = [question.submit, ask.click, first.submit, last.submit, as_of.submit, literal.click]
        answering = gr.on(
            [*asked, *(chip.click for chip in chips)],
            answer,
            inputs=[question, outlets, first, last, as_of, model, unsupported, held, talk, now],
            outputs=[question, answer_pane, sources_pane, earlier, talk, now, stopping, anew],
            # A question asked while another is being answered waits for it; of several, the last one is asked.
            trigger_mode="always_last",
            **quiet,
        )
        stopping.click(
            stop, inputs=[now], outputs=[answer_pane, sources_pane, stopping], cancels=[answering], queue=False, **quiet
        )
        anew.click(
            begin_anew,
            inputs=[held],
            outputs=[question, answer_pane, sources_pane, earlier, talk, now, stopping, anew],
            cancels=[answering],
            **quiet,
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
        overview = library.overview()
        outlets = sorted(overview["outlets"])
        n_articles = overview["articles"]
        return view.library_line(overview), outlets, view.welcome(n_articles, library.path), n_articles
    except BylineError as error:
        return "", [], view.failure(str(error)), 0
    except Exception:
        log.exception("Opening the page failed")
        return "", [], view.unexpected(), 0


def _models(library: Library) -> list[str]:
    """Names of the models to offer, the one that is used by default first.

    A library that can tell which are usable (`models()`, entries as `byline models` lists them) is asked.
    """
    settings, tell = getattr(library, "settings", None), getattr(library, "models", None)
    try:
        default = settings().model if settings else os.environ.get("BYLINE_MODEL") or "extractive"
    except BylineError:  # asking says what is wrong with it
        default = "extractive"
    try:
        listed = [entry["name"] for entry in tell() if entry["usable"]] if tell else []
    except BylineError:
        listed = []
    # "gguf:PATH" and the like stand for any name, and are none.
    named = [name for name in listed if not name.endswith((":NAME", ":PATH"))]
    return list(dict.fromkeys([default, "extractive", *named]))


def _checked_model(library: Library, model: str | None) -> str | None:
    """The model if it may be chosen from afar; BylineError otherwise."""
    model = (model or "").strip()
    if not model or model == "extractive" or _TYPED_MODEL.fullmatch(model) or model in _models(library):
        return model or None
    raise BylineError(
        f"the model {model[:80]!r} cannot be chosen here: take one of the list, openai:NAME or anthropic:NAME."
    )


def _earlier(entry: str) -> Any:
    """An earlier turn as programs give it: a question, or the JSON text of an answer."""
    if not entry.lstrip().startswith("{"):
        return entry
    try:
        return json.loads(entry)
    except ValueError:
        return entry


def _panes(
    library: Library, question: str, given: Mapping[str, Any], options: Mapping[str, Any], talk: Sequence[Answer]
) -> Iterator[tuple[str, str, Claim | Answer | None]]:
    """The HTML of both panes as the answer grows, with what it shows: a claim that was just checked, at last the answer
    or, where that failed, None. A failure is one sentence on the page, its traceback is logged."""
    claims: list[Claim] = []
    try:
        stripped = {name: value.strip() if isinstance(value, str) else value for name, value in given.items()}
        limits: dict[str, Any] = {name: value for name, value in stripped.items() if value}
        if not question.strip():
            yield view.failure("Type a question first.", heading="No question yet"), view.no_sources(), None
            return
        chosen = {name: value for name, value in options.items() if name != "model"}
        if model := _checked_model(library, options.get("model")):
            chosen["model"] = model
        for event in library.stream(question, **limits, **chosen, history=talk):
            if isinstance(event, Claim):
                claims.append(event)
                yield view.writing(question, claims), view.source_cards(claims), event
            elif not event.hits and not library.overview()["articles"]:
                yield view.welcome(0, library.path), view.no_sources(), None
            else:
                saved = record.render(library.record(event), "html")
                pane = view.answer_pane(event, limits=limits, copied=record.markdown(event), saved=saved)
                yield pane, view.sources_pane(event), event
    except BylineError as error:
        yield view.failure(str(error)), view.no_sources(), None
    except Exception:
        log.exception("Answering failed")
        yield view.unexpected(), view.no_sources(), None
