"""Calls to servers of others: bounded in time and size, and never into our own network.

An address that a person fills in, or that a server redirects to, could lead to machines that only we can reach. So a
name is resolved first, every address it has must be public, and the call is made to the address that was checked:
a name server that answers otherwise a moment later changes nothing. The certificate is still checked for the name.

Of what is logged, values whose name looks like a secret are left out; bodies and headers are never logged.
"""

import ipaddress
import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from ssl import SSLContext
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, urlencode

import httpx
import structlog

from cagnotte import __version__
from cagnotte.domain.errors import CagnotteError

BODY_BYTES_MAX = 32 * 1024 * 1024
"""Largest body that is read of an answer, after unpacking."""

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
"""Longest silence of a server in the middle of an answer."""
ANSWER_SECONDS = 120.0
"""Longest time for one whole answer, however steadily it drips."""

REDIRECTS_MAX = 5
ADDRESSES_TRIED_MAX = 3
ATTEMPTS_MAX = 4

PAUSES_SECONDS_MAX = 60
"""Pauses that a server asks for are waited up to this sum; for longer ones the caller goes and does something else."""
PAUSE_SECONDS = 2
"""First pause where a server does not say how long; the next ones are twice as long each."""

TOO_MANY, UNAVAILABLE = 429, 503
KEEP_METHOD = frozenset({307, 308})
REDIRECTS = frozenset({301, 302, 303, *KEEP_METHOD})

MASK = "***"
_SECRET = re.compile(
    r"secret|token|key|pass|pwd|sig|auth|credential|hash|code|session", re.IGNORECASE
)
_RETRY_AFTER = ("retry-after", "x-ratelimit-retry-after")

log = structlog.get_logger(__name__)

for _chatty in ("httpx", "httpcore"):
    # They log whole addresses and headers, and with them whatever secret stands there.
    logging.getLogger(_chatty).setLevel(logging.WARNING)

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Sequence[str]]
"""Takes a name and a port, returns addresses as texts. Raises OSError."""


class CallFailed(CagnotteError):
    """The other server could not be asked, or its answer cannot be used."""


class AddressRefused(CallFailed):
    """The address leads into a private network, or is not one that may be called."""


class CalledTooOften(CagnotteError):
    """The other server asks to be called again later. `retry_after_seconds` is None when it does not say when."""


