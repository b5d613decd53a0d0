"""`ui.view` and `ui.cards`: what is shown is the article's own words, and nothing in them can become markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.models.prompts import one_line
from rag.text.characters import safe_to_show
from rag.types import Answer, Article, Citation, Claim, Disagreement, Event, Passage, ResolvedDate, SearchHit
from ui import cards, markup, panes, view

TEXT = (
    "---\ntitle: Bridge\n---\n\nThe bridge reopens in May, the mayor said. Repairs cost 4 million.\n\n"
    "Read more: Ten Bridges\n\nA second paragraph."
)
QUOTE = "The bridge reopens in May, the mayor said."
FRONT_MATTER = (0, TEXT.index("The bridge"))
READ_MORE = (TEXT.index("Read more"), TEXT.index("A second"))


def an_article(text: str = TEXT, **values: object) -> Article:
    known: dict[str, object] = {
        "id": "a1",
        "text": text,
        "title": "Bridge to Reopen",
        "outlet": "The Courier",
        "published": "2024-04-29",
        "published_precision": "day",
        "published_source": "stated",
        "path": "news/bridge.md",
        "content_hash": "0",
        "boilerplate": (FRONT_MATTER, READ_MORE) if text == TEXT else (),
    }
    return Article(**{**known, **values})  # type: ignore[arg-type]


def a_citation(
    quote: str = QUOTE, *, article: Article | None = None, marker: int = 1, support: float = 0.9
) -> Citation:
    article = article or an_article()
    start = article.text.index(quote)
    return Citation(marker=marker, article=article, start=start, end=start + len(quote), quote=quote, support=support)


def an_answer(*claims: Claim, **values: object) -> Answer:
    known: dict[str, object] = {
        "question": "When does the bridge reopen?",
        "status": "answered" if claims else "abstained",
        "text": "",
        "claims": claims,
        "model": "extractive",
        "prompt_version": "1",
        "elapsed_s": 0.42,
    }
    return Answer(**{**known, **values})  # type: ignore[arg-type]


def a_claim(*citations: Citation, text: str = QUOTE, verdict: str = "supported") -> Claim:
    return Claim(text=text, verdict=verdict, citations=citations or (a_citation(),))  # type: ignore[arg-type]


def a_hit(article: Article, start: int, end: int) -> SearchHit:
    passage = Passage(
        id="p", article_id=article.id, position=0, start=start, end=end, text=article.text[start:end], n_tokens=1
    )
    return SearchHit(passage=passage, article=article, score=1.0, rank=1, scores={})


class Page(HTMLParser):
    """Every tag with its attributes, the text in it, and the text as a reader sees it."""

    VOID = frozenset({"br", "img", "input", "link", "meta", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.text = ""
        self._open: list[int] = []
        self.feed(html)
        self.close()
        assert not self._open, "a tag was left open"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.elements.append((tag, dict(attrs), []))
        if tag not in self.VOID:
            self._open.append(len(self.elements) - 1)

    def handle_endtag(self, tag: str) -> None:
        assert self.elements[self._open.pop()][0] == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        self.text += data
        for position in self._open:
            self.elements[position][2].append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError("view makes no comments")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError("view makes no declarations")

    def handle_pi(self, data: str) -> None:
        raise AssertionError("view makes no processing instructions")

    def all(self, tag: str, **attributes: str) -> list[tuple[dict[str, str | None], str]]:
        return [
            (attrs, "".join(text))
            for name, attrs, text in self.elements
            if name == tag and all(attrs.get(key.rstrip("_")) == value for key, value in attributes.items())
        ]


ALLOWED = {
    "article": {"class", "id", "tabindex"},
    "a": {"class", "id", "href", "aria-label", "target", "rel"},
    "b": {"class"},
    "bdi": {"class"},
    "br": set(),
    "button": {"type", "class", "value", "name", "dir"},
    "details": {"class", "open"},
    "blockquote": {"dir", "class", "tabindex"},
    "code": set(),
    "strong": set(),
    "div": {"class", "id", "aria-busy", "dir", "tabindex"},
    "h2": {"id", "dir"},
    "h3": {"dir"},
    "li": {"dir", "class", "id", "tabindex"},
    "mark": {"tabindex"},
    "ol": {"class"},
    "p": {"class", "id", "tabindex", "dir", "role"},
    "pre": {"class", "hidden"},
    "span": {"class", "dir", "aria-hidden"},
    "summary": {"dir"},
    "ul": {"class"},
}
# Every value of an attribute view makes; none of them takes anything from an article but the web address.
ATTRIBUTE_VALUES = {
    "class": re.compile(r"bl-[a-z]+( bl-[a-z]+)?"),
    "id": re.compile(r"(turn-\d+-)?(source|claim|mark)-\d+(-\d+)?|(sentence|said|evidence)-\d+(-\d+)?|bl-whole-title"),
    "value": re.compile(r"(turn-\d+-)?(source|near|differs|event|evidence)-\d+(-\d+)?|byline-[a-z]+\.[a-z]+|[a-z0-9]+"),
    "name": re.compile(r"open|forget|forget-all|sort|page|article|back|undo-edit|delete|put-back|use|try|ask"),
    "tabindex": re.compile(r"0|-1"),
    "href": re.compile(
        r"#(turn-\d+-)?(source|mark|sentence|said|evidence)-\d+(-\d+)?|\?q=[\w%+&=.~-]*|https?://[^\s<>\"'\\]+",
        re.IGNORECASE,
    ),
    "aria-label": re.compile(
        r"Source \d+(: back to the sentence that cites it)?|Evidence \d+(: back to the sentence)?"
    ),
    "aria-hidden": re.compile("true"),
    "aria-busy": re.compile("true"),
    "hidden": re.compile(""),
    "open": re.compile(""),
    "role": re.compile("status"),
    "type": re.compile("button"),
    "target": re.compile("_blank"),
    "rel": re.compile("noopener noreferrer nofollow"),
    "dir": re.compile("auto|ltr"),
}


def check_markup(html: str) -> Page:
    page = Page(html)
    for tag, attributes, _ in page.elements:
        assert tag in ALLOWED
        assert set(attributes) <= ALLOWED[tag]
        for name, value in attributes.items():
            assert ATTRIBUTE_VALUES[name].fullmatch(value or ""), (tag, name, value)
    for attributes, _ in page.all("a", target="_blank"):
        assert re.match("https?://", attributes["href"] or "", re.IGNORECASE)
    return page


def all_panes(answer: Answer) -> Iterator[str]:
    articles = [c.article for claim in answer.claims for c in claim.citations] + [h.article for h in answer.hits]
    limits = {"outlets": [a.outlet or "" for a in articles], "as_of": answer.question}
    yield view.answer_pane(
        answer, limits=limits, copied=answer.question, files={"byline-answer.md": (answer.model, answer.model)}
    )
    yield cards.sources_pane(answer)
    yield view.working(answer.question, 1, limits)
    yield view.writing(answer.question, answer.claims, limits)
    yield view.stopped(answer.question, answer.claims)
    yield view.conversation([answer, answer])
    dates = {"first": answer.question, "last": None, "undated": 1}
    yield view.library_line({"articles": 1, "outlets": {a.outlet or "": 1 for a in articles}, **dates})
    yield view.welcome(0, answer.question)
    yield markup.failure(answer.question)
    for place in cards.places_of(answer).values():
        yield cards.whole_article(*place)


def with_news(answer: Answer, citation: Citation, text: str) -> Answer:
    """The answer with everything that news adds, each holding `text`."""
    date = ResolvedDate(start=0, end=1, words=text, date=text, precision="day", basis=text)
    said = replace(citation, speaker=text, dates=(date,))
    return replace(
        answer,
        claims=(Claim(text=text, verdict="supported", citations=(said,), earlier=True),),
        disagreements=(Disagreement(about=text, kind="update", values=(text, text), citations=(said, said)),),
        timeline=(Event(date=text, precision="day", source="resolved", citations=(said,)),),
        understood={"question": text + "?", "because": [text]},
    )


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


def test_each_claim_links_to_its_cards_and_back():
    first, second = a_citation(), a_citation("Repairs cost 4 million.", marker=2)
    answer = an_answer(a_claim(first), a_claim(second, first, text="It cost 4 million.", verdict="partial"))
    page = check_markup(view.answer_pane(answer))
    claims = page.all("p", tabindex="-1")
    assert [(attributes["id"], text) for attributes, text in claims] == [
        ("claim-1", f"Backed: {QUOTE}[1]"),
        ("claim-2", "Partly backed: It cost 4 million.[2][1] only partly backed by the words it cites"),
    ]
    assert [a["href"] for a, _ in page.all("a", class_="bl-marker")] == ["#source-1", "#source-2", "#source-1"]
    pane = check_markup(cards.sources_pane(answer))
    assert [attributes["id"] for attributes, _ in pane.all("article")] == ["source-1", "source-2"]
    assert [attributes["href"] for attributes, _ in pane.all("a", class_="bl-number")] == ["#mark-1-1", "#mark-2-1"]


def test_a_marker_given_twice_still_leads_to_its_own_card():
    first, second = a_citation(), a_citation("Repairs cost 4 million.", marker=1)
    answer = an_answer(a_claim(first, second))
    targets = [a["href"] for a, _ in Page(view.answer_pane(answer)).all("a", class_="bl-marker")]
    shown = [f"#{a['id']}" for a, _ in Page(cards.sources_pane(answer)).all("article")]
    assert targets == shown
    assert len(set(shown)) == 2


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        (a_claim(verdict="supported"), None),
        (a_claim(verdict="partial"), "only partly backed"),
        (a_claim(verdict="unsupported"), "not backed by the words"),
        (Claim(text=QUOTE, verdict="supported"), "no source is cited"),
    ],
)
def test_a_claim_that_is_not_supported_is_marked_in_words(claim, words):
    flags = Page(view.answer_pane(an_answer(claim))).all("span", class_="bl-verdict")
    assert [text for _, text in flags] == [] if words is None else words in flags[0][1]


@pytest.mark.parametrize(
    ("status", "words"),
    [("answered", "Answered"), ("partial", "Partly answered"), ("abstained", "Not in these articles")],
)
def test_the_status_is_told_in_words(status, words):
    page = check_markup(view.answer_pane(an_answer(status=status)))
    assert page.all("p", class_=f"bl-status bl-{status}")[0][1] == f"Status: {words}"


def test_notes_problems_model_time_and_filters_are_shown():
    answer = an_answer(a_claim(), notes=("As of 29 April.",), problems=("Source 9 was not offered.",), elapsed_s=0.04)
    limits = {"outlets": ["The Courier", "A & B"], "published_from": "2024-04"}
    page = check_markup(view.answer_pane(answer, limits=limits))
    assert page.all("div", class_="bl-box bl-notes")[0][1] == "NotesAs of 29 April."
    assert "Source 9 was not offered." in page.all("div", class_="bl-box bl-problems")[0][1]
    assert "under 0.1 s · model: extractive" in page.text
    assert "Only articles of The Courier and A & B, from 2024-04" in page.text
    assert "bl-box" not in view.answer_pane(an_answer(a_claim()))


def test_an_abstention_is_no_answer_and_says_so_of_its_passages():
    answer = an_answer(hits=tuple(a_hit(an_article(), *FRONT_MATTER[1:], len(TEXT)) for _ in range(8)), notes=("No.",))
    assert "No answer: the articles do not say." in view.answer_pane(answer)
    page = check_markup(cards.sources_pane(answer))
    assert len(page.all("article")) == cards.NEAREST_SHOWN
    assert "They are not an answer" in page.text
    assert not page.all("mark")
    assert "No passage came near" in cards.sources_pane(an_answer())


MAYOR = an_article("On Monday the bridge was shut. Repairs cost 4 million, the mayor said.", id="m", title="Shut")
AUDIT = an_article("The audit puts repairs at 6 million.", id="n", outlet="The Globe", published="2024-06-01")


def differing(kind: str = "difference") -> Disagreement:
    return Disagreement(
        about="what repairs cost",
        kind=kind,  # type: ignore[arg-type]
        values=("4 million", "6 million"),
        citations=(
            a_citation("Repairs cost 4 million, the mayor said.", article=MAYOR),
            a_citation("The audit puts repairs at 6 million.", article=AUDIT, marker=2),
        ),
    )


@pytest.mark.parametrize(("kind", "label"), [("difference", "Reports differ"), ("update", "Changed later")])
def test_what_reports_say_differently_stands_side_by_side_without_a_ruling(kind, label):
    page = check_markup(view.answer_pane(an_answer(a_claim(), disagreements=(differing(kind),))))
    assert page.all("h3")[0][1] == f"{label} what repairs cost"
    assert [text for _, text in page.all("mark")] == ["4 million", "6 million"]
    quotes = [text for _, text in page.all("blockquote")]
    assert quotes == ["Repairs cost 4 million, the mayor said.", "The audit puts repairs at 6 million."]
    assert "The Courier 29 April 2024" in page.text
    assert "The Globe 1 June 2024" in page.text
    assert [a["value"] for a, _ in page.all("button", class_="bl-whole")] == ["differs-1-1", "differs-1-2"]


def test_a_value_that_is_not_in_its_quote_is_not_marked():
    odd = replace(differing(), values=("four million", ""))
    page = check_markup(view.answer_pane(an_answer(a_claim(), disagreements=(odd,))))
    assert not page.all("mark")
    assert "Repairs cost 4 million" in page.text


@pytest.mark.parametrize(
    ("date", "source", "words"),
    [
        ("2024-04-29", "stated", "29 April 2024“"),
        ("2024-04", "resolved", "April 2024 (worked out from the article’s date)“"),
        ("2024", "published", "2024 (the article’s own date)“"),
    ],
)
def test_an_event_is_dated_as_precisely_as_is_known_and_says_how(date, source, words):
    quote = a_citation("On Monday the bridge was shut.", article=MAYOR)
    precision = {10: "day", 7: "month", 4: "year"}[len(date)]
    event = Event(date=date, precision=precision, source=source, citations=(quote,))  # type: ignore[arg-type]
    page = check_markup(view.answer_pane(an_answer(a_claim(), timeline=(event,))))
    assert f"{words}On Monday the bridge was shut.”" in page.text
    assert not check_markup(view.answer_pane(an_answer(a_claim()))).all("ol")


def test_speaker_and_resolved_dates_stand_beside_the_quote_and_not_in_it():
    monday = ResolvedDate(
        start=3, end=9, words="Monday", date="2024-04-29", precision="day", basis="the article is of 29 April 2024"
    )
    quote = "On Monday the bridge was shut."
    citation = replace(a_citation(quote, article=MAYOR), speaker="the mayor", dates=(monday,))
    page = check_markup(cards.sources_pane(an_answer(a_claim(citation))))
    assert page.all("mark")[0][1] == quote
    assert "mayor" not in page.all("blockquote")[0][1].replace("the mayor said", "")
    assert page.all("ul", class_="bl-beside")[0][1] == (
        "Said by: the mayor“Monday”: 29 April 2024 (the article is of 29 April 2024)"
    )


def test_an_overtaken_report_is_labelled_earlier():
    claim = replace(a_claim(), earlier=True)
    assert f"Earlier {QUOTE}" in check_markup(view.answer_pane(an_answer(claim))).text
    assert "Earlier" not in view.answer_pane(an_answer(a_claim()))


def test_what_was_understood_is_told_with_its_reason():
    understood = {"question": "When? (bridge)", "because": ["“When” points back."]}
    page = check_markup(view.answer_pane(an_answer(a_claim(), question="When?", understood=understood)))
    undo = "Take the question as it stands"
    assert page.all("div", class_="bl-understood")[0][1] == f"Understood as: When? (bridge)“When” points back.{undo}"
    dates = {"as_of": "2024-06-30", "because": ["As of June 2024."]}
    page = check_markup(view.answer_pane(an_answer(a_claim(), understood=dates)))
    assert page.all("div", class_="bl-understood")[0][1] == f"As of June 2024.{undo}"
    assert "bl-understood" not in view.answer_pane(an_answer(a_claim()))


def test_the_answer_so_far_is_no_whole_answer():
    page = check_markup(view.writing("When?", [a_claim()]))
    assert page.text == f"When?1 sentence checked; there may be more…StopBacked: {QUOTE}[1]"
    assert page.elements[0][1]["aria-busy"] == "true"
    assert "Status" not in page.text
    page = check_markup(view.stopped("When?", [a_claim()]))
    assert page.text == f"When?StoppedBacked: {QUOTE}[1]The sentences above were checked; the rest was not written."
    assert "Nothing was written." in check_markup(view.stopped("When?", [])).text


def test_earlier_answers_are_folded_newest_first_and_lead_to_cards_of_their_own():
    answers = [an_answer(a_claim()), an_answer(question="Why?")]
    page = check_markup(view.conversation(answers))
    assert [text for _, text in page.all("summary")] == [
        "Why? Not in these articles",
        "When does the bridge reopen? Answered",
    ]
    assert [a["href"] for a, _ in page.all("a", class_="bl-marker")] == ["#turn-0-source-1"]
    assert [a["id"] for a, _ in page.all("article")] == ["turn-0-source-1"]
    assert panes.whole("turn-0-source-1", answers, [], ()) == panes.whole("source-1", answers[:1], [], ())
    assert view.conversation([]) == ""


def test_what_is_copied_and_saved_waits_behind_its_button():
    files = {"byline-record.html": ("Record", "<!doctype html>"), "byline-answer.md": ("Markdown", "# <i>")}
    page = check_markup(view.answer_pane(an_answer(a_claim()), copied="# <b>", files=files))
    assert [text for _, text in page.all("button")] == ["Copy answer with sources", "Record", "Markdown"]
    assert [text for _, text in page.all("pre")] == ["# <b>", "<!doctype html>", "# <i>"]
    assert not check_markup(view.answer_pane(an_answer(a_claim()))).all("button")


def test_a_very_long_question_is_shortened():
    text = Page(view.answer_pane(an_answer(question="why " * 5_000))).all("p", class_="bl-question")[0][1]
    assert len(text) == view.QUESTION_SHOWN + 1
    assert text.endswith("…")


def test_what_the_library_holds():
    overview = {
        "articles": 8,
        "outlets": {"Courier": 3, "Globe": 1, "Sun": 1, "Post": 1, "Echo": 1},
        "first": "2024-04-29",
        "last": "2024-06",
        "undated": 6,
    }
    assert Page(view.library_line(overview)).text == (
        "8 articles · Courier, Globe, Sun, Post and 1 other outlet · 29 April 2024 to June 2024 · 6 undated"
    )
    one = {"articles": 1, "outlets": {"Courier": 1}, "first": "2024-04-29", "last": "2024-04-29", "undated": 0}
    assert Page(view.library_line(one)).text == "1 article · Courier · 29 April 2024"
    none = {"articles": 0, "outlets": {}, "first": None, "last": None, "undated": 0}
    assert Page(view.library_line(none)).text == "This library holds no articles yet."


def test_an_empty_library_says_how_to_fill_it():
    assert "byline ingest PATH --library '/my news/lib'" in Page(view.welcome(0, "/my news/lib")).text
    assert "Drop some under “Add articles”" in view.welcome(0, "/lib", can_add=True)
    assert "ingest" not in view.welcome(1, "/lib", can_add=True)


@pytest.mark.parametrize(("n", "words"), [(1_234, "1,234 articles"), (1, "1 article"), (0, "the articles")])
def test_searching_repeats_the_question_and_names_the_number_of_articles(n, words):
    page = check_markup(view.working("When?", n, {"as_of": "2024"}))
    assert page.text == f"When?Searching {words}…StopOnly articles as of 2024"


def test_nothing_moves_between_the_first_sentence_and_the_last():
    """Question, state, filters and claims keep their order and their classes from the wait to the answer."""
    limits = {"as_of": "2024"}
    shown = [
        view.working("When?", 3, limits),
        view.writing("When?", [a_claim()], limits),
        view.answer_pane(an_answer(a_claim(), question="When?"), limits=limits),
    ]
    firsts = [[(a.get("class") or "").split()[0] for a, _ in Page(html).all("p")][:4] for html in shown]
    assert firsts == [
        ["bl-question", "bl-status", "bl-limits"],
        *[["bl-question", "bl-status", "bl-limits", "bl-claim"]] * 2,
    ]


def test_every_pane_has_the_allowed_markup_only():
    for html in (view.working("When?", 3), cards.no_sources(), markup.unexpected(), view.welcome(1, "x")):
        check_markup(html)


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
