"""Tables and steps that rewrite a sentence, for lies and paraphrases made by rule.

The tables are the generator's own and partly hold words that the checker has no table for, so that the rates also tell
what happens to unknown words. Everything is deterministic: choices hang on a checksum of the sentence.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence

Edit = tuple[str, str]
"""What was done to a sentence, and the sentence."""

MONTHS = "January February March April May June July August September October November December".split()
SHORT = {"January": "Jan.", "February": "Feb.", "August": "Aug.", "September": "Sept.", "October": "Oct."}
SHORT |= {"November": "Nov.", "December": "Dec."}
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve".split()
MONTH = "|".join(MONTHS)
NAME = r"[A-Z][\w'’-]+(?: (?:[A-Z][\w'’-]+|[A-Z]\.))*"
LEADING = "|".join([*MONTHS, *WEEKDAYS, "On", "In", "At", "The", "A", "But", "And", "After", "Before", "As", "When"])
SAYS = r"said|says|stated|added|claimed|argued|warned|told reporters"

# Each word with one that makes the sentence untrue in its place.
DIRECTIONS = (
    "rose:fell fell:rose increased:decreased decreased:increased grew:shrank gained:lost rising:falling falling:rising"
)
DIRECTIONS += " increase:decrease decrease:increase higher:lower lower:higher"
ANTONYMS = (
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
UNITS = (
    "kilometers:miles kilometres:miles km:miles miles:kilometres meters:feet metres:feet feet:metres "
    "kg:pounds dollars:euros "
    "euros:dollars pounds:euros hours:days days:weeks weeks:months months:weeks minutes:hours "
    "years:months seconds:minutes "
    "centuries:decades decades:centuries tons:kilograms million:billion billion:million thousand:million "
    "degrees:percent"
)
QUANTITIES = (
    "some:all many:few most:few few:many several:no all:no every:no each:no both:neither often:never always:sometimes"
)
QUANTITIES += " never:always usually:rarely"
SYNONYMS = (
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


def table_of(pairs: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in pairs.split())


DIRECTION_OF, ANTONYM_OF, UNIT_OF = table_of(DIRECTIONS), table_of(ANTONYMS), table_of(UNITS)
QUANTITY_OF, SYNONYM_OF = table_of(QUANTITIES), table_of(SYNONYMS)

LIMITS = [
    ("more than", "fewer than"),
    ("fewer than", "more than"),
    ("less than", "more than"),
    ("at least", "at most"),
    ("up to", "more than"),
    ("nearly", "more than"),
    ("almost", "more than"),
    ("over", "under"),
]
CONTRACTIONS = {
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
STATED_PLAN = re.compile(
    r"\b(?:plans?|planned|hopes?|hoped|wants?|wanted|intends?|intended|agreed|expects?|expected|decided|aims?|aimed|"
    r"seeks?|"
    r"sought|promised|vowed|threatened|tried) to (?P<verb>[a-z]{3,})\b"
)


def pick(options: Sequence[str], sentence: str) -> str:
    return options[zlib.crc32(sentence.encode()) % len(options)]


def replace_each(table: dict[str, str], sentence: str) -> Iterator[str]:
    """The sentence with one word of the table replaced, for each such word."""
    for match in re.finditer(r"(?<![\w'’-])[a-z]+(?![\w'’-])", sentence):
        # "the most popular" and "a few" are not quantities that can be exchanged.
        if match.group() in ("most", "few") and sentence[: match.start()].lower().endswith(("the ", "a ")):
            continue
        if match.group() in table:
            yield sentence[: match.start()] + table[match.group()] + sentence[match.end() :]


def replace_match(sentence: str, match: re.Match[str], text: str, group: str | int = 0) -> str:
    return sentence[: match.start(group)] + text + sentence[match.end(group) :]


def names_in(sentence: str) -> list[str]:
    """Runs of capitalised words, the sentence's first word left out where it stands alone."""
    found = []
    for match in re.finditer(NAME, sentence):
        if match.start() < 2 and " " not in match.group():
            continue
        name = re.sub(r"['’]s$", "", match.group())
        name = re.sub(rf"^(?:(?:{LEADING}) )+", "", name)
        if name not in MONTHS + WEEKDAYS and name not in ("I", "The", "In", "It", "He", "She", "We"):
            found.append(name)
    return list(dict.fromkeys(found))


def lower_first(text: str) -> str:
    return (
        text[0].lower() + text[1:] if text.startswith(("The ", "A ", "An ", "In ", "It ", "This ", "There ")) else text
    )


def upper_first(text: str) -> str:
    return text[0].upper() + text[1:]
