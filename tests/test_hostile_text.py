"""Text of articles never becomes markup, and never steers the page."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.models.prompts import one_line
from rag.text.characters import safe_to_show
from rag.types import Citation
from tests.test_view import Page, a_citation, a_claim, a_hit, all_panes, an_answer, an_article, check_markup, with_news
from ui import cards

# -- hostile text -------------------------------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>",
    '"onmouseover="alert(1)',
    "' onfocus='alert(1)' autofocus='",
    "</mark></blockquote></article><h1>Owned</h1>",
    "<img src=x onerror=alert(1)>",
    "<!-- ",
    "<![CDATA[<svg/onload=alert(1)>]]>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "javascript:alert(1)",
    "${alert(1)} {{constructor.constructor('alert(1)')()}} `${1}`",
    "<a href='javascript:alert(1)'>read</a>",
    "<style>*{display:none}</style>",
]


def test_the_words_that_answer_are_set_off_in_the_quote() -> None:
    cited = a_citation()
    at = cited.quote.index("May")
    page = check_markup(
        cards.sources_pane(an_answer(a_claim(replace(cited, answer=(cited.start + at, cited.start + at + 3)))))
    )
    assert page.all("strong")[0][1] == "May"
    assert page.all("mark")[0][1] == cited.quote
    # An answer that lies outside its quote, as in a damaged record, is none.
    odd = check_markup(cards.sources_pane(an_answer(a_claim(replace(cited, answer=(0, 10_000))))))
    assert not odd.all("strong")
    assert odd.all("mark")[0][1] == cited.quote


@pytest.mark.parametrize("bad", HOSTILE)
def test_hostile_text_stays_text(bad):
    article = an_article(f"He said {bad} today.", title=bad, outlet=bad, url=bad, path=bad, reasons={"published": bad})
    article = replace(article, published_source="inferred", published=bad)
    claim = a_claim(a_citation(bad, article=article), text=bad)
    answer = an_answer(claim, question=bad, notes=(bad,), problems=(bad,), model=bad)
    full = with_news(answer, a_citation(bad, article=article), bad)
    nothing = an_answer(question=bad, hits=(a_hit(article, 0, len(article.text)),))
    for html in [*all_panes(answer), *all_panes(full), *all_panes(nothing)]:
        check_markup(html)
    page = Page(cards.sources_pane(answer))
    assert page.all("mark")[0][1] == bad
    assert page.all("h3")[0][1] == bad
    assert page.all("bdi")[0][1] in (one_line(bad), "Outlet not stated")
    assert not page.all("a", target="_blank")


nasty = st.one_of(
    st.text(max_size=40),
    st.lists(
        st.sampled_from([*HOSTILE, "<", ">", '"', "'", "&", "\u202e", "\x00", "\ud800", "İ", "👩‍👩‍👧", "\r\n"]),
        max_size=6,
    ).map("".join),
)


@settings(max_examples=150, deadline=None)
@given(nasty, nasty, nasty, nasty, st.sampled_from(["day", "month", "year"]))
def test_no_text_whatever_becomes_markup(quote, title, context, url, precision):
    article = an_article(
        context + quote + context, title=title, outlet=title, url=url, path=context, published=context,
        published_precision=precision, published_source="inferred", reasons={"published": title},
    )  # fmt: skip
    citation = Citation(
        marker=1, article=article, start=len(context), end=len(context + quote), quote=quote, support=0.5
    )
    answer = an_answer(a_claim(citation, text=title), question=context, notes=(quote,), problems=(url,), model=title)
    nothing = an_answer(question=context, hits=(a_hit(article, 0, len(article.text)),))
    for html in [*all_panes(answer), *all_panes(with_news(answer, citation, title)), *all_panes(nothing)]:
        check_markup(html)
        html.encode("utf-8")
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00]", html)
    assert Page(cards.sources_pane(answer)).all("mark")[0][1] == safe_to_show(quote)


def test_direction_overrides_go_and_control_characters_show():
    assert safe_to_show("a\u202eb\u2066c\u2069") == "abc"
    assert safe_to_show("a\x00b\x1bc\x85\x9bd\ud800") == "a\ufffdb\ufffdc\x85\ufffdd\ufffd"
    assert safe_to_show("قال 👩‍👩‍👧 İ\t\n") == "قال 👩‍👩‍👧 İ\t\n"


def test_right_to_left_text_sets_its_own_direction():
    quote = "قال المتحدث إن القرار لم يصدر بعد."
    article = an_article(quote, title=quote)
    answer = an_answer(a_claim(a_citation(quote, article=article), text=quote), question=quote, notes=(quote,))
    for html in all_panes(answer):
        for tag, attributes, text in Page(html).elements:
            if tag in {"h3", "blockquote", "li"} and quote in "".join(text):
                assert attributes["dir"] == "auto"
