"""The letters of languages and the encodings that their texts were kept in before UTF-8: the one table that
`rag.ingest.encoding` guesses by."""

from __future__ import annotations

from typing import NamedTuple


class Alphabet(NamedTuple):
    """`letters` are those beyond ASCII, in lower case; `encodings` the likeliest first. `share` is how much of a text
    in the language they make up beyond ASCII: 1 for an alphabet, less where only the commonest signs are listed."""

    language: str
    letters: str
    encodings: tuple[str, ...]
    share: float = 1.0


_WEST = ("cp1252", "mac_roman", "cp850", "iso8859_15")
_CENTRAL = ("cp1250", "iso8859_2", "cp852", "mac_latin2")
_RUSSIAN = "абвгдежзийклмнопрстуфхцчшщъыьэюяё"

# Where two fit a text alike, the earlier is taken.
ALPHABETS = (
    Alphabet("French", "àâæçèéêëîïôœùûüÿ", _WEST),
    Alphabet("German", "äöüßé", _WEST),
    Alphabet("Spanish", "áéíñóúüªº¿¡", _WEST),
    Alphabet("Portuguese", "áâãàçéêíóôõúªº", _WEST),
    Alphabet("Italian", "àèéìíîòóùú", _WEST),
    Alphabet("Scandinavian", "åäöæøéü", _WEST),
    Alphabet("Dutch", "áäéèëíïóöúü", _WEST),
    Alphabet("Catalan", "àèéíïòóúüç·", _WEST),
    Alphabet("Icelandic", "áðéíóúýþæö", _WEST),
    Alphabet("Polish", "ąćęłńóśźż", _CENTRAL),
    Alphabet("Czech", "áčďéěíňóřšťúůýž", _CENTRAL),
    Alphabet("Slovak", "áäčďéíĺľňóôŕšťúýž", _CENTRAL),
    Alphabet("Hungarian", "áéíóöőúüű", _CENTRAL),
    Alphabet("Croatian", "čćđšž", _CENTRAL),
    Alphabet("Romanian", "ăâîşţșț", ("cp1250", "iso8859_2", "iso8859_16", "cp852")),
    Alphabet("Turkish", "âçğıîöşüi̇", ("cp1254", "iso8859_9", "cp857")),
    Alphabet("Lithuanian", "ąčęėįšųūž", ("cp1257", "iso8859_13", "cp775")),
    Alphabet("Latvian", "āčēģīķļņōŗšūž", ("cp1257", "iso8859_13", "cp775")),
    Alphabet("Estonian", "äõöüšž", ("cp1257", "iso8859_13")),
    # Before Russian: its letters lie where the small Cyrillic ones do, and it has no capitals.
    Alphabet("Hebrew", "אבגדהוזחטיךכלםמןנסעףפץצקרשת", ("cp1255", "cp862")),
    Alphabet("Russian", _RUSSIAN, ("cp1251", "koi8_r", "cp866", "iso8859_5", "mac_cyrillic")),
    Alphabet("Ukrainian", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя", ("cp1251", "koi8_u", "cp1125", "iso8859_5")),
    Alphabet("Serbian", "абвгдђежзијклљмнњопрстћуфхцчџш", ("cp1251", "iso8859_5", "cp855")),
    Alphabet("Greek", "αβγδεζηθικλμνξοπρςστυφχψωάέήίόύώϊϋΐΰ", ("cp1253", "iso8859_7", "cp737")),
    Alphabet("Arabic", "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژگ،؛؟", ("cp1256", "iso8859_6")),
    Alphabet("Thai", "กขคฆงจฉชซญฎฏฐณดตถทธนบปผฝพฟภมยรลวศษสหอฮะัาำิีึืุูเแโใไ็่้๊์ๆฯ", ("cp874",)),
    Alphabet("Japanese", "のにはをたがでてとしれさるなかもいあらすりっこくンルストーラ、。", ("cp932", "euc_jp"), 0.35),
    Alphabet("Korean", "이다는의에을를가고은한지로하기사해도시인대자", ("cp949",), 0.3),
    Alphabet("Chinese", "的一是在不了有和人这中大为上个国我以要他会来到将于年月日表示，。", ("gb18030",), 0.16),
    Alphabet(
        "Chinese (traditional)",
        "的一是在不了有和人這中大為上個國我以要他會來到將於年月日表示，。",
        ("big5hkscs",),
        0.16,
    ),
    # English with names from everywhere: what any Western language has, hence less sure than each of them.
    Alphabet("English", "áàâäãåæçéèêëíìîïñóòôöõøœßúùûüýÿšž", _WEST, 1.12),
)

SIGNS = "’‘“”„‚‹›«»–—…•·€£¥¢§©®™°±½¼¾²³´¿¡\xa0\xad†‡¨¸ªº№、。「」『』（），：；！？・％"
"""Signs beyond ASCII that belong to texts in any language."""
