"""What has become of something planned, asked for or pending, where a later report tells it in other words: "is due to
ratify the treaty", "rejected the treaty". Pure functions. English only.

A process (a vote, a trial, a takeover) can end in a few ways only, and those are a table. An outcome counts where it is
one of the process that the older sentence leaves open, where what it happened to is known from that sentence, and where
the two have part of what was planned in common. Measured by evals/outcomes.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.news.outcomes import TRUTH, Differing, phrase, segment
from rag.news.same_story import NEAR, NEARLY_ALIKE, heading, later, other_place
from rag.text.facts import Item, Reading, read
from rag.text.lexicon import FUNCTION, FUTURE_BEFORE_TO, TRANSPARENT, stem
from rag.text.reporting import REPORTING
from rag.types import Candidate

# Of what an outcome happened to, this share is known from the older sentence.
KNOWN = 0.6
FEWEST_SHARED = 3

# Whatever was planned can end like this. "Called-off" stands for two words.
_ANY_END = (
    "cancelled canceled postponed scrapped shelved abandoned suspended delayed deferred averted blocked halted dropped "
    "ditched aborted withdrew withdrawn collapsed failed foundered called-off put-off pushed-back put-back ruled-out "
    "went-ahead gone-ahead took-place taken-place fell-through fallen-through fell-apart broke-down broken-down "
    "broke-up broken-off broke-off backed-out pulled-out walked-away gave-up given-up"
)
# Words of a process, and how it can end besides.
_PROCESSES = """
vote ballot ratify approve adopt pass rule decide decision bill law act veto treaty ban lift referendum motion budget
    amendment verdict review license authorise grant permit application loan aid reform
    | approved adopted passed ratified endorsed backed authorised authorized licensed granted cleared revoked rejected
    refused declined denied vetoed defeated enacted repealed lifted banned outlawed overruled chose decided opted upheld
    became-law signed-into turned-down voted-down voted-through voted-to voted-for voted-against ruled-against
    sided-with thrown-out threw-out struck-down waved-through
court trial appeal charge convict conviction sentence guilty jury judge overturn hear indict extradite deport
    lawsuit plea
    | convicted acquitted cleared quashed overturned upheld dismissed jailed imprisoned fined sentenced pardoned freed
    released extradited deported granted denied refused rejected annulled voided found-guilty pleaded-guilty walked-free
    went-free threw-out thrown-out set-aside
open close shut reopen stay keep build demolish
    | opened closed shut reopened shuttered demolished built sold inaugurated
strike walkout walk protest
    | ended settled resolved struck began started accepted walked-out walked-off downed-tools gone-back went-back
talk deal agree ceasefire peace negotiate sign merge merger takeover acquire buy sell bid offer sale accord
    | agreed signed sealed clinched struck reached completed concluded merged bought acquired sold rejected rebuffed
    accepted ended unsold found-no walked-out turned-down snapped-up
name appoint governor head chief become candidate nominee lead replace succeed resign step quit coach post
    | named appointed chosen picked sworn hired resigned quit sacked fired dismissed rejected declined confirmed
    stood-down stepped-down stepped-aside passed-over turned-down bowed-out dropped-out took-over
election term run seek poll win elect seat referendum
    | won lost defeated elected ousted toppled conceded unseated beaten chose voted-out voted-to voted-against
    thrown-out threw-out dropped-out
launch lift fly land dock flight rocket
    | launched landed scrubbed exploded crashed grounded docked lifted-off blasted-off took-off blew-up touched-down
play match final game race fit return compete win beat face title
    | played won lost missed returned retired beat beaten eliminated sat-out knocked-out crashed-out
landfall hit storm cyclone hurricane reach flood erupt strike
    | hit struck slammed spared veered weakened calmed subsided fizzled flooded erupted made-landfall came-ashore
    passed-by died-down
find rescue search reach missing save
    | found rescued saved recovered freed reached brought-down brought-out
