"""A small real HTTP server on 127.0.0.1, the base of all fake networks, shops and banks.

    class Bookshop(FakeServer):
        bearer = "token-of-the-test"      # or basic = ("user", "password")
        limit = Pace(20, 60)              # what the real one allows; beyond it, 429 with Retry-After

        @route("GET", "/orders/{number}")
        def order(self, asked: Asked, number: str) -> Reply:
            return json_reply({"id": number, "day": asked.query("day")})

    with Bookshop(clock) as shop:
        Calls(clock=clock).request("GET", f"{shop.url}/orders/7", headers={"authorization": …})
        shop.fail_next(503, after=1)      # the next but one answers 503
        shop.cut_next()                   # the next breaks off in the middle of its body

`log` holds all that was asked. A route that raises `Refusal` answers with its reply; any other exception in a route
is a fault of the test, and is raised again when the server stops.
"""

import json
import re
import threading
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from cagnotte.hooks.sources import Pace
from tests.sources.fakes.clock import Clock


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came. fields: of the query, decoded, in order. headers: names in lower case."""

    method: str
    path: str
    fields: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    at: datetime

    def query(self, name: str, default: str = "") -> str:
        """Return the first field of that name."""
        return next((value for key, value in self.fields if key == name), default)

    def all(self, name: str) -> list[str]:
        """Return all fields of that name."""
        return [value for key, value in self.fields if key == name]

    def form(self) -> dict[str, str]:
        """Return the body as a form."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)

    def basic(self) -> tuple[str, str] | None:
        """Return name and password, when they were sent."""
        scheme, _, told = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        name, _, password = b64decode(told).decode().partition(":")
        return name, password


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. cut: promise more bytes than come."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


class Refusal(Exception):
    """Raised in a route: this is the answer."""

    def __init__(self, status: int, body: bytes = b"", **headers: str) -> None:
        super().__init__(status)
        self.reply = Reply(body, status, headers)


def json_reply(content: Any, status: int = 200) -> Reply:
    """Answer JSON; `Number` and other exact texts come out as they are written."""
    return Reply(json_bytes(content), status, {"content-type": "application/json"})


class Number(str):
    """An exact number of JSON, written as its text: `Number("12.40")` keeps the zero."""

    __slots__ = ()


def json_bytes(content: Any) -> bytes:
    """Write JSON, with every `Number` as a bare number."""
    marked = json.dumps(_marked(content), ensure_ascii=False)
    return re.sub(r'"\\u0001([^"]*)\\u0001"', r"\1", marked).encode()


def _marked(content: Any) -> Any:
    if isinstance(content, Number):
        return f"\x01{content!s}\x01"
    if isinstance(content, Mapping):
        return {key: _marked(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_marked(value) for value in content]
    return content


Route = TypeVar("Route", bound=Callable[..., Reply])


def route(method: str, path: str, *, free: bool = False) -> Callable[[Route], Route]:
    """Answer requests for a path; `{name}` is one step of it and becomes an argument. free: without credentials."""
    pattern = re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)))

    def mark(function: Route) -> Route:
        function.route = (method, pattern, free)  # type: ignore[attr-defined]  # read by FakeServer
        return function

    return mark


@dataclass(slots=True)
class _Failure:
    after: int
    times: int
    reply: Reply


class FakeServer:
    """The base of fakes; see the module. A context manager; `url` is without a slash at its end."""

    bearer: str | None = None
    basic: tuple[str, str] | None = None
    limit: Pace | None = None

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.log: list[Asked] = []
        self.denies = False
        self._faults: list[BaseException] = []
        self._failures: list[_Failure] = []
        self._lock = threading.Lock()
        found: list[Any] = [getattr(type(self), name, None) for name in dir(type(self))]
        self._routes = [(*one.route, one) for one in found if hasattr(one, "route")]
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if self._faults:
            raise self._faults[0]

    # ---- what tests may ask of it ----

    def fail_next(
        self,
        status: int = 500,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        after: int = 0,
        times: int = 1,
    ) -> None:
        """Answer like this instead of asking the route: `times` requests, once `after` more were answered well."""
        self._failures.append(_Failure(after, times, Reply(body, status, headers or {})))

    def cut_next(self, *, after: int = 0) -> None:
        """Break off an answer in its middle, once `after` more were answered well."""
        self._failures.append(_Failure(after, 1, Reply(b'{"', 200, {}, cut=True)))

    def deny(self) -> None:
        """From now on take no credentials."""
        self.denies = True

    # ---- what fakes may replace ----

    def denied(self) -> Reply:
        """Answer somebody without the right credentials."""
        return Reply(b'{"error": "unauthorized"}', 401, {"content-type": "application/json"})

    def busy(self, wait_seconds: int) -> Reply:
        """Answer somebody who asks too fast."""
        return Reply(b"", 429, {"retry-after": str(wait_seconds)})

    def may(self, asked: Asked) -> bool:
        """Tell whether the credentials are right."""
        if self.bearer is not None:
            return asked.headers.get("authorization") == f"Bearer {self.bearer}"
        return self.basic is None or asked.basic() == self.basic

    # ---- answering ----

    def answer(self, asked: Asked) -> Reply:
        """Answer one request."""
        with self._lock:
            early = self._too_fast(asked)
            self.log.append(asked)
            return early or self._failing() or self._routed(asked)

    def _too_fast(self, asked: Asked) -> Reply | None:
        if self.limit is None:
            return None
        age = [(asked.at - before.at).total_seconds() for before in self.log]
        recent = [seconds for seconds in age if seconds < self.limit.seconds]
        if len(recent) < self.limit.calls:
            return None
        return self.busy(int(self.limit.seconds - recent[0]) + 1)

    def _failing(self) -> Reply | None:
        for failure in self._failures:
            if failure.after:
                failure.after -= 1
                continue
            failure.times -= 1
            if not failure.times:
                self._failures.remove(failure)
            return failure.reply
        return None

    def _routed(self, asked: Asked) -> Reply:
        for method, pattern, free, function in self._routes:
            fits = pattern.fullmatch(asked.path) if method == asked.method else None
            if fits:
                if not free and not (self.may(asked) and not self.denies):
                    return self.denied()
                try:
                    reply: Reply = function(self, asked, **fits.groupdict())
                except Refusal as refusal:
                    return refusal.reply
                except Exception as error:  # noqa: BLE001 - told to the test when the server stops
                    self._faults.append(error)
                    return Reply(repr(error).encode(), 500)
                return reply
        return Reply(f"no such address: {asked.method} {asked.path}".encode(), 404)


def _handler(fake: FakeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            address = urlsplit(self.path)
            asked = Asked(
                self.command,
                unquote(address.path),
                tuple(parse_qsl(address.query, keep_blank_values=True)),
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(length),
                fake.clock.now,
            )
            reply = fake.answer(asked)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body) + 100 * reply.cut))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815 - as http.server names them

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
