"""Calls to the outside, against real servers on this machine."""

import datetime
import gzip
import ipaddress
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cagnotte.platform.http import (
    AddressRefused,
    Answer,
    CalledTooOften,
    Caller,
    CallFailed,
    is_public,
    masked,
)

HOST = "api.shop.example"


class Asked(NamedTuple):
    """A request as a server saw it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Told(NamedTuple):
    """What a server answers."""

    status: int = 200
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b"fine"


class FakeServer:
    """Answers with what `tell` returns, and remembers what it was asked."""

    def __init__(self, tell: Callable[[Asked], Told]) -> None:
        self.asked: list[Asked] = []
        self.tell = tell
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                asked = Asked(
                    self.command,
                    self.path,
                    {name.lower(): value for name, value in self.headers.items()},
                    self.rfile.read(length),
                )
                outer.asked.append(asked)
                told = outer.tell(asked)
                self.send_response(told.status)
                for name, value in told.headers:
                    self.send_header(name, value)
                self.send_header("content-length", str(len(told.body)))
                self.end_headers()
                self.wfile.write(told.body)

            do_GET = do_POST = do_PUT = answer  # noqa: N815 - names that http.server looks for

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its signature
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]

    @contextmanager
    def running(self) -> Iterator["FakeServer"]:
        thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            thread.join()
            self.server.server_close()


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(lambda _asked: Told()).running() as running:
        yield running


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def caller(slept: list[float]) -> Iterator[Caller]:
    """Calls this machine, as in development, and notes pauses instead of waiting."""
    with Caller(allow_private=True, resolve=here, sleep=slept.append) as caller:
        yield caller


def here(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def at(server: FakeServer, path: str = "/") -> str:
    return f"http://{HOST}:{server.port}{path}"


# ---- what goes out and what comes back ----


def test_a_call_carries_parameters_headers_body_and_who_calls(
    server: FakeServer, caller: Caller
) -> None:
    server.tell = lambda _: Told(201, [("X-Next", "7")], b"\x00\xff")
    answer = caller.request(
        "post",
        at(server, "/orders?old=1"),
        params=[("since", "2026-11-01T00:00:00+01:00"), ("since", "a b&c")],
        headers={"Accept": "application/json"},
        body=b'{"a":1}',
        basic=("user", "päss"),
    )
    assert (answer.status, answer.headers["x-next"], answer.body) == (201, "7", b"\x00\xff")
    (asked,) = server.asked
    assert asked.method == "POST"
    assert asked.path == "/orders?old=1&since=2026-11-01T00%3A00%3A00%2B01%3A00&since=a+b%26c"
    assert asked.body == b'{"a":1}'
    assert asked.headers["host"] == f"{HOST}:{server.port}"
    assert asked.headers["accept"] == "application/json"
    assert asked.headers["user-agent"].startswith("cagnotte/")
    assert asked.headers["authorization"] == "Basic dXNlcjpww6Rzcw=="


@pytest.mark.parametrize("status", [204, 400, 401, 404, 500, 503])
def test_whatever_the_status_the_answer_is_given_back(
    server: FakeServer, caller: Caller, slept: list[float], status: int
) -> None:
    server.tell = lambda _: Told(status, body=b"" if status == 204 else b"why")
    assert caller.request("GET", at(server)).status == status
    assert slept == []


def test_a_packed_answer_is_unpacked(server: FakeServer, caller: Caller) -> None:
    server.tell = lambda _: Told(200, [("content-encoding", "gzip")], gzip.compress(b"long" * 99))
    assert caller.request("GET", at(server)).body == b"long" * 99


def test_a_body_that_cannot_be_unpacked_is_a_sentence(server: FakeServer, caller: Caller) -> None:
    server.tell = lambda _: Told(200, [("content-encoding", "gzip")], b"not packed")
    with pytest.raises(CallFailed, match="cannot be unpacked"):
        caller.request("GET", at(server))


def test_cookies_of_an_answer_are_not_sent_back(server: FakeServer, caller: Caller) -> None:
    server.tell = lambda _: Told(200, [("set-cookie", "session=1")])
    caller.request("GET", at(server))
    caller.request("GET", at(server))
    assert ["cookie" in asked.headers for asked in server.asked] == [False, False]


def test_a_proxy_named_in_the_environment_is_not_asked(
    server: FakeServer, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert caller.request("GET", at(server)).status == 200


# ---- where calls may lead ----


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.1.2.3",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a01:203",
    ],
)  # fmt: skip
def test_an_address_in_a_private_network_is_never_called(address: str) -> None:
    assert not is_public(address)
    with (
        Caller(resolve=lambda *_: ["93.184.215.14", address]) as caller,
        pytest.raises(AddressRefused, match="private network"),
    ):
        caller.request("GET", f"https://{HOST}/")


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_an_address_of_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "127.1", "0x7f.1", "2130706433"])
def test_a_private_address_is_refused_however_it_is_written(host: str) -> None:
    with Caller() as caller, pytest.raises(AddressRefused, match="private network"):
        caller.request("GET", f"https://{host}/")


def test_the_call_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that gives a public address first and a private one later is asked only once."""
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])
    asked = []

    def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return next(answers)

    sent: list[str] = []

    def send(_call: object, address: str, _connection: object) -> Answer:
        sent.append(address)
        return Answer(200, {}, b"")

    with Caller(resolve=rebinding) as caller:
        monkeypatch.setattr(caller, "_sent", send)
        caller.request("GET", f"https://{HOST}/")
        assert (sent, asked) == (["93.184.215.14"], [HOST])
        with pytest.raises(AddressRefused):
            caller.request("GET", f"https://{HOST}/")
    assert (sent, asked) == (["93.184.215.14"], [HOST, HOST])


