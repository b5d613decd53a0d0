"""The checker on invented news: what must be refused, what must be kept, and what it says about it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from embeddings import HashingEmbedder
from rag.checking.checker import Checker, Support, check, support
from rag.checking.comparison import FEATURES, clauses
from rag.checking.faults import compare_clause
from rag.checking.remembering import RememberingVerifier
from rag.models.verifier import Verifier, with_context
from rag.text.facts import Number, read

MAYOR = "The governor of Velmora overruled the mayor on Tuesday."
TRUCE = (
    "Under the proposal, 33 hostages would be released, down from at least 40 in an earlier draft, two officials "
    "familiar with the talks said."
)
FIRE = "The fire at the Osk mill killed 12 workers and injured 40, the Brandel Courier reported."
DEAL = (
    "Prime Minister Benna Tarrow said on Monday that Quistan may sell the port of Lhun for about 1.2 million dollars."
)
TOLL = "More than 34,000 people have been displaced since Oct. 7, 2031, according to the Velmora health ministry."
COUNT = "The ministry counted 34,105 displaced people."
PLAN = "Orvane Air plans to close its base at Lhun and will cut 300 jobs by May 5."
VOTE = "Most members of the Tolman council voted against the levy, and some walked out."
CASE = "Former minister Idris Falk was accused of taking bribes, but Falk denied the charge."
RATES = "Unemployment in Quistan rose from 4 percent to 6 percent in 2030, while exports fell."
QUOTE = "“We will not leave the valley,” said Captain Mira Oster of the Lhun garrison."
STORM = "Storm Petra hit the island of Karsh on Friday, and it left 20 villages without power."
CONDITION = "If the senate agrees, the Tolman bridge would open in June."
COURT = "The court did not deny the appeal of the Ostrava union."
TEAM = "Lhun beat Karsh 3-1 in the final in Velmora."
TALKS = "Envoys from Quistan, Velmora and Karsh met in Osk to discuss fishing rights."
SHORTER = "The Brandel tunnel is longer than the Osk tunnel."
AGAIN = "The governor met the mayor again."
NEVER = "The committee never approved the dam at Osk."

# claim, evidence, carried, kind
CASES = [
    # Word for word, and what stands by itself in it.
    (MAYOR, MAYOR, True, "verbatim"),
    (TRUCE, TRUCE, True, "verbatim"),
    (RATES, RATES, True, "verbatim"),
    ("The governor overruled the mayor on Tuesday.", MAYOR, True, "shorter"),
    ("The governor of Velmora overruled the mayor.", MAYOR, True, "shorter"),
    ("Storm Petra hit the island of Karsh on Friday.", STORM, True, "clause"),
    ("Unemployment in Quistan rose from 4 percent to 6 percent in 2030.", RATES, True, "clause"),
    ("Orvane Air plans to close its base at Lhun.", PLAN, True, "clause"),
    (
        "Some members of the Tolman council walked out.",
        "Some members of the Tolman council walked out of the hall.",
        True,
        "clause",
    ),
    # Roles.
    ("The mayor overruled the governor on Tuesday.", MAYOR, False, "roles"),
    ("The mayor of Velmora overruled the governor on Tuesday.", MAYOR, False, "roles"),
    ("The mayor was overruled by the governor of Velmora on Tuesday.", MAYOR, True, "passive"),
    ("The governor was overruled by the mayor on Tuesday.", MAYOR, False, "roles"),
    ("Karsh beat Lhun 3-1 in the final in Velmora.", TEAM, False, "roles"),
    ("In the final in Velmora, Lhun beat Karsh 3-1.", TEAM, True, "order"),
    ("The Osk tunnel is longer than the Brandel tunnel.", SHORTER, False, "comparative"),
    ("The Brandel tunnel is shorter than the Osk tunnel.", SHORTER, False, "comparative"),
    ("Envoys from Karsh, Quistan and Velmora met in Osk to discuss fishing rights.", TALKS, True, "list"),
    ("Envoys from Velmora and Quistan met in Osk.", TALKS, True, "list"),
    ("Envoys from Quistan, Velmora and Orvane met in Osk to discuss fishing rights.", TALKS, False, "name"),
    # Figures.
    ("The fire at the Osk mill killed 14 workers, the Brandel Courier reported.", FIRE, False, "number"),
    ("The fire at the Osk mill killed twelve workers, the Brandel Courier reported.", FIRE, True, "number form"),
    ("The fire at the Osk mill killed 40 workers and injured 12, the Brandel Courier reported.", FIRE, False, "number"),
    ("The ministry counted 34,501 displaced people.", COUNT, False, "number"),
    ("The ministry counted more than 34,000 displaced people.", COUNT, True, "limit"),
    ("The ministry counted fewer than 34,000 displaced people.", COUNT, False, "limit"),
    ("The ministry counted about 34,000 displaced people.", COUNT, True, "limit"),
    (
        "Exactly 34,000 people have been displaced since Oct. 7, 2031, the Velmora health ministry said.",
        TOLL,
        False,
        "limit",
    ),
    ("Fewer than 34,000 people have been displaced, according to the Velmora health ministry.", TOLL, False, "limit"),
    ("More than 34,000 people have been displaced, according to the Velmora health ministry.", TOLL, True, "limit"),
    ("Over 34,000 people have been displaced, according to the Velmora health ministry.", TOLL, True, "limit"),
    (
        "More than 34 thousand people have been displaced, according to the Velmora health ministry.",
        TOLL,
        True,
        "scale",
    ),
    (
        "More than 34 million people have been displaced, according to the Velmora health ministry.",
        TOLL,
        False,
        "scale",
    ),
    ("Officials said 40 hostages would be released under the proposal.", TRUCE, False, "number"),
    ("Officials said 33 hostages would be released under the proposal, down from at least 40.", TRUCE, True, "number"),
    ("Officials familiar with the talks said 33 hostages would be released.", TRUCE, True, "number"),
    ("Unemployment in Quistan rose from 6 percent to 4 percent in 2030.", RATES, False, "number"),
    ("Unemployment in Quistan rose from 4% to 6% in 2030.", RATES, True, "percent"),
    ("Unemployment in Quistan rose from 4 per cent to 6 per cent in 2030.", RATES, True, "percent"),
    ("Benna Tarrow said that Quistan may sell the port of Lhun for about 1,200,000 dollars.", DEAL, True, "scale"),
    ("Benna Tarrow said that Quistan may sell the port of Lhun for about $1.2 million.", DEAL, True, "unit"),
    ("Benna Tarrow said that Quistan may sell the port of Lhun for about 1.2 billion dollars.", DEAL, False, "scale"),
    ("Benna Tarrow said that Quistan may sell the port of Lhun for about 1.2 million euros.", DEAL, False, "unit"),
    ("The Osk tunnel is 12 miles long.", "The Osk tunnel is 12 kilometres long.", False, "unit"),
    ("The Osk tunnel is 12 km long.", "The Osk tunnel is 12 kilometres long.", True, "unit"),
    ("The strike lasted three weeks.", "The strike at the Osk mill lasted three days.", False, "unit"),
    ("Storm Petra left 20 villages without power.", STORM, True, "clause"),
    ("Storm Petra left 20 villages with power.", STORM, False, "negation"),
    ("Storm Petra left at least 50 villages without power.", STORM, False, "number"),
    # Dates.
    ("Storm Petra hit the island of Karsh on Saturday.", STORM, False, "weekday"),
    (
        "More than 34,000 people have been displaced since 7 October 2031, the Velmora health ministry said.",
        TOLL,
        True,
        "date form",
    ),
    (
        "More than 34,000 people have been displaced since October 7, according to the Velmora health ministry.",
        TOLL,
        True,
        "year dropped",
    ),
    (
        "More than 34,000 people have been displaced since Oct. 17, 2031, according to the Velmora health ministry.",
        TOLL,
        False,
        "day",
    ),
    (
        "More than 34,000 people have been displaced since Nov. 7, 2031, according to the Velmora health ministry.",
        TOLL,
        False,
        "month",
    ),
    (
        "More than 34,000 people have been displaced since Oct. 7, 2030, according to the Velmora health ministry.",
        TOLL,
        False,
        "year",
    ),
    ("Orvane Air will cut 300 jobs by 5 May.", PLAN, True, "date form"),
    ("Orvane Air will cut 300 jobs by May 5, 2029.", PLAN, False, "year added"),
    ("Orvane Air will cut 300 jobs by 15 May.", PLAN, False, "day"),
    ("The Tolman bridge would open in July if the senate agrees.", CONDITION, False, "month"),
    # Names, places, outlets.
    ("Prime Minister Tarrow said that Quistan may sell the port of Lhun.", DEAL, True, "partial name"),
    ("Tarrow said Quistan may sell the port of Lhun.", DEAL, True, "partial name"),
    ("Prime Minister Petra Tarrow said that Quistan may sell the port of Lhun.", DEAL, False, "first name"),
    ("President Benna Tarrow said that Quistan may sell the port of Lhun.", DEAL, False, "title"),
    ("Prime Minister Benna Tarrow said that Quistan may sell the port of Osk.", DEAL, False, "place"),
    ("Storm Petra hit the island of Tolman on Friday.", STORM, False, "place"),
    ("Storm Berta hit the island of Karsh on Friday.", STORM, False, "name"),
    ("The fire at the Osk mill killed 12 workers, the Lhun Herald reported.", FIRE, False, "outlet"),
    ("The fire at the Osk mill killed 12 workers, the Brandel Courier reported.", FIRE, True, "clause"),
    ("Minister Idris Falk was accused of taking bribes.", CASE, False, "former"),
    ("Former minister Idris Falk was accused of taking bribes.", CASE, True, "clause"),
    ("Idris Falk was accused of taking bribes.", CASE, True, "title dropped"),
    ("Idris Falk took bribes.", CASE, False, "accused"),
    ("Falk admitted the charge.", CASE, False, "antonym"),
    ("Falk denied the charge.", CASE, True, "clause"),
    # Who says it.
    ("Quistan may sell the port of Lhun for about 1.2 million dollars.", DEAL, False, "speaker dropped"),
    ("Prime Minister Idris Falk said on Monday that Quistan may sell the port of Lhun.", DEAL, False, "speaker"),
    ("According to Prime Minister Benna Tarrow, Quistan may sell the port of Lhun.", DEAL, True, "speaker moved"),
    ("Quistan may sell the port of Lhun, Prime Minister Benna Tarrow said on Monday.", DEAL, True, "speaker moved"),
    ("Under the proposal, 33 hostages would be released.", TRUCE, False, "speaker dropped"),
    ("More than 34,000 people have been displaced, the Velmora interior ministry said.", TOLL, False, "speaker"),
    ("The Velmora health ministry said more than 34,000 people have been displaced.", TOLL, True, "speaker moved"),
    ("The Lhun garrison will not leave the valley.", QUOTE, False, "speaker dropped"),
    ("Captain Mira Oster said “We will not leave the valley.”", QUOTE, True, "speaker moved"),
    ("“We will not leave the city,” said Captain Mira Oster.", QUOTE, False, "quote"),
    ("“We will leave the valley,” said Captain Mira Oster.", QUOTE, False, "quote"),
    ("Major Mira Oster said “We will not leave the valley.”", QUOTE, False, "title"),
    # Plans, chances, conditions.
    ("Benna Tarrow said that Quistan will sell the port of Lhun.", DEAL, False, "modality"),
    ("Benna Tarrow said that Quistan has sold the port of Lhun.", DEAL, False, "modality"),
    ("Orvane Air closed its base at Lhun.", PLAN, False, "plan as done"),
    ("Orvane Air has cut 300 jobs.", PLAN, False, "plan as done"),
    ("Orvane Air might cut 300 jobs by May 5.", PLAN, False, "modality"),
    ("Orvane Air intends to close its base at Lhun.", PLAN, True, "synonym"),
    ("The Tolman bridge will open in June.", CONDITION, False, "condition"),
    ("The Tolman bridge would open in June if the senate agrees.", CONDITION, True, "order"),
    ("The Tolman bridge opened in June.", CONDITION, False, "condition"),
    ("Velmora agreed to lend the ship to Karsh.", "Velmora refused to lend the ship to Karsh.", False, "antonym"),
    ("Velmora lent the ship to Karsh.", "Velmora refused to lend the ship to Karsh.", False, "refused"),
    ("Velmora lent the ship to Karsh.", "Velmora has lent the ship to Karsh.", True, "tense"),
    # Negation.
    ("The court denied the appeal of the Ostrava union.", COURT, False, "not dropped"),
    ("The court didn't deny the appeal of the Ostrava union.", COURT, True, "contraction"),
    ("The committee approved the dam at Osk.", NEVER, False, "not dropped"),
    ("The committee did not approve the dam at Osk.", NEVER, True, "negation form"),
    ("The governor of Velmora did not overrule the mayor on Tuesday.", MAYOR, False, "not added"),
    ("The governor of Velmora never overruled the mayor.", MAYOR, False, "not added"),
    ("No members of the Tolman council walked out.", VOTE, False, "quantity"),
    ("It is not true that the committee never approved the dam at Osk.", NEVER, False, "double negative"),
    # Quantities and directions.
    ("All members of the Tolman council voted against the levy.", VOTE, False, "quantity"),
    ("Most members of the Tolman council voted against the levy.", VOTE, True, "clause"),
    ("Members of the Tolman council voted unanimously against the levy.", VOTE, False, "quantity"),
    ("Most members of the Tolman council voted for the levy.", VOTE, False, "direction"),
    ("Few members of the Tolman council voted against the levy.", VOTE, False, "quantity"),
    ("Unemployment in Quistan fell from 4 percent to 6 percent in 2030.", RATES, False, "direction"),
    ("Unemployment in Quistan rose in 2030, while exports rose.", RATES, False, "direction"),
    ("Unemployment in Quistan increased from 4 percent to 6 percent in 2030.", RATES, True, "synonym"),
    (
        "The governor of Velmora supported the mayor on Tuesday.",
        "The governor of Velmora opposed the mayor on Tuesday.",
        False,
        "antonym",
    ),
    # More than the evidence has, another matter, no statement.
    ("The governor of Velmora overruled the mayor on Tuesday because of the flood.", MAYOR, False, "added"),
    ("Storm Petra hit the island of Karsh on Friday, and the army sent helicopters.", STORM, False, "added"),
    ("The orchestra of Brandel played two symphonies.", MAYOR, False, "another matter"),
    ("Did the governor of Velmora overrule the mayor on Tuesday?", MAYOR, False, "question"),
    ("Der Gouverneur von Velmora überstimmte am Dienstag den Bürgermeister.", MAYOR, False, "another language"),
]


# What the checker does not see yet: a speaker who shares all but one word with the right one, an exact figure for one
# that is a limit, a denied denial, a cause or a year that is added to a copy.
KNOWN_FAILURES = {
    "More than 34,000 people have been displaced, the Velmora interior ministry said.",
    "Exactly 34,000 people have been displaced since Oct. 7, 2031, the Velmora health ministry said.",
    "It is not true that the committee never approved the dam at Osk.",
    "The governor of Velmora overruled the mayor on Tuesday because of the flood.",
    "Orvane Air will cut 300 jobs by May 5, 2029.",
}


@pytest.mark.parametrize(
    ("claim", "evidence", "carried", "kind"),
    [
        pytest.param(*case, id=f"{n}-{case[3]}", marks=[pytest.mark.xfail] if case[0] in KNOWN_FAILURES else [])
        for n, case in enumerate(CASES)
    ],
)
def test_invented_news(claim: str, evidence: str, carried: bool, kind: str) -> None:
    found = check(claim, [evidence])
    assert (found.verdict == "supported") == carried, found
    assert (found.score >= 0.5) == carried


@pytest.mark.parametrize("evidence", [[], [""], [" \n"]])
def test_nothing_is_carried_by_nothing(evidence: list[str]) -> None:
    assert support(MAYOR, evidence) == 0.0


@pytest.mark.parametrize("claim", ["", "  ", "?", "Who overruled the mayor?", "…"])
def test_what_is_no_statement_scores_zero(claim: str) -> None:
    assert check(claim, [MAYOR]) == Support(
        score=0.0, verdict="unsupported", missing=(claim.strip(),) if claim.strip() else ()
    )


@pytest.mark.parametrize("evidence", [MAYOR, TRUCE, RATES, QUOTE, CONDITION, f"{STORM} {MAYOR}"])
def test_the_evidence_carries_itself(evidence: str) -> None:
    assert support(evidence, [evidence]) >= 0.95


def test_the_score_is_the_same_every_time() -> None:
    assert support("The mayor resigned.", [MAYOR, TRUCE]) == support("The mayor resigned.", [MAYOR, TRUCE])


def test_reasons_name_the_figure_and_the_words() -> None:
    wrong = check("The fire at the Osk mill killed 14 workers, the Brandel Courier reported.", [FIRE])
    assert wrong.verdict == "unsupported"
    assert wrong.conflicts == ("the evidence says 12, not 14",)
    turned = check("The mayor of Velmora overruled the governor on Tuesday.", [MAYOR])
    assert turned.conflicts == ("“mayor” and “governor” have changed places",)
    denied = check("The committee approved the dam at Osk.", [NEVER])
    assert denied.conflicts == ("the evidence negates “approved”",)


def test_a_claim_that_is_carried_in_part_says_which_part_is_not() -> None:
    found = check("Storm Petra hit the island of Karsh on Friday, and the army sent helicopters.", [STORM])
    assert found.verdict == "partial"
    assert found.missing == ("army", "sent", "helicopters")


def test_a_sentence_of_another_passage_carries_too() -> None:
    assert check("The governor of Velmora overruled the mayor.", [STORM, TRUCE, MAYOR]).verdict == "supported"
    joined = (
        "The governor of Velmora overruled the mayor on Tuesday, and Storm Petra hit the island of Karsh on Friday."
    )
    assert check(joined, [STORM, MAYOR]).verdict == "supported"


def test_a_pronoun_may_be_resolved_from_the_sentence_before() -> None:
    evidence = "Mira Oster commands the garrison. She opened the gate of the old mill in 2031."
    assert check("Mira Oster opened the gate of the old mill in 2031.", [evidence]).verdict == "supported"
    assert check("Idris Falk opened the gate of the old mill in 2031.", [evidence]).verdict != "supported"


class Fixed:
    """A verifier of one opinion, which keeps what it was shown."""

    name = "fixed"

    def __init__(self, carried: float) -> None:
        self.carried = carried
        self.shown: list[str] = []

    def verify(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        self.shown += [text for _, text in pairs]
        rest = (1.0 - self.carried) / 2
        return np.log(np.tile(np.float32([self.carried, rest, rest]), (len(pairs), 1)))


def test_a_verifier_is_heard() -> None:
    claim = "Forty mill hands were hurt in the blaze at Osk."
    assert isinstance(Fixed(0.5), Verifier)
    doubted, neither, trusted = (Checker(Fixed(at)).check(claim, [FIRE]).score for at in (0.01, 0.5, 0.99))
    assert doubted < neither < trusted


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("The fire at the Osk mill killed 14 workers, the Brandel Courier reported.", FIRE),
        ("The mayor of Velmora overruled the governor on Tuesday.", MAYOR),
        ("The committee approved the dam at Osk.", NEVER),
        ("Storm Petra hit the island of Karsh on Monday, and it left 20 villages without power.", STORM),
    ],
)
def test_an_exact_fault_decides_whatever_the_verifier_says(claim: str, evidence: str) -> None:
    assert Checker(Fixed(0.9999)).check(claim, [evidence]).verdict != "supported"


@pytest.mark.parametrize(
    ("claim", "evidence", "decisive"),
    [
        ("Councillor Peter Wibbel left.", "Councillor Piet Wibbel left.", ("the evidence says Piet, not Peter",)),
        ("In all 14 mill hands left.", "In all 12 mill hands left.", ("the evidence says 12, not 14",)),
        ("On Tuesday Piet Wibbel left.", "On Monday Piet Wibbel left.", ("the evidence says Monday, not Tuesday",)),
        ("Yesterday President Wibbel left.", "Yesterday Piet Wibbel left.", ()),
        ("Yesterday P. Wibbel left.", "Yesterday Piet Wibbel left.", ()),
        ("The act came to South Karsha.", "The act was South Karshan.", ()),
        ("They left The Osk.", "They left the tavern called Velm, The Osk.", ()),
    ],
)
def test_which_conflicts_decide(claim: str, evidence: str, decisive: tuple[str, ...]) -> None:
    ours, theirs = read(claim), read(evidence)
    assert compare_clause(ours, theirs, whole=ours, known=theirs.keys).decisive == decisive


def test_half_of_a_name_that_is_another_decides_whatever_the_verifier_says() -> None:
    evidence = "Councillor Piet Wibbel voted against it, which his neighbours liked."
    wrong = Checker(Fixed(0.9999)).check("Councillor Peter Wibbel voted against the foghorn.", [evidence])
    assert "the evidence says Piet, not Peter" in wrong.conflicts
    assert wrong.score < 0.5
    assert wrong.verdict != "supported"


def test_the_verifier_reads_what_has_most_to_do_with_the_claim_with_its_title() -> None:
    fixed = Fixed(0.5)
    evidence = [with_context(f"{STORM} {MAYOR}", "Quarrel in Velmora"), AGAIN]
    Checker(fixed).check("The governor overruled the mayor.", evidence)
    assert with_context(f"{STORM} {MAYOR}", "Quarrel in Velmora") in fixed.shown
    assert AGAIN in fixed.shown
    assert not any(MAYOR in text and AGAIN in text for text in fixed.shown)


def test_the_verifier_reads_what_the_clauses_lie_beside_together() -> None:
    fixed = Fixed(0.5)
    claim = "The governor overruled the mayor, and the union denied the appeal."
    Checker(fixed).check(claim, [MAYOR, STORM, COURT])
    assert f"{MAYOR} {COURT}" in fixed.shown


def test_a_title_is_no_evidence_for_other_words() -> None:
    assert support(MAYOR, [with_context(MAYOR, "Quarrel in Velmora")]) >= 0.95
    assert check("The governor quarrels.", [with_context(NEVER, "Quarrel of the governor")]).verdict != "supported"


def test_judgements_are_kept() -> None:
    fixed = Fixed(0.5)
    verifier = RememberingVerifier(fixed)
    assert verifier.verify([("c", "a"), ("c", "b"), ("c", "a")]).shape == (3, 3)
    assert np.exp(verifier.verify([("c", "b"), ("c", "d")]))[:, 0] == pytest.approx([0.5, 0.5])
    assert verifier.verify([]).shape == (0, 3)
    assert fixed.shown == ["a", "b", "d"]


def test_features_are_those_of_the_table() -> None:
    assert list(check(MAYOR, [TRUCE]).features) == list(FEATURES)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("$1.2 million", ["#1200000$"]),
        ("1.2 million dollars", ["#1200000$"]),
        ("US$1,200,000", ["#1200000$"]),
        ("thirty-four thousand", ["#34000"]),
        ("two hundred and five", ["#205"]),
        ("half a million", ["#500000"]),
        ("two dozen", ["#24"]),
        ("5 per cent", ["#5%"]),
        ("5%", ["#5%"]),
        ("5 percentage points", ["#5points"]),
        ("Oct. 7, 2031", ["@10-7", "@2031"]),
        ("7 October 2031", ["@10-7", "@2031"]),
        ("the 7th of October", ["@10-7"]),
        ("2031-10-07", ["@10-7", "@2031"]),
        ("in May", ["@5"]),
        ("on Sunday", ["@sunday"]),
        ("the U.S.", ["us"]),
        ("the United States", ["us"]),
        ("They did n't like the swan", ["like", "swan"]),  # as a tokeniser leaves it
    ],
)
def test_figures_and_dates_are_read(text: str, keys: list[str]) -> None:
    reading = read(text)
    assert [reading.items[n].key for n in reading.content] == keys


@pytest.mark.parametrize(
    ("source", "claim", "carried"),
    [
        (Number(34105), Number(34000, limit=">"), True),
        (Number(34105), Number(34000, limit="<"), False),
        (Number(34000, limit=">"), Number(34000), False),
        (Number(34000, limit=">"), Number(34000, limit=">"), True),
        (Number(34000, limit=">"), Number(34000, limit=">="), True),
        (Number(34000), Number(34000, limit=">="), True),
        (Number(34105), Number(34000, limit="~"), True),
        (Number(40), Number(34, limit=">="), True),
        (Number(400), Number(34, limit=">="), False),
        (Number(5, "%"), Number(5, "$"), False),
    ],
)
def test_limits_of_figures(source: Number, claim: Number, carried: bool) -> None:
    assert source.carries(claim) == carried


def test_clauses_keep_all_words() -> None:
    text = "Storm Petra hit Karsh on Friday, and it left 20 villages without power; Velmora sent help."
    assert clauses(text) == [
        "Storm Petra hit Karsh on Friday",
        "it left 20 villages without power",
        "Velmora sent help.",
    ]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=120), st.lists(st.text(max_size=200), max_size=3))
def test_any_text_gets_a_score(claim: str, evidence: list[str]) -> None:
    found = Checker(Fixed(0.7), embedder=HashingEmbedder(16)).check(claim, evidence)
    assert 0.0 <= found.score <= 1.0
    assert (found.score >= 0.5) == (found.verdict == "supported")
