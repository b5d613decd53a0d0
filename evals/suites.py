"""Public data sets, read from disk, indexed in a throw-away library, measured through the product's own calls."""

from __future__ import annotations

import argparse
import gzip
import io
import json
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evals.metrics import bootstrap_ci95
from rag import BylineError, Library

Json = dict[str, Any]


def main(args: argparse.Namespace) -> int:
    """Run one suite and print its report."""
    if args.suite == "speed":
        from evals.speed import speed

        report = speed(say=_say)
    else:
        if not args.data:
            raise BylineError(f"the suite {args.suite!r} reads public data: give its folder with --data DIR.")
        report = {"scifact": scifact, "reading": reading}[args.suite](Path(args.data), keep=args.keep)
    if args.json:
        print(json.dumps(report, indent=2))
    else:
        print(table(report))
    return 0


def table(report: Json) -> str:
    """The metrics of a report as aligned lines."""
    lines = [f"suite {report['suite']}, {report['cases']} cases"]
    for name, metric in report["metrics"].items():
        interval = f"  [{metric['ci95'][0]:.4g}, {metric['ci95'][1]:.4g}]" if metric.get("ci95") else ""
        lines.append(f"{name:44} {metric['value']:.4g}{interval}  n={metric['n']}")
    return "\n".join(lines)


def metric(values: Sequence[float]) -> Json:
    """Mean of per-case values with its 95% bootstrap interval."""
    mean = sum(values) / len(values) if values else 0.0
    return {"value": mean, "n": len(values), "ci95": bootstrap_ci95(values)}


@contextmanager
def library_of(records: Iterable[Json], keep: str | None) -> Iterator[Library]:
    """A library that holds `records` (as lines of a JSONL file), removed afterwards unless `keep` names a folder."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(keep) if keep else Path(scratch) / "library"
        file = (folder / "articles.jsonl").absolute()
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("w", encoding="utf-8") as out:
            out.writelines(json.dumps(record) + "\n" for record in records)
        with Library.open(folder) as library:
            report = library.ingest([file], progress=lambda done, total, what: _say(f"ingest {what}"))
            _say(f"{report.articles} articles, {report.passages} passages, ingest {report.elapsed_s:.0f} s")
            yield library


def scifact(data: Path, *, keep: str | None = None) -> Json:
    """BEIR's SciFact test set (Wadden et al. 2020; Thakur et al. 2021): nDCG@10 and Recall over `Library.retrieve`.

    An abstract's rank is the rank of its best passage.
    """
    import ir_measures
    from ir_measures import Qrel, R, ScoredDoc, nDCG

    archive = zipfile.ZipFile(_existing(data / "beir_scifact" / "scifact.zip"))

    def lines(name: str) -> list[str]:
        member = next(n for n in archive.namelist() if n.endswith(name))
        return io.TextIOWrapper(archive.open(member), encoding="utf-8").read().splitlines()

    corpus = [json.loads(line) for line in lines("corpus.jsonl")]
    queries = {q["_id"]: q["text"] for q in map(json.loads, lines("queries.jsonl"))}
    rows = [row.split("\t") for row in lines("qrels/test.tsv")[1:]]
    qrels = [Qrel(query, document, int(grade)) for query, document, grade in rows]
    records = ({"id": d["_id"], "title": d["title"], "text": d["text"]} for d in corpus)
    run, seconds = [], []
    with library_of(records, keep) as library:
        for query in dict.fromkeys(qrel.query_id for qrel in qrels):
            started = time.perf_counter()
            hits = library.retrieve(queries[query], k=40)
            seconds.append(time.perf_counter() - started)
            best: dict[str, float] = {}
            for hit in hits:
                best.setdefault(hit.article.path.rpartition("#")[2], hit.score)
            run += [ScoredDoc(query, document, score) for document, score in best.items()]
    measures = {"nDCG@10": nDCG @ 10, "Recall@10": R @ 10, "Recall@20": R @ 20}
    values: dict[str, list[float]] = {name: [] for name in measures}
    for found in ir_measures.iter_calc(list(measures.values()), qrels, run):
        values[next(name for name, m in measures.items() if m == found.measure)].append(found.value)
    return {
        "suite": "scifact",
        "cases": len(seconds),
        "errors": 0,
        "metrics": {name: metric(v) for name, v in values.items()}
        | {"search_ms_p50": {"value": sorted(seconds)[len(seconds) // 2] * 1000, "n": len(seconds)}},
    }


def reading(data: Path, *, keep: str | None = None) -> Json:
    """Does the first sentence of the extractive answer hold the answer? XQuAD (Artetxe et al. 2020): 1190 questions
    over 240 paragraphs, all searched together. The denominator is always all questions."""
    file = json.loads(_existing(data / "xquad_en" / "xquad.en.json").read_text(encoding="utf-8"))
    paragraphs = [
        (f"{a}-{p}", paragraph)
        for a, article in enumerate(file["data"])
        for p, paragraph in enumerate(article["paragraphs"])
    ]
    records = ({"id": key, "text": paragraph["context"]} for key, paragraph in paragraphs)
    answered, first, any_right, found = [], [], [], []
    with library_of(records, keep) as library:
        for key, paragraph in paragraphs:
            for qa in paragraph["qas"]:
                answer = library.ask(qa["question"])
                start = qa["answers"][0]["answer_start"]
                gold = (start, start + len(qa["answers"][0]["text"]))
                right = [
                    c.article.path.endswith(f"#{key}") and c.start <= gold[0] and gold[1] <= c.end
                    for claim in answer.claims
                    for c in claim.citations
                ]
                answered.append(float(answer.status == "answered"))
                first.append(float(right[0] if right else False))
                any_right.append(float(any(right)))
                found.append(float(any(hit.article.path.endswith(f"#{key}") for hit in answer.hits)))
    return {
        "suite": "reading",
        "cases": len(first),
        "errors": 0,
        "metrics": {
            "passage_found@8": metric(found),
            "answered": metric(answered),
            "first_right": metric(first),
            "any_right": metric(any_right),
        },
    }


def read_jsonl(path: Path) -> list[Json]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(_existing(path), "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise BylineError(f"the data set file {path} is not there: --data names the folder that holds it.")
    return path


def _say(text: str) -> None:
    print(f"\r\033[K{text}" if sys.stderr.isatty() else text, file=sys.stderr, flush=True)
