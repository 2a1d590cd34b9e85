"""Servers for pages: Cagnotte itself, and a shop that embeds it under a Content-Security-Policy of its own."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.core.handlers.wsgi import WSGIHandler
from django.db import connections


class _Threading(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, which takes its connections to the database with it."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            connections.close_all()


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        pass


@contextmanager
def cagnotte_server() -> Iterator[str]:
    """Serve Cagnotte on a free port; give its address."""
    server = make_server("127.0.0.1", 0, WSGIHandler(), _Threading, _Quiet)
    yield from _running(server)


Answer = tuple[int, Any]


@dataclass
class Shop:
    """A shop's server: its pages under its own policy, and, where Cagnotte is played, an interface that answers.

    pages: HTML by path. answers: what the interface says, by (method, path without query). asked: what it was asked.
    """

    address: str = ""
    policy: str = ""
    pages: dict[str, str] = field(default_factory=dict)
    answers: dict[tuple[str, str], Answer | Callable[[Any], Answer]] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)

    def page(self, body: str, *, lang: str = "fr", more: str = "") -> str:
        """Put a page up; return its address."""
        path = f"/page-{len(self.pages)}.html"
        self.pages[path] = (
            f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<title>A shop</title><link rel="stylesheet" href="/shop.css">{more}</head>'
            f"<body><main><h1>Théière</h1>{body}</main></body></html>"
        )
        return self.address + path


SHOP_CSS = """
:root { color-scheme: light dark; }
body { font-family: system-ui, sans-serif; margin: 0; padding: 16px; background: Canvas; color: CanvasText; }
main { max-width: 60rem; margin: auto; display: grid; gap: 24px; justify-items: start; }
main > cagnotte-cart, main > cagnotte-offers, main > cagnotte-banner, main > cagnotte-thanks,
main > cagnotte-referral { justify-self: stretch; }
.far { height: 3000px; }
.warm { --cagnotte-accent: #9a3412; --cagnotte-radius: 2px; }
"""


class _ShopHandler(BaseHTTPRequestHandler):
    shop: Shop
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        pass

    def _send(self, status: int, kind: str, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _api(self, method: str, path: str) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        self.shop.asked.append((method, self.path, dict(self.headers), body))
        found = self.shop.answers.get((method, path), (404, {"code": "not_found"}))
        status, told = found(body) if callable(found) else found
        self._send(status, "application/json", json.dumps(told).encode(), **_CORS)

    def do_OPTIONS(self) -> None:
        self._send(204, "text/plain", b"", **_CORS)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/v1/"):
            self._api("GET", path)
        elif path == "/shop.css":
            self._send(200, "text/css", SHOP_CSS.encode())
        elif path == "/favicon.ico":
            self._send(204, "image/png", b"")
        elif path in self.shop.pages:
            page = self.shop.pages[path].encode()
            self._send(
                200, "text/html; charset=utf-8", page, Content_Security_Policy=self.shop.policy
            )
        else:
            self._send(404, "text/plain", b"")

    def do_POST(self) -> None:
        self._api("POST", self.path.partition("?")[0])


_CORS = {
    "Access_Control_Allow_Origin": "*",
    "Access_Control_Allow_Headers": "authorization, content-type, cagnotte-member",
}


@contextmanager
def shop_server() -> Iterator[Shop]:
    """Serve a shop on a free port."""
    shop = Shop()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_ShopHandler,), {"shop": shop}))
    for address in _running(server):
        shop.address = address
        yield shop


def _running(server: WSGIServer | ThreadingHTTPServer) -> Iterator[str]:
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
