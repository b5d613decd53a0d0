"""Does a sentence that a model wrote say that the articles do not answer? Small models have words of their own for it.

What a report, a ministry or a source does not say may be news. A refusal speaks of all that was offered ("the
passages", "the given text"), or it cites nothing.
"""

from __future__ import annotations

import re

_ONE = "(?:provided|given|above|below|numbered|offered|supplied|available|news|listed|quoted|following)"
GIVEN = f"(?:{_ONE} ?)*"
# Words that mean what was offered by themselves, and those that do so only beside "given" and the like.
_OWN = "(?:articles?|passages?|sentences?|texts?|context|excerpts?)"
_OTHER = "(?:sources?|information|contents?|documents?)"
_THAT = "(?:that (?:is|are|was|were) )?"
_ALL = (
    rf"(?:the|these|this|your|any of the|either of the) "
    rf"(?:{GIVEN}{_OWN}|(?:{_ONE} )+{_OTHER}|{_OTHER}(?= {_THAT}{_ONE}))(?: {_THAT}{GIVEN})?"
)
_TELL = (
    r"(?:say|state|mention|specify|provide|contain|give|include|indicate|report|answer|tell|reveal|discuss|address|"
    r"identify|name|describe|explain|have|offer|confirm|cover)"
)
_TOLD = (
    r"(?:said|stated|mentioned|specified|provided|given|answered|found|included|contained|determined|reported|named|"
    r"identified|available|known)"
)
_NOT = r"(?:(?:do|does|did)(?: not|n['’]t)|cannot|can['’]t|fails? to)"
_IS_NOT = r"(?:(?:is|are|was|were|could|has|have)(?: not|n['’]t)|cannot|can['’]t)"
_THINGS = r"(?:information|mention|answer|details?)"
_SORRY = r"(?:(?:unfortunately|sorry|i(?:['’]m| am) sorry|i apologi[sz]e|no|however),? (?:but )?)?"


def _one_of(*patterns: str) -> re.Pattern[str]:
    return re.compile(f"{_SORRY}(?:{'|'.join(patterns)})", re.IGNORECASE)


_REFUSES = _one_of(
    rf"{_ALL}\s*,?\s*{_NOT} (?:\w+ly )?{_TELL}\b",
    rf"(?:none|neither) of {_ALL}\s*{_TELL}s?\b",
    rf".{{1,100}} {_IS_NOT} (?:been |be )?(?:\w+ly )?{_TOLD}\b.{{0,40}}\b(?:in|by|from|using|on) (?:any of )?{_ALL}",
    rf"there (?:is|are|was|were) no(?:t (?:any|enough))? .{{1,100}} (?:in|from) {_ALL}",
    r"(?:i|we) (?:cannot|can['’]t|could(?: not|n['’]t)|do(?: not|n['’]t)|(?:am|are) (?:not able|unable) to) "
    r"(?:find|answer|determine|see|have|provide|tell|say)\b",
)
_REFUSES_UNCITED = _one_of(
    rf"there (?:is|was) (?:no|not enough) (?:\w+ )?{_THINGS}\b",
    rf"(?:no|insufficient|not enough) (?:\w+ )?{_THINGS}\b(?!.*\bby\b)",
    rf"(?:it is |this is |the answer is )?(?:not {_TOLD}|unknown|unclear|n/?a|none)\W*\Z",
)


def is_refusal(text: str, *, is_cited: bool) -> bool:
    """Whether a sentence, without its markers, says that the articles do not answer, in the agreed words or others;
    `is_cited` says that it has markers."""
    text = " ".join(text.split()).strip('"“”‘’*([ ')
    return bool(_REFUSES.match(text) or (not is_cited and _REFUSES_UNCITED.match(text)))
