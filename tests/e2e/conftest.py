"""The page in a real Chromium: what serves it, and what opens it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.e2e.newsroom import ARGUMENTS, BROWSER, LEAVING, PATIENCE, UPLOADING, Newsroom
from ui import app


@pytest.fixture
def serve() -> Iterator[Any]:
    """Serves libraries until the test and its pages are closed: a page that is open complains when its server goes."""
    with ExitStack() as servers:
        yield lambda library, **options: servers.enter_context(app.served(library, port=0, **options))


@pytest.fixture(scope="module")
def newsroom() -> Newsroom:
    return Newsroom()


@pytest.fixture(scope="module")
def page_url(newsroom: Newsroom) -> Iterator[str]:
    with app.served(newsroom, port=0, examples=["When does the bridge reopen?"]) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=BROWSER, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Any, serve: Any) -> Iterator[Any]:  # closes its pages before `serve` its servers
    """Opens a page; in the end makes sure that it asked nobody else for anything and had nothing to complain of."""
    contexts, complaints = [], []

    def opened(url: str, *, width: int = 1280, height: int = 900, dark: bool = False) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        here = url.split("?")[0]
        page.on("request", lambda r: None if r.url.startswith((here, "data:", "blob:")) else complaints.append(r.url))

        def heard(message: Any) -> None:
            if message.type in ("error", "warning") and message.text != UPLOADING and page not in LEAVING:
                complaints.append(message.text)

        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("response", lambda r: complaints.append(f"{r.status} {r.url}") if r.status >= 400 else None)
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(url)
        page.wait_for_selector(".bl-holds")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
