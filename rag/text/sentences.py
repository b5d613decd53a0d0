"""An article's text to sentences, the unit that is cited: spans of the text as it is stored.

Sentences are found by rules and a table of abbreviations. Each rule looks a bounded number of characters around a full
stop, so the time is linear in the text, whatever it holds.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from itertools import pairwise

from rag.types import Span


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


# What comes before a full stop that may belong to it. The groups differ in what may follow without a new sentence.
_NEVER_LAST = _words("v vs e.g i.e cf viz ca approx")
_TITLES = _words(
    "Mr Mrs Ms Mx Messrs Dr Drs Prof Sr Sra Srta Hr Mme Mlle M Rev Fr Msgr Hon Gen Lt Col Maj Capt Cpl Sgt Pvt Pfc",
    "Cmdr Cdr Adm Brig Supt Insp Det Pres Sen Sens Rep Reps Gov Govs Sec Amb Atty Asst Dep Spc St Ste Ft Mt Mts",
)
_NUMBERED = _words("No Nos no nos Nr nr Art Arts Sec Secs Ch Chap Vol Vols Fig Figs Op Pt Ex p pp c est para r")
_STATES = _words(
    "Ala Ariz Ark Calif Colo Conn Del Fla Ga Ill Ind Kan Ky La Mass Md Mich Minn Miss Mo Mont Neb Nev Okla Ont Ore Pa",
    "Que Tenn Tex Va Vt Wash Wis Wyo D.C N.Y N.J N.C S.C N.D S.D N.M N.H R.I W.Va B.C P.R",
)
_OTHERS = _STATES | _words(
    "Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec Inc Corp Ltd Co Cos Cie Bros Mfg Intl Natl Assn Assoc Dept Univ",
    "Inst Dist Govt Jr Ave Blvd Rd Bldg Hwy al dept inc co ltd gov",
)
_EXCLAIMED = _words("Yahoo Jeopardy Oklahoma Mia Wham Kahoot E")  # names that are written with "!"
# After these a single capital is no initial.
_LETTERED = _words("Plan War Part Act Phase Title Type Class Group Grade Vitamin Malcolm Section did than")
# Capitalised, these open a sentence; names hardly ever start with them. The second set is safe even after "Mr.".
_STARTERS = _words(
    "A An He She It We They I You His Her Its Their Our My In On At By For From With Without After Before Since While",
    "When Where Why What Who How If As But And Or Yet So However Meanwhile Although Though Because Despite During Both",
    "Some Many Most Several All No Not Now Then Here There Also Another Until Unlike Still Once One Such To Just Even",
    "Each Every Earlier Later Last Nearly More Among According Instead The This That These Those Nobody Nothing",
)
_STRONG_STARTERS = _words("The This That These Those They It There However Meanwhile And But")
_AFTER_HOUR = re.compile(
    r"(?:[A-Z]{1,4}T\b|UTC\b|(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec|Mon|Tues?|Wed|Thur?s?|Fri|Sat|Sun|"
    r"January|February|March|April|August|September|October|November|December|Wednes|Thurs|Satur)(?:day)?\b|"
    r"(?:Eastern|Central|Mountain|Pacific|Atlantic|Greenwich)\b|(?:[A-Z]\w{1,20}\s){1,2}[Tt]ime\b)"
)
_REPORTED = re.compile(
    r"(?:[^\W\d_a-z][\w’'.-]{0,30}\s){1,4}(?:said|says?|asks?|asked|added|told|repl(?:ied|ies)|shout(?:ed|s)|wrote|writes|"
    r"tweeted|posted|cried|cries|yelled|exclaimed|wonder(?:ed|s)|answered|continued|recalled|insisted|joked|called)\b"
)
_CREDIT = re.compile(r"\s[-–—]+ ?[^\W\d_][^.!?\n]{1,60}\Z")  # “We left.” — Abel Quist
_TOP_LEVEL_DOMAINS = _words("com net org gov edu int info biz io ai co uk eu us de fr es it ca au jp cn ru in tv me")

# A stop, and what still belongs to the sentence after it: quotes, brackets, footnote marks, emoji. A quote that
# could also open the next sentence closes only where no word touches it.
_STOP = re.compile(
    r"(?P<mark>[.!?…‽。！？｡؟۔।॥։።။។]+)"
    r"""(?P<close>(?:["'”’)\]}›」』）】*_¹²³\u2070-\u2079\u200b-\u200f\u2060\ufeff]|[“‘«»‹](?!\w)|\[\w[\w ]{0,24}\]"""
    r"|[ \u00a0\u202f][”»\")\]](?!\S)|[ \u00a0]?[\u2600-\u27bf\U0001f000-\U0001faff\ufe0f\u200d])*)"
)
_NEXT = re.compile(r"""(?P<gap>\s*)(?P<open>[-"'“„‚«»‹›‘”’(\[¿¡*_#@$€£¥₹–—「『（《【]*\s?)(?P<word>[^\W_][\w’'-]*)?""")
_WIDE = frozenset("。！？｡؟۔।॥։።။។")  # stops of scripts that need no space after them
_NO_PART = re.compile(r"[^\w.'’]")  # of an abbreviation
_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,3}\Z")
_LETTER = re.compile(r"[^\W\d_]")
_ITEM = re.compile(r"(?:[-*•‣◦▪●·+]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})\)|\d{1,2}\.)\s+(?=\S)")
_CLOSERS = "\"'”’»)]}›“」』）】"
_FINAL = frozenset(".!?…:") | _WIDE
_REACH = 60  # characters looked back at; longer than any abbreviation


def split_sentences(text: str) -> list[Span]:
    """Half-open spans of the sentences of `text`, in order and disjoint.

    None is empty or begins or ends with white space, and every other character lies in exactly one. Blank lines, list
    items and line ends are sentence ends too, unless a line is evidently wrapped. "" gives [].
    """
    return [span for start, end in _blocks(text) for span in _split_block(text, start, end)]


def _blocks(text: str) -> Iterator[Span]:
    """Stretches of text within which a line end means no more than a space."""
    lines: list[tuple[int, str, bool]] = []  # where it starts, the line, whether a blank one comes before
    offset, after_blank = 0, True
    for raw in text.splitlines(keepends=True):
        line = raw.strip()
        if line:
            lines.append((offset + len(raw) - len(raw.lstrip()), line, after_blank))
        after_blank = not line
        offset += len(raw)
    pairs = [
        (len(above), line[0].islower() and not _is_final(above))
        for (_, above, _), (_, line, after_blank) in pairwise(lines)
        if not after_blank and 40 <= len(above) <= 120 and not _ITEM.match(line)
    ]
    # Hard-wrapped text betrays itself: many of its lines start in the middle of a sentence.
    runs_on = [length for length, is_continued in pairs if is_continued]
    width = statistics.median(runs_on) if 4 * len(runs_on) >= len(pairs) > 0 else 0
    first = 0
    for i, (_, line, after_blank) in enumerate(lines):
        if i and (after_blank or not _is_wrapped(lines[i - 1][1], line, width)):
            yield lines[first][0], lines[i - 1][0] + len(lines[i - 1][1])
            first = i
    if lines:
        yield lines[first][0], lines[-1][0] + len(lines[-1][1])


def _is_final(line: str) -> bool:
    return line.rstrip(_CLOSERS + "*_ ")[-1:] in _FINAL


def _is_wrapped(above: str, line: str, width: float) -> bool:
    """Whether `line` goes on with the paragraph of the line above it. `width` is 0 where text is not hard-wrapped."""
    if _ITEM.match(line):
        return False
    if not line.strip(_CLOSERS):
        return True  # a closing quote that slipped to a line of its own
    if line[0].islower() and len(above) >= 40 and not _is_final(above):
        return True
    return 0.7 * width <= len(above) <= 1.4 * width


def _split_block(text: str, start: int, end: int) -> Iterator[Span]:
    item = _ITEM.match(text, start, end)
    checked = item.end() if item else start  # the point of "1." ends no sentence
    has_letter = False
    for stop in _STOP.finditer(text, checked, end):
        has_letter = has_letter or _LETTER.search(text, checked, stop.start()) is not None
        checked = stop.end()
        following = _NEXT.match(text, checked, end)
        if has_letter and following and following["word"] and _is_end(text, end, stop, following):
            yield start, checked
            start, has_letter = following.end("gap"), False
    yield start, end


def _is_end(text: str, end: int, stop: re.Match[str], following: re.Match[str]) -> bool:
    """Whether the sentence ends at `stop`, where `following` is the word after it."""
    mark, close = stop.groups()
    gap, opening, word = following.groups()
    before = text[max(0, stop.start() - _REACH) : stop.start()]
    after = text[following.end() : following.end() + _REACH]
    if before.endswith(("(", "[")):  # "[...]", "(!)"
        return False
    if mark[-1] in _WIDE:
        return not (close and word.startswith(("と", "って")))  # the quotation is the object of a Japanese verb
    if not gap and not opening.endswith(" "):
        return _is_missing_space(before, mark, opening, word, after) and not _is_abbreviation(before, word, after)
    if word[0].islower():
        return re.match("[a-z]+[A-Z]", word) is not None  # iPhone
    if mark == ".":
        # "(No.) 10" and "“no.” 10": what is closed is whole.
        goes_on = not (close and word[0].isdigit()) and _is_abbreviation(before, word, after)
    elif mark[-1] in "….":
        goes_on = word[0].isdigit() or word in ("I", "I’m", "I'm")
    elif mark == "!" and not close and before.split()[-1].lstrip("\"'“‘(") in _EXCLAIMED:
        goes_on = not _is_starter(word, after)
    else:
        goes_on = False
    if close.strip("*_") and mark != "." and (word == "I" or not _is_starter(word, after)):
        goes_on = goes_on or _REPORTED.match(text, following.start("word")) is not None
    return not goes_on and not _CREDIT.match(text, stop.end(), end)


def _is_starter(word: str, after: str) -> bool:
    if word == "A":
        return after[1:2].islower()  # not an initial, not "A Coruña"
    return word.replace("’", "'").partition("'")[0] in _STARTERS and not after.startswith(".")


def _is_missing_space(before: str, mark: str, opening: str, word: str, after: str) -> bool:
    """Whether a stop that touches the next word ends a sentence all the same ("It ended.The next"), and is not a
    part of an address or a file name."""
    left = before.split()[-1] if before and not before[-1].isspace() else ""
    return (
        len(mark) == 1
        and not opening.strip("“„«")
        and (left[-1:].islower() or left[-1:].isdigit())
        and not any(sign in left for sign in "@/:.")
        and word[0].isupper()
        and word[1:2].islower()
        and word.lower() not in _TOP_LEVEL_DOMAINS
        and (not after or after[0].isspace() or after[0] in ",;")
    )


def _is_abbreviation(before: str, word: str, after: str) -> bool:
    """Whether the full stop between `before` and `word` belongs to an abbreviation within a sentence."""
    short = _NO_PART.split(before)[-1].lstrip("'’")
    lead = before[: len(before) - len(short)]
    if short.lstrip("0123456789").lower() in ("a.m", "p.m"):
        return word[0].isdigit() or _AFTER_HOUR.match(word + after) is not None
    if short in _NEVER_LAST:
        return True
    if not short.replace(".", "").isalpha():  # "4G", "Macy’s"
        return False
    is_letter = len(short) == 1
    if short in _STATES and lead.endswith((", ", "Washington ")):
        return False
    if is_letter and not _LETTERED.isdisjoint(lead[-20:].split()[-1:]):
        return False
    may_go_on = short in _OTHERS or (is_letter and short.isupper()) or _DOTTED.match(short) is not None
    if word[0].isdigit():
        return may_go_on or is_letter or short in _NUMBERED or short in _TITLES
    if short in _TITLES:
        return word not in _STRONG_STARTERS
    return may_go_on and not _is_starter(word, after)
