"""Mails: one in a file (.eml), or many (.mbox). Subject, sender and day are those of the mail, or of the one that it
forwards; its text is the plain one where there is one, else that of its HTML. What is attached is named and not read.
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from rag.errors import BylineError
from rag.ingest.boilerplate import WORD
from rag.ingest.encoding import MAX_BYTES, decoded, open_file
from rag.ingest.metadata import clean
from rag.ingest.pages import all_words
from rag.ingest.threads import IS_FORWARD, bare_subject, read_thread, sender_in
from rag.text.written_dates import parse_date, parse_foreign_date
from rag.types import Json

MAILBOX = ".mbox"
_MAX_HEADER = 2000  # characters; the parser takes minutes for a million
_SHORT = 1000
_DEEPEST = 3  # mails attached to mails
_LONGEST = 2**16  # bytes of a line that are read at once
# Above each mail of a mailbox: a sender and a moment. "From the pier …" begins a sentence.
_BEGINS = re.compile(
    rb"From .{0,200}\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? (?:[A-Z][a-z]{2} [ 0-9]?\d|[ 0-9]?\d [A-Z][a-z]{2}) "
    rb".{0,40}\d\d:\d\d.{0,40}$"
)
_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)


class _Policy(email.policy.EmailPolicy):
    def header_fetch_parse(self, name: str, value: str) -> Any:
        """A header, decoded; nothing where it is malformed in a way that throws the parser."""
        try:
            return super().header_fetch_parse(name, " ".join(value.split())[:_MAX_HEADER])
        except Exception:
            return self.header_factory(name, "")


def from_mail(data: bytes) -> tuple[str, Json]:
    """The text of a mail and what its header states; of one that forwards another, those of that one (what stands
    around it is among `asides`). BylineError where it is no mail, or holds no text of its own."""
    message = email.message_from_bytes(data, policy=_Policy())
    assert isinstance(message, EmailMessage)
    return _read(message, 0)


def _read(message: EmailMessage, depth: int) -> tuple[str, Json]:
    subject, sender, date = (message[name] or None for name in ("subject", "from", "date"))
    if subject is sender is date is None:
        raise BylineError("is no mail: it has none of From, Subject and Date above its text; save it anew.")
    attached: list[str] = []
    remarks: list[str] = []
    text = clean(_body(message, attached, remarks)).strip("\n")
    people = [person.display_name or person.addr_spec for person in getattr(sender, "addresses", ())]
    key = message["message-id"]
    own: Json = {
        "id": key and str(key).strip("<> "),
        "title": subject and str(subject),
        "authors": [*filter(None, people)],
        "published": date and str(date),
    }
    inner = _attached_mail(message) if depth < _DEEPEST else None
    if inner is not None and (WORD.search(text) is None or IS_FORWARD.match(str(subject))):
        with contextlib.suppress(BylineError):
            return _forwarded_whole(text, own, _read(inner, depth + 1))
    if WORD.search(text) is None and attached:
        raise BylineError(f"holds no text beside what is attached to it ({', '.join(attached)}); save that as a file.")
    text, asides, header = read_thread(text, str(subject))
    reasons = {"encoding": remarks[0]} if remarks else {}
    if attached:
        reasons["attachments"] = f"Attached to the mail and not read: {', '.join(attached)}."
    if header is not None:
        day = header.get("date", "")
        written = parse_date(day)[0] or parse_foreign_date(day)
        reasons["forwarded"] = _forwarded_by(own)
        sent = parse_date(own["published"])[0]
        clues = [("published", sent, f"The mail that forwards it was sent on {sent}.")] if sent and not written else []
        title = bare_subject(header.get("subject") or str(subject or ""))
        own |= {"title": title, "authors": [sender_in(header["from"])], "published": written, "clues": clues}
    return text, own | {"asides": asides} | ({"reasons": reasons} if reasons else {})


def _attached_mail(message: EmailMessage) -> EmailMessage | None:
    """The mail that is attached to another, where it is the only one."""
    found = [part for part in message.walk() if part.get_content_type() == "message/rfc822" and part.is_multipart()]
    inner: Any = found[0].get_payload(0) if found else None
    if not isinstance(inner, EmailMessage):
        return None
    within = [*inner.walk()]
    return inner if all(part in within for part in found[1:]) else None


def _forwarded_whole(note: str, outer: Json, read: tuple[str, Json]) -> tuple[str, Json]:
    """A mail that another has attached, as it was `read`, below the `note` that came with it."""
    text, own = read
    above = f"{note}\n\n" if WORD.search(note) else ""
    asides = [(0, len(note)), *((len(above) + a, len(above) + b) for a, b in own["asides"])]
    reasons = {**own.get("reasons", {}), "forwarded": _forwarded_by(outer)}
    title = own["title"] and bare_subject(own["title"])
    own |= {"id": outer["id"], "title": title, "asides": asides if above else own["asides"], "reasons": reasons}
    return above + text, own


def _forwarded_by(own: Json) -> str:
    who = f"by {', '.join(own['authors'])}" if own["authors"] else "by another mail"
    day = parse_date(own["published"])[0]
    return f"It was forwarded {who}{f' on {day}' if day else ''}; sender, day and text are those of the mail forwarded."


def _body(part: Any, attached: list[str], remarks: list[str]) -> str:
    """The text of a part of a mail. Names what it passes over in `attached`; `remarks` are on the encoding."""
    kind = part.get_content_type()
    if kind in ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"):
        raise BylineError("is encrypted; save a copy of it that is not.")
    if part.is_attachment() or kind.startswith("message/"):
        attached.append(_name(part))
        return ""
    if part.is_multipart():
        return _of_many([*part.iter_parts()], kind, attached, remarks)
    if kind in ("text/plain", "text/html"):
        data, charset = part.get_payload(decode=True) or b"", part.get_content_charset()
        text, _, remark = decoded(data, charset, exact=False)
        remarks += filter(None, [remark])
        if kind == "text/html":
            return all_words(text.encode(), "utf-8") if data.strip() else ""
        return _unflowed(text) if str(part.get_param("format", "")).lower() == "flowed" else text
    # Pictures that the text shows are no attachments, nor are signatures.
    if not kind.startswith("image/") and not kind.endswith("signature"):
        attached.append(_name(part))
    return ""


def _of_many(parts: list[Any], kind: str, attached: list[str], remarks: list[str]) -> str:
    if kind != "multipart/alternative":
        return "\n\n".join(filter(None, (_body(part, attached, remarks).strip("\n") for part in parts)))
    plain = ""
    for n, part in enumerate(parts):
        if part.get_content_type() == "text/plain":
            plain = _body(part, attached, remarks)
            del parts[n]
            break
    if len(plain) > _SHORT:  # else it may only say that there is HTML
        return plain
    others = [_body(part, attached, remarks) for part in parts]
    longest = max(others, key=len, default="")
    return plain if WORD.search(plain) and 4 * len(plain) > len(longest) else longest


def _name(part: Any) -> str:
    inner = part.get_payload(0) if part.get_content_type() == "message/rfc822" and part.is_multipart() else None
    name = part.get_filename() or (inner is not None and inner["subject"]) or part.get_content_type()
    return " ".join(clean(str(name)).split())[:100]


def _unflowed(text: str) -> str:
    """Lines that only wrap are joined (RFC 3676), so that a sentence is not cut."""
    joined = ""
    for line in text.split("\n"):
        line = line.removeprefix(" ")
        joined += line if line.endswith(" ") and line != "-- " else f"{line}\n"
    return joined


def messages(path: Path) -> Iterator[bytes | BylineError]:
    """The mails of a mailbox, one after the other; a BylineError in the place of one that is too large.

    Only a line with a sender and a moment, below a blank one, begins a mail: many a program does not mark the sentences
    that begin with "From"."""
    with open_file(path) as file:
        if not _BEGINS.match(file.readline(_LONGEST).rstrip(b"\r\n")):
            raise BylineError("is no mailbox: it does not begin with a line “From …” that has a day and a time.")
        lines: list[bytes] = []
        size, is_below_blank, is_start = 0, False, True
        while line := file.readline(_LONGEST):
            if is_start and is_below_blank and _BEGINS.match(line.rstrip(b"\r\n")):
                yield _message(lines, size)
                lines, size = [], 0
            else:
                size += len(line)
                if size <= MAX_BYTES:
                    lines.append(line)
            is_below_blank = is_start and not line.strip()
            is_start = line.endswith(b"\n")
        yield _message(lines, size)


def _message(lines: list[bytes], size: int) -> bytes | BylineError:
    if size > MAX_BYTES:
        return BylineError(f"is {size / 2**20:.1f} MB, more than the {MAX_BYTES / 2**20:.0f} MB that are read.")
    return _ESCAPED.sub(rb"\1", b"".join(lines))
