"""One-word lies about a sentence, made by rule: a checker of claims must refuse them, given the sentence itself or the
passage around it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence

from evals.training.edits import (
    ANTONYM_OF,
    DIRECTION_OF,
    LIMITS,
    MONTH,
    MONTHS,
    NAME,
    NUMBERS,
    QUANTITY_OF,
    SAYS,
    STATED_PLAN,
    UNIT_OF,
    WEEKDAYS,
    Edit,
    names_in,
    pick,
    replace_each,
    replace_match,
    table_of,
    upper_first,
)


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
        add("other noun", replace_match(sentence, match, pick(nouns, sentence)))
    others = [name for name in dict.fromkeys(other_names) if not set(name.split()) & set(sentence.split())]
    speaker = re.search(
        rf"(?P<who>{NAME}) (?:{SAYS})\b|(?:{SAYS}) (?P<by>{NAME})|[Aa]ccording to (?:the )?(?P<to>{NAME})",
        sentence,
    )
    if others:
        other = pick(others, sentence)
        if own:
            name = pick(own, sentence + "own")
            add("name", re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", lambda _: other, sentence))
        if speaker and speaker.lastgroup:
            add("speaker", replace_match(sentence, speaker, other, speaker.lastgroup))
    return found


def _wrong_figures(sentence: str) -> Iterator[Edit]:
    for match in re.finditer(r"(?<![\w.,$])\$?(\d[\d,]*(?:\.\d+)?)(?![\w.,]?\d)", sentence):
        digits = match.group(1).rstrip(",")
        if re.fullmatch(r"1[5-9]\d\d|20\d\d", digits) or re.search(rf"(?:{MONTH}) $", sentence[: match.start()]):
            continue
        value = float(digits.replace(",", ""))
        factor = (1.2, 1.5, 2, 0.5, 3)[zlib.crc32(match.group().encode()) % 5]
        changed = f"{value * factor:,.1f}" if "." in digits else f"{max(round(value * factor), 0) + (value < 3):,}"
        yield "number", replace_match(sentence, match, changed, 1)
    for match in re.finditer(rf"\b(?:{'|'.join(NUMBERS[2:])})\b", sentence):
        other = NUMBERS[2 + (NUMBERS.index(match.group()) + 1) % 11]
        yield "number", replace_match(sentence, match, other)
    figures = list(re.finditer(r"(?<![\w.,$])\d[\d,]*(?:\.\d+)?(?![\w.,]?\d)(?=%| [a-z]{4,})", sentence))
    if len(figures) == 2 and figures[0].group() != figures[1].group() and "from" not in sentence:
        a, b = figures
        swapped = sentence[: a.start()] + b.group() + sentence[a.end() : b.start()] + a.group() + sentence[b.end() :]
        yield "numbers exchanged", swapped
    for phrase, other in LIMITS:
        for match in re.finditer(rf"\b{phrase}(?= (?:\$?\d|{'|'.join(NUMBERS[2:])}|half|a ))", sentence):
            yield "limit", replace_match(sentence, match, other)
    for text in replace_each(UNIT_OF, sentence):
        yield "unit", text


def _wrong_dates(sentence: str) -> Iterator[Edit]:
    for match in re.finditer(rf"\b(?:{MONTH})\b(?= \d|,| of|\.|$)", sentence):
        yield "month", replace_match(sentence, match, MONTHS[(MONTHS.index(match.group()) + 3) % 12])
    for match in re.finditer(rf"\b(?:{'|'.join(WEEKDAYS)})\b", sentence):
        yield "weekday", replace_match(sentence, match, WEEKDAYS[(WEEKDAYS.index(match.group()) + 2) % 7])
    for match in re.finditer(r"\b(?:1[5-9]\d\d|20\d\d)\b", sentence):
        yield "year", replace_match(sentence, match, str(int(match.group()) + (3 if int(match.group()) % 2 else -4)))
    for match in re.finditer(rf"(?:{MONTH}) (\d\d?)\b|\b(\d\d?) (?=(?:{MONTH})\b)", sentence):
        group = 1 if match.group(1) else 2
        yield "day", replace_match(sentence, match, str((int(match.group(group)) + 8) % 28 + 1), group)


def _wrong_words(sentence: str) -> Iterator[Edit]:
    for kind, table in (("direction", DIRECTION_OF), ("antonym", ANTONYM_OF), ("quantity", QUANTITY_OF)):
        for text in replace_each(table, sentence):
            yield kind, text
    if match := re.search(r"\b(former|alleged|suspected|acting|deputy|vice|proposed|planned) (?=[A-Za-z])", sentence):
        yield "qualifier", replace_match(sentence, match, "")


def _wrong_truth(sentence: str) -> Iterator[Edit]:
    if match := re.search(r"\b(did|does|do) not ", sentence):
        yield "not dropped", replace_match(sentence, match, "")
    elif match := re.search(r"(?<=\b(?:is|as|re|ld|ll|ve|an|ad)) not (?=\w)|n't (?=\w)", sentence):
        yield "not dropped", replace_match(sentence, match, " ")
    elif match := re.search(
        r"\b(?:is|are|was|were|has|have|had|will|would|could|should)\b(?= [a-z])"
        r"(?! (?:not?|never|nothing|nobody|all|almost)\b)",
        sentence,
    ):
        yield "not added", replace_match(sentence, match, match.group() + " not")
    elif match := re.search(
        r"(?<=[a-z] )(?<!never )(?<!have )(?<!has )(?<!not )[a-z]{3,}ed\b"
        r"(?= (?:the|a|an|to|in|on|that|by|his|her|its|their)\b)",
        sentence,
    ):
        yield "not added", replace_match(sentence, match, f"never {match.group()}")
    if match := re.search(r"\b(?:has|have|had) (?:been )?(?=[a-z]+ed\b)", sentence):
        yield (
            "could for did",
            replace_match(sentence, match, "may have " + ("been " if "been" in match.group() else "")),
        )
    elif match := re.search(r"(?<=[a-z] )(?:was|were) (?=[a-z]+ed\b)", sentence):
        yield "could for did", replace_match(sentence, match, "could be ")
    elif match := re.search(r"\b(?:is|are) (?=[a-z])", sentence):
        yield "could for did", replace_match(sentence, match, "might be ")
    if match := re.search(r"\b(?:may|might|could) have (?=[a-z]+ed\b)", sentence):
        yield "did for could", replace_match(sentence, match, "")
    elif match := re.search(r"\b(?:may|might|could) be ", sentence):
        yield "did for could", replace_match(sentence, match, "is ")
    if match := STATED_PLAN.search(sentence):
        yield "plan as done", replace_match(sentence, match, _past(match["verb"]))
    elif match := re.search(r"\b(?:will|would|shall) be (?=[a-z]+ed\b)", sentence):
        yield "plan as done", replace_match(sentence, match, "was ")
    elif match := re.search(r"\b(?:will|would) (?!not|have|like|also|never|you|they|the)([a-z]{3,})\b", sentence):
        yield "plan as done", replace_match(sentence, match, _past(match.group(1)))


_DETAILS = (
    "because of the drought;despite the warnings;in a secret ballot;under pressure from the army;for the third time;"
    "after a quarrel over money;to please the shareholders;at the request of the police"
).split(";")


def _unsaid(sentence: str) -> Iterator[Edit]:
    """A detail that nobody gave, and what somebody said as a fact."""
    if re.search(r"[a-z]\.$", sentence):
        yield "detail added", f"{sentence[:-1]} {pick(_DETAILS, sentence)}."
    who = rf"(?:The [a-z]+(?: [a-z]+)?|{NAME})"
    for pattern in (
        rf"^{who} (?:said|says|stated|argued|claimed|warned) (?:that )?(?P<what>[^\"“”]{{20,}})$",
        rf"^According to {who}, (?P<what>[^\"“”]{{20,}})$",
        rf"^[\"“]?(?P<what>[^\"“”]{{20,}}),[\"”]? (?:{who} (?:said|says)|(?:said|says) {who})[^,]*\.$",
    ):
        if match := re.match(pattern, sentence):
            yield "speaker dropped", upper_first(match["what"].rstrip(".")) + "."


_PASTS = table_of(
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
        rf"(?P<a>{NAME}) (?P<v>(?:[a-z]+ )?(?:{verb})(?: (?:[a-z]+ )?by)?) (?P<b>{NAME})",
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
