"""English words by what they do in a sentence, and the stem in which two words are compared.

Each table is short on purpose. A word that is missing from it costs little: it is then an ordinary word, which the
evidence has or has not. A word that is in it wrongly makes a true claim fail, so only plain cases are in.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import lru_cache

import snowballstemmer  # type: ignore[import-untyped]


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _list(words: str) -> list[str]:
    return words.split()


def _classes(rows: str) -> dict[str, str]:
    """Each word of a row to the first word of the row."""
    return {word: row.split()[0] for row in rows.strip().splitlines() for word in row.split()}


# Words that carry no fact of their own. Those that change the truth of what follows are in MARKS.
FUNCTION = _set(
    "a an the this that these those of in on at by for from with to into onto upon about as than then there here and "
    "or but so if because while when where who whom whose which what how why it its itself he him his himself she her "
    "hers herself they them their theirs themselves we us our ours i me my mine you your yours one's am is are was "
    "were be been being has have had having do does did doing done such other own same very too also just already "
    "still yet even both either rather quite up down out off over under again further once during between through "
    "until since per via s t re ve d m ll within across along among amid toward towards around s' however moreover "
    "meanwhile indeed well mr mrs ms dr sir hon"
)
PRONOUNS = _set("he him his she her hers they them their theirs it its we us our ours i me my this these those who")

SMALL = {
    word: float(value)
    for value, word in enumerate(
        _list(
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
            "seventeen eighteen nineteen"
        )
    )
} | {word: 10.0 * value for value, word in enumerate(_list("twenty thirty forty fifty sixty seventy eighty ninety"), 2)}
ORDINALS = {
    word: float(value)
    for value, word in enumerate(
        _list("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"), 1
    )
}
SCALES = {"hundred": 1e2, "thousand": 1e3, "k": 1e3, "million": 1e6, "mn": 1e6, "m": 1e6, "billion": 1e9, "bn": 1e9}
SCALES |= {"b": 1e9, "trillion": 1e12, "tn": 1e12, "dozen": 12.0}
UNITS = _classes(
    """$ dollar dollars usd us$
    € euro euros eur
    £ pounds sterling gbp
    ¥ yen jpy
    % percent pct"""
)

# Marks: a class of words before a content word that changes what is said of it. Two sentences that agree in their words
# and differ in a mark do not say the same.
MARKS = {
    word: mark
    for mark, words in {
        "not": "not no never neither nor none nobody nothing without hardly scarcely barely unable incapable",
        "will": "will would shall 'll",
        "can": "can",
        "may": "may might could possibly perhaps potentially probably likely maybe",
        "must": "should must ought",
        "all": "all every each entire always everyone everybody everything unanimously unanimous",
        "some": "some several certain sometimes partly partially someone somebody occasionally",
        "most": "most mostly majority usually",
        "many": "many numerous often",
        "few": "few rarely seldom little",
        "only": "only solely exclusively",
        "former": "former ex",
        "deputy": "deputy vice acting interim assistant",
        "alleged": "alleged allegedly suspected reportedly apparent apparently accused purported purportedly supposed "
        "supposedly attempted planned proposed potential possible would-be draft",
        "almost": "almost nearly virtually",
        "against": "against vs versus",
    }.items()
    for word in words.split()
}
# Participles that are marks only right before a noun ("a planned strike", not "they planned it").
BEFORE_NOUN = _set("attempted planned proposed accused suspected draft potential possible")
# A mark passes over these to the word behind: "will soon close", "may not be able to close".
TRANSPARENT = _set(
    "able soon now longer ever expected set due going likely unlikely immediately eventually finally"
) | _set("planned scheduled yet")
FUTURE_BEFORE_TO = _set("going expected set due scheduled plan plans planned planning intend intends intended about")

# What stands before a name and is none.
TITLES = _set(
    "mr mrs ms miss dr sir dame lord lady prof professor president minister premier chancellor senator governor mayor "
    "councillor councilor secretary ambassador general colonel captain major lieutenant sergeant officer chief judge "
    "justice king queen prince princess pope bishop archbishop cardinal father sister saint st rev reverend rabbi imam "
    "sheikh representative congressman congresswoman commissioner director chairman chairwoman coach former then "
    "sen rep gov gen col capt lt sgt jr sr"
)
# Words before a number that make it a limit.
LIMITS = {
    ">": "more than|greater than|over|above|exceeding|in excess of|upwards of|well over",
    "<": "fewer than|less than|under|below|nearly|almost|not quite|just under|close to",
    ">=": "at least|no fewer than|no less than|not less than|a minimum of",
    "<=": "at most|up to|no more than|not more than|as many as|as much as|a maximum of",
    "~": "about|around|roughly|approximately|some|an estimated|circa|or so",
}
_SIGNS = {">": ">", "<": "<", "≥": ">=", "≤": "<="}
# Those words one by one, and the signs, each with its limit; the longest first, so that “no more than” is not read as
# “more than”.
LIMITS_IN_WORDS = sorted(
    [
        *((phrase.split(), limit) for limit, phrases in LIMITS.items() for phrase in phrases.split("|")),
        *(([sign], limit) for sign, limit in _SIGNS.items()),
    ],
    key=lambda p: -len(p[0]),
)

# Words that say the same in news prose. Each class is mapped to its first word, after which stems are compared.
SYNONYMS = _classes(
    """say state tell add note remark comment declare
    rise increase grow climb
    plan intend
    fall decrease decline drop
    kill slay
    begin start commence
    end finish conclude
    purchase buy acquire
    help assist aid
    show reveal disclose
    large big huge
    choose pick select
    need require
    attempt try
    arrest detain
    permit allow let
    obtain receive
    make produce create
    near close
    fast quick rapid
    ask request
    build construct
    talk speak
    child kid
    doctor physician
    lawyer attorney
    car automobile
    film movie
    flee escape
    reject refuse
    approve endorse
    probe investigate
    people person
    meter metre
    km kilometer kilometre
    kg kilogram kilogramme
    mile mi
    nation country
    city town
    company firm
    vote ballot
    demand insist
    important significant
    main chief
    happen occur
    use utilize utilise employ
    injure wound hurt
    discuss debate
    gather collect
    also additionally
    now currently
    before prior
    roughly approximately
    border frontier
    accord pact
    ceasefire truce
    unit united-states"""
)
# Words of one row exclude each other in the same place: where the claim has one and the source another, they disagree.
_EXCLUSIVE_ROWS = [
    row.split()
    for line in """
    rise fall|increase decrease|increase fall|rise decrease|grow shrink|grow fall|gain lose|gain loss|up down
    win lose|victory defeat|win defeat|accept reject|accept refuse|approve reject|support oppose|agree refuse
    agree disagree|permit ban|permit prohibit|legal illegal|open close|begin end|enter leave|arrive leave
    arrive depart|praise criticize|praise criticise|welcome condemn|confirm deny|admit deny|succeed fail
    pass fail|guilty innocent|convict acquit|buy sell|import export|hire fire|appoint dismiss|join leave
    strengthen weaken|improve worsen|expand cut|raise cut|raise lower|raise reduce|increase reduce|increase cut
    high low|higher lower|more less|more fewer|best worst|better worse|large small|long short|old new|old young
    early late|earlier later|before after|first last|strong weak|rich poor|hot cold|warm cool|public private
    male female|man woman|men women|boy girl|father mother|son daughter|brother sister|husband wife|king queen
    uncle aunt|north south east west|northern southern eastern western|northeast northwest southeast southwest
    left right|major minor|majority minority|domestic foreign|national local international regional|urban rural
    hour minute second day week month year decade century|daily weekly monthly yearly annual|hourly daily
    km mile meter foot inch centimeter yard|kg pound ton tonne gram ounce|celsius fahrenheit
    dollar euro pound yen|longer shorter|older younger|older newer|bigger smaller|stronger weaker
    taller shorter|faster slower|richer poorer|
    cheaper dearer|hotter colder|wider narrower|deeper shallower|heavier lighter|safer riskier
    morning afternoon evening night|today yesterday tomorrow|spring summer autumn winter
    last next|past future|previous next|war peace|attack defend|love hate|include exclude|remember forget
    release detain|release arrest|free jail|live die|birth death|save spend|create destroy|build destroy
    build demolish|safe dangerous|success failure|possible impossible|friend enemy|ally enemy|most least
    maximum minimum|positive negative|present absent|senior junior|upper lower|inside outside|teacher student
    doctor patient|president minister|mayor governor|senator governor|employer employee|buyer seller
    plaintiff defendant|red blue green yellow black white|hydrogen oxygen nitrogen|encourage discourage
    ask answer|send receive|give take|teach learn|cause prevent|avoid seek|choose avoid|easy difficult
    simple complex|common rare|deny allow|deny grant|push pull|lead follow|halve double triple|single double
    half double|able unable|likely unlikely|happy unhappy|certain uncertain|optimistic pessimistic
    advance retreat|deploy withdraw|ratify reject|keep drop|continue stop|continue end|start stop|begin stop
    delay hasten|postpone|demand supply|profit loss|surplus deficit|lender borrower|landlord tenant
    native foreign|ancient modern
    """.split("\n")
    for row in line.split("|")
    if row.strip()
]

_DEMONYMS = _classes(
    """israel israeli israelis
    america american americans
    britain british briton britons
    france french
    germany german germans
    russia russian russians
    china chinese
    iran iranian iranians
    iraq iraqi iraqis
    palestine palestinian palestinians
    ukraine ukrainian ukrainians
    australia australian australians
    canada canadian canadians
    india indian indians
    japan japanese
    spain spanish
    italy italian italians
    egypt egyptian egyptians
    europe european europeans
    poland polish
    turkey turkish
    syria syrian syrians
    mexico mexican mexicans
    korea korean koreans"""
)
IRREGULAR = {
    form: pair.split(":")[0]
    for pair in _list(
        "say:said,according tell:told rise:rose,risen fall:fell,fallen lose:lost win:won buy:bought sell:sold "
        "go:went,gone come:came take:took,taken give:gave,given get:got,gotten make:made find:found leave:left "
        "feel:felt meet:met pay:paid hold:held bring:brought begin:began,begun keep:kept write:wrote,written "
        "stand:stood hear:heard mean:meant set:set send:sent lead:led grow:grew,grown speak:spoke,spoken build:built "
        "spend:spent draw:drew,drawn drive:drove,driven break:broke,broken choose:chose,chosen think:thought "
        "know:knew,known see:saw,seen run:ran become:became fight:fought teach:taught catch:caught seek:sought "
        "fly:flew,flown steal:stole,stolen show:shown shoot:shot strike:struck hide:hid,hidden wear:wore,worn "
        "throw:threw,thrown die:dying,dead,death lie:lying arise:arose,arisen eat:ate,eaten flee:fled "
        "forbid:forbade,forbidden withdraw:withdrew,withdrawn undergo:underwent overthrow:overthrew oversee:oversaw "
        "child:children man:men woman:women foot:feet person:persons life:lives wife:wives half:halves bear:born,bore "
        "shake:shook,shaken sing:sang,sung swim:swam sit:sat sleep:slept deal:dealt feed:fed light:lit bind:bound "
        "wind:wound slide:slid swear:swore,sworn tear:tore,torn wake:woke,woken lend:lent bend:bent bite:bit,bitten "
        "bleed:bled cling:clung dig:dug forget:forgot,forgotten forgive:forgave,forgiven freeze:froze,frozen hang:hung "
        "kneel:knelt lay:laid mistake:mistook,mistaken quit:quit ride:rode,ridden ring:rang,rung shine:shone "
        "shrink:shrank,shrunk sink:sank,sunk spread:spread spring:sprang,sprung sting:stung uphold:upheld weep:wept"
    )
    for form in pair.split(":")[1].split(",")
}

_stemmer = snowballstemmer.stemmer("english")
_stemming = threading.Lock()  # the stemmer keeps the word it is at: two threads would mix theirs


def _root(word: str) -> str:
    with _stemming:
        return str(_stemmer.stemWord(word))


# Letters that have no accent to take off, as they are typed without them.
_PLAIN_LETTERS = str.maketrans({"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ħ": "h", "ı": "i"})
_ACCENTS = re.compile("[\u0300-\u036f]")


def without_accents(text: str) -> str:
    """The text without the accents of Latin, Greek and Cyrillic letters: "Renée Vašíček" as "Renee Vasicek", however
    they are encoded. Marks of other scripts make other letters, and stay."""
    if text.isascii():
        return text
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFC", bare).translate(_PLAIN_LETTERS)


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The form in which two words are compared: lower case, no accents, irregular forms undone, Porter2 stem
    (https://snowballstem.org/algorithms/english/stemmer.html), synonyms joined."""
    word = without_accents(word.lower())
    word = _DEMONYMS.get(word, IRREGULAR.get(word, word))
    root = _root(word)
    return _SYNONYM_STEMS.get(root, root)


_SYNONYM_STEMS = {_root(w): _root(head) for w, head in SYNONYMS.items()}
EXCLUSIVE: dict[str, frozenset[str]] = {}
for _row in _EXCLUSIVE_ROWS:
    _stems = {stem(word) for word in _row}
    for _word in _stems:
        EXCLUSIVE[_word] = EXCLUSIVE.get(_word, frozenset()) | (_stems - {_word})
EXCLUSIVE["#1."] = frozenset({"last"})  # "first" is read as an ordinal
EXCLUSIVE["last"] |= {"#1."}
