"""What the fields of a record are called, by whom: the one table of names, from which records, front matter, sidecars
and manifests are read, and help, README and errors are written.

Names are compared without case and without what joins their parts: `datePublished`, `date_published` and
`Date Published` are one, and `headline.main` is a field `main` inside `headline` as well as a column of that name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from rag.errors import BylineError
from rag.ingest.people import is_person_list, split_people
from rag.text.written_dates import parse_date, parse_foreign_date
from rag.types import Json


class Field(NamedTuple):
    """`names` are tried in their order; each vocabulary's stand together."""

    meaning: str
    names: tuple[str, ...]


def _names(*vocabularies: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(" ".join(vocabularies).split()))


FIELDS: Mapping[str, Field] = {
    "text": Field(
        "the whole text; HTML becomes text",
        _names(
            "text bodyText articleBody maintext content body full_text article article_text story fulltext main_text",
            "fields.bodyText fields.body",  # The Guardian
            "body_nitf body_html body_xhtml body_text bodies.value",  # ninjs: AP, Superdesk, IPTC 1 and 3
            "content.rendered content:encoded post_content content_text content_html content.value",  # WordPress, feeds
            "full_content plain_text plaintext cleaned_text clean_text news_text article_content articleContent",
            "text_content textBody body.content body.text body.value body.html content.text content.html paragraphs",
            "document raw_text raw_content html raw_html",
        ),
    ),
    "summary": Field(
        "what stands in where there is no text, marked as such",
        _names(
            "description summary short_description abstract",
            "lead_paragraph snippet",  # The New York Times
            "fields.trailText fields.standfirst trailText standfirst",  # The Guardian
            "excerpt.rendered excerpt post_excerpt",  # WordPress
            "description_text description_html descriptions.value",  # ninjs
            "teaser lead lede dek deck blurb intro preview subheadline highlights",
        ),
    ),
    "title": Field(
        "the headline",
        _names(
            "headline.main headline headlines.value",  # before title, which is a slug with AP and Superdesk
            "title title.rendered webTitle fields.headline post_title headline_text article_title news_title",
            "title.text title.value heading headlines name",
        ),
    ),
    "outlet": Field(
        "who published it",
        _names(
            "outlet source source.name source.title publisher publisher.name publication publication.name newspaper",
            "site sitename site_name source_name news_source media media_name media.name outlet_name provider.name",
            "provider infosources infosource infosource.name isPartOf.name source.domain",
            "source_domain domain hostname host source_hostname fields.publication publication_domain",
        ),
    ),
    "authors": Field(
        "who wrote it",
        _names(
            "authors author byline.original byline creator",
            "by bylines bylines.name bylines.by fields.byline",  # ninjs, The Guardian
            "author.name authors.name author_name authorname author_names dc:creator _embedded.author",
            "_embedded.author.name writer",
            "writers journalist reporter reporters",
        ),
    ),
    "url": Field(
        "its web address",
        _names(
            "url link canonical_url source_url web_url webUrl permalink article_url",
            "links.href mainEntityOfPage mainEntityOfPage.@id canonical href guid @id uri document_identifier",
        ),
    ),
    "section": Field(
        "the part of the paper",
        _names(
            "section category articleSection sectionName section_name service service.name desk news_desk",
            "categories categories.name pillarName section.name category.name subject.name topic subject subjects.name",
        ),
    ),
    "published": Field(
        "the day of publication",
        _names(
            "published date published_at publishedAt date_publish pubDate publish_date published_date datePublished",
            "publication_date pub_date published_time webPublicationDate firstpublished firstcreated contentcreated",
            "versioncreated date_time_pub dateTimePub publishing_date first_publish_date first_published_date",
            "publication_time publish_time post_date date_gmt datetime date_time timestamp seendate release_date",
            "published_on posted_at date_posted created_at created date_created dateCreated crawl_date time",
        ),
    ),
    "updated": Field(
        "the day of the last change",
        _names(
            "updated modified updated_at updatedAt date_modify dateModified date_modified last_modified lastmod",
            "modified_time fields.lastModified versioncreated modified_gmt post_modified update_date last_updated",
        ),
    ),
    "id": Field(
        "what tells one record of the file from the others",
        _names("id _id guid article_id articleId uuid uid uri doc_id docid altids.itemid document_id"),
    ),
}
"""Canonical name -> what it is and what it is called, the likeliest name first."""

