"""Transcripts and subtitles: words, who speaks, and when."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag import Library
from tests.reading import failed, one, put

VTT = """WEBVTT
Kind: captions

NOTE Made by hand,
in two lines.

STYLE
::cue { color: red }

first
00:12.000 --> 00:14.500 align:start
<v Wren Falke>The north pier <c.loud>closes</c> on Friday,</v>

00:14.500 --> 00:16.000
<v Wren Falke>said &amp; done.</v>

00:16.000 --> 00:17.000
[applause]

12:31.200 --> 12:33.000
<v.first Otto Star>It will stay <00:12:32.000>open till June.

1:02:05.000 --> 1:02:07.000
<v Wren Falke>No, it will not.
"""
SRT = """1
00:00:12,000 --> 00:00:14,500
WREN FALKE: The north pier

2
00:00:14,500 --> 00:00:16,000
<i>closes on Friday.</i>

It does.
3
00:12:31,200 --> 00:12:33,000
>> OTTO STAR: It will stay open.

4
01:02:05.000 --> 01:02:07.000
- No.
- Yes.
"""


def test_vtt(tmp_path: Path) -> None:
    article = one(put(tmp_path / "talk.vtt", VTT))
    assert article.text.split("\n\n") == [
        "Wren Falke: The north pier closes on Friday, said & done.",
        "Otto Star: It will stay open till June.",
        "Wren Falke: No, it will not.",
    ]
    places = [(article.text[p.start :][:5], p.time, p.speaker) for p in article.places]
    assert places == [
        ("Wren ", "0:12", "Wren Falke"),
        ("said ", "0:14", "Wren Falke"),
        ("Otto ", "12:31", "Otto Star"),
        ("Wren ", "1:02:05", "Wren Falke"),
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_srt(tmp_path: Path, newline: str) -> None:
    article = one(put(tmp_path / "talk.srt", SRT.replace("\n", newline)))
    assert article.text.split("\n\n") == [
        "WREN FALKE: The north pier closes on Friday. It does.",
        "OTTO STAR: It will stay open.",
        *("No.", "Yes."),
    ]
    assert [(p.time, p.speaker) for p in article.places][-3:] == [
        ("12:31", "OTTO STAR"),
        ("1:02:05", None),
        ("1:02:05", None),
    ]


def test_captions_that_roll_up_are_said_once(tmp_path: Path) -> None:
    cues = ["the harbour board", "the harbour board\nvoted on Monday", "voted on Monday\nto close the pier"]
    text = "WEBVTT\n\n" + "\n\n".join(f"00:0{n}.000 --> 00:0{n + 1}.000\n{cue}" for n, cue in enumerate(cues))
    article = one(put(tmp_path / "talk.vtt", text))
    assert article.text == "the harbour board voted on Monday to close the pier"
    assert [place.time for place in article.places] == ["0:00", "0:01", "0:02"]


def test_a_pause_begins_a_paragraph_and_a_clause_is_no_speaker(tmp_path: Path) -> None:
    text = "1\n0:00:01,0 --> 0:00:02,0\nOne thing is sure: it closes.\n\n2\n0:00:09,0 --> 0:00:10,0\nThe pier is old."
    article = one(put(tmp_path / "talk.srt", text))
    assert article.text == "One thing is sure: it closes.\n\nThe pier is old."
    assert {place.speaker for place in article.places} == {None}


def test_a_citation_says_who_speaks_and_when(library: Library, tmp_path: Path) -> None:
    library.ingest([put(tmp_path / "talk.vtt", VTT)])
    answer = library.ask("Will the pier stay open till June?")
    citation = next(c for claim in answer.claims for c in claim.citations if "open till June" in c.quote)
    assert (citation.time, citation.page, citation.speaker) == ("12:31", None, "Otto Star")
    assert citation.to_dict()["time"] == "12:31"


def test_words_without_a_full_stop_are_found(library: Library, tmp_path: Path) -> None:
    text = "1\n0:00:01,0 --> 0:00:02,0\nADA QUILL: the dredger is late\n\n2\n0:00:03,0 --> 0:00:04,0\nBO TERN: we know"
    library.ingest([put(tmp_path / "talk.srt", text)])
    (hit, *_) = library.retrieve("dredger late")
    assert "dredger" in hit.passage.text
    assert (hit.passage.time, hit.to_dict()["time"]) == ("0:01", "0:01")


def test_what_is_no_transcript(tmp_path: Path) -> None:
    wanted = "is no transcript: it has no line with two times and “-->” between them; save it anew."
    for data in (b"", b"WEBVTT\n", b"The ferry is back."):
        assert failed(put(tmp_path / "talk.vtt", data)) == f"talk.vtt {wanted}"
    silent = "WEBVTT\n\n00:01.000 --> 00:02.000\n[music]\n"
    assert failed(put(tmp_path / "talk.vtt", silent)) == "talk.vtt has no text; leave it out, or fill it."