class Answer(NamedTuple):
    """What a server answered. headers: names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system for the addresses of a name. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))


def is_public(text: str) -> bool:
    """Whether an address belongs to a machine of the open internet, whatever form it hides in."""
    address: IpAddress = ipaddress.ip_address(text)
    return all(
        each.is_global and not each.is_multicast and not each.is_reserved
        for each in (address, *_hidden(address))
    )


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def _hidden(address: IpAddress) -> Iterator[IpAddress]:
    """IPv4 addresses that an IPv6 address leads to."""
    if isinstance(address, ipaddress.IPv4Address):
        return
    for inner in (address.ipv4_mapped, address.sixtofour):
        if inner is not None:
            yield inner
    if address in _NAT64:
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)


def masked(url: str) -> str:
    """Write an address for a log: values whose names look like secrets are left out, and who logs in."""
    parts = httpx.URL(url)
    query = [
        (name, MASK if _SECRET.search(name) else value)
        for name, value in parse_qsl(parts.query.decode("ascii", "replace"), keep_blank_values=True)
    ]
    told = f"{parts.scheme}://{parts.netloc.decode()}{parts.path}"
    return f"{told}?{urlencode(query, safe=MASK)}" if query else told


class _Call(NamedTuple):
    """One call as it goes out. host: as the certificate names it."""

    method: str
    url: httpx.URL
    headers: Mapping[str, str]
    body: bytes | None
    basic: tuple[str, str] | None


class Caller:
    """Calls out. Close it, or use it as a context manager; not for several threads at once.

    before_call: called before each attempt, to keep a pace. allow_private: for development and tests, calls may lead
    into private networks and need no TLS. resolve, sleep, verify: how names are looked up, pauses waited and
    certificates checked.
    """

    def __init__(  # noqa: PLR0913 - what a test or a deployment may replace
        self,
        *,
        allow_private: bool = False,
        before_call: Callable[[], None] = lambda: None,
        resolve: Resolve = resolve,
        sleep: Callable[[float], None] = time.sleep,
        verify: SSLContext | bool = True,
        answer_seconds: float = ANSWER_SECONDS,
        body_bytes_max: int = BODY_BYTES_MAX,
    ) -> None:
        self._allow_private = allow_private
        self._before_call = before_call
        self._resolve = resolve
        self._sleep = sleep
        self._verify = verify
        self._answer_seconds = answer_seconds
        self._body_bytes_max = body_bytes_max
        self._connections: dict[str, _Connection] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are kept for further calls."""
        for connection in self._connections.values():
            connection.client.close()
        self._connections.clear()

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        basic: tuple[str, str] | None = None,
    ) -> Answer:
        """Ask, and return what was answered, whatever its status but 429, and 503 with a time to come back.

        params are added to the address's own. Redirects are followed on the same server alone.

        Raises:
            CallFailed: no answer, one that is too long or too slow, or a redirect elsewhere. AddressRefused among it.
            CalledTooOften: after the pauses that are worth waiting here.
        """
        call = _Call(method.upper(), _address(url, params), headers or {}, body, basic)
        waited = 0
        for attempt in range(ATTEMPTS_MAX):
            self._before_call()
            answer = self._followed(call)
            pause = _pause(answer, attempt)
            if pause is None:
                return answer
            waited += pause
            if waited > PAUSES_SECONDS_MAX or attempt == ATTEMPTS_MAX - 1:
                break
            self._sleep(pause)
        raise CalledTooOften(
            f"{call.url.host} asks to be called less often.",
            host=call.url.host,
            retry_after_seconds=asked_wait_seconds(answer),
        )

    def once(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer:
        """Ask once, and return what was answered as it is: nothing is followed, waited for or tried again.

        Raises CallFailed, AddressRefused among it.
        """
        self._before_call()
        return self._once(_Call(method.upper(), _address(url, ()), headers, body, None))

    def _followed(self, call: _Call) -> Answer:
        for _ in range(REDIRECTS_MAX):
            answer = self._once(call)
            if answer.status not in REDIRECTS or "location" not in answer.headers:
                return answer
            call = _redirected(call, answer)
        raise CallFailed(f"{call.url.host} leads in circles.", host=call.url.host)

    def _once(self, call: _Call) -> Answer:
        addresses = self._checked_addresses(call.url)
        connection = self._connection(call.url)
        started = time.monotonic()
        with _sentences(call.url.host, connection):
            answer = self._asked(call, addresses, connection)
        log.info(
            "called",
            method=call.method,
            url=masked(str(call.url)),
            status=answer.status,
            bytes=len(answer.body),
            milliseconds=round((time.monotonic() - started) * 1000),
        )
        return answer

    def _checked_addresses(self, url: httpx.URL) -> Sequence[str]:
        """Return the addresses to call. Raises CallFailed, AddressRefused."""
        host = url.host
        if url.scheme != "https" and not (self._allow_private and url.scheme == "http"):
            raise AddressRefused(
                f"“{url.scheme}://{host}” is not called; addresses begin with https://.", host=host
            )
        if url.userinfo:
            raise AddressRefused(f"The address of {host} holds a name or password.", host=host)
        try:
            found = self._resolve(url.raw_host.decode("ascii"), url.port or 443)
        except (OSError, UnicodeError):
            found = ()
        if not found:
            raise CallFailed(f"There is no server {host}.", host=host)
        if not self._allow_private and not all(is_public(address) for address in found):
            raise AddressRefused(
                f"{host} lies in a private network, which is never called.", host=host
            )
        return found[:ADDRESSES_TRIED_MAX]

    def _connection(self, url: httpx.URL) -> "_Connection":
        """Return the connection of one server; others never share it, also not one at the same address."""
        origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
        if origin not in self._connections:
            self._connections[origin] = _Connection(self._verify)
        return self._connections[origin]

    def _asked(self, call: _Call, addresses: Sequence[str], connection: "_Connection") -> Answer:
        *most, last = addresses
        for address in most:
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return self._sent(call, address, connection)
        return self._sent(call, last, connection)

    def _sent(self, call: _Call, address: str, connection: "_Connection") -> Answer:
        # What a server sets as a cookie is its answer's, not the next call's.
        connection.client.cookies.clear()
        request = connection.client.build_request(
            call.method,
            call.url.copy_with(host=address),
            headers={**call.headers, "host": call.url.netloc.decode("ascii")},
            content=call.body,
            extensions={
                "sni_hostname": call.url.raw_host.decode("ascii"),
                "trace": connection.watch,
            },
        )
        auth = httpx.BasicAuth(*call.basic) if call.basic else None
        with connection.until(self._answer_seconds):
            response = connection.client.send(request, auth=auth, stream=True)
            try:
                body = _body(response, self._body_bytes_max, call.url.host)
            finally:
                response.close()
        if connection.too_slow:
            # A body that ends with its connection looks complete when the connection was ended here.
            raise httpx.ReadTimeout("the time for one answer is over")
        return Answer(response.status_code, _plain(response.headers), body)


class _Connection:
    """A client for one server, and the socket it works on, so that a call can be ended from outside."""

    def __init__(self, verify: SSLContext | bool) -> None:  # noqa: FBT001 - as httpx takes it
        self.client = httpx.Client(
            verify=verify,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            headers={"user-agent": f"cagnotte/{__version__}"},
        )
        self.too_slow = False
        self._socket: socket.socket | None = None

    def watch(self, event: str, info: Mapping[str, Any]) -> None:
        """Note the socket when a connection is made."""
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self._socket = info["return_value"].get_extra_info("socket")

    @contextmanager
    def until(self, seconds: float) -> Iterator[None]:
        """End whatever is still being waited for after so many seconds; `too_slow` then says so."""
        timer = threading.Timer(seconds, self._end)
        timer.daemon = True
        self.too_slow = False
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end(self) -> None:
        self.too_slow = True
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


def _address(url: str, params: Sequence[tuple[str, str]]) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError, UnicodeError):
        parsed = httpx.URL("")
    if not parsed.host:
        raise AddressRefused("What should be called is no address.")
    if params:
        own = [parsed.query.decode("ascii")] if parsed.query else []
        parsed = parsed.copy_with(query="&".join([*own, urlencode(params)]).encode("ascii"))
    return parsed