_OTHERS: Mapping[str, tuple[str, ...]] = {
    "file": ("file", "path"),  # in a manifest
    "published_precision": ("published_precision",),
    "published_source": ("published_source",),
    "published_reason": ("published_reason",),
}
# What a record may be packed into; its fields count as the record's own.
_WRAPPERS = ("_source", "attributes", "node", "fields", "article", "document", "doc", "item", "post", "news", "data")
_PACKED = re.compile(rf"(?:{'|'.join(_WRAPPERS)})[./](.+)", re.IGNORECASE)
_SOURCE = re.compile(r"_source(?:[./](.+))?", re.IGNORECASE)  # Elasticsearch's wrapper, which is no `source`
_SCALARS = ("name", "value", "rendered", "text", "content", "main", "title", "html", "#text", "_", "$t", "@value")
_NOTHING = {"", "nan", "null", "none", "n/a", "na", "nil", "undefined", "[removed]", "nat"}
_OTHER_ADDRESSES = {"sourceurl", "publisherurl", "authorurl", "providerurl"}  # inside such an object, not the article's
_DEPTH = 4
_MOST_BELOW = 50  # names in one object that are listed
_MOST = 2000  # names of a record that are looked at
_LONGEST_NAME = 100  # characters of an outlet

Mapped = Mapping[str, tuple[str, ...]]
"""Canonical name -> the names that a reader gave it (`parse_mapping`)."""


def parse_mapping(given: str, where: str) -> Mapped:
    """What `--fields text=column,title=column` says. `where` is the flag or the file it stands in.

    BylineError where it is no such list, or names what is no field."""
    found: dict[str, tuple[str, ...]] = {}
    for pair in filter(None, (pair.strip() for pair in given.split(","))):
        field, sign, column = (part.strip() for part in pair.partition("="))
        if not sign or not column:
            raise BylineError(f"{where}: {pair!r} is no FIELD=COLUMN; write it as text=column,title=column.")
        if field.lower() not in FIELDS:
            raise BylineError(f"{where}: there is no field {field!r}; there are {', '.join(FIELDS)}.")
        found[field.lower()] = (*found.get(field.lower(), ()), column)
    return found


def key(name: Any) -> str:
    """A name as names are compared."""
    return re.sub(r"[\W_]+", "", str(name).casefold())


_KEYS = {field: tuple(map(key, names)) for field, (_, names) in FIELDS.items()} | {
    field: tuple(map(key, names)) for field, names in _OTHERS.items()
}
SPELLED = {key(name): name for _, names in FIELDS.values() for name in names}
"""How a name is spelled in `FIELDS`, by how it is compared."""
KNOWN = frozenset(name for names in _KEYS.values() for name in names)
"""All names, as they are compared."""


def flatten(record: Mapping[Any, Any]) -> Json:
    """The values of a record by `key`, those inside objects by the keys on the way to them."""
    found: Json = {}
    _flatten(record, "", found, 0)
    return found


def _flatten(record: Mapping[Any, Any], above: str, found: Json, depth: int) -> None:
    for name, value in record.items():
        if len(found) > _MOST:
            return
        path = above + key(name)
        if above and path in _OTHER_ADDRESSES:
            continue
        if not above and (is_source := _SOURCE.fullmatch(str(name))) and (is_source[1] or isinstance(value, dict)):
            if depth < _DEPTH:
                _flatten({is_source[1]: value} if is_source[1] else value, "", found, depth + 1)
            continue
        if not is_empty(value) or path == "publishedsource":  # where "none" is a value
            found.setdefault(path, value)
            if not above and (packed := _PACKED.match(str(name))):  # a column that was such an object's field
                found.setdefault(key(packed[1]), value)
        inner = _one_of(value, is_wrapper=key(name) in _WRAPPERS) if isinstance(value, list) else value
        if isinstance(inner, dict) and depth < _DEPTH:
            _flatten(inner, path, found, depth + 1)
            if not above and isinstance(value, dict) and str(name).casefold() in _WRAPPERS:
                _flatten(inner, above, found, depth + 1)


