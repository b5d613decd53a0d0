"""What the models are trained on: the windows, the splits, and that nothing that is measured on is in it."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import Counter
from pathlib import Path

import pytest

from evals.loaders import DATA, read_jsonl
from evals.training.made_pairs import MADE, roles
from evals.training.news import NEWS, news_passages
from evals.training.pair_sets import SETS, is_held_out_wice, news, wice
from evals.training.pairs import MIXES, SHORT_WORDS, Label, Pair, Source, mixed, narrow
from evals.training.reader_data import Case, cases_to_train
from evals.training.reader_examples import examples_of
from evals.training.reader_sets import news as news_cases
from evals.training.reader_sets import paragraphs_of, qadiscourse, qamr
from evals.training.rewording import claim_of, yes_no
from evals.training.texts import held_out_sentences, part_of, plain, squeezed, untokenized
from rag.checking.comparison import WINDOW_SENTENCES, WINDOW_WORDS
from rag.errors import BylineError

# --- windows -------------------------------------------------------------------------------------------------------

STORY = [
    "The council of Lhun met on Monday.",
    "It rained.",
    "Mira Oster said the old harbour would close in May.",
    "Nobody else spoke.",
    "The harbour has 40 berths.",
    "A dog barked at the mayor.",
]


def test_a_window_holds_what_covers_most_in_the_order_of_the_text() -> None:
    assert narrow("In May the old harbour closes, said Oster.", STORY, 2) == f"{STORY[2]} {STORY[4]}"


def test_a_window_is_as_large_as_the_checkers() -> None:
    long = [f"The harbour of Lhun closes {n} times {'and again ' * 20}." for n in range(9)]
    window = narrow("The harbour of Lhun closes.", long)
    assert len(window.split()) <= WINDOW_WORDS
    assert 1 < window.count("The harbour of Lhun") <= WINDOW_SENTENCES


@pytest.mark.parametrize("claim", ["", "???", "The harbour closes."])
def test_whatever_is_asked_there_is_a_window(claim: str) -> None:
    assert narrow(claim, STORY, 1) in STORY
    assert narrow(claim, []) == ""


def test_a_sentence_that_is_longer_than_a_window_is_kept_alone() -> None:
    assert narrow("A word.", ["word " * 500, "Other."], 4, 10).split() == ["word"] * 500


# --- mixes ---------------------------------------------------------------------------------------------------------


def test_mixes_name_sources_and_sources_name_licences() -> None:
    sources = {source.name: source for source in (*SETS, *MADE)}
    assert len(sources) == len(SETS) + len(MADE)
    for mix in MIXES.values():
        assert set(mix) <= set(sources)
    table = (DATA.parent / "VERIFIER.md").read_text(encoding="utf-8")
    assert not [name for name, source in sources.items() if f"| {source.licence} |" not in table]


def _source(name: str, n: int, words: int = 3) -> Source:
    made = [Pair(claim=f"Claim {i}.", evidence="word " * words, label=Label.CARRIED, source=name) for i in range(n)]
    return Source(name=name, licence="none", make=lambda data, rng: made)


def test_a_mix_draws_so_many_and_the_same_for_a_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MIXES, "few", {"cad": 5, "news": 10**6})
    sources = [_source("cad", 50), _source("news", 7)]
    first = list(mixed(sources, Path(), "few", 1))
    assert Counter(pair.source for pair in first) == {"cad": 5, "news": 7}
    assert first == list(mixed(sources, Path(), "few", 1))
    assert first != list(mixed(sources, Path(), "few", 2))
    # Another source in front changes nothing of what is drawn of this one.
    monkeypatch.setitem(MIXES, "few", {"news": 3, "cad": 5})
    assert [p for p in mixed(sources, Path(), "few", 1) if p.source == "cad"] == first[:5]


def test_the_short_mix_has_short_pairs_and_none_is_blank() -> None:
    names = list(MIXES["short"])
    blank = Source(
        name=names[1], licence="none", make=lambda data, rng: [Pair(claim=" ", evidence="A.", label=Label.CARRIED)]
    )
    others = [_source(name, 1) for name in names[2:]]
    found = list(mixed([_source(names[0], 3, SHORT_WORDS), blank, *others], Path(), "short", 1))
    assert {pair.source for pair in found} == set(names[2:])


# --- the invented news ---------------------------------------------------------------------------------------------

EVERY_PASSAGE = [*news_passages(), *news_passages(held_out=True)]


def test_the_news_is_whole_and_answers_are_in_the_text() -> None:
    passages = EVERY_PASSAGE
    assert len({p.id for p in passages}) == len({p.text for p in passages}) == len(passages) == 1890
    assert len(news_passages(held_out=True)) == 80
    outcomes = Counter(claim.outcome for p in passages for claim in p.claims)
    assert outcomes == {"carried": 12050, "contradicted": 10791, "not_there": 1259}
    questions = [q for p in passages for q in p.questions]
    assert (len(questions), sum(q.answer is None for q in questions)) == (15540, 5880)


def test_nothing_of_the_claims_that_are_measured_on_is_in_the_news() -> None:
    """No passage, and no claim, and no eight words in a row."""

    def runs(text: str) -> set[tuple[str, ...]]:
        words = plain(text).split()
        return {tuple(words[i : i + 8]) for i in range(len(words) - 7)}

    measured = read_jsonl(DATA / "claims.jsonl")
    ours = set().union(*(runs(p.text) for p in EVERY_PASSAGE))
    theirs = {run: row["id"] for row in measured for run in runs(row["text"])}
    # But for phrases of the trade: "a railway clerk and a seamstress, she", "questioned and released; he has not been".
    assert {theirs[run] for run in ours & set(theirs)} <= {"b11", "b24"}
    texts = {plain(p.title) for p in EVERY_PASSAGE} | {plain(c.text) for p in EVERY_PASSAGE for c in p.claims}
    assert not texts & {plain(row["title"]) for row in measured}
    assert not texts & {plain(claim["text"]) for row in measured for claim in row["claims"]}


def test_nothing_of_the_wikinews_questions_is_in_the_news() -> None:
    ours = {plain(q.text) for p in EVERY_PASSAGE for q in p.questions}
    for name in ("wikinews_questions.jsonl", "wikinews_questions_2.jsonl"):
        assert not ours & {plain(row["question"]) for row in read_jsonl(DATA / name)}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"title": None}, "'title'"),
        ({"claims": [{"text": "A.", "label": "perhaps", "kind": ""}]}, "'perhaps'; allowed are carried"),
        ({"questions": [{"text": "Who?", "answer": "Nobody"}]}, "does not hold the answer 'Nobody'"),
        ({"questions": [{"text": "Who?", "answer": ""}]}, "does not hold the answer ''"),
    ],
)
def test_a_wrong_row_is_named(change: dict[str, object], says: str, tmp_path: Path) -> None:
    row = {"id": "x-1", "topic": "", "title": "", "text": "Mira left.", "claims": [], "questions": []} | change
    path = tmp_path / "news.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(json.dumps({key: value for key, value in row.items() if value is not None}))
    with pytest.raises(BylineError, match=re.escape("passage 'x-1'")) as caught:
        news_passages(path)
    assert says in str(caught.value)


def test_the_news_is_not_shipped() -> None:
    assert NEWS.parent.parent.name == "training"


def test_pairs_of_the_news_say_what_the_writer_said(monkeypatch: pytest.MonkeyPatch) -> None:
    some = news_passages()[::40]
    monkeypatch.setattr("evals.training.pair_sets.news_passages", lambda: some)
    pairs = list(news(Path(), random.Random(1)))
    claims = {c.text: c.outcome for p in some for c in p.claims}
    assert len(pairs) > len(claims) > 300
    assert all(pair.label.name.lower() == claims[pair.claim] for pair in pairs if pair.claim in claims)
    asked = {q.text: q.says or "" for p in some for q in p.questions}
    for pair in pairs:
        if pair.claim not in claims:
            question, _, said = pair.claim.rpartition(" ")
            is_said = Label.CARRIED if said == f"{asked[question].capitalize()}." else Label.CONTRADICTED
            assert pair.label is (is_said if asked[question] else Label.NOT_THERE)


def test_questions_on_the_news_know_their_sentence() -> None:
    cases = list(news_cases())
    assert len(cases) > 4500
    for case in cases:
        assert all(answer in case.sentences[i] for i in case.gold for answer in case.answers)
        assert bool(case.answers) == bool(case.gold)
        assert not case.gold & case.doubtful
    assert len(cases_to_train(cases)) == len(cases)


# --- splits, and sets that are cut as those that are measured on ------------------------------------------------------


def test_parts_hang_on_the_key_alone_and_have_their_shares() -> None:
    parts = Counter(part_of(f"article {n}", 0.5, 0.2) for n in range(2000))
    assert part_of("article 1", 0.5, 0.2) == part_of("article 1", 0.5, 0.2)
    assert abs(parts["test"] - 1000) < 80
    assert abs(parts["signals"] - 400) < 80
    assert {part_of("x", 1.0, 0.0), part_of("x", 0.0, 1.0), part_of("x", 0.0, 0.0)} == {"test", "signals", "adapter"}


GUM = {"id": "GUM_news_x", "sentences": ["Mira Oster said (on Friday) the port isn't closed."]}
SAID = "Mira Oster said -LRB- on Friday -RRB- the port is n't closed ."
KEPT = "The storm closed the port of Lhun because the wall fell ."


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(text)


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    """A folder with two sentences of QAMR, QADiscourse and QA-SRL, of which GUM has the first."""
    (tmp_path / "gum_wikinews").mkdir()
    (tmp_path / "gum_wikinews" / "articles.jsonl").write_text(json.dumps(GUM) + "\n", encoding="utf-8")
    rows = [f"W:wikinews:1:0:0\t{SAID}", f"W:wikinews:2:0:1\t{KEPT}", "W:wikinews:2:0:0\tIt rained ."]
    write(tmp_path / "qamr" / "sentences.tsv.gz", "\n".join(rows) + "\n")
    asked = [
        "W:wikinews:1:0:0\t0\t1\t0\t0\tWho said that the port is open?\t0 1\t5:0 1\t6:0",
        "W:wikinews:2:0:1\t0\t1\t0\t0\tWhat was it that closed the port?\t0 1\t5:0 1\t6:1",
        "W:wikinews:2:0:1\t0\t1\t1\t0\tWhich port was closed by the storm?\t6\t5:\t6:6",  # one says: no question
        "W:wikinews:2:0:1\t0\t1\t2\t0\tWhat fell?\t8 9\t5:8 9\t6:9",
    ]
    write(tmp_path / "qamr" / "dev.tsv.gz", "\n".join(asked) + "\n")
    write(tmp_path / "qamr" / "test.tsv.gz", "")
    head = "qasrl_id\tfull_question\tanswer\tuntokenized sentence"
    lines = [
        "W:wikinews:1:0:0\tWhen did Mira speak\ton Friday\tMira Oster said (on Friday) the port isn\\'t closed.",
        "W:wikinews:2:0:1\twhy did it close the port?\tthe wall fell.\tThe storm closed it because the wall fell.",
        "W:wikinews:2:0:2\tWhy?\tThe end.\tThe \ufffd\ufffd end.",
    ]
    write(tmp_path / "qadiscourse" / "wikinews_dev.tsv.gz", "\n".join([head, *lines]) + "\n")
    for part in ("train", "test"):
        write(tmp_path / "qadiscourse" / f"wikinews_{part}.tsv.gz", head + "\n")
    full = "qasrl_id,sentence\n" + "\n".join(f'W:wikinews:{n}:0:0,"{s}"' for n, s in ((1, SAID), (2, KEPT))) + "\n"
    names = "qasrl_id,verb_idx,question,answer,wh,subj,obj,obj2,prep,is_passive,is_negated\n"
    gold = "".join(
        f"W:wikinews:{n}:0:0,2,Who closed something?,the storm,who,,something,,,False,False\n"
        f"W:wikinews:{n}:0:0,2,What did someone close?,the port,what,someone,,,,False,False\n"
        for n in (1, 2)
    )
    for domain in ("wikinews", "wikipedia"):
        for part in ("dev", "test"):
            is_first = (domain, part) == ("wikinews", "dev")
            write(tmp_path / "qasrl_gs" / f"{domain}.{part}.full.csv.gz", full if is_first else "qasrl_id,sentence\n")
            write(tmp_path / "qasrl_gs" / f"{domain}.{part}.gold.csv.gz", names + (gold if is_first else ""))
    return tmp_path


def test_no_sentence_of_gum_is_trained_on(sets: Path) -> None:
    held_out = held_out_sentences(sets)
    assert squeezed(SAID) in held_out
    (of_qamr,) = qamr(sets, held_out)
    assert of_qamr.question == "What was it that closed the port?"
    assert of_qamr.answers == ("The storm",)
    assert of_qamr.sentences == ("It rained.", "The storm closed the port of Lhun because the wall fell.")
    assert of_qamr.gold == {1}
    (of_discourse,) = qadiscourse(sets, held_out)
    assert of_discourse.question == "Why did it close the port?"
    assert of_discourse.answers == ("the wall fell",)
    pairs = list(roles(sets, random.Random(1)))
    assert [(pair.claim, pair.label) for pair in pairs] == [
        ("The storm closed the port.", Label.CARRIED),
        ("The port closed the storm.", Label.NOT_CARRIED),
    ]


def test_the_held_out_third_of_wice_is_in_no_pair(tmp_path: Path) -> None:
    keys = [f"dev{n:05}" for n in range(300)]
    rows = [
        {"label": "partially_supported", "claim": key, "evidence": ["A.", "B."], "meta": {"id": key}} for key in keys
    ]
    write(tmp_path / "wice_dev" / "claim.dev.jsonl.gz", "".join(json.dumps(row) + "\n" for row in rows))
    pairs = list(wice(tmp_path, random.Random(1)))
    assert {pair.claim for pair in pairs} == {key for key in keys if not is_held_out_wice(key)}
    assert {pair.label for pair in pairs} == {Label.NOT_CARRIED}
    assert 170 < len(pairs) < 230


def test_sentences_stand_among_those_of_their_paragraph() -> None:
    texts = {"S:w:1:0:10": "Last.", "S:w:1:0:2": "First.", "S:w:1:1:0": "Other."}
    assert paragraphs_of(texts) == {
        "S:w:1:0:2": (("First.", "Last."), 0),
        "S:w:1:0:10": (("First.", "Last."), 1),
        "S:w:1:1:0": (("Other.",), 0),
    }


def test_text_is_written_as_people_write_it() -> None:
    assert plain("-LRB- A b -RRB-") == plain("(a B)")
    assert untokenized("He did n't say `` no '' -LRB- on Monday -RRB- .") == "He didn't say “no” (on Monday)."


# --- the reader's examples -----------------------------------------------------------------------------------------


class Words:
    """A tokenizer of whole words."""

    def encode(self, text: str, *, add_special_tokens: bool) -> Words:
        self.ids = text.split()
        return self


def test_examples_never_call_a_sentence_wrong_that_answers() -> None:
    case = Case(
        id="1",
        source="news",
        part="adapter",
        question="Who closed the old harbour of Lhun?",
        title="Harbour",
        sentences=(
            "The council met in Lhun.",
            "Mira Oster closed the harbour.",
            "It was Mira Oster again.",
            "It rained.",
        ),
        gold=frozenset([1]),
        doubtful=frozenset([2]),
        answers=("Mira Oster",),
    )
    other = Case(id="2", source="news", part="adapter", question="", title="Rain", sentences=("It rained in Karsh.",))
    found = [
        example
        for seed in range(40)
        for example in examples_of([case], [[other]], random.Random(seed), tokenizer=Words())
    ]
    assert {bool(example.gold) for example in found} == {True, False}
    for example in found:
        for i in example.gold:
            assert "Mira Oster" in example.sentences[i]
        if "closed the old harbour of lhun" in example.question.lower():
            silent = [s for i, s in enumerate(example.sentences) if i not in example.gold | example.doubtful]
            assert not [s for s in silent if "Mira Oster" in s]
        if example.answer:
            i, start, end = example.answer
            assert example.sentences[i][start:end] == "Mira Oster"


def test_questions_and_claims_are_made_of_each_other() -> None:
    assert claim_of("Who closed the harbour?", "Mira Oster") == "Mira Oster closed the harbour."
    assert claim_of("Why did she close it?", "the storm") is None
    assert yes_no("Mira Oster closed the harbour.") == "Did Mira Oster close the harbour?"
    assert yes_no("Nonsense.") is None
