"""Reads files one by one, each in a process of its own that is timed and measured: what hostile files may cost.

python -m tests.campaigns.reading FILE…    (one line of JSON for each, as it is done)
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

LONGEST_S = 30.0
MOST_MB = 1024.0


def measured(files: Sequence[Path]) -> Generator[tuple[Path, dict[str, Any]], None, None]:
    """For each file what `main` found: "seconds", "mb", "articles", "failures" and "fault" ("" where there is none)."""
    command = [sys.executable, "-m", "tests.campaigns.reading", *map(str, files)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for file in files:
                line = process.stdout.readline()
                assert line, f"reading ended at {file.name}"
                yield file, json.loads(line)
        finally:
            process.kill()


def count(done: Counter[str], found: dict[str, Any]) -> None:
    """Put what `measured` found of a file into the counts of a campaign."""
    done["read" if found["articles"] else "refused"] += 1
    done["slowest, s"] = max(done["slowest, s"], round(found["seconds"]))
    done["most memory, MB"] = max(done["most memory, MB"], found["mb"])


def main(files: Sequence[str]) -> None:
    import docx  # noqa: F401  (loaded once, before all)
    import lxml.html  # type: ignore[import-untyped]  # noqa: F401
    import pypdfium2  # noqa: F401
    import trafilatura  # noqa: F401

    for file in files:
        print(json.dumps(read_apart(file)), flush=True)


def read_apart(file: str) -> dict[str, Any]:
    """What came of reading one file in a process of its own."""
    ear, mouth = os.pipe()
    started = time.monotonic()
    child = os.fork()
    if not child:
        os.close(ear)
        signal.alarm(int(LONGEST_S))
        try:
            told = look(Path(file))
        except BaseException:
            told = {"fault": traceback.format_exc()[-1500:]}
        with contextlib.suppress(OSError):  # nobody waits for it any more
            os.write(mouth, json.dumps(told).encode())
        os._exit(0)
    os.close(mouth)
    with os.fdopen(ear, "rb") as pipe:
        told = json.loads(pipe.read() or b"{}")
    _, status, usage = os.wait4(child, 0)
    seconds, mb = time.monotonic() - started, usage.ru_maxrss / 1024
    fault = told.get("fault", "")
    if os.WIFSIGNALED(status):
        fault = f"ended by {signal.Signals(os.WTERMSIG(status)).name} after {seconds:.0f} s"
    elif mb > MOST_MB:
        fault = f"{mb:.0f} MB"
    return {"articles": 0, "failures": 0, **told, "seconds": round(seconds, 2), "mb": round(mb), "fault": fault}


def look(path: Path) -> dict[str, Any]:
    """Read a file as ingest does: what it gives must be articles with exact passages, and failures of one sentence."""
    from rag.ingest.articles import read
    from rag.ingest.passages import cut
    from rag.types import Failure

    told: dict[str, Any] = {"articles": 0, "failures": 0, "fault": ""}
    for item in read(path):
        if isinstance(item, Failure):
            told["failures"] += 1
            assert item.error, item
            assert "\n" not in item.error, item.error
            assert "Traceback" not in item.error
            continue
        told["articles"] += 1
        item.text.encode()
        passages, sentences = cut(
            item.id, item.text, boilerplate=item.boilerplate, headings=(), count=len, fits=lambda *_: True
        )
        for passage in passages:
            assert item.text[passage.start : passage.end] == passage.text
        assert all(0 <= s.start < s.end <= len(item.text) for s in sentences)
    return told


if __name__ == "__main__":
    main(sys.argv[1:])
