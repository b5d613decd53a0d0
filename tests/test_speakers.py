"""Whom an article names as saying it, in its own words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import Library
from rag.news.speakers import find_speaker, names_speaker
from rag.types import Article

OFFICIALS = "two officials briefed on the plan"
ODO = "Odo Vantongeren, 58, who has led the port since 2011"
CASES = [
    # what stands before, the sentence, the speaker
    ("", "Mayor Odo Vantongeren said the ferry would sail.", "Mayor Odo Vantongeren"),
    ("", "Odo Vantongeren, mayor of Quillmere, has said the ferry will sail.", "Odo Vantongeren, mayor of Quillmere"),
    (
        "",
        "In a statement, harbour chief Ilka Brandvold warned that the quay was unsafe.",
        "harbour chief Ilka Brandvold",
    ),
    ("", "The quay is unsafe, according to people familiar with the survey.", "people familiar with the survey"),
    ("", "According to the Quillmere Gazette, nine crews resigned.", "the Quillmere Gazette"),
    (
        "",
        "The Gazette, citing an unidentified clerk, said nine crews resigned.",
        "The Gazette, citing an unidentified clerk",
    ),
    ("", "“Nobody is to blame,” said Ilka Brandvold.", "Ilka Brandvold"),
    ("", "“Nobody is to blame,” Brandvold told reporters on Monday.", "Brandvold"),
    ("", "The strike, by the count of the Brine-run works council, cost 300 jobs.", "the Brine-run works council"),
    (
        "",
        f"The line will close, said {OFFICIALS}, who asked not to be named.",
        f"{OFFICIALS}, who asked not to be named",
    ),
    ("Ilka Brandvold said the quay was unsafe. ", "Repairs would take a year, she added.", "Ilka Brandvold"),
    (f"The line will close, according to {OFFICIALS}. ", "It will open again in May, one person said.", OFFICIALS),
    ("“The quay is old,” Brandvold said. ", "“It should have been closed.”", "Brandvold"),
    ("Ilka Brandvold was blunt:\n\n", "“The quay is old,” she said.", "Ilka Brandvold"),
    ("", "The Gazette counts 41 empty houses.", "The Gazette"),
    # the subject stands right before its verb, and whatever happened in front of it belongs to somebody else
    ("", "One pilot, Aldo Fenn, 41, died on Tuesday night, his family said.", "his family"),
    ("", "Aldo Fenn, a welder, died on Tuesday, the family said.", "the family"),
    ("", "Aldo Fenn, 41, fell from the Saltby tower, his sister, a nurse, said.", "his sister, a nurse"),
    ("", "Aldo Fenn, 41, died on Tuesday, mere hearsay said.", None),
    ("", "The Brine Line, family members said, knew of the leak.", "family members"),
    ("", "Odo Vantongeren, 58, who has led the port since 2011, said he would stay.", ODO),
    ("", "Jorun Sedge, 34, a baker from Saltby, said it was dawn.", "Jorun Sedge, 34, a baker from Saltby"),
    ("", "A close ally said the mayor would go.", "A close ally"),
    ("", "Ilka Kelly said the quay was unsafe.", "Ilka Kelly"),
    ("", "“Nobody is to blame,” Kelly said.", "Kelly"),
    ("", "Ilka Brandvold publicly said the quay was safe.", "Ilka Brandvold"),
    # why somebody will not be named can take a line
    (
        "",
        "The valve was old, according to a clerk familiar with the matter, who asked not to be named because they "
        "feared losing their job.",
        "a clerk familiar with the matter",
    ),
    (
        "",
        "The bell was cracked, the keeper of the tower, who has lived in Saltby all his life and whose father kept it "
        "before him, said.",
        "the keeper of the tower",
    ),
    # the article speaks for itself
    ("", "The ferry sailed at noon.", None),
    ("", "No injuries were reported.", None),
    ("", "The man said to have sunk the ferry was at sea.", None),
    ("", "The 12 member states signed the Brine Accord.", None),
    ("Ilka Brandvold said the quay was unsafe. ", "The harbour was founded in 1702.", None),
    ("", "Critics were told to leave the hall.", None),
    ("", "", None),
]


@pytest.mark.parametrize(("before", "sentence", "speaker"), CASES)
def test_the_speaker_of_a_sentence(before: str, sentence: str, speaker: str | None) -> None:
    text = f"{before}{sentence} The tide turned."
    assert find_speaker(text, len(before), len(before) + len(sentence)) == speaker


# Shapes of newspaper sentences, written before the rules on appositions and anonymity were last changed. Every second
# one was looked at only after it: 6 of 7 before, 5 at first look (an age stood in the way), 6 since.
SHAPES = [
    ("Pavla Drummond, 63, a retired ferry pilot, died on Friday, her daughter said.", "her daughter"),
    (
        "A second crew member, Ivo Lantry, 29, was found on the shore, the coast guard of Brinemark said.",
        "the coast guard of Brinemark",
    ),
    (
        "The merger will be announced next week, according to two people briefed on the talks, who "
        "requested anonymity because they were not authorized to discuss the deal in public.",
        "two people briefed on the talks",
    ),
    (
        "The valves had been ordered from a firm in Quillmere, said a senior engineer at the plant, who "
        "spoke on condition of anonymity because he still works for one of its suppliers.",
        "a senior engineer at the plant",
    ),
    (
        "Odo Vantongeren, 58, who has led the port since 2011, said he would not resign.",
        "Odo Vantongeren, 58, who has led the port since 2011",
    ),
    (
        "Ilka Brandvold, the harbour chief, who was appointed in May, said the quay was safe.",
        "Ilka Brandvold, the harbour chief, who was appointed in May",
    ),
    ("Three of the dead, all from Saltby, were buried on Sunday, the mayor's office said.", "the mayor's office"),
    (
        "Two trawlers, the Gannet and the Petrel, collided in fog, a spokeswoman for the harbour said on Monday.",
        "a spokeswoman for the harbour",
    ),
    (
        "The bridge, built in 1931, would stay closed until June, Councillor Wren Falke told the Portmere Gazette.",
        "Councillor Wren Falke",
    ),
    ("The tower, which is 90 metres tall, could fall, the fire brigade warned on Tuesday.", "the fire brigade"),
    ("Hedda Moll, a nurse, told the court that the ward had been understaffed.", "Hedda Moll, a nurse"),
    (
        "Jorun Sedge, 34, a baker from Saltby, said the water had reached her shop by dawn.",
        "Jorun Sedge, 34, a baker from Saltby",
    ),
    (
        "Brinemark's foreign minister, Lars Odegaard, was not told of the raid, two of his aides said.",
        "two of his aides",
    ),
    (
        "The fund's chairman, Otto Brink, 71, resigned on Thursday, the board said in a letter to investors.",
        "the board",
    ),
    (
        "Sixty houses, most of them empty, burned down overnight, police said, and one man, Aldo Fenn, is missing.",
        "police",
    ),
]


def test_shapes_of_newspaper_sentences() -> None:
    found = [find_speaker(f"{sentence} The tide turned.", 0, len(sentence)) for sentence, _ in SHAPES]
    wrong = [(got, wanted) for got, (_, wanted) in zip(found, SHAPES, strict=True) if got != wanted]
    assert wrong == [("a senior engineer", "a senior engineer at the plant")]


def test_a_speaker_named_only_behind_a_long_quotation() -> None:
    text = "“The quay is old. It must go,” said Ilka Brandvold."
    assert find_speaker(text, 0, 17) == "Ilka Brandvold"


def test_a_pronoun_with_nobody_before_it_stays_a_pronoun() -> None:
    text = "The quay, he said, is unsafe."
    assert find_speaker(text, 0, len(text)) == "he"


@given(st.text(alphabet=st.sampled_from(list('ab SaidX,.:;\n\t"“”’-İé🙂')) | st.characters(), max_size=200), st.data())
def test_any_text_gives_its_own_words_or_none(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    found = find_speaker(text, start, end)
    assert found is None or found in " ".join(text.split())


def test_whether_a_claim_names_the_speaker() -> None:
    assert names_speaker("300 jobs went, the works council said.", "the Brine-run works council")
    assert names_speaker("Brandvold would close the quay.", "Ilka Brandvold, harbour chief")
    assert not names_speaker("The strike cost 300 jobs.", "the Brine-run works council")


STORY = (
    "The strike at Quillmere harbour cost 300 jobs, according to the Brine-run works council.\n\n"
    "The harbour was founded in 1702.\n"
)


@pytest.fixture
def harbour(library: Library, tmp_path: Path) -> Library:
    (tmp_path / "strike.md").write_text(
        "---\ntitle: A strike and its cost\noutlet: The Quillmere Gazette\npublished: 2021-03-04\n---\n\n" + STORY
    )
    library.ingest([tmp_path / "strike.md"])
    return library


def test_each_citation_has_its_speaker(harbour: Library) -> None:
    answer = harbour.ask("How many jobs did the strike at Quillmere harbour cost?")
    assert answer.claims[0].citations[0].speaker == "the Brine-run works council"
    assert json.loads(json.dumps(answer.to_dict()))["claims"][0]["citations"][0]["speaker"] is not None


def test_what_is_only_said_is_no_fact_in_a_draft(harbour: Library) -> None:
    stated, attributed, plain = harbour.check(
        "The strike at Quillmere harbour cost 300 jobs. "
        "The strike at Quillmere harbour cost 300 jobs, according to the Brine-run works council. "
        "The harbour was founded in 1702."
    )
    assert stated.verdict in ("partial", "unsupported")
    assert any("the Brine-run works council" in phrase for phrase in stated.conflicts)
    assert (attributed.verdict, plain.verdict) == ("supported", "supported")


class Says:
    """A model that says one sentence."""

    name = "says"

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence

    def generate(self, system: str, user: str, *, max_tokens: int) -> Iterator[str]:
        yield self.sentence


@pytest.mark.parametrize("verb", ["cost", "has cost"])
def test_a_model_that_drops_the_speaker_is_put_right(harbour: Library, verb: str) -> None:
    model = Says(f"The strike {verb} 300 jobs. [1]")
    answer = harbour.ask("How many jobs did the strike at Quillmere harbour cost?", model=model)
    assert answer.claims
    for claim in answer.claims:
        assert "the Brine-run works council" in claim.text
    assert any("Brine-run works council" in problem for problem in answer.problems) or answer.model == "extractive"


def test_words_that_name_nobody_are_led_in_with_the_speaker(tmp_path: Path, library: Library) -> None:
    (tmp_path / "quay.md").write_text(
        "---\noutlet: The Quillmere Gazette\npublished: 2021-03-04\n---\n\n"
        "Ilka Brandvold said the quay was unsafe. Repairs to the old quay would take eleven months, she added.\n"
    )
    library.ingest([tmp_path / "quay.md"])
    answer = library.ask("How long would repairs to the old quay take?")
    assert answer.claims[0].text == (
        "The Quillmere Gazette, 4 March 2021, citing Ilka Brandvold: "
        "“Repairs to the old quay would take eleven months, she added.”"
    )


def test_articles_are_read_no_further_than_needed() -> None:
    text = "x" * 5_000_000 + "\n\nIlka Brandvold said the quay was unsafe."
    article = Article(id="a", text=text, title=None, outlet=None, path="a.txt", content_hash="")
    from rag.news.speakers import speaker_in

    assert speaker_in(article, 5_000_002, len(text)) == "Ilka Brandvold"
