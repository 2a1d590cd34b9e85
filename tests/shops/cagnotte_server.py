"""Cagnotte's own web server, on a port of this machine, for members who leave for shops, and shops that call it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import connections

from cagnotte.identity.models import Member
from cagnotte.platform.database import connect
from cagnotte.tracking import services as tracking


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadedWSGIServer):
    def process_request_thread(self, request: Any, client_address: Any) -> None:
        super().process_request_thread(request, client_address)
        connections.close_all()


@contextmanager
def cagnotte_server() -> Iterator[str]:
    """Serve as `cagnotte serve` does until the end of the block; gives the address, without a slash at its end."""
    server = _Server(("127.0.0.1", 0), _Quiet)
    server.set_app(get_wsgi_application())
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def click_of(url: str, member: str, *, shop: str) -> str:
    """Follow the link of the offer “standard” as a browser does; return the click that the shop is handed."""
    browser = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36"
    with httpx.Client(base_url=url, headers={"user-agent": browser}, trust_env=False) as client:
        answer = client.get("/go/corner/standard")
        assert answer.status_code == 302, answer.text
        visit_id = UUID(client.cookies["cagnotte_visit"])
    address = urlsplit(answer.headers["location"])
    assert address.netloc == shop
    found = Member.objects.get(ref=member)
    with connect() as connection:
        assert tracking.claim_visit(
            connection, programme_id=found.programme_id, visit_id=visit_id,
            wallet_id=found.wallet_id, now=datetime.now(UTC),
        )  # fmt: skip
    return parse_qs(address.query)["cagnotte_click"][0]
