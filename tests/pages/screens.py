# ruff: noqa: T201 - a script that talks to whoever started it
"""Picture every page and mail of the portal: two widths, light and dark, English and French, as Camille and signed out.

    make screens [ARGS="--only wallet"]

Fills the showcase if need be, serves it on a free port, and writes PNG files to `.data/screens/`, which git ignores.
Pages are found by the links that lead to them. Says what a page's policy forbade, what its scripts complained of, what
axe finds wrong with it, and which addresses did not answer.
"""

import argparse
import html
import os
import re
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

import django
from django.urls import Resolver404, resolve
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, sync_playwright

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.pages.axe import violations  # noqa: E402 - found by the line before

OUT = ROOT / ".data" / "screens"
COMMAND = (sys.executable, "-m", "cagnotte")
PORTAL = "/p/colibri"
EMAIL, PASSWORD = "camille@colibri.example", "three-small-birds"

WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")
LANGUAGES = {"en": "en-GB", "fr": "fr-FR"}

SEEDS = {
    "home": "/",
    "search-nothing": "/shops/?q=zzzzqq",
    "shop": "/shops/escale/",
    "shop-in-town": "/shops/pain-perdu/",
    "how-it-works": "/how-it-works/",
    "share": "/share/?url=https://www.escale.example/",
    "not-found": "/shops/no-such-shop/",
}
"""Pages to begin with, for everyone. What they lead to is found by its links."""

MEMBERS_SEEDS = {
    "home": "/",
    "cagnotte": "/cagnotte/",
    "withdraw": "/withdraw/",
    "new-claim": "/claims/new/",
    "rights": "/rights/",
}

MISSING = {"not-found"}
"""Pages that say that there is nothing."""

FILES = (".css", ".csv", ".pdf", ".json", ".png", ".svg", ".js", ".webmanifest", "/export/")


def main() -> int:
    """Take all pictures; return 1 when a page complained."""
    asked = argparse.ArgumentParser(description="Picture every page of the portal.")
    asked.add_argument("--only", default="", help="Pages whose names hold this.")
    only = asked.parse_args().only
    subprocess.run([*COMMAND, "showcase"], cwd=ROOT, check=True)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cagnotte.config.settings")
    django.setup()
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
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
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
    """Picture all pages in one look, signed out and signed in; return what they complained of."""
    width, scheme, language = look
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        locale=LANGUAGES[language],
        reduced_motion="reduce",
    )
    for_all = found(context, address, SEEDS)
    wrong = _all(context, address, for_all, only, look)
    page = context.new_page()
    page.goto(f"{address}/accounts/login/?next={PORTAL}/")
    page.fill("input[type=email]", EMAIL)
    page.fill("input[type=password]", PASSWORD)
    page.press("input[type=password]", "Enter")
    page.wait_for_load_state("networkidle")
    page.close()
    of_member = {
        f"member-{name}": path
        for name, path in found(context, address, MEMBERS_SEEDS).items()
        if name in MEMBERS_SEEDS or name not in for_all
    }
    wrong += _all(context, address, of_member, only, look)
    _picture_mails(context, only, look)
    context.close()
    return wrong


def _picture_mails(context: BrowserContext, only: str, look: tuple[int, str, str]) -> None:
    # The words of mails are read when Django is set up.
    from tests.contexts.notices.test_mails import LETTERS, mail, page_of  # noqa: PLC0415

    page = context.new_page()
    for kind in LETTERS:
        name = f"mail-{kind}"
        if only in name:
            page.set_content(page_of(mail(kind, look[2])))
            page.screenshot(path=OUT / f"{name}-{'-'.join(map(str, look))}.png", full_page=True)
    page.close()


def found(context: BrowserContext, address: str, seeds: dict[str, str]) -> dict[str, str]:
    """Return the pages that links lead to from some, the first address of each view, by the view's name."""
    pages, waiting = dict(seeds), list(seeds.values())
    views = {_view_of(path) for path in seeds.values()}
    while waiting:
        asked = waiting.pop(0)
        answer = context.request.get(f"{address}{PORTAL}{asked}")
        if "/sign-in/" in answer.url and "/sign-in/" not in asked:
            pages.pop(_view_of(asked), None)
            continue
        for path in re.findall(rf'href="{PORTAL}(/[^"#]*)', answer.text()):
            view = _view_of(path)
            if view and view not in views and not path.partition("?")[0].endswith(FILES):
                views.add(view)
                pages[view] = html.unescape(path)
                waiting.append(path)
    return pages


def _view_of(path: str) -> str:
    try:
        view = resolve(f"{PORTAL}{path.partition('?')[0]}").url_name or ""
    except Resolver404:
        return ""
    return view.removeprefix("portal_")


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
        if name not in MISSING:
            page.on("console", partial(_hear, wrong, told))
        page.on("pageerror", partial(_fail, wrong, told))
        response = page.goto(f"{address}{PORTAL}{path}")
        page.wait_for_load_state("networkidle")
        if response is None or response.status != (404 if name in MISSING else 200):
            wrong.append(f"{told}: {response.status if response else 'no answer'}")
        if page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        ):
            wrong.append(f"{told}: scrolls sideways")
        page.screenshot(path=OUT / f"{name}-{'-'.join(map(str, look))}.png", full_page=True)
        wrong += [f"{told}: {rule}" for rule in violations(page)]
        page.close()
    return wrong


def _hear(wrong: list[str], told: str, message: ConsoleMessage) -> None:
    if message.type in ("error", "warning") and "preload" not in message.text:
        wrong.append(f"{told}: {message.text}")


def _fail(wrong: list[str], told: str, error: Error) -> None:
    wrong.append(f"{told}: {error}")


if __name__ == "__main__":
    sys.exit(main())
