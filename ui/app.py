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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import BylineError
from rag.types import Answer, CheckedSentence, Claim, Json
from ui import cards, drafts, panes, uploads, view
from ui.access import Access, is_local, may_add
from ui.panes import Library
from ui.server import LOCAL, free_port, middleware

if TYPE_CHECKING:
    import gradio as gr

ASSETS = Path(__file__).parent / "assets"
MAX_QUESTION_CHARS = 4_000
MAX_DRAFT_CHARS = 60_000
MAX_TURNS = 20  # of a conversation that are kept on the page

# The frames stay on the page while their `${value}` changes, so that screen readers keep the live region.
_MASTHEAD = """<header><h1>Byline</h1>
<p class="bl-tagline">Answers from your own news articles, with the exact words behind every sentence.</p>
${value}</header>"""
_EARLIER = "<section>${value}</section>"
_PANE = """<section aria-labelledby="bl-{name}-title"{live}><h2 id="bl-{name}-title">{heading}</h2>
<div>${{value}}</div><p class="bl-done" role="status"></p></section>"""
_ANSWER = _PANE.format(name="answer", heading="Answer", live=' aria-live="polite"')
_SOURCES = _PANE.format(name="sources", heading="Sources", live="")
_FINDINGS = _PANE.format(name="findings", heading="Findings", live="")
_ADDED = '<section aria-live="polite">${value}</section>'
_WHOLE = '<dialog aria-labelledby="bl-whole-title">${value}</dialog>'

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

    frame: dict[str, Any] = {"value": "", "apply_default_css": False, "js_on_load": None}
    pane: dict[str, Any] = {**frame, "js_on_load": (ASSETS / "page.js").read_text(encoding="utf-8")}
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}

    def open_page(request: gr.Request) -> tuple[Any, ...]:
        may = can_add and may_add(request)
        line, outlets, shown, n_articles = panes.opened(library, can_add=may)
        start = gr.update(selected="add") if may and not n_articles else gr.skip()
        return line, gr.update(choices=outlets), shown, cards.no_sources(), n_articles, start, gr.update(visible=may)

    def offer_models() -> Any:
        offered = panes.models(library)
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
        if event.target is answer_pane:  # the answer to the question as it was understood makes way
            chip, talk, options["understand"] = str(now.get("question", "")), talk[:-1], False
        question = chip or question
        box = gr.update(value=chip) if chip else gr.skip()
        shown = view.working(question, held, panes.set_limits(given))
        now = {"question": question, "claims": []}
        yield box, shown, "", view.conversation(talk), talk, now, gr.update(visible=bool(talk))
        for shown, sources, event_ in panes.answering(library, question, given, options, talk):
            if isinstance(event_, Claim):
                now = {"question": question, "claims": [*now["claims"], event_]}
                yield gr.skip(), shown, sources, gr.skip(), gr.skip(), now, gr.skip()
                continue
            now = {"question": question, "claims": list(event_.claims) if event_ else []}
            told = [*talk, event_][-MAX_TURNS:] if event_ else talk
            yield gr.skip(), shown, sources, gr.skip(), told, now, gr.update(visible=bool(told))

    def stop(now: Json) -> tuple[str, str]:
        claims = now.get("claims", [])
        return view.stopped(now.get("question", ""), claims), cards.source_cards(claims) or cards.no_sources()

    def begin_anew(held: int) -> tuple[Any, ...]:
        shown = view.welcome(held, library.path, can_add=can_add)
        return "", shown, cards.no_sources(), "", [], {}, gr.update(visible=False)

    def check(draft: str) -> Iterator[tuple[Any, ...]]:
        yield from panes.checking(library, draft)

    def stop_check(draft: str, checked: Sequence[CheckedSentence]) -> str:
        return drafts.stopped(draft, checked)

    def add(files: list[str] | None, talk: list[Answer], now: Json, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        if not may_add(request):
            raise gr.Error("Only editors may add articles.", print_exception=False)
        busy, ready = gr.update(value=None, interactive=False), gr.update(value=None, interactive=True)
        for shown in panes.adding(library, files or []):
            yield shown, busy, *[gr.skip()] * 4
        line, outlets, welcome, n_articles = panes.opened(library, can_add=can_add)
        idle = gr.skip() if talk or now else welcome  # what was answered stays
        yield gr.skip(), ready, line, gr.update(choices=outlets), n_articles, idle

    def show_whole(talk: list[Answer], now: Json, checked: Sequence[CheckedSentence], event: gr.EventData) -> str:
        return panes.whole(str(getattr(event, "place", "")), talk, now.get("claims", []), checked)

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
            return json.dumps(next(event for event in events if isinstance(event, Answer)).to_dict())
        except BylineError as error:
            raise gr.Error(str(error), print_exception=False) from error

    page: gr.Blocks
    with gr.Blocks(title="Byline", analytics_enabled=False, fill_width=True) as page:
        held = gr.State(0)
        talk, now, checked = gr.State([]), gr.State({}), gr.State(())
        masthead = gr.HTML(html_template=_MASTHEAD, elem_id="bl-masthead", **frame)
        with gr.Tabs(elem_id="bl-tabs") as tabs:
            with gr.Tab("Ask", id="ask"):
                with gr.Column(elem_id="bl-desk"):
                    with gr.Row(elem_id="bl-asking"):
                        question = gr.Textbox(
                            label="Your question",
                            placeholder="Who asked for the meeting?",
                            lines=1,
                            max_lines=6,
                            max_length=MAX_QUESTION_CHARS,
                            autofocus=True,
                            elem_id="bl-question",
                        )
                        ask = gr.Button("Ask", variant="primary", elem_id="bl-ask")
                    with gr.Row(elem_id="bl-examples", visible=bool(examples)):
                        chips = [gr.Button(text, size="sm") for text in examples]
                    with gr.Accordion("Filters and model", open=False, elem_id="bl-filters"):
                        with gr.Row():
                            outlets = gr.Dropdown(
                                [], multiselect=True, label="Outlets", info="All, unless you choose some"
                            )
                            first = gr.Textbox(
                                label="Published from", info="This day or later", placeholder="YYYY-MM-DD"
                            )
                            last = gr.Textbox(
                                label="Published to", info="This day or earlier", placeholder="YYYY-MM-DD"
                            )
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
                            anew = gr.Button("New conversation", size="sm", visible=False)
                    sources_pane = gr.HTML(html_template=_SOURCES, elem_id="bl-sources", **pane)
            with gr.Tab("Check a draft", id="check"):
                with gr.Column(elem_id="bl-drafting"):
                    draft = gr.Textbox(
                        label="Your draft",
                        placeholder="Paste your text: each sentence is compared with the articles.",
                        lines=6,
                        max_lines=16,
                        max_length=MAX_DRAFT_CHARS,
                        elem_id="bl-draft",
                    )
                    check_it = gr.Button("Check", variant="primary", elem_id="bl-check")
                findings = gr.HTML(
                    html_template=_FINDINGS, elem_id="bl-findings", **{**pane, "value": drafts.waiting()}
                )
            with gr.Tab("Add articles", id="add", visible=can_add) as adding:
                files = gr.File(
                    file_count="multiple", label="Articles", show_label=False, height=150, elem_id="bl-files"
                )
                added = gr.HTML(html_template=_ADDED, elem_id="bl-added", **{**frame, "value": uploads.offer()})
        whole = gr.HTML(html_template=_WHOLE, elem_id="bl-whole", **pane)

        opening = [masthead, outlets, answer_pane, sources_pane, held, tabs, adding]
        page.load(open_page, outputs=opening, **quiet)
        page.load(offer_models, outputs=[model], **quiet)  # apart: it may have to wait for a server
        # What the buttons within a pane do, page.js tells as an event of the pane: retry, stop, select.
        asked = [question.submit, ask.click, first.submit, last.submit, as_of.submit, answer_pane.retry]
        answering = gr.on(
            [*asked, *(chip.click for chip in chips)],
            answer,
            inputs=[question, outlets, first, last, as_of, model, unsupported, held, talk, now],
            outputs=[question, answer_pane, sources_pane, earlier, talk, now, anew],
            # A question asked while another is being answered waits for it; of several, the last one is asked.
            trigger_mode="always_last",
            **quiet,
        )
        answer_pane.stop(
            stop, inputs=[now], outputs=[answer_pane, sources_pane], cancels=[answering], queue=False, **quiet
        )
        anew.click(
            begin_anew,
            inputs=[held],
            outputs=[question, answer_pane, sources_pane, earlier, talk, now, anew],
            cancels=[answering],
            **quiet,
        )
        checking = gr.on(
            [check_it.click, draft.submit],
            check,
            inputs=[draft],
            outputs=[findings, checked],
            trigger_mode="always_last",
            **quiet,
        )
        findings.stop(stop_check, inputs=[draft, checked], outputs=[findings], cancels=[checking], queue=False, **quiet)
        files.upload(
            add, inputs=[files, talk, now], outputs=[added, files, masthead, outlets, held, answer_pane], **quiet
        )
        gr.on(
            [answer_pane.select, sources_pane.select, findings.select],
            show_whole,
            inputs=[talk, now, checked],
            outputs=[whole],
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

    can_add = is_local(host) or access.users is not None

    async def launch() -> tuple["gr.Blocks", str]:
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
