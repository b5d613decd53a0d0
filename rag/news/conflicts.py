"""Where articles differ on the same thing, and where a later one changes what an earlier one reports. Pure functions.

Two sentences are compared only where they speak of the same thing as far as words can tell; in doubt nothing is said.
Four kinds of change are known: a figure, one word of near-identical sentences, something possible or planned that is
done (or called off) later, and an office that has become a former one. English only. Measured by evals/conflicts.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rag.checking.alignment import align
from rag.news.outcomes import TRUTH, Differing, former, happened, segment
from rag.news.processes import settled
from rag.news.same_story import NEAR, NEARLY_ALIKE, later, other_names, other_place, other_time, same_headline
from rag.news.speakers import speaker_in
from rag.text.facts import Item, Number, Reading, read
from rag.text.lexicon import EXCLUSIVE, stem
from rag.text.reporting import REPORTING
from rag.types import Candidate

# Share of the content words of two sentences that near copies have in common.
COPIED = 0.6
# Counts of the same thing lie closer together than this; what is said to have changed, further apart.
MOST_APART, LEAST_APART = 8.0, 0.02
# Cosine from which two counts can be of the same thing where the headlines are of one story.
COUNTED_NEAR = 0.2

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
# Sizes of things, not counts: they are compared in near copies only.
_MEASURES = frozenset(
    stem(word)
    for word in "year month week day hour minute second kilometre km mile metre meter foot inch kg pound tonne "
    "ton degree percent point time per".split()
)


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


@dataclass(frozen=True, slots=True)
class Change:
    """Two statements, by their places, on what, and the words that differ. `newer` is the place of the later one,
    None where neither can be said to be later."""

    first: int
    second: int
    about: str
    values: tuple[str, str]
    newer: int | None


# --- one sentence --------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def quantities(text: str) -> tuple[Quantity, ...]:
    """The figures of a sentence that count something; ordinals, dates and bare figures left out."""
    reading = read(text)
    return tuple(_quantities(reading))


def _quantities(reading: Reading) -> Iterator[Quantity]:
    items = reading.items
    # A row of a table is no sentence, and figures told "respectively" stand far from what they count.
    n_figures = sum(item.number is not None for item in items)
    if (n_figures > 4 and 3 * n_figures > len(reading.content)) or any(i.text.lower() == "respectively" for i in items):
        return
    for n, item in enumerate(items):
        if item.number is None or item.key.endswith(".") or _is_part(reading, n):
            continue
        if (told := _told_of(items, n)) is not None:
            yield _headed(reading, n, *told)
            continue
        behind: list[int] = []
        whole = _whole(items, n)  # "38 of the 81 seats" counts seats
        for k in range((n if whole is None else whole) + 1, min(n + 9, len(items))):
            if items[k].text.lower() in _ENDS:
                break
            if items[k].kind in ("word", "name") and len(behind) < 3:
                behind.append(k)
            elif not (items[k].text.lower() in _LINKS and items[k].kind == "function"):
                break
        behind += _befell(items, n, behind)
        before: list[int] = []
        is_cost = _is_cost(items, n)
        # What a figure without a noun counts stands farther off: "the toll of the fire at Vell has risen to 27".
        for k in range(n - 1, max(-1, n - (8 if behind else 14)), -1):
            if items[k].kind == "stop" or items[k].number is not None or items[k].text.lower() in _ENDS | REPORTING:
                break
            is_telling = bool(behind or is_cost) or (items[k].kind == "word" and items[k].key not in _GENERIC)
            if items[k].kind in ("word", "name") and is_telling and len(before) < (6 if is_cost else 2):
                before.append(k)
        bag = frozenset(_concept(items[k]) for k in (*behind, *before)) - _GENERIC
        nouns = [items[k].key for k in behind if items[k].key not in _GENERIC]
        named = [items[k].key for k in behind]
        if not bag:
            continue
        first = _with_limit(items, n)
        last = behind[0] if behind else n
        truth = _truth(items, n)
        start, _ = segment(items, n)
        is_aim = any(items[k].after_to and items[k].kind == "word" for k in range(start, n))  # "to house 400 people"
        is_aim = is_aim and not any(items[k].key in _BROUGHT_ABOUT for k in range(start, n))
        yield Quantity(
            number=item.number,
            noun=nouns[0] if nouns and named[0] == nouns[0] else "",
            bag=bag,
            classes=frozenset(_CLASSES[key] for key in bag | set(named) if key in _CLASSES),
            words=reading.text[items[first].start : items[last].end].strip(),
            about=" ".join(items[k].text for k in sorted(behind) or reversed(before)),
            truth=truth | {"may"} if is_aim and not is_cost else truth,
        )


def _with_limit(items: Sequence[Item], n: int) -> int:
    """Where figure `n` begins, the words of its limit with it: "at least 40"."""
    while n and items[n - 1].kind == "function" and not items[n - 1].key:
        n -= 1
    return n


def _truth(items: Sequence[Item], n: int) -> frozenset[str]:
    start, end = segment(items, n)
    return frozenset[str]().union(*(items[k].marks for k in range(start, end))) & TRUTH


def _is_cost(items: Sequence[Item], n: int) -> bool:
    """Whether figure `n` is money that something "cost" or "would cost"."""
    at, number = _with_limit(items, n) - 1, items[n].number
    return number is not None and number.unit != "" and at >= 0 and items[at].key == "cost"


def _told_of(items: Sequence[Item], n: int) -> tuple[int, int] | None:
    """The head of a count, and where its verb begins, that gives figure `n` behind the verb: "number" and "rose" of
    "the number of people injured in the leak rose to 23"; None for a figure that stands before what it counts."""
    low = [item.text.lower() for item in items[: _with_limit(items, n)]]
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


def _headed(reading: Reading, n: int, head: int, verb: int) -> Quantity:
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
        words=reading.text[items[_with_limit(items, n)].start : items[n].end].strip(),
        about=reading.text[items[min([head, *counted])].start : items[max([head, *counted])].end],
        truth=_truth(items, n),
        is_running=True,
    )


def _befell(items: Sequence[Item], n: int, behind: Sequence[int]) -> list[int]:
    """What befell those whom figure `n` counts, where a name stands between: "900 residents of Lower Brackley were
    evacuated", "130 people in Vell fell ill"."""
    if not behind or any(items[k].key in _CLASSES for k in behind):
        return []
    for k in range(behind[0] + 1, min(n + 10, len(items) - 1)):
        low = items[k].text.lower()
        if low in _ENDS or items[k].kind in ("stop", "number"):
            break
        if low in ("was", "were", "been", "are", "fell") and items[k + 1].key in _CLASSES:
            return [k + 1]
        if items[k].kind == "word" and k not in behind and low not in _ADVERBS:
            break
    return []


