"""A reader's draft against the library: each sentence has a verdict and the words that carry or contradict it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from rag import BylineError, Library
from rag.types import CheckedSentence
from tests.test_cli import BYLINE


def checked(library: Library, text: str) -> CheckedSentence:
    (sentence,) = library.check(text)
    return sentence


def test_a_sentence_that_the_library_carries(sample: Library) -> None:
    text = "Karim Khan is the chief prosecutor of the ICC."
    sentence = checked(sample, text)
    assert (sentence.verdict, sentence.conflicts) == ("supported", ())
    assert sentence.support >= 0.5
    citation = sentence.citations[0]
    assert "Karim Khan" in citation.quote
    assert citation.article.text[citation.start : citation.end] == citation.quote


def test_a_changed_figure_is_not_carried(sample: Library) -> None:
    true = "Israel Katz sent letters to 25 of his counterparts across the world, Walla said."
    assert checked(sample, true).verdict == "supported"
    false = checked(sample, true.replace("25", "45"))
    assert false.verdict != "supported"
    assert any("45" in word for word in (*false.conflicts, *false.missing))
    assert false.citations, "the words that say otherwise are shown"


def test_nothing_about_this(sample: Library) -> None:
    sentence = checked(sample, "The price of wheat rose in Patagonia.")
    assert (sentence.verdict, sentence.citations, sentence.support) == ("unsupported", (), 0.0)


def test_each_sentence_has_its_own_verdict_and_place(sample: Library) -> None:
    draft = "Karim Khan is the chief prosecutor of the ICC.\n\nPlum cake needs cinnamon.  Who knows?"
    sentences = sample.check(draft)
    assert [draft[s.start : s.end] for s in sentences] == [s.text for s in sentences]
    assert [s.verdict for s in sentences] == ["supported", "unsupported", "unsupported"]


def test_a_sentence_is_given_as_soon_as_it_is_checked(sample: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = "Karim Khan is the chief prosecutor of the ICC. Plum cake needs cinnamon."
    looked_for: list[str] = []
    hits = sample._hits
    monkeypatch.setattr(sample, "_hits", lambda text, *rest: looked_for.append(text) or hits(text, *rest))
    sentences = sample.check(draft, stream=True)
    first = next(sentences)
    assert isinstance(first, CheckedSentence)
    assert first.verdict == "supported"
    assert looked_for == ["Karim Khan is the chief prosecutor of the ICC."]
    second, every = sentences
    assert every == [first, second]
    assert [sentence.verdict for sentence in sample.check(draft)] == ["supported", "unsupported"]


def test_filters_hold(sample: Library) -> None:
    draft = "Katz sent letters to 25 of his counterparts, Walla said."
    assert sample.check(draft)[0].citations
    for citation in sample.check(draft, as_of="2024-05-06")[0].citations:
        assert (citation.article.published or "") <= "2024-05-06"


def test_an_empty_draft_is_refused(sample: Library) -> None:
    with pytest.raises(BylineError, match="the text to check is empty"):
        sample.check(" \n")


STORIES = {
    "Leak at the Brackmoor works": (
        "A leak at the Zorvane works in Brackmoor injured 14 workers early on Monday, fire chief Ilka Quandry said. "
        "The works employ about 420 people. The chief executive, Orlo Pint, said the company would help.\n\n"
        "One worker, Tamsin Orrel, 41, died on Tuesday night, her family said.\n\n"
        "Managers at the works had been warned in January about a rusty hatch, according to a person familiar with the "
        "matter, who asked not to be named because they feared losing their job."
    ),
    "Brackmoor council votes on a foghorn": (
        "Brackmoor's council voted 7 to 4 to put a foghorn on Eel Road. Councillor Piet Wibbel voted against it, "
        "saying that Zorvane should pay."
    ),
    "Correction: Zorvane leak": (
        "Correction: An earlier version of this story misstated the age of Tamsin Orrel, who died after the Zorvane "
        "leak. She was 44, not 41."
    ),
}


@pytest.fixture
def brackmoor(library: Library, tmp_path: Path) -> Library:
    for n, (title, text) in enumerate(STORIES.items()):
        head = f"---\ntitle: '{title}'\noutlet: The Brackmoor Bugle\npublished: 2021-03-0{n + 4}\n---\n\n"
        (tmp_path / f"{n}.md").write_text(head + text)
    library.ingest(sorted(tmp_path.glob("*.md")))
    return library


@pytest.mark.parametrize(
    ("draft", "quoted", "reason"),
    [
        (
            "The leak at the Zorvane works injured 24 workers on March 4, fire chief Ilka Quandry said.",
            "14 workers",
            "the evidence says 14, not 24",
        ),
        ("Tamsin Orrel, 41, died on Tuesday night.", "Tamsin Orrel, 41, died", "only"),
        ("Councillor Peter Wibbel voted against the foghorn.", "Piet Wibbel", "the evidence says Piet, not Peter"),
    ],
)
def test_a_near_copy_with_one_fault_is_laid_beside_what_it_copies(
    brackmoor: Library, draft: str, quoted: str, reason: str
) -> None:
    sentence = checked(brackmoor, draft)
    assert sentence.verdict != "supported"
    assert quoted in sentence.citations[0].quote
    assert any(reason in phrase for phrase in sentence.conflicts)


def test_a_sentence_and_its_only_source_are_judged_alike(brackmoor: Library) -> None:
    for draft in ("Councillor Piet Wibbel voted against the foghorn.", "Councillor Piet Wibbel voted against it."):
        sentence = checked(brackmoor, draft)
        if len(sentence.citations) == 1:
            assert sentence.citations[0].support == sentence.support
    assert len(sentence.citations) == 1


def test_what_nobody_is_named_for_is_still_only_said(brackmoor: Library) -> None:
    stated = checked(brackmoor, "Managers at the works had been warned in January about a rusty hatch.")
    assert stated.verdict != "supported"
    assert any("somebody said" in phrase for phrase in stated.conflicts)
    said = (
        "Managers at the works had been warned in January about a rusty hatch, according to a person familiar with it."
    )
    assert not any("somebody said" in phrase for phrase in checked(brackmoor, said).conflicts)


def test_a_figure_that_was_corrected_is_not_carried_without_a_word(brackmoor: Library) -> None:
    note = "a correction says 44, not 41 (The Brackmoor Bugle, 6 March 2021)"
    sentence = checked(brackmoor, "Tamsin Orrel, 41, died on Tuesday night, her family said.")
    assert (sentence.verdict, sentence.conflicts) == ("partial", (note,))
    assert [c.quote for c in sentence.citations][1:] == ["She was 44, not 41."]
    right = checked(brackmoor, "Tamsin Orrel, 44, died on Tuesday night, her family said.")
    assert note in right.conflicts
    other = checked(brackmoor, "Ilka Quandry, 41, is the fire chief.")
    assert not any("correction" in phrase for phrase in other.conflicts)


def test_on_the_command_line(sample_folder: Path, tmp_path: Path) -> None:
    draft = tmp_path / "draft.txt"
    draft.write_text("Karim Khan is the chief prosecutor of the ICC. Plum cake needs cinnamon.\n")

    def run(*args: str, **options: str) -> subprocess.CompletedProcess[str]:
        command = [str(BYLINE), "check", *args, "--library", str(sample_folder)]
        return subprocess.run(command, capture_output=True, text=True, **options)  # type: ignore[call-overload,no-any-return]

    document = json.loads(run(str(draft), "--json").stdout)
    assert document.keys() == {"sentences", "notes", "problems", "elapsed_s"}
    first, second = document["sentences"]
    assert first.keys() == {
        *("text", "start", "end", "verdict", "finding", "support", "citations", "missing", "conflicts", "witness")
    }
    assert (first["verdict"], second["verdict"]) == ("supported", "unsupported")
    assert "Nothing in the library about this." in run("Plum cake needs cinnamon.").stdout
    assert "SUPPORTED  Karim Khan" in run("-", input=draft.read_text()).stdout
