"""Characters that a reader cannot see, or that make a text read otherwise than it is stored."""

from __future__ import annotations

import re

# Embedding and override characters can make a line read otherwise than it is stored ("Trojan source").
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Control characters but tab and newlines; lone surrogates and U+FFFE/F cannot be sent as UTF-8 HTML at all.
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
# Controls, zero-width characters, fillers, selectors of variants, tags, and marks that turn the reading direction:
# invisible to a reader, not to a model.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)


def safe_to_show(text: str) -> str:
    """The text without direction overrides, and with each control character made visible as U+FFFD."""
    return _CONTROL.sub("\ufffd", _BIDI.sub("", text))


def without_invisible(text: str) -> str:
    """The text without the characters that a reader cannot see, newlines and tabs excepted."""
    return _INVISIBLE.sub("", text)
