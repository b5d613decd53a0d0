"""`ui.view` and `ui.cards`: what is shown is the article's own words, and nothing in them can become markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser

import pytest

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
    "div": {"class", "id", "aria-busy", "aria-label", "dir", "role", "tabindex"},
    "h2": {"id", "dir"},
    "h3": {"dir"},
    "li": {"dir", "class", "id", "tabindex"},
    "mark": {"tabindex"},
    "ol": {"class"},
    "p": {"class", "id", "tabindex", "dir", "role"},
    "pre": {"class", "hidden"},
    "progress": {"max", "value", "aria-label"},
    "span": {"class", "dir", "aria-hidden"},
    "summary": {"dir"},
    "table": {"class"},
    "td": set(),
    "th": {"scope"},
    "tr": set(),
    "ul": {"class"},
}
# Every value of an attribute view makes; none of them takes anything from an article but the web address.
ATTRIBUTE_VALUES = {
    "class": re.compile(r"bl-[a-z]+( bl-[a-z]+)?"),
    "id": re.compile(r"(turn-\d+-)?(source|claim|mark)-\d+(-\d+)?|(sentence|said|evidence)-\d+(-\d+)?|bl-whole-title"),
    "value": re.compile(
        r"(turn-\d+-)?(source|near|differs|event|evidence)-\d+(-\d+)?|byline-[a-z]+\.[a-z]+|[a-z0-9]+(:[\w.-]+)?"
    ),
    "name": re.compile(r"open|forget|forget-all|sort|page|article|back|undo-edit|delete|put-back|use|try|ask"),
    "tabindex": re.compile(r"0|-1"),
    "href": re.compile(
        r"#(turn-\d+-)?(source|mark|sentence|said|evidence)-\d+(-\d+)?|\?q=[\w%+&=.~-]*|https?://[^\s<>\"'\\]+",
        re.IGNORECASE,
    ),
    "aria-label": re.compile(
        r"Source \d+(: back to the sentence that cites it)?|Evidence \d+(: back to the sentence)?|"
        r"Questions asked|Figures|Differences|Files read"
    ),
    "aria-hidden": re.compile("true"),
    "aria-busy": re.compile("true"),
    "hidden": re.compile(""),
    "open": re.compile(""),
    "role": re.compile("status|group"),
    "max": re.compile(r"\d+"),
    "scope": re.compile("col|row"),
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
