"""What a question wants beyond one sentence: a digest of what is reported, a comparison of outlets, or something about
the library itself. Pure functions.

Each is told by the wording of the whole question, from a table; what is left over is its topic. In the table `OUTLET`
stands for an outlet (`rag.search.outlets`). "How many articles does the treaty have?" leaves "treaty" over, which no
wording explains: it is a question for the articles.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rag.search.outlets import OUTLET
from rag.text.dates import read
from rag.text.lexicon import FUNCTION

Kind = Literal["digest", "compare", "count", "outlets", "dates", "about"]
OF_LIBRARY = frozenset(("count", "outlets", "dates", "about"))
"""The kinds that are about the library itself."""

_ON = r"(?:about|on|regarding|concerning|of)"
_AROUND = r"(?:about|on|of|with|in|at|from|for|regarding|concerning|around)"
_TOPIC = r"(?P<topic>.+?)"
_O = rf"{OUTLET}(?:['’]s?)?"
_OS = rf"(?:both\s+)?{_O}(?:\s*(?:,|\band\b|\bor\b|\bwith\b|\bto\b)\s*{_O})*"
_HERE = (
    r"(?:(?:the|these|those|your|my|our|all|this)\s+)*"
    r"(?:articles|stories|reports|papers|sources|coverage|library|collection|archive)"
)
_ARTICLES = r"(?:articles?|stories|story|reports?|pieces?|news\s+(?:items|articles|stories)|documents|texts)"
_OUTLETS = r"(?:outlets?|newspapers?|papers?|sources?|publications?|media(?:\s+outlets?)?|news\s+(?:outlets|sources))"
_WORDINGS: tuple[tuple[Kind, str], ...] = (
    (
        "digest",
        rf"(?:(?:what(?:['’]?s|\s+is|\s+are|\s+was)|give\s+me|tell\s+me|show\s+me|(?:is\s+there\s+)?any(?:thing)?)\s+)?(?:the\s+)?(?:very\s+)?"
        rf"(?P<latest>latest|newest|most\s+recent|new)(?:\s+(?:news|developments?|reports?|reporting|updates?|"
        rf"information|stories|articles?))*(?:\s+{_AROUND}\s+{_TOPIC})?",
    ),
    ("digest", rf"what(?:['’]?s|\s+is|\s+has\s+been)\s+(?:going\s+on|happening)(?:\s+{_AROUND}\s+{_TOPIC})?"),
    (
        "digest",
        rf"what(?:\s+has|\s+have|['’]s)?\s+(?:happened|changed)(?:\s+(?:lately|recently))?(?:\s+with\s+{_TOPIC})?",
    ),
    (
        "digest",
        rf"(?:(?:what(?:['’]?s|\s+is)|(?:is\s+there\s+)?any)\s+)?(?:the\s+)?(?P<news>news)(?:\s+{_AROUND}\s+{_TOPIC})?",
    ),
    (
        "digest",
        rf"what\s+(?:do|did|does|has|have)\s+(?:{_OS}|{_HERE})\s+(?:say|said|report|reported|write|written|publish|"
        rf"published|tell\s+(?:us|me)|cover)(?:\s+{_ON}\s+{_TOPIC})?",
    ),
    (
        "digest",
        rf"what\s+(?:is|was|has\s+been)\s+(?:said|reported|written|published|known)(?:\s+(?:by|in)\s+(?:{_OS}|{_HERE}))?"
        rf"(?:\s+{_ON}\s+{_TOPIC})?(?:\s+(?:by|in)\s+(?:{_OS}|{_HERE}))?",
    ),
    (
        "digest",
        rf"(?:summari[sz]e|sum\s+up|tell\s+me\s+about|give\s+me\s+(?:a|an)\s+(?:summary|overview)\s+of)\s+{_TOPIC}",
    ),
    (
        "digest",
        rf"(?:(?:bring|get|catch)\s+(?:me|us)\s+up(?:\s+to\s+(?:date|speed))?\s+(?:on|with|about)|recap|"
        rf"(?:run|walk|talk|take)\s+(?:me|us)\s+through|(?:brief|update)\s+(?:me|us)\s+on|"
        rf"give\s+(?:me|us)\s+(?:an?|the)\s+(?:update|recap|rundown|briefing)\s+(?:on|of|about))\s+{_TOPIC}",
    ),
    (
        "digest",
        rf"(?:what(?:['’]?s|\s+is)\s+the\s+(?:(?:current|present)\s+)?(?P<state>state\s+of\s+(?:play|affairs))|"
        rf"(?:how|where)\s+do\s+(?:things|matters)\s+(?P<stand>stand))(?:\s+now)?(?:\s+{_AROUND}\s+{_TOPIC})?",
    ),
    (
        "digest",
        rf"(?:(?:what\s+(?:is|was)|show\s+me|give\s+me)\s+)?{_O}\s+(?:account|reports?|articles?|story|coverage|version)"
        rf"\s+(?:of|on|about)\s+{_TOPIC}",
    ),
    (
        "compare",
        rf"(?:compare|contrast)\s+(?:what\s+|how\s+)?{_OS}(?:\s+(?:say|report|write|cover))?(?:\s+{_ON}\s+|\s+){_TOPIC}",
    ),
    (
        "compare",
        rf"how\s+(?:do|did|does)\s+{_TOPIC}\s+(?:differ|vary|compare)\s+(?:between|in|by|according\s+to)\s+{_OS}",
    ),
    (
        "compare",
        rf"(?:how|where|in\s+what|on\s+what)\s+(?:do|did)\s+(?:the\s+(?:reports|accounts|articles|figures)\s+(?:of|by|in|from)"
        rf"\s+)?{_OS}\s+(?:differ|disagree|diverge)(?:\s+(?:on|about|over|as\s+to|in)\s+{_TOPIC})?",
    ),
    ("about", rf"what(?:['’]?s|\s+is|\s+are)\s+(?:this|it|these|all\s+this|{_HERE})(?:\s+all)?\s+about"),
    ("digest", rf"what(?:['’]?s|\s+is|\s+was)\s+(?:in|on)\s+(?:the\s+)?(?P<paper>news|{_O})"),
    ("about", rf"what(?:['’]?s|\s+is)\s+(?:there\s+)?(?:in|inside)\s+(?:here|this|it|there|{_HERE})"),
    (
        "about",
        rf"what\s+(?:topics|subjects|stories)\s+(?:are\s+(?:there|covered|here)|do(?:es)?\s+(?:you|it|{_HERE})\s+(?:have|cover))",
    ),
    ("about", rf"what\s+(?:do\s+you|does\s+(?:it|{_HERE}))\s+(?:know|have|hold|contain|cover)"),
    ("about", r"what\s+can\s+(?:i|you)\s+(?:ask|answer)(?:\s+(?:you|here|about))?"),
    (
        "dates",
        rf"(?:what|which)\s+(?:period|dates?|time|timespan|years?|months?|days?)\s+(?:(?:do|does|is|are)\s+)?(?:it|they|{_HERE}|"
        rf"{_O}(?:\s+{_ARTICLES})?)\s*(?:covered|cover|span|come|from|of|published)?(?:\s+(?:by|from))?",
    ),
    (
        "dates",
        rf"(?:(?:what|which|when|how\s+(?:old|recent))\s+(?:is|was|are|were)\s+)(?:{_O}\s+|the\s+)(?:oldest|newest|earliest|"
        rf"first|last|latest|most\s+recent)\s+{_ARTICLES}(?:\s+(?:here|you\s+have|published|written|from|dated|by|of|{_O}))*",
    ),
    (
        "dates",
        rf"(?:how\s+(?:far\s+back|old|recent|new)|from\s+when(?:\s+to\s+when)?)\s+(?:do|does|are|is)\s+(?:it|they|{_HERE})(?:\s+go)?",
    ),
)
# A topic that is a question of its own ("the latest on where he is") is for the reader.
_CLAUSE = re.compile(r"(?:where|whether|how|who|whom|whose|why|when|if|what|which)\b", re.IGNORECASE)
_PATTERNS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _WORDINGS)
# Words that a question about articles or outlets as such may have, beside its outlets and its topic.
_COUNTED = re.compile(
    rf"(?:(?P<count>how\s+many)|which|what)\s+(?:different\s+|other\s+)?(?:(?P<articles>{_ARTICLES})|{_OUTLETS})\b(?P<rest>.*)",
    re.IGNORECASE,
)
_LIST = re.compile(r"^(?:list|show\s+me|name|what\s+are)\s+(?:all\s+)?(?:of\s+)?(?:the\s+)?(?=\w+s\b)", re.IGNORECASE)
_ABOUT = re.compile(
    rf"\b(?:(?:write|wrote|written|report|reports|reported|reporting|published?|have|anything|something|are|is|there)\s+{_ON}"
    rf"|about|on|mention(?:s|ed|ing)?|cover(?:s|ed|ing)?|carr(?:y|ies|ied)|deal(?:s|t)?\s+with)\s+(?P<topic>.+)$",
    re.IGNORECASE,
)
_PLAIN = frozenset(
    "are is was were be been there here do does did you we i they have has got hold holds contain contains in "
    "this your my our library collection archive it from by of published publish write wrote written report "
    "reported run print printed carry all total altogether stored indexed known the to at".split()
)
_POINTING = re.compile(
    rf"\b(?:it|this|that|these|those|they|them|their|he|him|his|she|her)\b(?!\s+{_HERE})", re.IGNORECASE
)
_WHEN = re.compile(r"\b(?:in|on|from|since|during|for|dated|of|published)\s+$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is wanted, of which topic ("" for all); `is_latest` where above all the newest, `is_whole` where the topic
    is the question as it was asked."""

    kind: Kind
    topic: str = ""
    is_latest: bool = False
    is_whole: bool = False


