"""Every view against the rules of axe-core (MPL-2.0), fetched from npm for these tests and never shipped."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.newsroom import MARKS, ask
from tests.e2e.test_library_tab import full, open_library
from tests.test_drafts import DRAFT
from tests.test_evaluations import CASES, cases_file

__all__ = ["full"]  # a fixture
pytestmark = MARKS

VERSION = "4.14.1"
SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
# The button that takes dropped files is Gradio's own, and is called otherwise than it reads.
RULES = """() => axe.run({ exclude: [["#bl-files button"]] }, { resultTypes: ["violations"] })
  .then(found => found.violations
  .filter(v => ["serious", "critical"].includes(v.impact))
  .map(v => `${v.id}: ${v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(" | ")}`))"""


@pytest.fixture(scope="session")
def axe() -> str:
    """Its script. Kept in the temporary folder; the tests are passed over where it cannot be fetched."""
    kept = Path(tempfile.gettempdir()) / f"byline-axe-{VERSION}.js"
    if not kept.exists():
        npm = shutil.which("npm")
        with tempfile.TemporaryDirectory() as folder:
            packed = npm and subprocess.run(
                [npm, "pack", f"axe-core@{VERSION}"], cwd=folder, capture_output=True, check=False
            )
            if not packed or packed.returncode:
                pytest.skip(f"axe-core {VERSION} cannot be fetched with npm")
            with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
                script = archive.extractfile("package/axe.min.js")
                assert script is not None
                kept.write_bytes(script.read())
    source = kept.read_bytes()
    assert hashlib.sha256(source).hexdigest() == SHA256
    return source.decode()


@pytest.fixture
def violations(axe: str) -> Any:
    def found(page: Any) -> list[str]:
        if not page.evaluate("'axe' in window"):
            page.evaluate(axe)
        page.wait_for_timeout(300)  # for what fades in
        return list(page.evaluate(RULES))

    return found


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_what_answers_and_checks_breaks_no_serious_rule(open_page, page_url, violations, dark):
    page = open_page(page_url, dark=dark)
    found = {"at first": violations(page)}
    page.get_by_role("button", name="Filters and model").click()
    ask(page, "Any news ?")
    ask(page, "is it so")
    page.locator("#bl-earlier summary").click()
    page.locator(".bl-asked summary").click()
    page.locator(".bl-saves summary").first.click()
    page.get_by_role("link", name="Source 1", exact=True).first.focus()
    found["answered"] = violations(page)
    page.locator("#source-1 .bl-whole").click()
    page.locator("dialog[open]").wait_for()
    found["an article"] = violations(page)
    page.keyboard.press("Escape")
    ask(page, "moon")
    found["no answer"] = violations(page)
    page.get_by_role("tab", name="Check a draft").click()
    page.get_by_label("Your draft").fill(DRAFT)
    page.get_by_role("button", name="Check", exact=True).click()
    page.locator("#bl-findings .bl-keep").wait_for()
    found["a draft"] = violations(page)
    page.get_by_role("tab", name="Models").click()
    page.locator(".bl-models").wait_for()
    found["models"] = violations(page)
    assert {view: rules for view, rules in found.items() if rules} == {}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_library_and_what_adds_to_it_break_no_serious_rule(open_page, serve, full, violations, dark, tmp_path):
    page = open_page(serve(full), dark=dark)
    rows = open_library(page)
    found = {"the list": violations(page)}
    rows.nth(2).locator("button").click()
    page.locator(".bl-headline").wait_for()
    page.get_by_role("button", name="Edit what is stated").click()
    found["an article"] = violations(page)
    page.get_by_role("tab", name="Add articles").click()
    page.get_by_role("button", name="Paste a text").click()
    found["adding"] = violations(page)
    page.get_by_role("tab", name="Evaluate").click()
    page.locator("#bl-evaluating input[type=file]").set_input_files(cases_file(tmp_path, *CASES[1:]))
    page.locator("#bl-evaluation .bl-case summary").first.click()
    found["an evaluation"] = violations(page)
    assert {view: rules for view, rules in found.items() if rules} == {}