def _whole(items: Sequence[Item], n: int) -> int | None:
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
    if any(_whole(items, k) == n for k in range(max(0, n - 3), n) if items[k].number is not None):
        return True
    behind = items[n + 1 : n + 6]
    around = reading.text[max(0, items[n].start - 1) : items[n].end + 2]
    if re.match(r"[./]\d", around) or [i.text for i in items[n + 1 : n + 2]] in (["BC"], ["BCE"], ["AD"], ["CE"]):
        return True  # the end of a figure (".5%"), a year
    is_share = any(i.text == "(" and k.number and k.number.unit == "%" for i, k in pairwise(behind))
    return is_share or around[-2:].strip()[:1] in ("¼", "½", "¾", "⅓", "⅔")


_LINKS = frozenset(
    "of was were are is been being have had has be the their its his her our more other still now also already so far "
    "as".split()
)
_ENDS = frozenset("after before amid following against not no over under".split())


_ADVERBS = frozenset("also have has had fell".split())


def _concept(item: Item) -> str:
    return _ONE_WORD.get(item.key, item.key)


# --- two sentences -------------------------------------------------------------------------------------------------


def compare(a: Candidate, b: Candidate, *, cosine: float) -> Change | None:
    """What two sentences say differently of the same thing, as a `Change` from place 0 to place 1; None where they do
    not, or where it is not clear that they speak of the same thing. `cosine` is that of the two."""
    if a.text == b.text or cosine < COUNTED_NEAR:
        return None
    for find in (_figures, _called_otherwise, happened, settled, former):
        if cosine < NEAR and find is not _figures:
            return None
        if found := find(a, b, cosine):
            # "The number of injured stands at 26" names nothing: there the headlines tell.
            is_far = cosine < NEAR or other_names(a, b)
            if is_far and not (find is _figures and same_headline(a, b)):
                return None
            about, values = found
            newer = later(a.hit.article, b.hit.article)
            if find is _called_otherwise and not any(map(quantities, values)):
                newer = None  # of near copies the later may be the mistaken one
            if find in (happened, settled, former) and newer is None:
                return None
            return Change(first=0, second=1, about=about, values=values, newer=newer)
    return None


def _figures(a: Candidate, b: Candidate, cosine: float) -> Differing | None:
    """Two counts of the same thing."""
    is_one_article = a.hit.article.id == b.hit.article.id
    if not is_one_article and other_place(a, b):
        return None
    is_other_day = other_time(read(a.text), read(b.text))
    if is_other_day and (is_one_article or other_time(read(a.text), read(b.text), years=True)):
        return None
    is_later = later(a.hit.article, b.hit.article) is not None
    for ours in quantities(a.text):
        for theirs in quantities(b.text):
            if not _is_same_count(ours, theirs) or not _differ(ours.number, theirs.number, is_later=is_later):
                continue
            if is_other_day and not (is_later and (ours.is_running or theirs.is_running)):
                continue
            if is_one_article:
                speakers = [speaker_in(c.hit.article, c.sentence.start, c.sentence.end) for c in (a, b)]
                if None in speakers or speakers[0] == speakers[1]:
                    continue
            elif _gives(b, ours.number.value) or _gives(a, theirs.number.value):
                continue
            return theirs.about, (ours.words, theirs.words)
    return None


