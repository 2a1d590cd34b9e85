"""A real django-oscar shop with `cagnotte-oscar` in it, as processes of its own, and a customer who buys there."""

import html
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import httpx

from tests.shops.processes import free_port, serving
from tests.shops.venvs import ROOT, VENVS, python_of

FOLDER = ROOT / "integrations" / "oscar"
MANAGE = FOLDER / "sandbox" / "manage.py"
ADDRESS = {
    "first_name": "Ana", "last_name": "Martin", "line1": "1 rue de la Paix", "line4": "Paris",
    "postcode": "75002", "country": "FR", "phone_number": "+33140000000",
}  # fmt: skip


@dataclass(frozen=True)
class OscarShop:
    """A running shop. url: without a slash at its end. articles: number of an article → its key in the shop."""

    url: str
    environment: Mapping[str, str]
    articles: Mapping[str, str]

    def manage(self, *arguments: str) -> str:
        """Run a command of the shop, as its staff would."""
        return _manage(self.environment, *arguments)

    def buy(self, articles: Mapping[str, int], *, click: str = "", voucher: str = "") -> str:
        """Come to the shop, by a link with a click or without, buy as a guest, and return the order's number.

        voucher: a code that is typed into the basket; one that the shop does not take fails the test.
        """
        with httpx.Client(
            base_url=self.url, follow_redirects=True, trust_env=False, timeout=60
        ) as customer:
            landing = customer.get("/catalogue/", params={"cagnotte_click": click} if click else {})
            for sku, units in articles.items():
                key = self.articles[sku]
                page = customer.get(f"/catalogue/{sku.lower()}_{key}/")
                _post(customer, f"/basket/add/{key}/", page, quantity=str(units))
            if voucher:
                page = customer.get("/basket/")
                page = _post(customer, "/basket/vouchers/add/", page, code=voucher)
                said = _messages(page)
                assert f"'{voucher}' added to" in said, said
            page = customer.get("/checkout/")
            page = _post(
                customer, "/checkout/", page, username="ana@mail.example", options="anonymous"
            )
            page = _post(customer, "/checkout/shipping-address/", page, **ADDRESS)
            assert landing.is_success
            preview = customer.get("/checkout/preview/")
            page = _post(customer, "/checkout/preview/", preview, action="place_order")
        found = re.search(r"order number is\D*(\d+)", re.sub(r"<[^>]+>", "", page.text))
        assert found, page.text
        return found[1]


def _post(customer: httpx.Client, path: str, page: httpx.Response, **fields: str) -> httpx.Response:
    """Send a form of a page."""
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token, page.text
    answer = customer.post(path, data={**fields, "csrfmiddlewaretoken": token[1]})
    assert answer.is_success, answer.text
    return answer


def _messages(page: httpx.Response) -> str:
    """Return what a page says to the customer, without its markup."""
    found = re.findall(r'<div class="alertinner[^"]*">(.*?)</div>', page.text, re.DOTALL)
    text = re.sub(r"<[^>]+>", " ", " ".join(found))
    return html.unescape(" ".join(text.split()))


@contextmanager
def oscar_shop(
    folder: Path, *, cagnotte_url: str, secret: str, port: int = 0
) -> Iterator[OscarShop]:
    """Open a shop that tells its orders to an address; at any free port, where none is named."""
    port = port or free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "SHOP_DATA": str(folder),
        "CAGNOTTE_URL": cagnotte_url,
        "CAGNOTTE_SECRET": secret,
        "PYTHONWARNINGS": "ignore",
    }
    shutil.copy(_empty_shop(), folder / "shop.sqlite3")
    stocked = _manage(environment, "stock").split()
    articles = dict(zip(stocked[1::2], stocked[::2], strict=True))
    url = f"http://127.0.0.1:{port}"
    with serving(
        [python_of("oscar"), MANAGE, "runserver", "--noreload", f"127.0.0.1:{port}"],
        url=f"{url}/catalogue/",
        folder=FOLDER,
        environment=environment,
        log=folder / "shop.log",
    ):
        yield OscarShop(url, environment, articles)


def _manage(environment: Mapping[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [python_of("oscar"), MANAGE, *arguments],
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr
    return done.stdout


def _empty_shop() -> Path:
    """Return a migrated database; made once, since Oscar has many migrations."""
    python = python_of("oscar")
    known = (VENVS / "oscar" / ".installed").read_bytes() + b"".join(
        path.read_bytes() for path in sorted(FOLDER.glob("src/cagnotte_oscar/migrations/*.py"))
    )
    kept = VENVS / f"oscar-{sha256(known).hexdigest()[:12]}.sqlite3"
    if not kept.exists():
        making = VENVS / f"oscar-{os.getpid()}"
        making.mkdir()
        subprocess.run(
            [python, MANAGE, "migrate", "--verbosity=0", "--skip-checks"],
            env={"PATH": os.environ["PATH"], "SHOP_DATA": str(making), "PYTHONWARNINGS": "ignore"},
            check=True,
        )
        (making / "shop.sqlite3").rename(kept)
        making.rmdir()
    return kept
