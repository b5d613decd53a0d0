"""The days of a page: when it was first published and last changed, the best evidence first."""

from __future__ import annotations

import copy
import datetime as dt
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from rag.ingest.linked_data import LinkedData
from rag.ingest.local_days import Moment, local_day
from rag.ingest.page_metadata import Asides, asides, metas, text_of
from rag.text.written_dates import FULL_DATE, is_possible, iso, parse_date, parse_foreign_date
from rag.types import Json

# Names of meta tags and of `itemprop`, without case and signs.
_PUBLISHED = (
    "articlepublishedtime ogpublishedtime ogarticlepublishedtime datepublished articlepublished articlepublisheddate"
    " articlepublicationdate parselypubdate sailthrudate citationpublicationdate citationdate pubdate"
    " publishdate publisheddate publicationdate publishedat publishtime publishedtime dcdateissued dctermsissued"
    " dcdatepublication dcdate dctermsdate dcdatecreated dccreated dctermscreated articlecreated datecreated btpubdate"
    " vrpublishedtime shareaholicarticlepublishedtime originalpublicationdate rbpubdate ptime displaydate releasedate"
    " articledateoriginal articlepostdate ogpubdate ogpublishdate rnewsdatepublished cxenseparserecspublishtime"
    " mediatorpublishedtime dateposted date created timestamp"
).split()
_UPDATED = (
    "articlemodifiedtime ogupdatedtime ogmodifiedtime ogarticlemodifiedtime datemodified articlemodified"
    " dctermsmodified"
    " dcmodified dcdatemodified lastmodified modifiedtime updatedtime modified revised btmoddate dateupdated lastmod"
).split()
_SAYS_PUBLISHED = re.compile(
    r"(?i)\b(?:published|posted|issued|first published|publication|publiée?|mise? en ligne|paru|publicad[oa]|subido"
    r"|veröffentlicht|erschienen|pubblicato|gepubliceerd|geplaatst|publicerad|publisert|offentliggjort|opublikowano)\b"
)
_SAYS_UPDATED = re.compile(
    r"(?i)\b(?:updated|modified|edited|last changed|corrected|mise? à jour|modifiée?|actualizad[oa]|aktualisiert"
    r"|geändert|stand(?=:)|aggiornato|bijgewerkt|atualizad[oa]|uppdaterad|oppdatert|opdateret|zaktualizowano)\b"
)
_JOINS = re.compile(r"^\W*(?:(?:le|el|il|op|am|em|den|dnia|la)\s+)?", re.IGNORECASE)  # "Publié le 2 mai"
_OF_A_DATE = re.compile(r"(?i)date|time|publish|posted|byline|dateline|stamp|meta\b|pubdate")
_MAX_LINE, _PARAGRAPH = 160, 25
_HOLDERS = ("time", "abbr", "p", "span", "div", "li", "small", "b", "em", "strong", "a", "address")
_MAX_PARTS = 12  # elements in one that holds a date and little else
_MAX_BESIDE = 60  # characters that stand beside a date on its line, between two bars or dots
_LONGEST_DAY = 40
_PARTS = re.compile(r"[|•·]")
_LEAST = 4
_MONTH_IN_ADDRESS = re.compile(r"/((?:19|20)\d\d)[/-]?(0[1-9]|1[0-2])(?=/(?!\d\d?[/-]))")
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_DIGIT = re.compile(r"\d")
_SENTENCE, _MAX_VALUE, _MAX_VALUE_WORDS = 20, 500, 5
_MOST_LINES, _MOST_DATED = 300, 300  # on a page; the story's own day stands early
_NEVER = ("nav", "aside", "noscript", "dialog", "figcaption", "blockquote")
_BESIDE_STORY = re.compile(r"(?i)\bfooter|[-_]date")
_NO_DAY = "The page states no day of publication"
_OF_STORY = re.compile(r"(?i)publi(?:sh|cation)|pub_?date|posted|article")
_EPOCH = "1970-01-01"


