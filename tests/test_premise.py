"""What a question takes for granted, asks in parts, and misses: with invented sentences."""

from __future__ import annotations

import pytest

from rag.answers.premise import contradicted, missing, parts, premise
from rag.types import Article, Candidate, Passage, SearchHit, Sentence


def candidates(*texts: str, title: str = "The Saltby ferry") -> list[Candidate]:
    found = []
    for i, text in enumerate(texts):
        article = Article(id=f"a{i}", text=text, title=title, outlet=None, path=f"a{i}.md", content_hash=str(i))
        passage = Passage(
            id=f"p{i}", article_id=article.id, position=0, start=0, end=len(text), text=text, n_tokens=len(text.split())
        )
        hit = SearchHit(passage=passage, article=article, score=1.0, rank=i + 1, scores={})
        sentence = Sentence(article_id=article.id, position=0, start=0, end=len(text))
        found.append(Candidate(hit=hit, sentence=sentence, text=text))
    return found


@pytest.mark.parametrize(
    ("question", "granted"),
    [
        ("Why did the Gullmere council close the harbour?", "the Gullmere council close the harbour"),
        ("When was the Saltby ferry sold?", "the Saltby ferry sold"),
        ("How many sheep did the coast guard rescue?", "sheep the coast guard rescue"),
        ("In what year has Saltby joined the league?", "year Saltby joined the league"),
        ("Did the council close the harbour?", None),
        ("Who won?", None),
        ("", None),
    ],
)
def test_what_is_taken_for_granted(question: str, granted: str | None) -> None:
    assert premise(question) == granted


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Why did the Gullmere council close the harbour?", "The Gullmere council did not close the harbour."),
        ("Why did the Saltby ferry sink in the harbour in 2019?", "The Saltby ferry sank in the harbour in 2017."),
        ("Why were 40 sheep rescued from the Saltby ferry?", "Coast guards rescued 12 sheep from the Saltby ferry."),
        ("When did the price of herring rise in Saltby?", "The price of herring fell in Saltby."),
    ],
)
def test_a_false_premise_is_contradicted_by_the_sentence_that_says_otherwise(question: str, text: str) -> None:
    found = contradicted(question, candidates("The mayor of Gullmere keeps bees.", text))
    assert found is not None
    assert found.source.text == text
    assert found.reasons


@pytest.mark.parametrize(
    ("question", "texts"),
    [
        # What stands elsewhere in the sentence is not put otherwise in it.
        ("What was the eastern half of Saltby called?", ["Saltby has a western half, Gull, and an eastern half, Tor."]),
        ("Why did the Gullmere council close the harbour?", ["The Gullmere council closed the harbour after a storm."]),
        # A later report bears it out: then the earlier one is no contradiction.
        (
            "When did the Gullmere council close the harbour?",
            ["The Gullmere council did not close the harbour.", "The Gullmere council closed the harbour on Friday."],
        ),
        ("Why did the council close the harbour?", ["The mayor did not close the window of his office."]),
        ("Who is the mayor?", ["Nobody is the mayor."]),
        ("Why did the council close the harbour?", []),
    ],
)
def test_nothing_is_contradicted(question: str, texts: list[str]) -> None:
    assert contradicted(question, candidates(*texts)) is None


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Who asked for the meeting, and when is it?", ["Who asked for the meeting?", "when is it?"]),
        ("Who sold the ferry and why was it sold?", ["Who sold the ferry?", "why was it sold?"]),
        ("Who sold the ferry? How much did it fetch?", ["Who sold the ferry?", "How much did it fetch?"]),
        ("Who said what and when?", ["Who said what and when?"]),
        ("After 1935, who ran the ferry?", ["After 1935, who ran the ferry?"]),
        ("Who ran the ferry and the harbour?", ["Who ran the ferry and the harbour?"]),
        ("ferry, who", ["ferry, who"]),
        ("", [""]),
    ],
)
def test_parts(question: str, expected: list[str]) -> None:
    assert parts(question) == expected


UNANSWERED = "The reader found no sentence that answers this."


def test_what_is_missing_is_named() -> None:
    found = candidates("The ferry to Saltby sank.")
    assert missing("What did Novgorod say about the ferry?", found) == "None of the passages found mentions “Novgorod”."
    assert missing("When did the ferry to Saltby sink?", found) == UNANSWERED
    assert missing("Tell me about it", []) == UNANSWERED


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("Who won the 2022 World Cup?", "“2022” or “World Cup”"),
        ("What did Prime Minister Trent say?", "“Trent”"),
        ("What did Councillor Ada Mole of Portmere and Dr. Vance promise?", "“Ada Mole of Portmere” or “Vance”"),
        ("Why did the Bank of Zemland close its cup shop in Saltby?", "“Bank of Zemland”"),
        ("Which of George W. Ostrow's ferries sank? And what of the Cup?", "“George W. Ostrow” or “Cup”"),
    ],
)
def test_a_missing_name_is_quoted_whole_and_without_titles(question: str, named: str) -> None:
    found = candidates("The occupied ferry to Saltby sank, far from any bank in this world.")
    assert missing(question, found) == f"None of the passages found mentions {named}."


def test_a_name_under_another_form_is_not_missing() -> None:
    found = candidates("The envoy of the U.N. came to the harbour.")
    assert "mentions" not in missing("What did the United Nations pay for the harbour?", found)
    assert missing("What did the United Kingdom pay for the harbour?", found) == (
        "None of the passages found mentions “United Kingdom”."
    )
