"""The names in a byline or a field of authors, each by itself."""

from __future__ import annotations

import ast
import re
from typing import Any

_LONGEST = 4000  # characters of a field of authors
_BY = re.compile(r"^(?:(?:written|words|story|text|reporting|reported)\s+)?by(?:\s*:\s*|\s+)(?=\S)", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*[;|\n•·]\s*|\s+(?:and|&|with|und|et)\s+|\s*/\s*")
_AFTER = re.compile(r"\b(?:Jr|Sr|II|III|IV|MD|M\.D|PhD|Ph\.D|MP|OBE)\.?$")
# What stands beside a name and is none: what people of a newsroom are, and words in the names of houses.
JOBS = (
    r"writers?|reporters?|correspondents?|editors?|staff|contributors?|columnists?|analysts?|bureau|desk|chief"
    r"|producers?"
)
HOUSES = r"agenc(?:y|ies)|press|news|times|post|gazette|media|network|service|wire|online|digital"
FIRMS = r"(?:The\s)?(?:Associated Press|Bloomberg(?: News)?|Reuters|AFP|AP|dpa|UPI|Xinhua|PTI|ANI|Kyodo)"
_FIRM_BEHIND = re.compile(rf"(?<=[^\W\d_])\s+(?:{FIRMS})$")
_STAFF = re.compile(rf"(?i)(?:['’]s)?(?:\s+(?:{JOBS}|newsroom|team))+$")
_PARTICLES = r"(?:(?:van|von|vom|zu|de|der|den|del|della|di|da|dos|du|la|le|al|bin|ter|ten|af)\s+)*"
_SURNAME = re.compile(rf"(?i:{_PARTICLES})\S+")
_ROLE = re.compile(
    rf"(?i)\b(?:{JOBS}|{HOUSES}|contributing|reuters|bloomberg|newsroom|tribune|herald|special to)\b|@"
    r"|\.(?:com|org|net)\b"
)
_PLACE = re.compile(r"\s+(?:in|for|at)\s+[A-Z].*$")
_ADDRESS = re.compile(r"\s*[(<\[]?[\w.+-]+@[\w.-]+[)>\]]?|\s*https?://\S+")
_NAMED = ("name", "full_name", "fullName", "displayName", "display_name", "by", "original", "title", "value", "author")


def split_people(value: Any) -> list[str]:
    """The people of a text ("By Wren Falke and Otto Star", "Falke, Wren"), an object or a list of such, in order."""
    if isinstance(value, list):
        return _unique(name for item in value for name in (_one(item) if isinstance(item, str) else split_people(item)))
    if isinstance(value, dict):
        found = next((value[name] for name in _NAMED if value.get(name)), None)
        return split_people(found) if found is not None else _unique([_first_and_last(value)])
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return []
    text = str(value).strip()[:_LONGEST]
    if text.startswith("[") and text.endswith("]"):  # a list that a program wrote into a column
        try:
            listed = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            listed = [part.strip(" '\"") for part in text[1:-1].split(",")]
        return split_people(listed) if isinstance(listed, list) else []
    parts = [part for part in _BETWEEN.split(_BY.sub("", text)) if part]
    people = [part for part in parts if " " in part.strip() or not _ROLE.fullmatch(part.strip())]
    return _unique(name for part in people or parts for name in _of_part(part))


def is_person_list(value: Any) -> bool:
    """Whether an object names a person."""
    return isinstance(value, dict) and (any(value.get(name) for name in _NAMED) or bool(_first_and_last(value)))


def _first_and_last(value: dict[str, Any]) -> str:
    parts = {str(name).lower().replace("_", ""): part for name, part in value.items()}
    first, last = (next((parts[n] for n in names if parts.get(n)), "") for names in (_FIRST, _LAST))
    return f"{first} {last}".strip()


_FIRST, _LAST = ("firstname", "givenname", "first", "given"), ("lastname", "familyname", "surname", "last", "family")


def _one(text: str) -> list[str]:
    """The names of an item of a list: one, unless it plainly holds several."""
    text = _BY.sub("", " ".join(text.split()))
    parts = [part.strip() for part in text.split(",")]
    several = _BETWEEN.search(text) or (len(parts) > 1 and all(" " in part for part in parts))
    return split_people(text) if several or len(parts) > 1 else [text] if text else []


def _of_part(part: str) -> list[str]:
    """The names between two semicolons or "and"s, where commas may stand between names, or inside one."""
    parts = [" ".join(_ADDRESS.sub("", piece).split()) for piece in part.split(",")]
    parts = [_BY.sub("", re.sub(r"^(?:and|&)\s+", "", piece)) for piece in parts if piece]
    if not parts:
        return []
    if len(parts) == 2 and _SURNAME.fullmatch(parts[0]) and not _ROLE.search(part) and not _AFTER.match(parts[1]):
        if len(parts[1].split()) <= 3 and parts[0].split()[-1][0].isupper() and parts[1][0].isupper():
            return [f"{parts[1]} {parts[0]}"]  # Falke, Wren
        return parts
    names: list[str] = []
    for piece in parts:
        if names and _AFTER.fullmatch(piece):
            names[-1] += f", {piece}"
        elif not names or not (_ROLE.search(piece) or " " not in piece):
            names.append(without_firm(_PLACE.sub("", piece)))
    return names


def without_firm(name: str) -> str:
    """A name without the agency behind it: "Wren Falke Associated Press"."""
    cut = _FIRM_BEHIND.sub("", name)
    return cut if " " in cut else name


def without_staff(name: str) -> str:
    """What "Quay Gazette Staff" names: the outlet."""
    return _STAFF.sub("", name)


def capitalised(person: str) -> str:
    """JANE O'DOE as Jane O'Doe: bylines are often set in capitals."""
    if not person.isupper() or " " not in person or sum(map(str.isalpha, person)) < 5 or _ROLE.search(person):
        return person
    words = re.sub(r"[^\W\d_]+", lambda word: word[0].capitalize(), person)
    return re.sub(r"\bMc([a-z])", lambda mc: f"Mc{mc[1].upper()}", words)


def _unique(names: Any) -> list[str]:
    cleaned = (capitalised(" ".join(str(name).split()).strip(" .,;")) if name else "" for name in names)
    return list(dict.fromkeys(name for name in cleaned if name))
