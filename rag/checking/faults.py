"""What keeps a sentence of the evidence from carrying a clause of a claim: figures, dates, names, negation, modality,
quantifiers, roles and speakers, compared item by item."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from rag.checking.alignment import align, gap_of, initials_of, is_in_one_list, is_same
from rag.checking.derived import Figure, follows, is_ordinal
from rag.checking.roles import Note, compare_roles, compare_speakers
from rag.models.shipped import read_shipped
from rag.text.facts import Item, Reading
from rag.text.lexicon import EXCLUSIVE, IRREGULAR, TITLES

# What keeps the evidence from carrying a claim. They count by `closeness`, but for those in UNSCALED: in a near copy
# one fault decides, where the two are worded differently it means little.
FAULTS = {
    "number_conflict": "figures of the claim in whose place the evidence has another figure",
    "number_missing": "figures of the claim that the evidence does not have",
    "number_elsewhere": "figures that stand only in another sentence of the evidence",
    "limit_conflict": "figures with another limit (more than, at least, nearly)",
    "date_conflict": "dates of the claim in whose place the evidence has another date",
    "date_missing": "dates that the evidence does not have",
    "date_elsewhere": "dates that stand only in another sentence",
    "name_conflict": "names in whose place the evidence has another name",
    "name_missing": "names that the evidence does not have",
    "negation": "words that are negated on one side only",
    "modality": "words that are planned, possible, ordered or conditional on one side only",
    "quantifier": "all, most, some, few, only, former, alleged … on one side only",
    "opposite": "words in whose place the evidence has a word that excludes them",
    "unsaid": "a word, or words in a row, in what is otherwise a copy, by rarity",
    "exchanged": "two parts of the sentence have changed places around a third",
    "speaker_dropped": "the evidence reports what somebody said, the claim states it",
    "speaker_changed": "the claim names a speaker whom the evidence does not",
    "quote_changed": "words in quotation marks that the evidence does not have in this order",
}
DECIDE_COPIES = frozenset(
    "number_conflict number_elsewhere limit_conflict date_conflict date_elsewhere name_conflict negation modality "
    "quantifier opposite exchanged speaker_dropped quote_changed".split()
)
# Figures, dates and names that are otherwise, of which nothing but the exact comparison decides.
EXACT = frozenset("number_conflict limit_conflict date_conflict name_conflict".split())
UNSCALED = frozenset({"number_missing", "date_missing", "name_missing", "quote_changed"})

N_COPIED = 4  # matched content words from which on a clause can be called a copy
N_UNSAID = 4  # words in a row that can have been put into it; more is another wording
SAME_STEM = 4  # first letters that forms of one name share: "Africa", "African"


WEIGHTS = Path(__file__).with_name("support_weights.json")
SHA256 = "23c374a8ce9d783e12a19149d44e8c7bd24c2fb3c0d80ea00ed6179350daa577"  # of them, as shipped


@lru_cache(maxsize=1)
def _fitted() -> dict[str, dict[str, dict[str, float]]]:
    loaded: dict[str, dict[str, dict[str, float]]] = json.loads(read_shipped(WEIGHTS, SHA256))
    return loaded


def weights_of(verifier: str) -> dict[str, float]:
    """The weights of the signals that were fitted with this verifier, or with all of them for one that was not."""
    fitted = _fitted()["weights"]
    return fitted.get(verifier, fitted["*"])


@lru_cache(maxsize=1)
def _common() -> dict[str, float]:
    """How much a common word counts, where a rare one counts 1."""
    return _fitted()["common"]["words"]


def _weight(item: Item) -> float:
    """How much an item says. Figures, dates and names say most; very common words little."""
    return 1.5 if item.kind != "word" else _common().get(item.key, 1.0)


def coverage(claim: Reading, keys: frozenset[str], source: Reading | None = None) -> float:
    """Weighted share of the claim's content items that are among `keys`."""
    total = found = 0.0
    for n in claim.content:
        item = claim.items[n]
        weight = _weight(item)
        total += weight
        if item.key in keys or (
            source is not None
            and item.kind in ("number", "date")
            and any(is_same(item, source.items[k]) for k in source.content)
        ):
            found += weight
    return found / total if total else 0.0


