"""A small server that receives webhooks and answers as it is told to."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from standardwebhooks.webhooks import Webhook


@dataclass(frozen=True)
class Received:
    """One call as it came. headers: names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)

    @property
    def id(self) -> str:
        """The event's id, as its header says."""
        return self.headers["webhook-id"]

    def is_signed_with(self, secret: str) -> bool:
        """Whether one of its signatures was made with a secret, whatever its time."""
        headers = self.headers
        mine = Webhook(secret).sign(
            headers["webhook-id"], _moment(headers["webhook-timestamp"]), self.body.decode()
        )
        return mine in headers["webhook-signature"].split(" ")


def _moment(seconds: str) -> Any:
    return datetime.fromtimestamp(int(seconds), tz=UTC)


Answer = tuple[int, dict[str, str]]


@dataclass
class Receiver:
    """Listens on 127.0.0.1. answer: what it says to a call; log: all calls, in order; at_once: most at one time."""

    answer: Callable[[Received], Answer] = lambda _: (204, {})
    pause_seconds: float = 0
    log: list[Received] = field(default_factory=list)
    at_once: int = 0

    def __enter__(self) -> Self:
        outer, busy, lock = self, [0], threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                with lock:
                    busy[0] += 1
                    outer.at_once = max(outer.at_once, busy[0])
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                received = Received(self.path, headers, body)
                with lock:
                    outer.log.append(received)
                time.sleep(outer.pause_seconds)
                status, more = outer.answer(received)
                with lock:
                    busy[0] -= 1
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("content-length", "2")
                self.end_headers()
                if status != 204:
                    self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            # As many as call at once: with five, the system turns callers away on a busy machine.
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}/hooks"

    def types(self) -> list[str]:
        """Return the types of what came, in order."""
        return [one.json["type"] for one in self.log]
