"""`ui.session_models`: a model with a key of the reader's own, which is shown nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from rag import BylineError, Library
from rag.settings import load_settings
from tests.servers import KEY, fake_server, openai_events
from tests.test_hostile_text import HOSTILE
from tests.test_view import ALLOWED, Page, check_markup
from ui import panes, session_models, view


def made(name: str = "openai:m", key: str = KEY, url: str = "") -> Any:
    return session_models.make(name, key, url, load_settings())


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": ""}, "write openai:NAME or anthropic:NAME"),
        ({"name": "openai:"}, "write openai:NAME or anthropic:NAME"),
        ({"name": "gguf:/etc/passwd"}, "write openai:NAME or anthropic:NAME"),
        ({"name": "extractive"}, "write openai:NAME or anthropic:NAME"),
        ({"key": "  "}, "there is no key yet"),
        ({"key": f"{KEY}\r\nX-Other: 1"}, "holds characters that no key has"),
        ({"key": "schlüssel"}, "holds characters that no key has"),
        ({"key": "k" * 501}, "holds characters that no key has"),
        ({"name": "anthropic:m", "url": "http://127.0.0.1:1/v1"}, "an address goes with openai:NAME only"),
        ({"url": "file:///etc/passwd"}, "address"),
        ({"url": "not an address"}, "address"),
    ],
)
def test_what_is_no_model_or_key_is_a_sentence_that_does_not_show_the_key(given, sentence):
    with pytest.raises(BylineError) as raised:
        made(**given)
    assert sentence in str(raised.value)
    assert KEY not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "host"),
    [("openai:m", "api.openai.com"), ("anthropic:m", "api.anthropic.com"), (" openai:m ", "api.openai.com")],
)
def test_the_list_says_where_the_key_goes_and_not_what_it_is(name, host):
    model = made(name, f" {KEY} ")
    [entry] = session_models.listed({model.name: model})
    assert entry["name"] == name.strip()
    assert f"goes to {host} only" in entry["why"]
    assert KEY not in f"{entry} {model!r} {model.identity}"


def test_a_connection_is_tested_with_the_key_and_a_refused_one_asks_for_another(library: Library, caplog):
    with fake_server() as server:
        own = {"openai:m": made(url=server.url)}
        server.behave = lambda request: request.stream(*openai_events("ready"))
        assert "openai:m answers" in check_markup(panes.tried(library, "openai:m", own)).text
        assert server.requests[-1]["headers"]["authorization"] == f"Bearer {KEY}"
        server.behave = lambda request: request.reply(401, f'{{"error": "{KEY}"}}')
        shown = check_markup(panes.tried(library, "openai:m", own)).text
        assert shown.endswith("refused the key (HTTP 401): enter another key.")
    shown += check_markup(panes.tried(library, "openai:m", own)).text
    assert KEY not in shown + caplog.text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_text(text):
    name = f"openai:{text}"
    if not name.isprintable():
        with pytest.raises(BylineError, match="write openai:NAME"):
            made(name)
        return
    [entry] = session_models.listed({name: made(name)})
    elements = Page(view.models([entry])).elements
    assert all(tag in ALLOWED and set(attributes) <= ALLOWED[tag] for tag, attributes, _ in elements)
    assert [attributes["value"] for tag, attributes, _ in elements if tag == "button"] == [name] * 3
