"""The fakes themselves: a server that fails when told to, a client that keeps a pace, orders that live on."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cagnotte.hooks.reading import read_json
from cagnotte.hooks.sources import Pace, SourceBusy, SourceFailed
from tests.sources.calls import Calls
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import network_orders, shop_orders
from tests.sources.fakes.server import (
    Asked,
    FakeServer,
    Number,
    Refusal,
    Reply,
    json_bytes,
    json_reply,
    route,
)

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Bookshop(FakeServer):
    bearer = "token"
    limit = Pace(2, 60)

    @route("GET", "/orders/{number}")
    def order(self, asked: Asked, number: str) -> Reply:
        if number == "0":
            raise Refusal(404, b"none", reason="unknown")
        return json_reply({"number": int(number), "day": asked.query("day")})

    @route("GET", "/broken", free=True)
    def broken(self, asked: Asked) -> Reply:
        raise ZeroDivisionError


HEADERS = {"Authorization": "Bearer token"}


def test_a_fake_answers_its_routes_to_those_who_may() -> None:
    with Bookshop(Clock(NOON)) as shop:
        calls = Calls()
        answer = calls.request(
            "GET", f"{shop.url}/orders/7", params=[("day", "1 é")], headers=HEADERS
        )
        assert (answer.status, read_json(answer.body)) == (200, {"number": 7, "day": "1 é"})
        assert calls.request("GET", f"{shop.url}/orders/7").status == 401
        assert [asked.path for asked in shop.log] == ["/orders/7", "/orders/7"]


def test_a_fake_refuses_what_its_route_refuses() -> None:
    with Bookshop(Clock(NOON)) as shop:
        answer = Calls().request("GET", f"{shop.url}/orders/0", headers=HEADERS)
        assert (answer.status, answer.body, answer.headers["reason"]) == (404, b"none", "unknown")
        assert Calls().request("GET", f"{shop.url}/elsewhere", headers=HEADERS).status == 404


def test_a_fake_fails_when_it_is_told_to() -> None:
    with Bookshop(Clock(NOON)) as shop:
        shop.fail_next(503, body=b"down", after=1)
        shop.cut_next(after=1)
        url = f"{shop.url}/orders/7"
        told = [Calls().request("GET", url, headers=HEADERS).status for _ in range(2)]
        shop.clock.wait(60)
        with pytest.raises(SourceFailed):
            Calls().request("GET", f"{shop.url}/orders/7", headers=HEADERS)
        assert told == [200, 503]


def test_a_fake_refuses_those_who_ask_too_fast_and_a_pace_avoids_it() -> None:
    clock = Clock(NOON)
    with Bookshop(clock) as shop:
        hasty = Calls()
        for _ in range(2):
            hasty.request("GET", f"{shop.url}/orders/7", headers=HEADERS)
        with pytest.raises(SourceBusy) as busy:
            hasty.request("GET", f"{shop.url}/orders/7", headers=HEADERS)
        assert busy.value.retry_after_seconds == 61
        clock.wait(120)
        patient = Calls(clock=clock, pace=Pace(2, 60))
        for _ in range(5):
            patient.request("GET", f"{shop.url}/orders/7", headers=HEADERS)
        assert clock.now == NOON + timedelta(seconds=240)


def test_a_fault_in_a_route_fails_the_test() -> None:
    with pytest.raises(ZeroDivisionError), Bookshop(Clock(NOON)) as shop:
        assert Calls().request("GET", f"{shop.url}/broken").status == 500


def test_nobody_answers_where_nobody_is() -> None:
    with Bookshop(Clock(NOON)) as shop:
        url = shop.url
    with pytest.raises(SourceFailed):
        Calls().request("GET", url)


def test_exact_numbers_are_written_as_they_are() -> None:
    assert json_bytes({"a": [Number("12.40")], "b": "12.40"}) == b'{"a": [12.40], "b": "12.40"}'


def test_orders_of_networks_live_on_for_months() -> None:
    orders = network_orders()
    assert orders == network_orders()
    assert len({order.ref for order in orders}) == len(orders) == 40
    assert {state.status for order in orders for state in order.states} == {
        "pending",
        "confirmed",
        "declined",
    }
    assert any(state.paid for order in orders for state in order.states)
    for order in orders:
        assert order.at(order.bought_at - timedelta(seconds=1)) is None
        assert order.at(order.states[-1].since) == order.states[-1]
        assert order.clicked_at < order.bought_at <= order.states[0].since


def test_orders_of_shops_have_lines_that_are_edited_and_returned() -> None:
    orders = shop_orders()
    returned = [line for order in orders for line in order.states[-1].lines if line.returned]
    assert returned
    for order in orders:
        for state in order.states:
            kept = [line.price - line.coupon - line.returned_price for line in state.lines]
            assert state.amount == sum(kept, Decimal(0))
    assert any(
        before.lines != after.lines
        for order in orders
        for before, after in zip(order.states, order.states[1:], strict=False)
    )
