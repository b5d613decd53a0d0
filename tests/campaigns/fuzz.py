"""Every parser, fed by hypothesis with what is nearly a file of its kind: no crash, no hang, no flood of memory."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from rag.ingest.articles import SUFFIXES
from tests.campaigns.common import More
from tests.campaigns.reading import count, measured
from tests.reading import STORY, put
from tests.test_documents import epub, odt, rtf
from tests.test_pdf import make_pdf
from tests.test_word import document, saved

EXAMPLES = 40  # of one suffix in one round
PLAIN = STORY.encode("ascii", "ignore").decode()
ITEM = "<item><title>Ferry</title><link>https://x.example/a</link><pubDate>Mon, 6 May 2024 10:00:00 GMT</pubDate>"
ITEM += f"<description>{STORY}</description></item>"
LD = json.dumps(
    {"@type": "NewsArticle", "headline": "Ferry", "datePublished": "2024-05-06", "author": [{"name": "Ada"}]}
)
RECORD = {"id": "a", "title": "Ferry", "published": "2024-05-06", "authors": ["Ada Quill"], "text": STORY}
CUE = "1\n00:00:01,000 --> 00:00:02,500\n"
MAIL = "From: Ada <a@x.example>\nSubject: Ferry\nDate: Mon, 6 May 2024 10:00:00 +0000\n"
MAIL += f"Content-Type: text/plain; charset=utf-8\n\n{STORY}\n"
TEXTS = {
    ".txt": f"Ferry returns\n\nBy Ada Quill\n\nMay 6, 2024\n\nPORTMERE (Quay Press) - {STORY}\n\nRead more: x\n",
    ".md": f"---\ntitle: Ferry\npublished: 2024-05-06\n---\n\n# Ferry\n\n{STORY}\n",
    ".html": f"<html><head><title>Ferry</title><script type='application/ld+json'>{LD}</script></head><body>"
    f"<article><h1>Ferry</h1><p>{STORY}</p></article></body></html>",
    ".srt": f"{CUE}{STORY}\n",
    ".vtt": f"WEBVTT\n\n{CUE.replace(',', '.')}<v Ada>{STORY}\n",
    ".eml": MAIL,
    ".mbox": f"From a@x.example Mon May  6 10:00:00 2024\n{MAIL}\n" * 2,
    ".json": json.dumps([RECORD, RECORD]),
    ".jsonl": f"{json.dumps(RECORD)}\n" * 2,
    ".csv": f'id,title,published,text\na,Ferry,2024-05-06,"{STORY}"\n',
    ".tsv": f"id\ttitle\ttext\na\tFerry\t{STORY.splitlines()[0]}\n",
    ".xml": f'<?xml version="1.0"?><rss version="2.0"><channel><title>Quay</title>{ITEM * 2}</channel></rss>',
}
ODD = [*b"\0\xff\xfe\x80<>&{}[]\"'\\%#\n\r\t;:=", *range(0x30, 0x3A)]
WORDS = [
    *(
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"&#0;",
        b"&#xD800;",
        b"]]>",
        b"<!--",
        b"<![CDATA[",
        b"%%EOF",
        b"endobj",
        b"\\u-1?",
        b"\0\0\0\0",
    ),
    *(
        b"-->",
        b"---\n",
        b"WEBVTT",
        b"From ",
        b"Content-Type: text/html; charset=utf-7\n",
        b"1e999",
        b"\\ud800",
        b"9" * 40,
        b"\xf0\x9f\xa6\xad",
    ),
    *(
        b"February 30, 2024",
        b"0000-00-00",
        b"99:99:99",
        b"\xe2\x80\xae",
        b"\xcc\x81" * 50,
        b"\r",
        b"\x0b\x0c",
        b"{" * 200,
        b"<b>" * 200,
    ),
]
mutations = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.floats(0, 1), st.sampled_from(ODD)),
        st.tuples(st.just("flip"), st.floats(0, 1), st.integers(0, 7)),
        st.tuples(st.just("insert"), st.floats(0, 1), st.sampled_from(WORDS) | st.binary(max_size=40)),
        st.tuples(st.just("cut"), st.floats(0, 1), st.integers(1, 400)),
        st.tuples(st.just("repeat"), st.floats(0, 1), st.integers(2, 60)),
        st.tuples(st.just("end"), st.floats(0, 1), st.just(0)),
    ),
    min_size=1,
    max_size=12,
)


def originals(folder: Path) -> dict[str, bytes]:
    """A good file of each suffix that is read."""
    folder.mkdir()
    known = {suffix: text.encode() for suffix, text in TEXTS.items()}
    known[".pdf"] = make_pdf(folder / "a.pdf", PLAIN, PLAIN, title="Ferry").read_bytes()
    made = document()
    made.add_paragraph(STORY)
    known[".docx"] = saved(made, folder / "a.docx").read_bytes()
    known[".odt"] = odt(folder / "a.odt", f"<text:p>{STORY}</text:p>").read_bytes()
    known[".rtf"] = rtf(folder / "a.rtf", PLAIN).read_bytes()
    known[".epub"] = epub(folder / "a.epub", f"<p>{STORY}</p>").read_bytes()
    alike = {".markdown": ".md", ".htm": ".html"}
    return {suffix: known.get(alike.get(suffix, suffix), known[".xml"]) for suffix in SUFFIXES}


def changed(data: bytes, steps: list[tuple[str, float, int | bytes]]) -> bytes:
    """The file with the changes made to it, each at a share of its length."""
    made = bytearray(data)
    for kind, share, value in steps:
        at = min(int(share * len(made)), max(len(made) - 1, 0))
        if isinstance(value, bytes):
            made[at:at] = value
        elif kind == "put":
            made[at : at + 1] = bytes([value])
        elif kind == "flip" and made:
            made[at] ^= 1 << value
        elif kind == "cut":
            del made[at : at + value]
        elif kind == "repeat":
            made[at:at] = made[at : at + 200] * value
        elif kind == "end":
            del made[at:]
    return bytes(made)


def drawn(good: bytes, number: int) -> list[bytes]:
    """Files that are nearly the good one, and a few of noise, as hypothesis draws them with the seed `number`."""
    made: list[bytes] = []

    @seed(number)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],
    )
    @given(steps=mutations, noise=st.binary(max_size=300))
    def draw(steps: list[tuple[str, float, int | bytes]], noise: bytes) -> None:
        made.append(changed(good, steps) if len(made) % 8 else noise)

    draw()
    return made


def run(folder: Path, chance: random.Random, more: More) -> Counter[str]:
    """A round is one suffix with `EXAMPLES` files, made first, then read each in a process of its own."""
    done: Counter[str] = Counter()
    good = originals(folder / "good")
    suffixes = [*good]
    chance.shuffle(suffixes)
    faults = []
    while more():
        suffix = suffixes[done["rounds"] % len(suffixes)]
        done["rounds"] += 1
        home = folder / f"round{done['rounds']}"
        made = drawn(good[suffix], chance.randrange(2**32))
        files = [put(home / f"{n:03}" / f"story{suffix}", data) for n, data in enumerate(made)]
        for file, told in measured(files):
            done["files"] += 1
            count(done, told)
            if told["fault"]:
                faults.append(f"{suffix} {file.read_bytes()[:3000]!r}: {told['fault']}")
    assert not faults, f"{len(faults)}:\n" + "\n".join(faults[:5])
    return done
