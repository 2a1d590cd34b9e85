"""Paying with the cagnotte over the interface: each row of what others get wrong, with requests that really race."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from cagnotte.platform.database import connect
from cagnotte.wallet import pay_codes
from tests.api.interface import Answer, Interface, interface
from tests.api.strangers import cents, rich
from tests.journeys.world import World, corner


@pytest.fixture
def api(world: World) -> Interface:
    """The corner shop, whose member 1 has 50.00 to spend."""
    found = interface()
    rich(world, found)
    return found


def body(order: str = "A-1", amount: int = 2_000, **more: Any) -> dict[str, Any]:
    return {
        "member": "1",
        "merchant": "corner",
        "order_ref": order,
        "amount": cents(amount),
        **more,
    }


def hold(api: Interface, order: str = "A-1", amount: int = 2_000, **more: Any) -> Answer:
    return api.post("/holds", body(order, amount, **more))


def held(api: Interface, order: str = "A-1", amount: int = 2_000) -> str:
    answer = hold(api, order, amount)
    assert answer.status == 201, answer.content
    return str(answer.json["id"])


def paid(api: Interface, order: str = "A-1", amount: int = 2_000, **more: Any) -> str:
    hold_id = held(api, order, amount)
    answer = api.post(f"/holds/{hold_id}/capture", more)
    assert answer.status == 200, answer.content
    return hold_id


def together(*works: Callable[[], Answer]) -> list[Answer]:
    """Send requests that start at the same moment, each from a thread of its own."""
    start = Barrier(len(works))

    def run(work: Callable[[], Answer]) -> Answer:
        try:
            start.wait(60)
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works))


def statuses(answers: list[Answer]) -> list[int]:
    return sorted(answer.status for answer in answers)


def test_an_order_is_held_captured_in_part_and_refunded(world: World, api: Interface) -> None:
    made = hold(api).json
    assert (made["state"], made["order_ref"], made["amount"]) == ("open", "A-1", cents(2_000))
    assert world.member("1") == {"available": 3_000, "held": 2_000}

    done = api.post(f"/holds/{made['id']}/capture", {"amount": cents(1_500)}).json
    assert (done["state"], done["captured"]) == ("captured", cents(1_500))
    assert world.member("1") == {"available": 3_500}

    back = api.post(f"/holds/{made['id']}/refunds", {"refund_ref": "R-1", "amount": cents(600)})
    assert (back.status, back.json["amount"], back.json["repaid"]) == (201, cents(600), cents(0))
    assert world.member("1") == {"available": 4_100}
    assert api.get(f"/holds/{made['id']}").json["capture"]["refunded"] == cents(600)
    assert [one["refund_ref"] for one in api.get(f"/holds/{made['id']}/refunds").json["data"]] == [
        "R-1"
    ]
    assert [one["id"] for one in api.get("/holds").json["data"]] == [made["id"]]


def test_the_same_order_is_the_same_hold_and_another_amount_a_conflict(
    world: World, api: Interface
) -> None:
    first = held(api)
    assert held(api) == first
    again = hold(api, amount=1_000)
    assert (again.status, again.code) == (409, "conflict")
    assert world.member("1") == {"available": 3_000, "held": 2_000}


def test_two_checkouts_that_share_one_balance_get_it_once(world: World, api: Interface) -> None:
    for pair in range(3):
        answers = together(*[partial(hold, api, f"S-{pair}-{n}", 5_000) for n in range(2)])
        assert statuses(answers) == [201, 409]
        refused = next(answer for answer in answers if answer.status == 409)
        assert refused.code == "insufficient_funds"
        assert world.member("1") == {"held": 5_000}
        made = next(answer for answer in answers if answer.status == 201)
        api.post(f"/holds/{made.json['id']}/release")
        assert world.member("1") == {"available": 5_000}


@pytest.mark.parametrize("tokens", [("same", "same", "same", "same"), ("a", "b", "c", "d")])
def test_an_order_paid_by_several_requests_at_once_is_debited_once(
    world: World, api: Interface, tokens: tuple[str, ...]
) -> None:
    hold_id = held(api)
    answers = together(
        *[
            partial(api.post, f"/holds/{hold_id}/capture", {}, idempotency_key=token)
            for token in tokens
        ]
    )
    # A request under a token that is being worked on is told to come back; all others are told that it is paid.
    assert set(statuses(answers)) <= {200, 409}
    assert {answer.code for answer in answers if answer.status == 409} <= {"idempotency_in_flight"}
    assert 200 in statuses(answers)
    assert world.member("1") == {"available": 3_000}
    assert world.books()["merchant.clearing"] == -2_000


def test_two_cancellations_at_once_give_the_money_back_once(world: World, api: Interface) -> None:
    for order in range(3):
        hold_id = held(api, f"C-{order}", 5_000)
        answers = together(*[partial(api.post, f"/holds/{hold_id}/release")] * 2)
        assert statuses(answers) == [200, 200]
        assert world.member("1") == {"available": 5_000}


def test_a_capture_and_a_release_at_once_end_in_one_of_them(world: World, api: Interface) -> None:
    for order in range(3):
        hold_id = held(api, f"C-{order}", 1_000)
        before = world.member("1").get("available", 0)
        captured, released = together(
            partial(api.post, f"/holds/{hold_id}/capture"),
            partial(api.post, f"/holds/{hold_id}/release"),
        )
        assert statuses([captured, released]) == [200, 409]
        loser = captured if captured.status == 409 else released
        assert loser.code == "illegal_transition"
        back = 1_000 if released.status == 200 else 0
        assert world.member("1").get("available", 0) == before + back


def test_a_refund_sent_several_times_at_once_comes_back_once(world: World, api: Interface) -> None:
    hold_id = paid(api)
    refund = {"refund_ref": "R-1", "amount": cents(2_000)}
    answers = together(*[lambda: api.post(f"/holds/{hold_id}/refunds", refund)] * 4)
    assert statuses(answers) == [201] * 4
    assert world.member("1") == {"available": 5_000}


def test_several_refunds_at_once_never_give_more_than_was_taken(
    world: World, api: Interface
) -> None:
    hold_id = paid(api)
    answers = together(
        *[
            partial(
                api.post,
                f"/holds/{hold_id}/refunds",
                {"refund_ref": f"R-{n}", "amount": cents(1_200)},
            )
            for n in range(4)
        ]
    )
    assert statuses(answers) == [201, 409, 409, 409]
    assert world.member("1") == {"available": 4_200}


def test_a_refund_and_then_a_cancellation_take_no_more_than_was_given(
    world: World, api: Interface
) -> None:
    hold_id = paid(api)
    api.post(f"/holds/{hold_id}/refunds", {"refund_ref": "R-1", "amount": cents(500)})
    cancelled = api.post(f"/holds/{hold_id}/release")
    assert (cancelled.status, cancelled.code) == (409, "illegal_transition")
    rest = {"refund_ref": "cancel", "amount": cents(1_500)}
    assert api.post(f"/holds/{hold_id}/refunds", rest).status == 201
    more = {"refund_ref": "R-3", "amount": cents(1)}
    refused = api.post(f"/holds/{hold_id}/refunds", more)
    assert (refused.status, refused.code) == (409, "refused")
    assert world.member("1") == {"available": 5_000}


def test_whatever_is_asked_nothing_falls_below_zero(world: World, api: Interface) -> None:
    for amount, status in ((5_001, 409), (0, 409), (-1, 422), (10**14, 422)):
        assert hold(api, amount=amount).status == status
    hold_id = held(api, amount=1_000)
    over = api.post(f"/holds/{hold_id}/capture", {"amount": cents(1_001)})
    assert (over.status, over.code) == (409, "insufficient_funds")
    assert world.member("1") == {"available": 4_000, "held": 1_000}


def test_money_of_another_currency_is_refused_with_its_place(api: Interface) -> None:
    answer = api.post(
        "/holds", body(amount=100) | {"amount": {"amount_minor": 1, "currency": "CHF"}}
    )
    assert answer.status == 422
    assert answer.json["errors"][0]["pointer"] == "#/amount/currency"


@pytest.mark.parametrize(
    "change",
    [
        {"member": None},
        {"member_id": "mem_x"},
        {"merchant": None},
        {"order_ref": "A:late"},
        {"expires_in": 86_401},
        {"expires_in": 59},
        {"surprise": 1},
    ],
)
def test_what_cannot_be_understood_moves_nothing(
    world: World, api: Interface, change: dict[str, Any]
) -> None:
    assert api.post("/holds", body() | change).status == 422
    assert world.member("1") == {"available": 5_000}


def test_a_mixed_payment_gives_each_line_its_share_back(world: World, api: Interface) -> None:
    """100.00 of which 20.00 from the cagnotte: half back is 10.00, whatever comes back in which steps."""
    lines = [{"line": "tea", "amount_minor": 3_333}, {"line": "jam", "amount_minor": 6_667}]
    hold_id = paid(api, lines=lines)
    shares = api.get(f"/holds/{hold_id}").json["capture"]["lines"]
    assert [one["share_minor"] for one in shares] == [667, 1_333]

    def back(name: str, line: str, minor: int) -> Answer:
        told = {"refund_ref": name, "lines": [{"line": line, "amount_minor": minor}]}
        return api.post(f"/holds/{hold_id}/refunds", told)

    amounts = [
        back("R-1", "tea", 1_111).json["amount"]["amount_minor"],
        back("R-2", "tea", 1_111).json["amount"]["amount_minor"],
        back("R-2", "tea", 1_111).json["amount"]["amount_minor"],
        back("R-3", "tea", 1_111).json["amount"]["amount_minor"],
    ]
    assert amounts == [222, 223, 223, 222]
    assert back("R-4", "tea", 1).status == 409
    assert back("R-5", "plum", 1).status == 409
    assert back("R-3", "tea", 1_110).code == "conflict"
    by_amount = api.post(f"/holds/{hold_id}/refunds", {"refund_ref": "R-6", "amount": cents(100)})
    assert by_amount.status == 409
    assert back("R-7", "jam", 6_667).json["amount"] == cents(1_333)
    assert world.member("1") == {"available": 5_000}


def test_a_share_that_rounds_to_nothing_gives_nothing_back_and_is_remembered(
    world: World, api: Interface
) -> None:
    hold_id = paid(api, amount=2, lines=[{"line": "tea", "amount_minor": 1_000}])

    def back(name: str, minor: int) -> Answer:
        told = {"refund_ref": name, "lines": [{"line": "tea", "amount_minor": minor}]}
        return api.post(f"/holds/{hold_id}/refunds", told)

    assert [back("R-1", 100).json["amount"], back("R-1", 100).json["amount"]] == [cents(0)] * 2
    assert back("R-1", 200).code == "conflict"
    assert back("R-2", 900).json["amount"] == cents(2)
    assert world.member("1") == {"available": 5_000}


def test_the_contract_limits_an_order_and_a_day_and_says_its_fee(empty_world: World) -> None:
    world = empty_world
    spending = 'spending: {order_max: "20.00", order_max_share: 50 %, member_day_max: "25.00"}'
    world.load(corner(spending, "redemption_fee: 2 %"))
    api = interface()
    rich(world, api)
    total: dict[str, Any] = {"order_total": cents(10_000)}

    assert hold(api, amount=2_001, **total).json["detail"] == (
        "An order takes 20.00 EUR of the cagnotte at most."
    )
    assert hold(api, amount=1_000).code == "spending_limited"
    half = hold(api, amount=1_001, order_total=cents(2_001))
    assert half.json["detail"] == "10.00 EUR of this order can be paid with the cagnotte."
    assert hold(api, "A-1", 2_000, **total).status == 201
    day = hold(api, "A-2", 501, **total)
    assert "20.00 EUR are spent or held today" in day.json["detail"]
    # The same order asks again: it is its own hold, and breaks no limit.
    first = hold(api, "A-1", 2_000, **total).json["id"]
    assert hold(api, "A-2", 500, **total).status == 201
    api.post(f"/holds/{first}/capture", {"amount": cents(1_525)})
    assert world.books()["merchant.clearing"] == -1_494
    # 15.25 and 5.00 of 25.00 are gone; two races for the rest are won once.
    racing = together(*[partial(hold, api, f"B-{n}", 475, **total) for n in range(2)])
    assert statuses(racing) == [201, 409]


def test_a_capture_sent_again_after_the_contract_changed_is_answered_as_before(
    empty_world: World,
) -> None:
    world = empty_world
    world.load(corner("redemption_fee: 2 %"))
    api = interface()
    rich(world, api)
    hold_id = paid(api, amount=1_000)
    first, books = api.get(f"/holds/{hold_id}").json, world.books()
    assert books["merchant.clearing"] == -980

    world.load(corner("redemption_fee: 5 %"))
    again = api.post(f"/holds/{hold_id}/capture")
    assert (again.status, again.json) == (200, first)
    assert api.post(f"/holds/{hold_id}/capture", {"amount": cents(999)}).code == "conflict"
    assert world.books() == books
    paid(api, "A-2", amount=1_000)
    assert world.books()["merchant.clearing"] == -980 - 950


def test_a_shop_that_takes_no_cagnotte_says_so(empty_world: World) -> None:
    world = empty_world
    world.load(corner("spending: {accepted: false}"))
    api = interface()
    rich(world, api)
    refused = hold(api)
    assert (refused.status, refused.code) == (409, "spending_limited")
    assert world.member("1") == {"available": 5_000}


# ---- a code at the till -----------------------------------------------------------------------------------------


def pay_code(world: World) -> str:
    """Draw the code that member 1 shows at the till."""
    ((programme_id, wallet_id),) = world.rows(
        "SELECT programme_id, wallet_id FROM identity_member WHERE ref = '1'"
    )
    with connect() as connection, connection.transaction():
        code, _ = pay_codes.make(
            connection, programme_id=programme_id, wallet_id=wallet_id, now=timezone.now()
        )
    return code


def test_a_code_shown_at_the_till_pays_one_order(world: World, api: Interface) -> None:
    code = pay_code(world)
    asked = {**body(), "pay_code": code}
    asked.pop("member")
    first = api.post("/holds", asked)
    assert first.status == 201, first.content
    assert api.post("/holds", asked).json["id"] == first.json["id"]
    assert api.post("/holds", {**asked, "order_ref": "A-2"}).status == 409
    assert world.member("1") == {"available": 3_000, "held": 2_000}


def test_several_forms_of_one_code_at_once_pay_one_order(world: World, api: Interface) -> None:
    asked = {**body(), "pay_code": pay_code(world)}
    asked.pop("member")
    orders = [{**asked, "order_ref": f"A-{number}"} for number in range(4)]
    answers = together(*(partial(api.post, "/holds", one) for one in orders))
    assert statuses(answers) == [201, 409, 409, 409]
    assert world.member("1") == {"available": 3_000, "held": 2_000}


def test_a_code_beside_a_member_or_an_unknown_one_is_refused(world: World, api: Interface) -> None:
    assert hold(api, pay_code=pay_code(world)).status == 422
    asked = {**body(), "pay_code": "482109375516"}
    asked.pop("member")
    assert api.post("/holds", asked).status == 404
    assert world.member("1") == {"available": 5_000}
