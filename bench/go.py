"""Following links: the view of `/go` against a bare view, behind the same middleware, that inserts one row.

    PYTHONPATH=src .venv/bin/python -m bench.go [--quick]

Both are answered by Django's own WSGI application, called by eight threads of this process with connections that stay
open: no server stands between, so that what is compared is the two views. The bare view writes as wide a row into the
same table, which has the same indexes, and redirects to one address. Then each is asked at half of its own top rate, at
even moments that do not wait for answers, and the slowest hundredth of the answers is compared.
"""

import gc
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

from django.core.wsgi import get_wsgi_application
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.test.utils import override_settings
from django.urls import include, path

from bench import table
from bench.scene import Scene, scene
from bench.table import Row
from cagnotte.journeys import load_programme
from cagnotte.journeys.follow_link import Books
from cagnotte.platform import database
from cagnotte.portal import going
from cagnotte.tracking.services import new_ref

REACH = 0.7
P99_TIMES = 3.0
THREADS = 8
REQUESTS = 6_000
"""By all threads together, in each round."""

PACED_SECONDS = 8
PACED_ROUNDS = 5
"""More than for rates: one slow moment of the machine is all of a hundredth."""

SHOPS = 300
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
AGENT = "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36"

_BARE = """
INSERT INTO tracking_click
    (id, ref, programme_id, bucket, merchant_id, wallet_id, visit_id, clicked_at, offer_ref, offer_version, promise,
     promised, device, consent, origin, path, via, rival_at)
VALUES (%s, %s, %s, 7, %s, NULL, %s, now(), 'offer-7', 1, '{"effect": {"type": "percent", "rate_bps": 500}}', '5%%',
        'phone', 'unasked', '', '', 'net', NULL)
"""
ONE = UUID(int=7)


def bare(_request: HttpRequest) -> HttpResponse:
    """Insert a row, redirect."""
    with connection.cursor() as cursor:
        cursor.execute(_BARE, [uuid4(), new_ref(), ONE, ONE, uuid4()])
    return HttpResponseRedirect("https://net.example/out")


urlpatterns = [path("bare", bare), path("", include("cagnotte.portal.urls"))]


def programme() -> str:
    """Return a portal of many shops, half of them reached through a network."""
    ranks = range(SHOPS)
    shops = "\n".join(f"  - {{ref: shop-{n}, site: 'https://shop-{n}.example/'}}" for n in ranks)
    contracts = "\n".join(f"  - {{ref: c-{n}, merchant: shop-{n}}}" for n in ranks)
    offers = "\n".join(
        f"  - {{ref: offer-{n}, effect: {{kind: percent, rate: 5 %}}, conditions: {{merchants: [shop-{n}]}}}}"
        for n in ranks
    )
    covered = ", ".join(f"'{n}': shop-{n}" for n in range(0, SHOPS, 2))
    return (
        "programme: {slug: portal, name: Portal, currency: EUR}\n"
        f"merchants:\n{shops}\ncontracts:\n{contracts}\noffers:\n{offers}\n"
        "sources:\n  - ref: net\n    plugin: postback\n"
        '    settings: {link: "https://net.example/out?to={target}&click={click}"}\n'
        f"    merchants: {{{covered}}}\n"
    )


def open_portal() -> None:
    """Load the programme."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "programme.yaml"
        file.write_text(programme(), encoding="utf-8")
        load_programme.run(file, now=NOW)


# ---- asking ---------------------------------------------------------------------------------------------------


def link(_number: int) -> str:
    """Return the address of some offer."""
    return f"/go/portal/offer-{secrets.randbelow(SHOPS)}"


def bare_address(_number: int) -> str:
    return "/bare"


Address = Callable[[int], str]


def ask(application: Any, address: str) -> None:
    """Send one request of a visitor who comes back, and read the answer."""
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": address,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "HTTP_USER_AGENT": AGENT,
        "HTTP_ACCEPT_LANGUAGE": "fr-FR,fr;q=0.9",
        "HTTP_SEC_FETCH_DEST": "document",
        "HTTP_COOKIE": f"cagnotte_visit={uuid4().hex}",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
    }
    said: list[str] = []
    answer = application(environ, lambda status, _headers: said.append(status))
    answer.close()
    assert said == ["302 Found"], said


def per_second(made: Scene, address: Address, requests: int) -> float:
    """Return requests per second of all threads, each asking as soon as it has its answer."""
    with ready(made) as (application, threads):
        started = time.perf_counter()
        list(threads.map(lambda n: ask(application, address(n)), range(requests)))
        return requests / (time.perf_counter() - started)


def p99_seconds(made: Scene, address: Address, rate: float, seconds: int) -> float:
    """Return how long the slowest hundredth waits when requests come at a rate, whether answers do or not."""
    with ready(made) as (application, threads):
        start = time.perf_counter() + 0.05

        def one(number: int) -> float:
            due = start + number / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            ask(application, address(number))
            return time.perf_counter() - due

        waits = sorted(threads.map(one, range(int(rate * seconds))))
        return waits[int(len(waits) * 0.99)]


class ready:  # noqa: N801 - reads as a word in `with ready(…)`
    """A fresh database, the application, and warm threads with open connections."""

    def __init__(self, made: Scene) -> None:
        self._made = made

    def __enter__(self) -> tuple[Any, ThreadPoolExecutor]:
        self._fresh = self._made.fresh()
        self._fresh.__enter__()
        connections.settings["default"].update(database.django_settings(database.database_url()))
        connections.settings["default"]["CONN_MAX_AGE"] = None
        going.BOOKS = Books()
        application = get_wsgi_application()
        self._threads = ThreadPoolExecutor(THREADS)
        list(self._threads.map(lambda n: ask(application, link(n)), range(THREADS * 20)))
        list(self._threads.map(lambda n: ask(application, bare_address(n)), range(THREADS * 20)))
        gc.freeze()
        return application, self._threads

    def __exit__(self, *error: object) -> None:
        gc.unfreeze()
        self._threads.shutdown()
        connections.close_all()
        self._fresh.__exit__(None, None, None)


def measure(*, quick: bool = False) -> list[Row]:
    """Compare top rates, then the slowest answers at half of each side's own."""
    requests, seconds = (REQUESTS // 10, 2) if quick else (REQUESTS, PACED_SECONDS)
    sides: Sequence[tuple[str, Address]] = (("bare", bare_address), ("go", link))
    with scene(open_portal) as made, override_settings(ROOT_URLCONF="bench.go"):
        rates = table.alternate(
            {name: partial(per_second, made, address, requests) for name, address in sides}
        )
        waits = table.alternate(
            {
                name: partial(p99_seconds, made, address, rates[name] / 2, seconds)
                for name, address in sides
            },
            rounds=PACED_ROUNDS,
        )
    return list(_rows(rates, waits))


def _rows(rates: dict[str, float], waits: dict[str, float]) -> Iterator[Row]:
    yield Row.at_least(
        "a link followed, against a bare view that inserts one row",
        rates["go"] / rates["bare"],
        REACH,
        detail=f"{rates['go']:,.0f}/s against {rates['bare']:,.0f}/s, {THREADS} threads in one process",
    )
    yield Row.at_most(
        "the slowest hundredth at half of the top rate, against the bare view's",
        waits["go"] / waits["bare"],
        P99_TIMES,
        detail=f"{1000 * waits['go']:,.1f} ms against {1000 * waits['bare']:,.1f} ms",
    )


if __name__ == "__main__":
    table.main(measure)
