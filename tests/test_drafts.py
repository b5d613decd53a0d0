"""`ui.drafts`: a checked draft, each sentence with its verdict and its evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.errors import BylineError
from rag.types import CheckedSentence
from tests.test_app import FakeLibrary
from tests.test_hostile_text import HOSTILE
from tests.test_view import QUOTE, a_citation, an_article, check_markup
from ui import cards, drafts, markup, panes

DRAFT = "The bridge reopens in May. It cost 9 million.\n\nPlums are blue. Repairs are done."


def a_sentence(text: str, draft: str = DRAFT, **values: object) -> CheckedSentence:
    start = draft.index(text)
    known: dict[str, object] = {"verdict": "supported", "support": 0.9, "citations": (a_citation(),)}
    return CheckedSentence(text=text, start=start, end=start + len(text), **{**known, **values})  # type: ignore[arg-type]


FOUND = (
    a_sentence("The bridge reopens in May."),
    a_sentence(
        "It cost 9 million.",
        verdict="unsupported",
        support=0.1,
        citations=(a_citation("Repairs cost 4 million.", marker=2, support=0.1),),
        missing=("9 million",),
        conflicts=("the evidence says 4 million, not 9 million",),
    ),
    a_sentence("Plums are blue.", verdict="unsupported", support=0.0, citations=()),
    a_sentence("Repairs are done.", verdict="partial", support=0.4, missing=(" done",)),
)


def test_each_sentence_has_its_verdict_its_reasons_and_its_evidence_beside_it():
    page = check_markup(drafts.checked(DRAFT, FOUND))
    assert page.all("p", class_="bl-counts")[0][1] == (
        "4 sentences · 1 carried · 1 partly carried · 1 contradicted · 1 not in the library"
    )
    said = [text for attributes, text in page.all("div") if (attributes.get("class") or "").startswith("bl-said")]
    assert said == [
        "The bridge reopens in May.Carried",
        "It cost 9 million.The articles say otherwisethe evidence says 4 million, not 9 million"
        "the source does not carry “9 million”",
        "Plums are blue.Nothing in the library about this",
        "Repairs are done.Partly carriedthe source does not carry “done”",
    ]
    assert [text for _, text in page.all("mark")] == [QUOTE, "Repairs cost 4 million.", QUOTE]
    rows = [text for attributes, text in page.all("li") if (attributes.get("class") or "").startswith("bl-sentence")]
    assert "Repairs cost 4 million." in rows[1]
    assert "The Courier" not in rows[2]
    assert len(page.all("li", class_="bl-sentence bl-opens")) == 1  # the paragraph of the plums


def test_each_quotation_can_be_opened_in_its_article():
    places = drafts.places_of(FOUND)
    page = check_markup(drafts.checked(DRAFT, FOUND))
    assert [a["value"] for a, _ in page.all("button", class_="bl-whole")] == list(places)
    assert list(places) == ["evidence-1-1", "evidence-2-1", "evidence-4-1"]
    assert panes.whole("evidence-2-1", [], [], FOUND) == cards.whole_article(*places["evidence-2-1"])


def test_the_findings_are_copied_as_markdown():
    blocks = drafts.markdown(FOUND).split("\n\n")
    assert len(blocks) == 4
    assert blocks[1] == (
        "**The articles say otherwise.** It cost 9 million.\n- the evidence says 4 million, not 9 million\n"
        "- the source does not carry “9 million”\n"
        "> “Repairs cost 4 million.” — The Courier, 29 April 2024, news/bridge.md"
    )
    assert blocks[2] == "**Nothing in the library about this.** Plums are blue."


def test_a_check_in_progress_says_how_far_it_is_and_a_stopped_one_keeps_what_was_found():
    page = check_markup(drafts.checking(DRAFT, FOUND[:2], 1_200))
    assert page.text.startswith("2 of 1,200 sentences checked…Stop")
    assert page.elements[0][1]["aria-busy"] == "true"
    assert len(page.all("mark")) == 2
    page = check_markup(drafts.stopped(DRAFT, FOUND[:1]))
    assert page.text.endswith("StoppedThe sentences above were checked; the rest was not.")
    assert "1 sentence · 1 carried" in page.text
    assert check_markup(drafts.stopped(DRAFT, ())).text == "StoppedNothing was checked."


@pytest.mark.parametrize("bad", HOSTILE)
def test_hostile_text_stays_text(bad):
    article = an_article(f"He said {bad} today.", title=bad, outlet=bad, url=bad, path=bad)
    sentence = a_sentence(
        bad,
        bad,
        verdict="partial",
        citations=(replace(a_citation(bad, article=article), speaker=bad),),
        missing=(bad,),
        conflicts=(bad,),
    )
    for html in (drafts.checked(bad, [sentence]), drafts.checking(bad, [sentence], 2), drafts.stopped(bad, [sentence])):
        assert check_markup(html).all("mark")[0][1] == bad


def test_the_findings_grow_with_each_sentence():
    library = FakeLibrary()
    library.findings = list(FOUND)
    shown = list(panes.checking(library, DRAFT))
    assert shown[0] == (drafts.checking(DRAFT, (), 4), ())
    assert shown[1:5] == [(drafts.checking(DRAFT, FOUND[:n], 4), FOUND[:n]) for n in range(1, 5)]
    assert shown[5:] == [(drafts.checked(DRAFT, FOUND), FOUND)]


@pytest.mark.parametrize(
    ("draft", "error", "words"),
    [
        (" \n", None, "Paste a draft first."),
        ("Text.", BylineError("the library <b> is damaged."), "the library &lt;b&gt; is damaged."),
        ("Text.", ZeroDivisionError("secret"), "a fault of its own"),
    ],
)
def test_what_goes_wrong_is_one_sentence(draft, error, words, caplog):
    library = FakeLibrary()
    library.findings = [error] if error else []
    *_, (html, sentences) = panes.checking(library, draft)
    assert words in html
    assert "secret" not in html
    assert sentences == ()
    assert ("secret" in caplog.text) == isinstance(error, ZeroDivisionError)


def test_nothing_is_shown_before_the_first_draft():
    check_markup(drafts.waiting())
    assert markup.STOP not in drafts.waiting()
