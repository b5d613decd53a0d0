"""What a model writes, to sentences and the numbers they cite: every form of marker, in whatever pieces it comes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answers.drafts import DraftReader, Written
from rag.models.thoughts import ThoughtFilter, without_thoughts

A = "The Quillmere ferry carried 45 people on Monday"
B = "Fog held the boat at Saltby, the harbour master said"
Expected = list[tuple[str, tuple[int, ...]]]
SIZES = (1, 2, 3, 7, 40, 10_000)


def read(text: str, size: int = 7, *, n_offered: int = 12, is_cut: bool = False) -> list[Written]:
    reader = DraftReader(n_offered)
    written = [w for i in range(0, len(text), size) for w in reader.feed(text[i : i + size])]
    return [*written, *(reader.cut() if is_cut else reader.finish())]


def plain(written: list[Written]) -> Expected:
    return [(sentence.text, sentence.numbers) for sentence in written]


TWO: Expected = [(f"{A}.", (3,)), (f"{B}.", (7,))]
# Each in turn behind `A` with 3 and behind `B` with 7.
MARKERS = r"""
[#]|(#)|【#】|【#†source】|【#:0†source】|[^#]|[[#]]|［#］|〔#〕|{#}|⟨#⟩|\[#\]|`[#]`|**[#]**|[#†L1-L4]|[№ #]
[Source #]|[source: #]|[S#]|[doc#]|[Doc. #]|[Article #]|[Sentence #]|[ref_#]|[Source #: Saltby Post]|[##]|[cite: #]
(Source #)|(sentence #)|(see #)|([#])|(see [#])|(cf. [#])|(source [#])|(Saltby Post, 2 June 2026) [#]
<sup>#</sup>|<sup>[#]</sup>|<cite>#</cite>|<ref id="#"/>|\cite{#}|\citep{#}|^#^|$^{#}$|[#](#ref)|[#](https://example.org/a)
""".strip().replace("\n", "|").split("|")  # fmt: skip


def marked(marker: str, number: int) -> str:
    return marker.replace("##", "\0#").replace("(#ref)", "(\0ref)").replace("#", str(number)).replace("\0", "#")


@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize(
    "form", ["{a} {m3}. {b} {m7}.", "{a}{m3}. {b}{m7}.", "{a}. {m3} {b}. {m7}", "- {a}. {m3}\n- {b}. {m7}\n"]
)
def test_a_marker_of_any_form_leaves_no_residue(marker: str, form: str) -> None:
    text = form.format(a=A, b=B, m3=marked(marker, 3), m7=marked(marker, 7))
    if marker == '<ref id="#"/>' and "{a}{m3}" in form:
        text = text.replace("<ref", " <ref")
    for size in SIZES:
        assert plain(read(text, size)) == TWO, size


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{A} [3, 5-7].", [(f"{A}.", (3, 5, 6, 7))]),
        (f"{A} [3–5][1] and [2].", [(f"{A}.", (3, 4, 5, 1, 2))]),
        (f"{A} [3; 5 & S7].", [(f"{A}.", (3, 5, 7))]),
        (f"{A} (sources 3 and 5).", [(f"{A}.", (3, 5))]),
        (f"{A} (see [3], [5]).", [(f"{A}.", (3, 5))]),
        (f"{A}³⁻⁵. {B}.⁷", [(f"{A}.", (3, 4, 5)), (f"{B}.", (7,))]),
        (f"{A}¹⁰˒¹². {B} ⑦.", [(f"{A}.", (10, 12)), (f"{B}.", (7,))]),
        (f"{A} [3-900].", [(f"{A}.", (3, 900))]),
        (f"{A} [99][0][2024].", [(f"{A}.", (99, 0, 2024))]),
        (f"{A} \ue200cite\ue202turn0search3\ue201 [citation needed].", [(f"{A}.", ())]),
        (f"[cite_start]{A} [cite: 3, 7].", [(f"{A}.", (3, 7))]),
        (
            "The ferry [3] carried 45 people, and fog [7] held it.",
            [("The ferry carried 45 people, and fog held it.", (3, 7))],
        ),
        (f"According to [3], {A}. As [7] notes, fog held it.", [(f"{A}.", (3,)), ("Fog held it.", (7,))]),
        (f"{A}, according to [3]. {B}, as reported in [7].", TWO),
        (
            "[3] says that fog held it. Sentence 7 states that 45 waited.",
            [("Fog held it.", (3,)), ("45 waited.", (7,))],
        ),
        (
            "According to source 3, fog held it. The figure in [7] is 45.",
            [("Fog held it.", (3,)), ("The figure is 45.", (7,))],
        ),
        (f"[3] {A}.\n[7] {B}.", TWO),
        (f"{A}.\n[3]\n{B}.\n[7]", TWO),
        (f"**{A}** [3].\n\n*{B}* [7].", TWO),
        (f"| Fact | Source |\n|---|:-:|\n| {A}. | [3] |\n| {B}. | [7] |", TWO),
        (f"| Fact | Source |\n|---|---|\n| {A}. | 3 |\n| {B}. | Saltby Post, 7 |\n", TWO),
        (
            "|  | Dead | Injured |\n|---|---|---|\n| Monday 3 June | 3 people died [3] | 5 were hurt [7] |",
            [("Monday 3 June: 3 people died, 5 were hurt", (3, 7))],
        ),
        ("|| Dead |\n|---|---|\n| 2021 | 3 people died [3] |", [("2021: 3 people died", (3,))]),
        ("| # | What |\n|---|---|\n| 7 | Fog held it [3] |", [("Fog held it", (3,))]),
        ("| What | No |\n|---|---|\n| Fog held it [3] | 5 ships |", [("Fog held it: 5 ships", (3,))]),
        ("| What |  |\n|---|---|\n| Fog held it | [3], 7 |", [("Fog held it", (3,))]),
        ("|  | What |\n|---|---|\n| [3] | Fog held it |", [("Fog held it", (3,))]),
        ("| Who | What | No |\n|--|--|--|\n| Ferry | held by fog | 3 |", [("Ferry: held by fog", (3,))]),
        (f"## The ferry\n\n{A} [3].\n\n**Fog**\n\n{B} [7].\n\n---\n", TWO),
        (f"1. {A} [3].\n2) {B} [7].", TWO),
        (f"> - {A}. [3]\r\n> - {B}. [7]\r\n", TWO),
        (f"{A} [3]. {B} [7].\n\nSources:\n[3] Saltby Post, 2 June 2026.\n[7] Saltby Post", TWO),
        (f"{A} [3]. {B} [7].\n\n**References**\n1. Saltby Post.\n2. Saltby Post.", TWO),
        (f"{A}[^3]. {B}[^7].\n\n[^3]: Saltby Post, 2 June 2026.\n[^7]: Saltby Post.", TWO),
        (f"{A} [3]. {B} [7].\n[3] Saltby Post, 2 June 2026\n[7] Saltby Post, 3 June 2026", TWO),
        (f"{A} [3]. {B} [7].\nSources: [3], [7]", TWO),
        (f"Sure! Here's what the articles say:\n\n{A} [3].\n{B} [7].\n\nLet me know if you need more!", TWO),
        (f"Based on the provided sentences, here is the answer: {A} [3]. {B} [7].", TWO),
        (f"Answer: {A} [3]. {B} [7].", TWO),
        (f'{{"answer": "{A} [3]. {B} [7]."}}', TWO),
        (f"```\n{A} [3]. {B} [7].\n```", TWO),
        (f"{A}\u00a0[3].\u2028{B}\u202f[7].", TWO),
        (f"😀 {A} ✅ [3]. {B} [7].", TWO),
        (f"{A} [3]。{B}［7］。", [(f"{A}。", (3,)), (f"{B}。", (7,))]),
    ],
)
def test_citations_as_models_write_them(text: str, expected: Expected) -> None:
    for size in SIZES:
        assert plain(read(text, size)) == expected, size


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The fire burnt 30 km² of forest [3].", [("The fire burnt 30 km² of forest.", (3,))]),
        ("It is 10⁶ times 5 m³ [3].", [("It is 10⁶ times 5 m³.", (3,))]),
        ("Tom (9), a pupil, and Ann Lee (34) agreed (3).", [("Tom (9), a pupil, and Ann Lee (34) agreed.", (3,))]),
        ("Saltby won (3) in the cup [7].", [("Saltby won (3) in the cup.", (7,))]),
        ("The clause (Article 5) was invoked [7].", [("The clause (Article 5) was invoked.", (7,))]),
        ("Saltby won (3 to 1) [7].", [("Saltby won (3 to 1).", (7,))]),
        ("The [then] mayor said “[it] is [sic] over” [7].", [("The [then] mayor said “[it] is [sic] over”.", (7,))]),
        ("In 2024 (2023: 45) fog held it [7].", [("In 2024 (2023: 45) fog held it.", (7,))]),
        ("Resident(s) left by bus 7, source said [3].", [("Resident(s) left by bus 7, source said.", (3,))]),
        ("According to the mayor, fog held it [3].", [("According to the mayor, fog held it.", (3,))]),
        (
            "He flew to the U.S. [3]. “It is over,” he said [7].",
            [("He flew to the U.S.", (3,)), ("“It is over,” he said.", (7,))],
        ),
        ("Ann waited (99).", [("Ann waited (99).", ())]),
        ("Prices rose 3.5 percent [3]... and fell [7].", [("Prices rose 3.5 percent... and fell.", (3, 7))]),
    ],
)
def test_what_is_no_marker_stays(text: str, expected: Expected) -> None:
    for size in SIZES:
        assert plain(read(text, size)) == expected, size


@pytest.mark.parametrize(
    ("text", "kept", "dropped"),
    [
        (
            f"{A} [3]. The harbour master said nobody was in danger",
            [(f"{A}.", (3,))],
            "The harbour master said nobody was in danger",
        ),
        (f"{A} [3]. It cost 3.", [(f"{A}.", (3,))], "It cost 3."),
        (f"{A} [3]. {B} [7].", TWO, ""),
        (f"{A}. [3] {B}. [7]", TWO, ""),
        (f"{A} [3]. {B} [", [(f"{A}.", (3,))], f"{B} ["),
        (f"- {A} [3]\n- {B} [7]\n", [(A, (3,)), (B, (7,))], ""),
        ("Fog", [], "Fog"),
        ("", [], ""),
        (f"<think>{A}", [], ""),
    ],
)
def test_where_a_stream_is_cut_off(text: str, kept: Expected, dropped: str) -> None:
    for size in SIZES:
        written = read(text, size, is_cut=True)
        assert plain([w for w in written if not w.is_cut]) == kept
        assert [w.text for w in written if w.is_cut] == ([dropped] if dropped else [])


ANSWER = f"{A} [3]."
THINKING = [
    f"<think>\nNo. [1]\n</think>\n\n{ANSWER}",
    f"<think></think>{ANSWER}",
    f"<think>a <think>b</think> c</think>{ANSWER}",
    f"Sure. <thinking>No.</thinking>{ANSWER}",
    f"Okay, it may be 40 [1]. The user wants it.\n</think>\n\n{ANSWER}",
    f"Fog held it [1], but who knows? Nobody was there at all.\n</think>{ANSWER}",
    f"[THINK]No.[/THINK]{ANSWER}</s>",
    f"◁think▷No.◁/think▷{ANSWER}",
    f"<seed:think>No.</seed:think>{ANSWER}",
    f"<unused94>thought\nNo.<unused95>{ANSWER}",
    f"<|START_THINKING|>No.<|END_THINKING|><|START_RESPONSE|>{ANSWER}<|END_RESPONSE|>",
    f"<|begin_of_thought|>No.<|end_of_thought|><|begin_of_solution|>{ANSWER}<|end_of_solution|>",
    f"<|channel|>analysis<|message|>No. [1]<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}<|return|>",
    "<|channel|>commentary to=functions.find <|constrain|>json<|message|>{}"
    f"<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}",
    f"analysisWe need it. No.assistantfinal{ANSWER}",
    f"<|channel>thought\nNo.<channel|>{ANSWER}",
    f"Here is my thought process: No. Here is my response: {ANSWER}",
    f"<|im_start|>assistant\n{ANSWER}<|im_end|>\n<|im_start|>user\nAnd then?",
    f"<|start_header_id|>assistant<|end_header_id|>\n\n{ANSWER}<|eot_id|>More.",
    f"<tool_call>{{}}</tool_call>{ANSWER}",
    f"<answer>{ANSWER}</answer>",
    f"{ANSWER}<end_of_turn>\n<start_of_turn>user\nAnd then?",
]


@pytest.mark.parametrize("text", THINKING)
def test_thoughts_and_tokens_of_a_template_are_left_out(text: str) -> None:
    for size in SIZES:
        pieces = [text[i : i + size] for i in range(0, len(text), size)]
        assert without_thoughts(pieces, at_most=1000).strip().removeprefix("Sure. ") == ANSWER
        (*_, last) = read(text, size)
        assert (last.text, last.numbers) == (f"{A}.", (3,))


@pytest.mark.parametrize(
    "text", ["<think>No. [1]", "analysisWe need it.", "<|channel|>analysis<|message|>No.", "<think>", "[THINK] No."]
)
def test_thoughts_alone_are_nothing(text: str) -> None:
    for size in SIZES:
        assert read(text, size) == []


@pytest.mark.parametrize("text", ["Okay", "Analysis of the data shows 45.", "We need 45 boats.", "a < b", "[3", "x"])
def test_what_only_looks_like_a_thought_is_given_out_in_the_end(text: str) -> None:
    thoughts = ThoughtFilter()
    assert "".join([*(thoughts.feed(c)[0] for c in text), thoughts.finish()[0]]) == text


def test_a_sentence_is_given_out_as_soon_as_the_next_begins() -> None:
    reader = DraftReader(12)
    assert list(reader.feed(f"{A} [3]. ")) == []
    assert plain(list(reader.feed("Fog held "))) == [(f"{A}.", (3,))]
    assert reader.n_pending < 20


PARTS = st.sampled_from(
    [*"[](){}<>|*#^¹²⑦【】†\\$_`~. \n-:,;19", "<think>", "</think>", "<|channel|>", "Fog held it", "see", "source"]
)


@given(st.lists(PARTS, max_size=40).map("".join), st.integers(1, 9))
def test_any_text_is_read(text: str, size: int) -> None:
    for written in [*read(text, size), *read(text, size, is_cut=True)]:
        assert "\ue010" not in written.text
        assert "<think>" not in written.text
        assert all(number >= 0 for number in written.numbers)


@pytest.mark.parametrize(
    "word",
    [
        "[1",
        "[1, ",
        "(1 ",
        "<sup>1",
        "<think",
        "Okay x ",
        "¹²",
        "\\cite{1,",
        "| a ",
        "as [1] ",
        "1, ",
        "[1] ",
        "A. ",
        "\n[1]",
    ],
)
def test_hostile_text_takes_no_time(word: str) -> None:
    started = time.perf_counter()
    reader = DraftReader(12)
    for _ in range(24):
        list(reader.feed(word * (500 // len(word))))
        if reader.n_pending > 1500:  # who reads gives it up
            break
    list(reader.finish())
    assert time.perf_counter() - started < 5
