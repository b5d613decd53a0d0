"""Does the evidence carry the claim? A score in 0..1 where 0.5 is the border, and the reasons.

Two kinds of signals meet in one logistic regression. Soft ones (cosine, coverage of the claim's words) tell whether the
evidence speaks of the same thing at all. Exact ones tell whether it says the same: the claim is cut into clauses, each
clause is laid beside the sentence of the evidence that covers it best, and figures, dates, names, negation, modality,
quantifiers, roles and speakers are compared item by item. The weights are fitted by `evals/fit_support.py`; the table of
signals with their weights and the measured rates is `evals/SUPPORT.md`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from embeddings import Embedder, load_embedder
from rag.facts import EXCLUSIVE, PRONOUNS, REPORTING, Item, Reading, read
from rag.passages import split_sentences
from rag.types import Verdict

_Fault = Callable[..., None]
# Sentences of the evidence that are embedded: those that share most with the claim. Bounds the time on long pages.
N_EMBEDDED = 10
PARTIAL_FROM = 0.25

# How like the evidence is to the claim.
LIKENESS = {
    "cosine": "highest cosine of the claim to a sentence of the evidence",
    "cosine_pair": "highest cosine to two neighbouring sentences",
    "coverage": "share of the claim's content words, rare ones counting more, found in all of the evidence",
    "coverage_best": "the same, found in the one sentence that fits each clause best",
    "coverage_pair": "the same, in two neighbouring sentences",
    "bigrams": "share of the claim's neighbouring word pairs that are neighbours in the evidence",
    "longest_run": "longest run of the claim's words that stands in the evidence, as a share of the claim",
    "length": "log of the number of the claim's content words",
    "evidence_length": "log of the number of sentences of the evidence",
    "weakest_clause": "coverage of the clause that is covered least",
    "closeness": "0 where six sevenths of a clause or less are found in its sentence, 1 where all is, exact faults left out",
}
# What keeps the evidence from carrying it. Those in FIRM count in full. The others count twice: by closeness, since beside
# a near copy one fault decides, and the rest as `…_loose`, since in texts that are worded apart they mean little.
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
    "name_elsewhere": "names that stand only in another sentence, with no pronoun to stand for them here",
    "negation": "words that are negated on one side only",
    "modality": "words that are planned, possible, ordered or conditional on one side only",
    "quantifier": "all, most, some, few, only, former, alleged … on one side only",
    "opposite": "words in whose place the evidence has a word that excludes them",
    "substituted": "other words in whose place the evidence has another word",
    "added": "words with nothing in their place in the evidence",
    "exchanged": "two parts of the sentence have changed places around a third",
    "speaker_dropped": "the evidence reports what somebody said, the claim states it",
    "speaker_changed": "the claim names a speaker whom the evidence does not",
    "quote_changed": "words in quotation marks that the evidence does not have in this order",
}
FIRM = frozenset({"number_conflict", "limit_conflict", "date_conflict", "opposite"})
FEATURES = (
    LIKENESS
    | FAULTS
    | {f"{name}_loose": f"{meaning}, worded apart" for name, meaning in FAULTS.items() if name not in FIRM}
)


@dataclass(frozen=True, kw_only=True)
class Support:
    """`score` is in 0..1, 0.5 the border. `missing` holds the claim's own words that the evidence does not carry,
    `conflicts` one phrase for each contradiction, `features` what the score was made of."""

    score: float
    verdict: Verdict
    missing: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    features: dict[str, float] = field(default_factory=dict)


def support(claim: str, evidence: Sequence[str], *, embedder: Embedder | None = None) -> float:
    """How well the evidence carries the claim, 0..1; 0.5 is the border between supported and not.

    `evidence` holds texts of any length. No evidence, an empty claim and a question give 0. `embedder` is the packaged
    MiniLM unless given; the weights were fitted with it.
    """
    return check(claim, evidence, embedder=embedder).score


def check(claim: str, evidence: Sequence[str], *, embedder: Embedder | None = None) -> Support:
    """`support` with its reasons. `partial` means: below the border, but a clause of the claim is carried by itself, or
    most of its words are and nothing contradicts them."""
    nothing = Support(score=0.0, verdict="unsupported", missing=(claim.strip(),) if claim.strip() else ())
    reading = read(claim.strip())
    if not reading.content or claim.strip().endswith("?") or not any(text.strip() for text in evidence):
        return nothing
    comparison = compare(claim, evidence, embedder=embedder or _default_embedder())
    score = 0.99 if comparison.is_verbatim else _probability(comparison.features)
    missing, conflicts = comparison.missing, comparison.conflicts
    verdict: Verdict = "unsupported"
    if score >= 0.5:
        verdict = "supported"
    elif comparison.carried_clauses or (
        not conflicts and missing and comparison.features["coverage_best"] >= 0.5 and score >= PARTIAL_FROM
    ):
        verdict = "partial"
    return Support(score=score, verdict=verdict, missing=missing, conflicts=conflicts, features=comparison.features)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A claim laid beside its evidence. `carried_clauses` are clauses without any fault, where others have one."""

    features: dict[str, float]
    missing: tuple[str, ...]
    conflicts: tuple[str, ...]
    carried_clauses: tuple[str, ...]
    is_verbatim: bool


