"""Who did what to whom, and who said so: what a clause and a sentence of the evidence have changed about it."""

from __future__ import annotations

from typing import Protocol

from rag.text.facts import Reading
from rag.text.lexicon import PRONOUNS
from rag.text.reporting import REPORTING


class Note(Protocol):
    """Notes a fault by its name in `rag.checking.faults.FAULTS`, with a phrase where it is a contradiction."""

    def __call__(self, name: str, phrase: str = "") -> None: ...


def compare_roles(claim: Reading, source: Reading, pairs: dict[int, int], note: Note) -> None:
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
    wrong = [i for i, (r, right) in enumerate(zip(ranks, sorted(ranks), strict=True)) if r != right]
    middles = range(wrong[0] + 1, wrong[-1]) if wrong else range(0)
    voices = {n: (_is_passive(claim, n), _is_passive(source, pairs[n])) for n in pairs}
    if len(wrong) == 2 and len(middles) > 0:
        between = [n for m in middles for n in blocks[m]]
        is_list = all(claim.items[n + 1].text in (",", "and", "or") for n in between if n + 1 < len(claim.items))
        is_turned = any(voices[n][0] != voices[n][1] for n in between)
        is_report = _said_by(claim) & _said_by(source) and any(
            claim.items[n].text.lower() in REPORTING | {"according"} for n in between
        )
        if not is_list and not is_turned and not is_report:
            first, second = (" ".join(claim.items[n].text for n in blocks[w]) for w in wrong)
            note("exchanged", f"“{first}” and “{second}” have changed places")
    elif len(wrong) == 2 and _are_figures(claim, blocks[wrong[0]], blocks[wrong[1]]):
        first, second = (claim.items[blocks[w][0]].text for w in wrong)
        note("exchanged", f"“{first}” and “{second}” have changed places")
    elif not wrong:
        for n, (ours, theirs) in voices.items():
            if ours != theirs and any(k < n for k in pairs) and any(k > n for k in pairs):
                note("exchanged", f"the evidence has “{claim.items[n].text}” the other way round")
                break


def _said_by(reading: Reading) -> frozenset[str]:
    return frozenset().union(*(said.speaker for said in reading.attributions))


def _are_figures(claim: Reading, first: list[int], second: list[int]) -> bool:
    """Two figures or dates, one each, with more than "and" between them: "from 4 to 6"."""
    if len(first) != 1 or len(second) != 1:
        return False
    between = {i.text for i in claim.items[first[0] + 1 : second[0]]}
    kinds = {claim.items[first[0]].kind, claim.items[second[0]].kind}
    return bool(between - {"and", "or", ","}) and kinds in ({"number"}, {"date"})


def _is_passive(reading: Reading, n: int) -> bool:
    """A participle with "by" close behind it."""
    word = reading.items[n].text.lower()
    if reading.items[n].kind != "word" or word.endswith(("ing", "ly")):
        return False
    return "by" in [i.text.lower() for i in reading.items[n + 1 : n + 4]]


def compare_speakers(
    claim: Reading, whole: Reading, source: Reading, pairs: dict[int, int], known: frozenset[str], note: Note
) -> None:
    if source.attributions and all(said.is_heard for said in whole.attributions):
        for said in source.attributions:
            inside = sum(1 for k in pairs.values() if k in said.reported)
            # A reporting verb that belongs to what is said ("had been warned, an engineer said") keeps no speaker.
            kept = (k for k in pairs.values() if k not in said.reported and source.items[k].text.lower() in REPORTING)
            if pairs and inside >= 0.5 * len(pairs) and not any(True for _ in kept):
                note("speaker_dropped", "the evidence only reports that somebody said so")
                break
    if claim.attributions and source.attributions:
        theirs, ours = _said_by(source), _said_by(claim) - PRONOUNS
        if ours and (not ours & theirs or not ours <= known) and not (theirs & PRONOUNS and ours <= known):
            note("speaker_changed", "the evidence names another speaker")
    elif claim.attributions and not source.attributions:
        note("speaker_changed", "the evidence does not report it as said")
