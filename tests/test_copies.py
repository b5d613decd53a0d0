"""The same story twice: copies, versions, what they cost, and what changed between them."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from rag.ingest.copies import N_BANDS, bands, is_later, likeness, relation, same_figures, story
from rag.types import Article

# Nothing here happened: there is no Portmere, and it has no ferry.
PARAGRAPHS = (
    "The harbour council of Portmere voted on Tuesday to buy a second ferry, ending a quarrel that had kept the island "
    "of Saltby without a winter service for six years.",
    "Nineteen of the 31 members were for the purchase, which will cost 4.2 million crowns, the council's clerk said. "
    "Eight voted against it, and four stayed away.",
    "“A town that cannot reach its own island is only half a town,” said Ada Quill, who leads the council and who sold "
    "pies on the quay before she stood for office.",
    "Bo Tern, who speaks for the fishermen, called the purchase a folly. The old pier is rotten, he said, and nobody "
    "has told the fishermen where their boats shall lie while it is mended.",
    "The ferry, built in Westland in 2011, carries 140 passengers and 22 cars. It is to sail from the first of March, "
    "four times a day, if the pier passes its inspection.",
    "Saltby has 900 inhabitants, a school and a lighthouse. Its people have gone to the mainland in the mail boat, "
    "which takes twelve, since the last ferry was sold in the year of the storm.",
)
STORY = "\n\n".join(PARAGRAPHS) + "\n"
# Another newsroom's report of the same vote: the same facts and one quotation, in its own words.
OTHER_REPORT = (
    "Saltby will get its ferry back. After a debate of five hours the councillors of Portmere agreed on Tuesday "
    "evening to spend 4.2 million crowns on a used ship.\n\n"
    "The vote was 19 to 8, with four of the 31 councillors absent. “A town that cannot reach its own island is only "
    "half a town,” council leader Ada Quill told them before it began.\n\n"
    "Fishermen in the gallery booed. Their spokesman Bo Tern says the council has not said where boats are to moor "
    "during repairs of the pier, which engineers closed in part last autumn.\n\n"
    "Islanders lit a fire at the lighthouse when the news came through. The ship can take 140 people; its first "
    "crossing is planned for 1 March.\n"
)


def article(text: str = STORY, name: str = "a", **values: object) -> Article:
    base = Article(id=name, text=text, title=None, outlet=None, path=f"/{name}.txt", content_hash=name)
    return replace(base, **values)  # type: ignore[arg-type]


def put(folder: Path, name: str, text: str = STORY, **front: str) -> Path:
    lines = "".join(f"{key}: {value}\n" for key, value in front.items())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"---\n{lines}---\n{text}" if front else text)
    return folder / name


def other_words(text: str, share: float, seed: int) -> str:
    """Runs of up to six words written anew, until that share of the text is."""
    rng = random.Random(seed)
    words = text.split()
    left = int(share * len(words))
    while left > 0:
        n = min(rng.randint(1, 6), left)
        at = rng.randrange(len(words) - n)
        words[at : at + n] = [rng.choice(("gull", "rope", "tide", "crate", "lamp", "barge")) for _ in range(n)]
        left -= n
    return " ".join(words)


# --- Two texts


@pytest.mark.parametrize(
    "text",
    [
        STORY,
        "Council buys second ferry for Saltby\n\n" + STORY,
        "PORTMERE, May 6 (Quay Press) - " + STORY + "\nReporting by Wren Falke\n\n© 2024 Quay Press",
        "\n\n".join(PARAGRAPHS[:4]),
        "\n\n".join(PARAGRAPHS[:2]),
        "\n\n".join((*PARAGRAPHS[:3], "Correction: the price in an earlier version was wrong.", *PARAGRAPHS[3:])),
        STORY.replace("4.2 million", "4.4 million").replace("Nineteen", "Eighteen"),
        " ".join(STORY.upper().split()),
        *(other_words(STORY, share, seed) for share in (0.1, 0.2, 0.3) for seed in range(3)),
    ],
)
def test_a_copy_is_recognised(text: str) -> None:
    one, other = article(), article(text, "b", outlet="Quay Press")
    assert relation(one, other) == relation(other, one) == "copy"
    assert set(bands(one)) & set(bands(other)), "no band would have brought them together"


def test_another_report_of_the_event_is_no_copy() -> None:
    one, other = article(outlet="Portmere Gazette"), article(OTHER_REPORT, "b", outlet="Quay Press")
    assert relation(one, other) is None
    assert story(one).runs & story(other).runs, "they do share a quotation"


def test_a_quotation_of_the_whole_of_a_brief_is_no_copy() -> None:
    brief = "“A town that cannot reach its own island is only half a town,” said Ada Quill."
    assert relation(article(), article(brief, "b")) is None


def test_a_report_of_a_series_with_other_figures_is_no_copy() -> None:
    report = (
        "The Portmere exchange closed at {} points on {} May, up {} from the day before, after {} trades of rope, salt "
        "and herring. The share of the Saltby Salt Works gained {} crowns. The day's volume was {} crates, and {} "
        "brokers took part, the exchange said in its report of the day, which it gives out each evening."
    )
    monday = report.format(1204, 6, 12, 310, "1.20", 881, 14)
    tuesday = report.format(1198, 7, 6, 287, "0.85", 790, 17)
    one = article(monday, outlet="Quay Press", title="Portmere exchange", published="2024-05-06")
    other = article(tuesday, "b", outlet="Quay Press", title="Portmere exchange", published="2024-05-07")
    assert likeness(story(one), story(other)) > 0.4
    assert not same_figures(story(one), story(other))
    assert relation(one, other) is None


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"url": "https://q.example/1", "published": "2024-05-06"}, {"published": "2024-05-08"}, "version"),
        ({"url": "https://q.example/1", "published": "2024-05-06"}, {"updated": "2024-05-08"}, "version"),
        ({"url": "https://q.example/1", "published": "2024-05-06"}, {"updated": "2024-05-06"}, "version"),
        ({"url": "https://q.example/1", "published": "2024-05-06"}, {}, "copy"),  # nobody knows which is later
        ({"url": "https://q.example/1", "published": "2024-05"}, {"published": "2024-05-08"}, "copy"),
        ({"outlet": "Quay Press", "published": "2024-05-06"}, {"published": "2024-05-08"}, "version"),
        ({"published": "2024-05-06"}, {"published": "2024-05-08"}, "copy"),  # of which outlet?
    ],
)
def test_a_version_is_of_one_piece_and_known_to_be_later(
    one: dict[str, str], other: dict[str, str], expected: str
) -> None:
    shared = {key: one[key] for key in ("url", "outlet") if key in one}
    older, newer = article(**one), article(STORY.replace("Nineteen", "Twenty"), "b", **{**shared, **other})
    assert relation(older, newer) == relation(newer, older) == expected
    assert is_later(newer, older) or expected == "copy"
    assert not is_later(older, newer)


def test_an_address_that_stays_needs_less_text_in_common() -> None:
    words = "\n\n".join((*PARAGRAPHS[:2], OTHER_REPORT, OTHER_REPORT[::-1]))
    one = article(url="https://q.example/1", published="2024-05-06")
    other = article(words, "b", url="https://q.example/1", published="2024-05-07")
    assert 0.2 <= likeness(story(one), story(other)) < 0.45
    assert relation(one, other) == "version"
    assert relation(one, replace(other, url="https://q.example/2")) is None
    home_page = article(OTHER_REPORT, "c", url="https://q.example/1", published="2024-05-07")
    assert relation(one, home_page) is None, "an address that every record has joins nothing"


def test_bands_are_stable_and_leave_out_what_is_no_story() -> None:
    assert len(bands(article())) == N_BANDS
    text = "(Quay Press) -- " + STORY
    assert bands(article(text, boilerplate=((0, len("(Quay Press) -- ")),))) == bands(article())
    assert bands(article("Ferry late.")) == ()
    # Written to the database: a change of these numbers needs a new BANDS_VERSION.
    assert list(bands(article())[:2]) == [2794558426, 4937793868]
