"""One-word lies and true paraphrases of a sentence, made by rule.

A checker of claims is measured on both: it must refuse the lies and keep the paraphrases, given the sentence itself or
the passage around it. The tables here are the generator's own and partly hold words that the checker has no table for,
so that the rates also tell what happens to unknown words. Everything is deterministic: choices hang on a checksum of
the sentence.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence

Edit = tuple[str, str]

_MONTHS = "January February March April May June July August September October November December".split()
_SHORT = {"January": "Jan.", "February": "Feb.", "August": "Aug.", "September": "Sept.", "October": "Oct."}
_SHORT |= {"November": "Nov.", "December": "Dec."}
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_MONTH = "|".join(_MONTHS)
_NAME = r"[A-Z][\w'’-]+(?: (?:[A-Z][\w'’-]+|[A-Z]\.))*"
_LEADING = "|".join([*_MONTHS, *_WEEKDAYS, "On", "In", "At", "The", "A", "But", "And", "After", "Before", "As", "When"])
_SAYS = r"said|says|stated|added|claimed|argued|warned|told reporters"

# Each word with one that makes the sentence untrue in its place.
_DIRECTIONS = (
    "rose:fell fell:rose increased:decreased decreased:increased grew:shrank gained:lost rising:falling falling:rising"
)
_DIRECTIONS += " increase:decrease decrease:increase higher:lower lower:higher"
_ANTONYMS = (
    "won:lost lost:won accepted:rejected rejected:accepted approved:rejected supported:opposed "
    "opposed:supported banned:allowed "
    "allowed:banned legal:illegal illegal:legal opened:closed closed:opened began:ended ended:began "
    "arrived:left left:entered "
    "confirmed:denied denied:confirmed guilty:innocent bought:sold sold:bought first:last last:first "
    "best:worst largest:smallest "
    "smallest:largest larger:smaller smaller:larger large:small small:large old:new new:old young:old "
    "strong:weak weak:strong "
    "public:private private:public northern:southern southern:northern eastern:western western:eastern "
    "north:south south:north "
    "east:west west:east before:after after:before success:failure failure:success included:excluded "
    "possible:impossible "
    "positive:negative negative:positive male:female female:male men:women women:men father:mother "
    "mother:father safe:dangerous "
    "dangerous:safe early:late late:early high:low low:high domestic:foreign foreign:domestic "
    "major:minor majority:minority "
    "attacked:defended created:destroyed destroyed:created built:demolished released:detained "
    "killed:saved captured:released "
    "joined:left common:rare rare:common ancient:modern modern:ancient encouraged:discouraged praised:criticised"
)
_UNITS = (
    "kilometers:miles kilometres:miles km:miles miles:kilometres meters:feet metres:feet feet:metres "
    "kg:pounds dollars:euros "
    "euros:dollars pounds:euros hours:days days:weeks weeks:months months:weeks minutes:hours "
    "years:months seconds:minutes "
    "centuries:decades decades:centuries tons:kilograms million:billion billion:million thousand:million "
    "degrees:percent"
)
_QUANTITIES = (
    "some:all many:few most:few few:many several:no all:no every:no each:no both:neither often:never always:sometimes"
)
_QUANTITIES += " never:always usually:rarely"
_SYNONYMS = (
    "killed:slain began:started started:began bought:purchased purchased:bought help:assist show:reveal "
    "shows:reveals large:big "
    "big:large chose:picked attempted:tried tried:attempted arrested:detained obtained:received "
    "received:got film:movie "
    "movie:film country:nation company:firm companies:firms children:kids doctors:physicians "
    "lawyer:attorney happened:occurred "
    "approximately:about injured:wounded wounded:injured rejected:refused built:constructed fast:quick "
    "important:significant "
    # Not in the checker's table.
    "documented:recorded residents:inhabitants attended:visited quickly:swiftly often:frequently famous:well-known "
    "answer:reply answered:replied area:region difficult:hard house:home entire:whole completed:finished huge:enormous "
    "street:road goal:aim study:survey car:vehicle nearby:close-by remained:stayed allowed:permitted "
    "error:mistake funds:money"
)


def _table(pairs: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in pairs.split())


_DIRECTION_OF, _ANTONYM_OF, _UNIT_OF = _table(_DIRECTIONS), _table(_ANTONYMS), _table(_UNITS)
_QUANTITY_OF, _SYNONYM_OF = _table(_QUANTITIES), _table(_SYNONYMS)

_LIMITS = [
    ("more than", "fewer than"),
    ("fewer than", "more than"),
    ("less than", "more than"),
    ("at least", "at most"),
    ("up to", "more than"),
    ("nearly", "more than"),
    ("almost", "more than"),
    ("over", "under"),
]
_CONTRACTIONS = {
    "did not": "didn't",
    "does not": "doesn't",
    "do not": "don't",
    "was not": "wasn't",
    "were not": "weren't",
    "is not": "isn't",
    "are not": "aren't",
    "has not": "hasn't",
    "have not": "haven't",
    "had not": "hadn't",
    "would not": "wouldn't",
    "could not": "couldn't",
    "will not": "won't",
    "cannot": "can't",
    "it is": "it's",
    "they are": "they're",
    "we are": "we're",
    "they have": "they've",
}
_STATED_PLAN = re.compile(
    r"\b(?:plans?|planned|hopes?|hoped|wants?|wanted|intends?|intended|agreed|expects?|expected|decided|aims?|aimed|"
    r"seeks?|"
    r"sought|promised|vowed|threatened|tried) to (?P<verb>[a-z]{3,})\b"
)


def _pick(options: Sequence[str], sentence: str) -> str:
    return options[zlib.crc32(sentence.encode()) % len(options)]


def _once(table: dict[str, str], sentence: str) -> Iterator[str]:
    """The sentence with one word of the table replaced, for each such word."""
    for match in re.finditer(r"(?<![\w'’-])[a-z]+(?![\w'’-])", sentence):
        # "the most popular" and "a few" are not quantities that can be exchanged.
        if match.group() in ("most", "few") and sentence[: match.start()].lower().endswith(("the ", "a ")):
            continue
        if match.group() in table:
            yield sentence[: match.start()] + table[match.group()] + sentence[match.end() :]


def _replaced(sentence: str, match: re.Match[str], text: str, group: str | int = 0) -> str:
    return sentence[: match.start(group)] + text + sentence[match.end(group) :]


def names_in(sentence: str) -> list[str]:
    """Runs of capitalised words, the sentence's first word left out where it stands alone."""
    found = []
    for match in re.finditer(_NAME, sentence):
        if match.start() < 2 and " " not in match.group():
            continue
        name = re.sub(r"['’]s$", "", match.group())
        name = re.sub(rf"^(?:(?:{_LEADING}) )+", "", name)
        if name not in _MONTHS + _WEEKDAYS and name not in ("I", "The", "In", "It", "He", "She", "We"):
            found.append(name)
    return list(dict.fromkeys(found))


