"""Evaluations that are run from the page: one at a time, in a thread of its own, so that nobody's question waits for
it. What came of each is kept in the library's folder, to be compared with later ones. Nothing of Gradio, nothing to
see."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rag.errors import BylineError
from rag.types import Json, LanguageModel

FOLDER = "evaluations"  # in the library's folder
MOST_KEPT = 30
MOST_BYTES = 8 * 2**20  # of a file of cases
LOOK_S = 0.2  # between two looks at how far it is
_STEP = re.compile(r"(\d+)/(\d+) (.*)", re.DOTALL)  # what `evals.runner.run` says before each case
_KEPT = re.compile(r"(\d{8}-\d{6})-([\w.-]{1,60})\.json")

log = logging.getLogger("ui.app")


class Stopped(Exception):
    """Raised within a run that is to end."""


@dataclass
class Run:
    """One run: how far it is and, when `ended`, what came of it: a `report` and the name under which it is `kept`, or
    the sentence that says why there is none."""

    suite: str
    n_done: int = 0
    n_cases: int = 0
    question: str = ""
    report: Json | None = None
    kept: str = ""
    failed: str = ""
    is_stopping: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    def hear(self, text: str) -> None:
        """Take note of how far it is. Raises Stopped where it is to end."""
        if self.is_stopping:
            raise Stopped
        if step := _STEP.fullmatch(text):
            self.n_done, self.n_cases, self.question = int(step[1]) - 1, int(step[2]), step[3]

    def steps(self) -> Iterator[Run]:
        """This, whenever something of it has changed, until it has ended, and once then."""
        seen: Any = None
        while not self.ended.wait(LOOK_S):
            if (now := (self.n_done, self.n_cases, self.is_stopping)) != seen:
                seen = now
                yield self
        yield self


class Evaluations:
    """The runs over one library: that which is going on, and those that are kept."""

    def __init__(self, library: Any) -> None:
        """`library` is a `rag.Library`."""
        self._library = library
        self._folder = Path(library.path) / FOLDER
        self._starting = threading.Lock()
        self.current: Run | None = None

    def begin(self, model: str | LanguageModel | None, file: Path | None = None) -> Run:
        """Start the built-in suite, or the cases in `file` (as `byline eval --cases` reads them, before this returns)
        on this library. BylineError where a run is going on, or the cases cannot be read."""
        from evals import runner, suites
        from evals.cases import load_cases

        if file is None:
            suites.builtin_sources(None)
            run, work = Run("seeds"), lambda: suites.builtin(model=model, hear=run.hear)
        else:
            if (size := file.stat().st_size) > MOST_BYTES:
                raise BylineError(
                    f"{file.name} has {size / 2**20:,.0f} MB: give at most {MOST_BYTES // 2**20} MB of cases at a time."
                )
            try:
                cases = load_cases(file)
            except BylineError as error:  # the folder is none of the reader's business
                raise BylineError(str(error).replace(str(file), file.name)) from None
            run, config = Run(file.stem), {"cases": file.name, "split": "all"}

            def work() -> Json:
                return runner.run(cases, self._library, suite=run.suite, model=model, config=config, say=run.hear)

        with self._starting:
            if self.current is not None and not self.current.ended.is_set():
                raise BylineError("an evaluation is going on already: wait for its end, or stop it.")
            self.current = run
        threading.Thread(target=self._work, args=(run, work), name="byline-evaluating", daemon=True).start()
        return run

    def _work(self, run: Run, work: Callable[[], Json]) -> None:
        try:
            run.report = work()
            run.n_done = run.n_cases
            run.kept = self._keep(run.report)
        except Stopped:
            pass
        except BylineError as error:
            run.failed = str(error)
        except Exception:
            log.exception("An evaluation failed")
            run.failed = "Byline could not evaluate because of a fault of its own; the terminal says more."
        finally:
            run.ended.set()

    def kept(self) -> list[tuple[str, str]]:
        """What the kept runs are called and their names, the newest first."""
        found = sorted((match for file in self._files() if (match := _KEPT.fullmatch(file.name))), key=lambda m: m[1])
        return [(f"{m[2]}, {_time(m[1])}", m[0]) for m in reversed(found)]

    def read(self, name: str) -> Json:
        """The report of a kept run. BylineError where there is none of that name."""
        try:
            if not _KEPT.fullmatch(name):
                raise ValueError(name)
            report: Json = json.loads((self._folder / name).read_text(encoding="utf-8"))
            return report if isinstance(report["results"], list) else {}
        except (OSError, ValueError, KeyError, TypeError):
            raise BylineError("this run is no longer kept: choose another one.") from None

    def _files(self) -> list[Path]:
        return list(self._folder.glob("*.json")) if self._folder.is_dir() else []

    def _keep(self, report: Json) -> str:
        """The name under which it is kept; "" where the folder cannot be written."""
        words = re.sub(r"[^\w.-]+", "-", f"{report['suite']}-{report['config'].get('model', '')}", flags=re.ASCII)
        name = f"{dt.datetime.now():%Y%m%d-%H%M%S}-{words.strip('-')[:60]}.json"
        try:
            self._folder.mkdir(exist_ok=True)
            (part := self._folder / f".{name}.part").write_text(json.dumps(report), encoding="utf-8")
            os.replace(part, self._folder / name)
            for _, old in self.kept()[MOST_KEPT:]:
                (self._folder / old).unlink(missing_ok=True)
        except OSError:
            log.warning("The evaluation cannot be kept in %s", self._folder)
            return ""
        return name


def _time(stamp: str) -> str:
    day = dt.datetime.strptime(stamp, "%Y%m%d-%H%M%S")
    return f"{day.day} {day:%B %Y, %H:%M:%S}"