def stated(tree: Any, linked: LinkedData, url: str | None, aside: Asides) -> Json:
    """`published`, whether it was inferred and why, and `updated`."""
    shown, changed = _shown(tree, aside)
    when = [*linked.texts("datePublished", of_article=True), *_of_tags(tree, "datePublished", aside)]
    published = next(_dates([*when, *linked.texts("datePublished"), *metas(tree, _PUBLISHED)]), None)
    when = [*linked.texts("dateModified"), *_of_tags(tree, "dateModified", aside), *metas(tree, _UPDATED)]
    updated = next(_dates(when), None)
    own: Json = {}
    if published is not None:
        own["published"] = published.words
        if (local := _local(published, tree, linked, shown, url)) is not None:
            own["published"], reason, is_stated = local
            own |= {"published_reason": reason} | ({} if is_stated else {"published_source": "inferred"})
    elif shown is not None and not _is_another_day(shown.day, url):
        reason = f"The page shows “{shown.words}” beside its headline."
        own |= {"published": shown.day, "published_source": "inferred", "published_reason": reason}
    else:
        own["clues"] = list(_guesses(tree, linked, updated or changed, url))
        own |= _in_the_month_of(url, own["clues"], updated or changed)
    if (last := updated if updated is not None else changed) is not None:
        in_utc = _not_before(own.get("published"), published, last)
        own["updated"] = in_utc if in_utc is not None else last.day
    return own


def _in_the_month_of(url: str | None, guesses: list[tuple[str, str, str]], changed: Moment | None) -> Json:
    """The guessed day that lies in the month that the address carries, which would else be all that is known; {} where
    there is none, or only that of the last change."""
    month = _MONTH_IN_ADDRESS.search(url or "")
    for _, day, _ in guesses:
        if month is not None and day.startswith(f"{month[1]}-{month[2]}-") and (changed is None or day != changed.day):
            reason = f"The address carries the month: “{month[0]}”; “{day}” is a date in its markup."
            return {"published": day, "published_source": "inferred", "published_reason": reason}
    return {}


def _is_another_day(day: str, url: str | None) -> bool:
    """Whether the address carries another date than one that the page shows, which may be that of today."""
    match = re.search(r"/((?:19|20)\d\d)[/-]?(\d\d)(?:[/-]?(\d\d))?(?=[/-])", url or "")
    return match is not None and match[1] + match[2] != day[:4] + day[5:7] and match[2] <= "12"


def _dates(values: list[str]) -> Iterator[Moment]:
    for value in values:
        day, _ = parse_date(value)
        if day is not None and day != _EPOCH and is_possible(day, dt.date.today() + dt.timedelta(days=366)):
            yield Moment(day, value)


def _of_tags(tree: Any, name: str, aside: Asides) -> Iterator[str]:
    """The values of microdata, in tags of the head or anywhere on the page."""
    for element in tree.xpath("//*[@itemprop=$name]", name=name):
        value = element.get("content") or element.get("datetime") or text_of(element)
        if value and element not in aside:
            yield value[:100]


def _shown(tree: Any, aside: Asides) -> tuple[Moment | None, Moment | None]:
    """The day beside the headline, and the day of the last change there: by its tag, its label and its place."""
    best: dict[bool, tuple[int, Moment]] = {}
    at_headline, n_lines, n_dated = False, 0, 0
    for element in tree.iter("h1", *_HOLDERS):
        if element in aside or n_dated == _MOST_DATED:
            continue
        if element.tag == "h1":
            at_headline, n_lines = True, 0
        elif len(list(islice(element.iterdescendants(), _MAX_PARTS))) < _MAX_PARTS:
            text = text_of(element)
            n_words = len(text.split()) if element.tag == "p" else 0
            n_lines += n_words >= _PARAGRAPH // 2
            if n_words >= _PARAGRAPH or n_lines > 1:  # one may be the standfirst
                at_headline = False  # the story has begun
            if n_words < _PARAGRAPH and len(text) <= _MAX_LINE and _YEAR.search(f"{text} {element.attrib.values()}"):
                score, is_change = _rank(element, text, at_headline)
                if score < _LEAST or (is_change in best and score <= best[is_change][0]):
                    continue
                n_dated += 1
                if (moment := _moment(element, text)) is not None:
                    best[is_change] = (score, moment)
    published, changed = (best[key][1] if key in best else None for key in (False, True))
    return published, changed