def lies(sentence: str, *, other_names: Sequence[str] = (), other_nouns: Sequence[str] = ()) -> list[Edit]:
    """Sentences that differ from `sentence` by a word or two and are untrue if it is true, each with its kind.

    `other_names` and `other_nouns` are from around the sentence: one of them takes the place of one that is in it.
    """
    found: list[Edit] = []

    def add(kind: str, text: str) -> None:
        if text != sentence and text not in (t for _, t in found):
            found.append((kind, text))

    for make in (_wrong_figures, _wrong_dates, _wrong_words, _wrong_truth, _wrong_roles, _unsaid):
        for kind, text in make(sentence):
            add(kind, text)
    own = names_in(sentence)
    nouns = [noun for noun in dict.fromkeys(other_nouns) if noun not in sentence.split()]
    if nouns and (
        match := re.search(
            r"(?<=\b[Tt]he )[a-z]{4,}(?= (?:of|in|was|were|has|had|is|are|to|and|that|on)\b|[.,])", sentence
        )
    ):
        add("other noun", _replaced(sentence, match, _pick(nouns, sentence)))
    others = [name for name in dict.fromkeys(other_names) if not set(name.split()) & set(sentence.split())]
    speaker = re.search(
        rf"(?P<who>{_NAME}) (?:{_SAYS})\b|(?:{_SAYS}) (?P<by>{_NAME})|[Aa]ccording to (?:the )?(?P<to>{_NAME})",
        sentence,
    )
    if others:
        other = _pick(others, sentence)
        if own:
            name = _pick(own, sentence + "own")
            add("name", re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", lambda _: other, sentence))
        if speaker and speaker.lastgroup:
            add("speaker", _replaced(sentence, speaker, other, speaker.lastgroup))
    return found


def _wrong_figures(sentence: str) -> Iterator[Edit]:
    for match in re.finditer(r"(?<![\w.,$])\$?(\d[\d,]*(?:\.\d+)?)(?![\w.,]?\d)", sentence):
        digits = match.group(1).rstrip(",")
        if re.fullmatch(r"1[5-9]\d\d|20\d\d", digits) or re.search(rf"(?:{_MONTH}) $", sentence[: match.start()]):
            continue
        value = float(digits.replace(",", ""))
        factor = (1.2, 1.5, 2, 0.5, 3)[zlib.crc32(match.group().encode()) % 5]
        changed = f"{value * factor:,.1f}" if "." in digits else f"{max(round(value * factor), 0) + (value < 3):,}"
        yield "number", _replaced(sentence, match, changed, 1)
    for match in re.finditer(rf"\b(?:{'|'.join(_NUMBERS[2:])})\b", sentence):
        other = _NUMBERS[2 + (_NUMBERS.index(match.group()) + 1) % 11]
        yield "number", _replaced(sentence, match, other)
    figures = list(re.finditer(r"(?<![\w.,$])\d[\d,]*(?:\.\d+)?(?![\w.,]?\d)(?=%| [a-z]{4,})", sentence))
    if len(figures) == 2 and figures[0].group() != figures[1].group() and "from" not in sentence:
        a, b = figures
        swapped = sentence[: a.start()] + b.group() + sentence[a.end() : b.start()] + a.group() + sentence[b.end() :]
        yield "numbers exchanged", swapped
    for phrase, other in _LIMITS:
        for match in re.finditer(rf"\b{phrase}(?= (?:\$?\d|{'|'.join(_NUMBERS[2:])}|half|a ))", sentence):
            yield "limit", _replaced(sentence, match, other)
    for text in _once(_UNIT_OF, sentence):
        yield "unit", text


def _wrong_dates(sentence: str) -> Iterator[Edit]:
    for match in re.finditer(rf"\b(?:{_MONTH})\b(?= \d|,| of|\.|$)", sentence):
        yield "month", _replaced(sentence, match, _MONTHS[(_MONTHS.index(match.group()) + 3) % 12])
    for match in re.finditer(rf"\b(?:{'|'.join(_WEEKDAYS)})\b", sentence):
        yield "weekday", _replaced(sentence, match, _WEEKDAYS[(_WEEKDAYS.index(match.group()) + 2) % 7])
    for match in re.finditer(r"\b(?:1[5-9]\d\d|20\d\d)\b", sentence):
        yield "year", _replaced(sentence, match, str(int(match.group()) + (3 if int(match.group()) % 2 else -4)))
    for match in re.finditer(rf"(?:{_MONTH}) (\d\d?)\b|\b(\d\d?) (?=(?:{_MONTH})\b)", sentence):
        group = 1 if match.group(1) else 2
        yield "day", _replaced(sentence, match, str((int(match.group(group)) + 8) % 28 + 1), group)


def _wrong_words(sentence: str) -> Iterator[Edit]:
    for kind, table in (("direction", _DIRECTION_OF), ("antonym", _ANTONYM_OF), ("quantity", _QUANTITY_OF)):
        for text in _once(table, sentence):
            yield kind, text
    if match := re.search(r"\b(former|alleged|suspected|acting|deputy|vice|proposed|planned) (?=[A-Za-z])", sentence):
        yield "qualifier", _replaced(sentence, match, "")


def _wrong_truth(sentence: str) -> Iterator[Edit]:
    if match := re.search(r"\b(did|does|do) not ", sentence):
        yield "not dropped", _replaced(sentence, match, "")
    elif match := re.search(r"(?<=\b(?:is|as|re|ld|ll|ve|an|ad)) not (?=\w)|n't (?=\w)", sentence):
        yield "not dropped", _replaced(sentence, match, " ")
    elif match := re.search(
        r"\b(?:is|are|was|were|has|have|had|will|would|could|should)\b(?= [a-z])"
        r"(?! (?:not?|never|nothing|nobody|all|almost)\b)",
        sentence,
    ):
        yield "not added", _replaced(sentence, match, match.group() + " not")
    elif match := re.search(
        r"(?<=[a-z] )(?<!never )(?<!have )(?<!has )(?<!not )[a-z]{3,}ed\b"
        r"(?= (?:the|a|an|to|in|on|that|by|his|her|its|their)\b)",
        sentence,
    ):
        yield "not added", _replaced(sentence, match, f"never {match.group()}")
    if match := re.search(r"\b(?:has|have|had) (?:been )?(?=[a-z]+ed\b)", sentence):
        yield "could for did", _replaced(sentence, match, "may have " + ("been " if "been" in match.group() else ""))
    elif match := re.search(r"(?<=[a-z] )(?:was|were) (?=[a-z]+ed\b)", sentence):
        yield "could for did", _replaced(sentence, match, "could be ")
    elif match := re.search(r"\b(?:is|are) (?=[a-z])", sentence):
        yield "could for did", _replaced(sentence, match, "might be ")
    if match := re.search(r"\b(?:may|might|could) have (?=[a-z]+ed\b)", sentence):
        yield "did for could", _replaced(sentence, match, "")
    elif match := re.search(r"\b(?:may|might|could) be ", sentence):
        yield "did for could", _replaced(sentence, match, "is ")
    if match := _STATED_PLAN.search(sentence):
        yield "plan as done", _replaced(sentence, match, _past(match["verb"]))
    elif match := re.search(r"\b(?:will|would|shall) be (?=[a-z]+ed\b)", sentence):
        yield "plan as done", _replaced(sentence, match, "was ")
    elif match := re.search(r"\b(?:will|would) (?!not|have|like|also|never|you|they|the)([a-z]{3,})\b", sentence):
        yield "plan as done", _replaced(sentence, match, _past(match.group(1)))


_DETAILS = (
    "because of the drought;despite the warnings;in a secret ballot;under pressure from the army;for the third time;"
    "after a quarrel over money;to please the shareholders;at the request of the police"
).split(";")


def _unsaid(sentence: str) -> Iterator[Edit]:
    """A detail that nobody gave, and what somebody said as a fact."""
    if re.search(r"[a-z]\.$", sentence):
        yield "detail added", f"{sentence[:-1]} {_pick(_DETAILS, sentence)}."
    who = rf"(?:The [a-z]+(?: [a-z]+)?|{_NAME})"
    for pattern in (
        rf"^{who} (?:said|says|stated|argued|claimed|warned) (?:that )?(?P<what>[^\"“”]{{20,}})$",
        rf"^According to {who}, (?P<what>[^\"“”]{{20,}})$",
        rf"^[\"“]?(?P<what>[^\"“”]{{20,}}),[\"”]? (?:{who} (?:said|says)|(?:said|says) {who})[^,]*\.$",
    ):
        if match := re.match(pattern, sentence):
            yield "speaker dropped", _upper(match["what"].rstrip(".")) + "."


_PASTS = _table(
    "make:made take:took give:gave get:got go:went come:came begin:began buy:bought sell:sold leave:left "
    "hold:held keep:kept "
    "bring:brought build:built send:sent meet:met pay:paid lose:lost win:won run:ran speak:spoke "
    "write:wrote see:saw find:found "
    "become:became know:knew think:thought tell:told say:said show:showed stand:stood fall:fell "
    "rise:rose grow:grew put:put set:set "
    "cut:cut let:let have:had feel:felt spend:spent lead:led draw:drew drive:drove fight:fought "
    "seek:sought teach:taught"
)


def _past(verb: str) -> str:
    if verb in _PASTS:
        return _PASTS[verb]
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ied"
    return verb + "ed"


_SYMMETRIC = re.compile(r"\b(?:met|married|and|or|between|with|like|versus|vs)\b")


def _wrong_roles(sentence: str) -> Iterator[Edit]:
    """Subject and object exchanged, around a verb in the past tense."""
    verb = (
        r"[a-z]+ed|told|beat|won|bought|sold|led|made|gave|took|sent|brought|caught|found|held|saw|shot|struck|taught"
    )
    for pattern in (
        rf"(?P<a>{_NAME}) (?P<v>(?:[a-z]+ )?(?:{verb})(?: (?:[a-z]+ )?by)?) (?P<b>{_NAME})",
        rf"\b[Tt]he (?P<a>[a-z]+) (?P<v>(?:{verb}) (?:the|a|an)) (?P<b>[a-z]{{4,}})\b(?! of)",
        r"\b[Tt]he (?P<a>[a-z]+) (?P<v>(?:was|were) [a-z]+ed by the) (?P<b>[a-z]{4,})\b",
    ):
        match = re.search(pattern, sentence)
        if match and match["a"] != match["b"] and not _SYMMETRIC.search(match["v"]):
            a, b = match["a"], match["b"]
            changed = (
                sentence[: match.start("a")]
                + b
                + sentence[match.end("a") : match.start("b")]
                + a
                + sentence[match.end("b") :]
            )
            yield "roles exchanged", changed
            return


def paraphrases(sentence: str, *, before: str = "", after: str = "") -> list[Edit]:
    """Sentences that are true if `sentence` is, in other words, each with its kind.

    `before` and `after` are the sentences around it: a pronoun is resolved from the one before, and the one after is
    joined. Both need the passage as evidence.
    """
    found: list[Edit] = []
    for make in (_other_figures, _other_dates, _other_forms, _other_order, _shorter):
        for kind, text in make(sentence):
            if text != sentence and text not in (t for _, t in found):
                found.append((kind, text))
    names = names_in(before)
    pronoun = re.match(r"(?:He|She) (?=[a-z])", sentence)
    if pronoun and len(names) == 1 and before.startswith(names[0]):
        found.append(("pronoun resolved", _replaced(sentence, pronoun, names[0] + " ")))
    if (
        after
        and 4 < len(after.split()) < 25
        and sentence.endswith(".")
        and re.match(r"(?:The|A|In|It|He|She|They|This) ", after)
    ):
        found.append(("joined", f"{sentence[:-1]}, and {after[0].lower()}{after[1:]}"))
    return found


def _other_figures(sentence: str) -> Iterator[Edit]:
    for figure in re.finditer(
        r"(?<![\w.,$-])(?:[2-9]|1[0-2])(?= [a-z]{3,})(?! (?:am|pm|percent|million|billion)\b)", sentence
    ):
        yield "number in words", _replaced(sentence, figure, _NUMBERS[int(figure.group())])
    for word in re.finditer(rf"(?<![\w-])(?:{'|'.join(_NUMBERS[2:])})(?= [a-z]{{3,}})", sentence):
        yield "number in digits", _replaced(sentence, word, str(_NUMBERS.index(word.group())))
    if match := re.search(r"(?<![\w.,$])\d{1,3}(?:,\d{3})+(?![\w.,]?\d)", sentence):
        yield "number form", _replaced(sentence, match, match.group().replace(",", ""))
        value = int(match.group().replace(",", ""))
        if value % 100_000 == 0 and value >= 1_000_000:
            yield "number form", _replaced(sentence, match, f"{value / 1e6:g} million")
        elif value % 1000 == 0:
            yield "number form", _replaced(sentence, match, f"{value // 1000} thousand")
    if match := re.search(r"(?<![\w.,])(\d+(?:\.\d+)?) million\b", sentence):
        yield "number form", _replaced(sentence, match, f"{round(float(match.group(1)) * 1e6):,}")
    if match := re.search(r"(?<=\d)(?:%| percent| per cent)", sentence):
        for form in ("%", " percent", " per cent"):
            if form != match.group():
                yield "percent", _replaced(sentence, match, form)


def _other_dates(sentence: str) -> Iterator[Edit]:
    if match := re.search(rf"\b(?P<m>{_MONTH}) (?P<d>\d\d?)(?:, (?P<y>\d{{4}}))?\b", sentence):
        year = f" {match['y']}" if match["y"] else ""
        yield "date form", _replaced(sentence, match, f"{match['d']} {match['m']}{year}")
        if match["m"] in _SHORT:
            comma = f", {match['y']}" if match["y"] else ""
            yield "date form", _replaced(sentence, match, f"{_SHORT[match['m']]} {match['d']}{comma}")
        if match["y"]:
            yield "year dropped", _replaced(sentence, match, f"{match['m']} {match['d']}")
    elif match := re.search(rf"\b(?P<d>\d\d?) (?P<m>{_MONTH})\b", sentence):
        yield "date form", _replaced(sentence, match, f"{match['m']} {match['d']}")


def _other_forms(sentence: str) -> Iterator[Edit]:
    if re.search(r"[\"“”]", sentence):
        return  # words inside quotation marks must stay
    for text in _once(_SYNONYM_OF, sentence):
        yield "synonym", text
    for long, short in _CONTRACTIONS.items():
        if match := re.search(rf"\b{long}\b", sentence):
            yield "contraction", _replaced(sentence, match, short)
        elif match := re.search(rf"\b{short}\b", sentence):
            yield "contraction", _replaced(sentence, match, long)
    for form, other in (("United States", "US"), ("U.S.", "US"), ("United Nations", "UN"), ("United Kingdom", "UK")):
        if match := re.search(rf"\b{re.escape(form)}(?!\w)", sentence):
            yield "abbreviation", _replaced(sentence, match, other)
    title = (
        r"President|Prime Minister|Senator|Professor|Prof\.|Dr\.|Judge|Minister|Governor|Mayor|General|Mr\.|Mrs\.|Ms\."
    )
    if match := re.search(rf"\b(?:{title}) (?=[A-Z][a-z]+ [A-Z])", sentence):
        yield "title dropped", _replaced(sentence, match, "")
    if match := re.search(rf"\b(?:{title}) (?P<first>[A-Z][a-z]+) (?=[A-Z][a-z]+)", sentence):
        yield "first name dropped", _replaced(sentence, match, "", "first").replace("  ", " ")


_ACTIVE = re.compile(
    rf"^(?P<a>(?:The [a-z]+|{_NAME})) (?P<v>[a-z]+ed) (?P<b>(?:the|a|an) [a-z]+|{_NAME})"
    r"(?P<rest>(?: (?:in|on|at) [^,]+)?\.)$"
)
_PASSIVE = re.compile(
    rf"^(?P<b>(?:The [a-z]+|{_NAME})) (?:was|were) (?P<v>[a-z]+ed) by (?P<a>(?:the|a|an) [a-z]+|{_NAME})"
    r"(?P<rest>(?: (?:in|on|at) [^,]+)?\.)$"
)


def _low(text: str) -> str:
    return (
        text[0].lower() + text[1:] if text.startswith(("The ", "A ", "An ", "In ", "It ", "This ", "There ")) else text
    )


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]


