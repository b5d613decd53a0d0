"""`ui.api` over real HTTP, as programs use it: what it answers with, its errors, and many at once."""

from __future__ import annotations

import json
import re
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from rag import Library
from rag.errors import BylineError
from rag.types import Answer, Claim, Hits
from tests.test_app import FakeLibrary
from tests.test_view import a_citation, a_claim, an_answer
from ui import app, programs, requests, schema

pytestmark = pytest.mark.filterwarnings("ignore::Warning:gradio.queueing")

QUESTION = "How many hostages would be released in the first phase?"
PATIENCE_S = 120


@pytest.fixture(scope="module")
def own(sample_original: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The sample articles, in a library that these tests may change."""
    folder = tmp_path_factory.mktemp("api") / "library"
    shutil.copytree(sample_original, folder)
    with Library.open(folder) as library:
        yield library


@pytest.fixture(scope="module")
def client(own: Library) -> Iterator[httpx.Client]:
    with app.served(own, port=0) as url, httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
        yield client


def events_of(text: str) -> list[tuple[str, Any]]:
    """Name and data of server-sent events."""
    found = re.findall(r"event: (\w+)\ndata: (.*)\n\n", text)
    assert "".join(f"event: {name}\ndata: {data}\n\n" for name, data in found) == text
    return [(name, json.loads(data)) for name, data in found]


def timeless(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "elapsed_s"}


# -- answers ----------------------------------------------------------------------------------------------------------


def test_ask_gives_the_answer_as_the_command_line_does(client, own):
    response = client.post("/api/ask", json={"question": QUESTION, "k": 5, "outlets": ["Bloomberg"]})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert timeless(response.json()) == timeless(own.ask(QUESTION, k=5, outlets=["Bloomberg"]).to_dict())
    schema.Answer.model_validate(response.json(), strict=True)


def test_a_citation_can_be_found_in_the_text_of_its_article(client):
    answer = client.post("/api/ask", json={"question": QUESTION}).json()
    cited = [citation for claim in answer["claims"] for citation in claim["citations"]]
    assert cited
    for citation in cited:
        article = client.get(f"/api/articles/{citation['article']['id']}").json()
        assert article["text"][citation["start"] : citation["end"]] == citation["quote"]
        schema.ArticleWithText.model_validate(article)


@pytest.mark.parametrize(("more", "accept"), [({"stream": True}, "*/*"), ({}, "text/event-stream")])
def test_an_answer_is_streamed_claim_by_claim(client, more, accept):
    response = client.post("/api/ask", json={"question": QUESTION, **more}, headers={"accept": accept})
    assert response.headers["content-type"].startswith("text/event-stream")
    *claims, (last, answer) = events_of(response.text)
    assert [name for name, _ in claims] == ["claim"] * len(answer["claims"])
    assert [claim for _, claim in claims] == answer["claims"]
    assert last == "answer"


def test_a_conversation_completes_a_question(client):
    answer = client.post("/api/ask", json={"question": "Who asked Biden for help?"}).json()
    for history in ([answer], ["Who asked Biden for help?"]):
        follow_up = client.post("/api/ask", json={"question": "And when did he?", "history": history}).json()
        assert "Biden" in follow_up["understood"]["question"]


def test_search_finds_passages(client, own):
    found = client.post("/api/search", json={"question": "hostage release", "k": 3}).json()
    assert [hit["passage"]["id"] for hit in found["hits"]] == [
        hit.passage.id for hit in own.retrieve("hostage release", k=3)
    ]
    schema.Found.model_validate(found, strict=True)


def test_a_timeline_has_dated_events(client):
    document = client.post("/api/timeline", json={"question": "the court's warrants"}).json()
    assert document["events"]
    days = [event["date"].ljust(10, "~") for event in document["events"]]  # a month comes after its days
    assert days == sorted(days)
    schema.Timeline.model_validate(document, strict=True)


def test_a_draft_is_checked_whole_and_sentence_by_sentence(client):
    draft = "Israel would settle for 33 hostages. The moon is made of cheese."
    whole = client.post("/api/check", json={"text": draft}).json()
    texts = ["Israel would settle for 33 hostages.", "The moon is made of cheese."]
    assert [draft[one["start"] : one["end"]] for one in whole["sentences"]] == texts
    schema.Checked.model_validate(whole, strict=True)
    *sentences, (last, again) = events_of(client.post("/api/check", json={"text": draft, "stream": True}).text)
    assert [sentence for _, sentence in sentences] == again["sentences"] == whole["sentences"]
    assert last == "checked"


def test_articles_are_listed_by_the_page(client, own):
    seen = []
    for page in (1, 2, 3, 4):
        document = client.get("/api/articles", params={"page": page, "per_page": 2}).json()
        schema.Articles.model_validate(document, strict=True)
        assert document["pages"] == -(-document["total"] // 2)
        seen += document["articles"]
    assert len(seen) == document["total"] == len(own.articles())
    assert sorted(one["id"] for one in seen) == sorted(article.id for article in own.articles())
    dates = [one["published"] or "" for one in seen]
    assert [date[:4] for date in dates] == sorted((date[:4] for date in dates), reverse=True)
    some = client.get("/api/articles", params={"outlet": "bloomberg", "words": "hostages", "published_to": "2024-05"})
    assert {one["outlet"] for one in some.json()["articles"]} == {"Bloomberg"}
    assert client.get("/api/articles", params={"words": "zebra"}).json()["total"] == 0


def test_status_counts(client, own):
    status = client.get("/api/status").json()
    assert status["articles"] == own.status()["articles"]
    assert status["library"] == str(own.path)
    schema.Status.model_validate(status)


def test_files_are_taken_in_and_can_be_asked(client, own):
    files = [
        ("files", ("../../ferry.txt", b"The ferry Marigold ran aground off Zebb Island, the captain said.")),
        ("files", ("empty.txt", b"")),
    ]
    report = client.post("/api/ingest", files=files).json()
    schema.Report.model_validate(report)
    assert (report["added"], [failure["path"] for failure in report["failed"]]) == (1, ["empty.txt"])
    (path,) = [Path(article.path) for article in own.articles() if "ferry" in article.path]
    assert path.is_relative_to(own.path / "uploads")
    assert "Marigold" in client.post("/api/ask", json={"question": "Which ferry ran aground?"}).json()["text"]
    assert client.post("/api/ingest", files=files[:1]).json()["unchanged"] == 1
    own.remove([str(path)])


# -- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("ask", {"question": " "}, 400, "the question is empty: ask something"),
        ("ask", {"question": "x", "as_of": "soon"}, 400, "as_of is 'soon', which is no date: write YYYY-MM-DD"),
        ("ask", {"question": "x", "model": "gguf:/etc/passwd"}, 400, "the model 'gguf:/etc/passwd' cannot be chosen"),
        ("ask", {"question": "x", "history": [{"a": 1}]}, 400, "history holds \"{'a': 1}\": give earlier questions"),
        ("check", {"text": "\n"}, 400, "the text to check is empty"),
        ("ask", {}, 422, "question is missing: /api/openapi.json"),
        ("ask", {"question": "x", "K": 3}, 422, "there is no field 'K': /api/openapi.json"),
        ("ask", {"question": 7}, 422, "question is '7': it should be a valid string."),
        ("search", {"question": "x", "k": "8"}, 422, "k is '8': it should be a valid integer."),
        ("search", {"question": "x", "k": True}, 422, "k is 'True': it should be a valid integer."),
        ("search", {"question": "x", "k": 10**9}, 422, "k is '1000000000': it should be less than or equal to 50."),
        ("search", {"question": "x", "outlets": "BBC"}, 422, "outlets is 'BBC': it should be a valid list."),
        ("ask", {"question": "x" * 10_001}, 422, "question is 'xxx"),
        ("check", {"text": "x" * 60_001}, 422, "text is 'xxx"),
        ("ask", ["question"], 422, "the body is no JSON object"),
    ],
)
def test_an_error_is_one_sentence_with_its_status(client, path, body, status, sentence):
    for more in ({}, {"stream": True}) if isinstance(body, dict) and path in ("ask", "check") else ({},):
        response = client.post(f"/api/{path}", json={**body, **more} if isinstance(body, dict) else body)
        assert (response.status_code, list(response.json())) == (status, ["error"])
        assert response.json()["error"].startswith(sentence)
        assert response.json()["error"].endswith(".")
        assert "\n" not in response.json()["error"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/articles/nosuchid", 404),
        ("GET", f"/api/articles/{'x' * 5000}", 400),
        ("GET", "/api/articles/%00", 404),
        ("GET", "/api/articles/%25", 404),
        ("GET", "/api/articles/..%2F..%2Fetc%2Fpasswd", 404),
        ("GET", "/api/articles?page=0", 422),
        ("GET", "/api/articles?per_page=100000", 422),
        ("GET", "/api/articles?pages=1", 422),
        ("GET", "/api/articles?as_of=soon", 400),
        ("GET", "/api/nothing", 404),
        ("GET", "/api/", 404),
        ("GET", "/api/ask", 405),
        ("DELETE", "/api/articles", 405),
        ("POST", "/api/ingest", 422),
    ],
)
def test_what_is_not_there_is_an_error_too(client, method, path, status):
    response = client.request(method, path)
    assert (response.status_code, list(response.json())) == (status, ["error"]), response.text


@pytest.mark.parametrize("body", [b"{", b"", b"\xff", b'{"question": "a"', b"[" * 100_000, b'{"question": NaN}'])
def test_what_is_no_json_is_refused(client, body):
    response = client.post("/api/ask", content=body, headers={"content-type": "application/json"})
    assert response.status_code in (400, 422)
    assert list(response.json()) == ["error"]


def test_nasty_text_does_no_harm(client):
    nasty = ["\ud800", "a\x00b", "' OR 1=1 --", '") OR "a', "*" * 50, "\u202eevil", "NEAR(a b)", "🦭" * 100]
    for text in nasty:
        body = json.dumps({"question": text, "outlets": [text], "history": [text, {"question": text, "claims": []}]})
        response = client.post("/api/ask", content=body, headers={"content-type": "application/json"})
        assert response.status_code == 200, (text, response.text)
        assert client.get("/api/articles", params={"words": text.replace("\ud800", "?")}).status_code == 200


def test_an_object_in_too_many_others_is_refused(client):
    deep: Any = "x"
    for _ in range(300):
        deep = [deep]
    response = client.post("/api/ask", json={"question": "x", "history": [{"question": deep}]})
    assert response.status_code == 422
    assert response.json()["error"]


def test_a_body_that_is_too_large_is_refused_before_it_is_read(client, monkeypatch):
    text = json.dumps({"question": "x" * programs.MOST_BYTES})
    headers = {"content-type": "application/json"}
    told = client.post("/api/ask", content=text, headers=headers)
    untold = client.post("/api/ask", content=iter([text.encode()]), headers=headers)  # in chunks, without a length
    for response in (told, untold, client.post("/mcp", content=text, headers=headers)):
        assert (response.status_code, response.json()) == (
            413,
            {"error": "the body has more than 4 MB: send less at once."},
        )
    monkeypatch.setattr("ui.uploads.MOST_BYTES", 2**20)
    files = {"files": ("a.txt", b"x" * 2**21)}
    assert client.post("/api/ingest", files=files).status_code == 413


@pytest.mark.parametrize("path", ["/api/status", "/api/articles", "/v1/models", "/api/openapi.json", "/mcp"])
def test_pages_of_other_sites_read_nothing(client, path):
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:3000"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        assert client.get(path, headers=headers).status_code == 403
    assert client.get(path, headers={"host": "evil.example"}).status_code == 400
    assert client.post("/api/search", json={}, headers={"origin": "https://evil.example"}).status_code == 403


def test_the_page_itself_may_ask(client):
    own_page = {"origin": str(client.base_url).rstrip("/"), "sec-fetch-site": "same-origin"}
    assert client.get("/api/status", headers=own_page).status_code == 200


def test_the_description_names_all_that_there_is(client):
    described = client.get("/api/openapi.json").json()
    assert described["openapi"].startswith("3.")
    assert set(described["paths"]) == {
        *("/api/ask", "/api/search", "/api/check", "/api/timeline", "/api/articles", "/api/articles/{id}"),
        *("/api/status", "/api/ingest", "/v1/models", "/v1/models/{name}", "/v1/chat/completions"),
    }
    ask = described["paths"]["/api/ask"]["post"]
    assert set(ask["responses"]) == {"200", "400", "422", "500", "503"}
    assert set(requests.Ask.model_fields) == set(described["components"]["schemas"]["Ask"]["properties"])


# -- many at once -----------------------------------------------------------------------------------------------------


class Slow(FakeLibrary):
    """Answers once so many ask at the same time, or when it is let go; each with the words of its own question."""

    def __init__(self, together: int) -> None:
        super().__init__()
        self.together = threading.Barrier(together)
        self.go = threading.Event()
        self.ended = threading.Event()

    def ask(self, question: str, *, stream: Literal[True], **options: Any) -> Iterator[Claim | Answer]:
        claim = a_claim(a_citation(), text=question)
        if question == "broken":
            raise RuntimeError("secret")
        if question == "wrong":
            yield claim
            raise BylineError("the model broke off.")
        if question == "fault":
            yield claim
            raise RuntimeError("secret")
        try:
            if question == "endless":
                while True:
                    yield claim
                    time.sleep(0.05)
            self.together.wait(PATIENCE_S)
            yield claim
            assert self.go.wait(PATIENCE_S)
            yield an_answer(claim, question=question)
        finally:
            self.ended.set()

    def retrieve(self, question: str, **options: Any) -> Hits:
        return Hits([])


@pytest.fixture
def slow() -> Iterator[tuple[Slow, httpx.Client]]:
    library = Slow(10)
    limits = httpx.Limits(max_connections=50)
    with app.served(library, port=0) as url, httpx.Client(base_url=url, timeout=PATIENCE_S, limits=limits) as client:
        yield library, client
        library.go.set()


def test_ten_at_once_each_get_their_own_answer_and_a_search_waits_for_none(slow):
    library, client = slow

    def ask(number: int) -> str:
        body = {"question": f"number {number}?", "model": "openai:slow", "stream": number % 2 == 0}
        text = client.post("/api/ask", json=body).text
        return str((events_of(text)[-1][1] if body["stream"] else json.loads(text))["claims"][0]["text"])

    with ThreadPoolExecutor(10) as threads:
        asked = [threads.submit(ask, number) for number in range(10)]
        assert client.post("/api/search", json={"question": "quick"}).status_code == 200
        assert not any(answer.done() for answer in asked)
        library.go.set()
        assert [answer.result(PATIENCE_S) for answer in asked] == [f"number {n}?" for n in range(10)]


def test_a_fault_of_the_program_is_logged_and_not_told(slow, caplog):
    _, client = slow
    response = client.post("/api/ask", json={"question": "broken"})
    assert (response.status_code, "secret" in response.text) == (500, False)
    assert response.json() == {"error": "something went wrong in Byline itself; its log has the details."}
    assert "secret" in caplog.text


def test_a_damaged_library_is_one_sentence_and_its_file(ferry: Library) -> None:
    """503: neither a fault of the program nor of who asks."""
    with Library.open(ferry.path) as library:
        library.store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ferry.close()
    file = ferry.path / "byline.sqlite3"
    data = bytearray(file.read_bytes())
    start, end = len(data) // 5, 7 * len(data) // 10
    data[start:end] = b"\xa5" * (end - start)
    file.write_bytes(data)
    with Library.open(ferry.path) as library, app.served(library, port=0) as url:
        for method, path, body in (
            ("POST", "api/ask", {"question": "Where was fog?"}),
            ("POST", "api/search", {"question": "fog"}),
            ("GET", "api/articles", None),
        ):
            told = httpx.request(method, url + path, json=body, timeout=PATIENCE_S)
            assert (told.status_code, told.json()["error"].count("\n")) == (503, 0), told.text
            assert f"the library file {file} cannot be opened" in told.json()["error"]
            assert told.json()["error"].endswith("restore it from a copy, or remove it and ingest the articles again.")


def test_a_stream_that_breaks_off_ends_with_its_error(slow):
    _, client = slow
    *_, last = events_of(client.post("/api/ask", json={"question": "wrong", "stream": True}).text)
    assert last == ("error", {"error": "the model broke off."})
    *_, last = events_of(client.post("/api/ask", json={"question": "fault", "stream": True}).text)
    assert last == ("error", {"error": "something went wrong in Byline itself; its log has the details."})
    assert client.post("/api/ask", json={"question": "wrong"}).json() == {"error": "the model broke off."}


def test_work_ends_when_nobody_reads_any_more(slow):
    library, client = slow
    with client.stream("POST", "/api/ask", json={"question": "endless", "stream": True}) as response:
        next(response.iter_lines())
    assert library.ended.wait(PATIENCE_S)


def test_one_client_cannot_take_all(slow, monkeypatch):
    library, client = slow
    monkeypatch.setattr(programs, "MOST_OF_ONE", 2)
    library.together = threading.Barrier(2)
    with ThreadPoolExecutor(2) as threads:
        body = {"question": "mine", "model": "openai:slow"}
        asked = [threads.submit(client.post, "/api/ask", json=body) for _ in range(2)]
        deadline = time.monotonic() + PATIENCE_S
        while (refused := client.get("/api/articles?pages=1")).status_code != 429 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "5"
        assert refused.json()["error"].startswith("2 requests are being answered")
        library.go.set()
        assert [answer.result(PATIENCE_S).status_code for answer in asked] == [200, 200]
