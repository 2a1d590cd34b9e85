"""Chromium in front of pages. Anything a page's policy forbids, or an error in its scripts, fails the test.

Needs Chromium: `apt install chromium`, or its path in CAGNOTTE_CHROMIUM.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.pages.axe import violations
from tests.pages.servers import Shop, cagnotte_server, shop_server

PHONE, DESKTOP = 390, 1280

CHROME = "Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
"""A person's browser: one without a window calls itself so, and is taken for a robot whose visits do not count."""

LOOKS = [(PHONE, "dark", "fr"), (DESKTOP, "light", "en")]
"""Width, scheme and language: each once. `make screens` pictures them all."""


@dataclass
class Window:
    """A page in the browser, and what went wrong in it."""

    page: Page
    wrong: list[str] = field(default_factory=list)

    def open(self, address: str) -> Page:
        """Go there and wait until it is quiet."""
        self.page.goto(address)
        self.page.wait_for_load_state("networkidle")
        return self.page

    def accessibility(self) -> list[str]:
        """What axe finds wrong, one line per rule."""
        return violations(self.page)

    def too_wide(self) -> bool:
        """Whether the page scrolls sideways."""
        wide: bool = self.page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
        return wide


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all pages of this process."""
    # Playwright keeps an event loop in this thread, which Django takes for asynchronous code.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    path = os.environ.get("CAGNOTTE_CHROMIUM") or shutil.which("chromium")
    assert path, "These tests need Chromium: apt install chromium, or set CAGNOTTE_CHROMIUM."
    with sync_playwright() as driver:
        args = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
        opened = driver.chromium.launch(executable_path=path, args=args)
        yield opened
        opened.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def windows(browser: Browser) -> Iterator[Any]:
    """Make windows: width in pixels, scheme, language, with scripts or not. What goes wrong in any fails the test."""
    contexts: list[BrowserContext] = []
    made: list[Window] = []

    def make(
        width: int = DESKTOP, scheme: str = "light", locale: str = "fr-FR", *, scripts: bool = True
    ) -> Window:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            locale=locale,
            reduced_motion="reduce",
            user_agent=CHROME,
            java_script_enabled=scripts,
        )
        contexts.append(context)
        window = Window(context.new_page())
        window.page.on("console", lambda message: _hear(window, message.type, message.text))
        window.page.on("pageerror", lambda error: window.wrong.append(str(error)))
        made.append(window)
        return window

    yield make
    for context in contexts:
        context.close()
    assert [wrong for window in made for wrong in window.wrong] == []


def _hear(window: Window, kind: str, text: str) -> None:
    # A busy machine draws its first letter later than the browser expects of one that asks for a font early.
    if "preloaded using link preload" in text:
        return
    if kind in ("error", "warning"):
        window.wrong.append(f"{kind}: {text}")


@pytest.fixture(scope="session")
def cagnotte() -> Iterator[str]:
    """Cagnotte's address; pages that need a database ask for one themselves."""
    with cagnotte_server() as address:
        yield address


@pytest.fixture
def shop(cagnotte: str) -> Iterator[Shop]:
    """A shop with a strict policy, which allows Cagnotte's script and nothing inside its pages."""
    with shop_server() as opened:
        opened.policy = (
            f"default-src 'none'; script-src {cagnotte}; connect-src {opened.address}; "
            "style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
            "require-trusted-types-for 'script'; trusted-types 'none'"
        )
        yield opened