def _other_order(sentence: str) -> Iterator[Edit]:
    if match := _ACTIVE.match(sentence):
        yield "passive", f"{_upper(match['b'])} was {match['v']} by {_low(match['a'])}{match['rest']}"
    if match := _PASSIVE.match(sentence):
        yield "active", f"{_upper(match['a'])} {match['v']} {_low(match['b'])}{match['rest']}"
    who = rf"(?P<who>The [a-z]+(?: [a-z]+)?|(?!He |She |It |They |We |I ){_NAME})"
    if match := re.match(
        rf"{who} (?P<v>said|says|stated|argued|claimed|warned) (?:that )?"
        r"(?!(?:in|on|at|to|of|as|about|during|he would|it was)\b)"
        r"(?P<what>[^\"“”;]+)\.$",
        sentence,
    ):
        yield "speaker moved back", f"{_upper(match['what'])}, {_low(match['who'])} {match['v']}."
        yield "according to", f"According to {_low(match['who'])}, {_low(match['what'])}."
        yield "that", f"{match['who']} {match['v']} {'' if 'that' in sentence[:80] else 'that '}{match['what']}."
    if match := re.match(rf"[\"“](?P<what>[^\"“”]+),[\"”] (?P<who>{_NAME}) (?P<v>said|says|added|stated)\.$", sentence):
        yield "speaker moved front", f"{match['who']} {match['v']}, “{match['what']}.”"
    if match := re.match(rf"According to (?P<who>{_NAME}), (?P<what>[^\"“”]+)\.$", sentence):
        yield "speaker moved back", f"{_upper(match['what'])}, {match['who']} said."
    if match := re.match(
        r"(?P<when>(?:In|On|At|During|After|Since) [^,]{3,40}), (?P<what>[^,\"“”;]{25,})\.$", sentence
    ):
        yield "adverb moved back", f"{_upper(match['what'])} {match['when'][0].lower()}{match['when'][1:]}."
    if match := re.search(rf"(?P<a>{_NAME}), (?P<b>{_NAME}) and (?P<c>{_NAME})", sentence):
        yield "list reordered", _replaced(sentence, match, f"{match['c']}, {match['a']} and {match['b']}")


