"""The figures of a sentence and what they count. English only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rag.news.outcomes import TRUTH, segment
from rag.text.facts import Item, Number, Reading, read
from rag.text.lexicon import stem
from rag.text.reporting import REPORTING

# What people are counted by. Figures of two classes are never compared.
_CLASSES = {
    form: name
    for name, forms in {
        "dead": "kill die death deaths toll fatal fatality",
        "hurt": "injure injury",
        "casualties": "casualty victim",
        "held": "arrest hostage captive prisoner custody jail",
        "missing": "missing trap unaccounted",
        "away": "displace evacuate flee homeless shelter",
        "saved": "rescue save survive survivor",
        "freed": "release free",
        "charged": "charge convict sentence indict",
        "ill": "case infect sick sicken ill",
    }.items()
    for form in map(stem, forms.split())
}
_GENERIC = frozenset(
    stem(word)
    for word in "people person total number figure count confirm least additional further least other more still say "
    "report accord rise climb reach stand pass grow fall drop put leave official now far".split()
)
# What "to" follows without making it an aim: "forced the line to cancel 110 flights".
_BROUGHT_ABOUT = frozenset(map(stem, "force cause lead manage compel prompt help enable".split()))
# What a count is told of, before the verb that tells it: "the number of people injured in the leak rose to 23". The
# first are followed by what is counted, the others name it.
_COUNTS_OF = frozenset("number total count tally toll".split())
_COSTS = frozenset("cost costs price bill".split())
_HEADS = _COUNTS_OF | _COSTS | frozenset("injuries deaths fatalities casualties arrests evacuations".split())
_TO = frozenset("to at".split())
_MOVES = frozenset(
    "rise rises rose risen rising climb climbs climbed climbing grow grows grew grown growing increase increases "
    "increased jump jumps jumped jumping fall falls fell fallen falling drop drops dropped dropping go goes went "
    "gone come comes came bring brings brought bringing push pushes pushed pushing raise raises raised raising "
    "take takes took taking lower lowered lowering cut cutting stand stands stood put puts remain remains "
    "remained soar soared surge surged swell swelled mount mounted double doubled revise revised estimate "
    "estimated up down".split()
)
_REACH = frozenset(
    "is was are were reach reaches reached reaching hit hits top tops topped pass passes passed exceed exceeds "
    "exceeded total totals totalled totaled".split()
)
_CLAUSES = frozenset("while whereas as when which who that and but or if because since until".split())
# The one word for what several name.
_ONE_WORD = {form: "die" for form, name in _CLASSES.items() if name == "dead"}
_ONE_WORD |= {form: stem("injure") for form, name in _CLASSES.items() if name == "hurt"}
_ONE_WORD |= {stem(word): "ill" for word in "sick sicken ill".split()}
_LINKS = frozenset(
    "of was were are is been being have had has be the their its his her our more other still now also already so far "
    "as".split()
)
_ENDS = frozenset("after before amid following against not no over under".split())


@dataclass(frozen=True, slots=True)
class Quantity:
    """A figure and what it counts: `noun` behind it, `bag` all words close to it that say what is counted. `is_running`
    where it is told as where a count has come to ("rose to 23 on Wednesday"): then the day is not that of the event."""

    number: Number
    noun: str
    bag: frozenset[str]
    classes: frozenset[str]
    words: str
    about: str
    truth: frozenset[str]
    is_running: bool = False


@lru_cache(maxsize=1024)
def quantities(text: str) -> tuple[Quantity, ...]:
    """The figures of a sentence that count something; ordinals, dates and bare figures left out."""
    reading = read(text)
    return tuple(_read_quantities(reading))


def _read_quantities(reading: Reading) -> Iterator[Quantity]:
    items = reading.items
    # A row of a table is no sentence, and figures told "respectively" stand far from what they count.
    n_figures = sum(item.number is not None for item in items)
    if (n_figures > 4 and 3 * n_figures > len(reading.content)) or any(i.text.lower() == "respectively" for i in items):
        return
    for n, item in enumerate(items):
        if item.number is None or item.key.endswith(".") or _is_part(reading, n):
            continue
        if (told := _find_head(items, n)) is not None:
            yield _read_headed(reading, n, *told)
            continue
        if (found := _read_plain(reading, n)) is not None:
            yield found


def _read_plain(reading: Reading, n: int) -> Quantity | None:
    """The quantity of a figure that stands before what it counts; None where no word says what that is."""
    items = reading.items
    behind = _words_behind(items, n)
    before = _words_before(items, n, has_noun=bool(behind))
    bag = frozenset(_concept(items[k]) for k in (*behind, *before)) - _GENERIC
    if not bag:
        return None
    nouns = [items[k].key for k in behind if items[k].key not in _GENERIC]
    named = [items[k].key for k in behind]
    truth = _truth(items, n)
    start, _ = segment(items, n)
    is_aim = any(items[k].after_to and items[k].kind == "word" for k in range(start, n))  # "to house 400 people"
    is_aim = is_aim and not any(items[k].key in _BROUGHT_ABOUT for k in range(start, n))
    return Quantity(
        number=items[n].number or Number(0.0),
        noun=nouns[0] if nouns and named[0] == nouns[0] else "",
        bag=bag,
        classes=frozenset(_CLASSES[key] for key in bag | set(named) if key in _CLASSES),
        words=reading.text[items[_find_start(items, n)].start : items[behind[0] if behind else n].end].strip(),
        about=" ".join(items[k].text for k in sorted(behind) or reversed(before)),
        truth=truth | {"may"} if is_aim else truth,
    )


def _words_behind(items: Sequence[Item], n: int) -> list[int]:
    """The places of the words behind figure `n` that say what it counts, three at most."""
    found: list[int] = []
    total = _find_total(items, n)  # "38 of the 81 seats" counts seats
    for k in range((n if total is None else total) + 1, min(n + 9, len(items))):
        if items[k].text.lower() in _ENDS:
            break
        if items[k].kind in ("word", "name") and len(found) < 3:
            found.append(k)
        elif not (items[k].text.lower() in _LINKS and items[k].kind == "function"):
            break
    return found


def _words_before(items: Sequence[Item], n: int, *, has_noun: bool) -> list[int]:
    """The places of the words before figure `n` that say of what it is told, the nearest first. What a figure without a
    noun counts stands farther off: "the toll of the fire at Vell has risen to 27"."""
    found: list[int] = []
    for k in range(n - 1, max(-1, n - (8 if has_noun else 14)), -1):
        if items[k].kind == "stop" or items[k].number is not None or items[k].text.lower() in _ENDS | REPORTING:
            break
        is_telling = has_noun or (items[k].kind == "word" and items[k].key not in _GENERIC)
        if items[k].kind in ("word", "name") and is_telling and len(found) < 2:
            found.append(k)
    return found


def _find_start(items: Sequence[Item], n: int) -> int:
    """Where figure `n` begins, the words of its limit with it: "at least 40"."""
    while n and items[n - 1].kind == "function" and not items[n - 1].key:
        n -= 1
    return n


def _truth(items: Sequence[Item], n: int) -> frozenset[str]:
    start, end = segment(items, n)
    return frozenset[str]().union(*(items[k].marks for k in range(start, end))) & TRUTH


def _find_head(items: Sequence[Item], n: int) -> tuple[int, int] | None:
    """The head of a count, and where its verb begins, that gives figure `n` behind the verb: "number" and "rose" of
    "the number of people injured in the leak rose to 23"; None for a figure that stands before what it counts."""
    low = [item.text.lower() for item in items[: _find_start(items, n)]]
    end = len(low)
    while end and (low[end - 1] in ("nearly", "almost", "now", "still", "just") or items[end - 1].kind == "date"):
        end -= 1
    following = items[n + 1] if n + 1 < len(items) else None
    if not end or (following is not None and following.kind in ("word", "name") and not following.text.endswith("ly")):
        return None  # "rose to 23 workers" counts what follows
    verb = next((k for k in range(end - 1, max(-1, end - 5), -1) if low[k] in _MOVES), None)
    if low[end - 1] in _REACH:
        verb = end - 1
    elif low[end - 1] not in _TO:
        verb = None
    if verb is None and low[end - 1] in _TO:  # "brought the number of injured to 26"
        verb = next((k for k in range(end - 2, max(-1, end - 12), -1) if low[k] in _MOVES), None)
    if verb is None:
        return None
    first = verb
    while first and items[first - 1].kind != "stop" and low[first - 1] not in _CLAUSES:
        first -= 1
    heads = [k for k in range(first, verb) if low[k] in _HEADS and items[k].kind == "word"]
    if not heads:
        heads = [k for k in range(verb + 1, end) if low[k] in _HEADS and items[k].kind == "word"]
        verb = end - 1 if heads else verb
    if not heads or any(items[k].number is not None for k in range(heads[-1], end)):
        return None
    # "After the price rose, arrests rose to 9" is of arrests, "the number of child deaths rose to 9" of those.
    head = heads[-1]
    for k in heads[:-1]:
        between = items[k + 1 : head]
        if low[k] in _COUNTS_OF and all(i.is_content or i.text.lower() in _LINKS for i in between):
            return k, verb
    return head, verb


def _read_headed(reading: Reading, n: int, head: int, verb: int) -> Quantity:
    """The quantity of figure `n` whose head and verb are known."""
    items = reading.items
    low = items[head].text.lower()
    is_cost = low in _COSTS
    counted: list[int] = []
    if items[head + 1].text.lower() in ("of", "for") or is_cost:
        for k in range(head + 2, verb):
            is_content = items[k].kind in ("word", "name")
            if not is_content and items[k].text.lower() not in _LINKS | {"a", "for"}:
                break
            if is_content and not items[k].text.lower().endswith("ly"):
                counted.append(k)
    told = [_concept(items[k]) for k in counted if items[k].key not in _GENERIC]
    classes = {_CLASSES[items[k].key] for k in counted if items[k].key in _CLASSES}
    if low not in _COUNTS_OF | _COSTS or (low == "toll" and not classes):
        # "The toll of the quake": the place of it is not what is counted.
        counted, told = [], [_concept(items[head])]
        if low != "toll" and head and items[head - 1].kind == "word" and items[head - 1].key not in _GENERIC:
            counted = [head - 1]  # "traffic deaths"
            told.append(items[head - 1].key)
        classes = {_CLASSES[items[head].key]} if items[head].key in _CLASSES else set()
    if is_cost:
        told.append("cost")
    nouns = [items[k].key for k in counted if items[k].kind == "word" and items[k].key not in _GENERIC]
    nouns = [] if is_cost else [key for key in nouns if key not in _CLASSES]
    return Quantity(
        number=items[n].number or Number(0.0),
        noun=nouns[0] if nouns else "",
        bag=frozenset(told),
        classes=frozenset(classes),
        words=reading.text[items[_find_start(items, n)].start : items[n].end].strip(),
        about=reading.text[items[min([head, *counted])].start : items[max([head, *counted])].end],
        truth=_truth(items, n),
        is_running=True,
    )


def _find_total(items: Sequence[Item], n: int) -> int | None:
    """Where the total stands of which figure `n` is a share: the 81 of "38 of the 81 seats"."""
    low = [item.text.lower() for item in items[n + 1 : n + 4]]
    if low[:1] != ["of"]:
        return None
    at = n + 2 + (len(low) > 1 and low[1] in ("the", "its", "their", "all", "some"))
    return at if at < len(items) and items[at].number is not None else None


_OF_WHICH = {("of", word) for word in ("whom", "which", "them", "these")}


def _is_part(reading: Reading, n: int) -> bool:
    """Whether figure `n` is no count by itself: a total of which a share is told ("one of two schools that …"), a share
    ("of whom 40 were men", "317 pupils (34%)"), or half of a figure ("23¾")."""
    items = reading.items
    before = [item.text.lower() for item in items[:n]]
    clause = before[max((k for k, word in enumerate(before) if word in (".", ";")), default=-1) + 1 :]
    if any(pair in _OF_WHICH for pair in pairwise(clause)):
        return True
    following = items[n + 1 : n + 4]  # "two of the injured"
    if [i.text.lower() for i in following[:2]] in (["of", "the"], ["of", "those"]) and following[-1].key in _CLASSES:
        return True
    if any(_find_total(items, k) == n for k in range(max(0, n - 3), n) if items[k].number is not None):
        return True
    behind = items[n + 1 : n + 6]
    around = reading.text[max(0, items[n].start - 1) : items[n].end + 2]
    if re.match(r"[./]\d", around) or [i.text for i in items[n + 1 : n + 2]] in (["BC"], ["BCE"], ["AD"], ["CE"]):
        return True  # the end of a figure (".5%"), a year
    is_share = any(i.text == "(" and k.number and k.number.unit == "%" for i, k in pairwise(behind))
    return is_share or around[-2:].strip()[:1] in ("¼", "½", "¾", "⅓", "⅔")


def _concept(item: Item) -> str:
    return _ONE_WORD.get(item.key, item.key)