def _redirected(call: _Call, answer: Answer) -> _Call:
    """The call as the answer wants it. Raises CallFailed where it leads to another server."""
    try:
        there = call.url.join(answer.headers["location"])
    except (httpx.InvalidURL, UnicodeError):
        raise CallFailed(f"{call.url.host} leads nowhere.", host=call.url.host) from None
    if (there.scheme, there.netloc) != (call.url.scheme, call.url.netloc):
        raise CallFailed(
            f"{call.url.host} leads on to {there.host}; a source is asked at its own address alone.",
            host=call.url.host,
        )
    if answer.status in KEEP_METHOD or call.method in {"GET", "HEAD"}:
        return call._replace(url=there)
    return call._replace(url=there, method="GET", body=None)


def _body(response: httpx.Response, bytes_max: int, host: str) -> bytes:
    parts, size = [], 0
    for part in response.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > bytes_max:
            raise CallFailed(
                f"The answer of {host} is longer than {bytes_max // 1024:,} KiB.", host=host
            )
    return b"".join(parts)


def _plain(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _pause(answer: Answer, attempt: int) -> int | None:
    """Seconds to wait before asking again; None when the answer is one to take."""
    asked = asked_wait_seconds(answer)
    if answer.status == TOO_MANY:
        return asked if asked is not None else PAUSE_SECONDS * 2**attempt
    return asked if answer.status == UNAVAILABLE else None


def asked_wait_seconds(answer: Answer) -> int | None:
    """Return the seconds an answer asks to wait, None if it does not: a number, or a date counted from its own."""
    told = next((answer.headers[name] for name in _RETRY_AFTER if name in answer.headers), "")
    if re.fullmatch(r"\d{1,9}(\.\d+)?", told.strip()):
        return int(told.strip().partition(".")[0]) + ("." in told)
    try:
        until = parsedate_to_datetime(told)
        return max(0, int((until - parsedate_to_datetime(answer.headers["date"])).total_seconds()))
    except (ValueError, TypeError, KeyError):
        return None


@contextmanager
def _sentences(host: str, connection: _Connection) -> Iterator[None]:
    """Turn what can go wrong into sentences. They never quote a request, which may hold secrets."""
    try:
        yield
    except httpx.HTTPError as error:
        what = f"{host} {_what(error, connection)}"
    except (ValueError, TypeError):
        what = (
            f"The call of {host} cannot be written; a header or the address holds what it must not."
        )
    else:
        return
    raise CallFailed(what, host=host)


def _what(error: httpx.HTTPError, connection: _Connection) -> str:
    if connection.too_slow or isinstance(error, httpx.TimeoutException):
        return "did not answer in time."
    if isinstance(error, httpx.ConnectError):
        return f"cannot be reached: {error}."
    if isinstance(error, httpx.LocalProtocolError):
        return "was not called: a header or the address holds what it must not."
    if isinstance(error, httpx.DecodingError):
        return "answered with a body that cannot be unpacked."
    return "broke the connection off, or answered no HTTP."
