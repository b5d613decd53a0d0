"""The ways in which models write that a sentence cites another, read into one. Pure functions on one line of text.

A marker that is read becomes a mark of its own, `MARK`, which no text holds: what is done with markers afterwards
knows this one form only.
"""

from __future__ import annotations

import re

OPEN, CLOSE = "\ue010", "\ue011"
MARK = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")
_MARKS = rf"(?:{MARK.pattern}\s*)+"
LONGEST_RANGE = 10
LONGEST_NUMBER = 9  # digits; nothing was offered under a longer one, and `int` takes no number of any length

# What stands before the number in a marker: [Source 3], (sentence 3), [doc3], [cite: 3], [#3], [^3].
_NOUNS = (
    r"sentences?|sources?|src|refs?|references?|citations?|cites?|cited|docs?|documents?|articles?|passages?|chunks?|"
    r"evidence|items?|quotes?|excerpts?|snippets?|results?|footnotes?|fn|notes?|nos?|numbers?|id|index|s"
)
_LABEL = rf"(?:(?:see|cf\.?|from|per|e\.g\.,?)\s+)?(?:the\s+)?(?:(?:{_NOUNS})(?![a-z])[.:=_#\s-]{{0,3}}|[#^№§]\s?)?"
# Those of them that no article of a treaty and no number of a bus is called by.
_OWN_NOUNS = r"sentences?|sources?|refs?|references?|citations?|cited?|docs?|passages?|chunks?|excerpts?|snippets?|s"
# 3; 5-7; 3:0 (a message and a place in it, of which the first counts).
_NUMBER = r"\d{1,4}(?::\d{1,3})?"
_ITEM = rf"{_LABEL}{_NUMBER}(?:\s?(?:[-–—]|to)\s?(?:[a-z]\.?\s?)?{_NUMBER})?"
_ITEMS = rf"{_ITEM}(?:\s?(?:,\s?and|,|;|/|&|\+|and|\|)\s?{_ITEM}){{0,40}}"
# 【3†source】, [3†L1-L4], [Source 3: Velm Gazette], [3, Velm Gazette]
_TAIL = r"(?:†[^\]】]{0,60}|\s?:\s?[^\[\]\d][^\[\]]{0,80}|,\s(?-i:[A-Z])[^\[\]]{1,80})?"
_FORMS = re.compile(
    "|".join(
        (
            rf"\\?[\[［〔⟦]\s*(?:\[\s*)?(?P<square>{_ITEMS}){_TAIL}\s*\\?[\]］〕⟧]\]?(?:\((?![^()\s]*\s)[^()]{{1,300}}\))?",
            rf"【\s*(?P<lenticular>{_ITEMS})[^】]{{0,60}}】",
            rf"\\(?:cite[a-z]{{0,6}}|footnote\w{{0,5}}|textsuperscript|ref)\*?\{{\s*(?P<latex>{_ITEMS})\s*\}}",
            rf"(?<!\d)\$?\^\{{?\s*\[?(?P<power>{_ITEMS})\]?\s*\}}?[\^$]?",
            rf"<(?:sup|cite|ref|fn|source|citation|a)\b[^<>]{{0,80}}>\s*[\[(]?(?P<tag>{_ITEMS})[\])]?\s*</\w{{1,10}}>",
            r"<(?:cite|ref|source|citation)\b[^<>]{0,40}?(?P<attribute>\d{1,4})[^<>]{0,40}>",
            rf"[{{⟨‹<]\s*(?P<curly>{_ITEMS})\s*[}}⟩›>]",
            # Not 10⁶, not km².
            r"(?<![⁰¹²³⁴-⁹])(?<!10)(?<!\bm)(?<!\b[kcdmµn]m)(?<!\bft)(?<!\bin)(?<!\bs)(?<!\bCO)"
            r"(?P<superscript>[⁰¹²³⁴-⁹]{1,3}(?:[⁻˒‚,'ʼ⸴ ]{1,2}[⁰¹²³⁴-⁹]{1,3}){0,9})",
            r"(?P<circled>[①-⑳])",
            rf"\(\s*(?:see|cf\.?)\s+(?P<seen>{_ITEMS})\s*\)",
            rf"\((?:(?:per|as (?:in|per))\s+)?(?P<round>(?=(?:the )?(?:{_OWN_NOUNS})[.:\s#]{{0,3}}\d){_ITEMS})\s*\)",
        )
    ),
    re.IGNORECASE,
)
_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
# (3) is a marker where it ends a clause, and where it was offered: (45) after a name is an age.
_ROUND = re.compile(
    r"(?P<before>[.!?…][\"”’»]?|\w{0,40})\s?\(\s*(?P<items>\d{1,3}(?:\s?[,;&–-]\s?\d{1,3}){0,9})\s*\)"
    r"(?=(?P<after>\s*(?:[.,;:!?…|)]|\(\d|\Z|and\b|but\b|while\b))?)"
)
# Brackets that name no number, or that say that one is missing.
_EMPTY = re.compile(
    r"\ue200[^\ue201]{0,200}\ue201|"
    r"[\[【]\s*(?:citation needed|\?|n|x|(?:source|sentence|citation|ref|reference)s?)\s*[\]】](?![\w(])",
    re.IGNORECASE,
)
_LEFT_OVER = re.compile(
    r"</?(?:sup|cite|ref|fn|source|citation|b|i|em|strong|u|br|p|li|ul|ol|span|div|a)\b[^<>]{0,200}>", re.I
)