def _one_of(values: list[Any], *, is_wrapper: bool) -> Any:
    """The object of a list that stands for it: the main one of roles, the canonical one of links, the only one. Else
    None: the first of several records is not all of them, and what is in a wrapper is a record of its own."""
    objects = [value for value in values[:100] if isinstance(value, dict)]
    if len(values) == len(objects) == 1 and not is_wrapper:
        return objects[0]
    if any("role" in value for value in objects):
        main = [value for value in objects if str(value.get("role")).casefold() in ("main", "body", "canonical")]
        return main[0] if main else objects[0]
    return next((value for value in objects if str(value.get("rel")).casefold() == "canonical"), None)


def is_empty(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) < 12 and value.strip().casefold() in _NOTHING
    return value is None or value in ([], {}) or value != value


def values(flat: Json, field: str, mapped: Mapped) -> Iterator[tuple[str, Any]]:
    """(name as compared, value) of all values that a record has for a field, the likeliest first; what the reader
    mapped, and nothing else, where the record has that."""
    own = [(key(name), value) for name in mapped.get(field, ()) if (value := _reach(flat, name)) is not None]
    yield from own or ((name, flat[name]) for name in _KEYS[field] if name in flat)


def _reach(flat: Json, name: str) -> Any:
    """What a record has under a name as `names_of` writes it: "body[].html" is the list of what the objects in `body`
    have, and "items[].html" what a record has that lies in `items`. None where it has nothing."""
    for first, *rest in _ways(name):
        value = flat.get(key(first))
        if rest and isinstance(value, list):
            objects = [item for item in value if isinstance(item, dict)]
            if not any(flat.keys() & _KEYS[field] for field in _OF_ARTICLE) or any(map(_is_article, objects[:20])):
                continue  # the articles of a file, and not the parts of one
            value = [found for item in objects if (found := _reach(flatten(item), "[].".join(rest))) is not None]
        if value is not None and (not rest or isinstance(value, list)):
            return value
    return None


def _ways(name: str) -> list[list[str]]:
    """The names on the way to a field, from each list on that the way leads through."""
    parts = [(_SOURCE.fullmatch(part) or [part, part])[1] or part for part in name.split("[].")]
    return [parts[n:] for n in range(len(parts))]


_OF_ARTICLE = ("title", "url", "published")


def _is_article(value: Json) -> bool:
    flat = flatten(value)
    return sum(bool(flat.keys() & _KEYS[field]) for field in _OF_ARTICLE) > 1


def not_there(record: Mapping[Any, Any], mapped: Mapped) -> Iterator[tuple[str, str]]:
    """(field, name) of what a reader named that the record has not, not even empty."""
    flat = flatten(record) if mapped else {}
    listed = {key(name) for name in names_of(record)} if mapped else set()
    for field, names in mapped.items():
        known = ("".join(way) for name in names for way in _ways(name))
        if not any(key(name) in listed for name in known) and all(_reach(flat, name) is None for name in names):
            yield field, names[0]


def metadata_of(raw: Any, mapped: Mapped | None = None) -> Json:
    """The fields under their own names, whatever the file calls them; empty ones are left out. The text is none of
    them. BylineError where there is no object of names and values."""
    if isinstance(raw, BylineError):
        raise raw
    if not isinstance(raw, dict):
        raise BylineError("is not an object of names and values.")
    flat = flatten(raw)
    found: Json = {}
    for field in _KEYS:
        if field in ("text", "summary", "id"):
            continue
        candidates = [value for _, value in values(flat, field, mapped if mapped is not None else {})]
        if field in _USABLE and candidates:
            usable = (usable for value in candidates if (usable := _USABLE[field](value)) is not None)
            candidates = [next(usable, candidates[0] if field in ("published", "updated") else None)]
        if candidates and candidates[0] is not None:
            found[field] = candidates[0]
    return found


