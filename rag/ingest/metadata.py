"""What is known of an article: title, outlet, authors, section and dates come from the layers that state them, else
from clues in the text, each with its reason."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, TypeVar

from rag.errors import BylineError
from rag.ingest.boilerplate import WORD, find_boilerplate, first_words, title_line
from rag.ingest.clues import strong_clues, weak_clues
from rag.ingest.header import Clue
from rag.text.written_dates import is_possible, parse_date
from rag.types import NO_HEADLINE, Article, DateSource, Json, Precision, Span

_T = TypeVar("_T")
_CONTROL = re.compile("[\x01-\x08\x0e-\x1f\x7f]")  # what XML does not bear
IGNORED = "The date “{}” is ignored; write it as YYYY-MM-DD, at most a year from now."
_SHORTEST = 4  # letters: fewer are a slip of the hand, and no article
_MAX_YAML = 64 * 2**10
_MAX_BRACKETS = 100
_NAME_AND_VALUE = re.compile(r"([A-Za-z][\w -]{0,40}):[^\S\n]+(\S.*)")
# A title that YAML takes for something else, or loses the end of.
_ODD_TITLE = re.compile(
    r"^(?:title|headline):[^\S\n]+(?![|>][+-]?[0-9]?[^\S\n]*$)(?:[{\[&!*%@`?,|>-].*|[^\"'\s].*\s#.*)$",
    re.MULTILINE | re.IGNORECASE,
)
_BLOCK_SCALAR = re.compile(r"[|>][+-]?[0-9]?\s*")
_TOLERANCE = dt.timedelta(days=366)
PRECISIONS: dict[int, Precision] = {0: "none", 4: "year", 7: "month", 10: "day"}


def load_yaml(source: str) -> Any:
    """The value of a YAML text. BylineError where it is broken, or built to exhaust whoever reads it."""
    import yaml

    if len(source) > _MAX_YAML:
        raise BylineError(f"is longer than {_MAX_YAML // 2**10} KB.")
    if source.count("[") + source.count("{") > _MAX_BRACKETS:  # PyYAML takes minutes for 64 KB of them
        raise BylineError(f"has more than {_MAX_BRACKETS} brackets.")
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(source, Loader=yaml.SafeLoader)):
            raise BylineError("uses aliases (*name), which are not followed; write the value out.")
        value = yaml.safe_load(source)
        str(value)  # an integer of thousands of figures fails here, and not where it is used
        return value
    except BylineError:
        raise
    except Exception as error:  # PyYAML lets out whatever a date of 31 February or a bad tag leads it into
        raise BylineError(f"is not YAML ({' '.join(str(error).split())}).") from error


def load_front_matter(source: str) -> Any:
    """The value of YAML as people write it at the head of a text, where a title need not be YAML: what is none, or
    would lose its end for a comment, is taken as it stands. BylineError as `load_yaml` raises it."""
    try:
        strict: Any = load_yaml(source)
    except BylineError:
        strict = None
    else:
        if not _ODD_TITLE.search(source):
            return strict
    if len(source) > _MAX_YAML:
        return load_yaml(source)
    return load_yaml("\n".join(map(_as_it_stands, source.split("\n"))))


def _as_it_stands(line: str) -> str:
    """The line `name: value`, its value quoted where it is not a value by itself."""
    match = _NAME_AND_VALUE.fullmatch(line)
    if match is None or _BLOCK_SCALAR.fullmatch(match[2]):
        return line
    if not _ODD_TITLE.match(line):
        with contextlib.suppress(BylineError):
            value = load_yaml(f"x: {match[2]}")
            if isinstance(value, dict) and not isinstance(value["x"], dict):
                return line
    return f"{match[1]}: {json.dumps(match[2].strip(), ensure_ascii=False)}"


def clean(text: str) -> str:
    """Text that did not come from a text file: newlines as `\\n`, and nothing in it that cannot be stored."""
    text = re.sub("[\0\ud800-\udfff]", "\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _CONTROL.sub("", text)


def one_line(value: Any) -> str | None:
    value = value.get("name") if isinstance(value, dict) else value
    if isinstance(value, bool) or not isinstance(value, str | int | float | dt.date):
        return None
    line = " ".join(clean(str(value)).split())
    return line if line else None


def _first_line(value: Any) -> str | None:
    """One value, or the first of a list: pages file an article under several sections."""
    return one_line(value[0] if isinstance(value, list) and value else value)


def _people(value: Any) -> tuple[str, ...] | None:
    names = value if isinstance(value, list) else value.split(";") if isinstance(value, str) else [value]
    lines = (line for line in map(one_line, names) if line is not None)
    people = tuple(dict.fromkeys(name for line in lines if (name := re.sub(r"^[Bb][Yy]\s+(?=\S)", "", line))))
    return people if people else None


def _address(value: Any) -> str | None:
    line = one_line(value)
    return line if line is not None and re.fullmatch(r"https?://\S+", line) else None


def _check_story(text: str, boilerplate: Sequence[Span]) -> None:
    """BylineError where nothing, or next to nothing, is left of a text without its boilerplate."""
    edges = [0, *(edge for span in boilerplate for edge in span), len(text)]
    story = (text[slice(*gap)] for gap in zip(edges[::2], edges[1::2], strict=True))
    letters = [*islice((letter for part in story for letter in WORD.finditer(part)), _SHORTEST)]
    if len(letters) < _SHORTEST:
        has = f"has no more text than “{''.join(letter[0] for letter in letters)}”" if letters else "has no text"
        raise BylineError(f"{has}; leave it out, or fill it.")


def make_article(path: str, text: str, layers: Sequence[Json], *, offset: int = 0) -> Article:
    """The article of a text and of what is stated of it, the most trusted statements first. `offset` is where the text
    begins in that of its file."""

    def stated(name: str, convert: Callable[[Any], _T | None]) -> _T | None:
        return next((value for layer in layers if (value := convert(layer.get(name))) is not None), None)

    places, asides = (next((tuple(one[name]) for one in layers if name in one), ()) for name in ("places", "asides"))
    boilerplate = find_boilerplate(text, asides)
    _check_story(text, boilerplate)
    title, outlet, section = stated("title", one_line), stated("outlet", one_line), stated("section", _first_line)
    authors, url = stated("authors", _people), stated("url", _address)
    clues = list(strong_clues(text, boilerplate, url))
    reasons: Json = {}
    for layer in reversed(layers):
        reasons.update(layer.get("reasons", {}))
        clues += layer.get("clues", ())
    clues += weak_clues(text, boilerplate, url)

    def inferred(field: str) -> Any:
        value, why = next(((value, why) for name, value, why in clues if name == field), (None, ""))
        reasons[field] = why
        return value

    if url is None:
        url = _address(inferred("url"))
    if title is None and (title := inferred("title")) is None:
        is_said = any(place.time is not None for place in places)
        title, reasons["title"] = _title_in(text, boilerplate, is_said)
    outlet = inferred("outlet") if outlet is None else outlet
    title = _without_outlet(title, outlet) if title is not None and outlet is not None else title
    section = inferred("section") if section is None else section
    authors = inferred("authors") if authors is None else authors
    published, source, reasons["published"] = _published(layers, clues)
    updated, reasons["updated"] = _updated(layers, clues, published)
    reasons = {field: reason for field, reason in sorted(reasons.items()) if reason}
    known = [text, title, outlet, authors, url, published, source, reasons]
    # Only where there are some: an article that has none keeps the hash it had before there were any.
    more = [*([] if section is None and updated is None else [section, updated]), *filter(None, (places, asides))]
    return Article(
        id=_sha256([text, title])[:12],
        text=text,
        title=title,
        outlet=outlet,
        authors=authors if authors is not None else (),
        url=url,
        published=published,
        published_precision=PRECISIONS[len(published) if published is not None else 0],
        published_source=source,
        path=path,
        content_hash=_sha256([*known, *more]),
        boilerplate=boilerplate,
        reasons=reasons,
        section=section,
        updated=updated,
        offset=offset,
        places=places,
        asides=asides,
    )


def _title_in(text: str, boilerplate: Sequence[Span], is_said: bool) -> tuple[str | None, str]:
    """The line that stands apart at the head of a text, else its first words, and the reason for it. What `is_said` in
    a recording has no headline."""
    if not is_said and (line := title_line(text)) is not None:
        title = re.sub(r"^#{1,6}\s+|\s+#+$", "", text[slice(*line)].strip())
        return title, f"The first line of the text stands apart: “{title}”."
    words = first_words(text, boilerplate)
    return words, NO_HEADLINE if words else ""


def _without_outlet(title: str, outlet: str) -> str:
    """The title without " - Quay Gazette" at its end, where that is the outlet."""
    return re.sub(rf"(?<=\S)\s+[-–—|·:]\s+{re.escape(outlet)}\s*$", "", title, flags=re.IGNORECASE)


def _sha256(values: list[Any]) -> str:
    return hashlib.sha256(json.dumps(values, ensure_ascii=False).encode()).hexdigest()


def _published(layers: Sequence[Json], clues: Sequence[Clue]) -> tuple[str | None, DateSource, str]:
    """The date, cut to what is known, where it is from, and the reason for it or for there being none."""
    today = dt.date.today()
    ignored = ""
    for layer in layers:
        value, inferred = layer.get("published"), layer.get("published_source") == "inferred"
        reason = one_line(layer.get("published_reason", "It is marked as inferred where it is stated."))
        is_told = inferred or "published_reason" in layer
        if value is None:
            if layer.get("published_source") == "none":  # somebody looked, and says that nobody knows
                return None, "none", str(reason) if "published_reason" in layer else ""
            continue
        date, why = parse_date(value)
        if date is not None and is_possible(date, today + _TOLERANCE):
            date = date[: {"year": 4, "month": 7}.get(str(layer.get("published_precision")), 10)]
            return date, "inferred" if inferred else "stated", f"{ignored}{reason if is_told else why}".strip()
        value = clean(str(value))[:80]
        ignored = f"{IGNORED.format(value)} "
    for field, date, reason in clues:
        if field == "published" and is_possible(date, today):
            return date, "inferred", ignored + reason
    return None, "none", ignored.strip()


def _updated(layers: Sequence[Json], clues: Sequence[Clue], published: str | None) -> tuple[str | None, str]:
    """The day of the last change, cut to what is known, and the reason where it is inferred or passed over."""
    stated = [(parse_date(layer["updated"])[0], "", layer["updated"]) for layer in layers if layer.get("updated")]
    latest = dt.date.today() + _TOLERANCE
    for date, reason, words in [
        *stated,
        *((date, reason, date) for field, date, reason in clues if field == "updated"),
    ]:
        if date is None or not is_possible(date, latest):
            continue
        if published is not None and date < published[: len(date)]:
            return None, f"The day of the last change, “{clean(str(words))[:80]}”, lies before the day of publication."
        return date, reason
    return None, ""
