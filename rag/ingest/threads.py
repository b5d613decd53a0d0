"""What a mail carries of other mails: one that it forwards, with its sender, day and text; and what it replies to.

Mail programs write both as plain lines, each in its own way and in the reader's language. What is forwarded is the
story; what is quoted for a reply stays in the text and is marked, and so are notes above a forwarded mail, signatures,
and the lines that say who wrote what.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rag.types import Span


class Thread(NamedTuple):
    """`text` with what of it is no story; `header` of the mail that is forwarded (from, date, subject), None where none
    is."""

    text: str
    asides: tuple[Span, ...]
    header: Mapping[str, str] | None


_LABELS = {
    "from": "from|von|de|da|van|från|fra|od",
    "date": "date|sent|datum|gesendet|envoyé|fecha|enviado(?: el)?|data|inviato|verzonden|skickat|dato|sendt|wysłano",
    "subject": "subject|betreff|objet|asunto|oggetto|assunto|onderwerp|ämne|emne|temat",
    "to": "to|an|à|para|a|aan|till|til|destinataires?|do",
    "other": "b?cc|kopie|copie|kopia|copia|reply-to|antwort an|répondre à|organi[sz]ation|importance|attachments?",
}
_LABEL = re.compile(
    rf"(?i)[*_]{{0,2}}(?:{'|'.join(f'(?P<{field}>{names})' for field, names in _LABELS.items())})[*_]{{0,2}}"
    r"[^\S\n]?:[*_]{0,2}(?P<value>(?:\s.*)?)"
)
_FORWARDED = (
    "forwarded message|forwarded mail|forwarded by .{1,60}|weitergeleitete nachricht|message transféré"
    "|message réexpédié|mensaje reenviado|messaggio inoltrato|mensagem encaminhada|doorgestuurd bericht"
    "|vidarebefordrat meddelande|videresendt meddelelse|wiadomość przekazana dalej"
)
_ORIGINAL = (
    "original message|original appointment|ursprüngliche nachricht|message d.origine|message original|mensaje original"
    "|messaggio originale|mensagem original|oorspronkelijk bericht|ursprungligt meddelande|oprindelig meddelelse"
)
_MARK = re.compile(
    rf"(?i)(?:[-_=]{{2,}}\s*(?:(?P<forwarded>{_FORWARDED})|{_ORIGINAL})\s*[-_=]*"
    r"|(?P<begun>begin forwarded message|anfang der weitergeleiteten nachricht|inicio del mensaje reenviado"
    r"|début du message (?:réexpédié|transféré)|inizio messaggio inoltrato|início da mensagem encaminhada)\s?:"
    r"|[_-]{10,})"
)
IS_FORWARD = re.compile(r"(?i)\s*\[?(?:fwd?|wg|tr|rv|enc|i|doorst|vb|vs|pd)\s?:")
"""How the subject of a mail begins that forwards another."""
_PREFIXES = re.compile(r"(?i)(?:\s*\[?(?:fwd?|wg|tr|rv|enc|i|doorst|vb|vs|pd|re|aw|sv|antw|odp|r)\s?:)+\s*")
_ATTRIBUTION = re.compile(
    r"(?is)(?:on|le|am|el|il|op|den|em|w dniu)\s(?=.*(?:\d{1,2}[:.h]\d\d|@|\d{4})).{5,240}"
    r"\b(?:wrote|a écrit|schrieb.*|escribió|ha scritto|schreef.*|skrev.*|escreveu|napisał.*)\s?:"
    r"|[^\n]{1,120}[<(]\S+@\S+[>)][^\n]{0,80}:"
)
_QUOTED = re.compile(r"\s?>")
_SIGNED = re.compile(r"--\s?")
_SENT_FROM = re.compile(
    r"(?i)(?:sent from (?:my |the )?.{2,40}|get outlook for .{2,20}|von meinem .{2,30} gesendet|envoyé de mon .{2,30}"
    r"|enviado desde mi .{2,30})"
)
_WORD = re.compile(r"[^\W_]")
_LONGEST_SIGNATURE = 12  # lines
_WRAPPED = 3  # lines of a header's value


class _Block(NamedTuple):
    """The header of another mail in lines `first` to `body`, where its text begins. `depth` is how deeply it is
    quoted."""

    first: int
    body: int
    fields: dict[str, str]
    is_forward: bool
    depth: int


def read_thread(text: str, subject: str) -> Thread:
    """The text of a mail with `subject` as a thread."""
    lines = text.split("\n")
    story, header, below = _story(lines, subject)
    if header is not None and header.depth:
        lines[story:] = [_unquoted(line, header.depth) for line in lines[story:]]
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    text = "\n".join(lines)
    marked = [(0, story), *_not_said(lines, story, below, subject), (below, len(lines))]
    asides = [(starts[a], min(starts[b], len(text))) for a, b in marked if b > a]
    asides = [(a, a + len(text[a:b].rstrip("\n"))) for a, b in asides if text[a:b].strip()]
    return Thread(text, tuple(asides), header.fields if header is not None else None)


def bare_subject(subject: str) -> str:
    """A subject without the signs of replies and of forwarding before it."""
    return _PREFIXES.sub("", subject, count=1) if _PREFIXES.match(subject) else subject


def sender_in(value: str) -> str:
    """The name in the From line of a header that stands in a text, else its address."""
    name, _, rest = re.sub(r"(?i)\[mailto:\S*\]", "", value).partition("<")
    name = name.strip(" *_\"'“”")
    return name or rest.strip("<> ")


def _story(lines: list[str], subject: str) -> tuple[int, _Block | None, int]:
    """The line at which the story begins, the header above it where it is forwarded, and the line at which the mail
    begins that is replied to."""
    story, header = 0, None
    for block in _blocks(lines):
        if block.first < story:
            continue
        nothing_above = not any(_WORD.search(line) for line in lines[story : block.first])
        if not (block.is_forward or nothing_above or IS_FORWARD.match(subject)):
            return story, header, block.first
        if not any(_WORD.search(line) for line in lines[block.body :]):
            break
        story, header, subject = block.body, block, block.fields.get("subject", "")
    return story, header, len(lines)


def _blocks(lines: list[str]) -> Iterator[_Block]:
    n = 0
    while n < len(lines):
        mark = _MARK.fullmatch(_unquoted(lines[n]).strip())
        first = n
        if mark is not None:
            n += 1
            while n < len(lines) and not _unquoted(lines[n]).strip():
                n += 1
        fields, body = _header(lines, n)
        is_told = mark is not None and bool(mark["forwarded"] or mark["begun"])
        needed = {"from"} if is_told else {"from", "date"}
        if needed <= fields.keys() and len(fields) >= (2 if mark is not None else 3):
            yield _Block(first, body, fields, is_told, _depth(lines[n]))
            n = body
        elif mark is None:
            n += 1


def _header(lines: list[str], n: int) -> tuple[dict[str, str], int]:
    """The labelled lines from line `n` on, by what they say, and the line behind them."""
    fields: dict[str, str] = {}
    last = ""
    end = n
    while n < len(lines):
        line = _unquoted(lines[n]).strip()
        label = _LABEL.fullmatch(line)
        if label is not None:
            last = next(field for field in _LABELS if label[field] is not None)
            if last in fields and last != "other":
                break
            fields[last] = label["value"].strip()
            end = n + 1
        elif line and not (last and end == n and _is_wrapped(lines, n)):
            break
        elif line:
            fields[last] = f"{fields[last]} {line}"
            end = n + 1
        elif not fields:
            break
        n += 1
    while end < len(lines) and not _unquoted(lines[end]).strip():
        end += 1
    return fields, end


def _is_wrapped(lines: list[str], n: int) -> bool:
    """Whether a line goes on with the value above it: another label follows soon, with no blank line before it."""
    for line in lines[n + 1 : n + 1 + _WRAPPED]:
        if not (line := _unquoted(line).strip()):
            return False
        if _LABEL.fullmatch(line):
            return True
    return False


def _not_said(lines: list[str], story: int, below: int, subject: str) -> Iterator[Span]:
    """The runs of lines of the story that its sender did not write for it: quotations with the line above them that
    says whose they are, and the signature."""
    if all(_QUOTED.match(line) for line in lines[story:below] if _WORD.search(line)):
        return
    n = story
    while n < below:
        if _QUOTED.match(lines[n]):
            first = _with_attribution(lines, story, n)
            while n < below and (_QUOTED.match(lines[n]) or not lines[n].strip()):
                n += 1
            yield first, n
        elif _SIGNED.fullmatch(lines[n]) and below - n <= _LONGEST_SIGNATURE:
            yield n, below
            return
        elif _SENT_FROM.fullmatch(lines[n].strip()):
            yield n, n + 1
            n += 1
        elif _is_attribution(lines[n : n + 2]) and not IS_FORWARD.match(subject) and _PREFIXES.match(subject):
            if not any(_QUOTED.match(line) for line in lines[n:below]):
                yield n, below  # a program that marks no line
                return
            n += 1
        else:
            n += 1


def _is_attribution(lines: list[str]) -> bool:
    joined = " ".join(" ".join(lines).split())
    return _ATTRIBUTION.fullmatch(" ".join(lines[0].split())) is not None or _ATTRIBUTION.fullmatch(joined) is not None


def _with_attribution(lines: list[str], story: int, n: int) -> int:
    """The line at which begins what belongs to the quotation in line `n`."""
    last = n
    while last > story and not lines[last - 1].strip():
        last -= 1
    top = last
    while top > max(story, last - _WRAPPED) and lines[top - 1].strip():
        top -= 1
    for first in range(top, last):
        if _ATTRIBUTION.fullmatch(" ".join(" ".join(lines[first:last]).split())):
            return first
    return n


def _depth(line: str) -> int:
    return len(re.findall(">", (re.match(r"(?:\s?>)*", line) or [""])[0]))


def _unquoted(line: str, depth: int = 99) -> str:
    """A line without the signs of quotation before it, at most `depth` of them."""
    for _ in range(depth):
        if (sign := re.match(r"\s?>[^\S\n]?", line)) is None:
            break
        line = line[sign.end() :]
    return line
