"""Quotes: the operation of `/v1/quotes` against a JSON view behind the same middleware and the same check of the key.

    PYTHONPATH=src .venv/bin/python -m bench.quotes [--quick]

A basket of 20 lines is quoted in a programme of 2,000 live offers, 40 of them at the shop that is asked for. Both views
are answered by Django's own WSGI application, called by eight threads of this process with connections that stay open.
The bare view reads the body and answers a small object. Then each is asked at half of its top rate, at even moments
that do not wait for answers, and the slowest hundredth of the answers is compared.

What visitors ask for comes again: the pages of a shop show the same articles to all of them. So there are 200
different baskets, asked for in turns; an answer for anybody is good for a minute, so each is asked for once before a
round, which is shorter. What a quote costs when nobody has asked for it before is measured too, with baskets none of
which comes twice.
"""

import gc
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.http import HttpRequest, JsonResponse
from django.test.utils import override_settings
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from bench import table
from bench.go import NOW
from bench.scene import Scene, scene
from bench.table import Row
from cagnotte.api.access import publishable
from cagnotte.identity import api_keys
from cagnotte.identity.models import Programme
from cagnotte.journeys import load_programme
from cagnotte.journeys.kept_runs import RUNS
from cagnotte.platform import database

REACH = 0.6
P99_TIMES = 3.0
THREADS = 8
REQUESTS = 3_000
"""By all threads together, in each round."""

PACED_SECONDS = 8
PACED_ROUNDS = 5
BASKETS = 200
"""Different ones, that come again and again."""

SHOPS = 50
OFFERS = 2_000
LINES = 20

BODY = json.dumps(
    {
        "merchant": "shop-7",
        "currency": "EUR",
        "lines": [
            {"sku": f"sku-{n}", "quantity": 1, "amount_minor": 199 + 50 * n, "category": f"c-{n % 8}"}
            for n in range(LINES)
        ],
    }
).encode()  # fmt: skip


def body(number: int) -> bytes:
    """Return the body that asks for one of many baskets: they differ by the price of their first line."""
    return BODY.replace(b'"amount_minor": 199,', b'"amount_minor": %d,' % (199 + number))


_check = publishable("quotes:read")


@csrf_exempt
def bare(request: HttpRequest) -> JsonResponse:
    """Check the key, read the body, answer."""
    _check(request)
    return JsonResponse({"lines": len(json.loads(request.body)["lines"])})


urlpatterns = [path("v1/bare", bare), path("", include("cagnotte.config.urls"))]


def programme() -> str:
    """Return a portal of 2,000 offers: rates by shop and category, minimum baskets, tiers."""
    shops = "\n".join(f"  - {{ref: shop-{n}}}" for n in range(SHOPS))
    contracts = "\n".join(f"  - {{ref: c-{n}, merchant: shop-{n}}}" for n in range(SHOPS))
    categories = "\n".join(f"  - {{ref: c-{n}}}" for n in range(8))
    return (
        "programme: {slug: portal, name: Portal, currency: EUR}\n"
        f"merchants:\n{shops}\ncategories:\n{categories}\ncontracts:\n{contracts}\noffers:\n"
        + "\n".join(_offer(n) for n in range(OFFERS))
        + "\n"
    )


def _offer(number: int) -> str:
    shop, kind = number % SHOPS, number // SHOPS
    effect, role, more = "{kind: percent, rate: 3 %}", "base", ""
    if kind % 10 == 1:
        effect, role = '{kind: fixed_per_order, amount: "5.00"}', "bonus"
        more = f', minimum_basket: "{150 + kind}.00"'
    elif kind % 10 == 2:
        effect, role = (
            '{kind: tiered, tiers: [{from: "0", rate: 1 %}, {from: "200", rate: 2 %}]}',
            "boost",
        )
    else:
        more = f", categories: [c-{kind % 8}]"
    return (
        f"  - {{ref: offer-{number}, role: {role}, effect: {effect}, "
        f"conditions: {{merchants: [shop-{shop}]{more}}}}}"
    )


