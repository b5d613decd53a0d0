"""Questions made into statements and statements into questions, by rule: what people's answers and claims teach beyond
what they were written for."""

from __future__ import annotations

import re

_AUX = re.compile(r"^(?:do|does|did|can|could|will|would|should|has|have|had|if|about|kind|type|else)$", re.I)
_BE = re.compile(r"^(?:is|was|are|were)$", re.I)


def claim_of(question: str, answer: str) -> str | None:
    """The statement that the answer makes of a question about the subject, None for other questions."""
    question = question.strip().rstrip("?").strip()
    words = question.split()
    if not answer or len(words) < 4 or len(answer.split()) > 8:
        return None
    lead, noun = words[0].lower(), ""
    if lead == "how" and words[1].lower() == "many":
        at, noun = 3, f" {words[2]}"
    elif lead in ("what", "which") and not (_BE.match(words[1]) or words[1].lower().endswith(("ed", "s"))):
        at = 2
    elif lead in ("who", "what", "which"):
        at = 1
    else:
        return None
    if at >= len(words) or _AUX.match(words[at]) or (at > 1 and _BE.match(words[at])):
        return None
    if {"did", "does", "do", "be", "if"} & {word.lower() for word in words[1:]}:
        return None
    if words[-1].lower() in ("to", "for", "of", "in", "from", "by", "with", "at", "on", "called", "as", "about"):
        return None
    return f"{answer[:1].upper()}{answer[1:]}{noun} {' '.join(words[at:])}."


# Past tenses that are not made with -ed, for questions with "did".
_IRREGULAR = {
    past: base
    for base, past in (
        pair.split()
        for pair in (
            "win won,write wrote,become became,begin began,take took,make made,lead led,hold held,give gave,leave left,"
            "come came,go went,get got,see saw,say said,tell told,sell sold,buy bought,fight fought,find found,"
            "lose lost,meet met,run ran,sing sang,speak spoke,stand stood,build built,grow grew,know knew,send sent,"
            "spend spent,teach taught,think thought,wear wore,fall fell,keep kept,break broke,bring brought,"
            "choose chose,draw drew,drive drove,rise rose,have had"
        ).split(",")
    )
}
_FRONTED = re.compile(r"^(?:is|was|are|were|will|can|could|would|should|might|may|must)$")
_NOT_A_VERB = re.compile(r"^(?:of|the|and|in|on|for|to|a|an|at|with|de|la|von|by|or|from|n't)$")


def yes_no(claim: str) -> str | None:
    """The question whether a simple claim is true, or None where its verb is not found."""
    words = claim.strip().rstrip(".").split()
    for i, word in enumerate(words[1:8], 1):
        if word[:1].isupper() or _NOT_A_VERB.match(word) or not word[:1].isalpha():
            continue
        rest = words[i + 1 :]
        if not rest:
            return None
        if _FRONTED.match(word) or (
            word in ("has", "had", "have") and re.search(r"(?:ed|en|wn|never|not|also)$", rest[0])
        ):
            lead = word.capitalize()
        elif word.endswith("ed") and len(word) > 4:
            lead, rest = "Did", [_undone(word), *rest]
        elif word in _IRREGULAR:
            lead, rest = "Did", [_IRREGULAR[word], *rest]
        elif word == "has" or (word.endswith("s") and not word.endswith("ss") and len(word) > 3):
            stem = (
                word[:-3] + "y"
                if word.endswith("ies")
                else re.sub(r"(?<=ss)es$|(?<=[xz])es$|(?<=[cs]h)es$|(?<=go)es$|s$", "", word)
            )
            lead, rest = "Does", ["have" if word == "has" else stem, *rest]
        else:
            return None
        subject = " ".join(words[:i])
        if subject.split()[0] in ("The", "A", "An", "There", "It", "He", "She", "In", "His", "Her", "This"):
            subject = subject[:1].lower() + subject[1:]
        return f"{lead} {subject} {' '.join(rest)}?"
    return None


def _undone(past: str) -> str:
    stem = past[:-2]
    if stem.endswith("i"):
        return stem[:-1] + "y"
    if re.search(r"([bdgmnprt])\1$", stem):
        return stem[:-1]
    silent = re.search(
        r"(?:at|iv|as|eas|ur|uc|us|in|ag|id|ir|or|ot|if|ov|ud|iz|os|ul|ut|ak|ic|v|c|u|g|dl|bl|tl|pl|rs|ns)$", stem
    )
    return stem + "e" if silent and not re.search(r"(?:[aeo][aeiou][^s]|er|en|ain|oin|ing|ong)$", stem) else stem


def subject_of(claim: str) -> str:
    """The words before the verb of a claim."""
    words = claim.split()
    at = (i for i, w in enumerate(words) if i and w[:1].islower() and not _NOT_A_VERB.match(w))
    return " ".join(words[: next(at, 2)])
