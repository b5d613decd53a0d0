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
    sentences = sample.stream_check(draft)
    assert next(sentences).verdict == "supported"
    assert looked_for == ["Karim Khan is the chief prosecutor of the ICC."]
    assert [sentence.verdict for sentence in sentences] == ["unsupported"]


def test_filters_hold(sample: Library) -> None:
    draft = "Katz sent letters to 25 of his counterparts, Walla said."
    assert sample.check(draft)[0].citations
    for citation in sample.check(draft, as_of="2024-05-06")[0].citations:
        assert (citation.article.published or "") <= "2024-05-06"


def test_an_empty_draft_is_refused(sample: Library) -> None:
    with pytest.raises(BylineError, match="the text to check is empty"):
        sample.check(" \n")


def test_on_the_command_line(sample_folder: Path, tmp_path: Path) -> None:
    draft = tmp_path / "draft.txt"
    draft.write_text("Karim Khan is the chief prosecutor of the ICC. Plum cake needs cinnamon.\n")

    def run(*args: str, **options: str) -> subprocess.CompletedProcess[str]:
        command = [str(BYLINE), "check", *args, "--library", str(sample_folder)]
        return subprocess.run(command, capture_output=True, text=True, **options)  # type: ignore[call-overload,no-any-return]

    document = json.loads(run(str(draft), "--json").stdout)
    assert document.keys() == {"sentences", "elapsed_s"}
    first, second = document["sentences"]
    assert first.keys() == {"text", "start", "end", "verdict", "support", "citations", "missing", "conflicts"}
    assert (first["verdict"], second["verdict"]) == ("supported", "unsupported")
    assert "Nothing in the library about this." in run("Plum cake needs cinnamon.").stdout
    assert "SUPPORTED  Karim Khan" in run("-", input=draft.read_text()).stdout
