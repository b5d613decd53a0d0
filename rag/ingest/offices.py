"""Who holds which office, as an article says it at first mention: "Israeli Prime Minister Benjamin Netanyahu",
"Karim Khan, the chief prosecutor of the ICC,", "Velmora's mayor, Jane Roe". Pure functions; English only.

An office is its head ("prime minister") and the stems of the words that say which ("israel").
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from rag.text.lexicon import FUNCTION, stem
from rag.text.names import SMALL, fold

MOST_WORDS_AROUND = 30  # of the article, beside those of its title and of the sentence

# Each with the form under which it is kept where that is another.
_HEADS = {
    **dict.fromkeys(
        "prime minister|vice president|president|minister|chancellor|premier|senator|governor|mayor|secretary general|"
        "secretary of state|undersecretary|secretary|attorney general|prosecutor|attorney|ombudsman|ambassador|envoy|"
        "commissioner|director|chief financial officer|treasurer|captain|coach|manager|owner|curator|editor|leader|"
        "commander|administrator|judge|chief justice|king|queen|pope|bishop|archbishop|sheriff|police chief|mp|"
        "professor|lawyer|principal|speaker|rapporteur|congressman|congresswoman|superintendent".split("|"),
        "",
    ),
    **dict.fromkeys(("chairman", "chairwoman", "chairperson", "chair"), "chairman"),
    **dict.fromkeys(("spokesman", "spokeswoman", "spokesperson", "representative"), "spokesman"),
    **dict.fromkeys(("chief executive officer", "chief executive", "ceo"), "chief executive"),
    **dict.fromkeys(("founder", "co-founder", "cofounder", "creator"), "founder"),
}
# Offices that many hold at once: which one must be said.
GENERIC = frozenset({"spokesman", "professor", "mp", "attorney", "lawyer", "judge", "senator", "owner", "editor"})
# "The deputy minister" is not the minister.
RANKS = frozenset(map(stem, "deputy vice assistant associate shadow acting interim junior".split()))
_NO_MATTER = frozenset(
    map(
        stem, "former formerly then ex outgoing incoming current incumbent new late longtime mr mrs ms dr chief".split()
    )
)
_DEMONYMS = {
    **{"afghan": "afghanistan", "argentine": "argentina", "belgian": "belgium", "brazilian": "brazil"},
    **{"danish": "denmark", "dutch": "netherlands", "english": "england", "finnish": "finland", "greek": "greece"},
    **{"hungarian": "hungary", "irish": "ireland", "norwegian": "norway", "pakistani": "pakistan"},
    **{"philippine": "philippines", "portuguese": "portugal", "scottish": "scotland", "swedish": "sweden"},
    **{"swiss": "switzerland", "thai": "thailand", "tunisian": "tunisia", "turkish": "turkey", "welsh": "wales"},
    **{"panamanian": "panama", "indonesian": "indonesia", "malaysian": "malaysia", "lebanese": "lebanon"},
    **{"us": "america", "usa": "america", "uk": "britain", "saudi": "saudi arabia"},
}
_COUNTRIES = (("united states", "us"), ("united kingdom", "uk"), ("great britain", "uk"))


class Office(NamedTuple):
    """`head` as `_HEADS` keeps it; `which`: stems of the words that say which one it is."""

    head: str
    which: frozenset[str]


class Holder(NamedTuple):
    """Somebody (folded name, the surname last) who holds an office. `around`: stems of words that go with it in the
    article, for a question that says more of the office than the article does where it names it."""

    head: str
    which: str
    person: str
    around: str


HEAD = "|".join(sorted((h.replace(" ", "[ -]") for h in _HEADS), key=len, reverse=True))
_HEAD = rf"(?i:(?:{HEAD}))\b"
_PARTICLE = r"\b(?:(?:al|el|bin|ibn|van|von|der|den|de|da|di|du|la|le|dos)[ -]){1,2}"
_PART = rf"(?:{_PARTICLE})?[A-Z](?:[^\W\d_]|['’-](?=[^\W\d_])){{0,30}}\.?(?:[A-Z]\.){{0,3}}"
_NAME = rf"{_PART}(?: {_PART}){{1,3}}"
# Bounded all over, so that time grows with the text and no faster.
_REST = r"(?:[\w.&/-]|['’](?=\w)){0,30}"
_WORD = rf"[^\W_]{_REST}"
_BEFORE = (
    rf"(?:(?:[A-Z]{_REST}['’]?|"
    r"former|then|shadow|deputy|acting|interim|assistant|foreign|defen[cs]e|finance|health|interior|justice|"
    r"education|environment|home|labou?r|trade|chief|transport|energy|culture|agriculture|state|city|team|police) )"
)
# "NASA Administrator Charles Bolden", "Swedish captain Andreas Granqvist", "curator Elaine Gustafon".
_TITLE = re.compile(rf"\b(?P<office>(?:{_BEFORE}){{0,6}}{_HEAD}) (?P<name>{_NAME}|[A-Z][a-z]{{2,}}(?! ?[A-Z]))")
# "..., the chief prosecutor of the ICC," behind a name, and the same before one.
_OF = r"(?: (?:of|for|at|to|in|from|on|and)\b[^,.;:()\n\"“”]{1,90})?"
_BEHIND = re.compile(
    rf"(?P<name>{_NAME})(?:,| (?:is|was),?)(?: (?:formerly|currently|now|also))? "
    rf"(?P<office>(?:the |an? )?(?:{_WORD}['’]? ){{0,6}}?{_HEAD}{_OF}(?:, and (?:the )?{_HEAD}{_OF})?)"
    r"(?=[,.;:()\n\"“”]|$| who\b)"
)
_AHEAD = re.compile(
    rf"\b(?P<office>(?:(?:[Tt]he |[A-Z]{_REST}['’]? ))(?:{_WORD}['’]? ){{0,5}}?{_HEAD}{_OF}(?: \([^()\n]{{2,60}}\))?), "
    rf"(?P<name>{_NAME})(?=[,.;]| [a-z])"
)
# "CEO of the Refugee Council Enver Solomon told": the last two capitalised words are the name.
_RUN_ON = re.compile(
    rf"\b(?P<office>(?:{_BEFORE}){{0,4}}{_HEAD} (?:of|for|at|to) (?:the )?"
    rf"(?:{_WORD}(?: (?:of|for|on|and|the|-))* ){{1,9}}?)"
    rf"(?P<name>{_PART} {_PART})(?= (?:said|says|told|tells|announced|warned|added|wrote|argued)\b)"
)
_NO_PERSON = re.compile(
    r"\b(?:Offices?|House|Council|Committee|Court|Party|Ministry|Department|Museum|University|Foundation|Street|Avenue|"
    r"Conference|Company|Association|Board|Team|Awards?|General|State|States|Minister|President|Secretary|Union|Nations|"
    r"Center|Centre|School|College|Institute|Agency|Authority|Assembly|Hotel|Hall|Road|Bridge|Station|Act|Law|Bill|Forces?|Army|Navy|Services?|News|Bank|Group|Republic|Kingdom|City|County|Park|Prize|Cup|"
    r"January|February|March|April|June|July|August|September|October|November|December|Monday|Tuesday|Wednesday|"
    r"Thursday|Friday|Saturday|Sunday|The|This|That|In|On|At|For|But|And|He|She|It|They|When|After|Before|Image|Photo)\b"
)
_IN_OFFICES = frozenset("the The a A an An of for and first then former state State".split())
_NOT_YET = re.compile(r"\b(?:candidates?|nominees?|hopefuls?|contenders?|elections?)\b", re.I)
_HONORIFIC = re.compile(
    r"^(?:(?:Mr|Mrs|Ms|Dr|Sir|Lord|Lady|Dame|Prof|Professor|Gen|General|Major|Colonel|Col|Lt|Captain|Emeritus)\.? )+"
)
_HEAD_FOLDED = re.compile(rf"\b(?:{HEAD.replace('[ -]', ' ').replace('co-founder', 'co founder')})\b")
_ANY_HEAD = re.compile(_HEAD)
_SENTENCE = re.compile(r"(?<=[.!?][\"”’)])\s+|(?<=[a-z0-9)][.!?])\s+(?=[\"“A-Z])|\n+")


def office(phrase: str) -> Office | None:
    """The office that `phrase` says: "Israel's prime minister"; None where it says none."""
    words = fold(phrase)
    for long, short in _COUNTRIES:
        words = re.sub(rf"\b{long}\b", short, words)
    found = _HEAD_FOLDED.search(words)
    if found is None:
        return None
    head = found[0].replace("co founder", "co-founder")
    which = stems(words[: found.start()] + words[found.end() :])
    return Office(_HEADS[head] or head, frozenset(which))


def stems(words: str) -> set[str]:
    """The folded words as they are compared: countries for their adjectives, and none of the small ones."""
    named = " ".join(_DEMONYMS.get(word, word) for word in words.split()).split()
    return {stem(word) for word in named if word not in SMALL and word not in FUNCTION} - _NO_MATTER


def holders(title: str, text: str) -> set[Holder]:
    """The offices that an article says somebody holds."""
    text = unicodedata.normalize("NFC", text)
    counted = Counter(word for word in fold(text).split() if word not in FUNCTION and len(word) > 1)
    about = stems(fold(title)) | stems(" ".join(word for word, _ in counted.most_common(MOST_WORDS_AROUND)))
    found: dict[tuple[str, str, str], set[str]] = {}
    for sentence in _SENTENCE.split(text):
        if not _ANY_HEAD.search(sentence):
            continue
        for phrase, name in _said(sentence):
            name = _HONORIFIC.sub("", name)
            said = office(phrase)
            if said is None or not name or _tells(phrase) or _NO_PERSON.search(name) or _HEAD_FOLDED.search(fold(name)):
                continue
            if said.which or said.head not in GENERIC:
                key = (said.head, " ".join(sorted(said.which)), fold(name))
                found.setdefault(key, set()).update(stems(fold(sentence)))
    # The surname alone behind an office is the person named in full elsewhere.
    whole = {person.split()[-1]: person for _, _, person in found if " " in person}
    held: dict[tuple[str, str, str], set[str]] = {}
    for (head, which, person), around in found.items():
        if person:
            held.setdefault((head, which, whole.get(person, person)), set()).update(around)
    return {Holder(*key, " ".join(sorted(about | around))) for key, around in held.items()}


def _tells(phrase: str) -> bool:
    """Whether the phrase is more than an office: "who met the mayor", "a candidate for mayor"."""
    before = phrase[: head.start()] if (head := _ANY_HEAD.search(phrase)) else phrase
    told = {word for word in before.split() if word.lower() in FUNCTION and not word.isupper()}
    return _NOT_YET.search(phrase) is not None or not told <= _IN_OFFICES


def _said(sentence: str) -> Iterator[tuple[str, str]]:
    """(office, name) as the sentence puts them."""
    for match in _TITLE.finditer(sentence):
        if " " in match["name"] or match["office"].split()[-1][0].isupper():
            yield match["office"], match["name"]
    for match in _RUN_ON.finditer(sentence):
        yield match["office"], match["name"]
    for match in _AHEAD.finditer(sentence):
        yield match["office"], match["name"]
    for match in _BEHIND.finditer(sentence):
        # Two offices of one person: "assistant professor of photography and curator of the exhibit".
        parts = [part for part in re.split(rf",? and (?=(?:the |an? )?(?:\w+ )?{_HEAD})", match["office"]) if part]
        for part in parts:
            if part.startswith(("a ", "an ")) and not re.search(rf"{_HEAD} (?:of|for|at|to)\b|[A-Z]", part):
                continue  # "Jane Roe, a minister," says of many
            yield part, match["name"]
