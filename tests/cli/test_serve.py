"""`cagnotte serve` as a process: it takes what a source sends, its worker asks and reads, and it ends when told to."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cagnotte.inbox import accounts
from cagnotte.inbox.models import Account
from tests.journeys.paged_source import KEY, NOW, PROGRAMME, OrdersServer, Paged, body, installed
from tests.journeys.world import World

ROOT = Path(__file__).parents[2]
SERVE = """
import sys
from tests.journeys.paged_source import Paged, installed
from cagnotte.cli.main import cli
with installed(Paged()):
    cli(["serve", "--port", *sys.argv[1:]])
"""


@pytest.fixture
def shop() -> Iterator[OrdersServer]:
    with OrdersServer(orders=3) as server, installed(Paged()):
        yield server


@pytest.fixture
def world(shop: OrdersServer, committed_db: str, tmp_path: Path) -> World:
    assert committed_db
    found = World(tmp_path, now=NOW)
    found.load(PROGRAMME.format(url=shop.url))
    accounts.set_secret(Account.objects.get(ref="shop"), "key", KEY, now=NOW)
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def serve(url: str, port: int, *options: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", SERVE, str(port), *options],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
            "CAGNOTTE_DATABASE_URL": url,
            "CAGNOTTE_SECRET_KEY": "for tests only",
            "CAGNOTTE_ALLOW_PRIVATE_ADDRESSES": "true",
            "DJANGO_SETTINGS_MODULE": "cagnotte.config.settings",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answered(port: int, method: str, path: str, content: bytes = b"") -> int:
    """Ask the server once it listens."""
    for _ in range(300):
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            link.request(method, path, content)
            return link.getresponse().status
        except ConnectionError:
            time.sleep(0.1)
        finally:
            link.close()
    raise AssertionError("nothing listens")


def test_a_served_programme_is_asked_for_and_sent_to_and_ends_well(
    world: World, shop: OrdersServer, committed_db: str
) -> None:
    port = free_port()
    path = accounts.address_path(
        Account.objects.select_related("programme").get(ref="shop"), now=NOW
    )
    server = serve(committed_db, port)
    try:
        order = shop.sell(member="2")
        assert answered(port, "POST", path, b'{"id": "A-4"}') == 202
        assert answered(port, "POST", path[:-1], body(order)) == 404
        until = time.monotonic() + 60
        while world.member("2") != {"pending": 100} and time.monotonic() < until:
            time.sleep(0.1)
        assert (world.member("1"), world.member("2")) == ({"pending": 300}, {"pending": 100})
        server.send_signal(signal.SIGTERM)
        told, errors = server.communicate(timeout=30)
    finally:
        server.kill()
    assert server.returncode == 128 + signal.SIGTERM
    assert f"listens on http://localhost:{port}" in told
    assert "Traceback" not in errors
    token = path.rpartition("/")[2]
    assert token[:-1] not in told + errors
    assert "/in/corner/shop/***" in errors


def test_a_server_without_a_worker_asks_nobody(
    world: World, shop: OrdersServer, committed_db: str
) -> None:
    port = free_port()
    server = serve(committed_db, port, "--no-worker")
    try:
        assert answered(port, "GET", "/livez") == 200
        time.sleep(1)
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)
    finally:
        server.kill()
    assert shop.log == []
    assert world.member("1") == {}