def compare(claim: str, evidence: Sequence[str], *, embedder: Embedder) -> Comparison:
    """Every signal of FEATURES for a claim with content and evidence that is not blank."""
    claim = claim.strip()
    texts = [text[a:b] for text in evidence for a, b in split_sentences(text)]
    breaks = _breaks(evidence)
    readings = [read(text) for text in texts]
    whole = read(claim)
    known = frozenset().union(*(r.keys for r in readings))

    covers = np.array([_coverage(whole, r.keys, r) for r in readings])
    pairs = [n for n in range(len(texts) - 1) if n + 1 not in breaks]
    pair_covers = {n: _coverage(whole, readings[n].keys | readings[n + 1].keys) for n in pairs}
    chosen = [int(n) for n in np.argsort(-covers, kind="stable")[:N_EMBEDDED]]
    best_pairs = sorted(pairs, key=lambda n: -pair_covers[n])[:2]
    vectors = embedder.encode_passages([claim, *(texts[n] for n in chosen), *(f"{texts[n]} {texts[n + 1]}" for n in best_pairs)])
    cosines = vectors[1:] @ vectors[0]
    cosine_of = dict(zip(chosen, cosines[: len(chosen)].tolist(), strict=True))

    faults = []
    for clause in clauses(claim):
        part = read(clause)
        best = max(chosen, key=lambda n: (_coverage(part, readings[n].keys, readings[n]) + 0.2 * cosine_of[n], -n))
        faults.append(lay_beside(part, readings[best], whole=whole, known=known))
    counted = {}
    for name in FAULTS:
        near = sum(f.counts.get(name, 0.0) * (1.0 if name in FIRM else f.closeness) for f in faults)
        counted[name] = min(near, 3.0)
        if name not in FIRM:
            counted[f"{name}_loose"] = min(sum(f.counts.get(name, 0.0) for f in faults) - near, 3.0)
    clause_covers = [f.coverage for f in faults]
    cosine = float(max(cosine_of.values()))
    features = {
        "cosine": cosine,
        "cosine_pair": float(max([cosine, *cosines[len(chosen) :].tolist()])),
        "coverage": _coverage(whole, known),
        "coverage_best": float(np.average(clause_covers, weights=[max(f.n_items, 1) for f in faults])),
        "coverage_pair": max([float(covers.max()), *pair_covers.values()]),
        "bigrams": _bigrams(whole, readings),
        "longest_run": max(_longest_run(whole, readings[n]) for n in chosen[:4]),
        "length": math.log(1 + len(whole.content)),
        "evidence_length": math.log(len(texts)),
        "weakest_clause": min(clause_covers),
        "closeness": min(f.closeness for f in faults),
    }
    features |= counted
    clean = tuple(f.text for f in faults if not f.missing and not f.conflicts)
    plain, plains = _plain(claim), {_plain(text) for text in [*texts, *evidence]}
    return Comparison(
        features={name: features[name] for name in FEATURES},
        missing=tuple(dict.fromkeys(word for f in faults for word in f.missing)),
        conflicts=tuple(dict.fromkeys(phrase for f in faults for phrase in f.conflicts)),
        carried_clauses=clean if len(clean) < len(faults) else (),
        is_verbatim=plain in plains or all(_plain(claim[a:b]) in plains for a, b in split_sentences(claim)),
    )


