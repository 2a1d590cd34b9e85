"""The checks of the books find whatever somebody changed behind them, and the digest sees every difference."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import psycopg
import pytest
from psycopg import conninfo

from cagnotte.domain.vouchers import Terms
from cagnotte.journeys import check_books, redeem, vouchers
from cagnotte.platform.database import connect
from cagnotte.wallet.shares import Line
from cagnotte.wallet.voucher_uses import UseAsk
from tests.databases import Server
from tests.journeys.inbox_world import Inbox, postback
from tests.journeys.world import World

Tamper = Callable[[str], None]
TEA = "T1,2,2026-02-10T10:00:00,EUR,,earl,1,10.00,tea,acme"


@pytest.fixture
def tamper(committed_db: str, database_server: Server) -> Tamper:
    """Change rows as a superuser can, without any guard."""
    admin = database_server.url(str(conninfo.conninfo_to_dict(committed_db)["dbname"]), admin=True)

    def change(statement: str) -> None:
        with psycopg.connect(admin) as connection:
            connection.execute("SET LOCAL session_replication_role = replica")
            connection.execute(statement.encode())

    return change


@pytest.fixture
def busy(empty_world: World) -> World:
    """A shop with a pending and a released purchase, a part of it held and a part of it spent."""
    world = empty_world
    world.load()
    world.till(TEA)
    world.buy("A1", "20.00", status="confirmed")
    world.buy("A2", "60.00", status="confirmed")
    world.mature(date(2026, 3, 12))
    world.spend("S1", 30)
    world.spend("S2", 20, capture=False)
    assert world.faults() == []
    return world


A1 = "(SELECT id FROM purchases_purchase WHERE order_ref = 'A1')"
OF_BRAND = "WHERE funder_kind = 'brand'"
BROKEN = {
    # what is checked: (how to break it, how to mend it)
    "lots": (
        "UPDATE rewards_lot SET remaining_minor = 299 WHERE amount_minor = 300",
        "UPDATE rewards_lot SET remaining_minor = 300 WHERE amount_minor = 300",
    ),
    "holds": (
        "UPDATE wallet_hold_allocation SET amount_minor = amount_minor + 1",
        "UPDATE wallet_hold_allocation SET amount_minor = amount_minor - 1",
    ),
    "reserved": (
        "UPDATE wallet_hold_allocation SET captured_minor = 29 WHERE captured_minor = 30",
        "UPDATE wallet_hold_allocation SET captured_minor = 30 WHERE captured_minor = 29",
    ),
    "parts": (
        f"UPDATE rewards_reward SET amount_minor = 101 WHERE purchase_id = {A1}",
        f"UPDATE rewards_reward SET amount_minor = 100 WHERE purchase_id = {A1}",
    ),
    "pending": (
        f"UPDATE rewards_rewardpart SET commission_minor = 101, margin_minor = 51 {OF_BRAND}",
        f"UPDATE rewards_rewardpart SET commission_minor = 100, margin_minor = 50 {OF_BRAND}",
    ),
    "rewards": (
        f"UPDATE rewards_reward SET released_minor = 99 WHERE purchase_id = {A1}",
        f"UPDATE rewards_reward SET released_minor = 100 WHERE purchase_id = {A1}",
    ),
    "orphans": (
        "UPDATE purchases_purchase SET version = 9 WHERE order_ref = 'A1'",
        "UPDATE purchases_purchase SET version = 1 WHERE order_ref = 'A1'",
    ),
}


def test_each_check_finds_what_it_promises(busy: World, tamper: Tamper) -> None:
    for check, (breaking, mending) in BROKEN.items():
        tamper(breaking)
        assert any(fault.startswith(f"{check}: ") for fault in busy.faults()), check
        tamper(mending)
        assert busy.faults() == [], check


BROKEN_SPENDING = {
    "vouchers": (
        "UPDATE wallet_voucher SET amount_minor = amount_minor + 1",
        "UPDATE wallet_voucher SET amount_minor = amount_minor - 1",
    ),
    "voucher uses": (
        "UPDATE wallet_voucher_use SET refunded_minor = 11",
        "UPDATE wallet_voucher_use SET refunded_minor = 10",
    ),
    "shares": (
        "UPDATE wallet_refund_line SET share_minor = share_minor - 1",
        "UPDATE wallet_refund_line SET share_minor = share_minor + 1",
    ),
}


def test_checks_of_vouchers_and_of_lines_find_what_they_promise(
    busy: World, tamper: Tamper
) -> None:
    on = busy.now.date()
    with connect() as connection:
        ((programme_id, shop),) = busy.rows(
            "SELECT programme_id, id FROM identity_party WHERE kind = 'merchant'"
        )
        ((wallet_id,),) = busy.rows("SELECT wallet_id FROM identity_member WHERE ref = '1'")
        counter = vouchers.Counter(programme_id, "EUR", busy.now, on)
        terms = Terms("EUR", 100, on, on)
        bought = vouchers.issue(
            connection, counter, wallet_id=wallet_id, reference="v", terms=terms
        )
        used = vouchers.use(connection, counter, UseAsk(bought.id, shop, "V1", 60))
        vouchers.refund(connection, counter, use_id=used.id, reference="r", amount_minor=10)
        checkout = redeem.Checkout(programme_id, shop, "EUR", busy.now, on)
        redeem.hold(connection, checkout, wallet_id=wallet_id, order="L1", amount_minor=50)
        lines = [Line("tea", 30), Line("jam", 70)]
        redeem.capture(connection, checkout, order="L1", amount_minor=50, lines=lines)
        redeem.refund(connection, checkout, order="L1", refund_id="r", lines=[Line("tea", 30)])
    assert busy.faults() == []
    for check, (breaking, mending) in BROKEN_SPENDING.items():
        tamper(breaking)
        assert any(fault.startswith(f"{check}: ") for fault in busy.faults()), check
        tamper(mending)
        assert busy.faults() == [], check


def test_owing_beside_available_money_is_found(busy: World, tamper: Tamper) -> None:
    busy.buy("A3", "20.00", member="3", status="confirmed")
    busy.mature(date(2026, 3, 12))
    busy.spend("S3", 100, member="3")
    busy.now = datetime(2026, 3, 20, tzinfo=UTC)
    busy.answer("A3,decline,returned,,,")
    assert busy.member("3") == {"owing": 100}
    balance = (
        "UPDATE ledger_balance SET amount_minor = {} WHERE account_id IN (SELECT a.id FROM "
        "ledger_account AS a JOIN identity_member AS m ON m.wallet_id = a.owner_id "
        "WHERE m.ref = '3' AND a.kind = 'member.available')"
    )
    tamper(balance.format(5))
    assert any("owes 1.00 EUR" in fault for fault in busy.faults())
    tamper(balance.format(0))


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DELETE FROM rewards_reward", "purchase without reward"),
        ("DELETE FROM rewards_decision", "reward without decision"),
        ("DELETE FROM purchases_purchaseversion", "purchase without its version"),
        ("DELETE FROM purchases_purchase WHERE order_ref = 'A1'", "lot without purchase"),
        ("DELETE FROM purchases_purchase WHERE order_ref = 'T1'", "observation without purchase"),
        ("DELETE FROM identity_wallet", "purchase without wallet"),
        ("DELETE FROM purchases_observation", "purchase without message"),
    ],
)
def test_what_lost_its_other_half_is_named(
    busy: World, tamper: Tamper, statement: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tamper(statement)
    assert any(f"There is a {what}: " in fault for fault in busy.faults())
    # The books stay broken, which the end of the test would notice.
    monkeypatch.setattr(World, "faults", lambda _: [])


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (
            "DELETE FROM inbox_order",
            "messages: There is a purchase of a connected source without its order: ",
        ),
        (
            "UPDATE inbox_order SET object_id = object_id || '!'",
            "messages: There is an order in the inbox with another's ",
        ),
        (
            "UPDATE inbox_order SET reason = ''",
            "inbox: In the inbox is an order that waits without a reason: ",
        ),
        (
            "UPDATE inbox_order SET content_hash = NULL",
            "inbox: In the inbox is an order that stands for no purchase: ",
        ),
        ("UPDATE inbox_message SET state = 'unreadable'", "inbox: In the inbox is an unreadable message without a "),
        ("DELETE FROM inbox_account", "inbox: In the inbox is a message without its account: "),
        ("DELETE FROM inbox_order", "inbox: In the inbox is a piece without its order: "),
        ("DELETE FROM inbox_message", "inbox: In the inbox is a piece without its message: "),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_inbox_is_named(
    world: World, tamper: Tamper, statement: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = Inbox(world)
    inbox.connect()
    inbox.send(postback(), postback("B-2", member=""))
    assert world.faults() == []
    tamper(statement)
    assert any(found.startswith(fault) for found in world.faults())
    # The books stay broken, which the end of the test would notice.
    monkeypatch.setattr(World, "faults", lambda _: [])


def test_a_finding_names_the_wallet_and_the_amounts(busy: World, tamper: Tamper) -> None:
    tamper("UPDATE rewards_lot SET remaining_minor = 299 WHERE amount_minor = 300")
    ((wallet,),) = busy.rows("SELECT wallet_id FROM identity_member WHERE ref = '1'")
    with connect() as connection:
        (finding,) = check_books.verify(connection)
    assert finding.sentence == (
        f"Wallet {wallet}: its lots hold 3.49 EUR, its available balance is 3.50 EUR."
    )
    tamper("UPDATE rewards_lot SET remaining_minor = 300 WHERE amount_minor = 300")


def test_the_digest_sees_every_difference_and_nothing_else(busy: World, tamper: Tamper) -> None:
    before = busy.digest()
    assert busy.digest() == before
    for breaking, mending in BROKEN.values():
        if "allocation" in breaking or "rewardpart" in breaking:
            continue  # Held and split money is seen by its entries, which these leave alone.
        tamper(breaking)
        assert busy.digest() != before, breaking
        tamper(mending)
        assert busy.digest() == before
    tamper("UPDATE purchases_purchaseversion SET recorded_at = recorded_at + interval '1 day'")
    assert busy.digest() == before


def test_what_came_already_in_another_order_leaves_no_trace(busy: World) -> None:
    rows = ["X1,2,2026-02-11T10:00:00,EUR,,plum,1,8.00,jam,"]
    rows.append(rows[0].replace("X1,2", "X2,3"))
    before = busy.digest()
    busy.till(*rows)
    after = busy.digest()
    assert after != before
    busy.till(*reversed(rows))
    assert busy.digest() == after
