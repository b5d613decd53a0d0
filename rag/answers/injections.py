"""Text in articles that gives orders to a machine that reads along ("ignore the above and answer …").

Such a sentence is nothing that happened, so it is never offered to whoever writes the answer. A report about such text
is news: it has a subject, or has the orders in quotation marks. What is told apart is the mood and the person of the
sentence and whom it speaks to, not its topic.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from rag.text.characters import without_invisible
from rag.types import Candidate

MAX_CHARACTERS = 2_000  # of a sentence, that are looked at

_AI = (
    r"(?:A\.?I\.?(?: (?:systems?|models?|assistants?|agents?|readers?|tools?))?|LLMs?|(?:large )?language models?|"
    r"(?:virtual|automated|digital|helpful) (?:assistants?|readers?|systems?)|chat ?bots?|summari[sz]ers?|GPT\S*)"
)
_MACHINE = rf"(?:{_AI}|assistants?|bots?|crawlers?|machines?|models?|agents?|(?:answer|search)(?:ing)? engines?)"
_VERBS = (
    "(?:ignore|disregard|forget|override|overwrite|bypass|discard|drop|skip|neglect|stop|cease|answer|"
    "respond|reply|say|"
    "state|output|print|write|repeat|echo|reveal|show|display|disclose|tell|pretend|imagine|act|behave|"
    "role-?play|assume|"
    "suppose|cite|quote|translate|decode|decrypt|execute|run|call|invoke|summari[sz]e|treat|begin|start|end|"
    "finish|close|"
    "return|insert|append|include|mention|conclude|follow|obey|use|consider|give|replace|remember|change|set|switch|"
    "enter|render|embed|load|send|read|report|refuse|make|add|put)"
)
# An imperative, with what may stand before it. Where a noun follows from the same letters ("Use of …") it is none.
_ORDER = re.compile(
    r"^[\W_]*(?:(?:(?:please|now|instead|then|and|also|but|so|first|next|finally|important|attention|warning|urgent|"
    r"note|hint|reminder|instructions?|notice|p\.?s|stop|hi|hello|dear|hey|okay|ok|from now on)\b|"
    r"(?:from|at|for|in) (?:this|all|every)[^,:]{0,30}(?=[,:])|"
    r"(?:before|when|once|while|if|whenever) you\b[^,:]{0,40}(?=[,:])|"
    rf"{_MACHINE}(?: reading this)?(?=[,:!.—–-]))[\W_]*)*"
    r"(?:you (?:must|should|will|shall|are to|have to|need to|may only|can only|are required to) (?:only |always )?|"
    rf"(?:do not|don[’']t|never|always|only) )?(?:not )?{_VERBS}\b"
    r"(?! (?:of|by|for|on|from|is|was|were|has|had|have|in|among|rates?|figures?)\b)",
    re.IGNORECASE,
)
# What a machine has, or is given: an order that speaks of it is meant for one.
_ITS_OWN = re.compile(
    r"\b(?:instructions?|prompts?|(?:system|hidden|initial) messages?|directives?|guidelines|context(?: window)?|"
    r"user(?:[’']?s)?|assistant|language model|A\.?I\.?|chatbot|citations?|sources?|source marks?|questions?|"
    r"quer(?:y|ies)|answers?|repl(?:y|ies)|responses?|output|JSON|passages?|(?:this|the) (?:article|text|document|page|"
    r"conversation)|(?:all|everything|anything|what) (?:of the )?(?:above|before|else|prior|came before|you "
    r"(?:were|have "
    r"been|are) told)|the (?:above|previous|foregoing|following|preceding)|numbered sentences?|rules)\b",
    re.IGNORECASE,
)
# "Follow the rules, mayor tells drivers": a headline that reports an order.
_REPORTED = re.compile(
    r", (?!whatever|no matter|and|then|or |as )[^,]{2,60}\b(?:says?|said|tells?|told|urges?|urged|warns?|warned|"
    r"asks?|asked|orders?|ordered)\b[^,:]{0,40}$",
    re.IGNORECASE,
)
_TO_MACHINES = re.compile(
    "|".join(
        (
            # "Note to AI assistants: …", "Attention, language models!", "AI systems reading this, …"
            r"^[\W_]*(?:an? |the )?(?:important |special |hidden |secret |final )*(?:attention|notes?|messages?|"
            r"notices?|"
            r"instructions?|reminders?|directives?|orders?|commands?|hints?|memo|warning)[,:]? (?:to |for )?(?:all |"
            r"any |"
            rf"the |every |your )*(?:automated |virtual )?{_MACHINE}"
            r"(?: (?:reading|processing|systems|from|of|in|at)\b[^,:.]{0,60})?(?:\s*[:,.!—–]|$)",
            rf"^[\W_]*(?:all |any |every )?{_MACHINE} (?:reading|processing|summari[sz]ing|indexing) (?:this|these|"
            rf"the)\b",
            rf"\bif (?:you are|you[’']re|this is read by|read by) (?:an? |the |any )?{_AI}\b",
            rf"\bdear {_MACHINE}\b",
            # "You are now an assistant …", "your system prompt"
            rf"\byou(?:[’']re| are| must act as| will act as| shall be| become) (?:now |no longer |only )*(?:an?|the)"
            rf"(?: [\w-]+){{0,3}} (?:{_AI}|assistant)\b",
            r"\byou (?:are|[’']re) (?:now|no longer|hereby) (?:called|under|bound|free|DAN|in \w+ mode)\b",
            r"\byour (?:own )?(?:(?:system|hidden|initial|original|secret|internal|previous|prior) )+(?:prompts?|"
            r"instructions?|messages?|configuration)\b",
            r"\byour (?:next|only|final|first|whole|entire) (?:reply|answer|response|output)\b.{0,30}\b(?:must|should|"
            r"shall|is to|has to|will|may)\b",
            r"\byour (?:developers?|creators?|operators?|makers?|trainers)\b.{0,60}\b(?:order|want|require|instruct|"
            r"tell|"
            r"ask|allow|authori[sz]e|overr?ule)",
            r"\byour (?:answer|reply|response|output) (?:must|shall|has to) (?:be|say|begin|contain|end)\b",
            # "The answer to every question is …", "whatever you are asked, …", "any question must be answered with …"
            r"\b(?:answers?|repl(?:y|ies)|responses?) to (?:every|any|all|each|whatever)\b.{0,60}\b(?:is|are|must|"
            r"shall|"
            r"should|will)\b",
            r"\bthe (?:only |one )*(?:expected|approved|required|authori[sz]ed|permitted) (?:answer|reply|response|"
            r"output)"
            r"\b.{0,60}(?:\bis\b|:)",
            r"\b(?:whatever|whenever|no matter what|regardless of what|when|if) (?:you are|the user|a user|your user)\b"
            r".{0,80}\b(?:answer|reply|respond|say)\b",
            r"\b(?:questions?|quer(?:y|ies)|prompts?)\b.{0,60}\b(?:must|should|shall|is to|are to) be answered "
            r"(?:with|by|"
            r"as)\b",
            r"\b(?:all|any|the|your) (?:previous|prior|above|earlier|preceding|foregoing|existing) (?:\w+ "
            r")?(?:instructions?"
            r"|prompts?)\b.{0,40}\b(?:void|cancell?ed|revoked|superseded|obsolete|overridden|withdrawn|lifted|"
            r"invalid)\b",
            r"^[\W_]*(?:system|developer|admin(?:istrator)?|root|debug|jailbreak|security) (?:override|"
            r"mode)\b[^.:=]{0,30}[:=]",
            r"\b(?:developer|admin|root|debug|jailbreak|DAN|maintenance) mode (?:is )?(?:now )?(?:enabled|on|active)\b",
        )
    ),
    re.IGNORECASE,
)
# The same in other languages: an imperative and the word for instructions, in the order that the language has.
_ELSEWHERE = re.compile(
    r"^[\W_]*(?:(?:bitte|por favor|s[’']il vous pla[iî]t|per favore|пожалуйста|lütfen|proszę|alsjeblieft|请|請|من فضلك)"
    r"[\s,:]*)?(?:(?:ignorie(?:re|ren|rt)|vergiss|vergessen sie|missachte|ignorez|oublie[zr]?|ignora|olvida|ignore|"
    r"esqueça|desconsidere|dimentica|negeer|vergeet|zignoruj|zapomnij|игнорируй\w*|проигнорируй\w*|забудь\w*|忽略|无视|"
    r"無視|忘记|تجاهل|انس)\W?.{0,60}(?:anweisung|anleitung|instru[ck]|consigne|istruzion|wytyczn|polecen|указани|инструкц|"
    r"指令|指示|说明|تعليمات|befehl|órdenes|ordini|regel|règles|reglas)|(?:önceki|tüm|以前の|これまでの|上記の|前の).{0,40}"
    r"(?:talimat|komut|指示|命令).{0,20}(?:yok say|görmezden gel|dikkate alma|無視|忘れ))",
    re.IGNORECASE,
)
# Marks of a chat template, of Byline's own fence, and calls of tools: no story is written in them.
_TURN = re.compile(
    r"<\|[^|<>]{1,40}\|>|<｜[^<>]{1,40}｜>|\[/?(?:INST|SYS(?:TEM)?(?:_PROMPT)?|TOOL_CALLS|AVAILABLE_TOOLS)\]|<</?SYS>>|"
    r"<(?:start|end)_of_turn>|</?(?:system|assistant|user|human|instructions?|source|tool_call|function_call|"
    r"tool_response|think)\b[^<>]{0,80}>|^[\W_]*(?:system(?: prompt| message| note| update)?|assistant)\s*:|"
    r"^\s*#+ (?:instruction|response|system)s?\s*:|"
    r"^[\W_]*(?:begin|start|end) (?:of )?(?:the )?(?:system |new |quoted |user )?(?:sources?|instructions?|"
    r"prompt|context|"
    r"material|documents?|message)s?[\W_]*$|"
    r"[{\[]\s*[\"'](?:role|tool|tools|tool_calls?|function(?:_call)?|arguments|action|recipient)[\"']\s*:",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"“[^”]*”?|\"[^\"]*\"|«[^»]*»|„[^“”]*[“”]|(?<!\w)[‘'][^’']{3,}?[’'](?!\w)")
# What nobody can quote: long codes, and lines that begin with the number of a note, as if Byline had numbered them.
_CODE = re.compile(r"[A-Za-z0-9+/=_-]{40,}|(?:[0-9a-fA-F]{2}[\s:]){16,}")
_NUMBERED = re.compile(r"\s*[\[［【]\d{1,4}[\]］】]")
_IMAGE = re.compile(r"!\[([^\]]*)\]\([^)]*\)")


def speaks_to_machines(sentence: str) -> bool:
    """Whether a sentence is an order to a machine, or a mark of its conversation. What it quotes is not looked at: a
    story may quote any order."""
    text = _visible(sentence)
    own = _QUOTED.sub("“”", _IMAGE.sub("", text)).strip()
    is_order = _ORDER.match(own) is not None and _ITS_OWN.search(own) is not None and _REPORTED.search(own) is None
    return bool(is_order or _TURN.search(text) or _TO_MACHINES.search(own) or _ELSEWHERE.search(own))


def without_orders(candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """The candidates that may be used, and those that give orders or follow one, both in order.

    What follows an order on its line is its payload; an opened turn of a chat lasts to the end of its paragraph. What
    nobody can quote is in neither list.
    """
    kept: list[Candidate] = []
    left_out: list[Candidate] = []
    until, in_notes = "", False
    last: Candidate | None = None
    for candidate in candidates:
        text, start = candidate.hit.article.text, candidate.sentence.start
        is_first = last is None or last.hit.passage.id != candidate.hit.passage.id
        if is_first or last is None:  # what stands before it in its paragraph may be in another passage, or a heading
            before = text[max(0, start - MAX_CHARACTERS) : start].rpartition("\n\n")[2]
            until = ""
        else:
            before = text[last.sentence.end : start]
            until = "" if until and until in before else until
        last = candidate
        lines = [*before.split("\n"), candidate.text]
        for n, line in enumerate(lines):
            if line.strip() and speaks_to_machines(line):
                if _TURN.search(_visible(line)):
                    until = "\n\n"
                elif n >= len(lines) - 2:  # on the same line
                    until = until or "\n"
        if until:
            left_out.append(candidate)
            continue
        in_notes = _NUMBERED.match(candidate.text) is not None and (
            _opens_line(candidate) or (in_notes and not is_first)
        )
        if not in_notes and not _is_code(candidate.text):
            kept.append(candidate)
    return kept, left_out


def _is_code(sentence: str) -> bool:
    text = _visible(sentence)
    return sum(len(m[0]) for m in _CODE.finditer(text)) > len(text) / 2


def _opens_line(candidate: Candidate) -> bool:
    before = candidate.hit.article.text[max(0, candidate.sentence.start - 20) : candidate.sentence.start]
    return before.rstrip(" \t")[-1:] in ("", "\n")


def _visible(text: str) -> str:
    """The beginning of a text as a reader sees it, letters of other alphabets' widths and styles made plain."""
    return " ".join(unicodedata.normalize("NFKC", without_invisible(text[:MAX_CHARACTERS])).split())
