"""A member's bank account: rows of shops we know earn, refunds among them are found, the rest is left aside."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from cagnotte.catalog import descriptors
from cagnotte.cli import main
from cagnotte.domain.attribution import Trace
from cagnotte.hooks.sources import Message
from cagnotte.identity import keys
from cagnotte.inbox.health import health
from cagnotte.journeys.read_inbox import settle_again
from cagnotte.platform.database import connect
from tests.journeys.inbox_world import Inbox
from tests.journeys.world import World, corner

ACCOUNT = "3fa85f64-0000-4562-b3fc-000000000001"
PROGRAMME = corner().replace(
    "merchants: [{ref: corner, name: The corner shop}]",
    'merchants: [{ref: corner, name: The corner shop, descriptors: {names: [Corner Shop], mccs: ["5411"]}}]',
)


def row(name: str, day: str, amount: str, text: str, **more: str) -> dict[str, Any]:
    return {
        "internalTransactionId": name,
        "bookingDate": day,
        "transactionAmount": {"amount": amount, "currency": "EUR"},
        "remittanceInformationUnstructured": text,
        **more,
    }


def statement(*rows: dict[str, Any]) -> Message:
    told = {"transactions": {"booked": list(rows), "pending": []}}
    return Message(json.dumps(told).encode(), f"accounts/{ACCOUNT}/transactions")


BOUGHT = row("r1", "2026-02-12", "-40.00", "CB CORNER SHOP 10/02/26 LYON")


@pytest.fixture
def bank(empty_world: World) -> Inbox:
    """The corner shop; member 1 has linked a bank account."""
    empty_world.load(PROGRAMME)
    found = Inbox(empty_world)
    found.connect("bank", "gocardless", merchant="")
    with connect() as connection:
        programme_id = empty_world.programme_id(connection)
    ((wallet_id,),) = empty_world.rows("SELECT wallet_id FROM identity_member WHERE ref = '1'")
    keys.link(
        programme_id=programme_id,
        wallet_id=wallet_id,
        kind=Trace.CARD,
        value=f"gocardless:{ACCOUNT}",
        now=empty_world.now,
    )
    return found


def test_a_row_of_a_shop_we_know_is_a_purchase_of_its_day(bank: Inbox) -> None:
    summary = bank.send(statement(BOUGHT), ref="bank")
    assert summary.states == {"standing": 1}
    assert bank.world.member("1") == {"confirmed": 200}
    ((on, by, how),) = bank.world.rows(
        "SELECT p.occurred_on::text, p.attributed_by, o.attribution -> 'shop' FROM purchases_purchase AS p "
        "JOIN inbox_order AS o ON o.purchase_id = p.id"
    )
    assert (on, by) == ("2026-02-10", "card")
    assert how == {"rule": "name", "confidence": 80, "rule_version": 1}


def test_the_rest_of_an_account_earns_nothing(bank: Inbox) -> None:
    before = bank.world.digest()
    summary = bank.send(
        statement(
            row("r2", "2026-02-12", "-700.00", "LOYER FEVRIER"),
            row("r3", "2026-02-12", "2400.00", "SALAIRE"),
            row("r4", "2026-02-12", "-9.00", "CB CORNER SHOPS 10/02/26"),
            row(
                "r5", "2026-02-12", "-9.00", "CB CORNER SHOP 10/02/26", merchantCategoryCode="7011"
            ),
        ),
        ref="bank",
    )
    assert summary.states == {"rejected": 4}
    assert [bank.order(f"{ACCOUNT}:{name}", ref="bank")[1] for name in ("r2", "r3", "r4", "r5")] == [
        "other_shop", "other_shop", "unknown_merchant", "unknown_merchant",
    ]  # fmt: skip
    assert bank.world.digest() == before
    # A person is asked about what may be the shop's, and is not shown the rest of somebody's account.
    assert {one.object_id for one in bank.queue("bank")} == {f"{ACCOUNT}:r4", f"{ACCOUNT}:r5"}
    with bank.run() as (connection, run):
        (told,) = health(connection, [bank.account("bank")], now=run.now)
    assert told.waiting == {"rejected": 2}


def test_a_person_says_on_the_command_line_which_shop_a_wording_means(bank: Inbox) -> None:
    bank.send(statement(row("r4", "2026-02-12", "-9.00", "CB CORNER SHOPS 10/02/26")), ref="bank")
    arguments = ["sources", "shop", "CB CORNER SHOPS 10/02/26", "corner", "--by", "Zoé"]
    now = f"{bank.world.now:%Y-%m-%dT%H:%M:%S}"
    told = CliRunner().invoke(main.cli, [*arguments, "--now", now])
    assert told.exit_code == 0, told.output
    assert told.output.split("\n")[:2] == [
        "“CB CORNER SHOPS 10/02/26” means corner.",
        "  orders: 1 standing",
    ]
    assert bank.world.member("1") == {"confirmed": 45}
    assert "meant already corner." in CliRunner().invoke(main.cli, arguments).output
    wrong = CliRunner().invoke(main.cli, ["sources", "shop", "CORNER SHOPS", "cornr"])
    assert (wrong.exit_code, wrong.stderr.strip()) == (1, "There is no merchant “cornr”.")


def test_what_a_person_says_of_a_wording_counts_from_then_on(bank: Inbox) -> None:
    bank.send(statement(row("r4", "2026-02-12", "-9.00", "CB CORNER SHOPS 10/02/26")), ref="bank")
    with bank.run() as (connection, run):
        descriptors.remember(run.id, "CB CORNER SHOPS 10/02/26", "corner", by="Zoé", now=run.now)
        settle_again(connection, run, accounts=[bank.account("bank")], states=["rejected"])
    assert bank.world.member("1") == {"confirmed": 45}


def test_a_credit_of_the_shop_is_a_refund_of_the_purchase_it_fits(bank: Inbox) -> None:
    credit = row("r6", "2026-02-20", "15.00", "AVOIR CORNER SHOP 18/02/26")
    bank.send(statement(credit), ref="bank")
    assert bank.order(f"{ACCOUNT}:r6", ref="bank") == ("waiting", "refund_without_purchase")
    assert bank.world.member("1") == {}
    # Days overlap: both rows are told again with the purchase.
    bank.send(statement(BOUGHT, credit), ref="bank")
    assert bank.order(f"{ACCOUNT}:r6", ref="bank") == ("standing", "refund_found")
    assert bank.world.member("1") == {"confirmed": 125}
    before = bank.world.digest()
    bank.send(statement(BOUGHT, credit), ref="bank")
    bank.replay("bank")
    assert bank.world.digest() == before


def test_an_account_of_nobody_earns_nothing(bank: Inbox) -> None:
    other = Message(statement(BOUGHT).body, "accounts/another/transactions")
    assert bank.send(other, ref="bank").states == {"unattributed": 1}
