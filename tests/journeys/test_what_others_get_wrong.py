"""What cashback is known to get wrong when two things happen at once, or one after the other: here it is right."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from cagnotte.domain.errors import CagnotteError, InsufficientFunds
from cagnotte.identity.selectors import programme
from cagnotte.journeys import explain, redeem
from cagnotte.platform.database import connect
from tests.journeys.world import World
from tests.load.crowd import Connection, together

MARCH_12 = datetime(2026, 3, 12, 12, tzinfo=UTC)
HEADER = "order,member,at,currency,status,sku,qty,amount,category,brand\n"
ORDER = "A{0},1,2026-02-10T10:00:00,EUR,{1},plum,1,40.20,jam,\nA{0},1,2026-02-10T10:00:00,EUR,{1},fig,1,23.20,jam,\n"
"""63.40 for two pots; 5 % of it are 3.17."""

_names = count()


def write(world: World, text: str) -> Path:
    path = world.folder / f"sent-{next(_names)}.csv"
    path.write_text(text)
    return path


def sender(world: World, source: str, text: str) -> Callable[[Connection], None]:
    """Send a file of its own; as with two requests, the bytes differ by nothing that matters."""
    path = write(world, text + "\n" * next(_names))

    def work(_connection: Connection) -> None:
        world.send_file(path, source)

    return work


def answers(*rows: str) -> str:
    return "order,answer,why,line,units,amount\n" + "".join(f"{row}\n" for row in rows)


def released(world: World, order: str = "1") -> None:
    """An order confirmed at once, whose 3.17 are available."""
    world.send("till", HEADER + ORDER.format(order, "confirmed"))
    world.mature(MARCH_12.date(), now=MARCH_12)


@pytest.mark.parametrize("requests", [2, 4])
def test_an_order_completed_by_several_requests_at_once_is_credited_once(
    world: World, requests: int
) -> None:
    for order in range(4):
        done = HEADER + ORDER.format(order, "confirmed")
        together(*[sender(world, "till", done) for _ in range(requests)])
        assert world.member("1") == {"confirmed": 317 * (order + 1)}
    assert len(world.rows("SELECT 1 FROM purchases_purchase")) == 4


@pytest.mark.parametrize("requests", [2, 4])
def test_an_order_confirmed_by_several_requests_at_once_is_confirmed_once(
    world: World, requests: int
) -> None:
    world.send("till", HEADER + ORDER.format(1, ""))
    together(*[sender(world, "answers", answers("A1,confirm,,,,")) for _ in range(requests)])
    assert world.member("1") == {"confirmed": 317}
    assert world.purchase("A1")[:3] == ("confirmed", "", 2)


def test_a_partial_refund_takes_back_exactly_its_share(world: World) -> None:
    released(world)
    assert world.member("1") == {"available": 317}
    world.answer("A1,amend,,2,1,23.20")
    assert world.member("1") == {"available": 201}
    assert world.books() == {"funder.due": 201, "member.available": 201}


def test_a_full_refund_takes_back_all_of_it(world: World) -> None:
    released(world)
    world.answer("A1,amend,,1,1,40.20", "A1,amend,,2,1,23.20")
    assert world.member("1") == {}
    assert world.books() == {}


def test_a_partial_refund_and_then_a_cancellation_take_no_more_than_was_given(
    world: World,
) -> None:
    released(world)
    world.answer("A1,amend,,2,1,23.20")
    world.answer("A1,decline,cancelled,,,")
    assert world.member("1") == {}
    assert world.books() == {}


@pytest.mark.parametrize("requests", [2, 4])
def test_an_order_cancelled_by_several_requests_at_once_is_taken_back_once(
    world: World, requests: int
) -> None:
    for order in range(1, 5):
        released(world, str(order))
    for order in range(1, 5):
        cancel = answers(f"A{order},decline,cancelled,,,")
        together(*[sender(world, "answers", cancel) for _ in range(requests)])
        left = 317 * (4 - order)
        assert world.member("1") == ({"available": left} if left else {})


def test_a_partial_refund_and_a_cancellation_at_once_take_what_was_given(world: World) -> None:
    for order in range(1, 5):
        released(world, str(order))
    for order in range(1, 5):
        together(
            sender(world, "answers", answers(f"A{order},amend,,2,1,23.20")),
            sender(world, "answers", answers(f"A{order},decline,cancelled,,,")),
        )
        left = 317 * (4 - order)
        assert world.member("1") == ({"available": left} if left else {})


def test_a_full_refund_of_what_was_spent_is_owed_and_repaid_first(world: World) -> None:
    """3.17 given, 3.00 spent: 0.17 are taken back, 3.00 are owed, and the next 3.17 repay them."""
    released(world)
    world.spend("S1", 300)
    world.answer("A1,decline,returned,,,")
    assert world.member("1") == {"owing": 300}
    world.now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    released(world, "2")
    assert world.member("1") == {"available": 17}
    assert world.books() == {"funder.due": 317, "merchant.clearing": -300, "member.available": 17}


def with_twenty(world: World) -> redeem.Checkout:
    """Ana has 20.00 available."""
    world.buy("A1", "400.00", status="confirmed")
    world.mature(MARCH_12.date(), now=MARCH_12)
    assert world.member("1") == {"available": 2000}
    ((programme_id, merchant_id),) = world.rows(
        "SELECT programme_id, id FROM identity_party WHERE kind = 'merchant'"
    )
    return redeem.Checkout(programme_id, merchant_id, "EUR", MARCH_12, MARCH_12.date())


def payer(
    world: World, shop: redeem.Checkout, order: str, amount_minor: int
) -> Callable[[Connection], str]:
    """Pay an order with the cagnotte; say how it went."""
    ((wallet_id,),) = world.rows("SELECT wallet_id FROM identity_member WHERE ref = '1'")

    def work(connection: Connection) -> str:
        try:
            redeem.hold(
                connection, shop, wallet_id=wallet_id, order=order, amount_minor=amount_minor
            )
            redeem.capture(connection, shop, order=order, amount_minor=amount_minor)
        except CagnotteError as refusal:
            return refusal.code
        return "paid"

    return work


def test_an_order_paid_several_times_at_once_is_debited_once(world: World) -> None:
    """Each request is told that it is paid, for it is."""
    shop = with_twenty(world)
    for order in range(4):
        told = together(*[payer(world, shop, f"S{order}", 400)] * 4)
        assert told == ["paid"] * 4
        assert world.member("1") == {"available": 2000 - 400 * (order + 1)}
    assert world.books()["merchant.clearing"] == -1600


def test_of_two_checkouts_that_share_one_balance_one_gets_it(world: World) -> None:
    shop = with_twenty(world)
    told = together(payer(world, shop, "S1", 2000), payer(world, shop, "S2", 2000))
    assert sorted(told) == sorted(["paid", InsufficientFunds.code])
    assert world.member("1") == {}
    assert world.books() == {"funder.due": 2000, "merchant.clearing": -2000}


def test_an_order_refunded_several_times_at_once_comes_back_once(world: World) -> None:
    shop = with_twenty(world)
    together(payer(world, shop, "S1", 1500))

    def refund(connection: Connection) -> int:
        done = redeem.refund(connection, shop, order="S1", refund_id="r", amount_minor=1500)
        return done.amount_minor

    assert together(*[refund] * 4) == [1500] * 4
    assert world.member("1") == {"available": 2000}


def test_money_waits_for_its_delay_and_says_why_it_is_there(world: World) -> None:
    world.send("till", HEADER + ORDER.format(1, "confirmed"))
    due = date(2026, 2, 10) + timedelta(days=30)
    world.mature(due - timedelta(days=1), now=MARCH_12 - timedelta(days=1))
    assert world.member("1") == {"confirmed": 317}
    world.mature(due, now=MARCH_12)
    assert world.member("1") == {"available": 317}
    with connect() as connection:
        told = explain.why(connection, programme("corner"), "A1")
    assert (told.reward_minor, told.released_minor) == (317, 317)
    assert any("5" in sentence and "63.40" in sentence for sentence in told.sentences)