_PICTURES = re.compile("[\u2600-\u27bf\ufe0f\u200d\U0001f300-\U0001faff]+")

# In prose: "According to [3], …", "As [3] notes, …", "…, as reported in [3]", "[3] says that …", "(see [3])". A number
# is nobody who says it.
_SAYS = (
    r"(?:also |further )?(?:says?|states?|notes?|reports?|shows?|mentions?|indicates?|confirms?|adds?|tells|describes?|"
    r"explains?|writes?|suggests?|reveals?)"
)
_SAID = (
    r"(?:reported|stated|noted|mentioned|described|said|shown|seen|given|indicated|confirmed|written|cited|explained)"
)
_NAMED = rf"(?:(?:the\s+)?(?:{_NOUNS})\s+)?{_MARKS}"
_NUMBERED = re.compile(
    rf"(?P<before>\A|(?<=[.!?…]\s)|\b(?:according to|as per|per|in|from|by|see|as)\s+)(?:the\s+)?(?:{_OWN_NOUNS})\s+"
    rf"(?P<items>{_ITEMS})(?P<after>(?=\s*,|\s+{_SAYS}\b|\s*[.)]|\s*\Z))",
    re.IGNORECASE,
)
# ([3]), (see [3] and [5]), (source: [3])
_WRAPPED = re.compile(
    rf"[(\[]{{1,2}}\s*(?:(?:see|cf\.?|from|per|via|as in|e\.g\.,?|(?:{_NOUNS}):?)\s+(?:also\s+)?)*"
    rf"(?P<marks>{_MARKS}(?:[,;&]?\s*(?:and\s+)?(?:see\s+)?{_MARKS})*)[)\]]{{1,2}}",
    re.IGNORECASE,
)
# (The Gazette, 2 June 2026) [3]
_OUTLET = re.compile(rf"\s*\(\s*[A-Z][^()]{{2,60}},\s[^()]{{0,20}}\b\d{{4}}\s*\)(?=\s*{MARK.pattern})")
# "Fog held it. [3] says that 45 waited."
_SUBJECT = re.compile(rf"(?P<stop>[.!?…]\s)(?:the\s+)?(?P<mark>{MARK.pattern})\s*{_SAYS} (?:that )?(?P<word>\w+)", re.I)
_PROSE = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:(?<=,)\s*|\A\s*|\b)(?:according to|based on|as (?:is )?{_SAID} (?:in|by)|as per|as in|per) {_NAMED},?\s*"
        rf"(?:{_SAYS} that )?",
        rf"(?:\A\s*|(?<=,)\s*)as {_NAMED}{_SAYS},?\s*",
        rf"\A\s*{_NAMED}{_SAYS} (?:that )?",
        rf"(?:\bas )?\b(?:(?:is |was |are |were )?{_SAID} )?(?:in|by|from|see) {_NAMED}",
        rf"\A\s*in {_NAMED},\s*",
    )
]