def _rank(element: Any, text: str, at_headline: bool) -> tuple[int, bool]:
    """How surely a date on the page is that of the article, and whether it is that of its last change."""
    told = " ".join(element.get(name, "") for name in ("class", "id", "itemprop", "pubdate"))
    outer = element.getparent()
    label = text
    if element.tag == "time" and outer is not None and len(list(islice(outer, _MAX_PARTS))) < _MAX_PARTS:
        label = f"{outer.text or ''} {text}"
    said = f"{label} {told}"
    is_published = _SAYS_PUBLISHED.search(said) is not None
    beside = max(len(FULL_DATE.sub("", part)) for part in _PARTS.split(text))
    if element.tag != "time" and beside > _MAX_BESIDE:  # a sentence that has a date
        return 0, False
    score = 4 * bool(_SAYS_PUBLISHED.search(label)) + 2 * (element.tag in ("time", "abbr"))
    score += 2 * bool(_OF_A_DATE.search(told)) + (6 if at_headline else 3 * ("pubdate" in element.attrib))
    return score, bool(_SAYS_UPDATED.search(said)) and not is_published


def _moment(element: Any, text: str) -> Moment | None:
    """The day that an element shows. Its words are in the page's own time; `datetime` is in UTC often enough."""
    value = element.get("datetime") or (element.get("title") if element.tag == "abbr" else None) or ""
    label = _SAYS_PUBLISHED.search(text)  # "Updated 10 May 2024, published 8 May 2024"
    found = FULL_DATE.search(text, label.end()) if label is not None and _SAYS_UPDATED.search(text) else None
    found = found if found is not None else FULL_DATE.search(text)
    told = f"{element.get('class', '')} {element.get('itemprop', '')}"
    label = label if label is not None else _SAYS_UPDATED.search(text)
    is_told = label is not None or element.tag == "time"
    day, why = (iso(found) if found is not None else None), ""
    if day is None and _YEAR.search(text) and (is_told or _OF_A_DATE.search(told)):
        words = (_JOINS.sub("", text[label.end() :]) if label is not None else text)[:_LONGEST_DAY]
        day, why = parse_date(words)  # "16.12.2012"
        day = day if day is not None else _in_other_languages(words)
        if day is None and (label is not None or not value):  # slow
            day = parse_foreign_date(words)
    if day is None and (found := FULL_DATE.search(value)) is not None:
        day = iso(found)
    is_sure = day is not None and not why and (is_told or len(day) == 10)
    return Moment(day, text or value) if day is not None and is_sure and is_possible(day, dt.date.today()) else None


def _in_other_languages(words: str) -> str | None:
    """The day that a few words give, as htmldate reads them: in French, German, Indonesian or Turkish."""
    import htmldate
    import lxml.html  # type: ignore[import-untyped]

    page = lxml.html.fromstring("<html><body><p class='date'></p></body></html>")
    page[0][0].text = words
    return htmldate.find_date(page, original_date=True, extensive_search=False)


def _guesses(tree: Any, linked: LinkedData, changed: Moment | None, url: str | None) -> Iterator[tuple[str, str, str]]:
    """What is left where nothing says when the page was published."""
    for made in _dates([*linked.texts("dateCreated", of_article=True), *linked.texts("uploadDate")]):
        yield "published", made.day, f"{_NO_DAY}; it was made on {made.day}, as it says."
    found = _guessed(tree, url)
    if found is not None and (changed is None or found != changed.day):
        yield "published", found, f"{_NO_DAY}; “{found}”: guessed from the page by htmldate."
    if changed is not None:
        yield "published", changed.day, f"{_NO_DAY}; “{changed.day}” is a date in its markup, that of its last change."


def _guessed(tree: Any, url: str | None) -> str | None:
    """The day that htmldate finds on the page without what is not about the article; None where no whole day is
    written there."""
    import htmldate

    around = _around_story(tree)
    values = (value for element in around.iter("*") for value in element.attrib.values() if len(value) < _MAX_VALUE)
    written = "\n".join([text_of(around), *values])
    if not _WHOLE_DAY.search(written):
        return None
    found = htmldate.find_date(around, original_date=True, extensive_search=False, url=url)
    if found is None:
        _blank_numbers(around)
        found = htmldate.find_date(around, original_date=True, extensive_search=True, url=url)
    if found is None:
        return None
    of_day = _written_day(found[:2], found[2:4], *found.split("-")[1:])
    return found if of_day.search(written) is not None else None  # a month or a year alone is made a day


def _blank_numbers(tree: Any) -> None:
    """Take out the lines that have a number and are no day: the extensive search takes seconds for the first, and some
    20 ms for each."""
    n_kept = 0
    for element in tree.iter("*"):
        for name in ("text", "tail"):
            words = getattr(element, name) or ""
            if not _DIGIT.search(words):
                continue
            n_kept += 1
            if n_kept > _MOST_LINES or (len(words) > _SENTENCE and not _WHOLE_DAY.search(words)):
                setattr(element, name, " ")


