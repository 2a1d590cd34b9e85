"""The Python client when answers are lost, the server is busy, or nothing is there: done once, told clearly."""

import random
import time
import types
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from cagnotte_client import (
    AsyncCagnotte,
    Cagnotte,
    NotAllowedNow,
    NotReached,
    ServerFault,
    TooManyRequests,
    UnreadableAnswer,
    meta,
)
from pytest_django import Settings

from cagnotte.api.idempotency import lock_of
from cagnotte.identity.models import Programme
from cagnotte.platform.database import connect
from tests.clients.serving import SANDBOX, Served, awaited, served

KEY = "cag_test_sk_" + "a" * 40
MEMBER = {"id": "mem_1", "object": "member"}


@pytest.fixture
def server(committed_db: str) -> Iterator[Served]:
    assert committed_db
    with served() as found:
        yield found


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses a client made, none of which takes time."""
    found: list[float] = []

    async def sleep(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr("cagnotte_client.client.time", types.SimpleNamespace(sleep=found.append))
    monkeypatch.setattr("cagnotte_client.client.asyncio", types.SimpleNamespace(sleep=sleep))
    return found


class Losing(httpx.BaseTransport):
    """A line over which requests arrive, and the first answers are lost."""

    def __init__(self, lost: int) -> None:
        self._line = httpx.HTTPTransport()
        self._lost = lost
        self.keys: list[str | None] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.keys.append(request.headers.get("Idempotency-Key"))
        response = self._line.handle_request(request)
        if len(self.keys) <= self._lost:
            response.read()
            raise httpx.ReadError("the line broke")
        return response

    def close(self) -> None:
        self._line.close()


class Breaking(httpx.BaseTransport):
    """A line that breaks one time in three, before the request arrives or after it was answered."""

    def __init__(self, seed: int) -> None:
        self._line = httpx.HTTPTransport()
        self._dice = random.Random(seed)
        self.broke = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        fate = self._dice.randrange(6)
        if fate == 0:
            self.broke += 1
            raise httpx.WriteError("the line broke before")
        response = self._line.handle_request(request)
        if fate == 1:
            self.broke += 1
            response.read()
            raise httpx.ReadError("the line broke after")
        return response

    def close(self) -> None:
        self._line.close()


class Saying:
    """A server that says these things in turn: an answer, or an error of the line."""

    def __init__(self, *told: httpx.Response | Exception) -> None:
        self._told = list(told)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        told = self._told.pop(0)
        if isinstance(told, Exception):
            raise told
        return told

    def client(self, **options: Any) -> Cagnotte:
        http = httpx.Client(transport=httpx.MockTransport(self))
        return Cagnotte(KEY, "https://cashback.example", http_client=http, **options)


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    body = {"type": "about:blank", "title": "T", "status": status, "detail": "No.", "code": code}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=body, headers=named)


def ok() -> httpx.Response:
    return httpx.Response(201, json=MEMBER)


def test_an_order_whose_answer_is_lost_twice_is_told_once(
    server: Served, pauses: list[float]
) -> None:
    line = Losing(lost=2)
    with httpx.Client(transport=line) as http:
        cagnotte = Cagnotte(server.key, server.url, http_client=http)
        with Cagnotte(server.key, server.url) as quiet:
            quiet.members.create(ref="ana")
        purchase = cagnotte.purchases.create(
            merchant="corner", currency="EUR", order_ref="A-1", member_ref="ana",
            occurred_at="2026-02-10T10:00:00+01:00", lines=[{"sku": "cup", "amount_minor": 2_400}],
        )  # fmt: skip
        assert len(set(line.keys)) == 1
        assert None not in line.keys
        assert meta(purchase).replayed
        assert server.member("ana") == {"pending": 120}
        assert len(list(cagnotte.purchases.list())) == 1
    assert len(pauses) == 2


def test_a_day_over_a_line_that_breaks_ends_as_over_a_whole_one(
    server: Served, pauses: list[float]
) -> None:
    line = Breaking(seed=7)
    with httpx.Client(transport=line) as http:
        cagnotte = Cagnotte(server.key, server.url, http_client=http, retries=20)
        ana = cagnotte.members.create(ref="ana")["id"]
        for number in range(4):
            cagnotte.purchases.create(
                merchant="corner", currency="EUR", order_ref=f"A-{number}", member_id=ana,
                occurred_at="2026-02-10T10:00:00+01:00", status="confirmed",
                lines=[{"sku": "cup", "amount_minor": 2_400}],
            )  # fmt: skip
        server.mature()
        for number in range(4):
            hold = cagnotte.holds.create(
                member_id=ana, merchant="corner", order_ref=f"B-{number}",
                amount={"amount_minor": 100, "currency": "EUR"},
            )["id"]  # fmt: skip
            cagnotte.holds.capture(hold)
            cagnotte.holds.refund(
                hold, refund_ref=f"R-{number}", amount={"amount_minor": 30, "currency": "EUR"}
            )
        movements = list(cagnotte.cagnottes.list_movements(
            cagnotte.members.get(ana)["cagnotte_id"], limit=5
        ))  # fmt: skip
    assert line.broke >= 5
    assert len(pauses) == line.broke
    # 4 × 1.20 earned, 4 × 1.00 spent, 4 × 0.30 back.
    assert server.member("ana") == {"available": 200}
    kinds = ("tracked", "released", "held", "captured", "refunded")
    assert Counter(one["kind"] for one in movements) == dict.fromkeys(kinds, 4)


def test_a_request_that_is_still_being_worked_on_is_waited_for(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    programme_id = Programme.objects.get(slug=SANDBOX).id
    waited: list[float] = []
    with connect() as other, Cagnotte(server.key, server.url) as cagnotte:
        lock = lock_of(programme_id, "one")
        other.execute("SELECT pg_advisory_lock(%s)", [lock])

        def sleep(seconds: float) -> None:
            waited.append(seconds)
            other.execute("SELECT pg_advisory_unlock(%s)", [lock])

        monkeypatch.setattr("cagnotte_client.client.time", types.SimpleNamespace(sleep=sleep))
        member = cagnotte.members.create(ref="ana", idempotency_key="one")
    assert member["ref"] == "ana"
    assert len(waited) == 1
    assert waited[0] >= 1


def test_a_quota_is_waited_for_as_long_as_the_server_says(
    server: Served, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CAGNOTTE_API_QUOTA = 20
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        settings.CAGNOTTE_API_QUOTA = 6_000
        # By then the next request fits: a hundred of them do in a second.
        time.sleep(0.1)

    monkeypatch.setattr("cagnotte_client.client.time", types.SimpleNamespace(sleep=sleep))
    with Cagnotte(server.key, server.url) as cagnotte:
        for _ in range(40):
            assert cagnotte.programme.get()["mode"] == "test"
            if waited:
                break
    # One request every three seconds.
    assert len(waited) == 1
    assert 1 <= waited[0] <= 3


@pytest.mark.parametrize(
    ("first", "least"),
    [
        (problem(429, "quota_exceeded", Retry_After="7"), 7.0),
        (problem(429, "quota_exceeded", RateLimit='"default";r=0;t=5'), 5.0),
        (problem(503, "database_unavailable", Retry_After="2"), 2.0),
        (problem(500, "internal_error"), 0.25),
        (httpx.Response(502, text="<h1>Bad Gateway</h1>"), 0.25),
        (problem(409, "idempotency_in_flight", Retry_After="1"), 1.0),
        (httpx.ConnectError("refused"), 0.25),
        (httpx.ReadTimeout("slow"), 0.25),
    ],
    ids=lambda one: one.__class__.__name__ if isinstance(one, Exception) else None,
)
def test_what_may_fare_better_is_tried_again_after_a_pause(
    first: httpx.Response | Exception, least: float, pauses: list[float]
) -> None:
    says = Saying(first, ok())
    assert says.client().members.create(ref="ana")["id"] == "mem_1"
    assert len(pauses) == 1
    assert least <= pauses[0] <= max(least, 0.5)
    first_key, second_key = (one.headers["Idempotency-Key"] for one in says.requests)
    assert first_key == second_key


def test_a_date_is_waited_for_too(pauses: list[float]) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=20)
    Saying(
        problem(503, "database_unavailable", Retry_After=format_datetime(moment, usegmt=True)), ok()
    ).client().members.create(ref="ana")
    assert len(pauses) == 1
    assert 10 <= pauses[0] <= 20


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (problem(409, "insufficient_funds"), NotAllowedNow),
        (problem(429, "quota_exceeded", Retry_After="3600"), TooManyRequests),
        (httpx.Response(200, text="<h1>Hello</h1>"), UnreadableAnswer),
        (httpx.LocalProtocolError("a header of ours is wrong"), NotReached),
    ],
)
def test_what_would_not_fare_better_is_told_at_once(
    told: httpx.Response | Exception, kind: type[Exception], pauses: list[float]
) -> None:
    says = Saying(told)
    with pytest.raises(kind):
        says.client().members.create(ref="ana")
    assert (len(says.requests), pauses) == (1, [])


def test_a_caller_that_gives_up_gets_the_key_to_go_on_with(pauses: list[float]) -> None:
    says = Saying(*[httpx.ReadError("the line broke")] * 4)
    with pytest.raises(NotReached, match="was tried 4 times") as caught:
        says.client().members.create(ref="ana")
    assert caught.value.idempotency_key == says.requests[0].headers["Idempotency-Key"]
    assert len({one.headers["Idempotency-Key"] for one in says.requests}) == 1
    halves = [0.25, 0.5, 1.0]
    assert all(half <= pause <= 2 * half for half, pause in zip(halves, pauses, strict=True))
    with pytest.raises(ServerFault) as fault:
        Saying(problem(500, "internal_error")).client(retries=0).members.create(ref="ana")
    assert (fault.value.code, len(pauses)) == ("internal_error", 3)


def test_what_does_something_without_a_key_is_sent_again_only_if_it_never_arrived(
    pauses: list[float],
) -> None:
    code = {"object": "voucher_code", "code": "K7P2M-9XQ4T-0ABC"}
    for lost in (httpx.ReadError("the line broke"), problem(500, "internal_error")):
        says = Saying(lost)
        with pytest.raises((NotReached, ServerFault)):
            says.client().vouchers.show_code("vou_1")
        assert (len(says.requests), pauses) == (1, [])
    says = Saying(httpx.ConnectError("refused"), httpx.Response(200, json=code))
    assert says.client().vouchers.show_code("vou_1")["code"] == "K7P2M-9XQ4T-0ABC"
    # A quote changes nothing, whatever happens to its answer.
    says = Saying(httpx.ReadError("the line broke"), httpx.Response(200, json={"object": "quote"}))
    says.client().quotes.create(merchant="corner", currency="EUR", lines=[{"amount_minor": 1}])
    assert len(says.requests) == 2


def test_asyncio_tries_again_by_the_same_rules(pauses: list[float]) -> None:
    says = Saying(problem(503, "database_unavailable", Retry_After="2"), httpx.ReadError("x"), ok())

    async def run() -> str:
        async with httpx.AsyncClient(transport=httpx.MockTransport(says)) as http:
            client = AsyncCagnotte(KEY, "https://cashback.example", http_client=http)
            return (await client.members.create(ref="ana"))["id"]

    assert awaited(run()) == "mem_1"
    assert len(pauses) == 2
    assert pauses[0] >= 2
    assert len({one.headers["Idempotency-Key"] for one in says.requests}) == 1


def test_two_calls_have_two_keys(pauses: list[float]) -> None:
    says = Saying(ok(), ok())
    client = says.client()
    made: list[Callable[[], Any]] = [lambda: client.members.create(ref="ana")] * 2
    assert [one()["id"] for one in made] == ["mem_1", "mem_1"]
    assert len({one.headers["Idempotency-Key"] for one in says.requests}) == 2
    assert pauses == []