def has_markers(line: str) -> bool:
    """Whether a line has a marker of a form that is no other thing."""
    return bool(_FORMS.search(line))


def read_markers(line: str, n_offered: int = 0) -> str:
    """`line` with each marker in it, of whatever form, as `MARK` with its numbers, and those beside each other as one.

    Numbers in round brackets are markers only up to `n_offered`.
    """
    line = _FORMS.sub(_mark, _EMPTY.sub("", line))
    line = _NUMBERED.sub(lambda m: f"{m['before']}{_marked(m['items'])}{m['after']}", line)
    line = _ROUND.sub(lambda m: f"{m['before']} {_marked(m['items'])}" if _is_marker(m, n_offered) else m[0], line)
    line = _WRAPPED.sub(lambda m: "".join(mark[0] for mark in MARK.finditer(m["marks"])), line)
    line = _OUTLET.sub("", line)
    between = re.compile(rf"{MARK.pattern}(?:\s?(?:,\s?and|,|;|/|&|\+|and|\|)?\s?){MARK.pattern}")
    while (joined := between.sub(rf"{OPEN}\1,\2{CLOSE}", line)) != line:
        line = joined
    line = _SUBJECT.sub(lambda m: f"{m['stop']}{m['word'][:1].upper()}{m['word'][1:]} {m['mark']}", line)
    # What follows a stop belongs to the sentence that it ends, unless the line begins with it.
    return re.sub(rf"([.!?…。][\"”’»)*]*)\s*({MARK.pattern})", r" \2\1", line)


def without_markers(sentence: str) -> str:
    """The words of a sentence, without the marks in it, what leads up to them and what they leave over."""
    whole = sentence
    for phrase in _PROSE:
        sentence = phrase.sub("", sentence)
    if not whole.startswith(sentence[:1]):
        sentence = sentence[:1].upper() + sentence[1:]
    sentence = _LEFT_OVER.sub("", MARK.sub("", sentence))
    sentence = _PICTURES.sub("", " ".join(sentence.split()))
    sentence = re.sub(r"(?<!\.)\.\s*\.(?!\.)", ".", sentence)
    sentence = re.sub(r"\s+([.,;:!?…。)])", r"\1", re.sub(r"\(\s*\)|\[\s*\]", "", sentence))
    return re.sub(r",\s*([.,;])", r"\1", sentence).strip()


def numbers_of(sentence: str) -> tuple[int, ...]:
    """The numbers in the marks of a sentence, each once, in order."""
    return tuple(dict.fromkeys(number for mark in MARK.finditer(sentence) for number in numbers_in(mark[1])))


def numbers_in(items: str) -> list[int]:
    """The numbers that a list such as "3, 5-7" names."""
    found: list[int] = []
    for item in re.split(r",|;|/|&|\+|and|\|", re.sub(r":\d+", "", items)):
        first, *last = [int(number[:LONGEST_NUMBER]) for number in re.findall(r"\d+", item)[:2]] or [0]
        up_to = last[0] if last and first <= last[0] < first + LONGEST_RANGE else first
        found += [*range(first, up_to + 1), *last]
    return found


def _is_marker(match: re.Match[str], n_offered: int) -> bool:
    """Whether a number in round brackets is one. In the middle of a sentence, after a name, it is an age."""
    before, after = match["before"], match["after"]
    is_after_stop = bool(before) and not before[0].isalnum()
    is_age = after is None or (after.strip() in (",", "and", "but", "while") and before[:1].isupper())
    return (is_after_stop or not is_age) and all(0 < number <= n_offered for number in numbers_in(match["items"]))


def _mark(match: re.Match[str]) -> str:
    items = match[str(match.lastgroup)]
    if match.lastgroup == "circled":
        items = str(ord(items) - ord("①") + 1)
    elif match.lastgroup == "superscript":
        items = ",".join(re.findall(r"[\d-]+", items.translate(_DIGITS)))
    return _marked(items)


def _marked(items: str) -> str:
    # Nothing but numbers: what is read once may be read again.
    return f"{OPEN}{','.join(map(str, numbers_in(items)))}{CLOSE}"