# The signs of currencies (Unicode Sc), and those that make a figure another one: "-5", "<5%".
_CURRENCY = "$¢-¥֏؋߾߿৲৳৻૱௹฿៛₠-⃀꠸﷼﹩＄￠￡￥￦"
_TOLD_APART = re.compile(
    rf"(?<![^\s(\[“\"‘'])[-+](?=[{_CURRENCY}]?\d)|[<>≤≥±](?==?\s?[{_CURRENCY}]?\d)|[\w%{_CURRENCY}]+"
)
_ASKS = re.compile(r"\?[\"”’»)\s]*\Z")
# "Why did the mayor resign?" takes for granted that she did.
_TAKES_FOR_GRANTED = re.compile(r"\W*(?:(?:and|but|so)\s+)?(?:why|when|where|how|who|whom|whose|what|which)\b", re.I)


def plain(text: str) -> str:
    """The words and figures of a text, without what says nothing: case, spaces and stops."""
    return " ".join(_TOLD_APART.findall(re.sub("[−–]", "-", text.lower())))


def is_question(text: str) -> bool:
    """Whether a sentence asks, and so states nothing."""
    return _ASKS.search(text) is not None


# Phrases that others read again, each beside what writes it.
PUT_OTHERWISE = re.compile(r"the evidence says (?P<theirs>.+), not (?P<ours>.+)", re.DOTALL)
NEGATES = re.compile(r"(?:the evidence|only the claim) negates “(?P<word>.+)”", re.DOTALL)


def put_otherwise(theirs: str, ours: str) -> str:
    return f"the evidence says {theirs}, not {ours}"


