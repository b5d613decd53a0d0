"""The generator of lies and paraphrases, and the checker's rates on invented sentences."""

from __future__ import annotations

import pytest

from evals.training.edits import names_in
from evals.training.lies import lies
from evals.training.paraphrases import paraphrases
from rag.checking.checker import check


@pytest.mark.parametrize(
    ("sentence", "lie"),
    [
        ("The storm killed 12 people in Osk.", ("number", "The storm killed 14 people in Osk.")),
        ("The dam is 12 kilometres long.", ("unit", "The dam is 12 miles long.")),
        ("It began on Monday.", ("weekday", "It began on Wednesday.")),
        ("The strike began in March.", ("month", "The strike began in June.")),
        ("The governor overruled the mayor.", ("roles exchanged", "The mayor overruled the governor.")),
        ("Abel Quist defeated Mira Oster.", ("roles exchanged", "Mira Oster defeated Abel Quist.")),
        ("They did not leave.", ("not dropped", "They leave.")),
        ("The bridge was closed by the police.", ("not added", "The bridge was not closed by the police.")),
        ("The bridge was closed by the police.", ("could for did", "The bridge could be closed by the police.")),
        ("The court said some members left.", ("quantity", "The court said all members left.")),
        ("Velmora plans to close the port.", ("plan as done", "Velmora closed the port.")),
        ("More than 300 ships waited and over 20 sank.", ("limit", "More than 300 ships waited and under 20 sank.")),
        ("Exports rose in Karsh.", ("direction", "Exports fell in Karsh.")),
        ("The former minister left.", ("qualifier", "The minister left.")),
        ("Abel Quist said the port of Lhun is safe.", ("speaker dropped", "The port of Lhun is safe.")),
    ],
)
def test_lies(sentence: str, lie: tuple[str, str]) -> None:
    assert lie in lies(sentence)


def test_names_and_speakers_are_taken_from_around_the_sentence() -> None:
    found = lies("On Friday Abel Quist said the port is safe.", other_names=["Mira Oster"])
    assert ("name", "On Friday Mira Oster said the port is safe.") in found


@pytest.mark.parametrize(
    ("sentence", "paraphrase"),
    [
        ("Abel Quist said that the port is safe.", ("according to", "According to Abel Quist, the port is safe.")),
        ("Abel Quist said that the port is safe.", ("speaker moved back", "The port is safe, Abel Quist said.")),
        ("The storm left on October 7, 2031.", ("date form", "The storm left on Oct. 7, 2031.")),
        ("The storm left on October 7, 2031.", ("date form", "The storm left on 7 October 2031.")),
        ("The storm left on October 7, 2031.", ("year dropped", "The storm left on October 7.")),
        ("The levy rose by 5 percent.", ("percent", "The levy rose by 5%.")),
        ("It cost 1,200,000 crowns.", ("number form", "It cost 1.2 million crowns.")),
        ("It took three days.", ("number in digits", "It took 3 days.")),
        ("They did not leave.", ("contraction", "They didn't leave.")),
        ("Abel Quist arrested Mira Oster.", ("passive", "Mira Oster was arrested by Abel Quist.")),
        ("The ship, which was new, sank.", ("relative clause dropped", "The ship sank.")),
    ],
)
def test_paraphrases(sentence: str, paraphrase: tuple[str, str]) -> None:
    assert paraphrase in paraphrases(sentence)


def test_a_pronoun_is_resolved_and_sentences_are_joined() -> None:
    found = paraphrases(
        "She opened the gate.", before="Mira Oster came home.", after="The old mill was still standing there."
    )
    assert ("pronoun resolved", "Mira Oster opened the gate.") in found
    assert ("joined", "She opened the gate, and the old mill was still standing there.") in found


def test_no_edit_equals_the_sentence_or_another() -> None:
    sentence = "On May 5, 2031, Abel Quist of Lhun said three of 12 ships did not leave the port."
    for made in (lies(sentence, other_names=["Mira Oster"]), paraphrases(sentence)):
        texts = [text for _, text in made]
        assert len(texts) >= 4
        assert sentence not in texts
        assert len(set(texts)) == len(texts)


def test_names() -> None:
    assert names_in("On Friday Abel Quist met Mira Oster's aunt in Lhun.") == [
        "Abel Quist",
        "Mira Oster",
        "Lhun",
    ]


NEWS = [
    "On October 7, 2031, the council of Lhun closed the old harbour for three weeks.",
    "The Velmora ministry said more than 340 ships had left the port of Karsh by Tuesday.",
    "Abel Quist defeated Mira Oster in the second round and won 52 percent of the ballots.",
    "Two former ministers were arrested on Friday after the police searched a house in Brandel.",
    "The Tolman bridge, which was built in 1987, will be demolished in March.",
    "Some members of the union did not support the strike at the Osk mill.",
    "Exports from Quistan rose by 12 percent in 2030, according to Karsh Bank.",
    "The governor overruled the mayor, and the market in Lhun stayed open until Sunday.",
]


def test_rates_on_invented_news() -> None:
    """A floor below the rates that `evals/SUPPORT.md` reports for whole articles."""
    others = ["Petra Vane", "Ostrava", "Lhun Herald"]
    passage = " ".join(NEWS)
    wrong = [text for sentence in NEWS for _, text in lies(sentence, other_names=others)]
    true = [text for sentence in NEWS for _, text in paraphrases(sentence)]
    refused = sum(check(text, [passage]).verdict != "supported" for text in wrong)
    kept = sum(check(text, [passage]).verdict == "supported" for text in true)
    assert len(wrong) >= 40
    assert len(true) >= 15
    # A purpose or a cause that is added is seen least.
    assert refused >= 0.84 * len(wrong), [t for t in wrong if check(t, [passage]).verdict == "supported"]
    assert kept >= 0.9 * len(true), [t for t in true if check(t, [passage]).verdict != "supported"]