def open_portal() -> None:
    """Load the programme."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "programme.yaml"
        file.write_text(programme(), encoding="utf-8")
        load_programme.run(file, now=NOW)


def ask(application: Any, address: str, secret: str, asked: bytes) -> bytes:
    """Send one request with the key, and read the answer."""
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": address,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "HTTP_AUTHORIZATION": f"Bearer {secret}",
        "HTTP_ACCEPT_LANGUAGE": "fr-FR,fr;q=0.9",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(asked)),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(asked),
    }
    said: list[str] = []
    answer = application(environ, lambda status, _headers: said.append(status))
    content = b"".join(answer)
    answer.close()
    assert said == ["200 OK"], (said, content)
    return content


def per_second(made: Scene, address: str, requests: int, baskets: int = BASKETS) -> float:
    """Return requests per second of all threads, each asking as soon as it has its answer."""
    with ready(made) as (application, threads, secret):
        first = 0 if baskets == BASKETS else BASKETS
        bodies = [body(first + number) for number in range(baskets)]
        started = time.perf_counter()
        list(
            threads.map(
                lambda number: ask(application, address, secret, bodies[number % baskets]),
                range(requests),
            )
        )
        return requests / (time.perf_counter() - started)


def p99_seconds(made: Scene, address: str, rate: float, seconds: int) -> float:
    """Return how long the slowest hundredth waits when requests come at a rate, whether answers do or not."""
    with ready(made) as (application, threads, secret):
        bodies = [body(number) for number in range(BASKETS)]
        start = time.perf_counter() + 0.05

        def one(number: int) -> float:
            due = start + number / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            ask(application, address, secret, bodies[number % BASKETS])
            return time.perf_counter() - due

        waits = sorted(threads.map(one, range(int(rate * seconds))))
        return waits[int(len(waits) * 0.99)]


class ready:  # noqa: N801 - reads as a word in `with ready(…)`
    """A fresh database, a key, the application, and warm threads with open connections."""

    def __init__(self, made: Scene) -> None:
        self._made = made

    def __enter__(self) -> tuple[Any, ThreadPoolExecutor, str]:
        self._fresh = self._made.fresh()
        self._fresh.__enter__()
        connections.settings["default"].update(database.django_settings(database.database_url()))
        connections.settings["default"]["CONN_MAX_AGE"] = None
        RUNS.forget()
        secret = api_keys.make(Programme.objects.get(), name="bench", now=NOW).secret
        application = get_wsgi_application()
        self._threads = ThreadPoolExecutor(THREADS)
        for address in ("/v1/quotes", "/v1/bare"):
            warm = partial(ask, application, address, secret, BODY)
            warm()
            list(self._threads.map(lambda _, warm=warm: warm(), range(THREADS * 20)))
        for number in range(BASKETS):
            ask(application, "/v1/quotes", secret, body(number))
        gc.freeze()
        return application, self._threads, secret

    def __exit__(self, *error: object) -> None:
        gc.unfreeze()
        self._threads.shutdown()
        connections.close_all()
        self._fresh.__exit__(None, None, None)


def measure(*, quick: bool = False) -> list[Row]:
    """Compare top rates, then the slowest answers at half of each side's own."""
    requests, seconds = (REQUESTS // 10, 2) if quick else (REQUESTS, PACED_SECONDS)
    sides = (("bare", "/v1/bare"), ("quotes", "/v1/quotes"))
    assert settings.ROOT_URLCONF
    unlimited = {"CAGNOTTE_API_QUOTA": 10_000_000, "ROOT_URLCONF": "bench.quotes"}
    with scene(open_portal) as made, override_settings(**unlimited):
        asking = {name: partial(per_second, made, address, requests) for name, address in sides}
        asking["news"] = partial(per_second, made, "/v1/quotes", requests // 2, requests // 2)
        rates = table.alternate(asking)
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
        f"baskets of {LINES} lines quoted among {OFFERS:,} offers, against a bare JSON view behind the same key",
        rates["quotes"] / rates["bare"],
        REACH,
        detail=f"{rates['quotes']:,.0f}/s against {rates['bare']:,.0f}/s, {THREADS} threads in one process, {BASKETS} "
        "baskets in turns",
    )
    yield Row(
        "the same with baskets that nobody has asked for before",
        rates["news"] / rates["bare"],
        "×",
        detail=f"{rates['news']:,.0f}/s",
    )
    yield Row.at_most(
        "the slowest hundredth at half of the top rate, against the bare view's",
        waits["quotes"] / waits["bare"],
        P99_TIMES,
        detail=f"{1000 * waits['quotes']:,.1f} ms against {1000 * waits['bare']:,.1f} ms",
    )


if __name__ == "__main__":
    table.main(measure)
