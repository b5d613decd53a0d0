"""The words of one sentence that name who speaks in it, and what of a text stands in quotation marks. English only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rag.text.calendar import WEEKDAYS
from rag.text.lexicon import FUNCTION, PRONOUNS
from rag.text.reporting import COUNT, QUOTE_LATER, SAY, SAY_THAT

BEHIND = 900
MAX_WORDS = 16  # of a speaker
QUOTED = "\ue000"  # stands for each character within quotation marks
_VERB = re.compile(
    rf"\b(?:(?P<plain>{SAY})|(?P<other>{SAY_THAT})|(?P<tag>{QUOTE_LATER})|(?P<count>{COUNT}))\b(?!['’-])"
)
_DAYS = "|".join(day.title() for day in WEEKDAYS if len(day) > 3)
_SAID_BEHIND = re.compile(
    rf"\s+(?:that\b|in (?:a|an|his|her|its|their) |on (?:{_DAYS})\b|"
    rf"(?:earlier|late|later)\b|(?:{_DAYS})\b)|\s*[,.:;!?\"“]|\s*\Z"
)
_PASSIVE = re.compile(r"(?:\b(?:is|are|was|were|be|been|being|to|not|never|nor)|n['’]t|['’]re)\s+(?:\w+ly\s+)?\Z", re.I)
# Words in -ly that are nouns: "his family said" has no adverb before its verb. A capital makes a name of one: "Kelly".
_NOUN_IN_LY = r"(?:family|ally|assembly|daily|weekly|monthly|quarterly|elderly)\b"
_BETWEEN = re.compile(
    r"(?:\s*\b(?:also|has|have|had|then|later|earlier|once|previously|now|further|did|does|do|would|will|could|again|"
    r"still|reportedly|repeatedly|in turn|in a statement|"
    rf"(?!{_NOUN_IN_LY})[a-z]+ly)\b)+\s*\Z"
)
_SOURCE = re.compile(
    r"\b(?:according to|in the words of|in the view of|by the count of|by the account of|on the word of|citing|"
    r"quoting|(?:described|called|termed|reported|estimated|confirmed)\b[^.,;]{0,40}? by)\s+",
    re.I,
)
OPENS_NO_NAME = re.compile(
    r"(?:in|on|at|after|before|since|by|for|from|with|as|if|when|while|though|although|because|during|despite|over|"
    r"under|of|about|to|citing|quoting|\w+ing|"
    rf"(?!{_NOUN_IN_LY})\w+ly|"
    r"however|meanwhile|instead|then|later|earlier|today|yesterday|"
    r"additionally|also|nevertheless|allegedly|\d{4})\b",
    re.I,
)
_JOINED_ON = re.compile(
    r"^(?:(?:and|but|or|so|while|whereas|as|where|when|that|which|because|since|though|although|with|of|however|"
    r"meanwhile|also|then|if|after|later|yet)\s+)+",
    re.I,
)
_FINITE = re.compile(
    r"\b(?:is|are|was|were|has|have|had|will|would|could|should|can|may|might|must|ought|do|does|did|been|be|am)\b"
)
_CLAUSE = re.compile(
    rf"(?<!briefed)(?<!close)(?<!based)(?<!involved)\s+(?:to|in|on|at|during|after|before|when|while|as|that|which|where|because|if|but|yesterday|today|last|late|"
    rf"earlier|this|{_DAYS})\b"
)
_DETERMINED = re.compile(
    r"(?:the|a|an|its|his|her|their|our|one|two|three|four|some|many|several|most|another|other|others|both|state|"
    r"senior|anonymous|unnamed|unidentified|critics|people|police|officials|sources|media)\b",
    re.I,
)
IS_TIME = re.compile(rf"^(?:last|next|this|late|early)\b|\b(?:{_DAYS})\Z", re.I)
# What begins like this goes on with a sentence, or with somebody's age, and names nobody.
_GOES_ON = re.compile(
    r"\d+(?:,|\Z)|(?:became|began|broke|came|died|drove|fell|flew|gave|got|grew|held|hit|kept|left|lost|made|met|ran|rose|"
    r"sank|sent|spoke|stood|struck|took|went|won)(?![\w-])"
)
_LONE_NAME = re.compile(r"[A-Z]\w+(?:ing|ly)")  # Kelly, Beijing: no adverb and no participle speaks
_RELATIVE = re.compile(r",\s(?:who|whom|whose|which)\s")
POINTING = frozenset({"he", "she", "they", "it"})
SAME_SOURCES = re.compile(
    r"(?:another|others|both|one(?: person)?|(?:(?:one|two|three|some|several|most|all) of )?the(?:se)? "
    r"(?:people|officials|sources|persons|diplomats))\Z",
    re.I,
)
OUTLET = re.compile(r"the (?:outlet|newspaper|paper|site|website|broadcaster|magazine|agency|channel)")
_CAN_SPEAK = re.compile(
    r"[A-Z]|\b(?:officials?|people|persons?|sources?|police|ministry|report|documents?|spokes\w+|diplomats?|authorities|"
    r"\w+(?:ers|ors|ists|ians))\b"
)
# What follows a source and belongs to it: its holder, or who that is.
_ASIDE = re.compile(
    rf",\s(?:(?:[A-Z][\w.'’-]+\s?){{2,3}}|(?:who|which|whom)\s(?!(?:{SAY})\b)[^,.;:\"“]{{3,80}})(?=[,.;:]|\Z)"
)
_SIGNED = re.compile(r"[\"”]\s*[-–—]+\s*((?:[A-Z][\w.'’-]+ ?){2,5})\Z")
_MARK_OR_BREAK = re.compile(r"[\"“”]|\n[ \t]*\n")
_BORDER = re.compile(r"[;:.!?](?=\s)|[,.!?][\"”]|\s[–—-]{1,2}\s|[()]")
_END_OF_NAME = re.compile(
    r"[,;:!?()\"“”]|\.(?=\s|\Z)|\s[–—-]{1,2}\s|"
    r"\s(?:who|which|that|when|while|but|after|as|because|it|he|she|they)\b|\Z"
)
_PART = re.compile(r"[^,]+")
_ABBREVIATION = re.compile(r"\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Gen|Col|Lt|Sen|Rep|Gov|St|Prof|Sgt|Sr|Jr)\.\Z")
WORD = re.compile(rf"[\w{QUOTED}][\w.'’{QUOTED}-]*")


@dataclass(frozen=True, slots=True)
class Speaker:
    """`text[start:end]` names who speaks. `is_pronoun` where those words only stand for a name."""

    start: int
    end: int
    is_pronoun: bool = False


@lru_cache(maxsize=64)
def mask_quoted(text: str) -> str:
    """The text with every character inside quotation marks replaced; the marks stay, and so does a stop before the
    closing one. A quotation ends with its paragraph unless the next mark, in a later one, closes it."""
    made = list(text)
    opened = -1

    def close(at: int) -> None:
        nonlocal opened
        last = at - (text[at - 1] in ",.!?")
        made[opened + 1 : last] = QUOTED * (last - opened - 1)
        opened = -1

    for mark in _MARK_OR_BREAK.finditer(text):
        at = mark.start()
        if mark.group() in '"“”':
            if opened < 0 and _opens(text, at):
                opened = at
            elif opened >= 0 and not _opens(text, at):
                close(at)
        elif opened >= 0:
            following = re.search(r"[\"“”]", text[mark.end() : mark.end() + BEHIND])
            if following is None or _opens(text, mark.end() + following.start()):
                close(at)
    if opened >= 0:
        close(len(text))
    return "".join(made)


def _opens(text: str, at: int) -> bool:
    """Whether the mark opens a quotation: a straight one does where a word begins."""
    if text[at] != '"':
        return text[at] == "“"
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    return (not before or (not before.isalnum() and before not in ".,!?…)]")) and bool(after) and not after.isspace()


def speaker_of(sentence: str, offset: int) -> Speaker | None:
    """The first speaker that a sentence names; what it quotes is masked."""
    found: list[Speaker] = []
    for match in _SOURCE.finditer(sentence):
        end = _end_of_name(sentence, match.end())
        name = sentence[match.end() : end]
        if match.group().split()[0].lower() not in ("according", "in", "by", "on") and not _CAN_SPEAK.search(name):
            continue
        if run_on := re.match(
            r"(?:the )?(?:[A-Z][\w.'’-]+ )+(?=(?:the|a|an|his|her|its|their|over|about|more|at|some|\d\S*) )", name
        ):
            end = match.end() + run_on.end()
        elif aside := _ASIDE.match(sentence, end):
            end = aside.end()
        if source := _name(sentence, match.end(), end, is_source=True):
            found.append(source)
    found += [speaker for match in _VERB.finditer(sentence) if (speaker := _of_verb(sentence, match))]
    if signed := _SIGNED.search(sentence):
        found.append(Speaker(*signed.span(1)))
    if not found:
        return None
    first = min(found, key=lambda s: (s.is_pronoun and len(found) > 1, s.start))
    return Speaker(first.start + offset, first.end + offset, first.is_pronoun)


def _of_verb(sentence: str, match: re.Match[str]) -> Speaker | None:
    start, behind = match.start(), sentence[match.end() :]
    before = sentence[:start]
    if _PASSIVE.search(before):
        return None
    is_after_quote = re.search(r"[,.!?]?[\"”][,.]?\s*\Z", before) is not None
    if match.lastgroup == "other" and not is_after_quote and not _SAID_BEHIND.match(behind):
        return None
    if match.lastgroup == "tag" and QUOTED not in behind:
        return None
    if match.lastgroup == "count" and not re.search(r"\d", behind[:60]):
        return None
    may_be_participle = match.group() in ("said", "believed", "thought", "reported")
    if may_be_participle and re.match(r"\s+to\s+[a-z]{2,}\b(?<!the)", behind):
        return None  # "a man said to have"
    between = _BETWEEN.search(before)
    stop = between.start() if between else start
    bare = before[:stop].rstrip()
    is_name_behind = re.match(r"\s+(?:[A-Z][\w.'’-]+\s?){1,4}[,.]", behind)
    if re.search(r"[\"”][,.]?\Z", bare) or (bare.endswith(",") and is_name_behind):
        return _behind(sentence, match.end())
    is_open = between is None  # "X, said Y" and not "X, the Y, has said Z"
    return _ahead(sentence, bare, behind, is_open) or (_behind(sentence, match.end()) if bare.endswith(",") else None)


def _behind(sentence: str, at: int) -> Speaker | None:
    """ "…, said X": the name up to where something else begins."""
    at += len(sentence[at:]) - len(sentence[at:].lstrip())
    end = _end_of_name(sentence, at)
    if cut := _CLAUSE.search(sentence, at, end):
        end = cut.start()
    elif aside := _ASIDE.match(sentence, end):
        end = aside.end()
    return _name(sentence, at, end, is_source=True)


def _ahead(sentence: str, bare: str, behind: str, is_open: bool) -> Speaker | None:
    """ "X said …", "X, the Y, said …", "…, X said.": the name before the verb, with what stands in apposition."""
    has_apposition = bare.endswith(",")
    end = len(bare.rstrip(", "))
    # The clause in which the verb stands: from the last stop, quotation or dash on.
    borders = (m.end() for m in _BORDER.finditer(bare, 0, end))
    border = max((at for at in borders if not _ABBREVIATION.search(bare[:at])), default=0)
    parts = [m.span() for m in _PART.finditer(bare, border, end) if m[0].strip()]
    is_inverted = is_open and has_apposition and len(parts) == 1 and not _FINITE.search(behind)
    if not parts or is_inverted:
        return None
    # The name is the first part from which on nothing is a clause of its own.
    chosen: Speaker | None = None
    for number in range(len(parts) - 1, -1, -1):
        part = bare[slice(*parts[number])].strip()
        is_relative = re.match(r"(?:who|which|whose|citing|quoting|in|speaking|at|on|from|of)\b", part)
        if _FINITE.search(part) and not is_relative:
            break
        is_apposition = has_apposition or number < len(parts) - 1
        if (is_relative or part.isdecimal()) and is_apposition:  # "who led the port", "41"
            continue
        if part in ("who", "which"):
            return None  # told in passing of somebody else
        name = _name(sentence, parts[number][0], end, is_source=False)
        if not name and chosen:  # without a long apposition
            name = _name(sentence, *parts[number], is_source=False)
        if name:
            chosen = name
        elif chosen is not None:
            break
        elif not has_apposition:
            return None  # what stands right before the verb is its subject: the parts before it belong to another
        if chosen is not None and not has_apposition:
            break
    return chosen


def _end_of_name(sentence: str, at: int) -> int:
    """Where the words that name a source end: at a comma, a stop or a new clause."""
    for match in _END_OF_NAME.finditer(sentence, at):
        if match.group() == "." and match.end() < len(sentence) and _ABBREVIATION.search(sentence[: match.end()]):
            continue
        return match.start()
    return len(sentence)


def _name(sentence: str, start: int, end: int, *, is_source: bool) -> Speaker | None:
    """The span without the conjunctions before it, if it can name a speaker."""
    words = sentence[start:end]
    start += len(words) - len(words.lstrip())
    if joined := _JOINED_ON.match(sentence[start:end]):
        start += joined.end()
    end = start + len(sentence[start:end].rstrip(" ,\n\t"))
    words = sentence[start:end]
    found = WORD.findall(words)
    if len(found) > MAX_WORDS and (relative := _RELATIVE.search(words)) is not None:
        # Why somebody will not be named can take a line: "a person who knows, who asked not to be named because …".
        end = start + relative.start()
        words = sentence[start:end]
        found = WORD.findall(words)
    if not found or len(found) > MAX_WORDS:
        return None
    low = words.lower()
    if low.split()[0] in POINTING and len(found) > 1:
        return None
    if low in POINTING or SAME_SOURCES.fullmatch(low.partition(",")[0]) or OUTLET.fullmatch(low):
        return Speaker(start, end, is_pronoun=True)
    first = words.partition(",")[0]
    opens_no_name = OPENS_NO_NAME.match(words) and not _LONE_NAME.fullmatch(words)
    if low in PRONOUNS | FUNCTION or opens_no_name or _FINITE.search(first) or IS_TIME.search(first):
        return None
    if not is_source and _GOES_ON.match(words):
        return None
    if not is_source and re.search(r"\b[a-z]+ed (?:the|a|an|to|that|in|on|his|her|its|their|by)\b", first):
        return None
    # A capital says nothing at the start of a sentence, except on a word that is not a common one.
    has_name = any(word[0].isupper() for word in (found[1:] if start == 0 else found)) or bool(
        start == 0 and found[0][0].isupper() and len(first.split()) <= 4 and found[0].lower() not in FUNCTION
    )
    is_thing = _DETERMINED.match(words) and len(first.split()) <= 8
    head = re.split(r",| of | for | from | at ", low)[0]
    is_plural = len(found) <= 5 and re.search(r"(?:s|people|police|media|men)\Z", head)
    if not (has_name or is_thing or is_plural or (is_source and len(found) <= 8)):
        return None
    return Speaker(start, end)
