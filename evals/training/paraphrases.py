"""True paraphrases of a sentence, made by rule: a checker of claims must keep them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evals.training.edits import (
    CONTRACTIONS,
    MONTH,
    NAME,
    NUMBERS,
    SAYS,
    SHORT,
    SYNONYM_OF,
    Edit,
    lower_first,
    names_in,
    replace_each,
    replace_match,
    upper_first,
)


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
        found.append(("pronoun resolved", replace_match(sentence, pronoun, names[0] + " ")))
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
        yield "number in words", replace_match(sentence, figure, NUMBERS[int(figure.group())])
    for word in re.finditer(rf"(?<![\w-])(?:{'|'.join(NUMBERS[2:])})(?= [a-z]{{3,}})", sentence):
        yield "number in digits", replace_match(sentence, word, str(NUMBERS.index(word.group())))
    if match := re.search(r"(?<![\w.,$])\d{1,3}(?:,\d{3})+(?![\w.,]?\d)", sentence):
        yield "number form", replace_match(sentence, match, match.group().replace(",", ""))
        value = int(match.group().replace(",", ""))
        if value % 100_000 == 0 and value >= 1_000_000:
            yield "number form", replace_match(sentence, match, f"{value / 1e6:g} million")
        elif value % 1000 == 0:
            yield "number form", replace_match(sentence, match, f"{value // 1000} thousand")
    if match := re.search(r"(?<![\w.,])(\d+(?:\.\d+)?) million\b", sentence):
        yield "number form", replace_match(sentence, match, f"{round(float(match.group(1)) * 1e6):,}")
    if match := re.search(r"(?<=\d)(?:%| percent| per cent)", sentence):
        for form in ("%", " percent", " per cent"):
            if form != match.group():
                yield "percent", replace_match(sentence, match, form)


def _other_dates(sentence: str) -> Iterator[Edit]:
    if match := re.search(rf"\b(?P<m>{MONTH}) (?P<d>\d\d?)(?:, (?P<y>\d{{4}}))?\b", sentence):
        year = f" {match['y']}" if match["y"] else ""
        yield "date form", replace_match(sentence, match, f"{match['d']} {match['m']}{year}")
        if match["m"] in SHORT:
            comma = f", {match['y']}" if match["y"] else ""
            yield "date form", replace_match(sentence, match, f"{SHORT[match['m']]} {match['d']}{comma}")
        if match["y"]:
            yield "year dropped", replace_match(sentence, match, f"{match['m']} {match['d']}")
    elif match := re.search(rf"\b(?P<d>\d\d?) (?P<m>{MONTH})\b", sentence):
        yield "date form", replace_match(sentence, match, f"{match['m']} {match['d']}")


def _other_forms(sentence: str) -> Iterator[Edit]:
    if re.search(r"[\"“”]", sentence):
        return  # words inside quotation marks must stay
    for text in replace_each(SYNONYM_OF, sentence):
        yield "synonym", text
    for long, short in CONTRACTIONS.items():
        if match := re.search(rf"\b{long}\b", sentence):
            yield "contraction", replace_match(sentence, match, short)
        elif match := re.search(rf"\b{short}\b", sentence):
            yield "contraction", replace_match(sentence, match, long)
    for form, other in (("United States", "US"), ("U.S.", "US"), ("United Nations", "UN"), ("United Kingdom", "UK")):
        if match := re.search(rf"\b{re.escape(form)}(?!\w)", sentence):
            yield "abbreviation", replace_match(sentence, match, other)
    title = (
        r"President|Prime Minister|Senator|Professor|Prof\.|Dr\.|Judge|Minister|Governor|Mayor|General|Mr\.|Mrs\.|Ms\."
    )
    if match := re.search(rf"\b(?:{title}) (?=[A-Z][a-z]+ [A-Z])", sentence):
        yield "title dropped", replace_match(sentence, match, "")
    if match := re.search(rf"\b(?:{title}) (?P<first>[A-Z][a-z]+) (?=[A-Z][a-z]+)", sentence):
        yield "first name dropped", replace_match(sentence, match, "", "first").replace("  ", " ")


_ACTIVE = re.compile(
    rf"^(?P<a>(?:The [a-z]+|{NAME})) (?P<v>[a-z]+ed) (?P<b>(?:the|a|an) [a-z]+|{NAME})"
    r"(?P<rest>(?: (?:in|on|at) [^,]+)?\.)$"
)
_PASSIVE = re.compile(
    rf"^(?P<b>(?:The [a-z]+|{NAME})) (?:was|were) (?P<v>[a-z]+ed) by (?P<a>(?:the|a|an) [a-z]+|{NAME})"
    r"(?P<rest>(?: (?:in|on|at) [^,]+)?\.)$"
)


def _other_order(sentence: str) -> Iterator[Edit]:
    if match := _ACTIVE.match(sentence):
        yield "passive", f"{upper_first(match['b'])} was {match['v']} by {lower_first(match['a'])}{match['rest']}"
    if match := _PASSIVE.match(sentence):
        yield "active", f"{upper_first(match['a'])} {match['v']} {lower_first(match['b'])}{match['rest']}"
    who = rf"(?P<who>The [a-z]+(?: [a-z]+)?|(?!He |She |It |They |We |I ){NAME})"
    if match := re.match(
        rf"{who} (?P<v>said|says|stated|argued|claimed|warned) (?:that )?"
        r"(?!(?:in|on|at|to|of|as|about|during|he would|it was)\b)"
        r"(?P<what>[^\"“”;]+)\.$",
        sentence,
    ):
        yield "speaker moved back", f"{upper_first(match['what'])}, {lower_first(match['who'])} {match['v']}."
        yield "according to", f"According to {lower_first(match['who'])}, {lower_first(match['what'])}."
        yield "that", f"{match['who']} {match['v']} {'' if 'that' in sentence[:80] else 'that '}{match['what']}."
    if match := re.match(rf"[\"“](?P<what>[^\"“”]+),[\"”] (?P<who>{NAME}) (?P<v>said|says|added|stated)\.$", sentence):
        yield "speaker moved front", f"{match['who']} {match['v']}, “{match['what']}.”"
    if match := re.match(rf"According to (?P<who>{NAME}), (?P<what>[^\"“”]+)\.$", sentence):
        yield "speaker moved back", f"{upper_first(match['what'])}, {match['who']} said."
    if match := re.match(
        r"(?P<when>(?:In|On|At|During|After|Since) [^,]{3,40}), (?P<what>[^,\"“”;]{25,})\.$", sentence
    ):
        yield "adverb moved back", f"{upper_first(match['what'])} {match['when'][0].lower()}{match['when'][1:]}."
    if match := re.search(rf"(?P<a>{NAME}), (?P<b>{NAME}) and (?P<c>{NAME})", sentence):
        yield "list reordered", replace_match(sentence, match, f"{match['c']}, {match['a']} and {match['b']}")


def _shorter(sentence: str) -> Iterator[Edit]:
    if match := re.search(r", (?:which|who|whose) [^,;\"“”]+(?:,|(?=\.$))", sentence):
        yield "relative clause dropped", replace_match(sentence, match, "")
    if match := re.search(r" \([^()]+\)", sentence):
        yield "brackets dropped", replace_match(sentence, match, "")
    if match := re.match(r"(?P<when>(?:In|On|During|Since) [^,]{3,40}), (?P<what>[^\"“”;]{25,})$", sentence):
        yield "adverb dropped", upper_first(match["what"])
    hedge = re.compile(rf"\b(?:{SAYS}|if|unless|according|not|neither|never|would|although)\b|n't|[\"“”]")
    match = re.search(r"(?<=.{30}), (?:and|but) (?=(?:the|it|he|she|they|this|there|[A-Z])\w* )", sentence)
    if match and not hedge.search(sentence):
        yield "second clause dropped", sentence[: match.start()] + "."
    if (match := re.search(r", (?:[a-z]+ing|including) [^,]+\.$", sentence)) and match.start() > 30:
        yield "end dropped", sentence[: match.start()] + "."
    if match := re.search(r"(?<=[a-z]) (?:also|previously|recently|largely|currently) (?=[a-z])", sentence):
        yield "adverb dropped", replace_match(sentence, match, " ")
