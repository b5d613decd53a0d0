"""Title, outlet, authors, section and address of a page: one cascade each, the best evidence first.

What the page states in JSON-LD, Open Graph or meta tags is stated; what stands on the page alone (a heading, a byline,
the end of the window's title) is inferred, and says from what.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any
from urllib.parse import urljoin

from rag.ingest.furniture import NAMED_READER
from rag.ingest.header import byline_names, outlet_by_form
from rag.ingest.linked_data import LinkedData, words
from rag.ingest.people import split_people, without_staff
from rag.types import Json

Asides = AbstractSet[Any]
Found = tuple[Any, str]
"""A value, and the reason where it was inferred ("" where it is stated)."""

# Names of meta tags, whatever the attribute (name, property, itemprop), without case and signs; best first.
_META = {
    "title": (
        "ogtitle twittertitle citationtitle headline parselytitle sailthrutitle dctitle dctermstitle rbtitle"
    ).split(),
    "outlet": "ogsitename citationjournaltitle dcpublisher dctermspublisher publisher applicationname".split(),
    "authors": (
        "citationauthor citationauthors articleauthor ogauthor ogarticleauthor author authors byl dccreator"
        " dctermscreator parselyauthor sailthruauthor rbauthors creator"
    ).split(),
    "section": "articlesection section parselysection category".split(),
    "url": ["ogurl", "parselylink", "twitterurl"],
}
_ASIDE = ("nav", "footer", "aside", "form", "noscript", "dialog", "figcaption", "blockquote")
_OF_OTHERS = re.compile(
    r"(?i)\b(?:related|recommend\w*|promo(?!ted)\w*|most-?(?:read|popular)|trending|teasers?|sidebar|footer|comments?"
    r"|newsletter|widget|\w*caption)"
)
_SEPARATOR = re.compile(r"\s+(?:[|•·»–—-]|::|<|>|«)\s+|\s*[|»]\s*")
_HEADLINE = re.compile(r"(?i)\b(?:(?:article|entry|post|story|main|page)?[-_]*(?:headline|title))\b")
_ADDRESS = re.compile(r"(?i)https?:|www\.|^@|^[\w-]+(?:\.[\w-]+)*\.[a-z]{2,12}(?:/.*)?$|^\w+_\w+$|@")
_FEW, _LONGEST_NAME, _LONGEST_BYLINE = 4, 80, 200
_COMPANY = re.compile(
    r"(?i).*\b(?:ltd|limited|inc|incorporated|llc|plc|corp|corporation|gmbh|holdings?|group|publishing|publications)\.?"
)
_MAX_TITLE, _MAX_OUTLET, _MAX_OUTLET_WORDS = 300, 60, 7
_NOBODY = re.compile(
    r"(?i)(?:by\s+)?(?:(?:the|our|a)\s+)?(?:admin\w*|editors?|editorial(?: (?:team|staff|board))?"
    r"|staff(?: (?:writers?|reporters?))?|news ?(?:room|desk|staff|team)|web ?(?:desk|master|team)|online (?:desk|team)"
    r"|guest"
    r"|contributors?|author|unknown|anonymous|null|none|undefined|default)"
)
_SURNAME_FIRST = re.compile(
    r"(?!.*\b(?:Jr|Sr|II|III|IV)\b)([^\W\d_][\w'’-]*(?:\s[^\W\d_][\w'’-]*)?),\s*([^\W\d_][\w.'’ -]*)"
)


def stated(tree: Any, linked: LinkedData, aside: Asides) -> Json:
    """What a page says of itself. Values that were inferred are in `clues`, each with its reason."""
    url = _first(_urls(tree, linked))[0]
    names = [name for name, _ in _outlets(tree, linked, url)]
    found: dict[str, Iterable[Found]] = {
        "url": [(url, "")],
        "title": _titles(tree, linked, names, url, aside),
        "outlet": _outlets(tree, linked, url),
        "authors": _authors(tree, linked, names, aside),
        "section": (
            (words(value), "") for value in (*linked.texts("articleSection", of_article=True), *metas(tree, "section"))
        ),
    }
    own: Json = {}
    for field, values in found.items():
        value, reason = _first(values)
        if value and reason:
            own.setdefault("clues", []).append((field, tuple(value) if field == "authors" else value, reason))
        elif value:
            own[field] = value
    return own


def _first(values: Iterable[Found]) -> Found:
    return next((found for found in values if found[0]), (None, ""))


def metas(tree: Any, field: str | Sequence[str]) -> Iterator[str]:
    """The contents of the meta tags of a field, the best first."""
    wanted = _META[field] if isinstance(field, str) else field
    by_name: dict[str, list[str]] = {}
    for meta in tree.iter("meta"):
        content = (meta.get("content") or meta.get("datetime") or "").strip()
        for name in {meta.get(attribute, "") for attribute in ("property", "name", "itemprop")} if content else ():
            by_name.setdefault(re.sub(r"[^a-z]", "", name.lower()), []).append(content)
    for name in wanted:
        yield from by_name.get(name, ())


def asides(tree: Any) -> Asides:
    """The elements in parts of the page that are about something else, by their tag or what they are called."""
    found: set[Any] = set()
    whole = _around_headlines(tree)
    for element in tree.iter("*"):
        told = f"{element.get('class', '')} {element.get('id', '')}"
        is_other = element.tag in _ASIDE or (
            _OF_OTHERS.search(told) is not None
            and element.tag not in ("body", "html", "main", "article")
            and element not in whole
        )
        is_other = (is_other and not (element.tag in ("form", "blockquote") and element in whole)) or _is_by_a_reader(
            element
        )
        if is_other or element.getparent() in found:
            found.add(element)
    return found


def _around_headlines(tree: Any) -> Asides:
    """What holds a headline or the body of an article, and so is the whole page, however it is called."""
    window = _letters(window_title(tree))
    under = [
        heading
        for heading in tree.iter("h2", "h3")
        if len(name := _letters(text_of(heading))) >= _FEW and name in window
    ]
    bodies = tree.xpath("(//*[contains(@itemprop, 'articleBody')])[1]")
    return {outer for part in [*tree.iter("h1"), *under[:1], *bodies] for outer in part.iterancestors()}


def _is_by_a_reader(element: Any) -> bool:
    """Whether a block begins "Wren Falke says:", and what follows is no more than a comment."""
    first = next(iter(element), None) if element.tag in ("div", "li", "article", "section") else None
    return (
        first is not None and len(first) < _FEW and NAMED_READER.fullmatch(text_of(first)[:_LONGEST_NAME]) is not None
    )


def text_of(element: Any) -> str:
    """The words of an element on one line."""
    return " ".join("".join(element.itertext()).split())


def _urls(tree: Any, linked: LinkedData) -> Iterator[Found]:
    base = next(iter(tree.xpath("//base/@href")), "")
    known = [*map(str, tree.xpath("//link[@rel='canonical']/@href")), *metas(tree, "url")]
    page = linked.article.get("mainEntityOfPage")
    of_article = [linked.article.get("url"), page.get("@id") if isinstance(page, dict) else page]
    known += [address for address in of_article if isinstance(address, str)]
    whole = next((address for address in known if re.match(r"https?://", address)), base)
    for address in known:
        address = urljoin(whole, address.strip()) if whole else address.strip()
        if re.fullmatch(r"https?://[^\s/]+/\S+", address):
            yield address, ""
    for address in known:
        if re.fullmatch(r"https?://\S+", address.strip()):
            yield address.strip(), ""


# --- Outlet


def _outlets(tree: Any, linked: LinkedData, url: str | None) -> Iterator[Found]:
    host = _host(url)
    for name, _ in linked.named(linked.article.get("publisher")):
        yield outlet_name(name, host), ""
    for name in metas(tree, ["ogsitename"]):
        yield outlet_name(name, host), ""
    for field in ("publisher", "isPartOf"):
        for thing in linked.objects:
            for name, types in linked.named(thing.get(field)):
                if field == "publisher" or "website" in types:
                    yield outlet_name(name, host), ""
    for name in metas(tree, "outlet"):
        yield outlet_name(name, host), ""
    # "Ferry returns | Quay Gazette": where the address is that of the name, or the name that of a paper by its form.
    *before, last = _SEPARATOR.split(window_title(tree))
    ending = outlet_name(last, host) if before else None
    if ending and (_letters(ending) in _letters(host) or outlet_by_form(ending) is not None):
        yield ending, f"The title of the page's window ends with “{ending}”."


def outlet_name(name: str, host: str = "") -> str | None:
    """The name of an outlet without its slogan; None for an address, a handle, or what is a sentence by itself."""
    name = words(name).strip(" |–—-")
    if not name or _ADDRESS.search(name) or name.lower() == host or name.startswith("©"):
        return None
    parts = [part for part in re.split(r"\s+[|•·–—-]\s+|\s*[|»]\s*|:\s+", name) if part]
    name = parts[0] if len(parts) > 1 and len(parts[0].split()) <= _MAX_OUTLET_WORDS else name
    if (
        len(name) > _MAX_OUTLET
        or len(name.split()) > _MAX_OUTLET_WORDS
        or name[-1] in ".!?…"
        or not re.search(r"\w", name)
    ):
        return None
    return name[0].upper() + name[1:] if name.islower() and " " in name else name


def _host(url: str | None) -> str:
    match = re.match(r"https?://(?:www\.|m\.|amp\.)?([^/:?#@\s]+)", url or "")
    return match[1].lower() if match is not None else ""


def _letters(text: str) -> str:
    return re.sub(r"^the|\W|_", "", text.lower())


# --- Title


def _titles(
    tree: Any, linked: LinkedData, sites: Sequence[str | None], url: str | None, aside: Asides
) -> Iterator[Found]:
    """Cut titles ("Ferry returns to Port…") give way to the heading that goes on as they begin."""
    known = {_letters(site) for site in sites if site}
    headings = list(_headings(tree, aside))
    stated = [*linked.texts("headline", of_article=True), *metas(tree, "title"), *linked.texts("name", of_article=True)]
    for title in map(words, stated):
        title = without_site(title, known)
        if not title or _letters(title) in known or len(title) > _MAX_TITLE or _letters(title) == _letters(_host(url)):
            continue
        begun = re.sub(r"\s*(?:…|\.\.\.)$", "", title)
        whole = [h for h in headings if begun != title and h.startswith(begun) and len(h) > len(begun)]
        yield (whole[0] if whole else title), ""
    window = without_site(window_title(tree), known)
    same = [h for h in headings if _letters(h) not in known and _likeness(h, window) >= 0.5]
    for heading in same or [h for h in headings if _letters(h) not in known and not window]:
        yield heading, f"The heading of the page reads “{heading}”."
    if window and _letters(window) not in known:
        yield window, f"The title of the page's window reads “{window}”."
    for heading in headings:
        if _letters(heading) not in known:
            yield heading, f"The heading of the page reads “{heading}”."


def without_site(title: str, sites: Iterable[str]) -> str:
    """A title without the name of its site before or behind it. `sites` are their letters, small."""
    before, colon, rest = title.partition(": ")
    title = rest.strip() if colon and rest.strip() and _letters(before) in sites else title
    while (parts := _SEPARATOR.split(title)) and len(parts) > 1:
        ends = [part for part in (parts[-1], parts[0]) if _letters(part) in sites]
        if not ends:
            break
        cut = (
            title[: title.rindex(parts[-1])] if ends[0] == parts[-1] else title[title.index(parts[0]) + len(parts[0]) :]
        )
        if not (cut := cut.strip(" |•·»«–—-:<>")):
            break
        title = cut
    return title


def _headings(tree: Any, aside: Asides) -> Iterator[str]:
    for path in ("//main//h1|//article//h1", "//h1", "//*[self::h1 or self::h2 or self::h3][@class or @itemprop]"):
        for element in tree.xpath(path):
            told = f"{element.get('class', '')} {element.get('itemprop', '')}"
            if (element.tag == "h1" or _HEADLINE.search(told)) and element not in aside:
                heading = text_of(element)
                if re.search(r"\w", heading) and len(heading) <= _MAX_TITLE:
                    yield heading


def window_title(tree: Any) -> str:
    return next((text_of(element) for element in tree.iter("title") if text_of(element)), "")


def _likeness(a: str, b: str) -> float:
    mine, theirs = ({*re.findall(r"\w+", text.lower())} for text in (a, b))
    return len(mine & theirs) / min(len(mine), len(theirs)) if mine and theirs else 0.0


# --- Authors


def _authors(tree: Any, linked: LinkedData, sites: Sequence[str | None], aside: Asides) -> Iterator[Found]:
    known = {_letters(site) for site in sites if site}
    known |= {_letters(name) for thing in linked.objects for name, _ in linked.named(thing.get("publisher"))}
    named = [*linked.named(linked.article.get("author")), *linked.named(linked.article.get("creator"))]
    people = [name for name, types in named if not types & {"organization", "newsmediaorganization"}]
    for names in (people, [name for name, _ in named if not _COMPANY.fullmatch(name)]):
        yield _people(names, known), ""
    for field in _META["authors"]:
        yield _people(metas(tree, [field]), known), ""
    for path, read in _BYLINES:
        found = [element for element in tree.xpath(path) if element not in aside and text_of(element)]
        for text in dict.fromkeys(text for element in found[:8] for text in (_byline(element), text_of(element))):
            if len(text) <= _LONGEST_BYLINE and (writers := _people(read(text), known)):
                yield writers, f"The byline on the page reads “{text}”."


def _byline(element: Any) -> str:
    """The words of a byline: of the line around an element, where that begins "By", since it may name more people."""
    around = element.getparent()
    line = text_of(around) if around is not None else ""
    return line if len(line) <= _LONGEST_BYLINE and re.match(r"(?i)by\b", line) else text_of(element)


def _people(values: Iterable[str], outlets: set[str]) -> list[str] | None:
    names: list[str] = []
    for value in map(words, values):
        if re.search(r"https?:|www\.|^@|\w@\w", value) or len(value) > 400:
            continue
        turned = _SURNAME_FIRST.fullmatch(value)
        if (
            turned is not None
            and len(value.split()) <= 5
            and " and " not in value
            and _letters(turned[2]) not in outlets
        ):
            # "García Soto, Wren" has its surname first; "Wren Falke, Otto" would be somebody's given name: nobody's.
            names += [f"{turned[2]} {turned[1]}".strip()] if " " not in turned[1] else split_people(value)
        else:
            names += split_people(value)
    kept = [
        name
        for name in names
        if _letters(without_staff(name)) not in outlets and not _NOBODY.fullmatch(name) and not name.isdigit()
    ]
    return list(dict.fromkeys(kept)) or None


def _by(text: str) -> Sequence[str]:
    """The names of a byline; nobody's where the line is none."""
    names = byline_names(text)
    return (
        [] if names == (text,) and not re.fullmatch(r"(?:[^\W\d_][\w.'’-]*\s){1,4}[^\W\d_][\w.'’-]*", text) else names
    )


_BYLINES: tuple[tuple[str, Callable[[str], Sequence[str]]], ...] = (
    ("//*[@itemprop='author']//*[@itemprop='name']|//*[@itemprop='author'][not(.//*[@itemprop])]", _by),
    ("//*[@rel='author']|//address[.//a]", _by),
    ("//*[contains(@class, 'author-name') or contains(@class, 'author__name') or contains(@class, 'authorName')]", _by),
    ("//*[contains(@class, 'byline') or contains(@class, 'Byline') or contains(@data-testid, 'yline')]", _by),
    ("//*[self::a or self::span or self::p or self::div][contains(@class, 'author')][not(.//p)]", _by),
)