_BORDER = re.compile(r"(?:;|,\s+(?:and|but|while|although|though|whereas)|(?<=[.!?])(?=\s+[A-Z\"“]))\s+")


def clauses(claim: str) -> list[str]:
    """The claim cut where two statements are joined. A piece too short to be a statement stays with the one before."""
    pieces: list[str] = []
    at = 0
    spans = [m.span() for m in _BORDER.finditer(claim)]
    for start, end in [*spans, (len(claim), len(claim))]:
        piece = claim[at:start]
        if pieces and len(read(piece).content) < 3:
            pieces[-1] = claim[claim.rfind(pieces[-1], 0, at) : start]
        else:
            pieces.append(piece)
        at = end
    if len(pieces) > 1 and len(read(pieces[0]).content) < 3:
        return [claim[: claim.rfind(pieces[1]) + len(pieces[1])], *pieces[2:]]
    return pieces


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What keeps one clause from being carried by one sentence."""

    text: str
    coverage: float
    closeness: float
    n_items: int
    counts: dict[str, float]
    missing: tuple[str, ...]
    conflicts: tuple[str, ...]


def lay_beside(claim: Reading, source: Reading, *, whole: Reading, known: frozenset[str]) -> Faults:
    """Compare a clause of the claim `whole` with one sentence, item by item. `known` holds the keys of all of the
    evidence."""
    counts: dict[str, float] = {}
    missing: list[str] = []
    conflicts: list[str] = []

    def fault(name: str, phrase: str = "") -> None:
        counts[name] = counts.get(name, 0.0) + 1.0
        if phrase:
            conflicts.append(phrase)

    pairs = align(claim, source)
    used = set(pairs.values())
    exact: set[int] = set()  # unmatched items of the claim whose fault is known, and no matter of wording
    free = [k for k in source.content if k not in used]
    for n in claim.content:
        item = claim.items[n]
        gap = _gap(n, claim, pairs, len(source.items))
        slot = [source.items[k] for k in free if k in gap]
        if n in pairs:
            # A name or figure that was found out of order, while another stands in its place, is not the same one.
            is_moved = item.kind != "word" and pairs[n] not in gap
            rival = next((s for s in slot if _competes(s, item)), None) if is_moved else None
            if rival is not None:
                fault(f"{item.kind}_conflict", f"the evidence says {rival.text}, not {item.text}")
            else:
                _compare_pair(item, source.items[pairs[n]], fault)
            continue
        if item.kind == "name" and (item.key in source.initials or claim.initials & source.keys & _runs(claim, n)):
            continue
        opposite = next((source.items[k] for k in free if source.items[k].key in EXCLUSIVE.get(item.key, ())), None)
        opposite = opposite or next((s for s in slot if _is_negated_form(s.text, item.text)), None)
        if opposite is not None:
            exact.add(n)
            fault("opposite", f"the evidence says {opposite.text}, not {item.text}")
            continue
        if "not" in item.marks:
            fault("negation", f"only the claim negates “{item.text}”")
        is_elsewhere = item.key in known
        if item.kind == "word":
            fault("substituted" if slot else "added")
        else:
            exact.add(n)
            rival = _rival(item, n, claim, source, slot, free, pairs)
            if rival is not None:
                fault(f"{item.kind}_conflict", f"the evidence says {rival.text}, not {item.text}")
            elif is_elsewhere and item.kind == "name" and any(source.items[k].text.lower() in PRONOUNS for k in gap):
                continue
            else:
                fault(f"{item.kind}_{'elsewhere' if is_elsewhere else 'missing'}")
        if not is_elsewhere:
            missing.append(item.text)
    _compare_roles(claim, source, pairs, fault)
    _compare_speakers(claim, whole, source, pairs, known, fault)
    if source.is_conditional and not whole.is_conditional and "whether" not in {i.text.lower() for i in claim.items}:
        fault("modality", "the evidence makes it conditional")
    for quote in claim.quotes:
        if _plain(quote) not in _plain(source.text):
            fault("quote_changed", f"the evidence does not have the words “{quote}”")
    found = sum(_weight(claim.items[n]) for n in pairs)
    rest = sum(_weight(claim.items[n]) for n in claim.content if n not in pairs and n not in exact)
    return Faults(
        text=claim.text,
        coverage=_coverage(claim, source.keys, source),
        closeness=max(0.0, 7 * found / (found + rest) - 6) if found else 0.0,
        n_items=len(claim.content),
        counts=counts,
        missing=tuple(missing),
        conflicts=tuple(conflicts),
    )


def _is_same(a: Item, b: Item) -> bool:
    """Whether item `a` of the claim and `b` of the source name the same thing; limits of figures are judged later."""
    if a.number is not None and b.number is not None:
        same_unit = a.number.unit == b.number.unit or not (a.number.unit and b.number.unit)
        return same_unit and (a.number.value == b.number.value or b.number.carries(a.number))
    if a.kind == "date" and b.kind == "date":
        return a.key == b.key or b.key.startswith(a.key + "-")
    return a.key == b.key


def align(claim: Reading, source: Reading) -> dict[int, int]:
    """Positions of the claim's content items to positions of the source's: a longest common subsequence first
    (Wagner and Fischer 1974), then what is left over, each to the nearest free equal."""
    a, b = claim.content, source.content
    same = [[_is_same(claim.items[i], source.items[j]) for j in b] for i in a]
    best = np.zeros((len(a) + 1, len(b) + 1), dtype=np.int32)
    table = best.tolist()
    for i in range(len(a) - 1, -1, -1):
        row, below, equal = table[i], table[i + 1], same[i]
        for j in range(len(b) - 1, -1, -1):
            row[j] = below[j + 1] + 1 if equal[j] else (below[j] if below[j] >= row[j + 1] else row[j + 1])
    pairs: dict[int, int] = {}
    i = j = 0
    while i < len(a) and j < len(b):
        if same[i][j] and table[i][j] == table[i + 1][j + 1] + 1:
            pairs[a[i]] = b[j]
            i, j = i + 1, j + 1
        elif table[i + 1][j] >= table[i][j + 1]:
            i += 1
        else:
            j += 1
    taken = set(pairs.values())
    for i, n in enumerate(a):
        if n not in pairs:
            free = [k for j, k in enumerate(b) if same[i][j] and k not in taken]
            if free:
                pairs[n] = min(free, key=lambda k: abs(k - n))
                taken.add(pairs[n])
    return pairs


def _gap(n: int, claim: Reading, pairs: dict[int, int], end: int) -> range:
    """Where the source would have item `n` of the claim: between the matches of its neighbours."""
    before = next((pairs[k] for k in reversed(claim.content) if k < n and k in pairs), None)
    after = next((pairs[k] for k in claim.content if k > n and k in pairs), None)
    if before is None and after is None:
        return range(0)
    if before is None:
        return range(max(0, (after or 0) - 6), after or 0)
    if after is None or after < before:
        return range(before + 1, min(end, before + 7))
    return range(before + 1, after)


def _competes(rival: Item, item: Item) -> bool:
    """Whether both are of one sort, so that only one can be right: two figures, two names, two weekdays."""
    return rival.kind == item.kind and (item.kind != "date" or _grain(rival.key) == _grain(item.key))


def _runs(reading: Reading, n: int) -> frozenset[str]:
    """First letters of the run of names around item `n`."""
    names = [i if i.kind == "name" else None for i in reading.items]
    low = high = n
    while low > 0 and names[low - 1] is not None:
        low -= 1
    while high + 1 < len(names) and names[high + 1] is not None:
        high += 1
    return frozenset({"".join(i.text[0].lower() for i in names[low : high + 1] if i is not None)})


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
            if heads and source.items[heads[-1]].number is not None:
                return source.items[heads[-1]]
    return None


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


_MODAL = frozenset({"will", "may", "must", "alleged"})
# What a claim may leave out without becoming untrue, and what it may not.
_KEPT = frozenset({"some", "most", "few", "former", "deputy", "almost"})
_AMOUNTS = frozenset({"all", "most", "many", "some", "few"})
_NOT_ADDED = frozenset({"all", "most", "few", "only", "former", "deputy"})


def _compare_pair(item: Item, other: Item, fault: _Fault) -> None:
    """What stands before a word on both sides."""
    if item.number is not None and other.number is not None and not other.number.carries(item.number):
        fault("limit_conflict", f"the evidence does not say {item.text} with this limit")
    ours, theirs = item.marks, other.marks
    if ("not" in ours) != ("not" in theirs):
        where = "the evidence" if "not" in theirs else "only the claim"
        fault("negation", f"{where} negates “{item.text}”")
    if (ours & _MODAL) != (theirs & _MODAL):
        word = min((ours ^ theirs) & _MODAL)
        fault("modality", f"“{item.text}”: {'the evidence' if word in theirs else 'only the claim'} says {word}")
    elif other.after_to and not item.after_to and _is_finite(item, other) and not ours & _MODAL:
        fault("modality", f"the evidence does not say that “{item.text}” has happened")
    lost, gained = (theirs - ours) & _KEPT, (ours - theirs) & _NOT_ADDED
    if not lost and ours & _AMOUNTS and theirs & _AMOUNTS and not ours & theirs & _AMOUNTS:
        lost = theirs & _AMOUNTS
    if lost or gained:
        fault("quantifier", f"“{item.text}”: the evidence {'says' if lost else 'does not say'} {min(lost or gained)}")


def _is_finite(item: Item, other: Item) -> bool:
    """"closed" or "closes" beside the source's "to close"."""
    a, b = item.text.lower(), other.text.lower()
    return item.kind == "word" and a != b and (a.endswith(("ed", "s")) or not a.startswith(b[:3])) and not a.endswith("ing")


