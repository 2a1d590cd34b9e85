"""What sources send: checked, kept, answered, read; and nothing told to whoever does not know the address."""

import base64
import hashlib
import hmac
import http.client
import json
import logging
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import psycopg
import pytest
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from cagnotte.api.receiving import BODY_BYTES_MAX
from cagnotte.domain.errors import InvalidInput
from cagnotte.hooks.sources import Incoming, Reception
from cagnotte.inbox import accounts
from cagnotte.inbox.models import Account, Order, Wanted
from cagnotte.inbox.models import Message as Row
from cagnotte.journeys import receive_messages
from cagnotte.journeys.settle_orders import lock_programme
from cagnotte.platform.database import connect
from cagnotte.platform.logs import without_tokens
from tests.journeys.paged_source import NOW, PROGRAMME, Paged, body, installed
from tests.journeys.world import World

SIGN = "sign-of-the-test"
ORDER = {"id": "A-1", "member": "1", "amount": "20.00", "status": "pending", "version": 1}


@pytest.fixture
def world(empty_world: World, settings: Settings) -> Iterator[World]:
    """The corner shop, with a source that may sign and one that always does."""
    settings.CAGNOTTE_PUBLIC_URL = "https://cashback.example"
    with installed(Paged()):
        # Nothing sent here may be older than the programme: the views read the real clock.
        empty_world.now = datetime(2026, 1, 1, tzinfo=UTC)
        empty_world.load(PROGRAMME.format(url="https://shop.example"))
        for ref, name in (("shop", "sign"), ("partners", "secret")):
            accounts.set_secret(Account.objects.get(ref=ref), name, SIGN, now=NOW)
        yield empty_world


def address(ref: str = "shop") -> str:
    return accounts.address_path(Account.objects.select_related("programme").get(ref=ref), now=NOW)


def signature(content: bytes, secret: str = SIGN) -> str:
    return base64.b64encode(hmac.new(secret.encode(), content, hashlib.sha256).digest()).decode()


def send(content: bytes, path: str = "", *, secret: str = SIGN, **headers: Any) -> HttpResponse:
    """POST signed content."""
    signed = {"x-sign": signature(content, secret)} if secret else {}
    return Client(raise_request_exception=False).post(
        path or address(),
        content,
        content_type="application/json",
        headers={**signed, **headers},
    )  # type: ignore[return-value]  # the test client's own kind of response


def untouched() -> bool:
    return not (Row.objects.exists() or Wanted.objects.exists() or Order.objects.exists())


# ---- what is taken ----


def test_a_signed_message_is_kept_answered_and_becomes_a_purchase(world: World) -> None:
    answer = send(body(ORDER))
    assert (answer.status_code, answer.content) == (200, b"OK")
    assert answer["content-type"] == "text/plain; charset=utf-8"
    kept = Row.objects.get()
    assert (kept.via, kept.signed, kept.topic, kept.state) == ("push", True, "push", "read")
    assert Order.objects.get().state == "standing"
    assert world.member("1") == {"pending": 100}


def test_a_message_that_comes_again_changes_nothing(world: World) -> None:
    for _ in range(3):
        assert send(body(ORDER), **{"x-event": "e-1"}).status_code == 200
    assert Row.objects.count() == 1
    assert world.member("1") == {"pending": 100}


def test_a_hint_only_makes_the_order_wanted(world: World) -> None:
    answer = send(b'{"id": "A-7"}', secret="")
    assert answer.status_code == 202
    assert Wanted.objects.get().object_id == "A-7"
    assert not Row.objects.exists()
    assert world.member("1") == {}


def test_a_challenge_is_answered_and_forgotten(world: World) -> None:
    answer = Client().get(address(), {"challenge": "<b>17</b>"})
    assert (answer.status_code, answer.content) == (200, b"<b>17</b>")
    assert answer["content-type"] == "text/plain; charset=utf-8"
    assert answer["x-content-type-options"] == "nosniff"
    assert untouched()


def test_a_look_at_the_address_is_answered_and_forgotten(world: World) -> None:
    answer = Client().head(address())
    assert (answer.status_code, answer.content) == (200, b"")
    assert untouched()


def test_a_postback_by_get_is_taken_with_its_signed_query(world: World) -> None:
    fields = sorted(
        {
            "order_id": "P-1", "amount": "40.00", "currency": "EUR", "status": "pending", "member": "2",
            "at": "2026-02-01T10:00:00+01:00",
        }.items()
    )  # fmt: skip
    sig = hmac.new(SIGN.encode(), urlencode(fields).encode(), hashlib.sha256).hexdigest()
    answer = Client().get(address("partners"), [*fields, ("sig", sig)])
    assert (answer.status_code, answer.content) == (200, b"OK")
    assert world.member("2") == {"pending": 200}


