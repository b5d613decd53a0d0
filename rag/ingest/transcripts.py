"""Transcripts and subtitles (.srt, .vtt): who speaks, and when each sentence was said."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

from rag.errors import BylineError
from rag.ingest.encoding import decoded
from rag.ingest.metadata import clean
from rag.types import Json, Place

_CLOCK = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?"
_CUE = re.compile(rf"^[^\S\n]*{_CLOCK}[^\S\n]*-->[^\S\n]*{_CLOCK}[^\n]*$", re.MULTILINE)
_NUMBER = re.compile(r"\n[^\S\n]*\d+[^\S\n]*\n*$")  # of the next cue
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]{1,80})>")
_TAG = re.compile(r"</?[a-z][^<>]{0,100}>|<\d[\d:.]{3,15}>|\{\\?[^{}]{0,40}\}", re.IGNORECASE)
_WORD = r"(?:(?![a-z])[^\W\d_][\w.'’-]*)"
_CALLED = (
    rf"{_WORD}(?:\s(?:{_WORD}|de|van|von|al|bin|of|the)){{1,4}}(?:\s\([^()]{{1,40}}\))?|[A-Z][A-Z.'’-]+"
    r"|(?:Speaker|SPEAKER|Voice|VOICE)[\s_]?\w{1,3}|Host|Guest|Interviewer|Moderator|Narrator|Presenter|Reporter|Anchor"
)
_TURN = re.compile(rf"(?P<change>>>+\s*|[-–]\s*)?(?:(?P<name>{_CALLED})\s?:\s+|\[(?P<named>{_CALLED})\]:?\s+)?")
_SOUND = re.compile(r"\W*(?:[\[(（][^\])）]{1,60}[\])）]\W*)+|[♪♫\s#]*|♪.*♪?")
_ENDED = re.compile(r"[.!?…][\"'”’»)]*$")
_PAUSE_S = 2.0
_LONG = 600  # characters of a paragraph in which nobody is named


class _Cue(NamedTuple):
    start: float
    end: float
    lines: list[str]


class _Said(NamedTuple):
    """Words without a break: `begins` where a paragraph begins with them."""

    start: float
    speaker: str | None
    words: str
    begins: bool


def from_transcript(data: bytes) -> tuple[str, Json]:
    """The words of a transcript, those of each speaker a paragraph that begins with the name, and when they were said
    (`places`). Signs of sounds and of music are left out. BylineError where there is no cue in it."""
    source, _, remark = decoded(data)
    cues = list(_cues(source))
    if not cues:
        raise BylineError("is no transcript: it has no line with two times and “-->” between them; save it anew.")
    pieces: list[str] = []
    places: list[Place] = []
    length, speaker = 0, None
    for said in _turns(cues):
        between = ("\n\n" if said.begins else " ") if pieces else ""
        named = f"{said.speaker}: " if said.speaker is not None and said.speaker != speaker else ""
        places.append(Place(length + len(between), time=_clock(said.start), speaker=said.speaker))
        piece = f"{between}{named}{said.words}"
        pieces.append(piece)
        length += len(piece)
        speaker = said.speaker
    return "".join(pieces), {"places": tuple(places), "reasons": {"encoding": remark} if remark else {}}


def _clock(seconds: float) -> str:
    minutes, hours = int(seconds) // 60 % 60, int(seconds) // 3600
    return f"{hours}:{minutes:02}:{int(seconds) % 60:02}" if hours else f"{minutes}:{int(seconds) % 60:02}"


def _cues(source: str) -> Iterator[_Cue]:
    """The cues in order. What stands between them (notes, styles, numbers) is none of their words."""
    is_vtt = source.lstrip("\ufeff").startswith("WEBVTT")
    found = list(_CUE.finditer(source))
    for n, cue in enumerate(found):
        payload = source[cue.end() : found[n + 1].start() if n + 1 < len(found) else len(source)]
        if is_vtt:  # where a blank line ends it, and a name may stand above the next
            payload = payload.lstrip("\n").split("\n\n", 1)[0] if not payload.startswith("\n\n") else ""
        elif n + 1 < len(found):
            payload = _NUMBER.sub("\n", payload)
        times = [_seconds(*cue.groups()[at : at + 4]) for at in (0, 4)]
        yield _Cue(times[0], times[1], [line for line in map(str.strip, payload.split("\n")) if line])


def _seconds(hours: str | None, minutes: str, seconds: str, parts: str | None) -> float:
    return 3600 * int(hours or 0) + 60 * int(minutes) + int(seconds) + float(f"0.{parts or 0}")


def _turns(cues: list[_Cue]) -> Iterator[_Said]:
    """What is said, piece by piece. A line that a cue repeats from the one before it (captions that roll up) counts
    once."""
    speaker: str | None = None
    last: list[str] = []
    end, n_characters, is_ended = 0.0, 0, True
    for cue in cues:
        lines = [line for raw in cue.lines for line in _voices(raw)]
        shown = [words for _, words in lines]
        fresh = [line for line in lines if line[1] not in last]
        last = shown
        for voice, words in fresh:
            name, words, is_change = _turn(words)
            now = voice or name or (None if is_change else speaker)
            if not words:
                speaker = now
                continue
            is_other = now != speaker or is_change or (voice is not None and voice != speaker)
            pause = cue.start - end > _PAUSE_S and is_ended
            begins = is_other or pause or (is_ended and n_characters > _LONG)
            yield _Said(cue.start, now, words, begins)
            n_characters = len(words) if begins else n_characters + len(words)
            speaker, end, is_ended = now, cue.end, _ENDED.search(words) is not None


def _voices(line: str) -> Iterator[tuple[str | None, str]]:
    """The words of a line by whose voice they are marked to be, None where by nobody's."""
    pieces = _VOICE.split(line)
    for voice, words in [(None, pieces[0]), *zip(pieces[1::2], pieces[2::2], strict=True)]:
        plain = " ".join(clean(html.unescape(_TAG.sub("", words))).split())
        if plain and not _SOUND.fullmatch(plain):
            yield (" ".join(html.unescape(voice).split()) if voice is not None else None), plain


def _turn(words: str) -> tuple[str | None, str, bool]:
    """Who is named at the beginning of some words, the words without that, and whether another begins to speak."""
    found = _TURN.match(words)
    if found is None or not found[0]:
        return None, words, False
    return found["name"] or found["named"], words[found.end() :], True
