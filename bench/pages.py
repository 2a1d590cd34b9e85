"""Pages of the portal: the server's time for each against a page of the same frame that holds nothing.

    PYTHONPATH=src .venv/bin/python -m bench.pages [--quick]

The showcase's year, and a member who has made ten thousand purchases in it. Pages are asked in turns, one after the
other, by a signed-in member, of Django's own WSGI application; the empty page has the same session, sign-in, policy and
frame. The slowest twentieth of each is compared.
"""

import csv
import gc
import statistics
import time
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.test import Client
from django.test.utils import override_settings
from django.urls import include, path

from bench import table
from bench.scene import scene
from bench.table import Row
from cagnotte.journeys.import_file import import_file
from cagnotte.journeys.mature import mature
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform import database
from cagnotte.portal.visit import Visit, member_page
from cagnotte.world.showcase import rules, story

TIMES = 6.0
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
PURCHASES = 10_000
ASKED = 150
"""Times of each page, in each of the rounds."""

PAGES = {
    "home": "/p/colibri/",
    "shops": "/p/colibri/shops/",
    "shop": "/p/colibri/shops/escale/",
    "cagnotte": "/p/colibri/cagnotte/",
    "purchases": "/p/colibri/purchases/",
    "withdraw": "/p/colibri/withdraw/",
    "notices": "/p/colibri/notices/",
    "visits": "/p/colibri/visits/",
}
EMPTY = "/p/colibri/empty/"


@member_page("home")
def empty(visit: Visit) -> HttpResponse:
    """A page with nothing on it but the frame."""
    return visit.show("portal/base.html")


urlpatterns = [
    path("p/<slug:programme>/empty/", empty),
    path("", include("cagnotte.config.urls")),
]


def fill(*, quick: bool) -> None:
    """Live the showcase's year, and have Camille buy ten thousand times in it."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        story.live(folder, now=NOW, days=120 if quick else story.DAYS, crowd=10 if quick else 160)
        count = 200 if quick else PURCHASES
        first = NOW - timedelta(days=90)
        orders, answers = folder / "many.csv", folder / "many-answers.csv"
        with orders.open("w", newline="") as one, answers.open("w", newline="") as two:
            rows, said = csv.writer(one), csv.writer(two)
            rows.writerow(("order", "shop", "member", "at", "currency", "amount", "status"))
            said.writerow(("order", "shop", "answer", "why", "line", "units", "amount"))
            for n in range(count):
                at = first + timedelta(seconds=n * 600)
                rows.writerow(
                    (
                        f"M{n}",
                        "voltea",
                        "C100001",
                        at.isoformat(),
                        "EUR",
                        f"{20 + n % 90}.00",
                        "pending",
                    )
                )
                said.writerow((f"M{n}", "voltea", "confirm", "", "", "", ""))
        import_file(orders, programme=rules.SLUG, source="orders", now=NOW - timedelta(days=15))
        import_file(answers, programme=rules.SLUG, source="answers", now=NOW - timedelta(days=14))
    with database.connect() as connection:
        run = ProgrammeRun.open(connection, rules.SLUG, NOW)
        mature(connection, run, on=run.today)


def cookie() -> str:
    """Sign Camille in; return the cookie."""
    client = Client()
    client.force_login(
        get_user_model().objects.get(username="camille@colibri.example"),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def seconds(application: Any, address: str, cookies: str) -> float:
    """Ask for a page and read it whole."""
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": address,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "HTTP_ACCEPT_LANGUAGE": "fr-FR,fr;q=0.9",
        "HTTP_COOKIE": cookies,
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
    }
    said: list[str] = []
    begin = time.perf_counter()
    answer = application(environ, lambda status, _headers: said.append(status))
    b"".join(answer)
    taken = time.perf_counter() - begin
    answer.close()
    assert said == ["200 OK"], (address, said)
    return taken


def p95(times: list[float]) -> float:
    """The slowest twentieth begins here."""
    return statistics.quantiles(times, n=20)[-1]


def measure(*, quick: bool = False) -> list[Row]:
    """Compare each page's slowest twentieth with the empty page's."""
    with (
        scene(lambda: fill(quick=quick)) as made,
        made.fresh(),
        override_settings(ROOT_URLCONF="bench.pages"),
    ):
        application = get_wsgi_application()
        cookies = cookie()
        addresses = {"empty": EMPTY, **PAGES}
        times: dict[str, list[float]] = {name: [] for name in addresses}
        for address in addresses.values():
            seconds(application, address, cookies)
        gc.collect()
        for _ in range(20 if quick else ASKED * table.ROUNDS):
            for name, address in addresses.items():
                times[name].append(seconds(application, address, cookies))
    least = p95(times["empty"])
    return [
        Row.at_most(
            f"page {name}, its slowest twentieth, against an empty one",
            p95(found) / least,
            TIMES,
            detail=f"{p95(found) * 1000:.1f} ms against {least * 1000:.1f} ms",
        )
        for name, found in times.items()
        if name != "empty"
    ]


if __name__ == "__main__":
    table.main(measure)