def request(question: str, happened: bool = False) -> Request | None:
    """What the whole question wants; None for one that a sentence answers. `question` has `OUTLET` for each outlet it
    names, and is without its dates where `happened` says that it asks what happened then."""
    text = " ".join(question.split()).strip(" ?!.…")
    text = re.sub(r"(?i)^(?:and|so|please|ok(?:ay)?|well)[\s,]+", "", text)
    if happened and (opening := re.match(rf"(?i)what\s+(?:\w+\s+)?happened(?:\s+{_AROUND}\s+(?P<topic>.+))?$", text)):
        return Request(kind="digest", topic=_named(opening["topic"]))
    listed = _LIST.sub("which ", text)
    if (counted := _COUNTED.fullmatch(listed)) and (of_library := _of_library(counted)):
        return of_library
    for kind, pattern in _PATTERNS:
        if (found := pattern.fullmatch(text) or pattern.fullmatch(listed)) is not None:
            groups = found.groupdict()
            topic = _named(groups.get("topic"))
            if (OUTLET not in text and kind == "compare") or _CLAUSE.match(topic):
                return None
            is_latest = any(groups.get(word) for word in ("latest", "news", "state", "stand"))
            return Request(kind=kind, topic=topic, is_latest=is_latest)
    return None


def _of_library(counted: re.Match[str]) -> Request | None:
    rest = counted["rest"]
    about = _ABOUT.search(rest)
    topic = about["topic"].replace(OUTLET, " ").strip(" ,") if about else ""
    rest = rest[: about.start()] if about else rest
    # A date by itself is a filter.
    for mention in reversed(read(rest)):
        rest = _WHEN.sub("", rest[: mention.start]) + rest[mention.end :]
    words = re.findall(r"[^\W_]+", rest.replace(OUTLET, " ").lower())
    if not all(word in _PLAIN for word in words) or (topic and not _tells(topic)):
        return None
    if counted["articles"]:
        if not counted["count"] and not counted["articles"].lower().endswith("s"):
            return None
        return Request(kind="count" if counted["count"] else "about", topic=topic)
    return Request(kind="outlets", topic=topic)


def stands_alone(wanted: Request | None, question: str) -> bool:
    """Whether a request takes no topic from earlier questions: one about the library itself, or for all that there is
    ("What's in the news?"). One for the latest does, and one with a word that points back ("What is it about?")."""
    if wanted is None or wanted.kind == "compare":
        return False
    return wanted.kind in ("count", "outlets", "dates") or not (
        wanted.topic or wanted.is_latest or _POINTING.search(question)
    )


def _named(topic: str | None) -> str:
    """A topic without outlets; "" for a word that only points at one."""
    named = (topic or "").replace(OUTLET, "").strip(" ,")
    return "" if _POINTING.fullmatch(named) and not named.isupper() else named


def _tells(topic: str) -> bool:
    return any(word.lower() not in FUNCTION for word in re.findall(r"[^\W_]+", topic))
