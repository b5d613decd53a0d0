"""Takes a model's thoughts, and the tokens of its chat template, out of what it writes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain

_WORDS = "think|thinking|thought|thoughts|reason|reasoning|reflection|analysis|scratchpad|tool_call|tool_calls"
# Marks of one kind in one pattern: what opens a thought, what closes it, what ends the model's turn, what begins and
# ends the name of a channel or a speaker, and what is nothing but a token. From the templates of DeepSeek-R1, Qwen3,
# Magistral, GPT-OSS (also as servers mangle it), Gemma, Kimi, Command A, Seed-OSS, OpenThinker, MedGemma, Granite.
_MARKS = re.compile(
    "|".join(
        f"(?P<{name}>{pattern})"
        for name, pattern in {
            "opens": rf"<\|?(?!end)(?:\w{{1,12}}[:_])?(?:{_WORDS})\|?>|\[THINK\]|\[TOOL_CALLS\]|◁think▷|"
            r"<\|(?:begin_of_thought|START_THINKING|inner_prefix)\|>|<\|channel>\s*(?:thought|analysis)\b|<unused94>|"
            r"(?-i:assistant(?:analysis|commentary)(?=[A-Z ]))",
            "closes": rf"</\|?(?:\w{{1,12}}[:_])?(?:{_WORDS})\|?>|\[/(?:THINK|TOOL_CALLS)\]|◁/think▷|"
            r"<\|(?:end_of_thought|END_THINKING|inner_suffix)\|>|<channel\|>|<unused95>|(?-i:assistantfinal)",
            "ends": r"<\|(?:im_end|eot_id|end_of_text|endoftext|return|call|user)\|>|</s>|<end_of_turn>|"
            r"<｜end▁of▁sentence｜>|\[INST\]",
            "names": r"<\|(?:channel|start|start_header_id|im_start)\|>|<start_of_turn>",
            "named": r"<\|(?:message|end_header_id)\|>",
            "token": r"<[|｜][^|｜<>]{1,40}[|｜]>|<s>|\[/INST\]|</?(?:answer|final|response|output|solution)>|"
            r"\[cite_start\]",
        }.items()
    ),
    re.IGNORECASE,
)
# Half a mark, or a word that may be one: held back.
_HALF = re.compile(r"(?:<\|channel>\s{0,3}\w{0,10}|[<\[◁][^<>\[\]◁▷\n]{0,40}|\w{1,40})\Z")
# How GPT-OSS's thoughts begin where a server has lost its tokens, and the words for them in Granite's.
_MANGLED = re.compile(r"\s*(?:analysis(?=[A-Z])|Here(?:'s| is) my thought process:)")
_ANSWER_BEGINS = re.compile(r"Here(?:'s| is) my response:")
# Where a template opens the thought, what a model writes begins with it, unmarked. So it is held until a mark closes
# it, or the text ends. A model that does not think loses only time by it.
_ALOUD = re.compile(
    r"\s*(?:okay|ok|alright|hmm+|well|wait|let me|let's|let us|first, (?:i|let)|we (?:need|have|are|must|should)|i (?:"
    r"need|should|must|have to|will|'ll)|i'll|so,? (?:the|i|we)|the user|user asks|looking at|to answer|thinking)\b",
    re.IGNORECASE,
)
_LONGEST_BEGINNING, _LONGEST_NAME = 40, 80
# What is held of it at most. Beyond that it is given out, and taken back where it proves to be a thought.
_MOST_HELD = 50_000


class ThoughtFilter:
    """Takes a model's thoughts out of its stream: what stands between `<think>` and `</think>` or any other such marks,
    and what comes before one that closes and was never opened. What follows the end of its turn is dropped too.

    `n_dropped` counts the characters of thoughts.
    """

    def __init__(self) -> None:
        self._pending = ""  # half a mark
        self._unsure: str | None = ""  # the beginning, as long as it may prove to be a thought
        self._state, self._name = "text", ""
        self._gave = False
        self.n_dropped = 0

    def feed(self, piece: str) -> tuple[str, bool]:
        """The text that is no thought, and whether all that was given out before it was one."""
        text, self._pending = self._pending + piece, ""
        if half := _HALF.search(text):
            text, self._pending = text[: half.start()], half[0]
        return self._read(text, is_end=False)

    def finish(self) -> tuple[str, bool]:
        """What was held back when the stream ended, and whether all that was given out before it was a thought."""
        text, self._pending = self._pending, ""
        return self._read(text, is_end=True)

    def _read(self, text: str, *, is_end: bool) -> tuple[str, bool]:
        kept, at, all_before = "", 0, False
        for mark in _MARKS.finditer(text):
            kept += self._outside(text[at : mark.start()])
            at = mark.end()
            kept, is_first = self._turn(str(mark.lastgroup), kept)
            all_before = all_before or is_first
        kept += self._outside(text[at:])
        if self._unsure is not None:
            kept = self._sure(kept, is_end=is_end)
        self._gave = (self._gave and not all_before) or bool(kept.strip())
        return kept, all_before

    def _turn(self, kind: str, kept: str) -> tuple[str, bool]:
        """What is left of what was `kept` after a mark, and whether all that was given out before is a thought."""
        is_thought = False
        if self._state == "over":
            return kept, False
        if kind == "opens":
            self._state = "thought"
        elif kind == "closes":
            if self._state == "text":  # it was never opened
                self.n_dropped += len(kept) + len(self._unsure or "")
                kept, is_thought = "", self._gave
            else:
                kept = (self._unsure or "") + kept
            self._state, self._unsure = "text", None
        elif kind == "ends" and (self._gave or kept.strip() or (self._unsure or "").strip()):
            self._state = "over"
        elif kind == "names":
            self._state, self._name = "name", "" if self._state != "name" else self._name
        elif kind == "named" and self._state == "name":
            is_said = "final" in self._name or not re.search("analysis|commentary|thought", self._name)
            self._state = "text" if is_said else "thought"
            before, self._unsure = (self._unsure or "") + kept, None
            is_aloud = _MANGLED.match(before) or _ALOUD.match(before)
            self.n_dropped += len(before) if is_aloud else 0
            kept = "" if is_aloud else before
        return kept, is_thought

    def _outside(self, text: str) -> str:
        """`text` where it is said, "" where it is thought or the name of a channel."""
        if self._state == "name":
            # A speaker's name may have no end but the line's.
            name, newline, text = text.partition("\n")
            self._name += name
            if not newline and len(self._name) <= _LONGEST_NAME:
                return ""
            self._state = "over" if self._name.strip() in ("user", "system") else "text"
        if self._state == "text":
            return text
        self.n_dropped += len(text) if self._state == "thought" else 0
        return ""

    def _sure(self, kept: str, *, is_end: bool) -> str:
        """What of the beginning can be given out."""
        text = (self._unsure or "") + kept
        self._unsure = text
        if begins := _MANGLED.match(text):
            if answer := _ANSWER_BEGINS.search(text):
                self._unsure = None
                return text[answer.end() :]
            is_lost = is_end or len(text) > _MOST_HELD
            self.n_dropped += len(text) - begins.end() if is_lost else 0
            return ""
        is_short = len(text.lstrip()) < _LONGEST_BEGINNING
        if not is_end and len(text) <= _MOST_HELD and (is_short or _ALOUD.match(text)):
            return ""
        self._unsure = None
        return text


def without_thoughts(pieces: Iterable[str], *, at_most: int) -> str:
    """The whole text of `pieces` without thoughts; "" as soon as it has more than `at_most` characters."""
    thoughts, text = ThoughtFilter(), ""
    piece: str | None
    for piece in chain(pieces, [None]):
        new, all_before = thoughts.finish() if piece is None else thoughts.feed(piece)
        text = new if all_before else text + new
        if len(text) > at_most:
            return ""
    return text