def _compare_roles(claim: Reading, source: Reading, pairs: dict[int, int], fault: _Fault) -> None:
    """Who did what to whom, by order: matched items are joined to blocks that run alike on both sides; where exchanging
    two blocks around a third brings all in order, the two have changed places. Voice is taken into account."""
    rank = {k: r for r, k in enumerate(sorted(pairs.values()))}
    blocks: list[list[int]] = []
    for n in sorted(pairs):
        if blocks and rank[pairs[n]] == rank[pairs[blocks[-1][-1]]] + 1:
            blocks[-1].append(n)
        else:
            blocks.append([n])
    ranks = [rank[pairs[block[0]]] for block in blocks]
    wrong = [i for i, r in enumerate(np.argsort(np.argsort(ranks)).tolist()) if i != r]
    middles = range(wrong[0] + 1, wrong[-1]) if wrong else range(0)
    voices = {n: (_is_passive(claim, n), _is_passive(source, pairs[n])) for n in pairs}
    if len(wrong) == 2 and len(middles) > 0:
        between = [n for m in middles for n in blocks[m]]
        is_list = all(claim.items[n + 1].text in (",", "and", "or") for n in between if n + 1 < len(claim.items))
        is_turned = any(voices[n][0] != voices[n][1] for n in between)
        is_report = any(claim.items[n].text.lower() in REPORTING and claim.attributions for n in between)
        if not is_list and not is_turned and not (is_report and not source.attributions):
            first, second = (" ".join(claim.items[n].text for n in blocks[w]) for w in wrong)
            fault("exchanged", f"“{first}” and “{second}” have changed places")
    elif not wrong:
        for n, (ours, theirs) in voices.items():
            if ours != theirs and any(k < n for k in pairs) and any(k > n for k in pairs):
                fault("exchanged", f"the evidence has “{claim.items[n].text}” the other way round")
                break