def test_plain_http_is_for_development_alone(server: FakeServer) -> None:
    with Caller(resolve=lambda *_: ["93.184.215.14"]) as caller:
        for address in (f"http://{HOST}/", f"ftp://{HOST}/", f"file://{HOST}/etc/passwd"):
            with pytest.raises(AddressRefused, match="begin with https"):
                caller.request("GET", address)
    assert server.asked == []


@pytest.mark.parametrize(
    "address", ["", "orders", "https://", "/etc/passwd", "https://a b/", "https://[::1"]
)
def test_what_is_no_address_is_a_sentence(caller: Caller, address: str) -> None:
    with pytest.raises(CallFailed):
        caller.request("GET", address)


def test_an_address_with_a_password_in_it_is_refused(caller: Caller) -> None:
    with pytest.raises(AddressRefused, match="password") as refused:
        caller.request("GET", f"https://user:hidden@{HOST}/")
    assert "hidden" not in refused.value.sentence


def test_a_name_that_nobody_knows_is_a_sentence() -> None:
    def unknown(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with Caller(resolve=unknown) as caller, pytest.raises(CallFailed, match=f"no server {HOST}"):
        caller.request("GET", f"https://{HOST}/")


def test_a_server_that_is_down_is_a_sentence(caller: Caller) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(CallFailed, match="cannot be reached"):
        caller.request("GET", f"http://{HOST}:{port}/")


def test_the_next_address_is_tried_when_the_first_does_not_answer(server: FakeServer) -> None:
    # Nothing listens on the port there: the connection is refused at once.
    with Caller(allow_private=True, resolve=lambda *_: ["127.0.0.9", "127.0.0.1"]) as caller:
        assert caller.request("GET", at(server)).body == b"fine"


# ---- redirects ----


def test_a_redirect_on_the_same_server_is_followed(server: FakeServer, caller: Caller) -> None:
    server.tell = lambda asked: (
        Told(302, [("location", "/new?a=1")]) if asked.path == "/old" else Told(body=b"new")
    )
    assert caller.request("GET", at(server, "/old")).body == b"new"
    assert [asked.path for asked in server.asked] == ["/old", "/new?a=1"]


@pytest.mark.parametrize(
    "location",
    ["http://169.254.169.254/latest/meta-data", "http://other.example/", "https://api.shop.example/", "//x/"],
)  # fmt: skip
def test_a_redirect_to_another_server_is_refused(
    server: FakeServer, caller: Caller, location: str
) -> None:
    server.tell = lambda _: Told(302, [("location", location)])
    with pytest.raises(CallFailed, match="at its own address alone"):
        caller.request("GET", at(server), headers={"authorization": "Bearer secret"})
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "then"), [(303, ("GET", b"")), (302, ("GET", b"")), (307, ("POST", b"x")), (308, ("POST", b"x"))]
)  # fmt: skip
def test_a_redirected_post_keeps_its_body_only_where_it_must(
    server: FakeServer, caller: Caller, status: int, then: tuple[str, bytes]
) -> None:
    server.tell = lambda asked: Told(status, [("location", "/b")]) if asked.path == "/a" else Told()
    caller.request("POST", at(server, "/a"), body=b"x")
    assert (server.asked[1].method, server.asked[1].body) == then


def test_redirects_in_a_circle_end(server: FakeServer, caller: Caller) -> None:
    server.tell = lambda _: Told(302, [("location", "/")])
    with pytest.raises(CallFailed, match="in circles"):
        caller.request("GET", at(server))


# ---- bounds ----