def test_the_plugin_gets_the_request_as_it_was_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Incoming] = []

    def receive(_self: Paged, incoming: Incoming, *_: object, **__: object) -> Reception:
        seen.append(incoming)
        return Reception(answer='{"ok": true}')

    monkeypatch.setattr(Paged, "receive", receive)
    content = b'{ "a" : 1.10,\r\n"b":"\xc3\xa9" }'
    path = address()
    answer = send(content, f"{path}?b=2&a=%20+1")
    assert answer["content-type"] == "application/json; charset=utf-8"
    (incoming,) = seen
    assert (incoming.method, incoming.body) == ("POST", content)
    assert (incoming.url, incoming.query) == (f"https://cashback.example{path}", "b=2&a=%20+1")
    assert incoming.headers["x-sign"] == signature(content)
    assert incoming.headers["content-type"] == "application/json"


def test_without_a_public_address_the_requests_own_is_told(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CAGNOTTE_PUBLIC_URL = ""
    seen: list[str] = []

    def verify(_self: Paged, incoming: Incoming, _context: object) -> bool:
        seen.append(incoming.url)
        return False

    monkeypatch.setattr(Paged, "verify_signature", verify)
    Client().get(address(), headers={"host": "localhost"})
    assert seen == [f"http://localhost{address()}"]


# ---- what is refused ----


def test_a_wrong_signature_is_counted_and_nothing_is_kept(world: World) -> None:
    answer = send(body(ORDER), secret="another")
    assert answer.status_code == 401
    assert answer["content-type"] == "application/problem+json"
    told = json.loads(answer.content)
    assert told.pop("type", "").endswith("bad_signature")
    assert told == {
        "title": "Unauthorized",
        "status": 401,
        "code": "bad_signature",
        "detail": "The signature is missing or wrong.",
    }
    account = Account.objects.get(ref="shop")
    assert account.refused == 1
    assert account.last_refused_at is not None
    assert account.last_message_at is None
    assert untouched()
    assert world.member("1") == {}


def test_both_secrets_are_valid_while_one_replaces_the_other(world: World) -> None:
    now = datetime.now(UTC)
    accounts.set_secret(Account.objects.get(ref="shop"), "sign", "fresh", now=now, keep_hours=1)
    assert send(body(ORDER), secret="fresh").status_code == 200
    assert send(body({**ORDER, "version": 2}), secret=SIGN).status_code == 200
    assert send(body(ORDER), secret="never").status_code == 401


@pytest.mark.parametrize("content", [b"", b"[", b"{}", b"\xff\xfe", b'{"id": 1.5}'])
def test_what_is_no_message_is_refused_and_noted(world: World, content: bytes) -> None:
    answer = send(content, secret="")
    assert answer.status_code == 400
    assert json.loads(answer.content)["code"] == "not_understood"
    noted = Account.objects.get(ref="shop")
    assert noted.last_error
    assert noted.errors_in_a_row == 0
    assert untouched()


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, declared: bool
) -> None:
    monkeypatch.setattr("cagnotte.api.receiving.BODY_BYTES_MAX", 1_000)
    if not declared:
        monkeypatch.setattr("cagnotte.api.receiving._declared_too_large", lambda _request: False)
    answer = send(b"x" * 1_001)
    assert answer.status_code == 413
    assert untouched()
    assert send(b"x" * 1_000).status_code == 200


def test_a_large_message_within_the_bound_is_taken(world: World) -> None:
    content = body({**ORDER, "note": "x" * (BODY_BYTES_MAX - 2_000)})
    assert 2_621_440 < len(content) <= BODY_BYTES_MAX, "more than forms may have"
    assert send(content).status_code == 200
    assert world.member("1") == {"pending": 100}


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_other_methods_are_refused_whoever_asks(world: World, method: str) -> None:
    told = {
        getattr(Client(), method)(path).status_code for path in (address(), address()[:-1] + "x")
    }
    assert told == {405}
    assert untouched()


# ---- what nobody learns ----


def wrong_addresses() -> dict[str, str]:
    path = address()
    token = path.rpartition("/")[2]
    Account.objects.filter(ref="hints").update(active=False)
    return {
        "wrong token": f"/in/corner/shop/{token[:-1]}",
        "token of another source": f"/in/corner/partners/{token}",
        "hash of the token": f"/in/corner/shop/{Account.objects.get(ref='shop').receive_token_hash}",
        "unknown source": f"/in/corner/nobody/{token}",
        "unknown programme": f"/in/other/shop/{token}",
        "a source at rest": f"/in/corner/hints/{token}",
        "a source of files": f"/in/corner/members/{token}",
        "odd letters": "/in/corner/shop/%00%ff%f0%9f%92%a9",
        "a very long token": f"/in/corner/shop/{'x' * 5_000}",
    }


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_every_wrong_address_gets_the_same_answer(world: World, method: str) -> None:
    told = {}
    for what, path in wrong_addresses().items():
        answer = Client(raise_request_exception=False).generic(
            method, path, body(ORDER), headers={"x-sign": signature(body(ORDER))}
        )
        headers = {name: value for name, value in answer.items() if name not in {"Date", "Expires"}}
        told[what] = (answer.status_code, bytes(answer.content), headers)
    first = told["wrong token"]
    assert first[0] == 404
    assert all(other == first for other in told.values()), told
    assert untouched()
    assert not Account.objects.exclude(refused=0).exists()


