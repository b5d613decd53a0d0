"""A follow-up question to one that stands alone, by a language model or by a stated rule; one in another language to
English, by a model. Pure but for the model call.

The rule. A question points back when a pronoun in it has nothing to stand for ("what did he say about it?"), when it
opens with "and" or "what about" and has few words of its own, or when it has hardly any words of its own ("why?"). A
subject with its predicate is enough, however ("who said the valve was unsafe?"), unless the question before named it.
Then the names and content words of the question before it, itself completed in the same way, are put behind it; where
a pronoun points back and the answer before is known, the names in its cited words are put there too. A question that
does not point back is left alone: a change of topic must not drag the old topic along.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag.errors import BylineError, ModelError
from rag.models import prompts
from rag.models.generating import generated
from rag.models.thoughts import without_thoughts
from rag.text.facts import read
from rag.text.language import other_language
from rag.text.lexicon import FUNCTION, stem
from rag.text.words import encodable
from rag.types import Answer, Json, LanguageModel

# Earlier turns beyond this are not looked at: what a conversation was about 20 questions ago does not complete one now.
MAX_TURNS = 20
MAX_ADDED, MAX_NAMES = 10, 3
MAX_REWRITE_CHARS, MAX_REWRITE_TOKENS = 400, 2048  # some think before they write
# A question that opens with "and" stands alone from so many content words on, with a name among them from fewer on;
# any other from 3 on, or with a name. Chosen on half of mtRAG: recall@5 .784 at 2, .795 at 3, .796 at 4 (see
# evals/follow_ups.py), and the fewer, the less a new topic without a name is mistaken for a follow-up.
OWN_WORDS, OWN_WORDS_WITH_NAME = 5, 3
ALONE_FROM = 3

# Verbs and nouns that say nothing of the topic.
_LIGHT = frozenset(
    "say says said saying tell tells told happen happens happened happening think thinks thought mean means meant know "
    "known go going went get got make made give gave given come came take took takes want wanted explain describe "
    "detail details more anything something thing things else many much long often people person please exactly "
    "really actually according old will can".split()
)
_OPENING = re.compile(
    r"^\W*(?:and|but|so|then|or|also|plus|ok(?:ay)?|well|what about|how about|what of)\b[\s,]*", re.IGNORECASE
)
_WORD = re.compile(r"[^\W_]+(?:[.’'-][^\W_]+)*")
_PERSONAL = frozenset("he him his she her hers himself herself".split())
_OTHER = frozenset("they them their theirs it its themselves itself".split())
_PEOPLE = _PERSONAL | {"they", "them", "their", "theirs", "themselves"}
_OBJECT = frozenset("him them it her".split())
_BREAK = frozenset("and but or when if after before because while since as though whether until".split())
_AUXILIARY = "is|are|was|were|be|been|did|do|does|has|have|had|will|would|can|could|may|might|should|must"
_AUXILIARIES = frozenset(_AUXILIARY.split("|"))
_PREPOSITION = "about|of|for|to|with|by|after|before|from|on|in|at|against|over|than|like|since|until|during"
_NOT_POINTING = re.compile(
    rf"\b(?:(?:{_AUXILIARY})\s+(?:not\s+)?there|there\s+(?:{_AUXILIARY})|(?:this|these)\s+(?:year|month|week|day|morning|"
    r"afternoon|evening|night|weekend|spring|summer|autumn|fall|winter|season|time|century|decade)s?|"
    r"(?:did|does|do|will|would|is|has|had)\s+it\s+(?:take|taken|seem|rain|snow)|it\s+(?:takes|took|seems)|"
    r"(?:is|was)\s+it\s+\w+\s+(?:that|to|for)|it\s+(?:is|was)\s+\w+\s+(?:that|to|for))\b",
    re.IGNORECASE,
)
_POINTING = re.compile(
    rf"\b(?:this|these|those|there|(?:which|the|that|any)\s+ones?|ones?(?=\s*\?*$)|the\s+same|else|"
    rf"the\s+(?:latter|former|others?)(?=\W*$)|(?<!\w)(?:(?:{_AUXILIARY}|{_PREPOSITION})\s+)that|"
    rf"that(?=\s*(?:[?,.]|$)|\s+(?:{_AUXILIARY})\b))\b",
    re.IGNORECASE,
)


_NOUN = r"(?:the|an?)\s+(?:(?!(?:of|and|or|to)\b)[^\W\d_]+\s+){0,2}?"
# A subject and its predicate: what somebody said or knew ("the valve was unsafe", "the dam had burst", "the mayor
# resigned"), or what is asked itself ("did the bakery close", "was the siren installed"). "Was the death toll" is none.
_CLAUSE = re.compile(
    rf"(?:\b(?:that|sa(?:id|ys?)|claim(?:s|ed)?|thinks?|thought|knows?|knew|warn(?:s|ed)?|argue[sd]?|believe[sd]?)\s+{_NOUN}"
    rf"(?P<said>\w+)\s+(?:(?:(?:{_AUXILIARY})\s+)+(?:not\s+)?(?P<of_it>\w+)|(?P<done>\w+ed)\b)"
    rf"|\b(?:did|do|does|has|have|had|will|would|can|could|may|might|should|must)\s+{_NOUN}(?P<asked>\w+)\s+"
    r"(?:(?:be|been|not|ever|now)\s+)*(?P<does>\w+)"
    rf"|\b(?:is|are|was|were)\s+{_NOUN}(?P<suffering>\w+)\s+(?:(?:being|not|ever|now)\s+)*(?P<suffers>\w+ed)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """An earlier question, and the cited words of its answer where they are known."""

    question: str
    quotes: tuple[str, ...] = ()


def turns(history: Sequence[str | Answer | Mapping[str, Any]]) -> tuple[Turn, ...]:
    """What `history` of `ask` holds, oldest first, the last `MAX_TURNS` of it.

    Each is a question, an `Answer`, or the JSON of one. BylineError for anything else, and for a bare string.
    """
    if isinstance(history, (str, Mapping, Answer)):
        raise BylineError("history is one value: give a list of the earlier questions or answers, oldest first.")
    return tuple(_turn(entry) for entry in history if entry)[-MAX_TURNS:]


def _turn(entry: str | Answer | Mapping[str, Any]) -> Turn:
    if isinstance(entry, str):
        return Turn(question=encodable(entry))
    if isinstance(entry, Answer):
        quotes = tuple(c.quote for claim in entry.claims for c in claim.citations)
        return Turn(question=entry.question, quotes=quotes)
    try:
        quotes = tuple(encodable(str(c["quote"])) for claim in entry.get("claims", ()) for c in claim["citations"])
        return Turn(question=encodable(str(entry["question"])), quotes=quotes)
    except (AttributeError, KeyError, TypeError):
        raise BylineError(
            f"history holds {str(entry)[:60]!r}: give earlier questions as text, or answers as ask printed them."
        ) from None


def understand(question: str, earlier: Sequence[Turn], model: LanguageModel | None = None) -> Json:
    """The `understood` of an answer: `question`, to be understood alone, and `because`. Empty where it stands alone.

    A `model` rewrites where there is one; what it writes is used when it is one question that brings in no name or
    figure of its own. Otherwise, and where it fails, the rule decides.
    """
    if not earlier or not question.strip():
        return {}
    if model is not None and points_back(question, _topic(earlier)):
        rewritten = rewrite(question, earlier, model)
        if rewritten is not None and rewritten.casefold() != question.strip().casefold():
            return {"question": rewritten, "because": [f"{model.name} completed the question from the earlier ones."]}
    return complete(question, earlier)


def rewrite(question: str, earlier: Sequence[Turn], model: LanguageModel) -> str | None:
    """The question as `model` completes it, or None where it fails or what it writes cannot be trusted: more than one
    line or one question, too long, or with a name or figure that occurs nowhere in the conversation."""
    history = [" ".join([turn.question, *(f"(answer: {quote})" for quote in turn.quotes[:2])]) for turn in earlier]
    text = _one_line_by(model, prompts.FOLLOW_UP_SYSTEM, prompts.follow_up_prompt(history, question))
    if not text.endswith(("?", "？", "؟")) or text.count("?") > 1:
        return None
    known = {stem(word) for word in _WORD.findall(" ".join([question, *history]))}
    telling = [*(word for name in names(text) for word in _WORD.findall(name)), *re.findall(r"\d+", text)]
    return text if all(stem(word) in known for word in telling) else None


def translate(question: str, model: LanguageModel) -> str | None:
    """The question in English by `model`, or None where it fails or what it writes cannot be trusted: more than one
    line, too long, not English, or with other figures."""
    text = _one_line_by(model, prompts.TRANSLATION_SYSTEM, prompts.one_line(question))
    figures = [sorted(re.findall(r"\d+", one)) for one in (text, question)]
    return text if text and figures[0] == figures[1] and other_language(text) is None else None


def _one_line_by(model: LanguageModel, system: str, user: str) -> str:
    """The one line that `model` writes, without its thoughts and its quotation marks; "" where it fails, or writes
    more."""
    try:
        pieces = generated(model, system, user, max_tokens=MAX_REWRITE_TOKENS)
        written = without_thoughts(pieces, at_most=2 * MAX_REWRITE_CHARS)
    except ModelError:
        return ""
    lines = written.strip().splitlines()
    text = prompts.one_line(lines[0]).strip('"“”* ') if len(lines) == 1 else ""
    text = re.sub(r"^(?:rewritten )?(?:question|translation):\s*", "", text, flags=re.IGNORECASE)
    return text if len(text) <= MAX_REWRITE_CHARS else ""


def complete(question: str, earlier: Sequence[Turn]) -> Json:
    """The rule of this module, as `understand` gives it."""
    if not earlier:
        return {}
    last, topic = earlier[-1], _topic(earlier)
    pointing = points_back(question, topic)
    if not pointing:
        return {}
    added = _news(_terms(topic), question)[:MAX_ADDED]
    named: list[str] = []
    if any(word.lower() in _PEOPLE for word in pointing):
        quoted = [name for quote in last.quotes for name in names(quote)]
        named = _news(quoted, " ".join([question, *added]))[:MAX_NAMES]
    added += named
    if not added:
        return {}
    bare = pointing == (_bare(question),)
    why = f"“{pointing[0]}” says little alone" if bare else f"{_listed(pointing)} to what was asked before"
    because = f"{why}, so words of the earlier question{' and answer' if named else ''} were added."
    return {"question": f"{question.strip()} ({', '.join(added)})", "because": [because]}


def _topic(earlier: Sequence[Turn]) -> str:
    """The last question, completed from those before it."""
    *before, last = earlier
    topic: str = complete(last.question, before).get("question", last.question)
    return topic


def points_back(question: str, before: str = "") -> tuple[str, ...]:
    """The words of `question` that only an earlier one explains, as written; the whole of a question that has hardly
    any words of its own, or whose subject the question `before` named. None for one that stands alone."""
    text = question.strip()
    found: list[tuple[int, str]] = []
    silent = [match.span() for match in _NOT_POINTING.finditer(text)]

    def counts(at: int) -> bool:
        return not any(start <= at < end for start, end in silent)

    for match in _POINTING.finditer(text):
        if counts(match.start()):
            found.append((match.start(), "that" if match[0].lower().endswith("that") else match[0]))
    found += [(at, word) for at, word in _unbound(text) if counts(at)]
    opening = _OPENING.match(text)
    own, own_names = content_words(text), names(text)
    if opening and len(own) < (OWN_WORDS_WITH_NAME if own_names else OWN_WORDS):
        found.append((0, opening[0].strip(" ,")))
    if not found and len(own) < ALONE_FROM and not own_names and not _states(text, own, before):
        found.append((0, _bare(text)))
    return tuple(dict.fromkeys(word for _, word in sorted(found)))


def _states(text: str, own: Sequence[str], before: str) -> bool:
    """Whether the question has a subject and a predicate of its own, of which nothing stands in the question before."""
    own_stems = {stem(word) for word in own}
    if own_stems & {stem(word) for word in content_words(before)}:
        return False
    return any({stem(word) for word in match.groups() if word} <= own_stems for match in _CLAUSE.finditer(text))


def _bare(question: str) -> str:
    return question.strip().rstrip("?").strip()


def _unbound(text: str) -> list[tuple[int, str]]:
    """Pronouns that nothing before them in the question can stand for, with their places.

    A name binds any pronoun after it, "the ship" only "it" and "they". But neither binds one that is the subject or an
    object of the same clause ("Which bank of Rome did he rob?", "Who told Smith about him?"): Principle B of binding
    theory (Chomsky 1981). An auxiliary right before it marks the subject of the clause that asks.
    """
    words = list(_WORD.finditer(text))
    lows = [match[0].lower() for match in words]
    name_starts = [text.find(name) for name in names(text)]
    found = []
    for n, (match, low) in enumerate(zip(words, lows, strict=True)):
        if low not in _PERSONAL and low not in _OTHER:
            continue
        starts = [at for at in name_starts if 0 <= at < match.start()]
        if low in _OTHER:
            starts += [w.start() for w, article in zip(words[:n], lows, strict=False) if article in ("the", "a", "an")]
        asks = n > 0 and lows[n - 1] in _AUXILIARIES
        owns = low in ("it", "her") and n + 1 < len(words) and lows[n + 1] not in FUNCTION
        if starts and (asks or (low in _OBJECT and not owns)):
            between = text[max(starts) : match.start()]
            # "after" in "looks after it" begins no clause: the word right before the pronoun does not count.
            if not re.search(r"[,;:]", between) and not _BREAK.intersection(
                word.lower() for word in _WORD.findall(between)[:-1]
            ):
                starts = []
        if not starts:
            found.append((match.start(), match[0]))
    return found


def content_words(text: str) -> list[str]:
    """The words that carry a topic, each once, in order, as written."""
    found: dict[str, str] = {}
    for word in _WORD.findall(text):
        low = word.lower()
        if low not in FUNCTION and low not in _LIGHT and not _OPENING.fullmatch(low):
            found.setdefault(stem(low), word)
    return list(found.values())


def names(text: str) -> list[str]:
    """Names in the text, in order, each once: runs of words with a capital that a sentence's start does not explain."""
    found: list[str] = []
    end = -1
    for item in read(text).items:
        if item.kind != "name":
            continue
        if end >= 0 and text[end : item.start] in (" ", "-"):
            found[-1] += text[end : item.end]
        else:
            found.append(text[item.start : item.end])
        end = item.end
    return list(dict.fromkeys(found))


def _terms(text: str) -> list[str]:
    """Names whole, then the other content words."""
    known = names(text)
    inside = {stem(word) for name in known for word in _WORD.findall(name)}
    return known + [word for word in content_words(text) if stem(word) not in inside]


def _news(terms: Iterable[str], text: str) -> list[str]:
    """Those terms whose last word is neither in the text nor in a term before: "Joe Biden" is no news after "Biden"."""
    known = {stem(word) for word in _WORD.findall(text)}
    fresh = []
    for term in terms:
        words = [stem(word) for word in _WORD.findall(term)]
        if words and words[-1] not in known:
            fresh.append(term)
            known.update(words)
    return fresh


def _listed(words: Sequence[str]) -> str:
    quoted = [f"“{word}”" for word in words]
    listed = " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
    return f"{listed} point{'s' if len(quoted) == 1 else ''} back"


def complete_each(parts: Sequence[str]) -> list[str]:
    """The questions asked in one, each to be understood alone: what points back is completed from the one before."""
    found: list[str] = []
    for part in parts:
        known = complete(part, [Turn(question=found[-1])]) if found else {}
        found.append(known.get("question", part))
    return found