def scalar(value: Any) -> Any:
    """What an object or a list of them says in one value: its name, its text, its `$date`. None where there is none."""
    for _ in range(_DEPTH):
        if isinstance(value, list):
            value = next((item for item in value if not is_empty(item)), None)
        elif isinstance(value, dict):
            if "$date" in value or "$oid" in value or "$numberLong" in value:  # MongoDB
                value = next(value[name] for name in ("$date", "$oid", "$numberLong") if name in value)
            else:
                value = next((value[name] for name in _SCALARS if not is_empty(value.get(name))), None)
    return None if isinstance(value, dict | list) or is_empty(value) else value


def _line(value: Any) -> Any:
    found = scalar(value)
    return None if isinstance(found, bool) else found


def _section(value: Any) -> Any:
    """One that is named: numbers are keys of a table that is not there."""
    found = _line(value)
    return None if re.fullmatch(r"[\d\s,;]+", str(found)) else found


def _outlet(value: Any) -> Any:
    found = _line(value)
    name = str(found).strip()
    is_name = len(name) <= _LONGEST_NAME and "\n" not in name and not re.match(r"https?://", name)
    return found if is_name and not isinstance(found, int | float) else None


def _people(value: Any) -> Any:
    if isinstance(value, int | float) or (isinstance(value, str) and value.strip().isdigit()):
        return None  # the number of a user
    if isinstance(value, dict) and is_person_list(value):
        value = [value]
    people = split_people(value)
    return people if people else None


def _day(value: Any) -> Any:
    found = scalar(value)
    if found is None or parse_date(found)[0] is not None:
        return found
    return parse_foreign_date(str(found).strip())


def _address(value: Any) -> Any:
    found = scalar(value)
    return found if re.match(r"https?://\S+$", str(found).strip()) else None


_USABLE: Mapping[str, Callable[[Any], Any]] = {
    "title": _line,
    "outlet": _outlet,
    "authors": _people,
    "url": _address,
    "section": _section,
    "published": _day,
    "updated": _day,
}


def help_text() -> str:
    """What `byline ingest --help` says of the names."""
    lines = [f"  {field}: {meaning}: {', '.join(names[:6])}, …" for field, (meaning, names) in FIELDS.items()]
    known = "\n".join(lines)
    return f"fields of CSV and JSON records, and what they are called (rag/ingest/FORMATS.md has all names):\n{known}"


def table() -> str:
    """The table of names in Markdown."""
    rows = (f"| `{field}` | {meaning} | {' '.join(names)} |" for field, (meaning, names) in FIELDS.items())
    return "\n".join(["| field | what it is | what it is called |", "|---|---|---|", *rows])


def unknown(names: list[str], n: int) -> str:
    """The sentence for a file of `n` records none of which has a text, and the `names` that they have."""
    has = ", ".join(name[:100] for name in names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
    where = "" if n == 1 else f" in any of its {n:,} records"
    return (
        f"has no text{where}; its fields are {has or 'without names'}. Say which of them is what: --fields "
        "text=NAME,title=NAME, or fields in settings.toml (known for the text are "
        f"{', '.join(FIELDS['text'].names[:8])}, …; rag/ingest/FORMATS.md has all)."
    )


def names_of(record: Mapping[Any, Any], depth: int = 0) -> list[str]:
    """The names of a record's fields as a reader would write them, those inside others with the way to them."""
    found: list[str] = []
    for name, value in record.items():
        inner = value[0] if isinstance(value, list) and value else value
        sign = "[]." if isinstance(value, list) else "."
        below = names_of(inner, depth + 1) if isinstance(inner, dict) and depth < _DEPTH else []
        found += [f"{name}{sign}{one}" for one in below[:_MOST_BELOW]] or [str(name)]
    return found


def no_text() -> str:
    """The sentence for a record without a text among others that have one."""
    return f"has no text; give it under {', '.join(FIELDS['text'].names[:8])}, …, or name its field with --fields."
