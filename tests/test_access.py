"""`ui.users` and `ui.access`: who gets in, what they may do there, and what is said where nobody should."""

from __future__ import annotations

import base64
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from rag import Library
from rag.errors import BylineError, LibraryError
from rag.filters import Filters
from rag.types import CheckedSentence, Hits
from tests.test_app import FakeLibrary
from tests.test_cli import byline
from tests.test_view import a_citation, a_claim, an_answer
from ui import access, app, cards, drafts, panes, shelf, users, view
from ui.access import Access, is_local
from ui.users import LockedOut, Users, add_user, fits, hash_password, read_users

pytestmark = pytest.mark.filterwarnings("ignore::Warning:gradio.queueing")

PASSWORD = "a ferry at noon"
OTHER = "correct horse ß 🦭"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "_COST", (2**10, 8, 1))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two users: ann, who edits, and bob, who reads."""
    path = tmp_path / "users.txt"
    add_user(path, "ann", "editor", PASSWORD)
    add_user(path, "bob", "reader", OTHER)
    return path


# -- passwords and their file -------------------------------------------------------------------------------------


def test_a_password_fits_what_was_made_of_it_and_nothing_else():
    secret = hash_password(OTHER)
    assert fits(OTHER, secret)
    assert not fits(OTHER + " ", secret)
    assert not fits("", secret)
    assert OTHER not in secret
    assert secret != hash_password(OTHER), "each has a salt of its own"


def test_what_is_kept_was_made_by_scrypt_as_the_standard_has_it():
    """A test vector of RFC 7914, section 12, cut to the length that is kept here."""
    digest = bytes.fromhex("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162")
    parts = (base64.b64encode(part).decode() for part in (b"NaCl", digest))
    assert fits("password", "$".join(["scrypt", "1024", "8", "16", *parts])) is True


def test_a_file_of_users_is_for_its_owner_alone(file):
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert PASSWORD not in file.read_text()
    assert {name: user.role for name, user in read_users(file).items()} == {"ann": "editor", "bob": "reader"}
    assert [path.name for path in file.parent.iterdir()] == ["users.txt"]


def test_a_user_that_is_there_is_changed(file):
    assert not add_user(file, "bob", "editor", "another password")
    known = read_users(file)
    assert known["bob"].role == "editor"
    assert fits("another password", known["bob"].secret)
    assert fits(PASSWORD, known["ann"].secret)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "x" * 65, "a\nb", "../etc", "ann\u202e"])
def test_a_name_that_cannot_be_is_refused(file, name):
    with pytest.raises(BylineError, match="can be no name of a user: use"):
        add_user(file, name, "reader", PASSWORD)


@pytest.mark.parametrize("password", ["", "too short", "x" * 257, "two\nlines of it"])
def test_a_password_that_will_not_do_is_refused(file, password):
    with pytest.raises(BylineError, match=r"the password has \d+ characters: choose one of 10 to 256"):
        add_user(file, "eve", "reader", password)


@pytest.mark.parametrize(
    "line",
    [
        "ann",
        "ann:editor",
        "ann:editor:plain text",
        "ann:admin:SECRET",
        "a b:reader:SECRET",
        "ann:reader:md5$1$2$3$AAAA$AAAA",
        "ann:reader:scrypt$1073741824$8$1$AAAA$AAAA",  # a gigabyte for each try
        "ann:reader:scrypt$32768$8$1$AAAA$",
        "ann:reader:SECRET\nann:reader:SECRET",
    ],
)
def test_a_line_that_is_no_user_is_named(tmp_path, line):
    path = tmp_path / "users.txt"
    path.write_text("# the desk\n\n" + line.replace("SECRET", hash_password(PASSWORD)))
    with pytest.raises(BylineError, match=rf"^line [34] of {path} is no user: .*byline ui --add-user NAME --auth"):
        read_users(path)


def test_a_file_without_users_is_told(tmp_path):
    path = tmp_path / "users.txt"
    with pytest.raises(BylineError, match=r"cannot be read \(No such file.*--add-user"):
        read_users(path)
    path.write_text("# nobody yet\n")
    with pytest.raises(BylineError, match="names no user"):
        read_users(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BylineError, match="no text in UTF-8"):
        read_users(path)


# -- signing in -----------------------------------------------------------------------------------------------------


def test_signing_in(file):
    known = Users(file)
    assert known.sign_in("ann", PASSWORD, "::1") == "editor"
    assert known.sign_in("bob", OTHER, "::1") == "reader"
    assert known.sign_in("bob", PASSWORD, "::1") is None
    assert known.sign_in("nobody", PASSWORD, "::1") is None


def test_repeated_failures_lock_out_also_who_is_right_until_time_has_passed(file, monkeypatch):
    known, now = Users(file), [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    for _ in range(5):
        assert known.sign_in("ann", "wrong", "10.0.0.1") is None
    with pytest.raises(LockedOut, match="too many wrong passwords: try again in 300 seconds") as locked:
        known.sign_in("ann", PASSWORD, "10.0.0.1")
    assert locked.value.seconds == 300
    assert known.sign_in("ann", PASSWORD, "10.0.0.2") == "editor", "from elsewhere she is not kept out"
    now[0] += 301
    assert known.sign_in("ann", PASSWORD, "10.0.0.1") == "editor"


def test_many_names_from_one_address_lock_the_address(file):
    known = Users(file)
    for number in range(20):
        known.sign_in(f"user{number}", "wrong", "10.0.0.1")
    with pytest.raises(LockedOut):
        known.sign_in("bob", OTHER, "10.0.0.1")


def test_one_name_from_many_addresses_is_locked(file):
    known = Users(file)
    for number in range(100):
        known.sign_in("bob", "wrong", f"10.0.0.{number}")
    with pytest.raises(LockedOut):
        known.sign_in("bob", OTHER, "10.0.1.1")
    assert known.sign_in("ann", PASSWORD, "10.0.1.1") == "editor"


def test_a_file_that_changes_counts_at_once_and_a_spoilt_one_lets_nobody_in(file):
    known = Users(file)
    assert known.sign_in("bob", OTHER, "::1") == "reader"
    add_user(file, "bob", "editor", "another password")
    assert known.sign_in("bob", OTHER, "::1") is None
    assert known.sign_in("bob", "another password", "::1") == "editor"
    file.write_text("spoilt")
    assert known.sign_in("ann", PASSWORD, "::1") is None


# -- what may be served where ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.0.0.2", True), ("0.0.0.0", False),
     ("::", False), ("192.168.1.5", False), ("news.example", False)],
)  # fmt: skip
def test_what_only_this_machine_can_reach(host, local):
    assert is_local(host) is local


def test_other_machines_come_only_where_that_is_said(file, tmp_path):
    with pytest.raises(BylineError, match=r"other machines can reach 0\.0\.0\.0: give --auth FILE.*or --no-auth"):
        Access().check("0.0.0.0")
    with pytest.raises(BylineError, match="both --auth and --no-auth"):
        Access(users=Users(file), is_open=True).check("0.0.0.0")
    with pytest.raises(BylineError, match="give both, or neither"):
        Access(certfile=file).check("127.0.0.1")
    with pytest.raises(BylineError, match="there is no file"):
        Access(certfile=file, keyfile=tmp_path / "key.pem").check("127.0.0.1")
    with pytest.raises(BylineError, match="must begin with /"):
        Access(root_path="news/").check("127.0.0.1")
    with pytest.raises(BylineError, match="other machines can reach /news of the reverse proxy: give --auth FILE"):
        Access(root_path="/news").check("127.0.0.1")
    Access(root_path="/news", users=Users(file)).check("127.0.0.1")
    Access().check("localhost")
    Access(is_open=True).check("0.0.0.0")
    with pytest.raises(BylineError, match="other machines can reach"), app.served(FakeLibrary(), host="0.0.0.0"):
        pass


def test_what_is_exposed_is_said(file):
    assert Access().exposes("127.0.0.1") == []
    (everybody,) = Access(is_open=True).exposes("0.0.0.0")
    assert everybody.startswith("Everybody who can reach 0.0.0.0 can ask and read every article")
    (everybody,) = Access(is_open=True, root_path="/news").exposes("127.0.0.1")
    assert everybody.startswith("Everybody who can reach /news of the reverse proxy can ask and read every article")
    users_, unencrypted = Access(users=Users(file)).exposes("0.0.0.0")
    assert users_.startswith("2 users may sign in, 1 of them as editor")
    assert "--certfile" in unencrypted
    assert len(Access(users=Users(file), certfile=file, keyfile=file).exposes("0.0.0.0")) == 1


# -- the gate -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    file = tmp_path_factory.mktemp("users") / "users.txt"
    for name, role, password in (("ann", "editor", PASSWORD), ("bob", "reader", OTHER), ("eve", "reader", OTHER)):
        add_user(file, name, role, password)  # type: ignore[arg-type]
    with app.served(FakeLibrary(), port=0, access=Access(users=Users(file))) as url:
        yield url.rstrip("/")


A_FILE = {"files": ("a.txt", b"The harbour closes on Friday.")}
PATHS = ["", "/config", "/gradio_api/info", "/api/status", "/api/openapi.json", "/v1/models", "/mcp", "/favicon.ico"]


def test_nobody_gets_anything_without_a_name(guarded):
    for path in PATHS:
        response = httpx.get(guarded + path)
        assert (response.status_code, response.json()) == (401, {"error": "sign in first."}), path
        assert response.headers["www-authenticate"].startswith("Basic realm=")
    for path in (
        "/api/ask",
        "/api/ingest",
        "/v1/chat/completions",
        "/mcp",
        "/gradio_api/upload",
        "/gradio_api/queue/join",
    ):
        assert httpx.post(guarded + path, json={}).status_code == 401, path


def test_with_a_name_the_page_is_there_under_any_host(guarded):
    assert "Byline" in httpx.get(guarded, auth=("bob", OTHER)).text
    named = httpx.get(guarded, auth=("bob", OTHER), headers={"host": "news.example"})
    assert named.status_code == 200


def test_programs_may_send_name_and_password_as_a_key(guarded):
    assert httpx.get(f"{guarded}/v1/models", headers={"authorization": f"Bearer ann:{PASSWORD}"}).status_code == 200
    for header in ("Bearer ann", "Bearer", "Basic !!!", "Basic YW5u", "Digest x", f"Bearer bob:{PASSWORD}", "\xff"):
        response = httpx.get(f"{guarded}/v1/models", headers={"authorization": header.encode("latin-1")})
        assert response.status_code == 401, header


def test_only_editors_add(guarded):
    files = {"files": ("a.txt", b"The harbour closes on Friday.")}
    for path in ("/api/ingest", "/gradio_api/upload"):
        refused = httpx.post(guarded + path, files=files, auth=("bob", OTHER))
        assert (refused.status_code, refused.json()["error"][:12]) == (403, "only editors")
    assert httpx.post(f"{guarded}/gradio_api/upload", files=files, auth=("ann", PASSWORD)).status_code == 200


def test_a_reader_cannot_have_the_page_add_either(guarded):
    from gradio_client import Client

    client = Client(f"{guarded}/", auth=None, headers=_basic("bob", OTHER), verbose=False)
    try:
        events = client.config["dependencies"]
        # A draft may be opened by anybody; the last of the two adds.
        *_, number = (event["id"] for event in events if any("upload" in target for target in event["targets"]))
    finally:
        client.close()
    data = {"data": [["/etc/hostname"], None, None], "fn_index": number, "session_hash": "abc123"}
    joined = httpx.post(f"{guarded}/gradio_api/queue/join", json=data, auth=("bob", OTHER))
    assert joined.status_code == 200
    with httpx.stream(
        "GET", f"{guarded}/gradio_api/queue/data", params={"session_hash": "abc123"}, auth=("bob", OTHER), timeout=60
    ) as events:
        told = "".join(events.iter_text())
    assert "process_completed" in told
    assert '"success":false' in told.replace(" ", "")


def _basic(name: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def test_who_fails_too_often_is_told_when_to_come_back(guarded):
    for _ in range(5):
        assert httpx.get(f"{guarded}/api/status", auth=("eve", "wrong")).status_code == 401
    locked = httpx.get(f"{guarded}/api/status", auth=("eve", OTHER))
    assert locked.status_code == 429
    assert int(locked.headers["retry-after"]) in (299, 300, 301)
    assert re.fullmatch(r"there were too many wrong passwords: try again in \d+ seconds\.", locked.json()["error"])


def test_pages_of_other_sites_send_nothing_where_people_sign_in(guarded):
    headers = {"origin": "https://evil.example"}
    assert httpx.post(f"{guarded}/api/ask", json={}, auth=("ann", PASSWORD), headers=headers).status_code == 403


def test_where_all_may_read_nobody_adds():
    with app.served(FakeLibrary(), host="0.0.0.0", port=0, access=Access(is_open=True)) as address:
        local = re.sub("//[^:/]*", "//127.0.0.1", address)
        for path in ("api/ingest", "gradio_api/upload"):
            assert httpx.post(local + path, files=A_FILE).status_code == 403
        assert httpx.get(f"{local}v1/models").status_code == 200


def test_readers_see_no_folders_of_the_server(ferry: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Library, "retrieve", lambda self, question, **_: Hits(self._hits(question, 3, Filters())))
    for allowed, path in (
        (Access(root_path="/news", is_open=True), "ferry.md"),
        (Access(), str(tmp_path / "ferry.md")),
    ):
        with app.served(ferry, port=0, access=allowed) as url:
            got = [
                httpx.get(f"{url}api/articles").json()["articles"][0],
                httpx.get(f"{url}api/articles/ferry.md").json(),
                httpx.post(f"{url}api/search", json={"question": "fog"}).json()["hits"][0]["article"],
            ]
            assert [article["path"] for article in got] == [path] * 3
            missing = httpx.get(f"{url}api/articles/~%00")
            assert (missing.status_code, str(tmp_path) in missing.text) == (404, False)


def test_readers_see_the_name_of_a_file_on_the_page_and_editors_its_path(ferry: Library, tmp_path: Path) -> None:
    (article,) = ferry.articles()
    cited = replace(a_citation(), article=article, start=0, end=3, quote="Fog")
    answer = an_answer(replace(a_claim(cited)))
    sentence = CheckedSentence(text="Fog.", start=0, end=4, verdict="supported", support=1.0, citations=(cited,))

    def shown() -> list[str]:
        page = shelf.article_page(article, versions=(), copies=(), can_edit=False)
        files = [text for _, text in panes.exports(ferry, answer, "").values()]
        return [
            cards.whole_article(article, 0, 3),
            cards.source_cards(answer.claims),
            page,
            drafts.markdown([sentence]),
            *files,
        ]

    assert sum(str(tmp_path) in part for part in shown()) >= 4
    reading = access._IS_READER.set(True)
    try:
        parts = shown()
        told = access.told(LibraryError(f"{ferry.path / 'byline.sqlite3'} is damaged.", ferry.path / "byline.sqlite3"))
        welcome = view.welcome(0, ferry.path)
    finally:
        access._IS_READER.reset(reading)
    assert not [part for part in [*parts, welcome, told] if str(tmp_path) in part]
    assert all("ferry.md" in part for part in parts[:4])
    assert told == "byline.sqlite3 is damaged."


def test_behind_a_proxy_and_with_a_certificate(tmp_path):
    certfile, keyfile = _certificate(tmp_path)
    access = Access(certfile=certfile, keyfile=keyfile, root_path="/news", is_open=True)
    with app.served(FakeLibrary(), port=0, access=access) as url:
        assert url.startswith("https://")
        for path in ("v1/models", "news/v1/models"):  # proxies strip the path, or do not
            assert httpx.get(url + path, verify=False).status_code == 200
        headers = {"origin": "https://evil.example"}
        assert httpx.get(f"{url}news/v1/models", verify=False, headers=headers).status_code == 403
        assert httpx.post(f"{url}news/api/ingest", verify=False, files=A_FILE).status_code == 403


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-IP", "Forwarded"])
def test_whom_a_proxy_hands_on_is_no_editor(name: str) -> None:
    with app.served(FakeLibrary(), port=0) as url:
        assert httpx.post(f"{url}api/ingest", files=A_FILE, headers={name: "203.0.113.7"}).status_code == 403
        assert httpx.get(f"{url}v1/models", headers={name: "203.0.113.7"}).status_code == 200


def _certificate(folder: Path) -> tuple[Path, Path]:
    certfile, keyfile = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    try:
        subprocess.run([*command, "-keyout", keyfile, "-out", certfile], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl to make a certificate with")
    return certfile, keyfile


# -- the command line -----------------------------------------------------------------------------------------------


def test_users_are_added_on_the_command_line(tmp_path):
    path = tmp_path / "users.txt"

    def add(*more: str, password: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "rag.cli", "ui", "--add-user", "ann", "--auth", str(path), *more]
        return subprocess.run(command, input=password, text=True, capture_output=True)

    done = add("--role", "editor", password=f"{PASSWORD}\n")
    assert (done.returncode, done.stdout) == (0, f"added ann (editor) in {path}\n"), done.stderr
    again = add(password="another password\n")
    assert again.stdout == f"changed ann (editor) in {path}\n", "the role stays"
    assert Users(path).sign_in("ann", "another password", "::1") == "editor"
    short = add(password="short\n")
    assert (short.returncode, short.stdout) == (2, "")
    assert short.stderr == "byline: the password has 5 characters: choose one of 10 to 256, on one line.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--host", "0.0.0.0"], "other machines can reach 0.0.0.0"),
        (["--add-user", "ann"], "--add-user needs --auth FILE"),
        (["--role", "editor"], "--role goes with --add-user"),
        (["--auth", "nowhere.txt"], "the users in nowhere.txt cannot be read"),
        (["--certfile", "x.pem"], "--certfile and --keyfile belong together"),
    ],
)
def test_what_cannot_be_served_is_said_before_anything_is_made(tmp_path, arguments, sentence):
    done = byline("ui", *arguments, home=tmp_path / "library", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"byline: {sentence}")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "library").exists()