def _is_passive(reading: Reading, n: int) -> bool:
    """A participle with "by" close behind it."""
    word = reading.items[n].text.lower()
    if reading.items[n].kind != "word" or word.endswith(("ing", "ly")):
        return False
    return "by" in [i.text.lower() for i in reading.items[n + 1 : n + 4]]


def _compare_speakers(
    claim: Reading, whole: Reading, source: Reading, pairs: dict[int, int], known: frozenset[str], fault: _Fault
) -> None:
    if source.attributions and not whole.attributions:
        for said in source.attributions:
            inside = sum(1 for k in pairs.values() if k in said.reported)
            if pairs and inside >= 0.6 * len(pairs) and not any(n for n, k in pairs.items() if source.items[k].text.lower() in REPORTING):
                fault("speaker_dropped", "the evidence only reports that somebody said so")
                break
    if claim.attributions and source.attributions:
        theirs = frozenset().union(*(said.speaker for said in source.attributions))
        ours = frozenset().union(*(said.speaker for said in claim.attributions)) - PRONOUNS
        if ours and not ours & theirs and not (theirs & PRONOUNS and ours <= known):
            fault("speaker_changed", "the evidence names another speaker")
    elif claim.attributions and not source.attributions:
        fault("speaker_changed", "the evidence does not report it as said")


