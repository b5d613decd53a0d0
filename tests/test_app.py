"""`ui.app`: the page is built over a library's public methods, served on loopback, and callable by programs."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from rag import record
from rag.answers import records
from rag.errors import BylineError
from rag.types import Answer, Article, Checked, CheckedSentence, Claim, IngestReport, Json
from tests.test_view import a_citation, a_claim, a_hit, an_answer, an_article
from ui import app, cards, markup, panes, server, view
from ui.access import Access

pytestmark = pytest.mark.filterwarnings("ignore::Warning:gradio.queueing")  # its use of pandas

ROOT = Path(__file__).parent.parent


class FakeLibrary:
    """What `rag.Library` offers the page, with answers given beforehand and a history of what was asked."""

    def __init__(self, *answers: Answer | Exception, articles: list[Article] | None = None) -> None:
        self.path = Path("/my news/library")
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.findings: list[CheckedSentence | Exception] = []
        self._answers = list(answers)
        self._articles = [an_article()] if articles is None else articles

    def overview(self) -> Json:
        dates = sorted(article.published for article in self._articles if article.published)
        return {
            "articles": len(self._articles),
            "outlets": {article.outlet: 1 for article in self._articles if article.outlet},
            "first": dates[0] if dates else None,
            "last": dates[-1] if dates else None,
            "undated": len(self._articles) - len(dates),
        }

    def articles(self, ids: Iterable[str] | None = None) -> list[Article]:
        known = {article.id: article for article in self._articles}
        return list(known.values()) if ids is None else [known[i] for i in ids if i in known]

    def models(self) -> list[Json]:
        return [{"name": "extractive", "usable": True, "why": "built in", "mend": ""}]

    def example_questions(self, given: Sequence[str] = (), n: int = 4) -> list[str]:
        return list(given)

    def record(self, answer: Answer) -> Json:
        return records.make_record(answer, embedder="none", indexed_as="none")

    def ask(self, question: str, *, stream: Literal[True], **options: Any) -> Iterator[Claim | Answer]:
        self.asked.append((question, options))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        yield from answer.claims
        yield answer

    def check(self, text: str, *, stream: Literal[True]) -> Iterator[CheckedSentence | Checked]:
        for finding in self.findings:
            if isinstance(finding, Exception):
                raise finding
            yield finding

    def ingest(self, paths: Sequence[str | Path], *, progress: Any = None, stop: Any = None) -> IngestReport:
        raise AssertionError("nothing is added here")


EXAMPLES = ["Who asked?", "<b>Why?</b>"]
ANSWER = an_answer(a_claim(a_citation()))
NOTHING_SET = {"outlets": [], "published_from": "", "published_to": "  ", "as_of": ""}


# -- what the panes show ------------------------------------------------------------------------------------------


def both(
    library: FakeLibrary, question: str, given: Json = NOTHING_SET, talk: tuple[Answer, ...] = (), **options: Any
) -> tuple[str, str]:
    """Both panes at the end."""
    *_, (answer, sources, _) = panes.answering(library, question, given, options, talk)
    return answer, sources


def test_the_panes_show_the_answer_and_its_sources():
    library = FakeLibrary(ANSWER)
    answer, sources = both(library, "When?")
    copied = record.markdown(ANSWER)
    stamps = r"Saved [\d:T+-]+|&quot;(?:saved_at|digest)&quot;: &quot;[^&]*&quot;"
    files = panes.exports(library, ANSWER, copied)
    expected = view.answer_pane(ANSWER, copied=copied, files=files)
    assert re.sub(stamps, "", answer) == re.sub(stamps, "", expected)
    assert sources == cards.sources_pane(ANSWER)
    assert library.asked == [("When?", {"history": ()})]
    assert list(files) == [
        *("byline-record.html", "byline-record.json", "byline-answer.md", "byline-sources.bib", "byline-sources.json")
    ]
    assert json.loads(files["byline-record.json"][1])["answer"]["question"] == ANSWER.question


def test_the_panes_grow_with_each_sentence_that_is_checked():
    second = a_claim(a_citation("Repairs cost 4 million.", marker=2), text="It costs 4 million.")
    answer = an_answer(a_claim(), second)
    shown = list(panes.answering(FakeLibrary(answer), "When?", NOTHING_SET, {}, ()))
    assert [event for _, _, event in shown] == [*answer.claims, answer]
    assert shown[0][:2] == (view.writing("When?", answer.claims[:1], {}), cards.source_cards(answer.claims[:1]))
    assert shown[1][:2] == (view.writing("When?", answer.claims, {}), cards.source_cards(answer.claims))


def test_the_conversation_and_the_choices_reach_the_library():
    library = FakeLibrary(ANSWER)
    both(library, "And why?", talk=(ANSWER,), model="openai:tiny", show_unsupported=True, understand=False)
    options = {"model": "openai:tiny", "show_unsupported": True, "understand": False}
    assert library.asked == [("And why?", {"history": (ANSWER,), **options})]


def test_what_can_be_copied_is_the_answer_with_its_sources():
    text = record.markdown(ANSWER)
    assert text.startswith("# When does the bridge reopen?\n")
    assert "[1] The Courier, 29 April 2024: *Bridge to Reopen*." in text
    assert "> The bridge reopens in May, the mayor said." in text
    assert "byline-record" not in text


@pytest.mark.parametrize("model", ["gguf:/etc/passwd", "openai:", "openai:a b", "http://x", "st:all"])
def test_a_model_that_was_not_offered_cannot_be_chosen(model):
    library = FakeLibrary()
    assert "cannot be chosen here" in both(library, "When?", model=model)[0]
    assert not library.asked


def test_the_models_that_are_offered_begin_with_the_default(monkeypatch):
    assert panes.models(FakeLibrary()) == ["extractive"]
    monkeypatch.setenv("BYLINE_MODEL", "gguf:/models/small.gguf")
    assert panes.models(FakeLibrary()) == ["gguf:/models/small.gguf", "extractive"]
    assert panes.checked_model(FakeLibrary(), " gguf:/models/small.gguf ") == "gguf:/models/small.gguf"

    class Telling(FakeLibrary):
        def models(self) -> list[Json]:
            names = {"extractive": True, "gguf:PATH": True, "openai:llama": True, "anthropic:NAME": False}
            return [{"name": name, "usable": usable} for name, usable in names.items()]

    assert panes.models(Telling()) == ["gguf:/models/small.gguf", "extractive", "openai:llama"]


def test_filters_reach_the_library_and_are_shown():
    library = FakeLibrary(ANSWER)
    limits = {"outlets": ["The Courier"], "published_from": " 2024-04 ", "published_to": "", "as_of": "2024-05-01"}
    answer, _ = both(library, "When?", limits)
    assert library.asked[0][1] == {
        "outlets": ["The Courier"],
        "published_from": "2024-04",
        "as_of": "2024-05-01",
        "history": (),
    }
    assert "Only articles of The Courier, from 2024-04, as of 2024-05-01" in answer


@pytest.mark.parametrize("question", ["", "  \n "])
def test_an_empty_question_is_not_asked(question):
    library = FakeLibrary()
    answer, _ = both(library, question)
    assert "Type a question first." in answer
    assert not library.asked


def test_an_empty_library_says_how_to_fill_it():
    library = FakeLibrary(an_answer(notes=("Nothing here.",)), articles=[])
    answer, _ = both(library, "When?")
    assert "byline ingest PATH" in answer


def test_an_abstention_of_a_filled_library_is_shown_as_one():
    answer, _ = both(FakeLibrary(an_answer(notes=("Nothing there.",))), "When?")
    assert "Not in these articles" in answer
    assert "Nothing there." in answer


def test_an_error_of_the_library_is_one_sentence_on_the_page():
    answer, sources = both(FakeLibrary(BylineError("as_of is <b>: write a date.")), "When?")
    assert "as_of is &lt;b&gt;: write a date." in answer
    assert sources == cards.no_sources()


def test_a_fault_of_the_program_goes_to_the_log_and_not_to_the_page(caplog):
    answer, sources = both(FakeLibrary(ZeroDivisionError("secret detail")), "When?")
    assert (answer, sources) == (markup.unexpected(), cards.no_sources())
    assert "secret detail" not in answer
    assert "secret detail" in caplog.text


def test_a_library_that_cannot_be_read_is_told_when_the_page_opens(monkeypatch):
    library = FakeLibrary()
    monkeypatch.setattr(library, "overview", lambda: (_ for _ in ()).throw(BylineError("The library is damaged.")))
    assert panes.opened(library) == ("", [], markup.failure("The library is damaged."), 0)
    monkeypatch.setattr(library, "overview", lambda: 1 / 0)
    assert panes.opened(library) == ("", [], markup.unexpected(), 0)


def test_an_article_is_opened_where_it_was_cited():
    html = panes.whole("source-1", [an_answer(), ANSWER], [], ())
    assert html == cards.whole_article(*cards.places_of(ANSWER)["source-1"])
    assert panes.whole("source-1", [], ANSWER.claims, ()) == html  # while the answer is being written
    for place in ("source-2", "", "../../etc/passwd"):
        assert "no longer on the page" in panes.whole(place, [ANSWER], [], ())


# -- the page -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def library() -> FakeLibrary:
    return FakeLibrary()


@pytest.fixture(scope="module")
def url(library: FakeLibrary) -> Iterator[str]:
    with app.served(library, port=0, examples=["When?"]) as address:
        yield address


def test_programs_get_the_json_of_an_answer(library, url):
    from gradio_client import Client

    answer = an_answer(a_claim(a_citation()), hits=(a_hit(an_article(), 40, 60),))
    library._answers.append(answer)
    client = Client(url, verbose=False)
    try:
        history = ["Who asked?", json.dumps(answer.to_dict())]
        text = client.predict("When?", k=3, outlets=["The Courier"], history=history, api_name="/ask")
    finally:
        client.close()
    assert json.loads(text) == answer.to_dict()
    question, options = library.asked[-1]
    assert question == "When?"
    assert {name: value for name, value in options.items() if value is not None} == {
        "k": 3,
        "outlets": ["The Courier"],
        "show_unsupported": False,
        "history": ["Who asked?", answer.to_dict()],
        "understand": True,
    }


def test_programs_get_the_sentence_of_an_error(library, url):
    from gradio_client import Client

    library._answers.append(BylineError("as_of is 'x', which is no date."))
    client = Client(url, verbose=False)
    try:
        with pytest.raises(Exception, match="as_of is 'x', which is no date"):
            client.predict("When?", as_of="x", api_name="/ask")
    finally:
        client.close()


def test_ask_is_the_only_public_endpoint(url):
    info = httpx.get(f"{url}gradio_api/info").json()
    assert list(info["named_endpoints"]) == ["/ask"]
    assert not info["unnamed_endpoints"]


def test_the_page_forbids_everything_from_elsewhere(url):
    response = httpx.get(url)
    policy = response.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert response.headers["referrer-policy"] == "no-referrer"
    assert "<title>Byline</title>" in response.text or '"title":"Byline"' in response.text


def test_no_file_of_the_machine_is_served(url):
    assert httpx.get(f"{url}gradio_api/file={ROOT / 'pyproject.toml'}").status_code in (403, 404)
    assert httpx.get(f"{url}docs").status_code == 404


FILES = {"files": ("a.txt", b"more than a byte")}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),  # a program
        ({"origin": "OWN", "sec-fetch-site": "same-origin"}, 200),
        ({"origin": "OWN"}, 200),
        ({"origin": "https://evil.example", "sec-fetch-site": "cross-site"}, 403),
        ({"origin": "http://127.0.0.1:1", "sec-fetch-site": "same-site"}, 403),  # another server of this machine
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
    ],
)
def test_a_page_of_another_site_can_send_nothing(url, headers, status):
    headers = {name: url.rstrip("/") if value == "OWN" else value for name, value in headers.items()}
    assert httpx.post(f"{url}gradio_api/upload", files=FILES, headers=headers).status_code == status


def test_a_page_for_other_machines_takes_no_files():
    with app.served(FakeLibrary(), host="0.0.0.0", port=0, access=Access(is_open=True)) as address:
        local = re.sub("//[^:/]*", "//127.0.0.1", address)
        assert httpx.post(f"{local}gradio_api/upload", files=FILES).status_code == 403
        config = httpx.get(f"{local}config").json()
    tabs = {c["props"]["label"]: c["props"]["visible"] for c in config["components"] if c["type"] == "tabitem"}
    for_all = dict.fromkeys(("Ask", "Library", "Check a draft", "Models"), True)
    assert tabs == for_all | {"Add articles": False, "Evaluate": False}


def test_a_page_of_this_machine_answers_under_no_other_name(url):
    assert httpx.get(url, headers={"host": "localhost:1"}).status_code == 200
    assert httpx.get(url, headers={"host": "evil.example"}).status_code == 400


def test_analytics_are_off(url):
    import gradio

    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"
    assert not gradio.analytics.analytics_enabled()


def test_build_gives_the_page_without_serving_it():
    import gradio

    async def build() -> Any:  # Gradio makes event loops and leaves them open where none is running
        return app.build(FakeLibrary(), examples=EXAMPLES)

    page = asyncio.run(build())
    buttons = [block.value for block in page.blocks.values() if isinstance(block, gradio.Button)]
    assert buttons[:6] == ["Ask", "New conversation", "Save", "Check", "Add the sample articles", "Add this text"]
    assert buttons[6:] == ["Use this key", "Run the built-in questions"]


# -- serving ------------------------------------------------------------------------------------------------------


def test_a_taken_port_is_an_error_that_says_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BylineError, match=rf"^Port {port} on 127\.0\.0\.1 is in use; choose another"):
            app.serve(FakeLibrary(), port=port)


def test_without_a_port_the_next_free_one_is_taken(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(server, "FIRST_PORT", port)
        monkeypatch.setattr(server, "LAST_PORT", port + 20)
        assert port < server.free_port("127.0.0.1", None) <= port + 20
        monkeypatch.setattr(server, "LAST_PORT", port)
        with pytest.raises(BylineError, match="are in use"):
            server.free_port("127.0.0.1", None)


@pytest.mark.parametrize(
    ("host", "port", "sentence"),
    [
        ("127.0.0.1", 70_000, "There is no port 70000"),
        ("127.0.0.1", -1, "There is no port -1"),
        ("192.0.2.1", 8000, "cannot be served on '192.0.2.1'"),  # an address kept for documentation (RFC 5737)
        ("no host", 8000, "The host 'no host' cannot be found"),
    ],
)
def test_a_host_or_port_that_cannot_be_is_an_error_that_says_what_to_do(host, port, sentence):
    with pytest.raises(BylineError, match=sentence):
        app.serve(FakeLibrary(), host=host, port=port)


def test_serving_tells_its_address_and_ends_when_interrupted(tmp_path):
    """In a process of its own, as `byline ui` runs it, with a proxy set that must not be asked for the own address."""
    script = (
        "from tests.test_app import FakeLibrary\nfrom ui.app import serve\n"
        "serve(FakeLibrary(), port=0, on_ready=lambda url: print(url, flush=True))\nprint('ended')\n"
    )
    environment = {
        **os.environ,
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        "PYTHONPATH": str(ROOT),
    }
    environment.pop("NO_PROXY", None)
    environment.pop("no_proxy", None)
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A job that a shell runs in the background is deaf to Ctrl-C, and so would its children be.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    killer = threading.Timer(120, process.kill)
    killer.start()
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), process.communicate()[1]
        assert httpx.get(url, trust_env=False).status_code == 200
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        killer.cancel()
        process.kill()
    assert (out, err, process.returncode) == ("ended\n", "", 0)
    assert not list(tmp_path.iterdir())


def test_nothing_heavy_is_imported_before_the_page_is_built():
    code = "import sys, ui.app; sys.exit(any(m.split('.')[0] in ('gradio', 'torch', 'pandas') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
