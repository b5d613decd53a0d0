"""Bytes as files really have them: the text comes out right, or with U+FFFD for what is lost and a remark; never as
mojibake, and never is a page refused for one bad byte."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from rag.errors import BylineError
from rag.ingest.encoding import decoded
from rag.types import Article
from tests.reading import one, put

LOST = "\ufffd"
# The same news, invented, as it would be told in each language.
TEXTS = {
    "Polish": "Burmistrz ogłosił w poniedziałek, że most zostanie otwarty w maju, a ścieżka później.\n",
    "Czech": "Starosta řekl v pondělí, že most bude otevřen v květnu, ale lávka až později. Lidé jsou rádi.\n",
    "Hungarian": "A polgármester hétfőn bejelentette, hogy a hidat májusban megnyitják, a gyalogút később készül el.\n",
    "Romanian": "Primarul a anunţat luni că podul va fi deschis în mai, iar aleea mai târziu. Ştirea îi bucură.\n",
    "Croatian": "Gradonačelnik je rekao da će most biti otvoren u svibnju, a šetnica kasnije. Ljudi su srećni.\n",
    "Turkish": "Belediye başkanı pazartesi günü köprünün mayısta açılacağını, yolun sonra biteceğini söyledi.\n",
    "Lithuanian": "Meras pirmadienį pranešė, kad tiltas bus atidarytas gegužę, o takas vėliau. Žmonės džiaugiasi.\n",
    "Russian": "Мэр города заявил в понедельник, что мост будет открыт в мае, сообщает администрация.\n",
    "Ukrainian": "Мер міста заявив у понеділок, що міст буде відкрито у травні, а стежку пізніше. Її ще будують.\n",
    "Greek": "Ο δήμαρχος ανακοίνωσε τη Δευτέρα ότι η γέφυρα θα ανοίξει τον Μάιο, ενώ το μονοπάτι αργότερα.\n",
    "Hebrew": "ראש העיר אמר ביום שני כי הגשר ייפתח במאי והשביל ייפתח מאוחר יותר.\n",
    "Arabic": "قال رئيس البلدية يوم الاثنين إن الجسر سيفتح في مايو، وإن الطريق سيفتح لاحقا.\n",
    "Thai": "นายกเทศมนตรีกล่าวเมื่อวันจันทร์ว่าสะพานจะเปิดในเดือนพฤษภาคม ส่วนทางเดินจะเปิดภายหลัง\n",
    "Chinese": "市长周一表示，这座桥将于五月重新开放，届时渡轮服务也将恢复。居民们对此表示欢迎。\n",
    "Chinese (Taiwan)": "市長週一表示，這座橋將於五月重新開放，屆時渡輪服務也將恢復。居民們對此表示歡迎。\n",
    "Japanese": "市長は月曜日、橋が五月に再開されると発表した。フェリーの運航も再開される見込みだ。\n",
    "Korean": "시장은 월요일 다리가 5월에 다시 열릴 것이라고 밝혔다. 주민들은 이를 환영했다.\n",
    "French": "Le maire a annoncé lundi que le théâtre rouvrira cet été, après des années d’études.\n",
    "German": "Der Bürgermeister sagte am Montag, die Brücke werde im Mai eröffnet – „endlich“, so die Händler.\n",
    "Spanish": "El alcalde anunció el lunes que el puente abrirá en mayo; “mañana no”, añadió. ¿Y después?\n",
    "Portuguese": "O prefeito anunciou na segunda-feira que a ponte será aberta; a construção não atrasará.\n",
    "Swedish": "Borgmästaren sade på måndagen att bron öppnas i maj, medan gångvägen dröjer. Öborna är nöjda.\n",
    "Icelandic": "Bæjarstjórinn sagði á mánudag að brúin yrði opnuð í maí en stígurinn síðar. Það þykir gott.\n",
    "English": "It’s open now, the mayor said on Monday — the café, too. René Müller “can’t wait”.\n",
}
# Before UTF-8, and without a declaration.
LEGACY = [
    *(("Polish", "cp1250"), ("Polish", "iso8859_2"), ("Polish", "cp852"), ("Czech", "cp1250"), ("Czech", "iso8859_2")),
    *(("Hungarian", "cp1250"), ("Hungarian", "iso8859_2"), ("Romanian", "cp1250"), ("Croatian", "cp1250")),
    *(("Turkish", "cp1254"), ("Lithuanian", "cp1257"), ("Russian", "cp1251"), ("Russian", "koi8_r")),
    *(("Russian", "iso8859_5"), ("Russian", "cp866"), ("Russian", "mac_cyrillic"), ("Ukrainian", "cp1251")),
    *(("Ukrainian", "koi8_u"), ("Greek", "cp1253"), ("Greek", "iso8859_7"), ("Hebrew", "cp1255")),
    *(("Arabic", "cp1256"), ("Thai", "cp874"), ("Chinese", "gb18030"), ("Chinese (Taiwan)", "big5")),
    *(("Japanese", "shift_jis"), ("Japanese", "euc_jp"), ("Korean", "euc_kr"), ("French", "cp1252")),
    *(("French", "mac_roman"), ("German", "cp1252"), ("German", "mac_roman"), ("Spanish", "cp1252")),
    *(("Spanish", "mac_roman"), ("Portuguese", "cp1252"), ("Swedish", "cp1252"), ("Swedish", "cp850")),
    *(("Icelandic", "cp1252"), ("English", "cp1252"), ("English", "mac_roman")),
]


@pytest.mark.parametrize(("language", "encoding"), LEGACY)
def test_old_encodings_without_a_declaration(language: str, encoding: str) -> None:
    text = TEXTS[language]
    data = text.encode(encoding)
    assert decoded(data).text == text
    assert LOST not in decoded(data * 3).text


@pytest.mark.parametrize("language", TEXTS)
def test_one_bad_byte_in_utf8_costs_one_character(language: str) -> None:
    text = TEXTS[language] * 2
    places = random.Random(language).sample(range(len(text)), 12)
    for place, byte in zip(places, b"\x80\x92\xe9\xff\xb3\xc3" * 2, strict=True):
        data = text[:place].encode() + bytes([byte]) + text[place:].encode()
        for declared in (None, "utf-8", "iso-8859-1", "windows-1252"):
            found = decoded(data, declared)
            assert found.text.replace(LOST, "") == text
            assert found.text.count(LOST) == 1
            assert found.remark == f"One character could not be read as UTF-8 and stands as “{LOST}”."


@pytest.mark.parametrize("language", [*TEXTS][:17])
def test_a_file_cut_inside_a_character(language: str) -> None:
    text = TEXTS[language]
    last = max(place for place, letter in enumerate(text) if letter > "\x7f")
    data = text[: last + 1].encode()[:-1]
    assert decoded(data).text.rstrip(LOST) == text[:last]
    assert decoded(text.encode()[: len(text[:last].encode()) + 1], "utf-8").encoding == "utf-8"


@pytest.mark.parametrize(
    ("data", "declared", "text"),
    [
        # Windows-1252 in Latin-1 clothes, and in those of ASCII.
        ("“It’s open” – René".encode("cp1252"), "iso-8859-1", "“It’s open” – René"),
        ("“It’s open” – René".encode("cp1252"), "us-ascii", "“It’s open” – René"),
        (b"The caf\xe9\x81 reopened", "iso-8859-1", f"The café{LOST} reopened"),
        # A wrong declaration.
        ("“It’s open” – René".encode(), "iso-8859-1", "“It’s open” – René"),
        ("“It’s open” – René".encode(), "shift_jis", "“It’s open” – René"),
        ("“It’s open” – René".encode("cp1252"), "utf-8", "“It’s open” – René"),
        (TEXTS["Polish"].encode("cp1250"), "iso-8859-1", TEXTS["Polish"]),
        (TEXTS["Polish"].encode("cp1250"), "utf-8", TEXTS["Polish"]),
        (TEXTS["Russian"].encode("cp1251"), "iso-8859-1", TEXTS["Russian"]),
        (TEXTS["Czech"].encode("cp1250"), "windows-1252", TEXTS["Czech"]),
        (TEXTS["Icelandic"].encode("cp1252"), "iso-8859-1", TEXTS["Icelandic"]),
        # A right one.
        (TEXTS["Polish"].encode("iso8859_2"), "iso-8859-2", TEXTS["Polish"]),
        (TEXTS["Russian"].encode("koi8_r"), "KOI8-R", TEXTS["Russian"]),
        (TEXTS["Chinese"].encode("gbk"), "gb2312", TEXTS["Chinese"]),
        (TEXTS["Japanese"].encode("iso2022_jp"), "iso-2022-jp", TEXTS["Japanese"]),
        (TEXTS["Japanese"].encode("iso2022_jp"), None, TEXTS["Japanese"]),
        # One that is none.
        ("It’s open".encode(), "no-such-encoding", "It’s open"),
        ("It’s open".encode(), "base64", "It’s open"),
        (b"It is open \\u0041", "unicode_escape", "It is open \\u0041"),
        ("It’s open".encode(), "utf-16", "It’s open"),
        # UTF-16 and UTF-32, with a mark and without.
        ("It’s open now.\r\n".encode("utf-16"), None, "It’s open now.\n"),
        ("It’s open now, she said.".encode("utf-16-le"), None, "It’s open now, she said."),
        ("It’s open now, she said.".encode("utf-16-be"), "utf-8", "It’s open now, she said."),
        (TEXTS["Russian"].encode("utf-16-le"), None, TEXTS["Russian"]),
        ("It’s open now, she said.".encode("utf-32"), None, "It’s open now, she said."),
        ("It’s open now, she said.".encode("utf-32-le"), None, "It’s open now, she said."),
        # NULs and control characters.
        (b"The ferry\0 is back in its harbour, she said.", None, f"The ferry{LOST} is back in its harbour, she said."),
        (b"The ferry is back.\n" + bytes(4000), None, "The ferry is back.\n"),
        (b"The fer\x07ry is \x1bback in its harbour.", None, "The fer\x07ry is \x1bback in its harbour."),
        (b"\xef\xbb\xbfOne.\r\nTwo.\rThree.\n", None, "One.\nTwo.\nThree.\n"),
        # What was lost before is nobody's bad byte.
        (f"The caf{LOST} and the quay’s end".encode(), None, f"The caf{LOST} and the quay’s end"),
        (b"", None, ""),
    ],
)  # fmt: skip
def test_what_is_declared_and_what_is_there(data: bytes, declared: str | None, text: str) -> None:
    assert decoded(data, declared).text == text


def test_what_is_sure_has_no_remark() -> None:
    for data in (TEXTS["Polish"].encode(), TEXTS["French"].encode("cp1252"), b"Plain.", f"a {LOST} b".encode()):
        assert decoded(data).remark == ""
    assert decoded(TEXTS["Polish"].encode("iso8859_2"), "iso-8859-2").remark == ""
    assert "iso8859_2" in decoded(TEXTS["Polish"].encode("iso8859_2")).remark


def test_without_exactness_control_characters_go() -> None:
    found = decoded(b"The fer\x07ry\0 is back\x0b in its harbour.", exact=False)
    assert found.text == "The ferry is back  in its harbour."


@pytest.mark.parametrize("data", [bytes(range(256)) * 8, b"\x81\x8d\x8f\x90\x9d" * 40 + b"\xff\xfe\xfa", b"\xff\xfea"])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(BylineError, match="is not text"):
        decoded(data)


# --- The same in each format

BODY = "The harbour board of Saltby voted on Tuesday. Kos\udce9zt: 4,2 miliona złotych, said Łukasz Źrebiec."


def of(name: str, tmp_path: Path) -> Article:
    raw = {
        "story.txt": BODY,
        "story.md": f"# Pier\n\n{BODY}",
        "story.html": f"<meta charset=utf-8><p>{BODY}</p>",
        "story.eml": f"From: Wren Falke <w@q.example>\nContent-Type: text/plain; charset=utf-8\n"
        f"Content-Transfer-Encoding: 8bit\n\n{BODY}\n",
        "html.eml": f"From: Wren Falke <w@q.example>\nContent-Type: text/html; charset=utf-8\n"
        f"Content-Transfer-Encoding: 8bit\n\n<p>{BODY}</p>\n",
        "story.rss": f"<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>Q</title><item>"
        f"<title>Pier</title><guid>1</guid><description>{BODY}</description></item></channel></rss>",
        "story.jsonl": f'{{"id": 1, "text": "{BODY}"}}\n',
        "story.json": f'{{"text":\n "{BODY}"}}\n',
        "story.csv": f'title,text\nPier,"{BODY}"\n',
    }[name]
    return one(put(tmp_path / name, raw.encode("utf-8", "surrogateescape")))


@pytest.mark.parametrize(
    "name",
    "story.txt story.md story.html story.eml html.eml story.rss story.jsonl story.json story.csv".split(),
)
def test_one_bad_byte_in_each_format_is_one_character_and_is_told(tmp_path: Path, name: str) -> None:
    article = of(name, tmp_path)
    assert BODY.replace("\udce9", LOST) in article.text
    assert LOST in article.reasons["encoding"]


@pytest.mark.parametrize("sign", ["\x07", "\0", "\x1b", "&#7;", "&#0;", "&#x1F;"])
@pytest.mark.parametrize("name", ["story.html", "story.rss", "story.jsonl", "story.csv", "story.eml"])
def test_control_characters_damage_no_format(tmp_path: Path, name: str, sign: str) -> None:
    body = (
        f"The harbour board of Saltby voted on Tuesday. Engin{sign}eers found cracks in the thirty piles of the pier."
    )
    raw = {
        "story.html": f"<meta charset=utf-8><body><article><p>{body}</p></article>",
        "story.rss": "<rss version='2.0'><channel><item><guid>1</guid>"
        f"<description>{body}</description></item></channel></rss>",
        "story.jsonl": f'{{"text": "<p>{body}</p>"}}\n'.replace("\x07", "\\u0007").replace("\x1b", "\\u001b"),
        "story.csv": f"title,text\nPier,<p>{body}</p>\n",
        "story.eml": f"From: a@b.example\nContent-Type: text/html\n\n<p>{body}</p>\n",
    }[name]
    text = one(put(tmp_path / name, raw)).text
    assert text.startswith("The harbour board of Saltby voted on Tuesday. Engin")
    assert "eers found cracks in the thirty piles of the pier." in text
