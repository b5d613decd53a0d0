"""Files that were built to harm whoever reads them: bombs, depth, loops, length, and names that are paths."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import os
import random
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rag import Library
from tests.campaigns.common import HASHING, More
from tests.campaigns.reading import count, measured
from tests.reading import STORY, put
from tests.test_documents import ODT, epub, odt, rtf
from tests.test_pdf import make_pdf
from tests.test_word import document, rewritten, saved

MB = 2**20
PLAIN = STORY.encode("ascii", "ignore").decode()
BILLION = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
LAUGHS = f'<!DOCTYPE x [<!ENTITY e0 "{"ha" * 20}">{BILLION}]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
NEWSML = f"<contentSet><inlineData contenttype='text/plain'>{STORY}</inlineData></contentSet>"


def build(folder: Path) -> list[Path]:
    """A hundred or so hostile files, and what reading must not leave the folder for."""
    made = [put(folder / f"{n:03}-{name}", data) for n, (name, data) in enumerate(plain())]
    made += [*documents(folder), *places(folder)]
    return made


def plain() -> Iterator[tuple[str, str | bytes]]:
    yield from deep()
    yield from long()
    yield from marked_up()
    yield from packed()
    for n, chance in ((n, random.Random(n)) for n in range(4)):
        noise = chance.randbytes(200_000)
        for suffix in ("txt", "pdf", "docx", "csv.gz"):
            yield f"noise{n}.{suffix}", {"pdf": b"%PDF-1.7\n", "docx": b"PK\x03\x04"}.get(suffix, b"") + noise


def deep() -> Iterator[tuple[str, str | bytes]]:
    """What lies a hundred thousand levels deep."""
    n = 100_000
    yield "deep-lists.json", "[" * n + "]" * n
    yield "deep-open.json", "[" * n
    yield "deep-objects.json", '{"a":' * n + "1" + "}" * n
    yield "deep-text.json", '{"title": "x", "text": ' + '{"text":' * n + '"y"' + "}" * (n + 1)
    yield "deep-lines.jsonl", ("[" * 2_000 + "]" * 2_000 + "\n") * 50
    yield "deep-divs.html", f"<html><body>{'<div>' * n}{STORY}"
    yield "deep-tables.html", "<table><tr><td>" * 20_000 + STORY
    yield "deep-bold.html", f"<p>{'<b>' * n}{STORY}"
    yield "deep-lists.html", "<ul><li>" * 20_000 + STORY
    yield "deep.xml", "<rss>" + "<a>" * n + "</a>" * n + "</rss>"
    yield "deep-quotes.txt", ">" * n + " " + STORY
    yield "deep-quotes.md", "> " * n + STORY
    yield "deep-front.md", f"---\na: {'[' * n}\n---\n{STORY}"
    yield "deep-keys.md", "---\n" + "".join(f"{' ' * k}a:\n" for k in range(2_000)) + f"---\n{STORY}"
    yield "anchors.md", "---\n" + aliases() + f"---\n{STORY}"
    yield "deep-groups.rtf", "{\\rtf1 " + "{" * n + STORY
    yield "parts.eml", nested_mail(2_000)
    yield "messages.eml", "Content-Type: message/rfc822\n\n" * 5_000 + STORY
    yield "deep-headings.md", "\n".join(f"{'#' * k} x" for k in range(1, 4_000))
    yield "deep-cue.vtt", "WEBVTT\n\n00:00.000 --> 00:01.000\n" + "<v a>" * n + STORY


def long() -> Iterator[tuple[str, str | bytes]]:
    """Lines, names and lists without end."""
    for suffix in ("txt", "md", "html", "csv", "jsonl", "vtt", "srt", "eml", "mbox", "rtf"):
        yield f"one-line.{suffix}", "ferry " * 500_000
    yield "letter.txt", "a" * 20 * MB
    yield "spaces.txt", " " * 20 * MB + STORY
    yield "newlines.txt", "\n" * 10 * MB + STORY
    yield "commas.csv", "title,text" + "," * 3_000_000 + "\na,b\n"
    yield "quote.csv", 'title,text\n"' + "x,y\n" * 2_000_000
    yield "rows.csv", "title,text\n" + "a,\n" * 300_000
    yield "digits.json", '{"title": "x", "published": ' + "9" * 200_000 + f', "text": {json.dumps(STORY)}}}'
    yield "exponent.json", f'[{{"title": 1e999999999, "published": -1e308, "text": {json.dumps(STORY)}}}]'
    yield "keys.json", json.dumps([{f"key{n}": "x" for n in range(100_000)}])
    yield "headers.eml", "".join(f"X-{n}: y\n" for n in range(200_000)) + "\n" + STORY
    yield "subject.eml", "Subject: " + "=?utf-8?q?x?= " * 50_000 + f"\n\n{STORY}"
    yield "received.eml", "From: " + "a@b," * 300_000 + f"\n\n{STORY}"
    yield "from.mbox", "From \n" * 300_000
    yield "cues.srt", "".join(f"{n}\n00:00:01,000 --> 00:00:02,000\nx\n\n" for n in range(100_000))
    yield "time.vtt", "WEBVTT\n\n" + "9" * 50_000 + ":00.000 --> 1:00.000\n" + STORY
    yield "dots.txt", ". " * 1_000_000
    yield "quotes.txt", "“" * 500_000 + STORY
    yield "accents.txt", "a" + "\u0301" * 1_000_000 + STORY
    yield "directions.txt", "\u202e" * 500_000 + STORY
    yield "capitals.txt", "AP " * 300_000
    yield "dates.txt", "May 6, 2024, " * 100_000
    yield "dashes.txt", "LONDON (Reuters) - " * 60_000
    yield "by.txt", "By " * 300_000
    yield "address.txt", "https://" * 200_000
    yield "dashes.md", "---\n" * 300_000
    yield "attributes.html", "<p " + " ".join(f"a{n}=b" for n in range(200_000)) + f">{STORY}"
    yield "script.html", f"<script type='application/ld+json'>{'[' * 50_000}</script><p>{STORY}"
    yield "metas.html", "<meta name=date content=x>" * 100_000 + f"<p>{STORY}"
    yield "brackets.html", "<" * 1_000_000 + STORY
    yield "comment.html", "<!--" * 500_000 + STORY
    yield "charset.html", f"<meta charset={'x' * 100_000}><p>{STORY}"
    yield "references.html", "&#" * 500_000 + STORY


def marked_up() -> Iterator[tuple[str, str | bytes]]:
    """XML that grows, and XML that reaches out."""
    for name, doctype, entity in (("laughs", LAUGHS, "&e9;"), ("outside", OUTSIDE, "&f;")):
        item = f"<item><title>{entity}</title><description>{entity} {STORY}</description></item>"
        yield f"{name}-feed.xml", f'<?xml version="1.0"?>{doctype}<rss version="2.0"><channel>{item}</channel></rss>'
        yield (
            f"{name}.newsml",
            f'<?xml version="1.0"?>{doctype}<newsItem><headline>{entity}</headline>{NEWSML}</newsItem>',
        )
        yield f"{name}.html", f"{doctype}<p>{entity} {STORY}</p>"
    yield "items.xml", "<rss><channel>" + "<item/>" * 300_000 + "</channel></rss>"
    yield "namespaces.xml", "<rss " + " ".join(f"xmlns:a{n}='b'" for n in range(50_000)) + "/>"


def packed() -> Iterator[tuple[str, str | bytes]]:
    """A few bytes that unpack to very many."""
    zeros = gzip.compress(bytes(80 * MB), 9)
    for suffix in ("txt", "csv", "jsonl", "html", "xml"):
        yield f"bomb.{suffix}.gz", zeros
    yield "twice.txt.gz", gzip.compress(zeros)
    yield "members.txt.gz", gzip.compress(b"x") * 100_000
    yield "other.txt.gz", bz2.compress(b"x" * MB)
    yield "bomb.pdf", looped_pdf(stream=zlib.compress(bytes(80 * MB), 9))
    yield "pages.pdf", looped_pdf(kids="2 0 R 2 0 R 2 0 R")
    yield "parent.pdf", looped_pdf(kids="1 0 R")
    yield "form.pdf", looped_pdf(stream=zlib.compress(b"/F Do " * 1000), resources="/XObject <</F 4 0 R>>")
    yield "count.pdf", looped_pdf(kids="3 0 R", count=2_000_000_000)
    yield "box.pdf", looped_pdf(kids="3 0 R", box="0 0 1e30 1e30")


def documents(folder: Path) -> Iterator[Path]:
    """Archives with documents in them."""
    for name, part in (("bomb", bytes(80 * MB)), ("laughs", f"{LAUGHS}<w>&e9;</w>".encode())):
        made = saved(document(), folder / f"{name}.docx")
        yield rewritten(made, lambda file, data, part=part: part if file == "word/document.xml" else data)
        yield odt(folder / f"{name}.odt", "", content_xml=part.decode())
        yield epub(folder / f"{name}.epub", part.decode()[: 60 * MB])
    loop = "<itemref idref='d0'/>" * 50_000
    yield epub(folder / "spine.epub", STORY, more=loop)
    yield put(folder / "names.epub", zipped({f"../../../{n}": STORY for n in range(2_000)} | {"mimetype": "x"}))
    yield put(folder / "same.odt", zipped({"mimetype": ODT, "content.xml": "<a/>"}, repeat=500))
    inner = zipped({"content.xml": STORY})
    for _ in range(20):
        inner = zipped({"content.xml": inner, "mimetype": ODT})
    yield put(folder / "nested.odt", inner)
    yield rtf(folder / "picture.rtf", "{\\pict" + "00" * 5_000_000 + "}" + PLAIN)
    yield rtf(folder / "unicode.rtf", "\\u99999?" * 200_000 + PLAIN)
    yield make_pdf(folder / "letters.pdf", "x " * 60_000)


def places(folder: Path) -> Iterator[Path]:
    """Links that loop, names that are paths, and what is no file."""
    loop = folder / "links" / "loop"
    loop.mkdir(parents=True)
    put(loop / "story.txt")
    (loop / "again").symlink_to(loop)
    (loop / "self.txt").symlink_to("self.txt")
    (loop / "up").symlink_to("..")
    yield loop / "self.txt"
    for name in (
        "..%2f..%2fetc%2fpasswd.txt",
        "a\\..\\b.txt",
        "-rf.txt",
        "$(id).txt",
        "`id`.txt",
        "a\nb.txt",
        "a#b.txt",
        "*.txt",
        "?.txt",
        "[a].txt",
        "~root.txt",
        " .txt",
        "\u202etxt.exe.txt",
        "x" * 250 + ".txt",
        "con.txt",
    ):
        yield put(folder / "names" / name)
    manifest = json.dumps({"file": "../../../../etc/passwd", "title": "x"})
    yield put(folder / "manifests" / "manifest.jsonl", f"{manifest}\n" * 1_000)
    key = "../../etc/passwd\0#x"
    yield put(folder / "keys.jsonl", json.dumps({"id": key, "url": "javascript:alert(1)", "text": STORY}))
    yield put(folder / "attached.eml", f'Content-Disposition: attachment; filename="../../x"\nSubject: x\n\n{STORY}')
    (folder / "denied.txt").symlink_to("/proc/self/mem")
    yield folder / "denied.txt"


def aliases() -> str:
    """YAML that refers to what refers to what …: a billion of them."""
    rows = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)]
    return "a0: &a0 [x, x]\n" + "".join(rows) + "title: *a11\n"


def nested_mail(depth: int) -> str:
    heads = (f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(depth))
    return "Subject: x\n" + "".join(heads) + f"Content-Type: text/plain\n\n{STORY}"


def zipped(parts: dict[str, str] | dict[str, str | bytes], repeat: int = 1) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for n, (name, content) in ((n, part) for n in range(repeat) for part in parts.items()):
            archive.writestr(zipfile.ZipInfo(f"{name}" if not n else f"{name}{n}"), content)
    return data.getvalue()


def looped_pdf(
    stream: bytes = b"", kids: str = "3 0 R", count: int = 1, box: str = "0 0 200 200", resources: str = ""
) -> bytes:
    """A PDF by hand, its table of objects left to the reader to rebuild."""
    return b"\n".join(
        [
            b"%PDF-1.7",
            b"1 0 obj <</Type /Catalog /Pages 2 0 R /Parent 1 0 R>> endobj",
            f"2 0 obj <</Type /Pages /Kids [{kids}] /Count {count} /Parent 2 0 R>> endobj".encode(),
            f"3 0 obj <</Type /Page /Parent 2 0 R /MediaBox [{box}] /Resources <<{resources}>> "
            "/Contents 4 0 R>> endobj".encode(),
            f"4 0 obj <</Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources <<{resources}>> /Filter /FlateDecode "
            f"/Length {len(stream)}>> stream".encode(),
            stream,
            b"endstream endobj",
            b"trailer <</Root 1 0 R /Prev 0>>",
            b"startxref",
            b"0",
            b"%%EOF",
        ]
    )


def run(folder: Path, chance: random.Random, more: More) -> Counter[str]:
    """A round is a file. At the end the whole folder goes into a library, links and all."""
    done: Counter[str] = Counter()
    files = build(folder / "hostile")
    faults = []
    reading = measured(chance.sample(files, len(files)))
    while more() and (read := next(reading, None)) is not None:
        file, told = read
        done["rounds"] += 1
        count(done, told)
        if told["fault"]:
            faults.append(f"{file.name}: {told['fault']}")
    reading.close()
    assert not faults, "\n".join(faults)
    for folder_, name in ((folder / "hostile" / "links", "loop"), (folder / "hostile" / "names", "names")):
        with Library.open(folder / name, embedder=HASHING) as library:
            report = library.ingest([folder_])
            assert all(failure.error for failure in report.failed)
            assert library.store.check() == []
    assert not {*os.listdir(folder)} - {"hostile", "loop", "names"}, "something was written beside the library"
    return done
