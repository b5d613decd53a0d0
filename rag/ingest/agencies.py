"""The XML in which news agencies deliver and newspapers archive: NITF and NewsML-G2 (iptc.org/standards).

Nothing beside the file is loaded: no DTD, no entity, no address. Namespaces are passed over, since agencies differ in
them. Pictures, packages and other items without words are no articles.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from typing import Any

from rag.errors import BylineError
from rag.ingest.formats import from_markup, paragraphs
from rag.ingest.header import byline_names
from rag.ingest.metadata import clean
from rag.text.written_dates import parse_date
from rag.types import EXCERPT, Json

ROOT = re.compile(rb"<(?:\w+:)?(?:nitf|newsItem|newsMessage|packageItem)[\s>]")
_HTML_ENTITY = re.compile(r"&(?!(?:lt|gt|amp|quot|apos);)[A-Za-z][A-Za-z0-9]{1,30};")
# Beside the story: pictures and their captions, notes to editors, what a page would not show.
_ASIDE = ("media", "figure", "note", "script", "style", "head")
_SUMMARY = "The agency sent only an abstract of this article, not its text."
_WITHDRAWN = ("canceled", "cancelled", "withheld")


def items(markup: bytes) -> Iterator[tuple[str | None, str, Json] | BylineError]:
    """(key, text, what the agency states of it) for each article, in order; the key is None where the file is that one
    article. One that its agency has withdrawn is a BylineError in its place.

    `markup` is UTF-8 without a declaration of entities. Raises BylineError where it is damaged or holds no article.
    """
    import lxml.etree  # type: ignore[import-untyped]

    # &nbsp; and the like come from a DTD, which is not loaded: they would vanish.
    source = _HTML_ENTITY.sub(lambda name: html.unescape(name[0]), markup.decode()).encode()
    parser = lxml.etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        root = lxml.etree.fromstring(source, parser=parser)
    except lxml.etree.XMLSyntaxError as error:  # which also stops what is nested without end
        raise BylineError(f"is damaged XML ({' '.join(str(error).split())}); save it anew.") from error
    if (entity := next(root.iter(lxml.etree.Entity), None)) is not None:
        raise BylineError(f"uses {entity.text}, which stands for words that are not in the file; write them there.")
    for element in root.iter("{*}*"):
        element.tag = lxml.etree.QName(element).localname
    found = list(root.iter("newsItem")) or list(root.iter("nitf"))
    n_articles = 0
    for element in found:
        key, text, stated = (_news_item if element.tag == "newsItem" else _nitf)(element)
        n_articles += bool(text)
        if text and (status := stated["status"].rpartition(":")[2].lower()) in _WITHDRAWN:
            name = stated.get("title") or key
            yield BylineError(f"holds “{name}”, which its agency marked as {status}; delete it, and what you ingested.")
        elif text:
            yield None if element is root else key, text, stated
    if not n_articles:
        raise BylineError(f"holds no text in {len(found)} items (pictures or packages?); leave it out.")


def _nitf(root: Any) -> tuple[str, str, Json]:
    bodies = root.findall("body/body.content")
    # The New York Times' archive has the first paragraphs twice: as a lead, and in the full text.
    full = [block for body in bodies for block in body.iter("block") if block.get("class") == "full_text"]
    bylines = root.findall("body/body.head/byline")
    people: list[str] = []
    for byline in [line for line in bylines if line.get("class") == "print_byline"] or bylines:
        for role in byline.findall("byttl"):
            role.clear(keep_tail=True)
        named = [name for person in byline.findall("person") if (name := _words(person))]
        people += named or ([*byline_names(line)] if (line := _words(byline)) else [])
    stated: Json = {
        "title": _first(root, "body/body.head/hedline/hl1", "body/body.head/hedline", "head/title"),
        "outlet": _first(
            root, "head/pubdata/@name", "body/body.head/distributor", "head/docdata/doc.copyright/@holder"
        ),
        "authors": people,
        "url": _first(root, "head/pubdata/@ex-ref"),
        "section": _first(
            root,
            "head/pubdata/@position.section",
            "head/meta[@name='section']/@content",
            "head/meta[@name='dsk']/@content",
            "head/tobject/tobject.subject/@tobject.subject.type",
        ),
        "published": _first(
            root,
            "head/pubdata/@date.publication",
            "head/docdata/date.issue/@norm",
            "head/docdata/date.release/@norm",
            "body/body.head/dateline/story.date/@norm",
        ),
        "status": _first(root, "head/docdata/@management-status") or "",
    }
    text = _story(full or bodies)
    if not text and (text := _story(root.findall("body/body.head/abstract"))):
        stated["reasons"] = {EXCERPT: _SUMMARY}
    return _first(root, "head/docdata/doc-id/@id-string") or "", text, stated


def _news_item(root: Any) -> tuple[str, str, Json]:
    _, text, stated = next(map(_nitf, root.iter("nitf")), ("", "", {}))
    people = [c for c in root.findall("contentMeta/creator") if "organisation" not in c.get("type", "")]
    topics = [s for s in root.findall("contentMeta/subject") if re.match("medtop:|subj:", s.get("qcode", ""))]
    byline, current = _first(root, "contentMeta/by"), _first(root, "itemMeta/versionCreated")
    is_first = root.get("version", "1") == "1"
    own: Json = {
        "title": _first(root, "contentMeta/headline"),
        "outlet": _first(root, "itemMeta/provider/name", "itemMeta/provider/@literal", "contentMeta/creditline")
        or (_first(root, "itemMeta/provider/@qcode") or "").rpartition(":")[2],
        "authors": [*byline_names(byline)] if byline else [name for c in people if (name := _first(c, "name"))],
        "section": next((name for s in topics if (name := _first(s, "name"))), None),
        "published": _first(root, "itemMeta/embargoed", "itemMeta/firstCreated")
        or (current if is_first else _first(root, "contentMeta/contentCreated")),
        "updated": None if is_first else current,
    }
    stated |= {name: value for name, value in own.items() if value}
    stated["status"] = _first(root, "itemMeta/pubStatus/@qcode") or stated.get("status", "")
    if "published" not in stated and (day := parse_date(current)[0]) is not None:
        stated["clues"] = [("published", day, f"The item gives only the day of its newest version, {day}.")]
    # One story may come in several forms: the fullest is it.
    forms = [_story([form]) for form in root.findall("contentSet/inlineXML") if form.find(".//nitf") is None]
    for form in root.findall("contentSet/inlineData"):
        if form.get("encoding") is None:  # pictures are, in base64
            kind = "html" if "html" in form.get("contenttype", "") else "plain"
            forms.append(from_markup("".join(form.itertext()), kind))
    if len(longest := max(forms, key=len, default="")) > len(text):
        text = longest
        stated.pop("reasons", None)
    return root.get("guid", ""), text, stated


def _first(root: Any, *places: str) -> str | None:
    """The first words, or the first value of an attribute (`path/@name`), that one of the places has."""
    for place in places:
        path, _, attribute = place.rpartition("/@")
        values = (e.get(attribute, "").strip() if path else _words(e) for e in root.findall(path or place))
        if (value := next(filter(None, values), None)) is not None:
            return str(value)
    return None


def _words(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


def _story(elements: Sequence[Any]) -> str:
    for element in elements:
        for aside in [*element.iter(*_ASIDE)]:
            aside.clear(keep_tail=True)
    return clean("\n\n".join(filter(None, map(paragraphs, elements))))