def _written_day(century: str, year: str, month: str, day: str) -> re.Pattern[str]:
    """Where a day is written, in figures or with its month in a word of any language. All parts are patterns."""
    any_year, year = f"(?:{century})?{year}", f"{century}{year}"
    month, day, word = f"0?{month.lstrip('0')}", f"0?{day.lstrip('0')}", r"(?<![^\W\d_])[^\W\d_]{3,14}"
    return re.compile(
        rf"{year}(?P<sign>[-/. ]?){month}(?P=sign){day}(?!\d)"
        rf"|(?<!\d)(?:{day}[-/. ]{month}|{month}/{day})[-/. ]{any_year}(?!\d)"
        rf"|(?<!\d){day}(?!\d)\W{{0,3}}(?:st|nd|rd|th|er|de|of)?\W{{0,2}}{word}\W{{1,3}}(?:de )?{year}"
        rf"|{word}\W{{1,2}}{day}(?!\d)\w{{0,2}}\W{{1,3}}{year}"
    )


_WHOLE_DAY = _written_day("(?:19|20)", r"\d\d", r"\d?\d", r"\d?\d")


def _around_story(tree: Any) -> Any:
    """A copy of the page without the days of other stories, of readers, of programs and of files, without those of
    which the story tells, and without those that were read before."""
    import lxml.etree  # type: ignore[import-untyped]

    around = copy.deepcopy(tree)
    aside = asides(around)
    others = [part for part in aside if part.getparent() not in aside and not _is_of_story(part)]
    others += [
        part
        for part in around.iter("script", "style")
        if "ld+json" in part.get("type", "") or not _OF_STORY.search(part.text or "")
    ]
    others += around.iter("link", "img", lxml.etree.Comment)
    others += [meta for meta in around.iter("meta") if not _is_of_publication(meta)]
    others += [
        line
        for line in around.xpath("//p|//blockquote")
        if len(text_of(line).split()) >= _PARAGRAPH // 2 and line not in aside
    ]
    for part in others:
        if part.getparent() is not None:
            part.drop_tree()
    lxml.etree.strip_attributes(around, "href", "src", "srcset", "style")
    return around


def _is_of_publication(meta: Any) -> bool:
    """Whether a meta tag may tell of that day: it is no description, and not of the last change."""
    names = {re.sub(r"[^a-z]", "", meta.get(name, "").lower()) for name in ("property", "name", "itemprop")}
    is_a_value = len(meta.get("content", "").split()) <= _MAX_VALUE_WORDS
    is_prose = any(name.endswith(("description", "title", "keywords")) for name in names)
    return is_a_value and not is_prose and "http-equiv" not in meta.attrib and names.isdisjoint(_UPDATED)


def _is_of_story(part: Any) -> bool:
    """Whether a part of the page that is called one about something else may bear the day of the article."""
    told = f"{part.get('class', '')} {part.get('id', '')}"
    return part.tag in ("footer", "form") or (part.tag not in _NEVER and _BESIDE_STORY.search(told) is not None)


# --- The local day


def _local(
    published: Moment, tree: Any, linked: LinkedData, shown: Moment | None, url: str | None
) -> tuple[str, str, bool] | None:
    others = [*linked.texts("datePublished"), *linked.texts("dateModified"), *linked.texts("dateCreated")]
    others += [*metas(tree, _PUBLISHED), *metas(tree, _UPDATED), *map(str, tree.xpath("//time/@datetime"))]
    return local_day(published.words, others, url, shown)


def localized(own: Json, others: Iterable[str] = ()) -> Json:
    """What is stated of an article, with the local day where it states a stamp in UTC."""
    local = local_day(str(own.get("published")), others, own.get("url"))
    if local is None:
        return own
    found = {"published": local[0], "published_reason": local[1]}
    found |= {} if local[2] else {"published_source": "inferred"}
    for last in _dates([str(own.get("updated"))]):
        before = next(_dates([str(own["published"])]), None)
        found |= {"updated": in_utc} if (in_utc := _not_before(local[0], before, last)) is not None else {}
    return own | found


def _not_before(date: str | None, published: Moment | None, updated: Moment) -> str | None:
    """The local day of publication for a change whose day in UTC only seems to lie before it."""
    if date is None or published is None or updated.day >= date[:10]:
        return None
    return date if published.day <= updated.day else None