def test_an_answer_that_is_too_long_is_refused(server: FakeServer) -> None:
    server.tell = lambda _: Told(body=b"x" * 5_000)
    with Caller(allow_private=True, resolve=here, body_bytes_max=4_096) as caller:
        with pytest.raises(CallFailed, match="longer than 4 KiB"):
            caller.request("GET", at(server))
        server.tell = lambda _: Told(body=b"x" * 4_096)
        assert len(caller.request("GET", at(server)).body) == 4_096


def test_a_small_packet_that_unpacks_into_a_huge_one_is_refused(server: FakeServer) -> None:
    bomb = gzip.compress(b"\0" * 40_000_000)
    assert len(bomb) < 50_000
    server.tell = lambda _: Told(200, [("content-encoding", "gzip")], bomb)
    with (
        Caller(allow_private=True, resolve=here) as caller,
        pytest.raises(CallFailed, match="longer than 32,768 KiB"),
    ):
        caller.request("GET", at(server))


@pytest.mark.parametrize("part", ["head", "body", "nothing", "body of unknown length"])
def test_an_answer_that_drips_for_ever_is_ended(part: str) -> None:
    with (
        dripping(part) as port,
        Caller(allow_private=True, resolve=here, answer_seconds=0.4) as caller,
    ):
        started = time.monotonic()
        with pytest.raises(CallFailed, match="did not answer in time"):
            caller.request("GET", f"http://{HOST}:{port}/")
        assert time.monotonic() - started < 3


@contextmanager
def dripping(part: str) -> Iterator[int]:
    """A server that never ends its answer and never falls silent, but for "nothing"."""
    starts = {
        "head": b"HTTP/1.1 200 OK\r\nx-long: ",
        "body": b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n",
        "nothing": b"",
        "body of unknown length": b"HTTP/1.0 200 OK\r\n\r\n",
    }
    stop = threading.Event()

    def serve(listening: socket.socket) -> None:
        peer, _ = listening.accept()
        with peer:
            peer.sendall(starts[part])
            while not stop.wait(0.02):
                try:
                    peer.sendall(b"" if part == "nothing" else b"x")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            stop.set()
            thread.join()


def test_a_server_that_speaks_no_http_is_a_sentence(caller: Caller) -> None:
    def serve(listening: socket.socket) -> None:
        peer, _ = listening.accept()
        with peer:
            peer.recv(1_000)
            peer.sendall(b"220 mail.example ESMTP\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        with pytest.raises(CallFailed, match="answered no HTTP"):
            caller.request("GET", f"http://{HOST}:{listening.getsockname()[1]}/")
        thread.join()


# ---- pauses ----


def test_short_pauses_are_waited(server: FakeServer, caller: Caller, slept: list[float]) -> None:
    told = iter([Told(429, [("retry-after", "7")]), Told(503, [("Retry-After", "3")]), Told()])
    server.tell = lambda _: next(told)
    assert caller.request("GET", at(server)).status == 200
    assert slept == [7, 3]


def test_a_pause_may_be_told_as_a_date(
    server: FakeServer, caller: Caller, slept: list[float]
) -> None:
    dates = [
        ("date", "Sun, 01 Nov 2026 10:00:00 GMT"),
        ("retry-after", "Sun, 01 Nov 2026 10:00:20 GMT"),
    ]

    with socket.create_server(("127.0.0.1", 0)) as listening:
        # A server of its own writing: http.server dates its answers itself.
        def serve() -> None:
            for head in (b"429 Slow", b"200 OK"):
                peer, _ = listening.accept()
                with peer:
                    peer.recv(2_000)
                    lines = b"".join(f"{name}: {value}\r\n".encode() for name, value in dates)
                    peer.sendall(
                        b"HTTP/1.1 " + head + b"\r\nconnection: close\r\ncontent-length: 0\r\n"
                        + lines + b"\r\n"
                    )  # fmt: skip

        thread = threading.Thread(target=serve)
        thread.start()
        answer = caller.request("GET", f"http://{HOST}:{listening.getsockname()[1]}/")
        thread.join()
    assert answer.status == 200
    assert slept == [20]


def test_a_long_pause_is_not_waited_here(
    server: FakeServer, caller: Caller, slept: list[float]
) -> None:
    server.tell = lambda _: Told(429, [("retry-after", "900")])
    with pytest.raises(CalledTooOften) as busy:
        caller.request("GET", at(server))
    assert busy.value.retry_after_seconds == 900
    assert slept == []
    assert len(server.asked) == 1


def test_pauses_that_are_not_told_grow_and_end(
    server: FakeServer, caller: Caller, slept: list[float]
) -> None:
    server.tell = lambda _: Told(429)
    with pytest.raises(CalledTooOften) as busy:
        caller.request("GET", at(server))
    assert busy.value.retry_after_seconds is None
    assert slept == [2, 4, 8]


def test_many_short_pauses_end_too(server: FakeServer, caller: Caller, slept: list[float]) -> None:
    server.tell = lambda _: Told(429, [("x-ratelimit-retry-after", "25.5")])
    with pytest.raises(CalledTooOften) as busy:
        caller.request("GET", at(server))
    assert busy.value.retry_after_seconds == 26
    assert slept == [26, 26]


def test_every_attempt_keeps_the_pace(server: FakeServer) -> None:
    taken: list[int] = []
    told = iter([Told(429, [("retry-after", "1")]), Told()])
    server.tell = lambda _: next(told)
    with Caller(
        allow_private=True,
        resolve=here,
        sleep=lambda _: None,
        before_call=lambda: taken.append(len(server.asked)),
    ) as caller:
        caller.request("GET", at(server))
    assert taken == [0, 1]


# ---- certificates ----


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a certificate of its own for a name; return its file and its key's."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.2"))]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


@contextmanager
def over_tls(folder: Path, name: str) -> Iterator[tuple[FakeServer, ssl.SSLContext]]:
    file, key = certificate(folder, name)
    server = FakeServer(lambda _asked: Told())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key)
    server.server.socket = context.wrap_socket(server.server.socket, server_side=True)
    with server.running():
        yield server, ssl.create_default_context(cafile=str(file))


