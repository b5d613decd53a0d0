"""`ui.view`: the link that brings a question back, and the list of models."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from tests.test_hostile_text import HOSTILE
from tests.test_view import an_answer, check_markup
from ui import view


@pytest.mark.parametrize(
    ("question", "limits", "model"),
    [
        ("When does the bridge reopen?", {}, "extractive"),
        ("When & where? 100 % #1", {"outlets": ["The Courier", "A&B"], "published_from": "2024-04"}, "openai:tiny/1"),
        ("Wann öffnet die Brücke?", {"published_to": "2024", "as_of": "2024-05-01"}, "extractive"),
        *((text, {"outlets": [text]}, "openai:x") for text in HOSTILE),
    ],
)
def test_a_link_brings_back_what_was_asked(question, limits, model):
    shown = check_markup(view.answer_pane(an_answer(question=question, model=model), limits=limits, copied="x"))
    [(attributes, _)] = shown.all("a", class_="bl-link")
    given = view.linked(parse_qsl((attributes["href"] or "")[1:]))
    named = {"model": model} if model != "extractive" else {}
    assert given == {"question": question, **limits, **named}


def test_what_a_link_may_not_set_is_left_aside():
    assert view.linked([("q", " "), ("outlet", "x")]) == {}
    assert view.linked([("x", "y")] * 500) == {}
    assert view.linked([("q", "a" * 9_999), ("show_unsupported", "1"), ("q", "b")]) == {"question": "a" * 2_000}


def test_models_are_listed_with_what_would_make_them_usable():
    entries = [
        {"name": "extractive", "usable": True, "why": "built in", "mend": ""},
        {"name": "openai:tiny", "usable": True, "why": "offered", "mend": ""},
        {"name": "openai:NAME", "usable": False, "why": "<b>needs a key", "mend": "export OPENAI_API_KEY=…"},
    ]
    page = check_markup(view.models(entries))
    assert [text for _, text in page.all("button")] == ["Use", "Use", "Test the connection"]
    assert [text for _, text in page.all("code")] == ["export OPENAI_API_KEY=…"]
    assert "Not usable: openai:NAME" in page.text
    assert "<b>needs a key" in page.text