@pytest.mark.parametrize("where", ["verify_signature", "receive"])
def test_a_plugin_that_crashes_tells_nothing_and_asks_for_a_repeat(
    world: World, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def crashes(*_: object, **__: object) -> Any:
        raise RuntimeError(f"the secret is {SIGN}")

    monkeypatch.setattr(Paged, where, crashes)
    answer = send(body(ORDER))
    assert answer.status_code == 500
    assert SIGN not in answer.content.decode()
    assert "RuntimeError" not in answer.content.decode()
    noted = Account.objects.get(ref="shop").last_error
    assert noted == "The plugin failed with RuntimeError at a request; nothing was kept."
    assert untouched()


def test_no_log_holds_the_token_of_an_address(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    path = address()
    told = without_tokens(None, "", {"event": f'"POST {path} HTTP/1.1" 401', "path": path, "n": 1})
    assert told == {
        "event": '"POST /in/corner/shop/*** HTTP/1.1" 401',
        "path": "/in/corner/shop/***",
        "n": 1,
    }


# ---- reading at once ----


def test_a_failure_while_reading_never_becomes_an_error_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise psycopg.OperationalError("gone")

    monkeypatch.setattr(receive_messages, "read_inbox", fails)
    assert send(body(ORDER)).status_code == 200
    assert Row.objects.get().state == "new"


def test_reading_is_left_to_the_worker_where_that_is_wished(
    world: World, settings: Settings
) -> None:
    settings.CAGNOTTE_READ_AT_ONCE = False
    assert send(body(ORDER)).status_code == 200
    assert Row.objects.get().state == "new"
    assert world.member("1") == {}


def test_a_message_that_cannot_be_read_is_kept_and_answered_well(world: World) -> None:
    assert send(b'{"orders": [{"id": "A-1"}]}').status_code == 200
    assert Row.objects.get().state == "unreadable"


def test_reading_does_not_wait_long_for_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive_messages, "READ_WAIT_SECONDS", 1)
    with connect() as busy, busy.transaction():
        lock_programme(busy, Account.objects.get(ref="shop").programme_id)
        assert send(body(ORDER)).status_code == 200
        assert Row.objects.get().state == "new"
    assert send(body({**ORDER, "id": "A-2"})).status_code == 200
    assert world.member("1") == {"pending": 200}


# ---- over a real connection ----


@pytest.fixture
def served(world: World) -> Iterator[str]:
    """The web server, as `cagnotte serve` runs it."""

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadedWSGIServer):
        def process_request_thread(self, request: Any, client_address: Any) -> None:
            super().process_request_thread(request, client_address)
            connections.close_all()

    server = Server(("127.0.0.1", 0), Quiet)
    server.set_app(get_wsgi_application())
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_real_request_over_a_real_connection(world: World, served: str) -> None:
    content = body(ORDER)
    link = http.client.HTTPConnection(urlsplit(served).netloc, timeout=20)
    link.request("POST", address(), content, {"X-Sign": signature(content)})
    answer = link.getresponse()
    assert (answer.status, answer.read()) == (200, b"OK")
    link.request("POST", address()[:-3] + "abc", content)
    assert link.getresponse().status == 404
    link.close()
    assert world.member("1") == {"pending": 100}


def test_a_sender_that_promises_more_than_may_come_is_refused_unread(
    world: World, served: str
) -> None:
    netloc = urlsplit(served)
    with socket.create_connection((netloc.hostname, netloc.port), timeout=20) as link:
        head = (
            f"POST {address()} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n"
        )
        link.sendall(head.encode())
        assert b"413" in link.recv(1_000).splitlines()[0]
    assert untouched()


def test_a_sender_that_breaks_off_is_not_taken_at_its_word(world: World, served: str) -> None:
    netloc = urlsplit(served)
    content = body(ORDER)
    with socket.create_connection((netloc.hostname, netloc.port), timeout=20) as link:
        head = (
            f"POST {address()} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Sign: {signature(content)}\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        link.sendall(head.encode() + content[:-5])
        link.shutdown(socket.SHUT_WR)
        assert b"401" in link.recv(1_000).splitlines()[0]
    assert untouched()


def test_many_at_once_are_all_kept(world: World, served: str) -> None:
    def one(number: int) -> None:
        content = body({**ORDER, "id": f"A-{number}"})
        link = http.client.HTTPConnection(urlsplit(served).netloc, timeout=60)
        link.request("POST", path, content, {"X-Sign": signature(content)})
        statuses.append(link.getresponse().status)
        link.close()

    path, statuses = address(), list[int]()
    threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 12
    assert Row.objects.count() == 12


def test_the_source_may_say_that_a_request_is_not_its_own(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_theirs(*_: object, **__: object) -> Reception:
        raise InvalidInput("There is no topic in it.")

    monkeypatch.setattr(Paged, "receive", not_theirs)
    assert send(body(ORDER)).status_code == 400
    assert Account.objects.get(ref="shop").last_error == "There is no topic in it."
    assert untouched()
