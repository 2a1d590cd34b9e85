"""A server that takes the place of Cagnotte, and orders made in Oscar's own words."""

import json
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from oscar.core.loading import get_class, get_model
from oscar.test import factories
from pytest_django.fixtures import Settings


class Cagnotte(HTTPServer):
    """Takes what it is sent, or answers as told. asked: headers and body of each request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/in"
        self.asked: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []

    @property
    def orders(self) -> list[dict[str, Any]]:
        return [json.loads(body)["data"] for _, body in self.asked]

    def refuse(self, *statuses: int, **headers: str) -> None:
        """Answer the next requests like this."""
        self.answers = [(status, headers) for status in statuses]


class _Handler(BaseHTTPRequestHandler):
    server: Cagnotte

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        told = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((told, body))
        status, headers = self.server.answers.pop(0) if self.server.answers else (200, {})
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[Cagnotte]:
    """A server that should never be asked."""
    yield from _serving()


@pytest.fixture
def cagnotte(settings: Settings) -> Iterator[Cagnotte]:
    """The server that the shop tells."""
    for server in _serving():
        settings.CAGNOTTE = {**settings.CAGNOTTE, "URL": server.url}
        yield server


def _serving() -> Iterator[Cagnotte]:
    server = Cagnotte()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def order(db: None) -> Any:
    """An order of one article of 10.00."""
    return make_order()


def make_order(**changes: Any) -> Any:
    return factories.create_order(**{"number": 100017, **changes})


@pytest.fixture
def refund() -> Callable[..., None]:
    """Give money back, for so many units of each line."""

    def give_back(of: Any, amount: str, *units: int) -> None:
        kind, _ = get_model("order", "PaymentEventType").objects.get_or_create(name="Refund")
        lines = list(of.lines.all())[: len(units)]
        handler = get_class("order.processing", "EventHandler")()
        handler.handle_payment_event(of, kind, Decimal(amount), lines, list(units))

    return give_back
