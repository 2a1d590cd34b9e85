# ruff: noqa: T201 - a script that talks to whoever started it
"""Picture every page of the portal: two widths, light and dark, English and French, as Camille and signed out.

    make screens [ARGS="--only wallet"]

Fills the showcase if need be, serves it on a free port, and writes PNG files to `.data/screens/`, which git ignores.
Says what a page's policy forbade, what its scripts complained of, and which addresses did not answer.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, sync_playwright

ROOT = Path(__file__).parents[2]
OUT = ROOT / ".data" / "screens"
COMMAND = (sys.executable, "-m", "cagnotte")
PORTAL = "/p/colibri"
EMAIL, PASSWORD = "camille@colibri.example", "three-small-birds"

WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")
LANGUAGES = {"en": "en-GB", "fr": "fr-FR"}

VISITOR = {
    "home": "/",
    "shops": "/shops/",
    "category": "/shops/c/food/",
    "search-nothing": "/shops/?q=zzzzqq",
    "shop": "/shops/escale/",
    "shop-in-town": "/shops/pain-perdu/",
    "how-it-works": "/how-it-works/",
    "join": "/join/",
    "sign-in": "/sign-in/",
    "help": "/help/",
    "contact": "/contact/",
    "safe": "/safe/",
    "earning": "/earning/",
    "terms": "/terms/",
    "privacy": "/privacy/",
    "accessibility": "/accessibility/",
    "legal": "/legal/",
}
MEMBER = {
    "member-home": "/",
    "favourites": "/favourites/",
    "visits": "/visits/",
    "cagnotte": "/cagnotte/",
    "purchases": "/purchases/",
    "statements": "/statements/",
    "proof": "/proof/",
    "withdraw": "/withdraw/",
    "bank": "/bank/",
    "payouts": "/payouts/",
    "vouchers": "/vouchers/",
    "give": "/give/",
    "spend": "/spend/",
    "code": "/code/",
    "claims": "/claims/",
    "new-claim": "/claims/new/",
    "notices": "/notices/",
    "channels": "/notices/channels/",
    "refer": "/refer/",
    "account": "/account/",
    "profile": "/account/profile/",
    "security": "/account/security/",
    "consents": "/account/consents/",
    "rights": "/rights/",
}
FIRST_LINKS = {
    "purchase": ("/purchases/", "/purchases/pur_"),
    "payout": ("/payouts/", "/payouts/pay_"),
}
"""Pages with an id: the list that leads to them, and how their addresses begin."""


def main() -> int:
    """Take all pictures; return 1 when a page complained."""
    asked = argparse.ArgumentParser(description="Picture every page of the portal.")
    asked.add_argument("--only", default="", help="Pages whose names hold this.")
    only = asked.parse_args().only
    subprocess.run([*COMMAND, "showcase"], cwd=ROOT, check=True)
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    wrong: list[str] = []
    with served() as address, sync_playwright() as driver:
        args = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
        path = os.environ.get("CAGNOTTE_CHROMIUM") or shutil.which("chromium")
        browser = driver.chromium.launch(executable_path=path, args=args)
        for width in WIDTHS:
            for scheme in SCHEMES:
                for language in LANGUAGES:
                    wrong += pictured(browser, address, only, (width, scheme, language))
        browser.close()
    print(
        "\n".join(wrong) or "No page complained.", f"\n{len(list(OUT.iterdir()))} pictures: {OUT}"
    )
    return 1 if wrong else 0


@contextmanager
def served() -> Iterator[str]:
    """Serve the showcase on a free port; give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*COMMAND, "serve", "--no-worker", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/livez")  # noqa: S310 - our own server
                break
            except OSError:
                time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait()


def pictured(browser: Browser, address: str, only: str, look: tuple[int, str, str]) -> list[str]:
    """Picture all pages in one look; return what they complained of."""
    width, scheme, language = look
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        locale=LANGUAGES[language],
        reduced_motion="reduce",
    )
    wrong = _all(context, address, VISITOR, only, look)
    page = context.new_page()
    page.goto(f"{address}/accounts/login/?next={PORTAL}/")
    page.fill("input[type=email]", EMAIL)
    page.fill("input[type=password]", PASSWORD)
    page.press("input[type=password]", "Enter")
    page.wait_for_load_state("networkidle")
    found = dict(MEMBER)
    for name, (where, start) in FIRST_LINKS.items():
        page.goto(f"{address}{PORTAL}{where}")
        link = page.locator(f'a[href*="{PORTAL}{start}"]').first
        if link.count():
            found[name] = (link.get_attribute("href") or "").removeprefix(PORTAL)
    page.close()
    wrong += _all(context, address, found, only, look)
    context.close()
    return wrong


def _all(
    context: BrowserContext,
    address: str,
    pages: dict[str, str],
    only: str,
    look: tuple[int, str, str],
) -> list[str]:
    wrong: list[str] = []
    for name, path in pages.items():
        if only not in name:
            continue
        page = context.new_page()
        told = f"{name} {look}"
        page.on("console", partial(_hear, wrong, told))
        page.on("pageerror", partial(_fail, wrong, told))
        response = page.goto(f"{address}{PORTAL}{path}")
        page.wait_for_load_state("networkidle")
        if response is None or response.status != 200:
            wrong.append(f"{told}: {response.status if response else 'no answer'}")
        if page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        ):
            wrong.append(f"{told}: scrolls sideways")
        page.screenshot(path=OUT / f"{name}-{'-'.join(map(str, look))}.png", full_page=True)
        page.close()
    return wrong


def _hear(wrong: list[str], told: str, message: ConsoleMessage) -> None:
    if message.type in ("error", "warning") and "preload" not in message.text:
        wrong.append(f"{told}: {message.text}")


def _fail(wrong: list[str], told: str, error: Error) -> None:
    wrong.append(f"{told}: {error}")


if __name__ == "__main__":
    sys.exit(main())