def _shorter(sentence: str) -> Iterator[Edit]:
    if match := re.search(r", (?:which|who|whose) [^,;\"“”]+(?:,|(?=\.$))", sentence):
        yield "relative clause dropped", _replaced(sentence, match, "")
    if match := re.search(r" \([^()]+\)", sentence):
        yield "brackets dropped", _replaced(sentence, match, "")
    if match := re.match(r"(?P<when>(?:In|On|During|Since) [^,]{3,40}), (?P<what>[^\"“”;]{25,})$", sentence):
        yield "adverb dropped", _upper(match["what"])
    hedge = re.compile(rf"\b(?:{_SAYS}|if|unless|according|not|neither|never|would|although)\b|n't|[\"“”]")
    match = re.search(r"(?<=.{30}), (?:and|but) (?=(?:the|it|he|she|they|this|there|[A-Z])\w* )", sentence)
    if match and not hedge.search(sentence):
        yield "second clause dropped", sentence[: match.start()] + "."
    if (match := re.search(r", (?:[a-z]+ing|including) [^,]+\.$", sentence)) and match.start() > 30:
        yield "end dropped", sentence[: match.start()] + "."
    if match := re.search(r"(?<=[a-z]) (?:also|previously|recently|largely|currently) (?=[a-z])", sentence):
        yield "adverb dropped", _replaced(sentence, match, " ")
