"""A real pretix, as a process of its own, with a theatre that sells tickets, and a customer who buys some."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx

from tests.shops.processes import free_port, serving
from tests.shops.venvs import VENVS, python_of

STOCK = Path(__file__).parent / "pretix_stock.py"
CONFIGURATION = """
[pretix]
url={url}
datadir={folder}
registration=off
# The webhook goes to a server on this machine.
allow_http_to_private_networks=on
[django]
secret=of nobody
[database]
backend=sqlite3
[mail]
from=theatre@mail.example
host=127.0.0.1
port=9
"""


@dataclass(frozen=True)
class Theatre:
    """A running pretix. token: of the team that may ask. item, question: keys of the ticket and of its question."""

    url: str
    token: str
    item: str
    question: str

    def buy(self, tickets: int, *, click: str = "") -> str:
        """Buy tickets as a guest would through the theatre's website, and return the order's code.

        The website hands on the click that it was called with, as pretix's widget does: as data of the cart.
        """
        told = {"widget_data": json.dumps({"question-cagnotte_click": click})} if click else {}
        with httpx.Client(
            base_url=self.url, follow_redirects=True, trust_env=False, timeout=120
        ) as customer:
            page = customer.get("/theatre/play/")
            _post(
                customer, page, "/theatre/play/cart/add", params={"next": "/theatre/play/", **told},
                **{f"item_{self.item}": str(tickets)},
            )  # fmt: skip
            page = customer.get("/theatre/play/checkout/start")
            filled = dict(re.findall(r'name="(\d+-question_\d+)"[^>]*value="([^"]+)"', page.text))
            page = _post(customer, page, str(page.url), email="ana@mail.example", **filled)
            page = _post(customer, page, str(page.url), payment="manual")
            page = _post(customer, page, str(page.url))
        found = re.search(r"/order/([A-Z0-9]+)/", str(page.url))
        assert found, page.text
        return found[1]

    def ask(self, method: str, path: str, **content: Any) -> Any:
        """Ask the API, as the theatre's staff would by pressing buttons."""
        answer = httpx.request(
            method,
            f"{self.url}/api/v1/organizers/theatre/events/play{path}",
            headers={"authorization": f"Token {self.token}"},
            json=content,
            trust_env=False,
            timeout=120,
        )
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


def _post(
    customer: httpx.Client,
    page: httpx.Response,
    path: str,
    *,
    params: Mapping[str, str] | None = None,
    **fields: str,
) -> httpx.Response:
    """Send a form of a page."""
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token, page.text
    answer = customer.post(
        path,
        params=params,
        data={**fields, "csrfmiddlewaretoken": token[1]},
        headers={"referer": str(page.url)},
    )
    assert answer.is_success, answer.text
    return answer


@contextmanager
def theatre(folder: Path, *, cagnotte_url: str, port: int = 0) -> Iterator[Theatre]:
    """Open a theatre that sends its webhooks to an address; at any free port, where none is named."""
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    environment = _environment(folder, url)
    shutil.copy(_empty_database(), folder / "db.sqlite3")
    stocked = _run(environment, STOCK, cagnotte_url).split()
    with serving(
        [
            python_of("pretix"),
            "-m",
            "pretix",
            "runserver",
            "--noreload",
            "--insecure",
            f"127.0.0.1:{port}",
        ],
        url=f"{url}/theatre/play/",
        folder=folder,
        environment=environment,
        log=folder / "server.log",
    ):
        yield Theatre(url, *stocked)


def _environment(folder: Path, url: str) -> dict[str, str]:
    configuration = folder / "pretix.cfg"
    configuration.write_text(CONFIGURATION.format(url=url, folder=folder))
    return {
        "PATH": os.environ["PATH"],
        "PRETIX_CONFIG_FILE": str(configuration),
        "DJANGO_SETTINGS_MODULE": "pretix.settings",
        "PYTHONWARNINGS": "ignore",
    }


def _run(environment: Mapping[str, str], *arguments: str | Path) -> str:
    done = subprocess.run(
        [python_of("pretix"), *arguments],
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr
    return done.stdout


def _empty_database() -> Path:
    """Return a migrated database; made once, which takes minutes, since pretix has many migrations."""
    python_of("pretix")
    known = sha256((VENVS / "pretix" / ".installed").read_bytes()).hexdigest()[:12]
    kept = VENVS / f"pretix-{known}.sqlite3"
    if not kept.exists():
        making = VENVS / f"pretix-{os.getpid()}"
        making.mkdir()
        environment = _environment(making, "http://127.0.0.1")
        _run(environment, "-m", "pretix", "migrate", "--verbosity=0", "--skip-checks")
        (making / "db.sqlite3").rename(kept)
        shutil.rmtree(making)
    return kept
