"""Cards of sources, whole articles and the values on them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.test_view import (
    QUOTE,
    TEXT,
    Page,
    a_citation,
    a_claim,
    a_hit,
    an_answer,
    an_article,
    check_markup,
    with_news,
)
from ui import cards, markup, view

# -- values -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("published", "precision", "words"),
    [
        ("2024-04-29", "day", "29 April 2024"),
        ("2024-12-01", "day", "1 December 2024"),
        ("2024-06", "month", "June 2024"),
        ("2024-06-17", "month", "June 2024"),  # no more than is known
        ("2024", "year", "2024"),
        (None, "none", "Date not known"),
        (None, "day", "Date not known"),
        ("2024-13-01", "day", "2024-13-01"),
        ("spring", "day", "Spring"),
        ("2024-xx", "month", "2024-xx"),
    ],
)
def test_a_date_is_told_in_words_and_only_as_precisely_as_it_is_known(published, precision, words):
    article = an_article(published=published, published_precision=precision)
    assert f'<span class="bl-date">{words}</span>' in markup.source(article)


def test_an_inferred_date_says_so_and_from_what():
    article = an_article(published_source="inferred", reasons={"published": "Its copyright year."})
    html = cards.sources_pane(an_answer(a_claim(a_citation(article=article))))
    assert "29 April 2024 (inferred)" in html
    assert "Date inferred: Its copyright year." in html
    assert "inferred" not in cards.sources_pane(an_answer(a_claim()))


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://example.org/a?b=1&c=2", True),
        ("HTTP://example.org", True),
        ("javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        (" https://example.org", False),
        ("data:text/html,<script>", False),
        ("//example.org/x", False),
        ("https://", False),
        ("https://good.example\\@evil.example", False),
        ('https://example.org/" onmouseover="alert(1)', False),
        ("https://example.org/\u202egpj.exe", False),
        ("https://[::1", False),
        ("", False),
        (None, False),
    ],
)
def test_only_web_addresses_become_links(url, linked):
    page = check_markup(cards.sources_pane(an_answer(a_claim(a_citation(article=an_article(url=url))))))
    links = [attributes["href"] for attributes, _ in page.all("a", target="_blank")]
    assert links == ([url] if linked else [])


def test_the_host_of_a_link_is_named():
    article = an_article(url="https://courier.example@evil.example/x")
    page = Page(cards.sources_pane(an_answer(a_claim(a_citation(article=article)))))
    assert page.all("a", target="_blank")[0][1] == "Original at evil.example"


def test_a_card_shows_the_quote_marked_in_its_paragraph():
    page = check_markup(cards.sources_pane(an_answer(a_claim(a_citation(support=0.499)))))
    [(attributes, _)] = page.all("article")
    assert attributes["id"] == "source-1"
    assert page.all("mark") == [({}, QUOTE)]
    assert page.all("blockquote")[0][1] == QUOTE + " Repairs cost 4 million. …"
    assert page.all("h3")[0][1] == "Bridge to Reopen"
    assert page.all("bdi", class_="bl-outlet")[0][1] == "The Courier"
    assert "Carries part of it support 49 %" in page.text  # 0.499 does not carry a claim: not 50
    assert "news/bridge.md" in page.text


@pytest.mark.parametrize(
    ("support", "shown"), [(0.57, 57), (1.0, 100), (0.0, 0), (1.7, 100), (-1.0, 0), (float("nan"), 0)]
)
def test_support_in_hundredths(support, shown):
    assert f"support {shown} %" in cards.sources_pane(an_answer(a_claim(a_citation(support=support))))


@pytest.mark.parametrize(
    ("support", "verdict", "words"),
    [
        (0.5, "supported", "Carries it"),
        (0.9, "partial", "Carries it"),  # the words by themselves; the claim says more than all of them
        (0.49, "supported", "Carries part of it"),  # together with others it does
        (0.3, "partial", "Carries part of it"),
        (0.3, "unsupported", "Does not carry it"),
    ],
)
def test_what_the_words_do_for_the_sentence_is_said(support, verdict, words):
    page = check_markup(cards.sources_pane(an_answer(a_claim(a_citation(support=support), verdict=verdict))))
    said = [text for attributes, text in page.all("p") if "bl-bears" in (attributes.get("class") or "")]
    assert said == [f"{words} support {int(support * 100)} %"]


def test_a_quote_is_copied_with_its_reference():
    article = an_article(published_source="inferred")
    citation = replace(a_citation(article=article), speaker="the council")
    page = check_markup(cards.sources_pane(an_answer(a_claim(citation))))
    reference = "The Courier, 29 April 2024, citing the council (date inferred), “Bridge to Reopen”"
    assert page.all("pre")[0][1] == f"“{QUOTE}” — {reference}"


def test_an_article_is_shown_whole_with_the_quote_marked_where_it_stands():
    article = an_article()
    place = cards.places_of(an_answer(a_claim()))["source-1"]
    assert place == (article, article.text.index(QUOTE), article.text.index(QUOTE) + len(QUOTE))
    page = check_markup(cards.whole_article(*place))
    assert page.all("div", class_="bl-text")[0][1] == TEXT  # to the letter
    assert page.all("mark") == [({"tabindex": "-1"}, QUOTE)]
    assert [text for _, text in page.all("span", class_="bl-aside")] == [TEXT[a:b] for a, b in article.boilerplate]


@given(
    text=st.text(alphabet="ab<& \n", max_size=60),
    cuts=st.lists(st.integers(0, 60), min_size=2, max_size=8),
)
def test_a_whole_article_is_whole_however_the_spans_lie(text, cuts):
    cuts = [min(cut, len(text)) for cut in cuts]
    start, end = sorted(cuts[:2])
    spans = tuple((min(a, b), max(a, b)) for a, b in zip(cuts[2::2], cuts[3::2], strict=False))
    page = check_markup(cards.whole_article(an_article(text, boilerplate=spans), start, end))
    assert page.all("div", class_="bl-text")[0][1] == text
    assert "".join(words for _, words in page.all("mark")) == text[start:end]
    assert sum("tabindex" in attributes for attributes, _ in page.all("mark")) == (start < end)


def test_each_place_that_is_shown_can_be_opened():
    answer = an_answer(a_claim(), hits=(a_hit(an_article(), 40, 60),))
    full = with_news(answer, a_citation(), QUOTE)
    places = cards.places_of(full)
    html = view.answer_pane(full) + cards.sources_pane(full) + cards.sources_pane(replace(full, status="abstained"))
    values = [attributes["value"] for attributes, _ in check_markup(html).all("button", class_="bl-whole")]
    assert sorted(values) == sorted(places)
    assert {value.split("-")[0] for value in values} == {"source", "near", "differs", "event"}


def test_missing_metadata_is_said():
    article = an_article(outlet=None, title=None, published=None, published_precision="none", published_source="none")
    text = Page(cards.sources_pane(an_answer(a_claim(a_citation(article=article))))).text
    assert "Outlet not stated" in text
    assert "Title not stated" in text
    assert "Date not known" in text


def test_words_that_are_not_at_the_cited_place_are_not_passed_off_as_the_articles():
    page = check_markup(cards.sources_pane(an_answer(a_claim(replace(a_citation(), start=3)))))
    assert page.all("blockquote")[0][1] == QUOTE
    assert "do not stand at the cited place" in page.text


def test_the_context_is_whole_sentences_also_of_the_paragraphs_beside_it():
    article = an_article(
        "First of all. It rained.\n\nThe bridge is shut.\n\nNobody knows why. " + "A long way on. " * 40
    )
    start = article.text.index("The bridge")
    before, after = cards.quote_in_context(article, start, start + len("The bridge is shut."))
    assert before == "First of all. It rained.\n\n"
    assert after.startswith("\n\nNobody knows why. A long way on.")
    assert after.endswith("A long way on. …")
    page = check_markup(cards.sources_pane(an_answer(a_claim(a_citation("The bridge is shut.", article=article)))))
    assert len(page.all("span", class_="bl-break")) == 2
    back = article.text.rindex("A long way")
    assert cards.quote_in_context(article, back, len(article.text))[0].startswith("… A long way on. A long")


def test_the_marks_of_headings_are_left_out_around_a_quotation():
    article = an_article("# Bridge\n\nThe bridge is shut.\n\n## Ferry\n\nThe ferry #2 runs.")
    start = article.text.index("The bridge")
    assert cards.quote_in_context(article, start, start + 19) == ("Bridge\n\n", "\n\nFerry\n\nThe ferry #2 runs.")


def test_a_hard_wrapped_text_flows_and_one_with_a_paragraph_on_each_line_does_not():
    wrapped = an_article(
        "The bridge that the mayor spoke of on Monday when he\nopened the new library in the town is shut. It will\n"
        "stay so until May, he said, and not a day longer than\nthat."
    )
    quote = wrapped.text[wrapped.text.index("It will") :]
    page = check_markup(cards.sources_pane(an_answer(a_claim(a_citation(quote, article=wrapped)))))
    assert not page.all("span", class_="bl-break")
    lines = an_article("The bridge is shut.\nIt stays so until May.")
    page = check_markup(cards.sources_pane(an_answer(a_claim(a_citation("It stays so until May.", article=lines)))))
    assert len(page.all("span", class_="bl-break")) == 1


def test_a_long_sentence_is_cut_between_words():
    words = " ".join(f"word{n}" for n in range(400))
    article = an_article(f"{words} The quote. {words}")
    start = article.text.index("The quote.")
    before, after = cards.quote_in_context(article, start, start + 10)
    assert before.startswith("… word")
    assert before.endswith(" ")
    assert after.endswith(" …")
    kept = before.removeprefix("… "), after.removesuffix(" …")
    assert article.text[start - len(kept[0]) :].startswith(kept[0])
    assert kept[0].split()[0] in words.split()
    assert kept[1].split()[-1] in words.split()
    assert cards.CONTEXT_CHARS - 20 < len(kept[0]) <= cards.CONTEXT_CHARS
    assert cards.CONTEXT_CHARS - 20 < len(kept[1]) <= cards.CONTEXT_CHARS


def test_a_very_long_quote_is_whole_and_scrolls():
    quote = "word " * 2_000 + "end."
    page = check_markup(cards.sources_pane(an_answer(a_claim(a_citation(quote, article=an_article(quote))))))
    assert page.all("mark")[0][1] == quote
    assert page.all("blockquote")[0][0]["class"] == "bl-long"
    assert page.all("blockquote")[0][0]["tabindex"] == "0"


@given(
    text=st.text(alphabet="ab \n", max_size=60),
    cuts=st.lists(st.integers(0, 60), min_size=2, max_size=8),
)
def test_the_context_is_contiguous_and_never_boilerplate(text, cuts):
    cuts = sorted(min(cut, len(text)) for cut in cuts)
    start, end = cuts[0], cuts[1]
    spans = tuple(zip(cuts[2::2], cuts[3::2], strict=False))
    article = an_article(text, boilerplate=spans)
    before, after = cards.quote_in_context(article, start, end)
    before, after = before.removeprefix("… "), after.removesuffix(" …")
    assert text[:start].endswith(before)
    assert text[end:].startswith(after)
    shown = [*range(start - len(before), start), *range(end, end + len(after))]
    assert not any(a <= position < b for position in shown for a, b in spans)


def test_boilerplate_is_left_out_of_nearest_passages():
    article = an_article()
    html = cards.sources_pane(an_answer(hits=(a_hit(article, 0, len(TEXT)),)))
    page = check_markup(html)
    assert page.all("blockquote")[0][1].split() == (QUOTE + " Repairs cost 4 million. … A second paragraph.").split()
    assert "title:" not in page.text
    assert "Read more" not in page.text
