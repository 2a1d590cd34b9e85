"""Raw SQL against lots, holds and captures: what no row may say is refused, what rows together may not is found."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from cagnotte.domain.holds import HoldPurpose
from cagnotte.journeys import ask_payout, check_books
from cagnotte.wallet import captures, services
from cagnotte.wallet.captures import CaptureAsk, RefundAsk
from cagnotte.wallet.services import HoldAsk
from tests.contexts.wallet.world import NOON, PROGRAMME, SHOP, TODAY, World, a_world

CHECK, TWICE, MISSING = "23514", "23505", "23502"


@pytest.fixture
def world(committed_db: str) -> Iterator[World]:
    """Anna has two lots, an order held, another spent and refunded in part, and a payout under way."""
    with a_world() as made:
        made.rules(threshold_minor=100)
        anna = made.wallet([(2000, None), (1000, TODAY)])
        made.bank_account(anna)
        occasion = made.occasion()
        with made.connection.transaction():
            services.place_hold(made.connection, asked(anna, "open", 300), occasion=occasion)
            spent = services.place_hold(
                made.connection, asked(anna, "spent", 500), occasion=occasion
            )
            done = captures.capture(
                made.connection, CaptureAsk(spent.id, 400, fee_minor=8), occasion=occasion
            )
            captures.refund_capture(
                made.connection, RefundAsk(done.id, "r-1", 100), occasion=occasion
            )
        desk = ask_payout.Desk(PROGRAMME, NOON, TODAY)
        ask_payout.ask(made.connection, desk, wallet_id=anna, amount_minor=700)
        made.assert_sound()
        yield made


def asked(wallet_id: UUID, reference: str, amount_minor: int) -> HoldAsk:
    return HoldAsk(wallet_id, amount_minor, HoldPurpose.REDEEM, reference, SHOP)


def again(table: str, *changes: str) -> str:
    """A statement that inserts copies of all rows of a table under fresh ids."""
    columns = {
        "wallet_hold": "programme_id, wallet_id, bucket, currency, amount_minor, captured_minor, state,"
        " purpose, reference, merchant_id, expires_at, created_at, resolved_at",
        "wallet_capture": "hold_id, programme_id, wallet_id, bucket, merchant_id, currency, amount_minor,"
        " fee_minor, refunded_minor, captured_at",
        "wallet_refund": "capture_id, reference, wallet_id, bucket, currency, amount_minor, fee_minor,"
        " repaid_minor, refunded_at",
    }[table]
    return f"INSERT INTO {table} (id, {columns}) SELECT gen_random_uuid(), {columns} FROM {table}"


REFUSED = [
    ("UPDATE rewards_lot SET remaining_minor = -1", CHECK),
    ("UPDATE rewards_lot SET remaining_minor = amount_minor + 1", CHECK),
    ("UPDATE rewards_lot SET expired_minor = -1", CHECK),
    ("UPDATE rewards_lot SET expired_minor = amount_minor + 1, remaining_minor = 0", CHECK),
    ("UPDATE rewards_lot SET remaining_minor = amount_minor, expired_minor = 1", CHECK),
    ("UPDATE rewards_lot SET amount_minor = 0", CHECK),
    ("UPDATE rewards_lot SET amount_minor = NULL", MISSING),
    ("UPDATE wallet_hold SET amount_minor = 0", CHECK),
    ("UPDATE wallet_hold SET amount_minor = -5", CHECK),
    ("UPDATE wallet_hold SET captured_minor = amount_minor + 1", CHECK),
    ("UPDATE wallet_hold SET captured_minor = -1", CHECK),
    ("UPDATE wallet_hold SET reference = 'open', purpose = 'redeem'", TWICE),
    (again("wallet_hold"), TWICE),
    ("UPDATE wallet_hold_allocation SET amount_minor = 0", CHECK),
    ("UPDATE wallet_hold_allocation SET captured_minor = amount_minor + 1", CHECK),
    ("UPDATE wallet_hold_allocation SET captured_minor = -1", CHECK),
    ("UPDATE wallet_hold_allocation SET returned_minor = captured_minor + 1", CHECK),
    ("UPDATE wallet_hold_allocation SET returned_minor = -1", CHECK),
    (
        (
            "INSERT INTO wallet_hold_allocation (hold_id, lot_id, wallet_id, bucket, amount_minor, captured_minor,"
            " returned_minor) SELECT hold_id, lot_id, wallet_id, bucket, 1, 0, 0 FROM wallet_hold_allocation"
        ),
        TWICE,
    ),
    (again("wallet_capture"), TWICE),
    ("UPDATE wallet_capture SET refunded_minor = amount_minor + 1", CHECK),
    ("UPDATE wallet_capture SET refunded_minor = -1", CHECK),
    ("UPDATE wallet_capture SET fee_minor = amount_minor + 1", CHECK),
    ("UPDATE wallet_capture SET fee_minor = -1", CHECK),
    (again("wallet_refund"), TWICE),
    ("UPDATE wallet_refund SET amount_minor = 0", CHECK),
    ("UPDATE payouts_payout SET amount_minor = 0", CHECK),
    ("UPDATE payouts_payout SET fee_minor = amount_minor", CHECK),
    ("UPDATE payouts_payout SET fee_minor = -1", CHECK),
    ("DELETE FROM payouts_payoutstep", "P0001"),
    ("UPDATE payouts_payoutstep SET source = 'nobody'", "P0001"),
    (
        (
            "INSERT INTO rewards_rewardpart (purchase_id, bucket, position, funder_kind, funder_id, commission_minor,"
            " reward_minor, share_minor, margin_minor, billed_minor, paid_minor, written_off_minor)"
            " SELECT gen_random_uuid(), 0, 1, 'merchant', gen_random_uuid(), 10, 9, 0, 2, 0, 0, 0"
        ),
        CHECK,
    ),
    (
        (
            "INSERT INTO rewards_budgetslice (programme_id, offer, slot, granted_minor, used_minor)"
            " SELECT gen_random_uuid(), 'spring', 1, 10, 11"
        ),
        CHECK,
    ),
]


@pytest.mark.parametrize(("statement", "state"), REFUSED, ids=[one[0][:70] for one in REFUSED])
def test_what_no_row_may_say_is_refused(world: World, statement: str, state: str) -> None:
    before = world.standing()
    with pytest.raises(psycopg.Error) as refusal:
        world.connection.execute(statement.encode())
    world.connection.rollback()
    assert refusal.value.sqlstate == state
    assert world.standing() == before
    world.assert_sound()


FOUND = [
    (
        "UPDATE rewards_lot SET remaining_minor = remaining_minor - 1 WHERE expires_on IS NULL",
        "lots",
    ),
    ("DELETE FROM rewards_lot WHERE expires_on IS NULL", "lots"),
    ("UPDATE wallet_hold SET state = 'released' WHERE reference = 'open'", "holds"),
    ("UPDATE wallet_hold SET amount_minor = amount_minor + 1 WHERE reference = 'open'", "reserved"),
    ("DELETE FROM wallet_hold WHERE reference = 'open'", "holds"),
    (
        "UPDATE wallet_hold SET state = 'open', captured_minor = 0 WHERE reference = 'spent'",
        "holds",
    ),
    ("UPDATE wallet_hold_allocation SET amount_minor = amount_minor + 1", "holds"),
    (
        "UPDATE wallet_hold_allocation SET captured_minor = 399 WHERE captured_minor = 400",
        "reserved",
    ),
    ("UPDATE wallet_capture SET amount_minor = amount_minor - 1", "reserved"),
    ("UPDATE wallet_capture SET refunded_minor = 0", "reserved"),
    ("DELETE FROM wallet_refund", "reserved"),
]


@pytest.mark.parametrize(("statement", "check"), FOUND, ids=[one[0][:70] for one in FOUND])
def test_what_rows_may_not_say_together_is_found_by_the_checks(
    world: World, statement: str, check: str
) -> None:
    """The application may write these tables, so a slip is possible; it does not stay unseen."""
    with world.connection.transaction():
        world.connection.execute(statement.encode())
    found = [one.check for one in check_books.verify(world.connection) if one.is_fault]
    world.connection.rollback()
    assert check in found