def _breaks(evidence: Sequence[str]) -> set[int]:
    """Numbers of the sentences that open a text."""
    starts, n = set(), 0
    for text in evidence:
        starts.add(n)
        n += len(split_sentences(text))
    return starts


def _weight(item: Item) -> float:
    """How much an item says. Figures, dates and names say most; very common words little."""
    return 1.5 if item.kind != "word" else _common().get(item.key, 1.0)


def _coverage(claim: Reading, keys: frozenset[str], source: Reading | None = None) -> float:
    """Weighted share of the claim's content items that are among `keys`."""
    total = found = 0.0
    for n in claim.content:
        item = claim.items[n]
        weight = _weight(item)
        total += weight
        if item.key in keys or (source is not None and item.kind in ("number", "date") and any(_is_same(item, source.items[k]) for k in source.content)):
            found += weight
    return found / total if total else 0.0


def _bigrams(claim: Reading, readings: Sequence[Reading]) -> float:
    ours = _neighbours(claim)
    theirs = frozenset().union(*(_neighbours(r) for r in readings))
    return len(ours & theirs) / len(ours) if ours else 1.0


@lru_cache(maxsize=8192)
def _neighbours(reading: Reading) -> frozenset[tuple[str, str]]:
    keys = [reading.items[n].key for n in reading.content]
    return frozenset(zip(keys, keys[1:], strict=False))


def _longest_run(claim: Reading, source: Reading) -> float:
    a, b = ([r.items[n].key for n in r.content] for r in (claim, source))
    longest = 0
    above = [0] * (len(b) + 1)
    for key in a:
        row = [0] * (len(b) + 1)
        for j, other in enumerate(b):
            if key == other:
                row[j + 1] = above[j] + 1
                longest = max(longest, row[j + 1])
        above = row
    return longest / len(a) if a else 0.0


def _plain(text: str) -> str:
    return re.sub(r"[^\w%$€£]+", " ", text.lower()).strip()


@lru_cache(maxsize=1)
def _default_embedder() -> Embedder:
    return load_embedder()


@lru_cache(maxsize=1)
def _weights() -> dict[str, dict[str, float]]:
    loaded: dict[str, dict[str, float]] = json.loads(Path(__file__).with_name("support_weights.json").read_text("utf-8"))
    return loaded


def _common() -> dict[str, float]:
    return _weights().get("common", {})


def _probability(features: dict[str, float]) -> float:
    weights = _weights()["weights"]
    z = weights["intercept"] + sum(weights.get(name, 0.0) * value for name, value in features.items())
    return 1.0 / (1.0 + math.exp(-z))