def test_the_certificate_is_checked_for_the_name_though_the_address_is_called(
    tmp_path: Path,
) -> None:
    with over_tls(tmp_path, HOST) as (server, trusted):
        with Caller(allow_private=True, resolve=here, verify=trusted) as caller:
            assert caller.request("GET", f"https://{HOST}:{server.port}/").status == 200
        assert server.asked[0].headers["host"] == f"{HOST}:{server.port}"


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    with over_tls(tmp_path, "other.example") as (server, trusted):
        with (
            Caller(allow_private=True, resolve=here, verify=trusted) as caller,
            pytest.raises(CallFailed, match=r"cannot be reached.*certificate"),
        ):
            caller.request("GET", f"https://{HOST}:{server.port}/")
        assert server.asked == []


def test_servers_that_share_an_address_share_no_connection(tmp_path: Path) -> None:
    with over_tls(tmp_path, HOST) as (server, trusted):
        with Caller(allow_private=True, resolve=here, verify=trusted) as caller:
            assert caller.request("GET", f"https://{HOST}:{server.port}/").status == 200
            with pytest.raises(CallFailed, match="certificate"):
                caller.request("GET", f"https://other.example:{server.port}/")
        assert len(server.asked) == 1


def test_an_unknown_certificate_is_refused(tmp_path: Path) -> None:
    with (
        over_tls(tmp_path, HOST) as (server, _),
        Caller(allow_private=True, resolve=here) as caller,
    ):
        with pytest.raises(CallFailed, match="certificate"):
            caller.request("GET", f"https://{HOST}:{server.port}/")
        assert server.asked == []


# ---- secrets ----


def test_logs_hold_no_secret(
    server: FakeServer, caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with structlog.testing.capture_logs() as told:
        caller.request(
            "GET",
            at(server, "/report?date=2026-11-01"),
            params=[("accessToken", "tok-hidden"), ("apikey", "key-hidden")],
            headers={"authorization": "Bearer head-hidden"},
            basic=("user", "pass-hidden"),
        )
    (line,) = told
    assert line["url"] == (
        f"http://{HOST}:{server.port}/report?date=2026-11-01&accessToken=***&apikey=***"
    )
    assert (line["event"], line["status"], line["bytes"]) == ("called", 200, 4)
    assert "hidden" not in str(told) + caplog.text


def test_a_masked_address_keeps_what_helps_and_hides_what_must_be_hidden() -> None:
    assert (
        masked("https://u:p@a.example:8443/x?page=2&client_secret=abc&sig=1&q=é")
        == "https://a.example:8443/x?page=2&client_secret=***&sig=***&q=%C3%A9"
    )


@pytest.mark.parametrize(
    "secret", ["line\nbreak-hidden", "nul\x00-hidden", "é-hidden", "\ud800-hidden"]
)
def test_a_header_that_cannot_be_sent_is_a_sentence_without_its_value(
    server: FakeServer, caller: Caller, secret: str
) -> None:
    with pytest.raises(CallFailed) as failed:
        caller.request("GET", at(server), headers={"authorization": f"Bearer {secret}"})
    assert "hidden" not in failed.value.sentence
    assert server.asked == []
