"""The JSON-LD of a page (schema.org): its objects, and which of them is the article that the page is about.

Read as it is found: in CDATA, in a comment, with a comma too many, in `@graph`; of what is no JSON even so, the few
fields that stand in it plainly.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from rag.types import Json

LIVE = "liveblogposting"
ARTICLES = frozenset(
    "newsarticle article reportagenewsarticle analysisnewsarticle backgroundnewsarticle opinionnewsarticle"
    " reviewnewsarticle askpublicnewsarticle satiricalarticle advertisercontentarticle scholarlyarticle techarticle"
    f" report blogposting {LIVE}".split()
)
# Under these an object holds others that the page is not about.
_ASIDE = frozenset(
    "itemlistelement liveblogupdate mentions citation comment review relatedlink isrelatedto significantlink subjectof"
    " associatedmedia image video".split()
)
_WRAPPING = re.compile(r"^(?:\s|<!--|-->|/\*|\*/|//|<!\[CDATA\[|\]\]>)+|(?:\s|<!--|-->|/\*|\*/|//|\]\]>|;)+$")
# A string, which stays as it is; a comment, or a comma before a bracket, which goes.
_TOKENS = re.compile(r'("(?:[^"\\]|\\.)*")|/\*.*?\*/|,(?=\s*[}\]])', re.DOTALL)
_SALVAGED = re.compile(r'"(datePublished|dateModified|headline|@type)"\s*:\s*"((?:[^"\\]|\\.){1,300})"')
_MAX_OBJECTS = 20_000


class LinkedData:
    """All objects of a page, outer before inner. `article` is the one that the page is about; {} where none is."""

    def __init__(self, tree: Any) -> None:
        self.objects: list[Json] = []
        self._outer: list[Json] = []
        for script in tree.xpath("//script[contains(@type, 'ld+json')]"):
            self._add(parse(script.text_content()))
        self._by_id = {
            str(thing["@id"]): thing for thing in reversed(self.objects) if "@id" in thing and len(thing) > 1
        }
        self.article = self._main(_own_addresses(tree))

    def _add(self, value: Any) -> None:
        queue = [(value, False)]
        for value, is_aside in queue:  # grows while it is read
            if len(self.objects) >= _MAX_OBJECTS:
                return
            if isinstance(value, list):
                queue += [(item, is_aside) for item in value]
            elif isinstance(value, dict):
                self.objects.append(value)
                if not is_aside:
                    self._outer.append(value)
                queue += [(item, is_aside or name.lower() in _ASIDE) for name, item in value.items()]

    def _main(self, addresses: set[str]) -> Json:
        articles = [thing for thing in self._outer if kinds(thing) & ARTICLES]
        here = (thing for thing in articles if addresses & {*map(_bare, _addresses(thing))})
        return next(here, next(iter(articles), {}))

    def named(self, value: Any) -> Iterator[tuple[str, frozenset[str]]]:
        """The names that a value gives, each with the types of what has it: text, objects, references by `@id`."""
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict) and "name" not in item and "@id" in item:
                item = self._by_id.get(str(item["@id"]), item)
            if isinstance(item, str):
                yield words(item), frozenset()
            elif isinstance(item, dict):
                for name in item["name"] if isinstance(item.get("name"), list) else [item.get("name")]:
                    if isinstance(name, str) and name.strip():
                        yield words(name), kinds(item)

    def texts(self, name: str, *, of_article: bool = False) -> Iterator[str]:
        """The values of a field, those of the article first, then those of what is not about something else."""
        for thing in [self.article] if of_article else [self.article, *self._outer]:
            value = thing.get(name)
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, str | int | float) and not isinstance(item, bool) and str(item).strip():
                    yield str(item).strip()

    def is_locked(self) -> bool:
        """Whether the page says that its text is not for everybody (`isAccessibleForFree`)."""
        values = (str(thing.get("isAccessibleForFree", "")).rpartition("/")[2].lower() for thing in self._outer)
        return "false" in values


def kinds(thing: Json) -> frozenset[str]:
    """The types of an object, in small letters and without the address of their vocabulary."""
    value = thing.get("@type")
    values = value if isinstance(value, list) else [value]
    return frozenset(re.split(r"[/:#]", kind)[-1].lower() for kind in values if isinstance(kind, str))


def words(value: str) -> str:
    """A text field without markup, entities and line ends."""
    value = html.unescape(html.unescape(value)) if "&" in value else value
    return " ".join(re.sub(r"</?[a-zA-Z][^<>]{0,200}>", " ", value).split())


def parse(source: str) -> Any:
    """The value of a script of JSON-LD; the plain fields of one that is broken; None where it has none."""
    source = _WRAPPING.sub("", source.lstrip("\ufeff"))
    for attempt in (source, _TOKENS.sub(lambda match: match[1] or "", source)):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    found: Json = {}
    for name, value in _SALVAGED.findall(source[: 2**20]):
        found.setdefault(name, value)
    return found or None


def _own_addresses(tree: Any) -> set[str]:
    found = tree.xpath("//link[@rel='canonical']/@href|//meta[@property='og:url']/@content")
    return {_bare(address) for address in map(str, found) if address.strip()}


def _addresses(thing: Json) -> Sequence[str]:
    page = thing.get("mainEntityOfPage")
    values = [thing.get("url"), thing.get("@id"), page.get("@id") if isinstance(page, dict) else page]
    return [value for value in values if isinstance(value, str) and value]


def _bare(address: str) -> str:
    return re.sub(r"^https?://(?:www\.)?|[?#].*$", "", address.strip().lower()).rstrip("/")
