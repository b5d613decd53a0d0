"""Photographs the page with the sample articles. The README's: `python -m tests.e2e.picture ui/assets/page.png`."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from rag import Library
from ui import app

SEEDS = Path(__file__).parent.parent.parent / "seeds"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", help="the picture to write (.png)")
    parser.add_argument("questions", nargs="*", default=["Who asked Biden for help?"], help="asked one after the other")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=900)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--whole", action="store_true", help="the whole page and not what fits the window")
    parser.add_argument("--library", metavar="DIR", help="a library to use instead of the sample articles")
    args = parser.parse_args()
    browser_path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    examples = (SEEDS / "questions.list").read_text(encoding="utf-8").splitlines()
    with tempfile.TemporaryDirectory() as folder, Library.open(args.library or folder) as library:
        if not args.library:
            library.ingest([SEEDS])
        with app.served(library, port=0, examples=examples) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"])
            scheme = "dark" if args.dark else "light"
            page = browser.new_page(viewport={"width": args.width, "height": args.height}, color_scheme=scheme)
            page.set_default_timeout(120_000)
            page.goto(url)
            page.wait_for_selector(".bl-holds")
            for n, question in enumerate(args.questions):
                box = page.get_by_label("Your question")
                box.fill(question)
                box.press("Enter")
                page.wait_for_function(
                    "([n, asked]) => document.querySelectorAll('#bl-earlier summary').length === n"
                    " && document.querySelector('#bl-answer .bl-status:not(.bl-working)')"
                    " && document.querySelector('.bl-question')?.innerText === asked",
                    arg=[n, question],
                )
            page.evaluate("document.activeElement.blur()")
            page.screenshot(path=args.file, full_page=args.whole)
            browser.close()


if __name__ == "__main__":
    main()