def negates(who: str, word: str) -> str:
    return f"{who} negates “{word}”"


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What keeps one clause from being carried by one sentence.

    `closeness` is 0 where at most 13/14 of the clause is found, 1 where all is, apart from items with an exact fault.
    `unsaid` holds the words that were put into an otherwise literal copy, with their weight: rare ones weigh more, and
    those that the evidence has elsewhere a fifth, unless another name stands in their place.
    `decisive` are those of the conflicts after which the claim cannot be carried, whatever else speaks for it: a figure
    or date that none of the evidence has, or half of a name that it has otherwise.
    """

    text: str
    coverage: float
    closeness: float
    n_items: int
    counts: dict[str, float]
    unsaid: dict[str, float]
    missing: tuple[str, ...]
    conflicts: tuple[str, ...]
    decisive: tuple[str, ...]


def compare_clause(
    claim: Reading, source: Reading, *, whole: Reading, known: frozenset[str], figures: Sequence[Figure] = ()
) -> Faults:
    """Compare a clause of the claim `whole` with one sentence, item by item. `known` holds the keys of all of the
    evidence, `figures` those from which others may follow."""
    compared = _Clause(claim, source, known, figures)
    for n in claim.content:
        compared.compare_item(n)
    compare_roles(claim, source, compared.pairs, compared.note)
    compare_speakers(claim, whole, source, compared.pairs, known, compared.note)
    if source.is_conditional and not whole.is_conditional and "whether" not in {i.text.lower() for i in claim.items}:
        compared.note("modality", "the evidence makes it conditional")
    if is_question(source.text) and not is_question(whole.text) and not _TAKES_FOR_GRANTED.match(source.text):
        compared.note("modality", "the evidence only asks it")
    for quote in claim.quotes:
        if plain(quote) not in plain(source.text):
            compared.note("quote_changed", f"the evidence does not have the words “{quote}”")
    return compared.faults()


class _Clause:
    """A clause beside a sentence: which of its items stand there (`pairs`), and what keeps the others from it. `exact`
    are the unmatched items whose fault is known, and no matter of wording; `rivalled` those of them in whose place the
    sentence has another."""

    def __init__(self, claim: Reading, source: Reading, known: frozenset[str], figures: Sequence[Figure]) -> None:
        self._claim, self._source, self._known, self._figures = claim, source, known, figures
        self.pairs = align(claim, source)
        used = set(self.pairs.values())
        self._free = [k for k in source.content if k not in used]
        self._exact, self._rivalled = set[int](), set[int]()
        self._counts: dict[str, float] = {}
        self._missing, self._conflicts, self._decisive = list[str](), list[str](), list[str]()

    def note(self, name: str, phrase: str = "") -> None:
        """See `Note`."""
        self._counts[name] = self._counts.get(name, 0.0) + 1.0
        if phrase:
            self._conflicts.append(phrase)

    def compare_item(self, n: int) -> None:
        """Compare item `n` of the clause with what stands in the sentence in its place."""
        claim, source, pairs = self._claim, self._source, self.pairs
        item = claim.items[n]
        gap = gap_of(n, claim, pairs, len(source.items))
        slot = [source.items[k] for k in self._free if k in gap]
        if n in pairs:
            # A name or figure that was found out of order, while another stands in its place, is not the same one.
            is_moved = pairs[n] not in gap and not is_in_one_list(source, pairs[n], gap)
            rival = next((s for s in slot if _competes(s, item)), None) if is_moved else None
            if rival is None:
                _compare_pair(item, source.items[pairs[n]], self.note)
            else:
                self._note_rival(item, rival)
        elif item.kind != "name" or not self._is_shortened(n):
            self._compare_unmatched(n, slot)

    def _is_shortened(self, n: int) -> bool:
        """Whether the name stands in the sentence by its initials, or the other way round."""
        claim, source = self._claim, self._source
        return claim.items[n].key in source.initials or initials_of(claim, n) in claim.initials & source.keys

    def _compare_unmatched(self, n: int, slot: list[Item]) -> None:
        item = self._claim.items[n]
        around = slot or [self._source.items[k] for k in self._free]
        opposite = next((other for other in around if other.key in EXCLUSIVE.get(item.key, ())), None)
        opposite = opposite or next((s for s in slot if _is_negated_form(s.text, item.text)), None)
        if opposite is not None:
            self._exact.add(n)
            self.note("opposite", put_otherwise(opposite.text, item.text))
            return
        if "not" in item.marks:
            self.note("negation", negates("only the claim", item.text))
        is_elsewhere = item.key in self._known
        if item.kind != "word":
            self._exact.add(n)
            is_known = is_elsewhere or (item.kind != "name" and follows(n, self._claim, self._figures))
            rival = _rival(item, n, self._claim, self._source, slot, self._free, self.pairs)
            if rival is not None:
                self._rivalled.add(n)
                self._note_rival(item, rival)
                is_half = item.kind == "name" and _is_half_of_name(n, rival, self._claim, self._source, self.pairs)
                if not is_known and (item.kind != "name" or is_half):
                    self._decisive.append(self._conflicts[-1])
            elif (is_elsewhere and item.kind != "name") or not is_known:
                self.note(f"{item.kind}_{'elsewhere' if is_elsewhere else 'missing'}")
        if not is_elsewhere:
            self._missing.append(item.text)

    def _note_rival(self, item: Item, rival: Item) -> None:
        kind = "opposite" if item.kind == "word" else f"{item.kind}_conflict"
        self.note(kind, put_otherwise(rival.text, item.text))

    def faults(self) -> Faults:
        """All that was noted."""
        claim, pairs = self._claim, self.pairs
        found = sum(_weight(claim.items[n]) for n in pairs)
        rest = sum(_weight(claim.items[n]) for n in claim.content if n not in pairs and n not in self._exact)
        unsaid = {}
        for n in _unsaid(claim, self._source, pairs):
            if n not in self._exact or claim.items[n].kind == "name":
                is_near = claim.items[n].key in self._known and n not in self._rivalled
                unsaid[claim.items[n].text] = _weight(claim.items[n]) * (0.2 if is_near else 1.0)
        return Faults(
            text=claim.text,
            coverage=coverage(claim, self._source.keys, self._source),
            closeness=max(0.0, 14 * found / (found + rest) - 13) if found else 0.0,
            n_items=len(claim.content),
            counts=self._counts,
            unsaid=unsaid,
            missing=tuple(self._missing),
            conflicts=tuple(self._conflicts),
            decisive=tuple(self._decisive),
        )


def _unsaid(claim: Reading, source: Reading, pairs: dict[int, int]) -> list[int]:
    """The one short run of words of the claim that has no match, where all else is copied side by side from the source;
    [] where the claim is worded freely. An opening such as "It is worth noting that" is no statement."""
    content = claim.content
    lacking = [r for r, n in enumerate(content) if n not in pairs]
    n_copied = len(content) - len(lacking)
    is_run = bool(lacking) and lacking[-1] - lacking[0] < len(lacking)
    is_opening = len(lacking) > 1 and lacking[0] == 0 and claim.items[content[lacking[-1]]].kind != "name"
    if not is_run or is_opening or n_copied < max(N_COPIED, 2 * len(lacking)) or len(lacking) > N_UNSAID:
        return []
    place = {k: r for r, k in enumerate(source.content)}
    matched = [place[pairs[n]] for n in content if n in pairs]
    beside = sum(0 < b - a <= 1 + len(lacking) for a, b in pairwise(matched))
    return [content[r] for r in lacking] if beside >= 0.75 * (len(matched) - 1) else []


def _competes(rival: Item, item: Item) -> bool:
    """Whether both are of one sort, so that only one can be right: two figures, names or weekdays, or opposites."""
    if item.kind == "word":
        return rival.key in EXCLUSIVE.get(item.key, ())
    is_sort = rival.kind == item.kind and (item.kind != "date" or _grain(rival.key) == _grain(item.key))
    return is_sort and rival.key != item.key and is_ordinal(rival) == is_ordinal(item)


def _rival(
    item: Item, n: int, claim: Reading, source: Reading, slot: list[Item], free: list[int], pairs: dict[int, int]
) -> Item | None:
    """The figure, date or name of the source that stands where the claim has `item`."""
    same_kind = [s for s in slot if _competes(s, item)]
    if same_kind:
        return same_kind[0]
    if item.kind == "date":
        return next((source.items[k] for k in free if _grain(source.items[k].key) == _grain(item.key)), None)
    if item.kind == "number":
        follows = next((k for k in claim.content if k > n), None)
        if follows in pairs:
            counted = pairs[follows]
            heads = [k for k in source.content if k < counted]
            if heads and source.items[heads[-1]].number is not None and _competes(source.items[heads[-1]], item):
                return source.items[heads[-1]]
    return None


def _is_half_of_name(n: int, rival: Item, claim: Reading, source: Reading, pairs: dict[int, int]) -> bool:
    """Whether item `n` of the claim and its rival stand on the same side of the same name, neither being its title
    nor another form of the other: "Peter Janssen" and "Piet Janssen", but not "President Janssen" or "P. Janssen"."""
    ours, theirs = claim.items[n].text.lower(), rival.text.lower()
    n_letters = min(SAME_STEM, len(ours), len(theirs))
    if TITLES & {ours, theirs} or ours[:n_letters] == theirs[:n_letters]:
        return False
    at = source.items.index(rival)
    return any(
        claim.items[n + side].kind == "name" and pairs.get(n + side) == at + side
        for side in (-1, 1)
        if 0 <= n + side < len(claim.items)
    )


def _grain(key: str) -> str:
    """What a date tells: weekday, month and day, month, or year."""
    if not key.startswith("@"):
        return "none"
    if key[1].isalpha():
        return "weekday"
    return "year" if len(key) == 5 and key[1:].isdecimal() else "month"


def _is_negated_form(a: str, b: str) -> bool:
    a, b = sorted((a.lower(), b.lower()), key=len)
    return len(a) > 3 and b in {prefix + a for prefix in ("un", "in", "im", "il", "ir", "dis", "non", "mis", "de")}


_MODAL = frozenset({"will", "may", "can", "must", "alleged"})
_UNSURE = frozenset({"may", "must", "alleged"})
# What a claim may leave out without becoming untrue, and what it may not.
_KEPT = frozenset({"some", "most", "few", "former", "deputy", "almost", "against"})
_AMOUNTS = frozenset({"all", "most", "many", "some", "few"})
_NOT_ADDED = frozenset({"all", "most", "few", "only", "former", "deputy", "against"})


def _compare_pair(item: Item, other: Item, note: Note) -> None:
    """What stands before a word on both sides."""
    if item.number is not None and other.number is not None and not other.number.carries(item.number):
        note("limit_conflict", f"the evidence does not say {item.text} with this limit")
    ours, theirs = item.marks, other.marks
    if ("not" in ours) != ("not" in theirs):
        where = "the evidence" if "not" in theirs else "only the claim"
        note("negation", negates(where, item.text))
    # What does or will, can: "cycling can lengthen life" where the evidence says that it does. Not the other way round.
    is_able = "can" in ours and not theirs & _UNSURE
    changed = ((ours ^ theirs) & _MODAL) - ({"can", "will"} if is_able else set())
    if changed and {"can", "may"} != (ours ^ theirs) & _MODAL:
        word = min(changed)
        note("modality", f"“{item.text}”: {'the evidence' if word in theirs else 'only the claim'} says {word}")
    elif other.after_to and not item.after_to and _is_finite(item, other) and not ours & _MODAL:
        note("modality", f"the evidence does not say that “{item.text}” has happened")
    lost, gained = (theirs - ours) & _KEPT, (ours - theirs) & _NOT_ADDED
    if not lost and ours & _AMOUNTS and theirs & _AMOUNTS and not ours & theirs & _AMOUNTS:
        lost = theirs & _AMOUNTS
    if lost or gained:
        note("quantifier", f"“{item.text}”: the evidence {'says' if lost else 'does not say'} {min(lost or gained)}")


def _is_finite(item: Item, other: Item) -> bool:
    """ "closed", "closes" or "sold" beside the source's "to close", "to sell"."""
    a, b = item.text.lower(), other.text.lower()
    return item.kind == "word" and a != b and (a.endswith(("ed", "s")) or a in IRREGULAR)