"""


@dataclass(frozen=True, slots=True)
class _Process:
    words: frozenset[str]
    ends: frozenset[str]


def _table() -> tuple[_Process, ...]:
    rows: list[str] = []
    for line in _PROCESSES.strip().splitlines():
        rows[-1:] = [f"{rows[-1]} {line}"] if line.startswith(" ") else [*rows[-1:], line]
    halves = (row.split("|") for row in rows)
    return tuple(_Process(frozenset(map(stem, words.split())), frozenset(ends.split())) for words, ends in halves)


_ANY, _ALL = frozenset(_ANY_END.split()), _table()
_ENDS = _ANY.union(*(process.ends for process in _ALL))

# What follows is open: "is seeking a third term", "awaits a verdict".
_AWAITING = frozenset(map(stem, "seek await pending propose plan consider negotiate hope".split()))
_AWAITING_FOR = frozenset(map(stem, "ask apply hope bid".split()))
_NEAR_BY = 4
# What follows "to" here has come about, or has not.
_NOT_OPEN = frozenset(map(stem, "manage fail force cause help use continue".split()))
_BE = frozenset("is are was were be been being".split())
# Behind "had", after "if", a thing is no news; what a part of a body does, or only in part, settles nothing.
_NO_NEWS = frozenset("if unless once".split())
_IN_PART = frozenset(
    stem(word)
    for word in "committee subcommittee panel commission adviser preliminary provisional provisionally principle "
    "reading partly partially tentative tentatively".split()
)
_DETERMINERS = frozenset("a an the his her its their this that".split())
_BREAKS = frozenset(
    "after before because while when where which who whom that although though but and as than until unless if since "
    "whose".split()
)
_WEAK = frozenset(
    stem(word)
    for word in "new old first last next other more most year month week day time people man woman say part make "
    "president minister senator mayor chairman spokesman".split()
)


def settled(a: Candidate, b: Candidate, cosine: float) -> Differing | None:
    """What one calls possible, planned, asked for or pending has come out in the other, or to nothing."""
    newer = later(a.hit.article, b.hit.article)
    if newer is None or cosine < NEAR:
        return None
    old, new = (a, b) if newer else (b, a)
    before, after = read(old.text), read(new.text)
    shared = _telling(before.items) & _telling(after.items)
    names = before.names
    if len((before.keys & after.keys) - _WEAK) < FEWEST_SHARED or not shared & names:
        return None
    if (
        (after.keys - before.keys) & _IN_PART
        or _is_of_before(after, old.hit.article.published or "")
        or other_place(a, b)
    ):
        return None
    for led, at in _open(before):
        planned = _planned(before, at)
        keys = _telling(planned)
        # Names alone may be no more than the place where both happen.
        common = shared & keys if cosine >= NEARLY_ALIKE else (shared & keys) - names
        start, stop = segment(before.items, at)
        processes = [p for p in _ALL if p.words & frozenset(i.key for i in before.items[start:stop])]
        ends = _ANY.union(*(process.ends for process in processes))
        for end, last in _reached(after, ends) if common else ():
            happened_to = _telling(_affected(after, end, last))
            if happened_to and len(happened_to & before.keys) >= KNOWN * len(happened_to):
                about = heading(after, shared)
                words = phrase(before, led, at), phrase(after, end, last)
                return about, words if newer else (words[1], words[0])
    return None


def _telling(items: Sequence[Item]) -> frozenset[str]:
    """Keys of the words and names that say what is spoken of."""
    return frozenset(i.key for i in items if i.kind in ("word", "name")) - _WEAK


def _is_of_before(reading: Reading, published: str) -> bool:
    """Whether a year is named that was over when the older report came out."""
    years = [item.key[1:] for item in reading.items if item.kind == "date" and item.key[1:].isdecimal()]
    return any(len(year) == 4 and year < published[:4] for year in years)


def _open(reading: Reading) -> Iterator[tuple[int, int]]:
    """Places of the verbs, or nouns, of what is planned, possible, asked for or pending, each with that of the word
    that makes it so: "due" and "open" of "is due to open"."""
    items = reading.items
    led = awaited = -1
    for n in reading.content:
        item, before = items[n], [i.text.lower() for i in items[max(0, n - 3) : n]]
        if item.kind == "word" and item.text.lower() not in REPORTING:
            is_led = led >= 0 and items[led].key not in _NOT_OPEN and "to" in before
            follows = [i.text.lower() for i in items[n + 1 : n + 2]]
            if item.text.lower() in FUTURE_BEFORE_TO | TRANSPARENT and follows == ["to"]:
                pass  # what is "due to" happen comes next
            elif item.after_to and is_led:
                yield led if before and items[led + 1].text.lower() == "to" else n, n
            elif item.marks & {"will", "may", "must"} and "not" not in item.marks:
                yield n, n
            elif awaited >= 0 and n - awaited <= _NEAR_BY:
                yield awaited, n
            if item.key in _AWAITING or (item.key in _AWAITING_FOR and follows == ["for"]):
                awaited = n
        led = n


def _planned(reading: Reading, at: int) -> Sequence[Item]:
    """The items of what is open: from its verb to the end of its part of the sentence; where that has no object, with
    what stands before ("the tunnel is due to open in March")."""
    start, end = segment(reading.items, at)
    behind = reading.items[at + 1 : end]
    return reading.items[at:end] if _object(behind) else reading.items[start:end]


def _reached(reading: Reading, ends: frozenset[str]) -> Iterator[tuple[int, int]]:
    """First and last places of the outcomes that the sentence reports as having come about."""
    items = reading.items
    for n, item in enumerate(items):
        low = item.text.lower()
        two = f"{low}-{items[n + 1].text.lower()}" if n + 1 < len(items) else low
        last = n + 1 if two in ends else n
        if two not in ends and (two in _ENDS or low not in ends):
            continue
        start, _ = segment(items, n)
        before = [i.text.lower() for i in items[max(0, n - 3) : n]]
        if item.marks & TRUTH or item.after_to or any(items[k].marks & TRUTH for k in range(start, n)):
            continue
        if _NO_NEWS & {i.text.lower() for i in items[start:n]}:
            continue
        if _DETERMINERS & set(before[-1:]) or "had" in before or _is_relative(items, n, last):
            continue
        yield n, last


def _is_relative(items: Sequence[Item], first: int, last: int) -> bool:
    """Whether a participle only says which one is meant: "the boat rescued on Friday was towed"."""
    if last > first or _BE & {i.text.lower() for i in items[max(0, first - 3) : first]} or _object(items[last + 1 :]):
        return False
    for item in items[last + 1 :]:
        if item.kind == "stop" or item.text.lower() in _BREAKS:
            return False
        if item.text.lower() in _BE:
            return True
    return False


def _affected(reading: Reading, first: int, last: int) -> Sequence[Item]:
    """The items of what an outcome happened to: the object of its verb, or the subject of a passive or of a verb
    without an object."""
    items = reading.items
    before = [i.text.lower() for i in items[max(0, first - 3) : first]]
    found = [] if _BE & set(before) else _object(items[last + 1 :])
    if found:
        return found
    start = first
    while start and items[start - 1].kind != "stop" and items[start - 1].text.lower() not in _BREAKS:
        start -= 1
    return items[start:first]


def _object(items: Sequence[Item]) -> list[Item]:
    """The items of the phrase without a preposition that comes first; "of" goes on with it, and where it begins with
    "a", so that it is not yet known which one is meant, any preposition ("an appeal by the banker")."""
    found: list[Item] = []
    is_new = False
    for item in items:
        low = item.text.lower()
        is_new |= not found and low in ("a", "an")
        is_linking = low in _DETERMINERS or low == "of" or (is_new and low not in _BREAKS and bool(found))
        is_over = item.kind == "date" and bool(found)
        if item.kind == "stop" or is_over or (low in FUNCTION and not is_linking) or (not found and low == "of"):
            break
        if item.is_content and item.kind != "date":
            found.append(item)
    return found
