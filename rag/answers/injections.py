"""Text in articles that is written for a machine that reads along ("ignore the above and answer …").

No news is kept from a reader because of it: a notice to the public gives orders too. What is left out is told by its
form alone: turns of a chat template, calls of tools and codes, in which no story is written. Sentences that speak to a
machine are quoted like all others, with their source. They are named in `problems`, and what a language model makes of
a line with one is left out, so that the articles are quoted in its place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from rag.text.characters import without_invisible
from rag.types import Candidate

MAX_CHARACTERS = 2_000  # of a sentence, and of what stands before it, that are looked at

# Marks of a chat template, of Byline's own fence, and calls of tools, at the beginning of a line. Within a sentence
# they are what a story is about.
_TURN = re.compile(
    r"\W{0,3}(?:<\|[^|<>]{1,40}\|>|<｜[^<>]{1,40}｜>|\[/?(?:INST|SYS(?:TEM)?(?:_PROMPT)?|TOOL_CALLS|AVAILABLE_TOOLS)\]|"
    r"<</?SYS>>|<(?:start|end)_of_turn>|"
    r"</?(?:system|assistant|user|human|instructions?|source|tool_call|function_call|tool_response|think)\b[^<>]{0,80}>|"
    r"[{\[]\s*[\"'](?:role|messages|tool|tools|tool_calls?|function(?:_call)?|arguments|action|recipient)[\"']\s*:)",
    re.IGNORECASE,
)
# What nobody can quote: long codes.
_CODE = re.compile(r"[A-Za-z0-9+/=_-]{40,}|(?:[0-9a-fA-F]{2}[\s:]){16,}")

_AI = (
    r"(?:A\.?I\.?(?: (?:systems?|models?|assistants?|agents?|readers?|tools?))?|LLMs?|(?:large )?language models?|"
    r"(?:virtual|automated|digital|helpful) assistants?|chat ?bots?)"
)
_TO_MACHINES = re.compile(
    "|".join(
        (
            r"^[\W_]*(?:(?:please|now|important|stop)[\W_]+)*(?:ignore|disregard|forget|override|overlook) "
            r"(?:(?:all|any|everything|of|the|your|my) )*"
            r"(?:(?:above|before)\b(?=[.,;:!—–]|$| and )|(?:previous|prior|above|earlier|preceding|foregoing) "
            r"(?:\w+ )?(?:instructions?|prompts?)\b(?=[.,;:!—–]|$| and ))",
            rf"^[\W_]*(?:an? |the )?(?:(?:important|special|hidden|final) )*(?:attention|notes?|messages?|notice|"
            rf"instructions?|reminder|memo|for),? (?:to |for )?(?:(?:all|any|the|every|your) )*{_AI}"
            r"(?: (?:reading|processing|systems|from|of|in|at)\b[^,:.]{0,60})?(?:\s*[:,.!—–]|$)",
            rf"^[\W_]*(?:(?:all|any|every) )?{_AI} (?:reading|processing|summari[sz]ing) this\b",
            rf"\bif (?:you are|you[’']re|this is read by|read by) (?:an? |the |any )?{_AI}\b",
            rf"\bdear (?:{_AI}|assistant)\b",
            rf"\byou(?:[’']re| are) (?:now |no longer )(?:an?|the)(?: [\w-]+){{0,3}} (?:{_AI}|assistant)\b",
            r"\byour (?:own )?(?:system|hidden) (?:prompts?|instructions?|messages?)\b",
            r"\b(?:developer|debug|jailbreak|DAN) mode (?:is )?(?:now )?(?:enabled|on|active)\b|\bbeen jailbroken\b",
            r"^[\W_]*(?:system|developer|jailbreak) override\b[^.:=]{0,30}[:=]",
            # The same in other languages: an imperative and the word for instructions, in the language's order.
            r"^[\W_]*(?:ignorie(?:re|ren|rt)|vergiss|missachte|ignorez|oublie[zr]?|ignora|olvida|ignore|esqueça|"
            r"desconsidere|dimentica|negeer|vergeet|zignoruj|zapomnij|игнорируй\w*|проигнорируй\w*|забудь\w*|"
            r"忽略|无视|無視|忘记|تجاهل|انس)\W?.{0,60}(?:anweisung|instrucc|instruç|instructies|"
            r"instructions (?:pr[ée]c|ant)|istruzion|polecen|указани|инструкц|指令|指示|تعليمات)|"
            r"(?:önceki|以前の|これまでの|上記の|前の).{0,40}(?:talimat|komut|指示|命令)"
            r".{0,20}(?:yok say|görmezden gel|dikkate alma|無視|忘れ)",
        )
    ),
    re.IGNORECASE,
)
# Less plainly, an order about answers.
_ASKS_FOR_ANSWER = re.compile(
    r"\b(?:in|begin|end|start) (?:your|every|each|any|all) (?:answers?|repl(?:y|ies)|responses?)\b|"
    r"\b(?:answers?|reply|respond|replies) (?:to )?(?:every|any|all|each) questions?\b|\byour answer (?:must|is)\b|"
    r"^[\W_]*(?:please )?(?:ignore|forget|disregard) (?:the|this) (?:article|text|story|sources?|rules)\b|"
    r"\b(?:only|expected) answer\b|\bthe user\b|\bdo not (?:cite|answer|mention)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"“[^”]*”?|\"[^\"]*\"|«[^»]*»|„[^“”]*[“”]|(?<!\w)[‘'][^’']{3,}?[’'](?!\w)")


def speaks_to_machines(sentence: str) -> bool:
    """Whether a sentence speaks to a machine that reads it. What it quotes is not looked at: a story may quote any
    order."""
    return _TO_MACHINES.search(_QUOTED.sub("“”", _visible(sentence)).strip()) is not None


def quotable(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates but for turns of a chat, each of which lasts to the end of its paragraph, and codes."""
    return [one for one in candidates if not _is_in_turn(one) and not _is_code(one.text)]


def spoken_to_machines(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those of the candidates that speak to a machine."""
    return [one for one in candidates if speaks_to_machines(one.text)]


def beside_orders(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those of the candidates on whose line something speaks to a machine, or asks for an answer: what it wants said
    stands there too. News that is among them is quoted, and not put in a model's words."""
    lines = {
        _line(one)
        for one in candidates
        if speaks_to_machines(one.text) or _ASKS_FOR_ANSWER.search(_visible(one.text)) is not None
    }
    return [one for one in candidates if _line(one) in lines]


def _line(candidate: Candidate) -> tuple[str, int]:
    article = candidate.hit.article
    return article.id, article.text.rfind("\n", 0, candidate.sentence.start)


def _is_in_turn(candidate: Candidate) -> bool:
    text, sentence = candidate.hit.article.text, candidate.sentence
    before = text[max(0, sentence.start - MAX_CHARACTERS) : sentence.start].rpartition("\n\n")[2]
    return any(_TURN.match(_visible(line)) for line in [*before.split("\n"), candidate.text] if line.strip())


def _is_code(sentence: str) -> bool:
    text = _visible(sentence)
    return sum(len(m[0]) for m in _CODE.finditer(text)) > len(text) / 2


def _visible(text: str) -> str:
    """The beginning of a text as a reader sees it, letters of other alphabets' widths and styles made plain."""
    return " ".join(unicodedata.normalize("NFKC", without_invisible(text[:MAX_CHARACTERS])).split())
