"""Photographs the page with the sample articles. The README's: `python -m tests.e2e.picture ui/assets/page.png`.
Every view, at two widths, light and dark: `python -m tests.e2e.picture --all FOLDER`."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from rag import Library
from ui import app

SEEDS = Path(__file__).parent.parent.parent / "seeds"
WIDTHS = {1280: 900, 390: 844}
DRAFT = (
    "Hamas would release 20 hostages in the first phase. Netanyahu asked Biden for help.\n\n"
    "The talks are held in Geneva. Plums were late this year."
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", help="the picture to write (.png)")
    parser.add_argument("questions", nargs="*", help="asked one after the other")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=900)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--whole", action="store_true", help="the whole page and not what fits the window")
    parser.add_argument("--library", metavar="DIR", help="a library to use instead of the sample articles")
    parser.add_argument("--all", metavar="FOLDER", help="every view, at two widths, light and dark")
    args = parser.parse_args()
    browser_path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    examples = (SEEDS / "questions.list").read_text(encoding="utf-8").splitlines()
    with tempfile.TemporaryDirectory() as folder, Library.open(args.library or folder) as library:
        if not args.library:
            library.ingest([SEEDS])
        with app.served(library, port=0, examples=examples) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"])
            if args.all:
                every_view(browser, url, Path(args.all))
            if args.file:
                page = opened(browser, url, args.width, args.height, dark=args.dark)
                ask(page, args.questions or ["Who asked Biden for help?"])
                page.evaluate("document.activeElement.blur()")
                page.screenshot(path=args.file, full_page=args.whole)
            browser.close()


def opened(browser: Any, url: str, width: int, height: int, *, dark: bool) -> Any:
    scheme = "dark" if dark else "light"
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.set_default_timeout(120_000)
    page.goto(url)
    page.wait_for_selector(".bl-holds")
    page.wait_for_selector(".bl-chip")
    return page


def ask(page: Any, questions: Sequence[str]) -> None:
    for question in questions:
        box = page.get_by_label("Your question")
        box.fill(question)
        box.press("Enter")
        page.wait_for_function(
            "asked => document.querySelector('#bl-answer .bl-status:not(.bl-working)')"
            " && document.querySelector('#bl-answer .bl-question')?.innerText === asked",
            arg=question,
        )


def open_tab(page: Any, name: str) -> None:
    tab = page.get_by_role("tab", name=name)
    if not tab.is_visible():  # on a telephone the last ones are behind a button of Gradio's
        page.locator(".overflow-menu > button").click()
        page.locator(".overflow-dropdown button", has_text=name).click()
    else:
        tab.click()


def every_view(browser: Any, url: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for width, height in WIDTHS.items():
        for dark in (False, True):
            page = opened(browser, url, width, height, dark=dark)
            for view, whole in views(page):
                name = f"{view}-{width}-{'dark' if dark else 'light'}.png"
                page.screenshot(path=folder / name, full_page=whole)
            page.context.close()


def views(page: Any) -> Iterator[tuple[str, bool]]:
    """Brings up one view after the other: its name, and whether all of it is to be seen."""
    yield "first", False
    ask(page, ["Has the court issued arrest warrants?", "Who asked Biden for help?"])
    yield "answer", True
    page.locator("#bl-answer .bl-marker").first.hover()
    page.locator(".bl-peek:popover-open").wait_for()
    yield "words", False
    page.locator("#bl-answer .bl-marker").first.click()
    page.locator("dialog[open]").wait_for()
    yield "article", False
    page.keyboard.press("Escape")
    open_tab(page, "Library")
    page.locator("#bl-library tbody tr").first.wait_for()
    yield "library", True
    page.locator("#bl-library tbody button").first.click()
    page.locator(".bl-headline").wait_for()
    page.get_by_role("button", name="Edit what is stated").click()
    yield "library-article", False
    open_tab(page, "Check a draft")
    page.get_by_label("Your draft").fill(DRAFT)
    page.get_by_role("button", name="Check", exact=True).click()
    page.locator("#bl-findings .bl-keep").wait_for()
    yield "draft", True
    open_tab(page, "Add articles")
    page.get_by_role("button", name="Paste a text").click()
    yield "add", True
    open_tab(page, "Models")
    page.locator(".bl-models").wait_for()
    page.get_by_role("button", name="Use a key for this session only").click()
    yield "models", True
    open_tab(page, "Evaluate")
    page.locator("#bl-evaluation :is(.bl-idle, .bl-added)").wait_for()
    yield "evaluate", True


if __name__ == "__main__":
    main()