def _is_same_count(a: Quantity, b: Quantity) -> bool:
    is_cost = "cost" in a.bag & b.bag  # what "would cost" 40 million has become dearer where it is put at 62
    truths = [q.truth - {"will", "may"} if is_cost else q.truth for q in (a, b)]
    if a.number.unit != b.number.unit or truths[0] != truths[1] or a.classes != b.classes:
        return False
    if a.noun and b.noun and a.noun != b.noun and not (a.noun in b.bag or b.noun in a.bag):
        return False
    if {a.noun, b.noun} & _MEASURES:
        return False
    shared = a.bag & b.bag
    if not shared or (a.bag - shared and b.bag - shared and not (a.noun == b.noun != "" or a.classes)):
        return False
    # "34,000 Palestinians killed", "1,200 people killed": a class alone does not say who.
    return bool(a.noun and a.noun == b.noun) or len(shared) > 1 or (bool(a.classes) and not (a.noun and b.noun))


def _differ(a: Number, b: Number, *, is_later: bool) -> bool:
    """Whether two figures cannot both be roundings of one count. "At least 40" and "112" can both hold on one day; a
    later 112 is news."""
    low, high = sorted((abs(a.value), abs(b.value)))
    if low == high or high > MOST_APART * max(low, 1.0):
        return False
    if (a.limit != "=" or b.limit != "=") and high - low <= 0.1 * high:
        return False
    (a_low, a_high), (b_low, b_high) = a.interval(), b.interval()
    if a_low <= b_high and b_low <= a_high and not is_later:
        return False
    if high < 100 and a.limit == b.limit == "=":
        return True
    coarse, fine = (low, high) if _step(low) > _step(high) else (high, low)
    step = _step(coarse)
    return round(fine / step) * step != coarse and high - low >= LEAST_APART * high


def _step(value: float) -> float:
    """What a round figure is rounded to: 1,200 to 100."""
    step = 1.0
    while value and value % (step * 10) == 0 and step * 10 < value:
        step *= 10
    return step


def _gives(candidate: Candidate, value: float) -> bool:
    """Whether the article of the candidate gives this figure too, anywhere: then it tells the two apart."""
    for figure in {f"{value:,.10g}", f"{value:.10g}"}:
        if re.search(rf"(?<![\d,.]){re.escape(figure)}(?!,?\d)", candidate.hit.article.text):
            return True
    return any(value == other.number.value for other in quantities(candidate.hit.passage.text))


def _called_otherwise(a: Candidate, b: Candidate, cosine: float) -> Differing | None:
    """Near copies that differ in one figure, date or name, or in a word that excludes the other's."""
    if cosine < NEARLY_ALIKE or a.hit.article.id == b.hit.article.id:
        return None
    ours, theirs = read(a.text), read(b.text)
    pairs = align(ours, theirs)
    if len(pairs) < 3 or len(pairs) < COPIED * max(len(ours.content), len(theirs.content)):
        return None
    ours_left = [n for n in ours.content if n not in pairs]
    theirs_left = [n for n in theirs.content if n not in set(pairs.values())]
    firsts = _run(ours, ours_left), _run(theirs, theirs_left)
    if firsts[0] is None or firsts[1] is None:
        return None
    first, second = (reading.items[left[0]] for reading, left in ((ours, ours_left), (theirs, theirs_left)))
    kinds = {reading.items[n].kind for reading, left in ((ours, ours_left), (theirs, theirs_left)) for n in left}
    is_slot = sum(n < ours_left[0] for n in pairs) == sum(k < theirs_left[0] for k in pairs.values())
    is_value = kinds in ({"number"}, {"date"}, {"name"}) and is_slot
    is_opposite = len(ours_left) == len(theirs_left) == 1 and second.key in EXCLUSIVE.get(first.key, ())
    if not (is_value or is_opposite):
        return None
    if first.number and second.number:
        is_later = later(a.hit.article, b.hit.article) is not None
        if first.number.unit != second.number.unit or not _differ(first.number, second.number, is_later=is_later):
            return None
        if _gives(b, first.number.value) or _gives(a, second.number.value):
            return None
    if any(ours.items[n].marks & TRUTH != theirs.items[k].marks & TRUTH for n, k in pairs.items()):
        return None
    about = " ".join(theirs.items[k].text for k in sorted(pairs.values())[:4])
    return about, (firsts[0], firsts[1])


def _run(reading: Reading, left: Sequence[int]) -> str | None:
    """The words of items that stand side by side; None where they do not."""
    if not left or len(left) > 4:
        return None
    between = range(left[0], left[-1] + 1)
    if any(n in reading.content and n not in left for n in between):
        return None
    return reading.text[reading.items[left[0]].start : reading.items[left[-1]].end].strip()
